//! Whether every wait is bounded: what goes round must be ended by one limit that runs all the while.
//!
//! Some loops are right: a look that finds it still underway, a watch that rests and asks again. A time limit runs through
//! all of such a loop and ends it. A loop in which no single limit runs throughout could go round for ever: two unhelpful
//! answers that reset each other's count, a soak whose restarts nobody counts.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use petgraph::graph::{DiGraph, NodeIndex};

use super::kept::{Itself, Whole};
use super::node::Node;
use crate::graph::StepGraph;
use crate::run::{Timer, TimerKind, Want, Wanted};

/// The most states that are kept with everything that leads from one to the next: some two hundred megabytes.
pub const MOST_FOLLOWED: u64 = 1_000_000;

/// All states that were met, and how they follow each other while nothing interferes.
#[derive(Debug, Default)]
pub(super) struct Loops {
    states: Whole,
    prints: Vec<u64>,
    edges: Vec<(u64, u64)>,
}

impl Loops {
    pub(super) fn keep(&mut self, print: u64, state: &[u8]) {
        self.states.push(state);
        self.prints.push(print);
    }

    pub(super) fn follow(&mut self, edges: &[(u64, u64)]) {
        self.edges.extend_from_slice(edges);
    }

    /// Whether there are too many of them to look for loops.
    pub(super) fn are_too_many(&self) -> bool {
        self.prints.len() as u64 > MOST_FOLLOWED || self.edges.len() as u64 > 8 * MOST_FOLLOWED
    }

    /// A state that goes round without a limit that ends it.
    pub(super) fn endless(&self, graph: &StepGraph, mut node: Node) -> Option<u64> {
        let places: HashMap<u64, u32, BuildHasherDefault<Itself>> =
            (0u32..).zip(&self.prints).map(|(place, print)| (*print, place)).collect();
        let mut follows: DiGraph<(), (), u32> = DiGraph::with_capacity(self.prints.len(), self.edges.len());
        self.prints.iter().for_each(|_| _ = follows.add_node(()));
        for (from, to) in &self.edges {
            if let (Some(from), Some(to)) = (places.get(from), places.get(to)) {
                follows.add_edge(NodeIndex::from(*from), NodeIndex::from(*to), ());
            }
        }
        let mut endless = Vec::new();
        for round in petgraph::algo::kosaraju_scc(&follows) {
            let goes_round = round.len() > 1 || follows.contains_edge(round[0], round[0]);
            if goes_round && !self.is_ended(graph, &round, &mut node) {
                endless.extend(round.iter().map(|place| self.prints[place.index()]).min());
            }
        }
        endless.into_iter().min()
    }

    /// Whether one limit runs in all of these states.
    fn is_ended(&self, graph: &StepGraph, round: &[NodeIndex<u32>], node: &mut Node) -> bool {
        let mut throughout: Option<Vec<Timer>> = None;
        let mut wanted = Wanted::default();
        for place in round {
            if node.unpack(graph, self.states.get(place.index())).is_none() {
                return false;
            }
            node.run.wanted(graph, &mut wanted);
            let limits = wanted.iter().filter_map(|want| match want {
                Want::Timer(timer) if is_limit(timer.kind) => Some(timer),
                _ => None,
            });
            let limits: Vec<Timer> = limits.collect();
            let throughout = throughout.get_or_insert_with(|| limits.clone());
            throughout.retain(|timer| limits.contains(timer));
            if throughout.is_empty() {
                return false;
            }
        }
        true
    }
}

fn is_limit(kind: TimerKind) -> bool {
    matches!(kind, TimerKind::Limit | TimerKind::UntilGood | TimerKind::StayGood)
}
