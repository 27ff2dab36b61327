//! Maps: values at places on the globe, with coasts and borders.

mod coasts;
mod extent;
mod graticule;
mod marks;

use coasts::draw_outlines;
use extent::{bounds, fitted};
use graticule::{graticule, label_graticule};
use marks::{draw_cells, draw_points};

use crate::cells::{Cells, MOST};
use crate::color_scale::{ColorScale, Range};
use crate::dimension::{Dimension, Quantity, unwrap};
use crate::figure::{Figure, POINTS, Style};
use crate::frame::{self, Frame, Margins, Side, TICK};
use crate::projection::{Plane, Projection};
use crate::svg::{Area, Drawing, Stroke};
use crate::ticks::Kind;
use crate::{Error, Result};

pub(crate) use extent::{Extent, around};

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
