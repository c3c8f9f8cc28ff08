//! Promise: each try has a limit; what takes longer is in doubt, or is cut short where the plan says so.

use super::{FIRST, elapsed, helped, in_doubt, small, step, told, until, wants};
use crate::plan::{Act, Answer, FrontEndId, Mode, Observation, Problem, Question};
use crate::run::{Event, Pause, Run, StepState, TimerKind, Try, Want};

#[test]
fn a_drain_that_takes_too_long_is_cut_short_once() {
    let graph = small("cut-short");
    let stop = step(&graph, "stop/w1");
    let mut run = until(&graph, |run| matches!(run.state(stop), StepState::Running(_)));
    let hard = Try { attempt: 1, hard: true, ..Try::default() };
    let graceful = Act::Stop { front_end: FrontEndId(0), mode: Mode::Graceful };
    assert!(wants(&graph, &run).contains(&Want::Ensure { step: stop, act: graceful, attempt: 1 }));
    assert_eq!(elapsed(&graph, &mut run, stop, TimerKind::Limit), StepState::Running(hard));
    let immediate = Act::Stop { front_end: FrontEndId(0), mode: Mode::Immediate };
    assert!(wants(&graph, &run).contains(&Want::Ensure { step: stop, act: immediate, attempt: 1 }));
    let late = Try { late: true, ..hard };
    assert_eq!(elapsed(&graph, &mut run, stop, TimerKind::Limit), StepState::Doubt(late, 0));
    let look = Question::Look { act: immediate };
    assert!(wants(&graph, &run).contains(&Want::Ask { step: stop, question: look, ordinal: 0 }));
}

#[test]
fn what_takes_too_long_is_in_doubt_where_nothing_is_cut_short() {
    for (name, step) in [("window", "stop/w1"), ("cut-short", "upgrade/w1/1"), ("cut-short", "restart/w1")] {
        let graph = small(name);
        let step = super::step(&graph, step);
        let mut run = until(&graph, |run| matches!(run.state(step), StepState::Running(_)));
        let late = Try { attempt: 1, late: true, ..Try::default() };
        assert_eq!(elapsed(&graph, &mut run, step, TimerKind::Limit), StepState::Doubt(late, 0));
    }
}

/// A run that was taken up does not make a new try of the one that was cut short, and the next one drains again.
#[test]
fn a_drain_that_was_cut_short_leaves_nothing_to_the_next_try() {
    let graph = small("cut-short");
    let stop = step(&graph, "stop/w1");
    let mut run = until(&graph, |run| matches!(run.state(stop), StepState::Running(_)));
    run.apply(&graph, &Event::Resumed).expect("it goes on");
    elapsed(&graph, &mut run, stop, TimerKind::Limit);
    let hard = Try { attempt: 1, hard: true, ..Try::default() };
    let underway = Answer::Looked(Observation::Underway);
    assert_eq!(told(&graph, &mut run, stop, &[underway]), StepState::Running(hard));
    let lost = [Answer::Ensured(Err(Problem::Unknown)), Answer::Looked(Observation::NotDone)];
    let next = StepState::Pending(Try { attempt: 1, ..Try::default() });
    assert_eq!(told(&graph, &mut run, stop, &lost), next);
}

/// So that what is over is never taken for what runs.
#[test]
fn each_try_has_a_limit_of_its_own_and_so_has_one_that_is_cut_short() {
    let graph = small("cut-short");
    let stop = step(&graph, "stop/w1");
    let mut ordinals = Vec::new();
    let mut run = Run::new(&graph);
    for attempt in 1..=2 {
        run = helped(
            &graph,
            run,
            |run| matches!(run.state(stop), StepState::Running(tried) if tried.attempt == attempt),
        );
        for _ in 0..2 {
            ordinals.extend(wants(&graph, &run).iter().filter_map(|want| match want {
                Want::Timer(timer) if timer.step == stop && timer.kind == TimerKind::Limit => {
                    Some(timer.ordinal)
                }
                _ => None,
            }));
            elapsed(&graph, &mut run, stop, TimerKind::Limit);
        }
        told(&graph, &mut run, stop, &[Answer::Looked(Observation::NotDone)]);
    }
    assert_eq!(ordinals.len(), 4);
    ordinals.sort_unstable();
    ordinals.dedup();
    assert_eq!(ordinals.len(), 4);
}

#[test]
fn what_failed_is_looked_at_after_a_pause_without_a_limit() {
    let graph = small("actions-around");
    let upgrade = step(&graph, "upgrade/w1/1");
    let mut run = until(&graph, |run| matches!(run.state(upgrade), StepState::Running(_)));
    told(&graph, &mut run, upgrade, &[Answer::Ensured(Err(Problem::Transient))]);
    let tried = Try { attempt: 1, failed: true, late: true, ..Try::default() };
    assert_eq!(elapsed(&graph, &mut run, upgrade, TimerKind::BackOff), StepState::Doubt(tried, 0));
}

/// Its limit goes on while it is in doubt.
#[test]
fn a_limit_runs_on_while_it_is_looked_at() {
    let graph = small("tried-twice");
    let late = Try { late: true, ..FIRST };
    let (upgrade, mut run) = in_doubt(&graph, "upgrade/w1/1");
    assert_eq!(elapsed(&graph, &mut run, upgrade, TimerKind::Limit), StepState::Doubt(late, 0));
    let (upgrade, mut run) = in_doubt(&graph, "upgrade/w1/1");
    told(&graph, &mut run, upgrade, &[Answer::Looked(Observation::Underway)]);
    let waits = StepState::Waiting(late, Pause::LookAgain(0));
    assert_eq!(elapsed(&graph, &mut run, upgrade, TimerKind::Limit), waits);
    assert!(
        !wants(&graph, &run)
            .iter()
            .any(|want| matches!(want, Want::Timer(timer) if timer.kind == TimerKind::Limit))
    );
}

#[test]
fn a_drain_in_doubt_is_looked_at_before_it_is_cut_short() {
    let graph = small("cut-short");
    let (stop, mut run) = in_doubt(&graph, "stop/w1");
    let late = Try { late: true, ..FIRST };
    assert_eq!(elapsed(&graph, &mut run, stop, TimerKind::Limit), StepState::Doubt(late, 0));
    let hard = StepState::Running(Try { hard: true, ..FIRST });
    assert_eq!(told(&graph, &mut run, stop, &[Answer::Looked(Observation::Underway)]), hard);
    // Before its limit it is waited for.
    let (stop, mut run) = in_doubt(&graph, "stop/w1");
    let waits = StepState::Waiting(FIRST, Pause::LookAgain(0));
    assert_eq!(told(&graph, &mut run, stop, &[Answer::Looked(Observation::Underway)]), waits);
}
