//! A covariance near that of the observed cells: the leading modes of every field exactly, and the
//! rest of them as noise.

use faer::Mat;
use gridgp_dense::Cholesky;
use gridgp_grid::{Error, Result};

use super::super::dense::Cells;
use super::super::field_term::FieldTerm;
use super::modes::{Modes, forms, gram, leading};
use super::operator::{gather, scatter};

/// M = ΨΨᵀ + Δ with Ψ the modes of all fields under the mask, √value times each, and Δ diagonal.
///
/// By Woodbury's identity with C = I + ΨᵀΔ⁻¹Ψ, M⁻¹ = Δ⁻¹ − Δ⁻¹ΨC⁻¹ΨᵀΔ⁻¹ and
/// log|M| = log|Δ| + log|C|.
#[derive(Debug, Clone)]
pub(super) struct Preconditioner {
    modes: Vec<Modes>,
    /// Δ.
    diagonal: Vec<f64>,
    /// C = L Lᵀ.
    root: Cholesky,
    pub(super) log_det: f64,
}

/// A mode is worth its place if it has this share of the noise.
const WORTH: f64 = 1e-2;

impl Preconditioner {
    /// With at most `most` modes.
    ///
    /// # Errors
    /// [`Error::Singular`] where an axis has no eigenvectors.
    pub(super) fn new(
        terms: &[FieldTerm],
        cells: &Cells,
        theta: &[f64],
        variances: &[f64],
        most: usize,
    ) -> Result<Self> {
        let noise = variances.iter().sum::<f64>() / variances.len() as f64;
        let mut modes = Vec::new();
        for term in terms {
            let factors =
                term.axes.iter().map(|a| a.spectral(theta)).collect::<Result<Vec<_>>>()?;
            modes.push(leading(&factors, term.scale(theta), WORTH * noise, most));
        }
        keep_best(&mut modes, most);
        let mut diagonal = variances.to_vec();
        for (term, modes) in terms.iter().zip(&modes) {
            let has = modes.variance();
            let prior = term.prior_variance(theta);
            let c = |cell: usize| term.cells.as_ref().map_or(1.0, |c| c[cell]);
            for (d, &cell) in diagonal.iter_mut().zip(&cells.numbers) {
                *d += c(cell).powi(2) * (prior.at(cell, &cells.shape) - has[cell]).max(0.0);
            }
        }
        let inverse: Vec<f64> = diagonal.iter().map(|d| d.recip()).collect();
        let size: usize = modes.iter().map(Modes::len).sum();
        let mut c = Mat::<f64>::identity(size, size);
        let mut first = 0;
        for (i, f) in modes.iter().enumerate() {
            let mut second = 0;
            for (j, g) in modes.iter().enumerate().take(i + 1) {
                let mut w = cells.spread(&inverse);
                for t in [i, j] {
                    if let Some(c) = &terms[t].cells {
                        w.iter_mut().zip(c).for_each(|(w, c)| *w *= c);
                    }
                }
                let block = gram(f, g, &w);
                let mut to = c.as_mut().submatrix_mut(first, second, f.len(), g.len());
                to += &block;
                second += g.len();
            }
            first += f.len();
        }
        let root = Cholesky::new(c.as_ref())
            .map_err(|e| Error::Singular(format!("the preconditioner: {e}")))?;
        let log_det = root.log_det() + diagonal.iter().map(|d| d.ln()).sum::<f64>();
        Ok(Self { modes, diagonal, root, log_det })
    }

    /// Number of modes.
    pub(super) fn size(&self) -> usize {
        self.root.size()
    }

    /// ΨᵀX, a row of p a mode.
    fn project(&self, terms: &[FieldTerm], cells: &Cells, x: &[f64], p: usize) -> Vec<f64> {
        let mut all = vec![0.0; self.size() * p];
        let mut rest = all.as_mut_slice();
        for (term, modes) in terms.iter().zip(&self.modes) {
            let (part, later) = rest.split_at_mut(modes.len() * p);
            modes.project(scatter(cells, term.cells.as_deref(), x, p), p, part);
            rest = later;
        }
        all
    }

    /// ΨU.
    fn expand(&self, terms: &[FieldTerm], cells: &Cells, u: &[f64], p: usize) -> Vec<f64> {
        let mut out = vec![0.0; cells.len() * p];
        let mut rest = u;
        for (term, modes) in terms.iter().zip(&self.modes) {
            let (part, later) = rest.split_at(modes.len() * p);
            let grid = modes.expand(part, p);
            let values = gather(cells, &grid, p);
            for ((o, v), &c) in
                out.chunks_exact_mut(p).zip(values.chunks_exact(p)).zip(&cells.numbers)
            {
                let w = term.cells.as_ref().map_or(1.0, |w| w[c]);
                o.iter_mut().zip(v).for_each(|(o, v)| *o += w * v);
            }
            rest = later;
        }
        out
    }

    /// M⁻¹X.
    pub(super) fn solve(
        &self,
        terms: &[FieldTerm],
        cells: &Cells,
        x: &[f64],
        p: usize,
    ) -> Vec<f64> {
        let mut y = x.to_vec();
        self.divide(&mut y, p);
        let mut u = self.project(terms, cells, &y, p);
        let mut columns = Mat::from_fn(self.size(), p, |i, k| u[i * p + k]);
        self.root.solve_in_place(columns.as_mut());
        for k in 0..p {
            columns.col_as_slice(k).iter().enumerate().for_each(|(i, v)| u[i * p + k] = *v);
        }
        let mut z = self.expand(terms, cells, &u, p);
        self.divide(&mut z, p);
        y.iter_mut().zip(z).for_each(|(y, z)| *y -= z);
        y
    }

