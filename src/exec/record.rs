//! What a run's journal holds: one header, then the events as they were folded, each with what rides beside it.

use std::borrow::Cow;
use std::io;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Pace;
use super::disk::Syncing;
use crate::graph::{StepGraph, StepId};
use crate::plan::Facts;
use crate::run::Event;

/// The version of the journal's format: a minor version adds, a major one breaks.
pub const FORMAT_VERSION: &str = "1.0";

/// One record of a run's journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry<'a> {
    /// The first record: what this journal is of.
    Opened(Opened),
    /// An event, in the order in which the run folded it.
    Event(EventEntry<'a>),
}

/// What binds a journal to its plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    pub format_version: String,
    /// The version of the program that began the run.
    pub program: String,
    pub run: String,
    pub pool: String,
    /// The digest of the compiled plan: a journal is folded over that graph and no other.
    pub digest: String,
    /// How the time of this run passes.
    pub pace: Pace,
    /// Which driver reaches the pool.
    pub driver: String,
    /// Who began the run.
    pub by: String,
}

/// An event and what rides beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventEntry<'a> {
    pub epoch: u32,
    pub event: Cow<'a, Event>,
    /// The step's readable id, for whoever reads the journal with their own eyes. Nothing folds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
    /// Who did it, and why they said they did, for what persons do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Act>,
    /// How time passes from here on, where a run in a faster time than ours was taken up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pace: Option<Pace>,
}

/// A person's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    pub who: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The step that an event is about.
pub fn step_of(event: &Event) -> Option<StepId> {
    match event {
        Event::Begin { step }
        | Event::Halt { step }
        | Event::Answered { step, .. }
        | Event::Window { step, .. }
        | Event::Approved { step }
        | Event::Retry { step }
        | Event::Resolve { step, .. } => Some(*step),
        Event::Elapsed { timer } => Some(timer.step),
        _ => None,
    }
}

impl<'a> EventEntry<'a> {
    pub fn new(
        graph: &'a StepGraph,
        epoch: u32,
        event: &'a Event,
        facts: Facts,
        by: Option<Act>,
    ) -> EventEntry<'a> {
        let id = step_of(event)
            .and_then(|step| graph.steps().get(step.index()))
            .map(|step| Cow::Borrowed(step.name.as_str()));
        EventEntry { epoch, event: Cow::Borrowed(event), id, facts, by, pace: None }
    }
}

/// Where records go. A live run has a journal on disk; a rehearsal may keep them, or not.
pub trait Log {
    /// Adds one record after the last. It is durable only after the next [`sync`](Log::sync).
    ///
    /// # Errors
    ///
    /// The record was not added; the log is as it was.
    fn append(&mut self, at: Timestamp, entry: &Entry<'_>) -> Result<(), LogError>;

    /// Makes durable what was added since the last sync.
    ///
    /// # Errors
    ///
    /// Nobody knows what is durable; nothing more may be added.
    fn sync(&mut self) -> Result<(), LogError>;

    /// Makes what was added outlive this process, and begins to make it durable: by a sync that is to be called on another thread, of which
    /// [`synced`](Log::synced) is told before anything more is added. Without one it is durable by now.
    ///
    /// # Errors
    ///
    /// As those of [`sync`](Log::sync).
    fn sync_beside(&mut self) -> Result<Option<Syncing>, LogError> {
        self.sync().map(|()| None)
    }

    /// What came of a sync that was made beside.
    ///
    /// # Errors
    ///
    /// As those of [`sync`](Log::sync).
    fn synced(&mut self, synced: io::Result<()>) -> Result<(), LogError> {
        let help = "look at the disk that holds `.poolroll`".to_owned();
        synced.map_err(|source| LogError { source: Box::new(source), help })
    }

    /// Whether the space that was set aside for the end of the run is being used up: it should end soon.
    fn is_short(&self) -> bool {
        false
    }
}

/// A record could not be written. The run cannot go on without its journal.
#[derive(Debug, thiserror::Error)]
#[error("the journal cannot be written")]
pub struct LogError {
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
    pub help: String,
}

/// A log that keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLog;

impl Log for NoLog {
    fn append(&mut self, _: Timestamp, _: &Entry<'_>) -> Result<(), LogError> {
        Ok(())
    }
    fn sync(&mut self) -> Result<(), LogError> {
        Ok(())
    }
}

/// A log in memory, as deep as the rehearsal is long.
#[derive(Clone, Debug, Default)]
pub struct MemoryLog {
    pub records: Vec<(Timestamp, Entry<'static>)>,
}

impl Log for MemoryLog {
    fn append(&mut self, at: Timestamp, entry: &Entry<'_>) -> Result<(), LogError> {
        self.records.push((at, entry.to_static()));
        Ok(())
    }
    fn sync(&mut self) -> Result<(), LogError> {
        Ok(())
    }
}

impl Entry<'_> {
    /// The same entry, owning everything.
    pub fn to_static(&self) -> Entry<'static> {
        match self {
            Entry::Opened(opened) => Entry::Opened(opened.clone()),
            Entry::Event(event) => Entry::Event(EventEntry {
                epoch: event.epoch,
                event: Cow::Owned(event.event.as_ref().clone()),
                id: event.id.as_ref().map(|id| Cow::Owned(id.clone().into_owned())),
                facts: event.facts.clone(),
                by: event.by.clone(),
                pace: event.pace,
            }),
        }
    }
}
