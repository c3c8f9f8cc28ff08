//! Promise: a rule begins to speak exactly where its message says. Every line is a plan beside one that is on the other
//! side of the bound.

use std::sync::Arc;

use crate::document::{self, Code, Findings, Source};
use crate::plan::{self, PlanText};

/// What a plan earns, errors and warnings.
fn findings(text: &str) -> Findings {
    let source = Arc::new(Source::from_text("n".to_owned(), text.to_owned()));
    match document::read::<PlanText>(source) {
        Err(findings) => findings,
        Ok(document) => match plan::resolve(&document) {
            Err(findings) => findings,
            Ok(resolved) => resolved.warnings,
        },
    }
}

/// A generic pool of three front ends in two domains, with what else the plan says.
fn generic(more: &str) -> String {
    format!(
        "kind: plan\nversion: 1\nname: n\nproduct: generic\n\
         pool: {{ fqdn: p, minimum_active: 1, upgrade_domains: [{{ name: A, front_ends: [w1, w2] }}, {{ name: B, front_ends: [w3] }}] }}\n\
         upgrade: {{ version: '2', actions: [{{ program: u }}] }}\n{more}\n"
    )
}

/// A pool of a product, in domains of two, with what else the plan says.
fn product(product: &str, domains: usize, more: &str) -> String {
    let domains: Vec<String> =
        (1..=domains).map(|n| format!("{{ name: D{n}, front_ends: [a{n}.x.y, b{n}.x.y] }}")).collect();
    format!(
        "kind: plan\nversion: 1\nname: n\nproduct: {product}\n\
         pool: {{ fqdn: p.x.y, upgrade_domains: [{}] }}\n\
         upgrade: {{ version: '2', actions: [{{ program: u }}] }}\n{more}\n",
        domains.join(", ")
    )
}

fn lync(more: &str) -> String {
    product("lync_server_2013", 3, more)
}

#[track_caller]
fn earns(code: Code, text: &str) {
    let findings = findings(text);
    assert!(findings.iter().any(|finding| finding.code() == code), "no {code:?}:\n{text}\n{findings:#?}");
}

#[track_caller]
fn spares(code: Code, text: &str) {
    let findings = findings(text);
    assert!(findings.iter().all(|finding| finding.code() != code), "{code:?}:\n{text}\n{findings:#?}");
}

/// The help of the one finding with this code.
#[track_caller]
fn help(code: Code, text: &str) -> Vec<String> {
    let findings = findings(text);
    findings
        .iter()
        .filter(|finding| finding.code() == code)
        .map(|finding| finding.help().to_owned())
        .collect()
}

const ALWAYS: &str = "failover: { partner: q.x.y, when: always }\n";
const TROUBLED: &str = "failover: { partner: q.x.y, when: troubled }\n";

#[test]
fn lengths_may_be_as_long_as_seven_days() {
    spares(Code::LengthTooLong, &generic("settle: { soak: 7d }"));
    earns(Code::LengthTooLong, &generic("settle: { soak: 169h }"));
}

#[test]
fn a_limit_may_be_as_short_as_what_it_waits_for() {
    let stop = |limit: &str, expected: &str| {
        generic(&format!("limits: {{ stop: {{ time_limit: {limit} }} }}\nexpected: {{ stop: {expected} }}"))
    };
    spares(Code::TimeLimitShort, &stop("10m", "10m"));
    earns(Code::TimeLimitShort, &stop("9m", "10m"));
    // What is expected to take seven days is compared; what is absurd has a finding of its own.
    earns(Code::TimeLimitShort, &stop("1h", "7d"));
    spares(Code::TimeLimitShort, &stop("1h", "8d"));
    let drain = |stop: &str| {
        generic(&format!(
            "maintenance_window: {{ drain: {{ limit: 1h }} }}\nexpected: {{ drain: 1d, stop: {stop} }}"
        ))
    };
    assert!(help(Code::DrainLimitShort, &drain("6d"))[0].starts_with("raise"));
    assert!(help(Code::DrainLimitShort, &drain("7d"))[0].starts_with("correct"));
}

#[test]
fn only_who_drains_needs_the_time_for_it() {
    let drain = |mode: &str| {
        generic(&format!(
            "maintenance_window: {{ mode: {mode}, drain: {{ limit: 1m }} }}\nexpected: {{ drain: 1h }}"
        ))
    };
    earns(Code::DrainLimitShort, &drain("graceful"));
    spares(Code::DrainLimitShort, &drain("immediate"));
}

#[test]
fn only_who_may_fail_over_needs_the_time_for_it() {
    let over = |when: &str| {
        lync(&format!(
            "failover: {{ partner: q.x.y, when: {when} }}\nlimits: {{ fail_over: {{ time_limit: 1m }} }}\nexpected: {{ fail_over: 1h }}"
        ))
    };
    earns(Code::TimeLimitShort, &over("troubled"));
    spares(Code::TimeLimitShort, &over("never"));
}

