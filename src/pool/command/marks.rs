//! Marks beside the journal: what a command of a step was begun with, and how it ended. They let a run that is taken up see what became of
//! a command whose process outlived ours, and they refuse a second start while it does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::pool::process::Process;

/// How much is kept of the tries of one step, in bytes; what comes then begins anew.
const LONGEST: u64 = 1 << 20;

/// How much of the disk is set aside for marks, in bytes: what brings back the front ends that are out needs a few blocks each.
const RESERVE: usize = 128 << 10;

/// Told of a command before it can do anything: its process, where a command can be held back until that is known. What cannot be
/// written down is not begun.
pub(super) struct Marking<'a> {
    pub(super) told: &'a mut (dyn FnMut(Option<Process>) -> Result<(), String> + Send),
    /// Whether it matters so much that a shell is started for it here. Else it is told as soon as it has begun.
    pub(super) holds: bool,
    /// Where that shell leaves the exit code, for whoever comes when we are not there any more.
    pub(super) exit_file: Option<PathBuf>,
}

/// What is known of a command that was begun.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Mark {
    /// Its process, where it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) process: Option<Process>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exit_code: Option<i32>,
    /// It is the command of a graceful stop.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) graceful: bool,
    /// An earlier try of it asked that the computer restarts, or may have.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) owes_restart: bool,
    /// What it speaks of is no more than that: the next try was not begun.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) unbegun: bool,
    /// It ended otherwise: by a signal, or because it took too long.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) cut_off: bool,
    /// When it was asked for, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) asked: Option<u64>,
    /// What named the boot of the computer before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) boot: Option<String>,
}

/// Where marks and outputs are kept: in the run's folder, or nowhere when nothing is run.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    folder: Option<PathBuf>,
    going: Arc<Mutex<Option<Going>>>,
    /// How commands ended of which the disk says only that they were begun, because it took no more.
    unwritten: Arc<Mutex<BTreeMap<String, Mark>>>,
    /// Room was set aside, once: what has been given back is for marks.
    aside: Arc<AtomicBool>,
    /// The disk was full.
    short: Arc<AtomicBool>,
}

/// What a power cut ends too, and may be begun again then: noted in one file, a line when it begins and a line when it has ended, and
/// never made durable. That costs so little that it can be done for each of a thousand commands.
#[derive(Debug)]
struct Going {
    path: PathBuf,
    /// Opened with the first line of ours.
    file: Option<File>,
    processes: BTreeMap<String, Process>,
    /// The steps that may have a mark of their own. Nobody else writes marks while the run is ours, so whoever has none is not looked for on the disk.
    marked: BTreeSet<String>,
}

/// A line of that file.
#[derive(Serialize, Deserialize)]
struct Noted {
    step: String,
    /// Nothing when it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    process: Option<Process>,
}

impl Going {
    fn read(path: PathBuf) -> std::io::Result<Going> {
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            text => text.unwrap_or_default(),
        };
        let mut marked = BTreeSet::new();
        match path.parent().map(std::fs::read_dir) {
            Some(Err(error)) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            Some(Ok(entries)) => {
                for entry in entries {
                    let name = entry?.file_name();
                    marked
                        .extend(name.to_str().and_then(|name| name.strip_suffix(".json")).map(str::to_owned));
                }
            }
            _ => {}
        }
        let mut going = Going { path, file: None, processes: BTreeMap::new(), marked };
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).for_each(|noted| going.fold(noted));
        Ok(going)
    }

    fn fold(&mut self, Noted { step, process }: Noted) {
        match process {
            Some(process) => self.processes.insert(step, process),
            None => self.processes.remove(&step),
        };
    }

    fn note(&mut self, noted: Noted) -> std::io::Result<()> {
        if self.file.is_none() {
            if let Some(folder) = self.path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            self.file = Some(File::options().create(true).append(true).open(&self.path)?);
        }
        if let Some(file) = &mut self.file {
            // In front too: the last line may have been cut off.
            file.write_all(format!("\n{}\n", serde_json::to_string(&noted)?).as_bytes())?;
        }
        self.fold(noted);
        Ok(())
    }
}

