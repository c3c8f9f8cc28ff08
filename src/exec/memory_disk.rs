//! A disk in memory for simulations: it loses what was not synced, and refuses when it is told to.

use super::disk::{Disk, LogFile};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a disk is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    Create,
    Open,
    Read,
    /// `Disk::write`: the reserve.
    Write,
    Remove,
    Append,
    Sync,
    Truncate,
}

/// How an act goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `EIO`. A sync that fails so loses, as on Linux, what was not durable, although reads still show it.
    Broken,
    /// `ENOSPC`.
    Full,
    /// `EIO` after so many bytes of an append went in.
    Short(usize),
}

/// A disk in memory; clones are the same disk.
#[derive(Debug, Clone, Default)]
pub struct MemoryDisk(Arc<Mutex<Platters>>);

#[derive(Debug, Default)]
struct Platters {
    files: BTreeMap<PathBuf, Content>,
    /// Raised by every crash: files opened before belong to a dead process.
    life: u64,
    capacity: Option<usize>,
    /// Each with the number of acts of its kind that still go well before it.
    faults: Vec<(Act, usize, Fault)>,
    acts: BTreeMap<Act, u64>,
}

#[derive(Debug, Default)]
struct Content {
    /// What a read shows.
    cached: Vec<u8>,
    /// What is there after a loss of power.
    durable: Vec<u8>,
    /// So many bytes at the start are the same in both, as far as the system knows.
    clean: usize,
}

/// A file of a [`MemoryDisk`]; after a crash of the disk it refuses everything.
#[derive(Debug)]
pub struct MemoryFile {
    disk: MemoryDisk,
    path: PathBuf,
    life: u64,
}

impl MemoryDisk {
    /// An empty disk without bounds or faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many bytes all files together may have; an append that does not fit writes what fits, then is refused.
    pub fn set_capacity(&self, bytes: Option<usize>) {
        self.platters().capacity = bytes;
    }

    /// Lets an act go wrong once, after `well` more acts of its kind went well.
    pub fn fail(&self, act: Act, well: usize, fault: Fault) {
        self.platters().faults.push((act, well, fault));
    }

    /// Takes back what was set to go wrong, and every bound. What is lost stays lost.
    pub fn heal(&self) {
        let mut platters = self.platters();
        platters.capacity = None;
        platters.faults.clear();
    }

    /// How many acts of a kind were asked for, those that went wrong included.
    pub fn count(&self, act: Act) -> u64 {
        self.platters().acts.get(&act).copied().unwrap_or(0)
    }

    /// A loss of power: every file opened before is dead, and of each file there is what was durable and, beyond it,
    /// as many of the bytes that were not as `kept` says, given their number.
    pub fn crash(&self, mut kept: impl FnMut(&Path, usize) -> usize) {
        let mut platters = self.platters();
        platters.life += 1;
        for (path, content) in &mut platters.files {
            let loose = content.cached.len() - content.clean;
            let kept = kept(path, loose).min(loose);
            if kept > 0 {
                content.durable.truncate(content.clean);
                content.durable.extend_from_slice(&content.cached[content.clean..content.clean + kept]);
            }
            content.cached.clone_from(&content.durable);
            content.clean = content.cached.len();
        }
    }

    /// What a read of a file shows now, if there is such a file.
    pub fn bytes(&self, path: &Path) -> Option<Vec<u8>> {
        self.platters().files.get(path).map(|content| content.cached.clone())
    }

    /// Puts a file there, durably, whatever was there before.
    pub fn put(&self, path: &Path, bytes: &[u8]) {
        let content = Content { cached: bytes.to_owned(), durable: bytes.to_owned(), clean: bytes.len() };
        self.platters().files.insert(path.to_owned(), content);
    }

    fn platters(&self) -> MutexGuard<'_, Platters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, path: &Path, life: u64) -> MemoryFile {
        MemoryFile { disk: self.clone(), path: path.to_owned(), life }
    }
}

impl Platters {
    /// Counts an act, and says the fault that is due for it.
    fn begin(&mut self, act: Act) -> Option<Fault> {
        *self.acts.entry(act).or_default() += 1;
        let due = self.faults.iter().position(|&(kind, well, _)| kind == act && well == 0);
        for (_, well, _) in self.faults.iter_mut().filter(|(kind, ..)| *kind == act) {
            *well = well.saturating_sub(1);
        }
        due.map(|due| self.faults.remove(due).2)
    }

    fn begin_or_fail(&mut self, act: Act) -> io::Result<()> {
        self.begin(act).map_or(Ok(()), |fault| Err(fault.error()))
    }

    fn content(&mut self, path: &Path) -> io::Result<&mut Content> {
        self.files.get_mut(path).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// How many of `wanted` bytes still fit.
    fn room(&self, wanted: usize) -> usize {
        let used: usize = self.files.values().map(|content| content.cached.len()).sum();
        self.capacity.map_or(wanted, |capacity| capacity.saturating_sub(used).min(wanted))
    }
}

impl Fault {
    fn error(self) -> io::Error {
        match self {
            Self::Full => io::ErrorKind::StorageFull.into(),
            Self::Broken | Self::Short(_) => io::Error::other("the disk does not answer"),
        }
    }
}

impl Disk for MemoryDisk {
    type File = MemoryFile;
    type Reader = io::Cursor<Vec<u8>>;

