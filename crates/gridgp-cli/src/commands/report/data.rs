//! What the data are.

use gridgp_grid::{Coordinate, Dataset, TimeUnits, Values};
use gridgp_plot::report::{Block, Table};

use super::super::plot::source::Fitted;
use super::{numbers, text};

pub fn blocks(fit: &Fitted) -> Vec<Block> {
    let data = &fit.model.data;
    let mut blocks = vec![text(overview(data)), Block::Table(axes(data))];
    if !data.covariates.is_empty() {
        blocks.push(Block::Table(covariates(fit)));
    }
    blocks
}

fn overview(data: &Dataset) -> String {
    let y = &data.response;
    let missing = y.missing_cells().len();
    let cells = data.grid.len();
    let holes = match missing {
        0 => "none is missing".to_owned(),
        n => format!(
            "{} are missing ({} %)",
            numbers::count(n),
            numbers::four(100.0 * n as f64 / cells as f64)
        ),
    };
    let unit = gridgp_plot::Quantity::new("", y.units.as_deref()).label();
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    let n = data.observed().count() as f64;
    let mean = data.observed().sum::<f64>() / n;
    let sd = (data.observed().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let low = data.observed().fold(f64::INFINITY, f64::min);
    let high = data.observed().fold(f64::NEG_INFINITY, f64::max);
    format!(
        "{} cells, of which {holes}. Values of {} go from {} to {}{unit}, with mean {} and standard \
         deviation {}{unit}.",
        numbers::count(cells),
        y.name,
        numbers::four(low),
        numbers::four(high),
        numbers::four(mean),
        numbers::four(sd),
    )
}

fn axes(data: &Dataset) -> Table {
    let mut rows = Vec::new();
    for axis in data.grid.axes() {
        for c in axis.coordinates() {
            let (from, to, spacing) = extent(c);
            rows.push(vec![
                axis.name().to_owned(),
                c.name.clone(),
                axis.len().to_string(),
                from,
                to,
                spacing,
                c.units.clone().unwrap_or_default(),
            ]);
        }
    }
    let head = ["axis", "coordinate", "points", "from", "to", "spacing", "unit"];
    Table { caption: "Axes, the slowest first".into(), head: head.map(str::to_owned).into(), rows }
}

/// The lowest and the highest value, and how they are spaced.
fn extent(c: &Coordinate) -> (String, String, String) {
    let v = match &c.values {
        Values::Labels(names) => {
            let end = |name: Option<&String>| name.cloned().unwrap_or_default();
            return (end(names.first()), end(names.last()), "names".into());
        }
        Values::Numbers(v) => v,
    };
    let mut sorted = v.clone();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    let units = TimeUnits::of(c);
    let show = |v: f64| {
        let date = units.as_ref().and_then(|u| u.decode(v));
        date.map_or_else(|| numbers::four(v), |d| d.to_string())
    };
    let step = sorted.get(1).map_or(0.0, |b| b - sorted[0]);
    let even = sorted.windows(2).all(|p| (p[1] - p[0] - step).abs() <= 1e-6 * step);
    let spacing = match sorted.len() {
        0 | 1 => "–".into(),
        _ if even => numbers::four(step),
        _ => "uneven".into(),
    };
    (show(sorted[0]), show(sorted[sorted.len() - 1]), spacing)
}

fn covariates(fit: &Fitted) -> Table {
    let data = &fit.model.data;
    let rows = data.covariates.iter().enumerate().map(|(i, c)| {
        let along: Vec<&str> = c.axes.iter().map(|&a| data.grid.axes()[a].name()).collect();
        let low = c.values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = c.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let scaling = fit.file.scalings.get(i);
        let center = scaling.map_or(0.0, |s| s.center);
        let scale = scaling.map_or(1.0, |s| s.scale);
        vec![
            c.name.clone(),
            along.join(" × "),
            numbers::four(low),
            numbers::four(high),
            numbers::four(center),
            numbers::four(scale),
            c.units.clone().unwrap_or_default(),
        ]
    });
    let head = ["covariate", "along", "from", "to", "subtracted", "divided by", "unit"];
    Table {
        caption:
            "Covariates as used, and what was subtracted from those of the file, and divided by"
                .into(),
        head: head.map(str::to_owned).into(),
        rows: rows.collect(),
    }
}
