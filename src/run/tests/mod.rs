//! Promises of the machine, by what they are about; and how a run is played.

mod answers;
mod counted;
mod late;
mod legal;
mod observers;
mod persons;
mod read;
mod settled;

use std::sync::Arc;

use super::{Event, Run, StepState, TimerKind, Try, Want, Wanted, WindowAnswer};
use crate::graph::{StepGraph, StepId};
use crate::plan::{
    Acceptance, Answer, Count, Observation, PartnerHealth, Problem, Question, Readiness, Seen, VersionSeen,
};

/// A first try that is in flight.
const FIRST: Try = Try {
    attempt: 1,
    late: false,
    hard: false,
    interrupted: false,
    failed: false,
    unready: 0,
    partly: false,
};

fn compiled(name: &str, text: &[u8]) -> Arc<StepGraph> {
    match crate::exec::live::compile(name, text) {
        Ok(compiled) => compiled.graph,
        Err((_, findings)) => {
            panic!("{}\n{:#?}", String::from_utf8_lossy(text), findings.iter().collect::<Vec<_>>())
        }
    }
}

/// A plan of `tests/small`, with some of its words exchanged.
fn small_but(name: &str, words: &[(&str, &str)]) -> Arc<StepGraph> {
    let path = format!("{}/tests/small/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let mut text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    for (word, other) in words {
        assert!(text.contains(word), "{path} says nothing of `{word}`");
        text = text.replace(word, other);
    }
    compiled(name, text.as_bytes())
}

fn small(name: &str) -> Arc<StepGraph> {
    small_but(name, &[])
}

/// The step of this name.
#[track_caller]
fn step(graph: &StepGraph, name: &str) -> StepId {
    graph.ids().find(|step| graph.step(*step).name == name).unwrap_or_else(|| panic!("no step is `{name}`"))
}

/// The graph of a plan with these upgrade domains, and with what else its text says.
fn graph(domains: &[&str], more: &str) -> Arc<StepGraph> {
    graph_that_needs(1, domains, more)
}

fn graph_that_needs(minimum: u16, domains: &[&str], more: &str) -> Arc<StepGraph> {
    let domains =
        domains.iter().enumerate().map(|(n, names)| format!("{{ name: D{n}, front_ends: [{names}] }}"));
    let text = format!(
        "kind: plan\nversion: 1\nname: n\nproduct: generic\n\
         pool: {{ fqdn: p, minimum_active: {minimum}, upgrade_domains: [{}] }}\n\
         upgrade: {{ version: '2', restart: services, actions: [{{ program: u }}] }}\n{more}\n",
        domains.collect::<Vec<_>>().join(", ")
    );
    compiled("n", text.as_bytes())
}

/// The most helpful answer.
pub(crate) fn helps(want: Want) -> Event {
    match want {
        Want::Ensure { step, .. } => Event::Answered { step, answer: Answer::Ensured(Ok(())) },
        Want::Window { step } => Event::Window { step, answer: WindowAnswer::Fits },
        Want::Timer(timer) => Event::Elapsed { timer },
        Want::Approval { step } => Event::Approved { step },
        Want::Ask { step, question, .. } => {
            let answer = match question {
                Question::FrontEnd { .. } => Answer::Seen(Seen { version: VersionSeen::Other, active: true }),
                Question::Partner => Answer::Partner(PartnerHealth::Healthy),
                Question::Readiness { .. } => {
                    Answer::Readiness(Readiness::Ready { domain: true, inactive: Vec::new() })
                }
                Question::Count { .. } => Answer::Counted(Count::Inactive(Vec::new())),
                Question::Look { .. } => Answer::Looked(Observation::Done),
                Question::StillStopped { .. } => Answer::StillStopped(true),
                Question::Acceptance { .. } => Answer::Accepting(Acceptance::Good),
            };
            Event::Answered { step, answer }
        }
    }
}

/// A run that gets what `other` has to say, and otherwise the most helpful answer. Time passes when nothing else can
/// happen, and nothing takes too long.
fn played(graph: &StepGraph, mut other: impl FnMut(&Run, Want) -> Option<Event>) -> Run {
    let mut run = Run::new(graph);
    let mut wanted = Wanted::default();
    for _ in 0..1_000 {
        while let Some(event) = run.decide(graph) {
            run.apply(graph, &event).expect("what is decided is legal");
        }
        if run.outcome().is_some() {
            return run;
        }
        run.wanted(graph, &mut wanted);
        // What has stayed good long enough needs no more questions.
        let last = |want: &Want| match want {
            Want::Timer(timer) => match timer.kind {
                TimerKind::Limit | TimerKind::UntilGood => 3,
                TimerKind::Rest => 2,
                _ => 1,
            },
            _ => 0,
        };
        let event = wanted.iter().find_map(|want| other(&run, want));
        let event = event.or_else(|| wanted.iter().min_by_key(last).map(helps));
        run.apply(graph, &event.expect("a run that goes on wants something"))
            .expect("what was wanted is legal");
    }
    panic!("the run does not end: {run:?}");
}

