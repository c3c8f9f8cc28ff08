//! What is in flight: the calls that a driver was given and has not answered.

use std::time::Duration;

use jiff::Timestamp;

use crate::graph::StepGraph;
use crate::plan::{Acceptance, Answer, Call, Count, Facts, Observation, PartnerHealth, Question};
use crate::plan::{Readiness, Seen, VersionSeen};
use crate::pool::{Answered, Driver, Ticket};
use crate::run::{Want, Wanted};

/// Calls in flight, in the order of their wants.
#[derive(Debug, Default)]
pub struct Flights {
    flights: Vec<Flight>,
    spare: Vec<Flight>,
    tickets: u64,
}

#[derive(Clone, Copy, Debug)]
struct Flight {
    want: Want,
    ticket: Ticket,
    /// When a question that nobody answered is given up. Acts have their limit in the run itself.
    deadline: Option<Timestamp>,
}

/// What came of a flight.
#[derive(Debug)]
pub struct Landed {
    pub want: Want,
    pub answer: Answer,
    pub facts: Facts,
}

/// What it takes to start a flight.
pub struct Start<'a> {
    pub graph: &'a StepGraph,
    pub driver: &'a mut Driver,
    pub epoch: u32,
    pub now: Timestamp,
}

impl Flights {
    /// Starts what is wanted and not in flight, lets go of what is in flight and not wanted.
    pub fn reconcile(&mut self, wanted: &Wanted, mut start: Start<'_>) {
        let mut kept = std::mem::take(&mut self.spare);
        kept.clear();
        let flights = std::mem::take(&mut self.flights);
        let mut old = flights.iter().peekable();
        for want in wanted.iter() {
            let Some(call) = call(want) else { continue };
            while let Some(surplus) = old.next_if(|flight| flight.want < want) {
                start.driver.let_go(surplus.ticket);
            }
            if let Some(flight) = old.next_if(|flight| flight.want == want) {
                kept.push(*flight);
                continue;
            }
            kept.push(self.start(want, call, &mut start));
        }
        for surplus in old {
            start.driver.let_go(surplus.ticket);
        }
        self.flights = kept;
        self.spare = flights;
    }

    /// What is wanted and not in flight, as far as a power cut ends it and it may be begun again then.
    pub fn missing_that_end_with_power(&self, wanted: &Wanted, driver: &Driver) -> Vec<(Want, Call)> {
        let is_in_flight = |want: Want| self.flights.iter().any(|flight| flight.want == want);
        let calls = wanted.iter().filter_map(|want| Some((want, call(want)?)));
        calls.filter(|(want, call)| driver.ends_with_power(*call) && !is_in_flight(*want)).collect()
    }

    /// Starts what is missing.
    pub fn start_all(&mut self, missing: Vec<(Want, Call)>, mut start: Start<'_>) {
        for (want, call) in missing {
            let flight = self.start(want, call, &mut start);
            let place = self.flights.partition_point(|flight| flight.want < want);
            self.flights.insert(place, flight);
        }
    }

    fn start(&mut self, want: Want, call: Call, start: &mut Start<'_>) -> Flight {
        let Start { graph, driver, epoch, now } = start;
        self.tickets += 1;
        // The epoch is in the ticket: an answer to a process that died is nobody's.
        let ticket = Ticket(u64::from(*epoch) << 32 | self.tickets);
        let deadline = patience(graph, call).and_then(|patience| now.checked_add(patience).ok());
        driver.begin(*now, ticket, call);
        Flight { want, ticket, deadline }
    }

    /// The flight that an answer belongs to; `None` for an answer to something no longer in flight.
    pub fn land(&mut self, answered: Answered) -> Option<Landed> {
        let place = self.flights.iter().position(|flight| flight.ticket == answered.ticket)?;
        let flight = self.flights.remove(place);
        Some(Landed { want: flight.want, answer: answered.answer, facts: answered.facts })
    }

    /// A question that was not answered in time.
    pub fn overdue(&mut self, now: Timestamp, driver: &mut Driver) -> Option<Landed> {
        let late = |flight: &Flight| flight.deadline.is_some_and(|deadline| deadline <= now);
        let place = self.flights.iter().position(late)?;
        let flight = self.flights.remove(place);
        driver.let_go(flight.ticket);
        let Want::Ask { question, .. } = flight.want else { return None };
        let facts = Facts::text("no answer within the time limit");
        Some(Landed { want: flight.want, answer: unanswered(question), facts })
    }

    /// When the first question in flight is given up.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.flights.iter().filter_map(|flight| flight.deadline).min()
    }
}

/// The driver's part of a want.
fn call(want: Want) -> Option<Call> {
    match want {
        Want::Ensure { act, .. } => Some(Call::Ensure(act)),
        Want::Ask { question, .. } => Some(Call::Ask(question)),
        Want::Window { .. } | Want::Timer(_) | Want::Approval { .. } => None,
    }
}

/// How long a question may stay unanswered. Readiness blocks until replicas are built, so it has a limit of its own.
fn patience(graph: &StepGraph, call: Call) -> Option<Duration> {
    match call {
        Call::Ensure(_) => None,
        Call::Ask(Question::Readiness { .. } | Question::Count { .. }) => {
            Some(graph.plan().readiness().time_limit)
        }
        Call::Ask(_) => Some(graph.plan().limits().observe.time_limit),
    }
}

/// The answer that stands for no answer.
fn unanswered(question: Question) -> Answer {
    match question {
        Question::FrontEnd { .. } => Answer::Seen(Seen { version: VersionSeen::Unanswered, active: false }),
        Question::Partner => Answer::Partner(PartnerHealth::Unanswered),
        Question::Readiness { .. } => Answer::Readiness(Readiness::Unanswered),
        Question::Count { .. } => Answer::Counted(Count::Unanswered),
        Question::Look { .. } => Answer::Looked(Observation::Unknown),
        Question::StillStopped { .. } => Answer::StillStopped(false),
        Question::Acceptance { .. } => Answer::Accepting(Acceptance::Unanswered),
    }
}
