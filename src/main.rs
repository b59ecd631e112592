//! Start, and turn the result into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    bidui::cli::main()
}
