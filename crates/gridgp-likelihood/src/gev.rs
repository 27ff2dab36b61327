//! The generalized extreme-value distribution, and its two halves by the sign of the shape.

mod batch;
mod bounded;
pub(super) mod information;
#[cfg(test)]
mod tests;

pub use bounded::{Frechet, ReversedWeibull};

use gridgp_dist::Domain;
use gridgp_dist::special::{
    expm1_ratio, ln_1m_exp, ln_1p_ratio, ln_1p_ratio_bend, ln_1p_ratio_slope,
};
use rand::{Rng, RngExt};

use super::curvature::Which;
use super::testing::Example;
use super::{Column, DefaultValue, Info, Likelihood, LikelihoodParameter};
use super::{check_finite, impossible, is_positive, settled};

/// P(Y ≤ y) = exp(−exp(−u)), u = log(1 + shape z)/shape, z = (y − location)/scale, where
/// 1 + shape z > 0.
///
/// The sign of the shape ξ is that of climate science and of Coles' book: ξ > 0 is a heavy upper
/// tail with a lower end at location − scale/ξ, ξ < 0 an upper end there, and ξ = 0 is Gumbel's law,
/// through which everything is smooth. SciPy's `c` is −ξ. The location is neither the mean nor the
/// median but the level with P(Y ≤ location) = 1/e. The scale is not the standard deviation.
///
/// For ξ ≤ −½ there is no expected information; see [`curvature`](Likelihood::curvature).
///
/// # Source
/// Coles, An introduction to statistical modeling of extreme values (2001), equation (3.2).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Gev;

pub(super) const LOCATION: LikelihoodParameter = LikelihoodParameter::new(
    "location",
    Domain::Real,
    "the level with P(Y ≤ location) = 1/e",
    DefaultValue::Required,
);
pub(super) const SCALE: LikelihoodParameter = LikelihoodParameter::new(
    "scale",
    Domain::Positive,
    "spread, in the unit of y",
    DefaultValue::Noise,
);

const PARAMETERS: [LikelihoodParameter; 3] = [
    LOCATION,
    SCALE,
    LikelihoodParameter::new(
        "shape",
        Domain::Real,
        "tail: above 0 heavy, below 0 with an upper end",
        DefaultValue::Prior("normal(0, 0.2)"),
    ),
];

/// u(z, ξ) = log(1 + ξz)/ξ with its derivatives, right through ξ = 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reduced {
    /// u.
    pub u: f64,
    /// ∂u/∂z = 1/(1 + ξz).
    pub z: f64,
    /// ∂u/∂ξ.
    pub shape: f64,
    /// L′(ξz), where u = z L(ξz).
    slope: f64,
}

impl Reduced {
    /// `None` outside of the support.
    pub fn of(z: f64, shape: f64) -> Option<Self> {
        let w = shape * z;
        // The negation also catches NaN.
        if !(w > -1.0 && w < f64::INFINITY && z.is_finite() && shape.is_finite()) {
            return None;
        }
        let ratio = ln_1p_ratio(w);
        let slope = ln_1p_ratio_slope(w, ratio);
        let (u, z_slope) = (z * ratio, 1.0 / (1.0 + w));
        // z² alone may overflow where this does not.
        let by_shape = if w.abs() < 1.0 { z * z * slope } else { (z * z_slope - u) / shape };
        Some(Self { u, z: z_slope, shape: by_shape, slope })
    }

    /// (∂²u/∂z², ∂²u/∂z∂ξ, ∂²u/∂ξ²) at the same z and ξ.
    pub fn second(&self, z: f64, shape: f64) -> (f64, f64, f64) {
        let square = self.z * self.z;
        let bend = ln_1p_ratio_bend(shape * z, self.slope);
        (-shape * square, -z * square, z * z * z * bend)
    }
}

/// The z with u(z, ξ) = u: (exp(ξu) − 1)/ξ.
pub(super) fn level(u: f64, shape: f64) -> f64 {
    let x = shape * u;
    if u.is_infinite() {
        // The ends of the support.
        return match shape {
            s if s * u == f64::NEG_INFINITY => -1.0 / s,
            _ => u,
        };
    }
    u * expm1_ratio(x)
}

