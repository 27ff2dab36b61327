//! The Gaussian marginal likelihood of a model on a grid, exact, with its gradient.
//!
//! y ~ N(m(θ), s(θ)·⊗Kₐ(θ) + σ²(θ) I): the field is integrated out, θ alone remains. Cells may be
//! missing.

mod axis;
mod covariance;
mod design;
mod kronecker;
mod long_axis;
mod predict;
#[cfg(test)]
mod tests;

use axis::{AxisFactor, CheapOrBlocks};
use covariance::{Covariance, Scratch};
use design::Design;
use gridgp_dense::Spectral;
use gridgp_grid::{Covariate, Error, Grid, Result};
use gridgp_model::param::Value;
use gridgp_model::{Model, Term};
use kronecker::KroneckerNoise;
use long_axis::LongAxis;
pub use predict::Conditioned;
use rayon::prelude::*;

use super::gaps::{GapFactor, Gaps};

/// A bound on the error of ℓ above which small eigenvalues are worth a slower way to them.
const COARSE: f64 = 1e-6;
/// Most cells for that: some seconds where they are all on one axis.
const MOST_RESOLVED: usize = 2000;

/// log p(y | θ) of a model with a Gaussian likelihood, its fields integrated out.
#[derive(Debug, Clone)]
pub struct Marginal {
    shape: Vec<usize>,
    response: Vec<f64>,
    mean: Vec<(Term, Design)>,
    amplitude: Value,
    /// The field's term, whose coefficient multiplies the amplitude.
    term: Term,
    axes: Vec<AxisFactor>,
    /// The axis that is worth Cholesky factors in place of an eigenproblem.
    long: Option<usize>,
    scale: Value,
    gaps: Option<Gaps>,
    residual: Vec<f64>,
    scratch: Scratch,
}

/// A value of the marginal likelihood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarginalValue {
    /// log p(y | θ), normalized, of the response as modelled (standardized, if it is).
    pub log_prob: f64,
    /// An upper bound on how much eigenpairs that are zero to rounding, and rounding itself where
    /// eigenvalues as small as that count, could change it.
    pub truncation: f64,
}

impl Marginal {
    /// The marginal likelihood of a model.
    ///
    /// # Errors
    /// [`Error::Spec`] if the exact method cannot take the model's terms, with what it can take.
    pub fn new(model: &Model) -> Result<Self> {
        let data = &model.data;
        let Some((location, scale)) = model.gaussian() else {
            return Err(Error::Spec(format!(
                "the exact marginal takes a gaussian likelihood whose location is a sum without a \
                 link and whose scale is the same in every cell; this {} model needs a method \
                 that samples the fields: nuts or laplace",
                model.family.name()
            )));
        };
        let random: Vec<(usize, &Term)> = location.random().collect();
        let [(field, term)] = random.as_slice() else {
            return Err(Error::Spec(match random.len() {
                0 => "the location has no field: without one there is nothing to integrate out; \
                      add a field to [fields] and to the location"
                    .into(),
                n => format!(
                    "the location has {n} fields; the exact marginal takes one. Add their kernels \
                     inside one field where they share all axes but one, or sample the fields \
                     with nuts and route = \"joint\""
                ),
            }));
        };
        let field = &model.fields[*field];
        let weights = covariate_weights(term, &data.grid, &data.covariates)
            .ok_or_else(|| refuse_weights(&field.name))?;
        let axes = data
            .grid
            .axes()
            .iter()
            .zip(&field.axes)
            .zip(weights)
            .map(|((axis, kernel), w)| AxisFactor::new(axis.name(), axis.len(), kernel.clone(), w))
            .collect::<Result<Vec<_>>>()?;
        let mean = location
            .fixed()
            .map(|t| (t.clone(), Design::new(t, &data.grid, &data.covariates)))
            .collect();
        let gaps = Gaps::new(&data.grid.shape(), data.response.missing_cells());
        Ok(Self {
            shape: data.grid.shape(),
            response: model.modelled_response(),
            mean,
            amplitude: field.amplitude,
            term: (*term).clone(),
            long: gaps.is_none().then(|| long_axis(&axes)).flatten(),
            axes,
            scale,
            gaps,
            residual: Vec::new(),
            scratch: Scratch::default(),
        })
    }

