//! Acts and looks at them: commands that ensure a state, and what tells whether it is there.

use super::flow::{Flow, ended, standing};
use super::local::Ended;
use super::marks::{self, Mark, Marking};
use super::session::Unreached;
use super::words::About;
use crate::plan::{Act, Command, Facts, FrontEndId, Mode, Moment, Observation, Problem, Where};
use crate::pool::calls::{Ensured, failed};
use crate::pool::process;
use crate::twin::{PoolState, Services};

/// How long a computer may take to go down once it was told to restart, in seconds.
const TO_GO_DOWN: u64 = 600;

pub(super) fn unreached(why: Unreached) -> Ensured {
    match why {
        Unreached::NotBegun(why) => failed(Problem::Transient, why),
        Unreached::Lost(why) => failed(Problem::Unknown, why),
    }
}

/// Whether a state is there already when an act looks first.
enum First {
    There,
    Wanting,
    /// It cannot be told, or not be begun now; nothing was.
    Not(String),
}

impl Flow {
    pub(super) async fn ensure(&self, act: Act) -> Ensured {
        match act {
            Act::Stop { front_end, mode } => self.stop(front_end, mode).await,
            Act::Start { front_end } => self.start(front_end).await,
            Act::Perform { front_end, moment, index } => self.perform(front_end, moment, index).await,
            Act::Restart { front_end } => self.restart(front_end).await,
            Act::FailOver => self.fail_pool(false).await,
            Act::FailBack => self.fail_pool(true).await,
            Act::UpdateDatabases => failed(Problem::Permanent, "no command updates databases"),
        }
    }

    fn fqdn(&self, front_end: FrontEndId) -> &str {
        &self.plan.front_end(front_end).fqdn
    }

    /// Runs a command that ensures a state, and takes its word that it ended well. The state is proved elsewhere. While it goes on
    /// its mark says so: what it does may show late, and it outlives us.
    async fn begin(&self, act: Act) -> Ensured {
        let Some((command, about, step)) = self.command_of_act(act) else {
            return failed(Problem::Permanent, "the plan has no command for it");
        };
        let step = step.as_str();
        match self.goes_on(command, about, step).await {
            Ok(false) => {}
            Ok(true) if self.ends_its_drain(act, command, step).await => {}
            Ok(true) => return failed(Problem::Unknown, "a mark says that it is underway already"),
            Err(why) => return failed(Problem::Unknown, why),
        }
        let graceful = matches!(act, Act::Stop { mode: Mode::Graceful, .. });
        let mut told = |process| self.marks.write(step, &Mark { process, graceful, ..Mark::default() });
        let marking = Marking { told: &mut told, holds: true, exit_file: None };
        match self.act(command, about, step, Some(marking)).await {
            Ok(output) => {
                if let Ended::Code(code) = output.ended {
                    let _ = self.marks.write_end(step, &Mark { exit_code: Some(code), ..Mark::default() });
                }
                match ended(command, &output) {
                    Ok(()) => (Ok(()), Facts::default()),
                    Err((problem, why)) => failed(problem, why),
                }
            }
            Err(why) => {
                if matches!(why, Unreached::NotBegun(_)) {
                    let _ = self.marks.forget(step);
                }
                unreached(why)
            }
        }
    }

    /// Whether the command of a step still goes on, as its mark says. Where there is none, none was begun.
    async fn goes_on(&self, command: &Command, about: About, step: &str) -> Result<bool, String> {
        match self.marks.read(step) {
            None | Some(Mark { exit_code: Some(_), .. }) => Ok(false),
            Some(mark) => self.runs(command.at, about.front_end, &mark).await,
        }
    }

    /// A person says that an act has not taken place. A mark from which nobody can tell stands in its way no longer.
    pub(super) fn not_done(&self, act: Act) {
        let step = match act {
            Act::Perform { front_end, moment, index } => Some(self.mark(front_end, moment, index)),
            _ => self.command_of_act(act).map(|(.., step)| step),
        };
        let tells = |mark: Mark| mark.process.is_some() || mark.exit_code.is_some() || mark.unbegun;
        if let Some(step) = step
            && !self.marks.read(&step).is_none_or(tells)
        {
            // It would be asked again.
            let _ = self.marks.forget(&step);
        }
    }

