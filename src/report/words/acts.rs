//! What a step is, and what it does while it runs.

use crate::graph::{Approval, StepGraph, StepId, StepKind};
use crate::plan::{Act, AfterDrain, Mode, Moment, Restart};
use crate::report::lines::{listed, rough};

use super::partner;

/// What a step does, as a plan shows it: `restarts the computer`.
pub fn purpose(graph: &StepGraph, step: StepId) -> String {
    let plan = graph.plan();
    match graph.kind(step) {
        StepKind::Preflight(_) => "its version and activity are looked at".to_owned(),
        StepKind::PreflightPartner => format!("{} is asked whether it can take over", partner(graph)),
        StepKind::Approve(approval) => approved(graph, approval),
        StepKind::Ready(domain) => {
            let rule = plan.readiness();
            format!(
                "may {} be taken? asked every {}; Busy {} times in a row is trouble",
                plan.domain(domain).name,
                rough(rule.interval),
                rule.attempts
            )
        }
        StepKind::Ensure(act) => act_purpose(graph, act),
        StepKind::Accept(_) => accepted(graph),
        StepKind::Settle(_) => {
            let rule = plan.settle();
            format!(
                "the pool is ready again within {}, and stays so for {}",
                rough(rule.limit),
                rough(rule.soak)
            )
        }
    }
}

fn approved(graph: &StepGraph, approval: Approval) -> String {
    let plan = graph.plan();
    match approval {
        Approval::Before(domain) => format!("a person approves before {} is taken", plan.domain(domain).name),
        Approval::After(domain) => {
            format!("a person approves after {} has settled", plan.domain(domain).name)
        }
        Approval::FailOver => format!("a person approves failing over to {}", partner(graph)),
        Approval::FailBack => format!("a person approves failing back from {}", partner(graph)),
        Approval::Databases => "a person approves that the databases are updated".to_owned(),
    }
}

fn act_purpose(graph: &StepGraph, act: Act) -> String {
    let plan = graph.plan();
    match act {
        Act::Stop { mode: Mode::Graceful, .. } => {
            let then = match plan.drain().then {
                AfterDrain::Stop => "then a person decides",
                AfterDrain::Immediate => "then what is left is cut off",
            };
            format!("sessions may end by themselves, {then}")
        }
        Act::Stop { mode: Mode::Immediate, .. } => "services stop at once, sessions are lost".to_owned(),
        Act::Perform { moment, index, .. } => {
            let action = &plan.upgrade().at(moment)[usize::from(index)];
            format!("`{}`", action.name)
        }
        Act::Restart { .. } => match plan.upgrade().restart {
            Restart::Computer => "the computer restarts".to_owned(),
            Restart::Services => "the computer restarts if an action asked for it".to_owned(),
        },
        Act::Start { .. } => "services start".to_owned(),
        Act::FailOver => format!("{} takes over", partner(graph)),
        Act::FailBack => format!("the pool takes its users back from {}", partner(graph)),
        Act::UpdateDatabases => format!("the databases on {} are updated", sql_server(graph)),
    }
}

/// The server of the databases, where the plan names one.
pub fn sql_server(graph: &StepGraph) -> &str {
    graph.plan().databases().map_or("the back end", |databases| &databases.sql_server)
}

fn accepted(graph: &StepGraph) -> String {
    let rule = graph.plan().acceptance();
    let services = match &rule.services {
        None => "every service runs".to_owned(),
        Some(services) if services.len() == 1 => format!("{} runs", listed(services, "and")),
        Some(services) => format!("{} run", listed(services, "and")),
    };
    let ports: Vec<String> = rule.ports.iter().map(u16::to_string).collect();
    match ports.len() {
        0 => services,
        1 => format!("{services}, port {} answers", ports[0]),
        _ => format!("{services}, ports {} answer", listed(&ports, "and")),
    }
}

/// What an act is doing while it runs: `draining`. `served` is false while the partner serves: then there is nobody
/// left to wait for.
pub fn doing(graph: &StepGraph, act: Act, hard: bool, served: bool) -> String {
    match act {
        Act::Stop { .. } if !served => "stopping its services, nobody is served here now".to_owned(),
        Act::Stop { mode: Mode::Graceful, .. } if !hard => {
            "draining, sessions may end by themselves".to_owned()
        }
        Act::Stop { .. } => "stopping at once, sessions that are left are lost".to_owned(),
        Act::Perform { moment, index, .. } => {
            format!("running `{}`", graph.plan().upgrade().at(moment)[usize::from(index)].name)
        }
        Act::Restart { .. } => match graph.plan().upgrade().restart {
            Restart::Computer => "restarting the computer".to_owned(),
            Restart::Services => "restarting the computer if an action asked for it".to_owned(),
        },
        Act::Start { .. } => "starting its services".to_owned(),
        Act::FailOver => format!("failing over to {}", partner(graph)),
        Act::FailBack => format!("failing back from {}", partner(graph)),
        Act::UpdateDatabases => format!("updating the databases on {}", sql_server(graph)),
    }
}

/// What an act has come to once it is done: `stopped after 17m`.
pub fn done(graph: &StepGraph, act: Act, took: &str) -> String {
    match act {
        Act::Stop { .. } => format!("stopped{took}"),
        Act::Perform { moment, index, .. } => {
            let action = &graph.plan().upgrade().at(moment)[usize::from(index)];
            format!("`{}` is done{took}", action.name)
        }
        Act::Restart { .. } => match graph.plan().upgrade().restart {
            Restart::Computer => format!("restarted{took}"),
            Restart::Services => format!("over{took}: restarted only if an action asked for it"),
        },
        Act::Start { .. } => format!("services are started{took}"),
        Act::FailOver => format!("failed over{took}: users are served by {} from now on", partner(graph)),
        Act::FailBack => format!("failed back{took}: users are served by the pool again"),
        Act::UpdateDatabases => format!("the databases are updated{took}"),
    }
}

/// A link of a front end's chain in a word, as plans show it.
pub fn link(act: Act) -> &'static str {
    match act {
        Act::Stop { .. } => "stop",
        Act::Perform { moment: Moment::BeforeStop, .. } => "before stop",
        Act::Perform { moment: Moment::Upgrade, .. } => "upgrade",
        Act::Perform { moment: Moment::AfterAccept, .. } => "after accept",
        Act::Restart { .. } => "restart",
        Act::Start { .. } => "start",
        Act::FailOver => "fail over",
        Act::FailBack => "fail back",
        Act::UpdateDatabases => "databases",
    }
}
