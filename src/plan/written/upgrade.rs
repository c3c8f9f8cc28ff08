//! What is done to each front end: actions, their exit codes and their time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Where, unwritten};
use crate::document::{Spanned, present};
use crate::plan::{Length, List};

/// What is done to each front end.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Upgrade")]
pub struct UpgradeText {
    /// The version that must be there afterwards. A front end that has it is done and is not touched. Without it an
    /// upgrade in doubt needs a person, and leaving it out is a warning. Rule: on one line, not blank.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["5.0.8308.1149"]))]
    pub version: Option<Spanned<String>>,
    /// Actions before the services are stopped: out of the load balancer, into maintenance mode.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    #[schemars(extend("default" = [], "examples" = [[{"program": "drain-balancer.cmd", "arguments": ["--out"]}]]))]
    pub before_stop: List<ActionText, 0, 50>,
    /// The actions of the upgrade, in order, while the services are stopped.
    #[schemars(extend("examples" = [[{"program": "update.exe", "arguments": ["/silentmode"]}]]))]
    pub actions: List<ActionText, 1, 50>,
    /// What is restarted afterwards.
    #[serde(default)]
    pub restart: Restart,
    /// Actions after the front end was accepted: back into the load balancer.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    #[schemars(extend("default" = [], "examples" = [[{"program": "drain-balancer.cmd", "arguments": ["--in"]}]]))]
    pub after_accept: List<ActionText, 0, 50>,
}

/// The databases of the pool, updated once every front end is upgraded and the pool has settled, and only after a person approved it: never together with
/// front ends, and never while one was left out.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Databases")]
pub struct DatabasesText {
    /// The back end server that holds them (`Install-CsDatabase -Update -ConfiguredDatabases -SqlServerFqdn`). Rule: a host name.
    #[schemars(extend("examples" = ["sql01.contoso.com"]))]
    pub sql_server: Spanned<String>,
}

/// What is restarted after the actions of an upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Restart {
    /// The computer, always. Microsoft's procedure.
    #[default]
    Computer,
    /// The services; the computer only when an action asked for it by its exit code.
    Services,
}

/// One action on a front end.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Action")]
pub struct ActionText {
    /// What the action is called in views and reports; the program's name if left out. Rule: on one line, 1 to 200
    /// characters.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["cumulative update"]))]
    pub name: Option<Spanned<String>>,
    /// The program. It is never given to a shell, so a path with spaces needs no quotes. Rule: not blank, on one line.
    #[schemars(extend("examples" = ["C:\\Updates\\LyncServerUpdateInstaller.exe"]))]
    pub program: Spanned<String>,
    /// Its arguments, one by one. Rule: no secrets: a plan lies in git, and its copy in every run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("default" = [], "examples" = [["/silentmode"]]))]
    pub arguments: Vec<Spanned<String>>,
    /// Where it runs. Rule: `here` only with the command driver.
    #[serde(default = "on_the_front_end")]
    pub at: Spanned<Where>,
    /// Whether doing it again does no harm. Then one in doubt is begun again once it has ended, and nobody has to tell how far it came.
    #[serde(default)]
    pub repeatable: bool,
    /// Exit codes that mean success. Rules: at least one; no code means both success and reboot.
    #[serde(default = "success_codes")]
    pub success: Spanned<Vec<Spanned<i32>>>,
    /// Exit codes that mean success and ask for a restart of the computer. 3010 is the convention of Windows Installer.
    #[serde(default = "reboot_codes")]
    pub reboot: Spanned<Vec<Spanned<i32>>>,
    /// How long it may take; past it, the action is in doubt. An hour: an installer that takes longer hangs. Rule: not shorter than `expected`, nor zero nor longer than seven days.
    #[serde(default = "action_limit")]
    pub time_limit: Spanned<Length>,
    /// How long it takes when all is well. Ten minutes is what a cumulative update takes on an ordinary server; measure
    /// yours. Rule: at most seven days.
    #[serde(default = "action_expected")]
    pub expected: Spanned<Length>,
    /// How often it is tried before a person is needed. Once: half an installation is for a person to look at. Rule: 1 to 20.
    #[serde(default = "one_attempt")]
    pub attempts: Spanned<u8>,
}

fn on_the_front_end() -> Spanned<Where> {
    unwritten(Where::FrontEnd)
}
fn success_codes() -> Spanned<Vec<Spanned<i32>>> {
    unwritten(vec![unwritten(0)])
}
fn reboot_codes() -> Spanned<Vec<Spanned<i32>>> {
    unwritten(vec![unwritten(3010)])
}
fn action_limit() -> Spanned<Length> {
    unwritten(Length::mins(60))
}
fn action_expected() -> Spanned<Length> {
    unwritten(Length::mins(10))
}
fn one_attempt() -> Spanned<u8> {
    unwritten(1)
}
