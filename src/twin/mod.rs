//! The twin: a pure model of a pool that behaves as the field says. A plan, acts and time go in, answers come out.
//!
//! It is the reference that rehearsals, the invariants and the embedded pool share, so it is its own judge of nothing:
//! it takes every act that a real pool would take, wise or not, and its [`Books`] say what became of it. It knows no
//! clock, file, environment or randomness from outside: the same plan, [`Setup`], faults and calls at the same
//! instants give the same answers, always, and a twin that was written down and read again goes on identically.
//!
//! What it leaves out on purpose:
//!
//! - services of one front end are one state, not one each; *partly* stands for any mixture;
//! - every two front ends of different domains share a routing group, so one missing replica is felt everywhere;
//! - a front end that left or came back makes the fabric build replicas for `expected.rebuild`, from the last change on;
//! - a restarted front end serves only after its start was ensured, except after a failover, where services start by
//!   themselves and serve nobody;
//! - a draining front end takes no new connections, so it is not active, though its services still run.

mod agenda;
mod answers;
mod ask;
mod at;
mod books;
mod chance;
mod ensure;
mod failover;
mod fault;
mod happen;
mod membership;
pub mod scenario;
mod sessions;
mod setup;
mod states;
mod world;

pub use at::At;
pub use books::{Asked, Books, Counted, FrontEndBook, Sessions};
pub use fault::{Begins, Fault, Lasts, Trouble, Twist};
pub use scenario::{Operator, Scenario, ScenarioText, scenario_schema};
pub use setup::Setup;
pub use states::{Computer, PoolState, Services};
pub use world::Twin;

#[cfg(test)]
mod tests;
