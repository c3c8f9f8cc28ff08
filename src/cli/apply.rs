//! `poolroll apply`: runs a plan.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueEnum;
use jiff::Timestamp;

use super::exit::Ending;
use super::failure::Failure;
use super::reading::{self, Bytes};
use super::{going, output, places, teller};
use crate::exec::live::{Compiled, LiveRun, SimulatedStart, Start};
use crate::exec::saved::Saved;
use crate::graph::StepGraph;
use crate::plan::Driver;
use crate::pool;
use crate::report::graph_tree::SHOWN_DIGEST;
use crate::report::lines::{counted, rough};
use crate::report::times::Zone;
use crate::twin::Setup;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The plan, one that was saved with `poolroll plan --out`, or `-` for stdin
    plan: PathBuf,
    /// Begin without asking
    #[arg(long)]
    yes: bool,
    /// Reach the pool in another way than the plan says
    #[arg(long, value_enum)]
    driver: Option<DriverName>,
    /// Seconds of the simulated pool in one of ours
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    speed: Option<u32>,
    #[command(flatten)]
    teller: teller::Args,
    #[command(flatten)]
    places: places::Args,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DriverName {
    /// The embedded pool, a twin of the planned one
    Simulated,
}

pub fn run(args: &Args) -> Result<Ending, Failure> {
    let Some(compiled) = read(args)? else { return Ok(Ending::Invalid) };
    let start = start(args, &compiled.graph)?;
    confirm(args, &compiled.graph, &start)?;
    let places = args.places.places();
    let out = args.teller.open(teller::Onto::New)?;
    going::go(&places, out, |signals| Ok((LiveRun::begin(&places, &compiled, &start, signals)?, None)))
}

/// The plan, from its own text or from where it was saved. A saved one runs only if its digest still matches.
fn read(args: &Args) -> Result<Option<Compiled>, Failure> {
    let file = reading::read_saved(&args.plan)?;
    let Some(saved) = Saved::read(&file.name, &file.bytes)? else { return Ok(reading::compile(&file)) };
    let plan = Bytes { name: saved.plan_file.name.clone(), bytes: saved.plan_file.text.clone().into_bytes() };
    let Some(compiled) = reading::compile(&plan) else { return Ok(None) };
    saved.check(&file.name, &compiled.graph)?;
    Ok(Some(compiled))
}

fn start(args: &Args, graph: &StepGraph) -> Result<Start, Failure> {
    match (args.driver, graph.plan().driver()) {
        (None, Some(Driver::PowerShell(_) | Driver::Command(_))) => return live(args, graph),
        (None, None) => return Err(no_driver()),
        (Some(DriverName::Simulated), _) | (None, Some(Driver::Simulated(_))) => {}
    }
    let simulated = graph.plan().simulated();
    let now = Timestamp::now();
    // The clock of a simulated pool may begin with the window, so that a plan for next week can be tried today.
    let begins = match graph.plan().window() {
        Some(window) if !window.is_open(now) => window.start,
        _ => now,
    };
    let speed = args.speed.unwrap_or(simulated.speed);
    Ok(Start::Simulated(SimulatedStart { setup: Setup::from(simulated), faults: Vec::new(), speed, begins }))
}

/// The driver of a plan, to look through: nothing is begun, and nothing is remembered.
pub fn looking(named: Option<DriverName>, graph: &StepGraph) -> Result<pool::Driver, Failure> {
    let plan = Arc::clone(graph.plan_arc());
    match (named, graph.plan().driver()) {
        (None, Some(Driver::PowerShell(_) | Driver::Command(_))) => {
            pool::Driver::live(&plan, "look", None).ok_or_else(no_driver)
        }
        (None, None) => Err(no_driver()),
        (Some(DriverName::Simulated), _) | (None, Some(Driver::Simulated(_))) => {
            let setup = Setup::from(plan.simulated());
            let pool = pool::SimulatedPool::new(plan, &setup, &[], Timestamp::now());
            Ok(pool::Driver::Simulated(Box::new(pool)))
        }
    }
}

fn no_driver() -> Failure {
    Failure::Usage {
        message: "the plan does not say how its pool is reached".into(),
        help: "add `driver:` to the plan, or try it on its twin with `--driver simulated`".into(),
    }
}

/// A live pool lives in our own time, so a window that is closed now stays closed.
fn live(args: &Args, graph: &StepGraph) -> Result<Start, Failure> {
    if args.speed.is_some() {
        return Err(Failure::Usage {
            message: "`--speed` is for a simulated pool, and the plan names a live one".into(),
            help: "leave it out, or try the plan on its twin with `--driver simulated`".into(),
        });
    }
    let now = Timestamp::now();
    if let Some(window) = graph.plan().window().filter(|window| !window.is_open(now)) {
        let zone = Zone::of(graph);
        return Err(Failure::OutsideWindow(format!(
            "it is open from {} to {}",
            zone.full(window.start),
            zone.full(window.end)
        )));
    }
    Ok(Start::Live)
}

/// Says what is about to happen, and asks. Prompts only where somebody is there.
fn confirm(args: &Args, graph: &StepGraph, start: &Start) -> Result<(), Failure> {
    let plan = graph.plan();
    let estimate = graph.estimate();
    output::say(&format!(
        "{}: {} of {} in {}, about {}, digest {}",
        plan.name(),
        counted(plan.pool().front_ends.len(), "front end"),
        plan.pool().fqdn,
        counted(plan.pool().domains.len(), "upgrade domain"),
        rough(estimate.rolling),
        graph.digest().get(..SHOWN_DIGEST).unwrap_or_default()
    ));
    output::say(&match start {
        Start::Simulated(start) => format!(
            "on a simulated pool, {} seconds of it in one of ours, from {} on",
            start.speed,
            Zone::of(graph).full(start.begins)
        ),
        Start::Live => match plan.driver() {
            Some(Driver::PowerShell(powershell)) => {
                format!("on the live pool, by {} through {}", powershell.engine, powershell.reach.called())
            }
            _ => "on the live pool, by the commands of the plan".to_owned(),
        },
    });
    let front_ends = plan.pool().front_ends.len();
    if matches!(start, Start::Live) && plan.leans_on_back_end() {
        output::say(&format!(
            "remember: of {front_ends} front ends, an even number, the primary SQL back end has the casting vote; it must not be patched meanwhile"
        ));
    }
    if args.yes {
        return Ok(());
    }
    if !output::somebody_is_there() {
        return Err(Failure::NobodyThere {
            question: "whether to begin".into(),
            help: "read the plan with `poolroll plan`, then add `--yes`".into(),
        });
    }
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "begin? only `yes` does: ").and_then(|()| stderr.flush());
    let mut answer = String::new();
    match io::stdin().lock().read_line(&mut answer) {
        Ok(_) if answer.trim() == "yes" => Ok(()),
        Ok(_) => Err(Failure::Declined),
        Err(source) => Err(Failure::Read { path: "<stdin>".into(), source }),
    }
}
