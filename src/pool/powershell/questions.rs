//! Questions: they change nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::calls::together;
use super::acts::booted;
use super::engines::Place;
use super::flows::{Flow, Unseen};
use super::scripts;
use super::understand::readiness::{self, State, Told};
use super::understand::services;
use super::understand::{fabric, partner, versions};
use crate::plan::{
    Acceptance, Act, Answer, Count, DomainId, Facts, FrontEndId, Moment, Observation, PartnerHealth, Product,
    Question, Readiness, Seen, VersionSeen,
};
use crate::twin::Services;

/// How long one front end may take to say whether it is active, while all are counted. One that does not answer counts for
/// nothing, so the others must not wait for it.
const COUNTED_WITHIN: Duration = Duration::from_secs(45);
/// How long a port may take to answer.
const PORT_WITHIN: u64 = 5;

impl Flow {
    pub(super) async fn ask_pool(&self, question: Question) -> (Answer, Facts) {
        match question {
            Question::FrontEnd { front_end } => self.front_end_seen(front_end).await,
            Question::Partner => self.partner_seen().await,
            Question::Readiness { domain, observer } => {
                let (readiness, facts) = self.readiness(domain, observer).await;
                (Answer::Readiness(readiness), facts)
            }
            Question::Count { observer } => self.count(observer).await,
            Question::Look { act } => {
                let (seen, facts) = self.look(act).await;
                (Answer::Looked(seen), facts)
            }
            Question::StillStopped { front_end } => match self.services(front_end).await {
                Ok(listed) if listed.services == Services::Stopped => {
                    (Answer::StillStopped(true), Facts::default())
                }
                Ok(listed) => {
                    let running = listed.running.first().map(|name| format!("{name} is running"));
                    let text =
                        if listed.services == Services::Running { None } else { Some(listed.sentence()) };
                    (Answer::StillStopped(false), Facts { text: text.or(running), ..Facts::default() })
                }
                Err(unseen) => (Answer::StillStopped(false), said(&unseen)),
            },
            Question::Acceptance { front_end } => {
                let (acceptance, facts) = self.acceptance(front_end).await;
                (Answer::Accepting(acceptance), facts)
            }
        }
    }

    /// Services and, where the plan names one, the version.
    async fn described(&self, front_end: FrontEndId) -> Result<Value, Unseen> {
        let arguments = json!({ "module": self.module(), "versions": self.versions() });
        Ok(self.ask(Place::FrontEnd(front_end), scripts::FRONT_END, arguments).await?)
    }

