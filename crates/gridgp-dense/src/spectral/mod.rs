//! Spectral factors of covariance matrices: K = Q Λ Qᵀ, by the cheapest exact route.
//!
//! | K | route | cost |
//! |---|---|---|
//! | diagonal | none needed | n² to notice |
//! | features F (n x r) with K = F Fᵀ | r x r eigenproblem | n r² |
//! | numerically of low rank r | pivoted Cholesky, then as features | n r² |
//! | centrosymmetric (stationary kernel, symmetric axis) | two eigenproblems of half the size | n³ / 4 |
//! | anything else | symmetric eigensolver | n³ |
//!
//! Eigenvalues that are zero to rounding are dropped together with their vectors, so that
//! everything downstream costs the numerical rank; [`Spectral::dropped`] bounds what that removed.

mod basis;
mod eigen;
mod low_rank;
mod resolved;

pub use basis::Basis;
pub use eigen::{SymmetricEigen, symmetric_eigen};

use faer::{Mat, MatRef};
use rayon::prelude::*;

use crate::cholesky::check_finite;
use crate::{Error, Result};

/// K = Q Λ Qᵀ for a symmetric positive semidefinite K of size n, with n x r orthonormal Q.
#[derive(Debug, Clone)]
pub struct Spectral {
    values: Vec<f64>,
    basis: Basis,
    dropped: f64,
    rounding: f64,
}

/// What is known about a matrix beyond its entries; each fact opens a cheaper route.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// K\[i, j\] = K\[n−1−i, n−1−j\]: a stationary kernel on an axis that is its own mirror image.
    /// It is verified; a matrix that is not takes the general route.
    ///
    /// This must hold for the derivatives of K too where [`Basis::blocks`] is used to restrict
    /// an adjoint, which is why it is stated and not discovered.
    pub centrosymmetric: bool,
    /// K may be of low numerical rank: try a pivoted Cholesky factorization first.
    pub smooth: bool,
}

impl Spectral {
    /// Factorizes K by the cheapest route that `facts` allow.
    ///
    /// # Errors
    /// [`Error::NotFinite`], [`Error::Eigen`], or [`Error::NotPositiveDefinite`] if an eigenvalue
    /// is negative beyond rounding.
    ///
    /// # Panics
    /// If `k` is not square.
    pub fn new(k: MatRef<'_, f64>, facts: Facts) -> Result<Self> {
        if let Some(cheap) = Self::cheap(k, facts)? {
            return Ok(cheap);
        }
        let (basis, blocks) = block_diagonal(k, facts);
        let pairs = blocks.par_iter().map(|b| symmetric_eigen(b.as_ref()));
        let mut pairs = pairs.collect::<Result<Vec<_>>>()?.into_iter();
        let (mut values, first) = pairs.next().expect("a matrix has a block");
        let basis = match pairs.next() {
            None => Basis::Dense(first),
            Some((more, odd)) => {
                values.extend(more);
                Basis::Split { size: basis.size(), even: first, odd }
            }
        };
        Self::from_pairs(values, basis, 0.0)
    }

    /// Factorizes K if that takes no n x n eigenproblem: where it is diagonal, or smooth and of low
    /// numerical rank.
    ///
    /// # Errors
    /// As [`Spectral::new`].
    ///
    /// # Panics
    /// If `k` is not square.
    pub fn cheap(k: MatRef<'_, f64>, facts: Facts) -> Result<Option<Self>> {
        let n = k.nrows();
        assert_eq!(n, k.ncols(), "a covariance matrix is square");
        check_finite(k, "covariance matrix")?;
        if let Some(diagonal) = as_diagonal(k) {
            return Self::from_pairs(diagonal, Basis::Identity { size: n }, 0.0).map(Some);
        }
        let low_rank = facts.smooth.then(|| low_rank::pivoted_cholesky(k)).flatten();
        low_rank.map(|f| Self::of_features(f.l.as_ref(), f.residual_trace)).transpose()
    }

    /// The spectral factor of F Fᵀ, for features F of shape (n, r).
    ///
    /// # Errors
    /// As [`Spectral::new`].
    pub fn from_features(f: MatRef<'_, f64>) -> Result<Self> {
        check_finite(f, "features")?;
        if f.nrows() <= f.ncols() {
            return Self::new((f * f.transpose()).as_ref(), Facts::default());
        }
        Self::of_features(f, 0.0)
    }

