//! A proof for programs.

use serde::Serialize;

use super::proof_human::{NOT_COVERED, story};
use crate::exec::prove::{Bounds, Proved};
use crate::graph::StepGraph;
use crate::proof::{Happened, Invariant, Reduction, Verdict};
use crate::run::{Event, Run};

/// The version of this format: a minor version adds, a major one breaks.
pub const FORMAT_VERSION: &str = "1.0";

#[derive(Serialize)]
struct Json<'a> {
    format_version: &'static str,
    plan: &'a str,
    verdict: &'static str,
    bounds: JsonBounds,
    states: u64,
    transitions: u64,
    depth: u32,
    milliseconds: u128,
    /// How many things interfere at most where it was looked for loops that no limit ends; none when it was not.
    waits_together: Option<u8>,
    promises: Vec<Promise>,
    #[serde(skip_serializing_if = "Option::is_none")]
    broken: Option<JsonBroken<'a>>,
    not_covered: [&'static str; NOT_COVERED.len()],
}

#[derive(Serialize)]
struct JsonBounds {
    crashes: u8,
    deaths: u8,
    acts: u8,
    found: u8,
    together: u8,
    states: u64,
    /// Every state was met by itself.
    whole: bool,
}

#[derive(Serialize)]
struct Promise {
    number: u8,
    promise: &'static str,
    checks: u64,
}

#[derive(Serialize)]
struct JsonBroken<'a> {
    promise: u8,
    text: &'a str,
    /// In words.
    story: Vec<String>,
    /// Everything that happened.
    history: Vec<JsonHappened<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum JsonHappened<'a> {
    Event(&'a Event),
    Died { front_end: &'a str, returns: bool },
    Crashed,
}

/// What came of a proof, as JSON.
///
/// # Errors
///
/// The writer's.
pub fn write(
    out: &mut impl std::io::Write,
    graph: &StepGraph,
    bounds: &Bounds,
    proved: &Proved,
) -> std::io::Result<()> {
    let broken = match &proved.verdict {
        Some(Verdict::Broken(broken)) => Some(broken),
        _ => None,
    };
    let happened = |happened| match happened {
        &Happened::Crashed => JsonHappened::Crashed,
        Happened::Died { front_end, returns } => {
            JsonHappened::Died { front_end: &graph.plan().front_end(*front_end).fqdn, returns: *returns }
        }
        Happened::Event(event) => JsonHappened::Event(event),
    };
    let tally = &proved.tally;
    let json = Json {
        format_version: FORMAT_VERSION,
        plan: graph.plan().name(),
        verdict: match &proved.verdict {
            Some(Verdict::Proved) => "proved",
            Some(Verdict::Broken(_)) => "broken",
            None => "undecided",
        },
        bounds: JsonBounds {
            crashes: bounds.budgets.crashes,
            deaths: bounds.budgets.deaths,
            acts: bounds.budgets.acts,
            found: bounds.budgets.found,
            together: bounds.budgets.together,
            states: bounds.states,
            whole: bounds.reduction == Reduction::NONE,
        },
        states: tally.states,
        transitions: tally.transitions,
        depth: tally.depth,
        milliseconds: proved.took.as_millis(),
        waits_together: proved.waits,
        promises: Invariant::ALL
            .map(|invariant| Promise {
                number: invariant.number(),
                promise: invariant.promise(),
                checks: tally.checks[usize::from(invariant.number()) - 1],
            })
            .into(),
        broken: broken.map(|broken| JsonBroken {
            promise: broken.violation.invariant.number(),
            text: &broken.violation.text,
            story: story(graph, Run::new(graph), &broken.history),
            history: broken.history.iter().map(happened).collect(),
        }),
        not_covered: NOT_COVERED,
    };
    serde_json::to_writer_pretty(&mut *out, &json)?;
    writeln!(out)
}
