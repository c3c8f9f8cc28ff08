//! Secrets that a plan names and does not hold.

use std::process::Stdio;
use std::time::Duration;

use secrecy::SecretString;
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::plan::SecretFrom;

/// How long a program may take to print a secret.
const WITHIN: Duration = Duration::from_secs(60);
/// The longest secret, in bytes.
const LONGEST: u64 = 16 << 10;

/// A secret, read when it is first needed, and once.
#[derive(Debug)]
pub struct Secret {
    from: SecretFrom,
    value: OnceCell<SecretString>,
}

impl Secret {
    pub fn new(from: SecretFrom) -> Secret {
        Secret { from, value: OnceCell::new() }
    }

    /// The secret itself.
    ///
    /// # Errors
    ///
    /// Why it cannot be had, in words that hold nothing of it.
    pub async fn reveal(&self) -> Result<&SecretString, String> {
        self.value.get_or_try_init(|| read(&self.from)).await
    }
}

async fn read(from: &SecretFrom) -> Result<SecretString, String> {
    let (text, source) = match from {
        SecretFrom::Environment(name) => {
            let source = format!("the environment variable `{name}`");
            match std::env::var(name) {
                Ok(text) => (text, source),
                Err(std::env::VarError::NotPresent) => return Err(format!("{source} is not set")),
                Err(std::env::VarError::NotUnicode(_)) => return Err(format!("{source} is no text")),
            }
        }
        SecretFrom::Command(words) => {
            let program = words.first().map_or("", String::as_str);
            let source = format!("`{program}`, which prints the password,");
            let printed = tokio::time::timeout(WITHIN, printed(words)).await;
            let printed =
                printed.unwrap_or_else(|_| Err(format!("did not end within {} seconds", WITHIN.as_secs())));
            (printed.map_err(|why| format!("{source} {why}"))?, source)
        }
    };
    if text.is_empty() {
        return Err(format!("{source} is empty"));
    }
    Ok(SecretString::from(text))
}

/// What a program prints, without the line end after it. What it says on stderr is for whoever runs it by hand: it may hold the secret.
async fn printed(words: &[String]) -> Result<String, String> {
    let Some((program, arguments)) = words.split_first() else { return Err("names no program".into()) };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("cannot be started: {error}"))?;
    let mut bytes = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        let read = stdout.take(LONGEST + 1).read_to_end(&mut bytes).await;
        read.map_err(|error| format!("cannot be read: {error}"))?;
    }
    if bytes.len() as u64 > LONGEST {
        return Err(format!("printed more than {LONGEST} bytes"));
    }
    let status = child.wait().await.map_err(|error| format!("cannot be waited for: {error}"))?;
    if !status.success() {
        return Err(match status.code() {
            Some(code) => format!("ended with {code}"),
            None => "was ended".into(),
        });
    }
    let mut text = String::from_utf8(bytes).map_err(|_| "printed no text")?;
    while text.ends_with(['\n', '\r']) {
        text.pop();
    }
    Ok(text)
}

#[cfg(all(test, unix))]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn revealed(words: &[&str]) -> Result<String, String> {
        let from = SecretFrom::Command(words.iter().map(|word| (*word).to_owned()).collect());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let secret = Secret::new(from);
            let text = secret.reveal().await.map(|text| text.expose_secret().to_owned());
            assert!(!format!("{secret:?}").contains("hunter"), "{secret:?}");
            text
        })
    }

    #[test]
    fn a_secret_is_what_a_program_prints_without_its_line_end() {
        assert_eq!(revealed(&["sh", "-c", "printf ' \\150unter 2\\r\\n'"]), Ok(" hunter 2".into()));
    }

    #[test]
    fn a_secret_that_cannot_be_had_is_told_without_it() {
        let why = |words: &[&str]| revealed(words).unwrap_err();
        assert_eq!(
            why(&["sh", "-c", "printf '\\150unter2'; exit 3"]),
            "`sh`, which prints the password, ended with 3"
        );
        assert!(why(&["sh", "-c", ":"]).ends_with("is empty"));
        assert!(why(&["/no/such/program"]).contains("cannot be started"));
        assert!(why(&["sh", "-c", "head -c 20000 /dev/zero"]).contains("printed more than"));
        let unset = SecretFrom::Environment("POOLROLL_TEST_IS_NOT_SET".into());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let why = runtime.block_on(async { Secret::new(unset).reveal().await.map(drop) });
        assert_eq!(why.unwrap_err(), "the environment variable `POOLROLL_TEST_IS_NOT_SET` is not set");
    }
}
