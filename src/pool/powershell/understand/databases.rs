//! The versions of databases: the one that each has, and the one that the software expects.

use serde_json::Value;

use super::{list, member, raw};

/// The databases that do not have the version which the software expects, in words.
///
/// # Errors
///
/// There are none, or one of them does not say both versions.
pub fn old(answer: &Value) -> Result<Vec<String>, String> {
    let databases = list(&answer["databases"]);
    if databases.is_empty() {
        return Err("no databases were listed".into());
    }
    let mut old = Vec::new();
    for database in databases {
        let said = |names: &[&str]| {
            let text = member(database.as_object()?, names)?.as_str()?.trim();
            (!text.is_empty()).then_some(text)
        };
        let name = said(&["DatabaseName", "Database", "Name"]);
        let expected = said(&["ExpectedVersion", "Expected"]);
        let installed = said(&["InstalledVersion", "Installed"]);
        let (Some(name), Some(expected), Some(installed)) = (name, expected, installed) else {
            return Err(format!("a database does not say its versions: {}", raw(database)));
        };
        if expected != installed {
            old.push(format!("{name} has {installed}, expected is {expected}"));
        }
    }
    Ok(old)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_database_of_another_version_is_named() {
        let answer = |installed: &str| {
            json!({ "databases": [
                { "DatabaseName": "rtcxds", "ExpectedVersion": "15.13.1", "InstalledVersion": "15.13.1" },
                { "databasename": "rtcshared", "expectedversion": "5.0.1", "installedversion": installed },
            ] })
        };
        assert_eq!(old(&answer("5.0.1")), Ok(Vec::new()));
        assert_eq!(old(&answer("5.0.0")), Ok(vec!["rtcshared has 5.0.0, expected is 5.0.1".to_owned()]));
    }

    #[test]
    fn what_does_not_say_both_versions_is_no_answer() {
        for answer in [
            json!({}),
            json!({ "databases": [] }),
            json!({ "databases": { "DatabaseName": "rtcxds", "ExpectedVersion": "1" } }),
            json!({ "databases": [{ "DatabaseName": "rtcxds", "ExpectedVersion": "1", "InstalledVersion": "" }] }),
            json!({ "databases": [{ "DatabaseName": "rtcxds", "ExpectedVersion": 1, "InstalledVersion": 1 }] }),
            json!({ "databases": "Succeeded" }),
        ] {
            assert!(old(&answer).is_err(), "{answer}");
        }
    }
}
