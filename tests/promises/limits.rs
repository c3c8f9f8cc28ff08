//! Promise: what is too long, too deep or too much is refused with its limit, in little memory and without the end of it.
//!
//! The program is a process whose memory the shell limits to a fraction of what it is given, so that no clock is needed:
//! who read all of it would not come back with an answer. The limits themselves are in the documentation of `document`.
#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::commands::{QUICK, poolroll};
use crate::golden;

/// A gigabyte, of zeros behind some beginning, that takes no room on the disk.
fn gigabyte(path: &Path, beginning: &[u8]) {
    let mut file = fs::File::create(path).unwrap();
    file.write_all(beginning).unwrap();
    file.set_len(1 << 30).unwrap();
}

/// Runs the program with so many MiB of memory, `input` on its stdin.
fn run_in(dir: &Path, mebibytes: u32, args: &[&str], input: &str) -> Output {
    let limited = poolroll(dir, &[]);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("ulimit -v {} || exit 99; exec \"$0\" \"$@\"", mebibytes * 1024)])
        .arg(limited.get_program())
        .args(args)
        .current_dir(dir)
        .envs(limited.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = shell.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // Whoever has read enough closes the pipe.
        scope.spawn(move || stdin.write_all(input.as_bytes()));
        child.wait_with_output().unwrap()
    })
}

/// Holds that the program answers with this code and these words.
#[track_caller]
fn says(dir: &Path, mebibytes: u32, args: &[&str], code: i32, words: &str) {
    let output = run_in(dir, mebibytes, args, "");
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    let text = String::from_utf8_lossy(&text);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
    // A long line is broken where it is shown.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(words), "{args:?} does not say `{words}`: {text}");
}

/// More than the program needs for any of this, and a quarter of a gigabyte.
const LITTLE: u32 = 256;

const TOO_LARGE: &str = "the file has more than 16777216 bytes";

#[test]
fn a_file_of_a_gigabyte_or_without_an_end_is_refused_wherever_a_plan_or_a_scenario_is_read() {
    let dir = tempfile::tempdir().unwrap();
    gigabyte(&dir.path().join("large.yaml"), b"kind: plan\n");
    let minimal = golden::at("plans/minimal.yaml").display().to_string();
    for file in ["large.yaml", "/dev/zero"] {
        for args in [
            &["validate", file][..],
            &["plan", file],
            &["rehearse", file],
            &["rehearse", &minimal, "--scenario", file],
            &["apply", file, "--yes"],
            &["prove", file],
        ] {
            says(dir.path(), LITTLE, args, 3, TOO_LARGE);
        }
    }
}

#[test]
fn a_saved_plan_of_a_gigabyte_is_refused_and_a_file_of_one_is_not_read_to_be_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let saved = dir.path().join("saved.json");
    gigabyte(&saved, b"{\"kind\": \"saved_plan\", ");
    // It is read as far as a saved plan may go, and no further.
    says(dir.path(), 800, &["apply", "saved.json", "--yes"], 1, "larger than 268435456 bytes");
    let minimal = golden::at("plans/minimal.yaml").display().to_string();
    gigabyte(&dir.path().join("other.json"), b"{}");
    says(dir.path(), LITTLE, &["plan", &minimal, "--out", "other.json"], 6, "it is no saved plan");
    says(dir.path(), LITTLE, &["plan", &minimal, "--out", "saved.json"], 0, "saved to `saved.json`");
    assert!(fs::metadata(&saved).unwrap().len() < 1 << 20);
}

