//! Ctrl-C, SIGTERM and the end of the terminal (SIGHUP): once pause, twice stop at once.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::{exit, output};
use crate::exec::inbox::Signals;

/// How many signals end the process itself, when the run does not answer any more.
const LAST: u8 = 3;
/// How long the run has to answer the one before: whoever is impatient presses the keys twice.
const TO_ANSWER: Duration = Duration::from_secs(3);

/// Counts the signals that come from now on, on a thread of its own: the run may be busy, or not have begun.
pub fn watch(signals: Signals) {
    let (tell, told) = mpsc::channel();
    let watching = std::thread::Builder::new().name("signals".into()).spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            let Ok(mut asked) = Asked::new() else { return };
            let _ = tell.send(());
            let (mut count, mut last) = (0, Instant::now());
            loop {
                asked.came().await;
                // It is a last one only when the one before was not answered.
                if count + 1 >= LAST && last.elapsed() < TO_ANSWER {
                    continue;
                }
                (count, last) = (signals.came(), Instant::now());
                if count >= LAST {
                    output::say(
                        "ended without waiting: what was in flight is in doubt; what was begun is in the journal\nnext: poolroll status",
                    );
                    std::process::exit(i32::from(exit::STOPPED));
                }
            }
        });
    });
    // Before anything begins: a signal must not end the process from here on.
    if watching.is_ok() {
        let _ = told.recv();
    }
}

/// Waits until somebody asks the process to end, where it only looks at something.
pub async fn came() {
    match Asked::new() {
        Ok(mut asked) => asked.came().await,
        Err(_) => std::future::pending().await,
    }
}

#[cfg(unix)]
struct Asked {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
    /// A file that may not grow any more is an error of a write then, and not the end of the process.
    _size: Option<tokio::signal::unix::Signal>,
}

/// SIGXFSZ, on every Unix that we know.
#[cfg(unix)]
const FILE_SIZE: i32 = 25;

#[cfg(unix)]
impl Asked {
    fn new() -> std::io::Result<Asked> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Asked {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            _size: signal(SignalKind::from_raw(FILE_SIZE)).ok(),
        })
    }

    async fn came(&mut self) {
        let came = tokio::select! {
            came = self.interrupt.recv() => came,
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
struct Asked;

#[cfg(not(unix))]
impl Asked {
    fn new() -> std::io::Result<Asked> {
        Ok(Asked)
    }

    async fn came(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
