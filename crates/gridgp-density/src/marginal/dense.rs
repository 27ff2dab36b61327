//! The covariance of the observed cells written out: any fields, any noise, some thousand cells.
//!
//! A = Σ_f s_f C_f (⊗K_f) C_f + D, of the observed cells only, = L Lᵀ. With α = A⁻¹r and
//! G = ½(ααᵀ − A⁻¹), ∂ℓ/∂A, the adjoint of one K_{f,a} is the sum of G_ij s_f c_i c_j ∏ of the other
//! factors over the pairs of cells with the same pair of points along a.

use std::f64::consts::PI;

use faer::{Mat, MatMut};
use gridgp_dense::Cholesky;
use gridgp_grid::{Error, Result};
use rayon::prelude::*;

use super::covariance::perturbation;
use super::field_term::FieldTerm;
use super::predict::{Arrangement, Target};

/// The observed cells of a grid, and where each lies on every axis.
#[derive(Debug, Clone)]
pub(super) struct Cells {
    /// Their numbers in the grid.
    pub(super) numbers: Vec<usize>,
    /// For each axis, the point of each.
    pub(super) along: Vec<Vec<u32>>,
    /// Number of points of each axis.
    pub(super) shape: Vec<usize>,
}

impl Cells {
    pub(super) fn new(shape: &[usize], numbers: Vec<usize>) -> Self {
        let along = |a: usize| {
            let stride: usize = shape[a + 1..].iter().product();
            numbers.iter().map(|c| (c / stride % shape[a]) as u32).collect()
        };
        let along = (0..shape.len()).map(along).collect();
        Self { numbers, along, shape: shape.to_vec() }
    }

    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// What a tensor on the grid has there.
    pub(super) fn of(&self, grid: &[f64]) -> Vec<f64> {
        self.numbers.iter().map(|&c| grid[c]).collect()
    }

    /// A tensor on the grid that is 0 elsewhere.
    pub(super) fn spread(&self, values: &[f64]) -> Vec<f64> {
        let mut grid = vec![0.0; self.shape.iter().product()];
        self.numbers.iter().zip(values).for_each(|(&c, v)| grid[c] = *v);
        grid
    }
}

/// A = L Lᵀ at one θ, and what it was made of.
#[derive(Debug, Clone)]
pub(super) struct DenseCovariance {
    pub(super) root: Cholesky,
    /// The diagonal of A.
    diagonal: Vec<f64>,
    /// The Frobenius norm of A scaled to a unit diagonal.
    norm: f64,
    /// s of each field.
    scales: Vec<f64>,
    /// For each field its factors; `None` where one is 11ᵀ.
    grams: Vec<Vec<Option<Mat<f64>>>>,
    /// c of each field in the observed cells.
    pub(super) weights: Vec<Option<Vec<f64>>>,
}

/// What an evaluation gives.
pub(super) struct DenseValue {
    pub(super) log_prob: f64,
    /// α = A⁻¹r of the observed cells.
    pub(super) alpha: Vec<f64>,
}

impl DenseCovariance {
    /// A at `theta`, with the noise `sigma` of each observed cell.
    ///
    /// # Errors
    /// [`Error::Singular`] where it is not positive definite to rounding.
    pub(super) fn new(
        terms: &[FieldTerm],
        cells: &Cells,
        theta: &[f64],
        sigma: &[f64],
    ) -> Result<Self> {
        let scales: Vec<f64> = terms.iter().map(|t| t.scale(theta)).collect();
        let grams: Vec<Vec<Option<Mat<f64>>>> = terms
            .par_iter()
            .map(|t| t.axes.iter().map(|a| a.varies().then(|| a.gram(theta))).collect())
            .collect();
        let weights: Vec<_> = terms.iter().map(|t| t.cells.as_ref().map(|c| cells.of(c))).collect();
        let n = cells.len();
        let mut a = Mat::zeros(n, n);
        columns(&mut a).enumerate().for_each(|(j, column)| {
            let mut product = vec![0.0; n - j];
            for ((s, grams), w) in scales.iter().zip(&grams).zip(&weights) {
                pair(*s, grams, w.as_deref(), cells, j, None, &mut product);
                column[j..].iter_mut().zip(&product).for_each(|(a, p)| *a += p);
            }
            column[j] += sigma[j] * sigma[j];
        });
        let diagonal: Vec<f64> = (0..n).map(|j| a[(j, j)]).collect();
        let norm = scaled_norm(&a, &diagonal);
        let root = Cholesky::new(a.as_ref())
            .map_err(|e| Error::Singular(format!("the covariance of {n} observed cells: {e}")))?;
        Ok(Self { root, diagonal, norm, scales, grams, weights })
    }

