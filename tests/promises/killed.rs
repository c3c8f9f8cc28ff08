//! Promise: the program, killed at any instant and as often as anybody likes, loses nothing and does nothing twice, and
//! completes the run in the end.
//!
//! Real processes are killed over one rollout after another, now after so many bytes of the journal, now after so many
//! microseconds. What became of the pool is read from the embedded pool's own books. A thousand kills:
//! `POOLROLL_KILLS=1000 cargo test --test promises killed`.
//!
//! A seed says which kills are tried; at which record one of them hits depends on the machine. What is asserted holds
//! at every record.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use poolroll::StepGraph;
use poolroll::exec::claim::Claims;
use poolroll::exec::folder::{RunFolder, Runs};
use poolroll::exec::journal;
use poolroll::exec::record::Entry;
use poolroll::exec::run_id::RunId;
use poolroll::exec::{NoLog, Rehearsal};
use poolroll::pool::SimulatedPool;
use poolroll::run::{Event, Outcome};
use poolroll::twin::Books;

use crate::commands::{QUICK, poolroll};
use crate::golden;
use crate::journals::events;
use crate::resume::{begun_too_often, begun_without_intent, standing};
use crate::stage::{Chance, Replay, graph_of, number_from};

/// Plans whose limits no pause of a slow machine reaches.
fn plans() -> [String; 3] {
    let quick = fs::read_to_string(golden::at("tests/quick.yaml")).unwrap();
    let two = quick.replace("acceptance:", "at_once: { front_ends: 2 }\nacceptance:");
    let long = "limits:\n  fail_over: { time_limit: 12h }\n  fail_back: { time_limit: 12h }\n";
    let always = quick
        .replace("pool02.contoso.com }", "pool02.contoso.com, when: always, start: automatic }")
        .replace("limits:\n", long);
    [quick, two, always]
}

/// A rollout whose processes are killed.
struct Rollout {
    dir: tempfile::TempDir,
    graph: Arc<StepGraph>,
    chance: Chance,
    /// For messages.
    name: String,
    processes: u32,
    /// What the journal held when it was last looked at.
    kept: Vec<u8>,
}

impl Rollout {
    fn new(seed: u64) -> Rollout {
        let dir = tempfile::tempdir().unwrap();
        let plans = plans();
        let text = &plans[seed as usize % plans.len()];
        fs::write(dir.path().join("plan.yaml"), text).unwrap();
        let graph = graph_of("plan.yaml", text.as_bytes());
        let name = format!("seed {seed}");
        Rollout { dir, graph, chance: Chance::new(seed), name, processes: 0, kept: Vec::new() }
    }

    fn runs(&self) -> Vec<RunFolder> {
        Runs::at(self.dir.path().join("runs")).list().unwrap()
    }

    /// The run that was begun; those that were killed before may lie beside it.
    fn folder(&self) -> Option<RunFolder> {
        let has_header =
            |run: &RunFolder| fs::read(run.journal()).is_ok_and(|journal| journal.contains(&b'\n'));
        let mut begun: Vec<_> = self.runs().into_iter().filter(has_header).collect();
        assert!(begun.len() <= 1, "{}: two runs were begun on one pool", self.name);
        begun.pop()
    }

    fn journal(&self) -> Option<PathBuf> {
        self.folder().map(|folder| folder.journal())
    }

    fn talk(&self) -> PathBuf {
        self.dir.path().join(format!("stderr-{}", self.processes))
    }

    fn spawn(&mut self, args: &[&str]) -> Child {
        self.processes += 1;
        let stderr = fs::File::create(self.talk()).unwrap();
        let mut command: Command = poolroll(self.dir.path(), args);
        command.stdout(Stdio::null()).stderr(stderr).spawn().unwrap()
    }

    /// The process that takes the run up, or begins it where nothing was begun yet.
    fn go_on(&mut self) -> Child {
        if let Some(folder) = self.folder() {
            return self.spawn(&["resume", folder.id().as_str()]);
        }
        // What was killed before its first record says so, and gives its pool back.
        for run in self.runs() {
            let status = self.spawn(&["resume", run.id().as_str()]).wait().unwrap();
            assert_eq!(status.code(), Some(1), "{}\n{}", self.name, self.tail());
        }
        self.spawn(&["apply", "plan.yaml", "--yes", "--speed", QUICK])
    }

