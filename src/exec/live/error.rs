//! Why a run could not be begun, taken up or looked at, and what to do next.

use std::sync::Arc;

use crate::document::{Findings, Source};
use crate::exec::claim::ClaimError;
use crate::exec::folder::RunsError;
use crate::exec::journal::JournalError;
use crate::exec::lock::LockError;
use crate::exec::record::FORMAT_VERSION;
use crate::exec::run_id::RunId;
use crate::exec::shell::ShellError;
use crate::exec::whole_file::FileError;
use crate::pool::SaveError;
use crate::run::{Illegal, Outcome};

/// Why a run could not be begun, taken up or looked at.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    #[error(transparent)]
    Runs(#[from] RunsError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Claim(#[from] ClaimError),
    #[error("the claim on the pool was not given: {0}")]
    NotGiven(String),
    #[error("the claim on the pool was perhaps not released: {0}")]
    NotReleased(String),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Shell(#[from] ShellError),
    #[error("the embedded pool of the run cannot be used")]
    Pool(#[from] SaveError),
    #[error("the plan in the folder of run `{run}` does not compile any more")]
    Plan { run: RunId, text: Option<Arc<Source>>, findings: Findings },
    #[error("run `{run}` was begun with graph {was} and its plan now compiles to {is}")]
    Digest { run: RunId, was: String, is: String },
    #[error("the journal of run `{run}` has format {found}, and this program reads {FORMAT_VERSION}")]
    Version { run: RunId, found: String, program: String },
    #[error("run `{0}` was never begun: its journal holds no record")]
    Empty(RunId),
    #[error("record {record} of run `{run}` does not follow from those before it")]
    History { run: RunId, record: u64, source: Illegal },
    #[error("run `{run}` was abandoned{}", reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
    Abandoned { run: RunId, reason: Option<String> },
    #[error("run `{run}` has ended: it is {}", outcome.word())]
    Ended { run: RunId, outcome: Outcome },
    #[error(
        "run `{run}` was begun with the driver `{driver}`, and its plan does not say how that reaches the pool"
    )]
    Driver { run: RunId, driver: String },
    #[error("that cannot be done now: {why}")]
    Refused { why: String },
}

impl LiveError {
    /// What to do next.
    pub fn help(&self) -> String {
        match self {
            LiveError::Runs(error) => error.help(),
            LiveError::Lock(error) => error.help(),
            LiveError::Claim(error) => error.help(),
            LiveError::NotGiven(_) => "see who has it; `driver.command.claim` of the plan says how it is asked".into(),
            LiveError::NotReleased(_) => "release it by hand, as `driver.command.claim.release` of the plan does".into(),
            LiveError::Journal(error) => error.help(),
            LiveError::File(error) => error.help(),
            LiveError::Shell(ShellError::Log(error)) => error.help.clone(),
            LiveError::Pool(_) => {
                "the run cannot go on without it: `poolroll abandon` ends the run and frees the pool".into()
            }
            LiveError::Shell(ShellError::Refused { .. } | ShellError::Deadlock { .. }) => {
                "this is a defect of poolroll: please report it with the run's journal; the run can be resumed".into()
            }
            LiveError::Plan { run, .. } => {
                format!("put `plan.yaml` back as it was in the run's folder, or end the run: `poolroll abandon {run} --reason TEXT`")
            }
            LiveError::Abandoned { .. } => "apply a plan to begin another run".into(),
            LiveError::Digest { .. } => {
                "use the version of poolroll that began the run, or `poolroll abandon` it and apply the plan anew".into()
            }
            LiveError::Driver { .. } => "use the version of poolroll that began the run".into(),
            LiveError::Version { program, .. } => format!("use poolroll {program}, which began the run"),
            LiveError::Empty(_) => "apply the plan again; nothing was done".into(),
            LiveError::History { .. } => {
                "the journal was changed, or another version of poolroll wrote it; see `poolroll report`".into()
            }
            LiveError::Ended { outcome, .. } if outcome.is_final() => {
                "see `poolroll report`; apply a plan to begin another run".into()
            }
            LiveError::Ended { .. } => "see `poolroll status`".into(),
            LiveError::Refused { .. } => "see `poolroll status` for what the run waits for".into(),
        }
    }
}