    /// A bound on what rounding of A changes in log p, to first order.
    ///
    /// Entries are rounded each in its own size, and so are those of SAS with S = diag(A)^-½, where one
    /// large variance makes nothing else large: (SAS)⁻¹ has a trace of at most Σ Aᵢᵢ/σᵢ².
    pub(super) fn rounding(&self, alpha: &[f64], sigma: &[f64]) -> f64 {
        let inverse: f64 = self.diagonal.iter().zip(sigma).map(|(a, s)| a / (s * s)).sum();
        let alpha_squared = self.diagonal.iter().zip(alpha).map(|(a, v)| a * v * v).sum();
        perturbation(0.5 * f64::EPSILON * self.norm, inverse, alpha_squared)
    }

    /// log N(r; 0, A), r of the observed cells.
    pub(super) fn log_prob(&self, r: &[f64]) -> DenseValue {
        let mut alpha = r.to_vec();
        self.root.solve_l(&mut alpha);
        let quadratic: f64 = alpha.iter().map(|v| v * v).sum();
        self.root.solve_lt(&mut alpha);
        let n = r.len() as f64;
        let log_prob = -0.5 * (quadratic + self.root.log_det() + n * (2.0 * PI).ln());
        DenseValue { log_prob, alpha }
    }

    /// Adds the derivatives with respect to the parameters of the fields to `theta_bar`; gives those
    /// with respect to the variances D.
    pub(super) fn vjp(
        &self,
        terms: &[FieldTerm],
        cells: &Cells,
        theta: &[f64],
        alpha: &[f64],
        theta_bar: &mut [f64],
    ) -> Vec<f64> {
        let n = cells.len();
        let (mut g, mut scratch) = (Mat::zeros(n, n), Mat::zeros(n, n));
        self.root.inverse_lower(scratch.as_mut(), g.as_mut());
        drop(scratch);
        // G, with the pairs above the diagonal in those below.
        columns(&mut g).enumerate().for_each(|(j, column)| {
            for (i, g) in column.iter_mut().enumerate().skip(j) {
                *g = (if i == j { 0.5 } else { 1.0 }) * (alpha[i] * alpha[j] - *g);
            }
        });
        let g = &g;
        // One axis of one field each; `None` for its variance.
        let jobs: Vec<(usize, Option<usize>)> = terms
            .iter()
            .enumerate()
            .flat_map(|(f, t)| {
                let free = (0..t.axes.len()).filter(|&a| t.axes[a].is_free()).map(Some);
                std::iter::once(None).chain(free).map(move |a| (f, a))
            })
            .collect();
        let found: Vec<(f64, Mat<f64>)> = jobs
            .par_iter()
            .map(|&(f, axis)| {
                let size = axis.map_or(0, |a| cells.shape[a]);
                let (mut sum, mut bar) = (0.0, Mat::<f64>::zeros(size, size));
                let mut product = Vec::with_capacity(n);
                let (s, w) = (self.scales[f], self.weights[f].as_deref());
                // A variance of 0 still has a slope.
                let s = if axis.is_none() { 1.0 } else { s };
                for j in 0..n {
                    product.resize(n - j, 0.0);
                    pair(s, &self.grams[f], w, cells, j, axis, &mut product);
                    let g = &g.col_as_slice(j)[j..];
                    let Some(a) = axis else {
                        sum += product.iter().zip(g).map(|(p, g)| p * g).sum::<f64>();
                        continue;
                    };
                    let at = &cells.along[a];
                    let bar = bar.col_as_slice_mut(at[j] as usize);
                    for ((&i, p), g) in at[j..].iter().zip(&product).zip(g) {
                        bar[i as usize] += p * g;
                    }
                }
                (sum, bar)
            })
            .collect();
        for ((f, axis), (sum, mut bar)) in jobs.into_iter().zip(found) {
            match axis {
                None => terms[f].scale_vjp(theta, sum, theta_bar),
                Some(a) => {
                    symmetrize(bar.as_mut());
                    terms[f].axes[a].vjp(theta, bar, theta_bar);
                }
            }
        }
        (0..n).map(|i| g[(i, i)]).collect()
    }
}

