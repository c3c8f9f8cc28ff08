//! Failing over, failing back, and what is ours to do in between.

use super::super::{PoolState, Services, Twist};
use super::*;
use crate::plan::PartnerHealth;

fn fails_over(twist: Twist) -> Fault {
    Fault::Act { act: Act::FailOver, attempt: 1, times: 1, twist }
}

#[test]
fn failed_over_does_not_mean_stopped() {
    let mut pool = Pool::six(&[]);
    assert_eq!(pool.look(Act::FailOver), Observation::NotDone);
    let ticket = pool.begin(Act::FailOver);
    assert_eq!(pool.look(Act::FailOver), Observation::Underway);
    assert_eq!(pool.readiness(0, 5), Readiness::Busy);
    assert_eq!(pool.twin.books().active(), 6, "it serves until the partner does");
    pool.pass(20);
    assert_eq!(pool.answered(ticket).unwrap().0, Ok(()));
    assert_eq!(pool.twin.books().pool(), PoolState::FailedOver);
    assert_eq!(pool.look(Act::FailOver), Observation::Done);
    assert_eq!(pool.look(stop(3)), Observation::Underway);
    pool.done(stop(3));
    assert_eq!(pool.minutes(), 22);
    assert_eq!(pool.book(3).stops(), 0, "it joined a stop that was not ours");
    assert_eq!(pool.twin.books().sessions().moved, 2400);
    assert_eq!(pool.twin.books().sessions().lost, 0);
    assert_eq!(pool.twin.books().failovers_succeeded(), 1);
    assert_eq!(pool.twin.books().taken_out(), []);
    assert_eq!(pool.readiness(0, 5), Readiness::Unanswered);
}

#[test]
fn a_restart_while_failed_over_starts_services_that_serve_nobody() {
    let mut pool = Pool::six(&[]);
    pool.done(Act::FailOver);
    pool.done(stop(3));
    pool.done(restart(3));
    assert_eq!(pool.book(3).services(), Services::Starting);
    assert_eq!(pool.look(stop(3)), Observation::Partly);
    pool.pass(4);
    assert_eq!(pool.book(3).services(), Services::Running, "one alone needs no quorum to serve nobody");
    assert_eq!(pool.look(stop(3)), Observation::NotDone);
    assert!(!pool.book(3).accepting());
    assert_eq!(pool.book(3).starts(), 0);
    assert_eq!(pool.accepted(3), Acceptance::NotYet);
    pool.done(stop(3));
    assert_eq!((pool.book(3).stops(), pool.book(3).taken_out()), (1, false), "nobody was served here");
}

#[test]
fn fail_back_starts_nothing_that_is_disabled() {
    let mut pool = Pool::of(&SIX.replace("lync_server_2013", "skype_for_business_2019"), &[]);
    pool.done(stop(3));
    pool.done(Act::FailOver);
    pool.done(Act::FailBack);
    assert_eq!([2, 3].map(|id| pool.book(id).services()), [Services::Partly, Services::Stopped]);
}

#[test]
fn a_pool_that_is_failed_over_rebuilds_nothing() {
    let mut pool = Pool::six(&[]);
    pool.begin(Act::FailOver);
    pool.pass(17);
    pool.done(stop_now(0));
    pool.pass(1);
    assert!(!pool.twin.books().rebuilding());
    pool.hear();
    pool.pass(2);
    assert_eq!(pool.twin.next_at(), None, "services have stopped, and that was all");
}

#[test]
fn fail_back_leaves_the_start_to_us_and_it_is_a_cold_one() {
    let mut pool = Pool::six(&[]);
    pool.done(Act::FailOver);
    pool.pass(2);
    assert_eq!(pool.look(Act::FailBack), Observation::NotDone);
    let ticket = pool.begin(Act::FailBack);
    assert_eq!(pool.look(Act::FailBack), Observation::Underway);
    pool.pass(30);
    assert_eq!(pool.answered(ticket).unwrap().0, Ok(()));
    assert_eq!(pool.twin.books().pool(), PoolState::Active);
    assert_eq!(pool.book(0).services(), Services::Partly);
    assert_eq!(pool.look(stop(0)), Observation::Partly);
    assert_eq!(pool.look(start(0)), Observation::NotDone);
    for front_end in 0..4 {
        pool.begin(start(front_end));
    }
    pool.pass(30);
    assert_eq!(pool.twin.books().active(), 0);
    pool.begin(start(4));
    pool.pass(4);
    assert_eq!(pool.twin.books().active(), 5);
    assert_eq!(pool.twin.books().failbacks_succeeded(), 1);
    assert_eq!(pool.look(Act::FailBack), Observation::Done);
}

