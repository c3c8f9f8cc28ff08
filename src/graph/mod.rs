//! The compiler: a plan becomes steps and two routes over them.
//!
//! Named passes, in order: `check` (the rules that need durations: what fits the window), `expand` (which steps there
//! are), `order` (what waits for what, and why). The routes are acyclic, a step that both share (the upgrades) is one
//! step, ids follow the order of the plan: the same plan gives the same bytes.
//!
//! ```text
//! rolling      preflight -> ready/UD1 -> [stop -> upgrade -> restart -> start -> accept] -> settle/UD1 -> ready/UD2 ...
//! failed over  preflight -> fail_over -> [stop -> upgrade -> restart] -> fail_back -> [start -> accept] -> settle
//! ```
//!
//! How many at once is a limit that the machine keeps, not an edge.

mod check;
mod estimate;
mod expand;
mod order;
mod step;
#[cfg(test)]
mod tests;
mod written;

use std::ops::Range;
use std::sync::Arc;

use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

pub use check::check;
pub use estimate::Estimate;
pub use expand::{DatabaseSteps, DomainSteps, Link, OverSteps};
pub use step::{Approval, Reason, Route, Step, StepId, StepKind};
pub use written::{FORMAT_VERSION, GraphText};

use crate::document::Findings;
use crate::plan::{Act, DomainId, FailoverWhen, FrontEndId, Plan, PlanText};
use expand::{Expanded, Layout, expand};
use order::RouteGraph;

/// A compiled plan. Holding one proves that both routes are acyclic and ordered and that the rules which need
/// durations hold.
#[derive(Clone, Debug)]
pub struct StepGraph {
    plan: Arc<Plan>,
    steps: Vec<Step>,
    layout: Layout,
    rolling: RouteGraph,
    failed_over: Option<RouteGraph>,
    estimate: Estimate,
}

/// A compiled plan and the warnings that came with it.
#[derive(Debug)]
pub struct Compiled {
    pub graph: StepGraph,
    pub warnings: Findings,
}

/// Compiles a checked plan. `text` is where findings point to.
///
/// # Errors
///
/// What only durations can tell: a window into which not even one domain fits.
pub fn compile(plan: Arc<Plan>, text: &PlanText) -> Result<Compiled, Findings> {
    let warnings = check(&plan, text);
    if warnings.has_errors() {
        return Err(warnings);
    }
    Ok(Compiled { graph: build(plan), warnings })
}

fn build(plan: Arc<Plan>) -> StepGraph {
    let Expanded { steps, layout } = expand(&plan);
    let rolling = order::rolling(&plan, &steps, &layout);
    let failed_over = order::failed_over(&plan, &steps, &layout);
    let estimate = Estimate::of(&plan);
    let graph = StepGraph { plan, steps, layout, rolling, failed_over, estimate };
    debug_assert!(graph.is_acyclic(), "the passes made a cycle");
    graph
}

