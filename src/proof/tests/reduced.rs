//! Promise: what a walk leaves out changes no verdict.

use std::collections::HashSet;

use super::{NONE, small, walk};
use crate::plan::FrontEndId;
use crate::proof::alike::Alike;
use crate::proof::node::Node;
use crate::proof::stepper::Stepper;
use crate::proof::world::Server;
use crate::proof::{Budgets, Happened, Reduction, Verdict, Walk};
use crate::run::{Event, Run, StepState};

const ONE_OF_EACH: [Budgets; 4] = [
    Budgets { crashes: 1, ..NONE },
    Budgets { deaths: 1, ..NONE },
    Budgets { acts: 1, ..NONE },
    Budgets { found: 1, ..NONE },
];

/// Who takes a run up has a step tried again, of which nobody knows any more whether it was ever begun.
const CRASH_AND_ACT: Budgets = Budgets { crashes: 1, acts: 1, ..NONE };

const COUNTS: Reduction = Reduction { counts: true, ..Reduction::NONE };
const COUNTS_AND_ORDERS: Reduction = Reduction { orders: true, ..COUNTS };
const COUNTS_AND_PAST: Reduction = Reduction { past: true, ..COUNTS };

/// Every state, level by level.
fn each_state(walk: &mut Walk<'_>, mut state: impl FnMut(&[u8])) {
    let mut worker = walk.worker();
    while walk.level() > 0 && !walk.is_broken() {
        (0..walk.level()).for_each(|nth| state(walk.state(nth)));
        let finds = walk.expand(0..walk.level(), &mut worker);
        walk.take(finds);
        walk.end_level();
    }
}

/// What a state with counts can become, the same state without them can become: so every state of the whole walk must be
/// among those of the reduced one once its counts are forgotten.
#[test]
fn no_state_is_lost_when_counts_are_forgotten() {
    let plans = [
        ("two-domains", &ONE_OF_EACH[..]),
        ("one-domain", &ONE_OF_EACH),
        ("one-domain", &[CRASH_AND_ACT]),
        ("one-may-fail", &ONE_OF_EACH),
        ("window", &ONE_OF_EACH),
        ("cut-short", &ONE_OF_EACH),
        ("actions-around", &ONE_OF_EACH),
        ("tried-twice", &ONE_OF_EACH),
        // Its stop has one try, so one that was cut off and is found half way counts or does not.
        ("databases", &ONE_OF_EACH),
    ];
    for (name, each) in plans {
        let graph = small(name);
        for budgets in each.iter().copied() {
            let mut reduced = Walk::of(Run::new(&graph), &graph, budgets, COUNTS);
            let mut few = 0;
            each_state(&mut reduced, |_| few += 1);
            let mut node = Node::new(Run::new(&graph), &graph, budgets);
            let mut whole = Walk::of(Run::new(&graph), &graph, budgets, Reduction::NONE);
            let (mut all, mut lost, mut bytes) = (0, 0, Vec::new());
            each_state(&mut whole, |state| {
                all += 1;
                node.unpack(&graph, state).expect("what was packed");
                node.forget_counts(&graph);
                node.pack(&mut bytes);
                lost += usize::from(!reduced.has_met(&bytes));
            });
            assert_eq!(lost, 0, "{name} with {budgets:?}: of {all} states, {few} without counts");
            assert!(few < all, "{name}: nothing was left out");
        }
    }
}

