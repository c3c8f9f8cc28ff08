//! Since when the run has waited for what it waits for.
//!
//! A run has no clock, so the shell remembers at which record a timer or an approval was first wanted. That is a
//! fact of the journal: folding it again gives the same moments, and so a back-off or a drain limit goes on
//! counting through a crash.

use jiff::Timestamp;

use crate::run::{Want, Wanted};

/// When a want was first wanted without a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    pub want: Want,
    pub at: Timestamp,
    /// The number of the record after which it was first wanted.
    pub record: u64,
}

/// The timers and approvals that are wanted now, in the order of wants.
#[derive(Clone, Debug, Default)]
pub struct Waits {
    waits: Vec<Since>,
    spare: Vec<Since>,
}

impl Waits {
    /// Follows what is wanted after a record.
    pub fn follow(&mut self, wanted: &Wanted, at: Timestamp, record: u64) {
        self.spare.clear();
        let mut old = self.waits.iter().peekable();
        for want in wanted.iter().filter(|want| matches!(want, Want::Timer(_) | Want::Approval { .. })) {
            while old.next_if(|since| since.want < want).is_some() {}
            let since = match old.next_if(|since| since.want == want) {
                Some(since) => *since,
                None => Since { want, at, record },
            };
            self.spare.push(since);
        }
        std::mem::swap(&mut self.waits, &mut self.spare);
    }

    /// The clock shows `now`: nothing has been waited for since later than that. If the wall clock was set back, a wait
    /// counts from here and lasts at most its full length.
    pub fn not_after(&mut self, now: Timestamp) {
        for since in &mut self.waits {
            since.at = since.at.min(now);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Since> {
        self.waits.iter()
    }

    pub fn since(&self, want: Want) -> Option<&Since> {
        self.waits.iter().find(|since| since.want == want)
    }
}
