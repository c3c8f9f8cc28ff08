//! Findings: what is wrong with a text, where, and what to do next.
//!
//! A [`Finding`] is a plain value. It knows nothing of terminals or formats: everything that is shown of it
//! (a diagnostic with an excerpt, a JSON object, an annotation, a SARIF result, a JUnit case) can be made from
//! the finding and the [`Source`](super::Source) its spans point into.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use super::characters::visible;
use super::code::{Code, Severity};

/// The most findings kept of one document, errors before warnings. Who has more needs another file, not a longer list.
pub const MAX_FINDINGS: usize = 200;

/// A range of a source's text in bytes, `start` included, `end` excluded.
///
/// Both ends are on character boundaries of the text they came from. An empty span is a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset of the byte after the last one.
    pub end: u32,
}

impl Span {
    /// The span from `start` to `end`; an `end` before `start` gives an empty span at `start`.
    pub fn new(start: u32, end: u32) -> Self {
        Span { start, end: end.max(start) }
    }

    /// The same range for slicing.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Length in bytes.
    pub fn len(self) -> usize {
        self.end.saturating_sub(self.start) as usize
    }

    /// Whether the span is a place without text.
    pub fn is_empty(self) -> bool {
        self.end <= self.start
    }
}

/// A place in the text and what to say there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// A few words, lower case; may be empty when the message says it all.
    pub text: String,
}

/// One problem of a text.
///
/// The first label is the primary one. A finding without labels speaks of the file as a whole (it could not
/// be decoded, for example).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    code: Code,
    message: String,
    help: String,
    labels: Vec<Label>,
}

impl Finding {
    /// There may be more than [`MAX_FINDINGS`].
    pub(super) fn cut() -> Finding {
        Finding::new(
            Code::FindingsCut,
            format!("there may be more findings than these; at most {MAX_FINDINGS} are shown"),
            "correct these, then validate again",
        )
    }

    /// A finding without a place yet. `message` says what is wrong; `help` says the next move.
    ///
    /// Both quote the text, where a name may have a line end or what cannot be seen; they show it as its number.
    pub fn new(code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Finding {
            code,
            message: on_one_line(message.into()),
            help: on_one_line(help.into()),
            labels: Vec::new(),
        }
    }

    /// Adds a label; the first one added is the primary place.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: on_one_line(text.into()) });
        self
    }

    /// Which of the catalogue it is.
    pub fn code(&self) -> Code {
        self.code
    }

    /// How much it weighs; a property of the code.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// What is wrong: one line, lower case, quoting with backticks.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do next, on one line too.
    pub fn help(&self) -> &str {
        &self.help
    }

    /// All places, the primary one first.
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// The primary place; `None` when the finding speaks of the file as a whole.
    pub fn primary(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }
}

fn on_one_line(text: String) -> String {
    match visible(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(shown) => shown,
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Findings as they were collected; [`sorted`](Findings::sorted) puts them in the order of the document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// None yet.
    pub fn new() -> Self {
        Findings::default()
    }

    /// Adds one.
    pub fn push(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether at least one is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|finding| finding.severity() == Severity::Error)
    }

    /// The findings in their present order.
    pub fn iter(&self) -> std::slice::Iter<'_, Finding> {
        self.0.iter()
    }

    /// The same findings by primary place, then code; those without a place come first. Equal ones keep the
    /// order in which they were found. Of more than [`MAX_FINDINGS`] the first errors are kept, then the first warnings, and
    /// one more finding says that there were others; so what had errors still has.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        let place = |finding: &Finding| (finding.primary().map(|span| span.start), finding.code());
        let said = self.0.len();
        self.0.retain(|finding| finding.code() != Code::FindingsCut);
        let cut = self.0.len() > MAX_FINDINGS || self.0.len() < said;
        if self.0.len() > MAX_FINDINGS {
            self.0.sort_by_key(|finding| (finding.severity(), place(finding)));
            self.0.truncate(MAX_FINDINGS);
        }
        self.0.extend(cut.then(Finding::cut));
        self.0.sort_by_key(place);
        self
    }
}

impl From<Finding> for Findings {
    fn from(finding: Finding) -> Self {
        Findings(vec![finding])
    }
}

impl FromIterator<Finding> for Findings {
    fn from_iter<I: IntoIterator<Item = Finding>>(findings: I) -> Self {
        Findings(findings.into_iter().collect())
    }
}

impl Extend<Finding> for Findings {
    fn extend<I: IntoIterator<Item = Finding>>(&mut self, findings: I) {
        self.0.extend(findings);
    }
}

impl IntoIterator for Findings {
    type Item = Finding;
    type IntoIter = std::vec::IntoIter<Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Findings {
    type Item = &'a Finding;
    type IntoIter = std::slice::Iter<'a, Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_summary_of_one_sentence() {
        for code in Code::ALL {
            assert!(code.summary().ends_with('.'), "{code}: {:?}", code.summary());
            assert_eq!(code.summary(), code.summary().trim());
        }
    }

    #[test]
    fn a_finding_is_said_on_one_line_whatever_it_quotes() {
        let text = "`a\nb\tc\u{202e}`";
        let finding = Finding::new(Code::YamlTag, text, text).at(Span::default(), text);
        let said = [finding.message(), finding.help(), &finding.labels()[0].text];
        assert_eq!(said, ["`a\\u{a}b\\u{9}c\\u{202e}`"; 3]);
    }

    #[test]
    fn findings_sort_by_place_then_code_and_those_of_the_whole_file_first() {
        let at = |code, start| Finding::new(code, "", "").at(Span::new(start, start + 1), "");
        let findings: Findings = [
            at(Code::YamlTag, 9),
            at(Code::UnknownKey, 3),
            at(Code::YamlTag, 3),
            Finding::new(Code::SourceEncoding, "", ""),
        ]
        .into_iter()
        .collect();
        let order: Vec<_> = findings.sorted().iter().map(|f| (f.code(), f.primary())).collect();
        assert_eq!(
            order,
            [
                (Code::SourceEncoding, None),
                (Code::YamlTag, Some(Span::new(3, 4))),
                (Code::UnknownKey, Some(Span::new(3, 4))),
                (Code::YamlTag, Some(Span::new(9, 10))),
            ]
        );
    }

    #[test]
    fn of_many_findings_the_first_are_kept_and_errors_before_warnings() {
        let many = |code, count: u32| {
            (0..count).map(move |start| Finding::new(code, "", "").at(Span::new(start, start), ""))
        };
        let (error, warning) = (Code::YamlTag, Code::FindingsCut);
        assert_eq!((error.severity(), warning.severity()), (Severity::Error, Severity::Warning));
        let just: Findings = many(error, MAX_FINDINGS as u32).collect();
        assert_eq!(just.clone().sorted().len(), MAX_FINDINGS);
        let more: Findings = many(Code::QuorumThin, 100_000).chain(many(error, 150)).collect();
        let kept = more.sorted();
        let count = |code| kept.iter().filter(|finding| finding.code() == code).count();
        assert_eq!((count(error), count(Code::QuorumThin), count(warning)), (150, 50, 1));
        assert_eq!(kept.clone().sorted(), kept, "once is enough");
    }

    #[test]
    fn warnings_alone_are_not_errors() {
        let mut findings = Findings::from(Finding::new(Code::FindingsCut, "", ""));
        assert!(!findings.has_errors());
        findings.push(Finding::new(Code::YamlTag, "", ""));
        assert!(findings.has_errors());
    }
}
