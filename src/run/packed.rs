//! A run in few bytes, for explorers that keep many.
//!
//! Most steps of a run are as they were at the beginning, or done, and their neighbours are the same: a state is written
//! once for all neighbours that share it. Two runs have the same bytes exactly when they are equal.

use super::state::{Clearance, Gate, GateAt, Pause, StepState, Try, Watch, WatchAt, Why};
use super::{Course, Outcome, PauseWhy, Phase, Run};
use crate::graph::{Route, StepGraph, StepId};
use crate::plan::{DomainId, FrontEndId};

impl Run {
    /// Appends the run to `bytes`.
    pub fn pack(&self, bytes: &mut Vec<u8>) {
        for same in self.core.steps.chunk_by(PartialEq::eq) {
            number(same.len() as u32, bytes);
            pack_state(same[0], bytes);
        }
        bytes.push(
            match self.core.phase {
                Phase::Preflight => 0,
                Phase::Gate(_) => 1,
                Phase::Open { more: false, .. } => 2,
                Phase::Open { more: true, .. } => 3,
                Phase::Over { from: None } => 4,
                Phase::Over { from: Some(_) } => 5,
                Phase::Settle(None) => 6,
                Phase::Settle(Some(_)) => 7,
                Phase::Finished => 8,
                Phase::Databases => 9,
            } | u8::from(self.index.route == Route::FailedOver) << 4,
        );
        let domain = match self.core.phase {
            Phase::Gate(domain) | Phase::Open { domain, .. } => Some(domain),
            Phase::Over { from: domain } | Phase::Settle(domain) => domain,
            Phase::Preflight | Phase::Databases | Phase::Finished => None,
        };
        if let Some(domain) = domain {
            number(u32::from(domain.0), bytes);
        }
        let why = |why: PauseWhy| why as u8;
        bytes.push(match self.core.course {
            Course::Forward => 0,
            Course::Stopping => 1,
            Course::Ended(Outcome::Complete) => 2,
            Course::Ended(Outcome::Stopped) => 3,
            Course::Ended(Outcome::Aborted) => 4,
            Course::Ended(Outcome::Abandoned) => 5,
            Course::Pausing(reason) => 6 + why(reason),
            Course::Ended(Outcome::Paused(reason)) => 9 + why(reason),
        });
        for front_ends in [&self.core.absent, &self.core.left_out, &self.core.half_out] {
            number(front_ends.len() as u32, bytes);
            front_ends.iter().for_each(|front_end| number(u32::from(front_end.0), bytes));
        }
        number(u32::from(self.core.forgone), bytes);
    }

    /// Becomes the run that was packed into the beginning of `bytes`, and returns the rest; `None` when no run of this
    /// graph was. Cheap when the two have much in common. The epoch is not packed: it is no part of a run's future.
    pub fn unpack<'a>(&mut self, graph: &StepGraph, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let mut reader = Reader(bytes);
        // The route first: it says what the index is about.
        let mut ahead = Reader(bytes);
        ahead.skip_states(self.core.steps.len())?;
        let route = if ahead.byte()? >> 4 == 0 { Route::Rolling } else { Route::FailedOver };
        self.take_route(graph, route);
        let mut step = 0;
        while step < self.core.steps.len() {
            let same = reader.number()? as usize;
            let state = reader.state()?;
            if same == 0 || same > self.core.steps.len() - step {
                return None;
            }
            for step in step..step + same {
                if self.core.steps[step] != state {
                    self.set(graph, StepId(step as u32), state);
                }
            }
            step += same;
        }
        let phase = reader.byte()? & 15;
        self.core.phase = match phase {
            0 => Phase::Preflight,
            1 => Phase::Gate(reader.domain()?),
            2 | 3 => Phase::Open { domain: reader.domain()?, more: phase == 3 },
            4 => Phase::Over { from: None },
            5 => Phase::Over { from: Some(reader.domain()?) },
            6 => Phase::Settle(None),
            7 => Phase::Settle(Some(reader.domain()?)),
            8 => Phase::Finished,
            9 => Phase::Databases,
            _ => return None,
        };
        self.core.course = match reader.byte()? {
            0 => Course::Forward,
            1 => Course::Stopping,
            2 => Course::Ended(Outcome::Complete),
            3 => Course::Ended(Outcome::Stopped),
            4 => Course::Ended(Outcome::Aborted),
            5 => Course::Ended(Outcome::Abandoned),
            code @ 6..=8 => Course::Pausing(pause_why(code - 6)),
            code @ 9..=11 => Course::Ended(Outcome::Paused(pause_why(code - 9))),
            _ => return None,
        };
        for front_ends in [&mut self.core.absent, &mut self.core.left_out, &mut self.core.half_out] {
            front_ends.clear();
            for _ in 0..reader.number()? {
                front_ends.push(FrontEndId(reader.number()? as u16));
            }
        }
        self.core.forgone = reader.number()? as u16;
        Some(reader.0)
    }
}

fn pause_why(code: u8) -> PauseWhy {
    match code {
        0 => PauseWhy::Asked,
        1 => PauseWhy::TooLate,
        _ => PauseWhy::Closed,
    }
}

