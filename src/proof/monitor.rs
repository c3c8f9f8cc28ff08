//! Watches a run event by event and holds the invariants against the truth about its pool.

use std::time::Duration;

use super::memory::{Memory, forget};
use super::truth::{Truth, takes_out};
use super::{Invariant, Misdeeds};
use crate::graph::{Approval, StepGraph, StepId, StepKind};
use crate::plan::{Act, Answer, DomainId, FailoverWhen, FrontEndId, Moment, Readiness};
use crate::run::{Event, Outcome, Phase, Run, Served, StepState};
use crate::twin::PoolState;

/// A promise that was broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    pub invariant: Invariant,
    /// What was seen, in words.
    pub text: String,
}

/// What is seen after an event: the run as it is now, the truth as it is now.
#[derive(Debug)]
pub struct Glimpse<'a, T> {
    pub graph: &'a StepGraph,
    pub run: &'a Run,
    pub truth: &'a T,
    pub event: &'a Event,
}

/// The checker. It keeps what one look cannot tell: who was skipped, which domain was opened last, what is known done.
#[derive(Clone, Debug, Default)]
pub struct Monitor {
    pub(super) memory: Memory,
    violations: Vec<Violation>,
    checks: [u64; Invariant::ALL.len()],
    /// Tests may ask one promise alone.
    #[cfg(test)]
    pub(super) only: Option<Invariant>,
}

impl Monitor {
    pub fn new() -> Monitor {
        Monitor::default()
    }

    /// What was broken so far.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Takes the first of what was broken, and forgets the rest.
    pub(super) fn take_violation(&mut self) -> Option<Violation> {
        self.violations.drain(..).next()
    }

    /// How often each invariant was really asked, by its number less one.
    pub fn checks(&self) -> &[u64; Invariant::ALL.len()] {
        &self.checks
    }

