//! When the clock of a rehearsal begins.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::written::StartsText;
use crate::document::{Code, Finding, Spanned};
use crate::plan::{Length, Plan, Window};

/// The instant that is meant.
pub(super) fn starts(text: &StartsText, plan: &Plan) -> Result<Timestamp, Finding> {
    match text {
        StartsText::At(written) => instant(written, plan.window()),
        StartsText::AfterStart(length) => shifted(length, plan.window(), |window| window.start, 1),
        StartsText::BeforeEnd(length) => shifted(length, plan.window(), |window| window.end, -1),
    }
}

/// What is wrong with it whatever the plan is.
pub(super) fn form(text: &StartsText) -> Result<(), Finding> {
    match text {
        StartsText::At(written) if written.parse::<Timestamp>().is_err() => local(written).map(|_| ()),
        _ => Ok(()),
    }
}

fn not_an_instant(written: &Spanned<String>, message: String, help: &str) -> Finding {
    Finding::new(Code::WrongForm, message, help).at(written.span(), "not an instant")
}

fn local(written: &Spanned<String>) -> Result<DateTime, Finding> {
    written.parse().map_err(|_| {
        let message = format!("`{}` is no date and time", written.escape_debug());
        let help = "write a local time such as `2026-12-05T22:00`, or one with an offset";
        not_an_instant(written, message, help)
    })
}

fn shifted(
    length: &Spanned<Length>,
    window: Option<&Window>,
    edge: fn(&Window) -> Timestamp,
    sign: i32,
) -> Result<Timestamp, Finding> {
    let finding = |message: &str, help: &str| {
        Err(Finding::new(Code::WrongForm, message, help).at(length.span(), "cannot be placed"))
    };
    let Some(window) = window else {
        return finding(
            "the plan has no maintenance window to start by",
            "give the plan a window, or write `at` and an instant",
        );
    };
    let by = SignedDuration::try_from(length.get()).ok().map(|by| if sign < 0 { -by } else { by });
    match by.and_then(|by| edge(window).checked_add(by).ok()) {
        Some(instant) => Ok(instant),
        None => finding("that is beyond the end of time", "write a shorter length"),
    }
}

/// With an offset it is an instant; without one it is read in the zone of the window, or in UTC where there is none.
fn instant(written: &Spanned<String>, window: Option<&Window>) -> Result<Timestamp, Finding> {
    if let Ok(instant) = written.parse::<Timestamp>() {
        return Ok(instant);
    }
    let local = local(written)?;
    let zone = window.map_or(TimeZone::UTC, Window::time_zone);
    zone.to_ambiguous_timestamp(local).unambiguous().map_err(|_| {
        let message = format!("daylight saving time leaves `{}` out or repeats it", written.escape_debug());
        not_an_instant(written, message, "write it with its offset, such as `2026-10-25T02:30+02:00`")
    })
}
