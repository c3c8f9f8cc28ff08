//! Dense ids. A name is resolved to an id once, in `resolve`; from there on nothing compares text.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// The position in the list that the id counts.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id! {
    /// A front end: its position in the plan, domain by domain, so that the front ends of one domain are neighbours.
    FrontEndId(u16)
}
id! {
    /// An upgrade domain: its position in the plan, which is the order of the upgrade.
    DomainId(u16)
}

/// The most front ends that one plan may name. Products allow 16; this bounds what a generic pool can ask of
/// memory and of ids.
pub const MAX_FRONT_ENDS: usize = 20_000;

/// The most actions of one plan, those of all its front ends together: every one is a step, and half a million of them
/// are compiled in two seconds and 400 MB. Of 20,000 front ends each may have 25.
pub const MAX_ACTIONS: usize = 500_000;
