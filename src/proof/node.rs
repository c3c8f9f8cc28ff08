//! One state of a proof, and everything that can happen in it.
//!
//! A state is a run at rest, the world beside it, what the monitor remembers, and how much may still interfere. From a
//! state the run goes on by one thing that happens (an answer, a limit, a death, a person, a crash) and by everything
//! that the machine then decides by itself, until it waits again.

use super::answers::{Helps, Move};
use super::memory::Memory;
use super::monitor::{Glimpse, Monitor, Violation};
use super::orders::Waiting;
use super::world::{Becomes, World};
use super::{Invariant, Reduction, Truth};
use crate::graph::{StepGraph, StepId, StepKind};
use crate::plan::{FrontEndId, Observation};
use crate::run::packed::Reader;
use crate::run::{Event, Outcome, Run, StepState, Want, Wanted};

/// How much may interfere in one history: what is bounded, so that there are not too many of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Budgets {
    /// How often the process is taken up again: after a crash, a pause, a stop or an abort.
    pub crashes: u8,
    /// How many front ends die by themselves.
    pub deaths: u8,
    /// What persons do beside resuming and approving: pause, abort, retry, skip, resolve.
    pub acts: u8,
    /// How many front ends are found otherwise than planned before the run: upgraded already, or down.
    pub found: u8,
    /// How many of all these together.
    pub together: u8,
}

impl Budgets {
    /// Nothing interferes.
    pub const NONE: Budgets = Budgets { crashes: 0, deaths: 0, acts: 0, found: 0, together: u8::MAX };

    /// One of the budgets was used. When all of them together are used up nothing is left of any.
    fn spend(&mut self, budget: impl FnOnce(&mut Budgets) -> &mut u8) {
        *budget(self) -= 1;
        self.together = self.together.saturating_sub(1);
        if self.together == 0 {
            *self = Budgets { together: 0, ..Budgets::NONE };
        }
    }
}

impl Default for Budgets {
    fn default() -> Budgets {
        Budgets { crashes: 1, deaths: 1, acts: 1, found: 1, together: 2 }
    }
}

/// One state.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) run: Run,
    pub(super) world: World,
    pub(super) memory: Memory,
    pub(super) left: Budgets,
}

impl Node {
    /// Before the first event.
    pub(super) fn new(run: Run, graph: &StepGraph, budgets: Budgets) -> Node {
        Node { run, world: World::new(graph), memory: Memory::default(), left: budgets }
    }

    pub(super) fn become_like(&mut self, other: &Node) {
        self.run.clone_from(&other.run);
        self.world.become_like(&other.world);
        self.memory.clone_from(&other.memory);
        self.left = other.left;
    }

    pub(super) fn pack(&self, bytes: &mut Vec<u8>) {
        bytes.clear();
        self.run.pack(bytes);
        self.world.pack(bytes);
        self.memory.pack(bytes);
        let Budgets { crashes, deaths, acts, found, together } = self.left;
        bytes.extend([crashes, deaths, acts, found, together]);
    }

    /// Becomes the state that was packed.
    pub(super) fn unpack(&mut self, graph: &StepGraph, bytes: &[u8]) -> Option<()> {
        let mut reader = Reader(self.run.unpack(graph, bytes)?);
        self.world.unpack(&mut reader)?;
        self.memory.unpack(&mut reader)?;
        let [crashes, deaths, acts, found] = [reader.byte()?, reader.byte()?, reader.byte()?, reader.byte()?];
        let together = reader.byte()?;
        self.left = Budgets { crashes, deaths, acts, found, together };
        Some(())
    }
}

/// What led from one state to the next, as it happened.
#[derive(Clone, Debug)]
pub enum Happened {
    /// The run folded it.
    Event(Event),
    /// A front end died by itself; perhaps it was up again before anybody looked.
    Died { front_end: FrontEndId, returns: bool },
    /// The process died.
    Crashed,
}

/// What a broken promise looks like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    Violation(Violation),
    /// An event that must be legal was refused.
    Refused(&'static str),
}

impl Fault {
    pub(super) fn violation(self) -> Violation {
        match self {
            Fault::Violation(violation) => violation,
            Fault::Refused(why) => {
                let text = format!("the machine refuses an answer that it asked for: {why}");
                Violation { invariant: Invariant::CanEnd, text }
            }
        }
    }
}

