//! YAML text to a tree of nodes; the only file that knows the parser crate.
//!
//! The parser gives events with byte spans; [`Builder`] turns them into [`Node`]s and refuses what is outside
//! of the strict subset: anchors, aliases, tags, directives, merge keys, duplicate keys, keys that are not
//! text, a second document, and anything deep or large enough to be a mistake or an attack. A refusal does not
//! stop the reading, so that one run shows them all; a syntax error does, because what follows it means
//! nothing certain.

use std::borrow::Cow;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError};

use super::code::Code;
use super::finding::MAX_FINDINGS;
use super::finding::{Finding, Findings, Span};
use super::scalar;
use super::source::{MAX_BYTES, MAX_DEPTH, MAX_NODES, Source, too_large};
use super::syntax::{self, Trouble};
use super::tree::{Entry, Key, Node, Value};
use super::{characters, hidden};

/// Reads a source into a tree.
///
/// # Errors
///
/// Everything that is outside of the strict subset, in document order, up to the first syntax error.
pub fn parse(source: &Source) -> Result<Node, Findings> {
    if source.text().len() > MAX_BYTES {
        return Err(too_large().into());
    }
    let hidden = hidden::hidden(source.text(), MAX_FINDINGS + 1);
    if !hidden.is_empty() {
        return Err(hidden.sorted());
    }
    let mut builder = Builder::new(source);
    let root = builder.build();
    match root {
        Some(root) if builder.findings.is_empty() => Ok(root),
        None if builder.findings.is_empty() => Err(syntax::empty().into()),
        _ => Err(builder.findings.sorted()),
    }
}

/// A collection whose end has not come yet.
struct Open {
    /// Its bracket, or an empty span where a block begins.
    begins: Span,
    holds: Holds,
}

enum Holds {
    Items(Vec<Node>),
    /// `key` waits for its value.
    Entries {
        entries: Vec<Entry>,
        key: Option<Key>,
    },
}

/// Whether to go on reading.
#[derive(PartialEq)]
enum Next {
    Event,
    Stop,
}

struct Builder<'s> {
    source: &'s Source,
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
    documents: usize,
    findings: Findings,
}

impl<'s> Builder<'s> {
    fn new(source: &'s Source) -> Self {
        Builder {
            source,
            open: Vec::with_capacity(MAX_DEPTH),
            root: None,
            nodes: 0,
            documents: 0,
            findings: Findings::new(),
        }
    }

    /// Reads all events. `None` when there is no value, or nothing certain can be said of it.
    fn build(&mut self) -> Option<Node> {
        let options = granit_parser::options! {
            strict_indentation: true,
            disallow_directives: true,
            emit_comments: false,
            // Both keep the parser from stopping at what we refuse anyway, and give the place of the name.
            emit_unresolved_aliases: true,
            emit_anchor_events: true,
            flow_nesting_limit: MAX_DEPTH + 1,
            block_nesting_limit: MAX_DEPTH + 1,
        };
        let mut parser = Parser::new_from_str_with_options(self.source.text(), options);
        while let Some(next) = parser.next_event() {
            let go_on = match next {
                Ok((event, span)) => self.event(event, &span),
                Err(error) => {
                    let finding = self.syntax_finding(&error);
                    self.report(finding);
                    return None;
                }
            };
            if self.findings.len() >= MAX_FINDINGS {
                self.findings.push(Finding::cut());
                return None;
            }
            if go_on == Next::Stop {
                return None;
            }
        }
        // A lone `---`, or a document that says `null` without saying so.
        self.root.take().filter(|root| !(root.value == Value::Null && root.span.is_empty()))
    }

