//! What a walk need not meet one by one, and why nothing is lost by that.
//!
//! Each of these makes a walk meet **at least** what the plan's machine can come to, up to what no promise can see. So what
//! a reduced walk proves is proved. It may also meet what cannot happen; when that breaks a promise, every state is met by
//! itself and the verdict is that of the whole walk.
//!
//! # Counts, limits and pauses
//!
//! A state is taken for another one that can do all that it can, and come to the same by that:
//!
//! - The machine counts tries, looks, questions and how often something begins again, and asks of a count only whether it
//!   is the last that its limit allows. A count is kept as the lowest it can be, and each answer is given twice: as if the
//!   count were that low, and as if it were the last. Whatever the count of a run is, it takes one of the two.
//! - The limit of an effect can be over at any moment, and then it is looked at. So an effect in flight is one that is
//!   looked at, and what it answers by itself is answered there as well. Whether the limit is over decides only whether
//!   looks are counted: that is a count. That its newest try failed, or was none of ours, decides whether a look that finds
//!   it failed is news: it is answered as if it were, and as if it were not.
//! - A pause between two questions ends by itself, nothing that happens meanwhile could not happen while it is asked, and a
//!   resume finds the same in both: the two are one state, in which the question is a new one.
//! - An effect that was seen underway is one that may have begun, and what ran before a start or a stop is known only once
//!   that is known not to have taken place. (A stop that was found half way has begun.)
//! - That a person called a step done is asked only of one that was cut off. Whether one that needs a person was still
//!   underway or told nothing is asked by nobody: a person can do the same about both.
//!
//! That a wait which is counted ends at all is for another walk, which forgets no count.
//!
//! # Orders
//!
//! What a front end does by itself (an answer to it alone, its limits, its death, what a person says of it) changes its own
//! steps, its own truth and what is remembered of it. Where *everything* that it could do next is of that kind and nobody
//! else can tell it from what was before, it is done first, and nothing else in that state:
//!
//! - While others are at work, "nobody can tell" means: it is counted or not, is finished or not, holds its place or not, as
//!   before; nobody is asked about the quorum or the window; nobody needs a person who did not. Whatever else could come
//!   first reads only that, and writes nothing of this front end, so it can come later and leads to the same state. That it
//!   is asked whether it is still stopped keeps others from beginning until it was answered, and then they begin.
//! - One that is out is taken off every count, whatever it is found to be. So while a domain is open nobody can tell whether
//!   one that is out, and stays so, still serves.
//! - While the partner serves nobody is counted. There it is enough that the others find places free or taken as before.
//! - While front ends only come back (all that are at work are upgraded, and nobody may begin before they are back), nobody
//!   is counted and nobody waits for a place. There it may also finish, or need a person: that keeps nobody from coming back.
//!   What reads it, the end of the domain or of the run, comes after the last of them, and that one is never alone.
//! - During the preflight nothing was touched, and who was not heard is asked again after a resume. Whatever becomes of one
//!   question, the others can be answered afterwards as they could before.
//!
//! Where a person may still act, one that needs a person is at work like the others: it may be sent on its way again, and
//! then the run goes forward and more may begin. Who begins, and what, is read off the others as above; and one that stood
//! still meanwhile, because the run went no further, goes on with the step with which it would have gone on at once.
//!
//! A run that goes no further ends when nobody is at work any more, and what a person would have said of one that needs a
//! person is not said then. So where persons may still act, a front end that would be at work no more is not done first.
//!
//! A crash concerns all of them. Each front end sees of it only that what it had in flight is in doubt and that what was
//! watched is watched again; a resume is that, for every front end, and what becomes of gates and domains. So a front end may
//! be *interrupted* at any moment by itself while a crash is left to happen, and the crash comes later: to resume what was
//! interrupted changes it no further. That front ends are interrupted without a crash is the more that such a walk meets.
//!
//! A front end does what it does in a loop only while something unhelpful is answered; from every state the walk asks for a
//! way to an end, so nobody waits for ever to be next.
//!
//! The death of a front end at which nobody is at work is read by counts, by answers about readiness and by its own steps;
//! that one of another domain is left out is read when a domain ends. Both wait for those.
//!
//! # The past
//!
//! A run that has ended, and that nobody will take up, is not kept. In one that goes no further and that nobody can help any
//! more, nothing more begins on a front end at which nobody is at work and that is not out, nor on any while the partner
//! serves, and one that needs a person stays as it is: of it are kept whether it is out, whether it serves, whether it died,
//! and that it needs one. Of one that was left out nobody asks how far it was: it is excused from all that is asked of
//! the others, and if it was out the run takes it off every count, as if it were out for good. Once the pool is failed over nobody asks from
//! where, nor what the rolling route had come to, nor what was heard of the pool: that opens a domain, takes a front end from
//! a pool that serves, or fails over, and all of these are behind the run.
//!
//! The same holds of a run that may be taken up again, when more front ends have an effect that failed, or that is in doubt,
//! than persons will do anything. One such step is all that a front end can have, a resume leaves it as it is, and what a person
//! does concerns one front end: so one of them always needs a person, and the run stops again before it begins anything.
//! (While another step of that front end is at work, which may be when it is proved again that it accepts connections, the
//! plan's tolerance may leave it out by that step: it is not one of those yet, and its fate is not settled.)
//! What is kept of it is a step in doubt, which outlives a resume too. Where the pool is failed over, whoever takes the run
//! up looks at a stop that was found half way, and a person may have a step tried again, which is a look at first: nothing
//! begins after it, and no promise speaks of a front end that is stopped or not while the partner serves. So where no person
//! does anything any more, nobody asks there what becomes of what is in flight: all that is kept of it is that something is.
//!
//! Whoever is out is taken off every count, so nobody asks of one that is out, and at which nobody is at work, whether it
//! serves; and in a count it is one of those that are inactive. One of which a stop may be going on is as good as inactive.
//!
//! What runs on a front end that is upgraded and at which nobody is at work is asked by nobody while the partner serves, and
//! failing back leaves it open: it is left open at once, and then it may be anything. So is what runs on one that waits for
//! its place: its stop is begun and looked at whatever runs, and what it was proved to be is proved anew after its start. Who is
//! found otherwise than planned is found before the run, so nothing is kept afterwards of how many may be.
//!
//! What a person does that changes nothing has used up an act: whatever follows can follow without it, and is asked as strictly. So nobody has
//! a step tried again that needs nobody.
//!
//! An answer about the pool, and a count, is asked about only by what begins on it: that begins at once, or when the window
//! was asked after it. Otherwise it is forgotten, and then nothing may begin on it: that is asked more strictly than it need be.
//! Whether it was heard since the run was taken up is asked of a count alone: of one that is forgotten nothing is.
//!
//! That a front end was proved to accept connections is asked when it dies: where nobody dies any more, nobody asks. That a person said
//! of one that it was not taken out is asked while it may be out: where it is not, and no action before its stop has left anything that
//! a look could find, it comes out by a new try, of which the person said nothing. That an action failed is found by a look, and what is to
//! be tried again is looked at only when the process dies before it has begun that: where none dies, the next try makes an end of its own.
//!
//! # Fates
//!
//! What a front end does by itself may end with a step that needs a person, and that concerns all: the run stops, or goes on
//! without it. Everything else could come before that. So where each other thing that it does next concerns nobody else, it
//! may go on by that, or it may be settled that this is what it will come to: it keeps its place and its face, does nothing
//! more, and that it needs a person happens at any time later, after whatever the others do. Each history has its double:
//! its front end goes on while what it does concerns nobody else, and what it did before it needed a person comes before
//! what the others did meanwhile. If it dies first, it dies before its fate is settled; if later, after it was seen.
//!
//! As nobody will help it, nobody asks which step it was and how far it had come: of a fate is kept whether the plan may
//! tolerate it (as long as it tolerates one more), and what others see of the front end then: of one that is out no more
//! than that. While the partner serves and no plan tolerates it they see
//! nothing: nobody is counted, and nobody fails back without it. This is done only where persons do nothing any more; and where
//! the run may be taken up, only if it is an effect that failed or is in doubt: questions and watches are tried again then.
//!
//! # Alike
//!
//! No rule and no promise names a front end. A plan says of each only its domain, and whether it counts for the quorum: two
//! of one domain that both count, or both do not, may change places, and so may those of any domain once theirs have settled
//! or the pool is failed over. What is said of one may then be said of the other, whatever follows follows with the two
//! exchanged, and of all ways to deal out what is said one is kept.
//!
//! One thing alone tells them apart: where the machine chooses between several, it takes the first in the order of the plan.
//! That is so while a domain is open: who is next to be taken out, and who of those that are out is counted next (all others
//! go on at once, and who goes on first is told apart by a process that dies in between). There a walk begins each of those
//! that could be first in some order. So it meets what the run comes to, and what it would come to if the front ends of a
//! domain stood in another order, or in a new one each time. Before the run all are asked at once, as long as there are no
//! more than are asked at once; where there are more, nobody is taken for another until all were asked.
//!
//! Where a plan may fail over, all front ends of the pool have another turn then, upgraded or not, and to leave it open who
//! is next makes more states than to keep the order. There only those are taken for one another whose turn is over. On the
//! rolling route those are the ones that are upgraded: they are restarted, brought back, accepted, or left. Failed over, they
//! are all that have had their places: nobody is counted there, and one that has to begin again does so at once, or, when the
//! run goes on after it stopped, before all who never began. There those that wait for their places come behind the others,
//! in the order that they had, where all count for the quorum or none does, so that to keep the order within a group is to
//! keep it; elsewhere only those change places that stand before the first who waits.
//!
//! (Which of several that serve a count calls inactive is chosen by their places: it is asked only whether the quorum stands
//! without them, and that is the same.)
//!
//! # Shares
//!
//! No more than so many things interfere in one history, all together. So each history has no more of each than one of the
//! ways to choose so many of them, and may as well be told from the beginning which; the machine never asks. A run that is
//! told that nobody dies, or that no person does anything, has fewer states by more than there are ways to choose.

