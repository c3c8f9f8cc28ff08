//! Acts: a state is ensured, and the answer comes when it is reached, proved by a look and never by the return of a cmdlet.

use serde_json::{Value, json};

use super::engine::{CallError, number};
use super::engines::Place;
use super::flows::{Flow, Unseen, problem};
use super::scripts;
use super::understand::services;
use crate::plan::{Act, Facts, FrontEndId, Mode, Moment, Observation, Problem, Restart};
use crate::pool::calls::{Ensured, failed};
use crate::twin::{PoolState, Services};

/// The name of the mark that the update of the databases leaves.
pub(super) const DATABASES: &str = "databases";

pub(super) fn by(error: &CallError) -> Ensured {
    failed(problem(error), error.to_string())
}

/// After something was begun, whoever cannot look does not know.
pub(super) fn in_doubt(why: &Unseen) -> Ensured {
    failed(Problem::Unknown, why.to_string())
}

impl Flow {
    pub(super) async fn ensure(&self, act: Act) -> Ensured {
        match act {
            Act::Stop { front_end, mode } => self.stop(front_end, mode).await,
            Act::Start { front_end } => self.start(front_end).await,
            Act::Perform { front_end, moment, index } => self.perform(front_end, moment, index).await,
            Act::Restart { front_end } => self.restart_computer(front_end).await,
            Act::FailOver => self.fail_pool(false).await,
            Act::FailBack => self.fail_pool(true).await,
            Act::UpdateDatabases => self.update_databases().await,
        }
    }

    async fn stop(&self, front_end: FrontEndId, mode: Mode) -> Ensured {
        match self.services(front_end).await {
            Ok(listed) if listed.services == Services::Stopped => return (Ok(()), Facts::default()),
            Ok(_) => {}
            Err(Unseen::Call(why)) => return by(&why),
            Err(Unseen::Strange(why)) => return failed(Problem::Transient, why),
        }
        let place = Place::FrontEnd(front_end);
        let act = Act::Stop { front_end, mode };
        let by_failover = match self.stops_by_failover(mode).await {
            Ok(by_failover) => by_failover,
            Err(why) => return failed(Problem::Transient, why.to_string()),
        };
        let stopped = if by_failover {
            let arguments = self.computer(front_end, false);
            let step = self.failover_step(front_end, false);
            self.begin(Place::Management, &step, scripts::COMPUTER_FAILOVER, arguments).await
        } else {
            let arguments = json!({ "module": self.module(), "graceful": mode == Mode::Graceful });
            self.begin(place, &self.stop_step(front_end, mode), scripts::STOP_SERVICES, arguments).await
        };
        let begun = !matches!(stopped, Err(CallError::NotBegun(_)));
        let facts =
            Facts { computer_failed_over: (by_failover && begun).then_some(true), ..Facts::default() };
        let with = |(result, told): Ensured| (result, Facts { text: told.text, ..facts.clone() });
        if let Err(why) = &stopped {
            return with(by(why));
        }
        loop {
            let (goes_on, listed) = match self.beside(act, self.services(front_end)).await {
                Ok(seen) => seen,
                Err(why) => return with(in_doubt(&why)),
            };
            match listed.of_a_stop(self.wanted_services()) {
                Services::Stopped => return (Ok(()), facts),
                // A graceful stop can return before everybody has gone.
                Services::Draining | Services::Stopping => self.pause().await,
                // Another call of ours moves its users still.
                _ if goes_on => self.pause().await,
                Services::Running => {
                    let text = "the cmdlet returned, and every service runs";
                    return with(failed(Problem::Transient, text));
                }
                Services::Partly | Services::Starting => {
                    return with(failed(Problem::Unknown, listed.sentence()));
                }
            }
        }
    }

