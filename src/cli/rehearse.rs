//! `poolroll rehearse`: runs a plan on a simulated twin of its pool, in virtual time.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::exit::Ending;
use super::failure::Failure;
use super::reading::{self, Bytes};
use super::status::Format;
use super::teller::{self, Teller};
use super::{output, replay};
use crate::document::{self, Document, Source};
use crate::exec::{Audience, MemoryLog, Moment, NoLog, Proving, Rehearsal};
use crate::graph::StepGraph;
use crate::plan::{Facts, Length};
use crate::proof::Violation;
use crate::report::lines::{counted, rough};
use crate::report::run_report::Report;
use crate::report::{run_human, run_json};
use crate::run::{Event, Outcome, Run};
use crate::twin::scenario::SavedHistory;
use crate::twin::{At, Scenario, ScenarioText};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The plan, or `-` for stdin
    plan: PathBuf,
    /// What goes wrong, and what the person who watches does; or a history that `poolroll prove` saved, to be replayed
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// The seed of everything that varies; of many runs, the first one's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Rehearse so many times, a seed each, and show how durations and outcomes are spread
    #[arg(long, value_name = "N", conflicts_with = "events", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    runs: Option<u32>,
    /// By how many percent durations vary around the expected ones
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=90))]
    spread: Option<u8>,
    /// How the result is shown
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    teller: teller::Args,
}

pub fn run(args: &Args) -> Result<Ending, Failure> {
    let file = reading::read(&args.plan)?;
    let Some(compiled) = reading::compile(&file) else { return Ok(Ending::Invalid) };
    let mut rehearsal = Rehearsal::of(&compiled.graph);
    if let Some(path) = &args.scenario {
        let Some(scenario) = scenario(&reading::read(path)?, &compiled.graph) else {
            return Ok(Ending::Invalid);
        };
        if let (Meant::History(_), Some(option)) = (&scenario.meant, args.varies()) {
            return Err(replay::meaningless(option));
        }
        let text = scenario.document.body();
        output::say(&format!("scenario: {}", *text.name));
        text.description.iter().for_each(|description| output::say(description));
        rehearsal = match &scenario.meant {
            Meant::History(saved) => return replay::run(args, &compiled.graph, &scenario.document, saved),
            Meant::Faults(scenario) => rehearsal.struck_by(scenario.clone()),
        };
    }
    rehearsal.setup.seed = args.seed.unwrap_or(rehearsal.setup.seed);
    rehearsal.setup.spread = args.spread.unwrap_or(rehearsal.setup.spread);
    match args.runs {
        Some(runs) => many(args, &compiled.graph, rehearsal, runs),
        None => one(args, &compiled.graph, &rehearsal),
    }
}

impl Args {
    /// The plan, as it was named.
    pub fn plan(&self) -> &Path {
        &self.plan
    }

    /// How the result is shown.
    pub fn format(&self) -> Format {
        self.format
    }

    /// An option that was given and that varies or tells what goes on by a clock.
    pub fn varies(&self) -> Option<&'static str> {
        let given = [
            ("--seed", self.seed.is_some()),
            ("--runs", self.runs.is_some()),
            ("--spread", self.spread.is_some()),
            ("--events", self.teller.is_asked_for()),
        ];
        given.into_iter().find_map(|(option, given)| given.then_some(option))
    }
}

/// A scenario that fits the plan.
struct Fitting {
    document: Document<ScenarioText>,
    meant: Meant,
}

/// What a scenario is about.
enum Meant {
    Faults(Scenario),
    History(SavedHistory),
}

/// The scenario of a file, held against the plan; its findings go to stderr.
fn scenario(file: &Bytes, graph: &StepGraph) -> Option<Fitting> {
    let found = Source::from_bytes(file.name.clone(), &file.bytes).map_err(|finding| (None, finding.into()));
    let found = found.and_then(|source| {
        let source = Arc::new(source);
        let fitting = document::read::<ScenarioText>(Arc::clone(&source)).and_then(|document| {
            let meant = match replay::history(&document, graph) {
                Some(history) => Meant::History(history?),
                None => Meant::Faults(Scenario::resolve(&document, graph.plan())?),
            };
            Ok(Fitting { document, meant })
        });
        fitting.map_err(|findings| (Some(source), findings))
    });
    found.map_err(|(source, findings)| reading::show(&file.name, source, &findings)).ok()
}

/// Tells a rehearsal and holds the invariants against the twin's books.
struct Watched {
    teller: Teller,
    proving: Proving,
}

impl Audience for Watched {
    fn heard(&mut self, moment: &Moment<'_>, event: &Event, facts: &Facts) {
        self.teller.heard(moment, event, facts);
        self.proving.heard(moment, event, facts);
    }
}

