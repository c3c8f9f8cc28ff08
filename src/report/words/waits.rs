//! What a run waits for, and why.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::{Due, Seen, acts, at_most, partner, place, trouble_of_the_pool, within};
use crate::graph::{Approval, StepId, StepKind};
use crate::plan::{Act, AfterDrain, DomainId, FrontEndId, Mode};
use crate::report::lines::{ordinal, rough};
use crate::run::{Clearance, Course, Gate, GateAt, Pause, StepState, TimerKind, Try, Watch, WatchAt};

/// One thing that a run waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wait {
    /// The step's id, as people type it.
    pub step: String,
    /// The matter now: `Busy 2 of 3`.
    pub now: String,
    /// What comes next, and when: `asked again in 8m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// What follows when that does not help: `a third Busy in a row means trouble: ...`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
    /// When it goes on at the latest without anybody's doing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// Only a person moves it on.
    pub needs_person: bool,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.step, self.now)?;
        for part in [&self.next, &self.otherwise].into_iter().flatten() {
            write!(f, "; {part}")?;
        }
        Ok(())
    }
}

/// Everything that a run waits for now; what only a person moves on comes first, then in the order of steps.
pub fn waits(seen: &Seen<'_>) -> Vec<Wait> {
    let forward = seen.run.course() == Course::Forward;
    if matches!(seen.run.course(), Course::Ended(_)) {
        return Vec::new();
    }
    let timers = seen.timers();
    // A run that goes no further lets go of its gates, its soak and its approvals.
    let held = |step: &StepId| {
        forward || matches!(seen.graph.kind(*step), StepKind::Ensure(_) | StepKind::Accept(_))
    };
    let mut waits: Vec<Wait> = seen
        .run
        .active()
        .filter(held)
        .filter_map(|step| Told { seen, timers: &timers, step }.wait())
        .collect();
    waits.sort_by_key(|wait| !wait.needs_person);
    waits
}

/// What one step waits for.
pub fn wait(seen: &Seen<'_>, step: StepId) -> Option<Wait> {
    Told { seen, timers: &seen.timers(), step }.wait()
}

const PERSON: &str = "the run stops for a person";

/// A step that is being told of.
struct Told<'a> {
    seen: &'a Seen<'a>,
    timers: &'a [(StepId, TimerKind, Option<Due>)],
    step: StepId,
}

