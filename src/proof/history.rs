//! A history in the words of a scenario file, so that it can be saved and replayed.
//!
//! Only what happens is written. What the machine decides follows from that, and is named in one place alone: where the
//! process dies between two decisions, by the one that it did not come to record.

use super::kept::fingerprint;
use super::loops::Round;
use super::node::Happened;
use super::stepper::Stepper;
use crate::graph::{StepGraph, StepId};
use crate::plan::{
    Acceptance, Answer, Count, FrontEndId, Observation, PartnerHealth, Problem, Readiness, Seen, VersionSeen,
};
use crate::run::{Event, Phase, Run, TimerKind, WindowAnswer};
use crate::twin::scenario::{
    AcceptingText, AcceptsText, CountedText, CrashedText, DiedText, ElapsedText, EnsuredText, FitsText,
    HappensText, HealthText, LookedText, PartnerText, ReadinessText, ReadyText, ResultText, ResumedText,
    SaidText, SawText, SeenText, StillStoppedText, TimerText, VersionText, WindowText,
};

/// Everything that happened on the way from the beginning to a state, and perhaps how it goes on in circles from there.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct History {
    /// What happened, by moves: one thing that happens, and all that the machine decides until it waits again.
    pub(super) moves: Vec<Vec<Happened>>,
    /// What leads from there back to there.
    pub(super) round: Vec<Vec<Happened>>,
}

impl History {
    /// What happened, in order, from the first event on.
    pub fn happened(&self) -> impl Iterator<Item = &Happened> {
        self.moves.iter().flatten()
    }

    /// What happens after that over and over. Of most histories nothing.
    pub fn goes_round(&self) -> impl Iterator<Item = &Happened> {
        self.round.iter().flatten()
    }

    /// The history in the words of a scenario, what happens and what goes round, if `run` is what it begins with.
    pub fn written(&self, graph: &StepGraph, run: Run) -> (Vec<HappensText>, Vec<HappensText>) {
        let mut writer = Writer { graph, run };
        let mut write = |moves: &[Vec<Happened>]| {
            let mut written = Vec::new();
            moves.iter().for_each(|happened| writer.write(happened, &mut written));
            written
        };
        (write(&self.moves), write(&self.round))
    }
}

impl Stepper<'_> {
    /// What happens on a way round.
    pub(super) fn go_round(&mut self, round: &Round) -> Vec<Vec<Happened>> {
        self.trace = Some(Vec::new());
        let (mut moves, mut at) = (Vec::new(), round.begins.clone());
        let mut bytes = Vec::new();
        for next in round.prints.iter().skip(1) {
            let mut way = None;
            let graph = self.graph;
            if self.at.unpack(graph, &at).is_some() {
                self.leave(&mut |successor| {
                    successor.node.pack(&mut bytes);
                    let interferes = successor.node.left != successor.at.left;
                    let leads_there =
                        !interferes && successor.fault.is_none() && fingerprint(&bytes) == *next;
                    if leads_there && way.is_none() {
                        way = Some((successor.trace.to_vec(), bytes.clone()));
                    }
                });
            }
            let Some((happened, state)) = way else { break };
            moves.push(happened);
            at = state;
        }
        moves
    }
}

/// Writes moves while a run goes along with them.
pub(super) struct Writer<'g> {
    pub(super) graph: &'g StepGraph,
    pub(super) run: Run,
}

impl Writer<'_> {
    /// Writes one move.
    pub(super) fn write(&mut self, happened: &[Happened], into: &mut Vec<HappensText>) {
        let graph = self.graph;
        let mut just_resumed = false;
        for happened in happened {
            match happened {
                Happened::Died { front_end, returns } => into.push(HappensText::Died(DiedText {
                    front_end: fqdn(graph, *front_end),
                    returns: *returns,
                })),
                Happened::Crashed => {
                    let before = self.run.decide(graph).and_then(|event| decision(graph, &event));
                    into.push(HappensText::Crashed(CrashedText { before }));
                }
                Happened::Event(event) => {
                    match (said(graph, event), into.last_mut()) {
                        // A person's word comes with the resume, before anything is decided.
                        (Some(said), Some(HappensText::Resumed(resumed))) if just_resumed => {
                            resumed.with = Some(said);
                        }
                        (Some(said), _) => into.push(HappensText::Said(said)),
                        (None, _) => into.extend(answer(graph, event)),
                    }
                    // A machine that refuses it is what the history ends with.
                    let _ = self.run.apply(graph, event);
                }
            }
            just_resumed = matches!(happened, Happened::Event(Event::Resumed));
        }
    }
}

fn fqdn(graph: &StepGraph, front_end: FrontEndId) -> String {
    graph.plan().front_end(front_end).fqdn.clone()
}

fn fqdns(graph: &StepGraph, front_ends: &[FrontEndId]) -> Vec<String> {
    front_ends.iter().map(|id| fqdn(graph, *id)).collect()
}

fn name(graph: &StepGraph, step: StepId) -> String {
    graph.step(step).name.clone()
}

/// What a person says beside approving.
fn said(graph: &StepGraph, event: &Event) -> Option<SaidText> {
    Some(match event {
        Event::Pause => SaidText::Pause,
        Event::Abort => SaidText::Abort,
        Event::Retry { step } => SaidText::Retry(name(graph, *step)),
        Event::Skip { front_end } => SaidText::Skip(fqdn(graph, *front_end)),
        Event::Resolve { step, done: true } => SaidText::Done(name(graph, *step)),
        Event::Resolve { step, done: false } => SaidText::NotDone(name(graph, *step)),
        _ => return None,
    })
}

