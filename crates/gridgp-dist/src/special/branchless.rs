//! Elementary functions without branches, which compilers turn into vector instructions.
//!
//! They are inlined into loops that `pulp` compiles for the processor at hand.

/// e^±x is an ordinary number up to here.
pub const FAR: f64 = 700.0;

/// Σ cₖ xᵏ.
#[inline(always)]
pub fn polynomial<const K: usize>(x: f64, c: [f64; K]) -> f64 {
    let mut total = c[K - 1];
    let mut k = K - 1;
    while k > 0 {
        k -= 1;
        total = total * x + c[k];
    }
    total
}

/// ln 2 in two parts, of which the first has zeros at its end: times a small integer it is exact.
const LN_2: (f64, f64) = (6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10);
const ONE: u64 = 0x3ff0_0000_0000_0000;
const MANTISSA: u64 = 0x000f_ffff_ffff_ffff;
/// √½.
const ROOT: u64 = 0x3fe6_a09e_667f_3bcd;

/// log(1 + w), given 1/(1 + w), for 1 + w in [10⁻⁶⁰, 10⁶⁰].
///
/// 1 + w = 2ᵏ m with m in [√½, √2); log m by the odd series in (m − 1)/(m + 1). What 1 + w lost of w
/// in rounding comes back as a first-order term.
///
/// # Source
/// The algorithm and coefficients of FreeBSD's `log1p`, Sun Microsystems (1993).
#[inline(always)]
pub fn ln_1p(w: f64, reciprocal: f64) -> f64 {
    const COEFFICIENTS: [f64; 7] = [
        6.666_666_666_666_735e-1,
        3.999_999_999_940_942e-1,
        2.857_142_874_366_239e-1,
        2.222_219_843_214_978_4e-1,
        1.818_357_216_161_805e-1,
        1.531_383_769_920_937_3e-1,
        1.479_819_860_511_658_6e-1,
    ];
    /// 2⁵²: an integer below it stands in the last bits.
    const INTEGER: u64 = 0x4330_0000_0000_0000;
    let v = 1.0 + w;
    let bits = v.to_bits().wrapping_add(ONE - ROOT);
    let k = f64::from_bits((bits >> 52) | INTEGER) - (f64::from_bits(INTEGER) + 1023.0);
    let f = f64::from_bits((bits & MANTISSA).wrapping_add(ROOT)) - 1.0;
    let lost = (w - (v - 1.0)) * reciprocal;
    let s = f / (2.0 + f);
    let square = s * s;
    let rest = square * polynomial(square, COEFFICIENTS);
    let half = 0.5 * f * f;
    s * (half + rest) + (k * LN_2.1 + lost) - half + f + k * LN_2.0
}

/// eˣ for |x| up to [`FAR`]: x = k ln 2 + r, and the Taylor polynomial of eʳ, |r| ≤ ½ ln 2, whose
/// next term is below 4e-18.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    /// 1.5 · 2⁵²: added to a number it leaves the nearest integer in the last bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const COEFFICIENTS: [f64; 12] = [
        1.0 / 2.0,
        1.0 / 6.0,
        1.0 / 24.0,
        1.0 / 120.0,
        1.0 / 720.0,
        1.0 / 5_040.0,
        1.0 / 40_320.0,
        1.0 / 362_880.0,
        1.0 / 3_628_800.0,
        1.0 / 39_916_800.0,
        1.0 / 479_001_600.0,
        1.0 / 6_227_020_800.0,
    ];
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * LN_2.0) - k * LN_2.1;
    let power = 1.0 + (r + r * r * polynomial(r, COEFFICIENTS));
    power * f64::from_bits((shifted.to_bits() << 52).wrapping_add(ONE))
}

/// e⁻ˣ for x ≥ 0; 0 from [`FAR`] on, where it is below 10⁻³⁰³.
#[inline(always)]
pub fn exp_minus(x: f64) -> f64 {
    let far = x > FAR;
    let value = exp(if far { 0.0 } else { -x });
    if far { 0.0 } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elementary_functions_are_right_to_rounding() {
        for i in 0..20_000 {
            let t = f64::from(i) / 20_000.0;
            let size = (t * 60.0 - 56.0).exp2();
            for w in [size, -size.min(1.0 - 1e-12), 0.7 * size] {
                let found = ln_1p(w, 1.0 / (1.0 + w));
                approx::assert_relative_eq!(found, w.ln_1p(), max_relative = 5e-16);
            }
            let x = 2.0 * FAR * (t - 0.5);
            for x in [x, 1e-3 * x, 1e-9 * x] {
                approx::assert_relative_eq!(exp(x), x.exp(), max_relative = 5e-16);
            }
        }
        assert_eq!((ln_1p(0.0, 1.0), exp(0.0)), (0.0, 1.0));
        assert_eq!((exp_minus(0.0), exp_minus(1e150)), (1.0, 0.0));
        assert!(exp_minus(f64::NAN).is_nan());
    }
}
