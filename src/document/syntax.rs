//! What the reader of YAML says: each refusal and each syntax error in our own words, with its way out.

use super::code::Code;
use super::finding::{Finding, Span};
use super::source::{MAX_DEPTH, MAX_NODES, Source};
use super::tree::{Key, Value};

pub(super) fn empty() -> Finding {
    Finding::new(
        Code::YamlEmpty,
        "the document is empty",
        "write at least `version: 1` and `kind:`; `poolroll init` writes a plan to start from",
    )
    .at(Span::default(), "nothing but comments and blank lines")
}

pub(super) fn tag(span: Span, tag: &str) -> Finding {
    Finding::new(
        Code::YamlTag,
        format!("the tag `{}` is not read", shortened(tag)),
        "delete the tag; write text in quotes when it must stay text",
    )
    .at(span, "a tag")
}

pub(super) fn alias(span: Span, written: &str) -> Finding {
    Finding::new(
        Code::YamlAlias,
        format!("the alias `{}` is not read", shortened(written)),
        "write the value itself, or put it in quotes if it is text that begins with `*`",
    )
    .at(span, "an alias")
}

pub(super) fn anchor(span: Span, written: &str) -> Finding {
    Finding::new(
        Code::YamlAnchor,
        format!("the anchor `{}` is not read", shortened(written)),
        "delete the anchor, or put the value in quotes if it is text that begins with `&`",
    )
    .at(span, "an anchor")
}

pub(super) fn many_documents(span: Span) -> Finding {
    Finding::new(
        Code::YamlManyDocuments,
        "the file holds more than one document",
        "put each document into a file of its own",
    )
    .at(span, "a second document begins here")
}

pub(super) fn merge_key(span: Span) -> Finding {
    Finding::new(Code::YamlMergeKey, "merge keys are not read", "write the merged keys out, one by one")
        .at(span, "a merge key")
}

pub(super) fn tab(span: Span) -> Finding {
    let (message, help, label) = words(&Trouble::Tab);
    Finding::new(Code::YamlTab, message, help).at(span, label)
}

pub(super) fn too_deep(span: Span) -> Finding {
    Finding::new(
        Code::YamlDepth,
        format!("lists and mappings are nested more than {MAX_DEPTH} deep"),
        "check the brackets and the indentation; no document needs this depth",
    )
    .at(span, "one level too deep")
}

pub(super) fn too_many_nodes(span: Span) -> Finding {
    Finding::new(
        Code::YamlSize,
        format!("the document holds more than {MAX_NODES} values"),
        "check that this is the file you mean; split a plan that is really this large by pool",
    )
    .at(span, "reading stopped here")
}

pub(super) fn duplicate(first: &Key, again: &Key) -> Finding {
    let name = shortened(&first.name);
    Finding::new(
        Code::DuplicateKey,
        format!("the key `{name}` occurs twice in one mapping"),
        "keep one of the two, or rename one",
    )
    .at(again.span, "again here")
    .at(first.span, "first here")
}

pub(super) fn key(span: Span, value: &Value, written: &str) -> Finding {
    let written = shortened(written);
    let (what, help) = match value {
        Value::Sequence(_) | Value::Mapping(_) => (
            format!("{} cannot be a key", value.described()),
            "a key is text; if the brackets are meant as text, put the whole value in quotes".to_owned(),
        ),
        _ if written.is_empty() => {
            ("a key is missing before the `:`".to_owned(), "write the key, or delete the line".to_owned())
        }
        _ => (
            format!("the key `{written}` reads as {}, and keys are text", value.described()),
            format!("put it in quotes: `\"{written}\":`"),
        ),
    };
    Finding::new(Code::KeyNotText, what, help).at(span, "not text")
}

pub(super) fn hidden_escape(span: Span) -> Finding {
    Finding::new(
        Code::ControlCharacter,
        "an escape in this text makes a hidden character",
        "in double quotes a backslash begins an escape; write a Windows path in single quotes or without quotes",
    )
    .at(span, "holds a hidden character")
}