#[test]
fn what_grew_to_a_gigabyte_in_the_folder_of_a_run_is_refused_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let plan = golden::at("tests/quick.yaml").display().to_string();
    let applied = run_in(dir.path(), LITTLE, &["apply", &plan, "--yes", "--speed", QUICK], "");
    assert_eq!(applied.status.code(), Some(0), "{}", String::from_utf8_lossy(&applied.stderr));
    let run = fs::read_dir(dir.path().join("runs")).unwrap().next().unwrap().unwrap().path();
    let grown = |name: &str, memory, args: &[&str], code, words: &str| {
        let whole = fs::read(run.join(name)).unwrap();
        gigabyte(&run.join(name), &whole);
        says(dir.path(), memory, args, code, words);
        fs::write(run.join(name), whole).unwrap();
    };
    let journal = fs::read(run.join("journal.jsonl")).unwrap();
    let lines = journal.iter().filter(|&&byte| byte == b'\n').count();
    let place = format!("is damaged at line {}, byte {}", lines + 1, journal.len());
    grown("journal.jsonl", LITTLE, &["status"], 1, &place);
    grown("journal.jsonl", LITTLE, &["resume"], 1, &place);
    grown("plan.yaml", LITTLE, &["report"], 1, "it is larger than 16777216 bytes");
    // The run has not ended as far as its journal goes, so its pool is read, a quarter of a gigabyte of it.
    fs::write(run.join("journal.jsonl"), &journal[..journal.len() / 2]).unwrap();
    grown("pool.json", 800, &["resume"], 1, "it was changed since it was written");
}

#[test]
fn neither_a_pipe_nor_a_gigabyte_in_the_place_of_a_claim_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let plan = golden::at("tests/quick.yaml").display().to_string();
    fs::create_dir(dir.path().join("claims")).unwrap();
    let claim = dir.path().join("claims/pool-pool01.contoso.com.json");
    let made = Command::new("mkfifo").arg(&claim).status().unwrap();
    assert!(made.success());
    says(dir.path(), LITTLE, &["apply", &plan, "--yes"], 6, "is damaged: it is not a file");
    fs::remove_file(&claim).unwrap();
    gigabyte(&claim, b"{");
    says(dir.path(), LITTLE, &["apply", &plan, "--yes"], 6, "is damaged: it is larger than 65536 bytes");
}

