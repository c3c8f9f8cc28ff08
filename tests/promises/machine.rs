//! Promise: the machine takes every event that it can get and no other, never waits for nothing, always comes to rest and
//! can always end.
//!
//! Small pools are explored to the end: every answer to everything that is wanted, in every order, a person who does
//! anything that makes sense, a process that dies. No world stands behind the answers, so they contradict each other as
//! they like. What was seen on the way is the table of transitions, `tests/golden/machine.txt`: for each kind of step and
//! each state the events that are legal and what becomes of the step. Every other event of the catalogue was refused in
//! that state, wherever it was met, and changed nothing.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use poolroll::graph::{StepGraph, StepId, StepKind};
use poolroll::plan::{
    Acceptance, Act, Answer, Count, FrontEndId, Moment, Observation, PartnerHealth, Problem, Question,
    Readiness, Seen, VersionSeen,
};
use poolroll::run::{
    Clearance, Event, GateAt, Outcome, Pause, Phase, Run, StepState, Timer, TimerKind, Want, Wanted, WatchAt,
    WindowAnswer,
};

use crate::golden;
use crate::stage::graph;

/// How much a person and death may interfere on one way through a run.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Left {
    /// Pause, abort, retry, skip, resolve.
    acts: u8,
    /// Taking the run up, after a crash or an end that is not final.
    resumes: u8,
}

/// A plan of `tests/small` that is explored to its end, and how much may interfere. Everything that is counted is counted
/// to two in those, so that both "once more" and "no more" are met.
struct Small {
    name: &'static str,
    left: Left,
}

fn small() -> Vec<Small> {
    let small = |name, acts, resumes| Small { name, left: Left { acts, resumes } };
    vec![
        small("two-domains", 1, 1),
        small("one-domain", 1, 0),
        small("one-may-fail", 1, 0),
        small("approvals", 1, 0),
        small("partner-when-troubled", 0, 0),
        small("partner-always", 0, 0),
    ]
}

/// Everything that can answer a want.
fn answers(graph: &StepGraph, want: Want) -> Vec<Event> {
    let answered = |step, answers: Vec<Answer>| {
        answers.into_iter().map(|answer| Event::Answered { step, answer }).collect::<Vec<_>>()
    };
    match want {
        Want::Ensure { step, .. } => answered(step, ensured()),
        Want::Ask { step, question, .. } => answered(step, asked(graph, question)),
        Want::Window { step } => window(step),
        Want::Timer(timer) => vec![Event::Elapsed { timer }],
        Want::Approval { step } => vec![Event::Approved { step }],
    }
}

fn ensured() -> Vec<Answer> {
    let problems = [Problem::Transient, Problem::Permanent, Problem::Unknown];
    std::iter::once(Ok(())).chain(problems.map(Err)).map(Answer::Ensured).collect()
}

fn window(step: StepId) -> Vec<Event> {
    [WindowAnswer::Fits, WindowAnswer::TooLate, WindowAnswer::Closed]
        .map(|answer| Event::Window { step, answer })
        .into()
}

fn asked(graph: &StepGraph, question: Question) -> Vec<Answer> {
    match question {
        Question::FrontEnd { .. } => {
            let seen = |version, active| Answer::Seen(Seen { version, active });
            vec![
                seen(VersionSeen::Planned, true),
                seen(VersionSeen::Planned, false),
                seen(VersionSeen::Other, true),
                seen(VersionSeen::Other, false),
                seen(VersionSeen::Unanswered, false),
            ]
        }
        Question::Partner => [PartnerHealth::Healthy, PartnerHealth::Unhealthy, PartnerHealth::Unanswered]
            .map(Answer::Partner)
            .into(),
        Question::Readiness { .. } => {
            let mut all =
                vec![Readiness::Busy, Readiness::InsufficientActiveFrontEnds, Readiness::Unanswered];
            all.push(Readiness::Ready { domain: false, inactive: Vec::new() });
            all.push(Readiness::Ready { domain: true, inactive: Vec::new() });
            all.extend(
                graph.plan().front_end_ids().map(|id| Readiness::Ready { domain: true, inactive: vec![id] }),
            );
            all.into_iter().map(Answer::Readiness).collect()
        }
        Question::Count { .. } => {
            let mut all = vec![Count::Unanswered, Count::Inactive(Vec::new())];
            all.extend(graph.plan().front_end_ids().map(|id| Count::Inactive(vec![id])));
            all.into_iter().map(Answer::Counted).collect()
        }
        Question::Look { act } => {
            let mut all = vec![
                Observation::Done,
                Observation::NotDone,
                Observation::Partly,
                Observation::Underway,
                Observation::Unknown,
            ];
            // Actions leave marks.
            if matches!(act, Act::Perform { .. }) {
                all.extend([false, true].map(|transient| Observation::Failed { transient }));
            }
            all.into_iter().map(Answer::Looked).collect()
        }
        Question::StillStopped { .. } => [true, false].map(Answer::StillStopped).into(),
        Question::Acceptance { .. } => {
            [Acceptance::Good, Acceptance::NotYet, Acceptance::Unanswered].map(Answer::Accepting).into()
        }
    }
}

