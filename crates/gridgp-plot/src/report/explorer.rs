//! Planes of values that a reader moves through, with pointer, keyboard and sliders.

use std::fmt::Write;

use serde_json::{Value, json};

use super::block::escape;
use super::encode::encode;
use crate::cells::{Cells, Edges};
use crate::dimension::{Dimension, Quantity, extent, opened, unwrap};
use crate::map::{Extent, around};
use crate::ticks::{Kind, Tick};
use crate::{Error, Range, Result, outlines};

/// Cells of a panel in each direction: panels are a few hundred pixels wide.
const MOST_CELLS: usize = 160;
/// Numbers of one explorer, all layers together: 1.3 MB as text.
const MOST_NUMBERS: usize = 500_000;

/// Where the values of an explorer are.
#[derive(Debug, Clone, PartialEq)]
pub enum Surface {
    /// In cells, x fastest. With longitudes and latitudes it is a map.
    Plane {
        /// From left to right.
        x: Dimension,
        /// From below.
        y: Dimension,
    },
    /// At points of the globe.
    Points {
        /// Degrees east.
        lon: Vec<f64>,
        /// Degrees north.
        lat: Vec<f64>,
        /// What the points are called.
        names: Vec<String>,
    },
}

/// What the values of a layer are, for the curve through a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Observations: dots.
    Data,
    /// What is expected: a line.
    Mean,
    /// Its standard deviation: a band of 1.645 of them to both sides, 90 %.
    Spread,
    /// The lower edge of the band, where it is known.
    Lower,
    /// The upper edge of the band.
    Upper,
    /// Not in the curve.
    Other,
}

/// One panel.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// What stands above it.
    pub title: String,
    /// What is shown.
    pub quantity: Quantity,
    /// How the limits of the colors are found.
    pub range: Range,
    /// Layers with the same number have the same limits.
    pub scale: usize,
    /// What it is in the curve through a place.
    pub role: Role,
    /// Step (the last one fastest), then y, then x, or point; what is not finite is missing.
    pub values: Vec<f64>,
}

/// Panels with the same axes, and a slider for each further axis.
///
/// A grid that is too large for a page is shown as means of blocks, and of a long slider every
/// k-th point; the page says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Explorer {
    /// What it shows, for people who hear it.
    pub name: String,
    /// Where the values are.
    pub surface: Surface,
    /// The axes beyond the plane, the slowest first; each becomes a slider.
    pub steps: Vec<Dimension>,
    /// The panels.
    pub layers: Vec<Layer>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// A note as a sentence. What begins with a number or a name stays as it is.
fn sentence(note: &str) -> String {
    let mut letters = note.chars();
    let is_word = note.split(' ').next().is_some_and(|w| w.chars().all(|c| c.is_ascii_lowercase()));
    match letters.next() {
        Some(first) if is_word && !note.contains(" = ") => {
            format!("{}{}.", first.to_uppercase(), letters.as_str())
        }
        _ => format!("{note}."),
    }
}

/// The plane as it is shown.
enum Shown {
    Cells(Cells, usize),
    Points,
}

impl Explorer {
    pub(super) fn write(&self, out: &mut String, number: usize) -> Result<()> {
        let (data, notes) = self.data()?;
        let name = escape(&self.name);
        // A tag inside of a text would end the script.
        let data = data.to_string().replace('<', "\\u003c");
        write!(
            out,
            "<figure class=\"explorer\" id=\"explorer{number}\" aria-label=\"{name}\">\n\
             <div class=\"controls\"></div>\n<div class=\"panels\"></div>\n\
             <p class=\"readout\" aria-live=\"polite\"></p>\n<div class=\"curve\"></div>\n\
             <noscript><p class=\"note\">The maps need JavaScript; the script is part of this \
             file.</p></noscript>\n<script type=\"application/json\">{data}</script>\n"
        )
        .expect("a String grows");
        if !notes.is_empty() {
            let sentences: Vec<String> = notes.iter().map(|note| sentence(note)).collect();
            let notes = escape(&sentences.join(" "));
            writeln!(out, "<figcaption>{notes}</figcaption>").expect("a String grows");
        }
        out.push_str("</figure>\n");
        Ok(())
    }

