//! Pools of Lync Server and Skype for Business Server, through PowerShell.
//!
//! Engines are processes that are started once and kept: on each front end through the system's `ssh`, and where the management
//! tools are. Each runs one script at a time; a place has several engines when several things go on there. The
//! scripts are files of their own ([`scripts`]); what their answers mean is said in [`understand`]; which scripts an act or
//! a question takes, in [`flows`].

mod acts;
mod engine;
mod engines;
mod flows;
mod lines;
mod questions;
mod scripts;
mod show;
mod understand;

pub use show::show;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::{Answered, Ticket};
use crate::plan::{Act, Call, Facts, Plan, PowerShell};
use flows::Flow;

/// A live pool. Calls begin at once, each as a task of its own.
#[derive(Debug)]
pub struct PowerShellPool {
    flow: Arc<Flow>,
    going: BTreeMap<Ticket, AbortHandle>,
    tell: mpsc::UnboundedSender<Answered>,
    told: mpsc::UnboundedReceiver<Answered>,
    /// Answers that were waited for and not taken yet.
    heard: VecDeque<Answered>,
}

/// How long it rests at most between two looks at something that goes on; the plan's `limits.look_again`, where that is
/// shorter. A look takes some milliseconds on the front end.
const REST: Duration = Duration::from_secs(2);

impl PowerShellPool {
    /// The pool of a plan, for a run: what the run leaves on a front end goes by its name.
    pub fn new(plan: Arc<Plan>, settings: PowerShell, run: &str) -> PowerShellPool {
        let (tell, told) = mpsc::unbounded_channel();
        let rest = REST.min(plan.limits().look_again);
        let flow = Arc::new(Flow::new(plan, settings, run.to_owned(), rest));
        PowerShellPool { flow, going: BTreeMap::new(), tell, told, heard: VecDeque::new() }
    }

    pub(super) fn begin(&mut self, ticket: Ticket, call: Call) {
        let (flow, tell) = (Arc::clone(&self.flow), self.tell.clone());
        let going = tokio::spawn(async move {
            let (answer, facts) = flow.answer(call).await;
            // Nobody listens when the run has ended.
            let _ = tell.send(Answered { ticket, answer, facts });
        });
        self.going.insert(ticket, going.abort_handle());
    }

    pub(super) fn let_go(&mut self, ticket: Ticket) {
        if let Some(going) = self.going.remove(&ticket) {
            going.abort();
        }
    }

    pub(super) fn take_answer(&mut self) -> Option<Answered> {
        let answered = self.heard.pop_front().or_else(|| self.told.try_recv().ok())?;
        self.going.remove(&answered.ticket);
        Some(answered)
    }

    /// Waits until there is an answer to be taken.
    pub(super) async fn woken(&mut self) {
        if self.heard.is_empty()
            && let Some(answered) = self.told.recv().await
        {
            self.heard.push_back(answered);
        }
    }

    /// What an act brought with it, now or before the process died.
    pub(super) fn recall(&self, act: Act, facts: &Facts) {
        self.flow.recall(act, facts);
    }

    pub(super) fn rest(&mut self) {
        for going in std::mem::take(&mut self.going).into_values() {
            going.abort();
        }
        self.flow.engines.rest();
    }
}
