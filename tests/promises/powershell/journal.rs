//! The twin and the real scripts agree: a run through PowerShell has the journal of its rehearsal, but for times and for how often
//! something was asked that was not there yet. The nights are in `nights`.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use poolroll::StepGraph;
use poolroll::exec::journal;
use poolroll::exec::record::Entry;
use poolroll::exec::{Audience, Moment, NoLog, Rehearsal};
use poolroll::graph::{StepId, StepKind};
use poolroll::plan::{Acceptance, Answer, Facts, Observation, Readiness};
use poolroll::run::{Event, TimerKind};
use poolroll::twin::Scenario;
use serde_json::{Value, json};

use super::{Bed, Product, found, said};
use crate::stage::{graph_of, scenario_of};

/// A night: a scenario that is rehearsed, and that happens to the bed.
pub struct Night {
    pub name: &'static str,
    product: Product,
    /// Lines that replace those of the plan with the same key, or follow it.
    plan: Vec<&'static str>,
    /// How many front ends, from the first on, are where the plan wants them: nothing is done to them, so a night is shorter.
    upgraded: usize,
    /// What goes wrong, as in a scenario.
    faults: &'static str,
    /// How the bed comes to it, where that is not by the same faults.
    live: Option<fn(&Bed)>,
}

pub fn night(name: &'static str, faults: &'static str) -> Night {
    Night { name, product: Product::Lync, plan: Vec::new(), upgraded: 2, faults, live: None }
}

impl Night {
    pub fn plan(mut self, line: &'static str) -> Night {
        self.plan.push(line);
        self
    }

    pub fn upgraded(self, upgraded: usize) -> Night {
        Night { upgraded, ..self }
    }

    pub fn skype(self) -> Night {
        Night { product: Product::Skype, ..self }
    }

    pub fn live(self, live: fn(&Bed)) -> Night {
        Night { live: Some(live), ..self }
    }

