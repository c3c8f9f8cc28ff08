//! How a twin begins.

use serde::{Deserialize, Serialize};

use crate::plan::Simulated;

/// What a twin is before anything happens to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Setup {
    /// The seed of everything that varies.
    pub seed: u64,
    /// Percent by which durations vary around the expected ones, either way. With 0 they are the expected ones.
    pub spread: u8,
    /// Sessions on each front end at the start.
    pub sessions: u32,
    /// How many front ends, from the first on, are already at the planned version.
    pub upgraded: u16,
}

impl From<Simulated> for Setup {
    fn from(simulated: Simulated) -> Setup {
        Setup {
            seed: simulated.seed,
            spread: simulated.spread,
            sessions: simulated.sessions,
            upgraded: simulated.upgraded,
        }
    }
}
