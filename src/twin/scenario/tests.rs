//! Scenarios against a plan: what they mean, and what is said when they mean nothing.

use std::sync::Arc;
use std::time::Duration;

use super::{Operator, Scenario, ScenarioText, scenario_schema};
use crate::document::{Code, Source, read};
use crate::plan::{Act, DomainId, FrontEndId, Mode, Moment};
use crate::twin::tests::{SIX, plan};
use crate::twin::{Begins, Fault, Lasts, Setup, Trouble, Twist};

const HEAD: &str = "kind: scenario\nversion: 1\nname: a test\n";
const MIN: u64 = 60_000;

fn resolved(body: &str, plan_text: &str) -> Result<Scenario, Vec<(Code, String, String)>> {
    let source = Arc::new(Source::from_text("scenario.yaml", format!("{HEAD}{body}")));
    let found = read::<ScenarioText>(Arc::clone(&source))
        .and_then(|document| Scenario::resolve(&document, &plan(plan_text)));
    found.map_err(|findings| {
        let told = |finding: &crate::document::Finding| {
            let at = finding.primary().map_or("", |span| source.slice(span));
            (finding.code(), at.to_owned(), finding.help().to_owned())
        };
        findings.iter().map(told).collect()
    })
}

fn scenario(body: &str) -> Scenario {
    resolved(body, SIX).unwrap_or_else(|findings| panic!("{body}: {findings:#?}"))
}

/// The one fault of a scenario.
fn fault(text: &str) -> Fault {
    let scenario = scenario(&format!("faults:\n- {text}\n"));
    assert_eq!(scenario.faults.len(), 1);
    scenario.faults[0]
}

/// The one finding of a scenario with this fault: its code and the text it points at.
fn finding(text: &str) -> (Code, String) {
    let findings = resolved(&format!("faults:\n- {text}\n"), SIX).unwrap_err();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    let (code, at, _) = findings.into_iter().next().unwrap();
    (code, at)
}

fn act(act: Act, twist: Twist) -> Fault {
    Fault::Act { act, attempt: 1, times: 1, twist }
}

fn pool(begins: Begins, lasts: Lasts, trouble: Trouble) -> Fault {
    Fault::Pool { begins, lasts, trouble }
}

#[test]
fn the_examples_of_every_fault_are_faults() {
    let schema = scenario_schema();
    let choices = schema["$defs"]["Fault"]["oneOf"].as_array().unwrap();
    assert_eq!(choices.len(), 18);
    for choice in choices {
        let examples = choice["examples"].as_array().unwrap_or_else(|| panic!("{choice:#}"));
        for example in examples {
            fault(&example.to_string());
        }
    }
}

#[test]
fn steps_have_the_names_that_people_see() {
    let fe = FrontEndId(2);
    let of = |step: &str| match fault(&format!("connection_lost: {{ step: {step}, when: after }}")) {
        Fault::Act { act, twist: Twist::LosesConnection { effect: true }, .. } => act,
        other => panic!("{other:?}"),
    };
    let perform = |moment, index| Act::Perform { front_end: fe, moment, index };
    assert_eq!(of("stop/fe03.contoso.com"), Act::Stop { front_end: fe, mode: Mode::Graceful });
    assert_eq!(of("failed_over/stop/FE03.contoso.com"), Act::Stop { front_end: fe, mode: Mode::Graceful });
    assert_eq!(of("upgrade/fe03.contoso.com/2"), perform(Moment::Upgrade, 1));
    assert_eq!(of("before_stop/fe03.contoso.com/1"), perform(Moment::BeforeStop, 0));
    assert_eq!(of("failed_over/after_accept/fe03.contoso.com/1"), perform(Moment::AfterAccept, 0));
    assert_eq!(of("restart/fe03.contoso.com"), Act::Restart { front_end: fe });
    assert_eq!(of("start/fe03.contoso.com"), Act::Start { front_end: fe });
    assert_eq!(of("fail_over"), Act::FailOver);
    assert_eq!(of("fail_back"), Act::FailBack);
}

