//! Watches a run event by event and holds the invariants against the books of its twin.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Invariant;
use crate::graph::{StepGraph, StepId, StepKind};
use crate::plan::{Act, Answer, Count, DomainId, FrontEndId, Moment, Readiness};
use crate::run::{Event, Outcome, Phase, Run, Served, StepState};
use crate::twin::{At, Books, PoolState};

/// A promise that was broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    pub invariant: Invariant,
    pub at: At,
    /// What was seen, in words.
    pub text: String,
}

/// What is seen after an event: the run as it is now, the books as they are now.
#[derive(Clone, Copy)]
pub struct Glimpse<'a> {
    pub graph: &'a StepGraph,
    pub run: &'a Run,
    pub books: &'a Books,
    pub event: &'a Event,
    /// The twin's time.
    pub now: At,
    /// When the twin's time began, for what needs the calendar.
    pub origin: jiff::Timestamp,
}

/// The checker. It keeps what one look cannot tell: who was skipped, which domain was opened last, what is known done.
#[derive(Clone, Debug, Default)]
pub struct Monitor {
    skipped: BTreeSet<FrontEndId>,
    opened: Option<DomainId>,
    /// The pool was failed over and not all front ends were accepted since.
    over: bool,
    known_done: Vec<(StepId, u16)>,
    violations: Vec<Violation>,
    checks: [u64; Invariant::ALL.len()],
}

impl Monitor {
    pub fn new() -> Monitor {
        Monitor::default()
    }

    /// What was broken so far.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// How often each invariant was really asked, by its number less one.
    pub fn checks(&self) -> &[u64; Invariant::ALL.len()] {
        &self.checks
    }

    /// Looks once, after an event was folded.
    pub fn observe(&mut self, glimpse: &Glimpse<'_>) {
        match glimpse.event {
            Event::Skip { front_end } | Event::Forgo { front_end } => {
                self.skipped.insert(*front_end);
            }
            _ => {}
        }
        self.follow_failover(glimpse);
        self.one_domain_out(glimpse);
        self.stopped_before_upgrade(glimpse);
        self.failed_over_once(glimpse);
        self.known_done(glimpse);
        if let Event::Enter { phase: Phase::Open { domain, .. } } = glimpse.event {
            self.fresh_readiness(glimpse, *domain);
            self.settled_between_domains(glimpse, *domain);
            let needed = glimpse.graph.estimate().domain(*domain);
            self.inside_the_window(glimpse, needed, "a domain opens");
            self.opened = Some(*domain);
        }
        if let Some((step, front_end)) = began_taking_out(glimpse) {
            self.taking_out(glimpse, step, front_end);
        }
        if let Event::End { outcome } = glimpse.event {
            self.nothing_left_out(glimpse, *outcome);
            self.complete_means_upgraded(glimpse, *outcome);
        }
    }

    fn check(
        &mut self,
        glimpse: &Glimpse<'_>,
        invariant: Invariant,
        holds: bool,
        text: impl FnOnce() -> String,
    ) {
        self.checks[usize::from(invariant.number()) - 1] += 1;
        if !holds {
            self.violations.push(Violation { invariant, at: glimpse.now, text: text() });
        }
    }

    /// Front ends that we took out and that nobody left out on purpose.
    fn out(&self, glimpse: &Glimpse<'_>) -> Vec<FrontEndId> {
        let out = glimpse.books.taken_out().iter().copied();
        out.filter(|front_end| !self.skipped.contains(front_end)).collect()
    }

    fn follow_failover(&mut self, glimpse: &Glimpse<'_>) {
        let books = glimpse.books;
        if books.pool() != PoolState::Active || books.half_way() {
            self.over = true;
        } else if self.over && self.out(glimpse).is_empty() && books.inactive().is_empty() {
            self.over = false;
        }
    }

    fn one_domain_out(&mut self, glimpse: &Glimpse<'_>) {
        let out = self.out(glimpse);
        let plan = glimpse.graph.plan();
        let mut domains = out.iter().map(|front_end| plan.front_end(*front_end).domain);
        let first = domains.next();
        let one = domains.all(|domain| Some(domain) == first);
        let holds = one || self.over;
        self.check(glimpse, Invariant::OneDomainOut, holds, || format!("{out:?} are out"));
    }

