//! Findings as SARIF 2.1.0, for code scanning.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Checked;
use super::place::Place;
use crate::document::{Code, Finding, Label, Source};

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    column_kind: &'static str,
    results: Vec<Outcome<'a>>,
}

#[derive(Serialize)]
struct Tool {
    driver: Component,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Component {
    name: &'static str,
    version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Text<&'static str>,
    default_configuration: Level,
}

#[derive(Serialize)]
struct Level {
    level: &'static str,
}

#[derive(Serialize)]
struct Text<T> {
    text: T,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Text<String>,
    locations: Vec<Location<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    physical_location: Physical,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text<&'a str>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

/// One log with one run; its rules are the codes that occur.
///
/// # Errors
///
/// The writer's.
pub fn write(out: &mut impl std::io::Write, files: &[Checked<'_>]) -> std::io::Result<()> {
    let codes: BTreeSet<Code> =
        files.iter().flat_map(|file| file.findings).map(|finding| finding.code()).collect();
    let codes: Vec<Code> = codes.into_iter().collect();
    let results = files
        .iter()
        .flat_map(|file| file.findings.iter().map(|finding| outcome(file.source, finding, &codes)))
        .collect();
    let component = Component { name: "poolroll", version: env!("CARGO_PKG_VERSION"), rules: rules(&codes) };
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run { tool: Tool { driver: component }, column_kind: "unicodeCodePoints", results }],
    };
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

fn rules(codes: &[Code]) -> Vec<Rule> {
    let rule = |code: &Code| Rule {
        id: code.name(),
        short_description: Text { text: code.summary() },
        default_configuration: Level { level: code.severity().name() },
    };
    codes.iter().map(rule).collect()
}

fn outcome<'a>(source: &Source, finding: &'a Finding, codes: &[Code]) -> Outcome<'a> {
    let mut locations: Vec<Location<'a>> =
        finding.labels().iter().map(|label| location(source, Some(label))).collect();
    let related_locations = locations.split_off(locations.len().min(1));
    if locations.is_empty() {
        locations.push(location(source, None));
    }
    Outcome {
        rule_id: finding.code().name(),
        rule_index: codes.binary_search(&finding.code()).unwrap_or_default(),
        level: finding.severity().name(),
        message: Text { text: format!("{}\nhelp: {}", finding.message(), finding.help()) },
        locations,
        related_locations,
    }
}

fn location<'a>(source: &Source, label: Option<&'a Label>) -> Location<'a> {
    let region = label.map(|label| {
        let Place { line, column, end_line, end_column } = Place::of(source, label.span);
        Region { start_line: line, start_column: column, end_line, end_column }
    });
    let artifact_location = Artifact { uri: uri(source.name()) };
    let message =
        label.filter(|label| !label.text.is_empty()).map(|label| Text { text: label.text.as_str() });
    Location { physical_location: Physical { artifact_location, region }, message }
}

/// A path as a reference in a URI; Windows writes its separators the other way.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Findings, Span};

    #[test]
    fn rules_are_those_that_occur_and_results_point_at_them() {
        let source = Source::from_text("plans\\my plan.yaml", "kind: x\n");
        let findings: Findings = [
            Finding::new(Code::DocumentKind, "a", "b").at(Span::new(6, 7), "here"),
            Finding::new(Code::SourceEncoding, "c", "d"),
        ]
        .into_iter()
        .collect();
        let mut out = Vec::new();
        write(&mut out, &[Checked { source: &source, findings: &findings }]).unwrap();
        let log: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let run = &log["runs"][0];
        let results = run["results"].as_array().unwrap();
        for result in results {
            let index = result["ruleIndex"].as_u64().unwrap() as usize;
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        }
        let place = &results[0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "plans/my%20plan.yaml");
        assert_eq!(place["region"]["startColumn"], 7);
        assert!(results[1]["locations"][0]["physicalLocation"]["region"].is_null());
    }
}
