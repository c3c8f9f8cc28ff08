//! A command on this computer.

use std::io::PipeWriter;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::oneshot;

use super::marks::Marking;
use super::output::{self, Kept, Secrets};
use super::words::Words;
use crate::pool::process::{self, Endings, Group, Process};

/// How long the streams of a command that has ended may stay open: what it started may hold them for ever.
pub(super) const TO_CLOSE: Duration = Duration::from_millis(500);

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
    pub(super) fn none() -> Output {
        Output { ended: Ended::Lost(String::new()), stdout: Kept::default(), stderr: Kept::default() }
    }

    /// The same without secrets.
    pub(super) fn masked(&self, secrets: &Secrets) -> Output {
        let (stdout, stderr) = (self.stdout.masked(secrets), self.stderr.masked(secrets));
        Output { ended: self.ended.clone(), stdout, stderr }
    }

    /// Whether it printed nothing.
    pub(super) fn is_silent(&self) -> bool {
        self.stdout == Kept::default() && self.stderr == Kept::default()
    }
}

/// How a command is waited for, and what becomes of it when nobody waits any more.
pub(super) struct Waiting<'a> {
    pub(super) limit: Option<Duration>,
    /// What is to leave a mark is marked before it can do anything.
    pub(super) marked: Option<Marking<'a>>,
    /// Told what came of it then.
    pub(super) left: Left,
}

/// Told what came of a command for which nobody waited.
pub(super) type Left = Box<dyn FnOnce(Output) + Send>;

/// Runs a command to its end, or for so long. Whoever stops waiting ends it, with everything that it started.
///
/// # Errors
///
/// It could not be begun.
pub(super) async fn run(words: &Words, waiting: Waiting<'_>, endings: &Endings) -> Result<Output, String> {
    let Waiting { limit, mut marked, left } = waiting;
    let is_held = process::CAN_BE_HELD && marked.as_ref().is_some_and(|marked| marked.holds);
    let keeper = marked.as_ref().and_then(|marked| marked.exit_file.clone());
    let mut command = if is_held { held(words, keeper) } else { free(words) };
    command.envs(words.environment.iter().map(|(name, value)| (name, value)));
    if let Some(directory) = &words.directory {
        command.current_dir(directory);
        if !std::path::Path::new(directory).is_dir() {
            return Err(format!(
                "`{}` cannot be started: there is no directory `{directory}`",
                words.program
            ));
        }
    }
    let cannot = |why: &dyn std::fmt::Display| format!("`{}` cannot be started: {why}", words.program);
    let kept = if is_held { Some((kept_open()?, kept_open()?)) } else { None };
    let (stdout, stderr, kept) = match kept {
        Some(((out, stdout), (err, stderr))) => (out.into(), err.into(), Some((stdout, stderr))),
        None => (Stdio::piped(), Stdio::piped(), None),
    };
    command.stdin(if is_held { Stdio::piped() } else { Stdio::null() }).stdout(stdout).stderr(stderr);
    process::apart(&mut command);
    // Where a command cannot be held back, that it was begun is all that will be known.
    if let Some(Marking { told, .. }) = marked.as_mut().filter(|marked| marked.holds && !is_held) {
        told(None)?;
    }
    let mut child = command.spawn().map_err(|error| cannot(&error))?;
    let group = Group::of(child.id(), endings);
    // Ours are closed, or the streams would never end.
    drop(command);
    let mut streams = kept.map_or_else(
        || (reader(child.stdout.take()), reader(child.stderr.take())),
        |(stdout, stderr)| (reader(stdout), reader(stderr)),
    );
    match marked {
        Some(Marking { told, .. }) if is_held => {
            if !waits(&mut streams.0).await {
                return Err(cannot(&"there is no such program"));
            }
            told(child.id().and_then(Process::known))?;
            let_begin(&mut child).await.map_err(|error| cannot(&error))?;
        }
        // It has begun: that it cannot be written down changes nothing any more.
        Some(Marking { told, holds: false, .. }) if process::CAN_BE_HELD => {
            _ = told(child.id().and_then(Process::known))
        }
        _ => {}
    }
    let (mut tell, told) = oneshot::channel();
    endings.begin(async move {
        let output = live(child, group, streams, limit, tell.closed()).await;
        if let Err(output) = tell.send(output) {
            left(output);
        }
    });
    told.await.map_err(|_| cannot(&"nothing goes on any more"))
}

/// A command on its way to its end: by itself, after so long, or because nobody waits for it any more.
async fn live(
    mut child: Child,
    mut group: Group,
    (out, err): (Reader, Reader),
    limit: Option<Duration>,
    let_go: impl Future<Output = ()>,
) -> Output {
    let (mut stdout, mut stderr) = (Kept::default(), Kept::default());
    let ended = {
        let reading = async {
            tokio::join!(output::read(out, &mut stdout), output::read(err, &mut stderr));
        };
        tokio::pin!(reading);
        let mut heard = None;
        let status = tokio::select! {
            status = hearing(child.wait(), reading.as_mut(), &mut heard) => Ok(status),
            why = over(limit, let_go) => Err(why),
        };
        let ended = match status {
            Ok(Ok(status)) => status.code().map_or(Ended::Killed, Ended::Code),
            Ok(Err(error)) => Ended::Lost(format!("it cannot be waited for: {error}")),
            Err(why) => {
                // What it still says is heard: one whose reader is gone dies of that, in the middle of clearing up.
                let is_gone = match group.process() {
                    Some(process) => hearing(process::end(process), reading.as_mut(), &mut heard).await,
                    None => false,
                };
                Ended::Lost(if is_gone { why.to_owned() } else { format!("{why}, but it does not end") })
            }
        };
        // One that was ended from outside may have left what it started.
        if !matches!(ended, Ended::Killed) {
            group.has_ended();
        }
        if heard.is_none() {
            let _ = tokio::time::timeout(TO_CLOSE, reading).await;
        }
        ended
    };
    Output { ended, stdout, stderr }
}

