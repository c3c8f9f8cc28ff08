//! A pool described from its own answers: who belongs to it, in which domains, in which order, and who is its partner.

use serde_json::{Value, json};

use super::engines::Place;
use super::flows::{Flow, Unseen};
use super::scripts;
use super::understand::{partner, readiness};
use crate::plan::{FrontEndId, Survey};

impl Flow {
    /// Who belongs to the pool, and its partner. Asked where the management tools are.
    pub(super) async fn members(&self) -> Result<Survey, Unseen> {
        let answer = self.ask(Place::Management, scripts::MEMBERS, self.own_pool()).await?;
        let front_ends: Option<Vec<String>> = computers(&answer["computers"]);
        let Some(front_ends) = front_ends.filter(|list| !list.is_empty()) else {
            let shown = super::lines::shown(&answer["computers"].to_string());
            return Err(Unseen::Strange(format!("the computers of the pool are not understood: {shown}")));
        };
        let partner = partner::related(&answer["relation"]).map(str::to_ascii_lowercase);
        Ok(Survey { front_ends, is_ordered: true, partner, ..Survey::default() })
    }

    /// The whole pool. What cannot be asked is said, and the rest is told.
    pub(super) async fn survey(&self) -> Survey {
        // The cmdlets wait for replicas as long as they like, and nobody shall wait for ever.
        let limit = self.plan.readiness().time_limit;
        let late = || Unseen::Strange("no answer within the time limit".into());
        let members = tokio::time::timeout(limit, self.members()).await;
        let mut survey = match members.unwrap_or_else(|_| Err(late())) {
            Ok(survey) => survey,
            Err(why) => {
                Survey { unasked: vec![format!("who belongs to the pool: {why}")], ..Survey::default() }
            }
        };
        let mut refused = Vec::new();
        for front_end in self.plan.front_end_ids() {
            let domains = tokio::time::timeout(limit, self.domains(front_end)).await;
            match domains.unwrap_or_else(|_| Err(late())) {
                Ok(domains) => {
                    survey.domains = domains;
                    return survey;
                }
                Err(why) => refused.push(format!("{}: {why}", self.fqdn(front_end))),
            }
        }
        survey.unasked.push(format!("the upgrade domains: {}", refused.join("; ")));
        survey
    }

    async fn domains(&self, observer: FrontEndId) -> Result<Vec<(String, Vec<String>)>, Unseen> {
        let arguments = json!({ "module": self.module(), "cmdlet": self.readiness_cmdlet() });
        let answer = self.ask(Place::FrontEnd(observer), scripts::READINESS, arguments).await?;
        let told = readiness::read(&answer)?;
        let domain = |domain: readiness::DomainTold| {
            let front_ends = domain.front_ends.unwrap_or_default();
            (domain.name, front_ends.into_iter().map(|name| name.to_ascii_lowercase()).collect())
        };
        if told.domains.is_empty() {
            return Err(Unseen::Strange("the pool lists none now".into()));
        }
        Ok(told.domains.into_iter().map(domain).collect())
    }
}

/// The names of computers, in order.
fn computers(listed: &Value) -> Option<Vec<String>> {
    let list = listed.as_array()?;
    let name = |computer: &Value| {
        let named = super::understand::name(computer)?;
        (!named.is_empty()).then(|| named.to_ascii_lowercase())
    };
    list.iter().map(name).collect()
}
