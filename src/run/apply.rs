//! The fold: how an event changes a run. The whole table of what is legal, used live and when a journal is read.

use super::event::illegal;
use super::state::{Clearance, Gate, GateAt, Pause, StepState, Try, Watch};
use super::{
    Course, Event, Illegal, Mistake, Outcome, PauseWhy, Phase, Run, Timer, TimerKind, Want, Why, WindowAnswer,
};
use crate::graph::{Link, Route, StepGraph, StepId, StepKind};
use crate::plan::{Act, AfterDrain, Answer, Count, DomainId, FailoverWhen, FrontEndId, Mode};
use crate::plan::{PartnerHealth, Problem, Readiness, VersionSeen};

impl Run {
    /// Changes the run by one event, or refuses the event and changes nothing.
    ///
    /// # Errors
    ///
    /// [`Illegal`] when the event does not fit the present state; such an event never reaches a journal.
    pub fn apply(&mut self, graph: &StepGraph, event: &Event) -> Result<(), Illegal> {
        if self.outcome().is_some_and(Outcome::is_final) {
            return Err(illegal("the run has ended"));
        }
        match event {
            Event::Begin { .. }
            | Event::Enter { .. }
            | Event::Pass { .. }
            | Event::Halt { .. }
            | Event::Forgo { .. }
            | Event::End { .. } => {
                // A decision is legal when it is the one that this state makes.
                if self.decide(graph).as_ref() != Some(event) {
                    return Err(illegal("the run decides otherwise"));
                }
                self.apply_decision(graph, event);
                Ok(())
            }
            Event::Resumed => {
                self.resume(graph);
                Ok(())
            }
            Event::Abandon => {
                self.core.course = Course::Ended(Outcome::Abandoned);
                Ok(())
            }
            _ if self.outcome().is_some() => Err(illegal("the run is not going on")),
            Event::Retry { step } => self.retry(graph, *step),
            Event::Skip { front_end } => self.skip(graph, *front_end),
            Event::Resolve { step, done } => self.resolve(graph, *step, *done),
            Event::Answered { step, answer } => self.answered(graph, *step, answer),
            Event::Window { step, answer } => self.window(graph, *step, *answer),
            Event::Elapsed { timer } => self.elapsed(graph, *timer),
            Event::Approved { step }
                if self.wants(graph, *step, |want| want == Want::Approval { step: *step }) =>
            {
                self.set(graph, *step, StepState::Done);
                Ok(())
            }
            Event::Approved { .. } => Err(illegal("nothing waits for this approval")),
            Event::Pause if self.core.course == Course::Forward => {
                self.turn(graph, Course::Pausing(PauseWhy::Asked));
                Ok(())
            }
            Event::Pause => Err(illegal("the run is already going no further")),
            Event::Abort => {
                self.abort(graph);
                Ok(())
            }
        }
    }

    fn apply_decision(&mut self, graph: &StepGraph, event: &Event) {
        match event {
            Event::Begin { step } => self.begin(graph, *step),
            Event::Enter { phase } => self.enter(graph, *phase),
            Event::Pass { domain } => {
                let steps = *graph.domain(*domain);
                let all = [steps.approve_before, Some(steps.ready), Some(steps.settle), steps.approve_after];
                for step in all.into_iter().flatten() {
                    self.set(graph, step, StepState::Needless);
                }
            }
            Event::Halt { .. } => self.turn(graph, Course::Stopping),
            Event::Forgo { front_end } => {
                self.core.forgone += 1;
                self.leave_out(graph, *front_end);
            }
            Event::End { outcome } => self.core.course = Course::Ended(*outcome),
            _ => {}
        }
    }

    pub(super) fn begin(&mut self, graph: &StepGraph, step: StepId) {
        let StepState::Pending(tried) = self.state(step) else { return };
        let first = self.clearance(graph, step);
        let state = match (graph.kind(step), first) {
            (StepKind::Ready(_), _) => StepState::Gate(Gate { at: GateAt::Asking, busy: 0, unhelpful: 0 }),
            (StepKind::Accept(_) | StepKind::Settle(_), _) => StepState::Watching(Watch::begin()),
            (StepKind::Approve(_), _) if self.makes(Mistake::ApprovesByItself) => StepState::Done,
            (_, Some(clearance)) => StepState::Clearing(tried, clearance),
            (StepKind::Ensure(Act::Start { front_end }), None) => {
                // From here on the pool may be expected to count it.
                self.core.absent.retain(|absent| *absent != front_end);
                StepState::Running(tried.begin())
            }
            (_, None) => StepState::Running(tried.begin()),
        };
        self.set(graph, step, state);
    }

