//! Normal guides: a location, a scale for each unknown, and a shape of unit scale.

use gridgp_dist::special::LN_SQRT_2PI;
use gridgp_grid::{Error, Result};

use super::full_rank::{self, UnitTriangular};
use super::low_rank::{self, LowRank};
use super::mean_field::Independent;
use crate::approximation::{Engine, Normal};

/// Which normal distributions are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Guide {
    /// Independent unknowns: 2d parameters. The standard deviations are those of each unknown with
    /// the others held fixed, too small where unknowns are correlated.
    #[default]
    MeanField,
    /// Σ = D (I + U Uᵀ) D with a diagonal D and U of `rank` columns: (2 + rank) d parameters.
    LowRank {
        /// Columns of U, at most d and 64.
        rank: usize,
    },
    /// Any covariance, by its Cholesky factor: d + d (d + 1)/2 parameters; d up to 2000.
    FullRank,
}

impl Guide {
    pub(super) fn engine(self) -> Engine {
        match self {
            Self::MeanField => Engine::MeanField,
            Self::LowRank { rank } => Engine::LowRank(rank),
            Self::FullRank => Engine::FullRank,
        }
    }

    /// Refuses a guide that does not suit this many unknowns.
    pub(crate) fn check(self, d: usize) -> Result<()> {
        match self {
            Self::LowRank { rank } if rank == 0 || rank > d.min(low_rank::MAX_RANK) => {
                Err(Error::Inference(format!(
                    "the guide low_rank has rank {rank}; with {d} unknowns give 1 to {}",
                    d.min(low_rank::MAX_RANK)
                )))
            }
            Self::FullRank if d > full_rank::MAX_DIM => Err(Error::TooLarge(format!(
                "the guide full_rank would need {} parameters for {d} unknowns; it takes up to {} \
                 unknowns: use the guide low_rank with a rank of 10, or mean_field",
                d as u128 + d as u128 * (d as u128 + 1) / 2,
                full_rank::MAX_DIM
            ))),
            _ => Ok(()),
        }
    }

    /// The guide with its center at `start` and the standard deviations `sd` of the unknowns, one for
    /// each or one for all.
    pub(super) fn begin(self, start: &[f64], sd: &[f64], seed: u64) -> Result<LocationScale> {
        let d = start.len();
        if sd.len() != 1 && sd.len() != d {
            return Err(Error::Inference(format!(
                "svi's initial_sd has {} numbers for {d} unknowns; give one for each, or one for all",
                sd.len()
            )));
        }
        self.check(d)?;
        let shape: Box<dyn Shape> = match self {
            Self::MeanField => Box::new(Independent),
            Self::LowRank { rank } => Box::new(LowRank::new(d, rank)),
            Self::FullRank => Box::new(UnitTriangular),
        };
        let mut parameters = start.to_vec();
        parameters.extend(sd.iter().cycle().take(d).map(|sd| sd.ln()));
        parameters.resize(2 * d + shape.parameters(d), 0.0);
        shape.begin(seed, &mut parameters[2 * d..]);
        let mut guide = LocationScale { parameters, scale: vec![0.0; d], shape };
        guide.refresh();
        Ok(guide)
    }
}

/// The distribution of w = R ε with ε ~ N(0, I): what is left of a guide without location and
/// scale. `rest` are the parameters of R.
pub(super) trait Shape: Send + Sync {
    /// Length of `rest`.
    fn parameters(&self, dim: usize) -> usize;

    /// Length of ε.
    fn noise(&self, dim: usize) -> usize;

    /// Where `rest` begins, all zeros so far.
    fn begin(&self, _seed: u64, _rest: &mut [f64]) {}

    /// Computes what the other functions need of new parameters.
    fn refresh(&mut self, _rest: &[f64]) {}

    /// w = R ε.
    fn apply(&self, rest: &[f64], noise: &[f64], w: &mut [f64]);

    /// Adds the derivative of ⟨w̄, R ε⟩ with respect to `rest`.
    fn apply_vjp(&self, rest: &[f64], noise: &[f64], w_bar: &[f64], rest_bar: &mut [f64]);

    /// wᵀ (R Rᵀ)⁻¹ w for w = R ε.
    fn square(&self, rest: &[f64], noise: &[f64], w: &[f64]) -> f64;

    /// log det R Rᵀ.
    fn log_det(&self) -> f64 {
        0.0
    }

