//! The generalized Pareto distribution.

use gridgp_dist::Domain;
use gridgp_dist::special::ln_1m_exp;
use rand::Rng;
use rand_distr::{Distribution as _, Exp1};

use super::curvature::Which;
use super::gev::{Reduced, chain, chain_second, level, outer, variate};
use super::testing::Example;
use super::{DefaultValue, Info, Likelihood, LikelihoodParameter};
use super::{impossible, is_positive, is_possible, settled};

/// P(Y > y) = exp(−u), u = log(1 + shape z)/shape, z = (y − threshold)/scale ≥ 0.
///
/// The law of what exceeds a high threshold. The sign of the shape ξ is that of the
/// [`Gev`](super::Gev): ξ > 0 is a heavy tail, ξ = 0 the exponential law, ξ < 0 has an upper end at
/// threshold − scale/ξ. The threshold is known: 0 if y is the excess, else a number or a covariate.
///
/// For ξ ≤ −½ there is no expected information; see [`curvature`](Likelihood::curvature).
///
/// # Source
/// Coles, An introduction to statistical modeling of extreme values (2001), equation (4.2).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct GeneralizedPareto;

const PARAMETERS: [LikelihoodParameter; 3] = [
    LikelihoodParameter::new(
        "scale",
        Domain::Positive,
        "spread of the excess, in the unit of y",
        DefaultValue::Noise,
    ),
    LikelihoodParameter::new(
        "shape",
        Domain::Real,
        "tail: above 0 heavy, below 0 with an upper end",
        DefaultValue::Prior("normal(0, 0.2)"),
    ),
    LikelihoodParameter::new(
        "threshold",
        Domain::Real,
        "what y exceeds, known",
        DefaultValue::Known(0.0),
    ),
];

impl GeneralizedPareto {
    pub(super) const INFO: Info = Info {
        name: "generalized_pareto",
        formula: "P(Y > y) = (1 + shape z)^(-1/shape), z = (y - threshold)/scale",
        support: "z ≥ 0 with 1 + shape z > 0",
        about: "peaks over a threshold",
    };
    pub(super) const EXAMPLES: &'static [Example] = &[
        Example::new(&[1.8, 0.2, 0.0]).refused(&[-0.1]),
        Example::new(&[1.8, -0.25, 30.0]).refused(&[29.0]).outside(&[37.3]),
        Example::new(&[1.0, 0.0, 0.0]),
        Example::new(&[1.0, 1e-9, 0.0]),
        Example::new(&[1.0, -0.01, 0.0]).outside(&[101.0]),
        Example::new(&[1.0, 0.7, 0.0]),
        Example::new(&[1.0, -0.7, 0.0]),
    ];

    fn reduced(y: f64, p: &[f64]) -> Option<(f64, Reduced)> {
        let [scale, shape, threshold] = [p[0], p[1], p[2]];
        let z = (y - threshold) / scale;
        if !(is_positive(scale) && z >= 0.0) {
            return None;
        }
        Reduced::of(z, shape).map(|r| (z, r))
    }

    /// u, which has the exponential law: 0 below the threshold and ∞ above the upper end.
    fn excess(y: f64, p: &[f64]) -> f64 {
        let z = (y - p[2]) / p[0];
        if z < 0.0 { 0.0 } else { variate(z, p[1]) }
    }
}

impl GeneralizedPareto {
    /// The observed information or the curvature.
    fn information(&self, y: f64, p: &[f64], which: Which, out: &mut [f64]) {
        let possible = is_possible(self, y, p);
        let Some((z, r)) = Self::reduced(y, p).filter(|_| possible) else {
            return out.fill(0.0);
        };
        let (scale, shape, rise) = (p[0], p[1], 1.0 + p[1]);
        let (zz, zx, xx) = r.second(z, shape);
        let g = [-rise * r.z, -rise * zz, -rise * zx - r.z, -rise * xx - 2.0 * r.shape];
        let [_, _, ss, _, sx, xx] = chain_second(z, scale, g);
        which.write(out, [ss, sx, xx], || {
            if shape > -0.5 {
                let twice = 1.0 + 2.0 * shape;
                let mixed = 1.0 / (scale * rise * twice);
                [1.0 / (scale * scale * twice), mixed, 2.0 / (rise * twice)]
            } else {
                let gradient = chain(z, scale, [g[0], -rise * r.shape - r.u]);
                let [_, _, ss, _, sx, xx] = outer(&gradient);
                [ss, sx, xx]
            }
        });
    }
}

impl Likelihood for GeneralizedPareto {
    fn parameters(&self) -> &[LikelihoodParameter] {
        &PARAMETERS
    }

    fn check(&self, y: f64, known: &[f64]) -> Result<(), String> {
        if y >= known[2] && y.is_finite() {
            Ok(())
        } else {
            Err(format!("it must be finite and at least the threshold, {}", known[2]))
        }
    }

    /// −log scale − (1 + ξ) u.
    fn log_prob_gradient(&self, y: f64, p: &[f64], gradient: &mut [f64]) -> f64 {
        let Some((z, r)) = Self::reduced(y, p) else {
            return impossible(gradient);
        };
        let (scale, rise) = (p[0], 1.0 + p[1]);
        let [_, by_scale, by_shape] = chain(z, scale, [-rise * r.z, -rise * r.shape - r.u]);
        gradient.copy_from_slice(&[by_scale, by_shape, 0.0]);
        settled(-scale.ln() - rise * r.u, gradient)
    }

    fn curvature(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.information(y, p, Which::Semidefinite, out);
    }

    fn observed_information(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.information(y, p, Which::Observed, out);
    }

    fn cdf(&self, y: f64, p: &[f64]) -> f64 {
        -(-Self::excess(y, p)).exp_m1()
    }

    fn sf(&self, y: f64, p: &[f64]) -> f64 {
        (-Self::excess(y, p)).exp()
    }

    fn log_tails(&self, y: f64, p: &[f64]) -> (f64, f64) {
        let u = Self::excess(y, p);
        (ln_1m_exp(-u), -u)
    }

    fn quantile(&self, q: f64, p: &[f64]) -> f64 {
        if !(0.0..=1.0).contains(&q) {
            return f64::NAN;
        }
        p[2] + p[0] * level(-(-q).ln_1p(), p[1])
    }

    fn isf(&self, q: f64, p: &[f64]) -> f64 {
        if !(0.0..=1.0).contains(&q) {
            return f64::NAN;
        }
        p[2] + p[0] * level(-q.ln(), p[1])
    }

    fn sample(&self, rng: &mut dyn Rng, p: &[f64]) -> f64 {
        let u: f64 = Exp1.sample(rng);
        p[2] + p[0] * level(u, p[1])
    }

    fn mean(&self, p: &[f64]) -> f64 {
        if p[1] >= 1.0 { f64::INFINITY } else { p[2] + p[0] / (1.0 - p[1]) }
    }

    fn sd(&self, p: &[f64]) -> f64 {
        match p[1] {
            shape if shape < 0.5 => p[0] / ((1.0 - shape) * (1.0 - 2.0 * shape).sqrt()),
            shape if shape < 1.0 => f64::INFINITY,
            _ => f64::NAN,
        }
    }
}
