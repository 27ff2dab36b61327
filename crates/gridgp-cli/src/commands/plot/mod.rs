//! `gridgp plot`: pictures of data, fits and predictions.

pub(super) mod chains;
pub(super) mod cube;
pub(super) mod fit;
pub(super) mod planes;
mod return_levels;
pub(super) mod source;

use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use gridgp_plot::{ColorMap, Figure, FileKind, Style};
use source::Opened;

use super::check_outputs;
use crate::args::{Plot, PlotKind};

pub fn run(args: &Plot) -> anyhow::Result<()> {
    FileKind::of(&args.output)?;
    let inputs: Vec<&Path> = args.minus.iter().chain([&args.file]).map(|p| p.as_path()).collect();
    check_outputs(&[&args.output], &inputs)?;
    let style = style(args)?;
    let opened = Opened::read(&args.file, args.kind, args.no_verify)?;
    let kind = args.kind.unwrap_or_else(|| default_kind(&opened));
    let figure = draw(args, kind, &opened, &style)?;
    figure.write(&args.output)?;
    if !args.quiet {
        writeln!(std::io::stdout(), "wrote {}", args.output.display())?;
    }
    Ok(())
}

/// Draws say most of chains; planes find their own kind.
fn default_kind(opened: &Opened) -> PlotKind {
    match opened {
        Opened::Model(_) => PlotKind::Prior,
        Opened::Draws(_) => PlotKind::Trace,
        Opened::Fit(_) | Opened::Data(_) => PlotKind::Heat,
    }
}

fn draw(args: &Plot, kind: PlotKind, opened: &Opened, style: &Style) -> anyhow::Result<Figure> {
    use PlotKind as K;
    match (kind, opened) {
        (K::Heat | K::Map | K::Series, Opened::Fit(_) | Opened::Data(_)) => {
            planes::draw(args, opened, style)
        }
        (K::ReturnLevels, Opened::Fit(_) | Opened::Data(_)) => {
            return_levels::draw(args, opened, style)
        }
        (K::Density, Opened::Fit(fit)) => fit.densities(args, style),
        (K::Pit, Opened::Fit(fit)) => Ok(fit.calibration()?.histogram(style)?),
        (K::Qq, Opened::Fit(fit)) => Ok(fit.calibration()?.qq(style)?),
        (K::Prior, Opened::Fit(fit)) => fit::prior(&fit.model, args.seed, style),
        (K::Prior, Opened::Model(model)) => fit::prior(model, args.seed, style),
        (K::Loss, Opened::Fit(fit)) => fit.loss(style),
        (K::Trace | K::Rank | K::Pair | K::Density, Opened::Draws(groups)) => {
            chains::draw(args, kind, groups, style)
        }
        (K::Trace | K::Rank | K::Pair, Opened::Fit(_)) => {
            let groups = gridgp_io::read_inference_data(&args.file)?;
            chains::draw(args, kind, &groups, style)
        }
        (kind, opened) => bail!(
            "{} is {}, which has no picture of the kind {}; it can be drawn as {}",
            args.file.display(),
            opened.name(),
            name(kind),
            opened.kinds()
        ),
    }
}

fn name(kind: PlotKind) -> String {
    clap::ValueEnum::to_possible_value(&kind).map_or_else(String::new, |v| v.get_name().to_owned())
}

fn style(args: &Plot) -> anyhow::Result<Style> {
    let colors = args.colormap.as_deref().map(ColorMap::from_name).transpose()?;
    let limits = args.limits.as_deref().map(limits).transpose()?;
    Ok(Style { width: args.width, height: args.height, title: args.title.clone(), colors, limits })
}

/// `LOW,HIGH`.
fn limits(text: &str) -> anyhow::Result<(f64, f64)> {
    let form = || format!("--limits {text}: two numbers such as 0,10 are needed");
    let (low, high) = text.split_once(',').with_context(form)?;
    let number = |t: &str| t.trim().parse::<f64>().ok();
    let (low, high) = (number(low).with_context(form)?, number(high).with_context(form)?);
    if !(low < high && low.is_finite() && high.is_finite()) {
        bail!("--limits {text}: the lower number comes first, and both are finite");
    }
    Ok((low, high))
}
