//! Characters a plan must not hold: those that cannot be seen, or that reorder what is seen.
//!
//! A plan is reviewed by people before it stops servers, so the text must be what it looks like.

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
