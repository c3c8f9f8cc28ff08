//! The driver: numbers that a simulated pool can be built with, names that can be reached.

use super::{Names, count, fqdn};
use crate::document::{Code, Finding, Findings, Spanned};
use crate::plan::Product;
use crate::plan::written::{
    Authentication, CarrierText, DriverText, PlanText, ReachText, SecretText, WinrmText,
};

/// The fastest that simulated time runs: a day in a second.
const FASTEST: u32 = 100_000;
/// More spread than this would make some durations vanish.
const WIDEST: u8 = 90;

/// Speed, spread and the number of upgraded front ends of the simulated pool.
pub(super) fn simulated(text: &PlanText, names: &Names, findings: &mut Findings) {
    let Some(DriverText::Simulated(simulated)) = &text.driver else { return };
    let (speed, spread, upgraded) = (&simulated.speed, &simulated.spread, &simulated.upgraded);
    if !(1..=FASTEST).contains(&**speed) {
        let why = if **speed == 0 { "its time would stand still" } else { "faster than it can be followed" };
        findings.push(
            Finding::new(
                Code::SpeedOutOfRange,
                format!("`driver.simulated.speed` is {}: {why}", **speed),
                format!("write how many seconds pass in one of ours, 1 to {FASTEST}"),
            )
            .at(speed.span(), format!("not in 1 to {FASTEST}")),
        );
    }
    if **spread > WIDEST {
        findings.push(
            Finding::new(
                Code::SpreadOutOfRange,
                format!("`driver.simulated.spread` is {} percent; {WIDEST} is the most", **spread),
                format!("write by how many percent durations vary, 0 to {WIDEST}"),
            )
            .at(spread.span(), format!("above {WIDEST}")),
        );
    }
    let front_ends = names.front_ends();
    if usize::from(**upgraded) > front_ends && front_ends > 0 {
        findings.push(
            Finding::new(
                Code::UpgradedTooMany,
                format!(
                    "`driver.simulated.upgraded` is {}, and the pool has {}",
                    **upgraded,
                    count(front_ends, "front end")
                ),
                format!("write 0 to {front_ends}: how many are already at the planned version"),
            )
            .at(upgraded.span(), "more than the pool has")
            .at(text.pool.fqdn.span(), format!("has {}", count(front_ends, "front end"))),
        );
    }
}

/// The product is one that PowerShell drives, and what is named can be started and reached. A name that begins with a dash
/// would be taken for an option.
pub(super) fn powershell(text: &PlanText, _: &Names, findings: &mut Findings) {
    let Some(DriverText::PowerShell(powershell)) = &text.driver else { return };
    if *text.product == Product::Generic {
        findings.push(
            Finding::new(
                Code::DriverMisplaced,
                "`driver.powershell` is for Lync Server and Skype for Business Server, and the product is `generic`",
                "name the product, or another driver",
            )
            .at(text.product.span(), "has no cmdlets"),
        );
    }
    let program = "the name of the program, or its path";
    let user = "the name of the user";
    let mut words = vec![("engine", Some(&powershell.engine), program)];
    let (key, port) = match &powershell.reach {
        ReachText::Ssh(ssh) => {
            words.push(("reach.ssh.program", Some(&ssh.program), program));
            words.push(("reach.ssh.user", ssh.user.as_ref(), user));
            ("reach.ssh.port", &ssh.port)
        }
        ReachText::Session(session) => match &session.over {
            CarrierText::Winrm(winrm) => {
                let thumbprint = "the thumbprint of a certificate";
                words.push(("reach.session.over.winrm.certificate", winrm.certificate.as_ref(), thumbprint));
                words.push((
                    "reach.session.over.winrm.logon.user",
                    winrm.logon.as_ref().map(|logon| &logon.user),
                    user,
                ));
                logon(winrm, findings);
                ("reach.session.over.winrm.port", &winrm.port)
            }
            CarrierText::Ssh(ssh) => {
                words.push(("reach.session.over.ssh.user", ssh.user.as_ref(), user));
                ("reach.session.over.ssh.port", &ssh.port)
            }
        },
    };
    for (key, value, what) in words {
        let Some((value, fault)) = value.and_then(|value| Some((value, not_on_a_command_line(value)?)))
        else {
            continue;
        };
        let message = format!("`driver.powershell.{key}` {fault}");
        let help = format!("write {what}, on one line");
        findings.push(Finding::new(Code::ReachMalformed, message, help).at(value.span(), "cannot be used"));
    }
    if let Some(management) = &powershell.management
        && let Some(fault) = fqdn::fault(management, *text.product)
    {
        let message = format!("`driver.powershell.management` {}", fault.what);
        findings.push(
            Finding::new(Code::ReachMalformed, message, fault.help).at(management.span(), "no host name"),
        );
    }
    if let Some(port) = port.as_ref().filter(|port| ***port == 0) {
        let help = "write the port of the server, or remove the key";
        let finding = Finding::new(Code::ReachMalformed, format!("`driver.powershell.{key}` is 0"), help);
        findings.push(finding.at(port.span(), "no port"));
    }
}

