//! Errors of `oneOf` and `anyOf`: which of the branches was meant.
//!
//! An enum is written as a word, or as a mapping of one key, its tag. So the word or the tag says which branch
//! was meant, and only what that branch has to say is shown.

use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{JsonType, ValidationError};
use serde_json::Value as Json;

use super::code::Code;
use super::describe::expected_types;
use super::explainer::Explainer;
use super::finding::Finding;
use super::suggest;
use super::syntax::shortened;
use super::tree::{Node, Value};

/// The errors of a branch.
type Errors = [ValidationError<'static>];

/// A branch of a choice: how one chooses it, and what it says of the value.
struct Branch<'e, 's> {
    /// The words it accepts, when it accepts words.
    words: Vec<&'s str>,
    /// The key it accepts, when it is a mapping of one key.
    tag: Option<&'s str>,
    errors: &'e Errors,
}

impl<'a> Explainer<'a> {
    pub(super) fn choice(&mut self, error: &ValidationError<'_>, context: &[Vec<ValidationError<'static>>]) {
        let path = error.instance_path().as_str();
        let Some(node) = self.root.pointer(path) else { return };
        let branches = self.branches(error, context);
        match (&branches[..], &node.value) {
            ([], _) => {}
            // What remains of an optional value: there was no choice.
            ([only], _) => self.explain(only.errors),
            (_, Value::String(word)) => self.choice_by_word(path, node, word, &branches),
            (_, Value::Mapping(_)) => self.choice_by_key(path, node, &branches),
            _ => self.choice_by_type(path, node, &branches),
        }
    }

    /// The branches of a choice, less `null`.
    fn branches<'e>(
        &self,
        error: &ValidationError<'_>,
        context: &'e [Vec<ValidationError<'static>>],
    ) -> Vec<Branch<'e, 'a>> {
        let schemas = self.schema.pointer(error.schema_path().as_str()).and_then(Json::as_array);
        let branch = |(errors, schema): (&'e Vec<ValidationError<'static>>, &'a Json)| {
            let schema = self.resolved(schema);
            let is_null = schema.get("type").is_some_and(|kind| kind == "null");
            let mut words = Vec::new();
            self.collect_words(schema, &mut words, 0);
            (!is_null).then(|| Branch { words, tag: tag(schema), errors })
        };
        context.iter().zip(schemas.into_iter().flatten()).filter_map(branch).collect()
    }

    /// Follows `$ref` within the schema.
    fn resolved(&self, mut schema: &'a Json) -> &'a Json {
        // References to references are rare, and circles of them are broken schemas.
        for _ in 0..8 {
            let target = schema.get("$ref").and_then(Json::as_str).and_then(|to| to.strip_prefix('#'));
            match target.and_then(|pointer| self.schema.pointer(pointer)) {
                Some(target) => schema = target,
                None => break,
            }
        }
        schema
    }

    /// The words a schema accepts, through nested choices.
    fn collect_words(&self, schema: &'a Json, words: &mut Vec<&'a str>, depth: usize) {
        words.extend(schema.get("const").and_then(Json::as_str));
        words.extend(
            schema.get("enum").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str),
        );
        let nested = ["oneOf", "anyOf"].into_iter().filter_map(|name| schema.get(name)?.as_array()).flatten();
        for schema in nested.take(if depth < 4 { usize::MAX } else { 0 }) {
            self.collect_words(self.resolved(schema), words, depth + 1);
        }
    }

    fn choice_by_word(&mut self, path: &str, node: &'a Node, word: &str, branches: &[Branch<'_, 'a>]) {
        if branches.iter().any(|branch| branch.tag == Some(word)) {
            let message = format!("`{word}` needs settings of its own in {}", self.called(path));
            let help = format!("write `{word}:` as a key, and its settings below it, indented");
            self.push(Finding::new(Code::WrongType, message, help).at(node.span, "only a word"));
            return;
        }
        // A branch for free text that says why this text is not it, such as a pattern.
        let mut free =
            branches.iter().filter(|branch| branch.words.is_empty() && !refuses_type(branch.errors, path));
        if let (Some(branch), None) = (free.next(), free.next()) {
            return self.explain(branch.errors);
        }
        let allowed = names(branches);
        if allowed.is_empty() {
            return self.choice_by_type(path, node, branches);
        }
        let finding = self.unknown_value(path, node, &allowed);
        self.push(finding);
    }

    fn choice_by_key(&mut self, path: &str, node: &'a Node, branches: &[Branch<'_, 'a>]) {
        let keys = node.entries();
        let chosen = |branch: &&Branch<'_, 'a>| branch.tag.is_some_and(|tag| node.get(tag).is_some());
        let matching: Vec<&Branch<'_, 'a>> = branches.iter().filter(chosen).collect();
        match &matching[..] {
            [] => {}
            [branch] => return self.explain(branch.errors),
            several => {
                let tags: Vec<&str> = several.iter().filter_map(|branch| branch.tag).collect();
                let message = format!("{} makes several choices where one is expected", self.called(path));
                let help = format!("keep {}", suggest::one_of(&tags));
                let mut finding = Finding::new(Code::ManyChoices, message, help);
                for entry in keys.iter().filter(|entry| tags.contains(&&*entry.key.name)).rev() {
                    finding = finding.at(entry.key.span, "one choice");
                }
                return self.push(finding);
            }
        }
        if branches.iter().all(|branch| branch.tag.is_none()) {
            let mut fitting = branches.iter().filter(|branch| !refuses_type(branch.errors, path));
            return match (fitting.next(), fitting.next()) {
                (Some(branch), None) => self.explain(branch.errors),
                _ => self.choice_by_type(path, node, branches),
            };
        }
        let allowed = names(branches);
        let finding = match keys.first() {
            None => {
                let message = format!("{} makes no choice", self.called(path));
                Finding::new(Code::MissingKey, message, format!("write {}", suggest::one_of(&allowed)))
                    .at(self.place(path, node), "nothing chosen")
            }
            Some(entry) if branches.iter().any(|branch| branch.words.contains(&&*entry.key.name)) => {
                let name = &entry.key.name;
                let message = format!("`{name}` has no settings in {}", self.called(path));
                Finding::new(Code::WrongType, message, format!("write `{name}` as a value: without `:`"))
                    .at(entry.key.span, "not a key")
            }
            Some(entry) => {
                let name = &entry.key.name;
                let message = format!("the key `{}` is not known {}", shortened(name), self.inside(path));
                Finding::new(Code::UnknownKey, message, suggest::help(name, &allowed))
                    .at(entry.key.span, "not known here")
            }
        };
        self.push(finding);
    }

    /// A value whose type alone rules all branches out, or does not say which one was meant.
    fn choice_by_type(&mut self, path: &str, node: &'a Node, branches: &[Branch<'_, 'a>]) {
        let fitting: Vec<_> = branches.iter().filter(|branch| !refuses_type(branch.errors, path)).collect();
        if let [branch] = &fitting[..] {
            return self.explain(branch.errors);
        }
        let allowed = names(branches);
        if !allowed.is_empty() {
            let finding = self.unknown_value(path, node, &allowed);
            return self.push(finding);
        }
        let mut expected: Vec<JsonType> = Vec::new();
        for error in branches.iter().flat_map(|branch| branch.errors) {
            if let Kind::Type { kind } = error.kind()
                && error.instance_path().as_str() == path
            {
                expected.extend(expected_types(kind).into_iter().filter(|kind| *kind != JsonType::Null));
            }
        }
        expected.dedup();
        let finding = if expected.is_empty() {
            let message = format!("{} fits none of the forms allowed here", self.called(path));
            Finding::new(
                Code::SchemaMismatch,
                message,
                "compare it with the schema: `poolroll schema` prints it",
            )
            .at(self.place(path, node), "this value")
        } else {
            self.wrong_type(path, node, &expected, None)
        };
        self.push(finding);
    }
}

/// The one key of a schema for a mapping of one key.
fn tag(schema: &Json) -> Option<&str> {
    match &schema.get("required")?.as_array()?[..] {
        [tag] => {
            let tag = tag.as_str()?;
            let properties = schema.get("properties")?.as_object()?;
            (properties.len() == 1 && properties.contains_key(tag)).then_some(tag)
        }
        _ => None,
    }
}

/// Whether a branch does not even accept the type of the value at `path`.
fn refuses_type(errors: &Errors, path: &str) -> bool {
    errors
        .iter()
        .any(|error| matches!(error.kind(), Kind::Type { .. }) && error.instance_path().as_str() == path)
}

/// All words and tags one can choose by.
fn names<'s>(branches: &[Branch<'_, 's>]) -> Vec<&'s str> {
    branches.iter().flat_map(|branch| branch.words.iter().copied().chain(branch.tag)).collect()
}
