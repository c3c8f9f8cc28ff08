//! `poolroll runs`: all runs, newest first.

use jiff::Timestamp;
use serde::Serialize;

use super::exit::Ending;
use super::failure::Failure;
use super::status::Format;
use super::{output, places, seeing};
use crate::exec::live::{self, LiveError};
use crate::report::lines::rough;
use crate::report::times::Zone;
use crate::report::words::place::Standing;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// How they are shown
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    places: places::Args,
}

/// The version of the JSON: a minor version adds, a major one breaks.
const FORMAT_VERSION: &str = "1.0";

#[derive(Serialize)]
struct Output {
    format_version: &'static str,
    runs: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    run: String,
    state: String,
    alive: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pool: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    began: Option<Timestamp>,
    #[serde(skip)]
    shown: String,
}

pub fn run(args: &Args) -> Result<Ending, Failure> {
    let places = args.places.places();
    let folders = places.runs.list()?;
    let rows: Vec<Row> = folders.iter().map(|folder| row(&places, folder.id().as_str())).collect();
    match args.format {
        Format::Json => output::data(|mut out| {
            serde_json::to_writer_pretty(&mut out, &Output { format_version: FORMAT_VERSION, runs: rows })?;
            writeln!(out)
        })?,
        Format::Human => {
            if rows.is_empty() {
                output::say("there are no runs yet; next: poolroll apply PLAN");
            }
            let width = rows.iter().map(|row| row.run.len()).max().unwrap_or_default();
            let line = |row: &Row| format!("{:width$}  {:9}  {}\n", row.run, row.state, row.shown);
            output::text(&rows.iter().map(line).collect::<String>())?;
        }
    }
    Ok(Ending::Done)
}

/// One run. One that cannot be looked at is listed too, with the reason.
fn row(places: &live::Places, id: &str) -> Row {
    let looked = match live::look(places, Some(id)) {
        Ok(looked) => looked,
        Err(error) => {
            let shown = output::chain(&error);
            let state = if matches!(error, LiveError::Abandoned { .. }) { "abandoned" } else { "unreadable" };
            return Row {
                run: id.to_owned(),
                state: state.into(),
                alive: false,
                pool: None,
                plan: None,
                began: None,
                shown,
            };
        }
    };
    let plan = looked.graph.plan();
    let began = looked.records.first().map(|record| record.at);
    let report = seeing::report(&looked).ok();
    let state = match (looked.run().outcome(), looked.alive) {
        (None, false) => "killed",
        (None, true) => "running",
        (outcome, _) => crate::report::words::place::outcome_word(outcome),
    };
    let progress = report.map_or_else(String::new, |report| {
        let there = report.count(Standing::Done) + report.count(Standing::AlreadyThere);
        format!("{there} of {} front ends, {}", report.front_ends.len(), rough(report.took.get()))
    });
    let zone = Zone::of(&looked.graph);
    let began_text = began.map_or_else(String::new, |began| zone.full(began));
    Row {
        run: id.to_owned(),
        state: state.to_owned(),
        alive: looked.alive,
        pool: Some(plan.pool().fqdn.clone()),
        plan: Some(plan.name().to_owned()),
        began,
        shown: format!("{began_text}  {}  {progress}  {}", plan.pool().fqdn, plan.name()),
    }
}
