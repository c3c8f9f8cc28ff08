//! Speed of each room, as ratios where the machine would otherwise be what is measured.
//!
//! `cargo bench` prints, for each line, the median of several rounds with their least and most.

use std::hint::black_box;
use std::io::Write;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use poolroll::document::{self, Source};
use poolroll::exec::journal::Journal;
use poolroll::exec::live::compile;
use poolroll::exec::prove::{Bounds, prove};
use poolroll::exec::{NoLog, Rehearsal};
use poolroll::plan::{self, PlanText};
use poolroll::proof::Verdict;

const ROUNDS: usize = 7;

/// A generic plan of so many front ends in domains of ten, with names of a usual length.
fn plan_of(front_ends: usize) -> String {
    use std::fmt::Write;
    let mut text = String::from(
        "kind: plan\nversion: 1\nname: bench\nproduct: generic\npool:\n  fqdn: pool.contoso.com\n  minimum_active: 1\n  \
         upgrade_domains:\n",
    );
    for domain in 0..front_ends.div_ceil(10) {
        let _ = writeln!(text, "    - name: domain-{domain:05}\n      front_ends:");
        for server in (domain * 10)..((domain * 10 + 10).min(front_ends)) {
            let _ = writeln!(
                text,
                "        - front-end-{server:05}.rack-{:03}.row-{:02}.europe-west.datacenters.production.servers.contoso.com",
                server / 40,
                server / 400
            );
        }
    }
    text.push_str("upgrade:\n  version: '2'\n  actions:\n    - { program: upgrade, expected: 10m }\n");
    text
}

/// Seconds of one go: the least of a few, so that a neighbour's noise stays out of each sample.
fn seconds(mut work: impl FnMut()) -> f64 {
    (0..3)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min)
}

fn line(name: &str, unit: &str, mut samples: Vec<f64>) {
    samples.sort_by(f64::total_cmp);
    let (least, median, most) = (samples[0], samples[samples.len() / 2], samples[samples.len() - 1]);
    println!("{name:<58} {median:>10.3} {unit} ({least:.3} to {most:.3})");
}

fn validate(text: &str) {
    let source = Source::from_bytes("bench", text.as_bytes()).expect("text");
    let document = document::read::<PlanText>(Arc::new(source)).expect("a document");
    let resolved = plan::resolve(&document).expect("a plan");
    black_box(poolroll::graph::check(&resolved.plan, document.body()));
}

fn bare_events(text: &str) {
    for event in granit_parser::Parser::new_from_str(text) {
        black_box(event.expect("yaml"));
    }
}

fn validation() {
    for front_ends in [20, 1_000, 10_000] {
        let text = plan_of(front_ends);
        let (mut ratios, mut times) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let ours = seconds(|| validate(&text));
            ratios.push(ours / seconds(|| bare_events(&text)));
            times.push(ours * 1e3);
        }
        line(&format!("validate {front_ends} front ends ({} kB)", text.len() / 1000), "ms", times);
        line(&format!("validate {front_ends}, over the parser's bare events"), "x ", ratios);
    }
}

fn growth() {
    let graphs: Vec<_> = [100, 1_000, 10_000]
        .iter()
        .map(|front_ends| {
            (*front_ends, compile("bench", plan_of(*front_ends).as_bytes()).expect("a plan").graph)
        })
        .collect();
    let texts: Vec<_> = [100, 1_000, 10_000].iter().map(|front_ends| plan_of(*front_ends)).collect();
    for (small, large) in [(0, 1), (1, 2)] {
        let (mut compiles, mut runs) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            let compiled = |text: &str| seconds(|| drop(black_box(compile("bench", text.as_bytes()))));
            compiles.push(compiled(&texts[large]) / compiled(&texts[small]));
            let run = |graph: &Arc<poolroll::StepGraph>| {
                let begun = Instant::now();
                black_box(Rehearsal::of(graph).run(graph, NoLog, &mut ()).expect("it ends"));
                begun.elapsed().as_secs_f64()
            };
            runs.push(run(&graphs[large].1) / run(&graphs[small].1));
        }
        let name = format!("{} over {} front ends", graphs[large].0, graphs[small].0);
        line(&format!("compile: {name}"), "x ", compiles);
        line(&format!("run:     {name}"), "x ", runs);
    }
}

