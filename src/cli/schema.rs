//! `poolroll schema`: the JSON Schema, for editors.

use clap::ValueEnum;

use super::exit::Ending;
use super::failure::Failure;
use super::output;
use crate::document::Written;
use crate::plan::PlanText;
use crate::pool::ANSWER_SCHEMA;
use crate::twin::ScenarioText;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The kind of file
    #[arg(long, value_enum, default_value_t)]
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Kind {
    #[default]
    Plan,
    Scenario,
    Answer,
}

pub fn run(args: &Args) -> Result<Ending, Failure> {
    output::text(match args.kind {
        Kind::Plan => PlanText::SCHEMA,
        Kind::Scenario => ScenarioText::SCHEMA,
        Kind::Answer => ANSWER_SCHEMA,
    })?;
    Ok(Ending::Done)
}
