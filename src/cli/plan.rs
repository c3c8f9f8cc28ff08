//! `poolroll plan`: compiles a plan and shows both routes.

use std::path::PathBuf;

use clap::ValueEnum;

use super::exit::Ending;
use super::failure::Failure;
use super::{output, reading};
use crate::exec::saved::Saved;
use crate::pool::show_scripts;
use crate::report::{graph_json, graph_mermaid, graph_tree};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The plan, or `-` for stdin
    plan: PathBuf,
    /// How it is shown
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Print what would run on the pool instead: every script with its arguments, or every command
    #[arg(long, conflicts_with_all = ["format", "out"])]
    show_scripts: bool,
    /// Save the compiled plan too; `poolroll apply FILE` runs exactly this one
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Tree,
    /// For programs
    Json,
    /// A chart for pages that draw Mermaid
    Mermaid,
}

pub fn run(args: &Args) -> Result<Ending, Failure> {
    let file = reading::read(&args.plan)?;
    let Some(compiled) = reading::compile(&file) else { return Ok(Ending::Invalid) };
    let graph = &compiled.graph;
    if args.show_scripts {
        let Some(scripts) = show_scripts(graph.plan()) else {
            return Err(Failure::Usage {
                message: "the plan runs no scripts: its pool is the embedded one, or none is named".into(),
                help: "see `driver.powershell` and `driver.command` in the schema, or leave out `--show-scripts`"
                    .into(),
            });
        };
        output::text(&scripts)?;
        return Ok(Ending::Done);
    }
    output::data(|mut out| {
        let mut text = String::new();
        match args.format {
            Format::Tree => graph_tree::write(&mut text, graph).map_err(std::io::Error::other)?,
            Format::Mermaid => graph_mermaid::write(&mut text, graph).map_err(std::io::Error::other)?,
            Format::Json => return graph_json::write(&mut out, graph),
        }
        out.write_all(text.as_bytes())
    })?;
    if let Some(path) = &args.out {
        Saved::of(&file.name, &file.bytes, graph).write(path)?;
        output::say(&format!("\nsaved to `{0}`; next: poolroll apply {0}", path.display()));
    }
    Ok(Ending::Done)
}
