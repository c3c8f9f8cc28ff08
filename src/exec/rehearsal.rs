//! A rehearsal: the only loop, on an embedded pool in virtual time. Nothing waits, nothing is written.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use jiff::Timestamp;

use super::audience::{Audience, Moment};
use super::inbox::{Asked, Inbox};
use super::record::Log;
use super::requests::Request;
use super::shell::{Shell, ShellError};
use super::{Clock, approval_id};
use crate::graph::StepGraph;
use crate::plan::Facts;
use crate::pool::{Driver, SimulatedPool};
use crate::proof::{Glimpse, Monitor, Seen, TwinTruth, Violation};
use crate::run::{Event, Outcome, PauseWhy, Run, Want};
use crate::twin::{At, Fault, Operator, Scenario, Setup};

/// What a rehearsal begins with.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    pub setup: Setup,
    pub faults: Vec<Fault>,
    /// When its clock begins.
    pub begins: Timestamp,
    pub operator: Operator,
}

impl Rehearsal {
    /// A rehearsal without faults that begins with the window, or at a fixed moment where there is none: no clock is
    /// read, so the same plan rehearses the same way tomorrow.
    pub fn of(graph: &StepGraph) -> Rehearsal {
        Rehearsal {
            setup: Setup::from(graph.plan().simulated()),
            faults: Vec::new(),
            begins: graph.plan().window().map_or(UNDATED, |window| window.start),
            operator: Operator::default(),
        }
    }

    /// Lets a scenario happen to it: what the scenario leaves open stays as it is.
    #[must_use]
    pub fn struck_by(self, scenario: Scenario) -> Rehearsal {
        Rehearsal {
            setup: scenario.setup(self.setup),
            begins: scenario.starts.unwrap_or(self.begins),
            operator: scenario.operator,
            faults: scenario.faults,
        }
    }

    /// A shell around a run that has not begun, on a pool that has not been touched.
    pub fn shell<L: Log>(&self, graph: &Arc<StepGraph>, log: L) -> Shell<L> {
        let plan = Arc::clone(graph.plan_arc());
        let pool = SimulatedPool::new(plan, &self.setup, &self.faults, self.begins);
        let driver = Driver::Simulated(Box::new(pool));
        Shell::new(Arc::clone(graph), "rehearsal".into(), log, Clock::Virtual(self.begins), driver)
    }

    /// Rehearses to the end.
    ///
    /// # Errors
    ///
    /// The log fails, or the run waits for something that nobody brings.
    pub fn run<L: Log>(
        &self,
        graph: &Arc<StepGraph>,
        log: L,
        audience: &mut impl Audience,
    ) -> Result<Rehearsed<L>, ShellError> {
        let mut shell = self.shell(graph, log);
        let mut script = Script::new(self.operator, self.begins);
        let outcome = script.play(&mut shell, audience)?;
        let ended = shell.now();
        let (run, log, driver) = shell.into_parts();
        Ok(Rehearsed { outcome, run, log, driver, began: self.begins, ended })
    }
}

/// A rehearsal that has ended.
#[derive(Debug)]
pub struct Rehearsed<L> {
    /// `None` when it waits at an approval that nobody gives in it.
    pub outcome: Option<Outcome>,
    pub run: Run,
    pub log: L,
    pub driver: Driver,
    pub began: Timestamp,
    pub ended: Timestamp,
}

impl<L> Rehearsed<L> {
    /// How long it would have taken.
    pub fn length(&self) -> Duration {
        Duration::try_from(self.ended.duration_since(self.began)).unwrap_or_default()
    }
}

/// When the clock of a rehearsal begins if nothing says otherwise: a Saturday night of no year in particular.
pub const UNDATED: Timestamp = Timestamp::constant(946_762_200, 0);

/// What the person of a rehearsal does, by the clock.
#[derive(Debug)]
pub struct Script {
    operator: Operator,
    begins: Timestamp,
    paused: bool,
    resumed: bool,
    aborted: bool,
}

impl Script {
    pub fn new(operator: Operator, begins: Timestamp) -> Script {
        Script { operator, begins, paused: false, resumed: false, aborted: false }
    }

