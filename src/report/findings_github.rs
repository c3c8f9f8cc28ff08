//! Findings as annotations of GitHub Actions: workflow commands, one a line.

use super::Checked;
use super::place::Place;

/// One `::error` or `::warning` for each finding.
///
/// # Errors
///
/// The writer's.
pub fn write(out: &mut impl std::io::Write, files: &[Checked<'_>]) -> std::io::Result<()> {
    for file in files {
        for finding in file.findings {
            write!(out, "::{} file={}", finding.severity(), property(file.source.name()))?;
            if let Some(span) = finding.primary() {
                let Place { line, column, end_line, end_column } = Place::of(file.source, span);
                write!(out, ",line={line},col={column},endLine={end_line}")?;
                // Columns are read only where a finding stands on one line.
                if line == end_line {
                    write!(out, ",endColumn={end_column}")?;
                }
            }
            let text = format!("{}\nhelp: {}", finding.message(), finding.help());
            writeln!(out, ",title={}::{}", property(finding.code().name()), message(&text))?;
        }
    }
    Ok(())
}

fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Code, Finding, Findings, Source, Span};

    #[test]
    fn what_would_end_a_command_is_escaped() {
        let source = Source::from_text("c:\\a,b.yaml", "kind: x\n");
        let finding = Finding::new(Code::DocumentKind, "100% wrong", "try again");
        let findings = Findings::from(finding.at(Span::new(6, 7), ""));
        let mut out = Vec::new();
        write(&mut out, &[Checked { source: &source, findings: &findings }]).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "::error file=c%3A\\a%2Cb.yaml,line=1,col=7,endLine=1,endColumn=8,title=document-kind::100%25 wrong%0Ahelp: try again\n"
        );
    }
}
