//! Promise 10: a run that is killed and resumed, and gets the same answers, comes to the same end.

use super::{NONE, small};
use crate::graph::{StepGraph, StepId};
use crate::plan::{Answer, Observation};
use crate::proof::answers::Helps;
use crate::proof::node::{Happened, Node};
use crate::proof::stepper::{Standing, Stepper};
use crate::proof::world::Server;
use crate::proof::{Budgets, Reduction};
use crate::run::{Event, Mistake, Outcome, Run, Want, Wanted};

/// How a run ends that always gets the most helpful answer; all states on its way. The first look at what was in flight
/// and is `lost` finds that nothing of it took place.
fn follow(stepper: &mut Stepper<'_>, mut lost: Option<StepId>) -> (Option<Outcome>, Vec<Node>) {
    stepper.trace = Some(Vec::new());
    let mut way = vec![stepper.at.clone()];
    loop {
        let mut best: Option<(Helps, Node)> = None;
        let mut not_done: Option<Node> = None;
        let standing = stepper.leave(&mut |successor| {
            assert_eq!(successor.fault, None);
            if successor.node.left != successor.at.left {
                return;
            }
            let found = |step| Event::Answered { step, answer: Answer::Looked(Observation::NotDone) };
            let is_lost = |happened: &Happened| matches!(happened, Happened::Event(event) if Some(event) == lost.map(found).as_ref());
            if successor.trace.first().is_some_and(is_lost) {
                not_done.get_or_insert_with(|| successor.node.clone());
            }
            if best.as_ref().is_none_or(|(helps, _)| successor.helps < *helps) {
                best = Some((successor.helps, successor.node.clone()));
            }
        });
        if standing == Standing::Ended {
            return (stepper.at.run.outcome(), way);
        }
        lost = lost.filter(|_| not_done.is_none());
        let next = not_done.or(best.map(|(_, node)| node)).expect("the run waits for something");
        way.push(next.clone());
        stepper.at = next;
    }
}

fn end(graph: &StepGraph, at: Node, lost: Option<StepId>) -> (Option<Outcome>, Vec<Server>) {
    let mut stepper = Stepper::new(at, graph, Reduction::NONE);
    let (outcome, way) = follow(&mut stepper, lost);
    (outcome, way.last().map(|node| node.world.servers.clone()).unwrap_or_default())
}

/// How many kills there were, and how many of them led to another end.
fn killed(graph: &StepGraph, run: Run) -> (usize, usize) {
    let budgets = Budgets { crashes: 1, ..NONE };
    let mut stepper = Stepper::new(Node::new(run, graph, budgets), graph, Reduction::NONE);
    let mut first = None;
    stepper.first(&mut |successor| {
        if successor.node.left.crashes == 1 {
            first = Some(successor.node.clone());
        }
    });
    stepper.at = first.expect("a run begins");
    let (outcome, way) = follow(&mut stepper, None);
    let undisturbed = (outcome, way.last().expect("an end").world.servers.clone());
    assert_eq!(undisturbed.0, Some(Outcome::Complete));
    let (mut kills, mut otherwise) = (0, 0);
    for state in way {
        stepper.at = state;
        let mut wanted = Wanted::default();
        stepper.at.run.wanted(graph, &mut wanted);
        let in_flight = wanted.iter().filter_map(|want| match want {
            Want::Ensure { step, .. } => Some(Some(step)),
            _ => None,
        });
        let lost: Vec<Option<StepId>> = in_flight.chain([None]).collect();
        let mut taken_up = Vec::new();
        let standing = stepper.leave(&mut |successor| {
            // Between two events. Cut between an event and what is decided on it, journals are taken up by other tests.
            if matches!(successor.trace.first(), Some(Happened::Crashed)) {
                taken_up.push(successor.node.clone());
            }
        });
        for node in taken_up.into_iter().filter(|_| standing != Standing::Ended) {
            for lost in lost.clone() {
                kills += 1;
                otherwise += usize::from(end(graph, node.clone(), lost) != undisturbed);
            }
        }
    }
    (kills, otherwise)
}

#[test]
fn a_run_that_is_killed_anywhere_comes_to_the_same_end() {
    for name in ["two-domains", "actions-around", "two-at-once", "window", "partner-always", "databases"] {
        let graph = small(name);
        let (kills, otherwise) = killed(&graph, Run::new(&graph));
        assert!(kills > 30, "{name}: only {kills} kills");
        assert_eq!(otherwise, 0, "{name}: of {kills} kills so many led to another end");
    }
}

#[test]
fn a_machine_that_counts_what_a_kill_cut_off_is_caught() {
    let graph = small("two-domains");
    let (_, otherwise) = killed(&graph, Run::mistaken(&graph, Mistake::InterruptedCounts));
    assert!(otherwise > 0);
}
