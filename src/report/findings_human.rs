//! Findings for people: diagnostics with an excerpt of the text, through miette.

use std::borrow::Cow;
use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    NarratableReportHandler, Severity as Weight, SourceCode, SourceSpan, SpanContents,
};

use super::Checked;
use crate::document::{Code, Finding, Findings, Severity, Source, Span, is_hidden, visible};

/// How findings look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Excerpts with lines that are drawn, in colour.
    Drawn { width: usize },
    /// The same in letters that every log can show, without colour.
    Plain,
    /// In sentences, for screen readers.
    Narrated,
}

/// The width of what is not shown on a terminal.
const WIDTH: usize = 110;

/// Writes all findings of all files, in order.
///
/// # Errors
///
/// The writer's.
pub fn write(out: &mut impl fmt::Write, files: &[Checked<'_>], look: Look) -> fmt::Result {
    for file in files {
        let excerpts = excerptable(file.source.text(), file.findings);
        for finding in file.findings {
            let shown = Shown { finding, source: Named(&excerpts, file.source) };
            let mut text = String::new();
            match look {
                _ if has_long_line(file.source, finding) => {
                    in_words(&mut text, &excerpts, file.source, finding)?
                }
                Look::Drawn { width } => {
                    drawn(GraphicalTheme::unicode(), width).render_report(&mut text, &shown)?;
                }
                Look::Plain => {
                    let mut theme = GraphicalTheme::none();
                    theme.characters = miette::ThemeCharacters::ascii();
                    drawn(theme, WIDTH).render_report(&mut text, &shown)?;
                }
                Look::Narrated => NarratableReportHandler::new().render_report(&mut text, &shown)?,
            }
            for line in text.lines() {
                writeln!(out, "{}", line.trim_end())?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

fn drawn(theme: GraphicalTheme, width: usize) -> GraphicalReportHandler {
    GraphicalReportHandler::new_themed(theme).with_width(width).with_links(false).with_context_lines(1)
}

/// A finding beside its source, as miette wants it.
struct Shown<'a> {
    finding: &'a Finding,
    source: Named<'a>,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without a place there is no excerpt that would name the file.
        if self.finding.labels().is_empty() {
            write!(f, "`{}`: ", visible(self.source.1.name()))?;
        }
        f.write_str(&visible(self.finding.message()))
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.finding, f)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        // The weight in words: neither a colour nor a sign says it alone.
        Some(Box::new(format!("{}[{}]", self.finding.severity(), self.finding.code())))
    }

    fn severity(&self) -> Option<Weight> {
        Some(match self.finding.severity() {
            Severity::Error => Weight::Error,
            Severity::Warning => Weight::Warning,
        })
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        Some(Box::new(visible(self.finding.help())))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let labels = self.finding.labels();
        if labels.is_empty() {
            return None;
        }
        Some(Box::new(labels.iter().enumerate().map(|(index, label)| {
            let text = (!label.text.is_empty()).then(|| label.text.clone());
            let span = SourceSpan::from(label.span.range());
            if index == 0 {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            }
        })))
    }
}

/// The text of a source as it may be shown, and the source, for its name.
struct Named<'a>(&'a str, &'a Source);

/// A line longer than this, in bytes, is not drawn: nobody could find the place on it.
const LONG_LINE: usize = 1000;
/// How many characters of a long line are shown on either side of the place.
const AROUND: usize = 40;

/// Whether the place of a finding, or the line before or after it, is on a line too long to be drawn.
fn has_long_line(source: &Source, finding: &Finding) -> bool {
    finding.labels().iter().any(|label| {
        let (line, _) = source.line_column(label.span.start);
        let (last, _) = source.line_column(label.span.end);
        let lines = [line.saturating_sub(1), line, line + 1, last, last + 1];
        lines.into_iter().any(|line| source.line(line).is_some_and(|text| text.len() > LONG_LINE))
    })
}

/// A finding in words, with a little of the text around its places.
fn in_words(out: &mut String, text: &str, source: &Source, finding: &Finding) -> fmt::Result {
    use fmt::Write;
    writeln!(out, "{}[{}]", finding.severity(), finding.code())?;
    writeln!(out, "  {}", visible(finding.message()))?;
    for label in finding.labels() {
        let (line, column) = source.line_column(label.span.start);
        let (start, end) = (label.span.start as usize, label.span.end as usize);
        let before: String = text[..start].chars().rev().take_while(|c| *c != '\n').take(AROUND).collect();
        let before: String = before.chars().rev().collect();
        let rest: String = text[start..]
            .chars()
            .take_while(|c| *c != '\n')
            .take(AROUND.max((end - start).min(AROUND)))
            .collect();
        writeln!(
            out,
            "  at {}:{line}:{column}, `...{before}{rest}...`: {}",
            visible(source.name()),
            label.text
        )?;
    }
    writeln!(out, "  help: {}", visible(finding.help()))
}

/// The text with nothing in it that must not be shown: each hidden character becomes one that can be seen, and a
/// secret stars, byte for byte, so that all places stay where they are.
fn excerptable<'a>(text: &'a str, findings: &Findings) -> Cow<'a, str> {
    let secrets: Vec<Span> = findings
        .iter()
        .filter(|finding| finding.code() == Code::SecretInPlan)
        .filter_map(Finding::primary)
        .collect();
    let is_shown = |character: char| matches!(character, '\n' | '\r' | '\t') || !is_hidden(character);
    if secrets.is_empty() && text.chars().all(is_shown) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        let is_secret = secrets.iter().any(|span| span.range().contains(&at));
        match character.len_utf8() {
            length if is_secret && !matches!(character, '"' | '\'' | '\n') => {
                out.extend(std::iter::repeat_n('*', length))
            }
            _ if is_shown(character) => out.push(character),
            1 => out.push('?'),
            2 => out.push('\u{bf}'),
            3 => out.push('\u{fffd}'),
            _ => out.push('\u{1f6ab}'),
        }
    }
    out.into()
}

