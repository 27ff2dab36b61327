//! The precision of an isotropic Matérn field on a plane.
//!
//! A stationary solution of (2 − ℓ₁²∂₁² − ℓ₂²∂₂²) u = white noise on a plane has the Matérn covariance with
//! ν = 1 and lengthscales ℓ (Whittle 1954). By finite volumes on a grid, with no flow across its border,
//! the operator is K = 2 W₁⊗W₂ + ℓ₁² G₁⊗W₂ + ℓ₂² W₁⊗G₂, with W the widths of the cells along an axis and G
//! the differences of neighbours over their distances, and the precision of u is
//!
//! Q = K (W₁⊗W₂)⁻¹ K,
//!
//! which joins cells two steps apart (Lindgren, Rue and Lindström 2011, section 2). All of its parts are
//! products over the axes: with W^{-½} G W^{-½} = V Λ Vᵀ for each, the eigenvalues of W^{-½} Q W^{-½} are
//! (2 + ℓ₁² λᵢ + ℓ₂² λⱼ)², so log det Q and the variances of u are sums over i and j.
//!
//! The points of the data are continued by a margin of points whose distances grow, so that the border is
//! far from them.

use std::sync::Arc;

use faer::{Mat, MatRef};
use gridgp_dense::symmetric_eigen;

/// Points of the margin at each end of an axis.
pub const MARGIN: usize = 8;
/// How much longer each step of the margin is than the one before it: together they are 74 times as long
/// as the last step between points of the data.
const GROWTH: f64 = 1.5;

/// An axis of a plane.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// Its points, with the margins.
    pub points: Vec<f64>,
    /// Width of the cell of each point.
    width: Vec<f64>,
    /// G: its diagonal, and what is beside it.
    flow: [Vec<f64>; 2],
    /// G W⁻¹ G: its diagonal, and what is one and two beside it.
    squared: [Vec<f64>; 3],
    /// λ.
    values: Vec<f64>,
    /// W^{-½}V.
    vectors: Mat<f64>,
    /// The squares of its entries, averaged over the points of the data.
    shares: Vec<f64>,
    /// Those at the first point of the data.
    first: Vec<f64>,
}

impl Side {
    /// That of `points` of the data, distinct and in any order.
    ///
    /// # Errors
    /// What the eigenproblem says.
    ///
    /// # Panics
    /// If there are fewer than two points.
    pub fn new(points: &[f64]) -> Result<Self, gridgp_dense::Error> {
        let mut points = points.to_vec();
        points.sort_by(f64::total_cmp);
        let points = with_margin(&points);
        let n = points.len();
        let steps: Vec<f64> = points.windows(2).map(|p| p[1] - p[0]).collect();
        let step = |k: usize| steps.get(k).copied().unwrap_or(0.0);
        let before = |k: usize| if k == 0 { 0.0 } else { steps[k - 1] };
        let width: Vec<f64> = (0..n).map(|k| 0.5 * (before(k) + step(k))).collect();
        let across: Vec<f64> = steps.iter().map(|s| -s.recip()).collect();
        let diagonal = |k: usize| {
            let left = if k == 0 { 0.0 } else { -across[k - 1] };
            left - across.get(k).copied().unwrap_or(0.0)
        };
        let flow = [(0..n).map(diagonal).collect::<Vec<f64>>(), across];
        let entry = |i: usize, j: usize| match i.abs_diff(j) {
            d @ (0 | 1) => flow[d][i.min(j)],
            _ => 0.0,
        };
        let band = |d: usize| {
            let product = |k: usize| {
                let among = k.saturating_sub(1)..(k + 2).min(n);
                among.map(|l| entry(k, l) / width[l] * entry(l, k + d)).sum()
            };
            (0..n - d).map(product).collect::<Vec<f64>>()
        };
        let squared = [band(0), band(1), band(2)];
        let scaled = Mat::from_fn(n, n, |i, j| entry(i, j) / (width[i] * width[j]).sqrt());
        let (mut values, mut vectors) = symmetric_eigen(scaled.as_ref())?;
        // Rounding leaves the one that is 0 on either side.
        values.iter_mut().for_each(|v| *v = v.max(0.0));
        for column in vectors.col_iter_mut() {
            column.iter_mut().zip(&width).for_each(|(v, w)| *v /= w.sqrt());
        }
        let share = |i: usize, k: usize| vectors[(k, i)].powi(2);
        let own = MARGIN..n - MARGIN;
        let count = own.len() as f64;
        let mean = |i: usize| own.clone().map(|k| share(i, k)).sum::<f64>() / count;
        let shares = (0..n).map(mean).collect();
        let first = (0..n).map(|i| share(i, MARGIN)).collect();
        Ok(Self { width, flow, squared, vectors, shares, first, values, points })
    }

