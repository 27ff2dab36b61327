//! The eigenvectors of what the data can say along one axis, and their pullback.

use std::ops::Range;

use faer::{Accum, Mat, MatMut, MatRef, Par};
use gridgp_dense::gemm::gemm;
use gridgp_dense::{SymmetricEigen, settle_registers};
use gridgp_grid::{Error, Result};
use gridgp_kernel::Covariance;
use gridgp_model::AxisKernel;

use super::axis_root::{add_to_diagonal, center_columns, mean_diagonal};

/// From so many points on, two eigenproblems of half the size are worth their making.
const SMALLEST_SPLIT: usize = 16;

/// R and the eigenvectors of S = RᵀR = V diag(s) Vᵀ, for a root R of a kernel's Gram matrix.
///
/// For kernels of finite rank R = CΦ, the features, centered where asked (C = I − 11ᵀ/n). For the
/// others R is the symmetric square root of C (K + εI) C, with the jitter ε of the Cholesky factor:
/// there S is that matrix itself. What a field needs is R V, its *reach*: Q for the symmetric
/// root, whose √s the field keeps, and CΦV for features.
#[derive(Debug, Clone)]
pub(super) struct AxisSpectrum {
    name: String,
    kernel: AxisKernel,
    jitter: f64,
    is_free: bool,
    kind: Kind,
    values: Vec<f64>,
    roots: Vec<f64>,
    vectors: Mat<f64>,
    /// Eigenvectors that derivatives can mix, by their positions.
    blocks: Vec<Range<usize>>,
    numbers: Vec<f64>,
    numbers_bar: Vec<f64>,
    gram: Mat<f64>,
    product: Mat<f64>,
}

#[derive(Debug, Clone)]
enum Kind {
    Features {
        root: Mat<f64>,
        reach: Mat<f64>,
        eigen: SymmetricEigen,
    },
    Symmetric {
        whole: Option<SymmetricEigen>,
        /// Where the axis is its own mirror image: functions that are even and that are odd.
        split: Option<Box<Split>>,
    },
}

#[derive(Debug, Clone)]
struct Split {
    even: Mat<f64>,
    odd: Mat<f64>,
    even_eigen: SymmetricEigen,
    odd_eigen: SymmetricEigen,
}

impl AxisSpectrum {
    /// The spectrum of a kernel along the axis called `name`.
    pub(super) fn new(name: &str, kernel: AxisKernel, jitter: f64) -> Result<Self> {
        let n = kernel.points.len();
        let is_free = kernel.values.iter().any(|v| v.free().is_some());
        let (r, kind) = match kernel.functions() {
            Some(r) => {
                let [root, reach] = [Mat::zeros(n, r), Mat::zeros(n, r)];
                (r, Kind::Features { root, reach, eigen: SymmetricEigen::new(r) })
            }
            None => {
                let mirrored = n >= SMALLEST_SPLIT
                    && kernel.kernel.is_stationary()
                    && kernel.points.is_mirrored();
                let split = mirrored.then(|| Box::new(Split::new(n)));
                (n, Kind::Symmetric { whole: None, split })
            }
        };
        let mut axis = Self {
            name: name.into(),
            jitter,
            is_free,
            kind,
            values: vec![0.0; r],
            roots: vec![1.0; r],
            vectors: Mat::identity(r, r),
            blocks: Vec::with_capacity(2),
            numbers: Vec::with_capacity(kernel.values.len()),
            numbers_bar: vec![0.0; kernel.values.len()],
            gram: Mat::zeros(r, r),
            product: Mat::zeros(n, r),
            kernel,
        };
        if !is_free {
            axis.factorize(&[])?;
        }
        Ok(axis)
    }

    /// Number of points n.
    pub(super) fn size(&self) -> usize {
        self.kernel.points.len()
    }

    /// Number of eigenvectors r: the unknowns along this axis.
    pub(super) fn rank(&self) -> usize {
        self.values.len()
    }

    /// Whether a parameter enters.
    pub(super) fn is_free(&self) -> bool {
        self.is_free
    }

    /// Whether the root is the symmetric one, whose eigenvalues are s as well.
    pub(super) fn is_symmetric(&self) -> bool {
        matches!(self.kind, Kind::Symmetric { .. })
    }

    /// The eigenvalues s of RᵀR, at least 0; 0 for what centering removes.
    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// √s for the symmetric root; 1 for features, whose reach has it in itself.
    pub(super) fn roots(&self) -> &[f64] {
        &self.roots
    }

