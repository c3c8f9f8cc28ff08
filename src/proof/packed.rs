//! The world and the monitor's memory in few bytes. Equal states have equal bytes.

use fixedbitset::FixedBitSet;

use super::fates::Fate;
use super::memory::Memory;
use super::truth::ReadinessGiven;
use super::world::{Databases, Effect, Server, Services, World};
use crate::plan::DomainId;
use crate::run::packed::{Reader, bit, bits, number};
use crate::twin::PoolState;

impl World {
    pub(super) fn pack(&self, bytes: &mut Vec<u8>) {
        for same in self.servers.chunk_by(PartialEq::eq) {
            number(same.len() as u32, bytes);
            pack_server(same[0], bytes);
        }
        let pool = self.pool.state as u8 | u8::from(self.pool.open) << 2 | self.pool.failed_over << 3;
        let Databases { open, updated } = self.databases;
        let flags = [
            self.readiness_is_stale,
            self.count_is_stale,
            self.soaking,
            self.soaked,
            self.closed,
            open,
            updated,
        ];
        bytes.extend([pool, bits(&flags)]);
        // What opens nothing any more need not be told apart.
        match self.readiness.filter(|given| given.ready && given.fresh) {
            Some(ReadinessGiven { domain: Some(domain), .. }) => number(u32::from(domain.0) + 1, bytes),
            _ => bytes.push(0),
        }
        match &self.counted {
            None => bytes.push(0),
            Some(counted) => {
                bytes.push(1);
                pack_set(counted, bytes);
            }
        }
    }

    pub(super) fn unpack(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        let mut first = 0;
        while first < self.servers.len() {
            let same = reader.number()? as usize;
            let server = unpack_server(reader)?;
            self.servers.get_mut(first..first + same)?.fill(server);
            first += same;
        }
        let pool = reader.byte()?;
        self.pool.state = POOL_STATES[usize::from(pool & 3)];
        self.pool.open = bit(pool, 2);
        self.pool.failed_over = pool >> 3;
        let flags = reader.byte()?;
        let flag = |place| bit(flags, place);
        self.readiness_is_stale = flag(0);
        self.count_is_stale = flag(1);
        self.soaking = flag(2);
        self.soaked = flag(3);
        self.closed = flag(4);
        self.databases = Databases { open: flag(5), updated: flag(6) };
        self.readiness = match reader.number()? {
            0 => None,
            domain => {
                let domain = Some(DomainId((domain - 1) as u16));
                Some(ReadinessGiven { domain, ready: true, fresh: true })
            }
        };
        match reader.byte()? {
            0 => self.counted = None,
            _ => unpack_set(self.counted.get_or_insert_default(), reader)?,
        }
        self.forget_what_just_happened();
        Some(())
    }
}

const POOL_STATES: [PoolState; 4] =
    [PoolState::Active, PoolState::FailingOver, PoolState::FailedOver, PoolState::FailingBack];
const SERVICES: [Services; 4] = [Services::Running, Services::Partly, Services::Stopped, Services::Open];

fn pack_server(server: Server, bytes: &mut Vec<u8>) {
    let Server { services, open, begun, dead, active, out, booted, done, cut_off, failed, fate } = server;
    let marks = [done, cut_off, failed];
    let marked = marks != [0; 3];
    bytes.push(services as u8 | bits(&[begun, dead, active, out, booted, marked]) << 2);
    let open = match open {
        None => 0,
        Some(Effect::Stop) => 1,
        Some(Effect::Restart) => 2,
        Some(Effect::Start) => 3,
        Some(Effect::Perform(place)) => 4 + place,
    };
    bytes.push(open | u8::from(fate.is_some()) << 6);
    if let Some(Fate { fails, services, stop_is_open, active, out }) = fate {
        bytes.push(services as u8 | bits(&[fails, stop_is_open, active, out]) << 2);
    }
    if marked {
        marks.iter().for_each(|mark| number(u32::from(*mark), bytes));
    }
}

