//! What needs a person: what happened, what it means, and what to type.

use serde::Serialize;

use super::{Seen, partner};
use crate::graph::{StepId, StepKind};
use crate::plan::{Act, Driver, FailoverWhen, Moment, Product};
use crate::report::lines::rough;
use crate::run::{StepState, Why};

/// One step that needs a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// The step's id, as people type it.
    pub step: String,
    /// What happened, and what it means for the pool.
    pub what: String,
    /// What was said of it, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// Where to look first, when there is a place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub look: Option<String>,
    /// What can be typed, best first, each with what it does.
    pub choices: Vec<Choice>,
}

/// A command, and what it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    pub command: String,
    pub does: &'static str,
}

/// Everything that needs a person before the run can go on, in the order of steps.
pub fn troubles(seen: &Seen<'_>) -> Vec<Trouble> {
    seen.run.stuck().filter_map(|step| trouble(seen, step)).collect()
}

/// What is the matter with a step that needs a person.
pub fn trouble(seen: &Seen<'_>, step: StepId) -> Option<Trouble> {
    let StepState::Stuck(why) = seen.run.state(step) else { return None };
    Some(Trouble {
        step: seen.name(step).to_owned(),
        what: what(seen, step, why),
        said: None,
        look: look(seen, step, why),
        choices: choices(seen, step, why),
    })
}

fn what(seen: &Seen<'_>, step: StepId, why: Why) -> String {
    let graph = seen.graph;
    let plan = graph.plan();
    let limit = graph.step(step).limit;
    match (why, graph.kind(step)) {
        (Why::Failed, StepKind::Ensure(Act::Perform { .. })) => {
            "the action failed, and without a person's word it is not tried again".to_owned()
        }
        (Why::Failed, _) => match limit.attempts {
            1 => "it failed, and the plan allows one try".to_owned(),
            // One that failed for good has had fewer.
            tries => format!("it failed, for good or as often as it may be tried, {tries} times"),
        },
        (Why::Doubt, _) => {
            format!("nobody can tell whether it took place: {} looks told nothing", plan.limits().looks)
        }
        // One that failed and goes on all the same was given up before its time limit.
        (Why::Late, _) => format!("it is still underway, and {} looks saw no end of it", plan.limits().looks),
        (Why::Quorum, _) => {
            let quorum = &plan.pool().quorum;
            format!(
                "not begun: {} of {} front ends must stay active, and without this one they would not",
                quorum.needs, quorum.of_first
            )
        }
        (Why::Troubled, StepKind::Ready(domain)) => format!(
            "the pool is in trouble (Busy {} times in a row, or too few active front ends), so {} was not taken",
            plan.readiness().attempts,
            plan.domain(domain).name
        ),
        (Why::Troubled, _) => "the pool is in trouble".to_owned(),
        (Why::Unhealthy, kind) => unhealthy(seen, step, kind),
        (Why::Unanswered, kind) => unanswered(seen, kind),
    }
}

fn unhealthy(seen: &Seen<'_>, step: StepId, kind: StepKind) -> String {
    let limit = rough(seen.graph.step(step).limit.time_limit);
    match kind {
        StepKind::Accept(_) => {
            format!("it did not accept connections within {limit}, or did not go on doing so")
        }
        StepKind::Settle(_) => format!("the pool was not ready again within {limit}, or did not stay ready"),
        StepKind::PreflightPartner | StepKind::Ensure(Act::FailOver) => {
            format!("{} cannot take the pool over now; the pool is not failed over", partner(seen.graph))
        }
        _ => "what was watched did not become good".to_owned(),
    }
}

fn unanswered(seen: &Seen<'_>, kind: StepKind) -> String {
    match kind {
        StepKind::Preflight(_) => "it did not answer; nothing was changed on it".to_owned(),
        StepKind::PreflightPartner | StepKind::Ensure(Act::FailOver) => {
            format!("{} did not answer; the pool is not failed over", partner(seen.graph))
        }
        StepKind::Ready(domain) => format!(
            "no answer of the pool helped: nobody answered, or it is ready and {} is not; the domain was not taken",
            seen.graph.plan().domain(domain).name
        ),
        StepKind::Ensure(Act::Perform { moment: Moment::Upgrade, .. }) => format!(
            "{} times its turn came and it was not found stopped, so it was not upgraded",
            seen.graph.plan().limits().looks
        ),
        StepKind::Ensure(_) => "nobody said which front ends are active, so nothing was begun".to_owned(),
        _ => "nobody answered".to_owned(),
    }
}

