//! Promise: every answer makes of a step what the design says, and as often as the plan says and not once more.

use std::slice::from_ref;

use super::{hears, pass, rest, small, small_but, step, told, until, until_asked, wants};
use crate::graph::StepGraph;
use crate::plan::{
    Answer, Count, DomainId, FrontEndId, Observation, PartnerHealth, Problem, Readiness, Seen, VersionSeen,
};
use crate::run::{
    Clearance, Course, Event, GateAt, Outcome, Pause, PauseWhy, Phase, Run, StepState, Try, Want, Why,
    WindowAnswer,
};

const HEALTHY: Answer = Answer::Partner(PartnerHealth::Healthy);
const UNHEALTHY: Answer = Answer::Partner(PartnerHealth::Unhealthy);
const SILENT: Answer = Answer::Partner(PartnerHealth::Unanswered);

fn is_stuck(state: StepState, why: Why) -> bool {
    state == StepState::Stuck(why)
}

fn rests(state: StepState) -> bool {
    matches!(state, StepState::Waiting(_, Pause::BackOff))
}

#[test]
fn a_partner_that_is_needed_for_certain_must_be_well_before_the_run() {
    let graph = small("partner-always");
    let says = |answers: &[Answer]| {
        let (partner, mut run) = until_asked(&graph, "preflight/partner");
        told(&graph, &mut run, partner, answers)
    };
    assert_eq!(says(&[HEALTHY]), StepState::Done);
    assert!(is_stuck(says(&[UNHEALTHY]), Why::Unhealthy));
    assert!(rests(says(&[SILENT])));
    assert!(is_stuck(says(&[SILENT, SILENT]), Why::Unanswered));
    assert_eq!(says(&[SILENT, HEALTHY]), StepState::Done);
}

#[test]
fn a_partner_that_may_never_be_needed_keeps_no_run_from_beginning() {
    let graph = small("partner-when-troubled");
    let says = |answers: &[Answer]| {
        let (partner, mut run) = until_asked(&graph, "preflight/partner");
        told(&graph, &mut run, partner, answers)
    };
    assert_eq!(says(&[HEALTHY]), StepState::Done);
    assert_eq!(says(&[UNHEALTHY]), StepState::Done);
    assert!(rests(says(&[SILENT])));
    assert_eq!(says(&[SILENT, SILENT]), StepState::Done);
}

/// It is asked again before the pool is failed over to it.
#[test]
fn a_partner_is_asked_as_often_as_the_plan_says_before_it_is_failed_over_to() {
    let graph = small_but("partner-always", &[("observe: { attempts: 2 }", "observe: { attempts: 3 }")]);
    let says = |answers: &[Answer]| {
        let (fail_over, mut run) = until_asked(&graph, "fail_over");
        told(&graph, &mut run, fail_over, answers)
    };
    let again = |n| StepState::Clearing(Try::default(), Clearance::PartnerAgain(n));
    assert_eq!(says(&[HEALTHY]), StepState::Clearing(Try::default(), Clearance::Window));
    for bad in [UNHEALTHY, SILENT] {
        assert_eq!(says(from_ref(&bad)), again(1));
        assert_eq!(says(&[bad.clone(), bad]), again(2));
    }
    assert!(is_stuck(says(&[SILENT, SILENT, UNHEALTHY]), Why::Unhealthy));
    assert!(is_stuck(says(&[UNHEALTHY, UNHEALTHY, SILENT]), Why::Unanswered));
    assert_eq!(says(&[SILENT, SILENT, HEALTHY]), StepState::Clearing(Try::default(), Clearance::Window));
}

#[test]
fn a_front_end_is_asked_as_often_as_the_plan_says_before_the_run() {
    let graph = small_but("two-domains", &[("observe: { attempts: 2 }", "observe: { attempts: 3 }")]);
    let silent = Answer::Seen(Seen { version: VersionSeen::Unanswered, active: false });
    let says = |answers: &[Answer]| {
        let (preflight, mut run) = until_asked(&graph, "preflight/w1");
        told(&graph, &mut run, preflight, answers)
    };
    assert!(rests(says(from_ref(&silent))));
    assert!(rests(says(&[silent.clone(), silent.clone()])));
    assert!(is_stuck(says(&[silent.clone(), silent.clone(), silent]), Why::Unanswered));
}

