//! How long a plan takes when all is well, from the durations that the plan expects and what it does at once.

use std::time::Duration;

use crate::plan::{Act, DomainId, FrontEndId, Moment, Plan};

/// Expected durations. They are estimates: nothing waits by them, only the fit into the window is judged by them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Estimate {
    /// One front end, from its first step until it is back in service.
    pub front_end: Duration,
    /// One front end's upgrade and restart alone.
    pub upgrade: Duration,
    /// Each domain, from its opening until the pool has settled.
    pub domains: Vec<Duration>,
    /// The whole rolling route.
    pub rolling: Duration,
    /// The whole failed-over route, in a plan that has a partner.
    pub failed_over: Option<Duration>,
    /// Updating the databases, in a plan that says so: a part of both routes.
    pub databases: Duration,
}

impl Estimate {
    pub(super) fn of(plan: &Plan) -> Estimate {
        let front_end = FrontEndId(0);
        let moment = |moment| plan.expected_actions(moment);
        let stop = plan.expected_of(Act::Stop { front_end, mode: plan.mode() });
        let back = plan.expected_of(Act::Start { front_end })
            + plan.acceptance().stay_good
            + moment(Moment::AfterAccept);
        let upgrade = moment(Moment::Upgrade) + plan.expected_of(Act::Restart { front_end });
        let chain = moment(Moment::BeforeStop) + stop + upgrade + back;
        let settle = plan.expected_settling();

        let rounds = |count: usize, at_once: u16| (count as u32).div_ceil(u32::from(at_once.max(1)));
        let domains: Vec<Duration> = plan
            .pool()
            .domains
            .iter()
            .map(|domain| chain * rounds(domain.front_ends().len(), plan.at_once().front_ends) + settle)
            .collect();
        let databases = plan.databases().map_or(Duration::ZERO, |_| plan.expected_of(Act::UpdateDatabases));
        let failed_over = plan.failover().map(|_| {
            // Nobody is served here, so there is nothing to drain.
            plan.expected().fail_over
                // Failing over stops all services by itself: only the first stops are waited for.
                + plan.expected().stop
                + (moment(Moment::BeforeStop) + upgrade)
                    * rounds(plan.pool().front_ends.len(), plan.at_once().failed_over_upgrades)
                + plan.expected().fail_back
                + back
                + settle
                + databases
        });
        let rolling = domains.iter().sum::<Duration>() + databases;
        Estimate { front_end: chain, upgrade, rolling, domains, failed_over, databases }
    }

    pub fn domain(&self, domain: DomainId) -> Duration {
        self.domains[domain.index()]
    }
}
