//! Who is active, and what follows from it: the quorum, the flags of domains, replicas being rebuilt. Everything is
//! counted as it changes, so that no question looks at every front end.

use serde::{Deserialize, Serialize};

use super::Twin;
use super::agenda::Event;
use super::at::millis;
use super::chance::{Occasion, varied};
use super::states::{Computer, PoolState, Services};
use crate::plan::{DomainId, FrontEndId, Plan, Product, Quorum, Readiness};

/// Counts of active front ends.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Members {
    /// How many front ends are active.
    pub(super) active: u16,
    /// How many of those that the quorum table counts.
    counted: u16,
    domains: Vec<DomainCount>,
    /// Domains with an active front end.
    live: u16,
    /// Domains with an active front end and none that the table counts: the quorum does not notice their loss.
    uncounted: u16,
    /// People who use the pool, each with a session somewhere.
    pub(super) sessions: u64,
    /// Sessions on front ends that drain.
    pub(super) draining: u64,
}

/// Counts of one domain.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
struct DomainCount {
    active: u16,
    counted: u16,
}

impl DomainCount {
    fn uncounted(self) -> bool {
        self.active > 0 && self.counted == 0
    }
}

impl Members {
    /// Every front end is active.
    pub(super) fn new(plan: &Plan, sessions: u32) -> Members {
        let mut members = Members {
            active: 0,
            counted: 0,
            domains: vec![DomainCount::default(); plan.pool().domains.len()],
            live: 0,
            uncounted: 0,
            sessions: u64::from(sessions) * plan.pool().front_ends.len() as u64,
            draining: 0,
        };
        for front_end in plan.front_end_ids() {
            members.count(plan, front_end, true);
        }
        members
    }

    fn count(&mut self, plan: &Plan, front_end: FrontEndId, joins: bool) {
        let counts = plan.pool().quorum.counts(front_end);
        let domain = &mut self.domains[plan.front_end(front_end).domain.index()];
        let before = *domain;
        let step = |number: &mut u16| *number = if joins { *number + 1 } else { number.saturating_sub(1) };
        step(&mut self.active);
        step(&mut domain.active);
        if counts {
            step(&mut self.counted);
            step(&mut domain.counted);
        }
        self.live = self.live + u16::from(domain.active > 0) - u16::from(before.active > 0);
        self.uncounted = self.uncounted + u16::from(domain.uncounted()) - u16::from(before.uncounted());
    }

    fn quorum_stands(&self, quorum: &Quorum) -> bool {
        self.counted >= quorum.needs
    }

    /// Whether one more front end of some domain may go while the quorum stands.
    fn some_domain_may_go(&self, quorum: &Quorum) -> bool {
        self.counted > quorum.needs || (self.counted == quorum.needs && self.uncounted > 0)
    }

    /// Whether one more front end of this domain may go: the quorum stands after it, and no routing group is left with
    /// one replica of three. A group has its replicas in three domains, so that needs three domains that are live.
    fn may_go(&self, plan: &Plan, domain: DomainId) -> bool {
        let quorum = &plan.pool().quorum;
        let count = self.domains[domain.index()];
        let stands = self.quorum_stands(quorum) && (self.counted > quorum.needs || count.counted == 0);
        let has_groups = plan.product() != Product::Generic && self.domains.len() >= 3;
        let replicas_stand = !has_groups || self.live >= 3 || count.active == 0;
        stands && replicas_stand
    }
}

impl Twin {
    /// Whether the front end accepts connections, worked out anew after something changed on it or in the pool.
    pub(super) fn refresh(&mut self, plan: &Plan, front_end: FrontEndId) {
        let serves = self.books.pool.serves();
        let book = &mut self.books.front_ends[front_end.index()];
        let active = serves && book.computer == Computer::Up && book.services == Services::Running;
        if book.active != active {
            book.active = active;
            self.note_change(plan, front_end, active);
        }
        self.see_whether_back(front_end);
    }

    /// A front end joined or left those that are active.
    fn note_change(&mut self, plan: &Plan, front_end: FrontEndId, joins: bool) {
        let stood = self.books.quorum_stands;
        self.members.count(plan, front_end, joins);
        match self.books.inactive.binary_search(&front_end) {
            Ok(place) if joins => {
                self.books.inactive.remove(place);
            }
            Err(place) if !joins => self.books.inactive.insert(place, front_end),
            _ => {}
        }
        self.books.quorum_stands = self.members.quorum_stands(&plan.pool().quorum);
        if !self.books.pool.serves() {
            return;
        }
        if stood && !self.books.quorum_stands {
            self.lose_quorum(plan);
        }
        self.rebuild(plan, None);
    }

    /// Too few are left: the remaining services stop, and every session is lost.
    fn lose_quorum(&mut self, plan: &Plan) {
        self.books.quorum_losses += 1;
        self.books.sessions.lost += self.members.on_active();
        for front_end in plan.front_end_ids() {
            match self.books.front_end(front_end).services {
                Services::Running => self.stop_by_itself(plan, front_end),
                Services::Draining => {
                    self.lines[front_end.index()].lost = self.lose_sessions(front_end);
                    self.stop_by_itself(plan, front_end);
                }
                _ => {}
            }
        }
    }

    /// The fabric builds replicas from now on, for as long as expected or for `length` milliseconds.
    pub(super) fn rebuild(&mut self, plan: &Plan, length: Option<u64>) {
        self.agenda.strike(self.pool.rebuilt.take());
        self.books.rebuilding = self.members.active > 0;
        if !self.books.rebuilding {
            return;
        }
        self.pool.rebuilds += 1;
        let length = length.unwrap_or_else(|| {
            let (seed, spread) = (self.setup.seed, self.setup.spread);
            varied(seed, spread, millis(plan.expected().rebuild), Occasion::Rebuild, 0, self.pool.rebuilds)
        });
        self.pool.rebuilt = Some(self.enter(length, Event::Rebuilt));
    }

    /// What the pool says of its own accord.
    pub(super) fn readiness(&self, plan: &Plan, domain: Option<DomainId>) -> Readiness {
        let quorum = &plan.pool().quorum;
        let members = &self.members;
        let all_needed = quorum.all_before_a_domain && !self.books.inactive.is_empty();
        if self.books.pool == PoolState::FailingOver {
            return Readiness::Busy;
        }
        if !members.quorum_stands(quorum) || !members.some_domain_may_go(quorum) || all_needed {
            return Readiness::InsufficientActiveFrontEnds;
        }
        if self.books.rebuilding {
            return Readiness::Busy;
        }
        let domain = domain.is_none_or(|domain| members.may_go(plan, domain));
        Readiness::Ready { domain, inactive: self.books.inactive.clone() }
    }
}
