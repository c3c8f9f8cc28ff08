//! Findings for people: diagnostics with an excerpt of the text, through miette.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    NarratableReportHandler, Severity as Weight, SourceCode, SourceSpan, SpanContents,
};

use super::Checked;
use crate::document::{Finding, Severity, Source};

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
        for finding in file.findings {
            let shown = Shown { finding, source: Named(file.source) };
            let mut text = String::new();
            match look {
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
            write!(f, "`{}`: ", self.source.0.name())?;
        }
        f.write_str(self.finding.message())
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
        Some(Box::new(self.finding.help()))
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

/// A source under its name; nothing of its text is copied.
struct Named<'a>(&'a Source);

impl SourceCode for Named<'_> {
    fn read_span<'b>(
        &'b self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let inner = self.0.text().read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.0.name().to_owned(),
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
    use crate::document::{Code, Findings, Span};

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
}
