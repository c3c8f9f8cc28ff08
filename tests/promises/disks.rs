//! Promise: whatever the disk under a journal does, a run begins nothing that its journal does not say, and whoever takes
//! the run up finds a history of it, or the place at which the disk broke it.
//!
//! The whole run, loop and journal, lives on a disk in memory that runs full, writes half, answers with errors, fails to
//! sync and loses what was not synced, at any act of its own. Between two processes the power may fail, or only the
//! process was lost. Many lives: `POOLROLL_LIVES=20000 cargo test --test promises disks`; a life that fails says how it is
//! lived again.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use poolroll::exec::journal::{Journal, JournalError};
use poolroll::exec::memory_disk::{Act, Fault, MemoryDisk};
use poolroll::exec::record::Entry;
use poolroll::exec::{Audience, Clock, Moment, Proving, Rehearsal, Script, Shell, ShellError};
use poolroll::plan::Facts;
use poolroll::pool::Driver;
use poolroll::run::{Event, Outcome};

use crate::journals::{DiskLog, RUN, events, header, path};
use crate::rehearsals::{operator, variants};
use crate::resume::begun_without_intent;
use crate::stage::{Chance, Life, Replay, any_fault, assert_holds, graph_of, number_from};

/// Room that a run takes for its end, in bytes.
const RESERVE: u64 = 20_000;

/// The events of a journal.
type Records = Vec<(Timestamp, Event)>;

/// What happened in lives; a test in which it never happens proves nothing of it.
#[derive(Debug, Default)]
struct Tally {
    complete: u64,
    /// Processes that ended because their journal could not be written.
    broken_off: u64,
    /// Runs that paused on the space set aside.
    full: u64,
    torn: u64,
    /// Records that were written and lost.
    lost: u64,
    refused: u64,
}

/// Keeps what was proved after each of the last events: a power failure takes events back.
struct Proofs {
    proving: Proving,
    heard: usize,
    last: VecDeque<(usize, Proving)>,
}

/// More than are ever written after a sync that failed and before the power failure that shows it.
const KEPT: usize = 600;

impl Audience for Proofs {
    fn heard(&mut self, moment: &Moment<'_>, event: &Event, facts: &Facts) {
        self.proving.heard(moment, event, facts);
        self.heard += 1;
        self.last.push_back((self.heard, self.proving.clone()));
        if self.last.len() > KEPT {
            self.last.pop_front();
        }
    }
}

/// A run on a bad disk.
struct Hardship {
    life: Life,
    disk: MemoryDisk,
    chance: Chance,
    /// A sync failed, and no power failure has shown yet what it lost: what is read may not be there.
    doubtful: bool,
    /// As the last process left them.
    proofs: VecDeque<(usize, Proving)>,
}

impl Hardship {
    /// Lets a few acts of the disk go wrong, some time from now.
    fn set_faults(&mut self) {
        for _ in 0..self.chance.below(3) {
            let well = self.chance.below(60) as usize;
            match self.chance.below(8) {
                0 => self.disk.fail(Act::Append, well, Fault::Broken),
                1 => self.disk.fail(Act::Append, well, Fault::Full),
                2 | 3 => self.disk.fail(Act::Append, well, Fault::Short(self.chance.below(500) as usize)),
                4 => self.disk.fail(Act::Sync, well, Fault::Broken),
                5 => self.disk.fail(Act::Truncate, self.chance.below(2) as usize, Fault::Broken),
                6 => self.disk.fail(Act::Open, 0, Fault::Broken),
                _ => {
                    let used = self.disk.bytes(path()).map_or(0, |bytes| bytes.len()) as u64;
                    let room = used + RESERVE + self.chance.below(30_000);
                    self.disk.set_capacity(Some(room as usize));
                }
            }
        }
    }

    /// The journal as the next process finds it.
    fn opened(
        &self,
        disk: &MemoryDisk,
    ) -> Result<(Journal<Entry<'static>, MemoryDisk>, Records), JournalError> {
        let (mut journal, history) = Journal::open_on(disk.clone(), path(), RUN)?;
        journal.reserve(RESERVE)?;
        Ok((journal, events(&history.records)))
    }

    /// A shell around the run, begun or taken up, with these words of a person.
    fn shell(&mut self, words: &[Event], proofs: &mut Proofs) -> Result<Shell<DiskLog>, JournalError> {
        let graph = Arc::clone(&self.life.graph);
        if self.life.driver.is_none() {
            let mut journal = Journal::create_on(self.disk.clone(), path(), RUN)?;
            journal.reserve(RESERVE)?;
            let mut shell = self.life.rehearsal.shell(&graph, DiskLog(journal));
            return match shell.open(header(&graph, self.life.now)) {
                Ok(()) => Ok(shell),
                Err(error) => Err(journal_error(error)),
            };
        }
        let (journal, records) = self.opened(&self.disk)?;
        let driver = self.life.driver.take().expect("it was there");
        let mut shell =
            Shell::new(graph, RUN.into(), DiskLog(journal), Clock::Virtual(self.life.now), driver);
        shell.passed();
        for (at, event) in &records {
            shell.fold(*at, event, &Facts::default(), None).expect("a history");
        }
        for event in std::iter::once(&Event::Resumed).chain(words) {
            // Nothing is written before the next sync.
            shell.commit(event.clone(), Facts::default(), None, proofs).expect("words that make sense");
        }
        Ok(shell)
    }

