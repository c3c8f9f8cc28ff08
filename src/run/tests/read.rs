//! Promise: what is read off a run is what it is: who serves, how long a timer lasts, who needs a person.

use std::collections::HashSet;
use std::time::Duration;

use super::{elapsed, rest, small, small_but, step, told, until, until_asked};
use crate::graph::StepGraph;
use crate::plan::{Answer, FrontEndId, Observation, PartnerHealth, Problem};
use crate::run::ordered::Ordered;
use crate::run::{Event, Outcome, Run, Served, StepState, Timer, TimerKind, Try, Why, WindowAnswer};

/// A run that is failing over.
fn failing_over(graph: &StepGraph) -> Run {
    let (fail_over, mut run) = until_asked(graph, "fail_over");
    assert_eq!(run.served(graph), Served::Here, "the partner is asked, and nothing was begun");
    told(graph, &mut run, fail_over, &[Answer::Partner(PartnerHealth::Healthy)]);
    assert_eq!(run.served(graph), Served::Here, "the window is asked, and nothing was begun");
    run.apply(graph, &Event::Window { step: fail_over, answer: WindowAnswer::Fits }).expect("it was asked");
    run
}

#[test]
fn it_is_known_who_serves_the_users() {
    let graph = small("partner-always");
    let fail_over = step(&graph, "fail_over");
    assert_eq!(Run::new(&graph).served(&graph), Served::Here);
    let begun = failing_over(&graph);
    assert_eq!(begun.served(&graph), Served::Unknown);
    let looked = |saw: &[Observation]| {
        let mut run = begun.clone();
        let looks = saw.iter().copied().map(Answer::Looked);
        let answers: Vec<Answer> =
            std::iter::once(Answer::Ensured(Err(Problem::Permanent))).chain(looks).collect();
        told(&graph, &mut run, fail_over, &answers);
        (run.state(fail_over), run.served(&graph))
    };
    assert_eq!(looked(&[Observation::Done]), (StepState::Done, Served::ByPartner));
    assert_eq!(looked(&[Observation::NotDone]), (StepState::Stuck(Why::Failed), Served::Here));
    let nobody_knows = looked(&[Observation::Unknown, Observation::Unknown]);
    assert_eq!(nobody_knows, (StepState::Stuck(Why::Doubt), Served::Unknown));
    let (_, run) = until_asked(&graph, "fail_back");
    assert_eq!(run.served(&graph), Served::ByPartner);
    let run = until(&graph, |run| run.outcome().is_some());
    assert_eq!((run.outcome(), run.served(&graph)), (Some(Outcome::Complete), Served::Here));
}

#[test]
fn a_timer_lasts_as_long_as_the_plan_says() {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let graph = small_but(
        "cut-short",
        &[
            ("settle: { restarts: 1 }", "settle: { restarts: 1, soak: 21m, watch: 2m, limit: 3h }"),
            ("acceptance: { stay_good: 1m }", "acceptance: { stay_good: 4m, watch: 3m, limit: 50m }"),
            ("stop: { attempts: 2 }", "stop: { attempts: 2, time_limit: 7m }"),
        ],
    );
    let length = |run: &Run, name: &str, kind| {
        run.length(&graph, Timer { step: step(&graph, name), kind, ordinal: 0 })
    };
    let run = Run::new(&graph);
    for (name, good, watch, limit) in [
        ("settle/A", minutes(21), minutes(2), minutes(180)),
        ("accept/w1", minutes(4), minutes(3), minutes(50)),
    ] {
        assert_eq!(length(&run, name, TimerKind::StayGood), good, "{name}");
        assert_eq!(length(&run, name, TimerKind::Rest), watch, "{name}");
        assert_eq!(length(&run, name, TimerKind::UntilGood), limit, "{name}");
    }
    // A drain has its own limit, and what it is cut short to that of a stop.
    let stop = step(&graph, "stop/w1");
    let mut run = until(&graph, |run| matches!(run.state(stop), StepState::Running(_)));
    assert_eq!(length(&run, "stop/w1", TimerKind::Limit), minutes(60));
    elapsed(&graph, &mut run, stop, TimerKind::Limit);
    assert_eq!(length(&run, "stop/w1", TimerKind::Limit), minutes(7));
}

#[test]
fn it_is_known_who_needs_a_person_and_who_is_finished() {
    let graph = small("two-domains");
    let (stop, upgrade) = (step(&graph, "stop/w1"), step(&graph, "upgrade/w1/1"));
    let mut run = until(&graph, |run| matches!(run.state(upgrade), StepState::Running(_)));
    assert!(!run.needs_person(upgrade));
    assert!(run.is_out(FrontEndId(0)) && !run.is_finished(FrontEndId(0)));
    told(&graph, &mut run, upgrade, &[Answer::Ensured(Err(Problem::Permanent))]);
    assert!(run.needs_person(upgrade) && !run.needs_person(stop));
    let accepted = step(&graph, "accept/w1");
    let run = until(&graph, |run| run.state(accepted) == StepState::Done);
    assert!(run.is_finished(FrontEndId(0)) && !run.is_finished(FrontEndId(1)));
    assert!(!run.is_out(FrontEndId(0)));
}

/// What failed for good at its first try has taken nobody out.
#[test]
fn an_action_before_a_stop_that_failed_once_and_for_good_is_looked_at_without_a_past() {
    let graph = small("tried-twice");
    let action = step(&graph, "before_stop/w1/1");
    let mut run = until(&graph, |run| matches!(run.state(action), StepState::Running(_)));
    told(&graph, &mut run, action, &[Answer::Ensured(Err(Problem::Permanent))]);
    run.apply(&graph, &Event::Retry { step: action }).expect("it needs a person");
    let look = Try { late: true, failed: true, ..Try::default() };
    assert_eq!(run.state(action), StepState::Doubt(look, 0));
}

#[test]
fn runs_are_the_same_when_their_futures_are() {
    let graph = small("two-domains");
    let mut run = Run::new(&graph);
    let begins = run.clone();
    rest(&graph, &mut run);
    assert!(run != begins && run == run.clone());
    let runs: HashSet<Vec<u8>> = [&run, &begins, &run.clone()].map(hashed).into();
    assert_eq!(runs.len(), 2);
}

/// What a run tells a hasher.
fn hashed(run: &Run) -> Vec<u8> {
    struct Told(Vec<u8>);
    impl std::hash::Hasher for Told {
        fn write(&mut self, bytes: &[u8]) {
            self.0.extend(bytes);
        }
        fn finish(&self) -> u64 {
            self.0.len() as u64
        }
    }
    let mut told = Told(Vec::new());
    std::hash::Hash::hash(run, &mut told);
    told.0
}

#[test]
fn a_set_holds_each_member_once_and_in_order() {
    let mut set = Ordered::default();
    for member in [3, 1, 3, 2, 1, 3] {
        set.insert(member);
    }
    assert_eq!(*set, [1, 2, 3]);
    set.remove(2);
    set.remove(2);
    assert_eq!(*set, [1, 3]);
    assert!(set.contains(3) && !set.contains(2));
}