/// A number, seven bits a byte, the lowest first.
pub(crate) fn number(mut number: u32, bytes: &mut Vec<u8>) {
    while number >= 128 {
        bytes.push(number as u8 | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Up to eight flags, the first in the lowest bit.
pub(crate) fn bits(flags: &[bool]) -> u8 {
    flags.iter().rev().fold(0, |bits, flag| bits << 1 | u8::from(*flag))
}

/// Whether the flag of this place is set.
pub(crate) fn bit(flags: u8, place: u8) -> bool {
    flags >> place & 1 == 1
}

fn pack_state(state: StepState, bytes: &mut Vec<u8>) {
    let numbered = |code: u8, n: u8, bytes: &mut Vec<u8>| bytes.extend([code, n]);
    match state {
        StepState::Pending(tried) if tried == Try::default() => bytes.push(0),
        StepState::Done => bytes.push(1),
        StepState::Needless => bytes.push(2),
        StepState::Skipped => bytes.push(3),
        StepState::Stuck(why) => bytes.push(4 + why as u8),
        StepState::Pending(tried) => {
            bytes.push(16);
            pack_try(tried, bytes);
        }
        StepState::Running(tried) => {
            bytes.push(17);
            pack_try(tried, bytes);
        }
        StepState::Clearing(tried, clearance) => {
            let (code, n) = match clearance {
                Clearance::Count(n) => (0, n),
                Clearance::CountAgain(n) => (1, n),
                Clearance::Partner(n) => (2, n),
                Clearance::PartnerAgain(n) => (3, n),
                Clearance::Window => (4, 0),
                Clearance::Stopped => (5, 0),
            };
            numbered(18 + code, n, bytes);
            pack_try(tried, bytes);
        }
        StepState::Waiting(tried, Pause::BackOff) => {
            bytes.push(24);
            pack_try(tried, bytes);
        }
        StepState::Waiting(tried, Pause::LookAgain(looks)) => {
            numbered(25, looks, bytes);
            pack_try(tried, bytes);
        }
        StepState::Doubt(tried, looks) => {
            numbered(26, looks, bytes);
            pack_try(tried, bytes);
        }
        StepState::Gate(gate) => bytes.extend([27 + gate.at as u8, gate.busy, gate.unhelpful]),
        StepState::Watching(watch) => bytes.extend([31 + watch.at as u8, watch.restarts, watch.observer]),
    }
}

fn pack_try(tried: Try, bytes: &mut Vec<u8>) {
    let Try { attempt, late, hard, interrupted, failed, unready, partly } = tried;
    let flags = [late, hard, interrupted, failed, partly];
    bytes.push(bits(&flags));
    bytes.extend([attempt, unready]);
}

/// Reads what was packed.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl Reader<'_> {
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(crate) fn number(&mut self) -> Option<u32> {
        let mut number = 0u32;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            number |= u32::from(byte & 127).checked_shl(shift)?;
            if byte < 128 {
                return Some(number);
            }
        }
        None
    }

    fn domain(&mut self) -> Option<DomainId> {
        self.number().map(|domain| DomainId(domain as u16))
    }

    fn skip_states(&mut self, steps: usize) -> Option<()> {
        let mut step = 0;
        while step < steps {
            step += self.number()? as usize;
            self.state()?;
        }
        Some(())
    }

    fn tried(&mut self) -> Option<Try> {
        let flags = self.byte()?;
        let flag = |place| bit(flags, place);
        let (attempt, unready) = (self.byte()?, self.byte()?);
        Some(Try {
            attempt,
            late: flag(0),
            hard: flag(1),
            interrupted: flag(2),
            failed: flag(3),
            unready,
            partly: flag(4),
        })
    }

    fn state(&mut self) -> Option<StepState> {
        let code = self.byte()?;
        Some(match code {
            0 => StepState::Pending(Try::default()),
            1 => StepState::Done,
            2 => StepState::Needless,
            3 => StepState::Skipped,
            4..=10 => StepState::Stuck(WHYS[usize::from(code - 4)]),
            16 => StepState::Pending(self.tried()?),
            17 => StepState::Running(self.tried()?),
            18..=23 => {
                let n = self.byte()?;
                let clearance = match code - 18 {
                    0 => Clearance::Count(n),
                    1 => Clearance::CountAgain(n),
                    2 => Clearance::Partner(n),
                    3 => Clearance::PartnerAgain(n),
                    4 => Clearance::Window,
                    _ => Clearance::Stopped,
                };
                StepState::Clearing(self.tried()?, clearance)
            }
            24 => StepState::Waiting(self.tried()?, Pause::BackOff),
            25 => {
                let looks = self.byte()?;
                StepState::Waiting(self.tried()?, Pause::LookAgain(looks))
            }
            26 => {
                let looks = self.byte()?;
                StepState::Doubt(self.tried()?, looks)
            }
            27..=30 => {
                let at = [GateAt::Asking, GateAt::Interval, GateAt::Window, GateAt::Troubled];
                let at = at[usize::from(code - 27)];
                StepState::Gate(Gate { at, busy: self.byte()?, unhelpful: self.byte()? })
            }
            31..=35 => {
                let at = [WatchAt::Ask, WatchAt::Rest, WatchAt::AskGood, WatchAt::RestGood, WatchAt::AskLast];
                let at = at[usize::from(code - 31)];
                StepState::Watching(Watch { at, restarts: self.byte()?, observer: self.byte()? })
            }
            _ => return None,
        })
    }
}

const WHYS: [Why; 7] =
    [Why::Failed, Why::Doubt, Why::Late, Why::Quorum, Why::Unhealthy, Why::Troubled, Why::Unanswered];
