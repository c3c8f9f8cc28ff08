//! What persons do to a run: resume it, try again, leave out, resolve. All of it is in the journal.

use super::event::illegal;
use super::state::{Pause, StepState, Try};
use super::{Course, Illegal, Mistake, Phase, Run};
use crate::graph::{Link, StepGraph, StepId, StepKind};
use crate::plan::FrontEndId;

impl Run {
    /// A process takes the run up. Nobody was looking: what was in flight is in doubt, what proves health by
    /// watching begins again, no answer of before opens or clears anything.
    ///
    /// Who resumes has seen what the run stopped for, so questions and watches that were stuck are asked again; a
    /// step whose effect failed or is in doubt waits for the person's word.
    pub(super) fn resume(&mut self, graph: &StepGraph) {
        self.epoch += 1;
        self.core.course = Course::Forward;
        let mut taken_up: Vec<StepId> = [&*self.index.active, &*self.index.stuck].concat();
        taken_up.sort_unstable();
        for step in taken_up {
            let next = resumed(graph.kind(step), self.state(step));
            self.set(graph, step, next);
        }
        for front_end in graph.plan().front_end_ids() {
            self.take_up(graph, front_end);
        }
        match self.core.phase {
            Phase::Gate(_) if self.makes(Mistake::ReadinessOutlivesResume) => {}
            Phase::Gate(domain) => {
                // Also a gate that had just opened, or that was about to send us to the other route.
                self.set(graph, graph.domain(domain).ready, StepState::Pending(Try::default()));
            }
            Phase::Open { .. } if self.makes(Mistake::OpenOutlivesResume) => {}
            Phase::Open { domain, .. } => self.core.phase = Phase::Open { domain, more: false },
            Phase::Over { from: Some(_) } => {
                let begun = graph
                    .over()
                    .is_some_and(|over| !matches!(self.state(over.fail_over), StepState::Pending(_)));
                if !begun {
                    self.back_to_the_gate(graph);
                }
            }
            _ => {}
        }
    }

    /// As one front end sees it when a process takes the run up.
    pub(crate) fn interrupt(&mut self, graph: &StepGraph, front_end: FrontEndId) {
        let mut taken_up: Vec<StepId> = [&*self.index.active, &*self.index.stuck].concat();
        taken_up.retain(|step| graph.kind(*step).front_end() == Some(front_end));
        for step in taken_up {
            let next = resumed(graph.kind(step), self.state(step));
            self.set(graph, step, next);
        }
        self.take_up(graph, front_end);
    }

    /// What was known of a front end and does not outlive a resume: that it is half stopped, and, while it is still to be
    /// put back into service, that it accepts connections. (Whether it is stopped is asked before each action of an
    /// upgrade.)
    fn take_up(&mut self, graph: &StepGraph, front_end: FrontEndId) {
        let stop = graph.stop_of(self.index.route, front_end);
        if matches!(self.state(stop), StepState::Pending(tried) if tried.partly) {
            self.set(graph, stop, StepState::Doubt(Try::look(), 0));
        }
        if self.is_out(front_end) {
            self.prove_acceptance_again(graph, front_end);
        }
    }

    /// A stuck step is to be tried again. What may have taken place is looked at first.
    pub(super) fn retry(&mut self, graph: &StepGraph, step: StepId) -> Result<(), Illegal> {
        match (self.checked(graph, step)?, graph.kind(step)) {
            (StepState::Stuck(why), StepKind::Ensure(_))
                if why.is_of_an_effect() && !self.makes(Mistake::RetryWithoutLook) =>
            {
                let partly = self.is_half_out(graph, step) && !self.makes(Mistake::RetryForgetsOlderTries);
                self.set(graph, step, StepState::Doubt(Try { partly, ..Try::look() }, 0));
            }
            (StepState::Stuck(_), _) => self.set(graph, step, StepState::Pending(Try::default())),
            // Resuming has asked it again already.
            (StepState::Pending(_) | StepState::Watching(_), _) => return Ok(()),
            _ => return Err(illegal("only a step that needs a person can be tried again")),
        }
        self.go_on();
        Ok(())
    }