    fn enter(&mut self, graph: &StepGraph, phase: Phase) {
        self.core.phase = phase;
        match phase {
            Phase::Over { from } => {
                if let Some(domain) = from {
                    self.set(graph, graph.domain(domain).ready, StepState::Pending(Try::default()));
                }
                self.take_route(graph, Route::FailedOver);
            }
            Phase::Gate(domain) => {
                let ready = graph.domain(domain).ready;
                // An answer of the pool opens a domain once.
                if self.state(ready).is_satisfied() {
                    self.set(graph, ready, StepState::Pending(Try::default()));
                }
            }
            // Nobody has to be taken out, so nothing was asked.
            Phase::Open { domain, more: false } => self.needs_no_gate(graph, domain),
            // The last front ends of the domain were skipped at its gate: nobody waits for the answers any more.
            Phase::Settle(Some(domain))
                if !self.state(graph.domain(domain).ready).is_satisfied()
                    && !self.makes(Mistake::GateOutlivesItsDomain) =>
            {
                self.needs_no_gate(graph, domain);
            }
            // Somebody was left out, so they stay as they are.
            Phase::Finished => {
                let left = graph.databases().into_iter().flat_map(|steps| [steps.approve, steps.update]);
                for step in left {
                    if !self.state(step).is_satisfied() {
                        self.set(graph, step, StepState::Skipped);
                    }
                }
            }
            _ => {}
        }
    }

    fn needs_no_gate(&mut self, graph: &StepGraph, domain: DomainId) {
        let steps = *graph.domain(domain);
        for step in [steps.approve_before, Some(steps.ready)].into_iter().flatten() {
            self.set(graph, step, StepState::Needless);
        }
    }

    /// The run goes no further: what was about to take a front end out is taken back.
    pub(super) fn turn(&mut self, graph: &StepGraph, course: Course) {
        self.core.course = course;
        let active: Vec<StepId> = self.index.active.to_vec();
        for step in active {
            let out = self.index.route == Route::Rolling
                && graph.kind(step).front_end().is_some_and(|front_end| self.index.is_out(front_end));
            if let (StepState::Clearing(tried, _), false) = (self.state(step), out) {
                self.set(graph, step, StepState::Pending(tried));
            }
        }
    }

    fn answered(&mut self, graph: &StepGraph, step: StepId, answer: &Answer) -> Result<(), Illegal> {
        if !self.wants(graph, step, |want| matches!(want, Want::Ask { .. } | Want::Ensure { .. })) {
            return Err(illegal("the step waits for no answer"));
        }
        match (self.state(step), graph.kind(step), answer) {
            (StepState::Running(tried), StepKind::Preflight(front_end), Answer::Seen(seen)) => {
                if seen.version == VersionSeen::Unanswered {
                    self.unanswered(graph, step, tried);
                } else {
                    self.seen(graph, step, front_end, *seen);
                }
            }
            (StepState::Running(tried), StepKind::PreflightPartner, Answer::Partner(health)) => {
                let again = tried.attempt < graph.step(step).limit.attempts;
                match (health, graph.failover_when()) {
                    (PartnerHealth::Unhealthy, FailoverWhen::Always) => {
                        self.set(graph, step, StepState::Stuck(Why::Unhealthy));
                    }
                    (PartnerHealth::Unanswered, when) if again || when == FailoverWhen::Always => {
                        self.unanswered(graph, step, tried);
                    }
                    // It is well, or the plan may never need it: then it is asked again before it is needed.
                    _ => self.set(graph, step, StepState::Done),
                }
            }
            (StepState::Gate(gate), StepKind::Ready(_), Answer::Readiness(readiness)) => {
                let next = self.gate(graph, gate, readiness);
                self.set(graph, step, next);
            }
            (StepState::Clearing(tried, Clearance::Count(n)), _, Answer::Counted(count)) => {
                let next = self.counted(graph, step, tried, n, count);
                self.set(graph, step, next);
            }
            (StepState::Clearing(tried, Clearance::Partner(n)), _, Answer::Partner(health)) => {
                let next = match health {
                    PartnerHealth::Healthy => StepState::Clearing(tried, Clearance::Window),
                    _ if n + 1 < graph.plan().limits().observe.attempts => {
                        StepState::Clearing(tried, Clearance::PartnerAgain(n + 1))
                    }
                    PartnerHealth::Unhealthy => StepState::Stuck(Why::Unhealthy),
                    PartnerHealth::Unanswered => StepState::Stuck(Why::Unanswered),
                };
                self.set(graph, step, next);
            }
            (StepState::Clearing(tried, Clearance::Stopped), _, Answer::StillStopped(stopped)) => {
                self.still_stopped(graph, step, tried, *stopped);
            }
            (StepState::Running(tried), StepKind::Ensure(act), Answer::Ensured(result)) => {
                self.ensured(graph, step, act, tried, *result);
            }
            (StepState::Doubt(tried, looks), StepKind::Ensure(act), Answer::Looked(saw)) => {
                self.looked(graph, step, act, tried, looks, *saw);
            }
            (StepState::Watching(watch), StepKind::Accept(_), Answer::Accepting(acceptance)) => {
                // Who answers for a single front end is that front end: there is no other to be asked.
                self.watched(graph, step, watch, *acceptance == crate::plan::Acceptance::Good, true);
            }
            (StepState::Watching(watch), StepKind::Settle(_), Answer::Readiness(readiness)) => {
                let good =
                    matches!(readiness, Readiness::Ready { inactive, .. } if self.excuses(graph, inactive));
                self.watched(graph, step, watch, good, *readiness != Readiness::Unanswered);
            }
            _ => return Err(illegal("the step did not ask for this answer")),
        }
        Ok(())
    }

