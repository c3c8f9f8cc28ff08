//! Lengths of time as plans write them: `10m`, `1h30m`, `45s`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A length of time: whole numbers, each with its unit, from `d` down to `ms`, each unit at most once.
///
/// ```
/// use poolroll::plan::Length;
/// let length: Length = "1h30m".parse().unwrap();
/// assert_eq!(length.get().as_secs(), 5400);
/// assert_eq!(length.to_string(), "1h30m");
/// assert!("90".parse::<Length>().is_err(), "a number alone has no unit");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Length(Duration);

/// The pattern that [`Length`] accepts, for the schema; a test holds the two together.
pub const LENGTH_PATTERN: &str =
    "^(?=[0-9])([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?([0-9]{1,9}ms)?$";

/// Units in the order in which they may be written, with their milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Length {
    pub const fn secs(secs: u64) -> Self {
        Length(Duration::from_secs(secs))
    }

    pub const fn mins(mins: u64) -> Self {
        Length(Duration::from_secs(mins * 60))
    }

    pub const fn get(self) -> Duration {
        self.0
    }

    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
    }
}

impl From<Duration> for Length {
    fn from(duration: Duration) -> Self {
        Length(duration)
    }
}

/// The text is no length of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a length of time: write whole numbers with units, such as `10m`, `1h30m` or `45s`")]
pub struct NotALength;

impl FromStr for Length {
    type Err = NotALength;

    fn from_str(text: &str) -> Result<Self, NotALength> {
        let mut rest = text;
        let mut millis: u64 = 0;
        let mut next_unit = 0;
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            if digits == 0 || digits > 9 {
                return Err(NotALength);
            }
            let number: u64 = rest[..digits].parse().map_err(|_| NotALength)?;
            rest = &rest[digits..];
            let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
            let unit = &rest[..letters];
            let place =
                UNITS[next_unit..].iter().position(|(name, _)| *name == unit).ok_or(NotALength)? + next_unit;
            millis += number * UNITS[place].1;
            next_unit = place + 1;
            rest = &rest[letters..];
        }
        if next_unit == 0 { Err(NotALength) } else { Ok(Length(Duration::from_millis(millis))) }
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut millis = self.0.as_millis();
        if millis == 0 {
            return f.write_str("0s");
        }
        for (unit, size) in UNITS {
            let count = millis / u128::from(size);
            if count > 0 {
                write!(f, "{count}{unit}")?;
                millis %= u128::from(size);
            }
        }
        Ok(())
    }
}

impl Serialize for Length {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Length;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a length of time such as `10m`")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Length, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl schemars::JsonSchema for Length {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Length".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": LENGTH_PATTERN,
            "x-form": "whole numbers with their units (`d`, `h`, `m`, `s`, `ms`), such as `90m` or `1h30m`",
            "examples": ["10m", "1h30m", "45s"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_the_same() {
        for text in ["10m", "1h30m", "45s", "1d2h3m4s5ms", "250ms", "0s"] {
            assert_eq!(text.parse::<Length>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_what_has_no_unit_or_a_wrong_order() {
        for text in ["", "10", "m", "10m1h", "10m10m", "-5m", "1.5h", "10 m", "1w", "10M", "1234567890s"] {
            assert_eq!(text.parse::<Length>(), Err(NotALength), "{text}");
        }
    }
}
