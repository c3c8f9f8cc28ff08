//! Characters a plan must not hold: those that cannot be seen, or that reorder what is seen.
//!
//! A plan is reviewed by people before it stops servers, so the text must be what it looks like.

use super::code::Code;
use super::finding::{Finding, Findings, Span};

/// Whether a character is refused: control characters other than tab and line ends, separators of lines that
/// editors do not agree on, marks that change the direction of text, byte order marks, and what has no width (soft
/// hyphens, tags), for two names that look the same must be the same.
pub fn is_hidden(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => false,
        '\0'..'\u{20}' | '\u{7f}'..='\u{9f}' | '\u{ad}' => true,
        '\u{61c}' | '\u{180e}' => true,
        // Not the joiners U+200C and U+200D: some scripts cannot be written without them.
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => true,
        '\u{feff}' | '\u{fffe}' | '\u{ffff}' => true,
        '\u{e0000}'..='\u{e007f}' => true,
        _ => false,
    }
}

/// The text with every hidden character, and every line end, written as its number: for words of others that are shown
/// on a terminal.
pub fn visible(text: &str) -> std::borrow::Cow<'_, str> {
    let shown = |character: char| !is_hidden(character) && !matches!(character, '\n' | '\r' | '\t');
    if text.chars().all(shown) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if shown(character) { out.push(character) } else { out.extend(character.escape_unicode()) }
    }
    out.into()
}

/// A finding for each refused character, at most `limit` of them.
pub(super) fn hidden(text: &str, limit: usize) -> Findings {
    if text.as_bytes().chunks(256).all(is_harmless) {
        return Findings::new();
    }
    text.char_indices().filter(|&(_, character)| is_hidden(character)).take(limit).map(refused).collect()
}

/// Whether no byte of a chunk can be or begin a refused character. Written without an early way out, so that
/// it compiles to vector instructions: this runs over every byte of every plan.
fn is_harmless(chunk: &[u8]) -> bool {
    let suspect = |byte: u8| {
        (byte < 0x20) & (byte != b'\t') & (byte != b'\n') & (byte != b'\r')
            | (byte == 0x7f)
            | (byte == 0xc2)
            | (byte == 0xd8)
            | (byte == 0xe1)
            | (byte == 0xe2)
            | (byte == 0xef)
            | (byte == 0xf3)
    };
    !chunk.iter().fold(false, |found, &byte| found | suspect(byte))
}

fn refused((offset, character): (usize, char)) -> Finding {
    let start = u32::try_from(offset).unwrap_or(u32::MAX);
    let end = u32::try_from(offset + character.len_utf8()).unwrap_or(u32::MAX);
    let help = match character {
        '\0' => "check that this is a text file; otherwise delete the character",
        _ => "delete the character; most editors can show hidden characters",
    };
    Finding::new(
        Code::ControlCharacter,
        format!("the text holds the hidden character U+{:04X}", u32::from(character)),
        help,
    )
    .at(Span::new(start, end), "cannot be seen here")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_look_lets_no_hidden_character_pass() {
        for character in (0..=0x10_ffff).filter_map(char::from_u32).filter(|&c| is_hidden(c)) {
            let text = format!("{}{character}", "x".repeat(300));
            let findings = hidden(&text, 9);
            let places: Vec<_> = findings.iter().filter_map(Finding::primary).collect();
            let end = 300 + u32::try_from(character.len_utf8()).unwrap();
            assert_eq!(places, [Span::new(300, end)], "U+{:04X}", u32::from(character));
        }
    }

    #[test]
    fn ordinary_text_of_many_scripts_passes() {
        assert!(hidden("a\tb\r\nKöln – “Ελλάδα” … 日本 🚀 ﬁ ° © café\n", 9).is_empty());
    }

    #[test]
    fn no_more_than_the_limit_are_reported() {
        assert_eq!(hidden("\0\0\0\0", 3).len(), 3);
    }
}