    /// What the script draws, and what a reader should know.
    fn data(&self) -> Result<(Value, Vec<String>)> {
        let mut notes = self.notes.clone();
        let (shown, places) = self.shown(&mut notes)?;
        let steps: usize = self.steps.iter().map(|s| s.values.len()).product();
        let own = match &self.surface {
            Surface::Plane { x, y } => x.values.len() * y.values.len(),
            Surface::Points { lon, .. } => lon.len(),
        };
        if self.layers.is_empty() {
            return Err(Error::data("an explorer needs a layer"));
        }
        for layer in &self.layers {
            if layer.values.len() != steps * own {
                return Err(Error::data(format!(
                    "{:?} has {} values for {steps} planes of {own}",
                    layer.title,
                    layer.values.len()
                )));
            }
        }
        let kept = self.kept(places, &mut notes);
        let layers: Vec<Vec<f64>> =
            self.layers.iter().map(|l| pick(&l.values, own, &self.steps, &kept, &shown)).collect();
        if layers.iter().flatten().all(|v| !v.is_finite()) {
            notes.push("every value is missing".into());
        }
        let steps: Vec<Value> = self
            .steps
            .iter()
            .zip(&kept)
            .map(|(d, kept)| {
                let at: Vec<String> = kept.iter().map(|&i| d.kind.show(d.values[i])).collect();
                // A curve along dates or numbers has a scale.
                let (values, ticks) = match d.kind {
                    Kind::Labels(_) => (Value::Null, Value::Null),
                    _ => {
                        let values: Vec<f64> = kept.iter().map(|&i| d.values[i]).collect();
                        let (low, high) =
                            extent(values.iter().copied()).map_or((0.0, 1.0), |e| opened(e.0, e.1));
                        (json!(values), ticks(&d.kind, low, high))
                    }
                };
                json!({
                    "name": d.name, "unit": unit(d), "at": at, "values": values, "ticks": ticks,
                    "labels": matches!(d.kind, Kind::Labels(_)),
                })
            })
            .collect();
        let limits = self.limits(&layers, &mut notes);
        let panels: Vec<Value> = self
            .layers
            .iter()
            .zip(&layers)
            .zip(&limits)
            .map(|((layer, values), limits)| panel(layer, values, *limits))
            .collect();
        let mut data = self.surface(&shown);
        let object = data.as_object_mut().expect("it is an object");
        object.insert("steps".into(), steps.into());
        object.insert("layers".into(), panels.into());
        Ok((data, notes))
    }

    /// The plane in cells that can be seen, and how many there are.
    fn shown(&self, notes: &mut Vec<String>) -> Result<(Shown, usize)> {
        match &self.surface {
            Surface::Plane { x, y } => {
                let cells = Cells::of(x, y, MOST_CELLS)?;
                notes.extend(cells.note((x.values.len(), y.values.len())));
                let places = cells.x.len() * cells.y.len();
                Ok((Shown::Cells(cells, x.values.len()), places))
            }
            Surface::Points { lon, lat, names } => {
                if lon.len() != lat.len() || lon.len() != names.len() || lon.is_empty() {
                    return Err(Error::data(format!(
                        "{} longitudes, {} latitudes and {} names do not make points",
                        lon.len(),
                        lat.len(),
                        names.len()
                    )));
                }
                Ok((Shown::Points, lon.len()))
            }
        }
    }

    /// The points of each slider, in order; every k-th of the longest where all are too many.
    fn kept(&self, places: usize, notes: &mut Vec<String>) -> Vec<Vec<usize>> {
        let mut kept: Vec<Vec<usize>> = self.steps.iter().map(Dimension::order).collect();
        loop {
            let numbers = places * self.layers.len() * kept.iter().map(Vec::len).product::<usize>();
            let longest = (0..kept.len()).max_by_key(|&i| kept[i].len());
            let Some(longest) = longest.filter(|&i| numbers > MOST_NUMBERS && kept[i].len() > 2)
            else {
                return kept;
            };
            let every = numbers.div_ceil(MOST_NUMBERS).min(kept[longest].len() - 1);
            let all = kept[longest].len();
            kept[longest] = kept[longest].iter().copied().step_by(every).collect();
            notes.push(format!(
                "one of every {every} of the {all} points along {} is in this file",
                self.steps[longest].name
            ));
        }
    }

