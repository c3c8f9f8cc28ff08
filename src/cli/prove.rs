//! `poolroll prove`: walks every history that a plan can have.

use std::path::PathBuf;

use super::exit::Ending;
use super::failure::Failure;
use super::{output, reading};
use crate::exec::prove::{Bounds, MOST_STATES, prove};
use crate::proof::{Budgets, Verdict};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The plan, or `-` for stdin
    plan: PathBuf,
    /// How often the run is taken up again after a crash, a pause or a stop
    #[arg(long, value_name = "N", default_value_t = Budgets::default().crashes)]
    crashes: u8,
    /// How many front ends die by themselves
    #[arg(long, value_name = "N", default_value_t = Budgets::default().deaths)]
    deaths: u8,
    /// What persons do beside resuming and approving: pause, abort, retry, skip, resolve
    #[arg(long, value_name = "N", default_value_t = Budgets::default().acts)]
    acts: u8,
    /// How many front ends are found upgraded already, or down, before the run
    #[arg(long, value_name = "N", default_value_t = Budgets::default().found)]
    found: u8,
    /// The most states that are met before the proof gives up
    #[arg(long, value_name = "N", default_value_t = MOST_STATES)]
    states: u64,
}

pub fn run(args: &Args) -> Result<Ending, Failure> {
    let file = reading::read(&args.plan)?;
    let Some(compiled) = reading::compile(&file) else { return Ok(Ending::Invalid) };
    let graph = &compiled.graph;
    let Args { crashes, deaths, acts, found, states, .. } = *args;
    let bounds = Bounds { budgets: Budgets { crashes, deaths, acts, found }, states, workers: None };
    let proved = prove(graph, &bounds, |tally, took| {
        output::say(&format!("{tally:?} {took:?}"));
    });
    output::say(&format!("{:?} {:?}", proved.tally, proved.took));
    match proved.verdict {
        None => output::say("bound"),
        Some(Verdict::Proved) => output::say("proved"),
        Some(Verdict::Broken(broken)) => {
            output::say(&format!("{:?}", broken.violation));
            for happened in &broken.history {
                let step = match happened {
                    crate::proof::Happened::Event(event) => crate::exec::record::step_of(event),
                    _ => None,
                };
                output::say(&format!(
                    "  {:<30} {happened:?}",
                    step.map_or("", |step| graph.step(step).name.as_str())
                ));
            }
            return Ok(Ending::Broken);
        }
    }
    Ok(Ending::Done)
}
