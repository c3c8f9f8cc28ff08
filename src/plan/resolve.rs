//! From the written plan to the checked one: names become ids, every rule runs, all findings come out together.

use std::time::Duration;

use super::model::*;
use super::rules::{self, Names};
use super::written::{
    ActionText, ApprovalText, CarrierText, DriverText, LogonText, PlanText, ReachText, SecretText, SshText,
};
use super::{CommandDriver, FrontEndId, Plan, Quorum, Row};
use crate::document::{Document, Findings, Spanned};

/// A checked plan and the warnings that came with it.
#[derive(Debug, Clone)]
pub struct Resolved {
    pub plan: Plan,
    pub warnings: Findings,
}

/// Checks a written plan against every rule.
///
/// # Errors
///
/// All findings at once, warnings included, in document order, when at least one of them is an error.
pub fn resolve(document: &Document<PlanText>) -> Result<Resolved, Findings> {
    let text = document.body();
    let mut findings = Findings::default();
    let names = Names::collect(text, &mut findings);
    let window = rules::window(text, &mut findings);
    for rule in rules::ALL {
        rule(text, &names, &mut findings);
    }
    if findings.has_errors() {
        return Err(findings.sorted());
    }
    match build(text, &names, window) {
        Some(plan) => Ok(Resolved { plan, warnings: findings.sorted() }),
        // No rule spoke, and yet something is missing: a rule is. Better a finding than a panic.
        None => Err(Findings::from(rules::incomplete())),
    }
}

/// The plan, once no rule objects. `None` only if a rule failed to notice something that is missing.
fn build(text: &PlanText, names: &Names, window: Option<Window>) -> Option<Plan> {
    let pool = pool(text, names)?;
    let largest = pool.domains.iter().map(|domain| domain.front_ends.len()).max()? as u16;
    let at_once = AtOnce {
        front_ends: *text.at_once.front_ends,
        failed_over_upgrades: text.at_once.failed_over_upgrades.as_deref().copied().unwrap_or(largest),
    };
    Some(Plan {
        name: text.name.to_string(),
        description: text.description.clone(),
        labels: text.labels.clone(),
        product: *text.product,
        pool,
        window,
        mode: *text.maintenance_window.mode,
        drain: Drain {
            limit: text.maintenance_window.drain.limit.get(),
            then: *text.maintenance_window.drain.then,
        },
        failover: text.failover.as_ref().and_then(|failover| {
            Some(Failover {
                partner: failover.partner.as_ref()?.to_ascii_lowercase(),
                when: *failover.when,
                start: *failover.start,
                fail_back: *failover.fail_back,
            })
        }),
        readiness: ReadinessRule {
            attempts: *text.readiness.attempts,
            interval: text.readiness.interval.get(),
            time_limit: text.readiness.time_limit.get(),
        },
        settle: SettleRule {
            limit: text.settle.limit.get(),
            soak: text.settle.soak.get(),
            restarts: *text.settle.restarts,
            watch: text.settle.watch.get(),
        },
        at_once,
        upgrade: upgrade(text),
        databases: text
            .databases
            .as_ref()
            .map(|databases| Databases { sql_server: databases.sql_server.to_ascii_lowercase() }),
        acceptance: acceptance(text),
        limits: limits(text),
        expected: expected(text),
        failed_front_ends: text.failed_front_ends.as_deref().copied().unwrap_or(1),
        approvals: approvals(text, names),
        driver: match &text.driver {
            Some(text) => Some(driver(text)?),
            None => None,
        },
    })
}

fn driver(text: &DriverText) -> Option<Driver> {
    Some(match text {
        DriverText::Command(command) => Driver::Command(Box::new(CommandDriver::of(command)?)),
        DriverText::Simulated(simulated) => Driver::Simulated(Simulated {
            seed: simulated.seed,
            speed: *simulated.speed,
            spread: *simulated.spread,
            sessions: simulated.sessions,
            upgraded: *simulated.upgraded,
        }),
        DriverText::PowerShell(powershell) => {
            let reach = match &powershell.reach {
                ReachText::Ssh(text) => Reach::Ssh(ssh(text)),
                ReachText::Session(session) => Reach::Session(match &session.over {
                    CarrierText::Winrm(winrm) => Carrier::Winrm {
                        authentication: winrm.authentication,
                        certificate: winrm.certificate.as_deref().cloned(),
                        tls: winrm.tls,
                        port: winrm.port.as_deref().copied(),
                        logon: winrm.logon.as_ref().map(logon),
                    },
                    CarrierText::Ssh(ssh) => Carrier::Ssh {
                        user: ssh.user.as_deref().cloned(),
                        port: ssh.port.as_deref().copied(),
                    },
                }),
            };
            Driver::PowerShell(PowerShell {
                reach,
                engine: powershell.engine.to_string(),
                management: powershell.management.as_ref().map(|name| name.to_ascii_lowercase()),
                compare_fabric: powershell.compare_fabric,
            })
        }
    })
}

