//! Promise: what a walk leaves out changes no verdict.

use super::{NONE, small};
use crate::proof::node::Node;
use crate::proof::{Budgets, Reduction, Walk};
use crate::run::Run;

const ONE_OF_EACH: [Budgets; 4] = [
    Budgets { crashes: 1, ..NONE },
    Budgets { deaths: 1, ..NONE },
    Budgets { acts: 1, ..NONE },
    Budgets { found: 1, ..NONE },
];

const COUNTS: Reduction = Reduction { counts: true, orders: false };

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
    for name in ["two-domains", "one-domain", "one-may-fail", "window", "cut-short", "actions-around"] {
        let graph = small(name);
        for budgets in ONE_OF_EACH {
            let mut reduced = Walk::of(Run::new(&graph), &graph, budgets, COUNTS);
            let mut few = 0;
            each_state(&mut reduced, |_| few += 1);
            let mut node = Node::new(Run::new(&graph), &graph, budgets);
            let mut whole = Walk::of(Run::new(&graph), &graph, budgets, Reduction::NONE);
            let (mut all, mut lost, mut bytes) = (0, 0, Vec::new());
            each_state(&mut whole, |state| {
                all += 1;
                node.unpack(&graph, state).expect("what was packed");
                node.run.forget_counts();
                node.pack(&mut bytes);
                lost += usize::from(!reduced.has_met(&bytes));
            });
            assert_eq!(lost, 0, "{name} with {budgets:?}: of {all} states, {few} without counts");
            assert!(few < all, "{name}: nothing was left out");
            println!("{name} {budgets:?}: {all} {few}");
        }
    }
}
