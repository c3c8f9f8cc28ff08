//! What a world that is against us may answer, and what of its truth each answer settles.
//!
//! Answers about effects are true: a service that is said to be stopped is stopped. What is asked of the pool as a whole
//! is not held to be consistent from one question to the next, except that whoever is known to be inactive is never
//! counted as active. Nothing has to be answered: limits run out at any moment.

use fixedbitset::FixedBitSet;

use super::looks::touched;
use super::truth::{ReadinessGiven, Truth};
use super::world::{Becomes, Databases, Effect, Server, Services, World};
use crate::graph::{StepGraph, StepKind};
use crate::plan::{
    Acceptance, Act, Answer, Count, FrontEndId, Moment, Observation, PartnerHealth, Problem, Question,
    Readiness, Seen, VersionSeen,
};
use crate::run::{Event, TimerKind, Want, WindowAnswer};
use crate::twin::PoolState;

/// How much an answer helps the run to its end; the smallest first. A run that always got the first of these would end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Helps {
    /// A count that was forgotten has run out, and the step needs a person.
    RunsOut,
    /// What was waited for is there.
    Best,
    /// A limit is over: what never comes is waited for no longer.
    GivesUp,
    Waits,
    Not,
    /// Rests before the same question.
    Least,
}

/// Something that can happen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Move {
    pub(super) event: Event,
    pub(super) becomes: Becomes,
    pub(super) helps: Helps,
    /// It uses up one of the front ends that may be found otherwise than planned.
    pub(super) finds: bool,
}

impl World {
    /// The truth as it is once the move was made.
    pub(super) fn settle(&mut self, made: &Move) {
        match made.becomes {
            Becomes::Same => {}
            Becomes::Server(front_end, server) => self.servers[front_end.index()] = server,
            Becomes::FailedOver(done) => {
                self.pool.open = false;
                self.pool.state = if done { PoolState::FailedOver } else { PoolState::Active };
                if done {
                    self.soaked = false;
                    self.pool.failed_over = (self.pool.failed_over + 1).min(2);
                    self.all_services_open();
                }
            }
            Becomes::FailedBack(done) => {
                self.pool.open = false;
                self.pool.state = if done { PoolState::Active } else { PoolState::FailedOver };
                if done {
                    self.all_services_open();
                }
            }
            Becomes::Updated(updated) => self.databases = Databases { open: false, updated },
            Becomes::Asked(given) => {
                self.readiness = Some(given);
                self.readiness_is_stale = false;
            }
            Becomes::Counted => {
                let counted = match &made.event {
                    Event::Answered { answer: Answer::Counted(Count::Inactive(inactive)), .. } => {
                        let mut set = FixedBitSet::with_capacity(self.servers.len());
                        inactive.iter().for_each(|id| set.insert(id.index()));
                        Some(set)
                    }
                    _ => None,
                };
                self.counted = counted.filter(|_| !self.count_is_stale);
                self.count_is_stale = false;
            }
            Becomes::Fits => self.fits = true,
            Becomes::Closed => self.closed = true,
            Becomes::Soaked => self.soaked = self.soaking,
        }
    }

    /// The partner takes over, or gives back: services stop or start by themselves, and nobody has looked.
    fn all_services_open(&mut self) {
        for server in &mut self.servers {
            server.services = Services::Open;
            server.active = false;
        }
    }

    /// Everything that may answer a want.
    pub(super) fn answers(&self, graph: &StepGraph, want: Want, into: &mut Vec<Move>) {
        let mut made = |event, becomes, helps, finds| into.push(Move { event, becomes, helps, finds });
        match want {
            Want::Approval { step } => made(Event::Approved { step }, Becomes::Same, Helps::Best, false),
            Want::Window { step } => {
                let mut answer = |answer, becomes, helps| {
                    made(Event::Window { step, answer }, becomes, helps, false);
                };
                if !self.closed {
                    answer(WindowAnswer::Fits, Becomes::Fits, Helps::Best);
                }
                if graph.plan().window().is_some() {
                    answer(WindowAnswer::TooLate, Becomes::Same, Helps::Not);
                    answer(WindowAnswer::Closed, Becomes::Closed, Helps::Not);
                }
            }
            Want::Timer(timer) => {
                let settles = matches!(graph.kind(timer.step), StepKind::Settle(_));
                let (becomes, helps) = match timer.kind {
                    TimerKind::StayGood if settles => (Becomes::Soaked, Helps::Best),
                    TimerKind::StayGood => (Becomes::Same, Helps::Best),
                    TimerKind::Limit | TimerKind::UntilGood => (Becomes::Same, Helps::GivesUp),
                    TimerKind::BackOff | TimerKind::LookAgain | TimerKind::Interval => {
                        (Becomes::Same, Helps::Waits)
                    }
                    TimerKind::Rest => (Becomes::Same, Helps::Least),
                };
                made(Event::Elapsed { timer }, becomes, helps, false);
            }
            Want::Ensure { step, act, .. } => self.ensured(act, &mut |result, becomes| {
                let helps = if result.is_ok() { Helps::Best } else { Helps::Not };
                let answer = Answer::Ensured(result);
                made(Event::Answered { step, answer }, becomes, helps, false);
            }),
            Want::Ask { step, question, .. } => {
                let mut answer = |answer, becomes, helps, finds| {
                    made(Event::Answered { step, answer }, becomes, helps, finds);
                };
                match question {
                    Question::Look { act } => self.looks(graph, act, &mut |saw, becomes| {
                        let helps = if saw == Observation::Done { Helps::Best } else { Helps::Not };
                        answer(Answer::Looked(saw), becomes, helps, false);
                    }),
                    Question::FrontEnd { front_end } => self.seen(graph, front_end, &mut answer),
                    Question::Partner => {
                        for health in
                            [PartnerHealth::Healthy, PartnerHealth::Unhealthy, PartnerHealth::Unanswered]
                        {
                            let helps =
                                if health == PartnerHealth::Healthy { Helps::Best } else { Helps::Not };
                            answer(Answer::Partner(health), Becomes::Same, helps, false);
                        }
                    }
                    Question::Readiness { domain, .. } => self.readiness_answers(domain, &mut answer),
                    Question::Count { .. } => {
                        let taken = graph.kind(step).front_end();
                        self.counts(graph, taken, &mut |count, helps| {
                            answer(Answer::Counted(count), Becomes::Counted, helps, false);
                        });
                    }
                    Question::StillStopped { front_end } => self.still_stopped(front_end, &mut answer),
                    Question::Acceptance { front_end } => self.accepting(graph, front_end, &mut answer),
                }
            }
        }
    }

