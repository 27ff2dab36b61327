//! Many missing cells of a grid that has eigenvectors: conjugate gradients among the gaps.
//!
//! With P = EᵀA⁻¹E as in [`gaps`](super::super::gaps), log|Aₒₒ| = log|A| + log|P|: the first is exact,
//! and only the second comes from probes. Gaps that lie scattered have a P near its diagonal, so that
//! a few iterations do; they need no m x m matrix. With J = diag(P) and probes z of signs times √J,
//!
//! ```text
//! log|P| = log|J| + E zᵀJ^{-½} log(J^{-½}PJ^{-½}) J^{-½}z,   tr P⁻¹∂P = −E (A⁻¹E P⁻¹z)ᵀ ∂A (A⁻¹E J⁻¹z).
//! ```

mod precision;
mod sparse;

use std::f64::consts::PI;

use gridgp_dense::{Basis, KroneckerIdentity, project_all, settle_registers};
use gridgp_grid::Result;
use precision::Precision;
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::super::gaps::{Columns, Full, Gaps};
use super::places::Layout;

/// What the missing cells change in log p.
pub(super) struct Filled {
    pub(super) log_prob: f64,
    pub(super) standard_error: f64,
    /// Columns that add to the derivatives and columns that take away, where they were asked for.
    columns: Vec<(f64, ProbeColumns)>,
}

/// A⁻¹E c for several c.
struct ProbeColumns {
    count: usize,
    /// c, a row of one a column for each gap.
    coefficients: Vec<f64>,
    /// ⊗Qᵀ A⁻¹E c.
    w: Vec<f64>,
}

/// How exact it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Probes {
    /// At least 2.
    pub(super) count: usize,
    pub(super) seed: u64,
}

impl Filled {
    /// Fills the missing cells of `residual` so that A⁻¹r is 0 there.
    ///
    /// # Errors
    /// [`gridgp_grid::Error::Singular`] where the iteration does not converge.
    pub(super) fn new(
        gaps: &Gaps,
        full: Full<'_>,
        residual: &mut [f64],
        probes: Probes,
        wants_gradient: bool,
    ) -> Result<Self> {
        let (m, count) = (gaps.count(), probes.count);
        let p = count + 1;
        let precision = Precision::new(gaps, full);
        let diagonal = precision.diagonal();
        gaps.cells.iter().for_each(|&c| residual[c] = 0.0);
        let known = precision.gather(&precision.solve(residual.to_vec(), 1), 1);
        let mut rng = ChaCha8Rng::seed_from_u64(probes.seed);
        let mut b = Vec::with_capacity(m * p);
        for (v, d) in known.iter().zip(&diagonal) {
            b.push(-v);
            let root = d.sqrt();
            b.extend((0..count).map(|_| if rng.random::<bool>() { root } else { -root }));
        }
        let solved = precision.solve_gaps(&diagonal, &b, p)?;
        gaps.cells.iter().zip(solved.x.chunks_exact(p)).for_each(|(&c, x)| residual[c] = x[0]);
        let forms = &solved.log_forms[1..];
        let mean = forms.iter().sum::<f64>() / count as f64;
        let spread = forms.iter().map(|f| (f - mean).powi(2)).sum::<f64>() / (count - 1) as f64;
        let log_det = diagonal.iter().map(|d| d.ln()).sum::<f64>() + mean;
        let mut columns = Vec::new();
        if wants_gradient {
            // ½ (xᵀ∂A y + yᵀ∂A x) as a difference of squares.
            let share = 0.5 / (count as f64).sqrt();
            for sign in [1.0, -1.0] {
                let rows = solved.x.chunks_exact(p).zip(b.chunks_exact(p)).zip(&diagonal);
                let coefficients: Vec<f64> = rows
                    .flat_map(|((x, z), d)| {
                        x[1..].iter().zip(&z[1..]).map(move |(x, z)| share * (x + sign * z / d))
                    })
                    .collect();
                columns.push((sign, ProbeColumns::new(&precision, coefficients, count)));
            }
        }
        Ok(Self {
            log_prob: 0.5 * (m as f64 * (2.0 * PI).ln() - log_det),
            standard_error: 0.5 * (spread / count as f64).sqrt(),
            columns,
        })
    }

