//! The folders of runs: everything that is known of a run is in its folder.

use super::journal::RESERVE;
use super::lock::{self, Holder, LockError, RunLock};
use super::os;
use super::requests::Requests;
use super::run_id::RunId;
use super::tag;
use super::whole_file::{self, FileError};
use jiff::Timestamp;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How many ids an error names at most.
const NAMED: usize = 5;

/// The folder that holds a folder for every run, `.poolroll/runs` by default.
#[derive(Debug, Clone)]
pub struct Runs {
    dir: PathBuf,
}

/// The folder of one run: `plan.yaml` as it was, the compiled `graph.json`, `journal.jsonl`, `requests/`, the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder {
    id: RunId,
    path: PathBuf,
}

/// Why a run folder was not made or found.
#[derive(Debug, thiserror::Error)]
pub enum RunsError {
    #[error("there is a run `{0}` already")]
    Exists(RunId),
    #[error("there are no runs in `{}`", .0.display())]
    NoRuns(PathBuf),
    #[error("there is no run `{asked}`")]
    Unknown {
        asked: String,
        /// Ids that look like it, best first.
        close: Vec<RunId>,
        /// The newest runs, newest first.
        newest: Vec<RunId>,
    },
    #[error("`{asked}` may be any of {} runs", matches.len())]
    Ambiguous {
        asked: String,
        /// Newest first.
        matches: Vec<RunId>,
    },
    #[error("{} runs are running", running.len())]
    SeveralRunning {
        /// Newest first.
        running: Vec<RunId>,
    },
    #[error(transparent)]
    File(#[from] FileError),
}

impl RunsError {
    /// What to do next.
    pub fn help(&self) -> String {
        match self {
            Self::Exists(_) => "try again: every run gets a new id".to_owned(),
            Self::NoRuns(_) => {
                "begin one with `poolroll apply`, or name the folder with `--runs-dir`".to_owned()
            }
            Self::Unknown { close, .. } if !close.is_empty() => {
                format!("did you mean {}?", quoted(close, "or"))
            }
            Self::Unknown { newest, .. } => {
                format!("the newest runs are {}; `poolroll runs` shows all", quoted(newest, "and"))
            }
            Self::Ambiguous { matches, .. } => format!("give more of the id: {}", quoted(matches, "or")),
            Self::SeveralRunning { running } => format!("say which is meant: {}", quoted(running, "or")),
            Self::File(error) => error.help(),
        }
    }
}

fn quoted(ids: &[RunId], last: &str) -> String {
    let named: Vec<String> = ids.iter().take(NAMED).map(|id| format!("`{id}`")).collect();
    match named.as_slice() {
        [rest @ .., end] if !rest.is_empty() => format!("{} {last} {end}", rest.join(", ")),
        _ => named.concat(),
    }
}

impl Runs {
    /// The runs in `dir`, which need not exist yet.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// Their folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Makes the folder of a new run, whole and durable; a crash leaves all of it or nothing that is taken for a run.
    ///
    /// Errors: `Exists`, `File`.
    pub fn create(&self, id: &RunId, plan: &[u8], graph: &[u8]) -> Result<RunFolder, RunsError> {
        os::create_directories(&self.dir).map_err(FileError::of("create", &self.dir))?;
        let draft = self.dir.join(format!(".new-{}", tag::random(12)));
        let run = RunFolder { id: id.clone(), path: self.dir.join(id.as_str()) };
        let made = self.fill(&draft, plan, graph).and_then(|()| match os::rename(&draft, &run.path) {
            Err(_) if run.path.exists() => Err(RunsError::Exists(id.clone())),
            done => Ok(done
                .and_then(|()| os::sync_name(&run.path))
                .map_err(FileError::of("create", &run.path))?),
        });
        if made.is_err() {
            let _ = fs::remove_dir_all(&draft);
        }
        made.map(|()| run)
    }

