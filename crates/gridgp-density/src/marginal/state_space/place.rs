//! Prediction by state space: new times stand among those of the data.

use faer::Mat;
use gridgp_dense::{settle_registers, symmetric_eigen};
use gridgp_grid::{Error, Points, Result};
use gridgp_kernel::Block;
use gridgp_series::{Loadings, Observations, Paths, Process, Targets, expect, variances};
use rayon::prelude::*;

use super::super::axis::AxisFactor;
use super::super::predict::Arrangement;
use super::series::{Others, join, kronecker, singular, weigh};
use super::space::{self, Elsewhere};
use super::timeline::Timeline;
use super::{SeriesRoute, SeriesSolution};

/// A field that is wanted at new cells.
pub(in super::super) struct Wanted {
    /// The position of its term in the location.
    pub(in super::super) term: usize,
    /// What multiplies it in the place of what does so in the location, its amplitude included, but for
    /// covariates.
    pub(in super::super) multiplier: f64,
    /// Covariates that multiply it, one value a new cell.
    pub(in super::super) cells: Option<Vec<f64>>,
}

/// A linear combination of fields in new cells.
pub struct SeriesPlace<'a> {
    solution: &'a SeriesSolution,
    /// All times, in order, and where the observations and the new cells are among them.
    times: Vec<f64>,
    starts: Vec<usize>,
    target_starts: Vec<usize>,
    /// The new cell that each target is.
    cells: Vec<usize>,
    sites: Vec<u32>,
    weights: Vec<Vec<f64>>,
    units: Vec<WantedUnit>,
    left: Vec<Left>,
}

/// What the targets see of the blocks of a unit.
struct WantedUnit {
    gains: Vec<f64>,
    weighted: Vec<Option<usize>>,
}

/// The part of a term at new sites of which the data say nothing.
struct Left {
    term: usize,
    /// Its variance at each new site, times the square of what multiplies the field.
    variance: Vec<f64>,
    /// R with R Rᵀ its covariance between the new sites, times the same; none where no draws are wanted.
    root: Option<Mat<f64>>,
    weighted: Vec<Option<usize>>,
    process: Process,
}

impl SeriesSolution {
    /// The sum of some fields in new cells, whose points along each axis are `at`; draws of it only where
    /// they are wanted.
    ///
    /// # Errors
    /// [`Error::Singular`] where the new sites have no covariance.
    pub(in super::super) fn place(
        &self,
        theta: &[f64],
        wanted: &[Wanted],
        at: &[Points],
        arrangement: Arrangement,
        wants_draws: bool,
    ) -> Result<SeriesPlace<'_>> {
        let SeriesRoute { timeline, .. } = &self.route;
        let axis = timeline.axis;
        let new_times: Vec<f64> = at[axis].column(timeline.column).collect();
        let (others, site_of, time_of) = split_cells(at, axis, arrangement);
        let count = site_of.len();
        let (times, data_at, new_at) = merge(&timeline.times, &new_times);
        let starts = spread_starts(self.series.starts(), &data_at, times.len());
        // Targets in the order of time.
        let mut cells: Vec<usize> = (0..count).collect();
        cells.sort_by_key(|&c| new_at[time_of[c]]);
        let mut target_starts = vec![0; times.len() + 1];
        cells.iter().for_each(|&c| target_starts[new_at[time_of[c]] + 1] += 1);
        (0..times.len()).for_each(|k| target_starts[k + 1] += target_starts[k]);
        let target_times: Vec<f64> = cells.iter().map(|&c| new_times[time_of[c]]).collect();
        let sites: Vec<u32> = cells.iter().map(|&c| site_of[c] as u32).collect();