const READY: Readiness = Readiness::Ready { domain: true, inactive: Vec::new() };
const NOT_THIS_DOMAIN: Readiness = Readiness::Ready { domain: false, inactive: Vec::new() };

/// What becomes of the first gate of a plan that asks three times.
fn gate(name: &str, answers: &[Readiness]) -> (StepState, Run) {
    let graph = small_but(name, &[("readiness: { attempts: 2 }", "readiness: { attempts: 3 }")]);
    let (ready, mut run) = until_asked(&graph, "ready/A");
    let answers: Vec<Answer> = answers.iter().cloned().map(Answer::Readiness).collect();
    (told(&graph, &mut run, ready, &answers), run)
}

fn at(state: StepState) -> Option<(GateAt, u8, u8)> {
    match state {
        StepState::Gate(gate) => Some((gate.at, gate.busy, gate.unhelpful)),
        _ => None,
    }
}

#[test]
fn a_gate_has_four_answers() {
    use Readiness::{Busy, InsufficientActiveFrontEnds as Insufficient, Unanswered};
    let one = |answers: &[Readiness]| gate("two-domains", answers).0;
    let other = |answers: &[Readiness]| gate("partner-when-troubled", answers).0;
    // Ready: then the window is asked.
    assert_eq!(at(one(&[READY])), Some((GateAt::Window, 0, 0)));
    // Busy: wait and ask again; so many times in a row it is trouble.
    assert_eq!(at(one(&[Busy])), Some((GateAt::Interval, 1, 0)));
    assert_eq!(at(one(&[Busy, Busy])), Some((GateAt::Interval, 2, 0)));
    assert!(is_stuck(one(&[Busy, Busy, Busy]), Why::Troubled));
    assert_eq!(at(one(&[Busy, Busy, READY])), Some((GateAt::Window, 2, 0)));
    // Trouble: the other route where there is one, and a person elsewhere.
    assert!(is_stuck(one(&[Insufficient]), Why::Troubled));
    assert_eq!(at(other(&[Insufficient])).map(|at| at.0), Some(GateAt::Troubled));
    assert_eq!(at(other(&[Busy, Busy, Busy])).map(|at| at.0), Some(GateAt::Troubled));
    // No answer, or one that does not help: a person, after all attempts, and never the other route.
    for silent in [Unanswered, NOT_THIS_DOMAIN] {
        assert_eq!(at(other(from_ref(&silent))), Some((GateAt::Interval, 0, 1)));
        assert_eq!(at(other(&[silent.clone(), silent.clone()])), Some((GateAt::Interval, 0, 2)));
        assert!(is_stuck(other(&[silent.clone(), silent.clone(), silent]), Why::Unanswered));
    }
    // It ends a row of Busy, which does not end its own.
    assert_eq!(at(other(&[Busy, Unanswered])), Some((GateAt::Interval, 0, 1)));
    assert_eq!(at(other(&[Busy, Unanswered, Busy, Busy])), Some((GateAt::Interval, 2, 1)));
    assert!(is_stuck(other(&[Unanswered, Busy, Unanswered, Busy, Unanswered]), Why::Unanswered));
}

#[test]
fn trouble_of_a_gate_leads_to_the_other_route_at_once() {
    let (state, run) = gate("partner-when-troubled", &[Readiness::InsufficientActiveFrontEnds]);
    assert_eq!(at(state).map(|at| at.0), Some(GateAt::Troubled));
    let graph = small("partner-when-troubled");
    assert_eq!(run.decide(&graph), Some(Event::Enter { phase: Phase::Over { from: Some(DomainId(0)) } }));
}

/// What becomes of the first stop when the pool is counted like this.
fn counted(graph: &StepGraph, counts: &[Count]) -> StepState {
    let (stop, mut run) = until_asked(graph, "stop/w1");
    let answers: Vec<Answer> = counts.iter().cloned().map(Answer::Counted).collect();
    told(graph, &mut run, stop, &answers)
}

