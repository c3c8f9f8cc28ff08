//! What a look at an effect may find, and the truth as it is when an effect has ended.

use super::world::{Becomes, Effect, Server, Services, World};
use crate::graph::StepGraph;
use crate::plan::{Act, FrontEndId, Moment, Observation};
use crate::twin::PoolState;

impl World {
    /// Everything that a look at an act may find.
    pub(super) fn looks(&self, graph: &StepGraph, act: Act, saw: &mut impl FnMut(Observation, Becomes)) {
        let Some(front_end) = act.front_end() else { return self.looks_at_pool(act, saw) };
        let server = self.server(front_end);
        saw(Observation::Unknown, Becomes::Same);
        if server.dead {
            let back = server.back();
            return self.looks_at(graph, act, front_end, back, saw);
        }
        self.looks_at(graph, act, front_end, server, saw);
    }

    fn looks_at(
        &self,
        graph: &StepGraph,
        act: Act,
        front_end: FrontEndId,
        server: Server,
        saw: &mut impl FnMut(Observation, Becomes),
    ) {
        let mut saw = |observation, server| saw(observation, Becomes::Server(front_end, server));
        let ended = Server { open: None, begun: false, ..server };
        let underway = Server { begun: true, ..server };
        match act {
            Act::Stop { .. } => {
                let out = Server { out: self.pool.state.serves() || server.out, active: false, ..ended };
                let stopped = Server { services: Services::Stopped, ..out };
                let partly = Server { services: Services::Partly, ..out };
                let open = server.open == Some(Effect::Stop);
                let any = open || server.services == Services::Open;
                if any || server.services == Services::Stopped {
                    saw(
                        Observation::Done,
                        if open { stopped } else { Server { services: Services::Stopped, ..ended } },
                    );
                }
                if any || server.services == Services::Partly {
                    saw(
                        Observation::Partly,
                        if open { partly } else { Server { services: Services::Partly, ..ended } },
                    );
                }
                let none = any && !server.begun && server.services != Services::Partly;
                if none || !open && server.services == Services::Running {
                    saw(Observation::NotDone, self.by_itself(ended));
                }
                if open {
                    let out =
                        Server { out: self.pool.state.serves() || server.out, active: false, ..underway };
                    saw(Observation::Underway, out);
                }
            }
            Act::Start { .. } => {
                let open = server.open == Some(Effect::Start);
                let any = open || server.services == Services::Open;
                if any || server.services == Services::Running {
                    saw(Observation::Done, self.running(server));
                }
                if any || server.services != Services::Running {
                    let services = match server.services {
                        Services::Running | Services::Open => Services::Stopped,
                        services => services,
                    };
                    saw(Observation::NotDone, Server { services, active: false, ..ended });
                }
                if open {
                    saw(Observation::Underway, underway);
                }
            }
            Act::Restart { .. } => {
                let open = server.open == Some(Effect::Restart);
                if open || server.booted {
                    let services = if server.booted { server.services } else { Services::Open };
                    saw(Observation::Done, Server { booted: true, services, ..ended });
                }
                let begun = open && server.begun;
                if !server.booted && !begun {
                    saw(Observation::NotDone, ended);
                }
                if open {
                    saw(Observation::Underway, underway);
                }
            }
            Act::Perform { moment, index, .. } => {
                let place = self.place(moment, index);
                let bit = 1 << place;
                let open = server.open == Some(Effect::Perform(place));
                let is = |bits: u16| bits & bit != 0;
                if open || is(server.done) {
                    saw(Observation::Done, self.performed(server, moment, place));
                }
                // One that was cut off left no end: where there is a version to observe, it tells that it did not come to it.
                let cut_off = is(server.cut_off) && !is(server.done);
                let told_by_version = moment == Moment::Upgrade && graph.plan().upgrade().version.is_some();
                if open || !is(server.done) && is(server.failed) || cut_off && told_by_version {
                    let failed = touched(Server { failed: server.failed | bit, ..ended }, moment);
                    saw(Observation::Failed { transient: true }, failed);
                    saw(Observation::Failed { transient: false }, failed);
                }
                if open {
                    saw(Observation::Underway, underway);
                }
                let repeatable = graph.plan().upgrade().at(moment)[usize::from(index)].repeatable;
                let tells = !is(server.cut_off) || told_by_version && repeatable;
                let told = is(server.done) || is(server.failed);
                let begun = open && server.begun;
                if tells && !told && !begun {
                    saw(Observation::NotDone, ended);
                }
            }
            Act::FailOver | Act::FailBack | Act::UpdateDatabases => {}
        }
    }

