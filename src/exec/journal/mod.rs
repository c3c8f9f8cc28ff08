//! The journal of a run: one JSON record a line, chained by hash, durable before any effect.
//!
//! Only the process that holds the lock of the run writes it; anybody may read it meanwhile. A crash can cut the
//! last line short: such bytes after the last newline are a *torn tail*, which [`Journal::open`] cuts off and
//! reports. A complete line that does not fit is *damage*, which nobody repairs silently.
//!
//! Records are kept in memory by [`Journal::append`] and written, all in one piece, by [`Journal::sync`]: one write
//! and one sync serve all records of a turn of the loop.
//!
//! A journal is as long as its run and has no limit of its own; a line has one, [`MAX_LINE`], and is read by itself. So
//! what is no journal costs the reading of one line, however long the file is.

mod error;
mod line;
#[cfg(test)]
mod tests;

pub use error::{JournalError, TornTail};
pub use line::Wrong;

use super::disk::{Disk, LogFile, OsDisk, Syncing};
use super::whole_file::{FileError, is_full};
use jiff::Timestamp;
use line::{Chain, Unwritable};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::{self, BufRead, BufReader, Read};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

/// The longest line, in bytes without its newline.
pub const MAX_LINE: usize = 1 << 20;

/// How many bytes wait for a sync at most; beyond, they are written without one.
const MAX_PENDING: usize = 1 << 16;

/// The name of the reserve, beside the journal.
pub(super) const RESERVE: &str = "reserve";

/// One thing that happened in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record<B> {
    /// Counts from 0, without gaps.
    pub seq: u64,
    /// When it was appended, by the clock of the run.
    pub at: Timestamp,
    pub body: B,
}

/// What a journal held when it was read: whole records only, in order.
#[derive(Debug)]
pub struct History<B> {
    pub records: Vec<Record<B>>,
    /// What a crash left of one more record; in a run that is alive, a record that is just being written.
    pub torn: Option<TornTail>,
}

/// A journal that is open for appending.
///
/// Up to `len` the file holds whole records; `pending` holds the whole records after them.
pub struct Journal<B, D: Disk = OsDisk> {
    disk: D,
    file: D::File,
    path: PathBuf,
    chain: Chain,
    next: u64,
    len: u64,
    pending: Vec<u8>,
    /// A write failed and part of it may stand after `len`: cut it off before the next write.
    ragged: bool,
    /// Something was written, or may have been by an earlier process, since the last sync.
    dirty: bool,
    /// A sync failed: what the system then still holds in memory cannot be told from what is on disk.
    closed: bool,
    reserve: Option<PathBuf>,
    body: PhantomData<fn(B)>,
}

impl<B: Serialize + DeserializeOwned> Journal<B> {
    /// A new, empty journal for `run`; see [`Journal::create_on`].
    pub fn create(path: &Path, run: &str) -> Result<Self, JournalError> {
        Self::create_on(OsDisk, path, run)
    }

    /// The journal of `run` and what it holds; see [`Journal::open_on`].
    pub fn open(path: &Path, run: &str) -> Result<(Self, History<B>), JournalError> {
        Self::open_on(OsDisk, path, run)
    }
}

/// The records of the journal of `run`. Changes nothing, so it may be asked while the run is alive.
///
/// Errors: as [`Journal::open_on`].
pub fn read<B: DeserializeOwned>(path: &Path, run: &str) -> Result<History<B>, JournalError> {
    history(&OsDisk, path, run).map(|(history, ..)| history)
}

