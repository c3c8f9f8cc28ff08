//! Promise: what is in doubt, and what is watched, goes on as the design says.

use super::{
    FIRST, elapsed, helps, in_doubt, played, rest, small, small_but, step, told, until, until_asked, wants,
};
use crate::graph::{Route, StepGraph, StepId};
use crate::plan::{Acceptance, Answer, DomainId, FrontEndId, Observation, PartnerHealth, Problem, Readiness};
use crate::run::{
    Event, Outcome, Pause, PauseWhy, Phase, Run, StepState, TimerKind, Try, Want, WatchAt, Why, WindowAnswer,
};

/// What becomes of it when looks see this, one after another.
fn looks(name: &str, words: &[(&str, &str)], step: &str, saw: &[Observation]) -> StepState {
    let graph = small_but(name, words);
    let (step, mut run) = in_doubt(&graph, step);
    let answers: Vec<Answer> = saw.iter().copied().map(Answer::Looked).collect();
    told(&graph, &mut run, step, &answers)
}

const THREE_LOOKS: &[(&str, &str)] = &[("looks: 2", "looks: 3")];

#[test]
fn what_is_not_done_is_tried_again_while_it_has_tries_left() {
    use Observation::{Done, NotDone, Partly};
    for act in ["stop/w1", "before_stop/w1/1", "upgrade/w1/1", "after_accept/w1/1"] {
        assert_eq!(looks("tried-twice", &[], act, &[Done]), StepState::Done);
        assert_eq!(looks("tried-twice", &[], act, &[NotDone]), StepState::Pending(FIRST));
    }
    // Half stopped is out.
    let partly = StepState::Pending(Try { partly: true, ..FIRST });
    assert_eq!(looks("tried-twice", &[], "stop/w1", &[Partly]), partly);
    let once = &[("restart: { attempts: 1 }", "restart: { attempts: 2 }")];
    assert_eq!(looks("tried-twice", once, "restart/w1", &[NotDone]), StepState::Pending(FIRST));
    assert_eq!(looks("tried-twice", &[], "restart/w1", &[NotDone]), StepState::Stuck(Why::Failed));
}

#[test]
fn looks_that_tell_nothing_are_counted() {
    use Observation::{Partly, Underway, Unknown};
    let again = |n| StepState::Waiting(FIRST, Pause::LookAgain(n));
    for saw in [Unknown, Partly] {
        let looks = |saw: &[Observation]| looks("tried-twice", THREE_LOOKS, "upgrade/w1/1", saw);
        assert_eq!(looks(&[saw]), again(1));
        assert_eq!(looks(&[saw, saw]), again(2));
        assert_eq!(looks(&[saw, saw, saw]), StepState::Stuck(Why::Doubt));
    }
    // Before its limit what is underway may take its time, and a computer that restarts cannot be reached.
    let looks = |act, saw: &[Observation]| looks("tried-twice", THREE_LOOKS, act, saw);
    assert_eq!(looks("upgrade/w1/1", &[Underway; 5]), again(0));
    assert_eq!(looks("restart/w1", &[Unknown; 5]), again(0));
    assert_eq!(looks("stop/w1", &[Unknown; 3]), StepState::Stuck(Why::Doubt));
}

#[test]
fn past_its_limit_each_look_that_does_not_find_it_done_counts() {
    use Observation::{Underway, Unknown};
    let graph = small_but("tried-twice", THREE_LOOKS);
    let late = |name: &str, saw: &[Observation]| {
        let step = step(&graph, name);
        let mut run = until(&graph, |run| matches!(run.state(step), StepState::Running(_)));
        elapsed(&graph, &mut run, step, TimerKind::Limit);
        let answers: Vec<Answer> = saw.iter().copied().map(Answer::Looked).collect();
        told(&graph, &mut run, step, &answers)
    };
    let again = |n| StepState::Waiting(Try { late: true, ..FIRST }, Pause::LookAgain(n));
    assert_eq!(late("upgrade/w1/1", &[Underway]), again(1));
    assert_eq!(late("upgrade/w1/1", &[Underway, Unknown]), again(2));
    assert_eq!(late("upgrade/w1/1", &[Unknown, Unknown, Underway]), StepState::Stuck(Why::Late));
    assert_eq!(late("restart/w1", &[Underway, Underway, Unknown]), StepState::Stuck(Why::Doubt));
}

