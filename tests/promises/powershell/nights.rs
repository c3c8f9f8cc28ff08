//! Nights by step: whatever can go wrong in a rehearsal goes wrong on the bed, and the run through the real scripts has the journal of
//! its rehearsal.
//!
//! # What is left out, being otherwise by nature
//!
//! - A restart takes its engine along, so a connection that is lost in one tells nothing: the driver waits for the computer and looks
//!   by itself, and a restart that was asked for counts as underway for two minutes. The twin's caller learns at once that nobody
//!   knows. So `connection_lost`, `no_answer` and `underway` at `restart` are left out; what comes of them is in `rolls` and `sshd`.
//! - `no_answer` `before` at an upgrade: an engine that hangs before the action has a mark may yet begin it, so it keeps the lock, and
//!   another try is refused while it lives. In the twin such a call is gone.
//! - `no_answer` `before` at a stop, a start, and what runs where the management tools are (computer failover, pool failover): a cmdlet that
//!   hangs is seen to go on, by its mark, and is never begun beside itself. In the twin it is gone. `rolls` has a stop that hangs.
//! - `fails` at an action that has tries left: nobody can tell from an exit code that another try is in vain. The plan's `attempts` says
//!   whether there is one, so on the bed every failure of such an action is one that may pass.
//! - What comes back by itself while looks are counted (a restart that takes longer than its limit, a front end that is back before the
//!   last look at its upgrade), and pauses, aborts and troubles by the clock (`at`, `for`): two timers race.
//! - A partner that is needed and unhealthy before the run: it and the front ends answer at the same time, and who is heard before the run
//!   stops is a matter of milliseconds. `rolls` has it.
//!
//! Every third night of each kind is lived, for each starts engines; `POOLROLL_NIGHTS=all` lives all of them, and the name of one that one.

use super::Bed;
use super::journal::{Night, all_kinds, night, same};

const PARTNER: &str = "failover: { partner: pool02.contoso.com, start: automatic }";
const QUICK_DRAIN: &str = "maintenance_window: { drain: { limit: 10s } }";
const OPEN: &str = "maintenance_window: { time_zone: UTC, start: 2020-01-01T00:00, end: 2099-01-01T00:00, drain: { limit: 10s, then: immediate } }";

fn calm() -> Vec<Night> {
    vec![
        night("all well", "").upgraded(0),
        night("all well, computer failover", "").upgraded(0).skype(),
        // The return of the cmdlet proves nothing, and the rehearsal knows of none.
        night("a graceful stop that returns early", "")
            .upgraded(0)
            .live(|bed| bed.change(|state| state["graceful_returns_early"] = serde_json::json!(true))),
        night("nothing to do", "").upgraded(3),
    ]
}

fn stops() -> Vec<Night> {
    vec![
        night("a stop fails and is tried again", "fails_transiently: step: stop/fe03.contoso.com"),
        night(
            "a stop fails as often as it may be tried",
            "fails_transiently: step: stop/fe02.contoso.com, times: 2",
        )
        .upgraded(1),
        night("a stop fails for good", "fails: step: stop/fe02.contoso.com").upgraded(1),
        night(
            "a stop never reaches its front end",
            "connection_lost: step: stop/fe03.contoso.com, when: before",
        ),
        night("a stop ends unheard", "connection_lost: step: stop/fe03.contoso.com, when: after"),
        night("a stop goes on unheard", "underway: step: stop/fe03.contoso.com, for: 3s"),
        night("a stop is done and hangs", "no_answer: step: stop/fe03.contoso.com, when: after")
            .plan(QUICK_DRAIN),
        night("a stop ends half way", "partly: step: stop/fe03.contoso.com"),
        night("a drain hangs", "drain_hangs: step: stop/fe02.contoso.com").plan(QUICK_DRAIN).upgraded(1),
        night("a drain hangs and is cut short", "drain_hangs: step: stop/fe03.contoso.com").plan(OPEN),
    ]
}

