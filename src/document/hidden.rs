//! Findings for hidden characters.

use super::characters::is_hidden;
use super::code::Code;
use super::finding::{Finding, Findings, Span};

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
