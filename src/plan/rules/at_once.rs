//! How many at once: at least one, no more than the product takes, and no more than there are.

use super::product::{always_failed_over, called};
use super::{Names, count, written};
use crate::document::{Code, Finding, Findings, Spanned};
use crate::plan::written::{FailoverWhen, Mode, PlanText};

/// Front ends of a domain that may be out together.
pub(super) fn front_ends(text: &PlanText, _: &Names, findings: &mut Findings) {
    let at_once = &text.at_once.front_ends;
    let number = usize::from(**at_once);
    let largest = text.pool.upgrade_domains.iter().rev().max_by_key(|domain| domain.front_ends.len());
    // An immediate stop is no computer failover.
    let one_at_a_time =
        text.product.fails_computers_over() && *text.maintenance_window.mode == Mode::Graceful;
    if number == 0 {
        findings.push(zero("at_once.front_ends", at_once));
    } else if one_at_a_time && number > 1 {
        findings.push(
            Finding::new(
                Code::AtOnceTooMany,
                format!(
                    "`at_once.front_ends` is {number}; computer failover of {} takes one server at a time",
                    called(*text.product)
                ),
                "write 1, or remove it",
            )
            .at(at_once.span(), "more than one")
            .at(text.product.span(), "takes one at a time"),
        );
    } else if written(at_once) && number > 1 && always_failed_over(text) {
        let message = format!(
            "`at_once.front_ends` is {number}, and the pool is always failed over: no domain is taken alone"
        );
        let help = "write `at_once.failed_over_upgrades` instead";
        findings.push(Finding::new(Code::AtOnceNoEffect, message, help).at(at_once.span(), "has no effect"));
    } else if let Some(largest) =
        largest.filter(|largest| written(at_once) && number > largest.front_ends.len().max(1))
    {
        let size = largest.front_ends.len();
        findings.push(
            Finding::new(
                Code::AtOnceNoEffect,
                format!(
                    "`at_once.front_ends` is {number}, and no upgrade domain has more than {}",
                    count(size, "front end")
                ),
                format!("write {size}: two domains are never out together"),
            )
            .at(at_once.span(), "more than a domain has")
            .at(largest.name.span(), format!("the largest, with {size}")),
        );
    }
}

/// Front ends that are upgraded together while a partner serves.
pub(super) fn failed_over_upgrades(text: &PlanText, names: &Names, findings: &mut Findings) {
    let Some(at_once) = &text.at_once.failed_over_upgrades else { return };
    let (number, front_ends) = (usize::from(**at_once), names.front_ends());
    let (why, help, against) = if number == 0 {
        findings.push(zero("at_once.failed_over_upgrades", at_once));
        return;
    } else if let Some(failover) =
        text.failover.as_ref().filter(|failover| *failover.when == FailoverWhen::Never)
    {
        let why = "and the pool is never failed over".to_owned();
        let against = (failover.when.span(), "never".to_owned());
        (why, "remove it, or write `failover.when: troubled`".to_owned(), Some(against))
    } else if text.failover.is_none() {
        let why = "and the plan has no partner to fail the pool over to".to_owned();
        (why, "remove it, or name a partner in `failover.partner`".to_owned(), None)
    } else if number > front_ends && front_ends > 0 {
        let has = count(front_ends, "front end");
        let against = (text.pool.fqdn.span(), format!("has {has}"));
        (
            format!("and the pool has {has}"),
            format!("write {front_ends}, which is all of them"),
            Some(against),
        )
    } else {
        return;
    };
    let message = format!("`at_once.failed_over_upgrades` is {number}, {why}");
    let finding = Finding::new(Code::AtOnceNoEffect, message, help).at(at_once.span(), "has no effect");
    findings.push(against.into_iter().fold(finding, |finding, (span, text)| finding.at(span, text)));
}

fn zero(key: &str, at_once: &Spanned<u16>) -> Finding {
    let message = format!("`{key}` is 0: no front end would ever be upgraded");
    Finding::new(Code::AtOnceZero, message, "write 1 or more").at(at_once.span(), "none at once")
}