    /// Where an act may be begun, and by which name it leaves a mark there.
    fn steps(&self, act: Act) -> Vec<(Place, String)> {
        let here = |front_end: FrontEndId, step: String| (Place::FrontEnd(front_end), step);
        let tools = |step: String| (Place::Management, step);
        match act {
            Act::Stop { front_end, mode } => {
                let over = self.fails_over(mode).then(|| tools(self.failover_step(front_end, false)));
                let stop = here(front_end, self.stop_step(front_end, mode));
                [stop].into_iter().chain(over).collect()
            }
            Act::Start { front_end } => {
                let fails_over = self.plan.product().fails_computers_over();
                let back = fails_over.then(|| tools(self.failover_step(front_end, true)));
                let start = here(front_end, self.start_step(front_end));
                [start].into_iter().chain(back).collect()
            }
            Act::Restart { front_end } => vec![here(front_end, self.restart_step(front_end))],
            Act::Perform { front_end, moment, index } => {
                vec![here(front_end, self.mark(front_end, moment, index))]
            }
            Act::FailOver => vec![tools(self.pool_step(false))],
            Act::FailBack => vec![tools(self.pool_step(true))],
            Act::UpdateDatabases => vec![tools(DATABASES.to_owned())],
        }
    }

    /// A graceful stop may go on while an immediate one cuts it short.
    pub(super) fn stop_step(&self, front_end: FrontEndId, mode: Mode) -> String {
        let kind = if mode == Mode::Graceful { "drain" } else { "stop" };
        format!("{kind}-{}", self.fqdn(front_end))
    }

    pub(super) fn start_step(&self, front_end: FrontEndId) -> String {
        format!("start-{}", self.fqdn(front_end))
    }

    pub(super) fn restart_step(&self, front_end: FrontEndId) -> String {
        format!("restart-{}", self.fqdn(front_end))
    }

    pub(super) fn failover_step(&self, front_end: FrontEndId, back: bool) -> String {
        format!("{}-{}", if back { "failback" } else { "failover" }, self.fqdn(front_end))
    }

    pub(super) fn pool_step(&self, back: bool) -> String {
        format!("{}-pool", if back { "failback" } else { "failover" })
    }

    /// Whether a cmdlet that was begun for an act still goes on.
    async fn goes_on(&self, act: Act) -> Result<bool, Unseen> {
        for (place, step) in self.steps(act) {
            let arguments = json!({ "run": self.run, "step": step });
            match self.ask(place, scripts::MARKED, arguments).await?["underway"].as_bool() {
                Some(true) => return Ok(true),
                Some(false) => {}
                None => return Err(Unseen::Strange("whether it still goes on was not told".into())),
            }
        }
        Ok(false)
    }

    /// From here on nothing begins for an act that was asked for until now. What goes on for it, in words.
    pub(super) async fn fence_off(&self, act: Act) -> Result<Option<String>, Unseen> {
        let mut goes_on = None;
        for (place, step) in self.steps(act) {
            goes_on = self.fence(place, &step, &number()).await?.or(goes_on);
        }
        Ok(goes_on)
    }

    /// What is seen, and whether a cmdlet of ours was at it. That is asked first: what has ended by then is seen whole, and what ends between
    /// the two answers is told to go on. Asked the other way round it could end with neither answer showing it.
    pub(super) async fn beside<T>(
        &self,
        act: Act,
        seen: impl Future<Output = Result<T, Unseen>>,
    ) -> Result<(bool, T), Unseen> {
        let goes_on = self.goes_on(act).await?;
        Ok((goes_on, seen.await?))
    }

    /// A graceful stop from 2015 on is a computer failover, as long as the pool serves: failed over, there is nobody to be moved.
    async fn stops_by_failover(&self, mode: Mode) -> Result<bool, Unseen> {
        if !self.fails_over(mode) || self.plan.failover().is_none() {
            return Ok(self.fails_over(mode));
        }
        Ok(self.pool_state().await? == PoolState::Active)
    }

