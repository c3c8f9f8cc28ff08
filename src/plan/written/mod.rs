//! The plan as people write it. These types are the schema: `schemas/plan.schema.json` is made from them, with
//! their doc comments as descriptions and their defaults as defaults, and what they refuse to deserialize the
//! schema refuses as well.
//!
//! Every default is Microsoft's number where there is one; its reason stands in the key's description.

mod command;
mod limits;
mod powershell;
mod upgrade;
mod window;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Length, List, MAX_FRONT_ENDS};
use crate::document::{Spanned, Written, present};

pub use command::{CommandDriverText, CommandText, PartnerCommandsText, Where};
pub use limits::{ExpectedText, LimitsText};
pub use powershell::{
    Authentication, CarrierText, LogonText, PowerShellText, ReachText, SecretText, SshText, WinrmText,
};
pub use upgrade::{ActionText, DatabasesText, Restart, UpgradeText};
pub use window::{AfterDrain, Mode, WindowText};

/// A value that was not written and so has no place in the text.
fn unwritten<T>(value: T) -> Spanned<T> {
    Spanned::new(value, crate::document::Span::default())
}

/// A plan: what must become true of one pool.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "poolroll plan")]
pub struct PlanText {
    /// What kind of file this is.
    pub kind: PlanKind,
    /// The version of the plan language.
    pub version: PlanVersion,
    /// A short name, shown in lists of runs. Rule: on one line, 1 to 200 characters.
    #[schemars(extend("examples" = ["pool01 to the July update"]))]
    pub name: Spanned<String>,
    /// What this rollout is for, in a sentence or two.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["July 2026 cumulative update, change 4711"]))]
    pub description: Option<String>,
    /// Free labels, for people and their tools.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("default" = {}, "examples" = [{"team": "voice", "change": "4711"}]))]
    pub labels: BTreeMap<String, String>,
    /// The product that the pool runs. It decides the quorum table, the limits and the flow of a stop.
    pub product: Spanned<Product>,
    /// The pool, its upgrade domains and their front ends.
    #[schemars(extend("examples" = [{"fqdn": "pool01.contoso.com", "upgrade_domains": [{"name": "UD1", "front_ends": ["fe01.contoso.com"]}]}]))]
    pub pool: PoolText,
    /// When the work may be done, and how front ends are stopped. Without it: gracefully, at any time.
    #[serde(default)]
    pub maintenance_window: WindowText,
    /// The partner pool, and when it takes over. Rule: a setting here needs `partner`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"partner": "pool02.contoso.com"}]))]
    pub failover: Option<Spanned<FailoverText>>,
    /// How the pool is asked whether the next upgrade domain may be taken.
    #[serde(default)]
    pub readiness: ReadinessText,
    /// How the pool settles after each upgrade domain.
    #[serde(default)]
    pub settle: SettleText,
    /// How many at once.
    #[serde(default)]
    pub at_once: AtOnceText,
    /// What is done to each front end.
    #[schemars(extend("examples" = [{"version": "5.0.8308.1149", "actions": [{"program": "update.exe", "arguments": ["/silentmode"]}]}]))]
    pub upgrade: UpgradeText,
    /// The databases of the pool, updated after all front ends. Left out: they are left as they are. Rule: not with `product: generic`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"sql_server": "sql01.contoso.com"}]))]
    pub databases: Option<DatabasesText>,
    /// What proves that a front end accepts connections again.
    #[serde(default)]
    pub acceptance: AcceptanceText,
    /// Tries and time limits, a kind of step each.
    #[serde(default)]
    pub limits: LimitsText,
    /// How long things take when all is well. Estimates and the fit into the window rest on these; nothing waits by them. Rule: each at most seven
    /// days.
    #[serde(default)]
    pub expected: ExpectedText,
    /// How many failed front ends stop the run; fewer are left as they are and the run goes on. For `generic` alone:
    /// everywhere else the first one stops it. Rule: 1 to the number of front ends, and only with `product: generic`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [1]))]
    pub failed_front_ends: Option<Spanned<u16>>,
    /// Where the run waits for a person. Rules: the domain exists; each place is named once. On the failed-over route no
    /// domain is taken alone, so nobody is asked there: an error with `failover.when: always`, and a warning where trouble
    /// fails the pool over without asking anybody (`failover.start: automatic`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("default" = [], "examples" = [[{"before": "UD2"}]]))]
    pub approvals: Vec<ApprovalText>,
    /// How the pool is reached, with the driver's name as the key. A plan without one can be validated, compiled and
    /// rehearsed; to apply it, name one on the command line.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"simulated": {}}]))]
    pub driver: Option<DriverText>,
}

