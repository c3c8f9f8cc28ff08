//! In which states the things of a pool can be, and what a look at each of them sees.

use serde::{Deserialize, Serialize};

use crate::plan::Observation;

/// The state of a front end's services, taken together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Services {
    /// All of them run.
    #[default]
    Running,
    /// They run, refuse new connections and wait for the existing ones to end.
    Draining,
    /// They are stopping.
    Stopping,
    /// Some run, some do not, and nothing goes on.
    Partly,
    /// None of them runs.
    Stopped,
    /// StartPending.
    Starting,
}

impl Services {
    /// What a look at a stop finds. Services that are starting are not stopped, and the front end is out: that is the answer for
    /// a half stopped one.
    pub fn stop_seen(self) -> Observation {
        match self {
            Services::Running => Observation::NotDone,
            Services::Draining | Services::Stopping => Observation::Underway,
            Services::Partly | Services::Starting => Observation::Partly,
            Services::Stopped => Observation::Done,
        }
    }

    /// What a look at a start finds.
    pub fn start_seen(self) -> Observation {
        match self {
            Services::Running => Observation::Done,
            Services::Starting => Observation::Underway,
            Services::Draining | Services::Stopping | Services::Partly | Services::Stopped => {
                Observation::NotDone
            }
        }
    }
}

/// The state of a front end's computer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Computer {
    #[default]
    Up,
    /// It is restarting because it was told to, and may never return.
    Rebooting,
    /// It died.
    Down,
}

/// The state of the pool as its registrar has it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PoolState {
    #[default]
    Active,
    /// It still serves, until the partner does. It stays here when a failover ended half way.
    FailingOver,
    /// The partner serves.
    FailedOver,
    /// The partner serves no more and no front end does yet.
    FailingBack,
}

impl PoolState {
    /// Whether front ends serve users in this state.
    pub fn serves(self) -> bool {
        matches!(self, PoolState::Active | PoolState::FailingOver)
    }

    /// What a look at failing over finds.
    pub fn fail_over_seen(self) -> Observation {
        match self {
            PoolState::Active => Observation::NotDone,
            // One that ended half way looks no different: the pool says FailingOver, for ever.
            PoolState::FailingOver => Observation::Underway,
            PoolState::FailingBack => Observation::Unknown,
            PoolState::FailedOver => Observation::Done,
        }
    }

    /// What a look at failing back finds.
    pub fn fail_back_seen(self) -> Observation {
        match self {
            PoolState::Active => Observation::Done,
            PoolState::FailingBack => Observation::Underway,
            PoolState::FailedOver => Observation::NotDone,
            PoolState::FailingOver => Observation::Unknown,
        }
    }
}

/// The databases of the pool.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Databases {
    /// Of the version before the upgrade.
    #[default]
    Old,
    /// They are being updated.
    Updating,
    /// Of the version that the upgraded front ends expect.
    Updated,
}

impl Databases {
    /// What a look at updating them finds.
    pub fn seen(self) -> Observation {
        match self {
            Databases::Old => Observation::NotDone,
            Databases::Updating => Observation::Underway,
            Databases::Updated => Observation::Done,
        }
    }
}