#[test]
fn a_failure_says_something_new_once() {
    let transient = Observation::Failed { transient: true };
    let looks = |act, saw: &[Observation]| looks("tried-twice", &[], act, saw);
    let rests = StepState::Waiting(Try { failed: true, ..FIRST }, Pause::BackOff);
    for act in ["before_stop/w1/1", "upgrade/w1/1", "after_accept/w1/1"] {
        assert_eq!(looks(act, &[transient]), rests);
        let lasting = Observation::Failed { transient: false };
        assert_eq!(looks(act, &[lasting]), StepState::Stuck(Why::Failed));
        // After the pause it is looked at again, and then tried again. One that takes its front end out may have.
        let partly = act == "before_stop/w1/1";
        assert_eq!(looks(act, &[transient, transient]), StepState::Pending(Try { partly, ..FIRST }));
    }
}

#[test]
fn what_an_older_try_took_out_is_out_though_a_newer_one_did_not_take_place() {
    let graph = small_but("tried-twice", &[("{ program: b, attempts: 2 }", "{ program: b, attempts: 3 }")]);
    let (action, mut run) = in_doubt(&graph, "before_stop/w1/1");
    let transient = Answer::Looked(Observation::Failed { transient: true });
    told(&graph, &mut run, action, &[transient.clone(), transient]);
    // It is out already: nothing is counted.
    rest(&graph, &mut run);
    let again = Try { attempt: 2, partly: true, ..FIRST };
    assert_eq!(run.state(action), StepState::Running(again));
    let lost = [Answer::Ensured(Err(Problem::Unknown)), Answer::Looked(Observation::NotDone)];
    assert_eq!(told(&graph, &mut run, action, &lost), StepState::Pending(again));
    assert!(run.is_out(FrontEndId(0)));
}

/// It may be why the action failed.
#[test]
fn acceptance_is_proved_again_after_an_action_that_follows_it_failed() {
    let graph = small("tried-twice");
    let (action, mut run) = in_doubt(&graph, "after_accept/w1/1");
    let accept = step(&graph, "accept/w1");
    assert_eq!(run.state(accept), StepState::Done);
    told(&graph, &mut run, action, &[Answer::Looked(Observation::NotDone)]);
    assert_eq!(run.state(accept), StepState::Pending(Try::default()));
}

const GOOD: Answer = Answer::Accepting(Acceptance::Good);
const NOT_YET: Answer = Answer::Accepting(Acceptance::NotYet);

fn watch(state: StepState) -> Option<(WatchAt, u8)> {
    match state {
        StepState::Watching(watch) => Some((watch.at, watch.restarts)),
        _ => None,
    }
}

