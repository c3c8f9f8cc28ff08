//! Golden files: what a test expects, kept beside what it is about.

use std::fs;
use std::path::{Path, PathBuf};

/// A path in the package, given from its top level.
pub fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compares with the golden file, or writes it where goldens are blessed. The error says what to do.
pub fn compare(path: &Path, found: &str) -> Result<(), String> {
    if std::env::var_os("POOLROLL_BLESS").is_some_and(|bless| !bless.is_empty()) {
        return fs::write(path, found).map_err(|error| format!("{}: {error}", path.display()));
    }
    let expected = fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    if expected == found {
        return Ok(());
    }
    let first = expected.lines().zip(found.lines()).position(|(a, b)| a != b);
    let line = first.unwrap_or(expected.lines().count().min(found.lines().count()));
    let show = |text: &str| text.lines().nth(line).unwrap_or("(the end)").to_owned();
    Err(format!(
        "{} is stale from line {}:\n  expected: {}\n     found: {}\nif the change is meant, run the tests with POOLROLL_BLESS=1",
        path.display(),
        line + 1,
        show(&expected),
        show(found),
    ))
}
