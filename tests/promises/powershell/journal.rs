//! The twin and the real scripts agree: a run through PowerShell has the journal of its rehearsal, but for times and for how often
//! something was asked that was not there yet.

use std::sync::Arc;

use poolroll::exec::journal;
use poolroll::exec::record::Entry;
use poolroll::exec::{Heard, NoLog, Rehearsal};
use poolroll::plan::{Acceptance, Answer, Readiness};
use poolroll::run::{Event, TimerKind};
use poolroll::twin::{Begins, Fault, Lasts, Trouble};
use serde_json::json;

use super::{Bed, Product, has, said};
use crate::stage::graph_of;

/// Whether an event says only that something is not there yet, or is asked again.
fn is_waiting(event: &Event) -> bool {
    match event {
        Event::Elapsed { timer } => matches!(timer.kind, TimerKind::Rest | TimerKind::LookAgain),
        Event::Answered { answer: Answer::Accepting(acceptance), .. } => *acceptance == Acceptance::NotYet,
        Event::Answered { answer: Answer::Readiness(readiness), .. } => *readiness == Readiness::Busy,
        _ => false,
    }
}

/// What happened, in order; what every front end says before the run comes in any order.
fn story(events: impl Iterator<Item = Event>) -> Vec<String> {
    let text = |event: Event| serde_json::to_string(&event).unwrap();
    let mut lines: Vec<String> = Vec::new();
    let mut preflight = Vec::new();
    for event in events.filter(|event| !is_waiting(event)) {
        match &event {
            Event::Answered { answer: Answer::Seen(_) | Answer::Partner(_), .. }
                if lines.iter().all(|line| line.contains("begin")) =>
            {
                preflight.push(text(event));
            }
            _ => lines.push(text(event)),
        }
    }
    preflight.sort();
    preflight.extend(lines);
    // A watch that is good at once and one that is good at the second look differ in how often they ask, and in nothing else.
    preflight.dedup();
    preflight
}

fn lived(bed: &Bed) -> Vec<String> {
    let runs = std::fs::read_dir(bed.path("runs")).unwrap();
    let folder = runs.map(|run| run.unwrap().path()).next().unwrap();
    let id = folder.file_name().unwrap().to_str().unwrap().to_owned();
    let history: journal::History<Entry<'static>> =
        journal::read(&folder.join("journal.jsonl"), &id).unwrap();
    story(history.records.into_iter().filter_map(|record| match record.body {
        Entry::Event(entry) => Some(entry.event.into_owned()),
        Entry::Opened(_) => None,
    }))
}

fn rehearsed(bed: &Bed, faults: Vec<Fault>) -> Vec<String> {
    let text = std::fs::read(bed.path("plan.yaml")).unwrap();
    let graph = graph_of("plan.yaml", &text);
    let rehearsal = Rehearsal { faults, ..Rehearsal::of(&graph) };
    let mut heard = Heard::default();
    rehearsal.run(&Arc::clone(&graph), NoLog, &mut heard).unwrap();
    story(heard.0.into_iter().map(|(_, event)| event))
}

/// The story of each step by itself: where several go on at once, what ends first is a matter of milliseconds.
fn by_step(mut story: Vec<String>) -> Vec<String> {
    let step = |line: &String| -> Option<u32> {
        let rest = line.split("\"step\":").nth(1)?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    story.sort_by_key(step);
    story
}

fn same(test: &str, product: Product, more: &str, live: impl FnOnce(&Bed), faults: Vec<Fault>) {
    if !has("pwsh", test) {
        return;
    }
    let bed = Bed::new(product);
    bed.plan(product, more);
    live(&bed);
    let output = bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
    let (mut lived, mut rehearsed) = (lived(&bed), rehearsed(&bed, faults));
    if lived.iter().any(|line| line.contains("over")) {
        // After failing back all front ends are started together.
        (lived, rehearsed) = (by_step(lived), by_step(rehearsed));
    }
    let differs = lived.iter().zip(&rehearsed).position(|(one, other)| one != other);
    let at = differs.unwrap_or(lived.len().min(rehearsed.len()));
    assert!(
        lived == rehearsed,
        "they part at {at}: lived {:?}, rehearsed {:?}\n{}",
        lived.get(at),
        rehearsed.get(at),
        said(&output)
    );
}

#[test]
fn a_night_on_which_all_is_well_is_the_rehearsed_one() {
    let test = "a_night_on_which_all_is_well_is_the_rehearsed_one";
    same(test, Product::Lync, "", |_| {}, Vec::new());
    same(test, Product::Skype, "", |_| {}, Vec::new());
}

#[test]
fn a_night_on_which_the_pool_is_failed_over_is_the_rehearsed_one() {
    let test = "a_night_on_which_the_pool_is_failed_over_is_the_rehearsed_one";
    let trouble =
        Fault::Pool { begins: Begins::At(0), lasts: Lasts::Times(1), trouble: Trouble::Insufficient };
    same(
        test,
        Product::Lync,
        "failover: { partner: pool02.contoso.com, start: automatic }\n",
        |bed| bed.change(|state| state["insufficient"] = json!(1)),
        vec![trouble],
    );
}

#[test]
fn a_night_on_which_an_installer_fails_is_the_rehearsed_one() {
    let test = "a_night_on_which_an_installer_fails_is_the_rehearsed_one";
    let fails = poolroll::twin::Twist::Fails { exit_code: 1603 };
    let act = poolroll::plan::Act::Perform {
        front_end: poolroll::plan::FrontEndId(1),
        moment: poolroll::plan::Moment::Upgrade,
        index: 0,
    };
    same(
        test,
        Product::Lync,
        "",
        |bed| {
            std::fs::create_dir_all(bed.path("fe02.contoso.com")).unwrap();
            std::fs::write(bed.path("fe02.contoso.com").join("installer_exits"), "67").unwrap();
        },
        vec![Fault::Act { act, attempt: 1, times: 1, twist: fails }],
    );
}

#[test]
fn a_night_with_a_graceful_stop_that_returns_early_is_the_rehearsed_one() {
    let test = "a_night_with_a_graceful_stop_that_returns_early_is_the_rehearsed_one";
    // The return of the cmdlet proves nothing, and the rehearsal knows of none.
    same(
        test,
        Product::Lync,
        "",
        |bed| bed.change(|state| state["graceful_returns_early"] = json!(true)),
        Vec::new(),
    );
}
