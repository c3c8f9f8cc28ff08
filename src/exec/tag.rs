//! Short random names that people can read aloud and type.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Base 32 without the letters that are taken for digits or for each other (i, l, o, u).
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A random tag of `len` letters, at most 12 of them: five bits of chance each.
///
/// Good enough to keep names apart; no secret. The standard library seeds every hasher from the operating
/// system, so no crate for random numbers is needed.
pub fn random(len: usize) -> String {
    let mut bits = RandomState::new().build_hasher().finish();
    let mut tag = String::with_capacity(len.min(12));
    for _ in 0..len.min(12) {
        tag.push(char::from(LETTERS[(bits & 31) as usize]));
        bits >>= 5;
    }
    tag
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn tags_are_typeable_and_differ() {
        let tags: BTreeSet<String> = (0..1000).map(|_| random(8)).collect();
        assert_eq!(tags.len(), 1000);
        assert!(tags.iter().all(|tag| tag.len() == 8 && tag.bytes().all(|letter| LETTERS.contains(&letter))));
    }
}