#[test]
fn the_pool_is_asked_once_more_after_its_replicas_are_built() {
    let settle = |limit: &str, watch: &str, rebuild: &str| {
        generic(&format!("settle: {{ limit: {limit}, watch: {watch} }}\nexpected: {{ rebuild: {rebuild} }}"))
    };
    earns(Code::SettleLimitShort, &settle("10m", "1m", "10m"));
    spares(Code::SettleLimitShort, &settle("11m", "1m", "10m"));
    earns(Code::SettleLimitShort, &settle("1h", "1m", "7d"));
    // What is absurd by itself has a finding of its own, and is not compared.
    for absurd in [settle("10m", "0s", "10m"), settle("0s", "1m", "10m"), settle("1h", "1m", "8d")] {
        spares(Code::SettleLimitShort, &absurd);
    }
}

#[test]
fn what_is_watched_may_be_over_with_the_first_look() {
    spares(Code::WatchTooSlow, &generic("settle: { watch: 5m, soak: 5m }"));
    earns(Code::WatchTooSlow, &generic("settle: { watch: 6m, soak: 5m }"));
}

#[test]
fn numbers_may_be_as_large_as_their_messages_say() {
    for (code, most, beyond) in [
        (Code::MinimumActiveTooLarge, "pool: { minimum_active: 3", "pool: { minimum_active: 4"),
        (Code::FailedFrontEndsOutOfRange, "failed_front_ends: 3", "failed_front_ends: 4"),
        (
            Code::UpgradedTooMany,
            "driver: { simulated: { upgraded: 3 } }",
            "driver: { simulated: { upgraded: 4 } }",
        ),
        (
            Code::SpreadOutOfRange,
            "driver: { simulated: { spread: 90 } }",
            "driver: { simulated: { spread: 91 } }",
        ),
        (Code::RestartsOutOfRange, "settle: { restarts: 20 }", "settle: { restarts: 21 }"),
    ] {
        let text = |value: &str| match value.strip_prefix("pool: { minimum_active: ") {
            Some(minimum) => generic("").replace("minimum_active: 1", &format!("minimum_active: {minimum}")),
            None => generic(value),
        };
        spares(code, &text(most));
        earns(code, &text(beyond));
    }
    let named = |length: usize| generic("").replace("name: n\n", &format!("name: {}\n", "n".repeat(length)));
    spares(Code::NameMalformed, &named(200));
    earns(Code::NameMalformed, &named(201));
}

#[test]
fn a_pool_without_front_ends_is_told_so_and_no_more() {
    let text = generic("failed_front_ends: 1\ndriver: { simulated: { upgraded: 1 } }")
        .replace("[w1, w2]", "[]")
        .replace("[w3]", "[]");
    for code in [Code::FailedFrontEndsOutOfRange, Code::UpgradedTooMany] {
        spares(code, &text);
    }
    spares(Code::MinimumActiveZero, &text.replace("minimum_active: 1", "minimum_active: 0"));
    let together = generic(&format!("{ALWAYS}at_once: {{ failed_over_upgrades: 1 }}"));
    spares(Code::AtOnceNoEffect, &together.replace("[w1, w2]", "[]").replace("[w3]", "[]"));
}

#[test]
fn fewer_than_three_questions_are_few_for_a_product_that_is_asked_three_times() {
    earns(Code::AttemptsFew, &lync("readiness: { attempts: 2 }"));
    spares(Code::AttemptsFew, &lync("readiness: { attempts: 3 }"));
    spares(Code::AttemptsFew, &generic("readiness: { attempts: 2 }"));
}

#[test]
fn what_is_done_at_once_has_an_effect_up_to_all_there_are() {
    let together = |n: usize| lync(&format!("{ALWAYS}at_once: {{ failed_over_upgrades: {n} }}"));
    spares(Code::AtOnceNoEffect, &together(6));
    earns(Code::AtOnceNoEffect, &together(7));
    // One at a time is what is done anyhow, also by a plan that takes no domain alone.
    spares(Code::AtOnceNoEffect, &lync(&format!("{ALWAYS}at_once: {{ front_ends: 1 }}")));
    earns(Code::AtOnceNoEffect, &lync(&format!("{ALWAYS}at_once: {{ front_ends: 2 }}")));
    spares(Code::AtOnceNoEffect, &lync(&format!("{TROUBLED}at_once: {{ front_ends: 2 }}")));
}

