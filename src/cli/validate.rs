//! `poolroll validate`: all findings of all files at once.

use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueEnum;

use super::exit::Ending;
use super::failure::Failure;
use super::output;
use super::reading::{self, Bytes};
use crate::document::{self, Code, Finding, Findings, Source};
use crate::plan::{self, PlanText};
use crate::report::{
    Checked, Tally, findings_github, findings_human, findings_json, findings_junit, findings_sarif,
};
use crate::twin::{Scenario, ScenarioText};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Plans and scenarios (a file says what it is), folders of them, or `-` for stdin
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Take warnings for errors
    #[arg(long)]
    deny_warnings: bool,
    /// How findings are shown
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// With excerpts, for people
    #[default]
    Human,
    /// For programs
    Json,
    /// Annotations of GitHub Actions
    Github,
    /// For code scanning
    Sarif,
    /// For test reports
    Junit,
}

pub fn run(args: &Args) -> Result<Ending, Failure> {
    let mut checked: Vec<(Arc<Source>, Findings)> = Vec::new();
    let mut unread = false;
    for given in &args.files {
        let read = reading::files(given).map(|files| files.into_iter().map(|file| reading::read(&file)));
        let files: Vec<_> = match read {
            Ok(files) => files.collect(),
            Err(failure) => vec![Err(failure)],
        };
        for file in files {
            match file {
                Ok(bytes) => checked.push(check(&bytes)),
                Err(failure) => {
                    unread = true;
                    // In every format, or a report without it would look well.
                    let name = given.display().to_string();
                    let message = match &failure {
                        Failure::Read { source, .. } => format!("cannot be read: {source}"),
                        Failure::NoFiles(_) => "holds no `.yaml` or `.yml` file".to_owned(),
                        other => output::chain(other),
                    };
                    let finding = Finding::new(Code::SourceUnreadable, message, failure.help());
                    checked.push((Arc::new(Source::from_text(name, "")), finding.into()));
                }
            }
        }
    }
    let files: Vec<Checked<'_>> =
        checked.iter().map(|(source, findings)| Checked { source, findings }).collect();
    show(args.format, args.deny_warnings, &files)?;
    let tally = Tally::of(&files);
    output::say(&tally.to_string());
    let invalid = tally.errors > 0 || (args.deny_warnings && tally.warnings > 0);
    Ok(match (unread, invalid) {
        (true, _) => Ending::Unread,
        (false, true) => Ending::Invalid,
        (false, false) => Ending::Done,
    })
}

/// Writes findings to stdout.
pub fn show(format: Format, deny_warnings: bool, files: &[Checked<'_>]) -> Result<(), Failure> {
    output::data(|mut out| match format {
        Format::Human => {
            let mut text = String::new();
            findings_human::write(&mut text, files, output::look(false)).map_err(std::io::Error::other)?;
            out.write_all(text.as_bytes())
        }
        Format::Json => findings_json::write(&mut out, files),
        Format::Github => findings_github::write(&mut out, files),
        Format::Sarif => findings_sarif::write(&mut out, files),
        Format::Junit => findings_junit::write(&mut out, files, deny_warnings),
    })
}

/// Everything that can be found in a file without a clock and without a pool.
fn check(file: &Bytes) -> (Arc<Source>, Findings) {
    match Source::from_bytes(file.name.clone(), &file.bytes) {
        Ok(source) => {
            let source = Arc::new(source);
            let findings = findings(&source);
            (source, findings)
        }
        Err(finding) => (Arc::new(Source::from_text(file.name.clone(), "")), Findings::from(finding)),
    }
}

fn findings(source: &Arc<Source>) -> Findings {
    // What cannot be parsed has no kind; reading it as a plan says why.
    let kind = document::parse(source).ok().and_then(|root| document::kind_of(&root).map(str::to_owned));
    match kind.as_deref() {
        Some("scenario") => match document::read::<ScenarioText>(Arc::clone(source)) {
            // Whether it fits a plan is told when it is rehearsed on one.
            Ok(document) => Scenario::check(&document),
            Err(findings) => findings,
        },
        _ => of_plan(source),
    }
}

fn of_plan(source: &Arc<Source>) -> Findings {
    let document = match document::read::<PlanText>(Arc::clone(source)) {
        Ok(document) => document,
        Err(findings) => return findings,
    };
    match plan::resolve(&document) {
        Ok(resolved) => {
            let mut findings = resolved.warnings;
            findings.extend(crate::graph::check(&resolved.plan, document.body()));
            findings.sorted()
        }
        Err(findings) => findings,
    }
}
