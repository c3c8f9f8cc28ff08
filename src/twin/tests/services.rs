//! Stops, starts and restarts of one front end, and its sessions.

use super::super::{Computer, Services, Sessions};
use super::*;

#[test]
fn a_graceful_stop_drains_and_then_stops() {
    let mut pool = Pool::six(&[]);
    let ticket = pool.begin(stop(2));
    assert_eq!(pool.book(2).services(), Services::Draining);
    assert!(!pool.book(2).accepting(), "it takes no new connections");
    assert_eq!(pool.look(stop(2)), Observation::Underway);
    pool.pass(15);
    assert_eq!(pool.book(2).services(), Services::Stopping);
    assert_eq!(pool.look(stop(2)), Observation::Underway);
    pool.pass(2);
    assert_eq!(pool.answered(ticket), Some((Ok(()), Facts::default())));
    assert_eq!(pool.book(2).services(), Services::Stopped);
    assert_eq!(pool.look(stop(2)), Observation::Done);
    let sessions = pool.twin.books().sessions();
    assert_eq!(sessions, Sessions { lost: 0, finished: 400, moved: 0 });
}

#[test]
fn an_immediate_stop_loses_its_sessions_and_says_so() {
    let mut pool = Pool::six(&[]);
    let facts = pool.done(stop_now(2));
    assert_eq!((pool.minutes(), facts.sessions_lost), (2, Some(400)));
    assert_eq!(pool.twin.books().sessions(), Sessions { lost: 400, finished: 0, moved: 0 });
    // 2400 people on five front ends.
    assert_eq!(pool.done(stop_now(3)).sessions_lost, Some(480));
}

#[test]
fn a_drain_turned_immediate_loses_what_is_left_and_answers_both_callers() {
    let mut pool = Pool::six(&[]);
    let graceful = pool.begin(stop(2));
    pool.pass(3);
    let immediate = pool.begin(stop_now(2));
    pool.pass(2);
    let (result, facts) = pool.answered(graceful).unwrap();
    assert_eq!((result, facts.sessions_lost), (Ok(()), Some(320)));
    assert_eq!(pool.answered(immediate).unwrap().0, Ok(()));
    assert_eq!(pool.twin.books().sessions(), Sessions { lost: 320, finished: 80, moved: 0 });
    assert_eq!(pool.book(2).stops(), 2, "it began once more");
    assert_eq!(pool.twin.next_at().map(|at| at.0 / MIN), Some(7), "only the rebuild is left to happen");
}

#[test]
fn ensuring_twice_is_harmless() {
    let mut pool = Pool::six(&[]);
    let (first, second) = (pool.begin(stop(2)), pool.begin(stop(2)));
    pool.pass(17);
    assert_eq!(pool.answered(first).unwrap().0, Ok(()));
    assert_eq!(pool.answered(second).unwrap().0, Ok(()));
    let now = pool.twin.now();
    pool.done(stop(2));
    assert_eq!(pool.twin.now(), now, "what is done is answered at once");
    assert_eq!(pool.book(2).stops(), 1);
    assert_eq!(pool.twin.books().changes(), 1);
}

#[test]
fn what_is_let_go_goes_on_and_is_not_answered() {
    let mut pool = Pool::six(&[]);
    let ticket = pool.begin(stop(2));
    pool.pass(1);
    pool.twin.let_go(ticket);
    pool.pass(16);
    assert_eq!(pool.twin.take_answer(), None);
    assert_eq!(pool.book(2).services(), Services::Stopped);
    let ticket = pool.begin(stop(2));
    pool.twin.let_go(ticket);
    assert_eq!(pool.twin.take_answer(), None, "not even an answer that was there already");
}

#[test]
fn a_restart_takes_the_connection_and_does_not_start_services() {
    let mut pool = Pool::six(&[]);
    pool.done(stop_now(2));
    let ticket = pool.begin(restart(2));
    assert_eq!(pool.book(2).computer(), Computer::Rebooting);
    assert_eq!(pool.look(stop(2)), Observation::Unknown);
    assert_eq!(pool.look(restart(2)), Observation::Unknown);
    assert_eq!(pool.accepted(2), Acceptance::Unanswered);
    assert_eq!(pool.ensure(start(2)).0, Err(Problem::Transient), "it cannot be reached");
    pool.pass(6);
    let (result, facts) = pool.answered(ticket).unwrap();
    assert_eq!((result, facts.boot_time.as_deref()), (Ok(()), Some("boot 1")));
    assert_eq!(pool.look(restart(2)), Observation::Done);
    assert_eq!(pool.book(2).services(), Services::Stopped);
    let now = pool.twin.now();
    pool.done(restart(2));
    assert_eq!((pool.twin.now(), pool.book(2).restarts()), (now, 1), "done is done");
}

#[test]
fn a_restart_of_a_serving_front_end_loses_its_sessions() {
    let mut pool = Pool::six(&[]);
    pool.done(restart(2));
    assert_eq!(pool.twin.books().sessions().lost, 400);
}

#[test]
fn a_restart_done_before_an_upgrade_action_is_owed_again_after_it() {
    let mut pool = Pool::six(&[]);
    pool.done(stop_now(2));
    pool.done(restart(2));
    pool.done(perform(2, Moment::Upgrade, 0));
    assert_eq!(pool.look(restart(2)), Observation::NotDone);
}