/// Microsoft's cmdlets tell nothing of a pool that is not theirs, or that the plan reaches by commands of its own.
fn look(seen: &Seen<'_>, step: StepId, why: Why) -> Option<String> {
    let plan = seen.graph.plan();
    let kind = seen.graph.kind(step);
    let fqdn = kind.front_end().map(|id| plan.front_end(id).fqdn.as_str());
    let pool = &plan.pool().fqdn;
    let by_command = matches!(plan.driver(), Some(Driver::Command(_)));
    let cmdlet = |cmdlet: String| match by_command || plan.product() == Product::Generic {
        true => String::new(),
        false => format!(": `{cmdlet}`"),
    };
    Some(match (why, kind, fqdn) {
        (_, StepKind::Ensure(Act::FailOver | Act::FailBack), _) => {
            let cmdlet = cmdlet(format!("Get-CsRegistrarConfiguration -Identity service:Registrar:{pool}"));
            format!("the state of {pool}{cmdlet}")
        }
        (_, StepKind::Ensure(Act::UpdateDatabases), _) => {
            let sql_server = super::acts::sql_server(seen.graph);
            format!("the databases: `Test-CsDatabase -ConfiguredDatabases -SqlServerFqdn {sql_server}`")
        }
        (Why::Failed, StepKind::Ensure(Act::Perform { moment, index, .. }), Some(fqdn)) => {
            let program = &plan.upgrade().at(moment)[usize::from(index)].program;
            match by_command {
                true => format!("what `{program}` printed: under `commands` in the folder of the run"),
                false => format!("the log that `{program}` wrote on {fqdn}"),
            }
        }
        (Why::Failed, StepKind::Ensure(_), Some(fqdn)) if by_command => {
            format!("{fqdn}, and what the command printed: under `commands` in the folder of the run")
        }
        (Why::Quorum | Why::Troubled, ..) => format!("which front ends of {pool} are down, and why"),
        (_, StepKind::Settle(_) | StepKind::Ready(_), _) => {
            let cmdlet = cmdlet(format!("Get-CsPoolFabricState -PoolFqdn {pool}"));
            match cmdlet.is_empty() {
                true => format!("which front ends of {pool} do not serve, and why"),
                false => format!("the fabric of {pool}{cmdlet}"),
            }
        }
        (_, StepKind::PreflightPartner, _) => format!("the backup service of {}", partner(seen.graph)),
        (_, _, Some(fqdn)) => {
            format!("the services on {fqdn}{}", cmdlet(format!("Get-CsWindowsService -ComputerName {fqdn}")))
        }
        _ => return None,
    })
}

fn choices(seen: &Seen<'_>, step: StepId, why: Why) -> Vec<Choice> {
    let (run, id) = (seen.run_id, seen.name(step));
    let resume = format!("poolroll resume {run}");
    let mut choices = Vec::new();
    if why.in_doubt() {
        choices.push(Choice {
            command: format!("{resume} --resolve {id}=done --reason TEXT"),
            does: "you have seen that it took place",
        });
        choices.push(Choice {
            command: format!("{resume} --resolve {id}=not_done --reason TEXT"),
            does: match seen.graph.act(step) {
                Some(Act::FailOver) if seen.graph.failover_when() == FailoverWhen::Troubled => {
                    "you have seen that it did not; the pool is asked anew, and fails over if it is in trouble still"
                }
                _ => "you have seen that it did not; it is tried again while it has tries left",
            },
        });
    }
    if why.is_of_an_effect() {
        choices.push(Choice {
            command: format!("{resume} --retry {id} --reason TEXT"),
            does: "looks, and tries again only if it did not take place",
        });
    } else {
        choices.push(Choice { command: resume.clone(), does: "asks again" });
    }
    let fqdn = seen.graph.kind(step).front_end().map(|id| seen.graph.plan().front_end(id).fqdn.as_str());
    if let (Some(fqdn), false) = (fqdn, why.in_doubt()) {
        choices.push(Choice {
            command: format!("{resume} --skip {fqdn} --reason TEXT"),
            does: "leaves this front end out, as it is",
        });
    }
    choices
}
