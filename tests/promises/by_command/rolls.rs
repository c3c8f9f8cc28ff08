//! Whole runs on this computer.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Bed, said};

#[test]
fn a_pool_is_rolled_by_commands() {
    let bed = Bed::new();
    bed.plan("here", "", "");
    let output = bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let each = |web: &str| {
        [
            format!("stop {web} graceful"),
            format!("upgrade {web}"),
            format!("restart {web}"),
            format!("start {web}"),
        ]
    };
    assert_eq!(bed.log(), ["web1", "web2", "web3"].map(each).concat());
    // Applied again, it finds everything where the plan wants it.
    let output = bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(bed.log().len(), 12);
    let output = bed.poolroll(&["check", "plan.yaml"]).output().unwrap();
    assert!(said(&output).contains("every front end has version 2 already"), "{}", said(&output));
}

#[test]
fn what_a_command_prints_is_kept_without_its_secrets() {
    let bed = Bed::new();
    bed.plan("here", "", "    secrets: [TOKEN]\n");
    bed.put("upgrade.exits", "7");
    let mut apply = bed.poolroll(&["apply", "plan.yaml", "--yes"]);
    let output = apply.env("TOKEN", "hunter2").output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(said(&output).contains("it ended with 7: `upgrade fails, with ***`"), "{}", said(&output));
    let run = std::fs::read_dir(bed.path("runs")).unwrap().next().unwrap().unwrap().path();
    let kept = std::fs::read_to_string(run.join("commands/upgrade-web1-1.output")).unwrap();
    assert_eq!(
        kept,
        "--- exit code 7\n--- stdout\nupgrade on web1, with ***\n\n--- stderr\nupgrade fails, with ***\n\n"
    );
    for file in std::fs::read_dir(run.join("commands")).unwrap().chain(std::fs::read_dir(&run).unwrap()) {
        let path = file.unwrap().path();
        let text = std::fs::read(&path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(!text.unwrap_or_default().contains("hunter2"), "{}", path.display());
    }
    // A person looked, and says so: then it is tried again.
    std::fs::remove_file(bed.path("bed/upgrade.exits")).unwrap();
    let retry = ["resume", "--retry", "upgrade/web1/1", "--reason", "it was the disk"];
    let output = bed.poolroll(&retry).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

/// The process of a run, once a command has begun.
pub fn apply_until(bed: &Bed, command: &str) -> Child {
    let mut apply = bed.poolroll(&["apply", "plan.yaml", "--yes"]);
    let process = apply.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    for _ in 0..1_000 {
        if bed.log().last().is_some_and(|last| last == command) {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    process
}

/// Kills the process of a run when a command has begun, which goes on.
fn apply_and_kill(bed: &Bed, command: &str) {
    let mut process = apply_until(bed, command);
    process.kill().unwrap();
    process.wait().unwrap();
}

/// Aborts a run while a command goes on that takes some seconds, and waits until that would have come to its end.
pub fn abort_during_the_upgrade(bed: &Bed) {
    bed.put("upgrade.takes", "4");
    let mut process = apply_until(bed, "upgrade web1");
    let output = bed.poolroll(&["abort"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    process.wait().unwrap();
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(std::fs::read_to_string(bed.path("bed/web1/version")).unwrap(), "1\n");
}

#[test]
fn an_abort_ends_what_goes_on() {
    let bed = Bed::new();
    bed.plan("here", "", "");
    abort_during_the_upgrade(&bed);
}

/// Also what does not hear that it is asked to end.
#[test]
fn an_abort_ends_what_does_not_want_to() {
    let bed = Bed::new();
    bed.plan("here", "", "");
    let text = std::fs::read_to_string(bed.path("plan.yaml")).unwrap();
    let member = super::file("commands/member");
    let deaf = format!(
        r#"program: sh, arguments: [-c, "trap '' TERM; '{member}' upgrade {{front_end}}"], at: here"#
    );
    let action = format!("program: '{member}', arguments: [upgrade, '{{front_end}}'], at: here");
    assert!(text.contains(&action));
    std::fs::write(bed.path("plan.yaml"), text.replace(&action, &deaf)).unwrap();
    bed.put("upgrade.takes", "9");
    let mut process = apply_until(&bed, "upgrade web1");
    bed.poolroll(&["abort"]).output().unwrap();
    process.wait().unwrap();
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!(std::fs::read_to_string(bed.path("bed/web1/version")).unwrap(), "1\n");
}

#[test]
fn a_run_whose_process_is_killed_finds_the_command_that_outlived_it() {
    let bed = Bed::new();
    bed.plan("here", "", "");
    bed.put("upgrade.takes", "3");
    apply_and_kill(&bed, "upgrade web1");
    let output = bed.poolroll(&["resume"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    // It went on by itself, was waited for, and was not begun a second time.
    assert!(said(&output).contains("still underway"), "{}", said(&output));
    assert_eq!(bed.log().iter().filter(|line| *line == "upgrade web1").count(), 1);
}

/// The process dies while it writes down which process the stop is: that one waits for it, and ends with it.
#[test]
fn a_command_whose_run_dies_before_it_is_marked_was_not_begun() {
    let bed = Bed::new();
    bed.plan("here", "", "");
    bed.put("observe.takes", "1");
    let mut apply = bed.poolroll(&["apply", "plan.yaml", "--yes"]);
    let mut process = apply.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let folder = || std::fs::read_dir(bed.path("runs")).ok()?.next()?.ok().map(|run| run.path());
    let run = std::iter::repeat_with(folder).take(1_000).find_map(|run| {
        std::thread::sleep(Duration::from_millis(10));
        run
    });
    // Whoever opens this to write waits for a reader, and there is none.
    let commands = run.unwrap().join("commands");
    std::fs::create_dir_all(&commands).unwrap();
    let pipe = commands.join("stop-web1.new");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let is_held = || {
        let begins = super::journals(bed.dir.path()).contains(r#""answer":"fits"}},"id":"stop/web1"}"#);
        std::thread::sleep(Duration::from_millis(10));
        begins
    };
    assert!(
        std::iter::repeat_with(is_held).take(2_000).any(|held| held),
        "{}",
        super::journals(bed.dir.path())
    );
    std::thread::sleep(Duration::from_secs(3));
    process.kill().unwrap();
    process.wait().unwrap();
    std::thread::sleep(Duration::from_secs(1));
    assert!(!bed.log().iter().any(|line| line.starts_with("stop")), "{:?}", bed.log());
    std::fs::remove_file(&pipe).unwrap();
    bed.put("observe.takes", "0");
    let output = bed.poolroll(&["resume"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(bed.log().iter().filter(|line| *line == "stop web1 graceful").count(), 1, "{:?}", bed.log());
}

/// A stop that shows late: nothing of it is seen on the services while it goes on, and it outlives the process.
#[test]
fn a_stop_that_outlived_its_run_is_not_begun_again() {
    let bed = Bed::new();
    bed.plan("here", "", "");
    bed.put("stop.takes", "3");
    apply_and_kill(&bed, "stop web1 graceful");
    let output = bed.poolroll(&["resume"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(bed.log().iter().filter(|line| *line == "stop web1 graceful").count(), 1, "{:?}", bed.log());
}

/// What is seen of its services is from before they stopped, and is told when it has ended.
#[test]
fn a_stop_that_ends_while_it_is_looked_for_is_not_taken_for_none() {
    let bed = Bed::new();
    bed.plan("here", "", "");
    bed.put("stop.takes", "3");
    apply_and_kill(&bed, "stop web1 graceful");
    bed.put("observe.takes", "5");
    let output = bed.poolroll(&["resume"]).output().unwrap();
    let journals = super::journals(bed.dir.path());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(
        journals.contains(r#"{"looked":"#) && !journals.contains(r#"{"looked":"not_done"}"#),
        "{journals}"
    );
    assert_eq!(bed.log().iter().filter(|line| *line == "stop web1 graceful").count(), 1, "{:?}", bed.log());
}

/// The process ends after the record that the first action after the return begins, and before anything else: a person says that it is
/// done, so that only the second one runs.
#[test]
fn what_took_a_front_end_out_is_stale_whichever_action_brings_it_back() {
    let bed = Bed::new();
    let member = super::file("commands/member");
    let action = |act: &str| {
        format!("{{ program: '{member}', arguments: [{act}, '{{front_end}}'], at: here, expected: 1s }}")
    };
    let (out, first, second) = (action("out"), action("first"), action("second"));
    bed.plan("here", &format!("  before_stop: [{out}]\n  after_accept: [{first}, {second}]\n"), "");
    bed.put("first.takes", "2");
    bed.put("second.exits", "1");
    apply_and_kill(&bed, "first web1");
    let run = std::fs::read_dir(bed.path("runs")).unwrap().next().unwrap().unwrap().path();
    let mark = run.join("commands/before_stop-web1-1.json");
    std::fs::write(&mark, r#"{"exit_code":0}"#).unwrap();
    let done = ["resume", "--resolve", "after_accept/web1/1=done", "--reason", "by hand"];
    let output = bed.poolroll(&done).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert_eq!(bed.log().last().unwrap(), "second web1", "{:?}", bed.log());
    assert!(!mark.exists(), "another stop would find its action done");
}

#[test]
fn a_command_that_takes_too_long_is_ended_and_looked_for() {
    let bed = Bed::new();
    bed.plan("here", "", "");
    let text = std::fs::read_to_string(bed.path("plan.yaml")).unwrap();
    let text = text.replace("'{mode}'], at: here", "'{mode}'], at: here, time_limit: 1s");
    std::fs::write(bed.path("plan.yaml"), text.replace("limits: {", "limits: { stop: { attempts: 1 },"))
        .unwrap();
    bed.put("stop.takes", "600");
    let began = Instant::now();
    let output = bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(began.elapsed() < Duration::from_secs(300));
    assert!(said(&output).contains("it took too long and was ended"), "{}", said(&output));
    // With what it had started.
    let sleeping = std::process::Command::new("pgrep").args(["-f", "sleep 600"]).output().unwrap();
    let mine = String::from_utf8_lossy(&sleeping.stdout).lines().any(|process| {
        let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
        String::from_utf8_lossy(&environment).contains(&bed.path("bed").display().to_string())
    });
    assert!(!mine, "somebody still sleeps");
}

#[test]
fn an_answer_that_is_not_understood_stops_the_run_before_anything_is_touched() {
    for (command, says) in [
        ("[echo, up]", "its answer is none"),
        ("['true']", "it printed nothing, and that means nothing"),
        ("['false']", "it ended with 1"),
        ("[/no/such/program]", "`/no/such/program` cannot be started"),
    ] {
        let bed = Bed::new();
        bed.plan("here", "", "");
        let text = std::fs::read_to_string(bed.path("plan.yaml")).unwrap();
        let from = text.find("observe: { run: ").unwrap() + "observe: { run: ".len();
        let to = from + text[from..].find(']').unwrap() + 1;
        std::fs::write(bed.path("plan.yaml"), format!("{}{command}{}", &text[..from], &text[to..])).unwrap();
        let output = bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
        assert_eq!(output.status.code(), Some(4), "{}", said(&output));
        assert!(said(&output).contains(says), "{says}: {}", said(&output));
        assert_eq!(bed.log(), [""; 0]);
    }
}

/// A claim that is a file of the bed: whoever is not its owner does not get it.
const CLAIM: &str = "    claim:
      take: { run: [sh, -c, 'echo \"take $POOLROLL_RUN\" >>$BED/claims; test ! -e $BED/claim || grep -qx \"$POOLROLL_RUN\" $BED/claim || {{ echo held by $(cat $BED/claim) >&2; exit 1; }}; echo \"$POOLROLL_RUN\" >$BED/claim'] }
      release: { run: [sh, -c, 'echo \"release $POOLROLL_RUN\" >>$BED/claims; rm $BED/claim'] }
";

#[test]
fn a_claim_is_taken_by_a_command_and_released_at_the_end() {
    let bed = Bed::new();
    bed.plan("here", "", CLAIM);
    bed.put("claim", "somebody else");
    let output = bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", said(&output));
    assert!(said(&output).contains("held by somebody else"), "{}", said(&output));
    assert_eq!(bed.log(), [""; 0]);
    // Nothing is left of it that would keep anybody off.
    std::fs::remove_file(bed.path("bed/claim")).unwrap();
    bed.put("upgrade.exits", "7");
    let output = bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(bed.path("bed/claim").exists(), "a run that can go on keeps it");
    std::fs::remove_file(bed.path("bed/upgrade.exits")).unwrap();
    let retry = ["resume", "--retry", "upgrade/web1/1", "--reason", "it was the disk"];
    let output = bed.poolroll(&retry).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(!bed.path("bed/claim").exists());
    let asked = std::fs::read_to_string(bed.path("bed/claims")).unwrap();
    let words: Vec<&str> = asked.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(words, ["take", "take", "take", "release"]);
}

#[test]
fn no_word_of_a_plan_is_read_by_a_shell() {
    let bed = Bed::new();
    bed.plan("here", "", "");
    bed.assert_no_word_means_anything("here");
}
