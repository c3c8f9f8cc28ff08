//! The pool's answer to whether it is ready for an upgrade. No verbatim sample of it is public, so the names that were seen
//! are taken, and an answer in which anything is missing or strange is none.

use serde_json::{Map, Value};

use super::{is_computer, list, member, name, raw};

/// What the pool says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    Ready,
    Busy,
    InsufficientActiveFrontEnds,
}

/// An answer, understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    pub state: State,
    pub domains: Vec<DomainTold>,
    pub total: Option<u64>,
    pub active: Option<u64>,
}

/// What is said of one upgrade domain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DomainTold {
    pub name: String,
    pub ready: bool,
    /// Its servers, where they are listed.
    pub front_ends: Option<Vec<String>>,
}

const STATE: [&str; 3] = ["PoolUpgradeState", "State", "UpgradeState"];
const DOMAINS: [&str; 3] = ["UpgradeDomains", "UpgradeDomain", "Domains"];
const FLAG: [&str; 3] = ["ReadyForUpgrade", "IsReadyForUpgrade", "Ready"];
const NAME: [&str; 4] = ["Name", "UpgradeDomain", "UpgradeDomainName", "Id"];
const FRONT_ENDS: [&str; 4] = ["FrontEnds", "FrontEndServers", "Servers", "Machines"];
const ACTIVE: [&str; 2] = ["TotalActiveFrontEnds", "ActiveFrontEnds"];

/// Understands the answer of the script.
///
/// # Errors
///
/// What is not understood, with the answer as it came.
pub fn read(answer: &Value) -> Result<Told, String> {
    let answers = list(&answer["answers"]);
    let tables = answers.iter().filter_map(|answer| answer.as_object());
    let mut stated = tables.filter(|table| member(table, &STATE).is_some());
    let wrong = |what: &str| format!("{what}; the answer was {}", raw(&answer["answers"]));
    let Some(table) = stated.next() else { return Err(wrong("the pool did not say its state")) };
    if stated.next().is_some() {
        return Err(wrong("the pool said its state twice"));
    }
    let state = match member(table, &STATE) {
        Some(Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "ready" => State::Ready,
            "busy" => State::Busy,
            "insufficientactivefrontends" => State::InsufficientActiveFrontEnds,
            _ => {
                return Err(wrong(&format!("the state `{}` is not known", super::super::lines::shown(text))));
            }
        },
        Some(Value::Number(_)) => {
            return Err(wrong("the state is a number, and which one means what is not known"));
        }
        _ => return Err(wrong("the state is no text")),
    };
    let listed = member(table, &DOMAINS).map(list).unwrap_or_default();
    let domains = listed.iter().map(|domain| domain_told(domain)).collect::<Option<Vec<_>>>();
    let domains = domains.ok_or_else(|| wrong("an upgrade domain is not understood"))?;
    if state == State::Ready && domains.is_empty() {
        return Err(wrong("the pool is ready and lists no upgrade domain"));
    }
    Ok(Told { state, domains, total: number(table, &["TotalFrontEnds"]), active: number(table, &ACTIVE) })
}