    /// The values at the ends of the colors of each layer; `None` where nothing is there.
    fn limits(&self, layers: &[Vec<f64>], notes: &mut Vec<String>) -> Vec<Option<Limits>> {
        let of = |scale: usize| {
            let same = self.layers.iter().zip(layers).filter(|(l, _)| l.scale == scale);
            Limits::of(same.flat_map(|(_, values)| values.iter().copied()).collect())
        };
        let all: Vec<Option<Limits>> =
            self.layers.iter().map(|l| of(l.scale).map(|limits| limits.around(l.range))).collect();
        if all.iter().flatten().any(|l| l.below || l.above) {
            notes.push(
                "a few values lie far beyond the others and have the color of the arrow at the end"
                    .into(),
            );
        }
        all
    }

    fn surface(&self, shown: &Shown) -> Value {
        match (&self.surface, shown) {
            (Surface::Plane { x, y }, Shown::Cells(cells, _)) => {
                let geo = x.kind == Kind::Longitude && y.kind == Kind::Latitude;
                let extent = Extent { lon: cells.x.range(), lat: cells.y.range() };
                json!({
                    "surface": "cells",
                    "geo": geo,
                    "cos": cos(&extent),
                    "x": side(x, &cells.x),
                    "y": side(y, &cells.y),
                    "outlines": if geo { coasts(&extent) } else { Value::Null },
                })
            }
            (Surface::Points { lon, lat, names }, _) => {
                let lon = unwrap(lon.clone());
                let e = around(&lon, lat);
                let side = |kind: Kind, name: &str, (low, high): (f64, f64), values: &[f64]| {
                    let at: Vec<String> = values.iter().map(|&v| kind.show(rounded(v))).collect();
                    json!({
                        "name": name, "label": "", "unit": "", "edges": [low, high], "at": at,
                        "ticks": ticks(&kind, low, high),
                    })
                };
                json!({
                    "surface": "points",
                    "geo": true,
                    "cos": cos(&e),
                    "x": side(Kind::Longitude, "lon", e.lon, &lon),
                    "y": side(Kind::Latitude, "lat", e.lat, lat),
                    "points": {"x": lon, "y": lat, "names": names},
                    "outlines": coasts(&e),
                })
            }
            _ => unreachable!("a plane is shown as cells"),
        }
    }
}

/// Degrees to a hundred meters or so.
fn rounded(degrees: f64) -> f64 {
    (degrees * 1e3).round() / 1e3
}

fn cos(e: &Extent) -> f64 {
    (0.5 * (e.lat.0 + e.lat.1)).to_radians().cos().max(0.1)
}

fn unit(d: &Dimension) -> String {
    match d.kind {
        Kind::Number | Kind::Log => Quantity::new("", d.units.as_deref()).label(),
        _ => String::new(),
    }
}

/// Marks at four densities; the script takes the densest that fits.
fn ticks(kind: &Kind, low: f64, high: f64) -> Value {
    let list = |most: usize| -> Vec<Value> {
        kind.ticks(low, high, most)
            .into_iter()
            .map(|Tick { at, label }| json!([at, label]))
            .collect()
    };
    json!([list(12), list(8), list(5), list(3)])
}

fn side(d: &Dimension, edges: &Edges) -> Value {
    let (low, high) = edges.range();
    json!({
        "name": d.name,
        "label": d.label(low, high),
        "unit": unit(d),
        "edges": edges.edges,
        "at": edges.shown(d),
        "ticks": ticks(&d.kind, low, high),
    })
}

/// The values at the ends of colors, and whether others lie beyond.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Limits {
    low: f64,
    high: f64,
    below: bool,
    above: bool,
}

impl Limits {
    /// From the lowest to the highest value; without the last percent on each side where that leaves
    /// less than 60 % of the range, or one storm would make all other days look the same.
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.retain(|v| v.is_finite());
        let (lowest, highest) = extent(values.iter().copied())?;
        let n = values.len();
        let mut quantile = |p: f64| {
            let place = (p * (n - 1) as f64).round() as usize;
            *values.select_nth_unstable_by(place, f64::total_cmp).1
        };
        let (a, b) = (quantile(0.01), quantile(0.99));
        let far = n >= 200 && b > a && b - a < 0.6 * (highest - lowest);
        let (low, high) = if far { (a, b) } else { opened(lowest, highest) };
        Some(Self { low, high, below: lowest < low, above: highest > high })
    }

    fn around(self, range: Range) -> Self {
        if range == Range::Values {
            return self;
        }
        let most = self.low.abs().max(self.high.abs());
        let most = if most > 0.0 { most } else { 1.0 };
        Self { low: -most, high: most, ..self }
    }
}

