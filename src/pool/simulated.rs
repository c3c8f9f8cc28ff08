//! The embedded pool: a twin on the clock of a run.
//!
//! In a rehearsal it lives and dies with the process. Behind `apply` it is saved whenever something is begun on it,
//! so that a run that was killed finds the pool as it would have gone on by itself meanwhile.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Answered, Ticket};
use crate::plan::{Call, Plan};
use crate::twin::{At, Fault, Setup, Twin};

/// A twin, and when on the run's clock it began.
#[derive(Clone, Debug)]
pub struct SimulatedPool {
    plan: Arc<Plan>,
    origin: Timestamp,
    twin: Twin,
    saved_to: Option<PathBuf>,
}

/// What is written to the run's folder.
#[derive(Serialize)]
struct Saved<'a> {
    origin: Timestamp,
    twin: &'a Twin,
}

#[derive(Deserialize)]
struct Loaded {
    origin: Timestamp,
    twin: Twin,
}

/// The embedded pool's file could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("`{}`", path.display())]
pub struct SaveError {
    pub path: PathBuf,
    #[source]
    pub source: io::Error,
}

impl SimulatedPool {
    /// A pool that begins at `origin` on the clock of the run.
    pub fn new(plan: Arc<Plan>, setup: &Setup, faults: &[Fault], origin: Timestamp) -> SimulatedPool {
        let twin = Twin::new(&plan, setup, faults);
        SimulatedPool { plan, origin, twin, saved_to: None }
    }

    /// Keeps the pool in a file from now on.
    pub fn saved_to(mut self, path: PathBuf) -> SimulatedPool {
        self.saved_to = Some(path);
        self
    }

    /// The pool as a file kept it.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is not one of ours.
    pub fn load(plan: Arc<Plan>, path: &Path) -> Result<SimulatedPool, SaveError> {
        let failed = |source| SaveError { path: path.to_owned(), source };
        let bytes = std::fs::read(path).map_err(failed)?;
        let Loaded { origin, twin } =
            serde_json::from_slice(&bytes).map_err(|error| failed(io::Error::other(error)))?;
        Ok(SimulatedPool { plan, origin, twin, saved_to: Some(path.to_owned()) })
    }

    pub fn twin(&self) -> &Twin {
        &self.twin
    }

    pub(super) fn begin(&mut self, now: Timestamp, ticket: Ticket, call: Call) -> Result<(), SaveError> {
        self.advance(now);
        self.twin.begin(&self.plan, ticket.0, call);
        if matches!(call, Call::Ensure(_)) { self.save(now) } else { Ok(()) }
    }

    pub(super) fn let_go(&mut self, ticket: Ticket) {
        self.twin.let_go(ticket.0);
    }

    pub(super) fn due(&self) -> Option<Timestamp> {
        self.twin.next_at().map(|at| self.on_the_clock(at))
    }

    pub(super) fn take_answer(&mut self, now: Timestamp) -> Option<Answered> {
        self.advance(now);
        let (ticket, answer, facts) = self.twin.take_answer()?;
        Some(Answered { ticket: Ticket(ticket), answer, facts })
    }

    pub(super) fn save(&mut self, now: Timestamp) -> Result<(), SaveError> {
        self.advance(now);
        let Some(path) = &self.saved_to else { return Ok(()) };
        let failed = |source| SaveError { path: path.clone(), source };
        let bytes = serde_json::to_vec(&Saved { origin: self.origin, twin: &self.twin })
            .map_err(|error| failed(io::Error::other(error)))?;
        // Written beside and renamed: a kill leaves the old state or the new one, never half of either. It is a
        // simulation's file, so it need not survive a loss of power, and is not synced.
        let beside = path.with_extension("new");
        std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, path)).map_err(failed)
    }

    /// Lets the pool live up to `now`.
    fn advance(&mut self, now: Timestamp) {
        let millis = now.duration_since(self.origin).as_millis().max(0) as u64;
        let now = At(millis);
        if now > self.twin.now() {
            self.twin.advance(&self.plan, now);
        }
    }

    fn on_the_clock(&self, at: At) -> Timestamp {
        let passed = SignedDuration::from_millis(i64::try_from(at.0).unwrap_or(i64::MAX));
        self.origin.checked_add(passed).unwrap_or(Timestamp::MAX)
    }
}
