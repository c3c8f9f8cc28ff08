//! The invariants: what must always hold, checked over the truth about a pool and not over what the run believes.
//!
//! [`Monitor`] is shown every event and the [`Truth`] beside it. Rehearsals, the tests of resuming and the proof use the
//! same code, so that a promise has one meaning.

mod answers;
mod invariant;
mod monitor;
mod node;
mod packed;
#[cfg(test)]
mod tests;
mod truth;
mod walk;
mod world;

pub use invariant::Invariant;
pub use monitor::{Glimpse, Monitor, Violation};
pub use node::{Budgets, Happened};
pub use truth::{Misdeeds, ReadinessGiven, Seen, Truth, TwinTruth};
pub use walk::{Broken, Finds, Tally, Verdict, Walk, Worker};
pub use world::{MOST_ACTIONS, World};
