//! Heat maps, maps and series of variables on axes.

use anyhow::bail;
use gridgp_grid::{Axis, Values};
use gridgp_plot::{
    Dimension, Figure, HeatMap, Map, Panel, Part, Places, Projection, Quantity, Range, Series,
    Style, is_latitude, is_longitude,
};

use super::cube::{Cube, shown};
use super::source::Opened;
use crate::args::{Plot, PlotKind};

/// Draws the variables that were asked for, in the kind that was, or in what suits their axes.
pub fn draw(args: &Plot, opened: &Opened, style: &Style) -> anyhow::Result<Figure> {
    let names = match args.variable.as_slice() {
        [] => vec![opened.default_variable()?],
        names => names.to_vec(),
    };
    let mut cubes = Vec::new();
    for name in &names {
        let mut cube = opened.cube(name)?;
        if let Some(other) = &args.minus {
            let other = Opened::read(other, None, args.no_verify)?.cube(name)?;
            subtract(&mut cube, &other, args)?;
        }
        cube.select(&args.sel, &args.isel)?;
        cubes.push(cube);
    }
    if let Some(odd) = cubes.iter().find(|c| c.axes != cubes[0].axes) {
        bail!(
            "{:?} and {:?} do not lie on the same axes; draw them one by one",
            cubes[0].quantity.name,
            odd.quantity.name
        );
    }
    let kind = args.kind.unwrap_or_else(|| suits(&cubes));
    let around_zero = args.minus.is_some() || names.iter().all(|n| n == "residual");
    let range = if around_zero { Range::AroundZero } else { Range::Values };
    match kind {
        PlotKind::Map => map(args, cubes, range, style),
        PlotKind::Series => series(args, opened, &names, cubes, style),
        _ => heat(args, &names, cubes, range, style),
    }
}

/// The kind that suits the axes that have more than one point. A map has no panels.
fn suits(cubes: &[Cube]) -> PlotKind {
    let cube = &cubes[0];
    let long: Vec<&Axis> = cube.axes.iter().filter(|a| a.len() > 1).collect();
    let stations = cube.axes.iter().any(|a| lon_lat(a).is_some());
    let both = longitude(&cube.axes).is_some() && latitude(&cube.axes).is_some();
    match long.len() {
        _ if both && cubes.len() == 1 => PlotKind::Map,
        0 | 1 if stations => PlotKind::Map,
        0 | 1 => PlotKind::Series,
        _ => PlotKind::Heat,
    }
}

pub fn longitude(axes: &[Axis]) -> Option<usize> {
    axes.iter().position(|a| matches!(a.coordinates(), [c] if is_longitude(c)))
}

pub fn latitude(axes: &[Axis]) -> Option<usize> {
    axes.iter().position(|a| matches!(a.coordinates(), [c] if is_latitude(c)))
}

/// Longitudes and latitudes of an axis of points.
pub fn lon_lat(axis: &Axis) -> Option<(Vec<f64>, Vec<f64>)> {
    let numbers = |is: fn(&gridgp_grid::Coordinate) -> bool| {
        axis.coordinates().iter().find(|c| is(c)).and_then(|c| match &c.values {
            Values::Numbers(v) => Some(v.clone()),
            Values::Labels(_) => None,
        })
    };
    Some((numbers(is_longitude)?, numbers(is_latitude)?))
}

fn subtract(cube: &mut Cube, other: &Cube, args: &Plot) -> anyhow::Result<()> {
    if cube.axes != other.axes {
        bail!(
            "--minus: {} does not lie on the axes of {}; predict both with the same --at",
            args.minus.as_deref().unwrap_or(&args.file).display(),
            args.file.display()
        );
    }
    cube.values.iter_mut().zip(&other.values).for_each(|(a, b)| *a -= b);
    cube.quantity.name = format!("difference of {}", cube.quantity.name);
    Ok(())
}

/// Keeps the first point of every axis but some, and says so.
pub(super) fn reduce(cube: &mut Cube, keep: &[String], quiet: bool) {
    while let Some(axis) = cube.axes.iter().position(|a| !keep.iter().any(|k| k == a.name())) {
        let n = cube.axes[axis].len();
        if n > 1 && !quiet {
            eprintln!(
                "only {} of {n} is drawn; --sel or --isel takes another one",
                shown(&cube.axes[axis], 0)
            );
        }
        cube.take(axis, 0);
    }
}

