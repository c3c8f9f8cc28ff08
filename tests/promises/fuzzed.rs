//! Promise: whatever bytes they are given, the reader, the checker, the journal and saved plans keep to their word. What
//! that is stands in `fuzz/src`; the fuzzers of that folder call the same functions.
//!
//! Here they are called with every seed as it is, and with seeds that a small generator has changed: bytes flipped, lines
//! cut, doubled and moved, two seeds spliced, words put in from `fuzz/words.dict`. Many inputs:
//! `POOLROLL_INPUTS=100000 cargo test --release --test promises fuzzed`; `POOLROLL_SEED` says with which the first begins,
//! and an input that fails says how it is made again.
//!
//! The seeds that are journals and saved plans are goldens: they are written by what they are read by.

use std::fs;
use std::sync::Arc;

use poolroll::StepGraph;
use poolroll::exec::journal::Journal;
use poolroll::exec::memory_disk::MemoryDisk;
use poolroll::exec::saved::Saved;
use poolroll::exec::{Opened, Rehearsal, Script};
use poolroll::plan::{Act, Facts, FrontEndId, Mode, Moment};
use poolroll::run::Event;
use poolroll::twin::{Begins, Fault, Lasts, Trouble, Twist};

use crate::golden;
use crate::harness;
use crate::journals::{DiskLog, header, path};
use crate::stage::{Chance, Replay, graph_of, number_from};

/// The longest input, in bytes, as of the fuzzers.
const MAX_INPUT: usize = 1 << 16;

