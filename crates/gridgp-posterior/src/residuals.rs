//! How each observation lies in its own prediction: probabilities, residuals, scores.

use std::ops::Range;

use gridgp_density::{Joint, Samples};
use gridgp_diagnostics::{ess_mean, pareto_smooth, relative_efficiency};
use gridgp_dist::{Distribution, Normal};
use gridgp_grid::{Error, Grid, Result};
use gridgp_likelihood::{Family, Likelihood};
use gridgp_model::Model;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// How draws are weighed where an observation is compared with its prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weighing {
    /// As if the observation had been left out, by Pareto-smoothed importance weights 1/p(y | draw).
    LeaveOneOut,
    /// All alike. The fit has seen the observation, so that predictions look better than they are.
    InSample,
}

/// Observations beside their predictions, which are mixtures over the draws of the posterior.
///
/// Vectors have one entry an observed cell, in the order of [`cells`](Self::cells).
#[derive(Debug, Clone, PartialEq)]
pub struct Residuals {
    /// The observed cells.
    pub cells: Vec<usize>,
    /// P(Y < y).
    pub below: Vec<f64>,
    /// P(Y ≤ y): the same where y is continuous.
    pub up_to: Vec<f64>,
    /// The continuous ranked probability score E|Y − y| − ½ E|Y − Y′|, in the unit of the response;
    /// smaller is better. From one new observation a draw, so good to one part in √draws.
    pub crps: Vec<f64>,
    /// log p(y) under the prediction; larger is better.
    pub log_score: Vec<f64>,
    /// Pareto k̂ of the weights, above [`good_k`](Self::good_k) not to be relied on; NaN where all
    /// draws count alike.
    pub k: Vec<f64>,
    /// The largest k̂ for which so many draws are enough.
    pub good_k: f64,
}

/// Some residuals in short.
#[derive(Debug, Clone, PartialEq)]
pub struct ResidualSummary {
    /// Number of observations.
    pub count: usize,
    /// Mean of the quantile residuals; 0 for a fit that is right.
    pub mean: f64,
    /// Their standard deviation; 1 for a fit that is right.
    pub sd: f64,
    /// The largest distance of the distribution of the PIT from the uniform one. A fit that is right
    /// exceeds 1.36/√count about once in twenty times.
    pub distance: f64,
    /// For each level, the share of observations inside the central interval with that probability.
    pub coverage: Vec<f64>,
    /// Mean CRPS.
    pub crps: f64,
    /// Sum of the log scores.
    pub log_score: f64,
    /// Observations with a k̂ above what is good.
    pub bad: usize,
}

/// Parameters of draws are held for so many bytes of cells at a time.
const MEMORY: usize = 1 << 28;

/// A probability this near to 0 or 1 has no finite residual in `f64`.
const EDGE: f64 = 1e-16;

