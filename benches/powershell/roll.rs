//! A whole roll of six front ends in which nothing takes its time but PowerShell and we, and what that time goes to.
//!
//! `ssh` is this program again, between the driver and an engine: it writes down when an engine was started, when it was ready, and
//! when each call came and was answered.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::session::script;

/// The first word of this program as `ssh`.
pub const RELAY: &str = "relay";
const ROUNDS: usize = 3;
const FRONT_ENDS: usize = 6;

/// Between the driver and an engine: `relay LOG SSH ARGUMENTS...`.
pub fn relay(words: &[String]) {
    let [log, ssh, arguments @ ..] = words else { panic!("{words:?}") };
    let note = |what: &str| {
        let line = format!("{} {} {what}\n", now(), std::process::id());
        let file = OpenOptions::new().create(true).append(true).open(log);
        file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the log can be written");
    };
    note("started");
    let mut engine = Command::new(ssh)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("an ssh");
    let (mut to, from) = (engine.stdin.take().expect("a pipe"), engine.stdout.take().expect("a pipe"));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut stdout = std::io::stdout();
            for line in BufReader::new(from).lines() {
                let Ok(line) = line else { break };
                if line.starts_with("poolroll is ready: ") {
                    note("ready");
                } else if line.starts_with("poolroll ") && line.ends_with(">>") {
                    note("answered");
                }
                if writeln!(stdout, "{line}").and_then(|()| stdout.flush()).is_err() {
                    break;
                }
            }
            note("ended");
            let code = engine.wait().ok().and_then(|status| status.code());
            std::process::exit(code.unwrap_or(1));
        });
        let mut stdin = BufReader::new(std::io::stdin());
        let mut line = Vec::new();
        while stdin.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            if line.starts_with(b"call ") {
                let text = String::from_utf8_lossy(&line);
                note(&format!("called {}", text.split(' ').nth(2).unwrap_or_default()));
            }
            if to.write_all(&line).and_then(|()| to.flush()).is_err() {
                break;
            }
            line.clear();
        }
        drop(to);
    });
}

/// Microseconds.
fn now() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_micros()
}

/// What the time of one roll went to, in seconds.
#[derive(Default)]
struct Split {
    all: f64,
    scripts: f64,
    starts: f64,
    actions: f64,
    ours: f64,
    engines: usize,
    calls: usize,
}

pub fn measure(dir: &Path) {
    let mut rounds = Vec::new();
    for round in 1..=ROUNDS {
        let split = roll(&dir.join(format!("roll{round}")));
        println!(
            "roll, round {round}: {:.2} s with {} engines and {} calls: scripts {:.2} s, engines that start {:.2} s, actions {:.2} s, ours {:.2} s",
            split.all, split.engines, split.calls, split.scripts, split.starts, split.actions, split.ours
        );
        rounds.push(split);
    }
    let of = |number: fn(&Split) -> f64| super::spread(rounds.iter().map(number).collect());
    println!("roll of {FRONT_ENDS}, seconds: {}", of(|split| split.all));
    println!("  scripts and the cmdlets in them: {}", of(|split| split.scripts));
    println!("  engines that start: {}", of(|split| split.starts));
    println!("  actions and their keepers: {}", of(|split| split.actions));
    println!("  ours: {}", of(|split| split.ours));
}

fn roll(dir: &Path) -> Split {
    let bed = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/beds/powershell");
    fs::create_dir_all(dir).expect("a folder");
    let (log, ssh, this) = (dir.join("log"), dir.join("ssh"), std::env::current_exe().expect("this program"));
    let words = [&this, Path::new(RELAY), &log, &bed.join("ssh")].map(|word| format!("'{}'", word.display()));
    script(&ssh, &format!("exec {} \"$@\"", words.join(" ")));
    fs::write(dir.join("state.json"), state(&bed).to_string()).expect("a state");
    fs::write(dir.join("planned_version"), "2").expect("a version");
    fs::write(dir.join("plan.yaml"), plan(&ssh, &bed.join("installer"))).expect("a plan");
    for number in 1..=FRONT_ENDS {
        fs::create_dir_all(dir.join(fqdn(number))).expect("a folder");
        fs::write(dir.join(fqdn(number)).join("installer_takes"), "0").expect("a file");
    }
    let mut apply = Command::new(env!("CARGO_BIN_EXE_poolroll"));
    apply
        .args(["apply", "plan.yaml", "--yes"])
        .current_dir(dir)
        .env("POOLROLL_RUNS_DIR", dir.join("runs"))
        .env("POOLROLL_CLAIMS_DIR", dir.join("claims"))
        .env("POOLROLL_BED", dir)
        .env("PSModulePath", bed.join("modules"))
        .stdin(Stdio::null());
    let begun = (Instant::now(), now());
    let output = apply.output().expect("the program");
    let (all, ended) = (begun.0.elapsed().as_secs_f64(), now());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut text = String::new();
    fs::File::open(&log).and_then(|mut log| log.read_to_string(&mut text)).expect("a log");
    Split { all, ..split(&text, begun.1, ended) }
}

