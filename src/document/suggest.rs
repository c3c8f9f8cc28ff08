//! "Did you mean": the name nearest to one that is not known.

/// Names longer than this are not compared; the cost grows with the square.
const LONGEST: usize = 128;

/// The candidate that `name` is most likely a misspelling of; `None` when none is near.
///
/// Upper and lower case and `-` and `_` count as the same. Near means: up to a third of the name's characters,
/// and at least one, mistyped, left out, added or swapped with its neighbour. Of equally near ones the first.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = folded(name);
    if name.is_empty() || name.len() > LONGEST {
        return None;
    }
    let limit = (name.len() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let other = folded(candidate);
        // The difference in length is a lower bound of the distance, and much cheaper.
        if other.len().abs_diff(name.len()) > limit {
            continue;
        }
        let distance = distance(&name, &other);
        // All characters replaced is another word, not a misspelling.
        let near = distance <= limit && distance < name.len().max(other.len());
        if near && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// `did you mean `x`?`, or the names that are allowed, or nothing to choose from.
pub(super) fn help(name: &str, allowed: &[&str]) -> String {
    match nearest(name, allowed.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if allowed.is_empty() => "delete it".to_owned(),
        None => format!("write {}", one_of(allowed)),
    }
}

/// `` `a` ``, or `` one of `a`, `b` ``; at most a dozen names.
pub(super) fn one_of(names: &[&str]) -> String {
    const SHOWN: usize = 12;
    let list: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > SHOWN { ", …" } else { "" };
    match names.len() {
        1 => list.concat(),
        _ => format!("one of {}{more}", list.join(", ")),
    }
}

fn folded(name: &str) -> Vec<char> {
    name.chars().flat_map(char::to_lowercase).map(|c| if c == '-' { '_' } else { c }).collect()
}

/// The optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, &y) in b.iter().enumerate() {
            let replaced = above[j] + usize::from(x != y);
            let mut least = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspellings_find_their_name() {
        let names = ["front_ends", "upgrade_domains", "pool", "partner", "soak"];
        let cases = [
            ("front_end", Some("front_ends")),
            ("frontends", Some("front_ends")),
            ("Front-Ends", Some("front_ends")),
            ("upgrade_domian", Some("upgrade_domains")),
            ("paul", None),
            ("pol", Some("pool")),
            ("soka", Some("soak")),
            ("x", None),
            ("", None),
        ];
        for (name, expected) in cases {
            assert_eq!(nearest(name, names), expected, "{name}");
        }
    }

    #[test]
    fn the_nearest_wins_and_then_the_first() {
        assert_eq!(nearest("fe12", ["fe01", "fe11", "fe13"]), Some("fe11"));
        assert_eq!(nearest("a", ["b"]), None);
        assert_eq!(nearest(&"x".repeat(LONGEST + 1), ["x"]), None);
    }

    #[test]
    fn distances_are_right() {
        let count = |a: &str, b: &str| distance(&folded(a), &folded(b));
        assert_eq!(count("", "abc"), 3);
        assert_eq!(count("kitten", "sitting"), 3);
        assert_eq!(count("ab", "ba"), 1);
        assert_eq!(count("abcd", "acbd"), 1);
        assert_eq!(count("same", "same"), 0);
    }

    #[test]
    fn help_lists_names_when_none_is_near() {
        assert_eq!(help("pol", &["pool"]), "did you mean `pool`?");
        assert_eq!(help("zzz", &["pool"]), "write `pool`");
        assert_eq!(help("zzz", &["pool", "soak"]), "write one of `pool`, `soak`");
        assert_eq!(help("zzz", &[]), "delete it");
        let many: Vec<String> = (0..20).map(|n| format!("name{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(help("zzz", &many).ends_with("`name11`, …"));
    }
}
