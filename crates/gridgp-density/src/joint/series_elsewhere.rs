//! A field along a long axis at times that the data do not have, for given z.

use gridgp_grid::{Error, Points, Result};
use gridgp_kernel::{Block, Covariance};
use gridgp_series::{Loadings, Observations, Paths, Targets, expect, variances};

use super::series_axis::{SeriesAxis, center, weigh};

/// The times of the data and new ones in one order.
#[derive(Debug, Clone)]
pub(super) struct SeriesRows {
    axis: SeriesAxis,
    /// All times, in order.
    times: Vec<f64>,
    /// For each of `times`, how many times of the data come before it; and how many in all.
    starts: Vec<usize>,
    /// Where each new point stands: at a time of the data, or among all times.
    places: Vec<Place>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A time of the data.
    Known(usize),
    /// A new one, by its position among all.
    Open(usize),
}

impl SeriesAxis {
    /// This axis with new points, at the last θ. A new point at a time of the data is that point.
    pub(super) fn rows_at(&self, new: &Points) -> SeriesRows {
        let column = self.column();
        let new: Vec<f64> = new.column(column).collect();
        let known = |t: &f64| self.times.binary_search_by(|own| own.total_cmp(t)).ok();
        let mut open: Vec<f64> = new.iter().filter(|t| known(t).is_none()).copied().collect();
        open.sort_by(f64::total_cmp);
        open.dedup();
        let (mut times, mut starts, mut fresh) = (Vec::new(), Vec::new(), open.iter().peekable());
        for (k, &t) in self.times.iter().enumerate() {
            while let Some(&&next) = fresh.peek().filter(|next| ***next < t) {
                times.push(next);
                starts.push(k);
                fresh.next();
            }
            times.push(t);
            starts.push(k);
        }
        for &next in fresh {
            times.push(next);
            starts.push(self.times.len());
        }
        starts.push(self.times.len());
        let place = |t: &f64| match known(t) {
            Some(k) => Place::Known(k),
            None => Place::Open(
                times.binary_search_by(|own| own.total_cmp(t)).expect("all are among them"),
            ),
        };
        let places = new.iter().map(place).collect();
        SeriesRows { axis: self.clone(), times, starts, places }
    }
}

impl SeriesRows {
    /// Number of new points m.
    pub(super) fn points(&self) -> usize {
        self.places.len()
    }

    /// Number of unknowns along the axis: z, and if something is open the numbers of a path of the prior
    /// along all times with the jitter of those of the data.
    pub(super) fn columns(&self) -> usize {
        let n = self.axis.size();
        if self.is_known() { n } else { 2 * n + self.times.len() * self.states() }
    }

    fn is_known(&self) -> bool {
        self.times.len() == self.axis.size()
    }

    fn states(&self) -> usize {
        self.axis.parts().0.size()
    }

    /// The product along the axis of x, left × columns × right.
    ///
    /// Matheron's rule: a path f of the prior and y* = f + √ε e in the data give the field at new times as
    /// f + Cov(f, y) (R Rᵀ)⁻¹ (R z − y*), which is a draw given y = R z.
    pub(super) fn apply(&self, x: &[f64], left: usize, right: usize) -> Vec<f64> {
        let (n, m, columns) = (self.axis.size(), self.points(), self.columns());
        let mut out = vec![0.0; left * m * right];
        let mut own = vec![0.0; columns];
        for l in 0..left {
            for r in 0..right {
                let from = x[l * columns * right + r..].iter().step_by(right);
                own.iter_mut().zip(from).for_each(|(o, x)| *o = *x);
                let (z, fresh) = own.split_at(n);
                let values = self.at_points(z, fresh);
                let to = out[l * m * right + r..].iter_mut().step_by(right);
                to.zip(values).for_each(|(o, v)| *o = v);
            }
        }
        out
    }

    /// What z lets expect at the new points: left × n × right to left × m × right.
    pub(super) fn expected(&self, z: &[f64], left: usize, right: usize) -> Vec<f64> {
        let (n, m) = (self.axis.size(), self.points());
        let (mut out, mut own) = (vec![0.0; left * m * right], vec![0.0; n]);
        for l in 0..left {
            for r in 0..right {
                let from = z[l * n * right + r..].iter().step_by(right);
                own.iter_mut().zip(from).for_each(|(o, z)| *o = *z);
                let values = self.at_points(&own, &[]);
                let to = out[l * m * right + r..].iter_mut().step_by(right);
                to.zip(values).for_each(|(o, v)| *o = v);
            }
        }
        out
    }

