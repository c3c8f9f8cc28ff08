//! Walks all states of a plan, level by level, and remembers each by a fingerprint.
//!
//! A state is kept whole only until it has been left; afterwards 64 bits of it, its parent's and its way to an end stay.
//! A level is cut into pieces, and any number of workers may [`expand`](Walk::expand) them at once, because expanding
//! changes nothing; [`take`](Walk::take) then takes their finds in the order of the pieces. So the verdict, the counts
//! and the history do not depend on how many workers there were.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::BuildHasherDefault;
use std::ops::Range;

use super::answers::Helps;
use super::history::History;
use super::kept::{Itself, Whole, fingerprint};
use super::loops::Loops;
use super::monitor::Violation;
use super::node::{Budgets, Node};
use super::stepper::{Standing, Stepper};
use super::{Invariant, Reduction};
use crate::graph::StepGraph;
use crate::run::Run;

/// What is kept of a state that was met.
#[derive(Clone, Copy, Debug)]
struct Met {
    parent: u64,
    /// The state to which the most helpful answer leads; [`AN_END`] when the run has ended here, [`UNKNOWN`] until the
    /// state was left.
    toward_end: u64,
    /// Which of the parent's successors it is.
    nth: u32,
}

const UNKNOWN: u64 = 0;
const AN_END: u64 = 1;

/// What a worker found in its piece of a level.
#[derive(Debug, Default)]
pub struct Finds {
    new: Whole,
    /// By found state: its fingerprint, its parent's, and which successor of the parent it is.
    ways: Vec<(u64, u64, u32)>,
    /// By state of the piece: its fingerprint and the way to an end.
    left: Vec<(u64, u64)>,
    /// From, to: what follows while nothing interferes.
    edges: Vec<(u64, u64)>,
    transitions: u64,
    checks: [u64; Invariant::ALL.len()],
    broken: Option<(Violation, u64, u32)>,
}

/// A promise that this plan's machine breaks, by the shortest history that does.
#[derive(Clone, Debug)]
pub struct Broken {
    pub violation: Violation,
    /// Everything that happened, from the first event on.
    pub history: History,
}

/// How a walk ended.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Every reachable state was left, and no promise was broken.
    Proved,
    Broken(Broken),
}

/// What was walked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub states: u64,
    pub transitions: u64,
    /// Levels: how many things happen at most on the shortest way to a state.
    pub depth: u32,
    /// How often each invariant was really asked, by its number less one.
    pub checks: [u64; Invariant::ALL.len()],
    /// Whether it was looked for loops that no limit ends. Not when there are too many states.
    pub waits_are_bounded: bool,
    /// Bytes of all states, had they been kept whole.
    pub bytes: u64,
}

/// A walk over all states of a plan.
#[derive(Debug)]
pub struct Walk<'g> {
    graph: &'g StepGraph,
    begins: Node,
    reduction: Reduction,
    met: HashMap<u64, Met, BuildHasherDefault<Itself>>,
    level: Whole,
    next: Whole,
    tally: Tally,
    broken: Option<(Violation, u64, u32)>,
    /// None where counts are forgotten, and gone when there are too many states.
    loops: Option<Loops>,
}

/// What one worker needs: buffers, used again and again.
#[derive(Debug)]
pub struct Worker<'g> {
    stepper: Stepper<'g>,
    bytes: Vec<u8>,
}

