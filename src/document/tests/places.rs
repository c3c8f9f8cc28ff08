//! Spans: of nodes, of keys by pointer, and of `Spanned` wherever a type may hold one.

use super::sample::{Driver, Mode};
use super::{Sample, body};
use crate::document::{Node, Source, Span, Spanned, Value, from_node, kind_of, parse};

fn tree(text: &str) -> (Source, Node) {
    let source = Source::from_text("x", text);
    let root = parse(&source).unwrap();
    (source, root)
}

#[test]
fn spans_are_bytes_also_behind_text_that_is_not_ascii() {
    let (source, root) =
        tree("größe: 'ä ö'\n🚀: [日本, \"x\\u00e9\", é]\nblöck: |\n  é\n  f\n\nlast: ü # ü\n");
    let slice = |pointer: &str| source.slice(root.pointer(pointer).unwrap().span);
    assert_eq!(slice("/größe"), "'ä ö'");
    assert_eq!(slice("/🚀"), "[日本, \"x\\u00e9\", é]");
    assert_eq!(slice("/🚀/0"), "日本");
    assert_eq!(slice("/🚀/1"), "\"x\\u00e9\"");
    assert_eq!(slice("/🚀/2"), "é");
    assert_eq!(slice("/blöck"), "é\n  f");
    assert_eq!(slice("/last"), "ü");
    assert_eq!(source.slice(root.key_span("/blöck").unwrap()), "blöck");
    assert_eq!(source.slice(root.span), source.text().trim_end().trim_end_matches(" # ü"));
}

#[test]
fn spans_fit_with_windows_line_ends_too() {
    let (source, root) = tree("a:\r\n  - x\r\n  - yü: 1\r\nb: |\r\n  t\r\n");
    assert_eq!(source.slice(root.pointer("/a").unwrap().span), "- x\r\n  - yü: 1");
    assert_eq!(source.slice(root.pointer("/a/1").unwrap().span), "yü: 1");
    assert_eq!(root.get("b").unwrap().as_str(), Some("t\n"));
    assert_eq!(source.slice(root.pointer("/b").unwrap().span), "t");
}

#[test]
fn a_block_ends_with_its_last_value_and_not_with_the_comments_behind_it() {
    let (source, root) = tree("a:\n  b: 1\n\n  # about c\n\nc:\n  - d:\n");
    assert_eq!(source.slice(root.pointer("/a").unwrap().span), "b: 1");
    assert_eq!(source.slice(root.pointer("/c").unwrap().span), "- d");
    assert!(root.pointer("/c/0/d").unwrap().span.is_empty());
}

#[test]
fn pointers_lead_to_values_and_keys() {
    let (source, root) = tree("a/b: {c~d: [1, {e: 2}]}\n'': 3\n");
    let value = |pointer| root.pointer(pointer).map(|node| &node.value);
    assert_eq!(value("/a~1b/c~0d/1/e"), Some(&Value::Integer(2)));
    assert_eq!(value("/"), Some(&Value::Integer(3)));
    assert_eq!(root.pointer(""), Some(&root));
    for nowhere in
        ["a", "/x", "/a~1b/c~0d/2", "/a~1b/c~0d/01", "/a~1b/c~0d/-1", "/a~1b/c~0d/+1", "/a~1b/c~0d/0/x"]
    {
        assert_eq!(value(nowhere), None, "{nowhere}");
        assert_eq!(root.key_span(nowhere), None, "{nowhere}");
    }
    assert_eq!(source.slice(root.key_span("/a~1b/c~0d").unwrap()), "c~d");
    assert_eq!(root.key_span("/a~1b/c~0d/1"), None);
    assert_eq!(root.key_span(""), None);
}

#[test]
fn the_kind_is_read_when_it_is_text() {
    assert_eq!(kind_of(&tree("kind: plan").1), Some("plan"));
    assert_eq!(kind_of(&tree("kind: 1").1), None);
    assert_eq!(kind_of(&tree("[kind]").1), None);
}

