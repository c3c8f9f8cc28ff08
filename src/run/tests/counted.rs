//! Promise: what is counted over a whole run is counted right. Small plans, which are walked to the end elsewhere, are too
//! small to tell.

use super::{graph, helps, played, rest, small, step, told, until_asked, wants};
use crate::graph::{StepGraph, StepId};
use crate::plan::{Acceptance, Answer, Count, Observation, Problem, Question, Readiness, Seen, VersionSeen};
use crate::plan::{DomainId, FrontEndId};
use crate::run::{Course, Event, Outcome, Run, StepState, TimerKind, Want, Why};

/// The fate of four front ends, all of which fail alike, of a plan that stops at the third.
fn failing(is_it: impl Fn(&StepGraph, Want) -> Option<Answer>) -> (Option<Outcome>, usize, Vec<StepState>) {
    let graph = graph(&["w1, w2, w3, w4"], "failed_front_ends: 3\nacceptance: { stay_good: 0s }");
    let run = played(&graph, |_, want| match want {
        Want::Timer(timer) if timer.kind == TimerKind::UntilGood => Some(Event::Elapsed { timer }),
        _ => Some(Event::Answered { step: want.step(), answer: is_it(&graph, want)? }),
    });
    let skipped = graph.plan().front_end_ids().filter(|id| run.is_skipped(&graph, *id)).count();
    (run.outcome(), skipped, run.stuck().map(|step| run.state(step)).collect())
}

#[test]
fn a_plan_forgoes_one_front_end_less_than_it_calls_too_many() {
    let upgrade = failing(|graph, want| match want {
        Want::Ensure { step, .. } if graph.is_upgrade(step) => Some(Answer::Ensured(Err(Problem::Permanent))),
        _ => None,
    });
    assert_eq!(upgrade, (Some(Outcome::Stopped), 2, vec![StepState::Stuck(Why::Failed)]));
    let acceptance = failing(|_, want| match want {
        Want::Ask { question: Question::Acceptance { .. }, .. } => {
            Some(Answer::Accepting(Acceptance::NotYet))
        }
        _ => None,
    });
    assert_eq!(acceptance, (Some(Outcome::Stopped), 2, vec![StepState::Stuck(Why::Unhealthy)]));
    let preflight = failing(|_, want| match want {
        Want::Ask { question: Question::FrontEnd { .. }, .. } => {
            Some(Answer::Seen(Seen { version: VersionSeen::Unanswered, active: false }))
        }
        _ => None,
    });
    assert_eq!(preflight, (Some(Outcome::Stopped), 2, vec![StepState::Stuck(Why::Unanswered)]));
}

/// What brings it back may still be under way: the plan goes on without it when that has ended, and not before. In the end it may be in
/// doubt, and then it is for a person.
#[test]
fn who_has_something_in_doubt_is_not_forgone() {
    let graph = small("back-may-fail");
    let (back, mut run) = until_asked(&graph, "after_accept/w1/1");
    run.apply(&graph, &Event::Resumed).expect("a run can always be taken up");
    let accept = step(&graph, "accept/w1");
    rest(&graph, &mut run);
    let limit = wants(&graph, &run).into_iter().find_map(|want| match want {
        Want::Timer(timer) if timer.step == accept && timer.kind == TimerKind::UntilGood => Some(timer),
        _ => None,
    });
    run.apply(&graph, &Event::Elapsed { timer: limit.expect("it is proved again") }).expect("it was wanted");
    rest(&graph, &mut run);
    assert_eq!(run.state(accept), StepState::Stuck(Why::Unhealthy));
    assert!(run.state(back).in_doubt() && !run.is_skipped(&graph, FrontEndId(0)), "{run:?}");
    assert_eq!(run.course(), Course::Forward);
    let look = |seen| Event::Answered { step: back, answer: Answer::Looked(seen) };
    let mut ended = run.clone();
    ended.apply(&graph, &look(Observation::Done)).expect("it is looked at");
    rest(&graph, &mut ended);
    assert!(ended.is_skipped(&graph, FrontEndId(0)), "{ended:?}");
    while run.state(back).in_doubt() && run.course() == Course::Forward {
        told(&graph, &mut run, back, &[Answer::Looked(Observation::Unknown)]);
        rest(&graph, &mut run);
    }
    assert_eq!((run.state(back), run.outcome()), (StepState::Stuck(Why::Doubt), Some(Outcome::Stopped)));
    assert!(!run.is_skipped(&graph, FrontEndId(0)));
}

