//! Promise: the plans and scenarios that readers learn from are valid, compile to the graphs that are shown beside them,
//! and rehearse to the end that their comments promise.
//!
//! The goldens are `tests/golden/graphs/<plan>.json` and `tests/golden/rehearsals/<scenario>.txt`. The latter tell a
//! rehearsal a line an event: the time since its beginning, the step, what happened. Lines that only repeat are counted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use poolroll::StepGraph;
use poolroll::exec::live::compile;
use poolroll::exec::record::step_of;
use poolroll::exec::{Audience, MemoryLog, Moment, NoLog, Proving, Rehearsal, Rehearsed};
use poolroll::graph::{GraphText, Route, StepId, StepKind};
use poolroll::plan::{Answer, Count, Facts, FrontEndId, Length, Plan, Readiness};
use poolroll::run::{Event, Outcome, PauseWhy, Phase, Run, Served, StepState, TimerKind, Want, Wanted, Why};
use serde::Serialize;

use crate::golden;
use crate::stage::{graph, graph_of, scenario};

/// The plan that the scenarios are written for.
const STAGE: &str = "plans/lync-2013-graceful.yaml";

/// The names of a folder's files of one kind, without the ending.
fn names(folder: &str, ending: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(golden::at(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let files = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    files.filter_map(|file| Some(file.strip_suffix(ending)?.to_owned())).collect()
}

fn text(path: &str) -> String {
    fs::read_to_string(golden::at(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn every_plan_earns_no_finding_and_begins_with_what_it_teaches() {
    for name in names("plans", ".yaml") {
        let path = format!("plans/{name}.yaml");
        let text = text(&path);
        let compiled = compile(&path, text.as_bytes());
        let compiled = compiled.unwrap_or_else(|(_, findings)| panic!("{path}: {findings:#?}"));
        assert!(compiled.warnings.is_empty(), "{path}: {:#?}", compiled.warnings);
        assert!(text.starts_with("# "), "{path}");
    }
}

#[test]
fn every_plan_compiles_to_the_graph_beside_it() {
    let mut faults = Vec::new();
    let plans = names("plans", ".yaml");
    for name in &plans {
        let graph = graph(&format!("plans/{name}.yaml"));
        let mut found =
            serde_json::to_string_pretty(&GraphText::of(&graph)).expect("a graph has a JSON form");
        found.push('\n');
        let path = golden::at(&format!("tests/golden/graphs/{name}.json"));
        faults.extend(golden::compare(&path, &found).err());
    }
    assert_eq!(faults, [""; 0]);
    assert_eq!(names("tests/golden/graphs", ".json"), plans, "a graph without its plan");
}

/// Rehearses without faults; the invariants hold after every event.
fn undisturbed(name: &str, graph: &Arc<StepGraph>) -> Rehearsed<NoLog> {
    let rehearsal = Rehearsal::of(graph);
    assert_eq!(rehearsal.setup.spread, 0, "{name}");
    let mut proving = Proving::new(rehearsal.begins);
    let rehearsed = rehearsal.run(graph, NoLog, &mut proving);
    let rehearsed = rehearsed.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(proving.monitor.violations(), [], "{name}");
    assert_eq!(rehearsed.outcome, Some(Outcome::Complete), "{name}");
    rehearsed
}

#[test]
fn every_plan_takes_exactly_as_long_as_it_says() {
    for name in names("plans", ".yaml") {
        let graph = graph(&format!("plans/{name}.yaml"));
        let rehearsed = undisturbed(&name, &graph);
        assert_eq!(Length::from(rehearsed.length()), Length::from(graph.estimate().rolling), "{name}");
        assert_eq!(rehearsed.run.route(), Route::Rolling, "{name}");
    }
}

#[test]
fn every_plan_with_a_partner_takes_as_long_as_it_says_failed_over_from_the_start() {
    let mut with_partner = 0;
    for name in names("plans", ".yaml") {
        let text = text(&format!("plans/{name}.yaml")).replace("when: troubled", "when: always");
        // On that route no domain is taken alone, so none is approved.
        let text = text.replace("approvals:\n  - after: UD1\n", "");
        let graph = graph_of(&name, text.as_bytes());
        let Some(expected) = graph.estimate().failed_over else { continue };
        let rehearsed = undisturbed(&name, &graph);
        assert_eq!(Length::from(rehearsed.length()), Length::from(expected), "{name}");
        assert!(went_over(&graph, &rehearsed.run), "{name}");
        with_partner += 1;
    }
    assert!(with_partner > 0);
}

/// Whether the pool was failed over in this run.
fn went_over(graph: &StepGraph, run: &Run) -> bool {
    graph.over().is_some_and(|over| run.state(over.fail_over) == StepState::Done)
}

/// What a scenario's comments promise.
struct Promise {
    scenario: &'static str,
    ends: Ends,
    /// Whether the failed-over route was taken, to its fail over.
    goes_over: bool,
    served: Served,
    /// What needs a person, and why.
    stuck: &'static [(&'static str, Why)],
    /// What the run took out of service and leaves out.
    out: &'static [&'static str],
}

#[derive(PartialEq, Debug)]
enum Ends {
    As(Outcome),
    /// The run waits at this approval, and nobody gives it.
    AtApproval(String),
}

const COMPLETE: Promise = Promise {
    scenario: "",
    ends: Ends::As(Outcome::Complete),
    goes_over: false,
    served: Served::Here,
    stuck: &[],
    out: &[],
};
const STOPPED: Promise = Promise { ends: Ends::As(Outcome::Stopped), ..COMPLETE };

fn promises() -> Vec<Promise> {
    let closed = Ends::As(Outcome::Paused(PauseWhy::Closed));
    let too_late = Ends::As(Outcome::Paused(PauseWhy::TooLate));
    vec![
        Promise { scenario: "asks-for-reboot", ..COMPLETE },
        Promise { scenario: "busy-three-times", goes_over: true, ..COMPLETE },
        Promise { scenario: "closes-mid-domain", ends: too_late, ..COMPLETE },
        Promise { scenario: "connection-lost", ..COMPLETE },
        Promise {
            scenario: "drain-hangs",
            stuck: &[("stop/fe03.contoso.com", Why::Late)],
            out: &["fe03.contoso.com"],
            ..STOPPED
        },
        Promise {
            scenario: "fail-over-half-way",
            served: Served::Unknown,
            stuck: &[("fail_over", Why::Late)],
            ..STOPPED
        },
        Promise { scenario: "front-end-dies", ..COMPLETE },
        Promise {
            scenario: "installer-fails",
            stuck: &[("upgrade/fe04.contoso.com/1", Why::Failed)],
            out: &["fe04.contoso.com"],
            ..STOPPED
        },
        Promise { scenario: "insufficient", ends: Ends::AtApproval("approve/fail_over".into()), ..COMPLETE },
        Promise { scenario: "no-answer", stuck: &[("ready/UD1", Why::Unanswered)], ..STOPPED },
        Promise { scenario: "partner-unhealthy", stuck: &[("fail_over", Why::Unhealthy)], ..STOPPED },
        Promise { scenario: "paused-for-the-day", ends: closed, ..COMPLETE },
        Promise { scenario: "readiness-lost", ..COMPLETE },
        Promise {
            scenario: "reboot-never-returns",
            stuck: &[("restart/fe05.contoso.com", Why::Doubt)],
            out: &["fe05.contoso.com"],
            ..STOPPED
        },
        Promise { scenario: "stuck-start", ..COMPLETE },
    ]
}

/// A scenario, rehearsed.
struct Played {
    ends: Ends,
    run: Run,
    /// The records, as a journal would hold them.
    records: String,
    transcript: Transcript,
}

fn play(graph: &Arc<StepGraph>, name: &str) -> Played {
    let rehearsal = Rehearsal::of(graph).struck_by(scenario(name, graph.plan()));
    let mut audience = Held { proving: Proving::new(rehearsal.begins), transcript: Transcript::default() };
    audience.transcript.begins = rehearsal.begins;
    let rehearsed = rehearsal.run(graph, MemoryLog::default(), &mut audience);
    let Rehearsed { outcome, run, log, .. } = rehearsed.unwrap_or_else(|error| panic!("{name}: {error}"));
    let ends = match outcome {
        Some(outcome) => Ends::As(outcome),
        None => Ends::AtApproval(approval_wanted(graph, &run)),
    };
    assert_eq!(audience.proving.monitor.violations(), [], "{name}");
    let mut records = String::new();
    for record in &log.records {
        let _ = writeln!(records, "{}", serde_json::to_string(record).expect("a record has a JSON form"));
    }
    Played { ends, run, records, transcript: audience.transcript }
}

/// The approval that a run waits for, if it waits for that alone.
fn approval_wanted(graph: &StepGraph, run: &Run) -> String {
    let mut wanted = Wanted::default();
    run.wanted(graph, &mut wanted);
    let names = wanted.iter().map(|want| match want {
        Want::Approval { step } => graph.step(step).name.clone(),
        other => format!("{other:?}"),
    });
    names.collect::<Vec<_>>().join(", ")
}

#[test]
fn every_scenario_ends_as_its_comments_promise() {
    let graph = graph(STAGE);
    let told: BTreeSet<_> = promises().iter().map(|promise| promise.scenario.to_owned()).collect();
    assert_eq!(told, names("plans/scenarios", ".yaml"), "a line of the table for each scenario");
    let mut faults = Vec::new();
    for promise in promises() {
        let name = promise.scenario;
        assert!(
            text(&format!("plans/scenarios/{name}.yaml")).starts_with("# "),
            "{name} says what it teaches"
        );
        let played = play(&graph, name);
        let run = &played.run;
        let stuck: Vec<_> =
            run.stuck().map(|step| (graph.step(step).name.as_str(), why(run, step))).collect();
        let promised: Vec<_> = promise.stuck.iter().map(|(step, why)| (*step, Some(*why))).collect();
        let out: Vec<_> = graph.plan().front_end_ids().filter(|id| run.is_out(*id)).collect();
        let found =
            (&played.ends, went_over(&graph, run), run.served(&graph), stuck, fqdns(graph.plan(), &out));
        let expected = (&promise.ends, promise.goes_over, promise.served, promised, promise.out.join(", "));
        if found != expected {
            faults.push(format!("{name}:\n  promised: {expected:?}\n     found: {found:?}"));
        }
        let path = golden::at(&format!("tests/golden/rehearsals/{name}.txt"));
        faults.extend(golden::compare(&path, &played.transcript.text(&graph)).err());
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(names("tests/golden/rehearsals", ".txt"), told, "a transcript without its scenario");
}

#[test]
fn every_scenario_rehearses_the_same_way_twice() {
    let graph = graph(STAGE);
    for name in names("plans/scenarios", ".yaml") {
        let (one, other) = (play(&graph, &name), play(&graph, &name));
        assert!(one.records.lines().count() > 10, "{name}");
        assert!(one.records == other.records, "{name} was rehearsed twice, and the records differ");
    }
}

fn why(run: &Run, step: StepId) -> Option<Why> {
    match run.state(step) {
        StepState::Stuck(why) => Some(why),
        _ => None,
    }
}

fn fqdns(plan: &Plan, front_ends: &[FrontEndId]) -> String {
    front_ends.iter().map(|id| plan.front_end(*id).fqdn.as_str()).collect::<Vec<_>>().join(", ")
}

/// Holds the invariants and keeps what happened.
struct Held {
    proving: Proving,
    transcript: Transcript,
}

impl Audience for Held {
    fn heard(&mut self, moment: &Moment<'_>, event: &Event, facts: &Facts) {
        self.proving.heard(moment, event, facts);
        self.transcript.heard(moment, event, facts);
    }
}

/// What happened, a line an event.
#[derive(Default)]
struct Transcript {
    begins: Timestamp,
    lines: Vec<Line>,
    /// The last line of each step.
    last: BTreeMap<StepId, usize>,
}

struct Line {
    at: Timestamp,
    /// Several where the same happened to them at once; none where it happened to the run.
    steps: Vec<StepId>,
    words: String,
    /// How often the same was answered again, and when for the last time.
    again: Option<(usize, Timestamp)>,
}

impl Transcript {
    fn heard(&mut self, moment: &Moment<'_>, event: &Event, facts: &Facts) {
        // A rest between two questions is no news.
        if let Event::Elapsed { timer } = event
            && matches!(timer.kind, TimerKind::Rest | TimerKind::LookAgain)
        {
            return;
        }
        let Some(step) = step_of(event) else {
            let words = of_the_run(moment.graph.plan(), event);
            self.lines.push(Line { at: moment.at, steps: Vec::new(), words, again: None });
            return;
        };
        let words = words(moment, event, facts);
        if let (Event::Answered { .. }, Some(last)) = (event, self.last.get(&step)) {
            let last = &mut self.lines[*last];
            if last.words == words {
                let times = last.again.map_or(0, |(times, _)| times);
                last.again = Some((times + 1, moment.at));
                return;
            }
        }
        let kind = |step: StepId| std::mem::discriminant(&moment.graph.kind(step));
        match self.lines.last_mut() {
            Some(line)
                if line.at == moment.at
                    && line.words == words
                    && line.again.is_none()
                    && line.steps.first().is_some_and(|first| kind(*first) == kind(step))
                    && !line.steps.contains(&step) =>
            {
                line.steps.push(step);
            }
            _ => self.lines.push(Line { at: moment.at, steps: vec![step], words, again: None }),
        }
        self.last.insert(step, self.lines.len() - 1);
    }

    fn text(&self, graph: &StepGraph) -> String {
        let mut text = String::new();
        for line in &self.lines {
            let steps = match line.steps.as_slice() {
                [] => "the run".to_owned(),
                [step] => graph.step(*step).name.clone(),
                [first, others @ ..] => format!("{} +{}", graph.step(*first).name, others.len()),
            };
            let _ = write!(text, "{:>8}  {steps:<36}  {}", self.clock(line.at), line.words);
            if let Some((times, last)) = line.again {
                let _ = write!(text, " (and {times} more until {})", self.clock(last));
            }
            text.push('\n');
        }
        text
    }

    fn clock(&self, at: Timestamp) -> String {
        let length = Duration::try_from(at.duration_since(self.begins)).unwrap_or_default();
        let seconds = length.as_secs();
        format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

/// The word that a record has for a value: `not done`.
fn word(value: impl Serialize) -> String {
    let json = serde_json::to_string(&value).expect("a value of a record has a JSON form");
    json.replace(['"', '{', '}'], "").replace(':', ": ").replace('_', " ")
}

fn of_the_run(plan: &Plan, event: &Event) -> String {
    let domain = |id| plan.domain(id).name.as_str();
    match event {
        Event::Enter { phase: Phase::Gate(id) } => format!("comes to {}", domain(*id)),
        Event::Enter { phase: Phase::Open { domain: id, .. } } => format!("takes {}", domain(*id)),
        Event::Enter { phase: Phase::Over { .. } } => "takes the failed-over route".to_owned(),
        Event::Enter { phase: Phase::Settle(Some(id)) } => {
            format!("lets the pool settle after {}", domain(*id))
        }
        Event::Enter { phase: Phase::Settle(None) } => "lets the pool settle".to_owned(),
        Event::End { outcome } => format!("ends: {}", word(outcome)),
        other => word(other),
    }
}

fn words(moment: &Moment<'_>, event: &Event, facts: &Facts) -> String {
    let mut words = match event {
        Event::Begin { .. } => "begins".to_owned(),
        Event::Halt { step } => format!("needs a person: {}", word(why(moment.run, *step))),
        Event::Answered { step, answer } => answered(moment.graph, *step, answer),
        Event::Window { answer, .. } => format!("window: {}", word(answer)),
        Event::Elapsed { timer } => format!("over: {}", word(timer.kind)),
        Event::Approved { .. } => "approved".to_owned(),
        other => word(other),
    };
    if let Some(code) = facts.exit_code {
        let _ = write!(words, ", exit code {code}");
    }
    if let Some(lost) = facts.sessions_lost.filter(|lost| *lost > 0) {
        let _ = write!(words, ", {lost} sessions lost");
    }
    if let Some(text) = &facts.text {
        let _ = write!(words, " ({text})");
    }
    words
}

fn answered(graph: &StepGraph, step: StepId, answer: &Answer) -> String {
    let inactive = |front_ends: &[FrontEndId]| match front_ends {
        [] => "all active".to_owned(),
        some => format!("inactive: {}", fqdns(graph.plan(), some)),
    };
    match answer {
        Answer::Ensured(Ok(())) => "returned".to_owned(),
        Answer::Ensured(Err(problem)) => format!("failed: {}", word(problem)),
        Answer::Looked(saw) => format!("look: {}", word(saw)),
        Answer::Seen(seen) => {
            let active = if seen.active { "active" } else { "not active" };
            format!("version: {}, {active}", word(seen.version))
        }
        Answer::Readiness(Readiness::Ready { domain, inactive: which }) => {
            // The settling of the whole pool asks about no domain.
            let is_gate = matches!(graph.kind(step), StepKind::Ready(_));
            let flag = if is_gate && !domain { ", not this domain" } else { "" };
            format!("ready{flag}, {}", inactive(which))
        }
        Answer::Readiness(other) => word(other),
        Answer::Counted(Count::Inactive(which)) => inactive(which),
        Answer::Counted(Count::Unanswered) => "count: unanswered".to_owned(),
        Answer::Partner(health) => format!("partner: {}", word(health)),
        Answer::StillStopped(stopped) => if *stopped { "still stopped" } else { "not stopped" }.to_owned(),
        Answer::Accepting(acceptance) => format!("accepts connections: {}", word(acceptance)),
    }
}

/// A plan that says everything that can decide a run, each with a value that is not its default.
const SAYS_ALL: &str = r#"
kind: plan
version: 1
name: everything
description: a word
product: lync_server_2013
pool:
  fqdn: pool01.contoso.com
  upgrade_domains:
    - { name: UD1, front_ends: [fe01.contoso.com, fe02.contoso.com] }
    - { name: UD2, front_ends: [fe03.contoso.com, fe04.contoso.com] }
    - { name: UD3, front_ends: [fe05.contoso.com, fe06.contoso.com] }
    - { name: UD4, front_ends: [fe07.contoso.com, fe08.contoso.com] }
  start_order: [fe01.contoso.com, fe03.contoso.com, fe05.contoso.com, fe07.contoso.com, fe02.contoso.com, fe04.contoso.com, fe06.contoso.com, fe08.contoso.com]
maintenance_window:
  mode: graceful
  time_zone: Europe/Berlin
  start: 2026-12-05T00:00
  end: 2026-12-12T04:00
  drain: { limit: 2h, then: stop }
failover: { partner: pool02.contoso.com, when: troubled, start: approval, fail_back: automatic }
readiness: { attempts: 4, interval: 11m, time_limit: 6m }
settle: { limit: 3h, soak: 21m, restarts: 4, watch: 31s }
at_once: { front_ends: 1, failed_over_upgrades: 3 }
upgrade:
  version: 5.0.8308.1149
  before_stop: [{ program: 'C:\before.cmd', arguments: [--out] }]
  actions: [{ name: the update, program: 'C:\update.exe', arguments: [/silentmode], success: [0], reboot: [3010], time_limit: 50m, expected: 12m, attempts: 2 }]
  restart: computer
  after_accept: [{ program: 'C:\after.cmd', arguments: [--in] }]
acceptance: { services: [RTCSRV], ports: [5061], stay_good: 90s, limit: 50m, watch: 16s }
limits:
  observe: { attempts: 4, time_limit: 7m }
  stop: { attempts: 4, time_limit: 17m }
  restart: { attempts: 2, time_limit: 40m }
  start: { attempts: 3, time_limit: 2h }
  fail_over: { attempts: 2, time_limit: 150m }
  fail_back: { attempts: 4, time_limit: 5h }
  back_off: 65s
  look_again: 70s
  looks: 6
expected: { drain: 18m, stop: 3m, restart: 6m, start: 7m, rebuild: 8m, fail_over: 31m, fail_back: 32m }
approvals: [{ before: UD2 }, { after: UD3 }]
driver: { simulated: { speed: 600, seed: 7 } }
"#;

#[test]
fn whatever_decides_a_run_is_in_the_digest() {
    let digest = |text: &str| graph_of("everything.yaml", text.as_bytes()).digest();
    let undisturbed = digest(SAYS_ALL);
    let changed = |from: &str, to: &str| {
        assert_eq!(SAYS_ALL.matches(from).count(), 1, "`{from}` is not there once");
        digest(&SAYS_ALL.replace(from, to)) != undisturbed
    };
    let decides = [
        ("product: lync_server_2013", "product: skype_for_business_2015"),
        ("fqdn: pool01", "fqdn: pool03"),
        ("name: UD1", "name: UD9"),
        ("[fe01.contoso.com, fe02.contoso.com]", "[fe02.contoso.com, fe01.contoso.com]"),
        ("fe06.contoso.com, fe08.contoso.com]\nm", "fe08.contoso.com, fe06.contoso.com]\nm"),
        ("mode: graceful", "mode: immediate"),
        ("start: 2026-12-05", "start: 2026-12-04"),
        ("end: 2026-12-12", "end: 2026-12-13"),
        ("drain: { limit: 2h, then: stop }", "drain: { limit: 3h, then: stop }"),
        ("then: stop", "then: immediate"),
        ("partner: pool02", "partner: pool03"),
        ("when: troubled", "when: never"),
        ("start: approval", "start: automatic"),
        ("fail_back: automatic", "fail_back: approval"),
        ("readiness: { attempts: 4", "readiness: { attempts: 5"),
        ("interval: 11m", "interval: 12m"),
        ("time_limit: 6m", "time_limit: 8m"),
        ("limit: 3h, soak", "limit: 4h, soak"),
        ("soak: 21m", "soak: 22m"),
        ("restarts: 4", "restarts: 5"),
        ("watch: 31s", "watch: 32s"),
        ("at_once: { front_ends: 1", "at_once: { front_ends: 2"),
        ("failed_over_upgrades: 3", "failed_over_upgrades: 4"),
        ("version: 5.0.8308.1149", "version: 5.0.8308.1150"),
        ("[--out]", "[--out, now]"),
        (r"C:\update.exe", r"C:\update2.exe"),
        ("[/silentmode]", "[/quiet]"),
        ("success: [0]", "success: [0, 1]"),
        ("reboot: [3010]", "reboot: [3010, 3011]"),
        ("time_limit: 50m", "time_limit: 51m"),
        ("expected: 12m", "expected: 13m"),
        ("expected: 12m, attempts: 2", "expected: 12m, attempts: 3"),
        ("restart: computer", "restart: services"),
        ("[--in]", "[--in, now]"),
        ("services: [RTCSRV]", "services: [RTCSRV, RTCDATAMCU]"),
        ("ports: [5061]", "ports: [5061, 443]"),
        ("stay_good: 90s", "stay_good: 91s"),
        ("limit: 50m, watch", "limit: 51m, watch"),
        ("watch: 16s", "watch: 17s"),
        ("observe: { attempts: 4", "observe: { attempts: 5"),
        ("time_limit: 7m", "time_limit: 8m"),
        ("stop: { attempts: 4", "stop: { attempts: 5"),
        ("time_limit: 17m", "time_limit: 18m"),
        ("restart: { attempts: 2", "restart: { attempts: 3"),
        ("time_limit: 40m", "time_limit: 41m"),
        (
            "limits:\n  observe: { attempts: 4, time_limit: 7m }",
            "limits:\n  observe: { attempts: 2, time_limit: 7m }",
        ),
        ("start: { attempts: 3", "start: { attempts: 4"),
        ("time_limit: 2h", "time_limit: 3h"),
        ("fail_over: { attempts: 2", "fail_over: { attempts: 3"),
        ("time_limit: 150m", "time_limit: 151m"),
        ("fail_back: { attempts: 4", "fail_back: { attempts: 5"),
        ("time_limit: 5h", "time_limit: 6h"),
        ("back_off: 65s", "back_off: 66s"),
        ("look_again: 70s", "look_again: 71s"),
        ("looks: 6", "looks: 7"),
        ("before: UD2", "before: UD3"),
        ("after: UD3", "after: UD2"),
    ];
    let left_out: Vec<_> = decides.iter().filter(|(from, to)| !changed(from, to)).collect();
    assert!(left_out.is_empty(), "changed, and the digest is the same: {left_out:?}");
    // What only describes, or says on which pool it is tried, may change while a run waits to be taken up.
    assert!(!changed("description: a word", "description: another"));
    assert!(!changed("seed: 7", "seed: 8"));
}
