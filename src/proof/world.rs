//! The world of a proof: a pool without a clock, against us in everything that can happen.
//!
//! It keeps only what a promise or an answer depends on, and it leaves open what nobody has looked at. An effect that was
//! begun and not heard of may not have begun, may go on, may be half done, may be done: all of it at once, until a
//! question is answered ([`answers`](super::answers)). So a world has few states, and one of them stands for every
//! moment at which the effect could have ended.

use std::time::Duration;

use fixedbitset::FixedBitSet;

use super::fates::Fate;
use super::truth::{Misdeeds, ReadinessGiven, Truth, takes_out};
use crate::graph::{StepGraph, StepKind};
use crate::plan::{Act, FrontEndId, Moment, Question};
use crate::run::{Timer, TimerKind, Want, Wanted};
use crate::twin::PoolState;

/// What the services of a front end are known to be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub(super) enum Services {
    #[default]
    Running,
    Partly,
    Stopped,
    /// Any of these: nobody has looked since something may have changed them.
    Open,
}

/// An effect whose end nobody has seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub(super) enum Effect {
    Stop,
    Restart,
    Start,
    /// An action, by its place among all actions.
    Perform(u8),
}

/// The truth about one front end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub(super) struct Server {
    pub(super) services: Services,
    pub(super) open: Option<Effect>,
    /// The open effect was seen underway: it has begun.
    pub(super) begun: bool,
    /// It died by itself. It may be back, and nobody has looked.
    pub(super) dead: bool,
    /// It accepts connections, unless its stop is open.
    pub(super) active: bool,
    /// We took it out and it is not back.
    pub(super) out: bool,
    /// Its computer has restarted since the last action of the upgrade.
    pub(super) booted: bool,
    /// A bit an action: done; cut off; ended in a failure that its mark tells of.
    pub(super) done: u16,
    pub(super) cut_off: u16,
    pub(super) failed: u16,
    /// What it comes to, if that is settled.
    pub(super) fate: Option<Fate>,
}

/// The truth about the pool as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Registrar {
    pub(super) state: PoolState,
    /// Failing over or back is open.
    pub(super) open: bool,
    pub(super) failed_over: u8,
}

/// The truth about the databases.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Databases {
    /// Updating them is open.
    pub(super) open: bool,
    pub(super) updated: bool,
}

/// What becomes of the truth with an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Becomes {
    Same,
    Server(FrontEndId, Server),
    /// Failing over has taken place, or has not.
    FailedOver(bool),
    FailedBack(bool),
    /// The databases have been updated, or have not.
    Updated(bool),
    Asked(ReadinessGiven),
    Counted,
    Fits,
    Closed,
    Soaked,
}

/// The truth about a pool, as far as anything depends on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct World {
    pub(super) servers: Vec<Server>,
    pub(super) pool: Registrar,
    pub(super) databases: Databases,
    /// How many actions each moment has.
    actions: [u8; 3],
    pub(super) readiness: Option<ReadinessGiven>,
    /// Whom the newest count found inactive. Forgotten when somebody is taken out: nothing may lean on it any more.
    pub(super) counted: Option<FixedBitSet>,
    /// Something began since the question that is being asked was asked.
    pub(super) readiness_is_stale: bool,
    pub(super) count_is_stale: bool,
    /// The window is over, until the run is taken up in another one.
    pub(super) closed: bool,
    /// The soak is going on, and nothing of ours has begun since it began; and it is over.
    pub(super) soaking: bool,
    pub(super) soaked: bool,
    /// What happened since the last look. Empty between two events.
    begun: Vec<Act>,
    died: Vec<FrontEndId>,
    /// The clock has just said that what begins fits the window.
    pub(super) fits: bool,
    misdeeds: Misdeeds,
}

/// The most actions of one front end that a world can keep apart.
pub const MOST_ACTIONS: usize = 16;

