//! Where a run is, what comes next, and how it ended.

use serde::Serialize;

use super::{Seen, acts, partner, waits};
use crate::exec::record::Act;
use crate::graph::{Route, StepGraph, StepId, StepKind};
use crate::plan::{DomainId, FrontEndId};
use crate::report::lines::{counted, listed, rough, short};
use crate::run::{Course, Outcome, PauseWhy, Phase, Served, StepState};

/// How many names are listed before the rest is counted.
const NAMED: usize = 4;

/// Where the run is, in one line.
pub fn headline(seen: &Seen<'_>) -> String {
    let place = phase(seen);
    match seen.run.course() {
        Course::Forward => place,
        Course::Pausing(why) => {
            format!("pausing ({}), {}; {place}", pause(seen, why), bringing_back(seen))
        }
        Course::Stopping => format!("stopping for a person, {}; {place}", bringing_back(seen)),
        Course::Ended(Outcome::Complete) => ended(seen, Outcome::Complete),
        Course::Ended(outcome) => format!("{}; {place}", ended(seen, outcome)),
    }
}

fn bringing_back(seen: &Seen<'_>) -> String {
    let back: Vec<FrontEndId> = returning(seen).collect();
    if seen.run.served(seen.graph) != Served::Here {
        "what has begun is finished first".to_owned()
    } else if !back.is_empty() {
        brought_back(seen, &back)
    } else if out(seen).next().is_none() {
        "nothing is out".to_owned()
    } else {
        "what is out stays out".to_owned()
    }
}

/// `fe01 and fe02 are brought back first`.
pub fn brought_back(seen: &Seen<'_>, back: &[FrontEndId]) -> String {
    format!("{} {} brought back first", names(seen.graph, back), if back.len() == 1 { "is" } else { "are" })
}

/// The front ends that come back before a run ends that goes no further. Not those that need a person, and none while the
/// partner serves.
pub fn returning<'a>(seen: &'a Seen<'_>) -> impl Iterator<Item = FrontEndId> + 'a {
    let needs_person = |id| seen.run.stuck().any(|step| seen.graph.kind(step).front_end() == Some(id));
    let here = seen.run.served(seen.graph) == Served::Here;
    out(seen).filter(move |id| here && !needs_person(*id))
}

/// The front ends that we took out and that are not back.
pub fn out<'a>(seen: &'a Seen<'_>) -> impl Iterator<Item = FrontEndId> + 'a {
    seen.graph.plan().front_end_ids().filter(|id| seen.run.is_out(*id))
}

/// The phase in words: `in UD2, the second of 3 upgrade domains: fe03 is out, 1 of 2 front ends done`.
pub fn phase(seen: &Seen<'_>) -> String {
    let plan = seen.graph.plan();
    let count = plan.pool().domains.len();
    let of = |domain: DomainId| format!("{} ({} of {count})", plan.domain(domain).name, domain.0 + 1);
    match seen.run.phase() {
        Phase::Preflight => {
            let looked = seen.graph.preflight().filter(|step| seen.run.state(*step).is_satisfied()).count();
            format!("preflight: {looked} of {} looked at, nothing is changed", seen.graph.preflight().count())
        }
        Phase::Gate(domain) => {
            let approval = seen.graph.domain(domain).approve_before;
            let person = approval.is_some_and(|step| matches!(seen.run.state(step), StepState::Running(_)));
            let waits = match (seen.run.course(), person) {
                (Course::Forward, false) => ": waits until the pool lets it be taken",
                (Course::Forward, true) => ": waits for a person",
                _ => "",
            };
            format!("before {}{waits}", of(domain))
        }
        Phase::Open { domain, more } => {
            let all = plan.domain(domain).front_ends();
            let (len, done) = (all.len(), all.filter(|id| seen.run.is_finished(*id)).count());
            let out: Vec<FrontEndId> = out(seen).collect();
            let out =
                if out.is_empty() { String::new() } else { format!(", {} out", names(seen.graph, &out)) };
            let again = match (more || done == len || seen.run.course() != Course::Forward, out.is_empty()) {
                (true, _) => "",
                (false, true) => "; the pool is asked again",
                (false, false) => "; what is out comes back, then the pool is asked again",
            };
            format!("in {}: {done} of {len} front ends done{out}{again}", of(domain))
        }
        Phase::Over { .. } => over(seen),
        Phase::Settle(Some(domain)) => {
            // A person may still be asked.
            let settled = seen.run.state(seen.graph.domain(domain).settle).is_satisfied();
            format!("after {}: the pool {}", of(domain), if settled { "has settled" } else { "settles" })
        }
        Phase::Settle(None) => "failed back: the pool settles".to_owned(),
        Phase::Databases => format!("the databases on {} are updated", super::acts::sql_server(seen.graph)),
        Phase::Finished => "finished".to_owned(),
    }
}