/// What a state can become, it can become without its past. Where persons act, or a run is taken up that is failed over,
/// looks are forgotten from which nothing follows: there the verdicts are compared.
#[test]
fn no_state_is_lost_when_the_past_is_forgotten() {
    let plans = [
        ("two-domains", ONE_OF_EACH[0]),
        ("two-at-once", NONE),
        ("two-at-once", ONE_OF_EACH[0]),
        ("one-may-fail", ONE_OF_EACH[0]),
        ("one-may-fail", ONE_OF_EACH[1]),
        ("window", ONE_OF_EACH[0]),
        ("actions-around", ONE_OF_EACH[0]),
        ("partner-always", ONE_OF_EACH[1]),
        ("partner-turns", ONE_OF_EACH[1]),
        ("partner-turns", ONE_OF_EACH[3]),
        ("partner-when-troubled", ONE_OF_EACH[1]),
        ("partner-when-troubled", ONE_OF_EACH[3]),
        ("databases", ONE_OF_EACH[1]),
    ];
    for (name, budgets) in plans {
        let graph = small(name);
        let mut reduced = Walk::of(Run::new(&graph), &graph, budgets, COUNTS_AND_PAST);
        let mut few = 0;
        each_state(&mut reduced, |_| few += 1);
        let mut node = Node::new(Run::new(&graph), &graph, budgets);
        let mut whole = Walk::of(Run::new(&graph), &graph, budgets, COUNTS);
        let (mut all, mut lost, mut bytes) = (0, 0, Vec::new());
        each_state(&mut whole, |state| {
            all += 1;
            node.unpack(&graph, state).expect("what was packed");
            let mut without = node.clone();
            without.forget_the_past(&graph);
            without.pack(&mut bytes);
            lost += usize::from(!without.is_the_end() && !reduced.has_met(&bytes));
        });
        assert_eq!(lost, 0, "{name} with {budgets:?}: of {all} states, {few} without the past");
        assert!(few < all, "{name}: nothing was left out");
    }
}

/// Whatever can be said of front ends is said, once what is said of those that are alike is sorted.
#[test]
fn no_state_is_lost_when_those_that_are_alike_are_taken_for_one_another() {
    let plans = [
        ("two-at-once", ONE_OF_EACH[0]),
        ("two-at-once", ONE_OF_EACH[1]),
        ("two-at-once", ONE_OF_EACH[2]),
        ("one-domain", ONE_OF_EACH[0]),
        ("one-domain", CRASH_AND_ACT),
        ("one-may-fail", NONE),
        ("one-may-fail", ONE_OF_EACH[0]),
        ("one-may-fail", ONE_OF_EACH[1]),
        ("one-may-fail", ONE_OF_EACH[2]),
        ("one-may-fail", ONE_OF_EACH[3]),
        ("actions-at-once", NONE),
        ("quorum", ONE_OF_EACH[1]),
        ("actions-around", ONE_OF_EACH[3]),
        ("partner-always", ONE_OF_EACH[0]),
        ("partner-always", ONE_OF_EACH[2]),
        ("partner-turns", ONE_OF_EACH[1]),
        ("partner-turns", ONE_OF_EACH[2]),
        ("partner-turns", ONE_OF_EACH[3]),
        ("partner-when-troubled", ONE_OF_EACH[0]),
        ("partner-when-troubled", ONE_OF_EACH[1]),
        ("partner-when-troubled", ONE_OF_EACH[2]),
        ("partner-when-troubled", ONE_OF_EACH[3]),
    ];
    let each_by_itself = Reduction { counts: true, past: true, ..Reduction::NONE };
    for (name, budgets) in plans {
        let graph = small(name);
        let mut alike = Alike::new(&graph);
        let mut reduced =
            Walk::of(Run::new(&graph), &graph, budgets, Reduction { alike: true, ..each_by_itself });
        let mut few = 0;
        each_state(&mut reduced, |_| few += 1);
        let mut node = Node::new(Run::new(&graph), &graph, budgets);
        let mut whole = Walk::of(Run::new(&graph), &graph, budgets, each_by_itself);
        let (mut all, mut lost, mut bytes) = (0, 0, Vec::new());
        each_state(&mut whole, |state| {
            all += 1;
            node.unpack(&graph, state).expect("what was packed");
            let mut sorted = node.clone();
            sorted.sort_alike(&graph, false, &mut alike);
            sorted.pack(&mut bytes);
            lost += usize::from(!reduced.has_met(&bytes));
        });
        assert_eq!(lost, 0, "{name} with {budgets:?}: of {all} states, {few} in which some are alike");
        assert!(few <= all, "{name}: {few} of {all}");
    }
}

