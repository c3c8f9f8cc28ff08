//! Findings as plain text: what a golden shows, and nothing of terminals.

use std::fmt::Write as _;

use poolroll::document::{Finding, Findings, Label, Source};

/// All findings, one below the other.
pub fn render(source: &Source, findings: &Findings) -> String {
    findings.iter().map(|finding| one(source, finding)).collect::<Vec<_>>().join("\n")
}

fn one(source: &Source, finding: &Finding) -> String {
    let mut out = format!("{}[{}]: {}\n", finding.severity(), finding.code(), finding.message());
    for (index, label) in finding.labels().iter().enumerate() {
        excerpt(&mut out, source, label, if index == 0 { "-->" } else { ":::" });
    }
    let _ = writeln!(out, "  help: {}", finding.help());
    out
}

fn excerpt(out: &mut String, source: &Source, label: &Label, arrow: &str) {
    let (line, column) = source.line_column(label.span.start);
    let (last, _) = source.line_column(label.span.end);
    let name = source.name();
    let _ = writeln!(out, "  {arrow} {name}:{line}:{column}");
    let _ = writeln!(out, "   | {}", source.line(line).unwrap_or_default());
    let width = source.slice(label.span).lines().next().unwrap_or_default().chars().count().max(1);
    let more = if last > line { format!(" (to line {last})") } else { String::new() };
    let carets = "^".repeat(width);
    let _ = writeln!(
        out,
        "{}",
        format!("   | {}{carets} {}{more}", " ".repeat(column - 1), label.text).trim_end()
    );
}
