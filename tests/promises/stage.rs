//! What the tests of runs stand on: plans from text, faults by chance, a log that dies.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use poolroll::document::{self, Source};
use poolroll::exec::live::compile;
use poolroll::exec::record::{Entry, Log, LogError};
use poolroll::exec::{Proving, Rehearsal, Script, Shell};
use poolroll::plan::{Act, DomainId, Facts, FrontEndId, Moment as When, Plan};
use poolroll::pool::Driver;
use poolroll::run::{Event, Outcome, Run, StepState, Why};
use poolroll::twin::{Begins, Fault, Lasts, Scenario, ScenarioText, Trouble, Twist};
use poolroll::{Document, StepGraph};

/// The folder of the crate.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A plan's graph, by its path from the crate's folder.
pub fn graph(path: &str) -> Arc<StepGraph> {
    let text = std::fs::read(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    graph_of(path, &text)
}

/// The graph of a plan's text.
pub fn graph_of(name: &str, text: &[u8]) -> Arc<StepGraph> {
    match compile(name, text) {
        Ok(compiled) => compiled.graph,
        Err((_, findings)) => panic!("{name} does not compile: {:#?}", findings.iter().collect::<Vec<_>>()),
    }
}

/// A scenario of `plans/scenarios`, held against a plan.
pub fn scenario(name: &str, plan: &Plan) -> Scenario {
    let path = format!("plans/scenarios/{name}.yaml");
    let text = std::fs::read_to_string(root().join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    scenario_of(&path, text, plan)
}

/// A scenario's text, held against a plan.
pub fn scenario_of(path: &str, text: String, plan: &Plan) -> Scenario {
    let source = Arc::new(Source::from_text(path.to_owned(), text));
    let document: Document<ScenarioText> =
        document::read(source).unwrap_or_else(|findings| panic!("{path}: {findings:#?}"));
    Scenario::resolve(&document, plan).unwrap_or_else(|findings| panic!("{path}: {findings:#?}"))
}

/// Sends a signal, by its number, to a process, or to the whole group of one where `to` is negative. Whether that was there.
///
/// The shell does it: the program `kill` of procps-ng 4.0.2 takes `-9 -1234` for `-9 -1`, which is everybody.
pub fn signal(signal: u8, to: i64) -> bool {
    assert!(to.unsigned_abs() > 1, "{to} is ourselves or everybody");
    let script = format!("kill -{signal} {to}");
    std::process::Command::new("sh")
        .args(["-c", &script])
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap()
        .success()
}

/// A number that an environment variable sets: how long a test with a short and a long form is.
pub fn number_from(variable: &str, otherwise: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number")),
        Err(_) => otherwise,
    }
}

/// Says how a test is played again when it fails, whatever it is that fails in it.
pub struct Replay(pub String);

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to play this again: {}", self.0);
        }
    }
}

/// A small generator with a seed: the tests must be the same everywhere and always.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Chance {
        Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }
}

/// A fault of any kind, aimed at anything of this plan.
pub fn any_fault(chance: &mut Chance, graph: &StepGraph) -> Fault {
    let plan = graph.plan();
    let front_end = FrontEndId(chance.below(plan.pool().front_ends.len() as u64) as u16);
    let minutes = |chance: &mut Chance, most: u64| chance.below(most) * 60_000;
    let length = |chance: &mut Chance| if chance.one_in(3) { None } else { Some(minutes(chance, 200)) };
    let acts = [
        Act::Stop { front_end, mode: plan.mode() },
        Act::Perform { front_end, moment: When::Upgrade, index: 0 },
        Act::Restart { front_end },
        Act::Start { front_end },
        Act::FailOver,
        Act::FailBack,
    ];
    let act = *chance.pick(&acts);
    let attempt = 1 + chance.below(2) as u16;
    let begins = if chance.one_in(2) {
        Begins::At(minutes(chance, 300))
    } else {
        Begins::Act { act, attempt, after: minutes(chance, 30) }
    };
    let lasts = match chance.below(3) {
        0 => Lasts::Times(1 + chance.below(4) as u16),
        1 => Lasts::For(minutes(chance, 90)),
        _ => Lasts::Always,
    };
    match chance.below(8) {
        0 => Fault::Dies { front_end, begins, returns_after: length(chance) },
        1 => Fault::NotAccepted { front_end, begins, lasts },
        2 | 3 => {
            let domain = DomainId(chance.below(plan.pool().domains.len() as u64) as u16);
            let trouble = match chance.below(6) {
                0 => Trouble::Busy,
                1 => Trouble::Insufficient,
                2 => Trouble::Unanswered,
                3 => Trouble::DomainNotReady(domain),
                4 => Trouble::PartnerUnhealthy,
                _ => Trouble::ReadinessLost { length: length(chance) },
            };
            Fault::Pool { begins, lasts, trouble }
        }
        _ => Fault::Act { act, attempt, times: 1 + chance.below(3) as u16, twist: any_twist(chance, act) },
    }
}

