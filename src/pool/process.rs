//! Processes that we start, and what differs in them between Windows and Unix.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::process::Command;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

/// How long a process may take to end when it is asked to.
const TO_END: Duration = Duration::from_secs(5);
/// How long it is waited for all of them together, on front ends too.
const TO_BE_ENDED: Duration = Duration::from_secs(15);
/// How often it is looked whether one has ended.
const GLANCE: Duration = Duration::from_millis(50);

/// Puts a process apart: a Ctrl-C at our terminal is for us alone, and it can be ended with everything that it started.
pub(super) fn apart(command: &mut Command) {
    #[cfg(unix)]
    command.process_group(0);
    #[cfg(windows)]
    command.creation_flags(CREATE_NEW_PROCESS_GROUP);
    #[cfg(not(any(unix, windows)))]
    let _ = command;
}

/// Whether a program can be held back until its process is known, by a shell that becomes it.
pub(super) const CAN_BE_HELD: bool = cfg!(unix);

/// A process that does not hear the Ctrl-C of its parent.
#[cfg(windows)]
const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;

/// A process that was put apart, ended with its whole group when nobody holds this any more.
#[derive(Debug)]
pub(super) struct Group {
    process: Option<u32>,
    endings: Endings,
}

impl Group {
    /// The group of a process that runs.
    pub(super) fn of(process: Option<u32>, endings: &Endings) -> Group {
        Group { process, endings: endings.clone() }
    }

    /// It has ended by itself: its number may be another's by now.
    pub(super) fn has_ended(&mut self) {
        self.process = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(process) = self.process else { return };
        end(process, false);
        // Whoever does not hear that is ended without being asked.
        self.endings.begin(async move {
            let begun = Instant::now();
            while runs(process) != Some(false) {
                if begun.elapsed() >= TO_END {
                    return end(process, true);
                }
                tokio::time::sleep(GLANCE).await;
            }
        });
    }
}

/// What is being ended in the background, so that whoever leaves can see it through.
#[derive(Clone, Debug, Default)]
pub(super) struct Endings(Arc<Mutex<JoinSet<()>>>);

impl Endings {
    /// Goes on with an ending, where there is a runtime that does.
    pub(super) fn begin(&self, ending: impl Future<Output = ()> + Send + 'static) {
        if let Ok(runtime) = Handle::try_current() {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            while all.try_join_next().is_some() {}
            all.spawn_on(ending, &runtime);
        }
    }

    /// Waits for all that have begun, but not for ever.
    pub(super) async fn all(&self) {
        let mut all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let _ = tokio::time::timeout(TO_BE_ENDED, async { while all.join_next().await.is_some() {} }).await;
        all.detach_all();
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