    /// Whether what a mark speaks of, or anything that it started, still runs where it was begun.
    pub(super) async fn runs(
        &self,
        at: Where,
        front_end: Option<FrontEndId>,
        mark: &Mark,
    ) -> Result<bool, String> {
        if mark.unbegun {
            return Ok(false);
        }
        let process = mark.process.ok_or("its process is not known")?;
        match (at, front_end) {
            (Where::FrontEnd, Some(front_end)) => {
                self.remote.runs(front_end, self.fqdn(front_end), process).await
            }
            _ => {
                let unknown = || "this system does not tell processes apart".to_owned();
                process::runs(process).ok_or_else(unknown)
            }
        }
    }

    /// Ends a graceful stop that goes on, where it has become an immediate one. Whether it has ended.
    async fn ends_its_drain(&self, act: Act, command: &Command, step: &str) -> bool {
        let Act::Stop { front_end, mode: Mode::Immediate } = act else { return false };
        match (self.marks.read(step), command.at) {
            (Some(Mark { graceful: true, process: Some(process), .. }), Where::FrontEnd) => {
                self.remote.end(front_end, self.fqdn(front_end), process).await == Ok(false)
            }
            (Some(Mark { graceful: true, process: Some(process), .. }), Where::Here) => {
                process::end(process).await
            }
            _ => false,
        }
    }

    async fn first(&self, front_end: FrontEndId, wanted: Services) -> First {
        match self.observe(front_end).await {
            Ok(observed) if Services::from(observed.services) == wanted => First::There,
            Ok(_) => First::Wanting,
            Err(why) => First::Not(why),
        }
    }

    async fn stop(&self, front_end: FrontEndId, mode: Mode) -> Ensured {
        match self.first(front_end, Services::Stopped).await {
            First::There => return (Ok(()), Facts::default()),
            First::Not(why) => return failed(Problem::Transient, why),
            First::Wanting => {}
        }
        self.begin(Act::Stop { front_end, mode }).await
    }

    async fn start(&self, front_end: FrontEndId) -> Ensured {
        match self.first(front_end, Services::Running).await {
            First::There => return self.started(front_end),
            First::Not(why) => return failed(Problem::Transient, why),
            First::Wanting => {}
        }
        let begun = self.begin(Act::Start { front_end }).await;
        if begun.0.is_err() {
            return begun;
        }
        // That it is started is said by nobody else.
        loop {
            match self.observe(front_end).await {
                Ok(observed) => match Services::from(observed.services) {
                    Services::Running => return self.started(front_end),
                    Services::Starting => self.pause().await,
                    _ => return failed(Problem::Transient, standing(&observed)),
                },
                Err(why) => return failed(Problem::Unknown, why),
            }
        }
    }

    /// A front end that serves again without an action to bring it back: the actions before its stop are for the next stop again.
    fn started(&self, front_end: FrontEndId) -> Ensured {
        let mut forgotten = Ok(());
        if self.plan.upgrade().after_accept.is_empty() {
            forgotten = self.forget(front_end, Moment::BeforeStop);
        }
        // What brought it back another time says nothing of this one.
        match forgotten.and_then(|()| self.forget(front_end, Moment::AfterAccept)) {
            Ok(()) => (Ok(()), Facts::default()),
            Err(why) => failed(Problem::Transient, why),
        }
    }

    pub(super) fn forget(&self, front_end: FrontEndId, moment: Moment) -> Result<(), String> {
        let mut steps =
            (0..self.plan.upgrade().at(moment).len() as u8).map(|index| self.mark(front_end, moment, index));
        steps.try_for_each(|step| self.marks.forget(&step))
    }

