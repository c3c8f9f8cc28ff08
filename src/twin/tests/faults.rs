//! Each fault does what its page says, and nothing before its time.

use super::super::{Begins, Computer, Lasts, Services, Trouble, Twist};
use super::*;

fn on(act: Act, twist: Twist) -> Pool {
    Pool::six(&[Fault::Act { act, attempt: 1, times: 1, twist }])
}

fn troubled(begins: Begins, lasts: Lasts, trouble: Trouble) -> Pool {
    Pool::six(&[Fault::Pool { begins, lasts, trouble }])
}

#[test]
fn a_drain_that_hangs_waits_for_an_immediate_stop() {
    let mut pool = on(stop(2), Twist::DrainHangs);
    let ticket = pool.begin(stop(2));
    pool.pass(600);
    assert_eq!(pool.look(stop(2)), Observation::Underway);
    assert_eq!(pool.answered(ticket), None);
    pool.twin.let_go(ticket);
    assert_eq!(pool.done(stop_now(2)).sessions_lost, Some(40));
    assert_eq!(pool.minutes(), 602);
}

#[test]
fn a_fault_of_the_second_attempt_leaves_the_first_alone() {
    let fault = Fault::Act { act: stop(2), attempt: 2, times: 1, twist: Twist::DrainHangs };
    let mut pool = Pool::six(&[fault]);
    pool.done(stop(2));
    pool.done(stop(2));
    pool.done(start(2));
    let ticket = pool.begin(stop(2));
    pool.pass(600);
    assert_eq!(pool.answered(ticket), None);
}

#[test]
fn a_refused_act_changes_nothing() {
    for act in [stop(2), restart(2), Act::FailOver] {
        let mut pool = on(act, Twist::Fails { exit_code: 1603 });
        assert_eq!(pool.ensure(act).0, Err(Problem::Permanent));
        assert!(pool.twin.now() > At(0), "a refusal takes its moment");
        assert_eq!(pool.twin.books().changes(), 0);
        pool.done(act);
    }
    let mut pool = on(start(2), Twist::FailsTransiently { exit_code: 1 });
    pool.done(stop_now(2));
    assert_eq!(pool.ensure(start(2)).0, Err(Problem::Transient));
    assert_eq!(pool.look(start(2)), Observation::NotDone);
    pool.done(start(2));
}

#[test]
fn a_start_is_stuck_for_good_or_for_a_while() {
    let mut pool = on(start(2), Twist::StuckInStartPending { length: None });
    pool.done(stop_now(2));
    let ticket = pool.begin(start(2));
    pool.pass(600);
    assert_eq!(pool.answered(ticket), None);
    assert_eq!((pool.look(start(2)), pool.accepted(2)), (Observation::Underway, Acceptance::NotYet));
    let mut pool = on(start(2), Twist::StuckInStartPending { length: Some(40 * MIN) });
    pool.done(stop_now(2));
    pool.done(start(2));
    assert_eq!(pool.minutes(), 42);
}

#[test]
fn a_computer_that_does_not_return_stays_unknown() {
    let mut pool = on(restart(2), Twist::NeverReturns { length: None });
    pool.done(stop_now(2));
    let ticket = pool.begin(restart(2));
    pool.pass(600);
    assert_eq!(pool.answered(ticket), None);
    assert_eq!(pool.look(restart(2)), Observation::Unknown);
    let joined = pool.begin(restart(2));
    pool.pass(600);
    assert_eq!(pool.answered(joined), None, "it is underway, for ever");
    let mut pool = on(restart(2), Twist::NeverReturns { length: Some(60 * MIN) });
    pool.done(restart(2));
    assert_eq!(pool.minutes(), 60);
}

#[test]
fn a_connection_lost_before_and_after() {
    let act = perform(2, Moment::Upgrade, 0);
    let mut pool = on(act, Twist::LosesConnection { effect: false });
    assert_eq!(pool.ensure(act).0, Err(Problem::Unknown));
    assert_eq!((pool.minutes(), pool.look(act)), (0, Observation::NotDone));
    assert_eq!(pool.twin.books().times_begun(act), 0);
    let mut pool = on(act, Twist::LosesConnection { effect: true });
    assert_eq!(pool.ensure(act).0, Err(Problem::Unknown));
    assert_eq!((pool.minutes(), pool.look(act)), (10, Observation::Done));
}

