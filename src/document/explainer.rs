//! Who explains the schema's errors: what has been said, and what may still be said.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::finding::{Finding, Findings, MAX_FINDINGS, Span};
use super::source::Source;
use super::tree::Node;

/// Collects the findings for a list of schema errors.
pub(super) struct Explainer<'a> {
    pub(super) root: &'a Node,
    pub(super) source: &'a Source,
    pub(super) schema: &'a Json,
    /// Keys of the document of which enough has been said.
    pub(super) judged: &'a [&'a str],
    findings: Vec<Finding>,
    /// What has been said already: branches of a choice often say the same.
    said: BTreeSet<(Option<Span>, String)>,
}

impl<'a> Explainer<'a> {
    pub(super) fn new(root: &'a Node, source: &'a Source, schema: &'a Json, judged: &'a [&'a str]) -> Self {
        Explainer { root, source, schema, judged, findings: Vec::new(), said: BTreeSet::new() }
    }

    /// Whether no more is kept.
    pub(super) fn is_full(&self) -> bool {
        self.findings.len() >= MAX_FINDINGS
    }

    /// The findings so far, and a note when there were more than are kept.
    pub(super) fn into_findings(self) -> Findings {
        let full = self.is_full();
        self.findings.into_iter().chain(full.then(Finding::cut)).collect()
    }

    pub(super) fn push(&mut self, finding: Finding) {
        let key = (finding.primary(), finding.message().to_owned());
        if !self.is_full() && self.said.insert(key) {
            self.findings.push(finding);
        }
    }
}
