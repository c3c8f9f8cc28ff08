//! The only loop. It folds events into the run, makes them durable, keeps in flight what the run wants, and waits.
//!
//! ```text
//! loop {
//!     while let Some(event) = run.decide() { commit(event) }    apply, then append
//!     journal.sync()                                            intent is durable before any effect (but see below)
//!     in_flight.reconcile(wanted)                               start what is missing, let go of what is surplus
//!     if let Some(outcome) = run.outcome() { return outcome }
//!     commit(next())                                            due timers first, then answers, then requests
//! }
//! ```
//!
//! A live run, a resumed one and a rehearsal are this loop with another clock, driver and log.
//!
//! An action that the plan calls repeatable and that runs on this computer ends with its power, and does no harm when it is begun again. Its intent
//! is written before it begins, so that it outlives this process, and is made durable while it runs.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::audience::{Audience, Moment};
use super::flights::{Flights, Landed, Start};
use super::inbox::{Asked, Inbox};
use super::record::{Act, Entry, EventEntry, Log, LogError};
use super::requests::Request;
use super::since::Waits;
use super::window;
use super::{Clock, Pace, approval_id};
use crate::graph::{StepGraph, StepKind};
use crate::plan::{Answer, Facts};
use crate::pool::Driver;
use crate::run::{Course, Event, Illegal, Outcome, Run, Want, Wanted};

/// Everything a run needs to go on: the machine, its journal, its clock and its pool.
pub struct Shell<L> {
    graph: Arc<StepGraph>,
    run: Run,
    run_id: String,
    log: L,
    clock: Clock,
    driver: Driver,
    flights: Flights,
    waits: Waits,
    wanted: Wanted,
    records: u64,
    /// Who asked for the newest pause.
    asked: Option<Act>,
    /// Until when a person opened the window.
    window_until: Option<Timestamp>,
}

/// Why a run could not go on. What had happened until then is in the journal.
#[derive(Debug, thiserror::Error)]
pub enum ShellError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("the run refused an event that it had asked for: {event}")]
    Refused { event: String, source: Illegal },
    #[error("the run waits for something that nobody will bring: {waits}")]
    Deadlock { waits: String },
}

impl<L: Log> Shell<L> {
    /// A shell around a run that is at its beginning, or was folded from a journal.
    pub fn new(graph: Arc<StepGraph>, run_id: String, log: L, clock: Clock, driver: Driver) -> Shell<L> {
        let run = Run::new(&graph);
        let mut shell = Shell {
            graph,
            run,
            run_id,
            log,
            clock,
            driver,
            flights: Flights::default(),
            waits: Waits::default(),
            wanted: Wanted::default(),
            records: 0,
            asked: None,
            window_until: None,
        };
        shell.run.wanted(&shell.graph, &mut shell.wanted);
        shell
    }

    /// Folds a record that the journal already holds.
    ///
    /// # Errors
    ///
    /// The event does not follow from those before it.
    pub fn fold(
        &mut self,
        at: Timestamp,
        event: &Event,
        facts: &Facts,
        by: Option<&Act>,
    ) -> Result<(), Illegal> {
        self.run.apply(&self.graph, event)?;
        self.recall(event, facts, by);
        self.followed(at);
        Ok(())
    }

    /// Remembers what rode beside an event and no decision reads: who asked for a pause, until when the window is open; and, for the driver, facts beside an
    /// act or a person's word about it that it cannot ask for.
    fn recall(&mut self, event: &Event, facts: &Facts, by: Option<&Act>) {
        if *event == Event::Pause {
            self.asked = by.cloned();
        }
        if *event == Event::Resumed {
            self.window_until = facts.window_until.or(self.window_until);
            // What a person allowed was for the process that ended.
            self.driver.taken_up();
        }
        let (Event::Answered { step, answer: Answer::Ensured(_) } | Event::Retry { step }) = event else {
            return;
        };
        if let Some(StepKind::Ensure(act)) = self.graph.checked_kind(*step) {
            self.driver.recall(act, facts);
        }
    }

    /// Counts a record that is no event: the header.
    pub fn passed(&mut self) {
        self.records += 1;
    }

    pub fn run(&self) -> &Run {
        &self.run
    }

    pub fn graph(&self) -> &Arc<StepGraph> {
        &self.graph
    }

    pub fn driver(&self) -> &Driver {
        &self.driver
    }

    pub fn log(&self) -> &L {
        &self.log
    }

    pub(super) fn log_mut(&mut self) -> &mut L {
        &mut self.log
    }

    /// Makes durable what was appended.
    ///
    /// # Errors
    ///
    /// Nobody knows what is durable.
    pub fn sync(&mut self) -> Result<(), ShellError> {
        Ok(self.log.sync()?)
    }