    pub(super) fn mark(&self, front_end: FrontEndId, moment: Moment, index: u8) -> String {
        format!("{}-{}-{}", moment.word(), self.fqdn(front_end), index + 1)
    }

    pub(super) fn restart_mark(&self, front_end: FrontEndId) -> String {
        format!("restart-{}", self.fqdn(front_end))
    }

    async fn restart(&self, front_end: FrontEndId) -> Ensured {
        if !self.needs_restart(front_end) {
            return (Ok(()), Facts::default());
        }
        let step = self.restart_mark(front_end);
        let seen = self.restart_seen(front_end).await;
        let Some(command) = &self.settings.restart else {
            return match seen {
                Ok((Observation::Done, facts)) => (Ok(()), facts),
                _ => self.restarted_by_hand(front_end, &step).await,
            };
        };
        match seen {
            Ok((Observation::Done, facts)) => return (Ok(()), facts),
            Ok((Observation::Underway, _)) => {
                return failed(Problem::Unknown, "it was asked to restart already");
            }
            _ => {}
        }
        let boot = match self.observe(front_end).await {
            Ok(observed) => observed.boot,
            Err(why) => return failed(Problem::Transient, why),
        };
        let asked = Some(marks::now());
        if let Err(why) = self.marks.write(&step, &Mark { boot: boot.clone(), asked, ..Mark::default() }) {
            return failed(Problem::Transient, why);
        }
        let begun = self.act(command, About::front_end(front_end), &step, None).await;
        match begun {
            Ok(output) => {
                let Ended::Code(code) = output.ended else {
                    return failed(Problem::Unknown, "the command that restarts it did not end by itself");
                };
                let _ =
                    self.marks.write(&step, &Mark { boot, asked, exit_code: Some(code), ..Mark::default() });
                match ended(command, &output) {
                    Ok(()) => (Ok(()), Facts::default()),
                    Err((problem, why)) => failed(problem, why),
                }
            }
            // A computer that goes down takes its connection along: that is what was asked for.
            Err(Unreached::Lost(_)) => failed(Problem::Unknown, "the connection was lost"),
            Err(why) => {
                let _ = self.marks.forget(&step);
                unreached(why)
            }
        }
    }

    /// The plan has no command that restarts the computer: a person does, and then it has another boot.
    async fn restarted_by_hand(&self, front_end: FrontEndId, step: &str) -> Ensured {
        let boot = self.observe(front_end).await.ok().and_then(|observed| observed.boot);
        let before = self.marks.read(step).is_some_and(|mark| mark.boot.is_some());
        if let (false, Some(_)) = (before, &boot)
            && let Err(why) = self.marks.write(step, &Mark { boot, ..Mark::default() })
        {
            return failed(Problem::Transient, why);
        }
        let why = "an action asked for a restart of the computer, and the plan has no command for it: restart it by hand, then let it be tried again";
        failed(Problem::Permanent, why)
    }

    /// By another boot than the one before, where the front end tells boots apart; else by its answer after a command that ended well.
    async fn restart_seen(&self, front_end: FrontEndId) -> Result<(Observation, Facts), String> {
        if !self.needs_restart(front_end) {
            return Ok((Observation::Done, Facts::default()));
        }
        let Some(mark) = self.marks.read(&self.restart_mark(front_end)) else {
            return Ok((Observation::NotDone, Facts::default()));
        };
        let observed = self.observe(front_end).await?;
        let facts = Facts { boot_time: observed.boot.clone(), ..Facts::default() };
        // A computer that was asked so long ago, and is up, has not heard it.
        let lately = mark.asked.is_some_and(|asked| marks::now().saturating_sub(asked) < TO_GO_DOWN);
        let succeeded = mark.exit_code.is_none_or(|code| code == 0) && lately;
        Ok(match (&mark.boot, &observed.boot) {
            (Some(before), Some(now)) if before != now => (Observation::Done, facts),
            (Some(_), Some(_)) if succeeded => (Observation::Underway, facts),
            (Some(_), Some(_)) => (Observation::NotDone, facts),
            _ if mark.exit_code == Some(0) => (Observation::Done, facts),
            _ if mark.exit_code.is_some() => (Observation::NotDone, facts),
            _ => (Observation::Unknown, Facts::text("nothing tells whether its computer has restarted")),
        })
    }

