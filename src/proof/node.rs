//! One state of a proof, and everything that can happen in it.
//!
//! A state is a run at rest, the world beside it, what the monitor remembers, and how much may still interfere. From a
//! state the run goes on by one thing that happens (an answer, a limit, a death, a person, a crash) and by everything
//! that the machine then decides by itself, until it waits again.

use std::cell::Cell;

use super::Invariant;
use super::answers::Helps;
use super::memory::Memory;
use super::monitor::Violation;
use super::world::World;
use crate::graph::StepGraph;
use crate::plan::FrontEndId;
use crate::run::packed::Reader;
use crate::run::{Event, Run};

/// How much may interfere in one history: what is bounded, so that there are not too many of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Budgets {
    /// How often the process is taken up again: after a crash, a pause, a stop or an abort.
    pub crashes: u8,
    /// How many front ends die by themselves.
    pub deaths: u8,
    /// What persons do beside resuming and approving: pause, abort, retry, skip, resolve.
    pub acts: u8,
    /// How many front ends are found otherwise than planned before the run: upgraded already, or down.
    pub found: u8,
    /// How many of all these together.
    pub together: u8,
}

impl Budgets {
    /// Nothing interferes.
    pub const NONE: Budgets = Budgets { crashes: 0, deaths: 0, acts: 0, found: 0, together: u8::MAX };

    /// Whether something interferes beside crashes.
    pub fn interfere(self) -> bool {
        let Budgets { crashes: _, deaths, acts, found, together } = self;
        together > 0 && [deaths, acts, found] != [0; 3]
    }

    /// Every choice of what interferes in a history, where it is not all of it: as many of each as there may be together.
    pub(super) fn shares(self) -> Vec<Budgets> {
        let Budgets { crashes, deaths, acts, found, together } = self;
        let all = [crashes, deaths, acts, found].map(u16::from).iter().sum::<u16>();
        if all <= u16::from(together) {
            return vec![self];
        }
        let mut shares = Vec::new();
        for crashes in 0..=crashes.min(together) {
            for deaths in 0..=deaths.min(together - crashes) {
                for acts in 0..=acts.min(together - crashes - deaths) {
                    let rest = together - crashes - deaths - acts;
                    if rest <= found {
                        shares.push(Budgets { crashes, deaths, acts, found: rest, together });
                    }
                }
            }
        }
        shares
    }

    /// Whoever is found otherwise than planned is found before the run.
    pub(super) fn forget_found(&mut self) {
        let Budgets { crashes, deaths, acts, found, .. } = *self;
        self.found = 0;
        if found > 0 && self.together != Budgets::NONE.together {
            self.together = self.together.min(crashes.saturating_add(deaths).saturating_add(acts));
        }
    }

    /// One of the budgets was used. When all of them together are used up nothing is left of any.
    pub(super) fn spend(&mut self, budget: impl FnOnce(&mut Budgets) -> &mut u8) {
        *budget(self) -= 1;
        self.together = self.together.saturating_sub(1);
        if self.together == 0 {
            *self = Budgets { together: 0, ..Budgets::NONE };
        }
    }
}

impl Default for Budgets {
    fn default() -> Budgets {
        Budgets { crashes: 1, deaths: 1, acts: 1, found: 1, together: 2 }
    }
}

/// One state.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) run: Run,
    pub(super) world: World,
    pub(super) memory: Memory,
    pub(super) left: Budgets,
}

impl Node {
    /// Before the first event.
    pub(super) fn new(run: Run, graph: &StepGraph, budgets: Budgets) -> Node {
        Node { run, world: World::new(graph), memory: Memory::default(), left: budgets }
    }

    pub(super) fn become_like(&mut self, other: &Node) {
        self.run.clone_from(&other.run);
        self.world.become_like(&other.world);
        self.memory.clone_from(&other.memory);
        self.left = other.left;
    }

    pub(super) fn pack(&self, bytes: &mut Vec<u8>) {
        bytes.clear();
        self.run.pack(bytes);
        self.world.pack(bytes);
        self.memory.pack(bytes);
        let Budgets { crashes, deaths, acts, found, together } = self.left;
        bytes.extend([crashes, deaths, acts, found, together]);
    }

    /// Becomes the state that was packed.
    pub(super) fn unpack(&mut self, graph: &StepGraph, bytes: &[u8]) -> Option<()> {
        let mut reader = Reader(self.run.unpack(graph, bytes)?);
        self.world.unpack(&mut reader)?;
        self.memory.unpack(&mut reader)?;
        let [crashes, deaths, acts, found] = [reader.byte()?, reader.byte()?, reader.byte()?, reader.byte()?];
        let together = reader.byte()?;
        self.left = Budgets { crashes, deaths, acts, found, together };
        Some(())
    }
}

/// What led from one state to the next, as it happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Happened {
    /// The run folded it.
    Event(Event),
    /// A front end died by itself; perhaps it was up again before anybody looked.
    Died { front_end: FrontEndId, returns: bool },
    /// The process died.
    Crashed,
}

/// What a broken promise looks like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    Violation(Violation),
    /// An event that must be legal was refused.
    Refused(&'static str),
}

impl Fault {
    pub(super) fn violation(self) -> Violation {
        match self {
            Fault::Violation(violation) => violation,
            Fault::Refused(why) => {
                let text = format!("the machine refuses an answer that it asked for: {why}");
                Violation { invariant: Invariant::CanEnd, text }
            }
        }
    }
}

/// Where a way leads.
pub(super) struct Successor<'a> {
    pub(super) node: &'a Node,
    /// The state that was left.
    pub(super) at: &'a Node,
    pub(super) helps: Helps,
    /// The step whose count was the last needs a person now, or is left out.
    pub(super) ran_out: bool,
    pub(super) fault: Option<Fault>,
    pub(super) trace: &'a [Happened],
    /// Set by whoever needs no more of what follows.
    pub(super) enough: &'a Cell<bool>,
}
