//! Engines that are none, or that break: one clear message each, and never a success.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use poolroll::plan::{Act, Answer, Call, FrontEndId, Mode, Observation, Problem, Question};
use poolroll::pool::{Answered, Driver, PowerShellPool, Ticket};
use poolroll::run::Outcome;

use super::{Product, plan};
use crate::stage::graph_of;

const FE: FrontEndId = FrontEndId(0);

/// A driver whose `ssh` is a shell script.
fn driver(dir: &Path, ssh: &str) -> Driver {
    let path = dir.join("ssh");
    std::fs::write(&path, format!("#!/bin/sh\n{ssh}\n")).unwrap();
    let mut executable = std::process::Command::new("chmod");
    assert!(executable.arg("+x").arg(&path).status().unwrap().success());
    driver_at(&path.display().to_string())
}

fn driver_at(ssh: &str) -> Driver {
    let graph = graph_of("plan.yaml", plan(Product::Lync, ssh, "pwsh", "").as_bytes());
    let Some(poolroll::plan::Driver::PowerShell(settings)) = graph.plan().driver() else { panic!() };
    let pool = PowerShellPool::new(graph.plan_arc().clone(), settings.clone(), "a-run");
    Driver::PowerShell(Box::new(pool))
}

/// The answer to one call.
fn answer(driver: &mut Driver, call: Call) -> Answered {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        driver.begin(Timestamp::UNIX_EPOCH, Ticket(1), call);
        tokio::time::timeout(Duration::from_secs(120), driver.woken()).await.expect("an answer");
        driver.take_answer(Timestamp::UNIX_EPOCH).unwrap()
    })
}

fn text(answered: &Answered) -> &str {
    answered.facts.text.as_deref().unwrap_or_default()
}

const STOP: Call = Call::Ensure(Act::Stop { front_end: FE, mode: Mode::Graceful });
const LOOK: Call = Call::Ask(Question::Look { act: Act::Stop { front_end: FE, mode: Mode::Graceful } });

/// An engine that becomes ready, reads its lines and does what `then` says with each.
fn ready(then: &str) -> String {
    format!(
        "read first; echo 'poolroll is ready: {{}}'; while read line; do case \"$line\" in call*) set -- $line; {then};; esac; done"
    )
}

