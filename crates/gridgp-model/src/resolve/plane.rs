//! A kernel over two axes together: `"lat, lon" = "matern1(lengthscale = l)"`.

use gridgp_grid::{Axis, Dataset, Values};

use super::defaults::Use;
use super::kernels::{MAX_OPERATORS, base};
use super::names::Names;
use crate::PlaneKernel;
use crate::language::{Argument, Call, ExprKind, Fault, parse_within, suggest};
use crate::param::Value;

/// The kernel that `text` means over the axes that `key` names.
///
/// Priors in place get names that begin with that of the field.
pub(super) fn plane(
    key: &str,
    text: &str,
    field: &str,
    data: &Dataset,
    names: &mut Names<'_>,
) -> Result<PlaneKernel, Fault> {
    let whole = |message: String| Fault::new(0..text.len(), message);
    let named: Vec<&str> = key.split(',').map(str::trim).collect();
    let position = |name: &&str| {
        data.grid.position(name).ok_or_else(|| {
            let known = data.grid.axes().iter().map(Axis::name);
            whole(format!("the grid has no axis {name:?}; {}", suggest(name, known)))
        })
    };
    let at = named.iter().map(position).collect::<Result<Vec<usize>, Fault>>()?;
    let [one, other] = at[..] else {
        return Err(whole(format!("a plane has two axes, not {}", named.len())));
    };
    if one == other {
        return Err(whole(format!("a plane has two axes, and {key:?} names one")));
    }
    // The order of the grid.
    let axes = [one.min(other), one.max(other)];
    for a in axes {
        check(&data.grid.axes()[a]).map_err(whole)?;
    }
    let e = parse_within(text, MAX_OPERATORS)?;
    let ExprKind::Call(call) = &e.kind else {
        return Err(Fault::new(e.span.clone(), ONE_KERNEL));
    };
    if call.function != "matern1" {
        return Err(Fault::new(call.function_span.clone(), ONE_KERNEL));
    }
    let written = lengthscale(call)?;
    let sides = axes.map(|a| &data.grid.axes()[a]);
    let is_one = !matches!(written.map(|a| &a.value.kind), Some(ExprKind::List(_)));
    if is_one {
        check_units(sides).map_err(whole)?;
    }
    let lengthscales = match written.map(|a| (a, &a.value.kind)) {
        Some((a, ExprKind::List(items))) => {
            let [first, second] = items.as_slice() else {
                let message = format!(
                    "this list has {} lengthscales for two axes: {}",
                    items.len(),
                    named.join(", ")
                );
                return Err(Fault::new(a.value.span.clone(), message));
            };
            // In the order in which the axes are written.
            let items = if one < other { [first, second] } else { [second, first] };
            let mut made = Vec::new();
            for (item, side) in items.into_iter().zip(&sides) {
                let label = format!("{field}.{}.lengthscale", side.name());
                let usage = Use::PlaneLengthscale { axes: std::slice::from_ref(side) };
                made.push(names.written(item, a.is_prior, &label, usage)?);
            }
            made
        }
        written => {
            let label = format!("{field}.lengthscale");
            let usage = Use::PlaneLengthscale { axes: &sides };
            vec![match written {
                Some((a, _)) => names.written(&a.value, a.is_prior, &label, usage)?,
                None => names.quantity_by_default(&label, usage)?,
            }]
        }
    };
    let lengthscales: [Value; 2] = match lengthscales[..] {
        [both] => [both, both],
        _ => [lengthscales[0], lengthscales[1]],
    };
    Ok(PlaneKernel { axes, lengthscales, text: text.to_owned() })
}

const ONE_KERNEL: &str = "over two axes together there is one kernel, matern1(lengthscale = l), whose \
                          lengthscale may be a list of two";

/// The argument of the kernel, where it has one.
fn lengthscale(call: &Call) -> Result<Option<&Argument>, Fault> {
    for a in &call.arguments {
        if a.name.as_deref().map(base) != Some("lengthscale") {
            let message = format!("{} has one parameter, lengthscale", call.function);
            return Err(Fault::new(a.span.clone(), message));
        }
    }
    match call.arguments.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        [_, again, ..] => Err(Fault::new(again.span.clone(), "the lengthscale is written twice")),
    }
}

/// Whether an axis can be one of a plane's.
fn check(axis: &Axis) -> Result<(), String> {
    let name = axis.name();
    let [coordinate] = axis.coordinates() else {
        return Err(format!(
            "a plane is made of axes with one coordinate each, and {name:?} has {}",
            axis.coordinates().len()
        ));
    };
    if matches!(coordinate.values, Values::Labels(_)) {
        return Err(format!(
            "the axis {name:?} is made of labels, between which there is no distance"
        ));
    }
    if axis.len() < 2 {
        return Err(format!("a plane needs two points along each axis, and {name:?} has one"));
    }
    let mut points: Vec<f64> = axis.points().column(0).collect();
    points.sort_by(f64::total_cmp);
    match points.windows(2).find(|p| p[0] == p[1]) {
        Some(p) => Err(format!("two points of the axis {name:?} lie at {}", p[0])),
        None => Ok(()),
    }
}

