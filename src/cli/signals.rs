//! Ctrl-C and SIGTERM: once pause, twice stop at once.

use super::exit;
use crate::exec::inbox::Signals;

/// How many signals end the process itself, when the run does not answer any more.
const LAST: u8 = 3;

/// Counts the signals that come from now on. Needs to be inside of the runtime.
pub fn watch(signals: Signals) {
    tokio::spawn(async move {
        let Ok(mut terminate) = Terminate::new() else { return };
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
struct Terminate(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Terminate {
    fn new() -> std::io::Result<Terminate> {
        let kind = tokio::signal::unix::SignalKind::terminate();
        tokio::signal::unix::signal(kind).map(Terminate)
    }

    async fn came(&mut self) {
        if self.0.recv().await.is_none() {
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
