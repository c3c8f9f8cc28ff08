//! A proof, run: both cores, the clock, and somebody who watches how far it is.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::graph::StepGraph;
use crate::proof::MOST_FOLLOWED;
use crate::proof::{Budgets, Finds, Reduction, Tally, Verdict, Violation, Walk, Worker};

/// How far a proof may go.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub budgets: Budgets,
    pub reduction: Reduction,
    /// The most states that are met before the proof gives up.
    pub states: u64,
    /// How many workers leave states at once; none: as many as the machine has cores.
    pub workers: Option<usize>,
}

/// The most states if nobody says otherwise. Each takes 70 to 130 bytes while the walk goes on, for many of them still wait
/// whole: less than five gigabytes. The largest of the plans that come with the program has 26 million.
pub const MOST_STATES: u64 = 40_000_000;

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { budgets: Budgets::default(), reduction: Reduction::ALL, states: MOST_STATES, workers: None }
    }
}

/// How a proof ended.
#[derive(Clone, Debug)]
pub struct Proved {
    /// `None`: the bound was reached first.
    pub verdict: Option<Verdict>,
    /// What a reduced walk met that would break a promise, when meeting every state by itself reached the bound before it
    /// was seen whether a run can come to it.
    pub doubt: Option<Violation>,
    pub tally: Tally,
    /// How many things interfere at most in the histories in which it was looked for loops that no limit ends; `None` when it
    /// was not looked for: there are too many states.
    pub waits: Option<u8>,
    /// States of all walks that it took.
    pub walked: u64,
    pub took: Duration,
}

/// States in a second.
pub fn rate(states: u64, took: Duration) -> u64 {
    if took.is_zero() { 0 } else { (states as f64 / took.as_secs_f64()) as u64 }
}

/// States of a level that one worker leaves at a time.
const PIECE: usize = 128;
/// Pieces that are left before what was found is taken. It bounds what waits to be taken.
const PIECES: usize = 256;

/// Walks all states of a plan, until everything was walked, something is broken, or the bound is reached.
///
/// A reduced walk meets more than can happen, so what it proves is proved; when it finds something broken, every state is
/// met by itself, and only what is found then is told. It forgets counts, so whether every wait is bounded is looked for
/// by another walk, in which front ends are taken one at a time, at most one thing interferes and nothing is taken up again.
pub fn prove(graph: &StepGraph, bounds: &Bounds, mut watch: impl FnMut(&Tally, Duration)) -> Proved {
    let begun = Instant::now();
    let first = walk(graph, bounds, begun, &mut watch);
    if !bounds.reduction.counts {
        return first;
    }
    match first.verdict {
        Some(Verdict::Proved) => {
            let waits = waits(graph, bounds, begun, &mut watch);
            let walked = first.walked + waits.walked;
            match waits.verdict {
                Some(Verdict::Broken(_)) => Proved { walked, ..waits },
                _ => Proved { waits: waits.waits, walked, took: begun.elapsed(), ..first },
            }
        }
        Some(Verdict::Broken(suspected)) => {
            let whole = Bounds { reduction: Reduction::NONE, ..*bounds };
            let whole = walk(graph, &whole, begun, &mut watch);
            let doubt = whole.verdict.is_none().then_some(suspected.violation);
            Proved { doubt, walked: first.walked + whole.walked, ..whole }
        }
        None => first,
    }
}

/// Looks whether all that goes round is ended by a limit. Counts are a step's own, and what one front end does gives none
/// of another's back, so one at a time is enough; what is found then is looked for in the plan as it is. One thing
/// interferes, or none where that has too many states.
fn waits(
    graph: &StepGraph,
    bounds: &Bounds,
    begun: Instant,
    watch: &mut impl FnMut(&Tally, Duration),
) -> Proved {
    let one_at_a_time = graph.one_at_a_time();
    let mut followed = |graph: &StepGraph, reduction, together| {
        let most = if together == 0 { Budgets::NONE } else { bounds.budgets };
        let budgets = Budgets { crashes: 0, together, ..most };
        let bounds = Bounds { budgets, reduction, states: MOST_FOLLOWED, ..*bounds };
        walk(graph, &bounds, begun, watch)
    };
    let mut together = 0;
    let mut found = followed(&one_at_a_time, Reduction::COUNTED, together);
    let mut walked = found.walked;
    // One thing that interferes makes fifty times as many states and more.
    if bounds.budgets.interfere() && found.walked < MOST_FOLLOWED / 50 {
        let one = followed(&one_at_a_time, Reduction::COUNTED, 1);
        walked += one.walked;
        if one.verdict.is_some() {
            (together, found) = (1, one);
        }
    }
    if matches!(found.verdict, Some(Verdict::Broken(_))) {
        found = followed(graph, Reduction::ORDERS, together);
        walked += found.walked;
    }
    Proved { walked, ..found }
}

fn walk(
    graph: &StepGraph,
    bounds: &Bounds,
    begun: Instant,
    watch: &mut impl FnMut(&Tally, Duration),
) -> Proved {
    let cores = || std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut walk = Walk::new(graph, bounds.budgets, bounds.reduction);
    let mut workers: Vec<_> =
        (0..bounds.workers.unwrap_or_else(cores).max(1)).map(|_| walk.worker()).collect();
    while walk.level() > 0 && !walk.is_broken() {
        let mut first = 0;
        while first < walk.level() && !walk.is_broken() {
            let last = (first + PIECE * PIECES).min(walk.level());
            for finds in leave(&walk, first, last, &mut workers) {
                walk.take(finds);
            }
            first = last;
            watch(walk.tally(), begun.elapsed());
            if walk.tally().states > bounds.states {
                return ended(&walk, None, bounds, begun);
            }
        }
        walk.end_level();
    }
    let verdict = Some(walk.verdict());
    ended(&walk, verdict, bounds, begun)
}

fn ended(walk: &Walk<'_>, verdict: Option<Verdict>, bounds: &Bounds, begun: Instant) -> Proved {
    let tally = *walk.tally();
    let waits = tally.waits_are_bounded.then_some(bounds.budgets.together);
    Proved { verdict, doubt: None, tally, waits, walked: tally.states, took: begun.elapsed() }
}

/// Leaves the states of a stretch, all workers at once; what they found, in the order of the states.
fn leave<'g>(walk: &Walk<'g>, first: usize, last: usize, workers: &mut [Worker<'g>]) -> Vec<Finds> {
    let piece = |nth: usize| first + nth * PIECE..(first + (nth + 1) * PIECE).min(last);
    let pieces = (last - first).div_ceil(PIECE);
    let next = AtomicUsize::new(0);
    let work = |worker: &mut Worker<'g>| {
        let mut finds = Vec::new();
        loop {
            let nth = next.fetch_add(1, Ordering::Relaxed);
            if nth >= pieces {
                return finds;
            }
            finds.push((nth, walk.expand(piece(nth), worker)));
        }
    };
    let mut all: Vec<(usize, Finds)> = match workers {
        [one] => work(one),
        _ if pieces == 1 => work(&mut workers[0]),
        workers => std::thread::scope(|scope| {
            let threads: Vec<_> = workers.iter_mut().map(|worker| scope.spawn(|| work(worker))).collect();
            let ended = threads.into_iter().flat_map(|thread| match thread.join() {
                Ok(finds) => finds,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            ended.collect()
        }),
    };
    all.sort_by_key(|(nth, _)| *nth);
    all.into_iter().map(|(_, finds)| finds).collect()
}
