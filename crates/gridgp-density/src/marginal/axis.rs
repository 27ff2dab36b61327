//! What a random term looks like along one axis, W C K C W, and its pullback.

use faer::Mat;
use gridgp_dense::{Basis, Facts, Spectral, block_diagonal};
use gridgp_grid::{Error, Points, Result};
use gridgp_kernel::Covariance;
use gridgp_model::AxisKernel;

/// K along one axis: a kernel's Gram matrix, centered where asked (C = I − 11ᵀ/n), times a
/// covariate on both sides (W = diag(w)); 11ᵀ in place of K where the field is constant.
#[derive(Debug, Clone)]
pub(super) struct AxisFactor {
    name: String,
    size: usize,
    kernel: Option<AxisKernel>,
    weights: Option<Vec<f64>>,
    /// Whether the axis is its own mirror image.
    mirrored: bool,
    /// The factor, where nothing in it is free.
    fixed: Option<Spectral>,
}

/// What [`AxisFactor::cheap_or_blocks`] finds.
pub(super) enum CheapOrBlocks {
    Cheap(Spectral),
    /// A basis, and the blocks that the matrix has on its diagonal there.
    Blocks(Basis, Vec<Mat<f64>>),
}

impl AxisFactor {
    pub(super) fn new(
        name: &str,
        size: usize,
        kernel: Option<AxisKernel>,
        weights: Option<Vec<f64>>,
    ) -> Self {
        let mirrored = kernel.as_ref().is_some_and(|k| k.points.is_mirrored());
        Self { name: name.into(), size, kernel, weights, mirrored, fixed: None }
    }

    /// Factorizes once and for all what no parameter enters.
    ///
    /// # Errors
    /// As [`spectral`](Self::spectral).
    pub(super) fn prepare(&mut self) -> Result<()> {
        if !self.is_free() {
            self.fixed = Some(self.factorize(&[])?);
        }
        Ok(())
    }

    /// Whether a parameter enters.
    pub(super) fn is_free(&self) -> bool {
        self.kernel.iter().flat_map(|k| &k.values).any(|v| v.free().is_some())
    }

    /// The axis.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The kernel of the field along the axis; `None` where it is constant.
    pub(super) fn kernel(&self) -> Option<&AxisKernel> {
        self.kernel.as_ref()
    }

    /// What multiplies the field along the axis.
    pub(super) fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    /// Whether the field along the axis is functions of it with coefficients that a Gram matrix or the
    /// kernel gives.
    pub(super) fn has_root(&self) -> bool {
        self.kernel.as_ref().is_none_or(|k| !k.center)
    }

    /// Whether the field varies along the axis by a kernel.
    pub(super) fn has_kernel(&self) -> bool {
        self.kernel.is_some()
    }

    /// Whether it is anything but 11ᵀ.
    pub(super) fn varies(&self) -> bool {
        self.kernel.is_some() || self.weights.is_some()
    }

    /// Q Λ Qᵀ of the factor.
    ///
    /// # Errors
    /// [`Error::Singular`] that names the axis.
    pub(super) fn spectral(&self, theta: &[f64]) -> Result<Spectral> {
        match &self.fixed {
            Some(spectral) => Ok(spectral.clone()),
            None => self.factorize(theta),
        }
    }

    /// The factor where it takes no n x n eigenproblem, else its matrix.
    ///
    /// # Errors
    /// [`Error::Singular`] that names the axis.
    pub(super) fn cheap_or_blocks(&self, theta: &[f64]) -> Result<CheapOrBlocks> {
        let (gram, facts) = (self.gram(theta), self.facts());
        match Spectral::cheap(gram.as_ref(), facts).map_err(|e| self.singular(e))? {
            Some(spectral) => Ok(CheapOrBlocks::Cheap(spectral)),
            None => {
                let (basis, blocks) = block_diagonal(gram.as_ref(), facts);
                Ok(CheapOrBlocks::Blocks(basis, blocks))
            }
        }
    }

