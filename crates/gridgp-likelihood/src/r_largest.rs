//! The r largest values of a block, one after the other.

use gridgp_dist::Domain;
use gridgp_dist::special::{gauss_legendre, ln_1m_exp};
use rand::{Rng, RngExt};

use super::curvature::Which;
use super::gev::{
    LOCATION, Reduced, SCALE, chain, chain_second, information, level, outer, variate,
};
use super::testing::Example;
use super::{DefaultValue, Gev, Info, Likelihood, LikelihoodParameter};
use super::{check_finite, impossible, is_positive, settled};

/// P(Y ≤ y) = G(y)/G(upper) for y ≤ upper: the [`Gev`] G cut off at the next larger value of the
/// block.
///
/// The r largest values y₁ ≥ y₂ ≥ … ≥ y_r of a block have, in the limit that makes its maximum a
/// GEV, the joint density
///
/// f(y₁ … y_r) = exp(−τ(y_r)) ∏ₖ −τ′(yₖ), τ(y) = (1 + ξz)^(−1/ξ), z = (y − location)/scale.
///
/// It is a product of laws of one value each: y₁ is a GEV, and yₖ₊₁ given those above it is the same
/// GEV cut off at yₖ. So each value is an observation of its own, with the one above it as the known
/// parameter `upper`; that is [`NONE_ABOVE`] for the largest. A block of which fewer values are known
/// contributes those.
///
/// In a model file `upper` is the name of the axis along which the values of a block descend, the
/// largest first. The parameters are those of the GEV of the maximum.
///
/// # Source
/// Coles, An introduction to statistical modeling of extreme values (2001), equation (3.13).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RLargest;

/// The `upper` of the largest value of a block of [`RLargest`]: as good as no bound.
pub const NONE_ABOVE: f64 = f64::MAX;

const PARAMETERS: [LikelihoodParameter; 4] = [
    LOCATION,
    SCALE,
    LikelihoodParameter::new(
        "shape",
        Domain::Real,
        "tail: above 0 heavy, below 0 with an upper end",
        DefaultValue::Prior("normal(0, 0.2)"),
    ),
    LikelihoodParameter::new(
        "upper",
        Domain::Real,
        "the next larger value of its block: the axis along which they descend",
        DefaultValue::Known(NONE_ABOVE),
    ),
];

/// τ(upper), the expected number of values above it, as a function of (z, ξ).
#[derive(Debug, Clone, Copy, Default)]
struct Above {
    tau: f64,
    /// z of the bound.
    z: f64,
    /// (τ_z, τ_ξ).
    first: [f64; 2],
    /// (τ_zz, τ_zξ, τ_ξξ).
    second: [f64; 3],
}

impl Above {
    /// `None` where nothing can lie below the bound. All 0 where the bound is none.
    fn of(p: &[f64]) -> Option<Self> {
        let [location, scale, shape, upper] = [p[0], p[1], p[2], p[3]];
        if !(is_positive(scale) && upper.is_finite() && location.is_finite()) {
            return None;
        }
        let z = (upper - location) / scale;
        let Some(r) = Reduced::of(z, shape).filter(|_| upper < NONE_ABOVE) else {
            // Beyond the upper end of the GEV, or below its lower end.
            return (z > 0.0 && shape.is_finite()).then(Self::default);
        };
        let tau = (-r.u).exp();
        let (zz, zx, xx) = r.second(z, shape);
        let above = Self {
            tau,
            z,
            first: [-tau * r.z, -tau * r.shape],
            second: [
                tau * (r.z * r.z - zz),
                tau * (r.z * r.shape - zx),
                tau * (r.shape * r.shape - xx),
            ],
        };
        tau.is_finite().then_some(above)
    }

    /// ∂τ/∂(location, scale, shape).
    fn gradient(&self, scale: f64) -> [f64; 3] {
        let [first, shape] = self.first;
        [-first / scale, -self.z * first / scale, shape]
    }

    /// −∂²τ/∂(location, scale, shape)², lower triangle.
    fn second(&self, scale: f64) -> [f64; 6] {
        let [zz, zx, xx] = self.second;
        let mut triangle = chain_second(self.z, scale, [self.first[0], zz, zx, xx]);
        // Without the −log scale of a density.
        triangle[2] += 1.0 / (scale * scale);
        triangle
    }
}

/// The value at which τ is so much: location + scale ((τ^−ξ) − 1)/ξ.
fn value_at(tau: f64, p: &[f64]) -> f64 {
    p[0] + p[1] * level(-tau.ln(), p[2])
}