    /// The field at the new points for one z; without `fresh` its expectation.
    fn at_points(&self, z: &[f64], fresh: &[f64]) -> Vec<f64> {
        let (process, observations, informed) = self.axis.parts();
        let (root, blocks) = (informed.root(), self.axis.blocks());
        let mut y = vec![0.0; z.len()];
        root.multiply(process, &observations, z, 1, &mut y);
        let level = if self.axis.kernel.center {
            let uncentered = y[0];
            center(&mut y, z.len(), 1);
            uncentered - y[0]
        } else {
            0.0
        };
        let mut rest = z.to_vec();
        let mut path = Vec::new();
        if !fresh.is_empty() {
            let (noise, normals) = fresh.split_at(z.len());
            let mut normals = normals.iter();
            path = Paths::new(process)
                .draw(&self.times, || *normals.next().expect("states × times of them"));
            let sd = self.axis.epsilon().sqrt();
            let mut seen: Vec<f64> = noise.iter().map(|e| sd * e).collect();
            for (k, values) in path.chunks_exact(blocks.len()).enumerate() {
                if self.starts[k + 1] > self.starts[k] {
                    seen[self.starts[k]] += see(blocks, self.times[k], values);
                }
            }
            let mut drawn = vec![0.0; z.len()];
            root.solve(process, &observations, &seen, 1, &mut drawn);
            rest.iter_mut().zip(drawn).for_each(|(z, d)| *z -= d);
        }
        let means = if self.is_known() {
            Vec::new()
        } else {
            let mut alpha = vec![0.0; z.len()];
            root.solve_transposed(process, &observations, &rest, 1, &mut alpha);
            let all = Observations { times: &self.times, starts: &self.starts, ..observations };
            expect(process, &all, &alpha)
        };
        let count = blocks.len();
        let one = |place: &Place| match *place {
            Place::Known(k) => y[k],
            Place::Open(k) => {
                let at = k * count..(k + 1) * count;
                let drawn = if fresh.is_empty() {
                    0.0
                } else {
                    see(blocks, self.times[k], &path[at.clone()])
                };
                see(blocks, self.times[k], &means[at]) + drawn - level
            }
        };
        self.places.iter().map(one).collect()
    }

    /// For each new point the variance that z explains, and what it leaves open.
    ///
    /// # Errors
    /// [`Error::Singular`] if the variances have no number.
    pub(super) fn variances(&self) -> Result<Vec<(f64, f64)>> {
        let (process, observations, _) = self.axis.parts();
        let blocks = self.axis.blocks();
        let (weighted, weights) = weigh(blocks, &self.times);
        let gains: Vec<f64> = blocks.iter().map(|b| b.gain).collect();
        let targets = Targets {
            starts: &(0..=self.times.len()).collect::<Vec<_>>(),
            loadings: Loadings {
                gains: &gains,
                sites: &[],
                weighted: &weighted,
                weights: &weights,
            },
        };
        let all = Observations { times: &self.times, starts: &self.starts, ..observations };
        let open = if self.is_known() {
            Vec::new()
        } else {
            variances(process, &all, &targets).map_err(|e| Error::Singular(e.to_string()))?.targets
        };
        let epsilon = self.axis.epsilon();
        let one = |place: &Place| match *place {
            Place::Known(k) => (prior(blocks, self.axis.times[k]) + epsilon, 0.0),
            Place::Open(k) => {
                let left = open[k].max(0.0);
                ((prior(blocks, self.times[k]) - left).max(0.0), left)
            }
        };
        Ok(self.places.iter().map(one).collect())
    }
}

/// Σ c x over the blocks.
fn see(blocks: &[Block], time: f64, states: &[f64]) -> f64 {
    blocks.iter().zip(states).map(|(b, x)| b.loading(time) * x).sum()
}

/// Σ c² over the blocks.
fn prior(blocks: &[Block], time: f64) -> f64 {
    blocks.iter().map(|b| b.loading(time).powi(2)).sum()
}

impl SeriesAxis {
    /// Which coordinate of its points is time.
    fn column(&self) -> usize {
        self.kernel.kernel.state_space().and_then(|f| f.column()).expect("it is a process in time")
    }
}
