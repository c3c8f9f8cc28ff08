//! Promise: the same input gives the same bytes, in whatever process, folder, time zone, language and name of a user.
//!
//! Each command is run by two processes whose surroundings differ in all of these; everything that they write is
//! compared: stdout, stderr, exit code and files.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::commands::{QUICK, poolroll};
use crate::golden;

/// A folder with the inputs, and what the environment of a process that stands in it says.
struct Surroundings {
    dir: tempfile::TempDir,
    environment: &'static [(&'static str, &'static str)],
}

const PLAIN: &[(&str, &str)] = &[
    ("HOME", "/"),
    ("USER", "alice"),
    ("TZ", "UTC"),
    ("LC_ALL", "C"),
    ("LANG", "C"),
    ("COLUMNS", "200"),
    ("TERM", "dumb"),
];

/// A zone with another day, a language with another `i`, another width, an empty home.
const OTHER: &[(&str, &str)] = &[
    ("HOME", "/nonexistent"),
    ("USER", "bob"),
    ("LOGNAME", "bob"),
    ("TZ", "Pacific/Kiritimati"),
    ("LC_ALL", "tr_TR.UTF-8"),
    ("LANG", "de_DE.UTF-8"),
    ("COLUMNS", "45"),
    ("TERM", "xterm-256color"),
    ("RUST_BACKTRACE", "1"),
];

impl Surroundings {
    fn new(prefix: &str, environment: &'static [(&'static str, &'static str)]) -> Surroundings {
        let dir = tempfile::Builder::new().prefix(prefix).tempdir().unwrap();
        for folder in ["plans", "plans/scenarios", "tests/cases"] {
            fs::create_dir_all(dir.path().join(folder)).unwrap();
            for entry in fs::read_dir(golden::at(folder)).unwrap().map(Result::unwrap) {
                if entry.path().is_file() {
                    fs::copy(entry.path(), dir.path().join(folder).join(entry.file_name())).unwrap();
                }
            }
        }
        fs::copy(golden::at("tests/quick.yaml"), dir.path().join("quick.yaml")).unwrap();
        Surroundings { dir, environment }
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = poolroll(self.dir.path(), args);
        command.envs(self.environment.iter().copied());
        // Where a variable is to be absent in one of the two.
        if !self.environment.iter().any(|(name, _)| *name == "RUST_BACKTRACE") {
            command.env_remove("RUST_BACKTRACE");
        }
        command.output().expect("the program can be run")
    }
}

fn both() -> [Surroundings; 2] {
    [Surroundings::new("a", PLAIN), Surroundings::new("another-name-and-longer", OTHER)]
}

/// Runs a command in both surroundings and holds what it writes against each other; `files` are written by it.
fn same(both: &[Surroundings; 2], args: &[&str], files: &[&str]) {
    let [one, other] = both.each_ref().map(|surroundings| surroundings.run(args));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(!one.stdout.is_empty() || !files.is_empty(), "{args:?} says nothing: {}", text(&one.stderr));
    assert_eq!(one.status.code(), other.status.code(), "{args:?}: {}", text(&other.stderr));
    assert_eq!(text(&one.stdout), text(&other.stdout), "{args:?}, stdout");
    assert_eq!(text(&one.stderr), text(&other.stderr), "{args:?}, stderr");
    for file in files {
        let [one, other] = both.each_ref().map(|surroundings| {
            fs::read(surroundings.dir.path().join(file)).unwrap_or_else(|error| panic!("{args:?}: {error}"))
        });
        assert_eq!(text(&one), text(&other), "{args:?}, {file}");
        assert!(!one.is_empty(), "{args:?}: {file} is empty");
    }
}

fn files_of(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(golden::at(folder)).unwrap().map(|entry| entry.unwrap().file_name());
    let names = entries.map(|name| format!("{folder}/{}", name.to_str().unwrap()));
    let mut names: Vec<_> =
        names.filter(|name| Path::new(name).extension() == Some("yaml".as_ref())).collect();
    names.sort();
    names
}

#[test]
fn a_plan_is_compiled_to_the_same_bytes() {
    let both = both();
    for plan in files_of("plans") {
        same(&both, &["plan", &plan, "--format", "json", "--out", "saved.json"], &["saved.json"]);
        for format in ["tree", "mermaid"] {
            same(&both, &["plan", &plan, "--format", format], &[]);
        }
    }
}

#[test]
fn findings_and_schemas_are_the_same_bytes() {
    let both = both();
    for format in ["human", "json", "github", "sarif", "junit"] {
        same(&both, &["validate", "tests/cases", "plans", "--format", format], &[]);
    }
    for args in [["schema", "--kind=plan"], ["schema", "--kind=scenario"], ["completions", "bash"]] {
        same(&both, &args, &[]);
    }
}

#[test]
fn a_rehearsal_has_the_same_records_and_the_same_report() {
    let both = both();
    let events = ["--events", "events.jsonl"];
    for plan in files_of("plans") {
        let args = ["rehearse", &plan, "--seed", "7", "--spread", "30", "--format", "json"];
        same(&both, &[&args[..], &events].concat(), &["events.jsonl"]);
    }
    let lync = ["rehearse", "plans/lync-2013-graceful.yaml"];
    for scenario in files_of("plans/scenarios") {
        same(&both, &[&lync[..], &["--scenario", &scenario], &events].concat(), &["events.jsonl"]);
    }
    same(&both, &[&lync[..], &["--runs", "20", "--spread", "30", "--format", "json"]].concat(), &[]);
}

#[test]
fn the_report_of_a_run_is_a_fold_of_its_folder_and_of_nothing_else() {
    let both = both();
    let applied = both[0].run(&["apply", "quick.yaml", "--yes", "--speed", QUICK]);
    assert_eq!(applied.status.code(), Some(0), "{}", String::from_utf8_lossy(&applied.stderr));
    let runs = both.each_ref().map(|surroundings| surroundings.dir.path().join("runs"));
    let run = fs::read_dir(&runs[0]).unwrap().next().unwrap().unwrap().file_name();
    fs::create_dir_all(runs[1].join(&run)).unwrap();
    for file in ["plan.yaml", "graph.json", "journal.jsonl"] {
        fs::copy(runs[0].join(&run).join(file), runs[1].join(&run).join(file)).unwrap();
    }
    for format in ["human", "json"] {
        same(&both, &["report", run.to_str().unwrap(), "--format", format], &[]);
    }
}
