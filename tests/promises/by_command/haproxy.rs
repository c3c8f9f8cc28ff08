//! Promise: a graceful roll of web servers behind a load balancer fails no request, and an immediate one does. A server that
//! runs out of the balancer is neither counted nor taken for done.

use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use super::{Bed, file, said};
use crate::powershell::has;
use crate::stage::signal;

/// The servers of a bed, ended with it.
struct Servers {
    bed: Bed,
    port: u32,
}

impl Servers {
    fn start() -> Servers {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let servers = Servers { bed: Bed::new(), port: 10_500 + std::process::id() % 450 * 20 + number * 10 };
        let output = servers.command(&["up"]).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        servers
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(file("haproxy/bed"));
        command.args(args).env("BED", self.bed.path("bed")).env("PORT", self.port.to_string());
        command
    }

    fn plan(&self, window: &str) {
        let program = file("haproxy/bed");
        let run = |words: &str| format!("{{ run: ['{program}', {words}] }}");
        let action = |words: &str| {
            format!("[{{ program: '{program}', arguments: [{words}], at: here, expected: 1s }}]")
        };
        let text = format!(
            r#"kind: plan
version: 1
name: web servers behind a balancer
product: generic
pool:
  fqdn: web
  minimum_active: 4
  upgrade_domains:
    - {{ name: A, front_ends: [web1, web2] }}
    - {{ name: B, front_ends: [web3, web4] }}
    - {{ name: C, front_ends: [web5, web6] }}
settle: {{ soak: 2s, watch: 1s }}
acceptance: {{ watch: 1s }}
{window}upgrade:
  version: '2'
  restart: services
  before_stop: {}
  actions: {}
  after_accept: {}
driver:
  command:
    observe: {}
    stop: {}
    start: {}
"#,
            action("drain, '{front_end}', '{mode}'"),
            action("upgrade, '{front_end}'"),
            action("ready, '{front_end}'"),
            run("observe, '{front_end}'"),
            run("stop, '{front_end}', '{mode}'"),
            run("start, '{front_end}'"),
        );
        std::fs::write(self.bed.path("plan.yaml"), text).unwrap();
    }

    fn does(&self, args: &[&str]) {
        let output = self.command(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", said(&output));
    }

    /// What each server says of itself.
    fn standing(&self) -> Vec<String> {
        let servers = ["web1", "web2", "web3", "web4", "web5", "web6"];
        let observed = servers.map(|server| self.command(&["observe", server]).output().unwrap().stdout);
        observed.map(|stdout| String::from_utf8(stdout).unwrap().trim().to_owned()).into()
    }

    fn apply(&self) -> Output {
        let mut apply = self.bed.poolroll(&["apply", "plan.yaml", "--yes"]);
        apply.env("PORT", self.port.to_string()).output().unwrap()
    }

    /// Requests that failed while the pool was rolled under load, of how many.
    fn roll(&self) -> (u64, u64) {
        let url = format!("http://127.0.0.1:{}/", self.port);
        let load = Command::new("wrk").args(["-t1", "-c32", "-d300s", &url]).stdout(Stdio::piped()).spawn();
        let load = Load(Some(load.unwrap()));
        std::thread::sleep(Duration::from_millis(500));
        let output = self.apply();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        load.end()
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        let _ = self.command(&["down"]).output();
    }
}

/// Thirty-two connections that ask all the time.
struct Load(Option<Child>);

impl Load {
    fn end(mut self) -> (u64, u64) {
        let load = self.0.take().unwrap();
        // It says what it saw when it is interrupted.
        assert!(signal(2, load.id().into()));
        let text = String::from_utf8(load.wait_with_output().unwrap().stdout).unwrap();
        let number = |text: &str| text.trim().trim_matches(',').parse::<u64>().ok();
        let requests = text.lines().find_map(|line| number(line.trim().split(" requests in").next()?));
        let answers = text.lines().find_map(|line| number(line.split("Non-2xx or 3xx responses:").nth(1)?));
        let errors = text.lines().find_map(|line| {
            let words = line.split("Socket errors:").nth(1)?.split(',');
            Some(words.filter_map(|word| number(word.rsplit(' ').next()?)).sum::<u64>())
        });
        let requests = requests.unwrap_or_else(|| panic!("{text}"));
        (answers.unwrap_or(0) + errors.unwrap_or(0), requests)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        if let Some(mut load) = self.0.take() {
            let _ = load.kill();
            let _ = load.wait();
        }
    }
}

fn has_all(test: &str) -> bool {
    ["haproxy", "socat", "wrk"].iter().all(|program| has(program, test))
}

#[test]
fn a_graceful_roll_under_load_fails_no_request() {
    if !has_all("a_graceful_roll_under_load_fails_no_request") {
        return;
    }
    // The long form is ten.
    let runs = std::env::var("POOLROLL_ROLLS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(1);
    for nth in 1..=runs {
        let servers = Servers::start();
        servers.plan("");
        let (failed, requests) = servers.roll();
        println!("graceful roll {nth}: {failed} of {requests} requests failed");
        assert_eq!(failed, 0, "of {requests}");
        assert!(requests > 1_000, "{requests} requests are no load");
    }
}

#[test]
fn an_immediate_roll_under_load_fails_some() {
    if !has_all("an_immediate_roll_under_load_fails_some") {
        return;
    }
    let servers = Servers::start();
    servers.plan(
        "maintenance_window: { mode: immediate, time_zone: UTC, start: 2026-01-01T00:00, end: 2099-01-01T00:00 }\n",
    );
    let (failed, requests) = servers.roll();
    println!("immediate roll: {failed} of {requests} requests failed");
    assert!(failed > 0, "of {requests}");
}

/// As a run leaves it that ended when a server was not taken into the balancer again.
#[test]
fn a_server_that_has_the_version_and_is_out_of_the_balancer_is_taken_in_again() {
    if !has_all("a_server_that_has_the_version_and_is_out_of_the_balancer_is_taken_in_again") {
        return;
    }
    let servers = Servers::start();
    servers.plan("");
    servers.does(&["upgrade", "web2"]);
    servers.does(&["drain", "web2", "graceful"]);
    let output = servers.apply();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let done = r#"{"services": "running", "active": true, "version": "2"}"#;
    assert_eq!(servers.standing(), [done; 6], "{}", said(&output));
}

#[test]
fn servers_that_run_out_of_the_balancer_are_not_counted() {
    if !has_all("servers_that_run_out_of_the_balancer_are_not_counted") {
        return;
    }
    let servers = Servers::start();
    servers.plan("");
    for server in ["web3", "web4", "web5"] {
        servers.does(&["drain", server, "graceful"]);
    }
    let before = servers.standing();
    let output = servers.apply();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert_eq!(servers.standing(), before, "{}", said(&output));
}
