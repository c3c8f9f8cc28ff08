//! A run told as it happens: one line for each event that a person would want to hear of.
//!
//! An event alone says little, so the narrator compares the step before and after it, and speaks with the words of
//! [`words`]. What repeats without news (the rest between two questions, a look that finds it still
//! underway) is left to the heartbeat.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::lines::{counted, listed, rough};
use super::times::Zone;
use super::words::{self, Seen, Wait, acts, place, trouble, trouble_of_the_pool, waits};
use crate::exec::record::step_of;
use crate::graph::{StepGraph, StepId, StepKind};
use crate::plan::{
    Act, Answer, Facts, Observation, PartnerHealth, Problem, Readiness, Seen as Found, VersionSeen,
};
use crate::run::{Clearance, Event, Gate, GateAt, Pause, Phase, Run, StepState, WatchAt, Why, WindowAnswer};

/// Tells a run. It has seen every step as it was before the event that it is told of.
#[derive(Debug)]
pub struct Narrator {
    before: Vec<StepState>,
    began: BTreeMap<StepId, Timestamp>,
    /// What was told to be still underway. Once is news, every minute is not.
    underway: BTreeSet<StepId>,
    /// Why what is watched is not good, as it was told last.
    reasons: BTreeMap<StepId, String>,
}

impl Narrator {
    /// For a run as it is now.
    pub fn new(graph: &StepGraph, run: &Run) -> Narrator {
        Narrator {
            before: graph.ids().map(|step| run.state(step)).collect(),
            began: BTreeMap::new(),
            underway: BTreeSet::new(),
            reasons: BTreeMap::new(),
        }
    }

    /// The line for an event that was just folded; `None` when it is no news.
    pub fn tell(&mut self, seen: &Seen<'_>, event: &Event, facts: &Facts) -> Option<String> {
        let Some(step) = step_of(event) else {
            let line = whole(seen, event, facts);
            // Such an event may change many steps.
            self.before = seen.graph.ids().map(|step| seen.run.state(step)).collect();
            return line;
        };
        let before = std::mem::replace(&mut self.before[step.index()], seen.run.state(step));
        let after = seen.run.state(step);
        if matches!(after, StepState::Running(_)) && !matches!(before, StepState::Running(_)) {
            self.began.entry(step).or_insert(seen.now);
        }
        let took = self.began.get(&step).and_then(|began| seen.now.duration_since(*began).try_into().ok());
        if after.is_satisfied() {
            self.began.remove(&step);
        }
        let goes_on = matches!(after, StepState::Waiting(_, Pause::LookAgain(0)));
        let first_look = goes_on && self.underway.insert(step);
        if !goes_on && !matches!(after, StepState::Doubt(..)) {
            self.underway.remove(&step);
        }
        let told = Told { seen, step, before, after, facts, took, first_look };
        let (line, reason) = (told.line(event), told.not_good(event));
        let told_last = match reason.clone() {
            Some(reason) => self.reasons.insert(step, reason),
            None => self.reasons.remove(&step),
        };
        let line = match reason.filter(|reason| told_last.as_ref() != Some(reason)) {
            Some(reason) => {
                let line = line.or_else(|| told.wait().map(|wait| wait.now));
                line.map(|line| format!("{line}: {reason}"))
            }
            None => line,
        };
        line.map(|line| format!("{}: {line}", seen.name(step)))
    }
}