/// Waits for something, and hears meanwhile what a command says, to its end if that comes.
pub(super) async fn hearing<T, H>(
    something: impl Future<Output = T>,
    mut hears: Pin<&mut impl Future<Output = H>>,
    heard: &mut Option<H>,
) -> T {
    tokio::pin!(something);
    loop {
        tokio::select! {
            came = &mut something => return came,
            said = &mut hears, if heard.is_none() => *heard = Some(said),
        }
    }
}

/// Comes when a command has taken so long, or nobody waits for it any more; which, in words.
pub(super) async fn over(limit: Option<Duration>, let_go: impl Future<Output = ()>) -> &'static str {
    let too_long = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = too_long => "it took too long and was ended",
        () = let_go => "nobody waited for it any more, and it was ended",
    }
}

/// A program that begins at once.
fn free(words: &Words) -> Command {
    let mut command = Command::new(&words.program);
    command.args(&words.arguments);
    command
}

/// The same, held back by a shell that says that it is there, waits for a line, and becomes the program. It is given the words of the
/// program and reads none. When we die it reads no line, and nothing was begun. With a file for its exit code it stays until the program
/// has ended, so that this is known though we are not there any more.
fn held(words: &Words, exit_file: Option<PathBuf>) -> Command {
    // Words of the shell itself are programs too (`exec` takes no others), and what it sets is set for nobody else.
    let script = "command -v -- \"$2\" >/dev/null 2>&1 || exit; echo; read -r poolroll_go || exit; \
        if [ -z \"$1\" ]; then shift; exec \"$@\" </dev/null; fi; \
        ( shift; exec \"$@\" ) </dev/null; set -- \"$1\" \"$?\"; \
        echo \"$2\" >\"$1.new\" && mv -f -- \"$1.new\" \"$1\"; exit \"$2\"";
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, "sh"]).arg(exit_file.unwrap_or_default());
    command.arg(&words.program).args(&words.arguments);
    command
}

type Reader = Pin<Box<dyn AsyncRead + Send>>;

fn reader(stream: Option<impl AsyncRead + Send + 'static>) -> Reader {
    match stream {
        Some(stream) => Box::pin(stream),
        None => Box::pin(tokio::io::empty()),
    }
}

/// A stream that stays open for whoever writes to it when we are not there any more: one whose reader is gone dies of that. What comes
/// then is read by nobody.
fn kept_open() -> Result<(PipeWriter, Option<ChildStdout>), String> {
    let cannot = |error: std::io::Error| format!("no stream can be kept open: {error}");
    let (from, to) = std::io::pipe().map_err(cannot)?;
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "cat; exec cat >/dev/null"]);
    command.stdin(from).stdout(Stdio::piped()).stderr(Stdio::null());
    process::apart(&mut command);
    let mut child = command.spawn().map_err(cannot)?;
    let stdout = child.stdout.take();
    // It ends with the last who writes to it. Whoever is not waited for is looked for at each end of another.
    tokio::spawn(async move { child.wait().await });
    Ok((to, stdout))
}

/// Whether a program that is held back is there, and waits.
async fn waits(stdout: &mut Reader) -> bool {
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

    fn waited_for(limit: Option<Duration>, marked: Option<Marking<'_>>) -> Waiting<'_> {
        Waiting { limit, marked, left: Box::new(drop) }
    }

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
        let mut mark = |process: Option<Process>| {
            told = process;
            Ok(())
        };
        let marking = Marking { told: &mut mark, holds: true, exit_file: None };
        let held = runtime.block_on(run(&words, waited_for(limit, Some(marking)), &Endings::default()));
        assert!(told.is_some_and(|process| process.began() > 0 || cfg!(not(target_os = "linux"))));
        let free = runtime.block_on(run(&words, waited_for(limit, None), &Endings::default()));
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
        for mark in [None, Some(Marking { told: &mut mark, holds: true, exit_file: None })] {
            assert!(
                runtime
                    .block_on(run(&words, waited_for(None, mark), &Endings::default()))
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
        let mut mark = |process: Option<Process>| {
            assert_eq!(process.and_then(crate::pool::process::runs), Some(true));
            // It had time enough.
            std::thread::sleep(Duration::from_millis(200));
            Err("the disk is full".to_owned())
        };
        let run_marked = |told| {
            let marking = Marking { told, holds: true, exit_file: None };
            runtime.block_on(run(&words, waited_for(None, Some(marking)), &Endings::default()))
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
