//! What ensuring an act does on a front end. Ensuring twice is harmless: what is reached is answered at once, what is
//! underway is joined.

use super::agenda::Event;
use super::answers::said;
use super::chance::Occasion;
use super::fault::Twist;
use super::states::{Computer, Services};
use super::world::{Drain, Exit};
use super::{At, Twin};
use crate::plan::{Act, Facts, FrontEndId, Mode, Moment, Plan, Problem, Restart};

/// Where an act stands when it is ensured.
pub(super) enum Standing {
    /// Its state is reached.
    Reached,
    /// It goes on already.
    Underway,
    /// It cannot be begun now, and nothing of it took place.
    Refused(Problem, &'static str),
    /// It can begin.
    Open,
}

/// What an act that begins is given beside itself.
#[derive(Clone, Copy, Default)]
pub(super) struct Manner {
    pub(super) twist: Option<Twist>,
    /// How long it takes in all; as long as expected, if nothing is said.
    pub(super) length: Option<u64>,
}

impl Twin {
    pub(super) fn ensure(&mut self, plan: &Plan, ticket: u64, act: Act) {
        match self.standing(plan, act) {
            Standing::Reached => {
                self.note_reached(act);
                let facts = self.facts_reached(act);
                self.answer(ticket, Ok(()), facts);
            }
            Standing::Underway => self.wait(ticket, act, false),
            Standing::Refused(problem, text) => {
                self.note_refused(act);
                self.answer(ticket, Err(problem), said(text));
            }
            Standing::Open => self.open(plan, ticket, act),
        }
    }

    /// Whoever upgrades a front end that is being upgraded did not look first.
    fn note_refused(&mut self, act: Act) {
        if let Act::Perform { front_end, moment: Moment::Upgrade, .. } = act {
            let busy = self.books.front_end(front_end).underway.is_some();
            self.books.upgraded_twice += u16::from(busy);
        }
    }

    /// Where an act of either kind stands.
    fn standing(&self, plan: &Plan, act: Act) -> Standing {
        match act {
            Act::Stop { front_end, mode } => self.stop_stands(front_end, mode),
            Act::Perform { front_end, moment, index } => self.perform_stands(front_end, moment, index),
            Act::Restart { front_end } => self.restart_stands(plan, front_end),
            Act::Start { front_end } => self.start_stands(front_end),
            Act::FailOver => self.fail_over_stands(plan),
            Act::FailBack => self.fail_back_stands(),
            Act::UpdateDatabases => self.databases_stand(plan),
        }
    }

    /// Lets an act begin, as the faults that are aimed at it will have it.
    fn open(&mut self, plan: &Plan, ticket: u64, act: Act) {
        let twist = self.twist(act);
        let is_action = matches!(act, Act::Perform { .. });
        match twist {
            Some(Twist::LosesConnection { effect: false }) => {
                self.answer(ticket, Err(Problem::Unknown), said("the connection was lost"));
            }
            Some(Twist::NoAnswer { effect: false }) => {}
            Some(Twist::Fails { .. }) if !is_action => {
                self.answer_later(ticket, Err(Problem::Permanent), said("refused, and it would be again"));
            }
            Some(Twist::FailsTransiently { .. }) if !is_action => {
                self.answer_later(
                    ticket,
                    Err(Problem::Transient),
                    said("failed; the same again may succeed"),
                );
            }
            Some(Twist::GoesOn { length }) => {
                self.answer(ticket, Err(Problem::Unknown), said("the connection was lost while it went on"));
                self.start_act(plan, act, Manner { twist: None, length });
            }
            Some(Twist::NoAnswer { effect: true }) => self.start_act(plan, act, Manner::default()),
            Some(Twist::LosesConnection { effect: true }) => {
                self.wait(ticket, act, true);
                self.start_act(plan, act, Manner::default());
            }
            twist => {
                self.wait(ticket, act, false);
                self.start_act(plan, act, Manner { twist, length: None });
            }
        }
    }

