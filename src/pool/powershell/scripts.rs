//! The scripts, as an engine is given them. Each is a file of its own that an administrator can read and use by hand;
//! values reach a script as its one argument and in no other way.

use data_encoding::BASE64;
use serde_json::Value;

/// A script, by the name of its file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Script {
    pub name: &'static str,
    pub text: &'static str,
}

macro_rules! scripts {
    ($( $constant:ident $name:literal, )+) => {
        $( pub const $constant: Script = Script { name: $name, text: include_str!(concat!("scripts/", $name, ".ps1")) }; )+
    };
}

scripts! {
    COMPUTER_FAILOVER "computer_failover",
    DATABASES "databases",
    DATABASES_SEEN "databases_seen",
    DISABLED "disabled",
    FABRIC "fabric",
    FENCE "fence",
    FORGET "forget",
    FRONT_END "front_end",
    KEEPER "keeper",
    MARKED "marked",
    MEMBERS "members",
    PARTNER "partner",
    PERFORM "perform",
    PERFORM_SEEN "perform_seen",
    POOL_FAILOVER "pool_failover",
    POOL_STATE "pool_state",
    PORTS "ports",
    REACH "reach",
    READINESS "readiness",
    RESTART "restart",
    RESTART_SEEN "restart_seen",
    START_SERVICES "start_services",
    STOP_SERVICES "stop_services",
}

/// What an engine runs first: it reads one line, which is [`ENGINE`], and runs that.
pub const BOOTSTRAP: &str = include_str!("scripts/bootstrap.ps1");

/// What every script rests on, and the loop that serves the lines of an engine.
pub const ENGINE: &str = concat!(include_str!("scripts/marks.ps1"), "\n", include_str!("scripts/engine.ps1"));

/// How PowerShell is told to run a text that no shell on the way can change: UTF-16 in base64.
pub fn encoded_command(text: &str) -> String {
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    BASE64.encode(&bytes)
}

/// A text as a line of an engine.
pub fn encoded(text: &str) -> String {
    BASE64.encode(text.as_bytes())
}

/// Arguments as a script reads them: every text has `=` in front, so that no engine takes one for a time.
pub fn arguments(values: &Value) -> String {
    encoded(&written(values).to_string())
}

fn written(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(format!("={text}")),
        Value::Array(items) => Value::Array(items.iter().map(written).collect()),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(key, value)| (key.clone(), written(value))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bootstrap_fits_the_shortest_command_line() {
        // `cmd.exe`, which Windows puts before a command that comes over SSH, takes 8191 characters.
        assert!(encoded_command(BOOTSTRAP).len() < 2_000);
        let keeper = encoded_command(KEEPER.text).len();
        assert!(keeper < 7_000, "{keeper}");
    }

    #[test]
    fn every_text_of_the_arguments_is_marked_as_one() {
        let values =
            serde_json::json!({ "a": "2026-01-01T00:00:00", "b": [true, 3, "x"], "c": { "d": null } });
        let text = BASE64.decode(arguments(&values).as_bytes()).unwrap();
        let read: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(
            read,
            serde_json::json!({ "a": "=2026-01-01T00:00:00", "b": [true, 3, "=x"], "c": { "d": null } })
        );
    }
}
