//! The regularized incomplete beta function.
//!
//! Relative errors of the smaller tail, measured: see the tests of `special`.

use super::LN_SQRT_2PI;
use super::gamma::{deviance, stirling_error};
use super::incomplete_gamma::{Tail, away_from_zero, ln_pair};

/// log(xᵃ yᵇ / B(a, b)) for y = 1 − x, given without its rounding.
pub fn ln_beta_kernel(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let n = a + b;
    // a − n x = a y − b x.
    let difference = a * y - b * x;
    stirling_error(n)
        - stirling_error(a)
        - stirling_error(b)
        - deviance(a, n * x, difference)
        - deviance(b, n * y, -difference)
        + 0.5 * (a / n * b).ln()
        - LN_SQRT_2PI
}

/// (I_x(a, b), 1 − I_x(a, b)) for x and y = 1 − x.
///
/// Both are given, so that the smaller one is not lost.
pub fn beta_tails(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if let Some(ends) = at_ends(a, b, x, y) {
        return ends;
    }
    let (is_lower, tail) = smaller(a, b, x, y);
    let tail = tail.value();
    if is_lower { (tail, 1.0 - tail) } else { (1.0 - tail, tail) }
}

/// (log I_x(a, b), log(1 − I_x(a, b))), also where a tail underflows.
pub fn ln_beta_tails(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if let Some((lower, upper)) = at_ends(a, b, x, y) {
        return (lower.ln(), upper.ln());
    }
    let (is_lower, tail) = smaller(a, b, x, y);
    ln_pair(is_lower, tail.ln())
}

fn at_ends(a: f64, b: f64, x: f64, y: f64) -> Option<(f64, f64)> {
    if (a + b + x + y).is_nan() {
        Some((f64::NAN, f64::NAN))
    } else if x <= 0.0 {
        Some((0.0, 1.0))
    } else if y <= 0.0 {
        Some((1.0, 0.0))
    } else {
        None
    }
}

/// The tail on the side of x where it is about the smaller one, and whether it is the lower one.
fn smaller(a: f64, b: f64, x: f64, y: f64) -> (bool, Tail) {
    if a * y >= b * x { (true, tail(a, b, x, y)) } else { (false, tail(b, a, y, x)) }
}

/// I_x(a, b) for x ≤ a/(a + b), by a continued fraction in λ = a − (a + b) x: nothing cancels.
///
/// # Source
/// DiDonato and Morris, Significant digit computation of the incomplete beta function ratios
/// (1992), the fraction of their BFRAC; here by Lentz's method.
fn tail(a: f64, b: f64, x: f64, y: f64) -> Tail {
    let lambda = a * y - b * x;
    let mut c = f64::MAX;
    let mut d = (a + 1.0) / (a * (1.0 + lambda));
    let mut value = d;
    let mut n = 0.0;
    while n < 1e6 {
        n += 1.0;
        let s = a + 2.0 * n;
        let w = n * (b - n) * x / (s - 1.0);
        let numerator = (a + n - 1.0) / (s - 1.0) * (a + b + n - 1.0) * x * w;
        let denominator = n + w + (a + n) / (s + 1.0) * (1.0 + lambda + n * (1.0 + y));
        d = 1.0 / away_from_zero(denominator + numerator * d);
        c = away_from_zero(denominator + numerator / c);
        let factor = c * d;
        value *= factor;
        if (factor - 1.0).abs() < 1e-16 {
            break;
        }
    }
    Tail { exponent: ln_beta_kernel(a, b, x, y), divisor: 1.0, factors: [value, 1.0] }
}
