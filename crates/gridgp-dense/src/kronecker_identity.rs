//! scale · K₁ ⊗ K₂ ⊗ … + noise · I in the joint eigenbasis of its factors.

use crate::{Basis, Error, Result, Spectral};

/// A = scale · ⊗ₐ Kₐ + noise · I, with Kₐ = Qₐ Λₐ Qₐᵀ.
///
/// In the basis ⊗Qₐ the matrix is D = scale · ⊗λ + noise, a vector of ∏rₐ numbers; everything
/// outside the span of the basis is noise · I. Every operation costs mode products, Σ N·rₐ, and
/// never forms an N x N matrix.
///
/// ```
/// use faer::mat;
/// use gridgp_dense::{Facts, KroneckerIdentity, Spectral};
/// let k = mat![[1.0, 0.5], [0.5, 1.0]];
/// let factor = Spectral::new(k.as_ref(), Facts::default())?;
/// let a = KroneckerIdentity::new(vec![factor.clone(), factor], 2.0, 0.1)?;
/// let x = a.solve(&[1.0, 0.0, 0.0, 1.0]);
/// // (2 K⊗K + 0.1 I) x gives the right-hand side back.
/// assert!((2.1 * x[0] + x[1] + x[2] + 0.5 * x[3] - 1.0).abs() < 1e-12);
/// # Ok::<(), gridgp_dense::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct KroneckerIdentity {
    factors: Vec<Spectral>,
    scale: f64,
    noise: f64,
}

impl KroneckerIdentity {
    /// A = scale · ⊗ factors + noise · I. The last factor runs fastest.
    ///
    /// # Errors
    /// [`Error::Structure`] if there is no factor, or `scale` or `noise` is negative or not
    /// finite, or the noise is zero while the product is singular.
    pub fn new(factors: Vec<Spectral>, scale: f64, noise: f64) -> Result<Self> {
        if factors.is_empty() {
            return Err(Error::Structure("a Kronecker product needs at least one factor".into()));
        }
        for (name, v) in [("scale", scale), ("noise", noise)] {
            if !v.is_finite() || v < 0.0 {
                return Err(Error::Structure(format!(
                    "the {name} of scale * K + noise * I must be finite and not negative, not {v}"
                )));
            }
        }
        let a = Self { factors, scale, noise };
        if noise == 0.0 && (a.rank() < a.size() || a.diagonal().contains(&0.0)) {
            return Err(Error::Singular { size: a.size(), rank: a.rank() });
        }
        Ok(a)
    }

    /// The factors, slowest first.
    pub fn factors(&self) -> &[Spectral] {
        &self.factors
    }

    /// The factor of the Kronecker product.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// The factor of the identity.
    pub fn noise(&self) -> f64 {
        self.noise
    }

    /// Number of rows N.
    pub fn size(&self) -> usize {
        self.factors.iter().map(Spectral::size).product()
    }

    /// Number of eigenpairs kept for the product, ∏ rₐ.
    pub fn rank(&self) -> usize {
        self.factors.iter().map(Spectral::rank).product()
    }

    /// The eigenvalues D = scale · ⊗λ + noise, one for each kept pair, last factor fastest.
    pub fn diagonal(&self) -> Vec<f64> {
        let mut d = vec![self.scale];
        for factor in &self.factors {
            d = d.iter().flat_map(|v| factor.values().iter().map(move |l| v * l)).collect();
        }
        d.iter_mut().for_each(|v| *v += self.noise);
        d
    }

    /// log det A = Σ log D + (N − ∏rₐ) log noise.
    pub fn log_det(&self) -> f64 {
        let outside = self.size() - self.rank();
        let rest = if outside == 0 { 0.0 } else { outside as f64 * self.noise.ln() };
        self.diagonal().iter().map(|d| d.ln()).sum::<f64>() + rest
    }

    /// A⁻¹ b.
    ///
    /// # Panics
    /// If b does not have N entries.
    pub fn solve(&self, b: &[f64]) -> Vec<f64> {
        assert_eq!(b.len(), self.size(), "the right-hand side must have {} entries", self.size());
        let bases: Vec<&Basis> = self.factors.iter().map(Spectral::basis).collect();
        let mut tilde = project_all(&bases, b.to_vec());
        let outside = (self.rank() < self.size()).then(|| {
            // What the basis cannot reach. Projecting twice removes what cancellation leaves
            // inside the span, which the division by the noise would blow up.
            let mut rest = b.to_vec();
            subtract(&mut rest, &expand_all(&bases, tilde.clone()));
            let again = project_all(&bases, rest.clone());
            subtract(&mut rest, &expand_all(&bases, again));
            rest
        });
        tilde.iter_mut().zip(self.diagonal()).for_each(|(t, d)| *t /= d);
        let mut x = expand_all(&bases, tilde);
        if let Some(rest) = outside {
            x.iter_mut().zip(rest).for_each(|(x, r)| *x += r / self.noise);
        }
        x
    }

    /// A x.
    ///
    /// # Panics
    /// If x does not have N entries.
    pub fn apply(&self, x: &[f64]) -> Vec<f64> {
        assert_eq!(x.len(), self.size(), "x must have {} entries", self.size());
        let bases: Vec<&Basis> = self.factors.iter().map(Spectral::basis).collect();
        let mut tilde = project_all(&bases, x.to_vec());
        tilde.iter_mut().zip(self.diagonal()).for_each(|(t, d)| *t *= d - self.noise);
        let mut out = expand_all(&bases, tilde);
        out.iter_mut().zip(x).for_each(|(o, x)| *o += self.noise * x);
        out
    }
}

