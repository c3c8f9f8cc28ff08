//! What a call through a kept engine costs beside a bare loop on the same engine, in the same run: `cargo bench --bench powershell`.
//!
//! Needs `pwsh` on PATH, and says so where it is not. The module behind the cmdlet answers at once, so what is measured is the way
//! there and back: our line, our envelope, our task. The same over a session, where there is an `sshd`; and what a whole roll spends its
//! time on. `cargo bench --bench powershell -- kept`, `session` or `roll` measures one of them.

#[path = "powershell/roll.rs"]
mod roll;
#[path = "powershell/session.rs"]
mod session;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use poolroll::exec::live::compile;
use poolroll::plan::{self, Answer, Call, FrontEndId, Question};
use poolroll::pool::{Driver, PowerShellPool, Ticket};

/// Calls in a round, and rounds.
const CALLS: u64 = 300;
const ROUNDS: usize = 7;

const MODULE: &str = "function Get-CsWindowsService { foreach ($n in 1..8) { [PSCustomObject] @{ Name = \"S$n\"; Status = 'Stopped' } } }
Export-ModuleMember -Function Get-CsWindowsService";

/// What a person would write to an engine that reads its lines as the prompt does: the same cmdlet, one line back.
const BARE: &str = "[Console]::Out.WriteLine((ConvertTo-Json -InputObject @{ services = @(foreach ($s in Get-CsWindowsService) { @{ name = '' + $s.Name; status = '' + $s.Status } }) } -Compress))\n";

const PLAN: &str = "kind: plan
version: 1
name: bench
product: lync_server_2013
pool:
  fqdn: pool01.contoso.com
  upgrade_domains:
    - { name: UD1, front_ends: [fe01.contoso.com] }
    - { name: UD2, front_ends: [fe02.contoso.com] }
    - { name: UD3, front_ends: [fe03.contoso.com] }
upgrade: { version: '1', actions: [{ program: x }] }
driver: { powershell: { engine: pwsh, reach: { ssh: { program: 'SSH' } } } }
";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if words.first().is_some_and(|word| word == roll::RELAY) {
        return roll::relay(&words[1..]);
    }
    let pwsh = Command::new("pwsh").arg("-v").stdout(Stdio::null()).status();
    if pwsh.is_err() {
        println!("needs `pwsh` on PATH: nothing was measured");
        return;
    }
    let is_wanted = |name: &str| words.is_empty() || words.iter().any(|word| word == name);
    let dir = std::env::temp_dir().join(format!("poolroll-bench-{}", std::process::id()));
    prepare(&dir);
    if is_wanted("kept") {
        compare("kept", 1.5, || (bare(&dir), kept(&dir)));
    }
    if is_wanted("session") {
        match session::Server::start(&dir) {
            Ok(server) => compare("session", 1.2, || (server.bare(), server.kept())),
            Err(why) => println!("over a session: {why}: nothing was measured"),
        }
    }
    if is_wanted("roll") {
        roll::measure(&dir);
    }
    let _ = fs::remove_dir_all(&dir);
}

/// Measures two ways in turn, and what the second costs beside the first.
fn compare(name: &str, aim: f64, measure: impl Fn() -> (f64, f64)) {
    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        let (bare, ours) = measure();
        println!("{name}, round {}: bare {bare:.3} ms a call, ours {ours:.3} ms", round + 1);
        ratios.push(ours / bare);
    }
    println!("{name} beside bare: {}; the aim is {aim} at most", spread(ratios));
}

/// The median of some numbers, and how far they go.
fn spread(mut numbers: Vec<f64>) -> String {
    numbers.sort_by(f64::total_cmp);
    let (first, last) = (numbers[0], numbers[numbers.len() - 1]);
    format!("median {:.2} ({first:.2} to {last:.2})", numbers[numbers.len() / 2])
}

/// A module, and an `ssh` that starts its command here.
fn prepare(dir: &Path) {
    fs::create_dir_all(dir.join("modules/Lync")).expect("a folder");
    fs::write(dir.join("modules/Lync/Lync.psm1"), MODULE).expect("a module");
    let modules = dir.join("modules");
    let ssh = format!(
        "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done\nshift 2\nexport PSModulePath='{}'\nexec \"$@\"\n",
        modules.display()
    );
    fs::write(dir.join("ssh"), ssh).expect("a script");
    let executable = Command::new("chmod").arg("+x").arg(dir.join("ssh")).status();
    assert!(executable.is_ok_and(|status| status.success()));
}

/// Milliseconds a call in the median, a person's loop.
fn bare(dir: &Path) -> f64 {
    let mut engine = Command::new("pwsh");
    engine.env("PSModulePath", dir.join("modules"));
    looped(engine, "Import-Module Lync", BARE)
}

/// Milliseconds a call in the median, in an engine that runs its lines as they come.
fn looped(mut engine: Command, first: &str, line: &str) -> f64 {
    let mut engine = engine
        .args(["-NoLogo", "-NoProfile", "-NonInteractive", "-Command", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("an engine");
    let mut stdin = engine.stdin.take().expect("a pipe");
    let mut lines = BufReader::new(engine.stdout.take().expect("a pipe")).lines();
    writeln!(stdin, "{first}").expect("a line");
    let median = median(|| {
        stdin.write_all(line.as_bytes()).and_then(|()| stdin.flush()).expect("a line");
        let answer = lines.next().expect("an answer").expect("a text");
        assert!(answer.contains("Stopped"), "{answer}");
    });
    drop(stdin);
    let _ = engine.wait();
    median
}

/// Milliseconds a call in the median, through the driver.
fn kept(dir: &Path) -> f64 {
    called(&PLAN.replace("SSH", &dir.join("ssh").display().to_string()))
}

/// The same for a plan.
fn called(text: &str) -> f64 {
    let graph = compile("bench.yaml", text.as_bytes()).expect("a plan").graph;
    let Some(plan::Driver::PowerShell(settings)) = graph.plan().driver() else { unreachable!() };
    let pool = PowerShellPool::new(Arc::clone(graph.plan_arc()), settings.clone(), "bench");
    let mut driver = Driver::PowerShell(Box::new(pool));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut ticket = 0;
    median(|| {
        ticket += 1;
        let call = Call::Ask(Question::StillStopped { front_end: FrontEndId(0) });
        let answered = runtime.block_on(async {
            driver.begin(Timestamp::UNIX_EPOCH, Ticket(ticket), call);
            driver.woken().await;
            driver.take_answer(Timestamp::UNIX_EPOCH).expect("an answer")
        });
        assert_eq!(answered.answer, Answer::StillStopped(true), "{:?}", answered.facts);
    })
}

/// The median of many calls in milliseconds, after some to warm up.
fn median(mut call: impl FnMut()) -> f64 {
    (0..50).for_each(|_| call());
    let mut times: Vec<f64> = (0..CALLS)
        .map(|_| {
            let begun = Instant::now();
            call();
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
