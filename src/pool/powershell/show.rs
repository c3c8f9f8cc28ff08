//! What would run, for whoever wants to read it before it does.

use serde_json::{Value, json};

use super::acts::DATABASES;
use super::engines::{self, Place};
use super::flows::Flow;
use super::scripts::{self, Script};
use crate::plan::{AfterDrain, FrontEndId, Mode, Moment, Plan, PowerShell, Product};

/// A script, when it runs, where, and what it is given.
struct Shown {
    script: Script,
    when: &'static str,
    place: &'static str,
    arguments: Value,
}

/// Every script that a run of this plan may call, each with its arguments as an example for the first front end; and how an
/// engine is started.
pub fn show(plan: &Plan, settings: &PowerShell) -> String {
    let flow = Flow::new(plan.clone().into(), settings.clone(), "RUN".into(), super::REST);
    let front_end = FrontEndId(0);
    let mut text = String::from(
        "# Engines are started once and kept. Each is given bootstrap.ps1 on its command line, reads marks.ps1 and engine.ps1 as its first line,\n# and then a line for each call: the number of the call, the name of the script, its arguments.\n",
    );
    for (what, place) in
        [("a front end", Place::FrontEnd(front_end)), ("the management tools", Place::Management)]
    {
        let launch = engines::launch(plan, settings, place);
        let mut words = launch.arguments;
        if let Some(last) = words.last_mut() {
            *last = "BOOTSTRAP".into();
        }
        text.push_str(&format!("#\n# for {what}: {} {}\n", launch.program, words.join(" ")));
        if let Some(session) = launch.session {
            text.push_str(&format!("# which opens a session with {session}\n"));
        }
    }
    for (name, body) in [("bootstrap", scripts::BOOTSTRAP), ("marks and engine", scripts::ENGINE)] {
        section(&mut text, name, body);
    }
    for shown in flow.shown(front_end) {
        text.push_str(&format!(
            "\n#### {}.ps1\n# when:      {}\n# where:     {}\n# arguments: {}\n\n{}",
            shown.script.name, shown.when, shown.place, shown.arguments, shown.script.text
        ));
    }
    text
}

fn section(text: &mut String, name: &str, body: &str) {
    text.push_str(&format!("\n#### {name}\n\n{body}"));
}

impl Flow {
    /// What a script is given that begins something.
    fn begun(&self, step: &str, arguments: Value) -> Value {
        self.of_step(step, arguments, "TOKEN")
    }

    fn shown(&self, front_end: FrontEndId) -> Vec<Shown> {
        let plan = &self.plan;
        let on = "on the front end";
        let tools = "where the management tools are";
        let module = json!({ "module": self.module() });
        let mut shown = vec![
            Shown {
                script: scripts::FRONT_END,
                when: "before the run; at every look at services; while it is accepted; to count who is active",
                place: on,
                arguments: json!({ "module": self.module(), "versions": self.versions() }),
            },
            Shown {
                script: scripts::READINESS,
                when: "before each upgrade domain, and while the pool settles",
                place: "on a front end outside of the upgrade domain",
                arguments: json!({ "module": self.module(), "cmdlet": self.readiness_cmdlet() }),
            },
        ];
        if self.settings.compare_fabric {
            shown.push(Shown {
                script: scripts::FABRIC,
                when: "while the pool settles, when it says that it is ready",
                place: "on a front end",
                arguments: self.own_pool(),
            });
        }
        if self.needs_reach() {
            shown.push(Shown {
                script: scripts::REACH,
                when: "before the run",
                place: tools,
                arguments: module.clone(),
            });
        }
        if self.fails_over(plan.mode()) {
            shown.push(Shown {
                script: scripts::COMPUTER_FAILOVER,
                when: "to stop a front end, and with `back` to start it",
                place: tools,
                arguments: self.begun(&self.failover_step(front_end, false), self.computer(front_end, false)),
            });
        }
        let hardens = plan.drain().then == AfterDrain::Immediate;
        if !self.fails_over(plan.mode()) || plan.failover().is_some() || hardens {
            let graceful = plan.mode() == Mode::Graceful;
            let stop = json!({ "module": self.module(), "graceful": graceful });
            shown.push(Shown {
                script: scripts::STOP_SERVICES,
                when: "to stop a front end",
                place: on,
                arguments: self.begun(&self.stop_step(front_end, plan.mode()), stop),
            });
        }
        if !plan.upgrade().actions.is_empty() {
            let step = self.mark(front_end, Moment::Upgrade, 0);
            for (script, when) in [
                (scripts::PERFORM, "for each action of the plan"),
                (scripts::KEEPER, "in a process of its own, begun by perform.ps1"),
                (scripts::PERFORM_SEEN, "while an action goes on, and at every look at one"),
            ] {
                shown.push(Shown {
                    script,
                    when,
                    place: on,
                    arguments: self.begun(&step, self.action(Moment::Upgrade, 0)),
                });
            }
        }
        if !(plan.upgrade().before_stop.is_empty() && plan.upgrade().after_accept.is_empty()) {
            shown.push(Shown {
                script: scripts::FORGET,
                when: "when what an action did has been undone",
                place: on,
                arguments: self.begun(&self.start_step(front_end), json!({ "steps": ["after_accept"] })),
            });
        }
        if plan.databases().is_some() {
            for (script, when) in [
                (
                    scripts::DATABASES_SEEN,
                    "when a person has approved that the databases are updated, and after it",
                ),
                (scripts::DATABASES, "to update them, if one is old"),
            ] {
                let arguments = self.begun(DATABASES, self.databases());
                shown.push(Shown { script, when, place: tools, arguments });
            }
        }
        let start = self.start_step(front_end);
        for (script, when) in [
            (scripts::FENCE, "before a step is begun, and at every look whether it was"),
            (scripts::MARKED, "while something goes on that was begun"),
        ] {
            let (place, arguments) = ("where the step is begun", self.begun(&start, json!({})));
            shown.push(Shown { script, when, place, arguments });
        }
        for (script, when) in
            [(scripts::RESTART, "after the upgrade"), (scripts::RESTART_SEEN, "until the computer is back")]
        {
            let arguments = self.begun(&self.restart_step(front_end), self.restart(front_end));
            shown.push(Shown { script, when, place: on, arguments });
        }
        if plan.product() != Product::LyncServer2013 {
            shown.push(Shown {
                script: scripts::DISABLED,
                when: "before a front end is started",
                place: on,
                arguments: module.clone(),
            });
        }
        shown.push(Shown {
            script: scripts::START_SERVICES,
            when: "to start a front end that is not failed over",
            place: on,
            arguments: self.begun(&start, module),
        });
        if !plan.acceptance().ports.is_empty() {
            shown.push(Shown {
                script: scripts::PORTS,
                when: "when its services run",
                place: on,
                arguments: self.ports(front_end),
            });
        }
        if let Some(failover) = plan.failover() {
            shown.push(Shown {
                script: scripts::PARTNER,
                when: "before the run, and before it fails over",
                place: tools,
                arguments: self.both_pools(&failover.partner),
            });
            for (script, when) in [
                (scripts::POOL_FAILOVER, "to fail the pool over, and with `back` to fail it back"),
                (scripts::POOL_STATE, "until it is failed over or back"),
            ] {
                let arguments = self.begun(&self.pool_step(false), self.pool(false));
                shown.push(Shown { script, when, place: tools, arguments });
            }
        }
        shown
    }
}