/// Goes on from states. Its buffers are used again and again, so that a state costs no allocation.
#[derive(Debug)]
pub(super) struct Stepper<'g> {
    pub(super) graph: &'g StepGraph,
    pub(super) at: Node,
    pub(super) next: Node,
    torn: Node,
    said_in: Node,
    monitor: Monitor,
    moves: Vec<Move>,
    pub(super) wanted: Wanted,
    then: Wanted,
    /// What happened on the way to the present successor, if anybody wants to know.
    pub(super) trace: Option<Vec<Happened>>,
    pub(super) reduction: Reduction,
    /// The one front end that sees the process die, while it is found out what this front end does alone.
    pub(super) scope: Option<FrontEndId>,
    pub(super) waiting: Waiting,
}

/// What a state is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    GoesOn,
    /// The run has ended, for now or for good.
    Ended,
    /// Nothing is wanted though the run has not ended, or something though it has.
    DeadEnd,
}

/// Where a way leads.
pub(super) struct Successor<'a> {
    pub(super) node: &'a Node,
    /// The state that was left.
    pub(super) at: &'a Node,
    pub(super) helps: Helps,
    pub(super) fault: Option<Fault>,
    pub(super) trace: &'a [Happened],
}

/// Decisions after one event before it is said that deciding never comes to rest. A run of the largest pool that can
/// be proved decides a few for each front end and domain.
const MOST_DECISIONS: usize = 2_000;

