//! `poolroll completions`: from the same definitions as the commands.

use clap_complete::Shell;

use super::exit::Ending;
use super::failure::Failure;
use super::output;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub fn run(args: &Args, command: &mut clap::Command) -> Result<Ending, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, command, "poolroll", &mut text);
    output::data(|out| out.write_all(&text))?;
    Ok(Ending::Done)
}