    /// The eigenvectors V, r × r.
    pub(super) fn vectors(&self) -> MatRef<'_, f64> {
        self.vectors.as_ref()
    }

    /// Q for the symmetric root, CΦV for features; n × r.
    pub(super) fn reach(&self) -> MatRef<'_, f64> {
        match &self.kind {
            Kind::Features { reach, .. } => reach.as_ref(),
            Kind::Symmetric { .. } => self.vectors.as_ref(),
        }
    }

    /// Ranges of eigenvectors within which S̄ matters: others do not mix, whatever the kernel's
    /// parameters are.
    pub(super) fn blocks(&self) -> &[Range<usize>] {
        &self.blocks
    }

    /// Moves to other parameters.
    ///
    /// # Errors
    /// [`Error::Singular`] that names the axis.
    pub(super) fn update(&mut self, theta: &[f64]) -> Result<()> {
        if self.is_free { self.factorize(theta) } else { Ok(()) }
    }

    fn factorize(&mut self, theta: &[f64]) -> Result<()> {
        let Self { kernel, numbers, values, roots, vectors, blocks, gram, .. } = self;
        numbers.clear();
        numbers.extend(kernel.values.iter().map(|v| v.at(theta)));
        blocks.clear();
        let fail = |what: String| {
            Error::Singular(format!("axis {:?}, kernel {}: {what}", self.name, kernel.text))
        };
        match &mut self.kind {
            Kind::Features { root, reach, eigen } => {
                *root = kernel.kernel.features(&kernel.points, numbers).expect("it has features");
                if kernel.center {
                    center_columns(root.as_mut());
                }
                let par = Par::Seq;
                gemm(gram.as_mut(), Accum::Replace, root.transpose(), root.as_ref(), par);
                check_finite(gram).map_err(fail)?;
                eigen.update(gram.as_ref()).map_err(|e| fail(e.to_string()))?;
                for (v, e) in values.iter_mut().zip(eigen.values()) {
                    *v = e.max(0.0);
                }
                vectors.copy_from(eigen.vectors());
                gemm(reach.as_mut(), Accum::Replace, root.as_ref(), vectors.as_ref(), par);
                blocks.push(0..values.len());
            }
            Kind::Symmetric { whole, split } => {
                let n = values.len();
                kernel.kernel.gram(&kernel.points, numbers, gram.as_mut());
                check_finite(gram).map_err(fail)?;
                let ridge = self.jitter * mean_diagonal(gram.as_ref());
                add_to_diagonal(gram.as_mut(), ridge);
                let split = split.as_mut().filter(|_| is_centrosymmetric(gram.as_ref()));
                if kernel.center {
                    center_columns(gram.as_mut());
                    center_columns(gram.as_mut().transpose_mut());
                }
                match split {
                    Some(split) => {
                        split
                            .update(gram.as_ref(), values, vectors.as_mut())
                            .map_err(|e| fail(e.to_string()))?;
                        blocks.extend([0..n.div_ceil(2), n.div_ceil(2)..n]);
                    }
                    None => {
                        let eigen = whole.get_or_insert_with(|| SymmetricEigen::new(n));
                        eigen.update(gram.as_ref()).map_err(|e| fail(e.to_string()))?;
                        values.copy_from_slice(eigen.values());
                        vectors.copy_from(eigen.vectors());
                        blocks.push(0..n);
                    }
                }
                if kernel.center {
                    // Constants are what centering removes. They are even, and come first.
                    values[0] = 0.0;
                    blocks[0].start = 1;
                }
                if let Some(v) = values[usize::from(kernel.center)..].iter().find(|v| **v <= 0.0) {
                    return Err(fail(format!(
                        "an eigenvalue is {v:e}; a larger inference.jitter would help"
                    )));
                }
                roots.iter_mut().zip(values.iter()).for_each(|(r, v)| *r = v.sqrt());
            }
        }
        Ok(())
    }

    /// Adds ⟨S̄, ∂S/∂θ⟩ to `theta_bar`, and for features ⟨reach̄ Vᵀ, ∂CΦ/∂θ⟩.
    ///
    /// `spectrum_bar` is VᵀS̄V, symmetric, of which entries outside of [`blocks`](Self::blocks) are
    /// taken as 0. `reach_bar` is the adjoint of the reach at fixed V, for features; it is
    /// overwritten.
    pub(super) fn vjp(
        &mut self,
        spectrum_bar: MatRef<'_, f64>,
        reach_bar: Option<MatMut<'_, f64>>,
        theta_bar: &mut [f64],
    ) {
        let Self { kernel, numbers, numbers_bar, vectors, gram, product, .. } = self;
        numbers_bar.fill(0.0);
        let (v, par) = (vectors.as_ref(), Par::Seq);
        match (&self.kind, reach_bar) {
            (Kind::Features { reach, .. }, Some(mut bar)) => {
                // S = ΦᵀΦ: Φ̄ = reach̄ Vᵀ + 2 Φ V (VᵀS̄V) Vᵀ.
                gemm(product.as_mut(), Accum::Replace, reach.as_ref(), spectrum_bar, par);
                for j in 0..bar.ncols() {
                    for i in 0..bar.nrows() {
                        bar[(i, j)] += 2.0 * product[(i, j)];
                    }
                }
                gemm(product.as_mut(), Accum::Replace, bar.as_ref(), v.transpose(), par);
                if kernel.center {
                    center_columns(product.as_mut());
                }
                let bar = product.as_ref();
                kernel.kernel.features_vjp(&kernel.points, numbers, bar, numbers_bar);
            }
            (Kind::Features { .. }, None) => unreachable!("features have an adjoint"),
            (Kind::Symmetric { .. }, _) => {
                gemm(product.as_mut(), Accum::Replace, v, spectrum_bar, par);
                gemm(gram.as_mut(), Accum::Replace, product.as_ref(), v.transpose(), par);
                if kernel.center {
                    center_columns(gram.as_mut());
                    center_columns(gram.as_mut().transpose_mut());
                }
                // Rounding must not make it asymmetric.
                for j in 0..gram.ncols() {
                    for i in 0..j {
                        let mean = 0.5 * (gram[(i, j)] + gram[(j, i)]);
                        (gram[(i, j)], gram[(j, i)]) = (mean, mean);
                    }
                }
                // The jitter follows the diagonal.
                let share = self.jitter * mean_diagonal(gram.as_ref());
                add_to_diagonal(gram.as_mut(), share);
                kernel.kernel.gram_vjp(&kernel.points, numbers, gram.as_ref(), numbers_bar);
            }
        }
        for (value, bar) in kernel.values.iter().zip(numbers_bar) {
            value.pull_back(*bar, theta_bar);
        }
    }
}