    fn create(&self, path: &Path) -> io::Result<MemoryFile> {
        let mut platters = self.platters();
        platters.begin_or_fail(Act::Create)?;
        if platters.files.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        platters.files.insert(path.to_owned(), Content::default());
        Ok(self.file(path, platters.life))
    }

    fn open(&self, path: &Path) -> io::Result<MemoryFile> {
        let mut platters = self.platters();
        platters.begin_or_fail(Act::Open)?;
        platters.content(path)?;
        Ok(self.file(path, platters.life))
    }

    fn read(&self, path: &Path) -> io::Result<io::Cursor<Vec<u8>>> {
        let mut platters = self.platters();
        platters.begin_or_fail(Act::Read)?;
        Ok(io::Cursor::new(platters.content(path)?.cached.clone()))
    }

    fn len(&self, path: &Path) -> io::Result<u64> {
        Ok(self.platters().content(path)?.cached.len() as u64)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut platters = self.platters();
        platters.files.remove(path);
        platters.begin_or_fail(Act::Write)?;
        if platters.room(bytes.len()) < bytes.len() {
            return Err(Fault::Full.error());
        }
        drop(platters);
        self.put(path, bytes);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut platters = self.platters();
        platters.begin_or_fail(Act::Remove)?;
        platters.files.remove(path).map(|_| ()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl MemoryFile {
    fn platters(&self) -> io::Result<MutexGuard<'_, Platters>> {
        let platters = self.disk.platters();
        if platters.life == self.life {
            Ok(platters)
        } else {
            Err(io::Error::other("the machine has crashed"))
        }
    }
}

impl LogFile for MemoryFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut platters = self.platters()?;
        let fault = platters.begin(Act::Append);
        let room = platters.room(bytes.len());
        let (written, outcome) = match fault {
            Some(Fault::Short(written)) => (written.min(room), Err(Fault::Short(written).error())),
            Some(fault) => (0, Err(fault.error())),
            None if room < bytes.len() => (room, Err(Fault::Full.error())),
            None => (room, Ok(())),
        };
        platters.content(&self.path)?.cached.extend_from_slice(&bytes[..written]);
        outcome
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut platters = self.platters()?;
        let fault = platters.begin(Act::Sync);
        let content = platters.content(&self.path)?;
        content.durable.truncate(content.clean);
        match fault {
            None => content.durable.extend_from_slice(&content.cached[content.clean..]),
            // The length got there, the bytes did not, and no later sync knows.
            Some(_) => content.durable.resize(content.cached.len(), 0),
        }
        content.clean = content.cached.len();
        fault.map_or(Ok(()), |fault| Err(fault.error()))
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        let mut platters = self.platters()?;
        platters.begin_or_fail(Act::Truncate)?;
        let content = platters.content(&self.path)?;
        content.cached.truncate(usize::try_from(len).unwrap_or(usize::MAX));
        content.clean = content.clean.min(content.cached.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk_with(bytes: &[u8]) -> (MemoryDisk, MemoryFile) {
        let disk = MemoryDisk::new();
        let mut file = disk.create(Path::new("a")).unwrap();
        file.append(bytes).unwrap();
        (disk, file)
    }

    fn bytes(disk: &MemoryDisk) -> Vec<u8> {
        disk.bytes(Path::new("a")).unwrap()
    }

    #[test]
    fn a_crash_keeps_what_was_synced_and_as_much_more_as_told() {
        let (disk, mut file) = disk_with(b"one");
        file.sync().unwrap();
        file.append(b"two").unwrap();
        assert_eq!(bytes(&disk), b"onetwo");
        disk.crash(|_, loose| loose - 1);
        assert_eq!(bytes(&disk), b"onetw");
        assert!(file.append(b"three").is_err());
        let mut file = disk.open(Path::new("a")).unwrap();
        file.append(b"!").unwrap();
        disk.crash(|_, _| 0);
        assert_eq!(bytes(&disk), b"onetw");
    }

    #[test]
    fn a_cut_that_was_not_synced_comes_undone() {
        let (disk, mut file) = disk_with(b"onetwo");
        file.sync().unwrap();
        file.truncate(3).unwrap();
        assert_eq!(bytes(&disk), b"one");
        disk.crash(|_, _| 0);
        assert_eq!(bytes(&disk), b"onetwo");
    }

    #[test]
    fn a_failed_sync_loses_bytes_that_the_next_sync_does_not_bring_back() {
        let (disk, mut file) = disk_with(b"one");
        disk.fail(Act::Sync, 0, Fault::Broken);
        assert!(file.sync().is_err());
        file.sync().unwrap();
        assert_eq!(bytes(&disk), b"one");
        disk.crash(|_, _| 0);
        assert_eq!(bytes(&disk), [0, 0, 0]);
    }

    #[test]
    fn faults_come_when_they_are_due_and_once() {
        let (disk, mut file) = disk_with(b"");
        disk.fail(Act::Append, 1, Fault::Short(2));
        disk.set_capacity(Some(9));
        file.append(b"abc").unwrap();
        assert!(file.append(b"def").is_err());
        file.append(b"ghi").unwrap();
        assert_eq!(file.append(b"jkl").unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(bytes(&disk), b"abcdeghij");
        assert_eq!(disk.count(Act::Append), 5);
    }
}
