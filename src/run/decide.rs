//! What the machine decides by itself: the next event that needs nobody's answer.

use super::state::{Clearance, GateAt, StepState};
use super::{Course, Event, Mistake, Outcome, Phase, Run, Why};
use crate::graph::{Approval, Link, Route, StepGraph, StepId, StepKind};
use crate::plan::{Act, DomainId, FailoverWhen, FrontEndId, Product};

/// Front ends that are looked at together before the run. Questions change nothing, but each may hold a connection.
pub const PREFLIGHT_AT_ONCE: u32 = 16;

impl Run {
    /// The next event that needs nobody's answer; `None` when the run waits for the world or has ended.
    ///
    /// The decision is the event: there is no list of actions that could go stale. Pure, and the same for the same
    /// state.
    pub fn decide(&self, graph: &StepGraph) -> Option<Event> {
        if let Course::Ended(_) = self.core.course {
            return None;
        }
        if let Some(event) = self.decide_trouble(graph) {
            return Some(event);
        }
        if self.core.course == Course::Forward
            && let Some(event) = self.decide_phase(graph)
        {
            return Some(event);
        }
        let cut_short = self.makes(Mistake::StopLeavesAllOut) && self.core.course == Course::Stopping;
        if let Some(step) = self.next_step(graph).filter(|_| !cut_short) {
            return Some(Event::Begin { step });
        }
        self.decide_end()
    }

    /// A step that needs a person ends the forward motion, unless the plan tolerates it.
    fn decide_trouble(&self, graph: &StepGraph) -> Option<Event> {
        let tolerable = |step: &StepId| self.tolerable(graph, *step);
        // What was begun on it may be going on still: it is left out once that is known, or is in doubt for a person.
        let mut stuck = self.index.stuck.iter();
        if let Some(front_end) = stuck.clone().filter_map(tolerable).find(|id| !self.is_in_doubt(graph, *id))
        {
            return Some(Event::Forgo { front_end });
        }
        let step = *stuck.find(|step| tolerable(step).is_none())?;
        (self.core.course != Course::Stopping).then_some(Event::Halt { step })
    }

    /// The front end of a stuck step, if the plan goes on without it.
    fn tolerable(&self, graph: &StepGraph, step: StepId) -> Option<FrontEndId> {
        let front_end = graph.kind(step).front_end()?;
        (self.has_failed(graph, step) && self.tolerates_one_more(graph)).then_some(front_end)
    }

    /// Whether the plan goes on without one more front end.
    pub(crate) fn tolerates_one_more(&self, graph: &StepGraph) -> bool {
        let plan = graph.plan();
        plan.product() == Product::Generic && self.core.forgone + 1 < plan.failed_front_ends()
    }

    /// Whether a step needs a person because its front end failed.
    pub(crate) fn has_failed(&self, graph: &StepGraph, step: StepId) -> bool {
        // It is the front end that failed: not a pool that cannot spare it, and not somebody who does not answer for it.
        // What is in doubt may still be going on.
        match (self.state(step), graph.kind(step)) {
            (StepState::Stuck(Why::Failed), _) => true,
            (StepState::Stuck(Why::Unhealthy), kind) => matches!(kind, StepKind::Accept(_)),
            (StepState::Stuck(Why::Unanswered), kind) => matches!(kind, StepKind::Preflight(_)),
            _ => false,
        }
    }

    /// The next phase, once this one has nothing left to do.
    fn decide_phase(&self, graph: &StepGraph) -> Option<Event> {
        let enter = |phase| Some(Event::Enter { phase });
        match self.core.phase {
            Phase::Preflight if self.index.preflight_open == 0 => {
                if graph.failover_when() == FailoverWhen::Always && self.index.upgrades_open > 0 {
                    return enter(Phase::Over { from: None });
                }
                self.next_domain(graph, DomainId(0))
            }
            Phase::Gate(domain) => match self.state(graph.domain(domain).ready) {
                StepState::Done => enter(Phase::Open { domain, more: true }),
                StepState::Gate(gate) if gate.at == GateAt::Troubled => {
                    enter(Phase::Over { from: Some(domain) })
                }
                // Its last front ends were skipped: what was done to the others still has to settle.
                _ if self.index.domain_open(domain) == 0 => enter(Phase::Settle(Some(domain))),
                _ => None,
            },
            Phase::Open { domain, more } => {
                if self.index.domain_open(domain) == 0 {
                    enter(Phase::Settle(Some(domain)))
                } else if !more && self.index.out.is_empty() && !self.takes_nobody_out(graph, domain) {
                    enter(Phase::Gate(domain))
                } else {
                    None
                }
            }
            Phase::Over { .. } => {
                let over = graph.over()?;
                let back = self.state(over.fail_back).is_satisfied() && self.index.open == 0;
                if back { enter(Phase::Settle(None)) } else { None }
            }
            Phase::Settle(Some(domain)) => {
                let steps = graph.domain(domain);
                let approved = steps.approve_after.is_none_or(|step| self.state(step).is_satisfied());
                if self.state(steps.settle).is_satisfied() && approved {
                    self.next_domain(graph, domain)
                } else {
                    None
                }
            }
            Phase::Settle(None) => {
                let settled = graph.over().is_some_and(|over| self.state(over.settle).is_satisfied());
                if settled { enter(self.after_all(graph)) } else { None }
            }
            Phase::Databases if self.after_all(graph) == Phase::Finished => enter(Phase::Finished),
            Phase::Databases => None,
            Phase::Preflight | Phase::Finished => None,
        }
    }

