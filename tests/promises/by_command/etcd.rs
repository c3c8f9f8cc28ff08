//! Promise: a cluster of etcd is rolled while it is written to, and never loses its quorum by our doing.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::{Bed, file, said};
use crate::powershell::has;

/// The members of a bed, ended with it.
struct Cluster {
    bed: Bed,
    port: u32,
}

impl Cluster {
    fn start(members: usize) -> Cluster {
        // Below the ports that the system gives out by itself.
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let cluster = Cluster { bed: Bed::new(), port: 24_000 + std::process::id() % 100 * 60 + number * 12 };
        let output = cluster.command(&["up", &members.to_string()]).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        cluster
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(file("etcd/bed"));
        command.args(args).env("BED", self.bed.path("bed")).env("PORT", self.port.to_string());
        command
    }

    /// A plan of these domains, `together` of one at once.
    fn plan(&self, domains: &str, quorum: usize, together: usize) {
        let program = file("etcd/bed");
        let run = |words: &str| format!("{{ run: ['{program}', {words}] }}");
        let text = format!(
            r#"kind: plan
version: 1
name: a cluster of etcd
product: generic
pool:
  fqdn: etcd
  minimum_active: {quorum}
  upgrade_domains: {domains}
at_once: {{ front_ends: {together} }}
settle: {{ soak: 1s, watch: 1s }}
acceptance: {{ watch: 1s }}
readiness: {{ interval: 1s }}
limits: {{ back_off: 1s, look_again: 1s }}
upgrade:
  version: '2'
  restart: services
  actions: [{{ program: '{program}', arguments: [upgrade, '{{front_end}}'], at: here, repeatable: true, expected: 1s }}]
driver:
  command:
    observe: {}
    ready: {}
    stop: {}
    start: {}
"#,
            run("observe, '{front_end}'"),
            run("ready"),
            run("stop, '{front_end}'"),
            run("start, '{front_end}'"),
        );
        std::fs::write(self.bed.path("plan.yaml"), text).unwrap();
    }

    fn apply(&self) -> std::process::Output {
        let mut apply = self.bed.poolroll(&["apply", "plan.yaml", "--yes"]);
        apply.env("PORT", self.port.to_string()).output().unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.command(&["down"]).output();
    }
}

fn has_all(test: &str) -> bool {
    ["etcd", "etcdctl"].iter().all(|program| has(program, test))
}

fn one_each(members: usize) -> String {
    let domain = |n| format!("{{ name: D{n}, front_ends: [etcd{n}] }}");
    format!("[{}]", (1..=members).map(domain).collect::<Vec<_>>().join(", "))
}

#[test]
fn writes_go_on_through_a_whole_roll() {
    if !has_all("writes_go_on_through_a_whole_roll") {
        return;
    }
    for members in [3, 5] {
        let cluster = Arc::new(Cluster::start(members));
        cluster.plan(&one_each(members), members / 2 + 1, 1);
        let done = Arc::new(AtomicBool::new(false));
        let writer = {
            let (cluster, done) = (Arc::clone(&cluster), Arc::clone(&done));
            // A write that fails while the lead changes hands is made again, as any client would; it must not take long.
            std::thread::spawn(move || {
                let (mut written, mut again) = (0u32, 0u32);
                while !done.load(Ordering::Relaxed) {
                    let value = (written + 1).to_string();
                    if cluster.command(&["put", &value]).output().unwrap().status.success() {
                        (written, again) = (written + 1, 0);
                    } else {
                        again += 1;
                        assert!(again < 10, "write {value} failed {again} times in a row");
                    }
                }
                written
            })
        };
        let output = cluster.apply();
        done.store(true, Ordering::Relaxed);
        let written = writer.join().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let read = cluster.command(&["get"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&read.stdout).trim(), written.to_string());
        assert!(written > 10, "{written} writes");
        // One after the other.
        let each = |n: usize| [format!("stop etcd{n}"), format!("start etcd{n}")];
        assert_eq!(cluster.bed.log(), (1..=members).map(each).collect::<Vec<_>>().concat());
    }
}

#[test]
fn a_member_killed_behind_our_back_is_busy_and_then_trouble() {
    if !has_all("a_member_killed_behind_our_back_is_busy_and_then_trouble") {
        return;
    }
    let cluster = Cluster::start(3);
    cluster.plan(&one_each(3), 2, 1);
    assert!(cluster.command(&["kill", "etcd2"]).output().unwrap().status.success());
    let output = cluster.apply();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(said(&output).contains("2 of 3 members are healthy"), "{}", said(&output));
    assert!(said(&output).contains("the pool is in trouble (Busy 3 times in a row"), "{}", said(&output));
    // Nobody was stopped by us.
    assert_eq!(cluster.bed.log(), ["kill etcd2"]);
}

#[test]
fn one_too_many_is_not_stopped() {
    if !has_all("one_too_many_is_not_stopped") {
        return;
    }
    let cluster = Cluster::start(5);
    // The plan takes two at once, and five can spare two. One has died behind our back, and now they can spare one.
    cluster.plan("[{ name: D, front_ends: [etcd1, etcd2, etcd3, etcd4, etcd5] }]", 3, 2);
    let text = std::fs::read_to_string(cluster.bed.path("plan.yaml")).unwrap();
    let text: Vec<&str> = text.lines().filter(|line| !line.starts_with("    ready:")).collect();
    std::fs::write(cluster.bed.path("plan.yaml"), text.join("\n")).unwrap();
    assert!(cluster.command(&["kill", "etcd5"]).output().unwrap().status.success());
    let output = cluster.apply();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let log = cluster.bed.log();
    let mut down = 0;
    for line in &log {
        down = if line.starts_with("start") { down - 1 } else { down + 1 };
        assert!(down <= 2, "{log:?}");
    }
    assert_eq!(down, 0, "{log:?}");
    assert_eq!(log.iter().filter(|line| line.starts_with("stop")).count(), 4, "{log:?}");
}
