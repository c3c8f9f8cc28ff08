//! `poolroll report`: what became of a run.

use super::exit::Ending;
use super::failure::Failure;
use super::status::Format;
use super::{output, places, seeing};
use crate::exec::live::{self, LiveError};
use crate::report::times::Zone;
use crate::report::{run_human, run_json};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run, or the beginning of its id; the newest if left out
    run: Option<String>,
    /// How it is shown
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    places: places::Args,
}

pub fn run(args: &Args) -> Result<Ending, Failure> {
    let looked = live::look(&args.places.places(), args.run.as_deref())?;
    let report = seeing::report(&looked).map_err(|source| LiveError::History {
        run: looked.folder.id().clone(),
        record: 0,
        source,
    })?;
    match args.format {
        Format::Json => output::data(|mut out| run_json::write_json(&mut out, &report))?,
        Format::Human => {
            let mut text = String::new();
            // Writing to a text cannot fail.
            let _ = run_human::write(&mut text, &report, &Zone::of(&looked.graph));
            output::text(&text)?;
        }
    }
    Ok(Ending::Done)
}
