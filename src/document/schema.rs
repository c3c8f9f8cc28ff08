//! A tree held against the JSON Schema of its kind, when its type has refused it.
//!
//! The type says only the first thing that does not fit; the schema says all of them. Compiling a schema costs
//! more than reading a small plan, so it is done when something is wrong, once for each schema.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Number, Value as Json};

use super::explainer::Explainer;
use super::finding::Findings;
use super::source::Source;
use super::tree::{Node, Value};

/// A schema, ready to use.
struct Compiled {
    schema: Json,
    validator: Validator,
}

/// Schemas by their text; `None` for one that is broken.
type Cache = BTreeMap<&'static str, Option<Arc<Compiled>>>;

/// What has been compiled so far.
static COMPILED: LazyLock<Mutex<Cache>> = LazyLock::new(Mutex::default);

/// Everything about `root` that a schema refuses, less what concerns the `judged` keys of the document; none
/// when it refuses nothing, or when the schema itself is broken (which the tests of the types would show).
pub(super) fn validate(root: &Node, source: &Source, schema: &'static str, judged: &[&str]) -> Findings {
    let Some(compiled) = compiled(schema) else { return Findings::new() };
    let instance = to_json(root);
    let errors: Vec<ValidationError<'_>> = compiled.validator.iter_errors(&instance).collect();
    let mut explainer = Explainer::new(root, source, &compiled.schema, judged);
    explainer.explain(&errors);
    explainer.into_findings()
}

fn compiled(text: &'static str) -> Option<Arc<Compiled>> {
    // A thread that panicked while it held the lock left at worst one schema out.
    let mut all = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let compile = || {
        let schema: Json = serde_json::from_str(text).ok()?;
        let validator = jsonschema::validator_for(&schema).ok()?;
        Some(Arc::new(Compiled { schema, validator }))
    };
    all.entry(text).or_insert_with(compile).clone()
}

/// The tree without its places. The depth of a tree is bounded, so this may recurse.
fn to_json(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Integer(value) => Json::Number((*value).into()),
        Value::Float(value) => Number::from_f64(*value).map_or(Json::Null, Json::Number),
        Value::String(value) => Json::String(value.to_string()),
        Value::Sequence(items) => Json::Array(items.iter().map(to_json).collect()),
        Value::Mapping(entries) => Json::Object(
            entries
                .iter()
                .map(|entry| (entry.key.name.to_string(), to_json(&entry.value)))
                .collect::<Map<_, _>>(),
        ),
    }
}
