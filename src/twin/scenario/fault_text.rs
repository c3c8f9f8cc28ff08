//! Faults as people write them: a mapping of one key, which says what goes wrong; what is under it says where and when.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::{Span, Spanned, present};
use crate::plan::Length;

/// The first time.
fn once() -> Spanned<u16> {
    Spanned::new(1, Span::default())
}

/// Something that goes wrong.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Fault")]
pub enum FaultText {
    /// A graceful stop in which the last sessions never end. Steps: `stop`.
    #[schemars(extend("examples" = [{"drain_hangs": {"step": "stop/fe03.contoso.com"}}]))]
    DrainHangs(StepText),
    /// A step fails in a way that the same again does not mend: an action ends with an exit code that the plan does not
    /// list; any other act is refused and changes nothing; an acceptance stays *not yet* for ever. Every kind of step.
    #[schemars(extend("examples" = [{"fails": {"step": "upgrade/fe03.contoso.com/1", "exit_code": 1603}}]))]
    Fails(FailsText),
    /// A step fails so many times in a row and succeeds after that. Every kind of step.
    #[schemars(extend("examples" = [{"fails_transiently": {"step": "start/fe03.contoso.com", "times": 1}}]))]
    FailsTransiently(FailsTransientlyText),
    /// An action succeeds with an exit code that asks for a restart of the computer. Steps: `upgrade`, `before_stop`,
    /// `after_accept`.
    #[schemars(extend("examples" = [{"asks_for_reboot": {"step": "upgrade/fe03.contoso.com/1"}}]))]
    AsksForReboot(ActionFaultText),
    /// Services hang in StartPending, for good or for so long. Steps: `start`.
    #[schemars(extend("examples" = [{"stuck_in_start_pending": {"step": "start/fe03.contoso.com", "for": "40m"}}]))]
    StuckInStartPending(StepForText),
    /// A computer restarts and does not return, or not for so long. Steps: `restart`.
    #[schemars(extend("examples" = [{"never_returns": {"step": "restart/fe03.contoso.com"}}]))]
    NeverReturns(StepForText),
    /// The connection is lost before the act took effect, or after; the caller learns that nobody knows. Every step that
    /// changes something.
    #[schemars(extend("examples" = [{"connection_lost": {"step": "upgrade/fe03.contoso.com/1", "when": "after"}}]))]
    ConnectionLost(StepWhenText),
    /// No answer ever comes, though the act took effect, or did not. Every step that changes something.
    #[schemars(extend("examples" = [{"no_answer": {"step": "stop/fe03.contoso.com", "when": "before"}}]))]
    NoAnswer(StepWhenText),
    /// The caller loses the connection at once, and on the target the act goes on: for so long, or for as long as
    /// expected. Every step that changes something.
    #[schemars(extend("examples" = [{"underway": {"step": "upgrade/fe03.contoso.com/1", "for": "25m"}}]))]
    Underway(StepForText),
    /// A stop that ends half way: some services are stopped and some are not. Steps: `stop`.
    #[schemars(extend("examples" = [{"partly": {"step": "stop/fe03.contoso.com"}}]))]
    Partly(StepText),
    /// The pool says that it is busy.
    #[schemars(extend("examples" = [{"pool_busy": {"times": 3}}]))]
    PoolBusy(TroubleText),
    /// The pool says that too few front ends are active.
    #[schemars(extend("examples" = [{"pool_insufficient": {"at": "1h", "times": 1}}]))]
    PoolInsufficient(TroubleText),
    /// The pool does not answer when it is asked whether it is ready.
    #[schemars(extend("examples" = [{"pool_unanswered": {"at": "1h", "for": "20m"}}]))]
    PoolUnanswered(TroubleText),
    /// The pool is ready, and the flag of one upgrade domain stays false.
    #[schemars(extend("examples" = [{"domain_not_ready": {"domain": "UD2", "times": 2}}]))]
    DomainNotReady(DomainTroubleText),
    /// The partner cannot take over: its backup service is not steady. Rule: the plan has a partner.
    #[schemars(extend("examples" = [{"partner_unhealthy": {}}]))]
    PartnerUnhealthy(Spanned<TroubleText>),
    /// Failing over does not succeed.
    #[schemars(extend("examples" = [{"fail_over_fails": {"how": "half_way"}}]))]
    FailOverFails(FailOverFailsText),
    /// A front end dies, with every session on it.
    #[schemars(extend("examples" = [{"front_end_dies": {"front_end": "fe05.contoso.com", "at": "50m"}}]))]
    FrontEndDies(DiesText),
    /// The pool was ready and is busy again, for so long or for as long as a rebuild takes.
    #[schemars(extend("examples" = [{"readiness_lost": {"step": "start/fe02.contoso.com", "after": "15m"}}]))]
    ReadinessLost(ReadinessLostText),
}