    fn looks_at_pool(&self, act: Act, saw: &mut impl FnMut(Observation, Becomes)) {
        if act == Act::UpdateDatabases {
            return self.looks_at_databases(saw);
        }
        let over = act == Act::FailOver;
        let becomes = |done| if over { Becomes::FailedOver(done) } else { Becomes::FailedBack(done) };
        saw(Observation::Unknown, Becomes::Same);
        let (reached, before) = match over {
            true => (PoolState::FailedOver, PoolState::Active),
            false => (PoolState::Active, PoolState::FailedOver),
        };
        if self.pool.open {
            saw(Observation::Done, becomes(true));
            saw(Observation::NotDone, becomes(false));
            saw(Observation::Underway, Becomes::Same);
        } else if self.pool.state == reached {
            saw(Observation::Done, Becomes::Same);
        } else if self.pool.state == before {
            saw(Observation::NotDone, Becomes::Same);
        }
    }

    fn looks_at_databases(&self, saw: &mut impl FnMut(Observation, Becomes)) {
        saw(Observation::Unknown, Becomes::Same);
        if self.databases.open {
            saw(Observation::Done, Becomes::Updated(true));
            saw(Observation::NotDone, Becomes::Updated(false));
            saw(Observation::Underway, Becomes::Same);
        } else {
            let saw_it = if self.databases.updated { Observation::Done } else { Observation::NotDone };
            saw(saw_it, Becomes::Same);
        }
    }

    /// An action is done.
    pub(super) fn performed(&self, server: Server, moment: Moment, place: u8) -> Server {
        let bit = 1 << place;
        let mut server = touched(
            Server {
                open: None,
                begun: false,
                done: server.done | bit,
                failed: server.failed & !bit,
                cut_off: server.cut_off & !bit,
                ..server
            },
            moment,
        );
        if moment == Moment::AfterAccept {
            self.see_whether_back(&mut server);
        }
        server
    }

    /// Its services run.
    pub(super) fn running(&self, server: Server) -> Server {
        let open = server.open.filter(|effect| !matches!(effect, Effect::Start));
        let mut server = Server { services: Services::Running, dead: false, open, begun: false, ..server };
        server.active = self.pool.state == PoolState::Active;
        self.see_whether_back(&mut server);
        server
    }

    /// Its services run without our doing.
    pub(super) fn by_itself(&self, server: Server) -> Server {
        let mut server = Server { services: Services::Running, ..server };
        server.active = self.pool.state.serves();
        // It serves: nothing keeps its users from it, and it is not half upgraded.
        let keeps_out = self.bits(Moment::BeforeStop) | self.bits(Moment::Upgrade);
        server.out &= server.done & keeps_out != 0 || !server.active;
        server
    }

    /// Is a front end that we took out back in service?
    fn see_whether_back(&self, server: &mut Server) {
        let after = self.bits(Moment::AfterAccept);
        if server.out && server.active && server.done & after == after {
            server.out = false;
            server.done &= !self.bits(Moment::BeforeStop);
        }
    }
}

/// What an action may have left behind: some start the services, and nobody has looked.
pub(super) fn touched(server: Server, moment: Moment) -> Server {
    match moment {
        Moment::BeforeStop => Server { out: true, ..server },
        Moment::Upgrade => Server { services: Services::Open, ..server },
        Moment::AfterAccept => server,
    }
}
