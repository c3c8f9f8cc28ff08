//! Promise: a journal that a crash cut short at any byte is taken up to the end of the undisturbed run, and one in which
//! any byte was changed is refused with the place of the change.
//!
//! The journals are those of whole rollouts, written by the one loop on a disk in memory; beside each record stands the
//! pool as it was when the record was written. In every byte, and with every changed bit of it:
//! `POOLROLL_STRIDE=1 cargo test --test promises journals`.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use poolroll::StepGraph;
use poolroll::exec::journal::{Journal, JournalError, Record};
use poolroll::exec::live::{self, LiveError, Places};
use poolroll::exec::memory_disk::MemoryDisk;
use poolroll::exec::record::{Entry, FORMAT_VERSION, Log, LogError, Opened};
use poolroll::exec::run_id::RunId;
use poolroll::exec::{Audience, Moment, Pace, Proving, Rehearsal, Script, Shell};
use poolroll::plan::Facts;
use poolroll::pool::{Driver, SimulatedPool};
use poolroll::run::{Event, Outcome};

use crate::resume::{begun_too_often, standing};
use crate::stage::{graph, number_from, scenario};

/// Under which id the journals are chained.
pub const RUN: &str = "rehearsal";

/// Where they are.
pub fn path() -> &'static Path {
    Path::new("run/journal.jsonl")
}

