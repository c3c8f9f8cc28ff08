//! What commands answer: one JSON object on stdout, or an exit code to which the plan gives a meaning.
//!
//! What is not understood whole is no answer, and is shown as it came. An empty answer with exit code 0 means nothing.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::local::{Ended, Output};
use crate::plan::Command;
use crate::plan::present;
use crate::twin::{PoolState, Services};

/// What a front end says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// The state of its services, taken together.
    pub services: ServicesWord,
    /// Whether its users reach it while its services run. Left out: they do. `false`: it is out of the load balancer, say.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [false]))]
    pub active: Option<bool>,
    /// The version that is installed.
    #[serde(default, deserialize_with = "bare", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["7.0.2046.530"]))]
    pub version: Option<String>,
    /// What names the present boot of its computer: a time, or an id.
    #[serde(default, deserialize_with = "bare", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["2026-12-06T03:04:05Z"]))]
    pub boot: Option<String>,
    /// The answer in words, for people.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["two sessions are left"]))]
    pub text: Option<String>,
}

impl Observed {
    /// Whether it serves users: its services run, and nobody says that they reach no user.
    pub(super) fn is_active(&self) -> bool {
        Services::from(self.services) == Services::Running && self.active != Some(false)
    }
}

/// A word that is compared: whoever prints the line of a file means it without its end.
fn bare<'de, D: Deserializer<'de>>(written: D) -> Result<Option<String>, D::Error> {
    let word: Option<String> = present(written)?;
    let word = word.map(|word| word.trim().to_owned());
    match &word {
        Some(word) if word.is_empty() || word.contains(char::is_control) => {
            Err(serde::de::Error::custom(format!("`{}` is no word", word.escape_debug())))
        }
        _ => Ok(word),
    }
}

/// The state of the services of a front end, taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServicesWord {
    /// All of them run.
    Running,
    /// They run, refuse new connections and wait for the existing ones to end.
    Draining,
    /// They are stopping.
    Stopping,
    /// None of them runs.
    Stopped,
    /// They are starting.
    Starting,
    /// Some run, some do not, and nothing goes on.
    Partly,
}

impl From<ServicesWord> for Services {
    fn from(word: ServicesWord) -> Services {
        match word {
            ServicesWord::Running => Services::Running,
            ServicesWord::Draining => Services::Draining,
            ServicesWord::Stopping => Services::Stopping,
            ServicesWord::Stopped => Services::Stopped,
            ServicesWord::Starting => Services::Starting,
            ServicesWord::Partly => Services::Partly,
        }
    }
}

/// Whether the pool can lose an upgrade domain, or has settled.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// The state of the pool.
    pub state: ReadyWord,
    /// Whether the domain that was asked about may be taken.
    #[serde(default = "yes")]
    pub domain: bool,
    /// Front ends that are not active. Left out: `observe` is asked.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [["web2"]]))]
    pub inactive: Option<Vec<String>>,
    /// The answer in words, for people.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["two sessions are left"]))]
    pub text: Option<String>,
}

fn yes() -> bool {
    true
}

/// The state of a pool that is asked whether it is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadyWord {
    /// It can lose the domain.
    Ready,
    /// Not now: ask again.
    Busy,
    /// Too few front ends are active: it is in trouble.
    Insufficient,
}

/// Whether a front end accepts connections.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accepts {
    /// It does, or not (yet).
    #[schemars(extend("examples" = [true]))]
    pub accepts: bool,
    /// The answer in words, for people.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["two sessions are left"]))]
    pub text: Option<String>,
}

/// Whether the partner can take the pool over.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// It can, or not.
    pub health: HealthWord,
    /// The answer in words, for people.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["two sessions are left"]))]
    pub text: Option<String>,
}

/// The health of a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthWord {
    /// It can take the pool over now.
    Healthy,
    /// It cannot.
    Unhealthy,
}

