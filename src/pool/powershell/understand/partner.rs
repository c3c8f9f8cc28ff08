//! Whether the partner can take the pool over: the backup relationship, the backup services of both, the place of the Central
//! Management Store, the next hop of the Edge servers, and whether either pool is failed over already.

use serde_json::Value;

use super::{list, member, raw};
use crate::plan::PartnerHealth;

/// What became of one question.
type Checked = Result<(), (PartnerHealth, String)>;

/// Understands the answer of the script; what stands in the way, in words. Where a person said that what was not copied yet may be lost, nobody asks
/// what was copied.
pub fn read(
    answer: &Value,
    pool: &str,
    front_ends: &[&str],
    partner: &str,
    may_lose: bool,
) -> (PartnerHealth, Option<String>) {
    let copied = |pool| if may_lose { Ok(()) } else { services(answer, pool) };
    let checks = [
        relation(answer, pool, partner),
        copied(pool),
        copied(partner),
        is_active(answer, pool, "the pool"),
        is_active(answer, partner, "the partner"),
        store(answer, pool, front_ends),
        edges(answer, pool),
    ];
    match checks.into_iter().find_map(Result::err) {
        None => (PartnerHealth::Healthy, None),
        Some((health, why)) => (health, Some(why)),
    }
}

/// The pool that an answer names as the backup, if it names one.
pub fn related(relation: &Value) -> Option<&str> {
    let tables = list(relation).into_iter().filter_map(Value::as_object);
    let mut named = tables
        .filter_map(|table| member(table, &["BackupPoolFqdn", "BackupPool", "RelatedPool", "Backup"]))
        .filter_map(super::name);
    named.next().filter(|_| named.next().is_none())
}

fn unhealthy(why: String) -> Checked {
    Err((PartnerHealth::Unhealthy, why))
}

fn unclear(what: &str, value: &Value) -> Checked {
    Err((PartnerHealth::Unanswered, format!("{what} is not understood: {}", raw(value))))
}

/// The pool that the live pool names as its backup is the plan's partner.
fn relation(answer: &Value, pool: &str, partner: &str) -> Checked {
    let relation = &answer["relation"];
    match related(relation) {
        Some(named) if super::is_computer(named, partner) => Ok(()),
        Some(named) => unhealthy(format!("{pool} is paired with {named}, and the plan names {partner}")),
        _ if list(relation).is_empty() => unhealthy(format!("{pool} is paired with no pool")),
        _ => unclear("the backup relationship", relation),
    }
}

/// Every module of a backup service exports a steady or final state and imports normally. The module of the Central Management
/// Store is not initialised where the pool does not hold it.
fn services(answer: &Value, pool: &str) -> Checked {
    let status = &answer["services"][pool];
    let mut seen = 0;
    for table in list(status).into_iter().filter_map(Value::as_object) {
        let Some(modules) = member(table, &["BackupModules"]) else { continue };
        for module in list(modules) {
            let Some((name, export, import)) = module.as_str().and_then(module_states) else {
                return unclear("the backup service", module);
            };
            seen += 1;
            let is_store = name.eq_ignore_ascii_case("CentralMgmt.CMSMaster");
            let is = |state: &str, of: &str| of.eq_ignore_ascii_case(state);
            let asleep = is_store && is("NotInitialized", export) && is("NotInitialized", import);
            let good = (is("FinalState", export) || is("SteadyState", export)) && is("NormalState", import);
            if !(asleep || good) {
                return unhealthy(format!(
                    "the backup service of {pool} is not steady: {name} is {export}, {import}; see `Invoke-CsBackupServiceSync`"
                ));
            }
        }
    }
    if seen == 0 { unclear("the backup service", status) } else { Ok(()) }
}

/// `UserServices.PresenceFocus:[SteadyState,NormalState]`
fn module_states(module: &str) -> Option<(&str, &str, &str)> {
    let (name, states) = module.trim().split_once(':')?;
    let (export, import) = states.trim().strip_prefix('[')?.strip_suffix(']')?.split_once(',')?;
    Some((name.trim(), export.trim(), import.trim()))
}

/// A pool that is failed over, or about to be, can neither be failed over nor take another one over.
fn is_active(answer: &Value, pool: &str, what: &str) -> Checked {
    let states = &answer["states"][pool];
    match list(states).as_slice() {
        [Value::String(state)] if state.eq_ignore_ascii_case("Active") => Ok(()),
        [Value::String(state)] if !state.is_empty() => unhealthy(format!("{what} {pool} is {state}")),
        _ => unclear(&format!("the state of {what}"), states),
    }
}

/// A pool that holds the Central Management Store takes it down with it: a person moves it first.
fn store(answer: &Value, pool: &str, front_ends: &[&str]) -> Checked {
    let store = &answer["store"];
    let active = list(store).into_iter().filter_map(Value::as_object).find_map(|table| {
        let master = member(table, &["ActiveMasterFqdn", "ActiveMaster"])?.as_str()?;
        (!master.trim().is_empty()).then_some(master.trim())
    });
    match active {
        // Its place is told by the name of the pool, or of one of its servers.
        Some(active) if [pool].iter().chain(front_ends).any(|own| super::is_computer(active, own)) => {
            unhealthy(format!(
                "{pool} holds the Central Management Store, which must move first: see `Invoke-CsManagementServerFailover`"
            ))
        }
        Some(_) => Ok(()),
        None => unclear("the place of the Central Management Store", store),
    }
}