    fn fresh_readiness(&mut self, glimpse: &Glimpse<'_>, domain: DomainId) {
        let books = glimpse.books;
        let fresh = books.last_readiness().is_some_and(|asked| {
            let ready = matches!(asked.answer, Readiness::Ready { domain: true, .. });
            ready && asked.domain == Some(domain) && asked.changes == books.changes()
        });
        self.check(glimpse, Invariant::FreshAnswers, fresh, || {
            format!("{domain:?} opens on {:?} after {} changes", books.last_readiness(), books.changes())
        });
    }

    fn stopped_before_upgrade(&mut self, glimpse: &Glimpse<'_>) {
        let books = glimpse.books;
        let holds = books.upgraded_unstopped() == 0 && books.started_unfinished() == 0;
        self.check(glimpse, Invariant::StoppedBeforeUpgrade, holds, || {
            format!(
                "{} upgrades of running services, {} starts of unfinished upgrades",
                books.upgraded_unstopped(),
                books.started_unfinished()
            )
        });
    }

    fn settled_between_domains(&mut self, glimpse: &Glimpse<'_>, domain: DomainId) {
        let Some(last) = self.opened.filter(|last| *last != domain) else { return };
        let books = glimpse.books;
        let not_back: Vec<FrontEndId> = glimpse
            .graph
            .plan()
            .domain(last)
            .front_ends()
            .filter(|id| !self.skipped.contains(id) && !books.front_end(*id).accepting())
            .collect();
        let soak = glimpse.graph.plan().settle().soak.as_millis() as u64;
        let quiet = books.begun().last().map_or(u64::MAX, |(at, _)| glimpse.now.since(*at));
        let holds = not_back.is_empty() && quiet >= soak;
        self.check(glimpse, Invariant::SettledBetweenDomains, holds, || {
            format!("{domain:?} opens with {not_back:?} not back, {quiet} ms after our last change")
        });
    }

    /// A front end is about to be taken out: the count is fresh, the quorum stands after it, the window is open.
    fn taking_out(&mut self, glimpse: &Glimpse<'_>, step: StepId, front_end: FrontEndId) {
        let books = glimpse.books;
        let already_out = books.taken_out().contains(&front_end);
        if !already_out {
            self.inside_the_window(glimpse, Duration::ZERO, "a stop begins");
        }
        if self.over {
            return;
        }
        let asked = books.last_count();
        let fresh = asked.is_some_and(|asked| {
            let since = usize::try_from(asked.changes).unwrap_or(usize::MAX);
            books
                .begun()
                .get(since..)
                .is_some_and(|acts| acts.iter().all(|(_, act)| !takes_out(*act, front_end)))
        });
        self.check(glimpse, Invariant::FreshAnswers, fresh || already_out, || {
            format!("{} begins on a count of before another stop", glimpse.graph.step(step).name)
        });
        let quorum = &glimpse.graph.plan().pool().quorum;
        let stands = asked.is_some_and(|asked| match &asked.answer {
            Count::Unanswered => false,
            Count::Inactive(inactive) => {
                let mut down = inactive.clone();
                down.extend_from_slice(books.taken_out());
                down.push(front_end);
                quorum.stands_without(&mut down)
            }
        });
        self.check(glimpse, Invariant::QuorumStands, stands || already_out, || {
            format!("{} begins, and by {asked:?} the quorum does not stand", glimpse.graph.step(step).name)
        });
    }

    fn failed_over_once(&mut self, glimpse: &Glimpse<'_>) {
        let books = glimpse.books;
        let said = books.pool() == PoolState::Active || glimpse.run.served(glimpse.graph) != Served::Here;
        let holds = books.failovers_succeeded() <= 1 && said;
        self.check(glimpse, Invariant::FailedOverOnce, holds, || {
            format!("failed over {} times; the pool is {:?}", books.failovers_succeeded(), books.pool())
        });
    }

