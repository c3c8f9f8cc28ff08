//! The room where a run meets the world: the only place that loops, waits, writes and locks.
//!
//! - [`shell`]: the only loop, around the pure machine; [`audience`] is who watches it, [`inbox`] who asks of it, [`flights`]
//!   what is in flight, [`since`] remembers since when the run waits, [`clock`] is real, paced or virtual, [`window`] answers
//!   for the clock;
//! - [`record`]: what a journal holds; [`live`] opens and resumes runs that have a folder, [`rehearsal`] runs one that
//!   has none;
//! - [`journal`]: one record a line, chained by hash, durable before any effect; over a [`disk`] that
//!   is the real one or, in simulations, a [`memory_disk`] that loses and refuses on demand;
//! - [`folder`]: the folder of a run, its [`run_id`] and the [`lock`] that says a process is alive;
//! - [`check`]: a plan held against the live pool and the clock;
//! - [`claim`]: who holds a pool, kept through crashes and pauses;
//! - [`requests`]: what people ask of a run in progress, as files;
//! - [`whole_file`]: files that are never seen half written;
//! - [`os`]: what differs between Windows and Unix; [`tag`]: short random names.

pub mod audience;
pub mod check;
pub mod claim;
pub mod clock;
pub mod disk;
pub mod flights;
pub mod folder;
pub mod inbox;
pub mod journal;
pub mod live;
pub mod lock;
pub mod memory_disk;
pub mod os;
pub mod prove;
pub mod record;
pub mod rehearsal;
pub mod requests;
pub mod run_id;
pub mod saved;
pub mod shell;
pub mod since;
pub mod tag;
pub mod whole_file;
pub mod window;

use sha2::{Digest, Sha256};

pub use audience::{Audience, Moment};
pub use clock::{Clock, Pace};
pub use inbox::{Asked, Inbox, NoInbox};
pub use record::{Entry, EventEntry, Log, LogError, MemoryLog, NoLog, Opened};
pub use rehearsal::{Heard, Proving, Rehearsal, Rehearsed, Script};
pub use shell::{Shell, ShellError};

/// The id of an approval: proof that it was read, for it comes from the run, the step and the record after which it
/// was wanted. An approval that is asked again has another one.
pub fn approval_id(run_id: &str, since: &since::Since) -> String {
    let mut hash = Sha256::new();
    hash.update(run_id.as_bytes());
    hash.update(since.want.step().0.to_be_bytes());
    hash.update(since.record.to_be_bytes());
    hash.finalize().iter().take(3).map(|byte| format!("{byte:02x}")).collect()
}

/// Whether who knows the format `known` understands what has the format `found`: a minor version adds, a major one breaks.
fn understands(known: &str, found: &str) -> bool {
    known.split('.').next() == found.split('.').next()
}
