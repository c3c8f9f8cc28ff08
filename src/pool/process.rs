//! Processes that we start, and what differs in them between Windows and Unix.

use std::fs::File;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::process::Command;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

/// A process, here or on a front end. It may be the first of a group, and is ended with that.
///
/// Its number is one that a program of ours can have, however it came to us, from a file or from another computer: what is sent to
/// the groups 0 and 1 goes to ourselves and to everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "(u32, u64)", into = "(u32, u64)")]
pub(super) struct Process {
    number: u32,
    began: u64,
}

impl Process {
    /// A process by its number, and when the system says that it began, 0 where that is not known; `None` for a number that no
    /// process of ours can have.
    pub(super) fn new(number: u32, began: u64) -> Option<Process> {
        (number > 1 && i32::try_from(number).is_ok()).then_some(Process { number, began })
    }

    /// A process on this computer, so that it is found again by whoever has not started it.
    pub(super) fn known(number: u32) -> Option<Process> {
        Process::new(number, began(number).unwrap_or_default())
    }

    pub(super) fn number(self) -> u32 {
        self.number
    }

    pub(super) fn began(self) -> u64 {
        self.began
    }
}

impl TryFrom<(u32, u64)> for Process {
    type Error = &'static str;

    fn try_from((number, began): (u32, u64)) -> Result<Process, &'static str> {
        Process::new(number, began).ok_or("no process of ours has this number")
    }
}

impl From<Process> for (u32, u64) {
    fn from(process: Process) -> (u32, u64) {
        (process.number, process.began)
    }
}

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
    process: Option<Process>,
    endings: Endings,
}

impl Group {
    /// The group of a process of ours: until we have waited for it, its number is nobody else's.
    pub(super) fn of(number: Option<u32>, endings: &Endings) -> Group {
        Group { process: number.and_then(|number| Process::new(number, 0)), endings: endings.clone() }
    }

    pub(super) fn process(&self) -> Option<Process> {
        self.process
    }

    /// It has ended by itself: its number may be another's by now.
    pub(super) fn has_ended(&mut self) {
        self.process = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(process) = self.process else { return };
        signal(process, false);
        // It has been asked by now, and a second time may mean more to it.
        self.endings.begin(async move { _ = seen_out(process).await });
    }
}

/// Ends the group of a process, and waits until it is gone. Whether it is.
pub(super) async fn end(process: Process) -> bool {
    signal(process, false);
    seen_out(process).await
}

/// Waits until a group is gone that was asked to end. Whoever does not hear that is ended without being asked.
async fn seen_out(process: Process) -> bool {
    if is_gone_in_time(process).await {
        return true;
    }
    signal(process, true);
    is_gone_in_time(process).await
}

async fn is_gone_in_time(process: Process) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < TO_END {
        if runs(process) == Some(false) {
            return true;
        }
        tokio::time::sleep(GLANCE).await;
    }
    false
}

/// What goes on in the background with commands, and ends them when nobody waits for them any more: whoever leaves can see it through.
#[derive(Clone, Debug, Default)]
pub(super) struct Endings(Arc<Mutex<JoinSet<()>>>);

impl Endings {
    /// Goes on with something, where there is a runtime that does.
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
fn signal(process: Process, at_once: bool) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let signal = if at_once { Signal::KILL } else { Signal::TERM };
    if let Some(group) = i32::try_from(process.number).ok().and_then(Pid::from_raw) {
        // One that is not there any more has ended.
        let _ = kill_process_group(group, signal);
    }
}

#[cfg(not(unix))]
fn signal(process: Process, at_once: bool) {
    if at_once {
        let tree = ["/T", "/F", "/PID", &process.number.to_string()].map(str::to_owned);
        let _ = std::process::Command::new("taskkill").args(tree).status();
    }
}