    fn divide(&self, x: &mut [f64], p: usize) {
        for (row, d) in x.chunks_exact_mut(p).zip(&self.diagonal) {
            row.iter_mut().for_each(|v| *v /= d);
        }
    }

    /// Ψε + Δ^{½}δ, of covariance M, from standard normal ε (a row of p a mode) and δ.
    pub(super) fn sample(
        &self,
        terms: &[FieldTerm],
        cells: &Cells,
        epsilon: &[f64],
        delta: &[f64],
        p: usize,
    ) -> Vec<f64> {
        let mut out = self.expand(terms, cells, epsilon, p);
        for ((o, n), d) in out.chunks_exact_mut(p).zip(delta.chunks_exact(p)).zip(&self.diagonal) {
            let sd = d.sqrt();
            o.iter_mut().zip(n).for_each(|(o, n)| *o += sd * n);
        }
        out
    }
}

/// Keeps the `most` largest modes of all fields together.
fn keep_best(modes: &mut [Modes], most: usize) {
    let mut values: Vec<f64> = modes.iter().flat_map(|m| m.values.iter().copied()).collect();
    if values.len() <= most {
        return;
    }
    values.sort_by(|a, b| b.total_cmp(a));
    let least = values[most];
    for m in modes {
        let count = m.values.iter().take_while(|v| **v > least).count();
        m.index.truncate(count);
        m.values.truncate(count);
        for (a, q) in m.vectors.iter_mut().enumerate() {
            let r = m.index.iter().map(|i| i[a] as usize + 1).max().unwrap_or(0);
            *q = q.subcols(0, r).to_owned();
        }
    }
}

/// What is known exactly of tr M⁻¹∂A, in the span of the modes and on the diagonal, less what probes
/// say of the same: it is added to their estimate of tr A⁻¹∂A, whose mean it leaves as it is.
pub(super) struct Control {
    /// For each field (I − C⁻¹) − mean of ΨᵀM⁻¹z zᵀM⁻¹Ψ.
    blocks: Vec<Mat<f64>>,
    /// diag(M⁻¹) − mean of (M⁻¹z)², in each observed cell; 0 for several fields.
    pub(super) diagonal: Vec<f64>,
}

impl Preconditioner {
    /// For probes of which `right` is M⁻¹z, a row of one a probe in each cell.
    pub(super) fn control(
        &self,
        terms: &[FieldTerm],
        cells: &Cells,
        right: &[f64],
        count: usize,
    ) -> Control {
        let size = self.size();
        let mut inverse = Mat::<f64>::zeros(size, size);
        let mut scratch = Mat::<f64>::zeros(size, size);
        self.root.inverse_lower(scratch.as_mut(), inverse.as_mut());
        for j in 0..size {
            for i in 0..j {
                inverse[(i, j)] = inverse[(j, i)];
            }
        }
        let projected = self.project(terms, cells, right, count);
        let mean =
            |v: &[f64], w: &[f64]| v.iter().zip(w).map(|(a, b)| a * b).sum::<f64>() / count as f64;
        let (mut blocks, mut first) = (Vec::new(), 0);
        let mut diagonal: Vec<f64> = self
            .diagonal
            .iter()
            .zip(right.chunks_exact(count))
            .map(|(d, r)| d.recip() - mean(r, r))
            .collect();
        for modes in &self.modes {
            let k = modes.len();
            let row = |i: usize| &projected[(first + i) * count..][..count];
            blocks.push(Mat::from_fn(k, k, |i, j| {
                f64::from(u8::from(i == j)) - inverse[(first + i, first + j)] - mean(row(i), row(j))
            }));
            first += k;
        }
        // Less diag(Δ⁻¹ΨC⁻¹ΨᵀΔ⁻¹). Of several fields it has terms of each two, and is left to the probes.
        if let ([term], [modes]) = (terms, self.modes.as_slice()) {
            let grid = forms(modes, inverse.as_ref());
            for ((v, &cell), d) in diagonal.iter_mut().zip(&cells.numbers).zip(&self.diagonal) {
                let c = term.cells.as_ref().map_or(1.0, |c| c[cell]);
                *v -= c * c * grid[cell] / (d * d);
            }
        } else {
            diagonal.fill(0.0);
        }
        Control { blocks, diagonal }
    }
}

impl Control {
    /// Adds −½ of it to the derivatives with respect to the fields' parameters.
    pub(super) fn vjp(
        &self,
        preconditioner: &Preconditioner,
        terms: &[FieldTerm],
        theta: &[f64],
        theta_bar: &mut [f64],
    ) {
        for ((term, modes), block) in terms.iter().zip(&preconditioner.modes).zip(&self.blocks) {
            let trace: f64 = (0..block.nrows()).map(|k| block[(k, k)]).sum();
            let scale = term.scale(theta);
            if scale > 0.0 {
                term.scale_vjp(theta, -0.5 * trace / scale, theta_bar);
            }
            for (a, axis) in term.axes.iter().enumerate().filter(|(_, axis)| axis.is_free()) {
                axis.vjp(theta, modes.axis_bar(a, block.as_ref()), theta_bar);
            }
        }
    }
}
