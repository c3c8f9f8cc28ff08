//! Every refusal of the strict subset, its place, and that one does not hide the next.

use super::parse_said;
use crate::document::{Code, MAX_BYTES, MAX_DEPTH, MAX_NODES, Source, parse};

/// Each text is refused with exactly these findings, in this order.
#[track_caller]
fn refused(text: &str, expected: &[&str]) {
    assert_eq!(parse_said(text), expected, "{text}");
}

#[test]
fn what_makes_readers_disagree() {
    refused("a: &x 1", &[r#"yaml-anchor at 1:4 "&x": the anchor `&x` is not read"#]);
    refused("a: *x", &[r#"yaml-alias at 1:4 "*x": the alias `*x` is not read"#]);
    refused("é: !t 1", &[r#"yaml-tag at 1:4 "!t": the tag `!t` is not read"#]);
    refused("a: !!str 1", &[r#"yaml-tag at 1:4 "!!str": the tag `!!str` is not read"#]);
    refused("a: !x!y 1", &[r#"yaml-tag at 1:4 "!": a tag is written here, and tags are not read"#]);
    refused("<<: {a: 1}", &[r#"yaml-merge-key at 1:1 "<<": merge keys are not read"#]);
    refused("%YAML 1.2\n---\na: 1", &[r#"yaml-directive at 1:1 "%": directives (`%`) are not read"#]);
    refused(
        "a: 1\n---\nb: 1",
        &[r#"yaml-many-documents at 2:1 "---": the file holds more than one document"#],
    );
    refused("a: 1\n...\nb: 1", &[r#"yaml-many-documents at 3:1 "": the file holds more than one document"#]);
}

#[test]
fn numbers_that_mislead() {
    refused(
        "a: 010",
        &[
            r#"number-ambiguous at 1:4 "010": the number `010` begins with a zero, and not every reader takes it as decimal"#,
        ],
    );
    refused("- .inf", &[r#"number-not-finite at 1:3 ".inf": `.inf` is not a number that can be used here"#]);
    refused(
        "- 9223372036854775808",
        &[
            r#"number-too-large at 1:3 "9223372036854775808": the number `9223372036854775808` does not fit into 64 bits"#,
        ],
    );
}

#[test]
fn keys_that_are_not_text() {
    let text = "1: a\ntrue: b\n~: c\n[x]: d\n? {y: 1}\n: e\n2.5: f\n\"3\": good\n'true': good\n";
    refused(
        text,
        &[
            r#"key-not-text at 1:1 "1": the key `1` reads as a whole number, and keys are text"#,
            r#"key-not-text at 2:1 "true": the key `true` reads as `true`, and keys are text"#,
            r#"key-not-text at 3:1 "~": the key `~` reads as nothing, and keys are text"#,
            r#"key-not-text at 4:1 "[x]": a list cannot be a key"#,
            r#"key-not-text at 5:3 "{y: 1}": a mapping cannot be a key"#,
            r#"key-not-text at 7:1 "2.5": the key `2.5` reads as a number with a fraction, and keys are text"#,
        ],
    );
    refused(": a", &[r#"key-not-text at 1:1 "": a key is missing before the `:`"#]);
    refused("a: {{ x }}", &[r#"key-not-text at 1:5 "{ x }": a mapping cannot be a key"#]);
}

#[test]
fn duplicate_keys_name_both_places() {
    let source = Source::from_text("x", "a: 1\nb: 2\n'a': 3\nc: {d: 1, d: 2}\n");
    let findings = parse(&source).unwrap_err();
    let places: Vec<Vec<_>> = findings
        .iter()
        .map(|finding| finding.labels().iter().map(|label| source.line_column(label.span.start)).collect())
        .collect();
    assert_eq!(places, [[(3, 1), (1, 1)], [(4, 11), (4, 5)]]);
    assert!(findings.iter().all(|finding| finding.code() == Code::DuplicateKey));
}

#[test]
fn duplicates_are_found_in_large_mappings_too() {
    let keys: String = (0..1000).map(|n| format!("key{n}: 1\n")).collect();
    assert!(parse(&Source::from_text("x", keys.as_str())).is_ok());
    let said = parse_said(&format!("{keys}key17: 2\nkey17: 3\n"));
    assert_eq!(
        said,
        [
            r#"duplicate-key at 1001:1 "key17": the key `key17` occurs twice in one mapping"#,
            r#"duplicate-key at 1002:1 "key17": the key `key17` occurs twice in one mapping"#,
        ]
    );
}

#[test]
fn the_same_key_in_two_mappings_is_no_duplicate() {
    assert!(parse(&Source::from_text("x", "a: {a: 1}\nb: {a: 1}\nc: [{a: 1}, {a: 2}]")).is_ok());
}

#[test]
fn nothing_to_read() {
    for text in ["", "\n\n", "# only\n# comments\n", "---\n", "---\n...\n"] {
        refused(text, &[r#"yaml-empty at 1:1 "": the document is empty"#]);
    }
    assert!(parse(&Source::from_text("x", "null")).is_ok());
}

#[test]
fn tabs() {
    for (text, place) in [
        ("a:\n\tb: 1", "2:1"),
        ("a: 1\n\tb: 2", "2:1"),
        ("\ta: 1", "1:1"),
        ("a:\n  b: 1\n \tc: 2", "3:2"),
        ("-\ta: 1", "1:2"),
    ] {
        let said = parse_said(text);
        assert!(said[0].starts_with(&format!(r#"yaml-tab at {place} "\t""#)), "{text:?} {said:?}");
    }
    assert!(parse(&Source::from_text("x", "a:\t1\nb: [1,\t2]\t# c\nc: {\ta: 1}\n")).is_ok());
}

#[test]
fn syntax_errors_are_told_in_our_words() {
    let cases = [
        ("a: b: c", r#"1:5 ":": a second `:` is not expected on this line"#),
        ("a: 1\n b: 2", r#"2:3 ":": a second `:` is not expected on this line"#),
        ("a: 1\nb\n", r#"2:1 "b": a line in a mapping has no `:`"#),
        ("a:\n  - 1\n - 2", r#"3:2 "-": the indentation fits nothing above"#),
        ("- a\nb: 1", r#"2:1 "b": an item of a list is expected here"#),
        ("a: - b", r#"1:4 "-": an item of a list cannot begin here"#),
        ("a: 'x", r#"1:4 "'": a quote is never closed"#),
        ("a: 'x\nb: 1\n", r#"2:1 "b": a quote is not closed before this line, which is not indented"#),
        ("a: 'x' y", r#"1:8 "y": text follows after a closing quote"#),
        (
            r#"a: "C:\setup""#,
            r#"1:4 "\"": this text in double quotes holds an escape that YAML does not have"#,
        ),
        ("a: [1, 2\nb: 3", r#"2:1 "b": a bracket is not closed before this line, which is not indented"#),
        ("a: [\n  1\n]", r#"3:1 "]": a bracket is not closed before this line, which is not indented"#),
        ("a: ]", r#"1:4 "]": a bracket is closed that was not opened"#),
        ("a: [1, 2}", r#"1:4 "[": `[` is closed by `}`"#),
        ("a: @x", r#"1:4 "@": plain text cannot begin with `@`"#),
        ("a: |x\n  y", r#"1:4 "|": the line of a `|` or `>` says something more"#),
        ("a: *", r#"1:4 "*": a name is missing after `&` or `*`"#),
    ];
    for (text, expected) in cases {
        refused(text, &[&format!("yaml-syntax at {expected}")]);
    }
}

#[test]
fn one_refusal_does_not_hide_the_next_until_the_syntax_breaks() {
    let text = "a: &x 1\nb: *x\na: 2\n1: !t 010\nc: @\nd: &y 1\n";
    let codes: Vec<_> = parse(&Source::from_text("x", text)).unwrap_err().iter().map(|f| f.code()).collect();
    assert_eq!(
        codes,
        [
            Code::YamlAnchor,
            Code::YamlAlias,
            Code::KeyNotText,
            Code::YamlTag,
            Code::NumberAmbiguous,
            Code::YamlSyntax,
        ]
    );
}

#[test]
fn hidden_characters() {
    refused("a: x\0y", &[r#"control-character at 1:5 "\0": the text holds the hidden character U+0000"#]);
    refused(
        "# \u{202e}x\na: \u{feff}",
        &[
            "control-character at 1:3 \"\\u{202e}\": the text holds the hidden character U+202E",
            "control-character at 2:4 \"\\u{feff}\": the text holds the hidden character U+FEFF",
        ],
    );
    refused(
        r#"a: "C:\bin""#,
        &[r#"control-character at 1:4 "\"C:\\bin\"": an escape in this text makes a hidden character"#],
    );
    assert!(parse(&Source::from_text("x", r#"a: "tab\t and line\n""#)).is_ok());
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&Source::from_text("x", nested(MAX_DEPTH))).is_ok());
    let blocks = |depth: usize| (0..depth).map(|n| format!("{}a:\n", " ".repeat(n))).collect::<String>();
    assert!(parse(&Source::from_text("x", blocks(MAX_DEPTH))).is_ok());
    let deep =
        [nested(MAX_DEPTH + 1), blocks(MAX_DEPTH + 1), "- ".repeat(MAX_DEPTH + 1), "{a: [".repeat(MAX_DEPTH)];
    for text in deep {
        let codes: Vec<_> =
            parse(&Source::from_text("x", text)).unwrap_err().iter().map(|f| f.code()).collect();
        assert_eq!(codes, [Code::YamlDepth]);
    }
}

/// Not timed here, where no clock is read; a reader that is not linear would not come back from these.
#[test]
fn hostile_texts_are_refused_at_once() {
    let texts = [
        "[".repeat(200_000),
        "{".repeat(200_000),
        "{a: ".repeat(100_000),
        "- ".repeat(1_000_000),
        "? ".repeat(1_000_000),
        "a: ".repeat(1_000_000),
        format!("{}{}", "[".repeat(50_000), "]".repeat(50_000)),
        "- &a 1\n- *a\n".repeat(500_000),
        "---\n".repeat(1_000_000),
        "a: 1\n".repeat(1_000_000),
        "\0".repeat(MAX_BYTES),
    ];
    for text in texts {
        let findings = parse(&Source::from_text("x", text)).unwrap_err();
        assert!(findings.has_errors() && findings.len() <= 201);
    }
}

#[test]
fn size_is_bounded() {
    let codes = |text: String| -> Vec<Code> {
        parse(&Source::from_text("x", text)).unwrap_err().iter().map(|finding| finding.code()).collect()
    };
    assert_eq!(codes(format!("[{}]", "1,".repeat(MAX_NODES + 1))), [Code::YamlSize]);
    assert_eq!(codes(" ".repeat(MAX_BYTES + 1)), [Code::SourceTooLarge]);
    let many = codes("- !t 1\n".repeat(1000));
    assert_eq!((many.len(), many.iter().filter(|&&code| code == Code::FindingsCut).count()), (201, 1));
}