#[test]
fn where_services_alone_restart_the_computer_does_so_only_when_asked() {
    let text = SIX.replace("  before_stop:", "  restart: services\n  before_stop:");
    let mut pool = Pool::of(&text, &[]);
    pool.done(stop_now(2));
    pool.done(restart(2));
    assert_eq!((pool.minutes(), pool.book(2).restarts()), (2, 0));
    let act = perform(2, Moment::Upgrade, 0);
    let asks =
        Fault::Act { act, attempt: 1, times: 1, twist: super::super::Twist::Exits { exit_code: 3010 } };
    let mut pool = Pool::of(&text, &[asks]);
    pool.done(stop_now(2));
    assert!(pool.done(act).reboot_needed);
    assert_eq!(pool.look(restart(2)), Observation::NotDone);
    pool.done(restart(2));
    assert_eq!(pool.minutes(), 2 + 10 + 6);
}

#[test]
fn a_start_is_pending_and_then_accepts() {
    let mut pool = Pool::six(&[]);
    pool.done(stop_now(2));
    let ticket = pool.begin(start(2));
    assert_eq!(pool.look(start(2)), Observation::Underway);
    assert_eq!(pool.look(stop(2)), Observation::Partly, "it is neither stopped nor up");
    assert_eq!(pool.accepted(2), Acceptance::NotYet);
    pool.pass(4);
    assert_eq!(pool.answered(ticket).unwrap().0, Ok(()));
    assert!(pool.book(2).accepting());
    assert_eq!(pool.accepted(2), Acceptance::NotYet, "it is at the old version");
    pool.done(start(2));
    assert_eq!(pool.book(2).starts(), 1);
}

#[test]
fn what_is_stopping_cannot_be_started() {
    let mut pool = Pool::six(&[]);
    pool.begin(stop(2));
    assert_eq!(pool.look(start(2)), Observation::NotDone);
    assert_eq!(pool.ensure(start(2)).0, Err(Problem::Transient));
    assert_eq!(pool.book(2).services(), Services::Draining);
}

#[test]
fn a_stop_overtakes_a_start_whose_caller_is_told() {
    let mut pool = Pool::six(&[]);
    pool.done(stop_now(2));
    let starting = pool.begin(start(2));
    let stopping = pool.begin(stop(2));
    assert_eq!(pool.answered(starting).unwrap().0, Err(Problem::Transient));
    pool.pass(2);
    assert_eq!(pool.answered(stopping).unwrap().0, Ok(()));
    pool.pass(60);
    assert_eq!(pool.book(2).services(), Services::Stopped);
}

#[test]
fn a_computer_failover_moves_sessions_and_disables_services() {
    let text = SIX.replace("lync_server_2013", "skype_for_business_2019");
    let mut pool = Pool::of(&text, &[]);
    pool.done(stop(2));
    assert!(pool.book(2).disabled());
    assert_eq!(pool.twin.books().sessions(), Sessions { lost: 0, finished: 0, moved: 400 });
    pool.done(start(2));
    assert!(!pool.book(2).disabled() && pool.book(2).accepting());
    pool.done(stop_now(2));
    assert!(!pool.book(2).disabled(), "an immediate stop is no computer failover");
}

#[test]
fn taken_out_lasts_from_the_first_act_to_the_last() {
    let mut pool = Pool::six(&[]);
    let leaving = pool.begin(perform(2, Moment::BeforeStop, 0));
    assert_eq!(pool.twin.books().taken_out(), ids(&[2]));
    assert!(pool.book(2).accepting(), "its services know nothing of it");
    pool.pass(1);
    assert_eq!(pool.answered(leaving).unwrap().0, Ok(()));
    pool.done(stop(2));
    pool.done(start(2));
    assert!(pool.book(2).taken_out(), "it is still out of the load balancer");
    pool.done(perform(2, Moment::AfterAccept, 0));
    assert_eq!(pool.twin.books().taken_out(), []);
    // And again: the marks name a state.
    assert_eq!(pool.look(perform(2, Moment::BeforeStop, 0)), Observation::NotDone);
    pool.done(perform(2, Moment::BeforeStop, 0));
    assert_eq!(pool.look(perform(2, Moment::AfterAccept, 0)), Observation::NotDone);
    pool.done(start(2));
    pool.done(perform(2, Moment::AfterAccept, 0));
    assert!(!pool.book(2).taken_out(), "a start that found it running has brought it up");
}

#[test]
fn a_start_of_yesterday_brings_nobody_back() {
    let mut pool = Pool::of(&SIX.replace("  after_accept:\n  - { program: join, expected: 1m }\n", ""), &[]);
    for _ in 0..2 {
        pool.done(perform(2, Moment::BeforeStop, 0));
        assert!(pool.book(2).taken_out());
        pool.done(stop(2));
        pool.done(start(2));
        assert!(!pool.book(2).taken_out());
    }
}

#[test]
fn a_computer_failover_that_ends_half_way_disables_nothing() {
    let text = SIX.replace("lync_server_2013", "skype_for_business_2019");
    let twist = super::super::Twist::EndsPartly;
    let mut pool = Pool::of(&text, &[Fault::Act { act: stop(2), attempt: 1, times: 1, twist }]);
    assert_eq!(pool.ensure(stop(2)).0, Err(Problem::Unknown));
    assert!(!pool.book(2).disabled());
}