/// ∫ f(τ) over the law, in which τ − τ(upper) is exponential, by panels in its logarithm.
fn expectation(above: f64, f: impl Fn(f64) -> f64) -> f64 {
    const PANEL: f64 = 0.5;
    (0..100)
        .map(|i| {
            gauss_legendre(-43.0 + PANEL * f64::from(i), PANEL, |t| {
                let beyond = t.exp();
                f(above + beyond) * (t - beyond).exp()
            })
        })
        .sum()
}

impl RLargest {
    pub(super) const INFO: Info = Info {
        name: "r_largest",
        formula: "P(Y ≤ y) = G(y)/G(upper), G(y) = exp(-(1 + shape z)^(-1/shape)), z = (y - location)/scale",
        support: "y ≤ upper, where 1 + shape z > 0",
        about: "the r largest values of each block, along an axis: more of the data than maxima",
    };
    pub(super) const EXAMPLES: &'static [Example] = &[
        Example::new(&[34.5, 1.8, 0.2, NONE_ABOVE]).outside(&[25.5, 20.0]),
        Example::new(&[34.5, 1.8, 0.2, 36.0]).outside(&[25.5]).refused(&[36.1, 60.0]),
        Example::new(&[34.5, 1.8, -0.25, 38.0]).refused(&[38.5]),
        // A bound beyond the upper end of the GEV, which is 2.
        Example::new(&[0.0, 1.0, -0.5, 3.0]).outside(&[2.5]),
        Example::new(&[0.0, 1.0, 0.0, 0.3]).refused(&[0.4]),
        Example::new(&[0.0, 1.0, 1e-9, -0.5]),
        Example::new(&[0.0, 1.0, -1e-5, 1.2]),
        Example::new(&[0.0, 1.0, 0.7, 2.0]).outside(&[-1.5]),
        Example::new(&[0.0, 1.0, -0.7, 0.5]),
    ];

    /// The log density with its gradient, which has an entry for the known bound as well.
    fn evaluate(y: f64, p: &[f64], above: &Above, gradient: &mut [f64]) -> f64 {
        let value = Gev.log_prob_gradient(y, &p[..3], &mut gradient[..3]) + above.tau;
        if value == f64::NEG_INFINITY {
            return impossible(gradient);
        }
        for (g, a) in gradient.iter_mut().zip(above.gradient(p[1])) {
            *g += a;
        }
        gradient[3] = 0.0;
        settled(value, gradient)
    }
}

impl RLargest {
    /// The observed information or the curvature.
    fn information(&self, y: f64, p: &[f64], which: Which, out: &mut [f64]) {
        let mut gradient = [0.0; 4];
        let Some(above) = Above::of(p).filter(|_| y <= p[3]) else {
            return out.fill(0.0);
        };
        if Self::evaluate(y, p, &above, &mut gradient) == f64::NEG_INFINITY {
            return out.fill(0.0);
        }
        let [location, scale, shape] = [p[0], p[1], p[2]];
        let z = (y - location) / scale;
        let Some(r) = Reduced::of(z, shape) else { return out.fill(0.0) };
        let observed = Gev::negative_hessian(z, scale, shape, &r);
        let bound = above.second(scale);
        let total: [f64; 6] = std::array::from_fn(|i| observed[i] + bound[i]);
        which.write(out, total, || expected_information(&above, p, &gradient));
    }
}

impl Likelihood for RLargest {
    fn parameters(&self) -> &[LikelihoodParameter] {
        &PARAMETERS
    }

    fn check(&self, y: f64, known: &[f64]) -> Result<(), String> {
        check_finite(y)?;
        match known.get(3) {
            Some(&upper) if y > upper => Err(format!(
                "it must not exceed the value before it in its block, {upper}: the largest comes \
                 first"
            )),
            _ => Ok(()),
        }
    }

    /// −log scale − (1 + ξ) u − exp(−u) + τ(upper).
    fn log_prob_gradient(&self, y: f64, p: &[f64], gradient: &mut [f64]) -> f64 {
        match Above::of(p) {
            Some(above) if y <= p[3] => Self::evaluate(y, p, &above, gradient),
            _ => impossible(gradient),
        }
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
        -self.log_tails(y, p).0.exp_m1()
    }

    fn log_tails(&self, y: f64, p: &[f64]) -> (f64, f64) {
        match Above::of(p) {
            None => (f64::NAN, f64::NAN),
            Some(_) if y >= p[3] => (0.0, f64::NEG_INFINITY),
            Some(above) if above.tau == 0.0 => Gev.log_tails(y, &p[..3]),
            Some(above) => {
                let tau = (-variate((y - p[0]) / p[1], p[2])).exp();
                let log = (above.tau - tau).min(0.0);
                (log, ln_1m_exp(log))
            }
        }
    }