    /// A question before the run that nobody answered.
    fn unanswered(&mut self, graph: &StepGraph, step: StepId, tried: Try) {
        let more = tried.attempt < graph.step(step).limit.attempts;
        let next =
            if more { StepState::Waiting(tried, Pause::BackOff) } else { StepState::Stuck(Why::Unanswered) };
        self.set(graph, step, next);
    }

    /// What a front end said of itself: one that is where the plan wants it is not touched.
    fn seen(&mut self, graph: &StepGraph, step: StepId, front_end: FrontEndId, seen: crate::plan::Seen) {
        self.set(graph, step, StepState::Done);
        if !seen.active
            && let Err(place) = self.core.absent.binary_search(&front_end)
        {
            self.core.absent.insert(place, front_end);
        }
        if seen.version != VersionSeen::Planned {
            return;
        }
        // At the right version but not active: it is neither stopped nor upgraded again, but it is started and accepted
        // when its domain's turn comes.
        let back = |step| matches!(graph.link(step), Some(Link::Start | Link::Accept | Link::AfterAccept));
        if self.makes(Mistake::NeedlessLeftAlone) && graph.has(Route::FailedOver) {
            for step in graph.chain(Route::FailedOver, front_end) {
                self.set(graph, step, StepState::Needless);
            }
        }
        for step in graph.chain(Route::Rolling, front_end) {
            if seen.active || !back(step) {
                self.set(graph, step, StepState::Needless);
            }
        }
    }

    fn gate(&self, graph: &StepGraph, gate: Gate, readiness: &Readiness) -> StepState {
        let attempts = graph.plan().readiness().attempts;
        let troubled = if graph.failover_when() == FailoverWhen::Troubled {
            StepState::Gate(Gate { at: GateAt::Troubled, ..gate })
        } else {
            StepState::Stuck(Why::Troubled)
        };
        match readiness {
            Readiness::InsufficientActiveFrontEnds => troubled,
            Readiness::Busy if gate.busy + 1 >= attempts => troubled,
            Readiness::Busy => {
                let unhelpful = if self.makes(Mistake::BusyForgivesAll) { 0 } else { gate.unhelpful };
                StepState::Gate(Gate { at: GateAt::Interval, busy: gate.busy + 1, unhelpful })
            }
            Readiness::Ready { domain: true, inactive } if self.may_open_with(graph, inactive) => {
                StepState::Gate(Gate { at: GateAt::Window, ..gate })
            }
            // Any other answer ends a row of Busy. It never leads to failing over.
            Readiness::Ready { .. } | Readiness::Unanswered if gate.unhelpful + 1 >= attempts => {
                StepState::Stuck(Why::Unanswered)
            }
            Readiness::Ready { .. } | Readiness::Unanswered => {
                StepState::Gate(Gate { at: GateAt::Interval, busy: 0, unhelpful: gate.unhelpful + 1 })
            }
        }
    }