    fn fill(&self, draft: &Path, plan: &[u8], graph: &[u8]) -> Result<(), RunsError> {
        let draft = RunFolder { id: RunId::new(Timestamp::UNIX_EPOCH, ""), path: draft.to_owned() };
        for dir in [draft.path.clone(), draft.path.join("requests")] {
            fs::create_dir(&dir).map_err(FileError::of("create", &dir))?;
        }
        whole_file::write(&draft.plan(), plan)?;
        whole_file::write(&draft.graph(), graph)?;
        Ok(())
    }

    /// All runs, newest first. A folder of runs that does not exist has none; what is not named like a run is not one.
    pub fn list(&self) -> Result<Vec<RunFolder>, FileError> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(FileError::of("read", &self.dir)(error)),
        };
        let mut runs = Vec::new();
        for entry in entries {
            let path = entry.map_err(FileError::of("read", &self.dir))?.path();
            let id = path.file_name().and_then(|name| name.to_str()).and_then(RunId::parse);
            if let Some(id) = id.filter(|_| path.is_dir()) {
                runs.push(RunFolder { id, path });
            }
        }
        runs.sort_by(|a, b| b.id.cmp(&a.id));
        Ok(runs)
    }

    /// The run with this id, or the only one whose id begins so; the one that is running when nothing is asked for, and the newest where none is.
    ///
    /// Errors: `SeveralRunning`, and as [`Runs::find`].
    pub fn find_running(&self, asked: Option<&str>) -> Result<RunFolder, RunsError> {
        if asked.is_some() {
            return self.find(asked);
        }
        let mut running = Vec::new();
        for run in self.list()? {
            if run.is_alive()? {
                running.push(run);
            }
        }
        match running.as_slice() {
            [] => self.find(None),
            [only] => Ok(only.clone()),
            several => {
                Err(RunsError::SeveralRunning { running: several.iter().map(|run| run.id.clone()).collect() })
            }
        }
    }

    /// The run with this id, or the only one whose id begins so; the newest when nothing is asked for.
    ///
    /// Errors: `NoRuns`, `Unknown`, `Ambiguous`, `File`.
    pub fn find(&self, asked: Option<&str>) -> Result<RunFolder, RunsError> {
        let mut runs = self.list()?;
        let Some(newest) = runs.first() else { return Err(RunsError::NoRuns(self.dir.clone())) };
        let Some(asked) = asked else { return Ok(newest.clone()) };
        if let Some(exact) = runs.iter().find(|run| run.id.as_str() == asked) {
            return Ok(exact.clone());
        }
        let ids: Vec<RunId> = runs.iter().map(|run| run.id.clone()).collect();
        // Nobody means "any run" by an empty text: a script's variable was empty.
        runs.retain(|run| !asked.is_empty() && run.id.as_str().starts_with(asked));
        match runs.as_slice() {
            [only] => Ok(only.clone()),
            [] => {
                let newest = ids.iter().take(NAMED).cloned().collect();
                Err(RunsError::Unknown { asked: asked.to_owned(), close: close_to(asked, &ids), newest })
            }
            several => {
                let matches = several.iter().map(|run| run.id.clone()).collect();
                Err(RunsError::Ambiguous { asked: asked.to_owned(), matches })
            }
        }
    }
}

/// Ids that contain what was asked for, or begin and end with most of it (a letter mistyped between), best first.
fn close_to(asked: &str, ids: &[RunId]) -> Vec<RunId> {
    let asked = asked.to_ascii_lowercase();
    let same = |a: &mut dyn Iterator<Item = u8>, b: &mut dyn Iterator<Item = u8>| {
        a.zip(b).take_while(|(a, b)| a == b).count()
    };
    let score = |id: &RunId| {
        let id = id.as_str();
        if asked.len() >= 3 && id.contains(&asked) {
            return asked.len();
        }
        let front = same(&mut asked.bytes(), &mut id.bytes());
        let back = same(&mut asked.bytes().rev(), &mut id.bytes().rev());
        (front + back).min(asked.len())
    };
    let mut close: Vec<(usize, &RunId)> = ids.iter().map(|id| (score(id), id)).collect();
    // Most of it, and more than a date that all runs of a day share.
    close.retain(|(score, _)| *score >= 3 && score * 4 >= asked.len() * 3);
    close.sort_by(|a, b| b.cmp(a));
    close.into_iter().take(3).map(|(_, id)| id.clone()).collect()
}