/// Which of several that serve a count calls inactive is chosen by their places alone: so where some change places behind
/// others, all else is compared.
#[test]
fn no_state_but_of_a_count_is_lost_when_those_whose_turn_is_over_stand_first() {
    let each_by_itself = Reduction { counts: true, past: true, ..Reduction::NONE };
    let plans = [
        ("two-at-once", ONE_OF_EACH[3]),
        ("tried-twice-at-once", ONE_OF_EACH[3]),
        ("tried-twice-at-once", Budgets { crashes: 2, ..NONE }),
    ];
    for (name, budgets) in plans {
        let graph = small(name);
        let mut alike = Alike::new(&graph);
        let mut states = |reduction| {
            let mut node = Node::new(Run::new(&graph), &graph, budgets);
            let mut walk = Walk::of(Run::new(&graph), &graph, budgets, reduction);
            let (mut states, mut bytes) = (HashSet::new(), Vec::new());
            each_state(&mut walk, |state| {
                node.unpack(&graph, state).expect("what was packed");
                let mut sorted = node.clone();
                sorted.world.counted = None;
                sorted.sort_alike(&graph, false, &mut alike);
                sorted.pack(&mut bytes);
                states.insert(bytes.clone());
            });
            states
        };
        let (whole, sorted) = (states(each_by_itself), states(Reduction { alike: true, ..each_by_itself }));
        assert_eq!(whole.difference(&sorted).count(), 0, "{name} with {budgets:?}: of {}", whole.len());
    }
}

/// Everything that is ever true of one front end: its steps and its truth.
fn of_one(
    walk: &mut Walk<'_>,
    begins: &Node,
    name: &str,
) -> (usize, HashSet<(FrontEndId, Vec<StepState>, Server)>) {
    let graph = small(name);
    let mut node = begins.clone();
    let (mut states, mut seen) = (0, HashSet::new());
    each_state(walk, |state| {
        states += 1;
        node.unpack(&graph, state).expect("what was packed");
        for front_end in graph.plan().front_end_ids() {
            let own = graph.ids().filter(|step| graph.kind(*step).front_end() == Some(front_end));
            seen.insert((
                front_end,
                own.map(|step| node.run.state(step)).collect(),
                node.world.server(front_end),
            ));
        }
    });
    (states, seen)
}

/// Whatever can become of a front end in any order becomes of it in the orders that are walked.
#[test]
fn nothing_that_becomes_of_a_front_end_is_lost_with_the_orders() {
    let plans = [
        ("two-at-once", NONE),
        ("two-at-once", ONE_OF_EACH[0]),
        ("one-domain", ONE_OF_EACH[0]),
        ("one-domain", ONE_OF_EACH[1]),
        ("one-domain", ONE_OF_EACH[2]),
        ("two-at-once", ONE_OF_EACH[2]),
        ("one-may-fail", ONE_OF_EACH[1]),
        ("window", ONE_OF_EACH[2]),
        ("actions-around", ONE_OF_EACH[3]),
        ("partner-always", NONE),
        ("partner-always", ONE_OF_EACH[2]),
    ];
    for (name, budgets) in plans {
        let graph = small(name);
        let begins = Node::new(Run::new(&graph), &graph, budgets);
        let mut any = Walk::of(Run::new(&graph), &graph, budgets, COUNTS);
        let (all, whole) = of_one(&mut any, &begins, name);
        let mut some = Walk::of(Run::new(&graph), &graph, budgets, COUNTS_AND_ORDERS);
        let (few, reduced) = of_one(&mut some, &begins, name);
        let lost = whole.difference(&reduced).count();
        assert_eq!(
            lost,
            0,
            "{name} with {budgets:?}: of {} in {all} states; {few} states in fewer orders",
            whole.len()
        );
    }
}

