//! What an engine prints, taken apart: answers between their two lines, and the talk around them.

use serde::Deserialize;
use serde_json::Value;

/// How much an engine may print in one call beside its answer, in bytes.
pub const MOST_TALK: usize = 16 << 20;
/// The longest line, in bytes. The answer of a pool of sixteen has some ten thousand.
pub const LONGEST_LINE: usize = 8 << 20;
/// How much of the talk is kept to be shown, in bytes.
const KEPT: usize = 2_000;

/// What a script answered, or why it did not.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Envelope {
    ok: bool,
    #[serde(default)]
    answer: Value,
    #[serde(default)]
    fault: Option<Fault>,
    /// What became of the session over which the script was to run, where it is no more.
    #[serde(default)]
    session: Option<String>,
}

/// What to do about a logon that reaches one computer and no further.
const SECOND_HOP: &str = "; the logon that reached this computer is perhaps not handed on to the next (the second hop). Ways out: leave \
                          `management` out and run poolroll where the management tools are; log on there with a password or as a \
                          service; or, as a last resort, `authentication: credssp`";

/// What went wrong in a script, as the engine says it.
#[derive(Clone, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Fault {
    pub message: String,
    /// The engine's category: `ObjectNotFound`, `InvalidOperation`, ...
    pub category: String,
    pub id: String,
    /// The type of the exception.
    pub kind: String,
    pub command: String,
    pub line: i64,
    /// The line of the script.
    pub text: String,
    /// It was a logon that ended at this computer. No engine says so: it follows from how it was reached.
    #[serde(skip)]
    pub beyond: bool,
}

impl Fault {
    /// In one sentence, with its place.
    pub fn sentence(&self) -> String {
        let message = self.message.trim().trim_end_matches('.');
        let mut text =
            if message.is_empty() { "it failed without a message".to_owned() } else { message.to_owned() };
        if !self.category.is_empty() {
            text.push_str(&format!(" ({}", self.category));
            if !self.text.is_empty() {
                text.push_str(&format!(", line {}: `{}`", self.line, self.text));
            }
            text.push(')');
        }
        if self.beyond {
            text.push_str(SECOND_HOP);
        }
        text
    }

    /// Whether it may come from a logon that was not taken: by a domain controller, by SQL Server, by a share.
    pub fn is_of_a_logon(&self) -> bool {
        let categories = ["PermissionDenied", "SecurityError", "AuthenticationError"];
        let kinds = ["UnauthorizedAccessException", "SecurityException", "AuthenticationException"];
        let message = self.message.to_ascii_lowercase();
        let said = ["anonymous logon", "access is denied", "access denied", "login failed for user"];
        categories.iter().any(|category| self.category.eq_ignore_ascii_case(category))
            || kinds.iter().any(|kind| self.kind.ends_with(kind))
            || said.iter().any(|said| message.contains(said))
    }

    /// Whether the same again will fail just so: what is called is not there, or is called in a way that it refuses.
    pub fn is_lasting(&self) -> bool {
        let lasting = ["CommandNotFoundException", "ParameterBindingException", "ParseException"];
        lasting.iter().any(|kind| self.kind.ends_with(kind))
            || self.id.starts_with("Modules_ModuleNotFound")
            || self.message.contains("next hop for the Edge")
    }
}

/// Why a script did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It says itself that it failed.
    Failed(Box<Fault>),
    /// The session over which it was to run could not be opened: it did not begin.
    NotReached(Box<Fault>),
    /// The session was lost while it ran.
    Lost(Box<Fault>),
}

/// Where in an answer the lines are.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// Nothing that belongs to an answer; it was kept as talk.
    Talk,
    /// The call is answered.
    Answer(Result<Value, Refusal>),
    /// Between the two lines stood something else than an envelope.
    NotUnderstood(String),
}

/// Follows the lines of one call.
#[derive(Debug)]
pub struct Listener {
    begin: String,
    end: String,
    inside: bool,
    json: Option<String>,
    talk: String,
    printed: usize,
}

impl Listener {
    /// For the call with this number.
    pub fn new(number: &str) -> Listener {
        Listener {
            begin: format!("<<poolroll {number}"),
            end: format!("poolroll {number}>>"),
            inside: false,
            json: None,
            talk: String::new(),
            printed: 0,
        }
    }

    /// Hears one line, without its end.
    pub fn hear(&mut self, line: &[u8]) -> Heard {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end_matches(['\r', '\n']);
        if self.inside {
            if text == self.end {
                return self.answer();
            }
            // A second line makes it none: an envelope is one line.
            self.json = Some(match self.json.take() {
                None => text.to_owned(),
                Some(first) => first + "\n" + text,
            });
            return Heard::Talk;
        }
        if text == self.begin {
            self.inside = true;
            return Heard::Talk;
        }
        self.printed += line.len() + 1;
        keep(&mut self.talk, text);
        Heard::Talk
    }

