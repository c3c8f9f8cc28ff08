//! What a proof asks of front ends, each apart from the others: what concerns one alone, whose turn is over, and what of it can
//! be forgotten.

use super::{Phase, Run, StepState, Try, Why};
use crate::graph::{Link, Route, StepGraph, StepId};
use crate::plan::{DomainId, FrontEndId};

/// Whether a front end is absent, left out and half out.
pub(crate) type Marks = [bool; 3];

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

    /// Whether failing back has begun: what follows brings front ends back.
    pub(crate) fn fails_back(&self, graph: &StepGraph) -> bool {
        graph.over().is_some_and(|over| self.state(over.fail_back).has_begun())
    }

    /// Forgets how far a front end is on the present route: nothing more will begin on it. All that is kept is why it needs
    /// a person, if it does.
    pub(crate) fn forget_steps(&mut self, graph: &StepGraph, front_end: FrontEndId, stuck: Option<Why>) {
        let route = self.index.route;
        for step in graph.chain(route, front_end) {
            // The start is none of those that a resume tries again by itself.
            let why = stuck.filter(|_| graph.link(step) == Some(Link::Start));
            self.put(step, why.map_or(StepState::Needless, StepState::Stuck));
        }
        self.core.half_out.retain(|half_out| *half_out != front_end);
    }

    /// Whether nothing is left of a front end's upgrade on the present route but to restart it, and to bring it back.
    pub(crate) fn is_upgraded(&self, graph: &StepGraph, front_end: FrontEndId) -> bool {
        graph.chain(self.index.route, front_end).all(|step| {
            matches!(graph.link(step), Some(Link::Restart | Link::Start | Link::Accept | Link::AfterAccept))
                || self.state(step).is_satisfied()
        })
    }

    /// Whether the run is on the failed-over route for good.
    pub(crate) fn is_over(&self, graph: &StepGraph) -> bool {
        let over = graph.over().is_some_and(|over| self.state(over.fail_over) == StepState::Done);
        over && self.index.route == Route::FailedOver
    }

    /// Whether a front end waits for its place on the failed-over route.
    pub(crate) fn waits_for_place(&self, graph: &StepGraph, front_end: FrontEndId) -> bool {
        let first = graph.chain(Route::FailedOver, front_end).next();
        first.is_some_and(|step| {
            let state = self.state(step);
            matches!(state, StepState::Pending(_)) && !state.has_begun()
        })
    }

    /// Once the pool is failed over, nobody asks from where, nor what the rolling route had come to. Whether it is.
    pub(crate) fn forget_the_other_route(&mut self, graph: &StepGraph) -> bool {
        if !self.is_over(graph) {
            return false;
        }
        if let Phase::Over { from } = &mut self.core.phase {
            *from = None;
        }
        for step in graph.ids() {
            // Most are forgotten already, and explorers come here for each event.
            if self.state(step) != StepState::Needless && !graph.is_on(Route::FailedOver, step) {
                self.put(step, StepState::Needless);
            }
        }
        true
    }

    /// What is said of a front end beside its steps.
    pub(crate) fn marks(&self, front_end: FrontEndId) -> Marks {
        [&self.core.absent, &self.core.left_out, &self.core.half_out]
            .map(|marked| marked.binary_search(&front_end).is_ok())
    }

    /// Says that of a front end.
    pub(crate) fn mark(&mut self, front_end: FrontEndId, marks: Marks) {
        let all = [&mut self.core.absent, &mut self.core.left_out, &mut self.core.half_out];
        for (marked, is) in all.into_iter().zip(marks) {
            match (marked.binary_search(&front_end), is) {
                (Ok(place), false) => _ = marked.remove(place),
                (Err(place), true) => marked.insert(place, front_end),
                _ => {}
            }
        }
    }

    /// Says of a step that it is in a state. What is derived from the states is not brought in step: whoever writes this
    /// run down and goes on from another has no need of it.
    pub(crate) fn put(&mut self, step: StepId, state: StepState) {
        self.core.steps[step.index()] = state;
    }

    /// Whether a front end holds a place among those at work at once.
    pub(crate) fn holds_place(&self, front_end: FrontEndId) -> bool {
        self.index.holds_place(front_end)
    }

    /// Forgets how far a front end at work is on the present route: it holds its place, and what it waits for is not known.
    pub(crate) fn forget_but_its_place(&mut self, graph: &StepGraph, front_end: FrontEndId) {
        let waits = StepState::Doubt(Try { attempt: 1, ..Try::default() }, 0);
        for (nth, step) in graph.chain(self.index.route, front_end).enumerate() {
            self.put(step, if nth == 0 { waits } else { StepState::Needless });
        }
    }

    /// What a front end waits for needs a person.
    pub(crate) fn ends_in(&mut self, graph: &StepGraph, front_end: FrontEndId, why: Why) {
        if let Some(step) = graph.chain(self.index.route, front_end).next() {
            self.set(graph, step, StepState::Stuck(why));
        }
    }

    /// Forgets how far a front end was that was left out.
    pub(crate) fn forget_skipped(&mut self, graph: &StepGraph, front_end: FrontEndId) {
        for step in graph.steps_of(front_end) {
            self.put(step, StepState::Skipped);
        }
        self.core.absent.retain(|absent| *absent != front_end);
    }

    /// The steps that are in another state after.
    pub(crate) fn changes(&self, after: &Run) -> impl Iterator<Item = StepId> {
        let both = self.core.steps.iter().zip(&after.core.steps);
        (0u32..).zip(both).filter(|(_, (was, is))| was != is).map(|(step, _)| StepId(step))
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
