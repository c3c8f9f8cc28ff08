//! Instants and lengths of a twin's own time.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// An instant: milliseconds since the twin began.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct At(pub u64);

impl At {
    /// The instant at which the twin begins.
    pub const ZERO: At = At(0);

    /// The instant so many milliseconds later; the last one there is, past the end of time.
    #[must_use]
    pub fn after(self, millis: u64) -> At {
        At(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this; none if it is not earlier.
    pub fn since(self, earlier: At) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The time since the twin began.
    pub fn elapsed(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl From<Duration> for At {
    fn from(elapsed: Duration) -> At {
        At(millis(elapsed))
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::plan::Length::from(self.elapsed()).fmt(f)
    }
}

/// A duration in milliseconds. Cheaper than `Duration::as_millis`, whose answer has 128 bits.
pub(super) fn millis(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1000).saturating_add(u64::from(duration.subsec_millis()))
}
