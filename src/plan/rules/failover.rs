//! The partner pool: another pool than this one, and nothing is set of a failover that cannot take place.

use super::names::host_form;
use super::{Names, written};
use crate::document::{Code, Finding, Findings};
use crate::plan::written::{FailoverWhen, PlanText};

/// The partner is another pool.
pub(super) fn partner(text: &PlanText, names: &Names, findings: &mut Findings) {
    let Some(partner) = text.failover.as_ref().and_then(|failover| failover.partner.as_ref()) else { return };
    host_form(text, partner, "the partner", findings);
    let (what, place) = if partner.eq_ignore_ascii_case(&text.pool.fqdn) {
        ("this pool itself", text.pool.fqdn.span())
    } else if let Some(place) = names.front_end_span(partner) {
        ("a front end of this pool", place)
    } else {
        return;
    };
    findings.push(
        Finding::new(
            Code::PartnerIsOurs,
            format!("the partner `{}` is {what}", **partner),
            "name the pool that this one is paired with; `Get-CsPoolBackupRelationship -PoolFqdn` tells it",
        )
        .at(partner.span(), "named as the partner")
        .at(place, what),
    );
}

/// Settings of a failover need somebody to fail over to.
pub(super) fn settings_need_partner(text: &PlanText, _: &Names, findings: &mut Findings) {
    let Some(failover) = text.failover.as_ref().filter(|failover| failover.partner.is_none()) else { return };
    let first = [failover.when.span(), failover.start.span(), failover.fail_back.span()]
        .into_iter()
        .filter(|span| !span.is_empty())
        .min();
    findings.push(
        Finding::new(
            Code::PartnerMissing,
            "`failover` names no partner, so there is nobody to fail the pool over to",
            "add `partner`, the fully qualified name of the paired pool, or remove `failover`",
        )
        .at(first.unwrap_or(failover.span()), "needs `partner` beside it"),
    );
}

/// A failover that never takes place has no consent to set.
pub(super) fn settings_without_effect(text: &PlanText, _: &Names, findings: &mut Findings) {
    let Some(failover) = text.failover.as_ref().filter(|failover| failover.partner.is_some()) else { return };
    if *failover.when != FailoverWhen::Never {
        return;
    }
    for (key, consent) in [("start", &failover.start), ("fail_back", &failover.fail_back)] {
        if written(consent) {
            findings.push(
                Finding::new(
                    Code::FailoverNoEffect,
                    format!(
                        "`failover.{key}` means nothing with `when: never`: the pool is never failed over"
                    ),
                    format!("remove `{key}`, or write `when: troubled`"),
                )
                .at(consent.span(), "has no effect")
                .at(failover.when.span(), "never"),
            );
        }
    }
}
