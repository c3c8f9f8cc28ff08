//! A history as a proof saves it: everything that happened, in order, and nothing that the machine decided by itself.
//!
//! What the machine decides follows from what happens, so it is not written, and a machine that was mended decides anew.
//! Names are those that people see; a proof compares them as they are written, so they are plain text here, and findings
//! look up their places in the tree of the document.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::present;

/// A history that a proof has found, to be replayed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "History")]
pub struct HistoryText {
    /// The name of the plan that it is a history of.
    #[schemars(extend("examples" = ["pool01 to the July update"]))]
    pub plan: String,
    /// The digest of the compiled plan; `poolroll plan --format json` shows it. Rule: that of the plan that it is replayed
    /// on, because a history of another plan says nothing of this one.
    #[schemars(extend("examples" = ["4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a"]))]
    pub digest: String,
    /// The number of the promise that was broken when this was saved. Rule: 1 to 12.
    #[schemars(extend("examples" = [11]))]
    pub breaks: u8,
    /// What happened, from the first answer on.
    #[schemars(extend("examples" = [[{"seen": {"step": "preflight/fe01.contoso.com", "version": "other", "active": true}}]]))]
    pub happens: Vec<HappensText>,
    /// What happens after that and leads back to where it began, so that it can go on for ever. Left out: nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("examples" = [[{"elapsed": {"step": "ready/UD1", "timer": "interval"}}]]))]
    pub goes_round: Vec<HappensText>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Happens")]
pub enum HappensText {
    /// A front end said what it is before the run. Steps: `preflight`.
    #[schemars(extend("examples" = [{"seen": {"step": "preflight/fe01.contoso.com", "version": "other", "active": true}}]))]
    Seen(SeenText),
    /// The pool answered whether it is ready. Steps: `ready`, `settle`.
    #[schemars(extend("examples" = [{"readiness": {"step": "ready/UD1", "says": "busy"}}]))]
    Readiness(ReadinessText),
    /// The active front ends were counted before a stop. Steps: `stop`, `before_stop`.
    #[schemars(extend("examples" = [{"counted": {"step": "stop/fe01.contoso.com", "inactive": []}}]))]
    Counted(CountedText),
    /// The partner said how it is. Steps: `preflight/partner`, `fail_over`.
    #[schemars(extend("examples" = [{"partner": {"step": "preflight/partner", "says": "healthy"}}]))]
    Partner(PartnerText),
    /// What was begun came to an end that was heard of. Every step that changes something.
    #[schemars(extend("examples" = [{"ensured": {"step": "stop/fe01.contoso.com", "result": "done"}}]))]
    Ensured(EnsuredText),
    /// Somebody looked what took place. Every step that changes something.
    #[schemars(extend("examples" = [{"looked": {"step": "stop/fe01.contoso.com", "saw": "partly"}}]))]
    Looked(LookedText),
    /// It was asked whether a front end is still stopped before it is upgraded. Steps: `upgrade`.
    #[schemars(extend("examples" = [{"still_stopped": {"step": "upgrade/fe01.contoso.com/1", "is_proved": true}}]))]
    StillStopped(StillStoppedText),
    /// A front end was asked whether it accepts connections. Steps: `accept`.
    #[schemars(extend("examples" = [{"accepting": {"step": "accept/fe01.contoso.com", "says": "good"}}]))]
    Accepting(AcceptingText),
    /// The clock said whether what begins fits the maintenance window. Steps: `ready`, `stop`, `before_stop`, `fail_over`.
    #[schemars(extend("examples" = [{"window": {"step": "stop/fe01.contoso.com", "says": "fits"}}]))]
    Window(WindowText),
    /// Time passed: a limit, a pause or a watch of this step is over.
    #[schemars(extend("examples" = [{"elapsed": {"step": "stop/fe01.contoso.com", "timer": "limit"}}]))]
    Elapsed(ElapsedText),
    /// A person approved. Steps: `approve`.
    #[schemars(extend("examples" = [{"approved": "approve/fail_over"}]))]
    Approved(String),
    /// A person said something to the run in progress.
    #[schemars(extend("examples" = [{"said": "pause"}, {"said": {"skip": "fe01.contoso.com"}}]))]
    Said(SaidText),
    /// A front end died by itself.
    #[schemars(extend("examples" = [{"died": {"front_end": "fe01.contoso.com", "returns": false}}]))]
    Died(DiedText),
    /// The process died. Rule: next comes `resumed`.
    #[schemars(extend("examples" = [{"crashed": {"before": "begin stop/fe01.contoso.com"}}]))]
    Crashed(CrashedText),
    /// A process took the run up: after a crash, a pause, a stop or an abort.
    #[schemars(extend("examples" = [{"resumed": {"with": {"retry": "stop/fe01.contoso.com"}}}]))]
    Resumed(ResumedText),
}

/// What a front end said of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Seen")]
pub struct SeenText {
    /// The step that asked.
    #[schemars(extend("examples" = ["preflight/fe01.contoso.com"]))]
    pub step: String,
    /// Which version it has.
    pub version: VersionText,
    /// Whether its services accept connections.
    #[schemars(extend("examples" = [true]))]
    pub active: bool,
}

/// Which version a front end has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SeenVersion")]
pub enum VersionText {
    /// The version that the plan wants.
    Planned,
    /// Another one.
    Other,
    /// The plan names none, so nobody looked.
    NotAsked,
    /// It did not answer.
    Unanswered,
}

/// What the pool answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ReadinessAnswer")]
pub struct ReadinessText {
    /// The step that asked.
    #[schemars(extend("examples" = ["ready/UD1"]))]
    pub step: String,
    /// The answer.
    pub says: ReadyText,
    /// The front ends that the pool does not count as active, in the order of the plan. Left out: none, or nobody said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("examples" = [["fe01.contoso.com"]]))]
    pub inactive: Vec<String>,
}

/// Whether the pool is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Ready")]
pub enum ReadyText {
    /// It is, and the flag of the domain is true.
    Ready,
    /// It is, and the flag of the domain is false.
    DomainNotReady,
    /// It is busy.
    Busy,
    /// Too few front ends are active.
    Insufficient,
    /// Nobody answered.
    Unanswered,
}

/// Who was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Counted")]
pub struct CountedText {
    /// The step that asked.
    #[schemars(extend("examples" = ["stop/fe01.contoso.com"]))]
    pub step: String,
    /// The front ends that are not active, in the order of the plan. Left out: nobody answered.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [["fe01.contoso.com"]]))]
    pub inactive: Option<Vec<String>>,
}

/// What the partner said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PartnerAnswer")]
pub struct PartnerText {
    /// The step that asked.
    #[schemars(extend("examples" = ["preflight/partner"]))]
    pub step: String,
    /// The answer.
    pub says: HealthText,
}

/// How the partner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Health")]
pub enum HealthText {
    /// It can take over.
    Healthy,
    /// It cannot.
    Unhealthy,
    /// It did not answer.
    Unanswered,
}

/// How something that was begun ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Ensured")]
pub struct EnsuredText {
    /// The step that began it.
    #[schemars(extend("examples" = ["stop/fe01.contoso.com"]))]
    pub step: String,
    /// How it ended.
    pub result: ResultText,
}

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Result")]
pub enum ResultText {
    /// It took place.
    Done,
    /// It failed, and the same again may succeed.
    FailedTransiently,
    /// It failed, and the same again will fail.
    Failed,
    /// Nobody knows: a connection lost, a time-out.
    Unknown,
}

/// What somebody saw who looked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Looked")]
pub struct LookedText {
    /// The step that was looked at.
    #[schemars(extend("examples" = ["stop/fe01.contoso.com"]))]
    pub step: String,
    /// What was seen.
    pub saw: SawText,
}

/// What there is to be seen of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Saw")]
pub enum SawText {
    /// It took place.
    Done,
    /// Nothing of it took place.
    NotDone,
    /// A stop that ended half way.
    Partly,
    /// It ended in a failure after which the same again may succeed.
    FailedTransiently,
    /// It ended in a failure after which the same again will fail.
    Failed,
    /// It still goes on.
    Underway,
    /// It cannot be told.
    Unknown,
}

/// Whether a front end is still stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "StillStopped")]
pub struct StillStoppedText {
    /// The step that asked.
    #[schemars(extend("examples" = ["upgrade/fe01.contoso.com/1"]))]
    pub step: String,
    /// Whether every service is proved stopped.
    #[schemars(extend("examples" = [true]))]
    pub is_proved: bool,
}

/// Whether a front end accepts connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Accepting")]
pub struct AcceptingText {
    /// The step that asked.
    #[schemars(extend("examples" = ["accept/fe01.contoso.com"]))]
    pub step: String,
    /// The answer.
    pub says: AcceptsText,
}

/// What a front end says when it is asked whether it accepts connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Accepts")]
pub enum AcceptsText {
    /// It does.
    Good,
    /// Not yet.
    NotYet,
    /// It did not answer.
    Unanswered,
}

/// What the clock said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WindowAnswer")]
pub struct WindowText {
    /// The step that asked.
    #[schemars(extend("examples" = ["stop/fe01.contoso.com"]))]
    pub step: String,
    /// The answer.
    pub says: FitsText,
}

/// Whether something fits the maintenance window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Fits")]
pub enum FitsText {
    /// It does.
    Fits,
    /// The window is open, and what is left of it is too short.
    TooLate,
    /// The window is closed.
    Closed,
}

/// What is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Elapsed")]
pub struct ElapsedText {
    /// The step that waited.
    #[schemars(extend("examples" = ["stop/fe01.contoso.com"]))]
    pub step: String,
    /// What it waited for.
    pub timer: TimerText,
}

/// What a step waits for that only time brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Timer")]
pub enum TimerText {
    /// The time limit of one try.
    Limit,
    /// The pause after a failed try.
    BackOff,
    /// The pause between two looks.
    LookAgain,
    /// The time between two questions of a gate or of a count.
    Interval,
    /// How long something watched may take to become good.
    UntilGood,
    /// How long it must stay good.
    StayGood,
    /// The rest between two questions of a watch.
    Rest,
}

/// What a person said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Said")]
pub enum SaidText {
    /// Pause at the next safe place.
    Pause,
    /// Stop at once.
    Abort,
    /// Try this step again.
    #[schemars(extend("examples" = [{"retry": "stop/fe01.contoso.com"}]))]
    Retry(String),
    /// Leave this front end out.
    #[schemars(extend("examples" = [{"skip": "fe01.contoso.com"}]))]
    Skip(String),
    /// This step took place.
    #[schemars(extend("examples" = [{"done": "stop/fe01.contoso.com"}]))]
    Done(String),
    /// This step did not take place.
    #[schemars(extend("examples" = [{"not_done": "stop/fe01.contoso.com"}]))]
    NotDone(String),
}

/// Who died.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Died")]
pub struct DiedText {
    /// The front end.
    #[schemars(extend("examples" = ["fe01.contoso.com"]))]
    pub front_end: String,
    /// Whether it booted again by itself before anybody looked.
    #[schemars(extend("examples" = [false]))]
    pub returns: bool,
}

/// Where the process died.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Crashed")]
pub struct CrashedText {
    /// The decision that came next and was never recorded: `begin` or `halt` and a step, `enter` and a phase, `pass` and a
    /// domain, `leave out` and a front end, `end` and how. Left out: none, the run waited.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["begin stop/fe01.contoso.com"]))]
    pub before: Option<String>,
}

/// How the run was taken up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Resumed")]
pub struct ResumedText {
    /// What a person said with it. Left out: nothing.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"retry": "stop/fe01.contoso.com"}]))]
    pub with: Option<SaidText>,
}
