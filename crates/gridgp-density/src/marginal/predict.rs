//! What prediction needs of the marginal: the conditioned covariance, and the model elsewhere.

use std::ops::Range;

use faer::Mat;
use gridgp_dense::{KroneckerIdentity, Spectral};
use gridgp_grid::{Covariate, Error, Grid, Points, Result};
use rayon::prelude::*;

use super::super::gaps::{Full, GapFactor, Gaps};
use super::covariance::{dropped, truncation};
use super::design::Design;
use super::kronecker::trace_and_dropped;
use super::{COARSE, Marginal, covariate_weights};

/// For an axis, Cov(f(new), f(data)) and the prior variances of the new points.
pub type Cross = (Mat<f64>, Vec<f64>);

/// What [`Marginal::condition`] gives.
#[derive(Debug, Clone)]
pub struct Conditioned {
    /// A = s·⊗K + σ²I.
    pub covariance: KroneckerIdentity,
    /// What missing cells change in A⁻¹.
    pub gaps: Option<(Gaps, GapFactor)>,
    /// A⁻¹(y − m), on the grid.
    pub alpha: Vec<f64>,
}

impl Conditioned {
    /// A bound on what dropped eigenpairs change in log p.
    fn coarseness(&self) -> f64 {
        let (a, noise) = (&self.covariance, self.covariance.noise());
        let traces: Vec<_> = a.factors().iter().map(trace_and_dropped).collect();
        let alpha_squared = self.alpha.iter().map(|v| v * v).sum();
        truncation(a.scale() * dropped(&traces), noise, alpha_squared, 0.0)
    }
}

impl Marginal {
    /// s·⊗K + σ²I at `theta`, what missing cells change in it, and α = A⁻¹(y − m) on the grid; the
    /// residual y − m, filled where a cell is missing, is kept for [`Marginal::residual`].
    ///
    /// # Errors
    /// As [`Marginal::log_prob`].
    pub fn condition(&mut self, theta: &[f64]) -> Result<Conditioned> {
        self.update_residual(theta);
        let (scale, noise) = (self.variance(theta), self.noise(theta));
        let found = self.condition_with(self.factors(theta)?, scale, noise)?;
        if found.coarseness() > COARSE
            && let Some(factors) = self.resolved(theta, scale, noise)
        {
            return self.condition_with(factors, scale, noise);
        }
        Ok(found)
    }

    fn condition_with(
        &mut self,
        factors: Vec<Spectral>,
        scale: f64,
        noise: f64,
    ) -> Result<Conditioned> {
        let covariance = KroneckerIdentity::new(factors, scale, noise)
            .map_err(|e| Error::Singular(e.to_string()))?;
        let gaps = match &self.gaps {
            None => None,
            Some(gaps) => {
                let full = Full::of(&covariance);
                let factor = gaps.factorize(full)?;
                factor.fill(gaps, full, &mut self.residual);
                Some((gaps.clone(), factor))
            }
        };
        let alpha = covariance.solve(&self.residual);
        Ok(Conditioned { covariance, gaps, alpha })
    }

    /// y − m at the parameters of the last call.
    pub fn residual(&self) -> &[f64] {
        &self.residual
    }

    /// s = (amplitude · coefficient)².
    pub fn variance(&self, theta: &[f64]) -> f64 {
        (self.amplitude.at(theta) * self.term.coefficient(theta)).powi(2)
    }

    /// σ².
    pub fn noise(&self, theta: &[f64]) -> f64 {
        self.scale.at(theta).powi(2)
    }

    /// What multiplies the field along each axis of a grid.
    pub fn weights(&self, grid: &Grid, covariates: &[Covariate]) -> Vec<Option<Vec<f64>>> {
        covariate_weights(&self.term, grid, covariates)
            .expect("the covariates have the axes that they have in the data")
    }

    /// For each axis the cross-covariance with the data's points and the variances of the new ones, where `weights` multiply the field.
    pub fn cross(&self, at: &[Points], weights: &[Option<Vec<f64>>], theta: &[f64]) -> Vec<Cross> {
        let axes = self.axes.iter().zip(at).zip(weights);
        axes.map(|((f, new), w)| f.cross(new, w.as_deref(), theta)).collect()
    }

    /// For each axis, a root of the joint prior covariance of data and new points.
    pub fn joint_roots(
        &self,
        at: &[Points],
        weights: &[Option<Vec<f64>>],
        theta: &[f64],
    ) -> Result<Vec<Mat<f64>>> {
        let axes = self.axes.par_iter().zip(at).zip(weights);
        axes.map(|((f, new), w)| f.joint_root(new, w.as_deref(), theta)).collect()
    }

    /// mean += m(θ) on a grid.
    pub fn add_mean(&self, theta: &[f64], grid: &Grid, covariates: &[Covariate], mean: &mut [f64]) {
        for (term, _) in &self.mean {
            let design = Design::new(term, grid, covariates);
            design.add_to(term.coefficient(theta), &grid.shape(), mean);
        }
    }

    /// Prior covariance of the field at scattered points, M x M, without amplitude and covariates.
    pub fn prior_at_points(&self, at: &[Points], theta: &[f64]) -> Mat<f64> {
        let mut axes = self.axes.iter().zip(at).map(|(axis, points)| axis.gram_at(points, theta));
        let mut product = axes.next().expect("a grid has an axis");
        for k in axes {
            for (column, k) in product.col_iter_mut().zip(k.col_iter()) {
                column.iter_mut().zip(k.iter()).for_each(|(p, k)| *p *= k);
            }
        }
        product
    }

    /// For points `rows` of a table: what multiplies the field, and m(θ). `columns[c]` is
    /// covariate c of the model, one value a point, where it is known.
    ///
    /// # Errors
    /// The position of a covariate that is needed and not known.
    pub fn at_points(
        &self,
        theta: &[f64],
        rows: &Range<usize>,
        columns: &[Option<&[f64]>],
    ) -> Result<(Vec<f64>, Vec<f64>), usize> {
        let product = |covariates: &[usize], factor: f64| -> Result<Vec<f64>, usize> {
            let mut values = vec![factor; rows.len()];
            for &c in covariates {
                let column = &columns[c].ok_or(c)?[rows.clone()];
                values.iter_mut().zip(column).for_each(|(v, x)| *v *= x);
            }
            Ok(values)
        };
        let weight = product(&self.term.covariates, 1.0)?;
        let mut mean = vec![0.0; rows.len()];
        for (term, _) in &self.mean {
            let values = product(&term.covariates, term.coefficient(theta))?;
            mean.iter_mut().zip(values).for_each(|(m, v)| *m += v);
        }
        Ok((weight, mean))
    }
}
