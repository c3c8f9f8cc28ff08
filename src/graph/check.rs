//! The rules that need durations: what fits the window.

use crate::document::{Code, Finding, Findings};
use crate::plan::{FailoverWhen, Length, Plan, PlanText};

use super::Estimate;

/// Runs the rules that only a compiled plan can be held to. Needs no step, so that validation stays quick.
pub fn check(plan: &Plan, text: &PlanText) -> Findings {
    let mut findings = Findings::default();
    fits_the_window(plan, text, &mut findings);
    findings.sorted()
}

fn fits_the_window(plan: &Plan, text: &PlanText, findings: &mut Findings) {
    let Some(window) = plan.window() else { return };
    let Some(end) = &text.maintenance_window.end else { return };
    let length = std::time::Duration::try_from(window.end.duration_since(window.start)).unwrap_or_default();
    let estimate = Estimate::of(plan);
    let window_text = Length::from(length);
    let always = plan.failover().is_some_and(|failover| failover.when == FailoverWhen::Always);
    if let (true, Some(needed)) = (always, estimate.failed_over) {
        if needed > length {
            findings.push(
                Finding::new(
                    Code::WindowTooShort,
                    format!(
                        "the window of {window_text} is too short: failing over, upgrading and failing back takes {}",
                        Length::from(needed)
                    ),
                    "make the window longer, upgrade more front ends at once (`at_once.failed_over_upgrades`), or correct `expected`",
                )
                .at(end.span(), "the window ends here"),
            );
        }
        return;
    }
    for (domain, needed) in text.pool.upgrade_domains.iter().zip(&estimate.domains) {
        if *needed > length {
            findings.push(
                Finding::new(
                    Code::DomainDoesNotFitWindow,
                    format!(
                        "upgrade domain `{}` alone takes {} and the window is {window_text} long",
                        *domain.name,
                        Length::from(*needed)
                    ),
                    "make the window longer, allow more front ends at once (`at_once.front_ends`), or correct `expected`",
                )
                .at(domain.name.span(), format!("takes {}", Length::from(*needed)))
                .at(end.span(), "the window ends here"),
            );
        }
    }
    if estimate.rolling > length && !findings.has_errors() {
        findings.push(
            Finding::new(
                Code::PlanDoesNotFitWindow,
                format!(
                    "the plan takes {} and the window is {window_text} long: the run will pause between two domains",
                    Length::from(estimate.rolling)
                ),
                "resume it in a later window, or make this one longer",
            )
            .at(end.span(), "the window ends here"),
        );
    }
}
