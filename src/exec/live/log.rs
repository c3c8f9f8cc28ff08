//! The journal of a run as the log of its shell.

use std::io;
use std::path::Path;

use jiff::Timestamp;

use crate::exec::disk::Syncing;
use crate::exec::journal::{Journal, JournalError};
use crate::exec::lock::RunLock;
use crate::exec::record::{Entry, Log, LogError};

/// Room on the disk that a run takes before it begins, so that a full disk cannot strand a front end: a few hundred
/// records, more than bringing the front ends of a domain back and ending the run needs.
const RESERVE: u64 = 256 * 1024;

/// The journal of a run as the shell's log, and the lock without which nobody may write it.
pub struct JournalLog(Journal<Entry<'static>>, RunLock);

/// Somebody removed the lock of the run, so that another process may have taken it.
#[derive(Debug, thiserror::Error)]
#[error("the lock of the run was removed, and another process may run it now")]
struct LockLost;

impl JournalLog {
    pub(super) fn new(journal: Journal<Entry<'static>>, lock: RunLock) -> JournalLog {
        JournalLog(journal, lock)
    }

    /// Sets space aside for the end of the run.
    pub(super) fn reserve(&mut self) -> Result<(), JournalError> {
        self.0.reserve(RESERVE)
    }

    /// Gives it back: nothing more is written.
    pub(super) fn release_reserve(&mut self) {
        self.0.release_reserve();
    }

    fn is_ours(&self) -> Result<(), LogError> {
        if self.1.is_ours() {
            return Ok(());
        }
        let help = "see that nothing removes files of `.poolroll`; look at the run with `poolroll status`";
        Err(LogError { source: Box::new(LockLost), help: help.to_owned() })
    }

    /// Where the journal is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Log for JournalLog {
    fn append(&mut self, at: Timestamp, entry: &Entry<'_>) -> Result<(), LogError> {
        self.0.append(at, &entry.to_static()).map(|_| ()).map_err(failed)
    }

    fn sync(&mut self) -> Result<(), LogError> {
        self.is_ours()?;
        self.0.sync().map_err(failed)
    }

    fn sync_beside(&mut self) -> Result<Option<Syncing>, LogError> {
        self.is_ours()?;
        self.0.sync_beside().map_err(failed)
    }

    fn synced(&mut self, synced: io::Result<()>) -> Result<(), LogError> {
        self.0.synced(synced).map_err(failed)
    }

    fn is_short(&self) -> bool {
        !self.0.has_reserve()
    }
}

fn failed(error: JournalError) -> LogError {
    let help = error.help();
    LogError { source: Box::new(error), help }
}
