//! Joint draws of the location.

use faer::{Accum, Mat, MatMut, Par};
use gridgp_dense::gemm::{gemm, gemm_lower};
use gridgp_dense::{settle_registers, symmetric_eigen};
use gridgp_density::{Arrangement, SpectralSolution, Target};
use gridgp_grid::{Error, Points, Result};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};
use rayon::prelude::*;

use super::conditional::Conditional;
use super::grid::{apply, weigh};
use super::place::{Located, Place, check_points, locate};
use super::points::contract;

/// Most scattered points that can be drawn jointly: their covariance is dense, 128 MiB.
const MOST_POINTS: usize = 4096;

/// Numbers in the intermediates of what is computed side by side: 32 MiB.
const TILE: usize = 1 << 22;

impl Conditional<'_> {
    /// `count` joint draws on a grid, one after the other, each row-major.
    ///
    /// Matheron's rule: a draw of the prior on data and new points together, one factor an axis and a
    /// field, plus what conditioning adds to it. Draw i depends on `seed` and i alone.
    ///
    /// # Errors
    /// As [`Conditional::on_grid`].
    pub fn draws_on_grid(&self, place: &Place, count: usize, seed: u64) -> Result<Vec<f64>> {
        let there = locate(self.model, place, &self.needed())?;
        if let Some(series) = self.series_on_grid(&there, true)? {
            let mut mean = series.mean(&self.conditioned.alpha);
            self.add_fixed_on_grid(&there, &mut mean);
            return Ok(self.series_draws(&series, &mean, count, seed));
        }
        let targets = self.marginal.targets_on_grid(
            &self.wanted,
            there.grid,
            &there.covariates,
            &there.points,
            &self.theta,
        )?;
        let cells = there.grid.len();
        if let Some(place) = self.conditioned.by_states(&targets, Arrangement::Grid, cells)? {
            let mut mean = place.mean();
            self.add_fixed_on_grid(&there, &mut mean);
            return self.state_draws(&place, &mean, count, seed);
        }
        let (origin, unit) = self.scaling();
        let mean = self.mean_on_grid(&there, &targets);
        let size = mean.len();
        let mut draws = vec![0.0; count * size];
        self.deviations(&there, &targets, count, seed, |i, deviation| {
            let out = &mut draws[i * size..][..size];
            for ((out, m), d) in out.iter_mut().zip(&mean).zip(deviation) {
                *out = origin + unit * (m + d);
            }
        })?;
        Ok(draws)
    }

    /// What each of `count` joint draws on a grid differs from the mean, to `take` in turn.
    ///
    /// For a draw of the prior of all fields with noise it is the draw at the new cells less what the
    /// same draw in the data lets expect there.
    pub(super) fn deviations(
        &self,
        there: &Located<'_>,
        targets: &[Target],
        count: usize,
        seed: u64,
        mut take: impl FnMut(usize, &[f64]),
    ) -> Result<()> {
        let fields = self.marginal.joint_roots(&there.points, &self.theta)?;
        let shape = self.model.data.grid.shape();
        let unknowns = |roots: &[Mat<f64>]| roots.iter().map(Mat::ncols).product::<usize>();
        let sigma = self.marginal.clone().noise(&self.theta);
        let prior = |i: usize| -> (Vec<f64>, Vec<f64>) {
            let mut normal = normals(seed, i);
            let mut new_cells = vec![0.0; there.grid.len()];
            // What would have been observed if this draw of the prior were true.
            let mut observed = vec![0.0; self.model.data.grid.len()];
            for (t, (amplitude, roots)) in fields.iter().enumerate() {
                let z: Vec<f64> = (0..unknowns(roots)).map(|_| amplitude * normal()).collect();
                let (old, new): (Vec<_>, Vec<_>) =
                    roots.iter().zip(&shape).map(|(r, &n)| r.as_ref().split_at_row(n)).unzip();
                let (coefficient, cells) = self.marginal.data_weight(t, &self.theta);
                for target in targets.iter().filter(|target| target.term() == t) {
                    let mut field = apply(&new, z.clone());
                    weigh(target, &mut field, |p, c| *p *= c);
                    let terms = new_cells.iter_mut().zip(field);
                    terms.for_each(|(out, p)| *out += target.coefficient * p);
                }
                let field = apply(&old, z);
                match cells {
                    None => observed.iter_mut().zip(field).for_each(|(o, f)| *o += coefficient * f),
                    Some(cells) => {
                        let terms = observed.iter_mut().zip(field).zip(cells);
                        terms.for_each(|((o, f), c)| *o += coefficient * c * f);
                    }
                }
            }
            match self.marginal.observed() {
                None => observed.iter_mut().for_each(|o| *o += sigma[0] * normal()),
                Some(cells) => {
                    cells.iter().zip(&sigma).for_each(|(&c, s)| observed[c] += s * normal());
                }
            }
            (new_cells, observed)
        };
        // Small draws side by side; large ones one by one, each on all threads.
        let largest = fields.iter().map(|(_, roots)| unknowns(roots)).max().unwrap_or(0);
        let size = largest.max(there.grid.len()).max(1);
        let least = if self.conditioned.is_iterative() { 16 } else { 1 };
        let together = (TILE / size).max(least);
        for first in (0..count).step_by(together) {
            let range = first..count.min(first + together);
            let made: Vec<_> = range.clone().into_par_iter().map(prior).collect();
            let (mut new_cells, mut alpha): (Vec<_>, Vec<_>) = made.into_iter().unzip();
            self.conditioned.solve_all(&mut alpha)?;
            settle_registers();
            new_cells.par_iter_mut().zip(&alpha).for_each(|(out, alpha)| {
                for target in targets {
                    let shift = self.expected(target, alpha);
                    out.iter_mut().zip(shift).for_each(|(out, s)| *out -= s);
                }
            });
            range.zip(&new_cells).for_each(|(i, deviation)| take(i, deviation));
        }
        Ok(())
    }

    /// `count` joint draws at scattered points, one after the other.
    ///
    /// Draw i depends on `seed` and i alone. Takes the M x M covariance of the points and its
    /// eigenvectors.
    ///
    /// # Errors
    /// As [`Conditional::at_points`], and [`Error::TooLarge`] beyond 4096 points.
    pub fn draws_at_points(
        &self,
        at: &[Points],
        covariates: &[(String, Vec<f64>)],
        count: usize,
        seed: u64,
    ) -> Result<Vec<f64>> {
        let m = check_points(self.model, at)?;
        let columns = self.columns(covariates, m)?;
        if let Some(series) = self.series_at_points(at, &columns, true)? {
            let mean = self.series_mean_at_points(&series, m, &columns)?;
            return Ok(self.series_draws(&series, &mean, count, seed));
        }
        if self.conditioned.has_planes() {
            let targets = self.targets_at(at, &(0..m), &columns)?;
            let place = self.conditioned.by_states(&targets, Arrangement::Points, m)?;
            let place = place.expect("a field is over two axes together");
            let mut mean = place.mean();
            self.add_fixed_at_points(m, &columns, &mut mean)?;
            return self.state_draws(&place, &mean, count, seed);
        }
        if m > MOST_POINTS {
            return Err(Error::TooLarge(format!(
                "joint draws at {m} scattered points need a dense {m} x {m} covariance; draw at \
                 {MOST_POINTS} points at most, or on a grid, where any number is possible"
            )));
        }
        let mean = self.at_points(at, covariates)?.mean;
        if m == 0 {
            return Ok(Vec::new());
        }
        let targets = self.targets_at(at, &(0..m), &columns)?;
        let covariance = self.covariance_at_points(at, &targets, m)?;
        let (values, mut root) =
            symmetric_eigen(covariance.as_ref()).map_err(|e| Error::Singular(e.to_string()))?;
        let unit = self.model.standardization.1;
        for (mut column, v) in root.col_iter_mut().zip(values) {
            // Rounding may leave an eigenvalue below 0 where the data leave nothing open.
            column *= faer::Scale(unit * v.max(0.0).sqrt());
        }
        let mut draws = vec![0.0; count * m];
        draws.par_chunks_exact_mut(m).enumerate().for_each(|(i, out)| {
            let mut normal = normals(seed, i);
            let z = Mat::from_fn(m, 1, |_, _| normal());
            out.copy_from_slice(&mean);
            let out = MatMut::from_column_major_slice_mut(out, m, 1);
            gemm(out, Accum::Add, root.as_ref(), z.as_ref(), Par::Seq);
        });
        Ok(draws)
    }

    /// Posterior covariance of g at scattered points, M x M, without the unit of a standardized
    /// response.
    fn covariance_at_points(
        &self,
        at: &[Points],
        targets: &[Target],
        m: usize,
    ) -> Result<Mat<f64>> {
        let mut covariance = Mat::zeros(m, m);
        for target in targets {
            let mut prior = self.marginal.prior_at_points(target, at, &self.theta);
            if let ([_], Some(spectral)) = (targets, self.conditioned.spectral()) {
                explain(target, spectral, &mut prior);
            }
            let weight = |i: usize| target.cells.as_ref().map_or(1.0, |c| c[i]);
            for j in 0..m {
                for i in j..m {
                    covariance[(i, j)] += target.prior * weight(i) * weight(j) * prior[(i, j)];
                }
            }
        }
        if let Some(explained) = self.conditioned.explained(targets, Arrangement::Points, 0..m)? {
            covariance -= explained;
        }
        for j in 0..m {
            for i in j..m {
                covariance[(j, i)] = covariance[(i, j)];
            }
        }
        Ok(covariance)
    }
}