fn any_twist(chance: &mut Chance, act: Act) -> Twist {
    let length = if chance.one_in(3) { None } else { Some(chance.below(200) * 60_000) };
    let common = [
        Twist::Fails { exit_code: 1603 },
        Twist::FailsTransiently { exit_code: 1618 },
        Twist::LosesConnection { effect: false },
        Twist::LosesConnection { effect: true },
        Twist::NoAnswer { effect: false },
        Twist::NoAnswer { effect: true },
        Twist::GoesOn { length },
    ];
    let own: &[Twist] = match act {
        Act::Stop { .. } => &[Twist::DrainHangs, Twist::EndsPartly],
        Act::Perform { .. } => &[Twist::Exits { exit_code: 3010 }],
        Act::Restart { .. } => &[Twist::NeverReturns { length }],
        Act::Start { .. } => &[Twist::StuckInStartPending { length }],
        Act::FailOver | Act::FailBack => &[Twist::NotDone, Twist::HalfWay],
        Act::UpdateDatabases => &[Twist::LosesConnection { effect: true }],
    };
    if chance.one_in(3) { *chance.pick(own) } else { *chance.pick(&common) }
}

/// A log that dies: with the record after `room`, or at the sync after it.
#[derive(Default)]
pub struct MortalLog {
    pub records: Vec<(Timestamp, Event)>,
    pub room: Option<usize>,
    pub at_sync: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("the process died")]
struct Died;

impl Log for MortalLog {
    fn append(&mut self, at: Timestamp, entry: &Entry<'_>) -> Result<(), LogError> {
        if self.room == Some(self.records.len()) && !self.at_sync {
            return Err(LogError { source: Box::new(Died), help: String::new() });
        }
        if let Entry::Event(entry) = entry {
            self.records.push((at, entry.event.as_ref().clone()));
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), LogError> {
        if self.at_sync && self.room.is_some_and(|room| self.records.len() >= room) {
            return Err(LogError { source: Box::new(Died), help: String::new() });
        }
        Ok(())
    }
}

/// A run on its way through processes that may die.
pub struct Life {
    pub graph: Arc<StepGraph>,
    pub rehearsal: Rehearsal,
    pub proving: Proving,
    pub records: Vec<(Timestamp, Event)>,
    pub driver: Option<Driver>,
    pub now: Timestamp,
}

/// How one process of a life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Died,
    Outcome(Outcome),
}

impl Life {
    pub fn new(graph: &Arc<StepGraph>, rehearsal: Rehearsal) -> Life {
        Life {
            graph: Arc::clone(graph),
            proving: Proving::new(rehearsal.begins),
            now: rehearsal.begins,
            rehearsal,
            records: Vec::new(),
            driver: None,
        }
    }

