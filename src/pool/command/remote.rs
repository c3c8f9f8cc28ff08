//! Commands on front ends: one connection of the system's `ssh` is kept for each, with a shell of POSIX at its other end that is given lines.
//!
//! How a command ended is told by a line of our own after it, with a number that nobody can guess: what `ssh` itself ends with says nothing, for 255 is its
//! failure or that of the command. A connection that never became ready has begun nothing; once a line was on its way, nobody knows.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::oneshot;

use super::local::{Ended, Output, TO_CLOSE, Waiting, over};
use super::output::Kept;
use super::words::{Words, quoted};
use crate::plan::{FrontEndId, Ssh};
use crate::pool::process::{self, Endings, Process};

/// How long a connection may take until its shell answers.
const READY: Duration = Duration::from_secs(30);
/// How long a front end may take to say whether a process runs, or to end one.
const TOLD_WITHIN: Duration = Duration::from_secs(45);
/// How many connections there are to one front end at most: what takes its time, and looks beside it.
const MOST: usize = 4;
/// The longest line that is looked at for ours, in bytes.
const LONGEST_LINE: usize = 4 << 20;

/// The connections of a run.
#[derive(Debug)]
pub(super) struct Remote {
    ssh: Ssh,
    hosts: Mutex<BTreeMap<FrontEndId, Host>>,
    /// What nobody waits for any more is ended over a connection too.
    endings: Endings,
}

#[derive(Debug, Default)]
struct Host {
    free: Vec<Session>,
    taken: usize,
}

/// One connection, between two commands.
#[derive(Debug)]
struct Session {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
    is_spoilt: bool,
}

/// Told the process of a command, and when that began.
type Told<'a> = &'a mut (dyn FnMut(u32, u64) -> Result<(), String> + Send);

/// Why a command has no output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unreached {
    /// Nothing of it was begun.
    NotBegun(String),
    /// Nobody knows.
    Lost(String),
}

/// A place among the connections of a front end, given back when nobody holds it.
struct Taken {
    remote: Arc<Remote>,
    front_end: FrontEndId,
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(host) = self.remote.hosts().get_mut(&self.front_end) {
            host.taken -= 1;
        }
    }
}

/// A command that runs there: ended, with everything that it started, when nobody waits for it any more.
struct Running {
    remote: Arc<Remote>,
    front_end: FrontEndId,
    host: String,
    process: Option<Process>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(process) = self.process else { return };
        let (remote, front_end, host) = (Arc::clone(&self.remote), self.front_end, self.host.clone());
        self.remote.endings.begin(async move { _ = remote.end(front_end, &host, process).await });
    }
}

impl Running {
    /// A command on its way to its end: by itself, after so long, or because nobody waits for it any more.
    async fn live(
        mut self,
        mut going: Going,
        limit: Option<Duration>,
        let_go: impl Future<Output = ()>,
    ) -> Result<Output, Unreached> {
        let finishing = going.finish();
        tokio::pin!(finishing);
        let over = over(limit, let_go);
        let why = tokio::select! {
            output = &mut finishing => {
                self.process = None;
                return output;
            }
            why = over => why,
        };
        let Some(process) = self.process.take() else { return Err(Unreached::Lost(why.into())) };
        // What it still says is heard, over the connection that it has.
        let ending = self.remote.end(self.front_end, &self.host, process);
        tokio::pin!(ending);
        let (mut output, mut has_ended) = (None, None);
        while has_ended.is_none() {
            tokio::select! {
                told = &mut finishing, if output.is_none() => output = Some(told),
                told = &mut ending => has_ended = Some(told),
            }
        }
        if output.is_none() {
            output = tokio::time::timeout(TO_CLOSE, finishing).await.ok();
        }
        let why = match has_ended {
            Some(Ok(false)) => why.to_owned(),
            Some(Ok(true)) => format!("{why}, but it does not end"),
            Some(Err(unknown)) => format!("{why}; whether it has ended nobody knows ({unknown})"),
            None => why.to_owned(),
        };
        let output = output.and_then(Result::ok).unwrap_or_else(Output::none);
        Ok(Output { ended: Ended::Lost(why), ..output })
    }
}

