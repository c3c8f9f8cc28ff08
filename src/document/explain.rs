//! What the schema's errors mean, in our words and at their place in the text.

use std::collections::BTreeSet;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::Value as Json;

use super::code::Code;
use super::describe::{FORM, expected_types, first_paragraph, out_of_range, written, wrong_length};
use super::explainer::Explainer;
use super::finding::Finding;
use super::finding::MAX_FINDINGS;
use super::suggest;
use super::syntax::shortened;
use super::tree::Node;

impl<'a> Explainer<'a> {
    /// Explains errors that belong together: all of a document, or all of a branch that was meant.
    pub(super) fn explain(&mut self, errors: &[ValidationError<'_>]) {
        // Finding a place walks the tree, so more errors than can be shown are not even looked at.
        let errors = errors.get(..2 * MAX_FINDINGS).unwrap_or(errors);
        // A value of the wrong type is also none of the allowed values; and a key that is misspelled is also
        // missing. One of the two is enough.
        let wrong_type: BTreeSet<&str> = errors
            .iter()
            .filter(|error| matches!(error.kind(), Kind::Type { .. }))
            .map(|error| error.instance_path().as_str())
            .collect();
        let mut misspelled = BTreeSet::new();
        for error in errors {
            if let Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } =
                error.kind()
            {
                self.unknown_keys(error, unexpected, &mut misspelled);
            }
        }
        for error in errors {
            let path = error.instance_path().as_str();
            if path.strip_prefix('/').is_some_and(|key| self.judged.contains(&key)) {
                continue;
            }
            match error.kind() {
                Kind::AdditionalProperties { .. } | Kind::UnevaluatedProperties { .. } => {}
                Kind::Enum { .. } | Kind::Constant { .. } if wrong_type.contains(path) => {}
                Kind::Required { property } => {
                    let key = property.as_str().unwrap_or_default();
                    let judged = path.is_empty() && self.judged.contains(&key);
                    if !judged && !misspelled.contains(&(path.to_owned(), key.to_owned())) {
                        self.missing_key(error, key);
                    }
                }
                Kind::AnyOf { context } | Kind::OneOfNotValid { context } => self.choice(error, context),
                _ => {
                    if let Some(node) = self.root.pointer(path) {
                        let finding = self.single(error, node);
                        self.push(finding);
                    }
                }
            }
            if self.is_full() {
                return;
            }
        }
    }

    fn unknown_keys(
        &mut self,
        error: &ValidationError<'_>,
        unexpected: &[String],
        misspelled: &mut BTreeSet<(String, String)>,
    ) {
        let path = error.instance_path().as_str();
        let Some(node) = self.root.pointer(path) else { return };
        let allowed: Vec<&str> = match self.holder(error).and_then(|schema| schema.get("properties")) {
            Some(Json::Object(properties)) => properties.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        };
        let free: Vec<&str> = allowed.into_iter().filter(|name| node.get(name).is_none()).collect();
        for name in unexpected.iter().take(MAX_FINDINGS) {
            if path.is_empty() && self.judged.contains(&name.as_str()) {
                continue;
            }
            if let Some(near) = suggest::nearest(name, free.iter().copied()) {
                misspelled.insert((path.to_owned(), near.to_owned()));
            }
            let span = node.entry(name).map_or_else(|| self.place(path, node), |entry| entry.key.span);
            let message = format!("the key `{}` is not known {}", shortened(name), self.inside(path));
            let finding = Finding::new(Code::UnknownKey, message, suggest::help(name, &free));
            self.push(finding.at(span, "not known here"));
        }
    }

    fn missing_key(&mut self, error: &ValidationError<'_>, key: &str) {
        let path = error.instance_path().as_str();
        let Some(node) = self.root.pointer(path) else { return };
        let about =
            self.holder(error).and_then(|schema| schema.get("properties")?.get(key)?.get("description"));
        let help = match about.and_then(Json::as_str).map(first_paragraph) {
            Some(about) if !about.is_empty() => format!("write `{key}:`, {about}"),
            _ => format!("write `{key}:` and its value"),
        };
        let message = format!("the key `{key}` is missing {}", self.inside(path));
        let finding =
            Finding::new(Code::MissingKey, message, help).at(self.place(path, node), "in this mapping");
        self.push(finding);
    }

    /// The finding for an error about one value.
    fn single(&self, error: &ValidationError<'_>, node: &Node) -> Finding {
        let path = error.instance_path().as_str();
        let called = self.called(path);
        let found = node.value.described();
        let (code, message, help, label) = match error.kind() {
            Kind::Type { kind } => {
                let form = self.holder(error).and_then(|schema| schema.get(FORM)?.as_str());
                return self.wrong_type(path, node, &expected_types(kind), form);
            }
            Kind::Enum { options } => {
                let options: Vec<String> = options.as_array().into_iter().flatten().map(written).collect();
                return self.unknown_value(
                    path,
                    node,
                    &options.iter().map(String::as_str).collect::<Vec<_>>(),
                );
            }
            Kind::Constant { expected_value } => {
                return self.unknown_value(path, node, &[&written(expected_value)]);
            }
            Kind::Pattern { .. } | Kind::Format { .. } => {
                let message = format!("{called} does not have the form expected here");
                (Code::WrongForm, message, self.form_help(error), "this text")
            }
            Kind::Minimum { limit } => out_of_range(&called, "at least", limit),
            Kind::Maximum { limit } => out_of_range(&called, "at most", limit),
            Kind::ExclusiveMinimum { limit } => out_of_range(&called, "more than", limit),
            Kind::ExclusiveMaximum { limit } => out_of_range(&called, "less than", limit),
            Kind::MultipleOf { multiple_of } => {
                out_of_range(&called, "a multiple of", &Json::from(*multiple_of))
            }
            Kind::MinItems { limit } => wrong_length(&called, "at least", *limit, "item"),
            Kind::MaxItems { limit } => wrong_length(&called, "at most", *limit, "item"),
            Kind::AdditionalItems { limit } => wrong_length(&called, "at most", *limit as u64, "item"),
            Kind::MinLength { limit } => wrong_length(&called, "at least", *limit, "character"),
            Kind::MaxLength { limit } => wrong_length(&called, "at most", *limit, "character"),
            Kind::MinProperties { limit } => wrong_length(&called, "at least", *limit, "key"),
            Kind::MaxProperties { limit } => wrong_length(&called, "at most", *limit, "key"),
            Kind::UniqueItems => (
                Code::RepeatedItem,
                format!("{called} holds an item twice"),
                "keep one".to_owned(),
                "in this list",
            ),
            Kind::OneOfMultipleValid { .. } => {
                let message = format!("{called} fits more than one of the forms allowed here");
                (Code::ManyChoices, message, "keep what one of the forms says".to_owned(), "here")
            }
            Kind::PropertyNames { .. } => {
                let message = format!("{called} has a key that does not have the form expected here");
                (Code::WrongForm, message, self.form_help(error), "in this mapping")
            }
            _ => {
                let message = format!("{called} does not fit: {found} is not expected here");
                (Code::SchemaMismatch, message, self.form_help(error), "this value")
            }
        };
        Finding::new(code, message, help).at(self.place(path, node), label)
    }
}
