//! The commands, as a user runs them: what they write, and the exit code.
//!
//! `TRYCMD=overwrite cargo test --test promises commands` writes the goldens anew; read the difference.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use poolroll::exec::journal;
use poolroll::exec::record::Entry;
use poolroll::pool::SimulatedPool;
use serde_json::Value;

use crate::golden;
use crate::stage::graph_of;

/// Nothing else comes of a rehearsal, so events that could not be written are an error there.
#[cfg(target_os = "linux")]
#[test]
fn a_rehearsal_whose_events_cannot_be_written_fails() {
    let args = ["rehearse", "plans/minimal.yaml", "--events", "/dev/full"];
    let output = poolroll(&golden::at("."), &args).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("cannot write `/dev/full`"), "{}", said(&output));
}

#[test]
fn the_commands_do_what_their_goldens_show() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd");
}

/// The program with a folder of runs and one of claims of its own.
pub fn poolroll(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_poolroll"));
    command
        .args(args)
        .current_dir(dir)
        .env("POOLROLL_RUNS_DIR", dir.join("runs"))
        .env("POOLROLL_CLAIMS_DIR", dir.join("claims"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What a command wrote to stderr and stdout, for messages.
pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout))
}

/// The journals of the runs in a folder of runs, as text.
pub fn journals(dir: &Path) -> String {
    let runs = std::fs::read_dir(dir.join("runs")).unwrap();
    let texts = runs
        .map(|run| std::fs::read_to_string(run.unwrap().path().join("journal.jsonl")).unwrap_or_default());
    texts.collect()
}

fn run(dir: &Path, args: &[&str]) -> Output {
    poolroll(dir, args).output().expect("the program can be run")
}

fn json(dir: &Path, args: &[&str]) -> Value {
    let output = run(dir, args);
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{args:?}: {error}\n{}", String::from_utf8_lossy(&output.stderr)))
}

/// A plan whose limits no pause of a slow machine reaches.
fn plan() -> String {
    golden::at("tests/quick.yaml").display().to_string()
}

/// A speed at which a run takes a second or two.
pub const QUICK: &str = "2000";
/// A speed at which a run is still in progress when it is looked at.
const SLOW: &str = "400";

#[test]
fn a_run_that_is_applied_ends_with_a_recap_and_frees_its_pool() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let output = run(dir.path(), &["apply", &plan(), "--yes", "--speed", QUICK]);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{err}");
        assert!(
            out.contains("pool01.contoso.com: complete, 6 of 6 front ends in service at 5.0.8308.1149"),
            "{out}"
        );
        assert!(err.contains("next: poolroll report "), "{err}");
    }
    let runs = json(dir.path(), &["runs", "--format", "json"]);
    assert_eq!(runs["runs"].as_array().map(Vec::len), Some(2));
    let newest = runs["runs"][0]["run"].as_str().unwrap();
    let report = json(dir.path(), &["report", newest, "--format", "json"]);
    assert_eq!(report["state"], "complete");
    assert_eq!(report["front_ends"].as_array().map(Vec::len), Some(6));
    assert!(report["front_ends"].as_array().unwrap().iter().all(|row| row["standing"] == "done"));
    // What has ended is not taken up again.
    assert_eq!(run(dir.path(), &["resume"]).status.code(), Some(6));
}