/// Takes P (s/D) Pᵀ out of the lower triangle of a prior correlation, with the rows of P products of
/// K*ₐQₐ, and puts back what missing cells leave open.
fn explain(target: &Target, spectral: &SpectralSolution, prior: &mut Mat<f64>) {
    let m = prior.nrows();
    let projected = spectral.projected(&target.cross, Arrangement::Points);
    let a = &spectral.covariance;
    let mut precision = a.diagonal();
    precision.iter_mut().for_each(|d| *d = a.scale() / *d);
    // Some columns of P at a time: all of them are M x N.
    let columns = (TILE / m).clamp(1, precision.len().max(1));
    let mut tile = Mat::zeros(m, columns);
    for (t, d) in precision.chunks(columns).enumerate() {
        for (j, d) in d.iter().enumerate() {
            let column = tile.col_as_slice_mut(j);
            column.fill(d.sqrt());
            let mut pair = t * columns + j;
            for p in projected.iter().rev() {
                let factor = p.col_as_slice(pair % p.ncols());
                pair /= p.ncols();
                column.iter_mut().zip(factor).for_each(|(c, f)| *c *= f);
            }
        }
        let tile = tile.subcols(0, d.len());
        gemm_lower(prior.as_mut(), tile, tile, -1.0, Par::rayon(0));
    }
    let Some((w, count)) = spectral.gap_columns() else { return };
    // V Vᵀ with V = P W̃.
    let root = a.scale().sqrt();
    let mut v = Mat::zeros(m, count);
    let mut column = vec![0.0; w.len() / count];
    for k in 0..count {
        column.iter_mut().zip(w.chunks_exact(count)).for_each(|(c, row)| *c = root * row[k]);
        v.col_as_slice_mut(k).copy_from_slice(&contract(projected.iter(), &column));
    }
    gemm_lower(prior.as_mut(), v.as_ref(), v.as_ref(), 1.0, Par::rayon(0));
}

/// Standard normal numbers of one draw.
pub(super) fn normals(seed: u64, draw: usize) -> impl FnMut() -> f64 {
    // The thread may come from somebody else's product.
    settle_registers();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(draw as u64);
    move || StandardNormal.sample(&mut rng)
}
