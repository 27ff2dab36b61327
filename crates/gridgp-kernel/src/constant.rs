//! Constant: one unknown number everywhere.

use faer::{Mat, MatMut, MatRef};
use gridgp_grid::Points;

use super::list::KernelInfo;
use super::{Covariance, KernelParameter, StateSpace};

/// k = 1; rank 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Constant;

impl Constant {
    pub(super) const INFO: KernelInfo = KernelInfo {
        name: "constant",
        formula: "1",
        parameters: &[],
        options: &[],
        rank: "1",
        summary: "one unknown number everywhere",
    };
}

impl Covariance for Constant {
    fn parameters(&self) -> Vec<KernelParameter> {
        vec![]
    }

    fn gram(&self, _x: &Points, _theta: &[f64], mut out: MatMut<'_, f64>) {
        out.fill(1.0);
    }

    fn cross(&self, _x: &Points, _y: &Points, _theta: &[f64], mut out: MatMut<'_, f64>) {
        out.fill(1.0);
    }

    fn diagonal(&self, _x: &Points, _theta: &[f64], out: &mut [f64]) {
        out.fill(1.0);
    }

    fn gram_vjp(&self, _: &Points, _: &[f64], _: MatRef<'_, f64>, _: &mut [f64]) {}

    fn feature_count(&self) -> Option<usize> {
        Some(1)
    }

    fn features(&self, x: &Points, _theta: &[f64]) -> Option<Mat<f64>> {
        Some(Mat::full(x.len(), 1, 1.0))
    }

    fn features_vjp(&self, _: &Points, _: &[f64], _: MatRef<'_, f64>, _: &mut [f64]) {}

    fn state_space(&self) -> Option<StateSpace> {
        Some(StateSpace::constant())
    }

    fn rank_bound(&self, x: &Points) -> usize {
        1.min(x.len())
    }

    fn is_stationary(&self) -> bool {
        true
    }

    fn has_unit_diagonal(&self) -> bool {
        true
    }
}