    /// F Fᵀ = (V R)(V R)ᵀ = V (R Rᵀ) Vᵀ: an r x r problem after a QR factorization.
    fn of_features(f: MatRef<'_, f64>, dropped: f64) -> Result<Self> {
        let qr = f.qr();
        let (v, r) = (qr.compute_thin_Q(), qr.thin_R());
        let (values, vectors) = symmetric_eigen((r * r.transpose()).as_ref())?;
        Self::from_pairs(values, Basis::Dense(v * vectors), dropped)
    }

    /// Eigenpairs that are already known.
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`] if a value is negative beyond rounding.
    ///
    /// # Panics
    /// If the numbers of values and vectors differ.
    pub fn from_eigen(values: Vec<f64>, vectors: Mat<f64>) -> Result<Self> {
        assert_eq!(values.len(), vectors.ncols(), "one value a vector");
        Self::from_pairs(values, Basis::Dense(vectors), 0.0)
    }

    /// Drops what is zero to rounding, and refuses what is negative beyond it.
    fn from_pairs(values: Vec<f64>, mut basis: Basis, mut dropped: f64) -> Result<Self> {
        let n = basis.size();
        let largest = values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        let rounding = f64::EPSILON * largest;
        let (pivot, smallest) = values
            .iter()
            .copied()
            .enumerate()
            .fold((0, f64::INFINITY), |(i, m), (j, v)| if v < m { (j, v) } else { (i, m) });
        if smallest < -100.0 * n as f64 * rounding {
            return Err(Error::NotPositiveDefinite { size: n, pivot, value: smallest });
        }
        let keep: Vec<bool> = values.iter().map(|&v| v > 4.0 * rounding).collect();
        let values = if matches!(basis, Basis::Identity { .. }) || keep.iter().all(|&k| k) {
            values.into_iter().map(|v| v.max(0.0)).collect()
        } else {
            dropped +=
                values.iter().zip(&keep).filter(|(_, k)| !**k).map(|(v, _)| v.abs()).sum::<f64>();
            basis = basis.keep(&keep);
            values.into_iter().zip(&keep).filter_map(|(v, k)| k.then_some(v)).collect()
        };
        Ok(Self { values, basis, dropped, rounding: 0.0 })
    }

    /// Number of rows n of K.
    pub fn size(&self) -> usize {
        self.basis.size()
    }

    /// Number of eigenpairs kept, r ≤ n.
    pub fn rank(&self) -> usize {
        self.values.len()
    }

    /// The kept eigenvalues, in the order of the basis; not sorted.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The eigenvectors.
    pub fn basis(&self) -> &Basis {
        &self.basis
    }

    /// A bound on the trace of what was dropped, K − Q Λ Qᵀ, besides rounding.
    pub fn dropped(&self) -> f64 {
        self.dropped
    }

    /// Where small eigenvalues count ([`Spectral::resolved`]) the norm of what rounding of the entries
    /// of K may be, ε √n times the largest; elsewhere 0.
    pub fn rounding(&self) -> f64 {
        self.rounding
    }

    /// K from its factors, n x n, for tests and small sizes.
    pub fn to_dense(&self) -> Mat<f64> {
        let q = self.basis.to_dense();
        let scaled = Mat::from_fn(q.nrows(), q.ncols(), |i, j| q[(i, j)] * self.values[j]);
        scaled * q.transpose()
    }
}

/// A basis that costs nothing to go to, and the blocks of K on its diagonal there; the others are
/// zero to rounding.
///
/// Two blocks of half the size where `facts` and the entries of K allow, else K itself.
pub fn block_diagonal(k: MatRef<'_, f64>, facts: Facts) -> (Basis, Vec<Mat<f64>>) {
    let size = k.nrows();
    match facts.centrosymmetric.then(|| basis::fold_matrix(k)).flatten() {
        Some((even, odd)) => (Basis::Folded { size }, vec![even, odd]),
        None => (Basis::Identity { size }, vec![k.to_owned()]),
    }
}

/// The diagonal of `k` if everything else is zero.
fn as_diagonal(k: MatRef<'_, f64>) -> Option<Vec<f64>> {
    let n = k.nrows();
    // Almost every matrix that is not diagonal says so in its first column.
    (0..n)
        .all(|j| (0..n).all(|i| i == j || k[(i, j)] == 0.0))
        .then(|| (0..n).map(|i| k[(i, i)]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernel(points: &[f64], f: impl Fn(f64) -> f64) -> Mat<f64> {
        Mat::from_fn(points.len(), points.len(), |i, j| f((points[i] - points[j]).abs()))
    }

    fn even(n: usize) -> Vec<f64> {
        (0..n).map(|i| i as f64 * 0.25).collect()
    }

    fn matern(r: f64) -> f64 {
        (1.0 + r) * (-r).exp()
    }

    fn check(k: &Mat<f64>, s: &Spectral) {
        let scale = k.norm_max().max(1e-300) * k.nrows() as f64;
        assert!((s.to_dense() - k).norm_max() <= 1e-14 * scale, "K is not Q L Q'");
        let q = s.basis().to_dense();
        let gram = q.transpose() * &q;
        assert!((gram - Mat::<f64>::identity(s.rank(), s.rank())).norm_max() < 1e-12);
        assert!(s.values().iter().all(|&v| v >= 0.0));
        assert!(s.dropped() <= 1e-12 * scale);
    }

    #[test]
    fn every_route_gives_back_the_matrix() {
        for n in [1, 2, 3, 16, 17, 40, 141] {
            let uneven: Vec<f64> = (0..n).map(|i| (i as f64).powf(1.3) * 0.2).collect();
            for points in [even(n), uneven] {
                for facts in [
                    Facts::default(),
                    Facts { centrosymmetric: true, smooth: false },
                    Facts { centrosymmetric: true, smooth: true },
                ] {
                    let k = kernel(&points, matern);
                    check(&k, &Spectral::new(k.as_ref(), facts).unwrap());
                    let k = kernel(&points, |r| (-0.5 * r * r).exp());
                    check(&k, &Spectral::new(k.as_ref(), facts).unwrap());
                }
            }
        }
    }

    #[test]
    fn routes_are_taken() {
        let facts = Facts { centrosymmetric: true, smooth: true };
        let rough = kernel(&even(64), |r| (-r).exp());
        let s = Spectral::new(rough.as_ref(), facts).unwrap();
        assert!(matches!(s.basis(), Basis::Split { .. }));
        assert_eq!(s.rank(), 64);
        let smooth = kernel(&even(200), |r| (-0.5 * r * r / 25.0).exp());
        let s = Spectral::new(smooth.as_ref(), facts).unwrap();
        assert!(s.rank() < 40, "rank {}", s.rank());
        check(&smooth, &s);
        let white = Spectral::new(Mat::<f64>::identity(5, 5).as_ref(), facts).unwrap();
        assert!(matches!(white.basis(), Basis::Identity { .. }));
    }

    #[test]
    fn a_false_claim_of_symmetry_is_noticed() {
        let mut points = even(40);
        points[3] += 0.1;
        let k = kernel(&points, matern);
        let s = Spectral::new(k.as_ref(), Facts { centrosymmetric: true, smooth: false }).unwrap();
        assert!(matches!(s.basis(), Basis::Dense(_)));
        check(&k, &s);
    }

    #[test]
    fn features_give_their_rank() {
        let f = Mat::from_fn(50, 3, |i, j| (i as f64 / 10.0).powi(j as i32));
        let s = Spectral::from_features(f.as_ref()).unwrap();
        assert_eq!(s.rank(), 3);
        check(&(&f * f.transpose()), &s);
        let wide = Mat::from_fn(2, 3, |i, j| (i + j) as f64);
        check(&(&wide * wide.transpose()), &Spectral::from_features(wide.as_ref()).unwrap());
    }

    #[test]
    fn tiny_and_huge_entries_keep_their_digits() {
        let k = kernel(&even(150), matern);
        for scale in [1e-200, 1e-12, 1e20, 1e200] {
            let scaled = Mat::from_fn(150, 150, |i, j| k[(i, j)] * scale);
            let s = Spectral::new(scaled.as_ref(), Facts::default()).unwrap();
            let back = s.to_dense();
            let error = (0..150)
                .flat_map(|j| (0..150).map(move |i| (i, j)))
                .fold(0.0, |m: f64, (i, j)| m.max((back[(i, j)] / scale - k[(i, j)]).abs()));
            assert!(error < 1e-12, "scale {scale:e}: {error:e}");
        }
    }

    #[test]
    fn indefinite_and_not_finite_are_errors() {
        let k = faer::mat![[1.0, 2.0], [2.0, 1.0]];
        assert!(matches!(
            Spectral::new(k.as_ref(), Facts::default()),
            Err(Error::NotPositiveDefinite { .. })
        ));
        let k = faer::mat![[1.0, f64::NAN], [f64::NAN, 1.0]];
        assert!(matches!(
            Spectral::new(k.as_ref(), Facts::default()),
            Err(Error::NotFinite { .. })
        ));
    }

    #[test]
    fn zero_matrix_has_rank_zero() {
        let s = Spectral::new(Mat::<f64>::zeros(4, 4).as_ref(), Facts::default()).unwrap();
        assert!(s.values().iter().all(|&v| v == 0.0));
    }
}
