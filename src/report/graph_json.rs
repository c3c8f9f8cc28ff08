//! A compiled plan as JSON: the graph in words, its digest, and how long it takes.

use serde::Serialize;

use crate::graph::{GraphText, StepGraph};
use crate::plan::Length;

/// The version of this format: a minor version adds, a major one breaks.
pub const FORMAT_VERSION: &str = "1.0";

#[derive(Serialize)]
struct Output<'a> {
    format_version: &'static str,
    digest: String,
    expected: Expected<'a>,
    graph: GraphText<'a>,
}

#[derive(Serialize)]
struct Expected<'a> {
    rolling: Length,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_over: Option<Length>,
    front_end: Length,
    domains: Vec<ExpectedDomain<'a>>,
}

#[derive(Serialize)]
struct ExpectedDomain<'a> {
    name: &'a str,
    expected: Length,
}

/// The whole graph.
///
/// # Errors
///
/// The writer's.
pub fn write(out: &mut impl std::io::Write, graph: &StepGraph) -> std::io::Result<()> {
    let estimate = graph.estimate();
    let domains = graph.plan().pool().domains.iter().zip(&estimate.domains);
    let output = Output {
        format_version: FORMAT_VERSION,
        digest: graph.digest(),
        expected: Expected {
            rolling: estimate.rolling.into(),
            failed_over: estimate.failed_over.map(Length::from),
            front_end: estimate.front_end.into(),
            domains: domains
                .map(|(domain, expected)| ExpectedDomain { name: &domain.name, expected: (*expected).into() })
                .collect(),
        },
        graph: GraphText::of(graph),
    };
    serde_json::to_writer_pretty(&mut *out, &output)?;
    writeln!(out)
}
