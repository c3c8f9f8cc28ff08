//! The checked plan. Its fields are private and [`resolve`](super::resolve()) alone fills them, so holding a [`Plan`]
//! proves that names are resolved and that every rule holds.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::written::{AfterDrain, Authentication, Consent, FailoverWhen, Mode, Product, Restart, Where};
use super::{Act, CommandDriver, DomainId, FrontEndId, Moment, Quorum};

/// A plan that holds every rule.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) product: Product,
    pub(super) pool: Pool,
    pub(super) window: Option<Window>,
    pub(super) mode: Mode,
    pub(super) drain: Drain,
    pub(super) failover: Option<Failover>,
    pub(super) readiness: ReadinessRule,
    pub(super) settle: SettleRule,
    pub(super) at_once: AtOnce,
    pub(super) upgrade: Upgrade,
    pub(super) databases: Option<Databases>,
    pub(super) acceptance: AcceptanceRule,
    pub(super) limits: Limits,
    pub(super) expected: Expected,
    pub(super) failed_front_ends: u16,
    pub(super) approvals: Approvals,
    pub(super) driver: Option<Driver>,
}

/// The pool: its domains and front ends by id.
#[derive(Clone, Debug)]
pub struct Pool {
    pub fqdn: String,
    pub domains: Vec<Domain>,
    pub front_ends: Vec<FrontEnd>,
    pub quorum: Quorum,
}

/// An upgrade domain. Its front ends have neighbouring ids.
#[derive(Clone, Debug)]
pub struct Domain {
    pub name: String,
    pub(super) front_ends: Range<u16>,
}

impl Domain {
    pub fn front_ends(&self) -> impl DoubleEndedIterator<Item = FrontEndId> + ExactSizeIterator + use<> {
        self.front_ends.clone().map(FrontEndId)
    }

    pub fn contains(&self, front_end: FrontEndId) -> bool {
        self.front_ends.contains(&front_end.0)
    }
}

/// One server of the pool.
#[derive(Clone, Debug)]
pub struct FrontEnd {
    /// In lower case: names of computers do not tell capitals apart.
    pub fqdn: String,
    pub domain: DomainId,
}

/// When the work may be done. `start < end`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    pub start: Timestamp,
    pub end: Timestamp,
    /// The IANA name of the zone in which people read these two.
    pub zone: String,
}

impl Window {
    /// Whether work may be done at this moment.
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }

    /// The zone itself. Its name was checked against the same database when the plan was resolved.
    pub fn time_zone(&self) -> TimeZone {
        TimeZoneDatabase::bundled().get(&self.zone).unwrap_or(TimeZone::UTC)
    }
}

/// How long a graceful stop may take, and what then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    pub limit: Duration,
    pub then: AfterDrain,
}

/// The partner, in a plan that has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failover {
    pub partner: String,
    pub when: FailoverWhen,
    pub start: Consent,
    pub fail_back: Consent,
}

/// The databases of the pool, in a plan that updates them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Databases {
    pub sql_server: String,
}

/// How the pool is asked. `attempts >= 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadinessRule {
    pub attempts: u8,
    pub interval: Duration,
    pub time_limit: Duration,
}

/// How the pool settles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettleRule {
    pub limit: Duration,
    pub soak: Duration,
    pub restarts: u8,
    pub watch: Duration,
}

/// How many at once; both at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtOnce {
    pub front_ends: u16,
    pub failed_over_upgrades: u16,
}

/// What is done to each front end.
#[derive(Clone, Debug)]
pub struct Upgrade {
    pub version: Option<String>,
    pub before_stop: Vec<Action>,
    pub actions: Vec<Action>,
    pub after_accept: Vec<Action>,
    pub restart: Restart,
}

impl Upgrade {
    /// The actions of one moment, in order.
    pub fn at(&self, moment: Moment) -> &[Action] {
        match moment {
            Moment::BeforeStop => &self.before_stop,
            Moment::Upgrade => &self.actions,
            Moment::AfterAccept => &self.after_accept,
        }
    }
}

/// One action on a front end.
#[derive(Clone, Debug)]
pub struct Action {
    pub name: String,
    pub program: String,
    pub arguments: Vec<String>,
    pub at: Where,
    /// Doing it again does no harm.
    pub repeatable: bool,
    pub success: Vec<i32>,
    pub reboot: Vec<i32>,
    pub limit: Limit,
    pub expected: Duration,
}

impl Action {
    /// Whether a try that failed may be followed by another: its failures may pass.
    pub fn has_more_tries(&self) -> bool {
        self.limit.attempts > 1
    }

    /// Whether a power cut on this computer ends the action too, and it does no harm to begin it again then.
    pub fn ends_with_power(&self) -> bool {
        self.repeatable && self.at == Where::Here
    }
}

/// What proves that a front end accepts connections.
#[derive(Clone, Debug)]
pub struct AcceptanceRule {
    /// `None`: every service of the front end.
    pub services: Option<Vec<String>>,
    pub ports: Vec<u16>,
    pub stay_good: Duration,
    pub limit: Duration,
    pub watch: Duration,
}

