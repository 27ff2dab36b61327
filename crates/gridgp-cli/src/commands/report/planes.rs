//! From values on axes to something to look at.

use gridgp_grid::{Axis, Values};
use gridgp_plot::report::{Block, Explorer, Layer, Role, Surface, Table};
use gridgp_plot::{Dimension, Kind, Part, Quantity, Range, Series, Style};

use super::super::plot::cube::{Cube, shown};
use super::super::plot::planes::{latitude, lon_lat, longitude};
use super::numbers;

/// One quantity, and how it is to be shown.
pub struct View {
    pub title: String,
    pub cube: Cube,
    pub range: Range,
    /// Views with the same number share their colors.
    pub scale: usize,
    pub role: Role,
}

/// Maps, heat maps, a series or a table, as the axes want. All views lie on the same axes.
pub fn block(name: &str, mut views: Vec<View>) -> anyhow::Result<Block> {
    // An axis of one point is no direction; it is said once.
    let mut fixed = Vec::new();
    while let Some(a) = views[0].cube.axes.iter().position(|axis| axis.len() == 1) {
        fixed.push(shown(&views[0].cube.axes[a], 0));
        views.iter_mut().for_each(|v| v.cube.take(a, 0));
    }
    let notes = if fixed.is_empty() { vec![] } else { vec![fixed.join(", ")] };
    let axes = views[0].cube.axes.clone();
    let Some((surface, plane)) = surface(&axes) else {
        return match axes.as_slice() {
            [] => Ok(Block::Table(table(&views, &notes))),
            _ => series(&axes[0], &views, notes),
        };
    };
    let others: Vec<usize> = (0..axes.len()).filter(|a| !plane.contains(a)).collect();
    let order: Vec<usize> = others.iter().chain(&plane).copied().collect();
    let steps = others.iter().map(|&a| Dimension::of_axis(&axes[a])).collect();
    let layers = views
        .into_iter()
        .map(|v| Layer {
            title: v.title,
            quantity: v.cube.quantity.clone(),
            range: v.range,
            scale: v.scale,
            role: v.role,
            values: permuted(&v.cube, &order),
        })
        .collect();
    let name = name.into();
    Ok(Block::Explorer(Box::new(Explorer { name, surface, steps, layers, notes })))
}

/// What is looked at from above, and the axes of it in the order of the values: y, then x.
fn surface(axes: &[Axis]) -> Option<(Surface, Vec<usize>)> {
    if let Some(a) = axes.iter().position(|axis| lon_lat(axis).is_some()) {
        let (lon, lat) = lon_lat(&axes[a])?;
        let labels = axes[a].coordinates().iter().find_map(|c| match &c.values {
            Values::Labels(names) => Some(names.clone()),
            Values::Numbers(_) => None,
        });
        let number = |i: usize| format!("{} {}", axes[a].name(), i + 1);
        let names = labels.unwrap_or_else(|| (0..axes[a].len()).map(number).collect());
        return Some((Surface::Points { lon, lat, names }, vec![a]));
    }
    let dimension = |a: usize| Dimension::of_axis(&axes[a]);
    if let (Some(x), Some(y)) = (longitude(axes), latitude(axes)) {
        return Some((Surface::Plane { x: dimension(x), y: dimension(y) }, vec![y, x]));
    }
    let [.., y, x] = (0..axes.len()).collect::<Vec<_>>()[..] else { return None };
    // Time goes to the right.
    let is_time = |d: &Dimension| matches!(d.kind, Kind::Date(_));
    let turned = is_time(&dimension(y)) && !is_time(&dimension(x));
    let (y, x) = if turned { (x, y) } else { (y, x) };
    Some((Surface::Plane { x: dimension(x), y: dimension(y) }, vec![y, x]))
}

/// The values with the axes in another order.
fn permuted(cube: &Cube, order: &[usize]) -> Vec<f64> {
    if order.iter().enumerate().all(|(i, &a)| i == a) {
        return cube.values.clone();
    }
    let lengths: Vec<usize> = cube.axes.iter().map(Axis::len).collect();
    let mut strides = vec![1; lengths.len()];
    for a in (1..lengths.len()).rev() {
        strides[a - 1] = strides[a] * lengths[a];
    }
    let mut places = vec![0usize];
    for &a in order {
        let along = |p: &usize| (0..lengths[a]).map(|i| p + i * strides[a]).collect::<Vec<_>>();
        places = places.iter().flat_map(along).collect();
    }
    places.into_iter().map(|p| cube.values[p]).collect()
}

