//! Whole runs, as a user starts them.

use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::json;

use super::{Bed, Product, has, said};
use crate::stage::signal;

const FRONT_ENDS: [&str; 3] = ["fe01.contoso.com", "fe02.contoso.com", "fe03.contoso.com"];

fn each(calls: [&str; 3]) -> Vec<String> {
    let of = |fqdn: &str| calls.map(|call| call.replace("FE", fqdn));
    FRONT_ENDS.iter().flat_map(|fqdn| of(fqdn)).collect()
}

#[test]
fn a_pool_of_lync_is_rolled_one_domain_after_the_other() {
    if !has("pwsh", "a_pool_of_lync_is_rolled_one_domain_after_the_other") {
        return;
    }
    let bed = Bed::new(Product::Lync);
    bed.plan(Product::Lync, "");
    let output = bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(
        bed.calls(),
        each(["Stop-CsWindowsService FE -Graceful", "Restart-Computer FE", "Start-CsWindowsService FE"])
    );
    for fqdn in FRONT_ENDS {
        assert_eq!(bed.installed(fqdn), ["/silentmode"], "{fqdn}");
    }
    // Applied again, it finds everything where the plan wants it.
    let output = bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(bed.calls().len(), 9);
}

#[test]
fn a_pool_of_skype_for_business_fails_its_computers_over_and_back() {
    if !has("pwsh", "a_pool_of_skype_for_business_fails_its_computers_over_and_back") {
        return;
    }
    let bed = Bed::new(Product::Skype);
    bed.plan(Product::Skype, "");
    let output = bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(
        bed.calls(),
        each(["Invoke-CsComputerFailOver FE", "Restart-Computer FE", "Invoke-CsComputerFailBack FE"])
    );
}

#[test]
fn a_pool_in_trouble_is_failed_over_upgraded_and_failed_back() {
    if !has("pwsh", "a_pool_in_trouble_is_failed_over_upgraded_and_failed_back") {
        return;
    }
    let bed = Bed::new(Product::Lync);
    bed.change(|state| state["insufficient"] = json!(1));
    bed.plan(Product::Lync, "failover: { partner: pool02.contoso.com, start: automatic }\n");
    let output = bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let calls = bed.calls();
    assert_eq!(calls.first().unwrap(), "Invoke-CsPoolFailOver pool01.contoso.com");
    let count = |what: &str| calls.iter().filter(|call| call.starts_with(what)).count();
    assert_eq!(count("Invoke-CsPoolFailOver"), 1, "{calls:?}");
    assert_eq!(count("Invoke-CsPoolFailBack"), 1, "{calls:?}");
    assert_eq!(count("Restart-Computer"), 3, "{calls:?}");
    assert_eq!(count("Start-CsWindowsService"), 3, "{calls:?}");
    let back = calls.iter().position(|call| call.starts_with("Invoke-CsPoolFailBack")).unwrap();
    assert!(calls[back..].iter().all(|call| !call.starts_with("Restart")), "{calls:?}");
    let state = bed.state();
    assert_eq!(state["state"], "Active");
    assert!(state["front_ends"].as_array().unwrap().iter().all(|one| one["services"] == "running"));
}

#[test]
fn a_partner_that_cannot_take_over_is_named_before_anything_is_touched() {
    if !has("pwsh", "a_partner_that_cannot_take_over_is_named_before_anything_is_touched") {
        return;
    }
    for (key, value, says) in [
        ("edges", json!(["pool01.contoso.com"]), "is the next hop of EdgeServer:edge.contoso.com"),
        ("management_store", json!("pool01.contoso.com"), "holds the Central Management Store"),
        ("partner_state", json!("FailedOver"), "the partner pool02.contoso.com is FailedOver"),
    ] {
        let bed = Bed::new(Product::Lync);
        bed.change(|state| state[key] = value);
        bed.plan(
            Product::Lync,
            "failover: { partner: pool02.contoso.com, when: always, start: automatic }\n",
        );
        let output = bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
        assert_eq!(output.status.code(), Some(4), "{key}: {}", said(&output));
        assert!(super::journals(bed.dir.path()).contains(says), "{key}: {}", said(&output));
        assert_eq!(bed.calls(), [""; 0], "{key}");
    }
}

