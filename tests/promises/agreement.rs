//! The schema accepts what the types accept, and nothing else: plans are changed at random, and both are asked.

use std::sync::LazyLock;

use jsonschema::Validator;
use poolroll::document::{self, Source};
use poolroll::plan::{self, Length, PlanText};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::schema::{SCHEMA, walk};

static VALIDATOR: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::validator_for(&SCHEMA).expect("the schema of plans compiles"));

/// A plan that writes every key there is.
fn every_key() -> Value {
    let limit = json!({ "attempts": 2, "time_limit": "30m" });
    let action = json!({
        "name": "update", "program": "update.exe", "arguments": ["/silentmode"], "at": "front_end", "repeatable": false, "success": [0, 1], "reboot": [3010],
        "time_limit": "1h", "expected": "10m", "attempts": 1,
    });
    json!({
        "kind": "plan", "version": 1, "name": "all", "description": "everything", "labels": { "team": "voice" },
        "product": "lync_server_2013",
        "pool": {
            "fqdn": "pool01.contoso.com",
            "upgrade_domains": [{ "name": "UD1", "front_ends": ["fe01.contoso.com", "fe02.contoso.com"] }],
            "start_order": ["fe01.contoso.com", "fe02.contoso.com"],
            "minimum_active": 1,
        },
        "maintenance_window": {
            "mode": "graceful", "time_zone": "Europe/Berlin", "start": "2026-12-05T22:00", "end": "2026-12-06T04:00",
            "drain": { "limit": "1h", "then": "stop" },
        },
        "failover": { "partner": "pool02.contoso.com", "when": "troubled", "start": "approval", "fail_back": "automatic" },
        "readiness": { "attempts": 3, "interval": "10m", "time_limit": "15m" },
        "settle": { "limit": "2h", "soak": "20m", "restarts": 3, "watch": "1m" },
        "at_once": { "front_ends": 1, "failed_over_upgrades": 2 },
        "upgrade": {
            "version": "5.0", "before_stop": [action], "actions": [action, action], "restart": "computer",
            "after_accept": [action],
        },
        "databases": { "sql_server": "sql01.contoso.com" },
        "acceptance": { "services": ["RTCSRV"], "ports": [5061], "stay_good": "2m", "limit": "90m", "watch": "30s" },
        "limits": {
            "observe": limit, "stop": limit, "restart": limit, "start": limit, "fail_over": limit, "fail_back": limit, "databases": limit,
            "back_off": "1m", "look_again": "1m", "looks": 5,
        },
        "expected": {
            "drain": "15m", "stop": "2m", "restart": "5m", "start": "5m", "rebuild": "5m", "fail_over": "20m",
            "fail_back": "30m", "databases": "15m",
        },
        "failed_front_ends": 1,
        "approvals": [{ "before": "UD1" }, { "after": "UD1" }],
        "driver": { "simulated": { "seed": 1, "speed": 600, "spread": 10, "sessions": 400, "upgraded": 0 } },
    })
}

/// The same through every driver: a plan names one.
fn through_every_driver() -> Vec<Value> {
    let powershell = json!({
        "engine": "pwsh", "management": "admin01.contoso.com", "compare_fabric": false,
        "reach": { "ssh": { "program": "ssh", "user": "CONTOSO\\admin", "port": 22 } },
    });
    let session = |over: Value| json!({ "powershell": { "reach": { "session": { "over": over } } } });
    let winrm = json!({ "authentication": "kerberos", "certificate": "8A3C", "tls": true, "port": 5986 });
    let logon =
        |password: Value| json!({ "winrm": { "logon": { "user": "CONTOSO\\svc", "password": password } } });
    let command = json!({
        "run": ["x", "{pool}"], "at": "here", "directory": "/", "environment": { "A": "{mode}" }, "time_limit": "30s",
        "exits": { "0": "running" },
    });
    let other = |word: &str| {
        let mut other = command.clone();
        other["exits"] = json!({ "0": word });
        other
    };
    let by_command = json!({
        "ssh": { "user": "svc-poolroll" }, "environment": { "A": "b" }, "secrets": ["TOKEN"], "observe": command,
        "ready": other("ready"), "stop": other("done"), "start": other("done"), "restart": other("done"),
        "accept": other("good"), "claim": { "take": other("done"), "release": other("done") },
        "partner": {
            "health": other("healthy"), "state": other("active"), "fail_over": other("done"), "fail_back": other("done"),
        },
    });
    let drivers = [
        every_key()["driver"].clone(),
        json!({ "powershell": powershell }),
        session(json!({ "winrm": winrm })),
        session(logon(json!({ "environment": "POOLROLL_PASSWORD" }))),
        session(logon(json!({ "command": ["vault", "read", "lync"] }))),
        session(json!({ "ssh": { "user": "svc-poolroll", "port": 2222 } })),
        json!({ "command": by_command }),
    ];
    let through = |driver| {
        let mut plan = every_key();
        plan["driver"] = driver;
        plan
    };
    drivers.into_iter().map(through).collect()
}

#[test]
fn a_plan_can_write_every_key() {
    let plans = through_every_driver();
    let written: String = plans.iter().map(Value::to_string).collect();
    walk("", &SCHEMA, &mut |way, schema| {
        let Some(Value::Object(properties)) = schema.get("properties") else { return };
        for key in properties.keys() {
            assert!(written.contains(&format!("\"{key}\":")), "{way}/{key} is not in `every_key`");
        }
    });
    for plan in &plans {
        assert_eq!(by_type(plan), Ok(()));
        assert!(VALIDATOR.is_valid(plan));
    }
}

