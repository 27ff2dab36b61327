//! The program `gridgp`.

use std::process::ExitCode;

fn main() -> ExitCode {
    gridgp_cli::main()
}
