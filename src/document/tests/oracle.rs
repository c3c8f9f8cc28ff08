//! The reader against an oracle: what another YAML library writes is read as the same tree.

use proptest::prelude::*;

use crate::document::{Node, Source, Value, parse};

/// Texts that a careless writer or reader takes for something else.
const TRICKY: &[&str] = &[
    "",
    " ",
    "~",
    "null",
    "Null",
    "true",
    "FALSE",
    "yes",
    "no",
    "on",
    "Off",
    "y",
    "n",
    "0",
    "-1",
    "+1",
    "010",
    "0o17",
    "0x1F",
    "1e3",
    "1.",
    ".5",
    ".inf",
    "-.Inf",
    ".nan",
    "1_000",
    "12:30",
    "190:20:30",
    "2026-01-01",
    "<<",
    "=",
    "-",
    "- a",
    "-a",
    "?",
    "? a",
    ":",
    "a:",
    "a: b",
    "a:b",
    ": a",
    "#",
    "# a",
    "a #b",
    "a#b",
    "&a",
    "*a",
    "!a",
    "!!str a",
    "|",
    ">",
    "|-\n a",
    "%a",
    "@a",
    "`a",
    "[a]",
    "{a}",
    "a, b",
    "'",
    "\"",
    "it's",
    "\"a\"",
    "\\",
    "C:\\temp\\new",
    "\\\\server\\share",
    "---",
    "...",
    "--- a",
    " lead",
    "trail ",
    "two\nlines",
    "\nlead",
    "trail\n",
    "trail\n\n",
    "a\n\nb",
    "a\n  b\n c",
    "  a\nb",
    "tab\tinside",
    "\ttab",
    "größe",
    "日本",
    "🚀",
    "a\u{a0}b",
    "99999999999999999999",
    "18446744073709551615",
    "1.0e+10",
    "0b11",
    "0.0",
    "-0",
    "00",
    "09",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(TRICKY).prop_map(str::to_owned),
        "[ -~]{0,12}",
        "[a-z0-9_.-]{1,30}",
        "[ -~\n\täöü€🚀]{0,40}",
        "([ -~]{0,20}\n){1,4}",
        "[a-z ]{100,200}",
    ]
}

fn tree() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value as Json;
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        prop_oneof![
            Just(0.0),
            Just(1e300),
            Just(-1.5e-7),
            any::<f64>().prop_filter("finite", |x| x.is_finite())
        ]
        .prop_map(Json::from),
        text().prop_map(Json::from),
        text().prop_map(Json::from),
    ];
    leaf.prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::vec((key(), inner), 0..12)
                .prop_map(|pairs| Json::Object(pairs.into_iter().collect())),
        ]
    })
}

/// Any text but the merge key, which the other library writes without quotes.
fn key() -> impl Strategy<Value = String> {
    text().prop_filter("merge keys are refused", |text| text != "<<")
}

/// The tree as JSON; what JSON cannot tell apart (a whole number and a float), nor can the comparison below.
fn plain(node: &Node) -> serde_json::Value {
    use serde_json::Value as Json;
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::String(value) => value.to_string().into(),
        Value::Sequence(items) => items.iter().map(plain).collect::<Vec<_>>().into(),
        Value::Mapping(entries) => Json::Object(
            entries.iter().map(|entry| (entry.key.name.to_string(), plain(&entry.value))).collect(),
        ),
    }
}

/// Every value lies inside of the collection that holds it, after the one before it, and its key before it.
fn check_places(node: &Node, source: &Source) -> Result<(), TestCaseError> {
    let mut last = node.span.start;
    let mut inside = |span: crate::document::Span| {
        prop_assert!(
            last <= span.start && span.start <= span.end && span.end <= node.span.end,
            "{span:?} in {node:?}"
        );
        prop_assert!(source.text().is_char_boundary(span.start as usize));
        prop_assert!(source.text().is_char_boundary(span.end as usize));
        last = span.end;
        Ok(())
    };
    for item in node.items() {
        inside(item.span)?;
        check_places(item, source)?;
    }
    for entry in node.entries() {
        inside(entry.key.span)?;
        inside(entry.value.span)?;
        check_places(&entry.value, source)?;
    }
    if let Some(text) = node.as_str()
        && !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    {
        let written = source.slice(node.span).trim_matches(['"', '\'']);
        prop_assert_eq!(written, text);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_another_library_writes_is_read_as_the_same_tree(tree in tree(), crlf in any::<bool>(), in_map in any::<bool>()) {
        let tree = if in_map { serde_json::json!({ "größe": tree }) } else { tree };
        let mut text = serde_yaml::to_string(&tree).unwrap();
        // A `\r` in a block scalar would be a difference in the text itself; only line ends are changed.
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        let source = Source::from_text("x", text);
        let root = parse(&source);
        prop_assert!(root.is_ok(), "{}\n{root:#?}", source.text());
        let root = root.unwrap();
        prop_assert_eq!(plain(&root), tree, "{}", source.text());
        check_places(&root, &source)?;
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "([-?:,\\[\\]{}#&*!|>'\"%@` \n\tabé01.~<]|: |- |\r\n){0,60}") {
        let source = Source::from_text("x", text);
        match parse(&source) {
            Ok(root) => check_places(&root, &source)?,
            Err(findings) => prop_assert!(findings.has_errors()),
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        match Source::from_bytes("x", &bytes) {
            Ok(source) => drop(parse(&source)),
            Err(finding) => prop_assert!(finding.primary().is_none()),
        }
    }
}
