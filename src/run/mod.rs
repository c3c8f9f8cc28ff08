//! The run machine: pure, finite, and the only thing that knows what comes next.
//!
//! Three functions, and nothing else changes or reads a run's course:
//!
//! ```text
//! apply(event)   the fold; the only mutation; refuses what is illegal and then changes nothing
//! decide()       the next event that needs nobody's answer
//! wanted()       what should be in flight in this state
//! ```
//!
//! A live run, a resume, a rehearsal and a proof walk the same three. There is no clock here: a wait wants a timer,
//! and [`Event::Elapsed`] answers it. Facts (boot times, versions, texts) ride beside the events and are not seen.
//!
//! The core is compared and hashed; the index beside it only makes `decide` and `wanted` cheap, so that their cost
//! does not grow with the plan.

mod apart;
mod apply;
mod counts;
mod decide;
mod event;
mod index;
mod mistake;
mod ordered;
pub(crate) mod packed;
mod person;
mod settle;
mod state;
#[cfg(test)]
pub(crate) mod tests;
mod wanted;

use std::hash::{Hash, Hasher};

pub(crate) use apart::Marks;
pub use decide::PREFLIGHT_AT_ONCE;
pub use event::{Event, Illegal, Want, WindowAnswer};
pub use state::{
    Clearance, Course, Gate, GateAt, Outcome, Pause, PauseWhy, Phase, Served, StepState, Timer, TimerKind,
    Try, Watch, WatchAt, Why,
};
pub use wanted::Wanted;

use crate::graph::{Link, Route, StepGraph, StepId};
use crate::plan::{FrontEndId, Mode};
use index::Index;
#[cfg(test)]
pub(crate) use mistake::Mistake;
#[cfg(not(test))]
use mistake::Mistake;
use state::Core;

/// A legal history of events over one graph, folded.
///
/// Two runs are equal when their futures are: the index and the epoch stay outside.
#[derive(Debug)]
pub struct Run {
    core: Core,
    index: Index,
    epoch: u32,
    #[cfg(test)]
    mistake: Option<Mistake>,
}

impl Clone for Run {
    fn clone(&self) -> Run {
        Run {
            core: self.core.clone(),
            index: self.index.clone(),
            epoch: self.epoch,
            #[cfg(test)]
            mistake: self.mistake,
        }
    }

    /// Without a new allocation: explorers do this for each event.
    fn clone_from(&mut self, from: &Run) {
        self.core.clone_from(&from.core);
        self.index.clone_from(&from.index);
        self.epoch = from.epoch;
    }
}

impl PartialEq for Run {
    fn eq(&self, other: &Self) -> bool {
        self.core == other.core
    }
}

impl Eq for Run {}

impl Hash for Run {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.core.hash(state);
    }
}

impl Run {
    /// A run before its first event.
    pub fn new(graph: &StepGraph) -> Run {
        let core = Core {
            steps: vec![StepState::Pending(Try::default()); graph.steps().len()],
            phase: Phase::Preflight,
            course: Course::Forward,
            absent: Vec::new(),
            left_out: Vec::new(),
            half_out: Vec::new(),
            forgone: 0,
        };
        let index = Index::new(graph, &core, Route::Rolling);
        Run {
            core,
            index,
            epoch: 0,
            #[cfg(test)]
            mistake: None,
        }
    }

    /// A run of a machine that makes a mistake.
    #[cfg(test)]
    pub(crate) fn mistaken(graph: &StepGraph, mistake: Mistake) -> Run {
        Run { mistake: Some(mistake), ..Run::new(graph) }
    }

    /// Whether a test has planted this mistake.
    #[cfg(test)]
    fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    #[cfg(not(test))]
    #[inline(always)]
    fn makes(&self, _: Mistake) -> bool {
        false
    }

    /// The state of a step of this run's graph.
    pub fn state(&self, step: StepId) -> StepState {
        self.core.steps[step.index()]
    }

    pub fn phase(&self) -> Phase {
        self.core.phase
    }

    pub fn course(&self) -> Course {
        self.core.course
    }

    /// How the run ended, if it has.
    pub fn outcome(&self) -> Option<Outcome> {
        match self.core.course {
            Course::Ended(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// How often the run was taken up. Answers of an earlier epoch are nobody's.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    pub fn route(&self) -> Route {
        self.index.route
    }

    /// Steps that need a person, in order.
    pub fn stuck(&self) -> impl Iterator<Item = StepId> + '_ {
        self.index.stuck.iter().copied()
    }

    /// Whether a step needs a person.
    pub fn needs_person(&self, step: StepId) -> bool {
        self.index.stuck.contains(step)
    }

    /// Steps that want something, in order.
    pub fn active(&self) -> impl Iterator<Item = StepId> + '_ {
        self.index.active.iter().copied()
    }