/// Tries and the time limit of one try. `attempts >= 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub attempts: u8,
    pub time_limit: Duration,
}

/// Tries and time limits, a kind of step each.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub observe: Limit,
    pub stop: Limit,
    pub restart: Limit,
    pub start: Limit,
    pub fail_over: Limit,
    pub fail_back: Limit,
    pub databases: Limit,
    pub back_off: Duration,
    pub look_again: Duration,
    pub looks: u8,
}

/// How long things take when all is well.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    pub drain: Duration,
    pub stop: Duration,
    pub restart: Duration,
    pub start: Duration,
    pub rebuild: Duration,
    pub fail_over: Duration,
    pub fail_back: Duration,
    pub databases: Duration,
}

/// Where the run waits for a person, by domain; each list is in order and without repetition.
#[derive(Clone, Debug, Default)]
pub struct Approvals {
    pub before: Vec<DomainId>,
    pub after: Vec<DomainId>,
}

/// How the pool is reached.
#[derive(Clone, Debug)]
pub enum Driver {
    Simulated(Simulated),
    PowerShell(PowerShell),
    Command(Box<CommandDriver>),
}

/// A pool that is reached through PowerShell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PowerShell {
    pub reach: Reach,
    /// The engine's program on every computer that is reached.
    pub engine: String,
    /// The computer with the management tools; `None`: this one.
    pub management: Option<String>,
    /// Whether the pool is settled only while its primaries and secondaries stay where they are.
    pub compare_fabric: bool,
}

/// How a front end is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Engines there, their lines over the system's `ssh`.
    Ssh(Ssh),
    /// Engines here, each with a session that it keeps.
    Session(Carrier),
}

/// What carries a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carrier {
    Winrm {
        authentication: Option<Authentication>,
        certificate: Option<String>,
        tls: bool,
        port: Option<u16>,
        logon: Option<Logon>,
    },
    Ssh {
        user: Option<String>,
        port: Option<u16>,
    },
}

/// An account, and where its password comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logon {
    pub user: String,
    pub password: SecretFrom,
}

/// Where a secret comes from. The secret itself is in no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretFrom {
    /// The environment variable of this name.
    Environment(String),
    /// What a program prints; the program first, then its arguments.
    Command(Vec<String>),
}

impl Ssh {
    /// The words after its program, up to the command that is run on a host. Nobody is there to be asked for a password; a
    /// connection that died is noticed within a minute.
    pub fn words(&self, host: &str) -> Vec<String> {
        let mut words: Vec<String> = vec!["-T".into()];
        for option in
            ["BatchMode=yes", "ConnectTimeout=15", "ServerAliveInterval=15", "ServerAliveCountMax=4"]
        {
            words.extend(["-o".into(), option.into()]);
        }
        if let Some(user) = &self.user {
            words.extend(["-l".into(), user.clone()]);
        }
        if let Some(port) = self.port {
            words.extend(["-p".into(), port.to_string()]);
        }
        words.extend(["--".into(), host.to_owned()]);
        words
    }
}

impl Reach {
    /// Whether the logon with which a computer is reached is handed on to further ones.
    pub fn hands_on(&self) -> bool {
        matches!(self, Reach::Session(Carrier::Winrm { authentication: Some(Authentication::Credssp), .. }))
    }

    /// In words: by what a front end is reached.
    pub fn called(&self) -> String {
        match self {
            Reach::Ssh(ssh) => format!("`{}`", ssh.program),
            Reach::Session(Carrier::Winrm { .. }) => "a session over WinRM".to_owned(),
            Reach::Session(Carrier::Ssh { .. }) => "a session over SSH".to_owned(),
        }
    }
}

/// The system's `ssh`; what is `None` its own configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ssh {
    pub program: String,
    pub user: Option<String>,
    pub port: Option<u16>,
}

/// The embedded pool.
#[derive(Clone, Copy, Debug)]
pub struct Simulated {
    pub seed: u64,
    /// Seconds of the pool in a second of ours; at least 1.
    pub speed: u32,
    /// Percent by which durations vary, either way.
    pub spread: u8,
    /// Sessions on each front end at the start.
    pub sessions: u32,
    /// How many front ends, from the first on, are already at the planned version.
    pub upgraded: u16,
}

impl Default for Simulated {
    fn default() -> Self {
        Simulated { seed: 1, speed: 600, spread: 0, sessions: 400, upgraded: 0 }
    }
}