/// The front ends that a person, or the plan's tolerance, left out before they were done.
pub fn left_out(seen: &Seen<'_>) -> Vec<FrontEndId> {
    let ids = seen.graph.plan().front_end_ids();
    ids.filter(|id| standing(seen, *id) == Standing::Skipped).collect()
}

fn over(seen: &Seen<'_>) -> String {
    let plan = seen.graph.plan();
    let upgraded = plan
        .front_end_ids()
        .filter(|id| {
            let steps = seen.graph.upgrade_of(*id);
            let upgraded = |state| matches!(state, StepState::Done | StepState::Needless);
            (steps.start.0..steps.end.0).all(|step| upgraded(seen.run.state(StepId(step))))
        })
        .count();
    let all = plan.pool().front_ends.len();
    match seen.run.served(seen.graph) {
        Served::ByPartner => {
            let left_out = match left_out(seen) {
                ids if ids.is_empty() => String::new(),
                ids => format!(", {} left out", names(seen.graph, &ids)),
            };
            let partner = partner(seen.graph);
            format!("failed over to {partner}: {upgraded} of {all} front ends upgraded{left_out}")
        }
        Served::Unknown => format!("failing over to {}, or back: not proved yet", partner(seen.graph)),
        Served::Here => match seen.graph.over().map(|over| seen.run.state(over.fail_back)) {
            Some(state) if state.is_satisfied() => {
                let back = plan.front_end_ids().filter(|id| seen.run.is_finished(*id)).count();
                format!("failed back: {back} of {all} front ends back in service")
            }
            _ => format!("before failing over to {}", partner(seen.graph)),
        },
    }
}

/// What must be said loudly of where users are served; `None` when it is the pool itself.
pub fn served(seen: &Seen<'_>) -> Option<String> {
    let partner = partner(seen.graph);
    match seen.run.served(seen.graph) {
        Served::Here => None,
        Served::ByPartner => Some(format!(
            "THE POOL IS FAILED OVER: its users are served by {partner} until it has failed back"
        )),
        Served::Unknown => Some(format!(
            "IT IS NOT KNOWN WHETHER THE POOL IS FAILED OVER: its users may be served by {partner}"
        )),
    }
}