    pub(super) fn computer(&self, front_end: FrontEndId, back: bool) -> Value {
        // It gives up before we do, and says then that nothing was done.
        let minutes = (self.plan.drain().limit.as_secs() / 60).saturating_sub(1).max(1);
        json!({ "module": self.module(), "computer": self.fqdn(front_end), "back": back, "minutes": minutes })
    }

    async fn start(&self, front_end: FrontEndId) -> Ensured {
        let place = Place::FrontEnd(front_end);
        let fails_over = self.plan.product().fails_computers_over();
        let module = json!({ "module": self.module() });
        let script = if fails_over { scripts::DISABLED } else { scripts::FRONT_END };
        let before =
            match self.ask(place, script, json!({ "module": self.module(), "versions": "none" })).await {
                Ok(answer) => answer,
                Err(why) => return by(&why),
            };
        let listed = match services::read(&before) {
            Ok(listed) => listed,
            Err(why) => return failed(Problem::Transient, why),
        };
        let is_disabled = before["disabled"].as_array().is_some_and(|disabled| !disabled.is_empty());
        // The journal knows who is failed over. Where it was lost sight of a stop, disabled services tell, as long as stops are failovers.
        let may_be_over = is_disabled && self.fails_over(self.plan.mode());
        let fail_back = fails_over && (may_be_over || self.is_failed_over(front_end));
        let runs = listed.lacks(self.wanted_services()).is_none();
        if runs && !fail_back {
            return self.started(front_end, Facts::default()).await;
        }
        if matches!(listed.services, Services::Draining | Services::Stopping) {
            return failed(Problem::Transient, "its services are still stopping");
        }
        let began = if fail_back {
            let step = self.failover_step(front_end, true);
            let arguments = self.computer(front_end, true);
            self.begin(Place::Management, &step, scripts::COMPUTER_FAILOVER, arguments).await
        } else {
            self.begin(place, &self.start_step(front_end), scripts::START_SERVICES, module).await
        };
        if let Err(why) = &began {
            return by(why);
        }
        let facts = Facts { computer_failed_over: fail_back.then_some(false), ..Facts::default() };
        loop {
            let act = Act::Start { front_end };
            let (goes_on, listed) = match self.beside(act, self.services(front_end)).await {
                Ok(seen) => seen,
                Err(why) => return in_doubt(&why),
            };
            if listed.lacks(self.wanted_services()).is_none() {
                return self.started(front_end, facts).await;
            }
            match listed.services {
                Services::Starting => self.pause().await,
                _ if goes_on => self.pause().await,
                _ => return failed(Problem::Transient, listed.sentence()),
            }
        }
    }

    /// A front end that serves again without an action to bring it back: the actions before its stop are for the next stop again.
    async fn started(&self, front_end: FrontEndId, facts: Facts) -> Ensured {
        match self.is_back(front_end).await {
            Ok(()) => (Ok(()), facts),
            Err(why) => by(&why),
        }
    }

    pub(super) async fn is_back(&self, front_end: FrontEndId) -> Result<(), CallError> {
        let upgrade = self.plan.upgrade();
        if upgrade.after_accept.is_empty() && !upgrade.before_stop.is_empty() {
            self.forget(front_end, Moment::BeforeStop.word()).await?;
        }
        Ok(())
    }

    async fn forget(&self, front_end: FrontEndId, step: &str) -> Result<(), CallError> {
        // It belongs to the start: whoever looks for that forbids this too.
        let arguments = json!({ "steps": [step] });
        let start = self.start_step(front_end);
        self.begin(Place::FrontEnd(front_end), &start, scripts::FORGET, arguments).await.map(|_| ())
    }

    /// The name of the mark that an action leaves on its front end.
    pub(super) fn mark(&self, front_end: FrontEndId, moment: Moment, index: u8) -> String {
        format!("{}-{}-{}", moment.word(), index + 1, self.fqdn(front_end))
    }