impl World {
    /// A pool that nobody has touched.
    pub fn new(graph: &StepGraph) -> World {
        let upgrade = graph.plan().upgrade();
        let actions = [Moment::BeforeStop, Moment::Upgrade, Moment::AfterAccept]
            .map(|moment| upgrade.at(moment).len().min(MOST_ACTIONS) as u8);
        let server = Server { active: true, ..Server::default() };
        World {
            servers: vec![server; graph.plan().pool().front_ends.len()],
            pool: Registrar::default(),
            databases: Databases::default(),
            actions,
            readiness: None,
            counted: None,
            readiness_is_stale: false,
            count_is_stale: false,
            closed: false,
            soaking: false,
            soaked: false,
            begun: Vec::new(),
            died: Vec::new(),
            fits: false,
            misdeeds: Misdeeds::default(),
        }
    }

    /// Becomes another world of the same plan without a new allocation.
    pub(super) fn become_like(&mut self, other: &World) {
        let World {
            servers,
            pool,
            databases,
            actions: _,
            readiness,
            counted,
            readiness_is_stale,
            count_is_stale,
            closed,
            soaking,
            soaked,
            begun,
            died,
            fits,
            misdeeds,
        } = other;
        self.servers.clone_from(servers);
        self.pool = *pool;
        self.databases = *databases;
        self.readiness = *readiness;
        self.counted.clone_from(counted);
        self.readiness_is_stale = *readiness_is_stale;
        self.count_is_stale = *count_is_stale;
        self.closed = *closed;
        self.soaking = *soaking;
        self.soaked = *soaked;
        self.begun.clone_from(begun);
        self.died.clone_from(died);
        self.fits = *fits;
        self.misdeeds = *misdeeds;
    }

    /// Between two events nothing has just happened.
    pub(super) fn forget_what_just_happened(&mut self) {
        self.begun.clear();
        self.died.clear();
        self.fits = false;
    }

    /// Whether the two differ in one front end alone.
    pub(super) fn differs_only_in(&self, after: &World, front_end: FrontEndId) -> bool {
        let opens = |world: &World| world.readiness.filter(|given| given.ready && given.fresh);
        let flags = |world: &World| {
            [world.readiness_is_stale, world.count_is_stale, world.closed, world.soaking, world.soaked]
        };
        let mut servers = (0u16..).zip(self.servers.iter().zip(&after.servers));
        servers.all(|(id, (before, after))| before == after || FrontEndId(id) == front_end)
            && self.pool == after.pool
            && self.databases == after.databases
            && opens(self) == opens(after)
            && self.counted == after.counted
            && flags(self) == flags(after)
    }

    /// Whether those who count front ends see the same of this one.
    pub(super) fn shows_the_same(&self, after: &World, front_end: FrontEndId) -> bool {
        let before_stop = self.bits(Moment::BeforeStop);
        let face = |server: Server| [server.active, server.may_be_out(before_stop), server.may_be_inactive()];
        face(self.server(front_end)) == face(after.server(front_end))
    }

    /// Whether a front end was out, or may have been, and still is.
    pub(super) fn stays_out(&self, after: &World, front_end: FrontEndId) -> bool {
        let before_stop = self.bits(Moment::BeforeStop);
        [self, after].iter().all(|world| world.server(front_end).may_be_out(before_stop))
    }

    pub(super) fn server(&self, front_end: FrontEndId) -> Server {
        self.servers[front_end.index()]
    }

    /// The place of an action among all of a front end's.
    pub(super) fn place(&self, moment: Moment, index: u8) -> u8 {
        let [before, upgrade, _] = self.actions;
        index + [0, before, before + upgrade][moment as usize]
    }

    /// The bits of all actions of a moment.
    pub(super) fn bits(&self, moment: Moment) -> u16 {
        let all = (1u32 << self.actions[moment as usize]) - 1;
        (all as u16) << self.place(moment, 0)
    }

    pub(super) fn is_planned(&self, server: Server) -> bool {
        let upgrade = self.bits(Moment::Upgrade);
        server.done & upgrade == upgrade && server.booted
    }

