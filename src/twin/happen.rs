//! What happens by itself: things that were begun come to their end, computers boot and die, faults strike.

use super::Twin;
use super::agenda::Event;
use super::answers::said;
use super::chance::Occasion;
use super::states::{Computer, PoolState, Services};
use crate::plan::{Act, Facts, FrontEndId, Moment, Plan, Problem};

impl Twin {
    pub(super) fn happen(&mut self, plan: &Plan, event: Event) {
        match event {
            Event::Drained(front_end) => self.end_of_drain(plan, front_end),
            Event::Stopped(front_end) => self.end_of_stop(plan, front_end),
            Event::Started(front_end) => self.end_of_start(plan, front_end),
            Event::Performed(front_end) => self.end_of_action(plan, front_end),
            Event::Booted(front_end) => self.boot(plan, front_end),
            Event::FailedOver => self.end_fail_over(plan),
            Event::FailedBack => self.end_fail_back(plan),
            Event::DatabasesUpdated => self.end_databases(),
            Event::Rebuilt => {
                self.pool.rebuilt = None;
                self.books.rebuilding = false;
            }
            Event::Fault(place) => self.strike_fault(plan, place),
            Event::Answer(ticket) => self.release(ticket),
        }
    }

    fn end_of_drain(&mut self, plan: &Plan, front_end: FrontEndId) {
        if let Some(drain) = self.end_drain(front_end) {
            match plan.product().fails_computers_over() {
                true => self.books.sessions.moved += drain.sessions,
                false => self.books.sessions.finished += drain.sessions,
            }
        }
        let nth = self.books.front_end(front_end).stops;
        let length = self.length(plan.expected().stop, Occasion::Stop, front_end, nth);
        let due = self.enter(length, Event::Stopped(front_end));
        self.lines[front_end.index()].services = Some(due);
        self.books.front_ends[front_end.index()].services = Services::Stopping;
    }

    fn end_of_stop(&mut self, plan: &Plan, front_end: FrontEndId) {
        let line = &mut self.lines[front_end.index()];
        line.services = None;
        let partly = std::mem::take(&mut line.ends_partly);
        let disables = std::mem::take(&mut line.disables);
        let lost = std::mem::take(&mut line.lost);
        let book = &mut self.books.front_ends[front_end.index()];
        book.services = if partly { Services::Partly } else { Services::Stopped };
        book.disabled |= disables && !partly;
        self.refresh(plan, front_end);
        let is_stop = |act| matches!(act, Act::Stop { .. });
        let sessions_lost = (lost > 0).then_some(lost);
        if partly {
            let text = Some("some services are stopped and some are not".to_owned());
            let facts = Facts { text, sessions_lost, ..Facts::default() };
            self.tell(front_end, is_stop, Err(Problem::Unknown), facts);
        } else {
            self.tell(front_end, is_stop, Ok(()), Facts { sessions_lost, ..Facts::default() });
        }
    }

    /// The services of a front end are up. While no front end is active that is a cold start: they hang in
    /// StartPending until enough others are up with them. While the partner serves, nobody waits for anybody.
    fn end_of_start(&mut self, plan: &Plan, front_end: FrontEndId) {
        self.lines[front_end.index()].services = None;
        let cold = self.books.pool.serves() && self.members.active == 0;
        if !cold {
            return self.run(plan, front_end);
        }
        self.pool.hanging.push(front_end);
        if self.pool.hanging.len() < usize::from(plan.pool().quorum.cold_start) {
            return;
        }
        for front_end in std::mem::take(&mut self.pool.hanging) {
            self.run(plan, front_end);
        }
    }

    fn run(&mut self, plan: &Plan, front_end: FrontEndId) {
        self.books.front_ends[front_end.index()].services = Services::Running;
        self.refresh(plan, front_end);
        self.tell(front_end, |act| matches!(act, Act::Start { .. }), Ok(()), Facts::default());
    }

