//! The command driver: words that can be run, names that stand for something, answers that have a meaning.

use std::collections::BTreeMap;

use super::Names;
use crate::document::{Code, Finding, Findings, Span, Spanned};
use crate::plan::words::{ACCEPTS, ENDS, HEALTH, POOL_STATES, SERVICES, STATES};
use crate::plan::written::{CommandDriverText, CommandText, DriverText, FailoverWhen, PlanText, Restart};
use crate::plan::{NotATemplate, Slot, Template, Where};

/// A command of the driver: its key, whether there is a front end that it is about, and the words of its answer; none where it is an act.
type Named<'a> = (&'static str, &'a CommandText, bool, &'static [&'static str]);

fn commands(text: &CommandDriverText) -> Vec<Named<'_>> {
    let mut all: Vec<Named<'_>> = vec![
        ("observe", &text.observe, true, &SERVICES),
        ("stop", &text.stop, true, &ENDS),
        ("start", &text.start, true, &ENDS),
    ];
    all.extend(text.ready.as_ref().map(|it| ("ready", it, true, &STATES[..])));
    all.extend(text.restart.as_ref().map(|it| ("restart", it, true, &ENDS[..])));
    all.extend(text.accept.as_ref().map(|it| ("accept", it, true, &ACCEPTS[..])));
    if let Some(claim) = &text.claim {
        all.push(("claim.take", &claim.take, false, &ENDS));
        all.push(("claim.release", &claim.release, false, &ENDS));
    }
    if let Some(partner) = &text.partner {
        all.push(("partner.health", &partner.health, false, &HEALTH));
        all.push(("partner.state", &partner.state, false, &POOL_STATES));
        all.push(("partner.fail_over", &partner.fail_over, false, &ENDS));
        all.push(("partner.fail_back", &partner.fail_back, false, &ENDS));
    }
    all
}

fn of(text: &PlanText) -> Option<&CommandDriverText> {
    match &text.driver {
        Some(DriverText::Command(command)) => Some(command),
        _ => None,
    }
}

