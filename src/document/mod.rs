//! Source and spans, the YAML tree, schema validation: text to [`Document`].
//!
//! A [`Source`] is parsed ([`parse`]) into a tree of [`Node`]s by a strict subset of YAML 1.2, and the tree is
//! read ([`read`]) into the types of a kind of document. Whoever holds a [`Document`] holds well-formed YAML
//! that fits its JSON Schema, and can find the place of every key and value.
//!
//! What is wrong becomes [`Finding`]s, all at once and in the order of the document. Nothing here touches
//! files, the network, a clock, the environment or a terminal, and no input makes it panic.
//!
//! # Limits
//!
//! No document takes more than a second or 100 MB to be read or refused: every length is bounded before work is done.
//!
//! | what | at most | and beyond |
//! |---|---|---|
//! | a file, also one of a single line | [`MAX_BYTES`] | `source-too-large`; one byte more is read, of a device without an end too |
//! | lists and mappings in each other, in brackets or by indentation | [`MAX_DEPTH`] | `yaml-depth`; reading stops there |
//! | values of a document | [`MAX_NODES`] | `yaml-size`; reading stops there |
//! | findings kept of a document | [`MAX_FINDINGS`] | `findings-cut` says that there are more |
//! | front ends of a plan | [`MAX_FRONT_ENDS`](crate::plan::MAX_FRONT_ENDS) | `pool-too-large` |
//! | actions of all its front ends | [`MAX_ACTIONS`](crate::plan::MAX_ACTIONS) | `too-many-actions` |
//! | a saved plan | [`MAX_SAVED`](crate::exec::saved::MAX_SAVED) | refused, when it is written too |
//! | a line of a journal | [`MAX_LINE`](crate::exec::journal::MAX_LINE) | damage, with its place |
//!
//! A line has no limit of its own; of one that is too long to be shown, the text around the place is.

mod characters;
mod choice;
mod code;
mod de;
mod describe;
mod explain;
mod explainer;
mod finding;
mod header;
mod hidden;
mod scalar;
mod schema;
mod source;
mod spanned;
mod suggest;
mod syntax;
mod tree;
mod yaml;

use std::sync::Arc;

use header::Header;

pub use characters::{is_hidden, visible};
pub use code::{Code, Severity};
pub use de::{Error as FitError, from_node};
pub use finding::{Finding, Findings, Label, MAX_FINDINGS, Span};
pub use source::{MAX_BYTES, MAX_DEPTH, MAX_NODES, Source};
pub use spanned::{Spanned, present};
pub use suggest::nearest;
pub use tree::{Entry, Key, Node, Value};
pub use yaml::parse;

/// A type that is written as a document of its own.
///
/// The type declares the keys `version` and `kind` itself, as its schema does; they reach it like all others.
pub trait Written: serde::de::DeserializeOwned {
    /// The value of `kind:`.
    const KIND: &'static str;
    /// The text of its JSON Schema, which accepts what the type accepts, and nothing else.
    const SCHEMA: &'static str;
}

/// A document of one kind: its text, its tree, and its body as a type.
#[derive(Clone, Debug)]
pub struct Document<T> {
    source: Arc<Source>,
    root: Node,
    body: T,
}

impl<T> Document<T> {
    /// The text it was read from.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The tree, for the places of keys and values.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// The typed content.
    pub fn body(&self) -> &T {
        &self.body
    }
}

/// Reads a document of kind `T`.
///
/// The type decides: what it accepts is valid. Only when it refuses, or when `kind` or `version` is wrong, is
/// the tree held against the schema, which knows all that is wrong and not only the first.
///
/// # Errors
///
/// All findings at once, in document order.
pub fn read<T: Written>(source: Arc<Source>) -> Result<Document<T>, Findings> {
    let root = parse(&source)?;
    let Header { mut findings, foreign, judged } = header::check(&root, T::KIND);
    if foreign {
        return Err(findings.sorted());
    }
    match from_node::<T>(&root) {
        Ok(body) if findings.is_empty() => return Ok(Document { source, root, body }),
        Ok(_) => {}
        Err(refused) => {
            findings.extend(schema::validate(&root, &source, T::SCHEMA, &judged, refused.span()));
            if findings.is_empty() {
                findings.push(refusal(&refused, &root, &source));
            }
        }
    }
    Err(findings.sorted())
}

/// The finding where the type refuses what the schema accepts. JSON has one kind of number, so `3.0` is a whole number to
/// the schema; here a whole number is written without a fraction.
fn refusal(refused: &FitError, root: &Node, source: &Source) -> Finding {
    let span = refused.span().unwrap_or(root.span);
    let text = source.slice(span);
    match text.parse::<f64>() {
        Ok(number) if text.contains(['.', 'e', 'E']) && number.fract() == 0.0 && number.abs() < 1e15 => {
            let message = format!(
                "a whole number is expected here, and `{text}` is written with a fraction or an exponent"
            );
            Finding::new(Code::WrongType, message, format!("write `{number:.0}`"))
                .at(span, "not a whole number")
        }
        _ => {
            let help = "compare it with the schema: `poolroll schema` prints it";
            Finding::new(Code::SchemaMismatch, refused.to_string(), help).at(span, "does not fit")
        }
    }
}

/// What a document says in `kind:`, when it says it as text.
pub fn kind_of(root: &Node) -> Option<&str> {
    root.get("kind")?.as_str()
}

#[cfg(test)]
mod tests;
