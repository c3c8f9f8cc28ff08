//! The fold of a run's records into its report.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::{
    DomainReport, FORMAT_VERSION, FrontEndReport, Header, Report, StepReport, TroubleEnd, TroubleReport, Word,
};
use crate::exec::record::{Act, EventEntry, Opened, step_of};
use crate::graph::{Route, StepGraph, StepId, StepKind};
use crate::plan::{Answer, DomainId, FrontEndId, Readiness};
use crate::report::times::Zone;
use crate::report::words::place::{self, Standing};
use crate::report::words::trouble::{self, Trouble};
use crate::report::words::{self, Seen};
use crate::run::{Event, Illegal, Outcome, Phase, Run, StepState, WatchAt};

pub(super) fn header(opened: &Opened) -> Header {
    Header {
        run: opened.run.clone(),
        by: opened.by.clone(),
        driver: opened.driver.clone(),
        program: opened.program.clone(),
    }
}

/// The report on its way.
pub(super) struct Fold<'a> {
    graph: &'a StepGraph,
    run: Run,
    pub(super) header: Option<Header>,
    began: Option<Timestamp>,
    last: Timestamp,
    front_ends: Vec<Server>,
    domains: Vec<DomainReport>,
    persons: Vec<Word>,
    troubles: Vec<(StepId, TroubleReport)>,
    /// The steps that needed a person and have not moved since. A resume stops at them again, and that is no other trouble.
    halted: BTreeSet<StepId>,
    steps: Vec<Option<Course>>,
    /// Who asked for the newest pause.
    asked: Option<Act>,
    /// What was heard last of each step, by its id; of one that failed, why.
    said: Vec<Option<String>>,
}

#[derive(Clone, Default)]
struct Server {
    before: Option<String>,
    after: Option<String>,
    out: Option<Timestamp>,
    back: Option<Timestamp>,
    lost: u32,
}

#[derive(Clone, Copy)]
struct Course {
    began: Timestamp,
    ended: Option<Timestamp>,
    tries: u32,
    /// The newest try failed, and said why.
    failed: bool,
}

