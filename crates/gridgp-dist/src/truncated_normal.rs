//! The truncated normal distribution, accurate however far the bounds are from the mean.

use rand::Rng;
use rand_distr::{Distribution as _, Open01};

use super::root::{at_ends, quantile_root};
use super::special::{LN_SQRT_2PI, gauss_legendre, mills_between, normal_between};
use super::written::{Number, ordered, written};
use super::{Distribution, Domain, outside};

written! {
    /// Truncated normal: p(x) = φ((x − mean)/sd) / (sd (Φ(β) − Φ(α))) for lower < x < upper, with
    /// α = (lower − mean)/sd and β = (upper − mean)/sd.
    ///
    /// `mean` and `sd` are those before truncation. Either bound may be absent, ±∞ in
    /// [`TruncatedNormal::new`]; the mean may lie outside the bounds.
    TruncatedNormal = "truncated_normal" {
        /// Mean before truncation.
        mean: Positional, Real;
        /// Standard deviation before truncation.
        sd: Positional, Positive;
        /// Lower bound, −∞ if there is none.
        lower: Default(f64::NEG_INFINITY), Real;
        /// Upper bound, ∞ if there is none.
        upper: Default(f64::INFINITY), Real;
    }
    formula: "p(x) = φ((x - mean)/sd) / (sd (Φ((upper - mean)/sd) - Φ((lower - mean)/sd)))",
    support: "(lower, upper)",
    examples: [
        [1.0, 0.5, 0.5, 1.5],
        [1.0, 0.5, 0.0, f64::INFINITY],
        [1.0, 0.5, f64::NEG_INFINITY, 2.0],
        [-40.0, 1.0, 0.0, f64::INFINITY],
        [30.0, 0.5, -1.0, 2.0],
        [0.0, 100.0, 1.0, 1.5],
    ],
    check: |d| {
        ordered("truncated_normal", d.lower, d.upper)?;
        if d.lower.is_finite() || d.upper.is_finite() {
            return Ok(());
        }
        let (mean, sd) = (Number(d.mean), Number(d.sd));
        Err(format!("truncated_normal: give lower, upper or both, or write normal({mean}, {sd})"))
    },
}

/// A truncated normal seen from the point of its mode, t = (x − anchor)/sd: the density is
/// proportional to exp(−t (slope + t/2)) on [`start`, `end`].
///
/// In these terms nothing large cancels, however far in its tail the normal is cut.
enum View {
    /// The mean lies above the upper bound: the mirror image, in −x.
    Mirrored(TruncatedNormal),
    /// The mean lies below the lower bound: `anchor` = lower, `start` = 0, `slope` = α.
    Tail { slope: f64, end: f64 },
    /// The mean lies between the bounds: `anchor` = mean, `slope` = 0.
    Center { start: f64, end: f64 },
}

impl TruncatedNormal {
    fn view(&self) -> View {
        let &Self { mean, sd, lower, upper } = self;
        if mean >= upper {
            View::Mirrored(Self { mean: -mean, sd, lower: -upper, upper: -lower })
        } else if mean <= lower {
            View::Tail { slope: (lower - mean) / sd, end: (upper - lower) / sd }
        } else {
            View::Center { start: (lower - mean) / sd, end: (upper - mean) / sd }
        }
    }

    /// The x with P(X < x) = `lower` and P(X > x) = `upper`.
    fn quantile_between(&self, lower: f64, upper: f64) -> f64 {
        if let Some(end) = at_ends(lower, upper, self.lower, self.upper) {
            return end;
        }
        match self.view() {
            View::Mirrored(mirrored) => -mirrored.quantile_between(upper, lower),
            View::Tail { slope, end } => {
                // In log t, so that the distance to the bound keeps its relative accuracy.
                let total = mills_between(slope, end);
                let guess = (1.0 / (slope + 1.0)).min(end).ln();
                let log_t = quantile_root(lower, upper, guess, |u| {
                    let t = u.exp();
                    let (cdf, survival) = tail_split(slope, end, t);
                    (cdf, survival, t * (-t * (slope + 0.5 * t)).exp() / total)
                });
                self.lower + self.sd * log_t.exp()
            }
            View::Center { start, end } => {
                let total = normal_between(start, end, end - start);
                // In units of the interval where it is narrow: the root is good to 1e-16 of them.
                let unit = (end - start).min(1.0);
                let root = quantile_root(lower, upper, 0.0, |u| {
                    let z = unit * u;
                    let (cdf, survival) = if z <= start {
                        (0.0, 1.0)
                    } else if z >= end {
                        (1.0, 0.0)
                    } else {
                        (
                            normal_between(start, z, z - start) / total,
                            normal_between(z, end, end - z) / total,
                        )
                    };
                    (cdf, survival, unit * (-0.5 * z * z - LN_SQRT_2PI).exp() / total)
                });
                self.mean + self.sd * unit * root
            }
        }
    }

