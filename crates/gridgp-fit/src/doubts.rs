//! What a person would ask about data before fitting them.

use gridgp_grid::doubts::{dates_as_numbers, far_value};
use gridgp_grid::{Coordinate, Dataset, Values};

use crate::Scaling;

/// Questions about data that can be fitted: a value that may stand for a missing one, a coordinate
/// of whole numbers that may be dates. `scalings` are those of the covariates, in their order.
#[must_use]
pub fn doubts(data: &Dataset, scalings: &[Scaling]) -> Vec<String> {
    let mut doubts = vec![];
    doubts.extend(code(&data.response.name, data.observed()));
    for (covariate, scaling) in data.covariates.iter().zip(scalings) {
        let values = covariate.known().map(|v| v * scaling.scale + scaling.center);
        doubts.extend(code(&covariate.name, values));
    }
    for axis in data.grid.axes() {
        doubts.extend(axis.coordinates().iter().filter_map(|c| dates(axis.name(), c)));
    }
    doubts
}

fn code(name: &str, values: impl Iterator<Item = f64> + Clone) -> Option<String> {
    let far = far_value(values)?;
    let (value, (low, high)) = (show(far.value), far.others);
    Some(format!(
        "{name:?} is {value} in {} places, far from all other values, which lie between {} and \
         {}; if it stands for a missing value, add missing = [{value}] to [data]",
        far.count,
        show(low),
        show(high)
    ))
}

fn dates(axis: &str, c: &Coordinate) -> Option<String> {
    let Values::Numbers(v) = &c.values else { return None };
    let format = dates_as_numbers(v).filter(|_| c.calendar.is_none())?;
    let mut sorted = v.clone();
    sorted.sort_by(f64::total_cmp);
    let year_or_month = |x: f64| (x / 100.0).floor();
    let pair = sorted.windows(2).find(|p| year_or_month(p[0]) != year_or_month(p[1]))?;
    Some(format!(
        "{:?} looks like dates written as numbers, which are not evenly spaced: from {} to {} it \
         is {}; say so in the model, axes.{axis} = {{ coordinates = {:?}, format = {format:?} }}",
        c.name,
        pair[0],
        pair[1],
        pair[1] - pair[0],
        c.name
    ))
}

/// The shortest text, also of what was in single precision.
fn show(x: f64) -> String {
    match x as f32 {
        single if f64::from(single) == x && !(1e-5..1e15).contains(&x.abs()) && x != 0.0 => {
            format!("{single:e}")
        }
        single if f64::from(single) == x => format!("{single}"),
        _ => format!("{x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridgp_grid::{Axis, Covariate, Grid, Variable};

    #[test]
    fn codes_and_dates_are_asked_about() {
        let date = Axis::numbers("day", vec![20190130.0, 20190131.0, 20190201.0, 20190202.0]);
        let grid = Grid::new(vec![date.unwrap()]).unwrap();
        let code = f64::from(-99.9f32);
        let y = Variable::with_nan_as_missing("y", vec![10.0, code, 12.5, code]);
        let g = Covariate {
            name: "g".into(),
            axes: vec![0],
            values: vec![0.0, 1.0, -500.0, -500.0],
            units: None,
            missing: None,
        };
        let data = Dataset::new(grid, y, vec![g]).unwrap();
        let found = doubts(&data, &[Scaling { center: 1.0, scale: 2.0 }]);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].contains("\"y\" is -99.9 in 2 places"), "{}", found[0]);
        assert!(found[0].contains("between 10 and 12.5"), "{}", found[0]);
        assert!(found[0].contains("missing = [-99.9]"), "{}", found[0]);
        assert!(found[1].contains("\"g\" is -999 in 2 places"), "{}", found[1]);
        assert!(found[2].contains("from 20190131 to 20190201 it is 70"), "{}", found[2]);
        assert!(found[2].contains("axes.day = {"), "{}", found[2]);
    }
}