    /// Whether a domain may be opened with these front ends inactive. None may be in a pool of three, where one down is
    /// the minimum; elsewhere none that is done, whether we brought it back or found it so: it accepted connections and
    /// does not any more.
    fn may_open_with(&self, graph: &StepGraph, inactive: &[FrontEndId]) -> bool {
        if graph.plan().pool().quorum.all_before_a_domain {
            return inactive.is_empty();
        }
        let done = |front_end: &FrontEndId| {
            let accept = graph.accept_of(Route::Rolling, *front_end);
            let accepted = match self.state(accept) {
                StepState::Done => true,
                StepState::Needless => !self.makes(Mistake::OpensWithDoneInactive),
                _ => false,
            };
            self.index.is_finished(*front_end) && accepted
        };
        let mut unexcused = inactive.iter().filter(|id| !self.excuses(graph, std::slice::from_ref(id)));
        !unexcused.any(done)
    }

    /// Whether the quorum stands without this front end, without those that we have out or left out, and without those
    /// that the count found inactive.
    fn counted(&self, graph: &StepGraph, step: StepId, tried: Try, n: u8, count: &Count) -> StepState {
        let stands = match count {
            Count::Unanswered => false,
            Count::Inactive(inactive) => {
                let mut down = inactive.clone();
                if !self.makes(Mistake::OwnStopsCountAsActive) {
                    down.extend(self.index.out.iter().chain(&self.core.left_out).copied());
                }
                down.extend(graph.kind(step).front_end());
                graph.plan().pool().quorum.stands_without(&mut down)
            }
        };
        let out = graph.kind(step).front_end().is_some_and(|front_end| self.index.is_out(front_end));
        if stands {
            // A front end that is out already needs no window to be brought back.
            let needs_no_window = out || self.makes(Mistake::NoWindowBeforeStop);
            return if needs_no_window {
                StepState::Running(tried.begin())
            } else {
                StepState::Clearing(tried, Clearance::Window)
            };
        }
        if n + 1 < graph.plan().readiness().attempts {
            return StepState::Clearing(tried, Clearance::CountAgain(n + 1));
        }
        StepState::Stuck(match count {
            Count::Unanswered => Why::Unanswered,
            Count::Inactive(_) => Why::Quorum,
        })
    }

    /// A front end whose turn to be upgraded has come was asked whether it is still stopped.
    fn still_stopped(&mut self, graph: &StepGraph, step: StepId, tried: Try, stopped: bool) {
        if stopped {
            return self.set(graph, step, StepState::Running(tried.begin()));
        }
        let tried = Try { unready: tried.unready + 1, ..tried };
        if tried.unready >= graph.plan().limits().looks {
            return self.set(graph, step, StepState::Stuck(Why::Unanswered));
        }
        self.set(graph, step, StepState::Pending(tried));
        if let Some(front_end) = graph.kind(step).front_end() {
            self.prove_stop_again(graph, front_end);
        }
    }

    fn ensured(
        &mut self,
        graph: &StepGraph,
        step: StepId,
        act: Act,
        tried: Try,
        result: Result<(), Problem>,
    ) {
        let performs = matches!(act, Act::Perform { .. });
        let next = match result {
            // The exit code of an action is its proof. Everything else is proved by a look: a stop can return with
            // services not drained, and FailedOver does not mean stopped.
            Ok(()) if performs || matches!(act, Act::Start { .. }) => StepState::Done,
            Ok(()) | Err(Problem::Unknown) => StepState::Doubt(tried, 0),
            Err(Problem::Permanent)
                if self.makes(Mistake::FailureIsDone) && graph.link(step) == Some(Link::Upgrade)
                    || self.makes(Mistake::BackInServiceUnproved)
                        && graph.link(step) == Some(Link::AfterAccept) =>
            {
                StepState::Done
            }
            Err(Problem::Transient) => StepState::Waiting(Try { failed: true, ..tried }, Pause::BackOff),
            Err(Problem::Permanent) if performs => StepState::Stuck(Why::Failed),
            Err(Problem::Permanent) => StepState::Doubt(Try { attempt: Try::GIVEN_UP, ..tried }, 0),
        };
        self.set(graph, step, next);
    }

