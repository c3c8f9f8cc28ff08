//! Where a span is, as editors count: lines and columns from 1.

use crate::document::{Source, Span};

/// The first and the last place of a span; the last one is behind its last character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Place {
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
}

impl Place {
    pub fn of(source: &Source, span: Span) -> Place {
        let (line, column) = source.line_column(span.start);
        let (end_line, end_column) = source.line_column(span.end);
        Place { line, column, end_line, end_column }
    }
}