/// Compares every observation with its prediction by the draws.
///
/// Where a draw makes an observation impossible, which only draws of an approximation can, it cannot
/// be left out by weights: all draws count alike there, and its k̂ is NaN.
///
/// # Errors
/// Fewer than two draws; a covariance that cannot be factorized.
///
/// # Source
/// Gneiting, Balabdaoui and Raftery, Probabilistic forecasts, calibration and sharpness (2007);
/// Vehtari, Gelman and Gabry, Practical Bayesian model evaluation using leave-one-out
/// cross-validation and WAIC (2017), for the weights.
///
/// # Example
/// ```
/// use gridgp_grid::{Axis, Dataset, Grid, Variable};
/// use gridgp_model::{Model, spec::{ModelSpec, Source}};
/// use gridgp_density::Samples;
/// use gridgp_posterior::{Weighing, residuals};
///
/// let source = Source::new("model.toml", "
///     [data]
///     response = 'y'
///     axes = ['t']
///     [parameters]
///     mu = 'normal(0, 1)'
///     [likelihood]
///     family = 'gaussian'
///     location = 'mu'
///     scale = 2
/// ");
/// let grid = Grid::new(vec![Axis::numbers("t", vec![0.0, 1.0])?])?;
/// let data = Dataset::new(grid, Variable::new("y", vec![0.5, 2.5]), vec![])?;
/// let model = Model::new(ModelSpec::from_toml(&source)?, &source, data)?;
/// // Draws that all say mu = 0.5.
/// let samples = Samples { chains: 1, draws: 100, dim: 1, x: vec![0.5; 100] };
/// let found = residuals(&model, &samples, Weighing::InSample, 1)?;
/// let quantiles: Vec<f64> = found.quantile_residuals().collect();
/// assert!(quantiles[0].abs() < 1e-12 && (quantiles[1] - 1.0).abs() < 1e-12);
/// # Ok::<(), gridgp_grid::Error>(())
/// ```
pub fn residuals(
    model: &Model,
    samples: &Samples,
    weighing: Weighing,
    seed: u64,
) -> Result<Residuals> {
    let draws = samples.len();
    if draws < 2 {
        return Err(Error::Data(format!(
            "residuals need draws of the posterior, and there are {draws}"
        )));
    }
    let joint = Joint::new(model)?;
    let cells = joint.cells().to_vec();
    let count = model.equations.len();
    let width = (MEMORY / (8 * draws * count)).clamp(1, cells.len());
    let reff = match weighing {
        Weighing::LeaveOneOut => Some(efficiency(samples)),
        Weighing::InSample => None,
    };
    let response = model.modelled_response();
    let mut all = Vec::with_capacity(cells.len());
    for first in (0..cells.len()).step_by(width) {
        let block = first..cells.len().min(first + width);
        let parameters = parameters(&joint, samples, block.clone(), count)?;
        let size = block.len();
        let found: Vec<One> = block
            .into_par_iter()
            .map_init(
                || Scratch::new(draws),
                |scratch, i| {
                    let at = |s: usize| &parameters[(s * size + i - first) * count..][..count];
                    // A stream a cell: the same numbers for any number of threads.
                    let mut rng = ChaCha8Rng::seed_from_u64(seed);
                    rng.set_stream(cells[i] as u64);
                    one(&model.family, response[cells[i]], at, reff, &mut rng, scratch)
                },
            )
            .collect();
        all.extend(found);
    }
    let unit = model.standardization.1;
    Ok(Residuals {
        cells,
        below: all.iter().map(|o| o.below).collect(),
        up_to: all.iter().map(|o| o.up_to).collect(),
        crps: all.iter().map(|o| unit * o.crps).collect(),
        log_score: all.iter().map(|o| o.log_score - unit.ln()).collect(),
        k: all.iter().map(|o| o.k).collect(),
        good_k: (1.0 - 1.0 / (draws as f64).log10()).min(0.7),
    })
}

/// The likelihood's parameters in a block of observed cells: draw, cell, parameter.
fn parameters(
    joint: &Joint,
    samples: &Samples,
    block: Range<usize>,
    count: usize,
) -> Result<Vec<f64>> {
    let row = block.len() * count;
    let mut all = vec![0.0; samples.len() * row];
    all.par_chunks_mut(row).enumerate().try_for_each_init(
        || joint.clone(),
        |joint, (s, out)| joint.observed_parameters(samples.at(s), block.clone(), out),
    )?;
    Ok(all)
}

/// Columns of the draws that stand for all.
const COLUMNS: usize = 500;

/// The mean effective share of the draws, over the unknowns.
fn efficiency(samples: &Samples) -> f64 {
    let (chains, draws, dim) = (samples.chains, samples.draws, samples.dim);
    if chains < 2 {
        return 1.0;
    }
    let ess: Vec<f64> = (0..dim)
        .step_by(dim.div_ceil(COLUMNS))
        .map(|j| {
            let column: Vec<f64> = samples.x.iter().skip(j).step_by(dim).copied().collect();
            ess_mean(&column.chunks_exact(draws).collect::<Vec<_>>())
        })
        .collect();
    relative_efficiency(&ess, chains, draws)
}

/// One observation.
struct One {
    below: f64,
    up_to: f64,
    crps: f64,
    log_score: f64,
    k: f64,
}

