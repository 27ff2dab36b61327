//! Special functions that several densities need, accurate in the tails.
//!
//! Accuracy was measured against 60-digit arithmetic. Relative errors: error functions and their
//! inverses 2e-16; of the others their files speak.

mod bessel;
pub mod branchless;
mod gamma;
mod incomplete_beta;
mod incomplete_gamma;
mod ratio;

pub use bessel::{bessel_ratio, ln_bessel_i0};
pub use gamma::{
    deviance, digamma, digamma_excess, ln_factorial, stirling_error, trigamma, trigamma_excess,
};
pub use incomplete_beta::{beta_tails, ln_beta_kernel, ln_beta_tails};
pub use incomplete_gamma::{gamma_tails, ln_gamma_tails};
pub use ratio::{
    expm1_ratio, expm1_ratio_slopes, ln_1p_excess, ln_1p_minus, ln_1p_ratio, ln_1p_ratio_bend,
    ln_1p_ratio_slope,
};

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use statrs::function::erf;

/// ½ log 2π.
pub const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;

/// Φ(z), the standard normal distribution function.
#[inline]
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z * FRAC_1_SQRT_2)
}

/// Φ⁻¹(p).
pub fn normal_quantile(p: f64) -> f64 {
    if (0.0..=1.0).contains(&p) { -SQRT_2 * erf::erfc_inv(2.0 * p) } else { f64::NAN }
}

/// log Φ(z), also where Φ(z) underflows.
pub fn ln_normal_cdf(z: f64) -> f64 {
    if z < 0.0 { mills(-z).ln() - 0.5 * z * z - LN_SQRT_2PI } else { (-normal_cdf(-z)).ln_1p() }
}

/// φ(z)/Φ(z), the derivative of [`ln_normal_cdf`].
pub fn ln_normal_cdf_slope(z: f64) -> f64 {
    if z < 0.0 { 1.0 / mills(-z) } else { (-0.5 * z * z - LN_SQRT_2PI).exp() / normal_cdf(z) }
}

/// The z with log Φ(z) = `lower` and log(1 − Φ(z)) = `upper`, however small either is.
pub fn normal_quantile_of_ln(lower: f64, upper: f64) -> f64 {
    let tail = lower.min(upper);
    let z = if tail > -700.0 {
        normal_quantile(tail.exp())
    } else if tail.is_finite() {
        // Newton's method on a concave function, from beyond the root.
        let start = -(-2.0 * tail).sqrt();
        (0..6).fold(start, |z, _| z - (ln_normal_cdf(z) - tail) / ln_normal_cdf_slope(z))
    } else {
        tail
    };
    if lower <= upper { z } else { -z }
}

/// log(1 − eˣ) for x ≤ 0.
#[inline]
pub fn ln_1m_exp(x: f64) -> f64 {
    if x > -std::f64::consts::LN_2 { (-x.exp_m1()).ln() } else { (-x.exp()).ln_1p() }
}

/// The z ≥ 0 with P(|Z| ≤ z) = p for a standard normal Z.
pub fn half_normal_quantile(p: f64) -> f64 {
    if (0.0..=1.0).contains(&p) { SQRT_2 * erf::erf_inv(p) } else { f64::NAN }
}

/// log(1 + q²), also where q² overflows.
#[inline]
pub fn ln_1p_square(q: f64) -> f64 {
    if q.abs() < 1e9 { (q * q).ln_1p() } else { 2.0 * q.abs().ln() }
}

/// (1 − Φ(z)) / φ(z) for z ≥ 0, the Mills ratio.
fn mills(z: f64) -> f64 {
    if z < 5.0 {
        return (0.5 * std::f64::consts::PI).sqrt()
            * (0.5 * z * z).exp()
            * libm::erfc(z * FRAC_1_SQRT_2);
    }
    // Laplace's continued fraction z + 1/(z + 2/(z + 3/(…))), from its far end.
    1.0 / (1..=60).rev().fold(z, |tail, k| z + f64::from(k) / tail)
}

