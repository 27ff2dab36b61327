//! The gamma distribution by its mean.

use gridgp_dist::Domain;
use gridgp_dist::special::{
    LN_SQRT_2PI, deviance, digamma_excess, gamma_quantile, gamma_tails, ln_gamma_tails,
    stirling_error, trigamma_excess,
};
use rand::Rng;
use rand_distr::Distribution as _;

use super::curvature::Which;
use super::testing::Example;
use super::{Column, DefaultValue, Info, Likelihood, LikelihoodParameter};
use super::{accumulate_by, impossible, is_positive, is_possible};

/// p(y) = (shape/mean)ˢʰᵃᵖᵉ y^(shape − 1) exp(−shape y/mean) / Γ(shape) for y > 0.
///
/// The mean is a parameter; the rate is shape/mean, and the standard deviation mean/√shape. The
/// shape 1 is the exponential.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Gamma;

const PARAMETERS: [LikelihoodParameter; 2] = [
    LikelihoodParameter::new("mean", Domain::Positive, "mean", DefaultValue::Required),
    LikelihoodParameter::new(
        "shape",
        Domain::Positive,
        "shape: 1/shape is the squared relative standard deviation",
        DefaultValue::Prior("gamma(2, rate = 0.1)"),
    ),
];

/// What depends on the shape k alone.
#[derive(Clone, Copy)]
struct Norm {
    /// ½ log(k/2π) − the error of Stirling's formula.
    value: f64,
    /// Its derivative, log k − ψ(k).
    slope: f64,
}

impl Norm {
    fn of(shape: f64) -> Self {
        Self {
            value: 0.5 * shape.ln() - LN_SQRT_2PI - stirling_error(shape),
            slope: 0.5 / shape - digamma_excess(shape),
        }
    }
}

impl Gamma {
    pub(super) const INFO: Info = Info {
        name: "gamma",
        formula: "p(y) = (shape/mean)^shape y^(shape - 1) exp(-shape y/mean) / Γ(shape)",
        support: "(0, inf)",
        about: "positive amounts, skewed: rain, waiting times",
    };
    pub(super) const EXAMPLES: &'static [Example] = &[
        Example::new(&[3.0, 2.0]).refused(&[0.0, -1.0]),
        Example::new(&[0.5, 0.4]),
        Example::new(&[10.0, 1.0]),
        Example::new(&[2.0, 60.0]),
    ];

    fn with_norm(y: f64, p: &[f64], norm: &Norm, gradient: &mut [f64]) -> f64 {
        let (mean, shape) = (p[0], p[1]);
        if !(is_positive(y) && is_positive(mean) && is_positive(shape)) {
            return impossible(gradient);
        }
        // y/mean − 1 − log(y/mean).
        let distance = deviance(1.0, y / mean, (mean - y) / mean);
        let value = norm.value - shape * distance - y.ln();
        if !value.is_finite() {
            return impossible(gradient);
        }
        gradient[0] = shape * ((y - mean) / mean) / mean;
        gradient[1] = norm.slope - distance;
        value
    }
}

impl Gamma {
    /// The observed information or the curvature.
    fn information(&self, y: f64, p: &[f64], which: Which, out: &mut [f64]) {
        if !is_possible(self, y, p) {
            return out.fill(0.0);
        }
        let (mean, shape) = (p[0], p[1]);
        // ψ′(k) − 1/k.
        let second = 0.5 / (shape * shape) + trigamma_excess(shape);
        let r = y / mean;
        let observed =
            [shape * (2.0 * r - 1.0) / (mean * mean), -(y - mean) / (mean * mean), second];
        which.write(out, observed, || [shape / (mean * mean), 0.0, second]);
    }
}

impl Likelihood for Gamma {
    fn parameters(&self) -> &[LikelihoodParameter] {
        &PARAMETERS
    }

    fn check(&self, y: f64, _known: &[f64]) -> Result<(), String> {
        if is_positive(y) { Ok(()) } else { Err("it must be positive and finite".into()) }
    }

    fn log_prob_gradient(&self, y: f64, p: &[f64], gradient: &mut [f64]) -> f64 {
        if !is_positive(p[1]) {
            return impossible(gradient);
        }
        Self::with_norm(y, p, &Norm::of(p[1]), gradient)
    }

    fn curvature(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.information(y, p, Which::Semidefinite, out);
    }

    fn observed_information(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.information(y, p, Which::Observed, out);
    }

    fn cdf(&self, y: f64, p: &[f64]) -> f64 {
        gamma_tails(p[1], p[1] * (y / p[0])).0
    }

    fn sf(&self, y: f64, p: &[f64]) -> f64 {
        gamma_tails(p[1], p[1] * (y / p[0])).1
    }

    fn log_tails(&self, y: f64, p: &[f64]) -> (f64, f64) {
        ln_gamma_tails(p[1], p[1] * (y / p[0]))
    }

    fn quantile(&self, q: f64, p: &[f64]) -> f64 {
        gamma_quantile(p[1], q, 1.0 - q) * (p[0] / p[1])
    }

    fn isf(&self, q: f64, p: &[f64]) -> f64 {
        gamma_quantile(p[1], 1.0 - q, q) * (p[0] / p[1])
    }

    fn sample(&self, rng: &mut dyn Rng, p: &[f64]) -> f64 {
        let standard = rand_distr::Gamma::new(p[1], 1.0);
        standard.map_or(f64::NAN, |gamma| gamma.sample(rng) * (p[0] / p[1]))
    }

    fn mean(&self, p: &[f64]) -> f64 {
        p[0]
    }

    fn sd(&self, p: &[f64]) -> f64 {
        p[0] / p[1].sqrt()
    }

    /// With one shape for all, one normalization for all.
    fn accumulate(&self, y: &[f64], p: &[Column<'_>], bars: &mut [&mut [f64]]) -> f64 {
        let Column::Constant(shape) = p[1] else {
            return super::accumulate_pointwise(self, y, p, bars);
        };
        if !is_positive(shape) {
            return f64::NEG_INFINITY;
        }
        let norm = Norm::of(shape);
        accumulate_by(y, p, bars, |y, p, gradient| Self::with_norm(y, p, &norm, gradient))
    }
}
