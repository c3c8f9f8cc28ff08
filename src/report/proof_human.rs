//! A proof for people: what was walked, what was asked how often, and what the proof does not cover; or the shortest
//! history that breaks a promise.

use std::fmt::{self, Write};

use super::lines::grouped;
use super::timeline;
use crate::exec::prove::{Bounds, Proved, rate};
use crate::graph::StepGraph;
use crate::proof::{Invariant, Reduction, Verdict};
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
        timeline::write(text, graph, Run::new(graph), &broken.history)?;
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
        None if matches!(proved.verdict, Some(Verdict::Proved)) => {
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
