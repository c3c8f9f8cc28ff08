//! Promise: who takes a run up finds nothing that was forgotten and trusts nothing that is stale, and what a person says
//! changes what it is about and nothing else.

use super::{FIRST, elapsed, helped, rest, small, small_but, step, told, until, until_asked, wants};
use crate::graph::{Route, StepGraph, StepId};
use crate::plan::{Answer, Count, DomainId, FrontEndId, Observation, PartnerHealth, Problem, Readiness};
use crate::run::{
    Clearance, Course, Event, Outcome, Pause, PauseWhy, Phase, Run, StepState, TimerKind, Try, Want, Why,
};

/// What may have been done meanwhile: no attempt of ours is under way.
const LOOK: Try = Try { attempt: 0, late: true, failed: true, ..FIRST };
const FAILS: Answer = Answer::Ensured(Err(Problem::Permanent));
const LOST: Answer = Answer::Ensured(Err(Problem::Unknown));

fn look(saw: Observation) -> Answer {
    Answer::Looked(saw)
}

fn apply(graph: &StepGraph, run: &mut Run, event: Event) {
    run.apply(graph, &event).expect("it makes sense");
}

/// A run whose step runs.
#[track_caller]
fn running(graph: &StepGraph, name: &str) -> (StepId, Run) {
    let step = step(graph, name);
    (step, until(graph, |run| matches!(run.state(step), StepState::Running(_))))
}

/// A run whose step is stuck because nobody knows how it ended.
fn doubtful(graph: &StepGraph, name: &str) -> (StepId, Run) {
    let (step, mut run) = running(graph, name);
    told(graph, &mut run, step, &[LOST, look(Observation::Unknown), look(Observation::Unknown)]);
    assert_eq!(run.state(step), StepState::Stuck(Why::Doubt));
    rest(graph, &mut run);
    (step, run)
}

/// What becomes of a step when the run is taken up.
fn taken_up(graph: &StepGraph, run: &Run, step: StepId) -> StepState {
    let mut run = run.clone();
    let epoch = run.epoch();
    apply(graph, &mut run, Event::Resumed);
    assert_eq!((run.epoch(), run.course()), (epoch + 1, Course::Forward));
    run.state(step)
}

#[test]
fn what_was_in_flight_is_in_doubt_when_a_run_is_taken_up() {
    let graph = small_but("tried-twice", &[("looks: 2", "looks: 4")]);
    let (upgrade, mut run) = running(&graph, "upgrade/w1/1");
    let interrupted = Try { interrupted: true, ..FIRST };
    assert_eq!(taken_up(&graph, &run, upgrade), StepState::Doubt(interrupted, 0));
    // Looks that told nothing are counted anew: it may have been the process that saw nothing.
    told(&graph, &mut run, upgrade, &[LOST]);
    assert_eq!(taken_up(&graph, &run, upgrade), StepState::Doubt(FIRST, 0));
    told(&graph, &mut run, upgrade, &[look(Observation::Unknown), look(Observation::Unknown)]);
    assert_eq!(run.state(upgrade), StepState::Waiting(FIRST, Pause::LookAgain(2)));
    assert_eq!(taken_up(&graph, &run, upgrade), StepState::Waiting(FIRST, Pause::LookAgain(0)));
    elapsed(&graph, &mut run, upgrade, TimerKind::LookAgain);
    assert_eq!(run.state(upgrade), StepState::Doubt(FIRST, 2));
    assert_eq!(taken_up(&graph, &run, upgrade), StepState::Doubt(FIRST, 0));
    // A pause after a failure goes on.
    let (upgrade, mut run) = running(&graph, "upgrade/w1/1");
    let waits = told(&graph, &mut run, upgrade, &[Answer::Ensured(Err(Problem::Transient))]);
    assert_eq!(taken_up(&graph, &run, upgrade), waits);
}

