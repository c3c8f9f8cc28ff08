//! The engines of a run: where each runs, which is free, and how one is reached.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::super::secret::Secret;
use super::engine::{CallError, Engine, Launch, SessionLogon};
use super::scripts;
use crate::plan::{Authentication, Carrier, FrontEndId, Plan, PowerShell, Reach, Ssh};

/// Where a script runs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Place {
    /// Where the management tools are.
    Management,
    FrontEnd(FrontEndId),
}

/// How many engines there are at one place at most: an act that takes its time, and looks beside it. More are wanted only when
/// several do not come back.
const MOST: usize = 6;

/// The engines that were started.
#[derive(Debug)]
pub struct Engines {
    started: Mutex<BTreeMap<Place, Vec<Engine>>>,
    logon: Option<Arc<SessionLogon>>,
}

impl Engines {
    /// None yet.
    pub fn new(settings: &PowerShell) -> Engines {
        let logon = match &settings.reach {
            Reach::Session(Carrier::Winrm { logon: Some(logon), .. }) => {
                let password = Secret::new(logon.password.clone());
                Some(Arc::new(SessionLogon { user: logon.user.clone(), password }))
            }
            _ => None,
        };
        Engines { started: Mutex::default(), logon }
    }

    /// An engine at a place, taken: one that is free, or a new one.
    ///
    /// # Errors
    ///
    /// All of them are busy with something.
    pub fn take(&self, plan: &Plan, settings: &PowerShell, place: Place) -> Result<Engine, CallError> {
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        let here = started.entry(place).or_default();
        here.retain(|engine| !engine.is_gone());
        if let Some(free) = here.iter().find(|engine| engine.take()) {
            return Ok(free.clone());
        }
        if here.len() >= MOST {
            let why =
                format!("{MOST} engines on {} are busy, and none comes back", called(plan, settings, place));
            return Err(CallError::NotBegun(why));
        }
        let launch = launch(plan, settings, place);
        let logon = self.logon.clone().filter(|_| launch.session.is_some());
        let engine = Engine::start(launch, logon);
        here.push(engine.clone());
        Ok(engine)
    }

    /// Lets go of all of them: those that wait for a line end.
    pub fn rest(&self) {
        self.started.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// A place, in words.
pub(super) fn called(plan: &Plan, settings: &PowerShell, place: Place) -> String {
    match (place, &settings.management) {
        (Place::FrontEnd(front_end), _) => plan.front_end(front_end).fqdn.clone(),
        (Place::Management, Some(management)) => management.clone(),
        (Place::Management, None) => "this computer".to_owned(),
    }
}

/// How an engine at a place is started.
pub fn launch(plan: &Plan, settings: &PowerShell, place: Place) -> Launch {
    let engine = [
        "-NoLogo".to_owned(),
        "-NoProfile".to_owned(),
        "-NonInteractive".to_owned(),
        "-EncodedCommand".to_owned(),
        scripts::encoded_command(scripts::BOOTSTRAP),
    ];
    let named = called(plan, settings, place);
    if place == Place::Management && settings.management.is_none() {
        let program = settings.engine.clone();
        let (remote, second_hop) = (false, false);
        return Launch { program, arguments: engine.into(), place: named, remote, session: None, second_hop };
    }
    let second_hop = !settings.reach.hands_on();
    match &settings.reach {
        Reach::Ssh(ssh) => {
            let arguments = over_ssh(ssh, &named, &settings.engine, &engine);
            let program = ssh.program.clone();
            Launch { program, arguments, place: named, remote: true, session: None, second_hop }
        }
        Reach::Session(carrier) => {
            let session = Some(session(carrier, &named));
            let program = settings.engine.clone();
            Launch { program, arguments: engine.into(), place: named, remote: false, session, second_hop }
        }
    }
}

/// What an engine opens its session with: parameters of `New-PSSession` by their names.
fn session(carrier: &Carrier, computer: &str) -> Value {
    let mut parameters = serde_json::Map::new();
    let over = match carrier {
        Carrier::Winrm { authentication, certificate, tls, port, logon: _ } => {
            let name = authentication.map(|authentication| match authentication {
                Authentication::Kerberos => "Kerberos",
                Authentication::Negotiate => "Negotiate",
                Authentication::Credssp => "Credssp",
            });
            parameters.extend(name.map(|name| ("Authentication".to_owned(), name.into())));
            parameters.extend(certificate.clone().map(|it| ("CertificateThumbprint".to_owned(), it.into())));
            parameters.extend(tls.then(|| ("UseSSL".to_owned(), true.into())));
            parameters.extend(port.map(|port| ("Port".to_owned(), port.into())));
            "winrm"
        }
        Carrier::Ssh { user, port } => {
            parameters.extend(user.clone().map(|user| ("UserName".to_owned(), user.into())));
            parameters.extend(port.map(|port| ("Port".to_owned(), port.into())));
            "ssh"
        }
    };
    json!({ "over": over, "computer": computer, "parameters": parameters })
}

/// The words after `ssh`.
fn over_ssh(ssh: &Ssh, host: &str, engine: &str, arguments: &[String]) -> Vec<String> {
    let mut words = ssh.words(host);
    // The words after the host are one line for a shell: the plan's rules keep quotes and the like out of the engine's path,
    // and the rest is base64.
    let engine = if engine.contains(' ') { format!("\"{engine}\"") } else { engine.to_owned() };
    words.push(engine);
    words.extend(arguments.iter().cloned());
    words
}
