//! `poolroll abandon`: ends a run for good, with what it leaves behind in the record.

use super::exit::Ending;
use super::failure::Failure;
use super::{output, places, seeing};
use crate::exec::live::{self, LiveRun};
use crate::report::words::place::{self, Standing};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run, or the beginning of its id
    run: String,
    /// Why; it goes into the record
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    places: places::Args,
}

pub fn run(args: &Args) -> Result<Ending, Failure> {
    let places = args.places.places();
    let looked = live::look(&places, Some(&args.run))?;
    let left = seeing::seen(&seeing::moment(&looked), |seen| {
        let plan = seen.graph.plan();
        let behind = plan.front_end_ids().filter_map(|id| {
            let standing = place::standing(seen, id);
            let left = matches!(standing, Standing::Out | Standing::Trouble);
            left.then(|| format!("{} is left {}", plan.front_end(id).fqdn, standing.word()))
        });
        place::served(seen).into_iter().chain(behind).collect::<Vec<_>>()
    });
    let (live, _) = LiveRun::take_up(&places, Some(looked.folder.id().as_str()))?;
    let id = live.folder().id().to_string();
    let pool = live.shell().graph().plan().pool().fqdn.clone();
    live.abandon(&args.reason, &mut ())?;
    output::say(&format!("run {id} is ended for good; {pool} is free for another run"));
    for line in left {
        output::say(&format!("warning: {line}"));
    }
    output::say(&format!("next: poolroll report {id}"));
    Ok(Ending::Done)
}
