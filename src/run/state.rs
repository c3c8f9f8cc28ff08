//! The states of a step and of a run. Everything here is small, copied freely, compared and hashed.

use serde::{Deserialize, Serialize};

use crate::graph::StepId;
use crate::plan::{DomainId, FrontEndId};

/// What is known of the tries of an act.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Try {
    /// How many were begun. [`GIVEN_UP`](Try::GIVEN_UP) when no further one may be made.
    pub attempt: u8,
    /// Its time limit has passed: looks are counted from here on.
    pub late: bool,
    /// A stop that turned from graceful to immediate.
    pub hard: bool,
    /// The process died while the newest attempt was in flight. If a look then finds that nothing of it took place, it was
    /// none: it does not count.
    pub interrupted: bool,
    /// The newest attempt is known to have failed: a look that says so again says nothing new.
    pub failed: bool,
    /// How often its turn came and the front end was not found stopped.
    pub unready: u8,
    /// A stop that was found half way, or an action before it that ran and failed: the front end is out, so going on with it
    /// takes nobody out.
    pub partly: bool,
}

impl Try {
    /// The number of an attempt that leaves no further one.
    pub const GIVEN_UP: u8 = u8::MAX;

    /// A look at what may have been done meanwhile: no attempt of ours is under way, so no time limit runs, and what
    /// failed before is known.
    pub fn look() -> Try {
        Try { late: true, failed: true, ..Try::default() }
    }

    pub(super) fn begin(self) -> Try {
        Try { attempt: self.attempt.saturating_add(1), ..self }
    }

    /// As it is when its attempt is known not to have taken place.
    pub(super) fn not_done(self) -> Try {
        let spared = u8::from(self.interrupted && self.attempt != Try::GIVEN_UP);
        Try { attempt: self.attempt.saturating_sub(spared), interrupted: false, failed: false, ..self }
    }
}

/// The state of one step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum StepState {
    /// Not begun, or to be begun again.
    Pending(Try),
    /// About to begin: something is asked first.
    Clearing(Try, Clearance),
    /// Begun. Its effect may be in flight.
    Running(Try),
    /// Between two tries or two looks.
    Waiting(Try, Pause),
    /// Nobody knows whether it took place: it is being looked at, after so many looks that told nothing.
    Doubt(Try, u8),
    /// The gate of a domain is being asked.
    Gate(Gate),
    /// Health is being watched.
    Watching(Watch),
    Done,
    /// It had nothing to do.
    Needless,
    /// It needs a person.
    Stuck(Why),
    /// A person, or the tolerance that the plan grants, left it out.
    Skipped,
}

/// What is asked before an act that takes somebody out of service, or that needs services which are stopped. The number
/// counts the questions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Clearance {
    Count(u8),
    CountAgain(u8),
    Partner(u8),
    PartnerAgain(u8),
    Window,
    /// Whether the front end is still stopped: a computer that boots by itself starts its services, and so do some
    /// installers.
    Stopped,
}

/// Why a step waits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Pause {
    /// A try failed. After the pause it is looked at, and perhaps made again.
    BackOff,
    /// A look told nothing, or that it is still underway. The number counts such looks past the time limit.
    LookAgain(u8),
}

/// Why a step needs a person.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It failed as often as it may be tried.
    Failed,
    /// Nobody can tell whether it took place.
    Doubt,
    /// It is still underway after its time limit.
    Late,
    /// By the newest counts the quorum does not stand without this front end. Nothing was begun.
    Quorum,
    /// What was watched did not become good in time, or did not stay good.
    Unhealthy,
    /// The pool is in trouble and the plan has no way around it.
    Troubled,
    /// Nobody answered, or no answer helped.
    Unanswered,
}

impl Why {
    /// Whether something may still be going on: a person says how it ended before the front end can be skipped.
    pub fn in_doubt(self) -> bool {
        matches!(self, Why::Doubt | Why::Late)
    }

