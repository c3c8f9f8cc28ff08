//! The maintenance window: its parts belong together, its times exist, and what may only happen in it.

use super::{Names, written, zone};
use crate::document::{Code, Finding, Findings, Spanned};
use crate::plan::written::{AfterDrain, Mode, PlanText, WindowText};
use crate::plan::{Length, Window};

/// The window, when the plan has one and nothing is wrong with it.
pub(in crate::plan) fn window(text: &PlanText, findings: &mut Findings) -> Option<Window> {
    let parts = &text.maintenance_window;
    let (start, end) = (parts.start.as_ref(), parts.end.as_ref());
    all_parts(parts, findings);
    let mut kept = |result| match result {
        Ok(value) => Some(value),
        Err(finding) => {
            findings.push(finding);
            None
        }
    };
    let name = parts.time_zone.as_ref();
    let zone = name.and_then(|name| match zone::zone(name) {
        Ok(zone) => Some((name, zone)),
        Err(finding) => {
            kept(Err(finding));
            None
        }
    });
    let mut instant = |key: &'static str, time: Option<&Spanned<String>>| {
        let time = time?;
        let local = match zone::local(key, time) {
            Ok(local) => local,
            Err(finding) => return kept(Err(finding)),
        };
        let (name, zone) = zone.as_ref()?;
        kept(zone::instant(key, time, local, zone, name))
    };
    let (opens, closes) = (instant("start", start), instant("end", end));
    let (opens, closes, (name, zone)) = (opens?, closes?, zone?);
    let window = Window { start: opens, end: closes, zone: zone.iana_name().unwrap_or(name).to_owned() };
    order(&window, start?, end?, findings).then_some(window)
}

/// `start`, `end` and `time_zone` make a window together, or are left out together.
fn all_parts(parts: &WindowText, findings: &mut Findings) {
    let all = [("start", &parts.start), ("end", &parts.end), ("time_zone", &parts.time_zone)];
    let list = |present: bool| {
        let names: Vec<_> = all
            .iter()
            .filter(|(_, value)| value.is_some() == present)
            .map(|(key, _)| format!("`{key}`"))
            .collect();
        names.join(" and ")
    };
    let Some(there) = all.iter().find_map(|(_, value)| value.as_ref()) else { return };
    if all.iter().all(|(_, value)| value.is_some()) {
        return;
    }
    let (has, lacks) = (list(true), list(false));
    findings.push(
        Finding::new(
            Code::WindowIncomplete,
            format!("the maintenance window has {has} without {lacks}"),
            format!("add {lacks}, or remove {has} if the work may be done at any time"),
        )
        .at(there.span(), format!("needs {lacks} beside it")),
    );
}

/// Whether the window ends after it starts; remarks on one that is longer than a week.
fn order(window: &Window, start: &Spanned<String>, end: &Spanned<String>, findings: &mut Findings) -> bool {
    if window.end <= window.start {
        let help = "a window over midnight ends on the next day: check the dates of both";
        findings.push(
            Finding::new(
                Code::WindowEmpty,
                format!("the maintenance window ends at `{}`, not after it starts at `{}`", **end, **start),
                help,
            )
            .at(end.span(), "the end")
            .at(start.span(), "the start"),
        );
        return false;
    }
    let length = window.start.duration_until(window.end);
    if length > jiff::SignedDuration::from_hours(LONGEST_HOURS) {
        let shown = Length::from(std::time::Duration::try_from(length).unwrap_or_default());
        findings.push(
            Finding::new(
                Code::WindowLong,
                format!("the maintenance window is open for {shown}, from `{}` to `{}`", **start, **end),
                "check the dates; a window of more than 7 days is rarely meant",
            )
            .at(end.span(), "the end")
            .at(start.span(), "the start"),
        );
    }
    true
}

const LONGEST_HOURS: i64 = 7 * 24;

/// Whether any part of a window is written. A window with parts missing has a finding of its own.
fn has_parts(text: &PlanText) -> bool {
    let parts = &text.maintenance_window;
    parts.start.is_some() || parts.end.is_some() || parts.time_zone.is_some()
}

/// Sessions are cut off in scheduled downtime only.
pub(super) fn immediate_stop(text: &PlanText, _: &Names, findings: &mut Findings) {
    let mode = &text.maintenance_window.mode;
    if **mode == Mode::Immediate && !has_parts(text) {
        findings.push(
            Finding::new(
                Code::ImmediateNeedsWindow,
                "`mode: immediate` cuts sessions off, and the plan has no window in which that is announced",
                "add `start`, `end` and `time_zone` to `maintenance_window`, or write `mode: graceful`",
            )
            .at(mode.span(), "needs a window with `start` and `end`"),
        );
    }
}

/// The same for a drain that ends by cutting sessions off.
pub(super) fn immediate_after_drain(text: &PlanText, _: &Names, findings: &mut Findings) {
    let window = &text.maintenance_window;
    let then = &window.drain.then;
    if *window.mode == Mode::Graceful && **then == AfterDrain::Immediate && !has_parts(text) {
        findings.push(
            Finding::new(
                Code::DrainNeedsWindow,
                format!(
                    "`drain.then: immediate` cuts sessions off after {}, and the plan has no window in which that is announced",
                    *window.drain.limit
                ),
                "add `start`, `end` and `time_zone` to `maintenance_window`, or write `then: stop`",
            )
            .at(then.span(), "needs a window with `start` and `end`"),
        );
    }
}

/// An immediate stop drains nothing.
pub(super) fn drain_without_effect(text: &PlanText, _: &Names, findings: &mut Findings) {
    let window = &text.maintenance_window;
    if *window.mode != Mode::Immediate {
        return;
    }
    let (limit, then): (&Spanned<Length>, _) = (&window.drain.limit, &window.drain.then);
    let place = match (written(limit), written(then)) {
        (true, _) => limit.span(),
        (false, true) => then.span(),
        (false, false) => return,
    };
    findings.push(
        Finding::new(
            Code::DrainNoEffect,
            "`maintenance_window.drain` means nothing with `mode: immediate`: nobody waits for sessions to end",
            "remove `drain`, or write `mode: graceful`",
        )
        .at(place, "has no effect")
        .at(window.mode.span(), "stops at once"),
    );
}
