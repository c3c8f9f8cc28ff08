//! The second pass: what waits for what, and why, on each route.

use petgraph::graph::{DiGraph, NodeIndex};

use super::expand::Layout;
use super::{Reason, Step, StepId, StepKind};
use crate::plan::{Act, FrontEndId, Moment, Plan};

/// One route: a node for each step of the whole graph, in the order of ids, and the edges of this route.
pub(super) type RouteGraph = DiGraph<(), Reason, u32>;

/// The edges of the rolling route.
pub(super) fn rolling(plan: &Plan, steps: &[Step], layout: &Layout) -> RouteGraph {
    let mut route = Edges::new(steps);
    let mut previous: Option<StepId> = None;
    for (id, domain) in plan.domain_ids().zip(&layout.domains) {
        let entry = domain.approve_before.unwrap_or(domain.ready);
        if let Some(before) = domain.approve_before {
            route.edge(before, domain.ready, Reason::ApprovedFirst);
        }
        match previous {
            Some(settled) => route.edge(settled, entry, Reason::OneDomainAtATime),
            None => route.after_preflight(layout, entry),
        }
        for front_end in plan.domain(id).front_ends() {
            let chain: Vec<StepId> = layout.rolling_chain(front_end).map(StepId).collect();
            route.edge(domain.ready, chain[0], Reason::GateOpensTheDomain);
            route.chain(&chain);
            route.edge(chain[chain.len() - 1], domain.settle, Reason::AllBackBeforeSettling);
        }
        if let Some(after) = domain.approve_after {
            route.edge(domain.settle, after, Reason::ApprovedFirst);
        }
        previous = Some(domain.approve_after.unwrap_or(domain.settle));
    }
    if let Some(settled) = previous {
        route.databases(layout, settled);
    }
    route.graph
}

/// The edges of the failed-over route, in a plan that has one.
pub(super) fn failed_over(plan: &Plan, steps: &[Step], layout: &Layout) -> Option<RouteGraph> {
    let over = layout.over?;
    let mut route = Edges::new(steps);
    let entry = over.approve_fail_over.unwrap_or(over.fail_over);
    route.after_preflight(layout, entry);
    if let Some(approve) = over.approve_fail_over {
        route.edge(approve, over.fail_over, Reason::ApprovedFirst);
    }
    let way_back = over.approve_fail_back.unwrap_or(over.fail_back);
    if let Some(approve) = over.approve_fail_back {
        route.edge(approve, over.fail_back, Reason::ApprovedFirst);
    }
    route.edge(over.fail_over, way_back, Reason::FailedOverFirst);
    for front_end in plan.front_end_ids() {
        let out: Vec<StepId> =
            layout.over_head(front_end).chain(layout.upgrade_chain(front_end)).map(StepId).collect();
        let back: Vec<StepId> = layout.over_tail(front_end).map(StepId).collect();
        let stop = StepId(layout.over_head(front_end).end - 1);
        route.edge(over.fail_over, out[0], Reason::FailedOverFirst);
        route.chain(&out);
        // Not through the upgrades alone: they may all have been done on the rolling route.
        route.edge(stop, way_back, Reason::AllStoppedBeforeFailBack);
        route.edge(out[out.len() - 1], way_back, Reason::AllUpgradedBeforeFailBack);
        route.edge(over.fail_back, back[0], Reason::FailedBackBeforeStart);
        route.chain(&back);
        route.edge(back[back.len() - 1], over.settle, Reason::AllBackBeforeSettling);
    }
    route.databases(layout, over.settle);
    Some(route.graph)
}

struct Edges<'a> {
    steps: &'a [Step],
    graph: RouteGraph,
}

impl<'a> Edges<'a> {
    fn new(steps: &'a [Step]) -> Self {
        let mut graph = RouteGraph::with_capacity(steps.len(), steps.len() + steps.len() / 4);
        for _ in steps {
            graph.add_node(());
        }
        Edges { steps, graph }
    }

    fn edge(&mut self, from: StepId, to: StepId, reason: Reason) {
        self.graph.add_edge(NodeIndex::new(from.index()), NodeIndex::new(to.index()), reason);
    }

    /// Everything is looked at before anything begins.
    fn after_preflight(&mut self, layout: &Layout, entry: StepId) {
        for front_end in 0..layout.front_ends {
            self.edge(StepId(front_end), entry, Reason::PreflightFirst);
        }
        if let Some(partner) = layout.preflight_partner {
            self.edge(partner, entry, Reason::PreflightFirst);
        }
    }

    /// The databases come last.
    fn databases(&mut self, layout: &Layout, settled: StepId) {
        if let Some(databases) = layout.databases {
            self.edge(settled, databases.approve, Reason::AllSettledBeforeDatabases);
            self.edge(databases.approve, databases.update, Reason::ApprovedFirst);
        }
    }

    /// One step after the other, each with the reason that its kind gives. A stop and an acceptance can lose their
    /// proof again when a part of what follows them is done already, so each action waits for its proof directly.
    fn chain(&mut self, chain: &[StepId]) {
        let kinds: Vec<StepKind> = chain.iter().map(|step| self.steps[step.index()].kind).collect();
        for place in 1..chain.len() {
            self.edge(chain[place - 1], chain[place], reason(kinds[place - 1], kinds[place]));
        }
        let proofs = [
            |kind| matches!(kind, StepKind::Ensure(Act::Stop { .. })),
            |kind| matches!(kind, StepKind::Accept(_)),
        ];
        for place in proofs.iter().filter_map(|is| kinds.iter().copied().position(is)) {
            let actions = (place + 1..chain.len())
                .take_while(|at| matches!(kinds[*at], StepKind::Ensure(Act::Perform { .. })));
            for action in actions.skip(1) {
                self.edge(chain[place], chain[action], reason(kinds[place], kinds[action]));
            }
        }
    }
}

/// Why the second step of a front end waits for the first.
fn reason(first: StepKind, second: StepKind) -> Reason {
    match (first, second) {
        (_, StepKind::Ensure(Act::Stop { .. })) => Reason::OutOfServiceBeforeStop,
        (StepKind::Ensure(Act::Stop { .. }), _) => Reason::StopBeforeUpgrade,
        (_, StepKind::Ensure(Act::Restart { .. })) => Reason::RestartAfterUpgrade,
        (_, StepKind::Ensure(Act::Start { .. })) => Reason::StartAfterRestart,
        (_, StepKind::Accept(_)) => Reason::AcceptAfterStart,
        (StepKind::Accept(_), StepKind::Ensure(Act::Perform { moment: Moment::AfterAccept, .. })) => {
            Reason::BackInServiceAfterAccept
        }
        _ => Reason::ActionsInOrder,
    }
}

/// The chain of one front end on a route, in order.
pub(super) fn chain(
    layout: &Layout,
    route: super::Route,
    front_end: FrontEndId,
) -> impl Iterator<Item = StepId> + use<> {
    let (head, middle, tail) = match route {
        super::Route::Rolling => (layout.rolling_chain(front_end), 0..0, 0..0),
        super::Route::FailedOver => {
            (layout.over_head(front_end), layout.upgrade_chain(front_end), layout.over_tail(front_end))
        }
    };
    head.chain(middle).chain(tail).map(StepId)
}