impl<B: Serialize + DeserializeOwned, D: Disk> Journal<B, D> {
    /// A new, empty journal for `run`, its name durable.
    ///
    /// Errors: `Exists`, `File`.
    pub fn create_on(disk: D, path: &Path, run: &str) -> Result<Self, JournalError> {
        let file = disk.create(path).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => JournalError::Exists(path.to_owned()),
            _ => FileError::of("create", path)(source).into(),
        })?;
        Ok(Self::over(disk, file, path, Chain::genesis(run), 0, 0))
    }

    /// The journal of `run`, and every record that it holds; a torn tail is cut off for good.
    ///
    /// An empty file, or one with nothing but a torn first record, is a run in which nothing has happened yet.
    ///
    /// Errors: `Absent`, `File`, `Damaged` (then the file is as it was), `Write` and `Sync` of the cut.
    pub fn open_on(disk: D, path: &Path, run: &str) -> Result<(Self, History<B>), JournalError> {
        let (history, chain, len) = history(&disk, path, run)?;
        let file = disk.open(path).map_err(FileError::of("open", path))?;
        let mut journal = Self::over(disk, file, path, chain, history.records.len() as u64, len);
        journal.ragged = history.torn.is_some();
        // An earlier process may have died before its sync: what we have read is not durable until ours.
        journal.dirty = true;
        let reserve = path.with_file_name(RESERVE);
        journal.reserve = journal.disk.len(&reserve).is_ok().then_some(reserve);
        if history.torn.is_some() {
            journal.trim().map_err(|source| JournalError::Write { path: path.to_owned(), source })?;
            journal.sync()?;
        }
        Ok((journal, history))
    }

    /// Adds a record and says its number. It is durable, and others see it, only after [`Journal::sync`].
    ///
    /// Errors: `TooLong`, `Encode`, `Closed`; when much is pending also those of a write. After any of them the
    /// journal is as it was.
    pub fn append(&mut self, at: Timestamp, body: &B) -> Result<u64, JournalError> {
        if self.closed {
            return Err(JournalError::Closed(self.path.clone()));
        }
        if self.pending.len() > MAX_PENDING {
            self.write()?;
        }
        let record = Record { seq: self.next, at, body };
        self.chain = line::encode(&mut self.pending, self.chain, &record).map_err(|error| match error {
            Unwritable::TooLong(bytes) => JournalError::TooLong(bytes),
            Unwritable::Encode(error) => JournalError::Encode(error),
        })?;
        self.next += 1;
        Ok(record.seq)
    }

    /// Returns when every record appended so far survives a loss of power. Costs nothing when nothing is new.
    ///
    /// Errors: `NoRoom` and `Write` leave the records in memory, in order, and the next call tries again; `Sync`
    /// closes the journal, and from then on everything is refused with `Closed`.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        if !self.needs_sync()? {
            return Ok(());
        }
        let synced = self.file.sync();
        self.synced(synced)
    }

    /// Returns when every record appended so far outlives this process. A sync that can be made on another thread is returned, to
    /// be called there; [`Journal::synced`] is told what came of it before anything more is appended. Without one everything survives a loss of
    /// power by now.
    ///
    /// Errors: as [`Journal::sync`].
    pub fn sync_beside(&mut self) -> Result<Option<Syncing>, JournalError> {
        if !self.needs_sync()? {
            return Ok(None);
        }
        let elsewhere = self.file.sync_elsewhere();
        if elsewhere.is_none() {
            self.sync()?;
        }
        Ok(elsewhere)
    }

    /// What came of a sync that was made elsewhere.
    ///
    /// Errors: `Sync`, which closes the journal.
    pub fn synced(&mut self, synced: io::Result<()>) -> Result<(), JournalError> {
        // After a failed sync the system may drop what it could not write and report success the next time.
        synced.map_err(|source| {
            self.closed = true;
            JournalError::Sync { path: self.path.clone(), source }
        })?;
        self.dirty = false;
        Ok(())
    }

    /// Writes what is pending. Whether anything that was written is not durable yet.
    fn needs_sync(&mut self) -> Result<bool, JournalError> {
        if self.closed {
            return Err(JournalError::Closed(self.path.clone()));
        }
        self.write()?;
        Ok(self.dirty)
    }

    /// Sets `bytes` of the disk aside, in a file beside the journal, for the records that end a run: when the disk
    /// is full the journal gives them up and goes on. A reserve that is already there and long enough is kept.
    ///
    /// Errors: `NoRoom`, `File`.
    pub fn reserve(&mut self, bytes: u64) -> Result<(), JournalError> {
        let path = self.path.with_file_name(RESERVE);
        if !self.disk.len(&path).is_ok_and(|len| len >= bytes) {
            self.reserve = None;
            self.disk.write(&path, &filling(bytes)).map_err(|source| match source.kind() {
                kind if is_full(kind) => JournalError::NoRoom { path: path.clone(), source },
                _ => FileError::of("write", &path)(source).into(),
            })?;
        }
        self.reserve = Some(path);
        Ok(())
    }

    /// Whether the reserve is still there. When it has been spent, the run should come to its end soon.
    pub fn has_reserve(&self) -> bool {
        self.reserve.is_some()
    }

    /// Gives the reserve back: at the end of a run, or because the disk is full. Says whether there was one.
    pub fn release_reserve(&mut self) -> bool {
        self.reserve.take().is_some_and(|path| self.disk.remove(&path).is_ok())
    }

    /// How many records the journal has, durable or not.
    pub fn records(&self) -> u64 {
        self.next
    }

    /// Where the journal is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn over(disk: D, file: D::File, path: &Path, chain: Chain, next: u64, len: u64) -> Self {
        let path = path.to_owned();
        let (ragged, dirty, closed) = (false, false, false);
        let (pending, reserve, body) = (Vec::new(), None, PhantomData);
        Self { disk, file, path, chain, next, len, pending, ragged, dirty, closed, reserve, body }
    }

    /// Moves what is pending to the file, without a sync.
    fn write(&mut self) -> Result<(), JournalError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let mut written = self.write_once();
        if written.as_ref().is_err_and(|error| is_full(error.kind())) && self.release_reserve() {
            written = self.write_once();
        }
        written.map_err(|source| {
            let path = self.path.clone();
            match source.kind() {
                kind if is_full(kind) => JournalError::NoRoom { path, source },
                _ => JournalError::Write { path, source },
            }
        })
    }

    fn write_once(&mut self) -> io::Result<()> {
        self.trim()?;
        self.ragged = true;
        if let Err(error) = self.file.append(&self.pending) {
            // At once, so that a reader does not meet the stump; if this fails too, before the next write.
            let _ = self.trim();
            return Err(error);
        }
        self.ragged = false;
        self.dirty = true;
        self.len += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }

    fn trim(&mut self) -> io::Result<()> {
        if self.ragged {
            self.file.truncate(self.len)?;
            self.ragged = false;
        }
        Ok(())
    }
}