    pub fn waits(&self) -> &Waits {
        &self.waits
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Time passes so from here on. On a virtual clock it changes nothing.
    pub(super) fn goes_on(&mut self, pace: Pace) {
        if let Clock::Wall(now) = &mut self.clock {
            *now = pace;
        }
    }

    /// Nobody has run it since its clock showed `last`; the wall clock shows `wall` now.
    pub(super) fn was_left_alone(&mut self, last: Timestamp, wall: Timestamp) {
        if let Clock::Wall(pace) = self.clock {
            self.goes_on(pace.after_absence(last, wall));
        }
    }

    /// Nobody runs it for so long: on a virtual clock the time passes at once.
    pub fn leave_alone(&mut self, length: Duration) {
        if let Clock::Virtual(now) = &mut self.clock {
            *now = now.checked_add(length).unwrap_or(Timestamp::MAX);
        }
    }

    pub fn into_parts(self) -> (Run, L, Driver) {
        (self.run, self.log, self.driver)
    }

    /// Writes the header of a new journal.
    ///
    /// # Errors
    ///
    /// It could not be written.
    pub fn open(&mut self, opened: super::Opened) -> Result<(), ShellError> {
        self.log.append(self.clock.now(), &Entry::Opened(opened))?;
        self.log.sync()?;
        self.records += 1;
        Ok(())
    }

    /// Lets the run go on until it ends.
    ///
    /// # Errors
    ///
    /// The journal or the driver fails, or the run waits for nothing that could come (a defect).
    pub async fn go(
        &mut self,
        audience: &mut impl Audience,
        inbox: &mut impl Inbox,
    ) -> Result<Outcome, ShellError> {
        let went = self.go_on(audience, inbox).await;
        // Also when it failed: nobody waits for what is in flight any more.
        self.driver.rest(self.clock.now()).await;
        self.hear_driver(audience);
        went
    }

    async fn go_on(
        &mut self,
        audience: &mut impl Audience,
        inbox: &mut impl Inbox,
    ) -> Result<Outcome, ShellError> {
        loop {
            while let Some(event) = self.run.decide(&self.graph) {
                self.commit(event, Facts::default(), None, audience)?;
            }
            self.sync_and_start_what_ends_with_power().await?;
            let is_short = self.log.is_short() || self.driver.is_short();
            if is_short && self.run.course() == Course::Forward {
                audience.noted(
                    "the disk is full: the run pauses at its next safe place, on the space it had set aside",
                );
                let reason = Some("the disk is full".to_owned());
                let by = Act { who: "poolroll".to_owned(), reason };
                self.commit(Event::Pause, Facts::default(), Some(by), audience)?;
                continue;
            }
            let (flights, wanted, start) = self.about_to_start();
            flights.reconcile(wanted, start);
            if let Some(outcome) = self.run.outcome() {
                return Ok(outcome);
            }
            self.hear_driver(audience);
            self.turn(audience, inbox).await?;
        }
    }

    /// Makes durable what was decided. What ends with the power begins beside that: its intent need only outlive this process.
    async fn sync_and_start_what_ends_with_power(&mut self) -> Result<(), ShellError> {
        let missing = self.flights.missing_that_end_with_power(&self.wanted, &self.driver);
        if missing.is_empty() {
            return Ok(self.log.sync()?);
        }
        let syncing = self.log.sync_beside()?.map(tokio::task::spawn_blocking);
        let (flights, _, start) = self.about_to_start();
        flights.start_all(missing, start);
        if let Some(syncing) = syncing {
            let synced = syncing.await.unwrap_or_else(|error| Err(error.into()));
            self.log.synced(synced)?;
        }
        Ok(())
    }

    fn about_to_start(&mut self) -> (&mut Flights, &Wanted, Start<'_>) {
        let (epoch, now) = (self.run.epoch(), self.clock.now());
        (&mut self.flights, &self.wanted, Start { graph: &self.graph, driver: &mut self.driver, epoch, now })
    }

    /// What the driver says beside its answers.
    fn hear_driver(&mut self, audience: &mut impl Audience) {
        while let Some(note) = self.driver.take_note() {
            audience.noted(&note);
        }
    }

    /// Waits for one thing to happen and commits it: due timers first, then answers, then requests.
    async fn turn(&mut self, audience: &mut impl Audience, inbox: &mut impl Inbox) -> Result<(), ShellError> {
        loop {
            let now = self.clock.now();
            if let Some((event, facts)) = self.happened(now) {
                return self.commit(event, facts, None, audience);
            }
            let asked = inbox.take(&self.moment(now));
            while let Some(note) = inbox.take_note() {
                audience.noted(&note);
            }
            if let Some(asked) = asked {
                if self.asked(&asked, audience, inbox)? {
                    return Ok(());
                }
                continue;
            }
            let due =
                [self.timer_due(), self.driver.due(), self.flights.deadline(), inbox.due(&self.moment(now))];
            let due = due.into_iter().flatten().min();
            if due.is_none() && matches!(self.clock, Clock::Virtual(_)) {
                let waits = self.wanted.iter().map(|want| format!("{want:?}")).collect::<Vec<_>>();
                return Err(ShellError::Deadlock { waits: waits.join(", ") });
            }
            tokio::select! {
                biased;
                () = self.clock.toward(due) => {}
                () = self.driver.woken() => {}
            }
            audience.waiting(&self.moment(now));
        }
    }

    /// What has happened by now, if anything.
    fn happened(&mut self, now: Timestamp) -> Option<(Event, Facts)> {
        self.waits.not_after(now);
        // The clock answers for the window, at once.
        if let Some(Want::Window { step }) =
            self.wanted.iter().find(|want| matches!(want, Want::Window { .. }))
        {
            let (answer, facts) = window::answer(&self.graph, step, now, self.window_until);
            return Some((Event::Window { step, answer }, facts));
        }
        let due = self.timers().filter(|(due, _)| *due <= now).min();
        if let Some((_, Want::Timer(timer))) = due {
            return Some((Event::Elapsed { timer }, Facts::default()));
        }
        while let Some(answered) = self.driver.take_answer(now) {
            if let Some(landed) = self.flights.land(answered) {
                return Some(event_of(landed));
            }
        }
        self.flights.overdue(now, &mut self.driver).map(event_of)
    }

    /// Timers that the run waits for, with when each is due.
    fn timers(&self) -> impl Iterator<Item = (Timestamp, Want)> + '_ {
        self.waits.iter().filter_map(move |since| match since.want {
            Want::Timer(timer) => {
                let length = self.run.length(&self.graph, timer);
                let due = since.at.checked_add(length).unwrap_or(Timestamp::MAX);
                Some((due, since.want))
            }
            _ => None,
        })
    }