impl RunFolder {
    pub fn id(&self) -> &RunId {
        &self.id
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The plan as it was when the run began.
    pub fn plan(&self) -> PathBuf {
        self.path.join("plan.yaml")
    }

    /// The graph that the plan was compiled into.
    pub fn graph(&self) -> PathBuf {
        self.path.join("graph.json")
    }

    /// The journal; absent until the run begins.
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal.jsonl")
    }

    /// Where its claims are, in words; absent in a run of an older program.
    pub fn claims(&self) -> PathBuf {
        self.path.join("claims")
    }

    /// The mark of a run that was ended for good although its journal cannot say so.
    pub fn abandoned(&self) -> PathBuf {
        self.path.join("abandoned.json")
    }

    /// The embedded pool as it lives on between processes.
    pub fn pool(&self) -> PathBuf {
        self.path.join("pool.json")
    }

    /// Whether something is there that is made only after the journal: then a journal that is absent was lost.
    pub fn had_journal(&self) -> bool {
        self.pool().exists() || self.path.join(RESERVE).exists()
    }

    /// What people ask of the run.
    pub fn requests(&self) -> Requests {
        Requests::at(self.path.join("requests"))
    }

    /// Takes the lock, without which nobody may write the journal.
    ///
    /// Errors: `Busy` when another process has it, `File`.
    pub fn lock(&self, now: Timestamp) -> Result<RunLock, LockError> {
        lock::take(&self.path, now)
    }

    /// Whether a process runs the run now.
    pub fn is_alive(&self) -> Result<bool, FileError> {
        lock::is_held(&self.path)
    }

