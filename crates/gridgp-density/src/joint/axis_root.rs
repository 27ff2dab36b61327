//! A root of the covariance along one axis, K = L Lᵀ, and its pullback.

use std::collections::HashMap;

use faer::prelude::ReborrowMut;
use faer::{Mat, MatMut, MatRef};
use gridgp_dense::{Cholesky, norm, product, settle_registers, symmetric_eigen};
use gridgp_grid::{Error, Points, Result};
use gridgp_kernel::Covariance;
use gridgp_model::AxisKernel;

use super::axis_spectrum::AxisSpectrum;
use super::rows::Rows;

/// C L: a root of a kernel's Gram matrix, its columns centered where asked (C = I − 11ᵀ/n).
///
/// For kernels of finite rank L is the n × r matrix of features, exactly, unless they are
/// [far more](AxisKernel::functions) than the points. For the others it is the
/// Cholesky factor of K + εI, where ε is the jitter times the mean of K's diagonal: a smooth
/// kernel's Gram matrix is singular to rounding.
#[derive(Debug, Clone)]
pub(crate) struct AxisRoot {
    name: String,
    kernel: AxisKernel,
    jitter: f64,
    /// The root at the last θ.
    root: Mat<f64>,
    factor: Factor,
    numbers: Vec<f64>,
    numbers_bar: Vec<f64>,
    gram_bar: Mat<f64>,
    is_free: bool,
}

#[derive(Debug, Clone)]
enum Factor {
    Features,
    Cholesky(Cholesky),
}

impl AxisRoot {
    /// The root of a kernel along the axis called `name`.
    pub(crate) fn new(name: &str, kernel: AxisKernel, jitter: f64) -> Result<Self> {
        let n = kernel.points.len();
        let is_free = kernel.values.iter().any(|v| v.free().is_some());
        // Features have no use for a matrix of the size of the Gram matrix.
        let (root, gram_bar, factor) = match kernel.functions() {
            Some(r) => (Mat::zeros(n, r), Mat::new(), Factor::Features),
            None => (Mat::zeros(n, n), Mat::zeros(n, n), Factor::Cholesky(Cholesky::identity(n))),
        };
        let mut axis = Self {
            name: name.into(),
            jitter,
            root,
            factor,
            numbers: Vec::new(),
            numbers_bar: vec![0.0; kernel.values.len()],
            gram_bar,
            is_free,
            kernel,
        };
        if !is_free {
            axis.factorize(&[])?;
        }
        Ok(axis)
    }

    /// Number of points n.
    pub(crate) fn size(&self) -> usize {
        self.root.nrows()
    }

    /// Number of columns r: the unknowns along this axis.
    pub(crate) fn rank(&self) -> usize {
        self.root.ncols()
    }

    /// Whether a parameter enters.
    pub(crate) fn is_free(&self) -> bool {
        self.is_free
    }

