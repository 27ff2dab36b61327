//! What a kernel that is built by name is told.

use gridgp_grid::{Angle, Axis, Coordinate, Values};

use super::Inputs;

/// The structure of a kernel that is built by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KernelOptions {
    /// Positions of the coordinates that it sees; all if `None`.
    pub columns: Option<Vec<usize>>,
    /// The names of all coordinates of the points.
    pub coordinate_names: Vec<String>,
    /// For each coordinate the labels of the axis' points, in their order; empty for one made of
    /// numbers, and no lists at all if none has labels.
    pub labels: Vec<Vec<String>>,
    /// One lengthscale for each coordinate.
    pub per_coordinate: bool,
    /// Distance on the sphere, from longitude and latitude in degrees.
    pub great_circle: bool,
    /// The circumference of a circle that the one coordinate goes around, in its unit.
    pub circle: Option<f64>,
    /// The degree of a polynomial.
    pub degree: Option<usize>,
    /// The rank of a coregionalization.
    pub rank: Option<usize>,
    /// The number of functions for each coordinate, for a [`Hilbert`](super::Hilbert) kernel.
    pub basis: Option<usize>,
    /// The width of their box, over that of `ranges`.
    pub boundary: Option<f64>,
    /// The smallest and the largest value of each coordinate, which a basis needs.
    pub ranges: Vec<(f64, f64)>,
    /// Which angle on the Earth each coordinate is; by their names if empty.
    pub angles: Vec<Option<Angle>>,
}

impl KernelOptions {
    /// No options, for points with these coordinates.
    pub fn of<S: Into<String>>(coordinate_names: impl IntoIterator<Item = S>) -> Self {
        let coordinate_names = coordinate_names.into_iter().map(Into::into).collect();
        Self { coordinate_names, ..Self::default() }
    }

    /// No options, for the points of an axis.
    pub fn on(axis: &Axis) -> Self {
        let labels = |c: &Coordinate| match &c.values {
            Values::Labels(labels) => labels.clone(),
            Values::Numbers(_) => vec![],
        };
        let labels = axis.coordinates().iter().map(labels).collect();
        let points = axis.points();
        let range = |c: usize| {
            let bounds = (f64::INFINITY, f64::NEG_INFINITY);
            points.column(c).fold(bounds, |(low, high), v| (v.min(low), v.max(high)))
        };
        let ranges = (0..points.dims()).map(range).collect();
        let angles = axis.coordinates().iter().map(Coordinate::angle).collect();
        Self {
            labels,
            ranges,
            angles,
            ..Self::of(axis.coordinates().iter().map(|c| c.name.clone()))
        }
    }

    /// The coordinates and the metric that they describe.
    pub(super) fn inputs(&self) -> Result<Inputs, String> {
        let inputs = Inputs::new(self.columns.as_deref(), &self.coordinate_names)?;
        match (self.circle, self.great_circle) {
            (None, false) => return Ok(inputs),
            (Some(circumference), false) => return inputs.around(circumference),
            (Some(_), true) => {
                return Err("`great_circle` measures on the sphere, which has no seam; leave out \
                            `circle`"
                    .into());
            }
            (None, true) => {}
        }
        let by_name = || self.coordinate_names.iter().map(|name| Angle::of_name(name)).collect();
        let angles: Vec<_> = if self.angles.is_empty() { by_name() } else { self.angles.clone() };
        let inputs = inputs.on_sphere(&angles)?;
        if let (Some(&(low, high)), [_, name]) =
            (self.ranges.get(inputs.columns()[1]), inputs.names())
            && low.abs().max(high.abs()) > 90.0 + 1e-6
        {
            return Err(format!(
                "{name:?} goes from {low} to {high}, which no latitude does; the great circle takes \
                 longitude, then latitude, in degrees, unless their units (degrees_east, \
                 degrees_north) say which is which"
            ));
        }
        Ok(inputs)
    }

    /// The names of the options that are set.
    pub(super) fn set(&self) -> impl Iterator<Item = &'static str> {
        let Self { columns, per_coordinate, great_circle, circle, .. } = self;
        let Self { degree, rank, basis, boundary, .. } = self;
        [
            (columns.is_some(), "columns"),
            (*per_coordinate, "per_coordinate"),
            (*great_circle, "great_circle"),
            (circle.is_some(), "circle"),
            (degree.is_some(), "degree"),
            (rank.is_some(), "rank"),
            (basis.is_some(), "basis"),
            (boundary.is_some(), "boundary"),
        ]
        .into_iter()
        .filter_map(|(set, name)| set.then_some(name))
    }
}
