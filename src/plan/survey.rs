//! What a live pool is made of, by its own account.

use super::{Domain, Plan};

/// The members of a pool, as it lists them itself.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Survey {
    /// Its front ends, in the order in which it starts them where it says one.
    pub front_ends: Vec<String>,
    /// Whether the order of `front_ends` is the pool's own.
    pub is_ordered: bool,
    /// Its upgrade domains with their front ends, in its order. Empty where nobody could be asked.
    pub domains: Vec<(String, Vec<String>)>,
    /// The pool that it is paired with.
    pub partner: Option<String>,
    /// What could not be asked, and why.
    pub unasked: Vec<String>,
    /// What a run would need on this computer, and is not there; in words.
    pub absent: Vec<String>,
}

impl Survey {
    /// A pool that is just as planned: an embedded one.
    pub fn as_planned(plan: &Plan) -> Survey {
        let name = |front_end| plan.front_end(front_end).fqdn.clone();
        let domain = |domain: &Domain| (domain.name.clone(), domain.front_ends().map(name).collect());
        Survey {
            front_ends: plan.front_end_ids().map(name).collect(),
            is_ordered: false,
            domains: plan.pool().domains.iter().map(domain).collect(),
            partner: plan.failover().map(|failover| failover.partner.clone()),
            unasked: Vec::new(),
            absent: Vec::new(),
        }
    }
}
