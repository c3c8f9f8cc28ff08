//! The rules of a plan beyond its schema: one function a rule, or a few rules that look at the same two values.
//!
//! A rule reads the plan as it was written and adds what it finds; it never stops the others, so that all findings
//! of a plan come out together. None of them reads a clock: a plan in git means the same tomorrow. What needs the
//! step graph (whether the steps fit the window) is checked where the graph is.

mod acceptance;
mod approvals;
mod at_once;
mod command;
mod driver;
mod failover;
mod fqdn;
mod lengths;
mod limits;
mod names;
mod near;
mod order;
mod product;
mod quorum;
#[cfg(test)]
mod tests;
mod tries;
mod upgrade;
mod window;
mod zone;

pub use fqdn::host_name_fault;

use crate::document::{Code, Finding, Findings, Spanned};
use crate::plan::PlanText;

pub(super) use names::Names;
pub(super) use window::window;

/// A rule: the plan as written, its names, and where findings go.
type Rule = fn(&PlanText, &Names, &mut Findings);

/// Every rule, in the order of the plan's keys.
pub(super) const ALL: &[Rule] = &[
    names::plan_name,
    names::pool_name,
    product::pool_size,
    product::minimum_active,
    product::failed_front_ends,
    order::start_order,
    quorum::domains_may_be_lost,
    window::immediate_stop,
    window::immediate_after_drain,
    window::drain_without_effect,
    failover::partner,
    failover::settings_need_partner,
    failover::settings_without_effect,
    tries::attempts,
    tries::looks,
    tries::restarts,
    tries::busy_in_a_row,
    lengths::bounds,
    lengths::readiness_interval,
    lengths::soak,
    at_once::front_ends,
    at_once::failed_over_upgrades,
    upgrade::amount,
    upgrade::version,
    upgrade::programs,
    upgrade::secrets,
    upgrade::exit_codes,
    upgrade::databases,
    acceptance::services,
    acceptance::ports,
    limits::drain,
    limits::steps,
    limits::actions,
    limits::settle,
    limits::acceptance,
    limits::watch,
    approvals::known_and_once,
    approvals::asked_at_all,
    driver::simulated,
    driver::powershell,
    driver::second_hop,
    command::each,
    command::complete,
    command::actions,
];

/// The finding for a plan in which something is missing that no rule spoke of.
pub(super) fn incomplete() -> Finding {
    Finding::new(
        Code::PlanIncomplete,
        "the plan cannot be resolved, and no rule says why",
        "this is a fault of poolroll: please report it together with the plan",
    )
}

/// Whether a value stands in the text; a default has no place there.
fn written<T>(value: &Spanned<T>) -> bool {
    !value.span().is_empty()
}

/// Adds a label where the value stands; a default has no place, so it gets none.
fn and_at<T>(finding: Finding, value: &Spanned<T>, text: impl Into<String>) -> Finding {
    if written(value) { finding.at(value.span(), text) } else { finding }
}

/// `1 front end`, `3 front ends`.
fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
