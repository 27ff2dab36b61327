//! Joint draws of the location.

use faer::{Accum, Mat, MatMut, MatRef, Par};
use gridgp_dense::gemm::{gemm, gemm_lower};
use gridgp_dense::{product, settle_registers, symmetric_eigen};
use gridgp_grid::{Error, Points, Result};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};
use rayon::prelude::*;

use super::conditional::Conditional;
use super::grid::apply;
use super::place::{Place, check_points, locate};
use super::points::contract;

/// Most scattered points that can be drawn jointly: their covariance is dense, 128 MiB.
const MOST_POINTS: usize = 4096;

/// Numbers in the intermediates of what is computed side by side: 32 MiB.
const TILE: usize = 1 << 22;

impl Conditional<'_> {
    /// `count` joint draws of the location on a grid, one after the other, each row-major.
    ///
    /// Matheron's rule: a draw of the prior on data and new points together, one factor an axis,
    /// plus what conditioning adds to it. Draw i depends on `seed` and i alone.
    ///
    /// # Errors
    /// As [`Conditional::on_grid`].
    pub fn draws_on_grid(&self, place: &Place, count: usize, seed: u64) -> Result<Vec<f64>> {
        let there = locate(self.model, place)?;
        let weights = self.marginal.weights(there.grid, &there.covariates);
        let cross = self.marginal.cross(&there.points, &weights, &self.theta);
        let cross: Vec<MatRef<'_, f64>> = cross.iter().map(|(k, _)| k.as_ref()).collect();
        let roots = self.marginal.joint_roots(&there.points, &weights, &self.theta)?;
        let (old, new): (Vec<_>, Vec<_>) = roots
            .iter()
            .zip(self.factors())
            .map(|(root, factor)| root.as_ref().split_at_row(factor.size()))
            .unzip();
        let unknowns: usize = roots.iter().map(Mat::ncols).product();
        let (amplitude, noise) = (self.variance.sqrt(), self.noise.sqrt());
        let (origin, unit) = self.model.standardization;
        let mut fixed = vec![0.0; there.grid.len()];
        self.marginal.add_mean(&self.theta, there.grid, &there.covariates, &mut fixed);

        let draw = |i: usize, out: &mut [f64]| {
            let mut normal = normals(seed, i);
            let z: Vec<f64> = (0..unknowns).map(|_| amplitude * normal()).collect();
            // What would have been observed if this draw of the prior were true.
            let mut observed = apply(&old, z.clone());
            observed.iter_mut().for_each(|f| *f += noise * normal());
            let mut alpha = self.solve(observed);
            settle_registers();
            alpha.iter_mut().zip(&self.alpha).for_each(|(a, data)| *a = data - *a);
            let shift = apply(&cross, alpha);
            let prior = apply(&new, z);
            for (((out, p), s), m) in out.iter_mut().zip(prior).zip(shift).zip(&fixed) {
                *out = origin + unit * (p + self.variance * s + m);
            }
        };
        // Small draws side by side; large ones one by one, each on all threads.
        let size = there.grid.len();
        let together = (TILE / unknowns.max(size)).max(1);
        let mut draws = vec![0.0; count * size];
        for (batch, out) in draws.chunks_mut(together * size).enumerate() {
            out.par_chunks_exact_mut(size)
                .enumerate()
                .for_each(|(i, out)| draw(batch * together + i, out));
        }
        Ok(draws)
    }

    /// `count` joint draws of the location at scattered points, one after the other.
    ///
    /// Draw i depends on `seed` and i alone. Takes the M x M covariance of the points and its
    /// eigenvectors.
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
        let m = check_points(self.model, at)?;
        if m > MOST_POINTS {
            return Err(Error::TooLarge(format!(
                "joint draws at {m} scattered points need a dense {m} x {m} covariance; draw at \
                 {MOST_POINTS} points at most, or on a grid, where any number is possible"
            )));
        }
        let mean = self.at_points(at, covariates)?.mean;
        if m == 0 {
            return Ok(Vec::new());
        }
        let columns = self.columns(covariates, m)?;
        let (weight, _) = self
            .marginal
            .at_points(&self.theta, &(0..m), &columns)
            .map_err(|c| self.unknown_covariate(c))?;
        let covariance = self.covariance_at_points(at, &weight);
        let (values, mut root) =
            symmetric_eigen(covariance.as_ref()).map_err(|e| Error::Singular(e.to_string()))?;
        let unit = self.model.standardization.1;
        for (mut column, v) in root.col_iter_mut().zip(values) {
            // Rounding may leave an eigenvalue below 0 where the data leave nothing open.
            column *= faer::Scale(unit * v.max(0.0).sqrt());
        }
        let mut draws = vec![0.0; count * m];
        draws.par_chunks_exact_mut(m).enumerate().for_each(|(i, out)| {
            let mut normal = normals(seed, i);
            let z = Mat::from_fn(m, 1, |_, _| normal());
            out.copy_from_slice(&mean);
            let out = MatMut::from_column_major_slice_mut(out, m, 1);
            gemm(out, Accum::Add, root.as_ref(), z.as_ref(), Par::Seq);
        });
        Ok(draws)
    }

    /// Posterior covariance of the location at scattered points, M x M, without the unit of a
    /// standardized response: s·(∘K** − P (s/D) Pᵀ) with the rows of P products of K*ₐQₐ.
    fn covariance_at_points(&self, at: &[Points], weight: &[f64]) -> Mat<f64> {
        let m = weight.len();
        let cross = self.marginal.cross(at, &vec![None; at.len()], &self.theta);
        let projected: Vec<Mat<f64>> = cross
            .iter()
            .zip(self.bases())
            .map(|((k, _), q)| product(k.as_ref(), q.as_ref()))
            .collect();
        let mut covariance = self.marginal.prior_at_points(at, &self.theta);
        let precision = self.scaled_precision();
        // Some columns of P at a time: all of them are M x N.
        let columns = (TILE / m).clamp(1, precision.len().max(1));
        let mut tile = Mat::zeros(m, columns);
        for (t, d) in precision.chunks(columns).enumerate() {
            for (j, d) in d.iter().enumerate() {
                let column = tile.col_as_slice_mut(j);
                column.fill(d.sqrt());
                let mut pair = t * columns + j;
                for p in projected.iter().rev() {
                    let factor = p.col_as_slice(pair % p.ncols());
                    pair /= p.ncols();
                    column.iter_mut().zip(factor).for_each(|(c, f)| *c *= f);
                }
            }
            let tile = tile.subcols(0, d.len());
            gemm_lower(covariance.as_mut(), tile, tile, -1.0, Par::rayon(0));
        }
        self.add_gaps(&projected, covariance.as_mut());
        for j in 0..m {
            for i in j..m {
                covariance[(i, j)] *= self.variance * weight[i] * weight[j];
                covariance[(j, i)] = covariance[(i, j)];
            }
        }
        covariance
    }
}

impl Conditional<'_> {
    /// covariance += s V Vᵀ in the lower triangle, V = P W̃ with the products P of `projected` rows.
    fn add_gaps(&self, projected: &[Mat<f64>], covariance: MatMut<'_, f64>) {
        let Some((w, count)) = self.gap_columns() else { return };
        let root = self.variance.sqrt();
        let mut v = Mat::zeros(covariance.nrows(), count);
        let mut column = vec![0.0; w.len() / count];
        for k in 0..count {
            column.iter_mut().zip(w.chunks_exact(count)).for_each(|(c, row)| *c = root * row[k]);
            v.col_as_slice_mut(k).copy_from_slice(&contract(projected.iter(), &column));
        }
        gemm_lower(covariance, v.as_ref(), v.as_ref(), 1.0, Par::rayon(0));
    }
}

/// Standard normal numbers of one draw.
fn normals(seed: u64, draw: usize) -> impl FnMut() -> f64 {
    // The thread may come from somebody else's product.
    settle_registers();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(draw as u64);
    move || StandardNormal.sample(&mut rng)
}
