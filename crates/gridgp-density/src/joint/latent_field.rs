//! A random field from independent normals: f = amplitude · (⊗ CₐLₐ) z, and its pullback.

mod spread;

use faer::Mat;
use gridgp_dense::{mode_contraction, mode_product, settle_registers};
use gridgp_grid::{Grid, Result};
use gridgp_model::Field;
use gridgp_model::param::Value;

use super::axis_root::AxisRoot;
pub(crate) use spread::FieldSpread;

/// A field on the product of the axes that it lives on, whitened (non-centred): z ~ N(0, I).
#[derive(Debug, Clone)]
pub(crate) struct LatentField {
    amplitude: Value,
    /// Positions of its axes in the grid.
    positions: Vec<usize>,
    axes: Vec<AxisRoot>,
    /// The tensor before and after each mode product: `stages[0]` is z.
    stages: Vec<Vec<f64>>,
    /// Their adjoints.
    bars: Vec<Vec<f64>>,
    /// The adjoint of each root.
    root_bars: Vec<Mat<f64>>,
    /// amplitude · the last stage.
    values: Vec<f64>,
}

impl LatentField {
    pub(super) fn new(field: &Field, grid: &Grid, jitter: f64) -> Result<Self> {
        let mut positions = Vec::new();
        let mut axes = Vec::new();
        for (a, (kernel, axis)) in field.axes.iter().zip(grid.axes()).enumerate() {
            if let Some(kernel) = kernel {
                positions.push(a);
                axes.push(AxisRoot::new(axis.name(), kernel.clone(), jitter)?);
            }
        }
        let stage = |done: usize| -> usize {
            let size = |(a, axis): (usize, &AxisRoot)| {
                if a < done { axis.size() } else { axis.rank() }
            };
            axes.iter().enumerate().map(size).product()
        };
        let stages: Vec<Vec<f64>> = (0..=axes.len()).map(|done| vec![0.0; stage(done)]).collect();
        Ok(Self {
            amplitude: field.amplitude,
            positions,
            bars: stages.clone(),
            values: vec![0.0; stage(axes.len())],
            root_bars: axes.iter().map(|a| Mat::zeros(a.size(), a.rank())).collect(),
            stages,
            axes,
        })
    }

    /// Number of unknowns: ∏ rₐ.
    pub(super) fn unknowns(&self) -> usize {
        self.stages[0].len()
    }

    /// rₐ of each axis that it lives on.
    pub(super) fn ranks(&self) -> Vec<usize> {
        self.axes.iter().map(AxisRoot::rank).collect()
    }

    /// Positions of its axes in the grid.
    pub(super) fn positions(&self) -> &[usize] {
        &self.positions
    }

    /// The field on its axes, row-major.
    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// The roots along its axes, at the last θ.
    pub(super) fn roots(&self) -> &[AxisRoot] {
        &self.axes
    }

    /// z at the last θ and z.
    pub(super) fn z(&self) -> &[f64] {
        &self.stages[0]
    }

    /// Its amplitude at θ.
    pub(super) fn amplitude(&self, theta: &[f64]) -> f64 {
        self.amplitude.at(theta)
    }

    /// The field at θ and z.
    ///
    /// # Errors
    /// As [`AxisRoot::update`].
    pub(super) fn update(&mut self, theta: &[f64], z: &[f64]) -> Result<()> {
        self.update_roots(theta)?;
        self.stages[0].copy_from_slice(z);
        for a in 0..self.axes.len() {
            let (left, right) = self.sides(a);
            let (before, after) = self.stages.split_at_mut(a + 1);
            mode_product(self.axes[a].root(), &before[a], left, right, &mut after[0]);
        }
        settle_registers();
        let amplitude = self.amplitude.at(theta);
        let last = self.stages.last().expect("there is z");
        for (v, l) in self.values.iter_mut().zip(last) {
            *v = amplitude * l;
        }
        Ok(())
    }

    /// The roots alone at θ.
    ///
    /// # Errors
    /// As [`AxisRoot::update`].
    pub(super) fn update_roots(&mut self, theta: &[f64]) -> Result<()> {
        self.axes.iter_mut().try_for_each(|axis| axis.update(theta))
    }

    /// Adds the derivatives to `theta_bar` and `z_bar`, from the adjoint of the values.
    pub(super) fn vjp(
        &mut self,
        theta: &[f64],
        values_bar: &[f64],
        theta_bar: &mut [f64],
        z_bar: &mut [f64],
    ) {
        let count = self.axes.len();
        let last = &self.stages[count];
        let dot: f64 = values_bar.iter().zip(last).map(|(b, l)| b * l).sum();
        self.amplitude.pull_back(dot, theta_bar);
        self.z_vjp(theta, values_bar, z_bar);
        for a in 0..count {
            if !self.axes[a].is_free() {
                continue;
            }
            let (left, right) = self.sides(a);
            let root_bar = self.root_bars[a].as_mut();
            mode_contraction(&self.bars[a + 1], &self.stages[a], left, right, root_bar);
            self.axes[a].vjp(theta_bar, self.root_bars[a].as_mut());
        }
    }

    /// Adds the derivatives with respect to z alone to `z_bar`.
    pub(super) fn z_vjp(&mut self, theta: &[f64], values_bar: &[f64], z_bar: &mut [f64]) {
        let amplitude = self.amplitude.at(theta);
        let count = self.axes.len();
        for (bar, v) in self.bars[count].iter_mut().zip(values_bar) {
            *bar = amplitude * v;
        }
        for a in (0..count).rev() {
            let (left, right) = self.sides(a);
            let (before, after) = self.bars.split_at_mut(a + 1);
            let root = self.axes[a].root();
            mode_product(root.transpose(), &after[0], left, right, &mut before[a]);
        }
        settle_registers();
        z_bar.iter_mut().zip(&self.bars[0]).for_each(|(z, b)| *z += b);
    }

    /// Sizes of the axes before `a`, which have been multiplied, and after it, which have not.
    fn sides(&self, a: usize) -> (usize, usize) {
        let left = self.axes[..a].iter().map(AxisRoot::size).product();
        let right = self.axes[a + 1..].iter().map(AxisRoot::rank).product();
        (left, right)
    }
}