/// The derivatives with respect to (location, scale, shape) of −log scale + g(z, ξ), from those of g.
pub(super) fn chain(z: f64, scale: f64, g: [f64; 2]) -> [f64; 3] {
    [-g[0] / scale, (-1.0 - z * g[0]) / scale, g[1]]
}

/// The negative second derivatives of the same, lower triangle, from (g_z, g_zz, g_zξ, g_ξξ).
pub(super) fn chain_second(z: f64, scale: f64, g: [f64; 4]) -> [f64; 6] {
    let precision = 1.0 / (scale * scale);
    let [first, zz, zx, xx] = g;
    [
        -zz * precision,
        -(first + z * zz) * precision,
        -(1.0 + 2.0 * z * first + z * z * zz) * precision,
        zx / scale,
        z * zx / scale,
        -xx,
    ]
}

/// The product of a gradient with itself, lower triangle.
pub(super) fn outer(g: &[f64; 3]) -> [f64; 6] {
    [g[0] * g[0], g[1] * g[0], g[1] * g[1], g[2] * g[0], g[2] * g[1], g[2] * g[2]]
}

/// The reduced variate u, as [`Reduced`] has it, −∞ below the support and ∞ above it.
pub(super) fn variate(z: f64, shape: f64) -> f64 {
    match Reduced::of(z, shape) {
        Some(r) => r.u,
        None if z.is_nan() || shape.is_nan() => f64::NAN,
        // Below the lower end, or above the upper end.
        None if shape * z < 0.0 => -shape.signum() * f64::INFINITY,
        None => z * f64::INFINITY,
    }
}

/// P(U > u) of the reduced variate, which has Gumbel's law.
pub(super) fn variate_sf(u: f64) -> f64 {
    -(-(-u).exp()).exp_m1()
}

/// (log P(U ≤ u), log P(U > u)).
pub(super) fn variate_log_tails(u: f64) -> (f64, f64) {
    let tail = (-u).exp();
    // log(1 − exp(−t)) is log t − t/2 + t²/24 …, also where t underflows.
    let upper = if tail < 1e-9 { -u - 0.5 * tail } else { ln_1m_exp(-tail) };
    (-tail, upper)
}

impl Gev {
    pub(super) const INFO: Info = Info {
        name: "gev",
        formula: "P(Y ≤ y) = exp(-(1 + shape z)^(-1/shape)), z = (y - location)/scale",
        support: "where 1 + shape z > 0",
        about: "block maxima: yearly extremes",
    };
    pub(super) const EXAMPLES: &'static [Example] = &[
        Example::new(&[34.5, 1.8, 0.2]).outside(&[25.5, 20.0]),
        Example::new(&[34.5, 1.8, -0.25]).outside(&[41.8, 60.0]),
        Example::new(&[34.5, 1.8, 0.0]),
        Example::new(&[34.5, 1.8, 1e-9]),
        Example::new(&[0.0, 1.0, -1e-5]),
        Example::new(&[0.0, 1.0, 0.02]),
        Example::new(&[0.0, 1.0, 0.7]).outside(&[-1.5]),
        Example::new(&[0.0, 1.0, -0.33]).outside(&[3.1]),
        Example::new(&[0.0, 1.0, -0.7]).outside(&[1.5]),
    ];

    /// −∂²log p/∂p∂pᵀ, lower triangle, inside the support.
    pub(super) fn negative_hessian(z: f64, scale: f64, shape: f64, r: &Reduced) -> [f64; 6] {
        let tail = (-r.u).exp();
        let by_u = tail - (1.0 + shape);
        let (zz, zx, xx) = r.second(z, shape);
        let g = [
            by_u * r.z,
            by_u * zz - tail * r.z * r.z,
            by_u * zx - tail * r.z * r.shape - r.z,
            by_u * xx - tail * r.shape * r.shape - 2.0 * r.shape,
        ];
        chain_second(z, scale, g)
    }
}

