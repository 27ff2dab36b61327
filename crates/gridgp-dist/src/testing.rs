//! Conformance of a [`Distribution`], for the distributions here and for those of others.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::Distribution;

/// Checks that the methods of a distribution agree with each other.
///
/// - The density integrates to 1; mean and standard deviation are its moments.
/// - `log_prob_derivative` is the derivative of `log_prob`, the density that of `cdf`.
/// - `cdf` after `quantile` is the identity from p = 1e-6 to 1 − 1e-6.
/// - 20 000 draws with a fixed seed pass a Kolmogorov–Smirnov test against `cdf`.
/// - Outside the support the density is zero, and `cdf` 0 or 1.
///
/// Quadrature resolves a density that is infinite at 0, but not one that is infinite at another
/// end of its support, where `f64` has no numbers close enough to the end, nor one whose mass lies
/// in a sliver of a bounded support.
///
/// # Panics
/// Where a check fails; the message names the distribution, the point and both numbers.
pub fn check_distribution(d: &(impl Distribution + std::fmt::Debug)) {
    check_support(d);
    check_quantiles(d);
    check_derivatives(d);
    check_moments(d);
    check_samples(d);
}

/// Checks `log_prob` and `cdf` against reference values `(x, log_prob, cdf)`.
///
/// # Panics
/// Where a relative difference exceeds 1e-13, or an absolute one for log densities below 1.
pub fn check_reference(d: &(impl Distribution + std::fmt::Debug), reference: &[(f64, f64, f64)]) {
    for &(x, log_prob, cdf) in reference {
        close(d, "log_prob", x, d.log_prob(x), log_prob, 1e-13 * log_prob.abs().max(1.0));
        close(d, "cdf", x, d.cdf(x), cdf, 1e-13 * cdf);
    }
}

const PROBABILITIES: [f64; 11] =
    [1e-6, 1e-4, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0 - 1e-4, 1.0 - 1e-6];

fn close(d: &impl std::fmt::Debug, what: &str, at: f64, found: f64, expected: f64, slack: f64) {
    assert!(
        (found - expected).abs() <= slack,
        "{d:?}: {what} at {at:e} is {found:e}, expected {expected:e} up to {slack:e}"
    );
}

fn check_support(d: &(impl Distribution + std::fmt::Debug)) {
    let (lower, upper) = (d.support().lower(), d.support().upper());
    assert!(lower < upper, "{d:?}: empty support {}", d.support());
    assert_eq!((d.quantile(0.0), d.quantile(1.0)), (lower, upper), "{d:?}: quantiles 0 and 1");
    assert!(d.quantile(-0.1).is_nan() && d.quantile(1.1).is_nan(), "{d:?}: quantile beyond [0, 1]");
    for (x, cdf) in [(lower, 0.0), (lower - 1.0, 0.0), (upper, 1.0), (upper + 1.0, 1.0)] {
        assert_eq!(d.log_prob(x), f64::NEG_INFINITY, "{d:?}: log_prob({x}) outside the support");
        assert_eq!(d.log_prob_derivative(x), 0.0, "{d:?}: derivative at {x} outside the support");
        assert_eq!(d.cdf(x), cdf, "{d:?}: cdf({x}) outside the support");
    }
    for found in [d.log_prob(f64::NAN), d.cdf(f64::NAN), d.quantile(f64::NAN)] {
        assert!(found.is_nan(), "{d:?}: {found} of NaN");
    }
    assert_eq!(d.median(), d.quantile(0.5), "{d:?}: median");
}

fn check_quantiles(d: &(impl Distribution + std::fmt::Debug)) {
    let mut last = d.support().lower();
    for p in PROBABILITIES {
        let x = d.quantile(p);
        assert!(d.support().contains(x) && x > last, "{d:?}: quantile({p}) = {x} after {last}");
        last = x;
        // What rounding does: that of x, moved by the density, and some 50 units in the last place.
        let rounding = 4.0 * f64::EPSILON * x.abs() * d.log_prob(x).exp() + 1e-14 * p;
        close(d, "cdf after quantile", p, d.cdf(x), p, 1e-11 * p.min(1.0 - p) + rounding);
    }
}

fn check_derivatives(d: &(impl Distribution + std::fmt::Debug)) {
    for p in PROBABILITIES {
        let x = d.quantile(p);
        let gap = (x - d.support().lower()).min(d.support().upper() - x);
        // The length on which the density changes.
        let spread = (d.quantile(0.75) - d.quantile(0.25))
            .min(gap)
            .min(d.log_prob_derivative(x).abs().recip());
        let (slope, rounding) = derivative(|x| d.log_prob(x), x, 1e-2 * spread);
        let slack = 1e-7 * slope.abs().max(1.0 / spread) + rounding;
        close(d, "log_prob_derivative", x, d.log_prob_derivative(x), slope, slack);
        let (density, rounding) = derivative(|x| d.cdf(x), x, 1e-2 * spread);
        close(d, "density", x, d.log_prob(x).exp(), density, 1e-7 * density + rounding);
    }
}

/// Central differences of sixth order, and what rounding may add to them.
fn derivative(f: impl Fn(f64) -> f64, x: f64, step: f64) -> (f64, f64) {
    // The step as it is after rounding.
    let step = (x + step) - x;
    let difference = |k: f64| f(x + k * step) - f(x - k * step);
    let slope = (45.0 * difference(1.0) - 9.0 * difference(2.0) + difference(3.0)) / (60.0 * step);
    (slope, 4.0 * f64::EPSILON * f(x).abs().max(f64::EPSILON) / step)
}

