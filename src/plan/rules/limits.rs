//! Time limits against what they wait for: a limit that is shorter than the expected time ends every try too early.

use super::{Names, and_at, written};
use crate::document::{Code, Finding, Findings, Spanned};
use crate::plan::Length;
use crate::plan::written::{FailoverWhen, Mode, PlanText};

/// A length of the plan and the key under which it stands.
type Named<'a> = (&'a str, &'a Spanned<Length>);

/// A finding where `limit` is shorter than the lengths of `awaited` together. A value that is not written is a default
/// and says so; the place is the limit if it is written, and what it is compared with otherwise.
fn shorter(code: Code, limit: Named, awaited: &[Named], what: &str) -> Option<Finding> {
    let total = awaited
        .iter()
        .try_fold(std::time::Duration::ZERO, |sum, (_, length)| sum.checked_add(length.get()))?;
    let too_long = awaited.iter().any(|(_, length)| ***length > super::lengths::LONGEST);
    if limit.1.get() >= total || limit.1.is_zero() || too_long {
        return None;
    }
    let all: Vec<_> = awaited.iter().map(|(key, length)| format!("`{key}` {}", shown(length))).collect();
    let message = format!(
        "`{}` is {}, shorter than the {} that {what} ({})",
        limit.0,
        shown(limit.1),
        Length::from(total),
        all.join(" + ")
    );
    let help = if Length::from(total) > super::lengths::LONGEST {
        format!("correct what is expected: `{}` cannot be longer than 7 days", limit.0)
    } else {
        format!("raise `{}` to {} or more, better with room to spare", limit.0, Length::from(total))
    };
    let finding = and_at(Finding::new(code, message, help), limit.1, "too short");
    Some(
        awaited
            .iter()
            .fold(finding, |finding, (_, length)| and_at(finding, length, format!("{} expected", ***length))),
    )
}

fn shown(length: &Spanned<Length>) -> String {
    if written(length) { length.to_string() } else { format!("{} by default", **length) }
}

/// A graceful stop has time for sessions to end and for services to stop.
pub(super) fn drain(text: &PlanText, _: &Names, findings: &mut Findings) {
    // Where the partner serves, nobody drains.
    if *text.maintenance_window.mode == Mode::Graceful && !super::product::always_failed_over(text) {
        let limit = ("maintenance_window.drain.limit", &text.maintenance_window.drain.limit);
        let awaited = [("expected.drain", &text.expected.drain), ("expected.stop", &text.expected.stop)];
        findings.extend(shorter(
            Code::DrainLimitShort,
            limit,
            &awaited,
            "a graceful stop is expected to take",
        ));
    }
}

/// Each step has the time that it is expected to take.
pub(super) fn steps(text: &PlanText, _: &Names, findings: &mut Findings) {
    let (limits, expected) = (&text.limits, &text.expected);
    let mut check = |limit: Named, awaited: Named, what: &str| {
        findings.extend(shorter(Code::TimeLimitShort, limit, &[awaited], what));
    };
    check(
        ("limits.stop.time_limit", &limits.stop.time_limit),
        ("expected.stop", &expected.stop),
        "stopping services is expected to take",
    );
    check(
        ("limits.restart.time_limit", &limits.restart.time_limit),
        ("expected.restart", &expected.restart),
        "a restart is expected to take",
    );
    check(
        ("limits.start.time_limit", &limits.start.time_limit),
        ("expected.start", &expected.start),
        "starting services is expected to take",
    );
    if text.databases.is_some() {
        check(
            ("limits.databases.time_limit", &limits.databases.time_limit),
            ("expected.databases", &expected.databases),
            "updating the databases is expected to take",
        );
    }
    if text.failover.as_ref().is_some_and(|failover| *failover.when != FailoverWhen::Never) {
        check(
            ("limits.fail_over.time_limit", &limits.fail_over.time_limit),
            ("expected.fail_over", &expected.fail_over),
            "failing over is expected to take",
        );
        check(
            ("limits.fail_back.time_limit", &limits.fail_back.time_limit),
            ("expected.fail_back", &expected.fail_back),
            "failing back is expected to take",
        );
    }
}