    /// The process that runs the run now, if one does and its name can be read.
    pub fn holder(&self) -> Result<Option<Holder>, FileError> {
        Ok(if self.is_alive()? { lock::read(&self.path) } else { None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(ids: &[&str]) -> (tempfile::TempDir, Runs) {
        let dir = tempfile::tempdir().unwrap();
        let runs = Runs::at(dir.path().join(".poolroll").join("runs"));
        for id in ids {
            runs.create(&RunId::parse(id).unwrap(), b"kind: plan\n", b"{}").unwrap();
        }
        (dir, runs)
    }

    const THREE: [&str; 3] =
        ["20261205-220003-contoso-k3f9", "20261206-080000-fabrikam-aaaa", "20261205-220003-contoso-k3g0"];

    #[test]
    fn a_folder_is_made_whole_and_only_once() {
        let (dir, runs) = runs(&[]);
        assert!(runs.list().unwrap().is_empty());
        assert!(matches!(runs.find(None), Err(RunsError::NoRuns(_))));
        let id = RunId::parse(THREE[0]).unwrap();
        let run = runs.create(&id, b"kind: plan\n", b"{}").unwrap();
        assert_eq!(fs::read(run.plan()).unwrap(), b"kind: plan\n");
        assert_eq!(fs::read(run.graph()).unwrap(), b"{}");
        assert!(run.path().join("requests").is_dir() && !run.journal().exists());
        assert!(matches!(runs.create(&id, b"another", b"{}"), Err(RunsError::Exists(_))));
        assert_eq!(fs::read(run.plan()).unwrap(), b"kind: plan\n");
        let names = fs::read_dir(dir.path().join(".poolroll/runs")).unwrap().count();
        assert_eq!(names, 1, "no draft is left");
    }

    #[test]
    fn the_lock_of_a_run_says_that_it_is_alive() {
        let (_dir, runs) = runs(&THREE[..1]);
        let run = runs.find(None).unwrap();
        assert!(!run.is_alive().unwrap() && run.holder().unwrap().is_none());
        let lock = run.lock(Timestamp::UNIX_EPOCH).unwrap();
        assert!(run.is_alive().unwrap() && run.holder().unwrap().is_some());
        assert!(matches!(run.lock(Timestamp::UNIX_EPOCH), Err(LockError::Busy(Some(_)))));
        drop(lock);
        assert!(!run.is_alive().unwrap());
    }

    #[test]
    fn runs_are_listed_newest_first_and_nothing_else_is() {
        let (dir, runs) = runs(&THREE);
        let path = dir.path().join(".poolroll/runs");
        fs::create_dir(path.join(".new-0123")).unwrap();
        fs::create_dir(path.join("notes")).unwrap();
        fs::write(path.join("20261207-000000-file-aaaa"), "").unwrap();
        let listed: Vec<String> = runs.list().unwrap().iter().map(|run| run.id().to_string()).collect();
        assert_eq!(listed, [THREE[1], THREE[2], THREE[0]]);
    }

    #[test]
    fn a_run_is_found_by_id_by_prefix_or_as_the_newest() {
        let (_dir, runs) = runs(&THREE);
        let found = |asked| runs.find(asked).map(|run| run.id().to_string());
        assert_eq!(found(None).unwrap(), THREE[1]);
        assert_eq!(found(Some(THREE[0])).unwrap(), THREE[0]);
        assert_eq!(found(Some("20261206")).unwrap(), THREE[1]);
        assert_eq!(found(Some("20261205-220003-contoso-k3f")).unwrap(), THREE[0]);
        let error = found(Some("20261205")).unwrap_err();
        assert_eq!(error.to_string(), "`20261205` may be any of 2 runs");
        assert_eq!(error.help(), format!("give more of the id: `{}` or `{}`", THREE[2], THREE[0]));
        assert!(
            matches!(found(Some("")), Err(RunsError::Unknown { .. })),
            "an empty variable is not any run"
        );
        assert!(matches!(found(Some("..")), Err(RunsError::Unknown { .. })));
    }

    #[test]
    fn without_a_name_the_run_is_meant_that_is_running() {
        let (_dir, runs) = runs(&THREE);
        let found = || runs.find_running(None).map(|run| run.id().to_string());
        let lock = |id| runs.find(Some(id)).unwrap().lock(Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(found().unwrap(), THREE[1], "none is, so the newest");
        let first = lock(THREE[0]);
        assert_eq!(found().unwrap(), THREE[0]);
        assert_eq!(runs.find_running(Some(THREE[1])).unwrap().id().as_str(), THREE[1]);
        let _second = lock(THREE[2]);
        let error = found().unwrap_err();
        assert_eq!(error.to_string(), "2 runs are running");
        assert_eq!(error.help(), format!("say which is meant: `{}` or `{}`", THREE[2], THREE[0]));
        drop(first);
        assert_eq!(found().unwrap(), THREE[2]);
    }

    #[test]
    fn an_exact_id_wins_over_longer_ones() {
        let (_dir, runs) = runs(&["20261205-220003-a-b", "20261205-220003-a-b-c"]);
        assert_eq!(runs.find(Some("20261205-220003-a-b")).unwrap().id().as_str(), "20261205-220003-a-b");
    }

    #[test]
    fn who_mistypes_is_told_what_there_is() {
        let (_dir, runs) = runs(&THREE);
        let help = |asked| runs.find(Some(asked)).unwrap_err().help();
        assert_eq!(help("fabrikam"), format!("did you mean `{}`?", THREE[1]));
        assert!(help("20261206-080000-fabrikan-aaaa").contains(THREE[1]));
        assert!(help("K3F9").contains(THREE[0]));
        assert!(help("yesterday").starts_with(&format!("the newest runs are `{}`", THREE[1])));
    }
}
