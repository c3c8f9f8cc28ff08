//! A pool that is reached by commands, checked.

use std::collections::BTreeMap;
use std::time::Duration;

use super::written::{CommandDriverText, CommandText, PartnerCommandsText};
use super::{Ssh, Template, Where};

/// The words of answers: what an exit code can mean to a plan.
pub mod words {
    /// The state of a front end's services.
    pub const SERVICES: [&str; 6] = ["running", "draining", "stopping", "stopped", "starting", "partly"];
    /// The state of a pool that is asked whether it is ready.
    pub const STATES: [&str; 3] = ["ready", "busy", "insufficient"];
    /// Whether a front end accepts connections.
    pub const ACCEPTS: [&str; 2] = ["good", "not_yet"];
    /// Whether a partner can take over.
    pub const HEALTH: [&str; 2] = ["healthy", "unhealthy"];
    /// Who serves the users of a pool.
    pub const POOL_STATES: [&str; 4] = ["active", "failing_over", "failed_over", "failing_back"];
    /// Acts have no answer: what an exit code means is whether they succeeded.
    pub const ENDS: [&str; 2] = ["done", "failed"];
}

/// A pool that is reached by commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandDriver {
    pub ssh: Ssh,
    /// What every command finds in its environment.
    pub environment: Vec<(String, Template)>,
    /// Environment variables whose values are never kept or shown.
    pub secrets: Vec<String>,
    pub observe: Command,
    pub ready: Option<Command>,
    pub stop: Command,
    pub start: Command,
    pub restart: Option<Command>,
    pub accept: Option<Command>,
    pub partner: Option<PartnerCommands>,
    pub claim: Option<ClaimCommands>,
}

/// The claim on the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimCommands {
    pub take: Command,
    pub release: Command,
}

/// The partner, and failing over to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerCommands {
    pub health: Command,
    pub state: Command,
    pub fail_over: Command,
    pub fail_back: Command,
}

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments; never empty.
    pub run: Vec<Template>,
    pub at: Where,
    pub directory: Option<Template>,
    pub environment: Vec<(String, Template)>,
    pub time_limit: Option<Duration>,
    /// What its exit codes mean, in the words of its answer.
    pub exits: BTreeMap<i32, String>,
}

impl CommandDriver {
    /// `None` only where a rule failed to notice something.
    pub(super) fn of(text: &CommandDriverText) -> Option<CommandDriver> {
        let maybe =
            |text: &Option<CommandText>| text.as_ref().map(command).map_or(Some(None), |it| it.map(Some));
        Some(CommandDriver {
            ssh: super::resolve::ssh(&text.ssh),
            environment: environment(&text.environment)?,
            secrets: text.secrets.iter().map(|name| name.to_string()).collect(),
            observe: command(&text.observe)?,
            ready: maybe(&text.ready)?,
            stop: command(&text.stop)?,
            start: command(&text.start)?,
            restart: maybe(&text.restart)?,
            accept: maybe(&text.accept)?,
            partner: text.partner.as_ref().map(partner).map_or(Some(None), |it| it.map(Some))?,
            claim: match &text.claim {
                Some(claim) => {
                    Some(ClaimCommands { take: command(&claim.take)?, release: command(&claim.release)? })
                }
                None => None,
            },
        })
    }
}

fn partner(text: &PartnerCommandsText) -> Option<PartnerCommands> {
    Some(PartnerCommands {
        health: command(&text.health)?,
        state: command(&text.state)?,
        fail_over: command(&text.fail_over)?,
        fail_back: command(&text.fail_back)?,
    })
}

fn command(text: &CommandText) -> Option<Command> {
    let exits = text.exits.iter().map(|(code, word)| Some((code.parse().ok()?, word.to_string())));
    Some(Command {
        run: text.run.iter().map(|word| Template::parse(word).ok()).collect::<Option<_>>()?,
        at: *text.at,
        directory: match &text.directory {
            Some(directory) => Some(Template::parse(directory).ok()?),
            None => None,
        },
        environment: environment(&text.environment)?,
        time_limit: text.time_limit.as_ref().map(|limit| limit.get()),
        exits: exits.collect::<Option<_>>()?,
    })
}

fn environment(text: &BTreeMap<String, crate::document::Spanned<String>>) -> Option<Vec<(String, Template)>> {
    text.iter().map(|(name, value)| Some((name.clone(), Template::parse(value).ok()?))).collect()
}