    /// (P(X < x), P(X > x)), each accurate.
    fn tails(&self, x: f64) -> (f64, f64) {
        if x.is_nan() {
            return (x, x);
        }
        if x <= self.lower {
            return (0.0, 1.0);
        }
        if x >= self.upper {
            return (1.0, 0.0);
        }
        match self.view() {
            View::Mirrored(mirrored) => {
                let (cdf, survival) = mirrored.tails(-x);
                (survival, cdf)
            }
            View::Tail { slope, end } => tail_split(slope, end, (x - self.lower) / self.sd),
            View::Center { start, end } => {
                let z = (x - self.mean) / self.sd;
                let total = normal_between(start, end, end - start);
                (
                    normal_between(start, z, (x - self.lower) / self.sd) / total,
                    normal_between(z, end, (self.upper - x) / self.sd) / total,
                )
            }
        }
    }

    /// Mean and standard deviation by quadrature: their closed forms lose every digit far in the
    /// tail and between close bounds.
    fn moments(&self) -> (f64, f64) {
        let (anchor, slope, start, end) = match self.view() {
            View::Mirrored(mirrored) => {
                let (mean, sd) = mirrored.moments();
                return (-mean, sd);
            }
            View::Tail { slope, end } => (self.lower, slope, 0.0, end),
            View::Center { start, end } => (self.mean, 0.0, start, end),
        };
        // Beyond this distance the density has fallen by exp(−45).
        let reach = 90.0 / ((slope * slope + 90.0f64).sqrt() + slope);
        let (start, end) = (start.max(-reach), end.min(reach));
        let integral = |f: &dyn Fn(f64) -> f64| {
            const PANELS: usize = 32;
            let width = (end - start) / PANELS as f64;
            (0..PANELS)
                .map(|i| {
                    let left = start + width * i as f64;
                    gauss_legendre(left, width, |t| f(t) * (-t * (slope + 0.5 * t)).exp())
                })
                .sum::<f64>()
        };
        let mass = integral(&|_| 1.0);
        let mean = integral(&|t| t) / mass;
        let variance = integral(&|t| (t - mean).powi(2)) / mass;
        (anchor + self.sd * mean, self.sd * variance.sqrt())
    }
}

/// (F, 1 − F) at t of the density proportional to exp(−t (slope + t/2)) on (0, `end`).
fn tail_split(slope: f64, end: f64, t: f64) -> (f64, f64) {
    if t >= end {
        return (1.0, 0.0);
    }
    let total = mills_between(slope, end);
    let above = (-t * (slope + 0.5 * t)).exp() * mills_between(slope + t, end - t);
    (mills_between(slope, t) / total, above / total)
}

impl Distribution for TruncatedNormal {
    fn log_prob(&self, x: f64) -> f64 {
        if !self.support().contains(x) {
            return outside(x);
        }
        match self.view() {
            View::Mirrored(mirrored) => mirrored.log_prob(-x),
            View::Tail { slope, end } => {
                let t = (x - self.lower) / self.sd;
                -t * (slope + 0.5 * t) - mills_between(slope, end).ln() - self.sd.ln()
            }
            View::Center { start, end } => {
                let z = (x - self.mean) / self.sd;
                let mass = normal_between(start, end, end - start);
                -0.5 * z * z - LN_SQRT_2PI - mass.ln() - self.sd.ln()
            }
        }
    }

