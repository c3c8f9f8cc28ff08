//! Promise: a run that is killed at any instant and resumed reaches the same end, and starts nothing that disrupts more
//! often than the undisturbed run did, except where a look found that it had not taken place.
//!
//! Each rollout is played once undisturbed. Then it is cut at every record, twice: the process dies with the record
//! after the cut unwritten, or at the sync, with the record written and nothing of what it wants begun. The pool is as
//! it was at the cut and goes on by itself; the next process folds the records and takes the run up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use poolroll::StepGraph;
use poolroll::exec::Rehearsal;
use poolroll::graph::StepId;
use poolroll::plan::{Act, Answer, FrontEndId, Moment, Observation};
use poolroll::run::{Event, Outcome, Run, Want, Wanted};
use poolroll::twin::Books;

use crate::rehearsals::variants;
use crate::stage::{Ended, Life, assert_holds, graph, graph_of, scenario};

/// What takes users out of service or changes a server.
fn disruptive(graph: &StepGraph) -> impl Iterator<Item = (StepId, Act)> + '_ {
    graph.ids().filter_map(|step| Some((step, graph.act(step)?))).filter(|(_, act)| {
        !matches!(act, Act::Start { .. } | Act::Perform { moment: Moment::AfterAccept, .. })
    })
}

/// How often a look at each step found that it had not taken place, or only partly.
fn not_done(records: &[(Timestamp, Event)]) -> BTreeMap<StepId, u16> {
    let mut found = BTreeMap::new();
    for (_, event) in records {
        if let Event::Answered { step, answer: Answer::Looked(Observation::NotDone | Observation::Partly) } =
            event
        {
            *found.entry(*step).or_insert(0) += 1;
        }
    }
    found
}

/// How the front ends stand at the end.
pub fn standing(graph: &StepGraph, books: &Books) -> Vec<(bool, bool, bool)> {
    let stands = |id: FrontEndId| {
        let book = books.front_end(id);
        (book.at_planned_version(), book.accepting(), book.taken_out())
    };
    graph.plan().front_end_ids().map(stands).collect()
}

/// The disruptive acts that began more often than in the undisturbed run and than looks that found them not done allow;
/// `before` is what the journal held when the run was taken up, `after` what it holds at the end.
pub fn begun_too_often(
    graph: &StepGraph,
    undisturbed: &Books,
    found: &Books,
    before: &[(Timestamp, Event)],
    after: &[(Timestamp, Event)],
) -> Vec<Act> {
    let (before, after) = (not_done(before), not_done(after));
    let too_often = |&(step, act): &(StepId, Act)| {
        let of = |found: &BTreeMap<StepId, u16>| found.get(&step).copied().unwrap_or(0);
        found.times_begun(act) > undisturbed.times_begun(act) + of(&after) - of(&before)
    };
    disruptive(graph).filter(too_often).map(|(_, act)| act).collect()
}

/// The disruptive acts that began more often than the history of a run ever wanted them, once an attempt and process.
pub fn begun_without_intent(graph: &StepGraph, books: &Books, events: &[(Timestamp, Event)]) -> Vec<Act> {
    let (mut run, mut wanted) = (Run::new(graph), Wanted::default());
    let mut intents = BTreeSet::new();
    for (_, event) in events {
        run.apply(graph, event).unwrap_or_else(|illegal| panic!("{illegal}: {event:?}"));
        run.wanted(graph, &mut wanted);
        intents.extend(wanted.iter().filter_map(|want| match want {
            Want::Ensure { act, attempt, .. } => Some((act, attempt, run.epoch())),
            _ => None,
        }));
    }
    // A stop that turns immediate is the same stop.
    let same = |one: Act, other: Act| match (one, other) {
        (Act::Stop { front_end: one, .. }, Act::Stop { front_end: other, .. }) => one == other,
        (one, other) => one == other,
    };
    let meant = |act: Act| intents.iter().filter(|(of, ..)| same(*of, act)).count();
    let acts = disruptive(graph).map(|(_, act)| act);
    acts.filter(|&act| usize::from(books.times_begun(act)) > meant(act)).collect()
}

fn books(life: &Life) -> &Books {
    life.driver.as_ref().and_then(|driver| driver.twin()).expect("an embedded pool").books()
}

/// Cuts a rollout at every record and holds each resumed one against the undisturbed one. How many cuts there were.
fn cut_everywhere(name: &str, graph: &Arc<StepGraph>, rehearsal: &Rehearsal) -> usize {
    let mut whole = Life::new(graph, rehearsal.clone());
    let Ended::Outcome(end) = whole.process(&[], None, false) else { panic!("{name}: nothing kills it") };
    let stands = standing(graph, books(&whole));
    let cuts = whole.records.len();
    for cut in (1..cuts).flat_map(|cut| [(cut, false), (cut, true)]) {
        let mut life = Life::new(graph, rehearsal.clone());
        let died = life.process(&[], Some(cut.0), cut.1) == Ended::Died;
        // With its last record written it has ended, durably.
        if !died || life.run().outcome().is_some_and(Outcome::is_final) {
            continue;
        }
        let before = life.records.clone();
        let at = format!("{name}, cut at {cut:?}");
        assert_eq!(life.process(&[], None, false), Ended::Outcome(end), "{at}\n{}", life.tail());
        assert_holds(&life, cut.0 as u64);
        assert_eq!(standing(graph, books(&life)), stands, "{at}\n{}", life.tail());
        let often = begun_too_often(graph, books(&whole), books(&life), &before, &life.records);
        assert_eq!(often, [], "{at}\n{}", life.tail());
    }
    cuts
}

#[test]
fn a_rollout_that_is_killed_at_any_record_ends_as_the_undisturbed_one() {
    for (name, text) in variants() {
        let graph = graph_of(name, text.as_bytes());
        assert!(cut_everywhere(name, &graph, &Rehearsal::of(&graph)) > 100, "{name}");
    }
}

/// Scenarios whose pool gives the same answers whenever it is asked; those that count their answers do not.
#[test]
fn a_night_with_trouble_that_is_killed_at_any_record_ends_as_the_undisturbed_one() {
    let graph = graph("plans/lync-2013-graceful.yaml");
    for name in [
        "installer-fails",
        "drain-hangs",
        "stuck-start",
        "asks-for-reboot",
        "connection-lost",
        "reboot-never-returns",
    ] {
        let rehearsal = Rehearsal::of(&graph).struck_by(scenario(name, graph.plan()));
        cut_everywhere(name, &graph, &rehearsal);
    }
}

#[test]
fn a_run_that_is_complete_is_not_taken_up() {
    let graph = graph("plans/minimal.yaml");
    let mut life = Life::new(&graph, Rehearsal::of(&graph));
    assert_eq!(life.process(&[], None, false), Ended::Outcome(Outcome::Complete));
    let mut run = life.run();
    assert!(run.apply(&graph, &Event::Resumed).is_err());
}
