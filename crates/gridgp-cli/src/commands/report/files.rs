//! Results that lie in files of their own: predictions and return levels.

use std::path::Path;

use anyhow::{Context, bail};
use gridgp_grid::Axis;
use gridgp_plot::Range;
use gridgp_plot::report::{Block, Role};

use super::super::plot::cube::Cube;
use super::super::plot::source::{Opened, is_result};
use super::planes::{self, View};
use super::text;

fn opened(path: &Path, what: &str) -> anyhow::Result<Opened> {
    let opened = Opened::read(path, None, false).with_context(|| format!("the {what}"))?;
    if !matches!(opened, Opened::Data(_)) {
        bail!("{} is {}, and no {what}", path.display(), opened.name());
    }
    Ok(opened)
}

fn view(title: &str, cube: Cube, range: Range, scale: usize, role: Role) -> View {
    View { title: title.into(), cube, range, scale, role }
}

/// Where the prediction is, and how sure.
pub fn prediction(path: &Path) -> anyhow::Result<Vec<Block>> {
    let opened = opened(path, "prediction")?;
    let mut views = Vec::new();
    for (name, title, scale, role) in [
        ("mean", "Mean", 0, Role::Mean),
        ("sd", "Standard deviation of the mean", 1, Role::Spread),
        ("mean_sd", "Standard deviation of the mean", 1, Role::Spread),
        ("sd_observation", "Standard deviation of a new observation", 1, Role::Other),
        ("observation_sd", "Standard deviation of a new observation", 1, Role::Other),
    ] {
        let taken = views.iter().any(|v: &View| v.title == title);
        if let Some(name) = opened.result(name).filter(|_| !taken) {
            views.push(view(title, opened.cube(&name)?, Range::Values, scale, role));
        }
    }
    if views.is_empty() {
        bail!("{}: there is no mean; `gridgp predict` writes predictions", path.display());
    }
    Ok(vec![text(format!("From {}.", path.display())), planes::block("Prediction", views)?])
}

/// Levels and their changes, each between the lowest and the highest of its quantiles.
pub fn return_levels(path: &Path) -> anyhow::Result<Vec<Block>> {
    let opened = opened(path, "file of return levels")?;
    let mut blocks = vec![text(format!(
        "Posterior means with intervals, from {}. Levels come from all draws, never from a plug-in \
         estimate.",
        path.display()
    ))];
    for (name, heading, change) in [
        ("level", "Return levels", false),
        ("change_of_level", "Change of the return level from the first scenario", true),
        ("exceedance", "Probability of exceedance", false),
        ("design_life_level", "Design-life level", false),
        ("equivalent_reliability_level", "Level of equivalent reliability", false),
    ] {
        let Some(mean) = opened.result(name) else { continue };
        let range = if change { Range::AroundZero } else { Range::Values };
        let mean = opened.cube(&mean)?;
        let mut views = Vec::new();
        if let Some(quantiles) = opened.result(&format!("{name}_quantiles")) {
            let all = opened.cube(&quantiles)?;
            // That of the result comes before an axis of the data that has its name.
            let a = all.axes.iter().position(|a| is_result(a.name(), "quantile"));
            let a = a.with_context(|| format!("{quantiles:?} has no axis \"quantile\""))?;
            let end = |point: usize, role: Role| {
                let mut cube = all.clone();
                cube.take(a, point);
                cube.kept.clear();
                let level = percent(&all.axes[a], point);
                view(&level, cube, range, 0, role)
            };
            let levels: Vec<f64> = all.axes[a].points().column(0).collect();
            let by_level = |i: &usize, j: &usize| levels[*i].total_cmp(&levels[*j]);
            let (low, high) =
                ((0..levels.len()).min_by(by_level), (0..levels.len()).max_by(by_level));
            views = vec![end(low.unwrap_or(0), Role::Lower), end(high.unwrap_or(0), Role::Upper)];
        }
        views.insert(views.len().min(1), view("Mean", mean, range, 0, Role::Mean));
        let sd = opened.result(&format!("{name}_sd")).filter(|_| views.len() == 1);
        if let Some(sd) = sd {
            let cube = opened.cube(&sd)?;
            views.push(view("Standard deviation", cube, Range::Values, 1, Role::Spread));
        }
        blocks.push(Block::Heading(heading.into()));
        blocks.push(planes::block(heading, views)?);
    }
    if blocks.len() == 1 {
        bail!(
            "{}: there are no return levels; `gridgp return-levels -o levels.nc` writes them",
            path.display()
        );
    }
    Ok(blocks)
}

/// A quantile in words.
fn percent(axis: &Axis, point: usize) -> String {
    match &axis.coordinates()[0].values {
        gridgp_grid::Values::Numbers(v) => {
            format!("{} % quantile", super::numbers::four(100.0 * v[point]))
        }
        gridgp_grid::Values::Labels(names) => names[point].clone(),
    }
}
