//! What the pool says about itself: readiness, counts, the quorum.

use super::super::Services;
use super::*;

#[test]
fn the_pool_is_busy_for_a_rebuild_after_the_last_return() {
    let mut pool = Pool::six(&[]);
    pool.done(stop_now(0));
    pool.done(stop_now(1));
    pool.done(start(0));
    pool.pass(1);
    pool.done(start(1));
    assert_eq!(pool.readiness(1, 5), Readiness::Busy);
    pool.pass(6);
    assert_eq!(pool.readiness(1, 5), Readiness::Busy, "seven minutes count from the last one");
    assert!(pool.twin.books().rebuilding());
    pool.pass(1);
    assert_eq!(pool.readiness(1, 5), ready(true, &[]));
}

#[test]
fn who_is_out_is_listed_in_order() {
    let mut pool = Pool::six(&[]);
    for front_end in [4, 1] {
        pool.begin(stop_now(front_end));
    }
    assert_eq!(pool.count(0), Count::Inactive(ids(&[1, 4])));
    pool.pass(10);
    assert_eq!(pool.readiness(0, 0), ready(true, &[1, 4]));
}

#[test]
fn an_observer_must_be_active() {
    let mut pool = Pool::six(&[]);
    pool.begin(stop(2));
    assert_eq!(pool.count(2), Count::Unanswered);
    assert_eq!(pool.readiness(0, 2), Readiness::Unanswered);
    assert_eq!(pool.readiness(0, 3), Readiness::Busy);
}

#[test]
fn the_books_keep_the_newest_answer_and_what_came_before_it() {
    let mut pool = Pool::six(&[]);
    pool.readiness(1, 5);
    pool.begin(stop(2));
    assert_eq!(pool.twin.books().last_readiness().unwrap().changes, 0);
    assert_eq!(pool.twin.books().changes(), 1);
    pool.count(5);
    assert_eq!(pool.twin.books().last_count().unwrap().changes, 1);
    assert_eq!(pool.twin.books().last_readiness().unwrap().domain, Some(DomainId(1)));
}

#[test]
fn no_domain_can_go_when_the_quorum_is_at_its_edge() {
    let mut pool = Pool::six(&[]);
    for front_end in [0, 1] {
        pool.done(stop_now(front_end));
    }
    pool.pass(7);
    // Four are active and three must be. One more may go.
    assert_eq!(pool.readiness(2, 5), ready(false, &[0, 1]), "with UD1 gone a group has two replicas at most");
    assert_eq!(pool.readiness(0, 5), ready(true, &[0, 1]), "nothing of UD1 is left to lose");
    pool.done(stop_now(2));
    pool.pass(7);
    assert!(pool.twin.books().quorum_stands());
    assert_eq!(pool.readiness(2, 5), Readiness::InsufficientActiveFrontEnds);
}

#[test]
fn a_lost_quorum_stops_the_rest() {
    let mut pool = Pool::six(&[]);
    for front_end in 0..3 {
        pool.done(stop_now(front_end));
    }
    let stopping = pool.begin(stop_now(3));
    assert!(!pool.twin.books().quorum_stands());
    assert_eq!(pool.twin.books().quorum_losses(), 1);
    assert_eq!(pool.twin.books().active(), 0);
    assert_eq!(pool.book(5).services(), Services::Stopping);
    // 400 + 480 + 600 + 800 by our stops, and everybody by the loss.
    assert_eq!(pool.twin.books().sessions().lost, 400 + 480 + 600 + 800 + 2400);
    pool.pass(2);
    assert_eq!(pool.answered(stopping).unwrap().0, Ok(()));
    assert_eq!(pool.book(5).services(), Services::Stopped);
    assert_eq!(pool.book(5).stops(), 0, "that was no stop of ours");
    assert_eq!(pool.count(5), Count::Unanswered);
}

#[test]
fn a_pool_of_three_wants_all_of_them() {
    let text = SIX
        .replace("fe01.contoso.com, fe02.contoso.com", "fe01.contoso.com")
        .replace("fe03.contoso.com, fe04.contoso.com", "fe03.contoso.com")
        .replace("fe05.contoso.com, fe06.contoso.com", "fe05.contoso.com");
    let mut pool = Pool::of(&text, &[]);
    assert_eq!(pool.readiness(0, 2), ready(true, &[]));
    pool.done(stop_now(0));
    pool.pass(7);
    assert_eq!(pool.readiness(1, 2), Readiness::InsufficientActiveFrontEnds);
}

#[test]
fn only_the_first_front_ends_count() {
    // Eight: any four of the first seven. The eighth stands alone in its domain.
    let text = SIX
        .replace("fe05.contoso.com, fe06.contoso.com", "fe05.contoso.com, fe06.contoso.com, fe07.contoso.com")
        .replace("maintenance_window:", "  - name: UD4\n    front_ends: [fe08.contoso.com]\n  start_order: [fe01.contoso.com, fe02.contoso.com, fe03.contoso.com, fe04.contoso.com, fe05.contoso.com, fe06.contoso.com, fe07.contoso.com, fe08.contoso.com]\nmaintenance_window:");
    let mut pool = Pool::of(&text, &[]);
    for front_end in [0, 2, 4] {
        pool.done(stop_now(front_end));
    }
    pool.pass(7);
    assert_eq!(pool.readiness(0, 7), ready(false, &[0, 2, 4]), "four of the first seven are left");
    assert_eq!(pool.readiness(3, 7), ready(true, &[0, 2, 4]), "the quorum does not notice the eighth");
    pool.done(stop_now(7));
    assert!(pool.twin.books().quorum_stands());
    pool.pass(7);
    assert_eq!(pool.readiness(0, 1), Readiness::InsufficientActiveFrontEnds);
}

#[test]
fn a_generic_pool_has_its_minimum_and_no_routing_groups() {
    let text = SIX
        .replace("lync_server_2013", "generic")
        .replace("maintenance_window:", "  minimum_active: 2\nmaintenance_window:");
    let mut pool = Pool::of(&text, &[]);
    for front_end in [0, 1] {
        pool.done(stop_now(front_end));
    }
    pool.pass(7);
    assert_eq!(pool.readiness(1, 5), ready(true, &[0, 1]));
    for front_end in [2, 3] {
        pool.done(stop_now(front_end));
    }
    assert!(pool.twin.books().quorum_stands());
    assert_eq!(pool.readiness(2, 5), Readiness::InsufficientActiveFrontEnds);
}