impl StepGraph {
    /// The graph of the same plan with one front end at a time: it has the same steps.
    pub fn one_at_a_time(&self) -> StepGraph {
        build(Arc::new(self.plan.one_at_a_time()))
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The plan, shared.
    pub fn plan_arc(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Every step of both routes, by id.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    pub fn step(&self, id: StepId) -> &Step {
        &self.steps[id.index()]
    }

    pub fn kind(&self, id: StepId) -> StepKind {
        self.steps[id.index()].kind
    }

    pub fn ids(&self) -> impl DoubleEndedIterator<Item = StepId> + ExactSizeIterator + use<> {
        (0..self.steps.len() as u32).map(StepId)
    }

    /// The kind of a step that may not be of this graph: a journal or a person names it.
    pub fn checked_kind(&self, id: StepId) -> Option<StepKind> {
        self.steps.get(id.index()).map(|step| step.kind)
    }

    /// The step of this name, as a person types it.
    pub fn find(&self, name: &str) -> Option<StepId> {
        self.steps.iter().position(|step| step.name == name).map(|index| StepId(index as u32))
    }

    /// How long things take when all is well.
    pub fn estimate(&self) -> &Estimate {
        &self.estimate
    }

    /// The gate, the settling and the approvals of a domain.
    pub fn domain(&self, domain: DomainId) -> &DomainSteps {
        self.layout.domain(domain)
    }

    /// The pool's own steps on the failed-over route, in a plan that has one.
    pub fn over(&self) -> Option<&OverSteps> {
        self.layout.over.as_ref()
    }

    /// The steps that update the databases, in a plan that says so.
    pub fn databases(&self) -> Option<&DatabaseSteps> {
        self.layout.databases.as_ref()
    }

    /// When the pool is failed over; `Never` also without a partner.
    pub fn failover_when(&self) -> FailoverWhen {
        self.plan.failover().map_or(FailoverWhen::Never, |failover| failover.when)
    }

    /// The steps that look before anything happens.
    pub fn preflight(&self) -> impl Iterator<Item = StepId> + use<> {
        let front_ends = 0..self.layout.front_ends;
        front_ends.map(StepId).chain(self.layout.preflight_partner)
    }

    pub fn preflight_of(&self, front_end: FrontEndId) -> StepId {
        StepId(u32::from(front_end.0))
    }

    /// The steps of one front end on a route, in order.
    pub fn chain(&self, route: Route, front_end: FrontEndId) -> impl Iterator<Item = StepId> + use<> {
        order::chain(&self.layout, route, front_end)
    }

    /// Every step of one front end: what it is looked at by before the run, and its chains on both routes.
    pub fn steps_of(&self, front_end: FrontEndId) -> impl Iterator<Item = StepId> + use<> {
        let other = self.has(Route::FailedOver).then(|| self.chain(Route::FailedOver, front_end));
        std::iter::once(self.preflight_of(front_end))
            .chain(self.chain(Route::Rolling, front_end))
            .chain(other.into_iter().flatten())
    }

    /// The steps that upgrade one front end, the restart last: both routes share them.
    pub fn upgrade_of(&self, front_end: FrontEndId) -> Range<StepId> {
        let range = self.layout.upgrade_chain(front_end);
        StepId(range.start)..StepId(range.end)
    }

    /// The stop of one front end on a route.
    pub fn stop_of(&self, route: Route, front_end: FrontEndId) -> StepId {
        let offset = self.layout.stop_offset();
        StepId(
            offset
                + match route {
                    Route::Rolling => self.layout.rolling_chain(front_end).start,
                    Route::FailedOver => self.layout.over_head(front_end).start,
                },
        )
    }

    /// The acceptance of one front end on a route.
    pub fn accept_of(&self, route: Route, front_end: FrontEndId) -> StepId {
        let chain = match route {
            Route::Rolling => self.layout.rolling_chain(front_end),
            Route::FailedOver => self.layout.over_tail(front_end),
        };
        StepId(chain.end - 1 - self.layout.accept_offset())
    }

    /// The first step of a front end on the rolling route.
    pub fn first_of(&self, front_end: FrontEndId) -> StepId {
        StepId(self.layout.rolling_chain(front_end).start)
    }

    /// Whether a step is the first of its front end on the rolling route: the one that takes it out of service.
    pub fn takes_out(&self, id: StepId) -> bool {
        self.kind(id).front_end().is_some_and(|front_end| self.layout.rolling_chain(front_end).start == id.0)
    }

    /// Whether a step is the first of its front end on the failed-over route: with it the front end takes its place among
    /// those that are stopped and upgraded at once there.
    pub fn takes_place(&self, id: StepId) -> bool {
        let first = |front_end| self.layout.over_head(front_end).start == id.0;
        self.layout.over.is_some() && self.kind(id).front_end().is_some_and(first)
    }

    /// Whether a step stops its front end on the failed-over route, or comes before that stop.
    pub fn stops_failed_over(&self, id: StepId) -> bool {
        let holds = |front_end| self.layout.over_head(front_end).contains(&id.0);
        self.layout.over.is_some() && self.kind(id).front_end().is_some_and(holds)
    }

    /// Whether a step belongs to the upgrade itself, which both routes share.
    pub fn is_upgrade(&self, id: StepId) -> bool {
        self.kind(id)
            .front_end()
            .is_some_and(|front_end| self.layout.upgrade_chain(front_end).contains(&id.0))
    }

    /// The link of a front end's chain that a step is.
    pub fn link(&self, id: StepId) -> Option<Link> {
        expand::link(self.kind(id))
    }

    /// Whether only the failed-over route has this step.
    pub fn only_failed_over(&self, id: StepId) -> bool {
        self.layout.over.is_some_and(|over| id >= over.approve_fail_over.unwrap_or(over.fail_over))
    }

    /// What waits for a step on a route.
    pub fn successors(&self, route: Route, id: StepId) -> impl Iterator<Item = (StepId, Reason)> + '_ {
        self.edges(route, id, Direction::Outgoing)
    }

    /// What a step waits for on a route.
    pub fn predecessors(&self, route: Route, id: StepId) -> impl Iterator<Item = (StepId, Reason)> + '_ {
        self.edges(route, id, Direction::Incoming)
    }

    /// Whether the plan has this route.
    pub fn has(&self, route: Route) -> bool {
        route == Route::Rolling || self.failed_over.is_some()
    }

    /// Whether a step is on a route: the rolling one has its own and the shared ones, the other one likewise.
    pub fn is_on(&self, route: Route, id: StepId) -> bool {
        match (route, self.kind(id)) {
            (_, StepKind::Preflight(_) | StepKind::PreflightPartner) => true,
            (_, StepKind::Approve(Approval::Databases) | StepKind::Ensure(Act::UpdateDatabases)) => true,
            (Route::Rolling, _) => !self.only_failed_over(id),
            (Route::FailedOver, _) => self.only_failed_over(id) || self.is_upgrade(id),
        }
    }

    fn edges(
        &self,
        route: Route,
        id: StepId,
        direction: Direction,
    ) -> impl Iterator<Item = (StepId, Reason)> + '_ {
        let graph = match route {
            Route::Rolling => Some(&self.rolling),
            Route::FailedOver => self.failed_over.as_ref(),
        };
        graph.into_iter().flat_map(move |graph| {
            graph.edges_directed(NodeIndex::new(id.index()), direction).map(move |edge| {
                let other = match direction {
                    Direction::Outgoing => edge.target(),
                    Direction::Incoming => edge.source(),
                };
                (StepId(other.index() as u32), *edge.weight())
            })
        })
    }

    fn is_acyclic(&self) -> bool {
        let acyclic = |graph: &RouteGraph| petgraph::algo::toposort(graph, None).is_ok();
        acyclic(&self.rolling) && self.failed_over.as_ref().is_none_or(acyclic)
    }

    /// The act that a step ensures.
    pub fn act(&self, id: StepId) -> Option<Act> {
        match self.kind(id) {
            StepKind::Ensure(act) => Some(act),
            _ => None,
        }
    }
}
