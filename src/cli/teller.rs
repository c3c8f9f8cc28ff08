//! Who watches a run for a person and for programs: lines or the live view on stderr, events to a file or stdout.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anstream::{AutoStream, ColorChoice};
use jiff::Timestamp;

use super::failure::Failure;
use super::live_view::LiveView;
use super::{output, seeing};
use crate::exec::record::step_of;
use crate::exec::{Audience, Moment};
use crate::graph::StepGraph;
use crate::plan::Facts;
use crate::report::events;
use crate::report::narrator::{self, Narrator};
use crate::report::times::Zone;
use crate::run::{Event, Run};

/// How long nothing is said before the heartbeat.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// What commands that run something take.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Write every event as a line of JSON, `-` to stdout
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
}

impl Args {
    /// Whether stdout belongs to the events.
    pub fn takes_stdout(&self) -> bool {
        self.events.as_deref() == Some(Path::new("-"))
    }
}

/// Tells a run to whoever is there. Nobody being there any more does not disturb the run.
pub struct Teller {
    narrator: Narrator,
    zone: Zone,
    screen: Screen,
    events: Option<Box<dyn Write>>,
    /// The day of the last line.
    day: String,
    said: Instant,
    happened: Option<Timestamp>,
}

enum Screen {
    Lines,
    Live(Box<LiveView>),
}

impl Teller {
    /// For a run as it is now, under its id.
    ///
    /// # Errors
    ///
    /// The file of events cannot be made.
    pub fn new(args: &Args, graph: &StepGraph, run: &Run, run_id: &str) -> Result<Teller, Failure> {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let colour = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
        let screen = match io::stderr().is_terminal() && !dumb {
            true => Screen::Live(Box::new(LiveView::new(colour))),
            false => Screen::Lines,
        };
        Ok(Teller {
            narrator: Narrator::new(graph, run),
            zone: Zone::of(graph),
            screen,
            events: open(args, graph, run_id)?,
            day: String::new(),
            said: Instant::now(),
            happened: None,
        })
    }

    /// The same in lines, also on a terminal: for what does not wait.
    ///
    /// # Errors
    ///
    /// The file of events cannot be made.
    pub fn lines(args: &Args, graph: &StepGraph, run: &Run, run_id: &str) -> Result<Teller, Failure> {
        Ok(Teller { screen: Screen::Lines, ..Teller::new(args, graph, run, run_id)? })
    }

    /// The end of the telling.
    pub fn finish(&mut self) {
        if let Screen::Live(view) = &self.screen {
            view.clear();
        }
        self.screen = Screen::Lines;
    }

    /// A line with its time of day; the day is said when it is another one.
    fn timed(&mut self, at: Timestamp, line: &str) {
        let day = self.zone.day(at);
        if self.day != day {
            self.say(&format!("-- {}", self.zone.full(at)));
            self.day = day;
        }
        self.say(&format!("{} {line}", self.zone.clock(at)));
    }

    fn say(&mut self, line: &str) {
        self.said = Instant::now();
        match &self.screen {
            Screen::Lines => output::say(line),
            Screen::Live(view) => view.line(line),
        }
    }

    fn write(&mut self, moment: &Moment<'_>, event: &Event, facts: &Facts, text: Option<&str>) {
        let Some(out) = &mut self.events else { return };
        let step = step_of(event).map(|step| moment.graph.step(step).name.as_str());
        let epoch = moment.run.epoch();
        let written = events::event(out, events::Heard { at: moment.at, epoch, step, event, facts, text });
        if let Err(error) = written {
            self.events = None;
            // Whoever closed the pipe knows.
            if error.kind() != io::ErrorKind::BrokenPipe {
                self.say(&format!("warning: no more events are written: {error}"));
            }
        }
    }
}

fn open(args: &Args, graph: &StepGraph, run_id: &str) -> Result<Option<Box<dyn Write>>, Failure> {
    let Some(path) = &args.events else { return Ok(None) };
    let failed = |source| Failure::Write { path: path.clone(), source };
    let mut out: Box<dyn Write> = if args.takes_stdout() {
        Box::new(io::stdout())
    } else {
        Box::new(File::create(path).map_err(failed)?)
    };
    let pool = &graph.plan().pool().fqdn;
    events::begin(&mut out, run_id, pool, &graph.digest()).map_err(failed)?;
    Ok(Some(out))
}

impl Audience for Teller {
    fn heard(&mut self, moment: &Moment<'_>, event: &Event, facts: &Facts) {
        let line = seeing::seen(moment, |seen| self.narrator.tell(seen, event, facts));
        self.write(moment, event, facts, line.as_deref());
        self.happened = Some(moment.at);
        if let Some(line) = line {
            self.timed(moment.at, &line);
        }
        if *event == Event::Pause {
            self.timed(
                moment.at,
                "a second Ctrl-C, or `poolroll abort`, stops at once, with what is in flight in doubt",
            );
        }
        if let Screen::Live(view) = &mut self.screen {
            seeing::seen(moment, |seen| view.draw(seen, false));
        }
    }

    fn waiting(&mut self, moment: &Moment<'_>) {
        match &mut self.screen {
            Screen::Live(view) => seeing::seen(moment, |seen| view.draw(seen, false)),
            Screen::Lines if self.said.elapsed() >= HEARTBEAT => {
                let since = self.happened.unwrap_or(moment.at);
                let waited = Duration::try_from(moment.at.duration_since(since)).unwrap_or_default();
                if let Some(line) = seeing::seen(moment, |seen| narrator::heartbeat(seen, waited)) {
                    self.timed(moment.at, &line);
                }
            }
            Screen::Lines => {}
        }
    }

    fn noted(&mut self, note: &str) {
        self.say(&format!("note: {note}"));
    }
}
