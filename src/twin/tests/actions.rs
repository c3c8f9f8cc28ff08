//! Actions, exit codes and versions.

use super::super::Twist;
use super::*;
use crate::plan::{Seen, VersionSeen};

fn exits(act: Act, twist: Twist) -> Fault {
    Fault::Act { act, attempt: 1, times: 1, twist }
}

fn version(pool: &mut Pool, front_end: u16) -> VersionSeen {
    match pool.ask(Question::FrontEnd { front_end: FrontEndId(front_end) }) {
        Answer::Seen(Seen { version, .. }) => version,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_last_action_makes_the_version() {
    let mut pool = Pool::six(&[]);
    pool.done(stop_now(2));
    assert_eq!(pool.done(perform(2, Moment::Upgrade, 0)).exit_code, Some(0));
    assert_eq!(version(&mut pool, 2), VersionSeen::Other);
    pool.done(perform(2, Moment::Upgrade, 1));
    assert_eq!((version(&mut pool, 2), pool.minutes()), (VersionSeen::Planned, 2 + 10 + 5));
    pool.done(start(2));
    assert_eq!(pool.accepted(2), Acceptance::Good);
}

#[test]
fn one_action_left_out_leaves_the_old_version() {
    let mut pool = Pool::six(&[]);
    pool.done(stop_now(2));
    pool.done(perform(2, Moment::Upgrade, 1));
    assert_eq!(version(&mut pool, 2), VersionSeen::Other);
}

#[test]
fn a_request_for_a_restart_holds_the_version_back() {
    let act = perform(2, Moment::Upgrade, 0);
    let mut pool = Pool::six(&[exits(act, Twist::Exits { exit_code: 3010 })]);
    pool.done(stop_now(2));
    let facts = pool.done(act);
    assert_eq!((facts.exit_code, facts.reboot_needed), (Some(3010), true));
    pool.done(perform(2, Moment::Upgrade, 1));
    assert_eq!(version(&mut pool, 2), VersionSeen::Other);
    pool.done(restart(2));
    assert_eq!(version(&mut pool, 2), VersionSeen::Planned);
}

#[test]
fn a_failure_tells_its_code_and_leaves_nothing_done() {
    let act = perform(2, Moment::Upgrade, 0);
    let mut pool = Pool::six(&[exits(act, Twist::Fails { exit_code: 1603 })]);
    pool.done(stop_now(2));
    let (result, facts) = pool.ensure(act);
    assert_eq!((result, facts.exit_code), (Err(Problem::Permanent), Some(1603)));
    assert_eq!(pool.look(act), Observation::Failed { transient: false });
    pool.done(act);
    assert_eq!(pool.look(act), Observation::Done);
    assert_eq!(pool.twin.books().performed(FrontEndId(2), Moment::Upgrade, 0), 2);
}

#[test]
fn a_transient_failure_may_be_tried_again() {
    let act = perform(2, Moment::Upgrade, 1);
    let fault = Fault::Act { act, attempt: 1, times: 2, twist: Twist::FailsTransiently { exit_code: 1618 } };
    let mut pool = Pool::six(&[fault]);
    pool.done(stop_now(2));
    assert_eq!(pool.ensure(act).0, Err(Problem::Transient));
    assert_eq!(pool.ensure(act).0, Err(Problem::Transient));
    pool.done(act);
}

#[test]
fn a_mark_refuses_a_second_start_and_what_is_done_does_not_run_again() {
    let mut pool = Pool::six(&[]);
    pool.done(stop_now(2));
    let act = perform(2, Moment::Upgrade, 0);
    let first = pool.begin(act);
    assert_eq!(pool.look(act), Observation::Underway);
    let second = pool.begin(act);
    let (result, facts) = pool.answered(second).unwrap();
    assert_eq!(result, Err(Problem::Unknown));
    assert!(facts.text.unwrap().contains("mark"));
    assert_eq!(pool.ensure(perform(2, Moment::Upgrade, 1)).0, Err(Problem::Transient), "one after the other");
    pool.pass(10);
    assert_eq!(pool.answered(first).unwrap().0, Ok(()));
    let now = pool.twin.now();
    pool.done(act);
    assert_eq!((pool.twin.now(), pool.twin.books().times_begun(act)), (now, 1));
}

#[test]
fn an_action_cut_off_is_told_by_the_version_or_by_nobody() {
    let cut = |text: &str| {
        let mut pool = Pool::of(text, &[]);
        pool.done(stop_now(2));
        let act = perform(2, Moment::Upgrade, 0);
        let ticket = pool.begin(act);
        pool.pass(1);
        let restarting = pool.begin(restart(2));
        assert_eq!(pool.answered(ticket).unwrap().0, Err(Problem::Unknown));
        pool.pass(6);
        assert_eq!(pool.answered(restarting).unwrap().0, Ok(()));
        assert!(pool.book(2).cut_off(Moment::Upgrade, 0));
        assert_eq!(pool.twin.books().started_unfinished(), 1);
        (pool.look(act), pool)
    };
    assert_eq!(cut(SIX).0, Observation::Failed { transient: false }, "how far it came a person sees");
    let (seen, mut pool) = cut(&SIX.replace("  version: \"2\"\n", ""));
    assert_eq!(seen, Observation::Unknown);
    pool.done(perform(2, Moment::Upgrade, 0));
    assert_eq!(pool.look(perform(2, Moment::Upgrade, 0)), Observation::Done, "a person said: try again");
    assert!(!pool.book(2).cut_off(Moment::Upgrade, 0));
    assert_eq!(pool.minutes(), 2 + 1 + 6 + 10, "nothing is left of the first try");
}

#[test]
fn the_books_see_an_upgrade_of_what_is_not_stopped() {
    let mut pool = Pool::six(&[]);
    pool.begin(stop(2));
    pool.done(perform(2, Moment::Upgrade, 0));
    assert_eq!(pool.twin.books().upgraded_unstopped(), 1);
}

#[test]
fn an_action_that_the_plan_does_not_have_is_refused() {
    let mut pool = Pool::six(&[]);
    assert_eq!(pool.ensure(perform(2, Moment::Upgrade, 2)).0, Err(Problem::Permanent));
    assert_eq!(pool.ensure(perform(2, Moment::AfterAccept, 63)).0, Err(Problem::Permanent));
    assert_eq!(pool.twin.books().changes(), 0);
}

#[test]
fn a_plan_without_a_version_is_not_asked_for_one() {
    let mut pool = Pool::of(&SIX.replace("  version: \"2\"\n", ""), &[]);
    assert_eq!(version(&mut pool, 0), VersionSeen::NotAsked);
    assert_eq!(pool.accepted(0), Acceptance::Good);
}

#[test]
fn front_ends_may_be_upgraded_from_the_start() {
    let plan = plan(SIX);
    let twin = Twin::new(&plan, &Setup { upgraded: 2, ..Setup::default() }, &[]);
    let mut pool = Pool { plan, twin, ticket: 0 };
    let versions = [0, 1, 2].map(|front_end| version(&mut pool, front_end));
    assert_eq!(versions, [VersionSeen::Planned, VersionSeen::Planned, VersionSeen::Other]);
    assert_eq!(pool.look(perform(1, Moment::Upgrade, 1)), Observation::Done);
    assert_eq!(pool.accepted(0), Acceptance::Good);
}
