//! The same over a real `ssh` and real servers: one for each computer of the pool, on a loopback address of its own.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{Bed, Product, has, plan, said};
use crate::stage::signal;

/// The servers of a bed, ended with it.
struct Servers {
    bed: Bed,
}

const COMPUTERS: [&str; 3] = ["fe01.contoso.com", "fe02.contoso.com", "fe03.contoso.com"];

impl Servers {
    fn start(product: Product) -> Servers {
        let bed = Bed::new(product);
        let script = super::file("sshd");
        let mut start = Command::new(script);
        // Ports that two tests at the same time do not share.
        let port = 20_000 + std::process::id() % 20_000 + bed_number();
        start.arg(bed.dir.path()).args(COMPUTERS).env("PORT", port.to_string());
        let output = start.stdin(Stdio::null()).output().unwrap();
        let servers = Servers { bed };
        assert!(output.status.success(), "{}", said(&output));
        let ssh = servers.bed.path("ssh");
        let config = servers.bed.path("ssh_config");
        std::fs::write(&ssh, format!("#!/bin/sh\nexec ssh -F '{}' \"$@\"\n", config.display())).unwrap();
        assert!(Command::new("chmod").arg("+x").arg(&ssh).status().unwrap().success());
        let text = plan(product, &ssh.display().to_string(), "pwsh", "");
        std::fs::write(servers.bed.path("plan.yaml"), text).unwrap();
        servers
    }

    /// How often an engine was started on a computer.
    fn entered(&self, computer: &str) -> usize {
        let text = std::fs::read_to_string(self.bed.path(computer).join("entered")).unwrap_or_default();
        text.lines().count()
    }

    fn processes(&self) -> Vec<u32> {
        let number = |path: PathBuf| std::fs::read_to_string(path).ok()?.trim().parse().ok();
        COMPUTERS.iter().filter_map(|computer| number(self.bed.path(computer).join("sshd.pid"))).collect()
    }
}

fn bed_number() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

impl Drop for Servers {
    fn drop(&mut self) {
        for process in self.processes() {
            signal(9, process.into());
        }
    }
}

#[test]
fn a_pool_is_rolled_over_ssh_and_its_engines_are_kept() {
    let test = "a_pool_is_rolled_over_ssh_and_its_engines_are_kept";
    if !(has("pwsh", test) && has("sshd", test) && has("ssh", test)) {
        return;
    }
    for product in [Product::Lync, Product::Skype] {
        let servers = Servers::start(product);
        let output = servers.bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        for computer in COMPUTERS {
            assert_eq!(servers.bed.installed(computer), ["/silentmode"]);
            // One at the beginning, one after the restart, and what is asked while something else goes on. A run makes some
            // forty calls on each front end.
            let entered = servers.entered(computer);
            assert!((2..=6).contains(&entered), "{computer}: {entered}");
        }
        assert!(servers.bed.calls().iter().filter(|call| call.starts_with("Restart-Computer")).count() == 3);
    }
}

#[test]
fn a_connection_that_is_lost_in_a_stop_is_made_again_and_nothing_is_done_twice() {
    let test = "a_connection_that_is_lost_in_a_stop_is_made_again_and_nothing_is_done_twice";
    if !(has("pwsh", test) && has("sshd", test) && has("ssh", test)) {
        return;
    }
    let servers = Servers::start(Product::Lync);
    servers.bed.change(|state| state["times"]["drain"] = serde_json::json!(3_000));
    let mut apply = servers.bed.poolroll(&["apply", "plan.yaml", "--yes"]);
    let child = apply.stdout(Stdio::null()).spawn().unwrap();
    // Every engine on the first front end, and with it the cmdlet that waits for its services.
    let engines = servers.bed.path(COMPUTERS[0]).join("engines");
    for _ in 0..3_000 {
        let state = std::fs::read_to_string(servers.bed.path("state.json")).unwrap_or_default();
        if state.contains("Stop-CsWindowsService fe01") {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    for engine in std::fs::read_dir(&engines).unwrap() {
        signal(9, engine.unwrap().file_name().to_str().unwrap().parse().unwrap());
    }
    let output = child.wait_with_output().unwrap();
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("stop/fe01.contoso.com: lost sight of it"), "{text}");
    for computer in COMPUTERS {
        assert_eq!(servers.bed.installed(computer), ["/silentmode"], "{computer}");
    }
    // The drain went on by itself, so it was looked at and not begun again.
    let calls = servers.bed.calls();
    assert_eq!(
        calls.iter().filter(|call| call.starts_with("Stop-CsWindowsService fe01")).count(),
        1,
        "{calls:?}"
    );
}

/// The plan of a bed, reached another way.
fn reached(bed: &Bed, reach: &str) {
    let path = bed.path("plan.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let from = text.find("reach: ").unwrap();
    let to = text[from..].find('\n').unwrap() + from;
    let text = format!("{}reach: {reach} }}{}", &text[..from], &text[to..]);
    std::fs::write(path, text).unwrap();
}

#[test]
fn a_pool_is_rolled_through_sessions_that_are_kept_and_opened_again() {
    let test = "a_pool_is_rolled_through_sessions_that_are_kept_and_opened_again";
    if !(has("pwsh", test) && has("sshd", test) && has("ssh", test)) {
        return;
    }
    let servers = Servers::start(Product::Lync);
    reached(&servers.bed, "{ session: { over: { ssh: {} } } }");
    // The engine finds the `ssh` that knows these servers.
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", servers.bed.dir.path().display());
    let real = super::found("ssh").unwrap();
    let ssh = format!(
        "#!/bin/sh\nexec {} -F '{}' \"$@\"\n",
        real.display(),
        servers.bed.path("ssh_config").display()
    );
    std::fs::write(servers.bed.path("ssh"), ssh).unwrap();
    let mut apply = servers.bed.poolroll(&["apply", "plan.yaml", "--yes"]);
    let output = apply.env("PATH", path).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    for computer in COMPUTERS {
        assert_eq!(servers.bed.installed(computer), ["/silentmode"]);
        let entered = servers.entered(computer);
        assert!((2..=6).contains(&entered), "{computer}: {entered}");
    }
    let restarts = servers.bed.calls().iter().filter(|call| call.starts_with("Restart-Computer")).count();
    assert_eq!(restarts, 3);
}

#[test]
fn where_there_is_no_client_for_winrm_the_message_says_so() {
    let test = "where_there_is_no_client_for_winrm_the_message_says_so";
    if cfg!(windows) || !has("pwsh", test) {
        return;
    }
    let bed = Bed::new(Product::Lync);
    bed.plan(Product::Lync, "");
    reached(&bed, "{ session: { over: { winrm: {} } } }");
    let output = bed.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(
        said(&output).contains("this computer has no client for WinRM; run poolroll on Windows"),
        "{}",
        said(&output)
    );
    assert_eq!(bed.calls(), [""; 0]);
}