#[test]
fn a_run_is_paused_by_another_process_and_taken_up_again() {
    let dir = tempfile::tempdir().unwrap();
    let applied = poolroll(dir.path(), &["apply", &plan(), "--yes", "--speed", SLOW]).spawn().unwrap();
    let begun = Instant::now();
    let out = |status: &Value| {
        status["front_ends"].as_array().is_some_and(|rows| rows.iter().any(|row| row["standing"] == "out"))
    };
    loop {
        let output = run(dir.path(), &["status", "--format", "json"]);
        if serde_json::from_slice(&output.stdout).is_ok_and(|status| out(&status)) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "no front end was taken out");
        std::thread::sleep(Duration::from_millis(50));
    }
    // Somebody else cannot begin on the same pool meanwhile.
    assert_eq!(run(dir.path(), &["apply", &plan(), "--yes"]).status.code(), Some(6));
    let asked = Instant::now();
    let paused = run(dir.path(), &["pause", "--reason", "lunch"]);
    assert_eq!(paused.status.code(), Some(0), "{}", String::from_utf8_lossy(&paused.stderr));
    let applied = applied.wait_with_output().unwrap();
    assert_eq!(applied.status.code(), Some(5), "{}", String::from_utf8_lossy(&applied.stderr));
    let status = json(dir.path(), &["status", "--format", "json"]);
    assert_eq!(status["state"], "paused");
    assert!(!out(&status), "a pause leaves nothing out: {status:#}");
    // Nobody runs it now.
    assert_eq!(run(dir.path(), &["pause"]).status.code(), Some(6));
    // The pool lived on between the run's last record and the end of its process, at the run's speed.
    let graph = graph_of("quick.yaml", &std::fs::read(plan()).unwrap());
    let folder = dir.path().join("runs").join(status["run"].as_str().unwrap());
    let kept = SimulatedPool::load(Arc::clone(graph.plan_arc()), &folder.join("pool.json"));
    let lived = kept.unwrap().lived_until();
    // Long enough for what is asserted of it below; a slower machine only makes that easier to hold.
    std::thread::sleep(Duration::from_millis(200));
    let resumed = run(dir.path(), &["resume"]);
    assert_eq!(resumed.status.code(), Some(0), "{}", String::from_utf8_lossy(&resumed.stderr));
    let run = status["run"].as_str().unwrap();
    let report = json(dir.path(), &["report", run, "--format", "json"]);
    assert_eq!(report["state"], "complete");
    let persons = report["persons"].as_array().unwrap();
    assert_eq!(persons[0]["reason"], "lunch");
    assert_eq!(persons[1]["did"], "took it up");
    // The pool's time hurries only while a process runs it.
    let history = journal::read::<Entry<'_>>(&folder.join("journal.jsonl"), run).unwrap();
    let pace = history.records.iter().find_map(|record| match &record.body {
        Entry::Event(entry) => entry.pace,
        Entry::Opened(_) => None,
    });
    let away = pace.expect("how its time goes on").origin.duration_since(lived);
    let passed = jiff::SignedDuration::try_from(asked.elapsed()).unwrap();
    assert!(away.is_positive() && away <= passed, "away for {away}, and {passed} had passed");
}

/// A plan has one window. A person opens another, by a word that is kept; and the claims of the run are where it took them, whatever
/// folder is named later.
#[test]
fn a_run_whose_window_is_over_goes_on_in_another() {
    let dir = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(plan()).unwrap();
    let window = "maintenance_window: { time_zone: Europe/Berlin, start: 2036-12-05T20:00, end: 2036-12-05T20:25, drain: { limit: 2m } }\n";
    assert!(text.contains("maintenance_window:"), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.iter().position(|line| line.starts_with("maintenance_window:")).unwrap();
    let to = (from + 1..lines.len()).find(|line| !lines[*line].starts_with(' ')).unwrap_or(lines.len());
    let text = format!("{}\n{window}{}\n", lines[..from].join("\n"), lines[to..].join("\n"));
    std::fs::write(dir.path().join("plan.yaml"), text).unwrap();
    let apply = ["apply", "plan.yaml", "--yes", "--speed", QUICK];
    let said = |output: &Output| (output.status.code(), said(output));
    let (code, text) = said(&run(dir.path(), &apply));
    assert_eq!(code, Some(5), "{text}");
    assert!(text.contains(" --until TIME --reason TEXT"), "{text}");
    for (until, code, word) in [
        ("2036-12-05T20:01", 2, "is over"),
        ("tomorrow", 2, "is no moment"),
        ("2036-12-06T18:00", 0, "the window is open until 2036-12-06T18:00"),
    ] {
        let mut resume = poolroll(dir.path(), &["resume", "--until", until, "--reason", "it was agreed"]);
        let output = resume.env("POOLROLL_CLAIMS_DIR", dir.path().join("others")).output().unwrap();
        let (seen, text) = said(&output);
        assert!(seen == Some(code) && text.contains(word), "{until}: {seen:?}, {text}");
    }
    let report = json(dir.path(), &["report", "--format", "json"]);
    let took_it_up = &report["persons"].as_array().unwrap()[0];
    assert_eq!(took_it_up["reason"], "it was agreed");
    assert!(took_it_up["did"].as_str().unwrap().contains("opened the window until"), "{took_it_up}");
    assert!(!dir.path().join("others").exists());
    let (code, text) = said(&run(dir.path(), &apply));
    assert_eq!(code, Some(5), "its pool is free again: {text}");
}

#[test]
fn a_saved_plan_runs_only_while_it_is_the_one_that_was_saved() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run(dir.path(), &["plan", &plan(), "--out", "saved.json"]).status.code(), Some(0));
    let applied = run(dir.path(), &["apply", "saved.json", "--yes", "--speed", QUICK]);
    assert_eq!(applied.status.code(), Some(0), "{}", String::from_utf8_lossy(&applied.stderr));
    let path = dir.path().join("saved.json");
    let saved = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, saved.replace("time_limit: 12h", "time_limit: 13h")).unwrap();
    let applied = run(dir.path(), &["apply", "saved.json", "--yes"]);
    assert_eq!(applied.status.code(), Some(6), "{}", String::from_utf8_lossy(&applied.stderr));
}

