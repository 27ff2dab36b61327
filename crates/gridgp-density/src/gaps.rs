//! Missing cells of a Gaussian response on a grid, exactly.
//!
//! A = s·⊗Kₐ + σ²I is the covariance of the whole grid, E the columns of I at the m missing cells,
//! P = EᵀA⁻¹E = L Lᵀ. Then log|Aₒₒ| = log|A| + log|P| for the observed cells, and with
//!
//! W = A⁻¹ E L⁻ᵀ, Aₒₒ⁻¹ = A⁻¹ − W Wᵀ (0 where a cell is missing).
//!
//! So everything costs what it costs on the full grid, and m more columns. Residuals at the missing
//! cells are filled so that A⁻¹r is 0 there: then the full grid gives the quadratic form, the mean and
//! the derivatives, to which W adds Σ wₖ(…)wₖᵀ as if each wₖ were one more A⁻¹r.

use std::f64::consts::PI;

use faer::{Mat, MatMut, MatRef};
use gridgp_dense::gemm::{gemm_lower, parallelism};
use gridgp_dense::{
    Basis, Cholesky, KroneckerIdentity, Spectral, expand_all, mode_gram, mode_product, project_all,
    settle_registers,
};
use gridgp_grid::{Error, Result};

/// The missing cells of a grid.
#[derive(Debug, Clone)]
pub struct Gaps {
    pub(crate) cells: Vec<usize>,
    /// For each axis, where each cell lies on it.
    positions: Vec<Vec<usize>>,
}

/// A = s·⊗Kₐ + σ²I on the full grid.
#[derive(Clone, Copy)]
pub struct Full<'a> {
    /// The Kₐ by their eigenvectors.
    pub factors: &'a [Spectral],
    /// s.
    pub scale: f64,
    /// σ².
    pub noise: f64,
}

/// What the missing cells change in A.
#[derive(Debug, Clone)]
pub struct GapFactor {
    /// L.
    root: Cholesky,
    /// W̃ = ⊗Qᵀ W, a row of m for each joint eigenvector.
    w: Vec<f64>,
}

impl<'a> Full<'a> {
    /// The A of a complete grid.
    pub fn of(a: &'a KroneckerIdentity) -> Self {
        Self { factors: a.factors(), scale: a.scale(), noise: a.noise() }
    }

    fn rank(&self) -> usize {
        self.factors.iter().map(Spectral::rank).product()
    }

    pub(crate) fn reaches_all(&self) -> bool {
        self.factors.iter().all(|f| f.rank() == f.size())
    }

    /// 1/D for each joint eigenvector where the bases reach all, else what 1/σ² exceeds it: A⁻¹ is
    /// Q diag(weights) Qᵀ, or I/σ² less that.
    pub(crate) fn weights(&self) -> Vec<f64> {
        let all = self.reaches_all();
        let mut weights = self.signal();
        for w in &mut weights {
            let d = *w + self.noise;
            *w = if all { d.recip() } else { *w / (self.noise * d) };
        }
        weights
    }

    /// diag(A⁻¹) on the grid.
    pub(crate) fn inverse_diagonal(&self) -> Vec<f64> {
        let all = self.reaches_all();
        let mut x = self.weights();
        let mut shape: Vec<usize> = self.factors.iter().map(Spectral::rank).collect();
        for (a, factor) in self.factors.iter().enumerate() {
            let q = factor.basis().to_dense();
            let squared = Mat::from_fn(q.nrows(), q.ncols(), |i, j| q[(i, j)].powi(2));
            let (left, right) =
                (shape[..a].iter().product(), shape[a + 1..].iter().product::<usize>());
            shape[a] = q.nrows();
            let mut out = vec![0.0; shape.iter().product()];
            mode_product(squared.as_ref(), &x, left, right, &mut out);
            x = out;
        }
        settle_registers();
        if !all {
            x.iter_mut().for_each(|v| *v = self.noise.recip() - *v);
        }
        x
    }

    /// s·⊗λ.
    pub(crate) fn signal(&self) -> Vec<f64> {
        let mut signal = eigenvalues(self.factors);
        signal.iter_mut().for_each(|v| *v *= self.scale);
        signal
    }
}

/// ⊗λ, the last factor fastest.
pub fn eigenvalues(factors: &[Spectral]) -> Vec<f64> {
    factors.iter().fold(vec![1.0], |all, f| {
        all.iter().flat_map(|a| f.values().iter().map(move |b| a * b)).collect()
    })
}

impl Gaps {
    /// None if no cell is missing.
    pub fn new(shape: &[usize], cells: Vec<usize>) -> Option<Self> {
        let stride = |a: usize| shape[a + 1..].iter().product::<usize>();
        let along = |a: usize| cells.iter().map(|c| c / stride(a) % shape[a]).collect();
        let positions = (0..shape.len()).map(along).collect();
        (!cells.is_empty()).then_some(Self { cells, positions })
    }

