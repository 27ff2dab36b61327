//! What is done at each point of the parameters: the density, and draws of the fields.

use std::ops::ControlFlow;

use faer::Mat;
use gridgp_density::{Joint, LogDensity, NestedPosterior, Samples};
use gridgp_grid::{Error, Result};
use gridgp_model::Model;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::super::ApproximateProgress;
use super::points::Points;

/// Draws that are made of a point at its first visit, as a share of those that equal weights give it: few
/// points weigh more.
const SPARE: f64 = 1.5;
/// A mode is as near as the square of this, in standard deviations of all unknowns together.
const NEAR_ENOUGH: f64 = 1e-2;
/// Draws that are made side by side.
const TOGETHER: usize = 8;
/// Keeps the random numbers of the fields apart from those of the points.
const FIELDS: u64 = 0x6e65_7374_6564;

/// Points of θ with the draws of the fields at each.
pub(super) struct Visits<'p> {
    posterior: NestedPosterior,
    joint: Joint,
    points: &'p Points,
    draws: usize,
    seed: u64,
    /// log p̂ at each point visited; −∞ outside.
    log_density: Vec<f64>,
    /// z of the draws of each point, and how many have been made.
    made: Vec<Vec<Vec<f64>>>,
    lengths: Vec<usize>,
}

impl<'p> Visits<'p> {
    pub(super) fn new(
        model: &Model,
        mut posterior: NestedPosterior,
        points: &'p Points,
        draws: usize,
        seed: u64,
    ) -> Result<Self> {
        let joint = Joint::new(model)?;
        posterior.nested().search_within(NEAR_ENOUGH);
        let lengths = posterior.field_lengths();
        Ok(Self {
            posterior,
            joint,
            points,
            draws,
            seed,
            log_density: Vec::new(),
            made: Vec::new(),
            lengths,
        })
    }

    /// Visits all points; whether `progress` ended that before the last.
    pub(super) fn run(
        &mut self,
        progress: &(dyn Fn(&ApproximateProgress) -> ControlFlow<()> + Sync),
    ) -> Result<bool> {
        let count = self.points.len();
        let each = (SPARE * self.draws as f64 / count as f64).ceil() as usize;
        for k in 0..count {
            let value = self.posterior.log_density(self.points.at(k));
            let value = value.ok().filter(|v| v.is_finite()).unwrap_or(f64::NEG_INFINITY);
            self.log_density.push(value);
            self.made.push(Vec::new());
            if value.is_finite() {
                self.draw(k, each)?;
            }
            let here = ApproximateProgress { step: k + 1, steps: count, value };
            if progress(&here).is_break() && k + 1 < count {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// log p̂ − log q of the points visited.
    pub(super) fn log_ratios(&self) -> Vec<f64> {
        let both = self.log_density.iter().zip(self.points.log_density());
        both.map(|(p, q)| p - q).collect()
    }

    pub(super) fn log_density(&self) -> &[f64] {
        &self.log_density
    }

    pub(super) fn newton_iterations(&mut self) -> usize {
        self.posterior.nested().newton_iterations()
    }

    pub(super) fn rounds(&mut self) -> usize {
        self.posterior.nested().rounds()
    }

    /// How many draws each point has, by its log weight: systematic resampling.
    pub(super) fn allot(&self, log_weights: &[f64]) -> Vec<usize> {
        let weights: Vec<f64> = log_weights.iter().map(|w| w.exp()).collect();
        let total: f64 = weights.iter().sum();
        let (mut sum, mut given) = (0.0, 0);
        let each = weights.iter().map(|w| {
            sum += w / total * self.draws as f64;
            // Rounding of the sum must not cost the last draw.
            let until = ((sum + 0.5).floor() as usize).min(self.draws);
            let own = until - given;
            given = until;
            own
        });
        let mut all: Vec<usize> = each.collect();
        if let Some(last) = all.iter().rposition(|n| *n > 0) {
            all[last] += self.draws - given;
        }
        all
    }

    /// So many draws of each point, in random order.
    pub(super) fn samples(&mut self, counts: &[usize]) -> Result<Samples> {
        let mut order = Vec::with_capacity(self.draws);
        for (k, &count) in counts.iter().enumerate() {
            if count > self.made[k].len() {
                self.posterior.log_density(self.points.at(k))?;
                self.draw(k, count - self.made[k].len())?;
            }
            order.extend((0..count).map(|i| (k, i)));
        }
        if order.is_empty() {
            return Err(Error::Inference(
                "the log density is -inf at all points around the mode of the parameters; give priors that \
                 keep away from the edge, or use nuts"
                    .into(),
            ));
        }
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(self.seed ^ FIELDS));
        let dim = self.joint.dim();
        let mut x = Vec::with_capacity(order.len() * dim);
        for (k, i) in &order {
            x.extend_from_slice(self.points.at(*k));
            // Each draw stands once.
            x.extend(std::mem::take(&mut self.made[*k][*i]));
        }
        Ok(Samples { chains: 1, draws: order.len(), dim, x })
    }

    /// Makes more draws at point k, where the posterior is.
    fn draw(&mut self, k: usize, count: usize) -> Result<()> {
        let Self { posterior, joint, points, seed, made, lengths, .. } = self;
        let nested = posterior.nested();
        let mut left = count;
        while left > 0 {
            let columns = left.min(TOGETHER);
            let first = made[k].len();
            let mut noise = Mat::zeros(nested.noise_len(), columns);
            for i in 0..columns {
                let mut rng = ChaCha8Rng::seed_from_u64(*seed ^ FIELDS);
                rng.set_stream(((k as u64) << 32) + (first + i) as u64);
                let column = noise.col_as_slice_mut(i);
                column.iter_mut().for_each(|z| *z = StandardNormal.sample(&mut rng));
            }
            let whitened = nested.draws_unknowns();
            for draw in nested.draws(noise) {
                made[k].push(if whitened {
                    draw
                } else {
                    let (mut fields, mut rest) = (Vec::new(), draw.as_slice());
                    for &length in lengths.iter() {
                        let (own, next) = rest.split_at(length);
                        fields.push(own);
                        rest = next;
                    }
                    let mut z = vec![0.0; joint.dim() - points.at(k).len()];
                    joint.whiten(points.at(k), &fields, &mut z)?;
                    z
                });
            }
            left -= columns;
        }
        Ok(())
    }
}
