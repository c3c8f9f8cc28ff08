//! Commands on front ends, over connections that are kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::local::{Ended, Output, TO_CLOSE, Waiting, hearing, over};
use super::session::{Begun, Session, Told, Unreached, there};
use super::words::Words;
use crate::plan::{FrontEndId, Ssh};
use crate::pool::process::{Endings, Process};

/// How long a front end may take to say whether a process runs, or to end one.
const TOLD_WITHIN: Duration = Duration::from_secs(45);
/// How many connections there are to one front end at most: what takes its time, and looks beside it.
const MOST: usize = 4;

/// The connections of a run.
#[derive(Debug)]
pub(super) struct Remote {
    ssh: Ssh,
    hosts: Mutex<BTreeMap<FrontEndId, Host>>,
    /// Goes on with what was begun, also when nobody waits for it any more.
    endings: Endings,
}

#[derive(Debug, Default)]
struct Host {
    free: Vec<Session>,
    taken: usize,
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
        going: Going,
        limit: Option<Duration>,
        let_go: impl Future<Output = ()>,
    ) -> Result<Output, Unreached> {
        let finishing = going.finish();
        tokio::pin!(finishing);
        let why = tokio::select! {
            output = &mut finishing => {
                self.process = None;
                return output;
            }
            why = over(limit, let_go) => why,
        };
        let Some(process) = self.process.take() else { return Err(Unreached::Lost(why.into())) };
        // What it still says is heard, over the connection that it has.
        let ending = self.remote.end(self.front_end, &self.host, process);
        let mut output = None;
        let runs = hearing(ending, finishing.as_mut(), &mut output).await;
        if output.is_none() {
            output = tokio::time::timeout(TO_CLOSE, finishing).await.ok();
        }
        let why = match runs {
            Ok(false) => why.to_owned(),
            Ok(true) => format!("{why}, but it does not end"),
            Err(unknown) => format!("{why}; whether it has ended nobody knows ({unknown})"),
        };
        let output = output.and_then(Result::ok).unwrap_or_else(Output::none);
        Ok(Output { ended: Ended::Lost(why), ..output })
    }
}

/// A command that has begun, on a connection of its own.
struct Going {
    taken: Taken,
    session: Session,
    begun: Begun,
    program: String,
}

impl Going {
    /// Waits for its end, and gives the connection back.
    async fn finish(self) -> Result<Output, Unreached> {
        let Going { taken, mut session, begun, program } = self;
        let output = session.finish(&begun, &program).await;
        // Only one that is between two commands, and that nobody else writes to, is given back.
        let is_whole = !session.is_spoilt && !matches!(output, Err(Unreached::Lost(_)));
        if let Some(host) = taken.remote.hosts().get_mut(&taken.front_end).filter(|_| is_whole) {
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
        let number = process.number();
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
            let going = self.begin(front_end, host, &words, false, &mut |_| Ok(())).await?;
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
        let Waiting { limit, mut marked, left } = waiting;
        let mut running =
            Running { remote: Arc::clone(self), front_end, host: host.to_owned(), process: None };
        let known = &mut running.process;
        let is_held = marked.is_some();
        let mut told = |process: Process| {
            *known = Some(process);
            marked.as_mut().map_or(Ok(()), |marked| (marked.told)(Some(process)))
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
        self.endings.begin(async move {
            let output = running.live(going, limit, tell.closed()).await;
            if let Err(Ok(output)) = tell.send(output) {
                left(output);
            }
        });
        told.await.unwrap_or_else(|_| Err(Unreached::Lost("nothing goes on any more".into())))
    }

    /// Begins a command. `told` its process. One that `is_held` begins only after that.
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
            None => Session::connect(&self.ssh, host).await.map_err(Unreached::NotBegun)?,
        };
        let begun = session.begin(words, is_held, told).await?;
        let program = words.program.clone();
        Ok(Going { taken, session, begun, program })
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
            if session.lives() {
                here.taken += 1;
                return Ok((Taken { remote: Arc::clone(self), front_end }, Some(session)));
            }
        }
        here.taken += 1;
        Ok((Taken { remote: Arc::clone(self), front_end }, None))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::marks::Marking;
    use super::*;

    /// A front end that is this computer, reached without any `ssh`.
    fn here(dir: &std::path::Path) -> Arc<Remote> {
        here_by(dir, "/bin/sh")
    }

    fn here_by(dir: &std::path::Path, shell: &str) -> Arc<Remote> {
        let program = dir.join("reach");
        std::fs::write(&program, format!("#!/bin/sh\nexec {shell}\n")).unwrap();
        assert!(std::process::Command::new("chmod").arg("+x").arg(&program).status().unwrap().success());
        let ssh = Ssh { program: program.display().to_string(), user: None, port: None };
        Arc::new(Remote::new(ssh, Endings::default()))
    }

    fn waited_for(marked: Option<Marking<'_>>) -> Waiting<'_> {
        Waiting { limit: None, marked, left: Box::new(drop) }
    }

    /// What a command leaves behind is seen: it may go on writing to the connection. By each shell that is there, for a front
    /// end may have any of them as its `sh`.
    #[test]
    fn a_connection_on_which_something_was_left_is_not_used_again() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let has = |program: &str| std::process::Command::new(program).arg("true").status().is_ok();
        let mut tried = 0;
        for shell in ["sh", "dash", "bash", "busybox sh", "mksh", "ksh93"] {
            let words: Vec<&str> = shell.split(' ').collect();
            let tries = std::process::Command::new(words[0]).args(&words[1..]).args(["-c", ":"]).status();
            if !tries.is_ok_and(|status| status.success()) {
                continue;
            }
            let dir = tempfile::tempdir().unwrap();
            let remote = here_by(dir.path(), shell);
            let kept_after = |script: &str, is_held: bool| {
                let arguments = vec!["-c".into(), script.into()];
                let directory = Some(dir.path().display().to_string());
                let words = Words { program: "sh".into(), arguments, directory, ..Words::default() };
                let mut told = |_| Ok(());
                let marking = is_held.then_some(Marking { told: &mut told, holds: true, exit_file: None });
                let running = remote.run(FrontEndId(0), "web1", &words, waited_for(marking));
                let output = runtime.block_on(running).unwrap();
                assert_eq!(output.ended, Ended::Code(3), "{shell}");
                let said = [&output.stdout, &output.stderr].map(|kept| kept.text().trim().to_owned());
                assert_eq!(said, ["o", "e"], "{shell}");
                remote.hosts()[&FrontEndId(0)].free.len()
            };
            let script = |left: &str| format!("{left}; echo o; echo e >&2; exit 3");
            for is_held in [false, true] {
                assert_eq!(kept_after(&script("true"), is_held), 1, "{shell}");
                assert_eq!(
                    kept_after(&script("sleep 2 & true"), is_held),
                    usize::from(!has("setsid")),
                    "{shell}"
                );
            }
            // One that has left the group is seen by the streams that it has.
            if has("setsid") {
                let has_left = "while ! [ -e left ]; do sleep 0.1; done; rm left";
                let left = |streams: &str| {
                    script(&format!("setsid sh -c ': >left; sleep 2' {streams} & {has_left}"))
                };
                assert_eq!(kept_after(&left(""), true), 0, "{shell}");
                assert_eq!(kept_after(&left(">/dev/null 2>&1"), true), 1, "{shell}");
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
            assert_eq!(process.and_then(crate::pool::process::runs), Some(true));
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