    /// How many there are, m.
    pub fn count(&self) -> usize {
        self.cells.len()
    }

    /// P, its factor, and W.
    ///
    /// # Errors
    /// [`Error::Singular`] where the noise is too small beside the field.
    pub fn factorize(&self, full: Full<'_>) -> Result<GapFactor> {
        let (m, rank) = (self.count(), full.rank());
        let mut w = self.in_bases(&full.factors.iter().map(Spectral::basis).collect::<Vec<_>>());
        // P = Ẽᵀ D⁻¹ Ẽ, or I/σ² less what the bases reach where that is not all.
        let all = full.reaches_all();
        let (mut p, sign) = match all {
            true => (Mat::zeros(m, m), 1.0),
            false => (Mat::<f64>::identity(m, m) * faer::Scale(full.noise.recip()), -1.0),
        };
        let mut weighted = w.clone();
        for (row, weight) in weighted.chunks_exact_mut(m).zip(full.weights()) {
            let root = weight.sqrt();
            row.iter_mut().for_each(|v| *v *= root);
        }
        let columns = MatRef::from_column_major_slice(&weighted, m, rank);
        gemm_lower(p.as_mut(), columns, columns, sign, parallelism(m * m * rank));
        let root = Cholesky::new(p.as_ref())
            .map_err(|e| Error::Singular(format!("the precision of {m} missing cells: {e}")))?;
        for (row, signal) in w.chunks_exact_mut(m).zip(full.signal()) {
            row.iter_mut().for_each(|v| *v /= signal + full.noise);
        }
        root.solve_l_in_place(MatMut::from_column_major_slice_mut(&mut w, m, rank));
        Ok(GapFactor { root, w })
    }

    /// ⊗Bₐᵀ E for bases of the axes: a row of m for each of their joint vectors.
    fn in_bases(&self, bases: &[&Basis]) -> Vec<f64> {
        let m = self.count();
        let mut rows = vec![1.0; m];
        for (basis, positions) in bases.iter().zip(&self.positions) {
            let q = basis.to_dense();
            let mut next = Vec::with_capacity(rows.len() * q.ncols());
            for row in rows.chunks_exact(m) {
                for j in 0..q.ncols() {
                    let column = q.col_as_slice(j);
                    next.extend(row.iter().zip(positions).map(|(v, &i)| v * column[i]));
                }
            }
            rows = next;
        }
        rows
    }
}

impl GapFactor {
    /// What log p of the observed cells is more than that of the filled grid.
    pub fn log_prob(&self) -> f64 {
        0.5 * (self.root.size() as f64 * (2.0 * PI).ln() - self.root.log_det())
    }

    /// W̃, a row of m for each joint eigenvector.
    pub fn w(&self) -> &[f64] {
        &self.w
    }

    /// diag(W Wᵀ) in the cells that are not missing, a column at a time.
    pub(crate) fn squares(&self, full: Full<'_>) -> Vec<f64> {
        let m = self.root.size();
        let bases: Vec<&Basis> = full.factors.iter().map(Spectral::basis).collect();
        // Where the bases do not reach all, w = E c/σ² + Q (1 − D/σ²) w̃, and E c is 0 there.
        let weights: Option<Vec<f64>> = (!full.reaches_all())
            .then(|| full.signal().into_iter().map(|s| -s / full.noise).collect());
        let mut sum = vec![0.0; full.factors.iter().map(Spectral::size).product()];
        for k in 0..m {
            let mut column: Vec<f64> = self.w.chunks_exact(m).map(|row| row[k]).collect();
            if let Some(weights) = &weights {
                column.iter_mut().zip(weights).for_each(|(c, w)| *c *= w);
            }
            let on_grid = expand_all(&bases, column);
            sum.iter_mut().zip(on_grid).for_each(|(s, v)| *s += v * v);
        }
        settle_registers();
        sum
    }

    /// Fills the missing cells of a residual so that A⁻¹r is 0 there: with minus what the other
    /// cells let expect.
    pub fn fill(&self, gaps: &Gaps, full: Full<'_>, residual: &mut [f64]) {
        gaps.cells.iter().for_each(|&c| residual[c] = 0.0);
        let bases: Vec<&Basis> = full.factors.iter().map(Spectral::basis).collect();
        let mut tilde = project_all(&bases, residual.to_vec());
        settle_registers();
        if !full.reaches_all() {
            // Of A⁻¹ = I/σ² − Q (1/σ² − 1/D) Qᵀ the first part does not reach from cell to cell.
            let signal = full.signal();
            tilde.iter_mut().zip(signal).for_each(|(t, s)| *t *= -s / full.noise);
        }
        let m = gaps.count();
        let mut x = vec![0.0; m];
        for (row, t) in self.w.chunks_exact(m).zip(&tilde) {
            x.iter_mut().zip(row).for_each(|(x, w)| *x += t * w);
        }
        self.root.solve_lt(&mut x);
        gaps.cells.iter().zip(x).for_each(|(&c, x)| residual[c] = -x);
    }

