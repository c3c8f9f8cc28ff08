//! What varies. There is no state to advance: the length of each thing that happens is a function of the seed and of
//! what it is (the fourth start of this front end), so it does not depend on the order in which others were begun,
//! and a run that was killed and resumed finds the same pool.

/// The increment of SplitMix64: 2^64 divided by the golden ratio, made odd.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// What it is whose length varies.
#[derive(Clone, Copy)]
pub(super) enum Occasion {
    Drain,
    Stop,
    Perform { place: u16 },
    Restart,
    Start,
    Rebuild,
    FailOver,
    FailBack,
    Databases,
}

impl Occasion {
    fn number(self) -> u64 {
        match self {
            Occasion::Drain => 1,
            Occasion::Stop => 2,
            Occasion::Restart => 3,
            Occasion::Start => 4,
            Occasion::Rebuild => 5,
            Occasion::FailOver => 6,
            Occasion::FailBack => 7,
            Occasion::Databases => 8,
            Occasion::Perform { place } => 16 + u64::from(place),
        }
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every bit of the input moves every bit of the output.
fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// `expected` milliseconds, varied by up to `spread` percent either way. `front_end` and `nth` tell one occasion from
/// the next.
pub(super) fn varied(seed: u64, spread: u8, expected: u64, what: Occasion, front_end: u16, nth: u64) -> u64 {
    if spread == 0 || expected == 0 {
        return expected;
    }
    let key = (what.number() << 48) ^ (u64::from(front_end) << 32) ^ nth;
    let drawn = mixed(mixed(seed.wrapping_add(GOLDEN)).wrapping_add(key.wrapping_mul(GOLDEN)));
    let reach = expected / 100 * u64::from(spread) + expected % 100 * u64::from(spread) / 100;
    let width = reach.saturating_mul(2).saturating_add(1);
    expected.saturating_sub(reach).saturating_add(drawn % width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_within_the_spread_and_uses_it() {
        let lengths: Vec<_> = (0..2000).map(|nth| varied(7, 20, 10_000, Occasion::Start, 3, nth)).collect();
        assert!(lengths.iter().all(|length| (8_000..=12_000).contains(length)));
        assert!(
            lengths.iter().any(|length| *length < 8_200) && lengths.iter().any(|length| *length > 11_800)
        );
        let mean = lengths.iter().sum::<u64>() / 2000;
        assert!((9_900..=10_100).contains(&mean), "{mean}");
    }

    #[test]
    fn without_a_spread_it_is_what_is_expected_and_seeds_differ() {
        assert_eq!(varied(7, 0, 10_000, Occasion::Drain, 0, 0), 10_000);
        let of = |seed| varied(seed, 50, 1_000_000, Occasion::Drain, 0, 0);
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn nothing_overflows() {
        varied(u64::MAX, 90, u64::MAX, Occasion::Perform { place: 149 }, u16::MAX, u64::MAX);
    }
}