/// Where the time went: an instant is the scripts' while a call goes on somewhere, else the engines' while one starts, else the
/// actions' while one goes on, and else ours.
fn split(log: &str, begun: u128, ended: u128) -> Split {
    let (mut calling, mut starting, mut acting) = (Vec::new(), Vec::new(), Vec::new());
    let mut split = Split::default();
    // The engine, what it is at, and since when.
    let mut open: Vec<(&str, String, u128)> = Vec::new();
    let mut action: Option<u128> = None;
    for line in log.lines() {
        let mut words = line.splitn(3, ' ');
        let (Some(at), Some(engine), Some(what)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        let at: u128 = at.parse().expect("an instant");
        let place = open.iter().position(|(of, ..)| *of == engine);
        match (what, place) {
            ("started", _) => {
                split.engines += 1;
                open.push((engine, String::new(), at));
            }
            ("ready" | "answered" | "ended", Some(place)) => {
                let (_, name, since) = open.swap_remove(place);
                if name.is_empty() {
                    starting.push((since, at));
                } else {
                    calling.push((since, at));
                }
                if name == "perform" {
                    action = Some(at);
                }
            }
            (called, _) => {
                let Some(name) = called.strip_prefix("called ") else { continue };
                split.calls += 1;
                // Whatever comes after looks at an action: it has ended.
                if let (Some(since), true) = (action, name != "perform_seen") {
                    acting.push((since, at));
                    action = None;
                }
                open.push((engine, name.to_owned(), at));
            }
        }
    }
    let mut edges: Vec<u128> = [begun, ended].into();
    edges.extend([&calling, &starting, &acting].into_iter().flatten().flat_map(|(from, to)| [*from, *to]));
    edges.sort_unstable();
    for pair in edges.windows(2).filter(|pair| pair[0] >= begun && pair[1] <= ended) {
        let within = |kind: &[(u128, u128)]| kind.iter().any(|(from, to)| *from <= pair[0] && pair[1] <= *to);
        let seconds = (pair[1] - pair[0]) as f64 / 1e6;
        *(if within(&calling) {
            &mut split.scripts
        } else if within(&starting) {
            &mut split.starts
        } else if within(&acting) {
            &mut split.actions
        } else {
            &mut split.ours
        }) += seconds;
    }
    split
}

fn fqdn(number: usize) -> String {
    format!("fe0{number}.contoso.com")
}

/// The bed's pool with six front ends, in which everything takes a millisecond.
fn state(bed: &Path) -> Value {
    let text = fs::read_to_string(bed.join("state.json")).expect("the bed");
    let mut state: Value = serde_json::from_str(&text).expect("a state");
    for time in state["times"].as_object_mut().expect("times").values_mut() {
        *time = json!(1);
    }
    let one = state["front_ends"][0].clone();
    let front_end = |number: usize| {
        let mut one = one.clone();
        one["fqdn"] = json!(fqdn(number));
        one["domain"] = json!(format!("UD{number}"));
        one
    };
    state["version"] = json!("1");
    state["quorum"]["needs"] = json!(3);
    state["quorum"]["all_before_a_domain"] = json!(false);
    state["quorum"]["first"] = (1..=FRONT_ENDS).map(fqdn).collect();
    state["front_ends"] = (1..=FRONT_ENDS).map(front_end).collect();
    state
}

fn plan(ssh: &Path, installer: &Path) -> String {
    let domains: String = (1..=FRONT_ENDS)
        .map(|number| format!("    - {{ name: UD{number}, front_ends: [{}] }}\n", fqdn(number)))
        .collect();
    format!(
        "kind: plan\nversion: 1\nname: bench\nproduct: lync_server_2013\npool:\n  fqdn: pool01.contoso.com\n  upgrade_domains:\n{domains}\
         upgrade: {{ version: '2', actions: [{{ program: '{}', expected: 1s }}] }}\nacceptance: {{ watch: 1ms }}\nreadiness: {{ interval: 1ms }}\n\
         settle: {{ watch: 1ms, soak: 0s }}\nlimits: {{ back_off: 1ms, look_again: 1ms }}\n\
         expected: {{ drain: 1s, stop: 1s, restart: 1s, start: 1s, rebuild: 1s }}\n\
         driver: {{ powershell: {{ engine: pwsh, reach: {{ ssh: {{ program: '{}' }} }} }} }}\n",
        installer.display(),
        ssh.display()
    )
}
