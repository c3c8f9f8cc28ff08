//! From a written fault to one that is aimed at acts, instants and ids.

use super::fault_text::{
    ActionFaultText, DiesText, EffectText, FailOverFailsText, FailsText, FailsTransientlyText, FaultText,
    LeftText, StepForText, StepText, StepWhenText, TroubleText,
};
use super::steps::{self, Target};
use crate::document::{Code, Finding, Span, Spanned};
use crate::plan::{Act, Action, Length, Plan};
use crate::twin::at::millis;
use crate::twin::{Begins, Fault, Lasts, Trouble, Twist};

/// 1603: a fatal error during installation, by the convention of Windows Installer.
const FATAL: i32 = 1603;
/// 1618: another installation is already in progress, by the same convention.
const INSTALLER_BUSY: i32 = 1618;

/// The fault that is meant.
pub(super) fn fault(text: &FaultText, plan: &Plan) -> Result<Fault, Finding> {
    match text {
        FaultText::DrainHangs(text) => step(text, Twist::DrainHangs, STOPS, plan),
        FaultText::Fails(text) => fails(text, plan),
        FaultText::FailsTransiently(text) => fails_transiently(text, plan),
        FaultText::AsksForReboot(text) => asks_for_reboot(text, plan),
        FaultText::StuckInStartPending(text) => {
            step_for(text, |length| Twist::StuckInStartPending { length }, STARTS, plan)
        }
        FaultText::NeverReturns(text) => {
            step_for(text, |length| Twist::NeverReturns { length }, RESTARTS, plan)
        }
        FaultText::ConnectionLost(text) => step_when(text, |effect| Twist::LosesConnection { effect }, plan),
        FaultText::NoAnswer(text) => step_when(text, |effect| Twist::NoAnswer { effect }, plan),
        FaultText::Underway(text) => step_for(text, |length| Twist::GoesOn { length }, ACTS, plan),
        FaultText::Partly(text) => step(text, Twist::EndsPartly, STOPS, plan),
        FaultText::PoolBusy(text) => trouble(text, Trouble::Busy, plan),
        FaultText::PoolInsufficient(text) => trouble(text, Trouble::Insufficient, plan),
        FaultText::PoolUnanswered(text) => trouble(text, Trouble::Unanswered, plan),
        FaultText::PartnerUnhealthy(text) if plan.failover().is_none() => Err(no_partner(text.span())),
        FaultText::PartnerUnhealthy(text) => trouble(text, Trouble::PartnerUnhealthy, plan),
        FaultText::DomainNotReady(text) => {
            let trouble = Trouble::DomainNotReady(steps::domain(&text.domain, plan)?);
            let begins = When::new(&text.at, &text.step, &text.attempt, &text.after).begins(plan)?;
            Ok(Fault::Pool { begins, lasts: lasts(&text.times, &text.length)?, trouble })
        }
        FaultText::FailOverFails(text) => fail_over_fails(text, plan),
        FaultText::FrontEndDies(text) => dies(text, plan),
        FaultText::ReadinessLost(text) => {
            let begins = When::new(&text.at, &text.step, &text.attempt, &text.after).begins(plan)?;
            let trouble = Trouble::ReadinessLost { length: text.length.map(length_millis) };
            Ok(Fault::Pool { begins, lasts: Lasts::Always, trouble })
        }
    }
}

