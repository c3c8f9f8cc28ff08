//! A command on this computer.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::output::{self, Kept};
use super::words::Words;
use crate::pool::process::{self, Group};

/// How long the streams of a command that has ended may stay open: what it started may hold them for ever.
const TO_CLOSE: Duration = Duration::from_millis(500);

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// By itself, with this exit code.
    Code(i32),
    /// By a signal.
    Killed,
    /// Nobody knows: the connection to it was lost, or it took too long and was ended.
    Lost(String),
}

/// What came of a command that was begun.
#[derive(Clone, Debug)]
pub(super) struct Output {
    pub(super) ended: Ended,
    pub(super) stdout: Kept,
    pub(super) stderr: Kept,
}

impl Output {
    /// Whether it printed nothing.
    pub(super) fn is_silent(&self) -> bool {
        self.stdout == Kept::default() && self.stderr == Kept::default()
    }
}

/// Runs a command to its end, or for so long. Whoever stops waiting ends it, with everything that it started. `begun` is told its process.
///
/// # Errors
///
/// It could not be begun.
pub(super) async fn run(
    words: &Words,
    limit: Option<Duration>,
    begun: impl FnOnce(u32),
) -> Result<Output, String> {
    let mut command = Command::new(&words.program);
    command.args(&words.arguments).envs(words.environment.iter().map(|(name, value)| (name, value)));
    if let Some(directory) = &words.directory {
        command.current_dir(directory);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    process::apart(&mut command);
    let mut child =
        command.spawn().map_err(|error| format!("`{}` cannot be started: {error}", words.program))?;
    let mut group = Group::of(child.id());
    if let Some(process) = child.id() {
        begun(process);
    }
    let (mut stdout, mut stderr) = (Kept::default(), Kept::default());
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let ended = {
        let reading = async {
            let out = async {
                if let Some(out) = out {
                    output::read(out, &mut stdout).await;
                }
            };
            let err = async {
                if let Some(err) = err {
                    output::read(err, &mut stderr).await;
                }
            };
            tokio::join!(out, err);
        };
        tokio::pin!(reading);
        let mut is_read = false;
        let waiting = async {
            loop {
                tokio::select! {
                    status = child.wait() => break status,
                    () = &mut reading, if !is_read => is_read = true,
                }
            }
        };
        let status = match limit {
            Some(limit) => tokio::time::timeout(limit, waiting).await,
            None => Ok(waiting.await),
        };
        match status {
            Ok(Ok(status)) => {
                if !is_read {
                    let _ = tokio::time::timeout(TO_CLOSE, reading).await;
                }
                status.code().map_or(Ended::Killed, Ended::Code)
            }
            Ok(Err(error)) => Ended::Lost(format!("it cannot be waited for: {error}")),
            Err(_) => Ended::Lost("it took too long and was ended".into()),
        }
    };
    // One that was ended from outside may have left what it started.
    if matches!(ended, Ended::Code(_)) {
        group.has_ended();
    }
    Ok(Output { ended, stdout, stderr })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn sh(script: &str, limit: Option<Duration>) -> Result<Output, String> {
        let words = Words {
            program: "sh".into(),
            arguments: vec!["-c".into(), script.into(), "sh".into(), "a b".into()],
            environment: vec![("POOLROLL_TEST".into(), "x y".into())],
            directory: Some("/".into()),
            is_marked: false,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(&words, limit, |process| assert!(process > 0)))
    }

    #[test]
    fn a_command_is_run_as_it_is_written() {
        let output = sh("pwd; echo \"$1|$POOLROLL_TEST\"; echo e >&2; exit 7", None).unwrap();
        assert_eq!(output.ended, Ended::Code(7));
        assert_eq!(output.stdout.text(), "/\na b|x y\n");
        assert_eq!(output.stderr.text(), "e\n");
    }

    #[test]
    fn one_that_cannot_be_started_was_not_begun() {
        let words = Words { program: "/no/such/program".into(), ..Words::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        assert!(runtime.block_on(run(&words, None, |_| {})).unwrap_err().contains("cannot be started"));
    }

    #[test]
    fn one_that_takes_too_long_is_ended_with_what_it_started() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("still");
        // The one that it started does not hear the first signal of its parent's end.
        let script = format!("sh -c 'sleep 3; touch {}' & sleep 30", file.display());
        let output = sh(&script, Some(Duration::from_millis(300))).unwrap();
        assert!(matches!(output.ended, Ended::Lost(_)), "{output:?}");
        std::thread::sleep(Duration::from_secs(4));
        assert!(!file.exists());
    }

    #[test]
    fn one_that_leaves_somebody_behind_has_ended() {
        let output = sh("sleep 20 & echo done", None).unwrap();
        assert_eq!(output.ended, Ended::Code(0));
        assert_eq!(output.stdout.text(), "done\n");
    }
}