/// What a person may say in any state; most of it makes no sense in most of them.
fn sayings(graph: &StepGraph) -> Vec<Event> {
    let mut all = vec![Event::Pause, Event::Abort];
    all.extend(graph.plan().front_end_ids().map(|front_end| Event::Skip { front_end }));
    for step in graph.ids() {
        all.push(Event::Retry { step });
        all.extend([true, false].map(|done| Event::Resolve { step, done }));
    }
    all
}

/// Every event that a step, or a run, could conceivably be given.
fn catalogue(graph: &StepGraph) -> Vec<Event> {
    let first = FrontEndId(0);
    let questions = [
        Question::FrontEnd { front_end: first },
        Question::Partner,
        Question::Readiness { domain: None, observer: first },
        Question::Count { observer: first },
        Question::Look { act: Act::Perform { front_end: first, moment: Moment::Upgrade, index: 0 } },
        Question::StillStopped { front_end: first },
        Question::Acceptance { front_end: first },
    ];
    let mut all = sayings(graph);
    let nowhere = StepId(graph.steps().len() as u32);
    for step in graph.ids().chain([nowhere]) {
        let mut own: Vec<Answer> = questions.iter().flat_map(|question| asked(graph, *question)).collect();
        own.extend(ensured());
        all.extend(own.into_iter().map(|answer| Event::Answered { step, answer }));
        all.extend(window(step));
        let kinds = [
            TimerKind::Limit,
            TimerKind::BackOff,
            TimerKind::LookAgain,
            TimerKind::Interval,
            TimerKind::UntilGood,
            TimerKind::StayGood,
            TimerKind::Rest,
        ];
        all.extend(kinds.map(|kind| Event::Elapsed { timer: Timer { step, kind, ordinal: 0 } }));
        all.extend([Event::Approved { step }, Event::Begin { step }, Event::Halt { step }]);
    }
    for outcome in [Outcome::Complete, Outcome::Stopped, Outcome::Abandoned] {
        all.push(Event::End { outcome });
    }
    for domain in graph.plan().domain_ids() {
        all.push(Event::Pass { domain });
        let phases = [
            Phase::Gate(domain),
            Phase::Open { domain, more: true },
            Phase::Over { from: Some(domain) },
            Phase::Settle(Some(domain)),
        ];
        all.extend(phases.map(|phase| Event::Enter { phase }));
    }
    all.extend([Phase::Over { from: None }, Phase::Finished].map(|phase| Event::Enter { phase }));
    all.extend(graph.plan().front_end_ids().map(|front_end| Event::Forgo { front_end }));
    all
}

/// The whole graph of states of one small pool.
struct Explorer<'a> {
    graph: &'a StepGraph,
    name: &'a str,
    /// By the hash of a state: its number. Two hashes of 64 bits, so that no two states are taken for one.
    numbers: HashMap<u128, u32>,
    frontier: Vec<(u32, Run, Left)>,
    /// By state: the one before it, and what led here.
    ways: Vec<(u32, Vec<Event>)>,
    /// The state that is being left, and what happened since.
    now: (u32, Vec<Event>),
    /// From, to: what leads on without a person.
    edges: Vec<(u32, u32)>,
    ended: Vec<u32>,
    transitions: u64,
    sayings: Vec<Event>,
    catalogue: Vec<Event>,
    /// Combinations of a kind and a state that the catalogue was tried on, with everything else that was seen then.
    tried: BTreeSet<(String, String, String)>,
    table: BTreeMap<(String, String), BTreeMap<String, BTreeSet<String>>>,
}

