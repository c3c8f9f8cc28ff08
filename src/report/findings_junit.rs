//! Findings as a JUnit file: a suite a file, a case a finding, one case that passed for a file without errors.

use std::io::{Result, Write};

use super::place::Place;
use super::{Checked, Tally};
use crate::document::{Finding, Severity, Source};

/// Warnings fail their case only where they are denied; elsewhere they are text of a case that passed.
///
/// # Errors
///
/// The writer's.
pub fn write(out: &mut impl Write, files: &[Checked<'_>], deny_warnings: bool) -> Result<()> {
    let fails = |finding: &Finding| deny_warnings || finding.severity() == Severity::Error;
    let cases = |file: &Checked<'_>| file.findings.len().max(1);
    let failures = |file: &Checked<'_>| file.findings.iter().filter(|finding| fails(finding)).count();
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuites name="poolroll validate" tests="{}" failures="{}">"#,
        files.iter().map(cases).sum::<usize>(),
        files.iter().map(failures).sum::<usize>()
    )?;
    for file in files {
        let name = escaped(file.source.name());
        let tally = Tally::of(std::slice::from_ref(file));
        writeln!(
            out,
            r#"  <testsuite name="{name}" tests="{}" failures="{}">"#,
            cases(file),
            failures(file)
        )?;
        if tally.errors + tally.warnings == 0 {
            writeln!(out, r#"    <testcase classname="{name}" name="valid"/>"#)?;
        }
        for finding in file.findings {
            case(out, file.source, finding, fails(finding))?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn case(out: &mut impl Write, source: &Source, finding: &Finding, fails: bool) -> Result<()> {
    let file = escaped(source.name());
    let code = finding.code();
    let place = finding.primary().map(|span| Place::of(source, span));
    let at = place.map_or_else(String::new, |place| format!(":{}:{}", place.line, place.column));
    let text = escaped(&format!(
        "{}: {}\nhelp: {}\nat {}{at}",
        finding.severity(),
        finding.message(),
        finding.help(),
        source.name()
    ));
    writeln!(out, r#"    <testcase classname="{file}" name="{code}{at}">"#)?;
    if fails {
        let message = escaped(finding.message());
        writeln!(out, r#"      <failure type="{code}" message="{message}">{text}</failure>"#)?;
    } else {
        writeln!(out, "      <system-out>{text}</system-out>")?;
    }
    writeln!(out, "    </testcase>")
}

/// Text for XML 1.0, which cannot hold most control characters at all.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(character),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Code, Findings, Span};

    fn written(findings: &Findings, deny: bool) -> String {
        let source = Source::from_text("a&b\u{1}.yaml", "kind: x\n");
        let mut out = Vec::new();
        write(&mut out, &[Checked { source: &source, findings }], deny).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn warnings_fail_only_where_they_are_denied() {
        let finding = Finding::new(Code::SoakShort, "a < b", "wait").at(Span::new(6, 7), "here");
        let findings = Findings::from(finding);
        let allowed = written(&findings, false);
        assert!(allowed.contains(r#"failures="0""#) && allowed.contains("<system-out>"), "{allowed}");
        assert!(allowed.contains("a &lt; b") && allowed.contains("a&amp;b\u{fffd}.yaml:1:7"), "{allowed}");
        let denied = written(&findings, true);
        assert!(denied.contains(r#"failures="1""#) && denied.contains("<failure"), "{denied}");
    }

    #[test]
    fn a_file_without_findings_is_a_case_that_passed() {
        let text = written(&Findings::new(), false);
        assert!(text.contains(r#"tests="1" failures="0""#) && text.contains(r#"name="valid"/>"#), "{text}");
    }
}