    fn len(&self) -> usize {
        self.points.len()
    }

    /// The points of the data.
    pub fn inside(&self) -> &[f64] {
        &self.points[MARGIN..self.len() - MARGIN]
    }

    /// S = W^{-½}V, with a row for each point: u is S₁⊗S₂ times independent normals with the standard
    /// deviations 1/(2 + ℓ₁²λᵢ + ℓ₂²λⱼ).
    pub fn vectors(&self) -> MatRef<'_, f64> {
        self.vectors.as_ref()
    }

    /// The widths W; S⁻¹ = SᵀW.
    pub fn width(&self) -> &[f64] {
        &self.width
    }

    /// What u is at a point that lies between two of the data, on a straight line: their positions, the
    /// margin included, and their weights. `None` beyond the data.
    pub fn between(&self, at: f64) -> Option<[(usize, f64); 2]> {
        let points = self.inside();
        let after = points.partition_point(|&p| p < at);
        let here = MARGIN + after;
        match points.get(after) {
            Some(&p) if p == at => Some([(here, 1.0), (here, 0.0)]),
            Some(&p) if after > 0 => {
                let before = points[after - 1];
                let share = (at - before) / (p - before);
                Some([(here - 1, 1.0 - share), (here, share)])
            }
            _ => None,
        }
    }

    /// W, G and G W⁻¹ G between a point and the one a step away.
    fn entries(&self, point: usize, step: isize) -> [f64; 3] {
        let at = if step < 0 { point - step.unsigned_abs() } else { point };
        match step.unsigned_abs() {
            0 => [self.width[at], self.flow[0][at], self.squared[0][at]],
            1 => [0.0, self.flow[1][at], self.squared[1][at]],
            2 => [0.0, 0.0, self.squared[2][at]],
            _ => [0.0; 3],
        }
    }
}

/// The points with those of the margin.
fn with_margin(points: &[f64]) -> Vec<f64> {
    let n = points.len();
    assert!(n > 1, "an axis of a plane has two points");
    let margin = |from: f64, mut step: f64| {
        let mut at = from;
        (0..MARGIN).map(move |_| {
            step *= GROWTH;
            at += step;
            at
        })
    };
    let mut all: Vec<f64> = margin(points[0], points[0] - points[1]).collect();
    all.reverse();
    all.extend(points);
    all.extend(margin(points[n - 1], points[n - 1] - points[n - 2]));
    all
}

/// Q at some lengthscales.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane {
    sides: Arc<[Side; 2]>,
    lengthscales: [f64; 2],
    /// log det Q.
    pub log_det: f64,
    /// The mean of the variances of u at the points of the data.
    pub variance: f64,
    /// The derivatives of both with respect to ℓ².
    slopes: [[f64; 2]; 2],
}

impl Plane {
    /// That of two axes at their lengthscales.
    pub fn new(sides: Arc<[Side; 2]>, lengthscales: [f64; 2]) -> Self {
        let square = lengthscales.map(|l| l * l);
        let mut made =
            Self { lengthscales, log_det: 0.0, variance: 0.0, slopes: [[0.0; 2]; 2], sides };
        let [one, other] = &*made.sides;
        let known = |side: &Side| side.width.iter().map(|w| w.ln()).sum::<f64>();
        made.log_det = other.len() as f64 * known(one) + one.len() as f64 * known(other);
        for (v, share) in one.values.iter().zip(&one.shares) {
            for (w, other_share) in other.values.iter().zip(&other.shares) {
                let root = 2.0 + square[0] * v + square[1] * w;
                let explained = share * other_share / (root * root);
                made.log_det += 2.0 * root.ln();
                made.variance += explained;
                for (a, value) in [v, w].into_iter().enumerate() {
                    made.slopes[0][a] += 2.0 * value / root;
                    made.slopes[1][a] -= 2.0 * value * explained / root;
                }
            }
        }
        made
    }

    /// The axes.
    pub fn sides(&self) -> &[Side; 2] {
        &self.sides
    }

    /// Writes the standard deviation of each normal of which u, over the root of its mean variance, is made
    /// to `out`: row-major, as many as [`len`](Self::len).
    ///
    /// # Panics
    /// If `out` has another length.
    pub fn write_scales(&self, out: &mut [f64]) {
        assert_eq!(out.len(), self.len(), "a number for each mode");
        let gain = self.variance.sqrt().recip();
        self.each_root(|at, root, _| out[at] = gain / root);
    }

