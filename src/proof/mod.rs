//! The invariants, and the proof that no history of a plan breaks one.
//!
//! [`Monitor`] is shown every event and the [`Truth`] beside it. Rehearsals, the tests of resuming and the proof use the
//! same code, so that a promise has one meaning. [`Walk`] meets every state that a plan's machine can reach over a
//! [`World`] that is against it.
//!
//! # For whoever does not believe it
//!
//! **What is proved.** For one plan: `poolroll prove` goes through every history that the machine of exactly this plan can
//! have, with its own limits and counts, as long as no more interferes than the budgets allow. It is the machine that runs
//! live, not a model of it: the same `decide`, `wanted` and `apply`. In each state everything that is wanted is answered in
//! every way; every limit may run out before or after its effect took place; an effect may have begun or not, go on after it
//! was let go of, end half way, fail, or be done without anybody hearing of it; the pool answers what it likes, and not the
//! same twice; the window closes; a front end dies, and perhaps comes back by itself; the process dies between any two
//! records and is taken up; a person pauses, aborts, retries, skips, resolves, approves or never does. The promises are
//! asked after every event. From every state an end is in reach, there is none in which the run
//! waits for nothing, and what goes round is ended by one limit that runs all the while (looked for with every count kept and
//! front ends taken one at a time, where at most one thing interferes and nothing is taken up again, or nothing interferes
//! where that has more than a million states; the report says which).
//!
//! **How it could be wrong.** A state that was met is remembered by 64 bits of it: among a hundred million states the chance
//! that any two are taken for one is below one in three thousand. What is not met one by one rests on the arguments at
//! [`Reduction`]; the tests hold whole and reduced walks of the small plans against each other, and `--whole` leaves nothing
//! out. The world is a model: what it may do is written in
//! `answers.rs` and `looks.rs`, and what it may not is what the proof does not cover; the command prints that with every verdict. A
//! promise that nothing can break proves nothing, so for each of those that the proof asks a mistake is planted in the
//! machine by the tests, and the proof must find it.
//!
//! **What is tested, and not proved.** That a killed run comes to the same end (each journal is cut at every record and
//! taken up); the shell, the journal and its disk, the claims and the commands; the twin, which is another model of the
//! same pool, with a clock; drivers.
//!
//! **What is neither.** Answers that lie about a single front end; a person who says wrongly how a step ended; an order
//! that reaches a front end only after somebody looked and found nothing; two runs on one pool that share no folder of
//! claims; what the vendor's installer does.
//!
//! # When a promise is broken
//!
//! The shortest history that breaks it is shown, and saved as a scenario (`history_yaml` of the reports). It says what
//! happens, and not what the machine decides: that follows. [`replay()`] leads the machine along it, by the steps of this
//! proof and under the same promises, for a twin could not: a twin is consistent, has a clock, and does not answer as a
//! history wants it. So it is seen whether the promise is still broken, or the history can still happen and breaks none, or
//! it cannot happen any more, and from where on. What was answered leaves open what is true; a replay follows all of it.
//!
//! What goes round for ever has no last event, so its history ends with what leads back to where it began.
//!
//! # How a state is kept small
//!
//! A run, the world beside it and what the monitor remembers take some fifty bytes: neighbouring steps in the same state are
//! written once (`packed.rs`). The world leaves open what nobody has looked at, so one state stands for every moment at
//! which an effect could have ended (`world.rs`). What need not be met one by one, and why, is said at [`Reduction`]. In a plan
//! that may fail over, front ends that are still to be upgraded, or that may still be stopped again, are not taken for one
//! another: one that has several of them at work at once in a large domain still has more states than can be met.
//!
//! # Why it walks by itself
//!
//! `stateright` (0.31) is the library of this shape. Given the same states and what follows them (as they were before
//! front ends were taken for one another while they wait for their turns) it meets the same ones: 182,498 of
//! `plans/lync-2013-graceful.yaml`, on two cores in 2.74 s (2.70 to 2.80) where this walk takes 2.46 s (2.38 to 2.60),
//! with 92 bytes a state beside 135; 2.1 million of `plans/generic.yaml` in 28.7 s beside 26.8. So it is neither the
//! slower one nor much smaller. What it does not tell is what half of these promises are about: from which states no
//! end is in reach (its `eventually` takes a circle for ways that join, and lets it pass), where a run waits for
//! nothing, what goes round that no limit ends. And with several workers the history that it finds need not be the
//! shortest, nor twice the same.

mod alike;
mod answers;
mod fates;
mod history;
mod invariant;
mod kept;
mod looks;
mod loops;
mod memory;
mod monitor;
mod node;
mod orders;
mod packed;
mod past;
mod reduction;
mod replay;
mod stepper;
mod truth;
mod turns;
mod waiting;
mod walk;
mod world;

#[cfg(test)]
mod tests;

pub use history::History;
pub use invariant::Invariant;
pub use loops::MOST_FOLLOWED;
pub use monitor::{Glimpse, Monitor, Violation};
pub use node::{Budgets, Happened};
pub use reduction::Reduction;
pub use replay::{Replayed, replay};
pub use truth::{Misdeeds, ReadinessGiven, Seen, Truth, TwinTruth};
pub use walk::{Broken, Finds, Tally, Verdict, Walk, Worker};
pub use world::{MOST_ACTIONS, World};
