//! Circles of longitudes that a kernel sees as a line.

use gridgp_dist::Distribution;
use gridgp_grid::Axis;

use crate::{AxisKernel, Model};

/// Warnings for fields that are cut open: the longitudes of an axis go around the Earth, and the
/// kernel sees its first and last points as far apart, at the medians of the priors.
#[must_use]
pub fn seams(model: &Model) -> Vec<String> {
    let theta: Vec<f64> = model.parameters.iter().map(|p| p.prior.median()).collect();
    let axes = model.data.grid.axes();
    let fields = model.fields.iter().flat_map(|f| f.axes.iter().zip(axes).map(move |k| (f, k)));
    let kernels = fields.filter_map(|(f, (k, axis))| Some((f, k.as_ref()?, axis)));
    kernels.filter_map(|(f, k, axis)| seam(&f.name, k, axis, &theta)).collect()
}

fn seam(field: &str, k: &AxisKernel, axis: &Axis, theta: &[f64]) -> Option<String> {
    let j = axis.coordinates().iter().position(|c| c.longitudes().is_some())?;
    let mut sorted: Vec<f64> = k.points.column(j).collect();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    let (low, high) = (*sorted.first()?, *sorted.last()?);
    let gap = low + 360.0 - high;
    let widest = sorted.windows(2).map(|w| w[1] - w[0]).fold(0.0, f64::max);
    if sorted.len() < 3 || gap > 1.5 * widest {
        return None;
    }
    let numbers = k.numbers(theta);
    let at = |x: f64| {
        let mut point = k.points.row(0).to_vec();
        point[j] = x;
        point
    };
    let correlation = |x: f64, y: f64| k.kernel.correlation(&at(x), &at(y), &numbers);
    let (ends, near) = (correlation(low, high), correlation(low, low + gap));
    (near > 0.1 && ends < 0.5 * near).then(|| {
        let name = &axis.coordinates()[j].name;
        let instead = if axis.coordinates().len() == 1 {
            "give the kernel circle = 360".to_owned()
        } else {
            format!(
                "measure distance on the sphere, with longitude and latitude in one axis and \
                 distance = great_circle, or make {name} a factor of its own, such as \
                 matern32({name}, circle = 360)"
            )
        };
        format!(
            "the field {field:?} is cut open at {name} = {low}: {low} and {high} are {gap} degrees \
             apart on the Earth, and their correlation by {} is {ends:.2}, where that of points so \
             near is {near:.2}; {instead}",
            k.text
        )
    })
}
