//! Scenarios: what goes wrong while a plan is rehearsed, and what the person who watches does.
//!
//! `written` and `fault_text` are the file as people write it and the source of its schema; [`Scenario::resolve`] holds
//! it against a plan, in whose words it speaks, and collects every finding.
//!
//! A scenario may be a history instead, answer by answer: `history_text` is how that is written, and [`SavedHistory`] one
//! that fits its plan. A proof saves such scenarios and replays them; the twin, which is consistent, could not.

mod aim;
mod fault_text;
mod history;
mod history_text;
mod start;
mod steps;
mod written;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

pub use history::{Against, SavedHistory};
pub use history_text::{
    AcceptingText, AcceptsText, CountedText, CrashedText, DiedText, ElapsedText, EnsuredText, FitsText,
    HappensText, HealthText, HistoryText, LookedText, PartnerText, ReadinessText, ReadyText, ResultText,
    ResumedText, SaidText, SawText, SeenText, StillStoppedText, TimerText, VersionText, WindowText,
};
use written::OperatorText;
pub use written::ScenarioText;

use super::{Fault, Setup};
use crate::document::{Code, Document, Finding, Findings, Spanned};
use crate::plan::{self, Length, Plan};

/// A scenario that fits its plan.
#[derive(Clone, PartialEq, Debug)]
pub struct Scenario {
    /// A short name.
    pub name: String,
    /// What it teaches.
    pub description: Option<String>,
    /// When the clock of the rehearsal begins, where the scenario says so.
    pub starts: Option<Timestamp>,
    /// What the person who watches the run does.
    pub operator: Operator,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    seed: Option<u64>,
    spread: Option<u8>,
    sessions: Option<u32>,
    upgraded: Option<u16>,
}

/// What the person who watches a run does. Times count from the start of the rehearsal unless said otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Operator {
    /// How long an approval takes once it is asked for; `None`: it never comes.
    pub approves: Option<Duration>,
    /// When a pause is asked for.
    pub pauses_at: Option<Duration>,
    /// How long a paused run is left alone before it is resumed; `None`: for ever.
    pub resumes_after: Option<Duration>,
    /// When the run is aborted.
    pub aborts_at: Option<Duration>,
}

/// Somebody who approves at once and does nothing else.
impl Default for Operator {
    fn default() -> Operator {
        Operator { approves: Some(Duration::ZERO), pauses_at: None, resumes_after: None, aborts_at: None }
    }
}

impl Scenario {
    /// What is wrong with a written scenario whatever plan it is rehearsed with, in document order. What only a plan can
    /// tell (a step that it does not have) is found by [`resolve`](Scenario::resolve).
    pub fn check(document: &Document<ScenarioText>) -> Findings {
        let text = document.body();
        let faults = text.faults.iter().filter_map(|fault| aim::form(fault).err());
        let starts = text.starts.as_ref().and_then(|starts| start::form(starts).err());
        let mut findings: Findings = faults.chain(starts).chain(operator(&text.operator).err()).collect();
        findings.extend(too_wide(text));
        findings.extend(history::check(document));
        findings.sorted()
    }

    /// Holds a written scenario against a plan: names become ids, every rule runs. One that is a history says nothing to a
    /// twin; [`SavedHistory::resolve`] is for those.
    ///
    /// # Errors
    ///
    /// All findings at once, in document order. There are no warnings.
    pub fn resolve(document: &Document<ScenarioText>, plan: &Plan) -> Result<Scenario, Findings> {
        let text = document.body();
        let mut findings = Findings::new();
        let starts = text.starts.as_ref().and_then(|starts| kept(start::starts(starts, plan), &mut findings));
        let faults =
            text.faults.iter().filter_map(|fault| kept(aim::fault(fault, plan), &mut findings)).collect();
        let operator = kept(operator(&text.operator), &mut findings).unwrap_or_default();
        setup_rules(text, plan, &mut findings);
        if !findings.is_empty() {
            return Err(findings.sorted());
        }
        Ok(Scenario {
            name: text.name.to_string(),
            description: text.description.clone(),
            starts,
            operator,
            faults,
            seed: text.seed,
            spread: text.spread.as_deref().copied(),
            sessions: text.sessions,
            upgraded: text.upgraded.as_deref().copied(),
        })
    }

    /// The setup of a twin in this scenario: the plan's own, less what the scenario says otherwise.
    pub fn setup(&self, plans: Setup) -> Setup {
        Setup {
            seed: self.seed.unwrap_or(plans.seed),
            spread: self.spread.unwrap_or(plans.spread),
            sessions: self.sessions.unwrap_or(plans.sessions),
            upgraded: self.upgraded.unwrap_or(plans.upgraded),
        }
    }
}

/// The schema of scenarios. `schemas/scenario.schema.json` is this, printed; a test holds the two together.
pub fn scenario_schema() -> Value {
    plan::schema_of::<ScenarioText>("urn:poolroll:scenario:1")
}

/// Keeps what is well and collects the finding of what is not.
fn kept<T>(found: Result<T, Finding>, findings: &mut Findings) -> Option<T> {
    found.map_err(|finding| findings.push(finding)).ok()
}

fn operator(text: &OperatorText) -> Result<Operator, Finding> {
    let approves = match &text.approves {
        None => Some(Duration::ZERO),
        Some(word) if &***word == "never" => None,
        Some(word) => Some(patience(word)?),
    };
    Ok(Operator {
        approves,
        pauses_at: text.pauses_at.map(Length::get),
        resumes_after: text.resumes_after.map(Length::get),
        aborts_at: text.aborts_at.map(Length::get),
    })
}

fn patience(word: &Spanned<String>) -> Result<Duration, Finding> {
    word.parse::<Length>().map(Length::get).map_err(|_| {
        let message = format!("`{}` is no length of time", word.escape_debug());
        let help = "write a length such as `5m`, or `never`";
        Finding::new(Code::WrongForm, message, help).at(word.span(), "neither a length nor `never`")
    })
}

fn too_wide(text: &ScenarioText) -> Option<Finding> {
    let spread = text.spread.as_ref().filter(|spread| ***spread > 90)?;
    let message = format!("a spread of {} percent is too wide", **spread);
    let finding = Finding::new(Code::SpreadOutOfRange, message, "write a number from 0 to 90");
    Some(finding.at(spread.span(), "at most 90"))
}

/// The rules of the plan's own setup hold for the scenario's as well.
fn setup_rules(text: &ScenarioText, plan: &Plan, findings: &mut Findings) {
    findings.extend(too_wide(text));
    let front_ends = plan.pool().front_ends.len();
    if let Some(upgraded) = text.upgraded.as_ref().filter(|upgraded| usize::from(***upgraded) > front_ends) {
        let message =
            format!("{} front ends are upgraded already, and the pool has {front_ends}", **upgraded);
        let help = format!("write a number from 0 to {front_ends}");
        findings.push(Finding::new(Code::UpgradedTooMany, message, help).at(upgraded.span(), "too many"));
    }
}

#[cfg(test)]
mod tests;
