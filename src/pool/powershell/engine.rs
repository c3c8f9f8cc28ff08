//! One engine: a process that is started once, is given lines and answers between two lines.
//!
//! It belongs to a task that alone reads and writes. Whoever calls it can stop waiting at any time: the task goes on
//! until the answer came, so that the next call finds the engine between two lines, or ends an engine that does not
//! come back.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, oneshot};

use super::super::process;
use super::super::secret::Secret;
use super::lines::{self, Fault, Heard, LONGEST_LINE, Listener, Refusal};
use super::scripts::{self, Script};

/// How an engine is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    pub program: String,
    pub arguments: Vec<String>,
    /// Where it runs, in words.
    pub place: String,
    /// Whether `program` is not the engine itself but what reaches the computer on which it runs.
    pub remote: bool,
    /// What the engine opens a session with, over which it runs its scripts.
    pub session: Option<Value>,
    /// Whether the logon with which it runs is not handed on to further computers.
    pub second_hop: bool,
}

/// Another account than the one that runs poolroll, for sessions.
#[derive(Debug)]
pub struct SessionLogon {
    pub user: String,
    pub password: Secret,
}

/// How long an engine may take to say that it is ready. Half a second is usual; the profile of a domain, a virus scanner or
/// a logon over SSH take their time.
const READY: Duration = Duration::from_secs(90);
/// How long an engine that nobody waits for any more may go on with a question.
const ABANDONED: Duration = Duration::from_secs(30);
/// What an engine prints before it is ready and that is waited through, in bytes: a banner of the ssh server, say.
const MOST_GREETING: usize = 1 << 20;
/// How much of stderr is kept, in bytes.
const MOST_ERRORS: usize = 8 << 10;

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CallError {
    /// The engine could not be started or reached: nothing of the call took place.
    #[error("{0}")]
    NotBegun(String),
    /// The engine was lost, or its answer makes no sense: nobody knows what took place.
    #[error("{0}")]
    Lost(String),
    /// The script says itself that it failed.
    #[error("{}", .0.sentence())]
    Failed(Box<Fault>),
}

/// What a call may do, and so how long it is left alone when nobody waits for it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It changes nothing: an engine that does not come back from it is ended.
    Question,
    /// It changes something, and is never cut off.
    Effect,
}

struct Request {
    script: Script,
    arguments: Value,
    weight: Weight,
    reply: oneshot::Sender<Result<Value, CallError>>,
}

/// An engine that can be called. It ends with the last of its handles.
#[derive(Clone, Debug)]
pub struct Engine {
    requests: mpsc::UnboundedSender<Request>,
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Free,
    Taken,
    Gone,
}

