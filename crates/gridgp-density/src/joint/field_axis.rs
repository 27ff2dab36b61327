//! What a field is along one of its axes: a matrix, or filters along a long one.

use faer::Mat;
use gridgp_dense::{mode_contraction, mode_product};
use gridgp_grid::Result;
use gridgp_model::AxisKernel;

use super::axis_root::AxisRoot;
use super::plane_modes::PlaneModes;
use super::series_axis::SeriesAxis;

/// The root of a kernel along an axis, as something that tensors are multiplied with.
#[derive(Debug, Clone)]
pub(super) enum FieldAxis {
    /// C L written out, and the memory of its adjoint.
    Matrix(Box<AxisRoot>, Mat<f64>),
    /// By state space.
    Series(Box<SeriesAxis>, Scratch),
    /// The modes of a field over two axes together.
    Modes(Box<PlaneModes>),
    /// The identity of some points: an axis along which somebody else multiplies.
    Same(usize),
}

/// Memory of a [`FieldAxis::Series`].
#[derive(Debug, Clone, Default)]
pub(super) struct Scratch {
    z: Vec<f64>,
    /// Adjoints, which the sweep back overwrites or leaves to nobody.
    bars: [Vec<f64>; 2],
}

impl FieldAxis {
    /// The root of a kernel along the axis called `name`, written out.
    ///
    /// # Errors
    /// [`gridgp_grid::Error::Singular`] that names the axis, where no parameter enters.
    pub(super) fn matrix_of(name: &str, kernel: &AxisKernel, jitter: f64) -> Result<Self> {
        let root = AxisRoot::new(name, kernel.clone(), jitter)?;
        let bar = Mat::zeros(root.size(), root.rank());
        Ok(Self::Matrix(Box::new(root), bar))
    }

    /// By state space.
    pub(super) fn series(axis: SeriesAxis) -> Self {
        Self::Series(Box::new(axis), Scratch::default())
    }

    /// Number of points.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Matrix(root, _) => root.size(),
            Self::Series(series, _) => series.size(),
            Self::Modes(modes) => modes.size(),
            Self::Same(n) => *n,
        }
    }

    /// Number of unknowns.
    pub(super) fn rank(&self) -> usize {
        match self {
            Self::Matrix(root, _) => root.rank(),
            Self::Series(series, _) => series.size(),
            Self::Modes(modes) => modes.rank(),
            Self::Same(n) => *n,
        }
    }

    /// The root written out, where it is.
    pub(super) fn matrix(&self) -> Option<&AxisRoot> {
        match self {
            Self::Matrix(root, _) => Some(root),
            _ => None,
        }
    }

    /// Moves to other parameters.
    ///
    /// # Errors
    /// [`gridgp_grid::Error::Singular`] that names the axis.
    pub(super) fn update(&mut self, theta: &[f64]) -> Result<()> {
        match self {
            Self::Matrix(root, _) => root.update(theta),
            Self::Series(series, _) => series.update(theta, 0.0),
            Self::Modes(_) | Self::Same(_) => Ok(()),
        }
    }

    /// out = (C L) x along the axis of a tensor left × rank × right.
    pub(super) fn multiply(&mut self, x: &[f64], left: usize, right: usize, out: &mut [f64]) {
        match self {
            Self::Matrix(root, _) => mode_product(root.root(), x, left, right, out),
            Self::Series(series, scratch) => {
                scratch.z.resize(x.len(), 0.0);
                series.forward(x, (left, right), &mut scratch.z, out);
            }
            Self::Modes(modes) => mode_product(modes.rows().as_ref(), x, left, right, out),
            Self::Same(_) => out.copy_from_slice(x),
        }
    }

    /// out = (C L)ᵀ y.
    pub(super) fn multiply_transposed(
        &self,
        y: &[f64],
        left: usize,
        right: usize,
        out: &mut [f64],
    ) {
        match self {
            Self::Matrix(root, _) => mode_product(root.root().transpose(), y, left, right, out),
            Self::Series(series, _) => series.multiply_transposed(y, (left, right), out),
            Self::Modes(modes) => mode_product(modes.rows().transpose(), y, left, right, out),
            Self::Same(_) => out.copy_from_slice(y),
        }
    }

    /// out = L⁻¹ y along the axis of a tensor left × points × right; false where L is not invertible:
    /// features, or a mean that is taken out.
    pub(super) fn solve(&self, y: &[f64], right: usize, out: &mut [f64]) -> bool {
        match self {
            Self::Matrix(root, _) => root.solve(y, right, out),
            Self::Series(series, _) => series.solve(y, right, out),
            Self::Modes(modes) => {
                modes.solve(y, right, out);
                true
            }
            Self::Same(_) => {
                out.copy_from_slice(y);
                true
            }
        }
    }

    /// Adds the derivatives with respect to parameters, after [`multiply`](Self::multiply): `x` is what
    /// was multiplied, `bar` the adjoint of the product.
    pub(super) fn vjp(
        &mut self,
        x: &[f64],
        bar: &[f64],
        (left, right): (usize, usize),
        theta_bar: &mut [f64],
    ) {
        match self {
            Self::Matrix(root, root_bar) if root.is_free() => {
                mode_contraction(bar, x, left, right, root_bar.as_mut());
                root.vjp(theta_bar, root_bar.as_mut());
            }
            Self::Series(series, scratch) if series.is_free() => {
                let [own, unused] = &mut scratch.bars;
                own.clear();
                own.extend_from_slice(bar);
                unused.resize(x.len(), 0.0);
                series.back((x, &scratch.z), (left, right), own, false, unused, theta_bar);
            }
            _ => {}
        }
    }
}
