//! The intent of an effect is durable before the effect begins, but of one that ends with the power: what runs here and may be begun again. Its intent
//! outlives this process by then, and becomes durable while it runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use poolroll::StepGraph;
use poolroll::exec::disk::Syncing;
use poolroll::exec::record::{Entry, Log, LogError};
use poolroll::exec::{Clock, NoInbox, Pace, Shell};
use poolroll::pool::Driver;
use poolroll::run::{Event, Outcome};

use crate::stage::graph_of;

/// A log whose disk is slow: meanwhile nothing begins but what may.
struct Slow {
    graph: Arc<StepGraph>,
    commands: PathBuf,
    /// How many commands had begun when the first record was added that is not durable yet.
    had_begun: Option<usize>,
    /// How many steps were begun that may begin early.
    repeatable: usize,
    /// How many of them had run before their sync was over.
    early: Arc<AtomicUsize>,
}

fn lines(path: &Path, word: &str) -> usize {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().filter(|line| line.starts_with(word)).count()
}

impl Slow {
    fn nothing_begins(&mut self) {
        std::thread::sleep(Duration::from_millis(100));
        if let Some(had_begun) = self.had_begun.take() {
            assert_eq!(lines(&self.commands, ""), had_begun, "what began has no durable intent");
        }
    }
}

impl Log for Slow {
    fn append(&mut self, _: Timestamp, entry: &Entry<'_>) -> Result<(), LogError> {
        self.had_begun.get_or_insert_with(|| lines(&self.commands, ""));
        let Entry::Event(entry) = entry else { return Ok(()) };
        if let Event::Begin { step } = entry.event.as_ref() {
            let name = &self.graph.steps()[step.index()].name;
            self.repeatable += usize::from(name.starts_with("before_stop/"));
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), LogError> {
        self.nothing_begins();
        Ok(())
    }

    fn sync_beside(&mut self) -> Result<Option<Syncing>, LogError> {
        self.nothing_begins();
        let (commands, expected, early) = (self.commands.clone(), self.repeatable, Arc::clone(&self.early));
        Ok(Some(Box::new(move || {
            for _ in 0..1_000 {
                if lines(&commands, "before_stop") == expected {
                    early.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            Ok(())
        })))
    }
}

#[test]
fn only_what_ends_with_the_power_begins_before_its_intent_is_durable() {
    let dir = tempfile::tempdir().unwrap();
    let commands = dir.path().join("log");
    let (log, folder) = (commands.display(), dir.path().display());
    let run = |word: &str, then: &str| {
        format!(
            "program: sh, arguments: [-c, \"echo {word} {{front_end}} >>'{log}'{then}\"], at: here, expected: 0s"
        )
    };
    let command = |word: &str, then: &str| {
        format!(
            "{{ run: [sh, -c, \"echo {word} {{front_end}} >>'{log}'; {then} '{folder}/{{front_end}}'\"] }}"
        )
    };
    let text = format!(
        "kind: plan\nversion: 1\nname: two\nproduct: generic\npool:\n  fqdn: pool\n  minimum_active: 1\n  upgrade_domains: [{{ name: A, front_ends: [web1] }}, {{ name: B, front_ends: [web2] }}]\nsettle: {{ soak: 0s, watch: 1s }}\nacceptance: {{ stay_good: 0s, watch: 1s }}\nlimits: {{ back_off: 0s, look_again: 1s }}\nupgrade:\n  restart: services\n  before_stop: [{{ {}, repeatable: true }}]\n  actions: [{{ {} }}]\ndriver:\n  command:\n    observe: {{ run: [test, '!', -e, '{folder}/{{front_end}}'], exits: {{ '0': running, '1': stopped }} }}\n    stop: {}\n    start: {}\n",
        run("before_stop", ""),
        run("upgrade", ""),
        command("stop", "touch"),
        command("start", "rm -f"),
    );
    let graph = graph_of("plan", text.as_bytes());
    let early = Arc::new(AtomicUsize::new(0));
    let log = Slow {
        graph: Arc::clone(&graph),
        commands: commands.clone(),
        had_begun: None,
        repeatable: 0,
        early: Arc::clone(&early),
    };
    let driver = Driver::live(&Arc::new(graph.plan().clone()), "RUN", Some(dir.path())).unwrap();
    let clock = Clock::Wall(Pace::real(Timestamp::now()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let outcome = runtime.block_on(async {
        Shell::new(graph, "RUN".into(), log, clock, driver).go(&mut (), &mut NoInbox).await
    });
    assert_eq!(outcome.unwrap(), Outcome::Complete);
    assert_eq!(early.load(Ordering::Relaxed), 2);
    assert_eq!(lines(&commands, "upgrade web2"), 1);
}