/// Memory for the draws of one cell.
struct Scratch {
    log_likelihood: Vec<f64>,
    weights: Vec<f64>,
    /// A new observation of each draw, and its weight.
    replicates: Vec<(f64, f64)>,
}

impl Scratch {
    fn new(draws: usize) -> Self {
        Self {
            log_likelihood: vec![0.0; draws],
            weights: vec![0.0; draws],
            replicates: vec![(0.0, 0.0); draws],
        }
    }
}

fn one<'p>(
    family: &Family,
    y: f64,
    at: impl Fn(usize) -> &'p [f64],
    reff: Option<f64>,
    rng: &mut ChaCha8Rng,
    scratch: &mut Scratch,
) -> One {
    let Scratch { log_likelihood, weights, replicates } = scratch;
    for (s, l) in log_likelihood.iter_mut().enumerate() {
        *l = family.log_prob(y, at(s));
    }
    let can_be_left_out = log_likelihood.iter().all(|l| l.is_finite());
    let k = match reff.filter(|_| can_be_left_out) {
        Some(reff) => {
            weights.iter_mut().zip(&*log_likelihood).for_each(|(w, l)| *w = -l);
            let k = pareto_smooth(weights, reff);
            weights.iter_mut().for_each(|w| *w = w.exp());
            k
        }
        None => {
            let share = 1.0 / weights.len() as f64;
            weights.fill(share);
            f64::NAN
        }
    };
    let largest = log_likelihood.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (mut up_to, mut density) = (0.0, 0.0);
    for (s, (w, l)) in weights.iter().zip(&*log_likelihood).enumerate() {
        up_to += w * family.cdf(y, at(s));
        density += w * (l - largest).exp();
        replicates[s] = (family.sample(rng, at(s)), *w);
    }
    let log_score = largest + density.ln();
    let up_to = up_to.min(1.0);
    let below = if family.is_discrete() { (up_to - log_score.exp()).max(0.0) } else { up_to };
    One { below, up_to, crps: weighted_crps(replicates, y), log_score, k }
}

/// E|Y − y| − ½ E|Y − Y′| of a weighted sample, which is sorted on the way. Weights sum to 1.
fn weighted_crps(sample: &mut [(f64, f64)], y: f64) -> f64 {
    sample.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut near, mut spread, mut before) = (0.0, 0.0, 0.0);
    for &(v, w) in &*sample {
        near += w * (v - y).abs();
        // ½ E|Y − Y′| = Σ w v (what lies before − what lies behind), the halves of ties cancel.
        spread += w * v * (2.0 * before + w - 1.0);
        before += w;
    }
    near - spread
}

impl Residuals {
    /// The probability integral transform of each observation, uniform if the fit is right: P(Y ≤ y),
    /// for discrete y half-way between P(Y < y) and P(Y ≤ y).
    pub fn pit(&self) -> impl Iterator<Item = f64> + Clone {
        self.below.iter().zip(&self.up_to).map(|(a, b)| 0.5 * (a + b))
    }

    /// The PIT as standard normal quantiles; ±8.2 where it is 0 or 1 to rounding.
    pub fn quantile_residuals(&self) -> impl Iterator<Item = f64> + Clone {
        let normal = Normal::new(0.0, 1.0).expect("a positive sd");
        self.pit().map(move |p| normal.quantile(p.clamp(EDGE, 1.0 - EDGE)))
    }

    /// How many PIT values lie in each of `bins` equal parts of \[0, 1\].
    pub fn histogram(&self, bins: usize) -> Vec<usize> {
        let mut counts = vec![0; bins];
        for p in self.pit() {
            counts[((p * bins as f64) as usize).min(bins - 1)] += 1;
        }
        counts
    }

