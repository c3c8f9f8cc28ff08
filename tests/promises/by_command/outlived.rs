//! What a command began goes on or ends as it should, whatever becomes of the process that waits for it.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Bed, file, said};
use crate::stage::signal;

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

/// Kills the process of a run when a command has begun, which goes on. One that may be repeated is written down only then.
fn apply_and_kill(bed: &Bed, command: &str) {
    let mut process = apply_until(bed, command);
    std::thread::sleep(Duration::from_millis(300));
    process.kill().unwrap();
    process.wait().unwrap();
}

/// Aborts a run while a command goes on that takes some seconds, and waits until that would have come to its end.
pub fn abort_during_the_upgrade(bed: &Bed) {
    bed.put("upgrade.takes", "4");
    let mut process = apply_until(bed, "upgrade web1");
    bed.ends(0, &["abort"]);
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
    let member = file("commands/member");
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

/// It prints more when nobody is there to hear it.
pub fn assert_a_command_outlives_its_run(bed: &Bed) {
    bed.put("upgrade.takes", "3");
    bed.put("upgrade.talks", "");
    apply_and_kill(bed, "upgrade web1");
    let output = bed.ends(0, &["resume"]);
    // It went on by itself, was waited for, and was not begun a second time.
    assert!(said(&output).contains("still underway"), "{}", said(&output));
    assert_eq!(times(bed, "upgrade web1"), 1);
}

#[test]
fn a_run_whose_process_is_killed_finds_the_command_that_outlived_it() {
    let bed = Bed::new();
    bed.plan("here", "", "");
    assert_a_command_outlives_its_run(&bed);
}

/// The process dies while it writes down which process the stop is: that one waits for it, and ends with it.
#[test]
fn a_command_whose_run_dies_before_it_is_marked_was_not_begun() {
    let bed = Bed::new();
    bed.plan("here", "", "");
    bed.put("observe.waits", "");
    let mut apply = bed.poolroll(&["apply", "plan.yaml", "--yes"]);
    let mut process = apply.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let run = std::iter::repeat_with(|| bed.run()).take(1_000).find_map(|run| {
        std::thread::sleep(Duration::from_millis(10));
        run
    });
    // Whoever opens this to write waits for a reader, and there is none.
    let commands = run.unwrap().join("commands");
    std::fs::create_dir_all(&commands).unwrap();
    let pipe = commands.join("stop-web1.new");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::fs::remove_file(bed.path("bed/observe.waits")).unwrap();
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
    bed.ends(0, &["resume"]);
    assert_eq!(bed.log().iter().filter(|line| *line == "stop web1 graceful").count(), 1, "{:?}", bed.log());
}

/// A stop that shows late: nothing of it is seen on the services while it goes on, and it outlives the process.
#[test]
fn a_stop_that_outlived_its_run_is_not_begun_again() {
    let bed = Bed::new();
    bed.plan("here", "", "");
    bed.put("stop.takes", "3");
    apply_and_kill(&bed, "stop web1 graceful");
    bed.ends(0, &["resume"]);
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
    let member = file("commands/member");
    let action = |act: &str| {
        format!("{{ program: '{member}', arguments: [{act}, '{{front_end}}'], at: here, expected: 1s }}")
    };
    let (out, first, second) = (action("out"), action("first"), action("second"));
    bed.plan("here", &format!("  before_stop: [{out}]\n  after_accept: [{first}, {second}]\n"), "");
    bed.put("first.takes", "2");
    bed.put("second.exits", "1");
    apply_and_kill(&bed, "first web1");
    let mark = run_folder(&bed).join("commands/before_stop-web1-1.json");
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
    let output = bed.ends(4, &["apply", "plan.yaml", "--yes"]);
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

/// The plan of a bed, with some of its words exchanged.
fn replan(bed: &Bed, words: &[(&str, &str)]) {
    let mut text = std::fs::read_to_string(bed.path("plan.yaml")).unwrap();
    for (word, other) in words {
        assert!(text.contains(word), "the plan says nothing of `{word}`:\n{text}");
        text = text.replace(word, other);
    }
    std::fs::write(bed.path("plan.yaml"), text).unwrap();
}

fn run_folder(bed: &Bed) -> std::path::PathBuf {
    bed.run().unwrap()
}

fn times(bed: &Bed, command: &str) -> usize {
    bed.log().iter().filter(|line| *line == command).count()
}

/// To do it again does no harm, to do it twice at once may.
#[test]
fn what_may_be_repeated_is_not_begun_beside_itself() {
    let bed = Bed::new();
    bed.plan("here", "", "");
    replan(&bed, &[("arguments: [upgrade,", "repeatable: true, arguments: [upgrade,")]);
    bed.put("upgrade.takes", "4");
    apply_and_kill(&bed, "upgrade web1");
    bed.put("upgrade.takes", "0");
    let resumed = Instant::now();
    let output = bed.ends(0, &["resume"]);
    assert!(
        resumed.elapsed() > Duration::from_secs(2),
        "it went on for some seconds: {:?}",
        resumed.elapsed()
    );
    // It was waited for, and then repeated.
    assert!(said(&output).contains("still underway"), "{}", said(&output));
    assert_eq!(times(&bed, "upgrade web1"), 2, "{:?}", bed.log());
}

/// The first try asks for it or may have, and nobody heard its exit code.
#[test]
fn a_restart_that_an_earlier_try_asked_for_is_not_forgotten() {
    let bed = Bed::new();
    bed.plan("here", "  restart: services\n", "");
    replan(&bed, &[("arguments: [upgrade,", "repeatable: true, reboot: [194], arguments: [upgrade,")]);
    bed.put("upgrade.takes", "2");
    apply_and_kill(&bed, "upgrade web1");
    bed.put("upgrade.takes", "0");
    bed.ends(0, &["resume"]);
    assert_eq!(times(&bed, "upgrade web1"), 2, "{:?}", bed.log());
    assert_eq!((times(&bed, "restart web1"), times(&bed, "restart web2")), (1, 0), "{:?}", bed.log());
}

/// A graceful stop that takes longer than it may becomes one at once; the first is ended before the second begins.
pub fn assert_a_drain_is_cut_short(bed: &Bed) {
    let window = "start: 2020-01-01T00:00, end: 2099-01-01T00:00, time_zone: UTC";
    let drain = format!(
        "expected: {{ drain: 0s, stop: 1s }}\nmaintenance_window: {{ {window}, drain: {{ limit: 3s, then: immediate }} }}\nupgrade:\n"
    );
    replan(bed, &[("upgrade:\n", &drain)]);
    bed.put("stop.graceful.takes", "60");
    bed.ends(0, &["apply", "plan.yaml", "--yes"]);
    for web in ["web1", "web2", "web3"] {
        let stops =
            (times(bed, &format!("stop {web} graceful")), times(bed, &format!("stop {web} immediate")));
        assert_eq!(stops, (1, 1), "{:?}", bed.log());
    }
}

#[test]
fn a_drain_is_cut_short() {
    let bed = Bed::new();
    bed.plan("here", "", "");
    assert_a_drain_is_cut_short(&bed);
}

/// The mark cannot be read, so nobody can tell: a person does, and it is begun again.
#[test]
fn a_persons_word_stands_above_a_mark_that_tells_nothing() {
    let bed = Bed::new();
    bed.plan("here", "", "");
    bed.put("stop.takes", "30");
    apply_and_kill(&bed, "stop web1 graceful");
    let mark = run_folder(&bed).join("commands/stop-web1.json");
    let known: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&mark).unwrap()).unwrap();
    assert!(signal(9, -known["process"][0].as_i64().unwrap()));
    std::fs::write(&mark, "{").unwrap();
    bed.put("stop.takes", "0");
    bed.ends(4, &["resume"]);
    assert_eq!(times(&bed, "stop web1 graceful"), 1, "{:?}", bed.log());
    let word = ["resume", "--resolve", "stop/web1=not_done", "--reason", "it runs"];
    let output = bed.poolroll(&word).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(times(&bed, "stop web1 graceful"), 2, "{:?}", bed.log());
}

