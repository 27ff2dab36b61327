//! The blended generalized extreme-value distribution.

mod taylor;

use gridgp_dist::Domain;
use gridgp_dist::special::{
    expm1_ratio, expm1_ratio_slopes, gauss_legendre, ln_1m_exp, real_quantile,
};
use rand::{Rng, RngExt};
use taylor::Taylor;

use super::curvature::Which;
use super::gev::{LOCATION, Reduced, SCALE, chain, chain_second, level, outer};
use super::testing::Example;
use super::{DefaultValue, Gev, Info, Likelihood, LikelihoodParameter};
use super::{check_finite, impossible, is_positive, is_possible, settled};

/// P(Y ≤ y) = F(y)^w G(y)^(1 − w): the GEV F above its 20 % quantile b, a Gumbel law G below its 5 %
/// quantile a, and between them a weight w = I₅,₅((y − a)/(b − a)) that goes from 0 to 1.
///
/// G is the Gumbel law with the same two quantiles. The parameters are those of F, the [`Gev`]. The
/// upper tail is exactly the GEV's, but there is no lower end: data below the end of the GEV are
/// possible, and the likelihood does not jump to 0 when a step of a sampler moves the end. That is
/// its use, for shapes ≥ 0; with a shape below 0 the upper end of the GEV remains.
///
/// For ξ ≤ −½ there is no expected information; see [`curvature`](Likelihood::curvature).
///
/// # Source
/// Castro-Camilo, Huser and Rue, Practical strategies for generalized extreme value-based
/// regression models for extremes (2022); p_a = 0.05, p_b = 0.2, c₁ = c₂ = 5. They write the
/// parameters as a quantile and a spread, here they are location and scale.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BlendedGev;

const PARAMETERS: [LikelihoodParameter; 3] = [
    LOCATION,
    SCALE,
    LikelihoodParameter::new(
        "shape",
        Domain::Real,
        "upper tail: above 0 heavy, below 0 with an upper end",
        DefaultValue::Prior("normal(0, 0.2)"),
    ),
];

/// −log(−log 0.05) and −log(−log 0.2), where the blend begins and ends in reduced units.
const FIRST: f64 = -1.097_188_700_364_948_8;
const LAST: f64 = -0.475_884_995_327_110_54;

impl BlendedGev {
    pub(super) const INFO: Info = Info {
        name: "blended_gev",
        formula: "P(Y ≤ y) = F(y)^w G(y)^(1 - w), F the GEV, G a Gumbel law below it, w from 0 to 1 between the 5 % and the 20 % quantile",
        support: "(-inf, inf); below the upper end of the GEV if shape < 0",
        about: "block maxima; a GEV without a lower end, robust",
    };
    pub(super) const EXAMPLES: &'static [Example] = &[
        Example::new(&[34.5, 1.8, 0.2]),
        Example::new(&[34.5, 1.8, -0.25]).outside(&[41.8, 60.0]),
        Example::new(&[0.0, 1.0, 0.0]),
        Example::new(&[0.0, 1.0, 1e-9]),
        Example::new(&[0.0, 1.0, 0.7]),
        Example::new(&[0.0, 1.0, -0.7]).outside(&[1.5]),
    ];
}

/// A quantile of the GEV at the reduced level u, as a function of the shape.
fn end(u: f64, shape: f64) -> Taylor {
    let x = shape * u;
    let (slope, bend) = expm1_ratio_slopes(x);
    Taylor {
        value: u * expm1_ratio(x),
        first: [0.0, u * u * slope],
        second: [0.0, 0.0, u * u * u * bend],
    }
}

/// I₅,₅(t) with its three derivatives.
fn weight(t: f64) -> [f64; 4] {
    // 630 ∫ s⁴ (1 − s)⁴ ds.
    let rest = 1.0 - t;
    let tr = t * rest;
    let value = t.powi(5) * (126.0 - t * (420.0 - t * (540.0 - t * (315.0 - t * 70.0))));
    let slope = 630.0 * tr.powi(4);
    let bend = 2520.0 * tr.powi(3) * (rest - t);
    let third = 2520.0 * tr * tr * (3.0 * (rest - t) * (rest - t) - 2.0 * tr);
    [value, slope, bend, third]
}

