//! Joint draws of the location.

use faer::{Mat, MatRef};
use gridgp_linalg::{KroneckerIdentity, Spectral, symmetric_eigen};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::conditional::{Conditional, Place};
use super::grid::apply;
use crate::grid::Points;
use crate::{Error, Result};

/// Most scattered points that can be drawn jointly: their covariance is dense, 128 MiB.
const MOST_POINTS: usize = 4096;

impl Conditional<'_> {
    /// `count` joint draws of the location on a grid, one after the other, each row-major.
    ///
    /// Matheron's rule: a draw of the prior on data and new points together, one factor an axis,
    /// plus what conditioning adds to it. Draw i depends on `seed` and i alone.
    ///
    /// # Errors
    /// As [`Conditional::on_grid`].
    pub fn draws_on_grid(&self, place: &Place, count: usize, seed: u64) -> Result<Vec<f64>> {
        let covariates = self.covariates(place)?;
        let cross = self.cross(&place.grid, &covariates)?;
        let roots = self.marginal.joint_roots(&place.grid, &covariates, &self.theta)?;
        let shape = self.model.data.grid.shape();
        let part = |first: bool| -> Vec<Mat<f64>> {
            let rows = |(r, &n): (&Mat<f64>, &usize)| {
                if first {
                    r.subrows(0, n).to_owned()
                } else {
                    r.subrows(n, r.nrows() - n).to_owned()
                }
            };
            roots.iter().zip(&shape).map(rows).collect()
        };
        let (here, there) = (part(true), part(false));
        let covariance = KroneckerIdentity::new(self.factors.clone(), self.variance, self.noise)
            .map_err(|e| Error::Singular(e.to_string()))?;
        let unknowns: usize = roots.iter().map(Mat::ncols).product();
        let amplitude = self.variance.sqrt();
        let (origin, unit) = self.model.standardization;
        let mut fixed = vec![0.0; place.grid.len()];
        self.marginal.add_mean(&self.theta, &place.grid, &covariates, &mut fixed);
        let mut draws = Vec::with_capacity(count * place.grid.len());
        for draw in 0..count {
            let mut normal = normals(seed, draw);
            let z: Vec<f64> = (0..unknowns).map(|_| amplitude * normal()).collect();
            // What would have been observed from this draw of the prior.
            let mut observed = apply(here.iter(), z.clone());
            observed.iter_mut().for_each(|f| *f += self.noise.sqrt() * normal());
            let mut alpha = covariance.solve(&observed);
            alpha.iter_mut().zip(&self.alpha).for_each(|(a, data)| *a = data - *a);
            let shift = apply(cross.iter().map(|(k, _)| k), alpha);
            let prior = apply(there.iter(), z);
            let values = prior.iter().zip(&shift).zip(&fixed);
            draws.extend(values.map(|((p, s), m)| origin + unit * (p + self.variance * s + m)));
        }
        Ok(draws)
    }

    /// `count` joint draws of the location at scattered points, one after the other.
    ///
    /// # Errors
    /// As [`Conditional::at_points`], and [`Error::TooLarge`] beyond 4096 points.
    pub fn draws_at_points(
        &self,
        at: &[Points],
        covariates: &[(String, Vec<f64>)],
        count: usize,
        seed: u64,
    ) -> Result<Vec<f64>> {
        let moments = self.at_points(at, covariates)?;
        let m = moments.mean.len();
        if m > MOST_POINTS {
            return Err(Error::TooLarge(format!(
                "joint draws at {m} scattered points need a dense {m} x {m} covariance; draw at \
                 {MOST_POINTS} points at most, or on a grid, where any number is possible"
            )));
        }
        let columns = self.columns(covariates, m)?;
        let (weight, _) = self
            .marginal
            .at_points(&self.theta, &(0..m), &columns)
            .map_err(|c| self.unknown_covariate(c))?;
        let covariance = self.covariance_at_points(at, &weight);
        let (values, vectors) =
            symmetric_eigen(covariance.as_ref()).map_err(|e| Error::Singular(e.to_string()))?;
        let unit = self.model.standardization.1;
        let mut draws = Vec::with_capacity(count * m);
        for draw in 0..count {
            let mut normal = normals(seed, draw);
            let z = Mat::from_fn(m, 1, |i, _| values[i].max(0.0).sqrt() * normal());
            let f = &vectors * z;
            draws.extend((0..m).map(|i| moments.mean[i] + unit * f[(i, 0)]));
        }
        Ok(draws)
    }

    /// Posterior covariance of the location at scattered points, M x M, without the unit of a
    /// standardized response: s·∘K** − s² P D⁻¹ Pᵀ with the rows of P products of K*ₐQₐ.
    fn covariance_at_points(&self, at: &[Points], weight: &[f64]) -> Mat<f64> {
        let m = weight.len();
        let projected: Vec<Mat<f64>> = self
            .marginal
            .cross_at_points(at, &self.theta)
            .iter()
            .zip(&self.factors)
            .map(|((k, _), f)| k * f.basis().to_dense())
            .collect();
        let mut covariance = self.marginal.prior_at_points(at, &self.theta);
        let rest: usize = self.factors[1..].iter().map(Spectral::rank).product();
        // The products over all axes but the first, once.
        let mut others = Mat::full(m, 1, 1.0);
        for p in &projected[1..] {
            others = Mat::from_fn(m, others.ncols() * p.ncols(), |i, j| {
                others[(i, j / p.ncols())] * p[(i, j % p.ncols())]
            });
        }
        for first in 0..self.factors[0].rank() {
            let d = &self.eigenvalues[first * rest..][..rest];
            let block = Mat::from_fn(m, rest, |i, j| {
                projected[0][(i, first)] * others[(i, j)] / d[j].sqrt()
            });
            subtract_gram(&mut covariance, block.as_ref(), self.variance);
        }
        for j in 0..m {
            for i in 0..m {
                covariance[(i, j)] *= self.variance * weight[i] * weight[j];
            }
        }
        covariance
    }
}

/// covariance −= s · block blockᵀ.
fn subtract_gram(covariance: &mut Mat<f64>, block: MatRef<'_, f64>, s: f64) {
    faer::linalg::matmul::matmul(
        covariance,
        faer::Accum::Add,
        block,
        block.transpose(),
        -s,
        faer::Par::rayon(0),
    );
}

/// Standard normal numbers of one draw.
fn normals(seed: u64, draw: usize) -> impl FnMut() -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(draw as u64);
    move || StandardNormal.sample(&mut rng)
}
