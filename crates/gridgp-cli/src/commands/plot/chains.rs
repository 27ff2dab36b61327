//! Pictures of draws.

use anyhow::{Context, bail};
use gridgp_fit::{Attribute, DrawValues, InferenceGroup, InferenceVariable, Samples};
use gridgp_grid::Axis;
use gridgp_plot::{
    Chains, Densities, Figure, Marginal, PairPlot, Quantity, RankPlot, Style, Trace,
};

use super::cube::shown;
use crate::args::{Plot, PlotKind};

/// Most parameters of a picture; a pair plot has less room.
const MOST: usize = 12;
const MOST_PAIRS: usize = 6;

/// Traces, ranks, pairs or densities of the group `posterior`.
pub fn draw(
    args: &Plot,
    kind: PlotKind,
    groups: &[InferenceGroup],
    style: &Style,
) -> anyhow::Result<Figure> {
    let group = |name: &str| groups.iter().find(|g| g.name == name);
    let posterior = group("posterior")
        .with_context(|| format!("{}: there is no group posterior", args.file.display()))?;
    let samples = posterior
        .samples
        .with_context(|| format!("{}: its posterior has no draws", args.file.display()))?;
    let mut parameters = Vec::new();
    for v in &posterior.variables {
        parameters.extend(elements(v, samples, &posterior.axes));
    }
    let known: Vec<String> = parameters.iter().map(|p| p.quantity.name.clone()).collect();
    let base = |name: &str| name.split('[').next().unwrap_or(name).to_owned();
    for p in &args.parameters {
        if !known.iter().any(|k| k == p || base(k) == *p) {
            bail!("--parameters: there is no {p:?}; there are {}", known.join(", "));
        }
    }
    if !args.parameters.is_empty() {
        parameters.retain(|p| {
            let name = &p.quantity.name;
            args.parameters.iter().any(|a| a == name || base(name) == *a)
        });
        // In the order in which they were asked for.
        parameters.sort_by_key(|p| {
            let name = &p.quantity.name;
            args.parameters.iter().position(|a| a == name || base(name) == *a)
        });
    }
    let most = if kind == PlotKind::Pair { MOST_PAIRS } else { MOST };
    if parameters.len() > most {
        if !args.quiet {
            eprintln!(
                "only the first {most} of {} are drawn; --parameters takes others",
                parameters.len()
            );
        }
        // Numbers before the elements of fields.
        parameters.sort_by_key(|p| p.quantity.name.contains('['));
        parameters.truncate(most);
    }
    let divergent = group("sample_stats").map_or_else(Vec::new, divergent);
    Ok(match kind {
        PlotKind::Trace => Trace { parameters, divergent }.draw(style)?,
        PlotKind::Rank => RankPlot { parameters }.draw(style)?,
        PlotKind::Pair => PairPlot { parameters, divergent }.draw(style)?,
        _ => {
            let marginal = |p: Chains| Marginal {
                quantity: p.quantity,
                prior: None,
                chains: p.draws,
                estimate: None,
            };
            let parameters = parameters.into_iter().map(marginal).collect();
            Densities { parameters, notes: vec![] }.draw(style)?
        }
    })
}

/// The draws of each element of a variable, `base[station = Madrid]`.
fn elements(v: &InferenceVariable, samples: Samples, axes: &[Axis]) -> Vec<Chains> {
    let values: Vec<f64> = match &v.values {
        DrawValues::Numbers(v) => v.clone(),
        DrawValues::Integers(v) => v.iter().map(|&i| i as f64).collect(),
        DrawValues::Flags(_) => return vec![],
    };
    let own: Vec<&Axis> =
        v.dims.iter().filter_map(|d| axes.iter().find(|a| a.name() == d)).collect();
    let each: usize = own.iter().map(|a| a.len()).product();
    if values.len() != samples.chains * samples.draws * each {
        return vec![];
    }
    let units = v.attributes.iter().find_map(|(name, value)| match value {
        Attribute::Text(text) if name == "units" => Some(text.as_str()),
        _ => None,
    });
    // A field of a thousand cells is not looked at cell by cell.
    (0..each.min(4 * MOST))
        .map(|element| {
            let mut rest = element;
            let mut place = Vec::new();
            for axis in own.iter().rev() {
                place.push(shown(axis, rest % axis.len()));
                rest /= axis.len();
            }
            place.reverse();
            let name = match place.is_empty() {
                true => v.name.clone(),
                false => format!("{}[{}]", v.name, place.join(", ")),
            };
            let at =
                |chain: usize, draw: usize| values[(chain * samples.draws + draw) * each + element];
            let chain = |c: usize| (0..samples.draws).map(|d| at(c, d)).collect();
            let draws = (0..samples.chains).map(chain).collect();
            Chains { quantity: Quantity::new(name, units), draws }
        })
        .collect()
}

/// Which draws diverged, chain by chain; empty if the sampler does not say.
pub fn divergent(stats: &InferenceGroup) -> Vec<Vec<bool>> {
    let (Some(samples), Some(v)) = (stats.samples, stats.variable("diverging")) else {
        return vec![];
    };
    let flags: Vec<bool> = match &v.values {
        DrawValues::Flags(v) => v.clone(),
        DrawValues::Integers(v) => v.iter().map(|&i| i != 0).collect(),
        DrawValues::Numbers(v) => v.iter().map(|&x| x > 0.0).collect(),
    };
    if flags.len() != samples.chains * samples.draws || samples.draws == 0 {
        return vec![];
    }
    flags.chunks(samples.draws).map(<[bool]>::to_vec).collect()
}
