//! A history of a proof as a timeline: a numbered line for each thing that a person would want to hear of.

use std::fmt::{self, Write};

use super::history_yaml::flow;
use super::narrator::Narrator;
use super::words::Seen;
use crate::exec::rehearsal::UNDATED;
use crate::graph::StepGraph;
use crate::plan::{Facts, FrontEndId};
use crate::proof::{Happened, History};
use crate::run::Run;

/// The timeline. `run` is what the history begins with.
///
/// # Errors
///
/// The text's.
pub fn write(text: &mut impl Write, graph: &StepGraph, run: Run, history: &History) -> fmt::Result {
    for (nth, line) in story(graph, run.clone(), history).iter().enumerate() {
        writeln!(text, "{:>4}  {line}", nth + 1)?;
    }
    let (_, round) = history.written(graph, run);
    if !round.is_empty() {
        writeln!(text, "\nand from here on this, over and over:\n")?;
    }
    // As it is written: most of it is no news when it comes again.
    round.iter().try_for_each(|entry| writeln!(text, "      {}", flow(entry)))
}

/// The history in words, but for what goes round at its end.
pub fn story(graph: &StepGraph, mut run: Run, history: &History) -> Vec<String> {
    let mut narrator = Narrator::new(graph, &run);
    let fqdn = |id: FrontEndId| graph.plan().front_end(id).fqdn.as_str();
    let mut lines = Vec::new();
    for happened in history.happened() {
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
                    asked: None,
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
    use crate::proof::{Budgets, Reduction, Verdict, Walk};
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