#[test]
fn a_try_that_was_cut_off_before_it_began_does_not_count() {
    let graph = small("tried-twice");
    let (upgrade, mut run) = running(&graph, "upgrade/w1/1");
    for _ in 0..3 {
        apply(&graph, &mut run, Event::Resumed);
        assert_eq!(
            told(&graph, &mut run, upgrade, &[look(Observation::NotDone)]),
            StepState::Pending(Try::default())
        );
        run = helped(&graph, run, |run| matches!(run.state(upgrade), StepState::Running(_)));
    }
    // One that began counts, whenever the process died after it.
    apply(&graph, &mut run, Event::Resumed);
    let failed = look(Observation::Failed { transient: true });
    assert_eq!(told(&graph, &mut run, upgrade, &[failed.clone(), failed]), StepState::Pending(FIRST));
}

#[test]
fn what_was_only_asked_is_asked_again_when_a_run_is_taken_up() {
    let graph = small("approvals");
    for name in ["preflight/w1", "ready/A", "stop/w1", "accept/w1", "settle/A"] {
        let (step, run) = until_asked(&graph, name);
        assert_eq!(taken_up(&graph, &run, step), StepState::Pending(Try::default()), "{name}");
    }
    // A person who is asked goes on being asked.
    let approve = step(&graph, "approve/after/A");
    let run = until(&graph, |run| matches!(run.state(approve), StepState::Running(_)));
    assert_eq!(taken_up(&graph, &run, approve), run.state(approve));
}

#[test]
fn who_takes_a_run_up_has_seen_what_was_asked_in_vain_and_has_to_say_what_failed() {
    let graph = small("two-domains");
    let (stop, mut run) = until_asked(&graph, "stop/w1");
    told(&graph, &mut run, stop, &[Answer::Counted(Count::Unanswered), Answer::Counted(Count::Unanswered)]);
    assert_eq!(run.state(stop), StepState::Stuck(Why::Unanswered));
    assert_eq!(taken_up(&graph, &run, stop), StepState::Pending(Try::default()));
    let (ready, mut run) = until_asked(&graph, "ready/A");
    told(&graph, &mut run, ready, &[Answer::Readiness(Readiness::InsufficientActiveFrontEnds)]);
    assert_eq!(taken_up(&graph, &run, ready), StepState::Pending(Try::default()));
    let (upgrade, mut run) = running(&graph, "upgrade/w1/1");
    told(&graph, &mut run, upgrade, &[FAILS]);
    assert_eq!(taken_up(&graph, &run, upgrade), StepState::Stuck(Why::Failed));
    let (upgrade, run) = doubtful(&graph, "upgrade/w1/1");
    assert_eq!(taken_up(&graph, &run, upgrade), StepState::Stuck(Why::Doubt));
}

#[test]
fn no_answer_of_before_opens_anything_when_a_run_is_taken_up() {
    let graph = small("two-domains");
    let (stop, mut run) = until_asked(&graph, "stop/w1");
    assert_eq!(run.phase(), Phase::Open { domain: DomainId(0), more: true });
    apply(&graph, &mut run, Event::Resumed);
    assert_eq!(run.phase(), Phase::Open { domain: DomainId(0), more: false });
    rest(&graph, &mut run);
    assert_eq!(run.phase(), Phase::Gate(DomainId(0)));
    assert_eq!(run.state(stop), StepState::Pending(Try::default()));
    // Nor does a gate that had just opened.
    let ready = step(&graph, "ready/A");
    let (_, mut run) = until_asked(&graph, "ready/A");
    told(
        &graph,
        &mut run,
        ready,
        &[Answer::Readiness(Readiness::Ready { domain: true, inactive: Vec::new() })],
    );
    apply(&graph, &mut run, Event::Window { step: ready, answer: crate::run::WindowAnswer::Fits });
    assert_eq!((run.state(ready), run.phase()), (StepState::Done, Phase::Gate(DomainId(0))));
    assert_eq!(taken_up(&graph, &run, ready), StepState::Pending(Try::default()));
}