/// ∫ exp(−t (a + t/2)) dt over 0 < t < `width`, for a ≥ 0 and a width that may be infinite.
///
/// This is (Φ(a + width) − Φ(a)) / φ(a), which neither underflows nor cancels.
pub fn mills_between(a: f64, width: f64) -> f64 {
    let exponent = width * (a + 0.5 * width);
    if exponent < 1.0 {
        gauss_legendre(0.0, width, |t| (-t * (a + 0.5 * t)).exp())
    } else if exponent < 800.0 {
        mills(a) - (-exponent).exp() * mills(a + width)
    } else {
        mills(a)
    }
}

/// Φ(b) − Φ(a) for a < b, where `width` is b − a without its rounding.
pub fn normal_between(a: f64, b: f64, width: f64) -> f64 {
    if a >= 0.0 {
        (-0.5 * a * a - LN_SQRT_2PI).exp() * mills_between(a, width)
    } else if b <= 0.0 {
        normal_between(-b, -a, width)
    } else {
        0.5 * (libm::erf(b * FRAC_1_SQRT_2) - libm::erf(a * FRAC_1_SQRT_2))
    }
}

/// ∫ f over (`left`, `left + width`) with eight points, exact up to degree 15.
pub fn gauss_legendre(left: f64, width: f64, f: impl Fn(f64) -> f64) -> f64 {
    const POINTS: [(f64, f64); 4] = [
        (0.183_434_642_495_649_8, 0.362_683_783_378_362),
        (0.525_532_409_916_329, 0.313_706_645_877_887_3),
        (0.796_666_477_413_626_7, 0.222_381_034_453_374_48),
        (0.960_289_856_497_536_3, 0.101_228_536_290_376_26),
    ];
    let (middle, half) = (left + 0.5 * width, 0.5 * width);
    half * POINTS
        .iter()
        .map(|(node, weight)| weight * (f(middle - half * node) + f(middle + half * node)))
        .sum::<f64>()
}

/// The x with P(a, x) = `lower` and Q(a, x) = `upper`.
pub fn gamma_quantile(a: f64, lower: f64, upper: f64) -> f64 {
    let log_density = |x: f64| (a - 1.0) * x.ln() - x - libm::lgamma(a);
    super::root::positive_quantile(lower, upper, a, log_density, |x| gamma_tails(a, x))
}

/// log B(a, b).
#[inline]
pub fn ln_beta(a: f64, b: f64) -> f64 {
    libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)
}

/// The u with F(u) = `lower` and 1 − F(u) = `upper`; see `root`.
pub fn real_quantile(
    lower: f64,
    upper: f64,
    guess: f64,
    tails: impl Fn(f64) -> (f64, f64, f64),
) -> f64 {
    super::root::quantile_root(lower, upper, guess, tails)
}

/// The u in (0, 1) with I_u(a, b) = `lower` and 1 − I_u(a, b) = `upper`; also 1 − u, unrounded.
pub fn beta_quantile(a: f64, b: f64, lower: f64, upper: f64) -> (f64, f64) {
    if let Some(end) = super::root::at_ends(lower, upper, 0.0, 1.0) {
        return (end, 1.0 - end);
    }
    // In v = log(u / (1 − u)), where both ends keep their digits.
    let split = |v: f64| (1.0 / (1.0 + (-v).exp()), 1.0 / (1.0 + v.exp()));
    let v = real_quantile(lower, upper, (a / b).ln(), |v| {
        let (x, y) = split(v);
        let (cdf, survival) = beta_tails(a, b, x, y);
        (cdf, survival, ln_beta_kernel(a, b, x, y).exp())
    });
    split(v)
}

/// log Γ(x + ½) − log Γ(x), without the cancellation at large x.
pub fn ln_gamma_half_step(x: f64) -> f64 {
    if x < 50.0 {
        return libm::lgamma(x + 0.5) - libm::lgamma(x);
    }
    let r = 1.0 / (x * x);
    0.5 * x.ln() - (1.0 / 8.0 - r * (1.0 / 192.0 - r * (1.0 / 640.0 - r * (17.0 / 14336.0)))) / x
}

#[cfg(test)]
mod tests;
