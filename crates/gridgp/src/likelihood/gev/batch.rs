//! The GEV over many observations at once, in a form that compilers turn into vector instructions.

use super::Gev;
use crate::likelihood::{Column, accumulate_pointwise};

/// Observations handled together; a multiple of [`LANES`].
const N: usize = 64;
/// Partial sums, so that a sum is the same for vectors of any width.
const LANES: usize = 8;

/// Σ log p with its derivatives, as [`Likelihood::accumulate`](crate::likelihood::Likelihood) says.
///
/// Every observation goes through the same arithmetic without branches, on columns of 64. Where an
/// observation is at the edge of the support or of what `f64` holds, its 64 go the slow way.
pub(super) fn accumulate(y: &[f64], p: &[Column<'_>], bars: &mut [&mut [f64]]) -> f64 {
    let mut total = 0.0;
    let mut start = 0;
    let mut work = Columns::new();
    while start + N <= y.len() {
        work.load(&y[start..start + N], p, start);
        pulp::Arch::new().dispatch(Evaluate(&mut work));
        if work.is_ordinary() {
            total += sum(&work.value);
            for ((bar, column), slope) in bars.iter_mut().zip(p).zip(&work.slopes) {
                match column {
                    Column::Constant(_) => bar[0] += sum(slope),
                    Column::Varying(_) => {
                        let part = bar[start..start + N].iter_mut();
                        part.zip(slope).for_each(|(b, s)| *b += s);
                    }
                }
            }
        } else {
            let value = slowly(&y[start..start + N], p, bars, start);
            if value == f64::NEG_INFINITY {
                return value;
            }
            total += value;
        }
        start += N;
    }
    if start < y.len() {
        total += slowly(&y[start..], p, bars, start);
    }
    total
}

/// The observations from `start` on, one by one.
fn slowly(y: &[f64], p: &[Column<'_>], bars: &mut [&mut [f64]], start: usize) -> f64 {
    let end = start + y.len();
    let mut columns = [Column::Constant(0.0); 3];
    let mut parts: [&mut [f64]; 3] = Default::default();
    let pairs = p.iter().zip(bars.iter_mut());
    for ((column, bar), (into, part)) in pairs.zip(columns.iter_mut().zip(&mut parts)) {
        match column {
            Column::Constant(v) => (*into, *part) = (Column::Constant(*v), &mut bar[..]),
            Column::Varying(v) => {
                (*into, *part) = (Column::Varying(&v[start..end]), &mut bar[start..end]);
            }
        }
    }
    accumulate_pointwise(&Gev, y, &columns, &mut parts)
}

/// Σ v, in [`LANES`] partial sums.
fn sum(v: &[f64; N]) -> f64 {
    let mut lanes = [0.0; LANES];
    for part in v.as_chunks::<LANES>().0 {
        lanes.iter_mut().zip(part).for_each(|(l, v)| *l += v);
    }
    lanes.iter().sum()
}

struct Columns {
    y: [f64; N],
    location: [f64; N],
    /// 1/scale.
    precision: [f64; N],
    /// log scale.
    log_scale: [f64; N],
    shape: [f64; N],
    value: [f64; N],
    slopes: [[f64; N]; 3],
    /// Not 0 where an observation must go the slow way.
    odd: [f64; N],
}

impl Columns {
    fn new() -> Self {
        let zeros = [0.0; N];
        Self {
            y: zeros,
            location: zeros,
            precision: zeros,
            log_scale: zeros,
            shape: zeros,
            value: zeros,
            slopes: [zeros; 3],
            odd: zeros,
        }
    }

    fn load(&mut self, y: &[f64], p: &[Column<'_>], start: usize) {
        self.y.copy_from_slice(y);
        let fill = |out: &mut [f64; N], column: &Column<'_>| match column {
            Column::Constant(v) => out.fill(*v),
            Column::Varying(v) => out.copy_from_slice(&v[start..start + N]),
        };
        fill(&mut self.location, &p[0]);
        fill(&mut self.shape, &p[2]);
        match p[1] {
            Column::Constant(scale) => {
                self.precision.fill(1.0 / scale);
                self.log_scale.fill(scale.ln());
            }
            Column::Varying(v) => {
                for (i, scale) in v[start..start + N].iter().enumerate() {
                    self.precision[i] = 1.0 / scale;
                    self.log_scale[i] = scale.ln();
                }
            }
        }
    }

    /// Whether all are inside the support and the range of the fast arithmetic.
    fn is_ordinary(&self) -> bool {
        sum(&self.odd) == 0.0
    }
}

struct Evaluate<'a>(&'a mut Columns);

impl pulp::NullaryFnOnce for Evaluate<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Columns { y, location, precision, log_scale, shape, value, slopes, odd } = self.0;
        let [by_location, by_scale, by_shape] = slopes;
        for i in 0..N {
            let (h, x) = (precision[i], shape[i]);
            let z = (y[i] - location[i]) * h;
            let w = x * z;
            // Comparisons with NaN are false.
            let inside = 1.0 + w > EDGE
                && 1.0 + w < 1.0 / EDGE
                && z.abs() < 1.0 / EDGE
                && h > 0.0
                && log_scale[i].abs() < 1.0 / EDGE;
            let w = if inside { w } else { 0.0 };
            let u_z = 1.0 / (1.0 + w);
            // L = log(1 + w)/w and L′; see `Reduced`.
            let is_zero = w == 0.0;
            let reciprocal = 1.0 / if is_zero { 1.0 } else { w };
            let ratio = if is_zero { 1.0 } else { ln_1p(w, u_z) * reciprocal };
            let slope =
                if w.abs() < 0.02 { -polynomial(-w, SERIES) } else { (u_z - ratio) * reciprocal };
            let u = z * ratio;
            let far = u.abs() > FAR;
            let tail = exp(if far || !inside { 0.0 } else { -u });
            let by_u = tail - (1.0 + x);
            let by_z = by_u * u_z;
            value[i] = -log_scale[i] - (1.0 + x) * u - tail;
            by_location[i] = -by_z * h;
            by_scale[i] = (-1.0 - z * by_z) * h;
            by_shape[i] = by_u * z * z * slope - u;
            odd[i] = if far || !inside { 1.0 } else { 0.0 };
        }
    }
}

