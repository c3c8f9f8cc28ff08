//! What can go wrong with a pool, aimed at the acts and instants of one plan. A scenario is resolved to these.

use serde::{Deserialize, Serialize};

use super::agenda::Event;
use super::{At, Twin};
use crate::plan::{Act, DomainId, FrontEndId, Plan, Readiness};

/// One thing that goes wrong. Times are in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// An act goes differently: the `attempt`th time that it would begin (from 1), and as many times as `times` says.
    /// The mode of a stop does not matter. An ensuring that finds its state reached or underway is no beginning.
    Act { act: Act, attempt: u16, times: u16, twist: Twist },
    /// The pool, a domain's flag or the partner is in trouble.
    Pool { begins: Begins, lasts: Lasts, trouble: Trouble },
    /// A front end is not accepted, though all is well with it.
    NotAccepted { front_end: FrontEndId, begins: Begins, lasts: Lasts },
    /// A front end dies: its computer is gone, with every session on it. With `returns_after` it comes back by itself.
    Dies { front_end: FrontEndId, begins: Begins, returns_after: Option<u64> },
}

/// When a fault begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Begins {
    /// So long after the twin began.
    At(u64),
    /// So long after the act began for the `attempt`th time (from 1).
    Act { act: Act, attempt: u16, after: u64 },
}

/// How long a trouble lasts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lasts {
    /// Through so many answers.
    Times(u16),
    /// So long.
    For(u64),
    /// To the end.
    Always,
}

/// How an act goes differently.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Twist {
    /// A graceful stop: sessions stay that never end by themselves.
    DrainHangs,
    /// It fails, and the run is told that the same again would. An action ends with the exit code; any other act has no effect.
    Fails { exit_code: i32 },
    /// It fails, and the next try may succeed. An action ends with the exit code; any other act has no effect.
    FailsTransiently { exit_code: i32 },
    /// An action ends with this exit code, which the plan may know as a request for a restart.
    Exits { exit_code: i32 },
    /// A start: services hang in StartPending, for good or for so long in all.
    StuckInStartPending { length: Option<u64> },
    /// A restart: the computer goes down and stays down, or is down for so long in all.
    NeverReturns { length: Option<u64> },
    /// The caller learns only that nobody knows: the connection was lost before the act took effect, or after.
    LosesConnection { effect: bool },
    /// The caller never hears again. The act takes effect, or does not.
    NoAnswer { effect: bool },
    /// The caller loses the connection at once, and on the target the act goes on for so long (`None`: as long as expected).
    GoesOn { length: Option<u64> },
    /// A stop that ends half way: some services are stopped and some are not, and nothing goes on.
    EndsPartly,
    /// Failing over ends as if it had not been tried.
    NotDone,
    /// Failing over ends half way, neither here nor there.
    HalfWay,
}

/// What is wrong with the pool, a domain's flag or the partner.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The pool says that it is busy.
    Busy,
    /// The pool says that too few front ends are active.
    Insufficient,
    /// The pool does not answer when it is asked about its readiness.
    Unanswered,
    /// The pool is ready and the flag of this domain is false.
    DomainNotReady(DomainId),
    /// The partner cannot take over.
    PartnerUnhealthy,
    /// Replicas are being built anew, for so long (`None`: as long as expected): the pool was ready and is not.
    ReadinessLost { length: Option<u64> },
}

/// A fault and what has become of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Armed {
    fault: Fault,
    /// How often its act would have begun so far.
    seen: u16,
    /// It has begun and is not over.
    on: bool,
    /// When it is over.
    until: Option<At>,
    /// Through how many more answers it lasts.
    left: Option<u16>,
}

impl Armed {
    pub(super) fn new(fault: Fault) -> Armed {
        Armed { fault, seen: 0, on: false, until: None, left: None }
    }

    /// Whether it lasts at this instant.
    fn lasts(&self, now: At) -> bool {
        self.on && self.until.is_none_or(|until| now < until) && self.left != Some(0)
    }

    fn switch_on(&mut self, now: At, lasts: Lasts) {
        self.on = true;
        match lasts {
            Lasts::Times(times) => self.left = Some(times),
            Lasts::For(length) => self.until = Some(now.after(length)),
            Lasts::Always => {}
        }
    }
}

