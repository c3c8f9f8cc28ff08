//! Time zones and local times: IANA names, and what daylight saving time does to the clock.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, Unit};

use super::near;
use crate::document::{Code, Finding, Spanned};

/// The zone of an IANA name, from the bundled database: the machine's own may be older, newer or missing.
pub(super) fn zone(name: &Spanned<String>) -> Result<TimeZone, Finding> {
    let database = TimeZoneDatabase::bundled();
    match database.get(name) {
        Ok(zone) if !zone.is_unknown() => Ok(zone),
        _ => Err(unknown(name, &database)),
    }
}

fn unknown(name: &Spanned<String>, database: &TimeZoneDatabase) -> Finding {
    let windows = WINDOWS_NAMES.iter().find(|(windows, _)| windows.eq_ignore_ascii_case(name));
    let help = if let Some((_, iana)) = windows {
        format!("that is the name Windows uses; write the IANA name `{iana}`")
    } else if is_offset(name) {
        "an offset is not enough, daylight saving time changes it; write an IANA name such as `Europe/Berlin`, or `UTC`"
            .to_owned()
    } else {
        let known: Vec<_> = database
            .available()
            .map(|known| known.to_string())
            .filter(|known| !known.starts_with("Etc/GMT"))
            .collect();
        let city = known.iter().find(|known| known.rsplit('/').next().is_some_and(|city| same(city, name)));
        let meant =
            city.map(String::as_str).or_else(|| near::nearest(name, known.iter().map(String::as_str)));
        match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "write an IANA name, a region and a city, such as `Europe/Berlin`, or `UTC`".to_owned(),
        }
    };
    let message = format!("time zone `{}` is not known", name.escape_debug());
    Finding::new(Code::TimeZoneUnknown, message, help).at(name.span(), "no IANA time zone")
}

/// `+01:00`, `UTC+1`, `GMT-5`. Never guessed: the names `Etc/GMT+1` count the other way round.
fn is_offset(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let rest = upper.strip_prefix("UTC").or(upper.strip_prefix("GMT")).unwrap_or(&upper);
    rest.trim_start().starts_with(['+', '-'])
}

/// `New York` is the city of `America/New_York`.
fn same(city: &str, name: &str) -> bool {
    city.replace('_', " ").eq_ignore_ascii_case(&name.replace('_', " "))
}

/// What Windows calls the zones in which most pools stand.
const WINDOWS_NAMES: [(&str, &str); 24] = [
    ("Pacific Standard Time", "America/Los_Angeles"),
    ("Mountain Standard Time", "America/Denver"),
    ("Central Standard Time", "America/Chicago"),
    ("Eastern Standard Time", "America/New_York"),
    ("Atlantic Standard Time", "America/Halifax"),
    ("E. South America Standard Time", "America/Sao_Paulo"),
    ("GMT Standard Time", "Europe/London"),
    ("W. Europe Standard Time", "Europe/Berlin"),
    ("Romance Standard Time", "Europe/Paris"),
    ("Central Europe Standard Time", "Europe/Budapest"),
    ("Central European Standard Time", "Europe/Warsaw"),
    ("E. Europe Standard Time", "Europe/Chisinau"),
    ("FLE Standard Time", "Europe/Kyiv"),
    ("GTB Standard Time", "Europe/Bucharest"),
    ("Turkey Standard Time", "Europe/Istanbul"),
    ("Russian Standard Time", "Europe/Moscow"),
    ("Israel Standard Time", "Asia/Jerusalem"),
    ("South Africa Standard Time", "Africa/Johannesburg"),
    ("Arabian Standard Time", "Asia/Dubai"),
    ("India Standard Time", "Asia/Kolkata"),
    ("China Standard Time", "Asia/Shanghai"),
    ("Singapore Standard Time", "Asia/Singapore"),
    ("Tokyo Standard Time", "Asia/Tokyo"),
    ("AUS Eastern Standard Time", "Australia/Sydney"),
];

/// A local date and time: `2026-12-05T22:00`, seconds if need be.
pub(super) fn local(key: &str, written: &Spanned<String>) -> Result<DateTime, Finding> {
    let malformed = |what: &str, help: &str| {
        Finding::new(
            Code::WindowTimeMalformed,
            format!("`{key}` is `{}`, {what}", written.escape_debug()),
            help.to_owned(),
        )
        .at(written.span(), "no local date and time")
    };
    const SHAPE: &str = "write year, month, day, hour and minute as in `2026-12-05T22:00`";
    let shape: String = written.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    if !matches!(shape.as_str(), "0000-00-00T00:00" | "0000-00-00T00:00:00") {
        let offset = shape.starts_with("0000-00-00T00:00") && shape.ends_with(['Z', '0']);
        return Err(if offset {
            malformed("with an offset", "leave the offset out: `time_zone` says where the time is local")
        } else if matches!(shape.as_str(), "0000-00-00 00:00" | "0000-00-00 00:00:00") {
            malformed("without the `T`", &format!("write `{}`", written.replacen(' ', "T", 1)))
        } else if shape == "0000-00-00" {
            malformed(
                "a date without a time",
                &format!("write `{}T00:00` if you mean its first minute", **written),
            )
        } else {
            malformed("which is no date and time", SHAPE)
        });
    }
    if written.get(11..13) == Some("24") {
        return Err(malformed("and a day has no hour 24", "write `00:00` of the next day"));
    }
    // The parser takes second 60 for 59.
    let leap = written.get(17..19) == Some("60");
    written
        .parse()
        .ok()
        .filter(|_| !leap)
        .ok_or_else(|| malformed("which does not exist", "check month, day and hour"))
}

