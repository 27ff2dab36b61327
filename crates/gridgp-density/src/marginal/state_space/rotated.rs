//! A filter for each eigenvector of the turned axes: derivatives.
//!
//! One field of multiplier √s, with K_R = Q Λ Qᵀ over the turned axes and K over time and the inner axes,
//! in the observed times and sites. Qᵀ makes of the data series yⱼ that are independent of each other, of
//! covariance Aⱼ = κⱼ K + σ²I, κⱼ = s λⱼ.

use faer::Mat;
use gridgp_dense::settle_registers;
use gridgp_series::{Gradient, Loadings, expect};
use rayon::prelude::*;

use super::super::axis::AxisFactor;
use super::super::field_term::FieldTerm;
use super::SeriesRoute;
use super::series::{Others, Series};
use super::timeline::Timeline;

impl SeriesRoute {
    /// With αⱼ = Aⱼ⁻¹yⱼ and Bᵢⱼ = αᵢᵀ K αⱼ: ∂ℓ/∂κⱼ = ½ (Bⱼⱼ − tr Aⱼ⁻¹K), and the adjoint of K_R is
    /// (s/2) Q (B − diag tr Aⱼ⁻¹K) Qᵀ. What K is made of has the sum of the filters' derivatives.
    ///
    /// Gives the derivative with respect to the variance of each observed cell.
    pub(super) fn rotated_vjp(
        &self,
        terms: &[FieldTerm],
        series: &Series,
        found: &[Gradient],
        theta: &[f64],
        theta_bar: &mut [f64],
    ) -> Vec<f64> {
        let Others::Rotated { grams, values, vectors, space } = &series.others else {
            unreachable!("a filter for each eigenvector")
        };
        let (term, multiplier, timeline) = (&terms[0], series.multipliers[0], &self.timeline);
        let (count, n) = (values.len(), found[0].alpha.len());
        let owners = &series.units[0].owners;
        let gains = series.plain_gains(space, owners);
        // K αⱼ: what a process of multiplier 1 lets expect.
        let products: Vec<Vec<f64>> = (0..count)
            .into_par_iter()
            .map(|j| {
                settle_registers();
                series.plain_product(j, timeline, &gains, &found[j].alpha)
            })
            .collect();
        let alpha = Mat::from_fn(n, count, |o, j| found[j].alpha[o]);
        let product = Mat::from_fn(n, count, |o, j| products[j][o]);
        let mut b = gridgp_dense::product(alpha.transpose(), product.as_ref());
        let trace = series.plain_trace(&gains);
        let mut kappa_bar = vec![0.0; count];
        for j in 0..count {
            let kappa = multiplier * multiplier * values[j];
            kappa_bar[j] = if kappa > 0.0 {
                let along: f64 = found[j].gains.iter().zip(&gains).map(|(bar, g)| bar * g).sum();
                along / (2.0 * kappa.sqrt()) * multiplier.signum()
            } else {
                let noise = series.noise(j);
                0.5 * (b[(j, j)] - trace / noise)
            };
            b[(j, j)] = 2.0 * kappa_bar[j];
        }
        let scale_bar = kappa_bar.iter().zip(values).map(|(k, v)| k * v).sum();
        term.scale_vjp(theta, scale_bar, theta_bar);
        let of_unit = |u: usize| multiplier * values[u].sqrt();
        let functions = space.features.ncols();
        let bars = series.block_bars(timeline, found, |u, s, at| {
            of_unit(u) * space.features[(s, owners[at].1 % functions)]
        });
        series.blocks_vjp(terms, timeline, theta, &bars, theta_bar);
        let mut features_bar = Mat::zeros(space.features.nrows(), functions);
        for (u, found) in found.iter().enumerate() {
            for (s, row) in found.gains.chunks_exact(owners.len()).enumerate() {
                for (&(_, r, b), bar) in owners.iter().zip(row) {
                    features_bar[(s, r % functions)] += bar * of_unit(u) * series.blocks[0][b].gain;
                }
            }
        }
        space.vjp(&term.axes, timeline, theta, &features_bar, theta_bar);
        let turned: Vec<&AxisFactor> = timeline.turned(&term.axes).collect();
        if turned.iter().any(|axis| axis.is_free()) {
            let half = 0.25 * multiplier * multiplier;
            let symmetric = Mat::from_fn(count, count, |i, j| half * (b[(i, j)] + b[(j, i)]));
            let back = gridgp_dense::product(vectors.as_ref(), symmetric.as_ref());
            let turned_bar = gridgp_dense::product(back.as_ref(), vectors.transpose());
            for (i, axis) in turned.iter().enumerate().filter(|(_, axis)| axis.is_free()) {
                axis.vjp(theta, contracted(&turned_bar, grams, i), theta_bar);
            }
        }
        let sum: f64 = found.iter().flat_map(|g| &g.variances).sum();
        vec![sum / self.cells.len() as f64; self.cells.len()]
    }
}

impl Series {
    /// K α of unit `u` in its observations; `gains` are those of multiplier 1.
    fn plain_product(
        &self,
        u: usize,
        timeline: &Timeline,
        gains: &[f64],
        alpha: &[f64],
    ) -> Vec<f64> {
        let unit = &self.units[u];
        let mut observations = self.observations(u, timeline);
        observations.loadings.gains = gains;
        let states = expect(&unit.process, &observations, alpha);
        let count = unit.owners.len();
        let mut loading = vec![0.0; count];
        let mut out = Vec::with_capacity(alpha.len());
        for (k, row) in states.chunks_exact(count).enumerate() {
            for o in self.starts()[k]..self.starts()[k + 1] {
                observations.loadings.write(o, &mut loading);
                out.push(loading.iter().zip(row).map(|(c, x)| c * x).sum());
            }
        }
        out
    }

    /// tr K of the observations.
    fn plain_trace(&self, gains: &[f64]) -> f64 {
        let unit = &self.units[0];
        let observations = unit.observations(&[], self.starts());
        let loadings = Loadings { gains, ..observations.loadings };
        let mut loading = vec![0.0; unit.owners.len()];
        let of = |o: usize| {
            loadings.write(o, &mut loading);
            loading.iter().map(|c| c * c).sum::<f64>()
        };
        (0..observations.variances.len()).map(of).sum()
    }

    fn noise(&self, u: usize) -> f64 {
        self.units[u].observations(&[], self.starts()).variances.first().copied().unwrap_or(1.0)
    }
}

/// The adjoint of one factor from that of the product of all.
fn contracted(bar: &Mat<f64>, grams: &[Mat<f64>], axis: usize) -> Mat<f64> {
    let n = grams[axis].nrows();
    let mut own = Mat::zeros(n, n);
    for j in 0..bar.ncols() {
        for i in 0..bar.nrows() {
            let (mut row, mut column, mut product) = (i, j, bar[(i, j)]);
            let mut at = (0, 0);
            for (a, gram) in grams.iter().enumerate().rev() {
                let m = gram.nrows();
                let here = (row % m, column % m);
                (row, column) = (row / m, column / m);
                if a == axis {
                    at = here;
                } else {
                    product *= gram[here];
                }
            }
            own[at] += product;
        }
    }
    own
}
