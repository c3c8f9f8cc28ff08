//! Findings as JSON.

use serde::Serialize;

use super::place::Place;
use super::{Checked, Tally};
use crate::document::{Finding, Label, Source};

/// The version of this format: a minor version adds, a major one breaks.
pub const FORMAT_VERSION: &str = "1.0";

#[derive(Serialize)]
struct Output<'a> {
    format_version: &'static str,
    files: Vec<FileText<'a>>,
    errors: usize,
    warnings: usize,
}

#[derive(Serialize)]
struct FileText<'a> {
    path: &'a str,
    findings: Vec<FindingText<'a>>,
}

#[derive(Serialize)]
struct FindingText<'a> {
    code: &'static str,
    severity: &'static str,
    message: &'a str,
    help: &'a str,
    labels: Vec<LabelText<'a>>,
}

#[derive(Serialize)]
struct LabelText<'a> {
    text: &'a str,
    /// Offsets in bytes of the decoded text.
    offset: u32,
    length: usize,
    place: Place,
}

/// All findings of all files, a file without findings included.
///
/// # Errors
///
/// The writer's.
pub fn write(out: &mut impl std::io::Write, files: &[Checked<'_>]) -> std::io::Result<()> {
    let tally = Tally::of(files);
    let output = Output {
        format_version: FORMAT_VERSION,
        files: files
            .iter()
            .map(|file| FileText {
                path: file.source.name(),
                findings: file.findings.iter().map(|finding| finding_text(file.source, finding)).collect(),
            })
            .collect(),
        errors: tally.errors,
        warnings: tally.warnings,
    };
    serde_json::to_writer_pretty(&mut *out, &output)?;
    writeln!(out)
}

fn finding_text<'a>(source: &Source, finding: &'a Finding) -> FindingText<'a> {
    let label = |label: &'a Label| LabelText {
        text: &label.text,
        offset: label.span.start,
        length: label.span.len(),
        place: Place::of(source, label.span),
    };
    FindingText {
        code: finding.code().name(),
        severity: finding.severity().name(),
        message: finding.message(),
        help: finding.help(),
        labels: finding.labels().iter().map(label).collect(),
    }
}
