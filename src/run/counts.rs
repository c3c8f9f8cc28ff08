//! What a proof forgets: how often something was tried, looked at, asked or begun again, and pauses between two looks.
//!
//! What a run does never depends on such a count but in one way: whether it is the last that its limit allows. So a count is
//! kept as the lowest it can be, and a proof asks of each state that has one what would follow if it were the last.

use super::Run;
use super::state::{Clearance, Gate, Pause, StepState, Try, Watch, WatchAt};
use crate::graph::{StepGraph, StepId, StepKind};

impl Run {
    /// Every count as low as it can be, and no pause. Nothing that is derived from the states depends on either.
    pub(crate) fn forget_counts(&mut self, graph: &StepGraph) {
        for step in graph.ids() {
            let state = self.state(step);
            // Most are done or not begun, and explorers come here for each event.
            if !state.is_satisfied() && state != StepState::Pending(Try::default()) {
                self.core.steps[step.index()] = forgotten(graph.kind(step), state);
            }
        }
    }

    /// The state of a step as it is when each of its counts is the last that its limit allows; `None` when no count that
    /// decides what follows could be higher than it is.
    pub(crate) fn last_count(&self, graph: &StepGraph, step: StepId) -> Option<StepState> {
        let plan = graph.plan();
        let (limits, limit) = (plan.limits(), graph.step(step).limit);
        let state = self.state(step);
        let last_try = |tried: Try| {
            let again = (1..limit.attempts).contains(&tried.attempt);
            Try { attempt: if again { limit.attempts } else { tried.attempt }, ..tried }
        };
        let questions = |attempts: u8| attempts.saturating_sub(1);
        let last = match (state, graph.kind(step)) {
            (StepState::Running(tried), StepKind::Preflight(_) | StepKind::PreflightPartner) => {
                StepState::Running(last_try(tried))
            }
            (StepState::Doubt(tried, _), _) => StepState::Doubt(last_try(tried), questions(limits.looks)),
            (StepState::Clearing(tried, clearance), _) => match clearance {
                Clearance::Count(_) => {
                    StepState::Clearing(tried, Clearance::Count(questions(plan.readiness().attempts)))
                }
                Clearance::Partner(_) => {
                    StepState::Clearing(tried, Clearance::Partner(questions(limits.observe.attempts)))
                }
                Clearance::Stopped => {
                    let tried = Try { unready: questions(limits.looks), ..tried };
                    StepState::Clearing(tried, Clearance::Stopped)
                }
                Clearance::CountAgain(_) | Clearance::PartnerAgain(_) | Clearance::Window => state,
            },
            (StepState::Gate(gate), _) => {
                let last = questions(plan.readiness().attempts);
                StepState::Gate(Gate { busy: last, unhelpful: last, ..gate })
            }
            // What was not good yet begins nothing again.
            (StepState::Watching(watch), _) if watch.is_good() => {
                StepState::Watching(Watch { restarts: plan.settle().restarts, ..watch })
            }
            _ => state,
        };
        (last != state).then_some(last)
    }

    /// Sets a step to a state that differs from its present one in counts alone.
    pub(crate) fn recount(&mut self, step: StepId, state: StepState) {
        self.core.steps[step.index()] = state;
    }
}

fn forgotten(kind: StepKind, state: StepState) -> StepState {
    let of_effect = matches!(kind, StepKind::Ensure(_));
    let of_front_end = matches!(kind, StepKind::Accept(_));
    // A try that was never begun stays apart: it is none.
    let lowest = |tried: Try, begun: u8| {
        let attempt = if tried.attempt == Try::GIVEN_UP { tried.attempt } else { tried.attempt.min(begun) };
        Try { attempt, unready: 0, ..tried }
    };
    match state {
        StepState::Pending(tried) => StepState::Pending(lowest(tried, 0)),
        StepState::Clearing(tried, clearance) => {
            let clearance = match clearance {
                Clearance::Count(_) => Clearance::Count(0),
                Clearance::CountAgain(_) => Clearance::CountAgain(0),
                Clearance::Partner(_) => Clearance::Partner(0),
                Clearance::PartnerAgain(_) => Clearance::PartnerAgain(0),
                Clearance::Window | Clearance::Stopped => clearance,
            };
            StepState::Clearing(lowest(tried, 0), clearance)
        }
        StepState::Running(tried) => StepState::Running(lowest(tried, 1)),
        // After a pause an effect is looked at, whatever happened meanwhile.
        StepState::Waiting(tried, Pause::BackOff) if of_effect => {
            StepState::Doubt(Try { late: true, ..lowest(tried, 1) }, 0)
        }
        StepState::Waiting(tried, Pause::LookAgain(_)) => StepState::Doubt(lowest(tried, 1), 0),
        StepState::Waiting(tried, Pause::BackOff) => StepState::Waiting(lowest(tried, 1), Pause::BackOff),
        StepState::Doubt(tried, _) => StepState::Doubt(lowest(tried, 1), 0),
        StepState::Gate(gate) => StepState::Gate(Gate { busy: 0, unhelpful: 0, ..gate }),
        StepState::Watching(watch) => {
            let at = match watch.at {
                WatchAt::Rest if of_front_end => WatchAt::Ask,
                WatchAt::RestGood if of_front_end => WatchAt::AskGood,
                at => at,
            };
            StepState::Watching(Watch { at, restarts: 0, observer: 0 })
        }
        StepState::Done | StepState::Needless | StepState::Stuck(_) | StepState::Skipped => state,
    }
}
