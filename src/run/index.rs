//! What makes `decide` and `wanted` cheap: counts and small ordered sets, derived from the core and kept in step
//! with it, one state change at a time. Never compared, never hashed, rebuilt when the route changes.

use super::ordered::Ordered;
use super::state::{Clearance, Core, StepState};
use crate::graph::{Route, StepGraph, StepId, StepKind};
use crate::plan::FrontEndId;

#[derive(PartialEq, Eq, Debug)]
pub(super) struct Index {
    pub(super) route: Route,
    /// By step id: how many steps that it waits for are not satisfied.
    unmet: Vec<u32>,
    /// Steps that may begin as far as their predecessors go, and that need a place among those at work at once.
    pub(super) entries: Ordered<StepId>,
    /// The others that may begin as far as their predecessors go.
    pub(super) ready: Ordered<StepId>,
    /// Steps that want something.
    pub(super) active: Ordered<StepId>,
    pub(super) stuck: Ordered<StepId>,
    front_ends: Vec<Chain>,
    /// Front ends that we took out and that are not back, on the rolling route.
    pub(super) out: Ordered<FrontEndId>,
    /// Places taken among those at work at once.
    pub(super) at_work: u16,
    /// By domain: front ends whose chain is not finished.
    domain_open: Vec<u16>,
    pub(super) open: u16,
    /// Front ends whose upgrade is not finished.
    pub(super) upgrades_open: u16,
    /// Acts in flight or in doubt, and acceptances being watched: what a run that goes no further still waits for.
    pub(super) underway: u32,
    pub(super) preflight_open: u32,
    pub(super) preflight_running: u32,
    /// The stop whose count, or whose window after it, is being asked. One at a time, or two would both be granted the last place of the quorum.
    pub(super) counting: Option<StepId>,
}

impl Clone for Index {
    fn clone(&self) -> Index {
        Index {
            unmet: self.unmet.clone(),
            entries: self.entries.clone(),
            ready: self.ready.clone(),
            active: self.active.clone(),
            stuck: self.stuck.clone(),
            front_ends: self.front_ends.clone(),
            out: self.out.clone(),
            domain_open: self.domain_open.clone(),
            ..*self
        }
    }

    /// Without a new allocation.
    fn clone_from(&mut self, from: &Index) {
        self.unmet.clone_from(&from.unmet);
        self.entries.clone_from(&from.entries);
        self.ready.clone_from(&from.ready);
        self.active.clone_from(&from.active);
        self.stuck.clone_from(&from.stuck);
        self.front_ends.clone_from(&from.front_ends);
        self.out.clone_from(&from.out);
        self.domain_open.clone_from(&from.domain_open);
        let Index {
            route,
            at_work,
            open,
            upgrades_open,
            underway,
            preflight_open,
            preflight_running,
            counting,
            unmet: _,
            entries: _,
            ready: _,
            active: _,
            stuck: _,
            front_ends: _,
            out: _,
            domain_open: _,
        } = *from;
        self.route = route;
        self.at_work = at_work;
        self.open = open;
        self.upgrades_open = upgrades_open;
        self.underway = underway;
        self.preflight_open = preflight_open;
        self.preflight_running = preflight_running;
        self.counting = counting;
    }
}

/// Counts over the chain of one front end.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
struct Chain {
    begun: u8,
    open: u8,
    upgrade_open: u8,
    /// On the failed-over route: what takes it from its services to the end of its upgrade.
    forth_begun: u8,
    forth_open: u8,
}

impl Chain {
    fn is_out(self) -> bool {
        self.begun > 0 && self.open > 0
    }

    fn at_work(self, route: Route) -> bool {
        match route {
            Route::Rolling => self.is_out(),
            Route::FailedOver => self.forth_begun > 0 && self.forth_open > 0,
        }
    }
}

impl Index {
    pub(super) fn new(graph: &StepGraph, core: &Core, route: Route) -> Index {
        let plan = graph.plan();
        let mut index = Index {
            route,
            unmet: vec![0; graph.steps().len()],
            entries: Ordered::default(),
            ready: Ordered::default(),
            active: Ordered::default(),
            stuck: Ordered::default(),
            front_ends: vec![Chain::default(); plan.pool().front_ends.len()],
            out: Ordered::default(),
            at_work: 0,
            domain_open: vec![0; plan.pool().domains.len()],
            open: 0,
            upgrades_open: 0,
            underway: 0,
            preflight_open: 0,
            preflight_running: 0,
            counting: None,
        };
        for step in graph.ids() {
            if !core.steps[step.index()].is_satisfied() {
                for (next, _) in graph.successors(route, step) {
                    index.unmet[next.index()] += 1;
                }
            }
        }
        for step in graph.ids().filter(|step| graph.is_on(route, *step)) {
            index.enter(graph, step, core.steps[step.index()]);
        }
        index
    }

    /// Follows one change of state.
    pub(super) fn follow(&mut self, graph: &StepGraph, core: &Core, step: StepId, old: StepState) {
        let new = core.steps[step.index()];
        if old == new || !graph.is_on(self.route, step) {
            return;
        }
        self.leave(graph, step, old);
        self.enter(graph, step, new);
        if old.is_satisfied() == new.is_satisfied() {
            return;
        }
        for (next, _) in graph.successors(self.route, step) {
            let unmet = &mut self.unmet[next.index()];
            if new.is_satisfied() {
                *unmet -= 1;
            } else {
                *unmet += 1;
            }
            let state = core.steps[next.index()];
            let ready = matches!(state, StepState::Pending(_)) && *unmet == 0;
            self.offer(graph, next, state, ready);
        }
    }

