//! Where words go: data to stdout, talk to stderr. Colour only where somebody sees it (`NO_COLOR` and
//! `CLICOLOR_FORCE` are honoured).

use std::error::Error;
use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};

use super::failure::Failure;
use crate::report::findings_human::Look;

/// How wide a terminal is taken to be when it does not say.
const WIDTH: usize = 100;

/// Lets a format write data to stdout, all of it or an error.
///
/// # Errors
///
/// The output cannot be written, or its reader went away.
pub fn data(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(anstream::stdout().lock());
    write(&mut out).and_then(|()| out.flush()).map_err(of_stdout)
}

/// Data that is a text already.
///
/// # Errors
///
/// As [`data`].
pub fn text(text: &str) -> Result<(), Failure> {
    data(|out| out.write_all(text.as_bytes()))
}

fn of_stdout(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::ClosedPipe,
        _ => Failure::Stdout(error),
    }
}

/// Talk. Nobody may be listening, and that is no error: a run goes on without an audience.
pub fn say(line: &str) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// Why a command could not do what it is for, with its sources and what to do next.
pub fn fail(failure: &Failure) {
    if matches!(failure, Failure::ClosedPipe) {
        return;
    }
    say(&format!("error: {}", chain(failure)));
    say(&format!("help: {}", failure.help()));
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
