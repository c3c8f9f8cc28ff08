//! `poolroll rehearse` with a history that `poolroll prove` saved: it is replayed, answer by answer.

use super::exit::Ending;
use super::failure::Failure;
use super::output;
use super::prove::actions;
use super::rehearse::Args;
use super::status::Format;
use crate::document::{Document, Findings};
use crate::graph::StepGraph;
use crate::proof::{MOST_ACTIONS, Replayed, replay};
use crate::report::replayed::Replay;
use crate::run::Run;
use crate::twin::ScenarioText;
use crate::twin::scenario::{Against, SavedHistory};

/// The history of a scenario that has one, held against the plan.
pub fn history(
    document: &Document<ScenarioText>,
    graph: &StepGraph,
) -> Option<Result<SavedHistory, Findings>> {
    document.body().history.as_ref()?;
    let plan = graph.plan();
    let against = Against {
        plan: plan.name(),
        digest: &graph.digest(),
        steps: graph.steps().iter().map(|step| step.name.as_str()).collect(),
        front_ends: plan.pool().front_ends.iter().map(|front_end| front_end.fqdn.as_str()).collect(),
    };
    SavedHistory::resolve(document, &against)
}

/// Why an option that varies a rehearsal is refused.
pub fn meaningless(option: &str) -> Failure {
    Failure::Usage {
        message: format!("a history is replayed as it is, and `{option}` has no meaning for it"),
        help: format!("leave `{option}` out"),
    }
}

/// Replays it.
pub fn run(
    args: &Args,
    graph: &StepGraph,
    document: &Document<ScenarioText>,
    saved: &SavedHistory,
) -> Result<Ending, Failure> {
    let actions = actions(graph);
    if actions > MOST_ACTIONS {
        output::say(&format!(
            "undecided: a replay can tell {MOST_ACTIONS} actions of a front end apart, and the plan has {actions}"
        ));
        return Ok(Ending::Undecided);
    }
    let replayed = replay(graph, Run::new(graph), saved);
    let shown = Replay { graph, source: document.source(), saved, replayed: &replayed };
    match args.format() {
        Format::Human => {
            let mut text = String::new();
            // Writing to a text cannot fail.
            let _ = shown.human(&mut text);
            output::text(&text)?;
        }
        Format::Json => output::data(|mut out| shown.json(&mut out))?,
    }
    Ok(match replayed {
        Replayed::Broken { .. } => Ending::Broken,
        Replayed::Kept { .. } => Ending::Done,
        Replayed::Departs { .. } | Replayed::TooOpen { .. } => {
            let plan = args.plan().display();
            output::say(&format!("\nwhether another history breaks a promise: poolroll prove {plan}"));
            Ending::Undecided
        }
    })
}
