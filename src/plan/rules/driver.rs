//! The simulated pool: numbers it can be built with.

use super::{Names, count};
use crate::document::{Code, Finding, Findings};
use crate::plan::written::{DriverText, PlanText};

/// The fastest that simulated time runs: a day in a second.
const FASTEST: u32 = 100_000;
/// More spread than this would make some durations vanish.
const WIDEST: u8 = 90;

/// Speed, spread and the number of upgraded front ends of the simulated pool.
pub(super) fn simulated(text: &PlanText, names: &Names, findings: &mut Findings) {
    let Some(DriverText::Simulated(simulated)) = &text.driver else { return };
    let (speed, spread, upgraded) = (&simulated.speed, &simulated.spread, &simulated.upgraded);
    if !(1..=FASTEST).contains(&**speed) {
        let why = if **speed == 0 { "its time would stand still" } else { "faster than it can be followed" };
        findings.push(
            Finding::new(
                Code::SpeedOutOfRange,
                format!("`driver.simulated.speed` is {}: {why}", **speed),
                format!("write how many seconds pass in one of ours, 1 to {FASTEST}"),
            )
            .at(speed.span(), format!("not in 1 to {FASTEST}")),
        );
    }
    if **spread > WIDEST {
        findings.push(
            Finding::new(
                Code::SpreadOutOfRange,
                format!("`driver.simulated.spread` is {} percent; {WIDEST} is the most", **spread),
                format!("write by how many percent durations vary, 0 to {WIDEST}"),
            )
            .at(spread.span(), format!("above {WIDEST}")),
        );
    }
    let front_ends = names.front_ends();
    if usize::from(**upgraded) > front_ends && front_ends > 0 {
        findings.push(
            Finding::new(
                Code::UpgradedTooMany,
                format!(
                    "`driver.simulated.upgraded` is {}, and the pool has {}",
                    **upgraded,
                    count(front_ends, "front end")
                ),
                format!("write 0 to {front_ends}: how many are already at the planned version"),
            )
            .at(upgraded.span(), "more than the pool has")
            .at(text.pool.fqdn.span(), format!("has {}", count(front_ends, "front end"))),
        );
    }
}
