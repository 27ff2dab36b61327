//! The von Mises distribution.

use std::f64::consts::{LN_2, PI, TAU};

use gridgp_dist::Domain;
use gridgp_dist::special::{bessel_ratio, gauss_legendre, ln_1m_exp, ln_bessel_i0, real_quantile};
use rand::{Rng, RngExt};
use rand_distr::{Distribution as _, StandardNormal};

use super::curvature::Which;
use super::testing::Example;
use super::{Column, DefaultValue, Info, Likelihood, LikelihoodParameter};
use super::{accumulate_by, impossible, is_positive, is_possible};

/// p(y) = exp(concentration cos(y − location)) / (2π I₀(concentration)), y an angle in radians.
///
/// Angles that differ by whole turns are the same angle: the density is periodic and integrates to
/// 1 over one turn. `cdf` counts from location − π, and `quantile` lies within π of the location;
/// draws are in (−π, π]. `mean` is the location, and `sd` the root mean square distance to it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct VonMises;

const PARAMETERS: [LikelihoodParameter; 2] = [
    LikelihoodParameter::new("location", Domain::Real, "mean direction", DefaultValue::Required),
    LikelihoodParameter::new(
        "concentration",
        Domain::Positive,
        "about 1/variance where it is large",
        DefaultValue::Prior("gamma(2, rate = 0.1)"),
    ),
];

/// What depends on the concentration alone.
#[derive(Clone, Copy)]
struct Norm {
    /// −log(2π I₀(k) exp(−k)).
    value: f64,
    /// 1 − I₁(k)/I₀(k).
    slope: f64,
}

impl Norm {
    fn of(concentration: f64) -> Self {
        let value = -TAU.ln() - ln_bessel_i0(concentration);
        Self { value, slope: bessel_ratio(concentration).0 }
    }
}

/// cos d − 1, without the cancellation at small d.
fn versine(d: f64) -> f64 {
    let s = (0.5 * d).sin();
    -2.0 * s * s
}

/// ∫ tⁿ exp(k (cos t − cos `from`)) dt over `from` < t < π.
fn moment(k: f64, from: f64, n: i32) -> f64 {
    // The length on which the integrand changes: that of the peak, or that of its decay.
    let width = (0.5 / k.sqrt().max(k * from.sin())).min(0.5);
    // cos t − cos `from` without its cancellation.
    let fall = |t: f64| -2.0 * (0.5 * (t - from)).sin() * (0.5 * (t + from)).sin();
    let mut left = from;
    let mut total = 0.0;
    // A few dozen panels suffice; the limit is for concentrations beyond reason.
    for _ in 0..1000 {
        if left >= PI {
            break;
        }
        let width = width.min(PI - left);
        let panel = gauss_legendre(left, width, |t| t.powi(n) * (k * fall(t)).exp());
        total += panel;
        left += width;
        if panel <= 1e-18 * total && left > from + 1.0 / k {
            break;
        }
    }
    total
}

impl VonMises {
    pub(super) const INFO: Info = Info {
        name: "von_mises",
        formula: "p(y) = exp(concentration cos(y - location)) / (2π I₀(concentration))",
        support: "angles in radians",
        about: "directions and times of day",
    };
    pub(super) const EXAMPLES: &'static [Example] = &[
        Example::new(&[0.5, 3.0]).refused(&[90.0, -7.0]),
        Example::new(&[-2.0, 0.3]),
        Example::new(&[4.0, 80.0]),
        Example::new(&[0.0, 5000.0]),
    ];

    fn with_norm(y: f64, p: &[f64], norm: &Norm, gradient: &mut [f64]) -> f64 {
        let (location, k) = (p[0], p[1]);
        if !(Self.check(y, p).is_ok() && location.is_finite() && is_positive(k)) {
            return impossible(gradient);
        }
        let d = y - location;
        let fall = versine(d);
        gradient[0] = k * d.sin();
        gradient[1] = fall + norm.slope;
        k * fall + norm.value
    }

    /// (log F, log(1 − F)) at the angle d from the location, in [−π, π].
    fn ln_tails(d: f64, k: f64) -> (f64, f64) {
        let density = k * versine(d) + Norm::of(k).value;
        let tail = (moment(k, d.abs(), 0).ln() + density).min(-LN_2);
        if d < 0.0 { (tail, ln_1m_exp(tail)) } else { (ln_1m_exp(tail), tail) }
    }

    /// The angle y − location, in [−π, π].
    fn turned(y: f64, p: &[f64]) -> f64 {
        let d = y - p[0];
        (d - TAU * (d / TAU).round()).clamp(-PI, PI)
    }

    /// The angle from the location that has these probabilities on either side.
    fn deviate(lower: f64, upper: f64, k: f64) -> f64 {
        if k.is_nan() || !(0.0..=1.0).contains(&lower) {
            return f64::NAN;
        } else if lower == 0.0 || upper == 0.0 {
            return PI.copysign(lower - upper);
        }
        let norm = Norm::of(k);
        let d = real_quantile(lower, upper, 0.0, |d| {
            let (cdf, sf) = Self::ln_tails(d.clamp(-PI, PI), k);
            (cdf.exp(), sf.exp(), (k * versine(d) + norm.value).exp())
        });
        d.clamp(-PI, PI)
    }
}