/// What the types say of a plan. JSON is YAML, so it goes the way of every plan.
fn by_type(plan: &Value) -> Result<(), String> {
    let source = Source::from_text("plan.json", plan.to_string());
    let root = document::parse(&source).map_err(|findings| format!("{findings:?}"))?;
    document::from_node::<PlanText>(&root).map(drop).map_err(|error| error.to_string())
}

/// Every place in a document, as a JSON pointer.
fn places(at: &str, value: &Value, into: &mut Vec<String>) {
    into.push(at.to_owned());
    match value {
        Value::Object(object) => {
            object.iter().for_each(|(key, value)| places(&format!("{at}/{key}"), value, into))
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, value)| places(&format!("{at}/{i}"), value, into))
        }
        _ => {}
    }
}

/// What is done to a place.
#[derive(Debug, Clone)]
enum Change {
    Replace(Value),
    Remove,
    Add(String, Value),
    Repeat(usize),
}

fn change(plan: &mut Value, place: &str, change: &Change) {
    match change {
        Change::Remove => {
            let Some((holder, key)) = place.rsplit_once('/') else { return };
            match plan.pointer_mut(holder) {
                Some(Value::Object(object)) => drop(object.remove(key)),
                Some(Value::Array(items)) => drop(key.parse().map(|index: usize| items.remove(index))),
                _ => {}
            }
        }
        Change::Replace(value) => {
            if let Some(old) = plan.pointer_mut(place) {
                *old = value.clone();
            }
        }
        Change::Add(key, value) => {
            if let Some(Value::Object(object)) = plan.pointer_mut(place) {
                object.insert(key.clone(), value.clone());
            }
        }
        Change::Repeat(times) => {
            if let Some(Value::Array(items)) = plan.pointer_mut(place)
                && let Some(first) = items.first().cloned()
            {
                *items = vec![first; *times];
            }
        }
    }
}

/// Values of every kind, with the edges of what numbers, words and lengths can be. Numbers such as `1.0` are left out:
/// JSON Schema calls them whole, and YAML does not.
fn values() -> Vec<Value> {
    const WORDS: [&str; 16] = [
        "",
        "10m",
        "1h30m",
        "10",
        "m",
        "0s",
        "10m1h",
        "1.5h",
        "graceful",
        "immediate",
        "stop",
        "plan",
        "always",
        "generic",
        "before",
        "simulated",
    ];
    const NUMBERS: [i64; 17] = [
        0,
        1,
        2,
        255,
        256,
        -1,
        65_535,
        65_536,
        4_294_967_295,
        4_294_967_296,
        2_147_483_647,
        2_147_483_648,
        -2_147_483_648,
        -2_147_483_649,
        51,
        i64::MAX,
        i64::MIN,
    ];
    let mut all = vec![Value::Null, json!(true), json!(1.5), json!([]), json!({})];
    all.extend(WORDS.map(Value::from));
    all.extend(NUMBERS.map(Value::from));
    all.extend([
        json!(["10m"]),
        json!([1]),
        json!([null]),
        json!({ "before": "x" }),
        json!({ "graceful": null }),
    ]);
    all
}

/// Everything that can be done to a place.
fn changes() -> Vec<Change> {
    let mut all: Vec<_> = values().into_iter().map(Change::Replace).collect();
    all.push(Change::Remove);
    all.extend([0, 1, 2, 50, 51].map(Change::Repeat));
    for key in ["attempts", "limit", "name", "unknown", "after"] {
        all.extend([json!("10m"), json!(2), Value::Null].map(|value| Change::Add(key.into(), value)));
    }
    all
}

/// Whether types and schema say the same of a plan, and what they say.
fn judged_alike(plan: &Value) -> Result<bool, String> {
    let by_type = by_type(plan);
    let by_schema = VALIDATOR.validate(plan).map_err(|error| format!("{}: {error}", error.instance_path()));
    match by_type.is_ok() == by_schema.is_ok() {
        true => Ok(by_type.is_ok()),
        false => Err(format!("type: {by_type:?}, schema: {by_schema:?}, {plan}")),
    }
}

#[test]
fn every_single_change_is_judged_alike() {
    let (mut faults, mut accepted) = (Vec::new(), 0);
    let mut seen = std::collections::BTreeSet::new();
    for plan in through_every_driver() {
        let mut all = Vec::new();
        places("", &plan, &mut all);
        // What both plans say alike is changed once.
        all.retain(|place| seen.insert(place.clone()));
        for place in &all {
            for what in changes() {
                let mut plan = plan.clone();
                change(&mut plan, place, &what);
                match judged_alike(&plan) {
                    Ok(good) => accepted += usize::from(good),
                    Err(fault) => {
                        faults.push(format!("{place}, {what:?}: {}", &fault[..fault.len().min(300)]))
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults[..faults.len().min(20)].join("\n"));
    assert!(accepted > 1000, "the changes are too wild to tell much: {accepted} plans were accepted");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn several_changes_are_judged_alike(
        mut plan in prop::sample::select(through_every_driver()),
        several in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(changes())), 2..5),
    ) {
        for (at, what) in &several {
            let mut all = Vec::new();
            places("", &plan, &mut all);
            change(&mut plan, at.get::<String>(&all), what);
        }
        let judged = judged_alike(&plan);
        prop_assert!(judged.is_ok(), "{:?}", judged);
    }

    #[test]
    fn lengths_and_their_pattern_agree(text in "([0-9]{0,10}(d|h|m|s|ms|M| )?){0,4}") {
        static COMPILED: LazyLock<Validator> = LazyLock::new(|| {
            jsonschema::validator_for(&json!({ "pattern": plan::LENGTH_PATTERN })).expect("the pattern compiles")
        });
        prop_assert_eq!(text.parse::<Length>().is_ok(), COMPILED.is_valid(&json!(text)), "{}", text);
    }
}