/// log of the density of z = (y − location)/scale as a function of (z, ξ); `None` outside.
fn log_density(z: f64, shape: f64) -> Option<Taylor> {
    if !(z.is_finite() && shape.is_finite()) {
        return None;
    }
    let (a, b) = (end(FIRST, shape), end(LAST, shape));
    let width = b - a;
    let at = Taylor { value: z, first: [1.0, 0.0], second: [0.0; 3] };
    let t = (at - a) / width;
    if z >= b.value {
        let r = Reduced::of(z, shape)?;
        let (zz, zx, xx) = r.second(z, shape);
        let u = Taylor { value: r.u, first: [r.z, r.shape], second: [zz, zx, xx] };
        let rise = Taylor { value: 1.0 + shape, first: [0.0, 1.0], second: [0.0; 3] };
        return Some(-(rise * u) - (-u).exp());
    }
    // The Gumbel law with the same quantiles is linear in t.
    let span = LAST - FIRST;
    let v = Taylor::constant(FIRST) + Taylor::constant(span) * t;
    let steepness = Taylor::constant(span) / width;
    if z <= a.value {
        return Some(steepness.ln() - v - (-v).exp());
    }
    let r = Reduced::of(z, shape)?;
    let (zz, zx, xx) = r.second(z, shape);
    let u = Taylor { value: r.u, first: [r.z, r.shape], second: [zz, zx, xx] };
    // ∂u/∂z = 1/(1 + ξz).
    let product = Taylor { value: shape * z, first: [shape, z], second: [0.0, 1.0, 0.0] };
    let u_z = Taylor::constant(1.0) / (Taylor::constant(1.0) + product);
    let [w, w1, w2, w3] = weight(t.value);
    let (share, rate) = (t.map([w, w1, w2]), t.map([w1, w2, w3]) / width);
    let (ln_f, ln_g) = (-(-u).exp(), -(-v).exp());
    let rest = Taylor::constant(1.0) - share;
    let whole = share * ln_f + rest * ln_g;
    let density = rate * (ln_f - ln_g) - share * ln_f * u_z - rest * ln_g * steepness;
    (density.value > 0.0).then(|| whole + density.ln())
}

/// log P(Z ≤ z) where P is not 0 or 1, and its derivative.
fn log_cdf(z: f64, shape: f64) -> (f64, f64) {
    if z.is_nan() || shape.is_nan() {
        return (f64::NAN, f64::NAN);
    }
    let (a, b) = (level(FIRST, shape), level(LAST, shape));
    let (t, slope) = ((z - a) / (b - a), (LAST - FIRST) / (b - a));
    let g = -(-(FIRST + (LAST - FIRST) * t)).exp();
    if t <= 0.0 {
        return (g, -g * slope);
    }
    let Some(r) = Reduced::of(z, shape) else {
        return (0.0, 0.0);
    };
    let f = -(-r.u).exp();
    if t >= 1.0 {
        return (f, -f * r.z);
    }
    let [w, rate, ..] = weight(t);
    let rest = 1.0 - w;
    (w * f + rest * g, rate / (b - a) * (f - g) - w * f * r.z - rest * g * slope)
}

