//! Promise: what takes exactly as long as the window is open fits it, and what takes a minute more does not.

use std::sync::Arc;
use std::time::Duration;

use super::{Estimate, Route, StepId, StepKind, check};
use crate::document::{self, Code, Findings, Source};
use crate::plan::{self, Act, Moment, PlanText};

/// The estimate of a plan whose window is open for so long, and what that window earns. Domains have two front ends.
fn open_for(length: Duration, product: &str, more: &str) -> (Estimate, Findings) {
    let opens = jiff::civil::date(2026, 3, 2).at(0, 0, 0, 0);
    let closes = opens + jiff::SignedDuration::try_from(length).expect("a length of a plan");
    let text = format!(
        "kind: plan\nversion: 1\nname: n\nproduct: {product}\n\
         pool: {{ fqdn: p.x.y, upgrade_domains: [{{ name: A, front_ends: [a1.x.y, a2.x.y] }}, {{ name: B, front_ends: [b1.x.y, b2.x.y] }}] }}\n\
         upgrade: {{ version: '2', actions: [{{ program: u }}] }}\n\
         maintenance_window: {{ start: {}, end: {}, time_zone: UTC }}\n{more}\n",
        opens.strftime("%Y-%m-%dT%H:%M"),
        closes.strftime("%Y-%m-%dT%H:%M")
    );
    let source = Arc::new(Source::from_text("n".to_owned(), text));
    let document = document::read::<PlanText>(source).expect("a plan that can be read");
    let resolved = plan::resolve(&document).expect("a plan that holds its rules");
    (Estimate::of(&resolved.plan), check(&resolved.plan, document.body()))
}

const DAYS: Duration = Duration::from_secs(6 * 24 * 60 * 60);
const MINUTE: Duration = Duration::from_secs(60);
const LYNC: &str = "lync_server_2013";

fn earns(code: Code, length: Duration, more: &str) -> bool {
    open_for(length, LYNC, more).1.iter().any(|finding| finding.code() == code)
}

#[test]
fn a_window_may_be_as_short_as_what_has_to_fit_it() {
    let troubled = "failover: { partner: q.x.y }";
    let always = "failover: { partner: q.x.y, when: always }";
    let estimate = |more| open_for(DAYS, LYNC, more).0;
    for (code, more, needed) in [
        (Code::PlanDoesNotFitWindow, "", estimate("").rolling),
        (Code::DomainDoesNotFitWindow, "", estimate("").domains[0]),
        (Code::FailoverDoesNotFitWindow, troubled, estimate(troubled).failed_over.expect("a partner")),
        (Code::WindowTooShort, always, estimate(always).failed_over.expect("a partner")),
    ] {
        assert!(!earns(code, needed, more), "{code:?} at {needed:?}");
        assert!(earns(code, needed - MINUTE, more), "{code:?} under {needed:?}");
    }
}

/// Whichever way the pool is upgraded, its databases are updated last.
#[test]
fn databases_add_their_own_time_to_both_routes() {
    let always = "failover: { partner: q.x.y, when: always }";
    let of = |more: &str| open_for(DAYS, LYNC, &format!("{always}\n{more}")).0;
    let (without, with) = (of(""), of("databases: { sql_server: sql.x.y }"));
    let own = with.databases;
    assert!(own > Duration::ZERO);
    assert_eq!(with.rolling, without.rolling + own);
    assert_eq!(with.failed_over, without.failed_over.map(|without| without + own));
}

#[test]
fn more_at_once_is_advised_where_more_may_be_and_are_there() {
    let advises = |product: &str, more: &str| {
        let (_, findings) = open_for(MINUTE, product, more);
        let domain = findings.iter().find(|finding| finding.code() == Code::DomainDoesNotFitWindow);
        domain.expect("a domain takes longer than a minute").help().contains("at_once.front_ends")
    };
    assert!(advises(LYNC, ""));
    assert!(!advises(LYNC, "at_once: { front_ends: 2 }"));
    // It takes one computer at a time.
    assert!(!advises("skype_for_business_2015", ""));
}

#[test]
fn the_steps_of_a_front_end_are_found_whatever_stands_around_them() {
    let around = "upgrade: { version: '2', before_stop: [{ program: a }, { program: b }], \
                  actions: [{ program: u }, { program: v }, { program: w }], \
                  after_accept: [{ program: c }, { program: d }, { program: e }] }";
    let text = format!(
        "kind: plan\nversion: 1\nname: n\nproduct: {LYNC}\nfailover: {{ partner: q.x.y }}\n\
         pool: {{ fqdn: p.x.y, upgrade_domains: [{{ name: A, front_ends: [a1.x.y, a2.x.y] }}] }}\n{around}\n"
    );
    let source = Arc::new(Source::from_text("n".to_owned(), text));
    let document = document::read::<PlanText>(source).expect("a plan that can be read");
    let graph = super::build(Arc::new(plan::resolve(&document).expect("a plan that holds its rules").plan));
    for front_end in graph.plan().front_end_ids() {
        for route in [Route::Rolling, Route::FailedOver] {
            let stop = graph.stop_of(route, front_end);
            assert!(matches!(graph.act(stop), Some(Act::Stop { front_end: of, .. }) if of == front_end));
            assert_eq!(graph.kind(graph.accept_of(route, front_end)), StepKind::Accept(front_end));
            assert!(graph.is_on(route, stop) && graph.is_on(route, graph.accept_of(route, front_end)));
        }
        let upgrade = graph.upgrade_of(front_end);
        let acts: Vec<_> =
            (upgrade.start.0..upgrade.end.0).filter_map(|step| graph.act(StepId(step))).collect();
        let action = |index| Act::Perform { front_end, moment: Moment::Upgrade, index };
        assert_eq!(acts, [action(0), action(1), action(2), Act::Restart { front_end }]);
    }
}
