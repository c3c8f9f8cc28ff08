//! What a monitor remembers.

use fixedbitset::FixedBitSet;

use crate::graph::{Route, StepGraph, StepId};
use crate::plan::{DomainId, FrontEndId};

/// What a monitor remembers: with the run and the truth, all that its judgement of the future depends on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) skipped: FixedBitSet,
    pub(super) opened: Option<DomainId>,
    /// The pool left its users to its partner, and not all front ends are back since.
    pub(super) over: bool,
    /// Whether the newest answer about readiness, and the newest count, were given since the run was taken up.
    pub(super) heard_readiness: bool,
    pub(super) heard_count: bool,
    /// The newest answer about readiness is trouble, and nobody has tried to fail over on it.
    pub(super) heard_trouble: bool,
    /// Steps in doubt that a person called done.
    pub(super) resolved: FixedBitSet,
    /// Front ends of which a person said that taking them out had not taken place, and that were not tried again since.
    pub(super) in_service: FixedBitSet,
    /// Front ends that were proved to accept connections, if nothing was begun on them since, and that have not died
    /// since by themselves; and those that have.
    pub(super) proved: FixedBitSet,
    pub(super) died: FixedBitSet,
    /// Front ends that died since the newest answer about readiness, while none is at work: nobody can know yet.
    pub(super) unheard: FixedBitSet,
    /// Actions of the upgrade that are known done.
    pub(super) known_done: FixedBitSet,
    /// A person let the databases be updated.
    pub(super) databases_approved: bool,
}

impl Clone for Memory {
    fn clone(&self) -> Memory {
        let mut memory = Memory::default();
        memory.clone_from(self);
        memory
    }

    /// Without a new allocation: explorers do this for each event.
    fn clone_from(&mut self, from: &Memory) {
        let Memory {
            skipped,
            opened,
            over,
            heard_readiness,
            heard_count,
            heard_trouble,
            resolved,
            in_service,
            proved,
            died,
            unheard,
            known_done,
            databases_approved,
        } = from;
        self.skipped.clone_from(skipped);
        self.opened = *opened;
        self.over = *over;
        self.heard_readiness = *heard_readiness;
        self.heard_count = *heard_count;
        self.heard_trouble = *heard_trouble;
        self.resolved.clone_from(resolved);
        self.in_service.clone_from(in_service);
        self.proved.clone_from(proved);
        self.died.clone_from(died);
        self.unheard.clone_from(unheard);
        self.known_done.clone_from(known_done);
        self.databases_approved = *databases_approved;
    }
}

impl Memory {
    /// Forgets what was known of the steps of a front end.
    pub(super) fn forget_steps(&mut self, graph: &StepGraph, front_end: FrontEndId) {
        for step in graph.chain(Route::Rolling, front_end) {
            forget(&mut self.resolved, step.index());
            forget(&mut self.known_done, step.index());
        }
        forget(&mut self.proved, front_end.index());
    }

    /// Forgets that the pool was heard: whatever leans on an answer about it is not allowed until there is another one.
    pub(super) fn forget_what_was_heard(&mut self) {
        self.heard_readiness = false;
        self.heard_count = false;
        self.heard_trouble = false;
    }

    /// Whether the two differ in what they say of one front end alone.
    pub(super) fn differs_only_in(&self, after: &Memory, graph: &StepGraph, front_end: FrontEndId) -> bool {
        let flags =
            |memory: &Memory| [memory.over, memory.heard_readiness, memory.heard_count, memory.heard_trouble];
        let own_step = |step: usize| graph.kind(StepId(step as u32)).front_end() == Some(front_end);
        let of_front_ends: [fn(&Memory) -> &FixedBitSet; 5] = [
            |memory| &memory.skipped,
            |memory| &memory.in_service,
            |memory| &memory.proved,
            |memory| &memory.died,
            |memory| &memory.unheard,
        ];
        let of_steps: [fn(&Memory) -> &FixedBitSet; 2] =
            [|memory| &memory.resolved, |memory| &memory.known_done];
        self.opened == after.opened
            && flags(self) == flags(after)
            && of_front_ends
                .iter()
                .all(|set| differs_only_in(set(self), set(after), |id| id == front_end.index()))
            && of_steps.iter().all(|set| differs_only_in(set(self), set(after), own_step))
    }
}

fn differs_only_in(before: &FixedBitSet, after: &FixedBitSet, own: impl Fn(usize) -> bool) -> bool {
    before.symmetric_difference(after).all(own)
}

/// A set holds nothing beyond its length.
pub(super) fn forget(set: &mut FixedBitSet, member: usize) {
    if set.contains(member) {
        set.remove(member);
    }
}
