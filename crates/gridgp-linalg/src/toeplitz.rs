//! Symmetric Toeplitz matrices: stationary kernels on evenly spaced points.

use faer::{Mat, MatMut, MatRef};
use gridgp_fft::Complex64;

use crate::circulant::Circulant;
use crate::fft::{RealFft, fast_length};
use crate::masked::Masked;
use crate::operator::{Entries, Factorize, LinearOperator, LogDet, Solve, SquareRoot};
use crate::{Error, LogDeterminant, Result};

/// A\[i, j\] = t\[|i − j|\].
///
/// | operation | route | cost |
/// |---|---|---|
/// | product | FFT of an embedding circulant matrix | n log n a column |
/// | solve, determinant | Levinson recursion, positive definite only | n² and n² a column |
/// | draws | root of the embedding, where that is semidefinite | n log n |
///
/// # Source
/// Golub & Van Loan, Matrix Computations, 4th ed., algorithms 4.7.1 and 4.7.2.
#[derive(Debug, Clone)]
pub struct Toeplitz {
    column: Vec<f64>,
    /// Of the circulant embedding, padded to a fast length. Real, since it is symmetric.
    spectrum: Vec<f64>,
    fft: RealFft,
}

impl Toeplitz {
    /// From its first column t.
    ///
    /// # Panics
    /// If the column is empty.
    pub fn new(column: Vec<f64>) -> Self {
        assert!(!column.is_empty(), "a Toeplitz matrix has at least one row");
        let n = column.len();
        let fft = RealFft::new(fast_length(2 * n - 1));
        let mut embedding = vec![0.0; fast_length(2 * n - 1)];
        embedding[..n].copy_from_slice(&column);
        let m = embedding.len();
        for k in 1..n {
            embedding[m - k] = column[k];
        }
        let spectrum = fft.spectrum(embedding).iter().map(|s| s.re).collect();
        Self { column, spectrum, fft }
    }

    /// The matrix k(|xᵢ − xⱼ|) of evenly spaced points.
    ///
    /// # Errors
    /// [`Error::Structure`] naming the first gap that differs from the mean one by more than
    /// 10⁻¹⁰ of it, or than the rounding of the points allows.
    ///
    /// ```
    /// use gridgp_linalg::Toeplitz;
    /// let k = |r: f64| (-r).exp();
    /// assert!(Toeplitz::on_even_points(&[0.0, 0.1, 0.2, 0.3], k).is_ok());
    /// let error = Toeplitz::on_even_points(&[0.0, 1.0, 2.5], k).unwrap_err();
    /// assert!(error.to_string().contains("point 0 and 1"));
    /// ```
    pub fn on_even_points(points: &[f64], mut k: impl FnMut(f64) -> f64) -> Result<Self> {
        let n = points.len();
        if n == 0 {
            return Err(Error::Structure("a Toeplitz matrix needs at least one point".into()));
        }
        let step = if n == 1 { 0.0 } else { (points[n - 1] - points[0]) / (n - 1) as f64 };
        let rounding = points.iter().fold(0.0_f64, |m, p| m.max(p.abs())) * 4.0 * f64::EPSILON;
        for i in 1..n {
            let gap = points[i] - points[i - 1];
            let even = (gap - step).abs() <= (1e-10 * step.abs()).max(rounding);
            if !even {
                return Err(Error::Structure(format!(
                    "the points are not evenly spaced: the gap between point {} and {i} is {gap}, \
                     the mean gap {step}; use a dense matrix",
                    i - 1
                )));
            }
        }
        Ok(Self::new((0..n).map(|i| k(step.abs() * i as f64)).collect()))
    }

    /// A dense matrix that has this structure exactly.
    ///
    /// # Errors
    /// [`Error::Structure`] naming the first entry that breaks it.
    pub fn from_dense(a: MatRef<'_, f64>) -> Result<Self> {
        crate::operator::check_square(a.shape(), "a symmetric Toeplitz matrix")?;
        for j in 0..a.ncols() {
            for i in 0..a.nrows() {
                let (found, expected) = (a[(i, j)], a[(i.abs_diff(j), 0)]);
                if found != expected {
                    return Err(Error::Structure(format!(
                        "entry ({i}, {j}) is {found}, but ({}, 0) on the same diagonal is \
                         {expected}: not symmetric Toeplitz",
                        i.abs_diff(j)
                    )));
                }
            }
        }
        Ok(Self::new(a.col(0).iter().copied().collect()))
    }

    /// The first column.
    pub fn column(&self) -> &[f64] {
        &self.column
    }

