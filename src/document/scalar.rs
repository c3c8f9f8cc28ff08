//! What a plain scalar means: the core schema of YAML 1.2, less what readers of YAML disagree on.
//!
//! `yes`, `no`, `on`, `off`, `12:30` and `1_000` are text here, as YAML 1.2 has it. Whole numbers with a
//! leading zero are refused: YAML 1.1 reads `010` as eight, 1.2 as ten. Infinity and not-a-number are refused
//! too: JSON, and so the schema, has no word for them.

use super::code::Code;
use super::tree::Value;

/// The value of a plain scalar, or why it has none.
///
/// # Errors
///
/// The code of the finding to make: [`Code::NumberTooLarge`], [`Code::NumberNotFinite`] or
/// [`Code::NumberAmbiguous`].
pub(super) fn resolve(text: &str) -> Result<Value, Code> {
    let value = match text.as_bytes().first() {
        None | Some(b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F') => match text {
            "" | "~" | "null" | "Null" | "NULL" => Some(Value::Null),
            "true" | "True" | "TRUE" => Some(Value::Bool(true)),
            "false" | "False" | "FALSE" => Some(Value::Bool(false)),
            _ => None,
        },
        Some(b'0'..=b'9' | b'+' | b'-' | b'.') => number(text)?,
        Some(_) => None,
    };
    Ok(value.unwrap_or_else(|| Value::String(text.into())))
}

/// The number a text writes; `None` when it is not a number.
fn number(text: &str) -> Result<Option<Value>, Code> {
    if let Some(digits) = text.strip_prefix("0x") {
        return based(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return based(digits, 8);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Err(Code::NumberNotFinite);
    }
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        if unsigned.len() > 1 && unsigned.starts_with('0') {
            return Err(Code::NumberAmbiguous);
        }
        return text.parse().map(|number| Some(Value::Integer(number))).map_err(|_| Code::NumberTooLarge);
    }
    if !is_float(unsigned) {
        return Ok(None);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Some(Value::Float(number))),
        _ => Err(Code::NumberTooLarge),
    }
}

/// A whole number behind `0x` or `0o`.
fn based(digits: &str, radix: u32) -> Result<Option<Value>, Code> {
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Ok(None);
    }
    i64::from_str_radix(digits, radix)
        .map(|number| Some(Value::Integer(number)))
        .map_err(|_| Code::NumberTooLarge)
}

/// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`, as the core schema says, sign taken off.
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty()) && exponent_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_schema_is_followed() {
        let cases = [
            ("", Value::Null),
            ("~", Value::Null),
            ("NULL", Value::Null),
            ("True", Value::Bool(true)),
            ("FALSE", Value::Bool(false)),
            ("0", Value::Integer(0)),
            ("-0", Value::Integer(0)),
            ("+12", Value::Integer(12)),
            ("-9223372036854775808", Value::Integer(i64::MIN)),
            ("0o17", Value::Integer(15)),
            ("0xfF", Value::Integer(255)),
            ("1.", Value::Float(1.0)),
            (".5", Value::Float(0.5)),
            ("-.5e1", Value::Float(-5.0)),
            ("12e03", Value::Float(12000.0)),
            ("5.0", Value::Float(5.0)),
        ];
        for (text, value) in cases {
            assert_eq!(resolve(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn traps_of_yaml_1_1_and_near_numbers_are_text() {
        let texts = [
            "yes",
            "no",
            "on",
            "off",
            "y",
            "N",
            "tRUE",
            "nUll",
            "nil",
            "12:30",
            "190:20:30",
            "1_000",
            "0b1",
            "-0x1",
            "0x",
            "0o8",
            "0xg",
            "+",
            "-",
            ".",
            "..",
            "1.2.3",
            "1e",
            "e1",
            ".e1",
            "1e+",
            "--1",
            "+-1",
            "1 ",
            "٣",
            "2026-01-01",
            "inf",
            "nan",
            "-.nan",
            "0x-1",
            "0x+1",
            "infinity",
            "10m",
            ".inF",
        ];
        for text in texts {
            assert_eq!(resolve(text), Ok(Value::String(text.into())), "{text}");
        }
    }

    #[test]
    fn numbers_that_cannot_be_held_or_that_mislead_are_refused() {
        for text in ["9223372036854775808", "-9223372036854775809", "0xffffffffffffffff", "1e999", "-1e999"] {
            assert_eq!(resolve(text), Err(Code::NumberTooLarge), "{text}");
        }
        for text in [".inf", "-.INF", "+.Inf", ".nan", ".NaN"] {
            assert_eq!(resolve(text), Err(Code::NumberNotFinite), "{text}");
        }
        for text in ["010", "00", "-007", "+08"] {
            assert_eq!(resolve(text), Err(Code::NumberAmbiguous), "{text}");
        }
    }
}
