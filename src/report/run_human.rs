//! The report of a run for people: the recap that ends a run, and the whole report.

use std::fmt::{self, Write};

use super::lines::{counted, rough};
use super::run_report::{FrontEndReport, Report, TroubleEnd, TroubleReport};
use super::times::Zone;
use super::words::place::Standing;
use crate::run::Outcome;

/// The recap: a line a front end, one for the pool.
///
/// # Errors
///
/// The writer's.
pub fn recap(out: &mut impl Write, report: &Report) -> fmt::Result {
    let rows: Vec<[String; 6]> = report.front_ends.iter().map(|row| cells(row, report)).collect();
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        writeln!(out, "{}", line.trim_end())?;
    }
    pool(out, report)
}

fn cells(row: &FrontEndReport, report: &Report) -> [String; 6] {
    let versions = match (&row.version_before, &row.version_after) {
        (Some(before), Some(after)) if before != after => format!("{before} -> {after}"),
        (_, Some(version)) | (Some(version), None) => version.clone(),
        (None, None) => String::new(),
    };
    let out = match (row.out_for, row.standing) {
        (None, _) => "not touched".to_owned(),
        (Some(length), Standing::Done) => format!("out for {}", rough(length.get())),
        (Some(length), _) if report.outcome.is_some_and(Outcome::is_final) => {
            format!("out to the end, {}", rough(length.get()))
        }
        (Some(length), _) => format!("out, {} so far", rough(length.get())),
    };
    let lost = match row.out_for {
        Some(_) if report.counts_sessions() => lost_by_stops(row.sessions_lost),
        _ => String::new(),
    };
    let retries = match row.retries {
        0 => String::new(),
        1 => "1 retry".to_owned(),
        retries => format!("{retries} retries"),
    };
    [row.front_end.clone(), row.standing.word().to_owned(), versions, out, lost, retries]
}

/// What a front end takes along that dies by itself is counted by nobody.
fn lost_by_stops(sessions: u32) -> String {
    counted(sessions as usize, "session") + " lost by stops"
}

fn pool(out: &mut impl Write, report: &Report) -> fmt::Result {
    let there = report.count(Standing::Done) + report.count(Standing::AlreadyThere);
    let all = report.front_ends.len();
    let served = match &report.version {
        Some(version) => format!("in service at {version}"),
        None => "in service as planned".to_owned(),
    };
    let lost = match report.counts_sessions() {
        true => format!(", {}", lost_by_stops(report.sessions_lost())),
        false => String::new(),
    };
    let took = rough(report.took.get());
    writeln!(
        out,
        "{}: {}, {there} of {all} front ends {served}, in {took}{lost}",
        report.pool, report.state
    )?;
    report.warning.iter().try_for_each(|warning| writeln!(out, "{warning}"))?;
    report.troubles.iter().try_for_each(|trouble| needs(out, trouble))
}

/// What needs a person, where to look, and what can be typed.
fn needs(out: &mut impl Write, trouble: &TroubleReport) -> fmt::Result {
    let title = match trouble.ended {
        TroubleEnd::Open => "needs a person",
        TroubleEnd::Tolerated => "left out, as the plan allows",
        TroubleEnd::Left => "left as it is",
        TroubleEnd::Solved | TroubleEnd::Skipped => return Ok(()),
    };
    writeln!(out, "\n{title}: {}\n  {}", trouble.step, trouble.what)?;
    if let Some(said) = &trouble.said {
        writeln!(out, "  heard last: {said}")?;
    }
    if let Some(look) = &trouble.look {
        writeln!(out, "  look first at {look}")?;
    }
    let width = trouble.choices.iter().map(|choice| choice.command.len()).max().unwrap_or_default();
    trouble
        .choices
        .iter()
        .try_for_each(|choice| writeln!(out, "  {:width$}  {}", choice.command, choice.does))
}

/// The whole report.
///
/// # Errors
///
/// The writer's.
pub fn write(out: &mut impl Write, report: &Report, zone: &Zone) -> fmt::Result {
    if let Some(opened) = &report.opened {
        writeln!(out, "run     {} ({})", opened.run, report.plan)?;
        writeln!(out, "by      {}, poolroll {}, driver {}", opened.by, opened.program, opened.driver)?;
    }
    let until = if report.outcome.is_some() { zone.full(report.last) } else { "now".to_owned() };
    writeln!(out, "time    {} to {until} ({})", zone.full(report.began), rough(report.took.get()))?;
    writeln!(out, "digest  {}", report.digest.get(..super::graph_tree::SHOWN_DIGEST).unwrap_or_default())?;
    writeln!(out, "state   {}\n", report.headline)?;
    recap(out, report)?;
    domains(out, report, zone)?;
    if !report.troubles.is_empty() {
        writeln!(out, "\ntroubles")?;
    }
    for trouble in &report.troubles {
        let open = match trouble.ended {
            TroubleEnd::Open => "STILL DOES",
            TroubleEnd::Solved => "solved",
            TroubleEnd::Tolerated => "left out, as the plan allows",
            TroubleEnd::Skipped => "left out, as a person said",
            TroubleEnd::Left => "left as it is",
        };
        writeln!(out, "  {}  {}: {} ({open})", zone.full(trouble.at), trouble.step, trouble.what)?;
    }
    if !report.persons.is_empty() {
        writeln!(out, "\npersons")?;
    }
    for word in &report.persons {
        let reason = word.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        writeln!(out, "  {}  {} {}{reason}", zone.full(word.at), word.who, word.did)?;
    }
    Ok(())
}

fn domains(out: &mut impl Write, report: &Report, zone: &Zone) -> fmt::Result {
    writeln!(out, "\nupgrade domains")?;
    for domain in &report.domains {
        let times = match (domain.taken, domain.settled) {
            (Some(taken), Some(settled)) => {
                format!("taken {}, settled {}", zone.full(taken), zone.full(settled))
            }
            (Some(taken), None) => format!("taken {}, not settled", zone.full(taken)),
            (None, _) => "not taken".to_owned(),
        };
        let busy = if domain.busy > 0 { format!(", {} times Busy", domain.busy) } else { String::new() };
        let soak = match domain.soak_restarts {
            0 => String::new(),
            restarts => format!(", soak began again {}", counted(restarts as usize, "time")),
        };
        let asked = match domain.asked {
            0 => String::new(),
            asked => format!("; asked {}{busy}", counted(asked as usize, "time")),
        };
        writeln!(out, "  {}  {times}{asked}{soak}", domain.name)?;
    }
    Ok(())
}