pub(super) fn ssh(text: &SshText) -> Ssh {
    Ssh {
        program: text.program.to_string(),
        user: text.user.as_deref().cloned(),
        port: text.port.as_deref().copied(),
    }
}

fn logon(text: &LogonText) -> Logon {
    let password = match &text.password {
        SecretText::Environment(name) => SecretFrom::Environment(name.to_string()),
        SecretText::Command(words) => {
            SecretFrom::Command(words.iter().map(|word| word.to_string()).collect())
        }
    };
    Logon { user: text.user.to_string(), password }
}

fn pool(text: &PlanText, names: &Names) -> Option<Pool> {
    let mut domains = Vec::with_capacity(text.pool.upgrade_domains.len());
    let mut front_ends = Vec::with_capacity(names.front_ends());
    for (domain, id) in text.pool.upgrade_domains.iter().zip(0u16..) {
        let first = front_ends.len() as u16;
        front_ends.extend(
            domain
                .front_ends
                .iter()
                .map(|fqdn| FrontEnd { fqdn: fqdn.to_ascii_lowercase(), domain: super::DomainId(id) }),
        );
        domains.push(Domain { name: domain.name.to_string(), front_ends: first..front_ends.len() as u16 });
    }
    let start_order = match &text.pool.start_order {
        Some(order) => order.iter().map(|fqdn| names.front_end(fqdn)).collect::<Option<Vec<_>>>()?,
        None => (0..front_ends.len() as u16).map(FrontEndId).collect(),
    };
    let minimum_active = text.pool.minimum_active.as_deref().copied();
    let row = Row::of(*text.product, front_ends.len() as u16, minimum_active)?;
    Some(Pool {
        fqdn: text.pool.fqdn.to_ascii_lowercase(),
        domains,
        front_ends,
        quorum: Quorum::new(row, *text.product, &start_order),
    })
}

fn upgrade(text: &PlanText) -> Upgrade {
    let actions = |actions: &[ActionText]| actions.iter().map(action).collect();
    Upgrade {
        version: text.upgrade.version.as_deref().cloned(),
        before_stop: actions(&text.upgrade.before_stop),
        actions: actions(&text.upgrade.actions),
        after_accept: actions(&text.upgrade.after_accept),
        restart: text.upgrade.restart,
    }
}

fn action(text: &ActionText) -> Action {
    let program: &str = &text.program;
    // The last part of a path of either system, for views.
    let file = program.rsplit(['/', '\\']).next().unwrap_or(program);
    Action {
        name: text.name.as_deref().cloned().unwrap_or_else(|| file.to_owned()),
        program: program.to_owned(),
        arguments: text.arguments.iter().map(|argument| argument.to_string()).collect(),
        at: *text.at,
        repeatable: text.repeatable,
        success: text.success.iter().map(|code| **code).collect(),
        reboot: text.reboot.iter().map(|code| **code).collect(),
        limit: Limit { attempts: *text.attempts, time_limit: text.time_limit.get() },
        expected: text.expected.get(),
    }
}

fn acceptance(text: &PlanText) -> AcceptanceRule {
    let acceptance = &text.acceptance;
    AcceptanceRule {
        services: acceptance.services.as_ref().map(|list| list.iter().map(|name| name.to_string()).collect()),
        ports: acceptance.ports.iter().map(|port| **port).collect(),
        stay_good: acceptance.stay_good.as_ref().map_or(Duration::ZERO, |length| length.get()),
        limit: acceptance.limit.get(),
        watch: acceptance.watch.get(),
    }
}

fn limits(text: &PlanText) -> Limits {
    let limits = &text.limits;
    Limits {
        observe: (&limits.observe).into(),
        stop: (&limits.stop).into(),
        restart: (&limits.restart).into(),
        start: (&limits.start).into(),
        fail_over: (&limits.fail_over).into(),
        fail_back: (&limits.fail_back).into(),
        databases: (&limits.databases).into(),
        back_off: limits.back_off.get(),
        look_again: limits.look_again.get(),
        looks: *limits.looks,
    }
}

fn expected(text: &PlanText) -> Expected {
    let expected = &text.expected;
    Expected {
        drain: expected.drain.get(),
        stop: expected.stop.get(),
        restart: expected.restart.get(),
        start: expected.start.get(),
        rebuild: expected.rebuild.get(),
        fail_over: expected.fail_over.get(),
        fail_back: expected.fail_back.get(),
        databases: expected.databases.get(),
    }
}

fn approvals(text: &PlanText, names: &Names) -> Approvals {
    let named = |pick: fn(&ApprovalText) -> Option<&Spanned<String>>| {
        let mut ids: Vec<_> =
            text.approvals.iter().filter_map(pick).filter_map(|name| names.domain(name)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    Approvals {
        before: named(|approval| match approval {
            ApprovalText::Before(name) => Some(name),
            ApprovalText::After(_) => None,
        }),
        after: named(|approval| match approval {
            ApprovalText::After(name) => Some(name),
            ApprovalText::Before(_) => None,
        }),
    }
}