pub(super) fn number(code: Code, span: Span, written: &str) -> Finding {
    let written = shortened(written);
    let (message, help) = match code {
        Code::NumberAmbiguous => {
            let digits = written.trim_start_matches(['+', '-']).trim_start_matches('0');
            let sign = if written.starts_with('-') { "-" } else { "" };
            let decimal = if digits.is_empty() { "0".to_owned() } else { format!("{sign}{digits}") };
            (
                format!(
                    "the number `{written}` begins with a zero, and not every reader takes it as decimal"
                ),
                format!("write `{decimal}`, or `\"{written}\"` if it is text"),
            )
        }
        Code::NumberNotFinite => (
            format!("`{written}` is not a number that can be used here"),
            format!("write a finite number, or `\"{written}\"` if it is text"),
        ),
        _ => (
            format!("the number `{written}` does not fit into 64 bits"),
            format!("write a smaller number, or `\"{written}\"` if it is text"),
        ),
    };
    Finding::new(code, message, help).at(span, "this number")
}

/// What went wrong in the syntax, as far as a person would tell mistakes apart.
pub(super) enum Trouble {
    Tab,
    Directive,
    Tag,
    AnchorName,
    Depth,
    Colon,
    KeyWithoutColon,
    Indentation,
    InBrackets,
    InQuotes,
    NotAnItem,
    Dash,
    OpenQuote,
    AfterQuote,
    Escape,
    OpenBracket,
    LooseBracket,
    WrongBracket(char, char),
    Comma,
    Character(char),
    Comment,
    BlockHeader,
    Other,
}

/// The finding for a syntax error at an offset.
pub(super) fn trouble(trouble: &Trouble, offset: u32, source: &Source) -> Finding {
    let offset = match trouble {
        // The parser points at the beginning of what holds the tab.
        Trouble::Tab => tab_from(offset, source),
        _ => offset,
    };
    if matches!(trouble, Trouble::Colon | Trouble::KeyWithoutColon | Trouble::Indentation)
        && let Some((key, span)) = key_without_space(offset, source)
    {
        let message = format!("a space is missing after `{key}:`");
        let help = "write `key: value` with a space after the colon; without it the whole line is text";
        return Finding::new(Code::YamlSyntax, message, help).at(span, "no space after it");
    }
    let rest = source.text().get(offset as usize..).unwrap_or_default();
    let width = match rest.chars().next() {
        None | Some('\n' | '\r') => 0,
        Some(character) => character.len_utf8(),
    };
    let span = Span::new(offset, offset.saturating_add(u32::try_from(width).unwrap_or_default()));
    let (message, help, label) = words(trouble);
    let code = match trouble {
        Trouble::Tab => Code::YamlTab,
        Trouble::Directive => Code::YamlDirective,
        Trouble::Tag => Code::YamlTag,
        Trouble::Depth => return too_deep(span),
        _ => Code::YamlSyntax,
    };
    let message = match trouble {
        Trouble::Character(character) => {
            format!("plain text cannot begin with `{}`", character.escape_debug())
        }
        Trouble::WrongBracket(open, close) => format!("`{open}` is closed by `{close}`"),
        _ => message.to_owned(),
    };
    Finding::new(code, message, help).at(span, label)
}

/// A key whose colon touches its value, on the line of the offset or on the one with text above it. YAML takes that for plain
/// text, and stumbles over the colon of the next key. Such a key, and the place of its colon.
fn key_without_space(offset: u32, source: &Source) -> Option<(&str, Span)> {
    let (before, rest) = source.text().split_at_checked(offset as usize)?;
    let mut end = before.len() + rest.find('\n').unwrap_or(rest.len());
    let mut own = true;
    for line in source.text()[..end].rsplit('\n') {
        let begins = end - line.len();
        end = begins.saturating_sub(1);
        let indented = line.trim_start_matches([' ', '-']);
        if let Some((key, value)) = indented.split_once(':') {
            let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            let touches = !value.trim().is_empty() && !value.starts_with([' ', '/', ':']);
            if is_key && touches && !value.contains(": ") {
                let colon = u32::try_from(begins + line.len() - indented.len() + key.len()).ok()?;
                return Some((key, Span::new(colon, colon + 1)));
            }
        }
        let is_text = !indented.trim().is_empty() && !indented.starts_with('#');
        if is_text && !own {
            return None;
        }
        own = false;
    }
    None
}