/// The journal of a run as its log, as a live run has it, on a disk in memory.
pub struct DiskLog(pub Journal<Entry<'static>, MemoryDisk>);

fn failed(error: JournalError) -> LogError {
    let help = error.help();
    LogError { source: Box::new(error), help }
}

impl Log for DiskLog {
    fn append(&mut self, at: Timestamp, entry: &Entry<'_>) -> Result<(), LogError> {
        self.0.append(at, &entry.to_static()).map(drop).map_err(failed)
    }

    fn sync(&mut self) -> Result<(), LogError> {
        self.0.sync().map_err(failed)
    }

    fn is_short(&self) -> bool {
        !self.0.has_reserve()
    }
}

/// The header of a journal of this graph.
pub fn header(graph: &StepGraph, begins: Timestamp) -> Opened {
    Opened {
        format_version: FORMAT_VERSION.into(),
        program: "test".into(),
        run: RUN.into(),
        pool: graph.plan().pool().fqdn.clone(),
        digest: graph.digest(),
        pace: Pace::real(begins),
        driver: "simulated".into(),
        by: "test".into(),
    }
}

/// The events of a journal behind its header.
pub fn events(records: &[Record<Entry<'static>>]) -> Vec<(Timestamp, Event)> {
    let event = |record: &Record<Entry<'static>>| match &record.body {
        Entry::Event(entry) => Some((record.at, entry.event.as_ref().clone())),
        Entry::Opened(_) => None,
    };
    records.iter().filter_map(event).collect()
}

/// A pool, and what was proved of it, at the moment at which a record was about to be written.
#[derive(Clone)]
struct Scene {
    pool: SimulatedPool,
    proving: Proving,
    now: Timestamp,
}

/// Keeps the scene of every record.
struct Filmed {
    proving: Proving,
    scenes: Vec<Scene>,
}

impl Audience for Filmed {
    fn heard(&mut self, moment: &Moment<'_>, event: &Event, facts: &Facts) {
        let Driver::Simulated(pool) = moment.driver else { return };
        self.scenes.push(Scene {
            pool: pool.as_ref().clone(),
            proving: self.proving.clone(),
            now: moment.at,
        });
        self.proving.heard(moment, event, facts);
    }
}

/// A rollout that nothing disturbed.
struct Whole {
    graph: Arc<StepGraph>,
    rehearsal: Rehearsal,
    /// The journal's.
    bytes: Vec<u8>,
    records: Vec<Record<Entry<'static>>>,
    /// One a record behind the header.
    scenes: Vec<Scene>,
    outcome: Outcome,
    driver: Driver,
}

impl Whole {
    fn of(graph: Arc<StepGraph>, rehearsal: Rehearsal) -> Whole {
        let disk = MemoryDisk::new();
        let mut journal = Journal::create_on(disk.clone(), path(), RUN).expect("an empty disk");
        journal.reserve(1000).expect("there is room");
        let mut shell = rehearsal.shell(&graph, DiskLog(journal));
        shell.open(header(&graph, rehearsal.begins)).expect("there is room");
        let mut filmed = Filmed { proving: Proving::new(rehearsal.begins), scenes: Vec::new() };
        let outcome = Script::new(rehearsal.operator, rehearsal.begins).play(&mut shell, &mut filmed);
        let outcome = outcome.expect("nothing disturbs it").expect("nobody is waited for");
        let (_, log, driver) = shell.into_parts();
        drop(log);
        let bytes = disk.bytes(path()).expect("the journal");
        let (_, history) = Journal::open_on(disk, path(), RUN).expect("it is whole");
        assert_eq!(history.records.len(), filmed.scenes.len() + 1);
        Whole { graph, rehearsal, bytes, records: history.records, scenes: filmed.scenes, outcome, driver }
    }

    /// Where the line begins that holds a byte, and its number from 1.
    fn line_of(&self, byte: usize) -> (u64, u64) {
        let before = &self.bytes[..byte];
        let offset = before.iter().rposition(|&b| b == b'\n').map_or(0, |newline| newline + 1);
        (offset as u64, before.iter().filter(|&&b| b == b'\n').count() as u64 + 1)
    }

    /// Takes up what a cut left of the journal, with the pool as it was.
    fn cut_at(&self, cut: usize) {
        let disk = MemoryDisk::new();
        disk.put(path(), &self.bytes[..cut]);
        let (offset, line) = self.line_of(cut);
        let at = format!("cut at byte {cut}, in line {line}");
        let (mut journal, history) = Journal::open_on(disk.clone(), path(), RUN).expect(&at);
        assert_eq!(history.records, self.records[..line as usize - 1], "{at}");
        assert_eq!(history.torn.map_or(0, |torn| torn.bytes), cut as u64 - offset, "{at}");
        journal.reserve(1000).expect("there is room");
        // The process died before it wrote the next record: what that would have begun has not.
        let Some(scene) = self.scenes.get(history.records.len().saturating_sub(1)).cloned() else {
            return assert_eq!(cut, self.bytes.len(), "{at}: only the whole journal has ended");
        };
        if history.records.is_empty() {
            return assert_eq!(scene.pool.twin().books().changes(), 0, "{at}: begun without a header");
        }
        let clock = poolroll::exec::Clock::Virtual(scene.now);
        let driver = Driver::Simulated(Box::new(scene.pool));
        let mut shell = Shell::new(Arc::clone(&self.graph), RUN.into(), DiskLog(journal), clock, driver);
        shell.passed();
        for (at, event) in events(&history.records) {
            shell.fold(at, &event, &Facts::default(), None).expect("a history");
        }
        let mut proving = scene.proving;
        shell.commit(Event::Resumed, Facts::default(), None, &mut proving).expect(&at);
        let mut script = Script::new(self.rehearsal.operator, self.rehearsal.begins);
        let outcome = script.play(&mut shell, &mut proving).expect(&at);
        assert_eq!(outcome, Some(self.outcome), "{at}");
        assert_eq!(proving.monitor.violations(), [], "{at}");
        let (_, _, driver) = shell.into_parts();
        let books = |driver: &Driver| driver.twin().expect("an embedded pool").books().clone();
        let (found, expected) = (books(&driver), books(&self.driver));
        assert_eq!(standing(&self.graph, &found), standing(&self.graph, &expected), "{at}");
        let (_, after) = Journal::open_on(disk, path(), RUN).expect(&at);
        assert_eq!(after.records[..history.records.len()], history.records, "{at}: what was there stays");
        let (before, after) = (events(&history.records), events(&after.records));
        assert_eq!(begun_too_often(&self.graph, &expected, &found, &before, &after), [], "{at}");
    }

    /// Opens the journal with one byte of it changed.
    fn changed_at(&self, byte: usize, value: u8) {
        let mut changed = self.bytes.clone();
        changed[byte] = value;
        let disk = MemoryDisk::new();
        disk.put(path(), &changed);
        let (offset, line) = self.line_of(byte);
        let at = format!("byte {byte}, in line {line}, became {value}");
        match Journal::<Entry<'static>, _>::open_on(disk.clone(), path(), RUN) {
            Err(error @ JournalError::Damaged { .. }) => {
                let place = format!("is damaged at line {line}, byte {offset}");
                assert!(error.to_string().ends_with(&place), "{at}: {error}");
                assert_eq!(disk.bytes(path()), Some(changed), "{at}: damage is left as it is");
            }
            // The very last newline: the last record cannot be told from one that was cut short.
            Ok((_, history)) => {
                assert_eq!(byte, self.bytes.len() - 1, "{at}");
                assert_eq!(history.records, self.records[..self.records.len() - 1], "{at}");
            }
            Err(other) => panic!("{at}: {other}"),
        }
    }
}