/// Whether anything still runs in the group of a process that was put apart; `None` where the system does not say.
#[cfg(unix)]
pub(super) fn runs(Process { number, began }: Process) -> Option<bool> {
    use rustix::process::{Pid, test_kill_process_group};
    // While anything of its group is left its number is nobody else's.
    let is_others = stat(number).is_some_and(|stat| began != 0 && stat.began != began);
    if is_others {
        return Some(false);
    }
    let group = i32::try_from(number).ok().and_then(Pid::from_raw)?;
    match test_kill_process_group(group) {
        // What has ended and was not waited for is in it still.
        Ok(()) => Some(lives(number).unwrap_or(true)),
        Err(rustix::io::Errno::SRCH) => Some(false),
        // It is there, and is another account's.
        Err(rustix::io::Errno::PERM) => Some(true),
        Err(_) => None,
    }
}

#[cfg(not(unix))]
pub(super) fn runs(_: Process) -> Option<bool> {
    None
}

/// When a process on this computer began, as the system counts it; `None` when there is none of this number, or the system does not say.
pub(super) fn began(number: u32) -> Option<u64> {
    stat(number).filter(|stat| !stat.has_ended).map(|stat| stat.began)
}

/// What Linux says of a process.
struct Stat {
    /// It was not waited for.
    has_ended: bool,
    group: u32,
    began: u64,
}

fn stat(number: u32) -> Option<Stat> {
    // Some hundred bytes, told in one piece.
    let mut bytes = [0; 1024];
    let length = File::open(format!("/proc/{number}/stat")).ok()?.read(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes[..length]);
    // The name of the program may hold anything; the rest has no brackets.
    let mut rest = text.rsplit_once(')')?.1.split_whitespace();
    let has_ended = matches!(rest.next()?, "Z" | "X");
    let group = rest.nth(1)?.parse().ok()?;
    Some(Stat { has_ended, group, began: rest.nth(16)?.parse().ok()? })
}

/// Whether one of a group has not ended; `None` where the system does not say.
#[cfg(unix)]
fn lives(group: u32) -> Option<bool> {
    let is_of_it = |stat: Stat| stat.group == group && !stat.has_ended;
    stat(std::process::id())?;
    let names = std::fs::read_dir("/proc").ok()?.flatten().map(|entry| entry.file_name());
    let mut numbers = names.filter_map(|name| name.to_str()?.parse().ok());
    Some(numbers.any(|number| stat(number).is_some_and(is_of_it)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_is_known_by_its_number_and_its_beginning() {
        assert!(began(std::process::id()).is_some());
        assert_eq!(began(u32::MAX), None);
    }

    /// A signal for such a group would be one for ourselves or for everybody.
    #[test]
    fn nobody_and_everybody_are_no_process() {
        for number in [0, 1, u32::MAX] {
            assert_eq!(Process::new(number, 7), None);
            let text = format!("[{number},7]");
            assert!(serde_json::from_str::<Process>(&text).is_err(), "{text}");
        }
        let process: Process = serde_json::from_str("[2,7]").unwrap();
        assert_eq!(serde_json::to_string(&process).unwrap(), "[2,7]");
    }

    #[cfg(unix)]
    #[test]
    fn a_group_runs_until_the_last_of_it_has_ended() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 1 & exit 0"]);
        apart(&mut command);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut child = command.spawn().unwrap();
            let number = child.id().unwrap();
            let process = Process::known(number).unwrap();
            child.wait().await.unwrap();
            assert_eq!(runs(process), Some(true));
            if process.began > 0 {
                // One that began at another time is another's; here the number is taken by nobody.
                assert_eq!(runs(Process::new(std::process::id(), 1).unwrap()), Some(false));
            }
            assert!(end(process).await);
            assert_eq!(runs(process), Some(false));
        });
    }

    /// It was ended, and nobody has waited for it.
    #[cfg(target_os = "linux")]
    #[test]
    fn what_has_ended_runs_no_more_though_nobody_waited_for_it() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut command = Command::new("true");
            apart(&mut command);
            let child = command.spawn().unwrap();
            let number = child.id().unwrap();
            std::thread::sleep(Duration::from_millis(200));
            assert!(stat(number).is_some_and(|stat| stat.has_ended));
            assert_eq!(runs(Process::new(number, 0).unwrap()), Some(false));
        });
    }
}