    /// No more eigenvalues than these are positive, whatever θ is.
    pub(super) fn rank_bound(&self) -> usize {
        match (&self.fixed, &self.kernel) {
            (Some(spectral), _) => spectral.rank(),
            (None, None) => 1,
            (None, Some(k)) => k.kernel.rank_bound(&k.points).min(self.size),
        }
    }

    /// Number of points.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Whether the factor comes from features, at the cost of their number.
    pub(super) fn has_features(&self) -> bool {
        self.rank_bound() <= self.size / 2
    }

    fn facts(&self) -> Facts {
        let stationary = self.kernel.as_ref().is_some_and(|k| k.kernel.is_stationary());
        Facts {
            centrosymmetric: self.mirrored && self.weights.is_none() && stationary,
            smooth: true,
        }
    }

    fn singular(&self, e: gridgp_dense::Error) -> Error {
        let kernel = self.kernel.as_ref().map_or("constant", |k| k.text.as_str());
        Error::Singular(format!("axis {:?}, kernel {kernel}: {e}", self.name))
    }

    fn factorize(&self, theta: &[f64]) -> Result<Spectral> {
        let n = self.size;
        let spectral = match &self.kernel {
            None => {
                let w = Mat::from_fn(n, 1, |i, _| self.weights.as_ref().map_or(1.0, |w| w[i]));
                Spectral::from_features(w.as_ref())
            }
            Some(_) => match self.features(theta) {
                Some(f) => Spectral::from_features(f.as_ref()),
                None => Spectral::new(self.gram(theta).as_ref(), self.facts()),
            },
        };
        // A field that centering or its covariate makes 0: nothing downstream takes an empty basis.
        let spectral = match spectral {
            Ok(s) if s.rank() == 0 => Spectral::new(Mat::zeros(n, n).as_ref(), Facts::default()),
            other => other,
        };
        spectral.map_err(|e| self.singular(e))
    }

    /// F with F Fᵀ the factor, n × r, where it comes from features.
    pub(super) fn features(&self, theta: &[f64]) -> Option<Mat<f64>> {
        let k = self.kernel.as_ref().filter(|_| self.has_features())?;
        let mut f = k.kernel.features(&k.points, &k.numbers(theta))?;
        if k.center {
            center_columns(&mut f);
        }
        self.weigh_rows(&mut f);
        Some(f)
    }

    /// Adds ⟨K̄, ∂(F Fᵀ)/∂θ⟩ = ⟨2 K̄ F, ∂F/∂θ⟩ to `theta_bar`, from K̄ F.
    pub(super) fn features_vjp(&self, theta: &[f64], mut bar: Mat<f64>, theta_bar: &mut [f64]) {
        let Some(k) = &self.kernel else { return };
        bar *= faer::Scale(2.0);
        self.weigh_rows(&mut bar);
        if k.center {
            center_columns(&mut bar);
        }
        let mut numbers_bar = vec![0.0; k.values.len()];
        k.kernel.features_vjp(&k.points, &k.numbers(theta), bar.as_ref(), &mut numbers_bar);
        k.values.iter().zip(numbers_bar).for_each(|(v, b)| v.pull_back(b, theta_bar));
    }

    /// F with F Fᵀ the factor, n × r, where r is at most half of n.
    pub(super) fn root(&self, theta: &[f64]) -> Option<Mat<f64>> {
        match &self.kernel {
            None => {
                let w = |i: usize| self.weights.as_ref().map_or(1.0, |w| w[i]);
                Some(Mat::from_fn(self.size, 1, |i, _| w(i)))
            }
            Some(_) => self.features(theta),
        }
    }

    /// The diagonal of the matrix.
    pub(super) fn diagonal(&self, theta: &[f64]) -> Vec<f64> {
        let gram = self.gram(theta);
        (0..self.size).map(|i| gram[(i, i)]).collect()
    }