    /// Whether we took the front end out of service and it is not back, on the present route.
    pub fn is_out(&self, front_end: FrontEndId) -> bool {
        self.index.is_out(front_end)
    }

    /// Whether the front end was out when it was left out of the rest of the run.
    pub fn was_left_out(&self, front_end: FrontEndId) -> bool {
        self.core.left_out.binary_search(&front_end).is_ok()
    }

    /// Whether the front end has nothing left to do on the present route.
    pub fn is_finished(&self, front_end: FrontEndId) -> bool {
        self.index.is_finished(front_end)
    }

    /// Whether a person, or the plan's tolerance, left the front end out.
    pub fn is_skipped(&self, graph: &StepGraph, front_end: FrontEndId) -> bool {
        self.state(graph.preflight_of(front_end)) == StepState::Skipped
    }

    /// Where the users of the pool are served, as far as this run knows.
    pub fn served(&self, graph: &StepGraph) -> Served {
        let Some(over) = graph.over() else { return Served::Here };
        if self.makes(Mistake::SaysServedHere) {
            return Served::Here;
        }
        match (self.state(over.fail_over), self.state(over.fail_back)) {
            (StepState::Done, StepState::Done) => Served::Here,
            (StepState::Done, _) => Served::ByPartner,
            (StepState::Stuck(Why::Failed | Why::Unhealthy | Why::Unanswered), _) => Served::Here,
            (state, _) if state.has_begun() => Served::Unknown,
            _ => Served::Here,
        }
    }

    /// How long a timer lasts.
    pub fn length(&self, graph: &StepGraph, timer: Timer) -> std::time::Duration {
        let plan = graph.plan();
        let settles = matches!(graph.kind(timer.step), crate::graph::StepKind::Settle(_));
        match timer.kind {
            TimerKind::Limit => match (self.state(timer.step), graph.act(timer.step)) {
                (
                    StepState::Running(tried) | StepState::Doubt(tried, _) | StepState::Waiting(tried, _),
                    Some(crate::plan::Act::Stop { front_end, .. }),
                ) if tried.hard => {
                    plan.limit_of(crate::plan::Act::Stop { front_end, mode: Mode::Immediate }).time_limit
                }
                _ => graph.step(timer.step).limit.time_limit,
            },
            TimerKind::BackOff => plan.limits().back_off,
            TimerKind::LookAgain => plan.limits().look_again,
            TimerKind::Interval => plan.readiness().interval,
            TimerKind::UntilGood => graph.step(timer.step).limit.time_limit,
            TimerKind::StayGood if settles => plan.settle().soak,
            TimerKind::StayGood => plan.acceptance().stay_good,
            TimerKind::Rest if settles => plan.settle().watch,
            TimerKind::Rest => plan.acceptance().watch,
        }
    }

    /// Whether the index is what the core alone would give. Always true; explorers ask it, because what is derived can
    /// get out of step.
    pub fn is_consistent(&self, graph: &StepGraph) -> bool {
        self.index == Index::new(graph, &self.core, self.index.route)
    }

    fn checked(&self, graph: &StepGraph, step: StepId) -> Result<StepState, Illegal> {
        graph.checked_kind(step).map(|_| self.state(step)).ok_or(event::illegal("there is no such step"))
    }

    /// The one place where a step changes its state.
    fn set(&mut self, graph: &StepGraph, step: StepId, state: StepState) {
        let old = std::mem::replace(&mut self.core.steps[step.index()], state);
        if let (Some(Link::BeforeStop), Some(front_end)) = (graph.link(step), graph.kind(step).front_end()) {
            let half_out = &mut self.core.half_out;
            let stuck = |state| matches!(state, StepState::Stuck(_));
            if stuck(state) && old.is_partly() {
                half_out.push(front_end);
                half_out.sort_unstable();
            } else if !stuck(state) && stuck(old) {
                half_out.retain(|half_out| *half_out != front_end);
            }
        }
        self.index.follow(graph, &self.core, step, old);
    }

    fn take_route(&mut self, graph: &StepGraph, route: Route) {
        if self.index.route != route {
            self.index = Index::new(graph, &self.core, route);
        }
    }
}