fn subtract(a: &mut [f64], b: &[f64]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a -= b);
}

/// (⊗Qₐ)ᵀ x, for a row-major x whose axes have the sizes of the bases.
///
/// # Panics
/// If the length of x does not match.
pub fn project_all(bases: &[&Basis], mut x: Vec<f64>) -> Vec<f64> {
    project_in_place(bases, &mut x, &mut Vec::new());
    x
}

/// [`project_all`] of a buffer, with another one to work in; both may be used again.
///
/// Axes that shrink most go first, so that the others have less to do.
///
/// # Panics
/// If the length of x does not match.
pub fn project_in_place(bases: &[&Basis], x: &mut Vec<f64>, scratch: &mut Vec<f64>) {
    let order = by_shrinkage(bases);
    transform(bases, &order, x, scratch, Basis::size, Basis::rank, |basis, x, left, right, out| {
        basis.project(x, left, right, out);
    });
}

/// (⊗Qₐ) y, the adjoint of [`project_all`].
///
/// # Panics
/// If the length of y does not match.
pub fn expand_all(bases: &[&Basis], mut y: Vec<f64>) -> Vec<f64> {
    expand_in_place(bases, &mut y, &mut Vec::new());
    y
}

/// [`expand_all`] of a buffer, with another one to work in; both may be used again.
///
/// # Panics
/// If the length of y does not match.
pub fn expand_in_place(bases: &[&Basis], y: &mut Vec<f64>, scratch: &mut Vec<f64>) {
    let mut order = by_shrinkage(bases);
    order.reverse();
    transform(bases, &order, y, scratch, Basis::rank, Basis::size, |q, y, left, right, out| {
        q.expand(y, left, right, out);
    });
}

fn by_shrinkage(bases: &[&Basis]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..bases.len()).collect();
    let shrinkage = |a: &usize| bases[*a].rank() as f64 / bases[*a].size() as f64;
    order.sort_by(|a, b| shrinkage(a).total_cmp(&shrinkage(b)));
    order
}

/// One step an axis, back and forth between two buffers.
fn transform(
    bases: &[&Basis],
    order: &[usize],
    x: &mut Vec<f64>,
    out: &mut Vec<f64>,
    before: impl Fn(&Basis) -> usize,
    after: impl Fn(&Basis) -> usize,
    step: impl Fn(&Basis, &mut [f64], usize, usize, &mut [f64]),
) {
    let mut shape: Vec<usize> = bases.iter().map(|b| before(b)).collect();
    assert_eq!(x.len(), shape.iter().product::<usize>(), "the tensor does not match the bases");
    for &a in order {
        if matches!(bases[a], Basis::Identity { .. }) {
            continue;
        }
        let left = shape[..a].iter().product();
        let right = shape[a + 1..].iter().product();
        shape[a] = after(bases[a]);
        out.resize(shape.iter().product(), 0.0);
        step(bases[a], x, left, right, out);
        std::mem::swap(x, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cholesky, Facts};
    use faer::Mat;

    fn factor(n: usize, l: f64, rank: usize) -> Spectral {
        if rank < n {
            let f = Mat::from_fn(n, rank, |i, j| (i as f64 / n as f64).powi(j as i32));
            return Spectral::from_features(f.as_ref()).unwrap();
        }
        let k = Mat::from_fn(n, n, |i, j| (-(i as f64 - j as f64).abs() / l).exp());
        Spectral::new(k.as_ref(), Facts { centrosymmetric: true, smooth: true }).unwrap()
    }

    fn dense(a: &KroneckerIdentity) -> Mat<f64> {
        let mut k = Mat::from_fn(1, 1, |_, _| a.scale);
        for f in a.factors() {
            k = k.kron(&f.to_dense());
        }
        k + faer::Scale(a.noise) * Mat::<f64>::identity(a.size(), a.size())
    }

    #[test]
    fn agrees_with_the_dense_matrix() {
        for ranks in [[3, 20, 4], [3, 2, 4], [1, 5, 2], [3, 20, 1]] {
            let sizes = [3, 20, 4];
            let factors = (0..3).map(|i| factor(sizes[i], 2.0 + i as f64, ranks[i])).collect();
            let a = KroneckerIdentity::new(factors, 1.7, 0.01).unwrap();
            let full = dense(&a);
            let chol = Cholesky::new(full.as_ref()).unwrap();
            assert!((a.log_det() / chol.log_det() - 1.0).abs() < 1e-12);
            let b = Mat::from_fn(240, 1, |i, _| (i as f64).sin());
            let mut want = b.clone();
            chol.solve_in_place(want.as_mut());
            let rhs: Vec<f64> = b.col(0).iter().copied().collect();
            let x = a.solve(&rhs);
            for i in 0..240 {
                assert!((x[i] - want[(i, 0)]).abs() < 1e-10 * want.norm_max());
            }
            let back = a.apply(&x);
            assert!(back.iter().zip(&rhs).all(|(a, b)| (a - b).abs() < 1e-10));
        }
    }

    #[test]
    fn singular_without_noise_is_an_error() {
        let factors = vec![factor(5, 1.0, 2), factor(3, 1.0, 3)];
        assert_eq!(
            KroneckerIdentity::new(factors, 1.0, 0.0).unwrap_err(),
            Error::Singular { size: 15, rank: 6 }
        );
    }
}