/// Events that are of no one step.
fn whole(seen: &Seen<'_>, event: &Event, facts: &Facts) -> Option<String> {
    let plan = seen.graph.plan();
    let fqdn = |id: &crate::plan::FrontEndId| plan.front_end(*id).fqdn.as_str();
    Some(match event {
        Event::Enter { phase: Phase::Open { domain, more: false } } => {
            format!("{}: nobody has to be stopped; what is down is started", plan.domain(*domain).name)
        }
        Event::Enter { phase: Phase::Open { domain, .. } } => {
            let left: Vec<_> =
                plan.domain(*domain).front_ends().filter(|id| !seen.run.is_finished(*id)).collect();
            format!(
                "{}: the pool is ready; taken: {}",
                plan.domain(*domain).name,
                place::names(seen.graph, &left)
            )
        }
        Event::Enter { phase: Phase::Over { from: Some(_) } } => {
            format!("the pool is in trouble; next: {}", trouble_of_the_pool(seen.graph))
        }
        Event::Enter { phase: Phase::Over { from: None } } => "the plan fails the pool over first".to_owned(),
        Event::Enter { .. } => return None,
        Event::Pass { domain } => format!("{}: nothing to do", plan.domain(*domain).name),
        Event::Forgo { front_end } => {
            format!("{}: left as it is, the plan tolerates that", fqdn(front_end))
        }
        Event::End { outcome } => format!("the run is {}", place::ended(seen, *outcome)),
        Event::Pause => format!("asked to pause: {}", place::pausing(seen)),
        Event::Abort => "asked to stop at once: what is in flight is let go of, and is in doubt".to_owned(),
        Event::Resumed => {
            // Who is asked was asked by a process that is gone.
            let asked = waits::waits(seen).into_iter().filter(|wait| wait.needs_person);
            let asked: String = asked.map(|wait| format!("; {wait}")).collect();
            let until = facts.window_until.map(|until| Zone::of(seen.graph).full(until));
            let until = until.map_or_else(String::new, |until| {
                format!("; the window is open until {until}, as a person said")
            });
            format!("taken up: {}{until}{asked}", place::phase(seen))
        }
        Event::Skip { front_end } => format!("{}: left out, as a person said", fqdn(front_end)),
        Event::Abandon => "ended for good, as a person said".to_owned(),
        _ => return None,
    })
}

/// One step before and after an event.
struct Told<'a> {
    seen: &'a Seen<'a>,
    step: StepId,
    before: StepState,
    after: StepState,
    facts: &'a Facts,
    took: Option<Duration>,
    /// Whether a look has found it still underway, for the first time.
    first_look: bool,
}

