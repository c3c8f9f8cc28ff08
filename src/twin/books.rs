//! The books of a twin: the truth, for invariants and recaps. Nothing that a run believes is in them.

use serde::{Deserialize, Serialize};

use super::At;
use super::states::{Computer, Databases, PoolState, Services};
use crate::plan::{Act, Count, DomainId, FrontEndId, Moment, Plan, Readiness};

/// What became of sessions since the twin began. The number of people who use the pool does not change: a session
/// that ended begins anew elsewhere, when there is a front end to begin on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Sessions {
    /// Ended by a stop that did not wait, by a death or by the loss of the quorum.
    pub lost: u64,
    /// Ended by themselves while a front end drained.
    pub finished: u64,
    /// Moved to another front end (computer failover) or to the partner, without an end.
    pub moved: u64,
}

/// A page of the books: one front end. What is as usual is not written: most front ends of a large pool are.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FrontEndBook {
    #[serde(skip_serializing_if = "usual")]
    pub(super) services: Services,
    #[serde(skip_serializing_if = "usual")]
    pub(super) computer: Computer,
    #[serde(skip_serializing_if = "usual")]
    pub(super) active: bool,
    #[serde(skip_serializing_if = "usual")]
    pub(super) disabled: bool,
    #[serde(skip_serializing_if = "usual")]
    pub(super) reboot_pending: bool,
    #[serde(skip_serializing_if = "usual")]
    pub(super) taken_out: bool,
    /// Taken out, and its start has been ensured since.
    #[serde(skip_serializing_if = "usual")]
    pub(super) brought_up: bool,
    #[serde(skip_serializing_if = "usual")]
    pub(super) underway: Option<(Moment, u8)>,
    /// A bit an action that is done, a word a moment.
    #[serde(skip_serializing_if = "usual")]
    pub(super) done: [u64; 3],
    /// A bit an action that was cut off: it began, and left no exit code.
    #[serde(skip_serializing_if = "usual")]
    pub(super) cut_off: [u64; 3],
    /// A bit an action that ended in a failure, and in one that the same again may mend.
    #[serde(skip_serializing_if = "usual")]
    pub(super) failed: [u64; 3],
    #[serde(skip_serializing_if = "usual")]
    pub(super) failed_transiently: [u64; 3],
    #[serde(skip_serializing_if = "usual")]
    pub(super) stops: u16,
    #[serde(skip_serializing_if = "usual")]
    pub(super) restarts: u16,
    #[serde(skip_serializing_if = "usual")]
    pub(super) starts: u16,
    #[serde(skip_serializing_if = "usual")]
    pub(super) boots: u16,
    /// How often the computer had booted when our restart began. Gone when an upgrade action begins after it.
    #[serde(skip_serializing_if = "usual")]
    pub(super) restarting_from: Option<u16>,
    #[serde(skip_serializing_if = "usual")]
    pub(super) died_at: Option<At>,
    #[serde(skip_serializing_if = "usual")]
    pub(super) planned: bool,
}

impl FrontEndBook {
    /// The state of its services.
    pub fn services(&self) -> Services {
        self.services
    }
    /// The state of its computer.
    pub fn computer(&self) -> Computer {
        self.computer
    }
    /// It accepts connections: its computer is up, all its services run, and the pool serves here. The pool counts
    /// exactly these front ends as active.
    pub fn accepting(&self) -> bool {
        self.active
    }
    /// Its services are disabled by a computer failover.
    pub fn disabled(&self) -> bool {
        self.disabled
    }
    /// It is at the planned version: every action of the upgrade is done, and no restart is owed.
    pub fn at_planned_version(&self) -> bool {
        self.planned
    }
    /// An exit code asked for a restart that has not taken place.
    pub fn reboot_pending(&self) -> bool {
        self.reboot_pending
    }
    /// We took it out of service and it is not back: from the first action before its stop, or the stop, that began,
    /// until it accepts connections after its start was ensured and every action after its acceptance is done. What
    /// failing over stops is not taken out by this.
    pub fn taken_out(&self) -> bool {
        self.taken_out
    }
    /// It died by itself and is not back.
    pub fn dead(&self) -> bool {
        self.computer == Computer::Down
    }
    /// When it died last, back or not.
    pub fn died_at(&self) -> Option<At> {
        self.died_at
    }
    /// The action that runs on it now.
    pub fn underway(&self) -> Option<(Moment, u8)> {
        self.underway
    }
    /// Whether the action is done. Those before a stop count as undone once the front end is back, those after an
    /// acceptance once it is taken out again: they name a state.
    pub fn done(&self, moment: Moment, index: u8) -> bool {
        bit(&self.done, moment, index)
    }
    /// Whether the action began and was cut off by a restart or a death: nobody can tell how far it got.
    pub fn cut_off(&self, moment: Moment, index: u8) -> bool {
        bit(&self.cut_off, moment, index)
    }
    /// Whether the action ended in a failure, and if so whether the same again may succeed.
    pub fn failed(&self, moment: Moment, index: u8) -> Option<bool> {
        bit(&self.failed, moment, index).then(|| bit(&self.failed_transiently, moment, index))
    }
    /// How often a stop began; one that turns immediate begins once more.
    pub fn stops(&self) -> u16 {
        self.stops
    }
    /// How often a restart began.
    pub fn restarts(&self) -> u16 {
        self.restarts
    }
    /// How often a start of ours began. Services that start by themselves do not count.
    pub fn starts(&self) -> u16 {
        self.starts
    }
    /// How often its computer has booted since the twin began.
    pub fn boots(&self) -> u16 {
        self.boots
    }
}