    /// One process; how the run ended in it, if it did. None when its journal could not be opened or written.
    fn process(&mut self, words: &[Event], tally: &mut Tally) -> Option<Outcome> {
        let (proving, heard) = (self.life.proving.clone(), self.life.records.len());
        let mut proofs = Proofs { proving, heard, last: std::mem::take(&mut self.proofs) };
        proofs.last.retain(|(earlier, _)| *earlier < heard);
        proofs.last.push_back((heard, proofs.proving.clone()));
        let begins = self.life.driver.is_none();
        let outcome = match self.shell(words, &mut proofs) {
            Ok(mut shell) => {
                let mut script = Script::new(self.life.rehearsal.operator, self.life.rehearsal.begins);
                let outcome = script.play(&mut shell, &mut proofs).map_err(journal_error);
                self.life.now = shell.now();
                let (_, log, driver) = shell.into_parts();
                tally.full += u64::from(!log.0.has_reserve());
                self.life.driver = Some(driver);
                outcome.map(|outcome| outcome.expect("somebody approves"))
            }
            // Nothing was asked of the pool, and nothing is kept.
            Err(_) if begins => {
                self.disk = MemoryDisk::new();
                return None;
            }
            Err(error) => Err(error),
        };
        if let Err(error) = &outcome {
            tally.broken_off += 1;
            self.doubtful |= matches!(error, JournalError::Sync { .. });
        }
        self.disk.heal();
        let power_fails = self.chance.one_in(2);
        if power_fails {
            let chance = &mut self.chance;
            self.disk.crash(|_, loose| chance.below(loose as u64 + 1) as usize);
        }
        let found = self.find(&proofs, power_fails, tally);
        self.proofs = proofs.last;
        outcome.ok().filter(|_| found)
    }

    /// What whoever comes next finds on the disk: a history of all that was begun. False when the disk has broken it.
    fn find(&mut self, proofs: &Proofs, power_failed: bool, tally: &mut Tally) -> bool {
        // On a copy, so that the next process meets the torn tail itself.
        let copy = MemoryDisk::new();
        copy.put(path(), &self.disk.bytes(path()).expect("the journal"));
        tally.torn += u64::from(!copy.bytes(path()).expect("the copy").ends_with(b"\n"));
        let records = match self.opened(&copy) {
            Ok((_, records)) => records,
            Err(error) => {
                let excused = self.doubtful && power_failed && matches!(error, JournalError::Damaged { .. });
                assert!(excused, "{error}\n{}", self.life.tail());
                tally.refused += 1;
                self.life.records.clear();
                return false;
            }
        };
        self.doubtful &= !power_failed;
        tally.lost += (proofs.heard - records.len()) as u64;
        let proof = proofs.last.iter().find(|(heard, _)| *heard == records.len());
        self.life.proving = proof.expect("it was heard a short while ago").1.clone();
        self.life.records = records;
        let books = self.life.driver.as_ref().and_then(Driver::twin).expect("an embedded pool").books();
        let unmeant = begun_without_intent(&self.life.graph, books, &self.life.records);
        assert_eq!(unmeant, [], "begun, and not in the journal\n{}", self.life.tail());
        true
    }
}

/// Whatever else a run ends by is a defect.
fn journal_error(error: ShellError) -> JournalError {
    let ShellError::Log(error) = error else { panic!("{error}") };
    *error.source.downcast().expect("an error of the journal")
}

/// One life, to completion or to where no more resuming helps.
fn live(name: &str, text: &str, seed: u64, tally: &mut Tally) {
    let _replay = Replay(format!(
        "POOLROLL_SEED={seed} POOLROLL_LIVES=1 cargo test --test promises disks (plan `{name}`)"
    ));
    let graph = graph_of(name, text.as_bytes());
    let mut chance = Chance::new(seed);
    let mut rehearsal = Rehearsal::of(&graph);
    rehearsal.operator = operator(&mut chance);
    rehearsal.operator.aborts_at = None;
    if chance.one_in(3) {
        rehearsal.faults.push(any_fault(&mut chance, &graph));
    }
    let life = Life::new(&graph, rehearsal);
    let mut hardship =
        Hardship { life, disk: MemoryDisk::new(), chance, doubtful: false, proofs: VecDeque::new() };
    let mut words = Vec::new();
    for process in 0..12 {
        // The last ones find a good disk.
        if process < 9 {
            hardship.set_faults();
        }
        let outcome = hardship.process(&words, tally);
        assert_holds(&hardship.life, seed);
        words.clear();
        let Some(outcome) = outcome else {
            let was_refused = hardship.life.driver.is_some() && hardship.life.records.is_empty();
            let has_ended = hardship.life.run().outcome().is_some_and(Outcome::is_final);
            if was_refused || has_ended {
                return;
            }
            continue;
        };
        if outcome.is_final() {
            tally.complete += u64::from(outcome == Outcome::Complete);
            return;
        }
        hardship.life.rehearsal.operator.pauses_at = None;
        words = hardship.life.words(&mut hardship.chance);
    }
}

#[test]
fn whatever_the_disk_does_nothing_begins_that_the_journal_does_not_say() {
    let lives = number_from("POOLROLL_LIVES", 150);
    let first = number_from("POOLROLL_SEED", 0);
    let mut tally = Tally::default();
    for (name, text) in variants() {
        for seed in first..first + lives {
            live(name, &text, seed, &mut tally);
        }
    }
    if lives >= 100 {
        let Tally { complete, broken_off, full, torn, lost, refused } = tally;
        let happened = [broken_off, full, torn, lost, refused].iter().all(|&count| count > 0);
        assert!(happened && complete * 2 > lives * variants().len() as u64, "{tally:?}");
    }
}
