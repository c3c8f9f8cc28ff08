//! What is proved before it is relied on: the fabric while the pool settles, the reach of a logon, a person's word for a failover that loses data.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;

use super::{Bed, Product, file, has, journals, said};

#[test]
fn a_pool_whose_primaries_move_has_not_settled() {
    if !has("pwsh", "a_pool_whose_primaries_move_has_not_settled") {
        return;
    }
    let settled = |compared: bool| {
        let bed = Bed::new(Product::Lync);
        bed.plan(Product::Lync, "");
        let text = std::fs::read_to_string(bed.path("plan.yaml")).unwrap();
        let text = text.replace("engine: 'pwsh'", &format!("engine: 'pwsh', compare_fabric: {compared}"));
        std::fs::write(bed.path("plan.yaml"), text).unwrap();
        bed.change(|state| state["fabric_moves"] = json!(3));
        let output = bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        (journals(bed.dir.path()), bed.state()["fabric_moves"].clone())
    };
    let (journal, left) = settled(true);
    assert!(journal.contains("its fabric has moved: - Routing group 1: primary fe"), "{journal}");
    // A reading of the clock is none of it: it says so as often as a primary moved, and no more.
    assert_eq!(journal.matches("its fabric has moved").count(), 2, "{journal}");
    assert_eq!(left, 0);
    let (journal, left) = settled(false);
    assert!(!journal.contains("its fabric has moved"), "{journal}");
    assert_eq!(left, 3);
}

#[test]
fn a_logon_that_is_not_handed_on_is_known_before_anything_is_touched() {
    if !has("pwsh", "a_logon_that_is_not_handed_on_is_known_before_anything_is_touched") {
        return;
    }
    for (product, more) in
        [(Product::Skype, ""), (Product::Lync, "failover: { partner: pool02.contoso.com, when: troubled }\n")]
    {
        let bed = Bed::new(product);
        bed.change(|state| state["no_hop"] = json!(true));
        bed.plan(product, more);
        let text = std::fs::read_to_string(bed.path("plan.yaml")).unwrap();
        let text = text.replace("engine: 'pwsh'", "engine: 'pwsh', management: admin01.contoso.com");
        std::fs::write(bed.path("plan.yaml"), text).unwrap();
        let output = bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
        assert_eq!(output.status.code(), Some(4), "{}", said(&output));
        assert!(said(&output).contains("(the second hop). Ways out: "), "{}", said(&output));
        assert_eq!(bed.calls(), [""; 0]);
        // Once, and not for every front end.
        let output = bed.poolroll(&["check", "plan.yaml", "--format", "json"]).output().unwrap();
        assert_eq!(output.status.code(), Some(7), "{}", said(&output));
        let text = String::from_utf8_lossy(&output.stdout);
        let all = "`fe01.contoso.com`, `fe02.contoso.com` and `fe03.contoso.com` did not say";
        assert_eq!(text.matches(all).count(), 1, "{text}");
        assert!(text.contains("the management tools on admin01.contoso.com: Login failed"), "{text}");
    }
}

#[test]
fn only_a_persons_word_lets_a_failover_lose_what_was_not_copied() {
    if !has("pwsh", "only_a_persons_word_lets_a_failover_lose_what_was_not_copied") {
        return;
    }
    let bed = Bed::new(Product::Lync);
    bed.plan(Product::Lync, "failover: { partner: pool02.contoso.com, start: automatic }\n");
    bed.change(|state| {
        // Each gate is in trouble; settling is not.
        state["insufficient"] = json!(3);
        state["partner_export"] = json!("ErrorState");
    });
    let run = |args: &[&str]| {
        let output = bed.poolroll(args).output().unwrap();
        (output.status.code().unwrap(), said(&output))
    };
    let (code, text) = run(&["apply", "plan.yaml", "--yes"]);
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("the backup service of pool02.contoso.com is not steady"), "{text}");
    // Not without a reason, not without a failover that is tried again.
    assert_eq!(run(&["resume", "--retry", "fail_over", "--disaster-mode"]).0, 2);
    assert_eq!(run(&["resume", "--disaster-mode", "--reason", "x"]).0, 2);
    let other = ["resume", "--retry", "stop/fe01.contoso.com", "--disaster-mode", "--reason", "x"];
    assert_eq!(run(&other).0, 2);
    let (code, text) = run(&["resume", "--retry", "fail_over", "--reason", "once more"]);
    assert_eq!(code, 4, "{text}");
    assert_eq!(bed.calls(), [""; 0]);
    let lose = ["resume", "--retry", "fail_over", "--disaster-mode", "--reason", "the site burns"];
    let (code, text) = run(&lose);
    assert_eq!(code, 0, "{text}");
    let over: Vec<_> = bed.calls().into_iter().filter(|call| call.contains("PoolFailOver")).collect();
    assert_eq!(over, ["Invoke-CsPoolFailOver pool01.contoso.com -DisasterMode"]);
    let journal = journals(bed.dir.path());
    let word = journal.lines().find(|line| line.contains("disaster_mode\":true")).expect("the word");
    assert!(word.contains("the site burns"), "{word}");
    let (_, report) = run(&["report"]);
    assert!(report.contains("be tried again and lose what was not copied yet"), "{report}");
}

/// A stand-in for WinRM's client: it writes down what it was given, and opens nothing.
const WINRM: &str = "function New-PSSession { param($ComputerName, $Authentication, $Credential)
    [System.IO.File]::AppendAllText(\"$env:POOLROLL_BED/logons\", \"$ComputerName|$Authentication|$($Credential.UserName)|$($Credential.GetNetworkCredential().Password)`n\")
    throw 'nothing listens there'
}
";