impl Written for PlanText {
    const KIND: &'static str = "plan";
    const SCHEMA: &'static str = include_str!("../../../schemas/plan.schema.json");
}

/// What kind of file a plan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum PlanKind {
    /// A plan.
    Plan,
}

/// The versions of the plan language that this program reads: one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct PlanVersion;

impl TryFrom<u8> for PlanVersion {
    type Error = &'static str;

    fn try_from(version: u8) -> Result<Self, Self::Error> {
        if version == 1 { Ok(PlanVersion) } else { Err("this program reads plans of version 1") }
    }
}

impl From<PlanVersion> for u8 {
    fn from(_: PlanVersion) -> u8 {
        1
    }
}

impl JsonSchema for PlanVersion {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PlanVersion".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "const": 1 })
    }
}

/// The product that a pool runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Product {
    /// Lync Server 2013: whole upgrade domains, `Stop-CsWindowsService`. At most 12 front ends.
    #[serde(rename = "lync_server_2013")]
    LyncServer2013,
    /// Skype for Business Server 2015: computer failover, one server at a time. At most 12 front ends.
    #[serde(rename = "skype_for_business_2015")]
    SkypeForBusiness2015,
    /// Skype for Business Server 2019: computer failover, one server at a time. 3 to 16 front ends.
    #[serde(rename = "skype_for_business_2019")]
    SkypeForBusiness2019,
    /// Skype for Business Server Subscription Edition: as 2019.
    #[serde(rename = "skype_for_business_se")]
    SkypeForBusinessSe,
    /// Any pool of servers. `pool.minimum_active` takes the place of a quorum table.
    #[serde(rename = "generic")]
    Generic,
}

impl Product {
    /// Whether a graceful stop is a computer failover, which takes one server at a time and leaves its services disabled.
    pub fn fails_computers_over(self) -> bool {
        match self {
            Product::SkypeForBusiness2015 | Product::SkypeForBusiness2019 | Product::SkypeForBusinessSe => {
                true
            }
            Product::LyncServer2013 | Product::Generic => false,
        }
    }
}

/// The pool.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Pool")]
pub struct PoolText {
    /// The pool's fully qualified domain name. Rule: a host name; a generic pool may have one without dots, or an IP address.
    #[schemars(extend("examples" = ["pool01.contoso.com"]))]
    pub fqdn: Spanned<String>,
    /// The upgrade domains, in the order in which they are upgraded. A pool of two is discouraged for every product, and a
    /// warning; a pool of one needs a partner that serves meanwhile; computer failover (Skype for Business, graceful) needs
    /// three front ends. Rules: names differ; no domain is empty; each
    /// front end is in one domain, once; losing a domain (as many of its front ends as are out at once) leaves the
    /// quorum standing.
    #[schemars(extend("examples" = [[{"name": "UD1", "front_ends": ["fe01.contoso.com", "fe02.contoso.com"]}]]))]
    pub upgrade_domains: List<DomainText, 1, MAX_FRONT_ENDS>,
    /// All front ends in the order of `Get-CsComputer -Pool`. Needed where the quorum counts only the first ones: with 8 to
    /// 11 front ends, with 12 in Lync Server 2013 and Skype for Business Server 2015, and with 13 to 16; not where the pool is
    /// always failed over. Not for `generic`. Rules: every front end, once, and no other.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [["fe01.contoso.com", "fe02.contoso.com"]]))]
    pub start_order: Option<Spanned<Vec<Spanned<String>>>>,
    /// How many front ends must stay active at every moment. For `generic` alone, and needed there. Rule: not more than the
    /// pool has; 0 is a warning.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [2]))]
    pub minimum_active: Option<Spanned<u16>>,
}

