//! Journals: bytes to records, records to a run, as `poolroll status`, `report` and `resume` come to it.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use poolroll::StepGraph;
use poolroll::exec::journal::{Journal, JournalError, Record};
use poolroll::exec::live::{self, LiveError, LookedAt, Places, compile};
use poolroll::exec::memory_disk::MemoryDisk;
use poolroll::exec::record::{Entry, FORMAT_VERSION, Opened};
use poolroll::report::run_report::Report;
use poolroll::report::run_status::{Room, Status};
use poolroll::report::times::Zone;
use poolroll::report::words::Seen;
use poolroll::report::{run_human, run_json};
use poolroll::run::{Event, Outcome, Run, Wanted};
use sha2::{Digest, Sha256};

/// The run whose journals these are.
pub const RUN: &str = "20270206-180000-p-seed";

/// The plans of which journals are folded; a journal says by its digest which one it is of.
pub const PLANS: [&str; 4] = [
    include_str!("../../tests/small/approvals.yaml"),
    include_str!("../../tests/small/partner-when-troubled.yaml"),
    include_str!("../../tests/small/two-at-once.yaml"),
    include_str!("../../tests/small/window.yaml"),
];

/// A run decides at most so often before it waits for something.
const MAX_DECISIONS: usize = 1000;

/// Of how many records at most the boundaries are cut at: each cut reads all that stands before it.
const MAX_CUTS: usize = 16;

/// A journal holds whole records, then at most a torn one; or it is damaged, at a place that is said, and left as it is. A
/// record that does not follow from those before it changes nothing; of those that do, a run can be told and go on.
///
/// The bytes are read as they are, with the chain made to fit, and with the numbers too: a link or a number that was not
/// changed with its line hides everything behind it.
pub fn journal(bytes: &[u8]) {
    read_as_it_is(bytes);
    let chained = chained(bytes, |line, _| line.to_owned());
    if chained != bytes {
        read_as_it_is(&chained);
    }
    let numbered = self::chained(bytes, numbered);
    if numbered != chained {
        read_as_it_is(&numbered);
    }
}

/// The lines, each made `anew` by its number, chained as [`Journal`] does it.
fn chained(bytes: &[u8], anew: fn(&[u8], usize) -> Vec<u8>) -> Vec<u8> {
    let mut chain = link(&[b"poolroll journal 1\n", RUN.as_bytes()]);
    let mut lines = Vec::with_capacity(bytes.len());
    for (seq, line) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let Some(record) = line.strip_suffix(b"}\n").map(without_link).map(|line| anew(line, seq)) else {
            lines.extend_from_slice(line);
            continue;
        };
        chain = link(&[&chain, &record]);
        let hex: String = chain.iter().map(|byte| format!("{byte:02x}")).collect();
        lines.extend_from_slice(&record);
        lines.extend_from_slice(format!(",\"chain\":\"{hex}\"}}\n").as_bytes());
    }
    lines
}

fn link(parts: &[&[u8]]) -> Vec<u8> {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize()[..16].to_vec()
}

fn without_link(line: &[u8]) -> &[u8] {
    const LINK: usize = ",\"chain\":\"0123456789abcdef0123456789abcdef\"".len();
    let (record, link) = line.split_at(line.len().saturating_sub(LINK));
    if link.starts_with(b",\"chain\":\"") { record } else { line }
}

fn numbered(line: &[u8], seq: usize) -> Vec<u8> {
    let rest = line.strip_prefix(b"{\"seq\":").map(|rest| rest.trim_ascii_start());
    let Some(rest) = rest else { return line.to_owned() };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    [format!("{{\"seq\":{seq}").as_bytes(), &rest[digits..]].concat()
}

type Records = Vec<Record<Entry<'static>>>;

fn path() -> &'static Path {
    Path::new("run/journal.jsonl")
}