    /// How an action stands, by its mark.
    pub(super) async fn ask_action(
        &self,
        front_end: FrontEndId,
        moment: Moment,
        index: u8,
    ) -> Result<Value, CallError> {
        let step = self.mark(front_end, moment, index);
        let arguments = json!({ "module": self.module(), "run": self.run, "step": step });
        self.ask(Place::FrontEnd(front_end), scripts::PERFORM_SEEN, arguments).await
    }

    /// Whether the plan says that an action which failed may be tried again.
    pub(super) fn may_try_again(&self, moment: Moment, index: u8) -> bool {
        self.plan.upgrade().at(moment)[usize::from(index)].has_more_tries()
    }

    /// How an action ended, by its mark.
    pub(super) fn exit(&self, answer: &Value, moment: Moment, index: u8) -> Facts {
        let mark = &answer["mark"];
        let exit_code = mark["exit_code"].as_i64().and_then(|code| i32::try_from(code).ok());
        let action = &self.plan.upgrade().at(moment)[usize::from(index)];
        Facts {
            text: mark["fault"].as_str().map(str::to_owned),
            exit_code,
            reboot_needed: exit_code.is_some_and(|code| action.reboot.contains(&code)),
            ..Facts::default()
        }
    }

    async fn perform(&self, front_end: FrontEndId, moment: Moment, index: u8) -> Ensured {
        let (place, step) = (Place::FrontEnd(front_end), self.mark(front_end, moment, index));
        let arguments = self.action(moment, index);
        let begun = match self.begin(place, &step, scripts::PERFORM, arguments).await {
            Ok(begun) => begun,
            Err(why) => return by(&why),
        };
        if begun["begun"] != Value::Bool(true) {
            return match begun["state"].as_str() {
                Some("done") => (Ok(()), self.exit(&begun, moment, index)),
                Some("underway") => failed(Problem::Unknown, "a mark says that it is underway already"),
                _ => failed(Problem::Unknown, "how the action stands was not told"),
            };
        }
        loop {
            self.pause().await;
            let answer = match self.ask_action(front_end, moment, index).await {
                Ok(answer) => answer,
                Err(why) => return failed(Problem::Unknown, why.to_string()),
            };
            let facts = self.exit(&answer, moment, index);
            match answer["state"].as_str() {
                Some("underway") => {}
                Some("done") => return (Ok(()), facts),
                Some("failed") if self.may_try_again(moment, index) => {
                    return (Err(Problem::Transient), facts);
                }
                Some("failed") => return (Err(Problem::Permanent), facts),
                _ => return failed(Problem::Unknown, "it ended, and nothing tells how"),
            }
        }
    }

    /// What an action is begun with.
    pub(super) fn action(&self, moment: Moment, index: u8) -> Value {
        let action = &self.plan.upgrade().at(moment)[usize::from(index)];
        // Taking a front end out makes what brought it back stale, bringing it back makes stale what took it out, and an upgrade wants a
        // restart after it.
        let undoes = match moment {
            Moment::BeforeStop => Moment::AfterAccept.word(),
            Moment::Upgrade => "restart",
            Moment::AfterAccept => Moment::BeforeStop.word(),
        };
        json!({
            "module": self.module(), "program": action.program, "arguments": action.arguments,
            "success": action.success, "reboot": action.reboot, "undoes": [undoes],
        })
    }

    /// What a restart is asked with.
    pub(super) fn restart(&self, front_end: FrontEndId) -> Value {
        let always = self.plan.upgrade().restart == Restart::Computer;
        json!({
            "module": self.module(), "run": self.run, "step": self.restart_step(front_end), "always": always,
        })
    }