#[test]
fn faults_are_aimed() {
    let fe = FrontEndId(2);
    let stop = Act::Stop { front_end: fe, mode: Mode::Graceful };
    let start = Act::Start { front_end: fe };
    let upgrade = Act::Perform { front_end: fe, moment: Moment::Upgrade, index: 0 };
    assert_eq!(fault("drain_hangs: { step: stop/fe03.contoso.com }"), act(stop, Twist::DrainHangs));
    assert_eq!(
        fault("fails: { step: upgrade/fe03.contoso.com/1, attempt: 2 }"),
        Fault::Act { act: upgrade, attempt: 2, times: 1, twist: Twist::Fails { exit_code: 1603 } }
    );
    assert_eq!(
        fault("fails_transiently: { step: start/fe03.contoso.com, times: 2 }"),
        Fault::Act { act: start, attempt: 1, times: 2, twist: Twist::FailsTransiently { exit_code: 1618 } }
    );
    assert_eq!(
        fault("asks_for_reboot: { step: upgrade/fe03.contoso.com/1 }"),
        act(upgrade, Twist::Exits { exit_code: 3010 })
    );
    assert_eq!(
        fault("stuck_in_start_pending: { step: start/fe03.contoso.com, for: 40m }"),
        act(start, Twist::StuckInStartPending { length: Some(40 * MIN) })
    );
    assert_eq!(
        fault("no_answer: { step: stop/fe03.contoso.com, when: before }"),
        act(stop, Twist::NoAnswer { effect: false })
    );
    assert_eq!(
        fault("underway: { step: upgrade/fe03.contoso.com/1 }"),
        act(upgrade, Twist::GoesOn { length: None })
    );
    assert_eq!(fault("partly: { step: stop/fe03.contoso.com }"), act(stop, Twist::EndsPartly));
    assert_eq!(fault("fail_over_fails: { how: half_way }"), act(Act::FailOver, Twist::HalfWay));
    let lasts = |lasts| Fault::NotAccepted { front_end: fe, begins: Begins::At(0), lasts };
    assert_eq!(fault("fails: { step: accept/fe03.contoso.com }"), lasts(Lasts::Always));
    assert_eq!(
        fault("fails_transiently: { step: failed_over/accept/fe03.contoso.com, times: 3 }"),
        lasts(Lasts::Times(3))
    );
}

#[test]
fn troubles_begin_and_last() {
    let start = Act::Start { front_end: FrontEndId(1) };
    assert_eq!(fault("pool_busy: {}"), pool(Begins::At(0), Lasts::Always, Trouble::Busy));
    assert_eq!(
        fault("pool_insufficient: { at: 1h, times: 1 }"),
        pool(Begins::At(60 * MIN), Lasts::Times(1), Trouble::Insufficient)
    );
    assert_eq!(
        fault("pool_unanswered: { step: start/fe02.contoso.com, after: 5m, for: 20m }"),
        pool(
            Begins::Act { act: start, attempt: 1, after: 5 * MIN },
            Lasts::For(20 * MIN),
            Trouble::Unanswered
        )
    );
    assert_eq!(
        fault("domain_not_ready: { domain: ud2, times: 2 }"),
        pool(Begins::At(0), Lasts::Times(2), Trouble::DomainNotReady(DomainId(1)))
    );
    assert_eq!(
        fault("readiness_lost: { at: 1m, for: 2m }"),
        pool(Begins::At(MIN), Lasts::Always, Trouble::ReadinessLost { length: Some(2 * MIN) })
    );
    assert_eq!(
        fault("front_end_dies: { front_end: fe05.contoso.com, step: start/fe02.contoso.com, attempt: 2 }"),
        Fault::Dies {
            front_end: FrontEndId(4),
            begins: Begins::Act { act: start, attempt: 2, after: 0 },
            returns_after: None
        }
    );
}