#[test]
fn a_small_pool_is_enough_where_a_partner_always_serves() {
    let two = |name: &str, more: &str| product(name, 1, more);
    spares(Code::PoolOfTwo, &two("lync_server_2013", ALWAYS));
    earns(Code::PoolOfTwo, &two("lync_server_2013", TROUBLED));
    // What a product supports at all, no partner changes.
    earns(Code::PoolTooSmall, &two("skype_for_business_2019", ALWAYS));
    spares(Code::PoolTooSmall, &two("skype_for_business_2015", ALWAYS));
    earns(Code::PoolTooSmall, &two("skype_for_business_2015", TROUBLED));
}

#[test]
fn a_window_may_be_open_for_seven_days() {
    let window = |end: &str| {
        generic(&format!("maintenance_window: {{ start: '2026-03-02T00:00', end: '{end}', time_zone: UTC }}"))
    };
    spares(Code::WindowLong, &window("2026-03-09T00:00"));
    earns(Code::WindowLong, &window("2026-03-09T00:01"));
}

#[test]
fn a_window_with_parts_missing_is_told_so_and_not_that_there_is_none() {
    for part in ["start: '2026-03-02T00:00'", "end: '2026-03-02T00:00'", "time_zone: UTC"] {
        let text = generic(&format!("maintenance_window: {{ mode: immediate, {part} }}"));
        earns(Code::WindowIncomplete, &text);
        spares(Code::ImmediateNeedsWindow, &text);
    }
    earns(Code::ImmediateNeedsWindow, &generic("maintenance_window: { mode: immediate }"));
}

#[test]
fn a_program_needs_no_quotes_on_either_side() {
    for program in ["'\"u'", "'u\"'"] {
        earns(Code::ProgramMalformed, &generic("").replace("program: u", &format!("program: {program}")));
    }
}

#[test]
fn eight_unknown_names_get_a_guess() {
    let order: Vec<String> = (1..=9).map(|n| format!("a1.x.z{n}")).collect();
    let text =
        lync("").replace("fqdn: p.x.y,", &format!("fqdn: p.x.y, start_order: [{}],", order.join(", ")));
    let helps = help(Code::StartOrderUnknown, &text);
    assert_eq!(helps.len(), 9, "{helps:#?}");
    assert_eq!(helps.iter().filter(|help| help.starts_with("did you mean")).count(), 8, "{helps:#?}");
}

/// A pool that is reached by sessions over WinRM, with what else is said of them.
fn by_winrm(more: &str) -> String {
    lync(&format!(
        "driver: {{ powershell: {{ reach: {{ session: {{ over: {{ winrm: {{ {more} }} }} }} }} }} }}"
    ))
}

#[test]
fn a_password_is_had_from_a_variable_or_from_a_program() {
    let logon = |password: &str| by_winrm(&format!("logon: {{ user: u, password: {{ {password} }} }}"));
    for password in
        ["environment: POOL_PW2", "environment: _", "command: [pass, show, pool]", "command: [a b]"]
    {
        spares(Code::ReachMalformed, &logon(password));
    }
    for password in [
        "environment: ''",
        "environment: 2POOL",
        "environment: POOL-PW",
        "command: ['']",
        "command: [' pass']",
        "command: ['pass ']",
        "command: [\"pa\\tss\"]",
    ] {
        earns(Code::ReachMalformed, &logon(password));
    }
    earns(Code::SecretInPlan, &logon("command: [pass, --password, hunter2]"));
}

#[test]
fn a_logon_that_is_handed_on_reaches_a_share() {
    let from_a_share = |driver: String| driver.replace("program: u", r"program: '\\files\u.exe'");
    earns(Code::SecondHop, &from_a_share(by_winrm("")));
    earns(Code::SecondHop, &from_a_share(by_winrm("authentication: kerberos")));
    spares(Code::SecondHop, &from_a_share(by_winrm("authentication: credssp")));
    spares(Code::SecondHop, &by_winrm(""));
}

/// A generic pool that is driven by commands, with what else is said of one, of the driver and of the plan.
fn by_command(observe: &str, driver: &str, more: &str) -> String {
    generic(&format!(
        "driver: {{ command: {{ observe: {{ run: [o, '{{front_end}}'] {observe} }}, stop: {{ run: [s] }}, start: {{ run: [t] }} {driver} }} }}\n{more}"
    ))
}

