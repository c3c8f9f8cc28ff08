//! The invariants: what must always hold, checked over a twin's books and not over the machine's own.
//!
//! [`Monitor`] is shown every event and the books beside it. Rehearsals, the tests of resuming and any exploration
//! use the same code, so that a promise has one meaning.

mod invariant;
mod monitor;

pub use invariant::Invariant;
pub use monitor::{Glimpse, Monitor, Violation};