/// Which of them a walk uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reduction {
    /// States that differ only in how often something was tried, looked at, asked or begun again, in whether a limit is over,
    /// or in a pause between two questions, are one.
    pub counts: bool,
    /// Of the orders in which front ends do what does not concern each other, one is enough.
    pub orders: bool,
    /// What can never matter again is forgotten.
    pub past: bool,
    /// Front ends that nothing but their order tells apart are taken for one another.
    pub alike: bool,
    /// A front end that will need a person, whom nobody helps, keeps nothing but what others see of it.
    pub fates: bool,
    /// Which of the things that may interfere do so is settled at the beginning.
    pub shares: bool,
}

impl Reduction {
    /// Meets every state by itself.
    pub const NONE: Reduction =
        Reduction { counts: false, orders: false, past: false, alike: false, fates: false, shares: false };
    /// Each history that it meets is one of a run, as long as the process does not die.
    pub const ORDERS: Reduction = Reduction { orders: true, ..Reduction::NONE };
    /// Every count is kept, and those at work are told apart: what goes round is ended by their own limits.
    pub const COUNTED: Reduction = Reduction { counts: false, fates: false, ..Reduction::ALL };
    pub const ALL: Reduction =
        Reduction { counts: true, orders: true, past: true, alike: true, fates: true, shares: true };
}
