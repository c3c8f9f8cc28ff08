//! A command on this computer.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdout, Command};

use super::marks::Marking;
use super::output::{self, Kept};
use super::words::Words;
use crate::pool::process::{self, Endings, Group};

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

/// Runs a command to its end, or for so long. Whoever stops waiting ends it, with everything that it started. What is to leave a mark is
/// `marked` before it can do anything.
///
/// # Errors
///
/// It could not be begun.
pub(super) async fn run(
    words: &Words,
    limit: Option<Duration>,
    endings: &Endings,
    mut marked: Option<Marking<'_>>,
) -> Result<Output, String> {
    let is_held = process::CAN_BE_HELD && marked.as_ref().is_some_and(|marked| marked.holds);
    let mut command = if is_held { held(words) } else { free(words) };
    command.envs(words.environment.iter().map(|(name, value)| (name, value)));
    if let Some(directory) = &words.directory {
        command.current_dir(directory);
    }
    command.stdin(if is_held { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    process::apart(&mut command);
    let cannot = |why: &dyn std::fmt::Display| format!("`{}` cannot be started: {why}", words.program);
    // Where a command cannot be held back, that it was begun is all that will be known.
    if let Some(Marking { told, .. }) = marked.as_mut().filter(|marked| marked.holds && !is_held) {
        told(None)?;
    }
    let mut child = command.spawn().map_err(|error| cannot(&error))?;
    let mut group = Group::of(child.id(), endings);
    let (mut out, err) = (child.stdout.take(), child.stderr.take());
    match marked {
        Some(Marking { told, .. }) if is_held => {
            if !waits(&mut out).await {
                return Err(cannot(&"there is no such program"));
            }
            told(group.process())?;
            let_begin(&mut child).await.map_err(|error| cannot(&error))?;
        }
        // It has begun: that it cannot be written down changes nothing any more.
        Some(Marking { told, holds: false }) if process::CAN_BE_HELD => _ = told(group.process()),
        _ => {}
    }
    let (mut stdout, mut stderr) = (Kept::default(), Kept::default());
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

/// A program that begins at once.
fn free(words: &Words) -> Command {
    let mut command = Command::new(&words.program);
    command.args(&words.arguments);
    command
}

/// The same, held back by a shell that says that it is there, waits for a line, and becomes the program. It is given the words of the
/// program and reads none. When we die it reads no line, and nothing was begun.
fn held(words: &Words) -> Command {
    let script = "command -v -- \"$1\" >/dev/null 2>&1 || exit; echo; read -r go && exec \"$@\" </dev/null";
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, "sh", &words.program]).args(&words.arguments);
    command
}

/// Whether a program that is held back is there, and waits.
async fn waits(stdout: &mut Option<ChildStdout>) -> bool {
    let Some(stdout) = stdout else { return false };
    stdout.read_u8().await.is_ok()
}

/// Lets a program begin that is held back.
async fn let_begin(child: &mut Child) -> std::io::Result<()> {
    let Some(mut stdin) = child.stdin.take() else { return Ok(()) };
    stdin.write_all(b"go\n").await
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
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // One that is held back until it is marked, and one that is not, come to the same.
        let mut told = None;
        let mut mark = |process: Option<(u32, u64)>| {
            told = process;
            Ok(())
        };
        let marking = Marking { told: &mut mark, holds: true };
        let held = runtime.block_on(run(&words, limit, &Endings::default(), Some(marking)));
        assert!(
            told.is_some_and(|(number, began)| number > 0 && (began > 0 || cfg!(not(target_os = "linux"))))
        );
        let free = runtime.block_on(run(&words, limit, &Endings::default(), None));
        assert_eq!(format!("{held:?}"), format!("{free:?}"));
        held
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
        let mut mark = |_| Err("it was marked".to_owned());
        for mark in [None, Some(Marking { told: &mut mark, holds: true })] {
            assert!(
                runtime
                    .block_on(run(&words, None, &Endings::default(), mark))
                    .unwrap_err()
                    .contains("cannot be started")
            );
        }
    }

    #[test]
    fn what_cannot_be_marked_is_not_begun() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("begun");
        let words = Words {
            program: "touch".into(),
            arguments: vec![file.display().to_string()],
            ..Words::default()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut mark = |process: Option<(u32, u64)>| {
            assert_eq!(process.and_then(crate::pool::process::runs), Some(true));
            // It had time enough.
            std::thread::sleep(Duration::from_millis(200));
            Err("the disk is full".to_owned())
        };
        let run_marked = |told| {
            let marking = Marking { told, holds: true };
            runtime.block_on(run(&words, None, &Endings::default(), Some(marking)))
        };
        assert_eq!(run_marked(&mut mark).unwrap_err(), "the disk is full");
        std::thread::sleep(Duration::from_millis(200));
        assert!(!file.exists());
        assert!(run_marked(&mut |_| Ok(())).is_ok());
        assert!(file.exists());
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
