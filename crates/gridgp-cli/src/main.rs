//! The gridgp command line: from a grid of data to a fitted Gaussian process.

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

use std::process::ExitCode;

use args::{Args, Command};
use clap::Parser;

fn main() -> ExitCode {
    interrupt::install();
    panic::guard(|| said(run(Args::parse())))
}

fn said(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            // A closed pipe (`gridgp kernels | head`) is the reader's choice, not an error.
            if e.downcast_ref::<std::io::Error>().map(std::io::Error::kind)
                == Some(std::io::ErrorKind::BrokenPipe)
            {
                return ExitCode::SUCCESS;
            }
            eprintln!("error: {}", message(&e));
            ExitCode::FAILURE
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

fn run(args: Args) -> anyhow::Result<()> {
    match args.command {
        Command::Init(a) => commands::init::run(&a),
        Command::Check(a) => commands::check::run(&a),
        Command::Fit(a) => commands::fit::run(&a),
        Command::Summary(a) => commands::summary::run(&a),
        Command::Predict(a) => commands::predict::run(&a),
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
