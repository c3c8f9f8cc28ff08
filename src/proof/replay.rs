//! Leads the machine along a history that was saved, by the same steps and under the same promises as the proof.
//!
//! From a state everything is done that can happen in it, as in a proof, and what the history does not say is left out. So
//! a replay can do nothing that a proof could not. A history says what was answered, and not what is true: a failure may have
//! begun something or not. All that it leaves open is followed, and a promise is broken if it is broken in any of that.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::Helps;
use super::history::{History, Writer};
use super::loops::limits;
use super::monitor::Violation;
use super::node::{Budgets, Happened, Node, Successor};
use super::stepper::{Standing, Stepper};
use super::walk::Broken;
use super::{Invariant, Reduction};
use crate::graph::StepGraph;
use crate::run::{Run, Timer, Wanted};
use crate::twin::scenario::{HappensText, ResumedText, SavedHistory, SeenText, VersionText};

/// What came of a replay. Entries are counted from 1, those of what goes round after those of what happens.
#[derive(Clone, Debug)]
pub enum Replayed {
    /// A promise is broken, with this entry.
    Broken { broken: Broken, entry: usize },
    /// The history can happen, and no promise is broken along it.
    Kept { history: History },
    /// The history cannot happen: this entry cannot come where it stands. Instead one of these could, and perhaps more.
    Departs { history: History, entry: usize, instead: Vec<HappensText> },
    /// What the history leaves open is too much to be followed, from this entry on.
    TooOpen { entry: usize },
}

/// The most states at once that a history may leave open.
const MOST_OPEN: usize = 10_000;
/// The most that is told, and the most that is looked at, of what could come instead.
const MOST_INSTEAD: usize = 8;
const MOST_LOOKED_AT: usize = 500;
/// The most states in which it is looked where the most helpful answers lead.
const MOST_HELPED: usize = 100_000;

/// Replays a history on the machine that `run` is a run of.
pub fn replay(graph: &StepGraph, run: Run, saved: &SavedHistory) -> Replayed {
    Replay::new(graph, run, saved).run()
}

/// As much may interfere as the history says. What was found otherwise than planned shows in what was seen.
fn budgets(saved: &SavedHistory, graph: &StepGraph) -> Budgets {
    let count = |is: fn(&HappensText) -> bool| {
        u8::try_from(saved.happens.iter().filter(|entry| is(entry)).count()).unwrap_or(u8::MAX)
    };
    let otherwise = |entry: &HappensText| match entry {
        HappensText::Seen(SeenText { version, active, .. }) => match version {
            VersionText::Planned => true,
            VersionText::Other | VersionText::NotAsked => !active,
            VersionText::Unanswered => false,
        },
        _ => false,
    };
    let front_ends = u8::try_from(graph.plan().pool().front_ends.len()).unwrap_or(u8::MAX);
    Budgets {
        crashes: count(|entry| matches!(entry, HappensText::Resumed(_))),
        deaths: count(|entry| matches!(entry, HappensText::Died(_))),
        acts: count(|entry| {
            matches!(entry, HappensText::Said(_) | HappensText::Resumed(ResumedText { with: Some(_) }))
        }),
        found: count(otherwise).min(front_ends),
        together: u8::MAX,
    }
}

/// A state on the way: how many entries led to it, and the state.
type Place = (usize, Vec<u8>);
/// A way along the history, by its last move.
type Way = usize;

/// Every move of every way, each with the way that it makes longer: ways are many, and what they have in common is kept once.
struct Ways {
    /// The way before, how many moves there are with this one, and what happened.
    moves: Vec<(Way, usize, Vec<Happened>)>,
}

impl Ways {
    /// Before anything happened.
    const BEGINNING: Way = 0;

    fn new() -> Ways {
        Ways { moves: vec![(Ways::BEGINNING, 0, Vec::new())] }
    }

    fn longer(&mut self, way: Way, happened: &[Happened]) -> Way {
        self.moves.push((way, self.length(way) + 1, happened.to_vec()));
        self.moves.len() - 1
    }

    fn length(&self, way: Way) -> usize {
        self.moves[way].1
    }

    /// The last moves of a way, so many.
    fn last(&self, way: Way, many: usize) -> Vec<Vec<Happened>> {
        let mut moves = Vec::with_capacity(many);
        let mut at = way;
        while moves.len() < many {
            let (before, _, happened) = &self.moves[at];
            moves.push(happened.clone());
            at = *before;
        }
        moves.reverse();
        moves
    }

    fn all(&self, way: Way) -> Vec<Vec<Happened>> {
        self.last(way, self.length(way))
    }
}

/// What follows a state by the entries that come next: how many of them, the way, and the state.
type Follows = Vec<(usize, Way, Vec<u8>)>;