    /// What comes once all front ends are done with. While one is left out the databases stay as they are: what is not upgraded
    /// expects the old ones.
    fn after_all(&self, graph: &StepGraph) -> Phase {
        let Some(databases) = graph.databases() else { return Phase::Finished };
        let left_out = graph.plan().front_end_ids().any(|front_end| self.is_skipped(graph, front_end))
            && !self.makes(Mistake::DatabasesBeforeAll);
        match self.state(databases.update) {
            StepState::Pending(_) if left_out => Phase::Finished,
            state if state.is_satisfied() => Phase::Finished,
            _ => Phase::Databases,
        }
    }

    /// Whether the domain has nobody who still has to be taken out.
    fn takes_nobody_out(&self, graph: &StepGraph, domain: DomainId) -> bool {
        let mut front_ends = graph.plan().domain(domain).front_ends();
        front_ends.all(|front_end| self.state(graph.first_of(front_end)).is_satisfied())
    }

    /// From `domain` on: passes what needs nothing, enters the gate of the next that does, or finishes. A domain whose
    /// front ends need only be started has no gate: the pool might wait for just them.
    fn next_domain(&self, graph: &StepGraph, domain: DomainId) -> Option<Event> {
        let domains = graph.plan().pool().domains.len() as u16;
        let mut domain = domain;
        while domain.0 < domains && self.state(graph.domain(domain).settle).is_satisfied() {
            domain.0 += 1;
        }
        Some(if domain.0 == domains {
            Event::Enter { phase: self.after_all(graph) }
        } else if self.index.domain_open(domain) == 0 {
            Event::Pass { domain }
        } else if self.takes_nobody_out(graph, domain) {
            Event::Enter { phase: Phase::Open { domain, more: false } }
        } else {
            Event::Enter { phase: Phase::Gate(domain) }
        })
    }

    /// Which step begins next. What brings a front end back never asks whether the run goes forward.
    fn next_step(&self, graph: &StepGraph) -> Option<StepId> {
        let forward = self.core.course == Course::Forward;
        match self.core.phase {
            Phase::Preflight => {
                let place = self.index.preflight_running < PREFLIGHT_AT_ONCE;
                (forward && place).then(|| self.ready(graph).next())?
            }
            Phase::Gate(_) | Phase::Settle(_) | Phase::Databases => {
                forward.then(|| self.ready(graph).next())?
            }
            Phase::Open { .. } | Phase::Over { .. } => {
                self.goes_on(graph).next().or_else(|| self.entries(graph).first().copied())
            }
            Phase::Finished => None,
        }
    }

    /// Steps that wait for nothing and have their turn, in their order.
    fn ready(&self, graph: &StepGraph) -> impl Iterator<Item = StepId> {
        self.index.ready.iter().copied().filter(|step| self.has_its_turn(graph, *step))
    }

    /// Steps by which front ends that are out, or at work, go on. All of them begin, one after the other, unless one keeps
    /// another from being counted.
    fn goes_on(&self, graph: &StepGraph) -> impl Iterator<Item = StepId> {
        let comes_back = matches!(self.core.phase, Phase::Open { .. }) || self.is_failed_back(graph);
        let forward = self.core.course == Course::Forward;
        let chain = comes_back.then(|| self.in_chain(graph)).into_iter().flatten();
        chain.chain((!comes_back && forward).then(|| self.ready(graph)).into_iter().flatten())
    }

    /// First steps of the front ends that may be next to be worked on, when nobody goes on.
    fn entries(&self, graph: &StepGraph) -> &[StepId] {
        let at_once = graph.plan().at_once();
        let free = || self.index.counting.is_none() && !self.is_clearing();
        let place = match self.core.phase {
            Phase::Open { more, .. } => more && self.index.at_work < at_once.front_ends && free(),
            Phase::Over { .. } => {
                self.index.at_work < at_once.failed_over_upgrades && !self.is_failed_back(graph)
            }
            _ => false,
        };
        if place && self.core.course == Course::Forward { &self.index.entries } else { &[] }
    }

    /// Steps that could begin in the place of the one that does while a domain is open, if its front ends stood in another
    /// order: no rule but their order chooses between them. (Before the run all are asked at once. Whom the plan's tolerance
    /// leaves out is left out as soon as it fails, so there are never two to choose from.)
    pub(crate) fn other_turns(&self, graph: &StepGraph, begins: StepId) -> Vec<StepId> {
        if !matches!(self.core.phase, Phase::Open { .. }) {
            return Vec::new();
        }
        let goes_on: Vec<StepId> = self.goes_on(graph).collect();
        let turns = if goes_on.is_empty() { self.entries(graph) } else { &goes_on };
        turns.iter().copied().filter(|step| *step != begins).collect()
    }

