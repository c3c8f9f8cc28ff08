//! A tree held against the JSON Schema of its kind, when its type has refused it.
//!
//! The type says only the first thing that does not fit; the schema says all of them. Compiling a schema costs
//! more than reading a small plan, so it is done when something is wrong, once for each schema.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Number, Value as Json};

use super::explainer::Explainer;
use super::finding::{Finding, Findings, Span};
use super::source::{MAX_ITEMS_EXPLAINED, Source};
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
///
/// The type read the document up to what it `refused` and found nothing wrong. Of lists that go on for long after that only
/// a part is held against the schema, because the validator collects all errors before it gives the first.
pub(super) fn validate(
    root: &Node,
    source: &Source,
    schema: &'static str,
    judged: &[&str],
    refused: Option<Span>,
) -> Findings {
    let Some(compiled) = compiled(schema) else { return Findings::new() };
    let explained = |instance: &Json| {
        let errors: Vec<ValidationError<'_>> = compiled.validator.iter_errors(instance).collect();
        let mut explainer = Explainer::new(root, source, &compiled.schema, judged);
        explainer.explain(&errors);
        explainer.into_findings()
    };
    let from = refused.map_or(0, |span| span.start);
    let mut part = Part { from, left: MAX_ITEMS_EXPLAINED, cut: false };
    let findings = explained(&part.json(root));
    if !part.cut {
        return findings;
    }
    // Every item of a list that is refused as a whole was read, so there is little to say of it: that it is too long.
    if findings.is_empty() && refused.is_some_and(|span| has_list(root, span)) {
        return explained(&Part { from, left: usize::MAX, cut: false }.json(root));
    }
    findings.into_iter().chain([Finding::cut()]).collect()
}

/// Whether what stands at a place is a list.
fn has_list(node: &Node, span: Span) -> bool {
    match &node.value {
        Value::Sequence(items) => node.span == span || items.iter().any(|item| has_list(item, span)),
        Value::Mapping(entries) => entries.iter().any(|entry| has_list(&entry.value, span)),
        _ => false,
    }
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

/// What is made JSON of a tree.
struct Part {
    /// All of what begins before.
    from: u32,
    /// And so many items of lists after that.
    left: usize,
    /// Whether there were more.
    cut: bool,
}

impl Part {
    /// The tree without its places. The depth of a tree is bounded, so this may recurse.
    fn json(&mut self, node: &Node) -> Json {
        match &node.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Integer(value) => Json::Number((*value).into()),
            Value::Float(value) => Number::from_f64(*value).map_or(Json::Null, Json::Number),
            Value::String(value) => Json::String(value.to_string()),
            Value::Sequence(items) => Json::Array(self.items(items)),
            Value::Mapping(entries) => Json::Object(
                entries
                    .iter()
                    .map(|entry| (entry.key.name.to_string(), self.json(&entry.value)))
                    .collect::<Map<_, _>>(),
            ),
        }
    }

    /// The first item is kept in any case: a list that has been emptied would be wrong for that.
    fn items(&mut self, items: &[Node]) -> Vec<Json> {
        let mut kept = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let counts = item.span.end > self.from && index > 0;
            if counts && self.left == 0 {
                self.cut = true;
                break;
            }
            self.left -= usize::from(counts);
            kept.push(self.json(item));
        }
        kept
    }
}