/// A command that has begun, on a connection of its own.
struct Going {
    taken: Taken,
    session: Option<Session>,
    mark: String,
    is_there: bool,
    program: String,
}

impl Going {
    /// Waits for its end, and gives the connection back.
    async fn finish(&mut self) -> Result<Output, Unreached> {
        let Some(mut session) = self.session.take() else { return Err(Unreached::Lost(String::new())) };
        let output = session.finish(&self.mark, self.is_there, &self.program).await;
        // Only one that is between two commands, and that nobody else writes to, is given back.
        let is_whole = !session.is_spoilt && !matches!(output, Err(Unreached::Lost(_)));
        let Taken { remote, front_end } = &self.taken;
        if let Some(host) = remote.hosts().get_mut(front_end).filter(|_| is_whole) {
            host.free.push(session);
        }
        output
    }
}

impl Remote {
    pub(super) fn new(ssh: Ssh, endings: Endings) -> Remote {
        Remote { ssh, hosts: Mutex::default(), endings }
    }

    fn hosts(&self) -> MutexGuard<'_, BTreeMap<FrontEndId, Host>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of every connection.
    pub(super) fn rest(&self) {
        self.hosts().values_mut().for_each(|host| host.free.clear());
    }

    /// Ends a process on a front end, with everything that it started. Whether it is gone.
    ///
    /// # Errors
    ///
    /// Nobody knows.
    pub(super) async fn end(
        self: &Arc<Remote>,
        front_end: FrontEndId,
        host: &str,
        process: Process,
    ) -> Result<bool, String> {
        let there = there(process);
        let number = process.0;
        // By numbers: not every shell takes the name of a signal and a group.
        let script = format!(
            "there() {{ {there}; }}; n=0; there || n=9; [ $n = 9 ] || kill -15 -{number} || kill -15 {number}; while [ $n -lt 5 ]; do there || n=9; [ $n = 9 ] || sleep 1; n=$((n + 1)); done; if there; then kill -9 -{number} || kill -9 {number}; sleep 1; fi; if there; then echo runs; else echo ended; fi"
        );
        self.told(front_end, host, &script).await
    }

    /// Whether a process on a front end, or anything that it started, still runs.
    ///
    /// # Errors
    ///
    /// Nobody knows.
    pub(super) async fn runs(
        self: &Arc<Remote>,
        front_end: FrontEndId,
        host: &str,
        process: Process,
    ) -> Result<bool, String> {
        let script = format!("if {}; then echo runs; else echo ended; fi", there(process));
        self.told(front_end, host, &script).await
    }

    async fn told(
        self: &Arc<Remote>,
        front_end: FrontEndId,
        host: &str,
        script: &str,
    ) -> Result<bool, String> {
        let arguments = vec!["-c".into(), format!("({script}) 2>/dev/null")];
        let words = Words { program: "sh".into(), arguments, ..Words::default() };
        let asking = async {
            let mut going = self.begin(front_end, host, &words, false, &mut |_, _| Ok(())).await?;
            going.finish().await
        };
        match tokio::time::timeout(TOLD_WITHIN, asking).await {
            Ok(Ok(output)) => match output.stdout.text().trim() {
                "runs" => Ok(true),
                "ended" => Ok(false),
                other => Err(format!("its front end says `{}`", crate::pool::shown(other))),
            },
            Ok(Err(Unreached::NotBegun(why) | Unreached::Lost(why))) => Err(why),
            Err(_) => Err(format!("{host} did not say within {} seconds", TOLD_WITHIN.as_secs())),
        }
    }

