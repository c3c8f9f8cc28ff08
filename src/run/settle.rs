//! How a step in doubt, or a watch, goes on: the transitions that answers about health and about effects share.

use super::event::illegal;
use super::state::{OBSERVERS, Pause, StepState, Try, Watch, WatchAt};
use super::{Illegal, Mistake, Phase, Run, TimerKind, Why};
use crate::graph::{Link, Route, StepGraph, StepId, StepKind};
use crate::plan::{Act, FrontEndId, Observation};

impl Run {
    /// A look at an act in doubt came back.
    pub(super) fn looked(
        &mut self,
        graph: &StepGraph,
        step: StepId,
        act: Act,
        tried: Try,
        looks: u8,
        saw: Observation,
    ) {
        let stop = matches!(act, Act::Stop { .. });
        match saw {
            Observation::Done => self.set(graph, step, StepState::Done),
            // A stop that is not done at all leaves its front end in service. That a newer try of an action did not take
            // place says nothing of an older one that ran and failed.
            Observation::NotDone => {
                let partly = tried.partly && !stop && !self.makes(Mistake::OlderTryForgotten);
                self.not_done(graph, step, Try { partly, ..tried });
            }
            // Half stopped is out: another try goes on with it.
            Observation::Partly if stop => {
                let partly = !self.makes(Mistake::HalfStoppedIsNotOut);
                self.not_done(graph, step, Try { partly, ..tried });
            }
            // It ran and failed. Nobody knows how much of it took place: one that takes its front end out may have.
            Observation::Failed { .. } if tried.failed => {
                let takes_out = graph.link(step) == Some(Link::BeforeStop);
                let partly = takes_out && !self.makes(Mistake::FailedActionIsNotOut);
                self.not_done(graph, step, Try { partly, ..tried });
            }
            Observation::Failed { transient: true } => {
                let tried = Try { interrupted: false, failed: true, ..tried };
                self.set(graph, step, StepState::Waiting(tried, Pause::BackOff));
            }
            Observation::Failed { transient: false } => self.set(graph, step, StepState::Stuck(Why::Failed)),
            // A computer that restarts cannot be reached until it is up again.
            Observation::Unknown if !tried.late && matches!(act, Act::Restart { .. }) => {
                self.set(graph, step, StepState::Waiting(tried, Pause::LookAgain(looks)));
            }
            Observation::Underway if tried.late && self.is_cut_short(graph, step, tried) => {
                let hard = Try { hard: true, late: false, interrupted: false, ..tried };
                self.set(graph, step, StepState::Running(hard));
            }
            Observation::Underway if !tried.late => {
                self.set(graph, step, StepState::Waiting(tried, Pause::LookAgain(looks)));
            }
            Observation::Underway | Observation::Unknown | Observation::Partly => {
                let told_nothing = looks + 1;
                let next = if told_nothing < graph.plan().limits().looks {
                    StepState::Waiting(tried, Pause::LookAgain(told_nothing))
                } else if saw == Observation::Underway {
                    StepState::Stuck(Why::Late)
                } else {
                    StepState::Stuck(Why::Doubt)
                };
                self.set(graph, step, next);
            }
        }
    }

    /// It is known that an act did not take place: it may be begun again while it has tries left.
    pub(super) fn not_done(&mut self, graph: &StepGraph, step: StepId, tried: Try) {
        let tried = if self.makes(Mistake::InterruptedCounts) { tried } else { tried.not_done() };
        if tried.attempt >= graph.step(step).limit.attempts {
            self.set(graph, step, StepState::Stuck(Why::Failed));
            return;
        }
        self.proof_is_over(graph, step);
        self.set(graph, step, StepState::Pending(Try { late: false, hard: false, ..tried }));
        if graph.act(step) == Some(Act::FailOver) && !self.makes(Mistake::FailsOverOnOldTrouble) {
            self.back_to_the_gate(graph);
        }
    }

