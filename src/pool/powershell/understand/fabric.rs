//! The state of the fabric: a text without a public layout, so it is compared and never read.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

/// How many lines that differ are shown.
const SHOWN: usize = 6;

/// The text of a fabric's state without what changes by itself: white space, and readings of a clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fabric(Vec<String>);

/// Understands the answer of the script.
///
/// # Errors
///
/// It says nothing: an empty text is the same as an empty text, and that would be no proof.
pub fn read(answer: &Value) -> Result<Fabric, String> {
    let lines = super::list(&answer["lines"]).into_iter().filter_map(Value::as_str);
    let lines: Vec<String> = lines.map(normalised).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return Err("the state of the fabric is empty".into());
    }
    Ok(Fabric(lines))
}

impl Fabric {
    /// The lines in which a later state differs, as they are shown; none where the two are the same.
    pub fn moved_to(&self, later: &Fabric) -> Option<String> {
        if self == later {
            return None;
        }
        let old: Vec<&str> = self.0.iter().map(String::as_str).collect();
        let new: Vec<&str> = later.0.iter().map(String::as_str).collect();
        let diff = TextDiff::from_slices(&old, &new);
        let changed = diff.iter_all_changes().filter_map(|change| match change.tag() {
            ChangeTag::Equal => None,
            ChangeTag::Delete => Some(format!("- {}", change.value())),
            ChangeTag::Insert => Some(format!("+ {}", change.value())),
        });
        let mut changed: Vec<String> = changed.collect();
        let more = changed.len().saturating_sub(SHOWN);
        changed.truncate(SHOWN);
        if more > 0 {
            changed.push(format!("and {more} more"));
        }
        Some(changed.join("; "))
    }
}

/// A line with single spaces, and with `…` for each reading of a clock.
fn normalised(line: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in line.split_whitespace() {
        let half_of_a_day = matches!(word.to_ascii_uppercase().as_str(), "AM" | "PM");
        if half_of_a_day && words.last() == Some(&CLOCK) {
            continue;
        }
        words.push(if is_of_a_clock(word) { CLOCK } else { word });
    }
    words.join(" ")
}

/// What stands for a date, a time or a length of time.
const CLOCK: &str = "…";

/// Whether a word is a date, a time, or both: `11/26/2026`, `2026-11-26T03:04:05.6Z`, `1.03:04:05`. A number alone is none, nor is an address:
/// they may say who is a primary.
fn is_of_a_clock(word: &str) -> bool {
    let word = word.trim_matches(|c: char| matches!(c, '(' | ')' | '[' | ']' | ',' | ';'));
    match word.split_once('T') {
        Some((date, time)) => is_date(date) && is_time(time),
        None => is_date(word) || is_time(word),
    }
}

fn are_digits(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Three numbers, the first or the last a year.
fn is_date(word: &str) -> bool {
    ['/', '-', '.'].iter().any(|separator| {
        let pieces: Vec<&str> = word.split(*separator).collect();
        let [first, second, third] = pieces[..] else { return false };
        let year_first = are_digits(first, 4..=4) && are_digits(third, 1..=2);
        let year_last = are_digits(first, 1..=2) && are_digits(third, 4..=4);
        are_digits(second, 1..=2) && (year_first || year_last)
    })
}

/// Hours, minutes and perhaps seconds and their fraction; days before a dot, as .NET writes a length of time.
fn is_time(word: &str) -> bool {
    let word = word.split(['Z', '+']).next().unwrap_or(word);
    let mut pieces: Vec<&str> = word.split(':').collect();
    let fraction = pieces.pop().map(|last| last.split_once('.').unwrap_or((last, "0")));
    let days = pieces.first().and_then(|first| first.split_once('.'));
    if let Some((_, hours)) = days.filter(|(days, _)| are_digits(days, 1..=5)) {
        pieces[0] = hours;
    }
    let ends = fraction.is_some_and(|(last, part)| are_digits(last, 2..=2) && are_digits(part, 1..=9));
    ends && (1..=2).contains(&pieces.len()) && pieces.iter().all(|piece| are_digits(piece, 1..=2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fabric(lines: &[&str]) -> Fabric {
        read(&json!({ "lines": lines })).unwrap()
    }

    #[test]
    fn what_a_clock_says_is_no_change() {
        let one = fabric(&["Report of 11/26/2026 3:04:05 AM", "", "  Group 1:   primary fe01 (10.0.0.1)  "]);
        let other = fabric(&["Report of 11/26/2026 12:04:05 PM\r", "Group 1: primary fe01 (10.0.0.1)"]);
        assert_eq!(one.moved_to(&other), None);
        for clock in [
            "2026-11-26T03:04:05.1234567Z",
            "03:04",
            "26.11.2026",
            "(00:00:01.5)",
            "1.02:03:04",
            "2026-11-26",
        ] {
            assert!(is_of_a_clock(clock), "{clock}");
        }
    }

    #[test]
    fn a_primary_elsewhere_is_a_change_and_is_shown() {
        let one = fabric(&["Group 1: primary fe01", "Group 2: primary fe02", "Total 2"]);
        let other = fabric(&["Group 1: primary fe02", "Group 2: primary fe01", "Total 2"]);
        let shown = one.moved_to(&other).unwrap();
        assert!(shown.contains("- Group 1: primary fe01"), "{shown}");
        assert!(shown.contains("+ Group 2: primary fe01"), "{shown}");
        assert!(!shown.contains("Total"), "{shown}");
        for word in [
            "fe01:5061",
            "10.0.0.1:5061",
            "7",
            "12345",
            "A-1",
            "1-2",
            "00-0c-29-aa",
            "fe01/1",
            "1/2",
            "10.0.1",
        ] {
            assert!(!is_of_a_clock(word), "{word}");
        }
    }

    #[test]
    fn many_differences_are_counted_and_an_empty_text_is_none() {
        let many: Vec<String> = (0..40).map(|n| format!("group {n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let shown = fabric(&["nothing"]).moved_to(&fabric(&many)).unwrap();
        assert!(shown.ends_with("and 35 more"), "{shown}");
        assert!(read(&json!({ "lines": ["", " \r"] })).is_err());
        assert!(read(&json!({})).is_err());
    }
}