        // Terms that are not wanted have multiplier 0.
        let of_term = |f: usize| wanted.iter().find(|w| w.term == f);
        let terms = self.terms.len();
        let covariates: Vec<Option<Vec<f64>>> = (0..terms)
            .map(|f| {
                let known = of_term(f)?.cells.as_ref()?;
                Some(cells.iter().map(|&c| known[c]).collect())
            })
            .collect();
        let elsewhere: Vec<Elsewhere> =
            (0..terms).map(|f| self.elsewhere(f, theta, &others, wants_draws)).collect();
        let rows = elsewhere[0].features.nrows();
        let multipliers: Vec<f64> =
            (0..terms).map(|f| of_term(f).map_or(0.0, |w| w.multiplier)).collect();
        let parts = weigh(&self.series.blocks, &covariates, &target_times);
        let own_weighted: Vec<Vec<Option<usize>>> = {
            let mut first = 0;
            parts
                .iter()
                .map(|p| {
                    let shift = first;
                    first += p.weights.len();
                    p.weighted.iter().map(|w| w.map(|w| w + shift)).collect()
                })
                .collect()
        };
        let everything: Vec<(usize, usize, usize)> = Vec::new();
        let (_, weights) = join(parts, &everything);
        let unit = |unit: &super::series::Unit| {
            let mut gains = Vec::with_capacity(rows * unit.owners.len());
            for s in 0..rows {
                gains.extend(unit.owners.iter().map(|&(f, r, b)| {
                    multipliers[f] * elsewhere[f].features[(s, r)] * self.series.blocks[f][b].gain
                }));
            }
            let weighted = unit.owners.iter().map(|&(f, _, b)| own_weighted[f][b]).collect();
            WantedUnit { gains, weighted }
        };
        let units = self.series.units.iter().map(unit).collect();
        let mut left = Vec::new();
        for (f, elsewhere) in elsewhere.into_iter().enumerate() {
            let Some(found) = elsewhere.left.filter(|_| multipliers[f] != 0.0) else { continue };
            let weighted = own_weighted[f].clone();
            left.extend(Left::new(f, multipliers[f], found, weighted, &self.series.blocks[f])?);
        }
        Ok(SeriesPlace {
            solution: self,
            times,
            starts,
            target_starts,
            cells,
            sites,
            weights,
            units,
            left,
        })
    }

    /// The other axes of a term at new sites.
    fn elsewhere(&self, f: usize, theta: &[f64], sites: &Sites, wants_root: bool) -> Elsewhere {
        let (axes, timeline) = (&self.terms[f].axes, &self.route.timeline);
        let (points, arrangement) = (&sites.points, sites.arrangement);
        let others: Vec<(&AxisFactor, &Points)> = axes
            .iter()
            .zip(points)
            .enumerate()
            .filter(|(a, _)| *a != timeline.axis)
            .map(|(_, p)| p)
            .collect();
        if others.is_empty() {
            // A grid of one axis has one site, and so have points along it.
            return Elsewhere { features: Mat::full(1, 1, 1.0), left: None };
        }
        let (features, is_known) = match &self.series.others {
            Others::Features(spaces) => (
                spaces[f].features_at(axes, timeline, theta, points, arrangement),
                spaces[f].is_known(),
            ),
            Others::Rotated { values, vectors, space, .. } => {
                let inner = space.features_at(axes, timeline, theta, points, arrangement);
                let turned = turned_at(axes, timeline, sites, values, vectors, theta);
                (side_by_side(timeline, sites, &turned, &inner), false)
            }
        };
        let left = (!is_known)
            .then(|| space::Left::new(&others, theta, arrangement, &features, wants_root));
        Elsewhere { features, left }
    }
}

/// Cov(f(x*), f(x)) Q Λ^(−½) over the turned axes, the last one fastest; a row a new point of theirs.
fn turned_at(
    axes: &[AxisFactor],
    timeline: &Timeline,
    sites: &Sites,
    values: &[f64],
    vectors: &Mat<f64>,
    theta: &[f64],
) -> Mat<f64> {
    let both = timeline.turned(axes).zip(timeline.turned(&sites.points));
    let crosses: Vec<Mat<f64>> =
        both.map(|(axis, points)| axis.cross(points, None, theta).0).collect();
    let rows = match sites.arrangement {
        Arrangement::Grid => kronecker(&crosses),
        Arrangement::Points => pointwise_rows(&crosses),
    };
    let mut features = gridgp_dense::product(rows.as_ref(), vectors.as_ref());
    let most = values.iter().copied().fold(0.0, f64::max);
    let rounding = values.len() as f64 * f64::EPSILON * most;
    for (mut column, v) in features.col_iter_mut().zip(values) {
        let scale = if *v > rounding { v.sqrt().recip() } else { 0.0 };
        column *= faer::Scale(scale);
    }
    features
}