    /// Whether an effect was begun and failed, or is in doubt. The others were only asked or watched.
    pub fn is_of_an_effect(self) -> bool {
        matches!(self, Why::Failed | Why::Doubt | Why::Late)
    }
}

/// A gate. One bound holds over all its answers: `busy` counts in a row, `unhelpful` counts all others and is never
/// reset, so the two cannot alternate for ever.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Gate {
    pub at: GateAt,
    pub busy: u8,
    pub unhelpful: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum GateAt {
    Asking,
    /// Between two questions.
    Interval,
    /// The pool is ready; the window is asked last, so that its answer is the fresher one.
    Window,
    /// The pool is in trouble, and the plan has another route.
    Troubled,
}

/// Something whose health is watched: until it is good, and then for as long as it must stay good.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Watch {
    pub at: WatchAt,
    /// How often it was good and did not stay so.
    pub restarts: u8,
    /// Which observer is asked, counted round; another one after each question that nobody answered.
    pub observer: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum WatchAt {
    /// Not good yet: being asked, or resting between two questions.
    Ask,
    Rest,
    /// Good so far: being asked, or resting.
    AskGood,
    RestGood,
    /// It stayed good for long enough; one last question.
    AskLast,
}

/// How many observers a watch goes round.
pub(super) const OBSERVERS: u8 = 4;

impl Watch {
    pub(super) fn begin() -> Watch {
        Watch { at: WatchAt::Ask, restarts: 0, observer: 0 }
    }

    pub fn is_good(self) -> bool {
        matches!(self.at, WatchAt::AskGood | WatchAt::RestGood | WatchAt::AskLast)
    }

    pub fn is_asking(self) -> bool {
        matches!(self.at, WatchAt::Ask | WatchAt::AskGood | WatchAt::AskLast)
    }
}

impl StepState {
    /// Nothing that waits for this step waits any longer.
    pub fn is_satisfied(self) -> bool {
        matches!(self, StepState::Done | StepState::Needless | StepState::Skipped)
    }

    /// Whether something was begun on the target that the step itself has not undone.
    pub fn has_begun(self) -> bool {
        match self {
            StepState::Pending(tried) | StepState::Clearing(tried, _) => tried.partly,
            StepState::Needless | StepState::Skipped => false,
            StepState::Stuck(why) => why.is_of_an_effect() || why == Why::Unhealthy,
            _ => true,
        }
    }

    /// Whether an older try left its front end out.
    pub(super) fn is_partly(self) -> bool {
        match self {
            StepState::Pending(tried)
            | StepState::Clearing(tried, _)
            | StepState::Running(tried)
            | StepState::Waiting(tried, _)
            | StepState::Doubt(tried, _) => tried.partly,
            _ => false,
        }
    }

    /// Whether the step may have an effect in flight, or one in doubt that is being looked at.
    pub fn is_underway(self) -> bool {
        matches!(self, StepState::Running(_) | StepState::Waiting(..) | StepState::Doubt(..))
    }

    /// Whether it is unknown if the effect took place.
    pub fn in_doubt(self) -> bool {
        match self {
            StepState::Doubt(..) | StepState::Waiting(..) | StepState::Running(_) => true,
            StepState::Stuck(why) => why.in_doubt(),
            _ => false,
        }
    }

    /// Whether the step wants something.
    pub(super) fn is_active(self) -> bool {
        match self {
            StepState::Gate(gate) => gate.at != GateAt::Troubled,
            StepState::Clearing(..)
            | StepState::Running(_)
            | StepState::Waiting(..)
            | StepState::Doubt(..)
            | StepState::Watching(_) => true,
            _ => false,
        }
    }
}

/// Where a run is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Everything is looked at, nothing is touched.
    Preflight,
    /// The pool is asked whether this domain may be taken.
    Gate(DomainId),
    /// The domain is being upgraded. `more`: further front ends of it may be taken out. Not after a resume: what is
    /// out is brought back, and the gate is asked anew.
    Open {
        domain: DomainId,
        more: bool,
    },
    /// The failed-over route. `from`: the domain whose gate was in trouble; none when the plan always fails over.
    Over {
        from: Option<DomainId>,
    },
    /// The pool settles after this domain, or after failing back.
    Settle(Option<DomainId>),
    /// Everybody is upgraded and the pool has settled: its databases are updated.
    Databases,
    Finished,
}