#[test]
fn health_is_watched_until_it_is_good_and_while_it_must_stay_so() {
    use TimerKind::{Rest, StayGood, UntilGood};
    let graph = small("two-domains");
    let (accept, asked) = until_asked(&graph, "accept/w1");
    let mut run = asked.clone();
    assert_eq!(watch(run.state(accept)), Some((WatchAt::Ask, 0)));
    assert_eq!(watch(told(&graph, &mut run, accept, &[NOT_YET])), Some((WatchAt::Rest, 0)));
    let mut too_long = run.clone();
    assert_eq!(elapsed(&graph, &mut too_long, accept, UntilGood), StepState::Stuck(Why::Unhealthy));
    assert_eq!(watch(elapsed(&graph, &mut run, accept, Rest)), Some((WatchAt::Ask, 0)));
    let mut too_long = run.clone();
    assert_eq!(elapsed(&graph, &mut too_long, accept, UntilGood), StepState::Stuck(Why::Unhealthy));
    assert_eq!(watch(told(&graph, &mut run, accept, &[GOOD])), Some((WatchAt::RestGood, 0)));
    let mut stayed = run.clone();
    assert_eq!(watch(elapsed(&graph, &mut stayed, accept, StayGood)), Some((WatchAt::AskLast, 0)));
    assert_eq!(watch(elapsed(&graph, &mut run, accept, Rest)), Some((WatchAt::AskGood, 0)));
    assert_eq!(watch(elapsed(&graph, &mut run.clone(), accept, StayGood)), Some((WatchAt::AskLast, 0)));
    assert_eq!(watch(told(&graph, &mut run, accept, &[GOOD])), Some((WatchAt::RestGood, 0)));
    // One last question, and what was good begins again once.
    let mut spoiled = stayed.clone();
    assert_eq!(told(&graph, &mut stayed, accept, &[GOOD]), StepState::Done);
    assert_eq!(watch(told(&graph, &mut spoiled, accept, &[NOT_YET])), Some((WatchAt::Rest, 1)));
    assert_eq!(told(&graph, &mut spoiled, accept, &[GOOD, NOT_YET]), StepState::Stuck(Why::Unhealthy));
    // Where nothing has to stay good, the first good answer is enough.
    let at_once = small_but("two-domains", &[("stay_good: 1m", "stay_good: 0s")]);
    let (accept, mut run) = until_asked(&at_once, "accept/w1");
    assert_eq!(told(&at_once, &mut run, accept, &[NOT_YET, GOOD]), StepState::Done);
}

#[test]
fn the_soak_is_how_long_a_pool_must_stay_good() {
    for (stay_good, soak, done) in [("1m", "0s", true), ("0s", "20m", false)] {
        let more = format!("acceptance: {{ stay_good: {stay_good} }}\nsettle: {{ soak: {soak} }}");
        let graph = super::graph(&["w1", "w2"], &more);
        let (settle, mut run) = until_asked(&graph, "settle/D0");
        let good = Answer::Readiness(Readiness::Ready { domain: true, inactive: Vec::new() });
        assert_eq!(told(&graph, &mut run, settle, &[good]) == StepState::Done, done, "{more}");
    }
}

#[test]
fn a_domain_whose_last_front_ends_were_left_out_at_its_gate_settles() {
    let graph = super::graph(&["w1, w2", "w3"], "");
    let done = step(&graph, "accept/w1");
    let mut run = until(&graph, |run| run.state(done) == StepState::Done);
    run.apply(&graph, &Event::Resumed).expect("it goes on");
    rest(&graph, &mut run);
    assert_eq!(run.phase(), Phase::Gate(DomainId(0)));
    run.apply(&graph, &Event::Skip { front_end: FrontEndId(1) }).expect("nothing is in doubt");
    rest(&graph, &mut run);
    assert_eq!(run.phase(), Phase::Settle(Some(DomainId(0))));
    assert_eq!(run.state(step(&graph, "ready/D0")), StepState::Needless);
}

/// The most that were ever out, or at work on the other route.
fn most(graph: &StepGraph, counts: impl Fn(&Run) -> usize) -> usize {
    let (mut most, mut run) = (0, Run::new(graph));
    while run.outcome().is_none() {
        rest(graph, &mut run);
        most = most.max(counts(&run));
        // Upgrades take longest, so that whoever may be taken out beside one is.
        let last = |want: &Want| match want {
            Want::Timer(timer) => match timer.kind {
                TimerKind::Limit | TimerKind::UntilGood => 4,
                TimerKind::Rest => 3,
                _ => 1,
            },
            want => 2 * u8::from(graph.is_upgrade(want.step())),
        };
        let Some(want) = wants(graph, &run).into_iter().min_by_key(last) else { break };
        run.apply(graph, &helps(want)).expect("what was wanted is legal");
    }
    assert_eq!(run.outcome(), Some(Outcome::Complete));
    most
}