impl Marks {
    pub(super) fn in_folder(folder: Option<&Path>) -> Marks {
        let folder = folder.map(|folder| folder.join("commands"));
        Marks { folder, ..Marks::default() }
    }

    /// What is noted of what goes on; read when it is first asked for.
    fn going<T>(&self, with: impl FnOnce(&mut Going) -> std::io::Result<T>) -> std::io::Result<Option<T>> {
        let Some(folder) = &self.folder else { return Ok(None) };
        let mut going = self.going.lock().unwrap_or_else(PoisonError::into_inner);
        if going.is_none() {
            *going = Some(Going::read(folder.join("going.jsonl"))?);
        }
        going.as_mut().map(with).transpose()
    }

    fn path(&self, step: &str, kind: &str) -> Option<PathBuf> {
        // Names of front ends are names of hosts, so nothing in a step leads out of the folder.
        Some(self.folder.as_ref()?.join(format!("{step}.{kind}")))
    }

    /// The mark of a step; `None` where it has none. One that cannot be read, or was cut off in writing, says that something was begun, and no more.
    pub(super) fn read(&self, step: &str) -> Option<Mark> {
        if let Some(mark) = self.unwritten().get(step) {
            return Some(mark.clone());
        }
        let known = self.going(|going| Ok((going.processes.get(step).copied(), going.marked.contains(step))));
        let Ok(known) = known else { return Some(Mark { cut_off: true, ..Mark::default() }) };
        let (noted, is_marked) = known?;
        let only_noted = || noted.map(|process| Mark { process: Some(process), ..Mark::default() });
        if !is_marked {
            return only_noted();
        }
        let mut mark = match std::fs::read(self.path(step, "json")?) {
            Ok(text) => serde_json::from_slice(&text).unwrap_or(Mark { cut_off: true, ..Mark::default() }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return only_noted(),
            Err(_) => Mark { cut_off: true, ..Mark::default() },
        };
        if noted.is_some() {
            mark = Mark { process: noted, unbegun: false, ..mark };
        }
        if mark.exit_code.is_none() && mark.process.is_some() && !mark.cut_off {
            let left = std::fs::read_to_string(self.exit_file(step)?).ok();
            mark.exit_code = left.and_then(|code| code.trim().parse().ok());
        }
        Some(mark)
    }

    /// Where the shell that keeps a command leaves its exit code.
    pub(super) fn exit_file(&self, step: &str) -> Option<PathBuf> {
        std::path::absolute(self.path(step, "exit")?).ok()
    }

    /// Writes the mark of a step, durably and as a whole: what was begun outlives a power cut, and so must this.
    ///
    /// # Errors
    ///
    /// It cannot be written, so nothing may be begun.
    pub(super) fn write(&self, step: &str, mark: &Mark) -> Result<(), String> {
        let (Some(path), Some(beside)) = (self.path(step, "json"), self.path(step, "new")) else {
            return Ok(());
        };
        let write = || {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            self.set_room_aside();
            self.going(|going| Ok(going.marked.insert(step.to_owned())))?;
            let mut file = File::create(&beside)?;
            file.write_all(&serde_json::to_vec(mark)?)?;
            file.sync_all()?;
            std::fs::rename(&beside, &path)?;
            self.sync()
        };
        self.with_room(write).map_err(|error| format!("`{}` cannot be written: {error}", path.display()))?;
        self.unwritten().remove(step);
        Ok(())
    }

    /// Writes how a command ended. While this process lives that is known also where it cannot be written.
    ///
    /// # Errors
    ///
    /// It could not: whoever comes after a crash knows only that it was begun.
    pub(super) fn write_end(&self, step: &str, mark: &Mark) -> Result<(), String> {
        let written = self.write(step, mark);
        if written.is_err() {
            self.unwritten().insert(step.to_owned(), mark.clone());
        }
        written
    }

    fn unwritten(&self) -> MutexGuard<'_, BTreeMap<String, Mark>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reserve(&self) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join("reserve"))
    }

