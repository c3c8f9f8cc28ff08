//! The rules that need durations: what fits the window.

use crate::document::{Code, Finding, Findings};
use crate::plan::{FailoverWhen, Length, Mode, Plan, PlanText};

use super::Estimate;

/// Runs the rules that only a compiled plan can be held to. Needs no step, so that validation stays quick.
pub fn check(plan: &Plan, text: &PlanText) -> Findings {
    let mut findings = Findings::default();
    fits_the_window(plan, text, &mut findings);
    findings.sorted()
}

fn fits_the_window(plan: &Plan, text: &PlanText, findings: &mut Findings) {
    let Some(window) = plan.window() else { return };
    let (Some(start), Some(end)) = (&text.maintenance_window.start, &text.maintenance_window.end) else {
        return;
    };
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
                .at(end.span(), "the window ends here")
                .at(text.failover.as_ref().map_or(end.span(), |failover| failover.when.span()), "always failed over"),
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
                    wider(plan, domain.front_ends.len()),
                )
                .at(domain.name.span(), format!("takes {}", Length::from(*needed)))
                .at(end.span(), "the window ends here"),
            );
        }
    }
    let partner = plan.failover().filter(|failover| failover.when == FailoverWhen::Troubled);
    if let (Some(_), Some(needed)) = (partner, estimate.failed_over.filter(|needed| *needed > length)) {
        let place = text.failover.as_ref().and_then(|failover| failover.partner.as_ref());
        let finding = Finding::new(
            Code::FailoverDoesNotFitWindow,
            format!(
                "failing over, upgrading and failing back takes {} and the window is {window_text} long: in trouble the partner could never take over",
                Length::from(needed)
            ),
            "make the window longer, upgrade more front ends at once (`at_once.failed_over_upgrades`), or correct `expected`",
        )
        .at(end.span(), "the window ends here");
        findings.push(
            place
                .into_iter()
                .fold(finding, |finding, partner| finding.at(partner.span(), "could not take over")),
        );
    }
    if estimate.rolling > length && !findings.has_errors() {
        findings.push(
            Finding::new(
                Code::PlanDoesNotFitWindow,
                format!(
                    "the plan takes {} and the window is {window_text} long: the run will pause between two domains",
                    Length::from(estimate.rolling)
                ),
                "`poolroll resume --until` goes on in a later window; or make this one longer",
            )
            .at(end.span(), "the window ends here")
            .at(start.span(), "and begins here"),
        );
    }
}

/// How one domain may take less time: more of its front ends at once, where that is possible.
fn wider(plan: &Plan, front_ends: usize) -> &'static str {
    let one_at_a_time = plan.product().fails_computers_over() && plan.mode() == Mode::Graceful;
    if one_at_a_time || front_ends <= usize::from(plan.at_once().front_ends) {
        "make the window longer, or correct `expected`"
    } else {
        "make the window longer, allow more front ends at once (`at_once.front_ends`), or correct `expected`"
    }
}
