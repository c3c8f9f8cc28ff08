//! The name of a run: when it began, what for, and a tag that keeps two of the same second apart.

use super::tag;
use jiff::Timestamp;
use std::fmt;

/// How much of the name of a plan or pool goes into an id, in bytes.
const MAX_SLUG: usize = 24;

/// `20261205-220003-contoso-k3f9`: ids sort as their runs began, to the second, in UTC.
///
/// Only lower-case letters, digits and single hyphens: a safe file name on every system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

impl RunId {
    /// A new id for a run of the plan or pool `name` that begins `now`.
    pub fn new(now: Timestamp, name: &str) -> Self {
        let time = now.strftime("%Y%m%d-%H%M%S");
        Self(format!("{time}-{}-{}", slug(name), tag::random(4)))
    }

    /// The id that `text` is, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |from: usize, to: usize| {
            text.get(from..to).is_some_and(|part| part.bytes().all(|b| b.is_ascii_digit()))
        };
        let dated =
            digits(0, 8) && digits(9, 15) && [8, 15].iter().all(|&at| text.as_bytes().get(at) == Some(&b'-'));
        let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        (dated && plain && text.len() > 16 && text.len() <= 100).then(|| Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The first label of a name, in the letters of an id: `Pool01.contoso.com` becomes `pool01`.
fn slug(name: &str) -> String {
    let label =
        name.split('.').find(|label| label.bytes().any(|b| b.is_ascii_alphanumeric())).unwrap_or("run");
    let mut slug = String::new();
    for letter in label.chars() {
        match letter.to_ascii_lowercase() {
            letter if letter.is_ascii_alphanumeric() => slug.push(letter),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
        if slug.len() == MAX_SLUG {
            break;
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_as_documented_and_parses_back() {
        let id = RunId::new("2026-12-05T22:00:03Z".parse().unwrap(), "Contoso.com");
        assert_eq!(id.as_str().len(), "20261205-220003-contoso-k3f9".len());
        assert!(id.as_str().starts_with("20261205-220003-contoso-"), "{id}");
        assert_eq!(RunId::parse(id.as_str()), Some(id));
    }

    #[test]
    fn ids_sort_as_time_does() {
        let mut now: Timestamp = "1999-12-31T23:59:58Z".parse().unwrap();
        let mut last = RunId::new(now, "z");
        for seconds in [1, 1, 59, 3600, 86_400, 40 * 86_400, 400_000_000, 1_000_000_000] {
            now += jiff::SignedDuration::from_secs(seconds);
            let next = RunId::new(now, "a");
            assert!(last < next, "{last} is not before {next}");
            last = next;
        }
    }

    #[test]
    fn a_slug_is_short_and_plain() {
        for (name, expected) in [
            ("Pool01.contoso.com", "pool01"),
            ("upgrade to CU 14!", "upgrade-to-cu-14"),
            ("--..--", "run"),
            ("", "run"),
            ("Überfall", "berfall"),
            ("a/../../b", "a"),
            ("abcdefghijklmnopqrstuvwx-yz", "abcdefghijklmnopqrstuvwx"),
            ("abcdefghijklmnopqrstuvw--yz", "abcdefghijklmnopqrstuvw"),
        ] {
            assert_eq!(slug(name), expected, "{name}");
            assert!(RunId::parse(RunId::new(Timestamp::UNIX_EPOCH, name).as_str()).is_some());
        }
    }

    #[test]
    fn what_is_no_id_does_not_parse() {
        let long = format!("20261205-220003-{}", "a".repeat(100));
        for text in [
            "",
            ".",
            "..",
            "20261205-220003-",
            "20261205-220003-../x",
            "2026120é-220003-a",
            "20261205_220003-a",
            &long,
        ] {
            assert_eq!(RunId::parse(text), None, "{text}");
        }
    }
}
