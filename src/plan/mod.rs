//! The checked model: what a plan says, once names are ids and every rule holds.
//!
//! `written` is the plan as people write it and the source of the schema; `resolve` runs every rule over it,
//! collects every finding, and alone can make a [`Plan`]. `act` and `answer` are the words in which the rooms above
//! speak of a pool: what can be ensured of it, what it can be asked, what it can answer.
//!
//! Nothing here reads a clock: a plan in git means the same tomorrow.

mod act;
mod answer;
mod command;
mod ids;
mod length;
mod list;
mod model;
mod quorum;
mod resolve;
mod rules;
mod schema;
mod survey;
mod template;
mod written;

pub(crate) use crate::document::present;
pub use act::{Act, Call, Moment, Question};
pub use answer::{
    Acceptance, Answer, Count, Facts, Observation, PartnerHealth, Problem, Readiness, Seen, VersionSeen,
};
pub use command::{ClaimCommands, Command, CommandDriver, PartnerCommands, words};
pub use ids::{DomainId, FrontEndId, MAX_ACTIONS, MAX_FRONT_ENDS};
pub use length::{LENGTH_PATTERN, Length, NotALength};
pub use list::List;
pub use model::*;
pub use quorum::{Quorum, Row};
pub use resolve::{Resolved, resolve};
pub use rules::host_name_fault;
pub use schema::{schema, schema_of};
pub use survey::Survey;
pub use template::{NotATemplate, Slot, Template};
pub use written::{
    AfterDrain, Authentication, Consent, FailoverWhen, Mode, PlanText, Product, Restart, SimulatedText, Where,
};
