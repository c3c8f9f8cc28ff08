//! What commands print: so much of it is kept, and secrets are not.

use tokio::io::{AsyncRead, AsyncReadExt};

/// How much is kept of the beginning of a stream, and as much of its end.
const KEPT: usize = 64 << 10;

/// A stream of a command, as far as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Kept {
    first: Vec<u8>,
    last: Vec<u8>,
    left_out: u64,
}

impl Kept {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let room = KEPT - self.first.len().min(KEPT);
        let (first, rest) = bytes.split_at(room.min(bytes.len()));
        self.first.extend_from_slice(first);
        self.last.extend_from_slice(rest);
        if self.last.len() > 2 * KEPT {
            let surplus = self.last.len() - KEPT;
            self.last.drain(..surplus);
            self.left_out += surplus as u64;
        }
    }

    /// All of it, if all of it was kept.
    pub(super) fn whole(&self) -> Option<&[u8]> {
        (self.last.is_empty() && self.left_out == 0).then_some(&self.first)
    }

    /// As a text, with what was left out said.
    pub(super) fn text(&self) -> String {
        let (first, last) = (String::from_utf8_lossy(&self.first), String::from_utf8_lossy(&self.last));
        match self.left_out {
            0 => format!("{first}{last}"),
            left_out => format!("{first}\n[{left_out} bytes left out]\n{last}"),
        }
    }

    /// The same without secrets. Where something was left out, what could be a piece of one is left out too.
    pub(super) fn masked(&self, secrets: &Secrets) -> Kept {
        if secrets.0.is_empty() {
            return self.clone();
        }
        let piece = secrets.0.iter().map(String::len).max().unwrap_or(1) - 1;
        let masked = |bytes: &[u8]| secrets.masked(&String::from_utf8_lossy(bytes)).into_bytes();
        if self.left_out == 0 {
            return Kept { first: masked(&[&*self.first, &*self.last].concat()), ..Kept::default() };
        }
        // Whole ones first: what is left at a cut is a piece of one at most.
        let (mut first, mut last) = (masked(&self.first), masked(&self.last));
        let (from_first, from_last) = (piece.min(first.len()), piece.min(last.len()));
        first.truncate(first.len() - from_first);
        last.drain(..from_last);
        Kept { first, last, left_out: self.left_out + (from_first + from_last) as u64 }
    }

    /// Takes a line end off that is none of the command's.
    pub(super) fn pop_line_end(&mut self) {
        let end = if self.last.is_empty() { &mut self.first } else { &mut self.last };
        if end.last() == Some(&b'\n') {
            end.pop();
        }
    }
}

/// Reads a stream to its end.
pub(super) async fn read(mut stream: impl AsyncRead + Unpin, into: &mut Kept) {
    let mut piece = vec![0; 16 << 10];
    while let Ok(read @ 1..) = stream.read(&mut piece).await {
        into.push(&piece[..read]);
    }
}

/// The values that are never kept or shown.
#[derive(Clone, Default)]
pub(super) struct Secrets(Vec<String>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl Secrets {
    /// The values of these environment variables.
    pub(super) fn of(names: &[String]) -> Secrets {
        let values = names.iter().filter_map(|name| std::env::var(name).ok());
        let mut values: Vec<String> = values.filter(|value| !value.is_empty()).collect();
        // One that holds another comes first.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Secrets(values)
    }

    /// A text without them.
    pub(super) fn masked(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_stream_the_beginning_and_the_end_are_kept() {
        let mut kept = Kept::default();
        kept.push(b"first");
        for _ in 0..100 {
            kept.push(&[b'x'; 10_000]);
        }
        kept.push(b"last");
        let text = kept.text();
        assert!(text.starts_with("first") && text.ends_with("last") && text.contains("bytes left out]"));
        assert!(text.len() < 4 * KEPT, "{}", text.len());
        assert_eq!(kept.whole(), None);
    }

    #[test]
    fn a_short_one_is_kept_whole() {
        let mut kept = Kept::default();
        kept.push(b"{}\n");
        kept.pop_line_end();
        assert_eq!(kept.whole(), Some(&b"{}"[..]));
    }

    #[test]
    fn no_piece_of_a_secret_is_left_where_something_was_left_out() {
        let secrets = Secrets(vec!["hunter2hunter2".into()]);
        for shift in 0..20 {
            let mut kept = Kept::default();
            kept.push(&vec![b'x'; KEPT - shift]);
            kept.push(b"hunter2hunter2");
            for _ in 0..40 {
                kept.push(&[b'y'; 9_999]);
            }
            assert!(!kept.masked(&secrets).text().contains("hunt"), "{shift}");
        }
        let mut whole = Kept::default();
        whole.push(b"a hunter2hunter2 b");
        assert_eq!(whole.masked(&secrets).whole(), Some(&b"a *** b"[..]));
    }

    #[test]
    fn secrets_are_masked_the_longer_first() {
        let secrets = Secrets(vec!["hunter22".into(), "hunter".into()]);
        assert_eq!(secrets.masked("a hunter22 and a hunter"), "a *** and a ***");
        assert!(!format!("{secrets:?}").contains("hunter"));
    }
}
