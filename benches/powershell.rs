//! What a call through a kept engine costs beside a bare loop on the same engine, in the same run: `cargo bench --bench powershell`.
//!
//! Needs `pwsh` on PATH, and says so where it is not. The module behind the cmdlet answers at once, so what is measured is the way
//! there and back: our line, our envelope, our task.

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
    let pwsh = Command::new("pwsh").arg("-v").stdout(Stdio::null()).status();
    if pwsh.is_err() {
        println!("needs `pwsh` on PATH: nothing was measured");
        return;
    }
    let dir = std::env::temp_dir().join(format!("poolroll-bench-{}", std::process::id()));
    prepare(&dir);
    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        let (bare, kept) = (bare(&dir), kept(&dir));
        println!("round {}: bare {bare:.3} ms a call, kept {kept:.3} ms", round + 1);
        ratios.push(kept / bare);
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "kept beside bare: median {:.2} ({:.2} to {:.2}); the aim is 1.5 at most",
        ratios[ROUNDS / 2],
        ratios[0],
        ratios[ROUNDS - 1]
    );
    let _ = fs::remove_dir_all(&dir);
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
    let mut engine = Command::new("pwsh")
        .args(["-NoLogo", "-NoProfile", "-NonInteractive", "-Command", "-"])
        .env("PSModulePath", dir.join("modules"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("an engine");
    let mut stdin = engine.stdin.take().expect("a pipe");
    let mut lines = BufReader::new(engine.stdout.take().expect("a pipe")).lines();
    stdin.write_all(b"Import-Module Lync\n").expect("a line");
    let median = median(|| {
        stdin.write_all(BARE.as_bytes()).and_then(|()| stdin.flush()).expect("a line");
        let answer = lines.next().expect("an answer").expect("a text");
        assert!(answer.contains("Stopped"));
    });
    drop(stdin);
    let _ = engine.wait();
    median
}

/// Milliseconds a call in the median, through the driver.
fn kept(dir: &Path) -> f64 {
    let text = PLAN.replace("SSH", &dir.join("ssh").display().to_string());
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
        assert_eq!(answered.answer, Answer::StillStopped(true));
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
