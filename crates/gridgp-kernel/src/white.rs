//! White noise: points have nothing to do with each other.

use faer::{MatMut, MatRef};
use gridgp_grid::Points;

use super::list::{COLUMNS, KernelInfo};
use super::pairs::{fill, fill_symmetric};
use super::{Covariance, Inputs, KernelOptions, KernelParameter, StateSpace};

/// k = 1 where x and y are equal in all active coordinates, else 0.
///
/// The identity on an axis, whose points are distinct; with fewer active coordinates a block of
/// ones for each group of equal points. Equality is exact: 0.1 + 0.2 is not 0.3.
#[derive(Debug, Clone, PartialEq)]
pub struct White {
    inputs: Inputs,
}

impl White {
    pub(super) const INFO: KernelInfo = KernelInfo {
        name: "white",
        formula: "1 if x = y, else 0",
        parameters: &[],
        options: COLUMNS,
        rank: "n",
        summary: "independent values, one for each distinct point",
    };

    /// White noise over the distinct values of these coordinates.
    pub fn new(inputs: Inputs) -> Self {
        Self { inputs }
    }

    pub(super) fn from_options(options: &KernelOptions) -> Result<Self, String> {
        options.inputs().map(Self::new)
    }
}

/// 1 if the points are equal.
fn indicator(a: &[f64], b: &[f64]) -> f64 {
    f64::from(u8::from(a == b))
}

impl Covariance for White {
    fn parameters(&self) -> Vec<KernelParameter> {
        vec![]
    }

    fn gram(&self, x: &Points, _theta: &[f64], out: MatMut<'_, f64>) {
        let x = x.select(self.inputs.columns());
        fill_symmetric(out, |i, j| indicator(x.row(i), x.row(j)));
    }

    fn cross(&self, x: &Points, y: &Points, _theta: &[f64], out: MatMut<'_, f64>) {
        let (x, y) = (x.select(self.inputs.columns()), y.select(self.inputs.columns()));
        fill(out, |i, j| indicator(x.row(i), y.row(j)));
    }

    fn diagonal(&self, _x: &Points, _theta: &[f64], out: &mut [f64]) {
        out.fill(1.0);
    }

    fn gram_vjp(&self, _: &Points, _: &[f64], _: MatRef<'_, f64>, _: &mut [f64]) {}

    fn state_space(&self) -> Option<StateSpace> {
        let [column] = self.inputs.columns() else { return None };
        Some(StateSpace::white(*column))
    }

    fn is_stationary(&self) -> bool {
        true
    }

    fn has_unit_diagonal(&self) -> bool {
        true
    }
}