/// Nearer than this to the end of the support, or beyond its reciprocal, observations go the slow way.
const EDGE: f64 = 1e-60;
/// e^±u is an ordinary number up to here.
const FAR: f64 = 700.0;

/// −L′(w) = Σ (−w)ᵏ (k + 1)/(k + 2): the series of `ln_1p_ratio_slope`.
const SERIES: [f64; 10] = [
    1.0 / 2.0,
    2.0 / 3.0,
    3.0 / 4.0,
    4.0 / 5.0,
    5.0 / 6.0,
    6.0 / 7.0,
    7.0 / 8.0,
    8.0 / 9.0,
    9.0 / 10.0,
    10.0 / 11.0,
];

#[inline(always)]
fn polynomial<const K: usize>(x: f64, c: [f64; K]) -> f64 {
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
fn ln_1p(w: f64, reciprocal: f64) -> f64 {
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
fn exp(x: f64) -> f64 {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::likelihood::Likelihood;

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
    }

    /// Columns of every kind, at shapes through 0, with and without observations at the edges.
    #[test]
    fn columns_are_the_sum_of_their_observations() {
        const COUNT: usize = 64 * 3 + 11;
        let wave = |k: f64| (0..COUNT).map(|i| (k * i as f64).sin()).collect::<Vec<_>>();
        let location: Vec<f64> = wave(0.7).iter().map(|w| 34.0 + w).collect();
        let scale: Vec<f64> = wave(0.3).iter().map(|w| 1.8 + 0.5 * w).collect();
        for shape in [-0.3, -1e-3, -1e-12, 0.0, 1e-12, 1e-3, 0.015, 0.2, 0.6] {
            let shapes: Vec<f64> = wave(0.9).iter().map(|w| shape * (1.0 + 0.1 * w)).collect();
            // One far out in the tail makes its 64 go the slow way.
            for far in [None, Some(70)] {
                let y: Vec<f64> = (0..COUNT)
                    .map(|i| {
                        let q = (i as f64 + 0.5) / COUNT as f64;
                        let q = if far == Some(i) { 1e-300 } else { q };
                        Gev.quantile(q, &[location[i], scale[i], shapes[i]])
                    })
                    .collect();
                let all = [
                    Column::Varying(&location[..]),
                    Column::Varying(&scale[..]),
                    Column::Varying(&shapes[..]),
                ];
                let run = |fast: bool| {
                    let mut bars = vec![vec![0.25; COUNT]; 3];
                    let mut slots: Vec<&mut [f64]> = bars.iter_mut().map(|b| &mut b[..]).collect();
                    let total = if fast {
                        accumulate(&y, &all, &mut slots)
                    } else {
                        accumulate_pointwise(&Gev, &y, &all, &mut slots)
                    };
                    (total, bars)
                };
                let ((fast, a), (slow, b)) = (run(true), run(false));
                approx::assert_relative_eq!(fast, slow, max_relative = 1e-13);
                for (a, b) in a.iter().flatten().zip(b.iter().flatten()) {
                    approx::assert_relative_eq!(a, b, max_relative = 1e-11, epsilon = 1e-12);
                }
            }
        }
    }

    #[test]
    fn an_impossible_observation_is_impossible_anywhere() {
        for at in [0, 63, 64, 130] {
            let mut y = vec![1.0; 131];
            y[at] = -100.0;
            let columns = [Column::Constant(0.0), Column::Constant(1.0), Column::Constant(0.2)];
            let mut bars = [[0.0]; 3];
            let mut slots: Vec<&mut [f64]> = bars.iter_mut().map(|b| &mut b[..]).collect();
            assert_eq!(accumulate(&y, &columns, &mut slots), f64::NEG_INFINITY);
        }
    }
}
