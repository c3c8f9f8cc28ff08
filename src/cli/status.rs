//! `poolroll status`: where a run is, what it waits for and why, and what happens next.

use std::io::IsTerminal;
use std::time::Duration;

use clap::ValueEnum;
use terminal_size::{Height, Width};

use super::exit::Ending;
use super::failure::Failure;
use super::{output, places, seeing};
use crate::exec::live::{self, LiveError, Places};
use crate::report::run_status::{Room, Status};
use crate::run::StepState;

/// How often a watched run is looked at.
const EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run, or the beginning of its id; the newest if left out
    run: Option<String>,
    /// Look again every second until the run ends
    #[arg(long)]
    watch: bool,
    /// How it is shown
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    places: places::Args,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Human,
    /// For programs
    Json,
}

pub fn run(args: &Args) -> Result<Ending, Failure> {
    let places = args.places.places();
    let status = status(&places, args.run.as_deref())?;
    if !args.watch {
        show(&status, args.format)?;
        if args.format == Format::Human {
            places::say_what_commands_need(&places);
        }
        return Ok(Ending::Done);
    }
    watch(args, &places, status)
}

fn status(places: &Places, run: Option<&str>) -> Result<Status, Failure> {
    let looked = live::look(places, run)?;
    // The records are folded a second time only where there is something to be told of them.
    let run = looked.run();
    let is_told = |state| matches!(state, StepState::Stuck(_) | StepState::Watching(_));
    let told = run.stuck().chain(run.active()).any(|step| is_told(run.state(step)));
    let report = told.then(|| seeing::report(&looked).ok()).flatten();
    let steps = report.map(|report| report.steps).unwrap_or_default();
    let said = |step: &str| steps.iter().find(|told| told.step == step)?.said.clone();
    Ok(seeing::seen(&seeing::moment(&looked), |seen| Status::of(seen, looked.alive, said)))
}

fn show(status: &Status, format: Format) -> Result<(), Failure> {
    match format {
        Format::Json => output::data(|mut out| status.write_json(&mut out)),
        Format::Human => output::text(&status.text()),
    }
}

/// Draws it over what the terminal shows. What scrolls away is drawn over by nobody.
fn draw(status: &Status) -> Result<(), Failure> {
    let text = match terminal_size::terminal_size() {
        // The cursor stays below the last line.
        Some((Width(columns), Height(lines))) => {
            let lines = usize::from(lines).saturating_sub(1);
            status.text_in(Room { lines, columns: usize::from(columns) })
        }
        None => status.text(),
    };
    output::data(|out| out.write_all(b"\x1b[2J\x1b[H"))?;
    output::text(&text)
}

/// On a terminal the view is drawn over; elsewhere it is written again when something has changed.
fn watch(args: &Args, places: &Places, first: Status) -> Result<Ending, Failure> {
    let id = first.run.clone();
    let redraw = args.format == Format::Human && std::io::stdout().is_terminal();
    let mut shown: Option<(String, String)> = None;
    let mut status = first;
    loop {
        let news = (status.headline.clone(), status.waits.iter().map(|wait| wait.now.clone()).collect());
        if redraw {
            draw(&status)?;
        } else if shown.as_ref() != Some(&news) {
            show(&status, args.format)?;
            output::text("\n")?;
        }
        shown = Some(news);
        if status.state != "open" || !status.alive || output::is_closed() {
            return Ok(Ending::Done);
        }
        std::thread::sleep(EVERY);
        status = match self::status(places, Some(&id)) {
            Err(Failure::Live(LiveError::Runs(_))) => return Err(Failure::Gone(id)),
            status => status?,
        };
    }
}
