//! Pools of Lync Server and Skype for Business Server, through PowerShell.
//!
//! Engines are processes that are started once and kept: on each front end through the system's `ssh`, and where the management
//! tools are. Each runs one script at a time; a place has several engines when several things go on there. The
//! scripts are files of their own (`scripts/`); what their answers mean is said in `understand/`; which scripts a question
//! or an act takes, in `questions.rs` and `acts.rs`.
//!
//! # What is concluded from what
//!
//! - Nothing from the return of a cmdlet: a stop is proved by the list of services, a restart by another time of boot, a failover by the
//!   state of the pool.
//! - Nothing from an exit code of `ssh`: 255 is its own failure or that of the engine. An engine that was lost before it was given a line has
//!   begun nothing; one that was lost after it leaves the act in doubt, and the run looks.
//! - Nothing from an empty answer, nor from one that is not understood whole: it is shown as it came, and is no answer.
//! - Not that what nobody heard of never begins: a call may be on its way when we die. Beside its mark each step has a token; a look, and a new
//!   attempt, leave a new one, and a call that was sent with an older one begins nothing (`fence.ps1`). So what a look does not find has not begun.
//! - A pool that says that it is ready has settled only while the text of its fabric's state stays the same.
//! - An action of the plan is kept by a process of its own on the front end, which writes its end into a mark. A mark that is underway refuses a
//!   second start; one without an end leaves it to the version, and where the plan names none, to a person.
//!
//! # What was tried
//!
//! The tests run the scripts on a real engine of PowerShell 7 on Linux, against stand-ins for the cmdlets with the documented parameters and
//! outputs: whole runs of both products, a failover, processes killed and taken up, values that try to break out, engines that
//! break, a fabric that moves, a logon that is not handed on, databases, a failover that may lose data. They run through a stand-in for `ssh`, over a real `ssh` to real servers on this machine (engines kept, lost and found again, servers that
//! go down with a restart and come back), and through sessions that PowerShell itself opens over SSH. The engine's own parser holds every script to
//! the language of Windows PowerShell 5.1.
//!
//! # What never was
//!
//! Windows itself: Windows PowerShell 5.1, its encodings and its `sshd`, the cmdlets of the products, a real restart; and WinRM, for which
//! Linux has no client (the refusal is a message, and that was tried). A session over WinRM is the same code with other parameters of
//! `New-PSSession`. Nor was a second hop, but as a stand-in that refuses: cmdlets on a front end that reach Active Directory or SQL as the user fail there where a key logged on
//! over SSH or where Kerberos does not hand the logon on; what takes a pool or a computer by name runs where the management tools are for that reason.
//! To try it on a pool that nobody needs: `poolroll plan PLAN --show-scripts`, then each script that changes nothing by hand, then one front end in
//! a plan of its own. What a process that was begun over SSH may outlive on Windows depends on its `sshd`: if the keeper of an action is ended with
//! the connection, the mark says so and the run stops for a person or goes by the version.

mod acts;
mod databases;
mod engine;
mod engines;
mod flows;
mod lines;
mod questions;
mod scripts;
mod show;
mod survey;
mod understand;

pub use show::show;

use std::sync::Arc;
use std::time::Duration;

use super::Ticket;
use super::calls::Calls;
use crate::plan::{Act, Call, Facts, Plan, PowerShell, Survey};
use flows::Flow;

/// A live pool. Calls begin at once, each as a task of its own.
#[derive(Debug)]
pub struct PowerShellPool {
    flow: Arc<Flow>,
    pub(super) calls: Calls,
}

/// How long it rests at most between two looks at something that goes on; the plan's `limits.look_again`, where that is
/// shorter. A look takes some milliseconds on the front end.
const REST: Duration = Duration::from_secs(2);

impl PowerShellPool {
    /// The pool of a plan, for a run: what the run leaves on a front end goes by its name.
    pub fn new(plan: Arc<Plan>, settings: PowerShell, run: &str) -> PowerShellPool {
        let rest = REST.min(plan.limits().look_again);
        let flow = Arc::new(Flow::new(plan, settings, run.to_owned(), rest));
        PowerShellPool { flow, calls: Calls::default() }
    }

    pub(super) fn begin(&mut self, ticket: Ticket, call: Call) {
        let flow = Arc::clone(&self.flow);
        self.calls.begin(ticket, async move { flow.answer(call).await });
    }

    /// What an act brought with it, now or before the process died.
    pub(super) fn recall(&self, act: Act, facts: &Facts) {
        self.flow.recall(act, facts);
    }

    pub(super) fn taken_up(&self) {
        self.flow.taken_up();
    }

    /// The live pool, described by itself.
    pub(super) async fn survey(&self) -> Survey {
        self.flow.survey().await
    }

    /// Who belongs to the live pool, for whoever knows no more of it than its name.
    ///
    /// # Errors
    ///
    /// Nobody answered, or the answer is not understood.
    pub async fn members(&self) -> Result<Survey, String> {
        self.flow.members().await.map_err(|why| why.to_string())
    }

    pub(super) async fn rest(&mut self) {
        self.calls.rest().await;
        self.flow.engines.rest();
    }
}