#[test]
fn who_cannot_be_spared_is_counted_again_as_often_as_the_plan_says() {
    let graph = small_but("two-domains", &[("readiness: { attempts: 2 }", "readiness: { attempts: 3 }")]);
    let all = Count::Inactive(graph.plan().front_end_ids().collect());
    let again = |n| StepState::Clearing(Try::default(), Clearance::CountAgain(n));
    assert_eq!(counted(&graph, from_ref(&all)), again(1));
    assert_eq!(counted(&graph, &[all.clone(), Count::Unanswered]), again(2));
    assert!(is_stuck(counted(&graph, &[Count::Unanswered, Count::Unanswered, all.clone()]), Why::Quorum));
    assert!(is_stuck(counted(&graph, &[all.clone(), all, Count::Unanswered]), Why::Unanswered));
    let stands = StepState::Clearing(Try::default(), Clearance::Window);
    assert_eq!(counted(&graph, &[Count::Inactive(Vec::new())]), stands);
}

/// Another front end that is down is one less, and this one is counted as down already.
#[test]
fn the_quorum_is_counted_without_whoever_is_to_be_stopped() {
    let graph = small("two-domains");
    let down = |id| counted(&graph, &[Count::Inactive(vec![FrontEndId(id)])]);
    assert_eq!(down(0), StepState::Clearing(Try::default(), Clearance::Window));
    assert!(matches!(down(1), StepState::Clearing(_, Clearance::CountAgain(1))));
}

#[test]
fn a_front_end_that_is_not_stopped_any_more_is_stopped_again_so_many_times() {
    let graph = small_but("two-domains", &[("looks: 2", "looks: 3")]);
    let (upgrade, mut run) = until_asked(&graph, "upgrade/w1/1");
    let stop = step(&graph, "stop/w1");
    let unready = |unready| StepState::Pending(Try { unready, ..Try::default() });
    for nth in 1..=2 {
        assert_eq!(told(&graph, &mut run, upgrade, &[Answer::StillStopped(false)]), unready(nth));
        // Whether it is stopped is looked at, and counts for no new try.
        assert_eq!(run.state(stop), StepState::Doubt(Try { late: true, failed: true, ..Try::default() }, 0));
        told(&graph, &mut run, stop, &[Answer::Looked(Observation::Done)]);
        rest(&graph, &mut run);
    }
    assert!(is_stuck(told(&graph, &mut run, upgrade, &[Answer::StillStopped(false)]), Why::Unanswered));
    assert_eq!(run.state(stop), StepState::Done);
}

/// A step of a front end that was begun for the first time.
fn ensured(name: &str, words: &[(&str, &str)], step: &str, answer: Result<(), Problem>) -> StepState {
    let graph = small_but(name, words);
    let step = super::step(&graph, step);
    let mut run = until(&graph, |run| matches!(run.state(step), StepState::Running(_)));
    told(&graph, &mut run, step, &[Answer::Ensured(answer)])
}

#[test]
fn an_exit_code_proves_an_action_and_a_look_everything_else() {
    let first = Try { attempt: 1, ..Try::default() };
    for action in ["before_stop/w1/1", "upgrade/w1/1", "after_accept/w1/1"] {
        let ensured = |answer| ensured("actions-around", &[], action, answer);
        assert_eq!(ensured(Ok(())), StepState::Done);
        assert!(is_stuck(ensured(Err(Problem::Permanent)), Why::Failed));
        assert_eq!(ensured(Err(Problem::Unknown)), StepState::Doubt(first, 0));
        let failed = Try { failed: true, ..first };
        assert_eq!(ensured(Err(Problem::Transient)), StepState::Waiting(failed, Pause::BackOff));
    }
    for act in ["stop/w1", "restart/w1"] {
        let ensured = |answer| ensured("actions-around", &[], act, answer);
        assert_eq!(ensured(Ok(())), StepState::Doubt(first, 0));
        let given_up = Try { attempt: Try::GIVEN_UP, ..first };
        assert_eq!(ensured(Err(Problem::Permanent)), StepState::Doubt(given_up, 0));
    }
    assert_eq!(ensured("actions-around", &[], "start/w1", Ok(())), StepState::Done);
}