#[test]
fn what_means_nothing_is_found_in_its_place() {
    let found = |text: &str, code: Code, at: &str| assert_eq!(finding(text), (code, at.to_owned()), "{text}");
    let unknown = |text: &str, at: &str| found(text, Code::UnknownValue, at);
    unknown("drain_hangs: { step: stop/fe07.contoso.com }", "stop/fe07.contoso.com");
    unknown("drain_hangs: { step: halt/fe03.contoso.com }", "halt/fe03.contoso.com");
    unknown("drain_hangs: { step: stop/fe03.contoso.com/1 }", "stop/fe03.contoso.com/1");
    unknown("drain_hangs: { step: start/fe03.contoso.com }", "start/fe03.contoso.com");
    unknown("partly: { step: accept/fe03.contoso.com }", "accept/fe03.contoso.com");
    unknown("fails: { step: upgrade/fe03.contoso.com/3 }", "upgrade/fe03.contoso.com/3");
    unknown("fails: { step: upgrade/fe03.contoso.com/0 }", "upgrade/fe03.contoso.com/0");
    unknown("fails: { step: upgrade/fe03.contoso.com/1/1 }", "upgrade/fe03.contoso.com/1/1");
    unknown("fails: { step: '' }", "''");
    unknown("fails: { step: upgrade/fe03.contoso.com/1, exit_code: 3010 }", "3010");
    unknown("asks_for_reboot: { step: upgrade/fe03.contoso.com/1, exit_code: 2 }", "2");
    unknown("domain_not_ready: { domain: UD4 }", "UD4");
    unknown("front_end_dies: { front_end: fe5.contoso.com }", "fe5.contoso.com");
    found("fails: { step: stop/fe03.contoso.com, exit_code: 5 }", Code::UnknownKey, "5");
    found("partly: { step: stop/fe03.contoso.com, attempt: 0 }", Code::OutOfRange, "0");
    found("pool_busy: { times: 0 }", Code::OutOfRange, "0");
    found("pool_busy: { times: 1, for: 2m }", Code::ManyChoices, "1");
    found("pool_busy: { at: 1m, step: fail_over }", Code::ManyChoices, "1m");
    found("pool_busy: { after: 1m }", Code::MissingKey, "1m");
    found("pool_busy: { step: accept/fe03.contoso.com }", Code::UnknownValue, "accept/fe03.contoso.com");
}

#[test]
fn a_step_that_only_asks_is_said_to() {
    for step in ["settle/UD1", "ready/UD2", "preflight/fe03.contoso.com", "approve/before/UD1"] {
        let body = format!("faults:\n- fails: {{ step: {step} }}\n");
        let findings = resolved(&body, SIX).unwrap_err();
        assert!(findings[0].2.contains("`readiness_lost`"), "{findings:#?}");
    }
}

#[test]
fn a_slip_earns_a_guess_and_all_findings_come_together() {
    let body = "spread: 91\nupgraded: 7\noperator: { approves: sometimes }\nfaults:\n- partly: { step: stpo/fe03.contoso.com }\n- front_end_dies: { front_end: fe05.contso.com }\n";
    let findings = resolved(body, SIX).unwrap_err();
    let codes: Vec<_> = findings.iter().map(|(code, ..)| *code).collect();
    use Code::{SpreadOutOfRange, UnknownValue, UpgradedTooMany, WrongForm};
    assert_eq!(codes, [SpreadOutOfRange, UpgradedTooMany, WrongForm, UnknownValue, UnknownValue]);
    assert!(findings[3].2.contains("did you mean `stop`?"), "{findings:#?}");
    assert!(findings[4].2.contains("did you mean `fe05.contoso.com`?"), "{findings:#?}");
}

