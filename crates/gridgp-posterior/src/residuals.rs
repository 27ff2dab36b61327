//! How each observation lies in its own prediction: probabilities, residuals, scores.

use std::f64::consts::LN_2;
use std::ops::Range;

use gridgp_density::{Joint, Samples};
use gridgp_diagnostics::pareto_smooth;
use gridgp_dist::special::normal_quantile_of_ln;
use gridgp_grid::{Error, Grid, Result};
use gridgp_likelihood::{Family, Likelihood};
use gridgp_model::Model;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::circle::{self, LogSum, ln_arcs, ln_plus};
use super::efficiency::efficiency;

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
    /// P(Y ≤ y): the same where y is continuous. Of an angle, counted from the one opposite to the
    /// predicted direction.
    pub up_to: Vec<f64>,
    /// The PIT as a standard normal quantile, however far out; ±∞ where the prediction excludes y.
    pub residual: Vec<f64>,
    /// The continuous ranked probability score E|Y − y| − ½ E|Y − Y′|, in the unit of the response;
    /// smaller is better. From one new observation a draw, so good to one part in √draws. Of angles
    /// |·| is the angle between the two.
    pub crps: Vec<f64>,
    /// log p(y) under the prediction; larger is better.
    pub log_score: Vec<f64>,
    /// Pareto k̂ of the weights, above [`good_k`](Self::good_k) not to be relied on; NaN where all
    /// draws count alike.
    pub k: Vec<f64>,
    /// The largest k̂ for which so many draws are enough; ∞ at a mode, where all k̂ are 0.
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

/// Compares every observation with its prediction by the draws; at a mode
/// [`Conditional::leave_one_out`](crate::Conditional::leave_one_out) does.
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
/// assert!(found.residual[0].abs() < 1e-12 && (found.residual[1] - 1.0).abs() < 1e-12);
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
        Weighing::LeaveOneOut => Some(efficiency(model, &joint, samples)?),
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
                    one(joint.family(), response[cells[i]], at, reff, &mut rng, scratch)
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
        residual: all.iter().map(|o| o.residual).collect(),
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

/// One observation.
struct One {
    below: f64,
    up_to: f64,
    residual: f64,
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
    let (mut density, mut direction) = (0.0, None);
    for (s, (w, l)) in weights.iter().zip(&*log_likelihood).enumerate() {
        density += w * (l - largest).exp();
        replicates[s] = (family.sample(rng, at(s)), *w);
        if let Some((cos, sin)) = family.resultant(at(s)) {
            let sums: &mut (f64, f64) = direction.get_or_insert_default();
            *sums = (sums.0 + w * cos, sums.1 + w * sin);
        }
    }
    // A circle is cut where the prediction is farthest.
    let cut = direction.map(|(cos, sin)| (-sin).atan2(-cos));
    let tails = |y: f64| {
        let (mut lower, mut upper) = (LogSum::ZERO, LogSum::ZERO);
        for (s, w) in weights.iter().enumerate() {
            let own = family.log_tails(y, at(s));
            let own = cut.map_or(own, |cut| ln_arcs(own, family.log_tails(cut, at(s))));
            lower.add(w.ln() + own.0);
            upper.add(w.ln() + own.1);
        }
        (lower.ln().min(0.0), upper.ln().min(0.0))
    };
    let up_to = tails(y);
    let below = if family.is_discrete() { tails(y - 1.0) } else { up_to };
    let (lower, upper) = (ln_plus(below.0, up_to.0) - LN_2, ln_plus(below.1, up_to.1) - LN_2);
    let crps = match cut {
        Some(_) => circle::weighted_crps(replicates, y),
        None => weighted_crps(replicates, y),
    };
    One {
        below: below.0.exp(),
        up_to: up_to.0.exp(),
        residual: normal_quantile_of_ln(lower, upper),
        crps,
        log_score: largest + density.ln(),
        k,
    }
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
        let of = |v: &[f64]| kept.iter().map(|&i| v[i]).sum::<f64>();
        let mean = of(&self.residual) / n;
        let squares = kept.iter().map(|&i| (self.residual[i] - mean).powi(2)).sum::<f64>();
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
mod tests;
