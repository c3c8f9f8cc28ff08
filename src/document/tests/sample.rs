//! A kind of document that has every shape the program's own kinds have.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::document::{Spanned, Written};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "some fields are here for the schema's sake")]
pub(super) struct Sample {
    pub(super) version: u32,
    pub(super) kind: String,
    /// What people call it.
    pub(super) name: Spanned<Name>,
    #[serde(default)]
    pub(super) driver: Option<Driver>,
    #[serde(default)]
    pub(super) mode: Option<Spanned<Mode>>,
    #[serde(default)]
    #[schemars(range(min = 1, max = 10))]
    pub(super) at_once: Option<Spanned<u32>>,
    #[serde(default)]
    pub(super) share: Option<f64>,
    #[serde(default)]
    pub(super) soak: Option<Spanned<Wait>>,
    #[serde(default)]
    pub(super) automatic: bool,
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub(super) domains: Option<Vec<Domain>>,
    #[serde(default)]
    pub(super) pools: BTreeMap<Spanned<String>, Spanned<Pool>>,
    #[serde(default)]
    pub(super) pair: Option<(String, u8)>,
    #[serde(default)]
    pub(super) place: Option<Place>,
}

/// A name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(!try_from)]
pub(super) struct Name(#[schemars(length(min = 1, max = 12))] pub(super) String);

impl TryFrom<String> for Name {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.len() {
            1..=12 => Ok(Name(text)),
            _ => Err("a name has 1 to 12 characters"),
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Domain {
    pub(super) name: Spanned<String>,
    #[serde(default)]
    pub(super) front_ends: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pool {
    pub(super) size: u8,
}

/// A duration like `10m`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(!try_from)]
#[expect(dead_code, reason = "here for the schema's sake")]
pub(super) struct Wait(#[schemars(regex(pattern = "^[0-9]+[smh]$"))] pub(super) String);

impl TryFrom<String> for Wait {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let count = text.trim_end_matches(['s', 'm', 'h']);
        let fits = count.len() + 1 == text.len() && count.parse::<u32>().is_ok();
        if fits { Ok(Wait(text)) } else { Err("a wait is a number and a unit") }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Mode {
    /// One by one.
    Careful,
    /// All together.
    Quick,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Driver {
    Simulated,
    Powershell(Spanned<PowerShell>),
    Command { run: Spanned<String>, args: Option<Vec<Spanned<String>>> },
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "here for the schema's sake")]
pub(super) struct PowerShell {
    pub(super) host: Spanned<String>,
    #[serde(default)]
    pub(super) port: Option<u16>,
}

/// A choice by the shape of the value, which our own kinds do not use; the schema's part is tested with it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "here for the schema's sake")]
pub(super) enum Place {
    Number(u8),
    Shelf(Shelf),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "here for the schema's sake")]
pub(super) struct Shelf {
    pub(super) shelf: u8,
    pub(super) row: u8,
}

impl Written for Sample {
    const KIND: &'static str = "sample";
    const SCHEMA: &'static str = include_str!("sample.schema.json");
}

/// The schema beside this file is what the type says. When it is stale, put the text on the right into it.
#[test]
fn the_schema_of_the_sample_is_fresh() {
    let fresh = serde_json::to_string_pretty(&schemars::schema_for!(Sample)).unwrap();
    assert_eq!(Sample::SCHEMA, fresh);
}
