//! Whether every wait is bounded: what goes round must be ended by one limit that runs all the while.
//!
//! Some loops are right: a look that finds it still underway, a watch that rests and asks again. A time limit runs through
//! all of such a loop and ends it. A loop in which no single limit runs throughout could go round for ever: two unhelpful
//! answers that reset each other's count, a soak whose restarts nobody counts.

use std::collections::{HashMap, HashSet, VecDeque};
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

    /// A round without a limit that ends it.
    pub(super) fn endless(&self, graph: &StepGraph, mut node: Node) -> Option<Round> {
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
                let first = round.iter().copied().min_by_key(|place| self.prints[place.index()]);
                endless.extend(first.map(|first| (self.prints[first.index()], first, round)));
            }
        }
        let (_, first, round) = endless.into_iter().min_by_key(|(print, ..)| *print)?;
        let limits = |place: NodeIndex<u32>| self.limits(graph, place, &mut node);
        let way = way_round(&follows, &round, first, limits);
        let begins = self.states.get(first.index()).to_vec();
        Some(Round { begins, prints: way.iter().map(|place| self.prints[place.index()]).collect() })
    }

    /// The limits that run in a state.
    fn limits(&self, graph: &StepGraph, place: NodeIndex<u32>, node: &mut Node) -> Vec<Timer> {
        let mut wanted = Wanted::default();
        if node.unpack(graph, self.states.get(place.index())).is_some() {
            node.run.wanted(graph, &mut wanted);
        }
        limits(&wanted).collect()
    }

    /// Whether one limit runs in all of these states.
    fn is_ended(&self, graph: &StepGraph, round: &[NodeIndex<u32>], node: &mut Node) -> bool {
        let mut throughout: Option<Vec<Timer>> = None;
        for place in round {
            let limits = self.limits(graph, *place, node);
            let throughout = throughout.get_or_insert_with(|| limits.clone());
            throughout.retain(|timer| limits.contains(timer));
            if throughout.is_empty() {
                return false;
            }
        }
        true
    }
}

/// A way from a state back to it.
#[derive(Clone, Debug)]
pub(super) struct Round {
    pub(super) begins: Vec<u8>,
    /// The fingerprints of the states on the way, the first and the last that of where it begins.
    pub(super) prints: Vec<u64>,
}

/// A way round through so much of `round` that no one limit runs throughout.
fn way_round(
    follows: &DiGraph<(), (), u32>,
    round: &[NodeIndex<u32>],
    first: NodeIndex<u32>,
    mut limits: impl FnMut(NodeIndex<u32>) -> Vec<Timer>,
) -> Vec<NodeIndex<u32>> {
    let members: HashSet<NodeIndex<u32>> = round.iter().copied().collect();
    let mut running = limits(first);
    let mut way = vec![first];
    while way.len() == 1 || !running.is_empty() || way.last() != Some(&first) {
        let at = way.last().copied().unwrap_or(first);
        // To where one of those that still run does not, and home once none does.
        let is_there = |place| match running.is_empty() {
            true => place == first,
            false => running.iter().any(|limit| !limits(place).contains(limit)),
        };
        let more = way_to(follows, &members, at, is_there);
        // All of them lead to each other, so there is a way.
        if more.is_empty() {
            break;
        }
        for place in more {
            let limits = limits(place);
            running.retain(|limit| limits.contains(limit));
            way.push(place);
        }
    }
    way
}

/// The shortest way from a state to one that is sought, which comes last; the state itself is not on it.
fn way_to(
    follows: &DiGraph<(), (), u32>,
    members: &HashSet<NodeIndex<u32>>,
    from: NodeIndex<u32>,
    mut is_there: impl FnMut(NodeIndex<u32>) -> bool,
) -> Vec<NodeIndex<u32>> {
    let mut came: HashMap<NodeIndex<u32>, NodeIndex<u32>> = HashMap::new();
    let mut next = VecDeque::from([from]);
    while let Some(at) = next.pop_front() {
        let mut neighbours: Vec<_> = follows.neighbors(at).filter(|place| members.contains(place)).collect();
        neighbours.sort_unstable();
        for place in neighbours {
            if came.contains_key(&place) {
                continue;
            }
            came.insert(place, at);
            if is_there(place) {
                let mut way = vec![place];
                let mut at = came[&place];
                while at != from {
                    way.push(at);
                    at = came[&at];
                }
                way.reverse();
                return way;
            }
            next.push_back(place);
        }
    }
    Vec::new()
}

/// The limits among what is wanted.
pub(super) fn limits(wanted: &Wanted) -> impl Iterator<Item = Timer> + '_ {
    wanted.iter().filter_map(|want| match want {
        Want::Timer(timer) if is_limit(timer.kind) => Some(timer),
        _ => None,
    })
}

fn is_limit(kind: TimerKind) -> bool {
    matches!(kind, TimerKind::Limit | TimerKind::UntilGood | TimerKind::StayGood)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::StepId;

    /// Two small rounds share a state; each has a limit of its own, and only both together have none.
    #[test]
    fn a_way_round_leaves_every_limit() {
        let limit = |step| Timer { step: StepId(step), kind: TimerKind::Limit, ordinal: 0 };
        let mut follows: DiGraph<(), (), u32> = DiGraph::default();
        let [shared, one, other, beyond] = std::array::from_fn(|_| follows.add_node(()));
        for (from, to) in [(shared, one), (one, shared), (shared, other), (other, shared), (one, beyond)] {
            follows.add_edge(from, to, ());
        }
        let limits = |place| match place {
            place if place == shared => vec![limit(1), limit(2)],
            place if place == one => vec![limit(1)],
            _ => vec![limit(2)],
        };
        let way = way_round(&follows, &[shared, one, other], shared, limits);
        assert_eq!(way.iter().filter(|place| **place == shared).count(), 3, "{way:?}");
        assert!(way.contains(&one) && way.contains(&other) && !way.contains(&beyond), "{way:?}");
        assert_eq!((way.first(), way.last()), (Some(&shared), Some(&shared)));
        // Where nothing runs it is the shortest.
        let way = way_round(&follows, &[shared, one, other], one, |_| Vec::new());
        assert_eq!(way, [one, shared, one]);
    }
}