    /// Where the version of a front end is looked for.
    pub(super) fn versions(&self) -> &'static str {
        match (self.plan.upgrade().version.is_some(), self.plan.product()) {
            (false, _) => "none",
            (true, Product::LyncServer2013) => "installed",
            (true, _) => "patch",
        }
    }

    fn version(&self, answer: &Value) -> (VersionSeen, Option<String>) {
        match &self.plan.upgrade().version {
            None => (VersionSeen::NotAsked, None),
            Some(planned) => versions::seen(answer, planned),
        }
    }

    pub(super) fn wanted_services(&self) -> Option<&[String]> {
        self.plan.acceptance().services.as_deref()
    }

    async fn front_end_seen(&self, front_end: FrontEndId) -> (Answer, Facts) {
        let unseen = Seen { version: VersionSeen::Unanswered, active: false };
        if let Err(why) = self.prove_reach().await {
            return (Answer::Seen(unseen), said(&why));
        }
        let answer = match self.described(front_end).await {
            Ok(answer) => answer,
            Err(why) => return (Answer::Seen(unseen), said(&why)),
        };
        let (seen, version) = self.version(&answer);
        match services::read(&answer) {
            Ok(listed) => {
                let lacks = listed.lacks(self.wanted_services());
                let active = lacks.is_none();
                (
                    Answer::Seen(Seen { version: seen, active }),
                    Facts { text: lacks, version, ..Facts::default() },
                )
            }
            Err(why) => (Answer::Seen(unseen), Facts::text(why)),
        }
    }

    async fn acceptance(&self, front_end: FrontEndId) -> (Acceptance, Facts) {
        let answer = match self.described(front_end).await {
            Ok(answer) => answer,
            Err(why) => return (Acceptance::Unanswered, said(&why)),
        };
        let listed = match services::read(&answer) {
            Ok(listed) => listed,
            Err(why) => return (Acceptance::Unanswered, Facts::text(why)),
        };
        if let Some(lacks) = listed.lacks(self.wanted_services()) {
            return (Acceptance::NotYet, Facts::text(lacks));
        }
        let (seen, version) = self.version(&answer);
        match seen {
            VersionSeen::Planned | VersionSeen::NotAsked => {}
            VersionSeen::Other => {
                let text = Some("the version is not the one planned".to_owned());
                return (Acceptance::NotYet, Facts { text, version, ..Facts::default() });
            }
            VersionSeen::Unanswered => {
                return (Acceptance::Unanswered, Facts::text("no version was found"));
            }
        }
        match self.refused_ports(front_end).await {
            Ok(None) => (Acceptance::Good, Facts { version, ..Facts::default() }),
            Ok(Some(text)) => (Acceptance::NotYet, Facts { text: Some(text), version, ..Facts::default() }),
            Err(why) => (Acceptance::Unanswered, said(&why)),
        }
    }

    /// The ports of the plan that take no connection, in words. Asked on the front end itself, by its own name.
    async fn refused_ports(&self, front_end: FrontEndId) -> Result<Option<String>, Unseen> {
        if self.plan.acceptance().ports.is_empty() {
            return Ok(None);
        }
        let answer = self.ask(Place::FrontEnd(front_end), scripts::PORTS, self.ports(front_end)).await?;
        let Some(refused) = answer["refused"].as_array() else {
            return Err(Unseen::Strange("the ports were not told".into()));
        };
        let refused: Vec<String> = refused.iter().map(Value::to_string).collect();
        Ok((!refused.is_empty()).then(|| format!("port {} takes no connection", refused.join(", "))))
    }

    pub(super) fn ports(&self, front_end: FrontEndId) -> Value {
        let ports = &self.plan.acceptance().ports;
        json!({ "computer": self.fqdn(front_end), "ports": ports, "seconds": PORT_WITHIN })
    }

    pub(super) fn both_pools(&self, partner: &str) -> Value {
        json!({
            "module": self.module(), "pool": self.plan.pool().fqdn, "partner": partner, "disaster": self.may_lose(),
        })
    }

    async fn partner_seen(&self) -> (Answer, Facts) {
        let Some(failover) = self.plan.failover() else {
            return (Answer::Partner(PartnerHealth::Unanswered), Facts::text("the pool has no partner"));
        };
        let (pool, partner) = (self.plan.pool().fqdn.as_str(), failover.partner.as_str());
        match self.ask(Place::Management, scripts::PARTNER, self.both_pools(partner)).await {
            Ok(answer) => {
                let own: Vec<&str> =
                    self.plan.front_end_ids().map(|front_end| self.fqdn(front_end)).collect();
                let (health, why) = partner::read(&answer, pool, &own, partner, self.may_lose());
                (Answer::Partner(health), Facts { text: why, ..Facts::default() })
            }
            Err(why) => (Answer::Partner(PartnerHealth::Unanswered), said(&why.into())),
        }
    }

    /// What asks the pool whether it is ready.
    pub(super) fn readiness_cmdlet(&self) -> &'static str {
        match self.plan.product() {
            Product::SkypeForBusiness2019 | Product::SkypeForBusinessSe => "Get-CsUpgradeDomainInfo",
            _ => "Get-CsPoolUpgradeReadinessState",
        }
    }

    async fn readiness(&self, domain: Option<DomainId>, observer: FrontEndId) -> (Readiness, Facts) {
        let arguments = json!({ "module": self.module(), "cmdlet": self.readiness_cmdlet() });
        let answer = match self.ask(Place::FrontEnd(observer), scripts::READINESS, arguments).await {
            Ok(answer) => answer,
            Err(why) => return (Readiness::Unanswered, said(&why.into())),
        };
        let told = match readiness::read(&answer) {
            Ok(told) => told,
            Err(why) => return (Readiness::Unanswered, Facts::text(why)),
        };
        match told.state {
            State::Busy => return (Readiness::Busy, Facts::default()),
            State::InsufficientActiveFrontEnds => {
                return (Readiness::InsufficientActiveFrontEnds, Facts::default());
            }
            State::Ready => {}
        }
        let flag = match domain {
            None => true,
            Some(domain) => match self.flag(&told, domain) {
                Ok(flag) => flag,
                Err(why) => return (Readiness::Unanswered, Facts::text(why)),
            },
        };
        let inactive = match self.inactive(&told).await {
            Ok(inactive) => inactive,
            Err(why) => return (Readiness::Unanswered, Facts::text(why)),
        };
        // Only a pool that settles is asked for no domain.
        if domain.is_none() && self.settings.compare_fabric {
            match self.fabric(observer).await {
                Ok(None) => {}
                Ok(Some(moved)) => {
                    let text = format!("the pool says that it is ready, and its fabric has moved: {moved}");
                    return (Readiness::Busy, Facts::text(text));
                }
                Err(why) => return (Readiness::Unanswered, said(&why)),
            }
        }
        (Readiness::Ready { domain: flag, inactive }, Facts::default())
    }

    /// How the fabric has moved since the last look, if it has.
    async fn fabric(&self, observer: FrontEndId) -> Result<Option<String>, Unseen> {
        let answer = self.ask(Place::FrontEnd(observer), scripts::FABRIC, self.own_pool()).await?;
        Ok(self.fabric_moved(fabric::read(&answer)?))
    }

    pub(super) fn own_pool(&self) -> Value {
        json!({ "module": self.module(), "pool": self.plan.pool().fqdn })
    }

    fn flag(&self, told: &Told, domain: DomainId) -> Result<bool, String> {
        let domain = self.plan.domain(domain);
        let front_ends: Vec<&str> = domain.front_ends().map(|front_end| self.fqdn(front_end)).collect();
        told.flag(&domain.name, &front_ends)
    }

    /// Who does not count as active in a pool that is ready. Its own count is believed where it names everybody; else each front end is asked,
    /// and both must agree.
    async fn inactive(&self, told: &Told) -> Result<Vec<FrontEndId>, String> {
        let planned = self.plan.pool().front_ends.len() as u64;
        if let Some(total) = told.total.filter(|total| *total != planned) {
            return Err(format!("the pool counts {total} front ends, and the plan lists {planned}"));
        }
        if told.active == Some(planned) {
            return Ok(Vec::new());
        }
        let inactive = self.count_inactive().await;
        match told.active.map(|active| planned.saturating_sub(active)) {
            Some(missing) if missing > inactive.len() as u64 => Err(format!(
                "the pool counts {missing} front ends as not active, and by their services it is {}",
                inactive.len()
            )),
            _ => Ok(inactive),
        }
    }

    async fn count(&self, observer: FrontEndId) -> (Answer, Facts) {
        let inactive = self.count_inactive().await;
        if inactive.contains(&observer) {
            return (Answer::Counted(Count::Unanswered), Facts::text("the observer does not answer"));
        }
        (Answer::Counted(Count::Inactive(inactive)), Facts::default())
    }

    /// Every front end is asked at the same time; one that does not answer is not active.
    async fn count_inactive(&self) -> Vec<FrontEndId> {
        let asked = self.plan.front_end_ids().map(|front_end| async move {
            let services = tokio::time::timeout(COUNTED_WITHIN, self.services(front_end)).await;
            let lacks = services.map(|seen| seen.map(|listed| listed.lacks(self.wanted_services())));
            (!matches!(lacks, Ok(Ok(None)))).then_some(front_end)
        });
        let inactive: BTreeSet<FrontEndId> = together(asked.collect()).await.into_iter().flatten().collect();
        inactive.into_iter().collect()
    }

    /// Has an act taken place?
    async fn look(&self, act: Act) -> (Observation, Facts) {
        // First, as in `beside`. What was asked for and has not begun does not begin any more, whatever is seen: not when it is done either, for
        // it would be done again.
        let goes_on = match self.fence_off(act).await {
            Ok(goes_on) => goes_on,
            Err(why) => return (Observation::Unknown, said(&why)),
        };
        let seen = match act {
            Act::Stop { front_end, .. } => self.services(front_end).await.map(|listed| {
                let seen = listed.of_a_stop(self.wanted_services()).stop_seen();
                let text =
                    (seen != Observation::Done && seen != Observation::NotDone).then(|| listed.sentence());
                (seen, Facts { text, ..Facts::default() })
            }),
            Act::Start { front_end } => self.start_seen(front_end).await,
            Act::Restart { front_end } => self.restart_seen(front_end).await,
            Act::Perform { front_end, moment, index } => self.action_seen(front_end, moment, index).await,
            Act::FailOver => self.pool_state().await.map(|state| (state.fail_over_seen(), Facts::default())),
            Act::FailBack => self.pool_state().await.map(|state| (state.fail_back_seen(), Facts::default())),
            Act::UpdateDatabases => self.databases_seen().await,
        };
        // A cmdlet moves users before anything of it is seen: while it is at that, it goes on.
        match seen {
            Ok((Observation::NotDone | Observation::Partly, facts)) if goes_on.is_some() => {
                (Observation::Underway, Facts { text: goes_on, ..facts })
            }
            Ok(seen) => seen,
            Err(why) => (Observation::Unknown, said(&why)),
        }
    }

    async fn start_seen(&self, front_end: FrontEndId) -> Result<(Observation, Facts), Unseen> {
        let listed = self.services(front_end).await?;
        let seen = if listed.lacks(self.wanted_services()).is_none() {
            Observation::Done
        } else {
            listed.services.start_seen()
        };
        if seen == Observation::Done {
            self.is_back(front_end).await?;
        }
        let text = (seen != Observation::Done).then(|| listed.sentence());
        Ok((seen, Facts { text, ..Facts::default() }))
    }

    async fn restart_seen(&self, front_end: FrontEndId) -> Result<(Observation, Facts), Unseen> {
        let seen =
            self.ask(Place::FrontEnd(front_end), scripts::RESTART_SEEN, self.restart(front_end)).await?;
        let facts = booted(&seen);
        match (seen["restarted"].as_bool(), seen["asked"].as_bool()) {
            (Some(true), _) => Ok((Observation::Done, facts)),
            (Some(false), Some(true)) => Ok((Observation::Underway, facts)),
            (Some(false), Some(false)) => Ok((Observation::NotDone, facts)),
            _ => Err(Unseen::Strange("whether the computer has restarted was not told".into())),
        }
    }

    /// By the mark that the action left. Where it left no end, the version tells, if the plan names one.
    async fn action_seen(
        &self,
        front_end: FrontEndId,
        moment: Moment,
        index: u8,
    ) -> Result<(Observation, Facts), Unseen> {
        let answer = self.ask_action(front_end, moment, index).await?;
        let facts = self.exit(&answer, moment, index);
        match answer["state"].as_str() {
            Some("none") => Ok((Observation::NotDone, facts)),
            Some("underway") => Ok((Observation::Underway, facts)),
            Some("done") => Ok((Observation::Done, facts)),
            Some("failed") => {
                let transient = self.may_try_again(moment, index);
                Ok((Observation::Failed { transient }, facts))
            }
            Some("cut_off") if moment == Moment::Upgrade && self.plan.upgrade().version.is_some() => {
                let (seen, version) = self.version(&self.described(front_end).await?);
                let transient = self.may_try_again(moment, index);
                let seen = match seen {
                    VersionSeen::Planned => Observation::Done,
                    // It has begun, and how far it came nobody knows.
                    VersionSeen::Other => Observation::Failed { transient },
                    VersionSeen::NotAsked | VersionSeen::Unanswered => Observation::Unknown,
                };
                Ok((seen, Facts { version, ..facts }))
            }
            Some("cut_off") => Ok((Observation::Unknown, Facts::text("it ended, and nothing tells how"))),
            Some("lost") => Ok((Observation::Unknown, Facts::text("nobody can tell whether it still runs"))),
            _ => Err(Unseen::Strange("how the action stands was not told".into())),
        }
    }
}

fn said(why: &Unseen) -> Facts {
    Facts::text(why.to_string())
}
