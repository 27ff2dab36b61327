//! Prediction on a grid, by mode products.

use faer::{Mat, MatRef};
use gridgp_dense::{mode_product, settle_registers};
use gridgp_density::{Arrangement, Conditioned, Marginal, SpectralSolution, Target};
use gridgp_grid::Result;

use super::conditional::{Conditional, Moments, hidden, shares};
use super::place::{Located, Place, locate};

/// Most cells whose variances are exact where A is known by its products alone.
pub(super) const EXACT: usize = 256;
/// Keeps their random numbers apart from those of draws that are asked for.
const VARIANCES: u64 = 0x7661_7269_616e;
/// Draws that the variances of more cells are of.
const DRAWS: usize = 128;

impl Conditional<'_> {
    /// Mean and standard deviations on a grid, row-major.
    ///
    /// Cost: one mode product an axis and a field for the mean. For the variance the same where A is
    /// known by its eigenvectors, else a triangular solve for each cell. Memory: a small multiple of
    /// the larger of the two grids, and for each axis a matrix with a row a new point and a column a
    /// point of the data.
    ///
    /// # Errors
    /// Axes that are not those of the data, or a covariate that is not known there.
    pub fn on_grid(&self, place: &Place) -> Result<Moments> {
        let there = locate(self.model, place, &self.needed())?;
        let (grid, covariates) = (there.grid, &there.covariates);
        if let Some(series) = self.series_on_grid(&there, false)? {
            let mut mean = series.mean(&self.conditioned.alpha);
            self.add_fixed_on_grid(&there, &mut mean);
            return Ok(self.moments(mean, series.variance()?, self.noise(grid, covariates)));
        }
        let targets = self.marginal.targets_on_grid(
            &self.wanted,
            grid,
            covariates,
            &there.points,
            &self.theta,
        )?;
        if let Some(place) = self.conditioned.by_states(&targets, Arrangement::Grid, grid.len())? {
            let mut mean = place.mean();
            self.add_fixed_on_grid(&there, &mut mean);
            return Ok(self.moments(mean, place.variance()?, self.noise(grid, covariates)));
        }
        let mean = self.mean_on_grid(&there, &targets);
        let variance = match (targets.as_slice(), self.conditioned.spectral()) {
            ([], _) => vec![0.0; grid.len()],
            ([target], Some(spectral)) => self.spectral_variance(target, spectral),
            _ if self.conditioned.is_iterative() && grid.len() > EXACT => {
                self.variance_by_draws(&there, &targets)?
            }
            _ => dense_variance(&self.conditioned, &targets, grid.len())?,
        };
        Ok(self.moments(mean, variance, self.noise(grid, covariates)))
    }

    /// The mean square of what joint draws differ from the mean.
    fn variance_by_draws(&self, there: &Located<'_>, targets: &[Target]) -> Result<Vec<f64>> {
        let mut variance = vec![0.0; there.grid.len()];
        let seed = self.model.spec.inference.seed ^ VARIANCES;
        self.deviations(there, targets, DRAWS, seed, |_, deviation| {
            variance.iter_mut().zip(deviation).for_each(|(v, d)| *v += d * d / DRAWS as f64);
        })?;
        Ok(variance)
    }

    /// The relative standard error of the standard deviations on a grid of so many cells, from draws; 0
    /// where they are exact.
    pub fn sd_error(&self, cells: usize) -> f64 {
        let is_exact = !self.conditioned.is_iterative() || cells <= EXACT;
        if is_exact { 0.0 } else { (2.0 * DRAWS as f64).sqrt().recip() }
    }

    /// The mean of g on a grid, without origin and unit.
    pub(super) fn mean_on_grid(&self, there: &Located<'_>, targets: &[Target]) -> Vec<f64> {
        let mut mean = vec![0.0; there.grid.len()];
        for target in targets {
            let part = self.expected(target, &self.conditioned.alpha);
            mean.iter_mut().zip(part).for_each(|(m, p)| *m += p);
        }
        self.add_fixed_on_grid(there, &mut mean);
        mean
    }

    /// Adds the terms of g without a field on a grid.
    pub(super) fn add_fixed_on_grid(&self, there: &Located<'_>, mean: &mut [f64]) {
        Marginal::add_fixed(&self.wanted, &self.theta, there.grid, &there.covariates, mean);
    }

    /// C (⊗K*) (c α) of a term on a grid.
    pub(super) fn expected(&self, target: &Target, alpha: &[f64]) -> Vec<f64> {
        let gram: Vec<MatRef<'_, f64>> = target.cross.iter().map(Mat::as_ref).collect();
        let alpha = self.weighted(target, alpha.to_vec());
        let mut mean = apply(&gram, alpha);
        mean.iter_mut().for_each(|m| *m *= target.factor);
        weigh(target, &mut mean, |m, c| *m *= c);
        mean
    }

    /// α times what multiplies a field in each cell of the data.
    pub(super) fn weighted(&self, target: &Target, mut alpha: Vec<f64>) -> Vec<f64> {
        if let (_, Some(cells)) = self.marginal.data_weight(target.term(), &self.theta) {
            alpha.iter_mut().zip(cells).for_each(|(a, c)| *a *= c);
        }
        alpha
    }

    fn spectral_variance(&self, target: &Target, spectral: &SpectralSolution) -> Vec<f64> {
        let mut projected = spectral.projected(&target.cross, Arrangement::Grid);
        let mut variance = outer(target.variances.clone());
        let unknown = gap_variance(spectral, &projected);
        let explained = outer(shares(spectral, &mut projected));
        let projected: Vec<MatRef<'_, f64>> = projected.iter().map(Mat::as_ref).collect();
        let hidden = apply(&projected, hidden(spectral));
        for ((v, e), h) in variance.iter_mut().zip(explained).zip(hidden) {
            *v = target.prior * ((*v - e).max(0.0) + h);
        }
        if let Some(unknown) = unknown {
            let factor = target.factor * target.factor;
            variance.iter_mut().zip(unknown).for_each(|(v, u)| *v += factor * u);
        }
        weigh(target, &mut variance, |v, c| *v *= c * c);
        variance
    }
}