    /// The kinds of its faults, by their keys in a scenario.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.faults.lines().filter_map(|line| line.split_once(':')).map(|(kind, _)| kind)
    }

    /// The plan of the bed with the shortest rests.
    fn text(&self) -> String {
        let mut lines: Vec<String> =
            super::plan(self.product, &super::file("ssh"), "pwsh", "").lines().map(str::to_owned).collect();
        let rests = [
            "acceptance: { watch: 200ms }",
            "readiness: { interval: 200ms }",
            "settle: { watch: 200ms, soak: 400ms }",
            "limits: { back_off: 200ms, look_again: 200ms }",
        ];
        for line in rests.into_iter().chain(self.plan.iter().copied()) {
            let key = line.split_once(':').unwrap().0;
            let place = lines.iter().position(|old| old.split_once(':').is_some_and(|(old, _)| old == key));
            match (place, key) {
                (Some(place), _) => lines[place] = line.to_owned(),
                // An action has more keys, and an upgrade has.
                (None, "action") => {
                    let more = line.split_once(": ").unwrap().1;
                    let action = lines.iter_mut().find(|line| line.contains("program: ")).unwrap();
                    *action = action.replace("expected: 1s }", &format!("expected: 1s, {more} }}"));
                }
                (None, "  restart") => {
                    let upgrade = lines.iter().position(|line| line == "upgrade:").unwrap();
                    lines.insert(upgrade + 1, line.to_owned());
                }
                (None, _) => lines.push(line.to_owned()),
            }
        }
        lines.join("\n") + "\n"
    }

    /// Lives it and rehearses it. What differs, in words. On a machine that stood still for seconds, limits passed that are far from
    /// what they limit: such a night says nothing, and is lived again.
    fn differs(&self) -> Option<String> {
        let mut differs = self.differs_now();
        for _ in 0..2 {
            let Some(Differs { limits_passed: true, .. }) = differs else { break };
            println!("{}: a limit passed that should not; it is lived again", self.name);
            differs = self.differs_now();
        }
        differs.map(|differs| differs.words)
    }

    fn differs_now(&self) -> Option<Differs> {
        let bed = Bed::new(self.product);
        let text = self.text();
        std::fs::write(bed.path("plan.yaml"), &text).unwrap();
        let graph = graph_of(self.name, text.as_bytes());
        let faults: String = self
            .faults
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(kind, keys)| format!("- {kind}: {{{keys} }}\n"))
            .collect();
        let faults = if faults.is_empty() { "[]".to_owned() } else { format!("\n{faults}") };
        let scenario = scenario_of(
            self.name,
            format!(
                "kind: scenario\nversion: 1\nname: night\nupgraded: {}\nfaults: {faults}\n",
                self.upgraded
            ),
            graph.plan(),
        );
        for front_end in &["fe01.contoso.com", "fe02.contoso.com", "fe03.contoso.com"][..self.upgraded] {
            std::fs::create_dir_all(bed.path(front_end)).unwrap();
            std::fs::write(bed.path(front_end).join("version"), self.product.version()).unwrap();
        }
        match self.live {
            Some(live) => live(&bed),
            None => bed.change(|state| state["faults"] = json!(scenario.faults)),
        }
        let output = bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
        let (lived, rehearsed) = (lived(&bed, &graph), rehearsed(&graph, scenario));
        // After failing back all front ends are started together; and before the run some answer while others do not.
        let mixed = ["\"over\"", "back_off"].iter().any(|word| lived.iter().any(|line| line.contains(word)));
        let order = if mixed { by_step } else { after_preflight };
        let (lived, rehearsed) = (order(lived), order(rehearsed));
        if lived == rehearsed {
            return None;
        }
        let differs = lived.iter().zip(&rehearsed).position(|(one, other)| one != other);
        let at = differs.unwrap_or(lived.len().min(rehearsed.len()));
        let from = at.saturating_sub(3);
        let part = |story: &[String]| story[from..story.len().min(at + 5)].join("\n  ");
        let limits = |story: &[String]| {
            let kinds = ["\"limit\"", "\"until_good\"", "\"stay_good\""];
            story.iter().filter(|line| kinds.iter().any(|kind| line.contains(kind))).count()
        };
        let words = format!(
            "{}: they part at {at}\nlived:\n  {}\nrehearsed:\n  {}\nfaults left: {}\n{}",
            self.name,
            part(&lived),
            part(&rehearsed),
            bed.state()["faults"],
            said(&output)
        );
        Some(Differs { limits_passed: limits(&lived) > limits(&rehearsed), words })
    }
}

/// How a night differs from its rehearsal.
struct Differs {
    /// More limits passed than in the rehearsal.
    limits_passed: bool,
    words: String,
}

/// Lives nights, some at the same time: much of a night is waiting. Those that differ from their rehearsals are told together.
pub fn same(test: &str, nights: &[Night]) {
    if found("pwsh").is_none() {
        println!("skipped: {test}: needs `pwsh` on PATH");
        return;
    }
    let asked = std::env::var("POOLROLL_NIGHTS").ok();
    let nights: Vec<&Night> = match asked.as_deref() {
        None => nights.iter().step_by(3).collect(),
        Some("all") => nights.iter().collect(),
        Some(name) => nights.iter().filter(|night| night.name == name).collect(),
    };
    let (next, differing) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(night) = nights.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(differs) = night.differs() {
                        differing.lock().unwrap().push(differs);
                    }
                }
            });
        }
    });
    let differing = differing.into_inner().unwrap();
    assert!(differing.is_empty(), "{} nights differ\n\n{}", differing.len(), differing.join("\n\n"));
}

/// Whether an event says only that something is not there yet, or is asked again. `late` are the steps whose limit is over: from
/// then on looks are counted.
fn is_waiting(graph: &StepGraph, late: &BTreeSet<StepId>, event: &Event) -> bool {
    match event {
        Event::Elapsed { timer } => match timer.kind {
            TimerKind::Rest => true,
            TimerKind::LookAgain => timer.ordinal == 0,
            _ => false,
        },
        Event::Answered { step, answer: Answer::Looked(Observation::Underway) } => !late.contains(step),
        Event::Answered { answer: Answer::Accepting(acceptance), .. } => *acceptance == Acceptance::NotYet,
        // At a gate Busy is counted; while the pool settles it is waited for.
        Event::Answered { step, answer: Answer::Readiness(Readiness::Busy) } => {
            matches!(graph.kind(*step), StepKind::Settle(_))
        }
        _ => false,
    }
}