    /// The observations for which `keep` says so, in short; `keep` gets positions in
    /// [`cells`](Self::cells). Central intervals with the probabilities `levels`.
    pub fn summary(&self, levels: &[f64], keep: impl Fn(usize) -> bool) -> ResidualSummary {
        let kept: Vec<usize> = (0..self.cells.len()).filter(|&i| keep(i)).collect();
        let n = kept.len() as f64;
        let quantiles: Vec<f64> = self.quantile_residuals().collect();
        let of = |v: &[f64]| kept.iter().map(|&i| v[i]).sum::<f64>();
        let mean = of(&quantiles) / n;
        let squares = kept.iter().map(|&i| (quantiles[i] - mean).powi(2)).sum::<f64>();
        let all: Vec<f64> = self.pit().collect();
        let mut pit: Vec<f64> = kept.iter().map(|&i| all[i]).collect();
        pit.sort_unstable_by(f64::total_cmp);
        let gap =
            |(i, p): (usize, &f64)| (p - i as f64 / n).abs().max(((i + 1) as f64 / n - p).abs());
        let is_covered = |i: usize, level: f64| {
            let tail = 0.5 * (1.0 - level);
            self.up_to[i] >= tail && self.below[i] <= 1.0 - tail
        };
        ResidualSummary {
            count: kept.len(),
            mean,
            sd: (squares / (n - 1.0).max(1.0)).sqrt(),
            distance: pit.iter().enumerate().map(gap).fold(0.0, f64::max),
            coverage: levels
                .iter()
                .map(|&l| kept.iter().filter(|&&i| is_covered(i, l)).count() as f64 / n)
                .collect(),
            crps: of(&self.crps) / n,
            log_score: of(&self.log_score),
            bad: kept.iter().filter(|&&i| self.k[i] > self.good_k).count(),
        }
    }