fn check_moments(d: &(impl Distribution + std::fmt::Debug)) {
    close(d, "integral of the density", 0.0, expectation(d, |_| 1.0), 1.0, 1e-8);
    let scale = d.quantile(0.75) - d.quantile(0.25);
    if let Some(mean) = d.mean() {
        let found = expectation(d, |x| x);
        close(d, "mean", 0.0, mean, found, 1e-7 * scale.max(mean.abs()));
        if let Some(sd) = d.sd() {
            let found = expectation(d, |x| (x - mean).powi(2)).sqrt();
            close(d, "sd", 0.0, sd, found, 1e-7 * scale.max(sd));
        }
    } else {
        assert!(d.sd().is_none(), "{d:?}: a standard deviation without a mean");
    }
}

/// ∫ f(x) p(x) dx by double-exponential quadrature on the support.
///
/// # Source
/// Takahasi and Mori, Double exponential formulas for numerical integration (1974).
fn expectation(d: &impl Distribution, f: impl Fn(f64) -> f64) -> f64 {
    const STEP: f64 = 1.0 / 64.0;
    let (lower, upper) = (d.support().lower(), d.support().upper());
    let (median, scale) = (d.median(), d.quantile(0.75) - d.quantile(0.25));
    let mut total = 0.0;
    for i in -448..=448 {
        let t = STEP * f64::from(i);
        let (s, ds) =
            (std::f64::consts::FRAC_PI_2 * t.sinh(), std::f64::consts::FRAC_PI_2 * t.cosh());
        let (x, dx) = match (lower.is_finite(), upper.is_finite()) {
            (true, true) => {
                // The distance to the nearer end keeps its relative accuracy.
                let (width, distance) = (upper - lower, 1.0 / (1.0 + (2.0 * s.abs()).exp()));
                let x = if s < 0.0 { lower + width * distance } else { upper - width * distance };
                (x, 2.0 * width * distance * (1.0 - distance))
            }
            (true, false) => (lower + (median - lower) * s.exp(), (median - lower) * s.exp()),
            (false, true) => (upper - (upper - median) * s.exp(), (upper - median) * s.exp()),
            (false, false) => (median + scale * s.sinh(), scale * s.cosh()),
        };
        // Far out the factors leave the range of f64 before their product does.
        let weight = (d.log_prob(x) + dx.ln() + ds.ln()).exp();
        if weight > 0.0 {
            total += STEP * f(x) * weight;
        }
    }
    total
}

fn check_samples(d: &(impl Distribution + std::fmt::Debug)) {
    const N: usize = 20_000;
    let mut rng = ChaCha8Rng::seed_from_u64(20_260_101);
    let mut samples: Vec<f64> = (0..N).map(|_| d.sample(&mut rng)).collect();
    samples.sort_by(f64::total_cmp);
    let statistic = samples
        .iter()
        .enumerate()
        .map(|(i, &x)| {
            assert!(d.support().contains(x), "{d:?}: the draw {x} is outside {}", d.support());
            let (cdf, n) = (d.cdf(x), N as f64);
            (cdf - i as f64 / n).abs().max((cdf - (i + 1) as f64 / n).abs())
        })
        .fold(0.0, f64::max);
    // Exceeded with probability 2 exp(−2 · 2.2²) = 1.2e-4 by a correct sampler.
    let bound = 2.2 / (N as f64).sqrt();
    assert!(statistic < bound, "{d:?}: Kolmogorov–Smirnov distance {statistic} above {bound}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Domain, Gamma};
    use rand::Rng;

    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Fault {
        None,
        Normalization,
        Derivative,
        Cdf,
        Quantile,
        Sample,
        Support,
        Mean,
        Sd,
    }

    /// A gamma with one mistake of a part in a thousand, or in twenty for the draws.
    #[derive(Debug)]
    struct Faulty(Gamma, Fault);

    impl Faulty {
        fn off(&self, fault: Fault) -> f64 {
            if self.1 == fault { 1.001 } else { 1.0 }
        }
    }

    impl Distribution for Faulty {
        fn log_prob(&self, x: f64) -> f64 {
            self.0.log_prob(x) + self.off(Fault::Normalization).ln()
        }
        fn log_prob_derivative(&self, x: f64) -> f64 {
            self.0.log_prob_derivative(x) * self.off(Fault::Derivative)
        }
        fn cdf(&self, x: f64) -> f64 {
            self.0.cdf(x * self.off(Fault::Cdf))
        }
        fn quantile(&self, p: f64) -> f64 {
            self.0.quantile(p) * self.off(Fault::Quantile)
        }
        fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
            self.0.sample(rng) * if self.1 == Fault::Sample { 1.05 } else { 1.0 }
        }
        fn support(&self) -> Domain {
            if self.1 == Fault::Support { Domain::Above(0.1) } else { Domain::Positive }
        }
        fn mean(&self) -> Option<f64> {
            self.0.mean().map(|mean| mean * self.off(Fault::Mean))
        }
        fn sd(&self) -> Option<f64> {
            self.0.sd().map(|sd| sd * self.off(Fault::Sd))
        }
    }

    #[test]
    fn every_fault_is_found() {
        let gamma = Gamma::new(2.0, 3.0).unwrap();
        check_distribution(&Faulty(gamma, Fault::None));
        for fault in [
            Fault::Normalization,
            Fault::Derivative,
            Fault::Cdf,
            Fault::Quantile,
            Fault::Sample,
            Fault::Support,
            Fault::Mean,
            Fault::Sd,
        ] {
            let check = std::panic::catch_unwind(|| check_distribution(&Faulty(gamma, fault)));
            assert!(check.is_err(), "{fault:?} went unnoticed");
        }
    }
}