    /// C L, n × r.
    pub(crate) fn root(&self) -> MatRef<'_, f64> {
        self.root.as_ref()
    }

    /// Moves to other parameters.
    ///
    /// # Errors
    /// [`Error::Singular`] that names the axis.
    pub(crate) fn update(&mut self, theta: &[f64]) -> Result<()> {
        if self.is_free { self.factorize(theta) } else { Ok(()) }
    }

    fn factorize(&mut self, theta: &[f64]) -> Result<()> {
        let Self { kernel, jitter, root, factor, numbers, .. } = self;
        numbers.clear();
        numbers.extend(kernel.values.iter().map(|v| v.at(theta)));
        match factor {
            Factor::Features => {
                *root = kernel.kernel.features(&kernel.points, numbers).expect("it has features");
            }
            Factor::Cholesky(cholesky) => {
                kernel.kernel.gram(&kernel.points, numbers, root.as_mut());
                let ridge = *jitter * mean_diagonal(root.as_ref());
                add_to_diagonal(root.as_mut(), ridge);
                if let Err(e) = cholesky.update(root.as_ref()) {
                    return Err(self.singular(&e));
                }
                root.copy_from(cholesky.l());
            }
        }
        if kernel.center {
            center_columns(root.as_mut());
        }
        Ok(())
    }

    /// The rows of the root that belong to new points, at the last θ: \[B C\], with the columns of
    /// the root first, then columns of their own. Where the new points are wanted `apart`, each for
    /// itself, C is diagonal: their correlation is left out, and with it an eigenproblem of their
    /// number.
    ///
    /// With K** the covariance of the new points and B = K*L⁻ᵀ, C is a root of K** − BBᵀ, what the
    /// points of the data leave open. A new point that is one of the data has that point's row and
    /// nothing of its own; kernels of finite rank leave nothing open anywhere.
    ///
    /// # Errors
    /// [`Error::Singular`] if K** − BBᵀ has no eigenvalues.
    pub(super) fn rows_at(&self, new: &Points, apart: bool) -> Result<Rows> {
        let Self { kernel, factor, numbers, .. } = self;
        let (old, k) = (&kernel.points, &kernel.kernel);
        let mut own = Vec::new();
        let mut rows = match factor {
            Factor::Features => k.features(new, numbers).expect("it has features"),
            Factor::Cholesky(cholesky) => {
                // The uncentered root.
                let l = cholesky.l();
                let known = |i: usize| (0..old.len()).find(|&j| old.row(j) == new.row(i));
                let matches: Vec<Option<usize>> = (0..new.len()).map(known).collect();
                let open: Vec<usize> = (0..new.len()).filter(|&i| matches[i].is_none()).collect();
                let columns = if apart { 0 } else { open.len() };
                let mut rows = Mat::zeros(new.len(), old.len() + columns);
                for (i, j) in matches.iter().enumerate() {
                    if let Some(j) = j {
                        rows.row_mut(i).subcols_mut(0, old.len()).copy_from(l.row(*j));
                    }
                }
                if !open.is_empty() {
                    let values = open.iter().flat_map(|&i| new.row(i)).copied().collect();
                    let fresh = Points::new(values, new.dims());
                    let mut b = Mat::zeros(old.len(), open.len());
                    k.cross(old, &fresh, numbers, b.as_mut());
                    cholesky.solve_l_in_place(b.as_mut());
                    for (r, &i) in open.iter().enumerate() {
                        rows.row_mut(i).subcols_mut(0, old.len()).copy_from(b.col(r).transpose());
                    }
                    if apart {
                        let mut variances = vec![0.0; open.len()];
                        k.diagonal(&fresh, numbers, &mut variances);
                        own.extend(open.iter().zip(variances).enumerate().map(|(r, (&i, v))| {
                            (i, (v - norm(b.col(r).as_mat()).powi(2)).max(0.0).sqrt())
                        }));
                    } else {
                        let mut rest = Mat::zeros(open.len(), open.len());
                        k.gram(&fresh, numbers, rest.as_mut());
                        rest -= product(b.transpose(), b.as_ref());
                        let c = positive_root(rest)?;
                        for (r, &i) in open.iter().enumerate() {
                            rows.row_mut(i).subcols_mut(old.len(), open.len()).copy_from(c.row(r));
                        }
                    }
                }
                rows
            }
        };
        if kernel.center {
            // The mean that is removed is that of the data's points.
            let features;
            let uncentered = match factor {
                Factor::Features => {
                    features = k.features(old, numbers).expect("it has features");
                    features.as_ref()
                }
                Factor::Cholesky(cholesky) => cholesky.l(),
            };
            for j in 0..self.rank() {
                let mean = uncentered.col(j).iter().sum::<f64>() / old.len() as f64;
                rows.col_mut(j).iter_mut().for_each(|v| *v -= mean);
            }
        }
        settle_registers();
        Ok(if apart { Rows::Apart(rows, own) } else { Rows::Joint(rows) })
    }

    /// B of [`rows_at`](Self::rows_at), and the variance that each new point has of its own.
    pub(super) fn separate_rows_at(&self, new: &Points) -> Result<(Mat<f64>, Vec<f64>)> {
        // Points of a table repeat the coordinates of an axis.
        let (mut distinct, mut places) = (Vec::new(), HashMap::new());
        let mut place = |i: usize| {
            let next = places.len();
            let key: Vec<u64> = new.row(i).iter().map(|v| v.to_bits()).collect();
            *places.entry(key).or_insert_with(|| {
                distinct.extend_from_slice(new.row(i));
                next
            })
        };
        let at: Vec<usize> = (0..new.len()).map(&mut place).collect();
        let Rows::Apart(rows, own) = self.rows_at(&Points::new(distinct, new.dims()), true)? else {
            unreachable!("they are wanted apart")
        };
        let mut open = vec![0.0; rows.nrows()];
        own.into_iter().for_each(|(i, sd)| open[i] = sd.powi(2));
        let all = Mat::from_fn(at.len(), rows.ncols(), |i, j| rows[(at[i], j)]);
        Ok((all, at.iter().map(|&i| open[i]).collect()))
    }

    /// T with C L T = R V, orthogonal, for the symmetric root R and the eigenvectors V of `spectrum`
    /// at the same θ; V itself where the root is made of features.
    pub(super) fn rotation(&self, spectrum: &AxisSpectrum) -> Mat<f64> {
        let cholesky = match &self.factor {
            Factor::Features => return spectrum.vectors().to_owned(),
            Factor::Cholesky(cholesky) => cholesky,
        };
        let mut rotation = product(self.root.transpose(), spectrum.vectors());
        for (k, root) in spectrum.roots().iter().enumerate() {
            let column = rotation.col_mut(k);
            if *root > 0.0 {
                column.iter_mut().for_each(|v| *v /= root);
            } else {
                // What centering removes: C L t = 0.
                let mut constant = Mat::full(self.size(), 1, 1.0);
                cholesky.solve_l_in_place(constant.as_mut());
                let norm = norm(constant.as_ref());
                column.iter_mut().zip(constant.col(0).iter()).for_each(|(v, c)| *v = c / norm);
            }
        }
        settle_registers();
        rotation
    }

    /// That a matrix made of this root has no factor.
    pub(super) fn singular(&self, e: &gridgp_dense::Error) -> Error {
        Error::Singular(format!(
            "axis {:?}, kernel {}: {e}; a larger inference.jitter would help",
            self.name, self.kernel.text
        ))
    }

    /// Whether L is a Cholesky factor.
    pub(super) fn is_triangular(&self) -> bool {
        matches!(self.factor, Factor::Cholesky(_))
    }

    /// As [`vjp`](Self::vjp) for a Cholesky factor, from (CL)ᵀ times the adjoint of the root, of which
    /// the lower triangle is read. It is overwritten.
    pub(super) fn vjp_from_inner(&mut self, theta_bar: &mut [f64], inner: MatMut<'_, f64>) {
        let Factor::Cholesky(cholesky) = &self.factor else { unreachable!("it has a factor") };
        cholesky.vjp_from_inner(inner, self.gram_bar.as_mut());
        self.gram_vjp(theta_bar);
    }

    /// out = L⁻¹ y along the axis of a tensor left × points × right; false where L is no Cholesky factor.
    pub(super) fn solve(&self, y: &[f64], right: usize, out: &mut [f64]) -> bool {
        let Factor::Cholesky(cholesky) = &self.factor else { return false };
        let n = cholesky.size();
        out.copy_from_slice(y);
        if right == 1 {
            let columns = out.len() / n;
            cholesky.solve_l_in_place(MatMut::from_column_major_slice_mut(out, n, columns));
        } else {
            for stretch in out.chunks_exact_mut(n * right) {
                cholesky.solve_l_in_place(MatMut::from_row_major_slice_mut(stretch, n, right));
            }
        }
        !self.kernel.center
    }

    /// Adds ⟨L̄, ∂L/∂θ⟩ to `theta_bar`. `root_bar` is the adjoint of the root, and overwritten.
    pub(crate) fn vjp(&mut self, theta_bar: &mut [f64], mut root_bar: MatMut<'_, f64>) {
        if self.kernel.center {
            center_columns(root_bar.rb_mut());
        }
        match &self.factor {
            Factor::Features => {
                let Self { kernel, numbers, numbers_bar, .. } = self;
                numbers_bar.fill(0.0);
                let bar = root_bar.as_ref();
                kernel.kernel.features_vjp(&kernel.points, numbers, bar, numbers_bar);
                self.pull_back(theta_bar);
            }
            Factor::Cholesky(cholesky) => {
                cholesky.vjp(root_bar, self.gram_bar.as_mut());
                self.gram_vjp(theta_bar);
            }
        }
    }

    /// From the adjoint of K with its jitter, which follows the diagonal.
    fn gram_vjp(&mut self, theta_bar: &mut [f64]) {
        let Self { kernel, jitter, numbers, numbers_bar, gram_bar, .. } = self;
        numbers_bar.fill(0.0);
        let share = *jitter * mean_diagonal(gram_bar.as_ref());
        add_to_diagonal(gram_bar.as_mut(), share);
        kernel.kernel.gram_vjp(&kernel.points, numbers, gram_bar.as_ref(), numbers_bar);
        self.pull_back(theta_bar);
    }

    fn pull_back(&self, theta_bar: &mut [f64]) {
        for (value, bar) in self.kernel.values.iter().zip(&self.numbers_bar) {
            value.pull_back(*bar, theta_bar);
        }
    }
}

/// R with R Rᵀ = A for a covariance that rounding may have left slightly indefinite.
fn positive_root(a: Mat<f64>) -> Result<Mat<f64>> {
    let (values, mut vectors) =
        symmetric_eigen(a.as_ref()).map_err(|e| Error::Singular(e.to_string()))?;
    for (mut column, v) in vectors.col_iter_mut().zip(values) {
        column *= faer::Scale(v.max(0.0).sqrt());
    }
    Ok(vectors)
}

pub(super) fn mean_diagonal(a: MatRef<'_, f64>) -> f64 {
    let n = a.nrows();
    (0..n).map(|i| a[(i, i)]).sum::<f64>() / n as f64
}

pub(super) fn add_to_diagonal(mut a: MatMut<'_, f64>, v: f64) {
    for i in 0..a.nrows() {
        a[(i, i)] += v;
    }
}

pub(super) fn center_columns(mut a: MatMut<'_, f64>) {
    let n = a.nrows() as f64;
    for j in 0..a.ncols() {
        let column = a.rb_mut().col_mut(j);
        let mean = column.as_ref().iter().sum::<f64>() / n;
        column.iter_mut().for_each(|v| *v -= mean);
    }
}
