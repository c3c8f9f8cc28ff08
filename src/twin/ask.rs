//! What questions find. They change nothing but the books' note of the newest answer and the count of a fault that
//! lasts through a number of answers.

use super::Twin;
use super::answers::said;
use super::books::{Asked, Counted};
use super::states::{Computer, Services};
use crate::plan::{
    Acceptance, Act, Answer, Count, DomainId, Facts, FrontEndId, Moment, Observation, PartnerHealth, Plan,
    Question, Readiness, Seen, VersionSeen,
};

impl Twin {
    pub(super) fn ask(&mut self, plan: &Plan, question: Question) -> (Answer, Facts) {
        match question {
            Question::FrontEnd { front_end } => self.front_end_seen(plan, front_end),
            Question::Partner => self.partner(plan),
            Question::Readiness { domain, observer } => self.readiness_asked(plan, domain, observer),
            Question::Count { observer } => self.count(observer),
            Question::Look { act } => self.look(plan, act),
            Question::StillStopped { front_end } => self.still_stopped(front_end),
            Question::Acceptance { front_end } => self.acceptance(plan, front_end),
        }
    }

    fn front_end_seen(&self, plan: &Plan, front_end: FrontEndId) -> (Answer, Facts) {
        let book = self.books.front_end(front_end);
        if book.computer != Computer::Up {
            let seen = Seen { version: VersionSeen::Unanswered, active: false };
            return (Answer::Seen(seen), said("the front end cannot be reached"));
        }
        let (version, facts) = match &plan.upgrade().version {
            None => (VersionSeen::NotAsked, Facts::default()),
            Some(version) if book.planned => {
                (VersionSeen::Planned, Facts { version: Some(version.clone()), ..Facts::default() })
            }
            Some(_) => (VersionSeen::Other, said("an older version")),
        };
        (Answer::Seen(Seen { version, active: book.active }), facts)
    }

    fn partner(&mut self, plan: &Plan) -> (Answer, Facts) {
        if plan.failover().is_none() {
            return (Answer::Partner(PartnerHealth::Unanswered), said("the pool has no partner"));
        }
        if self.partner_is_unhealthy() {
            let facts = said("BackupModules: ErrorState; see `Invoke-CsBackupServiceSync`");
            return (Answer::Partner(PartnerHealth::Unhealthy), facts);
        }
        (Answer::Partner(PartnerHealth::Healthy), Facts::default())
    }

    fn readiness_asked(
        &mut self,
        plan: &Plan,
        domain: Option<DomainId>,
        observer: FrontEndId,
    ) -> (Answer, Facts) {
        let observes = self.books.front_end(observer).active;
        let answer = if !observes {
            Readiness::Unanswered
        } else if let Some(bent) = self.bent_readiness(domain) {
            bent
        } else {
            self.readiness(plan, domain)
        };
        let facts = if observes { Facts::default() } else { said("the observer does not answer") };
        self.books.readiness =
            Some(Asked { at: self.now, changes: self.books.changes(), domain, answer: answer.clone() });
        (Answer::Readiness(answer), facts)
    }

    fn count(&mut self, observer: FrontEndId) -> (Answer, Facts) {
        let observes = self.books.front_end(observer).active;
        let (answer, facts) = match observes {
            true => (Count::Inactive(self.books.inactive.clone()), Facts::default()),
            false => (Count::Unanswered, said("the observer does not answer")),
        };
        let takings = self.books.takings.len() as u64;
        self.books.counted =
            Some(Counted { at: self.now, changes: self.books.changes(), takings, answer: answer.clone() });
        (Answer::Counted(answer), facts)
    }

    fn acceptance(&mut self, plan: &Plan, front_end: FrontEndId) -> (Answer, Facts) {
        let book = self.books.front_end(front_end);
        if book.computer != Computer::Up {
            return (Answer::Accepting(Acceptance::Unanswered), said("the front end cannot be reached"));
        }
        let text = if !book.active {
            not_running(book.services)
        } else if plan.upgrade().version.is_some() && !book.planned {
            "the version is not the one planned"
        } else if self.kept_from_acceptance(front_end) {
            "port 5061 refuses connections"
        } else {
            return (Answer::Accepting(Acceptance::Good), Facts::default());
        };
        (Answer::Accepting(Acceptance::NotYet), said(text))
    }

    fn still_stopped(&self, front_end: FrontEndId) -> (Answer, Facts) {
        let book = self.books.front_end(front_end);
        let stopped = book.computer == Computer::Up && book.services == Services::Stopped;
        let facts = if stopped { Facts::default() } else { said(not_running(book.services)) };
        (Answer::StillStopped(stopped), facts)
    }

    fn look(&mut self, plan: &Plan, act: Act) -> (Answer, Facts) {
        let up = act.front_end().is_none_or(|id| self.books.front_end(id).computer == Computer::Up);
        if !up {
            return (Answer::Looked(Observation::Unknown), said("the front end cannot be reached"));
        }
        let observation = match act {
            Act::Stop { front_end, .. } => self.books.front_end(front_end).services.stop_seen(),
            Act::Perform { front_end, moment, index } => self.action_seen(plan, front_end, moment, index),
            Act::Restart { front_end } => match self.has_restarted(plan, front_end) {
                true => return (Answer::Looked(Observation::Done), self.boot_facts(front_end)),
                false => Observation::NotDone,
            },
            Act::Start { front_end } => self.books.front_end(front_end).services.start_seen(),
            Act::FailOver => self.books.pool.fail_over_seen(),
            Act::FailBack => self.books.pool.fail_back_seen(),
            Act::UpdateDatabases => self.books.databases.seen(),
        };
        (Answer::Looked(observation), Facts::default())
    }

    /// By the mark that the action left. One that was cut off left no end: where there is a version to observe, it tells that it
    /// did not come to its end; where there is none, a person must.
    fn action_seen(&self, plan: &Plan, front_end: FrontEndId, moment: Moment, index: u8) -> Observation {
        let book = self.books.front_end(front_end);
        if book.underway == Some((moment, index)) {
            return Observation::Underway;
        }
        if book.done(moment, index) {
            return Observation::Done;
        }
        if let Some(transient) = book.failed(moment, index) {
            return Observation::Failed { transient };
        }
        if !book.cut_off(moment, index) {
            return Observation::NotDone;
        }
        let action = &plan.upgrade().at(moment)[usize::from(index)];
        match moment == Moment::Upgrade && plan.upgrade().version.is_some() {
            true if action.repeatable => Observation::NotDone,
            true => Observation::Failed { transient: action.has_more_tries() },
            false => Observation::Unknown,
        }
    }
}

fn not_running(services: Services) -> &'static str {
    match services {
        Services::Running => "the pool does not serve here",
        Services::Draining => "RTCSRV is Paused",
        Services::Stopping => "RTCSRV is StopPending",
        Services::Partly => "some services are stopped",
        Services::Stopped => "RTCSRV is Stopped",
        Services::Starting => "RTCSRV is StartPending",
    }
}
