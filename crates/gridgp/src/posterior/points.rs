//! Prediction at scattered points, in tiles.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use gridgp_linalg::{Basis, Spectral};

use super::conditional::{Conditional, Moments};
use super::grid::squared;
use crate::grid::Points;
use crate::{Error, Result};

/// Numbers in the largest intermediate of a tile: 32 MiB.
const TILE: usize = 1 << 22;

impl Conditional<'_> {
    /// Mean and standard deviations at M scattered points: point i has coordinates `at[a].row(i)`
    /// along axis a. `covariates` holds one value a point for each covariate of the model that is
    /// used, by name.
    ///
    /// Points go in tiles, axis by axis: memory is M times the longest axis at most, never M x N.
    ///
    /// # Errors
    /// A number of coordinates that does not match, or a covariate that is missing.
    pub fn at_points(&self, at: &[Points], covariates: &[(String, Vec<f64>)]) -> Result<Moments> {
        let axes = self.model.data.grid.axes();
        let count = at.first().map_or(0, Points::len);
        if at.len() != axes.len() || at.iter().any(|p| p.len() != count) {
            return Err(Error::Grid("the points need one position along every axis".into()));
        }
        for (points, axis) in at.iter().zip(axes) {
            if points.dims() != axis.coordinates().len() {
                return Err(Error::Grid(format!(
                    "axis {:?} has {} coordinates but the points have {}",
                    axis.name(),
                    axis.coordinates().len(),
                    points.dims()
                )));
            }
        }
        let shape = self.model.data.grid.shape();
        let ranks: Vec<usize> = self.factors.iter().map(Spectral::rank).collect();
        let bases: Vec<Mat<f64>> =
            self.factors.iter().map(|f| Basis::to_dense(f.basis())).collect();
        let inverse: Vec<f64> = self.eigenvalues.iter().map(|d| 1.0 / d).collect();
        let rest: usize = shape[1..].iter().product::<usize>().max(1);
        let tile = (TILE / rest).clamp(1, 4096);
        let (mut mean, mut variance) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let columns = self.columns(covariates, count)?;
        for first in (0..count).step_by(tile) {
            let rows = first..(first + tile).min(count);
            let m = rows.len();
            let part: Vec<Points> = at
                .iter()
                .map(|p| {
                    Points::new(rows.clone().flat_map(|i| p.row(i)).copied().collect(), p.dims())
                })
                .collect();
            let (weight, fixed) = self
                .marginal
                .at_points(&self.theta, &rows, &columns)
                .map_err(|c| self.unknown_covariate(c))?;
            let cross = self.marginal.cross_at_points(&part, &self.theta);
            let mut means = contract(cross.iter().map(|(k, _)| k.as_ref()), &self.alpha, &shape);
            let projected: Vec<Mat<f64>> =
                cross.iter().zip(&bases).map(|((k, _), q)| squared(&(k * q))).collect();
            let explained = contract(projected.iter().map(Mat::as_ref), &inverse, &ranks);
            for i in 0..m {
                let s = self.variance;
                means[i] = s * weight[i] * means[i] + fixed[i];
                let prior = cross.iter().fold(s, |p, (_, v)| p * v[i]);
                variance.push(weight[i] * weight[i] * (prior - s * s * explained[i]));
            }
            mean.extend(means);
        }
        Ok(self.moments(mean, variance))
    }

    /// The covariates of the model among the given ones.
    pub(super) fn columns<'a>(
        &self,
        given: &'a [(String, Vec<f64>)],
        count: usize,
    ) -> Result<Vec<Option<&'a [f64]>>> {
        let find = |name: &str| given.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_slice());
        let columns: Vec<_> = self.model.data.covariates.iter().map(|c| find(&c.name)).collect();
        match columns.iter().flatten().find(|v| v.len() != count) {
            Some(v) => Err(Error::Data(format!(
                "a covariate has {} values for {count} new points",
                v.len()
            ))),
            None => Ok(columns),
        }
    }

    pub(super) fn unknown_covariate(&self, c: usize) -> Error {
        Error::Data(format!(
            "the covariate {:?} is not known at the new points; add a column of that name",
            self.model.data.covariates[c].name
        ))
    }
}

/// out\[m\] = Σ ∏ₐ kₐ\[m, iₐ\] x\[i₁, i₂, …\]: one GEMM for the first axis, then one weighted sum an
/// axis.
fn contract<'a>(
    mut factors: impl Iterator<Item = MatRef<'a, f64>>,
    x: &[f64],
    shape: &[usize],
) -> Vec<f64> {
    let first = factors.next().expect("a grid has an axis");
    let m = first.nrows();
    let mut size: usize = shape[1..].iter().product();
    let x = MatRef::from_row_major_slice(x, shape[0], size);
    let mut current = vec![0.0; m * size];
    let out = faer::MatMut::from_row_major_slice_mut(&mut current, m, size);
    matmul(out, Accum::Replace, first, x, 1.0, Par::rayon(0));
    for (k, &n) in factors.zip(&shape[1..]) {
        let inner = size / n;
        for row in 0..m {
            let block = &mut current[row * size..][..size];
            let (sum, others) = block.split_at_mut(inner);
            sum.iter_mut().for_each(|v| *v *= k[(row, 0)]);
            for (i, other) in others.chunks_exact(inner).enumerate() {
                let weight = k[(row, i + 1)];
                sum.iter_mut().zip(other).for_each(|(s, v)| *s += weight * v);
            }
            // Rows before this one are already shorter, so nothing unread is overwritten.
            current.copy_within(row * size..row * size + inner, row * inner);
        }
        size = inner;
    }
    current.truncate(m);
    current
}