#[test]
fn a_command_is_one_that_can_run() {
    let malformed = Code::CommandMalformed;
    spares(malformed, &by_command("", "", ""));
    for limit in ["1s", "7d"] {
        spares(malformed, &by_command(&format!(", time_limit: {limit}"), "", ""));
    }
    for limit in ["0s", "8d"] {
        earns(malformed, &by_command(&format!(", time_limit: {limit}"), "", ""));
    }
    for program in ["''", "' p'", "'p '"] {
        earns(malformed, &by_command("", &format!(", accept: {{ run: [{program}] }}"), ""));
    }
    // A claim is about the whole pool.
    let claim = |at: &str| {
        by_command("", &format!(", claim: {{ take: {{ run: [c] {at} }}, release: {{ run: [r] }} }}"), "")
    };
    spares(malformed, &claim(""));
    spares(malformed, &claim(", at: here"));
    earns(malformed, &claim(", at: front_end"));
    spares(malformed, &by_command(", at: front_end", "", ""));
    for (name, is_one) in
        [("A_2", true), ("_", true), ("''", false), ("2A", false), ("A-B", false), ("'A B'", false)]
    {
        for plan in [
            by_command("", &format!(", secrets: [{name}]"), ""),
            by_command("", &format!(", environment: {{ {name}: x }}"), ""),
            by_command(&format!(", environment: {{ {name}: x }}"), "", ""),
        ] {
            if is_one { spares(malformed, &plan) } else { earns(malformed, &plan) }
        }
    }
    for (exits, fits) in [("'0': running", true), ("x: running", false), ("'0': walking", false)] {
        let plan = by_command(&format!(", exits: {{ {exits} }}"), "", "").replace("version: '2', ", "");
        if fits { spares(malformed, &plan) } else { earns(malformed, &plan) }
    }
    // An exit code tells no version.
    earns(malformed, &by_command(", exits: { '0': running }", "", ""));
    earns(malformed, &by_command("", "", "acceptance: { services: [W3SVC] }"));
    earns(Code::DatabasesMisplaced, &by_command("", "", "databases: { sql_server: s.x }"));
    earns(Code::SecretInPlan, &by_command("", ", accept: { run: [a, --password, hunter2] }", ""));
}

#[test]
fn a_name_in_a_word_stands_for_something() {
    let unknown = Code::PlaceholderUnknown;
    let failover = "failover: { partner: q, when: never }";
    let accept =
        |word: &str, more: &str| by_command("", &format!(", accept: {{ run: [a, \"{word}\"] }}"), more);
    for word in ["{front_end}", "{domain}", "{pool}", "{mode}", "{{x}}", "plain"] {
        spares(unknown, &accept(word, ""));
    }
    spares(unknown, &accept("{partner}", failover));
    for word in ["{partner}", "{nobody}", "{", "}"] {
        earns(unknown, &accept(word, ""));
    }
    let claim = |word: &str| {
        by_command("", &format!(", claim: {{ take: {{ run: [c, '{word}'] }}, release: {{ run: [r] }} }}"), "")
    };
    spares(unknown, &claim("{pool}"));
    earns(unknown, &claim("{front_end}"));
    earns(unknown, &claim("{domain}"));
    let why = |plan: &str| format!("{:?}", findings(plan));
    assert!(why(&accept("{partner}", "")).contains("the plan has no partner"));
    assert!(why(&claim("{domain}")).contains("it is about the whole pool"));
    earns(unknown, &by_command(", directory: '/{nobody}'", "", ""));
    earns(unknown, &by_command("", ", environment: { A: '{front_end}{nobody}' }", ""));
    let action = |word: &str| {
        by_command("", "", "").replace("program: u", &format!("program: u, arguments: ['{word}']"))
    };
    spares(unknown, &action("{front_end}"));
    earns(unknown, &action("{partner}"));
    // Where no command reads the words, a brace is a brace.
    spares(unknown, &generic("").replace("program: u", "program: u, arguments: ['{nobody}']"));
}

#[test]
fn what_a_plan_needs_has_a_command() {
    let missing = Code::CommandMissing;
    let partner = ", partner: { health: { run: [h] }, state: { run: [s] }, fail_over: { run: [f] }, fail_back: { run: [b] } }";
    let services = |plan: String| plan.replace("version: '2',", "version: '2', restart: services,");
    spares(missing, &services(by_command("", "", "")));
    earns(missing, &services(by_command("", "", "failover: { partner: q }")));
    spares(missing, &services(by_command("", "", "failover: { partner: q, when: never }")));
    spares(missing, &services(by_command("", partner, "failover: { partner: q }")));
    spares(missing, &services(by_command("", partner, "failover: { partner: q, when: never }")));
    earns(missing, &services(by_command("", partner, "")));
    let computers = |plan: String| plan.replace("version: '2',", "version: '2', restart: computer,");
    earns(missing, &computers(by_command("", "", "")));
    spares(missing, &computers(by_command("", ", restart: { run: [r] }", "")));
    let here = |plan: String| plan.replace("program: u", "program: u, at: here");
    spares(Code::ActionMisplaced, &here(by_command("", "", "")));
    earns(Code::ActionMisplaced, &here(by_winrm("")));
    spares(Code::ActionMisplaced, &here(lync("")));
}
