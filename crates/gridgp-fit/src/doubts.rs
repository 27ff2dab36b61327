//! What a person would ask about data before fitting them.

use std::collections::HashMap;

use gridgp_grid::doubts::{dates_as_numbers, far_value, written};
use gridgp_grid::{Coordinate, Dataset, Known, Values};

use crate::Scaling;

/// Questions about data that can be fitted: a value that may stand for a missing one, also among
/// coordinates; two points of an axis that may be one; a coordinate of whole numbers that may be dates. `scalings` are those of the covariates, in their order.
#[must_use]
pub fn doubts(data: &Dataset, scalings: &[Scaling]) -> Vec<String> {
    let mut doubts = vec![];
    doubts.extend(code(&data.response.name, data.observed()));
    for (covariate, scaling) in data.covariates.iter().zip(scalings) {
        let values = covariate.known().map(|v| v * scaling.scale + scaling.center);
        doubts.extend(code(&covariate.name, values));
    }
    for axis in data.grid.axes() {
        let coordinates = axis.coordinates().iter();
        doubts.extend(coordinates.clone().filter_map(|c| dates(axis.name(), c)));
        doubts.extend(coordinates.clone().filter_map(code_of_place));
        if let [only] = axis.coordinates() {
            doubts.extend(one_place(only));
        }
    }
    doubts
}

fn code(name: &str, values: impl Iterator<Item = f64> + Clone) -> Option<String> {
    let far = far_value(values)?;
    let (value, (low, high)) = (written(far.value), far.others);
    Some(format!(
        "{name:?} is {value} in {}, far from all other values, which {}; if it stands for a missing \
         value, add missing = [{value}] to [data]",
        if far.count == 1 { "one place".into() } else { format!("{} places", far.count) },
        if low == high {
            format!("are {}", written(low))
        } else {
            format!("lie between {} and {}", written(low), written(high))
        }
    ))
}

/// A coordinate that may stand for a missing one.
fn code_of_place(c: &Coordinate) -> Option<String> {
    let Values::Numbers(v) = &c.values else { return None };
    // Of two points nobody can say which is far from the others.
    let far = far_value(v.iter().copied()).filter(|_| v.len() > 2 && c.calendar.is_none())?;
    let (low, high) = far.others;
    Some(format!(
        "the coordinate {:?} is {} at one of its points, far from the others, from {} to {}; if it \
         stands for a missing one, correct the rows that have it, or leave them out",
        c.name,
        written(far.value),
        written(low),
        written(high)
    ))
}

/// Two points of an axis of arrays that differ by rounding only: those of a table are one already.
fn one_place(c: &Coordinate) -> Option<String> {
    let Values::Numbers(v) = &c.values else { return None };
    let places = Known::places(c);
    let apart = (0..v.len()).find(|&i| places[i] != i).map(|i| (i, places[i]));
    let (i, j) = apart.or_else(|| {
        let at: HashMap<u64, usize> = v.iter().enumerate().map(|(i, x)| (x.to_bits(), i)).collect();
        let single = |&i: &usize| f64::from(v[i] as f32).to_bits();
        let rounded = (0..v.len()).find(|i| at.get(&single(i)).is_some_and(|j| j != i));
        rounded.map(|i| (i, at[&single(&i)]))
    })?;
    Some(format!(
        "{:?} has the points {} and {}, which differ by rounding only and are two places to the \
         model; if they are one, round the coordinates",
        c.name, v[i], v[j]
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

#[cfg(test)]
mod tests {
    use super::*;
    use gridgp_grid::{Axis, Covariate, Grid, Variable};
    use gridgp_model::spec::{ModelSpec, SelValue, Source};

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

    fn about(x: Coordinate, y: Vec<f64>) -> Vec<String> {
        let grid = Grid::new(vec![Axis::new("x", vec![x]).unwrap()]).unwrap();
        doubts(&Dataset::new(grid, Variable::new("y", y), vec![]).unwrap(), &[])
    }

    #[test]
    fn coordinates_are_asked_about() {
        let x = |v: &[f64]| Coordinate::numbers("x", v.to_vec());
        let y = vec![1.0, 2.0, 4.0, 8.0];
        let found = about(x(&[0.0, 1.0, -999.0, 2.0]), y.clone());
        assert!(found.len() == 1 && found[0].contains("\"x\" is -999 at one"), "{found:?}");
        for near in [[0.0, 0.3, 0.1 + 0.2, 1.0], [0.0, 0.3, f64::from(0.3_f32), 1.0]] {
            let found = about(x(&near), y.clone());
            assert!(found.len() == 1 && found[0].contains("by rounding only"), "{found:?}");
        }
        for quiet in [[0.0, 0.1, 0.2, 0.3], [1e-3, 1.0, 1e3, 1e6], [2000.0, 2001.0, 2002.0, 9.0]] {
            assert_eq!(about(x(&quiet), y.clone()), [""; 0], "{quiet:?}");
        }
        let mut single = x(&[0.0, 0.1_f32.into(), 0.2_f32.into(), 0.3_f32.into()]);
        single.stored.dtype = Some("float32".into());
        assert_eq!(about(single, y), [""; 0]);
    }

    /// What is advised can be written into a model file, and takes the value out.
    #[test]
    fn what_is_advised_is_toml_and_is_that_value() {
        for code in [-999.0, -99.9, 1e20, 9.96921e36, -1e34, 9.969_209_968_386_869e36, -32768.0] {
            for code in [code, f64::from(code as f32)] {
                let x = Coordinate::numbers("x", vec![0.0, 1.0, 2.0, 3.0]);
                let found = about(x, vec![1.0, code, 1.5, code]);
                let (_, advice) = found[0].split_once("add ").unwrap();
                let line = advice.split_once(" to ").unwrap().0;
                let text = format!(
                    "[data]\nresponse = 'y'\naxes = ['x']\n{line}\n[likelihood]\nfamily = 'gaussian'\n"
                );
                let spec = ModelSpec::from_toml(&Source::new("m.toml", text));
                let [SelValue::Number(read)] = spec.unwrap().data.missing[..] else {
                    panic!("{line}");
                };
                assert!(read == code || f64::from(read as f32) == code, "{line}");
            }
        }
    }
}