impl VonMises {
    /// The observed information or the curvature.
    fn information(&self, y: f64, p: &[f64], which: Which, out: &mut [f64]) {
        if !is_possible(self, y, p) {
            return out.fill(0.0);
        }
        let k = p[1];
        let (sin, cos) = (y - p[0]).sin_cos();
        let (rest, slope) = bessel_ratio(k);
        which.write(out, [k * cos, -sin, slope], || [k * (1.0 - rest), 0.0, slope]);
    }
}

impl Likelihood for VonMises {
    fn parameters(&self) -> &[LikelihoodParameter] {
        &PARAMETERS
    }

    /// A full turn either way is allowed; degrees are not.
    fn check(&self, y: f64, _known: &[f64]) -> Result<(), String> {
        if y.abs() <= TAU {
            Ok(())
        } else {
            Err("an angle is in radians, from −2π to 2π; multiply degrees by π/180".into())
        }
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
        self.log_tails(y, p).0.exp()
    }

    fn sf(&self, y: f64, p: &[f64]) -> f64 {
        self.log_tails(y, p).1.exp()
    }

    fn log_tails(&self, y: f64, p: &[f64]) -> (f64, f64) {
        Self::ln_tails(Self::turned(y, p), p[1])
    }

    fn quantile(&self, q: f64, p: &[f64]) -> f64 {
        p[0] + Self::deviate(q, 1.0 - q, p[1])
    }

    fn isf(&self, q: f64, p: &[f64]) -> f64 {
        p[0] + Self::deviate(1.0 - q, q, p[1])
    }

    /// # Source
    /// Best and Fisher, Efficient simulation of the von Mises distribution (1979).
    fn sample(&self, rng: &mut dyn Rng, p: &[f64]) -> f64 {
        let (location, k) = (p[0], p[1]);
        if !(location.is_finite() && is_positive(k)) {
            return f64::NAN;
        }
        // The ends, where the constants below lose their digits: uniform and normal.
        if !(1e-9..=1e9).contains(&k) {
            let z: f64 = StandardNormal.sample(rng);
            let turn = TAU * rng.random::<f64>();
            let y = if k < 1.0 { turn } else { location + z / k.sqrt() };
            return y - TAU * (y / TAU).round();
        }
        let tau = 1.0 + (1.0 + 4.0 * k * k).sqrt();
        let rho = (tau - (2.0 * tau).sqrt()) / (2.0 * k);
        // (1 + ρ²)/(2ρ) goes to infinity with 1/k; there the law is uniform.
        let r = if k < 1e-5 { 1.0 / k + k } else { (1.0 + rho * rho) / (2.0 * rho) };
        let cos = loop {
            let z = (PI * rng.random::<f64>()).cos();
            let f = (1.0 + r * z) / (r + z);
            let c = k * (r - f);
            let u: f64 = rng.random();
            if u < c * (2.0 - c) || (c / u).ln() + 1.0 - c >= 0.0 {
                break f;
            }
        };
        let d = cos.clamp(-1.0, 1.0).acos();
        let y = if rng.random::<bool>() { location + d } else { location - d };
        y - TAU * (y / TAU).round()
    }

    fn mean(&self, p: &[f64]) -> f64 {
        p[0]
    }

    fn sd(&self, p: &[f64]) -> f64 {
        (moment(p[1], 0.0, 2).ln() + Norm::of(p[1]).value + LN_2).exp().sqrt()
    }

    /// A(k) (cos location, sin location), A(k) = I₁(k)/I₀(k).
    fn resultant(&self, p: &[f64]) -> Option<(f64, f64)> {
        let length = 1.0 - bessel_ratio(p[1]).0;
        let (sin, cos) = p[0].sin_cos();
        Some((length * cos, length * sin))
    }

    /// With one concentration for all, one Bessel function for all.
    fn accumulate(&self, y: &[f64], p: &[Column<'_>], bars: &mut [&mut [f64]]) -> f64 {
        let Column::Constant(concentration) = p[1] else {
            return super::accumulate_pointwise(self, y, p, bars);
        };
        if !is_positive(concentration) {
            return f64::NEG_INFINITY;
        }
        let norm = Norm::of(concentration);
        accumulate_by(y, p, bars, |y, p, gradient| Self::with_norm(y, p, &norm, gradient))
    }
}