#[test]
fn what_is_no_engine_is_told_by_name_and_nothing_took_place() {
    for (ssh, says) in [
        ("exit 0", "calls that success: what runs there is no PowerShell"),
        ("echo 'Permission denied (publickey).' >&2; exit 255", "Permission denied (publickey)"),
        ("exit 255", "ended with 255, which may be its own failure or that of the engine"),
        ("echo 'powershell.exe: command not found' >&2; exit 127", "command not found"),
        ("echo 'Welcome to this computer'; exit 3", "Welcome to this computer"),
        ("kill -9 $$", "was ended before it was ready"),
        ("head -c 20000000 /dev/zero; sleep 5", "before it was ready"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut driver = driver(dir.path(), ssh);
        let answered = answer(&mut driver, STOP);
        // Nothing was begun, so it may be tried again after a look.
        assert_eq!(answered.answer, Answer::Ensured(Err(Problem::Transient)), "{ssh}");
        assert!(text(&answered).contains(says), "{ssh}: {}", text(&answered));
        let answered = answer(&mut driver, LOOK);
        assert_eq!(answered.answer, Answer::Looked(Observation::Unknown), "{ssh}");
    }
    let answered = answer(&mut driver_at("/nowhere/ssh"), STOP);
    assert!(text(&answered).contains("`/nowhere/ssh` cannot be started"), "{}", text(&answered));
}

/// The answers of a script that says that a service runs, and then breaks at the next call.
fn breaks_at_the_stop(then: &str) -> String {
    let services = r#"{"ok":true,"answer":{"services":[{"name":"RTCSRV","status":"Running"}]}}"#;
    let envelope = format!("echo; echo \"<<poolroll $2\"; echo '{services}'; echo \"poolroll $2>>\"");
    let fenced = envelope.replace(services, r#"{"ok":true,"answer":{"underway":false}}"#);
    ready(&format!("case $3 in front_end) {envelope};; fence) {fenced};; *) {then};; esac"))
}

#[test]
fn an_engine_that_breaks_in_an_act_leaves_it_in_doubt() {
    for (then, says) in [
        ("exit 0", "the engine on fe01.contoso.com was lost"),
        ("exit 255", "the engine on fe01.contoso.com was lost"),
        ("kill -9 $$", "the engine on fe01.contoso.com was lost"),
        ("echo 'client_loop: send disconnect: Broken pipe' >&2; exit 255", "send disconnect: Broken pipe"),
        ("echo junk; echo more junk; exit 1", "more junk"),
        ("head -c 1000000000 /dev/zero", "it printed a line without an end"),
        ("yes | head -c 1000000000", "it printed more than 16 MB"),
        ("echo \"<<poolroll $2\"; echo '{\"ok\":'; echo \"poolroll $2>>\"", "its answer is none: `{\"ok\":`"),
        ("echo \"<<poolroll $2\"; echo \"poolroll $2>>\"", "its answer is none"),
        ("echo \"<<poolroll $2\"; echo '{\"ok\":true}'; exit 0", "was lost"),
        (
            "printf '#< CLIXML\\r\\n<Objs><S S=\"Error\">Out of memory_x000D__x000A_</S></Objs>' >&2; exit 1",
            "was lost: Out of memory",
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut driver = driver(dir.path(), &breaks_at_the_stop(then));
        let answered = answer(&mut driver, STOP);
        assert_eq!(answered.answer, Answer::Ensured(Err(Problem::Unknown)), "{then}: {}", text(&answered));
        assert!(text(&answered).contains(says), "{then}: {}", text(&answered));
        assert!(text(&answered).len() < 1_000, "{then}");
    }
}

#[test]
fn an_answer_to_another_call_is_none() {
    // It answers with a number that it saw before.
    let stale = breaks_at_the_stop(
        "echo '<<poolroll 0'; echo '{\"ok\":true,\"answer\":{\"services\":[{\"name\":\"RTCSRV\",\"status\":\"Stopped\"}]}}'; echo 'poolroll 0>>'; exit 0",
    );
    let dir = tempfile::tempdir().unwrap();
    let answered = answer(&mut driver(dir.path(), &stale), STOP);
    assert_eq!(answered.answer, Answer::Ensured(Err(Problem::Unknown)));
}

#[test]
fn a_script_that_fails_says_where_and_what() {
    let fault = r#"{"ok":false,"fault":{"message":"The service cannot be stopped.","category":"InvalidOperation","line":7,"text":"Stop-CsWindowsService -Graceful","id":"x","kind":"y"}}"#;
    let then = format!("echo \"<<poolroll $2\"; echo '{fault}'; echo \"poolroll $2>>\"");
    let dir = tempfile::tempdir().unwrap();
    let answered = answer(&mut driver(dir.path(), &breaks_at_the_stop(&then)), STOP);
    assert_eq!(answered.answer, Answer::Ensured(Err(Problem::Transient)));
    assert_eq!(
        text(&answered),
        "The service cannot be stopped (InvalidOperation, line 7: `Stop-CsWindowsService -Graceful`)"
    );
}

#[test]
fn what_is_let_go_of_before_it_began_never_begins() {
    // The engine takes a second to become ready; whoever called it has gone by then.
    let dir = tempfile::tempdir().unwrap();
    let marker = dir.path().join("called");
    let slow = format!("sleep 1; {}", ready(&format!("touch '{}'", marker.display())));
    let mut driver = driver(dir.path(), &slow);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        driver.begin(Timestamp::UNIX_EPOCH, Ticket(1), STOP);
        tokio::time::sleep(Duration::from_millis(200)).await;
        driver.let_go(Ticket(1));
        tokio::time::sleep(Duration::from_secs(3)).await;
    });
    assert!(!marker.exists());
}

#[test]
fn a_run_on_a_pool_that_nobody_reaches_stops_for_a_person_and_touches_nothing() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("plan.yaml"), plan(Product::Lync, "/nowhere/ssh", "pwsh", "")).unwrap();
    let output = crate::commands::poolroll(dir.path(), &["apply", "plan.yaml", "--yes"]).output().unwrap();
    let said = super::said(&output);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("cannot be started"), "{said}");
    assert_eq!(Outcome::Stopped.word(), "stopped");
}