/// Who serves the users of the pool.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stands {
    /// The state of the pool.
    pub state: PoolWord,
    /// The answer in words, for people.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["two sessions are left"]))]
    pub text: Option<String>,
}

/// The state of a pool with a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PoolWord {
    /// It serves its users itself.
    Active,
    /// It is failing over.
    FailingOver,
    /// The partner serves them.
    FailedOver,
    /// It is failing back.
    FailingBack,
}

impl From<PoolWord> for PoolState {
    fn from(word: PoolWord) -> PoolState {
        match word {
            PoolWord::Active => PoolState::Active,
            PoolWord::FailingOver => PoolState::FailingOver,
            PoolWord::FailedOver => PoolState::FailedOver,
            PoolWord::FailingBack => PoolState::FailingBack,
        }
    }
}

/// What `answers` of a command may be, for the published schema.
#[derive(Deserialize, JsonSchema)]
#[schemars(title = "poolroll answer")]
#[serde(untagged)]
#[allow(dead_code, reason = "a schema is made from it, and nothing else")]
pub enum AnyAnswer {
    /// The answer of `observe`.
    Observe(Observed),
    /// The answer of `ready`.
    Ready(Ready),
    /// The answer of `accept`.
    Accept(Accepts),
    /// The answer of `partner.health`.
    Health(Health),
    /// The answer of `partner.state`.
    State(Stands),
}

/// An answer that has one word which says it all.
pub(super) trait Worded: DeserializeOwned {
    /// The object that an exit code stands for.
    fn of_word(word: &str) -> serde_json::Value;
}

impl Worded for Observed {
    fn of_word(word: &str) -> serde_json::Value {
        json!({ "services": word })
    }
}

impl Worded for Ready {
    fn of_word(word: &str) -> serde_json::Value {
        json!({ "state": word })
    }
}

impl Worded for Accepts {
    fn of_word(word: &str) -> serde_json::Value {
        json!({ "accepts": word == "good" })
    }
}

impl Worded for Health {
    fn of_word(word: &str) -> serde_json::Value {
        json!({ "health": word })
    }
}

impl Worded for Stands {
    fn of_word(word: &str) -> serde_json::Value {
        json!({ "state": word })
    }
}

/// The answer in what a command came to.
///
/// # Errors
///
/// There is none that is understood; what there is, in words.
pub(super) fn read<T: Worded>(command: &Command, output: &Output) -> Result<T, String> {
    let code = match &output.ended {
        Ended::Code(code) => *code,
        Ended::Killed => return Err(format!("it was ended by a signal{}", said(output))),
        Ended::Lost(why) => return Err(format!("{why}{}", said(output))),
    };
    if !command.exits.is_empty() {
        let Some(word) = command.exits.get(&code) else {
            return Err(format!("exit code {code} means nothing to the plan{}", said(output)));
        };
        return serde_json::from_value(T::of_word(word)).map_err(|error| error.to_string());
    }
    if code != 0 {
        return Err(format!("it ended with {code}{}", said(output)));
    }
    let Some(bytes) = output.stdout.whole() else {
        return Err("it printed more than an answer can be".into());
    };
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(format!("it printed nothing, and that means nothing{}", said(output)));
    }
    serde_json::from_slice(bytes).map_err(|error| format!("its answer is none ({error}){}", said(output)))
}

/// The end of what a command printed, for people: of its errors if it has some.
pub(super) fn said(output: &Output) -> String {
    let (errors, printed) = (output.stderr.text(), output.stdout.text());
    let text = if errors.trim().is_empty() { printed } else { errors };
    let text = text.trim();
    let from = text.char_indices().rev().nth(399).map_or(0, |(at, _)| at);
    let shown: String = text[from..].chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if shown.is_empty() { String::new() } else { format!(": `{shown}`") }
}

#[cfg(test)]
mod tests {
    use super::super::output::Kept;
    use super::*;
    use crate::plan::{Template, Where};

