//! `poolroll abandon`: ends a run for good, with what it leaves behind in the record.

use super::exit::Ending;
use super::failure::Failure;
use super::{output, places, reading, seeing};
use crate::exec::live::{self, Abandoned, LiveError};
use crate::report::words::place;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run, or the beginning of its id
    run: String,
    /// Why; it goes into the record
    #[arg(long, value_name = "TEXT", value_parser = reading::reason)]
    reason: String,
    #[command(flatten)]
    places: places::Args,
}

pub fn run(args: &Args) -> Result<Ending, Failure> {
    let places = args.places.places();
    let folder = places.runs.find(Some(&args.run)).map_err(LiveError::from)?;
    let id = folder.id().to_string();
    // What it leaves behind, where that can still be told.
    let left = live::look(&places, Some(&id))
        .map(|looked| seeing::seen(&seeing::moment(&looked), place::left_behind));
    let ended = live::abandon(&places, &id, &args.reason)?;
    output::say(&format!("run {id} is ended for good; its pool is free for another run"));
    match (ended, left) {
        (Abandoned::Marked(error), _) => {
            output::say(&format!("warning: its journal does not say so: {}", output::chain(&error)));
            output::say("warning: look at the pool: nobody can tell what this run left behind");
        }
        (Abandoned::Recorded, left) => {
            for line in left.into_iter().flatten() {
                output::say(&format!("warning: {line}"));
            }
            output::say(&format!("next: poolroll report {id}"));
        }
    }
    Ok(Ending::Done)
}
