//! Watches a run event by event and holds the invariants against the books of its twin.

use std::collections::{BTreeMap, BTreeSet};
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

#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    readiness: bool,
    count: bool,
}

/// The checker. It keeps what one look cannot tell: who was skipped, which domain was opened last, what is known done.
#[derive(Clone, Debug, Default)]
pub struct Monitor {
    skipped: BTreeSet<FrontEndId>,
    opened: Option<DomainId>,
    /// The pool left its users to its partner, and not all front ends are back since.
    over: bool,
    /// Whether the newest answer about readiness, and the newest count, were given since the run was taken up.
    heard: Heard,
    /// Steps in doubt that a person called done.
    resolved: BTreeSet<StepId>,
    /// Front ends of which a person said that taking them out had not taken place, and that were not tried again since.
    in_service: BTreeSet<FrontEndId>,
    /// When a front end was proved to accept connections, if nothing was begun on it since.
    proved: BTreeMap<FrontEndId, At>,
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
            Event::Resumed => self.heard = Heard::default(),
            Event::Answered { answer: Answer::Readiness(_), .. } => self.heard.readiness = true,
            Event::Answered { answer: Answer::Counted(_), .. } => self.heard.count = true,
            Event::Resolve { step, done: true } => {
                self.resolved.insert(*step);
            }
            Event::Resolve { step, done: false } => {
                self.in_service.extend(glimpse.graph.act(*step).and_then(takes_out));
            }
            Event::Begin { step } => {
                if let Some(front_end) = glimpse.graph.kind(*step).front_end() {
                    self.in_service.remove(&front_end);
                    self.proved.remove(&front_end);
                }
            }
            Event::Answered { step, answer: Answer::Accepting(_) } => self.accepted(glimpse, *step),
            Event::Elapsed { timer } => self.accepted(glimpse, timer.step),
            _ => {}
        }
        self.follow_failover(glimpse);
        self.one_domain_out(glimpse);
        self.stopped_before_upgrade(glimpse);
        self.failed_over_once(glimpse);
        self.known_done(glimpse);
        self.started_in_doubt(glimpse);
        if let Event::Enter { phase: Phase::Open { domain, more } } = glimpse.event {
            // One that takes nobody out asks nobody.
            if *more {
                self.fresh_readiness(glimpse, *domain);
                let needed = glimpse.graph.estimate().domain(*domain);
                self.inside_the_window(glimpse, needed, "a domain opens");
            }
            self.settled_between_domains(glimpse, *domain);
            self.opened = Some(*domain);
        }
        if let Event::Window { step, .. } = glimpse.event {
            let begins = matches!(glimpse.run.state(*step), StepState::Running(_));
            if begins && glimpse.graph.act(*step) == Some(Act::FailOver) {
                let needed = glimpse.graph.estimate().failed_over.unwrap_or_default();
                self.inside_the_window(glimpse, needed, "failing over begins");
            }
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
        out.filter(|id| !self.skipped.contains(id) && !self.in_service.contains(id)).collect()
    }

    fn follow_failover(&mut self, glimpse: &Glimpse<'_>) {
        let books = glimpse.books;
        if !books.pool().serves() {
            self.over = true;
        } else if self.over && self.not_back(glimpse).is_empty() {
            self.over = false;
        }
    }

    /// The step may have proved that its front end accepts connections.
    fn accepted(&mut self, glimpse: &Glimpse<'_>, step: StepId) {
        if let StepKind::Accept(front_end) = glimpse.graph.kind(step)
            && glimpse.run.state(step) == StepState::Done
        {
            self.proved.insert(front_end, glimpse.now);
        }
    }

    /// Whether it died by itself after it was proved to accept connections. It may be up again and not serve yet; that is
    /// nothing that the run left behind.
    fn died_since(&self, glimpse: &Glimpse<'_>, id: FrontEndId) -> bool {
        let died = glimpse.books.front_end(id).died_at();
        self.proved.get(&id).is_some_and(|proved| died.is_some_and(|died| died >= *proved))
    }

    /// Front ends that do not accept connections, though nobody left them out and they did not die.
    fn not_back(&self, glimpse: &Glimpse<'_>) -> Vec<FrontEndId> {
        let books = glimpse.books;
        let inactive = books.inactive().iter().chain(books.taken_out()).copied();
        inactive.filter(|id| !self.skipped.contains(id) && !books.front_end(*id).dead()).collect()
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
        let fresh = fresh && self.heard.readiness;
        self.check(glimpse, Invariant::FreshAnswers, fresh, || {
            format!("{domain:?} opens on {:?} after {} changes", books.last_readiness(), books.changes())
        });
    }

    fn stopped_before_upgrade(&mut self, glimpse: &Glimpse<'_>) {
        let books = glimpse.books;
        let counts = [books.upgraded_unstopped(), books.started_unfinished(), books.upgraded_twice()];
        self.check(glimpse, Invariant::StoppedBeforeUpgrade, counts == [0; 3], || {
            let [running, unfinished, twice] = counts;
            format!("{running} upgrades of running services, {unfinished} starts of unfinished upgrades, {twice} second starts")
        });
    }

    /// A start begins: no upgrade of the front end may be one that was cut off and has not been done again since.
    fn started_in_doubt(&mut self, glimpse: &Glimpse<'_>) {
        let Event::Begin { step } = glimpse.event else { return };
        let Some(Act::Start { front_end }) = glimpse.graph.act(*step) else { return };
        let book = glimpse.books.front_end(front_end);
        let upgrade = glimpse.graph.upgrade_of(front_end);
        let doubtful =
            (upgrade.start.0..upgrade.end.0).map(StepId).find(|step| match glimpse.graph.act(*step) {
                Some(Act::Perform { moment, index, .. }) => {
                    book.cut_off(moment, index) && !book.done(moment, index) && !self.resolved.contains(step)
                }
                _ => false,
            });
        self.check(glimpse, Invariant::StoppedBeforeUpgrade, doubtful.is_none(), || {
            format!("{front_end:?} is started, and {doubtful:?} was cut off")
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
        // Whoever is out, or serves nobody, is not taken out by this.
        let already_out = books.taken_out().contains(&front_end) || !books.front_end(front_end).accepting();
        if self.over {
            return;
        }
        if !already_out {
            self.inside_the_window(glimpse, Duration::ZERO, "a stop begins");
        }
        let asked = books.last_count();
        let fresh = asked.is_some_and(|asked| {
            let since = usize::try_from(asked.changes).unwrap_or(usize::MAX);
            self.heard.count
                && books
                    .begun()
                    .get(since..)
                    .is_some_and(|acts| acts.iter().all(|(_, act)| !takes_out_another(*act, front_end)))
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
        let (Event::Answered { step: done, .. } | Event::Resolve { step: done, .. }) = *glimpse.event else {
            return;
        };
        let graph = glimpse.graph;
        let steps = match graph.kind(done) {
            // At the planned version before we came: all of its upgrade is done.
            StepKind::Preflight(front_end) => graph.upgrade_of(front_end),
            _ => done..StepId(done.0 + 1),
        };
        for step in (steps.start.0..steps.end.0).map(StepId) {
            let known = matches!(glimpse.run.state(step), StepState::Done | StepState::Needless);
            if let (true, Some(act @ Act::Perform { moment: Moment::Upgrade, .. })) = (known, graph.act(step))
            {
                self.known_done.push((step, glimpse.books.times_begun(act)));
            }
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
        // After failing back whoever failing over stopped is out as well.
        let out = if self.over { self.not_back(glimpse) } else { self.out(glimpse) };
        // Who died is itself in trouble.
        let excused = |id: &FrontEndId| {
            troubled.contains(id) || glimpse.books.front_end(*id).dead() || self.died_since(glimpse, *id)
        };
        let left: Vec<FrontEndId> = out.into_iter().filter(|id| !excused(id)).collect();
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
    takes_out(glimpse.graph.act(step)?).map(|front_end| (step, front_end))
}

/// The front end that an act takes out of service.
fn takes_out(act: Act) -> Option<FrontEndId> {
    match act {
        Act::Stop { front_end, .. } | Act::Perform { front_end, moment: Moment::BeforeStop, .. } => {
            Some(front_end)
        }
        _ => None,
    }
}

/// Whether the act takes another front end out.
fn takes_out_another(act: Act, than: FrontEndId) -> bool {
    act == Act::FailOver || takes_out(act).is_some_and(|front_end| front_end != than)
}