#[test]
fn no_answer_with_and_without_an_effect() {
    let mut pool = on(stop(2), Twist::NoAnswer { effect: false });
    let ticket = pool.begin(stop(2));
    pool.pass(60);
    assert_eq!((pool.answered(ticket), pool.look(stop(2))), (None, Observation::NotDone));
    pool.done(stop(2));
    let mut pool = on(stop(2), Twist::NoAnswer { effect: true });
    let ticket = pool.begin(stop(2));
    pool.pass(60);
    assert_eq!((pool.answered(ticket), pool.look(stop(2))), (None, Observation::Done));
}

#[test]
fn what_goes_on_after_the_connection_was_lost() {
    let act = perform(2, Moment::Upgrade, 0);
    let mut pool = on(act, Twist::GoesOn { length: Some(25 * MIN) });
    assert_eq!((pool.ensure(act).0, pool.minutes()), (Err(Problem::Unknown), 0));
    pool.pass(24);
    assert_eq!(pool.look(act), Observation::Underway);
    pool.pass(1);
    assert_eq!(pool.look(act), Observation::Done);
    let mut pool = on(stop(2), Twist::GoesOn { length: Some(30 * MIN) });
    assert_eq!(pool.ensure(stop(2)).0, Err(Problem::Unknown));
    pool.pass(29);
    assert_eq!(pool.look(stop(2)), Observation::Underway);
    pool.pass(1);
    assert_eq!(pool.look(stop(2)), Observation::Done);
}

#[test]
fn a_stop_that_ends_half_way_can_be_finished() {
    let mut pool = on(stop(2), Twist::EndsPartly);
    assert_eq!(pool.ensure(stop(2)).0, Err(Problem::Unknown));
    assert_eq!(pool.look(stop(2)), Observation::Partly);
    assert_eq!(pool.book(2).services(), Services::Partly);
    assert!(pool.book(2).taken_out());
    pool.done(stop(2));
    assert_eq!((pool.look(stop(2)), pool.minutes()), (Observation::Done, 15 + 2 + 2));
}

#[test]
fn troubles_last_through_answers_or_through_time() {
    let mut pool = troubled(Begins::At(0), Lasts::Times(2), Trouble::Busy);
    let answers = [0; 3].map(|domain| pool.readiness(domain, 5));
    assert_eq!(answers, [Readiness::Busy, Readiness::Busy, ready(true, &[])]);
    let mut pool = troubled(Begins::At(10 * MIN), Lasts::For(5 * MIN), Trouble::Insufficient);
    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.push(pool.readiness(0, 5));
        pool.pass(5);
    }
    let well = ready(true, &[]);
    assert_eq!(answers, [well.clone(), well.clone(), Readiness::InsufficientActiveFrontEnds, well]);
    let mut pool = troubled(Begins::At(0), Lasts::Always, Trouble::Unanswered);
    pool.pass(6000);
    assert_eq!(pool.readiness(0, 5), Readiness::Unanswered);
    assert_eq!(pool.count(5), Count::Inactive(vec![]), "a count is another question");
}

#[test]
fn an_observer_that_is_out_uses_no_trouble_up() {
    let mut pool = troubled(Begins::At(0), Lasts::Times(1), Trouble::Busy);
    pool.begin(stop(2));
    pool.pass(10);
    assert_eq!(pool.readiness(0, 2), Readiness::Unanswered);
    assert_eq!(pool.readiness(0, 5), Readiness::Busy);
    assert_eq!(pool.readiness(0, 5), ready(true, &[2]));
}

#[test]
fn the_flag_of_one_domain_stays_false() {
    let mut pool = troubled(Begins::At(0), Lasts::Always, Trouble::DomainNotReady(DomainId(1)));
    assert_eq!(pool.readiness(0, 5), ready(true, &[]));
    assert_eq!(pool.readiness(1, 5), ready(false, &[]));
}