/// Whether a run goes forward.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Course {
    Forward,
    /// Takes nothing more out, brings back what is out, then ends as paused.
    Pausing(PauseWhy),
    /// The same for trouble: what is healthy comes back, what is in trouble stays as it is.
    Stopping,
    Ended(Outcome),
}

/// Why a run pauses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseWhy {
    /// A person or a signal asked for it.
    Asked,
    /// What comes next does not fit the rest of the window any more.
    TooLate,
    /// The window is closed.
    Closed,
}

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Complete,
    Paused(PauseWhy),
    /// It needs a person.
    Stopped,
    /// A person cut it short; what was in flight is in doubt.
    Aborted,
    /// A person ended it for good.
    Abandoned,
}

impl Outcome {
    /// Whether nothing can follow.
    pub fn is_final(self) -> bool {
        matches!(self, Outcome::Complete | Outcome::Abandoned)
    }

    /// In one word, for tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Complete => "complete",
            Outcome::Paused(_) => "paused",
            Outcome::Stopped => "stopped",
            Outcome::Aborted => "aborted",
            Outcome::Abandoned => "abandoned",
        }
    }
}

/// Where the users of the pool are served.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Served {
    /// By the pool itself.
    Here,
    /// A failover was begun and nobody has proved how it ended.
    Unknown,
    /// By the partner, until fail back has succeeded.
    ByPartner,
}

/// The part of a run that is compared and hashed: two runs with the same core have the same future.
#[derive(PartialEq, Eq, Hash, Debug)]
pub(super) struct Core {
    /// By step id.
    pub(super) steps: Vec<StepState>,
    pub(super) phase: Phase,
    pub(super) course: Course,
    /// Front ends that were down before we came and that we have not started since, in order. The pool cannot be
    /// expected to count them as active.
    pub(super) absent: Vec<FrontEndId>,
    /// Front ends that were left out while they were out of service, in order. Their services may run and be counted as
    /// active, and still nobody is sent there: no quorum may lean on them.
    pub(super) left_out: Vec<FrontEndId>,
    /// Front ends with an action before their stop that needs a person, and of which an older try ran and failed: they may
    /// be out though the newest try did not take place. In order.
    pub(super) half_out: Vec<FrontEndId>,
    /// Failed front ends that the plan's tolerance left out.
    pub(super) forgone: u16,
}

impl Clone for Core {
    fn clone(&self) -> Core {
        Core {
            steps: self.steps.clone(),
            absent: self.absent.clone(),
            left_out: self.left_out.clone(),
            half_out: self.half_out.clone(),
            ..*self
        }
    }

    /// Without a new allocation.
    fn clone_from(&mut self, from: &Core) {
        self.steps.clone_from(&from.steps);
        self.absent.clone_from(&from.absent);
        self.left_out.clone_from(&from.left_out);
        self.half_out.clone_from(&from.half_out);
        self.phase = from.phase;
        self.course = from.course;
        self.forgone = from.forgone;
    }
}

/// A timer that a run waits for. `ordinal` tells one wait from the next of the same kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Timer {
    pub step: StepId,
    pub kind: TimerKind,
    pub ordinal: u8,
}

/// What a timer measures. Its length is the plan's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerKind {
    /// The time limit of one try; for a graceful stop, the drain limit.
    Limit,
    /// The pause after a failed try.
    BackOff,
    /// The pause between two looks.
    LookAgain,
    /// The time between two questions of a gate or of a clearance.
    Interval,
    /// How long something watched may take to become good.
    UntilGood,
    /// How long it must stay good.
    StayGood,
    /// The rest between two questions of a watch.
    Rest,
}
