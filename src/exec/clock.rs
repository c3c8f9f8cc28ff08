//! Clocks: real, faster than real, or virtual. A run never sees one; the shell asks it when a timer is due.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The longest sleep in one piece. A computer that sleeps, or a wall clock that is set, is noticed this soon,
/// and a request in the run's folder is seen within a second.
const LONGEST_SLEEP: Duration = Duration::from_millis(500);

/// Where the time of a run comes from.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The wall clock, or a pace of it.
    Wall(Pace),
    /// Time that passes only when somebody waits for it: it jumps to the next moment at which something is due.
    Virtual(Timestamp),
}

/// How the time of a run passes beside the wall clock's: when that showed `wall` the run's showed `origin`, and
/// `speed` of its seconds pass in each of ours. Kept in the journal's first record, so that a resumed run goes on in the
/// same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    pub wall: Timestamp,
    pub origin: Timestamp,
    pub speed: u32,
}

impl Pace {
    /// The wall clock itself.
    pub fn real(now: Timestamp) -> Pace {
        Pace { wall: now, origin: now, speed: 1 }
    }

    fn is_real(self) -> bool {
        self.speed <= 1 && self.wall == self.origin
    }

    fn at(self, wall: Timestamp) -> Timestamp {
        let passed = wall.duration_since(self.wall);
        passed
            .checked_mul(self.speed.max(1) as i32)
            .and_then(|passed| self.origin.checked_add(passed).ok())
            .unwrap_or(Timestamp::MAX)
    }
}

impl Clock {
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::Wall(pace) if pace.is_real() => Timestamp::now(),
            Clock::Wall(pace) => pace.at(Timestamp::now()),
            Clock::Virtual(now) => *now,
        }
    }

    /// Waits until the clock may show `due`. It can return early: the caller looks at the clock again.
    pub async fn toward(&mut self, due: Option<Timestamp>) {
        match self {
            Clock::Wall(pace) => {
                let (pace, now) = (*pace, self.now());
                let wait = due.map_or(LONGEST_SLEEP, |due| {
                    let left = Duration::try_from(due.duration_since(now)).unwrap_or_default();
                    // Rounded up: waking a moment too early would only turn the loop once more.
                    (left / pace.speed.max(1) + Duration::from_micros(200)).min(LONGEST_SLEEP)
                });
                tokio::time::sleep(wait).await;
            }
            Clock::Virtual(now) => match due {
                Some(due) => *now = due.max(*now),
                // Nothing will ever be due: the caller finds that nobody answers.
                None => std::future::pending().await,
            },
        }
    }
}
