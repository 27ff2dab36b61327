//! Ratios that are smooth at 0 but cancel there when computed as they are written.

/// Σₖ cₖ wᵏ.
fn polynomial(w: f64, terms: usize, coefficient: impl Fn(f64) -> f64) -> f64 {
    (0..terms).rev().fold(0.0, |sum, k| sum * w + coefficient(k as f64))
}

/// L(w) = log(1 + w)/w, 1 at w = 0.
#[inline]
pub fn ln_1p_ratio(w: f64) -> f64 {
    if w == 0.0 { 1.0 } else { w.ln_1p() / w }
}

/// L′(w), given L(w).
#[inline]
pub fn ln_1p_ratio_slope(w: f64, ratio: f64) -> f64 {
    if w.abs() < 0.02 {
        // Σ (−1)ᵏ k wᵏ⁻¹/(k + 1) from k = 1.
        return -polynomial(-w, 10, |k| (k + 1.0) / (k + 2.0));
    }
    (1.0 / (1.0 + w) - ratio) / w
}

/// L″(w), given L′(w).
#[inline]
pub fn ln_1p_ratio_bend(w: f64, slope: f64) -> f64 {
    if w.abs() < 0.1 {
        return polynomial(-w, 18, |k| (k + 1.0) * (k + 2.0) / (k + 3.0));
    }
    -(1.0 / ((1.0 + w) * (1.0 + w)) + 2.0 * slope) / w
}

/// log(1 + w) − w, about −w²/2.
#[inline]
pub fn ln_1p_minus(w: f64) -> f64 {
    if w.abs() < 0.1 {
        return -w * w * polynomial(-w, 18, |k| 1.0 / (k + 2.0));
    }
    w.ln_1p() - w
}

/// log(1 + w) − w/(1 + w), about w²/2.
#[inline]
pub fn ln_1p_excess(w: f64) -> f64 {
    if w.abs() < 0.1 {
        return w * w * polynomial(-w, 18, |k| (k + 1.0) / (k + 2.0));
    }
    w.ln_1p() - w / (1.0 + w)
}

/// E(x) = (eˣ − 1)/x, 1 at x = 0.
#[inline]
pub fn expm1_ratio(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { x.exp_m1() / x }
}

/// (E′(x), E″(x)).
#[inline]
pub fn expm1_ratio_slopes(x: f64) -> (f64, f64) {
    if x.abs() < 0.5 {
        // E = Σ xᵏ/(k + 1)!.
        let (mut factorial, mut power) = (1.0, 1.0);
        let (mut slope, mut bend) = (0.0, 0.0);
        for k in 0..16 {
            let k = f64::from(k);
            // (k + 2)! and (k + 3)!.
            factorial *= k + 2.0;
            slope += (k + 1.0) * power / factorial;
            bend += (k + 1.0) * (k + 2.0) * power / (factorial * (k + 3.0));
            power *= x;
        }
        return (slope, bend);
    }
    let ratio = expm1_ratio(x);
    let slope = (x.exp() - ratio) / x;
    (slope, (x.exp() - 2.0 * slope) / x)
}
