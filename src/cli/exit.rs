//! Exit codes: everywhere the same, and made here alone.

use super::failure::Failure;
use crate::exec::claim::ClaimError;
use crate::exec::folder::RunsError;
use crate::exec::live::LiveError;
use crate::exec::lock::LockError;
use crate::exec::saved::SavedError;
use crate::run::Outcome;

/// How a command ended that did what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Done; the answer is yes.
    Done,
    /// A plan, scenario or test is invalid, and its findings were shown.
    Invalid,
    /// Some files could not be read; each was named.
    Unread,
    /// A run ended so.
    Ran(Outcome),
    /// An invariant is broken, and which was shown.
    Broken,
    /// The live pool is not the one planned, or not ready, and what differs was shown.
    Differs,
    /// A bound was reached before there was an answer.
    Undecided,
}

pub const DONE: u8 = 0;
pub const ERROR: u8 = 1;
pub const USAGE: u8 = 2;
pub const INVALID: u8 = 3;
pub const STOPPED: u8 = 4;
pub const PAUSED: u8 = 5;
pub const REFUSED: u8 = 6;
pub const NO: u8 = 7;
pub const UNDECIDED: u8 = 8;

/// The exit code of what a command came to.
pub fn code(result: &Result<Ending, Failure>) -> u8 {
    match result {
        Ok(ending) => match ending {
            Ending::Done => DONE,
            Ending::Unread => ERROR,
            Ending::Invalid => INVALID,
            Ending::Broken | Ending::Differs => NO,
            Ending::Undecided => UNDECIDED,
            Ending::Ran(outcome) => match outcome {
                Outcome::Complete | Outcome::Abandoned => DONE,
                Outcome::Paused(_) => PAUSED,
                Outcome::Stopped | Outcome::Aborted => STOPPED,
            },
        },
        Err(failure) => of_failure(failure),
    }
}

fn of_failure(failure: &Failure) -> u8 {
    match failure {
        Failure::Read { .. }
        | Failure::Write { .. }
        | Failure::Stdout(_)
        | Failure::Interrupted
        | Failure::NoFiles(_)
        | Failure::Gone(_)
        | Failure::NotDiscovered { .. }
        | Failure::Files(_)
        | Failure::Runtime(_)
        | Failure::Shell(_)
        | Failure::History { .. }
        | Failure::File(_)
        | Failure::NoReply(_) => ERROR,
        Failure::Usage { .. } | Failure::NobodyThere { .. } => USAGE,
        Failure::Exists(_)
        | Failure::Occupied(_)
        | Failure::Declined
        | Failure::OutsideWindow(_)
        | Failure::NotRunning { .. }
        | Failure::StillRunning { .. }
        | Failure::NotAccepted(_) => REFUSED,
        Failure::Saved(error) => match error {
            SavedError::File(_) | SavedError::TooLarge(_) | SavedError::NotUnderstood { .. } => ERROR,
            SavedError::Version { .. } | SavedError::Digest { .. } | SavedError::Other(_) => REFUSED,
        },
        Failure::Live(error) => of_live(error),
        Failure::Claim(error) => of_claim(error),
    }
}

fn of_live(error: &LiveError) -> u8 {
    match error {
        LiveError::Runs(error) => match error {
            RunsError::NoRuns(_)
            | RunsError::Unknown { .. }
            | RunsError::Ambiguous { .. }
            | RunsError::SeveralRunning { .. } => USAGE,
            RunsError::Exists(_) | RunsError::File(_) => ERROR,
        },
        LiveError::Lock(error) => match error {
            LockError::Busy(_) => REFUSED,
            LockError::File(_) => ERROR,
        },
        LiveError::Claim(error) => of_claim(error),
        LiveError::NotGiven(_) => REFUSED,
        LiveError::NotReleased(_) => ERROR,
        LiveError::Plan { .. } => INVALID,
        LiveError::Digest { .. }
        | LiveError::Driver { .. }
        | LiveError::Version { .. }
        | LiveError::Abandoned { .. }
        | LiveError::Ended { .. }
        | LiveError::Refused { .. } => REFUSED,
        LiveError::Journal(_)
        | LiveError::File(_)
        | LiveError::Shell(_)
        | LiveError::Pool(_)
        | LiveError::Empty(_)
        | LiveError::History { .. } => ERROR,
    }
}

fn of_claim(error: &ClaimError) -> u8 {
    match error {
        ClaimError::Held { .. }
        | ClaimError::NotHeld(_)
        | ClaimError::OtherClaim { .. }
        | ClaimError::Damaged { .. }
        | ClaimError::Misplaced { .. }
        | ClaimError::Stranded { .. } => REFUSED,
        ClaimError::PoolName(_) => USAGE,
        ClaimError::File(_) => ERROR,
    }
}