/// Each command can be run, and its answer means something.
pub(super) fn each(text: &PlanText, _: &Names, findings: &mut Findings) {
    let Some(driver) = of(text) else { return };
    let partner = text.failover.is_some();
    variables(
        "driver.command.environment",
        &driver.environment,
        partner,
        true,
        driver.observe.run[0].span(),
        findings,
    );
    for name in driver.secrets.iter().filter(|name| !is_variable(name)) {
        let message = "`driver.command.secrets` lists something that is no name of an environment variable";
        let help = "write the name of the variable, never its value";
        findings.push(Finding::new(Code::CommandMalformed, message, help).at(name.span(), "no name"));
    }
    for (key, command, front_end, words) in commands(driver) {
        let key = &format!("driver.command.{key}");
        let program = &command.run[0];
        if program.trim() != program.as_str() || program.is_empty() {
            let message = format!("`{key}.run` names no program");
            let help = "write the program first, then its arguments, one by one";
            findings
                .push(Finding::new(Code::CommandMalformed, message, help).at(program.span(), "no program"));
        }
        for word in command.run.iter().chain(&command.directory) {
            template(key, word, partner, front_end, findings);
        }
        variables(key, &command.environment, partner, front_end, program.span(), findings);
        for place in super::upgrade::secrets_among(&command.run) {
            findings.push(super::upgrade::secret(key, place));
        }
        if *command.at == Where::FrontEnd && !front_end {
            let message = format!("`{key}` runs on a front end, and it is about the whole pool");
            let finding = Finding::new(Code::CommandMalformed, message, "write `at: here`, or remove it");
            findings.push(finding.at(command.at.span(), "there is none"));
        }
        if let Some(limit) = &command.time_limit
            && (limit.is_zero() || **limit > super::lengths::LONGEST)
        {
            let message = format!("`{key}.time_limit` is {}", **limit);
            let help = "write a length such as `30s`, at most 7 days";
            findings
                .push(Finding::new(Code::CommandMalformed, message, help).at(limit.span(), "not possible"));
        }
        for (code, word) in &command.exits {
            let wrong = if code.parse::<i32>().is_err() {
                format!("`{}` is no exit code", code.escape_debug())
            } else if !words.contains(&word.as_str()) {
                format!("`{}` is none of its answers", word.escape_debug())
            } else {
                continue;
            };
            let message = format!("`{key}.exits`: {wrong}");
            let help = format!("write an exit code, and what it means: {}", words.join(", "));
            findings
                .push(Finding::new(Code::CommandMalformed, message, help).at(word.span(), "means nothing"));
        }
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn variables(
    key: &str,
    variables: &BTreeMap<String, Spanned<String>>,
    partner: bool,
    front_end: bool,
    place: Span,
    findings: &mut Findings,
) {
    for (name, value) in variables {
        if !is_variable(name) {
            let message = format!("`{}` is no name of an environment variable", name.escape_debug());
            let help = "write letters, digits and underscores, no digit in front";
            let at = if value.span().is_empty() { place } else { value.span() };
            findings.push(Finding::new(Code::CommandMalformed, message, help).at(at, "given to no name"));
        }
        template(key, value, partner, front_end, findings);
    }
}

/// A word of a command or an action in which names stand for something.
fn template(key: &str, word: &Spanned<String>, partner: bool, front_end: bool, findings: &mut Findings) {
    let (message, label) = match Template::parse(word) {
        Err(NotATemplate::Brace) => {
            (format!("a brace stands alone in a word of `{key}`"), "write `{{` or `}}` for a brace")
        }
        Err(unknown) => {
            (format!("`{key}`: {unknown}"), "known are front_end, domain, pool, partner and mode")
        }
        Ok(read) => match read.slots().find(|slot| !has(*slot, partner, front_end)) {
            Some(slot) => (
                format!("`{{{}}}` stands for nothing in `{key}`", slot.name()),
                if slot == Slot::Partner { "the plan has no partner" } else { "it is about the whole pool" },
            ),
            None => return,
        },
    };
    let help = "write a name that stands for something here, or remove it";
    findings.push(Finding::new(Code::PlaceholderUnknown, message, help).at(word.span(), label));
}

fn has(slot: Slot, partner: bool, front_end: bool) -> bool {
    match slot {
        Slot::FrontEnd | Slot::Domain => front_end,
        Slot::Partner => partner,
        Slot::Pool | Slot::Mode => true,
    }
}

/// What the plan needs has a command, and what has a command is needed.
pub(super) fn complete(text: &PlanText, _: &Names, findings: &mut Findings) {
    let Some(driver) = of(text) else { return };
    let failover = text.failover.as_ref().filter(|failover| *failover.when != FailoverWhen::Never);
    match (failover, &driver.partner) {
        (Some(failover), None) => findings.push(
            Finding::new(
                Code::CommandMissing,
                "the plan may fail the pool over, and `driver.command.partner` is missing",
                "add the commands of the partner, or write `failover.when: never`",
            )
            .at(failover.span(), "by no command"),
        ),
        (None, Some(partner)) if text.failover.is_none() => findings.push(
            Finding::new(
                Code::CommandMissing,
                "`driver.command.partner` has commands, and the plan names no partner",
                "add `failover.partner`, or remove the commands",
            )
            .at(partner.health.run[0].span(), "about nobody"),
        ),
        _ => {}
    }
    if text.upgrade.restart == Restart::Computer && driver.restart.is_none() {
        findings.push(
            Finding::new(
                Code::CommandMissing,
                "the plan restarts computers, and `driver.command.restart` is missing",
                "add the command, or write `upgrade.restart: services`",
            )
            .at(driver.observe.run[0].span(), "the driver's commands"),
        );
    }
    if let (Some(version), Some(meaning)) = (&text.upgrade.version, driver.observe.exits.values().next()) {
        let message = "`driver.command.observe` answers by its exit code, which tells no version";
        let help = "let it print a JSON object with `services` and `version`, or remove `upgrade.version`";
        let finding = Finding::new(Code::CommandMalformed, message, help);
        findings
            .push(finding.at(meaning.span(), "no version").at(version.span(), "compared with what it says"));
    }
    if let Some(services) = &text.acceptance.services {
        let message = "`acceptance.services` names services, and no command is asked for one by one";
        let help =
            "remove it: `observe` says how the services are, and `accept` whether connections are accepted";
        let place = services.first().map_or_else(Span::default, Spanned::span);
        findings.push(Finding::new(Code::CommandMalformed, message, help).at(place, "asked by nobody"));
    }
    if let Some(databases) = &text.databases {
        let help = "remove it: what a pool of commands needs at its end is a plan of its own";
        findings.push(
            Finding::new(Code::DatabasesMisplaced, "no command updates `databases`", help)
                .at(databases.sql_server.span(), "only PowerShell does"),
        );
    }
}

/// Actions run where their driver can run them, on arguments in which names stand for something.
pub(super) fn actions(text: &PlanText, _: &Names, findings: &mut Findings) {
    let by_command = of(text).is_some();
    for (key, action) in super::upgrade::actions(text) {
        if by_command {
            for word in std::iter::once(&action.program).chain(action.arguments.iter()) {
                template(&key, word, text.failover.is_some(), true, findings);
            }
        } else if *action.at == Where::Here && matches!(text.driver, Some(DriverText::PowerShell(_))) {
            let message = format!("`{key}` runs on this computer, and PowerShell runs actions on front ends");
            let help = "remove `at`, or use the command driver";
            findings
                .push(Finding::new(Code::ActionMisplaced, message, help).at(action.at.span(), "not there"));
        }
    }
}
