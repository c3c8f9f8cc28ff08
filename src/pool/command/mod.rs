//! Any pool, by commands: the plan names a program for each question and for each state.
//!
//! No shell of ours reads what the plan says: words reach a program as they are, and where one is run on a front end every word is quoted for the shell of
//! POSIX there. Names between braces are filled in when a command is run, and what is filled in is not read again.
//!
//! # What is concluded from what
//!
//! - Nothing from the end of a command that stops, restarts, fails over or back: the state is observed, by the commands that say so. A start has taken place when
//!   `observe` says that services run. Only an action of an upgrade is proved by its exit code, for nothing else tells.
//! - Nothing from an answer that is not understood whole, and nothing from an empty one.
//! - Nothing from what `ssh` ends with: a line of our own after each command carries how it ended. A connection that never
//!   became ready has begun nothing; once a line was on its way, nobody knows, and the run looks.
//! - A command that acts is held back by a shell until its process is written down beside the journal. So one without a mark was never
//!   begun, whenever our process died: what is held back reads its end, and ends. (A repeatable action on this computer is written
//!   down as soon as it has begun, and its intent becomes durable meanwhile: a power cut ends it. A restart of a computer is asked
//!   for under a mark of its own, and proved by another boot. On Windows nothing can be held back: a mark is left first, and where
//!   our process dies a person tells what became of it.)
//! - What a mark speaks of goes on while anything of its process group does, and is never begun beside itself. A graceful
//!   stop that has become an immediate one is ended first.
//! - A command that takes too long, or that nobody waits for any more, is ended with everything that it started, as far as the account may
//!   (what `sudo` started for another it may not) and that can be: Unix here, and a front end that has `setsid`. A run that is
//!   aborted waits for that some seconds. What it did until then is looked for.
//!   What it says until it is gone is heard.
//! - What acts when our process dies, or when the connection to a front end is gone, goes on undisturbed: its streams stay open. Here
//!   a shell that waits for an action leaves its exit code beside the mark; how one on a front end ended is known only by what is
//!   observed of it.
//!
//! What an act printed is kept in the folder of its run, under `commands`: the beginning and the end of it, without the values of the
//! plan's secrets. Beside it lies a mark of each command that acts, so that a run that is taken up finds a process that outlived ours.

mod actions;
mod acts;
mod answers;
pub mod claim;
mod flow;
mod local;
mod marks;
mod output;
mod remote;
mod session;
mod show;
mod tries;
mod words;

/// The schema of what a command answers, as it is published.
pub const ANSWER_SCHEMA: &str = include_str!("../../../schemas/answer.schema.json");

/// The schema of what a command answers, made from the types that read it.
pub fn answer_schema() -> serde_json::Value {
    crate::plan::schema_of::<answers::AnyAnswer>("urn:poolroll:answer:1")
}

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::Ticket;
use super::calls::Calls;
use crate::plan::{Act, Call, CommandDriver, Plan, Survey};
use flow::Flow;
pub(super) use show::show;

/// How long it rests at most between two looks at services that start; the plan's `limits.look_again`, where that is shorter.
const REST: Duration = Duration::from_secs(1);

/// A live pool, reached by commands. Calls begin at once, each as a task of its own.
#[derive(Debug)]
pub struct CommandPool {
    flow: Arc<Flow>,
    pub(super) calls: Calls,
}

impl CommandPool {
    /// The pool of a plan. Marks and outputs are kept in the folder of a run; without one, where only questions are asked, nowhere.
    pub fn new(plan: Arc<Plan>, settings: CommandDriver, folder: Option<&Path>) -> CommandPool {
        let rest = REST.min(plan.limits().look_again);
        CommandPool { flow: Arc::new(Flow::new(plan, settings, folder, rest)), calls: Calls::default() }
    }

    /// No command lists the members of a pool: who they are is the plan's word. What is to run here can be looked for.
    pub(super) fn survey(&self) -> Survey {
        let absent = show::absent(&self.flow.plan, &self.flow.settings);
        Survey { absent, ..Survey::as_planned(&self.flow.plan) }
    }

    pub(super) fn begin(&mut self, ticket: Ticket, call: Call) {
        let flow = Arc::clone(&self.flow);
        self.calls.begin(ticket, async move { flow.answer(call).await });
    }

    /// Whether a power cut ends what the call does, and it may be begun again then.
    pub(super) fn ends_with_power(&self, call: Call) -> bool {
        match call {
            Call::Ensure(Act::Perform { moment, index, .. }) => {
                self.flow.action(moment, index).ends_with_power()
            }
            _ => false,
        }
    }

    /// A person says that an act has not taken place.
    pub(super) fn not_done(&self, act: Act) {
        self.flow.not_done(act);
    }

    /// Whether the disk of the run is full.
    pub(super) fn is_short(&self) -> bool {
        self.flow.marks.are_short()
    }

    pub(super) async fn rest(&mut self) {
        self.calls.rest().await;
        self.flow.endings.all().await;
        self.flow.remote.rest();
        self.flow.marks.give_room_back();
    }
}
