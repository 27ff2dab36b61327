//! Marginals and conditionals along an axis.

use faer::{Mat, MatRef};
use gridgp_grid::{Error, Result};

use super::svd::Svd;
use super::{Factor, KroneckerNormal, modes};

impl KroneckerNormal {
    /// The distribution of the values at some points of an axis, in the order given, and at all
    /// points of the other axes.
    ///
    /// # Errors
    /// [`Error::Data`] if there is no such axis or point, or a point is listed twice.
    pub fn marginal(&self, axis: usize, points: &[usize]) -> Result<Self> {
        self.check_points(axis, points)?;
        let mut factors = self.factors.clone();
        factors[axis] = Factor::root(rows(self.factors[axis].root_matrix(), points))?;
        Self::new(self.select(&self.mean, axis, points), factors, self.sigma)
    }

    /// The distribution at the other points of an axis, given the values at these; σ = 0 only, and
    /// [`conditional_with_noise`](Self::conditional_with_noise) otherwise.
    ///
    /// `values` are the given values, row-major on the grid whose axis has only these points, in
    /// the order of `points`. The result has the points that are not listed, in their old order:
    /// mean μ_F + (R_F R_O⁺)(y − μ_O) along the axis, and there the factor R_F Z, with Z an
    /// orthonormal basis of the null space of R_O. No covariance is inverted or subtracted, so a
    /// variance cannot come out negative, and singular factors are legal.
    ///
    /// # Errors
    /// [`Error::Data`] for wrong points or values, if no point is left, if σ > 0 (the result would
    /// not be of this kind), or if the values lie outside the support.
    pub fn conditional(&self, axis: usize, points: &[usize], values: &[f64]) -> Result<Self> {
        let (given, free) = self.split(axis, points, values)?;
        if self.sigma > 0.0 {
            return Err(Error::Data(format!(
                "given noisy values (sigma = {}), the rest is not a Kronecker normal; use \
                 conditional_with_noise",
                self.sigma
            )));
        }
        if given.log_prob_one(values) == f64::NEG_INFINITY {
            return Err(Error::Data(format!(
                "the values at points {points:?} of axis {axis} lie outside the support, which \
                 has {} of {} dimensions: the prior cannot reach them; add noise to the model",
                given.rank(),
                given.size()
            )));
        }
        let root = self.factors[axis].root_matrix();
        let (observed, rest) = (rows(root, points), rows(root, &free));
        let svd = Svd::new(observed.as_ref())?;
        let (k, v) = (svd.rank, &svd.v);
        // R_F R_O⁺ = (R_F V_k) diag(1/s) U_kᵀ.
        let reached = &rest * v.subcols(0, k);
        let weights = Mat::from_fn(free.len(), k, |i, j| reached[(i, j)] / svd.s[j])
            * svd.u.subcols(0, k).transpose();
        let mut shift: Vec<f64> = values.iter().zip(&given.mean).map(|(y, m)| y - m).collect();
        let along = (0..self.factors.len()).map(|a| (a == axis).then_some(weights.as_ref()));
        modes::apply(along, 1, &mut given.shape(), &mut shift, &mut Vec::new());
        let mut mean = self.select(&self.mean, axis, &free);
        mean.iter_mut().zip(shift).for_each(|(m, s)| *m += s);
        let mut factors = self.factors.clone();
        factors[axis] = Factor::root(rest * v.subcols(k, v.ncols() - k))?;
        Self::new(mean, factors, 0.0)
    }

    /// The distribution of the values that are given, and the points of the axis that are not.
    pub(super) fn split(
        &self,
        axis: usize,
        points: &[usize],
        values: &[f64],
    ) -> Result<(Self, Vec<usize>)> {
        let given = self.marginal(axis, points)?;
        if values.len() != given.size() {
            return Err(Error::Data(format!(
                "{} values are given for a grid of shape {:?}",
                values.len(),
                given.shape()
            )));
        }
        if let Some(i) = values.iter().position(|v| !v.is_finite()) {
            return Err(Error::Data(format!("the value given at position {i} is {}", values[i])));
        }
        let free: Vec<usize> =
            (0..self.factors[axis].size()).filter(|i| !points.contains(i)).collect();
        if free.is_empty() {
            return Err(Error::Data(format!(
                "all {} points of axis {axis} are given: nothing is left",
                points.len()
            )));
        }
        Ok((given, free))
    }

    fn check_points(&self, axis: usize, points: &[usize]) -> Result<()> {
        let Some(factor) = self.factors.get(axis) else {
            return Err(Error::Data(format!(
                "there is no axis {axis}: there are {}, counted from 0",
                self.factors.len()
            )));
        };
        if points.is_empty() {
            return Err(Error::Data(format!("no points of axis {axis} are listed")));
        }
        for (i, p) in points.iter().enumerate() {
            if *p >= factor.size() {
                return Err(Error::Data(format!(
                    "axis {axis} has no point {p}: it has {}, counted from 0",
                    factor.size()
                )));
            }
            if points[..i].contains(p) {
                return Err(Error::Data(format!("point {p} of axis {axis} is listed twice")));
            }
        }
        Ok(())
    }

    /// The numbers of a grid at some points of an axis.
    pub(super) fn select(&self, x: &[f64], axis: usize, points: &[usize]) -> Vec<f64> {
        let shape = self.shape();
        let right: usize = shape[axis + 1..].iter().product();
        x.chunks_exact(shape[axis] * right)
            .flat_map(|block| points.iter().flat_map(move |p| &block[p * right..][..right]))
            .copied()
            .collect()
    }
}

/// Some rows of a matrix.
pub(super) fn rows(matrix: MatRef<'_, f64>, points: &[usize]) -> Mat<f64> {
    Mat::from_fn(points.len(), matrix.ncols(), |i, j| matrix[(points[i], j)])
}