#[test]
fn what_no_plan_could_mend_is_found_without_one() {
    let body = "spread: 95\nstarts: { at: tomorrow }\noperator: { approves: soon }\nfaults:\n- pool_busy: { times: 0 }\n- pool_busy: { at: 1m, \
        step: stop/nobody }\n- partly: { step: stop/nobody, attempt: 0 }\n- front_end_dies: { front_end: nobody, after: 1m }\n- drain_hangs: { step: stop/nobody }\n";
    let text = format!("kind: scenario\nversion: 1\nname: a scenario\n{body}");
    let document = read::<ScenarioText>(Arc::new(Source::from_text("scenario.yaml", text))).unwrap();
    let codes: Vec<Code> = Scenario::check(&document).iter().map(|finding| finding.code()).collect();
    use Code::{ManyChoices, MissingKey, OutOfRange, SpreadOutOfRange, WrongForm};
    assert_eq!(
        codes,
        [SpreadOutOfRange, WrongForm, WrongForm, OutOfRange, ManyChoices, OutOfRange, MissingKey]
    );
}

#[test]
fn without_a_partner_nothing_fails_over() {
    let plan = SIX.replace("failover:\n  partner: pool02.contoso.com\n", "");
    for text in [
        "fail_over_fails: { how: not_done }",
        "fails: { step: fail_over }",
        "partner_unhealthy: { times: 1 }",
    ] {
        let findings = resolved(&format!("faults:\n- {text}\n"), &plan).unwrap_err();
        assert_eq!(findings[0].0, Code::UnknownValue);
    }
}

#[test]
fn the_clock_starts_by_an_instant_or_by_the_window() {
    let starts = |text: &str| scenario(&format!("starts: {text}\n")).starts.unwrap().to_string();
    assert_eq!(
        starts("{ at: \"2026-12-05T23:00\" }"),
        "2026-12-05T22:00:00Z",
        "Berlin, as the window has it"
    );
    assert_eq!(starts("{ at: \"2026-12-05T23:00Z\" }"), "2026-12-05T23:00:00Z");
    assert_eq!(starts("{ after_start: 30m }"), "2026-12-05T19:30:00Z");
    assert_eq!(starts("{ before_end: 1h }"), "2026-12-06T06:00:00Z");
    let window = "maintenance_window:\n  time_zone: Europe/Berlin\n  start: \"2026-12-05T20:00\"\n  end: \"2026-12-06T08:00\"\n";
    let without = SIX.replace(window, "");
    assert_eq!(resolved("starts: { before_end: 1h }\n", &without).unwrap_err()[0].0, Code::WrongForm);
    let utc = resolved("starts: { at: \"2026-12-05T23:00\" }\n", &without).unwrap();
    assert_eq!(utc.starts.unwrap().to_string(), "2026-12-05T23:00:00Z");
    for text in ["{ at: tomorrow }", "{ at: \"2026-03-29T02:30\" }"] {
        assert_eq!(resolved(&format!("starts: {text}\n"), SIX).unwrap_err()[0].0, Code::WrongForm, "{text}");
    }
}

#[test]
fn what_is_left_out_is_the_plans() {
    let quiet = scenario("");
    assert_eq!((quiet.operator, quiet.starts), (Operator::default(), None));
    let plans = Setup { seed: 3, spread: 10, sessions: 400, upgraded: 2 };
    assert_eq!(quiet.setup(plans), plans);
    let loud = scenario("seed: 7\nspread: 0\nsessions: 5\nupgraded: 6\n");
    assert_eq!(loud.setup(plans), Setup { seed: 7, spread: 0, sessions: 5, upgraded: 6 });
}

#[test]
fn the_operator_does_what_is_written() {
    let body = "operator: { approves: never, pauses_at: 1h, resumes_after: 8h, aborts_at: 2h }\n";
    let hours = |hours: u64| Some(Duration::from_secs(hours * 3600));
    let expected =
        Operator { approves: None, pauses_at: hours(1), resumes_after: hours(8), aborts_at: hours(2) };
    assert_eq!(scenario(body).operator, expected);
    assert_eq!(scenario("operator: { approves: 5m }\n").operator.approves, Some(Duration::from_secs(300)));
}
