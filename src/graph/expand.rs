//! The first pass: which steps there are, in which order of ids, under which names.
//!
//! Front ends all have the same chain of steps, so the steps of one front end lie side by side and a position in
//! the chain is arithmetic, not a table.

use std::time::Duration;

use super::{Approval, Step, StepId, StepKind};
use crate::plan::{Act, Consent, DomainId, FailoverWhen, FrontEndId, Limit, Moment, Plan};

/// Where the steps of each kind begin. All chains have the same shape, given by the number of actions at each moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Layout {
    before_stop: u32,
    actions: u32,
    after_accept: u32,
    /// The first step of the first front end's rolling chain.
    rolling: u32,
    /// The first failed-over step of the first front end; meaningful only with that route.
    failed_over: u32,
    pub(super) front_ends: u32,
    pub(super) preflight_partner: Option<StepId>,
    /// Gate, settling and approvals of each domain.
    pub(super) domains: Vec<DomainSteps>,
    pub(super) over: Option<OverSteps>,
    pub(super) databases: Option<DatabaseSteps>,
}

/// The steps that an upgrade domain has beside those of its front ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DomainSteps {
    pub approve_before: Option<StepId>,
    pub ready: StepId,
    pub settle: StepId,
    pub approve_after: Option<StepId>,
}

/// The steps that the failed-over route has beside those of the front ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OverSteps {
    pub approve_fail_over: Option<StepId>,
    pub fail_over: StepId,
    pub approve_fail_back: Option<StepId>,
    pub fail_back: StepId,
    pub settle: StepId,
}

/// The steps that update the databases of the pool: the last ones, on both routes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DatabaseSteps {
    pub approve: StepId,
    pub update: StepId,
}

/// The part of a chain that a step belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Link {
    BeforeStop,
    Stop,
    Upgrade,
    Restart,
    Start,
    Accept,
    AfterAccept,
}

impl Layout {
    /// Steps of one front end on the rolling route; the upgrade in the middle serves the other route too.
    pub(super) fn rolling_len(&self) -> u32 {
        self.before_stop + 1 + self.actions + 1 + 2 + self.after_accept
    }

    /// Steps of one front end that only the failed-over route has.
    fn own_len(&self) -> u32 {
        self.before_stop + 1 + 2 + self.after_accept
    }

    /// The rolling chain of a front end.
    pub(super) fn rolling_chain(&self, front_end: FrontEndId) -> std::ops::Range<u32> {
        let start = self.rolling + u32::from(front_end.0) * self.rolling_len();
        start..start + self.rolling_len()
    }

    /// The actions of the upgrade and the restart: the steps that both routes share.
    pub(super) fn upgrade_chain(&self, front_end: FrontEndId) -> std::ops::Range<u32> {
        let start = self.rolling_chain(front_end).start + self.before_stop + 1;
        start..start + self.actions + 1
    }

    /// Before the shared part on the failed-over route: the actions before a stop, and the stop.
    pub(super) fn over_head(&self, front_end: FrontEndId) -> std::ops::Range<u32> {
        let start = self.failed_over + u32::from(front_end.0) * self.own_len();
        start..start + self.before_stop + 1
    }

    /// After the shared part on the failed-over route: start, accept, actions after it.
    pub(super) fn over_tail(&self, front_end: FrontEndId) -> std::ops::Range<u32> {
        let start = self.over_head(front_end).end;
        start..start + 2 + self.after_accept
    }

    /// How many steps of a chain stand before its stop.
    pub(super) fn stop_offset(&self) -> u32 {
        self.before_stop
    }

    /// How many steps of a chain stand after its acceptance.
    pub(super) fn accept_offset(&self) -> u32 {
        self.after_accept
    }
}

/// What the pass hands on.
pub(super) struct Expanded {
    pub(super) steps: Vec<Step>,
    pub(super) layout: Layout,
}

/// Writes down every step of both routes.
pub(super) fn expand(plan: &Plan) -> Expanded {
    let upgrade = plan.upgrade();
    let mut layout = Layout {
        before_stop: upgrade.before_stop.len() as u32,
        actions: upgrade.actions.len() as u32,
        after_accept: upgrade.after_accept.len() as u32,
        rolling: 0,
        failed_over: 0,
        front_ends: plan.pool().front_ends.len() as u32,
        preflight_partner: None,
        domains: Vec::new(),
        over: None,
        databases: None,
    };
    let mut steps = Steps { plan, steps: Vec::new() };
    preflight(&mut steps, &mut layout);
    domains(&mut steps, &mut layout);
    layout.rolling = steps.steps.len() as u32;
    for front_end in plan.front_end_ids() {
        steps.chain("", front_end, Links::Whole);
    }
    if plan.databases().is_some() {
        let approve = steps.push("approve/databases".into(), StepKind::Approve(Approval::Databases));
        let update = steps.push("databases".into(), StepKind::Ensure(Act::UpdateDatabases));
        layout.databases = Some(DatabaseSteps { approve, update });
    }
    if plan.failover().is_some_and(|failover| failover.when != FailoverWhen::Never) {
        over(&mut steps, &mut layout);
    }
    Expanded { steps: steps.steps, layout }
}

fn preflight(steps: &mut Steps<'_>, layout: &mut Layout) {
    for front_end in steps.plan.front_end_ids() {
        let name = format!("preflight/{}", steps.plan.front_end(front_end).fqdn);
        steps.push(name, StepKind::Preflight(front_end));
    }
    if steps.plan.failover().is_some() {
        layout.preflight_partner = Some(steps.push("preflight/partner".into(), StepKind::PreflightPartner));
    }
}

