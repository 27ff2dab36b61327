//! The curvature against differences of the gradient and against the expected information.

use super::{Law, expectation, slope};
use crate::MAX_PARAMETERS;

/// A symmetric matrix; rows and columns that no parameter has are 0.
#[derive(Debug, Clone, Copy, Default)]
struct Matrix([[f64; MAX_PARAMETERS]; MAX_PARAMETERS]);

impl Matrix {
    /// The largest difference of two entries.
    fn distance(&self, other: &Self) -> f64 {
        let pairs = self.0.iter().flatten().zip(other.0.iter().flatten());
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    }

    /// The smallest eigenvalue of the rows and columns in use, by Jacobi's rotations.
    fn smallest_eigenvalue(&self, used: &[bool]) -> f64 {
        let mut a = self.0;
        for _ in 0..20 {
            for i in 0..MAX_PARAMETERS {
                for j in 0..i {
                    if a[i][j] == 0.0 {
                        continue;
                    }
                    let (sin, cos) = (0.5 * (2.0 * a[i][j]).atan2(a[j][j] - a[i][i])).sin_cos();
                    for row in &mut a {
                        (row[j], row[i]) =
                            (cos * row[j] + sin * row[i], cos * row[i] - sin * row[j]);
                    }
                    for k in 0..MAX_PARAMETERS {
                        (a[j][k], a[i][k]) =
                            (cos * a[j][k] + sin * a[i][k], cos * a[i][k] - sin * a[j][k]);
                    }
                }
            }
        }
        let used = (0..used.len()).filter(|&i| used[i]);
        used.map(|i| a[i][i]).fold(f64::INFINITY, f64::min)
    }
}

impl Law<'_> {
    /// −∂²log p/∂p∂pᵀ by differences, and what they may be off by.
    fn observed(&self, y: f64) -> (Matrix, Matrix) {
        let n = self.p.len();
        let (mut hessian, mut gaps) = (Matrix::default(), Matrix::default());
        for i in (0..n).filter(|&i| self.is_free(i)) {
            for j in (0..n).filter(|&j| self.is_free(j)) {
                let f = |v| match self.gradient(y, &self.with(j, v)) {
                    (value, gradient) if value.is_finite() => gradient[i],
                    _ => f64::NAN,
                };
                let (value, gap) = slope(f, self.p[j], self.reach(j));
                hessian.0[i][j] = -value;
                gaps.0[i][j] = gap;
            }
        }
        (hessian, gaps)
    }

    /// E(∇log p ∇log pᵀ), `None` where it does not converge.
    fn expected(&self) -> Option<Matrix> {
        let n = self.p.len();
        let mut information = Matrix::default();
        let product = |i: usize, j: usize| {
            move |y: f64| {
                let (_, g) = self.gradient(y, self.p);
                g[i] * g[j]
            }
        };
        for i in 0..n {
            for j in (0..=i).rev() {
                let near = expectation(self, 1e-9, product(i, j));
                let far = expectation(self, 0.0, product(i, j));
                information.0[i][j] = far;
                information.0[j][i] = far;
                let size = (information.0[i][i] * information.0[j][j]).sqrt();
                if !far.is_finite() || (near - far).abs() > 1e-6 * size {
                    return None;
                }
            }
        }
        Some(information)
    }

    pub(super) fn check_curvature(&self) {
        let n = self.p.len();
        let expected = self.expected();
        let used: Vec<bool> = (0..n).map(|j| self.is_free(j)).collect();
        for y in self.observations() {
            let mut out = vec![f64::NAN; n * n];
            self.likelihood.curvature(y, self.p, &mut out);
            assert!(out.iter().all(|v| v.is_finite()), "{self}: curvature at {y} is {out:?}");
            let mut found = Matrix::default();
            for (i, row) in out.chunks(n).enumerate() {
                found.0[i][..n].copy_from_slice(row);
            }
            // Scaled to a unit diagonal.
            let size: Vec<f64> = found.0.iter().enumerate().map(|(i, row)| row[i].sqrt()).collect();
            let scaled = |m: &Matrix| {
                let mut scaled = *m;
                for i in 0..n {
                    for j in 0..n {
                        let unit = size[i] * size[j];
                        scaled.0[i][j] /= if unit > 0.0 { unit } else { 1.0 };
                    }
                }
                scaled
            };
            let found = scaled(&found);
            for i in 0..n {
                for j in 0..i {
                    let skew = (found.0[i][j] - found.0[j][i]).abs();
                    assert!(skew <= 1e-14, "{self}: curvature at {y} is not symmetric: {out:?}");
                }
            }
            let low = found.smallest_eigenvalue(&used);
            assert!(
                low >= -1e-10,
                "{self}: curvature at {y} is not semidefinite: {low:e}, {out:?}"
            );

            let (observed, gaps) = self.observed(y);
            let observed = scaled(&observed);
            let low = observed.smallest_eigenvalue(&used);
            let reference = match &expected {
                _ if low > 1e-6 => observed,
                Some(information) if low < -1e-6 => scaled(information),
                _ => continue,
            };
            let gap = scaled(&gaps).distance(&Matrix::default());
            assert!(gap < 1e-4, "{self}: differences at {y} are only good to {gap:e}");
            let off = found.distance(&reference);
            assert!(
                off <= 1e-6 + 3.0 * gap,
                "{self}: curvature at {y} is off by {off:e}: {found:?}, expected {reference:?}"
            );
        }
    }
}