fn bit(words: &[u64; 3], moment: Moment, index: u8) -> bool {
    words[moment as usize] >> (index & 63) & 1 == 1
}

/// An answer about readiness that was given.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Asked {
    /// When.
    pub at: At,
    /// How many acts had begun when it was asked: see [`Books::changes`].
    pub changes: u64,
    /// About which upgrade domain.
    pub domain: Option<DomainId>,
    /// What was answered.
    pub answer: Readiness,
}

/// An answer about the active front ends that was given.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Counted {
    /// When.
    pub at: At,
    /// How many acts had begun when it was asked: see [`Books::changes`].
    pub changes: u64,
    /// How many times front ends had been taken out when it was asked: see [`Books::takings`].
    #[serde(default)]
    pub takings: u64,
    /// What was answered.
    pub answer: Count,
}

/// The truth about a pool.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Books {
    pub(super) front_ends: Vec<FrontEndBook>,
    pub(super) pool: PoolState,
    pub(super) half_way: bool,
    /// Front ends that are not active, in order.
    pub(super) inactive: Vec<FrontEndId>,
    /// Front ends that we took out, in order.
    pub(super) taken_out: Vec<FrontEndId>,
    pub(super) quorum_stands: bool,
    pub(super) quorum_losses: u16,
    pub(super) rebuilding: bool,
    pub(super) fail_overs: u16,
    pub(super) fail_backs: u16,
    pub(super) failed_over: u16,
    pub(super) failed_back: u16,
    pub(super) sessions: Sessions,
    #[serde(default)]
    pub(super) databases: Databases,
    #[serde(default)]
    pub(super) databases_begun: u16,
    pub(super) begun: Vec<(At, Act)>,
    #[serde(default)]
    pub(super) deaths: Vec<FrontEndId>,
    #[serde(default)]
    pub(super) takings: Vec<FrontEndId>,
    pub(super) readiness: Option<Asked>,
    pub(super) counted: Option<Counted>,
    pub(super) upgraded_unstopped: u16,
    pub(super) started_unfinished: u16,
    pub(super) upgraded_twice: u16,
    /// How often each action began: a row a front end, a column an action, moment by moment.
    pub(super) performed: Vec<u16>,
    /// How many actions each moment has.
    pub(super) actions: [u8; 3],
}

impl Books {
    pub(super) fn new(plan: &Plan, upgraded: u16) -> Books {
        let actions = [Moment::BeforeStop, Moment::Upgrade, Moment::AfterAccept]
            .map(|moment| plan.upgrade().at(moment).len().min(64) as u8);
        let columns: usize = actions.iter().map(|count| usize::from(*count)).sum();
        let front_ends: Vec<_> =
            plan.front_end_ids().map(|id| FrontEndBook::new(id.0 < upgraded, all(actions[1]))).collect();
        Books {
            performed: vec![0; columns * front_ends.len()],
            front_ends,
            actions,
            pool: PoolState::Active,
            half_way: false,
            inactive: Vec::new(),
            taken_out: Vec::new(),
            quorum_stands: true,
            quorum_losses: 0,
            rebuilding: false,
            fail_overs: 0,
            fail_backs: 0,
            failed_over: 0,
            failed_back: 0,
            sessions: Sessions::default(),
            databases: Databases::default(),
            databases_begun: 0,
            begun: Vec::new(),
            deaths: Vec::new(),
            takings: Vec::new(),
            readiness: None,
            counted: None,
            upgraded_unstopped: 0,
            started_unfinished: 0,
            upgraded_twice: 0,
        }
    }

