//! Promise: an event is legal exactly where it can come, and what is refused changes nothing. The rule is written down here
//! once more, without the machine's own words for it.

use super::{hears, rest, small, wants};
use crate::graph::{StepGraph, StepId, StepKind};
use crate::plan::{
    Acceptance, Answer, Count, Observation, PartnerHealth, Problem, Question, Readiness, Seen,
};
use crate::plan::{FrontEndId, VersionSeen};
use crate::run::{Course, Event, Outcome, Phase, Run, StepState, Timer, TimerKind, Want, Why, WindowAnswer};

fn answers() -> Vec<Answer> {
    let seen = |version, active| Answer::Seen(Seen { version, active });
    let ready = |domain| Answer::Readiness(Readiness::Ready { domain, inactive: Vec::new() });
    let down = vec![FrontEndId(0)];
    let failed = [false, true].map(|transient| Observation::Failed { transient });
    let mut all = vec![
        seen(VersionSeen::Other, true),
        seen(VersionSeen::Planned, false),
        seen(VersionSeen::Unanswered, false),
        ready(true),
        ready(false),
        Answer::Counted(Count::Inactive(Vec::new())),
        Answer::Counted(Count::Inactive(down)),
        Answer::Counted(Count::Unanswered),
    ];
    let readiness = [Readiness::Busy, Readiness::InsufficientActiveFrontEnds, Readiness::Unanswered];
    all.extend(readiness.map(Answer::Readiness));
    all.extend(
        [PartnerHealth::Healthy, PartnerHealth::Unhealthy, PartnerHealth::Unanswered].map(Answer::Partner),
    );
    all.extend(
        [
            Observation::Done,
            Observation::NotDone,
            Observation::Partly,
            Observation::Underway,
            Observation::Unknown,
        ]
        .into_iter()
        .chain(failed)
        .map(Answer::Looked),
    );
    all.extend([true, false].map(Answer::StillStopped));
    all.extend([Acceptance::Good, Acceptance::NotYet, Acceptance::Unanswered].map(Answer::Accepting));
    let ensured = [Ok(()), Err(Problem::Transient), Err(Problem::Permanent), Err(Problem::Unknown)]
        .map(Answer::Ensured);
    all.extend(ensured);
    all
}

fn fits(want: Want, answer: &Answer) -> bool {
    let question = match want {
        Want::Ensure { .. } => return matches!(answer, Answer::Ensured(_)),
        Want::Ask { question, .. } => question,
        _ => return false,
    };
    match question {
        Question::FrontEnd { .. } => matches!(answer, Answer::Seen(_)),
        Question::Partner => matches!(answer, Answer::Partner(_)),
        Question::Readiness { .. } => matches!(answer, Answer::Readiness(_)),
        Question::Count { .. } => matches!(answer, Answer::Counted(_)),
        Question::Look { .. } => matches!(answer, Answer::Looked(_)),
        Question::StillStopped { .. } => matches!(answer, Answer::StillStopped(_)),
        Question::Acceptance { .. } => matches!(answer, Answer::Accepting(_)),
    }
}

/// Events that a run could conceivably be given.
fn catalogue(graph: &StepGraph, wants: &[Want]) -> Vec<Event> {
    let nowhere = StepId(graph.steps().len() as u32);
    let mut all = vec![Event::Pause, Event::Abort, Event::Resumed, Event::Abandon];
    let front_ends = graph.plan().front_end_ids().chain([FrontEndId(99)]);
    all.extend(front_ends.flat_map(|front_end| [Event::Skip { front_end }, Event::Forgo { front_end }]));
    for step in graph.ids().chain([nowhere]) {
        all.extend(answers().into_iter().map(|answer| Event::Answered { step, answer }));
        all.extend(
            [WindowAnswer::Fits, WindowAnswer::TooLate, WindowAnswer::Closed]
                .map(|answer| Event::Window { step, answer }),
        );
        all.extend([
            Event::Approved { step },
            Event::Begin { step },
            Event::Halt { step },
            Event::Retry { step },
        ]);
        all.extend([true, false].map(|done| Event::Resolve { step, done }));
        let kinds = [TimerKind::Limit, TimerKind::BackOff, TimerKind::LookAgain, TimerKind::Interval];
        let kinds = kinds.into_iter().chain([TimerKind::UntilGood, TimerKind::StayGood, TimerKind::Rest]);
        all.extend(kinds.map(|kind| Event::Elapsed { timer: Timer { step, kind, ordinal: 0 } }));
    }
    // Timers that run, and their neighbours.
    for want in wants {
        if let Want::Timer(timer) = *want {
            let next = Timer { ordinal: timer.ordinal.wrapping_add(1), ..timer };
            all.extend([timer, next].map(|timer| Event::Elapsed { timer }));
        }
    }
    all.extend(graph.plan().domain_ids().map(|domain| Event::Pass { domain }));
    all.extend([Phase::Preflight, Phase::Finished].map(|phase| Event::Enter { phase }));
    all.extend([Outcome::Complete, Outcome::Stopped].map(|outcome| Event::End { outcome }));
    all
}

