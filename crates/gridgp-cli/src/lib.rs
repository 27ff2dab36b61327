//! The gridgp command line: from a grid of data to a fitted Gaussian process.
//!
//! The program is [`main`]; [`run`] is a command of it, for a program that runs many.

mod args;
mod commands;
mod interrupt;
mod machine;
mod panic;
mod progress;
mod report;
mod terminal;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::process::ExitCode;

use args::{Args, Command};
use clap::Parser;

/// The program: a command from the arguments of the process, which Ctrl-C ends.
pub fn main() -> ExitCode {
    interrupt::install();
    ExitCode::from(run(std::env::args_os()))
}

/// A command, with the name of the program first; the exit code: 0, 1 after a message, 2 for wrong
/// arguments, 70 after a panic.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    panic::guard(|| match Args::try_parse_from(arguments) {
        Ok(args) => said(command(args)),
        Err(e) => {
            // Help, or what is wrong; where nobody listens, nothing is said.
            let _ = e.print();
            u8::try_from(e.exit_code()).unwrap_or(2)
        }
    })
}

/// The exit code of a command, after what it has to say.
fn said(result: anyhow::Result<()>) -> u8 {
    match result {
        Ok(()) => 0,
        Err(e) => {
            // A closed pipe (`gridgp kernels | head`) is the reader's choice, not an error.
            if e.downcast_ref::<std::io::Error>().map(std::io::Error::kind)
                == Some(std::io::ErrorKind::BrokenPipe)
            {
                return 0;
            }
            eprintln!("error: {}", message(&e));
            1
        }
    }
}

/// What went wrong, with each cause that the words before do not hold already.
fn message(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |mut message, cause| {
        let cause = cause.to_string();
        if !message.contains(&cause) {
            message.push_str(if message.is_empty() { "" } else { ": " });
            message.push_str(&cause);
        }
        message
    })
}

fn command(args: Args) -> anyhow::Result<()> {
    match args.command {
        Command::Init(a) => commands::init::run(&a),
        Command::Check(a) => commands::check::run(&a),
        Command::Fit(a) => commands::fit::run(&a),
        Command::Update(a) => commands::update::run(&a),
        Command::Summary(a) => commands::summary::run(&a),
        Command::Predict(a) => commands::predict::run(&a),
        Command::Aggregate(a) => commands::aggregate::run(&a),
        Command::Residuals(a) => commands::residuals::run(&a),
        Command::Plot(a) => commands::plot::run(&a),
        Command::Report(a) => commands::report::run(&a),
        Command::ReturnLevels(a) => commands::return_levels::run(&a),
        Command::BlockMaxima(a) => commands::block_maxima::run(&a),
        Command::Simulate(a) => commands::simulate::run(&a),
        Command::Kernels(a) => commands::lists::kernels(&a),
        Command::Priors(a) => commands::lists::priors(&a),
        Command::Likelihoods(a) => commands::lists::likelihoods(&a),
        Command::Schema => commands::lists::schema(),
    }
}
