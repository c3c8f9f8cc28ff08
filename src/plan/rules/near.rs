//! "Did you mean", for names that people number.

use crate::document;

/// The candidate that `name` is most likely a misspelling of, if no other is as near. Among `fe01` to `fe09` none is
/// nearer to `fe00` than the others, and a guess would be worse than silence.
pub(super) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let candidates: Vec<_> = candidates.into_iter().collect();
    // Of equally near ones the first is given: from both ends it is the same one only when it is alone.
    let first = document::nearest(name, candidates.iter().copied())?;
    let last = document::nearest(name, candidates.iter().rev().copied())?;
    (first == last).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_its_name() {
        assert_eq!(
            nearest("fe01.contso.com", ["fe02.contoso.com", "fe01.contoso.com"]),
            Some("fe01.contoso.com")
        );
        assert_eq!(nearest("Europe/Beriln", ["Europe/Berlin", "Europe/Paris"]), Some("Europe/Berlin"));
        assert_eq!(nearest("ud-1", ["UD1", "UD2"]), Some("UD1"));
    }

    #[test]
    fn between_equals_there_is_no_guess() {
        assert_eq!(nearest("fe00", ["fe01", "fe02", "fe03"]), None);
        assert_eq!(nearest("UD9", ["UD1", "UD2"]), None);
    }
}
