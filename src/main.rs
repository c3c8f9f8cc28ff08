//! The program: an exit code, nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    poolroll::cli::main()
}