impl Split {
    fn new(n: usize) -> Self {
        let (e, o) = (n.div_ceil(2), n / 2);
        Self {
            even: Mat::zeros(e, e),
            odd: Mat::zeros(o, o),
            even_eigen: SymmetricEigen::new(e),
            odd_eigen: SymmetricEigen::new(o),
        }
    }

    /// The eigenpairs of a centrosymmetric matrix: first those whose vectors are even, that is
    /// (eᵢ + eₙ₋₁₋ᵢ)/√2 and the middle, then the odd ones (eᵢ − eₙ₋₁₋ᵢ)/√2.
    fn update(
        &mut self,
        a: MatRef<'_, f64>,
        values: &mut [f64],
        mut vectors: MatMut<'_, f64>,
    ) -> gridgp_dense::Result<()> {
        let n = a.nrows();
        let (e, o) = (n.div_ceil(2), n / 2);
        settle_registers();
        for j in 0..o {
            for i in 0..o {
                let (here, there) = (a[(i, j)], a[(i, n - 1 - j)]);
                self.even[(i, j)] = here + there;
                self.odd[(i, j)] = here - there;
            }
        }
        if e > o {
            for i in 0..o {
                let edge = std::f64::consts::SQRT_2 * a[(i, o)];
                (self.even[(i, o)], self.even[(o, i)]) = (edge, edge);
            }
            self.even[(o, o)] = a[(o, o)];
        }
        self.even_eigen.update(self.even.as_ref())?;
        self.odd_eigen.update(self.odd.as_ref())?;
        values[..e].copy_from_slice(self.even_eigen.values());
        values[e..].copy_from_slice(self.odd_eigen.values());
        let half = std::f64::consts::FRAC_1_SQRT_2;
        for k in 0..e {
            for i in 0..o {
                let v = half * self.even_eigen.vectors()[(i, k)];
                (vectors[(i, k)], vectors[(n - 1 - i, k)]) = (v, v);
            }
            if e > o {
                vectors[(o, k)] = self.even_eigen.vectors()[(o, k)];
            }
        }
        for k in 0..o {
            for i in 0..o {
                let v = half * self.odd_eigen.vectors()[(i, k)];
                (vectors[(i, e + k)], vectors[(n - 1 - i, e + k)]) = (v, -v);
            }
            if e > o {
                vectors[(o, e + k)] = 0.0;
            }
        }
        Ok(())
    }
}

/// An eigensolver may never come back from a number that is not finite.
fn check_finite(a: &Mat<f64>) -> std::result::Result<(), String> {
    let found = (0..a.ncols()).flat_map(|j| a.col(j).iter()).find(|v| !v.is_finite());
    found.map_or(Ok(()), |v| Err(format!("its covariance holds {v}")))
}

/// Whether the matrix is its own mirror image, to rounding.
fn is_centrosymmetric(a: MatRef<'_, f64>) -> bool {
    let n = a.nrows();
    let largest = (0..n).flat_map(|j| a.col(j).iter()).fold(0.0, |m: f64, v| m.max(v.abs()));
    let tolerance = 8.0 * f64::EPSILON * largest;
    (0..n.div_ceil(2))
        .all(|j| (j..n).all(|i| (a[(i, j)] - a[(n - 1 - i, n - 1 - j)]).abs() <= tolerance))
}
