//! Σⱼ (1 + (w + jq)²)^−α over all j ≥ 0: the far images of a heavy tail, summed to the end.

/// The sum and its derivatives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tail {
    pub value: f64,
    /// ∂/∂w.
    pub slope: f64,
    /// ∂/∂α.
    pub alpha: f64,
}

/// B₂ₖ, k = 1 … 8.
const BERNOULLI: [f64; 8] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
];

/// Derivatives of h up to the one that `slope` needs.
const ORDERS: usize = 2 * BERNOULLI.len() + 1;

/// Terms of the integral's series; each is below a fifth of the one before it.
const TERMS: usize = 26;

impl Tail {
    /// By the formula of Euler and Maclaurin,
    /// Σⱼ h(w + jq) = ∫/q + h/2 − Σₖ B₂ₖ/(2k)! q^(2k−1) h^(2k−1)(w), with h = (1 + w²)^−α, α > ½.
    ///
    /// h is singular at ±i, so its n-th Taylor coefficient at w is about |w ± i|⁻ⁿ: from w ≥ 12 q on
    /// eight terms reach rounding. The integral is an incomplete beta function, in powers of
    /// y = 1/(1 + w²); w ≥ 2.
    ///
    /// # Source
    /// NIST Digital Library of Mathematical Functions, 2.10.1 and 8.17.7.
    pub(super) fn new(w: f64, q: f64, alpha: f64) -> Self {
        let (h, h_alpha) = taylor(w, q, alpha);
        let (integral, integral_alpha) = integral(w, alpha);
        let mut sum = integral / q + 0.5 * h[0];
        let mut sum_alpha = integral_alpha / q + 0.5 * h_alpha[0];
        let mut slope = 0.5 * h[1] - h[0];
        for (k, bernoulli) in BERNOULLI.iter().enumerate() {
            let odd = 2 * k + 1;
            let weight = bernoulli / (odd + 1) as f64;
            sum -= weight * h[odd];
            sum_alpha -= weight * h_alpha[odd];
            slope -= bernoulli * h[odd + 1];
        }
        Self { value: sum, slope: slope / q, alpha: sum_alpha }
    }
}

/// qⁿ h^(n)/n! at w, and the derivatives by α, from (1 + w²) h′ = −2αw h.
fn taylor(w: f64, q: f64, alpha: f64) -> ([f64; ORDERS], [f64; ORDERS]) {
    let g = 1.0 + w * w;
    let (first, second) = (2.0 * w / g * q, q / g * q);
    let (mut h, mut d) = ([0.0; ORDERS], [0.0; ORDERS]);
    h[0] = (-alpha * g.ln()).exp();
    d[0] = -g.ln() * h[0];
    for n in 0..ORDERS - 1 {
        let order = n as f64;
        let (before, d_before) = if n == 0 { (0.0, 0.0) } else { (h[n - 1], d[n - 1]) };
        let (f, s) = ((alpha + order) * first, (2.0 * alpha + order - 1.0) * second);
        h[n + 1] = -(f * h[n] + s * before) / (order + 1.0);
        d[n + 1] =
            -(f * d[n] + s * d_before + first * h[n] + 2.0 * second * before) / (order + 1.0);
    }
    (h, d)
}

/// ∫ (1 + t²)^−α dt from w to ∞, ½ y^(α−½) Σₘ (½)ₘ/m! yᵐ/(α − ½ + m), and its derivative by α.
fn integral(w: f64, alpha: f64) -> (f64, f64) {
    let y = 1.0 / (1.0 + w * w);
    let power = alpha - 0.5;
    let front = 0.5 * (power * y.ln()).exp();
    let (mut coefficient, mut sum, mut slope) = (1.0, 0.0, 0.0);
    for m in 0..TERMS {
        let order = m as f64;
        let share = coefficient / (power + order);
        sum += share;
        slope -= share / (power + order);
        coefficient *= y * (order + 0.5) / (order + 1.0);
    }
    (front * sum, front * (slope + y.ln() * sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first `count` terms one by one, and the rest by the formula, where it is far better.
    fn summed(w: f64, q: f64, alpha: f64, count: u32) -> Tail {
        let rest = Tail::new(w + f64::from(count) * q, q, alpha);
        let (mut value, mut slope, mut d) = (rest.value, rest.slope, rest.alpha);
        for x in (0..count).rev().map(|j| w + f64::from(j) * q) {
            let (log, h) = ((1.0 + x * x).ln(), (1.0 + x * x).powf(-alpha));
            value += h;
            slope -= 2.0 * alpha * x / (1.0 + x * x) * h;
            d -= log * h;
        }
        Tail { value, slope, alpha: d }
    }

    #[test]
    fn the_formula_is_the_sum_from_twelve_images_on() {
        for (w, q) in [(2.0, 0.16), (12.5, 1.0), (12.5, 0.2), (125.0, 10.0), (1.25e7, 1e6)] {
            for alpha in [0.5 + 1e-9, 0.51, 0.8, 1.0, 2.5, 7.0] {
                let (a, b) = (Tail::new(w, q, alpha), summed(w, q, alpha, 20_000));
                let close = |a: f64, b: f64| (a - b).abs() <= 2e-13 * b.abs() + 1e-18;
                assert!(close(a.value, b.value), "{w} {q} {alpha}: {a:?} {b:?}");
                assert!(close(a.slope, b.slope), "{w} {q} {alpha}: {a:?} {b:?}");
                assert!(close(a.alpha, b.alpha), "{w} {q} {alpha}: {a:?} {b:?}");
            }
        }
    }

    #[test]
    fn the_integral_of_whole_and_half_orders() {
        // α = 1: arctan(1/w); α = 3/2: 1 − w/√(1 + w²).
        for w in [2.0_f64, 5.0, 1e3] {
            let root = (1.0 + w * w).sqrt();
            let close = |a: f64, b: f64| (a - b).abs() < 1e-15 * b;
            assert!(close(integral(w, 1.0).0, (1.0 / w).atan()));
            assert!(close(integral(w, 1.5).0, 1.0 / (root * (root + w))));
        }
        // w = 2 is as near as it comes.
        let at = |steps: f64| integral(2.0, 0.9 + steps * 1e-3).0;
        let difference = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / 12e-3;
        assert!((integral(2.0, 0.9).1 - difference).abs() < 1e-9);
    }
}
