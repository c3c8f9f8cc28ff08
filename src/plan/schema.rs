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
    schema.to_value()
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

/// A variant that is written as a key: what is said of the variant is said of the key.
fn described_key(object: &mut Map<String, Value>) {
    let description = object.get("description").cloned();
    let Some(Value::Object(properties)) = object.get_mut("properties") else { return };
    if let (1, Some(description)) = (properties.len(), description) {
        for key in properties.values_mut().filter_map(Value::as_object_mut) {
            key.entry("description").or_insert(description.clone());
        }
    }
}

/// Formats of numbers are names that few tools know; their bounds are what every tool understands.
fn bounds(object: &mut Map<String, Value>) {
    let (least, most): (i64, u64) = match object.get("format").and_then(Value::as_str) {
        Some("uint8") => (0, u8::MAX.into()),
        Some("uint16") => (0, u16::MAX.into()),
        Some("uint32") => (0, u32::MAX.into()),
        Some("uint64") => (0, u64::MAX),
        Some("int32") => (i32::MIN.into(), i32::MAX as u64),
        _ => return,
    };
    object.remove("format");
    object.insert("minimum".into(), least.into());
    object.insert("maximum".into(), most.into());
}