    /// −∇ log q(w) for w = R ε, (R Rᵀ)⁻¹ w, where it replaces the derivative of the entropy.
    fn negative_score(&self, _rest: &[f64], _noise: &[f64], _w: Vec<f64>) -> Option<Vec<f64>> {
        None
    }

    /// Whether there is a [`negative_score`](Self::negative_score).
    fn has_score(&self) -> bool {
        false
    }

    /// The variance of wᵢ.
    fn variance(&self, rest: &[f64], i: usize) -> f64;
}

/// x = μ + exp(s) ∘ w with w of a [`Shape`]; parameters [μ (d); s (d); those of the shape].
///
/// Scaling the rows keeps the parameters of the shape, and so the steps of the optimizer, of order
/// 1 whatever the units of the unknowns.
pub(super) struct LocationScale {
    pub(super) parameters: Vec<f64>,
    scale: Vec<f64>,
    shape: Box<dyn Shape>,
}

impl LocationScale {
    fn parts(&self) -> (&[f64], &[f64], &[f64]) {
        let d = self.scale.len();
        let (mean, others) = self.parameters.split_at(d);
        let (log_scale, rest) = others.split_at(d);
        (mean, log_scale, rest)
    }

    /// To be called after the parameters have changed.
    pub(super) fn refresh(&mut self) {
        let d = self.scale.len();
        for (scale, s) in self.scale.iter_mut().zip(&self.parameters[d..]) {
            *scale = s.exp();
        }
        self.shape.refresh(&self.parameters[2 * d..]);
    }

    /// Adds `factor` times the derivative of log p(x(ε)) with respect to the parameters, from the
    /// gradient of log p at x, which is overwritten; for a shape with a score, that of
    /// log p(x(ε)) − log q(x(ε)) with q held fixed, whose noise vanishes as q nears p.
    ///
    /// # Source
    /// Roeder, Wu and Duvenaud (2017), Sticking the landing, NeurIPS 30.
    pub(super) fn draw_vjp(
        &self,
        noise: &[f64],
        x: &[f64],
        gradient: &mut [f64],
        factor: f64,
        out: &mut [f64],
    ) {
        let d = self.scale.len();
        let (mean, _, rest) = self.parts();
        let w = (0..d).map(|i| (x[i] - mean[i]) / self.scale[i]).collect();
        if let Some(score) = self.shape.negative_score(rest, noise, w) {
            let scaled = score.iter().zip(&self.scale).map(|(s, scale)| s / scale);
            gradient.iter_mut().zip(scaled).for_each(|(g, s)| *g += s);
        }
        let (mean_bar, others) = out.split_at_mut(d);
        let (scale_bar, rest_bar) = others.split_at_mut(d);
        for i in 0..d {
            let g = factor * gradient[i];
            mean_bar[i] += g;
            // ∂x/∂s = exp(s) w = x − μ.
            scale_bar[i] += g * (x[i] - mean[i]);
            gradient[i] = g * self.scale[i];
        }
        self.shape.apply_vjp(rest, noise, gradient, rest_bar);
    }

    /// Adds the derivative of the entropy, Σ s + const of independent unknowns; draws of others have it.
    pub(super) fn entropy_vjp(&self, out: &mut [f64]) {
        let d = self.scale.len();
        if !self.shape.has_score() {
            out[d..2 * d].iter_mut().for_each(|s| *s += 1.0);
        }
    }

    /// exp(s): the standard deviations, where the unknowns are independent.
    pub(super) fn scales(&self) -> &[f64] {
        &self.scale
    }

    pub(super) fn mean(&self) -> &[f64] {
        self.parts().0
    }

    /// Standard deviations of x.
    pub(super) fn sd(&self) -> Vec<f64> {
        let rest = self.parts().2;
        let sd = |(i, scale): (usize, &f64)| scale * self.shape.variance(rest, i).sqrt();
        self.scale.iter().enumerate().map(sd).collect()
    }
}

impl Normal for LocationScale {
    fn dim(&self) -> usize {
        self.scale.len()
    }

    fn noise(&self) -> usize {
        self.shape.noise(self.dim())
    }

    fn draw(&self, noise: &[f64], x: &mut [f64]) -> f64 {
        let (mean, log_scale, rest) = self.parts();
        self.shape.apply(rest, noise, x);
        let square = self.shape.square(rest, noise, x);
        let mut log_scales = 0.0;
        for i in 0..x.len() {
            x[i] = mean[i] + self.scale[i] * x[i];
            log_scales += log_scale[i];
        }
        -0.5 * (square + self.shape.log_det()) - log_scales - LN_SQRT_2PI * x.len() as f64
    }
}
