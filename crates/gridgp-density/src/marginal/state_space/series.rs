//! The observations as series of Markov processes, at one θ.

use faer::Mat;
use gridgp_dense::{settle_registers, symmetric_eigen};
use gridgp_grid::{Error, Result};
use gridgp_kernel::{Block, BlockBar};
use gridgp_series::{Filter, Gradient, Loadings, Observations, Process, log_prob_gradient};
use rayon::prelude::*;

use super::super::dense::Cells;
use super::super::field_term::FieldTerm;
use super::order::Order;
use super::space::Space;
use super::timeline::Timeline;

/// Blocks that one filter runs over, and what its observations see of them.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub(super) process: Process,
    /// For each block its term, the function of the other axes that it multiplies (an eigenvector of the
    /// turned ones, and then a function of the inner ones), and its number along time.
    pub(super) owners: Vec<(usize, usize, usize)>,
    gains: Vec<f64>,
    sites: Vec<u32>,
    weighted: Vec<Option<usize>>,
    weights: Vec<Vec<f64>>,
    variances: Vec<f64>,
}

/// The other axes of all terms.
#[derive(Debug, Clone)]
pub(super) enum Others {
    /// Features of each term; one filter.
    Features(Vec<Space>),
    /// Eigenvectors of the turned axes of the one term; a filter for each.
    Rotated {
        /// The matrix of each turned axis.
        grams: Vec<Mat<f64>>,
        /// λ.
        values: Vec<f64>,
        /// Q.
        vectors: Mat<f64>,
        /// Features of the inner axes.
        space: Space,
    },
}

/// The model as filters.
#[derive(Debug, Clone)]
pub(super) struct Series {
    pub(super) units: Vec<Unit>,
    /// The blocks of each term along time.
    pub(super) blocks: Vec<Vec<Block>>,
    /// What multiplies each field, but for covariates.
    pub(super) multipliers: Vec<f64>,
    pub(super) others: Others,
    /// Starts of the observations of each unit.
    starts: Vec<usize>,
    /// What multiplies each field in its observations, where that varies along time.
    covariates: Vec<Option<Vec<f64>>>,
    /// A bound on the variance that cosines leave out of a cell, and the largest of all.
    pub(super) left_out: f64,
    pub(super) largest: f64,
}

impl Unit {
    pub(super) fn observations<'a>(
        &'a self,
        times: &'a [f64],
        starts: &'a [usize],
    ) -> Observations<'a> {
        let Self { gains, sites, weighted, weights, variances, .. } = self;
        Observations {
            times,
            starts,
            variances,
            loadings: Loadings { gains, sites, weighted, weights },
        }
    }
}

/// What multiplies the first states of some blocks in each of some cells.
pub(super) struct Weighted {
    pub(super) weighted: Vec<Option<usize>>,
    pub(super) weights: Vec<Vec<f64>>,
}

/// Weights of the blocks of each term, in cells at `times`: a covariate of the term, if it has one, times
/// the distances from the centers of a block.
pub(super) fn weigh(
    blocks: &[Vec<Block>],
    covariates: &[Option<Vec<f64>>],
    times: &[f64],
) -> Vec<Weighted> {
    let one = |(blocks, covariate): (&Vec<Block>, &Option<Vec<f64>>)| {
        let (mut weighted, mut weights, mut plain) = (Vec::new(), Vec::new(), None);
        for b in blocks {
            if b.centers.is_empty() {
                let Some(covariate) = covariate else {
                    weighted.push(None);
                    continue;
                };
                let at = *plain.get_or_insert_with(|| {
                    weights.push(covariate.clone());
                    weights.len() - 1
                });
                weighted.push(Some(at));
                continue;
            }
            let mut own = covariate.clone().unwrap_or_else(|| vec![1.0; times.len()]);
            for (w, t) in own.iter_mut().zip(times) {
                b.centers.iter().for_each(|c| *w *= t - c);
            }
            weights.push(own);
            weighted.push(Some(weights.len() - 1));
        }
        Weighted { weighted, weights }
    };
    blocks.iter().zip(covariates).map(one).collect()
}

