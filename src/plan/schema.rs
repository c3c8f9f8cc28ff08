//! The JSON Schema of a plan, made from the types that read one.

use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::transform_subschemas};
use serde_json::{Map, Value};

use super::PlanText;

/// The schema of a plan. `schemas/plan.schema.json` is this, printed; a test holds the two together.
pub fn schema() -> Value {
    schema_of::<PlanText>("urn:poolroll:plan:1")
}

/// The schema (draft 2020-12) of a kind of document, by its types. A key may be left out or have a value, but not
/// be there without one: `null` is nowhere allowed.
pub fn schema_of<T: JsonSchema>(id: &str) -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    schema.insert("$id".into(), id.into());
    tidy(&mut schema);
    let mut schema = schema.to_value();
    let definitions = schema.get("$defs").cloned().unwrap_or_default();
    each_property(&mut schema, &mut |key, property| {
        property.entry("title").or_insert_with(|| title(key).into());
        if !property.contains_key("examples") && !property.contains_key("const") {
            property.extend(
                example(property, &definitions)
                    .map(|example| ("examples".to_owned(), Value::Array(vec![example]))),
            );
        }
        arrange(property);
    });
    schema
}

/// Calls `visit` with every property of every mapping in a schema.
fn each_property(schema: &mut Value, visit: &mut impl FnMut(&str, &mut Map<String, Value>)) {
    match schema {
        Value::Object(object) => {
            for (key, inner) in
                object.iter_mut().filter(|(key, _)| !matches!(key.as_str(), "default" | "examples"))
            {
                if let (true, Some(properties)) = (key == "properties", inner.as_object_mut()) {
                    for (name, property) in properties.iter_mut() {
                        if let Some(property) = property.as_object_mut() {
                            visit(name, property);
                        }
                    }
                }
                each_property(inner, visit);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each_property(item, visit)),
        _ => {}
    }
}

/// `upgrade_domains` is titled `Upgrade domains`.
fn title(key: &str) -> String {
    let words = key.replace('_', " ");
    match words.as_str() {
        "fqdn" => "FQDN".to_owned(),
        _ => words.chars().take(1).flat_map(char::to_uppercase).chain(words.chars().skip(1)).collect(),
    }
}

/// An example where none is written: the default, or the first of the values that are allowed.
fn example(property: &Map<String, Value>, definitions: &Value) -> Option<Value> {
    if let Some(default) = property.get("default") {
        return Some(default.clone());
    }
    let name = property.get("$ref").and_then(Value::as_str).and_then(|name| name.rsplit('/').next());
    let choices = name.and_then(|name| definitions.get(name)?.get("oneOf")).or_else(|| property.get("oneOf"));
    choices?.get(0)?.get("const").cloned()
}

/// What people look for comes first in a schema.
const FIRST: [&str; 8] = ["$schema", "$id", "title", "description", "default", "examples", "type", "$ref"];

/// Makes a schema and all schemas in it say what the types mean: no `null`, no choice of one, text on one line.
fn tidy(schema: &mut Schema) {
    transform_subschemas(&mut tidy, schema);
    let Some(object) = schema.as_object_mut() else { return };
    without_null(object);
    if let Some(Value::String(description)) = object.get_mut("description") {
        *description = description.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    for choice in ["anyOf", "oneOf"] {
        without_choice(object, choice);
    }
    described_key(object);
    bounds(object);
    arrange(object);
}

fn arrange(object: &mut Map<String, Value>) {
    let rank = |key: &str| FIRST.iter().position(|first| *first == key).unwrap_or(FIRST.len());
    let mut entries: Vec<_> = std::mem::take(object).into_iter().collect();
    entries.sort_by_key(|(key, _)| rank(key));
    object.extend(entries);
}

fn without_null(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = &mut types[..] {
            let only = only.take();
            object.insert("type".into(), only);
        }
    }
    if object.get("default").is_some_and(Value::is_null) {
        object.remove("default");
    }
    if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
    }
}

/// A choice of one is none: what it says moves up, unless it is said there already.
fn without_choice(object: &mut Map<String, Value>, choice: &str) {
    let Some(Value::Array(choices)) = object.get_mut(choice) else { return };
    if let [Value::Object(only)] = &mut choices[..] {
        let only = std::mem::take(only);
        object.remove(choice);
        for (key, value) in only {
            object.entry(key).or_insert(value);
        }
    }
}

/// A variant that is written as a key: what is said of the variant, and shown of it, is said and shown of the key.
fn described_key(object: &mut Map<String, Value>) {
    let description = object.get("description").cloned();
    let examples = object.get("examples").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(Value::Object(properties)) = object.get_mut("properties") else { return };
    if let (1, Some(description)) = (properties.len(), description) {
        for (name, key) in properties.iter_mut() {
            let Some(key) = key.as_object_mut() else { continue };
            key.entry("description").or_insert(description.clone());
            let examples: Vec<Value> =
                examples.iter().filter_map(|example| example.get(name).cloned()).collect();
            if !examples.is_empty() {
                key.entry("examples").or_insert(Value::Array(examples));
            }
        }
    }
}

/// Formats of numbers are names that few tools know; their bounds are what every tool understands.
fn bounds(object: &mut Map<String, Value>) {
    let (least, most): (i64, u64) = match object.get("format").and_then(Value::as_str) {
        Some("uint8") => (0, u8::MAX.into()),
        Some("uint16") => (0, u16::MAX.into()),
        Some("uint32") => (0, u32::MAX.into()),
        // What YAML can write: a number of 64 bits has a sign.
        Some("uint64") => (0, i64::MAX as u64),
        Some("int32") => (i32::MIN.into(), i32::MAX as u64),
        _ => return,
    };
    object.remove("format");
    object.insert("minimum".into(), least.into());
    object.insert("maximum".into(), most.into());
}
