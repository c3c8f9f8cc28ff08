//! The words of a command, once it is known what it is about.

use crate::plan::{Command, DomainId, FrontEndId, Mode, Plan, Slot, Template};

/// What a command is about.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct About {
    pub(super) front_end: Option<FrontEndId>,
    pub(super) domain: Asked,
    pub(super) mode: Option<Mode>,
}

/// Which upgrade domain a command is about.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Asked {
    /// That of its front end.
    #[default]
    Own,
    /// The one that is asked about; none while the pool settles.
    About(Option<DomainId>),
}

impl About {
    pub(super) fn pool() -> About {
        About::default()
    }

    pub(super) fn front_end(front_end: FrontEndId) -> About {
        About { front_end: Some(front_end), ..About::default() }
    }
}

/// A command, word by word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) program: String,
    pub(super) arguments: Vec<String>,
    pub(super) environment: Vec<(String, String)>,
    pub(super) directory: Option<String>,
}

impl Words {
    pub(super) fn of(command: &Command, common: &[(String, Template)], plan: &Plan, about: About) -> Words {
        let filled = |template: &Template| template.filled(|slot| value(slot, plan, about));
        let mut run = command.run.iter().map(filled);
        Words {
            program: run.next().unwrap_or_default(),
            arguments: run.collect(),
            environment: common
                .iter()
                .chain(&command.environment)
                .map(|(name, template)| (name.clone(), filled(template)))
                .collect(),
            directory: command.directory.as_ref().map(filled),
        }
    }
}

/// What a name stands for; nothing where there is none.
fn value(slot: Slot, plan: &Plan, about: About) -> String {
    let of_front_end = |front_end: FrontEndId| plan.front_end(front_end);
    match slot {
        Slot::FrontEnd => about.front_end.map(|id| of_front_end(id).fqdn.clone()).unwrap_or_default(),
        Slot::Domain => {
            let domain = match about.domain {
                Asked::Own => about.front_end.map(|id| of_front_end(id).domain),
                Asked::About(domain) => domain,
            };
            domain.map(|id| plan.domain(id).name.clone()).unwrap_or_default()
        }
        Slot::Pool => plan.pool().fqdn.clone(),
        Slot::Partner => plan.failover().map(|failover| failover.partner.clone()).unwrap_or_default(),
        Slot::Mode => match about.mode.unwrap_or(plan.mode()) {
            Mode::Graceful => "graceful".to_owned(),
            Mode::Immediate => "immediate".to_owned(),
        },
    }
}

/// A word for a shell of POSIX, whatever is in it: nothing between single quotes means anything.
pub(super) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn no_word_means_anything_to_a_shell() {
        let words = [
            "",
            " ",
            "a b",
            "'",
            "''",
            "\\",
            "\\'",
            "\"",
            "$(touch pwned)",
            "`touch pwned`",
            "; touch pwned",
            "&& x",
            "| x",
            "> pwned",
            "*",
            "~",
            "$HOME",
            "!!",
            "a\nb",
            "\t",
            "-n",
            "--",
            "\u{2019}; touch pwned",
            "äöü𝄞",
            "#",
            "\u{1b}[31m",
            "%s%n",
        ];
        let line: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        let script = format!("printf '%s\\0' {}", line.join(" "));
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        let expected: String = words.iter().map(|word| format!("{word}\0")).collect();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    }
}