    fn event(&mut self, event: Event<'_>, at: &granit_parser::Span) -> Next {
        let span = place(at);
        if let Some(tag) = event.tag() {
            self.report(syntax::tag(at.tag_span().map_or(span, |tag| place(&tag)), &tag.original()));
        }
        match event {
            Event::Scalar(text, style, ..) => return self.scalar(text, style, span),
            Event::SequenceStart(..) => return self.begin(span, Holds::Items(Vec::new())),
            Event::MappingStart(..) => {
                return self.begin(span, Holds::Entries { entries: Vec::new(), key: None });
            }
            Event::SequenceEnd | Event::MappingEnd => return self.end(span),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.report(syntax::alias(span, self.source.slice(span)));
                return self.place(Node { span, value: Value::Null });
            }
            Event::Anchor(..) => self.report(syntax::anchor(span, self.source.slice(span))),
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.report(syntax::many_documents(span));
                    return Next::Stop;
                }
            }
            Event::DocumentEnd | Event::StreamStart | Event::StreamEnd => {}
            // New events of later versions of the parser: metadata of what we refuse or do not read.
            _ => {}
        }
        Next::Event
    }

    fn report(&mut self, finding: Finding) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        }
    }

    /// Whether the next value in the mapping that is open is a key.
    fn expects_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { holds: Holds::Entries { key: None, .. }, .. }))
    }

    fn scalar(&mut self, text: Cow<'_, str>, style: ScalarStyle, span: Span) -> Next {
        let span = match style {
            // The parser counts the line end into block scalars.
            ScalarStyle::Literal | ScalarStyle::Folded => self.without_line_end(span),
            _ => span,
        };
        if style == ScalarStyle::DoubleQuoted && text.chars().any(characters::is_hidden) {
            self.report(syntax::hidden_escape(span));
        }
        if self.expects_key() {
            return self.key(text, style, span);
        }
        let value = match style {
            ScalarStyle::Plain => scalar::resolve(&text).unwrap_or_else(|code| {
                self.report(syntax::number(code, span, &text));
                Value::Null
            }),
            _ => Value::String(text.into()),
        };
        self.place(Node { span, value })
    }

    fn without_line_end(&self, span: Span) -> Span {
        let kept = self.source.slice(span).trim_end_matches(['\n', '\r']).len();
        Span::new(span.start, span.start.saturating_add(u32::try_from(kept).unwrap_or(u32::MAX)))
    }

    fn key(&mut self, text: Cow<'_, str>, style: ScalarStyle, span: Span) -> Next {
        self.check_tab_before(span);
        if style == ScalarStyle::Plain {
            match scalar::resolve(&text) {
                Ok(Value::String(_)) if text == "<<" => self.report(syntax::merge_key(span)),
                Ok(Value::String(_)) => {}
                Ok(value) => self.report(syntax::key(span, &value, self.source.slice(span))),
                Err(_) => self.report(syntax::key(span, &Value::Integer(0), self.source.slice(span))),
            }
        }
        self.set_key(Key { name: text.into(), span })
    }

    /// The parser lets a tab pass before the first key of a block.
    fn check_tab_before(&mut self, span: Span) {
        let in_block = self.open.last().is_some_and(|open| open.begins.is_empty());
        let before = span.start.checked_sub(1).map(|start| Span::new(start, span.start));
        if let Some(before) = before
            && in_block
            && self.source.text().as_bytes().get(before.start as usize) == Some(&b'\t')
        {
            self.report(syntax::tab(before));
        }
    }

    fn set_key(&mut self, new: Key) -> Next {
        if let Some(Open { holds: Holds::Entries { key, .. }, .. }) = self.open.last_mut() {
            *key = Some(new);
        }
        Next::Event
    }

    /// Puts a finished value where it belongs.
    fn place(&mut self, node: Node) -> Next {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            self.report(syntax::too_many_nodes(node.span));
            return Next::Stop;
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open { holds: Holds::Items(items), .. }) => items.push(node),
            Some(Open { holds: Holds::Entries { entries, key }, .. }) => match key.take() {
                Some(key) => entries.push(Entry { key, value: node }),
                None => {
                    self.report(syntax::key(node.span, &node.value, ""));
                    return self.set_key(Key { name: "".into(), span: node.span });
                }
            },
        }
        Next::Event
    }

    fn begin(&mut self, span: Span, holds: Holds) -> Next {
        if self.open.len() == MAX_DEPTH {
            self.report(syntax::too_deep(span));
            return Next::Stop;
        }
        self.open.push(Open { begins: span, holds });
        Next::Event
    }

    fn end(&mut self, span: Span) -> Next {
        let Some(Open { begins, holds }) = self.open.pop() else { return Next::Stop };
        let (value, last) = match holds {
            Holds::Items(items) => {
                let last = items.last().map(|item| item.span.end);
                (Value::Sequence(items), last)
            }
            Holds::Entries { entries, .. } => {
                self.check_duplicates(&entries);
                let last = entries.last().map(|entry| entry.value.span.end.max(entry.key.span.end));
                (Value::Mapping(entries), last)
            }
        };
        // A flow collection ends with its bracket. A block collection ends where the next token begins, often
        // many comments later, so its last value is a better end.
        let end = if span.is_empty() { last.unwrap_or(span.end) } else { span.end };
        self.place(Node { span: Span::new(begins.start, end), value })
    }

    fn syntax_finding(&self, error: &ScanError) -> Finding {
        let offset = self::offset(error.marker());
        match (trouble(error.kind()), self.open.last()) {
            (Trouble::Indentation, Some(Open { begins, .. })) if !begins.is_empty() => {
                syntax::trouble(&Trouble::InBrackets, offset, self.source).at(*begins, "opened here")
            }
            (trouble, _) => syntax::trouble(&trouble, offset, self.source),
        }
    }

    /// A key that is refused for itself is not compared as well: `[a]` is not the same as `{b: 1}`.
    fn duplicate(&mut self, first: &Key, again: &Key) {
        let refused = |finding: &Finding| {
            matches!(finding.code(), Code::KeyNotText | Code::YamlMergeKey)
                && finding.primary().is_some_and(|span| span == first.span || span == again.span)
        };
        if !self.findings.iter().any(refused) {
            self.report(syntax::duplicate(first, again));
        }
    }

    fn check_duplicates(&mut self, entries: &[Entry]) {
        /// Up to here comparing all pairs is cheaper than sorting.
        const FEW: usize = 8;
        if entries.len() <= FEW {
            for (index, entry) in entries.iter().enumerate() {
                if let Some(first) = entries.iter().take(index).find(|first| first.key.name == entry.key.name)
                {
                    self.duplicate(&first.key, &entry.key);
                }
            }
            return;
        }
        // A sort rather than a hash set: no hash that a hostile file could fill one bucket of.
        let mut keys: Vec<&Key> = entries.iter().map(|entry| &entry.key).collect();
        keys.sort_by(|a, b| a.name.cmp(&b.name));
        for same in keys.chunk_by(|a, b| a.name == b.name) {
            if let [first, more @ ..] = same {
                more.iter().for_each(|again| self.duplicate(first, again));
            }
        }
    }
}