    /// The adjoints that are added, each with a sign.
    pub(super) fn adjoints<'a>(
        &'a self,
        gaps: &'a Gaps,
        full: Full<'a>,
    ) -> Vec<(f64, Columns<'a>)> {
        self.columns.iter().map(|(sign, columns)| (*sign, columns.adjoints(gaps, full))).collect()
    }
}

impl ProbeColumns {
    fn new(precision: &Precision<'_>, coefficients: Vec<f64>, count: usize) -> Self {
        let mut w = precision.project(
            precision::scatter(precision.gaps, precision.full, &coefficients, count),
            count,
        );
        let full = precision.full;
        for (row, signal) in w.chunks_exact_mut(count).zip(full.signal()) {
            row.iter_mut().for_each(|v| *v /= signal + full.noise);
        }
        Self { count, coefficients, w }
    }

    fn adjoints<'a>(&'a self, gaps: &'a Gaps, full: Full<'a>) -> Columns<'a> {
        let squared = || self.coefficients.iter().map(|c| c * c).sum();
        let in_bases = move |bases: &[&Basis]| {
            let side = Basis::Identity { size: self.count };
            let bases: Vec<&Basis> = bases.iter().copied().chain([&side]).collect();
            let y =
                project_all(&bases, precision::scatter(gaps, full, &self.coefficients, self.count));
            settle_registers();
            y
        };
        Columns {
            w: &self.w,
            count: self.count,
            squared: Box::new(squared),
            in_bases: Box::new(in_bases),
        }
    }
}

/// Aₒₒ of a grid with many missing cells, at one θ.
#[derive(Debug, Clone)]
pub(super) struct FilledSolution {
    covariance: KroneckerIdentity,
    gaps: Gaps,
    layout: Layout,
    diagonal: Vec<f64>,
}

impl FilledSolution {
    pub(super) fn new(covariance: KroneckerIdentity, gaps: &Gaps, layout: &Layout) -> Self {
        let diagonal = Precision::new(gaps, Full::of(&covariance)).diagonal();
        Self { covariance, gaps: gaps.clone(), layout: layout.clone(), diagonal }
    }

    /// Aₒₒ⁻¹x for p vectors of the observed cells, a row of p a cell.
    ///
    /// # Errors
    /// [`gridgp_grid::Error::Singular`] where the iteration does not converge.
    pub(super) fn solve(&self, x: &[f64], p: usize) -> Result<Vec<f64>> {
        let precision = Precision::new(&self.gaps, Full::of(&self.covariance));
        let size: usize = self.layout.shape.iter().product();
        let mut observed = vec![true; size];
        self.gaps.cells.iter().for_each(|&c| observed[c] = false);
        let mut grid = vec![0.0; size * p];
        let rows = grid.chunks_exact_mut(p).zip(&observed).filter(|(_, o)| **o);
        rows.zip(x.chunks_exact(p)).for_each(|((to, _), row)| to.copy_from_slice(row));
        let mut b = precision.gather(&precision.solve(grid.clone(), p), p);
        b.iter_mut().for_each(|v| *v = -*v);
        let filling = precision.solve_gaps(&self.diagonal, &b, p)?.x;
        for (&c, row) in self.gaps.cells.iter().zip(filling.chunks_exact(p)) {
            grid[c * p..][..p].copy_from_slice(row);
        }
        let solved = precision.solve(grid, p);
        let rows = solved.chunks_exact(p).zip(&observed).filter(|(_, o)| **o);
        Ok(rows.flat_map(|(row, _)| row).copied().collect())
    }
}
