//! What becomes of a front end that will need a person, where nobody helps it.
//!
//! See [`Reduction`](super::Reduction) for the argument.

use super::answers::Helps;
use super::node::{Node, Successor};
use super::stepper::Stepper;
use super::world::{Effect, Server, Services};
use crate::graph::{StepGraph, StepId};
use crate::plan::{FrontEndId, Moment};
use crate::run::{StepState, Why};

/// What will become of a front end that needs a person, as long as nobody has seen it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub(super) struct Fate {
    /// It is the front end that has failed, and no more than that: the plan may go on without it.
    pub(super) fails: bool,
    /// What others will see of it.
    pub(super) services: Services,
    pub(super) stop_is_open: bool,
    pub(super) active: bool,
    pub(super) out: bool,
}

impl Stepper<'_> {
    /// Whether what a front end comes to may be settled now and seen later: it has its place, and no person will help it.
    pub(super) fn may_settle_fate(&self, front_end: FrontEndId) -> bool {
        self.reduction.fates && self.at.left.acts == 0 && self.at.run.holds_place(front_end)
    }

    /// If the event has just made a step need a person: as long as nobody has seen that, all that is kept of its front end is
    /// what it comes to. Whether there is such a step.
    pub(super) fn seals_a_fate(&mut self) -> bool {
        let Some(front_end) = self.scope.filter(|_| self.settles_fates) else { return false };
        let graph = self.graph;
        let own = |step: &StepId| graph.kind(*step).front_end() == Some(front_end);
        let Some(step) = self.next.run.stuck().find(own) else { return false };
        let StepState::Stuck(why) = self.next.run.state(step) else { return false };
        // A question or a watch is tried again by whoever takes the run up.
        let effect = why.is_of_an_effect() && graph.act(step).is_some();
        if self.at.left.crashes > 0 && !effect {
            return false;
        }
        // It may yet be left out by another of its steps.
        if self.next.run.active().any(|step| own(&step)) {
            return false;
        }
        let fails = self.next.run.tolerates_one_more(graph) && self.next.run.has_failed(graph, step);
        let comes_to = self.next.world.server(front_end);
        self.next.become_like(&self.at);
        self.next.seal_fate(graph, front_end, fails, comes_to);
        self.monitor.memory.clone_from(&self.next.memory);
        true
    }

    pub(super) fn is_fated(&self, step: StepId) -> bool {
        let front_end = self.graph.kind(step).front_end();
        front_end.is_some_and(|front_end| self.at.world.server(front_end).fate.is_some())
    }

    /// It is seen what front ends come to.
    pub(super) fn fulfil_fates(&mut self, found: &mut dyn FnMut(Successor<'_>)) {
        for front_end in self.graph.plan().front_end_ids() {
            let Some(fate) = self.at.world.server(front_end).fate else { continue };
            self.next.become_like(&self.at);
            self.open();
            let Fate { fails, services, stop_is_open, active, out } = fate;
            let server = &mut self.next.world.servers[front_end.index()];
            let open = stop_is_open.then_some(Effect::Stop);
            *server = Server { services, open, active, out, fate: None, ..*server };
            let why = if fails { Why::Failed } else { Why::Doubt };
            self.next.run.ends_in(self.graph, front_end, why);
            let fault = self.rest(found);
            self.emit(Helps::GivesUp, fault, found);
        }
    }
}

impl Node {
    /// Keeps of a front end at work what others see of it, and what it comes to.
    fn seal_fate(&mut self, graph: &StepGraph, front_end: FrontEndId, fails: bool, comes_to: Server) {
        self.run.forget_but_its_place(graph, front_end);
        let before_stop = self.world.bits(Moment::BeforeStop);
        let server = &mut self.world.servers[front_end.index()];
        server.out = server.may_be_out(before_stop);
        self.forget_how_far(graph, front_end);
        // Nobody fails back without it, and while the partner serves nobody asks what it is.
        if self.run.is_over(graph) && !self.run.fails_back(graph) && graph.plan().failed_front_ends() <= 1 {
            let nothing = Server { services: Services::Open, ..Server::default() };
            let fate =
                Fate { fails, services: Services::Open, stop_is_open: false, active: false, out: false };
            self.world.servers[front_end.index()] = Server { fate: Some(fate), ..nothing };
            return;
        }
        // What is out is taken off every count, so nobody sees whether it serves.
        let out = comes_to.may_be_out(before_stop);
        let active = comes_to.active && !out;
        self.world.servers[front_end.index()].fate = Some(Fate {
            fails,
            services: if active { comes_to.services } else { Services::Open },
            stop_is_open: comes_to.open == Some(Effect::Stop) && !out,
            active,
            out,
        });
    }
}

/// Whether all that has happened is that what this front end comes to is settled, and nobody else can tell.
pub(super) fn shows_a_fate_alone(front_end: FrontEndId, counted: bool, at: &Node, next: &Node) -> bool {
    let same_face = !counted
        || at.world.stays_out(&next.world, front_end)
        || at.world.shows_the_same(&next.world, front_end);
    next.world.server(front_end).fate.is_some() && same_face
}