/// The weights of several terms as those of the blocks of a unit.
pub(super) fn join(
    parts: Vec<Weighted>,
    owners: &[(usize, usize, usize)],
) -> (Vec<Option<usize>>, Vec<Vec<f64>>) {
    let mut first = Vec::new();
    let mut weights = Vec::new();
    let mut of_term = Vec::new();
    for part in parts {
        first.push(weights.len());
        weights.extend(part.weights);
        of_term.push(part.weighted);
    }
    let weighted: Vec<Option<usize>> =
        owners.iter().map(|&(f, _, b)| of_term[f][b].map(|w| w + first[f])).collect();
    (if weights.is_empty() { Vec::new() } else { weighted }, weights)
}

impl Series {
    /// The filters at `theta`, with the noise `sigma` of each observed cell.
    ///
    /// # Errors
    /// [`Error::Singular`] where another axis has no factor, or a periodic kernel needs too many cosines.
    pub(super) fn new(
        terms: &[FieldTerm],
        timeline: &Timeline,
        order: &Order,
        cells: &Cells,
        theta: &[f64],
        sigma: &[f64],
    ) -> Result<Self> {
        let axis = timeline.axis;
        let mut blocks = Vec::new();
        for (term, form) in terms.iter().zip(&timeline.forms) {
            let numbers = term.axes[axis].kernel().map_or(Vec::new(), |k| k.numbers(theta));
            blocks.push(form.blocks(&numbers).map_err(|e| {
                Error::Singular(format!(
                    "axis {:?}, field {:?}: {e}",
                    term.axes[axis].name(),
                    term.name
                ))
            })?);
        }
        let multipliers: Vec<f64> = terms.iter().map(|t| t.multiplier(theta)).collect();
        let mut series = Self {
            units: Vec::new(),
            blocks,
            multipliers,
            others: Others::Features(Vec::new()),
            starts: Vec::new(),
            covariates: Vec::new(),
            left_out: 0.0,
            largest: 0.0,
        };
        if timeline.turned.is_empty() {
            series.join_sites(terms, timeline, order, cells, theta, sigma)?;
        } else {
            series.rotate(&terms[0], timeline, order, theta, sigma[0])?;
        }
        Ok(series)
    }

    fn join_sites(
        &mut self,
        terms: &[FieldTerm],
        timeline: &Timeline,
        order: &Order,
        cells: &Cells,
        theta: &[f64],
        sigma: &[f64],
    ) -> Result<()> {
        let axis = timeline.axis;
        let spaces: Vec<Space> =
            terms.iter().map(|t| Space::new(&t.axes, timeline, theta)).collect::<Result<_>>()?;
        let mut owners = Vec::new();
        for (f, (space, blocks)) in spaces.iter().zip(&self.blocks).enumerate() {
            for r in 0..space.features.ncols() {
                owners.extend((0..blocks.len()).map(|b| (f, r, b)));
            }
        }
        let mut gains = Vec::with_capacity(order.count * owners.len());
        for s in 0..order.count {
            gains.extend(owners.iter().map(|&(f, r, b)| {
                self.multipliers[f] * spaces[f].features[(s, r)] * self.blocks[f][b].gain
            }));
        }
        let times: Vec<f64> = per_observation(&order.starts, |k| timeline.times[k]);
        let points: Vec<usize> = per_observation(&order.starts, |k| timeline.order[k]);
        let covariate = |term: &FieldTerm| {
            let along = term.axes[axis].weights();
            if along.is_none() && term.cells.is_none() {
                return None;
            }
            let one = |(o, &i): (usize, &usize)| {
                let cell = term.cells.as_ref().map_or(1.0, |c| c[cells.numbers[i]]);
                cell * along.map_or(1.0, |w| w[points[o]])
            };
            Some(order.cells.iter().enumerate().map(one).collect())
        };
        let covariates: Vec<Option<Vec<f64>>> = terms.iter().map(covariate).collect();
        let parts = weigh(&self.blocks, &covariates, &times);
        for (f, (space, part)) in spaces.iter().zip(&parts).enumerate() {
            self.count_variance(f, space.largest_variance() * self.multipliers[f].powi(2), part);
        }
        let (weighted, weights) = join(parts, &owners);
        let process = owners.iter().map(|&(f, _, b)| self.blocks[f][b].clone()).collect();
        let sites = if order.count > 1 { order.sites.clone() } else { Vec::new() };
        let variances = order.cells.iter().map(|&i| sigma[i] * sigma[i]).collect();
        let process = Process::new(process);
        self.units = vec![Unit { process, owners, gains, sites, weighted, weights, variances }];
        self.starts.clone_from(&order.starts);
        self.others = Others::Features(spaces);
        self.covariates = covariates;
        Ok(())
    }

