//! Maps: values at places on the globe, with coasts and borders.

use std::collections::BTreeMap;

use crate::cells::{Cells, MOST};
use crate::color::{MISSING, PALE};
use crate::color_scale::{ColorScale, Range};
use crate::dimension::{Dimension, Quantity, extent, unwrap};
use crate::figure::{Figure, POINTS, Style};
use crate::frame::{self, Frame, Margins, Side, TICK};
use crate::outlines::outlines;
use crate::projection::{Plane, Projection};
use crate::svg::{Anchor, Area, Color, Drawing, Stroke, path};
use crate::ticks::Kind;
use crate::{Error, Result};

/// Where the values of a map are.
#[derive(Debug, Clone, PartialEq)]
pub enum Places {
    /// At points, one value each: stations.
    Points {
        /// Degrees east.
        lon: Vec<f64>,
        /// Degrees north.
        lat: Vec<f64>,
    },
    /// In the cells of a grid, row-major, longitude fastest.
    Cells {
        /// Degrees east.
        lon: Vec<f64>,
        /// Degrees north.
        lat: Vec<f64>,
    },
}

/// Values on a map.
///
/// Longitudes may cross 180°. Outlines are those of Natural Earth.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// Where the values are.
    pub places: Places,
    /// The values; what is not finite is missing.
    pub values: Vec<f64>,
    /// What is shown.
    pub quantity: Quantity,
    /// How the limits of the colors are found; differences go around zero.
    pub range: Range,
    /// How the globe is laid flat.
    pub projection: Projection,
    /// What a reader should know, below the picture.
    pub notes: Vec<String>,
}

/// The part of the globe that a map shows, degrees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    pub lon: (f64, f64),
    pub lat: (f64, f64),
}

