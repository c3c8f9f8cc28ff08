//! A source: a name and its text, decoded, with the way from byte offsets to lines and columns.

use super::code::Code;
use super::finding::{Finding, Span};

/// The largest source that is read, in bytes of the file: 16 MiB. A plan of 10,000 front ends has about one.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The deepest nesting of sequences and mappings that is read. A plan needs about eight.
pub const MAX_DEPTH: usize = 32;

/// The most values one document may hold, collections included. A plan of 10,000 front ends has some 20,000, or
/// 60,000 when each is a mapping; a tree of this many takes about 25 MB.
pub const MAX_NODES: usize = 250_000;

/// The most items of lists that are held against the schema, from the first one on that does not fit: five times as many as
/// can be shown. What one of them has to say can take 40 KB where it may be one of many things.
pub(super) const MAX_ITEMS_EXPLAINED: usize = 1000;

/// A text with a name.
///
/// The name is what messages show (a path as the user wrote it); nothing is ever opened by it. The text is
/// what the file says without a byte order mark; line ends stay as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
    line_starts: Vec<u32>,
}

impl Source {
    /// A source of text that is already decoded. A leading byte order mark is dropped.
    ///
    /// Its size is not looked at here; [`parse`](super::parse) refuses what is larger than [`MAX_BYTES`].
    pub fn from_text(name: impl Into<String>, text: impl Into<String>) -> Self {
        let mut text = text.into();
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        let line_starts = line_starts(&text);
        Source { name: name.into(), text, line_starts }
    }

    /// A source of a file's bytes: UTF-8 with or without a byte order mark, or UTF-16 as editors on Windows
    /// write it (with a mark, or recognised by the zero bytes of its first character).
    ///
    /// # Errors
    ///
    /// One finding when the file is larger than [`MAX_BYTES`] (nothing is decoded then) or is in another
    /// encoding. There is no text yet that a label could point into, so the message itself says the place.
    pub fn from_bytes(name: impl Into<String>, bytes: &[u8]) -> Result<Self, Finding> {
        if bytes.len() > MAX_BYTES {
            return Err(too_large());
        }
        let text = match bytes {
            [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return Err(utf_32()),
            [0xef, 0xbb, 0xbf, rest @ ..] => utf_8(rest, 3)?,
            [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes, 2)?,
            [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes, 2)?,
            [1..=255, 0, 1..=255, 0, ..] | [1..=255, 0] => utf_16(bytes, u16::from_le_bytes, 0)?,
            [0, 1..=255, 0, 1..=255, ..] | [0, 1..=255] => utf_16(bytes, u16::from_be_bytes, 0)?,
            _ => utf_8(bytes, 0)?,
        };
        Ok(Source::from_text(name, text))
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text a span covers; what lies outside of the text is left out.
    pub fn slice(&self, span: Span) -> &str {
        let start = self.text.floor_char_boundary(span.start as usize);
        let end = self.text.floor_char_boundary(span.end as usize);
        self.text.get(start..end).unwrap_or_default()
    }

    /// Line and column of a byte offset, both from 1, the column in characters.
    ///
    /// An offset behind the end means the end; one inside a character means that character.
    pub fn line_column(&self, offset: u32) -> (usize, usize) {
        let offset = self.text.floor_char_boundary(offset as usize);
        let line = self.line_starts.partition_point(|&start| start as usize <= offset);
        let start = self.line_starts.get(line.saturating_sub(1)).map_or(0, |&start| start as usize);
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count());
        (line, column + 1)
    }

    /// How many lines there are; an empty text has one.
    pub fn line_count(&self) -> usize {
        self.line_starts.len()
    }

    /// The text of a line (from 1) without its line end; `None` behind the last.
    pub fn line(&self, number: usize) -> Option<&str> {
        let start = *self.line_starts.get(number.checked_sub(1)?)? as usize;
        let end = self.line_starts.get(number).map_or(self.text.len(), |&next| next as usize);
        Some(self.text.get(start..end)?.trim_end_matches(['\n', '\r']))
    }
}

/// Offsets at which lines begin. A line ends with `\n`, `\r\n` or a lone `\r`, as YAML has it.
fn line_starts(text: &str) -> Vec<u32> {
    let bytes = text.as_bytes();
    let mut starts = vec![0];
    for (index, &byte) in bytes.iter().enumerate() {
        let ends = byte == b'\n' || (byte == b'\r' && bytes.get(index + 1) != Some(&b'\n'));
        if ends && let Ok(next) = u32::try_from(index + 1) {
            starts.push(next);
        }
    }
    starts
}

/// The finding for a text that is longer than any that is read. How long is not known: whoever read the file stopped.
pub(super) fn too_large() -> Finding {
    Finding::new(
        Code::SourceTooLarge,
        format!("the file has more than {MAX_BYTES} bytes, and no more are read"),
        "check that this is the file you mean; split a plan that is really this large by pool",
    )
}

/// Decodes UTF-8; `skipped` bytes of the file came before `bytes`.
fn utf_8(bytes: &[u8], skipped: usize) -> Result<String, Finding> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|error| {
        let valid = error.valid_up_to();
        let line = 1 + bytes.iter().take(valid).filter(|&&byte| byte == b'\n').count();
        let wrong = bytes.get(valid).copied().unwrap_or_default();
        Finding::new(
            Code::SourceEncoding,
            format!("byte {} (0x{wrong:02x}, on line {line}) is not UTF-8", valid + skipped),
            "save the file as UTF-8; editors on Windows often offer it as an encoding of `Save As`",
        )
    })
}

