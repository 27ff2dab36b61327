//! Modified Bessel functions of the first kind, scaled.

use super::LN_SQRT_2PI;

/// Where the asymptotic series take over: their error is about exp(−2k).
const LARGE: f64 = 30.0;

/// log(I₀(k) exp(−k)) for k ≥ 0.
pub fn ln_bessel_i0(k: f64) -> f64 {
    if k < LARGE {
        return power_series(k).0.ln() - k;
    }
    // Σ ((2j − 1)!!)² / (j! (8k)ʲ), cut before its terms grow.
    let (mut term, mut total) = (1.0, 1.0);
    for j in 1..30 {
        let odd = f64::from(2 * j - 1);
        term *= odd * odd / (8.0 * k * f64::from(j));
        total += term;
        if term < 1e-17 {
            break;
        }
    }
    f64::ln(total) - 0.5 * k.ln() - LN_SQRT_2PI
}

/// (1 − A, A′) for A(k) = I₁(k)/I₀(k), k > 0.
pub fn bessel_ratio(k: f64) -> (f64, f64) {
    if k < 60.0 {
        let (zero, one) = power_series(k);
        let ratio = one / zero;
        // 1 − A² − A/k, where A/k goes to ½.
        return (1.0 - ratio, (1.0 - ratio) * (1.0 + ratio) - ratio / k);
    }
    // 1 − A = Σ cⱼ k⁻ʲ, from the quotient of the asymptotic series.
    const C: [f64; 10] = [
        0.5,
        0.125,
        0.125,
        0.1953125,
        0.40625,
        1.0478515625,
        3.21875,
        11.466461181640625,
        46.478515625,
        211.27614974975586,
    ];
    let (mut rest, mut slope) = (0.0, 0.0);
    for (j, c) in C.iter().enumerate().rev() {
        rest = (rest + c) / k;
        slope = (slope + c * (j + 1) as f64) / k;
    }
    (rest, slope / k)
}

/// (I₀(k), I₁(k)), sums of positive terms.
fn power_series(k: f64) -> (f64, f64) {
    let quarter = 0.25 * k * k;
    let (mut term, mut zero, mut one) = (1.0, 0.0, 0.0);
    let mut j = 0.0;
    loop {
        zero += term;
        one += term / (j + 1.0);
        j += 1.0;
        term *= quarter / (j * j);
        if term < 1e-17 * zero {
            return (zero, 0.5 * k * one);
        }
    }
}
