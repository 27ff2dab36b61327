//! Conditioning on values, with and without noise.

use faer::{Mat, MatRef};
use gridgp_grid::{Error, Points, Result};
use gridgp_linalg::{Solve, Triangular};

use super::FiniteRank;
use crate::kronecker_normal::svd::Svd;

/// A process given values, and how much they fixed.
#[derive(Debug, Clone)]
pub struct Conditioned {
    /// The posterior process.
    pub process: FiniteRank,
    /// The rank of the covariance at the points: without noise, so many directions of the
    /// coefficients are known now.
    pub rank: usize,
}

/// A = F C with its rows divided by ‖φ(xᵢ)‖, by its singular values.
struct RowSpace {
    /// ‖φ(xᵢ)‖, 1 where it is 0.
    scales: Vec<f64>,
    svd: Svd,
    rank: usize,
    /// What rounding does to a row of unit norm.
    rounding: f64,
}

impl FiniteRank {
    /// The numerical rank of the covariance matrix at these points, at most min(n, r).
    ///
    /// From the singular values of the features, points of any distance from 0 weighing the same;
    /// the eigenvalues of the covariance matrix are their squares and lose half of the digits.
    /// Values far from 0 compared with their spread (years) make high powers alike: center and
    /// scale such a coordinate.
    ///
    /// # Errors
    /// [`Error::Data`] if features are not finite at the points.
    ///
    /// # Panics
    /// As [`features`](Self::features).
    pub fn rank(&self, x: &Points) -> Result<usize> {
        Ok(self.row_space(&self.features(x))?.rank)
    }

    /// The process given y = f(x) + e, e ~ N(0, `noise_sd`² I).
    ///
    /// Without noise the mean goes through every value and the standard deviation there is 0, both
    /// to rounding; f is fixed where the points leave no freedom, and free in the null space of the
    /// rest. Values that no function of the process has, as n > r arbitrary ones, are an error and
    /// not a fit: that needs noise. A value counts as reached within 100 √n max(n, r) ε of its size
    /// and that of ‖φ(x)‖‖w‖.
    ///
    /// With noise this is Bayesian linear regression, by a QR factorization of the features on top
    /// of σI; normal equations are never formed.
    ///
    /// # Errors
    /// [`Error::Data`] if the numbers of points and values differ, something is not finite, the
    /// noise is negative, or the values cannot be reached without noise; the message has the rank
    /// and the value that is missed most.
    ///
    /// # Panics
    /// As [`features`](Self::features).
    pub fn condition(&self, x: &Points, values: &[f64], noise_sd: f64) -> Result<Conditioned> {
        if x.len() != values.len() {
            return Err(Error::Data(format!("{} points have {} values", x.len(), values.len())));
        }
        if let Some(i) = values.iter().position(|y| !y.is_finite()) {
            return Err(Error::Data(format!("the value at point {i} is {}", values[i])));
        }
        if !noise_sd.is_finite() || noise_sd < 0.0 {
            return Err(Error::Data(format!(
                "the noise is a standard deviation, finite and not negative, not {noise_sd}"
            )));
        }
        let features = self.features(x);
        let space = self.row_space(&features)?;
        let mut rest = &features * column(&self.mean);
        rest.col_as_slice_mut(0).iter_mut().zip(values).for_each(|(r, y)| *r = y - *r);
        let (shift, root) = if noise_sd > 0.0 {
            regress(&features * &self.root, rest, noise_sd)?
        } else {
            interpolate(&space, rest)
        };
        let mut process = self.clone();
        let shift = &self.root * shift;
        process.mean.iter_mut().zip(shift.col_as_slice(0)).for_each(|(m, s)| *m += s);
        process.root = &self.root * root;
        if noise_sd == 0.0 {
            self.check_reached(&features, &space, &process.mean, values)?;
        }
        Ok(Conditioned { process, rank: space.rank })
    }

