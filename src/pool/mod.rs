//! The seam to pools. A driver observes facts and ensures states; it never retries, never chooses, never prints.
//!
//! Calls begin at once and answer later, so that many can be in flight without a thread or a task each. What a call
//! began on the target may go on when its caller lets go of it; a driver by commands ends what it can.

mod calls;
mod command;
mod powershell;
mod process;
mod secret;
mod simulated;

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

pub use command::{ANSWER_SCHEMA, CommandPool, answer_schema, claim};
pub use powershell::PowerShellPool;
pub use simulated::{SaveError, SimulatedPool};

use crate::plan::{self, Act, Answer, Call, Facts, Plan, Survey};

/// One call in flight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket(pub u64);

/// What came back for a call.
#[derive(Clone, Debug)]
pub struct Answered {
    pub ticket: Ticket,
    pub answer: Answer,
    pub facts: Facts,
}

/// A way to reach a pool.
#[derive(Debug)]
pub enum Driver {
    /// The embedded pool.
    Simulated(Box<SimulatedPool>),
    /// Lync Server and Skype for Business Server.
    PowerShell(Box<PowerShellPool>),
    /// Any pool, by commands.
    Command(Box<CommandPool>),
}

impl Driver {
    /// The driver of a plan whose pool is a live one; `None` where it is the embedded one, or none is named. What a run leaves on front ends goes by
    /// its name; what it keeps here is in its folder, if it has one.
    pub fn live(plan: &Arc<Plan>, run: &str, folder: Option<&Path>) -> Option<Driver> {
        match plan.driver()? {
            plan::Driver::Simulated(_) => None,
            plan::Driver::PowerShell(settings) => {
                let pool = PowerShellPool::new(Arc::clone(plan), settings.clone(), run);
                Some(Driver::PowerShell(Box::new(pool)))
            }
            plan::Driver::Command(settings) => {
                let pool = CommandPool::new(Arc::clone(plan), (**settings).clone(), folder);
                Some(Driver::Command(Box::new(pool)))
            }
        }
    }

    /// Begins a call. What stands in its way is an answer, or none ever comes.
    pub fn begin(&mut self, now: Timestamp, ticket: Ticket, call: Call) {
        match self {
            Driver::Simulated(pool) => pool.begin(now, ticket, call),
            Driver::PowerShell(pool) => pool.begin(ticket, call),
            Driver::Command(pool) => pool.begin(ticket, call),
        }
    }

    /// Whether a power cut ends what the call does, and it may be begun again then. The intent of such a call has to be known to whoever comes
    /// after this process, and need not outlive a power cut: it may begin before that is durable.
    pub fn ends_with_power(&self, call: Call) -> bool {
        match self {
            Driver::Simulated(_) | Driver::PowerShell(_) => false,
            Driver::Command(pool) => pool.ends_with_power(call),
        }
    }

    /// Nobody waits for this call any more. What it began on the target may go on; a look tells.
    pub fn let_go(&mut self, ticket: Ticket) {
        match self {
            Driver::Simulated(pool) => pool.let_go(ticket),
            Driver::PowerShell(pool) => pool.calls.let_go(ticket),
            Driver::Command(pool) => pool.calls.let_go(ticket),
        }
    }

    /// When the driver has something to say next, if it knows.
    pub fn due(&self) -> Option<Timestamp> {
        match self {
            Driver::Simulated(pool) => pool.due(),
            Driver::PowerShell(_) | Driver::Command(_) => None,
        }
    }

    /// Waits until the driver may have something to say that it could not announce; for ever, where it announces all
    /// ([`due`](Driver::due)). Whoever stops waiting loses nothing.
    pub async fn woken(&mut self) {
        match self {
            Driver::Simulated(_) => std::future::pending().await,
            Driver::PowerShell(pool) => pool.calls.woken().await,
            Driver::Command(pool) => pool.calls.woken().await,
        }
    }

    /// What rode beside an act that was ensured, now or, when a run is taken up, before: what the driver cannot ask for.
    pub fn recall(&mut self, act: Act, facts: &Facts) {
        match self {
            Driver::Simulated(_) | Driver::Command(_) => {}
            Driver::PowerShell(pool) => pool.recall(act, facts),
        }
    }

    /// A process took the run up: what a person allowed before ends with the one that ended.
    pub fn taken_up(&mut self) {
        match self {
            Driver::Simulated(_) | Driver::Command(_) => {}
            Driver::PowerShell(pool) => pool.taken_up(),
        }
    }

    /// A person says, now, that an act has not taken place.
    pub fn not_done(&mut self, act: Act) {
        match self {
            Driver::Simulated(_) | Driver::PowerShell(_) => {}
            Driver::Command(pool) => pool.not_done(act),
        }
    }

    /// An answer that has come by now.
    pub fn take_answer(&mut self, now: Timestamp) -> Option<Answered> {
        match self {
            Driver::Simulated(pool) => pool.take_answer(now),
            Driver::PowerShell(pool) => pool.calls.take(),
            Driver::Command(pool) => pool.calls.take(),
        }
    }

    /// The run has ended, for now: what has to outlive the process is written down, and what nobody waits for any more is ended, where
    /// the driver can do such a thing. That takes some seconds at most.
    pub async fn rest(&mut self, now: Timestamp) {
        match self {
            Driver::Simulated(pool) => pool.keep(now),
            Driver::PowerShell(pool) => pool.rest().await,
            Driver::Command(pool) => pool.rest().await,
        }
    }

    /// Whether what it keeps beside the journal has met a full disk. What is out can still be brought back, on the space that was set
    /// aside for that.
    pub fn is_short(&self) -> bool {
        match self {
            Driver::Command(pool) => pool.is_short(),
            Driver::Simulated(_) | Driver::PowerShell(_) => false,
        }
    }

    /// Something that people should know and that is no answer.
    pub fn take_note(&mut self) -> Option<String> {
        match self {
            Driver::Simulated(pool) => pool.take_note(),
            Driver::PowerShell(_) | Driver::Command(_) => None,
        }
    }

    /// The pool, described by itself. Changes nothing.
    pub async fn survey(&self) -> Survey {
        match self {
            Driver::Simulated(pool) => Survey::as_planned(pool.plan()),
            Driver::PowerShell(pool) => pool.survey().await,
            Driver::Command(pool) => pool.survey(),
        }
    }

    /// The name under which plans and journals know it.
    pub fn name(&self) -> &'static str {
        match self {
            Driver::Simulated(_) => "simulated",
            Driver::PowerShell(_) => "powershell",
            Driver::Command(_) => "command",
        }
    }

    /// The embedded pool's own books, where the pool is the embedded one.
    pub fn twin(&self) -> Option<&crate::twin::Twin> {
        match self {
            Driver::Simulated(pool) => Some(pool.twin()),
            Driver::PowerShell(_) | Driver::Command(_) => None,
        }
    }
}

/// Everything that a run of this plan may call on a live pool, for whoever wants to read it before it does: the scripts with
/// what they are given, or the commands. `None` where the pool is the embedded one, or none is named.
pub fn show_scripts(plan: &Plan) -> Option<String> {
    match plan.driver()? {
        plan::Driver::Simulated(_) => None,
        plan::Driver::PowerShell(settings) => Some(powershell::show(plan, settings)),
        plan::Driver::Command(settings) => Some(command::show(plan, settings)),
    }
}

/// A text as it is shown: on one line, without control characters, not too long.
fn shown(text: &str) -> String {
    let mut shown: String =
        text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect();
    if text.trim().chars().count() > 500 {
        shown.push('…');
    }
    shown
}