/// The parser's span as ours.
fn place(span: &granit_parser::Span) -> Span {
    Span::new(offset(&span.start), offset(&span.end))
}

/// The byte offset of a marker; the parser always has one when it reads from a `&str`.
fn offset(marker: &granit_parser::Marker) -> u32 {
    marker.byte_offset().and_then(|offset| u32::try_from(offset).ok()).unwrap_or_default()
}

/// Sorts the parser's many errors into the few mistakes that people make.
fn trouble(error: &ErrorKind) -> Trouble {
    match error {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart => Trouble::Tab,
        ErrorKind::DirectiveDisallowed
        | ErrorKind::MissingDocumentEndBeforeDirective
        | ErrorKind::DuplicateVersionDirective
        | ErrorKind::UnsupportedYamlMajorVersion => Trouble::Directive,
        ErrorKind::UndeclaredTagHandle
        | ErrorKind::InvalidTagTerminator
        | ErrorKind::MissingTagUri
        | ErrorKind::UnclosedVerbatimTag
        | ErrorKind::InvalidTagEscape
        | ErrorKind::InvalidGlobalTagCharacter
        | ErrorKind::ExpectedTagBang => Trouble::Tag,
        ErrorKind::MissingAnchorOrAliasName => Trouble::AnchorName,
        ErrorKind::RecursionLimitExceeded => Trouble::Depth,
        ErrorKind::MappingValueNotAllowed
        | ErrorKind::InvalidColonPlacement
        | ErrorKind::InvalidMappingValueWhitespace
        | ErrorKind::FlowMappingValueAdjacentCollection => Trouble::Colon,
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => Trouble::KeyWithoutColon,
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::InvalidIndentation
        | ErrorKind::InvalidBlockScalarIndent
        | ErrorKind::InvalidFlowScalarIndent
        | ErrorKind::MappingKeyNotAllowed => Trouble::Indentation,
        ErrorKind::InvalidQuotedScalarIndent => Trouble::InQuotes,
        ErrorKind::ExpectedBlockSequenceEntry => Trouble::NotAnItem,
        ErrorKind::BlockSequenceEntryNotAllowed
        | ErrorKind::BlockEntryInFlowCollection
        | ErrorKind::InvalidBlockEntryWhitespace
        | ErrorKind::PlainScalarStartsWithDashFlowIndicator => Trouble::Dash,
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => Trouble::OpenQuote,
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            Trouble::AfterQuote
        }
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidLowSurrogateHexEscape
        | ErrorKind::InvalidLowSurrogate
        | ErrorKind::MissingLowSurrogate
        | ErrorKind::UnpairedLowSurrogate
        | ErrorKind::InvalidUnicodeEscape => Trouble::Escape,
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping => Trouble::OpenBracket,
        ErrorKind::MisplacedFlowCollectionEnd => Trouble::LooseBracket,
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => Trouble::WrongBracket(*open, *close),
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator => Trouble::Comma,
        ErrorKind::UnexpectedCharacter { character } => Trouble::Character(*character),
        ErrorKind::CommentNotSeparated | ErrorKind::CommentInterceptedScalar => Trouble::Comment,
        ErrorKind::ZeroBlockScalarIndent | ErrorKind::InvalidBlockScalarHeader => Trouble::BlockHeader,
        _ => Trouble::Other,
    }
}
