//! What to call a value, where to point, and what to say of one that does not fit.

use jsonschema::error::TypeKind;
use jsonschema::{JsonType, ValidationError};
use serde_json::Value as Json;

use super::code::Code;
use super::explainer::Explainer;
use super::finding::{Finding, Span};
use super::suggest;
use super::syntax::shortened;
use super::tree::{Node, Value};

/// Where a schema says in words what the form of a text is: the pattern says it to programs.
pub(super) const FORM: &str = "x-form";

/// Code, message, help and label of a finding.
pub(super) type Words = (Code, String, String, &'static str);

impl<'a> Explainer<'a> {
    /// Where to point for a value. A key is a better place than nothing, or than many lines.
    pub(super) fn place(&self, path: &str, node: &Node) -> Span {
        if !node.span.is_empty() && !self.source.slice(node.span).contains(['\n', '\r']) {
            return node.span;
        }
        let first_key = || node.entries().first().map(|entry| entry.key.span);
        self.root.key_span(path).or_else(first_key).unwrap_or(node.span)
    }

    /// What to call a value: by its key, or by its number in its list.
    pub(super) fn called(&self, path: &str) -> String {
        let Some((parent, last)) = path.rsplit_once('/') else { return "the document".to_owned() };
        let in_list = matches!(self.root.pointer(parent), Some(Node { value: Value::Sequence(_), .. }));
        match last.parse::<u64>() {
            Ok(index) if in_list && parent.is_empty() => format!("item {}", index + 1),
            Ok(index) if in_list => format!("item {} of {}", index + 1, self.called(parent)),
            _ => format!("`{}`", shortened(&last.replace("~1", "/").replace("~0", "~"))),
        }
    }

    /// ` in …` for a key, and nothing for a key of the document itself.
    pub(super) fn inside(&self, path: &str) -> String {
        if path.is_empty() { "here".to_owned() } else { format!("in {}", self.called(path)) }
    }

    /// The schema that holds the keyword an error speaks of.
    pub(super) fn holder(&self, error: &ValidationError<'_>) -> Option<&'a Json> {
        let (holder, _) = error.schema_path().as_str().rsplit_once('/')?;
        self.schema.pointer(holder)
    }

    /// The help for a text of the wrong form: what the schema says of it, and its first example.
    pub(super) fn form_help(&self, error: &ValidationError<'_>) -> String {
        let holder = self.holder(error);
        let text = |name: &str| holder.and_then(|schema| schema.get(name)).and_then(Json::as_str);
        if let Some(form) = text(FORM) {
            return format!("write {form}");
        }
        let example = holder
            .and_then(|schema| schema.get("examples")?.get(0))
            .map(|example| format!("for example `{}`", written(example)));
        let about = text("description").map(first_paragraph).filter(|about| !about.is_empty());
        match (about, example) {
            (Some(about), Some(example)) => format!("write {about}; {example}"),
            (Some(about), None) => format!("write {about}"),
            (None, Some(example)) => example,
            (None, None) => match text("pattern") {
                Some(pattern) => format!("write a text that matches `{pattern}`"),
                None => "compare it with the schema: `poolroll schema` prints it".to_owned(),
            },
        }
    }

    /// `form`: what the schema says of the form of the text that is expected.
    pub(super) fn wrong_type(
        &self,
        path: &str,
        node: &Node,
        expected: &[JsonType],
        form: Option<&str>,
    ) -> Finding {
        let names: Vec<&str> = expected.iter().copied().map(type_name).collect();
        let found = node.value.described();
        let message = format!("{} must be {}, and is {found}", self.called(path), names.join(" or "));
        let in_list = path.rsplit_once('/').is_some_and(|(parent, _)| {
            matches!(self.root.pointer(parent), Some(Node { value: Value::Sequence(_), .. }))
        });
        let help = self.type_help(node, expected, form, in_list);
        Finding::new(Code::WrongType, message, help).at(self.place(path, node), format!("this is {found}"))
    }

    /// The next move for a value of the wrong type; the usual slips have an answer of their own.
    fn type_help(&self, node: &Node, expected: &[JsonType], form: Option<&str>, in_list: bool) -> String {
        let expects = |kind| expected.contains(&kind);
        let text = shortened(self.source.slice(node.span));
        match &node.value {
            Value::Null if in_list => "write a value after the `- `, or delete the item".to_owned(),
            Value::Null => "write a value after the `:`, or delete the key".to_owned(),
            Value::String(word) if expects(JsonType::Boolean) => match word.to_lowercase().as_str() {
                "yes" | "on" | "y" | "true" => "write `true`, without quotes".to_owned(),
                "no" | "off" | "n" | "false" => "write `false`, without quotes".to_owned(),
                _ => "write `true` or `false`".to_owned(),
            },
            Value::String(word) if expects(JsonType::Integer) && word.parse::<i64>().is_ok() => {
                format!("write `{word}` without quotes")
            }
            Value::Integer(_) | Value::Float(_) if form.is_some() => {
                format!("write {}", form.unwrap_or_default())
            }
            Value::Bool(_) | Value::Integer(_) | Value::Float(_) if expects(JsonType::String) => {
                format!("put it in quotes: `\"{text}\"`")
            }
            _ if expects(JsonType::Array) => {
                "write a list: each item on a line of its own after `- `".to_owned()
            }
            _ if expects(JsonType::Object) => "write keys and values on the lines below, indented".to_owned(),
            _ => match expected {
                [only] => format!("write {}", type_name(*only)),
                _ => "write another value".to_owned(),
            },
        }
    }

    pub(super) fn unknown_value(&self, path: &str, node: &Node, allowed: &[&str]) -> Finding {
        let found = match &node.value {
            Value::Sequence(_) | Value::Mapping(_) | Value::Null => node.value.described().to_owned(),
            _ => format!("`{}`", shortened(self.source.slice(node.span).trim_matches(['"', '\'']))),
        };
        let message = format!("{} cannot be {found}", self.called(path));
        let help = suggest::help(node.as_str().unwrap_or_default(), allowed);
        Finding::new(Code::UnknownValue, message, help).at(self.place(path, node), "not known here")
    }
}

/// The types a schema accepts, less `null`: that a value may be left out is no help here.
pub(super) fn expected_types(kind: &TypeKind) -> Vec<JsonType> {
    match kind {
        TypeKind::Single(only) => vec![*only],
        TypeKind::Multiple(several) => several.iter().filter(|kind| *kind != JsonType::Null).collect(),
    }
}

/// What to call a type in a message, with its article.
pub(super) fn type_name(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Array => "a list",
        JsonType::Boolean => "`true` or `false`",
        JsonType::Integer => "a whole number",
        JsonType::Null => "nothing",
        JsonType::Number => "a number",
        JsonType::Object => "a mapping",
        JsonType::String => "text",
    }
}

pub(super) fn out_of_range(called: &str, bound: &str, limit: &Json) -> Words {
    let limit = written(limit);
    let message = format!("{called} must be {bound} {limit}");
    (Code::OutOfRange, message, format!("write a number that is {bound} {limit}"), "this number")
}

pub(super) fn wrong_length(called: &str, bound: &str, limit: u64, unit: &str) -> Words {
    let plural = if limit == 1 { "" } else { "s" };
    let message = format!("{called} must have {bound} {limit} {unit}{plural}");
    let verb = if bound == "at most" { "take some away" } else { "add what is missing" };
    (Code::WrongLength, message, verb.to_owned(), "this value")
}

/// A value of the schema as one writes it: text without quotes.
pub(super) fn written(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The first paragraph of a description, on one line, to stand behind `write`: no full stop at its end, and
/// no capital at its beginning unless the word is all capitals or code.
pub(super) fn first_paragraph(description: &str) -> String {
    let paragraph = description.split("\n\n").next().unwrap_or_default();
    let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.trim_end_matches('.');
    let mut characters = line.chars();
    match (characters.next(), characters.next()) {
        (Some(first), second) if !second.is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(line.chars().skip(1)).collect()
        }
        _ => line.to_owned(),
    }
}