    fn row_space(&self, features: &Mat<f64>) -> Result<RowSpace> {
        let (n, r) = features.shape();
        let norm = |row: faer::RowRef<'_, f64>| row.norm_l2();
        let scales: Vec<f64> = features.row_iter().map(norm).collect();
        if let Some(i) = scales.iter().position(|s| !s.is_finite()) {
            return Err(Error::Data(format!(
                "the features of point {i} are not finite: its coordinates are not, or are so \
                 large that their powers overflow"
            )));
        }
        let scales: Vec<f64> = scales.into_iter().map(|s| if s == 0.0 { 1.0 } else { s }).collect();
        let unit = Mat::from_fn(n, r, |i, j| features[(i, j)] / scales[i]);
        // What is known already leaves rows of rounding in C, so zero is measured against the
        // rows of the prior, of norm 1.
        let rounding = (n as f64).sqrt() * n.max(r) as f64 * f64::EPSILON;
        let svd = Svd::new((unit * &self.root).as_ref())?;
        let rank = svd.s.iter().filter(|s| **s > rounding).count();
        Ok(RowSpace { scales, svd, rank, rounding })
    }

    fn check_reached(
        &self,
        features: &Mat<f64>,
        space: &RowSpace,
        w: &[f64],
        values: &[f64],
    ) -> Result<()> {
        let fitted = features * column(w);
        let size = column(w).norm_l2();
        let excess = |i: usize| {
            let allowed = 100.0 * space.rounding * (space.scales[i] * size + values[i].abs());
            // 0 is allowed to be missed by 0.
            (fitted[(i, 0)] - values[i]).abs() / allowed.max(f64::MIN_POSITIVE)
        };
        let worst = (0..values.len()).max_by(|&i, &j| excess(i).total_cmp(&excess(j)));
        match worst {
            Some(i) if excess(i) > 1.0 => Err(Error::Data(format!(
                "the {} values lie outside of what the process can reach: its functions have only \
                 {} degrees of freedom at these points, and the nearest of them has {:.6e} instead \
                 of {:.6e} at point {i}; give the values noise, use fewer of them, or a kernel of \
                 higher rank",
                values.len(),
                space.rank,
                fitted[(i, 0)],
                values[i]
            ))),
            _ => Ok(()),
        }
    }
}

/// The u of least norm with A u = y, and an orthonormal basis of the null space of A.
fn interpolate(space: &RowSpace, mut y: Mat<f64>) -> (Mat<f64>, Mat<f64>) {
    let (k, svd) = (space.rank, &space.svd);
    y.col_as_slice_mut(0).iter_mut().zip(&space.scales).for_each(|(y, s)| *y /= s);
    let mut t = svd.u.subcols(0, k).transpose() * y;
    t.col_as_slice_mut(0).iter_mut().zip(&svd.s).for_each(|(t, s)| *t /= s);
    let null = svd.v.subcols(k, svd.v.ncols() - k).to_owned();
    (svd.v.subcols(0, k) * t, null)
}

/// Mean and root of u ~ N(0, I) given y = A u + e: with (A; σI) = Q R, R⁻¹Qᵀ(y; 0) and σR⁻¹.
fn regress(a: Mat<f64>, y: Mat<f64>, sigma: f64) -> Result<(Mat<f64>, Mat<f64>)> {
    let (n, q) = a.shape();
    let mut stacked = Mat::zeros(n + q, q);
    stacked.subrows_mut(0, n).copy_from(&a);
    (0..q).for_each(|j| stacked[(n + j, j)] = sigma);
    let qr = stacked.qr();
    let inverse = Triangular::upper(qr.thin_R().to_owned())
        .solve(Mat::<f64>::identity(q, q).as_ref())
        .map_err(|e| Error::Singular(e.to_string()))?;
    let projected = qr.compute_thin_Q().subrows(0, n).transpose() * y;
    Ok((&inverse * projected, faer::Scale(sigma) * inverse))
}

fn column(x: &[f64]) -> MatRef<'_, f64> {
    MatRef::from_column_major_slice(x, x.len(), 1)
}
