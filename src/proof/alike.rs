//! Front ends that no rule tells apart.
//!
//! See [`Reduction`](super::Reduction) for the argument.

use super::memory::{Memory, forget};
use super::node::Node;
use super::world::Server;
use crate::graph::{Route, StepGraph, StepId};
use crate::plan::FrontEndId;
use crate::run::{Marks, Phase, StepState};

/// All that is said of one front end, wherever it is kept.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Said {
    server: Server,
    /// By step of the front end, in the order of its chains: its state, whether a person called it done, whether it is known
    /// done.
    steps: Vec<(StepState, bool, bool)>,
    marks: Marks,
    counted: bool,
    remembered: [bool; 5],
}

/// Which front ends may change places.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Group {
    /// Their domain is settled, or the pool is failed over and no domain matters any more.
    Anywhere {
        counts: bool,
    },
    Of {
        domain: u16,
        counts: bool,
    },
}

/// Buffers, used again and again.
#[derive(Clone, Debug, Default)]
pub(super) struct Alike {
    members: Vec<(Group, FrontEndId)>,
    said: Vec<Said>,
}

impl Node {
    /// Sorts what is said of front ends among those that are alike and whose turn is over: nothing that is still to come
    /// depends on which is which.
    pub(super) fn sort_alike(&mut self, graph: &StepGraph, alike: &mut Alike) {
        alike.members.clear();
        let over = self.run.is_over(graph);
        for front_end in graph.plan().front_end_ids() {
            // Failed over, all before the first who waits for a place have had theirs.
            if over && self.run.waits_for_place(graph, front_end) {
                break;
            }
            if over || self.run.is_upgraded(graph, front_end) {
                alike.members.push((self.group(graph, front_end, over), front_end));
            }
        }
        alike.members.sort_unstable();
        let members = std::mem::take(&mut alike.members);
        for group in members.chunk_by(|one, other| one.0 == other.0) {
            self.sort_group(graph, group, &mut alike.said);
        }
        alike.members = members;
    }

    fn group(&self, graph: &StepGraph, front_end: FrontEndId, over: bool) -> Group {
        let plan = graph.plan();
        let (domain, counts) = (plan.front_end(front_end).domain, plan.pool().quorum.counts(front_end));
        let present = match self.run.phase() {
            Phase::Gate(present) | Phase::Open { domain: present, .. } => Some(present),
            Phase::Over { from: present } | Phase::Settle(present) => present,
            Phase::Preflight | Phase::Finished => None,
        };
        let settled = self.run.state(graph.domain(domain).settle).is_satisfied();
        let past = settled && present != Some(domain) && self.memory.opened != Some(domain);
        if over || past { Group::Anywhere { counts } } else { Group::Of { domain: domain.0, counts } }
    }

    fn sort_group(&mut self, graph: &StepGraph, group: &[(Group, FrontEndId)], said: &mut Vec<Said>) {
        if group.len() < 2 {
            return;
        }
        said.clear();
        said.extend(group.iter().map(|(_, front_end)| self.said_of(graph, *front_end)));
        if said.is_sorted() {
            return;
        }
        said.sort_unstable();
        for ((_, front_end), said) in group.iter().zip(said) {
            self.say_of(graph, *front_end, said);
        }
    }

    fn said_of(&self, graph: &StepGraph, front_end: FrontEndId) -> Said {
        let Memory { skipped, in_service, proved, died, unheard, resolved, known_done, .. } = &self.memory;
        let of_step = |step: StepId| {
            (self.run.state(step), resolved.contains(step.0 as usize), known_done.contains(step.0 as usize))
        };
        Said {
            server: self.world.server(front_end),
            steps: own_steps(graph, front_end).map(of_step).collect(),
            marks: self.run.marks(front_end),
            counted: self.world.counted.as_ref().is_some_and(|counted| counted.contains(front_end.index())),
            remembered: [skipped, in_service, proved, died, unheard]
                .map(|set| set.contains(front_end.index())),
        }
    }

    fn say_of(&mut self, graph: &StepGraph, front_end: FrontEndId, said: &Said) {
        self.world.servers[front_end.index()] = said.server;
        for (step, (state, resolved, known_done)) in own_steps(graph, front_end).zip(&said.steps) {
            self.run.put(graph, step, *state);
            put(&mut self.memory.resolved, step.index(), *resolved);
            put(&mut self.memory.known_done, step.index(), *known_done);
        }
        self.run.mark(front_end, said.marks);
        if let Some(counted) = &mut self.world.counted {
            put(counted, front_end.index(), said.counted);
        }
        let Memory { skipped, in_service, proved, died, unheard, .. } = &mut self.memory;
        for (set, member) in [skipped, in_service, proved, died, unheard].into_iter().zip(said.remembered) {
            put(set, front_end.index(), member);
        }
    }
}

fn own_steps(graph: &StepGraph, front_end: FrontEndId) -> impl Iterator<Item = StepId> + use<> {
    let other = graph.has(Route::FailedOver).then(|| graph.chain(Route::FailedOver, front_end));
    std::iter::once(graph.preflight_of(front_end))
        .chain(graph.chain(Route::Rolling, front_end))
        .chain(other.into_iter().flatten())
}

fn put(set: &mut fixedbitset::FixedBitSet, member: usize, is: bool) {
    if is {
        set.grow_and_insert(member);
    } else {
        forget(set, member);
    }
}