/// What is printed to be typed works where it is typed, or says what it needs.
#[test]
fn commands_that_need_a_folder_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let apply = ["apply", &plan(), "--yes", "--speed", QUICK, "--runs-dir", "elsewhere"];
    let note = "note: these commands need `--runs-dir elsewhere` too";
    let output = run(dir.path(), &apply);
    assert!(said(&output).contains(note), "{}", said(&output));
    let output = run(dir.path(), &["status", "--runs-dir", "elsewhere"]);
    assert!(said(&output).contains(note), "{}", said(&output));
    // Where everybody looks nothing more is needed.
    let output = run(dir.path(), &["apply", &plan(), "--yes", "--speed", QUICK]);
    assert!(!said(&output).contains("these commands need"), "{}", said(&output));
    // Nothing follows in a run that is complete.
    let output = run(dir.path(), &["pause"]);
    assert!(
        said(&output).contains("nothing follows in it") && output.status.code() == Some(6),
        "{}",
        said(&output)
    );
}

#[test]
fn a_starter_plan_is_written_once_and_validates() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run(dir.path(), &["init", "--pool", "lync.example.org"]).status.code(), Some(0));
    assert_eq!(run(dir.path(), &["validate", "--deny-warnings", "plan.yaml"]).status.code(), Some(0));
    assert_eq!(run(dir.path(), &["init"]).status.code(), Some(6));
    assert_eq!(run(dir.path(), &["init", "--force"]).status.code(), Some(0));
}

#[test]
fn every_event_is_a_line_of_json_and_the_first_says_the_version() {
    let output = run(&golden::at("."), &["rehearse", "plans/minimal.yaml", "--events", "-"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["type"], "version");
    assert_eq!(lines[0]["format"], "1.0");
    assert!(lines.len() > 50 && lines[1..].iter().all(|line| line["type"] == "event"));
}

#[test]
fn a_reader_that_goes_away_does_not_change_the_answer() {
    let bad = golden::at("tests/cases/unknown-key.yaml").display().to_string();
    let lync = golden::at("plans/lync-2013-graceful.yaml").display().to_string();
    let scenario = golden::at("plans/scenarios/installer-fails.yaml").display().to_string();
    for (args, code) in [
        (vec!["validate", &bad, "--format", "json"], 3),
        (vec!["rehearse", &lync, "--scenario", &scenario], 4),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut child = poolroll(dir.path(), &args).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_run_whose_journal_is_damaged_can_be_ended_and_frees_its_pool() {
    let dir = tempfile::tempdir().unwrap();
    let mut applied = poolroll(dir.path(), &["apply", &plan(), "--yes", "--speed", SLOW]).spawn().unwrap();
    let runs = dir.path().join("runs");
    let begun = Instant::now();
    let journal = loop {
        let folders =
            std::fs::read_dir(&runs).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
        let journal = folders
            .map(|folder| folder.join("journal.jsonl"))
            .find(|journal| std::fs::metadata(journal).is_ok_and(|metadata| metadata.len() > 5_000));
        if let Some(journal) = journal {
            break journal;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "no journal grows");
        std::thread::sleep(Duration::from_millis(20));
    };
    applied.kill().unwrap();
    applied.wait().unwrap();
    let text = std::fs::read_to_string(&journal).unwrap();
    std::fs::write(&journal, text.replacen("preflight", "prefligth", 1)).unwrap();
    let status = run(dir.path(), &["status"]);
    assert_eq!(status.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&status.stderr).contains("is damaged at line"), "{status:?}");
    assert_eq!(
        run(dir.path(), &["apply", &plan(), "--yes"]).status.code(),
        Some(6),
        "the pool is still claimed"
    );
    let id = journal.parent().unwrap().file_name().unwrap().to_str().unwrap();
    let ended = run(dir.path(), &["abandon", id, "--reason", "the disk was replaced"]);
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(json(dir.path(), &["runs", "--format", "json"])["runs"][0]["state"], "abandoned");
    assert_eq!(run(dir.path(), &["resume"]).status.code(), Some(6));
    let again = run(dir.path(), &["apply", &plan(), "--yes", "--speed", QUICK]);
    assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stderr));
}

