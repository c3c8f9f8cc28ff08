//! The embedded pool: a twin on the clock of a run.
//!
//! In a rehearsal it lives and dies with the process. Behind `apply` it is saved whenever something is begun on it,
//! so that a run that was killed finds the pool as it would have gone on by itself meanwhile.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

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
    note: Option<String>,
    /// It was said once that the file cannot be written.
    noted: bool,
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

/// How long the sum before the state is: 32 digits and the end of the line.
const SUM: usize = 33;

/// The longest state that is read, in bytes: 256 MiB. That of 20,000 front ends on which everything was begun once has some
/// twenty.
const MAX_STATE: u64 = 256 << 20;

/// The file that was kept, if it is one: a pipe in its place would be waited for.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(damaged());
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_STATE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_STATE { Err(damaged()) } else { Ok(bytes) }
}

fn sum_of(state: &[u8]) -> String {
    let hex: String = Sha256::digest(state).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    hex + "\n"
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it was changed since it was written")
}

impl SimulatedPool {
    /// A pool that begins at `origin` on the clock of the run.
    pub fn new(plan: Arc<Plan>, setup: &Setup, faults: &[Fault], origin: Timestamp) -> SimulatedPool {
        let twin = Twin::new(&plan, setup, faults);
        SimulatedPool { plan, origin, twin, saved_to: None, note: None, noted: false }
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
        let bytes = read(path).map_err(failed)?;
        // The twin trusts its own state, so what was changed by hand is refused here.
        let (sum, state) = bytes.split_at_checked(SUM).ok_or_else(|| failed(damaged()))?;
        if sum != sum_of(state).as_bytes() {
            return Err(failed(damaged()));
        }
        let Loaded { origin, twin } =
            serde_json::from_slice(state).map_err(|error| failed(io::Error::other(error)))?;
        Ok(SimulatedPool { plan, origin, twin, saved_to: Some(path.to_owned()), note: None, noted: false })
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub fn twin(&self) -> &Twin {
        &self.twin
    }

    pub(super) fn begin(&mut self, now: Timestamp, ticket: Ticket, call: Call) {
        self.advance(now);
        self.twin.begin(&self.plan, ticket.0, call);
        if matches!(call, Call::Ensure(_)) {
            self.keep(now);
        }
    }

    /// Saves, and where that is impossible goes on: a run on a real pool would, and only a run that is killed before the
    /// next save finds another pool.
    pub(super) fn keep(&mut self, now: Timestamp) {
        match self.save(now) {
            Ok(()) => self.noted = false,
            Err(error) if !self.noted => {
                self.noted = true;
                let SaveError { path, source } = error;
                self.note = Some(format!("cannot save the simulated pool in `{}`: {source}", path.display()));
            }
            Err(_) => {}
        }
    }

    pub(super) fn take_note(&mut self) -> Option<String> {
        self.note.take()
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

    /// Writes the pool down.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn save(&mut self, now: Timestamp) -> Result<(), SaveError> {
        self.advance(now);
        let Some(path) = &self.saved_to else { return Ok(()) };
        let failed = |source| SaveError { path: path.clone(), source };
        let state = serde_json::to_vec(&Saved { origin: self.origin, twin: &self.twin })
            .map_err(|error| failed(io::Error::other(error)))?;
        let bytes = [sum_of(&state).as_bytes(), &state].concat();
        // Written beside and renamed: a kill leaves the old state or the new one, never half of either. It is a
        // simulation's file, so it need not survive a loss of power, and is not synced.
        let beside = path.with_extension("new");
        std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, path)).map_err(failed)
    }

    /// How far the pool has lived.
    pub fn lived_until(&self) -> Timestamp {
        self.on_the_clock(self.twin.now())
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
