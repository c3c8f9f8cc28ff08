//! Mistakes that tests plant in the machine. A proof that cannot fail proves nothing, so each of these must be caught, and
//! by the promise that speaks of it. Outside of this crate's tests a machine makes none of them.

/// A mistake. Each was made once, by a reading of the design or by this code, or stands for a promise that nothing else
/// would put to the test.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mistake {
    /// The window is asked before an upgrade too: it can leave a stopped front end behind.
    WindowBeforeUpgrade,
    /// No window is asked before a stop.
    NoWindowBeforeStop,
    /// An open domain outlives a resume.
    OpenOutlivesResume,
    /// The pool's answer outlives a resume.
    ReadinessOutlivesResume,
    /// Whether a front end is still stopped is not asked before its upgrade.
    StopProofOutlives,
    /// A half stopped front end is taken for one that was not stopped.
    HalfStoppedIsNotOut,
    /// Our own stops are not taken off the count of active front ends.
    OwnStopsCountAsActive,
    /// Front ends that need nothing are left alone on the failed-over route.
    NeedlessLeftAlone,
    /// What is tried again is not looked at first.
    RetryWithoutLook,
    /// Failing over is tried again on the trouble of yesterday.
    FailsOverOnOldTrouble,
    /// A stop for trouble leaves the healthy front ends of the domain out.
    StopLeavesAllOut,
    /// While the partner serves the run says that the pool does.
    SaysServedHere,
    /// An action that failed is taken for done.
    FailureIsDone,
    /// Health is believed at first sight.
    NoSoak,
    /// A failed action that puts a front end back into service is taken for done.
    BackInServiceUnproved,
    /// Busy resets the count of other unhelpful answers, and the two alternate for ever.
    BusyForgivesAll,
    /// Nobody counts how often the soak begins again.
    EndlessSoak,
    /// A try during which the process died counts, also when nothing of it took place.
    InterruptedCounts,
    /// A wait after a failure waits for nothing.
    NoBackOff,
    /// Found by the proof: the gate of a domain whose last front ends were skipped stayed open, and its answers were taken
    /// for those of the next.
    GateOutlivesItsDomain,
    /// Found by the proof: an action before a stop that ran and failed was taken for one that had not taken place.
    FailedActionIsNotOut,
    /// Found by the proof: when a second try of such an action was found not to have taken place, what the first had done
    /// was forgotten.
    OlderTryForgotten,
    /// Found by the proof: the pool was counted before such an action was tried again, and when it could not spare the front
    /// end, which was out already, that was forgotten.
    CountsWhoIsOut,
    /// Found by the proof: while the window was asked for one stop, another was counted, and what that count said did not
    /// keep the first from beginning.
    CountsBesideAWindow,
    /// Found by the proof: what an older try of an action before a stop had done was forgotten when a person had the newest
    /// tried again.
    RetryForgetsOlderTries,
    /// Found by the proof: the same when a person said that the newest had not taken place.
    WordForgetsOlderTries,
    /// Found by the proof: a front end that was found upgraded and died did not keep the next domain from being opened.
    OpensWithDoneInactive,
    /// The databases are updated though a front end was left out.
    DatabasesBeforeAll,
    /// What a person should approve is approved by nobody.
    ApprovesByItself,
}
