//! How a call is answered: which commands it takes, and what they come to together.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::answers::{self, Accepts, Health, HealthWord, Observed, Ready, ReadyWord, Stands, Worded};
use super::local::{self, Ended, Left, Output, Waiting};
use super::marks::{Marking, Marks};
use super::output::Secrets;
use super::remote::Remote;
use super::session::Unreached;
use super::words::{About, Asked, Words};
use crate::plan::{
    Acceptance, Answer, Call, Command, CommandDriver, Count, DomainId, Facts, FrontEndId, PartnerHealth,
    Plan, Problem, Question, Readiness, Seen, VersionSeen, Where,
};
use crate::pool::calls::together;
use crate::pool::process::Endings;
use crate::twin::{PoolState, Services};

/// How long one front end may take to say how it is while all are counted: the others must not wait for it.
const ASKED_WITHIN: Duration = Duration::from_secs(45);
/// How long a port may take to answer.
const PORT_WITHIN: Duration = Duration::from_secs(5);

/// The plan, its commands, and the connections to its front ends.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) plan: Arc<Plan>,
    pub(super) settings: CommandDriver,
    pub(super) marks: Marks,
    pub(super) remote: Arc<Remote>,
    pub(super) endings: Endings,
    /// How long it rests between two looks.
    rest: Duration,
    secrets: Secrets,
}

impl Flow {
    pub(super) fn new(
        plan: Arc<Plan>,
        settings: CommandDriver,
        folder: Option<&Path>,
        rest: Duration,
    ) -> Flow {
        let secrets = Secrets::of(&settings.secrets);
        let endings = Endings::default();
        let remote = Arc::new(Remote::new(settings.ssh.clone(), endings.clone()));
        Flow { plan, settings, marks: Marks::in_folder(folder), remote, endings, rest, secrets }
    }

    pub(super) async fn answer(&self, call: Call) -> (Answer, Facts) {
        let (answer, mut facts) = match call {
            Call::Ensure(act) => {
                let (ensured, facts) = self.ensure(act).await;
                (Answer::Ensured(ensured), facts)
            }
            Call::Ask(question) => self.ask(question).await,
        };
        // Whatever was said on the way, no secret is in it.
        facts.text = facts.text.map(|text| self.secrets.masked(&text));
        facts.version = facts.version.map(|version| self.secrets.masked(&version));
        (answer, facts)
    }

    async fn ask(&self, question: Question) -> (Answer, Facts) {
        match question {
            Question::FrontEnd { front_end } => self.seen(front_end).await,
            Question::Partner => self.partner().await,
            Question::Readiness { domain, observer } => {
                let (readiness, facts) = self.readiness(domain, observer).await;
                (Answer::Readiness(readiness), facts)
            }
            Question::Count { observer } => {
                let inactive = self.inactive().await;
                if inactive.contains(&observer) {
                    let facts = Facts::text("the observer is not active");
                    return (Answer::Counted(Count::Unanswered), facts);
                }
                (Answer::Counted(Count::Inactive(inactive)), Facts::default())
            }
            Question::Look { act } => {
                let (seen, facts) = self.look(act).await;
                (Answer::Looked(seen), facts)
            }
            Question::StillStopped { front_end } => match self.observe(front_end).await {
                Ok(observed) => {
                    let services = Services::from(observed.services);
                    let stopped = services == Services::Stopped;
                    let text = (!stopped).then(|| standing(&observed));
                    (Answer::StillStopped(stopped), Facts { text, ..Facts::default() })
                }
                Err(why) => (Answer::StillStopped(false), Facts::text(why)),
            },
            Question::Acceptance { front_end } => {
                let (acceptance, facts) = self.acceptance(front_end).await;
                (Answer::Accepting(acceptance), facts)
            }
        }
    }

