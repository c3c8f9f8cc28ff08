//! The clock's answer to "does it still fit the maintenance window?"

use jiff::Timestamp;

use crate::graph::{StepGraph, StepId, StepKind};
use crate::plan::{Act, Facts, Length};
use crate::run::WindowAnswer;

/// Whether what a step begins fits what is left of the window: a gate begins its domain, a stop its front end, a
/// failover the whole other route. Judged by the durations that the plan expects. A person may have opened the window `until` some
/// moment beside what the plan says.
pub fn answer(
    graph: &StepGraph,
    step: StepId,
    now: Timestamp,
    until: Option<Timestamp>,
) -> (WindowAnswer, Facts) {
    let Some(window) = graph.plan().window() else { return (WindowAnswer::Fits, Facts::default()) };
    let planned = window.is_open(now).then_some(window.end);
    let Some(end) = planned.max(until.filter(|until| now < *until)) else {
        let zone = window.time_zone();
        let [start, end] = [window.start, window.end].map(|at| at.display_with_offset(zone.to_offset(at)));
        let text = format!("the window is from {start} to {end}");
        return (WindowAnswer::Closed, Facts::text(text));
    };
    let estimate = graph.estimate();
    let needed = match graph.kind(step) {
        StepKind::Ready(domain) => estimate.domain(domain),
        StepKind::Ensure(Act::FailOver) => estimate.failed_over.unwrap_or_default(),
        StepKind::Ensure(Act::UpdateDatabases) => estimate.databases,
        _ => estimate.front_end,
    };
    let left = std::time::Duration::try_from(end.duration_since(now)).unwrap_or_default();
    if needed <= left {
        return (WindowAnswer::Fits, Facts::default());
    }
    let text = format!("it takes {} and {} are left", Length::from(needed), rounded(left));
    (WindowAnswer::TooLate, Facts::text(text))
}

fn rounded(length: std::time::Duration) -> Length {
    Length::from(std::time::Duration::from_secs(length.as_secs()))
}