/// One way to log on, and a password that can be had.
fn logon(winrm: &WinrmText, findings: &mut Findings) {
    let Some(logon) = &winrm.logon else { return };
    if let Some(certificate) = &winrm.certificate {
        let message = "`logon` and `certificate` are two ways to log on";
        let finding = Finding::new(Code::ReachMalformed, message, "keep one of them");
        findings.push(finding.at(certificate.span(), "one way").at(logon.user.span(), "another"));
    }
    let (fault, help, span) = match &logon.password {
        SecretText::Environment(name) => {
            let is_name = !name.starts_with(|c: char| c.is_ascii_digit())
                && !name.is_empty()
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let fault = (!is_name).then_some("is no name of an environment variable");
            (fault, "write the name of the variable, never the password", name.span())
        }
        SecretText::Command(words) => {
            let program = words.first().map_or("", |word| word.as_str());
            let span = words.first().map_or_else(|| logon.user.span(), Spanned::span);
            for place in super::upgrade::secrets_among(words) {
                findings.push(super::upgrade::secret("driver.powershell...logon.password.command", place));
            }
            let blank = program.trim() != program || program.is_empty() || program.contains(char::is_control);
            (blank.then_some("names no program"), "write the program, then its arguments, one by one", span)
        }
    };
    if let Some(fault) = fault {
        // What stands there may be the password itself, so it is not repeated.
        let message = format!("`driver.powershell.reach.session.over.winrm.logon.password` {fault}");
        findings.push(Finding::new(Code::ReachMalformed, message, help).at(span, "cannot be used"));
    }
}

/// A program on another computer than the front end that starts it: with a logon that is not handed on, the share refuses it.
pub(super) fn second_hop(text: &PlanText, _: &Names, findings: &mut Findings) {
    let Some(DriverText::PowerShell(powershell)) = &text.driver else { return };
    if let ReachText::Session(session) = &powershell.reach
        && let CarrierText::Winrm(winrm) = &session.over
        && winrm.authentication == Some(Authentication::Credssp)
    {
        return;
    }
    let on_a_share = |word: &str| word.starts_with("\\\\") || word.starts_with("//");
    for (key, action) in super::upgrade::actions(text) {
        let words = std::iter::once(&action.program).chain(action.arguments.iter());
        let Some(word) = words.into_iter().find(|word| on_a_share(word)) else { continue };
        let message = format!(
            "`{key}` reads from a share, and a logon that reaches the front end is not handed on to a third computer (the second hop)"
        );
        let help = "copy it to each front end first, let the share admit the computer accounts of the front ends, or hand the logon on with \
                    `authentication: credssp`";
        findings.push(Finding::new(Code::SecondHop, message, help).at(word.span(), "on another computer"));
    }
}

/// What keeps a text from being one word of a command line.
fn not_on_a_command_line(text: &str) -> Option<&'static str> {
    if text.trim().is_empty() {
        Some("is blank")
    } else if text.trim().len() != text.len() {
        Some("begins or ends with white space")
    } else if text.starts_with('-') {
        Some("begins with a dash, as options do")
    } else if text.contains(['"', '\'', '`', '$', ';', '&', '|', '<', '>', '%', '^']) {
        Some("contains a character that a shell would not leave alone")
    } else if text.chars().any(char::is_control) {
        Some("contains a control character")
    } else {
        None
    }
}
