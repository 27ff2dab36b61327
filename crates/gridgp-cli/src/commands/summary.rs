//! `gridgp summary`: what a fit found.

use std::io::Write;

use anyhow::Context;

use crate::args::Summary;
use crate::report;

pub fn run(args: &Summary) -> anyhow::Result<()> {
    let fit = super::read_fit(&args.fit, args.no_verify)?;
    if args.json {
        writeln!(std::io::stdout(), "{}", fit.summary)?;
        return Ok(());
    }
    let summary: serde_json::Value = serde_json::from_str(&fit.summary)
        .with_context(|| format!("{}: the summary is damaged", args.fit.display()))?;
    report::print(&summary, std::io::stdout())?;
    for warning in summary["warnings"].as_array().into_iter().flatten() {
        eprintln!("warning: {}", warning.as_str().unwrap_or_default());
    }
    Ok(())
}
