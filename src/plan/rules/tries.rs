//! How often something is tried, asked or begun again: a bound on everything, and Microsoft's three questions.

use super::{Names, written};
use crate::document::{Code, Finding, Findings, Spanned};
use crate::plan::Product;
use crate::plan::written::PlanText;

/// The most that any count of tries may be. What does not succeed in twenty needs a person.
const MOST: u8 = 20;

/// Every number of attempts is 1 to 20.
pub(super) fn attempts(text: &PlanText, _: &Names, findings: &mut Findings) {
    let limits = &text.limits;
    let mut check = |key: &str, attempts: &Spanned<u8>| {
        if !(1..=MOST).contains(&**attempts) {
            let why =
                if **attempts == 0 { "nothing would be tried" } else { "what fails so often needs a person" };
            findings.push(out_of_range(Code::AttemptsOutOfRange, key, attempts, 1, why));
        }
    };
    check("readiness.attempts", &text.readiness.attempts);
    check("limits.observe.attempts", &limits.observe.attempts);
    check("limits.stop.attempts", &limits.stop.attempts);
    check("limits.restart.attempts", &limits.restart.attempts);
    check("limits.start.attempts", &limits.start.attempts);
    check("limits.fail_over.attempts", &limits.fail_over.attempts);
    check("limits.fail_back.attempts", &limits.fail_back.attempts);
    check("limits.databases.attempts", &limits.databases.attempts);
    for (key, action) in super::upgrade::actions(text) {
        check(&format!("{key}.attempts"), &action.attempts);
    }
}

/// Looks that tell nothing are 1 to 20.
pub(super) fn looks(text: &PlanText, _: &Names, findings: &mut Findings) {
    let looks = &text.limits.looks;
    if !(1..=MOST).contains(&**looks) {
        let why =
            if **looks == 0 { "nobody would look" } else { "what tells nothing so often needs a person" };
        findings.push(out_of_range(Code::LooksOutOfRange, "limits.looks", looks, 1, why));
    }
}

/// The soak begins again at most 20 times.
pub(super) fn restarts(text: &PlanText, _: &Names, findings: &mut Findings) {
    let restarts = &text.settle.restarts;
    if **restarts > MOST {
        let why = "a pool that is lost so often needs a person";
        findings.push(out_of_range(Code::RestartsOutOfRange, "settle.restarts", restarts, 0, why));
    }
}

fn out_of_range(code: Code, key: &str, value: &Spanned<u8>, least: u8, why: &str) -> Finding {
    Finding::new(
        code,
        format!("`{key}` is {}: {why}", **value),
        format!("write a number from {least} to {MOST}"),
    )
    .at(value.span(), format!("not in {least} to {MOST}"))
}

/// Busy three times in a row means trouble; fewer would fail over a pool that is only rebuilding replicas.
pub(super) fn busy_in_a_row(text: &PlanText, _: &Names, findings: &mut Findings) {
    let attempts = &text.readiness.attempts;
    if *text.product != Product::Generic && written(attempts) && (1..3).contains(&**attempts) {
        findings.push(
            Finding::new(
                Code::AttemptsFew,
                format!("`readiness.attempts` is {}; Microsoft's procedure asks three times before Busy means trouble", **attempts),
                "write 3, or remove it",
            )
            .at(attempts.span(), "fewer than 3"),
        );
    }
}