fn one(args: &Args, graph: &Arc<StepGraph>, rehearsal: &Rehearsal) -> Result<Ending, Failure> {
    let out = args.teller.open(teller::Onto::New)?;
    let stdout_is_taken = out.is_stdout();
    let teller = Teller::lines(out, graph, &Run::new(graph), "rehearsal");
    let mut watched = Watched { teller, proving: Proving::new(rehearsal.begins) };
    let rehearsed = rehearsal.run(graph, MemoryLog::default(), &mut watched)?;
    let records = rehearsed.log.records.iter().map(|(at, entry)| (*at, entry));
    let report = Report::of(graph, records, None).map_err(|source| Failure::History { source })?;
    let mut text = format!("\nrehearsal: {}\n", report.headline);
    // Writing to a text cannot fail.
    let _ = run_human::recap(&mut text, &report);
    match args.format {
        _ if stdout_is_taken => output::say(text.trim_end()),
        Format::Human => output::text(&text)?,
        Format::Json => output::data(|mut out| run_json::write_json(&mut out, &report))?,
    }
    // Nothing was done to any pool: the events are what it was for.
    if let (Some(source), Some(path)) = (watched.teller.unwritten(), args.teller.path()) {
        return Err(Failure::Write { path, source });
    }
    Ok(verdict(&watched.proving, rehearsed.outcome))
}

fn broken((at, violation): &(At, Violation)) {
    output::say(&format!("error: {} is broken at {at}: {}", violation.invariant, violation.text));
}

fn verdict(proving: &Proving, outcome: Option<Outcome>) -> Ending {
    let violations = &proving.broken;
    violations.iter().for_each(broken);
    match outcome {
        _ if !violations.is_empty() => Ending::Broken,
        Some(outcome) => Ending::Ran(outcome),
        None => {
            output::say("the rehearsal ends here: it waits for a person, and in this scenario nobody comes");
            Ending::Ran(Outcome::Stopped)
        }
    }
}

/// The version of the JSON: a minor version adds, a major one breaks.
const FORMAT_VERSION: &str = "1.0";

#[derive(Serialize)]
struct Spread {
    format_version: &'static str,
    runs: u32,
    first_seed: u64,
    complete: u32,
    paused: u32,
    stopped: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    durations: Option<Durations>,
}

/// How long the complete ones took.
#[derive(Serialize)]
struct Durations {
    shortest: Length,
    half: Length,
    nine_of_ten: Length,
    longest: Length,
}

fn many(args: &Args, graph: &Arc<StepGraph>, mut rehearsal: Rehearsal, runs: u32) -> Result<Ending, Failure> {
    let first_seed = rehearsal.setup.seed;
    let mut lengths: Vec<Duration> = Vec::new();
    let mut worst = Outcome::Complete;
    let (mut paused, mut stopped) = (0, 0);
    for run in 0..runs {
        rehearsal.setup.seed = first_seed.wrapping_add(u64::from(run));
        let mut proving = Proving::new(rehearsal.begins);
        let rehearsed = rehearsal.run(graph, NoLog, &mut proving)?;
        if let Some(violation) = proving.broken.first() {
            output::say(&format!("with seed {}:", rehearsal.setup.seed));
            broken(violation);
            return Ok(Ending::Broken);
        }
        match rehearsed.outcome {
            Some(Outcome::Complete) => lengths.push(rehearsed.length()),
            Some(Outcome::Paused(_)) => paused += 1,
            Some(Outcome::Stopped | Outcome::Aborted | Outcome::Abandoned) | None => stopped += 1,
        }
        worst = worst.max(rehearsed.outcome.unwrap_or(Outcome::Stopped));
    }
    lengths.sort_unstable();
    let complete = u32::try_from(lengths.len()).unwrap_or(u32::MAX);
    let durations = durations(&lengths);
    let spread =
        Spread { format_version: FORMAT_VERSION, runs, first_seed, complete, paused, stopped, durations };
    match args.format {
        Format::Json => output::data(|mut out| {
            serde_json::to_writer_pretty(&mut out, &spread)?;
            writeln!(out)
        })?,
        Format::Human => output::text(&spread_text(&spread))?,
    }
    Ok(Ending::Ran(worst))
}

fn durations(sorted: &[Duration]) -> Option<Durations> {
    let at = |tenths: usize| -> Option<Length> {
        sorted.get((sorted.len() * tenths).div_ceil(10).saturating_sub(1)).map(|length| (*length).into())
    };
    Some(Durations { shortest: at(0)?, half: at(5)?, nine_of_ten: at(9)?, longest: at(10)? })
}

fn spread_text(spread: &Spread) -> String {
    let Spread { runs, first_seed, complete, paused, stopped, .. } = spread;
    let mut text = format!(
        "{} from seed {first_seed} on: {complete} {}, {paused} paused, {stopped} stopped\n",
        counted(*runs as usize, "rehearsal"),
        Outcome::Complete.word()
    );
    if let Some(durations) = &spread.durations {
        text.push_str(&format!(
            "complete in {} to {}, half of them within {}, nine of ten within {}\n",
            rough(durations.shortest.get()),
            rough(durations.longest.get()),
            rough(durations.half.get()),
            rough(durations.nine_of_ten.get())
        ));
    }
    text
}