    /// The page of a front end. An id of another plan is a programming error and panics.
    pub fn front_end(&self, id: FrontEndId) -> &FrontEndBook {
        &self.front_ends[id.index()]
    }
    /// All pages, by id.
    pub fn front_ends(&self) -> &[FrontEndBook] {
        &self.front_ends
    }
    /// The state of the pool.
    pub fn pool(&self) -> PoolState {
        self.pool
    }
    /// Failing over ended half way, and nothing goes on.
    pub fn half_way(&self) -> bool {
        self.half_way
    }
    /// The front ends that do not accept connections, in order.
    pub fn inactive(&self) -> &[FrontEndId] {
        &self.inactive
    }
    /// How many front ends accept connections.
    pub fn active(&self) -> usize {
        self.front_ends.len() - self.inactive.len()
    }
    /// The front ends that we took out and that are not back, in order; so those of one domain are neighbours.
    pub fn taken_out(&self) -> &[FrontEndId] {
        &self.taken_out
    }
    /// Whether so many of the counted front ends are active as the quorum table wants.
    pub fn quorum_stands(&self) -> bool {
        self.quorum_stands
    }
    /// How often the pool lost its quorum and stopped itself.
    pub fn quorum_losses(&self) -> u16 {
        self.quorum_losses
    }
    /// Replicas are being built.
    pub fn rebuilding(&self) -> bool {
        self.rebuilding
    }
    /// How often failing over began.
    pub fn fail_overs(&self) -> u16 {
        self.fail_overs
    }
    /// How often failing over succeeded.
    pub fn failovers_succeeded(&self) -> u16 {
        self.failed_over
    }
    /// How often failing back began.
    pub fn fail_backs(&self) -> u16 {
        self.fail_backs
    }
    /// How often failing back succeeded.
    pub fn failbacks_succeeded(&self) -> u16 {
        self.failed_back
    }
    /// The databases of the pool.
    pub fn databases(&self) -> Databases {
        self.databases
    }
    /// What became of sessions.
    pub fn sessions(&self) -> Sessions {
        self.sessions
    }
    /// Every act that began on the pool, and when, in order. What was refused, found done or joined is not there.
    pub fn begun(&self) -> &[(At, Act)] {
        &self.begun
    }
    /// Every front end that died by itself, in order; one that died twice is there twice.
    pub fn deaths(&self) -> &[FrontEndId] {
        &self.deaths
    }
    /// Every front end that we took out while it served, in order; one that was taken out twice is there twice.
    pub fn takings(&self) -> &[FrontEndId] {
        &self.takings
    }
    /// How many acts have begun: it rises with each change of ours.
    pub fn changes(&self) -> u64 {
        self.begun.len() as u64
    }
    /// The newest answer about readiness that was given, Unanswered included.
    pub fn last_readiness(&self) -> Option<&Asked> {
        self.readiness.as_ref()
    }
    /// The newest count of active front ends that was given, Unanswered included.
    pub fn last_count(&self) -> Option<&Counted> {
        self.counted.as_ref()
    }
    /// How often the action began on the front end; 0 for one that the plan does not have.
    pub fn performed(&self, front_end: FrontEndId, moment: Moment, index: u8) -> u16 {
        self.place(front_end, moment, index).and_then(|place| self.performed.get(place)).copied().unwrap_or(0)
    }
    /// How often the act began, whatever the mode of a stop.
    pub fn times_begun(&self, act: Act) -> u16 {
        match act {
            Act::Stop { front_end, .. } => self.front_end(front_end).stops,
            Act::Perform { front_end, moment, index } => self.performed(front_end, moment, index),
            Act::Restart { front_end } => self.front_end(front_end).restarts,
            Act::Start { front_end } => self.front_end(front_end).starts,
            Act::FailOver => self.fail_overs,
            Act::FailBack => self.fail_backs,
            Act::UpdateDatabases => self.databases_begun,
        }
    }
    /// How often an upgrade action began on a front end whose services were not stopped.
    pub fn upgraded_unstopped(&self) -> u16 {
        self.upgraded_unstopped
    }
    /// How often a start or a restart of ours began while an upgrade action was underway.
    pub fn started_unfinished(&self) -> u16 {
        self.started_unfinished
    }

    /// How often an upgrade action was begun while one was underway on the front end; the mark of the first refused it.
    pub fn upgraded_twice(&self) -> u16 {
        self.upgraded_twice
    }

    /// Where the count of an action stands.
    pub(super) fn place(&self, front_end: FrontEndId, moment: Moment, index: u8) -> Option<usize> {
        if index >= self.actions[moment as usize] {
            return None;
        }
        let [before, upgrade, after] = self.actions.map(usize::from);
        let first = [0, before, before + upgrade][moment as usize];
        Some(front_end.index() * (before + upgrade + after) + first + usize::from(index))
    }

    /// Whether every action of the moment is done on the front end.
    pub(super) fn all_done(&self, front_end: FrontEndId, moment: Moment) -> bool {
        self.front_end(front_end).done[moment as usize] == all(self.actions[moment as usize])
    }
}

impl FrontEndBook {
    fn new(planned: bool, all_upgrades: u64) -> FrontEndBook {
        let done = [0, if planned { all_upgrades } else { 0 }, 0];
        FrontEndBook { active: true, done, planned, ..FrontEndBook::default() }
    }
}

/// Whether a value is what it is when nothing has happened.
pub(super) fn usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A word with the first `count` bits set.
fn all(count: u8) -> u64 {
    1u64.checked_shl(u32::from(count)).map_or(u64::MAX, |bit| bit - 1)
}