#[test]
fn a_password_reaches_the_engine_and_nothing_else() {
    if !has("pwsh", "a_password_reaches_the_engine_and_nothing_else") {
        return;
    }
    let password = "h\u{fc}nter 2 \"$(touch pwned)\" `x` 'y'; \u{201c}z\u{201d}";
    let encoded = data_encoding::BASE64.encode(password.as_bytes());
    for (from, unset) in [
        ("{ environment: POOLROLL_TEST_PASSWORD }", "`POOLROLL_TEST_PASSWORD` is not set"),
        (
            "{ command: [printenv, POOLROLL_TEST_PASSWORD] }",
            "`printenv`, which prints the password, ended with 1",
        ),
    ] {
        let bed = over_winrm(from);
        let text = said(&bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap());
        assert!(text.contains("no password for CONTOSO\\svc: ") && text.contains(unset), "{text}");
        let bed = over_winrm(from);
        let mut apply = bed.poolroll(&["apply", "plan.yaml", "--yes"]);
        let text = said(&apply.env("POOLROLL_TEST_PASSWORD", password).output().unwrap());
        assert!(text.contains("no session to fe01.contoso.com: nothing listens there"), "{text}");
        let logons = std::fs::read_to_string(bed.path("logons")).unwrap();
        let logon = format!("Kerberos|CONTOSO\\svc|{password}");
        assert!(logons.lines().all(|line| line.split_once('|').unwrap().1 == logon), "{logons}");
        let scripts = said(&bed.poolroll(&["plan", "plan.yaml", "--show-scripts"]).output().unwrap());
        let argv = std::fs::read_to_string(bed.path("argv")).unwrap();
        for kept in [&text, &scripts, &argv, &journals(bed.dir.path())] {
            assert!(!kept.contains("nter 2") && !kept.contains(&encoded), "{kept}");
        }
        assert!(!bed.path("pwned").exists());
    }
}

/// A pool whose front ends are reached through WinRM, with a password from somewhere.
fn over_winrm(password: &str) -> Bed {
    let bed = Bed::new(Product::Lync);
    std::fs::write(bed.path("winrm.ps1"), WINRM).unwrap();
    let bootstrap = crate::golden::at("src/pool/powershell/scripts/bootstrap.ps1");
    let engine = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$*\" >>\"$POOLROLL_BED/argv\"\nexec pwsh -NoProfile -NonInteractive -Command \". '$POOLROLL_BED/winrm.ps1'; . '{}'\"\n",
        bootstrap.display()
    );
    executable(&bed.path("engine"), &engine);
    bed.plan(Product::Lync, "");
    let text = std::fs::read_to_string(bed.path("plan.yaml")).unwrap();
    let logon = format!("logon: {{ user: 'CONTOSO\\svc', password: {password} }}");
    let text = text.replace("engine: 'pwsh'", &format!("engine: '{}'", bed.path("engine").display()));
    let text = text.replace(
        &format!("ssh: {{ program: '{}' }}", file("ssh")),
        &format!("session: {{ over: {{ winrm: {{ authentication: kerberos, {logon} }} }} }}"),
    );
    std::fs::write(bed.path("plan.yaml"), text).unwrap();
    bed
}

fn executable(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    let mut chmod = std::process::Command::new("chmod");
    assert!(chmod.arg("+x").arg(path).status().unwrap().success());
}

/// Lets a run that waits for a person go on.
fn approve(bed: &Bed) {
    for _ in 0..1_000 {
        let status = said(&bed.poolroll(&["status"]).output().unwrap());
        if let Some(command) = status.split('`').find(|text| text.starts_with("poolroll approve ")) {
            let words: Vec<&str> = command.split(' ').skip(1).collect();
            let output = bed.poolroll(&words).output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{}", said(&output));
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("nothing waits for a person");
}

#[test]
fn databases_are_updated_last_by_a_persons_word_and_by_tools_of_the_planned_version() {
    if !has("pwsh", "databases_are_updated_last_by_a_persons_word_and_by_tools_of_the_planned_version") {
        return;
    }
    let bed = Bed::new(Product::Lync);
    bed.plan(Product::Lync, "databases: { sql_server: sql01.contoso.com }\n");
    let text = std::fs::read_to_string(bed.path("plan.yaml")).unwrap();
    let text = text.replace("engine: 'pwsh'", "engine: 'pwsh', management: admin01.contoso.com");
    std::fs::write(bed.path("plan.yaml"), text).unwrap();
    bed.change(|state| {
        state["databases"] = json!("5.0.1");
        state["databases_expected"] = json!("5.0.2");
    });
    let mut apply = bed.poolroll(&["apply", "plan.yaml", "--yes"]);
    let child = apply.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    approve(&bed);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    let why =
        "the management tools are at 5.0.8308.0, and the databases are updated by tools at 5.0.8308.1149";
    assert!(said(&output).contains(why), "{}", said(&output));
    assert_eq!(bed.calls().len(), 9, "{:?}", bed.calls());
    std::fs::write(bed.path("admin01.contoso.com").join("version"), Product::Lync.version()).unwrap();
    let retry = ["resume", "--retry", "databases", "--reason", "the tools are updated"];
    let output = bed.poolroll(&retry).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(bed.calls().last().unwrap(), "Install-CsDatabase sql01.contoso.com");
    assert_eq!(bed.calls().len(), 10, "{:?}", bed.calls());
    assert_eq!(bed.state()["databases"], "5.0.2");
}
