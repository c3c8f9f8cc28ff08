//! The program: one file a command. The only room that prints, asks and exits.
//!
//! A command returns how it ended (`exit::Ending`) or why it could not (`failure::Failure`); `exit` makes the
//! exit code of either. Data goes to stdout and talk to stderr (`output`); a reader that closes the pipe ends the
//! program quietly.

mod abandon;
mod apply;
mod check;
mod completions;
mod discover;
mod exit;
mod failure;
mod going;
mod init;
mod live_view;
mod output;
mod places;
mod plan;
mod prove;
mod reading;
mod rehearse;
mod release;
mod replay;
mod report;
mod requests;
mod resume;
mod runs;
mod saving;
mod schema;
mod seeing;
mod signals;
mod status;
mod teller;
mod validate;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use exit::Ending;
use failure::Failure;

/// Rolls an upgrade over a pool of servers, one upgrade domain at a time.
#[derive(Debug, Parser)]
#[command(
    name = "poolroll",
    bin_name = "poolroll",
    version,
    arg_required_else_help = true,
    infer_long_args = false
)]
#[command(
    after_help = "Exit codes: 0 done, 1 error, 2 wrong usage, 3 invalid plan, 4 stopped, needs a person, \
                        5 paused, 6 refused, 7 the answer is no, 8 undecided"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a commented starter plan
    Init(init::Args),
    /// Write a plan from a live pool: its upgrade domains, order and partner
    Discover(discover::Args),
    /// Check plans and scenarios: schema and every rule, all findings at once
    Validate(validate::Args),
    /// Compile a plan and show what it does, on both routes
    Plan(plan::Args),
    /// Walk every history that a plan can have, and show that no promise is broken
    Prove(prove::Args),
    /// Run a plan on a simulated twin of its pool, in virtual time
    Rehearse(rehearse::Args),
    /// Ask the live pool and the clock whether a plan matches; changes nothing
    Check(check::Args),
    /// Run a plan; asks before it begins
    Apply(apply::Args),
    /// Take up a run that was paused, stopped or killed
    Resume(resume::Args),
    /// Ask a run to pause at its next safe place: nothing that it took out is left out
    Pause(requests::Args),
    /// Ask a run to stop at once; what was in flight is in doubt
    Abort(requests::Args),
    /// Let a run go past an approval
    Approve(requests::ApproveArgs),
    /// End a run for good and free its pool
    Abandon(abandon::Args),
    /// Show where a run is, what it waits for and why, and what happens next
    Status(status::Args),
    /// List all runs, newest first
    Runs(runs::Args),
    /// Show what became of a run
    Report(report::Args),
    /// Remove a claim on a pool whose run is gone
    Release(release::Args),
    /// Print the JSON Schema of a kind of file
    Schema(schema::Args),
    /// Print completions for a shell
    Completions(completions::Args),
}

/// Runs the program on the arguments of the process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            return ExitCode::from(explain(&error));
        }
    };
    let result = run(cli.command);
    if let Err(failure) = &result {
        output::fail(failure);
    }
    ExitCode::from(exit::code(&result))
}

/// Help that was asked for, or what is wrong with the arguments. The exit code.
fn explain(error: &clap::Error) -> u8 {
    let styled = error.render();
    if error.use_stderr() {
        let colour = output::look(true) != crate::report::findings_human::Look::Plain;
        let text = if colour { styled.ansi().to_string() } else { styled.to_string() };
        output::say(text.trim_end());
        return exit::USAGE;
    }
    match output::text(&styled.ansi().to_string()) {
        Ok(()) => exit::DONE,
        Err(failure) => {
            output::fail(&failure);
            exit::ERROR
        }
    }
}

fn run(command: Command) -> Result<Ending, Failure> {
    match command {
        Command::Init(args) => init::run(&args),
        Command::Discover(args) => discover::run(&args),
        Command::Validate(args) => validate::run(&args),
        Command::Plan(args) => plan::run(&args),
        Command::Prove(args) => prove::run(&args),
        Command::Rehearse(args) => rehearse::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Apply(args) => apply::run(&args),
        Command::Resume(args) => resume::run(&args),
        Command::Pause(args) => requests::pause(&args),
        Command::Abort(args) => requests::abort(&args),
        Command::Approve(args) => requests::approve(&args),
        Command::Abandon(args) => abandon::run(&args),
        Command::Status(args) => status::run(&args),
        Command::Runs(args) => runs::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Release(args) => release::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => completions::run(&args, &mut Cli::command()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_are_declared_without_contradiction() {
        Cli::command().debug_assert();
    }
}
