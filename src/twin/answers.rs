//! Who waits for what, and what they are told.

use serde::{Deserialize, Serialize};

use super::Twin;
use super::agenda::{Due, Event};
use crate::plan::{Act, Answer, Facts, FrontEndId, Problem};

/// How long a target takes to refuse an act or to fail at it without any effect: five seconds, a cmdlet that loads
/// its module and gives up. Questions take no time at all.
pub(super) const REFUSAL_MILLIS: u64 = 5_000;

/// A call that waits for an act to reach its state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Waiter {
    act: Act,
    /// Its connection will be lost before it hears how the act ended.
    deaf: bool,
}

/// An answer that is held back.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Later {
    due: Due,
    answer: Answer,
    facts: Facts,
}

/// Facts that are one sentence.
pub(super) fn said(text: &str) -> Facts {
    Facts::text(text)
}

impl Twin {
    pub(super) fn answer(&mut self, ticket: u64, result: Result<(), Problem>, facts: Facts) {
        self.answers.push_back((ticket, Answer::Ensured(result), facts));
    }

    /// Answers after the time of a refusal.
    pub(super) fn answer_later(&mut self, ticket: u64, result: Result<(), Problem>, facts: Facts) {
        let due = self.enter(REFUSAL_MILLIS, Event::Answer(ticket));
        self.later.insert(ticket, Later { due, answer: Answer::Ensured(result), facts });
    }

    /// An answer that was held back reaches its caller.
    pub(super) fn release(&mut self, ticket: u64) {
        if let Some(later) = self.later.remove(&ticket) {
            self.answers.push_back((ticket, later.answer, later.facts));
        }
    }

    /// The call will be answered when the act has reached its state.
    pub(super) fn wait(&mut self, ticket: u64, act: Act, deaf: bool) {
        self.waiting.insert(ticket, Waiter { act, deaf });
        match act.front_end() {
            Some(front_end) => self.lines[front_end.index()].waiters.push(ticket),
            None => self.pool.waiters.push(ticket),
        }
    }

    /// Answers those who wait on a front end for an act that `concerns` picks.
    pub(super) fn tell(
        &mut self,
        front_end: FrontEndId,
        concerns: impl Fn(Act) -> bool,
        result: Result<(), Problem>,
        facts: Facts,
    ) {
        let Twin { lines, waiting, answers, .. } = self;
        lines[front_end.index()].waiters.retain(|ticket| match waiting.get(ticket) {
            Some(waiter) if concerns(waiter.act) => {
                answers.push_back(heard(*ticket, waiter.deaf, result, &facts));
                waiting.remove(ticket);
                false
            }
            Some(_) => true,
            None => false,
        });
    }

    /// Answers everybody who waits for the pool.
    pub(super) fn tell_pool(&mut self, result: Result<(), Problem>, facts: Facts) {
        let Twin { pool, waiting, answers, .. } = self;
        for ticket in pool.waiters.drain(..) {
            if let Some(waiter) = waiting.remove(&ticket) {
                answers.push_back(heard(ticket, waiter.deaf, result, &facts));
            }
        }
    }

    /// Takes a ticket out of everything that could still answer it.
    pub(super) fn forget(&mut self, ticket: u64) {
        if let Some(waiter) = self.waiting.remove(&ticket) {
            let waiters = match waiter.act.front_end() {
                Some(front_end) => &mut self.lines[front_end.index()].waiters,
                None => &mut self.pool.waiters,
            };
            waiters.retain(|waiting| *waiting != ticket);
        }
        if let Some(later) = self.later.remove(&ticket) {
            self.agenda.strike(Some(later.due));
        }
        self.answers.retain(|(answered, ..)| *answered != ticket);
    }
}

/// What a waiting call hears in the end.
fn heard(ticket: u64, deaf: bool, result: Result<(), Problem>, facts: &Facts) -> (u64, Answer, Facts) {
    if deaf {
        let facts = said("the connection was lost before the end was heard of");
        return (ticket, Answer::Ensured(Err(Problem::Unknown)), facts);
    }
    (ticket, Answer::Ensured(result), facts.clone())
}
