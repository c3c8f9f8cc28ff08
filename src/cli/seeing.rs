//! A moment of a run, as the words see it.

use crate::exec::Moment;
use crate::exec::live::LookedAt;
use crate::graph::StepId;
use crate::report::run_report::Report;
use crate::report::words::Seen;
use crate::run::{Illegal, Want};

/// Lets `with` see a moment.
pub fn seen<T>(moment: &Moment<'_>, with: impl FnOnce(&Seen<'_>) -> T) -> T {
    let approvals = moment.approvals();
    let since = |want: Want| moment.waits.since(want).map(|since| since.at);
    let approval = |step: StepId| approvals.iter().find(|(of, _)| *of == step).map(|(_, id)| id.clone());
    with(&Seen {
        graph: moment.graph,
        run: moment.run,
        run_id: moment.run_id,
        now: moment.at,
        since: &since,
        approval: &approval,
        asked: moment.asked,
    })
}

/// When a run is looked at: now by its own clock, or at its last record once it has ended.
pub fn moment(looked: &LookedAt) -> Moment<'_> {
    let last = looked.records.last().map(|record| record.at);
    let ended = looked.run().outcome().is_some();
    looked.moment(last.filter(|_| ended).unwrap_or_else(|| looked.now()))
}

/// The report of a run that was looked at.
///
/// # Errors
///
/// The records are not a history of the graph; looking at the run has folded them already.
pub fn report(looked: &LookedAt) -> Result<Report, Illegal> {
    let records = looked.records.iter().map(|record| (record.at, &record.body));
    Report::of(&looked.graph, records, Some(looked.now()))
}
