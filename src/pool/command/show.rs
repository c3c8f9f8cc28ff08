//! What would run, for whoever wants to read it before it does.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::words::{About, Words, quoted};
use crate::plan::{
    Action, Command, CommandDriver, FrontEndId, Length, Moment, PartnerCommands, Plan, Restart, Template,
    Where,
};

/// A command, under the key by which the plan names it.
struct Shown {
    name: String,
    when: &'static str,
    command: Command,
    is_of_one: bool,
    /// What its exit codes mean.
    exits: Vec<String>,
}

impl Shown {
    fn of(name: &str, when: &'static str, command: &Command, is_of_one: bool) -> Shown {
        let exits = command.exits.iter().map(|(code, word)| format!("{code}: {word}")).collect();
        Shown { name: name.to_owned(), when, command: command.clone(), is_of_one, exits }
    }

    fn of_action(key: &str, index: usize, when: &'static str, action: &Action) -> Shown {
        let done = action.success.iter().map(|code| format!("{code}: done"));
        let reboot =
            action.reboot.iter().map(|code| format!("{code}: done, and the computer has to restart"));
        Shown {
            name: format!("upgrade.{key}[{index}]: {}", action.name),
            when,
            command: super::actions::command_of(action),
            is_of_one: true,
            exits: done.chain(reboot).collect(),
        }
    }
}

/// Every command that a run of this plan may call, as it would be typed into a shell of POSIX: its words as an example for the
/// first front end, and quoted as that needs it.
pub fn show(plan: &Plan, settings: &CommandDriver) -> String {
    let front_end = FrontEndId(0);
    let host = &plan.front_end(front_end).fqdn;
    let mut text = format!(
        "# Filled in for {host}. No shell reads the words of a command; here they are quoted so that one could.\n"
    );
    let all = all(plan, settings);
    if all.iter().any(|shown| shown.is_of_one && shown.command.at == Where::FrontEnd) {
        let mut ssh = vec![settings.ssh.program.clone()];
        ssh.extend(settings.ssh.words(host));
        ssh.push("sh".into());
        text.push_str("# What runs on the front end is given to a shell there, each word quoted, through a connection that is kept:\n");
        text.push_str(&format!("# {}\n", line(&ssh)));
    }
    for Shown { name, when, command, is_of_one, exits } in all {
        let about = if is_of_one { About::front_end(front_end) } else { About::pool() };
        let words = Words::of(&command, &settings.environment, plan, about);
        let place = if command.at == Where::FrontEnd { "on the front end" } else { "on this computer" };
        text.push_str(&format!("\n#### {name}\n# when:  {when}\n# where: {place}"));
        if let Some(directory) = &words.directory {
            text.push_str(&format!(", in {}", as_typed(directory)));
        }
        if let Some(limit) = command.time_limit {
            text.push_str(&format!("\n# limit: {}", Length::from(limit)));
        }
        if !exits.is_empty() {
            text.push_str(&format!("\n# exits: {}", exits.join("; ")));
        }
        text.push('\n');
        for (name, value) in &words.environment {
            text.push_str(&format!("{name}={} ", as_typed(value)));
        }
        let run: Vec<String> = std::iter::once(words.program).chain(words.arguments).collect();
        text.push_str(&format!("{}\n", line(&run)));
    }
    text
}

/// Programs and directories of commands that run on this computer, and are not there now; in words. Those in which a name stands for
/// something are not looked for.
pub(super) fn absent(plan: &Plan, settings: &CommandDriver) -> Vec<String> {
    let here = all(plan, settings).into_iter().filter(|shown| shown.command.at == Where::Here);
    here.filter_map(|Shown { name, command, is_of_one, .. }| {
        let about = if is_of_one { About::front_end(FrontEndId(0)) } else { About::pool() };
        let words = Words::of(&command, &settings.environment, plan, about);
        let is_fixed = |template: &Template| template.slots().next().is_none();
        let fixed = command.directory.as_ref().filter(|directory| is_fixed(directory));
        let directory =
            fixed.and(words.directory.as_deref()).filter(|directory| !Path::new(directory).is_dir());
        if let Some(directory) = directory {
            return Some(format!("`{name}` runs in `{directory}`, which is no directory on this computer"));
        }
        let path =
            words.environment.iter().rfind(|(name, _)| name == "PATH").map(|(_, path)| OsString::from(path));
        let path = path.or_else(|| std::env::var_os("PATH"));
        let cwd = words.directory.map_or_else(|| ".".into(), PathBuf::from);
        let is_there = which::which_in(&words.program, path, cwd).is_ok();
        (is_fixed(command.run.first()?) && !is_there)
            .then(|| format!("`{name}` runs `{}`, which is no program on this computer", words.program))
    })
    .collect()
}

fn all(plan: &Plan, settings: &CommandDriver) -> Vec<Shown> {
    let CommandDriver { observe, ready, stop, start, restart, accept, partner, claim, .. } = settings;
    let mut all = vec![Shown::of(
        "observe",
        "before the run; at every look at services; to count who is active",
        observe,
        true,
    )];
    let mut maybe = |name, when, command: Option<&Command>, is_of_one| {
        all.extend(command.map(|command| Shown::of(name, when, command, is_of_one)));
    };
    maybe("ready", "before each upgrade domain, and while the pool settles", ready.as_ref(), true);
    maybe("stop", "to stop a front end that is not stopped", Some(stop), true);
    maybe("start", "to start a front end that does not run", Some(start), true);
    let when = match plan.upgrade().restart {
        Restart::Computer => "after the upgrade",
        Restart::Services => "after the upgrade, if an action asked for it",
    };
    maybe("restart", when, restart.as_ref(), true);
    maybe("accept", "when its services run and its ports take connections", accept.as_ref(), true);
    if let Some(claim) = claim {
        maybe("claim.take", "before the run, and when it is taken up", Some(&claim.take), false);
        maybe("claim.release", "when the run is complete or abandoned", Some(&claim.release), false);
    }
    if let Some(PartnerCommands { health, state, fail_over, fail_back }) = partner {
        maybe("partner.health", "before the run, and before the pool is failed over", Some(health), false);
        maybe("partner.state", "before it is failed over or back, and until it is", Some(state), false);
        maybe("partner.fail_over", "to fail the pool over", Some(fail_over), false);
        maybe("partner.fail_back", "to fail it back", Some(fail_back), false);
    }
    for (moment, key, when) in [
        (Moment::BeforeStop, "before_stop", "before the front end is stopped"),
        (Moment::Upgrade, "actions", "when it is proved stopped"),
        (Moment::AfterAccept, "after_accept", "when it accepts connections"),
    ] {
        let actions = plan.upgrade().at(moment).iter().enumerate();
        all.extend(actions.map(|(index, action)| Shown::of_action(key, index, when, action)));
    }
    all
}

fn line(words: &[String]) -> String {
    words.iter().map(|word| as_typed(word)).collect::<Vec<_>>().join(" ")
}

/// A word, quoted only where a shell would read something into it.
fn as_typed(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,@%+=".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) { word.to_owned() } else { quoted(word) }
}