/// Whatever can become of a front end, whoever needs a person meanwhile, becomes of it when that was settled before.
#[test]
fn nothing_that_becomes_of_a_front_end_is_lost_with_its_fate() {
    let plans = [
        ("two-at-once", NONE),
        ("two-at-once", ONE_OF_EACH[0]),
        ("two-at-once", ONE_OF_EACH[1]),
        ("one-domain", ONE_OF_EACH[0]),
        ("one-may-fail", NONE),
        ("one-may-fail", ONE_OF_EACH[1]),
        ("one-may-fail", ONE_OF_EACH[2]),
        ("actions-at-once", NONE),
        ("actions-around", ONE_OF_EACH[3]),
        ("partner-always", ONE_OF_EACH[0]),
        ("partner-when-troubled", ONE_OF_EACH[1]),
    ];
    for (name, budgets) in plans {
        let graph = small(name);
        let begins = Node::new(Run::new(&graph), &graph, budgets);
        let mut any = Walk::of(Run::new(&graph), &graph, budgets, COUNTS_AND_PAST);
        let (all, whole) = of_one(&mut any, &begins, name);
        let with_fates = Reduction { orders: true, fates: true, ..COUNTS_AND_PAST };
        let mut some = Walk::of(Run::new(&graph), &graph, budgets, with_fates);
        let (few, reduced) = of_one(&mut some, &begins, name);
        // Ends are not kept, and whoever needs a person may be met only there.
        let goes_on = |steps: &[StepState]| !steps.iter().any(|state| matches!(state, StepState::Stuck(_)));
        let lost = whole.difference(&reduced).filter(|(_, steps, _)| goes_on(steps)).count();
        assert_eq!(
            lost,
            0,
            "{name} with {budgets:?}: of {} in {all} states; {few} states with fates",
            whole.len()
        );
    }
}

/// What a run can come to when some of each may interfere, it comes to when it was settled at the beginning which.
#[test]
fn no_state_is_lost_when_it_is_settled_what_interferes() {
    let all = Budgets { crashes: 1, deaths: 1, acts: 1, found: 1, together: 1 };
    let two = Budgets { crashes: 1, deaths: 1, acts: 1, found: 0, together: 2 };
    let plans = [("two-domains", all), ("one-domain", all), ("one-may-fail", all), ("one-domain", two)];
    for (name, budgets) in plans {
        let graph = small(name);
        let states = |reduction| {
            let mut node = Node::new(Run::new(&graph), &graph, budgets);
            let mut walk = Walk::of(Run::new(&graph), &graph, budgets, reduction);
            let (mut states, mut bytes) = (HashSet::new(), Vec::new());
            each_state(&mut walk, |state| {
                node.unpack(&graph, state).expect("what was packed");
                node.left = NONE;
                node.pack(&mut bytes);
                states.insert(bytes.clone());
            });
            states
        };
        let (whole, shared) = (states(COUNTS), states(Reduction { shares: true, ..COUNTS }));
        assert_eq!(whole.difference(&shared).count(), 0, "{name} with {budgets:?}: of {}", whole.len());
        assert!(budgets.shares().len() > 1, "{name}: nothing was settled");
    }
}

/// The small plans that take longer are proved by hand, with the command.
#[test]
fn whole_and_reduced_walks_agree() {
    let plans = [
        "two-domains",
        "one-domain",
        "one-may-fail",
        "approvals",
        "window",
        "cut-short",
        "no-version",
        "actions-around",
        "partner-always",
        "partner-when-troubled",
        "databases",
    ];
    for name in plans {
        let graph = small(name);
        for budgets in ONE_OF_EACH {
            let verdict = |reduction| walk(Run::new(&graph), &graph, budgets, reduction, None);
            let ((whole, all), (reduced, few)) = (verdict(Reduction::NONE), verdict(Reduction::ALL));
            for verdict in [whole, reduced] {
                assert!(matches!(verdict, Verdict::Proved), "{name} with {budgets:?}: {verdict:?}");
            }
            assert!(few.states < all.states, "{name} with {budgets:?}: {} of {}", few.states, all.states);
        }
    }
}