impl Engine {
    /// Starts one. It is taken by whoever starts it.
    pub fn start(launch: Launch, logon: Option<Arc<SessionLogon>>) -> Engine {
        let (requests, taken) = mpsc::unbounded_channel();
        let state = Arc::new(Mutex::new(State::Taken));
        let life = Life { launch, logon, state: Arc::clone(&state), known: BTreeSet::new() };
        tokio::spawn(life.live(taken));
        Engine { requests, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Takes it, if nobody has it.
    pub fn take(&self) -> bool {
        let mut state = self.state();
        let free = *state == State::Free;
        if free {
            *state = State::Taken;
        }
        free
    }

    /// Whether its process has ended.
    pub fn is_gone(&self) -> bool {
        *self.state() == State::Gone
    }

    /// Runs a script on an engine that was taken; it is free again once the script has ended.
    ///
    /// # Errors
    ///
    /// There is no answer that makes sense, or the answer is that it failed.
    pub async fn call(&self, script: Script, arguments: Value, weight: Weight) -> Result<Value, CallError> {
        let (reply, answer) = oneshot::channel();
        let lost = || CallError::NotBegun("the engine has ended".into());
        self.requests.send(Request { script, arguments, weight, reply }).map_err(|_| lost())?;
        answer.await.unwrap_or_else(|_| Err(CallError::Lost("the engine has ended".into())))
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The task of an engine.
struct Life {
    launch: Launch,
    logon: Option<Arc<SessionLogon>>,
    state: Arc<Mutex<State>>,
    /// The scripts that the engine was given.
    known: BTreeSet<&'static str>,
}

/// The process, and what is read from and written to it.
struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    errors: tokio::task::JoinHandle<String>,
}

/// What came instead of a line.
enum Cut {
    Ended,
    TooLong,
}

impl Life {
    async fn live(mut self, mut requests: mpsc::UnboundedReceiver<Request>) {
        let mut process = match self.ready().await {
            Ok(process) => process,
            Err(why) => {
                *lock(&self.state) = State::Gone;
                return refuse(requests, &why);
            }
        };
        loop {
            // An engine that ends while nobody calls it is gone before somebody does.
            let request = tokio::select! {
                request = requests.recv() => request,
                _ = process.child.wait() => None,
            };
            let Some(request) = request else { break };
            match self.serve(&mut process, request).await {
                Ok(()) => *lock(&self.state) = State::Free,
                Err(()) => break,
            }
        }
        *lock(&self.state) = State::Gone;
        refuse(requests, &format!("the engine on {} has ended", self.launch.place));
        // A closed stdin ends an engine that waits for its next line; one that does not end is not waited for.
        let Process { mut child, stdin, .. } = process;
        drop(stdin);
        if tokio::time::timeout(Duration::from_secs(2), child.wait()).await.is_err() {
            let _ = child.start_kill();
        }
    }

    /// Starts the process and waits until it says that it is ready.
    async fn ready(&mut self) -> Result<Process, String> {
        let mut process = self.spawn()?;
        let first = scripts::encoded(scripts::ENGINE);
        // One that ended already is told by what it printed, not by a pipe that broke.
        let _ = say(&mut process.stdin, &first).await;
        let greeting = tokio::time::timeout(READY, greeting(&mut process.stdout)).await;
        match greeting {
            Ok(Ok(())) => Ok(process),
            Ok(Err(printed)) => Err(self.not_ready(process, &printed).await),
            Err(_) => {
                let _ = process.child.start_kill();
                let errors = lines::shown(&errors(process.errors).await);
                let said = if errors.is_empty() { errors } else { format!(": {errors}") };
                Err(format!(
                    "{} did not become ready within {} seconds{said}",
                    self.called(),
                    READY.as_secs()
                ))
            }
        }
    }

    fn spawn(&self) -> Result<Process, String> {
        let Launch { program, arguments, .. } = &self.launch;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A Ctrl-C is for us alone: what an engine has begun goes on.
        process::apart(&mut command);
        let mut child = command.spawn().map_err(|error| format!("`{program}` cannot be started: {error}"))?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(format!("`{program}` has no pipes"));
        };
        let errors = tokio::spawn(end_of(stderr));
        Ok(Process { child, stdin, stdout: BufReader::new(stdout), errors })
    }

    fn called(&self) -> String {
        format!("`{}` for {}", self.launch.program, self.launch.place)
    }

    /// Why an engine that ended did not become ready.
    async fn not_ready(&self, mut process: Process, printed: &str) -> String {
        drop(process.stdin);
        let ended = tokio::time::timeout(Duration::from_secs(5), process.child.wait()).await;
        let code = ended.ok().and_then(Result::ok).and_then(|status| status.code());
        if code.is_none() {
            let _ = process.child.start_kill();
        }
        let errors = errors(process.errors).await;
        let said = if errors.is_empty() { lines::shown(printed) } else { lines::shown(&errors) };
        let called = self.called();
        match (code, said.is_empty(), self.launch.remote) {
            (Some(0), true, false) => format!(
                "{called} ended at once, printed nothing and calls that success: it is no PowerShell but a stub of that name"
            ),
            (Some(0), true, true) => format!(
                "{called} ended at once, printed nothing and calls that success: what runs there is no PowerShell"
            ),
            (Some(255), _, true) => {
                format!("{called} ended with 255, which may be its own failure or that of the engine: {said}")
            }
            (Some(code), _, _) => format!("{called} ended with {code} before it was ready: {said}"),
            (None, _, _) => format!("{called} was ended before it was ready: {said}"),
        }
    }

    /// Answers one request. An error ends the engine.
    async fn serve(&mut self, process: &mut Process, request: Request) -> Result<(), ()> {
        let Request { script, arguments, weight, mut reply } = request;
        // Whoever has stopped waiting meanwhile has perhaps looked and found nothing: it must not begin now.
        if reply.is_closed() {
            return Ok(());
        }
        let number = number();
        let mut text = String::new();
        if let Some(logon) = self.logon.take() {
            match logon.password.reveal().await {
                // No cmdlet sees it as it is: what cmdlets are given may be logged by a policy of the computer.
                Ok(password) => text.push_str(&format!(
                    "logon {} {} .\n",
                    scripts::encoded(&logon.user),
                    scripts::encoded(password.expose_secret())
                )),
                Err(why) => {
                    let _ = reply
                        .send(Err(CallError::NotBegun(format!("no password for {}: {why}", logon.user))));
                    return Err(());
                }
            }
        }
        if let Some(session) = self.launch.session.take() {
            text.push_str(&format!("reach {} .\n", scripts::arguments(&session)));
        }
        for script in [scripts::KEEPER, script] {
            if self.known.insert(script.name) {
                text.push_str(&format!("script {} {} .\n", script.name, scripts::encoded(script.text)));
            }
        }
        // The dot ends the line: an engine that reads less of it leaves it alone.
        text.push_str(&format!("call {number} {} {} .", script.name, scripts::arguments(&arguments)));
        if say(&mut process.stdin, &text).await.is_err() {
            // It ended before it had the whole line.
            let _ = reply.send(Err(CallError::NotBegun(self.lost(process, "").await)));
            return Err(());
        }
        let mut listener = Listener::new(&number);
        let answer = {
            let hearing = hear(&mut process.stdout, &mut listener);
            tokio::pin!(hearing);
            tokio::select! {
                answer = &mut hearing => Some(answer),
                () = abandoned(&mut reply, weight) => None,
            }
        };
        match answer {
            Some(Ok(answer)) => {
                let _ = reply.send(answer.map_err(|refusal| self.refused(refusal)));
                Ok(())
            }
            Some(Err(why)) => {
                let why = why.unwrap_or_else(|| listener.talk().to_owned());
                let why = self.lost(process, &why).await;
                let _ = reply.send(Err(CallError::Lost(why)));
                Err(())
            }
            None => {
                let _ = process.child.start_kill();
                Err(())
            }
        }
    }

    /// Why a script did not answer, for whoever called it.
    fn refused(&self, refusal: Refusal) -> CallError {
        let place = &self.launch.place;
        match refusal {
            Refusal::Failed(mut fault) => {
                fault.beyond = self.launch.second_hop && fault.is_of_a_logon();
                CallError::Failed(fault)
            }
            Refusal::Lost(fault) => {
                CallError::Lost(format!("the session to {place} was lost: {}", fault.sentence()))
            }
            Refusal::NotReached(fault) if fault.message.contains("no supported WSMan client library") => {
                CallError::NotBegun(format!(
                    "no session to {place}: this computer has no client for WinRM; run poolroll on Windows, or reach the front ends over ssh"
                ))
            }
            Refusal::NotReached(fault) => {
                CallError::NotBegun(format!("no session to {place}: {}", fault.sentence()))
            }
        }
    }

    /// How an engine was lost, in words.
    async fn lost(&self, process: &mut Process, why: &str) -> String {
        let _ = process.child.start_kill();
        let _ = tokio::time::timeout(Duration::from_secs(5), process.child.wait()).await;
        let pending = std::mem::replace(&mut process.errors, tokio::spawn(async { String::new() }));
        let errors = errors(pending).await;
        let said = [why, errors.as_str()].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>();
        let said = lines::shown(&said.join("; "));
        let lost = format!("the engine on {} was lost", self.launch.place);
        if said.is_empty() { lost } else { format!("{lost}: {said}") }
    }
}

/// Tells those who called an engine that has ended that nothing of it was begun.
fn refuse(mut requests: mpsc::UnboundedReceiver<Request>, why: &str) {
    requests.close();
    while let Ok(request) = requests.try_recv() {
        let _ = request.reply.send(Err(CallError::NotBegun(why.to_owned())));
    }
}

/// Hears an engine out. An error says why there is no answer: none when it just ended.
async fn hear(
    stdout: &mut BufReader<ChildStdout>,
    listener: &mut Listener,
) -> Result<Result<Value, Refusal>, Option<String>> {
    loop {
        let line = match line(stdout).await {
            Ok(line) => line,
            Err(Cut::Ended) => return Err(None),
            Err(Cut::TooLong) => return Err(Some("it printed a line without an end".into())),
        };
        match listener.hear(&line) {
            Heard::Talk if listener.is_flooded() => {
                return Err(Some(format!("it printed more than {} MB", lines::MOST_TALK >> 20)));
            }
            Heard::Talk => {}
            Heard::Answer(answer) => return Ok(answer),
            Heard::NotUnderstood(text) => return Err(Some(format!("its answer is none: `{text}`"))),
        }
    }
}

/// Ends when nobody has waited for a question for long; never for an effect.
async fn abandoned(reply: &mut oneshot::Sender<Result<Value, CallError>>, weight: Weight) {
    reply.closed().await;
    match weight {
        Weight::Question => tokio::time::sleep(ABANDONED).await,
        Weight::Effect => std::future::pending().await,
    }
}

/// Waits for the line that says that an engine is ready. An error is what was printed instead.
async fn greeting(stdout: &mut BufReader<ChildStdout>) -> Result<(), String> {
    let (mut printed, mut talk) = (0, String::new());
    while printed < MOST_GREETING {
        let Ok(line) = line(stdout).await else { return Err(talk) };
        if line.starts_with(b"poolroll is ready: ") {
            return Ok(());
        }
        printed += line.len() + 1;
        lines::keep(&mut talk, &String::from_utf8_lossy(&line));
    }
    Err(talk)
}

/// The next line, without its end.
async fn line(stdout: &mut BufReader<ChildStdout>) -> Result<Vec<u8>, Cut> {
    let mut line = Vec::new();
    let most = LONGEST_LINE as u64;
    let read = (&mut *stdout).take(most).read_until(b'\n', &mut line).await.map_err(|_| Cut::Ended)?;
    match line.last() {
        Some(b'\n') => {
            line.pop();
            Ok(line)
        }
        _ if read as u64 == most => Err(Cut::TooLong),
        _ => Err(Cut::Ended),
    }
}

async fn say(stdin: &mut ChildStdin, line: &str) -> std::io::Result<()> {
    stdin.write_all(format!("{line}\n").as_bytes()).await?;
    stdin.flush().await
}

/// Reads stderr to its end and keeps the end of it.
async fn end_of(mut stderr: ChildStderr) -> String {
    let (mut kept, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(read @ 1..) = stderr.read(&mut piece).await {
        kept.extend_from_slice(&piece[..read]);
        if kept.len() > 2 * MOST_ERRORS {
            kept.drain(..kept.len() - MOST_ERRORS);
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

async fn errors(reading: tokio::task::JoinHandle<String>) -> String {
    let text = tokio::time::timeout(Duration::from_secs(2), reading).await;
    lines::plain_error(&text.ok().and_then(Result::ok).unwrap_or_default())
}

/// A number that nobody can guess: what an engine prints by itself is never taken for an answer.
pub(super) fn number() -> String {
    use std::hash::{BuildHasher, RandomState};
    format!("{:016x}", RandomState::new().hash_one(std::time::Instant::now()))
}