fn unpack_server(reader: &mut Reader<'_>) -> Option<Server> {
    let first = reader.byte()?;
    let flag = |place: u8| bit(first, 2 + place);
    let open = reader.byte()?;
    let fate = if bit(open, 6) {
        let fate = reader.byte()?;
        let services = SERVICES[usize::from(fate & 3)];
        let flag = |place: u8| bit(fate, 2 + place);
        Some(Fate { fails: flag(0), services, stop_is_open: flag(1), active: flag(2), out: flag(3) })
    } else {
        None
    };
    let open = match open & 63 {
        0 => None,
        1 => Some(Effect::Stop),
        2 => Some(Effect::Restart),
        3 => Some(Effect::Start),
        place => Some(Effect::Perform(place - 4)),
    };
    let mut marks = [0u16; 3];
    if flag(5) {
        for mark in &mut marks {
            *mark = reader.number()? as u16;
        }
    }
    let [done, cut_off, failed] = marks;
    Some(Server {
        services: SERVICES[usize::from(first & 3)],
        open,
        begun: flag(0),
        dead: flag(1),
        active: flag(2),
        out: flag(3),
        booted: flag(4),
        done,
        cut_off,
        failed,
        fate,
    })
}

impl Memory {
    pub(super) fn pack(&self, bytes: &mut Vec<u8>) {
        let Memory {
            skipped,
            opened,
            over,
            heard_readiness,
            heard_count,
            heard_trouble,
            resolved,
            in_service,
            proved,
            died,
            unheard,
            known_done,
            databases_approved,
        } = self;
        bytes.push(bits(&[*over, *heard_readiness, *heard_count, *heard_trouble, *databases_approved]));
        number(opened.map_or(0, |domain| u32::from(domain.0) + 1), bytes);
        for set in [skipped, resolved, in_service, proved, died, unheard, known_done] {
            pack_set(set, bytes);
        }
    }

    pub(super) fn unpack(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        let flags = reader.byte()?;
        self.over = bit(flags, 0);
        self.heard_readiness = bit(flags, 1);
        self.heard_count = bit(flags, 2);
        self.heard_trouble = bit(flags, 3);
        self.databases_approved = bit(flags, 4);
        self.opened = reader.number()?.checked_sub(1).map(|domain| DomainId(domain as u16));
        let sets = [
            &mut self.skipped,
            &mut self.resolved,
            &mut self.in_service,
            &mut self.proved,
            &mut self.died,
            &mut self.unheard,
            &mut self.known_done,
        ];
        for set in sets {
            unpack_set(set, reader)?;
        }
        Some(())
    }
}

/// Ranges of members that follow each other: how many there are, then each by its distance from the last and its length.
fn pack_set(set: &FixedBitSet, bytes: &mut Vec<u8>) {
    let place = bytes.len();
    bytes.push(0);
    let (mut end, mut begun) = (0, 0);
    let mut open: Option<(usize, usize)> = None;
    let mut close = |(first, last): (usize, usize), bytes: &mut Vec<u8>| {
        number((first - end) as u32, bytes);
        number((last + 1 - first) as u32, bytes);
        end = last + 1;
        begun += 1;
    };
    for member in set.ones() {
        open = match open {
            Some((first, last)) if last + 1 == member => Some((first, member)),
            Some(range) => {
                close(range, bytes);
                Some((member, member))
            }
            None => Some((member, member)),
        };
    }
    if let Some(range) = open {
        close(range, bytes);
    }
    bytes[place] = begun;
}

fn unpack_set(set: &mut FixedBitSet, reader: &mut Reader<'_>) -> Option<()> {
    set.clear();
    let mut at = 0;
    for _ in 0..reader.byte()? {
        at += reader.number()? as usize;
        for _ in 0..reader.number()? {
            set.grow_and_insert(at);
            at += 1;
        }
    }
    Some(())
}
