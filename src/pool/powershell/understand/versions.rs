//! The version of a front end, by what is installed on it.

use serde_json::Value;

use super::list;
use crate::plan::VersionSeen;

/// The version that was found, and whether it is the planned one.
///
/// A front end has as many versions as components. The one of the component `Front End Server` is taken, and where none has
/// that name, all must agree with the plan: some updates leave components as they are, and none of them is the front end.
pub fn seen(answer: &Value, planned: &str) -> (VersionSeen, Option<String>) {
    let listed: Option<Vec<(&str, &str)>> = list(&answer["versions"])
        .into_iter()
        .map(|one| Some((one["name"].as_str()?, one["version"].as_str()?.trim())))
        .collect();
    let Some(listed) = listed.filter(|listed| !listed.is_empty()) else {
        return (VersionSeen::Unanswered, None);
    };
    let is_front_end = |name: &str| name.to_ascii_lowercase().contains("front end server");
    let fronts: Vec<&str> =
        listed.iter().filter(|(name, _)| is_front_end(name)).map(|(_, version)| *version).collect();
    let counted: Vec<&str> =
        if fronts.is_empty() { listed.iter().map(|(_, version)| *version).collect() } else { fronts };
    let found = counted.iter().find(|version| **version != planned).or(counted.first());
    let version = found.filter(|version| !version.is_empty()).map(|version| (*version).to_owned());
    match &version {
        None => (VersionSeen::Unanswered, None),
        Some(found) if found == planned => (VersionSeen::Planned, version),
        Some(_) => (VersionSeen::Other, version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_front_end_component_tells() {
        let answer = json!({ "versions": [
            { "name": "Microsoft Lync Server 2013, Core Components", "version": "5.0.8308.0" },
            { "name": "Microsoft Lync Server 2013, Front End Server", "version": "5.0.8308.1149" },
        ] });
        assert_eq!(seen(&answer, "5.0.8308.1149"), (VersionSeen::Planned, Some("5.0.8308.1149".into())));
        assert_eq!(seen(&answer, "5.0.8308.2000"), (VersionSeen::Other, Some("5.0.8308.1149".into())));
    }

    #[test]
    fn without_it_all_must_agree() {
        let answer = |two: &str| json!({ "versions": [{ "name": "A", "version": "1" }, { "name": "B", "version": two }] });
        assert_eq!(seen(&answer("1"), "1").0, VersionSeen::Planned);
        assert_eq!(seen(&answer("0"), "1"), (VersionSeen::Other, Some("0".into())));
    }

    #[test]
    fn an_empty_answer_says_nothing() {
        for answer in
            [json!({}), json!({ "versions": [] }), json!({ "versions": [{ "name": "A", "version": "" }] })]
        {
            assert_eq!(seen(&answer, "1"), (VersionSeen::Unanswered, None));
        }
    }
}