    fn quantile(&self, q: f64, p: &[f64]) -> f64 {
        if !(0.0..=1.0).contains(&q) {
            return f64::NAN;
        }
        let Some(above) = Above::of(p) else { return f64::NAN };
        let end = if p[3] < NONE_ABOVE { p[3] } else { f64::INFINITY };
        value_at(above.tau - q.ln(), p).min(end)
    }

    fn isf(&self, q: f64, p: &[f64]) -> f64 {
        let Some(above) = Above::of(p).filter(|_| (0.0..=1.0).contains(&q)) else {
            return f64::NAN;
        };
        let end = if p[3] < NONE_ABOVE { p[3] } else { f64::INFINITY };
        value_at(above.tau - (-q).ln_1p(), p).min(end)
    }

    fn sample(&self, rng: &mut dyn Rng, p: &[f64]) -> f64 {
        // In (0, 1]; 1 would be an end.
        let q = 1.0 - rng.random::<f64>();
        self.quantile(q.min(1.0 - 0.5 * f64::EPSILON), p)
    }

    /// By quadrature, but for the largest of a block.
    fn mean(&self, p: &[f64]) -> f64 {
        match Above::of(p) {
            None => f64::NAN,
            Some(above) if above.tau == 0.0 => Gev.mean(&p[..3]),
            Some(above) => expectation(above.tau, |tau| value_at(tau, p)),
        }
    }

    /// By quadrature, but for the largest of a block.
    fn sd(&self, p: &[f64]) -> f64 {
        match Above::of(p) {
            None => f64::NAN,
            Some(above) if above.tau == 0.0 => Gev.sd(&p[..3]),
            Some(above) => {
                let mean = self.mean(p);
                expectation(above.tau, |tau| (value_at(tau, p) - mean).powi(2)).sqrt()
            }
        }
    }
}

/// E(∇log p ∇log pᵀ); without a bound and for ξ ≤ −½, where there is none, the product at hand.
fn expected_information(above: &Above, p: &[f64], gradient: &[f64; 4]) -> [f64; 6] {
    if above.tau == 0.0 {
        let here = [gradient[0], gradient[1], gradient[2]];
        return if p[2] > -0.5 { information::gev(p[1], p[2]) } else { outer(&here) };
    }
    let bound = above.gradient(p[1]);
    let score = |tau: f64| {
        let z = level(-tau.ln(), p[2]);
        let own = match Reduced::of(z, p[2]) {
            Some(r) => {
                let by_u = tau - (1.0 + p[2]);
                chain(z, p[1], [by_u * r.z, by_u * r.shape - r.u])
            }
            None => [0.0; 3],
        };
        [own[0] + bound[0], own[1] + bound[1], own[2] + bound[2]]
    };
    std::array::from_fn(|entry| expectation(above.tau, |tau| outer(&score(tau))[entry]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The joint density as printed, over all values of a block at once.
    #[test]
    fn the_laws_of_single_values_multiply_to_the_joint_density() {
        let y = [41.0, 38.2, 38.0, 36.5, 35.9];
        for shape in [-0.2, -1e-8, 0.0, 1e-8, 0.15] {
            let p = [35.0, 1.8, shape];
            let u = |y: f64| {
                let z = (y - p[0]) / p[1];
                if shape == 0.0 { z } else { (shape * z).ln_1p() / shape }
            };
            let last = y[y.len() - 1];
            let joint = y.iter().map(|&y| -p[1].ln() - (1.0 + shape) * u(y)).sum::<f64>()
                - (-u(last)).exp();
            let mut upper = NONE_ABOVE;
            let mut sum = 0.0;
            for y in y {
                sum += RLargest.log_prob(y, &[p[0], p[1], p[2], upper]);
                upper = y;
            }
            approx::assert_relative_eq!(sum, joint, max_relative = 1e-13);
        }
    }

    #[test]
    fn the_largest_is_a_gev() {
        for shape in [-0.7, -0.2, 0.0, 0.3] {
            let (p, bounded) = ([34.5, 1.8, shape], [34.5, 1.8, shape, NONE_ABOVE]);
            for q in [1e-9, 0.3, 0.99] {
                let y = Gev.quantile(q, &p);
                assert_eq!(RLargest.quantile(q, &bounded), y);
                let (mut a, mut b) = ([0.0; 4], [0.0; 3]);
                let value = RLargest.log_prob_gradient(y, &bounded, &mut a);
                assert_eq!(value, Gev.log_prob_gradient(y, &p, &mut b));
                assert_eq!(a[..3], b);
            }
        }
    }

    #[test]
    fn values_out_of_order_are_refused() {
        let known = [f64::NAN, f64::NAN, f64::NAN, 30.0];
        assert!(RLargest.check(30.0, &known).is_ok());
        let message = RLargest.check(31.0, &known).unwrap_err();
        assert!(message.contains("30") && message.contains("the largest comes first"));
    }
}
