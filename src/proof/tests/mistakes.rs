//! Each mistake is planted in the machine of a small plan, and the proof must say which promise it breaks.

use super::{NONE, small, walk};
use crate::proof::{Budgets, Invariant, Reduction, Verdict};
use crate::run::{Mistake, Run};

/// The mistake, a plan that meets it, how much has to interfere, and the promise that speaks of it. Others may break
/// sooner; they are not asked here.
pub(super) const PLANTED: [(Mistake, &str, Budgets, Invariant); 28] = [
    (Mistake::WindowBeforeUpgrade, "window", NONE, Invariant::CanEnd),
    (Mistake::NoWindowBeforeStop, "window", NONE, Invariant::InsideTheWindow),
    (Mistake::OpenOutlivesResume, "two-domains", CRASH, Invariant::FreshAnswers),
    (Mistake::ReadinessOutlivesResume, "two-domains", CRASH, Invariant::FreshAnswers),
    (Mistake::StopProofOutlives, "one-domain", CRASH, Invariant::StoppedBeforeUpgrade),
    (Mistake::HalfStoppedIsNotOut, "two-domains", ACT, Invariant::NothingLeftOut),
    (Mistake::OwnStopsCountAsActive, "quorum", NONE, Invariant::QuorumStands),
    (Mistake::NeedlessLeftAlone, "partner-always", FOUND, Invariant::NothingLeftOut),
    (Mistake::RetryWithoutLook, "two-domains", CRASH_AND_ACT, Invariant::StoppedBeforeUpgrade),
    (Mistake::FailsOverOnOldTrouble, "partner-when-troubled", NONE, Invariant::FreshAnswers),
    (Mistake::StopLeavesAllOut, "two-at-once", NONE, Invariant::NothingLeftOut),
    (Mistake::SaysServedHere, "partner-always", NONE, Invariant::FailedOverOnce),
    (Mistake::FailureIsDone, "no-version", NONE, Invariant::CompleteMeansUpgraded),
    (Mistake::NoSoak, "two-domains", NONE, Invariant::SettledBetweenDomains),
    (Mistake::BackInServiceUnproved, "actions-around", NONE, Invariant::OneDomainOut),
    (Mistake::BusyForgivesAll, "two-domains", NONE, Invariant::CanEnd),
    (Mistake::EndlessSoak, "two-domains", NONE, Invariant::CanEnd),
    (Mistake::NoBackOff, "two-domains", NONE, Invariant::CanEnd),
    (Mistake::GateOutlivesItsDomain, "two-domains", ACT, Invariant::FreshAnswers),
    (Mistake::FailedActionIsNotOut, "one-domain", CRASH_AND_ACT, Invariant::NothingLeftOut),
    (Mistake::OlderTryForgotten, "one-domain", CRASHES_AND_ACT, Invariant::NothingLeftOut),
    (Mistake::CountsWhoIsOut, "one-domain", CRASHES_AND_ACT, Invariant::NothingLeftOut),
    (Mistake::CountsBesideAWindow, "actions-at-once", NONE, Invariant::QuorumStands),
    (Mistake::RetryForgetsOlderTries, "tried-twice-at-once", ACT, Invariant::NothingLeftOut),
    (Mistake::WordForgetsOlderTries, "tried-twice-at-once", ACT, Invariant::NothingLeftOut),
    (Mistake::OpensWithDoneInactive, "two-at-once", ALL, Invariant::SettledBetweenDomains),
    (Mistake::DatabasesBeforeAll, "databases", ACT, Invariant::DatabasesLast),
    (Mistake::ApprovesByItself, "databases", NONE, Invariant::DatabasesLast),
];

const CRASH: Budgets = Budgets { crashes: 1, ..NONE };
const ACT: Budgets = Budgets { acts: 1, ..NONE };
const FOUND: Budgets = Budgets { found: 1, ..NONE };
const CRASH_AND_ACT: Budgets = Budgets { crashes: 1, acts: 1, ..NONE };
const CRASHES_AND_ACT: Budgets = Budgets { crashes: 2, acts: 1, ..NONE };
const ALL: Budgets = Budgets { deaths: 1, acts: 1, found: 1, ..NONE };

#[test]
fn every_planted_mistake_breaks_the_promise_that_speaks_of_it() {
    let mut wrong = Vec::new();
    for (mistake, plan, budgets, invariant) in PLANTED {
        let graph = small(plan);
        // Whether what goes round ends cannot be seen where counts are forgotten.
        let reduced = if invariant == Invariant::CanEnd { Reduction::ORDERS } else { Reduction::ALL };
        for reduction in [Reduction::NONE, reduced] {
            let run = Run::mistaken(&graph, mistake);
            let (verdict, tally) = walk(run, &graph, budgets, reduction, Some(invariant));
            match verdict {
                Verdict::Broken(broken) if broken.violation.invariant == invariant => {
                    assert!(
                        broken.history.happened().next().is_some(),
                        "{mistake:?} breaks it without a history"
                    );
                }
                Verdict::Broken(broken) => {
                    wrong.push(format!("{mistake:?} breaks {:?}: {:#?}", broken.violation, broken.history))
                }
                Verdict::Proved => wrong
                    .push(format!("{mistake:?} was not caught in {} states, {reduction:?}", tally.states)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// It is settled at the beginning what interferes, and what a mistake needs is among that.
#[test]
fn mistakes_are_found_where_something_else_might_have_interfered() {
    let mut wrong = Vec::new();
    let needs_help = |(_, _, budgets, invariant): &(Mistake, &str, Budgets, Invariant)| {
        budgets.interfere() && *invariant != Invariant::CanEnd
    };
    for (mistake, plan, budgets, invariant) in PLANTED.into_iter().filter(needs_help) {
        let graph = small(plan);
        let Budgets { crashes, deaths, acts, found, .. } = budgets;
        let together = crashes + deaths + acts + found;
        let any = Budgets { crashes: crashes.max(1), deaths: 1, acts: 1, found: 1, together };
        let run = Run::mistaken(&graph, mistake);
        let (verdict, tally) = walk(run, &graph, any, Reduction::ALL, Some(invariant));
        if !matches!(verdict, Verdict::Broken(_)) {
            wrong.push(format!("{mistake:?} was not caught in {} states", tally.states));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
