//! The checker: the text of a plan through every rule to its graph, as `poolroll validate` and `poolroll plan` go.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use poolroll::StepGraph;
use poolroll::document::{Findings, Source};
use poolroll::exec::live::compile;
use poolroll::exec::{Entry, Log, LogError, Proving, Rehearsal, ShellError};
use poolroll::graph::{Route, StepId};
use poolroll::report::{
    Checked, findings_github, findings_human, findings_json, findings_junit, findings_sarif, graph_json,
    graph_mermaid, graph_tree,
};
use serde_json::Value as Json;

use super::findings::are_sound;

/// Of larger graphs the edges are not walked: it takes longer than compiling them.
const MAX_WALKED: usize = 10_000;

/// Larger graphs are not rehearsed.
const MAX_REHEARSED: usize = 100;

/// So many records of a rehearsal; a plan may say that a week is waited for in seconds.
const MAX_RECORDS: usize = 1_000;

/// The same text earns the same findings or the same graph; all of them can be shown; a graph has ids without gaps, names
/// that lead to their steps, and routes in which everything gets its turn; and a rehearsal of it breaks no promise.
pub fn checker(bytes: &[u8]) {
    match (compile("plan.yaml", bytes), compile("plan.yaml", bytes)) {
        (Ok(one), Ok(other)) => {
            assert!(!one.warnings.has_errors(), "{:?}", one.warnings);
            assert_eq!(one.warnings, other.warnings);
            let source = Source::from_bytes("plan.yaml", bytes).expect("it was read");
            can_be_shown(&source, &one.warnings);
            assert_eq!(one.graph.digest(), other.graph.digest());
            is_sound(&one.graph);
            can_be_rehearsed(&one.graph);
        }
        (Err((source, one)), Err((_, other))) => {
            assert!(one.has_errors(), "{one:?}");
            assert_eq!(one, other);
            // Without a text there is nothing that a finding could point into.
            assert!(source.is_some() || one.iter().all(|finding| finding.labels().is_empty()), "{one:?}");
            let none = Source::from_text("plan.yaml", "");
            can_be_shown(source.as_deref().unwrap_or(&none), &one);
        }
        _ => panic!("it compiles once, and not again"),
    }
}

fn can_be_shown(source: &Source, findings: &Findings) {
    are_sound(findings, source);
    let files = [Checked { source, findings }];
    let bytes = |write: fn(&mut Vec<u8>, &[Checked<'_>]) -> std::io::Result<()>| {
        let mut bytes = Vec::new();
        write(&mut bytes, &files).expect("memory takes all");
        bytes
    };
    for write in [findings_json::write, findings_sarif::write] {
        serde_json::from_slice::<Json>(&bytes(write)).expect("findings as JSON are JSON");
    }
    let github = bytes(findings_github::write);
    let commands = String::from_utf8(github).expect("text").lines().count();
    assert_eq!(commands, findings.len(), "an annotation a finding, and a line an annotation");
    bytes(|out, files| findings_junit::write(out, files, true));
    let mut text = String::new();
    for look in [findings_human::Look::Plain, findings_human::Look::Narrated] {
        findings_human::write(&mut text, &files, look).expect("every finding can be drawn");
    }
}

fn is_sound(graph: &StepGraph) {
    let mut names = BTreeSet::new();
    for (position, id) in graph.ids().enumerate() {
        assert_eq!(id, StepId(position as u32));
        let name = graph.step(id).name.as_str();
        assert!(names.insert(name), "two steps are called `{name}`");
        if let Some(front_end) = graph.kind(id).front_end() {
            assert!(front_end.index() < graph.plan().pool().front_ends.len(), "`{name}` is of nobody");
        }
    }
    assert_eq!(names.len(), graph.steps().len());
    if graph.steps().len() > MAX_WALKED {
        return;
    }
    for (position, name) in graph.steps().iter().map(|step| &step.name).enumerate().take(100) {
        assert_eq!(graph.find(name), Some(StepId(position as u32)));
    }
    for route in [Route::Rolling, Route::FailedOver].into_iter().filter(|route| graph.has(*route)) {
        everything_gets_its_turn(graph, route);
    }
    let mut json = Vec::new();
    graph_json::write(&mut json, graph).expect("memory takes all");
    serde_json::from_slice::<Json>(&json).expect("a graph as JSON is JSON");
    let mut text = String::new();
    graph_tree::write(&mut text, graph).expect("a text takes all");
    graph_mermaid::write(&mut text, graph).expect("a text takes all");
}

/// Takes what waits for nothing any more, until nothing is left.
fn everything_gets_its_turn(graph: &StepGraph, route: Route) {
    let on: Vec<StepId> = graph.ids().filter(|id| graph.is_on(route, *id)).collect();
    let mut waits_for = vec![0; graph.steps().len()];
    for &id in &on {
        for (before, why) in graph.predecessors(route, id) {
            assert!(graph.is_on(route, before), "{route:?}: it waits for what is not on its route");
            let mut after = graph.successors(route, before);
            assert!(after.any(|edge| edge == (id, why)), "{route:?}: an edge is known at one end only");
            waits_for[id.index()] += 1;
        }
    }
    let mut ready: Vec<StepId> = on.iter().copied().filter(|id| waits_for[id.index()] == 0).collect();
    let mut taken = 0;
    while let Some(id) = ready.pop() {
        taken += 1;
        for (after, _) in graph.successors(route, id) {
            waits_for[after.index()] -= 1;
            ready.extend((waits_for[after.index()] == 0).then_some(after));
        }
    }
    assert_eq!(taken, on.len(), "{route:?}: something waits for itself");
}

/// A log with room for so many records.
struct Room(usize);

impl Log for Room {
    fn append(&mut self, _: Timestamp, _: &Entry<'_>) -> Result<(), LogError> {
        let full = || LogError { source: "it is full".into(), help: String::new() };
        self.0 = self.0.checked_sub(1).ok_or_else(full)?;
        Ok(())
    }

    fn sync(&mut self) -> Result<(), LogError> {
        Ok(())
    }
}

fn can_be_rehearsed(graph: &Arc<StepGraph>) {
    if graph.steps().len() > MAX_REHEARSED {
        return;
    }
    let rehearsal = Rehearsal::of(graph);
    let mut proving = Proving::new(rehearsal.begins);
    match rehearsal.run(graph, Room(MAX_RECORDS), &mut proving) {
        Ok(_) | Err(ShellError::Log(_)) => {}
        Err(error) => panic!("{error}"),
    }
    assert_eq!(proving.monitor.violations(), []);
}
