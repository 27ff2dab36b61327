//! P = EᵀA⁻¹E by its products.

use gridgp_dense::{Basis, Spectral, expand_all, project_all, settle_registers};
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
}

impl<'a> Precision<'a> {
    pub(super) fn new(gaps: &'a Gaps, full: Full<'a>) -> Self {
        let weights = full.weights();
        let sparse = Sparse::new(gaps, full, &weights);
        Self { gaps, full, weights, sparse }
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
    pub(super) fn solve(&self, x: Vec<f64>, p: usize) -> Vec<f64> {
        let all = self.full.reaches_all();
        let rest = (!all).then(|| x.clone());
        let mut tilde = self.project(x, p);
        let sign = if all { 1.0 } else { -1.0 };
        for (row, w) in tilde.chunks_exact_mut(p).zip(&self.weights) {
            row.iter_mut().for_each(|v| *v *= sign * w);
        }
        let side = Basis::Identity { size: p };
        let bases: Vec<&Basis> =
            self.full.factors.iter().map(Spectral::basis).chain([&side]).collect();
        let mut out = expand_all(&bases, tilde);
        settle_registers();
        if let Some(rest) = rest {
            out.iter_mut().zip(rest).for_each(|(o, r)| *o += r / self.full.noise);
        }
        out
    }

    /// P x for p vectors of the gaps.
    fn apply(&self, x: &[f64], p: usize) -> Vec<f64> {
        let all = self.full.reaches_all();
        let Some(sparse) = &self.sparse else {
            return self.gather(&self.solve(scatter(self.gaps, self.full, x, p), p), p);
        };
        let mut out = sparse.apply(self.full, x, p);
        if !all {
            out.iter_mut().zip(x).for_each(|(o, x)| *o = x / self.full.noise - *o);
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
    let size: usize = full.factors.iter().map(Spectral::size).product();
    let mut grid = vec![0.0; size * p];
    for (&c, row) in gaps.cells.iter().zip(x.chunks_exact(p)) {
        grid[c * p..][..p].copy_from_slice(row);
    }
    grid
}