impl Map {
    /// The picture.
    ///
    /// # Errors
    /// No place, numbers of places and values that differ, latitudes beyond the poles, a Lambert
    /// map of the equator, or a style that nothing can be drawn in.
    pub fn draw(&self, style: &Style) -> Result<Figure> {
        let (lon, lat) = self.checked()?;
        let cells = match self.places {
            Places::Points { .. } => None,
            Places::Cells { .. } => Some(Cells::of(
                &Dimension {
                    kind: Kind::Longitude,
                    ..Dimension::numbers("longitude", lon.clone())
                },
                &Dimension { kind: Kind::Latitude, ..Dimension::numbers("latitude", lat.clone()) },
                MOST,
            )?),
        };
        let extent = match &cells {
            Some(c) => Extent { lon: c.x.range(), lat: c.y.range() },
            None => around(&lon, &lat),
        };
        let plane = Plane::new(self.projection, extent.lon, extent.lat);
        if self.projection == Projection::LambertConformal && !plane.is_cone() {
            return Err(Error::data(
                "a Lambert conformal map cannot have the equator in its middle, nor a pole; \
                 choose equirectangular or orthographic",
            ));
        }
        let (x, y) = bounds(&plane, extent);
        let drawn = match &cells {
            Some(c) => c.values(&self.values, lon.len()),
            None => self.values.clone(),
        };
        let scale = ColorScale::new(drawn.iter().copied(), &self.quantity, self.range, style)?;

        let aspect = (y.1 - y.0) / (x.1 - x.0);
        let straight = self.projection == Projection::Equirectangular;
        let side = |kind: Kind, range| Side::new(kind, range, "");
        let (sx, sy) = if straight {
            (side(Kind::Longitude, extent.lon), side(Kind::Latitude, extent.lat))
        } else {
            (side(Kind::Number, x), side(Kind::Number, y))
        };
        let mut notes = self.notes.clone();
        notes.extend(cells.as_ref().and_then(|c| c.note((lon.len(), lat.len()))));
        if !self.values.iter().any(|v| v.is_finite()) {
            notes.push("every value is missing".into());
        }
        let margins = |area: Area| {
            let m = Margins::of(area, &sx, &sy);
            if straight { m } else { Margins { left: 20.0, bottom: TICK + 5.0, ..m } }
        };
        // As high as the map is at the width that bar and marks leave to it.
        let across = Area { x: 0.0, y: 0.0, width: style.width * POINTS - 4.0, height: 150.0 };
        let m = margins(across);
        let wide = across.width - scale.room(150.0) - 4.0 - m.left - m.right;
        let more = m.top
            + m.bottom
            + if style.title.is_some() { frame::TITLE + 5.0 } else { 0.0 }
            + 9.0 * notes.len() as f64;
        let natural = (wide * aspect + more + 3.0) / POINTS;
        let (width, height) = style.size(natural.clamp(35.0, 180.0))?;
        let mut d = Drawing::new(width, height);
        let page = Area { x: 0.0, y: 0.0, width, height }.shrink(2.0, 1.0, 2.0, 1.0);
        let page = frame::headed(&mut d, style.title.as_deref(), page);
        let page = frame::noted(&mut d, &notes, page);
        let bar = scale.room(page.height);
        let body = page.shrink(0.0, 0.0, bar + 4.0, 0.0);
        let margins = margins(body);
        let room = body.shrink(margins.left, margins.top, margins.right, margins.bottom);
        let inside = fitted(room, aspect);
        let frame = Frame { inside, x: sx, y: sy };
        // From the plane to the page.
        let to_page = |lon: f64, lat: f64| {
            let (px, py) = plane.at(lon, lat);
            (
                inside.x + (px - x.0) / (x.1 - x.0) * inside.width,
                inside.bottom() - (py - y.0) / (y.1 - y.0) * inside.height,
            )
        };
        d.clip(inside);
        if let Some(cells) = &cells {
            draw_cells(&mut d, cells, &drawn, &scale, &to_page);
        }
        if !straight {
            graticule(&mut d, extent, &to_page);
        }
        draw_outlines(&mut d, extent, inside, &plane, &to_page);
        if cells.is_none() {
            draw_points(&mut d, (&lon, &lat), &self.values, &scale, &plane, &to_page);
        }
        d.close();
        if straight {
            frame.draw(&mut d);
        } else {
            let thin = Stroke::new(crate::color::INK, 0.6);
            // A whole hemisphere is its own frame.
            if x.1 - x.0 > 112.0 && self.projection == Projection::Orthographic {
                let middle = (inside.x + 0.5 * inside.width, inside.y + 0.5 * inside.height);
                let radius = 1f64.to_degrees() / (x.1 - x.0) * inside.width;
                d.circle("frame", middle, radius, None, Some(thin));
            } else {
                d.rect("frame", inside, None, Some(thin));
            }
            label_graticule(&mut d, extent, inside, &to_page);
        }
        scale.draw(&mut d, Area { x: inside.right() + 6.0, width: bar, ..inside });
        let summary = style.title.clone();
        Ok(Figure::new(d, &summary.unwrap_or_else(|| format!("map of {}", self.quantity.label()))))
    }

