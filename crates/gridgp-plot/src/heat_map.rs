//! Heat maps: a value at every place of a plane, as a color.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::cells::{Cells, MOST};
use crate::color_scale::{ColorScale, Range};
use crate::dimension::{Dimension, Quantity};
use crate::figure::{Figure, Style};
use crate::frame::{self, Frame, LABEL, Margins, Side};
use crate::svg::{Anchor, Area, Color, Drawing, short};
use crate::{Error, Result, font};

/// One of several planes with the same axes and colors.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// What stands above it.
    pub title: String,
    /// Row-major, x fastest; what is not finite is missing.
    pub values: Vec<f64>,
}

/// Planes of values with one color bar.
///
/// Cells lie where their coordinates say, also unevenly spaced ones, and reach half of the way to
/// their neighbors. More than 200 cells in a direction are drawn as means of blocks, and a note
/// says so.
///
/// ```
/// use gridgp_plot::{Dimension, HeatMap, Panel, Quantity, Range, Style};
///
/// let map = HeatMap {
///     x: Dimension::numbers("month", vec![1.0, 2.0, 3.0]),
///     y: Dimension::numbers("year", vec![1982.0, 1983.0]),
///     quantity: Quantity::new("sst", Some("degC")),
///     range: Range::Values,
///     panels: vec![Panel { title: String::new(), values: vec![23.1, 24.0, 25.2, 26.0, 27.9, 28.1] }],
///     notes: vec![],
/// };
/// let figure = map.draw(&Style::default())?;
/// assert!(figure.svg().contains(">sst (°C)</text>"));
/// # Ok::<(), gridgp_plot::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct HeatMap {
    /// From left to right.
    pub x: Dimension,
    /// From below.
    pub y: Dimension,
    /// What is shown.
    pub quantity: Quantity,
    /// How the limits of the colors are found.
    pub range: Range,
    /// The planes.
    pub panels: Vec<Panel>,
    /// What a reader should know, below the picture.
    pub notes: Vec<String>,
}

impl HeatMap {
    /// The picture.
    ///
    /// # Errors
    /// No panel, values that do not match the axes, coordinates that are not finite, or a style
    /// that nothing can be drawn in.
    pub fn draw(&self, style: &Style) -> Result<Figure> {
        let (columns, rows) = (self.x.values.len(), self.y.values.len());
        if self.panels.is_empty() {
            return Err(Error::data("there is nothing to draw: no panel was given"));
        }
        for panel in &self.panels {
            if panel.values.len() != columns * rows {
                return Err(Error::data(format!(
                    "{} values do not make {columns} × {rows} cells",
                    panel.values.len()
                )));
            }
        }
        let cells = Cells::of(&self.x, &self.y, MOST)?;
        let across = self.columns(style);
        let down = self.panels.len().div_ceil(across);
        let each = style.width / across as f64 * 0.68;
        let (width, height) = style.size((each * down as f64).clamp(40.0, 230.0))?;
        let mut d = Drawing::new(width, height);
        let page = Area { x: 0.0, y: 0.0, width, height }.shrink(2.0, 1.0, 2.0, 1.0);
        let page = frame::headed(&mut d, style.title.as_deref(), page);
        let mut notes = self.notes.clone();
        notes.extend(cells.note((columns, rows)));
        let every = self.panels.iter().flat_map(|p| p.values.iter().copied());
        if !every.clone().any(f64::is_finite) {
            notes.push("every value is missing".into());
        }
        let page = frame::noted(&mut d, &notes, page);
        // The colors of what is drawn: block means are less extreme than cells.
        let drawn: Vec<Vec<f64>> =
            self.panels.iter().map(|p| cells.values(&p.values, columns)).collect();
        let shown = drawn.iter().flatten().copied();
        let mut scale = ColorScale::new(shown, &self.quantity, self.range, style)?;
        scale.missing_if(every.clone().any(|v| !v.is_finite()) && drawn_missing(&drawn));
        let bar = scale.room(page.height);
        let body = page.shrink(0.0, 0.0, bar + 3.0, 0.0);
        let (x, y) = (self.side(&self.x, cells.x.range()), self.side(&self.y, cells.y.range()));
        let outer = Margins::of(body, &x, &y);
        let title = if self.panels.iter().any(|p| !p.title.is_empty()) { LABEL + 3.0 } else { 0.0 };
        let gap = 6.0;
        let panel_width =
            (body.width - outer.left - outer.right - gap * (across - 1) as f64) / across as f64;
        let panel_height = (body.height - outer.top - outer.bottom) / down as f64;
        for (i, (panel, values)) in self.panels.iter().zip(&drawn).enumerate() {
            let (row, column) = (i / across, i % across);
            let inside = Area {
                x: body.x + outer.left + column as f64 * (panel_width + gap),
                y: body.y + outer.top + row as f64 * panel_height + title,
                width: panel_width.max(4.0),
                height: (panel_height - title - if row + 1 < down { gap } else { 0.0 }).max(4.0),
            };
            let lowest = i + across >= self.panels.len();
            let frame =
                Frame { inside, x: x.clone().bare_if(!lowest), y: y.clone().bare_if(column > 0) };
            d.open("panel");
            draw_cells(&mut d, &frame, &cells, values, &scale);
            frame.draw(&mut d);
            if !panel.title.is_empty() {
                let text = font::fit(&panel.title, LABEL, inside.width + gap);
                let at = (inside.x + 0.5 * inside.width, inside.y - 3.0);
                d.text("panel-title", at, LABEL, Anchor::Middle, &text);
            }
            d.close();
        }
        let height = body.height - outer.top - outer.bottom - title;
        let bar = Area {
            x: body.right() + 1.0,
            y: body.y + outer.top + title,
            width: bar,
            height: height.max(10.0),
        };
        scale.draw(&mut d, bar);
        Ok(Figure::new(d, &self.summary(style)))
    }