    /// Whether the front end is out: taken out by us, and not back.
    pub(super) fn is_out(&self, front_end: FrontEndId) -> bool {
        self.front_ends[front_end.index()].is_out()
    }

    pub(super) fn holds_place(&self, front_end: FrontEndId) -> bool {
        self.front_ends[front_end.index()].at_work(self.route)
    }

    pub(super) fn is_finished(&self, front_end: FrontEndId) -> bool {
        self.front_ends[front_end.index()].open == 0
    }

    pub(super) fn domain_open(&self, domain: crate::plan::DomainId) -> u16 {
        self.domain_open[domain.index()]
    }

    fn enter(&mut self, graph: &StepGraph, step: StepId, state: StepState) {
        self.count(graph, step, state, true);
        let ready = matches!(state, StepState::Pending(_)) && self.unmet[step.index()] == 0;
        self.offer(graph, step, state, ready);
        if state.is_active() {
            self.active.insert(step);
        }
        if matches!(state, StepState::Stuck(_)) {
            self.stuck.insert(step);
        }
        if is_counting(state) {
            self.counting = Some(step);
        }
    }

    fn leave(&mut self, graph: &StepGraph, step: StepId, state: StepState) {
        self.count(graph, step, state, false);
        self.offer(graph, step, state, false);
        self.active.remove(step);
        self.stuck.remove(step);
        if self.counting == Some(step) {
            self.counting = None;
        }
    }

    fn offer(&mut self, graph: &StepGraph, step: StepId, state: StepState, ready: bool) {
        let entry = match self.route {
            Route::Rolling => graph.takes_out(step),
            // One that was found half way has its place.
            Route::FailedOver => graph.takes_place(step) && !state.has_begun(),
        };
        let offers = if entry { &mut self.entries } else { &mut self.ready };
        if ready {
            offers.insert(step);
        } else {
            offers.remove(step);
        }
    }

    /// Adds a step's state to the counts, or takes it off.
    fn count(&mut self, graph: &StepGraph, step: StepId, state: StepState, add: bool) {
        let kind = graph.kind(step);
        let underway = match kind {
            StepKind::Ensure(_) => state.is_underway(),
            StepKind::Accept(_) => matches!(state, StepState::Watching(_)),
            _ => false,
        };
        bump(&mut self.underway, underway, add);
        match kind {
            StepKind::Preflight(_) | StepKind::PreflightPartner => {
                bump(&mut self.preflight_open, !state.is_satisfied(), add);
                bump(&mut self.preflight_running, state.is_active(), add);
            }
            StepKind::Ensure(_) | StepKind::Accept(_) => {
                if let Some(front_end) = kind.front_end() {
                    self.count_chain(graph, step, front_end, state, add);
                }
            }
            _ => {}
        }
    }

    fn count_chain(
        &mut self,
        graph: &StepGraph,
        step: StepId,
        front_end: FrontEndId,
        state: StepState,
        add: bool,
    ) {
        let before = self.front_ends[front_end.index()];
        let chain = &mut self.front_ends[front_end.index()];
        bump_small(&mut chain.begun, state.has_begun(), add);
        bump_small(&mut chain.open, !state.is_satisfied(), add);
        let upgrades = graph.is_upgrade(step);
        let stops = graph.stops_failed_over(step);
        if upgrades {
            bump_small(&mut chain.upgrade_open, !state.is_satisfied(), add);
        }
        // The upgrade may have been done on the rolling route.
        if stops {
            bump_small(&mut chain.forth_begun, state.has_begun(), add);
        }
        if upgrades || stops {
            bump_small(&mut chain.forth_open, !state.is_satisfied(), add);
        }
        let after = *chain;
        if before.is_out() != after.is_out() {
            if after.is_out() {
                self.out.insert(front_end);
            } else {
                self.out.remove(front_end);
            }
        }
        match (before.at_work(self.route), after.at_work(self.route)) {
            (false, true) => self.at_work += 1,
            (true, false) => self.at_work -= 1,
            _ => {}
        }
        match (before.upgrade_open > 0, after.upgrade_open > 0) {
            (false, true) => self.upgrades_open += 1,
            (true, false) => self.upgrades_open -= 1,
            _ => {}
        }
        let domain = graph.plan().front_end(front_end).domain;
        match (before.open > 0, after.open > 0) {
            (false, true) => {
                self.domain_open[domain.index()] += 1;
                self.open += 1;
            }
            (true, false) => {
                self.domain_open[domain.index()] -= 1;
                self.open -= 1;
            }
            _ => {}
        }
    }
}

/// The window is asked on the strength of the count, so no other count may come between.
fn is_counting(state: StepState) -> bool {
    matches!(
        state,
        StepState::Clearing(_, Clearance::Count(_) | Clearance::CountAgain(_) | Clearance::Window)
    )
}

fn bump(count: &mut u32, yes: bool, add: bool) {
    if yes {
        *count = if add { *count + 1 } else { *count - 1 };
    }
}

fn bump_small(count: &mut u8, yes: bool, add: bool) {
    if yes {
        *count = if add { *count + 1 } else { *count - 1 };
    }
}