    /// Runs a command where it runs. What is to be found again is `marked` before it can do anything; `left` is told what came of
    /// it where nobody waits for it any more.
    async fn run(
        &self,
        command: &Command,
        about: About,
        marked: Option<Marking<'_>>,
        left: Left,
    ) -> Result<Output, Unreached> {
        let words = Words::of(command, &self.settings.environment, &self.plan, about);
        let by_shell =
            command.at == Where::FrontEnd || marked.as_ref().is_some_and(|it| it.exit_file.is_some());
        let waiting = Waiting { limit: command.time_limit, marked, left };
        let output = match (command.at, about.front_end) {
            (Where::FrontEnd, Some(front_end)) => {
                let host = &self.plan.front_end(front_end).fqdn;
                self.remote.run(front_end, host, &words, waiting).await
            }
            _ => local::run(&words, waiting, &self.endings).await.map_err(Unreached::NotBegun),
        }?;
        Ok(if by_shell { told_by_a_shell(command, output) } else { output })
    }

    /// Runs an act, and keeps what it printed. What it came to is not proved by that.
    pub(super) async fn act(
        &self,
        command: &Command,
        about: About,
        step: &str,
        marked: Option<Marking<'_>>,
    ) -> Result<Output, Unreached> {
        let (marks, secrets, its) = (self.marks.clone(), self.secrets.clone(), step.to_owned());
        let left = move |output: Output| keep(&marks, &its, &output.masked(&secrets));
        let output = self.run(command, about, marked, Box::new(left)).await?.masked(&self.secrets);
        keep(&self.marks, step, &output);
        Ok(output)
    }

    /// Asks a question.
    async fn asked<T: Worded>(&self, command: &Command, about: About) -> Result<T, String> {
        let output = match self.run(command, about, None, Box::new(drop)).await {
            Ok(output) => output,
            Err(Unreached::NotBegun(why) | Unreached::Lost(why)) => return Err(why),
        };
        // An answer is read as it came: a short secret may be a piece of a word. Why there is none is told without secrets.
        answers::read(command, &output).map_err(|_| {
            let masked: Result<T, String> = answers::read(command, &output.masked(&self.secrets));
            masked.err().unwrap_or_else(|| "its answer is none".to_owned())
        })
    }

    /// What a front end says of itself.
    pub(super) async fn observe(&self, front_end: FrontEndId) -> Result<Observed, String> {
        let observed: Observed = self.asked(&self.settings.observe, About::front_end(front_end)).await?;
        // Before anything is cut off: a piece of a secret is told by nobody.
        let text = observed.text.map(|text| self.secrets.masked(&text));
        let boot = observed.boot.map(|boot| self.secrets.masked(&boot));
        Ok(Observed { text, boot, ..observed })
    }

    pub(super) async fn pause(&self) {
        tokio::time::sleep(self.rest).await;
    }

    /// The version that was observed, beside the one planned.
    pub(super) fn version(&self, observed: &Observed) -> VersionSeen {
        match (&self.plan.upgrade().version, &observed.version) {
            (None, _) => VersionSeen::NotAsked,
            (Some(_), None) => VersionSeen::Unanswered,
            (Some(planned), Some(seen)) if planned == seen => VersionSeen::Planned,
            _ => VersionSeen::Other,
        }
    }

    async fn seen(&self, front_end: FrontEndId) -> (Answer, Facts) {
        match self.observe(front_end).await {
            Ok(observed) => {
                let active = observed.is_active();
                let version = self.version(&observed);
                let text = match version {
                    VersionSeen::Unanswered => Some("it did not say its version".to_owned()),
                    _ => (!active).then(|| standing(&observed)),
                };
                let facts = Facts { text, version: observed.version, ..Facts::default() };
                (Answer::Seen(Seen { version, active }), facts)
            }
            Err(why) => {
                let unseen = Seen { version: VersionSeen::Unanswered, active: false };
                (Answer::Seen(unseen), Facts::text(why))
            }
        }
    }

    /// Every front end is asked at the same time; one that does not answer is not active.
    async fn inactive(&self) -> Vec<FrontEndId> {
        let (mut inactive, unanswered) = self.counted().await;
        inactive.extend(unanswered);
        inactive.sort_unstable();
        inactive
    }

