//! Whose turn is next, where front ends are taken for one another before it is over.
//!
//! See [`Reduction`](super::Reduction) for the argument.

use super::answers::Helps;
use super::node::{Happened, Successor};
use super::stepper::Stepper;
use crate::graph::{StepGraph, StepId};
use crate::run::Event;

/// Whether a walk lets any front end have the next turn that could have it in some order. Not where the plan may fail over:
/// then all have another turn, and there are fewer ways to keep the order than to leave it open.
pub(super) fn may_have_any_turn(graph: &StepGraph) -> bool {
    graph.over().is_none()
}

impl Stepper<'_> {
    /// Instead of the step whose turn it is, any that would have it if the front ends stood in another order.
    pub(super) fn take_other_turns(&mut self, its_turn: StepId, found: &mut dyn FnMut(Successor<'_>)) {
        let others = self.next.run.other_turns(self.graph, its_turn);
        if others.is_empty() {
            return;
        }
        self.next.memory.clone_from(&self.monitor.memory);
        let (here, trace, anew) = (self.next.clone(), self.trace.clone(), self.anew);
        let mut taken = vec![its_turn];
        for step in others {
            if taken.iter().any(|turn| here.are_alike(self.graph, *turn, step, &self.alike)) {
                continue;
            }
            taken.push(step);
            let event = Event::Begin { step };
            self.note(|| Happened::Event(event.clone()));
            self.next.run.begin_out_of_turn(self.graph, step);
            let fault = self.see(&event).or_else(|| self.rest(found));
            self.emit(Helps::Not, fault, found);
            self.next.become_like(&here);
            self.monitor.memory.clone_from(&here.memory);
            self.trace.clone_from(&trace);
            self.anew = anew;
        }
    }
}