    /// The matrix itself.
    pub(super) fn gram(&self, theta: &[f64]) -> Mat<f64> {
        let n = self.size;
        let mut gram = Mat::zeros(n, n);
        match &self.kernel {
            None => gram.fill(1.0),
            Some(k) => {
                k.kernel.gram(&k.points, &k.numbers(theta), gram.as_mut());
                if k.center {
                    center_both(&mut gram);
                }
            }
        }
        if let Some(w) = &self.weights {
            for j in 0..n {
                for i in 0..n {
                    gram[(i, j)] *= w[i] * w[j];
                }
            }
        }
        gram
    }

    /// Adds ⟨K̄, ∂K/∂θ⟩ to `theta_bar`, for a symmetric K̄.
    pub(super) fn vjp(&self, theta: &[f64], mut gram_bar: Mat<f64>, theta_bar: &mut [f64]) {
        let Some(k) = &self.kernel else { return };
        let n = self.size;
        if let Some(w) = &self.weights {
            for j in 0..n {
                for i in 0..n {
                    gram_bar[(i, j)] *= w[i] * w[j];
                }
            }
        }
        if k.center {
            center_both(&mut gram_bar);
        }
        let mut bar = vec![0.0; k.values.len()];
        k.kernel.gram_vjp(&k.points, &k.numbers(theta), gram_bar.as_ref(), &mut bar);
        k.values.iter().zip(bar).for_each(|(v, b)| v.pull_back(b, theta_bar));
    }

    /// Cov(f(at), f(points of the axis)), M x n, and the prior variances of the new points, where
    /// the covariate that multiplies the field is `at_weights`.
    ///
    /// A field centered along the axis is f(x) − mean of f over the axis' own points.
    pub(super) fn cross(
        &self,
        at: &Points,
        at_weights: Option<&[f64]>,
        theta: &[f64],
    ) -> (Mat<f64>, Vec<f64>) {
        let (m, n) = (at.len(), self.size);
        let mut cross = Mat::full(m, n, 1.0);
        let mut variance = vec![1.0; m];
        if let Some(k) = &self.kernel {
            let numbers = k.numbers(theta);
            k.kernel.cross(at, &k.points, &numbers, cross.as_mut());
            k.kernel.diagonal(at, &numbers, &mut variance);
            if k.center {
                center_cross(k, &numbers, &mut cross, &mut variance);
            }
        }
        for j in 0..n {
            let w = self.weights.as_ref().map_or(1.0, |w| w[j]);
            for i in 0..m {
                cross[(i, j)] *= w * at_weights.map_or(1.0, |v| v[i]);
            }
        }
        if let Some(v) = at_weights {
            variance.iter_mut().zip(v).for_each(|(s, v)| *s *= v * v);
        }
        (cross, variance)
    }

    /// Prior variances of f at new points.
    pub(super) fn variances_at(&self, at: &Points, theta: &[f64]) -> Vec<f64> {
        let mut variances = vec![1.0; at.len()];
        match &self.kernel {
            None => {}
            Some(k) if k.center => variances = self.cross(at, None, theta).1,
            Some(k) => k.kernel.diagonal(at, &k.numbers(theta), &mut variances),
        }
        variances
    }

    /// Prior covariance of f at new points, M x M.
    pub(super) fn gram_at(&self, at: &Points, theta: &[f64]) -> Mat<f64> {
        let m = at.len();
        let mut gram = Mat::full(m, m, 1.0);
        if let Some(k) = &self.kernel {
            let numbers = k.numbers(theta);
            k.kernel.gram(at, &numbers, gram.as_mut());
            if k.center {
                let n = self.size;
                let mut cross = Mat::zeros(m, n);
                k.kernel.cross(at, &k.points, &numbers, cross.as_mut());
                let mut own = Mat::zeros(n, n);
                k.kernel.gram(&k.points, &numbers, own.as_mut());
                let grand = (0..n).map(|j| own.col(j).sum()).sum::<f64>() / (n * n) as f64;
                let means: Vec<f64> = (0..m).map(|i| cross.row(i).sum() / n as f64).collect();
                for j in 0..m {
                    for i in 0..m {
                        gram[(i, j)] += grand - means[i] - means[j];
                    }
                }
            }
        }
        gram
    }