impl<'a> Fold<'a> {
    pub(super) fn new(graph: &'a StepGraph) -> Fold<'a> {
        let domain = |domain: &crate::plan::Domain| DomainReport {
            name: domain.name.clone(),
            taken: None,
            settled: None,
            asked: 0,
            busy: 0,
            soak_restarts: 0,
        };
        Fold {
            graph,
            run: Run::new(graph),
            header: None,
            began: None,
            last: Timestamp::UNIX_EPOCH,
            front_ends: vec![Server::default(); graph.plan().pool().front_ends.len()],
            domains: graph.plan().pool().domains.iter().map(domain).collect(),
            persons: Vec::new(),
            asked: None,
            troubles: Vec::new(),
            halted: BTreeSet::new(),
            steps: vec![None; graph.steps().len()],
            said: vec![None; graph.steps().len()],
        }
    }

    pub(super) fn at(&mut self, at: Timestamp) {
        self.began.get_or_insert(at);
        self.last = at;
    }

    pub(super) fn event(&mut self, at: Timestamp, entry: &EventEntry<'_>) -> Result<(), Illegal> {
        let event = entry.event.as_ref();
        let step = step_of(event).filter(|step| self.graph.checked_kind(*step).is_some());
        let before = step.map(|step| self.run.state(step));
        if let Event::Forgo { front_end } = event {
            self.forgone(at, *front_end);
        }
        self.run.apply(self.graph, event)?;
        let run = &self.run;
        self.halted.retain(|step| matches!(run.state(*step), StepState::Stuck(_)));
        if let (Some(step), Some(before)) = (step, before) {
            self.step(at, step, before, entry);
        }
        if let Event::Enter { phase: Phase::Open { domain, .. } } = event {
            self.domains[domain.index()].taken = Some(at);
        }
        if let Event::Halt { step } = event {
            self.halted(at, *step);
        }
        self.person(at, entry);
        Ok(())
    }

    fn step(&mut self, at: Timestamp, step: StepId, before: StepState, entry: &EventEntry<'_>) {
        let after = self.run.state(step);
        self.heard(step, entry);
        let tries = |state| match state {
            StepState::Running(tried) | StepState::Doubt(tried, _) | StepState::Waiting(tried, _) => {
                tried.attempt
            }
            StepState::Clearing(tried, _) | StepState::Pending(tried) => tried.attempt,
            _ => 0,
        };
        let begun =
            !matches!(after, StepState::Pending(_) | StepState::Clearing(..)) && !after.is_satisfied();
        if begun {
            let course = self.steps[step.index()].get_or_insert(Course {
                began: at,
                ended: None,
                tries: 0,
                failed: false,
            });
            if matches!(after, StepState::Running(_)) && tries(after) > tries(before) {
                course.tries += 1;
            }
            course.ended = None;
        } else if let (Some(course), true) = (&mut self.steps[step.index()], after.is_satisfied()) {
            course.ended = Some(at);
        }
        match self.graph.kind(step) {
            StepKind::Ready(domain) => self.gate(domain, entry.event.as_ref()),
            StepKind::Settle(Some(domain)) => self.settle(at, domain, before, after),
            kind => {
                if let Some(front_end) = kind.front_end() {
                    self.server(at, step, front_end, entry);
                }
            }
        }
    }

    /// Why an act failed says more than how things stood when it was looked at afterwards.
    fn heard(&mut self, step: StepId, entry: &EventEntry<'_>) {
        let Event::Answered { answer, .. } = entry.event.as_ref() else { return };
        let watched = matches!(self.run.state(step), StepState::Watching(_));
        let why = match watched {
            true => words::reason(self.graph, answer, &entry.facts),
            false => words::heard(&entry.facts),
        };
        let course = &mut self.steps[step.index()];
        match answer {
            Answer::Ensured(ended) => {
                if let Some(course) = course {
                    course.failed = ended.is_err() && why.is_some();
                }
            }
            Answer::Looked(_) if course.is_some_and(|course| course.failed) => return,
            _ => {}
        }
        self.said[step.index()] = why;
    }

    fn gate(&mut self, domain: DomainId, event: &Event) {
        if let Event::Answered { answer: Answer::Readiness(readiness), .. } = event {
            let domain = &mut self.domains[domain.index()];
            domain.asked += 1;
            domain.busy += u32::from(*readiness == Readiness::Busy);
        }
    }

    fn settle(&mut self, at: Timestamp, domain: DomainId, before: StepState, after: StepState) {
        let domain = &mut self.domains[domain.index()];
        match (before, after) {
            (_, StepState::Done) => domain.settled = Some(at),
            (StepState::Watching(before), StepState::Watching(after))
                if after.restarts > before.restarts && after.at == WatchAt::Rest =>
            {
                domain.soak_restarts += 1;
            }
            _ => {}
        }
    }

    fn server(&mut self, at: Timestamp, step: StepId, id: FrontEndId, entry: &EventEntry<'_>) {
        let server = &mut self.front_ends[id.index()];
        let facts = &entry.facts;
        server.lost += facts.sessions_lost.unwrap_or_default();
        match self.graph.kind(step) {
            StepKind::Preflight(_) => server.before = facts.version.clone().or(server.before.take()),
            _ => {
                server.after = facts.version.clone().or(server.after.take());
                if matches!(self.run.state(step), StepState::Running(_)) {
                    server.out.get_or_insert(at);
                }
                let finished = self.run.is_finished(id) && !self.run.is_skipped(self.graph, id);
                if finished && server.out.is_some() {
                    server.back = Some(at);
                }
            }
        }
    }

    fn halted(&mut self, at: Timestamp, step: StepId) {
        if !self.halted.insert(step) {
            return;
        }
        let trouble = self.with_seen(at, |seen| trouble::trouble(seen, step));
        let Some(Trouble { step: id, what, look, choices, said: _ }) = trouble else { return };
        let said = self.said[step.index()].clone();
        let ended = TroubleEnd::Open;
        self.troubles
            .push((step, TroubleReport { at, step: id, what, said, look, choices, open: true, ended }));
    }

    /// The plan goes on without a front end: for the trouble that it has.
    fn forgone(&mut self, at: Timestamp, front_end: FrontEndId) {
        let own = |step: &StepId| self.graph.kind(*step).front_end() == Some(front_end);
        let stuck: Vec<StepId> = self.run.stuck().filter(own).collect();
        for step in stuck {
            self.halted(at, step);
            if let Some((_, trouble)) = self.troubles.last_mut() {
                trouble.ended = TroubleEnd::Tolerated;
            }
        }
    }

    fn person(&mut self, at: Timestamp, entry: &EventEntry<'_>) {
        if matches!(entry.event.as_ref(), Event::Pause) {
            self.asked.clone_from(&entry.by);
        }
        let Some(by) = &entry.by else { return };
        let name = |step: &StepId| self.graph.step(*step).name.as_str();
        let did = match entry.event.as_ref() {
            Event::Pause => "asked to pause".to_owned(),
            Event::Abort => "stopped it at once".to_owned(),
            Event::Resumed => match entry.facts.window_until {
                None => "took it up".to_owned(),
                Some(until) => {
                    format!("took it up, and opened the window until {}", Zone::of(self.graph).full(until))
                }
            },
            Event::Approved { step } => format!("approved {}", name(step)),
            Event::Retry { step } if entry.facts.disaster_mode => {
                format!("let {} be tried again and lose what was not copied yet", name(step))
            }
            Event::Retry { step } => format!("let {} be tried again", name(step)),
            Event::Skip { front_end } => {
                format!("left {} out", self.graph.plan().front_end(*front_end).fqdn)
            }
            Event::Resolve { step, done: true } => format!("said that {} is done", name(step)),
            Event::Resolve { step, done: false } => format!("said that {} is not done", name(step)),
            Event::Abandon => "ended it for good".to_owned(),
            _ => return,
        };
        self.persons.push(Word { at, who: by.who.clone(), did, reason: by.reason.clone() });
    }

    pub(super) fn report(self, now: Option<Timestamp>) -> Report {
        let plan = self.graph.plan();
        let outcome = self.run.outcome();
        let until = now.filter(|_| outcome.is_none()).map_or(self.last, |now| now.max(self.last));
        let began = self.began.unwrap_or(until);
        let (headline, warning, standings) = self.with_seen(until, |seen| {
            let standings: Vec<Standing> = plan.front_end_ids().map(|id| place::standing(seen, id)).collect();
            (place::headline(seen), place::served(seen), standings)
        });
        let front_ends =
            plan.front_end_ids().zip(standings).map(|(id, standing)| self.row(id, standing, until));
        let stuck = |step: StepId| matches!(self.run.state(step), StepState::Stuck(_));
        let is_over = outcome.is_some_and(Outcome::is_final);
        let ended = |step, trouble: TroubleReport| {
            let ended = match trouble.ended {
                TroubleEnd::Tolerated => TroubleEnd::Tolerated,
                _ if stuck(step) && is_over => TroubleEnd::Left,
                _ if stuck(step) => TroubleEnd::Open,
                _ if self.run.state(step) == StepState::Skipped => TroubleEnd::Skipped,
                _ => TroubleEnd::Solved,
            };
            // Nobody can do anything in a run that is over.
            let open = ended == TroubleEnd::Open;
            let choices = if open { trouble.choices } else { Vec::new() };
            TroubleReport { open, ended, choices, ..trouble }
        };
        let front_ends = front_ends.collect();
        let steps = self.graph.ids().filter_map(|step| self.step_report(step)).collect();
        Report {
            format_version: FORMAT_VERSION,
            plan: plan.name().to_owned(),
            pool: plan.pool().fqdn.clone(),
            digest: self.graph.digest(),
            version: plan.upgrade().version.clone(),
            began,
            last: self.last,
            took: between(began, until).into(),
            state: place::outcome_word(outcome),
            headline,
            served: self.run.served(self.graph),
            warning,
            front_ends,
            steps,
            domains: self.domains,
            persons: self.persons,
            troubles: self.troubles.into_iter().map(|(step, trouble)| ended(step, trouble)).collect(),
            opened: self.header,
            outcome,
        }
    }

    fn row(&self, id: FrontEndId, standing: Standing, until: Timestamp) -> FrontEndReport {
        let plan = self.graph.plan();
        let server = &self.front_ends[id.index()];
        let other = self.graph.has(Route::FailedOver).then(|| self.graph.chain(Route::FailedOver, id));
        let mut own: Vec<StepId> = std::iter::once(self.graph.preflight_of(id))
            .chain(self.graph.chain(Route::Rolling, id))
            .chain(other.into_iter().flatten())
            .collect();
        // The upgrade is on both routes.
        own.sort_unstable();
        own.dedup();
        let retries = own
            .into_iter()
            .filter_map(|step| self.steps[step.index()])
            .map(|step| step.tries.saturating_sub(1));
        // Acceptance judges the version too, so whoever is accepted is at the one planned.
        let there = matches!(standing, Standing::Done | Standing::AlreadyThere);
        let after = server.after.clone().or_else(|| plan.upgrade().version.clone().filter(|_| there));
        let back = server.back.filter(|_| standing == Standing::Done);
        FrontEndReport {
            front_end: plan.front_end(id).fqdn.clone(),
            domain: plan.domain(plan.front_end(id).domain).name.clone(),
            standing,
            version_before: server.before.clone(),
            version_after: after,
            out: server.out,
            back,
            out_for: server.out.map(|out| between(out, back.unwrap_or(until)).into()),
            sessions_lost: server.lost,
            retries: retries.sum(),
        }
    }

    fn step_report(&self, step: StepId) -> Option<StepReport> {
        let course = self.steps[step.index()]?;
        let state = match self.run.state(step) {
            StepState::Done => "done",
            StepState::Needless => "needless",
            StepState::Skipped => "skipped",
            StepState::Stuck(_) => "needs a person",
            StepState::Pending(_) => "to be done again",
            _ => "underway",
        };
        Some(StepReport {
            step: self.graph.step(step).name.clone(),
            began: course.began,
            ended: course.ended,
            tries: course.tries.max(1),
            state,
            said: self.said[step.index()].clone(),
        })
    }

    fn with_seen<T>(&self, now: Timestamp, with: impl FnOnce(&Seen<'_>) -> T) -> T {
        with(&Seen {
            graph: self.graph,
            run: &self.run,
            run_id: self.header.as_ref().map_or("RUN", |header| header.run.as_str()),
            now,
            since: &|_| None,
            approval: &|_| None,
            asked: self.asked.as_ref(),
        })
    }
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}