fn domains(steps: &mut Steps<'_>, layout: &mut Layout) {
    let plan = steps.plan;
    for domain in plan.domain_ids() {
        let name = &plan.domain(domain).name;
        let approve_before = plan.approvals().before.binary_search(&domain).is_ok().then(|| {
            steps.push(format!("approve/before/{name}"), StepKind::Approve(Approval::Before(domain)))
        });
        let ready = steps.push(format!("ready/{name}"), StepKind::Ready(domain));
        let settle = steps.push(format!("settle/{name}"), StepKind::Settle(Some(domain)));
        let approve_after =
            plan.approvals().after.binary_search(&domain).is_ok().then(|| {
                steps.push(format!("approve/after/{name}"), StepKind::Approve(Approval::After(domain)))
            });
        layout.domains.push(DomainSteps { approve_before, ready, settle, approve_after });
    }
}

fn over(steps: &mut Steps<'_>, layout: &mut Layout) {
    let Some(failover) = steps.plan.failover() else { return };
    let approve = |steps: &mut Steps<'_>, consent, name: &str, approval| {
        (consent == Consent::Approval).then(|| steps.push(name.to_owned(), StepKind::Approve(approval)))
    };
    let approve_fail_over = approve(steps, failover.start, "approve/fail_over", Approval::FailOver);
    let fail_over = steps.push("fail_over".into(), StepKind::Ensure(Act::FailOver));
    layout.failed_over = steps.steps.len() as u32;
    for front_end in steps.plan.front_end_ids() {
        steps.chain("failed_over/", front_end, Links::NotShared);
    }
    let approve_fail_back = approve(steps, failover.fail_back, "approve/fail_back", Approval::FailBack);
    let fail_back = steps.push("fail_back".into(), StepKind::Ensure(Act::FailBack));
    let settle = steps.push("failed_over/settle".into(), StepKind::Settle(None));
    layout.over = Some(OverSteps { approve_fail_over, fail_over, approve_fail_back, fail_back, settle });
}

/// Which links of a chain to write down.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Links {
    Whole,
    /// Without the upgrade, which the rolling chain holds for both routes.
    NotShared,
}

struct Steps<'a> {
    plan: &'a Plan,
    steps: Vec<Step>,
}

impl Steps<'_> {
    fn push(&mut self, name: String, kind: StepKind) -> StepId {
        let id = StepId(self.steps.len() as u32);
        let (limit, expected) = self.numbers(kind);
        self.steps.push(Step { name, kind, limit, expected });
        id
    }

    fn numbers(&self, kind: StepKind) -> (Limit, Duration) {
        let plan = self.plan;
        let watched = |limit| Limit { attempts: 1, time_limit: limit };
        match kind {
            StepKind::Preflight(_) | StepKind::PreflightPartner => (plan.limits().observe, Duration::ZERO),
            // A person has no time limit.
            StepKind::Approve(_) => (watched(Duration::ZERO), Duration::ZERO),
            StepKind::Ready(_) => (
                Limit { attempts: plan.readiness().attempts, time_limit: plan.readiness().time_limit },
                Duration::ZERO,
            ),
            StepKind::Ensure(act) => (plan.limit_of(act), plan.expected_of(act)),
            StepKind::Accept(_) => (watched(plan.acceptance().limit), plan.acceptance().stay_good),
            StepKind::Settle(_) => (watched(plan.settle().limit), plan.expected_settling()),
        }
    }

    fn chain(&mut self, prefix: &str, front_end: FrontEndId, links: Links) {
        let fqdn = self.plan.front_end(front_end).fqdn.as_str();
        let mode = self.plan.mode();
        self.actions(prefix, front_end, Moment::BeforeStop);
        self.ensure(format!("{prefix}stop/{fqdn}"), Act::Stop { front_end, mode });
        if links == Links::Whole {
            self.actions("", front_end, Moment::Upgrade);
            self.ensure(format!("restart/{fqdn}"), Act::Restart { front_end });
        }
        self.ensure(format!("{prefix}start/{fqdn}"), Act::Start { front_end });
        self.push(format!("{prefix}accept/{fqdn}"), StepKind::Accept(front_end));
        self.actions(prefix, front_end, Moment::AfterAccept);
    }

    fn actions(&mut self, prefix: &str, front_end: FrontEndId, moment: Moment) {
        let fqdn = self.plan.front_end(front_end).fqdn.as_str();
        let word = moment.word();
        for index in 0..self.plan.upgrade().at(moment).len() as u8 {
            let name = format!("{prefix}{word}/{fqdn}/{}", index + 1);
            self.ensure(name, Act::Perform { front_end, moment, index });
        }
    }

    fn ensure(&mut self, name: String, act: Act) {
        self.push(name, StepKind::Ensure(act));
    }
}

/// The link of a chain that a step is, by its kind.
pub(super) fn link(kind: StepKind) -> Option<Link> {
    Some(match kind {
        StepKind::Accept(_) => Link::Accept,
        StepKind::Ensure(Act::Stop { .. }) => Link::Stop,
        StepKind::Ensure(Act::Restart { .. }) => Link::Restart,
        StepKind::Ensure(Act::Start { .. }) => Link::Start,
        StepKind::Ensure(Act::Perform { moment, .. }) => match moment {
            Moment::BeforeStop => Link::BeforeStop,
            Moment::Upgrade => Link::Upgrade,
            Moment::AfterAccept => Link::AfterAccept,
        },
        _ => return None,
    })
}

impl Layout {
    pub(super) fn domain(&self, domain: DomainId) -> &DomainSteps {
        &self.domains[domain.index()]
    }
}