    /// A front end is left out, as it is. One that is finished can be left out too: then a domain may open, and the pool
    /// may settle, without it.
    pub(super) fn skip(&mut self, graph: &StepGraph, front_end: FrontEndId) -> Result<(), Illegal> {
        if front_end.index() >= graph.plan().pool().front_ends.len() {
            return Err(illegal("there is no such front end"));
        }
        if self.is_skipped(graph, front_end) {
            return Err(illegal("the front end is left out already"));
        }
        if self.is_in_doubt(graph, front_end) {
            return Err(illegal("a step of the front end is in doubt: resolve it first"));
        }
        self.leave_out(graph, front_end);
        self.go_on();
        Ok(())
    }

    /// Whether something that was begun on a front end may be going on, or nobody knows how it ended.
    pub(super) fn is_in_doubt(&self, graph: &StepGraph, front_end: FrontEndId) -> bool {
        let doubtful = |step| matches!(graph.kind(step), StepKind::Ensure(_)) && self.state(step).in_doubt();
        graph.steps_of(front_end).any(doubtful)
    }

    /// A person says how a step in doubt ended.
    pub(super) fn resolve(&mut self, graph: &StepGraph, step: StepId, done: bool) -> Result<(), Illegal> {
        let doubt = match (self.checked(graph, step)?, graph.kind(step)) {
            (StepState::Stuck(why), StepKind::Ensure(_)) => why.in_doubt(),
            (StepState::Doubt(..) | StepState::Waiting(..), StepKind::Ensure(_)) => true,
            _ => false,
        };
        if !doubt {
            return Err(illegal("the step is not in doubt"));
        }
        if done {
            self.set(graph, step, StepState::Done);
        } else {
            // The word is about the newest try.
            let partly = self.is_half_out(graph, step) && !self.makes(Mistake::WordForgetsOlderTries);
            self.not_done(graph, step, Try { partly, ..Try::default() });
        }
        self.go_on();
        Ok(())
    }

    /// Whether an older try of an action before a stop ran and failed: its front end may be out.
    fn is_half_out(&self, graph: &StepGraph, step: StepId) -> bool {
        let is_listed = |front_end| self.core.half_out.binary_search(&front_end).is_ok();
        graph.link(step) == Some(Link::BeforeStop)
            && (self.state(step).is_partly() || graph.kind(step).front_end().is_some_and(is_listed))
    }

    /// Leaves every unfinished step of a front end out, on both routes.
    pub(super) fn leave_out(&mut self, graph: &StepGraph, front_end: FrontEndId) {
        if let (true, Err(place)) = (self.is_out(front_end), self.core.left_out.binary_search(&front_end)) {
            self.core.left_out.insert(place, front_end);
        }
        let steps: Vec<StepId> = graph.steps_of(front_end).collect();
        for step in steps {
            if !self.state(step).is_satisfied() {
                self.set(graph, step, StepState::Skipped);
            }
        }
        // The databases stay as they are then: what is asked before they are updated is asked for nothing.
        if let Some(update) = graph.databases().map(|steps| steps.update)
            && let StepState::Clearing(tried, _) = self.state(update)
        {
            self.set(graph, update, StepState::Pending(tried));
        }
        // Where the observers are chosen, and where settling excuses it, one look must tell that it is left out.
        self.set(graph, graph.preflight_of(front_end), StepState::Skipped);
    }

    /// What a person did may have removed the trouble for which the run was going no further.
    fn go_on(&mut self) {
        if self.core.course == Course::Stopping && self.index.stuck.is_empty() {
            self.core.course = Course::Forward;
        }
    }
}

/// The state in which a step is taken up.
fn resumed(kind: StepKind, state: StepState) -> StepState {
    match (kind, state) {
        (StepKind::Preflight(_) | StepKind::PreflightPartner, _)
        | (StepKind::Ready(_) | StepKind::Accept(_) | StepKind::Settle(_), _) => {
            StepState::Pending(Try::default())
        }
        (StepKind::Ensure(_), StepState::Stuck(why)) if !why.is_of_an_effect() => {
            StepState::Pending(Try::default())
        }
        (StepKind::Approve(_), state) => state,
        (_, StepState::Clearing(tried, _)) => StepState::Pending(tried),
        (_, StepState::Running(tried)) => StepState::Doubt(Try { interrupted: true, ..tried }, 0),
        (_, StepState::Doubt(tried, _)) => StepState::Doubt(tried, 0),
        (_, StepState::Waiting(tried, Pause::LookAgain(_))) => StepState::Waiting(tried, Pause::LookAgain(0)),
        (_, state) => state,
    }
}