/// What the run does next, once what it waits for has come; in order, a few steps ahead.
pub fn next(seen: &Seen<'_>) -> Vec<String> {
    match seen.run.course() {
        Course::Pausing(_) => return vec!["the run pauses; `poolroll resume` takes it up again".to_owned()],
        Course::Stopping => return vec!["the run stops, and a person decides".to_owned()],
        Course::Forward | Course::Ended(_) => {}
    }
    let plan = seen.graph.plan();
    let mut next = Vec::new();
    let back: Vec<FrontEndId> = returning(seen).collect();
    if matches!(seen.run.course(), Course::Ended(_)) && !back.is_empty() {
        let what = if back.len() == 1 { "is looked at and comes" } else { "are looked at and come" };
        next.push(format!("{} {what} back first", names(seen.graph, &back)));
    }
    let domain = match seen.run.phase() {
        Phase::Preflight => {
            if seen.run.course() == Course::Forward
                && plan.failover().is_some_and(|f| f.when == crate::plan::FailoverWhen::Always)
            {
                return vec![fails_over(seen)];
            }
            DomainId(0)
        }
        Phase::Gate(domain) => domain,
        Phase::Open { domain, .. } => {
            let left: Vec<FrontEndId> = plan
                .domain(domain)
                .front_ends()
                .filter(|id| !seen.run.is_finished(*id) && !seen.run.is_out(*id))
                .collect();
            if !left.is_empty() {
                next.push(names(seen.graph, &left));
            }
            let asked = if is_asked(seen, seen.graph.domain(domain).approve_after) {
                ", and a person is asked"
            } else {
                ""
            };
            next.push(format!("the pool settles after {}{asked}", plan.domain(domain).name));
            DomainId(domain.0 + 1)
        }
        Phase::Settle(Some(domain)) => {
            if is_asked(seen, seen.graph.domain(domain).approve_after) {
                next.push(format!("a person is asked after {}", plan.domain(domain).name));
            }
            DomainId(domain.0 + 1)
        }
        Phase::Over { .. } => return over_next(seen),
        Phase::Settle(None) => return last_next(seen),
        Phase::Databases | Phase::Finished => return vec!["the run is complete".to_owned()],
    };
    for id in (domain.0..plan.pool().domains.len() as u16).map(DomainId) {
        let left: Vec<FrontEndId> =
            plan.domain(id).front_ends().filter(|id| !seen.run.is_finished(*id)).collect();
        if !left.is_empty() {
            let steps = seen.graph.domain(id);
            let asked = match (is_asked(seen, steps.approve_before), is_asked(seen, steps.approve_after)) {
                (false, false) => "",
                (true, false) => " (a person is asked before)",
                (false, true) => " (a person is asked after)",
                (true, true) => " (a person is asked before and after)",
            };
            next.push(format!("{}: {}{asked}", plan.domain(id).name, names(seen.graph, &left)));
        }
    }
    if next.len() > NAMED {
        let more = next.len() - (NAMED - 1);
        next.truncate(NAMED - 1);
        next.push(format!("{} more", counted(more, "upgrade domain")));
    }
    if next.is_empty() { last_next(seen) } else { next }
}

/// Whether an approval is still to be asked for. One that is waited for is what goes on now.
fn is_asked(seen: &Seen<'_>, approval: Option<StepId>) -> bool {
    approval.is_some_and(|step| {
        let state = seen.run.state(step);
        let waits = seen.run.course() == Course::Forward && matches!(state, StepState::Running(_));
        !state.is_satisfied() && !waits
    })
}