#[test]
fn trouble_of_before_sends_nobody_to_the_other_route_when_a_run_is_taken_up() {
    let graph = small("partner-when-troubled");
    let (ready, mut run) = until_asked(&graph, "ready/A");
    told(&graph, &mut run, ready, &[Answer::Readiness(Readiness::InsufficientActiveFrontEnds)]);
    assert_eq!(taken_up(&graph, &run, ready), StepState::Pending(Try::default()));
    rest(&graph, &mut run);
    let fail_over = step(&graph, "fail_over");
    assert_eq!(run.state(fail_over), StepState::Clearing(Try::default(), Clearance::Partner(0)));
    let mut again = run.clone();
    apply(&graph, &mut again, Event::Resumed);
    assert_eq!((again.phase(), again.route()), (Phase::Gate(DomainId(0)), Route::Rolling));
    assert_eq!(again.state(ready), StepState::Pending(Try::default()));
    // Once it was begun there is no way back but to its end.
    told(&graph, &mut run, fail_over, &[Answer::Partner(PartnerHealth::Healthy)]);
    apply(&graph, &mut run, Event::Window { step: fail_over, answer: crate::run::WindowAnswer::Fits });
    apply(&graph, &mut run, Event::Resumed);
    assert_eq!(run.phase(), Phase::Over { from: Some(DomainId(0)) });
    assert_eq!(run.route(), Route::FailedOver);
}

#[test]
fn what_was_proved_of_who_is_out_is_proved_again_when_a_run_is_taken_up() {
    let graph = small("tried-twice");
    let accept = step(&graph, "accept/w1");
    let (_, run) = running(&graph, "after_accept/w1/1");
    assert_eq!(run.state(accept), StepState::Done);
    assert_eq!(taken_up(&graph, &run, accept), StepState::Pending(Try::default()));
    // Whoever is back needs no proof.
    let run = until(&graph, |run| matches!(run.phase(), Phase::Settle(_)));
    assert_eq!(taken_up(&graph, &run, accept), StepState::Done);
    // A stop that was found half way.
    let (stop, mut run) = running(&graph, "stop/w1");
    told(&graph, &mut run, stop, &[LOST, look(Observation::Partly)]);
    assert_eq!(run.state(stop), StepState::Pending(Try { partly: true, ..FIRST }));
    assert_eq!(taken_up(&graph, &run, stop), StepState::Doubt(LOOK, 0));
}

#[test]
fn what_a_person_has_tried_again_is_looked_at_first_where_something_may_have_taken_place() {
    let graph = small("two-domains");
    let (upgrade, mut run) = running(&graph, "upgrade/w1/1");
    told(&graph, &mut run, upgrade, &[FAILS]);
    rest(&graph, &mut run);
    assert_eq!(run.outcome(), Some(Outcome::Stopped));
    assert!(run.apply(&graph, &Event::Retry { step: upgrade }).is_err());
    apply(&graph, &mut run, Event::Resumed);
    apply(&graph, &mut run, Event::Retry { step: upgrade });
    assert_eq!(run.state(upgrade), StepState::Doubt(LOOK, 0));
    // Where nothing was begun it begins.
    let (stop, mut run) = until_asked(&graph, "stop/w1");
    told(&graph, &mut run, stop, &[Answer::Counted(Count::Unanswered), Answer::Counted(Count::Unanswered)]);
    apply(&graph, &mut run, Event::Retry { step: stop });
    assert_eq!(run.state(stop), StepState::Pending(Try::default()));
    let (accept, mut run) = until_asked(&graph, "accept/w1");
    elapsed(&graph, &mut run, accept, TimerKind::UntilGood);
    apply(&graph, &mut run, Event::Retry { step: accept });
    assert_eq!(run.state(accept), StepState::Pending(Try::default()));
    // And what is asked already goes on being asked.
    let was = run.clone();
    apply(&graph, &mut run, Event::Retry { step: step(&graph, "stop/w2") });
    assert!(run == was);
}

