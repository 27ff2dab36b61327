//! The GEV over many observations at once, in a form that compilers turn into vector instructions.

use gridgp_dist::special::branchless::{FAR, exp, ln_1p, polynomial};

use super::Gev;
use crate::{Column, accumulate_pointwise};

/// Observations handled together; a multiple of [`LANES`].
const N: usize = 64;
/// Partial sums, so that a sum is the same for vectors of any width.
const LANES: usize = 8;

/// Σ log p with its derivatives, as [`Likelihood::accumulate`](crate::Likelihood) says.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Likelihood;

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