#[test]
fn a_trouble_can_follow_a_step() {
    let begins = Begins::Act { act: start(2), attempt: 1, after: 20 * MIN };
    let trouble = Trouble::ReadinessLost { length: Some(3 * MIN) };
    let mut pool = troubled(begins, Lasts::Always, trouble);
    pool.done(stop_now(2));
    pool.done(start(2));
    pool.pass(15);
    assert_eq!(pool.readiness(0, 5), ready(true, &[]));
    pool.pass(1);
    assert_eq!(pool.readiness(0, 5), Readiness::Busy);
    pool.pass(3);
    assert_eq!(pool.readiness(0, 5), ready(true, &[]));
}

#[test]
fn a_front_end_that_is_not_accepted() {
    let fault =
        Fault::NotAccepted { front_end: FrontEndId(0), begins: Begins::At(0), lasts: Lasts::Times(1) };
    let mut pool = Pool::six(&[fault]);
    pool.roll(0);
    assert_eq!((pool.accepted(0), pool.accepted(0)), (Acceptance::NotYet, Acceptance::Good));
}

#[test]
fn a_front_end_dies_and_stays_dead() {
    let fault = Fault::Dies { front_end: FrontEndId(4), begins: Begins::At(10 * MIN), returns_after: None };
    let mut pool = Pool::six(&[fault]);
    assert_eq!(pool.twin.next_at(), Some(At(10 * MIN)));
    pool.pass(10);
    assert!(pool.book(4).dead() && !pool.book(4).taken_out());
    assert_eq!(pool.book(4).died_at(), Some(At(10 * MIN)));
    assert_eq!(pool.twin.books().sessions().lost, 400);
    assert_eq!(pool.count(0), Count::Inactive(ids(&[4])));
    assert_eq!(pool.readiness(0, 0), Readiness::Busy, "its replicas are built elsewhere");
    assert_eq!((pool.look(start(4)), pool.accepted(4)), (Observation::Unknown, Acceptance::Unanswered));
    assert_eq!(pool.ensure(stop(4)).0, Err(Problem::Transient));
    pool.pass(7);
    assert_eq!(pool.readiness(0, 0), ready(true, &[4]));
    pool.pass(600);
    assert!(pool.book(4).dead());
}

#[test]
fn a_front_end_that_comes_back_serves_unless_we_had_taken_it_out() {
    let begins = Begins::Act { act: stop(4), attempt: 1, after: MIN };
    let dies =
        |front_end| Fault::Dies { front_end: FrontEndId(front_end), begins, returns_after: Some(30 * MIN) };
    let mut pool = Pool::six(&[dies(4), dies(5)]);
    let stopping = pool.begin(stop(4));
    pool.pass(1);
    assert_eq!(pool.answered(stopping).unwrap().0, Err(Problem::Unknown));
    pool.pass(30);
    assert_eq!([4, 5].map(|id| pool.book(id).computer()), [Computer::Up; 2]);
    assert_eq!([4, 5].map(|id| pool.book(id).services()), [Services::Stopped, Services::Starting]);
    pool.pass(4);
    assert_eq!(pool.count(0), Count::Inactive(ids(&[4])));
    pool.done(start(4));
    assert!(pool.book(4).accepting());
}

#[test]
fn a_death_during_a_restart_ends_the_restart() {
    let begins = Begins::Act { act: restart(4), attempt: 1, after: MIN };
    let mut pool = Pool::six(&[Fault::Dies { front_end: FrontEndId(4), begins, returns_after: None }]);
    assert_eq!(pool.ensure(restart(4)).0, Err(Problem::Unknown));
    pool.pass(600);
    assert_eq!(pool.book(4).computer(), Computer::Down);
}

#[test]
fn of_two_faults_on_one_act_the_first_counts() {
    let fault = |twist| Fault::Act { act: stop(2), attempt: 1, times: 1, twist };
    let mut pool = Pool::six(&[fault(Twist::EndsPartly), fault(Twist::DrainHangs)]);
    assert_eq!(pool.ensure(stop(2)).0, Err(Problem::Unknown));
}
