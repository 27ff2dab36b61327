//! Results on a grid or at points, as variables.
//!
//! One rule keeps names apart ([`output_name`]): a variable or a dimension of a result that would
//! have the name of an axis or a coordinate of the data has `output_` in front of it. With an axis
//! called `mean` there is `output_mean`, with one called `quantile` the dimension `output_quantile`.

use gridgp_grid::{Axis, Coordinate, Grid};
use gridgp_model::OUTPUT;

/// A variable to write.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputVariable {
    /// Its name.
    pub name: String,
    /// Names of its dimensions, slowest first: axes of the grid and extra axes, in any order.
    pub dims: Vec<String>,
    /// Row-major, the last dimension fastest; NaN is missing.
    pub values: Vec<f64>,
    /// `units`, `long_name`, `description` …
    pub attributes: Vec<(String, String)>,
}

impl OutputVariable {
    /// A variable without attributes.
    pub fn new(name: impl Into<String>, dims: &[&str], values: Vec<f64>) -> Self {
        let dims = dims.iter().map(|&d| d.to_owned()).collect();
        Self { name: name.into(), dims, values, attributes: vec![] }
    }

    /// The same variable with one more attribute.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.push((name.into(), value.into()));
        self
    }
}

/// Variables on the axes of a grid.
#[derive(Debug, Clone, PartialEq)]
pub struct GridOutput {
    /// Where they lie. Each axis becomes a dimension with its coordinates.
    pub grid: Grid,
    /// Dimensions besides those of the grid, such as `quantile` or `draw`.
    pub extra: Vec<Axis>,
    /// The variables.
    pub variables: Vec<OutputVariable>,
    /// Attributes of the file: `title`, `source`, `history` …; `Conventions` is added.
    pub attributes: Vec<(String, String)>,
}

/// Variables at scattered points.
#[derive(Debug, Clone, PartialEq)]
pub struct PointsOutput {
    /// Name of the dimension that numbers the points, `"point"`.
    pub dim: String,
    /// Coordinates of the points. Points may occur twice.
    pub coordinates: Vec<Coordinate>,
    /// Dimensions besides that of the points, such as `quantile` or `draw`.
    pub extra: Vec<Axis>,
    /// The variables.
    pub variables: Vec<OutputVariable>,
    /// Attributes of the file, as in [`GridOutput`].
    pub attributes: Vec<(String, String)>,
}

/// `name`, or `output_` and `name` where an axis or a coordinate of the data has it; `output_` again
/// where that is a name of theirs, too.
///
/// ```
/// use gridgp_fit::output_name;
/// use gridgp_grid::{Axis, Grid};
///
/// let data = Grid::new(vec![Axis::numbers("mean", vec![0.5])?])?;
/// assert_eq!(output_name(&data, "mean"), "output_mean");
/// assert_eq!(output_name(&data, "sd"), "sd");
/// # Ok::<(), gridgp_grid::Error>(())
/// ```
pub fn output_name(data: &Grid, name: &str) -> String {
    let has = |axis: &Axis, name: &str| {
        axis.name() == name || axis.coordinates().iter().any(|c| c.name == name)
    };
    let mut name = name.to_owned();
    while data.axes().iter().any(|axis| has(axis, &name)) {
        name.insert_str(0, OUTPUT);
    }
    name
}