    /// A window's answer opens a gate or clears a step, or turns the run toward a pause.
    fn window(&mut self, graph: &StepGraph, step: StepId, answer: WindowAnswer) -> Result<(), Illegal> {
        if !self.wants(graph, step, |want| want == Want::Window { step }) {
            return Err(illegal("the step did not ask for the window"));
        }
        let (opened, taken_back) = match self.state(step) {
            StepState::Clearing(tried, _) => (StepState::Running(tried.begin()), StepState::Pending(tried)),
            _ => (StepState::Done, StepState::Pending(Try::default())),
        };
        let why = match answer {
            WindowAnswer::Fits => {
                self.set(graph, step, opened);
                return Ok(());
            }
            WindowAnswer::TooLate => PauseWhy::TooLate,
            WindowAnswer::Closed => PauseWhy::Closed,
        };
        self.set(graph, step, taken_back);
        self.turn(graph, Course::Pausing(why));
        Ok(())
    }

    fn elapsed(&mut self, graph: &StepGraph, timer: Timer) -> Result<(), Illegal> {
        if !self.wants(graph, timer.step, |want| want == Want::Timer(timer)) {
            return Err(illegal("nothing waits for this timer"));
        }
        let state = self.state(timer.step);
        let next = match (state, timer.kind) {
            (StepState::Waiting(tried, Pause::BackOff), TimerKind::BackOff) => match graph.kind(timer.step) {
                StepKind::Preflight(_) | StepKind::PreflightPartner => StepState::Running(tried.begin()),
                _ => StepState::Doubt(Try { late: true, ..tried }, 0),
            },
            (StepState::Waiting(tried, Pause::LookAgain(looks)), TimerKind::LookAgain) => {
                StepState::Doubt(tried, looks)
            }
            (StepState::Clearing(tried, Clearance::CountAgain(n)), TimerKind::Interval) => {
                StepState::Clearing(tried, Clearance::Count(n))
            }
            (StepState::Clearing(tried, Clearance::PartnerAgain(n)), TimerKind::Interval) => {
                StepState::Clearing(tried, Clearance::Partner(n))
            }
            (StepState::Gate(gate), TimerKind::Interval) => {
                StepState::Gate(Gate { at: GateAt::Asking, ..gate })
            }
            (StepState::Watching(watch), kind) => self.watch_elapsed(watch, kind)?,
            (StepState::Running(tried) | StepState::Doubt(tried, _), TimerKind::Limit)
            | (StepState::Waiting(tried, Pause::LookAgain(_)), TimerKind::Limit) => {
                self.over_limit(graph, timer.step, state, tried)
            }
            _ => return Err(illegal("nothing waits for this timer")),
        };
        self.set(graph, timer.step, next);
        Ok(())
    }

    /// A try took longer than it may: it is in doubt. A drain that the plan then cuts short goes on at once, if we know
    /// that it is ours and goes on; one in doubt is looked at first.
    fn over_limit(&self, graph: &StepGraph, step: StepId, state: StepState, tried: Try) -> StepState {
        let late = Try { late: true, ..tried };
        match state {
            StepState::Doubt(_, looks) => StepState::Doubt(late, looks),
            StepState::Waiting(_, pause) => StepState::Waiting(late, pause),
            _ if self.is_cut_short(graph, step, tried) => StepState::Running(Try { hard: true, ..tried }),
            _ => StepState::Doubt(late, 0),
        }
    }

    /// Whether this is a drain that the plan makes immediate when it takes too long.
    pub(super) fn is_cut_short(&self, graph: &StepGraph, step: StepId, tried: Try) -> bool {
        let drains = matches!(graph.act(step), Some(Act::Stop { mode: Mode::Graceful, .. }));
        drains && !tried.hard && graph.plan().drain().then == AfterDrain::Immediate
    }

    fn abort(&mut self, graph: &StepGraph) {
        self.turn(graph, Course::Ended(Outcome::Aborted));
        let active: Vec<StepId> = self.index.active.to_vec();
        for step in active {
            if let (StepState::Running(tried), StepKind::Ensure(_)) = (self.state(step), graph.kind(step)) {
                self.set(graph, step, StepState::Doubt(tried, 0));
            }
        }
    }
}
