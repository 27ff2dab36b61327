//! Circulant matrices: stationary kernels on full periods.

use std::f64::consts::{PI, TAU};

use faer::{Mat, MatMut, MatRef};
use gridgp_fft::Complex64;

use crate::dense::Dense;
use crate::diagonalized::Diagonalized;
use crate::fft::RealFft;
use crate::operator::{Eigen, Entries, Factorize, LinearOperator, LogDet, Solve, SquareRoot};
use crate::{Error, LogDeterminant, Result};

/// A\[i, j\] = c\[(i − j) mod n\]. Products and solves by fast Fourier transform, O(n log n).
///
/// ```
/// use faer::mat;
/// use gridgp_linalg::{Circulant, LinearOperator};
/// let c = Circulant::new(vec![2.0, 1.0, 0.0, 1.0]);
/// let x = mat![[1.0], [0.0], [0.0], [0.0]];
/// assert!((c.apply(x.as_ref()) - mat![[2.0], [1.0], [0.0], [1.0]]).norm_max() < 1e-15);
/// ```
#[derive(Debug, Clone)]
pub struct Circulant {
    column: Vec<f64>,
    spectrum: Vec<Complex64>,
    fft: RealFft,
}

impl Circulant {
    /// From its first column.
    ///
    /// # Panics
    /// If the column is empty.
    pub fn new(column: Vec<f64>) -> Self {
        assert!(!column.is_empty(), "a circulant matrix has at least one row");
        let fft = RealFft::new(column.len());
        let spectrum = fft.spectrum(column.clone());
        Self { column, spectrum, fft }
    }

    /// The first column.
    pub fn column(&self) -> &[f64] {
        &self.column
    }

    /// Whether c\[k\] = c\[n − k\], exactly.
    pub fn is_symmetric(&self) -> bool {
        let n = self.column.len();
        (1..n).all(|k| self.column[k] == self.column[n - k])
    }

    /// All n eigenvalues, Σₖ c\[k\] exp(−2πi f k / n) for the frequencies f = 0 … n − 1.
    pub fn eigenvalues(&self) -> Vec<Complex64> {
        let n = self.column.len();
        (0..n)
            .map(|f| {
                if f < self.spectrum.len() { self.spectrum[f] } else { self.spectrum[n - f].conj() }
            })
            .collect()
    }

    fn threshold(&self) -> f64 {
        let largest = self.spectrum.iter().fold(0.0_f64, |m, v| m.max(v.norm()));
        self.column.len() as f64 * f64::EPSILON * largest
    }

    fn check_regular(&self) -> Result<()> {
        let zero = self.threshold();
        let size = self.column.len();
        let rank = self.eigenvalues().iter().filter(|v| v.norm() > zero).count();
        if rank < size { Err(Error::Singular { size, rank }) } else { Ok(()) }
    }

    fn check_symmetric(&self) -> Result<()> {
        if self.is_symmetric() {
            return Ok(());
        }
        Err(Error::Structure(
            "the circulant matrix is not symmetric: its first column must read the same backwards \
             from its second entry on"
                .into(),
        ))
    }

    /// The symmetric matrix whose eigenvalues are f of those of this symmetric one.
    fn map(&self, f: impl Fn(usize, f64) -> Result<f64>) -> Result<Self> {
        let values = self.spectrum.iter().enumerate().map(|(k, v)| Ok(f(k, v.re)?.into()));
        let spectrum: Vec<Complex64> = values.collect::<Result<_>>()?;
        let mut column = self.fft.vector(spectrum.clone());
        // The transform leaves round-off between entries that must agree.
        let n = column.len();
        for k in 1..n.div_ceil(2) {
            column[n - k] = column[k];
        }
        Ok(Self { column, spectrum, fft: self.fft.clone() })
    }

    /// √λ, where negative round-off counts as zero.
    fn root_of(&self) -> impl Fn(usize, f64) -> Result<f64> {
        let (zero, size) = (self.threshold(), self.column.len());
        move |pivot, value| {
            if value >= -zero {
                return Ok(value.max(0.0).sqrt());
            }
            Err(Error::NotPositiveDefinite { size, pivot, value })
        }
    }
}

impl LinearOperator for Circulant {
    fn shape(&self) -> (usize, usize) {
        (self.column.len(), self.column.len())
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.fft.filter(x, out, |k| self.spectrum[k]);
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.fft.filter(x, out, |k| self.spectrum[k].conj());
    }
}

impl Entries for Circulant {
    fn entry(&self, row: usize, column: usize) -> f64 {
        let n = self.column.len();
        assert!(row < n && column < n, "the position is outside of the operator");
        self.column[(row + n - column) % n]
    }
}

impl Solve for Circulant {
    fn solve_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.check_regular()?;
        self.fft.filter(rhs, out, |k| self.spectrum[k].inv());
        Ok(())
    }

    fn solve_transpose_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.check_regular()?;
        self.fft.filter(rhs, out, |k| self.spectrum[k].conj().inv());
        Ok(())
    }
}

impl LogDet for Circulant {
    fn log_det(&self) -> Result<LogDeterminant> {
        let n = self.column.len();
        let magnitudes = self.eigenvalues().into_iter().enumerate().map(|(f, v)| {
            // Conjugate pairs multiply to something positive; only the real ones have a sign.
            if f == 0 || 2 * f == n { v.re } else { v.norm() }
        });
        Ok(LogDeterminant::of_values(magnitudes, self.threshold()))
    }
}

impl Factorize for Circulant {
    type Factor = Circulant;

    /// Checks that it is symmetric positive definite; it solves without a factorization.
    fn factorize(&self) -> Result<Circulant> {
        self.check_symmetric()?;
        self.check_regular()?;
        let root = self.root_of();
        self.spectrum.iter().enumerate().try_for_each(|(k, v)| root(k, v.re).map(drop))?;
        Ok(self.clone())
    }
}

impl SquareRoot for Circulant {
    type Root = Circulant;

    /// The symmetric root, again circulant.
    fn square_root(&self) -> Result<Circulant> {
        self.check_symmetric()?;
        self.map(self.root_of())
    }
}

impl Eigen for Circulant {
    type Basis = Dense;

    /// The real Fourier basis of a symmetric circulant matrix, as an n × n matrix.
    fn eigen(&self) -> Result<Diagonalized<Dense>> {
        self.check_symmetric()?;
        let n = self.column.len();
        // Columns: the cosines of f = 0 … n/2, then the sines of the f in between.
        let cosines = n / 2 + 1;
        let frequency = |j: usize| if j < cosines { j } else { j - cosines + 1 };
        let basis = Mat::from_fn(n, n, |i, j| {
            let f = frequency(j);
            // Reduced mod n first, so that large products keep their digits.
            let angle = TAU * ((i * f) % n) as f64 / n as f64;
            if f == 0 {
                (n as f64).sqrt().recip()
            } else if 2 * f == n {
                (PI * (i % 2) as f64).cos() / (n as f64).sqrt()
            } else {
                (2.0 / n as f64).sqrt() * if j < cosines { angle.cos() } else { angle.sin() }
            }
        });
        let values = (0..n).map(|j| self.spectrum[frequency(j)].re).collect();
        Ok(Diagonalized::orthonormal(Dense::new(basis), values))
    }
}
