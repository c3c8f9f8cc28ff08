//! Time: how often and how long a step is tried, and how long it takes when all is well.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::unwritten;
use crate::document::Spanned;
use crate::plan::{Length, Limit};

/// Tries and time limits, a kind of step each.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Limits")]
pub struct LimitsText {
    /// Questions to a front end or to the partner. Five minutes: a module that loads over a slow line takes one or two.
    pub observe: ObserveLimit,
    /// Stops of services; the limit is that of an immediate stop, a graceful one has `maintenance_window.drain.limit`.
    /// Fifteen minutes: services that take longer to stop hang.
    pub stop: StopLimit,
    /// Restarts of a computer. Half an hour: updates of Windows may be installed on the way.
    pub restart: RestartLimit,
    /// Starts of services. An hour and a half, for the cold start of a pool.
    pub start: StartLimit,
    /// Failing over. Once: trying again needs a fresh answer of the pool in any case. Two hours: data is copied to a final
    /// state before.
    pub fail_over: FailOverLimit,
    /// Failing back: up to an hour for each 20,000 users, so four hours serve a pool of 80,000.
    pub fail_back: FailBackLimit,
    /// Updating the databases. Once, and an hour: who has to try again should know why.
    pub databases: DatabasesLimit,
    /// The time before a failed try is looked at and made again. A minute lets what was busy end. Rule: at most seven days.
    pub back_off: Spanned<Length>,
    /// The time between two looks at something that is still underway. A minute: nothing here takes less. Rule: more than zero, at most seven days.
    pub look_again: Spanned<Length>,
    /// How many looks that tell nothing are made before a person is needed. Five: a connection that is lost for longer does
    /// not come back by itself. Rule: 1 to 20.
    pub looks: Spanned<u8>,
}

impl Default for LimitsText {
    fn default() -> Self {
        LimitsText {
            observe: Default::default(),
            stop: Default::default(),
            restart: Default::default(),
            start: Default::default(),
            fail_over: Default::default(),
            fail_back: Default::default(),
            databases: Default::default(),
            back_off: unwritten(Length::mins(1)),
            look_again: unwritten(Length::mins(1)),
            looks: unwritten(5),
        }
    }
}

/// Tries and the time limit of one kind of step: a type each, because each has its own defaults.
macro_rules! limit {
    ($(#[doc = $doc:literal])+ $name:ident, $attempts:literal, $time_limit:expr) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            /// How often it is tried before a person is needed. Rule: 1 to 20.
            pub attempts: Spanned<u8>,
            /// How long one try may take; past it, the step is in doubt and is looked at. Rule: not shorter than what is
            /// expected of the same step, if anything is; more than zero, at most seven days.
            pub time_limit: Spanned<Length>,
        }

        impl Default for $name {
            fn default() -> Self {
                $name { attempts: unwritten($attempts), time_limit: unwritten($time_limit) }
            }
        }

        impl From<&$name> for Limit {
            fn from(text: &$name) -> Limit {
                Limit { attempts: *text.attempts, time_limit: text.time_limit.get() }
            }
        }
    };
}

limit! {
    /// Tries and the time limit of a question.
    ObserveLimit, 3, Length::mins(5)
}
limit! {
    /// Tries and the time limit of a stop.
    StopLimit, 2, Length::mins(15)
}
limit! {
    /// Tries and the time limit of a restart.
    RestartLimit, 2, Length::mins(30)
}
limit! {
    /// Tries and the time limit of a start.
    StartLimit, 2, Length::mins(90)
}
limit! {
    /// Tries and the time limit of failing over.
    FailOverLimit, 1, Length::mins(120)
}
limit! {
    /// Tries and the time limit of failing back.
    FailBackLimit, 2, Length::mins(240)
}
limit! {
    /// Tries and the time limit of updating the databases.
    DatabasesLimit, 1, Length::mins(60)
}

/// How long things take when all is well.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Expected")]
pub struct ExpectedText {
    /// Sessions of one front end ending by themselves. A quarter of an hour: most calls and meetings are shorter at night.
    pub drain: Spanned<Length>,
    /// Services of one front end stopping, once nobody is on them. A minute or two each, side by side.
    pub stop: Spanned<Length>,
    /// A computer restarting, until it can be reached. Measure yours: physical servers take longer.
    pub restart: Spanned<Length>,
    /// Services of one front end starting, until it accepts connections. In a pool that is up; a cold start takes longer.
    pub start: Spanned<Length>,
    /// Replicas being rebuilt after a domain came back, until the pool is ready. It grows with the users of the pool.
    pub rebuild: Spanned<Length>,
    /// The pool failing over. Some minutes for the data, some for each service.
    pub fail_over: Spanned<Length>,
    /// The pool failing back. Half an hour for 10,000 users, by Microsoft's hour for each 20,000.
    pub fail_back: Spanned<Length>,
    /// The databases being updated. Some minutes each; measure yours.
    pub databases: Spanned<Length>,
}

impl Default for ExpectedText {
    fn default() -> Self {
        ExpectedText {
            drain: unwritten(Length::mins(15)),
            stop: unwritten(Length::mins(2)),
            restart: unwritten(Length::mins(5)),
            start: unwritten(Length::mins(5)),
            rebuild: unwritten(Length::mins(5)),
            fail_over: unwritten(Length::mins(20)),
            fail_back: unwritten(Length::mins(30)),
            databases: unwritten(Length::mins(15)),
        }
    }
}