/// One of two that were out at once is stuck, then the other too.
fn two_stuck(graph: &StepGraph) -> (StepId, StepId, Run) {
    let (one, other) = (step(graph, "upgrade/w1/1"), step(graph, "upgrade/w2/1"));
    let both = |run: &Run| [one, other].iter().all(|step| matches!(run.state(*step), StepState::Running(_)));
    let mut run = Run::new(graph);
    for _ in 0..200 {
        rest(graph, &mut run);
        if both(&run) {
            break;
        }
        let wants = wants(graph, &run);
        let held = |want: &&Want| {
            !matches!(want, Want::Ensure { step, .. } if [one, other].contains(step))
                && !matches!(want, Want::Timer(timer) if timer.kind == TimerKind::Limit)
        };
        apply(
            graph,
            &mut run,
            super::helps(**wants.iter().filter(held).collect::<Vec<_>>().first().expect("it goes on")),
        );
    }
    assert!(both(&run));
    told(graph, &mut run, one, &[FAILS]);
    told(graph, &mut run, other, &[FAILS]);
    rest(graph, &mut run);
    (one, other, run)
}

#[test]
fn a_run_goes_on_when_a_person_has_seen_to_the_last_trouble() {
    let graph = small("tried-twice-at-once");
    let (one, other, run) = two_stuck(&graph);
    assert_eq!(run.outcome(), Some(Outcome::Stopped));
    // Taken up, it stops again for both; before it ends a person sees to the one and to the other.
    let mut run = run;
    apply(&graph, &mut run, Event::Resumed);
    let halt = run.decide(&graph).expect("somebody needs a person");
    assert_eq!(halt, Event::Halt { step: one });
    apply(&graph, &mut run, halt);
    assert_eq!(run.course(), Course::Stopping);
    apply(&graph, &mut run, Event::Retry { step: one });
    assert_eq!(run.course(), Course::Stopping);
    let mut skipped = run.clone();
    apply(&graph, &mut skipped, Event::Skip { front_end: FrontEndId(1) });
    assert_eq!(skipped.course(), Course::Forward);
    apply(&graph, &mut run, Event::Retry { step: other });
    assert_eq!(run.course(), Course::Forward);
    // Of a pause a person's word about a step says nothing.
    let (upgrade, mut run) = running(&graph, "upgrade/w1/1");
    apply(&graph, &mut run, Event::Pause);
    told(&graph, &mut run, upgrade, &[LOST]);
    apply(&graph, &mut run, Event::Resolve { step: upgrade, done: true });
    assert_eq!(run.course(), Course::Pausing(PauseWhy::Asked));
}

#[test]
fn who_is_left_out_is_left_out_on_both_routes_and_keeps_what_is_done() {
    let graph = small("partner-when-troubled");
    let (accept, mut run) = until_asked(&graph, "accept/w1.x.y");
    apply(&graph, &mut run, Event::Skip { front_end: FrontEndId(0) });
    for name in ["accept/w1.x.y", "failed_over/stop/w1.x.y", "failed_over/accept/w1.x.y", "preflight/w1.x.y"]
    {
        assert_eq!(run.state(step(&graph, name)), StepState::Skipped, "{name}");
    }
    for name in ["stop/w1.x.y", "upgrade/w1.x.y/1", "start/w1.x.y"] {
        assert_eq!(run.state(step(&graph, name)), StepState::Done, "{name}");
    }
    assert_eq!(run.state(step(&graph, "stop/w2.x.y")), StepState::Pending(Try::default()));
    assert!(run.is_skipped(&graph, FrontEndId(0)) && !run.is_skipped(&graph, FrontEndId(1)));
    assert!(!wants(&graph, &run).iter().any(|want| want.step() == accept));
}

