//! One field and one σ: the eigenvectors of each axis, on the grid or on its observed places, and a
//! correction for what is missing beyond that.

use gridgp_dense::Spectral;
use gridgp_grid::Result;
use rayon::prelude::*;

use super::super::gaps::{Columns, Full, GapFactor, Gaps};
use super::axis::{AxisFactor, CheapOrBlocks};
use super::covariance::{Covariance, Scratch};
use super::field_term::FieldTerm;
use super::filling::{Filled, Probes};
use super::kronecker::KroneckerNoise;
use super::long_axis::{self, LongAxis};
use super::places::{Layout, Part};
use super::{COARSE, MOST_RESOLVED, MarginalValue};

/// What the spectral algebra keeps from one evaluation to the next.
#[derive(Debug, Clone)]
pub(super) struct SpectralRoute {
    pub(super) layout: Layout,
    /// The axis that is worth Cholesky factors in place of an eigenproblem.
    pub(super) long: Option<usize>,
    pub(super) gaps: Option<Gaps>,
    /// Where the missing cells are too many for columns of their own.
    pub(super) probes: Option<Probes>,
    scratch: Scratch,
}

/// What the missing cells change.
enum Correction {
    Exact(GapFactor),
    Filled(Filled),
}

impl Correction {
    fn log_prob(&self) -> f64 {
        match self {
            Self::Exact(factor) => factor.log_prob(),
            Self::Filled(filled) => filled.log_prob,
        }
    }

    fn standard_error(&self) -> f64 {
        match self {
            Self::Exact(_) => 0.0,
            Self::Filled(filled) => filled.standard_error,
        }
    }

    fn adjoints<'a>(&'a self, gaps: &'a Gaps, full: Full<'a>) -> Vec<(f64, Columns<'a>)> {
        match self {
            Self::Exact(factor) => vec![(1.0, factor.adjoints(gaps))],
            Self::Filled(filled) => filled.adjoints(gaps, full),
        }
    }
}

/// What [`SpectralRoute::evaluate`] gives.
pub(super) struct Evaluation {
    pub(super) value: MarginalValue,
    /// ∂ℓ/∂σ².
    pub(super) noise_bar: f64,
    /// A⁻¹r on the compressed grid, where it was asked for.
    pub(super) alpha: Option<Vec<f64>>,
}

impl SpectralRoute {
    pub(super) fn new(layout: Layout, term: &FieldTerm, probes: Option<Probes>) -> Self {
        let gaps = Gaps::new(&layout.shape, layout.missing.clone());
        let whole = layout.cells.is_none() && gaps.is_none();
        let long = whole.then(|| long_axis(&term.axes)).flatten();
        Self { layout, long, gaps, probes, scratch: Scratch::default() }
    }

    /// log N(r; 0, s·⊗K + σ²I) for a residual on the compressed grid, whose missing cells are filled;
    /// with `theta_bar` the derivatives with respect to the field's parameters are added to it, and
    /// with `wants_alpha` α is given.
    ///
    /// # Errors
    /// [`gridgp_grid::Error::Singular`] if a factor is not positive semidefinite.
    pub(super) fn evaluate(
        &mut self,
        term: &FieldTerm,
        theta: &[f64],
        noise: f64,
        residual: &mut [f64],
        theta_bar: Option<&mut [f64]>,
        wants_alpha: bool,
    ) -> Result<Evaluation> {
        let scale = term.scale(theta);
        let mut covariance = self.covariance(&term.axes, theta, scale, noise)?;
        let wants_gradient = theta_bar.is_some();
        let mut gaps = self.fill(&covariance, residual, wants_gradient)?;
        let mut value = match covariance.evaluate(residual, &mut self.scratch) {
            // Where rounding loses σ² beside s λ K there is no Cholesky factor; eigenvectors keep it.
            Err(_) => {
                let factors = self.factors(&term.axes, theta)?;
                covariance = Covariance::Spectral(KroneckerNoise { factors, scale, noise });
                covariance.evaluate(residual, &mut self.scratch)?
            }
            Ok(value) => value,
        };
        if value.truncation > COARSE
            && covariance.full().is_some()
            && let Some(factors) = self.resolved(&term.axes, theta, scale, noise)
        {
            covariance = Covariance::Spectral(KroneckerNoise { factors, scale, noise });
            gaps = self.fill(&covariance, residual, wants_gradient)?;
            value = covariance.evaluate(residual, &mut self.scratch)?;
        }
        let correction = self.gaps.as_ref().zip(gaps.as_ref()).zip(covariance.full());
        let mut standard_error = 0.0;
        let mut columns = Vec::new();
        if let Some(((gaps, correction), full)) = correction {
            value.log_prob += correction.log_prob();
            standard_error = correction.standard_error();
            if wants_gradient {
                columns = correction.adjoints(gaps, full);
                for (sign, columns) in &columns {
                    value.scale_bar += sign * columns.scale_bar(full);
                    value.noise_bar += sign * columns.noise_bar(full);
                }
            }
        }
        // Before the adjoints, which overwrite what it is made from.
        let alpha = wants_alpha.then(|| covariance.alpha(residual, &self.scratch));
        if let Some(bar) = theta_bar {
            term.scale_vjp(theta, value.scale_bar, bar);
            let parts = &self.layout.parts;
            let mut order: Vec<usize> =
                (0..parts.len()).filter(|&a| parts[a].is_free(&term.axes)).collect();
            order.sort_by_key(|&a| covariance.is_low_rank(a));
            for a in order {
                // With missing cells K̄ₐ has as many more terms, and they are what costs.
                if let (Part::Axis(axis), true) = (&parts[a], columns.is_empty())
                    && let Some(f) = term.axes[*axis].features(theta)
                {
                    let scratch = &mut self.scratch;
                    let k_bar_f = covariance.gram_bar_times(a, residual, f.as_ref(), scratch);
                    term.axes[*axis].features_vjp(theta, k_bar_f, bar);
                    continue;
                }
                let mut k_bar = covariance.gram_bar(a, residual, &mut self.scratch);
                if let Some((_, full)) = correction {
                    for (sign, columns) in &columns {
                        k_bar += columns.gram_bar(full, a) * faer::Scale(*sign);
                    }
                }
                parts[a].vjp(&term.axes, theta, k_bar, bar);
            }
        }
        let (log_prob, truncation) = (value.log_prob, value.truncation);
        let noise_bar = value.noise_bar;
        Ok(Evaluation {
            value: MarginalValue { log_prob, truncation, standard_error },
            noise_bar,
            alpha,
        })
    }