    /// A front end dies by itself; what went on on it is cut off. One that `returns` is up again before anybody looks.
    pub(super) fn die(&mut self, front_end: FrontEndId, returns: bool) {
        let server = &mut self.servers[front_end.index()];
        self.died.push(front_end);
        if returns {
            let in_service = !server.out && server.open.is_none() && server.services == Services::Running;
            if !in_service {
                *server = server.back();
            }
        } else {
            server.dead = true;
            server.active = false;
        }
    }

    /// Begins what is newly wanted, as the shell does: an effect that a driver does not find done already may have begun
    /// from now on.
    pub(super) fn begin(&mut self, graph: &StepGraph, before: &Wanted, now: &Wanted) {
        for want in now.iter() {
            match want {
                Want::Ensure { act, .. } if !before.contains(want) => self.begin_act(act, before),
                Want::Ask { question, .. } if !before.contains(want) => match question {
                    Question::Readiness { .. } => self.readiness_is_stale = false,
                    Question::Count { .. } => self.count_is_stale = false,
                    _ => {}
                },
                Want::Timer(Timer { step, kind: TimerKind::StayGood, .. })
                    if matches!(graph.kind(step), StepKind::Settle(_)) && !before.contains(want) =>
                {
                    self.soaking = true;
                    self.soaked = false;
                }
                _ => {}
            }
        }
    }

    fn begin_act(&mut self, act: Act, before: &Wanted) {
        if self.is_reached(act) {
            return;
        }
        self.begun.push(act);
        if let Some(given) = &mut self.readiness {
            given.fresh = false;
        }
        let asking = |is: fn(&Question) -> bool| {
            before.iter().any(|want| matches!(want, Want::Ask { question, .. } if is(&question)))
        };
        self.readiness_is_stale |= asking(|question| matches!(question, Question::Readiness { .. }));
        if act == Act::FailOver || takes_out(act).is_some_and(|id| self.takes_from_service(id)) {
            self.counted = None;
            self.count_is_stale |= asking(|question| matches!(question, Question::Count { .. }));
        }
        let Some(front_end) = act.front_end() else {
            if act == Act::UpdateDatabases {
                self.databases.open = true;
                return;
            }
            self.pool.open = true;
            self.pool.state =
                if act == Act::FailOver { PoolState::FailingOver } else { PoolState::FailingBack };
            return;
        };
        self.soaking = false;
        self.soaked = false;
        let mut server = self.server(front_end);
        let underway = matches!(server.open, Some(Effect::Perform(_)));
        match act {
            Act::Stop { .. } => server.open = Some(Effect::Stop),
            Act::Restart { .. } => {
                self.misdeeds.started_unfinished |= u16::from(underway);
                server.booted = false;
                server.open = Some(Effect::Restart);
            }
            Act::Start { .. } => {
                self.misdeeds.started_unfinished |= u16::from(underway);
                server.open = Some(Effect::Start);
            }
            Act::Perform { moment, index, .. } => {
                let place = self.place(moment, index);
                if moment == Moment::Upgrade {
                    self.misdeeds.upgraded_twice |= u16::from(underway);
                    let stopped = server.services == Services::Stopped && server.open.is_none();
                    self.misdeeds.upgraded_unstopped |= u16::from(!stopped);
                    server.booted = false;
                }
                server.cut_off &= !(1 << place);
                server.failed &= !(1 << place);
                server.open = Some(Effect::Perform(place));
            }
            Act::FailOver | Act::FailBack | Act::UpdateDatabases => {}
        }
        server.begun = false;
        self.servers[front_end.index()] = server;
    }

    /// Whether an act on the front end takes it out of service. Who is out, or serves nobody, is not taken out.
    fn takes_from_service(&self, front_end: FrontEndId) -> bool {
        let server = self.server(front_end);
        !server.out && server.active
    }

