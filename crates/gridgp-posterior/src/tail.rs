//! Return levels and risks from draws: one level a draw and cell, summarized afterwards.

use gridgp_density::Samples;
use gridgp_diagnostics::quantile_of_sorted;
use gridgp_extremes::Tail;
use gridgp_grid::{Error, Result};
use gridgp_likelihood::{Likelihood, MAX_PARAMETERS};
use gridgp_model::Model;
use rayon::prelude::*;

use super::forecast::{ForecastOptions, Target, forecast_apart};

/// The parameters of the extreme-value law at every draw and cell of a place, in the units of the
/// response.
///
/// Everything made of it has a value a draw and cell: draw by draw, cells fastest. Made with the
/// same seed at two places that differ in covariates only, fields at new points are the same in
/// both, draw by draw, so that differences are those of the covariates. New points of an axis with
/// several coordinates, such as stations, are each drawn for themselves.
///
/// # Example
/// Levels of a fit with draws, here of the prior:
/// ```
/// use gridgp_grid::{Axis, Dataset, Grid, Variable};
/// use gridgp_model::{Model, spec::{ModelSpec, Source}};
/// use gridgp_posterior::{Place, TailDraws, Target, prior_samples};
///
/// let source = Source::new("model.toml", "
///     [data]
///     response = 'y'
///     axes = ['year']
///     [parameters]
///     mu = 'normal(30, 1)'
///     [likelihood]
///     family = 'gev'
///     location = 'mu'
///     scale = 2
///     shape = 0.1
/// ");
/// let grid = Grid::new(vec![Axis::numbers("year", vec![2000.0, 2001.0])?])?;
/// let data = Dataset::new(grid.clone(), Variable::new("y", vec![30.0, 32.0]), vec![])?;
/// let model = Model::new(ModelSpec::from_toml(&source)?, &source, data)?;
/// let samples = prior_samples(&model, 500, 1)?;
/// let place = Place { grid, covariates: vec![] };
/// let tail = TailDraws::new(&model, &samples, &Target::Grid(&place), 1)?;
/// let level = tail.summarize(&tail.levels(100.0), &[0.05, 0.95]);
/// assert!((level.mean[0] - 41.7).abs() < 0.2);
/// assert!(level.quantiles[0] < level.quantiles[2]);
/// # Ok::<(), gridgp_grid::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TailDraws {
    tail: Tail,
    cells: usize,
    draws: usize,
    /// For each parameter of the family its values: draw, cell.
    parameters: Vec<Vec<f64>>,
}

/// Draws of one quantity, summarized.
#[derive(Debug, Clone, PartialEq)]
pub struct Summarized {
    /// Mean over the draws, one value a cell.
    pub mean: Vec<f64>,
    /// Standard deviation over the draws.
    pub sd: Vec<f64>,
    /// Quantiles: probability, cell.
    pub quantiles: Vec<f64>,
}

impl TailDraws {
    /// The law at each draw and each cell of `target`.
    ///
    /// # Errors
    /// A family that is no law of extremes, no draws, a covariate that is missing, or what [`forecast`](crate::forecast()) refuses.
    pub fn new(model: &Model, samples: &Samples, target: &Target<'_>, seed: u64) -> Result<Self> {
        let Some(tail) = Tail::of(&model.family) else {
            return Err(Error::Data(format!(
                "the family {:?} has no return levels; gev, gumbel, frechet, reversed_weibull, \
                 r_largest, blended_gev and generalized_pareto have",
                model.family.name()
            )));
        };
        if samples.is_empty() {
            return Err(Error::Data("there are no draws to make return levels of".into()));
        }
        if let Target::Grid(place) = target
            && let Some(unknown) = place.unknown_cells(model, "observation")?
            && let Some(cell) = unknown.iter().position(|&u| u)
        {
            return Err(Error::Data(format!(
                "there is no return level at {}, where a covariate is missing",
                place.grid.describe(cell)
            )));
        }
        let names: Vec<String> =
            model.family.parameters().iter().map(|p| p.name.to_owned()).collect();
        let options = ForecastOptions {
            keep_draws: samples.len(),
            only: names,
            seed,
            ..ForecastOptions::default()
        };
        // New places are many, and nothing here is a sum over places; years are few, and there are
        // levels of several years together.
        let axes = model.data.grid.axes().iter();
        let apart: Vec<bool> = axes.map(|axis| axis.coordinates().len() > 1).collect();
        let made = forecast_apart(model, samples, target, &options, [&apart; 2])?;
        let parameters: Vec<Vec<f64>> = made.into_iter().map(|q| q.draws).collect();
        Ok(Self {
            tail,
            cells: parameters[0].len() / samples.len(),
            draws: samples.len(),
            parameters,
        })
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.cells
    }

    fn at(&self, i: usize) -> [f64; MAX_PARAMETERS] {
        let mut p = [0.0; MAX_PARAMETERS];
        p.iter_mut().zip(&self.parameters).for_each(|(p, values)| *p = values[i]);
        p
    }