    fn rotate(
        &mut self,
        term: &FieldTerm,
        timeline: &Timeline,
        order: &Order,
        theta: &[f64],
        sigma: f64,
    ) -> Result<()> {
        let axis = timeline.axis;
        let grams: Vec<Mat<f64>> = timeline.turned(&term.axes).map(|f| f.gram(theta)).collect();
        let turned = kronecker(&grams);
        let (mut values, vectors) =
            symmetric_eigen(turned.as_ref()).map_err(|e| Error::Singular(e.to_string()))?;
        values.iter_mut().for_each(|v| *v = v.max(0.0));
        let space = Space::new(&term.axes, timeline, theta)?;
        self.starts.clone_from(&order.starts);
        let n = self.starts[timeline.len()];
        let times = per_observation(&self.starts, |k| timeline.times[k]);
        let along = term.axes[axis].weights();
        let covariate = along.map(|w| per_observation(&self.starts, |k| w[timeline.order[k]]));
        debug_assert!(order.cells.len() == n * order.turns);
        let covariates = [covariate];
        let most = (0..order.turns).map(|s| turned[(s, s)]).fold(0.0, f64::max);
        let parts = weigh(&self.blocks, &covariates, &times);
        let scale = most * space.largest_variance() * self.multipliers[0].powi(2);
        self.count_variance(0, scale, &parts[0]);
        let (functions, blocks) = (space.features.ncols(), self.blocks[0].len());
        let owners: Vec<_> = (0..functions * blocks).map(|i| (0, i / blocks, i % blocks)).collect();
        let (weighted, weights) = join(parts, &owners);
        let blocks = owners.iter().map(|&(_, _, b)| self.blocks[0][b].clone()).collect();
        let process = Process::new(blocks);
        let plain = self.plain_gains(&space, &owners);
        let sites = if order.count > 1 { order.sites.clone() } else { Vec::new() };
        let unit = |(j, value): (usize, &f64)| Unit {
            process: process.clone(),
            owners: owners.iter().map(|&(f, r, b)| (f, j * functions + r, b)).collect(),
            gains: plain.iter().map(|g| self.multipliers[0] * value.sqrt() * g).collect(),
            sites: sites.clone(),
            weighted: weighted.clone(),
            weights: weights.clone(),
            variances: vec![sigma * sigma; n],
        };
        self.units = values.iter().enumerate().map(unit).collect();
        self.others = Others::Rotated { grams, values, vectors, space };
        self.covariates = covariates.into();
        Ok(())
    }

    /// What the sites of the inner axes see of each block where the multiplier of the filter is 1; a row a
    /// site.
    pub(super) fn plain_gains(&self, space: &Space, owners: &[(usize, usize, usize)]) -> Vec<f64> {
        let (f, functions) = (&space.features, space.features.ncols());
        let row = |s: usize| {
            owners.iter().map(move |&(_, r, b)| f[(s, r % functions)] * self.blocks[0][b].gain)
        };
        (0..f.nrows()).flat_map(row).collect()
    }