fn read_as_it_is(bytes: &[u8]) {
    let disk = MemoryDisk::new();
    disk.put(path(), bytes);
    match Journal::<Entry<'static>, _>::open_on(disk.clone(), path(), RUN) {
        Ok((_, history)) => {
            let count = history.records.len();
            let torn = history.torn.map_or(0, |torn| {
                assert_eq!(torn.line, count as u64 + 1, "{torn}");
                assert!(torn.bytes > 0, "{torn}");
                assert_eq!(torn.offset + torn.bytes, bytes.len() as u64, "{torn}");
                torn.bytes as usize
            });
            let whole = &bytes[..bytes.len() - torn];
            assert!(disk.bytes(path()).as_deref() == Some(whole), "the torn record is cut off, nothing else");
            cuts(whole, &history.records);
            written_anew(&history.records);
            replayed(whole, &history.records);
        }
        Err(JournalError::Damaged { line, offset, .. }) => {
            assert!(disk.bytes(path()).as_deref() == Some(bytes), "damage is left as it is");
            let before = bytes.get(..offset as usize).expect("the place is in the file");
            assert!(before.is_empty() || before.ends_with(b"\n"), "byte {offset} begins no line");
            let lines = before.iter().filter(|&&byte| byte == b'\n').count();
            assert_eq!(line, lines as u64 + 1, "byte {offset} is in another line");
            assert_eq!(records(before).len(), lines, "what stands before the damage can be read");
        }
        Err(other) => panic!("{other}"),
    }
}

/// The records of a journal that is whole.
fn records(bytes: &[u8]) -> Records {
    let disk = MemoryDisk::new();
    disk.put(path(), bytes);
    let (_, history) = Journal::open_on(disk, path(), RUN).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(history.torn, None);
    history.records
}

/// Up to the end of any of its lines it reads as the beginning of what it reads as.
fn cuts(bytes: &[u8], all: &[Record<Entry<'static>>]) {
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(newline, _)| newline + 1);
    let stride = all.len() / MAX_CUTS + 1;
    for (count, end) in ends.enumerate().map(|(line, end)| (line + 1, end)).step_by(stride) {
        assert_eq!(records(&bytes[..end]), all[..count]);
    }
    assert!(all.iter().enumerate().all(|(seq, record)| record.seq == seq as u64), "it counts without gaps");
}

/// What was read is written and read again.
fn written_anew(all: &[Record<Entry<'static>>]) {
    let disk = MemoryDisk::new();
    let mut journal = Journal::create_on(disk.clone(), path(), RUN).expect("an empty disk");
    for record in all {
        let seq = journal.append(record.at, &record.body).expect("it was a line before");
        assert_eq!(seq, record.seq);
    }
    journal.sync().expect("there is room");
    assert_eq!(records(&disk.bytes(path()).expect("the journal")), all);
}

/// A plan with its graph and its digest.
struct Compiled {
    text: &'static str,
    graph: Arc<StepGraph>,
    digest: String,
}

fn compiled(digest: &str) -> Option<&'static Compiled> {
    static COMPILED: LazyLock<Vec<Compiled>> = LazyLock::new(|| {
        let compiled = |text: &'static str| {
            let graph = compile("plan.yaml", text.as_bytes()).expect("a plan").graph;
            Compiled { text, digest: graph.digest(), graph }
        };
        PLANS.map(compiled).into()
    });
    COMPILED.iter().find(|compiled| compiled.digest == digest)
}

