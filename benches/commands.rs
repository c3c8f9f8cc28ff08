//! What a command costs beside the bare start of its process, and a rolling restart over `ssh` beside loops of `ssh`: `cargo bench --bench commands`.
//!
//! Each comparison is made in one run, turn about, and told as the median of its ratios with their spread. The second needs `sshd` and `ssh`, and says so where
//! they are not.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

const ROUNDS: usize = 7;
/// Front ends, and actions of each: a thousand commands in a chain.
const CHAIN: (usize, usize) = (10, 100);
/// Hosts of the rolling restart.
const HOSTS: usize = 16;

fn main() {
    let dir = std::env::temp_dir().join(format!("poolroll-bench-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    chain(&dir);
    match Servers::start(&dir) {
        Some(servers) => restarts(&servers),
        None => println!("needs `sshd` and `ssh`: no rolling restart was measured"),
    }
    let _ = std::fs::remove_dir_all(&dir);
}

/// The median of some numbers, the smallest and the largest.
fn told(mut numbers: Vec<f64>) -> String {
    numbers.sort_by(f64::total_cmp);
    let last = numbers.len() - 1;
    format!("{:.2} ({:.2} to {:.2})", numbers[last / 2], numbers[0], numbers[last])
}

fn timed(run: impl FnOnce()) -> f64 {
    let began = Instant::now();
    run();
    began.elapsed().as_secs_f64()
}

/// Applies a plan in a folder of its own, and panics unless the run is complete. Its journal.
fn apply(dir: &Path, plan: &str) -> String {
    let runs = tempfile::tempdir_in(dir).unwrap_or_else(|error| panic!("{error}"));
    let path = runs.path().join("plan.yaml");
    std::fs::write(&path, plan).unwrap_or_else(|error| panic!("{error}"));
    let output = Command::new(env!("CARGO_BIN_EXE_poolroll"))
        .args(["apply", "plan.yaml", "--yes", "--runs-dir", "runs", "--claims-dir", "claims"])
        .current_dir(runs.path())
        .output();
    let output = output.unwrap_or_else(|error| panic!("{error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let of_the_runs = std::fs::read_dir(runs.path().join("runs")).unwrap_or_else(|error| panic!("{error}"));
    of_the_runs
        .flatten()
        .find_map(|run| std::fs::read_to_string(run.path().join("journal.jsonl")).ok())
        .unwrap_or_default()
}

/// The seconds between the begin of each action and the record of its end, together. Panics unless there were so many.
fn in_actions(journal: &str, expected: usize) -> f64 {
    let (mut sum, mut ended, mut began) = (0.0, 0, None);
    for line in journal.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        let id = record["body"]["event"]["id"].as_str().unwrap_or_default();
        if !(id.starts_with("before_stop/") || id.starts_with("after_accept/")) {
            continue;
        }
        let event = &record["body"]["event"]["event"];
        let at: Option<jiff::Timestamp> = record["at"].as_str().and_then(|at| at.parse().ok());
        // The first action of a front end is preceded by a count of the pool.
        if event["begin"].is_object() || event["answered"]["answer"]["counted"].is_object() {
            began = at;
        } else if event["answered"]["answer"]["ensured"].is_object()
            && let (Some(began), Some(at)) = (began.take(), at)
        {
            sum += (at - began).as_secs_f64();
            ended += 1;
        }
    }
    assert_eq!(ended, expected, "actions in the journal");
    sum
}

/// A thousand commands that do nothing, one after the other, the journal durable before each.
fn chain(dir: &Path) {
    let (front_ends, actions) = CHAIN;
    let names: Vec<String> = (1..=front_ends).map(|n| format!("web{n}")).collect();
    let action = "    - { program: 'true', at: here, repeatable: true, expected: 0s }\n";
    // What is observed must change with the stop and the start, and cost as little as can be. Before an action while a front end is out it is
    // observed that it still is: what comes before the stop and after the return needs no such look.
    let plan = format!(
        "kind: plan\nversion: 1\nname: chain\nproduct: generic\npool:\n  fqdn: pool\n  minimum_active: 1\n  upgrade_domains: [{{ name: A, front_ends: [{}] }}]\nsettle: {{ soak: 0s, watch: 1s }}\nlimits: {{ back_off: 0s, look_again: 1s }}\nupgrade:\n  restart: services\n  before_stop:\n{actions}  after_accept:\n{actions}  actions:\n{action}driver:\n  command:\n    observe: {{ run: [test, '!', -e, '{folder}/{{front_end}}'], exits: {{ '0': running, '1': stopped }} }}\n    stop: {{ run: [touch, '{folder}/{{front_end}}'] }}\n    start: {{ run: [rm, -f, '{folder}/{{front_end}}'] }}\n",
        names.join(", "),
        actions = action.repeat(actions / 2),
        folder = dir.display(),
    );
    let start = || {
        let status = Command::new("true").stdin(Stdio::null()).stdout(Stdio::null()).status();
        assert!(status.is_ok_and(|status| status.success()));
    };
    let bare = || (0..front_ends * actions).for_each(|_| start());
    // What any program pays that makes a record durable before it begins something, and keeps a line of it.
    let line = [b'x'; 420];
    let durable = || {
        let mut file = tempfile::tempfile_in(dir).unwrap_or_else(|error| panic!("{error}"));
        for _ in 0..front_ends * actions {
            file.write_all(&line).and_then(|()| file.sync_data()).unwrap_or_else(|error| panic!("{error}"));
            start();
        }
    };
    let (mut bares, mut durables, mut ours, mut alone) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bares.push(timed(bare));
        durables.push(timed(durable));
        let mut journal = String::new();
        ours.push(timed(|| journal = apply(dir, &plan)));
        alone.push(in_actions(&journal, front_ends * actions));
    }
    let millis = |seconds: &[f64]| told(seconds.iter().map(|seconds| seconds * 1e3).collect());
    let beside =
        |one: &[f64], other: &[f64]| told(one.iter().zip(other).map(|(one, other)| one / other).collect());
    println!("{} commands in a chain, the journal durable", front_ends * actions);
    println!("  bare process starts            {} ms", millis(&bares));
    println!("  with a durable line before each {} ms", millis(&durables));
    println!("  poolroll apply                 {} ms", millis(&ours));
    println!("  of that the actions            {} ms", millis(&alone));
    println!("  the actions beside the bare starts    {}; the aim is 1.3 at most", beside(&alone, &bares));
    println!("  the actions beside the durable starts {}", beside(&alone, &durables));
    println!("  all of apply beside the bare starts   {}", beside(&ours, &bares));
}

/// Servers on loopback addresses, ended with this.
struct Servers {
    dir: PathBuf,
    hosts: Vec<String>,
}

impl Servers {
    fn start(dir: &Path) -> Option<Servers> {
        let has = |program: &str| {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
            folders.map(|folder| folder.join(program)).any(|file| file.is_file())
        };
        if !(has("sshd") && has("ssh")) {
            return None;
        }
        let hosts: Vec<String> = (1..=HOSTS).map(|n| format!("host{n}")).collect();
        let start = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/beds/sshd/start");
        let port = (30_100 + std::process::id() % 2_500).to_string();
        let mut command = Command::new(start);
        command.arg(dir).args(&hosts).env("PORT", port).env("SETENV", format!("BED={}", dir.display()));
        let output = command.output().ok()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(Servers { dir: dir.to_owned(), hosts })
    }

    fn config(&self) -> String {
        self.dir.join("ssh_config").display().to_string()
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for host in &self.hosts {
            let process = std::fs::read_to_string(self.dir.join(host).join("sshd.pid")).unwrap_or_default();
            let _ = Command::new("kill").args(["-9", process.trim()]).stderr(Stdio::null()).status();
        }
    }
}

/// The four steps of a host: take it out, restart its service, see that it runs, put it back.
const STEPS: [&str; 4] = [
    "touch $BED/HOST.out",
    "touch $BED/HOST.down; rm -f $BED/HOST.down",
    "test ! -e $BED/HOST.down",
    "rm -f $BED/HOST.out",
];

/// A rolling restart over all hosts, one after the other.
fn restarts(servers: &Servers) {
    let step = |host: &str, n: usize| STEPS[n].replace("HOST", host);
    let ssh = |more: &[&str], host: &str, step: &str| {
        let status =
            Command::new("ssh").args(["-F", &servers.config()]).args(more).args([host, step]).status();
        assert!(status.is_ok_and(|status| status.success()), "{host}: {step}");
    };
    let plain = || {
        for host in &servers.hosts {
            (0..STEPS.len()).for_each(|n| ssh(&[], host, &step(host, n)));
        }
    };
    let socket = format!("ControlPath={}/%h.socket", servers.dir.display());
    let master = ["-o", "ControlMaster=auto", "-o", &socket, "-o", "ControlPersist=5"];
    let mastered = || {
        for host in &servers.hosts {
            (0..STEPS.len()).for_each(|n| ssh(&master, host, &step(host, n)));
        }
        for host in &servers.hosts {
            let mut exit = Command::new("ssh");
            exit.args(["-F", &servers.config(), "-o", &socket, "-O", "exit", host]).stderr(Stdio::null());
            let _ = exit.status();
        }
    };
    let program = servers.dir.join("ssh");
    let script = format!("#!/bin/sh\nexec ssh -F '{}' \"$@\"\n", servers.config());
    std::fs::write(&program, script).unwrap_or_else(|error| panic!("{error}"));
    let _ = Command::new("chmod").arg("+x").arg(&program).status();
    let action = |n: usize| {
        let text = STEPS[n].replace("HOST", "{front_end}");
        format!("[{{ program: sh, arguments: [-c, '{text}'], repeatable: true, expected: 0s }}]")
    };
    let run = |text: &str| format!("{{ run: [sh, -c, '{text}'], at: front_end }}");
    let observe = "{ run: [sh, -c, 'test ! -e $BED/{front_end}.down'], at: front_end, exits: { '0': running, '1': stopped } }";
    let plan = format!(
        "kind: plan\nversion: 1\nname: restarts\nproduct: generic\npool:\n  fqdn: pool\n  minimum_active: 1\n  upgrade_domains: [{{ name: A, front_ends: [{}] }}]\nsettle: {{ soak: 0s, watch: 1s }}\nlimits: {{ back_off: 0s, look_again: 1s }}\nupgrade:\n  restart: services\n  before_stop: {}\n  actions: [{{ program: 'true', repeatable: true, expected: 0s }}]\n  after_accept: {}\ndriver:\n  command:\n    ssh: {{ program: '{}' }}\n    observe: {observe}\n    stop: {}\n    start: {}\n",
        servers.hosts.join(", "),
        action(0),
        action(3),
        program.display(),
        run("touch $BED/{front_end}.down"),
        run("rm -f $BED/{front_end}.down"),
    );
    let (mut beside_plain, mut beside_master) = (Vec::new(), Vec::new());
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let [one, two, three] = [timed(plain), timed(mastered), timed(|| drop(apply(&servers.dir, &plan)))];
        beside_plain.push(three / one);
        beside_master.push(three / two);
        for (times, time) in times.iter_mut().zip([one, two, three]) {
            times.push(time);
        }
    }
    let [one, two, three] = times;
    println!("a rolling restart of {HOSTS} hosts, {} steps each, over ssh", STEPS.len());
    println!("  a plain loop         {} s", told(one));
    println!("  a ControlMaster loop {} s", told(two));
    println!("  poolroll apply       {} s", told(three));
    println!(
        "  beside the plain loop {}, beside ControlMaster {}; the aim is 0.5 at most",
        told(beside_plain),
        told(beside_master)
    );
}
