//! The scenario as people write it. These types are the schema: `schemas/scenario.schema.json` is made from them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault_text::FaultText;
use super::history_text::HistoryText;
use crate::document::{Spanned, Written, present};
use crate::plan::{Length, List};

/// A scenario: what goes wrong while a plan is rehearsed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "poolroll scenario")]
pub struct ScenarioText {
    /// What kind of file this is.
    pub kind: ScenarioKind,
    /// The version of the scenario language.
    pub version: ScenarioVersion,
    /// A short name, shown beside the plan's.
    #[schemars(extend("examples" = ["an installer fails"]))]
    pub name: Spanned<String>,
    /// What the scenario teaches, in a sentence or two.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["The second installer ends with 1603: the run stops, and says what to type next."]))]
    pub description: Option<String>,
    /// When the clock of the rehearsal begins. Left out: when the maintenance window opens, or now.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"before_end": "1h30m"}]))]
    pub starts: Option<StartsText>,
    /// The seed of everything that varies. Left out: the plan's.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [7]))]
    pub seed: Option<u64>,
    /// By how many percent durations vary around the expected ones, either way. Left out: the plan's. Rule: 0 to 90.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [20]))]
    pub spread: Option<Spanned<u8>>,
    /// Sessions on each front end at the start. Left out: the plan's.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [400]))]
    pub sessions: Option<u32>,
    /// How many front ends, from the first on, are already at the planned version. Left out: the plan's. Rule: not more
    /// than the pool has.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [2]))]
    pub upgraded: Option<Spanned<u16>>,
    /// What the person who watches the run does.
    #[serde(default)]
    pub operator: OperatorText,
    /// What goes wrong. Without any the scenario is a rollout that goes well.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    #[schemars(extend("examples" = [[{"drain_hangs": {"step": "stop/fe03.contoso.com"}}]]))]
    pub faults: List<FaultText, 0, 1000>,
    /// A history that `poolroll prove` saved, to be replayed answer by answer. Rule: it says everything that happens, so no
    /// other key says anything beside it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"plan": "pool01 to the July update", "digest": "4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a", "breaks": 11, "happens": []}]))]
    pub history: Option<HistoryText>,
}

impl Written for ScenarioText {
    const KIND: &'static str = "scenario";
    const SCHEMA: &'static str = include_str!("../../../schemas/scenario.schema.json");
}

/// What kind of file a scenario is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum ScenarioKind {
    /// A scenario.
    Scenario,
}

/// The versions of the scenario language that this program reads: one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct ScenarioVersion;

impl TryFrom<u8> for ScenarioVersion {
    type Error = &'static str;

    fn try_from(version: u8) -> Result<Self, Self::Error> {
        if version == 1 { Ok(ScenarioVersion) } else { Err("this program reads scenarios of version 1") }
    }
}

impl From<ScenarioVersion> for u8 {
    fn from(_: ScenarioVersion) -> u8 {
        1
    }
}

impl JsonSchema for ScenarioVersion {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ScenarioVersion".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "const": 1 })
    }
}

/// When the clock of the rehearsal begins: one key, which says what the value is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Starts")]
pub enum StartsText {
    /// At this instant: with an offset, or in the local time of the maintenance window's zone (UTC without a window).
    #[schemars(extend("examples" = [{"at": "2026-12-05T22:00"}]))]
    At(Spanned<String>),
    /// So long after the maintenance window opens. Rule: the plan has one.
    #[schemars(extend("examples" = [{"after_start": "10m"}]))]
    AfterStart(Spanned<Length>),
    /// So long before the maintenance window closes. Rule: the plan has one.
    #[schemars(extend("examples" = [{"before_end": "1h30m"}]))]
    BeforeEnd(Spanned<Length>),
}

/// The person who watches the run.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Operator")]
pub struct OperatorText {
    /// How long approvals take, each from when it is asked for; or `never`. Left out: no time at all.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PatienceText")]
    pub approves: Option<Spanned<String>>,
    /// When a pause is asked for, from the start of the rehearsal. Left out: never.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["45m"]))]
    pub pauses_at: Option<Length>,
    /// How long a paused run is left alone before it is resumed. Left out: it is not, and the rehearsal ends.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["8h"]))]
    pub resumes_after: Option<Length>,
    /// When the run is aborted, from the start of the rehearsal. Left out: never.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["50m"]))]
    pub aborts_at: Option<Length>,
}

/// A length of time, or never; for the schema alone.
struct PatienceText;

impl JsonSchema for PatienceText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Patience".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "examples": ["5m", "never"] })
    }
}