    fn start_act(&mut self, plan: &Plan, act: Act, manner: Manner) {
        self.books.begun.push((self.now, act));
        match act {
            Act::Stop { front_end, mode } => self.begin_stop(plan, front_end, mode, manner),
            Act::Perform { front_end, moment, index } => {
                self.begin_perform(plan, front_end, moment, index, manner)
            }
            Act::Restart { front_end } => self.begin_restart(plan, front_end, manner),
            Act::Start { front_end } => self.begin_start(plan, front_end, manner),
            Act::FailOver => self.begin_fail_over(plan, manner),
            Act::FailBack => self.begin_fail_back(plan, manner),
            Act::UpdateDatabases => self.begin_databases(plan, manner),
        }
    }

    fn stop_stands(&self, front_end: FrontEndId, mode: Mode) -> Standing {
        let book = self.books.front_end(front_end);
        if book.computer != Computer::Up {
            return UNREACHABLE;
        }
        match (book.services, mode) {
            (Services::Stopped, _) => Standing::Reached,
            (Services::Stopping, _) | (Services::Draining, Mode::Graceful) => Standing::Underway,
            _ => Standing::Open,
        }
    }

    fn begin_stop(&mut self, plan: &Plan, front_end: FrontEndId, mode: Mode, manner: Manner) {
        self.books.front_ends[front_end.index()].stops += 1;
        if self.books.pool.serves() {
            self.take_out(front_end);
        }
        let nth = self.books.front_end(front_end).stops;
        let graceful = mode == Mode::Graceful;
        let line = &mut self.lines[front_end.index()];
        line.ends_partly = manner.twist == Some(Twist::EndsPartly);
        line.disables = graceful && plan.product().fails_computers_over();
        line.lost = 0;
        let stop = self.length(plan.expected().stop, Occasion::Stop, front_end, nth);
        if !graceful || self.books.front_end(front_end).services != Services::Running {
            self.lines[front_end.index()].lost = self.lose_sessions(front_end);
            return self.begin_stopping(plan, front_end, manner.length.unwrap_or(stop));
        }
        let drain = match manner.length {
            Some(length) => length.saturating_sub(stop),
            None => self.length(plan.expected().drain, Occasion::Drain, front_end, nth),
        };
        let hangs = manner.twist == Some(Twist::DrainHangs);
        let until = (!hangs).then(|| self.now.after(drain));
        self.begin_drain(plan, front_end, until);
    }

    /// New connections are refused, existing ones may finish.
    fn begin_drain(&mut self, plan: &Plan, front_end: FrontEndId, until: Option<At>) {
        let sessions = self.share(front_end);
        self.members.draining += sessions;
        let due = until.map(|until| self.agenda.enter(until, Event::Drained(front_end)));
        let line = &mut self.lines[front_end.index()];
        line.drain = Some(Drain { since: self.now, until, sessions });
        line.services = due;
        self.books.front_ends[front_end.index()].services = Services::Draining;
        self.refresh(plan, front_end);
    }

    /// Services begin to stop, whatever they did before. Their sessions are over or elsewhere by now.
    fn begin_stopping(&mut self, plan: &Plan, front_end: FrontEndId, length: u64) {
        self.rest_services(front_end);
        let due = self.enter(length, Event::Stopped(front_end));
        self.lines[front_end.index()].services = Some(due);
        self.books.front_ends[front_end.index()].services = Services::Stopping;
        self.refresh(plan, front_end);
        let is_start = |act| matches!(act, Act::Start { .. });
        self.tell(front_end, is_start, Err(Problem::Transient), said("stopped while it was starting"));
    }

    /// Services stop at once for a reason that is not an act of ours.
    pub(super) fn stop_by_itself(&mut self, plan: &Plan, front_end: FrontEndId) {
        let nth = self.books.front_end(front_end).stops;
        let length = self.length(plan.expected().stop, Occasion::Stop, front_end, nth);
        let line = &mut self.lines[front_end.index()];
        line.ends_partly = false;
        line.disables = false;
        self.begin_stopping(plan, front_end, length);
    }

    /// Whatever the services were about to become, they will not.
    pub(super) fn rest_services(&mut self, front_end: FrontEndId) {
        let line = &mut self.lines[front_end.index()];
        self.agenda.strike(line.services.take());
        if self.books.front_end(front_end).services == Services::Starting {
            self.pool.hanging.retain(|hanging| *hanging != front_end);
        }
    }