    fn output(code: i32, stdout: &str) -> Output {
        let mut kept = Kept::default();
        kept.push(stdout.as_bytes());
        Output { ended: Ended::Code(code), stdout: kept, stderr: Kept::default() }
    }

    fn command(exits: &[(i32, &str)]) -> Command {
        Command {
            run: vec![Template::literal("x")],
            at: Where::Here,
            directory: None,
            environment: Vec::new(),
            time_limit: None,
            exits: exits.iter().map(|(code, word)| (*code, (*word).to_owned())).collect(),
        }
    }

    #[test]
    fn a_version_is_a_word_without_the_end_of_its_line() {
        let told = |json: &str| serde_json::from_str::<Observed>(json).map(|observed| observed.version);
        assert_eq!(told(r#"{"services": "running", "version": " 2\r\n"}"#).unwrap().as_deref(), Some("2"));
        for version in [r#"" \n""#, r#""2\n3""#, "null", "2"] {
            assert!(
                told(&format!(r#"{{"services": "running", "version": {version}}}"#)).is_err(),
                "{version}"
            );
        }
    }

    #[test]
    fn one_object_is_an_answer() {
        let json = "{\"services\": \"stopped\", \"version\": \"2\"}\n";
        let observed: Observed = read(&command(&[]), &output(0, json)).unwrap();
        assert_eq!((observed.services, observed.version.as_deref()), (ServicesWord::Stopped, Some("2")));
    }

    #[test]
    fn what_is_not_understood_whole_is_none_and_is_shown() {
        for (code, stdout, why) in [
            (0, "", "printed nothing, and that means nothing"),
            (0, " \n", "printed nothing"),
            (0, "running", "`running`"),
            (0, "{}", "missing field `services`"),
            (0, "{\"services\": \"well\"}", "unknown variant"),
            (0, "{\"services\": \"running\", \"more\": 1}", "unknown field"),
            (0, "{\"services\": \"running\"} {\"services\": \"running\"}", "trailing"),
            (0, "[]", "its answer is none"),
            (3, "{\"services\": \"running\"}", "it ended with 3"),
        ] {
            let said = read::<Observed>(&command(&[]), &output(code, stdout)).unwrap_err();
            assert!(said.contains(why), "{stdout}: {said}");
        }
    }

    #[test]
    fn exit_codes_mean_what_the_plan_says_and_nothing_else() {
        let command = command(&[(0, "running"), (3, "stopped")]);
        let seen = |code| read::<Observed>(&command, &output(code, "noise")).map(|seen| seen.services);
        assert_eq!(seen(0), Ok(ServicesWord::Running));
        assert_eq!(seen(3), Ok(ServicesWord::Stopped));
        assert_eq!(seen(255), Err("exit code 255 means nothing to the plan: `noise`".into()));
    }

    #[test]
    fn every_word_of_the_rules_is_one_of_the_answers() {
        use crate::plan::words;
        let is = |value: serde_json::Value, word: &str| assert!(!value.is_null(), "{word}");
        for word in words::SERVICES {
            is(
                serde_json::json!(
                    serde_json::from_value::<Observed>(Observed::of_word(word)).is_ok().then_some(1)
                ),
                word,
            );
        }
        for word in words::STATES {
            is(
                serde_json::json!(serde_json::from_value::<Ready>(Ready::of_word(word)).is_ok().then_some(1)),
                word,
            );
        }
        for word in words::HEALTH {
            is(
                serde_json::json!(
                    serde_json::from_value::<Health>(Health::of_word(word)).is_ok().then_some(1)
                ),
                word,
            );
        }
        for word in words::POOL_STATES {
            is(
                serde_json::json!(
                    serde_json::from_value::<Stands>(Stands::of_word(word)).is_ok().then_some(1)
                ),
                word,
            );
        }
        let [good, not_yet] =
            words::ACCEPTS.map(|word| serde_json::from_value::<Accepts>(Accepts::of_word(word)).unwrap());
        assert!(good.accepts && !not_yet.accepts);
    }
}