/// The expected information by quadrature, in the variable in which each piece is smooth.
fn information(scale: f64, shape: f64) -> [f64; 6] {
    let (a, b) = (level(FIRST, shape), level(LAST, shape));
    let mut total = [0.0; 6];
    // Panels of u below a (Gumbel's own), of z between, of u above b.
    let panels = |from: f64, to: f64, n: usize| {
        (0..n).map(move |i| (from + (to - from) * i as f64 / n as f64, (to - from) / n as f64))
    };
    for (entry, sum) in total.iter_mut().enumerate() {
        let product = |z: f64| {
            log_density(z, shape)
                .map_or(0.0, |g| g.value.exp() * outer(&chain(z, scale, g.first))[entry])
        };
        for (left, width) in panels(-4.0, FIRST, 8) {
            let slope = (b - a) / (LAST - FIRST);
            *sum += slope * gauss_legendre(left, width, |u| product(a + slope * (u - FIRST)));
        }
        for (left, width) in panels(a, b, 8) {
            *sum += gauss_legendre(left, width, product);
        }
        for (left, width) in panels(LAST, 80.0, 80) {
            *sum += gauss_legendre(left, width, |u| (shape * u).exp() * product(level(u, shape)));
        }
    }
    total
}

impl BlendedGev {
    /// The observed information or the curvature.
    fn information(&self, y: f64, p: &[f64], which: Which, out: &mut [f64]) {
        let [location, scale, shape] = [p[0], p[1], p[2]];
        let z = (y - location) / scale;
        let possible = is_possible(self, y, p);
        let Some(g) = log_density(z, shape).filter(|_| possible) else {
            return out.fill(0.0);
        };
        let [zz, zx, xx] = g.second;
        which.write(out, chain_second(z, scale, [g.first[0], zz, zx, xx]), || {
            if shape > -0.5 { information(scale, shape) } else { outer(&chain(z, scale, g.first)) }
        });
    }
}

impl Likelihood for BlendedGev {
    fn parameters(&self) -> &[LikelihoodParameter] {
        &PARAMETERS
    }

    fn check(&self, y: f64, _known: &[f64]) -> Result<(), String> {
        check_finite(y)
    }

    fn log_prob_gradient(&self, y: f64, p: &[f64], gradient: &mut [f64]) -> f64 {
        let [location, scale, shape] = [p[0], p[1], p[2]];
        let z = (y - location) / scale;
        // Four observations in five are above the blend.
        if z >= level(LAST, shape) {
            return Gev.log_prob_gradient(y, p, gradient);
        }
        if is_positive(scale)
            && let Some(g) = log_density(z, shape)
            && g.value.is_finite()
        {
            gradient.copy_from_slice(&chain(z, scale, g.first));
            return settled(g.value - scale.ln(), gradient);
        }
        impossible(gradient)
    }

    fn curvature(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.information(y, p, Which::Semidefinite, out);
    }

    fn observed_information(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.information(y, p, Which::Observed, out);
    }

    fn cdf(&self, y: f64, p: &[f64]) -> f64 {
        log_cdf((y - p[0]) / p[1], p[2]).0.exp()
    }

    fn sf(&self, y: f64, p: &[f64]) -> f64 {
        -log_cdf((y - p[0]) / p[1], p[2]).0.exp_m1()
    }

    fn log_tails(&self, y: f64, p: &[f64]) -> (f64, f64) {
        let z = (y - p[0]) / p[1];
        if z >= level(LAST, p[2]) {
            return Gev.log_tails(y, p);
        }
        let log = log_cdf(z, p[2]).0;
        (log, ln_1m_exp(log))
    }

    fn quantile(&self, q: f64, p: &[f64]) -> f64 {
        if !(0.0..=1.0).contains(&q) {
            return f64::NAN;
        } else if q >= 0.2 {
            return Gev.quantile(q, p);
        }
        let (a, b) = (level(FIRST, p[2]), level(LAST, p[2]));
        let u = -(-q.ln()).ln();
        let linear = a + (b - a) * (u - FIRST) / (LAST - FIRST);
        if q <= 0.05 {
            return p[0] + p[1] * linear;
        }
        let z = real_quantile(q, 1.0 - q, linear, |z| {
            let (log, slope) = log_cdf(z, p[2]);
            (log.exp(), -log.exp_m1(), log.exp() * slope)
        });
        p[0] + p[1] * z
    }

    fn isf(&self, q: f64, p: &[f64]) -> f64 {
        if q <= 0.8 { Gev.isf(q, p) } else { self.quantile(1.0 - q, p) }
    }

