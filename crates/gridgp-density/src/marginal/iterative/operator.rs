//! The covariance of the observed cells as an operator on several vectors at once.
//!
//! A block holds p vectors: p numbers a cell, side by side, so that every mode product is one GEMM
//! for all of them.

use faer::{Mat, MatRef};
use gridgp_dense::{mode_contraction, mode_product, settle_registers};

use super::super::dense::Cells;
use super::super::field_term::FieldTerm;

/// s C (⊗Kₐ) C on the grid.
#[derive(Debug, Clone)]
pub(super) struct FieldOperator {
    pub(super) scale: f64,
    /// The factor of each axis.
    axes: Vec<Factor>,
}

#[derive(Debug, Clone)]
enum Factor {
    Full(Mat<f64>),
    /// F Fᵀ, of few columns.
    Low(Mat<f64>),
}

impl FieldOperator {
    pub(super) fn new(term: &FieldTerm, theta: &[f64]) -> Self {
        let factor = |axis: &super::super::axis::AxisFactor| match axis.root(theta) {
            Some(f) => Factor::Low(f),
            None => Factor::Full(axis.gram(theta)),
        };
        Self { scale: term.scale(theta), axes: term.axes.iter().map(factor).collect() }
    }

    /// ⊗Kₐ x for p vectors on the grid, without axis `skip`.
    fn product(&self, shape: &[usize], p: usize, x: &[f64], skip: Option<usize>) -> Vec<f64> {
        let mut shape = shape.to_vec();
        let mut x = x.to_vec();
        let mut out = Vec::new();
        let mut step = |a: usize, k: MatRef<'_, f64>, x: &mut Vec<f64>| {
            let (left, right) =
                (shape[..a].iter().product(), shape[a + 1..].iter().product::<usize>());
            shape[a] = k.nrows();
            out.resize(left * k.nrows() * right * p, 0.0);
            mode_product(k, x, left, right * p, &mut out);
            std::mem::swap(x, &mut out);
        };
        let axes = || self.axes.iter().enumerate().filter(|(a, _)| Some(*a) != skip);
        // What shrinks first, so that the others have less to do.
        for (a, factor) in axes() {
            if let Factor::Low(f) = factor {
                step(a, f.transpose(), &mut x);
            }
        }
        for (a, factor) in axes() {
            if let Factor::Full(k) = factor {
                step(a, k.as_ref(), &mut x);
            }
        }
        for (a, factor) in axes() {
            if let Factor::Low(f) = factor {
                step(a, f.as_ref(), &mut x);
            }
        }
        settle_registers();
        x
    }
}

/// What a block on the grid has in the observed cells.
pub(super) fn gather(cells: &Cells, grid: &[f64], p: usize) -> Vec<f64> {
    let mut values = Vec::with_capacity(cells.len() * p);
    cells.numbers.iter().for_each(|&c| values.extend_from_slice(&grid[c * p..][..p]));
    values
}

/// A block on the grid that is 0 elsewhere, times what multiplies a field in each cell.
pub(super) fn scatter(
    cells: &Cells,
    weights: Option<&[f64]>,
    values: &[f64],
    p: usize,
) -> Vec<f64> {
    let mut grid = vec![0.0; cells.shape.iter().product::<usize>() * p];
    for (&c, row) in cells.numbers.iter().zip(values.chunks_exact(p)) {
        let to = &mut grid[c * p..][..p];
        match weights {
            None => to.copy_from_slice(row),
            Some(w) => to.iter_mut().zip(row).for_each(|(t, v)| *t = w[c] * v),
        }
    }
    grid
}

/// A = Σ s C (⊗K) C + D of the observed cells.
pub(super) struct Operator<'a> {
    pub(super) terms: &'a [FieldTerm],
    pub(super) fields: &'a [FieldOperator],
    pub(super) cells: &'a Cells,
    /// D.
    pub(super) variances: &'a [f64],
}

impl Operator<'_> {
    /// A X for p vectors of the observed cells.
    pub(super) fn apply(&self, x: &[f64], p: usize) -> Vec<f64> {
        let mut out: Vec<f64> = x.to_vec();
        for (row, d) in out.chunks_exact_mut(p).zip(self.variances) {
            row.iter_mut().for_each(|v| *v *= d);
        }
        for (term, field) in self.terms.iter().zip(self.fields) {
            let weights = term.cells.as_deref();
            let grid = scatter(self.cells, weights, x, p);
            let product = field.product(&self.cells.shape, p, &grid, None);
            for (&c, out) in self.cells.numbers.iter().zip(out.chunks_exact_mut(p)) {
                let factor = field.scale * weights.map_or(1.0, |w| w[c]);
                let row = &product[c * p..][..p];
                out.iter_mut().zip(row).for_each(|(o, v)| *o += factor * v);
            }
        }
        out
    }

    /// Adds ½ Σ xᵀ ∂A y over the p pairs of columns to `theta_bar`, but for the noise; gives
    /// ½ Σ xᵢ yᵢ in each observed cell, the adjoint of D.
    pub(super) fn vjp(
        &self,
        x: &[f64],
        y: &[f64],
        p: usize,
        theta: &[f64],
        theta_bar: &mut [f64],
    ) -> Vec<f64> {
        for (term, field) in self.terms.iter().zip(self.fields) {
            let weights = term.cells.as_deref();
            let (u, v) = (scatter(self.cells, weights, x, p), scatter(self.cells, weights, y, p));
            let shape = &self.cells.shape;
            let product = field.product(shape, p, &v, None);
            let scale_bar = 0.5 * u.iter().zip(&product).map(|(a, b)| a * b).sum::<f64>();
            drop(product);
            term.scale_vjp(theta, scale_bar, theta_bar);
            for (a, axis) in term.axes.iter().enumerate().filter(|(_, axis)| axis.is_free()) {
                let others = field.product(shape, p, &v, Some(a));
                let n = shape[a];
                let (left, right) =
                    (shape[..a].iter().product(), shape[a + 1..].iter().product::<usize>());
                let mut bar = Mat::zeros(n, n);
                mode_contraction(&u, &others, left, right * p, bar.as_mut());
                settle_registers();
                for j in 0..n {
                    for i in 0..=j {
                        let mean = 0.25 * field.scale * (bar[(i, j)] + bar[(j, i)]);
                        bar[(i, j)] = mean;
                        bar[(j, i)] = mean;
                    }
                }
                axis.vjp(theta, bar, theta_bar);
            }
        }
        let pairs = x.chunks_exact(p).zip(y.chunks_exact(p));
        pairs.map(|(x, y)| 0.5 * x.iter().zip(y).map(|(a, b)| a * b).sum::<f64>()).collect()
    }
}