fn hash(run: &Run, left: Left) -> u128 {
    let half = |salt: u64| {
        let mut hasher = DefaultHasher::new();
        (salt, run, left).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

impl<'a> Explorer<'a> {
    fn explore(graph: &'a StepGraph, small: &'a Small) -> Explorer<'a> {
        let mut explorer = Explorer {
            graph,
            name: small.name,
            numbers: HashMap::new(),
            frontier: Vec::new(),
            ways: Vec::new(),
            now: (0, Vec::new()),
            edges: Vec::new(),
            ended: Vec::new(),
            transitions: 0,
            sayings: sayings(graph),
            catalogue: catalogue(graph),
            tried: BTreeSet::new(),
            table: BTreeMap::new(),
        };
        explorer.reach(Run::new(graph), small.left);
        while let Some((number, run, left)) = explorer.frontier.pop() {
            explorer.leave(number, &run, left);
        }
        explorer
    }

    /// Fails with the history that led here.
    fn fail(&self, run: &Run, why: &str) -> ! {
        let mut history = self.now.1.iter().rev().collect::<Vec<_>>();
        let mut state = self.now.0;
        while let Some((before, events)) = self.ways.get(state as usize).filter(|_| state > 0) {
            history.extend(events.iter().rev());
            state = *before;
        }
        history.extend(self.ways.first().into_iter().flat_map(|(_, events)| events.iter().rev()));
        let lines = history.iter().rev().map(|event| {
            let step =
                poolroll::exec::record::step_of(event).and_then(|step| self.graph.steps().get(step.index()));
            format!("  {:<24} {event:?}", step.map_or("", |step| step.name.as_str()))
        });
        panic!("{}: {why}\n{}\n{run:?}", self.name, lines.collect::<Vec<_>>().join("\n"));
    }

    /// A state that was reached, once it has come to rest. Its number.
    fn reach(&mut self, mut run: Run, left: Left) -> u32 {
        for decided in 0.. {
            if decided == 200 {
                self.fail(&run, "deciding does not come to rest");
            }
            let Some(event) = run.decide(self.graph) else { break };
            self.apply(&mut run, &event);
        }
        let number = self.numbers.len() as u32;
        match self.numbers.entry(hash(&run, left)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                new.insert(number);
                self.ways.push(self.now.clone());
                self.frontier.push((number, run, left));
                number
            }
        }
    }

    /// An event that must be legal.
    fn apply(&mut self, run: &mut Run, event: &Event) {
        let before = self.before(run, event);
        self.now.1.push(event.clone());
        if let Err(illegal) = run.apply(self.graph, event) {
            self.fail(run, illegal.why);
        }
        if !run.is_consistent(self.graph) {
            self.fail(run, "the index is out of step");
        }
        self.transitions += 1;
        self.note(before, run, event);
    }

    fn before(&self, run: &Run, event: &Event) -> Option<(StepId, String, String)> {
        let step = poolroll::exec::record::step_of(event)?;
        self.graph.checked_kind(step)?;
        Some((step, kind_word(self.graph.kind(step)), state_word(run.state(step))))
    }

    fn note(&mut self, before: Option<(StepId, String, String)>, run: &Run, event: &Event) {
        let Some((step, kind, state)) = before else { return };
        let row = self.table.entry((kind, state)).or_default();
        row.entry(event_word(event)).or_default().insert(state_word(run.state(step)));
    }

    /// Everything that can happen in a state.
    fn leave(&mut self, from: u32, run: &Run, left: Left) {
        self.now = (from, Vec::new());
        let mut wanted = Wanted::default();
        run.wanted(self.graph, &mut wanted);
        match run.outcome() {
            Some(outcome) => {
                if !wanted.is_empty() {
                    self.fail(run, &format!("{outcome:?}, and something is wanted"));
                }
                self.ended.push(from);
            }
            None if wanted.is_empty() => self.fail(run, "nothing to decide and nothing wanted"),
            None => {}
        }
        for want in wanted.iter() {
            for event in answers(self.graph, want) {
                self.now.1.clear();
                let mut next = run.clone();
                self.apply(&mut next, &event);
                let to = self.reach(next, left);
                self.edges.push((from, to));
            }
        }
        self.persons(run, left);
        self.refusals(run);
    }

    fn persons(&mut self, run: &Run, left: Left) {
        if run.outcome().is_some_and(Outcome::is_final) {
            return;
        }
        if left.resumes > 0 {
            self.now.1.clear();
            let mut next = run.clone();
            self.apply(&mut next, &Event::Resumed);
            let left = Left { resumes: left.resumes - 1, ..left };
            // A person's word comes with the resume.
            if left.acts > 0 {
                self.said(&next, left);
                self.now.1.truncate(1);
            }
            self.reach(next, left);
        }
        if left.acts > 0 {
            self.now.1.clear();
            self.said(run, left);
        }
    }

    fn said(&mut self, run: &Run, left: Left) {
        let since = self.now.1.len();
        for saying in self.sayings.clone() {
            self.now.1.truncate(since);
            let mut next = run.clone();
            if next.clone().apply(self.graph, &saying).is_ok() {
                self.apply(&mut next, &saying);
                self.reach(next, Left { acts: left.acts - 1, ..left });
            }
        }
    }

    /// What is refused changes nothing. Tried once for each state of each kind of step in each phase and course.
    fn refusals(&mut self, run: &Run) {
        let place = format!("{:?} {:?}", std::mem::discriminant(&run.phase()), run.course());
        let new = self.graph.ids().fold(false, |new, step| {
            let key = (kind_word(self.graph.kind(step)), state_word(run.state(step)), place.clone());
            self.tried.insert(key) || new
        });
        if !new {
            return;
        }
        for event in self.catalogue.clone() {
            let mut next = run.clone();
            let before = self.before(run, &event);
            match next.apply(self.graph, &event) {
                Ok(()) => {
                    assert!(next.is_consistent(self.graph), "{}: after {event:?}: {next:?}", self.name);
                    self.note(before, &next, &event);
                }
                Err(_) => assert!(
                    next == *run && next.is_consistent(self.graph),
                    "{}: refused, and changed: {event:?} in {run:?}",
                    self.name
                ),
            }
        }
    }

    /// How many states cannot come to an end of any kind without a person (who approves, at most).
    fn without_end(&self) -> usize {
        let mut back: Vec<Vec<u32>> = vec![Vec::new(); self.numbers.len()];
        for (from, to) in &self.edges {
            back[*to as usize].push(*from);
        }
        let mut ends = vec![false; self.numbers.len()];
        let mut front = self.ended.clone();
        while let Some(state) = front.pop() {
            if !std::mem::replace(&mut ends[state as usize], true) {
                front.extend(&back[state as usize]);
            }
        }
        ends.iter().filter(|ends| !**ends).count()
    }
}

