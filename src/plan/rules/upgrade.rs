//! The upgrade: a version that tells it from its absence, programs that can be started, and no secrets.

use super::{Names, and_at, written};
use crate::document::{Code, Finding, Findings, Span, Spanned};
use crate::plan::written::{ActionText, PlanText};
use crate::plan::{MAX_ACTIONS, MAX_FRONT_ENDS, Product};

/// All actions of a plan with the keys under which they stand.
pub(super) fn actions(text: &PlanText) -> impl Iterator<Item = (String, &ActionText)> {
    let upgrade = &text.upgrade;
    let lists: [(&str, &[ActionText]); 3] = [
        ("upgrade.before_stop", &upgrade.before_stop),
        ("upgrade.actions", &upgrade.actions),
        ("upgrade.after_accept", &upgrade.after_accept),
    ];
    lists.into_iter().flat_map(|(key, actions)| {
        actions.iter().enumerate().map(move |(index, action)| (format!("{key}[{index}]"), action))
    })
}

/// All front ends together have no more actions than can be compiled. Of more front ends than a plan may have enough is
/// said already.
pub(super) fn amount(text: &PlanText, _: &Names, findings: &mut Findings) {
    let front_ends: usize = text.pool.upgrade_domains.iter().map(|domain| domain.front_ends.len()).sum();
    let each = actions(text).count();
    let all = front_ends * each;
    let Some((_, first)) = actions(text).next().filter(|_| front_ends <= MAX_FRONT_ENDS && all > MAX_ACTIONS)
    else {
        return;
    };
    findings.push(
        Finding::new(
            Code::TooManyActions,
            format!(
                "{front_ends} front ends with {each} actions each have {all} of them; a plan may have at most {MAX_ACTIONS}"
            ),
            "let one program do what several do, or split the pool over several plans",
        )
        .at(first.program.span(), "the first of them"),
    );
}

/// Without a version nobody can tell whether an upgrade took place.
pub(super) fn version(text: &PlanText, _: &Names, findings: &mut Findings) {
    let upgrade = &text.upgrade;
    let Some(first) = upgrade.actions.first().filter(|_| upgrade.version.is_none()) else { return };
    findings.push(
        Finding::new(
            Code::VersionMissing,
            "`upgrade.version` is missing: front ends that are already upgraded cannot be told from the others, and an upgrade \
             in doubt needs a person",
            "add `version` to `upgrade`: the version that is there afterwards",
        )
        .at(first.program.span(), "what this installs cannot be observed"),
    );
}

/// Programs can be handed to an operating system.
pub(super) fn programs(text: &PlanText, _: &Names, findings: &mut Findings) {
    for (key, action) in actions(text) {
        let program = &action.program;
        let fault = if program.trim().is_empty() {
            Some(("is blank".to_owned(), "write the path of the program"))
        } else if program.trim().len() != program.len() {
            Some(("begins or ends with white space".to_owned(), "remove the white space"))
        } else if program.starts_with('"') || program.ends_with('"') {
            let help =
                "write the path alone: the program is never given to a shell, so that spaces need no quotes";
            Some(("is in quotes".to_owned(), help))
        } else {
            let wrong = program.chars().find(|c| c.is_control());
            let help = "write the path on one line, its arguments in `arguments`";
            wrong.map(|wrong| (format!("contains `{}`", wrong.escape_default()), help))
        };
        if let Some((what, help)) = fault {
            let message = format!("the program of `{key}` {what}");
            findings
                .push(Finding::new(Code::ProgramMalformed, message, help).at(program.span(), "no program"));
        }
    }
}

/// A plan lies in git and its copy in every run folder: whoever reads those reads a secret in it. The message never
/// repeats what it found.
pub(super) fn secrets(text: &PlanText, _: &Names, findings: &mut Findings) {
    for (key, action) in actions(text) {
        if secret_within(&action.program) {
            findings.push(secret(&key, action.program.span()));
        }
        for place in secrets_among(&action.arguments) {
            findings.push(secret(&key, place));
        }
    }
}

/// Where words of a command line look like secrets.
pub(super) fn secrets_among(words: &[Spanned<String>]) -> impl Iterator<Item = Span> {
    words.iter().enumerate().filter_map(|(index, word)| {
        let follows = || words.get(index + 1).filter(|next| secret_follows(word, next)).map(Spanned::span);
        if secret_within(word) { Some(word.span()) } else { follows() }
    })
}

pub(super) fn secret(key: &str, place: Span) -> Finding {
    Finding::new(
        Code::SecretInPlan,
        format!("an argument of `{key}` looks like a secret, and no secret has a place in a plan"),
        "let the program read it from a protected file or the credential store of the server; if this one is real, change it",
    )
    .at(place, "looks like a secret")
}

