//! The live view of a run on a terminal: one line a front end, what the run waits for, and what comes next. Lines of
//! what has happened scroll by above it.

use std::time::{Duration, Instant};

use clap::builder::styling::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output;
use crate::report::run_status::Status;
use crate::report::times::Zone;
use crate::report::words::Seen;
use crate::report::words::place::Standing;

/// How many lines of front ends and of waits the view has; a terminal is not higher.
const FRONT_ENDS: usize = 16;
const WAITS: usize = 4;
/// How often it is drawn anew at most.
const EVERY: Duration = Duration::from_millis(120);

/// What is drawn over and over at the bottom of the terminal.
pub struct LiveView {
    bar: ProgressBar,
    drawn: Option<Instant>,
    colour: bool,
}

impl LiveView {
    pub fn new(colour: bool) -> LiveView {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        LiveView { bar, drawn: None, colour }
    }

    /// A line of what has happened.
    pub fn line(&self, line: &str) {
        self.bar.println(output::safe(line));
    }

    pub fn draw(&mut self, seen: &Seen<'_>, at_once: bool) {
        if !at_once && self.drawn.is_some_and(|drawn| drawn.elapsed() < EVERY) {
            return;
        }
        self.drawn = Some(Instant::now());
        let clock = Zone::of(seen.graph).clock(seen.now);
        self.bar.set_message(self.text(&Status::of(seen, true, |_| None), &clock));
    }

    /// Leaves the terminal as it found it.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn text(&self, status: &Status, clock: &str) -> String {
        let mut lines = vec![String::new(), format!("{clock} {}", status.headline)];
        if let Some(warning) = &status.warning {
            lines.push(self.paint(AnsiColor::Red, warning));
        }
        let width = status.front_ends.iter().map(|row| row.front_end.len()).max().unwrap_or_default();
        for row in shown(status) {
            let word = format!("{:13}", row.standing.word());
            let word = match row.standing {
                Standing::Done | Standing::AlreadyThere => self.paint(AnsiColor::Green, &word),
                Standing::Out => self.paint(AnsiColor::Yellow, &word),
                Standing::Trouble => self.paint(AnsiColor::Red, &word),
                Standing::Waiting | Standing::Skipped => word,
            };
            let parts: Vec<&str> =
                [&row.detail, &row.otherwise].into_iter().flatten().map(String::as_str).collect();
            lines.push(format!("  {:width$}  {}  {word}  {}", row.front_end, row.domain, parts.join("; ")));
        }
        let hidden = status.front_ends.len().saturating_sub(FRONT_ENDS);
        if hidden > 0 {
            lines.push(format!("  {hidden} more"));
        }
        // What is said beside a front end needs no second line.
        let told = |step: &str| {
            status
                .front_ends
                .iter()
                .any(|row| step.ends_with(&row.front_end) || step.contains(&format!("/{}/", row.front_end)))
        };
        for wait in status.waits.iter().filter(|wait| !told(&wait.step)).take(WAITS) {
            lines.push(format!("  {wait}"));
        }
        if !status.next.is_empty() {
            lines.push(format!("  then {}", status.next.join("; ")));
        }
        output::safe(&lines.join("\n")).into_owned()
    }

    fn paint(&self, colour: AnsiColor, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let style = Style::new().fg_color(Some(colour.into()));
        format!("{style}{text}{style:#}")
    }
}

/// The front ends that something is going on with first, then the others, in the order of the plan.
fn shown(status: &Status) -> Vec<&crate::report::run_status::FrontEndStatus> {
    let busy = |standing: Standing| matches!(standing, Standing::Out | Standing::Trouble);
    let mut rows: Vec<(usize, _)> = status.front_ends.iter().enumerate().collect();
    if rows.len() > FRONT_ENDS {
        rows.sort_by_key(|(index, row)| (!busy(row.standing), row.standing != Standing::Waiting, *index));
        rows.truncate(FRONT_ENDS);
        rows.sort_by_key(|(index, _)| *index);
    }
    rows.into_iter().map(|(_, row)| row).collect()
}
