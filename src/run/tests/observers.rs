//! Promise: the pool is asked through a front end that is well and not worked on, and through another when nobody answers.

use super::{graph, helped, pass, rest, step, told, until, until_asked, wants};
use crate::graph::{StepGraph, StepId};
use crate::plan::{Answer, FrontEndId, Question, Readiness, Seen, VersionSeen};
use crate::run::{Event, Run, Want};

/// The one who is asked about something, by their places in the plan.
fn observer(graph: &StepGraph, run: &Run, step: StepId) -> Option<u16> {
    wants(graph, run).iter().find_map(|want| match want {
        Want::Ask {
            step: of,
            question: Question::Readiness { observer, .. } | Question::Count { observer },
            ..
        } if *of == step => Some(observer.0),
        _ => None,
    })
}

/// Who watches a pool asks another one when nobody answers; who watches a front end has nobody else to ask.
#[test]
fn a_pool_is_asked_through_another_when_nobody_answers() {
    let graph = graph(&["w1", "w2", "w3", "w4", "w5", "w6"], "");
    let (settle, mut run) = until_asked(&graph, "settle/D0");
    let mut asked = Vec::new();
    for answer in [
        Readiness::Unanswered,
        Readiness::Busy,
        Readiness::Unanswered,
        Readiness::Unanswered,
        Readiness::Unanswered,
        Readiness::Busy,
    ] {
        let observer = wants(&graph, &run).iter().find_map(|want| match want {
            Want::Ask { step, question: Question::Readiness { observer, .. }, .. } if *step == settle => {
                Some(observer.0)
            }
            _ => None,
        });
        asked.extend(observer);
        told(&graph, &mut run, settle, &[Answer::Readiness(answer)]);
        pass(&graph, &mut run, settle);
    }
    assert_eq!(asked, [1, 2, 2, 3, 4, 1]);
}

#[test]
fn who_is_asked_about_the_pool_stands_outside_of_the_domain_and_is_well() {
    let graph = graph(&["w1, w2", "w3", "w4", "w5"], "");
    let asked = |words: &str, run: &Run| observer(&graph, run, step(&graph, words));
    let (_, run) = until_asked(&graph, "ready/D0");
    assert_eq!(asked("ready/D0", &run), Some(2));
    let (_, run) = until_asked(&graph, "ready/D1");
    assert_eq!(asked("ready/D1", &run), Some(3));
    // Three others go round.
    let (settle, mut run) = until_asked(&graph, "settle/D1");
    let mut round = Vec::new();
    for _ in 0..6 {
        round.extend(asked("settle/D1", &run));
        told(&graph, &mut run, settle, &[Answer::Readiness(Readiness::Unanswered)]);
        pass(&graph, &mut run, settle);
    }
    assert_eq!(round, [3, 4, 0, 1, 3, 4]);
    let (_, run) = until_asked(&graph, "settle/D3");
    assert_eq!(asked("settle/D3", &run), Some(0));
    // Nobody is passed over where there are fewer.
    let (settle, mut run) = until_asked(&graph, "settle/D0");
    let mut round = Vec::new();
    for _ in 0..3 {
        round.extend(asked("settle/D0", &run));
        told(&graph, &mut run, settle, &[Answer::Readiness(Readiness::Unanswered)]);
        pass(&graph, &mut run, settle);
    }
    assert_eq!(round, [2, 3, 4]);
    // Neither one that was left out nor one that was down before the run.
    let (_, mut run) = until_asked(&graph, "ready/D0");
    run.apply(&graph, &Event::Skip { front_end: FrontEndId(2) }).expect("nothing is in doubt");
    assert_eq!(asked("ready/D0", &run), Some(3));
    let mut run = Run::new(&graph);
    rest(&graph, &mut run);
    let down = Seen { version: VersionSeen::Other, active: false };
    told(&graph, &mut run, step(&graph, "preflight/w3"), &[Answer::Seen(down)]);
    let ready = step(&graph, "ready/D0");
    let run = helped(&graph, run, |run| observer(&graph, run, ready).is_some());
    assert_eq!(asked("ready/D0", &run), Some(3));
}

#[test]
fn in_a_pool_of_one_domain_one_is_asked_who_is_not_out() {
    let graph = graph(&["w1, w2, w3"], "at_once: { front_ends: 2 }");
    let (ready, run) = until_asked(&graph, "ready/D0");
    assert_eq!(observer(&graph, &run, ready), Some(0));
    let second = step(&graph, "stop/w2");
    let run = until(&graph, |run| observer(&graph, run, second).is_some());
    assert!(run.is_out(FrontEndId(0)));
    assert_eq!(observer(&graph, &run, second), Some(1));
}

#[test]
fn a_gate_is_asked_through_another_when_nobody_answers() {
    let graph = graph(&["w1", "w2", "w3"], "readiness: { attempts: 3 }");
    let (ready, mut run) = until_asked(&graph, "ready/D0");
    let (mut asked, mut rests) = (Vec::new(), Vec::new());
    for answer in [Readiness::Busy, Readiness::Unanswered, Readiness::Busy, Readiness::Unanswered] {
        asked.extend(wants(&graph, &run).iter().filter_map(|want| match want {
            Want::Ask { question: Question::Readiness { observer, domain: Some(_) }, ordinal, .. } => {
                Some((observer.0, *ordinal))
            }
            _ => None,
        }));
        told(&graph, &mut run, ready, &[Answer::Readiness(answer)]);
        rests.extend(wants(&graph, &run).iter().filter_map(|want| match want {
            Want::Timer(timer) => Some(timer.ordinal),
            _ => None,
        }));
        pass(&graph, &mut run, ready);
    }
    // Each question has a number of its own until a row of Busy ends.
    assert_eq!(asked, [(1, 0), (1, 1), (2, 1), (2, 2)]);
    assert_eq!(rests, [1, 1, 2, 2]);
}
