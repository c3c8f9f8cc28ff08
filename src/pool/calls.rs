//! Calls that go on as tasks of their own, and their answers as they come.

use std::collections::{BTreeMap, VecDeque};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{Answered, Ticket};
use crate::plan::{Answer, Facts, Problem};

/// What goes on, and what has come of it.
#[derive(Debug)]
pub(super) struct Calls {
    going: BTreeMap<Ticket, JoinHandle<()>>,
    /// Nobody waits for these any more, and what they hold may not be let go of yet.
    let_go: Vec<JoinHandle<()>>,
    tell: mpsc::UnboundedSender<Answered>,
    told: mpsc::UnboundedReceiver<Answered>,
    /// Answers that were waited for and not taken yet.
    heard: VecDeque<Answered>,
}

impl Default for Calls {
    fn default() -> Calls {
        let (tell, told) = mpsc::unbounded_channel();
        Calls { going: BTreeMap::new(), let_go: Vec::new(), tell, told, heard: VecDeque::new() }
    }
}

impl Calls {
    /// Begins a call.
    pub(super) fn begin(
        &mut self,
        ticket: Ticket,
        call: impl Future<Output = (Answer, Facts)> + Send + 'static,
    ) {
        let tell = self.tell.clone();
        let going = tokio::spawn(async move {
            let (answer, facts) = call.await;
            // Nobody listens when the run has ended.
            let _ = tell.send(Answered { ticket, answer, facts });
        });
        self.going.insert(ticket, going);
    }

    /// Nobody waits for this one any more.
    pub(super) fn let_go(&mut self, ticket: Ticket) {
        self.let_go.retain(|call| !call.is_finished());
        if let Some(going) = self.going.remove(&ticket) {
            going.abort();
            self.let_go.push(going);
        }
    }

    /// An answer that has come.
    pub(super) fn take(&mut self) -> Option<Answered> {
        let answered = self.heard.pop_front().or_else(|| self.told.try_recv().ok())?;
        self.going.remove(&answered.ticket);
        Some(answered)
    }

    /// Waits until there is an answer to be taken. Whoever stops waiting loses nothing.
    pub(super) async fn woken(&mut self) {
        if self.heard.is_empty()
            && let Some(answered) = self.told.recv().await
        {
            self.heard.push_back(answered);
        }
    }

    /// Nobody waits for anything any more, and nothing is held by what was waited for.
    pub(super) async fn rest(&mut self) {
        self.let_go.extend(std::mem::take(&mut self.going).into_values());
        for call in self.let_go.drain(..) {
            call.abort();
            let _ = call.await;
        }
    }
}

/// What came of an act.
pub(super) type Ensured = (Result<(), Problem>, Facts);

/// An act that was not ensured, and why, in words.
pub(super) fn failed(problem: Problem, text: impl Into<String>) -> Ensured {
    (Err(problem), Facts::text(text))
}

/// Waits for all of them, at the same time.
pub(super) async fn together<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut going: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, output) in going.iter_mut().filter(|(_, output)| output.is_none()) {
            if let std::task::Poll::Ready(ready) = future.as_mut().poll(context) {
                *output = Some(ready);
            }
        }
        if going.iter().all(|(_, output)| output.is_some()) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    going.into_iter().filter_map(|(_, output)| output).collect()
}
