//! What a crash, a bad disk or a changed byte may do to a journal, and what it must not.

use super::*;
use crate::exec::memory_disk::{Act, Fault, MemoryDisk};
use std::fs;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Event {
    Began,
    Answered { step: String, attempt: u32 },
    Said(String),
}

type Memory = Journal<Event, MemoryDisk>;

const RUN: &str = "20261205-220003-contoso-k3f9";

fn path() -> &'static Path {
    Path::new("run/journal.jsonl")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_796_508_003 + second).unwrap()
}

fn events() -> Vec<Event> {
    vec![
        Event::Began,
        Event::Answered { step: "stop/fe03.contoso.com".to_owned(), attempt: 1 },
        Event::Said("two\nlines, \"quotes\", \\, \u{1F600} and \u{0}".to_owned()),
        Event::Said(String::new()),
    ]
}

/// A disk with a journal of all events, synced, and what it holds.
fn written() -> (MemoryDisk, Memory, Vec<Record<Event>>) {
    let disk = MemoryDisk::new();
    let mut journal = Memory::create_on(disk.clone(), path(), RUN).unwrap();
    for (seq, event) in events().iter().enumerate() {
        assert_eq!(journal.append(at(seq as i64), event).unwrap(), seq as u64);
    }
    journal.sync().unwrap();
    let records = reopened(&disk).1.records;
    assert_eq!(records.iter().map(|record| record.body.clone()).collect::<Vec<_>>(), events());
    assert!(
        records
            .iter()
            .enumerate()
            .all(|(seq, record)| record.seq == seq as u64 && record.at == at(seq as i64))
    );
    (disk, journal, records)
}

fn reopened(disk: &MemoryDisk) -> (Memory, History<Event>) {
    Memory::open_on(disk.clone(), path(), RUN).unwrap()
}

fn bytes(disk: &MemoryDisk) -> Vec<u8> {
    disk.bytes(path()).unwrap()
}

/// Where the line that holds a byte begins, and its number from 1; a newline belongs to the line it ends.
fn line_of(bytes: &[u8], byte: usize) -> (u64, u64) {
    let before = &bytes[..byte];
    let offset = before.iter().rposition(|&b| b == b'\n').map_or(0, |newline| newline + 1);
    (offset as u64, before.iter().filter(|&&b| b == b'\n').count() as u64 + 1)
}

#[test]
fn a_line_is_a_json_object_that_ends_in_its_link() {
    let (disk, ..) = written();
    let text = String::from_utf8(bytes(&disk)).unwrap();
    assert_eq!(text.lines().count(), events().len());
    for line in text.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        let link = value["chain"].as_str().unwrap();
        assert!(link.len() == 32 && line.ends_with(&format!(",\"chain\":\"{link}\"}}")), "{line}");
    }
    // Journals that exist must stay readable: this link was computed elsewhere, from the words of the format.
    let first = "{\"seq\":0,\"at\":\"2026-12-05T22:00:03Z\",\"body\":\"began\",\"chain\":\"3ff01398d65b987e5f8d48ac50d8000b\"}";
    assert_eq!(text.lines().next().unwrap(), first);
}

#[test]
fn cut_anywhere_it_opens_as_the_whole_records_before_the_cut() {
    let (disk, _, records) = written();
    let whole = bytes(&disk);
    for cut in 0..=whole.len() {
        let (offset, line) = line_of(&whole, cut);
        let disk = MemoryDisk::new();
        disk.put(path(), &whole[..cut]);
        let seen = history::<Event>(&disk, path(), RUN).unwrap().0;
        assert_eq!(bytes(&disk).len(), cut, "a look changes nothing");
        let (mut journal, history) = reopened(&disk);
        assert_eq!(history.records, records[..line as usize - 1]);
        let torn = (cut as u64 > offset).then_some(TornTail { offset, bytes: cut as u64 - offset, line });
        assert_eq!((history.torn, seen.torn), (torn, torn), "cut at {cut}");
        assert_eq!(bytes(&disk).len() as u64, offset);
        // It goes on as if the torn record had never been.
        assert_eq!(journal.append(at(9), &Event::Began).unwrap(), line - 1);
        journal.sync().unwrap();
        disk.crash(|_, _| 0);
        let (_, history) = reopened(&disk);
        assert_eq!((history.records.len() as u64, history.torn), (line, None));
    }
}