    fn end_of_action(&mut self, plan: &Plan, front_end: FrontEndId) {
        let line = &mut self.lines[front_end.index()];
        line.action = None;
        let exit = line.exit;
        let Some((moment, index)) = self.books.front_ends[front_end.index()].underway.take() else { return };
        let Some(action) = plan.upgrade().at(moment).get(usize::from(index)) else { return };
        let reboot_needed = action.reboot.contains(&exit.code);
        let bit = 1 << (index & 63);
        let result = if reboot_needed || action.success.contains(&exit.code) {
            self.note_done(front_end, moment, index, reboot_needed);
            Ok(())
        } else {
            let book = &mut self.books.front_ends[front_end.index()];
            book.failed[moment as usize] |= bit;
            if exit.transient {
                book.failed_transiently[moment as usize] |= bit;
                Err(Problem::Transient)
            } else {
                Err(Problem::Permanent)
            }
        };
        let facts = Facts { exit_code: Some(exit.code), reboot_needed, ..Facts::default() };
        let act = Act::Perform { front_end, moment, index };
        self.tell(front_end, |waited_for| waited_for == act, result, facts);
    }

    fn note_done(&mut self, front_end: FrontEndId, moment: Moment, index: u8, reboot_needed: bool) {
        let book = &mut self.books.front_ends[front_end.index()];
        book.done[moment as usize] |= 1 << (index & 63);
        book.reboot_pending |= reboot_needed;
        self.note_version(front_end);
        self.see_whether_back(front_end);
    }

    /// The planned version is there once every action of the upgrade is done and no restart is owed.
    fn note_version(&mut self, front_end: FrontEndId) {
        let done = self.books.all_done(front_end, Moment::Upgrade);
        let book = &mut self.books.front_ends[front_end.index()];
        book.planned = done && !book.reboot_pending;
    }

    /// A computer goes down, for a restart or for ever, with everything that goes on on it.
    pub(super) fn go_down(&mut self, plan: &Plan, front_end: FrontEndId, computer: Computer) {
        self.lose_sessions(front_end);
        self.rest_services(front_end);
        let line = &mut self.lines[front_end.index()];
        self.agenda.strike(line.action.take());
        self.agenda.strike(line.computer.take());
        let book = &mut self.books.front_ends[front_end.index()];
        if let Some((moment, index)) = book.underway.take() {
            book.cut_off[moment as usize] |= 1 << (index & 63);
        }
        book.services = Services::Stopped;
        book.computer = computer;
        self.refresh(plan, front_end);
        let dies = computer == Computer::Down;
        let cut = |act| dies || !matches!(act, Act::Restart { .. });
        self.tell(
            front_end,
            cut,
            Err(Problem::Unknown),
            said("the connection was lost: the computer went down"),
        );
    }

    pub(super) fn die(&mut self, plan: &Plan, front_end: FrontEndId, returns_after: Option<u64>) {
        self.go_down(plan, front_end, Computer::Down);
        self.books.front_ends[front_end.index()].died_at = Some(self.now);
        self.books.deaths.push(front_end);
        if let Some(length) = returns_after {
            let due = self.enter(length, Event::Booted(front_end));
            self.lines[front_end.index()].computer = Some(due);
        }
    }

    /// A computer is up again. Its services are automatic, but a front end that we took out waits for its start, and so
    /// does one that we restarted, unless the partner serves: then they start by themselves, for nobody.
    fn boot(&mut self, plan: &Plan, front_end: FrontEndId) {
        self.lines[front_end.index()].computer = None;
        let failed_over = self.books.pool == PoolState::FailedOver;
        let book = &mut self.books.front_ends[front_end.index()];
        let died = book.computer == Computer::Down;
        book.computer = Computer::Up;
        book.boots += 1;
        book.reboot_pending = false;
        let starts = !book.disabled && (failed_over || (died && !book.taken_out));
        self.note_version(front_end);
        if starts {
            let length = self.own_start(plan, front_end);
            self.begin_starting(plan, front_end, Some(length));
        }
        let facts = self.boot_facts(front_end);
        self.tell(front_end, |act| matches!(act, Act::Restart { .. }), Ok(()), facts);
    }
}