    /// Runs a command on a front end to its end, or for so long. Whoever stops waiting ends it.
    ///
    /// # Errors
    ///
    /// It could not be begun, or its connection was lost.
    pub(super) async fn run(
        self: &Arc<Remote>,
        front_end: FrontEndId,
        host: &str,
        words: &Words,
        waiting: Waiting<'_>,
    ) -> Result<Output, Unreached> {
        let Waiting { limit, mut marked, endings, left } = waiting;
        let mut running =
            Running { remote: Arc::clone(self), front_end, host: host.to_owned(), process: None };
        let process = &mut running.process;
        let is_held = marked.is_some();
        let mut told = |number, began| {
            *process = Some((number, began));
            marked.as_mut().map_or(Ok(()), |marked| (marked.told)(Some((number, began))))
        };
        let beginning = self.begin(front_end, host, words, is_held, &mut told);
        let begun = match limit {
            None => beginning.await,
            Some(limit) => tokio::time::timeout(limit, beginning)
                .await
                .unwrap_or_else(|_| Err(Unreached::Lost("it took too long to begin".into()))),
        };
        let going = match begun {
            Ok(going) => going,
            Err(why) => {
                // What waits there to be told to begin ends with its connection.
                if matches!(why, Unreached::NotBegun(_)) {
                    running.process = None;
                }
                return Err(why);
            }
        };
        let (mut tell, told) = oneshot::channel();
        endings.begin(async move {
            let output = running.live(going, limit, tell.closed()).await;
            if let Err(Ok(output)) = tell.send(output) {
                left(output);
            }
        });
        told.await.unwrap_or_else(|_| Err(Unreached::Lost("nothing goes on any more".into())))
    }

    /// Begins a command. `told` its process and when that began, 0 where it is not known. One that `is_held` begins only after that.
    async fn begin(
        self: &Arc<Remote>,
        front_end: FrontEndId,
        host: &str,
        words: &Words,
        is_held: bool,
        told: Told<'_>,
    ) -> Result<Going, Unreached> {
        let (taken, free) = self.take(front_end, host)?;
        let mut session = match free {
            Some(session) => session,
            None => self.connect(host).await.map_err(Unreached::NotBegun)?,
        };
        let (mark, is_there) = session.begin(words, is_held, told).await?;
        let program = words.program.clone();
        Ok(Going { taken, session: Some(session), mark, is_there, program })
    }

    fn take(
        self: &Arc<Remote>,
        front_end: FrontEndId,
        host: &str,
    ) -> Result<(Taken, Option<Session>), Unreached> {
        let mut hosts = self.hosts();
        let here = hosts.entry(front_end).or_default();
        if here.taken >= MOST {
            return Err(Unreached::NotBegun(format!(
                "{MOST} connections to {host} are busy, and none comes back"
            )));
        }
        // One that ended meanwhile is none.
        while let Some(mut session) = here.free.pop() {
            if matches!(session.child.try_wait(), Ok(None)) {
                here.taken += 1;
                return Ok((Taken { remote: Arc::clone(self), front_end }, Some(session)));
            }
        }
        here.taken += 1;
        Ok((Taken { remote: Arc::clone(self), front_end }, None))
    }

    /// Connects, and waits for the shell.
    async fn connect(&self, host: &str) -> Result<Session, String> {
        let ssh = &self.ssh;
        let mut command = Command::new(&ssh.program);
        command.args(ssh.words(host)).arg("sh");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        process::apart(&mut command);
        let mut child =
            command.spawn().map_err(|error| format!("`{}` cannot be started: {error}", ssh.program))?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(format!("`{}` has no pipes", ssh.program));
        };
        let (stdout, stderr) = (BufReader::new(stdout), BufReader::new(stderr));
        let mut session = Session { child, stdin, stdout, stderr, is_spoilt: false };
        match tokio::time::timeout(READY, session.greet()).await {
            Ok(Ok(())) => Ok(session),
            Ok(Err(said)) => {
                let said = if said.is_empty() { "the connection was closed".to_owned() } else { said };
                Err(format!("{host} cannot be reached by `{}`: {said}", ssh.program))
            }
            Err(_) => Err(format!("{host} did not answer within {} seconds", READY.as_secs())),
        }
    }
}

impl Session {
    /// Gives the shell a line, whole: of one that was cut off it runs nothing, for its brace is not closed.
    async fn say(&mut self, line: &str) -> std::io::Result<()> {
        self.stdin.write_all(format!("{{ {line}\n}}\n").as_bytes()).await?;
        self.stdin.flush().await
    }

