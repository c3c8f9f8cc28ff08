//! The compiled graph as others read it: a versioned, sorted type of its own, so that what the compiler keeps inside
//! can change without breaking a reader. Its digest binds a saved plan and a journal to what was reviewed.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Reason, Route, StepGraph, StepKind};
use crate::plan::{Act, Length, Plan};

/// The version of this format: a minor version adds, a major one breaks.
pub const FORMAT_VERSION: &str = "1.0";

/// A compiled plan in words.
#[derive(Serialize, Debug, Clone)]
pub struct GraphText<'a> {
    pub format_version: &'static str,
    pub plan: PlanSummary<'a>,
    pub steps: Vec<StepText<'a>>,
    pub routes: Vec<RouteText<'a>>,
}

/// What of the plan decides a run beside its steps.
#[derive(Serialize, Debug, Clone)]
pub struct PlanSummary<'a> {
    pub name: &'a str,
    pub product: crate::plan::Product,
    pub pool: &'a str,
    pub domains: Vec<DomainText<'a>>,
    pub quorum: &'a crate::plan::Quorum,
    pub mode: crate::plan::Mode,
    pub window: Option<WindowText<'a>>,
    pub drain_then: crate::plan::AfterDrain,
    /// How long the immediate stop may take that follows a drain.
    pub stop_time_limit: Length,
    pub restart: crate::plan::Restart,
    pub partner: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql_server: Option<&'a str>,
    pub fail_over_when: crate::plan::FailoverWhen,
    pub front_ends_at_once: u16,
    pub failed_over_upgrades_at_once: u16,
    pub failed_front_ends: u16,
    pub version: Option<&'a str>,
    pub readiness_interval: Length,
    pub soak: Length,
    pub soak_restarts: u8,
    pub watch: [Length; 2],
    pub services: Option<&'a [String]>,
    pub ports: &'a [u16],
    pub back_off: Length,
    pub look_again: Length,
    pub looks: u8,
}

#[derive(Serialize, Debug, Clone)]
pub struct DomainText<'a> {
    pub name: &'a str,
    pub front_ends: Vec<&'a str>,
}

#[derive(Serialize, Debug, Clone)]
pub struct WindowText<'a> {
    pub start: jiff::Timestamp,
    pub end: jiff::Timestamp,
    pub time_zone: &'a str,
}

#[derive(Serialize, Debug, Clone)]
pub struct StepText<'a> {
    pub id: &'a str,
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub front_end: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<ActionText<'a>>,
    pub attempts: u8,
    pub time_limit: Length,
    pub expected: Length,
}

#[derive(Serialize, Debug, Clone)]
pub struct ActionText<'a> {
    pub name: &'a str,
    pub program: &'a str,
    pub arguments: &'a [String],
    #[serde(skip_serializing_if = "on_the_front_end")]
    pub at: crate::plan::Where,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub repeatable: bool,
    pub success: &'a [i32],
    pub reboot: &'a [i32],
}

#[derive(Serialize, Debug, Clone)]
pub struct RouteText<'a> {
    pub route: Route,
    pub expected: Length,
    pub edges: Vec<EdgeText<'a>>,
}

#[derive(Serialize, Debug, Clone)]
pub struct EdgeText<'a> {
    pub from: &'a str,
    pub to: &'a str,
    pub why: Reason,
}

