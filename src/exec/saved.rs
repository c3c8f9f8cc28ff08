//! A saved plan: the text of a plan with what it was compiled to, bound to its digest. What was reviewed is what runs.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::whole_file::{self, FileError};
use crate::graph::{GraphText, StepGraph};

/// The version of this format: a minor version adds, a major one breaks.
pub const FORMAT_VERSION: &str = "1.0";

/// The longest saved plan, in bytes: 256 MiB. It holds the graph for whoever reviews it, so that a plan of 20,000 front
/// ends makes one of 45 MB.
pub const MAX_SAVED: usize = 256 << 20;

/// How far into a file is looked for what it is: more than white space before its first key.
const BEGINNING: u64 = 4096;

/// A plan as it was compiled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    /// Tells a saved plan from other JSON.
    pub kind: SavedKind,
    pub format_version: String,
    /// The digest of the graph: when the plan compiles to another one, it is not this plan any more.
    pub digest: String,
    pub plan_file: PlanFile,
    /// For whoever reviews it; nothing reads it back.
    #[serde(deserialize_with = "passed_over")]
    pub graph: serde_json::Value,
}

/// The plan as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanFile {
    /// Where it came from, for messages.
    pub name: String,
    /// As bytes in the letters of UTF-8; a file in UTF-16 was read as text first.
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SavedKind {
    SavedPlan,
}

/// Why a saved plan was not written, or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("`{}` is there already, and it is no saved plan", .0.display())]
    Other(PathBuf),
    #[error("the saved plan `{0}` is larger than {MAX_SAVED} bytes, the most that is read or written")]
    TooLarge(String),
    #[error("the saved plan `{name}` is not understood")]
    NotUnderstood { name: String, source: serde_json::Error },
    #[error("the saved plan `{name}` has format {found}, and this program reads {FORMAT_VERSION}")]
    Version { name: String, found: String },
    #[error("the saved plan `{name}` was compiled to {was} and compiles to {is} now")]
    Digest { name: String, was: String, is: String },
}

impl SavedError {
    /// What to do next.
    pub fn help(&self) -> String {
        match self {
            Self::File(error) => error.help(),
            Self::Other(_) => "name another file: only a saved plan is replaced".into(),
            Self::TooLarge(_) => "check that this is the file you mean; apply the plan itself, or split it by pool".into(),
            Self::NotUnderstood { .. } => "save the plan again with `poolroll plan PLAN --out FILE`".into(),
            Self::Version { .. } => "use the version of poolroll that saved it, or save the plan again".into(),
            Self::Digest { .. } => {
                "the file was changed, or another version of poolroll saved it: save the plan again and review it".into()
            }
        }
    }
}

/// Reads past the graph: as a tree of values it would take many times the memory of its text.
fn passed_over<'de, D: serde::Deserializer<'de>>(graph: D) -> Result<serde_json::Value, D::Error> {
    serde::de::IgnoredAny::deserialize(graph).map(|_| serde_json::Value::Null)
}

/// The beginning of a file; nothing where there is none yet.
fn beginning(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match whole_file::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        file => drop(file?.take(BEGINNING).read_to_end(&mut bytes)?),
    }
    Ok(bytes)
}

/// Whether a text begins as saved plans do. A plan may be JSON too, and says so by its kind.
pub fn is_saved(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    let start = String::from_utf8_lossy(&start[..start.len().min(200)]);
    start.starts_with('{') && start.contains("\"saved_plan\"")
}

impl Saved {
    /// A plan's file beside what it compiled to.
    pub fn of(name: &str, bytes: &[u8], graph: &StepGraph) -> Saved {
        let text = match crate::document::Source::from_bytes(name, bytes) {
            Ok(source) => source.text().to_owned(),
            Err(_) => String::from_utf8_lossy(bytes).into_owned(),
        };
        Saved {
            kind: SavedKind::SavedPlan,
            format_version: FORMAT_VERSION.to_owned(),
            digest: graph.digest(),
            plan_file: PlanFile { name: name.to_owned(), text },
            graph: serde_json::to_value(GraphText::of(graph)).unwrap_or_default(),
        }
    }

    /// Writes it whole.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), SavedError> {
        // Only what was saved before is replaced.
        let there = beginning(path).map_err(FileError::of("replace", path))?;
        if !there.is_empty() && !is_saved(&there) {
            return Err(SavedError::Other(path.to_owned()));
        }
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(io::Error::other)
            .map_err(FileError::of("write", path))?;
        text.push(b'\n');
        if text.len() > MAX_SAVED {
            return Err(SavedError::TooLarge(path.display().to_string()));
        }
        let path =
            if path.parent() == Some(Path::new("")) { PathBuf::from(".").join(path) } else { path.into() };
        Ok(whole_file::write(&path, &text)?)
    }

    /// The saved plan that some bytes are; `None` when they say that they are something else, so that they may be a plan
    /// itself.
    ///
    /// # Errors
    ///
    /// It says that it is a saved plan and is not whole, or is one of another format.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Option<Saved>, SavedError> {
        if !is_saved(bytes) {
            return Ok(None);
        }
        if bytes.len() > MAX_SAVED {
            return Err(SavedError::TooLarge(name.to_owned()));
        }
        let saved: Saved = serde_json::from_slice(bytes)
            .map_err(|source| SavedError::NotUnderstood { name: name.to_owned(), source })?;
        if !super::understands(FORMAT_VERSION, &saved.format_version) {
            return Err(SavedError::Version { name: name.to_owned(), found: saved.format_version });
        }
        Ok(Some(saved))
    }

    /// Whether the plan still compiles to what was reviewed.
    ///
    /// # Errors
    ///
    /// It does not.
    pub fn check(&self, name: &str, graph: &StepGraph) -> Result<(), SavedError> {
        let is = graph.digest();
        if is == self.digest {
            return Ok(());
        }
        let short = |digest: &str| digest.chars().take(12).collect();
        Err(SavedError::Digest { name: name.to_owned(), was: short(&self.digest), is: short(&is) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = include_str!("../../plans/minimal.yaml");

    fn graph(text: &str) -> std::sync::Arc<StepGraph> {
        crate::exec::live::compile("p.yaml", text.as_bytes()).unwrap().graph
    }

    #[test]
    fn a_saved_plan_comes_back_and_is_bound_to_its_graph() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("saved.json");
        let saved = Saved::of("p.yaml", PLAN.as_bytes(), &graph(PLAN));
        saved.write(&path).unwrap();
        let read = Saved::read("saved.json", &std::fs::read(&path).unwrap()).unwrap().unwrap();
        assert_eq!(read, Saved { graph: serde_json::Value::Null, ..saved });
        read.check("saved.json", &graph(&read.plan_file.text)).unwrap();
        let changed = graph(&PLAN.replace("fe04", "fe05"));
        assert!(matches!(read.check("saved.json", &changed), Err(SavedError::Digest { .. })));
    }

    #[test]
    fn what_is_no_saved_plan_is_told_apart() {
        assert_eq!(Saved::read("p", PLAN.as_bytes()).unwrap(), None);
        assert_eq!(Saved::read("p", b" {\"kind\": \"plan\"}").unwrap(), None, "a plan in JSON");
        let torn = b" {\"kind\": \"saved_plan\", ";
        assert!(matches!(Saved::read("p", torn), Err(SavedError::NotUnderstood { .. })));
        let mut other = Saved::of("p.yaml", PLAN.as_bytes(), &graph(PLAN));
        other.format_version = "2.0".into();
        let text = serde_json::to_vec(&other).unwrap();
        assert!(matches!(Saved::read("p", &text), Err(SavedError::Version { .. })));
    }
}