/// One lengthscale is one in the units of both axes.
fn check_units(sides: [&Axis; 2]) -> Result<(), String> {
    let unit = |axis: &Axis| axis.coordinates()[0].units.clone();
    let is_degree = |unit: &str| unit.starts_with("degree");
    match sides.map(unit) {
        [Some(a), Some(b)] if a != b && !(is_degree(&a) && is_degree(&b)) => Err(format!(
            "{:?} is in {a}, {:?} in {b}: one lengthscale cannot be both; write a list of two, \
             lengthscale ~ [half_normal(1), half_normal(1)]",
            sides[0].name(),
            sides[1].name()
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use gridgp_dist::Distribution;
    use gridgp_grid::{Axis, Coordinate, Dataset, Grid, Variable};

    use crate::param::Value;
    use crate::spec::{ModelSpec, Source};
    use crate::{Model, describe, describe_covariances};

    fn model(field: &str, unit: &str) -> Result<Model, String> {
        let numbers = |name: &str, x: &[f64], unit: &str| {
            let coordinate = Coordinate::numbers(name, x.to_vec()).with_units(unit);
            Axis::new(name, vec![coordinate]).unwrap()
        };
        let axes = vec![
            numbers("lat", &[10.0, 10.5, 11.5], "degrees_north"),
            Axis::new(
                "run",
                vec![Coordinate::labels("run", ["a", "b"].map(String::from).to_vec())],
            )
            .unwrap(),
            numbers("lon", &[3.0, 2.0], unit),
        ];
        let z = (0..12).map(|c| f64::from(c).sin()).collect();
        let z = Variable::with_nan_as_missing("z", z);
        let data = Dataset::new(Grid::new(axes).unwrap(), z, Vec::new()).unwrap();
        let text = format!(
            "[data]\nresponse = 'z'\naxes = ['lat', 'run', 'lon']\n[fields.f]\n{field}\n[likelihood]\nfamily \
             = 'gaussian'\nlocation = 'f'\n"
        );
        let source = Source::new("m.toml", &text);
        let spec = ModelSpec::from_toml(&source).map_err(|e| e.to_string())?;
        Model::new(spec, &source, data).map_err(|e| e.to_string())
    }

    #[test]
    fn one_lengthscale_is_for_both_axes() {
        let m = model("'lon, lat' = 'matern1()'\nrun = 'white()'", "degrees_east").unwrap();
        let plane = m.fields[0].plane.as_ref().unwrap();
        assert_eq!(plane.axes, [0, 2]);
        let j = m.position("f.lengthscale").unwrap();
        assert!(plane.lengthscales.iter().all(|l| *l == Value::Free(j)));
        // Halfway between the least distance and the diagonal.
        let halfway = (0.5 * 1.5_f64.hypot(1.0)).sqrt();
        assert!((m.parameters[j].prior.median() / halfway - 1.0).abs() < 0.01);
        assert!(m.fields[0].varies_along(2) && m.fields[0].axes[2].is_none());
        let text = describe(&m);
        assert!(
            text.contains("f(lat, run, lon) ~ GP(0, f.amplitude^2 * [lat, lon: matern1()] * [run"),
            "{text}"
        );
        let text = describe_covariances(&m);
        assert!(text.contains("[6 x 6, by its sparse inverse] x [2 x 2, rank 2]"), "{text}");
    }

    #[test]
    fn a_list_is_in_the_order_of_the_axes_as_written() {
        let m =
            model("'lon, lat' = 'matern1(lengthscale ~ [half_normal(1), half_normal(2)])'", "m");
        let m = m.unwrap();
        let prior = |name: &str| m.parameters[m.position(name).unwrap()].prior_text();
        assert_eq!(prior("f.lon.lengthscale"), "half_normal(1)");
        assert_eq!(prior("f.lat.lengthscale"), "half_normal(2)");
    }

    #[test]
    fn what_is_no_plane_is_refused_with_its_place() {
        let cases = [
            ("'lat, lom' = 'matern1()'", "m", "did you mean \"lon\""),
            ("'lat, lon' = 'matern1()'", "m", "one lengthscale cannot be both"),
            ("'lat, run' = 'matern1()'", "m", "made of labels"),
            ("'lat, lat' = 'matern1()'", "m", "names one"),
            ("'lat, lon, run' = 'matern1()'", "m", "a plane has two axes, not 3"),
            ("lat = 'matern1()'", "m", "over two axes together, \"lat, …\""),
            ("'lat, lon' = 'matern32()'", "m", "there is one kernel, matern1"),
            ("'lat, lon' = 'matern1(degree = 2)'", "m", "one parameter, lengthscale"),
            ("'lat, lon' = 'matern1(lengthscale = -1)'", "degrees", "-1"),
            ("'lat, lon' = 'matern1(lengthscale = [1, 2, 3])'", "m", "3 lengthscales for two axes"),
            ("'lat, lon' = 'matern1()'\nlat = 'matern12()'", "degrees", "over two axes together"),
            ("'lat, lon' = 'matern1()'\ncenter = ['lat, lon']", "degrees", "no kernel along"),
        ];
        for (field, unit, want) in cases {
            let e = model(field, unit).unwrap_err();
            assert!(e.contains(want) && e.contains("fields.f"), "{field}: {e}");
        }
    }
}