    /// Lets a shell on a virtual clock go on until it ends, and takes it up again after the pause that was asked for, if
    /// the operator does. `None` when it waits at an approval that nobody gives.
    ///
    /// # Errors
    ///
    /// As [`Shell::go`].
    pub fn play<L: Log>(
        &mut self,
        shell: &mut Shell<L>,
        audience: &mut impl Audience,
    ) -> Result<Option<Outcome>, ShellError> {
        loop {
            let outcome = self.play_once(shell, audience);
            let alone = self.operator.resumes_after.filter(|_| !self.resumed);
            match (outcome, alone) {
                (Ok(Outcome::Paused(PauseWhy::Asked)), Some(alone)) => {
                    self.resumed = true;
                    shell.leave_alone(alone);
                    shell.commit(Event::Resumed, Facts::default(), None, audience)?;
                }
                (Err(ShellError::Deadlock { .. }), _) if self.is_missing(shell) => return Ok(None),
                (outcome, _) => return outcome.map(Some),
            }
        }
    }

    fn play_once<L: Log>(
        &mut self,
        shell: &mut Shell<L>,
        audience: &mut impl Audience,
    ) -> Result<Outcome, ShellError> {
        let going = pin!(shell.go(audience, self));
        // Virtual time never really waits, so one poll runs to the end.
        match going.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => Err(ShellError::Deadlock { waits: "a clock that is not virtual".into() }),
        }
    }

    /// Whether the run waits for this person, who approves nothing.
    fn is_missing<L: Log>(&self, shell: &Shell<L>) -> bool {
        self.operator.approves.is_none() && !shell.moment(shell.now()).approvals().is_empty()
    }

    fn after(&self, length: Option<Duration>, done: bool) -> Option<Timestamp> {
        if done { None } else { self.begins.checked_add(length?).ok() }
    }

    /// The first approval to be given, with when.
    fn approval(&self, moment: &Moment<'_>) -> Option<(Timestamp, String)> {
        let length = self.operator.approves?;
        let approvals = moment.waits.iter().filter(|since| matches!(since.want, Want::Approval { .. }));
        approvals
            .filter_map(|since| Some((since.at.checked_add(length).ok()?, approval_id(moment.run_id, since))))
            .min()
    }
}

impl Inbox for Script {
    fn take(&mut self, moment: &Moment<'_>) -> Option<Asked> {
        let asked = |request| Some(Asked { id: None, request });
        let by = || "operator".to_owned();
        if self.after(self.operator.aborts_at, self.aborted).is_some_and(|due| due <= moment.at) {
            self.aborted = true;
            return asked(Request::Abort { by: by(), reason: None });
        }
        if self.after(self.operator.pauses_at, self.paused).is_some_and(|due| due <= moment.at) {
            self.paused = true;
            return asked(Request::Pause { by: by(), reason: None });
        }
        let (_, approval) = self.approval(moment).filter(|(due, _)| *due <= moment.at)?;
        asked(Request::Approve { approval, by: by() })
    }

    fn due(&self, moment: &Moment<'_>) -> Option<Timestamp> {
        let pause = self.after(self.operator.pauses_at, self.paused);
        let abort = self.after(self.operator.aborts_at, self.aborted);
        let approval = self.approval(moment).map(|(due, _)| due);
        [pause, abort, approval].into_iter().flatten().min()
    }

    fn reply(&mut self, _: &Asked, _: Result<String, String>) {}
}

/// Keeps every event that a run folds.
#[derive(Clone, Debug, Default)]
pub struct Heard(pub Vec<(Timestamp, Event)>);

impl Audience for Heard {
    fn heard(&mut self, moment: &Moment<'_>, event: &Event, _: &Facts) {
        self.0.push((moment.at, event.clone()));
    }
}

/// Holds the invariants against the embedded pool's books after every event.
#[derive(Clone, Debug)]
pub struct Proving {
    pub monitor: Monitor,
    /// What was broken so far, and when.
    pub broken: Vec<(At, Violation)>,
    seen: Seen,
    origin: Timestamp,
}

impl Proving {
    /// `origin` is when the embedded pool began.
    pub fn new(origin: Timestamp) -> Proving {
        Proving { monitor: Monitor::new(), broken: Vec::new(), seen: Seen::default(), origin }
    }
}

impl Audience for Proving {
    fn heard(&mut self, moment: &Moment<'_>, event: &Event, _: &Facts) {
        let Some(twin) = moment.driver.twin() else { return };
        let (books, now) = (twin.books(), twin.now());
        let truth = TwinTruth { graph: moment.graph, books, seen: self.seen, now, origin: self.origin };
        self.monitor.observe(&Glimpse { graph: moment.graph, run: moment.run, truth: &truth, event });
        self.seen = Seen { begun: books.begun().len(), deaths: books.deaths().len() };
        let new = &self.monitor.violations()[self.broken.len()..];
        self.broken.extend(new.iter().map(|violation| (now, violation.clone())));
    }
}