/// Functions of all other axes from those of the turned and of the inner ones: all eigenvectors with all
/// functions, the latter fastest; a row a new site.
fn side_by_side(
    timeline: &Timeline,
    sites: &Sites,
    turned: &Mat<f64>,
    inner: &Mat<f64>,
) -> Mat<f64> {
    let lengths: Vec<usize> = sites.points.iter().map(Points::len).collect();
    let others: Vec<usize> = (0..lengths.len()).filter(|a| *a != timeline.axis).collect();
    let rows = match sites.arrangement {
        Arrangement::Grid => others.iter().map(|&a| lengths[a]).product(),
        Arrangement::Points => turned.nrows(),
    };
    // The rows of a new site.
    let rows_of = |site: usize| match sites.arrangement {
        Arrangement::Points => (site, if inner.nrows() == 1 { 0 } else { site }),
        Arrangement::Grid => {
            let (mut rest, mut own, mut strides) = (site, [0, 0], [1, 1]);
            for &a in others.iter().rev() {
                let kind = usize::from(!timeline.turned.contains(&a));
                own[kind] += rest % lengths[a] * strides[kind];
                strides[kind] *= lengths[a];
                rest /= lengths[a];
            }
            (own[0], own[1])
        }
    };
    let places: Vec<(usize, usize)> = (0..rows).map(rows_of).collect();
    let n = inner.ncols();
    Mat::from_fn(rows, turned.ncols() * n, |site, c| {
        let (row, inner_row) = places[site];
        turned[(row, c / n)] * inner[(inner_row, c % n)]
    })
}

/// New points of the other axes.
struct Sites {
    /// Points along every axis; those along time are not looked at.
    points: Vec<Points>,
    arrangement: Arrangement,
}

/// The sites of new cells, and of each cell its site and its point along time.
fn split_cells(
    at: &[Points],
    axis: usize,
    arrangement: Arrangement,
) -> (Sites, Vec<usize>, Vec<usize>) {
    match arrangement {
        Arrangement::Grid => {
            let right: usize = at[axis + 1..].iter().map(Points::len).product();
            let (n, count) = (at[axis].len(), at.iter().map(Points::len).product());
            let site = |c: usize| c / (right * n) * right + c % right;
            let sites = Sites { points: at.to_vec(), arrangement };
            (sites, (0..count).map(site).collect(), (0..count).map(|c| c / right % n).collect())
        }
        Arrangement::Points => {
            // Points at one place, such as those of a table along time, are one site.
            let others = || at.iter().enumerate().filter(|(a, _)| *a != axis).map(|(_, p)| p);
            let mut known = std::collections::HashMap::new();
            let (mut first, mut site_of) = (Vec::new(), Vec::new());
            for i in 0..at[axis].len() {
                let key: Vec<u64> =
                    others().flat_map(|p| p.row(i)).map(|x| (x + 0.0).to_bits()).collect();
                site_of.push(*known.entry(key).or_insert_with(|| {
                    first.push(i);
                    first.len() - 1
                }));
            }
            let some = |p: &Points| {
                let values = first.iter().flat_map(|&i| p.row(i)).copied().collect();
                Points::new(values, p.dims())
            };
            let sites = Sites { points: at.iter().map(some).collect(), arrangement };
            (sites, site_of, (0..at[axis].len()).collect())
        }
    }
}

/// Row i is the product of row i of each, all columns with all, the last one fastest.
fn pointwise_rows(factors: &[Mat<f64>]) -> Mat<f64> {
    let columns = factors.iter().map(Mat::ncols).product();
    Mat::from_fn(factors[0].nrows(), columns, |i, mut j| {
        let mut product = 1.0;
        for f in factors.iter().rev() {
            product *= f[(i, j % f.ncols())];
            j /= f.ncols();
        }
        product
    })
}

/// All times in order, and where those of the data and the new ones are among them. A new time that the
/// data have is theirs.
fn merge(data: &[f64], new: &[f64]) -> (Vec<f64>, Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..new.len()).collect();
    order.sort_by(|&a, &b| new[a].total_cmp(&new[b]));
    let mut order = order.into_iter().peekable();
    let (mut times, mut data_at, mut new_at) = (Vec::new(), Vec::new(), vec![0; new.len()]);
    let mut place = |times: &mut Vec<f64>, i: usize| {
        if times.last() != Some(&new[i]) {
            times.push(new[i]);
        }
        new_at[i] = times.len() - 1;
    };
    for &t in data {
        while let Some(i) = order.next_if(|&i| new[i] < t) {
            place(&mut times, i);
        }
        data_at.push(times.len());
        times.push(t);
    }
    for i in order {
        place(&mut times, i);
    }
    (times, data_at, new_at)
}

