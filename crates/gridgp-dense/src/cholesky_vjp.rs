//! The pullback of a Cholesky factorization.

use faer::prelude::ReborrowMut;
use faer::{Accum, MatMut};

use crate::Cholesky;
use crate::gemm::gemm;
use crate::threads;

impl Cholesky {
    /// The adjoint of A = L Lᵀ from the adjoint of L.
    ///
    /// Ā = ½ L⁻ᵀ (P + Pᵀ) L⁻¹ with P the lower triangle of Lᵀ L̄, its diagonal halved. Of `l_bar` the
    /// lower triangle is read; it is overwritten. `out` becomes Ā, symmetric: ⟨Ā, dA⟩ sums over all
    /// entries of a symmetric dA.
    ///
    /// # Panics
    /// If the shapes do not match.
    ///
    /// # Source
    /// Murray (2016), Differentiation of the Cholesky decomposition, arXiv:1602.07527.
    pub fn vjp(&self, mut l_bar: MatMut<'_, f64>, mut out: MatMut<'_, f64>) {
        let n = self.size();
        assert_eq!((l_bar.nrows(), l_bar.ncols()), (n, n), "l_bar does not match L");
        assert_eq!((out.nrows(), out.ncols()), (n, n), "out does not match L");
        for j in 1..n {
            l_bar.rb_mut().col_mut(j).subrows_mut(0, j).fill(0.0);
        }
        let par = threads::for_flops(2 * n * n * n);
        gemm(out.rb_mut(), Accum::Replace, self.l().transpose(), l_bar.as_ref(), par);
        l_bar.copy_from(out.as_ref());
        self.vjp_from_inner(l_bar, out);
    }

    /// As [`vjp`](Self::vjp), from Lᵀ L̄: of `inner` the lower triangle is read; it is overwritten.
    ///
    /// # Panics
    /// If the shapes do not match.
    pub fn vjp_from_inner(&self, mut inner: MatMut<'_, f64>, mut out: MatMut<'_, f64>) {
        let n = self.size();
        assert_eq!((inner.nrows(), inner.ncols()), (n, n), "inner does not match L");
        assert_eq!((out.nrows(), out.ncols()), (n, n), "out does not match L");
        for j in 0..n {
            for i in j + 1..n {
                inner[(j, i)] = inner[(i, j)];
            }
        }
        self.solve_lt_in_place(inner.rb_mut());
        out.copy_from(inner.as_ref().transpose());
        self.solve_lt_in_place(out.rb_mut());
        for j in 0..n {
            for i in 0..=j {
                // Rounding must not make it asymmetric.
                let mean = 0.25 * (out[(i, j)] + out[(j, i)]);
                (out[(i, j)], out[(j, i)]) = (mean, mean);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use faer::Mat;

    use super::*;

    #[test]
    fn it_is_the_derivative() {
        let n = 6;
        let a = Mat::from_fn(n, n, |i, j| {
            (-0.3 * (i as f64 - j as f64).powi(2)).exp() + if i == j { 0.2 } else { 0.0 }
        });
        let weights = Mat::from_fn(n, n, |i, j| ((3 * i + 5 * j) as f64).sin());
        let value = |a: &Mat<f64>| {
            let chol = Cholesky::new(a.as_ref()).unwrap();
            (0..n)
                .flat_map(|i| (0..=i).map(move |j| (i, j)))
                .fold(0.0, |s, (i, j)| s + weights[(i, j)] * chol.l()[(i, j)])
        };
        let mut bar = Mat::zeros(n, n);
        let chol = Cholesky::new(a.as_ref()).unwrap();
        chol.vjp(weights.clone().as_mut(), bar.as_mut());
        for i in 0..n {
            for j in 0..=i {
                let shifted = |h: f64| {
                    let mut b = a.clone();
                    b[(i, j)] += h;
                    if i != j {
                        b[(j, i)] += h;
                    }
                    value(&b)
                };
                let h = 1e-4;
                let slope = (8.0 * (shifted(h) - shifted(-h)) - shifted(2.0 * h)
                    + shifted(-2.0 * h))
                    / (12.0 * h);
                let found = if i == j { bar[(i, i)] } else { bar[(i, j)] + bar[(j, i)] };
                assert!((found - slope).abs() < 1e-8, "({i}, {j}): {found} for {slope}");
            }
        }
    }
}