#[test]
fn an_unhealthy_partner_takes_nothing_over() {
    let begins = super::super::Begins::At(0);
    let trouble = super::super::Trouble::PartnerUnhealthy;
    let lasts = super::super::Lasts::For(10 * MIN);
    let mut pool = Pool::six(&[Fault::Pool { begins, lasts, trouble }]);
    assert_eq!(pool.ask(Question::Partner), Answer::Partner(PartnerHealth::Unhealthy));
    assert_eq!(pool.ensure(Act::FailOver).0, Err(Problem::Permanent));
    assert_eq!(pool.twin.books().fail_overs(), 0);
    pool.pass(10);
    assert_eq!(pool.ask(Question::Partner), Answer::Partner(PartnerHealth::Healthy));
    pool.done(Act::FailOver);
}

#[test]
fn without_a_partner_there_is_nowhere_to_go() {
    let mut pool = Pool::of(&SIX.replace("failover:\n  partner: pool02.contoso.com\n", ""), &[]);
    assert_eq!(pool.ask(Question::Partner), Answer::Partner(PartnerHealth::Unanswered));
    assert_eq!(pool.ensure(Act::FailOver).0, Err(Problem::Permanent));
    pool.done(Act::FailBack);
}

#[test]
fn a_failover_that_did_not_take_place_may_be_tried_again() {
    let mut pool = Pool::six(&[fails_over(Twist::NotDone)]);
    assert_eq!(pool.ensure(Act::FailOver).0, Err(Problem::Transient));
    assert_eq!((pool.minutes(), pool.look(Act::FailOver)), (20, Observation::NotDone));
    assert_eq!(pool.twin.books().active(), 6);
    pool.done(Act::FailOver);
    let books = pool.twin.books();
    assert_eq!((books.fail_overs(), books.failovers_succeeded()), (2, 1));
}

#[test]
fn a_failover_half_way_needs_a_person() {
    let mut pool = Pool::six(&[fails_over(Twist::HalfWay)]);
    assert_eq!(pool.ensure(Act::FailOver).0, Err(Problem::Unknown));
    assert!(pool.twin.books().half_way());
    assert_eq!(
        pool.look(Act::FailOver),
        Observation::Underway,
        "from outside it looks like one that goes on"
    );
    assert_eq!(pool.look(Act::FailBack), Observation::Unknown);
    assert_eq!(pool.ensure(Act::FailOver).0, Err(Problem::Unknown));
    pool.pass(600);
    assert_eq!(pool.look(Act::FailOver), Observation::Underway);
    assert_eq!(pool.twin.books().pool(), PoolState::FailingOver);
    assert_eq!(pool.twin.books().sessions().lost, 0);
    pool.done(Act::FailBack);
    assert_eq!(pool.twin.books().pool(), PoolState::Active);
    assert!(!pool.twin.books().half_way());
    assert_eq!(pool.twin.books().sessions().lost, 2400, "they were here, and nobody served them");
    pool.done(Act::FailOver);
}

#[test]
fn pool_acts_are_joined_and_do_not_cross() {
    let mut pool = Pool::six(&[]);
    let (first, second) = (pool.begin(Act::FailOver), pool.begin(Act::FailOver));
    assert_eq!(pool.ensure(Act::FailBack).0, Err(Problem::Transient));
    pool.pass(20);
    assert_eq!(pool.answered(first).unwrap().0, Ok(()));
    assert_eq!(pool.answered(second).unwrap().0, Ok(()));
    pool.begin(Act::FailBack);
    assert_eq!(pool.ensure(Act::FailOver).0, Err(Problem::Transient));
    assert_eq!(pool.twin.books().fail_overs(), 1);
}

#[test]
fn a_start_in_flight_hears_that_the_pool_failed_over() {
    let mut pool = Pool::six(&[]);
    pool.done(stop_now(0));
    let over = pool.begin(Act::FailOver);
    pool.pass(18);
    let starting = pool.begin(start(0));
    pool.pass(2);
    assert_eq!(pool.answered(starting).unwrap().0, Err(Problem::Transient));
    assert_eq!(pool.answered(over).unwrap().0, Ok(()));
}
