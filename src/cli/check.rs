//! `poolroll check`: does the plan match the live pool, now?

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use super::apply::{self, DriverName};
use super::exit::Ending;
use super::failure::Failure;
use super::validate::{self, Format};
use super::{going, output, reading, signals};
use crate::document::{self, Document, Source};
use crate::exec::check;
use crate::plan::PlanText;
use crate::report::{Checked, Tally};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The plan, or `-` for stdin
    plan: PathBuf,
    /// Take warnings for errors
    #[arg(long)]
    deny_warnings: bool,
    /// How findings are shown
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Reach the pool in another way than the plan says
    #[arg(long, value_enum)]
    driver: Option<DriverName>,
}

pub fn run(args: &Args) -> Result<Ending, Failure> {
    let file = reading::read(&args.plan)?;
    let Some(compiled) = reading::compile(&file) else { return Ok(Ending::Invalid) };
    let graph = &compiled.graph;
    let source = Source::from_bytes(file.name.clone(), &file.bytes);
    let read = source.map(Arc::new).map(|source| (document::read::<PlanText>(Arc::clone(&source)), source));
    // It compiled a moment ago.
    let Ok((Ok(document), source)) = read else { return Ok(Ending::Invalid) };
    let document: Document<PlanText> = document;
    let mut driver = apply::looking(args.driver, graph)?;
    let now = Timestamp::now();
    output::say(&format!("asking {}, which changes nothing", graph.plan().pool().fqdn));
    let runtime = going::runtime()?;
    let looked = runtime.block_on(async {
        let looked = tokio::select! {
            looked = check::look(graph, &mut driver, now) => Some(looked),
            () = signals::came() => None,
        };
        // Nobody waits for what was asked.
        driver.rest(now).await;
        looked
    });
    let Some(looked) = looked else { return Err(Failure::Interrupted) };
    let findings = check::findings(graph, document.body(), &looked, now);
    let files = [Checked { source: &source, findings: &findings }];
    validate::show(args.format, args.deny_warnings, &files)?;
    let tally = Tally::of(&files);
    if tally.errors + tally.warnings == 0 {
        output::say("the plan matches the live pool, and the pool is ready");
    } else {
        output::say(&tally.to_string());
    }
    let differs = tally.errors > 0 || (args.deny_warnings && tally.warnings > 0);
    Ok(if differs { Ending::Differs } else { Ending::Done })
}