#[test]
fn who_cannot_be_spared_is_not_forgone() {
    let quorum = failing(|graph, want| match want {
        Want::Ask { question: Question::Count { .. }, .. } => {
            Some(Answer::Counted(Count::Inactive(graph.plan().front_end_ids().collect())))
        }
        _ => None,
    });
    assert_eq!(quorum, (Some(Outcome::Stopped), 0, vec![StepState::Stuck(Why::Quorum)]));
}

#[test]
fn what_was_down_before_the_run_is_excused_until_it_is_started() {
    let graph = graph(&["w1", "w2"], "");
    let settle = graph.domain(DomainId(0)).settle;
    let settled_with = |inactive: FrontEndId| {
        played(&graph, |_, want| match want {
            Want::Ask { step, question: Question::FrontEnd { .. }, .. } => {
                let seen = Seen { version: VersionSeen::Other, active: false };
                Some(Event::Answered { step, answer: Answer::Seen(seen) })
            }
            Want::Ask { step, .. } if step == settle => {
                let readiness = Readiness::Ready { domain: true, inactive: vec![inactive] };
                Some(Event::Answered { step, answer: Answer::Readiness(readiness) })
            }
            Want::Timer(timer) if timer.step == settle && timer.kind == TimerKind::UntilGood => {
                Some(Event::Elapsed { timer })
            }
            _ => None,
        })
    };
    assert_eq!(settled_with(FrontEndId(1)).outcome(), Some(Outcome::Complete));
    let run = settled_with(FrontEndId(0));
    assert_eq!(run.outcome(), Some(Outcome::Stopped));
    assert_eq!(run.state(settle), StepState::Stuck(Why::Unhealthy));
}

#[test]
fn sixteen_are_looked_at_together_before_a_run() {
    let names: Vec<String> = (1..=20).map(|n| format!("w{n}")).collect();
    let graph = graph(&[&names.join(", ")], "");
    let mut run = Run::new(&graph);
    while let Some(event) = run.decide(&graph) {
        run.apply(&graph, &event).expect("what is decided is legal");
    }
    assert_eq!(run.active().count(), 16);
}

/// All that was wanted of a run in which front ends say this of themselves, and the run.
fn seen(graph: &StepGraph, says: impl Fn(FrontEndId) -> Seen) -> (Vec<Want>, Run) {
    let mut wants = Vec::new();
    let run = played(graph, |_, want| {
        wants.push(want);
        match want {
            Want::Ask { step, question: Question::FrontEnd { front_end }, .. } => {
                Some(Event::Answered { step, answer: Answer::Seen(says(front_end)) })
            }
            _ => None,
        }
    });
    (wants, run)
}

/// One that has the version and is down was upgraded by somebody: it is started when its turn comes, and nobody is asked
/// whether it may be taken out.
#[test]
fn who_is_upgraded_and_down_is_started_without_a_gate() {
    let graph = graph(&["w1", "w2"], "");
    let planned = |active| Seen { version: VersionSeen::Planned, active };
    let (wants, run) = seen(&graph, |id| planned(id != FrontEndId(0)));
    let acts: Vec<_> = wants.iter().filter_map(|want| graph.act(want.step())).collect();
    let start = crate::plan::Act::Start { front_end: FrontEndId(0) };
    assert!(acts.contains(&start) && acts.iter().all(|act| *act == start), "{acts:?}");
    assert_eq!(run.outcome(), Some(Outcome::Complete));
    assert_eq!(run.state(graph.domain(DomainId(0)).ready), StepState::Needless);
}

#[test]
fn where_all_are_upgraded_nobody_fails_over() {
    let graph = small("partner-always");
    let (wants, run) = seen(&graph, |_| Seen { version: VersionSeen::Planned, active: true });
    assert!(wants.iter().all(|want| graph.act(want.step()).is_none()), "{wants:?}");
    assert_eq!(run.outcome(), Some(Outcome::Complete));
}

