//! Promise: the proof walks small plans to the end and finds nothing, and finds every mistake that is planted.

mod killed;
mod mistakes;
mod reduced;
mod replayed;

use super::{Budgets, Invariant, Reduction, Verdict, Walk};
use crate::graph::StepGraph;
use crate::run::Run;

/// A plan of `tests/small`.
fn small(name: &str) -> std::sync::Arc<StepGraph> {
    let path = format!("{}/tests/small/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    match crate::exec::live::compile(name, &text) {
        Ok(compiled) => compiled.graph,
        Err((_, findings)) => panic!("{path}: {:#?}", findings.iter().collect::<Vec<_>>()),
    }
}

/// Walks to the end, and asks one promise alone if told to.
fn walk(
    run: Run,
    graph: &StepGraph,
    budgets: Budgets,
    reduction: Reduction,
    only: Option<Invariant>,
) -> (Verdict, super::Tally) {
    let mut walk = Walk::of(run, graph, budgets, reduction);
    let mut worker = walk.worker();
    worker.ask_only(only);
    while walk.level() > 0 && !walk.is_broken() {
        let finds = walk.expand(0..walk.level(), &mut worker);
        walk.take(finds);
        walk.end_level();
    }
    (walk.verdict(), *walk.tally())
}

const NONE: Budgets = Budgets::NONE;

#[test]
fn small_plans_are_proved() {
    let one = [
        Budgets { crashes: 1, ..NONE },
        Budgets { deaths: 1, ..NONE },
        Budgets { acts: 1, ..NONE },
        Budgets { found: 1, ..NONE },
    ];
    let plans = [
        "two-domains",
        "one-domain",
        "one-may-fail",
        "approvals",
        "window",
        "cut-short",
        "no-version",
        "databases",
    ];
    for name in plans {
        let graph = small(name);
        for budgets in one {
            let (verdict, _) = walk(Run::new(&graph), &graph, budgets, Reduction::NONE, None);
            assert!(matches!(verdict, Verdict::Proved), "{name} with {budgets:?}: {verdict:#?}");
        }
    }
}

/// Every state that is met can be written down and read again.
#[test]
fn a_state_outlives_its_bytes() {
    use super::node::Node;
    use super::stepper::Stepper;
    let graph = small("partner-when-troubled");
    let budgets = Budgets { crashes: 1, deaths: 1, acts: 1, found: 1, ..NONE };
    let begins = Node::new(Run::new(&graph), &graph, budgets);
    let mut stepper = Stepper::new(begins.clone(), &graph, Reduction::NONE);
    let mut read = begins;
    let mut frontier: Vec<Vec<u8>> = Vec::new();
    let (mut bytes, mut again) = (Vec::new(), Vec::new());
    stepper.first(&mut |successor| {
        successor.node.pack(&mut bytes);
        frontier.push(bytes.clone());
    });
    // A few thousand states, each reached by another way than the last, so that reading has to change much.
    for turn in 0..3_000usize {
        let state = frontier.swap_remove(turn.wrapping_mul(7_919) % frontier.len());
        stepper.at.unpack(&graph, &state).expect("what was packed");
        assert!(stepper.at.run.is_consistent(&graph));
        stepper.leave(&mut |successor| {
            successor.node.pack(&mut bytes);
            read.unpack(&graph, &bytes).expect("what was packed");
            assert!(read.run == successor.node.run && read.run.is_consistent(&graph));
            read.pack(&mut again);
            assert_eq!(bytes, again);
            frontier.push(bytes.clone());
        });
        if frontier.is_empty() {
            break;
        }
    }
}

#[test]
fn a_verdict_does_not_depend_on_how_the_levels_are_cut() {
    let graph = small("window");
    let budgets = Budgets { crashes: 1, ..NONE };
    let (_, whole) = walk(Run::new(&graph), &graph, budgets, Reduction::NONE, None);
    let mut walk = Walk::new(&graph, budgets, Reduction::NONE);
    let mut workers = [walk.worker(), walk.worker()];
    while walk.level() > 0 {
        let level = walk.level();
        let pieces = (0..level).step_by(7).map(|first| first..(first + 7).min(level));
        // Expanded from the last to the first, as if the last worker had been the fastest.
        let mut finds: Vec<_> = pieces.collect();
        finds.reverse();
        let mut finds: Vec<_> = finds
            .into_iter()
            .enumerate()
            .map(|(nth, piece)| walk.expand(piece, &mut workers[nth % 2]))
            .collect();
        finds.reverse();
        finds.into_iter().for_each(|finds| walk.take(finds));
        walk.end_level();
    }
    assert!(matches!(walk.verdict(), Verdict::Proved));
    assert_eq!(*walk.tally(), whole);
}
