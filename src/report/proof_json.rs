//! A proof for programs.

use serde::Serialize;

use super::proof_human::NOT_COVERED;
use super::timeline::story;
use crate::exec::prove::{Bounds, Proved};
use crate::graph::StepGraph;
use crate::proof::{Happened, Invariant, Reduction, Verdict};
use crate::run::{Event, Run};
use crate::twin::scenario::HappensText;

/// The version of this format: a minor version adds, a major one breaks.
pub const FORMAT_VERSION: &str = "1.1";

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
    /// The same in the words of a scenario: what happens, and what then goes round and round.
    happens: Vec<HappensText>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    goes_round: Vec<HappensText>,
    /// The scenario file that it was saved as.
    #[serde(skip_serializing_if = "Option::is_none")]
    saved: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum JsonHappened<'a> {
    Event(&'a Event),
    Died { front_end: &'a str, returns: bool },
    Crashed,
}

/// What came of a proof, as JSON; `saved` is the file that holds the history, if there is one.
///
/// # Errors
///
/// The writer's.
pub fn write(
    out: &mut impl std::io::Write,
    graph: &StepGraph,
    bounds: &Bounds,
    proved: &Proved,
    saved: Option<&str>,
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
        broken: broken.map(|broken| {
            let (happens, goes_round) = broken.history.written(graph, Run::new(graph));
            JsonBroken {
                promise: broken.violation.invariant.number(),
                text: &broken.violation.text,
                story: story(graph, Run::new(graph), &broken.history),
                history: broken.history.happened().map(happened).collect(),
                happens,
                goes_round,
                saved,
            }
        }),
        not_covered: NOT_COVERED,
    };
    serde_json::to_writer_pretty(&mut *out, &json)?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::proof::{Broken, Budgets, Tally, Walk};
    use crate::run::Mistake;

    /// Programs are told the history in the words of the file that it is saved as, and which file that is.
    #[test]
    fn a_broken_promise_comes_with_its_history_and_its_file() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/small/two-domains.yaml");
        let text = std::fs::read(path).expect("the plan is there");
        let graph = crate::exec::live::compile(path, &text).expect("it compiles").graph;
        let run = Run::mistaken(&graph, Mistake::BusyForgivesAll);
        let mut walk = Walk::of(run, &graph, Budgets::NONE, Reduction::ORDERS);
        let mut worker = walk.worker();
        while walk.level() > 0 && !walk.is_broken() {
            let finds = walk.expand(0..walk.level(), &mut worker);
            walk.take(finds);
            walk.end_level();
        }
        let verdict = walk.verdict();
        let Verdict::Broken(Broken { history, .. }) = verdict.clone() else { panic!("it was not caught") };
        let proved = Proved {
            verdict: Some(verdict),
            doubt: None,
            tally: Tally::default(),
            waits: None,
            walked: 0,
            took: Duration::ZERO,
        };
        let mut out = Vec::new();
        write(&mut out, &graph, &Bounds::default(), &proved, Some("two.broken.yaml")).expect("it is written");
        let json: serde_json::Value = serde_json::from_slice(&out).expect("it is JSON");
        let (happens, goes_round) = history.written(&graph, Run::new(&graph));
        assert_eq!(json["verdict"], "broken");
        assert_eq!(json["broken"]["happens"], serde_json::to_value(&happens).expect("JSON"));
        assert_eq!(json["broken"]["goes_round"], serde_json::to_value(&goes_round).expect("JSON"));
        assert!(!goes_round.is_empty());
        assert_eq!(json["broken"]["saved"], "two.broken.yaml");
    }
}