/// What is wrong with a fault whatever the plan is: numbers, and keys that do not go together.
pub(super) fn form(text: &FaultText) -> Result<(), Finding> {
    let attempt = |attempt: &Spanned<u16>| at_least_one(attempt).map(|_| ());
    match text {
        FaultText::DrainHangs(text) | FaultText::Partly(text) => attempt(&text.attempt),
        FaultText::Fails(text) => attempt(&text.attempt),
        FaultText::FailsTransiently(text) => attempt(&text.attempt).and(attempt(&text.times)),
        FaultText::AsksForReboot(text) => attempt(&text.attempt),
        FaultText::StuckInStartPending(text) | FaultText::NeverReturns(text) | FaultText::Underway(text) => {
            attempt(&text.attempt)
        }
        FaultText::ConnectionLost(text) | FaultText::NoAnswer(text) => attempt(&text.attempt),
        FaultText::PoolBusy(text) | FaultText::PoolInsufficient(text) | FaultText::PoolUnanswered(text) => {
            trouble_form(text)
        }
        FaultText::PartnerUnhealthy(text) => trouble_form(text),
        FaultText::DomainNotReady(text) => {
            When::new(&text.at, &text.step, &text.attempt, &text.after).form()?;
            lasts(&text.times, &text.length).map(|_| ())
        }
        FaultText::FailOverFails(text) => attempt(&text.attempt),
        FaultText::FrontEndDies(text) => When::new(&text.at, &text.step, &text.attempt, &text.after).form(),
        FaultText::ReadinessLost(text) => When::new(&text.at, &text.step, &text.attempt, &text.after).form(),
    }
}

fn trouble_form(text: &TroubleText) -> Result<(), Finding> {
    When::new(&text.at, &text.step, &text.attempt, &text.after).form()?;
    lasts(&text.times, &text.length).map(|_| ())
}

/// Which steps a fault can strike.
struct Kinds {
    takes: fn(Act) -> bool,
    /// How such steps are called.
    called: &'static str,
}

const STOPS: Kinds = Kinds { takes: |act| matches!(act, Act::Stop { .. }), called: "`stop`" };
const STARTS: Kinds = Kinds { takes: |act| matches!(act, Act::Start { .. }), called: "`start`" };
const RESTARTS: Kinds = Kinds { takes: |act| matches!(act, Act::Restart { .. }), called: "`restart`" };
const ACTIONS: Kinds = Kinds {
    takes: |act| matches!(act, Act::Perform { .. }),
    called: "`upgrade`, `before_stop` or `after_accept`",
};
const ACTS: Kinds = Kinds { takes: |_| true, called: "any step that changes something" };

/// The act of a step that must be of these kinds.
fn act(step: &Spanned<String>, kinds: &Kinds, plan: &Plan) -> Result<Act, Finding> {
    match steps::target(step, plan)? {
        Target::Act(act) if (kinds.takes)(act) => Ok(act),
        _ => {
            let message = format!("`{}` cannot go wrong in this way", step.escape_debug());
            let help = format!("write the name of a step of {}", kinds.called);
            Err(Finding::new(Code::UnknownValue, message, help).at(step.span(), "a step of another kind"))
        }
    }
}

fn at_least_one(number: &Spanned<u16>) -> Result<u16, Finding> {
    if **number > 0 {
        return Ok(**number);
    }
    let finding = Finding::new(Code::OutOfRange, "this is counted from 1", "write 1 or more");
    Err(finding.at(number.span(), "less than 1"))
}

fn length_millis(length: Length) -> u64 {
    millis(length.get())
}

fn step(text: &StepText, twist: Twist, kinds: Kinds, plan: &Plan) -> Result<Fault, Finding> {
    let act = act(&text.step, &kinds, plan)?;
    Ok(Fault::Act { act, attempt: at_least_one(&text.attempt)?, times: 1, twist })
}

fn step_for(
    text: &StepForText,
    twist: impl Fn(Option<u64>) -> Twist,
    kinds: Kinds,
    plan: &Plan,
) -> Result<Fault, Finding> {
    let act = act(&text.step, &kinds, plan)?;
    let twist = twist(text.length.map(length_millis));
    Ok(Fault::Act { act, attempt: at_least_one(&text.attempt)?, times: 1, twist })
}

