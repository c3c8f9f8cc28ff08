//! The twin itself: what is called, what is due, what is answered. What acts do stands in `ensure` and `failover`,
//! what questions find in `ask`, what happens by itself in `happen`, who is active in `membership`.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::agenda::{Agenda, Due, Event};
use super::answers::{Later, Waiter};
use super::at::millis;
use super::books::usual;
use super::chance::{Occasion, varied};
use super::fault::{Armed, Fault};
use super::membership::Members;
use super::{At, Books, Setup};
use crate::plan::{Answer, Call, Facts, FrontEndId, Plan};

/// A pool that behaves as the field says, in a time of its own.
///
/// It belongs to one plan, the one it was made with; every call hands that plan in again. Ids of another plan are a
/// programming error and panic.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Twin {
    pub(super) now: At,
    pub(super) setup: Setup,
    pub(super) agenda: Agenda,
    /// What goes on, a line a front end.
    pub(super) lines: Vec<Line>,
    /// What goes on with the pool itself.
    pub(super) pool: PoolLine,
    pub(super) members: Members,
    pub(super) waiting: BTreeMap<u64, Waiter>,
    pub(super) later: BTreeMap<u64, Later>,
    pub(super) answers: VecDeque<(u64, Answer, Facts)>,
    pub(super) faults: Vec<Armed>,
    pub(super) books: Books,
}

/// What goes on on one front end, beside the truth that the books keep. What is as usual is not written.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Line {
    /// When its services reach their next state; none while they rest or hang.
    #[serde(skip_serializing_if = "usual")]
    pub(super) services: Option<Due>,
    /// When its action ends.
    #[serde(skip_serializing_if = "usual")]
    pub(super) action: Option<Due>,
    /// When its computer has booted; none while it is up or never returns.
    #[serde(skip_serializing_if = "usual")]
    pub(super) computer: Option<Due>,
    #[serde(skip_serializing_if = "usual")]
    pub(super) drain: Option<Drain>,
    /// A stop underway ends half way.
    #[serde(skip_serializing_if = "usual")]
    pub(super) ends_partly: bool,
    /// A stop underway is a computer failover and disables the services.
    #[serde(skip_serializing_if = "usual")]
    pub(super) disables: bool,
    /// Sessions that the stop underway has lost.
    #[serde(skip_serializing_if = "usual")]
    pub(super) lost: u32,
    /// What the action underway will end with.
    #[serde(skip_serializing_if = "usual")]
    pub(super) exit: Exit,
    /// Calls that wait for something on this front end.
    #[serde(skip_serializing_if = "usual")]
    pub(super) waiters: Vec<u64>,
}

/// A drain that goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Drain {
    pub(super) since: At,
    /// When the last session ends by itself; never, if the drain hangs.
    pub(super) until: Option<At>,
    pub(super) sessions: u64,
}

/// What an action ends with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Exit {
    pub(super) code: i32,
    /// Whether the same again may succeed. Asked only where the plan knows the code neither as success nor as reboot.
    pub(super) transient: bool,
}

/// What goes on with the pool as a whole.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct PoolLine {
    /// When failing over or back ends.
    pub(super) state: Option<Due>,
    /// How failing over will end.
    pub(super) ends: FailOverEnds,
    /// When all replicas are built.
    pub(super) rebuilt: Option<Due>,
    /// How often a rebuild began: it tells one length from the next.
    pub(super) rebuilds: u64,
    /// Front ends whose services wait in StartPending for enough others to start with (a cold start).
    pub(super) hanging: Vec<FrontEndId>,
    pub(super) waiters: Vec<u64>,
}

/// How failing over ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) enum FailOverEnds {
    #[default]
    Well,
    NotDone,
    HalfWay,
}

impl Twin {
    /// A pool that is up, every front end active, at the instant zero.
    pub fn new(plan: &Plan, setup: &Setup, faults: &[Fault]) -> Twin {
        let mut twin = Twin {
            now: At::ZERO,
            setup: *setup,
            agenda: Agenda::default(),
            lines: vec![Line::default(); plan.pool().front_ends.len()],
            pool: PoolLine::default(),
            members: Members::new(plan, setup.sessions),
            waiting: BTreeMap::new(),
            later: BTreeMap::new(),
            answers: VecDeque::new(),
            faults: faults.iter().copied().map(Armed::new).collect(),
            books: Books::new(plan, setup.upgraded),
        };
        twin.enter_faults_by_time();
        twin.catch_up(plan);
        twin
    }

    /// Calls, at the twin's present time. The answer comes through [`take_answer`](Twin::take_answer) under `ticket`,
    /// now, later or never. A ticket is used once.
    pub fn begin(&mut self, plan: &Plan, ticket: u64, call: Call) {
        match call {
            Call::Ask(question) => {
                let (answer, facts) = self.ask(plan, question);
                self.answers.push_back((ticket, answer, facts));
            }
            Call::Ensure(act) => self.ensure(plan, ticket, act),
        }
        self.catch_up(plan);
    }

    /// Nobody listens under this ticket any more. What was begun on the target goes on.
    pub fn let_go(&mut self, ticket: u64) {
        self.forget(ticket);
    }

    /// The twin's present time.
    pub fn now(&self) -> At {
        self.now
    }

    /// When something happens next by itself: an answer that waits to be taken is due now. `None` when nothing will
    /// ever happen again unless somebody calls.
    pub fn next_at(&self) -> Option<At> {
        if self.answers.is_empty() { self.agenda.next_at() } else { Some(self.now) }
    }

    /// Lets everything happen that is due up to and including `to`, in order. A `to` that has passed changes nothing.
    pub fn advance(&mut self, plan: &Plan, to: At) {
        while let Some(due) = self.agenda.take(to) {
            self.now = self.now.max(due.at);
            self.happen(plan, due.event);
        }
        self.now = self.now.max(to);
    }

    /// The next answer that is due, with the ticket it belongs to.
    pub fn take_answer(&mut self) -> Option<(u64, Answer, Facts)> {
        self.answers.pop_front()
    }

    /// The truth.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// Lets happen what takes no time at all.
    pub(super) fn catch_up(&mut self, plan: &Plan) {
        self.advance(plan, self.now);
    }

    /// Enters an event that happens so many milliseconds from now.
    pub(super) fn enter(&mut self, millis: u64, event: Event) -> Due {
        self.agenda.enter(self.now.after(millis), event)
    }

    /// How long something takes this time.
    pub(super) fn length(
        &self,
        expected: std::time::Duration,
        what: Occasion,
        front_end: FrontEndId,
        nth: u16,
    ) -> u64 {
        let Setup { seed, spread, .. } = self.setup;
        varied(seed, spread, millis(expected), what, front_end.0, u64::from(nth))
    }
}