/// Rollouts whose pool gives the same answers whenever it is asked: on one all is well, on the other it is not.
fn rollouts() -> [Whole; 2] {
    let minimal = graph("plans/minimal.yaml");
    let lync = graph("plans/lync-2013-graceful.yaml");
    let trouble = Rehearsal::of(&lync).struck_by(scenario("asks-for-reboot", lync.plan()));
    let quiet = Rehearsal::of(&minimal);
    [Whole::of(minimal, quiet), Whole::of(lync, trouble)]
}

/// How many bytes lie between two that are tried; without a common divisor with the length of any line, so that the
/// short form meets every part of a record.
fn stride() -> usize {
    number_from("POOLROLL_STRIDE", 211).max(1) as usize
}

#[test]
fn a_journal_that_is_cut_at_any_byte_is_taken_up_to_the_same_end() {
    for whole in rollouts() {
        let ends = [0, 1, whole.bytes.len() - 1, whole.bytes.len()];
        ends.into_iter()
            .chain((2..whole.bytes.len() - 1).step_by(stride()))
            .for_each(|cut| whole.cut_at(cut));
    }
}

#[test]
fn a_journal_in_which_any_byte_is_changed_is_refused_with_the_place() {
    let stride = stride();
    for whole in rollouts() {
        for byte in (0..whole.bytes.len()).step_by(stride).chain([whole.bytes.len() - 1]) {
            let bits = if stride == 1 { 0..8 } else { byte % 8..byte % 8 + 1 };
            bits.for_each(|bit| whole.changed_at(byte, whole.bytes[byte] ^ (1 << bit)));
            // A line that ends too soon, and one that goes on where it should end.
            let newline = if whole.bytes[byte] == b'\n' { b' ' } else { b'\n' };
            whole.changed_at(byte, newline);
        }
    }
}

#[test]
fn a_journal_of_another_format_is_not_folded_as_if_it_were_of_this_one() {
    let graph = graph("plans/minimal.yaml");
    let begins = Rehearsal::of(&graph).begins;
    for (format, is_read) in [(FORMAT_VERSION, true), ("1.7", true), ("2.0", false), ("", false)] {
        let dir = tempfile::tempdir().unwrap();
        let plan = std::fs::read(crate::stage::root().join("plans/minimal.yaml")).unwrap();
        let places = Places::at(dir.path().join("runs"), dir.path().join("claims"));
        let run = RunId::new(begins, "pool");
        let folder = places.runs.create(&run, &plan, b"{}").unwrap();
        let mut journal = Journal::create(&folder.journal(), run.as_str()).unwrap();
        let opened =
            Opened { format_version: format.into(), program: "9.9".into(), ..header(&graph, begins) };
        journal.append(begins, &Entry::Opened(opened)).unwrap();
        journal.sync().unwrap();
        match live::look(&places, None) {
            Ok(_) => assert!(is_read, "format {format}"),
            Err(error @ LiveError::Version { .. }) => {
                assert!(!is_read, "format {format}");
                assert_eq!(error.help(), "use poolroll 9.9, which began the run");
            }
            Err(error) => panic!("format {format}: {error}"),
        }
    }
}
