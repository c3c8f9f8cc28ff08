//! A run that a test leads by the hand, and what somebody sees of it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::run_report::Report;
use super::words::{Seen, waits};
use crate::exec::live;
use crate::exec::record::{Act, Entry, EventEntry};
use crate::exec::since::Waits;
use crate::graph::StepGraph;
use crate::plan::{Answer, Facts, Question};
use crate::run::tests::helps;
use crate::run::{Event, Run, Want, Wanted};

pub const PLAN: &str = "kind: plan
version: 1
name: a plan
product: lync_server_2013
pool:
  fqdn: pool01.contoso.com
  upgrade_domains:
    - { name: UD1, front_ends: [fe01.contoso.com] }
    - { name: UD2, front_ends: [fe02.contoso.com] }
    - { name: UD3, front_ends: [fe03.contoso.com] }
    - { name: UD4, front_ends: [fe04.contoso.com] }
upgrade:
  version: 5.0.1
  actions: [{ name: cumulative update, program: update.exe }]
";
pub const PARTNER: &str = "failover: { partner: pool02.contoso.com }\n";

/// A run under the hand of a test: everything is answered well unless the test says otherwise.
pub struct Hand {
    pub graph: Arc<StepGraph>,
    pub run: Run,
    waits: Waits,
    pub now: Timestamp,
    pub history: Vec<(Timestamp, Entry<'static>)>,
    pub asked: Option<Act>,
}

impl Hand {
    pub fn of(plan: &str) -> Hand {
        let graph = live::compile("p.yaml", plan.as_bytes()).unwrap().graph;
        let run = Run::new(&graph);
        let now = "2026-12-05T20:00:00Z".parse().unwrap();
        Hand { graph, run, waits: Waits::default(), now, history: Vec::new(), asked: None }
    }

    pub fn apply(&mut self, event: &Event) {
        self.run.apply(&self.graph, event).unwrap_or_else(|illegal| panic!("{event:?}: {illegal}"));
        let wanted = self.wanted();
        self.waits.follow(&wanted, self.now, self.history.len() as u64);
        let entry = EventEntry::new(&self.graph, self.run.epoch(), event, Facts::default(), None);
        self.history.push((self.now, Entry::Event(entry).to_static()));
    }

    pub fn report(&self) -> Report {
        let records = self.history.iter().map(|(at, entry)| (*at, entry));
        Report::of(&self.graph, records, Some(self.now)).unwrap()
    }

    pub fn wanted(&self) -> Wanted {
        let mut wanted = Wanted::default();
        self.run.wanted(&self.graph, &mut wanted);
        wanted
    }

    /// Lets the run go on by itself, with `answer` for what is wanted, until that has none.
    pub fn go(&mut self, answer: impl Fn(&StepGraph, Want) -> Option<Event>) {
        loop {
            if let Some(event) = self.run.decide(&self.graph) {
                self.apply(&event);
                continue;
            }
            let wanted = self.wanted();
            let Some(event) = wanted.iter().find_map(|want| answer(&self.graph, want)) else { return };
            self.apply(&event);
        }
    }

    /// Goes on well until the step of this name wants something other than to be cleared.
    pub fn go_until(&mut self, name: &str) {
        let step = self.graph.find(name).unwrap();
        self.go(move |graph, want| {
            let there = want.step() == step && !matches!(want, Want::Window { .. });
            let counted = matches!(
                want,
                Want::Ask { question: Question::Count { .. } | Question::StillStopped { .. }, .. }
            );
            if there && !counted { None } else { well(graph, want) }
        });
    }

    pub fn pass(&mut self, minutes: i64) {
        self.now = self.now.checked_add(SignedDuration::from_mins(minutes)).unwrap();
    }

    pub fn answer(&mut self, name: &str, answer: Answer) {
        let step = self.graph.find(name).unwrap();
        self.apply(&Event::Answered { step, answer });
    }

    pub fn seen<T>(&self, with: impl FnOnce(&Seen<'_>) -> T) -> T {
        let since = |want| self.waits.since(want).map(|since| since.at);
        let approval = |_| Some("a1b2c3".to_owned());
        with(&Seen {
            graph: &self.graph,
            run: &self.run,
            run_id: "R",
            now: self.now,
            since: &since,
            approval: &approval,
            asked: self.asked.as_ref(),
        })
    }

    pub fn waits(&self) -> Vec<String> {
        self.seen(|seen| waits(seen).iter().map(ToString::to_string).collect())
    }

    pub fn elapse(&mut self, kind: crate::run::TimerKind) {
        let wanted = self.wanted();
        let timer = wanted.iter().find_map(|want| match want {
            Want::Timer(timer) if timer.kind == kind => Some(timer),
            _ => None,
        });
        self.apply(&Event::Elapsed { timer: timer.unwrap() });
    }
}

/// The answer of a healthy pool.
pub fn well(_: &StepGraph, want: Want) -> Option<Event> {
    let comes_by_itself = matches!(want, Want::Timer(_) | Want::Approval { .. });
    (!comes_by_itself).then(|| helps(want))
}
