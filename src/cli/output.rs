//! Where words go: data to stdout, talk to stderr. Colour only where somebody sees it (`NO_COLOR` and
//! `CLICOLOR_FORCE` are honoured).

use std::borrow::Cow;
use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::{AutoStream, ColorChoice};

use super::failure::Failure;
use crate::document::visible;
use crate::report::findings_human::Look;

/// How wide a terminal is taken to be when it does not say.
const WIDTH: usize = 100;

/// Whoever read stdout went away.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// Lets a format write data to stdout, all of it or an error. A reader that went away has read enough: that is no error,
/// and changes nothing of what the program is about to say by its exit code.
///
/// # Errors
///
/// The output cannot be written.
pub fn data(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(anstream::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            CLOSED.store(true, Ordering::Relaxed);
            // What is left in the buffer would be tried again when it is dropped.
            let _ = out.into_parts();
            Ok(())
        }
        Err(error) => Err(Failure::Stdout(error)),
        Ok(()) => Ok(()),
    }
}

/// Whether whoever read stdout went away.
pub fn is_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}

/// Data that is a text already.
///
/// # Errors
///
/// As [`data`].
pub fn text(text: &str) -> Result<(), Failure> {
    data(|out| out.write_all(safe(text).as_bytes()))
}

/// A text of ours, with words of others in it, for a terminal: what would steer the terminal is written as its number.
/// Our own colours stay.
pub fn safe(text: &str) -> Cow<'_, str> {
    let harmless = |byte: u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t');
    if text.bytes().all(harmless) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let colour = colour_length(rest);
        let taken = if colour > 0 { colour } else { character.len_utf8() };
        let (piece, left) = rest.split_at(taken);
        match character {
            '\n' | '\t' => out.push(character),
            _ if colour > 0 => out.push_str(piece),
            _ => out.push_str(&visible(piece)),
        }
        rest = left;
    }
    out.into()
}

/// The length of the colour that a text begins with: `ESC [ digits ; ... m`.
fn colour_length(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("\u{1b}[") else { return 0 };
    let digits = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b';').count();
    if rest.as_bytes().get(digits) == Some(&b'm') { 2 + digits + 1 } else { 0 }
}

/// Talk. Nobody may be listening, and that is no error: a run goes on without an audience.
pub fn say(line: &str) {
    // In one piece, so that lines of others fall before it or after it.
    let _ = anstream::stderr().write_all(format!("{}\n", safe(line)).as_bytes());
}

/// Why a command could not do what it is for, with its sources and what to do next.
pub fn fail(failure: &Failure) {
    say(&format!("error: {}", visible(&chain(failure))));
    say(&format!("help: {}", visible(&failure.help())));
}

/// An error and its sources in one line.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // A transparent error shows its source's words already.
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// How findings look on stdout or on stderr, by who reads there.
pub fn look(stderr: bool) -> Look {
    if std::env::var_os("NO_GRAPHICS").is_some_and(|value| value != "0") {
        return Look::Narrated;
    }
    let choice = if stderr { AutoStream::choice(&io::stderr()) } else { AutoStream::choice(&io::stdout()) };
    match choice {
        ColorChoice::Never => Look::Plain,
        _ => Look::Drawn { width: width() },
    }
}

fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.filter(|columns| (40..1000).contains(columns)).unwrap_or(WIDTH)
}

/// Whether somebody is there to be asked: they have to read the question and type the answer.
pub fn somebody_is_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal_but_our_own_colours() {
        assert_eq!(safe("plain\n\tKöln"), "plain\n\tKöln");
        assert_eq!(safe("\u{1b}[31mred\u{1b}[0m"), "\u{1b}[31mred\u{1b}[0m");
        assert_eq!(safe("\u{1b}]0;title\u{7}"), "\\u{1b}]0;title\\u{7}");
        assert_eq!(safe("\u{1b}[2J\u{9b}1m\u{202e}\r"), "\\u{1b}[2J\\u{9b}1m\\u{202e}\\u{d}");
        assert_eq!(visible("a\nb\u{1b}[31m"), "a\\u{a}b\\u{1b}[31m");
    }
}
