//! A pool that is reached through PowerShell.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::unwritten;
use crate::document::{Spanned, present};
use crate::plan::List;

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
    /// Whether the state of the fabric is compared while the pool settles: primaries and secondaries that move are a pool that has not settled
    /// (`Get-CsPoolFabricState`). Readings of a clock in it count for nothing; where it holds other lines that change by themselves, turn this off.
    #[serde(default = "yes")]
    pub compare_fabric: bool,
}

fn yes() -> bool {
    true
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
    /// Through a session of PowerShell that a local engine opens and keeps (`New-PSSession`, `Invoke-Command -Session`).
    #[schemars(extend("examples" = [{"session": {"over": {"winrm": {"authentication": "kerberos"}}}}]))]
    Session(SessionText),
}

/// A session of PowerShell, opened by an engine on this computer.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Session")]
pub struct SessionText {
    /// What carries it.
    #[schemars(extend("examples" = [{"winrm": {}}]))]
    pub over: CarrierText,
}

/// What carries a session.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Carrier")]
pub enum CarrierText {
    /// WinRM, which only Windows has a client for.
    #[schemars(extend("examples" = [{"winrm": {"authentication": "kerberos"}}]))]
    Winrm(WinrmText),
    /// SSH, to computers whose server has the subsystem `powershell`; it runs PowerShell 7, which does not load the modules of the products by itself.
    #[schemars(extend("examples" = [{"ssh": {"user": "svc-poolroll"}}]))]
    Ssh(SessionOverSshText),
}

/// A session over WinRM.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Winrm")]
pub struct WinrmText {
    /// How this computer proves who it works for. Left out: what WinRM negotiates. CredSSP hands the logon on to the front end, as a last resort where
    /// cmdlets there reach further computers.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["kerberos"]))]
    pub authentication: Option<Authentication>,
    /// The thumbprint of a certificate in the user's store that is shown instead of a logon. Rule: on one line, not blank, no dash in front.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["8A3C0E5B5D0F4B3E9C1A7D2E6F8091A2B3C4D5E6"]))]
    pub certificate: Option<Spanned<String>>,
    /// Whether TLS carries it, by port 5986 unless another is written.
    pub tls: bool,
    /// Another account than the one that runs poolroll. Left out: that one, which the system proves by itself. Rule: not with `certificate`.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"user": "CONTOSO\\svc-poolroll", "password": {"environment": "POOLROLL_PASSWORD"}}]))]
    pub logon: Option<LogonText>,
    /// The port. Left out: WinRM's own. Rule: 1 to 65535.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [5986]))]
    pub port: Option<Spanned<u16>>,
}

/// An account, and where its password comes from.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Logon")]
pub struct LogonText {
    /// The account. Rule: on one line, not blank, no dash in front.
    #[schemars(extend("examples" = ["CONTOSO\\svc-poolroll"]))]
    pub user: Spanned<String>,
    /// Where the password comes from. It is read when the first session is opened, goes to the engine over its stdin, and is in no plan, journal,
    /// command line or output.
    #[schemars(extend("examples" = [{"environment": "POOLROLL_PASSWORD"}]))]
    pub password: SecretText,
}

/// Where a secret comes from: its name may be in git, and it is not.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Secret")]
pub enum SecretText {
    /// An environment variable of the process. Rule: a name of letters, digits and underscores, no digit in front.
    #[schemars(extend("examples" = [{"environment": "POOLROLL_PASSWORD"}]))]
    Environment(Spanned<String>),
    /// A program with its arguments, which prints it on its stdout, without a shell. A line end after it is no part of it. Rule: a program's name or path
    /// first; no secret among the arguments.
    #[schemars(extend("examples" = [{"command": ["vault", "read", "-field=value", "lync/upgrade"]}]))]
    Command(List<Spanned<String>, 1, 50>),
}

/// How a computer proves who it works for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Authentication {
    /// Kerberos, within one domain or between domains that trust each other.
    Kerberos,
    /// Whatever both sides have, Kerberos first.
    Negotiate,
    /// The logon is handed on.
    Credssp,
}

/// A session over SSH.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "SessionOverSsh")]
pub struct SessionOverSshText {
    /// The user to log on as. Left out: what the configuration of `ssh` says. Rule: on one line, not blank, no dash in front.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["svc-poolroll"]))]
    pub user: Option<Spanned<String>>,
    /// The port. Left out: what the configuration of `ssh` says. Rule: 1 to 65535.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [2222]))]
    pub port: Option<Spanned<u16>>,
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
