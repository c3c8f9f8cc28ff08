//! What can never matter again.

use super::memory::{Memory, forget};
use super::node::Node;
use super::truth::Truth;
use super::world::{Effect, Server, Services};
use crate::graph::{StepGraph, StepId};
use crate::plan::{Act, FrontEndId, Moment};
use crate::run::{Course, Outcome, Phase, StepState, Why};

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
            let ran_before = match server.open {
                Some(Effect::Start) => server.services == Services::Stopped,
                // One that was found half way has begun.
                Some(Effect::Stop) => server.services != Services::Partly,
                _ => false,
            };
            if ran_before {
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

    /// Once a run goes no further and nobody will take it up, all that is still asked of a front end at which nobody is at
    /// work is what others see of it: whether it is out, whether it serves, and whether it needs a person.
    pub(super) fn forget_the_past(&mut self, graph: &StepGraph) {
        let [pool, count] = self.run.asks_window_after(graph);
        // What begins on an answer begins with it, or when the window was asked after it.
        if !pool {
            self.world.readiness = None;
        }
        if !count {
            self.world.counted = None;
        }
        if self.run.forget_the_other_route(graph) {
            self.memory.opened = None;
            // What opens a domain, takes somebody out or fails the pool over is behind it.
            self.memory.forget_what_was_heard();
            self.forget_what_runs(graph);
        }
        if self.run.phase() != Phase::Preflight {
            self.left.forget_found();
        }
        self.forget_what_nobody_asks(graph);
        let front_ends = || graph.plan().front_end_ids();
        for front_end in front_ends().filter(|id| self.run.is_skipped(graph, *id)).collect::<Vec<_>>() {
            // Nobody comes back to it.
            if self.is_idle(graph, front_end) {
                // The run takes it off every count, whatever became of it.
                self.world.servers[front_end.index()].out |= self.run.was_left_out(front_end);
                self.run.forget_skipped(graph, front_end);
                self.forget_how_far(graph, front_end);
                self.forget_who_is_excused(front_end);
            }
        }
        for server in &mut self.world.servers {
            server.active &= !(server.out && server.open == Some(Effect::Stop));
        }
        // Who is out is taken off every count as it is.
        if let Some(counted) = &mut self.world.counted {
            (0..)
                .zip(&self.world.servers)
                .filter(|(_, server)| server.out)
                .for_each(|(id, _)| counted.grow_and_insert(id));
        }
        if !self.run.tolerates_one_more(graph) {
            let fates = self.world.servers.iter_mut().filter_map(|server| server.fate.as_mut());
            fates.for_each(|fate| fate.fails = false);
        }
        let no_further = matches!(self.run.course(), Course::Stopping | Course::Pausing(_));
        let acts = self.left.acts;
        let hopeless = no_further && self.left.crashes == 0 && acts == 0;
        // Whoever takes it up finds that it stops again, before it begins anything.
        if !hopeless && self.helpless(graph).count() <= usize::from(acts) {
            return;
        }
        let (open, over) = match self.run.phase() {
            Phase::Open { .. } => (true, false),
            Phase::Over { .. } => (false, !self.run.fails_back(graph)),
            _ => return,
        };
        // Failed over and gone no further for good, nobody asks what becomes of what is still in flight.
        let in_flight = over && no_further && acts == 0;
        for front_end in front_ends() {
            let own = |step| graph.kind(step).front_end() == Some(front_end);
            let stuck = self.run.stuck().any(own);
            if self.run.is_skipped(graph, front_end) {
                continue;
            }
            if self.run.active().any(own) {
                if in_flight && !stuck && self.world.server(front_end).fate.is_none() {
                    self.run.forget_but_its_place(graph, front_end);
                    self.forget_all_but_its_death(graph, front_end);
                }
                continue;
            }
            let helpless = self.helpless(graph).any(own);
            // While the partner serves nothing more is begun on it, and nobody asks what it needs.
            if over && (hopeless || !stuck) || open && !stuck && !self.run.is_out(front_end) {
                self.run.forget_steps(graph, front_end, None);
                self.forget_how_far(graph, front_end);
            } else if stuck && (hopeless || helpless && (over || acts == 0)) {
                self.run.forget_steps(graph, front_end, Some(Why::Doubt));
                let before_stop = self.world.bits(Moment::BeforeStop);
                let server = &mut self.world.servers[front_end.index()];
                server.out = server.may_be_out(before_stop);
                self.forget_how_far(graph, front_end);
            }
            if in_flight {
                self.forget_all_but_its_death(graph, front_end);
            }
        }
    }

    /// What is asked only of those who die, of a count that is not forgotten, of who may be out, and by a look that nobody makes.
    fn forget_what_nobody_asks(&mut self, graph: &StepGraph) {
        if self.left.deaths == 0 {
            self.memory.proved.clear();
        }
        self.memory.heard_count &= self.world.counted.is_some();
        let before_stop = self.world.bits(Moment::BeforeStop);
        for (id, server) in self.world.servers.iter().enumerate() {
            let marks = (server.done | server.failed | server.cut_off) & before_stop;
            if !server.may_be_out(before_stop) && marks == 0 {
                forget(&mut self.memory.in_service, id);
            }
        }
        // The next try makes an end of its own, unless the process dies before it has begun it.
        if self.left.crashes == 0 {
            for front_end in graph.plan().front_end_ids() {
                if self.world.server(front_end).failed != 0 {
                    self.world.servers[front_end.index()].failed &= self.looked_at(graph, front_end);
                }
            }
        }
    }

    /// The actions of a front end that have begun and are not done with.
    fn looked_at(&self, graph: &StepGraph, front_end: FrontEndId) -> u16 {
        let place = |step: StepId| match graph.act(step) {
            Some(Act::Perform { moment, index, .. }) => Some(1 << self.world.place(moment, index)),
            _ => None,
        };
        let is_looked_at = |step: &StepId| {
            let state = self.run.state(*step);
            !matches!(state, StepState::Pending(_) | StepState::Clearing(..)) && !state.is_satisfied()
        };
        graph.steps_of(front_end).filter(is_looked_at).filter_map(place).fold(0, |all, bit| all | bit)
    }

    /// Whoever was left out is excused from everything, whether it died or a person said where it stands.
    fn forget_who_is_excused(&mut self, front_end: FrontEndId) {
        let server = &mut self.world.servers[front_end.index()];
        server.dead &= !server.out;
        let Memory { in_service, died, unheard, .. } = &mut self.memory;
        [in_service, died, unheard].into_iter().for_each(|set| forget(set, front_end.index()));
    }

    /// Keeps of a front end whether it died, while the partner serves and nobody comes back to it.
    fn forget_all_but_its_death(&mut self, graph: &StepGraph, front_end: FrontEndId) {
        let dead = self.world.server(front_end).dead;
        self.world.servers[front_end.index()] =
            Server { services: Services::Open, dead, ..Server::default() };
        self.memory.forget_steps(graph, front_end);
    }

    /// What runs on a front end that is upgraded, or that waits for its place, while the partner serves is asked by nobody
    /// before failing back, and that leaves it open. Who waits is proved anew.
    fn forget_what_runs(&mut self, graph: &StepGraph) {
        if self.run.is_failed_back(graph) {
            return;
        }
        for front_end in graph.plan().front_end_ids() {
            let own = |step| graph.kind(step).front_end() == Some(front_end);
            let waits = self.run.waits_for_place(graph, front_end);
            let at_work = || self.run.active().any(own);
            let server = &mut self.world.servers[front_end.index()];
            let known = server.services != Services::Open && !server.active;
            if known && (waits || self.run.is_upgraded(graph, front_end)) && !at_work() {
                server.services = Services::Open;
            }
            if waits {
                forget(&mut self.memory.proved, front_end.index());
            }
        }
    }

    /// Steps of front ends that need a person, also after the run was taken up again. An act of a person concerns one
    /// front end, and none has two of them: a run goes forward only when there are as many acts. Where another step of the
    /// front end is still at work, the plan's tolerance may yet leave it out by that.
    fn helpless<'a>(&'a self, graph: &'a StepGraph) -> impl Iterator<Item = StepId> + 'a {
        self.run.stuck().filter(|step| {
            let effect = matches!(self.run.state(*step), StepState::Stuck(why) if why.is_of_an_effect());
            let front_end = graph.act(*step).and_then(Act::front_end);
            let at_work = || self.run.active().any(|step| graph.kind(step).front_end() == front_end);
            effect && front_end.is_some() && !at_work()
        })
    }

    /// Keeps of a front end at which nobody is at work whether it is out, whether it serves and whether it died. One that
    /// is out is taken off every count, so nobody asks whether it serves.
    pub(super) fn forget_how_far(&mut self, graph: &StepGraph, front_end: FrontEndId) {
        let Server { services, open, dead, active, out, .. } = self.world.server(front_end);
        let open = open.filter(|effect| *effect == Effect::Stop && !out);
        let active = active && !out;
        let services = if active { services } else { Services::Open };
        self.world.servers[front_end.index()] =
            Server { services, open, dead, active, out, ..Server::default() };
        self.memory.forget_steps(graph, front_end);
    }
}