fn kind_word(kind: StepKind) -> String {
    match kind {
        StepKind::Preflight(_) => "preflight".into(),
        StepKind::PreflightPartner => "preflight of the partner".into(),
        StepKind::Approve(_) => "approve".into(),
        StepKind::Ready(_) => "ready".into(),
        StepKind::Accept(_) => "accept".into(),
        StepKind::Settle(_) => "settle".into(),
        StepKind::Ensure(act) => match act {
            Act::Stop { .. } => "stop".into(),
            Act::Perform { moment, .. } => format!("action {moment:?}"),
            Act::Restart { .. } => "restart".into(),
            Act::Start { .. } => "start".into(),
            Act::FailOver => "fail over".into(),
            Act::FailBack => "fail back".into(),
            Act::UpdateDatabases => "databases".into(),
        },
    }
}

fn state_word(state: StepState) -> String {
    match state {
        StepState::Pending(tried) if tried.partly => "pending, partly".into(),
        StepState::Pending(_) => "pending".into(),
        StepState::Clearing(_, clearance) => match clearance {
            Clearance::Count(_) => "clearing: count".into(),
            Clearance::CountAgain(_) => "clearing: count again".into(),
            Clearance::Partner(_) => "clearing: partner".into(),
            Clearance::PartnerAgain(_) => "clearing: partner again".into(),
            Clearance::Window => "clearing: window".into(),
            Clearance::Stopped => "clearing: still stopped".into(),
        },
        StepState::Running(_) => "running".into(),
        StepState::Waiting(_, Pause::BackOff) => "backing off".into(),
        StepState::Waiting(_, Pause::LookAgain(_)) => "to be looked at again".into(),
        StepState::Doubt(..) => "in doubt".into(),
        StepState::Gate(gate) => match gate.at {
            GateAt::Asking => "gate: asking".into(),
            GateAt::Interval => "gate: interval".into(),
            GateAt::Window => "gate: window".into(),
            GateAt::Troubled => "gate: troubled".into(),
        },
        StepState::Watching(watch) => match watch.at {
            WatchAt::Ask => "watching: ask".into(),
            WatchAt::Rest => "watching: rest".into(),
            WatchAt::AskGood => "watching: good, ask".into(),
            WatchAt::RestGood => "watching: good, rest".into(),
            WatchAt::AskLast => "watching: good, last ask".into(),
        },
        StepState::Done => "done".into(),
        StepState::Needless => "needless".into(),
        StepState::Stuck(why) => format!("stuck: {why:?}").to_lowercase(),
        StepState::Skipped => "skipped".into(),
    }
}

