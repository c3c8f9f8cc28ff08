//! Front ends that no rule tells apart.
//!
//! See [`Reduction`](super::Reduction) for the argument.

use std::cmp::Ordering;

use super::memory::{Memory, forget};
use super::node::Node;
use super::turns::may_have_any_turn;
use super::world::Server;
use crate::graph::{StepGraph, StepId};
use crate::plan::FrontEndId;
use crate::run::{Marks, PREFLIGHT_AT_ONCE, Phase, StepState};

/// All that is said of one front end, wherever it is kept.
#[derive(Clone, Debug, Default)]
struct Said {
    server: Server,
    /// By step of the front end, in the order of its chains: its state, whether a person called it done, whether it is known
    /// done.
    steps: Vec<(StepState, bool, bool)>,
    flags: Flags,
}

/// What the run says beside the steps, whether the newest count found it inactive, and what the monitor remembers of it.
type Flags = (Marks, bool, [bool; 5]);

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

/// Buffers, used again and again, and what is asked of the graph for each event.
#[derive(Clone, Debug)]
pub(super) struct Alike {
    /// Whether their turn is still to come stands before the front ends.
    members: Vec<(Group, bool, FrontEndId)>,
    steps: StepsOf,
    order: Order,
    /// All count for the quorum, or none does: failed over, every two are of one group then.
    are_one_group: bool,
}

/// The steps of each front end, as many of one as of another.
#[derive(Clone, Debug)]
struct StepsOf {
    steps: Vec<StepId>,
    each: usize,
}

#[derive(Clone, Debug, Default)]
struct Order {
    order: Vec<FrontEndId>,
    places: Vec<FrontEndId>,
    said: Vec<Said>,
}

impl Alike {
    pub(super) fn new(graph: &StepGraph) -> Alike {
        let front_ends = graph.plan().front_end_ids();
        let steps: Vec<StepId> = front_ends.flat_map(|id| graph.steps_of(id)).collect();
        let each = steps.len() / graph.plan().pool().front_ends.len().max(1);
        let mut counts = graph.plan().front_end_ids().map(|id| graph.plan().pool().quorum.counts(id));
        let first = counts.next();
        let are_one_group = counts.all(|counts| Some(counts) == first);
        let steps = StepsOf { steps, each };
        Alike { members: Vec::new(), steps, order: Order::default(), are_one_group }
    }
}

impl StepsOf {
    fn of(&self, front_end: FrontEndId) -> &[StepId] {
        &self.steps[front_end.index() * self.each..][..self.each]
    }
}

impl Node {
    /// Sorts what is said of front ends among those that are alike, if any of them may have the next turn; otherwise among
    /// those whose turn is over: nothing that is still to come depends on which is which. Or only among those `at_rest`.
    pub(super) fn sort_alike(&mut self, graph: &StepGraph, at_rest: bool, alike: &mut Alike) {
        alike.members.clear();
        let over = self.run.is_over(graph);
        let any_turn = !at_rest && may_have_any_turn(graph);
        // Where not all are asked at once before the run, they are asked in their order.
        let many = graph.plan().pool().front_ends.len() > PREFLIGHT_AT_ONCE as usize;
        if any_turn && many && self.run.phase() == Phase::Preflight {
            return;
        }
        // Those whose turn is still to come stay in their order: behind the others where the order of all is that within
        // their group.
        let moves = !at_rest && over && alike.are_one_group;
        for front_end in graph.plan().front_end_ids() {
            if any_turn {
                alike.members.push((self.group(graph, front_end, over), false, front_end));
                continue;
            }
            let waits = over && self.run.waits_for_place(graph, front_end);
            // All before the first who waits have had their turn.
            if waits && !moves {
                break;
            }
            let own = |step| graph.kind(step).front_end() == Some(front_end);
            let its_turn_is_over = if over { !waits } else { self.run.is_upgraded(graph, front_end) };
            if moves || its_turn_is_over && !(at_rest && self.run.active().any(own)) {
                alike.members.push((self.group(graph, front_end, over), !its_turn_is_over, front_end));
            }
        }
        alike.members.sort_unstable();
        let members = std::mem::take(&mut alike.members);
        for group in members.chunk_by(|one, other| one.0 == other.0) {
            self.sort_group(group, &alike.steps, &mut alike.order);
        }
        alike.members = members;
    }

    /// Whether two steps are those of front ends of which the same is said, and that may change places.
    pub(super) fn are_alike(&self, graph: &StepGraph, one: StepId, other: StepId, alike: &Alike) -> bool {
        let [one, other] = [one, other].map(|step| graph.kind(step).front_end());
        let (Some(one), Some(other)) = (one, other) else { return false };
        let over = self.run.is_over(graph);
        self.group(graph, one, over) == self.group(graph, other, over)
            && self.compare(&alike.steps, one, other).is_eq()
    }