/// What happens that nobody decides. Nobody abandons a run in a proof.
fn answer(graph: &StepGraph, event: &Event) -> Option<HappensText> {
    Some(match event {
        Event::Answered { step, answer } => answered(graph, name(graph, *step), answer),
        Event::Window { step, answer } => {
            let says = match answer {
                WindowAnswer::Fits => FitsText::Fits,
                WindowAnswer::TooLate => FitsText::TooLate,
                WindowAnswer::Closed => FitsText::Closed,
            };
            HappensText::Window(WindowText { step: name(graph, *step), says })
        }
        Event::Elapsed { timer } => {
            let kind = match timer.kind {
                TimerKind::Limit => TimerText::Limit,
                TimerKind::BackOff => TimerText::BackOff,
                TimerKind::LookAgain => TimerText::LookAgain,
                TimerKind::Interval => TimerText::Interval,
                TimerKind::UntilGood => TimerText::UntilGood,
                TimerKind::StayGood => TimerText::StayGood,
                TimerKind::Rest => TimerText::Rest,
            };
            HappensText::Elapsed(ElapsedText { step: name(graph, timer.step), timer: kind })
        }
        Event::Approved { step } => HappensText::Approved(name(graph, *step)),
        Event::Resumed => HappensText::Resumed(ResumedText::default()),
        _ => return None,
    })
}

fn answered(graph: &StepGraph, step: String, answer: &Answer) -> HappensText {
    match answer {
        Answer::Ensured(result) => {
            let result = match result {
                Ok(()) => ResultText::Done,
                Err(Problem::Transient) => ResultText::FailedTransiently,
                Err(Problem::Permanent) => ResultText::Failed,
                Err(Problem::Unknown) => ResultText::Unknown,
            };
            HappensText::Ensured(EnsuredText { step, result })
        }
        Answer::Looked(saw) => {
            let saw = match saw {
                Observation::Done => SawText::Done,
                Observation::NotDone => SawText::NotDone,
                Observation::Partly => SawText::Partly,
                Observation::Failed { transient: true } => SawText::FailedTransiently,
                Observation::Failed { transient: false } => SawText::Failed,
                Observation::Underway => SawText::Underway,
                Observation::Unknown => SawText::Unknown,
            };
            HappensText::Looked(LookedText { step, saw })
        }
        Answer::StillStopped(is_proved) => {
            HappensText::StillStopped(StillStoppedText { step, is_proved: *is_proved })
        }
        Answer::Seen(Seen { version, active }) => {
            let version = match version {
                VersionSeen::Planned => VersionText::Planned,
                VersionSeen::Other => VersionText::Other,
                VersionSeen::NotAsked => VersionText::NotAsked,
                VersionSeen::Unanswered => VersionText::Unanswered,
            };
            HappensText::Seen(SeenText { step, version, active: *active })
        }
        Answer::Readiness(readiness) => {
            let (says, inactive) = match readiness {
                Readiness::Ready { domain: true, inactive } => (ReadyText::Ready, fqdns(graph, inactive)),
                Readiness::Ready { domain: false, inactive } => {
                    (ReadyText::DomainNotReady, fqdns(graph, inactive))
                }
                Readiness::Busy => (ReadyText::Busy, Vec::new()),
                Readiness::InsufficientActiveFrontEnds => (ReadyText::Insufficient, Vec::new()),
                Readiness::Unanswered => (ReadyText::Unanswered, Vec::new()),
            };
            HappensText::Readiness(ReadinessText { step, says, inactive })
        }
        Answer::Counted(count) => {
            let inactive = match count {
                Count::Inactive(inactive) => Some(fqdns(graph, inactive)),
                Count::Unanswered => None,
            };
            HappensText::Counted(CountedText { step, inactive })
        }
        Answer::Partner(health) => {
            let says = match health {
                PartnerHealth::Healthy => HealthText::Healthy,
                PartnerHealth::Unhealthy => HealthText::Unhealthy,
                PartnerHealth::Unanswered => HealthText::Unanswered,
            };
            HappensText::Partner(PartnerText { step, says })
        }
        Answer::Accepting(acceptance) => {
            let says = match acceptance {
                Acceptance::Good => AcceptsText::Good,
                Acceptance::NotYet => AcceptsText::NotYet,
                Acceptance::Unanswered => AcceptsText::Unanswered,
            };
            HappensText::Accepting(AcceptingText { step, says })
        }
    }
}

/// A decision in words. They are compared, and never read.
fn decision(graph: &StepGraph, event: &Event) -> Option<String> {
    let domain = |id| graph.plan().domain(id).name.as_str();
    Some(match event {
        Event::Begin { step } => format!("begin {}", name(graph, *step)),
        Event::Halt { step } => format!("halt {}", name(graph, *step)),
        Event::Pass { domain: id } => format!("pass {}", domain(*id)),
        Event::Forgo { front_end } => format!("leave out {}", fqdn(graph, *front_end)),
        Event::Enter { phase } => match phase {
            Phase::Preflight => "enter preflight".to_owned(),
            Phase::Gate(id) => format!("enter gate {}", domain(*id)),
            Phase::Open { domain: id, .. } => format!("enter domain {}", domain(*id)),
            Phase::Over { .. } => "enter failover".to_owned(),
            Phase::Settle(Some(id)) => format!("enter settle {}", domain(*id)),
            Phase::Settle(None) => "enter settle".to_owned(),
            Phase::Databases => "enter databases".to_owned(),
            Phase::Finished => "enter finish".to_owned(),
        },
        Event::End { outcome } => format!("end {}", outcome.word()),
        _ => return None,
    })
}