    /// log p(y | θ); the derivatives with respect to θ are added to `theta_bar`.
    ///
    /// # Errors
    /// [`Error::Singular`] if a factor is not positive semidefinite at these values.
    pub fn log_prob_vjp(&mut self, theta: &[f64], theta_bar: &mut [f64]) -> Result<MarginalValue> {
        self.evaluate(theta, Some(theta_bar))
    }

    /// log p(y | θ).
    ///
    /// # Errors
    /// As [`Marginal::log_prob_vjp`].
    pub fn log_prob(&mut self, theta: &[f64]) -> Result<MarginalValue> {
        self.evaluate(theta, None)
    }

    /// Number of missing cells m: an evaluation costs some 2 m² operations a cell for them, and
    /// memory of m numbers a cell.
    pub fn missing(&self) -> usize {
        self.gaps().map_or(0, Gaps::count)
    }

    pub(super) fn gaps(&self) -> Option<&Gaps> {
        self.gaps.as_ref()
    }

    fn evaluate(&mut self, theta: &[f64], theta_bar: Option<&mut [f64]>) -> Result<MarginalValue> {
        self.update_residual(theta);
        let amplitude = self.amplitude.at(theta);
        let coefficient = self.term.coefficient(theta);
        let sigma = self.scale.at(theta);
        let (scale, noise) = ((amplitude * coefficient).powi(2), sigma * sigma);
        if !scale.is_finite() || !noise.is_finite() || noise == 0.0 {
            return Err(Error::Singular(format!(
                "amplitude {amplitude} and noise {sigma} leave the range of numbers"
            )));
        }
        let mut covariance = self.covariance(theta, scale, noise)?;
        let mut gaps = self.fill(&covariance)?;
        let mut value = match covariance.evaluate(&self.residual, &mut self.scratch) {
            // Where rounding loses σ² beside s λ K there is no Cholesky factor; eigenvectors keep it.
            Err(_) => {
                let factors = self.factors(theta)?;
                covariance = Covariance::Spectral(KroneckerNoise { factors, scale, noise });
                covariance.evaluate(&self.residual, &mut self.scratch)?
            }
            Ok(value) => value,
        };
        if value.truncation > COARSE
            && covariance.full().is_some()
            && let Some(factors) = self.resolved(theta, scale, noise)
        {
            covariance = Covariance::Spectral(KroneckerNoise { factors, scale, noise });
            gaps = self.fill(&covariance)?;
            value = covariance.evaluate(&self.residual, &mut self.scratch)?;
        }
        let gaps = self.gaps.as_ref().zip(gaps.as_ref());
        if let (Some((_, factor)), Some(full)) = (gaps, covariance.full()) {
            value.log_prob += factor.log_prob();
            if theta_bar.is_some() {
                value.scale_bar += factor.scale_bar(full);
                value.noise_bar += factor.noise_bar(full);
            }
        }
        if let Some(bar) = theta_bar {
            let s = value.scale_bar;
            self.amplitude.pull_back(2.0 * amplitude * coefficient * coefficient * s, bar);
            let coefficient_bar = 2.0 * amplitude * amplitude * coefficient * s;
            self.term.coefficient_vjp(theta, coefficient_bar, bar);
            self.scale.pull_back(2.0 * sigma * value.noise_bar, bar);
            if self.mean.iter().any(|(t, _)| !t.parameters.is_empty()) {
                let alpha = covariance.alpha(&self.residual, &self.scratch);
                for (term, design) in &self.mean {
                    term.coefficient_vjp(theta, design.dot(&self.shape, &alpha), bar);
                }
            }
            let mut order: Vec<usize> =
                (0..self.axes.len()).filter(|&a| self.axes[a].is_free()).collect();
            order.sort_by_key(|&a| covariance.is_low_rank(a));
            for a in order {
                // With missing cells K̄ₐ has as many more terms, and they are what costs.
                if let (Some(f), None) = (self.axes[a].features(theta), gaps) {
                    let scratch = &mut self.scratch;
                    let k_bar_f = covariance.gram_bar_times(a, &self.residual, f.as_ref(), scratch);
                    self.axes[a].features_vjp(theta, k_bar_f, bar);
                    continue;
                }
                let mut k_bar = covariance.gram_bar(a, &self.residual, &mut self.scratch);
                if let (Some((gaps, factor)), Some(full)) = (gaps, covariance.full()) {
                    k_bar += factor.gram_bar(gaps, full, a);
                }
                self.axes[a].vjp(theta, k_bar, bar);
            }
        }
        Ok(MarginalValue { log_prob: value.log_prob, truncation: value.truncation })
    }