/// Folds the records, on their own and as a run's folder; both come to the same.
fn replayed(bytes: &[u8], all: &[Record<Entry<'static>>]) {
    let Some(Entry::Opened(Opened { digest, .. })) = all.first().map(|record| &record.body) else { return };
    let Some(Compiled { text, graph, .. }) = compiled(digest) else { return };
    let folded = folded(graph, &all[1..]);
    match (looked_at(text, bytes), folded) {
        (Ok(looked), Ok(run)) => {
            assert!(looked.run() == &run, "a folder is folded to another run");
            assert_eq!(looked.records, all);
            told(&looked);
            goes_on(graph, run);
        }
        (Err(LiveError::Version { found, .. }), _) => assert_ne!(found, FORMAT_VERSION),
        (Err(LiveError::History { record, .. }), Err(refused)) => assert_eq!(record, refused),
        (Ok(_), Err(record)) => panic!("record {record} is no history, and the folder is one"),
        (Err(error), _) => panic!("{error}"),
    }
}

/// The run, or the record that is not legal.
fn folded(graph: &StepGraph, events: &[Record<Entry<'static>>]) -> Result<Run, u64> {
    let mut run = Run::new(graph);
    for record in events {
        let Entry::Event(entry) = &record.body else { return Err(record.seq) };
        let before = run.clone();
        let legal = run.apply(graph, &entry.event);
        assert!(run.is_consistent(graph), "after {:?}", entry.event);
        if legal.is_err() {
            assert!(run == before && run.epoch() == before.epoch(), "refused, and yet: {:?}", entry.event);
            return Err(record.seq);
        }
    }
    Ok(run)
}

thread_local! {
    /// A folder of runs, for as long as the thread lives.
    static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
}

fn looked_at(plan: &str, journal: &[u8]) -> Result<LookedAt, LiveError> {
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| tempfile::tempdir().expect("a folder")).path();
        let run: PathBuf = folder.join("runs").join(RUN);
        std::fs::create_dir_all(&run).expect("a folder");
        std::fs::write(run.join("plan.yaml"), plan).expect("there is room");
        std::fs::write(run.join("journal.jsonl"), journal).expect("there is room");
        live::look(&Places::at(folder.join("runs"), folder.join("claims")), Some(RUN))
    })
}

/// Whatever its records say, a run can be shown, for people and for programs.
fn told(looked: &LookedAt) {
    let moment = looked.moment(looked.now());
    let approvals = moment.approvals();
    let seen = Seen {
        graph: moment.graph,
        run: moment.run,
        run_id: moment.run_id,
        now: moment.at,
        since: &|want| moment.waits.since(want).map(|since| since.at),
        approval: &|step| approvals.iter().find(|(of, _)| *of == step).map(|(_, id)| id.clone()),
        asked: moment.asked,
    };
    let status = Status::of(&seen, looked.alive, |_| None);
    let mut text = status.text();
    text.push_str(&status.text_in(Room { lines: 24, columns: 80 }));
    let records = looked.records.iter().map(|record| (record.at, &record.body));
    let report = Report::of(&looked.graph, records, Some(looked.now())).expect("it was folded before");
    run_human::write(&mut text, &report, &Zone::of(&looked.graph)).expect("a text takes all");
    let (mut one, mut other) = (Vec::new(), Vec::new());
    status.write_json(&mut one).expect("memory takes all");
    run_json::write_json(&mut other, &report).expect("memory takes all");
    for json in [one, other] {
        serde_json::from_slice::<serde_json::Value>(&json).expect("JSON is JSON");
    }
}

/// A run that has not ended can be taken up, and decides only what it may, until it waits or ends.
fn goes_on(graph: &StepGraph, mut run: Run) {
    let has_ended = run.outcome().is_some_and(Outcome::is_final);
    assert_eq!(run.apply(graph, &Event::Resumed).is_err(), has_ended);
    if has_ended {
        return assert_eq!(run.decide(graph), None, "it has ended");
    }
    let mut decisions = 0;
    while let Some(event) = run.decide(graph) {
        run.apply(graph, &event).unwrap_or_else(|illegal| panic!("{illegal}: {event:?}"));
        decisions += 1;
        assert!(decisions < MAX_DECISIONS, "it never comes to wait for anything");
    }
    assert!(run.is_consistent(graph));
    let mut wanted = Wanted::default();
    run.wanted(graph, &mut wanted);
    let waits = wanted.iter().next().is_some();
    assert!(waits || run.outcome().is_some(), "it waits for nothing, and has not ended");
}