    /// Sets room aside before the first mark. On a disk that has none the mark itself says so.
    fn set_room_aside(&self) {
        let Some(path) = self.reserve().filter(|_| !self.aside.swap(true, Ordering::Relaxed)) else { return };
        // What no file system stores as a hole or compresses.
        let blocks = (0..RESERVE / 32).flat_map(|block| Sha256::digest(block.to_le_bytes()));
        let set_aside =
            std::fs::write(&path, blocks.collect::<Vec<u8>>()).and_then(|()| File::open(&path)?.sync_all());
        if set_aside.is_err() {
            let _ = std::fs::remove_file(&path);
        }
    }

    /// Gives that room back: at the end, or because the disk is full. Whether there was any.
    pub(super) fn give_room_back(&self) -> bool {
        self.reserve().is_some_and(|path| std::fs::remove_file(path).is_ok())
    }

    /// Writes, on a full disk into the room that was set aside.
    fn with_room(&self, mut write: impl FnMut() -> std::io::Result<()>) -> std::io::Result<()> {
        match write() {
            Err(error) if is_full(error.kind()) => {
                self.short.store(true, Ordering::Relaxed);
                if self.give_room_back() { write() } else { Err(error) }
            }
            written => written,
        }
    }

    /// Whether the disk was full: what is out should come back, and nothing more be taken out.
    pub(super) fn are_short(&self) -> bool {
        self.short.load(Ordering::Relaxed)
    }

    /// Notes that the command of a step goes on, by its process; or with none that it has ended.
    pub(super) fn note(&self, step: &str, process: Option<Process>) -> Result<(), String> {
        let note = || {
            let noted = self.going(|going| match (process, going.processes.contains_key(step)) {
                (None, false) => Ok(()),
                _ => going.note(Noted { step: step.to_owned(), process }),
            });
            noted.map(|_| ())
        };
        self.with_room(note).map_err(|error| format!("what goes on cannot be noted: {error}"))
    }

    /// Makes the names of marks durable. On Windows the file system does that by itself.
    fn sync(&self) -> std::io::Result<()> {
        match &self.folder {
            Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    }

    /// Forgets the mark of a step.
    ///
    /// # Errors
    ///
    /// It is still there, so nothing that makes it stale may be begun.
    pub(super) fn forget(&self, step: &str) -> Result<(), String> {
        self.unwritten().remove(step);
        self.note(step, None)?;
        let cannot = |error: std::io::Error| format!("what goes on cannot be read: {error}");
        if !self.going(|going| Ok(going.marked.contains(step))).map_err(cannot)?.unwrap_or_default() {
            return Ok(());
        }
        // In this order: an exit code without its mark would be taken for that of the next try.
        self.forget_exit(step)?;
        self.remove(step, "json")?;
        self.going(|going| Ok(going.marked.remove(step))).map(|_| ()).map_err(cannot)
    }

    /// Forgets the exit code that a shell left.
    ///
    /// # Errors
    ///
    /// It is still there.
    pub(super) fn forget_exit(&self, step: &str) -> Result<(), String> {
        self.remove(step, "exit")
    }

    fn remove(&self, step: &str, kind: &str) -> Result<(), String> {
        let Some(path) = self.path(step, kind) else { return Ok(()) };
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(format!("`{}` cannot be removed: {error}", path.display()))
            }
            _ => Ok(()),
        }
    }

    /// Keeps what a command printed, after what its earlier tries did, as long as that is not too much. Nothing depends on it.
    pub(super) fn keep(&self, step: &str, output: &str) {
        let Some(path) = self.path(step, "output") else { return };
        let keep = || {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let is_long = std::fs::metadata(&path).is_ok_and(|file| file.len() > LONGEST);
            let mut file = std::fs::OpenOptions::new();
            file.create(true).write(true).append(!is_long).truncate(is_long);
            file.open(&path)?.write_all(output.as_bytes())
        };
        let _: std::io::Result<()> = keep();
    }
}

