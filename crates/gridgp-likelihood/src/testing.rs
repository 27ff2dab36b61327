//! Conformance of a [`Likelihood`], for the likelihoods here and for your own.

mod curvature;
mod expectation;

use expectation::expectation;
use gridgp_dist::special::gamma_tails;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{Column, DefaultValue, Likelihood, MAX_PARAMETERS};

/// Parameters at which a likelihood is checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Example {
    /// The parameters, each inside its domain.
    pub p: &'static [f64],
    /// Observations of density 0 at these parameters.
    pub outside: &'static [f64],
    /// Observations that [`check`](Likelihood::check) refuses, besides NaN and infinities (and
    /// fractions and −1, if y is discrete).
    pub refused: &'static [f64],
}

impl Example {
    /// Parameters alone.
    pub const fn new(p: &'static [f64]) -> Self {
        Self { p, outside: &[], refused: &[] }
    }

    /// With observations of density 0.
    pub const fn outside(self, outside: &'static [f64]) -> Self {
        Self { outside, ..self }
    }

    /// With observations that are refused; their density is 0.
    pub const fn refused(self, refused: &'static [f64]) -> Self {
        Self { refused, ..self }
    }
}

/// Checks that the methods of a likelihood agree with each other, at each of the examples.
///
/// - The density integrates (sums) to 1 and is the derivative (difference) of `cdf`; `mean` and
///   `sd` are its moments where they are finite.
/// - A parameter called `mean` is the mean: predictions have one quantity of that name.
/// - `log_prob` is the value of `log_prob_gradient`; the gradient is that of differences, and 0 for
///   known parameters.
/// - `curvature` is symmetric and positive semidefinite; it is the negative Hessian (differences of
///   the gradient) where that is positive semidefinite, else the expected information, where its
///   integral converges.
/// - `cdf` after `quantile` is the identity, and so is `sf` after `isf`; for discrete y they are the
///   smallest y. `sf` is 1 − `cdf`, and `log_tails` their logarithms.
/// - 20 000 draws with a fixed seed pass a Kolmogorov–Smirnov test (discrete: a χ² test).
/// - `accumulate` is the sum over observations, for every mixture of constant and varying columns,
///   and adds to what it finds.
/// - Outside the support or the domains the log density is −∞ and the gradient 0; `log_prob` of a NaN
///   is NaN. `check` refuses NaN, infinities and what the example says.
///
/// Parameters should be of order 1, and bounded densities are needed at the upper end of a bounded
/// support, where `f64` has no numbers close enough to the end.
///
/// # Panics
/// At the first disagreement, with a message that names it.
///
/// # Example
/// ```
/// use gridgp_likelihood::testing::{Example, check_likelihood};
/// use gridgp_likelihood::Gaussian;
///
/// check_likelihood(&Gaussian, &[Example::new(&[1.0, 0.5])]);
/// ```
pub fn check_likelihood(likelihood: &dyn Likelihood, examples: &[Example]) {
    let parameters = likelihood.parameters();
    assert!(!examples.is_empty(), "{likelihood:?}: no examples");
    assert!(parameters.len() <= MAX_PARAMETERS, "{likelihood:?}: too many parameters");
    for example in examples {
        let law = Law { likelihood, p: example.p };
        assert_eq!(parameters.len(), example.p.len(), "{law}: wrong number of parameters");
        for (parameter, &v) in parameters.iter().zip(example.p) {
            assert!(parameter.domain.contains(v), "{law}: {} is outside", parameter.name);
        }
        law.check_outside(example);
        law.check_domains();
        law.check_quantiles();
        law.check_gradient();
        law.check_curvature();
        law.check_moments();
        if let Some(k) = parameters.iter().position(|p| p.name == "mean") {
            let mean = likelihood.mean(example.p);
            assert!((mean / example.p[k] - 1.0).abs() < 1e-12, "{law}: its mean is {mean}");
        }
        law.check_samples();
        law.check_accumulate();
    }
}

