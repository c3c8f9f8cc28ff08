//! Promise: whatever happens to a pool, the invariants hold after every event, and the run comes to an end.
//!
//! Many lives: `POOLROLL_LIVES=20000 cargo test --test promises the_invariants_hold`; `POOLROLL_SEED` says with which the
//! first begins, and a life that fails says how it is lived again.

use std::time::Duration;

use poolroll::exec::Rehearsal;
use poolroll::run::{Event, Outcome};
use poolroll::twin::Operator;

use super::stage::{Chance, Ended, Life, Replay, any_fault, assert_holds, graph, graph_of, number_from};

/// Plans that differ in what the machine cares about.
pub fn variants() -> Vec<(&'static str, String)> {
    let lync = std::fs::read_to_string(super::stage::root().join("plans/lync-2013-graceful.yaml"))
        .expect("the plan is there");
    let generic = "kind: plan\nversion: 1\nname: web\nproduct: generic\npool:\n  fqdn: web.contoso.com\n  minimum_active: 3\n  \
        upgrade_domains:\n    - { name: A, front_ends: [w1, w2, w3] }\n    - { name: B, front_ends: [w4, w5, w6] }\n\
        at_once: { front_ends: 2 }\nfailed_front_ends: 3\nupgrade:\n  version: '2.0'\n  before_stop:\n    - { program: drain }\n  \
        actions:\n    - { program: one, attempts: 2 }\n    - { program: two }\n  after_accept:\n    - { program: undrain }\n  \
        restart: services\nacceptance: { stay_good: 2m }\n";
    vec![
        ("lync", lync.clone()),
        ("automatic", lync.replace("start: approval", "start: automatic")),
        ("always", lync.replace("when: troubled", "when: always")),
        ("immediate after the drain", lync.replace("then: stop", "then: immediate")),
        ("two at once", lync.replace("acceptance:", "at_once: { front_ends: 2 }\nacceptance:")),
        (
            "approved",
            lync.replace("acceptance:", "approvals: [{ before: UD2 }, { after: UD3 }]\nacceptance:"),
        ),
        ("generic", generic.into()),
    ]
}

pub fn operator(chance: &mut Chance) -> Operator {
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    Operator {
        approves: Some(minutes(chance.below(30))),
        pauses_at: chance.one_in(4).then(|| minutes(chance.below(400))),
        resumes_after: None,
        aborts_at: chance.one_in(12).then(|| minutes(chance.below(400))),
    }
}

/// One life from the first record to completion, or to where no more resuming helps.
fn live(name: &str, text: &str, seed: u64) -> Life {
    let _replay = Replay(format!(
        "POOLROLL_SEED={seed} POOLROLL_LIVES=1 cargo test --test promises the_invariants_hold (plan `{name}`)"
    ));
    let graph = graph_of(name, text.as_bytes());
    let mut chance = Chance::new(seed);
    let mut rehearsal = Rehearsal::of(&graph);
    rehearsal.setup.seed = seed;
    rehearsal.setup.spread = if chance.one_in(2) { 0 } else { 30 };
    rehearsal.operator = operator(&mut chance);
    for _ in 0..chance.below(4) {
        let fault = any_fault(&mut chance, &graph);
        rehearsal.faults.push(fault);
    }
    let mut life = Life::new(&graph, rehearsal);
    let mut words: Vec<Event> = Vec::new();
    for _ in 0..12 {
        // Nobody takes it up at once, and meanwhile the pool goes on by itself.
        if chance.one_in(3) {
            life.now += jiff::SignedDuration::from_mins(chance.below(600) as i64);
        }
        let room = chance.one_in(2).then(|| life.records.len() + 1 + chance.below(250) as usize);
        let at_sync = chance.one_in(2);
        let ended = life.process(&words, room, at_sync);
        assert_holds(&life, seed);
        assert!(life.records.len() < 100_000, "seed {seed}: no end\n{}", life.tail());
        if let Ended::Outcome(outcome) = ended {
            if outcome.is_final() {
                break;
            }
            // A pause or an abort of the script happens once.
            life.rehearsal.operator.pauses_at = None;
            life.rehearsal.operator.aborts_at = None;
            words = life.words(&mut chance);
        } else {
            words = Vec::new();
            // It died with its last record already durable.
            if life.run().outcome().is_some_and(Outcome::is_final) {
                break;
            }
        }
    }
    life
}

#[test]
fn the_invariants_hold_whatever_happens() {
    let lives = number_from("POOLROLL_LIVES", 400);
    let first = number_from("POOLROLL_SEED", 0);
    let mut complete = 0;
    for (name, text) in variants() {
        for seed in first..first + lives {
            let life = live(name, &text, seed);
            complete += u64::from(life.run().outcome() == Some(Outcome::Complete));
        }
    }
    let all = lives * variants().len() as u64;
    // A few chosen seeds say nothing of how many complete.
    assert!(lives < 100 || complete * 3 > all, "only {complete} of {all} lives came to a complete end");
}

/// Seeds of lives that once broke an invariant, or that the monitor once judged wrong.
const ONCE_BROKEN: [u64; 5] = [177, 2_282, 7_305, 955_826, 2_000_713];

#[test]
fn the_lives_that_once_broke_an_invariant_do_not_any_more() {
    for (name, text) in variants() {
        for seed in ONCE_BROKEN {
            live(name, &text, seed);
        }
    }
}

#[test]
fn a_rollout_without_faults_takes_exactly_what_its_graph_and_its_limits_allow() {
    for plan in ["plans/minimal.yaml", "plans/lync-2013-graceful.yaml"] {
        let graph = graph(plan);
        let rehearsal = Rehearsal::of(&graph);
        let mut proving = poolroll::exec::Proving::new(rehearsal.begins);
        let rehearsed = rehearsal.run(&graph, poolroll::exec::NoLog, &mut proving).expect("it goes on");
        assert_eq!(rehearsed.outcome, Some(Outcome::Complete), "{plan}");
        assert_eq!(proving.monitor.violations(), [], "{plan}");
        assert_eq!(rehearsed.length(), graph.estimate().rolling, "{plan}");
    }
}
