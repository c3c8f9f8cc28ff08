//! A pool that is reached by commands.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::powershell::SshText;
use crate::document::{Spanned, present};
use crate::plan::{Length, List};

/// A pool that is reached by commands: the plan names a program for each question and for each state. No shell of ours is between: what is
/// written is what is run, word by word.
///
/// In the words of a command, in its environment and its directory, `{front_end}`, `{domain}`, `{pool}`, `{partner}` and `{mode}` stand for
/// what they name, alone or as a part of a word; `{{` and `}}` are braces. The same holds in the arguments of actions.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CommandDriver")]
pub struct CommandDriverText {
    /// How a front end is reached where a command runs on it. Its shell is one of POSIX; one connection is kept for each.
    #[serde(default)]
    pub ssh: SshText,
    /// What commands find in their environment, beside what this process has. Not a place for secrets. Rule: names of variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("default" = {}, "examples" = [{"HAPROXY_SOCKET": "/run/haproxy/admin.sock"}]))]
    pub environment: BTreeMap<String, Spanned<String>>,
    /// Environment variables of this process whose values are secrets: what is kept or shown of a command's output has `***` in their place. Rule: names of
    /// variables.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    #[schemars(extend("default" = [], "examples" = [["BALANCER_TOKEN"]]))]
    pub secrets: List<Spanned<String>, 0, 50>,
    /// What a front end says of itself: the state of its services and, where the plan names one, its version. It proves stops and starts.
    /// Answer: `services` (`running`, `draining`, `stopping`, `stopped`, `starting` or `partly`), `version`, `text`.
    #[schemars(extend("examples" = [{"run": ["systemctl", "is-active", "--quiet", "web"], "at": "front_end", "exits": {"0": "running", "3": "stopped"}}]))]
    pub observe: CommandText,
    /// Whether the pool can lose the upgrade domain, or has settled where there is none. Left out: it can whenever its quorum stands. Answer:
    /// `state` (`ready`, `busy` or `insufficient`), `domain` (its flag, true if left out), `inactive` (front ends), `text`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"run": ["pool-ready", "{domain}"], "exits": {"0": "ready", "1": "busy"}}]))]
    pub ready: Option<CommandText>,
    /// Stops the services of a front end; `{mode}` is `graceful` or `immediate`. Its exit code says whether it failed; that they are stopped `observe` says.
    #[schemars(extend("examples" = [{"run": ["systemctl", "stop", "web"], "at": "front_end"}]))]
    pub stop: CommandText,
    /// Starts the services of a front end. What it leaves running on a front end must not write to the streams it was
    /// given: they are closed.
    #[schemars(extend("examples" = [{"run": ["systemctl", "start", "web"], "at": "front_end"}]))]
    pub start: CommandText,
    /// Restarts the computer of a front end. Left out: nothing restarts, so the plan says `upgrade.restart: services`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"run": ["sudo", "systemctl", "reboot"], "at": "front_end"}]))]
    pub restart: Option<CommandText>,
    /// Whether a front end whose services run accepts connections. Left out: it does when they run, at the planned version. Answer: `accepts` (true or
    /// false), `text`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"run": ["curl", "--silent", "--fail", "http://{front_end}/health"], "exits": {"0": "good", "22": "not_yet"}}]))]
    pub accept: Option<CommandText>,
    /// The partner, and failing over to it. Rule: with `failover`, and only with it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"health": {"run": ["partner-health", "{partner}"], "exits": {"0": "healthy", "1": "unhealthy"}}, "state": {"run": ["pool-state", "{pool}"]}, "fail_over": {"run": ["fail-over", "{pool}", "{partner}"]}, "fail_back": {"run": ["fail-back", "{pool}"]}}]))]
    pub partner: Option<PartnerCommandsText>,
    /// The claim on the pool, for teams that share no folder of claims: taken before anything is asked of the pool and when a run is taken up, released
    /// when nothing can follow. In their environment `POOLROLL_RUN` names the run; taking what it has already must succeed.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"take": {"run": ["claim-pool", "take", "{pool}"]}, "release": {"run": ["claim-pool", "release", "{pool}"]}}]))]
    pub claim: Option<ClaimCommandsText>,
}

/// The claim on a pool.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ClaimCommands")]
pub struct ClaimCommandsText {
    /// Takes it. Its exit code says whether it was given; what it prints is shown where it was not.
    #[schemars(extend("examples" = [{"run": ["claim-pool", "take", "{pool}"]}]))]
    pub take: CommandText,
    /// Releases it. Where another run has it, it must leave it alone.
    #[schemars(extend("examples" = [{"run": ["claim-pool", "release", "{pool}"]}]))]
    pub release: CommandText,
}

/// The partner, and failing over to it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PartnerCommands")]
pub struct PartnerCommandsText {
    /// Whether the partner can take the pool over now. Answer: `health` (`healthy` or `unhealthy`), `text`.
    #[schemars(extend("examples" = [{"run": ["partner-health", "{partner}"], "exits": {"0": "healthy", "1": "unhealthy"}}]))]
    pub health: CommandText,
    /// Who serves the users of the pool. It proves failing over and back. Answer: `state` (`active`, `failing_over`, `failed_over` or `failing_back`), `text`.
    #[schemars(extend("examples" = [{"run": ["pool-state", "{pool}"]}]))]
    pub state: CommandText,
    /// Fails the pool over.
    #[schemars(extend("examples" = [{"run": ["fail-over", "{pool}", "{partner}"]}]))]
    pub fail_over: CommandText,
    /// Fails it back. Every front end is stopped and upgraded then, and is started only afterwards, all together, as Microsoft's pools
    /// need it: a command that moves users at once moves them to nobody for as long as a start takes.
    #[schemars(extend("examples" = [{"run": ["fail-back", "{pool}"]}]))]
    pub fail_back: CommandText,
}

/// One command.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Command")]
pub struct CommandText {
    /// The program and its arguments, word by word. Rule: the first names a program; placeholders that are known; `{front_end}` and `{domain}` only
    /// where there is one.
    #[schemars(extend("examples" = [["systemctl", "stop", "web"]]))]
    pub run: List<Spanned<String>, 1, 100>,
    /// Where it runs. Rule: `front_end` only where there is one.
    #[serde(default)]
    pub at: Spanned<Where>,
    /// The directory in which it runs. Left out: that of this process, or of the logon.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["/srv/web"]))]
    pub directory: Option<Spanned<String>>,
    /// What it finds in its environment beside what the driver gives to all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("default" = {}, "examples" = [{"MODE": "{mode}"}]))]
    pub environment: BTreeMap<String, Spanned<String>>,
    /// How long it may take at most; then it is ended with everything that it started. Left out: as long as its step may. Rule: more than zero, at most seven
    /// days.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["30s"]))]
    pub time_limit: Option<Spanned<Length>>,
    /// What its exit codes mean, in the words of its answer. Left out: a question is answered by one JSON object on stdout, and for everything else 0 is
    /// success. Rule: words that the answer has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("default" = {}, "examples" = [{"0": "running", "3": "stopped"}]))]
    pub exits: BTreeMap<String, Spanned<String>>,
}

/// Where a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Where {
    /// On this computer.
    #[default]
    Here,
    /// On the front end, over the system's `ssh`.
    FrontEnd,
}
