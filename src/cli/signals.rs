//! Ctrl-C, SIGTERM and the end of the terminal (SIGHUP): once pause, twice stop at once.

use super::exit;
use crate::exec::inbox::Signals;

/// How many signals end the process itself, when the run does not answer any more.
const LAST: u8 = 3;

/// Counts the signals that come from now on. Needs to be inside of the runtime.
pub fn watch(signals: Signals) {
    // Here, not in the task: a signal that comes before the task first runs must not end the process.
    let Ok(mut terminate) = Terminate::new() else { return };
    tokio::spawn(async move {
        loop {
            tokio::select! {
                interrupted = tokio::signal::ctrl_c() => if interrupted.is_err() { return },
                () = terminate.came() => {}
            }
            if signals.came() >= LAST {
                // What was in flight is in doubt; the journal is whole and the run can be resumed.
                std::process::exit(i32::from(exit::STOPPED));
            }
        }
    });
}

#[cfg(unix)]
struct Terminate {
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
    /// A file that may not grow any more is an error of a write then, and not the end of the process.
    _size: Option<tokio::signal::unix::Signal>,
}

/// SIGXFSZ, on every Unix that we know.
#[cfg(unix)]
const FILE_SIZE: i32 = 25;

#[cfg(unix)]
impl Terminate {
    fn new() -> std::io::Result<Terminate> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Terminate {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            _size: signal(SignalKind::from_raw(FILE_SIZE)).ok(),
        })
    }

    async fn came(&mut self) {
        let came = tokio::select! {
            came = self.terminate.recv() => came,
            came = self.hang_up.recv() => came,
        };
        if came.is_none() {
            std::future::pending().await
        }
    }
}

/// Windows ends a console program by Ctrl-C alone.
#[cfg(not(unix))]
struct Terminate;

#[cfg(not(unix))]
impl Terminate {
    fn new() -> std::io::Result<Terminate> {
        Ok(Terminate)
    }

    async fn came(&mut self) {
        std::future::pending().await
    }
}
