//! Actions of an upgrade: what they did is told by their exit codes, and where nobody heard those by marks and by the version. How one is
//! tried is in [`super::tries`].

use super::flow::{Flow, tells_a_signal};
use super::marks::Mark;
use crate::plan::{Action, Command, Facts, FrontEndId, Moment, Observation, Restart, Template, VersionSeen};

impl Flow {
    pub(super) fn action(&self, moment: Moment, index: u8) -> &Action {
        &self.plan.upgrade().at(moment)[usize::from(index)]
    }

    /// The mark of an action. An exit code that its keeper wrote down may be that of a signal.
    pub(super) fn left_by(&self, action: &Action, step: &str) -> Option<Mark> {
        let mark = self.marks.read(step)?;
        let exit_code = mark.exit_code.filter(|code| is_success(action, *code) || !tells_a_signal(*code));
        Some(Mark { exit_code, ..mark })
    }

    /// Whether an action asked that the computer restarts, by its mark. One whose exit code nobody knows may have.
    pub(super) fn owes_restart(&self, action: &Action, mark: &Mark) -> bool {
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
                let action = self.action(Moment::Upgrade, index);
                let mark = self.left_by(action, &self.mark(front_end, Moment::Upgrade, index));
                mark.is_some_and(|mark| self.owes_restart(action, &mark))
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
        let Some(mark) = self.left_by(action, &self.mark(front_end, moment, index)) else {
            return Ok((Observation::NotDone, Facts::default()));
        };
        let facts = exit(action, mark.exit_code);
        let transient = action.has_more_tries();
        if let Some(code) = mark.exit_code {
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
            let (seen, text) = match self.version(&observed) {
                VersionSeen::Planned => (Observation::Done, None),
                // It has begun, and how far it came nobody knows: to be begun again it needs a try that the plan allows.
                VersionSeen::Other if has_ended => {
                    let text = "it ended, nothing tells how, and the version is not the one planned";
                    (Observation::Failed { transient }, Some(text.to_owned()))
                }
                _ => (Observation::Unknown, None),
            };
            return Ok((seen, Facts { version: observed.version, text, ..facts }));
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

pub(super) fn is_success(action: &Action, code: i32) -> bool {
    action.success.contains(&code) || action.reboot.contains(&code)
}

pub(super) fn exit(action: &Action, exit_code: Option<i32>) -> Facts {
    let reboot_needed = exit_code.is_some_and(|code| action.reboot.contains(&code));
    Facts { exit_code, reboot_needed, ..Facts::default() }
}
