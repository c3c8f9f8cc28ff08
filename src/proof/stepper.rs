//! Goes on from one state by everything that can happen in it.

use std::cell::Cell;

use super::alike::Alike;
use super::answers::{Helps, Move};
use super::monitor::{Glimpse, Monitor, Violation};
use super::node::{Fault, Happened, Node, Successor};
use super::turns::may_have_any_turn;
use super::waiting::Waiting;
use super::world::Becomes;
use super::{Invariant, Reduction};
use crate::graph::{StepGraph, StepId, StepKind};
use crate::plan::{FrontEndId, Observation};
use crate::run::{Event, Outcome, StepState, Want, Wanted};

/// Goes on from states. Its buffers are used again and again, so that a state costs no allocation.
#[derive(Debug)]
pub(super) struct Stepper<'g> {
    pub(super) graph: &'g StepGraph,
    pub(super) at: Node,
    pub(super) next: Node,
    torn: Node,
    said_in: Node,
    pub(super) monitor: Monitor,
    moves: Vec<Move>,
    pub(super) wanted: Wanted,
    then: Wanted,
    /// What happened on the way to the present successor, if anybody wants to know.
    pub(super) trace: Option<Vec<Happened>>,
    pub(super) reduction: Reduction,
    /// The one front end that sees the process die, while it is found out what this front end does alone.
    pub(super) scope: Option<FrontEndId>,
    pub(super) waiting: Waiting,
    /// Nothing more of what follows is needed: it is known already that it does not concern this front end alone.
    pub(super) enough: Cell<bool>,
    /// Whether what that front end comes to may be settled before it is seen.
    pub(super) settles_fates: bool,
    /// The process has just taken the run up: nothing of what was wanted is in flight any more.
    pub(super) anew: bool,
    /// The process has died between two decisions, and it is found out what follows.
    is_torn: bool,
    pub(super) alike: Alike,
    /// Whether each front end that could have the next turn in some order has it. A limit is a front end's own, so not where
    /// counts are kept.
    takes_other_turns: bool,
    /// The step whose count is taken for the last.
    counted: Option<StepId>,
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
            enough: Cell::new(false),
            settles_fates: false,
            anew: false,
            is_torn: false,
            alike: Alike::new(graph),
            takes_other_turns: reduction.alike && reduction.counts && may_have_any_turn(graph),
            counted: None,
        }
    }

    #[cfg(test)]
    pub(super) fn ask_only(&mut self, only: Option<Invariant>) {
        self.monitor.only = only;
    }

    pub(super) fn checks(&self) -> &[u64; Invariant::ALL.len()] {
        self.monitor.checks()
    }

    /// The first state: a new run, come to rest. Or as many as there are choices of what interferes.
    pub(super) fn first(&mut self, found: &mut dyn FnMut(Successor<'_>)) {
        self.wanted = Wanted::default();
        let budgets = self.at.left;
        let shares = if self.reduction.shares { budgets.shares() } else { vec![budgets] };
        for share in shares {
            self.at.left = share;
            self.next.become_like(&self.at);
            self.open();
            let fault = self.rest(found);
            self.emit(Helps::Best, fault, found);
        }
        self.at.left = budgets;
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
        self.fulfil_fates(found);
        if outcome.is_none() {
            self.deaths(None, found);
        }
        if !outcome.is_some_and(Outcome::is_final) {
            self.persons(found);
        }
        self.last_counts(None, found);
        standing
    }

    /// What follows when what is wanted, as far as it `is` asked for here, is answered.
    pub(super) fn answers(&mut self, is: impl Fn(Want) -> bool, found: &mut dyn FnMut(Successor<'_>)) {
        self.answers_that(|want, _| is(want), found);
    }

    fn answers_that(&mut self, is: impl Fn(Want, &Event) -> bool, found: &mut dyn FnMut(Successor<'_>)) {
        let mut moves = std::mem::take(&mut self.moves);
        moves.clear();
        for want in self.wanted.iter() {
            if self.is_fated(want.step()) {
                continue;
            }
            let from = moves.len();
            self.at.world.answers(self.graph, want, &mut moves);
            let mut nth = 0;
            moves.retain(|made| {
                nth += 1;
                nth <= from || is(want, &made.event)
            });
        }
        for made in &moves {
            if self.enough.get() {
                break;
            }
            if !made.finds || self.at.left.found > 0 {
                self.make(made, found);
            }
        }
        self.moves = moves;
    }

    /// What follows an answer when the counts of its step, which were forgotten, are the last that their limits allow: of
    /// all steps, or of those of one front end.
    pub(super) fn last_counts(&mut self, one: Option<FrontEndId>, found: &mut dyn FnMut(Successor<'_>)) {
        if !self.reduction.counts {
            return;
        }
        let active: Vec<StepId> = self.at.run.active().collect();
        for step in active {
            let meant = one.is_none() || self.graph.kind(step).front_end() == one;
            if meant && !self.enough.get() && !self.is_fated(step) {
                self.last_count(step, found);
            }
        }
        self.at.run.wanted(self.graph, &mut self.wanted);
    }

    fn last_count(&mut self, step: StepId, found: &mut dyn FnMut(Successor<'_>)) {
        let lowest = self.at.run.state(step);
        self.counted = Some(step);
        for (other, decides) in self.at.run.forgotten_counts(self.graph, step) {
            self.at.run.put(step, other);
            self.at.run.wanted(self.graph, &mut self.wanted);
            let decided = |want: Want, event: &Event| want.step() == step && decides.is_about(want, event);
            self.answers_that(decided, &mut |successor| {
                let helps = if successor.ran_out { Helps::RunsOut } else { Helps::Least };
                found(Successor { helps, ..successor });
            });
        }
        self.counted = None;
        self.at.run.put(step, lowest);
    }

    pub(super) fn open(&mut self) {
        if let Some(trace) = &mut self.trace {
            trace.clear();
        }
        self.monitor.memory.clone_from(&self.next.memory);
        self.anew = false;
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
        let fault = self.fold(&made.event);
        if fault.is_none() && self.seals_a_fate() {
            return self.emit(made.helps, None, found);
        }
        let fault = fault.or_else(|| self.rest(found));
        self.emit(made.helps, fault, found);
    }

    /// Front ends die by themselves: all that can, or one.
    pub(super) fn deaths(&mut self, one: Option<FrontEndId>, found: &mut dyn FnMut(Successor<'_>)) {
        if self.at.left.deaths == 0 {
            return;
        }
        let postpones = self.postpones();
        for front_end in self.graph.plan().front_end_ids().filter(|id| one.is_none_or(|one| one == *id)) {
            let server = self.at.world.server(front_end);
            // Whose fate is settled dies before that, or later.
            if self.enough.get()
                || server.dead
                || server.fate.is_some()
                || postpones && self.at.is_idle(self.graph, front_end)
            {
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
                self.next.memory.clone_from(&self.monitor.memory);
                self.said_in.become_like(&self.next);
                let trace = self.trace.clone();
                self.say(trace.as_deref(), None, found);
                self.next.become_like(&self.said_in);
                self.open();
                self.anew = true;
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
        self.anew = false;
        self.say(None, one, found);
    }

    /// A process takes the run up, some time later, and perhaps in another window.
    fn take_up(&mut self) -> Option<Fault> {
        self.next.world.forget_what_just_happened();
        self.next.world.closed = false;
        self.anew = true;
        self.fold(&Event::Resumed)
    }

    /// Everything that makes sense that a person may say in the state `said_in`, after what happened `since`.
    fn say(
        &mut self,
        since: Option<&[Happened]>,
        one: Option<FrontEndId>,
        found: &mut dyn FnMut(Successor<'_>),
    ) {
        let (graph, anew) = (self.graph, self.anew);
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
            // Of one that needs nobody it changes nothing.
            if !self.reduction.past || matches!(run.state(step), StepState::Stuck(_)) {
                may_say(Event::Retry { step }, Becomes::Same);
            }
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
            if self.enough.get() {
                break;
            }
            self.next.become_like(&self.said_in);
            self.open();
            self.anew = anew;
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
        self.see(event)
    }

    /// Looks once after an event.
    pub(super) fn see(&mut self, event: &Event) -> Option<Fault> {
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
                let nothing = Wanted::default();
                let before = if self.anew { &nothing } else { &self.wanted };
                self.next.world.begin(self.graph, before, &self.then);
                return self.notice();
            };
            if !self.is_torn && self.next.left.crashes > 0 && self.next.run.outcome().is_none() {
                self.tear(found);
            }
            if let (Event::Begin { step }, true) = (&event, self.takes_other_turns) {
                self.take_other_turns(*step, found);
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
        let (trace, anew) = (self.trace.clone(), self.anew);
        self.note(|| Happened::Crashed);
        let fault = if let Some(front_end) = self.scope {
            self.next.run.interrupt(self.graph, front_end);
            None
        } else {
            self.next.left.spend(|left| &mut left.crashes);
            self.take_up()
        };
        // One crash at a time: the next is met when this one's state is left.
        self.is_torn = true;
        let fault = fault.or_else(|| self.rest(found));
        self.is_torn = false;
        self.emit(Helps::Not, fault, found);
        self.next.become_like(&self.torn);
        self.monitor.memory.clone_from(&self.torn.memory);
        self.trace = trace;
        self.anew = anew;
    }

    pub(super) fn emit(&mut self, helps: Helps, fault: Option<Fault>, found: &mut dyn FnMut(Successor<'_>)) {
        self.next.world.forget_what_just_happened();
        self.next.memory.clone_from(&self.monitor.memory);
        // Before the step is taken for that of another front end.
        let ran_out = self.counted.is_some_and(|step| {
            matches!(self.next.run.state(step), StepState::Stuck(_) | StepState::Skipped)
        });
        if self.reduction.counts {
            self.next.forget_counts(self.graph);
        }
        if self.reduction.past {
            self.next.forget_the_past(self.graph);
        }
        // Whether it concerns one front end alone is seen before it is taken for another.
        if self.scope.is_none() {
            self.sort_alike();
        }
        let trace = self.trace.as_deref().unwrap_or_default();
        found(Successor {
            node: &self.next,
            at: &self.at,
            helps,
            ran_out,
            fault,
            trace,
            enough: &self.enough,
        });
    }

    fn sort_alike(&mut self) {
        if self.reduction.alike {
            // A limit is a front end's own: where counts are kept, it is looked for what ends a loop.
            self.next.sort_alike(self.graph, !self.reduction.counts, &mut self.alike);
        }
    }

    /// Hands over a successor that was found while it was not known yet whether it concerns one front end alone.
    pub(super) fn hand_over(
        &mut self,
        node: &Node,
        helps: Helps,
        fault: Option<Fault>,
        trace: &[Happened],
        found: &mut dyn FnMut(Successor<'_>),
    ) {
        self.next.become_like(node);
        self.sort_alike();
        let (node, at, enough) = (&self.next, &self.at, &self.enough);
        found(Successor { node, at, helps, ran_out: false, fault, trace, enough });
    }
}
