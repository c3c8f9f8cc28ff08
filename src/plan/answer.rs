//! What a pool can answer. Answers are small and closed: what a driver could not understand is an answer of its
//! own, never a guess. The raw text rides beside, in [`Facts`], for people and for drivers; no decision reads it.

use serde::{Deserialize, Serialize};

use super::FrontEndId;

/// The answer to a [`Call`](super::Call). Which variant belongs to which call is fixed by the call.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Ensured(Result<(), Problem>),
    Looked(Observation),
    /// True when every service is proved stopped; false when one is not, or nobody can tell.
    StillStopped(bool),
    Seen(Seen),
    Readiness(Readiness),
    Counted(Count),
    Partner(PartnerHealth),
    Accepting(Acceptance),
}

/// Why an act did not reach its state.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// It failed, and the same again may succeed.
    Transient,
    /// It failed, and the same again will fail: an installer's exit code that the plan does not list.
    Permanent,
    /// Nobody knows whether it took place: a connection lost, a time-out. The step is in doubt.
    Unknown,
}

/// The answer to a look at an act.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observation {
    Done,
    /// Nothing of it took place. Only this may try again.
    NotDone,
    /// Some services are stopped and some are not, and nothing goes on: the front end is out, and the stop is not proved.
    Partly,
    /// An action ended, and in a failure: the mark that it left says so. Heard of now for the first time, or known.
    Failed {
        /// The same again may succeed.
        transient: bool,
    },
    /// It still goes on: wait and look again.
    Underway,
    /// It cannot be told. After some looks, a person must.
    Unknown,
}

/// What a front end says of itself before the run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Seen {
    pub version: VersionSeen,
    /// Its services accept connections.
    pub active: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VersionSeen {
    /// The version that the plan wants.
    Planned,
    /// Another one.
    Other,
    /// The plan names no version, so nobody looked.
    NotAsked,
    /// It did not answer.
    Unanswered,
}

/// The answer of the pool to "may this domain be taken now?"
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Readiness {
    /// The pool is ready. `domain` is the flag of the domain asked about; `inactive` are the front ends that do
    /// not count as active, in order.
    Ready {
        domain: bool,
        inactive: Vec<FrontEndId>,
    },
    /// It is not ready yet; or it settles and says that it is, and its replicas were seen to move.
    Busy,
    InsufficientActiveFrontEnds,
    /// Nobody answered, or the answer was not understood.
    Unanswered,
}

/// Which front ends are *not* active. A pool is mostly up, so the short list is the one that is kept.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    Inactive(Vec<FrontEndId>),
    Unanswered,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartnerHealth {
    /// It can take the pool over now.
    Healthy,
    /// It cannot: its backup service is not steady, it is being upgraded, it is failed over itself.
    Unhealthy,
    Unanswered,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acceptance {
    Good,
    /// Not (yet): a service is still starting, a port refuses, the version is not the one planned.
    NotYet,
    Unanswered,
}

/// What rides beside an answer. The journal keeps it, people read it, drivers receive it; `decide` never does.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// The answer in words, or as the pool gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The version that was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The exit code of an action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The action asked for a restart of the computer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reboot_needed: bool,
    /// Sessions that ended because a stop did not wait for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions_lost: Option<u32>,
    /// When the computer last booted, as it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_time: Option<String>,
    /// A person said that the failover may lose what was not copied to the partner yet.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub disaster_mode: bool,
    /// A person who took the run up opened its window until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_until: Option<jiff::Timestamp>,
    /// The computer was failed over by this act (`true`), or failed back. Nothing else reports it, so the journal must.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub computer_failed_over: Option<bool>,
}

impl Facts {
    /// Facts that are one sentence.
    pub fn text(text: impl Into<String>) -> Self {
        Facts { text: Some(text.into()), ..Facts::default() }
    }

    /// Nothing rides beside.
    pub fn is_empty(&self) -> bool {
        *self == Facts::default()
    }
}
