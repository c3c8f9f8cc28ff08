//! The little that the journal asks of a file system, so that simulations can take its place.

use super::{os, whole_file};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

/// A file that only grows, except when a bad end is cut off.
pub trait LogFile: Send {
    /// Writes all of `bytes` at the end. After an error any part of them may be in the file.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Returns when everything appended and truncated so far survives a loss of power. After an error nobody
    /// knows what does, and asking again proves nothing.
    fn sync(&mut self) -> io::Result<()>;
    /// The same, to be called on another thread while nothing is appended or truncated; `None` where it has to be done here.
    fn sync_elsewhere(&self) -> Option<Syncing> {
        None
    }
    /// Cuts the file to `len` bytes; the next append goes there.
    fn truncate(&mut self, len: u64) -> io::Result<()>;
}

/// A sync that waits to be called.
pub type Syncing = Box<dyn FnOnce() -> io::Result<()> + Send>;

/// Where log files are.
pub trait Disk {
    type File: LogFile;
    type Reader: io::Read;
    /// A new, empty file whose name is durable; `AlreadyExists` if there is one.
    fn create(&self, path: &Path) -> io::Result<Self::File>;
    /// An existing file; appends go to its end.
    fn open(&self, path: &Path) -> io::Result<Self::File>;
    /// The bytes of a file, from its beginning.
    fn read(&self, path: &Path) -> io::Result<Self::Reader>;
    /// The length of a file in bytes.
    fn len(&self, path: &Path) -> io::Result<u64>;
    /// Writes a file durably, in place of what was there; an unfinished one is removed.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Removes a file, and so gives back its space.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// The file system of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsDisk;

/// A file of this machine, its cursor always at the end.
#[derive(Debug)]
pub struct OsLogFile(Arc<File>);

impl Disk for OsDisk {
    type File = OsLogFile;
    type Reader = File;

    fn create(&self, path: &Path) -> io::Result<OsLogFile> {
        let file = File::create_new(path)?;
        file.sync_all()?;
        os::sync_name(path)?;
        Ok(OsLogFile(Arc::new(file)))
    }

    fn open(&self, path: &Path) -> io::Result<OsLogFile> {
        // Not in append mode: Windows then refuses to cut a torn tail off.
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        file.seek(SeekFrom::End(0))?;
        Ok(OsLogFile(Arc::new(file)))
    }

    fn read(&self, path: &Path) -> io::Result<File> {
        whole_file::open(path)
    }

    fn len(&self, path: &Path) -> io::Result<u64> {
        Ok(fs::metadata(path)?.len())
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let written = File::create(path).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        if written.is_err() {
            let _ = fs::remove_file(path);
        }
        written.and_then(|()| os::sync_name(path))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
}

impl LogFile for OsLogFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        (&*self.0).write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn sync_elsewhere(&self) -> Option<Syncing> {
        let file = Arc::clone(&self.0);
        Some(Box::new(move || file.sync_data()))
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.0.set_len(len)?;
        (&*self.0).seek(SeekFrom::Start(len)).map(|_| ())
    }
}
