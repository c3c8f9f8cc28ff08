//! What a live pool says, against the plan of a pool of eight.

use std::sync::Arc;

use super::*;
use crate::document::{self, Document, Source};

const PLAN: &str = "kind: plan
version: 1
name: big
product: skype_for_business_2019
pool:
  fqdn: pool01.contoso.com
  upgrade_domains:
    - { name: UD1, front_ends: [a.contoso.com, b.contoso.com, c.contoso.com] }
    - { name: UD2, front_ends: [d.contoso.com, e.contoso.com, f.contoso.com] }
    - { name: UD3, front_ends: [g.contoso.com, h.contoso.com] }
  start_order: [a.contoso.com, b.contoso.com, c.contoso.com, d.contoso.com, e.contoso.com, f.contoso.com, g.contoso.com, h.contoso.com]
maintenance_window: { time_zone: UTC, start: 2027-01-02T20:00, end: 2027-01-03T20:00 }
failover: { partner: pool02.contoso.com }
upgrade:
  version: 7.0.2046.530
  actions: [{ program: update.exe }]
";

/// A pool that is just as planned, and ready.
fn good(graph: &StepGraph) -> Looked {
    let seen = Seen { version: VersionSeen::Other, active: true };
    let survey = Survey { is_ordered: true, ..Survey::as_planned(graph.plan()) };
    Looked {
        survey,
        front_ends: vec![(seen, Facts::default()); graph.plan().pool().front_ends.len()],
        partner: Some((PartnerHealth::Healthy, Facts::default())),
        readiness: Some((DomainId(0), Readiness::Ready { domain: true, inactive: vec![] }, Facts::default())),
    }
}

fn codes(change: impl FnOnce(&mut Looked), now: &str) -> Vec<Code> {
    let compiled = crate::exec::live::compile("plan.yaml", PLAN.as_bytes())
        .unwrap_or_else(|(_, findings)| panic!("{findings:?}"));
    let source = Arc::new(Source::from_text("plan.yaml", PLAN));
    let document: Document<PlanText> = document::read(source).unwrap();
    let mut looked = good(&compiled.graph);
    change(&mut looked);
    let found = findings(&compiled.graph, document.body(), &looked, now.parse().unwrap());
    for finding in found.iter() {
        assert!(finding.code() == Code::LiveUnanswered || finding.primary().is_some(), "{finding}");
    }
    // The pool has eight front ends, which is said whatever else is.
    let (witness, others): (Vec<Code>, Vec<Code>) =
        found.iter().map(Finding::code).partition(|code| *code == Code::LiveWitness);
    assert_eq!(witness.len(), 1);
    others
}

const INSIDE: &str = "2027-01-02T20:30:00Z";

#[test]
fn a_pool_as_planned_earns_nothing() {
    assert_eq!(codes(|_| {}, INSIDE), []);
}

#[test]
fn the_clock_is_held_against_the_window() {
    assert_eq!(codes(|_| {}, "2027-01-02T19:59:59Z"), [Code::WindowAhead]);
    assert_eq!(codes(|_| {}, "2027-01-03T20:00:00Z"), [Code::WindowOver]);
    assert_eq!(codes(|_| {}, "2027-01-03T19:00:00Z"), [Code::WindowRest]);
}

#[test]
fn who_belongs_to_the_pool_is_compared() {
    let missing = |looked: &mut Looked| drop(looked.survey.front_ends.remove(3));
    assert_eq!(codes(missing, INSIDE), [Code::LiveFrontEndMissing]);
    let more = |looked: &mut Looked| looked.survey.front_ends.push("x.contoso.com".into());
    assert_eq!(codes(more, INSIDE), [Code::LiveFrontEndUnlisted]);
    let moved = |looked: &mut Looked| {
        let it = looked.survey.domains[0].1.remove(0);
        looked.survey.domains[1].1.push(it);
    };
    assert_eq!(codes(moved, INSIDE), [Code::LiveDomainDiffers]);
}

#[test]
fn the_order_is_compared_where_the_quorum_goes_by_it() {
    // Of eight, four of the first seven must run: who is eighth matters, and who is first does not.
    assert_eq!(codes(|looked| looked.survey.front_ends.swap(0, 5), INSIDE), []);
    assert_eq!(codes(|looked| looked.survey.front_ends.swap(0, 7), INSIDE), [Code::LiveOrderDiffers]);
}

#[test]
fn what_the_pool_says_of_itself_is_told() {
    let readiness = |readiness| {
        move |looked: &mut Looked| looked.readiness = Some((DomainId(0), readiness, Facts::default()))
    };
    assert_eq!(codes(readiness(Readiness::Busy), INSIDE), [Code::LiveNotReady]);
    assert_eq!(codes(readiness(Readiness::InsufficientActiveFrontEnds), INSIDE), [Code::LiveNotReady]);
    assert_eq!(codes(readiness(Readiness::Unanswered), INSIDE), [Code::LiveUnanswered]);
    let flag = Readiness::Ready { domain: false, inactive: vec![] };
    assert_eq!(codes(readiness(flag), INSIDE), [Code::LiveNotReady]);
    let partner = |health| move |looked: &mut Looked| looked.partner = Some((health, Facts::default()));
    assert_eq!(codes(partner(PartnerHealth::Unhealthy), INSIDE), [Code::LivePartner]);
    assert_eq!(codes(partner(PartnerHealth::Unanswered), INSIDE), [Code::LiveUnanswered]);
    assert_eq!(codes(|looked| looked.front_ends[2].0.active = false, INSIDE), [Code::LiveInactive]);
    let silent = |looked: &mut Looked| looked.front_ends[2].0.version = VersionSeen::Unanswered;
    assert_eq!(codes(silent, INSIDE), [Code::LiveUnanswered]);
    let done = |looked: &mut Looked| {
        looked.front_ends.iter_mut().for_each(|(seen, _)| seen.version = VersionSeen::Planned);
    };
    assert_eq!(codes(done, INSIDE), [Code::LiveUpgraded]);
    let unasked =
        |looked: &mut Looked| looked.survey.unasked.push("the upgrade domains: nobody answered".into());
    assert_eq!(codes(unasked, INSIDE), [Code::LiveUnanswered]);
    let absent = |looked: &mut Looked| looked.survey.absent.push("`stop` runs `stop.sh`".into());
    assert_eq!(codes(absent, INSIDE), [Code::LiveProgramAbsent]);
}
