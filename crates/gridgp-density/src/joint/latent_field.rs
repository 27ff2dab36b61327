//! A random field from independent normals: f = amplitude · (⊗ CₐLₐ) z, and its pullback.

mod spread;

use gridgp_dense::settle_registers;
use gridgp_grid::{Grid, Result};
use gridgp_model::Field;
use gridgp_model::param::Value;

use super::field_axis::FieldAxis;
use super::long_axis::LongAxes;
use super::plane_modes::{self, PlaneModes, PlaneScales};
use super::series_axis::SeriesAxis;
pub(crate) use spread::FieldSpread;

/// A field on the product of the axes that it lives on, whitened (non-centred): z ~ N(0, I).
#[derive(Debug, Clone)]
pub(crate) struct LatentField {
    amplitude: Value,
    /// Positions of its axes in the grid.
    positions: Vec<usize>,
    axes: Vec<FieldAxis>,
    /// What scales z before the first product, and z itself, where a kernel is over two axes together.
    plane: Option<(PlaneScales, Vec<f64>)>,
    /// The tensor before and after each mode product: `stages[0]` is z, or z with its scales.
    stages: Vec<Vec<f64>>,
    /// Their adjoints.
    bars: Vec<Vec<f64>>,
    /// amplitude · the last stage.
    values: Vec<f64>,
}

impl LatentField {
    pub(super) fn new(field: &Field, grid: &Grid, long: LongAxes) -> Result<Self> {
        let mut positions = Vec::new();
        let mut axes = Vec::new();
        let mut series = long.of_field(field);
        let sides =
            field.plane.as_ref().map(|p| Ok((p, plane_modes::sides(p, grid)?))).transpose()?;
        for (a, (kernel, axis)) in field.axes.iter().zip(grid.axes()).enumerate() {
            if let Some((plane, sides)) = &sides
                && let Some(which) = plane.axes.iter().position(|b| *b == a)
            {
                positions.push(a);
                axes.push(FieldAxis::Modes(Box::new(PlaneModes::new(sides, which, axis))));
            }
            let Some(kernel) = kernel else { continue };
            positions.push(a);
            let (name, jitter) = (axis.name(), long.jitter());
            axes.push(match series.take_if(|(at, ..)| *at == a) {
                Some((_, form, times)) => {
                    FieldAxis::series(SeriesAxis::new(name, kernel, jitter, (form, times))?)
                }
                None => FieldAxis::matrix_of(name, kernel, jitter)?,
            });
        }
        let plane = sides.map(|(plane, sides)| PlaneScales::new(plane, sides, &positions));
        let mut made = Self::of(field.amplitude, positions, axes);
        made.plane = plane.map(|scales| (scales, made.stages[0].clone()));
        Ok(made)
    }

    /// The field with these roots along the axes at these positions.
    pub(super) fn of(amplitude: Value, positions: Vec<usize>, axes: Vec<FieldAxis>) -> Self {
        let stage = |done: usize| -> usize {
            let size = |(a, axis): (usize, &FieldAxis)| {
                if a < done { axis.size() } else { axis.rank() }
            };
            axes.iter().enumerate().map(size).product()
        };
        let stages: Vec<Vec<f64>> = (0..=axes.len()).map(|done| vec![0.0; stage(done)]).collect();
        Self {
            amplitude,
            positions,
            bars: stages.clone(),
            values: vec![0.0; stage(axes.len())],
            stages,
            axes,
            plane: None,
        }
    }

    /// Number of unknowns: ∏ rₐ.
    pub(super) fn unknowns(&self) -> usize {
        self.stages[0].len()
    }