impl<'g> Stepper<'g> {
    pub(super) fn new(node: Node, graph: &'g StepGraph, reduction: Reduction) -> Stepper<'g> {
        Stepper {
            graph,
            at: node.clone(),
            next: node.clone(),
            torn: node.clone(),
            said_in: node,
            monitor: Monitor::new(),
            moves: Vec::new(),
            wanted: Wanted::default(),
            then: Wanted::default(),
            trace: None,
            reduction,
            scope: None,
            waiting: Waiting::default(),
        }
    }

    #[cfg(test)]
    pub(super) fn ask_only(&mut self, only: Option<Invariant>) {
        self.monitor.only = only;
    }

    pub(super) fn checks(&self) -> &[u64; Invariant::ALL.len()] {
        self.monitor.checks()
    }

    /// The first state: a new run, come to rest.
    pub(super) fn first(&mut self, found: &mut dyn FnMut(Successor<'_>)) {
        self.wanted = Wanted::default();
        self.next.become_like(&self.at);
        self.open();
        let fault = self.rest(found);
        self.emit(Helps::Best, fault, found);
    }

    /// Everything that can follow the present state, and what the state is.
    pub(super) fn leave(&mut self, found: &mut dyn FnMut(Successor<'_>)) -> Standing {
        self.at.run.wanted(self.graph, &mut self.wanted);
        let outcome = self.at.run.outcome();
        let standing = match (outcome.is_some(), self.wanted.is_empty()) {
            (false, false) => Standing::GoesOn,
            (true, true) => Standing::Ended,
            _ => Standing::DeadEnd,
        };
        if self.reduction.orders && standing == Standing::GoesOn && self.leave_by_one(found) {
            return standing;
        }
        self.answers(|_| true, found);
        if outcome.is_none() {
            self.deaths(None, found);
        }
        if !outcome.is_some_and(Outcome::is_final) {
            self.persons(found);
        }
        if self.reduction.counts {
            let active: Vec<StepId> = self.at.run.active().collect();
            active.into_iter().for_each(|step| self.last_count(step, found));
        }
        standing
    }

    /// What follows when what is wanted, as far as it `is` asked for here, is answered.
    pub(super) fn answers(&mut self, is: impl Fn(Want) -> bool, found: &mut dyn FnMut(Successor<'_>)) {
        let mut moves = std::mem::take(&mut self.moves);
        moves.clear();
        for want in self.wanted.iter().filter(|want| is(*want)) {
            self.at.world.answers(self.graph, want, &mut moves);
        }
        for made in &moves {
            if !made.finds || self.at.left.found > 0 {
                self.make(made, found);
            }
        }
        self.moves = moves;
    }

    /// What follows an answer when each count of the step, which was forgotten, is the last that its limit allows.
    pub(super) fn last_count(&mut self, step: StepId, found: &mut dyn FnMut(Successor<'_>)) {
        let Some(last) = self.at.run.last_count(self.graph, step) else { return };
        let lowest = self.at.run.state(step);
        self.at.run.recount(step, last);
        self.at.run.wanted(self.graph, &mut self.wanted);
        // Only an answer decides by a count.
        let asks = |want| matches!(want, Want::Ask { step: of, .. } if of == step);
        self.answers(asks, &mut |successor| {
            let ended = matches!(successor.node.run.state(step), StepState::Stuck(_) | StepState::Skipped);
            let helps = if ended { Helps::RunsOut } else { Helps::Least };
            found(Successor { helps, ..successor });
        });
        self.at.run.recount(step, lowest);
    }

    pub(super) fn open(&mut self) {
        if let Some(trace) = &mut self.trace {
            trace.clear();
        }
        self.monitor.memory.clone_from(&self.next.memory);
    }

    pub(super) fn note(&mut self, happened: impl FnOnce() -> Happened) {
        if let Some(trace) = &mut self.trace {
            trace.push(happened());
        }
    }

    fn make(&mut self, made: &Move, found: &mut dyn FnMut(Successor<'_>)) {
        self.next.become_like(&self.at);
        self.open();
        if made.finds {
            self.next.left.spend(|left| &mut left.found);
        }
        self.next.world.settle(made);
        let fault = self.fold(&made.event).or_else(|| self.rest(found));
        self.emit(made.helps, fault, found);
    }

    /// Front ends die by themselves: all that can, or one.
    pub(super) fn deaths(&mut self, one: Option<FrontEndId>, found: &mut dyn FnMut(Successor<'_>)) {
        if self.at.left.deaths == 0 {
            return;
        }
        let postpones = self.postpones();
        for front_end in self.graph.plan().front_end_ids().filter(|id| one.is_none_or(|one| one == *id)) {
            if self.at.world.is_dead(front_end) || postpones && self.at.is_idle(self.graph, front_end) {
                continue;
            }
            for returns in [false, true] {
                self.next.become_like(&self.at);
                self.open();
                self.next.left.spend(|left| &mut left.deaths);
                self.next.world.die(front_end, returns);
                self.note(|| Happened::Died { front_end, returns });
                let fault = self.notice();
                self.emit(Helps::Not, fault, found);
            }
        }
    }

    /// A process that dies and is taken up, and what persons say.
    fn persons(&mut self, found: &mut dyn FnMut(Successor<'_>)) {
        if self.at.left.crashes > 0 {
            self.next.become_like(&self.at);
            self.open();
            if self.at.run.outcome().is_none() {
                self.note(|| Happened::Crashed);
            }
            self.next.left.spend(|left| &mut left.crashes);
            let fault = self.take_up();
            if fault.is_none() && self.next.left.acts > 0 {
                // A person's word comes with the resume.
                self.said_in.become_like(&self.next);
                let trace = self.trace.clone();
                self.say(trace.as_deref(), None, found);
                self.next.become_like(&self.said_in);
                self.open();
                self.trace = trace;
            }
            let fault = fault.or_else(|| self.rest(found));
            self.emit(Helps::Not, fault, found);
        }
        if self.at.left.acts > 0 && self.at.run.outcome().is_none() {
            self.said(None, found);
        }
    }

    /// What persons say now: anything that makes sense, or of one front end.
    pub(super) fn said(&mut self, one: Option<FrontEndId>, found: &mut dyn FnMut(Successor<'_>)) {
        self.said_in.become_like(&self.at);
        self.say(None, one, found);
    }

    /// A process takes the run up, some time later, and perhaps in another window.
    fn take_up(&mut self) -> Option<Fault> {
        self.next.world.forget_what_just_happened();
        self.next.world.closed = false;
        self.fold(&Event::Resumed)
    }

    /// Everything that makes sense that a person may say in the state `said_in`, after what happened `since`.
    fn say(
        &mut self,
        since: Option<&[Happened]>,
        one: Option<FrontEndId>,
        found: &mut dyn FnMut(Successor<'_>),
    ) {
        let graph = self.graph;
        let mut sayings = std::mem::take(&mut self.moves);
        sayings.clear();
        let mut may_say =
            |event, becomes| sayings.push(Move { event, becomes, helps: Helps::Not, finds: false });
        if one.is_none() {
            may_say(Event::Pause, Becomes::Same);
            may_say(Event::Abort, Becomes::Same);
        }
        let is_meant = |front_end: Option<FrontEndId>| one.is_none() || one == front_end;
        let later = if self.postpones() { self.said_in.run.open_domain() } else { None };
        let is_later =
            |id: FrontEndId| later.is_some_and(|domain| graph.plan().front_end(id).domain != domain);
        let front_ends = graph.plan().front_end_ids().filter(|id| is_meant(Some(*id)) && !is_later(*id));
        front_ends.for_each(|front_end| may_say(Event::Skip { front_end }, Becomes::Same));
        let Node { run, world, .. } = &self.said_in;
        for step in run.stuck().chain(run.active()).filter(|step| is_meant(graph.kind(*step).front_end())) {
            may_say(Event::Retry { step }, Becomes::Same);
            if let StepKind::Ensure(act) = graph.kind(step) {
                // Who says how it ended knows.
                world.looks(graph, act, &mut |saw, becomes| match saw {
                    Observation::Done => may_say(Event::Resolve { step, done: true }, becomes),
                    Observation::NotDone => may_say(Event::Resolve { step, done: false }, becomes),
                    _ => {}
                });
            }
        }
        for made in &sayings {
            self.next.become_like(&self.said_in);
            self.open();
            if let Some(trace) = &mut self.trace {
                trace.extend_from_slice(since.unwrap_or_default());
            }
            self.next.left.spend(|left| &mut left.acts);
            self.next.world.settle(made);
            let fault = match self.fold(&made.event) {
                // It makes no sense here.
                Some(Fault::Refused(_)) => continue,
                fault => fault.or_else(|| self.rest(found)),
            };
            self.emit(Helps::Not, fault, found);
        }
        self.moves = sayings;
    }

    /// Folds one event and looks once.
    fn fold(&mut self, event: &Event) -> Option<Fault> {
        self.note(|| Happened::Event(event.clone()));
        if let Err(illegal) = self.next.run.apply(self.graph, event) {
            return Some(Fault::Refused(illegal.why));
        }
        let Node { run, world, .. } = &self.next;
        self.monitor.observe(&Glimpse { graph: self.graph, run, truth: world, event });
        self.monitor.take_violation().map(Fault::Violation)
    }

    /// Looks at what began or died, without an event.
    fn notice(&mut self) -> Option<Fault> {
        let Node { run, world, .. } = &self.next;
        self.monitor.notice(self.graph, run, world);
        self.monitor.take_violation().map(Fault::Violation)
    }

    /// Lets the machine decide until it waits, then begins what it wants. The process may die between any two decisions.
    pub(super) fn rest(&mut self, found: &mut dyn FnMut(Successor<'_>)) -> Option<Fault> {
        for _ in 0..MOST_DECISIONS {
            let Some(event) = self.next.run.decide(self.graph) else {
                self.next.run.wanted(self.graph, &mut self.then);
                self.next.world.begin(&self.wanted, &self.then);
                return self.notice();
            };
            if self.next.left.crashes > 0 && self.next.run.outcome().is_none() {
                self.tear(found);
            }
            if let Some(fault) = self.fold(&event) {
                return Some(fault);
            }
        }
        let text = "deciding does not come to rest".to_owned();
        Some(Fault::Violation(Violation { invariant: Invariant::CanEnd, text }))
    }

    /// The process dies here, with this event as its last record, and is taken up.
    fn tear(&mut self, found: &mut dyn FnMut(Successor<'_>)) {
        self.torn.become_like(&self.next);
        self.torn.memory.clone_from(&self.monitor.memory);
        let trace = self.trace.clone();
        self.note(|| Happened::Crashed);
        let mut left = self.next.left;
        let fault = if let Some(front_end) = self.scope {
            self.next.run.interrupt(self.graph, front_end);
            None
        } else {
            left.spend(|left| &mut left.crashes);
            self.take_up()
        };
        // One crash at a time: the next is met when this one's state is left.
        self.next.left = Budgets { crashes: 0, ..left };
        let fault = fault.or_else(|| self.rest(found));
        self.next.left = left;
        self.emit(Helps::Not, fault, found);
        self.next.become_like(&self.torn);
        self.monitor.memory.clone_from(&self.torn.memory);
        self.trace = trace;
    }

    pub(super) fn emit(&mut self, helps: Helps, fault: Option<Fault>, found: &mut dyn FnMut(Successor<'_>)) {
        self.next.world.forget_what_just_happened();
        self.next.memory.clone_from(&self.monitor.memory);
        if self.reduction.counts {
            self.next.run.forget_counts(self.graph);
        }
        if self.reduction.past {
            self.next.forget_the_past(self.graph);
        }
        let trace = self.trace.as_deref().unwrap_or_default();
        found(Successor { node: &self.next, at: &self.at, helps, fault, trace });
    }
}
