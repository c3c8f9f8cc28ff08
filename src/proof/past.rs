//! What can never matter again.

use super::memory::forget;
use super::node::Node;
use super::truth::Truth;
use super::world::{Effect, Server, Services};
use crate::graph::{StepGraph, StepId};
use crate::plan::{Act, FrontEndId, Moment};
use crate::run::{Course, Outcome, Phase};

impl Node {
    /// Forgets counts and pauses, and of the truth beside them what nobody depends on: that an effect which is open was
    /// seen underway, what ran before a start that may have ended, which step a person called done that was not cut off.
    pub(super) fn forget_counts(&mut self, graph: &StepGraph) {
        let [pool, count] = self.run.rests();
        // What is asked after a rest is asked anew.
        self.world.readiness_is_stale &= !pool;
        self.world.count_is_stale &= !count;
        self.run.forget_counts(graph);
        for server in &mut self.world.servers {
            server.begun = false;
            if server.open == Some(Effect::Start) && server.services == Services::Stopped {
                server.services = Services::Open;
            }
        }
        let resolved: Vec<StepId> = self.memory.resolved.ones().map(|step| StepId(step as u32)).collect();
        for step in resolved {
            if !matches!(graph.act(step), Some(Act::Perform { front_end, moment, index })
                if self.world.is_cut_off(front_end, moment, index))
            {
                forget(&mut self.memory.resolved, step.index());
            }
        }
    }

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
        self.forget_skipped(graph);
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

    /// Nobody comes back to a front end that was left out: of it are kept whether it is out, whether it serves and whether it
    /// died.
    fn forget_skipped(&mut self, graph: &StepGraph) {
        for front_end in graph.plan().front_end_ids() {
            if self.run.is_skipped(graph, front_end) && self.is_idle(graph, front_end) {
                self.run.forget_skipped(graph, front_end);
                let Server { services, open, dead, active, out, .. } = self.world.server(front_end);
                let open = open.filter(|effect| *effect == Effect::Stop);
                let services = if active { services } else { Services::Open };
                self.world.servers[front_end.index()] =
                    Server { services, open, dead, active, out, ..Server::default() };
                self.memory.forget_steps(graph, front_end);
            }
        }
    }
}