/// A command that does not end in time is ended before anybody goes on, and what it may have taken is released.
#[test]
fn a_claim_that_may_have_been_taken_is_released() {
    let bed = Bed::new();
    let take = "trap '' TERM; echo take >>$BED/claims; sleep 8; echo took >>$BED/claims";
    let claim = format!(
        "    claim:\n      take: {{ run: [sh, -c, \"{take}\"], time_limit: 1s }}\n      release: {{ run: [sh, -c, 'echo release >>$BED/claims'] }}\n"
    );
    bed.plan("here", "", &claim);
    bed.ends(6, &["apply", "plan.yaml", "--yes"]);
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(std::fs::read_to_string(bed.path("bed/claims")).unwrap(), "take\nrelease\n");
}

/// Nothing has begun while a claim is asked for, so one signal is enough; and what may have been taken is released.
#[test]
fn a_signal_ends_the_wait_for_a_claim() {
    let bed = Bed::new();
    let claim = "    claim:\n      take: { run: [sh, -c, 'echo take >>$BED/claims; sleep 6; echo took >>$BED/claims'] }\n      release: { run: [sh, -c, 'echo release >>$BED/claims'] }\n";
    bed.plan("here", "", claim);
    let mut apply = bed.poolroll(&["apply", "plan.yaml", "--yes"]);
    let process = apply.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let claims = || std::fs::read_to_string(bed.path("bed/claims")).unwrap_or_default();
    let taking = std::iter::repeat_with(|| {
        std::thread::sleep(Duration::from_millis(10));
        claims()
    });
    assert!(taking.take(1_000).any(|claims| claims == "take\n"));
    assert!(signal(2, process.id().into()));
    let output = process.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", said(&output));
    assert!(said(&output).contains("somebody asked to stop"), "{}", said(&output));
    std::thread::sleep(Duration::from_secs(7));
    assert_eq!(claims(), "take\nrelease\n");
}

