//! Matérn kernels of half-integer order around a circle, in closed form.

use super::circle::{ImageSum, Images};

/// κ = (v₀ + v₁s + v₂s²) e⁻ˢ and −dκ/ds = (w₀ + w₁s + w₂s²) e⁻ˢ, with s = root · u.
#[derive(Debug, Clone, Copy)]
pub(super) struct HalfInteger {
    pub root: f64,
    pub value: [f64; 3],
    pub fall: [f64; 3],
}

impl HalfInteger {
    /// The sums over the images, without their common factor 1/(1 − e⁻ᶜ), c = root · q.
    ///
    /// The images right of the point are at s, s + c, s + 2c …, those left of it at c − s,
    /// 2c − s …: each side is a geometric series or a derivative of one, Σⱼ (s + jc)ⁿ e^−(s + jc). For
    /// v = (1, 0, 0) the result is cosh(c/2 − s)/cosh(c/2). No term is negative, so none is lost
    /// beside another, however short or long the circle.
    pub(super) fn around(self, q: f64) -> Images<[f64; 0]> {
        let Self { root, value, fall } = self;
        let c = root * q;
        let moments = Moments::new(c);
        Box::new(move |u| {
            let s = root * u;
            let (right, left) = (moments.powers(s), moments.powers(c - s));
            let sum = |n: [f64; 4], weights: [f64; 3], shift: usize| -> f64 {
                weights.iter().zip(&n[shift..]).map(|(w, n)| w * n).sum()
            };
            ImageSum {
                value: sum(right, value, 0) + sum(left, value, 0),
                slope: root * (sum(left, fall, 0) - sum(right, fall, 0)),
                pull: -(sum(right, fall, 1) + sum(left, fall, 1)),
                shape: [],
            }
        })
    }
}

/// e^−this is 0.
const FAR: f64 = 1e3;

/// (1 − e⁻ᶜ) Σⱼ (jc)ⁿ e^−jc for n = 0 … 3.
struct Moments([f64; 4]);

impl Moments {
    fn new(c: f64) -> Self {
        let c = if c > FAR { FAR } else { c };
        let p = (-c).exp();
        // c/(1 − p) tends to 1, and so does c p/(1 − p).
        let a = if c == 0.0 { 1.0 } else { c / -(-c).exp_m1() };
        let b = a * p;
        Self([1.0, b, a * b * (1.0 + p), a * a * b * (1.0 + (4.0 + p) * p)])
    }

    /// (1 − e⁻ᶜ) Σⱼ xⁿ e⁻ˣ over x = s + jc, by the binomial theorem.
    fn powers(&self, s: f64) -> [f64; 4] {
        let s = if s > FAR { FAR } else { s };
        let Self([_, one, two, three]) = *self;
        let e = (-s).exp();
        let second = (s + 2.0 * one) * s + two;
        let third = ((s + 3.0 * one) * s + 3.0 * two) * s + three;
        [e, e * (s + one), e * second, e * third]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_the_series_that_they_stand_for() {
        for (c, s) in [(0.3, 0.1), (2.0, 0.0), (2.0, 2.0), (40.0, 7.0)] {
            let found = Moments::new(c).powers(s);
            for (n, found) in found.iter().enumerate() {
                let term = |j: u32| {
                    let x = s + f64::from(j) * c;
                    x.powi(n as i32) * (-x).exp()
                };
                let expected = (0..500).rev().map(term).sum::<f64>() * (1.0 - f64::exp(-c));
                assert!((found - expected).abs() <= 4e-15 * expected, "{c} {s} {n}");
            }
        }
        // 1/0 is not met on a circle without length beside ℓ, nor ∞·0 on one without end.
        assert_eq!(Moments::new(0.0).0, [1.0, 1.0, 2.0, 6.0]);
        assert_eq!(Moments::new(1e200).powers(1e200), [0.0; 4]);
        assert!(Moments::new(f64::NAN).powers(1.0)[1].is_nan());
    }
}
