//! The part of the globe that a map shows.

use crate::dimension::extent;
use crate::projection::Plane;
use crate::svg::Area;

/// The part of the globe that a map shows, degrees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    pub lon: (f64, f64),
    pub lat: (f64, f64),
}

/// The points with some land around them.
pub(crate) fn around(lon: &[f64], lat: &[f64]) -> Extent {
    let (west, east) = extent(lon.iter().copied()).unwrap_or((0.0, 0.0));
    let (south, north) = extent(lat.iter().copied()).unwrap_or((0.0, 0.0));
    let cos = (0.5 * (south + north)).to_radians().cos().max(0.1);
    let most = (north - south).max((east - west) * cos);
    let margin = if most > 0.0 { (0.08 * most).max(0.2) } else { 5.0 };
    // A row of stations is given some height.
    let half = |low: f64, high: f64| (0.5 * (high - low) + margin).max(0.15 * most);
    let (mx, my) = (0.5 * (west + east), 0.5 * (south + north));
    let (hx, hy) = ((half(west * cos, east * cos) / cos).min(180.0), half(south, north));
    Extent { lon: (mx - hx, mx + hx), lat: ((my - hy).max(-90.0), (my + hy).min(90.0)) }
}

/// The sides of the map on the plane.
pub(super) fn bounds(plane: &Plane, e: Extent) -> ((f64, f64), (f64, f64)) {
    let steps = 0..=40;
    let at = |(low, high): (f64, f64), i: i32| low + (high - low) * f64::from(i) / 40.0;
    let places: Vec<(f64, f64)> = steps
        .clone()
        .flat_map(|i| steps.clone().map(move |j| (i, j)))
        .map(|(i, j)| plane.at(at(e.lon, i), at(e.lat, j)))
        .collect();
    let range = |values: Vec<f64>| {
        let (low, high) = extent(values).unwrap_or((-1.0, 1.0));
        if high > low { (low, high) } else { (low - 1.0, high + 1.0) }
    };
    (range(places.iter().map(|p| p.0).collect()), range(places.iter().map(|p| p.1).collect()))
}

/// The largest area of an aspect inside another, at its upper left.
pub(super) fn fitted(room: Area, aspect: f64) -> Area {
    let width = room.width.min(room.height / aspect);
    let x = room.x + 0.5 * (room.width - width);
    Area { x, width, height: width * aspect, ..room }
}
