//! Cold starts: nobody serves before enough are up together.

use super::super::Services;
use super::*;

fn all_stopped() -> Pool {
    let mut pool = Pool::six(&[]);
    for front_end in 0..4 {
        pool.done(stop_now(front_end));
    }
    pool.pass(2);
    assert_eq!(pool.twin.books().active(), 0);
    pool
}

#[test]
fn fewer_than_needed_hang_in_start_pending() {
    let mut pool = all_stopped();
    for front_end in 0..4 {
        pool.begin(start(front_end));
    }
    pool.pass(60);
    assert_eq!(pool.twin.take_answer(), None);
    assert_eq!(pool.look(start(0)), Observation::Underway);
    assert_eq!(pool.twin.books().active(), 0);
    // Six need five.
    pool.begin(start(4));
    pool.pass(4);
    assert_eq!(pool.hear().len(), 5);
    assert_eq!(pool.twin.books().active(), 5);
    assert_eq!(pool.twin.books().inactive(), ids(&[5]));
}

#[test]
fn who_is_stopped_again_does_not_count() {
    let mut pool = all_stopped();
    for front_end in 0..4 {
        pool.begin(start(front_end));
    }
    pool.pass(5);
    let stopping = pool.begin(stop(0));
    pool.pass(5);
    assert_eq!(pool.hear().last().unwrap().0, stopping);
    pool.begin(start(4));
    pool.pass(5);
    assert_eq!(pool.twin.books().active(), 0, "four are up, one of five was stopped again");
    assert_eq!(pool.book(4).services(), Services::Starting);
}

#[test]
fn a_warm_pool_waits_for_nobody() {
    let mut pool = Pool::six(&[]);
    pool.done(stop_now(0));
    pool.done(start(0));
    assert_eq!(pool.minutes(), 6);
}
