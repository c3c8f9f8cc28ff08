//! One connection to a front end: the system's `ssh`, with a shell of POSIX at its other end that is given lines.
//!
//! How a command ended is told by a line of our own after it, with a number that nobody can guess: what `ssh` itself ends with says nothing, for 255 is its
//! failure or that of the command. A connection that never became ready has begun nothing; once a line was on its way, nobody knows.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use super::local::{Ended, Output, TO_CLOSE};
use super::output::Kept;
use super::words::{Words, quoted};
use crate::plan::Ssh;
use crate::pool::process::{self, Process};

/// How long a connection may take until its shell answers.
const READY: Duration = Duration::from_secs(30);
/// The longest line that is looked at for ours, in bytes.
const LONGEST_LINE: usize = 4 << 20;

/// One connection, between two commands.
#[derive(Debug)]
pub(super) struct Session {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
    /// Somebody else may write to it.
    pub(super) is_spoilt: bool,
}

/// Told the process of a command.
pub(super) type Told<'a> = &'a mut (dyn FnMut(Process) -> Result<(), String> + Send);

/// Why a command has no output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unreached {
    /// Nothing of it was begun.
    NotBegun(String),
    /// Nobody knows.
    Lost(String),
}

/// A command that has begun.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Begun {
    /// How our lines begin.
    mark: String,
    /// Whether its program is there.
    is_there: bool,
    is_held: bool,
}

impl Session {
    /// Connects, and waits for the shell.
    pub(super) async fn connect(ssh: &Ssh, host: &str) -> Result<Session, String> {
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

    /// Whether it is still there.
    pub(super) fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

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

    /// Begins a command.
    pub(super) async fn begin(
        &mut self,
        words: &Words,
        is_held: bool,
        told: Told<'_>,
    ) -> Result<Begun, Unreached> {
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
            return Ok(Begun { mark, is_there: false, is_held });
        }
        let mut numbers = began.split(' ').skip(1).map(str::parse::<u64>);
        let number = numbers.next().and_then(Result::ok).and_then(|number| u32::try_from(number).ok());
        let began = numbers.next().and_then(Result::ok).unwrap_or_default();
        let process = number.and_then(|number| Process::new(number, began)).ok_or_else(lost_before)?;
        told(process).map_err(Unreached::NotBegun)?;
        if is_held {
            self.stdin.write_all(format!("{mark}\n").as_bytes()).await.map_err(|_| lost())?;
            self.stdin.flush().await.map_err(|_| lost())?;
        }
        Ok(Begun { mark, is_there: true, is_held })
    }

    /// Waits for its end.
    pub(super) async fn finish(&mut self, begun: &Begun, program: &str) -> Result<Output, Unreached> {
        let Begun { mark, is_there, is_held } = begun;
        let lost = || Unreached::Lost("the connection was lost".into());
        let mut output = Output::none();
        let (out, err) = tokio::join!(
            until(&mut self.stdout, &mut output.stdout, |line| line.starts_with(mark)),
            until(&mut self.stderr, &mut output.stderr, |line| line.starts_with(mark)),
        );
        let (Some(out), Some(_)) = (out, err) else { return Err(lost()) };
        if *is_held {
            // Whoever still has a stream of the command keeps the shell from the next one.
            let mut nothing = Kept::default();
            let free = until(&mut self.stdout, &mut nothing, |line| line.starts_with(mark));
            self.is_spoilt = !matches!(tokio::time::timeout(TO_CLOSE, free).await, Ok(Some(_)));
        }
        if !is_there {
            return Err(Unreached::NotBegun(format!("`{program}`, or its directory, is not there")));
        }
        let mut words = out.split(' ').skip(1);
        let code: i32 = words.next().and_then(|word| word.parse().ok()).ok_or_else(lost)?;
        // What it left behind may go on writing to this connection.
        self.is_spoilt |= words.next() == Some("left");
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
        (began, "read -r poolroll_go <&3 && [ \"$poolroll_go\" = \"$1\" ] || exit; ")
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
    let told = format!(
        "if ({directory}{looked}command -v {program}) >/dev/null 2>&1; then ({directory}{}) </dev/null 3<&3 & p=$!; wait \"$p\"; s=$?; l=; kill -0 \"-$p\" 2>/dev/null && l=left; printf '\\n{mark} %s %s\\n' \"$s\" \"$l\"; else printf '\\n{mark} no\\n\\n{mark} 127\\n'; fi; printf '\\n{mark}\\n' >&2",
        all.join(" ")
    );
    if is_held { kept_open(&told, mark) } else { told }
}

/// The same with streams that stay open when the connection is gone: a command whose reader is gone dies of its next line, half way.
/// Our lines take the same way, so that they come after whatever it printed. The shell is free for the next command when the streams
/// have ended, and says so.
fn kept_open(line: &str, mark: &str) -> String {
    // In a shell of its own, also where the last of a pipeline would have none.
    const KEEPER: &str = "( cat; exec cat >/dev/null ) 3<&-";
    format!(
        "{{ {{ {line}; }} 2>&1 >&5 5>&- | {KEEPER} >&2 5>&-; }} 5>&1 | {KEEPER}; printf '\\n{mark} free\\n'"
    )
}

/// A test, in words of a shell of POSIX, that holds while a process or anything that it started runs.
///
/// Where there is `/proc` its members are asked for by their group; a number that began at another time is another process, for while
/// anything of a group is left its number is given to nobody. Elsewhere whoever is there under that number is taken for it:
/// better underway for too long than begun twice.
pub(super) fn there(process: Process) -> String {
    let (number, began) = (process.number(), process.began());
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
    use super::*;

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
            let own = Process::known(std::process::id()).unwrap();
            let Some(told_of_us) = told(own) else { continue };
            assert_eq!(told_of_us, "runs", "{shell}");
            let mut child = command.spawn().unwrap();
            let mut number = [0; 16];
            let length = std::io::Read::read(&mut child.stdout.take().unwrap(), &mut number).unwrap();
            let number = std::str::from_utf8(&number[..length]).unwrap().trim().parse().unwrap();
            child.wait().unwrap();
            assert_eq!(told(Process::new(number, 7).unwrap()).unwrap(), "runs", "{shell}");
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            assert!(runtime.block_on(process::end(Process::new(number, 0).unwrap())));
            assert_eq!(told(Process::new(number, 7).unwrap()).unwrap(), "ended", "{shell}");
            if own.began() > 0 {
                assert_eq!(
                    told(Process::new(own.number(), own.began() + 1).unwrap()).unwrap(),
                    "ended",
                    "another's, {shell}"
                );
            }
            tried += 1;
        }
        assert!(tried > 0);
    }
}
