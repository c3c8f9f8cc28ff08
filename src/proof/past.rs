//! What can never matter again.

use super::node::Node;
use super::world::{Effect, Server, Services};
use crate::graph::StepGraph;
use crate::plan::{FrontEndId, Moment};
use crate::run::{Course, Outcome, Phase};

impl Node {
    /// Whether nothing can follow: the run has ended and nobody will take it up.
    pub(super) fn is_the_end(&self) -> bool {
        self.run.outcome().is_some_and(|outcome| Outcome::is_final(outcome) || self.left.crashes == 0)
    }

    /// Whether nobody is at work on a front end, and none of its steps needs a person.
    pub(super) fn is_idle(&self, graph: &StepGraph, front_end: FrontEndId) -> bool {
        let mut steps = self.run.active().chain(self.run.stuck());
        !steps.any(|step| graph.kind(step).front_end() == Some(front_end))
    }

    /// Once nobody can help a run that stops, a front end that needs a person stays as it is to the end: all that is still
    /// asked of it is whether it is out, and that it needs one.
    pub(super) fn forget_the_past(&mut self, graph: &StepGraph) {
        let hopeless = self.left.crashes == 0 && self.left.acts == 0 && self.run.course() == Course::Stopping;
        if !hopeless || !matches!(self.run.phase(), Phase::Open { .. }) {
            return;
        }
        for front_end in graph.plan().front_end_ids() {
            let own = |step| graph.kind(step).front_end() == Some(front_end);
            if self.run.active().any(own) || !self.run.stuck().any(own) {
                continue;
            }
            self.run.forget_stuck(graph, front_end);
            let server = self.world.server(front_end);
            let Server { dead, active, .. } = server;
            let out = server.may_be_out(self.world.bits(Moment::BeforeStop));
            let open = server.open.filter(|effect| *effect == Effect::Stop);
            self.world.servers[front_end.index()] =
                Server { services: Services::Open, open, dead, active, out, ..Server::default() };
            self.memory.forget_steps(graph, front_end);
        }
    }
}