/// An upgrade domain: front ends that may be out of service together.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Domain")]
pub struct DomainText {
    /// Its name, as the pool gives it. Rules: on one line, 1 to 200 characters; capitals do not tell two names apart.
    #[schemars(extend("examples" = ["UD1"]))]
    pub name: Spanned<String>,
    /// The fully qualified names of its front ends, in the order in which they are taken. Rules: at least one; each is in
    /// one domain, once, and is not the pool itself; as many in all as the product supports, 12 or 16.
    #[schemars(extend("examples" = [["fe01.contoso.com", "fe02.contoso.com"]]))]
    pub front_ends: Spanned<Vec<Spanned<String>>>,
}

/// The partner pool and when it takes over.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Failover")]
pub struct FailoverText {
    /// The fully qualified name of the paired pool. Rule: not this pool, nor a front end of it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["pool02.contoso.com"]))]
    pub partner: Option<Spanned<String>>,
    /// When the pool is failed over. With `always`, the quorum of the pool does not matter: nobody is served here.
    #[serde(default)]
    pub when: Spanned<FailoverWhen>,
    /// Who starts it. With `when: never` it means nothing, which is a warning.
    #[serde(default)]
    pub start: Spanned<Consent>,
    /// Who starts the way back. With `when: never` it means nothing, which is a warning.
    #[serde(default = "automatic")]
    pub fail_back: Spanned<Consent>,
}

/// When a pool is failed over to its partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailoverWhen {
    /// When the pool is in trouble: Busy so many times in a row, or too few active front ends. Microsoft's procedure.
    #[default]
    Troubled,
    /// From the start: every upgrade takes place while the partner serves.
    Always,
    /// Never: trouble stops the run for a person.
    Never,
}

/// Whether a person is asked first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// The run waits for `poolroll approve`.
    #[default]
    Approval,
    /// The run goes on by itself.
    Automatic,
}

fn automatic() -> Spanned<Consent> {
    unwritten(Consent::Automatic)
}

/// How the pool is asked.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Readiness")]
pub struct ReadinessText {
    /// How many times in a row Busy means trouble. Three is Microsoft's number, and fewer are a warning. Rule: 1 to
    /// 20.
    pub attempts: Spanned<u8>,
    /// The time between two questions. Ten minutes is Microsoft's number: answers closer together count as one, and a
    /// shorter interval is a warning. Rule: more than zero, at most seven days.
    pub interval: Spanned<Length>,
    /// How long one answer may take. The cmdlet blocks until replicas are built, so it needs a limit; fifteen minutes is
    /// three times what a rebuild is expected to take. Rule: more than zero, at most seven days.
    pub time_limit: Spanned<Length>,
}

impl Default for ReadinessText {
    fn default() -> Self {
        ReadinessText {
            attempts: unwritten(3),
            interval: unwritten(Length::mins(10)),
            time_limit: unwritten(Length::mins(15)),
        }
    }
}

/// How the pool settles after a domain.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Settle")]
pub struct SettleText {
    /// How long the pool may take to be ready again. Two hours: a cold start alone may place routing groups for one.
    /// Rule: longer than `expected.rebuild`, in whole steps of `watch`; not longer than seven days.
    pub limit: Spanned<Length>,
    /// How long it must stay ready. Twenty minutes is Microsoft's number, and a shorter soak is a warning. Rule: at
    /// most seven days.
    pub soak: Spanned<Length>,
    /// How often the soak may start again because readiness was lost, before the run stops for a person. Three, as with
    /// Busy: what happens a fourth time is no chance. Rule: at most 20.
    pub restarts: Spanned<u8>,
    /// How often the pool is asked meanwhile. A minute: readiness that was lost in between is seen. Rule: more than zero,
    /// not longer than `soak` or `limit`.
    pub watch: Spanned<Length>,
}

impl Default for SettleText {
    fn default() -> Self {
        SettleText {
            limit: unwritten(Length::mins(120)),
            soak: unwritten(Length::mins(20)),
            restarts: unwritten(3),
            watch: unwritten(Length::mins(1)),
        }
    }
}

