//! A history that is replayed: what is wrong with it, alone and on a plan.

use std::collections::BTreeSet;

use super::history_text::{HappensText, HistoryText, ResumedText, SaidText};
use super::written::ScenarioText;
use crate::document::{Code, Document, Finding, Findings, Span, nearest};

/// A history that fits its plan, and where each part of it is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SavedHistory {
    /// The promise that was broken when it was saved, by its number.
    pub breaks: u8,
    /// What happened, in order.
    pub happens: Vec<HappensText>,
    /// What happens after that, over and over.
    pub goes_round: Vec<HappensText>,
    places: Vec<Span>,
}

/// What a history is held against.
#[derive(Debug)]
pub struct Against<'a> {
    /// The plan's name.
    pub plan: &'a str,
    /// The digest of the compiled plan.
    pub digest: &'a str,
    pub steps: BTreeSet<&'a str>,
    pub front_ends: BTreeSet<&'a str>,
}

/// How many promises there are.
const PROMISES: u8 = 12;
/// More findings of one kind than anybody reads: each may look through all names for one that is near.
const MOST_UNKNOWN: usize = 100;

impl SavedHistory {
    /// The history of a scenario that has one, held against a plan.
    ///
    /// # Errors
    ///
    /// All findings at once, in document order; only one of another plan says nothing but that.
    pub fn resolve(
        document: &Document<ScenarioText>,
        against: &Against<'_>,
    ) -> Option<Result<SavedHistory, Findings>> {
        let text = document.body().history.as_ref()?;
        if let Some(finding) = of_other_plan(document, text, against) {
            return Some(Err(finding.into()));
        }
        let mut findings: Findings = check(document).into_iter().collect();
        findings.extend(unknown(document, text, against));
        if !findings.is_empty() {
            return Some(Err(findings.sorted()));
        }
        let places = ways(text).map(|(way, _)| span(document, &way)).collect();
        let HistoryText { breaks, happens, goes_round, .. } = text.clone();
        Some(Ok(SavedHistory { breaks, happens, goes_round, places }))
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.happens.len() + self.goes_round.len()
    }

    /// Whether nothing happens in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An entry, counted from 1 as people do, and where it is written.
    pub fn entry(&self, number: usize) -> Option<(&HappensText, Span)> {
        let nth = number.checked_sub(1)?;
        let entry = self.happens.iter().chain(&self.goes_round).nth(nth)?;
        Some((entry, *self.places.get(nth)?))
    }
}

/// Every entry, and the JSON pointer to it.
fn ways(text: &HistoryText) -> impl Iterator<Item = (String, &HappensText)> {
    let happens =
        text.happens.iter().enumerate().map(|(nth, entry)| (format!("/history/happens/{nth}"), entry));
    let round = text.goes_round.iter().enumerate();
    happens.chain(round.map(|(nth, entry)| (format!("/history/goes_round/{nth}"), entry)))
}

fn span(document: &Document<ScenarioText>, way: &str) -> Span {
    document.root().pointer(way).map(|node| node.span).unwrap_or_default()
}

/// What is wrong with the history of a scenario whatever plan it is replayed on.
pub(super) fn check(document: &Document<ScenarioText>) -> Vec<Finding> {
    let Some(text) = &document.body().history else { return Vec::new() };
    let mut findings = Vec::new();
    for key in ["starts", "seed", "spread", "sessions", "upgraded", "operator", "faults"] {
        if let Some(at) = document.root().key_span(&format!("/{key}")) {
            let message = format!("`{key}` has no meaning beside `history`");
            let help = format!("delete `{key}`: a history says everything that happens");
            findings.push(Finding::new(Code::HistoryNotAlone, message, help).at(at, "says something else"));
        }
    }
    if !(1..=PROMISES).contains(&text.breaks) {
        let message = format!("there is no promise {}", text.breaks);
        let help = format!("write the number of the promise that it broke, from 1 to {PROMISES}");
        let at = span(document, "/history/breaks");
        findings.push(Finding::new(Code::OutOfRange, message, help).at(at, "no such promise"));
    }
    let all: Vec<_> = ways(text).collect();
    for (nth, (way, entry)) in all.iter().enumerate() {
        // What goes round comes after itself.
        let next = all.get(nth + 1).filter(|_| nth + 1 != text.happens.len());
        let at = span(document, way);
        if nth >= text.happens.len() && interferes(entry) {
            let message = "what goes round goes round by itself";
            let help = "move it to `happens`, before what goes round";
            let finding = Finding::new(Code::HistoryOutOfOrder, message, help);
            findings.push(finding.at(at, "this interferes"));
        } else if matches!(entry, HappensText::Crashed(_))
            && !matches!(next, Some((_, HappensText::Resumed(_))))
        {
            let message = "the process died, and nobody takes the run up";
            let help = "write `resumed: {}` after it: nothing else can come next";
            let finding = Finding::new(Code::HistoryOutOfOrder, message, help).at(at, "then what?");
            findings.push(match next {
                Some((way, _)) => finding.at(span(document, way), "this cannot come next"),
                None => finding,
            });
        } else if nth == 0 && matches!(entry, HappensText::Resumed(_)) {
            let message = "a run that has not begun cannot be taken up";
            let help = "begin with what happened first: a crash, or an answer";
            let finding = Finding::new(Code::HistoryOutOfOrder, message, help);
            findings.push(finding.at(at, "nothing came before"));
        }
    }
    findings
}