#[test]
fn as_many_are_taken_out_at_once_as_the_plan_says() {
    for at_once in 1..=3 {
        let more = format!("at_once: {{ front_ends: {at_once} }}");
        let graph = super::graph(&["w1, w2, w3, w4", "w5"], &more);
        let out = |run: &Run| graph.plan().front_end_ids().filter(|id| run.is_out(*id)).count();
        assert_eq!(most(&graph, out), at_once);
    }
}

#[test]
fn as_many_are_upgraded_at_once_on_the_other_route_as_the_plan_says() {
    for at_once in 1..=2 {
        let more =
            format!("when: always, fail_back: automatic }}\nat_once: {{ failed_over_upgrades: {at_once} }}");
        let front_ends = ("[w2.x.y] }", "[w2.x.y, w3.x.y] }");
        let graph =
            small_but("partner-always", &[front_ends, ("when: always, fail_back: approval }", &more)]);
        let at_work = |run: &Run| {
            let begun = |id: &FrontEndId| run.state(graph.stop_of(Route::FailedOver, *id)).has_begun();
            let upgraded = |id: &FrontEndId| {
                (graph.upgrade_of(*id).start.0..graph.upgrade_of(*id).end.0)
                    .all(|step| run.state(StepId(step)).is_satisfied())
            };
            graph.plan().front_end_ids().filter(|id| begun(id) && !upgraded(id)).count()
        };
        assert_eq!(most(&graph, at_work), at_once);
    }
}

#[test]
fn a_copy_of_a_run_is_that_run() {
    let graph = small("partner-when-troubled");
    let (ready, mut run) = until_asked(&graph, "ready/B");
    told(&graph, &mut run, ready, &[Answer::Readiness(Readiness::InsufficientActiveFrontEnds)]);
    rest(&graph, &mut run);
    run.apply(&graph, &Event::Skip { front_end: FrontEndId(0) }).expect("nothing is in doubt");
    let mut copy = Run::new(&graph);
    copy.clone_from(&run);
    assert!(copy == run && copy.is_consistent(&graph));
    assert_eq!(
        (copy.epoch(), copy.route(), copy.decide(&graph)),
        (run.epoch(), run.route(), run.decide(&graph))
    );
    assert_eq!(wants(&graph, &copy), wants(&graph, &run));
}

#[test]
fn what_is_wanted_can_be_asked_for() {
    let graph = small("two-domains");
    let (stop, run) = until_asked(&graph, "stop/w1");
    let mut wanted = crate::run::Wanted::default();
    assert!(wanted.is_empty());
    run.wanted(&graph, &mut wanted);
    assert!(!wanted.is_empty());
    assert_eq!(wanted.as_slice(), wants(&graph, &run));
    assert!(wanted.iter().all(|want| wanted.contains(want)));
    assert!(!wanted.contains(Want::Window { step: stop }));
}

#[test]
fn failing_over_is_tried_again_only_through_a_fresh_gate() {
    let graph = small_but("partner-when-troubled", &[("start: automatic", "start: approval")]);
    let (ready, mut run) = until_asked(&graph, "ready/A");
    told(&graph, &mut run, ready, &[Answer::Readiness(Readiness::InsufficientActiveFrontEnds)]);
    rest(&graph, &mut run);
    let approve = step(&graph, "approve/fail_over");
    assert_eq!(run.route(), Route::FailedOver);
    run.apply(&graph, &Event::Approved { step: approve }).expect("it waits for a person");
    rest(&graph, &mut run);
    let fail_over = step(&graph, "fail_over");
    told(&graph, &mut run, fail_over, &[Answer::Partner(PartnerHealth::Healthy)]);
    run.apply(&graph, &Event::Window { step: fail_over, answer: crate::run::WindowAnswer::Fits })
        .expect("it asks for the window");
    let lost = [Answer::Ensured(Ok(())), Answer::Looked(Observation::NotDone)];
    told(&graph, &mut run, fail_over, &lost);
    assert_eq!((run.phase(), run.route()), (Phase::Gate(DomainId(0)), Route::Rolling));
    for step in [ready, approve] {
        assert_eq!(run.state(step), StepState::Pending(Try::default()));
    }
    assert_eq!(run.state(fail_over), StepState::Pending(FIRST));
    assert_eq!(run.outcome(), None::<Outcome>);
}