fn asked_before(seen: &Seen<'_>, approval: Option<StepId>) -> &'static str {
    if is_asked(seen, approval) { " (a person is asked before)" } else { "" }
}

fn fails_over(seen: &Seen<'_>) -> String {
    let approval = seen.graph.over().and_then(|over| over.approve_fail_over);
    format!("fail over to {}{}", partner(seen.graph), asked_before(seen, approval))
}

/// What follows the last settling.
fn last_next(seen: &Seen<'_>) -> Vec<String> {
    match seen.graph.plan().databases() {
        Some(_) => {
            vec![format!("a person lets the databases on {} be updated", super::acts::sql_server(seen.graph))]
        }
        None => vec!["the run is complete".to_owned()],
    }
}

fn over_next(seen: &Seen<'_>) -> Vec<String> {
    let Some(over) = seen.graph.over() else { return Vec::new() };
    let mut next = Vec::new();
    if !seen.run.state(over.fail_over).is_satisfied() {
        next.push(fails_over(seen));
    }
    if !seen.run.state(over.fail_back).is_satisfied() {
        if seen.graph.plan().front_end_ids().any(|id| !seen.run.is_upgraded(seen.graph, id)) {
            next.push("upgrade what is not upgraded yet".to_owned());
        }
        let asked = asked_before(seen, over.approve_fail_back);
        next.push(format!("fail back from {}{asked}", partner(seen.graph)));
    }
    next.push("start and accept all front ends".to_owned());
    next.push("the pool settles".to_owned());
    next
}

/// `fe01, fe02 and 7 more`.
pub fn names(graph: &StepGraph, ids: &[FrontEndId]) -> String {
    let plan = graph.plan();
    let mut shown: Vec<String> =
        ids.iter().take(NAMED).map(|id| short(&plan.front_end(*id).fqdn).to_owned()).collect();
    if ids.len() > NAMED {
        shown.push(format!("{} more", ids.len() - NAMED));
    }
    listed(&shown, "and")
}

/// What a pause takes: what is out comes back first.
pub fn pausing(seen: &Seen<'_>) -> String {
    let plan = seen.graph.plan();
    let out: Vec<FrontEndId> = out(seen).collect();
    match (seen.run.served(seen.graph), out.is_empty(), seen.run.route()) {
        (Served::ByPartner | Served::Unknown, ..) => {
            "what has begun is finished first; THE POOL STAYS FAILED OVER".to_owned()
        }
        (Served::Here, true, _) => "nothing is out, so at once".to_owned(),
        (Served::Here, false, route) => {
            let underway_for = seen.underway_for();
            let left = |id: &FrontEndId| -> std::time::Duration {
                let steps = seen.graph.chain(route, *id).filter(|step| !seen.run.state(*step).is_satisfied());
                steps.map(|step| seen.graph.step(step).expected.saturating_sub(underway_for(step))).sum()
            };
            let takes = out.iter().map(left).max().unwrap_or_default() + plan.acceptance().stay_good;
            format!("{} comes back into service first, about {}", names(seen.graph, &out), rough(takes))
        }
    }
}

/// Takes a run up. Where its window is over, or what is left of it is too short, a person opens it anew.
fn resume(seen: &Seen<'_>, is_short: bool) -> String {
    let window = seen.graph.plan().window();
    match window.is_some_and(|window| is_short || seen.now >= window.end) {
        true => format!("poolroll resume {} --until TIME --reason TEXT", seen.run_id),
        false => format!("poolroll resume {}", seen.run_id),
    }
}

/// What to type next, best first.
pub fn commands(seen: &Seen<'_>, alive: bool) -> Vec<String> {
    let run = seen.run_id;
    match seen.run.course() {
        Course::Ended(Outcome::Complete | Outcome::Abandoned) => vec![format!("poolroll report {run}")],
        Course::Ended(Outcome::Paused(why)) => vec![resume(seen, why == PauseWhy::TooLate)],
        Course::Ended(Outcome::Stopped) => {
            let troubles = super::trouble::troubles(seen);
            let mut commands: Vec<String> = Vec::new();
            for choice in troubles.iter().flat_map(|trouble| &trouble.choices) {
                if !commands.contains(&choice.command) {
                    commands.push(choice.command.clone());
                }
            }
            if commands.is_empty() { vec![resume(seen, false)] } else { commands }
        }
        Course::Ended(Outcome::Aborted) => {
            vec![resume(seen, false), format!("poolroll abandon {run} --reason TEXT")]
        }
        _ if !alive => vec![resume(seen, false)],
        _ => {
            let approvals = seen.graph.ids().filter_map(|step| (seen.approval)(step));
            let mut commands: Vec<String> =
                approvals.map(|id| format!("poolroll approve {run} {id}")).collect();
            commands.push(format!("poolroll status {run} --watch"));
            commands
        }
    }
}

/// Why a run pauses.
fn pause(seen: &Seen<'_>, why: PauseWhy) -> String {
    match (why, seen.asked) {
        (PauseWhy::Asked, None) => "somebody asked for it".to_owned(),
        (PauseWhy::Asked, Some(Act { who, reason: None })) => format!("{who} asked for it"),
        (PauseWhy::Asked, Some(Act { who, reason: Some(reason) })) => format!("{who} asked for it: {reason}"),
        (PauseWhy::TooLate, _) => "what comes next does not fit the rest of the window".to_owned(),
        (PauseWhy::Closed, _) => "the window is closed".to_owned(),
    }
}

/// How a run ended.
pub fn ended(seen: &Seen<'_>, outcome: Outcome) -> String {
    match outcome {
        Outcome::Complete => "complete".to_owned(),
        Outcome::Paused(why) => format!("paused at a safe place: {}", pause(seen, why)),
        Outcome::Stopped => "stopped: it needs a person".to_owned(),
        Outcome::Aborted => "aborted: what was in flight is in doubt".to_owned(),
        Outcome::Abandoned => "abandoned: it does not go on".to_owned(),
    }
}

/// The state of a run in one word, for tables and JSON.
pub fn outcome_word(outcome: Option<Outcome>) -> &'static str {
    outcome.map_or("open", Outcome::word)
}

/// How a front end stands in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Its turn has not come.
    Waiting,
    /// We took it out and it is not back.
    Out,
    /// One of its steps needs a person.
    Trouble,
    /// It was where the plan wants it before the run came to it.
    AlreadyThere,
    /// It is upgraded and back in service.
    Done,
    /// A person, or the plan's tolerance, left it out.
    Skipped,
}