impl Plan {
    pub fn name(&self) -> &str {
        &self.name
    }
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }
    pub fn product(&self) -> Product {
        self.product
    }
    pub fn pool(&self) -> &Pool {
        &self.pool
    }
    /// Whether the primary SQL back end has the casting vote about the quorum: it is the witness of a pool of Microsoft's with
    /// an even number of front ends.
    pub fn leans_on_back_end(&self) -> bool {
        self.product != Product::Generic && self.pool.front_ends.len().is_multiple_of(2)
    }
    pub fn window(&self) -> Option<&Window> {
        self.window.as_ref()
    }
    /// How front ends are stopped.
    pub fn mode(&self) -> Mode {
        self.mode
    }
    pub fn drain(&self) -> Drain {
        self.drain
    }
    /// The failover, in a plan that has a partner.
    pub fn failover(&self) -> Option<&Failover> {
        self.failover.as_ref()
    }
    pub fn readiness(&self) -> ReadinessRule {
        self.readiness
    }
    pub fn settle(&self) -> SettleRule {
        self.settle
    }
    pub fn at_once(&self) -> AtOnce {
        self.at_once
    }

    /// The same plan with one front end at a time on both routes.
    pub fn one_at_a_time(&self) -> Plan {
        Plan { at_once: AtOnce { front_ends: 1, failed_over_upgrades: 1 }, ..self.clone() }
    }
    pub fn upgrade(&self) -> &Upgrade {
        &self.upgrade
    }
    pub fn databases(&self) -> Option<&Databases> {
        self.databases.as_ref()
    }
    pub fn acceptance(&self) -> &AcceptanceRule {
        &self.acceptance
    }
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
    pub fn expected(&self) -> &Expected {
        &self.expected
    }
    /// How many failed front ends stop the run; 1 for every product.
    pub fn failed_front_ends(&self) -> u16 {
        self.failed_front_ends
    }
    pub fn approvals(&self) -> &Approvals {
        &self.approvals
    }
    pub fn driver(&self) -> Option<&Driver> {
        self.driver.as_ref()
    }

    /// The embedded pool on which the plan is tried, whatever its driver.
    pub fn simulated(&self) -> Simulated {
        match self.driver {
            Some(Driver::Simulated(simulated)) => simulated,
            _ => Simulated::default(),
        }
    }

    pub fn front_end(&self, id: FrontEndId) -> &FrontEnd {
        &self.pool.front_ends[id.index()]
    }
    pub fn domain(&self, id: DomainId) -> &Domain {
        &self.pool.domains[id.index()]
    }
    pub fn front_end_ids(&self) -> impl DoubleEndedIterator<Item = FrontEndId> + use<> {
        (0..self.pool.front_ends.len() as u16).map(FrontEndId)
    }
    pub fn domain_ids(&self) -> impl DoubleEndedIterator<Item = DomainId> + use<> {
        (0..self.pool.domains.len() as u16).map(DomainId)
    }

    /// How often an act is tried, and how long one try may take. For a graceful stop that is the drain.
    pub fn limit_of(&self, act: Act) -> Limit {
        match act {
            Act::Stop { mode: Mode::Graceful, .. } => {
                Limit { attempts: self.limits.stop.attempts, time_limit: self.drain.limit }
            }
            Act::Stop { mode: Mode::Immediate, .. } => self.limits.stop,
            Act::Perform { moment, index, .. } => self.upgrade.at(moment)[usize::from(index)].limit,
            Act::Restart { .. } => self.limits.restart,
            Act::Start { .. } => self.limits.start,
            Act::FailOver => self.limits.fail_over,
            Act::FailBack => self.limits.fail_back,
            Act::UpdateDatabases => self.limits.databases,
        }
    }

    /// How long an act takes when all is well.
    pub fn expected_of(&self, act: Act) -> Duration {
        match act {
            Act::Stop { mode: Mode::Graceful, .. } => self.expected.drain + self.expected.stop,
            Act::Stop { mode: Mode::Immediate, .. } => self.expected.stop,
            Act::Perform { moment, index, .. } => self.upgrade.at(moment)[usize::from(index)].expected,
            Act::Restart { .. } => match self.upgrade.restart {
                Restart::Computer => self.expected.restart,
                Restart::Services => Duration::ZERO,
            },
            Act::Start { .. } => self.expected.start,
            Act::FailOver => self.expected.fail_over,
            Act::FailBack => self.expected.fail_back,
            Act::UpdateDatabases => self.expected.databases,
        }
    }

    /// How long all actions of one moment take when all is well, one after the other.
    pub fn expected_actions(&self, moment: Moment) -> Duration {
        self.upgrade.at(moment).iter().map(|action| action.expected).sum()
    }

    /// How long the pool takes to settle when all is well. It builds its replicas from the moment when the last front
    /// end came up, so what the acceptance takes after that moment counts; whether it is ready is asked once a watch.
    pub fn expected_settling(&self) -> Duration {
        let accepting = self.acceptance.stay_good + self.expected_actions(Moment::AfterAccept);
        let left = self.expected.rebuild.saturating_sub(accepting);
        let watches = left.as_millis().div_ceil(self.settle.watch.as_millis().max(1));
        self.settle.watch * u32::try_from(watches).unwrap_or(u32::MAX) + self.settle.soak
    }
}