fn panel(layer: &Layer, values: &[f64], limits: Option<Limits>) -> Value {
    let encoded = encode(values);
    let (low, high) = limits.map_or((0.0, 1.0), |l| (l.low, l.high));
    let colors = match layer.range {
        Range::Values => "viridis",
        Range::AroundZero => "blue-red",
    };
    let role = match layer.role {
        Role::Data => "data",
        Role::Mean => "mean",
        Role::Spread => "spread",
        Role::Lower => "lower",
        Role::Upper => "upper",
        Role::Other => "other",
    };
    json!({
        "title": layer.title,
        "label": layer.quantity.label(),
        "unit": Quantity::new("", layer.quantity.units.as_deref()).label(),
        "role": role,
        "colors": colors,
        "limits": limits.map(|l| [l.low, l.high]),
        "beyond": limits.map_or([false; 2], |l| [l.below, l.above]),
        "digits": digits(encoded.range, layer.role),
        "ticks": ticks(&Kind::Number, low, high),
        "from": encoded.range.map(|r| [r.0, r.1]),
        "values": encoded.text,
    })
}

/// Decimals that tell a thousandth of the range apart, of a spread a hundredth; none where powers of
/// ten are needed.
fn digits(range: Option<(f64, f64)>, role: Role) -> Option<i32> {
    let (low, high) = range?;
    let span = if high > low { high - low } else { low.abs().max(1e-300) };
    let largest = low.abs().max(high.abs());
    let plain = (1e-3..1e6).contains(&largest) || largest == 0.0;
    let finer = if role == Role::Spread { 2 } else { 3 };
    plain.then(|| (finer - span.log10().floor() as i32).clamp(0, 8))
}

/// The values of the planes that are kept, in the cells that are shown.
fn pick(
    values: &[f64],
    own: usize,
    steps: &[Dimension],
    kept: &[Vec<usize>],
    shown: &Shown,
) -> Vec<f64> {
    let mut planes = vec![0usize];
    for (step, kept) in steps.iter().zip(kept) {
        let n = step.values.len();
        planes = planes.iter().flat_map(|p| kept.iter().map(move |k| p * n + k)).collect();
    }
    let plane = |p: &usize| {
        let plane = &values[p * own..(p + 1) * own];
        match shown {
            Shown::Cells(cells, columns) => cells.values(plane, *columns),
            Shown::Points => plane.to_vec(),
        }
    };
    planes.iter().flat_map(plane).collect()
}

/// Coasts and borders of a part of the globe, in steps that a panel can show.
fn coasts(e: &Extent) -> Value {
    let span = (e.lon.1 - e.lon.0).max(e.lat.1 - e.lat.0);
    let unit = (span / 1500.0).max(0.005);
    let middle = 0.5 * (e.lon.0 + e.lon.1);
    let inside = |p: (f64, f64)| {
        let m = 0.03 * span;
        p.0 > e.lon.0 - m && p.0 < e.lon.1 + m && p.1 > e.lat.0 - m && p.1 < e.lat.1 + m
    };
    let mut lines: Vec<Vec<i64>> = Vec::new();
    for line in outlines::outlines(span) {
        let turned = line
            .points
            .iter()
            .map(|&(lon, lat)| (lon - 360.0 * ((lon - middle) / 360.0).round(), lat));
        let points: Vec<(f64, f64)> = turned.collect();
        let mut current: Vec<(i64, i64)> = Vec::new();
        let mut end = |current: &mut Vec<(i64, i64)>| {
            if current.len() > 1 {
                let mut text = vec![i64::from(line.is_border), current[0].0, current[0].1];
                text.extend(current.windows(2).flat_map(|p| [p[1].0 - p[0].0, p[1].1 - p[0].1]));
                lines.push(text);
            }
            current.clear();
        };
        for (i, &p) in points.iter().enumerate() {
            // A step over the back of the map is no coast.
            let jump = i > 0 && (p.0 - points[i - 1].0).abs() > 180.0;
            if jump {
                end(&mut current);
            }
            let beside = i.checked_sub(1).into_iter().chain([i + 1]);
            let near = inside(p) || beside.filter_map(|j| points.get(j)).any(|&q| inside(q));
            if !near {
                end(&mut current);
                continue;
            }
            let at = ((p.0 / unit).round() as i64, (p.1 / unit).round() as i64);
            if current.last() != Some(&at) {
                current.push(at);
            }
        }
        end(&mut current);
    }
    json!({"unit": unit, "lines": lines})
}

#[cfg(test)]
#[path = "explorer_tests.rs"]
mod tests;