    /// Counts the variance of a term, and what cosines leave out of it, to the bounds.
    fn count_variance(&mut self, f: usize, scale: f64, part: &Weighted) {
        let most: Vec<f64> =
            part.weights.iter().map(|w| w.iter().fold(0.0, |m: f64, w| m.max(w * w))).collect();
        for (block, weighted) in self.blocks[f].iter().zip(&part.weighted) {
            let weight = scale * weighted.map_or(1.0, |w| most[w]);
            self.left_out += weight * block.left_out;
            self.largest += weight * block.gain * block.gain;
        }
    }

    pub(super) fn observations<'a>(&'a self, u: usize, timeline: &'a Timeline) -> Observations<'a> {
        self.units[u].observations(&timeline.times, &self.starts)
    }

    pub(super) fn starts(&self) -> &[usize] {
        &self.starts
    }

    /// A tensor on the grid as the observations of each unit.
    pub(super) fn split(&self, order: &Order, cells: &Cells, grid: &[f64]) -> Vec<Vec<f64>> {
        let seen = || order.cells.iter().map(|&i| grid[cells.numbers[i]]);
        let Others::Rotated { vectors, .. } = &self.others else { return vec![seen().collect()] };
        let turns = order.turns;
        let mut points = Mat::zeros(order.cells.len() / turns, turns);
        seen().enumerate().for_each(|(i, v)| points[(i / turns, i % turns)] = v);
        let rotated = gridgp_dense::product(points.as_ref(), vectors.as_ref());
        (0..turns).map(|j| rotated.col(j).iter().copied().collect()).collect()
    }

    /// The observations of each unit as a tensor on the grid, 0 where a cell is missing.
    pub(super) fn gather(&self, order: &Order, cells: &Cells, units: &[Vec<f64>]) -> Vec<f64> {
        self.turn_back(order, cells, units, |q| q)
    }

    /// The same for variances of the units, or precisions.
    pub(super) fn gather_squares(
        &self,
        order: &Order,
        cells: &Cells,
        units: &[Vec<f64>],
    ) -> Vec<f64> {
        self.turn_back(order, cells, units, |q| q * q)
    }

    /// From units to points by `weight` of each entry of Q.
    fn turn_back(
        &self,
        order: &Order,
        cells: &Cells,
        units: &[Vec<f64>],
        weight: impl Fn(f64) -> f64,
    ) -> Vec<f64> {
        let mut grid = vec![0.0; cells.shape.iter().product()];
        let Others::Rotated { vectors, .. } = &self.others else {
            let seen = order.cells.iter().zip(&units[0]);
            seen.for_each(|(&i, v)| grid[cells.numbers[i]] = *v);
            return grid;
        };
        let n = units[0].len();
        let rotated = Mat::from_fn(n, units.len(), |o, j| units[j][o]);
        let weights =
            Mat::from_fn(vectors.nrows(), vectors.ncols(), |i, j| weight(vectors[(i, j)]));
        let points = gridgp_dense::product(rotated.as_ref(), weights.transpose());
        for (i, &cell) in order.cells.iter().enumerate() {
            grid[cells.numbers[cell]] = points[(i / order.turns, i % order.turns)];
        }
        grid
    }

    /// log p and its derivatives, of each unit.
    ///
    /// # Errors
    /// [`Error::Singular`] where the noise is lost in rounding.
    pub(super) fn gradients(&self, timeline: &Timeline, r: &[Vec<f64>]) -> Result<Vec<Gradient>> {
        let one = |u: usize| {
            // The thread may come from somebody else's product.
            settle_registers();
            log_prob_gradient(&self.units[u].process, &self.observations(u, timeline), &r[u])
                .map_err(singular)
        };
        (0..self.units.len()).into_par_iter().map(one).collect()
    }

    /// The filter of each unit.
    ///
    /// # Errors
    /// As [`gradients`](Self::gradients).
    pub(super) fn filters(&self, timeline: &Timeline) -> Result<Vec<Filter>> {
        let one = |u: usize| {
            settle_registers();
            Filter::new(&self.units[u].process, &self.observations(u, timeline)).map_err(singular)
        };
        (0..self.units.len()).into_par_iter().map(one).collect()
    }

