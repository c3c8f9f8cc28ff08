//! What a proof forgets: how often something was tried, looked at, asked or begun again, whether a limit is over, and pauses
//! between two questions.
//!
//! What a run does never depends on a count but in one way: whether it is the last that its limit allows. So a count is kept
//! as the lowest it can be, and a proof asks of each state that has one what would follow if it were the last. An effect in
//! flight is kept as one that is looked at, for its limit can be over at any moment.

use super::state::{Clearance, Gate, GateAt, StepState, Try, Watch, WatchAt, Why};
use super::{Event, Run, Want};
use crate::graph::{StepGraph, StepId, StepKind};
use crate::plan::{Act, Answer, Observation};

/// Which answers are decided by what was forgotten.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Decides {
    /// Every answer to a question.
    Any,
    /// Looks that do not find it done, and no failure.
    TellsNothing,
    Failure,
    /// Looks after which it may be tried again: not done, or half of it.
    NotDone,
    /// What the effect itself answers, or that its limit is over.
    Effect,
}

impl Decides {
    pub(crate) fn is_about(self, want: Want, event: &Event) -> bool {
        match (self, event) {
            (Decides::Any, _) => matches!(want, Want::Ask { .. }),
            (Decides::Effect, _) => true,
            (Decides::TellsNothing, Event::Answered { answer: Answer::Looked(saw), .. }) => {
                !matches!(saw, Observation::Done | Observation::Failed { .. })
            }
            (Decides::Failure, Event::Answered { answer: Answer::Looked(saw), .. }) => {
                matches!(saw, Observation::Failed { .. })
            }
            (Decides::NotDone, Event::Answered { answer: Answer::Looked(saw), .. }) => {
                matches!(saw, Observation::NotDone | Observation::Partly)
            }
            _ => false,
        }
    }
}

impl Run {
    /// Every count as low as it can be, and no pause. Nothing that is derived from the states depends on either.
    pub(crate) fn forget_counts(&mut self, graph: &StepGraph) {
        for step in graph.ids() {
            // Most are done or not begun, and explorers come here for each event.
            match self.state(step) {
                // A person is told which of the two it is, and can do the same.
                StepState::Stuck(Why::Late) => self.put(step, StepState::Stuck(Why::Doubt)),
                StepState::Stuck(Why::Quorum | Why::Troubled) => {
                    self.put(step, StepState::Stuck(Why::Unanswered));
                }
                StepState::Done | StepState::Needless | StepState::Skipped | StepState::Stuck(_) => {}
                StepState::Pending(Try {
                    attempt: 0,
                    late: false,
                    interrupted: false,
                    failed: false,
                    unready: 0,
                    ..
                }) => {}
                state => self.put(step, forgotten(graph, step, state)),
            }
        }
    }

    /// Whether a step rests between two questions about the pool, and whether between two counts.
    pub(crate) fn rests(&self) -> [bool; 2] {
        let (mut pool, mut count) = (false, false);
        for step in self.index.active.iter() {
            match self.state(*step) {
                StepState::Gate(Gate { at: GateAt::Interval, .. }) => pool = true,
                StepState::Watching(Watch { at: WatchAt::Rest | WatchAt::RestGood, .. }) => pool = true,
                StepState::Clearing(_, Clearance::CountAgain(_)) => count = true,
                _ => {}
            }
        }
        [pool, count]
    }

    /// Whether the window is asked on the strength of an answer of the pool, and whether on that of a count.
    pub(crate) fn asks_window_after(&self, graph: &StepGraph) -> [bool; 2] {
        let (mut pool, mut count) = (false, false);
        for step in self.index.active.iter() {
            match self.state(*step) {
                StepState::Gate(gate) => pool |= gate.at == GateAt::Window,
                // Nobody is counted before failing over.
                StepState::Clearing(_, Clearance::Window) => count |= graph.kind(*step).front_end().is_some(),
                _ => {}
            }
        }
        [pool, count]
    }