    fn group(&self, graph: &StepGraph, front_end: FrontEndId, over: bool) -> Group {
        let plan = graph.plan();
        let (domain, counts) = (plan.front_end(front_end).domain, plan.pool().quorum.counts(front_end));
        let present = match self.run.phase() {
            Phase::Gate(present) | Phase::Open { domain: present, .. } => Some(present),
            Phase::Over { from: present } | Phase::Settle(present) => present,
            Phase::Preflight | Phase::Databases | Phase::Finished => None,
        };
        let settled = self.run.state(graph.domain(domain).settle).is_satisfied();
        let past = settled && present != Some(domain) && self.memory.opened != Some(domain);
        if over || past { Group::Anywhere { counts } } else { Group::Of { domain: domain.0, counts } }
    }

    fn sort_group(&mut self, group: &[(Group, bool, FrontEndId)], steps: &StepsOf, alike: &mut Order) {
        let Order { order, places, said } = alike;
        order.clear();
        order.extend(group.iter().map(|(.., front_end)| *front_end));
        let over = group.iter().take_while(|(_, has_turn, _)| !has_turn).count();
        let are_sorted = order[..over].is_sorted_by(|one, other| self.compare(steps, *one, *other).is_le());
        // Most groups are in order, and explorers come here for each event.
        if are_sorted && order.is_sorted() {
            return;
        }
        places.clone_from(order);
        places.sort_unstable();
        order[..over].sort_by(|one, other| self.compare(steps, *one, *other));
        said.resize_with(said.len().max(order.len()), Said::default);
        for (front_end, said) in order.iter().zip(said.iter_mut()) {
            self.said_of(steps.of(*front_end), *front_end, said);
        }
        for (front_end, said) in places.iter().zip(said.iter()) {
            self.say_of(steps.of(*front_end), *front_end, said);
        }
    }

    fn compare(&self, steps: &StepsOf, one: FrontEndId, other: FrontEndId) -> Ordering {
        let servers = self.world.server(one).cmp(&self.world.server(other));
        let mut pairs = steps.of(one).iter().zip(steps.of(other));
        servers
            .then_with(|| {
                let differs = pairs.find_map(|(one, other)| {
                    let (one, other) = (self.said_of_step(*one), self.said_of_step(*other));
                    (one != other).then(|| one.cmp(&other))
                });
                differs.unwrap_or(Ordering::Equal)
            })
            .then_with(|| self.flags(one).cmp(&self.flags(other)))
    }

    fn said_of_step(&self, step: StepId) -> (StepState, bool, bool) {
        let Memory { resolved, known_done, .. } = &self.memory;
        (self.run.state(step), resolved.contains(step.index()), known_done.contains(step.index()))
    }

    fn flags(&self, front_end: FrontEndId) -> Flags {
        let Memory { skipped, in_service, proved, died, unheard, .. } = &self.memory;
        (
            self.run.marks(front_end),
            self.world.counted.as_ref().is_some_and(|counted| counted.contains(front_end.index())),
            [skipped, in_service, proved, died, unheard].map(|set| set.contains(front_end.index())),
        )
    }

    fn said_of(&self, steps: &[StepId], front_end: FrontEndId, said: &mut Said) {
        said.server = self.world.server(front_end);
        said.steps.clear();
        said.steps.extend(steps.iter().map(|step| self.said_of_step(*step)));
        said.flags = self.flags(front_end);
    }

    fn say_of(&mut self, steps: &[StepId], front_end: FrontEndId, said: &Said) {
        self.world.servers[front_end.index()] = said.server;
        for (step, (state, resolved, known_done)) in steps.iter().zip(&said.steps) {
            self.run.put(*step, *state);
            put(&mut self.memory.resolved, step.index(), *resolved);
            put(&mut self.memory.known_done, step.index(), *known_done);
        }
        let (marks, inactive, remembered) = said.flags;
        self.run.mark(front_end, marks);
        if let Some(counted) = &mut self.world.counted {
            put(counted, front_end.index(), inactive);
        }
        let Memory { skipped, in_service, proved, died, unheard, .. } = &mut self.memory;
        for (set, member) in [skipped, in_service, proved, died, unheard].into_iter().zip(remembered) {
            put(set, front_end.index(), member);
        }
    }
}

fn put(set: &mut fixedbitset::FixedBitSet, member: usize, is: bool) {
    if is {
        set.grow_and_insert(member);
    } else {
        forget(set, member);
    }
}
