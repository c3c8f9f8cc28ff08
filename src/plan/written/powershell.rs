//! A pool that is reached through PowerShell.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::unwritten;
use crate::document::{Spanned, present};

/// A pool of Lync Server or Skype for Business Server, reached through PowerShell. Engines are started once and kept for the
/// whole run.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PowerShell")]
pub struct PowerShellText {
    /// How the front ends are reached.
    #[schemars(extend("examples" = [{"ssh": {"user": "CONTOSO\\svc-poolroll"}}]))]
    pub reach: ReachText,
    /// The engine's program, on every computer that is reached. Windows PowerShell, because the modules of the products need
    /// it. Rule: a program's name or path, on one line.
    #[serde(default = "windows_powershell")]
    pub engine: Spanned<String>,
    /// The computer with the management tools, on which runs what takes a pool or a computer by its name: computer failover, failing over and
    /// failing back. It is reached as front ends are. Left out: this computer, with an engine of its own. Rule: a host name.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["admin01.contoso.com"]))]
    pub management: Option<Spanned<String>>,
}

fn windows_powershell() -> Spanned<String> {
    unwritten("powershell.exe".to_owned())
}

/// How a front end is reached.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Reach")]
pub enum ReachText {
    /// Through the system's `ssh`: an engine on each front end, its lines over one connection.
    #[schemars(extend("examples" = [{"ssh": {"user": "CONTOSO\\svc-poolroll"}}]))]
    Ssh(SshText),
}

/// The system's `ssh`. What is not said here, its own configuration says: keys, jump hosts, ports.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Ssh")]
pub struct SshText {
    /// The program. Rule: a program's name or path, on one line.
    pub program: Spanned<String>,
    /// The user to log on as. Left out: what the configuration of `ssh` says. Rule: on one line, not blank, no dash in front.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["CONTOSO\\svc-poolroll"]))]
    pub user: Option<Spanned<String>>,
    /// The port. Left out: what the configuration of `ssh` says. Rule: 1 to 65535.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [2222]))]
    pub port: Option<Spanned<u16>>,
}

impl Default for SshText {
    fn default() -> Self {
        SshText { program: unwritten("ssh".to_owned()), user: None, port: None }
    }
}