    fn each(&self, f: impl Fn(&[f64]) -> f64 + Sync) -> Vec<f64> {
        let count = self.parameters.len();
        (0..self.cells * self.draws).into_par_iter().map(|i| f(&self.at(i)[..count])).collect()
    }

    /// The level that one block maximum exceeds with probability 1/period; for peaks over a
    /// threshold, that one peak exceeds.
    pub fn levels(&self, period: f64) -> Vec<f64> {
        self.each(|p| self.tail.level(p, period))
    }

    /// P(Y > level) given each draw. The mean over draws is the predictive probability.
    pub fn exceedances(&self, level: f64) -> Vec<f64> {
        self.each(|p| self.tail.exceedance(p, level))
    }

    /// `f` of the [location, scale, shape] of all points along one axis of the grid, such as
    /// [`design_life_level`](gridgp_extremes::design_life_level) of years: draw, cell without that
    /// axis. `shape` is that of the grid of the target.
    ///
    /// # Errors
    /// A law that is no GEV, a shape that is not that of the cells, what `f` refuses.
    pub fn over_axis(
        &self,
        shape: &[usize],
        axis: usize,
        f: impl Fn(&[[f64; 3]]) -> Result<f64, String> + Sync,
    ) -> Result<Vec<f64>> {
        if shape.iter().product::<usize>() != self.cells || axis >= shape.len() {
            return Err(Error::Data(format!(
                "axis {axis} of the shape {shape:?} is none of the {} cells",
                self.cells
            )));
        }
        if self.tail.gev(&self.at(0)).is_none() {
            return Err(Error::Data(
                "levels of periods of years need the family gev, gumbel, frechet or \
                 reversed_weibull"
                    .into(),
            ));
        }
        let (length, step) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
        let rest = self.cells / length;
        (0..rest * self.draws)
            .into_par_iter()
            .map_init(Vec::new, |years, i| {
                let (draw, cell) = (i / rest, i % rest);
                let first = draw * self.cells + (cell / step) * step * length + cell % step;
                years.clear();
                years.extend((0..length).filter_map(|t| self.tail.gev(&self.at(first + t * step))));
                f(years).map_err(Error::Data)
            })
            .collect()
    }