    async fn fail_pool(&self, back: bool) -> Ensured {
        if self.settings.partner.is_none() {
            return failed(Problem::Permanent, "no command fails the pool over");
        }
        let seen = |state: PoolState| if back { state.fail_back_seen() } else { state.fail_over_seen() };
        match self.pool_state().await.map(seen) {
            Ok(Observation::NotDone) => {}
            // A look tells the rest.
            Ok(Observation::Done | Observation::Underway) => return (Ok(()), Facts::default()),
            Ok(_) => return failed(Problem::Transient, "the pool is on its way to the other side"),
            Err(why) => return failed(Problem::Transient, why),
        }
        self.begin(if back { Act::FailBack } else { Act::FailOver }).await
    }

    /// Has an act taken place?
    pub(super) async fn look(&self, act: Act) -> (Observation, Facts) {
        // First: what has ended by now is seen whole. Asked afterwards, it could end between the two answers with neither showing it.
        let goes_on = match self.command_of_act(act) {
            Some((command, about, step)) => self.goes_on(command, about, &step).await,
            None => Ok(false),
        };
        let seen = match act {
            Act::Stop { front_end, .. } => self.observe(front_end).await.map(|observed| {
                let seen = Services::from(observed.services).stop_seen();
                let text = (seen != Observation::Done).then(|| standing(&observed));
                (seen, Facts { text, ..Facts::default() })
            }),
            Act::Start { front_end } => self.observe(front_end).await.map(|observed| {
                let seen = Services::from(observed.services).start_seen();
                if seen == Observation::Done {
                    _ = self.started(front_end);
                }
                let text = (seen != Observation::Done).then(|| standing(&observed));
                (seen, Facts { text, ..Facts::default() })
            }),
            Act::Restart { front_end } => self.restart_seen(front_end).await,
            Act::Perform { front_end, moment, index } => self.action_seen(front_end, moment, index).await,
            Act::FailOver => self.pool_state().await.map(|state| (state.fail_over_seen(), Facts::default())),
            Act::FailBack => self.pool_state().await.map(|state| (state.fail_back_seen(), Facts::default())),
            Act::UpdateDatabases => Err("no command updates databases".to_owned()),
        };
        let (observation, facts) = match seen {
            Ok(seen) => seen,
            Err(why) => return (Observation::Unknown, Facts::text(why)),
        };
        // A command may do much before anything of it is seen: while it is at that, it goes on.
        match goes_on {
            _ if !matches!(observation, Observation::NotDone | Observation::Partly) => (observation, facts),
            Ok(false) => (observation, facts),
            Ok(true) => (Observation::Underway, facts),
            Err(why) => (Observation::Unknown, Facts::text(why)),
        }
    }

    /// The command of an act that leaves a mark while it goes on, and the name of that.
    fn command_of_act(&self, act: Act) -> Option<(&Command, About, String)> {
        let partner = self.settings.partner.as_ref();
        match act {
            Act::Stop { front_end, mode } => {
                let about = About { mode: Some(mode), ..About::front_end(front_end) };
                Some((&self.settings.stop, about, format!("stop-{}", self.fqdn(front_end))))
            }
            Act::Start { front_end } => {
                let step = format!("start-{}", self.fqdn(front_end));
                Some((&self.settings.start, About::front_end(front_end), step))
            }
            Act::FailOver => Some((&partner?.fail_over, About::pool(), "fail_over".to_owned())),
            Act::FailBack => Some((&partner?.fail_back, About::pool(), "fail_back".to_owned())),
            Act::Restart { .. } | Act::Perform { .. } | Act::UpdateDatabases => None,
        }
    }
}
