//! Successors that wait until it is known what to do with them.

use super::answers::Helps;
use super::node::{Fault, Happened, Node, Successor};

/// A successor that waits until it is known whether all of them concern one front end alone.
#[derive(Debug)]
pub(super) struct Waits {
    node: Node,
    helps: Helps,
    fault: Option<Fault>,
    trace: Vec<Happened>,
}

/// Successors that wait. Their buffers are used again and again.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    all: Vec<Waits>,
    used: usize,
}

impl Waiting {
    pub(super) fn clear(&mut self) {
        self.used = 0;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.used == 0
    }

    pub(super) fn push(&mut self, successor: Successor<'_>) {
        match self.all.get_mut(self.used) {
            Some(waits) => {
                waits.node.become_like(successor.node);
                waits.helps = successor.helps;
                waits.fault = successor.fault;
                waits.trace.clear();
                waits.trace.extend_from_slice(successor.trace);
            }
            None => self.all.push(Waits {
                node: successor.node.clone(),
                helps: successor.helps,
                fault: successor.fault,
                trace: successor.trace.to_vec(),
            }),
        }
        self.used += 1;
    }

    /// Hands all of them on, in their order.
    pub(super) fn drain(&mut self, mut next: impl FnMut(&Node, Helps, Option<Fault>, &[Happened])) {
        for Waits { node, helps, fault, trace } in &mut self.all[..self.used] {
            next(node, *helps, fault.take(), trace);
        }
    }
}