    fn perform_stands(&self, front_end: FrontEndId, moment: Moment, index: u8) -> Standing {
        let book = self.books.front_end(front_end);
        if book.computer != Computer::Up {
            return UNREACHABLE;
        }
        match book.underway {
            _ if index >= self.books.actions[moment as usize] => {
                Standing::Refused(Problem::Permanent, "there is no such action")
            }
            // The mark that the first one left refuses a second start.
            Some(underway) if underway == (moment, index) => {
                Standing::Refused(Problem::Unknown, "a mark says that it is underway already")
            }
            Some(_) => Standing::Refused(Problem::Transient, "another action is underway"),
            None if book.done(moment, index) => Standing::Reached,
            None => Standing::Open,
        }
    }

    fn begin_perform(
        &mut self,
        plan: &Plan,
        front_end: FrontEndId,
        moment: Moment,
        index: u8,
        manner: Manner,
    ) {
        match moment {
            Moment::BeforeStop => self.take_out(front_end),
            Moment::Upgrade => {
                let book = &mut self.books.front_ends[front_end.index()];
                book.restarting_from = None;
                let stopped = book.services == Services::Stopped;
                self.books.upgraded_unstopped += u16::from(!stopped);
            }
            Moment::AfterAccept => {}
        }
        let place = self.books.place(front_end, moment, index);
        let mut nth = 0;
        if let Some(count) = place.and_then(|place| self.books.performed.get_mut(place)) {
            *count += 1;
            nth = *count;
        }
        let action = &plan.upgrade().at(moment)[usize::from(index)];
        let column = moment as u16 * 64 + u16::from(index);
        let length = manner.length.unwrap_or_else(|| {
            self.length(action.expected, Occasion::Perform { place: column }, front_end, nth)
        });
        let due = self.enter(length, Event::Performed(front_end));
        let line = &mut self.lines[front_end.index()];
        line.action = Some(due);
        line.exit = exit(manner.twist, action.success.first().copied().unwrap_or(0));
        let book = &mut self.books.front_ends[front_end.index()];
        book.underway = Some((moment, index));
        for marks in [&mut book.cut_off, &mut book.failed, &mut book.failed_transiently] {
            marks[moment as usize] &= !(1 << (index & 63));
        }
    }

    fn restart_stands(&self, plan: &Plan, front_end: FrontEndId) -> Standing {
        let book = self.books.front_end(front_end);
        match book.computer {
            Computer::Rebooting => return Standing::Underway,
            Computer::Down => return UNREACHABLE,
            Computer::Up => {}
        }
        if self.has_restarted(plan, front_end) { Standing::Reached } else { Standing::Open }
    }

    /// The computer has booted since our restart began, or needs no boot.
    pub(super) fn has_restarted(&self, plan: &Plan, front_end: FrontEndId) -> bool {
        let book = self.books.front_end(front_end);
        let needs_none = plan.upgrade().restart == Restart::Services && !book.reboot_pending;
        needs_none || book.restarting_from.is_some_and(|from| book.boots > from)
    }

    fn begin_restart(&mut self, plan: &Plan, front_end: FrontEndId, manner: Manner) {
        let book = &mut self.books.front_ends[front_end.index()];
        book.restarts += 1;
        book.restarting_from = Some(book.boots);
        let nth = book.restarts;
        self.books.started_unfinished += u16::from(book.underway.is_some());
        self.go_down(plan, front_end, Computer::Rebooting);
        let length = match manner.twist {
            Some(Twist::NeverReturns { length: None }) => return,
            Some(Twist::NeverReturns { length }) => length,
            _ => manner.length,
        };
        let length =
            length.unwrap_or_else(|| self.length(plan.expected().restart, Occasion::Restart, front_end, nth));
        let due = self.enter(length, Event::Booted(front_end));
        self.lines[front_end.index()].computer = Some(due);
    }

    fn start_stands(&self, front_end: FrontEndId) -> Standing {
        let book = self.books.front_end(front_end);
        if book.computer != Computer::Up {
            return UNREACHABLE;
        }
        match book.services {
            Services::Running => Standing::Reached,
            Services::Starting => Standing::Underway,
            Services::Draining | Services::Stopping => {
                Standing::Refused(Problem::Transient, "its services are still stopping")
            }
            Services::Partly | Services::Stopped => Standing::Open,
        }
    }