/// Message, help and label of a syntax error.
fn words(trouble: &Trouble) -> (&'static str, &'static str, &'static str) {
    match trouble {
        Trouble::Tab => (
            "a tab stands where YAML wants spaces",
            "indent with spaces; most editors can replace the tabs of a file",
            "a tab",
        ),
        Trouble::Directive => (
            "directives (`%`) are not read",
            "delete the line; the text is always read as YAML 1.2",
            "a directive",
        ),
        Trouble::Tag => (
            "a tag is written here, and tags are not read",
            "delete it, or put the value in quotes if it is text that begins with `!`",
            "a tag",
        ),
        Trouble::AnchorName => (
            "a name is missing after `&` or `*`",
            "put the value in quotes if it is text; anchors and aliases are not read",
            "here",
        ),
        Trouble::Colon => (
            "a second `:` is not expected on this line",
            "put a text that holds `: ` in quotes; or check that this line and the one above are indented alike",
            "not expected here",
        ),
        Trouble::KeyWithoutColon => (
            "a line in a mapping has no `:`",
            "write `key: value` with a space after the colon, or `- value` for an item of a list",
            "here",
        ),
        Trouble::Indentation => (
            "the indentation fits nothing above",
            "indent the keys of one mapping alike, and what belongs to a key more than the key",
            "from here",
        ),
        Trouble::InBrackets => (
            "a bracket is not closed before this line, which is not indented",
            "close the bracket; or indent every line inside of it, and the closing bracket, more than the key",
            "not inside of the bracket",
        ),
        Trouble::InQuotes => (
            "a quote is not closed before this line, which is not indented",
            "close the quote; or indent every line of a text that goes over several",
            "not inside of the quotes",
        ),
        Trouble::NotAnItem => (
            "an item of a list is expected here",
            "begin each item with `- `, or indent the line so that it belongs to the item above",
            "not an item",
        ),
        Trouble::Dash => (
            "an item of a list cannot begin here",
            "put the first item on a line of its own below the key, with a space after the dash",
            "this dash",
        ),
        Trouble::OpenQuote => ("a quote is never closed", "write the closing quote", "opened or missed here"),
        Trouble::AfterQuote => (
            "text follows after a closing quote",
            "put all of the value inside of the quotes; in single quotes a `'` is written `''`",
            "not expected here",
        ),
        Trouble::Escape => (
            "this text in double quotes holds an escape that YAML does not have",
            "write a Windows path in single quotes or without quotes, or double each backslash",
            "in this text",
        ),
        Trouble::OpenBracket => ("a bracket is never closed", "write the closing bracket", "here"),
        Trouble::LooseBracket => {
            ("a bracket is closed that was not opened", "delete it, or put the text in quotes", "here")
        }
        Trouble::WrongBracket(..) => ("", "close each bracket with its own kind", "here"),
        Trouble::Comma => (
            "a `,` or a closing bracket is expected here",
            "separate the items with `, ` and close the bracket",
            "here",
        ),
        Trouble::Character(_) => ("", "put the text in quotes", "here"),
        Trouble::Comment => (
            "a comment begins in the middle of a text",
            "write a space before the `#`, or quote the text",
            "here",
        ),
        Trouble::BlockHeader => (
            "the line of a `|` or `>` says something more",
            "begin the text on the next line, indented",
            "here",
        ),
        Trouble::Depth | Trouble::Other => (
            "this is not YAML",
            "check the line and the one above: indentation, quotes, and a space after each `:` and `-`",
            "from here",
        ),
    }
}

/// The tab that is meant: in the blanks before the offset, or else the first behind it on the same or the next
/// line (the parser points now behind the tab, now at the beginning of the text that holds it).
fn tab_from(offset: u32, source: &Source) -> u32 {
    let (before, rest) = source.text().split_at_checked(offset as usize).unwrap_or_default();
    let blanks = before.len() - before.trim_end_matches([' ', '\t']).len();
    if let Some(back) = before.bytes().rev().take(blanks).position(|byte| byte == b'\t') {
        return offset.saturating_sub(u32::try_from(back + 1).unwrap_or_default());
    }
    let near = rest.split_inclusive('\n').take(2).map(str::len).sum::<usize>();
    let tab = rest.get(..near).unwrap_or(rest).find('\t').unwrap_or_default();
    offset.saturating_add(u32::try_from(tab).unwrap_or_default())
}

/// At most 40 characters of what was written, for a message of one line.
pub(super) fn shortened(text: &str) -> String {
    let mut kept: String = text.chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(40).is_some() {
        kept.push('…');
    }
    kept
}
