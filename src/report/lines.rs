//! Small pieces of text that several formats share.

use std::time::Duration;

use crate::plan::Length;

/// `1 file`, `3 files`.
pub fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// A large number as people read it: `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A length as people read it: at most its two largest units, so `1h5m` and not `1h5m12s300ms`.
pub fn rough(length: Duration) -> String {
    let seconds = length.as_secs();
    let unit = match seconds {
        0..3_600 => 1,
        3_600..86_400 => 60,
        _ => 3_600,
    };
    Length::from(Duration::from_secs(seconds / unit * unit)).to_string()
}

/// `first`, `second`, `third`, then `4th`.
pub fn ordinal(number: u8) -> String {
    match number {
        1 => "first".to_owned(),
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        _ if matches!(number % 100, 11..=13) => format!("{number}th"),
        _ => match number % 10 {
            1 => format!("{number}st"),
            2 => format!("{number}nd"),
            3 => format!("{number}rd"),
            _ => format!("{number}th"),
        },
    }
}

/// A list in a sentence: `a, b and c`.
pub fn listed(items: &[impl AsRef<str>], last: &str) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [rest @ .., end] => {
            let rest: Vec<&str> = rest.iter().map(AsRef::as_ref).collect();
            format!("{} {last} {}", rest.join(", "), end.as_ref())
        }
    }
}

/// The first label of a name: what people call a server among themselves.
pub fn short(fqdn: &str) -> &str {
    fqdn.split('.').next().filter(|label| !label.is_empty()).unwrap_or(fqdn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_rough() {
        let of = |secs, millis: u32| rough(Duration::new(secs, millis * 1_000_000));
        assert_eq!(of(0, 300), "0s");
        assert_eq!(of(59, 999), "59s");
        assert_eq!(of(129, 0), "2m9s");
        assert_eq!(of(3_725, 0), "1h2m");
        assert_eq!(of(90_061, 0), "1d1h");
    }

    #[test]
    fn words_for_numbers_and_lists() {
        let ordinals: Vec<String> = [1, 2, 3, 4, 11, 12, 13, 21, 22, 111].map(ordinal).into();
        assert_eq!(ordinals.join(" "), "first second third 4th 11th 12th 13th 21st 22nd 111th");
        assert_eq!(counted(1, "file"), "1 file");
        assert_eq!([7, 700, 7_000, 1_234_567].map(grouped).join(" "), "7 700 7,000 1,234,567");
        assert_eq!(counted(0, "file"), "0 files");
        assert_eq!(listed(&["a", "b", "c"], "or"), "a, b or c");
        assert_eq!(listed(&["a"], "or"), "a");
        assert_eq!(listed(&[] as &[&str], "or"), "");
        assert_eq!(short("fe01.contoso.com"), "fe01");
        assert_eq!(short(".odd"), ".odd");
    }
}