    fn ensured(&self, act: Act, answer: &mut impl FnMut(Result<(), Problem>, Becomes)) {
        let front_end = act.front_end();
        let server = front_end.map(|front_end| self.server(front_end));
        let with = |server| front_end.map_or(Becomes::Same, |front_end| Becomes::Server(front_end, server));
        // A driver that cannot reach a computer knows nothing of what it began there.
        if server.is_some_and(|server| server.dead) {
            answer(Err(Problem::Transient), Becomes::Same);
            answer(Err(Problem::Unknown), Becomes::Same);
            return;
        }
        match (act, server) {
            (Act::Perform { moment, index, .. }, Some(server)) => {
                let place = self.place(moment, index);
                let bit = 1 << place;
                let open = server.open == Some(Effect::Perform(place));
                if open || server.done & bit != 0 {
                    answer(Ok(()), with(self.performed(server, moment, place)));
                }
                if open {
                    let failed = Server { open: None, begun: false, failed: server.failed | bit, ..server };
                    answer(Err(Problem::Transient), with(touched(failed, moment)));
                    answer(Err(Problem::Permanent), with(touched(failed, moment)));
                    // Refused before it began.
                    answer(Err(Problem::Transient), with(Server { open: None, ..server }));
                }
                answer(Err(Problem::Unknown), Becomes::Same);
            }
            (Act::Start { .. }, Some(server)) => {
                if server.open == Some(Effect::Start) || server.services == Services::Running {
                    answer(Ok(()), with(self.running(server)));
                }
                for problem in [Problem::Transient, Problem::Permanent, Problem::Unknown] {
                    answer(Err(problem), Becomes::Same);
                }
            }
            // What came of these is looked at, whatever was answered.
            _ => {
                answer(Ok(()), Becomes::Same);
                for problem in [Problem::Transient, Problem::Permanent, Problem::Unknown] {
                    answer(Err(problem), Becomes::Same);
                }
            }
        }
    }

    /// What a front end says of itself before the run. Nobody has looked at it, so it may be anything.
    fn seen(
        &self,
        graph: &StepGraph,
        front_end: FrontEndId,
        answer: &mut impl FnMut(Answer, Becomes, Helps, bool),
    ) {
        let server = self.server(front_end);
        let unanswered = Seen { version: VersionSeen::Unanswered, active: false };
        answer(Answer::Seen(unanswered), Becomes::Same, Helps::Not, false);
        if server.dead {
            return;
        }
        let fresh = server == Server { active: true, ..Server::default() };
        let version = graph.plan().upgrade().version.is_some();
        let other = if version { VersionSeen::Other } else { VersionSeen::NotAsked };
        let down = Server { services: Services::Open, active: false, ..server };
        let upgraded = Server { done: self.bits(Moment::Upgrade), booted: true, ..server };
        let mut say = |version, server: Server, finds| {
            let seen = Seen { version, active: server.active };
            answer(Answer::Seen(seen), Becomes::Server(front_end, server), Helps::Best, finds);
        };
        let now = if self.is_planned(server) { VersionSeen::Planned } else { other };
        say(if version { now } else { other }, server, false);
        if fresh {
            say(other, down, true);
            if version {
                say(VersionSeen::Planned, upgraded, true);
                say(
                    VersionSeen::Planned,
                    Server { services: Services::Open, active: false, ..upgraded },
                    true,
                );
            }
        }
    }