fn upgrades() -> Vec<Night> {
    vec![
        night("an installer fails", "fails: step: upgrade/fe02.contoso.com/1, exit_code: 67").upgraded(1),
        night(
            "an installer fails and is tried again",
            "fails_transiently: step: upgrade/fe03.contoso.com/1, exit_code: 67",
        )
        .plan("action: attempts: 2"),
        night(
            "an installer fails as often as it may be tried",
            "fails_transiently: step: upgrade/fe02.contoso.com/1, exit_code: 67, times: 2",
        )
        .plan("action: attempts: 2")
        .upgraded(1),
        night(
            "an installer asks for a restart",
            "asks_for_reboot: step: upgrade/fe03.contoso.com/1, exit_code: 194",
        )
        .plan("action: reboot: [194]"),
        night(
            "an installer asks for a restart that the plan would spare",
            "asks_for_reboot: step: upgrade/fe03.contoso.com/1, exit_code: 194",
        )
        .plan("action: reboot: [194]")
        .plan("  restart: services"),
        night("no installer asks for a restart and none is made", "").plan("  restart: services"),
        night("an installer never begins", "connection_lost: step: upgrade/fe03.contoso.com/1, when: before")
            .plan("action: attempts: 2"),
        night(
            "an installer never begins and has no other try",
            "connection_lost: step: upgrade/fe02.contoso.com/1, when: before",
        )
        .upgraded(1),
        night("an installer ends unheard", "connection_lost: step: upgrade/fe03.contoso.com/1, when: after"),
        night("an installer goes on unheard", "underway: step: upgrade/fe03.contoso.com/1, for: 3s"),
        night(
            "an installer is done and nobody says so",
            "no_answer: step: upgrade/fe03.contoso.com/1, when: after",
        )
        .plan("action: time_limit: 10s"),
        night(
            "an installer takes longer than it may",
            "underway: step: upgrade/fe02.contoso.com/1, for: 20s",
        )
        .plan("action: time_limit: 6s")
        .upgraded(1),
        night(
            "a computer dies under its installer",
            "front_end_dies: front_end: fe02.contoso.com, step: upgrade/fe02.contoso.com/1",
        )
        .upgraded(1),
    ]
}

fn restarts() -> Vec<Night> {
    vec![
        night("a restart fails and is tried again", "fails_transiently: step: restart/fe03.contoso.com"),
        night("a restart fails for good", "fails: step: restart/fe02.contoso.com").upgraded(1),
        night("a restart takes long", "never_returns: step: restart/fe03.contoso.com, for: 2s"),
        night("a restart never comes back", "never_returns: step: restart/fe02.contoso.com")
            .plan("limits: { back_off: 200ms, look_again: 200ms, restart: { time_limit: 6s } }")
            .upgraded(1),
    ]
}

fn starts() -> Vec<Night> {
    const QUICK: &str = "limits: { back_off: 200ms, look_again: 200ms, start: { time_limit: 10s } }";
    vec![
        night("a start fails and is tried again", "fails_transiently: step: start/fe03.contoso.com"),
        night("a start fails for good", "fails: step: start/fe02.contoso.com").upgraded(1),
        night(
            "a start never reaches its front end",
            "connection_lost: step: start/fe03.contoso.com, when: before",
        ),
        night("a start ends unheard", "connection_lost: step: start/fe03.contoso.com, when: after"),
        night("a start goes on unheard", "underway: step: start/fe03.contoso.com, for: 3s"),
        night("a start is done and hangs", "no_answer: step: start/fe03.contoso.com, when: after")
            .plan(QUICK),
        night("services come up late", "stuck_in_start_pending: step: start/fe03.contoso.com, for: 2s"),
        night("services stay in StartPending", "stuck_in_start_pending: step: start/fe02.contoso.com")
            .plan(QUICK)
            .upgraded(1),
    ]
}

fn acceptance() -> Vec<Night> {
    const LIMIT: &str = "acceptance: { watch: 200ms, limit: 6s }";
    vec![
        // An installer that calls it a success and leaves the old version.
        night("the old version is left", "fails: step: accept/fe02.contoso.com").plan(LIMIT).upgraded(1),
        night("the new version is told late", "fails_transiently: step: accept/fe03.contoso.com, times: 3"),
        night("a port refuses", "fails: step: accept/fe02.contoso.com")
            .plan("acceptance: { watch: 200ms, limit: 6s, ports: [5061] }")
            .upgraded(1)
            .live(|_: &Bed| {}),
    ]
}

fn gates() -> Vec<Night> {
    vec![
        night("the pool is busy once", "pool_busy: times: 1"),
        night("the pool is busy twice", "pool_busy: times: 2"),
        night("the pool is busy three times and has no partner", "pool_busy: times: 3").upgraded(1),
        night("too few are active and there is no partner", "pool_insufficient: times: 1").upgraded(1),
        night("too few are active and a failover is never wanted", "pool_insufficient: times: 1")
            .plan("failover: { partner: pool02.contoso.com, when: never }")
            .upgraded(1),
        night("one observer does not answer", "pool_unanswered: times: 1"),
        night("no observer answers", "pool_unanswered:").upgraded(1),
        night("busy, then silent", "pool_unanswered: times: 1\npool_busy: times: 2"),
        night("a domain is not ready at first", "domain_not_ready: domain: UD3, times: 2"),
        night("a domain stays not ready", "domain_not_ready: domain: UD2").upgraded(1),
        night("another domain is not ready", "domain_not_ready: domain: UD1"),
    ]
}