#[test]
fn who_cannot_be_spared_is_counted_as_often_as_the_plan_says() {
    let graph = graph(&["w1, w2"], "readiness: { attempts: 4 }");
    let mut counts = 0;
    let run = played(&graph, |_, want| match want {
        Want::Ask { step, question: Question::Count { .. }, .. } => {
            counts += 1;
            let all = graph.plan().front_end_ids().collect();
            Some(Event::Answered { step, answer: Answer::Counted(Count::Inactive(all)) })
        }
        _ => None,
    });
    assert_eq!((counts, run.outcome()), (4, Some(Outcome::Stopped)));
}

/// Whoever is good and does not stay so begins again as often as the plan says, and not once more.
#[test]
fn what_does_not_stay_good_begins_again_as_often_as_the_plan_says() {
    let graph = graph(&["w1", "w2"], "settle: { restarts: 2 }\nacceptance: { stay_good: 1m }");
    let mut goods = 0;
    let run = played(&graph, |run, want| match want {
        Want::Ask { step, question: Question::Acceptance { .. }, .. } => {
            let was_good = matches!(run.state(step), StepState::Watching(watch) if watch.is_good());
            goods += u32::from(!was_good);
            let says = if was_good { Acceptance::NotYet } else { Acceptance::Good };
            Some(Event::Answered { step, answer: Answer::Accepting(says) })
        }
        // It is asked again before it has stayed good long enough.
        Want::Timer(timer) if timer.kind == TimerKind::Rest && graph.link(timer.step).is_some() => {
            Some(Event::Elapsed { timer })
        }
        _ => None,
    });
    let stuck: Vec<StepState> = run.stuck().map(|step| run.state(step)).collect();
    assert_eq!((goods, stuck), (3, vec![StepState::Stuck(Why::Unhealthy)]));
}

/// One that has been counted is still in service while it asks for the window: whoever is counted beside it is counted as if it stayed.
#[test]
fn nobody_is_counted_while_another_asks_for_the_window() {
    let graph = graph(
        &["w1, w2, w3", "w4"],
        "at_once: { front_ends: 2 }\n\
         maintenance_window: { time_zone: UTC, start: 2026-12-01T00:00, end: 2026-12-02T00:00 }",
    );
    let (mut asked, mut beside) = (0, 0);
    played(&graph, |run, want| {
        let clears = |step: StepId| matches!(run.state(step), StepState::Clearing(..));
        if let Want::Window { step } = want
            && clears(step)
        {
            asked += 1;
            beside += usize::from(run.active().any(|one| one != step));
            assert_eq!(run.active().filter(|one| clears(*one)).collect::<Vec<_>>(), [step]);
        }
        // Before anything that takes its time, so that the next is counted while one is out.
        let is_asked =
            matches!(want, Want::Window { .. } | Want::Ask { question: Question::Count { .. }, .. });
        is_asked.then(|| helps(want))
    });
    assert_eq!(asked, 4);
    assert!(beside > 0, "no two are taken out at once");
}

/// Whoever is asked whether it is still stopped may be out for longer than was thought: until it has answered nobody takes a place
/// that has become free.
#[test]
fn nobody_begins_while_another_is_asked_whether_it_is_still_stopped() {
    let graph = graph(&["w1, w2, w3", "w4"], "at_once: { front_ends: 2 }");
    let [waits, begins] = ["upgrade/w2/1", "stop/w3"].map(|name| step(&graph, name));
    let mut run = Run::new(&graph);
    let happens = |want: &Want| match want {
        Want::Ask { step, question: Question::StillStopped { .. }, .. } => *step != waits,
        Want::Timer(timer) => !matches!(timer.kind, TimerKind::Limit | TimerKind::UntilGood),
        _ => true,
    };
    // It stops as soon as it can, then everything else happens, and the place of the first becomes free.
    loop {
        rest(&graph, &mut run);
        let Some(want) = wants(&graph, &run).into_iter().rfind(happens) else { break };
        run.apply(&graph, &helps(want)).expect("what was wanted is legal");
    }
    assert_eq!(run.active().collect::<Vec<_>>(), [waits]);
    run.apply(&graph, &Event::Answered { step: waits, answer: Answer::StillStopped(true) }).unwrap();
    rest(&graph, &mut run);
    assert_eq!(run.active().collect::<Vec<_>>(), [waits, begins]);
}
