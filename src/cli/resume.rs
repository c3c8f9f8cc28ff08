//! `poolroll resume`: takes up a run that was paused, stopped or killed.

use super::exit::Ending;
use super::failure::Failure;
use super::{going, output, places, reading, teller};
use crate::exec::live::{LiveRun, Word};
use crate::graph::{StepGraph, StepId, StepKind};
use crate::plan::{Act, Facts, FrontEndId};
use crate::run::Event;
use jiff::Timestamp;
use jiff::civil::DateTime;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run, or the beginning of its id; the newest if left out
    run: Option<String>,
    /// Try a step again, after a look whether it took place
    #[arg(long, value_name = "STEP", requires = "reason")]
    retry: Vec<String>,
    /// Let the failover that is tried again lose what was not copied to the partner yet (`-DisasterMode`)
    #[arg(long, requires = "retry")]
    disaster_mode: bool,
    /// Leave a front end out, as it is
    #[arg(long, value_name = "FRONT_END", requires = "reason")]
    skip: Vec<String>,
    /// Say how a step in doubt ended: `STEP=done` or `STEP=not_done`
    #[arg(long, value_name = "STEP=HOW", requires = "reason")]
    resolve: Vec<String>,
    /// Open the maintenance window from now until then, as `2026-12-06T04:00` in the plan's time zone: the plan's own is over, or too
    /// short for what comes next
    #[arg(long, value_name = "TIME", requires = "reason")]
    until: Option<String>,
    /// Why; it goes into the record
    #[arg(long, value_name = "TEXT", value_parser = reading::reason)]
    reason: Option<String>,
    #[command(flatten)]
    teller: teller::Args,
    #[command(flatten)]
    places: places::Args,
}

pub fn run(args: &Args) -> Result<Ending, Failure> {
    let places = args.places.places();
    let out = args.teller.open(teller::Onto::End)?;
    going::go(&places, out, |signals| {
        let (live, torn) = LiveRun::take_up(&places, args.run.as_deref(), signals)?;
        if torn > 0 {
            output::say(&format!(
                "note: the last record was cut short by a crash ({torn} bytes); nothing of it had begun"
            ));
        }
        let mut words = words(args, live.shell().graph(), live.shell().driver().name())?;
        if let Some(until) = &args.until {
            let until = window_until(live.shell().graph(), until, live.shell().now())?;
            let facts = Facts { window_until: Some(until), ..Facts::default() };
            let reason = args.reason.clone().unwrap_or_default();
            words.insert(0, Word { event: Event::Resumed, reason, facts });
        }
        Ok((live, Some(words)))
    })
}

/// A moment to come, by the clocks of the plan's window or with an offset of its own.
fn window_until(graph: &StepGraph, written: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let refused = |message: String, help: &str| Failure::Usage { message, help: help.into() };
    let Some(window) = graph.plan().window() else {
        let message = "the plan has no maintenance window, so nothing keeps the run".to_owned();
        return Err(refused(message, "leave `--until` out"));
    };
    let local = |at: DateTime| window.time_zone().to_ambiguous_timestamp(at).unambiguous();
    let until = written.parse().or_else(|_| written.parse().and_then(local));
    match until {
        Ok(until) if until > now => Ok(until),
        Ok(_) => Err(refused(format!("`--until {written}` is over"), "name a moment to come")),
        Err(_) => {
            let help = "write it as `2026-12-06T04:00`, by the clocks of the plan's time zone, or as `2026-12-06T03:00Z`";
            Err(refused(format!("`--until {written}` is no moment"), help))
        }
    }
}

/// What the person adds: doubts are resolved before anything is tried again or left out.
fn words(args: &Args, graph: &StepGraph, driver: &str) -> Result<Vec<Word>, Failure> {
    let reason = args.reason.clone().unwrap_or_default();
    let mut words = Vec::new();
    let mut add = |event| words.push(Word { event, reason: reason.clone(), facts: Facts::default() });
    for resolve in &args.resolve {
        let (name, done) = match resolve.rsplit_once('=') {
            Some((name, "done")) => (name, true),
            Some((name, "not_done")) => (name, false),
            _ => {
                return Err(Failure::Usage {
                    message: format!("`--resolve {resolve}` does not say how the step ended"),
                    help: "write `STEP=done` or `STEP=not_done`".into(),
                });
            }
        };
        add(Event::Resolve { step: step(graph, name)?, done });
    }
    for name in &args.retry {
        add(Event::Retry { step: step(graph, name)? });
    }
    for name in &args.skip {
        add(Event::Skip { front_end: front_end(graph, name)? });
    }
    if args.disaster_mode {
        lose_what_was_not_copied(graph, driver, &mut words)?;
    }
    Ok(words)
}

/// Puts the person's word beside the failover that is tried again.
fn lose_what_was_not_copied(graph: &StepGraph, driver: &str, words: &mut [Word]) -> Result<(), Failure> {
    let fails_over = |word: &&mut Word| match word.event {
        Event::Retry { step } => graph.kind(step) == StepKind::Ensure(Act::FailOver),
        _ => false,
    };
    let usage = |message: &str, help: &str| Failure::Usage { message: message.into(), help: help.into() };
    if driver != "powershell" {
        let help =
            "leave it out: only the cmdlets of a pool have it, and neither a simulated pool nor commands do";
        return Err(usage("`--disaster-mode` is for a pool that is reached by PowerShell", help));
    }
    let Some(word) = words.iter_mut().find(fails_over) else {
        let help = "add `--retry fail_over`";
        return Err(usage("`--disaster-mode` is for a failover that is tried again", help));
    };
    word.facts.disaster_mode = true;
    Ok(())
}

fn step(graph: &StepGraph, name: &str) -> Result<StepId, Failure> {
    let names = graph.steps().iter().map(|step| step.name.as_str());
    graph.find(name).ok_or_else(|| unknown("step", name, crate::document::nearest(name, names)))
}

/// A front end by its full name, or by its first label where that is one alone.
fn front_end(graph: &StepGraph, name: &str) -> Result<FrontEndId, Failure> {
    let plan = graph.plan();
    let wanted = name.to_ascii_lowercase();
    let all = || plan.front_end_ids().map(|id| (id, plan.front_end(id).fqdn.as_str()));
    if let Some((id, _)) = all().find(|(_, fqdn)| *fqdn == wanted) {
        return Ok(id);
    }
    let mut short = all().filter(|(_, fqdn)| crate::report::lines::short(fqdn) == wanted);
    if let (Some((id, _)), None) = (short.next(), short.next()) {
        return Ok(id);
    }
    Err(unknown("front end", name, crate::document::nearest(&wanted, all().map(|(_, fqdn)| fqdn))))
}

fn unknown(what: &str, name: &str, close: Option<&str>) -> Failure {
    let help = match close {
        Some(close) => format!("did you mean `{close}`?"),
        None => "`poolroll status` names what needs a person".to_owned(),
    };
    Failure::Usage { message: format!("the plan has no {what} `{name}`"), help }
}