pub(super) struct Replay<'g, 's> {
    graph: &'g StepGraph,
    pub(super) stepper: Stepper<'g>,
    writer: Writer<'g>,
    begins: Node,
    saved: &'s SavedHistory,
    /// What happens, then what goes round.
    entries: Vec<&'s HappensText>,
    ways: Ways,
    /// The best that was found: whether it is another promise than when it was saved, and after how many entries.
    broken: Option<((bool, usize), Broken)>,
    furthest: Furthest,
    /// The entry from which on a history left open too much.
    too_open: Option<usize>,
}

/// The furthest that any way goes along the history; told when none goes to its end.
#[derive(Default)]
struct Furthest {
    /// How many entries could come.
    entries: usize,
    /// How many moves that took, and which.
    moves: usize,
    way: Way,
    /// What could come after them, and is not what comes in the history.
    instead: Vec<HappensText>,
}

impl Furthest {
    /// A way of so many entries.
    fn goes(&mut self, entries: usize, moves: usize, way: Way) {
        if entries > self.entries {
            self.instead.clear();
        }
        if (entries, moves) > (self.entries, self.moves) {
            (self.entries, self.moves, self.way) = (entries, moves, way);
        }
    }

    /// After so many entries this could come.
    fn could_go(&mut self, entries: usize, other: &HappensText) {
        let is_news = entries == self.entries && !self.instead.contains(other);
        if is_news && self.instead.len() < MOST_LOOKED_AT {
            self.instead.push(other.clone());
        }
    }
}

impl<'g, 's> Replay<'g, 's> {
    pub(super) fn new(graph: &'g StepGraph, run: Run, saved: &'s SavedHistory) -> Replay<'g, 's> {
        let begins = Node::new(run, graph, budgets(saved, graph));
        let mut stepper = Stepper::new(begins.clone(), graph, Reduction::NONE);
        stepper.trace = Some(Vec::new());
        Replay {
            graph,
            stepper,
            writer: Writer { graph, run: begins.run.clone() },
            begins,
            saved,
            entries: saved.happens.iter().chain(&saved.goes_round).collect(),
            ways: Ways::new(),
            broken: None,
            furthest: Furthest::default(),
            too_open: None,
        }
    }

    pub(super) fn run(&mut self) -> Replayed {
        let turn = self.saved.happens.len();
        let mut places: BTreeMap<Place, Way> = BTreeMap::new();
        let mut ends: Vec<(Vec<u8>, Way)> = Vec::new();
        for (used, way, state) in self.successors(None, 0, turn, Ways::BEGINNING) {
            places.entry((used, state)).or_insert(way);
        }
        while let Some(((used, state), way)) = places.pop_first() {
            if places.len() > MOST_OPEN {
                self.too_open = Some(used + 1);
                break;
            }
            for (more, way, next) in self.successors(Some(&state), used, turn, way) {
                places.entry((used + more, next)).or_insert(way);
            }
            if used == turn {
                ends.push((state, way));
            }
        }
        let mut came_to_its_end = None;
        for (state, way) in &ends {
            let whole =
                if self.saved.goes_round.is_empty() { Some(*way) } else { self.go_round(state, *way) };
            came_to_its_end = came_to_its_end.or(whole);
            if self.saved.breaks == Invariant::CanEnd.number() && self.never_ends(state) {
                self.breaks(can_end("the run goes round and round from here, whatever helps"), turn, *way, 0);
            }
        }
        if let Some(((_, entry), broken)) = self.broken.take() {
            return Replayed::Broken { broken, entry };
        }
        if let Some(entry) = self.too_open {
            return Replayed::TooOpen { entry };
        }
        let history = |ways: &Ways, way| History { moves: ways.all(way), round: Vec::new() };
        let entry = self.furthest.entries + 1;
        match came_to_its_end {
            Some(way) => Replayed::Kept { history: history(&self.ways, way) },
            None => Replayed::Departs {
                history: history(&self.ways, self.furthest.way),
                entry,
                instead: self.instead(entry),
            },
        }
    }

    /// What could come instead of an entry: first what is about the same.
    fn instead(&mut self, entry: usize) -> Vec<HappensText> {
        let mut instead = std::mem::take(&mut self.furthest.instead);
        let about = self.saved.entry(entry).and_then(|(entry, _)| entry.about());
        instead.sort_by_key(|other| other.about() != about);
        instead.truncate(MOST_INSTEAD);
        instead
    }

    /// A promise is broken at the end of a way, of which so many moves go round.
    fn breaks(&mut self, violation: Violation, entry: usize, way: Way, round: usize) {
        let rank = (violation.invariant.number() != self.saved.breaks, entry);
        if self.broken.as_ref().is_none_or(|(best, _)| rank < *best) {
            let mut moves = self.ways.all(way);
            let round = moves.split_off(moves.len() - round);
            self.broken = Some((rank, Broken { violation, history: History { moves, round } }));
        }
    }

