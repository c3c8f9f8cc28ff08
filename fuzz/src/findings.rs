//! What holds of findings, whatever they are of.

use poolroll::document::{Findings, MAX_FINDINGS, Source, Span, visible};

/// Both ends are on character boundaries of the text.
pub fn lies_inside(span: Span, source: &Source) {
    let text = source.text();
    assert!(span.start <= span.end && span.end as usize <= text.len(), "{span:?} of {} bytes", text.len());
    assert!(text.is_char_boundary(span.start as usize), "{span:?} begins inside of a character");
    assert!(text.is_char_boundary(span.end as usize), "{span:?} ends inside of a character");
    let (line, column) = source.line_column(span.start);
    assert!((1..=source.line_count()).contains(&line), "{span:?} is on line {line}");
    let length = source.line(line).expect("a line of the text").chars().count();
    // Behind a line there is its end, of two characters at most.
    assert!((1..=length + 2).contains(&column), "{span:?} is at {line}:{column}, of {length}");
}

/// In the order of the document, not too many, inside of the text, each with a message of one line and a next move.
pub fn are_sound(findings: &Findings, source: &Source) {
    assert!(findings.len() <= MAX_FINDINGS + 1, "{} findings", findings.len());
    assert_eq!(&findings.clone().sorted(), findings, "they are in order");
    for finding in findings {
        assert!(!finding.message().is_empty() && !finding.help().is_empty(), "{finding:?}");
        let told = [finding.message(), finding.help()];
        let labels = finding.labels().iter().map(|label| label.text.as_str());
        for text in told.into_iter().chain(labels) {
            assert_eq!(visible(text), text, "it shows what cannot be seen, or breaks the line: {finding:?}");
        }
        finding.labels().iter().for_each(|label| lies_inside(label.span, source));
    }
}