    /// The front ends that say that they are not active, and those that say nothing.
    async fn counted(&self) -> (Vec<FrontEndId>, Vec<FrontEndId>) {
        let asked = self.plan.front_end_ids().map(|front_end| async move {
            let observed = tokio::time::timeout(ASKED_WITHIN, self.observe(front_end)).await;
            (front_end, observed.ok().and_then(Result::ok).map(|seen| seen.is_active()))
        });
        let told = together(asked.collect()).await;
        let those =
            |is: Option<bool>| told.iter().filter(|(_, told)| *told == is).map(|(id, _)| *id).collect();
        (those(Some(false)), those(None))
    }

    async fn readiness(&self, domain: Option<DomainId>, observer: FrontEndId) -> (Readiness, Facts) {
        let Some(ready) = &self.settings.ready else {
            let (mut inactive, unanswered) = self.counted().await;
            let stands = |down: &[FrontEndId]| self.plan.pool().quorum.stands_without(&mut down.to_vec());
            if !stands(&inactive) {
                return (Readiness::InsufficientActiveFrontEnds, Facts::default());
            }
            inactive.extend(&unanswered);
            inactive.sort_unstable();
            // That nobody can be asked is no trouble of the pool.
            if !stands(&inactive) {
                let text = format!("{} of its front ends did not answer", unanswered.len());
                return (Readiness::Unanswered, Facts::text(text));
            }
            return (Readiness::Ready { domain: true, inactive }, Facts::default());
        };
        let about = About { domain: Asked::About(domain), ..About::front_end(observer) };
        let told: Ready = match self.asked(ready, about).await {
            Ok(told) => told,
            Err(why) => return (Readiness::Unanswered, Facts::text(why)),
        };
        let facts = Facts { text: told.text, ..Facts::default() };
        match told.state {
            ReadyWord::Busy => (Readiness::Busy, facts),
            ReadyWord::Insufficient => (Readiness::InsufficientActiveFrontEnds, facts),
            ReadyWord::Ready => {
                let inactive = match told.inactive {
                    None => self.inactive().await,
                    Some(names) => match self.named(&names) {
                        Ok(inactive) => inactive,
                        Err(why) => return (Readiness::Unanswered, Facts::text(why)),
                    },
                };
                (Readiness::Ready { domain: told.domain || domain.is_none(), inactive }, facts)
            }
        }
    }

