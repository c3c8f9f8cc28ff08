//! What a walk need not meet one by one.

/// Which of them a walk leaves out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reduction {
    /// States that differ only in how often something was tried, looked at, asked or begun again are one.
    pub counts: bool,
    /// Of the orders in which front ends do what does not concern each other, one is enough.
    pub orders: bool,
}

impl Reduction {
    /// Meets every state by itself.
    pub const NONE: Reduction = Reduction { counts: false, orders: false };
    pub const ALL: Reduction = Reduction { counts: true, orders: true };
}