    /// The states that a step may be in as well, as far as what was forgotten of it goes, each with the answers that are
    /// decided by it: each count the last that its limit allows, a time limit passed, a try known to have failed, a try
    /// that was cut off with its process.
    pub(crate) fn forgotten_counts(&self, graph: &StepGraph, step: StepId) -> Vec<(StepState, Decides)> {
        let plan = graph.plan();
        let (limits, limit) = (plan.limits(), graph.step(step).limit);
        let state = self.state(step);
        let questions = |attempts: u8| attempts.saturating_sub(1);
        let any = |state| vec![(state, Decides::Any)];
        let mut all = match (state, graph.kind(step)) {
            (StepState::Running(tried), StepKind::Preflight(_) | StepKind::PreflightPartner) => {
                let again = (1..limit.attempts).contains(&tried.attempt);
                any(StepState::Running(Try {
                    attempt: if again { limit.attempts } else { tried.attempt },
                    ..tried
                }))
            }
            (StepState::Doubt(tried, _), StepKind::Ensure(act)) => {
                let late = Try { attempt: Try::GIVEN_UP, late: true, ..tried };
                let mut all = vec![
                    (StepState::Doubt(late, questions(limits.looks)), Decides::TellsNothing),
                    (StepState::Doubt(Try { failed: true, ..tried }, 0), Decides::Failure),
                    // Its process died before it was begun.
                    (StepState::Doubt(Try { interrupted: true, ..tried }, 0), Decides::NotDone),
                ];
                // The other acts are looked at, whatever is answered.
                let ends = matches!(act, Act::Perform { .. } | Act::Start { .. });
                if ends || self.is_cut_short(graph, step, tried) {
                    all.push((StepState::Running(tried), Decides::Effect));
                }
                all
            }
            (StepState::Clearing(tried, clearance), _) => match clearance {
                Clearance::Count(_) => {
                    any(StepState::Clearing(tried, Clearance::Count(questions(plan.readiness().attempts))))
                }
                Clearance::Partner(_) => {
                    any(StepState::Clearing(tried, Clearance::Partner(questions(limits.observe.attempts))))
                }
                Clearance::Stopped => {
                    let tried = Try { unready: questions(limits.looks), ..tried };
                    any(StepState::Clearing(tried, Clearance::Stopped))
                }
                Clearance::CountAgain(_) | Clearance::PartnerAgain(_) | Clearance::Window => Vec::new(),
            },
            (StepState::Gate(gate), _) => {
                let last = questions(plan.readiness().attempts);
                any(StepState::Gate(Gate { busy: last, unhelpful: last, ..gate }))
            }
            // What was not good yet begins nothing again.
            (StepState::Watching(watch), _) if watch.is_good() => {
                any(StepState::Watching(Watch { restarts: plan.settle().restarts, ..watch }))
            }
            _ => Vec::new(),
        };
        all.retain(|(other, _)| *other != state);
        all
    }
}

fn forgotten(graph: &StepGraph, step: StepId, state: StepState) -> StepState {
    let of_effect = matches!(graph.kind(step), StepKind::Ensure(_));
    // Where it may be tried twice, one that was begun once has a try left, as if it had not been.
    let begun = u8::from(graph.step(step).limit.attempts < 2);
    let lowest = |tried: Try, begun: u8| Try {
        attempt: tried.attempt.min(begun),
        hard: tried.hard,
        partly: tried.partly,
        ..Try::default()
    };
    match state {
        // Of an effect in flight anything may be heard by a look as well: its limit can be over at any moment.
        StepState::Running(tried) | StepState::Doubt(tried, _) | StepState::Waiting(tried, _)
            if of_effect =>
        {
            StepState::Doubt(lowest(tried, begun), 0)
        }
        StepState::Pending(tried) => StepState::Pending(lowest(tried, 0)),
        StepState::Clearing(tried, clearance) => {
            let clearance = match clearance {
                Clearance::Count(_) | Clearance::CountAgain(_) => Clearance::Count(0),
                Clearance::Partner(_) | Clearance::PartnerAgain(_) => Clearance::Partner(0),
                Clearance::Window | Clearance::Stopped => clearance,
            };
            StepState::Clearing(lowest(tried, 0), clearance)
        }
        StepState::Running(tried) => StepState::Running(lowest(tried, 1)),
        StepState::Waiting(tried, pause) => StepState::Waiting(lowest(tried, 1), pause),
        StepState::Gate(gate) => {
            let at = if gate.at == GateAt::Interval { GateAt::Asking } else { gate.at };
            StepState::Gate(Gate { at, busy: 0, unhelpful: 0 })
        }
        StepState::Watching(watch) => {
            let at = match watch.at {
                WatchAt::Rest => WatchAt::Ask,
                WatchAt::RestGood => WatchAt::AskGood,
                at => at,
            };
            StepState::Watching(Watch { at, restarts: 0, observer: 0 })
        }
        // Only effects are in doubt.
        StepState::Doubt(..)
        | StepState::Done
        | StepState::Needless
        | StepState::Stuck(_)
        | StepState::Skipped => state,
    }
}
