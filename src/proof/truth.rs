//! What the invariants ask of a world: its books, whoever keeps them.
//!
//! Two worlds stand behind this. A rehearsal's is the twin, with a clock ([`TwinTruth`]). A proof's has no clock and
//! leaves open what nobody has looked at yet ([`World`](super::World)); what is open counts against the run.

use std::time::Duration;

use crate::graph::StepGraph;
use crate::plan::{Act, Count, DomainId, FrontEndId, Moment, Readiness};
use crate::twin::{At, Books, PoolState};

/// The truth about a pool, as far as a promise depends on it.
pub trait Truth {
    /// Front ends that we took out and that are not back, in order.
    fn taken_out(&self) -> impl Iterator<Item = FrontEndId>;
    /// Front ends that do not accept connections, in order.
    fn inactive(&self) -> impl Iterator<Item = FrontEndId>;
    /// It accepts connections.
    fn accepts(&self, front_end: FrontEndId) -> bool;
    /// It died by itself and is not back.
    fn is_dead(&self, front_end: FrontEndId) -> bool;
    /// The front ends that died by themselves since the last look.
    fn died(&self) -> impl Iterator<Item = FrontEndId>;
    /// Every action of the upgrade is done and no restart is owed.
    fn is_upgraded(&self, front_end: FrontEndId) -> bool;
    /// An action began, was cut off, and was not done since.
    fn is_cut_off(&self, front_end: FrontEndId, moment: Moment, index: u8) -> bool;
    fn pool(&self) -> PoolState;
    /// Failing over ended half way, and nothing goes on.
    fn is_half_way(&self) -> bool;
    fn failovers_succeeded(&self) -> u16;
    /// The acts that began since the last look, in order.
    fn begun(&self) -> impl Iterator<Item = Act>;
    fn misdeeds(&self) -> Misdeeds;
    /// The newest answer about readiness.
    fn readiness(&self) -> Option<ReadinessGiven>;
    /// The front ends that the newest count found inactive; `None` when nobody was counted.
    fn counted_inactive(&self, into: &mut Vec<FrontEndId>) -> Option<()>;
    /// Whether nobody but this front end was taken out since the newest count was asked.
    fn is_count_fresh(&self, but: FrontEndId) -> bool;
    /// Whether nothing of ours has begun on a front end for so long.
    fn is_quiet_for(&self, length: Duration) -> bool;
    /// Whether the window is open, and for so long.
    fn fits_window(&self, needed: Duration) -> bool;
}

/// What must never have happened: how often it did.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Misdeeds {
    /// Upgrade actions that began on services which were not stopped.
    pub upgraded_unstopped: u16,
    /// Starts and restarts that began while an upgrade action was underway.
    pub started_unfinished: u16,
    /// Upgrade actions that were begun while one was underway.
    pub upgraded_twice: u16,
}

/// An answer about readiness.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReadinessGiven {
    pub domain: Option<DomainId>,
    /// The pool is ready and the flag of the domain is true.
    pub ready: bool,
    /// Nothing of ours began since it was asked.
    pub fresh: bool,
}

/// How much of a twin's books had been written at the last look.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    pub begun: usize,
    pub deaths: usize,
}

/// The books of a twin, at one moment.
#[derive(Clone, Copy, Debug)]
pub struct TwinTruth<'a> {
    pub graph: &'a StepGraph,
    pub books: &'a Books,
    pub seen: Seen,
    /// The twin's time.
    pub now: At,
    /// When the twin's time began, for what needs the calendar.
    pub origin: jiff::Timestamp,
}

impl Truth for TwinTruth<'_> {
    fn taken_out(&self) -> impl Iterator<Item = FrontEndId> {
        self.books.taken_out().iter().copied()
    }

    fn inactive(&self) -> impl Iterator<Item = FrontEndId> {
        self.books.inactive().iter().copied()
    }

    fn accepts(&self, front_end: FrontEndId) -> bool {
        self.books.front_end(front_end).accepting()
    }

    fn is_dead(&self, front_end: FrontEndId) -> bool {
        self.books.front_end(front_end).dead()
    }

    fn died(&self) -> impl Iterator<Item = FrontEndId> {
        self.books.deaths().iter().skip(self.seen.deaths).copied()
    }

    fn is_upgraded(&self, front_end: FrontEndId) -> bool {
        self.books.front_end(front_end).at_planned_version()
    }

    fn is_cut_off(&self, front_end: FrontEndId, moment: Moment, index: u8) -> bool {
        let book = self.books.front_end(front_end);
        book.cut_off(moment, index) && !book.done(moment, index)
    }

    fn pool(&self) -> PoolState {
        self.books.pool()
    }

    fn is_half_way(&self) -> bool {
        self.books.half_way()
    }

    fn failovers_succeeded(&self) -> u16 {
        self.books.failovers_succeeded()
    }

    fn begun(&self) -> impl Iterator<Item = Act> {
        self.books.begun().iter().skip(self.seen.begun).map(|(_, act)| *act)
    }

    fn misdeeds(&self) -> Misdeeds {
        Misdeeds {
            upgraded_unstopped: self.books.upgraded_unstopped(),
            started_unfinished: self.books.started_unfinished(),
            upgraded_twice: self.books.upgraded_twice(),
        }
    }

    fn readiness(&self) -> Option<ReadinessGiven> {
        self.books.last_readiness().map(|asked| ReadinessGiven {
            domain: asked.domain,
            ready: matches!(asked.answer, Readiness::Ready { domain: true, .. }),
            fresh: asked.changes == self.books.changes(),
        })
    }

    fn counted_inactive(&self, into: &mut Vec<FrontEndId>) -> Option<()> {
        match &self.books.last_count()?.answer {
            Count::Unanswered => None,
            Count::Inactive(inactive) => {
                into.extend_from_slice(inactive);
                Some(())
            }
        }
    }

    fn is_count_fresh(&self, but: FrontEndId) -> bool {
        self.books.last_count().is_some_and(|asked| {
            let since = usize::try_from(asked.takings).unwrap_or(usize::MAX);
            let takings = self.books.takings().get(since..);
            takings.is_some_and(|takings| takings.iter().all(|taken| *taken == but))
        })
    }

    fn is_quiet_for(&self, length: Duration) -> bool {
        // Failing over that did not take place has changed nothing.
        let last = self.books.begun().iter().rev().find(|(_, act)| act.front_end().is_some());
        let quiet = last.map_or(u64::MAX, |(at, _)| self.now.since(*at));
        u128::from(quiet) >= length.as_millis()
    }

    fn fits_window(&self, needed: Duration) -> bool {
        let Some(window) = self.graph.plan().window() else { return true };
        let passed = jiff::SignedDuration::from_millis(i64::try_from(self.now.0).unwrap_or(i64::MAX));
        let now = self.origin.checked_add(passed).unwrap_or(jiff::Timestamp::MAX);
        let left = window.end.duration_since(now);
        now >= window.start && now < window.end && left.unsigned_abs() >= needed
    }
}

/// The front end that an act takes out of service.
pub(super) fn takes_out(act: Act) -> Option<FrontEndId> {
    match act {
        Act::Stop { front_end, .. } | Act::Perform { front_end, moment: Moment::BeforeStop, .. } => {
            Some(front_end)
        }
        _ => None,
    }
}
