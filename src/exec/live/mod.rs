//! Runs that have a folder: begun, taken up again, looked at.
//!
//! Resuming has no loop of its own: the records are folded, `Resumed` is appended, and the one loop goes on.

mod error;
mod hold;
mod log;
mod start;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

pub use error::LiveError;
use hold::Hold;
pub use log::JournalLog;
pub use start::{SimulatedStart, Start};

use super::audience::{Audience, Moment};
use super::claim::Claims;
use super::folder::{RunFolder, Runs};
use super::inbox::{FolderInbox, Signals};
use super::journal::{self, History, Journal, JournalError, Record};
use super::lock::RunLock;
use super::record::{Act, Entry, EventEntry, FORMAT_VERSION, Log, Opened};
use super::run_id::RunId;
use super::shell::Shell;
use super::whole_file::{self, FileError};
use super::{Clock, os};
use crate::document::{Document, Findings, MAX_BYTES, Source};
use crate::graph::{GraphText, StepGraph};
use crate::plan::{Facts, PlanText};
use crate::pool::{Driver, SimulatedPool};
use crate::run::{Event, Illegal, Outcome, Run};
use crate::twin::Setup;

/// The longest mark in the folder of a run that is read, in bytes: the reason of one that was abandoned has 2000 characters at most,
/// and the path of its claims is no longer.
const MAX_MARK: u64 = 1 << 16;

/// Where runs and claims live.
#[derive(Clone, Debug)]
pub struct Places {
    pub runs: Runs,
    pub claims: Claims,
}

impl Places {
    pub fn at(runs: impl Into<PathBuf>, claims: impl Into<PathBuf>) -> Places {
        let runs = runs.into();
        let absolute = std::path::absolute(&runs).unwrap_or_else(|_| runs.clone());
        Places { runs: Runs::at(runs), claims: Claims::at(claims).of_runs_in(absolute) }
    }

    /// Where the claims of a run are: where it took them, whatever is said later. Another folder would have another claim, and the
    /// first would stay.
    fn claims_of(&self, folder: &RunFolder) -> Claims {
        let noted =
            whole_file::read(&folder.claims(), MAX_MARK).ok().and_then(|text| String::from_utf8(text).ok());
        match noted.map(PathBuf::from).filter(|dir| dir.is_dir()) {
            Some(dir) => self.claims.clone().at_another(dir),
            None => self.claims.clone(),
        }
    }
}

/// A plan on its way into a run: its text as it was, and what it was compiled to.
#[derive(Clone, Debug)]
pub struct Compiled {
    pub text: Vec<u8>,
    pub graph: Arc<StepGraph>,
    pub warnings: Findings,
}

/// Reads, checks and compiles the text of a plan.
///
/// # Errors
///
/// Every finding, when one of them is an error.
pub fn compile(name: &str, text: &[u8]) -> Result<Compiled, (Option<Arc<Source>>, Findings)> {
    let source = Source::from_bytes(name, text).map_err(|finding| (None, Findings::from(finding)))?;
    let source = Arc::new(source);
    let failed = |findings| (Some(Arc::clone(&source)), findings);
    let document: Document<PlanText> = crate::document::read(Arc::clone(&source)).map_err(failed)?;
    let resolved = crate::plan::resolve(&document).map_err(failed)?;
    let mut warnings = resolved.warnings;
    match crate::graph::compile(Arc::new(resolved.plan), document.body()) {
        Ok(compiled) => {
            warnings.extend(compiled.warnings);
            let graph = Arc::new(compiled.graph);
            Ok(Compiled { text: text.to_vec(), graph, warnings: warnings.sorted() })
        }
        Err(findings) => {
            warnings.extend(findings);
            Err(failed(warnings.sorted()))
        }
    }
}

/// A run with its folder, its lock and its claims.
pub struct LiveRun {
    shell: Shell<JournalLog>,
    folder: RunFolder,
    hold: Hold,
}

/// What a person adds when a run is taken up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub event: Event,
    pub reason: String,
    /// What rides beside it: what the person allows a driver to do.
    pub facts: Facts,
}