/// Decodes UTF-16 in the byte order of `unit`; `skipped` bytes of the file came before `bytes`.
fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16, skipped: usize) -> Result<String, Finding> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len());
    let mut line = 1;
    let mut offset = skipped;
    for decoded in char::decode_utf16(pairs.iter().map(|&pair| unit(pair))) {
        let Ok(character) = decoded else {
            return Err(broken_utf_16(format!("half of a surrogate pair at byte {offset}, on line {line}")));
        };
        line += usize::from(character == '\n');
        offset += character.len_utf16() * 2;
        text.push(character);
    }
    if rest.is_empty() { Ok(text) } else { Err(broken_utf_16("it ends in the middle of a character".into())) }
}

fn broken_utf_16(what: String) -> Finding {
    Finding::new(
        Code::SourceEncoding,
        format!("the file looks like UTF-16, and cannot be decoded: {what}"),
        "save the file as UTF-8",
    )
}

fn utf_32() -> Finding {
    Finding::new(Code::SourceEncoding, "the file is in UTF-32, which is not read", "save the file as UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> Result<String, (Code, String)> {
        Source::from_bytes("x", bytes)
            .map(|source| source.text().to_owned())
            .map_err(|finding| (finding.code(), finding.message().to_owned()))
    }

    fn utf_16_bytes(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn utf_8_is_read_with_and_without_mark() {
        assert_eq!(decoded("größe: 1".as_bytes()), Ok("größe: 1".into()));
        assert_eq!(decoded("\u{feff}größe: 1".as_bytes()), Ok("größe: 1".into()));
        assert_eq!(decoded(b""), Ok(String::new()));
        assert_eq!(Source::from_text("x", "\u{feff}a").text(), "a");
    }

    #[test]
    fn utf_16_is_read_in_both_orders_with_and_without_mark() {
        let text = "name: Köln 🚀\r\n";
        for mark in ["", "\u{feff}"] {
            let marked = format!("{mark}{text}");
            assert_eq!(decoded(&utf_16_bytes(&marked, u16::to_le_bytes)), Ok(text.into()));
            assert_eq!(decoded(&utf_16_bytes(&marked, u16::to_be_bytes)), Ok(text.into()));
        }
    }

    #[test]
    fn broken_utf_16_is_refused() {
        let (code, message) = decoded(b"\xff\xfea\0\n\0\x00\xd8b\0").unwrap_err();
        assert_eq!(code, Code::SourceEncoding);
        assert!(message.contains("byte 6, on line 2"), "{message}");
        let (_, message) = decoded(b"\xff\xfea\0b").unwrap_err();
        assert!(message.contains("middle of a character"), "{message}");
    }

    #[test]
    fn other_encodings_are_refused_with_byte_and_line() {
        let (code, message) = decoded(b"a: 1\nname: K\xf6ln\n").unwrap_err();
        assert_eq!(code, Code::SourceEncoding);
        assert!(message.contains("byte 12 (0xf6, on line 2)"), "{message}");
        let (_, message) = decoded(b"\xef\xbb\xbfab\xff").unwrap_err();
        assert!(message.contains("byte 5 "), "{message}");
        assert_eq!(decoded(b"\xff\xfe\0\0a\0\0\0").unwrap_err().0, Code::SourceEncoding);
        assert_eq!(decoded(b"\0\0\xfe\xff\0\0\0a").unwrap_err().0, Code::SourceEncoding);
    }

    #[test]
    fn the_size_is_checked_before_anything_else() {
        let bytes = vec![0xff; MAX_BYTES + 1];
        assert_eq!(decoded(&bytes).unwrap_err().0, Code::SourceTooLarge);
        assert!(decoded(&vec![b' '; MAX_BYTES]).is_ok());
    }

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let source = Source::from_text("x", "é: ü\r\nb\rc\n");
        assert_eq!(source.line_column(0), (1, 1));
        assert_eq!(source.line_column(4), (1, 4)); // the `ü` behind a two-byte `é`
        assert_eq!(source.line_column(5), (1, 4)); // inside of it
        assert_eq!(source.line_column(8), (2, 1));
        assert_eq!(source.line_column(10), (3, 1));
        assert_eq!(source.line_column(12), (4, 1));
        assert_eq!(source.line_column(999), (4, 1));
        assert_eq!(source.line_count(), 4);
        assert_eq!([source.line(1), source.line(2), source.line(3)], [Some("é: ü"), Some("b"), Some("c")]);
        assert_eq!([source.line(4), source.line(5), source.line(0)], [Some(""), None, None]);
    }

    #[test]
    fn slices_never_split_a_character() {
        let source = Source::from_text("x", "aöb");
        assert_eq!(source.slice(Span::new(1, 3)), "ö");
        assert_eq!(source.slice(Span::new(2, 3)), "ö");
        assert_eq!(source.slice(Span::new(3, 99)), "b");
        assert_eq!(source.slice(Span::new(50, 99)), "");
    }
}
