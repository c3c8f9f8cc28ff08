//! One line of the journal: a record as JSON, closed by the link that chains it to all lines before it.

use super::{MAX_LINE, Record};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

/// What stands before and after the link: the last field of every line.
const BEFORE_LINK: &[u8] = b",\"chain\":\"";
const AFTER_LINK: &[u8] = b"\"}";
const LINK: usize = 32;
const CLOSING: usize = BEFORE_LINK.len() + LINK + AFTER_LINK.len();

/// The link that the next line has to build on: 128 bits of a SHA-256 over everything before it.
///
/// It finds damage and lines that were moved, lost or changed. It is no signature: who can write the file can
/// compute a new chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chain([u8; LINK / 2]);

impl Chain {
    /// The link before the first line: bound to the run, so that no journal passes for another run's.
    pub(super) fn genesis(run: &str) -> Self {
        Self::over(&[b"poolroll journal 1\n", run.as_bytes()])
    }

    fn next(self, bytes: &[u8]) -> Self {
        Self::over(&[&self.0, bytes])
    }

    fn over(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part);
        }
        let mut link = [0; LINK / 2];
        link.copy_from_slice(&hash.finalize()[..LINK / 2]);
        Self(link)
    }

    fn hex(self) -> [u8; LINK] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hex = [0; LINK];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        hex
    }
}

/// What is wrong with a complete line.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    #[error("the line is longer than {MAX_LINE} bytes, and no record is")]
    TooLong,
    #[error("the line is not JSON")]
    NotJson(#[source] serde_json::Error),
    #[error("the line does not fit the chain: it, or a line before it, was changed, moved or lost")]
    Chain,
    #[error("the chain fits, but the record is not understood")]
    NotUnderstood(#[source] serde_json::Error),
    #[error("record {found} stands where record {expected} belongs")]
    Order { expected: u64, found: u64 },
}

/// Why a record cannot become a line.
#[derive(Debug)]
pub(super) enum Unwritable {
    TooLong(usize),
    Encode(serde_json::Error),
}

/// Adds the line of `record` to `lines` and says the link after it. On an error `lines` is as it was.
pub(super) fn encode<B: Serialize>(
    lines: &mut Vec<u8>,
    chain: Chain,
    record: &Record<&B>,
) -> Result<Chain, Unwritable> {
    let start = lines.len();
    let written = serde_json::to_writer(&mut *lines, record).map_err(Unwritable::Encode);
    let bytes = lines.len() + CLOSING - start - 1;
    let fits = if bytes > MAX_LINE { Err(Unwritable::TooLong(bytes)) } else { Ok(()) };
    if let Err(error) = written.and(fits) {
        lines.truncate(start);
        return Err(error);
    }
    lines.pop(); // the closing brace: the link goes inside, and the hash ends before it
    let next = chain.next(&lines[start..]);
    lines.extend_from_slice(BEFORE_LINK);
    lines.extend_from_slice(&next.hex());
    lines.extend_from_slice(AFTER_LINK);
    lines.push(b'\n');
    Ok(next)
}

/// Reads a line, without its newline, that has to be record `seq` after `chain`; says the record and the next link.
///
/// Every byte is either under the hash or compared with the one it must be, before anything is parsed.
pub(super) fn decode<B: DeserializeOwned>(
    line: &[u8],
    chain: Chain,
    seq: u64,
) -> Result<(Record<B>, Chain), Wrong> {
    if line.len() > MAX_LINE {
        return Err(Wrong::TooLong);
    }
    let next =
        verify(line, chain).ok_or_else(|| match serde_json::from_slice::<serde::de::IgnoredAny>(line) {
            Ok(_) => Wrong::Chain,
            Err(error) => Wrong::NotJson(error),
        })?;
    let record: Record<B> = serde_json::from_slice(line).map_err(Wrong::NotUnderstood)?;
    if record.seq != seq {
        return Err(Wrong::Order { expected: seq, found: record.seq });
    }
    Ok((record, next))
}

fn verify(line: &[u8], chain: Chain) -> Option<Chain> {
    let (bytes, closing) = line.split_at_checked(line.len().checked_sub(CLOSING)?)?;
    let next = chain.next(bytes);
    let link = closing.strip_prefix(BEFORE_LINK)?.strip_suffix(AFTER_LINK)?;
    (link == next.hex()).then_some(next)
}
