//! Lengths of time, each by itself: not zero where something must be waited for, not absurd, not under Microsoft's.

use super::{Names, written};
use crate::document::{Code, Finding, Findings, Spanned};
use crate::plan::written::PlanText;
use crate::plan::{Length, Product};

/// Longer than this is a slip of the unit: seven days.
pub(super) const LONGEST: Length = Length::mins(7 * 24 * 60);

/// Every length is at most seven days, and more than zero where a zero would mean a limit that is over before it begins,
/// or looks without a pause.
pub(super) fn bounds(text: &PlanText, _: &Names, findings: &mut Findings) {
    each(text, |key, length, zero| {
        if length.is_zero() {
            if let Zero::Never(why) = zero {
                let message = format!("`{key}` is {}: {why}", **length);
                let help = "remove it, and the usual length holds; or write one such as `15m`";
                findings.push(Finding::new(Code::LengthZero, message, help).at(length.span(), "zero"));
            }
        } else if **length > LONGEST {
            let message = format!("`{key}` is {}, longer than 7 days", **length);
            let help = "check the unit: `m` are minutes, `h` hours, `d` days";
            findings.push(
                Finding::new(Code::LengthTooLong, message, help).at(length.span(), "longer than 7 days"),
            );
        }
    });
}

/// What a length of zero means.
enum Zero {
    /// Something sensible: no soak, no pause, nothing expected.
    Fine,
    /// Nothing sensible; the reason completes the message.
    Never(&'static str),
}

/// Calls `visit` with every length of the plan, by its key.
fn each(text: &PlanText, mut visit: impl FnMut(&str, &Spanned<Length>, Zero)) {
    const LIMIT: Zero = Zero::Never("it would be over before it begins");
    const PAUSE: Zero = Zero::Never("the pool would be asked without a pause");
    let (limits, expected, drain) = (&text.limits, &text.expected, &text.maintenance_window.drain);
    visit(
        "maintenance_window.drain.limit",
        &drain.limit,
        Zero::Never(
            "no session could end by itself; an immediate stop is `maintenance_window.mode: immediate`",
        ),
    );
    visit("readiness.interval", &text.readiness.interval, PAUSE);
    visit("readiness.time_limit", &text.readiness.time_limit, LIMIT);
    visit("settle.limit", &text.settle.limit, LIMIT);
    visit("settle.soak", &text.settle.soak, Zero::Fine);
    visit("settle.watch", &text.settle.watch, PAUSE);
    for (key, action) in super::upgrade::actions(text) {
        visit(&format!("{key}.time_limit"), &action.time_limit, LIMIT);
        visit(&format!("{key}.expected"), &action.expected, Zero::Fine);
    }
    if let Some(stay_good) = &text.acceptance.stay_good {
        visit("acceptance.stay_good", stay_good, Zero::Fine);
    }
    visit("acceptance.limit", &text.acceptance.limit, LIMIT);
    visit("acceptance.watch", &text.acceptance.watch, PAUSE);
    visit("limits.observe.time_limit", &limits.observe.time_limit, LIMIT);
    visit("limits.stop.time_limit", &limits.stop.time_limit, LIMIT);
    visit("limits.restart.time_limit", &limits.restart.time_limit, LIMIT);
    visit("limits.start.time_limit", &limits.start.time_limit, LIMIT);
    visit("limits.fail_over.time_limit", &limits.fail_over.time_limit, LIMIT);
    visit("limits.fail_back.time_limit", &limits.fail_back.time_limit, LIMIT);
    visit("limits.databases.time_limit", &limits.databases.time_limit, LIMIT);
    visit("limits.back_off", &limits.back_off, Zero::Fine);
    visit("limits.look_again", &limits.look_again, PAUSE);
    visit("expected.drain", &expected.drain, Zero::Fine);
    visit("expected.stop", &expected.stop, Zero::Fine);
    visit("expected.restart", &expected.restart, Zero::Fine);
    visit("expected.start", &expected.start, Zero::Fine);
    visit("expected.rebuild", &expected.rebuild, Zero::Fine);
    visit("expected.fail_over", &expected.fail_over, Zero::Fine);
    visit("expected.fail_back", &expected.fail_back, Zero::Fine);
    visit("expected.databases", &expected.databases, Zero::Fine);
}

/// Answers under ten minutes apart count as one.
pub(super) fn readiness_interval(text: &PlanText, _: &Names, findings: &mut Findings) {
    let interval = &text.readiness.interval;
    if shorter(text, interval, Length::mins(10)) && !interval.is_zero() {
        findings.push(
            Finding::new(
                Code::IntervalShort,
                format!(
                    "`readiness.interval` is {}; {} waits 10m between two questions",
                    **interval,
                    procedure(*text.product)
                ),
                "write `10m`, or remove it; sooner, a pool that is rebuilding replicas looks troubled",
            )
            .at(interval.span(), "shorter than 10m"),
        );
    }
}

/// The pool stays ready for twenty minutes before the next domain.
pub(super) fn soak(text: &PlanText, _: &Names, findings: &mut Findings) {
    let soak = &text.settle.soak;
    if shorter(text, soak, Length::mins(20)) {
        findings.push(
            Finding::new(
                Code::SoakShort,
                format!(
                    "`settle.soak` is {}; {} waits 20m after each upgrade domain",
                    **soak,
                    procedure(*text.product)
                ),
                "write `20m`, or remove it; sooner, the next domain may take replicas that are still moving",
            )
            .at(soak.span(), "shorter than 20m"),
        );
    }
}

/// Whose numbers they are: Microsoft gave them for Lync Server 2013, and we take them for what came later.
pub(super) fn procedure(product: Product) -> &'static str {
    match product {
        Product::LyncServer2013 => "Microsoft's procedure",
        _ => "Microsoft's procedure for Lync Server 2013, which is taken here for later products too,",
    }
}

fn shorter(text: &PlanText, length: &Spanned<Length>, than: Length) -> bool {
    *text.product != Product::Generic && written(length) && **length < than
}
