//! What poolroll promises, a module a promise. This is the one test binary.
//!
//! Goldens are compared byte by byte; `POOLROLL_BLESS=1 cargo test --test promises` writes them anew. Read the
//! difference before committing it: a golden is a message that somebody will read at three in the morning.

mod agreement;
mod by_command;
mod commands;
mod disks;
mod findings;
mod fuzzed;
mod golden;
#[path = "../../fuzz/src/lib.rs"]
mod harness;
mod journals;
mod killed;
mod limits;
mod machine;
mod plans;
mod powershell;
mod rehearsals;
mod render;
mod resume;
mod same_bytes;
mod schema;
mod stage;
mod tidy;
