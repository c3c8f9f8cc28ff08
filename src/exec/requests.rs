//! What people ask of a run in progress: files in its folder, the same on every platform.
//!
//! Another process posts a request and may await the reply; the run's process polls, acts and replies. A request is
//! taken at most once. Requests and replies are never seen half written.

use super::tag;
use super::whole_file::{self, FileError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// The longest request or reply that is read, in bytes.
const MAX_REQUEST: u64 = 1 << 16;

/// How long one waits between two looks for a reply.
const PAUSE: Duration = Duration::from_millis(50);

/// What a person asks of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Pause at the next safe place.
    Pause {
        by: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Stop at once; what is in flight is in doubt.
    Abort {
        by: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Go past an approval.
    Approve { approval: String, by: String },
}

/// The name of a request; ids sort as their requests were posted, by the clocks of those who did.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestId(String);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What the run says to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Whether the run does what was asked.
    pub accepted: bool,
    pub text: String,
}

/// What a poll found.
#[derive(Debug, Default)]
pub struct Polled {
    /// In the order in which they were posted.
    pub requests: Vec<(RequestId, Request)>,
    /// Files that are no requests, each reported once.
    pub refused: Vec<Refused>,
}

/// A file among the requests that is none, or cannot be used.
#[derive(Debug)]
pub struct Refused {
    /// Where it is now: moved aside to `<name>.bad` if that could be done.
    pub path: PathBuf,
    pub why: Unusable,
}

/// Why a file is no request.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error("the request is not understood")]
    NotUnderstood(#[source] serde_json::Error),
    #[error("the request has {0} bytes, more than any request")]
    TooLong(u64),
    #[error("it is not a file")]
    NotAFile,
    #[error("the request cannot be read")]
    Unreadable(#[source] io::Error),
}

/// Why a reply did not come.
#[derive(Debug, thiserror::Error)]
pub enum NoReply {
    /// The request was withdrawn: it will not be acted upon.
    #[error("nobody took the request")]
    NotTaken,
    #[error("the run took the request, but has not answered")]
    NotAnswered,
    #[error("the reply `{}` is not understood", path.display())]
    NotUnderstood { path: PathBuf, source: serde_json::Error },
    #[error(transparent)]
    File(#[from] FileError),
}

impl NoReply {
    /// What to do next.
    pub fn help(&self) -> String {
        match self {
            Self::NotTaken => {
                "see with `poolroll status` whether the run is in progress; if not, `poolroll resume` it"
                    .to_owned()
            }
            Self::NotAnswered | Self::NotUnderstood { .. } => {
                "see with `poolroll status` whether the run does what was asked".to_owned()
            }
            Self::File(error) => error.help(),
        }
    }
}

/// The folder of the requests to one run.
#[derive(Debug)]
pub struct Requests {
    dir: PathBuf,
    /// Files that could not be removed or moved aside: not taken or reported again.
    stuck: BTreeSet<PathBuf>,
}

impl Requests {
    /// The requests in `dir`, which [`super::folder::Runs::create`] makes.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), stuck: BTreeSet::new() }
    }

    /// Leaves a request for the run's process to find.
    pub fn post(&self, request: &Request, now: Timestamp) -> Result<RequestId, FileError> {
        let time = now.strftime("%Y%m%d-%H%M%S");
        let nanoseconds = now.subsec_nanosecond().unsigned_abs();
        let id = RequestId(format!("{time}-{nanoseconds:09}-{}", tag::random(6)));
        write_json(&self.path(&id, "json"), request)?;
        Ok(id)
    }

    /// Takes all requests that are there. What is there when a run is resumed was meant for a process that is gone.
    ///
    /// Errors: only when the folder itself cannot be read; a missing one is empty.
    pub fn poll(&mut self) -> Result<Polled, FileError> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Polled::default()),
            Err(error) => return Err(FileError::of("read", &self.dir)(error)),
        };
        let mut names = BTreeSet::new();
        for entry in entries {
            let name = entry.map_err(FileError::of("read", &self.dir))?.file_name();
            names.extend(name.to_str().and_then(|name| name.strip_suffix(".json")).map(str::to_owned));
        }
        let mut polled = Polled::default();
        for id in names.into_iter().filter(|name| !name.starts_with('.')).map(RequestId) {
            self.take(id, &mut polled);
        }
        Ok(polled)
    }

    fn take(&mut self, id: RequestId, polled: &mut Polled) {
        let path = self.path(&id, "json");
        if self.stuck.contains(&path) {
            return;
        }
        match read_request(&path) {
            Ok(request) => match fs::remove_file(&path) {
                // Withdrawn between the two: nobody waits for it any more.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => {
                    if removed.is_err() {
                        self.stuck.insert(path);
                    }
                    polled.requests.push((id, request));
                }
            },
            Err(Unusable::Unreadable(error)) if error.kind() == io::ErrorKind::NotFound => {}
            Err(why) => {
                let aside = self.path(&id, "json.bad");
                let moved = fs::rename(&path, &aside).is_ok();
                if !moved {
                    self.stuck.insert(path.clone());
                }
                polled.refused.push(Refused { path: if moved { aside } else { path }, why });
            }
        }
    }

    /// Answers a request that was taken.
    pub fn reply(&self, id: &RequestId, reply: &Reply) -> Result<(), FileError> {
        write_json(&self.path(id, "reply"), reply)
    }

    /// Waits for the reply to a request, at most for `patience`, and takes it. A request that nobody took by then is
    /// withdrawn, so that it does not surprise a later run.
    ///
    /// Errors: [`NoReply`].
    pub fn await_reply(&self, id: &RequestId, patience: Duration) -> Result<Reply, NoReply> {
        let path = self.path(id, "reply");
        let begun = Instant::now();
        loop {
            match whole_file::read(&path, MAX_REQUEST) {
                Ok(text) => {
                    let _ = fs::remove_file(&path);
                    return serde_json::from_slice(&text)
                        .map_err(|source| NoReply::NotUnderstood { path, source });
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(FileError::of("read", &path)(error).into()),
            }
            if begun.elapsed() >= patience {
                return Err(if self.withdraw(id)? { NoReply::NotTaken } else { NoReply::NotAnswered });
            }
            thread::sleep(PAUSE.min(patience));
        }
    }

    /// Takes a request back; `false` when the run has taken it already.
    pub fn withdraw(&self, id: &RequestId) -> Result<bool, FileError> {
        let path = self.path(id, "json");
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(FileError::of("remove", &path)(error)),
        }
    }

    fn path(&self, id: &RequestId, extension: &str) -> PathBuf {
        self.dir.join(format!("{id}.{extension}"))
    }
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), FileError> {
    let text = serde_json::to_vec(value).map_err(io::Error::other).map_err(FileError::of("write", path))?;
    whole_file::write(path, &text)
}

