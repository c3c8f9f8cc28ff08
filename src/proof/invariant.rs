//! The list of what must always hold, in words.

use std::fmt;

/// A promise of every run. The numbers are those of the design.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Invariant {
    /// 1. Front ends that we took out, and no person skipped, belong to one upgrade domain, unless the pool is failed
    ///    over or not all were accepted since.
    OneDomainOut,
    /// 2. A domain opens only on the newest readiness answer, asked after our last change to the pool; each stop needs a
    ///    count asked after our last stop.
    FreshAnswers,
    /// 3. Nothing is upgraded that is not stopped, and nothing is started while its upgrade is underway.
    StoppedBeforeUpgrade,
    /// 4. No next domain opens before every front end of the last one, unless skipped, accepts connections and the pool
    ///    has settled.
    SettledBetweenDomains,
    /// 5. No stop is decided unless, by the newest count, the quorum table's own row holds after it.
    QuorumStands,
    /// 6. Failing over succeeds at most once in a run, and until fail back has succeeded the run says so.
    FailedOverOnce,
    /// 7. A complete run leaves every front end not skipped at the planned version; no upgrade was started after it was
    ///    known done.
    CompleteMeansUpgraded,
    /// 8. No stop and no failover starts outside the window, nor a domain that no longer fits.
    InsideTheWindow,
    /// 9. From every reachable state the run can end.
    CanEnd,
    /// 10. A run killed at any instant and resumed reaches the same end, and starts no disruptive effect more often.
    SameEndAfterResume,
    /// 11. A pause leaves nothing out that we took out; a stop for trouble leaves out only what is itself in trouble.
    NothingLeftOut,
    /// 12. The databases are updated by a person's word, once every front end is upgraded and none is out or left out.
    DatabasesLast,
}

impl Invariant {
    pub const ALL: [Invariant; 12] = [
        Invariant::OneDomainOut,
        Invariant::FreshAnswers,
        Invariant::StoppedBeforeUpgrade,
        Invariant::SettledBetweenDomains,
        Invariant::QuorumStands,
        Invariant::FailedOverOnce,
        Invariant::CompleteMeansUpgraded,
        Invariant::InsideTheWindow,
        Invariant::CanEnd,
        Invariant::SameEndAfterResume,
        Invariant::NothingLeftOut,
        Invariant::DatabasesLast,
    ];

    /// The promise in words, for people.
    pub fn promise(self) -> &'static str {
        match self {
            Invariant::OneDomainOut => "front ends that we take out belong to one upgrade domain",
            Invariant::FreshAnswers => "a domain, a stop and a failover begin on fresh answers only",
            Invariant::StoppedBeforeUpgrade => {
                "nothing is upgraded that is not stopped, or started while it is upgraded"
            }
            Invariant::SettledBetweenDomains => {
                "no next domain opens before the last one is back and the pool has settled"
            }
            Invariant::QuorumStands => "no stop begins unless the quorum stands after it",
            Invariant::FailedOverOnce => "the pool is failed over at most once, and the run says so",
            Invariant::CompleteMeansUpgraded => {
                "complete means upgraded, and no upgrade begins again once it is done"
            }
            Invariant::InsideTheWindow => "no stop and no failover begins outside the window",
            Invariant::CanEnd => "from every state the run can end, and it never waits for nothing",
            Invariant::SameEndAfterResume => "a run that is killed and resumed comes to the same end",
            Invariant::NothingLeftOut => "a pause, a stop and the end leave no healthy front end out",
            Invariant::DatabasesLast => {
                "databases are updated last, by a person's word, and only when all are upgraded"
            }
        }
    }

    /// Its number in the design.
    pub fn number(self) -> u8 {
        self as u8 + 1
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invariant {} ({self:?})", self.number())
    }
}