/// What is read: its name, its promise, the folders of its seeds.
type Target = (&'static str, fn(&[u8]), &'static [&'static str]);

const READER: Target = (
    "reader",
    harness::reader,
    &["fuzz/corpus/reader", "plans", "plans/scenarios", "tests/small", "tests/cases"],
);
const CHECKER: Target =
    ("checker", harness::checker, &["fuzz/corpus/checker", "plans", "tests/small", "tests/cases"]);
const JOURNAL: Target = ("journal", harness::journal, &["fuzz/corpus/journal"]);
const SAVED: Target = ("saved", harness::saved, &["fuzz/corpus/saved"]);

/// The seeds of a target, in order of their names. What a fuzzer has added has a name without an ending.
fn seeds(folders: &[&str]) -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for folder in folders {
        let entries = fs::read_dir(golden::at(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
        let names = names.filter(|name| [".yaml", ".json", ".jsonl"].iter().any(|end| name.ends_with(end)));
        let files = names.map(|name| format!("{folder}/{name}"));
        seeds.extend(files.map(|file| (file.clone(), fs::read(golden::at(&file)).expect("a seed"))));
    }
    seeds.sort();
    assert!(!seeds.is_empty(), "{folders:?}");
    seeds
}

/// The words of the dictionary, without their quotes and escapes.
fn words() -> Vec<Vec<u8>> {
    let text = fs::read_to_string(golden::at("fuzz/words.dict")).expect("the dictionary");
    let lines = text.lines().filter_map(|line| line.strip_prefix('"')?.strip_suffix('"'));
    lines.map(unescaped).collect()
}

/// As libFuzzer takes a word: `\\`, `\"` and `\x0a`.
fn unescaped(word: &str) -> Vec<u8> {
    let (mut rest, mut bytes) = (word.as_bytes(), Vec::new());
    while let [first, after @ ..] = rest {
        let hex = after.strip_prefix(b"x").and_then(|hex| str::from_utf8(hex.get(..2)?).ok());
        let (byte, length) = match (first, hex) {
            (b'\\', Some(hex)) => (u8::from_str_radix(hex, 16).expect("two digits"), 4),
            (b'\\', None) => (after[0], 2),
            _ => (*first, 1),
        };
        bytes.push(byte);
        rest = &rest[length..];
    }
    bytes
}

/// Where a range of bytes begins and ends, at most so long.
fn range(chance: &mut Chance, bytes: &[u8], most: u64) -> std::ops::Range<usize> {
    let start = chance.below(bytes.len() as u64 + 1) as usize;
    let length = chance.below(most.min((bytes.len() - start) as u64) + 1) as usize;
    start..start + length
}

/// The line that a byte is on, with its end.
fn line(chance: &mut Chance, bytes: &[u8]) -> std::ops::Range<usize> {
    let at = chance.below(bytes.len() as u64) as usize;
    let start = bytes[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
    let end =
        bytes[at..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |newline| at + newline + 1);
    start..end
}

/// A word of letters, digits and what stands in names; empty where there is none.
fn word(chance: &mut Chance, bytes: &[u8]) -> std::ops::Range<usize> {
    let of_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let from = chance.below(bytes.len() as u64) as usize;
    let start = bytes[from..].iter().position(of_word).map_or(from, |offset| from + offset);
    let end =
        bytes[start..].iter().position(|byte| !of_word(byte)).map_or(bytes.len(), |offset| start + offset);
    start..end
}

/// Numbers at which something may begin or end.
const NUMBERS: [&str; 12] = [
    "0",
    "1",
    "-1",
    "2",
    "127",
    "255",
    "256",
    "65535",
    "65536",
    "4294967295",
    "9223372036854775807",
    "1e400",
];

/// One change.
fn change(chance: &mut Chance, bytes: &mut Vec<u8>, other: &[u8], words: &[Vec<u8>]) {
    if bytes.is_empty() {
        return bytes.extend_from_slice(other);
    }
    match chance.below(12) {
        0 => {
            let at = chance.below(bytes.len() as u64) as usize;
            bytes[at] ^= 1 << chance.below(8);
        }
        1 => {
            let at = chance.below(bytes.len() as u64 + 1) as usize;
            bytes.insert(at, chance.next() as u8);
        }
        2 => drop(bytes.drain(range(chance, bytes, 40))),
        3 => bytes.truncate(chance.below(bytes.len() as u64) as usize),
        4 => {
            let (from, to) = (line(chance, bytes), line(chance, bytes).start);
            let copy = bytes[from].to_vec();
            bytes.splice(to..to, copy);
        }
        5 => drop(bytes.drain(line(chance, bytes))),
        6 => {
            let from = line(chance, bytes);
            let moved: Vec<u8> = bytes.drain(from).collect();
            let to = if bytes.is_empty() { 0 } else { line(chance, bytes).start };
            bytes.splice(to..to, moved);
        }
        7 if !other.is_empty() => {
            let (from, to) = (line(chance, other), line(chance, bytes).start);
            bytes.splice(to..to, other[from].iter().copied());
        }
        8 => {
            bytes.truncate(line(chance, bytes).start);
            let from = if other.is_empty() { 0 } else { line(chance, other).start };
            bytes.extend_from_slice(&other[from..]);
        }
        9 => {
            let number = chance.pick(&NUMBERS).as_bytes();
            bytes.splice(word(chance, bytes), number.iter().copied());
        }
        10 => {
            let at = range(chance, bytes, 0);
            bytes.splice(at, chance.pick(words).iter().copied());
        }
        _ => {
            let at = word(chance, bytes);
            bytes.splice(at, chance.pick(words).iter().copied());
        }
    }
}

/// The input of a number: a seed with a few changes.
fn input(number: u64, seeds: &[(String, Vec<u8>)], words: &[Vec<u8>]) -> (String, Vec<u8>) {
    let mut chance = Chance::new(number);
    let (name, seed) = chance.pick(seeds).clone();
    let mut bytes = seed;
    for _ in 0..=chance.below(4) {
        let other = &chance.pick(seeds).1;
        change(&mut chance, &mut bytes, other, words);
    }
    bytes.truncate(MAX_INPUT);
    (name, bytes)
}

fn holds((name, promise, folders): Target, inputs: u64) {
    let seeds = seeds(folders);
    for (seed, bytes) in &seeds {
        let _replay = Replay(format!("RUSTC_BOOTSTRAP=1 cargo fuzz run -s none {name} {seed}"));
        promise(bytes);
    }
    let (inputs, first) = (number_from("POOLROLL_INPUTS", inputs), number_from("POOLROLL_SEED", 0));
    let words = words();
    for number in first..first + inputs {
        let (seed, bytes) = input(number, &seeds, &words);
        let mut replay = format!(
            "POOLROLL_SEED={number} POOLROLL_INPUTS=1 cargo test --test promises fuzzed::the_{name} (from `{seed}`)"
        );
        if inputs == 1 {
            replay += &format!(": {:?}", String::from_utf8_lossy(&bytes));
        }
        let _replay = Replay(replay);
        promise(&bytes);
    }
}

#[test]
fn the_reader_keeps_to_its_word() {
    holds(READER, 20_000);
}

#[test]
fn the_checker_keeps_to_its_word() {
    holds(CHECKER, 10_000);
}

#[test]
fn the_journal_keeps_to_its_word() {
    holds(JOURNAL, 2000);
}

#[test]
fn the_saved_plan_keeps_to_its_word() {
    holds(SAVED, 10_000);
}

/// The journal of a rehearsal; where it stopped for a person, it is taken up once and what is stuck is tried again.
fn journal_of(graph: &Arc<StepGraph>, faults: &[Fault]) -> String {
    let rehearsal = Rehearsal { faults: faults.to_vec(), ..Rehearsal::of(graph) };
    let disk = MemoryDisk::new();
    let mut journal = Journal::create_on(disk.clone(), path(), harness::RUN).expect("an empty disk");
    journal.reserve(1000).expect("there is room");
    let mut shell = rehearsal.shell(graph, DiskLog(journal));
    let opened = Opened { run: harness::RUN.into(), ..header(graph, rehearsal.begins) };
    shell.open(opened).expect("there is room");
    let mut script = Script::new(rehearsal.operator, rehearsal.begins);
    let outcome = script.play(&mut shell, &mut ()).expect("it goes on").expect("somebody approves");
    if !outcome.is_final() {
        let tried = shell.run().stuck().map(|step| Event::Retry { step }).collect::<Vec<_>>();
        for event in std::iter::once(Event::Resumed).chain(tried) {
            shell.commit(event, Facts::default(), None, &mut ()).expect("it is legal");
        }
        script.play(&mut shell, &mut ()).expect("it goes on");
    }
    String::from_utf8(disk.bytes(path()).expect("the journal")).expect("a journal is text")
}

#[test]
fn the_seeds_are_what_this_program_writes() {
    let front_end = FrontEndId(0);
    let act = Act::Perform { front_end, moment: Moment::Upgrade, index: 0 };
    let troubles: [(&str, &[Fault]); 4] = [
        ("approved", &[]),
        (
            "failed-over",
            &[Fault::Pool { begins: Begins::At(0), lasts: Lasts::Times(2), trouble: Trouble::Busy }],
        ),
        ("tried-again", &[Fault::Act { act, attempt: 1, times: 1, twist: Twist::Fails { exit_code: 1603 } }]),
        (
            "drain-hangs",
            &[Fault::Act {
                act: Act::Stop { front_end, mode: Mode::Graceful },
                attempt: 1,
                times: 1,
                twist: Twist::DrainHangs,
            }],
        ),
    ];
    let mut faults = Vec::new();
    for (plan, (name, troubles)) in harness::PLANS.into_iter().zip(troubles) {
        let graph = graph_of(name, plan.as_bytes());
        let seed = golden::at(&format!("fuzz/corpus/journal/{name}.jsonl"));
        faults.extend(golden::compare(&seed, &journal_of(&graph, troubles)).err());
        let mut saved =
            serde_json::to_string_pretty(&Saved::of("plan.yaml", plan.as_bytes(), &graph)).unwrap();
        saved.push('\n');
        if name == "approved" || name == "failed-over" {
            faults.extend(
                golden::compare(&golden::at(&format!("fuzz/corpus/saved/{name}.json")), &saved).err(),
            );
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