/// A step that goes wrong.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "StepFault")]
pub struct StepText {
    /// The step, by its name in the plan.
    #[schemars(extend("examples" = ["stop/fe03.contoso.com"]))]
    pub step: Spanned<String>,
    /// The how manyth time that the step begins, from 1. Finding it done or underway is no beginning.
    #[serde(default = "once")]
    pub attempt: Spanned<u16>,
}

/// A step that fails.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Failure")]
pub struct FailsText {
    /// The step, by its name in the plan.
    #[schemars(extend("examples" = ["upgrade/fe03.contoso.com/1"]))]
    pub step: Spanned<String>,
    /// The how manyth time that the step begins, from 1. An acceptance knows only the first.
    #[serde(default = "once")]
    pub attempt: Spanned<u16>,
    /// The exit code of an action; 1603 (a fatal error of Windows Installer) if left out. Rule: neither a success nor a
    /// request for a restart by the plan.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [1603]))]
    pub exit_code: Option<Spanned<i32>>,
}

/// A step that fails some times.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TransientFailure")]
pub struct FailsTransientlyText {
    /// The step, by its name in the plan.
    #[schemars(extend("examples" = ["start/fe03.contoso.com"]))]
    pub step: Spanned<String>,
    /// The how manyth time that the step begins fails first, from 1. An acceptance knows only the first.
    #[serde(default = "once")]
    pub attempt: Spanned<u16>,
    /// How many times in a row it fails. Rule: 1 or more.
    #[serde(default = "once")]
    pub times: Spanned<u16>,
    /// The exit code of an action; 1618 (Windows Installer is busy) if left out. Rule: neither a success nor a request for
    /// a restart by the plan.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [1618]))]
    pub exit_code: Option<Spanned<i32>>,
}

/// An action that ends in an unusual way.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ActionFault")]
pub struct ActionFaultText {
    /// The action, by its step's name in the plan.
    #[schemars(extend("examples" = ["upgrade/fe03.contoso.com/1"]))]
    pub step: Spanned<String>,
    /// The how manyth time that the step begins, from 1.
    #[serde(default = "once")]
    pub attempt: Spanned<u16>,
    /// The exit code; the first one that asks for a restart, if left out. Rule: the plan lists it for a restart.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [3010]))]
    pub exit_code: Option<Spanned<i32>>,
}

/// A step that takes long, or never ends.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LongStep")]
pub struct StepForText {
    /// The step, by its name in the plan.
    #[schemars(extend("examples" = ["start/fe03.contoso.com"]))]
    pub step: Spanned<String>,
    /// The how manyth time that the step begins, from 1. Finding it done or underway is no beginning.
    #[serde(default = "once")]
    pub attempt: Spanned<u16>,
    /// How long it takes in all.
    #[serde(rename = "for", default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["40m"]))]
    pub length: Option<Length>,
}

/// A step whose end nobody hears of.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "UnheardStep")]
pub struct StepWhenText {
    /// The step, by its name in the plan.
    #[schemars(extend("examples" = ["upgrade/fe03.contoso.com/1"]))]
    pub step: Spanned<String>,
    /// The how manyth time that the step begins, from 1. Finding it done or underway is no beginning.
    #[serde(default = "once")]
    pub attempt: Spanned<u16>,
    /// Whether the act had taken effect by then.
    pub when: EffectText,
}

/// Whether an act took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Effect")]
pub enum EffectText {
    /// Before: nothing of it takes place.
    Before,
    /// After: it takes place, to its end.
    After,
}

