//! What came of replaying a history, for people and for programs.

use std::fmt::{self, Write};

use serde::Serialize;

use super::history_yaml::flow;
use super::timeline::{self, story};
use crate::document::Source;
use crate::graph::StepGraph;
use crate::proof::{History, Invariant, Replayed};
use crate::run::Run;
use crate::twin::scenario::{HappensText, SavedHistory};

/// A replay that has come to its end.
#[derive(Debug)]
pub struct Replay<'a> {
    pub graph: &'a StepGraph,
    /// The file of the history.
    pub source: &'a Source,
    pub saved: &'a SavedHistory,
    pub replayed: &'a Replayed,
}

impl Replay<'_> {
    /// `entry 6 of 9, broken.yaml:23`
    fn place(&self, entry: usize) -> String {
        let of = self.saved.len();
        match self.line(entry) {
            Some(line) => format!("entry {entry} of {of}, {}:{line}", self.source.name()),
            None => format!("what the machine does before entry 1 of {of}"),
        }
    }

    fn line(&self, entry: usize) -> Option<usize> {
        self.saved.entry(entry).map(|(_, span)| self.source.line_column(span.start).0)
    }

    /// What came of it, and the timeline.
    ///
    /// # Errors
    ///
    /// The text's.
    pub fn human(&self, text: &mut impl Write) -> fmt::Result {
        let begins = Run::new(self.graph);
        let timeline = |text: &mut _, history: &History| timeline::write(text, self.graph, begins, history);
        match self.replayed {
            Replayed::Broken { broken, entry } => {
                let invariant = broken.violation.invariant;
                writeln!(text, "broken: promise {}, {}", invariant.number(), invariant.promise())?;
                writeln!(text, "        {}\n        with {}", broken.violation.text, self.place(*entry))?;
                if invariant.number() != self.saved.breaks {
                    writeln!(text, "        it was saved because it broke promise {}", self.saved.breaks)?;
                }
                writeln!(text, "\nthe history that breaks it:\n")?;
                timeline(text, &broken.history)
            }
            Replayed::Kept { history } => {
                writeln!(text, "kept: the history can still happen, and it breaks no promise any more")?;
                writeln!(text, "        it was saved because it broke {}", self.promise())?;
                writeln!(text, "\nthe history:\n")?;
                timeline(text, history)
            }
            Replayed::Departs { history, entry, instead } => {
                writeln!(text, "departs: the history cannot happen any more")?;
                writeln!(text, "        it was saved because it broke {}", self.promise())?;
                writeln!(text, "        what cannot come where it stands is {}:", self.place(*entry))?;
                if let Some((entry, _)) = self.saved.entry(*entry) {
                    writeln!(text, "          {}", flow(entry))?;
                }
                if !instead.is_empty() {
                    writeln!(text, "        what could come there, and perhaps more:")?;
                    instead.iter().try_for_each(|entry| writeln!(text, "          {}", flow(entry)))?;
                }
                writeln!(text, "\nthe history until there:\n")?;
                timeline(text, history)
            }
            Replayed::TooOpen { entry } => {
                writeln!(text, "undecided: what the history leaves open is too much to be followed")?;
                writeln!(text, "        from {} on", self.place(*entry))
            }
        }
    }

    fn promise(&self) -> String {
        let promise = Invariant::ALL.iter().find(|invariant| invariant.number() == self.saved.breaks);
        let words = promise.map(|invariant| invariant.promise()).unwrap_or_default();
        format!("promise {}, {words}", self.saved.breaks)
    }

    /// The same for programs.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub fn json(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        let (verdict, entry, history) = match self.replayed {
            Replayed::Broken { broken, entry } => ("broken", Some(*entry), Some(&broken.history)),
            Replayed::Kept { history } => ("kept", None, Some(history)),
            Replayed::Departs { history, entry, .. } => ("departs", Some(*entry), Some(history)),
            Replayed::TooOpen { entry } => ("undecided", Some(*entry), None),
        };
        let violation = match self.replayed {
            Replayed::Broken { broken, .. } => Some(&broken.violation),
            _ => None,
        };
        let json = Json {
            format_version: FORMAT_VERSION,
            plan: self.graph.plan().name(),
            verdict,
            saved_for: self.saved.breaks,
            promise: violation.map(|violation| violation.invariant.number()),
            text: violation.map(|violation| violation.text.as_str()),
            entry,
            entries: self.saved.len(),
            line: entry.and_then(|entry| self.line(entry)),
            goes_round: history
                .map(|history| history.written(self.graph, Run::new(self.graph)).1)
                .unwrap_or_default(),
            story: history.map(|history| story(self.graph, Run::new(self.graph), history)),
            instead: match self.replayed {
                Replayed::Departs { instead, .. } => instead,
                _ => &[],
            },
        };
        serde_json::to_writer_pretty(&mut *out, &json)?;
        writeln!(out)
    }
}

/// The version of this format: a minor version adds, a major one breaks.
pub const FORMAT_VERSION: &str = "1.0";

#[derive(Serialize)]
struct Json<'a> {
    format_version: &'static str,
    plan: &'a str,
    verdict: &'static str,
    /// The promise that was broken when the history was saved.
    saved_for: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    promise: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    /// The entry with which a promise is broken, or that cannot come, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<usize>,
    entries: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    story: Option<Vec<String>>,
    /// What then goes round and round.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    goes_round: Vec<HappensText>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    instead: &'a [HappensText],
}