fn number(table: &Map<String, Value>, names: &[&str]) -> Option<u64> {
    match member(table, names)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn domain_told(domain: &Value) -> Option<DomainTold> {
    let table = domain.as_object()?;
    let ready = match member(table, &FLAG)? {
        Value::Bool(ready) => *ready,
        Value::String(text) if text.trim().eq_ignore_ascii_case("true") => true,
        Value::String(text) if text.trim().eq_ignore_ascii_case("false") => false,
        _ => return None,
    };
    let called = match member(table, &NAME)? {
        Value::Number(number) => number.to_string(),
        other => name(other)?.to_owned(),
    };
    let front_ends = match member(table, &FRONT_ENDS) {
        None => None,
        Some(listed) => {
            let names = list(listed).into_iter().map(|one| name(one).map(str::to_owned));
            Some(names.collect::<Option<Vec<_>>>()?)
        }
    };
    Some(DomainTold { name: called, ready, front_ends })
}

impl Told {
    /// The flag of a domain, if the answer speaks of the domain that the plan means.
    ///
    /// # Errors
    ///
    /// The answer does not list the domain, or other front ends in it than the plan does.
    pub fn flag(&self, domain: &str, front_ends: &[&str]) -> Result<bool, String> {
        let mut named = self.domains.iter().filter(|told| told.name.eq_ignore_ascii_case(domain));
        let (Some(told), None) = (named.next(), named.next()) else {
            let names: Vec<_> = self.domains.iter().map(|told| told.name.as_str()).collect();
            return Err(format!(
                "the pool does not list upgrade domain {domain} once; it lists {}",
                names.join(", ")
            ));
        };
        let Some(listed) = &told.front_ends else { return Ok(told.ready) };
        let same = listed.len() == front_ends.len()
            && listed.iter().all(|listed| front_ends.iter().any(|fqdn| is_computer(listed, fqdn)));
        if same {
            Ok(told.ready)
        } else {
            Err(format!(
                "upgrade domain {domain} has other front ends than the plan says: {}",
                listed.join(", ")
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(answer: Value) -> Result<Told, String> {
        read(&json!({ "answers": answer }))
    }

    #[test]
    fn the_names_of_the_field_are_taken_capitals_aside() {
        let told = told(json!({
            "poolupgradestate": "READY", "TotalFrontEnds": 3, "TotalActiveFrontEnds": "3",
            "UpgradeDomains": [
                { "Name": "UD1", "ReadyforUpgrade": true, "FrontEnds": ["fe01.contoso.com", { "Fqdn": "FE02.contoso.com" }] },
                { "UpgradeDomainName": "UD2", "IsReadyForUpgrade": "False", "Servers": "fe03" },
            ],
        }))
        .unwrap();
        assert_eq!((told.state, told.total, told.active), (State::Ready, Some(3), Some(3)));
        assert_eq!(told.flag("ud1", &["fe01.contoso.com", "fe02.contoso.com"]), Ok(true));
        assert_eq!(told.flag("UD2", &["fe03.contoso.com"]), Ok(false));
    }

    #[test]
    fn what_is_not_understood_is_shown_and_is_no_answer() {
        let domains = json!([{ "Name": "UD1", "Ready": true }]);
        for (answer, what) in [
            (json!({ "State": 0, "Domains": domains }), "a number"),
            (json!({ "State": "Sleeping", "Domains": domains }), "`Sleeping` is not known"),
            (json!({ "State": "Ready" }), "lists no upgrade domain"),
            (json!({ "State": "Ready", "Domains": [{ "Name": "UD1" }] }), "domain is not understood"),
            (
                json!({ "State": "Ready", "Domains": [{ "Name": "UD1", "Ready": 1 }] }),
                "domain is not understood",
            ),
            (json!([{ "State": "Ready" }, { "State": "Busy" }]), "twice"),
            (json!("Ready"), "did not say its state"),
            (json!(null), "did not say its state"),
        ] {
            let why = told(answer.clone()).unwrap_err();
            assert!(why.contains(what), "{answer}: {why}");
        }
        assert!(told(json!({ "State": 3 })).unwrap_err().contains("the answer was {\"State\":3}"));
    }

    #[test]
    fn busy_needs_no_domains() {
        assert_eq!(told(json!({ "State": "Busy" })).unwrap().state, State::Busy);
        assert_eq!(
            told(json!([{ "UpgradeState": "InsufficientActiveFrontEnds", "Domains": [] }])).unwrap().state,
            State::InsufficientActiveFrontEnds
        );
    }

    #[test]
    fn another_pool_than_the_plans_is_noticed() {
        let told = told(json!({
            "State": "Ready", "Domains": [{ "Name": "UD1", "Ready": true, "Servers": ["fe09.contoso.com"] }],
        }))
        .unwrap();
        assert!(told.flag("UD2", &["fe01.contoso.com"]).unwrap_err().contains("it lists UD1"));
        assert!(told.flag("UD1", &["fe01.contoso.com"]).unwrap_err().contains("fe09.contoso.com"));
    }
}
