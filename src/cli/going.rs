//! A run of its own process: it is told while it goes on, recapped when it ends, and the next command is named.

use super::exit::Ending;
use super::failure::Failure;
use super::teller::{self, Teller};
use super::{output, places, seeing, signals};
use crate::exec::inbox::Signals;
use crate::exec::live::{self, LiveError, LiveRun, Places, Word};
use crate::exec::os;
use crate::report::run_human;
use crate::report::words::place;

/// Begins a run, or takes it up, and lets it go on until it ends. `words` when it is taken up again. Signals are counted
/// before it begins: whoever ends the program then finds a run that was paused, not one that was killed.
pub fn go(
    places: &Places,
    out: teller::Out,
    begin: impl FnOnce(&Signals) -> Result<(LiveRun, Option<Vec<Word>>), Failure>,
) -> Result<Ending, Failure> {
    os::room_for_files().map_err(Failure::Files)?;
    let runtime = runtime()?;
    let signals = Signals::default();
    signals::watch(signals.clone());
    let (mut run, words) = begin(&signals)?;
    let mut inbox = run.inbox().with_signals(signals);
    let id = run.folder().id().to_string();
    let stdout_is_taken = out.is_stdout();
    let mut teller = Teller::new(out, run.shell().graph(), run.shell().run(), &id);
    output::say(&format!("run {id} on {}", run.shell().graph().plan().pool().fqdn));
    let outcome = runtime.block_on(async {
        if let Some(words) = words {
            inbox.open();
            run.resume(&words, &mut teller)?;
        }
        run.go(&mut teller, &mut inbox).await
    });
    teller.finish();
    // The lock is given back before the run is looked at like any other.
    drop(run);
    let outcome = outcome?;
    // How the run ended is the answer, whoever reads the recap.
    if let Err(failure) = recap(places, &id, stdout_is_taken) {
        output::say(&format!("warning: {}", output::chain(&failure)));
    }
    Ok(Ending::Ran(outcome))
}

/// What a command runs on that waits for a pool.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Runtime)
}

/// What became of a run, and what to type next.
fn recap(places: &Places, id: &str, stdout_is_taken: bool) -> Result<(), Failure> {
    let looked = live::look(places, Some(id))?;
    let report = seeing::report(&looked).map_err(|source| LiveError::History {
        run: looked.folder.id().clone(),
        record: 0,
        source,
    })?;
    let mut text = format!("\nrun {id}: {}\n", report.headline);
    // Writing to a text cannot fail.
    let _ = run_human::recap(&mut text, &report);
    let commands = seeing::seen(&seeing::moment(&looked), |seen| place::commands(seen, looked.alive));
    if stdout_is_taken {
        output::say(text.trim_end())
    } else {
        output::text(&text)?
    }
    // What needs a person was said with what can be typed.
    if let (Some(command), false) = (commands.first(), report.troubles.iter().any(|trouble| trouble.open)) {
        output::say(&format!("next: {command}"));
    }
    places::say_what_commands_need(places);
    Ok(())
}
