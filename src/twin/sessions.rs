//! Sessions are counts. Everybody who uses the pool has one somewhere: on a front end that drains, or evenly spread
//! over the active ones. A session that ended begins anew on those, so their share grows as fewer are active.

use super::membership::Members;
use super::world::Drain;
use super::{At, Twin};
use crate::plan::FrontEndId;

impl Members {
    /// Sessions on active front ends.
    pub(super) fn on_active(&self) -> u64 {
        if self.active == 0 { 0 } else { self.sessions.saturating_sub(self.draining) }
    }
}

impl Drain {
    /// How many are left: they end evenly over the drain. If it hangs, one in ten stays, and one at least.
    fn left(&self, now: At) -> u64 {
        match self.until {
            Some(until) => {
                let length = until.since(self.since).max(1);
                let share = u128::from(self.sessions) * u128::from(until.since(now)) / u128::from(length);
                share as u64
            }
            None => (self.sessions / 10).max(1).min(self.sessions),
        }
    }
}

impl Twin {
    /// Sessions on a front end that is active; none on another.
    pub(super) fn share(&self, front_end: FrontEndId) -> u64 {
        if !self.books.front_end(front_end).active {
            return 0;
        }
        self.members.on_active() / u64::from(self.members.active.max(1))
    }

    /// Whatever sessions the front end has are lost. How many they were.
    pub(super) fn lose_sessions(&mut self, front_end: FrontEndId) -> u32 {
        let lost = match self.end_drain(front_end) {
            Some(drain) => {
                let left = drain.left(self.now);
                self.books.sessions.finished += drain.sessions - left;
                left
            }
            None => self.share(front_end),
        };
        self.books.sessions.lost += lost;
        u32::try_from(lost).unwrap_or(u32::MAX)
    }

    /// The front end drains no more.
    pub(super) fn end_drain(&mut self, front_end: FrontEndId) -> Option<Drain> {
        let drain = self.lines[front_end.index()].drain.take()?;
        self.members.draining = self.members.draining.saturating_sub(drain.sessions);
        Some(drain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_end_evenly_over_a_drain() {
        let drain = Drain { since: At(100), until: Some(At(1100)), sessions: 400 };
        assert_eq!([100, 350, 1100, 2000].map(|at| drain.left(At(at))), [400, 300, 0, 0]);
        let instant = Drain { since: At(5), until: Some(At(5)), sessions: 400 };
        assert_eq!(instant.left(At(5)), 0);
    }

    #[test]
    fn a_drain_that_hangs_keeps_some() {
        let left = |sessions| Drain { since: At(0), until: None, sessions }.left(At(9_999_999));
        assert_eq!([0, 1, 9, 400].map(left), [0, 1, 1, 40]);
    }
}
