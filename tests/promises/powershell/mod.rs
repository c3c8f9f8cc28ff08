//! Promise: pools of Lync Server and Skype for Business Server are rolled through PowerShell, by the scripts that the program
//! carries.
//!
//! The engine is a real one; behind the cmdlets is the pool of `tests/beds/powershell`, and `ssh` is a stand-in that starts
//! the engine here as the computer that was asked for. Where `pwsh` is not on PATH these tests are skipped by name.

mod guards;
mod hostile;
mod journal;
mod language;
mod live;
mod nights;
mod rolls;
mod sshd;
mod values;

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::commands::poolroll;
pub use crate::commands::{journals, said};
use crate::golden;

/// Where PATH finds a program.
pub fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    // Servers are where an ordinary PATH does not look.
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Whether a program is there; says by name which test is skipped when it is not.
pub fn has(program: &str, test: &str) -> bool {
    let there = found(program).is_some();
    if !there {
        println!("skipped: {test}: needs `{program}` on PATH");
    }
    there
}

/// What tells the runtime of an engine not to compile anew what it has compiled: an engine of a test ends before that pays, and
/// half of its processor time went there. (`tests/beds/powershell/enter` says the same to those on front ends.)
pub const SHORT_LIVED: [(&str, &str); 2] =
    [("DOTNET_TieredPGO", "0"), ("DOTNET_TC_CallCountingDelayMs", "EA60")];

/// A pool in a folder of its own.
pub struct Bed {
    pub dir: tempfile::TempDir,
}

/// What a bed's pool is.
#[derive(Clone, Copy)]
pub enum Product {
    Lync,
    Skype,
}

impl Product {
    fn name(self) -> &'static str {
        match self {
            Product::Lync => "lync_server_2013",
            Product::Skype => "skype_for_business_2019",
        }
    }

    pub fn version(self) -> &'static str {
        match self {
            Product::Lync => "5.0.8308.1149",
            Product::Skype => "7.0.2046.530",
        }
    }

    fn old_version(self) -> &'static str {
        match self {
            Product::Lync => "5.0.8308.0",
            Product::Skype => "7.0.2046.0",
        }
    }
}

fn file(name: &str) -> String {
    golden::at("tests/beds/powershell").join(name).display().to_string()
}

impl Bed {
    /// A pool of three front ends, each a domain of its own.
    pub fn new(product: Product) -> Bed {
        let bed = Bed { dir: tempfile::tempdir().unwrap() };
        let text = std::fs::read_to_string(golden::at("tests/beds/powershell/state.json")).unwrap();
        let mut state: Value = serde_json::from_str(&text).unwrap();
        state["version"] = json!(product.old_version());
        std::fs::write(bed.path("planned_version"), product.version()).unwrap();
        bed.write(&state);
        bed
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, state: &Value) {
        std::fs::write(self.path("state.json"), state.to_string()).unwrap();
    }

    pub fn state(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.path("state.json")).unwrap()).unwrap()
    }

    pub fn change(&self, change: impl FnOnce(&mut Value)) {
        let mut state = self.state();
        change(&mut state);
        self.write(&state);
    }

    /// What was called that changes something, in order.
    pub fn calls(&self) -> Vec<String> {
        let state = self.state();
        state["calls"].as_array().unwrap().iter().map(|call| call.as_str().unwrap().to_owned()).collect()
    }

    pub fn installed(&self, front_end: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.path(front_end).join("installed")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The command, as a user of this pool runs it.
    pub fn poolroll(&self, args: &[&str]) -> Command {
        let mut command = poolroll(self.dir.path(), args);
        command.env("POOLROLL_BED", self.dir.path()).env("PSModulePath", file("modules"));
        command.envs(SHORT_LIVED);
        // Where the management tools are.
        command.env("ProgramData", self.path("ProgramData"));
        command
    }

    /// Writes a plan of this pool, with what `more` adds at its end.
    pub fn plan(&self, product: Product, more: &str) {
        std::fs::write(self.path("plan.yaml"), plan(product, &file("ssh"), "pwsh", more)).unwrap();
    }
}

/// A plan of the bed's pool: short rests, long limits.
pub fn plan(product: Product, ssh: &str, engine: &str, more: &str) -> String {
    format!(
        r#"kind: plan
version: 1
name: pool01 through PowerShell
product: {}
pool:
  fqdn: pool01.contoso.com
  upgrade_domains:
    - {{ name: UD1, front_ends: [fe01.contoso.com] }}
    - {{ name: UD2, front_ends: [fe02.contoso.com] }}
    - {{ name: UD3, front_ends: [fe03.contoso.com] }}
upgrade:
  version: {}
  actions:
    - {{ program: '{}', arguments: [/silentmode], expected: 1s }}
acceptance: {{ watch: 1s }}
readiness: {{ interval: 1s }}
settle: {{ watch: 1s, soak: 1s }}
limits: {{ back_off: 1s, look_again: 1s }}
expected: {{ drain: 1s, stop: 1s, restart: 1s, start: 1s, rebuild: 1s, fail_over: 1s, fail_back: 1s }}
driver:
  powershell: {{ engine: '{engine}', reach: {{ ssh: {{ program: '{ssh}' }} }} }}
{more}"#,
        product.name(),
        product.version(),
        file("installer"),
    )
}