    /// A summary for each point of an axis of the grid: for each station, or each year.
    pub fn along(&self, grid: &Grid, axis: usize, levels: &[f64]) -> Vec<ResidualSummary> {
        let point: Vec<usize> = self.cells.iter().map(|&c| grid.unravel(c)[axis]).collect();
        (0..grid.axes()[axis].len()).map(|p| self.summary(levels, |i| point[i] == p)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridgp_grid::{Axis, Dataset, Variable};
    use gridgp_model::spec::{ModelSpec, Source};
    use rand_distr::{Distribution as _, StandardNormal};

    fn model(y: Vec<f64>, likelihood: &str) -> Model {
        let source = Source::new(
            "test",
            format!(
                "[data]\nresponse = 'y'\naxes = ['t']\n[parameters]\nmu = 'normal(0, 10)'\n\
                 [likelihood]\n{likelihood}"
            ),
        );
        let t = (0..y.len()).map(|i| i as f64).collect();
        let grid = Grid::new(vec![Axis::numbers("t", t).unwrap()]).unwrap();
        let data = Dataset::new(grid, Variable::with_nan_as_missing("y", y), vec![]).unwrap();
        Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap()
    }

    /// The exact posterior of a normal mean, and the exact prediction of each left-out observation.
    #[test]
    fn leaving_one_out_is_refitting_without_it() {
        let mut y = vec![0.3, -1.1, 2.4, 0.8, -0.2, 1.7, f64::NAN];
        let gaussian = model(y.clone(), "family = 'gaussian'\nlocation = 'mu'\nscale = 1\n");
        y.pop();
        let posterior = |y: &[f64]| {
            let precision = y.len() as f64 + 0.01;
            (y.iter().sum::<f64>() / precision, precision.powf(-0.5))
        };
        let (mean, sd) = posterior(&y);
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
        let x: Vec<f64> = (0..40_000).map(|_| mean + sd * normal()).collect();
        let samples = Samples { chains: 1, draws: x.len(), dim: 1, x };
        let found = residuals(&gaussian, &samples, Weighing::LeaveOneOut, 1).unwrap();
        let seen = residuals(&gaussian, &samples, Weighing::InSample, 1).unwrap();
        assert_eq!(found.cells, [0, 1, 2, 3, 4, 5]);
        let standard = Normal::new(0.0, 1.0).unwrap();
        for (i, (z, k)) in found.quantile_residuals().zip(&found.k).enumerate() {
            let mut rest = y.clone();
            let left_out = rest.remove(i);
            let (m, s) = posterior(&rest);
            let spread = (1.0 + s * s).sqrt();
            let exact = (left_out - m) / spread;
            assert!((z - exact).abs() < 0.02 && *k < 0.7, "{i}: {z} for {exact}, k {k}");
            let log = standard.log_prob(exact) - spread.ln();
            assert!((found.log_score[i] - log).abs() < 0.02, "{i}");
            // The CRPS of a normal distribution, Gneiting et al. (2005), equation 5.
            let crps = spread
                * (exact * (2.0 * standard.cdf(exact) - 1.0)
                    + 2.0 * standard.log_prob(exact).exp()
                    - std::f64::consts::PI.powf(-0.5));
            assert!((found.crps[i] - crps).abs() < 0.03, "{i}: {} for {crps}", found.crps[i]);
        }
        // What the fit has seen looks better.
        let total = |r: &Residuals| r.summary(&[], |_| true).log_score;
        assert!(total(&seen) > total(&found) + 0.5);
        assert!(seen.k.iter().all(|k| k.is_nan()));
        let same = residuals(&gaussian, &samples, Weighing::LeaveOneOut, 1).unwrap();
        assert_eq!(found.crps, same.crps);
    }

    #[test]
    fn right_draws_cover_what_they_say() {
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        let y: Vec<f64> = (0..4000).map(|_| StandardNormal.sample(&mut rng)).collect();
        let gaussian = model(y, "family = 'gaussian'\nlocation = 'mu'\nscale = 1\n");
        let samples = Samples { chains: 1, draws: 50, dim: 1, x: vec![0.0; 50] };
        let found = residuals(&gaussian, &samples, Weighing::InSample, 1).unwrap();
        let levels = [0.5, 0.9];
        let all = found.summary(&levels, |_| true);
        assert!(all.mean.abs() < 0.06 && (all.sd - 1.0).abs() < 0.05, "{all:?}");
        assert!(all.distance < 1.63 / 4000f64.sqrt(), "{all:?}");
        for (found, level) in all.coverage.iter().zip(levels) {
            assert!((found - level).abs() < 4.0 * (level * (1.0 - level) / 4000.0).sqrt());
        }
        assert_eq!(found.histogram(10).iter().sum::<usize>(), 4000);
        // Draws that are one too high.
        let shifted = Samples { x: vec![1.0; 50], ..samples };
        let found = residuals(&gaussian, &shifted, Weighing::InSample, 1).unwrap();
        let all = found.summary(&levels, |_| true);
        assert!((all.mean + 1.0).abs() < 0.06 && all.distance > 0.3 && all.coverage[1] < 0.8);
    }

    #[test]
    fn counts_have_half_their_mass_below() {
        let poisson = model(vec![0.0, 2.0, 9.0], "family = 'poisson'\nrate = 'exp(mu)'\n");
        let samples = Samples { chains: 1, draws: 10, dim: 1, x: vec![2f64.ln(); 10] };
        let found = residuals(&poisson, &samples, Weighing::InSample, 1).unwrap();
        let p = (-2f64).exp();
        approx::assert_relative_eq!(found.up_to[0], p, max_relative = 1e-12);
        assert!(found.below[0].abs() < 1e-15);
        let pit: Vec<f64> = found.pit().collect();
        approx::assert_relative_eq!(pit[1], 3.0 * p + p, max_relative = 1e-12);
        assert_eq!(found.summary(&[0.9], |_| true).coverage, [2.0 / 3.0]);
    }

    #[test]
    fn the_score_of_a_weighted_sample_is_its_definition() {
        let sample = [(3.0f64, 0.2), (-1.0, 0.5), (0.5, 0.1), (0.5, 0.2)];
        let y = 0.7;
        let near: f64 = sample.iter().map(|(v, w)| w * (v - y).abs()).sum();
        let spread: f64 = sample
            .iter()
            .flat_map(|(v, w)| sample.iter().map(move |(u, q)| 0.5 * w * q * (v - u).abs()))
            .sum();
        approx::assert_relative_eq!(weighted_crps(&mut sample.clone(), y), near - spread);
    }
}