    /// The trouble that sent us toward failing over is yesterday's: only a fresh gate may send us there again.
    pub(super) fn back_to_the_gate(&mut self, graph: &StepGraph) {
        let (Phase::Over { from: Some(domain) }, Some(over)) = (self.core.phase, graph.over()) else {
            return;
        };
        if let Some(approve) = over.approve_fail_over {
            self.set(graph, approve, StepState::Pending(Try::default()));
        }
        self.core.phase = Phase::Gate(domain);
        self.take_route(graph, Route::Rolling);
        self.set(graph, graph.domain(domain).ready, StepState::Pending(Try::default()));
    }

    /// After an action that puts a front end back into service failed, nobody knows that it still accepts connections:
    /// that may be why it failed. It is proved again before the next try. (That it is stopped is asked before each
    /// action of an upgrade anyhow.)
    fn proof_is_over(&mut self, graph: &StepGraph, step: StepId) {
        if let (Some(Link::AfterAccept), Some(front_end)) = (graph.link(step), graph.kind(step).front_end()) {
            self.prove_acceptance_again(graph, front_end);
        }
    }

    /// Takes back the proof that a front end is stopped.
    pub(super) fn prove_stop_again(&mut self, graph: &StepGraph, front_end: FrontEndId) {
        let stop = graph.stop_of(self.index.route, front_end);
        if self.state(stop) == StepState::Done {
            self.set(graph, stop, StepState::Doubt(Try::look(), 0));
        }
    }

    /// Takes back the proof that a front end accepts connections.
    pub(super) fn prove_acceptance_again(&mut self, graph: &StepGraph, front_end: FrontEndId) {
        let accept = graph.accept_of(self.index.route, front_end);
        if self.state(accept) == StepState::Done {
            self.set(graph, accept, StepState::Pending(Try::default()));
        }
    }

    /// Whether a pool may be called settled with these front ends inactive: skipped ones, and those that were down
    /// before we came and that we have not come to yet.
    pub(super) fn excuses(&self, graph: &StepGraph, inactive: &[FrontEndId]) -> bool {
        inactive.iter().all(|front_end| {
            self.core.absent.binary_search(front_end).is_ok()
                || self.state(graph.preflight_of(*front_end)) == StepState::Skipped
        })
    }

    /// An answer about something watched.
    pub(super) fn watched(&mut self, graph: &StepGraph, step: StepId, watch: Watch, good: bool, heard: bool) {
        let restarts = graph.plan().settle().restarts;
        let stay_good = match graph.kind(step) {
            StepKind::Settle(_) => graph.plan().settle().soak,
            _ => graph.plan().acceptance().stay_good,
        };
        let observer = if heard { watch.observer } else { (watch.observer + 1) % OBSERVERS };
        let watch = Watch { observer, ..watch };
        let endless = self.makes(Mistake::EndlessSoak);
        let next = match (watch.at, good) {
            (WatchAt::AskLast, true) => StepState::Done,
            (WatchAt::Ask, true) if stay_good.is_zero() || self.makes(Mistake::NoSoak) => StepState::Done,
            (_, true) => StepState::Watching(Watch { at: WatchAt::RestGood, ..watch }),
            (WatchAt::Ask, false) => StepState::Watching(Watch { at: WatchAt::Rest, ..watch }),
            // It was good and is not any more: the time it must stay good begins again, so many times.
            (_, false) if endless || watch.restarts < restarts => {
                let restarts = if endless { 0 } else { watch.restarts + 1 };
                StepState::Watching(Watch { at: WatchAt::Rest, restarts, ..watch })
            }
            (_, false) => StepState::Stuck(Why::Unhealthy),
        };
        self.set(graph, step, next);
    }

    pub(super) fn watch_elapsed(&self, watch: Watch, timer: TimerKind) -> Result<StepState, Illegal> {
        let at = |at| Ok(StepState::Watching(Watch { at, ..watch }));
        match (watch.at, timer) {
            (WatchAt::Rest, TimerKind::Rest) => at(WatchAt::Ask),
            (WatchAt::RestGood, TimerKind::Rest) => at(WatchAt::AskGood),
            (WatchAt::Ask | WatchAt::Rest, TimerKind::UntilGood) => Ok(StepState::Stuck(Why::Unhealthy)),
            (WatchAt::AskGood | WatchAt::RestGood, TimerKind::StayGood) => at(WatchAt::AskLast),
            _ => Err(illegal("nothing waits for this timer")),
        }
    }
}