    /// Adds the derivatives with respect to what the terms are along time, from those of all units; those
    /// with respect to gains are given for the gain of the block alone.
    pub(super) fn blocks_vjp(
        &self,
        terms: &[FieldTerm],
        timeline: &Timeline,
        theta: &[f64],
        bars: &[Vec<BlockBar>],
        theta_bar: &mut [f64],
    ) {
        for (f, (term, form)) in terms.iter().zip(&timeline.forms).enumerate() {
            let Some(k) = term.axes[timeline.axis].kernel() else { continue };
            let numbers = k.numbers(theta);
            let mut bar = vec![0.0; numbers.len()];
            form.blocks_vjp(&numbers, &self.blocks[f], &bars[f], &mut bar);
            k.values.iter().zip(bar).for_each(|(v, b)| v.pull_back(b, theta_bar));
        }
    }

    /// Derivatives with respect to the numbers of each block of each term: `gain` gives, for a unit, a
    /// site and a block, what multiplies the gain of the block there.
    pub(super) fn block_bars(
        &self,
        timeline: &Timeline,
        found: &[Gradient],
        gain: impl Fn(usize, usize, usize) -> f64,
    ) -> Vec<Vec<BlockBar>> {
        let mut bars: Vec<Vec<BlockBar>> =
            self.blocks.iter().map(|b| b.iter().map(Block::zero_bar).collect()).collect();
        for (u, (unit, found)) in self.units.iter().zip(found).enumerate() {
            let (count, mut rate) = (unit.owners.len(), found.rates.iter());
            let mut done = vec![false; unit.weights.len()];
            for (at, &(f, _, b)) in unit.owners.iter().enumerate() {
                let (block, bar) = (&self.blocks[f][b], &mut bars[f][b]);
                for (s, row) in found.gains.chunks_exact(count).enumerate() {
                    bar.gain += row[at] * gain(u, s, at);
                }
                bar.rates.iter_mut().zip(&mut rate).for_each(|(b, r)| *b += r);
                let Some(w) = unit.weighted.get(at).copied().flatten() else { continue };
                if block.centers.is_empty() || std::mem::replace(&mut done[w], true) {
                    continue;
                }
                let times = per_observation(&self.starts, |k| timeline.times[k]);
                let covariate = self.covariates[f].as_deref();
                for (o, (weight_bar, t)) in found.weights[w].iter().zip(&times).enumerate() {
                    let known = covariate.map_or(1.0, |c| c[o]);
                    for i in 0..block.centers.len() {
                        let others = block.centers.iter().enumerate().filter(|(j, _)| *j != i);
                        let rest: f64 = others.map(|(_, c)| t - c).product();
                        bar.centers[i] -= weight_bar * known * rest;
                    }
                }
            }
        }
        bars
    }
}

pub(super) fn singular(e: gridgp_series::Error) -> Error {
    Error::Singular(e.to_string())
}

/// The value of each time for each of its observations.
pub(super) fn per_observation<T: Clone>(starts: &[usize], of: impl Fn(usize) -> T) -> Vec<T> {
    let mut out = Vec::with_capacity(starts.last().copied().unwrap_or(0));
    for k in 0..starts.len() - 1 {
        out.resize(starts[k + 1], of(k));
    }
    out
}

/// ⊗ of some matrices.
pub(super) fn kronecker(grams: &[Mat<f64>]) -> Mat<f64> {
    let rows = grams.iter().map(Mat::nrows).product();
    let columns = grams.iter().map(Mat::ncols).product();
    Mat::from_fn(rows, columns, |i, j| {
        let (mut i, mut j, mut product) = (i, j, 1.0);
        for gram in grams.iter().rev() {
            product *= gram[(i % gram.nrows(), j % gram.ncols())];
            (i, j) = (i / gram.nrows(), j / gram.ncols());
        }
        product
    })
}
