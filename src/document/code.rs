//! The catalogue: every finding the program can make, and how much each weighs.

use std::fmt;

/// How much a finding weighs. `Error` comes first in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The text cannot be used.
    Error,
    /// The text can be used, and somebody should look at it.
    Warning,
}

impl Severity {
    /// The word that output formats show: `error` or `warning`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Declares the catalogue: a doc line, the variant, its severity and its name, in one table.
macro_rules! catalogue {
    ($( #[doc = $summary:literal] $variant:ident => $severity:ident $name:literal, )+) => {
        /// Every finding the program can make. The order of the variants is the order of the catalogue.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $( #[doc = $summary] $variant, )+
        }

        impl Code {
            /// All codes, in the order of the catalogue.
            pub const ALL: &[Code] = &[$( Code::$variant, )+];

            /// The stable name in kebab-case that outputs show and people search for.
            pub fn name(self) -> &'static str {
                match self { $( Code::$variant => $name, )+ }
            }

            /// Whether a finding of this code is an error or a warning.
            pub fn severity(self) -> Severity {
                match self { $( Code::$variant => Severity::$severity, )+ }
            }

            /// One line on what the code means, for catalogues such as SARIF's rules.
            pub fn summary(self) -> &'static str {
                match self { $( Code::$variant => $summary.trim_ascii(), )+ }
            }
        }
    };
}