fn failovers() -> Vec<Night> {
    const TWICE: &str = "limits: { back_off: 200ms, look_again: 200ms, fail_over: { attempts: 2 } }";
    const QUICK: &str = "limits: { back_off: 200ms, look_again: 200ms, fail_over: { time_limit: 10s } }";
    const BACK: &str = "limits: { back_off: 200ms, look_again: 200ms, fail_back: { time_limit: 10s } }";
    let over = |name, faults| night(name, faults).plan(PARTNER);
    vec![
        over("failed over", "pool_insufficient: times: 1").upgraded(0),
        over("busy three times and failed over", "pool_busy: times: 3"),
        night("failed over from the start", "")
            .plan("failover: { partner: pool02.contoso.com, when: always, start: automatic }"),
        over("the partner is unhealthy when it is needed", "pool_insufficient: times: 1\npartner_unhealthy:")
            .upgraded(1),
        over("the partner is unhealthy and not needed", "partner_unhealthy:"),
        over("the partner gets well", "pool_insufficient: times: 1\npartner_unhealthy: times: 2"),
        over("failing over fails", "pool_insufficient: times: 1\nfails: step: fail_over").upgraded(1),
        over(
            "failing over fails and is not needed any more",
            "pool_insufficient: times: 1\nfails_transiently: step: fail_over",
        )
        .plan(TWICE),
        over(
            "failing over fails and is tried again",
            "pool_insufficient: times: 2\nfails_transiently: step: fail_over",
        )
        .plan(TWICE),
        over(
            "failing over never begins",
            "pool_insufficient: times: 2\nconnection_lost: step: fail_over, when: before",
        )
        .plan(TWICE),
        over(
            "failing over ends unheard",
            "pool_insufficient: times: 1\nconnection_lost: step: fail_over, when: after",
        ),
        over(
            "failing over goes on unheard",
            "pool_insufficient: times: 1\nunderway: step: fail_over, for: 3s",
        ),
        over(
            "failing over is done and hangs",
            "pool_insufficient: times: 1\nno_answer: step: fail_over, when: after",
        )
        .plan(QUICK),
        over(
            "failing over does not take place",
            "pool_insufficient: times: 2\nfail_over_fails: how: not_done",
        )
        .plan(TWICE),
        over("failing over stops half way", "pool_insufficient: times: 1\nfail_over_fails: how: half_way")
            .plan(QUICK)
            .upgraded(1),
    ]
    .into_iter()
    .chain([
        over("failing back fails", "pool_insufficient: times: 1\nfails: step: fail_back"),
        over(
            "failing back fails and is tried again",
            "pool_insufficient: times: 1\nfails_transiently: step: fail_back",
        ),
        over(
            "failing back never begins",
            "pool_insufficient: times: 1\nconnection_lost: step: fail_back, when: before",
        ),
        over(
            "failing back ends unheard",
            "pool_insufficient: times: 1\nconnection_lost: step: fail_back, when: after",
        ),
        over(
            "failing back goes on unheard",
            "pool_insufficient: times: 1\nunderway: step: fail_back, for: 3s",
        ),
        over(
            "failing back is done and hangs",
            "pool_insufficient: times: 1\nno_answer: step: fail_back, when: after",
        )
        .plan(BACK),
        over(
            "a stop is lost while failed over",
            "pool_insufficient: times: 1\nfails: step: failed_over/stop/fe03.contoso.com",
        ),
    ])
    .collect()
}

fn deaths_and_soaks() -> Vec<Night> {
    const SOAK: &str = "settle: { watch: 200ms, soak: 3s, limit: 8s }";
    vec![
        night("a front end is dead before the run", "front_end_dies: front_end: fe02.contoso.com")// Whoever lives has answered by the time that the dead one is given up.
            .plan("limits: { back_off: 4s, look_again: 200ms }")
            .upgraded(1),
        night("one that is done dies during the soak", "front_end_dies: front_end: fe01.contoso.com, step: start/fe02.contoso.com, after: 4s")
            .plan(SOAK)
            .upgraded(1),
        night("the observer dies during the soak", "front_end_dies: front_end: fe03.contoso.com, step: start/fe02.contoso.com, after: 4s")
            .plan(SOAK)
            .upgraded(1),
        night("one dies during the soak and comes back", "front_end_dies: front_end: fe01.contoso.com, step: start/fe03.contoso.com, after: 4s, returns_after: 1500ms")
            .plan(SOAK),
        night("readiness is lost during the soak", "readiness_lost: step: start/fe03.contoso.com, after: 4s, for: 1500ms")
            .plan(SOAK),
        night("readiness is lost more often than it may", "readiness_lost: step: start/fe02.contoso.com, after: 4s, for: 1s")
            .plan("settle: { watch: 200ms, soak: 3s, limit: 8s, restarts: 0 }")
            .upgraded(1),
    ]
}

