//! A random field with a long axis, from unknowns that stay round where the data say much about it.

use gridgp_dist::special::LN_SQRT_2PI;
use gridgp_grid::{Grid, Result};
use gridgp_model::Field;
use gridgp_model::param::Value;

use super::field_axis::FieldAxis;
use super::latent_field::LatentField;
use super::long_axis::LongAxes;
use super::series_axis::SeriesAxis;

/// f = amplitude · (⊗ CₐLₐ) z with z = M⁻ᵀ u along the long axis and M Mᵀ = I + amplitude² Rᵀ diag(τ) R.
///
/// On one axis that is the form of [`InformedAxis`](super::informed_axis::InformedAxis), without its
/// matrices:
///
/// ```text
/// log p(u | θ) = −½ zᵀz − series · log det M − n/2 log 2π
/// ```
///
/// τ may be another one at each time: counts say more where they are large, missing ones nothing.
///
/// With other axes each of their unknowns has the same M, as if their points were independent: where
/// they are not, u is less round, and as exact.
#[derive(Debug, Clone)]
pub(super) struct InformedSeries {
    amplitude: Value,
    /// Which axis of the grid is the long one.
    axis: usize,
    time: SeriesAxis,
    /// Unknowns of the axes before the long one, and after it.
    view: (usize, usize),
    /// The field of R z, which has been multiplied along the long axis.
    rest: LatentField,
    u: Vec<f64>,
    z: Vec<f64>,
    y: Vec<f64>,
    y_bar: Vec<f64>,
}

impl InformedSeries {
    /// `None` where the field has no long axis.
    pub(super) fn new(field: &Field, grid: &Grid, long: LongAxes) -> Result<Option<Self>> {
        let Some((axis, form, times)) = long.of_field(field) else { return Ok(None) };
        let (mut positions, mut axes, mut at) = (Vec::new(), Vec::new(), 0);
        let jitter = long.jitter();
        for (a, (kernel, points)) in field.axes.iter().zip(grid.axes()).enumerate() {
            let Some(kernel) = kernel else { continue };
            positions.push(a);
            if a == axis {
                at = axes.len();
                axes.push(FieldAxis::Same(times.len()));
            } else {
                axes.push(FieldAxis::matrix_of(points.name(), kernel, jitter)?);
            }
        }
        let kernel = field.axes[axis].as_ref().expect("it has a kernel there");
        let time = SeriesAxis::new(grid.axes()[axis].name(), kernel, jitter, (form, times))?;
        let ranks: Vec<usize> = axes.iter().map(FieldAxis::rank).collect();
        let view = (ranks[..at].iter().product(), ranks[at + 1..].iter().product());
        let zeros = vec![0.0; ranks.iter().product()];
        Ok(Some(Self {
            amplitude: field.amplitude,
            axis,
            time,
            view,
            rest: LatentField::of(field.amplitude, positions, axes),
            u: zeros.clone(),
            z: zeros.clone(),
            y: zeros.clone(),
            y_bar: zeros,
        }))
    }

    /// The long axis of the grid, and its length.
    pub(super) fn axis(&self) -> (usize, usize) {
        (self.axis, self.time.size())
    }

    /// Lets τ run along the long axis as `course` does; empty for the same everywhere.
    pub(super) fn follow(&mut self, course: Vec<f64>) {
        self.time.follow(course);
    }

    /// How τ runs along the long axis.
    pub(super) fn course(&self) -> &[f64] {
        self.time.course()
    }

    pub(super) fn unknowns(&self) -> usize {
        self.u.len()
    }

    pub(super) fn values(&self) -> &[f64] {
        self.rest.values()
    }

    pub(super) fn update(&mut self, theta: &[f64], tau: f64, u: &[f64]) -> Result<f64> {
        self.move_to(theta, tau)?;
        self.u.copy_from_slice(u);
        self.time.forward(&self.u, self.view, &mut self.z, &mut self.y);
        self.rest.update(theta, &self.y)?;
        let squares: f64 = self.z.iter().map(|z| z * z).sum();
        let series = (self.view.0 * self.view.1) as f64;
        Ok(-0.5 * squares - series * self.time.log_det() - LN_SQRT_2PI * u.len() as f64)
    }

    fn move_to(&mut self, theta: &[f64], tau: f64) -> Result<()> {
        let amplitude = self.amplitude.at(theta);
        self.time.update(theta, tau * amplitude * amplitude)
    }

    pub(super) fn vjp(
        &mut self,
        theta: &[f64],
        tau: f64,
        values_bar: &[f64],
        theta_bar: &mut [f64],
        u_bar: &mut [f64],
    ) -> f64 {
        self.y_bar.fill(0.0);
        self.rest.vjp(theta, values_bar, theta_bar, &mut self.y_bar);
        let Self { time, view, u, z, y_bar, .. } = self;
        let scale_bar = time.back((u, z), *view, y_bar, true, u_bar, theta_bar);
        let amplitude = self.amplitude.at(theta);
        self.amplitude.pull_back(2.0 * tau * amplitude * scale_bar, theta_bar);
        amplitude * amplitude * scale_bar
    }

    /// z, after [`update`](Self::update).
    pub(super) fn write_whitened(&self, z: &mut [f64]) {
        z.copy_from_slice(&self.z);
    }

    pub(super) fn read_whitened(
        &mut self,
        whitened: &LatentField,
        theta: &[f64],
        tau: f64,
        u: &mut [f64],
    ) -> Result<()> {
        self.move_to(theta, tau)?;
        self.time.inform(whitened.z(), self.view, u);
        Ok(())
    }
}
