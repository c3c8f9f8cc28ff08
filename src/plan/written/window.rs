//! The maintenance window, and how front ends are stopped in it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::unwritten;
use crate::document::{Spanned, present};
use crate::plan::Length;

/// How front ends are stopped.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// New connections are refused, existing ones may finish.
    #[default]
    Graceful,
    /// Services stop at once and sessions are lost: for scheduled downtime only, so it needs a window.
    Immediate,
}

/// The maintenance window.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Window")]
pub struct WindowText {
    /// How front ends are stopped. Rule: `immediate` needs a window with `start` and `end`.
    pub mode: Spanned<Mode>,
    /// The IANA time zone of `start` and `end`. Rules: the three belong together; it is known.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["Europe/Berlin"]))]
    pub time_zone: Option<Spanned<String>>,
    /// When the window opens, in local time. Rules: before `end`; a date and a time, which daylight
    /// saving time neither skips nor repeats.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["2026-12-05T22:00"]))]
    pub start: Option<Spanned<String>>,
    /// When the window closes, in local time. Nothing is stopped after it; what is out is brought back. Rules: as for
    /// `start`; long enough for one domain (error) and for the whole plan (warning), by the expected durations; a window
    /// of more than seven days is a warning.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["2026-12-06T04:00"]))]
    pub end: Option<Spanned<String>>,
    /// How a graceful stop waits for sessions to end. With `mode: immediate` it means nothing, which is a warning.
    pub drain: DrainText,
}

impl Default for WindowText {
    fn default() -> Self {
        WindowText {
            mode: unwritten(Mode::Graceful),
            time_zone: None,
            start: None,
            end: None,
            drain: DrainText::default(),
        }
    }
}

/// How long a graceful stop may take, and what then.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Drain")]
pub struct DrainText {
    /// How long sessions may take to end. One hour is the default `-WaitTime` of `Invoke-CsComputerFailOver`;
    /// `Stop-CsWindowsService` has no limit of its own. Rule: not shorter than `expected.drain` and `expected.stop`
    /// together, nor zero nor longer than seven days.
    pub limit: Spanned<Length>,
    /// What follows when they have not. Rule: `immediate` needs a window, as the mode itself does.
    pub then: Spanned<AfterDrain>,
}

impl Default for DrainText {
    fn default() -> Self {
        DrainText { limit: unwritten(Length::mins(60)), then: unwritten(AfterDrain::Stop) }
    }
}

/// What follows a drain that did not end in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AfterDrain {
    /// The run stops for a person.
    #[default]
    Stop,
    /// The front end is stopped at once.
    Immediate,
}
