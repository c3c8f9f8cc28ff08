//! The lock that says a process is alive and runs this run.
//!
//! The operating system holds it, so it ends with the process, however that ends.

use super::os;
use super::whole_file::{self, FileError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// The file that is locked, and the one that says by whom, in the folder of a run. They are two because Windows
/// lets nobody read a file that another process has locked.
const LOCK: &str = "lock";
const HOLDER: &str = "holder.json";
/// The longest file of a holder that is read, in bytes: a number, a time and two names.
const MAX_HOLDER: u64 = 1 << 16;

/// A look at the lock takes it for an instant: who wants it tries for a fifth of a second.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(20);

/// The process that runs a run, for people to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub pid: u32,
    pub user: String,
    pub host: String,
    pub since: Timestamp,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} of {} on {} since {}", self.pid, self.user, self.host, self.since)
    }
}

/// Proof that this process, and no other, runs the run of a folder; given back when dropped.
#[derive(Debug)]
pub struct RunLock {
    file: File,
    path: PathBuf,
    holder: PathBuf,
}

impl RunLock {
    /// Whether the file that is locked is still the one that others would lock. If somebody removed it, they can, and two
    /// processes would write one journal.
    pub fn is_ours(&self) -> bool {
        os::is_same_file(&self.file, &self.path)
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // While the lock is still ours: nobody's name but our own is removed.
        let _ = fs::remove_file(&self.holder);
    }
}

/// Why the lock of a run was not given.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The holder is not known in the instant after it took the lock.
    #[error("the run is in progress{}", held_by(.0.as_ref()))]
    Busy(Option<Holder>),
    #[error(transparent)]
    File(#[from] FileError),
}

fn held_by(holder: Option<&Holder>) -> String {
    holder.map_or_else(String::new, |holder| format!(": {holder}"))
}

impl LockError {
    /// What to do next.
    pub fn help(&self) -> String {
        match self {
            Self::Busy(_) => {
                "watch it with `poolroll status --watch`, or ask it to pause with `poolroll pause`".to_owned()
            }
            Self::File(error) => error.help(),
        }
    }
}

/// Takes the lock of the run in `folder`.
pub(super) fn take(folder: &Path, now: Timestamp) -> Result<RunLock, LockError> {
    let path = folder.join(LOCK);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(FileError::of("open", &path))?;
    let mut tries = TRIES;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if tries > 0 => tries -= 1,
            Err(TryLockError::WouldBlock) => return Err(LockError::Busy(read(folder))),
            Err(TryLockError::Error(source)) => return Err(FileError::of("lock", &path)(source).into()),
        }
        thread::sleep(PAUSE);
    }
    let lock = RunLock { file, path, holder: folder.join(HOLDER) };
    let holder = Holder { pid: std::process::id(), user: os::user(), host: os::host(), since: now };
    let text = serde_json::to_vec(&holder)
        .map_err(io::Error::other)
        .map_err(FileError::of("write", &lock.holder))?;
    whole_file::write(&lock.holder, &text)?;
    Ok(lock)
}

/// Whether a process holds the lock of the run in `folder`; takes it for an instant to find out.
pub fn is_held(folder: &Path) -> Result<bool, FileError> {
    let path = folder.join(LOCK);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(FileError::of("open", &path)(error)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(source)) => Err(FileError::of("lock", &path)(source)),
    }
}

/// Who holds the lock, as far as can be read; worth asking only while it is held.
pub(super) fn read(folder: &Path) -> Option<Holder> {
    serde_json::from_slice(&whole_file::read(&folder.join(HOLDER), MAX_HOLDER).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-12-05T22:00:03Z".parse().unwrap()
    }

    #[test]
    fn one_process_at_a_time_and_its_name_is_known() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!is_held(dir.path()).unwrap(), "no file, no process");
        let lock = take(dir.path(), now()).unwrap();
        assert!(is_held(dir.path()).unwrap() && is_held(dir.path()).unwrap());
        let Err(LockError::Busy(Some(holder))) = take(dir.path(), now()) else { panic!("two have the lock") };
        assert_eq!((holder.pid, holder.since), (std::process::id(), now()));
        drop(lock);
        assert!(!is_held(dir.path()).unwrap());
        assert_eq!(read(dir.path()), None);
        take(dir.path(), now()).unwrap();
    }

    #[test]
    fn a_lock_that_was_removed_is_ours_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let lock = take(dir.path(), now()).unwrap();
        assert!(lock.is_ours());
        if fs::remove_file(dir.path().join(LOCK)).is_ok() {
            assert!(!lock.is_ours());
            let other = take(dir.path(), now()).unwrap();
            assert!(other.is_ours() && !lock.is_ours());
        }
    }

    #[test]
    fn what_a_dead_process_left_is_no_lock() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(LOCK), "").unwrap();
        fs::write(dir.path().join(HOLDER), "{").unwrap();
        assert!(!is_held(dir.path()).unwrap());
        let _lock = take(dir.path(), now()).unwrap();
        assert_eq!(read(dir.path()).unwrap().since, now());
    }

    #[test]
    fn those_who_only_look_keep_nobody_out() {
        let dir = tempfile::tempdir().unwrap();
        drop(take(dir.path(), now()).unwrap());
        let look = File::open(dir.path().join(LOCK)).unwrap();
        look.try_lock_shared().unwrap();
        thread::scope(|scope| {
            let taker = scope.spawn(|| take(dir.path(), now()).map(drop));
            thread::sleep(PAUSE * 2);
            assert!(!taker.is_finished());
            drop(look);
            taker.join().unwrap().unwrap();
        });
    }
}
