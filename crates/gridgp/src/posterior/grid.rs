//! Prediction on a grid, by mode products.

use faer::Mat;
use gridgp_linalg::mode_product;

use super::conditional::{Conditional, Moments, Place};
use crate::Result;

impl Conditional<'_> {
    /// Mean and standard deviations on a grid, row-major.
    ///
    /// Cost: one mode product an axis for the mean and one for the variance; memory: a small
    /// multiple of the larger of the two grids.
    ///
    /// # Errors
    /// Axes that are not those of the data, or a covariate that is not known there.
    pub fn on_grid(&self, place: &Place) -> Result<Moments> {
        let covariates = self.covariates(place)?;
        let cross = self.cross(&place.grid, &covariates)?;
        let mut mean = apply(cross.iter().map(|(k, _)| k), self.alpha.clone());
        mean.iter_mut().for_each(|m| *m *= self.variance);
        self.marginal.add_mean(&self.theta, &place.grid, &covariates, &mut mean);

        let squares: Vec<Mat<f64>> = cross
            .iter()
            .zip(&self.factors)
            .map(|((k, _), factor)| squared(&(k * factor.basis().to_dense())))
            .collect();
        let inverse: Vec<f64> =
            self.eigenvalues.iter().map(|d| self.variance * self.variance / d).collect();
        let explained = apply(squares.iter(), inverse);
        let prior = cross.iter().fold(vec![self.variance], |all, (_, v)| {
            all.iter().flat_map(|a| v.iter().map(move |b| a * b)).collect()
        });
        let variance = prior.iter().zip(&explained).map(|(p, e)| p - e).collect();
        Ok(self.moments(mean, variance))
    }
}

/// ⊗ factors applied to x; axes that shrink most (or grow least) go first.
pub(super) fn apply<'a>(factors: impl Iterator<Item = &'a Mat<f64>>, mut x: Vec<f64>) -> Vec<f64> {
    let factors: Vec<&Mat<f64>> = factors.collect();
    let mut shape: Vec<usize> = factors.iter().map(|k| k.ncols()).collect();
    let mut order: Vec<usize> = (0..factors.len()).collect();
    let growth = |a: &usize| factors[*a].nrows() as f64 / factors[*a].ncols() as f64;
    order.sort_by(|a, b| growth(a).total_cmp(&growth(b)));
    for a in order {
        let (left, right) = (shape[..a].iter().product(), shape[a + 1..].iter().product());
        shape[a] = factors[a].nrows();
        let mut out = vec![0.0; shape.iter().product()];
        mode_product(factors[a].as_ref(), &x, left, right, &mut out);
        x = out;
    }
    x
}

/// A ∘ A.
pub(super) fn squared(a: &Mat<f64>) -> Mat<f64> {
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)] * a[(i, j)])
}
