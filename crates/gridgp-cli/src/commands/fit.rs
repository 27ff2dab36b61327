//! `gridgp fit`: from a model file to a fit file.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use gridgp_fit::{DrawLog, Error, LogError};
use gridgp_io::FileLog;
use gridgp_model::spec::Method;

use super::{Loaded, check_outputs, load, report as page_command};
use crate::args::{Fit, Report};
use crate::progress::Spinner;
use crate::terminal::Terminal;
use crate::{interrupt, machine, report};

pub fn run(args: &Fit) -> anyhow::Result<()> {
    let terminal = Terminal::new(args.quiet);
    machine::set_threads(args.threads)?;
    if let Some(page) = &args.report {
        page_command::check_ending(page)?;
    }
    let outputs: Vec<&Path> =
        args.report.iter().chain([&args.output]).map(|p| p.as_path()).collect();
    check_outputs(&outputs, &[&args.model])?;
    let reading = Spinner::new("reading the data", args.quiet);
    let loaded = load(&args.model, args.data.as_deref(), args.seed)?;
    drop(reading);
    let Loaded { file, source, model, scalings } = loaded;
    check_outputs(&outputs, &[&file])?;
    let method = model.spec.inference.method;
    let sampled = method == Method::Nuts;
    let path = log_path(&args.output);
    if sampled && args.resume && !path.exists() {
        eprintln!("warning: there is no {}: nothing to resume, this is a new run", path.display());
    }
    if !matches!(method, Method::Map | Method::Nuts) {
        interrupt::watch(interrupt::DRAWS);
    }
    let log = sampled.then(|| FileLog::new(&path, args.resume));
    let log = log.as_ref().map(|log| log as &dyn DrawLog);
    let fitted = gridgp_fit::fit(&model, &source, &scalings, log, &terminal);
    terminal.clear();
    let fitted = match fitted {
        Err(e @ Error::Unkept(_)) => Err(e).context("`gridgp fit --resume` goes on"),
        Err(e @ Error::Unlike(_)) => Err(e).with_context(|| path.display().to_string()),
        Err(e) if terminal.sampled() && path.exists() => Err(e).with_context(|| goes_on(&path)),
        Err(Error::Log(e)) if !args.resume && holds_a_run(&e) => {
            Err(Error::Log(e)).context("an earlier run has not ended: `--resume` goes on with it")
        }
        other => other.map_err(Into::into),
    }?;
    for warning in fitted.warnings() {
        eprintln!("warning: {warning}");
    }
    let written = gridgp_io::write_fit(&args.output, &fitted.fit);
    if log.is_some() && !fitted.interrupted {
        written.with_context(|| goes_on(&path))?;
        std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    } else {
        written?;
    }
    if args.json {
        writeln!(std::io::stdout(), "{}", fitted.fit.summary)?;
    } else if !args.quiet {
        report::print(&fitted.summary, std::io::stdout())?;
    }
    if let Some(page) = &args.report {
        page_command::run(&Report {
            fit: args.output.clone(),
            no_verify: false,
            output: page.clone(),
            prediction: None,
            return_levels: None,
            // With --json, only that goes to standard output.
            quiet: args.quiet || args.json,
        })?;
    }
    Ok(())
}

/// Whether a log was not begun because of what is in the file.
fn holds_a_run(e: &LogError) -> bool {
    matches!(e.downcast_ref(), Some(gridgp_io::Error::File { .. }))
}

fn goes_on(log: &Path) -> String {
    format!("{} holds what was drawn; `gridgp fit --resume` goes on", log.display())
}

/// `FIT.partial`, beside the fit file: of no use once the fit file is there.
fn log_path(output: &Path) -> PathBuf {
    let mut name = output.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    output.with_file_name(name)
}