    /// The derivatives with respect to the lengthscales, from those with respect to the
    /// [scales](Self::write_scales).
    pub fn scales_vjp(&self, bar: &[f64]) -> [f64; 2] {
        let gain = self.variance.sqrt().recip();
        let (mut squares, mut gain_bar) = ([0.0; 2], 0.0);
        self.each_root(|at, root, values| {
            gain_bar += bar[at] / root;
            let root_bar = -gain * bar[at] / (root * root);
            squares.iter_mut().zip(values).for_each(|(s, v)| *s += root_bar * v);
        });
        self.vjp(squares, 0.0, -0.5 * gain_bar * gain.powi(3))
    }

    /// Calls `visit` with the number of each mode, 2 + ℓ₁²λᵢ + ℓ₂²λⱼ and both λ.
    fn each_root(&self, mut visit: impl FnMut(usize, f64, [f64; 2])) {
        let [a, b] = self.lengthscales.map(|l| l * l);
        let [one, other] = &*self.sides;
        for (i, v) in one.values.iter().enumerate() {
            for (j, w) in other.values.iter().enumerate() {
                visit(i * other.len() + j, 2.0 + a * v + b * w, [*v, *w]);
            }
        }
    }

    /// The variance of u at the first points of both axes over the mean one: how much the border adds there,
    /// whose margin is short beside the lengthscales where it is far from 1.
    pub fn corner(&self) -> f64 {
        let square = self.lengthscales.map(|l| l * l);
        let [one, other] = &*self.sides;
        let mut sum = 0.0;
        for (v, share) in one.values.iter().zip(&one.first) {
            for (w, other_share) in other.values.iter().zip(&other.first) {
                sum += share * other_share / (2.0 + square[0] * v + square[1] * w).powi(2);
            }
        }
        sum / self.variance
    }

    /// The mean variance over that on a plane without a border, where the margin is shorter than twice a
    /// lengthscale; 1 elsewhere. Far from 1 the border shapes the field.
    pub fn reflected(&self) -> f64 {
        let is_short = |k: usize| {
            let points = &self.sides[k].points;
            points[MARGIN] - points[0] < 2.0 * self.lengthscales[k]
        };
        if !(is_short(0) || is_short(1)) {
            return 1.0;
        }
        self.variance * 8.0 * std::f64::consts::PI * self.lengthscales[0] * self.lengthscales[1]
    }

    /// Cells.
    pub fn len(&self) -> usize {
        self.sides[0].len() * self.sides[1].len()
    }

    /// Never.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The entry of Q of a point and the one that is some steps away along each axis.
    pub fn entry(&self, point: [usize; 2], steps: [isize; 2]) -> f64 {
        let [[w, g, h], [v, f, e]] = self.entries(point, steps);
        let [a, b] = self.lengthscales.map(|l| l * l);
        4.0 * (w * v + a * g * v + b * w * f) + a * a * h * v + 2.0 * a * b * g * f + b * b * w * e
    }

    /// Adds `bar` times the derivatives of an entry with respect to the squares of the lengthscales.
    pub fn add_entry_bar(
        &self,
        point: [usize; 2],
        steps: [isize; 2],
        bar: f64,
        squares_bar: &mut [f64; 2],
    ) {
        let [[w, g, h], [v, f, e]] = self.entries(point, steps);
        let [a, b] = self.lengthscales.map(|l| l * l);
        squares_bar[0] += bar * (4.0 * g * v + 2.0 * a * h * v + 2.0 * b * g * f);
        squares_bar[1] += bar * (4.0 * w * f + 2.0 * b * w * e + 2.0 * a * g * f);
    }

    /// The derivatives with respect to the lengthscales, from those with respect to their squares, to
    /// [`log_det`](Self::log_det) and to [`variance`](Self::variance).
    pub fn vjp(&self, squares_bar: [f64; 2], log_det_bar: f64, variance_bar: f64) -> [f64; 2] {
        [0, 1].map(|a| {
            let bar =
                squares_bar[a] + log_det_bar * self.slopes[0][a] + variance_bar * self.slopes[1][a];
            2.0 * self.lengthscales[a] * bar
        })
    }

    fn entries(&self, point: [usize; 2], steps: [isize; 2]) -> [[f64; 3]; 2] {
        [0, 1].map(|a| self.sides[a].entries(point[a], steps[a]))
    }
}

#[cfg(test)]
mod tests;
