//! Determinants as sign and logarithm, with what is known of the rank and the condition.

use crate::{Error, Result};

/// det A = `sign` · exp(`log_abs`), with a report on how near A is to singular.
///
/// `largest` and `smallest` bound the magnitudes of the values that were multiplied: eigenvalues
/// where the route has them, squared Cholesky pivots or triangular diagonals otherwise. Their
/// ratio, [`condition`](Self::condition), is the 2-norm condition in the first case and a lower
/// estimate of it in the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogDeterminant {
    /// 1, −1, or 0 for a singular matrix.
    pub sign: f64,
    /// log |det A|; −∞ for a singular matrix.
    pub log_abs: f64,
    /// Number of values that are not zero.
    pub rank: usize,
    /// Number of rows.
    pub size: usize,
    /// Largest magnitude.
    pub largest: f64,
    /// Smallest magnitude.
    pub smallest: f64,
}

impl LogDeterminant {
    /// Of the 0 × 0 matrix; the identity of [`block`](Self::block).
    pub const EMPTY: Self =
        Self { sign: 1.0, log_abs: 0.0, rank: 0, size: 0, largest: 0.0, smallest: f64::INFINITY };

    /// Of diag(values). Magnitudes up to `zero` count as zero.
    pub fn of_values(values: impl IntoIterator<Item = f64>, zero: f64) -> Self {
        values.into_iter().fold(Self::EMPTY, |mut det, v| {
            det.size += 1;
            det.largest = det.largest.max(v.abs());
            det.smallest = det.smallest.min(v.abs());
            if v.abs() > zero {
                det.rank += 1;
                det.sign *= v.signum();
                det.log_abs += v.abs().ln();
            } else {
                det.sign = 0.0;
                det.log_abs = f64::NEG_INFINITY;
            }
            det
        })
    }

    /// Of the block diagonal matrix of both.
    pub fn block(self, other: Self) -> Self {
        Self {
            sign: self.sign * other.sign,
            log_abs: self.log_abs + other.log_abs,
            rank: self.rank + other.rank,
            size: self.size + other.size,
            largest: self.largest.max(other.largest),
            smallest: self.smallest.min(other.smallest),
        }
    }

    /// Of A ⊗ B: |A|^rows(B) · |B|^rows(A).
    pub fn kronecker(self, other: Self) -> Self {
        let sign =
            |sign: f64, power: usize| if power.is_multiple_of(2) { sign * sign } else { sign };
        Self {
            sign: sign(self.sign, other.size) * sign(other.sign, self.size),
            log_abs: other.size as f64 * self.log_abs + self.size as f64 * other.log_abs,
            rank: self.rank * other.rank,
            size: self.size * other.size,
            largest: self.largest * other.largest,
            smallest: self.smallest * other.smallest,
        }
    }

    /// Of A B, both of one size. The rank is an upper bound unless one of them is regular.
    pub fn product(self, other: Self) -> Self {
        Self {
            sign: self.sign * other.sign,
            log_abs: self.log_abs + other.log_abs,
            rank: self.rank.min(other.rank),
            size: self.size,
            largest: self.largest * other.largest,
            smallest: self.smallest * other.smallest,
        }
    }

    /// Of A⁻¹.
    pub fn inverse(self) -> Self {
        Self {
            log_abs: -self.log_abs,
            largest: 1.0 / self.smallest,
            smallest: 1.0 / self.largest,
            ..self
        }
    }

    /// Of c A.
    pub fn scaled(self, c: f64) -> Self {
        if c == 0.0 {
            return Self::of_values(std::iter::repeat_n(0.0, self.size), 0.0);
        }
        Self {
            sign: self.sign * if self.size.is_multiple_of(2) { 1.0 } else { c.signum() },
            log_abs: self.log_abs + self.size as f64 * c.abs().ln(),
            largest: self.largest * c.abs(),
            smallest: self.smallest * c.abs(),
            ..self
        }
    }

    /// largest / smallest: infinite for a singular matrix, 1 for an empty one.
    pub fn condition(&self) -> f64 {
        if self.size == 0 { 1.0 } else { self.largest / self.smallest }
    }

    /// log det A of a matrix whose determinant must be positive.
    ///
    /// # Errors
    /// [`Error::Singular`] or, for a negative determinant, [`Error::Structure`].
    pub fn positive(&self) -> Result<f64> {
        if self.sign > 0.0 {
            Ok(self.log_abs)
        } else if self.sign == 0.0 {
            Err(Error::Singular { size: self.size, rank: self.rank })
        } else {
            Err(Error::Structure(format!(
                "the determinant of the {0} x {0} matrix is negative: it is not positive definite",
                self.size
            )))
        }
    }
}