#[test]
fn a_hundred_thousand_brackets_of_any_sort_are_one_finding() {
    const N: usize = 100_000;
    let staircase: String = (0..5_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    for (text, code) in [
        ("[".repeat(N), "yaml-depth"),
        ("{".repeat(N), "yaml-depth"),
        ("{a: ".repeat(N), "yaml-depth"),
        ("[{a: [".repeat(N), "yaml-depth"),
        ("[".repeat(N) + &"]".repeat(N), "yaml-depth"),
        ("{a: ".repeat(N) + "1" + &"}".repeat(N), "yaml-depth"),
        ("- ".repeat(N), "yaml-depth"),
        ("? ".repeat(N), "yaml-depth"),
        (staircase, "yaml-depth"),
        ("a: ".repeat(N), "yaml-syntax"),
        ("]".repeat(N), "yaml-syntax"),
    ] {
        let start: String = text.chars().take(12).collect();
        let output = run_in(Path::new("."), LITTLE, &["validate", "-", "--format", "json"], &text);
        let json: Value = serde_json::from_slice(&output.stdout).expect(&start);
        let findings = json["files"][0]["findings"].as_array().expect(&start);
        let codes: Vec<_> = findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect();
        assert_eq!((codes, output.status.code()), (vec![code], Some(3)), "{start}");
    }
}

/// A plan of a generic pool whose front ends have these names, a hundred in a domain.
fn plan_of(count: usize, name: impl Fn(usize) -> String, actions: usize) -> String {
    let mut text = "kind: plan\nversion: 1\nname: many\nproduct: generic\npool:\n  fqdn: web.contoso.com\n  \
        minimum_active: 1\n  upgrade_domains:\n"
        .to_owned();
    for first in (0..count).step_by(100) {
        let names: Vec<_> = (first..count.min(first + 100)).map(&name).collect();
        text += &format!("    - {{ name: D{first}, front_ends: [{}] }}\n", names.join(", "));
    }
    text + "upgrade:\n  version: '2.0'\n  actions:\n" + &"    - { program: one }\n".repeat(actions)
}

#[test]
fn of_more_findings_than_anybody_reads_the_first_two_hundred_are_shown() {
    let fault = |n: usize| format!("  - {{ nonsense{n}: 1 }}\n");
    let faults: String = (0..100_000).map(fault).collect();
    let sound = "  - front_end_dies: { front_end: fe05.contoso.com, at: 1h }\n";
    let plan = plan_of(3, |n| format!("w{n}"), 1);
    for (what, shown, text) in [
        ("names that are none", 201, plan_of(20_000, |n| format!("w{n}!"), 1)),
        ("one name for all", 201, plan_of(20_000, |_| "w1".into(), 1)),
        (
            "keys that are not known",
            201,
            plan.clone() + &(0..100_000).map(|n| format!("k{n}: 1\n")).collect::<String>(),
        ),
        ("keys that occur twice", 201, plan.clone() + "labels: {" + &"a: b, ".repeat(100_000) + "}\n"),
        ("tags", 201, "- !t 1\n".repeat(100_000)),
        ("hidden characters", 201, "\u{202e}".repeat(100_000)),
        (
            "faults that are none behind a thousand that are some, and a version that is none",
            // The version, the length of the list, and that there may be more.
            3,
            format!("kind: scenario\nversion: x\nname: x\nfaults:\n{}{faults}", sound.repeat(1001)),
        ),
        ("faults that are none", 201, format!("kind: scenario\nversion: 1\nname: x\nfaults:\n{faults}")),
    ] {
        let output = run_in(Path::new("."), LITTLE, &["validate", "-", "--format", "json"], &text);
        let stderr = String::from_utf8_lossy(&output.stderr);
        let json: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{what}: {stderr}"));
        let findings = json["files"][0]["findings"].as_array().unwrap();
        let cut = findings.iter().filter(|finding| finding["code"] == "findings-cut").count();
        assert_eq!(
            (findings.len(), cut, output.status.code()),
            (shown, 1, Some(3)),
            "{what}: {:#?}",
            findings.first()
        );
    }
}

#[test]
fn a_list_that_is_too_long_and_otherwise_sound_is_told_so() {
    let fault = "  - front_end_dies: { front_end: fe05.contoso.com, at: 1h }\n".repeat(50_000);
    let domains: String =
        (0..20_001).map(|n| format!("    - {{ name: D{n}, front_ends: [w{n}] }}\n")).collect();
    let plan = plan_of(0, |_| String::new(), 1)
        .replace("upgrade_domains:\n", &format!("upgrade_domains:\n{domains}"));
    for (text, message) in [
        (
            format!("kind: scenario\nversion: 1\nname: x\nfaults:\n{fault}"),
            "`faults` must have at most 1000 items",
        ),
        (plan, "`upgrade_domains` must have at most 20000 items"),
    ] {
        let output = run_in(Path::new("."), LITTLE, &["validate", "-", "--format", "json"], &text);
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = json["files"][0]["findings"].as_array().unwrap().iter();
        let errors = findings.filter(|finding| finding["severity"] == "error");
        let said: Vec<_> = errors.map(|finding| finding["message"].as_str().unwrap()).collect();
        assert_eq!(said, [message]);
    }
}

#[test]
fn the_largest_plan_is_compiled_and_one_that_is_larger_says_by_what() {
    let dir = tempfile::tempdir().unwrap();
    let name = |n: usize| format!("w{n}.contoso.com");
    let write = |file: &str, text: String| fs::write(dir.path().join(file), text).unwrap();
    write("largest.yaml", plan_of(20_000, name, 25));
    write("front-ends.yaml", plan_of(20_001, name, 1));
    write("actions.yaml", plan_of(20_000, name, 26));
    says(dir.path(), LITTLE, &["validate", "largest.yaml"], 0, "0 errors");
    says(dir.path(), 1024, &["plan", "largest.yaml"], 0, "D19900");
    says(dir.path(), LITTLE, &["plan", "front-ends.yaml"], 3, "a plan may name at most 20000");
    says(dir.path(), LITTLE, &["plan", "actions.yaml"], 3, "520000 of them; a plan may have at most 500000");
}

#[test]
fn a_line_of_megabytes_is_shown_around_its_place() {
    let text = format!("name: {}\nkind: plan\n: x\n", "x".repeat(15_000_000));
    let output = run_in(Path::new("."), LITTLE, &["validate", "-"], &text);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!output.stdout.is_empty() && output.stdout.len() < 10_000, "{} bytes", output.stdout.len());
}
