//! The variances of a field whose unknowns are independent normals of any variances.

use faer::Mat;
use gridgp_dense::{mode_contraction, mode_product, settle_registers};

use super::LatentField;
use crate::joint::field_axis::FieldAxis;

/// Var fⱼ = amplitude² Σₖ (⊗ CₐLₐ)ⱼₖ² vₖ for z ~ N(·, diag v), and its pullback: the mode products of
/// the field with squared roots.
#[derive(Debug, Clone)]
pub(crate) struct FieldSpread {
    /// Squares of the entries of each root.
    squares: Vec<Mat<f64>>,
    /// The tensor before and after each mode product: `stages[0]` is v.
    stages: Vec<Vec<f64>>,
    bars: Vec<Vec<f64>>,
    root_bars: Vec<Mat<f64>>,
    values: Vec<f64>,
}

impl FieldSpread {
    /// Those of a field; `None` where it goes by state space along an axis, where no root is written
    /// out whose entries could be squared.
    pub(crate) fn new(field: &LatentField) -> Option<Self> {
        let zeros = |a: &FieldAxis| a.matrix().map(|r| Mat::zeros(r.size(), r.rank()));
        let squares: Vec<Mat<f64>> = field.axes.iter().map(zeros).collect::<Option<_>>()?;
        Some(Self {
            root_bars: squares.clone(),
            squares,
            stages: field.stages.clone(),
            bars: field.bars.clone(),
            values: field.values.clone(),
        })
    }

    /// The variances on the field's axes, row-major.
    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// The variances at the last θ of the field.
    pub(crate) fn update(&mut self, field: &LatentField, theta: &[f64], v: &[f64]) {
        self.stages[0].copy_from_slice(v);
        for (a, axis) in field.axes.iter().enumerate() {
            let root = axis.matrix().expect("it is written out").root();
            let squares = &mut self.squares[a];
            for j in 0..root.ncols() {
                let column = squares.col_mut(j);
                column.iter_mut().zip(root.col(j).iter()).for_each(|(s, r)| *s = r * r);
            }
            let (left, right) = field.sides(a);
            let (before, after) = self.stages.split_at_mut(a + 1);
            mode_product(squares.as_ref(), &before[a], left, right, &mut after[0]);
        }
        settle_registers();
        let amplitude = field.amplitude.at(theta);
        let last = self.stages.last().expect("there is v");
        for (out, l) in self.values.iter_mut().zip(last) {
            *out = amplitude * amplitude * l;
        }
    }

    /// Adds the derivatives to `theta_bar` and `v_bar`, from the adjoint of the variances.
    pub(crate) fn vjp(
        &mut self,
        field: &mut LatentField,
        theta: &[f64],
        values_bar: &[f64],
        theta_bar: &mut [f64],
        v_bar: &mut [f64],
    ) {
        let count = field.axes.len();
        let amplitude = field.amplitude.at(theta);
        let dot: f64 = values_bar.iter().zip(&self.stages[count]).map(|(b, l)| b * l).sum();
        field.amplitude.pull_back(2.0 * amplitude * dot, theta_bar);
        for (bar, v) in self.bars[count].iter_mut().zip(values_bar) {
            *bar = amplitude * amplitude * v;
        }
        for a in (0..count).rev() {
            let (left, right) = field.sides(a);
            let (before, after) = self.bars.split_at_mut(a + 1);
            let squares = self.squares[a].transpose();
            mode_product(squares, &after[0], left, right, &mut before[a]);
        }
        settle_registers();
        v_bar.iter_mut().zip(&self.bars[0]).for_each(|(v, b)| *v += b);
        for a in 0..count {
            let (left, right) = field.sides(a);
            let FieldAxis::Matrix(axis, _) = &mut field.axes[a] else { continue };
            if !axis.is_free() {
                continue;
            }
            let bar = &mut self.root_bars[a];
            mode_contraction(&self.bars[a + 1], &self.stages[a], left, right, bar.as_mut());
            let root = axis.root();
            for j in 0..root.ncols() {
                let column = bar.col_mut(j);
                column.iter_mut().zip(root.col(j).iter()).for_each(|(b, r)| *b *= 2.0 * r);
            }
            axis.vjp(theta_bar, bar.as_mut());
        }
    }
}