/// A failover refuses while an Edge server has this pool as its next hop.
fn edges(answer: &Value, pool: &str) -> Checked {
    for edge in list(&answer["edges"]) {
        let registrar = edge["registrar"].as_str().unwrap_or_default().trim();
        let registrar = match registrar.split_once(':') {
            Some((kind, name)) if kind.eq_ignore_ascii_case("Registrar") => name,
            _ => registrar,
        };
        if registrar.is_empty() {
            return unclear("the next hop of an Edge server", edge);
        }
        if super::is_computer(registrar, pool) {
            let identity = edge["identity"].as_str().unwrap_or("an Edge server");
            return unhealthy(format!(
                "{pool} is the next hop of {identity}: see `Set-CsEdgeServer -Registrar`"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const POOL: &str = "pool01.contoso.com";
    const PARTNER: &str = "pool02.contoso.com";
    const FE: &str = "fe01.contoso.com";

    fn steady() -> Value {
        json!({ "BackupModules": [
            "UserServices.PresenceFocus:[FinalState,NormalState]", "ConfServices.DataConf:[SteadyState,NormalState]",
            "CentralMgmt.CMSMaster:[NotInitialized,NotInitialized]",
        ] })
    }

    fn good() -> Value {
        json!({
            "relation": { "Identity": "x", "BackupPoolFqdn": "Pool02.contoso.com" },
            "services": { POOL: [steady()], PARTNER: steady() },
            "states": { POOL: ["Active"], PARTNER: "Active" },
            "store": [{ "ActiveMasterFqdn": PARTNER }],
            "edges": [{ "identity": "EdgeServer:edge.contoso.com", "registrar": "Registrar:pool02.contoso.com" }],
        })
    }

    fn why(change: impl FnOnce(&mut Value)) -> (PartnerHealth, String) {
        let mut answer = good();
        change(&mut answer);
        let (health, why) = read(&answer, POOL, &[FE], PARTNER, false);
        (health, why.unwrap_or_default())
    }

    #[test]
    fn a_partner_that_can_take_over_is_healthy() {
        assert_eq!(read(&good(), POOL, &[FE], PARTNER, false), (PartnerHealth::Healthy, None));
    }

    #[test]
    fn by_a_persons_word_nobody_asks_what_was_copied_but_everything_else() {
        let mut answer = good();
        answer["services"] = json!({});
        assert_eq!(read(&answer, POOL, &[FE], PARTNER, true), (PartnerHealth::Healthy, None));
        answer["states"][PARTNER] = json!("FailedOver");
        assert_eq!(read(&answer, POOL, &[FE], PARTNER, true).0, PartnerHealth::Unhealthy);
    }

    #[test]
    fn each_thing_that_stands_in_the_way_is_named() {
        use PartnerHealth::{Unanswered, Unhealthy};
        let cases = [
            (why(|a| a["relation"] = json!([])), Unhealthy, "paired with no pool"),
            (
                why(|a| a["relation"]["BackupPoolFqdn"] = json!("pool03.contoso.com")),
                Unhealthy,
                "paired with pool03",
            ),
            (why(|a| a["relation"] = json!(true)), Unanswered, "not understood"),
            (
                why(|a| a["services"][PARTNER]["BackupModules"] = json!("A.B:[ErrorState,NormalState]")),
                Unhealthy,
                "A.B is ErrorState",
            ),
            (why(|a| a["services"][POOL] = json!([])), Unanswered, "backup service"),
            (why(|a| a["services"][POOL] = json!({ "BackupModules": ["strange"] })), Unanswered, "strange"),
            (
                why(|a| a["states"][PARTNER] = json!("FailedOver")),
                Unhealthy,
                "the partner pool02.contoso.com is FailedOver",
            ),
            (why(|a| a["states"][POOL] = json!([])), Unanswered, "state of the pool"),
            (
                why(|a| a["store"] = json!([{ "ActiveMasterFqdn": POOL }])),
                Unhealthy,
                "Central Management Store",
            ),
            (
                why(|a| a["store"] = json!([{ "ActiveMasterFqdn": "FE01.contoso.com" }])),
                Unhealthy,
                "Central Management Store",
            ),
            (
                why(|a| a["edges"] = json!([{ "identity": "EdgeServer:e", "registrar": "" }])),
                Unanswered,
                "next hop",
            ),
            (why(|a| a["store"] = json!([])), Unanswered, "Central Management Store"),
            (
                why(|a| {
                    a["edges"] =
                        json!({ "identity": "EdgeServer:e", "registrar": "Registrar:POOL01.contoso.com" })
                }),
                Unhealthy,
                "next hop of EdgeServer:e",
            ),
        ];
        for ((health, said), expected, part) in cases {
            assert_eq!(health, expected, "{said}");
            assert!(said.contains(part), "{said} does not say {part}");
        }
    }
}
