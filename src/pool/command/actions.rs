//! Actions of an upgrade: what they did is told by their exit codes, and where nobody heard those by marks and by the version.

use super::acts::unreached;
use super::flow::{Flow, ended};
use super::local::Ended;
use super::marks::{Mark, Marking};
use super::session::Unreached;
use super::words::About;
use crate::plan::{
    Action, Command, Facts, FrontEndId, Moment, Observation, Problem, Restart, Template, VersionSeen, Where,
};
use crate::pool::calls::{Ensured, failed};

impl Flow {
    pub(super) fn action(&self, moment: Moment, index: u8) -> &Action {
        &self.plan.upgrade().at(moment)[usize::from(index)]
    }

    pub(super) async fn perform(&self, front_end: FrontEndId, moment: Moment, index: u8) -> Ensured {
        let action = self.action(moment, index);
        let step = self.mark(front_end, moment, index);
        let before = self.marks.read(&step);
        if let Some(mark) = &before {
            if !action.repeatable && mark.exit_code.is_some_and(|code| is_success(action, code)) {
                return (Ok(()), exit(action, mark.exit_code));
            }
            // Whoever begins it again has looked: where nobody can tell, a person has.
            let goes_on =
                mark.exit_code.is_none() && self.runs(action.at, Some(front_end), mark).await == Ok(true);
            if goes_on {
                return failed(Problem::Unknown, "a mark says that it is underway already");
            }
        }
        let owes_restart =
            moment == Moment::Upgrade && before.as_ref().is_some_and(|mark| self.owes_restart(action, mark));
        // Taking a front end out makes what brought it back stale, and the other way round; an upgrade wants a restart after it.
        let stale = match moment {
            Moment::BeforeStop => self.forget(front_end, Moment::AfterAccept),
            Moment::AfterAccept => self.forget(front_end, Moment::BeforeStop),
            Moment::Upgrade => self.marks.forget(&self.restart_mark(front_end)),
        };
        // So is what the last try came to, but for a restart that it asked for.
        let unbegun = Mark { unbegun: true, owes_restart, ..Mark::default() };
        let none_begun =
            || if owes_restart { self.marks.write(&step, &unbegun) } else { self.marks.forget(&step) };
        let last = || if before.is_some() { none_begun() } else { Ok(()) };
        if let Err(why) = stale.and_then(|()| last()) {
            return failed(Problem::Transient, why);
        }
        let known = Mark { owes_restart, ..Mark::default() };
        let lasts = !action.ends_with_power();
        let mut process = None;
        let mut told = |it| {
            process = it;
            if !lasts {
                return self.marks.note(&step, process);
            }
            self.marks.forget_exit(&step)?;
            self.marks.write(&step, &Mark { process, ..known.clone() })
        };
        let command = command_of(action);
        let keeps_its_end = lasts && action.at == Where::Here;
        let exit_file = if keeps_its_end { self.marks.exit_file(&step) } else { None };
        let marking = Marking { told: &mut told, holds: lasts, exit_file };
        let output = self.act(&command, About::front_end(front_end), &step, Some(marking)).await;
        let cut_off = || {
            _ = self.marks.note(&step, None);
            let mark = Mark { process, cut_off: true, ..known.clone() };
            let owes_restart = moment == Moment::Upgrade && self.owes_restart(action, &mark);
            // Where processes are not told apart it leaves none to look for.
            let is_over = action.repeatable && process.is_none();
            let mark = if is_over { Mark { owes_restart, ..unbegun.clone() } } else { mark };
            _ = self.marks.write(&step, &mark);
        };
        let output = match output {
            Ok(output) => output,
            Err(why) => {
                match why {
                    Unreached::NotBegun(_) => _ = none_begun(),
                    Unreached::Lost(_) => cut_off(),
                }
                return unreached(why);
            }
        };
        let Ended::Code(code) = output.ended else {
            cut_off();
            let why = ended(&command, &output).err().map_or_else(String::new, |(_, why)| why);
            return failed(Problem::Unknown, why);
        };
        let mark = Mark { exit_code: Some(code), ..known };
        let asks = moment == Moment::Upgrade && self.owes_restart(action, &mark);
        let kept = match (action.repeatable, asks) {
            (true, false) => self.marks.forget(&step),
            _ => self.marks.write(&step, &mark).and_then(|()| self.marks.note(&step, None)),
        };
        // A restart that it asks for is told by nobody else.
        if let (true, Err(why)) = (asks, kept) {
            return failed(Problem::Unknown, why);
        }
        let facts = exit(action, Some(code));
        if is_success(action, code) {
            return (Ok(()), facts);
        }
        let problem = if action.limit.attempts > 1 { Problem::Transient } else { Problem::Permanent };
        let text = Some(format!("it ended with {code}{}", super::answers::said(&output)));
        (Err(problem), Facts { text, ..facts })
    }

