//! Promise: a history that a proof has found can be saved as a scenario, read back, and replayed: the same promise breaks at
//! the same place with the same timeline, as long as the machine makes the mistake; and no longer.

use std::sync::Arc;

use super::mistakes::PLANTED;
use super::{NONE, small, walk};
use crate::document::{self, Source};
use crate::graph::StepGraph;
use crate::proof::history::History;
use crate::proof::node::Node;
use crate::proof::replay::Replay;
use crate::proof::stepper::Stepper;
use crate::proof::{Broken, Budgets, Invariant, Reduction, Replayed, Verdict, Violation, replay};
use crate::report::history_yaml;
use crate::run::{Mistake, Run};
use crate::twin::ScenarioText;
use crate::twin::scenario::{
    Against, ElapsedText, HappensText, LookedText, SavedHistory, SawText, TimerText,
};

/// Writes a history as a scenario file, and reads that file as `rehearse` does.
fn through_a_file(graph: &StepGraph, run: Run, broken: &Broken) -> SavedHistory {
    read(graph, &written(graph, run, broken))
}

fn written(graph: &StepGraph, run: Run, broken: &Broken) -> String {
    let mut text = String::new();
    history_yaml::write(&mut text, graph, run, broken).expect("a text takes what is written");
    text
}

fn read(graph: &StepGraph, text: &str) -> SavedHistory {
    let source = Arc::new(Source::from_text("broken.yaml", text));
    let document = document::read::<ScenarioText>(source);
    let document = document.unwrap_or_else(|findings| panic!("{text}\n{findings:#?}"));
    let front_ends = graph.plan().pool().front_ends.iter();
    let against = Against {
        plan: graph.plan().name(),
        digest: &graph.digest(),
        steps: graph.steps().iter().map(|step| step.name.as_str()).collect(),
        front_ends: front_ends.map(|front_end| front_end.fqdn.as_str()).collect(),
    };
    let saved = SavedHistory::resolve(&document, &against).expect("it is a history");
    saved.unwrap_or_else(|findings| panic!("{text}\n{findings:#?}"))
}

/// The scenario file of each of these is kept, so that the commands can be shown with it: its name, the mistake, the plan.
const KEPT: [(&str, Mistake, &str); 4] = [
    ("half-stopped", Mistake::HalfStoppedIsNotOut, "two-domains"),
    ("old-answer", Mistake::ReadinessOutlivesResume, "two-domains"),
    ("busy-for-ever", Mistake::BusyForgivesAll, "two-domains"),
    ("asked-too-often", Mistake::WindowBeforeUpgrade, "window"),
];