#[test]
fn spanned_values_know_their_place_wherever_they_are_held() {
    let document = body(
        "name: é\nmode: quick\nat_once: 3\nsoak: 10m\ndomains:\n  - name: ü1\n    front_ends: [fe01, \"fe02\"]\npools:\n  \
         pö: {size: 3}\n  q:\n    size: 4\ndriver:\n  command:\n    run: ä.exe\n    args: [x, ÿ]\n",
    );
    let sample: &Sample = document.body();
    let slice = |span| document.source().slice(span);
    assert_eq!(slice(sample.name.span()), "é");
    assert_eq!(sample.name.0, "é");
    let mode = sample.mode.as_ref().unwrap();
    assert_eq!((**mode, slice(mode.span())), (Mode::Quick, "quick"));
    assert_eq!(slice(sample.at_once.as_ref().unwrap().span()), "3");
    assert_eq!(slice(sample.soak.as_ref().unwrap().span()), "10m");
    let domain = &sample.domains.as_ref().unwrap()[0];
    assert_eq!(slice(domain.name.span()), "ü1");
    assert_eq!(
        domain.front_ends.iter().map(|name| slice(name.span())).collect::<Vec<_>>(),
        ["fe01", "\"fe02\""]
    );
    let pools: Vec<_> =
        sample.pools.iter().map(|(key, pool)| (slice(key.span()), slice(pool.span()))).collect();
    assert_eq!(pools, [("pö", "{size: 3}"), ("q", "size: 4")]);
    assert_eq!(sample.pools.get("q").map(|pool| pool.size), Some(4));
    let Some(Driver::Command { run, args: Some(args) }) = &sample.driver else { panic!("{sample:?}") };
    assert_eq!((slice(run.span()), slice(args[1].span())), ("ä.exe", "ÿ"));
}

#[test]
fn spanned_values_work_in_newtype_variants_and_tuples() {
    let document = body("name: a\ndriver: {powershell: {host: ü}}\npair: [é, 2]\n");
    let Some(Driver::Powershell(settings)) = &document.body().driver else { panic!() };
    assert_eq!(document.source().slice(settings.span()), "{host: ü}");
    assert_eq!(document.source().slice(settings.host.span()), "ü");
    let (source, root) = tree("[é, [x, 1]]");
    let (first, rest): (Spanned<String>, Spanned<(Spanned<String>, u8)>) = from_node(&root).unwrap();
    assert_eq!(
        [source.slice(first.span()), source.slice(rest.span()), source.slice(rest.0.span())],
        ["é", "[x, 1]", "x"]
    );
    let (source, root) = tree("- 1\n- ~\n-\n");
    let list: Vec<Spanned<Option<Spanned<u8>>>> = from_node(&root).unwrap();
    assert_eq!(list.iter().map(|item| source.slice(item.span())).collect::<Vec<_>>(), ["1", "~", ""]);
    assert_eq!(
        list[0].map(|item| item.map(|item| item.span())),
        Spanned::new(Some(root.items()[0].span), root.span)
    );
}

#[test]
fn spanned_is_transparent_to_json_schemas_and_equality() {
    let here = Spanned::new(5, Span::new(1, 10));
    let there = Spanned::new(5, Span::new(9, 10));
    assert_eq!(here, there);
    assert_eq!(serde_json::to_string(&here).unwrap(), "5");
    let read: Spanned<Vec<Spanned<u8>>> = serde_json::from_str("[1, 2]").unwrap();
    assert_eq!(read.iter().map(|item| **item).collect::<Vec<_>>(), [1, 2]);
    assert!(read.span().is_empty());
    let spanned = schemars::schema_for!(Vec<Spanned<Option<String>>>);
    assert_eq!(spanned, schemars::schema_for!(Vec<Option<String>>));
}