#[test]
fn no_changed_byte_is_read_as_a_record() {
    let (disk, _, records) = written();
    let whole = bytes(&disk);
    for byte in 0..whole.len() {
        let (offset, line) = line_of(&whole, byte);
        for value in (0..=255).filter(|&value| value != whole[byte]) {
            let mut changed = whole.clone();
            changed[byte] = value;
            disk.put(path(), &changed);
            match Memory::open_on(disk.clone(), path(), RUN) {
                Err(JournalError::Damaged { line: l, offset: o, .. }) => {
                    assert_eq!((l, o), (line, offset), "byte {byte} became {value}");
                    assert_eq!(bytes(&disk), changed, "damage is left as it is");
                }
                // The very last newline: the last record cannot be told from one that was cut short.
                Ok((_, history)) => {
                    assert_eq!(byte, whole.len() - 1, "byte {byte} became {value}");
                    assert_eq!(history.records, records[..records.len() - 1]);
                    assert_eq!(history.torn.unwrap().offset, offset);
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
}

#[test]
fn lines_that_were_moved_lost_doubled_or_of_another_run_are_damage() {
    let (disk, ..) = written();
    let whole = bytes(&disk);
    let lines: Vec<&[u8]> = whole.split_inclusive(|&b| b == b'\n').collect();
    let damaged_line = |lines: &[&[u8]], run| {
        disk.put(path(), &lines.concat());
        match Memory::open_on(disk.clone(), path(), run) {
            Err(JournalError::Damaged { line, source: Wrong::Chain, .. }) => line,
            other => panic!("{:?}", other.map(|(_, history)| history)),
        }
    };
    assert_eq!(damaged_line(&[lines[0], lines[2], lines[1], lines[3]], RUN), 2);
    assert_eq!(damaged_line(&[lines[0], lines[2], lines[3]], RUN), 2);
    assert_eq!(damaged_line(&[lines[1], lines[2]], RUN), 1);
    assert_eq!(damaged_line(&[lines[0], lines[0]], RUN), 2);
    assert_eq!(damaged_line(&lines, "another"), 1);
}

#[test]
fn what_is_wrong_with_a_line_is_said() {
    let (disk, ..) = written();
    let whole = bytes(&disk);
    let wrong = |more: &[u8]| {
        disk.put(path(), &[&whole, more].concat());
        match Memory::open_on(disk.clone(), path(), RUN) {
            Err(JournalError::Damaged { line: 5, offset, source, .. }) if offset == whole.len() as u64 => {
                source
            }
            other => panic!("{:?}", other.map(|(_, history)| history)),
        }
    };
    assert!(matches!(wrong(b"\n"), Wrong::NotJson(_)));
    assert!(matches!(wrong(b"{]\n"), Wrong::NotJson(_)));
    assert!(matches!(wrong(b"\xff\n"), Wrong::NotJson(_)));
    assert!(matches!(wrong(b"{}\n"), Wrong::Chain));
    let mut long = vec![b' '; MAX_LINE + 1];
    assert!(matches!(wrong(&long), Wrong::TooLong), "no crash leaves such a tail");
    long.push(b'\n');
    assert!(matches!(wrong(&long), Wrong::TooLong));
}

#[test]
fn a_record_of_another_version_or_another_number_is_refused_though_its_chain_fits() {
    let disk = MemoryDisk::new();
    let mut journal = Journal::<String, _>::create_on(disk.clone(), path(), RUN).unwrap();
    journal.append(at(0), &"an event that nobody knows".to_owned()).unwrap();
    journal.sync().unwrap();
    let error = Memory::open_on(disk.clone(), path(), RUN).err().unwrap();
    assert!(
        matches!(error, JournalError::Damaged { line: 1, source: Wrong::NotUnderstood(_), .. }),
        "{error}"
    );
    assert!(error.help().contains("version"));

    let mut lines = Vec::new();
    line::encode(&mut lines, Chain::genesis(RUN), &Record { seq: 7, at: at(0), body: &Event::Began })
        .unwrap();
    disk.put(path(), &lines);
    let error = Memory::open_on(disk.clone(), path(), RUN).err().unwrap();
    let JournalError::Damaged { source: Wrong::Order { expected: 0, found: 7 }, .. } = error else {
        panic!("{error}")
    };
}

#[test]
fn a_record_that_is_refused_leaves_the_journal_as_it_was() {
    let (disk, mut journal, _) = written();
    let long = Event::Said("x".repeat(MAX_LINE));
    assert!(matches!(journal.append(at(5), &long), Err(JournalError::TooLong(bytes)) if bytes > MAX_LINE));
    assert_eq!(journal.append(at(5), &Event::Began).unwrap(), 4);
    journal.sync().unwrap();
    assert_eq!(reopened(&disk).1.records.len(), 5);

    type Keyed = std::collections::BTreeMap<Vec<u8>, u8>;
    let disk = MemoryDisk::new();
    let mut journal = Journal::<Keyed, _>::create_on(disk.clone(), path(), RUN).unwrap();
    let unwritable = Keyed::from([(vec![1], 1)]);
    assert!(matches!(journal.append(at(0), &unwritable), Err(JournalError::Encode(_))));
    assert_eq!(journal.append(at(0), &Keyed::new()).unwrap(), 0);
    journal.sync().unwrap();
    assert_eq!(history::<Keyed>(&disk, path(), RUN).unwrap().0.records.len(), 1);
}

#[test]
fn the_longest_record_that_is_taken_is_read_back() {
    let disk = MemoryDisk::new();
    let mut journal = Memory::create_on(disk.clone(), path(), RUN).unwrap();
    let mut len = MAX_LINE;
    while journal.append(at(0), &Event::Said("x".repeat(len))).is_err() {
        len -= 1;
    }
    journal.sync().unwrap();
    assert_eq!(bytes(&disk).len(), MAX_LINE + 1);
    assert_eq!(reopened(&disk).1.records.len(), 1);
}

#[test]
fn one_write_and_one_sync_serve_all_records_of_a_turn() {
    let (disk, mut journal, _) = written();
    let (appends, syncs) = (disk.count(Act::Append), disk.count(Act::Sync));
    assert_eq!((appends, syncs), (1, 1));
    journal.sync().unwrap();
    assert_eq!(disk.count(Act::Sync), syncs, "nothing new");
    // What an earlier process wrote may not be durable yet.
    let (mut journal, _) = reopened(&disk);
    journal.sync().unwrap();
    journal.sync().unwrap();
    assert_eq!(disk.count(Act::Sync), syncs + 1);
}

#[test]
fn much_that_waits_is_written_before_the_sync() {
    let (disk, mut journal, _) = written();
    let before = bytes(&disk).len();
    for _ in 0..40 {
        journal.append(at(5), &Event::Said("x".repeat(4000))).unwrap();
    }
    assert!(bytes(&disk).len() > before && journal.pending.len() < MAX_PENDING + 8000);
    disk.crash(|_, loose| loose / 2);
    assert!(reopened(&disk).1.records.len() > 4);
}

#[test]
fn after_a_crash_every_synced_record_is_there_and_the_rest_is_a_prefix() {
    for kept in 0..400 {
        let (disk, mut journal, mut records) = written();
        for event in events() {
            let seq = journal.append(at(7), &event).unwrap();
            records.push(Record { seq, at: at(7), body: event });
        }
        journal.write().unwrap();
        disk.crash(|_, loose| kept.min(loose));
        let history = reopened(&disk).1;
        assert!(history.records.len() >= 4);
        assert_eq!(history.records, records[..history.records.len()]);
    }
}

#[test]
fn a_full_disk_costs_the_reserve_once_and_no_record() {
    let (disk, mut journal, _) = written();
    journal.reserve(1000).unwrap();
    let used = bytes(&disk).len();
    disk.set_capacity(Some(used + 1000));
    assert_eq!(disk.len(&path().with_file_name("reserve")).unwrap(), 1000);
    journal.append(at(5), &Event::Said("x".repeat(500))).unwrap();
    assert!(journal.has_reserve());
    journal.sync().unwrap();
    assert!(!journal.has_reserve() && disk.len(&path().with_file_name("reserve")).is_err());
    // Now it is spent: nothing is lost in memory, and what is in the file stays whole.
    journal.append(at(6), &Event::Said("y".repeat(500))).unwrap();
    let error = journal.sync().unwrap_err();
    assert!(matches!(error, JournalError::NoRoom { .. }) && error.help().contains("space"), "{error}");
    assert_eq!(journal.append(at(7), &Event::Began).unwrap(), 6);
    assert!(matches!(journal.sync(), Err(JournalError::NoRoom { .. })));
    assert_eq!(history::<Event>(&disk, path(), RUN).unwrap().0.records.len(), 5);
    assert_eq!(history::<Event>(&disk, path(), RUN).unwrap().0.torn, None);
    disk.set_capacity(None);
    journal.sync().unwrap();
    assert_eq!(reopened(&disk).1.records.len(), 7);
}

#[test]
fn a_reserve_is_kept_by_the_next_process_and_given_back_at_the_end() {
    let (disk, mut journal, _) = written();
    journal.reserve(1000).unwrap();
    let (mut journal, _) = reopened(&disk);
    assert!(journal.has_reserve());
    disk.set_capacity(Some(0));
    journal.reserve(1000).unwrap();
    assert!(matches!(journal.reserve(2000), Err(JournalError::NoRoom { .. })));
    assert!(!journal.has_reserve());
    disk.set_capacity(None);
    journal.reserve(2000).unwrap();
    assert!(journal.release_reserve() && !journal.release_reserve());
    assert!(disk.len(&path().with_file_name("reserve")).is_err());
}

#[test]
fn a_short_write_is_cut_off_before_anything_follows() {
    for written_bytes in 0..200 {
        for cut_fails in [false, true] {
            let (disk, mut journal, _) = written();
            let good = bytes(&disk);
            disk.fail(Act::Append, 0, Fault::Short(written_bytes));
            if cut_fails {
                disk.fail(Act::Truncate, 0, Fault::Broken);
                disk.fail(Act::Truncate, 1, Fault::Broken);
            }
            journal.append(at(5), &Event::Began).unwrap();
            assert!(matches!(journal.sync(), Err(JournalError::Write { .. })));
            if cut_fails {
                assert!(matches!(journal.sync(), Err(JournalError::Write { .. })));
                assert_eq!(disk.count(Act::Append), 2, "no write on top of the stump");
            } else {
                assert_eq!(bytes(&disk), good);
            }
            journal.append(at(6), &Event::Began).unwrap();
            journal.sync().unwrap();
            disk.crash(|_, _| 0);
            assert_eq!(reopened(&disk).1.records.len(), 6);
        }
    }
}

#[test]
fn after_a_failed_sync_nothing_is_taken_any_more() {
    let (disk, mut journal, records) = written();
    disk.fail(Act::Sync, 0, Fault::Broken);
    journal.append(at(5), &Event::Began).unwrap();
    assert!(matches!(journal.sync(), Err(JournalError::Sync { .. })));
    let before = bytes(&disk);
    assert!(matches!(journal.sync(), Err(JournalError::Closed(_))));
    assert!(matches!(journal.append(at(6), &Event::Began), Err(JournalError::Closed(_))));
    assert!(matches!(journal.sync(), Err(JournalError::Closed(_))));
    assert_eq!(bytes(&disk), before);
    disk.crash(|_, _| 0);
    let history = reopened(&disk).1;
    assert_eq!(history.records, records);
    assert!(history.torn.is_some(), "the disk kept the length, not the bytes");
}

/// Whoever reads the file finds what a process that is killed now has decided, though the disk has not said yet that it is durable.
#[test]
fn a_sync_elsewhere_begins_when_everything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.jsonl");
    let mut journal = Journal::<Event>::create(&path, RUN).unwrap();
    assert!(journal.sync_beside().unwrap().is_none(), "there is nothing to sync");
    journal.append(at(0), &Event::Began).unwrap();
    let syncing = journal.sync_beside().unwrap().expect("the system has threads for that");
    assert_eq!(read::<Event>(&path, RUN).unwrap().records.len(), 1);
    journal.synced(std::thread::spawn(syncing).join().unwrap()).unwrap();
    assert!(journal.sync_beside().unwrap().is_none());
    journal.append(at(1), &Event::Began).unwrap();
    let _never_called = journal.sync_beside().unwrap();
    assert!(matches!(journal.synced(Err(io::Error::other("gone"))), Err(JournalError::Sync { .. })));
    assert!(matches!(journal.append(at(2), &Event::Began), Err(JournalError::Closed(_))));
}

/// Where a disk cannot be synced elsewhere it is done here.
#[test]
fn what_is_not_synced_elsewhere_is_durable_at_once() {
    let (disk, mut journal, _) = written();
    journal.append(at(5), &Event::Began).unwrap();
    assert!(journal.sync_beside().unwrap().is_none());
    disk.crash(|_, _| 0);
    assert_eq!(reopened(&disk).1.records.len(), 5);
}

#[test]
fn a_torn_tail_that_cannot_be_cut_off_for_good_is_no_open_journal() {
    for act in [Act::Truncate, Act::Sync] {
        let (disk, ..) = written();
        disk.put(path(), &[bytes(&disk), b"{".to_vec()].concat());
        disk.fail(act, 0, Fault::Broken);
        assert!(Memory::open_on(disk.clone(), path(), RUN).is_err());
        assert_eq!(reopened(&disk).1.records.len(), 4);
    }
}

#[test]
fn on_the_real_disk_it_does_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.jsonl");
    assert!(matches!(Journal::<Event>::open(&path, RUN), Err(JournalError::Absent(_))));
    let mut journal = Journal::<Event>::create(&path, RUN).unwrap();
    assert!(matches!(Journal::<Event>::create(&path, RUN), Err(JournalError::Exists(_))));
    assert!(read::<Event>(&path, RUN).unwrap().records.is_empty());
    journal.reserve(100_001).unwrap();
    for event in &events() {
        journal.append(at(0), event).unwrap();
    }
    assert!(read::<Event>(&path, RUN).unwrap().records.is_empty(), "not yet synced");
    journal.sync().unwrap();
    assert_eq!(read::<Event>(&path, RUN).unwrap().records.len(), 4);
    drop(journal);

    let whole = fs::read(&path).unwrap();
    fs::write(&path, [&whole, b"{\"seq\":4,".as_slice()].concat()).unwrap();
    assert_eq!(read::<Event>(&path, RUN).unwrap().torn.unwrap().bytes, 9);
    let (mut journal, history) = Journal::<Event>::open(&path, RUN).unwrap();
    assert_eq!(
        history.torn.unwrap().to_string(),
        format!("line 5 at byte {} was cut short after 9 bytes", whole.len())
    );
    assert_eq!(fs::read(&path).unwrap(), whole);
    assert_eq!(fs::metadata(dir.path().join("reserve")).unwrap().len(), 100_001);
    assert!(journal.release_reserve() && !dir.path().join("reserve").exists());
    journal.append(at(5), &Event::Began).unwrap();
    journal.sync().unwrap();
    assert_eq!(read::<Event>(&path, RUN).unwrap().records.len(), 5);
}

#[test]
fn a_reserve_cannot_be_compressed_away() {
    let bytes = filling(4096);
    let mut seen = [0_u32; 256];
    bytes.iter().for_each(|&byte| seen[usize::from(byte)] += 1);
    assert!(bytes.len() == 4096 && seen.iter().all(|&count| count < 64));
}