    /// Mean, standard deviation and quantiles over draws of `values`: draw, cell.
    pub fn summarize(&self, values: &[f64], probabilities: &[f64]) -> Summarized {
        let cells = values.len() / self.draws;
        let n = self.draws as f64;
        let columns: Vec<(f64, f64, Vec<f64>)> = (0..cells)
            .into_par_iter()
            .map_init(Vec::new, |column, c| {
                column.clear();
                column.extend(values.iter().skip(c).step_by(cells));
                column.sort_unstable_by(f64::total_cmp);
                let mean = column.iter().sum::<f64>() / n;
                let square = column.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
                let quantiles =
                    probabilities.iter().map(|&p| quantile_of_sorted(column, p)).collect();
                (mean, (square / (n - 1.0)).sqrt(), quantiles)
            })
            .collect();
        Summarized {
            mean: columns.iter().map(|c| c.0).collect(),
            sd: columns.iter().map(|c| c.1).collect(),
            quantiles: (0..probabilities.len())
                .flat_map(|k| columns.iter().map(move |c| c.2[k]))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Place, prior_samples};
    use gridgp_density::Joint;
    use gridgp_extremes::{design_life_level, exceedance, return_level};
    use gridgp_grid::{Axis, Covariate, Dataset, Grid, Variable};
    use gridgp_model::spec::{ModelSpec, Source};

    const TEXT: &str = "[data]\nresponse = 'y'\naxes = ['s', 't']\ncovariates.g = { along = 't' }\n\
        [parameters]\nmu = 'normal(30, 1)'\nrate = 'normal(1, 0.3)'\nxi = 'normal(0.1, 0.05)'\n\
        [fields.f]\ns = 'matern32(lengthscale = 1.1)'\namplitude = 1.2\n\
        [likelihood]\nfamily = 'FAMILY'\nlocation = 'mu + f + rate * g'\nscale = 2\n";

    fn model(family: &str, shape: &str) -> Model {
        let axis = |name: &str, x: &[f64]| Axis::numbers(name, x.to_vec()).unwrap();
        let grid = Grid::new(vec![axis("s", &[0.0, 0.4, 1.5]), axis("t", &[0.0, 1.0])]).unwrap();
        let y = (0..6).map(|i| 30.0 + f64::from(i)).collect();
        let g = Covariate {
            name: "g".into(),
            axes: vec![1],
            values: vec![-0.5, 2.0],
            units: None,
            missing: None,
        };
        let data = Dataset::new(grid, Variable::new("y", y), vec![g]).unwrap();
        let xi = "xi = 'normal(0.1, 0.05)'\n";
        let text = if shape.is_empty() { TEXT.replace(xi, "") } else { TEXT.into() };
        let source = Source::new("test", text.replace("FAMILY", family) + shape);
        Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap()
    }

    /// The closed formula, parameter by parameter, of each draw.
    #[test]
    fn levels_are_the_closed_formula_of_each_draw() {
        let model = model("gev", "shape = 'xi'");
        let samples = prior_samples(&model, 50, 4).unwrap();
        let place = Place { grid: model.data.grid.clone(), covariates: vec![] };
        let tail = TailDraws::new(&model, &samples, &Target::Grid(&place), 1).unwrap();
        let (levels, risks) = (tail.levels(100.0), tail.exceedances(38.0));
        let life = tail.over_axis(&[3, 2], 1, |years| design_life_level(years, 0.2)).unwrap();
        let mut joint = Joint::new(&model).unwrap();
        for d in 0..50 {
            let (theta, fields) = joint.fields_at(samples.at(d)).unwrap();
            let [mu, rate, xi] =
                ["mu", "rate", "xi"].map(|name| theta[model.position(name).unwrap()]);
            for s in 0..3 {
                let location = |g: f64| mu + fields[0][s] + rate * g;
                for (t, g) in [-0.5, 2.0].into_iter().enumerate() {
                    let i = d * 6 + s * 2 + t;
                    let level = return_level(location(g), 2.0, xi, 100.0);
                    approx::assert_relative_eq!(levels[i], level, max_relative = 1e-12);
                    let risk = exceedance(location(g), 2.0, xi, 38.0);
                    approx::assert_relative_eq!(risks[i], risk, max_relative = 1e-9);
                }
                let years = [-0.5, 2.0].map(|g| [location(g), 2.0, xi]);
                let level = design_life_level(&years, 0.2).unwrap();
                approx::assert_relative_eq!(life[d * 3 + s], level, max_relative = 1e-12);
            }
        }
        let summary = tail.summarize(&levels, &[0.0, 0.5, 1.0]);
        let first: Vec<f64> = levels.iter().step_by(6).copied().collect();
        approx::assert_relative_eq!(
            summary.mean[0],
            first.iter().sum::<f64>() / 50.0,
            max_relative = 1e-13
        );
        assert_eq!(summary.quantiles[0], first.iter().copied().fold(f64::INFINITY, f64::min));
        assert_eq!(summary.quantiles[12], first.iter().copied().fold(0.0, f64::max));
    }

    /// The other axis, too.
    #[test]
    fn axes_are_folded_where_they_lie() {
        let model = model("gumbel", "");
        let samples = prior_samples(&model, 7, 4).unwrap();
        let place = Place { grid: model.data.grid.clone(), covariates: vec![] };
        let tail = TailDraws::new(&model, &samples, &Target::Grid(&place), 1).unwrap();
        let sums =
            |axis| tail.over_axis(&[3, 2], axis, |p| Ok(p.iter().map(|p| p[0]).sum())).unwrap();
        let location = &tail.parameters[0];
        for d in 0..7 {
            let l = &location[d * 6..(d + 1) * 6];
            assert_eq!(sums(0)[d * 2 + 1], l[1] + l[3] + l[5]);
            assert_eq!(sums(1)[d * 3 + 2], l[4] + l[5]);
        }
        assert!(tail.over_axis(&[3, 3], 0, |_| Ok(0.0)).is_err());
    }

    /// Fields at new points are the same in two scenarios, so the difference has no noise.
    #[test]
    fn scenarios_share_their_fields() {
        let model = model("gumbel", "");
        let samples = prior_samples(&model, 20, 4).unwrap();
        let axes = vec![
            Axis::numbers("s", vec![0.2, 5.0]).unwrap(),
            Axis::numbers("t", vec![0.0]).unwrap(),
        ];
        let levels = |g: f64| {
            let g = Covariate {
                name: "g".into(),
                axes: vec![1],
                values: vec![g],
                units: None,
                missing: None,
            };
            let place = Place { grid: Grid::new(axes.clone()).unwrap(), covariates: vec![g] };
            TailDraws::new(&model, &samples, &Target::Grid(&place), 1).unwrap().levels(50.0)
        };
        let (now, then) = (levels(0.0), levels(1.0));
        let rate = model.position("rate").unwrap();
        for d in 0..20 {
            let theta = model.natural(samples.at(d));
            for c in 0..2 {
                let rise = then[d * 2 + c] - now[d * 2 + c];
                approx::assert_relative_eq!(rise, theta[rate], max_relative = 1e-10);
            }
        }
    }

    #[test]
    fn mistakes_are_explained() {
        let gaussian = model("gaussian", "");
        let samples = prior_samples(&gaussian, 2, 4).unwrap();
        let place = Place { grid: gaussian.data.grid.clone(), covariates: vec![] };
        let of = |m: &Model, s: &Samples| {
            TailDraws::new(m, s, &Target::Grid(&place), 1).unwrap_err().to_string()
        };
        assert!(of(&gaussian, &samples).contains("\"gaussian\" has no return levels"));
        assert!(of(&model("gumbel", ""), &Samples::default()).contains("no draws"));
    }
}