    fn begin_start(&mut self, plan: &Plan, front_end: FrontEndId, manner: Manner) {
        let book = &mut self.books.front_ends[front_end.index()];
        book.starts += 1;
        book.disabled = false;
        book.brought_up = true;
        let nth = book.starts;
        self.books.started_unfinished +=
            u16::from(book.underway.is_some_and(|(moment, _)| moment == Moment::Upgrade));
        let length = match manner.twist {
            Some(Twist::StuckInStartPending { length: None }) => None,
            Some(Twist::StuckInStartPending { length }) => length,
            _ => Some(
                manner
                    .length
                    .unwrap_or_else(|| self.length(plan.expected().start, Occasion::Start, front_end, nth)),
            ),
        };
        self.begin_starting(plan, front_end, length);
    }

    /// Services come up, in so many milliseconds or never.
    pub(super) fn begin_starting(&mut self, plan: &Plan, front_end: FrontEndId, length: Option<u64>) {
        let due = length.map(|length| self.enter(length, Event::Started(front_end)));
        self.lines[front_end.index()].services = due;
        self.books.front_ends[front_end.index()].services = Services::Starting;
        self.refresh(plan, front_end);
    }

    /// How long a start takes that is not an act of ours.
    pub(super) fn own_start(&self, plan: &Plan, front_end: FrontEndId) -> u64 {
        let boots = self.books.front_end(front_end).boots;
        self.length(plan.expected().start, Occasion::Start, front_end, u16::MAX - boots)
    }

    /// We take a front end out of service: see [`FrontEndBook::taken_out`](super::FrontEndBook::taken_out).
    fn take_out(&mut self, front_end: FrontEndId) {
        let book = &mut self.books.front_ends[front_end.index()];
        book.brought_up = false;
        if book.taken_out {
            return;
        }
        book.taken_out = true;
        if book.active {
            self.books.takings.push(front_end);
        }
        book.done[Moment::AfterAccept as usize] = 0;
        if let Err(place) = self.books.taken_out.binary_search(&front_end) {
            self.books.taken_out.insert(place, front_end);
        }
    }

    /// Is a front end that we took out back in service?
    pub(super) fn see_whether_back(&mut self, front_end: FrontEndId) {
        let book = self.books.front_end(front_end);
        if !(book.taken_out && book.active && book.brought_up) {
            return;
        }
        if !self.books.all_done(front_end, Moment::AfterAccept) {
            return;
        }
        let book = &mut self.books.front_ends[front_end.index()];
        book.taken_out = false;
        book.done[Moment::BeforeStop as usize] = 0;
        if let Ok(place) = self.books.taken_out.binary_search(&front_end) {
            self.books.taken_out.remove(place);
        }
    }

    /// A start that finds its state reached has brought the front end up just as well.
    fn note_reached(&mut self, act: Act) {
        if let Act::Start { front_end } = act {
            self.books.front_ends[front_end.index()].brought_up = true;
            self.see_whether_back(front_end);
        }
    }

    fn facts_reached(&self, act: Act) -> Facts {
        match act {
            Act::Restart { front_end } => self.boot_facts(front_end),
            _ => Facts::default(),
        }
    }

    /// When the computer last booted. A twin has no calendar, so it counts its boots.
    pub(super) fn boot_facts(&self, front_end: FrontEndId) -> Facts {
        let boots = self.books.front_end(front_end).boots;
        Facts { boot_time: Some(format!("boot {boots}")), ..Facts::default() }
    }
}

const UNREACHABLE: Standing = Standing::Refused(Problem::Transient, "the front end cannot be reached");

fn exit(twist: Option<Twist>, success: i32) -> Exit {
    match twist {
        Some(Twist::Fails { exit_code } | Twist::Exits { exit_code }) => {
            Exit { code: exit_code, transient: false }
        }
        Some(Twist::FailsTransiently { exit_code }) => Exit { code: exit_code, transient: true },
        _ => Exit { code: success, transient: false },
    }
}