fn read_request(path: &Path) -> Result<Request, Unusable> {
    // Looked at first: to read a pipe somebody put here would take for ever, and a huge file all memory.
    let metadata = fs::metadata(path).map_err(Unusable::Unreadable)?;
    if !metadata.is_file() {
        return Err(Unusable::NotAFile);
    }
    if metadata.len() > MAX_REQUEST {
        return Err(Unusable::TooLong(metadata.len()));
    }
    let text = fs::read(path).map_err(Unusable::Unreadable)?;
    serde_json::from_slice(&text).map_err(Unusable::NotUnderstood)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests() -> (tempfile::TempDir, Requests) {
        let dir = tempfile::tempdir().unwrap();
        let requests = Requests::at(dir.path());
        (dir, requests)
    }

    fn pause(reason: &str) -> Request {
        Request::Pause { by: "ann".to_owned(), reason: Some(reason.to_owned()) }
    }

    fn at(millisecond: i64) -> Timestamp {
        Timestamp::from_millisecond(1_796_508_003_000 + millisecond).unwrap()
    }

    #[test]
    fn requests_come_once_and_in_the_order_of_their_posting() {
        let (dir, mut requests) = requests();
        let posted = [
            Request::Approve { approval: "fail-over-k3f9".to_owned(), by: "ann".to_owned() },
            pause("lunch"),
            Request::Abort { by: "bob".to_owned(), reason: None },
            pause("2"),
        ];
        let times = [999, 1000, 9_999, 86_400_000];
        let mut ids: Vec<RequestId> =
            (0..4).rev().map(|i| requests.post(&posted[i], at(times[i])).unwrap()).collect();
        ids.reverse();
        let polled = requests.poll().unwrap();
        assert_eq!(polled.requests, ids.into_iter().zip(posted).collect::<Vec<_>>());
        assert!(polled.refused.is_empty());
        assert!(requests.poll().unwrap().requests.is_empty());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_request_reads_as_people_would_write_it() {
        let text = serde_json::to_string(&Request::Abort { by: "bob".to_owned(), reason: None }).unwrap();
        assert_eq!(text, r#"{"abort":{"by":"bob"}}"#);
        assert_eq!(
            serde_json::from_str::<Request>(r#"{"pause":{"by":"ann","reason":"x"}}"#).unwrap(),
            pause("x")
        );
    }

    #[test]
    fn what_is_no_request_is_moved_aside_and_reported_once() {
        let (dir, mut requests) = requests();
        let bad = ["", "{", "{\"explode\":{}}", "{\"pause\":{\"by\":\"ann\",\"rason\":\"x\"}}", "\u{fffd}"];
        for (number, text) in bad.iter().enumerate() {
            fs::write(dir.path().join(format!("{number}.json")), text).unwrap();
        }
        fs::write(dir.path().join("big.json"), vec![b' '; MAX_REQUEST as usize + 1]).unwrap();
        fs::create_dir(dir.path().join("dir.json")).unwrap();
        fs::write(dir.path().join(".new-0123"), "{").unwrap();
        fs::write(dir.path().join("note.txt"), "hello").unwrap();
        let good = requests.post(&pause("x"), at(0)).unwrap();
        let polled = requests.poll().unwrap();
        assert_eq!(polled.requests, [(good, pause("x"))]);
        assert_eq!(polled.refused.len(), bad.len() + 2);
        for refused in &polled.refused {
            assert!(
                refused.path.exists() && refused.path.to_str().unwrap().ends_with(".json.bad"),
                "{refused:?}"
            );
        }
        assert!(requests.poll().unwrap().refused.is_empty());
        assert_eq!(fs::read_to_string(dir.path().join("note.txt")).unwrap(), "hello");
    }

    #[test]
    fn a_missing_folder_has_no_requests() {
        let (dir, _) = requests();
        assert!(Requests::at(dir.path().join("absent")).poll().unwrap().requests.is_empty());
    }

    #[test]
    fn a_reply_reaches_who_asked() {
        let (dir, mut requests) = requests();
        let asking = Requests::at(dir.path());
        let id = asking.post(&pause("x"), at(0)).unwrap();
        let reply = Reply { accepted: true, text: "pausing after `UD2`".to_owned() };
        thread::scope(|scope| {
            let asked = scope.spawn(|| asking.await_reply(&id, Duration::from_secs(20)));
            let (taken, _) = requests.poll().unwrap().requests.remove(0);
            thread::sleep(PAUSE);
            requests.reply(&taken, &reply).unwrap();
            assert_eq!(asked.join().unwrap().unwrap(), reply);
        });
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn without_a_reply_one_knows_whether_the_request_was_taken() {
        let (_dir, mut requests) = requests();
        let id = requests.post(&pause("x"), at(0)).unwrap();
        assert!(matches!(requests.await_reply(&id, Duration::ZERO), Err(NoReply::NotTaken)));
        assert!(requests.poll().unwrap().requests.is_empty(), "withdrawn");
        let id = requests.post(&pause("x"), at(0)).unwrap();
        requests.poll().unwrap();
        assert!(matches!(requests.await_reply(&id, Duration::ZERO), Err(NoReply::NotAnswered)));
    }

    #[test]
    fn none_is_lost_or_doubled_while_many_post() {
        let (dir, mut requests) = requests();
        let mut taken = Vec::new();
        thread::scope(|scope| {
            let posting: Vec<_> = (0..4)
                .map(|who| {
                    let asking = Requests::at(dir.path());
                    scope.spawn(move || {
                        (0..50)
                            .for_each(|i| drop(asking.post(&pause(&format!("{who}-{i}")), at(i)).unwrap()));
                    })
                })
                .collect();
            while taken.len() < 200 && !posting.iter().all(|thread| thread.is_finished()) {
                taken.extend(requests.poll().unwrap().requests);
            }
        });
        taken.extend(requests.poll().unwrap().requests);
        let ids: BTreeSet<&RequestId> = taken.iter().map(|(id, _)| id).collect();
        assert_eq!((taken.len(), ids.len()), (200, 200));
    }
}
