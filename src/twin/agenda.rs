//! What happens by itself, and when.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::At;
use crate::plan::FrontEndId;

/// Something that happens by itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Event {
    /// The last session of a draining front end ended.
    Drained(FrontEndId),
    /// The services of a front end have stopped, or as many as will.
    Stopped(FrontEndId),
    /// The services of a front end have come up.
    Started(FrontEndId),
    /// The action that runs on a front end has ended.
    Performed(FrontEndId),
    /// The computer of a front end has booted.
    Booted(FrontEndId),
    /// Failing over has ended.
    FailedOver,
    /// Failing back has ended.
    FailedBack,
    /// The databases have been updated.
    DatabasesUpdated,
    /// The fabric has built all replicas.
    Rebuilt,
    /// The fault begins; its position in the twin's list.
    Fault(u16),
    /// An answer that was held back reaches its caller.
    Answer(u64),
}

/// An event and its instant. Events of one instant happen in the order in which they were entered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(super) struct Due {
    pub(super) at: At,
    entry: u64,
    pub(super) event: Event,
}

/// What is to happen, the next one first. A set rather than a heap, because an entry can be struck out.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Agenda {
    entries: u64,
    due: BTreeSet<Due>,
}

impl Agenda {
    /// Enters an event; what is returned strikes it out again.
    pub(super) fn enter(&mut self, at: At, event: Event) -> Due {
        self.entries += 1;
        let due = Due { at, entry: self.entries, event };
        self.due.insert(due);
        due
    }

    /// Strikes out what was entered, if it has not happened.
    pub(super) fn strike(&mut self, due: Option<Due>) {
        if let Some(due) = due {
            self.due.remove(&due);
        }
    }

    /// The instant of the next event.
    pub(super) fn next_at(&self) -> Option<At> {
        self.due.first().map(|due| due.at)
    }

    /// Takes the next event that is due by `to`.
    pub(super) fn take(&mut self, to: At) -> Option<Due> {
        match self.due.first() {
            Some(due) if due.at <= to => self.due.pop_first(),
            _ => None,
        }
    }
}
