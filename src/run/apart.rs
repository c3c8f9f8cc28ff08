//! What a proof asks to see whether what happened concerns one front end alone.

use super::{Phase, Run, StepState, Try, Why};
use crate::graph::{Route, StepGraph, StepId};
use crate::plan::{DomainId, FrontEndId};

impl Run {
    /// The domain that is open.
    pub(crate) fn open_domain(&self) -> Option<DomainId> {
        match self.core.phase {
            Phase::Open { domain, .. } => Some(domain),
            _ => None,
        }
    }

    /// Whether a front end waits for a place among those at work at once.
    pub(crate) fn has_entries(&self) -> bool {
        !self.index.entries.is_empty()
    }

    /// Forgets of a front end with a step that needs a person which step it is and what came before: nobody will come.
    pub(crate) fn forget_stuck(&mut self, graph: &StepGraph, front_end: FrontEndId) {
        let accept = graph.accept_of(Route::Rolling, front_end);
        for step in graph.chain(Route::Rolling, front_end) {
            let is_accept = step == accept;
            let state =
                if is_accept { StepState::Stuck(Why::Doubt) } else { StepState::Pending(Try::default()) };
            if self.state(step) != state {
                self.set(graph, step, state);
            }
        }
    }

    /// Forgets how far a front end was that was left out.
    pub(crate) fn forget_skipped(&mut self, graph: &StepGraph, front_end: FrontEndId) {
        let steps: Vec<StepId> = self.steps_of(graph, front_end).collect();
        for step in steps {
            if self.state(step) != StepState::Skipped {
                self.set(graph, step, StepState::Skipped);
            }
        }
    }

    /// Whether what is kept beside the steps differs in what it says of this front end alone.
    pub(crate) fn is_apart_from(&self, after: &Run, front_end: FrontEndId) -> bool {
        let same = |before: &[FrontEndId], after: &[FrontEndId]| {
            let other = |id: &&FrontEndId| **id != front_end;
            before.iter().filter(other).eq(after.iter().filter(other))
        };
        self.core.forgone == after.core.forgone
            && same(&self.core.absent, &after.core.absent)
            && same(&self.core.left_out, &after.core.left_out)
            && same(&self.core.half_out, &after.core.half_out)
            && self.index.route == after.index.route
    }
}