impl LiveRun {
    /// Makes the folder of a new run, takes the claims and writes the journal's first record. Nothing is asked of the
    /// pool yet. `signals` end the wait for a command that takes a claim: nothing has begun then.
    ///
    /// # Errors
    ///
    /// The pool or its partner is claimed, or the folder cannot be made. Then nothing is left behind.
    pub fn begin(
        places: &Places,
        compiled: &Compiled,
        start: &Start,
        signals: &Signals,
    ) -> Result<LiveRun, LiveError> {
        let graph = &compiled.graph;
        let wall = Timestamp::now();
        let pool = graph.plan().pool().fqdn.as_str();
        let id = RunId::new(wall, pool.split('.').next().unwrap_or(pool));
        let written = serde_json::to_vec_pretty(&GraphText::of(graph)).unwrap_or_default();
        let folder = places.runs.create(&id, &compiled.text, &written)?;
        let lock = folder.lock(wall)?;
        let mut hold = Hold::none(&places.claims, &id);
        let taken = note_claims(places, &folder)
            .and_then(|()| hold.take(graph, matches!(start, Start::Live), wall, signals));
        match taken.and_then(|()| opened_shell(graph, start, wall, &folder, lock)) {
            Ok(shell) => Ok(LiveRun { shell, folder, hold }),
            Err(error) => {
                // Nothing was asked of the pool, so nothing may hold it. What stands in the way of the run is the error, whatever
                // becomes of its claims and of a folder that holds nothing yet.
                let _ = hold.release();
                let _ = std::fs::remove_dir_all(folder.path());
                Err(error)
            }
        }
    }

    /// Takes up a run that was killed, paused or stopped: repairs a torn tail, folds the records. Nothing is appended
    /// yet. Says how many bytes of a torn record were cut off. `signals` as in [`LiveRun::begin`].
    ///
    /// # Errors
    ///
    /// The run is alive or has ended, its journal is damaged, or its plan compiles to another graph now.
    pub fn take_up(
        places: &Places,
        asked: Option<&str>,
        signals: &Signals,
    ) -> Result<(LiveRun, u64), LiveError> {
        let folder = places.runs.find(asked)?;
        refuse_abandoned(&folder)?;
        let wall = Timestamp::now();
        let lock = folder.lock(wall)?;
        let compiled = plan_of(&folder)?;
        let id = folder.id().clone();
        let claims = places.claims_of(&folder);
        let (journal, history) = match Journal::open(&folder.journal(), id.as_str()) {
            Err(JournalError::Absent(_)) if !folder.had_journal() => {
                // It died before it made its journal: nothing was asked of the pool.
                Hold::left(&claims, &id, &compiled.graph, true)?.release()?;
                return Err(LiveError::Empty(id));
            }
            opened => opened?,
        };
        let torn = history.torn.as_ref().map_or(0, |torn| torn.bytes);
        if history.records.is_empty() {
            // It died before its first record: nothing was asked of the pool.
            Hold::left(&claims, &id, &compiled.graph, true)?.release()?;
        }
        let opened = opened(&id, &history)?;
        check_digest(&id, &compiled.graph, &opened)?;
        let (driver, lived_until) = start::driver_of(&compiled.graph, &opened, &folder)?;
        let log = JournalLog::new(journal, lock);
        let graph = Arc::clone(&compiled.graph);
        let mut shell = Shell::new(graph, id.to_string(), log, Clock::Wall(opened.pace), driver);
        fold(&mut shell, &id, &history)?;
        if let Some(last) = history.records.last() {
            shell.was_left_alone(last.at.max(lived_until.unwrap_or(last.at)), wall);
        }
        let is_live = !matches!(shell.driver(), Driver::Simulated(_));
        if let Some(outcome) = shell.run().outcome().filter(|outcome| outcome.is_final()) {
            // A process that died between its last record and this left them.
            Hold::left(&claims, &id, shell.graph(), is_live)?.release()?;
            return Err(LiveError::Ended { run: id, outcome });
        }
        // Ours already, unless somebody released it by hand meanwhile.
        let mut hold = Hold::none(&claims, &id);
        hold.take(shell.graph(), is_live, wall, signals)?;
        Ok((LiveRun { shell, folder, hold }, torn))
    }

    /// Appends `Resumed` and what a person adds to it: all of it, or nothing. What is said of the resume itself stands first.
    ///
    /// # Errors
    ///
    /// One of the words makes no sense in the present state.
    pub fn resume(&mut self, words: &[Word], audience: &mut impl Audience) -> Result<(), LiveError> {
        let graph = Arc::clone(self.shell.graph());
        let (resumed, words) = match words.split_first() {
            Some((word, rest)) if word.event == Event::Resumed => (Some(word), rest),
            _ => (None, words),
        };
        let mut tried = self.shell.run().clone();
        for word in words {
            // Once taken up, a step that was stuck looks like any other.
            let needless = match word.event {
                Event::Retry { step } => graph.checked_kind(step).is_some() && !tried.needs_person(step),
                _ => false,
            };
            if needless {
                return Err(LiveError::Refused {
                    why: "only a step that needs a person can be tried again".into(),
                });
            }
        }
        for event in std::iter::once(&Event::Resumed).chain(words.iter().map(|word| &word.event)) {
            tried.apply(&graph, event).map_err(|illegal| LiveError::Refused { why: illegal.why.into() })?;
        }
        self.shell.log_mut().reserve()?;
        let by = |reason: Option<String>| Some(Act { who: os::user(), reason });
        let facts = resumed.map_or_else(Facts::default, |word| word.facts.clone());
        let reason = resumed.map(|word| word.reason.clone());
        self.shell.commit(Event::Resumed, facts, by(reason), audience)?;
        for word in words {
            let by = by(Some(word.reason.clone()));
            self.shell.commit(word.event.clone(), word.facts.clone(), by, audience)?;
        }
        Ok(())
    }