impl<'a> GraphText<'a> {
    /// The graph in words; edges are sorted by the ids of their ends.
    pub fn of(graph: &'a StepGraph) -> GraphText<'a> {
        let plan = graph.plan();
        let mut routes = vec![RouteText::of(graph, Route::Rolling, graph.estimate().rolling)];
        if let (true, Some(expected)) = (graph.has(Route::FailedOver), graph.estimate().failed_over) {
            routes.push(RouteText::of(graph, Route::FailedOver, expected));
        }
        GraphText {
            format_version: FORMAT_VERSION,
            plan: PlanSummary::of(plan),
            steps: graph.ids().map(|id| StepText::of(graph, id)).collect(),
            routes,
        }
    }
}

impl<'a> PlanSummary<'a> {
    fn of(plan: &'a Plan) -> PlanSummary<'a> {
        PlanSummary {
            name: plan.name(),
            product: plan.product(),
            pool: &plan.pool().fqdn,
            domains: plan
                .pool()
                .domains
                .iter()
                .map(|domain| DomainText {
                    name: &domain.name,
                    front_ends: domain.front_ends().map(|id| plan.front_end(id).fqdn.as_str()).collect(),
                })
                .collect(),
            quorum: &plan.pool().quorum,
            mode: plan.mode(),
            window: plan.window().map(|window| WindowText {
                start: window.start,
                end: window.end,
                time_zone: &window.zone,
            }),
            drain_then: plan.drain().then,
            stop_time_limit: plan.limits().stop.time_limit.into(),
            restart: plan.upgrade().restart,
            partner: plan.failover().map(|failover| failover.partner.as_str()),
            sql_server: plan.databases().map(|databases| databases.sql_server.as_str()),
            fail_over_when: plan
                .failover()
                .map_or(crate::plan::FailoverWhen::Never, |failover| failover.when),
            front_ends_at_once: plan.at_once().front_ends,
            failed_over_upgrades_at_once: plan.at_once().failed_over_upgrades,
            failed_front_ends: plan.failed_front_ends(),
            version: plan.upgrade().version.as_deref(),
            readiness_interval: plan.readiness().interval.into(),
            soak: plan.settle().soak.into(),
            soak_restarts: plan.settle().restarts,
            watch: [plan.settle().watch.into(), plan.acceptance().watch.into()],
            services: plan.acceptance().services.as_deref(),
            ports: &plan.acceptance().ports,
            back_off: plan.limits().back_off.into(),
            look_again: plan.limits().look_again.into(),
            looks: plan.limits().looks,
        }
    }
}

impl<'a> StepText<'a> {
    fn of(graph: &'a StepGraph, id: super::StepId) -> StepText<'a> {
        let step = graph.step(id);
        let plan = graph.plan();
        StepText {
            id: &step.name,
            kind: kind_word(step.kind),
            front_end: step.kind.front_end().map(|front_end| plan.front_end(front_end).fqdn.as_str()),
            action: match step.kind {
                StepKind::Ensure(Act::Perform { moment, index, .. }) => {
                    let action = &plan.upgrade().at(moment)[usize::from(index)];
                    Some(ActionText {
                        name: &action.name,
                        program: &action.program,
                        arguments: &action.arguments,
                        at: action.at,
                        repeatable: action.repeatable,
                        success: &action.success,
                        reboot: &action.reboot,
                    })
                }
                _ => None,
            },
            attempts: step.limit.attempts,
            time_limit: step.limit.time_limit.into(),
            expected: step.expected.into(),
        }
    }
}

impl<'a> RouteText<'a> {
    fn of(graph: &'a StepGraph, route: Route, expected: std::time::Duration) -> RouteText<'a> {
        let mut edges = Vec::new();
        for from in graph.ids() {
            let mut to: Vec<_> = graph.successors(route, from).collect();
            to.sort_unstable();
            edges.extend(to.into_iter().map(|(to, why)| EdgeText {
                from: &graph.step(from).name,
                to: &graph.step(to).name,
                why,
            }));
        }
        RouteText { route, expected: expected.into(), edges }
    }
}

fn on_the_front_end(at: &crate::plan::Where) -> bool {
    *at == crate::plan::Where::FrontEnd
}

fn kind_word(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Preflight(_) | StepKind::PreflightPartner => "preflight",
        StepKind::Approve(_) => "approve",
        StepKind::Ready(_) => "ready",
        StepKind::Accept(_) => "accept",
        StepKind::Settle(_) => "settle",
        StepKind::Ensure(act) => match act {
            Act::Stop { mode: crate::plan::Mode::Graceful, .. } => "stop_graceful",
            Act::Stop { mode: crate::plan::Mode::Immediate, .. } => "stop_immediate",
            Act::Perform { .. } => "action",
            Act::Restart { .. } => "restart",
            Act::Start { .. } => "start",
            Act::FailOver => "fail_over",
            Act::FailBack => "fail_back",
            Act::UpdateDatabases => "databases",
        },
    }
}

impl StepGraph {
    /// The digest of everything that decides a run: SHA-256 over the graph in words, in hexadecimal.
    pub fn digest(&self) -> String {
        struct Hash(Sha256);
        impl std::io::Write for Hash {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.update(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let mut hash = Hash(Sha256::new());
        // Writing to a hash cannot fail, and every value of the type has a JSON form.
        let written = serde_json::to_writer(&mut hash, &GraphText::of(self));
        debug_assert!(written.is_ok());
        hash.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
