//! What the journal costs over bare writes and syncs. `cargo test --release journal::speed -- --ignored --nocapture`

use super::*;
use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Body {
    epoch: u32,
    event: Event,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Event {
    Answered { step: String, attempt: u32, answer: String },
}

fn body() -> Body {
    let (step, answer) = ("upgrade/fe03.contoso.com".to_owned(), "done".to_owned());
    Body { epoch: 1, event: Event::Answered { step, attempt: 1, answer } }
}

fn timed(act: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    act();
    begun.elapsed()
}

#[test]
#[ignore = "a measurement"]
fn synced_records_against_bare_synced_writes() {
    const RECORDS: u32 = 2000;
    let dir = tempfile::tempdir_in(".").unwrap();
    let now = Timestamp::from_second(1_796_508_003).unwrap();
    let mut bare = File::create_new(dir.path().join("bare")).unwrap();
    let mut journal = Journal::<Body>::create(&dir.path().join("journal.jsonl"), "run").unwrap();
    journal.append(now, &body()).unwrap();
    let line = journal.pending.clone();
    journal.sync().unwrap();
    for round in 0..8 {
        let mut bare_round = Duration::ZERO;
        let mut journal_round = Duration::ZERO;
        // Turn and turn about, so that both meet the same disk.
        for _ in 0..RECORDS {
            bare_round += timed(|| bare.write_all(&line).and_then(|()| bare.sync_data()).unwrap());
            journal_round += timed(|| {
                journal.append(now, &body()).unwrap();
                journal.sync().unwrap();
            });
        }
        let per_second = |round: Duration| f64::from(RECORDS) / round.as_secs_f64();
        println!(
            "round {round}: bare {:.0}/s, journal {:.0}/s, ratio {:.3}",
            per_second(bare_round),
            per_second(journal_round),
            journal_round.as_secs_f64() / bare_round.as_secs_f64()
        );
    }
}

#[test]
#[ignore = "a measurement"]
fn records_that_share_a_sync() {
    const RECORDS: u32 = 200_000;
    let dir = tempfile::tempdir_in(".").unwrap();
    let now = Timestamp::from_second(1_796_508_003).unwrap();
    let (body, path) = (body(), dir.path().join("journal.jsonl"));
    let mut journal = Journal::<Body>::create(&path, "run").unwrap();
    for round in 0..5 {
        let appended = timed(|| (0..RECORDS).for_each(|_| assert!(journal.append(now, &body).is_ok())));
        let synced = timed(|| journal.sync().unwrap());
        println!("round {round}: {:?} an append, sync {synced:?}", appended / RECORDS);
    }
    let line = std::fs::metadata(&path).unwrap().len() / journal.records();
    let read = timed(|| {
        assert_eq!(super::read::<Body>(&path, "run").unwrap().records.len() as u64, journal.records())
    });
    println!(
        "{line} bytes a line; {:?} to read a record back",
        read / u32::try_from(journal.records()).unwrap()
    );
}