impl Standing {
    pub fn word(self) -> &'static str {
        match self {
            Standing::Waiting => "waiting",
            Standing::Out => "out",
            Standing::Trouble => "trouble",
            Standing::AlreadyThere => "already there",
            Standing::Done => "done",
            Standing::Skipped => "skipped",
        }
    }
}

/// How a front end stands.
pub fn standing(seen: &Seen<'_>, id: FrontEndId) -> Standing {
    let (graph, run) = (seen.graph, seen.run);
    let states = || graph.chain(run.route(), id).map(|step| run.state(step));
    let troubled = |step| matches!(run.state(step), StepState::Stuck(_));
    // Who is done may be left out of the rest, and serves.
    let is_whole = run.is_skipped(graph, id)
        && !run.was_left_out(id)
        && states().all(|state| matches!(state, StepState::Done | StepState::Needless));
    if run.is_skipped(graph, id) && !is_whole {
        Standing::Skipped
    } else if troubled(graph.preflight_of(id)) || graph.chain(run.route(), id).any(troubled) {
        Standing::Trouble
    } else if graph.chain(Route::Rolling, id).all(|step| run.state(step) == StepState::Needless)
        && run.is_finished(id)
    {
        Standing::AlreadyThere
    } else if run.is_finished(id) {
        Standing::Done
    } else if run.is_out(id) || states().any(StepState::is_underway) {
        Standing::Out
    } else {
        Standing::Waiting
    }
}

/// What a run leaves behind that goes no further: who is out of service, and what may be going on still.
pub fn left_behind(seen: &Seen<'_>) -> Vec<String> {
    let (graph, run, plan) = (seen.graph, seen.run, seen.graph.plan());
    let out = plan.front_end_ids().filter(|id| run.is_out(*id) || run.was_left_out(*id)).map(|id| {
        let fqdn = &plan.front_end(id).fqdn;
        let ahead = graph.chain(run.route(), id).find(|step| !run.state(*step).is_satisfied());
        match ahead.filter(|_| !run.is_skipped(graph, id)) {
            Some(step) => {
                let word = if matches!(run.state(step), StepState::Stuck(_)) { "at" } else { "before" };
                format!("{fqdn} is left out of service, {word} `{}`", seen.name(step))
            }
            None => format!("{fqdn} is left out of service"),
        }
    });
    let doubtful = graph
        .ids()
        .filter(|step| matches!(graph.kind(*step), StepKind::Ensure(_)) && run.state(*step).in_doubt());
    let going = doubtful.map(|step| {
        format!(
            "`{}` was begun, and nobody knows whether it has ended: another run may begin it beside itself",
            seen.name(step)
        )
    });
    served(seen).into_iter().chain(out).chain(going).collect()
}

/// What is going on at a front end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// The matter now, and what comes next.
    pub now: String,
    /// What follows when that does not help.
    pub otherwise: Option<String>,
}

/// What is going on at a front end, for a line of a list: its trouble, or the wait of its active step.
pub fn at(seen: &Seen<'_>, id: FrontEndId) -> Option<Detail> {
    if seen.run.is_skipped(seen.graph, id) {
        let now = "left out of service, as it is".to_owned();
        return seen.run.was_left_out(id).then_some(Detail { now, otherwise: None });
    }
    let link = |step| seen.graph.act(step).map(|act| format!("{}: ", acts::link(act))).unwrap_or_default();
    // Nobody looks, asks or waits in a run that has ended.
    let has_ended = matches!(seen.run.course(), Course::Ended(_));
    let chain = seen.graph.chain(seen.run.route(), id);
    let mut steps = std::iter::once(seen.graph.preflight_of(id)).chain(chain);
    steps.find_map(|step| match seen.run.state(step) {
        StepState::Stuck(_) => {
            let trouble = super::trouble::trouble(seen, step)?;
            Some(Detail { now: trouble.what, otherwise: None })
        }
        state if has_ended => state.in_doubt().then(|| {
            let now = format!("{}begun, and nobody knows what became of it", link(step));
            Detail { now, otherwise: None }
        }),
        _ => waits::wait(seen, step).map(|wait| {
            let next = wait.next.map(|next| format!("; {next}")).unwrap_or_default();
            Detail { now: format!("{}{}{next}", link(step), wait.now), otherwise: wait.otherwise }
        }),
    })
}
