//! The services of one front end, by the list that `Get-CsWindowsService` gives.

use serde_json::Value;

use super::{list, raw};
use crate::twin::Services;

/// A list of services, understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    pub services: Services,
    /// Those that do not run, each with what it does: `RTCSRV is StartPending`.
    pub not_running: Vec<String>,
    /// The names of those that run.
    pub running: Vec<String>,
}

impl Listed {
    /// What does not run, in one sentence.
    pub fn sentence(&self) -> String {
        match self.not_running.as_slice() {
            [] => "every service runs".to_owned(),
            few @ ([_] | [_, _] | [_, _, _]) => few.join(", "),
            [first, second, rest @ ..] => format!("{first}, {second} and {} more", rest.len()),
        }
    }

    /// Whether the services that a plan asks for run; all of them, when it names none. Which do not, in words.
    pub fn lacks(&self, wanted: Option<&[String]>) -> Option<String> {
        let Some(wanted) = wanted else {
            return (self.services != Services::Running).then(|| self.sentence());
        };
        let runs = |name: &String| self.running.iter().any(|running| running.eq_ignore_ascii_case(name));
        let missing = wanted.iter().find(|name| !runs(name))?;
        let said = self
            .not_running
            .iter()
            .find(|line| line.split(' ').next().is_some_and(|service| service.eq_ignore_ascii_case(missing)));
        Some(said.cloned().unwrap_or_else(|| format!("there is no service {missing}")))
    }

    /// How the services stand for whoever has stopped them. Where a plan names those that it asks for, there are others that never run: a front
    /// end on which all that it asks for run, and nothing is on its way, serves.
    pub fn of_a_stop(&self, wanted: Option<&[String]>) -> Services {
        match self.services {
            Services::Partly if wanted.is_some() && self.lacks(wanted).is_none() => Services::Running,
            services => services,
        }
    }
}

/// Understands the member `services` of a script's answer.
///
/// # Errors
///
/// There is no service, or one has a state that is not known; the answer as it came.
pub fn read(answer: &Value) -> Result<Listed, String> {
    let services = list(&answer["services"]);
    if services.is_empty() {
        return Err("the list of services is empty, which says nothing".into());
    }
    let (mut not_running, mut running) = (Vec::new(), Vec::new());
    let (mut stopped, mut starting, mut stopping, mut draining) = (0, 0, 0, 0);
    for service in &services {
        let (Some(name), Some(status)) = (service["name"].as_str(), service["status"].as_str()) else {
            return Err(format!("not understood: {}", raw(service)));
        };
        let count = match status.to_ascii_lowercase().as_str() {
            "running" => {
                running.push(name.to_owned());
                continue;
            }
            "stopped" => &mut stopped,
            "startpending" | "continuepending" => &mut starting,
            "stoppending" => &mut stopping,
            "paused" | "pausepending" => &mut draining,
            _ => return Err(format!("service {name} is `{status}`, which is not known")),
        };
        *count += 1;
        not_running.push(format!("{name} is {status}"));
    }
    let services = match (running.len(), stopped, starting, stopping, draining) {
        (_, 0, 0, 0, 0) => Services::Running,
        // What drains is told first, then what stops: both go on, and a start that is also seen is not ours.
        (_, _, _, _, 1..) => Services::Draining,
        (_, _, _, 1.., _) => Services::Stopping,
        (_, _, 1.., _, _) => Services::Starting,
        (0, _, _, _, _) => Services::Stopped,
        _ => Services::Partly,
    };
    Ok(Listed { services, not_running, running })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(statuses: &[&str]) -> Result<Services, String> {
        let services: Vec<Value> = statuses
            .iter()
            .enumerate()
            .map(|(n, status)| json!({ "name": format!("S{n}"), "status": status }))
            .collect();
        read(&json!({ "services": services })).map(|listed| listed.services)
    }

    #[test]
    fn services_are_taken_together() {
        assert_eq!(of(&["Running", "running"]), Ok(Services::Running));
        assert_eq!(of(&["Stopped", "Stopped"]), Ok(Services::Stopped));
        assert_eq!(of(&["Stopped", "Running"]), Ok(Services::Partly));
        assert_eq!(of(&["StartPending", "Running", "Stopped"]), Ok(Services::Starting));
        assert_eq!(of(&["StopPending", "Stopped"]), Ok(Services::Stopping));
        assert_eq!(of(&["Paused", "Stopped", "StopPending"]), Ok(Services::Draining));
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        assert!(of(&[]).unwrap_err().contains("empty"));
        assert!(of(&["Running", "4"]).unwrap_err().contains("`4`"));
        assert!(read(&json!({ "services": [{ "name": "RTCSRV", "status": 4 }] })).is_err());
        assert!(read(&json!({})).is_err());
        assert!(read(&json!("Running")).is_err());
    }

    #[test]
    fn a_list_of_one_may_arrive_bare() {
        let bare = json!({ "services": { "name": "RTCSRV", "status": "Stopped" } });
        assert_eq!(read(&bare).unwrap().services, Services::Stopped);
    }

    #[test]
    fn what_never_runs_does_not_make_a_front_end_half_stopped() {
        let some = |lyncfe: &str| {
            let others = [
                json!({ "name": "RTCSRV", "status": lyncfe }),
                json!({ "name": "W3SVC", "status": "Running" }),
            ];
            let services: Vec<Value> =
                others.into_iter().chain([json!({ "name": "RTCATS", "status": "Stopped" })]).collect();
            read(&json!({ "services": services })).unwrap()
        };
        let wanted = ["RTCSRV".to_owned()];
        assert_eq!(some("Running").of_a_stop(Some(&wanted)), Services::Running);
        assert_eq!(some("Running").of_a_stop(None), Services::Partly);
        assert_eq!(some("Stopped").of_a_stop(Some(&wanted)), Services::Partly);
        assert_eq!(some("StopPending").of_a_stop(Some(&wanted)), Services::Stopping);
    }

    #[test]
    fn what_a_plan_asks_for_is_looked_for_by_name() {
        let listed = read(&json!({ "services": [
            { "name": "RTCSRV", "status": "StartPending" }, { "name": "W3SVC", "status": "Running" },
        ] }))
        .unwrap();
        assert_eq!(listed.lacks(None).as_deref(), Some("RTCSRV is StartPending"));
        assert_eq!(listed.lacks(Some(&["w3svc".into()])), None);
        assert_eq!(listed.lacks(Some(&["rtcsrv".into()])).as_deref(), Some("RTCSRV is StartPending"));
        assert_eq!(listed.lacks(Some(&["RTCCAA".into()])).as_deref(), Some("there is no service RTCCAA"));
    }
}
