//! What every call shares: the plan, the engines, and the words of a failure.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::engine::{CallError, Weight, number};
use super::engines::{self, Engines, Place};
use super::scripts::{self, Script};
use super::understand::fabric::Fabric;
use super::understand::services::{self, Listed};
use crate::plan::{
    Act, Answer, Call, Facts, FailoverWhen, FrontEndId, Mode, Plan, PowerShell, Problem, Product,
};

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
    /// The fabric as it was when the pool last said that it is ready, since anything was done to it.
    fabric: Mutex<Option<Fabric>>,
    /// Whether a person said that the next failover may lose what was not copied yet.
    disaster: AtomicBool,
    /// The place of the management tools was asked for something that lies beyond it, and answered.
    reaches: AtomicBool,
}

impl Flow {
    pub(super) fn new(plan: Arc<Plan>, settings: PowerShell, run: String, rest: Duration) -> Flow {
        let engines = Engines::new(&settings);
        Flow {
            plan,
            settings,
            engines,
            run,
            rest,
            failed_over: Mutex::default(),
            fabric: Mutex::default(),
            disaster: AtomicBool::default(),
            reaches: AtomicBool::default(),
        }
    }

    pub(super) async fn answer(&self, call: Call) -> (Answer, Facts) {
        match call {
            Call::Ensure(act) => {
                self.forget_fabric();
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

    /// Begins a step: a script that changes something, or ensures that it is so. When we die meanwhile and somebody looks for it, it
    /// has begun by then, and left a mark, or it begins no more.
    pub(super) async fn begin(
        &self,
        place: Place,
        step: &str,
        script: Script,
        arguments: Value,
    ) -> Result<Value, CallError> {
        let token = number();
        self.fence(place, step, &token).await.map_err(|why| match why {
            CallError::Lost(why) => CallError::NotBegun(why),
            why => why,
        })?;
        let arguments = self.of_step(step, arguments, &token);
        let answer = self.run_script(place, script, arguments, Weight::Effect).await?;
        if answer["fenced"] == Value::Bool(true) {
            return Err(CallError::NotBegun("another process has looked whether it was begun".into()));
        }
        Ok(answer)
    }

    /// Sees to it that nothing of a step begins any more that was asked for until now. What of it goes on, in words.
    pub(super) async fn fence(
        &self,
        place: Place,
        step: &str,
        token: &str,
    ) -> Result<Option<String>, CallError> {
        let answer = self.ask(place, scripts::FENCE, self.of_step(step, json!({}), token)).await?;
        let place = engines::called(&self.plan, &self.settings, place);
        match answer["underway"].as_bool() {
            Some(true) => Ok(Some(format!("process {} on {place} is at it", answer["process"]))),
            Some(false) => Ok(None),
            None => Err(CallError::Lost("whether it goes on was not told".into())),
        }
    }

    /// The arguments of a script that belongs to a step.
    pub(super) fn of_step(&self, step: &str, mut arguments: Value, token: &str) -> Value {
        if let Some(members) = arguments.as_object_mut() {
            let words = [("run", self.run.as_str()), ("step", step), ("token", token)];
            members.extend(words.map(|(name, word)| (name.to_owned(), word.into())));
        }
        arguments
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

    /// What is done to a pool moves its primaries: what they were says nothing any more.
    fn forget_fabric(&self) {
        *locked(&self.fabric) = None;
    }

    /// How the fabric has moved since it was last told; `None` where it has not, or was not told yet.
    pub(super) fn fabric_moved(&self, fabric: Fabric) -> Option<String> {
        let last = locked(&self.fabric).replace(fabric.clone());
        last.and_then(|last| last.moved_to(&fabric))
    }

    /// Whether the failover at hand may lose what was not copied yet: a person's word, for this one.
    pub(super) fn may_lose(&self) -> bool {
        self.disaster.load(Ordering::Relaxed)
    }

    /// A process took the run up: a word that was given before is none any more.
    pub(super) fn taken_up(&self) {
        self.disaster.store(false, Ordering::Relaxed);
    }

    /// Remembers what an act brought with it, or what a person said of it.
    pub(super) fn recall(&self, act: Act, facts: &Facts) {
        // The word is for one failover, and ends with it and with whatever else is done.
        self.disaster.store(act == Act::FailOver && facts.disaster_mode, Ordering::Relaxed);
        let (Some(front_end), Some(is_over)) = (act.front_end(), facts.computer_failed_over) else { return };
        let mut failed_over = locked(&self.failed_over);
        if is_over {
            failed_over.insert(front_end);
        } else {
            failed_over.remove(&front_end);
        }
    }

    /// Whether this run failed the computer over and has not failed it back.
    pub(super) fn is_failed_over(&self, front_end: FrontEndId) -> bool {
        locked(&self.failed_over).contains(&front_end)
    }

    /// Whether the run may come to need what lies beyond the place of the management tools.
    pub(super) fn needs_reach(&self) -> bool {
        let may_fail_over = self.plan.failover().is_some_and(|failover| failover.when != FailoverWhen::Never);
        may_fail_over || self.fails_over(self.plan.mode()) || self.plan.databases().is_some()
    }

    /// Asks the place of the management tools for something that lies beyond it, where the run may need that: a failover that finds out is too late.
    pub(super) async fn prove_reach(&self) -> Result<(), Unseen> {
        if !self.needs_reach() || self.reaches.load(Ordering::Relaxed) {
            return Ok(());
        }
        let asked = self.ask(Place::Management, scripts::REACH, json!({ "module": self.module() })).await;
        asked.map_err(|why| {
            let place = self.settings.management.as_deref().unwrap_or("this computer");
            Unseen::Strange(format!("the management tools on {place}: {why}"))
        })?;
        self.reaches.store(true, Ordering::Relaxed);
        Ok(())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
