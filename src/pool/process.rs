//! Processes that we start, and what differs in them between Windows and Unix.

use std::time::Duration;

use tokio::process::Command;

/// How long a process may take to end when it is asked to.
const TO_END: Duration = Duration::from_secs(5);

/// Puts a process apart: a Ctrl-C at our terminal is for us alone, and it can be ended with everything that it started.
pub(super) fn apart(command: &mut Command) {
    #[cfg(unix)]
    command.process_group(0);
    #[cfg(windows)]
    command.creation_flags(CREATE_NEW_PROCESS_GROUP);
    #[cfg(not(any(unix, windows)))]
    let _ = command;
}

/// A process that does not hear the Ctrl-C of its parent.
#[cfg(windows)]
const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;

/// A process that was put apart, ended with its whole group when nobody holds this any more.
#[derive(Debug)]
pub(super) struct Group(Option<u32>);

impl Group {
    /// The group of a process that runs.
    pub(super) fn of(process: Option<u32>) -> Group {
        Group(process)
    }

    /// It has ended by itself: its number may be another's by now.
    pub(super) fn has_ended(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(process) = self.0 else { return };
        end(process, false);
        // Whoever does not hear that is ended without being asked.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                tokio::time::sleep(TO_END).await;
                end(process, true);
            });
        }
    }
}

#[cfg(unix)]
fn end(process: u32, at_once: bool) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let signal = if at_once { Signal::KILL } else { Signal::TERM };
    if let Some(group) = i32::try_from(process).ok().and_then(Pid::from_raw) {
        // One that is not there any more has ended.
        let _ = kill_process_group(group, signal);
    }
}

#[cfg(not(unix))]
fn end(process: u32, at_once: bool) {
    if at_once {
        let tree = ["/T", "/F", "/PID", &process.to_string()].map(str::to_owned);
        let _ = std::process::Command::new("taskkill").args(tree).status();
    }
}

/// Whether anything still runs in the group of a process that was put apart; `None` where the system does not say.
#[cfg(unix)]
pub(super) fn runs(process: u32) -> Option<bool> {
    use rustix::process::{Pid, test_kill_process_group};
    let group = i32::try_from(process).ok().and_then(Pid::from_raw)?;
    match test_kill_process_group(group) {
        Ok(()) => Some(true),
        Err(rustix::io::Errno::SRCH) => Some(false),
        Err(_) => None,
    }
}

#[cfg(not(unix))]
pub(super) fn runs(_: u32) -> Option<bool> {
    None
}