    fn answer(&mut self) -> Heard {
        let json = self.json.take().unwrap_or_default();
        match serde_json::from_str::<Envelope>(&json) {
            Ok(Envelope { ok: true, answer, .. }) => Heard::Answer(Ok(answer)),
            Ok(Envelope { ok: false, fault, session, .. }) => {
                let fault = Box::new(fault.unwrap_or_default());
                Heard::Answer(Err(match session.as_deref() {
                    None => Refusal::Failed(fault),
                    Some("not opened") => Refusal::NotReached(fault),
                    Some(_) => Refusal::Lost(fault),
                }))
            }
            Err(_) => Heard::NotUnderstood(shown(&json)),
        }
    }

    /// Whether it prints more than can be meant.
    pub fn is_flooded(&self) -> bool {
        self.printed > MOST_TALK
    }

    /// The end of what was printed beside the answer.
    pub fn talk(&self) -> &str {
        self.talk.trim()
    }
}

/// Adds a line to what is kept of the talk: its end, so much of it.
pub fn keep(talk: &mut String, line: &str) {
    if line.trim().is_empty() {
        return;
    }
    talk.push_str(&shown(line));
    talk.push('\n');
    if talk.len() > KEPT {
        let from =
            (talk.len() - KEPT..talk.len()).find(|at| talk.is_char_boundary(*at)).unwrap_or(talk.len());
        talk.drain(..from);
    }
}

pub(super) use super::super::shown;

/// The text of what PowerShell wrote to stderr, where it writes XML when nobody looks.
pub fn plain_error(text: &str) -> String {
    if !text.contains("CLIXML") {
        return text.trim().to_owned();
    }
    let pieces = text.split("<S S=\"Error\">").skip(1).filter_map(|piece| piece.split("</S>").next());
    let joined: String = pieces.collect();
    let plain = joined.replace("_x000D__x000A_", " ").replace("_x001B_", "");
    let plain = plain.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(lines: &[&str]) -> Vec<Heard> {
        let mut listener = Listener::new("17");
        lines.iter().map(|line| listener.hear(line.as_bytes())).collect()
    }

    #[test]
    fn an_answer_stands_between_its_two_lines() {
        let heard = hear(&[
            "WARNING: x",
            "",
            "<<poolroll 17",
            "{\"ok\":true,\"answer\":{\"a\":1}}\r",
            "poolroll 17>>",
        ]);
        assert_eq!(heard.last(), Some(&Heard::Answer(Ok(serde_json::json!({ "a": 1 })))));
    }

    #[test]
    fn what_looks_like_an_answer_to_another_call_is_talk() {
        let heard = hear(&["<<poolroll 16", "{\"ok\":true}", "poolroll 16>>", "poolroll 17>>"]);
        assert!(heard.iter().all(|heard| *heard == Heard::Talk));
    }

    #[test]
    fn two_lines_or_none_between_are_no_envelope() {
        let two = hear(&["<<poolroll 17", "{\"ok\":true}", "{\"ok\":true}", "poolroll 17>>"]);
        assert!(matches!(two.last(), Some(Heard::NotUnderstood(_))));
        let none = hear(&["<<poolroll 17", "poolroll 17>>"]);
        assert!(matches!(none.last(), Some(Heard::NotUnderstood(_))));
    }

    #[test]
    fn an_envelope_without_its_word_is_not_success() {
        for json in ["{}", "null", "true", "{\"answer\":1}", "{\"ok\":\"true\"}"] {
            let heard = hear(&["<<poolroll 17", json, "poolroll 17>>"]);
            assert!(matches!(heard.last(), Some(Heard::NotUnderstood(_))), "{json}");
        }
    }

    #[test]
    fn the_talk_that_is_kept_is_bounded() {
        let mut listener = Listener::new("1");
        for _ in 0..10_000 {
            listener.hear("ä".repeat(900).as_bytes());
        }
        assert!(listener.talk().len() <= KEPT);
        assert!(listener.is_flooded());
    }

    #[test]
    fn xml_on_stderr_becomes_its_text() {
        let xml = "#< CLIXML\r\n<Objs><S S=\"Error\">It failed &lt;here&gt;_x000D__x000A_</S><S S=\"Error\">and there</S></Objs>";
        assert_eq!(plain_error(xml), "It failed <here> and there");
        assert_eq!(plain_error(" plain\n"), "plain");
    }

    #[test]
    fn a_fault_is_told_with_its_place() {
        let fault = Fault {
            message: "No such pool.".into(),
            category: "ObjectNotFound".into(),
            line: 4,
            text: "Get-X".into(),
            ..Fault::default()
        };
        assert_eq!(fault.sentence(), "No such pool (ObjectNotFound, line 4: `Get-X`)");
    }
}