/// How many at once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "AtOnce")]
pub struct AtOnceText {
    /// Front ends of one domain that may be out together. One is what KB 2809243 says. Rules: at least 1, and exactly 1 for
    /// a graceful stop of Skype for Business, whose computer failover takes one server at a time; the quorum stands without
    /// them. More than the largest domain has, or than 1 with `failover.when: always`, is a warning, and so is a quorum that
    /// breaks when one more is down.
    pub front_ends: Spanned<u16>,
    /// Front ends that are stopped and upgraded together while the pool is failed over, when nobody is served here. The
    /// default is the size of the largest upgrade domain: what the plan may lose together anyway. Rule: at least 1. More than the pool has, or
    /// any number without a partner or with `failover.when: never`, is a warning.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [2]))]
    pub failed_over_upgrades: Option<Spanned<u16>>,
}

impl Default for AtOnceText {
    fn default() -> Self {
        AtOnceText { front_ends: unwritten(1), failed_over_upgrades: None }
    }
}

/// What proves that a front end accepts connections again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Acceptance")]
pub struct AcceptanceText {
    /// Services that must be running. Left out: every service of the front end. Rule: at least one, each once, its short
    /// name on one line.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [["RTCSRV"]]))]
    pub services: Option<Spanned<Vec<Spanned<String>>>>,
    /// TCP ports that must take a connection. Rule: 1 to 65535, each once.
    #[schemars(extend("examples" = [[5061, 443]]))]
    pub ports: Vec<Spanned<u16>>,
    /// How long they must stay good. Left out: one look is enough, the soak of the pool follows anyway. Rule: shorter than
    /// `limit`.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["2m"]))]
    pub stay_good: Option<Spanned<Length>>,
    /// How long until they are good. Ninety minutes: the Front End service may take an hour on a cold start (event 32174).
    /// Rule: longer than `stay_good`, more than zero, at most seven days.
    pub limit: Spanned<Length>,
    /// How often the front end is asked meanwhile. Half a minute: a start takes minutes. Rule: more than zero, not longer
    /// than `stay_good` or `limit`.
    pub watch: Spanned<Length>,
}

impl Default for AcceptanceText {
    fn default() -> Self {
        AcceptanceText {
            services: None,
            ports: Vec::new(),
            stay_good: None,
            limit: unwritten(Length::mins(90)),
            watch: unwritten(Length::secs(30)),
        }
    }
}

/// A place where the run waits for a person.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Approval")]
pub enum ApprovalText {
    /// Before this upgrade domain is taken.
    #[schemars(extend("examples" = [{"before": "UD2"}]))]
    Before(Spanned<String>),
    /// After this upgrade domain has settled.
    #[schemars(extend("examples" = [{"after": "UD1"}]))]
    After(Spanned<String>),
}

/// How the pool is reached.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Driver")]
pub enum DriverText {
    /// The embedded pool: a twin of the planned one that behaves as the field says.
    #[schemars(extend("examples" = [{"simulated": {"speed": 600}}]))]
    Simulated(SimulatedText),
    /// PowerShell: Lync Server and Skype for Business Server. Rule: not with `product: generic`.
    #[serde(rename = "powershell")]
    #[schemars(extend("examples" = [{"powershell": {"reach": {"ssh": {}}}}]))]
    PowerShell(PowerShellText),
    /// Commands: any pool.
    #[schemars(extend("examples" = [{"command": {"observe": {"run": ["pool-observe", "{front_end}"]}, "stop": {"run": ["pool-stop", "{front_end}"]}, "start": {"run": ["pool-start", "{front_end}"]}}}]))]
    Command(Box<CommandDriverText>),
}

/// The embedded pool.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Simulated")]
pub struct SimulatedText {
    /// The seed of everything that varies. Any number will do; the same one gives the same pool.
    pub seed: u64,
    /// How many seconds of the pool pass in a second of ours. Ten minutes, so that a night passes while one watches. Rule: 1
    /// to 100000.
    pub speed: Spanned<u32>,
    /// By how many percent durations vary around the expected ones, either way. None, so that a rehearsal takes what the
    /// plan expects. Rule: 0 to 90.
    pub spread: Spanned<u8>,
    /// Sessions on each front end at the start. A few hundred, as on a quiet evening.
    pub sessions: u32,
    /// How many front ends, from the first on, are already at the planned version. Rule: not more than the pool has.
    pub upgraded: Spanned<u16>,
}

impl Default for SimulatedText {
    fn default() -> Self {
        SimulatedText {
            seed: 1,
            speed: unwritten(600),
            spread: unwritten(0),
            sessions: 400,
            upgraded: unwritten(0),
        }
    }
}
