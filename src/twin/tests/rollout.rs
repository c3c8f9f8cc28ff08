//! Whole rollouts: how long they take, that they are the same twice, that a twin survives being written down.

use super::*;

/// A rollout without any wisdom: each domain, each front end, and a wait for the pool. Every answer, with its instant.
fn rollout(pool: &mut Pool, mut between: impl FnMut(&mut Pool)) -> Vec<(At, Readiness)> {
    let mut heard = Vec::new();
    for domain in 0..3 {
        for front_end in [2 * domain, 2 * domain + 1] {
            pool.roll(front_end);
            between(pool);
        }
        loop {
            let readiness = pool.readiness(domain, (2 * domain + 2) % 6);
            heard.push((pool.twin.now(), readiness.clone()));
            if readiness == ready(true, &[]) {
                break;
            }
            pool.pass(1);
        }
    }
    heard
}

fn with(setup: Setup) -> Pool {
    let plan = plan(SIX);
    let twin = Twin::new(&plan, &setup, &[]);
    Pool { plan, twin, ticket: 0 }
}

#[test]
fn without_a_spread_the_length_is_known() {
    let mut pool = with(Setup { sessions: 400, ..Setup::default() });
    rollout(&mut pool, |_| {});
    // Each front end: leave, drain, stop, two actions, restart, start, join. Each domain: a rebuild, the minute of
    // joining less.
    assert_eq!(pool.minutes(), 6 * (1 + 15 + 2 + 10 + 5 + 6 + 4 + 1) + 3 * (7 - 1));
    let books = pool.twin.books();
    assert_eq!((books.sessions().lost, books.active()), (0, 6));
    assert!(books.front_ends().iter().all(|book| book.at_planned_version() && book.boots() == 1));
    assert_eq!((books.begun().len(), books.changes()), (6 * 7, 6 * 7));
    assert_eq!(books.taken_out(), []);
    assert_eq!(books.quorum_losses() + books.upgraded_unstopped() + books.started_unfinished(), 0);
}

#[test]
fn the_same_seed_gives_the_same_and_another_one_does_not() {
    let run = |seed| {
        let mut pool = with(Setup { seed, spread: 30, sessions: 400, upgraded: 0 });
        let heard = rollout(&mut pool, |_| {});
        (heard, pool.twin)
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1).0, run(2).0);
    let ends: Vec<_> = (0..50).map(|seed| run(seed).1.now().0 / MIN).collect();
    assert!(ends.iter().all(|end| (190..=352).contains(end)), "{ends:?}");
}

#[test]
fn the_length_of_a_thing_does_not_hang_on_what_was_begun_before_it() {
    let ends = |order: [u16; 2]| {
        let mut pool = with(Setup { seed: 5, spread: 40, ..Setup::default() });
        let tickets = order.map(|front_end| pool.begin(stop(front_end)));
        pool.pass(60);
        let last = pool.hear().last().unwrap().0;
        order[tickets.iter().position(|ticket| *ticket == last).unwrap()]
    };
    assert_eq!(ends([0, 3]), ends([3, 0]));
}

#[test]
fn a_twin_that_was_written_down_goes_on_identically() {
    use super::super::{Begins, Lasts, Trouble, Twist};
    let faults = [
        Fault::Act { act: stop(3), attempt: 1, times: 1, twist: Twist::LosesConnection { effect: true } },
        Fault::Pool { begins: Begins::At(30 * MIN), lasts: Lasts::Times(3), trouble: Trouble::Busy },
        Fault::Dies { front_end: FrontEndId(5), begins: Begins::At(45 * MIN), returns_after: Some(MIN) },
    ];
    let plan = plan(SIX);
    let setup = Setup { seed: 9, spread: 25, sessions: 77, upgraded: 1 };
    let mut twin = Twin::new(&plan, &setup, &faults);
    for (ticket, act) in (0..).zip([stop(0), stop(3), Act::FailOver, perform(0, Moment::Upgrade, 0)]) {
        twin.begin(&plan, ticket, Call::Ensure(act));
    }
    let mut history = Vec::new();
    for minute in 0..120 {
        let written = serde_json::to_string(&twin).unwrap();
        let mut read: Twin = serde_json::from_str(&written).unwrap();
        assert_eq!(read, twin);
        let to = At(minute * MIN);
        twin.advance(&plan, to);
        read.advance(&plan, to);
        for observed in [&mut twin, &mut read] {
            let question = Question::Readiness { domain: Some(DomainId(2)), observer: FrontEndId(4) };
            observed.begin(&plan, 1000 + minute, Call::Ask(question));
        }
        assert_eq!((read.next_at(), &read), (twin.next_at(), &twin));
        history.extend(std::iter::from_fn(|| twin.take_answer()));
    }
    assert_eq!(history.len(), 120 + 4, "every call was answered");
}

#[test]
fn ten_thousand_front_ends_start_cold_together() {
    use std::fmt::Write as _;
    let mut text = String::from(
        "kind: plan\nversion: 1\nname: large\nproduct: generic\npool:\n  fqdn: pool\n  minimum_active: 5000\n  upgrade_domains:\n",
    );
    for domain in 0..100 {
        let names: Vec<_> =
            (0..100).map(|index| format!("fe{:05}.contoso.com", domain * 100 + index)).collect();
        let _ = writeln!(text, "  - name: UD{domain}\n    front_ends: [{}]", names.join(", "));
    }
    text.push_str(
        "failover:\n  partner: pool02\nupgrade:\n  version: '2'\n  actions:\n  - program: update\n",
    );
    let mut pool = Pool::of(&text, &[]);
    pool.done(Act::FailOver);
    pool.done(Act::FailBack);
    for front_end in 0..10_000 {
        pool.begin(start(front_end));
    }
    pool.pass(5);
    assert_eq!(pool.hear().len(), 10_000);
    assert_eq!(pool.twin.books().active(), 10_000);
}
