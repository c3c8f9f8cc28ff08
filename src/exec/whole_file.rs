//! Small files that are never seen half written, and the error of every file that could not be used.

use super::{os, tag};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A file or folder that could not be used; the source says why.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} `{}`", path.display())]
pub struct FileError {
    /// What was tried: `read`, `write`, `remove`, ...
    pub doing: &'static str,
    pub path: PathBuf,
    pub source: io::Error,
}

impl FileError {
    /// For `map_err`: names what was tried, and with which file.
    pub fn of(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self { doing, path, source }
    }

    /// What to do next.
    pub fn help(&self) -> String {
        match self.source.kind() {
            io::ErrorKind::NotFound => "check the path, and the folder that it is in".to_owned(),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                "run as a user who may write there, or choose another folder".to_owned()
            }
            io::ErrorKind::InvalidInput | io::ErrorKind::FileTooLarge => {
                "that is not what poolroll wrote there: see what it is, and move it away".to_owned()
            }
            kind if is_full(kind) => "free some space on that disk, then try again".to_owned(),
            _ => "check that disk or share, then try again".to_owned(),
        }
    }
}

/// Whether an error says that the disk, or what this user may have of it, is full.
pub fn is_full(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// A file to read, if it is one. A pipe or a device in its place would be waited for, or never end.
pub fn open(path: &Path) -> io::Result<File> {
    if fs::metadata(path)?.is_file() {
        File::open(path)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"))
    }
}

/// All of a small file, which has at most `most` bytes; a longer one is not what was written there, and is not read.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 <= most {
        return Ok(bytes);
    }
    Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {most} bytes")))
}

/// Writes `path` whole and durably; what was there is replaced in one step. A crash leaves the old or the new.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let draft = Draft::write(path, bytes)?;
    os::rename(&draft.path, path).and_then(|()| os::sync_name(path)).map_err(FileError::of("write", path))
}

/// Writes `path` whole and durably if there is no such file; otherwise leaves it alone and says `false`.
///
/// Of several that try at once exactly one is told `true`, on a share too. A rename would not do, because it
/// replaces; `create_new` alone would not do, because others could read before the text is in. So the text is
/// written under another name and then linked: a link appears in one step and never replaces. Where the file
/// system knows no links (FAT, some shares), `create_new` decides who wins, and who reads at that instant may
/// see an unfinished file: readers take a text that makes no sense twice in hand before they call it damaged.
pub fn create(path: &Path, bytes: &[u8]) -> Result<bool, FileError> {
    let draft = Draft::write(path, bytes)?;
    let created = match fs::hard_link(&draft.path, path) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
        Err(_) => create_without_links(path, bytes)?,
    };
    if created {
        os::sync_name(path).map_err(FileError::of("create", path))?;
    }
    Ok(created)
}

fn create_without_links(path: &Path, bytes: &[u8]) -> Result<bool, FileError> {
    let mut file = match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(FileError::of("create", path)(error)),
    };
    if let Err(error) = file.write_all(bytes).and_then(|()| file.sync_all()) {
        // It is ours and says nothing yet: left there it would stand in everybody's way.
        let _ = fs::remove_file(path);
        return Err(FileError::of("create", path)(error));
    }
    Ok(true)
}

/// A durable file beside its destination, under a name that no reader looks at. Gone when dropped, unless renamed.
struct Draft {
    path: PathBuf,
}

impl Draft {
    fn write(destination: &Path, bytes: &[u8]) -> Result<Self, FileError> {
        let draft = Self { path: destination.with_file_name(format!(".new-{}", tag::random(12))) };
        let mut file = File::create_new(&draft.path).map_err(FileError::of("write", &draft.path))?;
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(FileError::of("write", &draft.path))?;
        Ok(draft)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_write_replaces_and_leaves_no_draft() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[test]
    fn only_the_first_creates() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        assert!(create(&path, b"one").unwrap());
        assert!(!create(&path, b"two").unwrap());
        assert!(!create_without_links(&path, b"three").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[test]
    fn without_links_it_is_created_too() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        assert!(create_without_links(&path, b"one").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"one");
    }

    #[test]
    fn what_is_longer_than_anything_of_ours_is_not_read_and_what_is_no_file_neither() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, b"four").unwrap();
        assert_eq!(read(&path, 4).unwrap(), b"four");
        assert_eq!(read(&path, 3).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read(dir.path(), 4).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(read(&dir.path().join("b"), 4).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn an_error_names_the_file_and_keeps_its_source() {
        let dir = tempfile::tempdir().unwrap();
        let error = write(&dir.path().join("absent").join("a"), b"").unwrap_err();
        assert!(error.to_string().starts_with("cannot write `"), "{error}");
        assert_eq!(error.source.kind(), io::ErrorKind::NotFound);
        assert!(!error.to_string().contains(&error.source.to_string()));
    }
}
