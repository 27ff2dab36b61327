//! Symmetric matrices of as many rows as a likelihood has parameters.

use gridgp_likelihood::MAX_PARAMETERS;

/// What is below this share of a diagonal entry is 0.
const NOTHING: f64 = 1e-12;

/// A matrix of at most [`MAX_PARAMETERS`] rows; which of them count is known elsewhere.
pub(super) type Square = [[f64; MAX_PARAMETERS]; MAX_PARAMETERS];

/// A root R of a positive semidefinite matrix V = R Rᵀ: n rows and as many columns as V has rank.
#[derive(Debug, Clone, Copy)]
pub(super) struct Root {
    pub(super) rows: Square,
    /// The rows that make a lower triangular matrix of full rank; the others follow from them.
    pub(super) kept: [usize; MAX_PARAMETERS],
    pub(super) rank: usize,
}

impl Root {
    /// That of the leading n rows of V; `None` where V is indefinite or not finite.
    pub(super) fn new(v: &Square, n: usize) -> Option<Self> {
        let mut rows = Square::default();
        let (mut kept, mut rank) = ([0; MAX_PARAMETERS], 0);
        for j in 0..n {
            for k in 0..rank {
                let dot: f64 = (0..k).map(|m| rows[j][m] * rows[kept[k]][m]).sum();
                rows[j][k] = (v[j][kept[k]] - dot) / rows[kept[k]][k];
            }
            let rest = v[j][j] - (0..rank).map(|m| rows[j][m] * rows[j][m]).sum::<f64>();
            if !rest.is_finite() || rest < -1e-6 * v[j][j].abs() {
                return None;
            }
            if rest > NOTHING * v[j][j] {
                rows[j][rank] = rest.sqrt();
                kept[rank] = j;
                rank += 1;
            }
        }
        Some(Self { rows, kept, rank })
    }

    /// Solves Tᵀ x = b in place, T the triangular matrix of the rows kept.
    pub(super) fn solve_transpose(&self, b: &mut [f64]) {
        for k in (0..self.rank).rev() {
            b[k] /= self.rows[self.kept[k]][k];
            for m in 0..k {
                b[m] -= self.rows[self.kept[k]][m] * b[k];
            }
        }
    }

    /// T⁻ᵀ A T⁻¹ of a symmetric A.
    pub(super) fn both_sides(&self, a: &Square) -> Square {
        let mut out = *a;
        // Twice: the columns, then those of the transpose.
        for _ in 0..2 {
            let mut turned = Square::default();
            for j in 0..self.rank {
                let mut column: [f64; MAX_PARAMETERS] = std::array::from_fn(|i| out[i][j]);
                self.solve_transpose(&mut column[..self.rank]);
                turned[j] = column;
            }
            out = turned;
        }
        out
    }
}

/// The inverse of the leading n rows of a positive definite matrix, and its log determinant; `None` where it
/// is not positive definite.
pub(super) fn inverse(a: &Square, n: usize) -> Option<(Square, f64)> {
    let root = Root::new(a, n).filter(|r| r.rank == n)?;
    let log_det: f64 = (0..n).map(|k| 2.0 * root.rows[k][k].ln()).sum();
    let identity: Square =
        std::array::from_fn(|i| std::array::from_fn(|j| f64::from(u8::from(i == j && i < n))));
    Some((root.both_sides(&identity), log_det))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_of_a_singular_matrix_keeps_rows_of_full_rank() {
        // The third row is the sum of the others.
        let (a, b) = ([2.0, 0.0], [1.0, 0.5]);
        let rows = [a, b, [a[0] + b[0], a[1] + b[1]]];
        let mut v = Square::default();
        for i in 0..3 {
            for j in 0..3 {
                v[i][j] = rows[i][0] * rows[j][0] + rows[i][1] * rows[j][1];
            }
        }
        let root = Root::new(&v, 3).unwrap();
        assert_eq!((root.rank, &root.kept[..2]), (2, &[0, 1][..]));
        for i in 0..3 {
            for j in 0..3 {
                let found: f64 = (0..2).map(|k| root.rows[i][k] * root.rows[j][k]).sum();
                assert!((found - v[i][j]).abs() < 1e-14);
            }
        }
        assert!(inverse(&v, 3).is_none());
        let (found, log_det) = inverse(&v, 2).unwrap();
        let product = v[0][0] * found[0][1] + v[0][1] * found[1][1];
        assert!(product.abs() < 1e-14 && log_det.abs() < 1e-14);
        assert!((v[0][0] * found[0][0] + v[0][1] * found[1][0] - 1.0).abs() < 1e-14);
    }
}
