//! Where runs and claims live.

use std::env;
use std::path::{Path, PathBuf};

use super::output;
use crate::exec::live::Places;

const RUNS: &str = ".poolroll/runs";
const RUNS_DIR: &str = "POOLROLL_RUNS_DIR";

/// Folders that every command about runs takes.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// The folder of runs
    #[arg(
        long,
        env = RUNS_DIR,
        value_name = "DIR",
        default_value = RUNS,
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

/// Says what the commands that were just named need beside what they say: they find runs where everybody finds them. (A run knows
/// where its claims are.)
pub fn say_what_commands_need(places: &Places) {
    let dir = places.runs.dir();
    let found =
        env::var_os(RUNS_DIR).is_some_and(|of_all| Path::new(&of_all) == dir) || dir == Path::new(RUNS);
    if !found {
        let dir = dir.display();
        output::say(&format!(
            "note: these commands need `--runs-dir {dir}` too, or {RUNS_DIR} in the environment"
        ));
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