/// One event as a line. How an action ended is a fact beside its answer.
fn line(event: &Event, facts: &Facts) -> String {
    let mut line = serde_json::to_string(event).unwrap();
    if let (Event::Answered { answer: Answer::Ensured(_), .. }, Some(code)) = (event, facts.exit_code) {
        line.push_str(&format!(" exit code {code}, reboot {}", facts.reboot_needed));
    }
    line
}

/// What happened, in order.
fn story(graph: &StepGraph, events: impl Iterator<Item = (Event, Facts)>) -> Vec<String> {
    let (mut lines, mut late) = (Vec::new(), BTreeSet::new());
    for (event, facts) in events {
        match &event {
            Event::Begin { step } => late.retain(|one| one != step),
            Event::Elapsed { timer } if matches!(timer.kind, TimerKind::Limit | TimerKind::BackOff) => {
                late.insert(timer.step);
            }
            _ => {}
        }
        if !is_waiting(graph, &late, &event) {
            lines.push(line(&event, &facts));
        }
    }
    lines
}

/// What every front end says before the run comes in any order.
fn after_preflight(mut story: Vec<String>) -> Vec<String> {
    let is_preflight =
        |line: &String| ["begin", "\"seen\"", "\"partner\""].iter().any(|word| line.contains(word));
    let end = story.iter().position(|line| !is_preflight(line)).unwrap_or(story.len());
    story[..end].sort();
    once(story)
}

/// A watch that is good at once and one that is good at the second look differ in how often they ask, and in nothing else.
fn once(mut story: Vec<String>) -> Vec<String> {
    story.dedup();
    story
}

fn lived(bed: &Bed, graph: &StepGraph) -> Vec<String> {
    let runs = std::fs::read_dir(bed.path("runs")).unwrap();
    let folder = runs.map(|run| run.unwrap().path()).next().unwrap();
    let id = folder.file_name().unwrap().to_str().unwrap().to_owned();
    let history: journal::History<Entry<'static>> =
        journal::read(&folder.join("journal.jsonl"), &id).unwrap();
    let events = history.records.into_iter().filter_map(|record| match record.body {
        Entry::Event(entry) => Some((entry.event.into_owned(), entry.facts)),
        Entry::Opened(_) => None,
    });
    story(graph, events)
}

/// Keeps every event with its facts.
#[derive(Default)]
struct Told(Vec<(Event, Facts)>);

impl Audience for Told {
    fn heard(&mut self, _: &Moment<'_>, event: &Event, facts: &Facts) {
        self.0.push((event.clone(), facts.clone()));
    }
}

fn rehearsed(graph: &std::sync::Arc<StepGraph>, scenario: Scenario) -> Vec<String> {
    let mut told = Told::default();
    Rehearsal::of(graph).struck_by(scenario).run(graph, NoLog, &mut told).unwrap();
    story(graph, told.0.into_iter())
}

/// The story of each step by itself: where several go on at once, what ends first is a matter of milliseconds.
fn by_step(mut story: Vec<String>) -> Vec<String> {
    let step = |line: &String| -> Option<u32> {
        let rest = line.split("\"step\":").nth(1)?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    story.sort_by_key(step);
    once(story)
}

/// The kinds of faults that a scenario can have, by the schema.
pub fn all_kinds() -> Vec<String> {
    let schema = poolroll::twin::scenario_schema();
    let kinds = schema["$defs"]["Fault"]["oneOf"].as_array().unwrap();
    let kind = |kind: &Value| kind["properties"].as_object().unwrap().keys().next().unwrap().clone();
    kinds.iter().map(kind).collect()
}
