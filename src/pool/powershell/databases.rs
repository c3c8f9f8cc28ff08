//! The databases of the pool: updated where the management tools are, by the software that is there.

use serde_json::{Value, json};

use super::acts::{DATABASES, by, in_doubt};
use super::engines::Place;
use super::flows::{Flow, Unseen};
use super::scripts;
use super::understand::{databases, versions};
use crate::plan::{Act, Facts, Observation, Problem, VersionSeen};
use crate::pool::calls::{Ensured, failed};

impl Flow {
    pub(super) fn databases(&self) -> Value {
        let server = self.plan.databases().map(|databases| databases.sql_server.as_str());
        json!({ "module": self.module(), "sql_server": server, "versions": self.versions() })
    }

    /// Whether the databases have the version that the management tools expect. Tools of another version than the planned one expect another one of
    /// the databases, so what they say is no answer.
    pub(super) async fn databases_seen(&self) -> Result<(Observation, Facts), Unseen> {
        let answer = self.ask(Place::Management, scripts::DATABASES_SEEN, self.databases()).await?;
        if let Some(planned) = &self.plan.upgrade().version {
            let (seen, version) = versions::seen(&answer, planned);
            if seen != VersionSeen::Planned {
                let found =
                    version.map_or("of no version that was found".to_owned(), |found| format!("at {found}"));
                return Err(Unseen::Strange(format!(
                    "the management tools are {found}, and the databases are updated by tools at {planned}: update them first"
                )));
            }
        }
        let old = databases::old(&answer)?;
        let seen = if old.is_empty() { Observation::Done } else { Observation::NotDone };
        let text = (!old.is_empty()).then(|| format!("of an older version: {}", old.join(", ")));
        Ok((seen, Facts { text, ..Facts::default() }))
    }

    pub(super) async fn update_databases(&self) -> Ensured {
        match self.databases_seen().await {
            Ok((Observation::Done, _)) => return (Ok(()), Facts::default()),
            Ok(_) => {}
            Err(Unseen::Call(why)) => return by(&why),
            Err(Unseen::Strange(why)) => return failed(Problem::Permanent, why),
        }
        let (place, arguments) = (Place::Management, self.databases());
        if let Err(why) = self.begin(place, DATABASES, scripts::DATABASES, arguments).await {
            return by(&why);
        }
        loop {
            match self.beside(Act::UpdateDatabases, self.databases_seen()).await {
                Ok((_, (Observation::Done, facts))) => return (Ok(()), facts),
                Ok((true, _)) => self.pause().await,
                Ok((false, (_, facts))) => {
                    let text = facts.text.unwrap_or_default();
                    return failed(
                        Problem::Transient,
                        format!("the cmdlet returned, and there are databases {text}"),
                    );
                }
                Err(why) => return in_doubt(&why),
            }
        }
    }
}
