//! Prediction on a grid, by mode products.

use faer::{Mat, MatRef};
use gridgp_dense::{mode_product, settle_registers};
use gridgp_grid::Result;

use super::conditional::{Conditional, Moments};
use super::place::{Place, locate};

impl Conditional<'_> {
    /// Mean and standard deviations on a grid, row-major.
    ///
    /// Cost: one mode product an axis for the mean and one for the variance. Memory: a small
    /// multiple of the larger of the two grids, and for each axis a matrix with a row a new point
    /// and a column a point of the data.
    ///
    /// # Errors
    /// Axes that are not those of the data, or a covariate that is not known there.
    pub fn on_grid(&self, place: &Place) -> Result<Moments> {
        let there = locate(self.model, place)?;
        let weights = self.marginal.weights(there.grid, &there.covariates);
        let cross = self.marginal.cross(&there.points, &weights, &self.theta);

        let mut projected: Vec<Mat<f64>> =
            cross.iter().zip(self.bases()).map(|((k, _), q)| product(k, &q)).collect();
        let unknown = self.gap_variance(&projected);
        let explained = outer(self.shares(&mut projected));
        let projected: Vec<MatRef<'_, f64>> = projected.iter().map(Mat::as_ref).collect();
        let hidden = apply(&projected, self.hidden());
        let mut variance = outer(cross.iter().map(|(_, v)| v.clone()));
        let s = self.variance;
        for ((v, e), h) in variance.iter_mut().zip(explained).zip(hidden) {
            *v = s * ((*v - e).max(0.0) + h);
        }
        if let Some(unknown) = unknown {
            variance.iter_mut().zip(unknown).for_each(|(v, u)| *v += u);
        }

        let gram: Vec<MatRef<'_, f64>> = cross.iter().map(|(k, _)| k.as_ref()).collect();
        let mut mean = apply(&gram, self.alpha.clone());
        mean.iter_mut().for_each(|m| *m *= s);
        self.marginal.add_mean(&self.theta, there.grid, &there.covariates, &mut mean);
        Ok(self.moments(mean, variance))
    }

    /// Σₖ (s·⊗`projected` w̃ₖ)² over the missing cells.
    fn gap_variance(&self, projected: &[Mat<f64>]) -> Option<Vec<f64>> {
        let (w, count) = self.gap_columns()?;
        let projected: Vec<MatRef<'_, f64>> = projected.iter().map(Mat::as_ref).collect();
        let mut sum = vec![0.0; projected.iter().map(|p| p.nrows()).product()];
        for k in 0..count {
            let column = w.chunks_exact(count).map(|row| self.variance * row[k]).collect();
            sum.iter_mut().zip(apply(&projected, column)).for_each(|(s, v)| *s += v * v);
        }
        Some(sum)
    }
}

/// ⊗ factors applied to x; axes that shrink most (or grow least) go first.
pub(super) fn apply(factors: &[MatRef<'_, f64>], mut x: Vec<f64>) -> Vec<f64> {
    let mut shape: Vec<usize> = factors.iter().map(|k| k.ncols()).collect();
    let mut order: Vec<usize> = (0..factors.len()).collect();
    let growth = |a: &usize| factors[*a].nrows() as f64 / factors[*a].ncols() as f64;
    order.sort_by(|a, b| growth(a).total_cmp(&growth(b)));
    for a in order {
        let (left, right) = (shape[..a].iter().product(), shape[a + 1..].iter().product());
        shape[a] = factors[a].nrows();
        let mut out = vec![0.0; shape.iter().product()];
        mode_product(factors[a], &x, left, right, &mut out);
        x = out;
    }
    settle_registers();
    x
}

/// K* Q, M x r.
pub(super) fn product(cross: &Mat<f64>, basis: &Mat<f64>) -> Mat<f64> {
    let product = cross * basis;
    settle_registers();
    product
}

/// ⊗ vectors, the last one fastest.
fn outer(vectors: impl IntoIterator<Item = Vec<f64>>) -> Vec<f64> {
    vectors
        .into_iter()
        .fold(vec![1.0], |all, v| all.iter().flat_map(|a| v.iter().map(move |b| a * b)).collect())
}