    fn named(&self, names: &[String]) -> Result<Vec<FrontEndId>, String> {
        let id = |name: &String| {
            let found =
                self.plan.front_end_ids().find(|id| self.plan.front_end(*id).fqdn.eq_ignore_ascii_case(name));
            found.ok_or_else(|| format!("the plan has no front end `{}`", name.escape_debug()))
        };
        let mut ids = names.iter().map(id).collect::<Result<Vec<_>, _>>()?;
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    async fn acceptance(&self, front_end: FrontEndId) -> (Acceptance, Facts) {
        let observed = match self.observe(front_end).await {
            Ok(observed) => observed,
            Err(why) => return (Acceptance::Unanswered, Facts::text(why)),
        };
        if Services::from(observed.services) != Services::Running {
            return (Acceptance::NotYet, Facts::text(standing(&observed)));
        }
        let version = observed.version.clone();
        let with =
            |text: &str| Facts { text: Some(text.to_owned()), version: version.clone(), ..Facts::default() };
        match self.version(&observed) {
            VersionSeen::Planned | VersionSeen::NotAsked => {}
            VersionSeen::Other => return (Acceptance::NotYet, with("the version is not the one planned")),
            VersionSeen::Unanswered => return (Acceptance::Unanswered, with("it did not say its version")),
        }
        for port in &self.plan.acceptance().ports {
            let host = self.plan.front_end(front_end).fqdn.as_str();
            let connecting = tokio::net::TcpStream::connect((host, *port));
            if !matches!(tokio::time::timeout(PORT_WITHIN, connecting).await, Ok(Ok(_))) {
                return (Acceptance::NotYet, with(&format!("port {port} takes no connection")));
            }
        }
        let Some(accept) = &self.settings.accept else {
            return (Acceptance::Good, Facts { version, ..Facts::default() });
        };
        match self.asked::<Accepts>(accept, About::front_end(front_end)).await {
            Ok(Accepts { accepts: true, text }) => {
                (Acceptance::Good, Facts { text, version, ..Facts::default() })
            }
            Ok(Accepts { accepts: false, text }) => {
                (Acceptance::NotYet, with(text.as_deref().unwrap_or("it does not accept connections yet")))
            }
            Err(why) => (Acceptance::Unanswered, with(&why)),
        }
    }

    async fn partner(&self) -> (Answer, Facts) {
        let Some(partner) = &self.settings.partner else {
            return (Answer::Partner(PartnerHealth::Unanswered), Facts::text("no command asks the partner"));
        };
        match self.asked::<Health>(&partner.health, About::pool()).await {
            Ok(Health { health, text }) => {
                let health = match health {
                    HealthWord::Healthy => PartnerHealth::Healthy,
                    HealthWord::Unhealthy => PartnerHealth::Unhealthy,
                };
                (Answer::Partner(health), Facts { text, ..Facts::default() })
            }
            Err(why) => (Answer::Partner(PartnerHealth::Unanswered), Facts::text(why)),
        }
    }

    /// Who serves the users of the pool.
    pub(super) async fn pool_state(&self) -> Result<PoolState, String> {
        let partner = self.settings.partner.as_ref().ok_or("no command asks who serves the pool")?;
        let stands: Stands = self.asked(&partner.state, About::pool()).await?;
        Ok(stands.state.into())
    }
}

/// Keeps what an act printed, without secrets.
fn keep(marks: &Marks, step: &str, output: &Output) {
    let how = match &output.ended {
        // The journal says that already.
        Ended::Code(0) if output.is_silent() => return,
        Ended::Code(code) => format!("exit code {code}"),
        Ended::Killed => "ended by a signal".to_owned(),
        Ended::Lost(why) => why.clone(),
    };
    let (out, err) = (output.stdout.text(), output.stderr.text());
    marks.keep(step, &format!("--- {how}\n--- stdout\n{out}\n--- stderr\n{err}\n"));
}

/// A shell tells a signal by 128 and its number, or 256: a code that the plan does not name is taken for one.
pub(super) fn tells_a_signal(code: i32) -> bool {
    matches!(code, 129..=192 | 257..=320)
}

fn told_by_a_shell(command: &Command, output: Output) -> Output {
    match output.ended {
        Ended::Code(code) if tells_a_signal(code) && !command.exits.contains_key(&code) => {
            Output { ended: Ended::Killed, ..output }
        }
        _ => output,
    }
}

/// The state of services, in words.
pub(super) fn standing(observed: &Observed) -> String {
    let word = match Services::from(observed.services) {
        Services::Running if !observed.is_active() => "its services run and serve nobody",
        Services::Running => "its services run",
        Services::Draining => "its services wait for existing connections to end",
        Services::Stopping => "its services are stopping",
        Services::Partly => "some of its services run and some do not",
        Services::Stopped => "its services are stopped",
        Services::Starting => "its services are starting",
    };
    match &observed.text {
        Some(text) => format!("{word} ({})", crate::pool::shown(text)),
        None => word.to_owned(),
    }
}

/// What an act came to, by its exit code.
pub(super) fn ended(command: &Command, output: &Output) -> Result<(), (Problem, String)> {
    let code = match &output.ended {
        Ended::Code(code) => *code,
        Ended::Killed => {
            return Err((Problem::Unknown, format!("it was ended by a signal{}", answers::said(output))));
        }
        Ended::Lost(why) => return Err((Problem::Unknown, why.clone())),
    };
    let failed = || Err((Problem::Transient, format!("it ended with {code}{}", answers::said(output))));
    if command.exits.is_empty() {
        return if code == 0 { Ok(()) } else { failed() };
    }
    match command.exits.get(&code).map(String::as_str) {
        Some("done") => Ok(()),
        Some(_) => failed(),
        None => Err((
            Problem::Unknown,
            format!("exit code {code} means nothing to the plan{}", answers::said(output)),
        )),
    }
}
