//! The two keys that say how to read a document: `kind` and `version`.

use super::code::Code;
use super::finding::{Finding, Findings, Span};
use super::suggest;
use super::syntax::shortened;
use super::tree::{Node, Value};

/// The one version of the format there is.
const VERSION: i64 = 1;

/// What there is to say about the header.
#[derive(Default)]
pub(super) struct Header<'d> {
    /// What is wrong with it.
    pub(super) findings: Findings,
    /// Whether this is another kind of document, or another version, so that the rest cannot be judged.
    pub(super) foreign: bool,
    /// Keys of the document that `findings` speak of; the schema need not say it again.
    pub(super) judged: Vec<&'d str>,
}

/// Looks at `kind` and `version` of a document that should be of `kind`.
pub(super) fn check<'d>(root: &'d Node, kind: &str) -> Header<'d> {
    let mut header = Header::default();
    if !matches!(root.value, Value::Mapping(_)) {
        header.foreign = true;
        header.findings.push(not_a_mapping(root));
        return header;
    }
    header.check_kind(root, kind);
    // The formats of other kinds of file are not known here.
    if !header.foreign {
        header.check_version(root);
    }
    header
}

/// Every kind of file that people write.
const KINDS: [&str; 2] = ["plan", "scenario"];

impl<'d> Header<'d> {
    fn check_kind(&mut self, root: &'d Node, kind: &str) {
        let Some(node) = root.get("kind") else {
            let message = "the document does not say what it is: the key `kind` is missing";
            return self.missing(root, "kind", Code::DocumentKind, message, &format!("write `kind: {kind}`"));
        };
        let found = match node.as_str() {
            Some(found) if found == kind => return,
            Some(found) => found,
            None => {
                let message = format!("`kind` must be text, and is {}", node.value.described());
                return self.wrong(
                    "kind",
                    Code::DocumentKind,
                    message,
                    format!("write `kind: {kind}`"),
                    node.span,
                );
            }
        };
        let shown = shortened(found);
        let message = format!("the document is of kind `{shown}`; `{kind}` is expected here");
        if let Some(other) = suggest::nearest(found, KINDS).filter(|other| *other != kind && *other != found)
        {
            let help = format!("did you mean `{other}`?");
            self.foreign = true;
            return self.wrong("kind", Code::DocumentKind, message, help, node.span);
        }
        if suggest::nearest(found, [kind]).is_some() {
            return self.wrong(
                "kind",
                Code::DocumentKind,
                message,
                format!("did you mean `{kind}`?"),
                node.span,
            );
        }
        self.foreign = true;
        let help = match found {
            "saved_plan" => {
                "name the plan that it was saved from; `poolroll apply` runs the saved one".to_owned()
            }
            _ => format!("name a file of kind `{kind}`, or a command that reads a `{shown}`"),
        };
        self.wrong("kind", Code::DocumentKind, message, help, node.span);
    }

    fn check_version(&mut self, root: &'d Node) {
        let help = format!("write `version: {VERSION}`");
        let Some(node) = root.get("version") else {
            let message = "the document does not say its format: the key `version` is missing";
            return self.missing(root, "version", Code::DocumentVersion, message, &help);
        };
        match &node.value {
            Value::Integer(VERSION) => {}
            Value::Integer(other) => {
                // What a later format means by its keys is not known here.
                self.foreign = true;
                let message = format!("version {other} of the format is not known");
                let help = format!("{help}, or use a program that knows version {other}");
                self.wrong("version", Code::DocumentVersion, message, help, node.span);
            }
            other => {
                let message =
                    format!("`version` must be the whole number {VERSION}, and is {}", other.described());
                self.wrong("version", Code::DocumentVersion, message, help, node.span);
            }
        }
    }

    fn wrong(&mut self, key: &'d str, code: Code, message: String, help: String, span: Span) {
        self.judged.push(key);
        self.findings.push(Finding::new(code, message, help).at(span, "here"));
    }

    fn missing(&mut self, root: &'d Node, key: &'d str, code: Code, message: &str, help: &str) {
        self.judged.push(key);
        let misspelled =
            root.entries().iter().find(|entry| suggest::nearest(&entry.key.name, [key]).is_some());
        let finding = match misspelled {
            Some(entry) => {
                self.judged.push(&entry.key.name);
                let help = format!("did you mean `{key}`? {help}");
                Finding::new(code, message, help).at(entry.key.span, format!("this key is not `{key}`"))
            }
            None => {
                let first = root.entries().first().map_or(root.span, |entry| entry.key.span);
                Finding::new(code, message, help).at(first, "the document begins here")
            }
        };
        self.findings.push(finding);
    }
}

fn not_a_mapping(root: &Node) -> Finding {
    let help = match &root.value {
        Value::String(text) if text.contains(':') => "write a space after each `:`, as in `kind: plan`",
        _ => "write keys and values: begin with `version: 1` and `kind:`",
    };
    let found = root.value.described();
    Finding::new(Code::WrongType, format!("the document must be a mapping, and is {found}"), help)
        .at(root.span, format!("this is {found}"))
}