    fn columns(&self, style: &Style) -> usize {
        let fit = (style.width / 55.0).floor().max(1.0) as usize;
        fit.min(self.panels.len()).min(3)
    }

    fn side(&self, dimension: &Dimension, (low, high): (f64, f64)) -> Side {
        let side = Side::new(dimension.kind.clone(), (low, high), dimension.label(low, high));
        // A single row has one place to name, and no scale; so have a few even ones.
        let order = dimension.order();
        let at: Vec<f64> = order.iter().map(|&i| dimension.values[i]).collect();
        let step = if at.len() > 1 { at[1] - at[0] } else { 0.0 };
        let even = at.windows(2).all(|p| (p[1] - p[0] - step).abs() <= 0.01 * step);
        let few = at.len() <= 6 && even && dimension.kind == crate::ticks::Kind::Number;
        let only = (at.len() == 1 || few).then_some(at);
        Side { only, ..side }
    }

    fn summary(&self, style: &Style) -> String {
        style.title.clone().unwrap_or_else(|| {
            format!("{} by {} and {}", self.quantity.label(), self.x.name, self.y.name)
        })
    }
}

/// What was written, so that rounding does not add up.
fn number(text: &str) -> f64 {
    text.parse().expect("it was written from a number")
}

/// Whether a block without any value is in the picture.
fn drawn_missing(drawn: &[Vec<f64>]) -> bool {
    drawn.iter().flatten().any(|v| !v.is_finite())
}

/// The cells, one path a color: neighbors in a row with the same color become one mark.
fn draw_cells(d: &mut Drawing, frame: &Frame, cells: &Cells, values: &[f64], scale: &ColorScale) {
    let mut paths: BTreeMap<(bool, u32), (Color, String)> = BTreeMap::new();
    let columns = cells.x.len();
    let area = frame.inside;
    for row in 0..cells.y.len() {
        let (bottom, top) = (frame.at_y(cells.y.edges[row]), frame.at_y(cells.y.edges[row + 1]));
        let mut column = 0;
        while column < columns {
            let value = values[row * columns + column];
            let color = scale.at(value);
            let mut end = column + 1;
            while end < columns {
                let next = values[row * columns + end];
                if scale.at(next) != color || next.is_finite() != value.is_finite() {
                    break;
                }
                end += 1;
            }
            let (left, right) = (frame.at_x(cells.x.edges[column]), frame.at_x(cells.x.edges[end]));
            // A little over the edge, so that no viewer shows the paper between two cells.
            let (right, top) = ((right + 0.15).min(area.right()), (top - 0.15).max(area.y));
            let key = u32::from_be_bytes([0, color.0, color.1, color.2]);
            let (_, path) =
                paths.entry((!value.is_finite(), key)).or_insert_with(|| (color, String::new()));
            let (left, bottom) = (short(left), short(bottom));
            let (dx, dy) = (right - number(&left), top - number(&bottom));
            let (dx, dy) = (short(dx), short(dy));
            let back = short(-number(&dx));
            write!(path, "M{left} {bottom}h{dx}v{dy}h{back}z").expect("a String grows");
            column = end;
        }
    }
    for ((missing, _), (color, path)) in &paths {
        let class = if *missing { "cells missing" } else { "cells" };
        d.filled(class, path, *color, 1.0);
    }
}