    fn timer_due(&self) -> Option<Timestamp> {
        self.timers().map(|(due, _)| due).min()
    }

    /// A person asked for something. Whether an event came of it.
    fn asked(
        &mut self,
        asked: &Asked,
        audience: &mut impl Audience,
        inbox: &mut impl Inbox,
    ) -> Result<bool, ShellError> {
        let (event, by, done) = match &asked.request {
            Request::Pause { by, reason } => (
                // A second signal while the run pauses is no second pause.
                Event::Pause,
                Act { who: by.clone(), reason: reason.clone() },
                "the run pauses at its next safe place",
            ),
            Request::Abort { by, reason } => (
                Event::Abort,
                Act { who: by.clone(), reason: reason.clone() },
                "the run has stopped; what was in flight is in doubt",
            ),
            Request::Approve { approval, by } => {
                let Some(step) = self.approval(approval) else {
                    let reply = format!("nothing waits for approval `{approval}`");
                    inbox.reply(asked, Err(reply));
                    return Ok(false);
                };
                (Event::Approved { step }, Act { who: by.clone(), reason: None }, "approved")
            }
        };
        // Refused before it becomes a record: a request that makes no sense now gets a reply, not a place in history.
        if let (Event::Pause, false) = (&event, self.run.course() == Course::Forward) {
            inbox.reply(asked, Err("the run is already going no further".into()));
            return Ok(false);
        }
        self.commit(event, Facts::default(), Some(by), audience)?;
        self.log.sync()?;
        inbox.reply(asked, Ok(done.into()));
        Ok(true)
    }

    /// The step that waits for this approval.
    fn approval(&self, id: &str) -> Option<crate::graph::StepId> {
        self.waits.iter().find_map(|since| match since.want {
            Want::Approval { step } if approval_id(&self.run_id, since) == id => Some(step),
            _ => None,
        })
    }

    /// Folds an event and appends it; an event that the run refuses never reaches the journal.
    ///
    /// # Errors
    ///
    /// The run refuses the event, or the journal cannot take it. After the latter the run must not go on.
    pub fn commit(
        &mut self,
        event: Event,
        facts: Facts,
        by: Option<Act>,
        audience: &mut impl Audience,
    ) -> Result<(), ShellError> {
        let at = self.clock.now();
        if let Err(source) = self.run.apply(&self.graph, &event) {
            return Err(ShellError::Refused { event: format!("{event:?}"), source });
        }
        self.recall(&event, &facts, by.as_ref());
        if let Event::Resolve { step, done: false } = event
            && let Some(StepKind::Ensure(act)) = self.graph.checked_kind(step)
        {
            self.driver.not_done(act);
        }
        let graph = Arc::clone(&self.graph);
        let mut entry = EventEntry::new(&graph, self.run.epoch(), &event, facts, by);
        if event == Event::Resumed {
            entry.pace = self.clock.pace().filter(|pace| !pace.is_real());
        }
        let entry = Entry::Event(entry);
        self.log.append(at, &entry)?;
        self.followed(at);
        if let Entry::Event(entry) = &entry {
            audience.heard(&self.moment(at), &event, &entry.facts);
        }
        Ok(())
    }

    fn followed(&mut self, at: Timestamp) {
        self.run.wanted(&self.graph, &mut self.wanted);
        self.waits.follow(&self.wanted, at, self.records);
        self.records += 1;
    }

    /// What an audience is shown.
    pub fn moment(&self, at: Timestamp) -> Moment<'_> {
        Moment {
            at,
            graph: &self.graph,
            run: &self.run,
            driver: &self.driver,
            waits: &self.waits,
            run_id: &self.run_id,
            asked: self.asked.as_ref(),
        }
    }
}

fn event_of(landed: Landed) -> (Event, Facts) {
    (Event::Answered { step: landed.want.step(), answer: landed.answer }, landed.facts)
}