fn computer_failovers() -> Vec<Night> {
    vec![
        night(
            "a computer failover fails and is tried again",
            "fails_transiently: step: stop/fe03.contoso.com",
        ),
        night("a computer failover fails for good", "fails: step: stop/fe02.contoso.com").upgraded(1),
        night(
            "a computer failover never begins",
            "connection_lost: step: stop/fe03.contoso.com, when: before",
        ),
        night(
            "a computer failover ends unheard",
            "connection_lost: step: stop/fe03.contoso.com, when: after",
        ),
        night("a computer failover goes on unheard", "underway: step: stop/fe03.contoso.com, for: 3s"),
        night("a computer failover is done and hangs", "no_answer: step: stop/fe03.contoso.com, when: after")
            .plan(QUICK_DRAIN),
        night("a computer failover ends half way", "partly: step: stop/fe03.contoso.com"),
        night("a computer failover hangs", "drain_hangs: step: stop/fe02.contoso.com")
            .plan(QUICK_DRAIN)
            .upgraded(1),
        night("a computer failover hangs and is cut short", "drain_hangs: step: stop/fe03.contoso.com")
            .plan(OPEN),
        night(
            "a computer fail back fails and is tried again",
            "fails_transiently: step: start/fe03.contoso.com",
        ),
        night(
            "a computer fail back never begins",
            "connection_lost: step: start/fe03.contoso.com, when: before",
        ),
        night(
            "a computer fail back ends unheard",
            "connection_lost: step: start/fe03.contoso.com, when: after",
        ),
        night("a computer fail back goes on unheard", "underway: step: start/fe03.contoso.com, for: 3s"),
        night(
            "a computer fail back leaves services in StartPending",
            "stuck_in_start_pending: step: start/fe02.contoso.com",
        )
        .plan("limits: { back_off: 200ms, look_again: 200ms, start: { time_limit: 10s } }")
        .upgraded(1),
    ]
    .into_iter()
    .map(Night::skype)
    .collect()
}

#[test]
fn nights_on_which_all_is_well_are_the_rehearsed_ones() {
    same("nights_on_which_all_is_well_are_the_rehearsed_ones", &calm());
}

#[test]
fn nights_with_a_stop_that_goes_wrong_are_the_rehearsed_ones() {
    same("nights_with_a_stop_that_goes_wrong_are_the_rehearsed_ones", &stops());
}

#[test]
fn nights_with_an_upgrade_that_goes_wrong_are_the_rehearsed_ones() {
    same("nights_with_an_upgrade_that_goes_wrong_are_the_rehearsed_ones", &upgrades());
}

#[test]
fn nights_with_a_restart_that_goes_wrong_are_the_rehearsed_ones() {
    same("nights_with_a_restart_that_goes_wrong_are_the_rehearsed_ones", &restarts());
}

#[test]
fn nights_with_a_start_that_goes_wrong_are_the_rehearsed_ones() {
    same("nights_with_a_start_that_goes_wrong_are_the_rehearsed_ones", &starts());
}

#[test]
fn nights_on_which_a_front_end_is_not_accepted_are_the_rehearsed_ones() {
    same("nights_on_which_a_front_end_is_not_accepted_are_the_rehearsed_ones", &acceptance());
}

#[test]
fn nights_on_which_a_gate_stays_shut_are_the_rehearsed_ones() {
    same("nights_on_which_a_gate_stays_shut_are_the_rehearsed_ones", &gates());
}

#[test]
fn nights_on_which_the_pool_is_failed_over_are_the_rehearsed_ones() {
    same("nights_on_which_the_pool_is_failed_over_are_the_rehearsed_ones", &failovers());
}

#[test]
fn nights_on_which_the_pool_falls_apart_are_the_rehearsed_ones() {
    same("nights_on_which_the_pool_falls_apart_are_the_rehearsed_ones", &deaths_and_soaks());
}

#[test]
fn nights_with_a_computer_failover_that_goes_wrong_are_the_rehearsed_ones() {
    same("nights_with_a_computer_failover_that_goes_wrong_are_the_rehearsed_ones", &computer_failovers());
}

#[test]
fn every_kind_of_fault_has_a_night() {
    let nights =
        [stops(), upgrades(), restarts(), starts(), acceptance(), gates(), failovers(), deaths_and_soaks()];
    for kind in all_kinds() {
        assert!(
            nights.iter().flatten().any(|night| night.kinds().any(|of| of == kind)),
            "no night has {kind}"
        );
    }
}

#[test]
fn a_night_that_is_asked_for_by_its_name_is_one_of_these() {
    let Ok(name) = std::env::var("POOLROLL_NIGHTS") else { return };
    let others = [calm(), stops(), upgrades(), restarts(), starts(), acceptance(), gates(), failovers()];
    let mut nights = others.into_iter().chain([deaths_and_soaks(), computer_failovers()]).flatten();
    assert!(name == "all" || nights.any(|night| night.name == name), "no night is called `{name}`");
}