    /// Ends the run for good and frees the pool.
    ///
    /// # Errors
    ///
    /// The journal cannot be written, or a claim cannot be released.
    pub fn abandon(mut self, reason: &str, audience: &mut impl Audience) -> Result<(), LiveError> {
        let by = Act { who: os::user(), reason: Some(reason.to_owned()) };
        self.shell.commit(Event::Abandon, Facts::default(), Some(by), audience)?;
        self.shell.sync()?;
        self.release()
    }

    /// Lets the run go on until it ends; releases the claims when nothing can follow.
    ///
    /// # Errors
    ///
    /// The journal or the driver failed. What had happened until then is in the journal, and the run can be resumed.
    pub async fn go(
        &mut self,
        audience: &mut impl Audience,
        inbox: &mut FolderInbox,
    ) -> Result<Outcome, LiveError> {
        let went = self.shell.go(audience, inbox).await;
        inbox.close();
        let outcome = went?;
        if outcome.is_final()
            && let Err(error) = self.release()
        {
            // The run has ended as it has; that a claim is left is for a person.
            audience.noted(&format!("a claim is left: {error}; {}", error.help()));
        }
        Ok(outcome)
    }

    fn release(&mut self) -> Result<(), LiveError> {
        self.shell.log_mut().release_reserve();
        self.hold.release()
    }

    /// The requests to this run.
    pub fn inbox(&self) -> FolderInbox {
        FolderInbox::new(self.folder.requests())
    }

    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    pub fn shell(&self) -> &Shell<JournalLog> {
        &self.shell
    }
}

/// The shell of a new run, its header written.
fn opened_shell(
    graph: &Arc<StepGraph>,
    start: &Start,
    wall: Timestamp,
    folder: &RunFolder,
    lock: RunLock,
) -> Result<Shell<JournalLog>, LiveError> {
    let id = folder.id();
    let mut log = JournalLog::new(Journal::create(&folder.journal(), id.as_str())?, lock);
    log.reserve()?;
    let (pace, driver) = start.driver(graph, folder, wall)?;
    let clock = Clock::Wall(pace);
    let opened = Opened {
        format_version: FORMAT_VERSION.into(),
        program: env!("CARGO_PKG_VERSION").into(),
        run: id.to_string(),
        pool: graph.plan().pool().fqdn.clone(),
        digest: graph.digest(),
        pace,
        driver: driver.name().into(),
        by: os::user(),
    };
    let mut shell = Shell::new(Arc::clone(graph), id.to_string(), log, clock, driver);
    shell.open(opened)?;
    Ok(shell)
}

/// Notes in the folder of a run where it takes its claims.
fn note_claims(places: &Places, folder: &RunFolder) -> Result<(), LiveError> {
    let dir = places.claims.dir();
    let absolute = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    // A path that is no text is given again by whoever takes the run up.
    let Some(text) = absolute.to_str() else { return Ok(()) };
    Ok(whole_file::write(&folder.claims(), text.as_bytes())?)
}

/// How a run was ended for good.
#[derive(Debug)]
pub enum Abandoned {
    /// In its journal.
    Recorded,
    /// By a mark in its folder: its journal cannot be read or continued, and why.
    Marked(LiveError),
}

/// Ends a run for good and frees its pool, also a run that nothing else can be done with.
///
/// # Errors
///
/// The run is alive, has ended already, or its folder cannot be written.
pub fn abandon(places: &Places, asked: &str, reason: &str) -> Result<Abandoned, LiveError> {
    let folder = places.runs.find(Some(asked))?;
    refuse_abandoned(&folder)?;
    let error = match LiveRun::take_up(places, Some(folder.id().as_str()), &Signals::default()) {
        Ok((run, _)) => return run.abandon(reason, &mut ()).map(|()| Abandoned::Recorded),
        Err(error @ (LiveError::Lock(_) | LiveError::Ended { .. } | LiveError::Runs(_))) => {
            return Err(error);
        }
        Err(error) => error,
    };
    let _lock = folder.lock(Timestamp::now())?;
    let mark = serde_json::json!({
        "at": Timestamp::now(), "by": os::user(), "reason": reason, "why_not_in_the_journal": error.to_string(),
    });
    whole_file::write(&folder.abandoned(), mark.to_string().as_bytes())?;
    let graph = plan_of(&folder).ok().map(|compiled| compiled.graph);
    Hold::found(&places.claims_of(&folder), folder.id(), graph)?.release()?;
    Ok(Abandoned::Marked(error))
}

