//! Files as people name them: a path, a folder, or `-` for stdin.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::failure::Failure;
use super::output;
use crate::document::{Findings, MAX_BYTES, Source};
use crate::exec::live::{self, Compiled};
use crate::exec::saved;
use crate::report::{Checked, findings_human};

/// What stands for stdin, and how messages call it.
pub const STDIN: &str = "-";
const STDIN_NAME: &str = "<stdin>";

/// The bytes of a file, under the name that messages show.
#[derive(Debug)]
pub struct Bytes {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// The longest reason, in characters: it is shown on a line of reports.
const MAX_REASON: usize = 2000;

/// A reason as a person gives it, for the parser of arguments: something, on one line.
///
/// # Errors
///
/// What is wrong with it, in words.
pub fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err("say in a few words why".into()),
        1..=MAX_REASON if text.chars().any(char::is_control) => Err("a reason is one line of text".into()),
        1..=MAX_REASON => Ok(text.to_owned()),
        _ => Err(format!("a reason has at most {MAX_REASON} characters")),
    }
}

/// Reads a file, or stdin. Not more than one byte beyond what the reader of documents accepts: whoever is given that many
/// knows that there were too many.
///
/// # Errors
///
/// It cannot be read.
pub fn read(path: &Path) -> Result<Bytes, Failure> {
    read_by(path, up_to_a_document)
}

/// Reads a plan or a saved plan, which holds the compiled graph beside the plan's text and is a good deal longer.
///
/// # Errors
///
/// It cannot be read.
pub fn read_saved(path: &Path) -> Result<Bytes, Failure> {
    read_by(path, up_to_a_saved_plan)
}

fn up_to_a_saved_plan(reader: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = up_to_a_document(reader)?;
    // Only what says that it is one is read any further.
    if bytes.len() > MAX_BYTES && saved::is_saved(&bytes) {
        reader.take((saved::MAX_SAVED - MAX_BYTES) as u64).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn up_to_a_document(reader: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn read_by(path: &Path, by: impl FnOnce(&mut dyn Read) -> io::Result<Vec<u8>>) -> Result<Bytes, Failure> {
    let (name, bytes) = if path == Path::new(STDIN) {
        (STDIN_NAME.to_owned(), by(&mut io::stdin().lock()))
    } else {
        (path.display().to_string(), fs::File::open(path).and_then(|mut file| by(&mut file)))
    };
    match bytes {
        Ok(bytes) => Ok(Bytes { name, bytes }),
        Err(source) => Err(Failure::Read { path: name, source }),
    }
}

/// The files that a path means: itself, or every YAML file in a folder and its folders, in order of their names.
/// Folders and files whose name begins with a dot are left alone.
///
/// # Errors
///
/// A folder cannot be read, or has no such file.
pub fn files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if path == Path::new(STDIN) || !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    collect(path, &mut files)?;
    if files.is_empty() { Err(Failure::NoFiles(path.to_owned())) } else { Ok(files) }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |source| Failure::Read { path: folder.display().to_string(), source };
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // A link is what it leads to; a pipe would be waited for.
        let kind = fs::metadata(entry.path()).map(|metadata| (metadata.is_dir(), metadata.is_file()));
        match (entry.file_type().map_err(failed)?.is_dir(), kind) {
            (true, _) => entries.push((entry.path(), true)),
            (false, Ok((false, true)) | Err(_)) => entries.push((entry.path(), false)),
            (false, Ok(_)) => {}
        }
    }
    entries.sort();
    for (path, is_folder) in entries {
        if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
            continue;
        }
        let is_yaml = path.extension().is_some_and(|ext| {
            let ext = ext.to_ascii_lowercase();
            ext == "yaml" || ext == "yml"
        });
        if is_folder {
            collect(&path, files)?;
        } else if is_yaml {
            files.push(path);
        }
    }
    Ok(())
}

/// Compiles a plan; shows its findings on stderr. `None` when one of them is an error.
pub fn compile(plan: &Bytes) -> Option<Compiled> {
    match live::compile(&plan.name, &plan.bytes) {
        Ok(compiled) => {
            if !compiled.warnings.is_empty() {
                let source = Source::from_bytes(plan.name.clone(), &plan.bytes).ok().map(Arc::new);
                show(&plan.name, source, &compiled.warnings);
            }
            Some(compiled)
        }
        Err((source, findings)) => {
            show(&plan.name, source, &findings);
            None
        }
    }
}

/// Shows findings on stderr, for commands whose data is something else.
pub fn show(name: &str, source: Option<Arc<Source>>, findings: &Findings) {
    let source = source.unwrap_or_else(|| Arc::new(Source::from_text(name, "")));
    let mut text = String::new();
    let checked = Checked { source: &source, findings };
    // Writing to a text cannot fail.
    let _ = findings_human::write(&mut text, &[checked], output::look(true));
    output::say(text.trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file without an end that counts what it was asked for.
    struct Endless {
        beginning: &'static [u8],
        given: usize,
    }

    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let begins = self.beginning.iter().copied().skip(self.given).chain(std::iter::repeat(b' '));
            buffer.iter_mut().zip(begins).for_each(|(byte, given)| *byte = given);
            self.given += buffer.len();
            Ok(buffer.len())
        }
    }

    #[test]
    fn of_a_file_without_an_end_one_byte_more_is_read_than_is_accepted() {
        let asked = |beginning, by: fn(&mut dyn Read) -> io::Result<Vec<u8>>| {
            let mut endless = Endless { beginning, given: 0 };
            let bytes = by(&mut endless).unwrap();
            assert_eq!(bytes.len(), endless.given);
            endless.given
        };
        assert_eq!(asked(b"kind: plan", up_to_a_document), MAX_BYTES + 1);
        assert_eq!(asked(b"kind: plan", up_to_a_saved_plan), MAX_BYTES + 1);
        assert_eq!(asked(b"{\"kind\": \"saved_plan\", ", up_to_a_saved_plan), saved::MAX_SAVED + 1);
    }
}