/// Starts of the observations among more times.
fn spread_starts(starts: &[usize], at: &[usize], times: usize) -> Vec<usize> {
    let mut out = vec![0; times + 1];
    for (k, &to) in at.iter().enumerate() {
        out[to + 1] += starts[k + 1] - starts[k];
    }
    (0..times).for_each(|k| out[k + 1] += out[k]);
    out
}

impl Left {
    /// `None` where rounding is all that is left.
    fn new(
        term: usize,
        multiplier: f64,
        found: space::Left,
        weighted: Vec<Option<usize>>,
        blocks: &[Block],
    ) -> Result<Option<Self>> {
        // Variances are differences of numbers of that size.
        let rounding = 1e-12 * found.largest;
        if found.variance.iter().all(|v| *v <= rounding) {
            return Ok(None);
        }
        let root = match found.covariance {
            None => None,
            Some(covariance) => {
                let (values, vectors) = symmetric_eigen(covariance.as_ref())
                    .map_err(|e| Error::Singular(e.to_string()))?;
                let kept: Vec<usize> =
                    (0..values.len()).filter(|&j| values[j] > rounding).collect();
                Some(Mat::from_fn(vectors.nrows(), kept.len(), |i, j| {
                    multiplier * vectors[(i, kept[j])] * values[kept[j]].sqrt()
                }))
            }
        };
        let variance = found.variance.iter().map(|v| v * multiplier * multiplier).collect();
        Ok(Some(Self { term, variance, root, weighted, process: Process::new(blocks.to_vec()) }))
    }
}