    /// Asks the shell whether it is one. What stood before its answer is a banner.
    async fn greet(&mut self) -> Result<(), String> {
        let mark = mark();
        // A command is put into a session of its own where that can be done, so that it can be ended with all that it started.
        // What the shell reads its lines from is kept at hand: a command in the background is given nothing to read.
        let line = format!("exec 3<&0; S=$(command -v setsid); printf '\\n{mark} ready\\n'");
        let _ = self.say(&line).await;
        let mut banner = Kept::default();
        if until(&mut self.stdout, &mut banner, |line| line == format!("{mark} ready")).await.is_some() {
            return Ok(());
        }
        let mut said = Kept::default();
        let reading = super::output::read(&mut self.stderr, &mut said);
        let _ = tokio::time::timeout(Duration::from_secs(2), reading).await;
        Err(said.text().trim().replace(['\r', '\n'], " "))
    }

    /// Begins a command: the mark of its lines, and whether its program is there.
    async fn begin(
        &mut self,
        words: &Words,
        is_held: bool,
        told: Told<'_>,
    ) -> Result<(String, bool), Unreached> {
        let mark = mark();
        let lost = || Unreached::Lost("the connection was lost".into());
        // How much of it was written nobody knows. What is held back was not told to begin yet.
        let lost_before =
            || if is_held { Unreached::NotBegun("the connection was lost".into()) } else { lost() };
        self.say(&line(words, &mark, is_held)).await.map_err(|_| lost_before())?;
        let mut before = Kept::default();
        let began = until(&mut self.stdout, &mut before, |line| line.starts_with(&mark)).await;
        let Some(began) = began else { return Err(lost_before()) };
        if began.ends_with(" no") {
            return Ok((mark, false));
        }
        let mut numbers = began.split(' ').skip(1).map(str::parse::<u64>);
        let process = numbers.next().and_then(Result::ok).and_then(|number| u32::try_from(number).ok());
        let process = process.ok_or_else(lost_before)?;
        told(process, numbers.next().and_then(Result::ok).unwrap_or_default())
            .map_err(Unreached::NotBegun)?;
        if is_held {
            self.stdin.write_all(format!("{mark}\n").as_bytes()).await.map_err(|_| lost())?;
            self.stdin.flush().await.map_err(|_| lost())?;
        }
        Ok((mark, true))
    }

    async fn finish(&mut self, mark: &str, is_there: bool, program: &str) -> Result<Output, Unreached> {
        let lost = || Unreached::Lost("the connection was lost".into());
        let mut output = Output::none();
        let (out, err) = tokio::join!(
            until(&mut self.stdout, &mut output.stdout, |line| line.starts_with(mark)),
            until(&mut self.stderr, &mut output.stderr, |line| line.starts_with(mark)),
        );
        let (Some(out), Some(_)) = (out, err) else { return Err(lost()) };
        if !is_there {
            return Err(Unreached::NotBegun(format!("`{program}`, or its directory, is not there")));
        }
        let mut words = out.split(' ').skip(1);
        let code: i32 = words.next().and_then(|word| word.parse().ok()).ok_or_else(lost)?;
        // What it left behind may go on writing to this connection.
        self.is_spoilt = words.next() == Some("left");
        // The line end before ours is ours too.
        output.stdout.pop_line_end();
        output.stderr.pop_line_end();
        output.ended = Ended::Code(code);
        Ok(output)
    }
}

