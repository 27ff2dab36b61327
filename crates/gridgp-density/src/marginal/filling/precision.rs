//! P = EᵀA⁻¹E by its products.

use std::sync::{Mutex, PoisonError};

use gridgp_dense::{
    Basis, Spectral, expand_in_place, project_all, project_in_place, settle_registers,
};
use gridgp_grid::Result;

use super::super::super::gaps::{Full, Gaps};
use super::super::iterative::conjugate;
use super::sparse::Sparse;

/// Residuals of the linear systems beside their right-hand sides.
const TOLERANCE: f64 = 1e-6;

/// P, by its products.
pub(super) struct Precision<'a> {
    pub(super) gaps: &'a Gaps,
    pub(super) full: Full<'a>,
    /// [`Full::weights`].
    weights: Vec<f64>,
    /// Where the gaps are so few that most lines along an axis have hardly any.
    sparse: Option<Sparse>,
    /// Two tensors to work in.
    buffers: Mutex<(Vec<f64>, Vec<f64>)>,
}

impl<'a> Precision<'a> {
    pub(super) fn new(gaps: &'a Gaps, full: Full<'a>) -> Self {
        let weights = full.weights();
        let sparse = Sparse::new(gaps, full, &weights);
        Self { gaps, full, weights, sparse, buffers: Mutex::default() }
    }

    /// The bases of the axes, for p vectors side by side.
    pub(super) fn project(&self, x: Vec<f64>, p: usize) -> Vec<f64> {
        let side = Basis::Identity { size: p };
        let bases: Vec<&Basis> =
            self.full.factors.iter().map(Spectral::basis).chain([&side]).collect();
        let out = project_all(&bases, x);
        settle_registers();
        out
    }

    /// A⁻¹x on the grid, for p vectors there.
    pub(super) fn solve(&self, mut x: Vec<f64>, p: usize) -> Vec<f64> {
        let rest = (!self.full.reaches_all()).then(|| x.clone());
        self.solve_inside(&mut x, &mut Vec::new(), p);
        if let Some(rest) = rest {
            x.iter_mut().zip(rest).for_each(|(o, r)| *o += r / self.full.noise);
        }
        x
    }

    /// A⁻¹x, less x/σ² where the eigenvectors do not reach all of the grid.
    fn solve_inside(&self, x: &mut Vec<f64>, scratch: &mut Vec<f64>, p: usize) {
        let sign = if self.full.reaches_all() { 1.0 } else { -1.0 };
        let side = Basis::Identity { size: p };
        let bases: Vec<&Basis> =
            self.full.factors.iter().map(Spectral::basis).chain([&side]).collect();
        project_in_place(&bases, x, scratch);
        for (row, w) in x.chunks_exact_mut(p).zip(&self.weights) {
            row.iter_mut().for_each(|v| *v *= sign * w);
        }
        expand_in_place(&bases, x, scratch);
        settle_registers();
    }

    /// P x for p vectors of the gaps.
    fn apply(&self, x: &[f64], p: usize) -> Vec<f64> {
        let reaches_all = self.full.reaches_all();
        if let Some(sparse) = &self.sparse {
            let mut out = sparse.apply(self.full, x, p);
            if !reaches_all {
                out.iter_mut().zip(x).for_each(|(o, x)| *o = x / self.full.noise - *o);
            }
            return out;
        }
        let mut buffers = self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
        let (grid, scratch) = &mut *buffers;
        scatter_to(grid, self.gaps, self.full, x, p);
        self.solve_inside(grid, scratch, p);
        let mut out = self.gather(grid, p);
        if !reaches_all {
            out.iter_mut().zip(x).for_each(|(o, x)| *o += x / self.full.noise);
        }
        out
    }

    pub(super) fn gather(&self, grid: &[f64], p: usize) -> Vec<f64> {
        self.gaps.cells.iter().flat_map(|&c| &grid[c * p..][..p]).copied().collect()
    }

    /// diag(P).
    pub(super) fn diagonal(&self) -> Vec<f64> {
        let all = self.full.inverse_diagonal();
        self.gaps.cells.iter().map(|&c| all[c]).collect()
    }

    /// P⁻¹b for p vectors.
    pub(super) fn solve_gaps(
        &self,
        diagonal: &[f64],
        b: &[f64],
        p: usize,
    ) -> Result<conjugate::Solved> {
        let jacobi = |r: &[f64], p: usize| {
            let rows = r.chunks_exact(p).zip(diagonal);
            rows.flat_map(|(row, d)| row.iter().map(move |v| v / d)).collect()
        };
        conjugate::solve(|v, p| self.apply(v, p), jacobi, b, p, TOLERANCE)
    }
}

/// A tensor on the grid of p vectors of the gaps, 0 elsewhere.
pub(super) fn scatter(gaps: &Gaps, full: Full<'_>, x: &[f64], p: usize) -> Vec<f64> {
    let mut grid = Vec::new();
    scatter_to(&mut grid, gaps, full, x, p);
    grid
}

fn scatter_to(grid: &mut Vec<f64>, gaps: &Gaps, full: Full<'_>, x: &[f64], p: usize) {
    let size: usize = full.factors.iter().map(Spectral::size).product();
    grid.clear();
    grid.resize(size * p, 0.0);
    for (&c, row) in gaps.cells.iter().zip(x.chunks_exact(p)) {
        grid[c * p..][..p].copy_from_slice(row);
    }
}