fn step_when(text: &StepWhenText, twist: impl Fn(bool) -> Twist, plan: &Plan) -> Result<Fault, Finding> {
    let act = act(&text.step, &ACTS, plan)?;
    let twist = twist(text.when == EffectText::After);
    Ok(Fault::Act { act, attempt: at_least_one(&text.attempt)?, times: 1, twist })
}

fn fails(text: &FailsText, plan: &Plan) -> Result<Fault, Finding> {
    let attempt = at_least_one(&text.attempt)?;
    match steps::target(&text.step, plan)? {
        Target::Acceptance(front_end) => {
            Ok(Fault::NotAccepted { front_end, begins: Begins::At(0), lasts: Lasts::Always })
        }
        Target::Act(act) => {
            let exit_code = failure(act, text.exit_code.as_ref(), FATAL, &text.step, plan)?;
            Ok(Fault::Act { act, attempt, times: 1, twist: Twist::Fails { exit_code } })
        }
    }
}

fn fails_transiently(text: &FailsTransientlyText, plan: &Plan) -> Result<Fault, Finding> {
    let (attempt, times) = (at_least_one(&text.attempt)?, at_least_one(&text.times)?);
    match steps::target(&text.step, plan)? {
        Target::Acceptance(front_end) => {
            Ok(Fault::NotAccepted { front_end, begins: Begins::At(0), lasts: Lasts::Times(times) })
        }
        Target::Act(act) => {
            let exit_code = failure(act, text.exit_code.as_ref(), INSTALLER_BUSY, &text.step, plan)?;
            Ok(Fault::Act { act, attempt, times, twist: Twist::FailsTransiently { exit_code } })
        }
    }
}

fn action_of(act: Act, plan: &Plan) -> Option<&Action> {
    let Act::Perform { moment, index, .. } = act else { return None };
    plan.upgrade().at(moment).get(usize::from(index))
}

/// The exit code of a failure: one that the plan does not know otherwise.
fn failure(
    act: Act,
    written: Option<&Spanned<i32>>,
    usual: i32,
    step: &Spanned<String>,
    plan: &Plan,
) -> Result<i32, Finding> {
    let code = written.map_or(usual, |code| **code);
    let Some(action) = action_of(act, plan) else {
        return written.map_or(Ok(code), |written| {
            let message = format!("`{}` is no action, so it has no exit code", step.escape_debug());
            let finding = Finding::new(Code::UnknownKey, message, "leave `exit_code` out");
            Err(finding.at(written.span(), "of no use here"))
        });
    };
    if !action.success.contains(&code) && !action.reboot.contains(&code) {
        return Ok(code);
    }
    let message = format!("exit code {code} is no failure: the plan lists it for `{}`", action.name);
    let span = written.map_or(step.span(), Spanned::span);
    let finding =
        Finding::new(Code::UnknownValue, message, "write an `exit_code` that the plan does not list");
    Err(finding.at(span, "listed in the plan"))
}

fn asks_for_reboot(text: &ActionFaultText, plan: &Plan) -> Result<Fault, Finding> {
    let act = act(&text.step, &ACTIONS, plan)?;
    let attempt = at_least_one(&text.attempt)?;
    let reboot = action_of(act, plan).map_or(&[][..], |action| &action.reboot);
    let code = text.exit_code.as_deref().or(reboot.first());
    match code.filter(|code| reboot.contains(code)) {
        Some(&exit_code) => Ok(Fault::Act { act, attempt, times: 1, twist: Twist::Exits { exit_code } }),
        None => {
            let message = "the plan does not know this exit code as a request for a restart";
            let help = "write an `exit_code` that the action lists under `reboot`";
            let span = text.exit_code.as_ref().map_or(text.step.span(), Spanned::span);
            Err(Finding::new(Code::UnknownValue, message, help).at(span, "not listed under `reboot`"))
        }
    }
}

fn no_partner(at: Span) -> Finding {
    let message = "the plan has no partner to fail over to";
    let help = "delete this fault, or give the plan a partner";
    Finding::new(Code::UnknownValue, message, help).at(at, "of which partner?")
}

