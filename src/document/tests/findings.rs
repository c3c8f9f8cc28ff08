//! What the schema refuses, told in our words, in its place, and all at once.

use std::sync::Arc;

use super::{Sample, body, help, read_said, said};
use crate::document::{Source, Written, from_node, parse, read};

#[track_caller]
fn refused(body: &str, expected: &[&str]) {
    assert_eq!(read_said(body), expected, "{body}");
}

fn whole_said(text: &str) -> Vec<String> {
    let source = Arc::new(Source::from_text("x", text));
    said(&read::<Sample>(source.clone()).expect_err(text), &source)
}

#[test]
fn the_header_comes_first() {
    assert_eq!(
        whole_said("name: a"),
        [
            r#"document-kind at 1:1 "name": the document does not say what it is: the key `kind` is missing"#,
            r#"document-version at 1:1 "name": the document does not say its format: the key `version` is missing"#,
        ]
    );
    assert_eq!(
        whole_said("kind: plan\nversion: 1\nbad: 1"),
        [r#"document-kind at 1:7 "plan": the document is of kind `plan`; `sample` is expected here"#,]
    );
    // What says how to read another kind of file is not asked of it.
    assert_eq!(
        whole_said(r#"{"kind": "saved_plan", "format_version": "1.0"}"#),
        [
            r#"document-kind at 1:10 "\"saved_plan\"": the document is of kind `saved_plan`; `sample` is expected here"#
        ]
    );
    assert_eq!(
        whole_said("kind: smaple\nversion: 1\nbad: 1\nname: a"),
        [
            r#"document-kind at 1:7 "smaple": the document is of kind `smaple`; `sample` is expected here"#,
            r#"unknown-key at 3:1 "bad": the key `bad` is not known here"#,
        ]
    );
    assert_eq!(
        whole_said("knid: sample\nversion: 1\nname: a"),
        [r#"document-kind at 1:1 "knid": the document does not say what it is: the key `kind` is missing"#,]
    );
    assert_eq!(
        whole_said("kind: [x]\nversion: '1'\nname: 1"),
        [
            r#"document-kind at 1:7 "[x]": `kind` must be text, and is a list"#,
            r#"document-version at 2:10 "'1'": `version` must be the whole number 1, and is text"#,
            r#"wrong-type at 3:7 "1": `name` must be text, and is a whole number"#,
        ]
    );
    assert_eq!(
        whole_said("kind: sample\nversion: 2\nname: 1"),
        [r#"document-version at 2:10 "2": version 2 of the format is not known"#,]
    );
    assert_eq!(
        whole_said("- a"),
        [r#"wrong-type at 1:1 "- a": the document must be a mapping, and is a list"#]
    );
    assert_eq!(
        whole_said("kind:sample"),
        [r#"wrong-type at 1:1 "kind:sample": the document must be a mapping, and is text"#,]
    );
}

#[test]
fn keys() {
    refused(
        "nmae: a\nextra: 1",
        &[
            r#"unknown-key at 3:1 "nmae": the key `nmae` is not known here"#,
            r#"unknown-key at 4:1 "extra": the key `extra` is not known here"#,
        ],
    );
    assert_eq!(help("nmae: a"), "did you mean `name`?");
    refused(
        "domains: [{front_ends: []}]",
        &[
            r#"missing-key at 1:1 "version": the key `name` is missing here"#,
            r#"missing-key at 3:11 "{front_ends: []}": the key `name` is missing in item 1 of `domains`"#,
        ],
    );
    assert_eq!(help(""), "write `name:`, what people call it");
    refused(
        "name: a\npools: {a/b: {}, c~d: {size: 1, x: 2}}",
        &[
            r#"missing-key at 4:14 "{}": the key `size` is missing in `a/b`"#,
            r#"unknown-key at 4:33 "x": the key `x` is not known in `c~d`"#,
        ],
    );
}

#[test]
fn types() {
    refused(
        "name: 5.0\nat_once: '3'\nautomatic: yes\ndomains: x\npools: [1]\nsoak: 5\nshare: x",
        &[
            r#"wrong-type at 3:7 "5.0": `name` must be text, and is a number with a fraction"#,
            r#"wrong-type at 4:10 "'3'": `at_once` must be a whole number, and is text"#,
            r#"wrong-type at 5:12 "yes": `automatic` must be `true` or `false`, and is text"#,
            r#"wrong-type at 6:10 "x": `domains` must be a list, and is text"#,
            r#"wrong-type at 7:8 "[1]": `pools` must be a mapping, and is a list"#,
            r#"wrong-type at 8:7 "5": `soak` must be text, and is a whole number"#,
            r#"wrong-type at 9:8 "x": `share` must be a number, and is text"#,
        ],
    );
    assert_eq!(help("name: 5.0"), "put it in quotes: `\"5.0\"`");
    assert_eq!(help("name: a\nautomatic: off"), "write `false`, without quotes");
    assert_eq!(help("name: a\nat_once: '3'"), "write `3` without quotes");
    assert_eq!(help("name:"), "write a value after the `:`, or delete the key");
}

#[test]
fn values() {
    refused(
        "name: ''\nat_once: 11\nmode: quik\nsoak: 5 minutes\ndomains: []\npools: {a: {size: 300}}",
        &[
            r#"wrong-length at 3:7 "''": `name` must have at least 1 character"#,
            r#"out-of-range at 4:10 "11": `at_once` must be at most 10"#,
            r#"unknown-value at 5:7 "quik": `mode` cannot be `quik`"#,
            r#"wrong-form at 6:7 "5 minutes": `soak` does not have the form expected here"#,
            r#"wrong-length at 7:10 "[]": `domains` must have at least 1 item"#,
            r#"out-of-range at 8:19 "300": `size` must be at most 255"#,
        ],
    );
    assert_eq!(help("name: a\nmode: quik"), "did you mean `quick`?");
    assert_eq!(help("name: a\nmode: zzzzzz"), "write one of `careful`, `quick`");
    assert_eq!(help("name: a\nsoak: 5 minutes"), "write a duration like `10m`");
    refused(
        "name: a\nmode: [x]\npair: [a]\n",
        &[
            r#"unknown-value at 4:7 "[x]": `mode` cannot be a list"#,
            r#"wrong-length at 5:7 "[a]": `pair` must have at least 2 items"#,
        ],
    );
}

#[test]
fn of_a_choice_only_the_branch_that_was_meant_is_told() {
    refused(
        "name: a\ndriver: {powershell: {hots: x, port: many}}",
        &[
            r#"unknown-key at 4:23 "hots": the key `hots` is not known in `powershell`"#,
            r#"wrong-type at 4:38 "many": `port` must be a whole number, and is text"#,
        ],
    );
    refused(
        "name: a\ndriver: {command: {}}",
        &[r#"missing-key at 4:19 "{}": the key `run` is missing in `command`"#],
    );
    refused(
        "name: a\ndriver: {powershel: {}}",
        &[r#"unknown-key at 4:10 "powershel": the key `powershel` is not known in `driver`"#],
    );
    assert_eq!(help("name: a\ndriver: {powershel: {}}"), "did you mean `powershell`?");
    refused(
        "name: a\ndriver: simulatde",
        &[r#"unknown-value at 4:9 "simulatde": `driver` cannot be `simulatde`"#],
    );
    assert_eq!(help("name: a\ndriver: simulatde"), "did you mean `simulated`?");
    refused(
        "name: a\ndriver: powershell",
        &[r#"wrong-type at 4:9 "powershell": `powershell` needs settings of its own in `driver`"#],
    );
    refused(
        "name: a\ndriver: {simulated: {}}",
        &[r#"wrong-type at 4:10 "simulated": `simulated` has no settings in `driver`"#],
    );
    refused(
        "name: a\ndriver: {command: {run: x}, powershell: {host: y}}",
        &[r#"many-choices at 4:29 "powershell": `driver` makes several choices where one is expected"#],
    );
    refused("name: a\ndriver: {}", &[r#"missing-key at 4:9 "{}": `driver` makes no choice"#]);
    refused("name: a\ndriver: 5", &[r#"unknown-value at 4:9 "5": `driver` cannot be `5`"#]);
    refused(
        "name: a\nplace: {shelf: 1, raw: 2}",
        &[r#"unknown-key at 4:19 "raw": the key `raw` is not known in `place`"#],
    );
    refused("name: a\nplace: 256", &[r#"out-of-range at 4:8 "256": `place` must be at most 255"#]);
    refused(
        "name: a\nplace: x",
        &[r#"wrong-type at 4:8 "x": `place` must be a whole number or a mapping, and is text"#],
    );
}

#[test]
fn what_only_the_type_refuses_still_ends_in_a_finding_with_its_place() {
    refused(
        "name: a\nat_once: 3.0",
        &[
            r#"wrong-type at 4:10 "3.0": a whole number is expected here, and `3.0` is written with a fraction or an exponent"#,
        ],
    );
    refused(
        "name: a\nsoak: 99999999999m",
        &[r#"schema-mismatch at 4:7 "99999999999m": a wait is a number and a unit"#],
    );
}

#[test]
fn a_thousand_errors_are_cut_short() {
    let said = read_said(&format!("name: a\ndomains:\n{}", "- 1\n".repeat(1000)));
    assert_eq!(said.len(), 201);
    assert!(said[0].starts_with("findings-cut at whole file"), "{}", said[0]);
}

#[test]
fn a_broken_schema_does_not_hide_the_error() {
    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code)]
    struct Other {
        size: u8,
    }
    impl Written for Other {
        const KIND: &'static str = "other";
        const SCHEMA: &'static str = r#"{"type": 5"#;
    }
    let source = Arc::new(Source::from_text("x", "version: 1\nkind: other\nsize: x"));
    let findings = read::<Other>(source.clone()).unwrap_err();
    assert_eq!(said(&findings, &source), [r#"schema-mismatch at 3:7 "x": expected u8, found string "x""#,]);
}

/// The deserializer is as strict as the schema: none of these slips through the type.
#[test]
fn types_do_not_bend() {
    fn fits<T: serde::de::DeserializeOwned>(text: &str) -> bool {
        from_node::<T>(&parse(&Source::from_text("x", text)).unwrap()).is_ok()
    }
    #[derive(serde::Deserialize)]
    #[expect(dead_code)]
    struct One {
        a: u8,
    }
    #[derive(serde::Deserialize)]
    #[expect(dead_code)]
    enum Word {
        A,
        B(Option<u8>),
    }
    assert!(fits::<One>("a: 1") && !fits::<One>("[1]"), "a list is not a struct");
    assert!(!fits::<String>("5") && !fits::<String>("true") && !fits::<String>("~"), "text is quoted");
    assert!(!fits::<u8>("'5'") && !fits::<u8>("5.0") && !fits::<u8>("-1") && !fits::<u8>("256"));
    assert!(fits::<f64>("5") && fits::<f64>("5.5") && !fits::<f64>("'5'"));
    assert!(!fits::<bool>("yes") && !fits::<bool>("1"));
    assert!(fits::<Word>("A") && !fits::<Word>("A: ~") && !fits::<Word>("B") && fits::<Word>("B:"));
    assert!(!fits::<Word>("{A: ~, B: ~}") && !fits::<Word>("[A]") && !fits::<Word>("{}"));
    assert!(fits::<(u8, u8)>("[1, 2]") && !fits::<(u8, u8)>("[1]") && !fits::<(u8, u8)>("[1, 2, 3]"));
    assert!(!fits::<Vec<u8>>("1") && !fits::<Option<Vec<u8>>>("1") && fits::<Option<Vec<u8>>>("~"));
    assert!(fits::<serde_json::Value>("{a: [1, x, 1.5, ~, true]}"));
}

#[test]
fn a_good_document_gives_its_parts() {
    let document = body("name: a\ndriver: simulated\n");
    assert_eq!(document.root().get("name").and_then(|node| node.as_str()), Some("a"));
    assert_eq!(document.source().name(), "x");
    assert_eq!((document.body().version, document.body().kind.as_str()), (1, "sample"));
}

#[test]
fn of_a_long_list_the_first_wrong_item_is_found_and_a_good_many_after_it() {
    let good = |count: usize| "- {name: x}\n".repeat(count);
    let wrong = "- {name: 1}\n- {nme: x}\n";
    let text = format!("name: a\ndomains:\n{}{wrong}{}- {{name: 2}}\nat_once: 99\n", good(5000), good(2000));
    refused(
        &text,
        &[
            "findings-cut at whole file: there may be more findings than these; at most 200 are shown",
            r#"wrong-type at 5005:10 "1": `name` must be text, and is a whole number"#,
            r#"unknown-key at 5006:4 "nme": the key `nme` is not known in item 5002 of `domains`"#,
            r#"out-of-range at 7008:10 "99": `at_once` must be at most 10"#,
        ],
    );
    let near = format!("name: a\ndomains:\n{}{wrong}{}- {{name: 2}}\n", good(5000), good(900));
    assert_eq!(read_said(&near).len(), 3, "no more than these, and none is left out");
}
