//! Who watches a run while it goes on, and what they are shown.

use jiff::Timestamp;

use super::approval_id;
use super::record::Act;
use super::since::{Since, Waits};
use crate::graph::{StepGraph, StepId};
use crate::plan::Facts;
use crate::pool::Driver;
use crate::run::{Event, Run, Want};

/// What a run is shown while it goes on. It can look at everything and change nothing.
pub struct Moment<'a> {
    pub at: Timestamp,
    pub graph: &'a StepGraph,
    pub run: &'a Run,
    pub driver: &'a Driver,
    pub waits: &'a Waits,
    pub run_id: &'a str,
    /// Who asked for the newest pause, and why.
    pub asked: Option<&'a Act>,
}

impl Moment<'_> {
    /// The approvals that are waited for, with the ids that prove they were read.
    pub fn approvals(&self) -> Vec<(StepId, String)> {
        let approval = |since: &Since| match since.want {
            Want::Approval { step } => Some((step, approval_id(self.run_id, since))),
            _ => None,
        };
        self.waits.iter().filter_map(approval).collect()
    }
}

/// Who watches a run: progress, the invariants of a rehearsal, a recorder.
pub trait Audience {
    /// An event was folded and appended.
    fn heard(&mut self, moment: &Moment<'_>, event: &Event, facts: &Facts);

    /// Nothing has happened for a while; the run waits.
    fn waiting(&mut self, _: &Moment<'_>) {}

    /// Something could not be used: a request, a file in the wrong place.
    fn noted(&mut self, _: &str) {}
}

impl Audience for () {
    fn heard(&mut self, _: &Moment<'_>, _: &Event, _: &Facts) {}
}