impl Gev {
    /// The observed information or the curvature.
    fn information(&self, y: f64, p: &[f64], which: Which, out: &mut [f64]) {
        let mut gradient = [0.0; 3];
        if self.log_prob_gradient(y, p, &mut gradient) == f64::NEG_INFINITY {
            return out.fill(0.0);
        }
        let [location, scale, shape] = [p[0], p[1], p[2]];
        let z = (y - location) / scale;
        let Some(r) = Reduced::of(z, shape) else { return out.fill(0.0) };
        which.write(out, Self::negative_hessian(z, scale, shape, &r), || {
            if shape > -0.5 { information::gev(scale, shape) } else { outer(&gradient) }
        });
    }
}

impl Likelihood for Gev {
    fn parameters(&self) -> &[LikelihoodParameter] {
        &PARAMETERS
    }

    fn check(&self, y: f64, _known: &[f64]) -> Result<(), String> {
        check_finite(y)
    }

    /// −log scale − (1 + ξ) u − exp(−u).
    fn log_prob_gradient(&self, y: f64, p: &[f64], gradient: &mut [f64]) -> f64 {
        let [location, scale, shape] = [p[0], p[1], p[2]];
        let z = (y - location) / scale;
        let Some(r) = Reduced::of(z, shape).filter(|_| is_positive(scale)) else {
            return impossible(gradient);
        };
        let tail = (-r.u).exp();
        let value = -scale.ln() - (1.0 + shape) * r.u - tail;
        let by_u = tail - (1.0 + shape);
        gradient.copy_from_slice(&chain(z, scale, [by_u * r.z, by_u * r.shape - r.u]));
        settled(value, gradient)
    }

    fn accumulate(&self, y: &[f64], p: &[Column<'_>], bars: &mut [&mut [f64]]) -> f64 {
        batch::accumulate(y, p, bars)
    }

    /// # Source
    /// Expected information: Prescott and Walden, Maximum likelihood estimation of the parameters
    /// of the generalized extreme-value distribution (1980).
    fn curvature(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.information(y, p, Which::Semidefinite, out);
    }

    fn observed_information(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.information(y, p, Which::Observed, out);
    }

    fn cdf(&self, y: f64, p: &[f64]) -> f64 {
        (-(-variate((y - p[0]) / p[1], p[2])).exp()).exp()
    }

    fn sf(&self, y: f64, p: &[f64]) -> f64 {
        variate_sf(variate((y - p[0]) / p[1], p[2]))
    }

    fn log_tails(&self, y: f64, p: &[f64]) -> (f64, f64) {
        variate_log_tails(variate((y - p[0]) / p[1], p[2]))
    }

    fn quantile(&self, q: f64, p: &[f64]) -> f64 {
        if !(0.0..=1.0).contains(&q) {
            return f64::NAN;
        }
        p[0] + p[1] * level(-(-q.ln()).ln(), p[2])
    }

    fn isf(&self, q: f64, p: &[f64]) -> f64 {
        if !(0.0..=1.0).contains(&q) {
            return f64::NAN;
        }
        p[0] + p[1] * level(-(-(-q).ln_1p()).ln(), p[2])
    }

    fn sample(&self, rng: &mut dyn Rng, p: &[f64]) -> f64 {
        // In (0, 1]; 1 would be an end.
        let q = 1.0 - rng.random::<f64>();
        self.quantile(q.min(1.0 - 0.5 * f64::EPSILON), p)
    }

    fn mean(&self, p: &[f64]) -> f64 {
        if p[2] >= 1.0 { f64::INFINITY } else { p[0] + p[1] * information::mean(p[2]) }
    }

    fn sd(&self, p: &[f64]) -> f64 {
        if p[2] < 0.5 {
            p[1] * information::variance(p[2]).sqrt()
        } else if p[2] < 1.0 {
            f64::INFINITY
        } else {
            f64::NAN
        }
    }
}
