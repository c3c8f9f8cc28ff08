//! `poolroll pause`, `abort` and `approve`: what people ask of a run that another process runs.

use std::time::Duration;

use jiff::Timestamp;

use super::exit::Ending;
use super::failure::Failure;
use super::{output, places, reading};
use crate::exec::live::{self, LiveError};
use crate::exec::os;
use crate::exec::requests::Request;
use crate::run::Outcome;

/// How long an answer may take. A run looks at requests every second.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run, or the beginning of its id; the one that is running if left out
    run: Option<String>,
    /// Why; it goes into the record
    #[arg(long, value_name = "TEXT", value_parser = reading::reason)]
    reason: Option<String>,
    #[command(flatten)]
    places: places::Args,
}

#[derive(Debug, clap::Args)]
pub struct ApproveArgs {
    /// The run, or the beginning of its id
    run: String,
    /// The approval's id, as `poolroll status` shows it: proof that it was read
    approval_id: String,
    #[command(flatten)]
    places: places::Args,
}

pub fn pause(args: &Args) -> Result<Ending, Failure> {
    let request = Request::Pause { by: os::user(), reason: args.reason.clone() };
    ask(&args.places, args.run.as_deref(), &request, "pause")
}

pub fn abort(args: &Args) -> Result<Ending, Failure> {
    let request = Request::Abort { by: os::user(), reason: args.reason.clone() };
    ask(&args.places, args.run.as_deref(), &request, "stop")
}

pub fn approve(args: &ApproveArgs) -> Result<Ending, Failure> {
    let request = Request::Approve { approval: args.approval_id.clone(), by: os::user() };
    ask(&args.places, Some(&args.run), &request, "approve")
}

fn ask(
    places: &places::Args,
    run: Option<&str>,
    request: &Request,
    what: &'static str,
) -> Result<Ending, Failure> {
    let places = places.places();
    let folder = places.runs.find_running(run).map_err(LiveError::from)?;
    let id = folder.id().to_string();
    if !folder.is_alive()? {
        let outcome = live::look(&places, Some(&id)).ok().and_then(|looked| looked.run().outcome());
        let help = match outcome.is_some_and(Outcome::is_final) {
            true => format!("see `poolroll report {id}`: nothing follows in it"),
            false => format!("see `poolroll status {id}`; `poolroll resume {id}` takes it up"),
        };
        return Err(Failure::NotRunning { run: id, what, help });
    }
    let requests = folder.requests();
    let posted = requests.post(request, Timestamp::now())?;
    let reply = requests.await_reply(&posted, PATIENCE)?;
    if !reply.accepted {
        return Err(Failure::NotAccepted(reply.text));
    }
    output::say(&format!("run {id}: {}", reply.text));
    output::say(&format!("next: poolroll status {id} --watch"));
    places::say_what_commands_need(&places);
    Ok(Ending::Done)
}
