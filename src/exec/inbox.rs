//! Where requests of persons come from: for a live run files in its folder, and signals to its process.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::audience::Moment;
use super::requests::{Reply, Request, RequestId, Requests};

/// Where requests of persons come from.
pub trait Inbox {
    /// The next request, if one has come by now.
    fn take(&mut self, moment: &Moment<'_>) -> Option<Asked>;

    /// When the next one comes, where that is known.
    fn due(&self, _: &Moment<'_>) -> Option<Timestamp> {
        None
    }

    /// Something among the requests that is none.
    fn take_note(&mut self) -> Option<String> {
        None
    }

    /// Tells whoever asked what came of it.
    fn reply(&mut self, asked: &Asked, reply: Result<String, String>);
}

/// A request that has come.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Under which name the answer is expected; none for a signal.
    pub id: Option<RequestId>,
    pub request: Request,
}

/// Nobody asks for anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoInbox;

impl Inbox for NoInbox {
    fn take(&mut self, _: &Moment<'_>) -> Option<Asked> {
        None
    }
    fn reply(&mut self, _: &Asked, _: Result<String, String>) {}
}

/// How often the folder is looked into: a request is seen within a second, with a margin for a slow disk.
const EVERY: Duration = Duration::from_millis(500);

/// Requests from files and signals.
#[derive(Debug)]
pub struct FolderInbox {
    requests: Requests,
    waiting: VecDeque<(RequestId, Request)>,
    notes: VecDeque<String>,
    looked: Option<Instant>,
    signals: Signals,
    /// Signals that were turned into requests so far.
    taken: u8,
}

/// How many signals to end have come to this process.
#[derive(Clone, Debug, Default)]
pub struct Signals(Arc<AtomicU8>);

impl Signals {
    /// One more. The first asks for a pause, the second for a stop at once.
    pub fn came(&self) -> u8 {
        self.0.fetch_add(1, Ordering::SeqCst).saturating_add(1)
    }

    fn count(&self) -> u8 {
        self.0.load(Ordering::SeqCst)
    }

    /// Whether there was one.
    pub(super) fn have_come(&self) -> bool {
        self.count() > 0
    }
}

impl FolderInbox {
    pub fn new(requests: Requests) -> FolderInbox {
        FolderInbox {
            requests,
            waiting: VecDeque::new(),
            notes: VecDeque::new(),
            looked: None,
            signals: Signals::default(),
            taken: 0,
        }
    }

    /// The same, with signals that are counted already.
    #[must_use]
    pub fn with_signals(self, signals: Signals) -> FolderInbox {
        FolderInbox { signals, ..self }
    }

    /// Requests that are there before the run is taken up were meant for a process that is gone.
    pub fn open(&mut self) {
        self.refuse_all("the run was not in progress");
    }

    /// Whoever still waits is told that the run has ended.
    pub fn close(&mut self) {
        self.refuse_all("the run has ended");
    }

    fn refuse_all(&mut self, why: &str) {
        let posted = self.requests.poll().map(|polled| polled.requests).unwrap_or_default();
        for (id, _) in self.waiting.drain(..).chain(posted) {
            let _ = self.requests.reply(&id, &Reply { accepted: false, text: why.to_owned() });
        }
    }

    fn signal(&mut self) -> Option<Asked> {
        if self.taken >= self.signals.count() {
            return None;
        }
        self.taken += 1;
        let by = "a signal".to_owned();
        let request = match self.taken {
            1 => Request::Pause { by, reason: None },
            _ => Request::Abort { by, reason: None },
        };
        Some(Asked { id: None, request })
    }
}

impl Inbox for FolderInbox {
    fn take(&mut self, _: &Moment<'_>) -> Option<Asked> {
        if let Some(asked) = self.signal() {
            return Some(asked);
        }
        if self.waiting.is_empty() && self.looked.is_none_or(|looked| looked.elapsed() >= EVERY) {
            self.looked = Some(Instant::now());
            // A folder that cannot be read now is read again soon; the run does not depend on it.
            if let Ok(polled) = self.requests.poll() {
                self.waiting.extend(polled.requests);
                self.notes.extend(
                    polled.refused.iter().map(|refused| {
                        format!("`{}` cannot be used: {}", refused.path.display(), refused.why)
                    }),
                );
            }
        }
        let (id, request) = self.waiting.pop_front()?;
        Some(Asked { id: Some(id), request })
    }

    fn take_note(&mut self) -> Option<String> {
        self.notes.pop_front()
    }

    fn reply(&mut self, asked: &Asked, reply: Result<String, String>) {
        let Some(id) = &asked.id else { return };
        let reply = match reply {
            Ok(text) => Reply { accepted: true, text },
            Err(text) => Reply { accepted: false, text },
        };
        // Whoever asked sees in the status what became of it, if this cannot be written.
        let _ = self.requests.reply(id, &reply);
    }
}