    /// Whether an action asked that the computer restarts, by its mark. One whose exit code nobody knows may have.
    fn owes_restart(&self, action: &Action, mark: &Mark) -> bool {
        mark.owes_restart
            || match mark.exit_code {
                Some(code) => action.reboot.contains(&code),
                None => !mark.unbegun && self.settings.restart.is_some() && !action.reboot.is_empty(),
            }
    }

    /// Whether the computer of a front end has to restart: always, or because an action asked for it.
    pub(super) fn needs_restart(&self, front_end: FrontEndId) -> bool {
        self.plan.upgrade().restart == Restart::Computer
            || (0..self.plan.upgrade().actions.len() as u8).any(|index| {
                let mark = self.marks.read(&self.mark(front_end, Moment::Upgrade, index));
                mark.is_some_and(|mark| self.owes_restart(self.action(Moment::Upgrade, index), &mark))
            })
    }

    /// By the mark of the action, and where that leaves it open by the version.
    pub(super) async fn action_seen(
        &self,
        front_end: FrontEndId,
        moment: Moment,
        index: u8,
    ) -> Result<(Observation, Facts), String> {
        let action = self.action(moment, index);
        let Some(mark) = self.marks.read(&self.mark(front_end, moment, index)) else {
            return Ok((Observation::NotDone, Facts::default()));
        };
        let facts = exit(action, mark.exit_code);
        if let Some(code) = mark.exit_code {
            let transient = action.limit.attempts > 1;
            let seen =
                if is_success(action, code) { Observation::Done } else { Observation::Failed { transient } };
            return Ok((seen, facts));
        }
        let runs = self.runs(action.at, Some(front_end), &mark).await;
        if runs == Ok(true) {
            return Ok((Observation::Underway, facts));
        }
        // Where nobody can tell, it may go on whatever became of us.
        let has_ended = runs == Ok(false);
        if mark.unbegun || action.repeatable && has_ended {
            return Ok((Observation::NotDone, facts));
        }
        if moment == Moment::Upgrade && self.plan.upgrade().version.is_some() {
            let observed = self.observe(front_end).await?;
            let seen = match self.version(&observed) {
                VersionSeen::Planned => Observation::Done,
                VersionSeen::Other if has_ended => Observation::NotDone,
                _ => Observation::Unknown,
            };
            return Ok((seen, Facts { version: observed.version, ..facts }));
        }
        Ok((Observation::Unknown, Facts::text("it was cut off, and nothing tells how far it came")))
    }
}

/// An action as a command: its exit codes are the plan's.
pub(super) fn command_of(action: &Action) -> Command {
    // The rules have read them.
    let template = |word: &String| Template::parse(word).unwrap_or_else(|_| Template::literal(word));
    Command {
        run: std::iter::once(&action.program).chain(&action.arguments).map(template).collect(),
        at: action.at,
        directory: None,
        environment: Vec::new(),
        time_limit: None,
        // Which of them mean what is read off the action.
        exits: action.success.iter().chain(&action.reboot).map(|code| (*code, "done".to_owned())).collect(),
    }
}

fn is_success(action: &Action, code: i32) -> bool {
    action.success.contains(&code) || action.reboot.contains(&code)
}

fn exit(action: &Action, exit_code: Option<i32>) -> Facts {
    let reboot_needed = exit_code.is_some_and(|code| action.reboot.contains(&code));
    Facts { exit_code, reboot_needed, ..Facts::default() }
}