impl Told<'_> {
    fn wait(&self) -> Option<Wait> {
        Some(match (self.seen.run.state(self.step), self.seen.graph.kind(self.step)) {
            (StepState::Gate(gate), StepKind::Ready(domain)) => self.gate(gate, domain),
            (StepState::Clearing(_, clearance), kind) => self.clearing(clearance, kind.front_end()),
            (StepState::Running(tried), StepKind::Preflight(_)) => {
                self.asked("asked for its version and activity", tried)
            }
            (StepState::Running(tried), StepKind::PreflightPartner) => {
                self.asked("asked whether it can take over", tried)
            }
            (StepState::Running(_), StepKind::Approve(approval)) => self.approval(approval),
            (StepState::Running(tried), StepKind::Ensure(act)) => self.running(act, tried),
            (StepState::Waiting(tried, Pause::BackOff), StepKind::Ensure(_)) => self.backing_off(tried),
            (StepState::Waiting(tried, Pause::BackOff), _) => self.unanswered(tried),
            (StepState::Waiting(tried, Pause::LookAgain(looks)), _) => self.looking_again(tried, looks),
            (StepState::Doubt(tried, _), StepKind::Ensure(act)) => self.looking(act, tried),
            (StepState::Watching(watch), StepKind::Settle(_)) => self.settling(watch),
            (StepState::Watching(watch), _) => self.accepting(watch),
            _ => return None,
        })
    }

    fn due(&self, kind: TimerKind) -> Option<Due> {
        let timer = |(step, of, due): &(StepId, TimerKind, Option<Due>)| {
            (*step == self.step && *of == kind).then_some(*due).flatten()
        };
        self.timers.iter().find_map(timer)
    }

    fn attempts(&self) -> u8 {
        self.seen.graph.step(self.step).limit.attempts
    }

    fn time_limit(&self) -> Duration {
        self.seen.graph.step(self.step).limit.time_limit
    }

    fn told(&self, now: impl Into<String>) -> Wait {
        Wait {
            step: self.seen.name(self.step).to_owned(),
            now: now.into(),
            next: None,
            otherwise: None,
            due: None,
            needs_person: false,
        }
    }

    fn gate(&self, gate: Gate, domain: DomainId) -> Wait {
        let plan = self.seen.graph.plan();
        let (rule, name) = (plan.readiness(), &plan.domain(domain).name);
        let n = rule.attempts;
        // Busy comes last in a row, or not at all: another answer ends the row.
        let unhelpful = gate.busy == 0 && gate.unhelpful > 0;
        let otherwise = if unhelpful {
            format!("after {n} answers that do not help {PERSON}; this never leads to a failover")
        } else {
            let article = if matches!(n, 8 | 11 | 18) { "an" } else { "a" };
            format!(
                "{article} {} Busy in a row means trouble: {}",
                ordinal(n),
                trouble_of_the_pool(self.seen.graph)
            )
        };
        let so_far = match (gate.busy, gate.unhelpful) {
            (0, 0) => None,
            (0, unhelpful) => {
                Some(format!("the pool did not answer, or is ready and {name} is not, {unhelpful} of {n}"))
            }
            (busy, _) => Some(format!("Busy {busy} of {n}")),
        };
        match gate.at {
            GateAt::Asking => {
                let now = match so_far {
                    None => format!("asking the pool whether {name} may be taken"),
                    Some(so_far) => format!("{so_far}; asking again"),
                };
                let next = format!("an answer may take {}", rough(rule.time_limit));
                Wait { next: Some(next), otherwise: Some(otherwise), ..self.told(now) }
            }
            GateAt::Interval => {
                let due = self.due(TimerKind::Interval);
                Wait {
                    next: Some(format!("asked again {}", within(due))),
                    otherwise: Some(otherwise),
                    due: due.map(|due| due.at),
                    ..self.told(so_far.unwrap_or_else(|| "not ready".to_owned()))
                }
            }
            GateAt::Window => self.told(format!("the pool is ready; asking whether {name} fits the window")),
            GateAt::Troubled => self.told(format!("trouble: {}", trouble_of_the_pool(self.seen.graph))),
        }
    }

    fn clearing(&self, clearance: Clearance, front_end: Option<FrontEndId>) -> Wait {
        let plan = self.seen.graph.plan();
        let whom = front_end.map_or("it", |id| plan.front_end(id).fqdn.as_str());
        let due = self.due(TimerKind::Interval);
        let again = |now: String, what: &str, attempts: u8, untouched: &str| Wait {
            next: Some(format!("{what} again {}", within(due))),
            otherwise: Some(format!("after {attempts} such answers {PERSON}; {untouched}")),
            due: due.map(|due| due.at),
            ..self.told(now)
        };
        let partner = partner(self.seen.graph);
        match clearance {
            Clearance::Count(_) => {
                self.told(format!("asking which front ends are active, before {whom} is taken out"))
            }
            Clearance::CountAgain(n) => {
                let (attempts, quorum) = (plan.readiness().attempts, &plan.pool().quorum);
                let now = format!(
                    "not taken out yet, {n} of {attempts}: without it fewer than {} of {} would stay active, or nobody answered",
                    quorum.needs, quorum.of_first
                );
                again(now, "counted", attempts, "nothing was begun here")
            }
            Clearance::Partner(_) => self.told(format!("asking whether {partner} can take over")),
            Clearance::PartnerAgain(n) => {
                let attempts = plan.limits().observe.attempts;
                let now = format!("{partner} cannot take over, or did not answer ({n} of {attempts})");
                again(now, "asked", attempts, "the pool is not failed over")
            }
            Clearance::Window => self.told("asking whether it still fits the window"),
            Clearance::Stopped => self.told("asking whether it is still stopped"),
        }
    }

    /// A question of preflight.
    fn asked(&self, now: &str, tried: Try) -> Wait {
        let (attempt, attempts) = (tried.attempt, self.attempts());
        Wait {
            next: Some(format!("an answer may take {}", rough(self.time_limit()))),
            otherwise: (attempt > 1).then(|| format!("question {attempt} of {attempts}, then {PERSON}")),
            ..self.told(now)
        }
    }

    fn unanswered(&self, tried: Try) -> Wait {
        let due = self.due(TimerKind::BackOff);
        let attempts = self.attempts();
        Wait {
            next: Some(format!("asked again {}", within(due))),
            otherwise: Some(format!("after {attempts} questions without an answer {PERSON}")),
            due: due.map(|due| due.at),
            ..self.told(format!("did not answer, {} of {attempts}", tried.attempt))
        }
    }

    fn approval(&self, approval: Approval) -> Wait {
        let plan = self.seen.graph.plan();
        let partner = partner(self.seen.graph);
        let (now, otherwise) = match approval {
            Approval::Before(domain) => {
                let name = &plan.domain(domain).name;
                (format!("waits for a person before {name} is taken"), "nothing is out meanwhile".to_owned())
            }
            Approval::After(domain) => {
                let name = &plan.domain(domain).name;
                (format!("{name} has settled; waits for a person"), "nothing is out meanwhile".to_owned())
            }
            Approval::FailOver => (
                format!("the pool is in trouble; waits for a person to let it fail over to {partner}"),
                "the pool goes on serving as it is meanwhile".to_owned(),
            ),
            Approval::FailBack => (
                match place::left_out(self.seen) {
                    left_out if left_out.is_empty() => {
                        "all front ends are upgraded; waits for a person to let the pool fail back".to_owned()
                    }
                    left_out => format!(
                        "all front ends are upgraded but {}, left out; waits for a person to let the pool fail back",
                        place::names(self.seen.graph, &left_out)
                    ),
                },
                format!("users are served by {partner} meanwhile"),
            ),
            Approval::Databases => (
                format!(
                    "all front ends are upgraded and the pool has settled; waits for a person to let the databases on {} be updated",
                    acts::sql_server(self.seen.graph)
                ),
                "the pool serves meanwhile".to_owned(),
            ),
        };
        let next = match (self.seen.approval)(self.step) {
            Some(id) => format!("`poolroll approve {} {id}` lets it go on", self.seen.run_id),
            None => "`poolroll status` shows how to approve it".to_owned(),
        };
        Wait { next: Some(next), otherwise: Some(otherwise), needs_person: true, ..self.told(now) }
    }

    fn running(&self, act: Act, tried: Try) -> Wait {
        let mut now =
            acts::doing(self.seen.graph, act, tried.hard, !self.seen.graph.only_failed_over(self.step));
        if tried.attempt > 1 {
            now = format!("{now}, try {} of {}", tried.attempt, self.attempts());
        }
        let due = self.due(TimerKind::Limit);
        let drains = matches!(act, Act::Stop { mode: Mode::Graceful, .. }) && !tried.hard;
        let otherwise = match self.seen.graph.plan().drain().then {
            AfterDrain::Immediate if drains => {
                "then it is stopped at once, and sessions that are left are lost".to_owned()
            }
            AfterDrain::Stop if drains => format!("then it is looked at, and if it still drains {PERSON}"),
            _ => format!("then it is looked at, and {}", self.if_not_done(tried)),
        };
        Wait {
            next: Some(at_most(due, self.time_limit())),
            otherwise: Some(otherwise),
            due: due.map(|due| due.at),
            ..self.told(now)
        }
    }

    /// What follows when a look finds that nothing took place.
    fn if_not_done(&self, tried: Try) -> String {
        match self.attempts().saturating_sub(tried.attempt) {
            0 => format!("if it did not take place {PERSON}"),
            1 => "if it did not take place it is tried once more".to_owned(),
            left => format!("if it did not take place it is tried again, {left} times at most"),
        }
    }

    fn backing_off(&self, tried: Try) -> Wait {
        let due = self.due(TimerKind::BackOff);
        Wait {
            next: Some(format!("looked at {}", within(due))),
            otherwise: Some(self.if_not_done(tried)),
            due: due.map(|due| due.at),
            ..self.told(format!("try {} of {} failed", tried.attempt, self.attempts()))
        }
    }

    fn looking_again(&self, tried: Try, looks: u8) -> Wait {
        let most = self.seen.graph.plan().limits().looks;
        let (due, limit) = (self.due(TimerKind::LookAgain), self.due(TimerKind::Limit));
        // One that failed for good is looked at whatever its time limit says.
        let is_late = tried.late && tried.attempt != Try::GIVEN_UP;
        let late = if is_late { ", and its time limit is over" } else { "" };
        let (now, otherwise) = match looks {
            0 => {
                let limit = at_most(limit, self.time_limit());
                (format!("still underway{late}"), format!("{limit}, then {most} looks, then {PERSON}"))
            }
            _ => (
                format!("{looks} of {most} looks did not settle it{late}"),
                format!("after {most} such looks {PERSON}"),
            ),
        };
        Wait {
            next: Some(format!("looked at again {}", within(due))),
            otherwise: Some(otherwise),
            due: due.map(|due| due.at),
            ..self.told(now)
        }
    }

    fn looking(&self, act: Act, tried: Try) -> Wait {
        let stop = matches!(act, Act::Stop { .. });
        let now = match tried.attempt {
            0 if stop => "proving that it is stopped",
            Try::GIVEN_UP => "it failed for good; looking what took place",
            _ => "looking whether it took place",
        };
        let next =
            format!("an answer may take {}", rough(self.seen.graph.plan().limits().observe.time_limit));
        Wait { next: Some(next), otherwise: Some(self.if_not_done(tried)), ..self.told(now) }
    }

    fn accepting(&self, watch: Watch) -> Wait {
        let rule = self.seen.graph.plan().acceptance();
        let restarts = self.seen.graph.plan().settle().restarts;
        self.watching(
            watch,
            restarts,
            rule.stay_good,
            "accepts connections",
            "it does not accept connections yet",
        )
    }

    fn settling(&self, watch: Watch) -> Wait {
        let rule = self.seen.graph.plan().settle();
        self.watching(watch, rule.restarts, rule.soak, "the pool is ready again", "the pool is not ready yet")
    }

    fn watching(&self, watch: Watch, restarts: u8, whole: Duration, good: &str, bad: &str) -> Wait {
        let lost = match watch.restarts {
            0 => String::new(),
            lost => format!(" (lost again, {lost} of {restarts} times)"),
        };
        match watch.at {
            WatchAt::Ask | WatchAt::Rest => {
                let until = self.due(TimerKind::UntilGood);
                let next = match (watch.at, self.due(TimerKind::Rest)) {
                    (WatchAt::Rest, rest) => format!("asked again {}", within(rest)),
                    _ => "being asked".to_owned(),
                };
                Wait {
                    next: Some(next),
                    otherwise: Some(format!("{}, then {PERSON}", at_most(until, self.time_limit()))),
                    due: until.map(|until| until.at),
                    ..self.told(format!("{bad}{lost}"))
                }
            }
            WatchAt::AskGood | WatchAt::RestGood => {
                let due = self.due(TimerKind::StayGood);
                let left = due.map_or(whole, |due| due.left);
                let otherwise = match restarts.saturating_sub(watch.restarts) {
                    0 => format!("if it does not, {PERSON}"),
                    1 => "if it does not, that begins again once more".to_owned(),
                    more => format!("if it does not, that begins again, {more} times at most"),
                };
                Wait {
                    next: Some(match left < whole {
                        true => format!("must stay so for {} more of {}", rough(left), rough(whole)),
                        false => format!("must stay so for {}", rough(whole)),
                    }),
                    otherwise: Some(otherwise),
                    due: due.map(|due| due.at),
                    ..self.told(format!("{good}{lost}"))
                }
            }
            WatchAt::AskLast => self.told(format!("{good}, for {}; one last question", rough(whole))),
        }
    }
}