    /// One process: begins or resumes with these words, and goes on until it ends or dies.
    pub fn process(&mut self, words: &[Event], room: Option<usize>, at_sync: bool) -> Ended {
        let log = MortalLog { records: self.records.clone(), room, at_sync };
        let mut shell = match self.driver.take() {
            None => self.rehearsal.shell(&self.graph, log),
            Some(driver) => self.taken_up(log, driver),
        };
        let mut script = Script::new(self.rehearsal.operator, self.rehearsal.begins);
        let mut outcome = Ok(());
        if !self.records.is_empty() {
            for event in std::iter::once(&Event::Resumed).chain(words) {
                outcome = outcome
                    .and_then(|()| shell.commit(event.clone(), Facts::default(), None, &mut self.proving));
            }
        }
        let outcome = outcome.and_then(|()| script.play(&mut shell, &mut self.proving));
        self.now = shell.now();
        let (_, log, driver) = shell.into_parts();
        self.records = log.records;
        self.driver = Some(driver);
        match outcome {
            Ok(Some(outcome)) => Ended::Outcome(outcome),
            Ok(None) => panic!("nobody approves\n{}", self.tail()),
            Err(poolroll::exec::ShellError::Log(_)) => Ended::Died,
            Err(error) => panic!("{error}\n{}", self.tail()),
        }
    }

    /// A shell for the next process: the records folded, the pool as it is.
    pub fn taken_up<L: Log>(&self, log: L, driver: Driver) -> Shell<L> {
        let graph = Arc::clone(&self.graph);
        let clock = poolroll::exec::Clock::Virtual(self.now);
        let mut shell = Shell::new(graph, "rehearsal".into(), log, clock, driver);
        for (at, event) in &self.records {
            shell
                .fold(*at, event, &Facts::default(), None)
                .unwrap_or_else(|illegal| panic!("{illegal}: {event:?}\n{}", self.tail()));
        }
        shell
    }

    /// The run as its records say.
    pub fn run(&self) -> Run {
        let mut run = Run::new(&self.graph);
        for (_, event) in &self.records {
            run.apply(&self.graph, event).unwrap_or_else(|illegal| panic!("{illegal}: {event:?}"));
        }
        run
    }

    /// The last records, for a failure's message.
    pub fn tail(&self) -> String {
        let from = self.records.len().saturating_sub(1000);
        let lines = self.records[from..].iter().map(|(at, event)| {
            let step = poolroll::exec::record::step_of(event);
            format!("{at} {} {event:?}", step.map_or("", |step| &self.graph.step(step).name))
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// What a sensible person says to a run that stopped: fixes the world as far as they can and tries again, resolves
    /// what is in doubt by looking, gives up on a front end at last.
    pub fn words(&self, chance: &mut Chance) -> Vec<Event> {
        let run = self.run();
        let mut words = Vec::new();
        let Some(books) = self.driver.as_ref().and_then(Driver::twin).map(|twin| twin.books()) else {
            return words;
        };
        for step in run.stuck() {
            let StepState::Stuck(why) = run.state(step) else { continue };
            let act = self.graph.act(step);
            match (act, why) {
                (_, Why::Doubt | Why::Late) if chance.one_in(2) => words.push(Event::Retry { step }),
                (Some(Act::Perform { front_end, moment, index }), Why::Doubt | Why::Late) => {
                    // They look at the server with their own eyes.
                    let book = books.front_end(front_end);
                    if book.underway().is_none() {
                        words.push(Event::Resolve { step, done: book.done(moment, index) });
                    }
                }
                (_, Why::Failed) if chance.one_in(2) => words.push(Event::Retry { step }),
                (Some(act), Why::Failed) if act.front_end().is_some() => {
                    if let Some(front_end) = act.front_end() {
                        words.push(Event::Skip { front_end });
                    }
                }
                (None, Why::Unhealthy | Why::Unanswered) if chance.one_in(3) => {
                    if let Some(front_end) = self.graph.kind(step).front_end() {
                        words.push(Event::Skip { front_end });
                    }
                }
                _ => {}
            }
        }
        // Only what makes sense together.
        let mut tried = run.clone();
        let _ = tried.apply(&self.graph, &Event::Resumed);
        words.retain(|word| tried.apply(&self.graph, word).is_ok());
        words
    }
}

/// Fails with everything that a person needs to find the reason.
pub fn assert_holds(life: &Life, seed: u64) {
    let violations = life.proving.monitor.violations();
    assert!(
        violations.is_empty(),
        "seed {seed}: {:#?}\nfaults: {:#?}\n{}",
        violations.first(),
        life.rehearsal.faults,
        life.tail()
    );
}