/// Adds the covariances of the observed cells with new cells of a target, from number `first` on,
/// a column each; `weights` multiply the field in the observed cells.
pub(super) fn add_cross(
    cells: &Cells,
    target: &Target,
    weights: Option<&[f64]>,
    arrangement: Arrangement,
    first: usize,
    x: MatMut<'_, f64>,
) {
    let sizes: Vec<usize> = target.cross.iter().map(Mat::nrows).collect();
    // Columns of Kᵀ, so that a new cell's covariances lie side by side.
    let cross: Vec<Mat<f64>> = target.cross.iter().map(|k| k.transpose().to_owned()).collect();
    x.par_col_iter_mut().enumerate().for_each(|(j, column)| {
        let column = column.try_as_col_major_mut().expect("columns of a Mat").as_slice_mut();
        let cell = first + j;
        let factor = target.factor * target.cells.as_ref().map_or(1.0, |c| c[cell]);
        let mut product = vec![factor; column.len()];
        let mut rest = cell;
        for (a, k) in cross.iter().enumerate().rev() {
            let row = match arrangement {
                Arrangement::Points => cell,
                Arrangement::Grid => {
                    let row = rest % sizes[a];
                    rest /= sizes[a];
                    row
                }
            };
            let k = k.col_as_slice(row);
            product.iter_mut().zip(&cells.along[a]).for_each(|(p, &i)| *p *= k[i as usize]);
        }
        match weights {
            None => column.iter_mut().zip(product).for_each(|(x, p)| *x += p),
            Some(w) => {
                let terms = column.iter_mut().zip(product).zip(w);
                terms.for_each(|((x, p), w)| *x += p * w);
            }
        }
    });
}

/// ‖SAS‖ with S = diag(A)^-½, of the lower triangle of A.
fn scaled_norm(a: &Mat<f64>, diagonal: &[f64]) -> f64 {
    let n = diagonal.len();
    let below = |j: usize| {
        let column = &a.col_as_slice(j)[j + 1..];
        let squares = column.iter().zip(&diagonal[j + 1..]).map(|(v, d)| v * v / d);
        squares.sum::<f64>() / diagonal[j]
    };
    // Each column on its own, so that the number of threads changes no digit.
    let below: Vec<f64> = (0..n).into_par_iter().map(below).collect();
    (n as f64 + 2.0 * below.iter().sum::<f64>()).sqrt()
}

/// The columns of a square matrix, side by side.
fn columns(a: &mut Mat<f64>) -> impl IndexedParallelIterator<Item = &mut [f64]> {
    a.par_col_iter_mut().map(|c| c.try_as_col_major_mut().expect("columns of a Mat").as_slice_mut())
}

/// s c_i c_j ∏ K_a over all axes but `skip`, for the pairs of cell j with those from j on.
fn pair(
    s: f64,
    grams: &[Option<Mat<f64>>],
    weights: Option<&[f64]>,
    cells: &Cells,
    j: usize,
    skip: Option<usize>,
    product: &mut [f64],
) {
    match weights {
        None => product.fill(s),
        Some(w) => product.iter_mut().zip(&w[j..]).for_each(|(p, v)| *p = s * w[j] * v),
    }
    for (a, gram) in grams.iter().enumerate() {
        let (Some(gram), false) = (gram, skip == Some(a)) else { continue };
        let at = &cells.along[a];
        let column = gram.col_as_slice(at[j] as usize);
        product.iter_mut().zip(&at[j..]).for_each(|(p, &i)| *p *= column[i as usize]);
    }
}

/// ½ (B + Bᵀ) of a sum that put each pair of cells to one side.
fn symmetrize(mut b: MatMut<'_, f64>) {
    for j in 0..b.ncols() {
        for i in 0..j {
            let mean = 0.5 * (b[(i, j)] + b[(j, i)]);
            b[(i, j)] = mean;
            b[(j, i)] = mean;
        }
    }
}