fn fail_over_fails(text: &FailOverFailsText, plan: &Plan) -> Result<Fault, Finding> {
    let attempt = at_least_one(&text.attempt)?;
    let twist = match *text.how {
        LeftText::NotDone => Twist::NotDone,
        LeftText::HalfWay => Twist::HalfWay,
    };
    if plan.failover().is_none() {
        return Err(no_partner(text.how.span()));
    }
    Ok(Fault::Act { act: Act::FailOver, attempt, times: 1, twist })
}

fn dies(text: &DiesText, plan: &Plan) -> Result<Fault, Finding> {
    let front_end = steps::front_end(&text.front_end, plan)?;
    let begins = When::new(&text.at, &text.step, &text.attempt, &text.after).begins(plan)?;
    Ok(Fault::Dies { front_end, begins, returns_after: text.returns_after.map(length_millis) })
}

fn trouble(text: &TroubleText, trouble: Trouble, plan: &Plan) -> Result<Fault, Finding> {
    let begins = When::new(&text.at, &text.step, &text.attempt, &text.after).begins(plan)?;
    Ok(Fault::Pool { begins, lasts: lasts(&text.times, &text.length)?, trouble })
}

fn lasts(times: &Option<Spanned<u16>>, length: &Option<Spanned<Length>>) -> Result<Lasts, Finding> {
    match (times, length) {
        (None, None) => Ok(Lasts::Always),
        (Some(times), None) => Ok(Lasts::Times(at_least_one(times)?)),
        (None, Some(length)) => Ok(Lasts::For(length_millis(**length))),
        (Some(times), Some(length)) => Err(both("times", times.span(), "for", length.span())),
    }
}

fn both(one: &str, at: Span, other: &str, and: Span) -> Finding {
    let message = format!("both `{one}` and `{other}` are written");
    let help = format!("delete one of them: `{one}` and `{other}` say the same in two ways");
    Finding::new(Code::ManyChoices, message, help).at(at, "one way").at(and, "the other way")
}

/// When a fault begins, as it is written.
struct When<'a> {
    at: Option<&'a Spanned<Length>>,
    step: Option<&'a Spanned<String>>,
    attempt: Option<&'a Spanned<u16>>,
    after: Option<&'a Spanned<Length>>,
}

impl<'a> When<'a> {
    fn new(
        at: &'a Option<Spanned<Length>>,
        step: &'a Option<Spanned<String>>,
        attempt: &'a Option<Spanned<u16>>,
        after: &'a Option<Spanned<Length>>,
    ) -> When<'a> {
        When { at: at.as_ref(), step: step.as_ref(), attempt: attempt.as_ref(), after: after.as_ref() }
    }

    /// Whether its keys go together.
    fn form(&self) -> Result<(), Finding> {
        let lonely = self.attempt.map(Spanned::span).or(self.after.map(Spanned::span));
        match (self.step, self.at, lonely) {
            (None, _, Some(span)) => {
                let message = "`attempt` and `after` count from a step, and none is named";
                let finding = Finding::new(Code::MissingKey, message, "add `step`, or write `at` alone");
                Err(finding.at(span, "from which step?"))
            }
            (Some(step), Some(at), _) => Err(both("at", at.span(), "step", step.span())),
            _ => self.attempt.map_or(Ok(1), at_least_one).map(|_| ()),
        }
    }

    fn begins(&self, plan: &Plan) -> Result<Begins, Finding> {
        self.form()?;
        let Some(step) = self.step else {
            return Ok(Begins::At(self.at.map_or(0, |at| length_millis(**at))));
        };
        let act = act(step, &ACTS, plan)?;
        let attempt = self.attempt.map_or(1, |attempt| **attempt);
        Ok(Begins::Act { act, attempt, after: self.after.map_or(0, |after| length_millis(**after)) })
    }
}
