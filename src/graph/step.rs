//! Steps: what a plan is compiled into.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::plan::{Act, DomainId, FrontEndId, Limit};

/// A step: its position in the graph. Ids follow the order of the plan, so the same plan gives the same ids.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub u32);

impl StepId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The two ways through a plan.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// One upgrade domain at a time, while the pool serves.
    Rolling,
    /// All of them, while the partner serves.
    FailedOver,
}

/// What a step is. It fixes which answers the step can take.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// Looks at one front end before anything happens.
    Preflight(FrontEndId),
    /// Looks at the partner before anything happens.
    PreflightPartner,
    /// Waits for a person.
    Approve(Approval),
    /// The gate of an upgrade domain.
    Ready(DomainId),
    /// Ensures a state of a front end or of the pool.
    Ensure(Act),
    /// Proves that a front end accepts connections.
    Accept(FrontEndId),
    /// Lets the pool settle after a domain, or after failing back.
    Settle(Option<DomainId>),
}

/// What a person approves.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    Before(DomainId),
    After(DomainId),
    FailOver,
    FailBack,
    Databases,
}

impl StepKind {
    /// The front end that the step is about.
    pub fn front_end(self) -> Option<FrontEndId> {
        match self {
            StepKind::Preflight(front_end) | StepKind::Accept(front_end) => Some(front_end),
            StepKind::Ensure(act) => act.front_end(),
            _ => None,
        }
    }
}

/// One step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The stable, readable id: `stop/fe03.contoso.com`. People type it; nothing parses it.
    pub name: String,
    pub kind: StepKind,
    /// Tries, and the time limit of one try.
    pub limit: Limit,
    /// How long it takes when all is well.
    pub expected: Duration,
}

/// Why one step waits for another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    PreflightFirst,
    ApprovedFirst,
    GateOpensTheDomain,
    OutOfServiceBeforeStop,
    StopBeforeUpgrade,
    ActionsInOrder,
    RestartAfterUpgrade,
    StartAfterRestart,
    AcceptAfterStart,
    BackInServiceAfterAccept,
    AllBackBeforeSettling,
    OneDomainAtATime,
    FailedOverFirst,
    AllStoppedBeforeFailBack,
    AllUpgradedBeforeFailBack,
    FailedBackBeforeStart,
    AllSettledBeforeDatabases,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::PreflightFirst => "preflight first",
            Reason::ApprovedFirst => "approved first",
            Reason::GateOpensTheDomain => "the gate opens the domain",
            Reason::OutOfServiceBeforeStop => "out of service before stop",
            Reason::StopBeforeUpgrade => "stop before upgrade",
            Reason::ActionsInOrder => "actions in order",
            Reason::RestartAfterUpgrade => "restart after upgrade",
            Reason::StartAfterRestart => "start after restart",
            Reason::AcceptAfterStart => "accept after start",
            Reason::BackInServiceAfterAccept => "back in service after accept",
            Reason::AllBackBeforeSettling => "all back before settling",
            Reason::OneDomainAtATime => "one domain at a time",
            Reason::FailedOverFirst => "failed over first",
            Reason::AllStoppedBeforeFailBack => "all stopped before fail back",
            Reason::AllUpgradedBeforeFailBack => "all upgraded before fail back",
            Reason::FailedBackBeforeStart => "failed back before start",
            Reason::AllSettledBeforeDatabases => "all settled before databases",
        })
    }
}