/// Whoever gives claims may not be there: what is ended for good takes none.
#[test]
fn a_run_is_ended_for_good_though_its_claim_is_not_given() {
    let bed = Bed::new();
    let claim = "    claim:\n      take: { run: [sh, -c, '[ ! -e $BED/down ]'] }\n      release: { run: [sh, -c, 'echo release >>$BED/claims'] }\n";
    bed.plan("here", "", claim);
    bed.put("upgrade.exits", "7");
    bed.ends(4, &["apply", "plan.yaml", "--yes"]);
    bed.put("down", "");
    let run = run_folder(&bed).file_name().unwrap().to_string_lossy().into_owned();
    let output = bed.ends(0, &["abandon", &run, "--reason", "it is bad"]);
    assert!(said(&output).contains("the claim on the pool was not given"), "{}", said(&output));
    assert_eq!(std::fs::read_to_string(bed.path("bed/claims")).unwrap(), "release\n");
    // Nobody has the pool here any more.
    std::fs::remove_file(bed.path("bed/down")).unwrap();
    bed.ends(4, &["apply", "plan.yaml", "--yes"]);
}

/// Where the plan has no command for it a person does it, and another boot tells.
#[test]
fn a_computer_is_restarted_by_hand_where_the_plan_cannot() {
    let bed = Bed::new();
    bed.plan("here", "  restart: services\n", "");
    let member = file("commands/member");
    let restart = format!("    restart: {{ run: ['{member}', restart, '{{front_end}}'], at: here }}\n");
    replan(
        &bed,
        &[
            (restart.as_str(), ""),
            ("at: here, expected: 1s }]", "at: here, expected: 1s, success: [0], reboot: [9] }]"),
        ],
    );
    bed.put("upgrade.exits", "9");
    let output = bed.ends(4, &["apply", "plan.yaml", "--yes"]);
    assert!(said(&output).contains("restart it by hand"), "{}", said(&output));
    bed.put("web1/boot", "2");
    bed.put("web1/version", "2");
    std::fs::remove_file(bed.path("bed/upgrade.exits")).unwrap();
    let retry = ["resume", "--retry", "restart/web1", "--reason", "it was restarted"];
    let output = bed.poolroll(&retry).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(times(&bed, "upgrade web1"), 1, "{:?}", bed.log());
}