    /// W as columns A⁻¹E c, whose adjoints they add.
    pub(crate) fn adjoints<'a>(&'a self, gaps: &'a Gaps) -> Columns<'a> {
        let m = self.root.size();
        let squared = move || {
            let mut inverse = Mat::zeros(m, m);
            let mut unused = Mat::zeros(m, m);
            self.root.inverse_lower(unused.as_mut(), inverse.as_mut());
            (0..m).map(|i| inverse[(i, i)]).sum()
        };
        let in_bases = move |bases: &[&Basis]| {
            let mut y = gaps.in_bases(bases);
            let rows = y.len() / m;
            self.root.solve_l_in_place(MatMut::from_column_major_slice_mut(&mut y, m, rows));
            y
        };
        Columns { w: &self.w, count: m, squared: Box::new(squared), in_bases: Box::new(in_bases) }
    }
}

/// What gives a block of columns on a grid in other bases.
type InBases<'a> = dyn Fn(&[&Basis]) -> Vec<f64> + 'a;

/// Columns w = A⁻¹E c, which add ½ Σ wᵀ ∂A w to the derivatives of log p.
pub(crate) struct Columns<'a> {
    /// ⊗Qᵀ w, a row of one a column for each joint eigenvector.
    pub(crate) w: &'a [f64],
    pub(crate) count: usize,
    /// Σ ‖c‖².
    pub(crate) squared: Box<dyn Fn() -> f64 + 'a>,
    /// ⊗Bᵀ E c for bases B of the axes, a row of one a column.
    pub(crate) in_bases: Box<InBases<'a>>,
}

impl Columns<'_> {
    /// ½ Σ wᵀ ⊗K w, what is added to ∂ℓ/∂s.
    pub(crate) fn scale_bar(&self, full: Full<'_>) -> f64 {
        let rows = self.w.chunks_exact(self.count).zip(eigenvalues(full.factors));
        0.5 * rows.map(|(row, lambda)| lambda * squares(row)).sum::<f64>()
    }

    /// ½ Σ ‖w‖², what is added to ∂ℓ/∂σ².
    pub(crate) fn noise_bar(&self, full: Full<'_>) -> f64 {
        let mut sum = squares(self.w);
        if !full.reaches_all() {
            // (I − QQᵀ) E c/σ²: ‖c‖² less what the bases reach of it, D w̃.
            let rows = self.w.chunks_exact(self.count).zip(full.signal());
            let inside: f64 =
                rows.map(|(row, signal)| (signal + full.noise).powi(2) * squares(row)).sum();
            sum += ((self.squared)() - inside) / full.noise.powi(2);
        }
        0.5 * sum
    }

    /// (s/2) Σ w (⊗ of the other axes) wᵀ along axis `a`, what is added to ∂ℓ/∂Kₐ; n x n.
    pub(crate) fn gram_bar(&self, full: Full<'_>, a: usize) -> Mat<f64> {
        let (factor, m) = (&full.factors[a], self.count);
        let (n, rank) = (factor.size(), factor.rank());
        let (slow, fast) = (eigenvalues(&full.factors[..a]), eigenvalues(&full.factors[a + 1..]));
        let (left, right) = (slow.len(), fast.len());
        let weigh = |x: &mut [f64], size: usize| {
            for (i, row) in x.chunks_exact_mut(m).enumerate() {
                let root = (slow[i / (size * right)] * fast[i % right]).sqrt();
                row.iter_mut().for_each(|v| *v *= root);
            }
        };
        if rank == n {
            let mut beta = self.w.to_vec();
            weigh(&mut beta, n);
            let mut blocks = factor.basis().block_grams(&beta, left, right * m);
            blocks.iter_mut().for_each(|b| *b *= faer::Scale(0.5 * full.scale));
            return factor.basis().congruence(blocks);
        }
        // On the points of the axis, since a parameter may move the span: w = y/σ² + Q (w̃ − ỹ/σ²)
        // with y = E c in the bases of the other axes, and ỹ = D w̃.
        let mut inside = self.w.to_vec();
        for (row, signal) in inside.chunks_exact_mut(m).zip(full.signal()) {
            row.iter_mut().for_each(|v| *v *= -signal / full.noise);
        }
        let mut columns = vec![0.0; left * n * right * m];
        factor.basis().expand(&inside, left, right * m, &mut columns);
        let identity = Basis::Identity { size: n };
        let mut bases: Vec<&Basis> = full.factors.iter().map(Spectral::basis).collect();
        bases[a] = &identity;
        let y = (self.in_bases)(&bases);
        columns.iter_mut().zip(y).for_each(|(c, y)| *c += y / full.noise);
        weigh(&mut columns, n);
        mode_gram(&columns, left, n, right * m) * faer::Scale(0.5 * full.scale)
    }
}

fn squares(v: &[f64]) -> f64 {
    v.iter().map(|v| v * v).sum()
}