fn name(axis: &Axis) -> String {
    axis.name().to_owned()
}

/// A title says what was kept of the axes that are gone.
fn with_title(style: &Style, cube: &Cube) -> Style {
    let title =
        style.title.clone().or_else(|| (!cube.kept.is_empty()).then(|| cube.kept.join(", ")));
    Style { title, ..style.clone() }
}

fn heat(
    args: &Plot,
    names: &[String],
    mut cubes: Vec<Cube>,
    range: Range,
    style: &Style,
) -> anyhow::Result<Figure> {
    // The two axes that say most: those with more than one point, the last ones if there are more.
    let axes = &cubes[0].axes;
    let mut keep: Vec<String> = axes.iter().filter(|a| a.len() > 1).map(name).collect();
    let mut short: Vec<String> = axes.iter().filter(|a| a.len() == 1).map(name).collect();
    while keep.len() < 2 && !short.is_empty() {
        keep.push(short.remove(0));
    }
    if keep.len() < 2 {
        bail!(
            "a heat map needs two axes, and {:?} has {}; use --kind series",
            cubes[0].quantity.name,
            axes.len()
        );
    }
    let keep = keep.split_off(keep.len() - 2);
    cubes.iter_mut().for_each(|c| reduce(c, &keep, args.quiet));
    let first = &cubes[0];
    let (mut y, mut x) = (Dimension::of_axis(&first.axes[0]), Dimension::of_axis(&first.axes[1]));
    let (rows, columns) = (y.values.len(), x.values.len());
    // Time goes to the right, north goes up.
    let is_time = |d: &Dimension| matches!(d.kind, gridgp_plot::Kind::Date(_));
    let turned = (is_time(&y) && !is_time(&x)) || matches!(y.kind, gridgp_plot::Kind::Longitude);
    if turned {
        std::mem::swap(&mut x, &mut y);
    }
    let several = cubes.len() > 1;
    let panels = cubes
        .iter()
        .zip(names)
        .map(|(cube, title)| Panel {
            title: if several { title.clone() } else { String::new() },
            values: if turned {
                transposed(&cube.values, rows, columns)
            } else {
                cube.values.clone()
            },
        })
        .collect();
    let quantity = shared(&cubes);
    let style = with_title(style, first);
    Ok(HeatMap { x, y, quantity, range, panels, notes: vec![] }.draw(&style)?)
}

/// What several panels show together.
fn shared(cubes: &[Cube]) -> Quantity {
    let first = &cubes[0].quantity;
    // "sst" and "mean of sst" are both sst.
    let names = cubes.iter().map(|c| c.quantity.name.as_str());
    let shortest = names.clone().min_by_key(|n| n.len()).unwrap_or_default();
    let same = names.clone().all(|n| n.contains(shortest));
    Quantity::new(if same { shortest } else { "" }, first.units.as_deref())
}

fn transposed(values: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    (0..columns).flat_map(|c| (0..rows).map(move |r| values[r * columns + c])).collect()
}

fn map(args: &Plot, cubes: Vec<Cube>, range: Range, style: &Style) -> anyhow::Result<Figure> {
    let projection = Projection::from_name(&args.projection)?;
    let Ok([mut cube]) = <[Cube; 1]>::try_from(cubes) else {
        bail!(
            "a map shows one variable: name one with --variable; on longitudes x latitudes --kind heat \
             draws panels"
        );
    };
    let stations = cube.axes.iter().position(|a| lon_lat(a).is_some());
    if let Some(axis) = stations {
        let keep = [name(&cube.axes[axis])];
        reduce(&mut cube, &keep, args.quiet);
        let Some((lon, lat)) = lon_lat(&cube.axes[0]) else { unreachable!("it was found") };
        let style = with_title(style, &cube);
        let places = Places::Points { lon, lat };
        let Cube { values, quantity, .. } = cube;
        return Ok(Map { places, values, quantity, range, projection, notes: vec![] }.draw(&style)?);
    }
    let (Some(x), Some(y)) = (longitude(&cube.axes), latitude(&cube.axes)) else {
        let known: Vec<&str> = cube.axes.iter().map(Axis::name).collect();
        bail!(
            "a map needs longitudes and latitudes; among the axes {} there are none (units \
             degrees_east and degrees_north, or the names lon and lat)",
            known.join(", ")
        );
    };
    let keep = [name(&cube.axes[x]), name(&cube.axes[y])];
    reduce(&mut cube, &keep, args.quiet);
    let numbers = |axis: &Axis| match &axis.coordinates()[0].values {
        Values::Numbers(v) => v.clone(),
        Values::Labels(_) => vec![],
    };
    let (first, second) = (numbers(&cube.axes[0]), numbers(&cube.axes[1]));
    let (lon, lat, values) = if y < x {
        (second, first, cube.values.clone())
    } else {
        let values = transposed(&cube.values, first.len(), second.len());
        (first, second, values)
    };
    let style = with_title(style, &cube);
    let (places, quantity) = (Places::Cells { lon, lat }, cube.quantity);
    Ok(Map { places, values, quantity, range, projection, notes: vec![] }.draw(&style)?)
}