/// Whatever can be decided, is.
fn rest(graph: &StepGraph, run: &mut Run) {
    while let Some(event) = run.decide(graph) {
        run.apply(graph, &event).expect("what is decided is legal");
    }
}

/// What is wanted of a run.
fn wants(graph: &StepGraph, run: &Run) -> Vec<Want> {
    let mut wanted = Wanted::default();
    run.wanted(graph, &mut wanted);
    wanted.iter().collect()
}

/// A run that was helped until this holds of it, at rest.
#[track_caller]
fn until(graph: &StepGraph, holds: impl Fn(&Run) -> bool) -> Run {
    helped(graph, Run::new(graph), holds)
}

#[track_caller]
fn helped(graph: &StepGraph, mut run: Run, holds: impl Fn(&Run) -> bool) -> Run {
    for _ in 0..1_000 {
        rest(graph, &mut run);
        if holds(&run) {
            return run;
        }
        let patient = |want: &Want| matches!(want, Want::Timer(timer) if matches!(timer.kind, TimerKind::Limit | TimerKind::UntilGood));
        let wants = wants(graph, &run);
        let want = wants.iter().find(|want| !matches!(want, Want::Timer(_)));
        let want = want.or_else(|| wants.iter().find(|want| !patient(want)));
        run.apply(graph, &helps(*want.expect("the run goes on"))).expect("what was wanted is legal");
    }
    panic!("the run does not get there: {run:?}");
}

/// A run that was helped until this step is asked or ensured.
#[track_caller]
fn until_asked(graph: &StepGraph, name: &str) -> (StepId, Run) {
    let step = step(graph, name);
    let asked = |run: &Run| wants(graph, run).iter().any(|want| hears(*want, step));
    (step, until(graph, asked))
}

fn hears(want: Want, step: StepId) -> bool {
    matches!(want, Want::Ask { step: of, .. } | Want::Ensure { step: of, .. } if of == step)
}

/// What becomes of a step that hears these answers, one after another, once each pause between two is over.
#[track_caller]
fn told(graph: &StepGraph, run: &mut Run, step: StepId, answers: &[Answer]) -> StepState {
    for answer in answers {
        while !wants(graph, run).iter().any(|want| hears(*want, step)) {
            pass(graph, run, step);
        }
        run.apply(graph, &Event::Answered { step, answer: answer.clone() }).expect("it was asked");
    }
    run.state(step)
}

/// The pause of a step is over.
#[track_caller]
fn pass(graph: &StepGraph, run: &mut Run, step: StepId) {
    rest(graph, run);
    let wants = wants(graph, run);
    let pause = wants.iter().find(|want| {
        let kinds = [TimerKind::Interval, TimerKind::BackOff, TimerKind::LookAgain, TimerKind::Rest];
        matches!(want, Want::Timer(timer) if timer.step == step && kinds.contains(&timer.kind))
    });
    if let Some(want) = pause {
        run.apply(graph, &helps(*want)).expect("what was wanted is legal");
    }
    let goes_on = pause.is_some() || wants.iter().any(|want| hears(*want, step));
    assert!(goes_on, "{} waits for no pause: {:?}", graph.step(step).name, run.state(step));
}

/// The timer of a step is over.
#[track_caller]
fn elapsed(graph: &StepGraph, run: &mut Run, step: StepId, kind: TimerKind) -> StepState {
    let wants = wants(graph, run);
    let timer = wants.iter().find_map(|want| match want {
        Want::Timer(timer) if timer.step == step && timer.kind == kind => Some(*timer),
        _ => None,
    });
    let timer = timer.unwrap_or_else(|| panic!("{kind:?} is not wanted: {wants:?}"));
    run.apply(graph, &Event::Elapsed { timer }).expect("what was wanted is legal");
    run.state(step)
}

/// A run in which a step is in doubt, as it is when it returns or when the connection to it is lost.
fn in_doubt(graph: &StepGraph, name: &str) -> (StepId, Run) {
    let step = step(graph, name);
    let mut run = until(graph, |run| matches!(run.state(step), StepState::Running(_)));
    told(graph, &mut run, step, &[Answer::Ensured(Err(Problem::Unknown))]);
    (step, run)
}