/// A trouble of the pool or of its partner, from an instant on. Rules: `at` or `step`, not both; `times` or `for`, not
/// both. With neither `times` nor `for` it lasts to the end.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Trouble")]
pub struct TroubleText {
    /// When it begins, from the start of the rehearsal. With neither `at` nor `step`: from the start.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["30m"]))]
    pub at: Option<Spanned<Length>>,
    /// It begins when this step does.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["start/fe02.contoso.com"]))]
    pub step: Option<Spanned<String>>,
    /// The how manyth time that the step begins, from 1. Rule: only with `step`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [1]))]
    pub attempt: Option<Spanned<u16>>,
    /// How long after the step began. Rule: only with `step`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["10m"]))]
    pub after: Option<Spanned<Length>>,
    /// Through how many answers it lasts. Rule: 1 or more.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [3]))]
    pub times: Option<Spanned<u16>>,
    /// How long it lasts.
    #[serde(rename = "for", default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["20m"]))]
    pub length: Option<Spanned<Length>>,
}

/// A trouble of one upgrade domain, from an instant on. Rules as for other troubles.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DomainTrouble")]
pub struct DomainTroubleText {
    /// The upgrade domain.
    #[schemars(extend("examples" = ["UD2"]))]
    pub domain: Spanned<String>,
    /// When it begins, from the start of the rehearsal. With neither `at` nor `step`: from the start.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["30m"]))]
    pub at: Option<Spanned<Length>>,
    /// It begins when this step does.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["start/fe02.contoso.com"]))]
    pub step: Option<Spanned<String>>,
    /// The how manyth time that the step begins, from 1. Rule: only with `step`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [1]))]
    pub attempt: Option<Spanned<u16>>,
    /// How long after the step began. Rule: only with `step`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["10m"]))]
    pub after: Option<Spanned<Length>>,
    /// Through how many answers it lasts. Rule: 1 or more.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [3]))]
    pub times: Option<Spanned<u16>>,
    /// How long it lasts.
    #[serde(rename = "for", default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["20m"]))]
    pub length: Option<Spanned<Length>>,
}

/// How failing over does not succeed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "FailOverFailure")]
pub struct FailOverFailsText {
    /// What it leaves behind.
    pub how: Spanned<LeftText>,
    /// The how manyth time that the pool is failed over, from 1.
    #[serde(default = "once")]
    pub attempt: Spanned<u16>,
}

/// What a failover that did not succeed leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Left")]
pub enum LeftText {
    /// The pool is active again, as if nothing had been tried.
    NotDone,
    /// The pool says FailingOver for ever.
    HalfWay,
}

/// A front end that dies. Rule: `at` or `step`, not both.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Death")]
pub struct DiesText {
    /// The front end.
    #[schemars(extend("examples" = ["fe05.contoso.com"]))]
    pub front_end: Spanned<String>,
    /// When it dies, from the start of the rehearsal. With neither `at` nor `step`: at the start.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["50m"]))]
    pub at: Option<Spanned<Length>>,
    /// It dies when this step begins.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["upgrade/fe03.contoso.com/1"]))]
    pub step: Option<Spanned<String>>,
    /// The how manyth time that the step begins, from 1. Rule: only with `step`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [1]))]
    pub attempt: Option<Spanned<u16>>,
    /// How long after the step began. Rule: only with `step`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["2m"]))]
    pub after: Option<Spanned<Length>>,
    /// How long until it comes back by itself. Left out: it does not.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["30m"]))]
    pub returns_after: Option<Length>,
}

/// Readiness that is lost. Rule: `at` or `step`, not both.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ReadinessLoss")]
pub struct ReadinessLostText {
    /// When it is lost, from the start of the rehearsal. With neither `at` nor `step`: at the start.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["50m"]))]
    pub at: Option<Spanned<Length>>,
    /// It is lost when this step begins.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["start/fe02.contoso.com"]))]
    pub step: Option<Spanned<String>>,
    /// The how manyth time that the step begins, from 1. Rule: only with `step`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [1]))]
    pub attempt: Option<Spanned<u16>>,
    /// How long after the step began. Rule: only with `step`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["15m"]))]
    pub after: Option<Spanned<Length>>,
    /// How long it stays lost. Left out: as long as a rebuild of replicas takes.
    #[serde(rename = "for", default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["8m"]))]
    pub length: Option<Length>,
}