/// What the name of an option that carries a secret ends in: `SQLSVCPASSWORD`, `--client-secret`.
const SECRETS: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "pass",
    "secret",
    "apikey",
    "accesskey",
    "accountkey",
    "token",
    "credential",
];

/// `/password:x`, `--password=x`, `Server=s;Pwd=x`.
fn secret_within(argument: &str) -> bool {
    // `https://user:secret@server`
    let in_address =
        argument.split_once("://").and_then(|(_, rest)| rest.split(['/', '?']).next()?.split_once('@'));
    if in_address.is_some_and(|(user, _)| user.split_once(':').is_some_and(|(_, secret)| !secret.is_empty()))
    {
        return true;
    }
    argument.split([';', '&', ' ', '?']).any(|part| {
        let Some((name, value)) = part.split_once(['=', ':']) else { return false };
        names_secret(name) && !value.trim_matches(['"', '\'']).is_empty()
    })
}

/// `--password x`: the secret is the next argument.
fn secret_follows(argument: &str, next: &str) -> bool {
    argument.starts_with(['-', '/'])
        && names_secret(argument)
        && !next.is_empty()
        && !next.starts_with(['-', '/'])
}

fn names_secret(option: &str) -> bool {
    let option = option.trim_start_matches(['-', '/', '"', '\'']);
    let plain: String =
        option.chars().filter(|c| !matches!(c, '-' | '_')).collect::<String>().to_ascii_lowercase();
    SECRETS.iter().any(|secret| plain.ends_with(secret))
}

/// Databases that the product has, on a server that can be named.
pub(super) fn databases(text: &PlanText, _: &Names, findings: &mut Findings) {
    let Some(databases) = &text.databases else { return };
    let server = &databases.sql_server;
    super::names::host_form(text, server, "the server of the databases", findings);
    if *text.product == Product::Generic {
        let message = "`databases` are those of Lync Server and Skype for Business Server, and the product is `generic`";
        let help = "remove it; what a generic pool needs at its end is an action, or a plan of its own";
        findings.push(
            Finding::new(Code::DatabasesMisplaced, message, help)
                .at(server.span(), "of no pool that poolroll knows")
                .at(text.product.span(), "has none"),
        );
    }
}

/// An action can succeed, and no exit code has two meanings.
pub(super) fn exit_codes(text: &PlanText, _: &Names, findings: &mut Findings) {
    for (key, action) in actions(text) {
        if action.success.is_empty() {
            findings.push(
                Finding::new(
                    Code::SuccessEmpty,
                    format!(
                        "`{key}.success` lists no exit code: the action could succeed only by asking for a restart"
                    ),
                    "write `[0]`, or remove it, which means the same",
                )
                .at(action.success.span(), "no exit code"),
            );
        }
        for code in action.reboot.iter() {
            let Some(success) = action.success.iter().find(|success| ***success == **code) else { continue };
            let help = if written(&action.reboot) {
                "keep it in one of `success` and `reboot`"
            } else {
                "it is in `reboot` by default: remove it from `success`, or write `reboot` with the codes that ask for a restart"
            };
            let finding = Finding::new(
                Code::ExitCodeTwoMeanings,
                format!("exit code {} of `{key}` means both success and a restart", **code),
                help,
            );
            findings.push(places(finding, code, success));
        }
    }
}

/// One of the two lists may be a default, which has no place.
fn places(finding: Finding, reboot: &Spanned<i32>, success: &Spanned<i32>) -> Finding {
    and_at(and_at(finding, reboot, "asks for a restart"), success, "means success")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        for argument in [
            "/password:hunter2",
            "--password=hunter2",
            "Server=sql01;User Id=sa;Pwd=hunter2",
            "-ClientSecret:abc",
            "https://host/x?api_key=abc",
            "SQLSVCPASSWORD=hunter2",
            "/SAPWD=hunter2",
            "https://user:hunter2@host/",
            "setup.exe /password:hunter2",
        ] {
            assert!(secret_within(argument), "{argument}");
        }
        assert!(secret_follows("-Password", "hunter2"));
    }

    #[test]
    fn what_only_sounds_like_one_is_none() {
        for argument in
            ["/silentmode", "/passwordfile:C:\\x", "--password=", "/log:C:\\pwd.txt", "PWDLEN=12", "/p:token"]
        {
            assert!(!secret_within(argument), "{argument}");
        }
        assert!(!secret_follows("-Password", "-Prompt"));
        assert!(!secret_follows("password", "hunter2"));
    }
}
