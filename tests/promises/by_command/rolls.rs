//! Whole runs on this computer.

use super::{Bed, said};

#[test]
fn a_pool_is_rolled_by_commands() {
    let bed = Bed::new();
    bed.plan("here", "", "");
    bed.ends(0, &["apply", "plan.yaml", "--yes"]);
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
    bed.ends(0, &["apply", "plan.yaml", "--yes"]);
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
    let run = bed.run().unwrap();
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

#[test]
fn a_program_that_is_not_there_is_told_before_it_is_needed() {
    let bed = Bed::new();
    bed.plan("here", "", "");
    let check = || bed.poolroll(&["check", "plan.yaml"]).output().unwrap();
    assert_eq!(check().status.code(), Some(0), "{}", said(&check()));
    let text = std::fs::read_to_string(bed.path("plan.yaml")).unwrap();
    let member = super::file("commands/member");
    let text = text
        .replace(&format!("start: {{ run: ['{member}'"), "start: { run: [/no/such/program")
        .replace("stop: { run:", "stop: { directory: /no/such/place, run:");
    std::fs::write(bed.path("plan.yaml"), text).unwrap();
    let told = said(&check());
    assert!(told.contains("`start` runs `/no/such/program`, which is no program on this computer"), "{told}");
    assert!(told.contains("`stop` runs in `/no/such/place`, which is no directory"), "{told}");
    bed.ends(7, &["check", "plan.yaml", "--deny-warnings"]);
}

/// The first front end that fails is left out as the plan allows, the second stops the run, and then somebody ends it for good.
#[test]
fn what_failed_is_told_wherever_somebody_looks() {
    let bed = Bed::new();
    bed.plan("here", "", "");
    let text = std::fs::read_to_string(bed.path("plan.yaml")).unwrap();
    let text = text
        .replace("minimum_active: 2", "minimum_active: 1")
        .replace("upgrade:\n", "failed_front_ends: 2\nupgrade:\n");
    std::fs::write(bed.path("plan.yaml"), text).unwrap();
    bed.put("upgrade.exits", "7");
    let told = |args: &[&str]| said(&bed.poolroll(args).output().unwrap());
    let applied = told(&["apply", "plan.yaml", "--yes"]);
    for text in [applied, told(&["report"])] {
        let why = "heard last: exit code 7, it ended with 7: `upgrade fails, with no token`";
        assert_eq!(text.matches(why).count(), 2, "{text}");
        assert!(text.contains("left out, as the plan allows: upgrade/web1/1\n"), "{text}");
        assert!(text.contains("needs a person: upgrade/web2/1\n"), "{text}");
        assert!(
            text.contains("under `commands` in the folder of the run") && !text.contains("Get-Cs"),
            "{text}"
        );
    }
    let status = told(&["status"]);
    assert!(status.contains("heard last: exit code 7") && status.contains("poolroll resume"), "{status}");
    let run = std::fs::read_dir(bed.path("runs")).unwrap().next().unwrap().unwrap().file_name();
    let abandoned = told(&["abandon", run.to_str().unwrap(), "--reason", "the release is bad"]);
    assert!(abandoned.contains("web1 is left out of service\n"), "{abandoned}");
    assert!(abandoned.contains("web2 is left out of service, at `upgrade/web2/1`"), "{abandoned}");
    assert!(!abandoned.contains("web3"), "{abandoned}");
    // Nobody can do anything in it any more.
    for text in [told(&["status"]), told(&["report"])] {
        assert!(!text.contains("poolroll resume") && !text.contains("needs a person"), "{text}");
    }
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
        let output = bed.ends(4, &["apply", "plan.yaml", "--yes"]);
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
    let output = bed.ends(6, &["apply", "plan.yaml", "--yes"]);
    assert!(said(&output).contains("held by somebody else"), "{}", said(&output));
    assert_eq!(bed.log(), [""; 0]);
    // Nothing is left of it that would keep anybody off.
    std::fs::remove_file(bed.path("bed/claim")).unwrap();
    bed.put("upgrade.exits", "7");
    bed.ends(4, &["apply", "plan.yaml", "--yes"]);
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
