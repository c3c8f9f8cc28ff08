//! What differs between Windows and Unix, and nothing else.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

/// How often a rename is tried again while something else has the file open, and how long it waits between.
const RENAME_TRIES: u32 = 10;
const RENAME_PAUSE: Duration = Duration::from_millis(20);

/// Makes the names in `dir` durable: files created, renamed or removed there.
///
/// On Windows a directory cannot be opened as a file and NTFS journals its names by itself: nothing to do.
/// Some network file systems refuse to sync a directory; they keep names on the server, so that is no error.
pub fn sync_directory(dir: &Path) -> io::Result<()> {
    if cfg!(windows) {
        return Ok(());
    }
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    match File::open(dir)?.sync_all() {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        done => done,
    }
}

/// Makes the name `path` durable: syncs the directory that it is in.
pub fn sync_name(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), sync_directory)
}

/// Makes `dir` and every folder above it that is missing, their names durable: what is synced in a folder is lost with
/// the folder.
pub fn create_directories(dir: &Path) -> io::Result<()> {
    let missing = dir.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists());
    let missing: Vec<&Path> = missing.collect();
    fs::create_dir_all(dir)?;
    missing.into_iter().try_for_each(sync_name)
}

/// Renames `from` to `to`; a file that is there is replaced in one step.
///
/// On Windows a virus scanner or an indexer may have the file open for a moment, and then the system refuses:
/// it is asked again for a fifth of a second. Elsewhere a refusal is final.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let mut tries = if cfg!(windows) { RENAME_TRIES } else { 0 };
    loop {
        match fs::rename(from, to) {
            Err(error) if tries > 0 && error.kind() == io::ErrorKind::PermissionDenied => {
                tries -= 1;
                thread::sleep(RENAME_PAUSE);
            }
            done => return done,
        }
    }
}

/// Whether `path` still names the file that is open. On Windows a locked file cannot be replaced under its name.
#[cfg(unix)]
pub fn is_same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    // A disk that does not answer says nothing about the name.
    let Ok(open) = file.metadata() else { return true };
    match fs::metadata(path) {
        Ok(named) => id(named) == id(open),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

#[cfg(not(unix))]
pub fn is_same_file(_: &File, path: &Path) -> bool {
    path.exists()
}

/// Lets every user of the machine add files to a folder, and remove their own: claims that only their own user sees
/// keep nobody else off.
#[cfg(unix)]
pub fn share(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o1777))
}

/// Folders under `ProgramData` are shared by themselves.
#[cfg(not(unix))]
pub fn share(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The name of the user whom this process works for; `unknown` when the system does not say.
pub fn user() -> String {
    let names: &[&str] = if cfg!(windows) { &["USERNAME"] } else { &["USER", "LOGNAME"] };
    first_variable(names).or_else(owner_of_this_process).unwrap_or_else(|| "unknown".to_owned())
}

/// The name of this machine; `unknown` when the system does not say.
pub fn host() -> String {
    let named = if cfg!(windows) {
        first_variable(&["COMPUTERNAME"])
    } else {
        first_line("/proc/sys/kernel/hostname")
            .or_else(|| first_line("/etc/hostname"))
            .or_else(|| first_variable(&["HOSTNAME"]))
    };
    named.unwrap_or_else(|| "unknown".to_owned())
}

fn first_variable(names: &[&str]) -> Option<String> {
    names.iter().filter_map(|name| std::env::var(name).ok()).find(|value| !value.trim().is_empty())
}

fn first_line(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
}

/// Timers and containers start processes without `USER`; the owner of `/proc/self` is who we are.
#[cfg(unix)]
fn owner_of_this_process() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let uid = fs::metadata("/proc/self").ok()?.uid().to_string();
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1) == Some(uid.as_str())).then(|| name.to_owned())
    });
    Some(named.unwrap_or_else(|| format!("uid {uid}")))
}

#[cfg(not(unix))]
fn owner_of_this_process() -> Option<String> {
    None
}

/// How many files a run has open at once at most, with room to spare.
#[cfg(unix)]
const FILES: usize = 16;

/// Whether this process may open the files that a run needs. Asked before anything begins: the runtime does not survive its
/// own first files being refused, and a run that stops for want of one in the middle of the night helps nobody.
///
/// # Errors
///
/// The limit of open files is too low.
#[cfg(unix)]
pub fn room_for_files() -> io::Result<()> {
    (0..FILES).map(|_| File::open("/dev/null")).collect::<io::Result<Vec<_>>>().map(|_| ())
}

/// Windows has no limit that a run could meet.
#[cfg(not(unix))]
pub fn room_for_files() -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_and_its_user_have_names() {
        assert!(!user().trim().is_empty());
        assert!(!host().trim().is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_without_user_variable_still_has_an_owner() {
        let owner = owner_of_this_process().unwrap();
        assert!(!owner.is_empty());
    }

    #[test]
    fn folders_are_made_where_they_are_missing() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a").join("b");
        create_directories(&deep).unwrap();
        create_directories(&deep).unwrap();
        assert!(deep.is_dir());
        fs::write(deep.join("c"), "").unwrap();
        assert!(create_directories(&deep.join("c").join("d")).is_err());
    }

    #[test]
    fn a_rename_replaces_and_its_name_is_synced() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::write(&from, "new").unwrap();
        fs::write(&to, "old").unwrap();
        rename(&from, &to).unwrap();
        sync_name(&to).unwrap();
        assert_eq!(fs::read_to_string(&to).unwrap(), "new");
        assert!(rename(&from, &to).is_err());
    }
}