    async fn restart_computer(&self, front_end: FrontEndId) -> Ensured {
        let place = Place::FrontEnd(front_end);
        let step = self.restart_step(front_end);
        match self.begin(place, &step, scripts::RESTART, self.restart(front_end)).await {
            Ok(answer) if answer["restarted"] == Value::Bool(true) => {
                return (Ok(()), booted(&answer));
            }
            // A computer that goes down takes its engine with it: that is what was asked for.
            Ok(_) | Err(CallError::Lost(_)) => {}
            Err(why) => return by(&why),
        }
        loop {
            self.pause().await;
            // While it is down nobody answers. How long that may take is the run's limit.
            let seen = match self.ask(place, scripts::RESTART_SEEN, self.restart(front_end)).await {
                Ok(seen) => seen,
                // A computer that has just booted may fail in many ways for a while, but not in these.
                Err(CallError::Failed(fault)) if fault.is_lasting() => {
                    return failed(Problem::Unknown, fault.sentence());
                }
                Err(_) => continue,
            };
            if seen["restarted"] == Value::Bool(true) {
                return (Ok(()), booted(&seen));
            }
            if seen["asked"] != Value::Bool(true) {
                return failed(Problem::Unknown, "it was asked to restart, and has not done so");
            }
        }
    }

    pub(super) fn pool(&self, back: bool) -> Value {
        let disaster = !back && self.may_lose();
        json!({ "module": self.module(), "pool": self.plan.pool().fqdn, "back": back, "disaster": disaster })
    }

    /// The state of the pool, where the management tools are.
    pub(super) async fn pool_state(&self) -> Result<PoolState, Unseen> {
        let answer = self.ask(Place::Management, scripts::POOL_STATE, self.pool(false)).await?;
        let states = answer["states"].as_array().map(Vec::as_slice).unwrap_or_default();
        let [Value::String(state)] = states else {
            return Err(Unseen::Strange(format!(
                "the state of the pool is not told once: {}",
                answer["states"]
            )));
        };
        match state.trim().to_ascii_lowercase().as_str() {
            "active" | "failedback" => Ok(PoolState::Active),
            "failingover" => Ok(PoolState::FailingOver),
            "failedover" => Ok(PoolState::FailedOver),
            "failingback" => Ok(PoolState::FailingBack),
            _ => Err(Unseen::Strange(format!(
                "the pool is `{}`, which is not known",
                super::lines::shown(state)
            ))),
        }
    }

    /// Fails the pool over, or back.
    async fn fail_pool(&self, back: bool) -> Ensured {
        let act = if back { Act::FailBack } else { Act::FailOver };
        let seen = |state: PoolState| if back { state.fail_back_seen() } else { state.fail_over_seen() };
        match self.pool_state().await {
            Ok(state) => match seen(state) {
                Observation::Done => return (Ok(()), Facts::default()),
                Observation::NotDone => {
                    let (step, arguments) = (self.pool_step(back), self.pool(back));
                    let failed = self.begin(Place::Management, &step, scripts::POOL_FAILOVER, arguments);
                    if let Err(why) = failed.await {
                        return by(&why);
                    }
                }
                Observation::Underway => {}
                _ => return failed(Problem::Transient, "the pool is on its way to the other side"),
            },
            Err(Unseen::Call(why)) => return by(&why),
            Err(Unseen::Strange(why)) => return failed(Problem::Transient, why),
        }
        loop {
            match self.beside(act, self.pool_state()).await.map(|(goes_on, state)| (goes_on, seen(state))) {
                Ok((_, Observation::Done)) => return (Ok(()), Facts::default()),
                Ok((_, Observation::Underway) | (true, Observation::NotDone)) => self.pause().await,
                Ok((false, Observation::NotDone)) => {
                    return failed(Problem::Transient, "the cmdlet returned, and the pool is as it was");
                }
                Ok(_) => return failed(Problem::Unknown, "the pool is on its way to the other side"),
                Err(why) => return in_doubt(&why),
            }
        }
    }
}

/// When the computer booted, as the scripts of a restart say.
pub(super) fn booted(answer: &Value) -> Facts {
    Facts { boot_time: answer["boot"].as_str().map(str::to_owned), ..Facts::default() }
}
