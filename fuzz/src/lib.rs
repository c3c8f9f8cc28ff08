//! Any bytes against what poolroll promises of what it reads: a function a promise, that panics where it is broken.
//!
//! The fuzzers of this folder call these with what libFuzzer makes of the seeds; the tests of the program include the same
//! file and call them with what a small generator does (`tests/promises/fuzzed.rs`).

mod checker;
mod findings;
mod journal;
mod reader;
mod saved;

pub use checker::checker;
pub use journal::{PLANS, RUN, journal};
pub use reader::reader;
pub use saved::saved;
