//! Who watches a run for a person and for programs: lines or the live view on stderr, events to a file or stdout.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
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
    /// Where they go.
    pub fn path(&self) -> Option<PathBuf> {
        self.events.clone()
    }

    /// Whether somebody wants to have the events.
    pub fn is_asked_for(&self) -> bool {
        self.events.is_some()
    }

    /// Opens where the events go, before anything has begun that could be left behind.
    ///
    /// # Errors
    ///
    /// The file cannot be made.
    pub fn open(&self, to: Onto) -> Result<Out, Failure> {
        Ok(match &self.events {
            None => Out::Nowhere,
            Some(path) if path == Path::new("-") => Out::Stdout,
            Some(path) => {
                let failed = |source| Failure::Write { path: path.clone(), source };
                // Only what holds events is replaced.
                let mut file =
                    File::options().read(true).append(true).create(true).open(path).map_err(failed)?;
                let is_file = file.metadata().map_err(failed)?.is_file();
                let mut start = [0; 18];
                let length = if is_file { file.read(&mut start).map_err(failed)? } else { 0 };
                if length > 0 && !start[..length].starts_with(events::START) {
                    return Err(Failure::Occupied(path.clone()));
                }
                if is_file && to == Onto::New {
                    file.set_len(0).map_err(failed)?;
                }
                Out::File(file)
            }
        })
    }
}

/// What becomes of events that are there already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Onto {
    /// They were another run's.
    New,
    /// They are of the first part of this run: the next ones follow.
    End,
}

/// Where events go.
pub enum Out {
    Nowhere,
    Stdout,
    File(File),
}

impl Out {
    /// Whether stdout belongs to the events.
    pub fn is_stdout(&self) -> bool {
        matches!(self, Out::Stdout)
    }
}

/// Tells a run to whoever is there. Nobody being there any more does not disturb the run.
pub struct Teller {
    narrator: Narrator,
    zone: Zone,
    screen: Screen,
    events: Option<Box<dyn Write>>,
    unwritten: Option<io::Error>,
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
    pub fn new(out: Out, graph: &StepGraph, run: &Run, run_id: &str) -> Teller {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let colour = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
        let screen = match io::stderr().is_terminal() && !dumb {
            true => Screen::Live(Box::new(LiveView::new(colour))),
            false => Screen::Lines,
        };
        let mut teller = Teller {
            narrator: Narrator::new(graph, run),
            zone: Zone::of(graph),
            screen,
            events: None,
            unwritten: None,
            day: String::new(),
            said: Instant::now(),
            happened: None,
        };
        teller.begin(out, graph, run_id);
        teller
    }

    /// The same in lines, also on a terminal: for what does not wait.
    pub fn lines(out: Out, graph: &StepGraph, run: &Run, run_id: &str) -> Teller {
        Teller { screen: Screen::Lines, ..Teller::new(out, graph, run, run_id) }
    }

    /// The first line of the events: what they are.
    fn begin(&mut self, out: Out, graph: &StepGraph, run_id: &str) {
        let mut out: Box<dyn Write> = match out {
            Out::Nowhere => return,
            Out::Stdout => Box::new(io::stdout()),
            Out::File(file) => Box::new(file),
        };
        let begun = events::begin(&mut out, run_id, &graph.plan().pool().fqdn, &graph.digest());
        self.events = Some(out);
        self.written(begun);
    }

    /// Events that cannot be written any more do not disturb the run.
    fn written(&mut self, written: io::Result<()>) {
        let Err(error) = written else { return };
        self.events = None;
        // Whoever closed the pipe knows.
        if error.kind() != io::ErrorKind::BrokenPipe {
            self.say(&format!("warning: no more events are written: {error}"));
            self.unwritten = Some(error);
        }
    }

    /// Why events are missing where they were asked for.
    pub fn unwritten(&mut self) -> Option<io::Error> {
        self.unwritten.take()
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
        self.written(written);
    }
}

impl Audience for Teller {
    fn heard(&mut self, moment: &Moment<'_>, event: &Event, facts: &Facts) {
        let line = seeing::seen(moment, |seen| self.narrator.tell(seen, event, facts));
        self.write(moment, event, facts, line.as_deref());
        self.happened = Some(moment.at);
        if let Some(line) = line {
            self.timed(moment.at, &line);
        }
        let run = moment.run;
        if *event == Event::Pause && moment.graph.plan().front_end_ids().any(|id| run.is_out(id)) {
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
