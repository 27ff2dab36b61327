//! A field over two axes together, by its modes: S₁⊗S₂ of independent normals with scales of their own.

use std::sync::Arc;

use faer::Mat;
use gridgp_dense::mode_product;
use gridgp_grid::{Axis, Error, Grid, Points, Result};
use gridgp_model::PlaneKernel;
use gridgp_model::param::Value;
use gridgp_sparse::{Plane, Side};

use super::super::marginal::beyond;

/// One of the two axes: S in the rows of the data's points.
#[derive(Debug, Clone)]
pub(super) struct PlaneModes {
    name: String,
    sides: Arc<[Side; 2]>,
    which: usize,
    rows: Mat<f64>,
}

/// The scales of the normals, at the last θ.
#[derive(Debug, Clone)]
pub(super) struct PlaneScales {
    sides: Arc<[Side; 2]>,
    lengthscales: [Value; 2],
    /// Its axes among those of the field.
    axes: [usize; 2],
    scales: Vec<f64>,
    plane: Option<Plane>,
}

/// The axes of a plane, in the order of the grid.
pub(super) fn sides(kernel: &PlaneKernel, grid: &Grid) -> Result<Arc<[Side; 2]>> {
    let side = |k: usize| {
        let axis = &grid.axes()[kernel.axes[k]];
        let points: Vec<f64> = axis.points().column(0).collect();
        Side::new(&points).map_err(|e| Error::Singular(format!("axis {:?}: {e}", axis.name())))
    };
    Ok(Arc::new([side(0)?, side(1)?]))
}

impl PlaneModes {
    /// Axis `which` of a plane.
    pub(super) fn new(sides: &Arc<[Side; 2]>, which: usize, axis: &Axis) -> Self {
        let mut made =
            Self { name: axis.name().into(), sides: sides.clone(), which, rows: Mat::new() };
        made.rows =
            made.rows_at(&axis.points()).expect("the points of the data lie among themselves");
        made
    }

    /// Number of points.
    pub(super) fn size(&self) -> usize {
        self.rows.nrows()
    }

    /// Number of modes.
    pub(super) fn rank(&self) -> usize {
        self.rows.ncols()
    }

    /// S in the rows of the data's points.
    pub(super) fn rows(&self) -> &Mat<f64> {
        &self.rows
    }

    /// out = S⁻¹y = SᵀWy along the axis of a tensor left × points × right, for values at all points of the
    /// axis, its margins included.
    pub(super) fn solve(&self, y: &[f64], right: usize, out: &mut [f64]) {
        let side = &self.sides[self.which];
        let weighted =
            Mat::from_fn(self.rank(), self.rank(), |i, j| side.vectors()[(j, i)] * side.width()[j]);
        let left = y.len() / (self.rank() * right).max(1);
        mode_product(weighted.as_ref(), y, left, right, out);
    }

    /// The same for other points, on straight lines between those of the data.
    ///
    /// # Errors
    /// [`Error::Data`] beyond them.
    pub(super) fn rows_at(&self, new: &Points) -> Result<Mat<f64>> {
        let side = &self.sides[self.which];
        let vectors = side.vectors();
        let mut rows = Mat::zeros(new.len(), vectors.ncols());
        for (i, at) in new.column(0).enumerate() {
            let known = side.between(at).ok_or_else(|| beyond(None, &self.name, side))?;
            for (k, weight) in known {
                for j in 0..vectors.ncols() {
                    rows[(i, j)] += weight * vectors[(k, j)];
                }
            }
        }
        Ok(rows)
    }
}

impl PlaneScales {
    /// Those of a kernel; `positions` are the axes that the field lives on.
    pub(super) fn new(kernel: &PlaneKernel, sides: Arc<[Side; 2]>, positions: &[usize]) -> Self {
        let at = |a: usize| positions.iter().position(|p| *p == a).expect("the field lives there");
        let scales = vec![0.0; sides.iter().map(|s| s.points.len()).product()];
        let (lengthscales, axes) = (kernel.lengthscales, kernel.axes.map(at));
        Self { sides, lengthscales, axes, scales, plane: None }
    }

    /// Moves to other parameters.
    ///
    /// # Errors
    /// [`Error::Singular`] where a lengthscale leaves the range of numbers.
    pub(super) fn update(&mut self, theta: &[f64]) -> Result<()> {
        let lengthscales = self.lengthscales.map(|l| l.at(theta));
        if !lengthscales.iter().all(|l| (l * l).is_normal()) {
            let message = format!("the lengthscales {lengthscales:?} leave the range of numbers");
            return Err(Error::Singular(message));
        }
        let plane = Plane::new(self.sides.clone(), lengthscales);
        plane.write_scales(&mut self.scales);
        self.plane = Some(plane);
        Ok(())
    }

    /// The scale of a cell of a tensor of this shape, whose plane axes are modes.
    pub(super) fn at(&self, cell: usize, shape: &[usize]) -> f64 {
        self.scales[self.mode(cell, shape)]
    }

    fn mode(&self, cell: usize, shape: &[usize]) -> usize {
        let [a, b] = self.axes.map(|a| {
            let stride: usize = shape[a + 1..].iter().product();
            cell / stride % shape[a]
        });
        a * self.sides[1].points.len() + b
    }

    /// Multiplies a tensor of normals by their scales.
    pub(super) fn apply(&self, x: &mut [f64], shape: &[usize]) {
        self.each(x.len(), shape, |cell, mode| x[cell] *= self.scales[mode]);
    }

    /// Divides by them.
    pub(super) fn undo(&self, x: &mut [f64], shape: &[usize]) {
        self.each(x.len(), shape, |cell, mode| x[cell] /= self.scales[mode]);
    }

    /// Adds the derivatives with respect to θ, from the normals and the adjoint of their products with the
    /// scales.
    pub(super) fn vjp(&self, z: &[f64], bar: &[f64], shape: &[usize], theta_bar: &mut [f64]) {
        let mut scales_bar = vec![0.0; self.scales.len()];
        self.each(z.len(), shape, |cell, mode| scales_bar[mode] += z[cell] * bar[cell]);
        let plane = self.plane.as_ref().expect("it was moved to parameters");
        let bars = plane.scales_vjp(&scales_bar);
        self.lengthscales.iter().zip(bars).for_each(|(l, b)| l.pull_back(b, theta_bar));
    }

    /// The variance of the field at a point with these rows of both axes, but for its amplitude.
    pub(super) fn variance(&self, rows: [&[f64]; 2]) -> f64 {
        let all = self.scales.chunks_exact(rows[1].len()).zip(rows[0]);
        let along = |scales: &[f64]| -> f64 {
            scales.iter().zip(rows[1]).map(|(s, b)| (s * b).powi(2)).sum()
        };
        all.map(|(scales, a)| a * a * along(scales)).sum()
    }

    /// The axes of the plane among those of the field.
    pub(super) fn axes(&self) -> [usize; 2] {
        self.axes
    }

    /// Calls `visit` with each cell of a tensor of this shape and its mode.
    fn each(&self, cells: usize, shape: &[usize], mut visit: impl FnMut(usize, usize)) {
        if shape.len() == 2 {
            (0..cells).for_each(|cell| visit(cell, cell));
        } else {
            (0..cells).for_each(|cell| visit(cell, self.mode(cell, shape)));
        }
    }
}
