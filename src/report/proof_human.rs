//! A proof for people: what was walked, what was asked how often, and what the proof does not cover; or the shortest
//! history that breaks a promise.

use std::fmt::{self, Write};

use super::lines::grouped;
use super::narrator::Narrator;
use super::words::Seen;
use crate::exec::prove::{Bounds, Proved, rate};
use crate::exec::rehearsal::UNDATED;
use crate::graph::StepGraph;
use crate::plan::{Facts, FrontEndId};
use crate::proof::{Happened, Invariant, Reduction, Verdict};
use crate::run::Run;

/// What a proof says nothing about, in plain words.
pub const NOT_COVERED: [&str; 6] = [
    "more that interferes than the budgets allow; see `--help`",
    "answers that lie about one front end: a service said to be stopped is taken to be stopped",
    "a person who says wrongly how a step ended",
    "how long things take: every limit may run out at any moment, and no two are compared",
    "an order that reaches a front end only after its connection was given up and it was looked at",
    "the driver, the journal and the disk: tests stand for those, not this proof",
];

/// What came of a proof.
///
/// # Errors
///
/// The text's.
pub fn write(text: &mut impl Write, graph: &StepGraph, bounds: &Bounds, proved: &Proved) -> fmt::Result {
    let name = graph.plan().name();
    match &proved.verdict {
        Some(Verdict::Proved) => {
            writeln!(text, "proved: no history of `{name}` within these bounds breaks a promise")?
        }
        Some(Verdict::Broken(broken)) => writeln!(
            text,
            "broken: promise {}, {}",
            broken.violation.invariant.number(),
            broken.violation.invariant.promise()
        )?,
        None if let Some(doubt) = &proved.doubt => writeln!(
            text,
            "undecided: promise {}, {}\n        {}\n        It was met where states are taken together; met one by one they are more than the proof may meet.",
            doubt.invariant.number(),
            doubt.invariant.promise(),
            doubt.text,
        )?,
        None => writeln!(
            text,
            "undecided: `{name}` has more states than the proof may meet; nothing is broken in those"
        )?,
    }
    if let Some(Verdict::Broken(broken)) = &proved.verdict {
        writeln!(text, "        {}\n\nthe shortest history that breaks it:\n", broken.violation.text)?;
        for (nth, line) in story(graph, Run::new(graph), &broken.history).iter().enumerate() {
            writeln!(text, "{:>4}  {line}", nth + 1)?;
        }
    }
    writeln!(text)?;
    let tally = &proved.tally;
    let seconds = proved.took.as_secs_f64();
    let speed = rate(proved.walked, proved.took);
    writeln!(
        text,
        "states       {}, at most {} steps from the beginning",
        grouped(tally.states),
        tally.depth
    )?;
    writeln!(text, "transitions  {}", grouped(tally.transitions))?;
    writeln!(text, "time         {seconds:.1}s, {} states a second", grouped(speed))?;
    if bounds.reduction != Reduction::NONE {
        writeln!(
            text,
            "together     states that differ in counts, limits, pauses, orders that concern nobody, in which of two alike is which, and in what can never matter again; \
             `--whole` meets each by itself"
        )?;
    }
    let budgets = bounds.budgets;
    writeln!(
        text,
        "bounds       taken up again: {}; front ends that die: {}; acts of persons: {}; found otherwise than planned: {}; \
         of all these at most {} in one history\n",
        budgets.crashes, budgets.deaths, budgets.acts, budgets.found, budgets.together,
    )?;
    for invariant in Invariant::ALL {
        let checks = tally.checks[usize::from(invariant.number()) - 1];
        let checks = match checks {
            0 if invariant == Invariant::SameEndAfterResume => "by tests".to_owned(),
            0 => "never met".to_owned(),
            checks => grouped(checks),
        };
        writeln!(text, "{:>3}  {checks:>13}  {}", invariant.number(), invariant.promise())?;
    }
    match proved.waits {
        None if proved.verdict.is_some() => {
            writeln!(text, "\nthere are too many states to look for loops that no limit ends")?;
        }
        Some(0) if proved.verdict.is_some() && bounds.budgets.interfere() => {
            writeln!(
                text,
                "\nloops that no limit ends were looked for where nothing interferes: with more there are too many states"
            )?;
        }
        _ => {}
    }
    writeln!(text, "\nnot covered:")?;
    NOT_COVERED.iter().try_for_each(|line| writeln!(text, "  - {line}"))
}

/// The history in words, a line for each thing that a person would want to hear of.
/// `run` is what the history begins with.
pub fn story(graph: &StepGraph, mut run: Run, history: &[Happened]) -> Vec<String> {
    let mut narrator = Narrator::new(graph, &run);
    let fqdn = |id: FrontEndId| graph.plan().front_end(id).fqdn.as_str();
    let mut lines = Vec::new();
    for happened in history {
        match happened {
            Happened::Crashed => lines.push("the process dies".to_owned()),
            Happened::Died { front_end, returns: false } => lines.push(format!("{}: dies", fqdn(*front_end))),
            Happened::Died { front_end, returns: true } => {
                lines.push(format!("{}: dies and boots again by itself", fqdn(*front_end)));
            }
            Happened::Event(event) => {
                if run.apply(graph, event).is_err() {
                    lines.push(format!("the machine refuses {event:?}"));
                    break;
                }
                let seen = Seen {
                    graph,
                    run: &run,
                    run_id: "RUN",
                    now: UNDATED,
                    since: &|_| None,
                    approval: &|_| None,
                };
                lines.extend(narrator.tell(&seen, event, &Facts::default()));
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::{Budgets, Walk};
    use crate::run::Mistake;

    /// A machine that takes a half stopped front end for one that was not stopped, told as a person would read it.
    #[test]
    fn a_broken_promise_is_told_as_a_story() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/small/two-domains.yaml");
        let text = std::fs::read(path).expect("the plan is there");
        let graph = crate::exec::live::compile(path, &text).expect("it compiles").graph;
        let mistaken = Run::mistaken(&graph, Mistake::HalfStoppedIsNotOut);
        let budgets = Budgets { acts: 1, ..Budgets::NONE };
        let mut walk = Walk::of(mistaken.clone(), &graph, budgets, Reduction::NONE);
        let mut worker = walk.worker();
        while walk.level() > 0 && !walk.is_broken() {
            let finds = walk.expand(0..walk.level(), &mut worker);
            walk.take(finds);
            walk.end_level();
        }
        let Verdict::Broken(broken) = walk.verdict() else { panic!("it was not caught") };
        let told = story(&graph, mistaken, &broken.history);
        let as_read = [
            "preflight/w1: at another version, active",
            "preflight/w2: at another version, active",
            "ready/A: asking the pool whether A may be taken",
            "A: the pool is ready; taken: w1",
            "stop/w1: draining, sessions may end by themselves; at most 1h",
            "stop/w1: it did not take place; to be tried again",
            "asked to pause: nothing is out, so at once",
            "the run is paused at a safe place: somebody asked for it",
        ];
        assert_eq!(told, as_read);
    }
}