/// Σₖ (⊗`projected` w̃ₖ)² over the missing cells.
fn gap_variance(spectral: &SpectralSolution, projected: &[Mat<f64>]) -> Option<Vec<f64>> {
    let (w, count) = spectral.gap_columns()?;
    let projected: Vec<MatRef<'_, f64>> = projected.iter().map(Mat::as_ref).collect();
    let mut sum = vec![0.0; projected.iter().map(|p| p.nrows()).product()];
    for k in 0..count {
        let column = w.chunks_exact(count).map(|row| row[k]).collect();
        sum.iter_mut().zip(apply(&projected, column)).for_each(|(s, v)| *s += v * v);
    }
    Some(sum)
}

/// Prior variances of a sum of independent fields less what the data explain, on a grid.
fn dense_variance(conditioned: &Conditioned, targets: &[Target], cells: usize) -> Result<Vec<f64>> {
    if let Some(variance) = conditioned.variance(targets, Arrangement::Grid, cells)? {
        return Ok(variance);
    }
    let mut variance = vec![0.0; cells];
    for target in targets {
        let mut prior = outer(target.variances.clone());
        weigh(target, &mut prior, |v, c| *v *= c * c);
        variance.iter_mut().zip(prior).for_each(|(v, p)| *v += target.prior * p);
    }
    let explained = conditioned.explained_variance(targets, Arrangement::Grid, cells)?;
    let explained = explained.expect("A has no eigenvectors");
    variance.iter_mut().zip(explained).for_each(|(v, e)| *v -= e);
    Ok(variance)
}

/// Combines the values of new cells with what multiplies the field there, if anything does.
pub(super) fn weigh(target: &Target, values: &mut [f64], combine: impl Fn(&mut f64, f64)) {
    if let Some(cells) = &target.cells {
        values.iter_mut().zip(cells).for_each(|(v, &c)| combine(v, c));
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

/// ⊗ vectors, the last one fastest.
pub(super) fn outer(vectors: impl IntoIterator<Item = Vec<f64>>) -> Vec<f64> {
    vectors
        .into_iter()
        .fold(vec![1.0], |all, v| all.iter().flat_map(|a| v.iter().map(move |b| a * b)).collect())
}