fn rehearsals() {
    let text = std::fs::read("plans/skype-2019-twelve.yaml").expect("the plan of twelve");
    let graph = compile("bench", &text).expect("a plan").graph;
    let rehearsal = Rehearsal::of(&graph);
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        for _ in 0..500 {
            black_box(rehearsal.run(&graph, NoLog, &mut ()).expect("it ends"));
        }
        rates.push(500.0 / begun.elapsed().as_secs_f64());
    }
    line("rehearse twelve front ends", "/s", rates);
    let rehearsed = rehearsal.run(&graph, NoLog, &mut ()).expect("it ends");
    let bound = graph.estimate().rolling.as_secs_f64();
    line("makespan over the bound of graph and limits", "x ", vec![rehearsed.length().as_secs_f64() / bound]);
}

/// The program as CI starts it, on a plan of twenty front ends.
fn whole_process() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("plan.yaml");
    std::fs::write(&path, plan_of(20)).expect("the plan is written");
    let run = || {
        let begun = Instant::now();
        let output = Command::new(env!("CARGO_BIN_EXE_poolroll"))
            .arg("validate")
            .arg(&path)
            .output()
            .expect("it runs");
        assert!(output.status.success());
        begun.elapsed().as_secs_f64() * 1e3
    };
    run();
    line("validate 20 front ends, the whole process", "ms", (0..41).map(|_| run()).collect());
}

/// Records of a run, made durable one by one and many together, beside bare writes of the same bytes.
fn journal() {
    const RECORDS: u32 = 500;
    let dir = tempfile::tempdir_in(".").expect("a folder on this disk");
    let record = serde_json::json!({
        "epoch": 1, "event": { "answered": { "step": 17, "answer": { "ensured": { "Ok": null } } } },
        "id": "upgrade/fe03.contoso.com/1", "facts": { "exit_code": 0 },
    });
    let now = jiff::Timestamp::UNIX_EPOCH;
    let mut bare = std::fs::File::create_new(dir.path().join("bare")).expect("a file");
    let mut journal =
        Journal::<serde_json::Value>::create(&dir.path().join("journal.jsonl"), "bench").expect("a journal");
    journal.append(now, &record).and_then(|_| journal.sync()).expect("a record");
    let length = std::fs::read(dir.path().join("journal.jsonl")).expect("the journal").len();
    let bytes = vec![b'x'; length];
    let (mut ratios, mut rates, mut shared, mut bare_shared) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (mut ours, mut theirs) = (0.0, 0.0);
        // Turn and turn about, so that both meet the same disk.
        for _ in 0..RECORDS {
            let begun = Instant::now();
            bare.write_all(&bytes).and_then(|()| bare.sync_data()).expect("a bare write");
            theirs += begun.elapsed().as_secs_f64();
            let begun = Instant::now();
            journal.append(now, &record).and_then(|_| journal.sync()).expect("a record");
            ours += begun.elapsed().as_secs_f64();
        }
        ratios.push(ours / theirs);
        rates.push(f64::from(RECORDS) / ours);
        let begun = Instant::now();
        (0..RECORDS).for_each(|_| {
            let _ = journal.append(now, &record).expect("a record");
        });
        journal.sync().expect("one sync");
        shared.push(f64::from(RECORDS) / begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        (0..RECORDS).for_each(|_| bare.write_all(&bytes).expect("a bare write"));
        bare.sync_data().expect("one sync");
        bare_shared.push(f64::from(RECORDS) / begun.elapsed().as_secs_f64());
    }
    line(&format!("journal: records of {length} bytes, a sync each"), "/s", rates);
    line("journal: a sync each, over bare write and sync", "x ", ratios);
    line("journal: one sync for all", "/s", shared);
    line("bare writes, one sync for all", "/s", bare_shared);
}

/// Two plans with all default budgets: one that waits for one front end at a time, and one with actions around the upgrade.
fn proofs() {
    for name in ["window", "one-domain"] {
        let text = std::fs::read(format!("tests/small/{name}.yaml")).expect("a plan");
        let graph = compile(name, &text).expect("a plan").graph;
        let (mut one, mut both, mut transitions) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..3 {
            let mut rate = |workers: usize, rates: &mut Vec<f64>| {
                let bounds = Bounds { workers: Some(workers), ..Bounds::default() };
                let proved = prove(&graph, &bounds, |_, _| {});
                assert!(matches!(proved.verdict, Some(Verdict::Proved)), "{name}");
                rates.push(proved.walked as f64 / proved.took.as_secs_f64());
                transitions.push(proved.tally.transitions as f64 / proved.tally.states as f64);
            };
            rate(1, &mut one);
            rate(2, &mut both);
        }
        line(&format!("prove {name}: states, one worker"), "/s", one);
        line(&format!("prove {name}: states, two workers"), "/s", both);
        line(&format!("prove {name}: transitions a state"), "  ", transitions);
    }
}

fn main() {
    whole_process();
    validation();
    growth();
    rehearsals();
    proofs();
    journal();
}