    /// Begins one of those.
    pub(crate) fn begin_out_of_turn(&mut self, graph: &StepGraph, step: StepId) {
        self.begin(graph, step);
    }

    /// The table: which step may begin in which phase, once nothing that it waits for is missing.
    fn has_its_turn(&self, graph: &StepGraph, step: StepId) -> bool {
        let kind = graph.kind(step);
        match self.core.phase {
            Phase::Preflight => matches!(kind, StepKind::Preflight(_) | StepKind::PreflightPartner),
            Phase::Gate(domain) => {
                matches!(kind, StepKind::Ready(of) | StepKind::Approve(Approval::Before(of)) if of == domain)
            }
            Phase::Open { domain, .. } => graph.link(step).is_some() && self.belongs(graph, kind, domain),
            Phase::Over { .. } => true,
            Phase::Settle(Some(domain)) => match kind {
                StepKind::Settle(of) => of == Some(domain),
                StepKind::Approve(approval) => approval == Approval::After(domain),
                _ => false,
            },
            Phase::Settle(None) => kind == StepKind::Settle(None),
            Phase::Databases => matches!(
                kind,
                StepKind::Approve(Approval::Databases) | StepKind::Ensure(Act::UpdateDatabases)
            ),
            Phase::Finished => false,
        }
    }

    fn belongs(&self, graph: &StepGraph, kind: StepKind, domain: DomainId) -> bool {
        kind.front_end().is_some_and(|front_end| graph.plan().front_end(front_end).domain == domain)
    }

    /// The next steps of front ends that are out. There are never more of these than are out at once.
    fn in_chain(&self, graph: &StepGraph) -> impl Iterator<Item = StepId> {
        let rolling = self.index.route == Route::Rolling;
        let may = move |step: &StepId| {
            let counting = self.index.counting.is_some_and(|step| {
                let window = matches!(self.state(step), StepState::Clearing(_, Clearance::Window));
                !(window && self.makes(Mistake::CountsBesideAWindow))
            });
            let counts = counting && matches!(self.clearance(graph, *step), Some(Clearance::Count(_)));
            // What is in trouble stays as it is: nothing more is begun on a front end with a stuck step.
            let front_end = graph.kind(*step).front_end();
            let stuck = self.index.stuck.iter().any(|stuck| graph.kind(*stuck).front_end() == front_end);
            graph.link(*step).is_some() && self.has_its_turn(graph, *step) && !counts && !stuck
        };
        // A front end that is out and whose first step has to be done again stands among the entries.
        let out = self.index.out.iter().filter(move |_| rolling).map(|front_end| graph.first_of(*front_end));
        let again = out.filter(|step| self.index.entries.contains(*step));
        self.index.ready.iter().copied().chain(again).filter(may)
    }

    /// An entry that has been counted and asks for the window holds its place too.
    fn is_clearing(&self) -> bool {
        self.index.active.iter().any(|step| matches!(self.state(*step), StepState::Clearing(..)))
    }

    /// Whether the pool was failed back, so that what follows brings front ends back.
    pub(crate) fn is_failed_back(&self, graph: &StepGraph) -> bool {
        graph.over().is_some_and(|over| self.state(over.fail_back).is_satisfied())
    }

    /// What is asked before a step begins. On the failed-over route nobody is taken out by a stop any more, so the window
    /// is asked before failing over and not again.
    pub(super) fn clearance(&self, graph: &StepGraph, step: StepId) -> Option<Clearance> {
        let StepState::Pending(tried) = self.state(step) else { return None };
        let rolling = self.index.route == Route::Rolling;
        match graph.kind(step) {
            StepKind::Ensure(Act::FailOver) => Some(Clearance::Partner(0)),
            StepKind::Ensure(Act::UpdateDatabases) => Some(Clearance::Window),
            // Going on with a stop that was found half way, or with an action before it that ran and failed, takes nobody out.
            StepKind::Ensure(act) if matches!(act, Act::Stop { .. }) || graph.takes_out(step) => {
                let out = tried.partly && !self.makes(Mistake::CountsWhoIsOut);
                (rolling && !out).then_some(Clearance::Count(0))
            }
            StepKind::Ensure(_) if graph.link(step) == Some(Link::Upgrade) => {
                if self.makes(Mistake::WindowBeforeUpgrade) {
                    return Some(Clearance::Window);
                }
                (!self.makes(Mistake::StopProofOutlives)).then_some(Clearance::Stopped)
            }
            _ => None,
        }
    }

    /// A run ends when it is finished, or when it goes no further and nothing of ours is left to come back.
    fn decide_end(&self) -> Option<Event> {
        // Whoever is out and waits for a count is still to be brought back; the others were taken back by the turn.
        let quiet = self.index.underway == 0 && !self.is_clearing();
        let outcome = match self.core.course {
            Course::Forward if self.core.phase == Phase::Finished => Outcome::Complete,
            Course::Pausing(why) if quiet => Outcome::Paused(why),
            Course::Stopping if quiet => Outcome::Stopped,
            _ => return None,
        };
        Some(Event::End { outcome })
    }
}
