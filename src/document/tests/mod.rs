//! The room as a whole: text in, documents or findings out.

mod findings;
mod oracle;
mod places;
mod refusals;
mod sample;

use std::sync::Arc;

use super::*;
use sample::Sample;

/// What a text comes to, a line a finding: code, place as `line:column` with the text there, and message.
fn said(findings: &Findings, source: &Source) -> Vec<String> {
    let line = |finding: &Finding| {
        let place = finding.primary().map_or("whole file".to_owned(), |span| {
            let (line, column) = source.line_column(span.start);
            format!("{line}:{column} {:?}", source.slice(span))
        });
        format!("{} at {place}: {}", finding.code(), finding.message())
    };
    findings.iter().map(line).collect()
}

/// The findings of a text that must not parse.
fn parse_said(text: &str) -> Vec<String> {
    let source = Source::from_text("x", text);
    said(&parse(&source).expect_err(text), &source)
}

/// The findings of a body that must not be a sample; the header is put before it.
fn read_said(body: &str) -> Vec<String> {
    let source = Arc::new(Source::from_text("x", format!("version: 1\nkind: sample\n{body}")));
    said(&read::<Sample>(source.clone()).expect_err(body), &source)
}

/// The body of a text that must be a sample.
fn body(body: &str) -> Document<Sample> {
    let source = Arc::new(Source::from_text("x", format!("version: 1\nkind: sample\n{body}")));
    read::<Sample>(source.clone()).unwrap_or_else(|findings| panic!("{:#?}", said(&findings, &source)))
}

/// The help of the first finding of a body.
fn help(body: &str) -> String {
    let source = Arc::new(Source::from_text("x", format!("version: 1\nkind: sample\n{body}")));
    let findings = read::<Sample>(source).expect_err(body);
    findings.iter().next().map(|finding| finding.help().to_owned()).unwrap_or_default()
}
