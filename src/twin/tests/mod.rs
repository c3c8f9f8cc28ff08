//! The twin against what the field says, a file a subject. The plan is read like any other.

mod actions;
mod cold;
mod failover;
mod faults;
mod readiness;
mod rollout;
mod services;

use std::sync::Arc;

use super::{At, Fault, FrontEndBook, Setup, Twin};
use crate::document::{Source, read};
use crate::plan::{
    Acceptance, Act, Answer, Call, Count, DomainId, Facts, FrontEndId, Mode, Moment, Observation, Plan,
    PlanText, Problem, Question, Readiness, resolve,
};

const MIN: u64 = 60_000;

/// Six front ends in three domains, with a partner, actions at every moment and lengths that tell each other apart.
pub(super) const SIX: &str = r#"
kind: plan
version: 1
name: pool01
product: lync_server_2013
pool:
  fqdn: pool01.contoso.com
  upgrade_domains:
  - name: UD1
    front_ends: [fe01.contoso.com, fe02.contoso.com]
  - name: UD2
    front_ends: [fe03.contoso.com, fe04.contoso.com]
  - name: UD3
    front_ends: [fe05.contoso.com, fe06.contoso.com]
maintenance_window:
  time_zone: Europe/Berlin
  start: "2026-12-05T20:00"
  end: "2026-12-06T08:00"
failover:
  partner: pool02.contoso.com
upgrade:
  version: "2"
  before_stop:
  - { program: leave, expected: 1m }
  actions:
  - { program: first, expected: 10m }
  - { program: second, expected: 5m }
  after_accept:
  - { program: join, expected: 1m }
expected:
  drain: 15m
  stop: 2m
  restart: 6m
  start: 4m
  rebuild: 7m
  fail_over: 20m
  fail_back: 30m
"#;

pub(super) fn plan(text: &str) -> Plan {
    let source = Arc::new(Source::from_text("plan.yaml", text));
    let document = read::<PlanText>(source).unwrap_or_else(|findings| panic!("{findings:#?}"));
    resolve(&document).unwrap_or_else(|findings| panic!("{findings:#?}")).plan
}

/// A twin with its plan, for tests that read like a log.
struct Pool {
    plan: Plan,
    twin: Twin,
    ticket: u64,
}

impl Pool {
    fn six(faults: &[Fault]) -> Pool {
        Pool::of(SIX, faults)
    }

    fn of(text: &str, faults: &[Fault]) -> Pool {
        let plan = plan(text);
        let twin = Twin::new(&plan, &Setup { sessions: 400, ..Setup::default() }, faults);
        Pool { plan, twin, ticket: 0 }
    }

    /// Begins and returns the ticket.
    fn begin(&mut self, act: Act) -> u64 {
        self.ticket += 1;
        self.twin.begin(&self.plan, self.ticket, Call::Ensure(act));
        self.ticket
    }

    /// The answer that is there now.
    fn answered(&mut self, ticket: u64) -> Option<(Result<(), Problem>, Facts)> {
        let (answered, answer, facts) = self.twin.take_answer()?;
        assert_eq!(answered, ticket);
        let Answer::Ensured(result) = answer else { panic!("{answer:?}") };
        Some((result, facts))
    }

    /// Ensures and waits for the answer, for a day at most.
    fn ensure(&mut self, act: Act) -> (Result<(), Problem>, Facts) {
        let ticket = self.begin(act);
        loop {
            if let Some(answer) = self.answered(ticket) {
                return answer;
            }
            let next = self.twin.next_at().filter(|at| at.0 < 24 * 60 * MIN);
            let next = next.unwrap_or_else(|| panic!("{act:?} is never answered"));
            self.twin.advance(&self.plan, next);
        }
    }

    /// Ensures, and it must succeed.
    fn done(&mut self, act: Act) -> Facts {
        let (result, facts) = self.ensure(act);
        assert_eq!(result, Ok(()), "{act:?}: {facts:?}");
        facts
    }

