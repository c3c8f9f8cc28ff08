//! One try of an action. Its mark is written before it begins and says at every instant what is known, for who comes after a crash.

use super::actions::{command_of, exit, is_success};
use super::acts::unreached;
use super::flow::{Flow, ended};
use super::local::{Ended, Output};
use super::marks::{Mark, Marking};
use super::session::Unreached;
use super::words::About;
use crate::plan::{Action, Facts, FrontEndId, Moment, Problem, Where};
use crate::pool::calls::{Ensured, failed};
use crate::pool::process::Process;

/// A try that may begin.
struct Try<'a> {
    flow: &'a Flow,
    front_end: FrontEndId,
    moment: Moment,
    action: &'a Action,
    /// Under which name its mark is kept.
    step: String,
    /// What the tries before it left.
    before: Option<Mark>,
    /// One of them asked for a restart of the computer, which has not come yet.
    owes_restart: bool,
}

impl Flow {
    pub(super) async fn perform(&self, front_end: FrontEndId, moment: Moment, index: u8) -> Ensured {
        let action = self.action(moment, index);
        let step = self.mark(front_end, moment, index);
        let before = self.left_by(action, &step);
        let owes_restart =
            moment == Moment::Upgrade && before.as_ref().is_some_and(|mark| self.owes_restart(action, mark));
        let one = Try { flow: self, front_end, moment, action, step, before, owes_restart };
        if let Some(spared) = one.spared().await {
            return spared;
        }
        if let Err(why) = one.clear() {
            return failed(Problem::Transient, why);
        }
        one.go().await
    }
}

impl Try<'_> {
    /// What there is to say without beginning it: it is done, or it goes on.
    async fn spared(&self) -> Option<Ensured> {
        let mark = self.before.as_ref()?;
        if !self.action.repeatable && mark.exit_code.is_some_and(|code| is_success(self.action, code)) {
            return Some((Ok(()), exit(self.action, mark.exit_code)));
        }
        // Whoever begins it again has looked: where nobody can tell, a person has.
        let goes_on = mark.exit_code.is_none()
            && self.flow.runs(self.action.at, Some(self.front_end), mark).await == Ok(true);
        goes_on.then(|| failed(Problem::Unknown, "a mark says that it is underway already"))
    }

    /// Forgets what this try makes stale.
    fn clear(&self) -> Result<(), String> {
        // Taking a front end out does so to what brought it back, and the other way round; an upgrade wants a restart after it.
        match self.moment {
            Moment::BeforeStop => self.flow.forget(self.front_end, Moment::AfterAccept)?,
            Moment::AfterAccept => self.flow.forget(self.front_end, Moment::BeforeStop)?,
            Moment::Upgrade => self.flow.marks.forget(&self.flow.restart_mark(self.front_end))?,
        }
        if self.before.is_some() { self.none_begun() } else { Ok(()) }
    }

    /// What the last try came to is forgotten, but for a restart that it asked for.
    fn none_begun(&self) -> Result<(), String> {
        if self.owes_restart {
            self.flow.marks.write(&self.step, &self.unbegun())
        } else {
            self.flow.marks.forget(&self.step)
        }
    }

    fn unbegun(&self) -> Mark {
        Mark { unbegun: true, ..self.begun() }
    }

    /// What is known of one that has begun.
    fn begun(&self) -> Mark {
        Mark { owes_restart: self.owes_restart, ..Mark::default() }
    }

    async fn go(&self) -> Ensured {
        let (marks, lasts) = (&self.flow.marks, !self.action.ends_with_power());
        let mut process = None;
        let mut told = |it| {
            process = it;
            if !lasts {
                return marks.note(&self.step, process);
            }
            marks.forget_exit(&self.step)?;
            marks.write(&self.step, &Mark { process, ..self.begun() })
        };
        let keeps_its_end = lasts && self.action.at == Where::Here;
        let exit_file = if keeps_its_end { marks.exit_file(&self.step) } else { None };
        let marking = Marking { told: &mut told, holds: lasts, exit_file };
        let command = command_of(self.action);
        let about = About::front_end(self.front_end);
        let output = self.flow.act(&command, about, &self.step, Some(marking)).await;
        let output = match output {
            Ok(output) => output,
            Err(why) => {
                match why {
                    Unreached::NotBegun(_) => _ = self.none_begun(),
                    Unreached::Lost(_) => self.cut_off(process),
                }
                return unreached(why);
            }
        };
        let Ended::Code(code) = output.ended else {
            self.cut_off(process);
            let why = ended(&command, &output).err().map_or_else(String::new, |(_, why)| why);
            return failed(Problem::Unknown, why);
        };
        self.ended_with(code, &output)
    }

    /// Nobody heard how it ended, or it was ended.
    fn cut_off(&self, process: Option<Process>) {
        _ = self.flow.marks.note(&self.step, None);
        let mark = Mark { process, cut_off: true, ..self.begun() };
        // Where processes are not told apart it leaves none to look for.
        let is_over = self.action.repeatable && process.is_none();
        let owes_restart = self.asks_for_restart(&mark);
        let mark = if is_over { Mark { owes_restart, ..self.unbegun() } } else { mark };
        _ = self.flow.marks.write_end(&self.step, &mark);
    }

    fn ended_with(&self, code: i32, output: &Output) -> Ensured {
        let mark = Mark { exit_code: Some(code), ..self.begun() };
        let asks = self.asks_for_restart(&mark);
        let kept = match (self.action.repeatable, asks) {
            (true, false) => self.flow.marks.forget(&self.step),
            _ => {
                let written = self.flow.marks.write_end(&self.step, &mark);
                written.and_then(|()| self.flow.marks.note(&self.step, None))
            }
        };
        // A restart that it asks for is told by nobody else.
        if let (true, Err(why)) = (asks, kept) {
            return failed(Problem::Unknown, why);
        }
        let facts = exit(self.action, Some(code));
        if is_success(self.action, code) {
            return (Ok(()), facts);
        }
        let problem = if self.action.has_more_tries() { Problem::Transient } else { Problem::Permanent };
        let text = Some(format!("it ended with {code}{}", super::answers::said(output)));
        (Err(problem), Facts { text, ..facts })
    }

    fn asks_for_restart(&self, mark: &Mark) -> bool {
        self.moment == Moment::Upgrade && self.flow.owes_restart(self.action, mark)
    }
}