/// Refuses a run that was ended by a mark.
fn refuse_abandoned(folder: &RunFolder) -> Result<(), LiveError> {
    let mark = match whole_file::read(&folder.abandoned(), MAX_MARK) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        // That it is there says it; why is beside the point.
        mark => mark.unwrap_or_default(),
    };
    let mark: serde_json::Value = serde_json::from_slice(&mark).unwrap_or_default();
    let reason = mark["reason"].as_str().map(str::to_owned);
    Err(LiveError::Abandoned { run: folder.id().clone(), reason })
}

/// A run as its folder tells it. Looking changes nothing, so it may be done while the run is alive.
pub struct LookedAt {
    pub folder: RunFolder,
    pub opened: Opened,
    pub graph: Arc<StepGraph>,
    pub records: Vec<Record<Entry<'static>>>,
    /// Whether a process is running it now.
    pub alive: bool,
    shell: Shell<super::NoLog>,
}

impl LookedAt {
    pub fn run(&self) -> &Run {
        self.shell.run()
    }

    /// The run at a moment, with what it waits for.
    pub fn moment(&self, at: Timestamp) -> Moment<'_> {
        self.shell.moment(at)
    }

    /// What the clock of the run shows now.
    pub fn now(&self) -> Timestamp {
        self.shell.now()
    }
}

/// Looks at a run.
///
/// # Errors
///
/// There is no such run, or its folder does not hold one.
pub fn look(places: &Places, asked: Option<&str>) -> Result<LookedAt, LiveError> {
    let folder = places.runs.find(asked)?;
    refuse_abandoned(&folder)?;
    let alive = folder.is_alive()?;
    let id = folder.id().clone();
    let history: History<Entry<'static>> = journal::read(&folder.journal(), id.as_str())?;
    let opened = opened(&id, &history)?;
    let compiled = plan_of(&folder)?;
    check_digest(&id, &compiled.graph, &opened)?;
    let plan = Arc::clone(compiled.graph.plan_arc());
    let untouched = SimulatedPool::new(plan, &Setup::default(), &[], opened.pace.origin);
    let driver = Driver::Simulated(Box::new(untouched));
    let clock = Clock::Wall(opened.pace);
    let mut shell = Shell::new(Arc::clone(&compiled.graph), id.to_string(), super::NoLog, clock, driver);
    fold(&mut shell, &id, &history)?;
    if let Some(last) = history.records.last().filter(|_| !alive) {
        shell.was_left_alone(last.at, Timestamp::now());
    }
    Ok(LookedAt { folder, opened, graph: compiled.graph, records: history.records, alive, shell })
}

fn plan_of(folder: &RunFolder) -> Result<Compiled, LiveError> {
    let path = folder.plan();
    let text = whole_file::read(&path, MAX_BYTES as u64).map_err(FileError::of("read", &path))?;
    compile(&path.display().to_string(), &text).map_err(|(text, findings)| LiveError::Plan {
        run: folder.id().clone(),
        text,
        findings,
    })
}

fn opened(id: &RunId, history: &History<Entry<'static>>) -> Result<Opened, LiveError> {
    match history.records.first().map(|record| &record.body) {
        Some(Entry::Opened(opened)) if super::understands(FORMAT_VERSION, &opened.format_version) => {
            Ok(opened.clone())
        }
        Some(Entry::Opened(Opened { format_version, program, .. })) => Err(LiveError::Version {
            run: id.clone(),
            found: format_version.clone(),
            program: program.clone(),
        }),
        Some(Entry::Event(_)) => Err(LiveError::History {
            run: id.clone(),
            record: 1,
            source: Illegal { why: "the journal does not begin with its header" },
        }),
        None => Err(LiveError::Empty(id.clone())),
    }
}

fn check_digest(id: &RunId, graph: &StepGraph, opened: &Opened) -> Result<(), LiveError> {
    let is = graph.digest();
    if is == opened.digest {
        return Ok(());
    }
    let short = |digest: &str| digest.chars().take(12).collect();
    Err(LiveError::Digest { run: id.clone(), was: short(&opened.digest), is: short(&is) })
}

fn fold<L: Log>(
    shell: &mut Shell<L>,
    id: &RunId,
    history: &History<Entry<'static>>,
) -> Result<(), LiveError> {
    shell.passed();
    for record in history.records.iter().skip(1) {
        let refused = |source| LiveError::History { run: id.clone(), record: record.seq, source };
        match &record.body {
            Entry::Event(entry) => {
                let EventEntry { event, facts, by, .. } = entry;
                shell.fold(record.at, event, facts, by.as_ref()).map_err(refused)?;
                if let Some(pace) = entry.pace {
                    shell.goes_on(pace);
                }
            }
            Entry::Opened(_) => return Err(refused(Illegal { why: "a second header" })),
        }
    }
    Ok(())
}
