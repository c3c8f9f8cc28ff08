//! A broken history as a scenario file, one line for each thing that happens.

use std::fmt::{self, Write};

use serde_json::Value;

use crate::graph::StepGraph;
use crate::proof::Broken;
use crate::run::Run;
use crate::twin::scenario::HappensText;

/// The scenario file of a broken history. `run` is what the history begins with.
///
/// # Errors
///
/// The text's.
pub fn write(text: &mut impl Write, graph: &StepGraph, run: Run, broken: &Broken) -> fmt::Result {
    let invariant = broken.violation.invariant;
    let name = format!("a history that broke promise {}", invariant.number());
    writeln!(
        text,
        "# The shortest history that `poolroll prove` found to break this promise:\n\
         #   {}\n\
         #\n\
         # `poolroll rehearse PLAN --scenario` and this file replays it on the plan that it was found for, answer by answer.\n\
         # What the machine decides is not written: it follows from what happens.\n\
         kind: scenario\n\
         version: 1\n\
         name: {}\n\
         description: {}\n\
         history:\n  \
           plan: {}\n  \
           digest: {}\n  \
           breaks: {}",
        invariant.promise(),
        scalar(&name),
        scalar(&broken.violation.text),
        scalar(graph.plan().name()),
        quoted(&graph.digest()),
        invariant.number(),
    )?;
    let (happens, goes_round) = broken.history.written(graph, run);
    list(text, "happens", &happens)?;
    if goes_round.is_empty() { Ok(()) } else { list(text, "goes_round", &goes_round) }
}

fn list(text: &mut impl Write, key: &str, entries: &[HappensText]) -> fmt::Result {
    if entries.is_empty() {
        return writeln!(text, "  {key}: []");
    }
    writeln!(text, "  {key}:")?;
    entries.iter().try_for_each(|entry| writeln!(text, "  - {}", flow(entry)))
}

/// An entry as it is written on one line.
pub fn flow(entry: &HappensText) -> String {
    let mut text = String::new();
    // Every entry has a JSON form, and is a mapping of one key.
    match serde_json::to_value(entry) {
        Ok(Value::Object(entry)) => {
            for (key, value) in &entry {
                text.push_str(key);
                text.push_str(": ");
                write_flow(&mut text, value);
            }
        }
        Ok(other) => write_flow(&mut text, &other),
        Err(_) => {}
    }
    text
}

fn write_flow(text: &mut String, value: &Value) {
    match value {
        Value::Object(entries) if entries.is_empty() => text.push_str("{}"),
        Value::Object(entries) => {
            for (nth, (key, value)) in entries.iter().enumerate() {
                text.push_str(if nth == 0 { "{ " } else { ", " });
                text.push_str(key);
                text.push_str(": ");
                write_flow(text, value);
            }
            text.push_str(" }");
        }
        Value::Array(items) => {
            text.push('[');
            for (nth, value) in items.iter().enumerate() {
                text.push_str(if nth == 0 { "" } else { ", " });
                write_flow(text, value);
            }
            text.push(']');
        }
        Value::String(word) => text.push_str(&scalar(word)),
        other => text.push_str(&other.to_string()),
    }
}

/// A text as JSON quotes it, which YAML understands.
fn quoted(word: &str) -> String {
    Value::from(word).to_string()
}

/// A text as YAML reads it back: plain where nothing could take it for anything else, otherwise quoted.
fn scalar(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b' ');
    // Words that some version of YAML takes for a number or a truth.
    let other = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let is_plain = word.starts_with(|first: char| first.is_ascii_alphabetic())
        && !word.ends_with(' ')
        && word.bytes().all(plain)
        && !other.iter().any(|other| word.eq_ignore_ascii_case(other));
    if is_plain { word.to_owned() } else { quoted(word) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_yaml_could_take_for_something_else_is_quoted() {
        for word in ["stop/fe01.contoso.com", "begin stop/w1", "a-b_c", "no news"] {
            assert_eq!(scalar(word), word);
        }
        for word in [
            "", "No", "12", "1e3", "-", "a ", " a", "a: b", "a, b", "a]", "# no", "ü", "~", "0x1f", ".inf",
            "{a", "a'b",
        ] {
            let quoted = scalar(word);
            assert!(quoted.starts_with('"'), "{word} is written {quoted}");
            assert_eq!(serde_json::from_str::<String>(&quoted).ok().as_deref(), Some(word));
        }
    }
}