/// The line for a command: its process, whatever it prints, and how it ended. Its process tells its own number before it becomes the
/// program, so that nothing of the program is printed before. One that is held back becomes it when it is told to, through what the
/// shell itself reads its lines from; when the connection is gone it is told nothing, and has begun nothing.
fn line(words: &Words, mark: &str, is_held: bool) -> String {
    let directory = words
        .directory
        .as_ref()
        .map_or_else(String::new, |directory| format!("cd {} && ", quoted(directory)));
    let (when, wait) = if is_held {
        let began = "$(sed \"s/.*) //\" /proc/$$/stat 2>/dev/null | cut -d\" \" -f20)";
        (began, "read -r go <&3 && [ \"$go\" = \"$1\" ] || exit; ")
    } else {
        ("", "")
    };
    let begin =
        format!("printf \"\\n%s %s %s\\n\" \"$1\" \"$$\" \"{when}\"; {wait}shift; exec env \"$@\" 3<&-");
    let mut all: Vec<String> = vec![format!("exec $S sh -c {} 3<&3 sh {mark}", quoted(&begin))];
    all.extend(words.environment.iter().map(|(name, value)| quoted(&format!("{name}={value}"))));
    all.extend(std::iter::once(&words.program).chain(&words.arguments).map(|word| quoted(word)));
    let program = quoted(&words.program);
    // It is looked for where it will be.
    let path = words.environment.iter().rfind(|(name, _)| name == "PATH");
    let looked = path.map_or_else(String::new, |(_, path)| format!("PATH={}; ", quoted(path)));
    format!(
        "if ({directory}{looked}command -v {program}) >/dev/null 2>&1; then ({directory}{}) </dev/null 3<&3 & p=$!; wait \"$p\"; s=$?; l=; kill -0 \"-$p\" 2>/dev/null && l=left; printf '\\n{mark} %s %s\\n' \"$s\" \"$l\"; else printf '\\n{mark} no\\n\\n{mark} 127\\n'; fi; printf '\\n{mark}\\n' >&2",
        all.join(" ")
    )
}

/// A test, in words of a shell of POSIX, that holds while a process or anything that it started runs.
///
/// Where there is `/proc` its members are asked for by their group; a number that began at another time is another process, for while
/// anything of a group is left its number is given to nobody. Elsewhere whoever is there under that number is taken for it:
/// better underway for too long than begun twice.
fn there((number, began): Process) -> String {
    let of = |path: &str, fields: &str| format!("sed 's/.*) //' {path} | cut -d' ' -f{fields}");
    let start = of(&format!("/proc/{number}/stat"), "20");
    let state = of(&format!("/proc/{number}/stat"), "1");
    let members = of("/proc/[0-9]*/stat", "1,3");
    format!(
        "( if [ -r /proc/self/stat ]; then s=$({start}); [ -z \"$s\" ] || [ {began} = 0 ] || [ \"$s\" = {began} ] || exit 1; {members} | grep -v '^[ZX]' | grep -q ' {number}$' && exit 0; [ -n \"$s\" ] && case $({state}) in Z|X) exit 1;; esac; [ -n \"$s\" ]; else kill -0 -{number} || kill -0 {number} || ps -p {number} >/dev/null; fi ) 2>/dev/null"
    )
}