    /// rₐ of each axis that it lives on.
    pub(super) fn ranks(&self) -> Vec<usize> {
        self.axes.iter().map(FieldAxis::rank).collect()
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
    pub(super) fn roots(&self) -> &[FieldAxis] {
        &self.axes
    }

    /// z at the last θ and z, with its scales where a kernel is over two axes together.
    pub(super) fn z(&self) -> &[f64] {
        &self.stages[0]
    }

    /// What scales z, where a kernel is over two axes together.
    pub(super) fn plane(&self) -> Option<&PlaneScales> {
        self.plane.as_ref().map(|(scales, _)| scales)
    }

    /// Its amplitude at θ.
    pub(super) fn amplitude(&self, theta: &[f64]) -> f64 {
        self.amplitude.at(theta)
    }

    /// The field at θ and z.
    ///
    /// # Errors
    /// As [`FieldAxis::update`].
    pub(super) fn update(&mut self, theta: &[f64], z: &[f64]) -> Result<()> {
        self.update_roots(theta)?;
        self.stages[0].copy_from_slice(z);
        let ranks = self.ranks();
        if let Some((scales, own)) = &mut self.plane {
            own.copy_from_slice(z);
            scales.apply(&mut self.stages[0], &ranks);
        }
        for a in 0..self.axes.len() {
            let (left, right) = self.sides(a);
            let (before, after) = self.stages.split_at_mut(a + 1);
            self.axes[a].multiply(&before[a], left, right, &mut after[0]);
        }
        settle_registers();
        let amplitude = self.amplitude.at(theta);
        let last = self.stages.last().expect("there is z");
        for (v, l) in self.values.iter_mut().zip(last) {
            *v = amplitude * l;
        }
        Ok(())
    }

    /// z of these values, with the margins of a kernel over two axes together, at the θ of the roots;
    /// false where they do not determine it.
    pub(super) fn solve(&mut self, theta: &[f64], values: &[f64], z: &mut [f64]) -> bool {
        let amplitude = self.amplitude.at(theta);
        let is_whole =
            |axis: &FieldAxis| matches!(axis, FieldAxis::Modes(_)) || axis.rank() == axis.size();
        if !self.axes.iter().all(is_whole) || amplitude == 0.0 {
            return false;
        }
        let mut from: Vec<f64> = values.iter().map(|v| v / amplitude).collect();
        let mut right = 1;
        for axis in self.axes.iter().rev() {
            if !axis.solve(&from, right, z) {
                return false;
            }
            from.copy_from_slice(z);
            right *= axis.rank();
        }
        z.copy_from_slice(&from);
        if let Some((scales, _)) = &self.plane {
            scales.undo(z, &self.ranks());
        }
        settle_registers();
        true
    }

    /// The roots alone at θ.
    ///
    /// # Errors
    /// As [`FieldAxis::update`].
    pub(super) fn update_roots(&mut self, theta: &[f64]) -> Result<()> {
        if let Some((scales, _)) = &mut self.plane {
            scales.update(theta)?;
        }
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
        self.pull_back(theta, values_bar);
        if let Some((scales, z)) = &self.plane {
            scales.vjp(z, &self.bars[0], &self.ranks(), theta_bar);
        }
        self.add_z_bar(z_bar);
        for a in 0..count {
            let sides = self.sides(a);
            self.axes[a].vjp(&self.stages[a], &self.bars[a + 1], sides, theta_bar);
        }
    }

    /// Adds the derivatives with respect to z alone to `z_bar`.
    pub(super) fn z_vjp(&mut self, theta: &[f64], values_bar: &[f64], z_bar: &mut [f64]) {
        self.pull_back(theta, values_bar);
        self.add_z_bar(z_bar);
    }

    fn add_z_bar(&mut self, z_bar: &mut [f64]) {
        let ranks = self.ranks();
        if let Some((scales, _)) = &self.plane {
            scales.apply(&mut self.bars[0], &ranks);
        }
        z_bar.iter_mut().zip(&self.bars[0]).for_each(|(z, b)| *z += b);
    }

    /// The adjoints of all stages, from those of the values.
    fn pull_back(&mut self, theta: &[f64], values_bar: &[f64]) {
        let amplitude = self.amplitude.at(theta);
        let count = self.axes.len();
        for (bar, v) in self.bars[count].iter_mut().zip(values_bar) {
            *bar = amplitude * v;
        }
        for a in (0..count).rev() {
            let (left, right) = self.sides(a);
            let (before, after) = self.bars.split_at_mut(a + 1);
            self.axes[a].multiply_transposed(&after[0], left, right, &mut before[a]);
        }
        settle_registers();
    }

    /// Sizes of the axes before `a`, which have been multiplied, and after it, which have not.
    fn sides(&self, a: usize) -> (usize, usize) {
        let left = self.axes[..a].iter().map(FieldAxis::size).product();
        let right = self.axes[a + 1..].iter().map(FieldAxis::rank).product();
        (left, right)
    }
}