    /// The Levinson recursion: the leading blocks of growing size k, whose prediction errors βₖ
    /// are the ratios of their determinants. `x` holds the right-hand sides on entry, the
    /// solutions on return. βₖ are relative to t\[0\].
    fn levinson(&self, x: &mut Mat<f64>) -> Result<Vec<f64>> {
        let n = self.column.len();
        let t0 = self.column[0];
        let error = |pivot: usize, value: f64| {
            Err(Error::NotPositiveDefinite { size: n, pivot, value: value * t0 })
        };
        if t0 <= 0.0 || !t0.is_finite() {
            return Err(Error::NotPositiveDefinite { size: n, pivot: 0, value: t0 });
        }
        // r[k] = t[k + 1] / t[0], also backwards so that the dot products run forwards.
        let r: Vec<f64> = self.column[1..].iter().map(|t| t / t0).collect();
        let backwards: Vec<f64> = r.iter().rev().copied().collect();
        let mut betas = Vec::with_capacity(n);
        betas.push(1.0);
        for j in 0..x.ncols() {
            x.col_as_slice_mut(j).iter_mut().for_each(|v| *v /= t0);
        }
        // y solves the Yule-Walker equations of size k; z is y backwards.
        let (mut y, mut z) = (vec![0.0; n], vec![0.0; n]);
        let (mut beta, mut alpha) = (1.0, if n > 1 { -r[0] } else { 0.0 });
        if n > 1 {
            y[0] = alpha;
        }
        for k in 1..n {
            beta *= (1.0 - alpha) * (1.0 + alpha);
            // Below this a pivot is round-off of the sums that made it.
            if beta.is_nan() || beta <= (k + 1) as f64 * f64::EPSILON {
                return error(k, beta);
            }
            betas.push(beta);
            z[..k].iter_mut().zip(y[..k].iter().rev()).for_each(|(z, y)| *z = *y);
            let reversed = &backwards[n - 1 - k..];
            for j in 0..x.ncols() {
                let column = x.col_as_slice_mut(j);
                let mu = (column[k] - dot(&reversed[..k], &column[..k])) / beta;
                column[..k].iter_mut().zip(&z[..k]).for_each(|(x, z)| *x += mu * z);
                column[k] = mu;
            }
            if k < n - 1 {
                alpha = -(r[k] + dot(&r[..k], &z[..k])) / beta;
                y[..k].iter_mut().zip(&z[..k]).for_each(|(y, z)| *y += alpha * z);
                y[k] = alpha;
            }
        }
        Ok(betas)
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    // Four running sums: the compiler may not reorder a single one into vector lanes.
    let mut sums = [0.0; 4];
    let (a4, b4) = (a.chunks_exact(4), b.chunks_exact(4));
    let tail: f64 = a4.remainder().iter().zip(b4.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a4.zip(b4) {
        for i in 0..4 {
            sums[i] += a[i] * b[i];
        }
    }
    sums.iter().sum::<f64>() + tail
}

impl LinearOperator for Toeplitz {
    fn shape(&self) -> (usize, usize) {
        (self.column.len(), self.column.len())
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.fft.filter(x, out, |k| Complex64::from(self.spectrum[k]));
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.apply_unchecked(x, out);
    }
}

impl Entries for Toeplitz {
    fn entry(&self, row: usize, column: usize) -> f64 {
        let n = self.column.len();
        assert!(row < n && column < n, "the position is outside of the operator");
        self.column[row.abs_diff(column)]
    }
}

impl Solve for Toeplitz {
    fn solve_unchecked(&self, rhs: MatRef<'_, f64>, mut out: MatMut<'_, f64>) -> Result<()> {
        let mut x = rhs.to_owned();
        self.levinson(&mut x)?;
        out.copy_from(&x);
        Ok(())
    }

    fn solve_transpose_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.solve_unchecked(rhs, out)
    }
}

impl LogDet for Toeplitz {
    /// n log t\[0\] + Σ log βₖ.
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`].
    fn log_det(&self) -> Result<LogDeterminant> {
        let betas = self.levinson(&mut Mat::zeros(self.column.len(), 0))?;
        Ok(LogDeterminant::of_values(betas, 0.0).scaled(self.column[0]))
    }
}

impl Factorize for Toeplitz {
    type Factor = Toeplitz;

    /// Runs the recursion once to see that it is positive definite; nothing is kept, a solve
    /// costs n² a column either way.
    fn factorize(&self) -> Result<Toeplitz> {
        self.levinson(&mut Mat::zeros(self.column.len(), 0))?;
        Ok(self.clone())
    }
}

impl SquareRoot for Toeplitz {
    /// n × max(1, 2n − 2): the first rows of the root of the embedding circulant matrix.
    type Root = Masked<Circulant>;

    /// # Errors
    /// [`Error::Structure`] if the embedding is not semidefinite, as happens for smooth kernels
    /// whose range is longer than the axis; use [`Dense`](crate::Dense) then.
    fn square_root(&self) -> Result<Self::Root> {
        let n = self.column.len();
        let mut embedding = self.column.clone();
        embedding.extend(self.column[1..].iter().rev().skip(1));
        let m = embedding.len();
        let root = Circulant::new(embedding).square_root().map_err(|error| match error {
            Error::NotPositiveDefinite { value, .. } => Error::Structure(format!(
                "the circulant embedding of the {n} x {n} Toeplitz matrix has an eigenvalue of \
                 {value:.3e}, so it has no structured root; use Dense, or a longer axis"
            )),
            other => other,
        })?;
        Masked::new(root, (0..n).collect(), (0..m).collect())
    }
}
