//! What is done at each point of the parameters: the density, and draws of the fields.

use std::ops::{ControlFlow, Range};

use faer::Mat;
use gridgp_density::{Joint, LogDensity, NestedPlan, NestedPosterior, Samples};
use gridgp_grid::{Error, Result};
use gridgp_model::Model;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

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

/// Points that are visited side by side, where a density takes less than so many bytes; the algebra of larger ones
/// uses all cores itself.
const BESIDE: usize = 8;
const SMALL: f64 = 2.5e8;

/// Points of θ with the draws of the fields at each.
pub(super) struct Visits<'p> {
    /// Where searches begin.
    home: NestedPosterior,
    visitors: Vec<Visitor<'p>>,
    points: &'p Points,
    seed: u64,
    draws: usize,
    /// log p̂ at each point visited; −∞ outside.
    log_density: Vec<f64>,
    /// z of the draws of each point.
    made: Vec<Vec<Vec<f64>>>,
    newton: usize,
    rounds: usize,
}

/// Who goes to a point, always from the mode: what is found does not depend on who was where before.
#[derive(Clone)]
struct Visitor<'p> {
    posterior: NestedPosterior,
    joint: Joint,
    points: &'p Points,
    lengths: Vec<usize>,
    seed: u64,
}

/// What was found at a point.
struct Visit {
    log_density: f64,
    draws: Vec<Vec<f64>>,
    newton: usize,
    rounds: usize,
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
        posterior.nested().forget();
        let lengths = posterior.field_lengths();
        let beside = if is_small(posterior.plan()) { rayon::current_num_threads() } else { 1 };
        let visitor = Visitor { posterior: posterior.clone(), joint, points, lengths, seed };
        Ok(Self {
            home: posterior,
            visitors: vec![visitor; beside.min(BESIDE)],
            points,
            seed,
            draws,
            log_density: Vec::new(),
            made: Vec::new(),
            newton: 0,
            rounds: 0,
        })
    }

    /// Visits all points; whether `progress` ended that before the last.
    pub(super) fn run(
        &mut self,
        progress: &(dyn Fn(&ApproximateProgress) -> ControlFlow<()> + Sync),
    ) -> Result<bool> {
        let count = self.points.len();
        let each = (SPARE * self.draws as f64 / count as f64).ceil() as usize;
        let (home, beside) = (&self.home, self.visitors.len());
        for first in (0..count).step_by(BESIDE) {
            let until = (first + BESIDE).min(count);
            let one = |(t, own): (usize, &mut Visitor<'p>)| -> Result<Vec<(usize, Visit)>> {
                let those = (first + t..until).step_by(beside);
                those.map(|k| Ok((k, own.visit(home, k, each)?))).collect()
            };
            let found: Vec<Vec<(usize, Visit)>> = match &mut self.visitors[..] {
                [alone] => vec![one((0, alone))?],
                all => all.par_iter_mut().enumerate().map(one).collect::<Result<_>>()?,
            };
            let mut found: Vec<(usize, Visit)> = found.into_iter().flatten().collect();
            found.sort_by_key(|(k, _)| *k);
            for (_, visit) in found {
                self.log_density.push(visit.log_density);
                self.made.push(visit.draws);
                self.newton += visit.newton;
                self.rounds += visit.rounds;
                let step = self.made.len();
                let here = ApproximateProgress { step, steps: count, value: visit.log_density };
                if progress(&here).is_break() && step < count {
                    return Ok(true);
                }
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

    /// At the points alone.
    pub(super) fn newton_iterations(&self) -> usize {
        self.newton
    }

    /// At the points alone.
    pub(super) fn rounds(&self) -> usize {
        self.rounds
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
            let known = self.made[k].len();
            if count > known {
                let own = &mut self.visitors[0];
                own.posterior.begin_as(&self.home);
                own.move_to(k)?;
                own.draw(k, known..count, &mut self.made[k])?;
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
        let dim = self.visitors[0].joint.dim();
        let mut x = Vec::with_capacity(order.len() * dim);
        for (k, i) in &order {
            x.extend_from_slice(self.points.at(*k));
            // Each draw stands once.
            x.extend(std::mem::take(&mut self.made[*k][*i]));
        }
        Ok(Samples { chains: 1, draws: order.len(), dim, x })
    }
}

impl Visitor<'_> {
    /// Goes to point k from where `home` is: its density and so many draws.
    fn visit(&mut self, home: &NestedPosterior, k: usize, count: usize) -> Result<Visit> {
        self.posterior.begin_as(home);
        let nested = self.posterior.nested();
        let (newton, rounds) = (nested.newton_iterations(), nested.rounds());
        let found = self.move_to(k).ok().filter(|v| v.is_finite());
        let mut draws = Vec::new();
        if found.is_some() {
            self.draw(k, 0..count, &mut draws)?;
        }
        let nested = self.posterior.nested();
        Ok(Visit {
            log_density: found.unwrap_or(f64::NEG_INFINITY),
            draws,
            newton: nested.newton_iterations() - newton,
            rounds: nested.rounds() - rounds,
        })
    }

    fn move_to(&mut self, k: usize) -> Result<f64> {
        self.posterior.log_density(self.points.at(k))
    }

    /// Makes the draws with these numbers at point k, where the posterior is.
    fn draw(&mut self, k: usize, numbers: Range<usize>, made: &mut Vec<Vec<f64>>) -> Result<()> {
        let Self { posterior, joint, points, seed, lengths, .. } = self;
        let nested = posterior.nested();
        for first in numbers.clone().step_by(TOGETHER) {
            let columns = TOGETHER.min(numbers.end - first);
            let mut noise = Mat::zeros(nested.noise_len(), columns);
            for i in 0..columns {
                let mut rng = ChaCha8Rng::seed_from_u64(*seed ^ FIELDS);
                rng.set_stream(((k as u64) << 32) + (first + i) as u64);
                let column = noise.col_as_slice_mut(i);
                column.iter_mut().for_each(|z| *z = StandardNormal.sample(&mut rng));
            }
            let whitened = nested.draws_unknowns();
            for draw in nested.draws(noise) {
                made.push(if whitened {
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
        }
        Ok(())
    }
}

/// Whether points are visited side by side.
pub(crate) fn is_small(plan: &NestedPlan) -> bool {
    plan.bytes < SMALL
}