#[test]
fn a_window_that_is_over_takes_the_run_toward_a_pause() {
    let graph = small("window");
    for (answer, why) in
        [(WindowAnswer::TooLate, PauseWhy::TooLate), (WindowAnswer::Closed, PauseWhy::Closed)]
    {
        for name in ["ready/A", "stop/w1"] {
            let step = step(&graph, name);
            let asks = |run: &Run| wants(&graph, run).contains(&Want::Window { step });
            let mut run = until(&graph, asks);
            run.apply(&graph, &Event::Window { step, answer }).expect("it was asked");
            assert_eq!(run.state(step), StepState::Pending(Try::default()));
            assert_eq!(run.course(), Course::Pausing(why));
            rest(&graph, &mut run);
            assert_eq!(run.outcome(), Some(Outcome::Paused(why)));
        }
    }
}

#[test]
fn what_is_said_of_a_window_that_nobody_asked_for_is_refused() {
    let graph = small("window");
    let (ready, run) = until_asked(&graph, "ready/A");
    let before = run.clone();
    let mut run = run;
    assert!(run.apply(&graph, &Event::Window { step: ready, answer: WindowAnswer::Fits }).is_err());
    assert!(run == before);
}

#[test]
fn a_pause_takes_back_who_was_about_to_be_taken_out() {
    let graph = small("two-domains");
    let (stop, mut run) = until_asked(&graph, "stop/w1");
    run.apply(&graph, &Event::Pause).expect("it goes forward");
    assert_eq!(run.state(stop), StepState::Pending(Try::default()));
    assert_eq!(run.decide(&graph), Some(Event::End { outcome: Outcome::Paused(PauseWhy::Asked) }));
}

/// Its first action has taken it out already.
#[test]
fn a_pause_takes_nothing_back_of_who_is_out() {
    let graph = small("actions-around");
    let stop = step(&graph, "stop/w1");
    let (_, mut run) = until_asked(&graph, "stop/w1");
    assert!(run.is_out(FrontEndId(0)));
    let counted = told(&graph, &mut run, stop, &[Answer::Counted(Count::Unanswered)]);
    assert!(matches!(counted, StepState::Clearing(_, Clearance::CountAgain(1))));
    run.apply(&graph, &Event::Pause).expect("it goes forward");
    assert_eq!(run.state(stop), counted);
    // Nobody asks for a window to bring it back.
    pass(&graph, &mut run, stop);
    let stands = told(&graph, &mut run, stop, &[Answer::Counted(Count::Inactive(Vec::new()))]);
    assert!(matches!(stands, StepState::Running(_)));
}

/// There everybody was taken out by failing over; what is asked now is asked again when it goes on.
#[test]
fn a_pause_takes_back_the_questions_of_the_failed_over_route() {
    let graph = small("partner-always");
    let (upgrade, mut run) = until_asked(&graph, "upgrade/w1.x.y/1");
    assert!(matches!(run.state(upgrade), StepState::Clearing(_, Clearance::Stopped)));
    run.apply(&graph, &Event::Pause).expect("it goes forward");
    assert_eq!(run.state(upgrade), StepState::Pending(Try::default()));
}

#[test]
fn a_gate_says_how_it_was_passed() {
    let graph = small("two-domains");
    let run = until(&graph, |run| run.outcome().is_some());
    assert_eq!(run.outcome(), Some(Outcome::Complete));
    assert_eq!(run.state(step(&graph, "ready/A")), StepState::Done);
    assert_eq!(run.state(step(&graph, "settle/B")), StepState::Done);
}

/// Of a front end that is upgraded and down nobody asks the gate.
#[test]
fn a_domain_that_takes_nobody_out_has_needed_no_gate_from_its_beginning() {
    let graph = small("approvals");
    let mut run = Run::new(&graph);
    rest(&graph, &mut run);
    let found = |active| Answer::Seen(Seen { version: VersionSeen::Planned, active });
    told(&graph, &mut run, step(&graph, "preflight/w1"), &[found(true)]);
    told(&graph, &mut run, step(&graph, "preflight/w2"), &[found(false)]);
    rest(&graph, &mut run);
    assert_eq!(run.phase(), Phase::Open { domain: DomainId(1), more: false });
    assert_eq!(run.state(step(&graph, "ready/B")), StepState::Needless);
    assert_eq!(run.state(step(&graph, "approve/before/B")), StepState::Needless);
    assert_eq!(run.state(step(&graph, "stop/w2")), StepState::Needless);
    assert!(matches!(run.state(step(&graph, "start/w2")), StepState::Running(_)));
}

