//! Everything that is shown or written: one file a format.
//!
//! Nothing here prints: each format is a function into a text or a writer, and whoever calls it knows where it goes.
//!
//! - findings: [`findings_human`], [`findings_json`], [`findings_github`], [`findings_sarif`], [`findings_junit`];
//! - a compiled plan: [`graph_tree`], [`graph_json`], [`graph_mermaid`];
//! - a proof: [`proof_human`], [`proof_json`]; the history that breaks a promise: [`timeline`] for people, [`history_yaml`]
//!   as a scenario, [`replayed`] what came of replaying one;
//! - a run: [`words`] turns its state into plain words, and is the one place that does; [`narrator`] tells its events
//!   as they happen; [`run_status`] says where it is; [`run_report`] folds its records, [`run_human`] and
//!   [`run_json`] show that; [`events`] is the stream for programs.

#[cfg(feature = "cli")]
pub mod findings_human;

pub mod discovered;
pub mod events;
pub mod findings_github;
pub mod findings_json;
pub mod findings_junit;
pub mod findings_sarif;
pub mod graph_json;
pub mod graph_mermaid;
pub mod graph_tree;
pub mod history_yaml;
pub mod narrator;
pub mod proof_human;
pub mod proof_json;
pub mod replayed;
pub mod run_human;
pub mod run_json;
pub mod run_report;
pub mod run_status;
pub mod timeline;
pub mod times;
pub mod words;

pub mod lines;

#[cfg(test)]
mod hand;
mod place;

use crate::document::{Findings, Severity, Source};

/// A file that was checked, and what was found in it.
#[derive(Debug, Clone, Copy)]
pub struct Checked<'a> {
    pub source: &'a Source,
    pub findings: &'a Findings,
}

/// How many findings of each weight some files have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub files: usize,
    pub errors: usize,
    pub warnings: usize,
}

impl Tally {
    pub fn of(files: &[Checked<'_>]) -> Tally {
        let count = |severity| {
            let findings = files.iter().flat_map(|file| file.findings);
            findings.filter(|finding| finding.severity() == severity).count()
        };
        Tally { files: files.len(), errors: count(Severity::Error), warnings: count(Severity::Warning) }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let counted = lines::counted;
        write!(
            f,
            "{}: {}, {}",
            counted(self.files, "file"),
            counted(self.errors, "error"),
            counted(self.warnings, "warning")
        )
    }
}