    /// Longitudes without a jump, and latitudes.
    fn checked(&self) -> Result<(Vec<f64>, Vec<f64>)> {
        let (lon, lat, expected) = match &self.places {
            Places::Points { lon, lat } => {
                if lon.len() != lat.len() {
                    return Err(Error::data(format!(
                        "{} longitudes and {} latitudes do not make points",
                        lon.len(),
                        lat.len()
                    )));
                }
                (lon, lat, lon.len())
            }
            Places::Cells { lon, lat } => (lon, lat, lon.len() * lat.len()),
        };
        if expected == 0 {
            return Err(Error::data("a map needs at least one place"));
        }
        if self.values.len() != expected {
            return Err(Error::data(format!(
                "{} values do not fit {expected} places",
                self.values.len()
            )));
        }
        if let Some(bad) = lon.iter().find(|v| v.is_nan() || v.abs() > 720.0) {
            return Err(Error::data(format!("{bad} is no longitude in degrees")));
        }
        if let Some(bad) = lat.iter().find(|v| v.is_nan() || v.abs() > 90.0) {
            return Err(Error::data(format!("{bad} is no latitude: it lies beyond a pole")));
        }
        Ok((unwrap(lon.clone()), lat.clone()))
    }
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
fn bounds(plane: &Plane, e: Extent) -> ((f64, f64), (f64, f64)) {
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
fn fitted(room: Area, aspect: f64) -> Area {
    let width = room.width.min(room.height / aspect);
    let x = room.x + 0.5 * (room.width - width);
    Area { x, width, height: width * aspect, ..room }
}

type ToPage<'a> = &'a dyn Fn(f64, f64) -> (f64, f64);

fn draw_cells(
    d: &mut Drawing,
    cells: &Cells,
    values: &[f64],
    scale: &ColorScale,
    to_page: ToPage<'_>,
) {
    let mut paths: BTreeMap<[u8; 4], (Color, String)> = BTreeMap::new();
    let (ex, ey) = (&cells.x.edges, &cells.y.edges);
    for row in 0..cells.y.len() {
        for column in 0..cells.x.len() {
            let value = values[row * cells.x.len() + column];
            let color = scale.at(value);
            let (w, e, s, n) = (ex[column], ex[column + 1], ey[row], ey[row + 1]);
            // Long cells are bent, as the parallels are.
            let steps = (((e - w) / 5.0).ceil() as usize).clamp(1, 12);
            let along = |i: usize| w + (e - w) * i as f64 / steps as f64;
            let ring: Vec<(f64, f64)> = (0..=steps)
                .map(|i| to_page(along(i), s))
                .chain((0..=steps).rev().map(|i| to_page(along(i), n)))
                .collect();
            if ring.iter().any(|p| !p.0.is_finite()) {
                continue;
            }
            let key = [u8::from(!value.is_finite()), color.0, color.1, color.2];
            let entry = paths.entry(key).or_insert_with(|| (color, String::new()));
            entry.1.push_str(&path(ring, true));
        }
    }
    for (key, (color, text)) in &paths {
        let class = if key[0] == 1 { "cells missing" } else { "cells" };
        d.filled(class, text, *color, 1.0);
        // Without it the paper shines through between neighbors.
        d.stroked("seam", text, Stroke::new(*color, 0.2));
    }
}

fn draw_points(
    d: &mut Drawing,
    (lon, lat): (&[f64], &[f64]),
    values: &[f64],
    scale: &ColorScale,
    plane: &Plane,
    to_page: ToPage<'_>,
) {
    let radius = (9.0 / (lon.len() as f64).powf(0.25)).clamp(0.9, 3.2);
    let edge = Stroke::new(crate::color::INK, if radius > 1.5 { 0.4 } else { 0.2 });
    let mut order: Vec<usize> = (0..lon.len()).collect();
    // What is there lies above what is missing.
    order.sort_by_key(|&i| values[i].is_finite());
    for i in order {
        let at = to_page(plane.turned(lon[i]), lat[i]);
        if !at.0.is_finite() {
            continue;
        }
        if values[i].is_finite() {
            d.circle("point", at, radius, Some(scale.at(values[i])), Some(edge));
        } else {
            d.circle("point missing", at, radius, Some(MISSING), Some(edge));
        }
    }
}

fn draw_outlines(d: &mut Drawing, e: Extent, inside: Area, plane: &Plane, to_page: ToPage<'_>) {
    let span = (e.lon.1 - e.lon.0).max(e.lat.1 - e.lat.0);
    let (mut coasts, mut borders) = (String::new(), String::new());
    let gap = (f64::NAN, f64::NAN);
    // A frame that spills over 180° from the middle shows the same coast twice.
    let wide = e.lon.1 - e.lon.0 > 300.0;
    let turns: &[f64] = if wide { &[-360.0, 0.0, 360.0] } else { &[0.0] };
    for line in outlines(span) {
        for turn in turns {
            let mut points: Vec<(f64, f64)> = Vec::new();
            let mut before: Option<f64> = None;
            for &(lon, lat) in &line.points {
                let lon = plane.turned(lon) + turn;
                // Across the back of the map.
                if before.is_some_and(|b| (b - lon).abs() > 180.0) {
                    points.push(gap);
                }
                before = Some(lon);
                points.push(to_page(lon, lat));
            }
            let text = path(nearby(points, inside), false);
            if line.is_border { borders.push_str(&text) } else { coasts.push_str(&text) }
        }
    }
    for (class, text, width, color) in [
        ("borders", borders, 0.35, Color::hex(0x6a6a6a)),
        ("coasts", coasts, 0.55, Color::hex(0x333333)),
    ] {
        if !text.is_empty() {
            d.stroked(class, &text, Stroke::new(color, width));
        }
    }
}

/// A line without what lies far outside of an area; points closer than the pen is wide are one.
fn nearby(points: Vec<(f64, f64)>, area: Area) -> Vec<(f64, f64)> {
    let near = |p: &(f64, f64)| {
        p.0 > area.x - 20.0
            && p.0 < area.right() + 20.0
            && p.1 > area.y - 20.0
            && p.1 < area.bottom() + 20.0
    };
    let mut out: Vec<(f64, f64)> = Vec::new();
    for (i, p) in points.iter().enumerate() {
        let beside = [i.checked_sub(1), Some(i + 1)];
        let kept = near(p) || beside.iter().flatten().any(|&j| points.get(j).is_some_and(near));
        if !kept || !p.0.is_finite() {
            out.push((f64::NAN, f64::NAN));
            continue;
        }
        let close = out.last().is_some_and(|q| (q.0 - p.0).hypot(q.1 - p.1) < 0.15);
        if !close || i + 1 == points.len() {
            out.push(*p);
        }
    }
    out
}

/// Degrees of the lines of a graticule.
fn lines(range: (f64, f64), kind: &Kind) -> Vec<crate::ticks::Tick> {
    kind.ticks(range.0, range.1, 6)
}

fn graticule(d: &mut Drawing, e: Extent, to_page: ToPage<'_>) {
    let thin = Stroke::new(PALE, 0.35);
    let between = |(low, high): (f64, f64), i: i32| low + (high - low) * f64::from(i) / 60.0;
    for tick in lines(e.lon, &Kind::Longitude) {
        let lat = (e.lat.0 - 5.0, e.lat.1 + 5.0);
        let points = (0..=60).map(|i| to_page(tick.at, between(lat, i).clamp(-90.0, 90.0)));
        d.curve("meridian", points, thin);
    }
    for tick in lines(e.lat, &Kind::Latitude) {
        let lon = (e.lon.0 - 10.0, e.lon.1 + 10.0);
        d.curve("parallel", (0..=60).map(|i| to_page(between(lon, i), tick.at)), thin);
    }
}

/// Names of meridians where they leave the map below, of parallels where they leave it at the left.
fn label_graticule(d: &mut Drawing, e: Extent, inside: Area, to_page: ToPage<'_>) {
    let mut last = f64::NEG_INFINITY;
    for tick in lines(e.lon, &Kind::Longitude) {
        let lat = |i: i32| (e.lat.0 - 5.0 + 0.1 * f64::from(i)).clamp(-90.0, 90.0);
        let below = (0..200).map(|i| to_page(tick.at, lat(i))).find(|p| p.1 <= inside.bottom());
        let Some((x, y)) = below else { continue };
        let half = 0.5 * crate::font::width(&tick.label, TICK);
        let fits = x >= inside.x && x <= inside.right() && x - half > last + 2.0;
        if fits && (y - inside.bottom()).abs() < 3.0 {
            let at = (x, inside.bottom() + TICK + 2.0);
            d.text("x-tick", at, TICK, Anchor::Middle, &tick.label);
            last = x + half;
        }
    }
    for tick in lines(e.lat, &Kind::Latitude) {
        let lon = |i: i32| e.lon.0 - 10.0 + 0.1 * f64::from(i);
        let left = (0..400).map(|i| to_page(lon(i), tick.at)).find(|p| p.0 >= inside.x);
        let Some((x, y)) = left else { continue };
        if y >= inside.y && y <= inside.bottom() && (x - inside.x).abs() < 3.0 {
            let at = (inside.x - 2.0, y + 0.35 * TICK);
            d.text("y-tick", at, TICK, Anchor::End, &tick.label);
        }
    }
}
