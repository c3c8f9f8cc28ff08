//! Why a command could not do what it is for.

use std::io;
use std::path::PathBuf;

use crate::exec::ShellError;
use crate::exec::claim::ClaimError;
use crate::exec::live::LiveError;
use crate::exec::requests::NoReply;
use crate::exec::saved::SavedError;
use crate::exec::whole_file::FileError;
use crate::run::Illegal;

/// Why a command could not do what it is for. Its sources say more.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("cannot read `{path}`")]
    Read { path: String, source: io::Error },
    #[error("cannot write `{}`", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("asked to end before the pool had answered; nothing was changed")]
    Interrupted,
    #[error("cannot write the output")]
    Stdout(#[source] io::Error),
    #[error("there is no `.yaml` or `.yml` file in `{}`", .0.display())]
    NoFiles(PathBuf),
    #[error("`{}` is there already", .0.display())]
    Exists(PathBuf),
    #[error("`{}` is there already, and holds something else than events", .0.display())]
    Occupied(PathBuf),
    #[error("{message}")]
    Usage { message: String, help: String },
    #[error("{question} needs an answer, and nobody is there to give it")]
    NobodyThere { question: String, help: String },
    #[error("pool `{pool}` could not be discovered: {why}")]
    NotDiscovered { pool: String, why: String },
    #[error("not begun, as you said")]
    Declined,
    #[error("the maintenance window is closed: {0}")]
    OutsideWindow(String),
    #[error("run `{run}` is not in progress, so there is nothing to {what}")]
    NotRunning { run: String, what: &'static str, help: String },
    #[error("run `{run}` is in progress, so its claim stays")]
    StillRunning { run: String, help: String },
    #[error("the folder of run `{0}` is gone")]
    Gone(String),
    #[error("{0}")]
    NotAccepted(String),
    #[error("the records are not a history of the plan")]
    History { source: Illegal },
    #[error("this process may open too few files for a run")]
    Files(#[source] io::Error),
    #[error("the clock of the program cannot be started")]
    Runtime(#[source] io::Error),
    #[error(transparent)]
    Saved(#[from] SavedError),
    #[error(transparent)]
    Live(#[from] LiveError),
    #[error(transparent)]
    Claim(#[from] ClaimError),
    #[error(transparent)]
    Shell(#[from] ShellError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    NoReply(#[from] NoReply),
}

impl Failure {
    /// What to do next.
    pub fn help(&self) -> String {
        match self {
            Failure::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "check the path; `-` reads from stdin".into()
            }
            Failure::Read { .. } => "check that it is a file which you may read".into(),
            Failure::Write { .. } => "check that the folder is there and that you may write to it".into(),
            Failure::Interrupted => "check again, with more patience or other time limits".into(),
            Failure::Stdout(_) => "check where the output goes, then try again".into(),
            Failure::NoFiles(_) => "name the files, or the folder that they are in".into(),
            Failure::Exists(_) => "name another file, or add `--force` to replace it".into(),
            Failure::Occupied(_) => "name another file: only events are replaced by events".into(),
            Failure::Usage { help, .. }
            | Failure::NobodyThere { help, .. }
            | Failure::NotRunning { help, .. }
            | Failure::StillRunning { help, .. } => help.clone(),
            Failure::Declined => "rehearse it first with `poolroll rehearse`, or apply it again".into(),
            Failure::NotDiscovered { .. } => {
                "see that the computers can be reached, and that the product and `--management` are right".into()
            }
            Failure::OutsideWindow(_) => {
                "apply it while the window is open, or give it another one; `poolroll rehearse` shows the night today".into()
            }
            Failure::Gone(_) => "see `poolroll runs` for the runs that are there".into(),
            Failure::NotAccepted(_) => "see `poolroll status` for what the run waits for".into(),
            Failure::Files(_) => {
                "raise the limit, as with `ulimit -n 64`, and try again; nothing was begun".into()
            }
            Failure::Runtime(_) => "try again; if it stays so, report it".into(),
            Failure::Saved(error) => error.help(),
            Failure::Live(error) => error.help(),
            Failure::Claim(error) => error.help(),
            Failure::Shell(ShellError::Log(error)) => error.help.clone(),
            Failure::Shell(_) | Failure::History { .. } => {
                "this is a defect of poolroll: please report it with the plan".into()
            }
            Failure::File(error) => error.help(),
            Failure::NoReply(error) => error.help(),
        }
    }
}
