//! What should be in flight in the present state.

use super::state::{Clearance, GateAt, OBSERVERS, Pause, StepState, Try, Watch, WatchAt};
use super::{Course, Mistake, Run, Timer, TimerKind, Want};
use crate::graph::{StepGraph, StepId, StepKind};
use crate::plan::{Act, DomainId, FrontEndId, Mode, Question};

/// Everything that should be in flight, in order, in a buffer that is used again and again.
#[derive(Clone, Debug, Default)]
pub struct Wanted(Vec<Want>);

impl Wanted {
    pub fn iter(&self) -> impl Iterator<Item = Want> + '_ {
        self.0.iter().copied()
    }

    pub fn as_slice(&self) -> &[Want] {
        &self.0
    }

    pub fn contains(&self, want: Want) -> bool {
        self.0.binary_search(&want).is_ok()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Run {
    /// Writes down what should be in flight; whatever else is in flight should be let go of.
    pub fn wanted(&self, graph: &StepGraph, wanted: &mut Wanted) {
        wanted.0.clear();
        if self.outcome().is_some() {
            return;
        }
        for step in self.index.active.iter() {
            self.wants_of(graph, *step, &mut |want| wanted.0.push(want));
        }
        wanted.0.sort_unstable();
    }

    /// Whether something that `is` picks is wanted for a step. What comes without being wanted is no event.
    pub(super) fn wants(&self, graph: &StepGraph, step: StepId, is: impl Fn(Want) -> bool) -> bool {
        let mut found = false;
        if graph.checked_kind(step).is_some() {
            self.wants_of(graph, step, &mut |want| found |= is(want));
        }
        found
    }

    fn wants_of(&self, graph: &StepGraph, step: StepId, wants: &mut impl FnMut(Want)) {
        let kind = graph.kind(step);
        // A run that goes no further lets go of its gates and its soak; what is out it brings back.
        let forward = self.core.course == Course::Forward;
        if !forward && !matches!(kind, StepKind::Ensure(_) | StepKind::Accept(_)) {
            return;
        }
        let timer = |kind, ordinal| Want::Timer(Timer { step, kind, ordinal });
        let ask = |question, ordinal| Want::Ask { step, question, ordinal };
        match (self.state(step), kind) {
            (StepState::Clearing(_, clearance), _) => wants(match clearance {
                Clearance::Count(n) => {
                    let domain = kind.front_end().map(|front_end| graph.plan().front_end(front_end).domain);
                    ask(Question::Count { observer: self.observer(graph, domain, n) }, n)
                }
                Clearance::Partner(n) => ask(Question::Partner, n),
                Clearance::CountAgain(n) | Clearance::PartnerAgain(n) => timer(TimerKind::Interval, n),
                Clearance::Window => Want::Window { step },
                Clearance::Stopped => {
                    let Some(front_end) = kind.front_end() else { return };
                    ask(Question::StillStopped { front_end }, 0)
                }
            }),
            (StepState::Running(tried), StepKind::Preflight(front_end)) => {
                wants(ask(Question::FrontEnd { front_end }, tried.attempt));
            }
            (StepState::Running(tried), StepKind::PreflightPartner) => {
                wants(ask(Question::Partner, tried.attempt));
            }
            (StepState::Running(_), StepKind::Approve(_)) => wants(Want::Approval { step }),
            (StepState::Running(tried), StepKind::Ensure(act)) => {
                wants(Want::Ensure { step, act: hardened(act, tried), attempt: tried.attempt });
                wants(timer(TimerKind::Limit, limit_ordinal(tried)));
            }
            (StepState::Waiting(..), _) if self.makes(Mistake::NoBackOff) => {}
            (StepState::Waiting(tried, Pause::BackOff), _) => {
                wants(timer(TimerKind::BackOff, tried.attempt));
            }
            (StepState::Waiting(tried, Pause::LookAgain(looks)), _) => {
                wants(timer(TimerKind::LookAgain, looks));
                if !tried.late {
                    wants(timer(TimerKind::Limit, limit_ordinal(tried)));
                }
            }
            (StepState::Doubt(tried, looks), StepKind::Ensure(act)) => {
                wants(ask(Question::Look { act: hardened(act, tried) }, looks));
                if !tried.late {
                    wants(timer(TimerKind::Limit, limit_ordinal(tried)));
                }
            }
            (StepState::Gate(gate), StepKind::Ready(domain)) => match gate.at {
                GateAt::Asking => {
                    let observer = self.observer(graph, Some(domain), gate.unhelpful);
                    wants(ask(
                        Question::Readiness { domain: Some(domain), observer },
                        gate.busy + gate.unhelpful,
                    ));
                }
                GateAt::Interval => wants(timer(TimerKind::Interval, gate.busy + gate.unhelpful)),
                GateAt::Window => wants(Want::Window { step }),
                GateAt::Troubled => {}
            },
            (StepState::Watching(watch), kind) => self.watch_wants(graph, step, kind, watch, wants),
            _ => {}
        }
    }

    fn watch_wants(
        &self,
        graph: &StepGraph,
        step: StepId,
        kind: StepKind,
        watch: Watch,
        wants: &mut impl FnMut(Want),
    ) {
        let timer = |kind, ordinal| Want::Timer(Timer { step, kind, ordinal });
        if watch.is_asking() {
            let question = match kind {
                StepKind::Accept(front_end) => Question::Acceptance { front_end },
                StepKind::Settle(domain) => Question::Readiness {
                    domain: None,
                    observer: self.observer(graph, domain, watch.observer),
                },
                _ => return,
            };
            // Distinct for each place of the watch, so that an answer asked in one is never taken in another.
            let ordinal = watch.restarts.saturating_mul(5).saturating_add(watch.at as u8);
            wants(Want::Ask { step, question, ordinal });
        } else {
            wants(timer(TimerKind::Rest, watch.restarts));
        }
        match watch.at {
            WatchAt::Ask | WatchAt::Rest => wants(timer(TimerKind::UntilGood, watch.restarts)),
            WatchAt::AskGood | WatchAt::RestGood => wants(timer(TimerKind::StayGood, watch.restarts)),
            WatchAt::AskLast => {}
        }
    }

    /// The front end through which the pool is asked: outside the domain being worked on, neither skipped nor known to
    /// be down; another one at each turn. In a pool of one domain, one of those that are not out.
    fn observer(&self, graph: &StepGraph, domain: Option<DomainId>, turn: u8) -> FrontEndId {
        let plan = graph.plan();
        let count = plan.pool().front_ends.len() as u16;
        let own = domain.map(|domain| plan.domain(domain));
        let start = own.map_or(0, |domain| domain.front_ends().next_back().map_or(0, |last| last.0 + 1));
        let cycle = (0..count).map(|offset| FrontEndId((start + offset) % count));
        let fit = |front_end: &FrontEndId| {
            !self.index.is_out(*front_end)
                && self.core.absent.binary_search(front_end).is_err()
                && self.state(graph.preflight_of(*front_end)) != StepState::Skipped
        };
        let outside = cycle.clone().filter(|id| own.is_none_or(|domain| !domain.contains(*id)));
        let mut found = [FrontEndId(0); OBSERVERS as usize];
        let mut candidates = 0usize;
        let inside = cycle.filter(|id| own.is_some_and(|domain| domain.contains(*id)));
        for observer in outside.chain(inside).filter(fit).take(found.len()) {
            found[candidates] = observer;
            candidates += 1;
        }
        found[usize::from(turn) % candidates.max(1)]
    }
}

/// A stop whose drain is over and which the plan then makes immediate.
fn hardened(act: Act, tried: Try) -> Act {
    match act {
        Act::Stop { front_end, .. } if tried.hard => Act::Stop { front_end, mode: Mode::Immediate },
        other => other,
    }
}

/// A stop that turned immediate has a limit of its own, so its timer is another one.
fn limit_ordinal(tried: Try) -> u8 {
    (tried.attempt.min(100) * 2) + u8::from(tried.hard)
}