/// An event without what it is about.
fn event_word(event: &Event) -> String {
    match event {
        Event::Begin { .. } => "begin".into(),
        Event::Halt { .. } => "halt".into(),
        Event::Answered { answer, .. } => match answer {
            Answer::Ensured(Ok(())) => "returned".into(),
            Answer::Ensured(Err(problem)) => format!("failed: {problem:?}").to_lowercase(),
            Answer::StillStopped(stopped) => if *stopped { "still stopped" } else { "not stopped" }.into(),
            Answer::Looked(saw) => format!("look: {saw:?}").to_lowercase(),
            Answer::Seen(seen) => {
                format!("seen: {:?}{}", seen.version, if seen.active { ", active" } else { "" })
                    .to_lowercase()
            }
            Answer::Readiness(Readiness::Ready { domain, inactive }) => {
                let all = if inactive.is_empty() { "all active" } else { "one inactive" };
                format!("ready, domain {domain}, {all}")
            }
            Answer::Readiness(other) => format!("{other:?}").to_lowercase(),
            Answer::Counted(Count::Inactive(inactive)) => format!("count: {} inactive", inactive.len()),
            Answer::Counted(Count::Unanswered) => "count: unanswered".into(),
            Answer::Partner(health) => format!("partner: {health:?}").to_lowercase(),
            Answer::Accepting(acceptance) => format!("accepts: {acceptance:?}").to_lowercase(),
        },
        Event::Window { answer, .. } => format!("window: {answer:?}").to_lowercase(),
        Event::Elapsed { timer } => format!("over: {:?}", timer.kind).to_lowercase(),
        Event::Approved { .. } => "approved".into(),
        Event::Retry { .. } => "retry".into(),
        Event::Resolve { done, .. } => if *done { "resolve: done" } else { "resolve: not done" }.into(),
        other => format!("{other:?}"),
    }
}

#[test]
fn every_event_is_legal_where_it_can_come_and_nowhere_else() {
    let mut table: BTreeMap<(String, String), BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for small in small() {
        let graph: Arc<StepGraph> = graph(&format!("tests/small/{}.yaml", small.name));
        let begun = std::time::Instant::now();
        let explorer = Explorer::explore(&graph, &small);
        eprintln!(
            "{}: {} states, {} transitions, {:?}",
            small.name,
            explorer.numbers.len(),
            explorer.transitions,
            begun.elapsed()
        );
        assert_eq!(explorer.without_end(), 0, "{}: states from which no end is reached", small.name);
        for (state, row) in explorer.table {
            let known = table.entry(state).or_default();
            for (event, nexts) in row {
                known.entry(event).or_default().extend(nexts);
            }
        }
    }
    let mut text = String::new();
    for ((kind, state), row) in &table {
        let _ = writeln!(text, "{kind} | {state}");
        for (event, nexts) in row {
            let nexts: Vec<&str> = nexts.iter().map(String::as_str).collect();
            let _ = writeln!(text, "    {event:<28} -> {}", nexts.join(" | "));
        }
    }
    golden::compare(&golden::at("tests/golden/machine.txt"), &text).unwrap_or_else(|stale| panic!("{stale}"));
}
