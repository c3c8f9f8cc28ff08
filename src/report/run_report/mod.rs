//! The report of a run: a fold of its records over its graph. Nothing else feeds it.

mod fold;

use jiff::Timestamp;
use serde::Serialize;

use super::words::place::Standing;
use super::words::trouble::Choice;
use crate::exec::record::Entry;
use crate::graph::StepGraph;
use crate::plan::Length;
use crate::run::{Illegal, Outcome, Served};
use fold::{Fold, header};

/// The version of this format: a minor version adds, a major one breaks.
pub const FORMAT_VERSION: &str = "1.2";

/// What became of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub format_version: &'static str,
    /// Absent for a rehearsal, which has no journal.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub opened: Option<Header>,
    pub plan: String,
    pub pool: String,
    pub digest: String,
    /// The version that the plan wants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    pub began: Timestamp,
    /// When the last record was written.
    pub last: Timestamp,
    /// How long it took; so far, of a run that has not ended.
    pub took: Length,
    /// `open`, or how it ended.
    pub state: &'static str,
    pub headline: String,
    pub served: Served,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    pub front_ends: Vec<FrontEndReport>,
    pub domains: Vec<DomainReport>,
    pub persons: Vec<Word>,
    pub troubles: Vec<TroubleReport>,
    pub steps: Vec<StepReport>,
    #[serde(skip)]
    pub outcome: Option<Outcome>,
}

/// Who began the run, with what.
#[derive(Clone, Debug, Serialize)]
pub struct Header {
    pub run: String,
    pub by: String,
    pub driver: String,
    pub program: String,
}

/// What became of a front end.
#[derive(Clone, Debug, Serialize)]
pub struct FrontEndReport {
    pub front_end: String,
    pub domain: String,
    pub standing: Standing,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_after: Option<String>,
    /// When it was first taken out of service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out: Option<Timestamp>,
    /// When it was back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub back: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_for: Option<Length>,
    pub sessions_lost: u32,
    /// Tries beyond the first of each step.
    pub retries: u32,
}

/// What became of an upgrade domain.
#[derive(Clone, Debug, Serialize)]
pub struct DomainReport {
    pub name: String,
    /// When it was last taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settled: Option<Timestamp>,
    /// Questions whether it may be taken, and how many of them were answered with Busy.
    pub asked: u32,
    pub busy: u32,
    /// How often the soak began again.
    pub soak_restarts: u32,
}

/// What a person did.
#[derive(Clone, Debug, Serialize)]
pub struct Word {
    pub at: Timestamp,
    pub who: String,
    pub did: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A step that needed a person.
#[derive(Clone, Debug, Serialize)]
pub struct TroubleReport {
    pub at: Timestamp,
    pub step: String,
    pub what: String,
    /// What was heard of it last, as it was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// Where to look first, when there is a place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub look: Option<String>,
    /// What can be typed, best first; nothing where it does not need a person any more.
    pub choices: Vec<Choice>,
    /// Whether it still does.
    pub open: bool,
    /// What became of it.
    pub ended: TroubleEnd,
}

/// What became of a step that needed a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TroubleEnd {
    /// It still needs one.
    Open,
    Solved,
    /// It needed none: the plan goes on without so many front ends.
    Tolerated,
    /// A person left its front end out.
    Skipped,
    /// The run was ended for good before.
    Left,
}

/// What became of a step that was begun.
#[derive(Clone, Debug, Serialize)]
pub struct StepReport {
    pub step: String,
    pub began: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    pub tries: u32,
    pub state: &'static str,
    /// What was heard of it last, in the words of whoever answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

impl Report {
    /// The report of these records, at their last one, or `now` where the run has not ended.
    ///
    /// # Errors
    ///
    /// The records are not a history of this graph.
    pub fn of<'r>(
        graph: &StepGraph,
        records: impl IntoIterator<Item = (Timestamp, &'r Entry<'static>)>,
        now: Option<Timestamp>,
    ) -> Result<Report, Illegal> {
        let mut fold = Fold::new(graph);
        for (at, entry) in records {
            fold.at(at);
            match entry {
                Entry::Opened(opened) => fold.header = Some(header(opened)),
                Entry::Event(entry) => fold.event(at, entry)?,
            }
        }
        Ok(fold.report(now))
    }

    /// How many front ends stand so.
    pub fn count(&self, standing: Standing) -> usize {
        self.front_ends.iter().filter(|row| row.standing == standing).count()
    }

    /// Whether anybody counted the sessions that were lost: an embedded pool does, a live one has no count to ask for.
    pub fn counts_sessions(&self) -> bool {
        self.opened.as_ref().is_none_or(|opened| opened.driver == "simulated") || self.sessions_lost() > 0
    }

    pub fn sessions_lost(&self) -> u32 {
        self.front_ends.iter().map(|row| row.sessions_lost).sum()
    }
}

#[cfg(test)]
mod tests {
    use crate::report::hand::{Hand, PLAN, well};
    use crate::run::Event;

    #[test]
    fn a_report_of_a_run_that_waits_counts_until_now() {
        let mut hand = Hand::of(PLAN);
        hand.go_until("upgrade/fe01.contoso.com/1");
        hand.pass(12);
        let (report, last) = (hand.report(), hand.history.last().unwrap().0);
        assert_eq!((report.took.to_string(), report.last), ("12m".to_owned(), last));
        assert_eq!(report.front_ends[0].out_for.map(|out| out.to_string()).as_deref(), Some("12m"));
        // One that has ended is over.
        hand.apply(&Event::Abort);
        hand.go(well);
        hand.pass(60);
        assert_eq!(hand.report().took.to_string(), "12m");
    }
}
