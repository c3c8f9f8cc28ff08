//! Events: the only thing that changes a run, and what its journal holds.

use serde::{Deserialize, Serialize};

use super::{Outcome, Phase, Timer};
use crate::graph::StepId;
use crate::plan::{Act, Answer, DomainId, FrontEndId, Question};

/// What happened, or what was decided: the decision is the event.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    // Decisions: what `decide` returns, and nothing else may append.
    /// A step begins.
    Begin { step: StepId },
    /// The run enters its next phase.
    Enter { phase: Phase },
    /// The domain has nothing to do: all its front ends are where the plan wants them, or skipped.
    Pass { domain: DomainId },
    /// A step needs a person: the run goes no further forward.
    Halt { step: StepId },
    /// A failed front end is left as it is, by the tolerance that the plan grants.
    Forgo { front_end: FrontEndId },
    /// The run ends here.
    End { outcome: Outcome },

    // Answers: what was wanted came.
    /// The pool answered what the step asked or ensured.
    Answered { step: StepId, answer: Answer },
    /// The clock answered whether what the step begins fits the maintenance window.
    Window { step: StepId, answer: WindowAnswer },
    /// A timer is over.
    Elapsed { timer: Timer },
    /// A person approved.
    Approved { step: StepId },

    // Persons.
    /// Pause at the next safe place.
    Pause,
    /// Stop at once.
    Abort,
    /// A process took the run up, after a crash, a pause or a stop.
    Resumed,
    /// A stuck step is to be tried again, after a look.
    Retry { step: StepId },
    /// A front end is left out.
    Skip { front_end: FrontEndId },
    /// A person says how a step in doubt ended.
    Resolve { step: StepId, done: bool },
    /// The run is ended for good.
    Abandon,
}

/// What the clock says of the maintenance window.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowAnswer {
    Fits,
    /// The window is open, and what would begin does not fit what is left of it.
    TooLate,
    Closed,
}

/// Something that should be in flight. Equal wants are the same flight; `attempt` and `ordinal` tell one from the next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Want {
    /// A driver ensures the act.
    Ensure { step: StepId, act: Act, attempt: u8 },
    /// A driver answers the question.
    Ask { step: StepId, question: Question, ordinal: u8 },
    /// The clock answers whether what the step begins fits the window.
    Window { step: StepId },
    /// Time passes.
    Timer(Timer),
    /// A person approves.
    Approval { step: StepId },
}

impl Want {
    pub fn step(self) -> StepId {
        match self {
            Want::Ensure { step, .. }
            | Want::Ask { step, .. }
            | Want::Window { step }
            | Want::Approval { step } => step,
            Want::Timer(timer) => timer.step,
        }
    }
}

/// An event that the run, as it stands, refuses. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{why}")]
pub struct Illegal {
    pub why: &'static str,
}

pub(super) const fn illegal(why: &'static str) -> Illegal {
    Illegal { why }
}