    /// Whether a driver finds that there is nothing to do.
    fn is_reached(&self, act: Act) -> bool {
        let Some(front_end) = act.front_end() else {
            return match act {
                Act::UpdateDatabases => self.databases.updated,
                Act::FailOver => self.pool.state == PoolState::FailedOver,
                _ => self.pool.state == PoolState::Active,
            };
        };
        let server = self.server(front_end);
        if server.dead {
            return false;
        }
        match act {
            Act::Stop { .. } => server.services == Services::Stopped && server.open.is_none(),
            Act::Start { .. } => server.services == Services::Running && server.open.is_none(),
            Act::Restart { .. } => server.booted,
            Act::Perform { moment, index, .. } => server.done >> self.place(moment, index) & 1 == 1,
            Act::FailOver | Act::FailBack | Act::UpdateDatabases => false,
        }
    }
}

impl Server {
    /// As it is once it has booted by itself after its death: what went on was cut off, and nobody knows what runs.
    pub(super) fn back(self) -> Server {
        let mut server =
            Server { services: Services::Open, dead: false, active: false, begun: false, ..self };
        if let Some(Effect::Perform(place)) = self.open {
            server.cut_off |= 1 << place;
        }
        if self.open != Some(Effect::Restart) {
            server.open = None;
        }
        // A stop that may have begun has taken it out.
        server.out |= self.open == Some(Effect::Stop);
        server
    }

    /// Whether it is out, or may be.
    pub(super) fn may_be_out(self, before_stop: u16) -> bool {
        self.out
            || match self.open {
                Some(Effect::Stop) => true,
                Some(Effect::Perform(place)) => before_stop >> place & 1 == 1,
                _ => false,
            }
    }

    pub(super) fn may_be_inactive(self) -> bool {
        !self.active || self.open == Some(Effect::Stop)
    }
}

impl Truth for World {
    fn taken_out(&self) -> impl Iterator<Item = FrontEndId> {
        let before_stop = self.bits(Moment::BeforeStop);
        let serves = self.pool.state.serves();
        // While the partner serves, a stop that is open takes nobody out of service.
        ids(&self.servers, move |server| server.out || serves && server.may_be_out(before_stop))
    }

    fn inactive(&self) -> impl Iterator<Item = FrontEndId> {
        ids(&self.servers, |server| server.may_be_inactive())
    }

    fn accepts(&self, front_end: FrontEndId) -> bool {
        !self.server(front_end).may_be_inactive()
    }

    fn is_dead(&self, front_end: FrontEndId) -> bool {
        self.server(front_end).dead
    }

    fn died(&self) -> impl Iterator<Item = FrontEndId> {
        self.died.iter().copied()
    }

    fn is_upgraded(&self, front_end: FrontEndId) -> bool {
        self.is_planned(self.server(front_end))
    }

    fn is_cut_off(&self, front_end: FrontEndId, moment: Moment, index: u8) -> bool {
        let server = self.server(front_end);
        let bit = 1 << self.place(moment, index);
        server.cut_off & !server.done & bit != 0
    }

    fn pool(&self) -> PoolState {
        self.pool.state
    }

    fn is_half_way(&self) -> bool {
        self.pool.state == PoolState::FailingOver
    }

    fn failovers_succeeded(&self) -> u16 {
        u16::from(self.pool.failed_over)
    }

    fn begun(&self) -> impl Iterator<Item = Act> {
        self.begun.iter().copied()
    }

    fn misdeeds(&self) -> Misdeeds {
        self.misdeeds
    }

    fn readiness(&self) -> Option<ReadinessGiven> {
        self.readiness
    }

    fn counted_inactive(&self, into: &mut Vec<FrontEndId>) -> Option<()> {
        let counted = self.counted.as_ref()?;
        into.extend(counted.ones().map(|front_end| FrontEndId(front_end as u16)));
        Some(())
    }

    fn is_count_fresh(&self, _: FrontEndId) -> bool {
        self.counted.is_some()
    }

    fn is_quiet_for(&self, _: Duration) -> bool {
        self.soaked
    }

    fn fits_window(&self, _: Duration) -> bool {
        self.fits
    }
}

fn ids(servers: &[Server], is: impl Fn(Server) -> bool) -> impl Iterator<Item = FrontEndId> {
    (0u16..).zip(servers).filter(move |(_, server)| is(**server)).map(|(id, _)| FrontEndId(id))
}
