//! Approvals: each at a domain that exists, each once.

use std::collections::BTreeMap;

use super::{Names, names};
use crate::document::{Code, Finding, Findings, Span};
use crate::plan::DomainId;
use crate::plan::written::{ApprovalText, PlanText};

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