    fn readiness_answers(
        &self,
        domain: Option<crate::plan::DomainId>,
        answer: &mut impl FnMut(Answer, Becomes, Helps, bool),
    ) {
        let mut say = |readiness: Readiness, helps| {
            let ready = matches!(readiness, Readiness::Ready { domain: true, .. });
            let given = ReadinessGiven { domain, ready, fresh: !self.readiness_is_stale };
            answer(Answer::Readiness(readiness), Becomes::Asked(given), helps, false);
        };
        let known: Vec<FrontEndId> = self.known_inactive().collect();
        let all: Vec<FrontEndId> = (0..self.servers.len() as u16).map(FrontEndId).collect();
        if all != known {
            say(Readiness::Ready { domain: true, inactive: all }, Helps::Not);
        }
        say(Readiness::Ready { domain: true, inactive: known }, Helps::Best);
        if domain.is_some() {
            say(Readiness::Ready { domain: false, inactive: Vec::new() }, Helps::Not);
        }
        say(Readiness::Busy, Helps::Not);
        if domain.is_some() {
            say(Readiness::InsufficientActiveFrontEnds, Helps::Not);
        }
        say(Readiness::Unanswered, Helps::Not);
    }

    /// Whoever cannot be counted as active. One whose stop is open may still be.
    fn known_inactive(&self) -> impl Iterator<Item = FrontEndId> + '_ {
        (0u16..).zip(&self.servers).filter(|(_, server)| !server.active).map(|(id, _)| FrontEndId(id))
    }

    /// Counts at which a rule about the quorum could go wrong: only those known to be inactive, everybody who may be,
    /// so many more that the quorum just stands without the one to be taken, and one more.
    fn counts(&self, graph: &StepGraph, taken: Option<FrontEndId>, answer: &mut impl FnMut(Count, Helps)) {
        let quorum = &graph.plan().pool().quorum;
        let stands = |inactive: &[FrontEndId]| {
            let mut down: Vec<FrontEndId> = inactive.to_vec();
            down.extend(self.taken_out());
            down.extend(taken);
            quorum.stands_without(&mut down)
        };
        let known: Vec<FrontEndId> = self.known_inactive().collect();
        let all: Vec<FrontEndId> = self.inactive().collect();
        let mut most = known.clone();
        let mut one_more = None;
        for front_end in (0..self.servers.len() as u16).map(FrontEndId) {
            if let Err(place) = most.binary_search(&front_end) {
                most.insert(place, front_end);
                if !stands(&most) {
                    one_more.get_or_insert_with(|| most.clone());
                    most.remove(place);
                }
            }
        }
        let mut said: Vec<Vec<FrontEndId>> = Vec::new();
        for inactive in [Some(known), Some(all), Some(most), one_more].into_iter().flatten() {
            if !said.contains(&inactive) {
                let helps = if said.is_empty() { Helps::Best } else { Helps::Not };
                answer(Count::Inactive(inactive.clone()), helps);
                said.push(inactive);
            }
        }
        answer(Count::Unanswered, Helps::Not);
    }

    fn still_stopped(&self, front_end: FrontEndId, answer: &mut impl FnMut(Answer, Becomes, Helps, bool)) {
        let server = self.server(front_end);
        let mut say = |stopped, becomes, helps| answer(Answer::StillStopped(stopped), becomes, helps, false);
        // Also when nobody can tell.
        say(false, Becomes::Same, Helps::Not);
        let server = if server.dead { server.back() } else { server };
        let becomes = |services| Becomes::Server(front_end, Server { services, ..server });
        // While an installer runs its services are as it found them.
        if !matches!(server.open, None | Some(Effect::Perform(_))) {
            return;
        }
        if matches!(server.services, Services::Stopped | Services::Open) {
            say(true, becomes(Services::Stopped), Helps::Best);
        }
        if server.services == Services::Open {
            say(false, Becomes::Server(front_end, self.by_itself(server)), Helps::Not);
        }
    }

    fn accepting(
        &self,
        graph: &StepGraph,
        front_end: FrontEndId,
        answer: &mut impl FnMut(Answer, Becomes, Helps, bool),
    ) {
        let server = self.server(front_end);
        let mut say =
            |acceptance, becomes, helps| answer(Answer::Accepting(acceptance), becomes, helps, false);
        say(Acceptance::NotYet, Becomes::Same, Helps::Not);
        say(Acceptance::Unanswered, Becomes::Same, Helps::Not);
        let server = if server.dead { server.back() } else { server };
        let may_run = matches!(server.services, Services::Running | Services::Open)
            || server.open == Some(Effect::Start);
        let version = graph.plan().upgrade().version.is_none() || self.is_planned(server);
        let busy = matches!(server.open, Some(Effect::Stop | Effect::Restart));
        if may_run && version && !busy && self.pool.state == PoolState::Active {
            say(Acceptance::Good, Becomes::Server(front_end, self.running(server)), Helps::Best);
        }
    }
}