/// Each action has the time that it is expected to take.
pub(super) fn actions(text: &PlanText, _: &Names, findings: &mut Findings) {
    for (key, action) in super::upgrade::actions(text) {
        findings.extend(shorter(
            Code::TimeLimitShort,
            (&format!("{key}.time_limit"), &action.time_limit),
            &[(&format!("{key}.expected"), &action.expected)],
            "the action is expected to take",
        ));
    }
}

/// The pool has the time to rebuild its replicas, and to be asked once more after that: it is asked once a watch, and the
/// limit is over when it is over.
pub(super) fn settle(text: &PlanText, _: &Names, findings: &mut Findings) {
    let (limit, watch, rebuild) = (&text.settle.limit, &text.settle.watch, &text.expected.rebuild);
    let step = watch.get().as_millis();
    if step == 0 || limit.is_zero() || **rebuild > super::lengths::LONGEST {
        return;
    }
    let watches = u32::try_from(rebuild.get().as_millis().div_ceil(step)).unwrap_or(u32::MAX);
    let seen = Length::from(watch.get().saturating_mul(watches));
    if **limit > seen {
        return;
    }
    let message = format!(
        "`settle.limit` is {}; replicas are expected to be built after {} (`expected.rebuild`), which is seen after {seen} (`settle.watch` {})",
        shown(limit),
        shown(rebuild),
        shown(watch)
    );
    let help = format!(
        "raise `settle.limit` to {} or more, better with room to spare",
        Length::from(seen.get() + watch.get())
    );
    let finding = and_at(Finding::new(Code::SettleLimitShort, message, help), limit, "too short");
    findings.push(and_at(and_at(finding, rebuild, "expected"), watch, "asked so often"));
}

/// A front end has longer to become good than it must stay good.
pub(super) fn acceptance(text: &PlanText, _: &Names, findings: &mut Findings) {
    let Some(stay_good) = &text.acceptance.stay_good else { return };
    let limit = &text.acceptance.limit;
    if **stay_good >= **limit && !stay_good.is_zero() && !limit.is_zero() {
        let finding = Finding::new(
            Code::AcceptanceLimitShort,
            format!(
                "a front end must stay good for {} (`acceptance.stay_good`) and has {} to be accepted (`acceptance.limit`)",
                **stay_good,
                shown(limit)
            ),
            "raise `acceptance.limit`: it has to hold the time until the front end is good, and then `stay_good`",
        );
        findings.push(and_at(
            and_at(finding, limit, "not longer than `stay_good`"),
            stay_good,
            "must stay good so long",
        ));
    }
}

/// What is watched is looked at more than once.
pub(super) fn watch(text: &PlanText, _: &Names, findings: &mut Findings) {
    let (settle, acceptance) = (&text.settle, &text.acceptance);
    let pairs = [
        (("settle.watch", &settle.watch), Some(("settle.soak", &settle.soak))),
        (("settle.watch", &settle.watch), Some(("settle.limit", &settle.limit))),
        (
            ("acceptance.watch", &acceptance.watch),
            acceptance.stay_good.as_ref().map(|good| ("acceptance.stay_good", good)),
        ),
        (("acceptance.watch", &acceptance.watch), Some(("acceptance.limit", &acceptance.limit))),
    ];
    for (watch, over) in pairs {
        let Some(over) = over.filter(|over| **watch.1 > **over.1 && !over.1.is_zero()) else { continue };
        let finding = Finding::new(
            Code::WatchTooSlow,
            format!(
                "`{}` is {}, and the `{}` that it watches is over after {}",
                watch.0,
                shown(watch.1),
                over.0,
                shown(over.1)
            ),
            format!("lower `{}` to {} or less, so that what happens meanwhile is seen", watch.0, **over.1),
        );
        findings.push(and_at(and_at(finding, watch.1, "too far apart"), over.1, "watched so long"));
    }
}