    /// For each axis its length, and what multiplies the field along it.
    pub(super) fn field_weights(&self, model: &Model) -> Vec<(usize, Option<Vec<f64>>)> {
        let weights = covariate_weights(&self.term, &model.data.grid, &model.data.covariates);
        self.shape.iter().copied().zip(weights.expect("it was made with them")).collect()
    }

    fn factors(&self, theta: &[f64]) -> Result<Vec<Spectral>> {
        self.axes.par_iter().map(|axis| axis.spectral(theta)).collect()
    }

    /// Factors whose eigenvalues are good down to what the noise hides, where these have dropped some;
    /// `None` where that would take long or cannot be.
    fn resolved(&self, theta: &[f64], scale: f64, noise: f64) -> Option<Vec<Spectral>> {
        if self.shape.iter().product::<usize>() > MOST_RESOLVED {
            return None;
        }
        let mut factors = self.factors(theta).ok()?;
        let largest = |f: &Spectral| f.values().iter().copied().fold(0.0, f64::max);
        let all: f64 = scale * factors.iter().map(largest).product::<f64>();
        for (axis, factor) in self.axes.iter().zip(&mut factors) {
            if factor.dropped() > 0.0 {
                let shift = noise / (all / largest(factor));
                *factor = Spectral::resolved(axis.gram(theta).as_ref(), shift).ok()?;
            }
        }
        Some(factors)
    }

    /// s·⊗K + σ²I with its factors.
    fn covariance(&self, theta: &[f64], scale: f64, noise: f64) -> Result<Covariance> {
        let Some(axis) = self.long else {
            let factors = self.factors(theta)?;
            return Ok(Covariance::Spectral(KroneckerNoise { factors, scale, noise }));
        };
        let others = self.axes.iter().enumerate().filter(|(a, _)| *a != axis);
        let mut others = others.map(|(_, f)| f.spectral(theta)).collect::<Result<Vec<_>>>()?;
        Ok(match self.axes[axis].cheap_or_blocks(theta)? {
            CheapOrBlocks::Cheap(spectral) => {
                others.insert(axis, spectral);
                Covariance::Spectral(KroneckerNoise { factors: others, scale, noise })
            }
            CheapOrBlocks::Blocks(basis, blocks) => {
                Covariance::LongAxis(LongAxis { axis, basis, blocks, others, scale, noise })
            }
        })
    }

    /// Fills the residual of missing cells; None if there are none.
    fn fill(&mut self, covariance: &Covariance) -> Result<Option<GapFactor>> {
        let Some((gaps, full)) = self.gaps.as_ref().zip(covariance.full()) else { return Ok(None) };
        let factor = gaps.factorize(full)?;
        factor.fill(gaps, full, &mut self.residual);
        Ok(Some(factor))
    }

    /// residual = y − mean.
    fn update_residual(&mut self, theta: &[f64]) {
        self.residual.clear();
        self.residual.extend_from_slice(&self.response);
        for (term, design) in &self.mean {
            design.add_to(-term.coefficient(theta), &self.shape, &mut self.residual);
        }
    }
}

/// The longest axis whose matrix follows θ, if the others have few eigenvalues together.
fn long_axis(axes: &[AxisFactor]) -> Option<usize> {
    let free = (0..axes.len()).filter(|&a| axes[a].is_free() && !axes[a].has_features());
    let long = free.max_by_key(|&a| axes[a].rank_bound())?;
    let others = || axes.iter().enumerate().filter(|(a, _)| *a != long);
    // Those would be taken by their matrices.
    if others().any(|(_, f)| f.has_features() && f.size() > axes[long].size()) {
        return None;
    }
    (others().map(|(_, f)| f.rank_bound()).product::<usize>() <= long_axis::FEW).then_some(long)
}

/// The covariates that multiply a field, one vector an axis; `None` if one varies along several.
fn covariate_weights(
    term: &Term,
    grid: &Grid,
    covariates: &[Covariate],
) -> Option<Vec<Option<Vec<f64>>>> {
    match Design::new(term, grid, covariates) {
        Design::Separable(weights) => Some(weights),
        Design::Dense(_) => None,
    }
}

fn refuse_weights(field: &str) -> Error {
    Error::Spec(format!(
        "the field {field:?} is multiplied by a covariate that varies along several axes; the \
         exact marginal takes covariates along one axis each"
    ))
}