/// Nobody knows how it ended, or it may still be going on.
fn is_unknown(state: StepState) -> bool {
    matches!(
        state,
        StepState::Running(_)
            | StepState::Waiting(..)
            | StepState::Doubt(..)
            | StepState::Stuck(Why::Doubt | Why::Late)
    )
}

fn is_legal(graph: &StepGraph, run: &Run, wants: &[Want], event: &Event) -> bool {
    let state =
        |step: StepId| (step.index() < graph.steps().len()).then(|| (run.state(step), graph.kind(step)));
    let ensures = |step: StepId| matches!(state(step), Some((_, StepKind::Ensure(_))));
    match event {
        Event::Resumed | Event::Abandon => {
            !matches!(run.outcome(), Some(Outcome::Complete | Outcome::Abandoned))
        }
        _ if run.outcome().is_some() => false,
        Event::Abort => true,
        Event::Pause => run.course() == Course::Forward,
        Event::Answered { step, answer } => {
            wants.iter().any(|want| hears(*want, *step) && fits(*want, answer))
        }
        Event::Window { step, .. } => wants.contains(&Want::Window { step: *step }),
        Event::Approved { step } => wants.contains(&Want::Approval { step: *step }),
        Event::Elapsed { timer } => wants.contains(&Want::Timer(*timer)),
        Event::Retry { step } => matches!(
            state(*step),
            Some((StepState::Stuck(_) | StepState::Pending(_) | StepState::Watching(_), _))
        ),
        Event::Skip { front_end } => {
            usize::from(front_end.0) < graph.plan().pool().front_ends.len()
                && !run.is_skipped(graph, *front_end)
                && !graph.steps_of(*front_end).any(|step| ensures(step) && is_unknown(run.state(step)))
        }
        Event::Resolve { step, .. } => {
            ensures(*step)
                && is_unknown(run.state(*step))
                && !matches!(run.state(*step), StepState::Running(_))
        }
        decision => run.decide(graph).as_ref() == Some(decision),
    }
}

/// Numbers that look as if they were thrown.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }
}

#[test]
fn an_event_is_legal_exactly_where_it_can_come() {
    let plans = [
        "two-domains",
        "tried-twice-at-once",
        "one-may-fail",
        "approvals",
        "window",
        "cut-short",
        "partner-when-troubled",
        "partner-always",
    ];
    let mut dice = Dice(7);
    for name in plans {
        let graph = small(name);
        let (mut accepted, mut refused) = (0, 0);
        for _ in 0..6 {
            let mut run = Run::new(&graph);
            for turn in 0..40 {
                // What is to be decided is part of the catalogue too.
                if turn % 4 != 3 {
                    rest(&graph, &mut run);
                }
                let wants = wants(&graph, &run);
                let mut legal = Vec::new();
                for event in catalogue(&graph, &wants).into_iter().chain(run.decide(&graph)) {
                    let mut next = run.clone();
                    let took = next.apply(&graph, &event).is_ok();
                    assert_eq!(took, is_legal(&graph, &run, &wants, &event), "{name}: {event:?} in {run:?}");
                    assert!(next.is_consistent(&graph), "{name}: after {event:?} in {run:?}");
                    if took {
                        accepted += 1;
                        // Whoever ends it for good is met less often than the world.
                        let ends = matches!(event, Event::Abandon | Event::Abort);
                        let times = if ends || matches!(event, Event::Retry { .. }) { 0 } else { 1 };
                        legal.extend(std::iter::repeat_n(next, times + usize::from(turn > 36)));
                    } else {
                        refused += 1;
                        assert!(next == run, "{name}: refused, and changed: {event:?} in {run:?}");
                    }
                }
                if legal.is_empty() {
                    break;
                }
                run = legal.swap_remove(dice.throw(legal.len()));
            }
        }
        assert!(accepted > 500 && refused > 10_000, "{name}: {accepted} were taken, {refused} refused");
    }
}
