//! The reader: bytes to text, text to a tree, a tree to the kinds of documents that people write.

use std::sync::{Arc, LazyLock};

use jsonschema::Validator;
use poolroll::document::{self, Code, MAX_DEPTH, MAX_NODES, Node, Source, Value, Written, parse};
use poolroll::plan::PlanText;
use poolroll::twin::ScenarioText;
use serde::Serialize;
use serde_json::Value as Json;

use super::findings::{are_sound, lies_inside};

/// A key that is longer than this as it is written must stand behind a `?`, which JSON does not know.
const LONGEST_KEY: usize = 1000;

/// A text is refused with findings that lie in it, or is a tree whose places do; what is accepted is accepted again when it
/// is written as JSON, and is the same. A type accepts what its schema accepts, and nothing else.
pub fn reader(bytes: &[u8]) {
    let source = match Source::from_bytes("plan.yaml", bytes) {
        Ok(source) => Arc::new(source),
        Err(finding) => {
            assert!(matches!(finding.code(), Code::SourceEncoding | Code::SourceTooLarge), "{finding:?}");
            assert_eq!(finding.primary(), None, "there is no text yet");
            return;
        }
    };
    let root = match parse(&source) {
        Ok(root) => root,
        Err(findings) => {
            assert!(findings.has_errors(), "{findings:?}");
            return are_sound(&findings, &source);
        }
    };
    assert!(nodes(&root, &source, 0) <= MAX_NODES);
    let json = json(&root);
    let text = json.to_string();
    // The same tree, in the letters of JSON.
    let again = has_short_keys(&json).then(|| Arc::new(Source::from_text("plan.json", text)));
    if let Some(again) = &again {
        let root = parse(again).unwrap_or_else(|findings| panic!("{findings:#?} of {}", again.text()));
        assert_eq!(self::json(&root), json);
    }
    static PLAN: LazyLock<Validator> = LazyLock::new(validator::<PlanText>);
    static SCENARIO: LazyLock<Validator> = LazyLock::new(validator::<ScenarioText>);
    is_of_its_kind::<PlanText>(&source, again.as_ref(), &json, &PLAN);
    is_of_its_kind::<ScenarioText>(&source, again.as_ref(), &json, &SCENARIO);
}

fn validator<T: Written>() -> Validator {
    let schema = serde_json::from_str(T::SCHEMA).expect("a schema is JSON");
    jsonschema::validator_for(&schema).expect("a schema is a schema")
}

fn is_of_its_kind<T: Written + Serialize>(
    source: &Arc<Source>,
    again: Option<&Arc<Source>>,
    json: &Json,
    schema: &Validator,
) {
    let body = |read: &document::Document<T>| serde_json::to_value(read.body()).expect("a JSON form");
    match document::read::<T>(Arc::clone(source)) {
        Ok(read) => {
            assert!(schema.is_valid(json), "the type accepts what the schema refuses: {json}");
            if let Some(again) = again {
                let again = document::read::<T>(Arc::clone(again));
                let again = again.unwrap_or_else(|findings| panic!("{findings:#?} of {json}"));
                assert_eq!(body(&again), body(&read));
            }
        }
        Err(findings) => {
            assert!(findings.has_errors(), "{findings:?}");
            are_sound(&findings, source);
            let unexplained = findings.iter().find(|finding| finding.code() == Code::SchemaMismatch);
            assert_eq!(unexplained, None, "the schema accepts what the type refuses: {json}");
        }
    }
}

/// Holds that every value lies inside of the collection that holds it and behind the one before it, that no key occurs
/// twice and that numbers are finite; says how many values there are.
fn nodes(node: &Node, source: &Source, depth: usize) -> usize {
    assert!(depth <= MAX_DEPTH, "{depth} levels");
    lies_inside(node.span, source);
    let mut last = node.span.start;
    let mut inside = |span: document::Span| {
        let fits = last <= span.start && span.end <= node.span.end;
        assert!(fits, "{span:?}, behind {last}, in {:?}", node.span);
        last = span.end;
    };
    let mut count = 1;
    for item in node.items() {
        inside(item.span);
        count += nodes(item, source, depth + 1);
    }
    for entry in node.entries() {
        lies_inside(entry.key.span, source);
        inside(entry.key.span);
        inside(entry.value.span);
        count += nodes(&entry.value, source, depth + 1);
    }
    let mut names: Vec<_> = node.entries().iter().map(|entry| &entry.key.name).collect();
    names.sort();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "a key occurs twice: {names:?}");
    assert!(!matches!(node.value, Value::Float(number) if !number.is_finite()), "{node:?}");
    count
}

fn has_short_keys(json: &Json) -> bool {
    match json {
        Json::Array(items) => items.iter().all(has_short_keys),
        Json::Object(entries) => entries.iter().all(|(key, value)| {
            Json::from(key.as_str()).to_string().len() <= LONGEST_KEY && has_short_keys(value)
        }),
        _ => true,
    }
}

/// The tree without its places.
fn json(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::String(value) => value.to_string().into(),
        Value::Sequence(items) => items.iter().map(json).collect::<Vec<_>>().into(),
        Value::Mapping(entries) => {
            let entries = entries.iter().map(|entry| (entry.key.name.to_string(), json(&entry.value)));
            Json::Object(entries.collect())
        }
    }
}