impl<'g> Worker<'g> {
    fn new(graph: &'g StepGraph, begins: &Node, reduction: Reduction) -> Worker<'g> {
        Worker { stepper: Stepper::new(begins.clone(), graph, reduction), bytes: Vec::new() }
    }

    /// Asks one promise and no other, to see that it is this one that a mistake breaks.
    #[cfg(test)]
    pub(super) fn ask_only(&mut self, only: Option<Invariant>) {
        self.stepper.ask_only(only);
    }
}

impl<'g> Walk<'g> {
    /// Stands at the beginning: a run that has not begun on a pool that nobody has touched.
    pub fn new(graph: &'g StepGraph, budgets: Budgets, reduction: Reduction) -> Walk<'g> {
        Walk::of(Run::new(graph), graph, budgets, reduction)
    }

    pub(crate) fn of(run: Run, graph: &'g StepGraph, budgets: Budgets, reduction: Reduction) -> Walk<'g> {
        let mut walk = Walk {
            graph,
            begins: Node::new(run, graph, budgets),
            reduction,
            met: HashMap::default(),
            level: Whole::default(),
            next: Whole::default(),
            tally: Tally::default(),
            broken: None,
            loops: (!reduction.counts).then(Loops::default),
        };
        let mut worker = walk.worker();
        let mut finds = Finds::default();
        let mut nth = 0;
        worker.stepper.first(&mut |successor| {
            successor.node.pack(&mut worker.bytes);
            let print = fingerprint(&worker.bytes);
            finds.new.push(&worker.bytes);
            finds.ways.push((print, UNKNOWN, nth));
            if let Some(fault) = successor.fault {
                finds.broken.get_or_insert((fault.violation(), UNKNOWN, nth));
            }
            nth += 1;
        });
        walk.take(finds);
        walk.end_level();
        walk
    }

    pub fn worker(&self) -> Worker<'g> {
        Worker::new(self.graph, &self.begins, self.reduction)
    }

    /// How many states the present level has. None: everything was walked.
    pub fn level(&self) -> usize {
        self.level.len()
    }

    /// A state of the present level.
    #[cfg(test)]
    pub(super) fn state(&self, nth: usize) -> &[u8] {
        self.level.get(nth)
    }

    #[cfg(test)]
    pub(super) fn has_met(&self, state: &[u8]) -> bool {
        self.met.contains_key(&fingerprint(state))
    }

    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    pub fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// Leaves a piece of the present level. Changes nothing, so pieces may be left at once by several workers.
    pub fn expand(&self, piece: Range<usize>, worker: &mut Worker<'g>) -> Finds {
        let mut finds = Finds::default();
        let Worker { stepper, bytes } = worker;
        let before = *stepper.checks();
        let (follow, leaves_ends_out) = (self.loops.is_some(), self.reduction.past);
        for place in piece {
            let whole = self.level.get(place);
            let parent = fingerprint(whole);
            if stepper.at.unpack(self.graph, whole).is_none() {
                let text = "a state could not be read again".to_owned();
                let violation = Violation { invariant: Invariant::CanEnd, text };
                finds.broken.get_or_insert((violation, parent, 0));
                continue;
            }
            let mut nth = 0;
            let mut toward_end: Option<(Helps, u64)> = None;
            let standing = stepper.leave(&mut |successor| {
                successor.node.pack(bytes);
                let print = fingerprint(bytes);
                finds.transitions += 1;
                if let Some(fault) = successor.fault {
                    finds.broken.get_or_insert((fault.violation(), parent, nth));
                } else if leaves_ends_out && successor.node.is_the_end() {
                    toward_end = Some((Helps::RunsOut, AN_END));
                } else {
                    // What leaves everything as it is leads nowhere.
                    let leads_on = print != parent;
                    if leads_on && toward_end.is_none_or(|(helps, _)| successor.helps < helps) {
                        toward_end = Some((successor.helps, print));
                    }
                    // What interferes is used up: it is in no loop.
                    if follow && successor.node.left == successor.at.left {
                        finds.edges.push((parent, print));
                    }
                    if !self.met.contains_key(&print) {
                        finds.new.push(bytes);
                        finds.ways.push((print, parent, nth));
                    }
                }
                nth += 1;
            });
            let toward_end = match standing {
                Standing::Ended => AN_END,
                Standing::GoesOn => toward_end.map_or(UNKNOWN, |(_, print)| print),
                Standing::DeadEnd => {
                    let text = "nothing to decide and nothing wanted".to_owned();
                    let violation = Violation { invariant: Invariant::CanEnd, text };
                    finds.broken.get_or_insert((violation, parent, u32::MAX));
                    UNKNOWN
                }
            };
            finds.left.push((parent, toward_end));
        }
        let after = *stepper.checks();
        finds.checks = std::array::from_fn(|nth| after[nth] - before[nth]);
        finds
    }

    /// Takes what a worker found.
    pub fn take(&mut self, finds: Finds) {
        for (state, toward_end) in finds.left {
            if let Some(met) = self.met.get_mut(&state) {
                met.toward_end = toward_end;
            }
        }
        for (place, (print, parent, nth)) in finds.ways.into_iter().enumerate() {
            if let Entry::Vacant(new) = self.met.entry(print) {
                new.insert(Met { parent, toward_end: UNKNOWN, nth });
                self.next.push(finds.new.get(place));
                if let Some(loops) = &mut self.loops {
                    loops.keep(print, finds.new.get(place));
                }
            }
        }
        if let Some(loops) = &mut self.loops {
            loops.follow(&finds.edges);
        }
        self.loops.take_if(|loops| loops.are_too_many());
        self.tally.states = self.met.len() as u64;
        self.tally.transitions += finds.transitions;
        for (sum, more) in self.tally.checks.iter_mut().zip(finds.checks) {
            *sum += more;
        }
        if self.broken.is_none() {
            self.broken = finds.broken;
        }
    }

    /// Every piece of the level was taken: goes on with the next.
    pub fn end_level(&mut self) {
        std::mem::swap(&mut self.level, &mut self.next);
        self.next.clear();
        self.tally.bytes += self.level.bytes.len() as u64;
        if self.level.len() > 0 {
            self.tally.depth += 1;
        }
    }

    /// The verdict, once no level is left or something is broken.
    pub fn verdict(&mut self) -> Verdict {
        if let Some((violation, parent, nth)) = self.broken.take() {
            return Verdict::Broken(Broken { violation, history: self.history(parent, nth) });
        }
        self.tally.checks[usize::from(Invariant::CanEnd.number()) - 1] += self.met.len() as u64;
        let loops = self.loops.take();
        self.tally.waits_are_bounded = loops.is_some();
        if let Some(round) = loops.and_then(|loops| loops.endless(self.graph, self.begins.clone())) {
            let text = "from here it can go round for ever: no limit runs throughout".to_owned();
            let violation = Violation { invariant: Invariant::CanEnd, text };
            let mut history = self.history(round.prints[0], u32::MAX);
            history.round = self.worker().stepper.go_round(&round);
            return Verdict::Broken(Broken { violation, history });
        }
        match self.without_end() {
            None => Verdict::Proved,
            Some(state) => {
                let text = "the run goes round and round from here, whatever helps".to_owned();
                let violation = Violation { invariant: Invariant::CanEnd, text };
                Verdict::Broken(Broken { violation, history: self.history(state, u32::MAX) })
            }
        }
    }

    /// A state from which the most helpful answers never lead to an end. Each state has one way, so a way that meets itself
    /// before it meets an end goes round for ever.
    fn without_end(&self) -> Option<u64> {
        let mut ends: HashMap<u64, bool, BuildHasherDefault<Itself>> = HashMap::default();
        ends.reserve(self.met.len());
        let mut way = Vec::new();
        for first in self.met.keys() {
            let mut state = *first;
            let end = loop {
                match (ends.get(&state), self.met.get(&state)) {
                    (Some(true), _) => break true,
                    // On this way already, or known to go round.
                    (Some(false), _) => break false,
                    (None, Some(met)) => {
                        ends.insert(state, false);
                        way.push(state);
                        match met.toward_end {
                            AN_END => break true,
                            UNKNOWN => break false,
                            next => state = next,
                        }
                    }
                    (None, None) => break false,
                }
            };
            if !end {
                return self.met.keys().filter(|state| ends.get(*state) == Some(&false)).min().copied();
            }
            for state in way.drain(..) {
                ends.insert(state, true);
            }
        }
        None
    }

    /// What happened on the way to the `nth` successor of a state; to the state itself for [`u32::MAX`].
    fn history(&self, state: u64, nth: u32) -> History {
        let mut turns = vec![nth];
        let mut at = state;
        while let Some(met) = self.met.get(&at) {
            turns.push(met.nth);
            at = met.parent;
        }
        let mut worker = self.worker();
        worker.stepper.trace = Some(Vec::new());
        let mut history = History::default();
        let mut to: Vec<u8> = Vec::new();
        while let Some(turn) = turns.pop() {
            let first = to.is_empty();
            if !first && worker.stepper.at.unpack(self.graph, &to).is_none() {
                break;
            }
            let mut nth = 0;
            let mut found = |successor: super::node::Successor<'_>| {
                if nth == turn {
                    history.moves.push(successor.trace.to_vec());
                    successor.node.pack(&mut to);
                }
                nth += 1;
            };
            if first {
                worker.stepper.first(&mut found);
            } else if turn != u32::MAX {
                worker.stepper.leave(&mut found);
            }
        }
        history
    }
}
