//! Of the orders in which front ends do what does not concern each other, one is enough.
//!
//! See [`Reduction`](super::Reduction) for the argument. Here is how it is seen that something concerns nobody else: it is
//! done, and what it changed is compared.

use super::answers::Helps;
use super::fates::shows_a_fate_alone;
use super::node::{Happened, Node, Successor};
use super::stepper::Stepper;
use crate::graph::{StepGraph, StepKind};
use crate::plan::FrontEndId;
use crate::run::{Clearance, Course, Phase, Run, StepState};

/// How far what the front ends do concerns each other where a run is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stretch {
    /// They are asked what they are. Nothing is touched, and who was not heard is asked again.
    Preflight,
    /// They come back into service, whatever becomes of the others: nobody is counted, nobody waits for a place.
    ComingBack,
    /// One may wait for the place of another.
    FailedOver,
    /// One may wait for the place of another, or be counted with it.
    AtWork,
}

/// What may happen next with a front end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    /// An answer when a count is the last that its limit allows.
    Counts,
    Answers,
    Persons,
    Dies,
    /// The process dies, as far as this front end sees anything of that.
    Interrupted,
}

impl Stepper<'_> {
    /// Leaves the state by what one front end does, if that can be done before everything else. Whether there is one.
    pub(super) fn leave_by_one(&mut self, found: &mut dyn FnMut(Successor<'_>)) -> bool {
        let Some(stretch) = self.stretch() else { return false };
        let mut last = None;
        loop {
            // In the order of the document, each once.
            let at_work = self.at.run.active().filter_map(|step| self.graph.kind(step).front_end());
            let Some(front_end) = at_work.filter(|id| last.is_none_or(|last| *id > last)).min() else {
                return false;
            };
            last = Some(front_end);
            if self.at.world.server(front_end).fate.is_some() {
                continue;
            }
            if self.does_alone(front_end, stretch, found) {
                return true;
            }
        }
    }

    /// Whether what becomes of front ends at which nobody is at work can come later: nobody is counted now, and the pool
    /// is asked nothing.
    pub(super) fn postpones(&self) -> bool {
        let run = &self.at.run;
        let is_clearing = |step| matches!(run.state(step), StepState::Clearing(..));
        self.reduction.orders && run.open_domain().is_some() && !run.active().any(is_clearing)
    }

    fn stretch(&self) -> Option<Stretch> {
        let Node { run, left, .. } = &self.at;
        // A person may send a stuck front end on its way again: it counts as one at work, and then the run goes forward.
        let helped = left.acts > 0 && run.stuck().next().is_some();
        match run.phase() {
            Phase::Preflight => (!helped).then_some(Stretch::Preflight),
            Phase::Open { .. } => Some(match comes_back(run, self.graph, helped) {
                true => Stretch::ComingBack,
                false => Stretch::AtWork,
            }),
            Phase::Over { .. } if run.is_failed_back(self.graph) => Some(Stretch::ComingBack),
            Phase::Over { .. } if run.is_over(self.graph) => Some(Stretch::FailedOver),
            Phase::Over { .. } => Some(Stretch::AtWork),
            _ => None,
        }
    }

    /// Everything that this front end may do next, if none of it concerns anybody else.
    fn does_alone(
        &mut self,
        front_end: FrontEndId,
        stretch: Stretch,
        found: &mut dyn FnMut(Successor<'_>),
    ) -> bool {
        let (mut waiting, mut alone) = (std::mem::take(&mut self.waiting), true);
        waiting.clear();
        let graph = self.graph;
        self.scope = Some(front_end);
        let counted = stretch == Stretch::AtWork;
        self.settles_fates = (counted || stretch == Stretch::FailedOver) && self.may_settle_fate(front_end);
        // What is most likely to concern others first.
        for part in [Part::Counts, Part::Answers, Part::Persons, Part::Dies, Part::Interrupted] {
            self.part(part, front_end, &mut |successor| {
                alone = alone
                    && successor.fault.is_none()
                    && (shows_a_fate_alone(front_end, counted, successor.at, successor.node)
                        || concerns_only(graph, front_end, stretch, successor.at, successor.node));
                if alone {
                    waiting.push(successor);
                } else {
                    successor.enough.set(true);
                }
            });
            if !alone {
                break;
            }
        }
        self.enough.set(false);
        self.scope = None;
        self.settles_fates = false;
        let alone = alone && !waiting.is_empty();
        if alone {
            waiting.drain(|node, helps, fault, trace| self.hand_over(node, helps, fault, trace, found));
        }
        self.waiting = waiting;
        alone
    }

    fn part(&mut self, part: Part, front_end: FrontEndId, found: &mut dyn FnMut(Successor<'_>)) {
        let (graph, left) = (self.graph, self.at.left);
        match part {
            Part::Counts => self.last_counts(Some(front_end), found),
            Part::Answers => {
                self.answers(|want| graph.kind(want.step()).front_end() == Some(front_end), found)
            }
            Part::Persons if left.acts > 0 => self.said(Some(front_end), found),
            Part::Dies => self.deaths(Some(front_end), found),
            Part::Interrupted if left.crashes > 0 => {
                self.next.become_like(&self.at);
                self.open();
                self.note(|| Happened::Crashed);
                self.next.run.interrupt(graph, front_end);
                let fault = self.rest(found);
                self.emit(Helps::Not, fault, found);
            }
            Part::Persons | Part::Interrupted => {}
        }
    }
}

/// Whether all front ends that are at work have been upgraded, and nobody else can begin before they are back: from here on
/// nobody is counted any more. So it must be of those that need a person as well where they may be `helped`.
fn comes_back(run: &Run, graph: &StepGraph, helped: bool) -> bool {
    let stuck = run.stuck().filter(|_| helped);
    let mut at_work = run.active().chain(stuck).filter_map(|step| graph.kind(step).front_end());
    let forward = helped || run.course() == Course::Forward;
    let more = matches!(run.phase(), Phase::Open { more: true, .. }) && forward;
    at_work.all(|front_end| run.is_upgraded(graph, front_end)) && !(more && run.has_entries())
}

/// Whether what happened changed one front end alone, as far as anybody else can ever tell.
fn concerns_only(graph: &StepGraph, front_end: FrontEndId, stretch: Stretch, at: &Node, next: &Node) -> bool {
    let (before, after) = (&at.run, &next.run);
    let course = before.course() == after.course()
        || match stretch {
            Stretch::Preflight => true,
            // One that needs a person keeps nobody from coming back.
            Stretch::ComingBack => after.course() == Course::Stopping,
            Stretch::AtWork | Stretch::FailedOver => false,
        };
    if !course || before.phase() != after.phase() || !before.is_apart_from(after, front_end) {
        return false;
    }
    // Nobody waits for the one that asks whether it is still stopped, but who would begin when it goes on.
    let is_clearing =
        |state| matches!(state, StepState::Clearing(_, clearance) if clearance != Clearance::Stopped);
    let steps = before.changes(after).all(|step| {
        let (was, is) = (before.state(step), after.state(step));
        let own = graph.kind(step).front_end() == Some(front_end);
        match stretch {
            // One that is done leaves its place to the next.
            Stretch::Preflight => {
                let begins = matches!(is, StepState::Running(_));
                own || begins && matches!(graph.kind(step), StepKind::Preflight(_))
            }
            Stretch::ComingBack => own && !is_clearing(is),
            Stretch::AtWork | Stretch::FailedOver => {
                let keeps_its_place = before.holds_place(front_end) == after.holds_place(front_end);
                let clears = is_clearing(was) || is_clearing(is);
                own && keeps_its_place && !clears && !matches!(is, StepState::Stuck(_))
            }
        }
    });
    // As long as somebody is at work the run does not end, and whoever needs a person may be helped.
    let own = |step| graph.kind(step).front_end() == Some(front_end);
    let keeps_it_going = at.left.acts == 0 || stretch == Stretch::Preflight || after.active().any(own);
    let keeps = |is: fn(&Run, FrontEndId) -> bool| is(before, front_end) == is(after, front_end);
    let same_face = match stretch {
        Stretch::Preflight | Stretch::ComingBack => true,
        // Nobody is served here, so nobody is counted.
        Stretch::FailedOver => keeps(Run::is_finished),
        // One that is out is taken off every count, whatever is counted.
        Stretch::AtWork => {
            let stays_out = before.is_out(front_end)
                && before.open_domain().is_some()
                && at.world.stays_out(&next.world, front_end);
            let face = stays_out || at.world.shows_the_same(&next.world, front_end);
            keeps(Run::is_out) && keeps(Run::is_finished) && face
        }
    };
    steps
        && keeps_it_going
        && same_face
        && at.world.differs_only_in(&next.world, front_end)
        && at.memory.differs_only_in(&next.memory, graph, front_end)
}
