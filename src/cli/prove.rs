//! `poolroll prove`: walks every history that a plan can have.

use std::path::PathBuf;
use std::time::Duration;

use super::exit::Ending;
use super::failure::Failure;
use super::status::Format;
use super::{output, reading, saving};
use crate::exec::prove::{Bounds, MOST_STATES, prove, rate};
use crate::graph::StepGraph;
use crate::proof::{Broken, Budgets, MOST_ACTIONS, Reduction, Verdict};
use crate::report::lines::grouped;
use crate::report::{history_yaml, proof_human, proof_json};
use crate::run::Run;

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
    /// How many of all these together in one history
    #[arg(long, value_name = "N", default_value_t = Budgets::default().together)]
    together: u8,
    /// Meet every state by itself: leave nothing out because it follows from what is met
    #[arg(long)]
    whole: bool,
    /// The most states that are met before the proof gives up
    #[arg(long, value_name = "N", default_value_t = MOST_STATES)]
    states: u64,
    #[command(flatten)]
    saving: saving::Args,
    /// How the result is shown
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How often somebody who watches hears how far it is.
const PROGRESS: Duration = Duration::from_secs(5);

pub fn run(args: &Args) -> Result<Ending, Failure> {
    let file = reading::read(&args.plan)?;
    let Some(compiled) = reading::compile(&file) else { return Ok(Ending::Invalid) };
    let graph = &compiled.graph;
    let actions = actions(graph);
    if actions > MOST_ACTIONS {
        output::say(&format!(
            "undecided: a proof can tell {MOST_ACTIONS} actions of a front end apart, and the plan has {actions}"
        ));
        return Ok(Ending::Undecided);
    }
    args.saving.check()?;
    let Args { crashes, deaths, acts, found, together, whole, states, .. } = *args;
    let budgets = Budgets { crashes, deaths, acts, found, together };
    let reduction = if whole { Reduction::NONE } else { Reduction::ALL };
    let bounds = Bounds { budgets, reduction, states, workers: None };
    let mut told = Duration::ZERO;
    let proved = prove(graph, &bounds, |tally, took| {
        if took >= told + PROGRESS {
            told = took;
            output::say(&format!(
                "{} states, {} a second, {} steps deep",
                grouped(tally.states),
                grouped(rate(tally.states, took)),
                tally.depth
            ));
        }
    });
    let saved = match &proved.verdict {
        Some(Verdict::Broken(broken)) => Some(save(args, graph, broken)),
        _ => None,
    };
    let path = saved.as_ref().and_then(|saved| saved.as_ref().ok()).map(|path| path.display().to_string());
    match args.format {
        Format::Human => {
            let mut text = String::new();
            // Writing to a text cannot fail.
            let _ = proof_human::write(&mut text, graph, &bounds, &proved);
            output::text(&text)?;
        }
        Format::Json => {
            output::data(|mut out| proof_json::write(&mut out, graph, &bounds, &proved, path.as_deref()))?
        }
    }
    match saved {
        Some(Ok(_)) => {}
        Some(Err(failure)) if args.saving.is_asked_for() => return Err(failure),
        // What was asked for is the verdict, and it was shown.
        Some(Err(failure)) => output::say(&format!("the history is not saved: {}", output::chain(&failure))),
        None => {}
    }
    if let Some(path) = path {
        let plan = args.plan.display();
        output::say(&format!(
            "\nthe history is saved to `{path}`; replay it with: poolroll rehearse {plan} --scenario {path}"
        ));
    }
    Ok(match proved.verdict {
        Some(Verdict::Proved) => Ending::Done,
        Some(Verdict::Broken(_)) => Ending::Broken,
        None => Ending::Undecided,
    })
}

/// How many actions each front end has.
pub fn actions(graph: &StepGraph) -> usize {
    let upgrade = graph.plan().upgrade();
    upgrade.before_stop.len() + upgrade.actions.len() + upgrade.after_accept.len()
}

/// Saves the history that breaks a promise.
fn save(args: &Args, graph: &StepGraph, broken: &Broken) -> Result<PathBuf, Failure> {
    let mut text = String::new();
    // Writing to a text cannot fail.
    let _ = history_yaml::write(&mut text, graph, Run::new(graph), broken);
    args.saving.save(&args.plan, &text)
}