/// Whether it is nothing that the run has asked for.
fn interferes(entry: &HappensText) -> bool {
    matches!(
        entry,
        HappensText::Crashed(_) | HappensText::Resumed(_) | HappensText::Died(_) | HappensText::Said(_)
    )
}

fn of_other_plan(
    document: &Document<ScenarioText>,
    text: &HistoryText,
    against: &Against<'_>,
) -> Option<Finding> {
    if text.digest.eq_ignore_ascii_case(against.digest) {
        return None;
    }
    let (of, plan) = (text.plan.escape_debug(), against.plan.escape_debug());
    let message = if text.plan == against.plan {
        format!("this is a history of `{of}` as it was before it was changed")
    } else {
        format!("this is a history of `{of}`, and the plan is `{plan}`")
    };
    let help = "name the plan that it was saved for; `poolroll prove` says what can happen with this one";
    let finding = Finding::new(Code::HistoryOfOtherPlan, message, help);
    let other = format!("the digest of this one is {}", against.digest);
    let finding = finding.at(span(document, "/history/digest"), other);
    Some(finding.at(span(document, "/history/plan"), "its name"))
}

/// Names that the plan does not have.
fn unknown(document: &Document<ScenarioText>, text: &HistoryText, against: &Against<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (way, entry) in ways(text) {
        named(entry, &mut |what, name, key| {
            let (known, kind) = match what {
                Named::Step => (&against.steps, "step"),
                Named::FrontEnd => (&against.front_ends, "front end"),
            };
            if known.contains(name) || findings.len() >= MOST_UNKNOWN {
                return;
            }
            let help = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write a name of the plan; `poolroll plan` lists its steps".to_owned(),
            };
            let message = format!("the plan has no {kind} `{}`", name.escape_debug());
            let finding = Finding::new(Code::UnknownValue, message, help);
            findings.push(finding.at(span(document, &format!("{way}/{key}")), "not in the plan"));
        });
    }
    findings
}

#[derive(Clone, Copy)]
enum Named {
    Step,
    FrontEnd,
}

impl HappensText {
    /// The name of the step, or of the front end, that it is about.
    pub fn about(&self) -> Option<String> {
        let mut about = None;
        named(self, &mut |_, name, _| _ = about.get_or_insert_with(|| name.to_owned()));
        about
    }
}

/// Every name in an entry, and the pointer to it from the entry.
fn named(entry: &HappensText, visit: &mut impl FnMut(Named, &str, &str)) {
    let mut step = |name: &str, key: &str| visit(Named::Step, name, &format!("{key}/step"));
    match entry {
        HappensText::Seen(text) => step(&text.step, "seen"),
        HappensText::Readiness(text) => {
            step(&text.step, "readiness");
            front_ends(&text.inactive, "readiness", visit);
        }
        HappensText::Counted(text) => {
            step(&text.step, "counted");
            front_ends(text.inactive.as_deref().unwrap_or_default(), "counted", visit);
        }
        HappensText::Partner(text) => step(&text.step, "partner"),
        HappensText::Ensured(text) => step(&text.step, "ensured"),
        HappensText::Looked(text) => step(&text.step, "looked"),
        HappensText::StillStopped(text) => step(&text.step, "still_stopped"),
        HappensText::Accepting(text) => step(&text.step, "accepting"),
        HappensText::Window(text) => step(&text.step, "window"),
        HappensText::Elapsed(text) => step(&text.step, "elapsed"),
        HappensText::Approved(name) => visit(Named::Step, name, "approved"),
        HappensText::Said(said) => named_by_a_person(said, "said", visit),
        HappensText::Resumed(ResumedText { with: Some(said) }) => {
            named_by_a_person(said, "resumed/with", visit)
        }
        HappensText::Died(text) => visit(Named::FrontEnd, &text.front_end, "died/front_end"),
        HappensText::Crashed(_) | HappensText::Resumed(_) => {}
    }
}

fn front_ends(names: &[String], key: &str, visit: &mut impl FnMut(Named, &str, &str)) {
    for (nth, name) in names.iter().enumerate() {
        visit(Named::FrontEnd, name, &format!("{key}/inactive/{nth}"));
    }
}

fn named_by_a_person(said: &SaidText, key: &str, visit: &mut impl FnMut(Named, &str, &str)) {
    match said {
        SaidText::Pause | SaidText::Abort => {}
        SaidText::Retry(step) => visit(Named::Step, step, &format!("{key}/retry")),
        SaidText::Done(step) => visit(Named::Step, step, &format!("{key}/done")),
        SaidText::NotDone(step) => visit(Named::Step, step, &format!("{key}/not_done")),
        SaidText::Skip(front_end) => visit(Named::FrontEnd, front_end, &format!("{key}/skip")),
    }
}
