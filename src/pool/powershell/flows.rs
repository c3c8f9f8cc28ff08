//! What every call shares: the plan, the engines, and the words of a failure.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::engine::{CallError, Weight};
use super::engines::{Engines, Place};
use super::scripts::{self, Script};
use super::understand::services::{self, Listed};
use crate::plan::{Act, Answer, Call, Facts, FrontEndId, Mode, Plan, PowerShell, Problem, Product};

/// How a call is answered: which scripts it takes, and what their answers mean together.
#[derive(Debug)]
pub struct Flow {
    pub(super) plan: Arc<Plan>,
    pub(super) settings: PowerShell,
    pub(super) engines: Engines,
    /// The name of the run.
    pub(super) run: String,
    /// How long it rests between two looks.
    pub(super) rest: Duration,
    /// Computers that this run failed over and has not failed back: nothing else reports them.
    failed_over: Mutex<BTreeSet<FrontEndId>>,
}

impl Flow {
    pub(super) fn new(plan: Arc<Plan>, settings: PowerShell, run: String, rest: Duration) -> Flow {
        Flow { plan, settings, engines: Engines::default(), run, rest, failed_over: Mutex::default() }
    }

    pub(super) async fn answer(&self, call: Call) -> (Answer, Facts) {
        match call {
            Call::Ensure(act) => {
                let (ensured, facts) = self.ensure(act).await;
                (Answer::Ensured(ensured), facts)
            }
            Call::Ask(question) => self.ask_pool(question).await,
        }
    }

    /// Runs a script at a place.
    pub(super) async fn run_script(
        &self,
        place: Place,
        script: Script,
        arguments: Value,
        weight: Weight,
    ) -> Result<Value, CallError> {
        let engine = self.engines.take(&self.plan, &self.settings, place)?;
        engine.call(script, arguments, weight).await
    }

    /// A script that changes nothing.
    pub(super) async fn ask(
        &self,
        place: Place,
        script: Script,
        arguments: Value,
    ) -> Result<Value, CallError> {
        self.run_script(place, script, arguments, Weight::Question).await
    }

    /// A script that changes something, or ensures that it is so.
    pub(super) async fn have(
        &self,
        place: Place,
        script: Script,
        arguments: Value,
    ) -> Result<Value, CallError> {
        self.run_script(place, script, arguments, Weight::Effect).await
    }

    /// The services of a front end.
    pub(super) async fn services(&self, front_end: FrontEndId) -> Result<Listed, Unseen> {
        let arguments = json!({ "module": self.module(), "versions": "none" });
        let answer = self.ask(Place::FrontEnd(front_end), scripts::FRONT_END, arguments).await?;
        Ok(services::read(&answer)?)
    }

    /// Rests between two looks at something that goes on.
    pub(super) async fn pause(&self) {
        tokio::time::sleep(self.rest).await;
    }

    /// The module of the product.
    pub(super) fn module(&self) -> &'static str {
        match self.plan.product() {
            Product::LyncServer2013 => "Lync",
            _ => "SkypeForBusiness",
        }
    }

    /// Whether a stop is a computer failover.
    pub(super) fn fails_over(&self, mode: Mode) -> bool {
        mode == Mode::Graceful && self.plan.product().fails_computers_over()
    }

    pub(super) fn fqdn(&self, front_end: FrontEndId) -> &str {
        &self.plan.front_end(front_end).fqdn
    }

    /// Remembers what an act brought with it.
    pub(super) fn recall(&self, act: Act, facts: &Facts) {
        let (Some(front_end), Some(is_over)) = (act.front_end(), facts.computer_failed_over) else { return };
        let mut failed_over = self.failed_over.lock().unwrap_or_else(PoisonError::into_inner);
        if is_over {
            failed_over.insert(front_end);
        } else {
            failed_over.remove(&front_end);
        }
    }

    /// Whether this run failed the computer over and has not failed it back.
    pub(super) fn is_failed_over(&self, front_end: FrontEndId) -> bool {
        self.failed_over.lock().unwrap_or_else(PoisonError::into_inner).contains(&front_end)
    }
}

/// Why something could not be seen.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Unseen {
    #[error(transparent)]
    Call(#[from] CallError),
    /// The answer makes no sense.
    #[error("{0}")]
    Strange(String),
}

impl From<String> for Unseen {
    fn from(why: String) -> Unseen {
        Unseen::Strange(why)
    }
}

/// What a failed call means for the act that it served.
pub(super) fn problem(error: &CallError) -> Problem {
    match error {
        CallError::NotBegun(_) => Problem::Transient,
        CallError::Lost(_) => Problem::Unknown,
        CallError::Failed(fault) if fault.is_lasting() => Problem::Permanent,
        CallError::Failed(_) => Problem::Transient,
    }
}