/// Ends the process that it holds, whatever becomes of the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_run_whose_process_is_killed_again_and_again_does_nothing_twice() {
    if !has("pwsh", "a_run_whose_process_is_killed_again_and_again_does_nothing_twice") {
        return;
    }
    for product in [Product::Lync, Product::Skype] {
        let bed = Bed::new(product);
        bed.plan(product, "");
        // Long enough for a process to be killed while the cmdlet moves users, of which the services show nothing.
        bed.change(|state| state["times"]["move"] = json!(2_000));
        let spawn = |args: &[&str]| {
            let mut command = bed.poolroll(args);
            Killed(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
        };
        // After the first stop, the first restart and so on: whatever goes on then is cut off.
        let mut process = spawn(&["apply", "plan.yaml", "--yes"]);
        for calls in [1, 2, 3, 4] {
            for _ in 0..2_000 {
                if bed.calls_so_far() >= calls || process.0.try_wait().unwrap().is_some() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            drop(process);
            process = spawn(&["resume"]);
        }
        let status = process.0.wait().unwrap();
        let calls = bed.calls();
        assert_eq!(status.code(), Some(0), "{calls:?}\n{}", super::journals(bed.dir.path()));
        for fqdn in FRONT_ENDS {
            assert_eq!(bed.installed(fqdn), ["/silentmode"], "{fqdn}: {calls:?}");
            for what in ["Restart-Computer", "Invoke-CsComputerFailOver", "Invoke-CsComputerFailBack"] {
                let count = calls.iter().filter(|call| **call == format!("{what} {fqdn}")).count();
                let expected = usize::from(what == "Restart-Computer" || matches!(product, Product::Skype));
                assert_eq!(count, expected, "{what} {fqdn}: {calls:?}");
            }
        }
        let state = bed.state();
        assert!(state["front_ends"].as_array().unwrap().iter().all(|one| one["services"] == "running"));
        assert!(state["front_ends"].as_array().unwrap().iter().all(|one| one["disabled"] == false));
    }
}

#[test]
fn a_failover_that_ends_while_it_is_looked_for_is_not_taken_for_none() {
    if !has("pwsh", "a_failover_that_ends_while_it_is_looked_for_is_not_taken_for_none") {
        return;
    }
    let bed = Bed::new(Product::Skype);
    bed.plan(Product::Skype, "");
    bed.change(|state| state["times"]["move"] = json!(3_000));
    let mut apply = bed.poolroll(&["apply", "plan.yaml", "--yes"]);
    let process = Killed(apply.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    for _ in 0..2_000 {
        if bed.calls_so_far() == 1 {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(process);
    // The cmdlet goes on. What is seen of the services next is from before it stopped them, and told when it has ended.
    bed.change(|state| state["next_list_takes"] = json!(8_000));
    let output = bed.poolroll(&["resume"]).output().unwrap();
    let journals = super::journals(bed.dir.path());
    assert_eq!(output.status.code(), Some(0), "{}{journals}", said(&output));
    assert!(
        journals.contains(r#"{"looked":"#) && !journals.contains(r#"{"looked":"not_done"}"#),
        "{journals}"
    );
    assert_eq!(
        bed.calls(),
        each(["Invoke-CsComputerFailOver FE", "Restart-Computer FE", "Invoke-CsComputerFailBack FE"])
    );
}

/// It does nothing and does not come back, so nobody can know what it may still do. A person ends it, and it is begun again.
#[test]
fn a_stop_that_hangs_is_not_begun_beside_itself() {
    if !has("pwsh", "a_stop_that_hangs_is_not_begun_beside_itself") {
        return;
    }
    let bed = Bed::new(Product::Lync);
    bed.plan(Product::Lync, "maintenance_window: { drain: { limit: 5s } }\n");
    let stop = json!({ "act": { "stop": { "front_end": 0, "mode": "graceful" } }, "attempt": 1, "times": 1, "twist": { "no_answer": { "effect": false } } });
    bed.change(|state| state["faults"] = json!([{ "act": stop }]));
    let output = bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    let process = said(&output);
    let process =
        process.split("process ").nth(1).and_then(|text| text.split(" on fe01.contoso.com is at it").next());
    let process =
        process.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{}", said(&output)));
    let retry = ["resume", "--retry", "stop/fe01.contoso.com", "--reason", "it is ended"];
    assert_eq!(bed.poolroll(&retry).output().unwrap().status.code(), Some(4));
    assert!(signal(9, process));
    let output = bed.poolroll(&retry).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let stops = bed
        .calls()
        .iter()
        .filter(|call| **call == "Stop-CsWindowsService fe01.contoso.com -Graceful")
        .count();
    assert_eq!(stops, 2, "{:?}", bed.calls());
}

/// An engine whose lines come late once: a call is on its way to it when the process dies, and arrives when everything is done.
#[test]
fn a_call_that_arrives_when_another_has_looked_begins_nothing() {
    if !has("pwsh", "a_call_that_arrives_when_another_has_looked_begins_nothing") {
        return;
    }
    let bed = Bed::new(Product::Skype);
    let engine = bed.path("engine");
    let script = r#"#!/bin/sh
while IFS= read -r line; do
    case $line in "call "*" computer_failover "*)
        if mkdir "$POOLROLL_BED/on_its_way" 2>/dev/null; then
            n=0
            until [ -e "$POOLROLL_BED/arrives" ] || [ $n = 1200 ]; do sleep 0.1; n=$((n + 1)); done
        fi
    esac
    printf '%s\n' "$line"
done | exec pwsh "$@"
"#;
    std::fs::write(&engine, script).unwrap();
    assert!(std::process::Command::new("chmod").arg("+x").arg(&engine).status().unwrap().success());
    let text = super::plan(Product::Skype, &super::file("ssh"), &engine.display().to_string(), "");
    std::fs::write(bed.path("plan.yaml"), text).unwrap();
    let mut apply = bed.poolroll(&["apply", "plan.yaml", "--yes"]);
    let process = Killed(apply.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    for _ in 0..6_000 {
        if bed.path("on_its_way").exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(process);
    let once = each(["Invoke-CsComputerFailOver FE", "Restart-Computer FE", "Invoke-CsComputerFailBack FE"]);
    let output = bed.poolroll(&["resume"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(bed.calls(), once);
    std::fs::write(bed.path("arrives"), "").unwrap();
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(bed.calls(), once);
}

impl Bed {
    /// How many calls there were, while others write the state.
    fn calls_so_far(&self) -> usize {
        let text = std::fs::read(self.path("state.json")).unwrap_or_default();
        let state: Result<serde_json::Value, _> = serde_json::from_slice(&text);
        state.map_or(0, |state| state["calls"].as_array().map_or(0, Vec::len))
    }
}

#[test]
fn an_installer_that_fails_stops_the_run_and_is_not_started_again() {
    if !has("pwsh", "an_installer_that_fails_stops_the_run_and_is_not_started_again") {
        return;
    }
    let bed = Bed::new(Product::Lync);
    bed.plan(Product::Lync, "");
    std::fs::create_dir_all(bed.path("fe01.contoso.com")).unwrap();
    std::fs::write(bed.path("fe01.contoso.com").join("installer_exits"), "67").unwrap();
    let output = bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(said(&output).contains("exit code 67"), "{}", said(&output));
    assert_eq!(bed.installed("fe01.contoso.com").len(), 1);
    // A person looked, and says so: then it is tried again.
    std::fs::remove_file(bed.path("fe01.contoso.com").join("installer_exits")).unwrap();
    let retry = ["resume", "--retry", "upgrade/fe01.contoso.com/1", "--reason", "the disk was full"];
    let output = bed.poolroll(&retry).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(bed.installed("fe01.contoso.com").len(), 2);
}

#[test]
fn no_value_of_a_plan_changes_what_runs() {
    if !has("pwsh", "no_value_of_a_plan_changes_what_runs") {
        return;
    }
    let bed = Bed::new(Product::Lync);
    // What the installer was given, byte by byte.
    let program = bed.path("it's a $(touch pwned) `installer`; & \u{201c}x\u{201d}.sh");
    let script = "#!/bin/sh\nprintf '%s\\0' \"$@\" >>\"$POOLROLL_BED/given\"\ncat \"$POOLROLL_BED/planned_version\" >\"$POOLROLL_BED/$POOLROLL_BED_COMPUTER/version\"\n";
    std::fs::write(&program, script).unwrap();
    let mut executable = std::process::Command::new("chmod");
    assert!(executable.arg("+x").arg(&program).status().unwrap().success());
    let long = "x".repeat(64 << 10);
    let arguments = [
        "",
        " ",
        "a b",
        "\"",
        "\\",
        "\\\\",
        "a\\",
        "a \\",
        "a\\\"b",
        "\\\\\"",
        "it's",
        "''",
        "$(touch pwned)",
        "`touch pwned`",
        "; touch pwned",
        "& touch pwned",
        "| touch pwned",
        "%PATH%",
        "$env:PATH",
        "@{}",
        "--%",
        "-Command",
        "\u{2018}; touch pwned\u{2019}",
        "\u{201c}",
        "äöü€𝄞",
        "2026-01-01T00:00:00",
        "/Date(0)/",
        "1e3",
        "true",
        "null",
        "=",
        "{\"a\":1}",
        "tab\there",
        long.as_str(),
    ];
    let listed: Vec<String> =
        arguments.iter().map(|argument| serde_json::to_string(argument).unwrap()).collect();
    let plan = super::plan(Product::Lync, &super::file("ssh"), "pwsh", "");
    let program = serde_json::to_string(&program.display().to_string()).unwrap();
    let plan = plan.replace(
        &format!("program: '{}', arguments: [/silentmode]", super::file("installer")),
        &format!("program: {program}, arguments: [{}]", listed.join(", ")),
    );
    std::fs::write(bed.path("plan.yaml"), plan).unwrap();
    let output = bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let given = std::fs::read_to_string(bed.path("given")).unwrap();
    let expected: String = arguments.iter().map(|argument| format!("{argument}\0")).collect();
    assert_eq!(given, expected.repeat(3));
    assert!(!bed.path("pwned").exists());
}

#[test]
fn an_installer_that_outlives_its_keeper_is_not_started_again() {
    if !has("pwsh", "an_installer_that_outlives_its_keeper_is_not_started_again") {
        return;
    }
    let bed = Bed::new(Product::Lync);
    bed.plan(Product::Lync, "");
    let computer = bed.path("fe01.contoso.com");
    std::fs::create_dir_all(&computer).unwrap();
    std::fs::write(computer.join("installer_takes"), "6").unwrap();
    let mut apply = bed.poolroll(&["apply", "plan.yaml", "--yes"]);
    let child = apply.stdout(Stdio::null()).spawn().unwrap();
    let marks = computer.join("ProgramData").join("poolroll");
    let keeper = (0..3_000).find_map(|_| {
        std::thread::sleep(Duration::from_millis(10));
        let run = std::fs::read_dir(&marks).ok()?.next()?.ok()?.path();
        let mark = std::fs::read(run.join("upgrade-1-fe01.contoso.com.json")).ok()?;
        let mark: serde_json::Value = serde_json::from_slice(&mark).ok()?;
        (mark["process"].as_u64()? > 0).then(|| mark["keeper"].as_u64())?
    });
    assert!(signal(9, keeper.expect("a keeper").try_into().unwrap()));
    let output = child.wait_with_output().unwrap();
    // How it ended nobody wrote down, and the version tells.
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(bed.installed("fe01.contoso.com"), ["/silentmode"]);
}

#[test]
fn an_installer_that_talks_much_is_not_kept_waiting() {
    if !has("pwsh", "an_installer_that_talks_much_is_not_kept_waiting") {
        return;
    }
    let bed = Bed::new(Product::Lync);
    bed.plan(Product::Lync, "");
    for fqdn in FRONT_ENDS {
        std::fs::create_dir_all(bed.path(fqdn)).unwrap();
        std::fs::write(bed.path(fqdn).join("installer_prints"), "").unwrap();
    }
    let output = bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}
