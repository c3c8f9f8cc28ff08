//! Marks beside the journal: what a command of a step was begun with, and how it ended. They let a run that is taken up see what became of
//! a command whose process outlived ours, and they refuse a second start while it does.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What is known of a command that was begun.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Mark {
    /// Its process on this computer, and when the system says that it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) process: Option<(u32, u64)>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exit_code: Option<i32>,
    /// It ended otherwise: by a signal, or because it took too long.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) cut_off: bool,
    /// What named the boot of the computer before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) boot: Option<String>,
}

/// Where marks and outputs are kept: in the run's folder, or nowhere when nothing is run.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks(Option<PathBuf>);

impl Marks {
    pub(super) fn in_folder(folder: Option<&Path>) -> Marks {
        Marks(folder.map(|folder| folder.join("commands")))
    }

    fn path(&self, step: &str, kind: &str) -> Option<PathBuf> {
        // Names of front ends are names of hosts, so nothing in a step leads out of the folder.
        Some(self.0.as_ref()?.join(format!("{step}.{kind}")))
    }

    /// The mark of a step; `None` where it has none, or one that cannot be read.
    pub(super) fn read(&self, step: &str) -> Option<Mark> {
        let text = std::fs::read(self.path(step, "json")?).ok()?;
        // One that was cut off in writing says that something was begun, and no more.
        Some(serde_json::from_slice(&text).unwrap_or(Mark { cut_off: true, ..Mark::default() }))
    }

    /// Writes the mark of a step.
    ///
    /// # Errors
    ///
    /// It cannot be written, so nothing may be begun.
    pub(super) fn write(&self, step: &str, mark: &Mark) -> Result<(), String> {
        let Some(path) = self.path(step, "json") else { return Ok(()) };
        let write = || {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(&path, serde_json::to_vec(mark)?)
        };
        write().map_err(|error| format!("`{}` cannot be written: {error}", path.display()))
    }

    /// Forgets the mark of a step.
    pub(super) fn forget(&self, step: &str) {
        if let Some(path) = self.path(step, "json") {
            let _ = std::fs::remove_file(path);
        }
    }

    /// Keeps what a command printed. Nothing depends on it.
    pub(super) fn keep(&self, step: &str, output: &str) {
        if let Some(path) = self.path(step, "output") {
            let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
            let _ = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, output));
        }
    }
}

/// When a process on this computer began, as the system counts it; `None` when there is none of this number, or the system does not say.
#[cfg(target_os = "linux")]
pub(super) fn began(process: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name of the program may hold anything; the rest has no brackets. What has ended and was not waited for is none.
    let rest: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    if rest.first() == Some(&"Z") {
        return None;
    }
    rest.get(19)?.parse().ok()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn began(_: u32) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_outlives_its_writer() {
        let dir = tempfile::tempdir().unwrap();
        let marks = Marks::in_folder(Some(dir.path()));
        assert_eq!(marks.read("stop-web1"), None);
        let mark = Mark { process: Some((7, 8)), exit_code: Some(0), ..Mark::default() };
        marks.write("stop-web1", &mark).unwrap();
        assert_eq!(marks.read("stop-web1"), Some(mark));
        std::fs::write(dir.path().join("commands/stop-web1.json"), "{\"proc").unwrap();
        assert_eq!(marks.read("stop-web1"), Some(Mark { cut_off: true, ..Mark::default() }));
        marks.forget("stop-web1");
        assert_eq!(marks.read("stop-web1"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_is_known_by_its_number_and_its_beginning() {
        assert!(began(std::process::id()).is_some());
        assert_eq!(began(u32::MAX), None);
    }
}
