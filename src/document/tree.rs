//! The tree of a document: values of the YAML core schema, each with its place in the text.

use super::finding::Span;

/// A value and its place.
///
/// The span of a flow collection includes its brackets; that of a block collection runs from its first key,
/// dash or item to the end of its last value. A value that is not written (`key:`) has an empty span.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where the value is written.
    pub span: Span,
    /// The value.
    pub value: Value,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, `~`, or nothing at all.
    Null,
    /// `true` or `false`; not `yes`, `no`, `on`, `off`, which are text.
    Bool(bool),
    /// A whole number, decimal, `0o…` or `0x…`.
    Integer(i64),
    /// Any other number; always finite.
    Float(f64),
    /// Text.
    String(Box<str>),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values in the order of the document; each key occurs once.
    Mapping(Vec<Entry>),
}

/// A key of a mapping and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// The value.
    pub value: Node,
}

/// A key, which is always text, and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The text.
    pub name: Box<str>,
    /// Where it is written.
    pub span: Span,
}

impl Value {
    /// What to call the value in a message, with its article.
    pub fn described(&self) -> &'static str {
        match self {
            Value::Null => "nothing",
            Value::Bool(true) => "`true`",
            Value::Bool(false) => "`false`",
            Value::Integer(_) => "a whole number",
            Value::Float(_) => "a number with a fraction",
            Value::String(_) => "text",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a mapping",
        }
    }
}

impl Node {
    /// The value of a key; `None` when there is no such key or this is not a mapping.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.entry(name).map(|entry| &entry.value)
    }

    /// Key and value of a key's name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| &*entry.key.name == name)
    }

    /// The entries of a mapping; of anything else, none.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a sequence; of anything else, none.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The text, when this is text.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The node a JSON pointer (RFC 6901) leads to; `""` is this node.
    pub fn pointer(&self, pointer: &str) -> Option<&Node> {
        self.walk(pointer).map(|(_, node)| node)
    }

    /// The place of the key under which [`pointer`](Self::pointer) finds its node; `None` when the pointer
    /// leads nowhere, to this node itself, or to an item of a sequence.
    pub fn key_span(&self, pointer: &str) -> Option<Span> {
        self.walk(pointer)?.0.map(|key| key.span)
    }

    /// Follows a pointer; gives the node and, when the last step went through a mapping, its key.
    fn walk(&self, pointer: &str) -> Option<(Option<&Key>, &Node)> {
        if pointer.is_empty() {
            return Some((None, self));
        }
        pointer.strip_prefix('/')?.split('/').try_fold((None, self), |(_, node), step| match &node.value {
            Value::Sequence(items) => Some((None, items.get(index(step)?)?)),
            Value::Mapping(_) => {
                let entry = node.entry(&step.replace("~1", "/").replace("~0", "~"))?;
                Some((Some(&entry.key), &entry.value))
            }
            _ => None,
        })
    }
}

/// An array index as JSON pointers write it: no sign, no leading zero.
fn index(step: &str) -> Option<usize> {
    let plain = step == "0" || !step.starts_with(['0', '+']);
    if plain { step.parse().ok() } else { None }
}