impl Fault {
    fn begins(&self) -> Option<Begins> {
        match *self {
            Fault::Act { .. } => None,
            Fault::Pool { begins, .. } | Fault::NotAccepted { begins, .. } | Fault::Dies { begins, .. } => {
                Some(begins)
            }
        }
    }
}

impl Twin {
    pub(super) fn enter_faults_by_time(&mut self) {
        for place in 0..self.faults.len() {
            if let Some(Begins::At(at)) = self.faults[place].fault.begins() {
                self.enter(at, Event::Fault(place as u16));
            }
        }
    }

    /// An act would begin now: which faults does that touch? Returns how this beginning goes differently; of several
    /// faults the first one.
    pub(super) fn twist(&mut self, act: Act) -> Option<Twist> {
        let subject = act.subject();
        let mut found = None;
        for place in 0..self.faults.len() {
            let armed = &mut self.faults[place];
            match (armed.fault, armed.fault.begins()) {
                (Fault::Act { act, attempt, times, twist }, _) if act.subject() == subject => {
                    armed.seen = armed.seen.saturating_add(1);
                    let hit = armed.seen >= attempt && armed.seen - attempt < times;
                    if hit && found.is_none() {
                        found = Some(twist);
                    }
                }
                (_, Some(Begins::Act { act, attempt, after })) if act.subject() == subject => {
                    armed.seen = armed.seen.saturating_add(1);
                    if armed.seen == attempt {
                        self.enter(after, Event::Fault(place as u16));
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// A fault begins.
    pub(super) fn strike_fault(&mut self, plan: &Plan, place: u16) {
        let now = self.now;
        let Some(armed) = self.faults.get_mut(usize::from(place)) else { return };
        match armed.fault {
            Fault::Pool { trouble: Trouble::ReadinessLost { length }, .. } => self.rebuild(plan, length),
            Fault::Pool { lasts, .. } | Fault::NotAccepted { lasts, .. } => armed.switch_on(now, lasts),
            Fault::Dies { front_end, returns_after, .. } => self.die(plan, front_end, returns_after),
            Fault::Act { .. } => {}
        }
    }

    /// Whether a trouble lasts; if it lasts through a number of answers, this was one.
    fn troubled(&mut self, concerns: impl Fn(&Fault) -> bool) -> bool {
        let now = self.now;
        let found = self.faults.iter_mut().find(|armed| armed.lasts(now) && concerns(&armed.fault));
        match found {
            Some(armed) => {
                armed.left = armed.left.map(|left| left.saturating_sub(1));
                true
            }
            None => false,
        }
    }

    /// What the pool says about its readiness in spite of the truth, if a fault makes it.
    pub(super) fn bent_readiness(&mut self, domain: Option<DomainId>) -> Option<Readiness> {
        if self.faults.is_empty() {
            return None;
        }
        let mut is = |wanted: Trouble| {
            self.troubled(|fault| matches!(fault, Fault::Pool { trouble, .. } if *trouble == wanted))
        };
        if is(Trouble::Unanswered) {
            return Some(Readiness::Unanswered);
        }
        if is(Trouble::Insufficient) {
            return Some(Readiness::InsufficientActiveFrontEnds);
        }
        if is(Trouble::Busy) {
            return Some(Readiness::Busy);
        }
        let domain = domain?;
        if is(Trouble::DomainNotReady(domain)) {
            return Some(Readiness::Ready { domain: false, inactive: self.books.inactive.clone() });
        }
        None
    }

    /// Whether a fault keeps a front end that is well from being accepted.
    pub(super) fn kept_from_acceptance(&mut self, front_end: FrontEndId) -> bool {
        self.troubled(
            |fault| matches!(fault, Fault::NotAccepted { front_end: kept, .. } if *kept == front_end),
        )
    }

    /// Whether the partner is unhealthy, without asking it.
    pub(super) fn partner_refuses(&self) -> bool {
        self.faults.iter().any(|armed| {
            armed.lasts(self.now)
                && matches!(armed.fault, Fault::Pool { trouble: Trouble::PartnerUnhealthy, .. })
        })
    }

    /// Whether a fault makes the partner say that it is unhealthy.
    pub(super) fn partner_is_unhealthy(&mut self) -> bool {
        self.troubled(|fault| matches!(fault, Fault::Pool { trouble: Trouble::PartnerUnhealthy, .. }))
    }
}
