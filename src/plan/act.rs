//! What can be ensured of a pool, and what can be asked of it: the vocabulary that the graph, the machine, the
//! twin and the drivers share. An act names a state to be reached, never a command to be run.

use serde::{Deserialize, Serialize};

use super::{DomainId, FrontEndId, Mode};

/// A state that a driver can be told to ensure. Ensuring it twice is harmless.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// The services of the front end are stopped.
    Stop { front_end: FrontEndId, mode: Mode },
    /// The action has been carried out on the front end.
    Perform { front_end: FrontEndId, moment: Moment, index: u8 },
    /// The computer has booted since the act began (or needs no boot, where the plan restarts services alone).
    Restart { front_end: FrontEndId },
    /// The services of the front end are started.
    Start { front_end: FrontEndId },
    /// The pool is failed over to its partner.
    FailOver,
    /// The pool is failed back from its partner.
    FailBack,
    /// The databases of the pool have the version that its upgraded software expects.
    UpdateDatabases,
}

impl Act {
    /// The front end that the act changes; the pool acts change all of them.
    pub fn front_end(self) -> Option<FrontEndId> {
        match self {
            Act::Stop { front_end, .. }
            | Act::Perform { front_end, .. }
            | Act::Restart { front_end }
            | Act::Start { front_end } => Some(front_end),
            Act::FailOver | Act::FailBack | Act::UpdateDatabases => None,
        }
    }

    /// The same act regardless of the mode of a stop: what a look asks about, and what a fault is aimed at.
    pub fn subject(self) -> Act {
        match self {
            Act::Stop { front_end, .. } => Act::Stop { front_end, mode: Mode::Graceful },
            other => other,
        }
    }
}

/// When an action of the plan takes place on a front end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Before its services are stopped: out of the load balancer, into maintenance mode.
    BeforeStop,
    /// While they are stopped: the upgrade itself.
    Upgrade,
    /// After it was accepted: back into the load balancer.
    AfterAccept,
}

impl Moment {
    /// The word with which the names of its steps and of their marks begin.
    pub fn word(self) -> &'static str {
        match self {
            Moment::BeforeStop => "before_stop",
            Moment::Upgrade => "upgrade",
            Moment::AfterAccept => "after_accept",
        }
    }
}

/// A question to the pool. It changes nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// The version and the activity of one front end.
    FrontEnd { front_end: FrontEndId },
    /// Is the partner healthy, and can it take the pool over?
    Partner,
    /// Is the pool ready to lose this domain? Asked through `observer`; the last settling has no domain.
    Readiness { domain: Option<DomainId>, observer: FrontEndId },
    /// Which front ends are active? Asked through `observer`.
    Count { observer: FrontEndId },
    /// Has the act taken place?
    Look { act: Act },
    /// Are the services of this front end, whose turn to be upgraded has come, still stopped?
    StillStopped { front_end: FrontEndId },
    /// Does this front end, judged alone, accept connections, at the version planned?
    Acceptance { front_end: FrontEndId },
}

/// What a driver is called to do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    Ensure(Act),
    Ask(Question),
}