fn series(
    args: &Plot,
    opened: &Opened,
    names: &[String],
    mut cubes: Vec<Cube>,
    style: &Style,
) -> anyhow::Result<Figure> {
    let axes = &cubes[0].axes;
    let is_time = |a: &Axis| matches!(Dimension::of_axis(a).kind, gridgp_plot::Kind::Date(_));
    let Some(along) = axes
        .iter()
        .find(|a| a.len() > 1 && is_time(a))
        .or_else(|| axes.iter().rev().find(|a| a.len() > 1))
        .or(axes.last())
    else {
        bail!("a series needs an axis, and none is left after --sel and --isel");
    };
    let keep = [name(along)];
    cubes.iter_mut().for_each(|c| reduce(c, &keep, args.quiet));
    let mut parts = Vec::new();
    // The mean of a prediction or of a fit comes with its band, and so does a field.
    let is_mean = args.minus.is_none() && names == opened.result("mean").as_slice();
    if is_mean {
        let all = ["sd_observation", "sd"].map(|name| opened.result(name));
        if let [Some(observation), Some(sd)] = all {
            let observations = (observation, "mean|90 % of observations".to_owned());
            let bands = [observations, (sd, "mean|90 % of the location".into())];
            parts.extend(around(args, opened, &keep, &names[0], &bands)?);
        }
    } else if let ([one], true) = (names, args.minus.is_none())
        && let Some(sd) = opened.result(&format!("{one}_sd"))
    {
        let bands = [(sd, format!("{one}|90 %"))];
        parts.extend(around(args, opened, &keep, one, &bands)?);
    }
    for (cube, name) in cubes.iter().zip(names) {
        let part = if name == "data"
            || matches!(opened, Opened::Data(_)) && names.len() > 1 && name == "observed"
        {
            Part::Points(cube.values.clone())
        } else {
            Part::Line(cube.values.clone())
        };
        parts.push((name.clone(), part));
    }
    if is_mean && matches!(opened, Opened::Fit(_)) {
        let mut data = opened.cube("data")?;
        data.select(&args.sel, &args.isel)?;
        reduce(&mut data, &keep, true);
        parts.push(("data".into(), Part::Points(data.values)));
    }
    let style = with_title(style, &cubes[0]);
    let x = Dimension::of_axis(&cubes[0].axes[0]);
    Ok(Series { x, y: shared(&cubes), parts, notes: vec![] }.draw(&style)?)
}

/// 90 % bands around a mean, from standard deviations with what each is called.
fn around(
    args: &Plot,
    opened: &Opened,
    keep: &[String],
    mean: &str,
    bands: &[(String, String)],
) -> anyhow::Result<Vec<(String, Part)>> {
    let column = |variable: &str| -> anyhow::Result<Vec<f64>> {
        let mut cube = opened.cube(variable)?;
        cube.select(&args.sel, &args.isel)?;
        reduce(&mut cube, keep, true);
        Ok(cube.values)
    };
    let mean = column(mean)?;
    // The normal quantile at 0.95.
    let z = 1.644_853_626_951_472_7;
    let edge = |sd: &[f64], sign: f64| -> Vec<f64> {
        mean.iter().zip(sd).map(|(m, s)| m + sign * z * s).collect()
    };
    let mut parts = Vec::new();
    for (variable, name) in bands {
        let sd = column(variable)?;
        let band = Part::Band { lower: edge(&sd, -1.0), upper: edge(&sd, 1.0) };
        parts.push((name.clone(), band));
    }
    Ok(parts)
}