    /// Kills a process at some instant; says whether it was still there.
    fn kill(&mut self, child: &mut Child) -> bool {
        if !self.chance.one_in(4) {
            let length = |journal: Option<PathBuf>| {
                journal.and_then(|path| fs::metadata(path).ok()).map_or(0, |m| m.len())
            };
            let enough = length(self.journal()) + 1 + self.chance.below(15_000);
            while length(self.journal()) < enough && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_micros(500));
            }
        }
        std::thread::sleep(Duration::from_micros(self.chance.below(20_000)));
        let alive = child.try_wait().unwrap().is_none();
        child.kill().unwrap();
        child.wait().unwrap();
        alive
    }

    /// What must hold whenever a process is gone.
    fn check(&mut self) {
        let Some(folder) = self.folder() else { return };
        let bytes = fs::read(folder.journal()).unwrap();
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        assert!(bytes[..whole].starts_with(&self.kept), "{}: records were lost\n{}", self.name, self.tail());
        self.kept = bytes[..whole].to_vec();
        let Some((books, events)) = self.books_and_events() else { return };
        // Every intent is durable before its effect: what has begun stands in the journal, as often.
        let unmeant = begun_without_intent(&self.graph, &books, &events);
        assert_eq!(unmeant, [], "{}\n{}", self.name, self.tail());
        for wrong in [
            books.upgraded_twice(),
            books.upgraded_unstopped(),
            books.started_unfinished(),
            books.quorum_losses(),
        ] {
            assert_eq!(wrong, 0, "{}\n{}", self.name, self.tail());
        }
    }

    fn books_and_events(&self) -> Option<(Books, Vec<(Timestamp, Event)>)> {
        let folder = self.folder()?;
        let history = journal::read::<Entry<'static>>(&folder.journal(), folder.id().as_str());
        let history = history.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let events = events(&history.records);
        if history.records.is_empty() {
            return None;
        }
        let pool = SimulatedPool::load(Arc::clone(self.graph.plan_arc()), &folder.pool());
        let pool = pool.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        Some((pool.twin().books().clone(), events))
    }

    /// What must hold at the end.
    fn check_end(&mut self) {
        self.check();
        // A process that was killed after its last record had no time to write the pool down as it was by then.
        let folder = self.folder().expect("a run");
        let ended = self.books_and_events().and_then(|(_, events)| events.last().map(|(at, _)| *at));
        let pool = SimulatedPool::load(Arc::clone(self.graph.plan_arc()), &folder.pool());
        pool.unwrap().save(ended.expect("events")).unwrap();
        let (found, events) = self.books_and_events().expect("a run");
        let rehearsed = Rehearsal::of(&self.graph).run(&self.graph, NoLog, &mut ()).unwrap();
        let undisturbed = rehearsed.driver.twin().unwrap().books();
        assert_eq!(
            events.last().map(|(_, event)| event),
            Some(&Event::End { outcome: Outcome::Complete }),
            "{}\n{}",
            self.name,
            self.tail()
        );
        assert_eq!(
            standing(&self.graph, &found),
            standing(&self.graph, undisturbed),
            "{}\n{}",
            self.name,
            self.tail()
        );
        let often = begun_too_often(&self.graph, undisturbed, &found, &[], &events);
        assert_eq!(often, [], "{}\n{}", self.name, self.tail());
        let claims = fs::read_dir(self.dir.path().join("claims")).unwrap();
        let claims = claims.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let left: Vec<String> = claims.filter(|name| name.starts_with("pool-")).collect();
        assert_eq!(left, [""; 0], "{}: the pool is not free", self.name);
    }

    fn tail(&self) -> String {
        let text = self.journal().and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        let talk = fs::read_to_string(self.talk()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        format!("{}\n{talk}", lines[lines.len().saturating_sub(60)..].join("\n"))
    }

    /// Kills so many processes of the rollout as come to it, at most `most`, then lets it end. How many it killed.
    fn run(mut self, most: u64) -> u64 {
        let mut killed = 0;
        while killed < most {
            let mut child = self.go_on();
            if !self.kill(&mut child) {
                break;
            }
            killed += 1;
            self.check();
        }
        let status = self.go_on().wait().unwrap();
        // 6: it was complete already.
        assert!(matches!(status.code(), Some(0 | 6)), "{}: {status}\n{}", self.name, self.tail());
        self.check_end();
        killed
    }
}

#[test]
fn a_run_whose_processes_are_killed_at_random_instants_completes_and_does_nothing_twice() {
    let (kills, first) = (number_from("POOLROLL_KILLS", 40), number_from("POOLROLL_SEED", 0));
    let next = std::sync::Mutex::new((first, 0));
    // They mostly wait, so several at a time; none depends on how fast another one is.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let seed = {
                        let mut next = next.lock().unwrap();
                        if next.1 >= kills {
                            break;
                        }
                        next.0 += 1;
                        next.0 - 1
                    };
                    let again =
                        format!("POOLROLL_SEED={seed} POOLROLL_KILLS=1 cargo test --test promises killed");
                    let _replay = Replay(again);
                    let killed = Rollout::new(seed).run(2 + seed % 15);
                    next.lock().unwrap().1 += killed;
                }
            });
        }
    });
}

#[test]
fn a_run_that_was_killed_before_its_first_record_does_not_keep_its_pool() {
    let mut rollout = Rollout::new(0);
    let now = "2026-12-05T22:00:03Z".parse().unwrap();
    let id = RunId::new(now, "pool01");
    let runs = Runs::at(rollout.dir.path().join("runs"));
    let claims = Claims::at(rollout.dir.path().join("claims"));
    let folder = runs.create(&id, plans()[0].as_bytes(), b"{}").unwrap();
    for (what, journal) in
        [("no journal", None), ("an empty one", Some("")), ("a torn one", Some("{\"seq\":0,"))]
    {
        claims.take_all(&["pool01.contoso.com", "pool02.contoso.com"], &id, now).unwrap();
        if let Some(text) = journal {
            fs::write(folder.journal(), text).unwrap();
        }
        assert_eq!(rollout.spawn(&["resume"]).wait().unwrap().code(), Some(1), "{what}");
        let talk = fs::read_to_string(rollout.talk()).unwrap();
        assert!(talk.contains("apply") && !talk.contains("damaged"), "{what}: {talk}");
        assert_eq!(claims.of_run(&id).unwrap(), [], "{what}: the pool stays claimed\n{talk}");
    }
    // A journal that was there and is gone says nothing of the kind.
    claims.take("pool01.contoso.com", &id, now).unwrap();
    fs::remove_file(folder.journal()).unwrap();
    fs::write(folder.pool(), "").unwrap();
    assert_eq!(rollout.spawn(&["resume"]).wait().unwrap().code(), Some(1));
    assert_eq!(claims.of_run(&id).unwrap().len(), 1, "the pool may have front ends out");
}
