//! Promise: the schemas are made from the types; they are fresh, and they explain every key.

use std::sync::LazyLock;

use poolroll::{plan, twin};
use serde_json::{Map, Value, json};

use crate::golden;

pub static SCHEMA: LazyLock<Value> = LazyLock::new(plan::schema);

/// Every schema, by the kind of file it is for.
fn all() -> [(&'static str, Value); 3] {
    [
        ("plan", SCHEMA.clone()),
        ("scenario", twin::scenario_schema()),
        ("answer", poolroll::pool::answer_schema()),
    ]
}

#[test]
fn every_schema_is_fresh() {
    let stale = all().into_iter().filter_map(|(kind, schema)| {
        let path = golden::at(&format!("schemas/{kind}.schema.json"));
        golden::compare(&path, &format!("{schema:#}\n")).err()
    });
    assert_eq!(stale.collect::<Vec<_>>(), [""; 0]);
}

/// Calls `visit` with every schema in a schema, and the way to it.
pub fn walk(way: &str, schema: &Value, visit: &mut dyn FnMut(&str, &Map<String, Value>)) {
    match schema {
        Value::Object(object) => {
            visit(way, object);
            for (key, inner) in
                object.iter().filter(|(key, _)| !matches!(key.as_str(), "default" | "examples"))
            {
                walk(&format!("{way}/{key}"), inner, visit);
            }
        }
        Value::Array(items) => items.iter().for_each(|inner| walk(way, inner, visit)),
        _ => {}
    }
}

#[test]
fn every_key_is_explained() {
    let mut faults = Vec::new();
    for (kind, schema) in all() {
        walk(kind, &schema, &mut |way, schema| faults.extend(unexplained(way, schema)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What a schema leaves unexplained of its own keys.
fn unexplained(way: &str, schema: &Map<String, Value>) -> Vec<String> {
    let mut faults = Vec::new();
    if schema.get("const").is_some_and(Value::is_string) && !schema.contains_key("description") {
        faults.push(format!("{way}: {:?} has no description", schema["const"]));
    }
    let Some(Value::Object(properties)) = schema.get("properties") else { return faults };
    let required =
        |key: &str| schema.get("required").is_some_and(|list| list.as_array().unwrap().contains(&json!(key)));
    for (key, property) in properties {
        let has = |what: &str| property.get(what).is_some();
        let words = property.get("description").and_then(Value::as_str).unwrap_or_default();
        if !words.ends_with('.') || words.contains('\n') {
            faults.push(format!("{way}/{key} has no description of whole sentences"));
        }
        if !has("title") {
            faults.push(format!("{way}/{key} has no title"));
        }
        if !(has("examples") || has("const")) {
            faults.push(format!("{way}/{key} has no example"));
        }
        if !(required(key) || has("default") || has("examples")) {
            faults.push(format!("{way}/{key} has neither a default nor an example"));
        }
    }
    faults
}

#[test]
fn defaults_and_examples_fit_where_they_stand() {
    let mut faults = Vec::new();
    for (kind, whole) in all() {
        walk(kind, &whole, &mut |way, schema| {
            let mut alone = schema.clone();
            alone.remove("$id");
            alone.insert("$defs".into(), whole["$defs"].clone());
            let examples = schema.get("examples").and_then(Value::as_array).into_iter().flatten();
            let mut values = examples.chain(schema.get("default")).peekable();
            // A mapping of properties is no schema, even if one of them is called `default`.
            if way.ends_with("/properties") || values.peek().is_none() {
                return;
            }
            let validator =
                jsonschema::validator_for(&Value::Object(alone)).expect("a part of the schema compiles");
            let unfit = values.filter(|value| !validator.is_valid(value));
            faults.extend(unfit.map(|value| format!("{way}: {value}")));
        });
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