fn is_proved(name: &str, budgets: Budgets) {
    let graph = small(name);
    let (verdict, _) = walk(Run::new(&graph), &graph, budgets, Reduction::ALL, None);
    assert!(matches!(verdict, Verdict::Proved), "{name} with {budgets:?}: {verdict:?}");
}

/// Found by this test when front ends first took their places with their stops: one whose stop was found half way waited for
/// the place that it had itself.
#[test]
fn plans_with_a_partner_are_proved() {
    for name in ["partner-always", "partner-when-troubled"] {
        for budgets in ONE_OF_EACH {
            is_proved(name, budgets);
        }
    }
}

/// Found by the proof of plans/generic.yaml, in the monitor: a person said that taking a front end out had not taken place;
/// while the pool was asked again whether it can be spared, another one stopped the run, and the word was forgotten though
/// nothing had begun.
#[test]
fn a_word_that_it_did_not_take_place_holds_until_it_is_tried_again() {
    is_proved("tried-twice-at-once", Budgets { acts: 1, ..NONE });
}

/// Found by the proof of plans/generic.yaml: what an older try of an action before a stop had done was forgotten when the
/// run was taken up, and then when a person had the action tried again.
#[test]
fn what_an_older_try_took_out_outlives_a_resume() {
    is_proved("tried-twice", CRASH_AND_ACT);
}

/// Found by the proof of plans/generic.yaml, in what is forgotten: one that needed a person for one of its steps was left out
/// for another, and the run went on though it had been taken for one that stops whoever takes it up.
#[test]
fn who_is_still_at_work_with_another_step_may_yet_be_left_out() {
    is_proved("back-may-fail", ONE_OF_EACH[0]);
}

/// Found by hand: the run was said to go round for ever, because a front end that was left out had changed places with another
/// when it was looked at whether its count had run out.
#[test]
fn a_count_that_runs_out_is_seen_whoever_changes_places() {
    is_proved("one-may-fail", Budgets { deaths: 1, found: 1, ..NONE });
}

/// So it is enough to look for loops where front ends are taken one at a time.
#[test]
fn what_one_front_end_does_gives_no_other_a_count_back() {
    let graph = small("two-at-once");
    let begins = Node::new(Run::new(&graph), &graph, NONE);
    let mut stepper = Stepper::new(begins.clone(), &graph, Reduction::NONE);
    stepper.trace = Some(Vec::new());
    let mut walk = Walk::of(Run::new(&graph), &graph, NONE, Reduction::NONE);
    let mut looked_at = 0;
    each_state(&mut walk, |state| {
        stepper.at.unpack(&graph, state).expect("what was packed");
        stepper.leave(&mut |successor| {
            let mover = match successor.trace.first() {
                Some(Happened::Event(Event::Answered { step, .. } | Event::Window { step, .. })) => *step,
                Some(Happened::Event(Event::Elapsed { timer })) => timer.step,
                _ => return,
            };
            let Some(mover) = graph.kind(mover).front_end() else { return };
            for step in graph.ids().filter(|step| graph.kind(*step).front_end().is_some_and(|id| id != mover))
            {
                let (was, is) = (successor.at.run.state(step), successor.node.run.state(step));
                if was.is_underway() || matches!(was, StepState::Watching(_)) {
                    assert_eq!(was, is, "{} after {:?}", graph.step(step).name, successor.trace);
                    looked_at += 1;
                }
            }
        });
    });
    assert!(looked_at > 1_000, "{looked_at}");
}