#[test]
fn what_is_saved_is_what_is_kept_to_be_shown() {
    let bless = std::env::var_os("POOLROLL_BLESS").is_some_and(|bless| !bless.is_empty());
    for (name, mistake, plan) in KEPT {
        let planted = PLANTED.into_iter().find(|(planted, ..)| *planted == mistake);
        let (_, _, budgets, invariant) = planted.expect("a mistake that is planted");
        let graph = small(plan);
        let broken = broken(&graph, mistake, budgets, Some(invariant));
        let text = written(&graph, Run::mistaken(&graph, mistake), &broken);
        let path = format!("{}/tests/histories/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        if bless {
            std::fs::write(&path, &text).expect("it can be written");
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
        assert_eq!(kept, text, "{path} is stale; if that is meant, run the tests with POOLROLL_BLESS=1");
    }
}

/// The shortest history that breaks a promise by a mistake.
fn broken(graph: &StepGraph, mistake: Mistake, budgets: Budgets, only: Option<Invariant>) -> Broken {
    // Loops are looked for by walks that keep one order.
    let reduction = if only == Some(Invariant::CanEnd) { Reduction::ORDERS } else { Reduction::NONE };
    match walk(Run::mistaken(graph, mistake), graph, budgets, reduction, only).0 {
        Verdict::Broken(broken) => broken,
        Verdict::Proved => panic!("{mistake:?} was not caught"),
    }
}

#[test]
fn every_broken_promise_breaks_again_when_its_history_is_replayed() {
    let mut wrong = Vec::new();
    for (mistake, plan, budgets, invariant) in PLANTED {
        let graph = small(plan);
        let mistaken = Run::mistaken(&graph, mistake);
        // As the command finds it, and by the promise that speaks of it.
        for only in [None, Some(invariant)] {
            let first = broken(&graph, mistake, budgets, only);
            let saved = through_a_file(&graph, mistaken.clone(), &first);
            let mut replay = Replay::new(&graph, mistaken.clone(), &saved);
            replay.stepper.ask_only(only);
            match replay.run() {
                Replayed::Broken { broken, entry }
                    if broken.violation == first.violation
                        && broken.history == first.history
                        && entry == saved.len() => {}
                other => wrong.push(format!("{mistake:?}, {only:?}\n{first:#?}\n{saved:#?}\n{other:#?}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_history_breaks_a_promise_of_a_machine_that_was_mended() {
    let (mut kept, mut departed) = (0, 0);
    for (mistake, plan, budgets, invariant) in PLANTED {
        let graph = small(plan);
        let first = broken(&graph, mistake, budgets, Some(invariant));
        let saved = through_a_file(&graph, Run::mistaken(&graph, mistake), &first);
        match replay(&graph, Run::new(&graph), &saved) {
            Replayed::Kept { .. } => kept += 1,
            Replayed::Departs { history, entry, instead } => {
                departed += 1;
                assert!((1..=saved.len()).contains(&entry), "{mistake:?} departs at {entry}");
                let (departs, _) = saved.entry(entry).expect("an entry");
                assert!(!instead.contains(departs), "{mistake:?} could go on by {departs:?}");
                // What happened until then is the history until then.
                let (mut happens, _) = history.written(&graph, Run::new(&graph));
                happens.truncate(entry - 1);
                assert!(saved.happens.starts_with(&happens), "{mistake:?}: {happens:#?}");
            }
            other => panic!("{mistake:?}: {other:#?}"),
        }
    }
    // Some mistakes lie in what a machine does, some in what it makes of it.
    assert!(kept > 0 && departed > 0, "{kept} kept, {departed} departed");
}

#[test]
fn what_goes_round_for_ever_is_part_of_the_history() {
    let graph = small("two-domains");
    let mistake = Mistake::BusyForgivesAll;
    let first = broken(&graph, mistake, NONE, Some(Invariant::CanEnd));
    let saved = through_a_file(&graph, Run::mistaken(&graph, mistake), &first);
    let asked = |entry: &HappensText| matches!(entry, HappensText::Readiness(_));
    assert!(saved.goes_round.iter().filter(|entry| asked(entry)).count() >= 2, "{saved:#?}");
    // One turn less and it is not round: what is left is a history like any other.
    let mut short = saved.clone();
    short.goes_round.truncate(1);
    let mistaken = || Run::mistaken(&graph, mistake);
    assert!(matches!(replay(&graph, mistaken(), &short), Replayed::Kept { .. }));
    // Twice round is round.
    let mut twice = saved.clone();
    twice.goes_round.extend(saved.goes_round.clone());
    assert!(matches!(replay(&graph, mistaken(), &twice), Replayed::Broken { .. }));
}

/// A limit that runs may run for very long. Nothing is kept twice of what many ways have in common.
#[test]
fn a_long_history_is_replayed_as_well() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/histories/half-stopped.yaml"));
    let graph = small("two-domains");
    let mut saved = read(&graph, &text.expect("it is kept"));
    // The last are a look that finds it half stopped, and a pause.
    saved.happens.truncate(saved.happens.len() - 2);
    let step = || "stop/w1".to_owned();
    let round = [
        HappensText::Looked(LookedText { step: step(), saw: SawText::Underway }),
        HappensText::Elapsed(ElapsedText { step: step(), timer: TimerText::LookAgain }),
    ];
    saved.happens.extend(round.clone());
    // It goes round, and its limit ends that.
    let mut ended = saved.clone();
    (ended.breaks, ended.goes_round) = (9, round.to_vec());
    assert!(matches!(replay(&graph, Run::new(&graph), &ended), Replayed::Kept { .. }));
    for _ in 0..5_000 {
        saved.happens.extend(round.clone());
    }
    assert!(matches!(replay(&graph, Run::new(&graph), &saved), Replayed::Kept { .. }));
    // It was seen underway, so it is not one that did not begin.
    saved.happens.push(HappensText::Looked(LookedText { step: step(), saw: SawText::NotDone }));
    let replayed = replay(&graph, Run::new(&graph), &saved);
    let Replayed::Departs { entry, instead, .. } = &replayed else { panic!("{replayed:#?}") };
    assert_eq!(*entry, saved.len());
    let about: Vec<_> = instead.iter().filter_map(HappensText::about).collect();
    assert!(about.starts_with(&[step(), step()]), "{instead:#?}");
}

/// Whoever writes a history by hand, or changes one, is told something.
#[test]
fn a_history_that_was_changed_breaks_nothing_that_holds() {
    for (name, _, plan) in KEPT {
        let path = format!("{}/tests/histories/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        let graph = small(plan);
        let saved = read(&graph, &std::fs::read_to_string(path).expect("it is kept"));
        for seed in 0..100_usize {
            let mut changed = saved.clone();
            let happens = &mut changed.happens;
            let (one, other) = (seed * 7 % happens.len(), seed * 13 % happens.len());
            match seed % 4 {
                0 => happens.swap(one, other),
                1 => _ = happens.remove(one),
                2 => happens.insert(one, happens[other].clone()),
                _ => happens.truncate(one),
            }
            match replay(&graph, Run::new(&graph), &changed) {
                Replayed::Kept { .. } => {}
                Replayed::Departs { entry, .. } => {
                    assert!((1..=changed.len()).contains(&entry), "{name} {seed}")
                }
                other => panic!("{name} {seed}: {other:#?}"),
            }
        }
    }
}

/// Whatever happens can be written down and happens again, also where a history leaves open what is true.
#[test]
fn every_history_can_be_replayed() {
    let budgets = Budgets { crashes: 2, deaths: 2, acts: 2, found: 2, together: 6 };
    let mut interfered = 0;
    for plan in
        ["two-domains", "partner-when-troubled", "window", "actions-around", "two-at-once", "approvals"]
    {
        let graph = small(plan);
        for seed in 0..20 {
            let history = some_history(&graph, budgets, seed);
            let violation = Violation { invariant: Invariant::OneDomainOut, text: "none".to_owned() };
            let saved =
                through_a_file(&graph, Run::new(&graph), &Broken { violation, history: history.clone() });
            interfered +=
                saved.happens.iter().filter(|entry| !matches!(entry, HappensText::Ensured(_))).count();
            match replay(&graph, Run::new(&graph), &saved) {
                Replayed::Kept { history: replayed } => assert_eq!(replayed, history, "{plan} {seed}"),
                other => panic!("{plan} {seed}: {history:#?}\n{saved:#?}\n{other:#?}"),
            }
        }
    }
    assert!(interfered > 0);
}

/// Some way through a plan, another one with each seed.
fn some_history(graph: &StepGraph, budgets: Budgets, seed: u64) -> History {
    let begins = Node::new(Run::new(graph), graph, budgets);
    let mut stepper = Stepper::new(begins, graph, Reduction::NONE);
    stepper.trace = Some(Vec::new());
    let mut chance = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut history = History::default();
    let mut follows = Vec::new();
    let mut bytes = Vec::new();
    stepper.first(&mut |successor| {
        successor.node.pack(&mut bytes);
        follows.push((successor.trace.to_vec(), bytes.clone()));
    });
    for _ in 0..60 {
        if follows.is_empty() {
            break;
        }
        // A good generator is not needed, only one that goes everywhere.
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (happened, state) = follows.swap_remove((chance >> 33) as usize % follows.len());
        history.moves.push(happened);
        follows.clear();
        stepper.at.unpack(graph, &state).expect("what was packed");
        stepper.leave(&mut |successor| {
            successor.node.pack(&mut bytes);
            follows.push((successor.trace.to_vec(), bytes.clone()));
        });
    }
    history
}