    /// Fills the missing cells of a residual on the compressed grid by their means, and gives the route of
    /// a grid that has no gaps; `None` where this one has none either.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub(super) fn completed(
        &self,
        term: &FieldTerm,
        theta: &[f64],
        noise: f64,
        residual: &mut [f64],
    ) -> Result<Option<Self>> {
        let covariance = self.covariance(&term.axes, theta, term.scale(theta), noise)?;
        let filled = self.fill(&covariance, residual, false)?;
        let layout = Layout { missing: Vec::new(), ..self.layout.clone() };
        Ok(filled.map(|_| Self::new(layout, term, None)))
    }

    /// The spectral factors of the compressed grid's axes.
    pub(super) fn factors(&self, axes: &[AxisFactor], theta: &[f64]) -> Result<Vec<Spectral>> {
        self.layout.parts.par_iter().map(|part| part.spectral(axes, theta)).collect()
    }

    /// Factors whose eigenvalues are good down to what the noise hides, where these have dropped some;
    /// `None` where that would take long or cannot be.
    pub(super) fn resolved(
        &self,
        axes: &[AxisFactor],
        theta: &[f64],
        scale: f64,
        noise: f64,
    ) -> Option<Vec<Spectral>> {
        if self.layout.shape.iter().product::<usize>() > MOST_RESOLVED {
            return None;
        }
        let mut factors = self.factors(axes, theta).ok()?;
        let largest = |f: &Spectral| f.values().iter().copied().fold(0.0, f64::max);
        let all: f64 = scale * factors.iter().map(largest).product::<f64>();
        for (part, factor) in self.layout.parts.iter().zip(&mut factors) {
            if factor.dropped() > 0.0 {
                let shift = noise / (all / largest(factor));
                *factor = Spectral::resolved(part.gram(axes, theta).as_ref(), shift).ok()?;
            }
        }
        Some(factors)
    }

    /// s·⊗K + σ²I with its factors.
    fn covariance(
        &self,
        axes: &[AxisFactor],
        theta: &[f64],
        scale: f64,
        noise: f64,
    ) -> Result<Covariance> {
        let Some(axis) = self.long else {
            let factors = self.factors(axes, theta)?;
            return Ok(Covariance::Spectral(KroneckerNoise { factors, scale, noise }));
        };
        let others = axes.iter().enumerate().filter(|(a, _)| *a != axis);
        let mut others = others.map(|(_, f)| f.spectral(theta)).collect::<Result<Vec<_>>>()?;
        Ok(match axes[axis].cheap_or_blocks(theta)? {
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
    fn fill(
        &self,
        covariance: &Covariance,
        residual: &mut [f64],
        wants_gradient: bool,
    ) -> Result<Option<Correction>> {
        let Some((gaps, full)) = self.gaps.as_ref().zip(covariance.full()) else { return Ok(None) };
        if let Some(probes) = self.probes {
            let filled = Filled::new(gaps, full, residual, probes, wants_gradient)?;
            return Ok(Some(Correction::Filled(filled)));
        }
        let factor = gaps.factorize(full)?;
        factor.fill(gaps, full, residual);
        Ok(Some(Correction::Exact(factor)))
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
