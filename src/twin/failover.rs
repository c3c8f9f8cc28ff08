//! Failing the pool over and back. FailedOver does not mean stopped: services stop afterwards, and whoever upgrades
//! proves it. Failing back starts the registrar alone; all other services are ours to start. And the databases, which are the pool's too.

use super::Twin;
use super::agenda::Event;
use super::answers::said;
use super::chance::Occasion;
use super::ensure::{Manner, Standing};
use super::fault::Twist;
use super::states::{Computer, Databases, PoolState, Services};
use super::world::FailOverEnds;
use crate::plan::{Act, Facts, FrontEndId, Plan, Problem};

impl Twin {
    pub(super) fn fail_over_stands(&self, plan: &Plan) -> Standing {
        match self.books.pool {
            PoolState::FailedOver => Standing::Reached,
            PoolState::FailingOver if self.books.half_way => {
                Standing::Refused(Problem::Unknown, "the last failover ended half way")
            }
            PoolState::FailingOver => Standing::Underway,
            PoolState::FailingBack => Standing::Refused(Problem::Transient, "the pool is failing back"),
            PoolState::Active if plan.failover().is_none() => {
                Standing::Refused(Problem::Permanent, "the pool has no partner")
            }
            PoolState::Active if self.partner_refuses() => Standing::Refused(
                Problem::Permanent,
                "the backup service of the partner is not in a steady state",
            ),
            PoolState::Active => Standing::Open,
        }
    }

    pub(super) fn begin_fail_over(&mut self, plan: &Plan, manner: Manner) {
        self.books.fail_overs += 1;
        self.books.pool = PoolState::FailingOver;
        self.pool.ends = match manner.twist {
            Some(Twist::NotDone) => FailOverEnds::NotDone,
            Some(Twist::HalfWay) => FailOverEnds::HalfWay,
            _ => FailOverEnds::Well,
        };
        let nth = self.books.fail_overs;
        let length = manner.length.unwrap_or_else(|| {
            self.length(plan.expected_of(Act::FailOver), Occasion::FailOver, FrontEndId(0), nth)
        });
        self.pool.state = Some(self.enter(length, Event::FailedOver));
    }

    /// Failing over has ended, one way or another.
    pub(super) fn end_fail_over(&mut self, plan: &Plan) {
        self.pool.state = None;
        match self.pool.ends {
            FailOverEnds::NotDone => {
                self.books.pool = PoolState::Active;
                self.tell_pool(Err(Problem::Transient), said("failing over did not take place"));
            }
            FailOverEnds::HalfWay => {
                self.books.half_way = true;
                self.tell_pool(Err(Problem::Unknown), said("failing over stopped half way"));
            }
            FailOverEnds::Well => {
                self.books.failed_over += 1;
                self.leave_to_partner(plan);
                self.tell_pool(Ok(()), Facts::default());
            }
        }
    }

    /// The partner serves everybody, and the services that still run here are told to stop, without waiting for them.
    fn leave_to_partner(&mut self, plan: &Plan) {
        self.books.sessions.moved += self.members.on_active();
        self.books.pool = PoolState::FailedOver;
        self.agenda.strike(self.pool.rebuilt.take());
        self.books.rebuilding = false;
        for front_end in plan.front_end_ids() {
            if let Some(drain) = self.end_drain(front_end) {
                self.books.sessions.moved += drain.sessions;
            }
            let book = self.books.front_end(front_end);
            if book.computer == Computer::Up
                && !matches!(book.services, Services::Stopped | Services::Stopping)
            {
                self.stop_by_itself(plan, front_end);
            }
        }
    }

    pub(super) fn fail_back_stands(&self) -> Standing {
        match self.books.pool {
            PoolState::Active => Standing::Reached,
            PoolState::FailingBack => Standing::Underway,
            PoolState::FailingOver if !self.books.half_way => {
                Standing::Refused(Problem::Transient, "the pool is failing over")
            }
            PoolState::FailingOver | PoolState::FailedOver => Standing::Open,
        }
    }

    pub(super) fn begin_fail_back(&mut self, plan: &Plan, manner: Manner) {
        self.books.fail_backs += 1;
        // From half way there are users here still, and nobody serves them while the pool fails back.
        self.books.sessions.lost += self.members.on_active();
        self.books.pool = PoolState::FailingBack;
        self.books.half_way = false;
        for front_end in plan.front_end_ids() {
            self.refresh(plan, front_end);
        }
        let nth = self.books.fail_backs;
        let length = manner.length.unwrap_or_else(|| {
            self.length(plan.expected_of(Act::FailBack), Occasion::FailBack, FrontEndId(0), nth)
        });
        self.pool.state = Some(self.enter(length, Event::FailedBack));
    }

    /// The pool is active again: on every front end the registrar runs and nothing else does.
    pub(super) fn end_fail_back(&mut self, plan: &Plan) {
        self.pool.state = None;
        self.books.pool = PoolState::Active;
        self.books.failed_back += 1;
        for front_end in plan.front_end_ids() {
            let book = self.books.front_end(front_end);
            if book.computer != Computer::Up || book.disabled {
                continue;
            }
            self.end_drain(front_end);
            self.rest_services(front_end);
            self.books.front_ends[front_end.index()].services = Services::Partly;
            self.refresh(plan, front_end);
            let of_services = |act| matches!(act, Act::Stop { .. } | Act::Start { .. });
            self.tell(
                front_end,
                of_services,
                Err(Problem::Transient),
                said("failing back restarted the registrar"),
            );
        }
        self.tell_pool(Ok(()), Facts::default());
    }

    pub(super) fn databases_stand(&self, plan: &Plan) -> Standing {
        match self.books.databases {
            Databases::Updated => Standing::Reached,
            Databases::Updating => Standing::Underway,
            Databases::Old if plan.databases().is_none() => {
                Standing::Refused(Problem::Permanent, "the plan names no databases")
            }
            Databases::Old => Standing::Open,
        }
    }

    pub(super) fn begin_databases(&mut self, plan: &Plan, manner: Manner) {
        self.books.databases_begun += 1;
        self.books.databases = Databases::Updating;
        let nth = self.books.databases_begun;
        let length = manner.length.unwrap_or_else(|| {
            self.length(plan.expected_of(Act::UpdateDatabases), Occasion::Databases, FrontEndId(0), nth)
        });
        self.enter(length, Event::DatabasesUpdated);
    }

    pub(super) fn end_databases(&mut self) {
        self.books.databases = Databases::Updated;
        self.tell_pool(Ok(()), Facts::default());
    }
}
