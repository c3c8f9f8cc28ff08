//! The state of a run in plain words: the one place where a machine's state becomes a sentence.
//!
//! Somebody reads these at three in the morning and has to know what is going on, why it waits, when it goes on by
//! itself, what follows when it does not, and what to type. So every wait says four things ([`Wait`]): the matter
//! now, what comes next and when, what follows otherwise, and since when. Progress, `status`, the heartbeat of a
//! log and the recap all speak with these words.
//!
//! - [`acts`]: what a step is and does; [`mod@waits`]: what the run waits for; [`mod@trouble`]: what needs a person and what
//!   to type; [`place`]: where the run is, what comes next, how it ended.

pub mod acts;
pub mod place;
pub mod trouble;
pub mod waits;

use std::time::Duration;

use jiff::Timestamp;

use super::lines::rough;
use crate::exec::record::Act;
use crate::graph::{Route, StepGraph, StepId};
use crate::plan::{Answer, Consent, Facts, FailoverWhen, Readiness};
use crate::run::{Run, TimerKind, Want, Wanted};

pub use waits::{Wait, waits};

/// What is known of a run at one moment: its state, and what the machine itself does not know, the time.
pub struct Seen<'a> {
    pub graph: &'a StepGraph,
    pub run: &'a Run,
    /// The id that people type.
    pub run_id: &'a str,
    pub now: Timestamp,
    /// Since when a timer or an approval has been wanted.
    pub since: &'a dyn Fn(Want) -> Option<Timestamp>,
    /// The id that proves that an approval was read.
    pub approval: &'a dyn Fn(StepId) -> Option<String>,
    /// Who asked for the newest pause, and why.
    pub asked: Option<&'a Act>,
}

/// When something is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub since: Timestamp,
    pub at: Timestamp,
    pub left: Duration,
}

/// What rode beside an answer, in words.
pub fn heard(facts: &Facts) -> Option<String> {
    let code = facts.exit_code.map(|code| format!("exit code {code}"));
    let parts: Vec<String> = [code, facts.text.clone()].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Why an answer is not the one that is waited for, in the words of whoever answered; or the front ends that are not active.
pub fn reason(graph: &StepGraph, answer: &Answer, facts: &Facts) -> Option<String> {
    let inactive = match answer {
        Answer::Readiness(Readiness::Ready { inactive, .. }) if !inactive.is_empty() => {
            let are = if inactive.len() == 1 { "is" } else { "are" };
            Some(format!("{} {are} not active", place::names(graph, inactive)))
        }
        _ => None,
    };
    let parts: Vec<String> = heard(facts).into_iter().chain(inactive).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

impl Seen<'_> {
    pub fn name(&self, step: StepId) -> &str {
        &self.graph.step(step).name
    }

    /// For how long each step has been underway, as far as one of its limits tells.
    fn underway_for(&self) -> impl Fn(StepId) -> Duration {
        let (timers, now) = (self.timers(), self.now);
        move |step| {
            let own = timers.iter().filter(|(of, ..)| *of == step);
            let since = own.filter_map(|(.., due)| *due).map(|due| due.since).min();
            since.map_or(Duration::ZERO, |since| {
                Duration::try_from(now.duration_since(since)).unwrap_or_default()
            })
        }
    }

    /// The timers that the run wants now, with when each is due.
    fn timers(&self) -> Vec<(StepId, TimerKind, Option<Due>)> {
        let mut wanted = Wanted::default();
        self.run.wanted(self.graph, &mut wanted);
        let timer = |want| match want {
            Want::Timer(timer) => {
                let length = self.run.length(self.graph, timer);
                Some((timer.step, timer.kind, (self.since)(want).map(|since| due(since, length, self.now))))
            }
            _ => None,
        };
        wanted.iter().filter_map(timer).collect()
    }
}

fn due(since: Timestamp, length: Duration, now: Timestamp) -> Due {
    let at = since.checked_add(length).unwrap_or(Timestamp::MAX);
    Due { since, at, left: Duration::try_from(at.duration_since(now)).unwrap_or_default() }
}

/// `in 8m`, or `now` when it is due.
fn within(due: Option<Due>) -> String {
    match due {
        Some(due) if due.left.as_secs() == 0 => "now".to_owned(),
        Some(due) => format!("in {}", rough(due.left)),
        None => "soon".to_owned(),
    }
}

/// `at most 48m more`; the whole length where nobody knows since when.
fn at_most(due: Option<Due>, whole: Duration) -> String {
    match due {
        Some(due) if due.left < whole => format!("at most {} more", rough(due.left)),
        _ => format!("at most {}", rough(whole)),
    }
}

/// What trouble of the pool leads to.
pub fn trouble_of_the_pool(graph: &StepGraph) -> String {
    match graph.plan().failover() {
        Some(failover) if graph.failover_when() == FailoverWhen::Troubled && graph.has(Route::FailedOver) => {
            let consent = match failover.start {
                Consent::Approval => "after approval",
                Consent::Automatic => "without asking",
            };
            format!("failover to {} {consent}", failover.partner)
        }
        _ => "the run stops for a person".to_owned(),
    }
}

/// The partner's name, where the plan has one.
fn partner(graph: &StepGraph) -> &str {
    graph.plan().failover().map_or("the partner", |failover| failover.partner.as_str())
}

#[cfg(test)]
mod tests;
