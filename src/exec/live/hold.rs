//! What a run holds, so that no other begins on its pool or its partner: claims in a folder, and one that commands of its plan
//! take, for teams that share no folder.

use std::sync::Arc;

use jiff::Timestamp;

use super::LiveError;
use crate::exec::claim::{Claim, Claims};
use crate::exec::inbox::Signals;
use crate::exec::run_id::RunId;
use crate::graph::StepGraph;
use crate::pool::claim;

/// What one run holds. It is held until it is released, whatever becomes of this value.
#[derive(Debug)]
pub(super) struct Hold {
    claims: Claims,
    run: RunId,
    held: Vec<Claim>,
    /// The graph by whose plan a command took a claim too.
    by_command: Option<Arc<StepGraph>>,
}

impl Hold {
    /// Nothing yet.
    pub(super) fn none(claims: &Claims, run: &RunId) -> Hold {
        Hold { claims: claims.clone(), run: run.clone(), held: Vec::new(), by_command: None }
    }

    /// What a process of the run left, as its plan tells, and by its command where the run `is_live`.
    pub(super) fn left(
        claims: &Claims,
        run: &RunId,
        graph: &Arc<StepGraph>,
        is_live: bool,
    ) -> Result<Hold, LiveError> {
        let held: Result<Vec<_>, _> = claimed(graph).into_iter().map(|pool| claims.held(pool)).collect();
        let held = held?.into_iter().flatten().filter(|claim| claim.run == run.as_str()).collect();
        let by_command = is_live.then(|| Arc::clone(graph));
        Ok(Hold { held, by_command, ..Hold::none(claims, run) })
    }

    /// The same where its plan may be lost: then nobody knows what its command took.
    pub(super) fn found(
        claims: &Claims,
        run: &RunId,
        graph: Option<Arc<StepGraph>>,
    ) -> Result<Hold, LiveError> {
        Ok(Hold { held: claims.of_run(run)?, by_command: graph, ..Hold::none(claims, run) })
    }

    /// Takes everything that a run of this graph holds. What it has already it keeps.
    ///
    /// # Errors
    ///
    /// Somebody else holds something of it, or a signal came while it was asked for. What was taken until then is held.
    pub(super) fn take(
        &mut self,
        graph: &Arc<StepGraph>,
        is_live: bool,
        now: Timestamp,
        signals: &Signals,
    ) -> Result<(), LiveError> {
        self.held = self.claims.take_all(&claimed(graph), &self.run, now)?;
        if !is_live {
            return Ok(());
        }
        let taken = claim::take(graph.plan(), self.run.as_str(), &|| signals.have_come());
        if taken.as_ref().err().is_none_or(|not| not.in_doubt) {
            self.by_command = Some(Arc::clone(graph));
        }
        taken.map_err(|not| LiveError::NotGiven(not.why))
    }

    /// Releases everything that can be released, each whatever becomes of the others.
    ///
    /// # Errors
    ///
    /// The first that could not be.
    pub(super) fn release(&mut self) -> Result<(), LiveError> {
        let released = std::mem::take(&mut self.held).into_iter().map(|claim| self.claims.release(&claim));
        let released = released.fold(Ok(true), Result::and).map(|_| ()).map_err(LiveError::from);
        let by_command = self.by_command.take().map_or(Ok(()), |graph| {
            claim::release(graph.plan(), self.run.as_str()).map_err(LiveError::NotReleased)
        });
        released.and(by_command)
    }
}

/// The pools that a run of this plan claims.
fn claimed(graph: &StepGraph) -> Vec<&str> {
    let plan = graph.plan();
    let partner = plan.failover().map(|failover| failover.partner.as_str());
    std::iter::once(plan.pool().fqdn.as_str()).chain(partner).collect()
}