/// Reads lines until one of ours, which is returned; `None` when the stream ends before it.
async fn until(
    stream: &mut (impl AsyncBufReadExt + Unpin),
    kept: &mut Kept,
    is_ours: impl Fn(&str) -> bool,
) -> Option<String> {
    loop {
        let mut line = Vec::new();
        loop {
            // A line may be longer than anybody wants to hold.
            let available = stream.fill_buf().await.ok()?;
            if available.is_empty() {
                return None;
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(available.len(), |end| end + 1);
            if line.len() > LONGEST_LINE {
                kept.push(&line);
                line.clear();
            }
            line.extend_from_slice(&available[..taken]);
            stream.consume(taken);
            if end.is_some() {
                break;
            }
        }
        let text = std::str::from_utf8(&line).unwrap_or_default().trim_end_matches(['\r', '\n']);
        if is_ours(text) {
            return Some(text.to_owned());
        }
        kept.push(&line);
    }
}

/// The beginning of a line of ours.
fn mark() -> String {
    use std::hash::{BuildHasher, RandomState};
    format!("poolroll-{:016x}", RandomState::new().hash_one(std::time::Instant::now()))
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::marks::Marking;
    use super::*;

    /// A front end that is this computer, reached without any `ssh`.
    fn here(dir: &std::path::Path) -> Arc<Remote> {
        let program = dir.join("reach");
        std::fs::write(&program, "#!/bin/sh\nexec /bin/sh\n").unwrap();
        assert!(std::process::Command::new("chmod").arg("+x").arg(&program).status().unwrap().success());
        let ssh = Ssh { program: program.display().to_string(), user: None, port: None };
        Arc::new(Remote::new(ssh, Endings::default()))
    }

    fn waited_for(marked: Option<Marking<'_>>) -> Waiting<'_> {
        Waiting { limit: None, marked, endings: Endings::default(), left: Box::new(drop) }
    }

    /// What a command leaves behind is seen: it may go on writing to the connection.
    #[test]
    fn a_connection_on_which_something_was_left_is_not_used_again() {
        let dir = tempfile::tempdir().unwrap();
        let remote = here(dir.path());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let kept_after = |script: &str| {
            let arguments = vec!["-c".into(), script.into()];
            let words = Words { program: "sh".into(), arguments, ..Words::default() };
            let output =
                runtime.block_on(remote.run(FrontEndId(0), "web1", &words, waited_for(None))).unwrap();
            assert_eq!(output.ended, Ended::Code(0));
            remote.hosts()[&FrontEndId(0)].free.len()
        };
        assert_eq!(kept_after("true"), 1);
        let has_sessions = std::process::Command::new("setsid").arg("true").status().is_ok();
        assert_eq!(kept_after("sleep 2 &"), usize::from(!has_sessions));
    }

    /// By each shell that is there, for a front end may have any of them as its `sh`.
    #[test]
    fn a_shell_tells_whether_anything_of_a_process_runs() {
        use std::process::{Command, Stdio};
        // It ends, and leaves another of its group.
        let mut command = Command::new("setsid");
        command.args(["sh", "-c", "echo $$; sleep 300 & exit 0"]).stdout(Stdio::piped());
        let mut tried = 0;
        for shell in ["sh", "dash", "bash", "busybox sh", "mksh", "ksh93"] {
            let words: Vec<&str> = shell.split(' ').collect();
            let told = |process: Process| {
                let script = format!("if {}; then echo runs; else echo ended; fi", there(process));
                let output = Command::new(words[0]).args(&words[1..]).args(["-c", &script]).output().ok()?;
                Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
            };
            let own = (std::process::id(), process::began(std::process::id()).unwrap_or_default());
            let Some(told_of_us) = told(own) else { continue };
            assert_eq!(told_of_us, "runs", "{shell}");
            let mut child = command.spawn().unwrap();
            let mut number = [0; 16];
            let length = std::io::Read::read(&mut child.stdout.take().unwrap(), &mut number).unwrap();
            let number = std::str::from_utf8(&number[..length]).unwrap().trim().parse().unwrap();
            child.wait().unwrap();
            assert_eq!(told((number, 7)).unwrap(), "runs", "{shell}");
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            assert!(runtime.block_on(process::end((number, 0))));
            assert_eq!(told((number, 7)).unwrap(), "ended", "{shell}");
            if own.1 > 0 {
                assert_eq!(told((own.0, own.1 + 1)).unwrap(), "ended", "another's, {shell}");
            }
            tried += 1;
        }
        assert!(tried > 0);
    }

    #[test]
    fn what_is_held_back_begins_only_when_it_is_told_to() {
        let dir = tempfile::tempdir().unwrap();
        let (remote, file) = (here(dir.path()), dir.path().join("begun"));
        let words = Words {
            program: "touch".into(),
            arguments: vec![file.display().to_string()],
            ..Words::default()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let run = |told: &mut (dyn FnMut(Option<Process>) -> Result<(), String> + Send)| {
            let marking = Marking { told, holds: true, exit_file: None };
            runtime.block_on(remote.run(FrontEndId(0), "web1", &words, waited_for(Some(marking))))
        };
        let told = run(&mut |process| {
            assert_eq!(process.and_then(process::runs), Some(true));
            // It had time enough.
            std::thread::sleep(Duration::from_millis(200));
            assert!(!file.exists());
            Err("the disk is full".to_owned())
        });
        assert_eq!(told.unwrap_err(), Unreached::NotBegun("the disk is full".into()));
        // What waits is told nothing any more, and the next one is given another connection.
        std::thread::sleep(Duration::from_millis(200));
        assert!(!file.exists());
        assert_eq!(run(&mut |_| Ok(())).unwrap().ended, Ended::Code(0));
        assert!(file.exists());
    }
}