catalogue! {
    // document: bytes and text
    /// The file is larger than the reader accepts.
    SourceTooLarge => Error "source-too-large",
    /// A file or folder that cannot be read.
    SourceUnreadable => Error "source-unreadable",
    /// The bytes of the file are not text in UTF-8 or UTF-16.
    SourceEncoding => Error "source-encoding",
    /// The text holds a character that cannot be seen or that reorders what is seen.
    ControlCharacter => Error "control-character",

    // document: the strict subset of YAML
    /// The text is not YAML.
    YamlSyntax => Error "yaml-syntax",
    /// A tab stands where YAML wants spaces.
    YamlTab => Error "yaml-tab",
    /// The document is empty.
    YamlEmpty => Error "yaml-empty",
    /// The file holds more than one YAML document.
    YamlManyDocuments => Error "yaml-many-documents",
    /// A `%` directive.
    YamlDirective => Error "yaml-directive",
    /// An anchor (`&name`).
    YamlAnchor => Error "yaml-anchor",
    /// An alias (`*name`).
    YamlAlias => Error "yaml-alias",
    /// A tag (`!name`).
    YamlTag => Error "yaml-tag",
    /// A merge key (`<<`).
    YamlMergeKey => Error "yaml-merge-key",
    /// Sequences and mappings are nested too deeply.
    YamlDepth => Error "yaml-depth",
    /// The document holds too many values.
    YamlSize => Error "yaml-size",
    /// A key occurs twice in one mapping.
    DuplicateKey => Error "duplicate-key",
    /// A key is something else than text.
    KeyNotText => Error "key-not-text",
    /// A number does not fit into 64 bits.
    NumberTooLarge => Error "number-too-large",
    /// A number is infinite or not a number at all.
    NumberNotFinite => Error "number-not-finite",
    /// A number that versions of YAML read differently (`010`).
    NumberAmbiguous => Error "number-ambiguous",
    /// There were, or may be, more findings than are kept.
    FindingsCut => Warning "findings-cut",

    // document: the schema
    /// The document does not say what kind it is, or is of another kind.
    DocumentKind => Error "document-kind",
    /// The document does not say the version of its format, or the version is not known.
    DocumentVersion => Error "document-version",
    /// A key that means nothing here.
    UnknownKey => Error "unknown-key",
    /// A key that must be there is not.
    MissingKey => Error "missing-key",
    /// A value of another type than expected.
    WrongType => Error "wrong-type",
    /// A value that is none of those allowed here.
    UnknownValue => Error "unknown-value",
    /// A text that does not have the form expected here.
    WrongForm => Error "wrong-form",
    /// A number below or above its limits.
    OutOfRange => Error "out-of-range",
    /// A text, list or mapping that is too short or too long.
    WrongLength => Error "wrong-length",
    /// A list that holds the same value twice.
    RepeatedItem => Error "repeated-item",
    /// Several choices are made where one is expected.
    ManyChoices => Error "many-choices",
    /// The document does not fit its format in another way.
    SchemaMismatch => Error "schema-mismatch",

    // plan: rules of the checked model
    /// A name that is blank, too long or holds characters that cannot be shown.
    NameMalformed => Error "name-malformed",
    /// A host name that cannot be one.
    FqdnMalformed => Error "fqdn-malformed",
    /// An upgrade domain without front ends.
    DomainEmpty => Error "domain-empty",
    /// Two upgrade domains of one name.
    DomainRepeated => Error "domain-repeated",
    /// A front end that is listed twice in one upgrade domain.
    FrontEndRepeated => Error "front-end-repeated",
    /// A front end that is listed in two upgrade domains.
    FrontEndInTwoDomains => Error "front-end-in-two-domains",
    /// A front end that has the name of its pool.
    FrontEndIsPool => Error "front-end-is-pool",
    /// More front ends than a plan may name.
    TooManyFrontEnds => Error "too-many-front-ends",
    /// More actions on all front ends together than a plan may have.
    TooManyActions => Error "too-many-actions",
    /// More front ends than the product supports in one pool.
    PoolTooLarge => Error "pool-too-large",
    /// Fewer front ends than the product supports in one pool.
    PoolTooSmall => Error "pool-too-small",
    /// A pool of two front ends, which the product allows and its maker discourages.
    PoolOfTwo => Warning "pool-of-two",
    /// A pool of one front end, and no partner that serves while it is upgraded.
    PoolOfOne => Error "pool-of-one",
    /// The least number of active front ends is missing where no quorum table gives it.
    MinimumActiveMissing => Error "minimum-active-missing",
    /// A least number of active front ends where the quorum table gives it.
    MinimumActiveMisplaced => Error "minimum-active-misplaced",
    /// A start order where no quorum table counts by it.
    StartOrderMisplaced => Error "start-order-misplaced",
    /// A least number of active front ends that is larger than the pool.
    MinimumActiveTooLarge => Error "minimum-active-too-large",
    /// No front end has to stay active.
    MinimumActiveZero => Warning "minimum-active-zero",
    /// A number of failed front ends where the first one stops the run.
    FailedFrontEndsMisplaced => Error "failed-front-ends-misplaced",
    /// A number of failed front ends that can never stop the run, or stops it before it starts.
    FailedFrontEndsOutOfRange => Error "failed-front-ends-out-of-range",
    /// The quorum breaks while an upgrade domain is out.
    QuorumBroken => Error "quorum-broken",
    /// The quorum breaks when one more front end is down while an upgrade domain is out.
    QuorumThin => Warning "quorum-thin",
    /// The start order is missing where the quorum counts only the first front ends.
    StartOrderMissing => Error "start-order-missing",
    /// The start order leaves front ends out.
    StartOrderIncomplete => Error "start-order-incomplete",
    /// The start order names a front end twice.
    StartOrderRepeated => Error "start-order-repeated",
    /// The start order names a front end that is in no upgrade domain.
    StartOrderUnknown => Error "start-order-unknown",
    /// A maintenance window with parts missing.
    WindowIncomplete => Error "window-incomplete",
    /// A time zone that is not known.
    TimeZoneUnknown => Error "time-zone-unknown",
    /// A date and time that is none.
    WindowTimeMalformed => Error "window-time-malformed",
    /// A local time that daylight saving time leaves out.
    WindowTimeSkipped => Error "window-time-skipped",
    /// A local time that daylight saving time repeats.
    WindowTimeRepeated => Error "window-time-repeated",
    /// A maintenance window that ends before it starts.
    WindowEmpty => Error "window-empty",
    /// A maintenance window of more than seven days.
    WindowLong => Warning "window-long",
    /// An immediate stop outside of scheduled downtime.
    ImmediateNeedsWindow => Error "immediate-needs-window",
    /// A drain that ends by an immediate stop outside of scheduled downtime.
    DrainNeedsWindow => Error "drain-needs-window",
    /// Settings of the drain where nothing is drained.
    DrainNoEffect => Warning "drain-no-effect",
    /// None at once: nothing would ever be done.
    AtOnceZero => Error "at-once-zero",
    /// More than one front end at once where the product takes one at a time.
    AtOnceTooMany => Error "at-once-too-many",
    /// More at once than there ever are.
    AtOnceNoEffect => Warning "at-once-no-effect",
    /// A number of attempts outside of 1 to 20.
    AttemptsOutOfRange => Error "attempts-out-of-range",
    /// A number of looks outside of 1 to 20.
    LooksOutOfRange => Error "looks-out-of-range",
    /// A number of restarts of the soak above 20.
    RestartsOutOfRange => Error "restarts-out-of-range",
    /// Fewer questions than Microsoft's three before Busy means trouble.
    AttemptsFew => Warning "attempts-few",
    /// Less time between two questions than Microsoft's ten minutes.
    IntervalShort => Warning "interval-short",
    /// A soak shorter than Microsoft's twenty minutes.
    SoakShort => Warning "soak-short",
    /// A length of zero where something must be waited for.
    LengthZero => Error "length-zero",
    /// A length of more than seven days.
    LengthTooLong => Error "length-too-long",
    /// A drain that may not take as long as it is expected to.
    DrainLimitShort => Error "drain-limit-short",
    /// A step that may not take as long as it is expected to.
    TimeLimitShort => Error "time-limit-short",
    /// A pool that may not take as long to settle as its replicas are expected to.
    SettleLimitShort => Error "settle-limit-short",
    /// A front end that may not take as long to be accepted as it must stay good.
    AcceptanceLimitShort => Error "acceptance-limit-short",
    /// Looks that are further apart than what they watch is long.
    WatchTooSlow => Error "watch-too-slow",
    /// A partner that is this pool itself, or a front end of it.
    PartnerIsOurs => Error "partner-is-ours",
    /// Settings of a failover to nobody.
    PartnerMissing => Error "partner-missing",
    /// Settings of a failover that never takes place.
    FailoverNoEffect => Warning "failover-no-effect",
    /// An upgrade that cannot be told from its absence.
    VersionMissing => Warning "version-missing",
    /// A program that cannot be one.
    ProgramMalformed => Error "program-malformed",
    /// A secret in the text of a plan.
    SecretInPlan => Error "secret-in-plan",
    /// An action that can never succeed.
    SuccessEmpty => Error "success-empty",
    /// An exit code that means both success and a restart.
    ExitCodeTwoMeanings => Error "exit-code-two-meanings",
    /// Databases of a product that has none.
    DatabasesMisplaced => Error "databases-misplaced",
    /// Port 0.
    PortZero => Error "port-zero",
    /// A port that is listed twice.
    PortRepeated => Error "port-repeated",
    /// An empty list of services.
    ServicesEmpty => Error "services-empty",
    /// A service that is listed twice.
    ServiceRepeated => Error "service-repeated",
    /// An approval at an upgrade domain that does not exist.
    ApprovalUnknown => Error "approval-unknown",
    /// An approval that is listed twice.
    ApprovalRepeated => Error "approval-repeated",
    /// An approval on a route that is never taken.
    ApprovalNeverAsked => Error "approval-never-asked",
    /// An approval that trouble passes over without anybody being asked.
    ApprovalPassedOver => Warning "approval-passed-over",
    /// A speed of the simulated pool outside of 1 to 100000.
    SpeedOutOfRange => Error "speed-out-of-range",
    /// A spread of the simulated pool above 90 percent.
    SpreadOutOfRange => Error "spread-out-of-range",
    /// More upgraded front ends in the simulated pool than it has.
    UpgradedTooMany => Error "upgraded-too-many",
    /// A driver that does not reach pools of this product.
    DriverMisplaced => Error "driver-misplaced",
    /// A name, a program or a port by which a driver cannot reach anything.
    ReachMalformed => Error "reach-malformed",
    /// A command that cannot be run, or an answer that means nothing.
    CommandMalformed => Error "command-malformed",
    /// A name between braces that stands for nothing.
    PlaceholderUnknown => Error "placeholder-unknown",
    /// Something that the plan needs and that no command does, or the other way round.
    CommandMissing => Error "command-missing",
    /// An action that runs where its driver runs none.
    ActionMisplaced => Error "action-misplaced",
    /// A program on another computer than the front end that starts it, which its logon does not reach.
    SecondHop => Warning "second-hop",
    /// Something is missing and no rule noticed: a fault of this program.
    PlanIncomplete => Error "plan-incomplete",

    // check: what a live pool says of a plan
    /// The live pool has no such front end.
    LiveFrontEndMissing => Error "live-front-end-missing",
    /// The live pool has a front end that the plan does not list.
    LiveFrontEndUnlisted => Error "live-front-end-unlisted",
    /// The live pool has the front end in another upgrade domain.
    LiveDomainDiffers => Error "live-domain-differs",
    /// The live pool lists its front ends in another order, and the quorum goes by it.
    LiveOrderDiffers => Error "live-order-differs",
    /// Something of the live pool could not be asked, or its answer is not understood.
    LiveUnanswered => Error "live-unanswered",
    /// A front end of the live pool does not accept connections.
    LiveInactive => Warning "live-inactive",
    /// The live pool is not ready for an upgrade now.
    LiveNotReady => Error "live-not-ready",
    /// The partner of the live pool cannot take over now.
    LivePartner => Error "live-partner",
    /// Every front end has the planned version already.
    LiveUpgraded => Warning "live-upgraded",
    /// The pool has an even number of front ends, and leans on its back end for a majority.
    LiveWitness => Warning "live-witness",
    /// A command of the plan runs a program that is not there now.
    LiveProgramAbsent => Warning "live-program-absent",
    /// The maintenance window is over.
    WindowOver => Error "window-over",
    /// The maintenance window has not begun.
    WindowAhead => Warning "window-ahead",
    /// What is left of the maintenance window is too short for the whole plan.
    WindowRest => Warning "window-rest",

    // scenario: histories that are replayed
    /// A history beside what only a scenario without one can say.
    HistoryNotAlone => Error "history-not-alone",
    /// A history in which something happens that cannot happen there.
    HistoryOutOfOrder => Error "history-out-of-order",
    /// A history of another plan than the one that it is replayed on.
    HistoryOfOtherPlan => Error "history-of-other-plan",

    // graph: rules that need the step graph
    /// The steps do not fit into the maintenance window.
    WindowTooShort => Error "window-too-short",
    /// The window cannot hold one upgrade domain alone.
    DomainDoesNotFitWindow => Error "domain-does-not-fit-window",
    /// The window cannot hold the failover that trouble would need.
    FailoverDoesNotFitWindow => Warning "failover-does-not-fit-window",
    /// The window cannot hold the whole plan, so the run will pause in it.
    PlanDoesNotFitWindow => Warning "plan-does-not-fit-window",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_codes_are_unique_and_in_kebab_case() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        for name in names {
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}");
        }
    }
}