    fn log_prob_derivative(&self, x: f64) -> f64 {
        if self.support().contains(x) { (self.mean - x) / self.sd / self.sd } else { 0.0 }
    }

    fn cdf(&self, x: f64) -> f64 {
        self.tails(x).0
    }

    fn quantile(&self, p: f64) -> f64 {
        self.quantile_between(p, 1.0 - p)
    }

    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        self.quantile(Open01.sample(rng))
    }

    fn support(&self) -> Domain {
        Domain::between(self.lower, self.upper)
    }

    fn mean(&self) -> Option<f64> {
        Some(self.moments().0)
    }

    fn sd(&self) -> Option<f64> {
        Some(self.moments().1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_reference;

    /// Values from 50-digit arithmetic (mpmath).
    #[test]
    fn meets_reference() {
        let d = TruncatedNormal::new(1.0, 0.5, 0.5, 1.5).unwrap();
        check_reference(
            &d,
            &[
                (0.75, 0.03092379365739864, 0.21954678740599845),
                (0.5001, -0.3438762263426014, 7.089457927171788e-05),
                (1.49, -0.32427620634260135, 0.9928403682017508),
            ],
        );
        let d = TruncatedNormal::new(-40.0, 1.0, 0.0, f64::INFINITY).unwrap();
        check_reference(
            &d,
            &[
                (0.01, 3.2894534805491156, 0.32988079019633787),
                (1e-07, 3.6894994805491104, 4.002488879737624e-06),
                (0.5, -16.435496519450883, 0.9999999982034672),
            ],
        );
        let d = TruncatedNormal::new(1.0, 0.5, f64::NEG_INFINITY, 2.0).unwrap();
        check_reference(
            &d,
            &[
                (1.9, -1.8227784433157637, 0.9865129813821089),
                (-2.0, -18.202778443315765, 1.0095551580932853e-09),
            ],
        );
        let d = TruncatedNormal::new(50.0, 0.5, -1.0, 2.0).unwrap();
        check_reference(
            &d,
            &[
                (1.999, 5.065601849553599, 0.8252880281081948),
                (1.95, -4.347396150446431, 6.732082734865967e-05),
                (-0.5, -487.24239615044644, 1.2243964727498707e-214),
            ],
        );
        let d = TruncatedNormal::new(0.0, 100.0, 1.0, 1.5).unwrap();
        check_reference(&d, &[(1.1, 0.6931658470634177, 0.2000048000258799)]);
    }
    /// Values from 800-digit arithmetic, the second from the asymptotic series.
    #[test]
    fn moments_meet_reference() {
        for ([mean, sd, lower, upper], truncated_mean, truncated_sd) in [
            ([-40.0, 1.0, 0.0, f64::INFINITY], 0.024968847207263722, 0.024953323998846103),
            ([-4000.0, 1.0, 0.0, f64::INFINITY], 0.0002499999687500098, 0.00024999995312502003),
            ([1.0, 0.5, 0.5, 1.5], 1.0, 0.2697800468774485),
            ([0.0, 100.0, 1.0, 1.5], 1.2499973958355037, 0.14433750714266333),
            ([0.0, 1.0, -0.001, 0.002], 0.0004999996250001125, 0.0008660252738805836),
        ] {
            let d = TruncatedNormal::new(mean, sd, lower, upper).unwrap();
            approx::assert_relative_eq!(d.mean().unwrap(), truncated_mean, max_relative = 1e-13);
            approx::assert_relative_eq!(d.sd().unwrap(), truncated_sd, max_relative = 1e-12);
        }
    }

    #[test]
    fn extreme_bounds_conform() {
        for [mean, sd, lower, upper] in [
            [-1e6, 1.0, 0.0, f64::INFINITY],
            [-1e6, 1.0, 0.0, 1e-9],
            [0.0, 1.0, -1e-7, 1e-7],
            [0.0, 1.0, f64::NEG_INFINITY, 0.0],
            [0.0, 1.0, 0.0, 40.0],
            [0.0, 1.0, -1e-9, 50.0],
        ] {
            let d = TruncatedNormal::new(mean, sd, lower, upper).unwrap();
            crate::testing::check_distribution(&d);
        }
    }
}