/// It ended while nobody was there, and the shell that keeps it has left its exit code.
#[test]
fn how_an_action_ended_is_known_though_nobody_waited_for_it() {
    let bed = Bed::new();
    bed.plan("here", "", "");
    bed.put("upgrade.takes", "2");
    bed.put("upgrade.exits", "7");
    apply_and_kill(&bed, "upgrade web1");
    std::thread::sleep(Duration::from_secs(3));
    std::fs::remove_file(bed.path("bed/upgrade.exits")).unwrap();
    bed.ends(4, &["resume"]);
    let journals = super::journals(bed.dir.path());
    assert!(journals.contains(r#""exit_code":7"#), "{journals}");
    // Once is what the plan allows.
    assert_eq!(times(&bed, "upgrade web1"), 1, "{:?}", bed.log());
}

/// Nobody knows how far it came, and the plan allows one try: the version alone would let it begin again.
#[test]
fn an_action_that_was_cut_off_half_way_is_for_a_person() {
    let bed = Bed::new();
    bed.plan("here", "", "");
    bed.put("upgrade.takes", "30");
    apply_and_kill(&bed, "upgrade web1");
    let mark = std::fs::read_to_string(run_folder(&bed).join("commands/upgrade-web1-1.json")).unwrap();
    let known: serde_json::Value = serde_json::from_str(&mark).unwrap();
    assert!(signal(9, -known["process"][0].as_i64().unwrap()));
    bed.put("upgrade.takes", "0");
    let output = bed.ends(4, &["resume"]);
    assert!(said(&output).contains("it ended, nothing tells how"), "{}", said(&output));
    assert_eq!(times(&bed, "upgrade web1"), 1, "{:?}", bed.log());
    let retry = ["resume", "--retry", "upgrade/web1/1", "--reason", "it is whole"];
    let output = bed.poolroll(&retry).output().unwrap();
    assert_eq!((output.status.code(), times(&bed, "upgrade web1")), (Some(0), 2), "{}", said(&output));
}

/// What a shell would tell a signal by may be an exit code of the plan.
#[test]
fn an_exit_code_above_128_is_known_though_nobody_waited_for_it() {
    let bed = Bed::new();
    bed.plan("here", "", "");
    replan(&bed, &[("at: here, expected: 1s }]", "at: here, expected: 1s, success: [0, 200] }]")]);
    bed.put("upgrade.takes", "2");
    bed.put("upgrade.exits", "200");
    apply_and_kill(&bed, "upgrade web1");
    std::thread::sleep(Duration::from_secs(3));
    bed.put("web1/version", "2");
    bed.put("web2/version", "2");
    bed.put("web3/version", "2");
    let output = bed.poolroll(&["resume"]).output().unwrap();
    assert_eq!((output.status.code(), times(&bed, "upgrade web1")), (Some(0), 1), "{}", said(&output));
    assert!(super::journals(bed.dir.path()).contains(r#""exit_code":200"#));
}

/// What it says while it clears up is heard, or it would die of that; and what it had said is kept.
#[test]
fn what_is_ended_may_clear_up_and_is_heard() {
    let bed = Bed::new();
    bed.plan("here", "", "");
    let member = file("commands/member");
    let script = "trap 'echo rolling back; echo rolled back >>$BED/log; exit 1' TERM; echo waits for the lock; echo begun >>$BED/log; sleep 60 & wait";
    let action = format!("program: '{member}', arguments: [upgrade, '{{front_end}}'], at: here");
    let lasting = format!("program: sh, arguments: [-c, \"{script}\"], time_limit: 2s, at: here");
    replan(&bed, &[(action.as_str(), lasting.as_str())]);
    bed.ends(4, &["apply", "plan.yaml", "--yes"]);
    assert_eq!(bed.log().last().unwrap(), "rolled back", "{:?}", bed.log());
    let kept = std::fs::read_to_string(run_folder(&bed).join("commands/upgrade-web1-1.output")).unwrap();
    assert!(kept.contains("waits for the lock\nrolling back\n") && kept.contains("it was ended"), "{kept}");
}

/// Somebody is tired of waiting for an answer: nothing is left running that would have given it.
#[test]
fn a_check_that_is_asked_to_end_leaves_nothing_behind() {
    let bed = Bed::new();
    bed.plan("here", "", "");
    let member = file("commands/member");
    let observe = format!("observe: {{ run: ['{member}', observe, '{{front_end}}']");
    let lasting = "observe: { run: [sh, -c, 'sleep 3; echo seen >>$BED/log']";
    replan(&bed, &[(observe.as_str(), lasting)]);
    let mut check = bed.poolroll(&["check", "plan.yaml"]).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(1));
    assert!(signal(2, check.id().into()));
    assert_eq!(check.wait().unwrap().code(), Some(1));
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(bed.log(), [""; 0]);
}
