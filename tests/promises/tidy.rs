//! Promise: the house is built as its plan says. Layers name only what lies below them, pure rooms touch nothing of
//! the world, files have honest names, and what the README shows is true (`commands` runs its blocks).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::stage::root;

/// Which rooms a room may name.
fn layers() -> BTreeMap<&'static str, &'static [&'static str]> {
    BTreeMap::from([
        ("document", [].as_slice()),
        ("plan", &["document"]),
        ("graph", &["document", "plan"]),
        ("run", &["graph", "plan"]),
        ("twin", &["document", "plan"]),
        ("proof", &["graph", "plan", "run", "twin"]),
        ("pool", &["graph", "plan", "twin"]),
        ("exec", &["document", "graph", "plan", "pool", "proof", "run", "twin"]),
        ("report", &["document", "exec", "graph", "plan", "proof", "run", "twin"]),
        ("cli", &["document", "exec", "graph", "plan", "pool", "proof", "report", "run", "twin"]),
    ])
}

/// Rooms that touch nothing of the world.
const PURE: [&str; 6] = ["document", "plan", "graph", "run", "twin", "proof"];

/// What touching the world looks like.
const WORLD: [&str; 13] = [
    "tokio",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant",
    "Timestamp::now",
    "ZonedDateTime::now",
    "println!",
    "eprintln!",
    "std::io::std",
];

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).expect("the folder can be read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The lines of a file that are code of the program: no comments, no tests.
fn code(path: &Path) -> Vec<(usize, String)> {
    let is_test = path.components().any(|part| {
        let part = part.as_os_str();
        part == "tests" || part == "tests.rs"
    });
    if is_test {
        return Vec::new();
    }
    let text = std::fs::read_to_string(path).expect("a source file is text");
    text.lines()
        .enumerate()
        .take_while(|(_, line)| !line.trim_start().starts_with("#[cfg(test)]"))
        .map(|(number, line)| (number + 1, line.to_owned()))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .collect()
}

/// The rooms that a line names by `crate::room`.
fn rooms_named(line: &str) -> Vec<String> {
    let word = |rest: &str| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        rest[..end].to_owned()
    };
    line.split("crate::").skip(1).map(word).filter(|word| !word.is_empty()).collect()
}

#[test]
fn rooms_name_only_what_lies_below_them() {
    let layers = layers();
    let mut wrong = Vec::new();
    for (room, below) in &layers {
        for path in sources(&root().join("src").join(room)) {
            for (number, line) in code(&path) {
                for named in rooms_named(&line) {
                    let known = layers.contains_key(named.as_str());
                    if known && named != *room && !below.contains(&named.as_str()) {
                        wrong.push(format!("{}:{number} names `{named}`", path.display()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_rooms_touch_nothing_of_the_world() {
    let mut wrong = Vec::new();
    for room in PURE {
        for path in sources(&root().join("src").join(room)) {
            for (number, line) in code(&path) {
                for world in WORLD.iter().filter(|world| line.contains(*world)) {
                    wrong.push(format!("{}:{number} touches `{world}`", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_command_line_prints_or_exits() {
    let mut wrong = Vec::new();
    for room in layers().keys().filter(|room| **room != "cli") {
        for path in sources(&root().join("src").join(room)) {
            for (number, line) in code(&path) {
                for loud in ["println!", "eprintln!", "process::exit", "dbg!"] {
                    if line.contains(loud) {
                        wrong.push(format!("{}:{number} uses `{loud}`", path.display()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_differs_between_systems_lives_in_one_place() {
    let os = root().join("src/exec/os.rs");
    let mut wrong = Vec::new();
    for path in sources(&root().join("src")).into_iter().filter(|path| *path != os) {
        for (number, line) in code(&path) {
            if line.contains("std::os::") {
                wrong.push(format!("{}:{number}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "`std::os::` outside of exec/os.rs: {}", wrong.join(", "));
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    let empty =
        ["imp", "util", "utils", "helper", "helpers", "common", "misc", "types", "context", "manager"];
    for path in sources(&root().join("src")) {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        assert!(!empty.contains(&stem), "{} says nothing of what is in it", path.display());
    }
}

#[test]
fn each_dependency_says_why_it_is_there() {
    for manifest in ["Cargo.toml", "fuzz/Cargo.toml"] {
        let text = std::fs::read_to_string(root().join(manifest)).expect("the manifest");
        let mut section = "";
        let mut above = "";
        for line in text.lines() {
            if line.starts_with('[') {
                section = line;
            }
            let dependency =
                section.contains("dependencies]") && line.contains('=') && !line.starts_with('#');
            assert!(!dependency || above.starts_with("# "), "{manifest}: no reason stands above `{line}`");
            above = line;
        }
    }
}
