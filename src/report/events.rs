//! The events of a run for programs: one JSON object a line, the first one says the version.

use std::io::{Result, Write};

use jiff::Timestamp;
use serde::Serialize;

use crate::plan::Facts;
use crate::run::Event;

/// The version of this format: a minor version adds, a major one breaks.
pub const FORMAT_VERSION: &str = "1.0";

/// How every file of events begins.
pub const START: &[u8] = b"{\"type\":\"version\"";

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    Version {
        format: &'static str,
        format_version: &'static str,
        program: &'static str,
        run: &'a str,
        pool: &'a str,
        digest: &'a str,
    },
    Event {
        at: Timestamp,
        epoch: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        step: Option<&'a str>,
        event: &'a Event,
        #[serde(skip_serializing_if = "Facts::is_empty")]
        facts: &'a Facts,
        /// The same in words, where it is news.
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<&'a str>,
    },
}

/// The first line.
///
/// # Errors
///
/// The writer's.
pub fn begin(out: &mut impl Write, run: &str, pool: &str, digest: &str) -> Result<()> {
    let program = env!("CARGO_PKG_VERSION");
    line(
        out,
        &Line::Version { format: FORMAT_VERSION, format_version: FORMAT_VERSION, program, run, pool, digest },
    )
}

/// An event as it was folded.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    pub at: Timestamp,
    pub epoch: u32,
    pub step: Option<&'a str>,
    pub event: &'a Event,
    pub facts: &'a Facts,
    pub text: Option<&'a str>,
}

/// One more line.
///
/// # Errors
///
/// The writer's.
pub fn event(out: &mut impl Write, heard: Heard<'_>) -> Result<()> {
    let Heard { at, epoch, step, event, facts, text } = heard;
    line(out, &Line::Event { at, epoch, step, event, facts, text })
}

fn line(out: &mut impl Write, line: &Line<'_>) -> Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")?;
    out.flush()
}
