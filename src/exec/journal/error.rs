//! Everything that can go wrong with a journal.

use super::line::Wrong;
use crate::exec::whole_file::FileError;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// The bytes after the last newline: a record that was cut short by a crash. None of its effects was ever started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TornTail {
    /// Where it begins, in bytes from the start of the file.
    pub offset: u64,
    /// How long it is, in bytes; never 0.
    pub bytes: u64,
    /// Which line it would have been, counted from 1.
    pub line: u64,
}

impl fmt::Display for TornTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} at byte {} was cut short after {} bytes", self.line, self.offset, self.bytes)
    }
}

/// Why a journal cannot be made, read or extended.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("there is no journal `{}`", .0.display())]
    Absent(PathBuf),
    #[error("there is a journal `{}` already", .0.display())]
    Exists(PathBuf),
    #[error(transparent)]
    File(#[from] FileError),
    /// A complete line that does not belong: nothing after it can be trusted, and nothing was changed.
    #[error("the journal `{}` is damaged at line {line}, byte {offset}", path.display())]
    Damaged {
        path: PathBuf,
        /// Counted from 1.
        line: u64,
        /// Where the line begins, in bytes from the start of the file.
        offset: u64,
        source: Wrong,
    },
    #[error("a record of {0} bytes is too long for the journal")]
    TooLong(usize),
    #[error("a record cannot be written as JSON")]
    Encode(#[source] serde_json::Error),
    /// The disk is full, and the reserve was not enough or is spent. What was appended is kept in memory.
    #[error("there is no room to write the journal `{}`", path.display())]
    NoRoom { path: PathBuf, source: io::Error },
    /// What was appended is kept in memory, and written by the next sync if that goes well.
    #[error("cannot write the journal `{}`", path.display())]
    Write { path: PathBuf, source: io::Error },
    /// Nobody knows what survives a loss of power; the journal takes no more.
    #[error("cannot make the journal `{}` durable", path.display())]
    Sync { path: PathBuf, source: io::Error },
    #[error("the journal `{}` takes no more records, because it could not be made durable earlier", .0.display())]
    Closed(PathBuf),
}

impl JournalError {
    /// What to do next.
    pub fn help(&self) -> String {
        match self {
            Self::Absent(_) => "the run has not begun: apply its plan, or look at `poolroll runs`".to_owned(),
            Self::Exists(_) => "take the run up with `poolroll resume`, or begin a new one with `poolroll apply`".to_owned(),
            Self::File(error) => error.help(),
            Self::Damaged { source: Wrong::NotUnderstood(_), .. } => {
                "use the version of poolroll that wrote it; `poolroll status` of that version shows which".to_owned()
            }
            Self::Damaged { .. } => {
                "put the file back from a copy; without one, look at the pool, then end the run with `poolroll abandon`"
                    .to_owned()
            }
            Self::TooLong(_) | Self::Encode(_) => "this is a bug: report it with the plan and the journal".to_owned(),
            Self::NoRoom { .. } => "free some space on that disk, then take the run up with `poolroll resume`".to_owned(),
            Self::Write { .. } => "check that disk, then take the run up with `poolroll resume`".to_owned(),
            Self::Sync { .. } | Self::Closed(_) => {
                "check that disk for failures before anything else, then take the run up with `poolroll resume`".to_owned()
            }
        }
    }
}
