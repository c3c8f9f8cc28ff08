//! Promise: any pool is rolled by the commands of its plan, on this computer and over `ssh`.

mod durable;
mod etcd;
mod haproxy;
mod outlived;
mod rolls;
mod ssh;

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::commands::poolroll;
pub use crate::commands::{journals, said};
use crate::golden;

/// A pool of folders.
pub struct Bed {
    pub dir: tempfile::TempDir,
}

pub fn file(name: &str) -> String {
    golden::at("tests/beds").join(name).display().to_string()
}

impl Bed {
    pub fn new() -> Bed {
        let bed = Bed { dir: tempfile::tempdir().unwrap() };
        std::fs::create_dir(bed.path("bed")).unwrap();
        bed
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A file of the pool.
    pub fn put(&self, name: &str, text: &str) {
        let path = self.path("bed").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// What was done to the pool, in order.
    pub fn log(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("bed/log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The folder of the run, once it is whole: until then it has another name.
    pub fn run(&self) -> Option<PathBuf> {
        let runs = std::fs::read_dir(self.path("runs")).ok()?.flatten();
        runs.map(|run| run.path()).find(|run| !run.file_name().unwrap().to_string_lossy().starts_with('.'))
    }

    pub fn poolroll(&self, args: &[&str]) -> Command {
        let mut command = poolroll(self.dir.path(), args);
        command.env("BED", self.path("bed"));
        command
    }

    /// Runs a command of the program to its end, which is this exit code.
    #[track_caller]
    pub fn ends(&self, code: i32, args: &[&str]) -> Output {
        let output = self.poolroll(args).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        output
    }

    /// Writes a plan: three front ends, a domain each. `at` says where commands run; `upgrade` and `driver` are added at their ends.
    pub fn plan(&self, at: &str, upgrade: &str, driver: &str) {
        let member = file("commands/member");
        let run = |act: &str, more: &str| {
            format!("{{ run: ['{member}', {act}, '{{front_end}}'{more}], at: {at} }}")
        };
        let text = format!(
            r#"kind: plan
version: 1
name: three by commands
product: generic
pool:
  fqdn: pool
  minimum_active: 2
  upgrade_domains:
    - {{ name: A, front_ends: [web1] }}
    - {{ name: B, front_ends: [web2] }}
    - {{ name: C, front_ends: [web3] }}
settle: {{ soak: 1s, watch: 1s }}
acceptance: {{ watch: 1s }}
readiness: {{ interval: 1s }}
limits: {{ back_off: 1s, look_again: 1s, looks: 4 }}
upgrade:
  version: '2'
{upgrade}  actions: [{{ program: '{member}', arguments: [upgrade, '{{front_end}}'], at: {at}, expected: 1s }}]
driver:
  command:
    observe: {}
    stop: {}
    start: {}
    restart: {}
{driver}"#,
            run("observe", ""),
            run("stop", ", '{mode}'"),
            run("start", ""),
            run("restart", ""),
        );
        std::fs::write(self.path("plan.yaml"), text).unwrap();
    }

    /// Gives an action of its plan words that would mean much to a shell, and sees them reach the program as they are.
    pub fn assert_no_word_means_anything(&self, at: &str) {
        let words = [
            "a b",
            "'",
            "\"",
            "$(touch pwned)",
            "`touch pwned`",
            "; touch pwned",
            "\u{2019}",
            "*",
            "-n",
            "",
            "a\nb",
            "{pool}",
        ];
        let listed: Vec<String> = words.iter().map(|word| serde_json::to_string(word).unwrap()).collect();
        let listed = listed.join(", ").replace("{pool}", "{{pool}}");
        // Nor is a program taken for a word of the shell itself, and what the plan sets is as it was set.
        let printf = format!(
            "actions: [{{ program: printf, arguments: ['%s|', {listed}], at: {at}, expected: 1s }}, \
             {{ program: sh, arguments: [-c, 'printf \"%s|%s|%s|%s\" \"$f\" \"$go\" \"$s\" \"$p\"'], at: {at}, expected: 1s }}, \
             {{ program: echo, arguments: ['C:\\new'], at: {at}, expected: 1s }}, {{"
        );
        let text = std::fs::read_to_string(self.path("plan.yaml")).unwrap();
        std::fs::write(
            self.path("plan.yaml"),
            text.replace("actions: [{", &printf).replace(
                "  command:\n",
                "  command:\n    environment: { f: our f, go: our go, s: our s, p: our p }\n",
            ),
        )
        .unwrap();
        let output = self.poolroll(&["apply", "plan.yaml", "--yes"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let run = std::fs::read_dir(self.path("runs")).unwrap().next().unwrap().unwrap().path();
        let kept = std::fs::read_to_string(run.join("commands/upgrade-web1-1.output")).unwrap();
        let expected: String = words.iter().map(|word| format!("{word}|")).collect();
        assert!(kept.contains(&expected), "{kept}");
        let kept = |nth: u8| {
            std::fs::read_to_string(run.join(format!("commands/upgrade-web1-{nth}.output"))).unwrap()
        };
        assert!(kept(2).contains("our f|our go|our s|our p"), "{}", kept(2));
        assert!(kept(3).contains("C:\\new\n"), "{}", kept(3));
        assert!(!self.path("pwned").exists());
    }
}