#[test]
fn a_pool_settles_without_who_was_left_out_and_without_nobody_else() {
    let graph = small("one-may-fail");
    let (settle, run) = {
        let (settle, _) = until_asked(&graph, "settle/A");
        let mut run = until(&graph, |run| run.is_out(FrontEndId(1)) && !run.is_out(FrontEndId(0)));
        run.apply(&graph, &Event::Skip { front_end: FrontEndId(0) }).expect("it is done");
        assert!(run.is_skipped(&graph, FrontEndId(0)) && !run.is_skipped(&graph, FrontEndId(1)));
        (settle, run)
    };
    let mut run = super::helped(&graph, run, |run| matches!(run.state(settle), StepState::Watching(_)));
    let down = |id| Answer::Readiness(Readiness::Ready { domain: true, inactive: vec![FrontEndId(id)] });
    assert_eq!(watch(told(&graph, &mut run.clone(), settle, &[down(1)])), Some((WatchAt::Rest, 0)));
    assert_eq!(watch(told(&graph, &mut run, settle, &[down(0)])), Some((WatchAt::RestGood, 0)));
}

#[test]
fn a_run_ends_when_its_databases_are_updated_and_not_before() {
    let graph = small("databases");
    let [approve, update] = ["approve/databases", "databases"].map(|name| step(&graph, name));
    let asks = until(&graph, |run| matches!(run.state(approve), StepState::Running(_)));
    assert_eq!(asks.phase(), Phase::Databases);
    assert_eq!(asks.outcome(), None);
    let ended = super::helped(&graph, asks, |run| run.outcome().is_some());
    assert_eq!(ended.outcome(), Some(Outcome::Complete));
    assert!(ended.state(update).is_satisfied());
    // Who is left out expects the old ones.
    let mut run = until(&graph, |run| run.phase() == Phase::Gate(DomainId(1)));
    run.apply(&graph, &Event::Skip { front_end: FrontEndId(1) }).expect("it waits");
    let ended = super::helped(&graph, run, |run| run.outcome().is_some());
    assert_eq!(ended.outcome(), Some(Outcome::Complete));
    assert_eq!(ended.state(update), StepState::Skipped);
}

#[test]
fn databases_are_updated_in_the_window_alone() {
    let graph = small("databases");
    let update = step(&graph, "databases");
    let closed = |want| match want {
        Want::Window { step } if step == update => Some(Event::Window { step, answer: WindowAnswer::Closed }),
        _ => None,
    };
    let run = played(&graph, |_, want| closed(want));
    assert_eq!(run.outcome(), Some(Outcome::Paused(PauseWhy::Closed)));
    assert!(matches!(run.state(update), StepState::Pending(_)), "{:?}", run.state(update));
}

#[test]
fn what_is_forgotten_of_who_was_left_out_is_forgotten_of_nobody_else() {
    let graph = small("two-domains");
    let mut run = Run::new(&graph);
    let [one, other] = [FrontEndId(0), FrontEndId(1)];
    for front_end in [one, other] {
        run.mark(front_end, [true, false, false]);
    }
    run.forget_skipped(&graph, one);
    assert_eq!([one, other].map(|front_end| run.marks(front_end)[0]), [false, true]);
    assert!(run.is_skipped(&graph, one) && !run.is_skipped(&graph, other));
}
