//! Where a run is: for people, and as JSON.

use std::fmt::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

use super::times::Zone;
use super::words::place::{self, Standing};
use super::words::trouble::{self, Trouble};
use super::words::{Seen, Wait, waits};
use crate::run::{Outcome, Served, StepState};

/// The version of this format: a minor version adds, a major one breaks.
pub const FORMAT_VERSION: &str = "1.1";

/// How many front ends are listed one by one for people; of more, only those that something is going on with.
const LISTED: usize = 32;

/// Lines and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    pub lines: usize,
    pub columns: usize,
}

impl Room {
    /// How many lines of a terminal a line takes.
    fn taken_by(self, line: &str) -> usize {
        line.chars().count().div_ceil(self.columns.max(1)).max(1)
    }

    fn holds(self, text: &str) -> bool {
        text.lines().map(|line| self.taken_by(line)).sum::<usize>() <= self.lines
    }
}

/// A run at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    pub format_version: &'static str,
    pub run: String,
    pub plan: String,
    pub pool: String,
    /// By the clock of the run.
    pub at: Timestamp,
    /// `open`, or how it ended.
    pub state: &'static str,
    /// Whether a process is running it.
    pub alive: bool,
    pub headline: String,
    pub served: Served,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    pub front_ends: Vec<FrontEndStatus>,
    pub waits: Vec<Wait>,
    pub troubles: Vec<Trouble>,
    /// What comes next, a few steps ahead.
    pub next: Vec<String>,
    /// What can be typed, best first.
    pub commands: Vec<String>,
    #[serde(skip)]
    shown_at: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct FrontEndStatus {
    pub front_end: String,
    pub domain: String,
    pub standing: Standing,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What follows when that does not help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
}

impl Status {
    /// Where a run is now. `said` tells what was heard of a step that needs a person, by its id.
    pub fn of(seen: &Seen<'_>, alive: bool, said: impl Fn(&str) -> Option<String>) -> Status {
        let plan = seen.graph.plan();
        let front_ends = plan.front_end_ids().map(|id| {
            let standing = place::standing(seen, id);
            let shown = !matches!(standing, Standing::Done | Standing::AlreadyThere);
            let detail = shown.then(|| place::at(seen, id)).flatten();
            let (detail, otherwise) = match detail {
                Some(detail) => (Some(detail.now), detail.otherwise),
                None => (None, None),
            };
            FrontEndStatus {
                front_end: plan.front_end(id).fqdn.clone(),
                domain: plan.domain(plan.front_end(id).domain).name.clone(),
                standing,
                detail,
                otherwise,
            }
        });
        let over = seen.run.outcome().is_some_and(Outcome::is_final);
        Status {
            format_version: FORMAT_VERSION,
            run: seen.run_id.to_owned(),
            plan: plan.name().to_owned(),
            pool: plan.pool().fqdn.clone(),
            at: seen.now,
            state: place::outcome_word(seen.run.outcome()),
            alive,
            headline: place::headline(seen),
            served: seen.run.served(seen.graph),
            warning: place::served(seen),
            front_ends: front_ends.collect(),
            waits: waits(seen).into_iter().map(|wait| beside(seen, wait, &said)).collect(),
            // In a run that is over nobody can do anything any more.
            troubles: if over { Vec::new() } else { trouble::troubles(seen) }
                .into_iter()
                .map(|trouble| Trouble { said: said(&trouble.step), ..trouble })
                .collect(),
            next: if over { Vec::new() } else { place::next(seen) },
            commands: place::commands(seen, alive),
            shown_at: Zone::of(seen.graph).full(seen.now),
        }
    }

    /// For people.
    pub fn text(&self) -> String {
        self.text_of(LISTED)
    }

    /// For people who see so much of it: where that is less than the whole, front ends at which nothing goes on are counted and not
    /// listed, and then the end of it is left out.
    pub fn text_in(&self, room: Room) -> String {
        let whole = self.text();
        if room.holds(&whole) {
            return whole;
        }
        let short = self.text_of(0);
        if room.holds(&short) {
            return short;
        }
        let mut left = room.lines.saturating_sub(1);
        let fits = |line: &&str| {
            let taken = room.taken_by(line);
            let fits = taken <= left;
            left -= taken.min(left);
            fits
        };
        let mut kept: String = short.lines().take_while(fits).map(|line| format!("{line}\n")).collect();
        kept.push_str(&format!("... all of it: poolroll status {}\n", self.run));
        kept
    }

    fn text_of(&self, listed: usize) -> String {
        let mut text = String::new();
        // Writing to a text cannot fail.
        let _ = self.write(&mut text, listed);
        text
    }