    /// Looks once, after an event was folded.
    pub fn observe<T: Truth>(&mut self, glimpse: &Glimpse<'_, T>) {
        self.began_again(glimpse);
        self.note_deaths(glimpse);
        self.note(glimpse);
        self.always(glimpse);
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
            self.memory.opened = Some(*domain);
            self.memory.unheard.clear();
        }
        if let Event::Window { step, .. } = glimpse.event {
            let begins = matches!(glimpse.run.state(*step), StepState::Running(_));
            if begins && glimpse.graph.act(*step) == Some(Act::FailOver) {
                self.fails_over_on_fresh_trouble(glimpse);
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

    /// Looks at what began or died since the last event, before there is another one.
    pub(super) fn notice<T: Truth>(&mut self, graph: &StepGraph, run: &Run, truth: &T) {
        // Nothing of this depends on which event there was.
        let glimpse = Glimpse { graph, run, truth, event: &Event::Resumed };
        self.began_again(&glimpse);
        self.note_deaths(&glimpse);
        self.always(&glimpse);
    }

    /// What must hold whatever happened last.
    fn always<T: Truth>(&mut self, glimpse: &Glimpse<'_, T>) {
        self.follow_failover(glimpse);
        self.one_domain_out(glimpse);
        self.stopped_before_upgrade(glimpse);
        self.failed_over_once(glimpse);
    }

    /// Remembers what the event says.
    fn note<T: Truth>(&mut self, glimpse: &Glimpse<'_, T>) {
        let memory = &mut self.memory;
        match glimpse.event {
            Event::Skip { front_end } | Event::Forgo { front_end } => {
                memory.skipped.grow_and_insert(front_end.index());
            }
            Event::Resumed => {
                memory.forget_what_was_heard();
            }
            Event::Answered { answer: Answer::Readiness(readiness), .. } => {
                memory.heard_readiness = true;
                let trouble = matches!(readiness, Readiness::Busy | Readiness::InsufficientActiveFrontEnds);
                memory.heard_trouble = trouble && glimpse.graph.failover_when() == FailoverWhen::Troubled;
                memory.unheard.clear();
            }
            Event::Answered { answer: Answer::Counted(_), .. } => memory.heard_count = true,
            Event::Resolve { step, done: true } => memory.resolved.grow_and_insert(step.index()),
            Event::Resolve { step, done: false } => {
                if let Some(front_end) = glimpse.graph.act(*step).and_then(takes_out) {
                    memory.in_service.grow_and_insert(front_end.index());
                }
            }
            Event::Begin { step } => {
                if let Some(front_end) = glimpse.graph.kind(*step).front_end() {
                    forget(&mut memory.proved, front_end.index());
                    forget(&mut memory.died, front_end.index());
                }
            }
            Event::Approved { step } => {
                self.memory.databases_approved |=
                    glimpse.graph.kind(*step) == StepKind::Approve(Approval::Databases);
            }
            Event::Answered { step, answer: Answer::Accepting(_) } => self.accepted(glimpse, *step),
            Event::Elapsed { timer } => self.accepted(glimpse, timer.step),
            _ => {}
        }
    }

    fn check(&mut self, invariant: Invariant, holds: bool, text: impl FnOnce() -> String) {
        self.checks[usize::from(invariant.number()) - 1] += 1;
        #[cfg(test)]
        let holds = holds || self.only.is_some_and(|only| only != invariant);
        if !holds {
            self.violations.push(Violation { invariant, text: text() });
        }
    }

    fn is_skipped(&self, front_end: FrontEndId) -> bool {
        self.memory.skipped.contains(front_end.index())
    }

    /// Front ends that we took out and that nobody left out on purpose.
    fn out<T: Truth>(&self, glimpse: &Glimpse<'_, T>) -> impl Iterator<Item = FrontEndId> {
        let out = glimpse.truth.taken_out();
        out.filter(|id| !self.is_skipped(*id) && !self.memory.in_service.contains(id.index()))
    }

    fn follow_failover<T: Truth>(&mut self, glimpse: &Glimpse<'_, T>) {
        if !glimpse.truth.pool().serves() {
            self.memory.over = true;
        } else if self.memory.over && self.not_back(glimpse).next().is_none() {
            self.memory.over = false;
        }
    }

    /// The step may have proved that its front end accepts connections.
    fn accepted<T: Truth>(&mut self, glimpse: &Glimpse<'_, T>, step: StepId) {
        if let StepKind::Accept(front_end) = glimpse.graph.kind(step)
            && glimpse.run.state(step) == StepState::Done
        {
            self.memory.proved.grow_and_insert(front_end.index());
            forget(&mut self.memory.died, front_end.index());
            if glimpse.truth.is_dead(front_end) {
                self.memory.died.grow_and_insert(front_end.index());
            }
        }
    }

    /// One that died by itself after it was proved to accept connections may be up again and not serve yet; that is
    /// nothing that the run left behind.
    fn note_deaths<T: Truth>(&mut self, glimpse: &Glimpse<'_, T>) {
        // Before the next domain opens the pool is asked again.
        let at_work = matches!(glimpse.run.phase(), Phase::Open { .. } | Phase::Over { .. });
        for front_end in glimpse.truth.died() {
            if !at_work {
                self.memory.unheard.grow_and_insert(front_end.index());
            }
            if self.memory.proved.contains(front_end.index()) {
                self.memory.died.grow_and_insert(front_end.index());
            }
        }
    }

    /// Front ends that do not accept connections, though nobody left them out and they did not die.
    fn not_back<T: Truth>(&self, glimpse: &Glimpse<'_, T>) -> impl Iterator<Item = FrontEndId> {
        let truth = glimpse.truth;
        truth.inactive().chain(truth.taken_out()).filter(|id| !self.is_skipped(*id) && !truth.is_dead(*id))
    }

    fn one_domain_out<T: Truth>(&mut self, glimpse: &Glimpse<'_, T>) {
        let plan = glimpse.graph.plan();
        let one = {
            let mut domains = self.out(glimpse).map(|front_end| plan.front_end(front_end).domain);
            let first = domains.next();
            domains.all(|domain| Some(domain) == first)
        };
        let holds = one || self.memory.over;
        let out = if holds { Vec::new() } else { self.out(glimpse).collect() };
        self.check(Invariant::OneDomainOut, holds, || format!("{} are out", names(glimpse.graph, &out)));
    }

    fn fresh_readiness<T: Truth>(&mut self, glimpse: &Glimpse<'_, T>, domain: DomainId) {
        let given = glimpse.truth.readiness();
        let fresh = given.is_some_and(|given| given.ready && given.domain == Some(domain) && given.fresh);
        let holds = fresh && self.memory.heard_readiness;
        self.check(Invariant::FreshAnswers, holds, || {
            let stale = match given {
                None => "nobody asked the pool",
                Some(given) if given.domain != Some(domain) => "the newest answer is about another domain",
                Some(given) if !given.ready => "the newest answer is that it may not be taken",
                Some(given) if !given.fresh => "something was begun since the pool answered",
                Some(_) => "the pool was not asked since the run was taken up",
            };
            format!("{} opens, and {stale}", glimpse.graph.plan().domain(domain).name)
        });
    }

    /// Each trouble may send us to the other route once, and not after a resume.
    fn fails_over_on_fresh_trouble<T: Truth>(&mut self, glimpse: &Glimpse<'_, T>) {
        if glimpse.graph.failover_when() == FailoverWhen::Troubled {
            let fresh = std::mem::take(&mut self.memory.heard_trouble);
            self.check(Invariant::FreshAnswers, fresh, || "failing over begins on an old trouble".to_owned());
        }
    }

    fn stopped_before_upgrade<T: Truth>(&mut self, glimpse: &Glimpse<'_, T>) {
        let misdeeds = glimpse.truth.misdeeds();
        self.check(Invariant::StoppedBeforeUpgrade, misdeeds == Misdeeds::default(), || {
            let Misdeeds { upgraded_unstopped: running, started_unfinished: unfinished, upgraded_twice: twice } =
                misdeeds;
            format!("{running} upgrades of running services, {unfinished} starts of unfinished upgrades, {twice} second starts")
        });
    }

    /// A start begins: no upgrade of the front end may be one that was cut off and has not been done again since.
    fn started_in_doubt<T: Truth>(&mut self, glimpse: &Glimpse<'_, T>) {
        let Event::Begin { step } = glimpse.event else { return };
        let Some(Act::Start { front_end }) = glimpse.graph.act(*step) else { return };
        let upgrade = glimpse.graph.upgrade_of(front_end);
        let doubtful =
            (upgrade.start.0..upgrade.end.0).map(StepId).find(|step| match glimpse.graph.act(*step) {
                Some(Act::Perform { moment, index, .. }) => {
                    glimpse.truth.is_cut_off(front_end, moment, index)
                        && !self.memory.resolved.contains(step.index())
                }
                _ => false,
            });
        self.check(Invariant::StoppedBeforeUpgrade, doubtful.is_none(), || {
            let doubtful = doubtful.map_or("an upgrade", |step| glimpse.graph.step(step).name.as_str());
            format!("{} is started, and {doubtful} was cut off", names(glimpse.graph, &[front_end]))
        });
    }

    fn settled_between_domains<T: Truth>(&mut self, glimpse: &Glimpse<'_, T>, domain: DomainId) {
        let Some(last) = self.memory.opened.filter(|last| *last != domain) else { return };
        let truth = glimpse.truth;
        let front_ends = glimpse.graph.plan().domain(last).front_ends();
        let excused = |id: FrontEndId| self.is_skipped(id) || self.memory.unheard.contains(id.index());
        let not_back = front_ends.filter(|id| !excused(*id) && !truth.accepts(*id)).count();
        let quiet = truth.is_quiet_for(glimpse.graph.plan().settle().soak);
        self.check(Invariant::SettledBetweenDomains, not_back == 0 && quiet, || {
            let soaked = if quiet { "after" } else { "before" };
            let name = |id| glimpse.graph.plan().domain(id).name.as_str();
            let (next, last) = (name(domain), name(last));
            format!("{next} opens with {not_back} of {last} not back, {soaked} the end of the soak")
        });
    }

    /// A front end is about to be taken out: the count is fresh, the quorum stands after it, the window is open.
    fn taking_out<T: Truth>(&mut self, glimpse: &Glimpse<'_, T>, step: StepId, front_end: FrontEndId) {
        let truth = glimpse.truth;
        // Whoever is out, or serves nobody, is not taken out by this.
        let already_out = truth.taken_out().any(|out| out == front_end) || !truth.accepts(front_end);
        if self.memory.over {
            return;
        }
        if !already_out {
            self.inside_the_window(glimpse, Duration::ZERO, "a stop begins");
            let heard = self.memory.heard_readiness;
            self.check(Invariant::FreshAnswers, heard, || {
                format!(
                    "{} begins, and the pool was not asked since the run was taken up",
                    glimpse.graph.step(step).name
                )
            });
        }
        let fresh = self.memory.heard_count && truth.is_count_fresh(front_end);
        self.check(Invariant::FreshAnswers, fresh || already_out, || {
            format!("{} begins on a count of before another stop", glimpse.graph.step(step).name)
        });
        let mut down = Vec::new();
        let counted = truth.counted_inactive(&mut down).is_some();
        down.extend(truth.taken_out());
        down.push(front_end);
        let stands = counted && glimpse.graph.plan().pool().quorum.stands_without(&mut down);
        self.check(Invariant::QuorumStands, stands || already_out, || {
            let (step, down) = (&glimpse.graph.step(step).name, names(glimpse.graph, &down));
            format!("{step} begins, and the quorum does not stand without {down}")
        });
    }

    fn failed_over_once<T: Truth>(&mut self, glimpse: &Glimpse<'_, T>) {
        let (pool, times) = (glimpse.truth.pool(), glimpse.truth.failovers_succeeded());
        let said = pool == PoolState::Active || glimpse.run.served(glimpse.graph) != Served::Here;
        self.check(Invariant::FailedOverOnce, times <= 1 && said, || match said {
            true => format!("the pool was failed over {times} times"),
            false => {
                "the run says that the pool serves its users, and it is failed over or about to be".to_owned()
            }
        });
    }

    /// Remembers which actions of the upgrade are known done.
    fn known_done<T: Truth>(&mut self, glimpse: &Glimpse<'_, T>) {
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
            if let (true, Some(Act::Perform { moment: Moment::Upgrade, .. })) = (known, graph.act(step)) {
                self.memory.known_done.grow_and_insert(step.index());
            }
        }
    }

    /// No action of an upgrade begins after it is known done. What takes a front end out has been tried again once it has
    /// begun, not while it is asked whether it may.
    fn began_again<T: Truth>(&mut self, glimpse: &Glimpse<'_, T>) {
        for act in glimpse.truth.begun() {
            if let Some(front_end) = takes_out(act) {
                forget(&mut self.memory.in_service, front_end.index());
            }
            if act == Act::UpdateDatabases {
                self.databases_last(glimpse);
            }
            if let Act::Perform { front_end, moment: Moment::Upgrade, index } = act {
                let step = StepId(glimpse.graph.upgrade_of(front_end).start.0 + u32::from(index));
                let again = self.memory.known_done.contains(step.index());
                self.check(Invariant::CompleteMeansUpgraded, !again, || {
                    format!("{} began again after it was known done", glimpse.graph.step(step).name)
                });
            }
        }
    }

    fn databases_last<T: Truth>(&mut self, glimpse: &Glimpse<'_, T>) {
        let truth = glimpse.truth;
        let old = glimpse.graph.plan().front_end_ids().find(|id| !truth.is_upgraded(*id));
        let out = self.out(glimpse).next();
        let approved = self.memory.databases_approved;
        let holds = approved && old.is_none() && out.is_none() && truth.pool() == PoolState::Active;
        self.check(Invariant::DatabasesLast, holds, || match (old, out) {
            _ if !approved => "the databases are updated, and nobody approved it".to_owned(),
            (Some(old), _) => {
                format!("the databases are updated, and {} is not", names(glimpse.graph, &[old]))
            }
            (_, Some(out)) => {
                format!("the databases are updated while {} is out", names(glimpse.graph, &[out]))
            }
            _ => "the databases are updated while the pool does not serve".to_owned(),
        });
    }

    fn complete_means_upgraded<T: Truth>(&mut self, glimpse: &Glimpse<'_, T>, outcome: Outcome) {
        if outcome != Outcome::Complete {
            return;
        }
        let all = glimpse.graph.plan().front_end_ids();
        let left = all.filter(|id| !self.is_skipped(*id) && !glimpse.truth.is_upgraded(*id)).count();
        self.check(Invariant::CompleteMeansUpgraded, left == 0, || {
            format!("complete, and {left} front ends are not at the planned version")
        });
    }

    fn inside_the_window<T: Truth>(&mut self, glimpse: &Glimpse<'_, T>, needed: Duration, what: &str) {
        if glimpse.graph.plan().window().is_some() {
            let fits = glimpse.truth.fits_window(needed);
            self.check(Invariant::InsideTheWindow, fits, || {
                format!("{what} when it does not fit the window")
            });
        }
    }

    fn nothing_left_out<T: Truth>(&mut self, glimpse: &Glimpse<'_, T>, outcome: Outcome) {
        if !matches!(outcome, Outcome::Complete | Outcome::Paused(_) | Outcome::Stopped) {
            return;
        }
        let truth = glimpse.truth;
        let troubled = |id: FrontEndId| {
            outcome == Outcome::Stopped
                && glimpse.run.stuck().any(|step| glimpse.graph.kind(step).front_end() == Some(id))
        };
        // Who died is itself in trouble.
        let excused =
            |id: &FrontEndId| troubled(*id) || truth.is_dead(*id) || self.memory.died.contains(id.index());
        // After failing back whoever failing over stopped is out as well.
        let left: Vec<FrontEndId> = if self.memory.over {
            self.not_back(glimpse).filter(|id| !excused(id)).collect()
        } else {
            self.out(glimpse).filter(|id| !excused(id)).collect()
        };
        let failed_over = truth.pool() != PoolState::Active || truth.is_half_way();
        self.check(Invariant::NothingLeftOut, left.is_empty() || failed_over, || {
            format!("the run is {}, and leaves {} out", outcome.word(), names(glimpse.graph, &left))
        });
    }
}

/// Front ends by their names.
fn names(graph: &StepGraph, front_ends: &[FrontEndId]) -> String {
    let names = front_ends.iter().map(|id| graph.plan().front_end(*id).fqdn.as_str());
    names.collect::<Vec<_>>().join(", ")
}

/// The step and the front end, if this event set a stop (or an action before it) on its way.
fn began_taking_out<T>(glimpse: &Glimpse<'_, T>) -> Option<(StepId, FrontEndId)> {
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