/// The instant of a local time; an error where daylight saving time leaves it out or repeats it. Guessing one of the
/// two readings would start or end the work an hour off.
pub(super) fn instant(
    key: &str,
    written: &Spanned<String>,
    local: DateTime,
    zone: &TimeZone,
    zone_name: &Spanned<String>,
) -> Result<Timestamp, Finding> {
    let reading = zone.to_ambiguous_timestamp(local);
    let finding = match reading.offset() {
        AmbiguousOffset::Unambiguous { .. } => {
            return reading.compatible().map_err(|_| out_of_range(key, written));
        }
        AmbiguousOffset::Gap { before, after } => {
            let (Ok(first), Ok(second)) = (reading.earlier(), reading.later()) else {
                return Err(out_of_range(key, written));
            };
            let at = |instant: Timestamp| clock(zone.to_datetime(instant));
            Finding::new(
                Code::WindowTimeSkipped,
                format!(
                    "`{key}` is `{}`, which the clocks of `{zone_name}` skip: they change from UTC{before} to UTC{after}",
                    **written,
                    zone_name = **zone_name,
                ),
                format!(
                    "write the time before the change, `{}`, or the one after it, `{}`",
                    at(first.min(second)),
                    at(first.max(second)),
                ),
            )
            .at(written.span(), "this local time does not exist")
        }
        AmbiguousOffset::Fold { before, after } => {
            let (Ok(first), Ok(second)) = (reading.earlier(), reading.later()) else {
                return Err(out_of_range(key, written));
            };
            let utc = |instant: Timestamp| clock(TimeZone::UTC.to_datetime(instant));
            Finding::new(
                Code::WindowTimeRepeated,
                format!(
                    "`{key}` is `{}`, which the clocks of `{zone_name}` show twice: they change from UTC{before} to UTC{after}",
                    **written,
                    zone_name = **zone_name,
                ),
                format!(
                    "move it out of the repeated hour, or write the window in `time_zone: UTC`, where the first is `{}` and \
                     the second `{}`",
                    utc(first),
                    utc(second),
                ),
            )
            .at(written.span(), "this local time exists twice")
        }
    };
    Err(finding.at(zone_name.span(), "in this zone"))
}

/// A local time as plans write it.
pub(super) fn clock(local: DateTime) -> String {
    let text = local.round(Unit::Second).unwrap_or(local).to_string();
    match text.strip_suffix(":00") {
        Some(minutes) => minutes.to_owned(),
        None => text,
    }
}

fn out_of_range(key: &str, written: &Spanned<String>) -> Finding {
    Finding::new(
        Code::WindowTimeMalformed,
        format!("`{key}` is `{}`, which is beyond the calendar", **written),
        "check the year",
    )
    .at(written.span(), "too far away")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Span;

    fn spanned(text: &str) -> Spanned<String> {
        Spanned::new(text.to_owned(), Span::new(1, 2))
    }

    #[test]
    fn what_windows_calls_a_zone_leads_to_one_that_exists() {
        for (windows, iana) in WINDOWS_NAMES {
            assert!(zone(&spanned(iana)).is_ok(), "{iana}");
            let finding = zone(&spanned(windows)).unwrap_err();
            assert!(finding.help().contains(iana), "{windows}: {}", finding.help());
        }
    }

    #[test]
    fn a_local_time_has_one_shape() {
        for text in ["2026-12-05T22:00", "2026-12-05T22:00:30", "9999-12-31T23:59"] {
            assert!(local("start", &spanned(text)).is_ok(), "{text}");
        }
        for text in [
            "",
            "2026-12-05T22",
            "2026-12-05t22:00",
            "2026-12-05T22:00:60",
            "2026-02-29T10:00",
            "2026-12-05T22:00Z",
        ] {
            assert!(local("start", &spanned(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn the_ends_of_the_calendar_are_findings() {
        for (text, name) in [("9999-12-31T23:59", "America/Los_Angeles"), ("0000-01-01T00:00", "Asia/Tokyo")]
        {
            let (text, name) = (spanned(text), spanned(name));
            let zone = zone(&name).unwrap();
            // Whether the calendar reaches that far is the library's business; that nothing panics is ours.
            let _ = instant("end", &text, local("end", &text).unwrap(), &zone, &name);
        }
    }

    #[test]
    fn instants_are_those_of_the_zone() {
        let (text, name) = (spanned("2026-12-05T22:00"), spanned("europe/berlin"));
        let berlin = zone(&name).unwrap();
        let found = instant("start", &text, local("start", &text).unwrap(), &berlin, &name).unwrap();
        assert_eq!(found.to_string(), "2026-12-05T21:00:00Z");
        assert_eq!(berlin.iana_name(), Some("Europe/Berlin"));
    }
}
