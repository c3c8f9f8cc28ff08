//! Approvals: each at a domain that exists, each once.

use std::collections::BTreeMap;

use super::{Names, names};
use crate::document::{Code, Finding, Findings, Span};
use crate::plan::DomainId;
use crate::plan::written::{ApprovalText, Consent, FailoverWhen, PlanText};

/// On the failed-over route no domain is taken alone, so nobody is asked before or after one.
pub(super) fn asked_at_all(text: &PlanText, _: &Names, findings: &mut Findings) {
    let Some(failover) = text.failover.as_ref().filter(|failover| failover.partner.is_some()) else { return };
    for approval in &text.approvals {
        let (ApprovalText::Before(name) | ApprovalText::After(name)) = approval;
        let domain = name.escape_debug();
        let (code, message, help) = match (*failover.when, *failover.start) {
            (FailoverWhen::Always, _) => (
                Code::ApprovalNeverAsked,
                format!(
                    "the approval at `{domain}` is never asked for: the pool is failed over first, and all domains are upgraded together"
                ),
                "remove it; `failover.start: approval` and `failover.fail_back: approval` ask a person on that route",
            ),
            (FailoverWhen::Troubled, Consent::Automatic) => (
                Code::ApprovalPassedOver,
                format!(
                    "the approval at `{domain}` is not asked for once trouble has failed the pool over, and nobody is asked before that"
                ),
                "write `failover.start: approval`, so that a person decides before the other route is taken",
            ),
            _ => continue,
        };
        findings.push(
            Finding::new(code, message, help)
                .at(name.span(), "not asked for")
                .at(failover.span(), "by this failover"),
        );
    }
}

/// Every place at which a person is asked exists, and is named once.
pub(super) fn known_and_once(text: &PlanText, names: &Names, findings: &mut Findings) {
    let mut first: BTreeMap<(&str, DomainId), Span> = BTreeMap::new();
    for approval in &text.approvals {
        let (when, name) = match approval {
            ApprovalText::Before(name) => ("before", name),
            ApprovalText::After(name) => ("after", name),
        };
        let Some(domain) = names.domain(name) else {
            let help = match names.domain_near(name) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => names::domains_in_words(text),
            };
            let message = format!(
                "an approval is set {when} upgrade domain `{}`, which the plan does not have",
                name.escape_debug()
            );
            findings
                .push(Finding::new(Code::ApprovalUnknown, message, help).at(name.span(), "no such domain"));
            continue;
        };
        if let Some(first) = first.insert((when, domain), name.span()) {
            let message = format!("the approval {when} `{}` is listed twice", **name);
            findings.push(
                Finding::new(Code::ApprovalRepeated, message, "remove one of the two")
                    .at(name.span(), "the second")
                    .at(first, "the first"),
            );
        }
    }
}
