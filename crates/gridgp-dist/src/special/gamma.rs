//! The gamma function's logarithm and its derivatives, split so that nothing cancels.
//!
//! Densities of counts and of positive numbers are differences of large logarithms. Loader's form
//! writes them with [`stirling_error`] and [`deviance`], which are small where the density is not.
//!
//! # Source
//! Loader, Fast and accurate computation of binomial probabilities (2000).

use std::sync::LazyLock;

use super::LN_SQRT_2PI;

/// Where the asymptotic series of ψ and ψ′ have all digits.
const LARGE: f64 = 14.0;

const FACTORIALS: usize = 256;

/// log y! for small y: constant in a fit, yet asked for in every evaluation.
static LN_FACTORIAL: LazyLock<[f64; FACTORIALS]> =
    LazyLock::new(|| std::array::from_fn(|y| libm::lgamma(y as f64 + 1.0)));

/// log y! for a whole number y ≥ 0.
pub fn ln_factorial(y: f64) -> f64 {
    if y < FACTORIALS as f64 { LN_FACTORIAL[y as usize] } else { libm::lgamma(y + 1.0) }
}

/// log Γ(x + 1) − (x + ½) log x + x − ½ log 2π for x > 0, about 1/(12x).
pub fn stirling_error(x: f64) -> f64 {
    if x < 15.0 {
        return libm::lgamma(x + 1.0) - (x + 0.5) * x.ln() + x - LN_SQRT_2PI;
    }
    let r = 1.0 / (x * x);
    let tail = 1.0 / 1680.0 - r * (1.0 / 1188.0 - r * (691.0 / 360_360.0));
    (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r * tail))) / x
}

/// x log(x/m) + m − x for x ≥ 0 and m > 0, where `difference` is x − m without its rounding.
pub fn deviance(x: f64, m: f64, difference: f64) -> f64 {
    if x == 0.0 {
        return m;
    }
    if difference.abs() >= 0.1 * (x + m) {
        return x * (x / m).ln() - difference;
    }
    let v = difference / (x + m);
    let square = v * v;
    let mut total = difference * v;
    let mut power = 2.0 * x * v;
    for k in 1..40 {
        power *= square;
        let next = total + power / f64::from(2 * k + 1);
        if next == total {
            break;
        }
        total = next;
    }
    total
}

/// ψ(x) − log x + 1/(2x), about −1/(12x²), for x > 0.
pub fn digamma_excess(x: f64) -> f64 {
    if x >= LARGE {
        let r = 1.0 / (x * x);
        let tail = 1.0 / 240.0 - r * (1.0 / 132.0 - r * (691.0 / 32_760.0 - r / 12.0));
        return -r * (1.0 / 12.0 - r * (1.0 / 120.0 - r * (1.0 / 252.0 - r * tail)));
    }
    digamma(x) - x.ln() + 0.5 / x
}

/// ψ(x) for x > 0.
pub fn digamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < LARGE {
        shift += 1.0 / x;
        x += 1.0;
    }
    x.ln() - 0.5 / x + digamma_excess(x) - shift
}

/// ψ′(x) − 1/x − 1/(2x²), about 1/(6x³), for x > 0.
pub fn trigamma_excess(x: f64) -> f64 {
    if x >= LARGE {
        let r = 1.0 / (x * x);
        let tail = 1.0 / 30.0 - r * (5.0 / 66.0 - r * (691.0 / 2730.0 - r * (7.0 / 6.0)));
        return r / x * (1.0 / 6.0 - r * (1.0 / 30.0 - r * (1.0 / 42.0 - r * tail)));
    }
    trigamma(x) - 1.0 / x - 0.5 / (x * x)
}

/// ψ′(x) for x > 0.
pub fn trigamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < LARGE {
        shift += 1.0 / (x * x);
        x += 1.0;
    }
    1.0 / x + 0.5 / (x * x) + trigamma_excess(x) + shift
}
