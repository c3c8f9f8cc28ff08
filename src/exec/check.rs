//! A plan held against the live pool and the clock. Nothing is changed, and nothing is remembered.

use std::time::Duration;

use jiff::Timestamp;

use crate::document::{Code, Finding, Findings, Span};
use crate::graph::StepGraph;
use crate::plan::{
    Answer, Call, DomainId, Facts, FailoverWhen, FrontEndId, Length, PartnerHealth, PlanText, Question,
    Readiness, Seen, Survey, VersionSeen,
};
use crate::pool::{Driver, Ticket};

/// What a live pool said.
#[derive(Clone, Debug)]
pub struct Looked {
    pub survey: Survey,
    /// By front end.
    pub front_ends: Vec<(Seen, Facts)>,
    pub partner: Option<(PartnerHealth, Facts)>,
    /// Of the first upgrade domain that is not upgraded already.
    pub readiness: Option<(DomainId, Readiness, Facts)>,
}

/// Asks who belongs to a pool, and what each front end says of itself.
pub async fn members(graph: &StepGraph, driver: &mut Driver, now: Timestamp) -> Looked {
    let survey = driver.survey().await;
    let mut asking = Asking { driver, now, tickets: 0 };
    let front_ends = asking.front_ends(graph).await;
    Looked { survey, front_ends, partner: None, readiness: None }
}

/// Asks a pool everything that a run asks before it touches anything.
pub async fn look(graph: &StepGraph, driver: &mut Driver, now: Timestamp) -> Looked {
    let plan = graph.plan();
    let survey = driver.survey().await;
    let mut asking = Asking { driver, now, tickets: 0 };
    let front_ends = asking.front_ends(graph).await;
    let mut partner = None;
    if plan.failover().is_some() {
        let told = asking.all(&[Question::Partner], plan.limits().observe.time_limit).await;
        partner = Some(match told.into_iter().flatten().next() {
            Some((Answer::Partner(health), facts)) => (health, facts),
            _ => (PartnerHealth::Unanswered, Facts::text(NO_ANSWER)),
        });
    }
    let is_done = |front_end: FrontEndId| front_ends[front_end.index()].0.version == VersionSeen::Planned;
    let next = plan.domain_ids().find(|domain| !plan.domain(*domain).front_ends().all(is_done));
    let mut readiness = None;
    if let Some(domain) = next {
        let outside = |id: &FrontEndId| !plan.domain(domain).contains(*id) && front_ends[id.index()].0.active;
        let observer = plan.front_end_ids().find(outside).or_else(|| plan.front_end_ids().next());
        if let Some(observer) = observer {
            let question = Question::Readiness { domain: Some(domain), observer };
            let told = asking.all(&[question], plan.readiness().time_limit).await;
            readiness = Some(match told.into_iter().flatten().next() {
                Some((Answer::Readiness(readiness), facts)) => (domain, readiness, facts),
                _ => (domain, Readiness::Unanswered, Facts::text(NO_ANSWER)),
            });
        }
    }
    Looked { survey, front_ends, partner, readiness }
}

const NO_ANSWER: &str = "no answer within the time limit";

/// Questions on their way.
struct Asking<'a> {
    driver: &'a mut Driver,
    now: Timestamp,
    tickets: u64,
}

impl Asking<'_> {
    /// What every front end says of itself, in order.
    async fn front_ends(&mut self, graph: &StepGraph) -> Vec<(Seen, Facts)> {
        let plan = graph.plan();
        let questions: Vec<Question> =
            plan.front_end_ids().map(|front_end| Question::FrontEnd { front_end }).collect();
        let answers = self.all(&questions, plan.limits().observe.time_limit).await;
        let seen = |answer| match answer {
            Some((Answer::Seen(seen), facts)) => (seen, facts),
            _ => (Seen { version: VersionSeen::Unanswered, active: false }, Facts::text(NO_ANSWER)),
        };
        answers.into_iter().map(seen).collect()
    }

    /// Asks all of them at the same time. What is not answered within the limit is `None`.
    async fn all(&mut self, questions: &[Question], limit: Duration) -> Vec<Option<(Answer, Facts)>> {
        let first = self.tickets;
        for question in questions {
            self.driver.begin(self.now, Ticket(self.tickets), Call::Ask(*question));
            self.tickets += 1;
        }
        let mut answers = vec![None; questions.len()];
        let until = tokio::time::Instant::now() + limit;
        while answers.iter().any(Option::is_none) {
            while let Some(answered) = self.driver.take_answer(self.now) {
                if let Some(place) = answered.ticket.0.checked_sub(first) {
                    answers[place as usize] = Some((answered.answer, answered.facts));
                }
            }
            if answers.iter().all(Option::is_some) {
                break;
            }
            if let Some(due) = self.driver.due() {
                self.now = self.now.max(due);
            } else if tokio::time::timeout_at(until, self.driver.woken()).await.is_err() {
                break;
            }
        }
        answers
    }
}

