//! Where runs and claims live.

use std::env;
use std::path::PathBuf;

use crate::exec::live::Places;

/// Folders that every command about runs takes.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// The folder of runs
    #[arg(
        long,
        env = "POOLROLL_RUNS_DIR",
        value_name = "DIR",
        default_value = ".poolroll/runs",
        hide_env_values = true
    )]
    runs_dir: PathBuf,
    /// The folder of claims on pools: one a machine by default, or one that a team shares. A run keeps the one that it was begun with
    #[arg(long, env = "POOLROLL_CLAIMS_DIR", value_name = "DIR", hide_env_values = true)]
    claims_dir: Option<PathBuf>,
}

impl Args {
    pub fn places(&self) -> Places {
        Places::at(&self.runs_dir, self.claims_dir.clone().unwrap_or_else(claims_of_this_machine))
    }
}

/// The folder of all users of this machine: a claim that only its own user sees keeps nobody else off.
fn claims_of_this_machine() -> PathBuf {
    if cfg!(windows) {
        let data = env::var_os("ProgramData").unwrap_or_else(|| r"C:\ProgramData".into());
        return PathBuf::from(data).join("poolroll").join("claims");
    }
    // It outlives a restart of the machine, and every user may make it.
    PathBuf::from("/var/tmp/poolroll/claims")
}