    /// Remembers which upgrades are known done, and how often they had begun by then.
    fn known_done(&mut self, glimpse: &Glimpse<'_>) {
        let Event::Answered { step: done, .. } = *glimpse.event else { return };
        if glimpse.run.state(done) != StepState::Done {
            return;
        }
        if let StepKind::Ensure(act @ Act::Perform { moment: Moment::Upgrade, .. }) = glimpse.graph.kind(done)
        {
            self.known_done.push((done, glimpse.books.times_begun(act)));
        }
    }

    fn complete_means_upgraded(&mut self, glimpse: &Glimpse<'_>, outcome: Outcome) {
        let books = glimpse.books;
        let again: Vec<StepId> = self
            .known_done
            .iter()
            .filter(|(step, times)| {
                glimpse.graph.act(*step).is_some_and(|act| books.times_begun(act) > *times)
            })
            .map(|(step, _)| *step)
            .collect();
        self.check(glimpse, Invariant::CompleteMeansUpgraded, again.is_empty(), || {
            format!("{again:?} began again after they were known done")
        });
        if outcome != Outcome::Complete {
            return;
        }
        let left: Vec<FrontEndId> = glimpse
            .graph
            .plan()
            .front_end_ids()
            .filter(|id| !self.skipped.contains(id) && !books.front_end(*id).at_planned_version())
            .collect();
        self.check(glimpse, Invariant::CompleteMeansUpgraded, left.is_empty(), || {
            format!("complete, and {left:?} are not at the planned version")
        });
    }

    fn inside_the_window(&mut self, glimpse: &Glimpse<'_>, needed: Duration, what: &str) {
        let Some(window) = glimpse.graph.plan().window() else { return };
        let passed = jiff::SignedDuration::from_millis(i64::try_from(glimpse.now.0).unwrap_or(i64::MAX));
        let now = glimpse.origin.checked_add(passed).unwrap_or(jiff::Timestamp::MAX);
        let left = window.end.duration_since(now);
        let fits = now >= window.start && now < window.end && left.unsigned_abs() >= needed;
        self.check(glimpse, Invariant::InsideTheWindow, fits, || format!("{what} at {now}"));
    }

    fn nothing_left_out(&mut self, glimpse: &Glimpse<'_>, outcome: Outcome) {
        if !matches!(outcome, Outcome::Complete | Outcome::Paused(_) | Outcome::Stopped) {
            return;
        }
        let troubled: BTreeSet<FrontEndId> = match outcome {
            Outcome::Stopped => {
                let stuck = glimpse.run.stuck();
                stuck.filter_map(|step| glimpse.graph.kind(step).front_end()).collect()
            }
            _ => BTreeSet::new(),
        };
        let failed_over = glimpse.books.pool() != PoolState::Active || glimpse.books.half_way();
        let left: Vec<FrontEndId> =
            self.out(glimpse).into_iter().filter(|id| !troubled.contains(id)).collect();
        let holds = left.is_empty() || failed_over;
        self.check(glimpse, Invariant::NothingLeftOut, holds, || format!("{outcome:?} leaves {left:?} out"));
    }
}

/// The step and the front end, if this event set a stop (or an action before it) on its way.
fn began_taking_out(glimpse: &Glimpse<'_>) -> Option<(StepId, FrontEndId)> {
    let step = match glimpse.event {
        Event::Window { step, .. } | Event::Begin { step } => *step,
        Event::Answered { step, answer: Answer::Counted(_) } => *step,
        _ => return None,
    };
    if !matches!(glimpse.run.state(step), StepState::Running(_)) {
        return None;
    }
    match glimpse.graph.act(step)? {
        Act::Stop { front_end, .. } | Act::Perform { front_end, moment: Moment::BeforeStop, .. } => {
            Some((step, front_end))
        }
        _ => None,
    }
}

/// Whether the act takes another front end out.
fn takes_out(act: Act, than: FrontEndId) -> bool {
    match act {
        Act::Stop { front_end, .. } | Act::Perform { front_end, moment: Moment::BeforeStop, .. } => {
            front_end != than
        }
        Act::FailOver => true,
        _ => false,
    }
}