/// Its services may run; nobody is sent there.
#[test]
fn no_quorum_leans_on_who_was_left_out_while_it_was_out() {
    let graph = super::graph_that_needs(2, &["w1", "w2", "w3"], "");
    let counted = |out: bool| {
        let name = if out { "accept/w1" } else { "ready/D0" };
        let (_, mut run) = until_asked(&graph, name);
        apply(&graph, &mut run, Event::Skip { front_end: FrontEndId(0) });
        assert_eq!(run.was_left_out(FrontEndId(0)), out);
        assert!(!run.was_left_out(FrontEndId(1)));
        let stop = step(&graph, "stop/w2");
        let mut run =
            helped(&graph, run, |run| matches!(run.state(stop), StepState::Clearing(_, Clearance::Count(_))));
        told(&graph, &mut run, stop, &[Answer::Counted(Count::Inactive(Vec::new()))])
    };
    assert!(matches!(counted(true), StepState::Clearing(_, Clearance::CountAgain(1))));
    assert!(matches!(counted(false), StepState::Clearing(_, Clearance::Window)));
}

#[test]
fn a_person_says_how_a_step_ended() {
    let graph = small("tried-twice");
    let (upgrade, mut run) = doubtful(&graph, "upgrade/w1/1");
    apply(&graph, &mut run, Event::Resumed);
    rest(&graph, &mut run);
    assert!(run.outcome().is_some(), "nobody said anything");
    let (upgrade_again, mut run) = (upgrade, doubtful(&graph, "upgrade/w1/1").1);
    apply(&graph, &mut run, Event::Resumed);
    let mut done = run.clone();
    apply(&graph, &mut done, Event::Resolve { step: upgrade_again, done: true });
    assert_eq!(done.state(upgrade), StepState::Done);
    // Its tries begin anew.
    apply(&graph, &mut run, Event::Resolve { step: upgrade, done: false });
    assert_eq!(run.state(upgrade), StepState::Pending(Try::default()));
    assert_eq!(run.course(), Course::Forward);
}

/// Whatever an older try had come to.
#[test]
fn a_stop_of_which_a_person_says_that_it_did_not_take_place_has_taken_nobody_out() {
    let graph = small_but("tried-twice", &[("stop: { attempts: 2 }", "stop: { attempts: 3 }")]);
    let (stop, mut run) = running(&graph, "stop/w1");
    told(&graph, &mut run, stop, &[LOST, look(Observation::Partly)]);
    rest(&graph, &mut run);
    let again = Try { attempt: 2, partly: true, ..FIRST };
    assert_eq!(run.state(stop), StepState::Running(again));
    told(&graph, &mut run, stop, &[LOST]);
    apply(&graph, &mut run, Event::Resolve { step: stop, done: false });
    assert_eq!(run.state(stop), StepState::Pending(Try::default()));
}

/// The word is about the newest try.
#[test]
fn what_an_older_try_took_out_is_remembered_beside_a_persons_word() {
    let graph = small("tried-twice");
    let failed = look(Observation::Failed { transient: true });
    let (action, mut run) = running(&graph, "before_stop/w1/1");
    told(&graph, &mut run, action, &[LOST, failed.clone(), failed.clone()]);
    rest(&graph, &mut run);
    told(&graph, &mut run, action, &[LOST]);
    let partly = StepState::Pending(Try { partly: true, ..Try::default() });
    let mut said = run.clone();
    apply(&graph, &mut said, Event::Resolve { step: action, done: false });
    assert_eq!(said.state(action), partly);
    // The same when it needs a person first.
    told(&graph, &mut run, action, &[look(Observation::Unknown), look(Observation::Unknown)]);
    assert_eq!(run.state(action), StepState::Stuck(Why::Doubt));
    let mut again = run.clone();
    apply(&graph, &mut again, Event::Retry { step: action });
    assert_eq!(again.state(action), StepState::Doubt(Try { partly: true, ..LOOK }, 0));
    apply(&graph, &mut run, Event::Resolve { step: action, done: false });
    assert_eq!(run.state(action), partly);
    // Of a step that nobody tried twice there is nothing to remember.
    let (upgrade, mut run) = doubtful(&graph, "upgrade/w1/1");
    apply(&graph, &mut run, Event::Resumed);
    apply(&graph, &mut run, Event::Retry { step: upgrade });
    assert_eq!(run.state(upgrade), StepState::Doubt(LOOK, 0));
}