    fn sample(&self, rng: &mut dyn Rng, p: &[f64]) -> f64 {
        // In (0, 1]; 1 would be an end.
        let q = 1.0 - rng.random::<f64>();
        self.quantile(q.min(1.0 - 0.5 * f64::EPSILON), p)
    }

    /// By quadrature.
    fn mean(&self, p: &[f64]) -> f64 {
        if p[2] >= 1.0 { f64::INFINITY } else { Gev.mean(p) + p[1] * excess(p[2], |z| z) }
    }

    /// By quadrature.
    fn sd(&self, p: &[f64]) -> f64 {
        if p[2] < 0.5 {
            let unit = [0.0, 1.0, p[2]];
            let mean = self.mean(&unit);
            let away = Gev.mean(&unit) - mean;
            let square = Gev.sd(&unit).powi(2) + away * away;
            p[1] * (square + excess(p[2], |z| (z - mean) * (z - mean))).sqrt()
        } else if p[2] < 1.0 {
            f64::INFINITY
        } else {
            f64::NAN
        }
    }
}

/// What E f is larger by than under the GEV with the same shape and scale 1: both laws are the same
/// above the 20 % quantile.
fn excess(shape: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (a, b) = (level(FIRST, shape), level(LAST, shape));
    let slope = (b - a) / (LAST - FIRST);
    let gumbel = |u: f64| (-u - (-u).exp()).exp();
    let mut total = 0.0;
    for i in 0..16 {
        let width = (FIRST + 5.0) / 16.0;
        let left = -5.0 + width * f64::from(i);
        total += gauss_legendre(left, width, |u| f(a + slope * (u - FIRST)) * gumbel(u));
        let width = (b - a) / 16.0;
        let left = a + width * f64::from(i);
        total += gauss_legendre(left, width, |z| {
            f(z) * log_density(z, shape).map_or(0.0, |g| g.value.exp())
        });
        let width = (LAST + 5.0) / 16.0;
        let left = -5.0 + width * f64::from(i);
        total -= gauss_legendre(left, width, |u| f(level(u, shape)) * gumbel(u));
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_upper_tail_of_the_gev_and_no_lower_end() {
        let p = [34.5, 1.8, 0.3];
        for q in [0.2, 0.21, 0.5, 0.99] {
            let y = Gev.quantile(q, &p);
            approx::assert_relative_eq!(BlendedGev.cdf(y, &p), q, max_relative = 1e-13);
            let slack = 1e-12;
            let (a, b) = (BlendedGev.log_prob(y, &p), Gev.log_prob(y, &p));
            approx::assert_relative_eq!(a, b, max_relative = slack);
        }
        for q in [0.05, 0.2] {
            let (a, b) = (BlendedGev.quantile(q, &p), Gev.quantile(q, &p));
            approx::assert_relative_eq!(a, b, max_relative = 1e-13);
        }
        // The GEV ends at 28.5.
        assert_eq!(Gev.log_prob(28.0, &p), f64::NEG_INFINITY);
        assert!(BlendedGev.log_prob(28.0, &p) > -1e3);
    }

    #[test]
    fn is_gumbel_at_shape_0() {
        let gumbel = crate::Gumbel;
        for z in [-3.0, -1.0, -0.8, -0.5, 0.0, 4.0] {
            let (a, b) =
                (BlendedGev.log_prob(z, &[0.0, 1.0, 0.0]), gumbel.log_prob(z, &[0.0, 1.0]));
            approx::assert_relative_eq!(a, b, max_relative = 1e-12);
        }
    }

    #[test]
    fn the_density_is_positive_through_the_blend() {
        for shape in [-1.0, -0.5, -0.2, 0.0, 0.1, 0.5, 1.0, 2.0] {
            let (a, b) = (level(FIRST, shape), level(LAST, shape));
            for i in 0..=100 {
                let z = a + (b - a) * f64::from(i) / 100.0;
                assert!(log_density(z, shape).is_some(), "{shape} {i}");
            }
        }
    }
}
