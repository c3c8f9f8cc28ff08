//! Steps by the names under which people see them: `stop/fe03.contoso.com`, `upgrade/fe03.contoso.com/1`. A leading
//! `failed_over/` means the same act on the other route, and so the same here.

use crate::document::{Code, Finding, Spanned, nearest};
use crate::plan::{Act, DomainId, FrontEndId, Mode, Moment, Plan};

/// What a step does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Target {
    Act(Act),
    Acceptance(FrontEndId),
}

/// The words with which names of steps begin.
const WORDS: [&str; 10] = [
    "stop",
    "upgrade",
    "before_stop",
    "after_accept",
    "restart",
    "start",
    "accept",
    "fail_over",
    "fail_back",
    "databases",
];

/// The words of steps that ask and change nothing.
const ASKING: [&str; 4] = ["preflight", "approve", "ready", "settle"];

/// The step of this name.
pub(super) fn target(step: &Spanned<String>, plan: &Plan) -> Result<Target, Finding> {
    let name: &str = step;
    let name = name.strip_prefix("failed_over/").unwrap_or(name);
    let mut parts = name.split('/');
    let (word, of, number) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    if parts.next().is_some() {
        return Err(unknown(step, "no step has so many parts"));
    }
    let act = match (word, of, number) {
        ("fail_over" | "fail_back", None, None) if plan.failover().is_none() => {
            return Err(unknown(step, "the plan has no partner to fail over to"));
        }
        ("fail_over", None, None) => Act::FailOver,
        ("fail_back", None, None) => Act::FailBack,
        ("databases", None, None) if plan.databases().is_none() => {
            return Err(unknown(step, "the plan names no databases"));
        }
        ("databases", None, None) => Act::UpdateDatabases,
        ("stop", Some(of), None) => Act::Stop { front_end: named(step, of, plan)?, mode: Mode::Graceful },
        ("restart", Some(of), None) => Act::Restart { front_end: named(step, of, plan)? },
        ("start", Some(of), None) => Act::Start { front_end: named(step, of, plan)? },
        ("accept", Some(of), None) => return Ok(Target::Acceptance(named(step, of, plan)?)),
        ("before_stop", Some(of), Some(number)) => action(step, Moment::BeforeStop, of, number, plan)?,
        ("upgrade", Some(of), Some(number)) => action(step, Moment::Upgrade, of, number, plan)?,
        ("after_accept", Some(of), Some(number)) => action(step, Moment::AfterAccept, of, number, plan)?,
        _ => return Err(malformed(step, word)),
    };
    Ok(Target::Act(act))
}

/// The front end of this name.
pub(super) fn front_end(fqdn: &Spanned<String>, plan: &Plan) -> Result<FrontEndId, Finding> {
    named(fqdn, fqdn, plan)
}

/// The upgrade domain of this name.
pub(super) fn domain(name: &Spanned<String>, plan: &Plan) -> Result<DomainId, Finding> {
    let found = plan.domain_ids().find(|id| plan.domain(*id).name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| {
        let known = plan.pool().domains.iter().map(|domain| domain.name.as_str());
        let help = match nearest(name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write the name of an upgrade domain of the plan".to_owned(),
        };
        let message = format!("the plan has no upgrade domain `{}`", name.escape_debug());
        Finding::new(Code::UnknownValue, message, help).at(name.span(), "not in the plan")
    })
}

/// `name` is what is written, or a part of it.
fn named(written: &Spanned<String>, name: &str, plan: &Plan) -> Result<FrontEndId, Finding> {
    let found = plan.front_end_ids().find(|id| plan.front_end(*id).fqdn.eq_ignore_ascii_case(name));
    found.ok_or_else(|| {
        let known = plan.pool().front_ends.iter().map(|front_end| front_end.fqdn.as_str());
        let help = match nearest(name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write the full name of a front end of the plan".to_owned(),
        };
        let message = format!("the plan has no front end `{}`", name.escape_debug());
        Finding::new(Code::UnknownValue, message, help).at(written.span(), "not in the plan")
    })
}

fn action(
    step: &Spanned<String>,
    moment: Moment,
    of: &str,
    number: &str,
    plan: &Plan,
) -> Result<Act, Finding> {
    let front_end = named(step, of, plan)?;
    let count = plan.upgrade().at(moment).len();
    let index = number.parse::<u8>().ok().and_then(|number| number.checked_sub(1));
    match index.filter(|index| usize::from(*index) < count) {
        Some(index) => Ok(Act::Perform { front_end, moment, index }),
        None if count == 0 => Err(unknown(step, "the plan has no actions at that moment")),
        None => Err(unknown(step, &format!("actions are numbered from 1 to {count}"))),
    }
}

fn unknown(step: &Spanned<String>, why: &str) -> Finding {
    let message = format!("the plan has no step `{}`", step.escape_debug());
    let help = format!("{why}; `poolroll plan` lists the steps");
    Finding::new(Code::UnknownValue, message, help).at(step.span(), "no such step")
}

fn malformed(step: &Spanned<String>, word: &str) -> Finding {
    if ASKING.contains(&word) {
        let message = format!("`{}` asks, and changes nothing that could go wrong", step.escape_debug());
        let help = "what the pool answers is said by `pool_busy`, `pool_insufficient`, `pool_unanswered`, `domain_not_ready` or `readiness_lost`, what a person does by `operator`";
        return Finding::new(Code::UnknownValue, message, help).at(step.span(), "no step that acts");
    }
    let meant = if WORDS.contains(&word) { None } else { nearest(word, WORDS) };
    match meant {
        Some(meant) => unknown(step, &format!("did you mean `{meant}`?")),
        None => unknown(
            step,
            "write `stop/FRONT_END`, `upgrade/FRONT_END/1`, `restart/FRONT_END`, `fail_over` or another",
        ),
    }
}