/// What differs from the plan, at its place in the plan.
pub fn findings(graph: &StepGraph, text: &PlanText, looked: &Looked, now: Timestamp) -> Findings {
    let mut check = Check { graph, text, looked, findings: Findings::default() };
    check.members();
    check.domains();
    check.order();
    check.front_ends();
    check.readiness();
    check.partner();
    check.witness();
    check.absent();
    check.window(now);
    for unasked in &looked.survey.unasked {
        check.add(
            Code::LiveUnanswered,
            unasked.clone(),
            "see that the pool can be reached, then check again",
            None,
        );
    }
    check.findings.sorted()
}

struct Check<'a> {
    graph: &'a StepGraph,
    text: &'a PlanText,
    looked: &'a Looked,
    findings: Findings,
}

impl Check<'_> {
    fn add(&mut self, code: Code, message: String, help: &str, at: Option<(Span, &str)>) {
        let mut finding = Finding::new(code, message, help);
        if let Some((span, label)) = at {
            finding = finding.at(span, label);
        }
        self.findings.push(finding);
    }

    fn fqdn(&self, front_end: FrontEndId) -> &str {
        &self.graph.plan().front_end(front_end).fqdn
    }

    fn span(&self, front_end: FrontEndId) -> Span {
        let listed = self.text.pool.upgrade_domains.iter().flat_map(|domain| domain.front_ends.iter());
        listed.map(crate::document::Spanned::span).nth(front_end.index()).unwrap_or_default()
    }

    fn pool(&self) -> Span {
        self.text.pool.fqdn.span()
    }

    fn members(&mut self) {
        let live = &self.looked.survey.front_ends;
        if live.is_empty() {
            return;
        }
        for front_end in self.graph.plan().front_end_ids() {
            if !live.iter().any(|name| name == self.fqdn(front_end)) {
                let message = format!("the live pool has no front end `{}`", self.fqdn(front_end));
                let at = Some((self.span(front_end), "not in the live pool"));
                self.add(Code::LiveFrontEndMissing, message, "remove it, or correct its name", at);
            }
        }
        for name in live {
            if !self.graph.plan().pool().front_ends.iter().any(|front_end| front_end.fqdn == *name) {
                let message = format!("front end `{name}` of the live pool is not in the plan");
                let at = Some((self.pool(), "this pool has it"));
                self.add(Code::LiveFrontEndUnlisted, message, "add it to its upgrade domain", at);
            }
        }
    }

    fn domains(&mut self) {
        let plan = self.graph.plan();
        let live = |fqdn: &str| {
            let mut domains = self.looked.survey.domains.iter();
            domains
                .find(|(_, front_ends)| front_ends.iter().any(|name| name == fqdn))
                .map(|(name, _)| name.clone())
        };
        let differs: Vec<_> = plan
            .front_end_ids()
            .filter_map(|front_end| {
                let planned = &plan.domain(plan.front_end(front_end).domain).name;
                let live = live(self.fqdn(front_end))?;
                (!live.eq_ignore_ascii_case(planned)).then_some((front_end, live))
            })
            .collect();
        for (front_end, live) in differs {
            let message = format!("the live pool has `{}` in upgrade domain `{live}`", self.fqdn(front_end));
            let at = Some((self.span(front_end), "another domain here"));
            self.add(
                Code::LiveDomainDiffers,
                message,
                "move it: domains are copied from the pool, never chosen",
                at,
            );
        }
    }

    /// The order matters where the quorum counts only the first front ends.
    fn order(&mut self) {
        let (plan, survey) = (self.graph.plan(), &self.looked.survey);
        let first = usize::from(plan.pool().quorum.of_first);
        let all = plan.pool().front_ends.len();
        if !survey.is_ordered || first >= all || survey.front_ends.len() != all {
            return;
        }
        let counted = &survey.front_ends[..first];
        let wrong = plan.front_end_ids().find(|front_end| {
            counted.iter().any(|name| name == self.fqdn(*front_end)) != plan.pool().quorum.counts(*front_end)
        });
        if let Some(wrong) = wrong {
            let message = format!(
                "the quorum counts the first {first} front ends, and the live pool lists them in another order: {}",
                survey.front_ends.join(", ")
            );
            let at = Some((self.span(wrong), "counted differently there"));
            let help = "copy the order of `Get-CsComputer -Pool` to `pool.start_order`";
            self.add(Code::LiveOrderDiffers, message, help, at);
        }
    }

    fn front_ends(&mut self) {
        let looked = self.looked;
        // What keeps several from answering is said once.
        let mut unanswered: Vec<(Option<&str>, Vec<FrontEndId>)> = Vec::new();
        for (front_end, (seen, facts)) in self.graph.plan().front_end_ids().zip(&looked.front_ends) {
            let said = facts.text.as_ref().map_or_else(String::new, |text| format!(": {text}"));
            let fqdn = self.fqdn(front_end).to_owned();
            let at = self.span(front_end);
            if seen.version == VersionSeen::Unanswered {
                let why = facts.text.as_deref();
                match unanswered.iter_mut().find(|(same, _)| *same == why) {
                    Some((_, front_ends)) => front_ends.push(front_end),
                    None => unanswered.push((why, vec![front_end])),
                }
            } else if !seen.active {
                let message = format!("`{fqdn}` does not accept connections{said}");
                let help = "the run leaves it to its turn; with it down, fewer others may go";
                self.add(Code::LiveInactive, message, help, Some((at, "not active")));
            }
        }
        for (why, front_ends) in unanswered {
            self.unanswered(why, &front_ends);
        }
        let all = !looked.front_ends.is_empty()
            && looked.front_ends.iter().all(|(seen, _)| seen.version == VersionSeen::Planned);
        if let (true, Some(version)) = (all, &self.text.upgrade.version) {
            let message = format!("every front end has version {} already", **version);
            let at = Some((version.span(), "nothing is left to do"));
            self.add(Code::LiveUpgraded, message, "raise the version, if there is a newer one", at);
        }
    }

    /// Front ends that did not say their version, for the same reason.
    fn unanswered(&mut self, why: Option<&str>, front_ends: &[FrontEndId]) {
        let names: Vec<String> = front_ends.iter().map(|id| format!("`{}`", self.fqdn(*id))).collect();
        let (who, whose) = match names.split_last() {
            Some((last, [])) => (last.clone(), "its"),
            Some((last, others)) => (format!("{} and {last}", others.join(", ")), "their"),
            None => return,
        };
        let said = why.map_or_else(String::new, |why| format!(": {why}"));
        let message = format!("{who} did not say {whose} version{said}");
        let help = "see that they can be reached, and that the plan names the right version";
        let mut finding = Finding::new(Code::LiveUnanswered, message, help);
        for front_end in front_ends {
            finding = finding.at(self.span(*front_end), "did not answer");
        }
        self.findings.push(finding);
    }

    fn readiness(&mut self) {
        let Some((domain, readiness, facts)) = &self.looked.readiness else { return };
        let name = self.graph.plan().domain(*domain).name.clone();
        let said = facts.text.as_ref().map_or_else(String::new, |text| format!(": {text}"));
        let message = match readiness {
            Readiness::Ready { domain: true, .. } => return,
            Readiness::Ready { .. } => format!("the pool is ready, and upgrade domain `{name}` is not{said}"),
            Readiness::Busy => format!("the pool is busy{said}"),
            Readiness::InsufficientActiveFrontEnds => {
                format!("too few front ends of the pool are active{said}")
            }
            Readiness::Unanswered => format!("the pool did not say whether it is ready{said}"),
        };
        let code = match readiness {
            Readiness::Unanswered => Code::LiveUnanswered,
            _ => Code::LiveNotReady,
        };
        let at = Some((self.pool(), "not ready now"));
        let help = match readiness {
            Readiness::Busy => format!(
                "check again in {}: a run would wait as long, and stop or fail over after {} times",
                Length::from(self.graph.plan().readiness().interval),
                self.graph.plan().readiness().attempts
            ),
            Readiness::Unanswered => {
                "see who can be asked: a run would stop before it touches anything".to_owned()
            }
            _ => "see which front ends are down: a run would stop, or fail over, before it takes one out"
                .to_owned(),
        };
        self.add(code, message, &help, at);
    }

    fn partner(&mut self) {
        let Some((health, facts)) = &self.looked.partner else { return };
        let Some(partner) = self.text.failover.as_ref().and_then(|failover| failover.partner.as_ref()) else {
            return;
        };
        let said = facts.text.as_ref().map_or_else(String::new, |text| format!(": {text}"));
        let at = Some((partner.span(), "the partner"));
        let never = self.graph.plan().failover().is_some_and(|failover| failover.when == FailoverWhen::Never);
        let help = if never {
            "the plan never fails over, so a run would go on without it"
        } else {
            "a run would stop before it touches anything, or before it fails over"
        };
        match health {
            PartnerHealth::Healthy => {}
            PartnerHealth::Unhealthy => {
                let message = format!("`{}` cannot take the pool over now{said}", **partner);
                self.add(Code::LivePartner, message, help, at);
            }
            PartnerHealth::Unanswered => {
                let message = format!("whether `{}` can take the pool over is not known{said}", **partner);
                self.add(Code::LiveUnanswered, message, help, at);
            }
        }
    }

    /// A run would find out when it needs it: with a front end out of service.
    fn absent(&mut self) {
        for absent in &self.looked.survey.absent {
            let help = "install it, or correct the plan; a run looks for it only when it needs it";
            self.findings.push(
                Finding::new(Code::LiveProgramAbsent, absent.clone(), help)
                    .at(self.pool(), "by its commands"),
            );
        }
    }

    fn witness(&mut self) {
        let plan = self.graph.plan();
        let count = plan.pool().front_ends.len();
        if plan.leans_on_back_end() {
            let message = format!(
                "of {count} front ends, an even number, the primary SQL back end has the casting vote about the quorum"
            );
            let help = "see that nobody patches or restarts the back end while the plan is applied";
            self.add(Code::LiveWitness, message, help, Some((self.pool(), "leans on its back end")));
        }
    }

    fn window(&mut self, now: Timestamp) {
        let Some(window) = self.graph.plan().window() else { return };
        let zone = window.time_zone();
        let shown = |at: Timestamp| at.display_with_offset(zone.to_offset(at)).to_string();
        let window_text = &self.text.maintenance_window;
        let start = window_text.start.as_ref().map(|start| (start.span(), "begins here"));
        let end = window_text.end.as_ref().map(|end| (end.span(), "ends here"));
        if now >= window.end {
            let message = format!("the maintenance window was over at {}", shown(window.end));
            self.add(Code::WindowOver, message, "give the plan another window", end);
        } else if now < window.start {
            let message = format!("the maintenance window begins at {}", shown(window.start));
            self.add(Code::WindowAhead, message, "apply the plan then", start);
        } else {
            let left = Duration::try_from(window.end.duration_since(now)).unwrap_or_default();
            let needed = self.graph.estimate().rolling;
            if needed > left {
                let whole = |length: Duration| Length::from(Duration::from_secs(length.as_secs()));
                let message = format!(
                    "the plan takes {}, and {} are left of the maintenance window",
                    whole(needed),
                    whole(left)
                );
                let help = "it would pause between two upgrade domains, and go on in another window (`poolroll resume --until`)";
                self.add(Code::WindowRest, message, help, end);
            }
        }
    }
}

#[cfg(test)]
mod tests;
