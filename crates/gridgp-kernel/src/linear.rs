//! Linear: straight lines and planes.

use faer::{Mat, MatMut, MatRef};
use gridgp_grid::Points;

use super::list::{COLUMNS, KernelInfo};
use super::pairs::{fill, fill_symmetric};
use super::{Covariance, Inputs, KernelOptions, KernelParameter, Role, StateSpace};

/// k = (x − c)·(y − c) = Σ_a (x_a − c_a)(y_a − c_a); rank p, the number of active coordinates.
///
/// θ = c, one center for each coordinate, in its unit: functions are planes through 0 at c. The
/// diagonal is not 1: with the field's amplitude a, slopes have standard deviation a, in units of
/// the response for a unit of the coordinate. Features: x_a − c_a. PyMC's `Linear` has the same c.
///
/// # Source
/// Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, section 4.2.2.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    inputs: Inputs,
}

impl Linear {
    pub(super) const INFO: KernelInfo = KernelInfo {
        name: "linear",
        formula: "(x - center) . (y - center)",
        parameters: &[(
            "center",
            "where the line crosses 0; with several coordinates one each, center.NAME",
        )],
        options: COLUMNS,
        rank: "number of coordinates",
        summary: "straight lines and planes; the diagonal is not 1",
    };

    /// The linear kernel of these coordinates.
    pub fn new(inputs: Inputs) -> Self {
        Self { inputs }
    }

    pub(super) fn from_options(options: &KernelOptions) -> Result<Self, String> {
        options.inputs().map(Self::new)
    }

    /// Positions of the active coordinates.
    pub fn columns(&self) -> &[usize] {
        self.inputs.columns()
    }

    /// x − c.
    fn centered(&self, x: &Points, center: &[f64]) -> Points {
        let columns = self.inputs.columns();
        let minus = |i| columns.iter().zip(center).map(move |(&a, c)| x.row(i)[a] - c);
        Points::new((0..x.len()).flat_map(minus).collect(), columns.len())
    }
}

/// x·y.
#[inline]
pub(super) fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

impl Covariance for Linear {
    fn parameters(&self) -> Vec<KernelParameter> {
        let columns = self.inputs.columns();
        let parameter = |(i, &column): (usize, &usize)| {
            let name = match columns.len() {
                1 => "center".into(),
                _ => format!("center.{}", self.inputs.names()[i]),
            };
            KernelParameter::new(name, Role::Center { column }, self.inputs.nth(i))
        };
        columns.iter().enumerate().map(parameter).collect()
    }

    fn parameter_count(&self) -> usize {
        self.inputs.columns().len()
    }

    fn gram(&self, x: &Points, theta: &[f64], out: MatMut<'_, f64>) {
        let x = self.centered(x, theta);
        fill_symmetric(out, |i, j| dot(x.row(i), x.row(j)));
    }

    fn cross(&self, x: &Points, y: &Points, theta: &[f64], out: MatMut<'_, f64>) {
        let (x, y) = (self.centered(x, theta), self.centered(y, theta));
        fill(out, |i, j| dot(x.row(i), y.row(j)));
    }

    fn diagonal(&self, x: &Points, theta: &[f64], out: &mut [f64]) {
        let x = self.centered(x, theta);
        out.iter_mut().enumerate().for_each(|(i, k)| *k = dot(x.row(i), x.row(i)));
    }

    fn gram_vjp(
        &self,
        x: &Points,
        theta: &[f64],
        gram_bar: MatRef<'_, f64>,
        theta_bar: &mut [f64],
    ) {
        // ∂K_ij/∂c_a = −(x_ia − c_a) − (x_ja − c_a), so with K̄ symmetric c̄ = −2 (X − c)ᵀ K̄ 1.
        let x = self.centered(x, theta);
        for (i, column) in gram_bar.col_iter().enumerate() {
            let sum: f64 = column.iter().sum();
            theta_bar.iter_mut().zip(x.row(i)).for_each(|(bar, x)| *bar -= 2.0 * sum * x);
        }
    }

    fn feature_count(&self) -> Option<usize> {
        Some(self.inputs.columns().len())
    }

    fn features(&self, x: &Points, theta: &[f64]) -> Option<Mat<f64>> {
        let x = self.centered(x, theta);
        Some(Mat::from_fn(x.len(), x.dims(), |i, a| x.row(i)[a]))
    }

    fn features_vjp(
        &self,
        _x: &Points,
        _theta: &[f64],
        features_bar: MatRef<'_, f64>,
        theta_bar: &mut [f64],
    ) {
        for (bar, column) in theta_bar.iter_mut().zip(features_bar.col_iter()) {
            *bar -= column.iter().sum::<f64>();
        }
    }

    fn state_space(&self) -> Option<StateSpace> {
        let [column] = self.inputs.columns() else { return None };
        Some(StateSpace::linear(*column))
    }

    fn rank_bound(&self, x: &Points) -> usize {
        self.inputs.columns().len().min(x.len())
    }
}