    /// What follows a state, or comes first, by the entries before `end`. What breaks a promise by that is kept.
    fn successors(&mut self, state: Option<&[u8]>, used: usize, end: usize, way: Way) -> Follows {
        let (mut follows, mut broken) = (Follows::new(), Vec::new());
        let Replay { graph, stepper, writer, entries, ways, furthest, begins, .. } = self;
        let moves = ways.length(way);
        match state {
            // What was packed can be read again.
            Some(state) => _ = stepper.at.unpack(graph, state),
            None => stepper.at.become_like(begins),
        }
        let comes = &entries[used..end];
        let (mut written, mut bytes) = (Vec::new(), Vec::new());
        let mut found = |successor: Successor<'_>| {
            writer.run.clone_from(&successor.at.run);
            written.clear();
            writer.write(successor.trace, &mut written);
            let same = written.iter().zip(comes).take_while(|(written, comes)| *written == **comes).count();
            if let Some(other) = written.get(same) {
                furthest.goes(used + same, moves, way);
                furthest.could_go(used + same, other);
                return;
            }
            let longer = ways.longer(way, successor.trace);
            furthest.goes(used + same, moves + 1, longer);
            if let Some(fault) = successor.fault {
                broken.push((fault.violation(), used + same, longer));
                return;
            }
            successor.node.pack(&mut bytes);
            follows.push((same, longer, bytes.clone()));
        };
        let standing = match state {
            Some(_) => stepper.leave(&mut found),
            None => {
                stepper.first(&mut found);
                Standing::GoesOn
            }
        };
        for (violation, entry, longer) in broken {
            self.breaks(violation, entry, longer, 0);
        }
        if standing == Standing::DeadEnd {
            self.breaks(can_end("nothing to decide and nothing wanted"), used, way, 0);
        }
        follows
    }

    /// Goes on by what goes round: the way to its end, if that can happen from here. It breaks a promise when it leads back to
    /// where it began and no one limit runs throughout.
    fn go_round(&mut self, begins: &[u8], begins_by: Way) -> Option<Way> {
        let (turn, end) = (self.saved.happens.len(), self.entries.len());
        let mut places: BTreeMap<(Place, Vec<Timer>), Way> = BTreeMap::new();
        places.insert(((turn, begins.to_vec()), self.limits(begins)), begins_by);
        let mut came_to_its_end = None;
        while let Some((((used, state), limits), way)) = places.pop_first() {
            if used == end {
                came_to_its_end.get_or_insert(way);
                if state == begins && limits.is_empty() {
                    let round = self.ways.length(way) - self.ways.length(begins_by);
                    let text = "from here it can go round for ever: no limit runs throughout";
                    self.breaks(can_end(text), end, way, round);
                }
                continue;
            }
            if places.len() > MOST_OPEN {
                self.too_open = Some(used + 1);
                break;
            }
            for (more, way, next) in self.successors(Some(&state), used, end, way) {
                let run_there = self.limits(&next);
                let limits = limits.iter().filter(|limit| run_there.contains(limit)).copied().collect();
                places.entry(((used + more, next), limits)).or_insert(way);
            }
        }
        came_to_its_end
    }

    fn limits(&mut self, state: &[u8]) -> Vec<Timer> {
        let (mut wanted, mut running) = (Wanted::default(), Vec::new());
        if self.stepper.at.unpack(self.graph, state).is_some() {
            self.stepper.at.run.wanted(self.graph, &mut wanted);
            running.extend(limits(&wanted));
        }
        running
    }

    /// Whether the most helpful answers never lead to an end, as a walk would ask that does not keep all orders, or one that
    /// does.
    fn never_ends(&mut self, from: &[u8]) -> bool {
        [Reduction::NONE, Reduction::ORDERS].into_iter().any(|reduction| {
            let mut stepper = Stepper::new(self.begins.clone(), self.graph, reduction);
            let (mut state, mut bytes) = (from.to_vec(), Vec::new());
            let mut met = BTreeSet::new();
            while met.len() < MOST_HELPED {
                if stepper.at.unpack(self.graph, &state).is_none() {
                    return false;
                }
                let mut best: Option<(Helps, Vec<u8>)> = None;
                let standing = stepper.leave(&mut |successor| {
                    successor.node.pack(&mut bytes);
                    let helps_more = best.as_ref().is_none_or(|(helps, _)| successor.helps < *helps);
                    if successor.fault.is_none() && bytes != state && helps_more {
                        best = Some((successor.helps, bytes.clone()));
                    }
                });
                if standing == Standing::Ended {
                    return false;
                }
                let Some((_, next)) = best else { return true };
                if !met.insert(std::mem::replace(&mut state, next)) {
                    return true;
                }
            }
            false
        })
    }
}

fn can_end(text: &str) -> Violation {
    Violation { invariant: Invariant::CanEnd, text: text.to_owned() }
}