/// The records of a journal, the link after the last of them, and the length of the whole lines.
fn history<B: DeserializeOwned>(
    disk: &impl Disk,
    path: &Path,
    run: &str,
) -> Result<(History<B>, Chain, u64), JournalError> {
    let unread = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => JournalError::Absent(path.to_owned()),
        _ => FileError::of("read", path)(source).into(),
    };
    let mut file = BufReader::with_capacity(MAX_PENDING, disk.read(path).map_err(unread)?);
    let mut records = Vec::new();
    let mut chain = Chain::genesis(run);
    let (mut offset, mut bytes) = (0, Vec::new());
    loop {
        bytes.clear();
        // The longest line with its newline, and a byte more.
        file.by_ref().take(MAX_LINE as u64 + 2).read_until(b'\n', &mut bytes).map_err(unread)?;
        let line = records.len() as u64 + 1;
        let damaged = |source| JournalError::Damaged { path: path.to_owned(), line, offset, source };
        let whole = match bytes.strip_suffix(b"\n") {
            Some(whole) => whole,
            // A crash cuts a line short; it does not make it longer than any line can be.
            None if bytes.len() > MAX_LINE => return Err(damaged(Wrong::TooLong)),
            None => {
                let tail = TornTail { offset, bytes: bytes.len() as u64, line };
                let torn = (!bytes.is_empty()).then_some(tail);
                return Ok((History { records, torn }, chain, offset));
            }
        };
        let (record, next) = line::decode(whole, chain, line - 1).map_err(damaged)?;
        records.push(record);
        chain = next;
        offset += bytes.len() as u64;
    }
}

/// Bytes that no file system stores as a hole or compresses: a reserve that takes no room is none.
fn filling(len: u64) -> Vec<u8> {
    let blocks = len.div_ceil(32);
    let mut bytes: Vec<u8> = (0..blocks).flat_map(|block| Sha256::digest(block.to_le_bytes())).collect();
    bytes.truncate(usize::try_from(len).unwrap_or(usize::MAX));
    bytes
}