#[test]
fn an_abort_leaves_in_doubt_what_was_in_flight_and_nothing_else() {
    let graph = small("two-domains");
    let upgrade = step(&graph, "upgrade/w1/1");
    let mut run = until(&graph, |run| matches!(run.state(upgrade), StepState::Running(_)));
    let was = run.clone();
    run.apply(&graph, &Event::Abort).expect("it goes on");
    assert_eq!(run.outcome(), Some(Outcome::Aborted));
    assert_eq!(run.state(upgrade), StepState::Doubt(Try { attempt: 1, ..Try::default() }, 0));
    assert!(graph.ids().filter(|step| *step != upgrade).all(|step| run.state(step) == was.state(step)));
    // Who is asked before the run has nothing in flight.
    let mut run = Run::new(&graph);
    rest(&graph, &mut run);
    let was = run.clone();
    run.apply(&graph, &Event::Abort).expect("it goes on");
    assert!(graph.ids().all(|step| run.state(step) == was.state(step)));
}

#[test]
fn a_front_end_hears_only_what_it_was_asked() {
    let graph = small("two-domains");
    let (stop, mut run) = until_asked(&graph, "stop/w1");
    assert!(wants(&graph, &run).iter().any(|want| hears(*want, stop)));
    for answer in [Answer::StillStopped(true), Answer::Looked(Observation::Done), HEALTHY] {
        assert!(run.apply(&graph, &Event::Answered { step: stop, answer }).is_err());
    }
}

/// Whoever was found done and is down had accepted connections and does not any more.
#[test]
fn no_domain_opens_while_somebody_who_is_done_is_down() {
    let graph = super::graph(&["w1", "w2", "w3"], "");
    let opens = |found: VersionSeen, skipped: bool, down: u16| {
        let mut run = Run::new(&graph);
        rest(&graph, &mut run);
        let seen = Answer::Seen(Seen { version: found, active: true });
        told(&graph, &mut run, step(&graph, "preflight/w1"), &[seen]);
        let ready = step(&graph, "ready/D1");
        let asked = |run: &Run| matches!(run.state(ready), StepState::Gate(_));
        let mut run = super::helped(&graph, run, asked);
        if skipped {
            run.apply(&graph, &Event::Skip { front_end: FrontEndId(0) }).expect("it is done");
        }
        let inactive = vec![FrontEndId(down)];
        let answer = Answer::Readiness(Readiness::Ready { domain: true, inactive });
        at(told(&graph, &mut run, ready, &[answer])).map(|at| at.0) == Some(GateAt::Window)
    };
    for found in [VersionSeen::Planned, VersionSeen::Other] {
        assert!(!opens(found, false, 0), "{found:?}");
        assert!(opens(found, true, 0), "{found:?}");
        // One whose turn has not come may be what the run is for.
        assert!(opens(found, false, 2), "{found:?}");
    }
}

#[test]
fn a_pool_of_three_opens_no_domain_while_anybody_is_down() {
    let text = "kind: plan\nversion: 1\nname: n\nproduct: lync_server_2013\n\
                pool: { fqdn: p.x.y, upgrade_domains: [{ name: A, front_ends: [a.x.y] }, { name: B, front_ends: [b.x.y] }, { name: C, front_ends: [c.x.y] }] }\n\
                upgrade: { version: '2', actions: [{ program: u }] }\n";
    let graph = super::compiled("three", text.as_bytes());
    let (ready, run) = until_asked(&graph, "ready/A");
    let opens = |inactive: Vec<FrontEndId>| {
        let answer = Answer::Readiness(Readiness::Ready { domain: true, inactive });
        at(told(&graph, &mut run.clone(), ready, &[answer])).map(|at| at.0) == Some(GateAt::Window)
    };
    assert!(opens(Vec::new()));
    assert!(!opens(vec![FrontEndId(2)]));
}