#[test]
fn nothing_is_left_of_a_run_that_could_not_begin() {
    let dir = tempfile::tempdir().unwrap();
    let refused = run(dir.path(), &["apply", &plan(), "--yes", "--events", "absent/events.jsonl"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(json(dir.path(), &["runs", "--format", "json"])["runs"].as_array().unwrap().is_empty());
    // Nor is a file replaced that holds something else.
    std::fs::write(dir.path().join("notes.txt"), "mine").unwrap();
    for args in [
        ["apply", &plan(), "--yes", "--events", "notes.txt"].as_slice(),
        &["plan", &plan(), "--out", "notes.txt"],
    ] {
        assert_eq!(run(dir.path(), args).status.code(), Some(6), "{args:?}");
    }
    assert_eq!(std::fs::read_to_string(dir.path().join("notes.txt")).unwrap(), "mine");
    let applied = run(dir.path(), &["apply", &plan(), "--yes", "--speed", QUICK]);
    assert_eq!(
        applied.status.code(),
        Some(0),
        "the pool is free: {}",
        String::from_utf8_lossy(&applied.stderr)
    );
}

#[test]
fn a_claim_of_a_run_in_progress_is_released_from_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let elsewhere = dir.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let mut applied = poolroll(dir.path(), &["apply", &plan(), "--yes", "--speed", SLOW]).spawn().unwrap();
    let begun = Instant::now();
    let claim = loop {
        let claim = dir.path().join("claims/pool-pool01.contoso.com.json");
        if let Ok(claim) = std::fs::read(claim) {
            break serde_json::from_slice::<Value>(&claim).unwrap();
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "no claim is taken");
        std::thread::sleep(Duration::from_millis(20));
    };
    let id = claim["id"].as_str().unwrap();
    let released = poolroll(dir.path(), &["release", "pool01.contoso.com", id, "--reason", "x"])
        .env("POOLROLL_RUNS_DIR", &elsewhere)
        .output()
        .unwrap();
    assert_eq!(released.status.code(), Some(6), "{}", String::from_utf8_lossy(&released.stderr));
    applied.kill().unwrap();
    applied.wait().unwrap();
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    for args in
        [["plan", "plans/lync-2013-graceful.yaml"], ["schema", "--kind=plan"], ["completions", "bash"]]
    {
        let mut child = poolroll(&golden::at("."), &args).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let talk = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && talk.is_empty(), "{args:?}: {:?} {talk}", output.status);
    }
}

/// The limit of open files is the shell's to set, and only on Unix.
#[cfg(unix)]
#[test]
fn where_too_few_files_may_be_open_nothing_is_begun() {
    let dir = tempfile::tempdir().unwrap();
    for limit in 6..20 {
        let command = format!(
            "ulimit -n {limit}; exec '{}' apply '{}' --yes --speed {QUICK}",
            env!("CARGO_BIN_EXE_poolroll"),
            plan()
        );
        let output = Command::new("sh")
            .args(["-c", &command])
            .env("POOLROLL_RUNS_DIR", dir.path().join("runs"))
            .env("POOLROLL_CLAIMS_DIR", dir.path().join("claims"))
            .output()
            .unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        if output.status.code() == Some(0) {
            continue;
        }
        assert_eq!(output.status.code(), Some(1), "with {limit} files: {err}");
        assert!(err.contains("too few files") && err.contains("ulimit"), "with {limit} files: {err}");
        assert!(!dir.path().join("runs").exists(), "with {limit} files something was begun");
    }
}