    fn write(&self, out: &mut impl Write, listed: usize) -> fmt::Result {
        writeln!(out, "run   {} ({})", self.run, self.plan)?;
        writeln!(out, "pool  {}", self.pool)?;
        let gone = self.state == "open" && !self.alive;
        // How a run ended is in its headline.
        let alive = match (self.state, gone) {
            ("open", false) => "in progress: ",
            (_, true) => "NOBODY RUNS IT (its process is gone): ",
            _ => "",
        };
        writeln!(out, "now   {} {alive}{}", self.shown_at, self.headline)?;
        if let Some(warning) = &self.warning {
            writeln!(out, "\n{warning}")?;
        }
        self.list(out, listed)?;
        section(out, if gone { "when it is resumed, it goes on with" } else { "waits for" }, &self.waits)?;
        for trouble in &self.troubles {
            writeln!(out, "\nneeds a person: {}", trouble.step)?;
            writeln!(out, "  {}", trouble.what)?;
            if let Some(said) = &trouble.said {
                writeln!(out, "  heard last: {said}")?;
            }
            if let Some(look) = &trouble.look {
                writeln!(out, "  look first at {look}")?;
            }
            let width = trouble.choices.iter().map(|choice| choice.command.len()).max().unwrap_or_default();
            for choice in &trouble.choices {
                writeln!(out, "  {:width$}  {}", choice.command, choice.does)?;
            }
        }
        section(out, if self.state == "open" { "then" } else { "when it is resumed" }, &self.next)?;
        if let Some(command) = self.commands.first().filter(|_| self.troubles.is_empty()) {
            writeln!(out, "\nnext: {command}")?;
        }
        Ok(())
    }

    fn list(&self, out: &mut impl Write, listed: usize) -> fmt::Result {
        let all = self.front_ends.len() <= listed;
        let busy = |row: &&FrontEndStatus| all || matches!(row.standing, Standing::Out | Standing::Trouble);
        let rows: Vec<&FrontEndStatus> = self.front_ends.iter().filter(busy).collect();
        let width = rows.iter().map(|row| row.front_end.len()).max().unwrap_or_default();
        writeln!(out)?;
        for row in &rows {
            let line = format!(
                "{:width$}  {}  {:13}  {}",
                row.front_end,
                row.domain,
                row.standing.word(),
                row.detail.as_deref().unwrap_or_default()
            );
            writeln!(out, "{}", line.trim_end())?;
        }
        if !all {
            let count = |standing| self.front_ends.iter().filter(|row| row.standing == standing).count();
            writeln!(
                out,
                "{} front ends: {} done, {} already there, {} waiting, {} skipped",
                self.front_ends.len(),
                count(Standing::Done),
                count(Standing::AlreadyThere),
                count(Standing::Waiting),
                count(Standing::Skipped)
            )?;
        }
        Ok(())
    }

    /// Writes it as JSON.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub fn write_json(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        writeln!(out)
    }
}

/// A wait with what was said of what is watched and not good.
fn beside(seen: &Seen<'_>, wait: Wait, said: &impl Fn(&str) -> Option<String>) -> Wait {
    let state = seen.graph.find(&wait.step).map(|step| seen.run.state(step));
    let is_bad = matches!(state, Some(StepState::Watching(watch)) if !watch.is_good());
    match said(&wait.step).filter(|_| is_bad) {
        Some(said) => Wait { now: format!("{}: {said}", wait.now), ..wait },
        None => wait,
    }
}

fn section(out: &mut impl Write, title: &str, items: &[impl fmt::Display]) -> fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}")?;
    items.iter().try_for_each(|item| writeln!(out, "  {item}"))
}

#[cfg(test)]
mod tests {
    use super::{Room, Status};
    use crate::report::hand::{Hand, PLAN};

    #[test]
    fn a_status_fits_the_terminal_that_shows_it() {
        let mut hand = Hand::of(PLAN);
        hand.go_until("upgrade/fe01.contoso.com/1");
        let status = hand.seen(|seen| Status::of(seen, true, |_| None));
        let (whole, columns) = (status.text(), 80);
        let taken = |text: &str| text.lines().map(|line| line.len().div_ceil(columns).max(1)).sum::<usize>();
        assert_eq!(status.text_in(Room { lines: taken(&whole), columns }), whole);
        for lines in 1..taken(&whole) {
            let text = status.text_in(Room { lines, columns });
            assert!(taken(&text) <= lines, "{lines}:\n{text}");
            // The one at work is told as long as there is room for it.
            assert!(lines < 8 || text.contains("\nfe01.contoso.com  UD1  "), "{lines}:\n{text}");
            assert!(!text.contains("\nfe02"), "{lines}:\n{text}");
        }
        assert!(status.text_in(Room { lines: 5, columns }).ends_with("... all of it: poolroll status R\n"));
    }
}