impl SourceCode for Named<'_> {
    fn read_span<'b>(
        &'b self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let inner = self.0.read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            visible(self.1.name()).into_owned(),
            inner.data(),
            *inner.span(),
            inner.line(),
            inner.column(),
            inner.line_count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(look: Look) -> String {
        let source = Source::from_text("p.yaml", "kind: plan\nnmae: x\n");
        let finding = Finding::new(Code::UnknownKey, "the key `nmae` is not known", "did you mean `name`?");
        let findings = Findings::from(finding.at(Span::new(11, 15), "not known here"));
        let mut text = String::new();
        write(&mut text, &[Checked { source: &source, findings: &findings }], look).unwrap();
        text
    }

    #[test]
    fn the_weight_the_place_and_the_next_move_are_there_in_every_look() {
        for look in [Look::Plain, Look::Drawn { width: 80 }, Look::Narrated] {
            let text = shown(look);
            for part in
                ["error[unknown-key]", "the key `nmae` is not known", "not known here", "did you mean"]
            {
                assert!(text.contains(part), "{part} is not in {look:?}:\n{text}");
            }
        }
    }

    #[test]
    fn plain_has_no_escape_and_only_ascii() {
        let text = shown(Look::Plain);
        assert!(text.is_ascii() && !text.contains('\u{1b}'), "{text}");
        assert!(shown(Look::Drawn { width: 80 }).contains('\u{1b}'));
    }

    #[test]
    fn a_finding_of_the_whole_file_names_it() {
        let source = Source::from_text("p.yaml", "");
        let findings = Findings::from(Finding::new(Code::SourceEncoding, "not text", "save it as UTF-8"));
        let mut text = String::new();
        write(&mut text, &[Checked { source: &source, findings: &findings }], Look::Plain).unwrap();
        assert!(text.contains("`p.yaml`: not text"), "{text}");
    }

    #[test]
    fn what_must_not_be_shown_is_not() {
        let text = "arguments: ['/password:hunter2']\n# \u{1b}]0;owned\u{7}\n";
        let source = Source::from_text("p\u{1b}[2J.yaml", text);
        let finding =
            Finding::new(Code::SecretInPlan, "a secret\u{202e}", "remove it").at(Span::new(12, 31), "here");
        let findings = Findings::from(finding);
        for look in [Look::Plain, Look::Drawn { width: 80 }, Look::Narrated] {
            let mut out = String::new();
            write(&mut out, &[Checked { source: &source, findings: &findings }], look).unwrap();
            for hidden in ["hunter2", "\u{1b}]", "\u{7}", "\u{1b}[2J", "\u{202e}"] {
                assert!(!out.contains(hidden), "{hidden:?} in {look:?}:\n{out}");
            }
        }
    }

    #[test]
    fn a_place_far_out_on_a_long_line_is_told_in_words() {
        let text = format!("labels: {{ {} a: [1] }}\n", "key: value, ".repeat(20_000));
        let at = text.find("[1]").unwrap() as u32;
        let source = Source::from_text("p.yaml", text);
        let findings = Findings::from(
            Finding::new(Code::WrongType, "no text", "write a text").at(Span::new(at, at + 3), "here"),
        );
        for look in [Look::Plain, Look::Drawn { width: 80 }, Look::Narrated] {
            let mut out = String::new();
            write(&mut out, &[Checked { source: &source, findings: &findings }], look).unwrap();
            assert!(out.len() < 500 && out.contains("p.yaml:1:") && out.contains("a: [1]"), "{out}");
        }
    }
}
