//! The claim on a pool, for teams that share no folder: a lease, a row in a database, whatever two commands of the plan take and release.

use std::time::Duration;

use super::flow::ended;
use super::local::{self, Ended, Output, Waiting};
use super::output::Secrets;
use super::words::{About, Words};
use crate::plan::{Command, Driver, Plan};
use crate::pool::process::Endings;

/// How long such a command may take, where the plan does not say.
const WITHIN: Duration = Duration::from_secs(60);

/// How often it is looked whether anybody still wants the claim.
const LOOKED: Duration = Duration::from_millis(100);

/// The environment variable in which it finds the name of the run.
const RUN: &str = "POOLROLL_RUN";

/// Why a claim is not held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotTaken {
    /// In words.
    pub why: String,
    /// The command did not come to an end of its own: what it was to take may be taken.
    pub in_doubt: bool,
}

/// Takes the claim of a plan's pool for a run, unless that is given up meanwhile. Taking what the run has already succeeds: that is
/// the command's part.
///
/// # Errors
///
/// It was not given, or the command cannot be run.
pub fn take(plan: &Plan, run: &str, given_up: &(dyn Fn() -> bool + Sync)) -> Result<(), NotTaken> {
    match commands(plan) {
        Some((take, _)) => ask(plan, take, run, given_up),
        None => Ok(()),
    }
}

/// Releases it.
///
/// # Errors
///
/// It is perhaps still held; why, in words.
pub fn release(plan: &Plan, run: &str) -> Result<(), String> {
    match commands(plan) {
        Some((_, release)) => ask(plan, release, run, &|| false).map_err(|not| not.why),
        None => Ok(()),
    }
}

fn commands(plan: &Plan) -> Option<(&Command, &Command)> {
    match plan.driver()? {
        Driver::Command(settings) => settings.claim.as_ref().map(|claim| (&claim.take, &claim.release)),
        _ => None,
    }
}

fn ask(
    plan: &Plan,
    command: &Command,
    run: &str,
    given_up: &(dyn Fn() -> bool + Sync),
) -> Result<(), NotTaken> {
    let Some(Driver::Command(settings)) = plan.driver() else { return Ok(()) };
    let mut words = Words::of(command, &settings.environment, plan, About::pool());
    words.environment.push((RUN.to_owned(), run.to_owned()));
    let limit = Some(command.time_limit.unwrap_or(WITHIN));
    // Whoever asks may be inside of a runtime, or outside of any.
    let output = std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| error.to_string())?;
            runtime.block_on(async {
                let endings = Endings::default();
                let waiting = Waiting { limit, marked: None, left: Box::new(drop) };
                let giving_up = async {
                    while !given_up() {
                        tokio::time::sleep(LOOKED).await;
                    }
                };
                let output = tokio::select! {
                    output = local::run(&words, waiting, &endings) => output,
                    () = giving_up => {
                        let ended = Ended::Lost("somebody asked to stop, and it was ended".to_owned());
                        Ok(Output { ended, ..Output::none() })
                    }
                };
                // What took too long takes nothing any more when we go on.
                endings.all().await;
                output
            })
        });
        asking.join().unwrap_or_else(|_| Err("it could not be asked".to_owned()))
    });
    let in_doubt = matches!(&output, Ok(Output { ended: Ended::Killed | Ended::Lost(_), .. }));
    let secrets = Secrets::of(&settings.secrets);
    // Before anything is cut off or joined: a piece of a secret is told by nobody.
    let told = output.and_then(|output| ended(command, &output.masked(&secrets)).map_err(|(_, why)| why));
    told.map_err(|why| NotTaken { why: format!("`{}`: {}", words.program, secrets.masked(&why)), in_doubt })
}