impl SeriesPlace<'_> {
    fn observations(&self, u: usize) -> Observations<'_> {
        self.solution.series.units[u].observations(&self.times, &self.starts)
    }

    fn loadings<'b>(&'b self, gains: &'b [f64], weighted: &'b [Option<usize>]) -> Loadings<'b> {
        Loadings { gains, sites: &self.sites, weighted, weights: &self.weights }
    }

    /// Σ of loadings and first states, added to the new cells.
    fn add(&self, states: &[f64], loadings: &Loadings<'_>, sign: f64, out: &mut [f64]) {
        let count = states.len() / self.times.len().max(1);
        let mut loading = vec![0.0; count];
        for (k, row) in states.chunks_exact(count.max(1)).enumerate() {
            for t in self.target_starts[k]..self.target_starts[k + 1] {
                loadings.write(t, &mut loading);
                let sum: f64 = loading.iter().zip(row).map(|(c, x)| c * x).sum();
                out[self.cells[t]] += sign * sum;
            }
        }
    }

    /// Cov(g, y) α for α = A⁻¹(y − m) on the grid of the data.
    pub fn mean(&self, alpha: &[f64]) -> Vec<f64> {
        let SeriesRoute { order, cells, .. } = &self.solution.route;
        let alpha = self.solution.series.split(order, cells, alpha);
        let mut mean = vec![0.0; self.cells.len()];
        for (u, (unit, alpha)) in self.units.iter().zip(&alpha).enumerate() {
            let process = &self.solution.series.units[u].process;
            let states = expect(process, &self.observations(u), alpha);
            self.add(&states, &self.loadings(&unit.gains, &unit.weighted), 1.0, &mut mean);
        }
        mean
    }

    /// Var(g | y).
    ///
    /// # Errors
    /// [`Error::Singular`] where the noise is lost in rounding, or so small beside the field that the
    /// variances would be.
    pub fn variance(&self) -> Result<Vec<f64>> {
        self.solution.check_variances()?;
        let one = |u: usize| {
            settle_registers();
            let unit = &self.units[u];
            let loadings = self.loadings(&unit.gains, &unit.weighted);
            let targets = Targets { starts: &self.target_starts, loadings };
            let process = &self.solution.series.units[u].process;
            variances(process, &self.observations(u), &targets).map_err(singular)
        };
        let units = (0..self.units.len()).into_par_iter().map(one).collect::<Result<Vec<_>>>()?;
        let mut out = vec![0.0; self.cells.len()];
        for found in units {
            self.cells.iter().zip(found.targets).for_each(|(&c, v)| out[c] += v.max(0.0));
        }
        // What is left of a term at new sites has the variance of its blocks at any time.
        for left in &self.left {
            let blocks = &self.solution.series.blocks[left.term];
            for (t, &cell) in self.cells.iter().enumerate() {
                let site = left.variance[self.sites[t] as usize];
                let along = blocks
                    .iter()
                    .zip(&left.weighted)
                    .map(|(b, w)| (b.gain * w.map_or(1.0, |w| self.weights[w][t])).powi(2));
                out[cell] += site * along.sum::<f64>();
            }
        }
        Ok(out)
    }

    /// Var(wᵀg) before the data, and Cov(y, wᵀg) on the grid of the data, for weights w of the new cells;
    /// the place must be one with draws.
    ///
    /// Both are products with the prior covariance of all times, by two sweeps.
    pub fn sum(&self, weights: &[f64]) -> (f64, Vec<f64>) {
        let SeriesRoute { order, cells, .. } = &self.solution.route;
        let along: Vec<f64> = self.cells.iter().map(|&c| weights[c]).collect();
        let mut variance = 0.0;
        let mut product = |process: &Process, loadings: Loadings<'_>| {
            let variances = &along;
            let (times, starts) = (&self.times, &self.target_starts);
            let wanted = Observations { times, starts, variances, loadings };
            let states = expect(process, &wanted, &along);
            let mut seen = vec![0.0; weights.len()];
            self.add(&states, &loadings, 1.0, &mut seen);
            variance += seen.iter().zip(weights).map(|(s, w)| s * w).sum::<f64>();
            states
        };
        let mut crosses = Vec::with_capacity(self.units.len());
        for (u, unit) in self.units.iter().enumerate() {
            let process = &self.solution.series.units[u].process;
            let states = product(process, self.loadings(&unit.gains, &unit.weighted));
            let observations = self.observations(u);
            let count = process.blocks().len();
            let mut loading = vec![0.0; count];
            let mut cross = Vec::with_capacity(observations.variances.len());
            for (k, row) in states.chunks_exact(count).enumerate() {
                for o in self.starts[k]..self.starts[k + 1] {
                    observations.loadings.write(o, &mut loading);
                    cross.push(loading.iter().zip(row).map(|(c, x)| c * x).sum());
                }
            }
            crosses.push(cross);
        }
        for left in &self.left {
            let root = left.root.as_ref().expect("draws were wanted");
            for column in 0..root.ncols() {
                let gains = self.gains_of(left, root, column);
                product(&left.process, self.loadings(&gains, &left.weighted));
            }
        }
        (variance, self.solution.series.gather(order, cells, &crosses))
    }

    /// What the new sites see of the blocks of one column of what is left of a term.
    fn gains_of(&self, left: &Left, root: &Mat<f64>, column: usize) -> Vec<f64> {
        let blocks = &self.solution.series.blocks[left.term];
        let site = |s: usize| blocks.iter().map(move |b| root[(s, column)] * b.gain);
        (0..root.nrows()).flat_map(site).collect()
    }

    /// What a joint draw of g given the data differs from its mean, by Matheron's rule: a draw of the
    /// prior less what the same draw, with noise, lets expect in the data.
    pub fn deviation(&self, mut normal: impl FnMut() -> f64) -> Vec<f64> {
        let mut out = vec![0.0; self.cells.len()];
        let timeline = &self.solution.route.timeline;
        for (u, unit) in self.units.iter().enumerate() {
            let process = &self.solution.series.units[u].process;
            let states = Paths::new(process).draw(&self.times, &mut normal);
            let loadings = self.loadings(&unit.gains, &unit.weighted);
            self.add(&states, &loadings, 1.0, &mut out);
            let observations = self.observations(u);
            let count = process.blocks().len();
            let mut loading = vec![0.0; count];
            let mut r = Vec::with_capacity(observations.variances.len());
            for (k, row) in states.chunks_exact(count).enumerate() {
                for o in self.starts[k]..self.starts[k + 1] {
                    observations.loadings.write(o, &mut loading);
                    let seen: f64 = loading.iter().zip(row).map(|(c, x)| c * x).sum();
                    r.push(seen + observations.variances[o].sqrt() * normal());
                }
            }
            let own = self.solution.series.observations(u, timeline);
            let alpha = self.solution.filters[u].solve(process, &own, &r);
            let states = expect(process, &observations, &alpha);
            self.add(&states, &loadings, -1.0, &mut out);
        }
        for left in &self.left {
            let mut paths = Paths::new(&left.process);
            let root = left.root.as_ref().expect("draws were wanted");
            for column in 0..root.ncols() {
                let states = paths.draw(&self.times, &mut normal);
                let gains = self.gains_of(left, root, column);
                self.add(&states, &self.loadings(&gains, &left.weighted), 1.0, &mut out);
            }
        }
        out
    }
}