    /// Takes all answers that are there now.
    fn hear(&mut self) -> Vec<(u64, Answer, Facts)> {
        std::iter::from_fn(|| self.twin.take_answer()).collect()
    }

    fn pass(&mut self, minutes: u64) {
        let to = self.twin.now().after(minutes * MIN);
        self.twin.advance(&self.plan, to);
    }

    fn ask(&mut self, question: Question) -> Answer {
        self.ticket += 1;
        self.twin.begin(&self.plan, self.ticket, Call::Ask(question));
        let own = self.hear().into_iter().find(|(ticket, ..)| *ticket == self.ticket);
        own.expect("questions are answered at once").1
    }

    fn look(&mut self, act: Act) -> Observation {
        match self.ask(Question::Look { act }) {
            Answer::Looked(observation) => observation,
            other => panic!("{other:?}"),
        }
    }

    fn readiness(&mut self, domain: u16, observer: u16) -> Readiness {
        let domain = Some(DomainId(domain));
        match self.ask(Question::Readiness { domain, observer: FrontEndId(observer) }) {
            Answer::Readiness(readiness) => readiness,
            other => panic!("{other:?}"),
        }
    }

    fn count(&mut self, observer: u16) -> Count {
        match self.ask(Question::Count { observer: FrontEndId(observer) }) {
            Answer::Counted(count) => count,
            other => panic!("{other:?}"),
        }
    }

    fn accepted(&mut self, front_end: u16) -> Acceptance {
        match self.ask(Question::Acceptance { front_end: FrontEndId(front_end) }) {
            Answer::Accepting(acceptance) => acceptance,
            other => panic!("{other:?}"),
        }
    }

    fn book(&self, front_end: u16) -> &FrontEndBook {
        self.twin.books().front_end(FrontEndId(front_end))
    }

    fn minutes(&self) -> u64 {
        self.twin.now().0 / MIN
    }

    /// Stops, upgrades, restarts, starts and puts back one front end.
    fn roll(&mut self, front_end: u16) {
        for act in [
            perform(front_end, Moment::BeforeStop, 0),
            stop(front_end),
            perform(front_end, Moment::Upgrade, 0),
            perform(front_end, Moment::Upgrade, 1),
            restart(front_end),
            start(front_end),
            perform(front_end, Moment::AfterAccept, 0),
        ] {
            self.done(act);
        }
    }
}

fn stop(front_end: u16) -> Act {
    Act::Stop { front_end: FrontEndId(front_end), mode: Mode::Graceful }
}
fn stop_now(front_end: u16) -> Act {
    Act::Stop { front_end: FrontEndId(front_end), mode: Mode::Immediate }
}
fn perform(front_end: u16, moment: Moment, index: u8) -> Act {
    Act::Perform { front_end: FrontEndId(front_end), moment, index }
}
fn restart(front_end: u16) -> Act {
    Act::Restart { front_end: FrontEndId(front_end) }
}
fn start(front_end: u16) -> Act {
    Act::Start { front_end: FrontEndId(front_end) }
}

fn ready(domain: bool, inactive: &[u16]) -> Readiness {
    Readiness::Ready { domain, inactive: ids(inactive) }
}
fn ids(front_ends: &[u16]) -> Vec<FrontEndId> {
    front_ends.iter().copied().map(FrontEndId).collect()
}

#[test]
fn a_new_pool_is_up_and_nothing_happens_by_itself() {
    let mut pool = Pool::six(&[]);
    assert_eq!(pool.twin.next_at(), None);
    assert_eq!(pool.twin.now(), At(0));
    assert_eq!(pool.readiness(0, 5), ready(true, &[]));
    assert_eq!(pool.count(0), Count::Inactive(vec![]));
    assert_eq!(pool.twin.books().active(), 6);
}

#[test]
fn a_time_that_has_passed_changes_nothing() {
    let mut pool = Pool::six(&[]);
    pool.pass(10);
    pool.twin.advance(&pool.plan, At(5));
    assert_eq!(pool.minutes(), 10);
}