    /// R of shape (n + M, r) with R Rᵀ the prior covariance of f at the axis' points and then at
    /// the new ones, for drawing both together.
    pub(super) fn joint_root(
        &self,
        at: &Points,
        at_weights: Option<&[f64]>,
        theta: &[f64],
    ) -> Result<Mat<f64>> {
        let (m, n) = (at.len(), self.size);
        let mut root = match &self.kernel {
            None => Mat::full(n + m, 1, 1.0),
            Some(k) => {
                let (all, numbers) = (k.points.concat(at), k.numbers(theta));
                let mut root = match k.kernel.features(&all, &numbers) {
                    Some(features) if features.ncols() <= n + m => features,
                    _ => {
                        let mut gram = Mat::zeros(n + m, n + m);
                        k.kernel.gram(&all, &numbers, gram.as_mut());
                        let facts = Facts { centrosymmetric: false, smooth: true };
                        let spectral = Spectral::new(gram.as_ref(), facts)
                            .map_err(|e| Error::Singular(format!("axis {:?}: {e}", self.name)))?;
                        let mut q = spectral.basis().to_dense();
                        for (j, v) in spectral.values().iter().enumerate() {
                            q.col_mut(j).iter_mut().for_each(|q| *q *= v.sqrt());
                        }
                        q
                    }
                };
                if k.center {
                    for j in 0..root.ncols() {
                        let mean = root.col(j).subrows(0, n).sum() / n as f64;
                        root.col_mut(j).iter_mut().for_each(|v| *v -= mean);
                    }
                }
                root
            }
        };
        for j in 0..root.ncols() {
            for i in 0..n + m {
                let weights = if i < n { self.weights.as_deref() } else { at_weights };
                root[(i, j)] *= weights.map_or(1.0, |w| w[if i < n { i } else { i - n }]);
            }
        }
        Ok(root)
    }

    fn weigh_rows(&self, f: &mut Mat<f64>) {
        if let Some(w) = &self.weights {
            for j in 0..f.ncols() {
                for i in 0..f.nrows() {
                    f[(i, j)] *= w[i];
                }
            }
        }
    }
}

/// The centered field at new points is f(x) − mean of f over the axis:
/// Cov(f(x) − f̄, f(xᵢ) − f̄) and Var(f(x) − f̄).
fn center_cross(k: &AxisKernel, numbers: &[f64], cross: &mut Mat<f64>, variance: &mut [f64]) {
    let n = k.points.len();
    let mut gram = Mat::zeros(n, n);
    k.kernel.gram(&k.points, numbers, gram.as_mut());
    let row_means: Vec<f64> = (0..n).map(|i| gram.col(i).sum() / n as f64).collect();
    let grand = row_means.iter().sum::<f64>() / n as f64;
    for i in 0..cross.nrows() {
        let mean = (0..n).map(|j| cross[(i, j)]).sum::<f64>() / n as f64;
        variance[i] += grand - 2.0 * mean;
        for j in 0..n {
            cross[(i, j)] += grand - mean - row_means[j];
        }
    }
}

/// C F.
fn center_columns(f: &mut Mat<f64>) {
    for j in 0..f.ncols() {
        let mean = f.col(j).sum() / f.nrows() as f64;
        f.col_mut(j).iter_mut().for_each(|v| *v -= mean);
    }
}

/// C K C for a symmetric K.
fn center_both(k: &mut Mat<f64>) {
    let n = k.nrows();
    let means: Vec<f64> = (0..n).map(|j| k.col(j).sum() / n as f64).collect();
    let grand = means.iter().sum::<f64>() / n as f64;
    for j in 0..n {
        for i in 0..n {
            k[(i, j)] += grand - means[i] - means[j];
        }
    }
}