/// Along a single axis: a line in its band, with the observations.
fn series(axis: &Axis, views: &[View], notes: Vec<String>) -> anyhow::Result<Block> {
    // The normal quantile at 0.95.
    let z = 1.644_853_626_951_472_7;
    let with = |role: Role| views.iter().find(|v| v.role == role).map(|v| &v.cube);
    let mut parts = Vec::new();
    let mut quantity = views[0].cube.quantity.clone();
    if let Some(mean) = with(Role::Mean) {
        quantity = mean.quantity.clone();
        if let (Some(lower), Some(upper)) = (with(Role::Lower), with(Role::Upper)) {
            let (lower, upper) = (lower.values.clone(), upper.values.clone());
            parts.push(("mean|interval".to_owned(), Part::Band { lower, upper }));
        } else if let Some(sd) = with(Role::Spread) {
            let edge = |sign: f64| {
                mean.values.iter().zip(&sd.values).map(|(m, s)| m + sign * z * s).collect()
            };
            let band = Part::Band { lower: edge(-1.0), upper: edge(1.0) };
            parts.push(("mean|90 % of the mean".to_owned(), band));
        }
        parts.push(("mean".to_owned(), Part::Line(mean.values.clone())));
    }
    if let Some(data) = with(Role::Data) {
        quantity.name = data.quantity.name.clone();
        parts.push(("data".to_owned(), Part::Points(data.values.clone())));
    }
    if parts.is_empty() {
        let line = |v: &View| (v.title.clone(), Part::Line(v.cube.values.clone()));
        parts = views.iter().map(line).collect();
    }
    let x = Dimension::of_axis(axis);
    let figure = Series { x, y: quantity, parts, notes: vec![] }
        .draw(&Style { width: 130.0, ..Style::default() })?;
    Ok(Block::Figures(vec![(figure, notes.join(", "))]))
}

/// A single value of each.
fn table(views: &[View], notes: &[String]) -> Table {
    let row = |v: &View| {
        let units = Quantity::new("", v.cube.quantity.units.as_deref()).label();
        vec![v.title.clone(), numbers::four(v.cube.values[0]), units]
    };
    Table {
        caption: notes.join(", "),
        head: ["quantity", "value", "unit"].map(str::to_owned).into(),
        rows: views.iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridgp_grid::Coordinate;

    fn cube(axes: Vec<Axis>) -> Cube {
        let n: usize = axes.iter().map(Axis::len).product();
        let values = (0..n).map(|i| i as f64).collect();
        Cube { axes, values, quantity: Quantity::default(), kept: vec![] }
    }

    fn axis(name: &str, n: usize) -> Axis {
        Axis::numbers(name, (0..n).map(|i| i as f64).collect()).unwrap()
    }

    fn view(axes: Vec<Axis>) -> View {
        let cube = cube(axes);
        View { title: "v".into(), cube, range: Range::Values, scale: 0, role: Role::Other }
    }

    #[test]
    fn axes_change_places_with_their_values() {
        let c = cube(vec![axis("a", 2), axis("b", 3), axis("c", 2)]);
        assert_eq!(permuted(&c, &[2, 0, 1]), [0., 2., 4., 6., 8., 10., 1., 3., 5., 7., 9., 11.]);
        assert_eq!(permuted(&c, &[0, 1, 2]), c.values);
    }

    #[test]
    fn axes_find_their_surface() {
        let explorer = |axes| match block("n", vec![view(axes)]).unwrap() {
            Block::Explorer(e) => e,
            other => panic!("{other:?}"),
        };
        // Latitude, time, longitude: a map with a slider along time.
        let time =
            Coordinate::numbers("t", vec![0.0, 1.0, 2.0]).with_units("days since 1850-01-01");
        let time = Axis::new("t", vec![time]).unwrap();
        let e = explorer(vec![axis("lat", 2), time.clone(), axis("lon", 4)]);
        let Surface::Plane { x, y } = &e.surface else { panic!("no plane") };
        assert_eq!(
            (x.name.as_str(), y.name.as_str(), e.steps[0].name.as_str()),
            ("lon", "lat", "t")
        );
        assert_eq!(e.layers[0].values[..5], [0.0, 1.0, 2.0, 3.0, 12.0]);
        // Stations are points, whatever else there is.
        let lon = Coordinate::numbers("lon", vec![1.0, 2.0]);
        let lat = Coordinate::numbers("lat", vec![1.0, 2.0]);
        let e = explorer(vec![Axis::new("s", vec![lon, lat]).unwrap(), axis("year", 3)]);
        assert!(matches!(&e.surface, Surface::Points { names, .. } if names[1] == "s 2"));
        assert_eq!(e.layers[0].values, [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        // Time to the right.
        let e = explorer(vec![time, axis("depth", 2)]);
        assert!(matches!(&e.surface, Surface::Plane { x, .. } if x.name == "t"));
    }

    #[test]
    fn one_row_is_a_series_and_one_point_a_table() {
        let row = block("n", vec![view(vec![axis("a", 1), axis("b", 5)])]).unwrap();
        assert!(matches!(&row, Block::Figures(f) if f[0].1 == "a = 0"), "{row:?}");
        let point = block("n", vec![view(vec![axis("a", 1), axis("b", 1)])]).unwrap();
        assert!(matches!(&point, Block::Table(t) if t.rows[0][1] == "0"), "{point:?}");
    }
}
