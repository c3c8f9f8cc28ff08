//! What the answers of the cmdlets mean. Names are taken as the field has them, capitals aside; a meaning is only taken
//! from what is understood whole, and everything else is shown as it came.

pub mod databases;
pub mod fabric;
pub mod partner;
pub mod readiness;
pub mod services;
pub mod versions;

use serde_json::{Map, Value};

/// A member of a table under one of several names, capitals aside.
fn member<'a>(table: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    let named = |name: &str| table.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    names.iter().find_map(|name| named(name)).map(|(_, value)| value)
}

/// A list; what has one element arrives bare.
fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

/// A text that stands for itself, or the name of an object.
pub(super) fn name(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text.trim()),
        Value::Object(table) => member(table, &["Fqdn", "Name", "Identity"])?.as_str().map(str::trim),
        _ => None,
    }
}

/// An answer as it came, on one line and not too long.
fn raw(value: &Value) -> String {
    super::lines::shown(&value.to_string())
}

/// Whether a computer that an answer names is this one; some answers name it without its domain.
fn is_computer(named: &str, fqdn: &str) -> bool {
    let short = fqdn.split('.').next().unwrap_or(fqdn);
    named.eq_ignore_ascii_case(fqdn) || (!named.contains('.') && named.eq_ignore_ascii_case(short))
}
