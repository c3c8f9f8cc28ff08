//! The same on front ends, over a real `ssh` to real servers on loopback addresses.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{Bed, file, said};
use crate::powershell::has;
use crate::stage::signal;

/// A bed with a server for each front end, ended with it.
struct Servers {
    bed: Bed,
}

const HOSTS: [&str; 3] = ["web1", "web2", "web3"];

impl Servers {
    fn start(upgrade: &str) -> Servers {
        let servers = Servers { bed: Bed::new() };
        let bed = &servers.bed;
        // Ports that two tests at the same time do not share.
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let port = 30_100 + std::process::id() % 2_500 + number;
        let mut start = Command::new(file("sshd/start"));
        start.arg(bed.dir.path()).args(HOSTS).env("PORT", port.to_string());
        let output = start.env("SETENV", format!("BED={}", bed.path("bed").display())).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        // Each connection leaves a line.
        let script = format!(
            "#!/bin/sh\necho >>'{}'\nexec ssh -F '{}' \"$@\"\n",
            bed.path("connections").display(),
            bed.path("ssh_config").display()
        );
        std::fs::write(bed.path("ssh"), script).unwrap();
        assert!(Command::new("chmod").arg("+x").arg(bed.path("ssh")).status().unwrap().success());
        bed.plan("front_end", upgrade, &format!("    ssh: {{ program: '{}' }}\n", bed.path("ssh").display()));
        servers
    }

    fn connections(&self) -> usize {
        std::fs::read_to_string(self.bed.path("connections")).unwrap_or_default().lines().count()
    }

    fn processes(&self) -> impl Iterator<Item = u32> + '_ {
        let number = |path: PathBuf| std::fs::read_to_string(path).ok()?.trim().parse().ok();
        HOSTS.iter().filter_map(move |host| number(self.bed.path(host).join("sshd.pid")))
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for process in self.processes() {
            signal(9, process.into());
        }
    }
}

fn has_ssh(test: &str) -> bool {
    has("sshd", test) && has("ssh", test)
}

#[test]
fn a_pool_is_rolled_over_kept_connections() {
    if !has_ssh("a_pool_is_rolled_over_kept_connections") {
        return;
    }
    let servers = Servers::start("");
    let output = servers.bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(servers.bed.log().len(), 12, "{:?}", servers.bed.log());
    // Some sixty commands.
    assert!(servers.connections() <= 6, "{} connections", servers.connections());
}

#[test]
fn an_abort_ends_what_goes_on_there() {
    if !has_ssh("an_abort_ends_what_goes_on_there") {
        return;
    }
    let servers = Servers::start("");
    super::outlived::abort_during_the_upgrade(&servers.bed);
}

#[test]
fn a_command_there_outlives_its_run() {
    if !has_ssh("a_command_there_outlives_its_run") {
        return;
    }
    super::outlived::assert_a_command_outlives_its_run(&Servers::start("").bed);
}

#[test]
fn a_drain_there_is_cut_short() {
    if !has_ssh("a_drain_there_is_cut_short") {
        return;
    }
    super::outlived::assert_a_drain_is_cut_short(&Servers::start("").bed);
}

/// A shell tells a signal by such a code too: what the plan gives a meaning to is a code.
#[test]
fn an_exit_code_above_128_means_what_the_plan_says() {
    if !has_ssh("an_exit_code_above_128_means_what_the_plan_says") {
        return;
    }
    let servers = Servers::start("");
    let text = std::fs::read_to_string(servers.bed.path("plan.yaml")).unwrap();
    let action = "actions: [{ program: sh, arguments: [-c, exit 150], success: [0, 150], expected: 1s }, {";
    std::fs::write(servers.bed.path("plan.yaml"), text.replace("actions: [{", action)).unwrap();
    let output = servers.bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[test]
fn no_word_means_anything_to_the_shell_there() {
    if !has_ssh("no_word_means_anything_to_the_shell_there") {
        return;
    }
    Servers::start("").bed.assert_no_word_means_anything("front_end");
}

/// The exit code of a command is told by a line of its own: 255 is the command's here, and `ssh` lives on.
#[test]
fn an_exit_code_of_255_is_that_of_the_command() {
    if !has_ssh("an_exit_code_of_255_is_that_of_the_command") {
        return;
    }
    let servers = Servers::start("");
    servers.bed.put("upgrade.exits", "255");
    let output = servers.bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(said(&output).contains("it ended with 255: `upgrade fails"), "{}", said(&output));
}

/// A connection that is cut in an action leaves it in doubt. It goes on there, nobody here knows, and the version tells.
#[test]
fn a_connection_that_is_cut_in_an_action_leaves_it_in_doubt() {
    if !has_ssh("a_connection_that_is_cut_in_an_action_leaves_it_in_doubt") {
        return;
    }
    let servers = Servers::start("");
    let bed = &servers.bed;
    bed.put("upgrade.takes", "2");
    // What it prints then reaches nobody, and ends it no more than it would have while somebody was there.
    bed.put("upgrade.talks", "");
    let mut apply = bed.poolroll(&["apply", "plan.yaml", "--yes"]);
    let child = apply.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    for _ in 0..2_000 {
        if bed.log().last().is_some_and(|last| last == "upgrade web1") {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    // The sessions of the first front end, and not its server.
    let server = servers.processes().next().unwrap().to_string();
    assert!(Command::new("pkill").args(["-9", "-P", &server]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(bed.log().iter().filter(|line| *line == "upgrade web1").count(), 1, "{:?}", bed.log());
}

#[test]
fn a_front_end_that_cannot_be_reached_is_named() {
    if !has_ssh("a_front_end_that_cannot_be_reached_is_named") {
        return;
    }
    let servers = Servers::start("");
    let second = servers.processes().nth(1).unwrap();
    assert!(signal(9, second.into()));
    let output = servers.bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(said(&output).contains("web2 cannot be reached by"), "{}", said(&output));
    assert_eq!(servers.bed.log(), [""; 0]);
}