/// A likelihood at some parameters.
#[derive(Clone, Copy)]
struct Law<'a> {
    likelihood: &'a dyn Likelihood,
    p: &'a [f64],
}

impl std::fmt::Display for Law<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} at {:?}", self.likelihood, self.p)
    }
}

const PROBABILITIES: [f64; 9] = [1e-6, 1e-3, 0.03, 0.2, 0.45, 0.7, 0.95, 0.999, 1.0 - 1e-6];

impl Law<'_> {
    fn log_prob(&self, y: f64) -> f64 {
        self.likelihood.log_prob(y, self.p)
    }

    fn cdf(&self, y: f64) -> f64 {
        self.likelihood.cdf(y, self.p)
    }

    fn quantile(&self, q: f64) -> f64 {
        self.likelihood.quantile(q, self.p)
    }

    fn isf(&self, q: f64) -> f64 {
        self.likelihood.isf(q, self.p)
    }

    fn is_free(&self, j: usize) -> bool {
        !matches!(self.likelihood.parameters()[j].default, DefaultValue::Known(_))
    }

    /// The log density and its gradient at other parameters.
    fn gradient(&self, y: f64, p: &[f64]) -> (f64, Vec<f64>) {
        let mut gradient = vec![f64::NAN; p.len()];
        let value = self.likelihood.log_prob_gradient(y, p, &mut gradient);
        assert!(!value.is_nan() && !gradient.iter().any(|g| g.is_nan()), "{self}: NaN at {y}");
        (value, gradient)
    }

    fn close(&self, what: &str, at: f64, found: f64, expected: f64, slack: f64) {
        assert!(
            (found - expected).abs() <= slack,
            "{self}: {what} at {at:e} is {found:e}, expected {expected:e} up to {slack:e}"
        );
    }

    /// Observations from tail to tail, each once.
    fn observations(&self) -> Vec<f64> {
        let mut found: Vec<f64> = PROBABILITIES.iter().map(|&q| self.quantile(q)).collect();
        found.dedup();
        found
    }

    fn check_outside(&self, example: &Example) {
        let never = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        let discrete: &[f64] = if self.likelihood.is_discrete() { &[0.5, -1.0] } else { &[] };
        let refused: Vec<f64> = [&never, discrete, example.refused].concat();
        for &y in &refused {
            assert!(self.likelihood.check(y, self.p).is_err(), "{self}: {y} is not refused");
        }
        for &y in refused.iter().chain(example.outside) {
            self.assert_impossible(y, self.p);
        }
        // As far as f64 goes the density may underflow, but to nothing worse.
        for y in [f64::MAX, f64::MIN, f64::MIN_POSITIVE] {
            if self.gradient(y, self.p).0 == f64::NEG_INFINITY {
                self.assert_impossible(y, self.p);
            }
        }
        for y in self.observations() {
            let checked = self.likelihood.check(y, self.p);
            assert!(checked.is_ok(), "{self}: {y} is refused: {checked:?}");
        }
    }

    fn assert_impossible(&self, y: f64, p: &[f64]) {
        let (value, gradient) = self.gradient(y, p);
        assert_eq!(value, f64::NEG_INFINITY, "{self}: log_prob_gradient({y}, {p:?})");
        assert!(gradient.iter().all(|g| *g == 0.0), "{self}: gradient {gradient:?} at {y}, {p:?}");
        let value = self.likelihood.log_prob(y, p);
        if super::has_nan(y, p) {
            assert!(value.is_nan(), "{self}: log_prob({y}, {p:?}) is {value}");
        } else {
            assert_eq!(value, f64::NEG_INFINITY, "{self}: log_prob({y}, {p:?})");
        }
        let mut curvature = vec![f64::NAN; p.len() * p.len()];
        self.likelihood.curvature(y, p, &mut curvature);
        assert!(curvature.iter().all(|c| *c == 0.0), "{self}: curvature at {y}, {p:?}");
    }

    fn check_domains(&self) {
        let y = self.quantile(0.45);
        for (j, parameter) in self.likelihood.parameters().iter().enumerate() {
            let (lower, upper) = (parameter.domain.lower(), parameter.domain.upper());
            for bad in [lower, upper, lower - 1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let mut p = self.p.to_vec();
                p[j] = bad;
                self.assert_impossible(y, &p);
                let columns: Vec<Column<'_>> = p.iter().map(|v| Column::Constant(*v)).collect();
                let mut bars = vec![vec![0.0]; p.len()];
                let mut bars: Vec<&mut [f64]> = bars.iter_mut().map(|b| &mut b[..]).collect();
                let total = self.likelihood.accumulate(&[y], &columns, &mut bars);
                assert_eq!(total, f64::NEG_INFINITY, "{self}: accumulate at {p:?}");
            }
        }
    }

    fn check_quantiles(&self) {
        for q in [-0.1, 1.1, f64::NAN] {
            assert!(self.quantile(q).is_nan(), "{self}: quantile({q}) beyond [0, 1]");
            assert!(self.isf(q).is_nan(), "{self}: isf({q}) beyond [0, 1]");
        }
        let (lower, upper) = (self.quantile(0.0), self.quantile(1.0));
        assert!(lower < upper, "{self}: the support is {lower} to {upper}");
        let mut last = lower;
        for q in PROBABILITIES {
            let y = self.quantile(q);
            assert!(y >= last && y <= upper, "{self}: quantile({q}) is {y} after {last}");
            last = y;
            self.check_upper_tail(q, y);
            if self.likelihood.is_discrete() {
                let (below, at) = (self.cdf(y - 1.0), self.cdf(y));
                assert!(below < q && q <= at, "{self}: quantile({q}) is {y}, cdf {below} to {at}");
                self.close("mass", y, self.log_prob(y).exp(), at - below, 1e-12);
            } else {
                let rounding = 4.0 * f64::EPSILON * y.abs() * self.log_prob(y).exp() + 1e-14 * q;
                let slack = 1e-11 * q.min(1.0 - q) + rounding;
                self.close("cdf after quantile", y, self.cdf(y), q, slack);
                let spread =
                    (self.quantile(0.75) - self.quantile(0.25)).min(y - lower).min(upper - y);
                let (density, gap) = slope(|y| self.cdf(y), y, spread);
                let slack = 1e-7 * density + 3.0 * gap;
                self.close("density", y, self.log_prob(y).exp(), density, slack);
            }
        }
    }

    /// What is said of P(Y > y), at y and at the level that is exceeded with probability q.
    fn check_upper_tail(&self, q: f64, y: f64) {
        let (cdf, sf) = (self.cdf(y), self.likelihood.sf(y, self.p));
        self.close("sf", y, sf, 1.0 - cdf, 1e-14);
        let (lower, upper) = self.likelihood.log_tails(y, self.p);
        self.close("log cdf", y, lower.exp(), cdf, 1e-11 * cdf);
        self.close("log sf", y, upper.exp(), sf, 1e-9 * sf);
        let level = self.isf(q);
        let over = |y: f64| self.likelihood.sf(y, self.p);
        if self.likelihood.is_discrete() {
            assert!(over(level) <= q && q < over(level - 1.0), "{self}: isf({q}) is {level}");
        } else {
            // 1 − q, where that is what a likelihood goes by, is rounded.
            let density = self.log_prob(level).exp();
            let rounding = 4.0 * f64::EPSILON * (level.abs() * density + 1.0);
            self.close("sf after isf", level, over(level), q, 1e-11 * q.min(1.0 - q) + rounding);
        }
    }

    /// The longest step for parameter j.
    fn reach(&self, j: usize) -> f64 {
        let domain = self.likelihood.parameters()[j].domain;
        let gap = (self.p[j] - domain.lower()).min(domain.upper() - self.p[j]);
        gap.min(1.0 + self.p[j].abs())
    }

    /// At parameter j changed to v.
    fn with(&self, j: usize, v: f64) -> Vec<f64> {
        let mut p = self.p.to_vec();
        p[j] = v;
        p
    }

    fn check_gradient(&self) {
        for y in self.observations() {
            let (value, gradient) = self.gradient(y, self.p);
            assert_eq!(value, self.log_prob(y), "{self}: log_prob at {y}");
            assert!(value.is_finite(), "{self}: log_prob at {y} is {value}");
            for j in 0..self.p.len() {
                if !self.is_free(j) {
                    assert_eq!(gradient[j], 0.0, "{self}: gradient of a known parameter");
                    continue;
                }
                let f = |v| self.likelihood.log_prob(y, &self.with(j, v));
                let (expected, gap) = slope(f, self.p[j], self.reach(j));
                let size = expected.abs().max(1.0 / self.reach(j));
                assert!(gap <= 1e-6 * size, "{self}: differences at {y} are only good to {gap:e}");
                let slack = 1e-9 * size + 3.0 * gap;
                self.close(&format!("derivative {j}"), y, gradient[j], expected, slack);
            }
        }
    }

    fn check_moments(&self) {
        let integral = expectation(self, 0.0, |_| 1.0);
        self.close("integral of the density", 0.0, integral, 1.0, 1e-8);
        let scale = (self.quantile(0.8) - self.quantile(0.2)).max(1e-3);
        let (mean, sd) = (self.likelihood.mean(self.p), self.likelihood.sd(self.p));
        if mean.is_finite() {
            let found = expectation(self, 0.0, |y| y);
            self.close("mean", 0.0, mean, found, 1e-7 * scale.max(mean.abs()));
        }
        if mean.is_finite() && sd.is_finite() {
            let found = expectation(self, 0.0, |y| (y - mean).powi(2)).sqrt();
            self.close("sd", 0.0, sd, found, 1e-7 * scale.max(sd));
        }
    }

    fn check_samples(&self) {
        const N: usize = 20_000;
        let mut rng = ChaCha8Rng::seed_from_u64(20_260_101);
        let samples: Vec<f64> = (0..N).map(|_| self.likelihood.sample(&mut rng, self.p)).collect();
        for &y in &samples {
            assert!(self.log_prob(y) > f64::NEG_INFINITY, "{self}: the draw {y} is impossible");
        }
        let n = N as f64;
        if self.likelihood.is_discrete() {
            let mut ends: Vec<f64> = (1..20).map(|k| self.quantile(f64::from(k) / 20.0)).collect();
            ends.dedup();
            ends.push(f64::INFINITY);
            let (mut below, mut statistic, mut cells) = (0.0, 0.0, 0.0);
            let mut last = f64::NEG_INFINITY;
            for &end in &ends {
                let cdf = if end == f64::INFINITY { 1.0 } else { self.cdf(end) };
                let mass = n * (cdf - below);
                let count = samples.iter().filter(|&&y| last < y && y <= end).count() as f64;
                if mass > 1e-6 {
                    statistic += (count - mass).powi(2) / mass;
                    cells += 1.0;
                }
                (below, last) = (cdf, end);
            }
            let chance = gamma_tails(0.5 * (cells - 1.0), 0.5 * statistic).1;
            assert!(
                chance > 1e-4 || cells < 2.0,
                "{self}: χ² of the draws has probability {chance}"
            );
            return;
        }
        let mut ranks: Vec<f64> = samples.iter().map(|&y| self.cdf(y)).collect();
        ranks.sort_by(f64::total_cmp);
        let distance = ranks
            .iter()
            .enumerate()
            .map(|(i, u)| (u - i as f64 / n).abs().max((u - (i + 1) as f64 / n).abs()))
            .fold(0.0, f64::max);
        // Exceeded with probability 2 exp(−2 · 2.2²) = 1.2e-4 by a correct sampler.
        let bound = 2.2 / n.sqrt();
        assert!(distance < bound, "{self}: Kolmogorov–Smirnov distance {distance} above {bound}");
    }

    fn check_accumulate(&self) {
        let y: Vec<f64> =
            [0.1, 0.3, 0.45, 0.6, 0.8, 0.9].iter().map(|&q| self.quantile(q)).collect();
        let (n, count) = (y.len(), self.p.len());
        // Known parameters may have to be whole.
        let varied: Vec<Vec<f64>> = (0..count)
            .map(|j| {
                let step = if self.is_free(j) { 1e-3 * self.reach(j) } else { 0.0 };
                (0..n).map(|i| self.p[j] + step * ((i * i + j) as f64).sin()).collect()
            })
            .collect();
        for mask in 0..1 << count {
            let varies = |j: usize| mask >> j & 1 == 1;
            let columns: Vec<Column<'_>> = (0..count)
                .map(|j| {
                    if varies(j) {
                        Column::Varying(&varied[j])
                    } else {
                        Column::Constant(self.p[j])
                    }
                })
                .collect();
            let start = |j: usize| vec![0.25; if varies(j) { n } else { 1 }];
            let mut found: Vec<Vec<f64>> = (0..count).map(start).collect();
            let mut bars: Vec<&mut [f64]> = found.iter_mut().map(|b| &mut b[..]).collect();
            let total = self.likelihood.accumulate(&y, &columns, &mut bars);

            let mut expected: Vec<Vec<f64>> = (0..count).map(start).collect();
            let mut size: Vec<f64> = vec![1.0; count];
            let (mut sum, mut sum_size) = (0.0, 1.0);
            for (i, &y) in y.iter().enumerate() {
                let p: Vec<f64> = columns.iter().map(|c| c.at(i)).collect();
                let (value, gradient) = self.gradient(y, &p);
                sum += value;
                sum_size += value.abs();
                for j in 0..count {
                    expected[j][columns[j].index(i)] += gradient[j];
                    size[j] += gradient[j].abs();
                }
            }
            self.close("accumulate", mask as f64, total, sum, 1e-12 * sum_size);
            for j in 0..count {
                for (found, expected) in found[j].iter().zip(&expected[j]) {
                    let what = format!("bar {j} of accumulate");
                    self.close(&what, mask as f64, *found, *expected, 1e-11 * size[j]);
                }
            }
        }
    }
}

/// df/dx by central differences of sixth order, and how well they have converged.
///
/// Steps are halved from `reach`/3 on; of three neighbors that agree best the last is taken (two can
/// agree by chance). Steps to where f is not finite are passed over.
fn slope(f: impl Fn(f64) -> f64, x: f64, reach: f64) -> (f64, f64) {
    let mut best = (f64::NAN, f64::INFINITY);
    let (mut last, mut last_gap) = (f64::NAN, f64::NAN);
    for k in 0..26 {
        let step = reach * 0.3 * 0.5f64.powi(k);
        // The step as it is after rounding.
        let step = (x + step) - x;
        let difference = |k: f64| f(x + k * step) - f(x - k * step);
        let sum = 45.0 * difference(1.0) - 9.0 * difference(2.0) + difference(3.0);
        let slope = sum / (60.0 * step);
        // Rounding alone can make neighbors agree.
        let rounding = 4.0 * f64::EPSILON * f(x).abs() / step;
        let gap = (slope - last).abs() + rounding;
        // A NaN compares as false.
        if gap < best.1 && last_gap < best.1 {
            best = (slope, gap.max(last_gap));
        }
        last_gap = gap;
        last = slope;
    }
    best
}

#[cfg(test)]
mod tests;