/// The time, in seconds since 1970.
pub(super) fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}

fn is_full(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_takes_marks_into_the_room_that_was_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        let marks = Marks::in_folder(Some(dir.path()));
        marks.write("one", &Mark::default()).unwrap();
        let reserve = dir.path().join("commands/reserve");
        assert_eq!(std::fs::metadata(&reserve).unwrap().len(), RESERVE as u64);
        let full = || std::io::Error::from(ErrorKind::StorageFull);
        let mut tries = 0;
        let wrote = marks.with_room(|| {
            tries += 1;
            if reserve.exists() { Err(full()) } else { Ok(()) }
        });
        assert!(wrote.is_ok() && tries == 2 && marks.are_short());
        // There is no more of it, and a mark takes none for itself.
        assert!(marks.with_room(|| Err(full())).is_err());
        marks.write("two", &Mark::default()).unwrap();
        assert!(!reserve.exists());
        // No other failure is one of room.
        let marks = Marks::in_folder(Some(dir.path()));
        marks.write("two", &Mark::default()).unwrap();
        assert!(marks.with_room(|| Err(ErrorKind::PermissionDenied.into())).is_err() && reserve.exists());
    }

    /// Else a computer would be restarted that nobody asked to.
    #[test]
    fn how_a_command_ended_is_known_though_it_cannot_be_written() {
        let dir = tempfile::tempdir().unwrap();
        let marks = Marks::in_folder(Some(dir.path()));
        let [begun, ended] = [None, Some(0)].map(|exit_code| Mark { exit_code, ..Mark::default() });
        marks.write("one", &begun).unwrap();
        // A folder cannot be written over.
        std::fs::create_dir(dir.path().join("commands/one.new")).unwrap();
        assert!(marks.write_end("one", &ended).is_err());
        assert_eq!(marks.read("one"), Some(ended.clone()));
        std::fs::remove_dir(dir.path().join("commands/one.new")).unwrap();
        marks.write_end("one", &ended).unwrap();
        assert_eq!(Marks::in_folder(Some(dir.path())).read("one"), Some(ended));
    }

    #[test]
    fn a_mark_outlives_its_writer() {
        let dir = tempfile::tempdir().unwrap();
        let marks = Marks::in_folder(Some(dir.path()));
        assert_eq!(marks.read("stop-web1"), None);
        let mark = Mark { process: Process::new(7, 8), exit_code: Some(0), ..Mark::default() };
        marks.write("stop-web1", &mark).unwrap();
        assert_eq!(marks.read("stop-web1"), Some(mark));
        std::fs::write(dir.path().join("commands/stop-web1.json"), "{\"proc").unwrap();
        assert_eq!(marks.read("stop-web1"), Some(Mark { cut_off: true, ..Mark::default() }));
        marks.forget("stop-web1").unwrap();
        assert_eq!(marks.read("stop-web1"), None);
    }

    #[test]
    fn what_goes_on_is_noted_until_it_has_ended() {
        let dir = tempfile::tempdir().unwrap();
        let marks = Marks::in_folder(Some(dir.path()));
        let owes = Mark { unbegun: true, owes_restart: true, ..Mark::default() };
        marks.write("two", &owes).unwrap();
        for step in ["one", "two", "three"] {
            marks.note(step, Process::new(7, 8)).unwrap();
        }
        marks.note("three", None).unwrap();
        // By another process, too.
        for marks in [marks, Marks::in_folder(Some(dir.path()))] {
            let process = Process::new(7, 8);
            assert_eq!(marks.read("one"), Some(Mark { process, ..Mark::default() }));
            assert_eq!(marks.read("two"), Some(Mark { process, owes_restart: true, ..Mark::default() }));
            assert_eq!(marks.read("three"), None);
        }
        let marks = Marks::in_folder(Some(dir.path()));
        marks.forget("one").unwrap();
        assert_eq!(Marks::in_folder(Some(dir.path())).read("one"), None);
    }
}
