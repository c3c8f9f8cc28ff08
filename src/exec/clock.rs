//! Clocks: real, faster than real, or virtual. A run never sees one; the shell asks it when a timer is due.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
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
/// `speed` of its seconds pass in each of ours. Kept in the journal, so that a resumed run goes on in the same time.
///
/// A faster time hurries only while a process runs it: an absence passes as ours does. Else a coffee would outlast the
/// window of a plan that is tried at a thousand times its speed.
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

    pub(super) fn is_real(self) -> bool {
        self.speed <= 1 && self.wall == self.origin
    }

    fn speed(self) -> i32 {
        i32::try_from(self.speed.max(1)).unwrap_or(i32::MAX)
    }

    fn at(self, wall: Timestamp) -> Timestamp {
        let passed = wall.duration_since(self.wall);
        passed
            .checked_mul(self.speed())
            .and_then(|passed| self.origin.checked_add(passed).ok())
            .unwrap_or(Timestamp::MAX)
    }

    /// How time goes on from `wall`, after an absence that began when the run's clock showed `last`.
    pub fn after_absence(self, last: Timestamp, wall: Timestamp) -> Pace {
        if self.is_real() {
            return self;
        }
        let ran = last.duration_since(self.origin) / self.speed();
        let away = wall.duration_since(self.wall).saturating_sub(ran).max(SignedDuration::ZERO);
        Pace { wall, origin: last.checked_add(away).unwrap_or(Timestamp::MAX), speed: self.speed }
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

    /// How the wall clock's time becomes the run's; none where time is virtual.
    pub fn pace(&self) -> Option<Pace> {
        match self {
            Clock::Wall(pace) => Some(*pace),
            Clock::Virtual(_) => None,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_faster_time_hurries_only_while_a_process_runs_it() {
        // The pool's clock shows 10000 at our 0; ten of our seconds are 12000 of it.
        let pace = Pace { wall: at(0), origin: at(10_000), speed: 1200 };
        assert_eq!(pace.at(at(10)), at(22_000));
        // Away from our 10 until our 70: a minute, here and there.
        let later = pace.after_absence(at(22_000), at(70));
        assert_eq!(later.at(at(70)), at(22_060));
        assert_eq!(later.at(at(71)), at(23_260));
        // And away again at once.
        assert_eq!(later.after_absence(at(22_060), at(100)).at(at(100)), at(22_090));
    }

    #[test]
    fn an_absence_never_turns_time_back() {
        let pace = Pace { wall: at(0), origin: at(10_000), speed: 10 };
        // The wall clock was set back an hour meanwhile.
        assert_eq!(pace.after_absence(at(11_000), at(-3600)).at(at(-3600)), at(11_000));
    }

    #[test]
    fn a_time_as_fast_as_ours_is_never_moved() {
        let real = Pace::real(at(0));
        assert_eq!(real.after_absence(at(50), at(500)), real);
        // Begun at another hour than ours, it keeps its distance.
        let shifted = Pace { wall: at(0), origin: at(7_000), speed: 1 };
        assert_eq!(shifted.after_absence(at(7_050), at(500)).at(at(600)), shifted.at(at(600)));
    }
}