impl Told<'_> {
    fn line(&self, event: &Event) -> Option<String> {
        match event {
            Event::Begin { .. } => self.begins(),
            Event::Halt { .. } => self.halted(),
            Event::Answered { answer, .. } => self.answered(answer),
            Event::Window { answer, .. } => self.window(*answer),
            Event::Elapsed { .. } => self.elapsed(),
            Event::Approved { .. } => Some("approved".to_owned()),
            Event::Retry { .. } if self.facts.disaster_mode => Some(
                "to be tried again, and what was not copied yet may be lost, as a person said".to_owned(),
            ),
            Event::Retry { .. } => Some("to be tried again, as a person said".to_owned()),
            Event::Resolve { done: true, .. } => Some("done, as a person said".to_owned()),
            Event::Resolve { done: false, .. } => Some("not done, as a person said".to_owned()),
            _ => None,
        }
    }

    fn wait(&self) -> Option<Wait> {
        waits::wait(self.seen, self.step)
    }

    /// The whole wait, for what may be trouble.
    fn in_full(&self) -> Option<String> {
        let wait = self.wait()?;
        let parts: Vec<String> = [Some(wait.now), wait.next, wait.otherwise].into_iter().flatten().collect();
        Some(parts.join("; "))
    }

    /// The same, with what was said.
    fn in_full_beside(&self) -> Option<String> {
        self.in_full().map(|line| format!("{line}{}", self.beside()))
    }

    fn begins(&self) -> Option<String> {
        match (self.after, self.seen.graph.kind(self.step)) {
            (StepState::Running(_), StepKind::Preflight(_) | StepKind::PreflightPartner) => None,
            (StepState::Running(_), StepKind::Approve(_)) => self.in_full(),
            (StepState::Running(_), _) => self.wait().map(|wait| match wait.next {
                Some(next) => format!("{}; {next}", wait.now),
                None => wait.now,
            }),
            (StepState::Gate(_), _) => self.wait().map(|wait| wait.now),
            (StepState::Watching(_), StepKind::Accept(_)) => {
                Some("waiting until it accepts connections".to_owned())
            }
            (StepState::Watching(_), _) => Some("waiting until the pool is ready again".to_owned()),
            _ => None,
        }
    }

    fn answered(&self, answer: &Answer) -> Option<String> {
        match (answer, self.before) {
            (Answer::Seen(found), _) => self.found(*found),
            (Answer::Partner(health), StepState::Running(_)) => match health {
                PartnerHealth::Healthy => Some("it can take over".to_owned()),
                PartnerHealth::Unhealthy => Some(format!("it cannot take over now{}", self.beside())),
                PartnerHealth::Unanswered => self.in_full_beside(),
            },
            (Answer::Readiness(readiness), StepState::Gate(gate)) => self.gate(gate, readiness),
            (Answer::Counted(_) | Answer::Partner(_), StepState::Clearing(..)) => match self.after {
                StepState::Clearing(_, Clearance::CountAgain(_) | Clearance::PartnerAgain(_)) => {
                    self.in_full_beside()
                }
                StepState::Running(_) => self.begins(),
                _ => None,
            },
            // Asked before it begins, about the stop before it: what does not begin is told by the stop.
            (Answer::StillStopped(_), _) => self.begins(),
            (Answer::Ensured(result), _) => self.ensured(*result),
            (Answer::Looked(saw), _) => self.looked(*saw),
            (Answer::Accepting(_) | Answer::Readiness(_), StepState::Watching(_)) => self.watched(),
            _ => None,
        }
    }

    /// An answer of the pool at a gate. What opens it is told by the domain that is taken.
    fn gate(&self, gate: Gate, readiness: &Readiness) -> Option<String> {
        let trouble = match self.after {
            StepState::Gate(Gate { at: GateAt::Window, .. }) => return None,
            StepState::Gate(Gate { at: GateAt::Troubled, .. }) | StepState::Stuck(Why::Troubled) => true,
            _ => false,
        };
        match (readiness, trouble) {
            (Readiness::Busy, true) => {
                let attempts = self.seen.graph.plan().readiness().attempts;
                Some(format!("Busy {} of {attempts}{}: that is trouble", gate.busy + 1, self.beside()))
            }
            (Readiness::InsufficientActiveFrontEnds, true) => {
                Some(format!("too few front ends are active{}: that is trouble", self.beside()))
            }
            _ => self.in_full_beside(),
        }
    }

    fn halted(&self) -> Option<String> {
        let what = trouble::trouble(self.seen, self.step)?.what;
        let own = self.seen.graph.kind(self.step).front_end();
        let back: Vec<_> = place::returning(self.seen).filter(|id| Some(*id) != own).collect();
        let back = match back.is_empty() {
            true => String::new(),
            false => format!("; {}", place::brought_back(self.seen, &back)),
        };
        Some(format!("needs a person: {what}{back}"))
    }

    /// What rides beside an answer, in brackets.
    fn beside(&self) -> String {
        let mut parts: Vec<String> = words::heard(self.facts).into_iter().collect();
        if self.facts.reboot_needed {
            parts.push("it asks for a restart".to_owned());
        }
        if let Some(lost) = self.facts.sessions_lost.filter(|lost| *lost > 0) {
            parts.push(format!("{} lost", counted(lost as usize, "session")));
        }
        if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
    }

    fn found(&self, found: Found) -> Option<String> {
        let version = self.facts.version.as_deref();
        let active = if found.active { "active" } else { "NOT active" };
        let version = match (found.version, version) {
            (VersionSeen::Unanswered, _) => return self.in_full_beside(),
            (VersionSeen::Planned, Some(version)) => format!("at {version} already"),
            (VersionSeen::Planned, None) => "at the planned version already".to_owned(),
            (VersionSeen::Other, Some(version)) => format!("at {version}"),
            (VersionSeen::Other, None) => "at another version".to_owned(),
            (VersionSeen::NotAsked, _) => return Some(active.to_owned()),
        };
        Some(format!("{version}, {active}"))
    }

    fn ensured(&self, result: Result<(), Problem>) -> Option<String> {
        match (result, self.after) {
            (Ok(()), StepState::Done) => self.done(),
            (Ok(()), _) => None,
            (Err(Problem::Unknown), _) => {
                Some(format!("lost sight of it{}; looking what took place", self.beside()))
            }
            (Err(_), StepState::Stuck(_)) => Some(format!("failed{}", self.beside())),
            (Err(_), _) => self.in_full().map(|line| format!("failed{}; {line}", self.beside())),
        }
    }

    fn done(&self) -> Option<String> {
        let act = self.seen.graph.act(self.step)?;
        let took = self.took.map_or_else(String::new, |took| format!(" after {}", rough(took)));
        Some(format!("{}{}", acts::done(self.seen.graph, act, &took), self.beside()))
    }

    fn looked(&self, saw: Observation) -> Option<String> {
        match self.after {
            StepState::Done => self.done(),
            StepState::Pending(_) if matches!(saw, Observation::Failed { .. }) => {
                Some("it ran and failed; to be tried again".to_owned())
            }
            StepState::Pending(tried) if tried.partly && saw == Observation::Partly => {
                Some("some services are stopped and some are not; going on with it".to_owned())
            }
            StepState::Pending(_) => {
                Some(format!("it did not take place{}; to be tried again", self.beside()))
            }
            StepState::Waiting(_, Pause::LookAgain(looks)) if looks > 0 => {
                let saw = match saw {
                    Observation::Underway => "it still goes on",
                    _ => "nobody can tell",
                };
                self.in_full().map(|line| format!("{saw}{}; {line}", self.beside()))
            }
            StepState::Waiting(..) if self.first_look => self.in_full_beside(),
            _ => None,
        }
    }

    fn watched(&self) -> Option<String> {
        let accepts = matches!(self.seen.graph.kind(self.step), StepKind::Accept(_));
        let (StepState::Watching(before), after) = (self.before, self.after) else { return None };
        match after {
            StepState::Done if accepts => Some("accepts connections".to_owned()),
            StepState::Done => Some("the pool has settled".to_owned()),
            StepState::Watching(watch) if watch.restarts > before.restarts => self.in_full(),
            StepState::Watching(watch) if watch.at == WatchAt::RestGood && before.at == WatchAt::Ask => {
                self.wait().map(|wait| match wait.next {
                    Some(next) => format!("{}; {next}", wait.now),
                    None => wait.now,
                })
            }
            _ => None,
        }
    }

    /// Why what is watched is not good, where somebody said why.
    fn not_good(&self, event: &Event) -> Option<String> {
        let (StepState::Watching(watch), Event::Answered { answer, .. }) = (self.after, event) else {
            return None;
        };
        if watch.is_good() {
            return None;
        }
        words::reason(self.seen.graph, answer, self.facts)
    }

    fn window(&self, answer: WindowAnswer) -> Option<String> {
        match (answer, self.after) {
            (WindowAnswer::Fits, StepState::Running(_)) => self.begins(),
            (WindowAnswer::Fits, _) => None,
            (WindowAnswer::TooLate, _) => Some(format!("does not fit the window any more{}", self.beside())),
            (WindowAnswer::Closed, _) => Some(format!("the window is closed{}", self.beside())),
        }
    }

    fn elapsed(&self) -> Option<String> {
        match (self.before, self.after, self.seen.graph.act(self.step)) {
            (StepState::Running(before), StepState::Running(after), Some(Act::Stop { .. }))
                if after.hard && !before.hard =>
            {
                Some("sessions did not end in time; stopping at once, what is left is lost".to_owned())
            }
            (StepState::Running(_), StepState::Doubt(..), _) => {
                let limit = self.seen.graph.step(self.step).limit.time_limit;
                Some(format!("took longer than {}; looking what took place", rough(limit)))
            }
            _ => None,
        }
    }
}

/// The heartbeat: what is waited for while nothing happens, and since when.
pub fn heartbeat(seen: &Seen<'_>, waited: Duration) -> Option<String> {
    let waits = waits::waits(seen);
    let first = waits.first()?;
    let others: Vec<&str> = waits.iter().skip(1).map(|wait| wait.step.as_str()).collect();
    let more = match others.len() {
        0 => String::new(),
        1..=3 => format!(" (and for {})", listed(&others, "and")),
        many => format!(" (and for {many} more)"),
    };
    Some(format!("still waiting for {first}{more} [{}]", rough(waited)))
}
