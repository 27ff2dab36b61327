//! Series and profiles: lines with bands along one axis.

use crate::color::{self, INK};
use crate::dimension::{Dimension, Quantity, extent, padded};
use crate::figure::{Figure, Style};
use crate::frame::{self, Frame, Key, Mark, Side};
use crate::svg::{Area, Color, Drawing, Stroke, path};
use crate::ticks::Kind;
use crate::{Error, Result};

/// What a part of a series is drawn as.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// A line; a value that is not finite is a gap.
    Line(Vec<f64>),
    /// A line that stands back: an expectation, a reference.
    Guide(Vec<f64>),
    /// The area between two lines.
    Band {
        /// Its lower edge.
        lower: Vec<f64>,
        /// Its upper edge.
        upper: Vec<f64>,
    },
    /// Observations.
    Points(Vec<f64>),
    /// Many lines that belong together, each as long as the axis.
    Draws(Vec<Vec<f64>>),
}

impl Part {
    fn columns(&self) -> Vec<&[f64]> {
        match self {
            Self::Line(v) | Self::Guide(v) | Self::Points(v) => vec![v],
            Self::Band { lower, upper } => vec![lower, upper],
            Self::Draws(draws) => draws.iter().map(Vec::as_slice).collect(),
        }
    }
}

/// Lines, bands and points along one axis; an axis of names has bars and dots.
///
/// Parts are drawn in their order, so bands come first.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Where the values lie.
    pub x: Dimension,
    /// What they measure.
    pub y: Quantity,
    /// What is drawn, with its name in the key; parts of the same name have the same color.
    pub parts: Vec<(String, Part)>,
    /// What a reader should know, below the picture.
    pub notes: Vec<String>,
}

impl Series {
    /// The picture.
    ///
    /// # Errors
    /// No part, no point, parts of other lengths than the axis, or a style that nothing can be
    /// drawn in.
    pub fn draw(&self, style: &Style) -> Result<Figure> {
        let (width, height) = style.size(58.0)?;
        let mut d = Drawing::new(width, height);
        let page = Area { x: 0.0, y: 0.0, width, height }.shrink(2.0, 1.0, 2.0, 1.0);
        let page = frame::headed(&mut d, style.title.as_deref(), page);
        self.draw_in(&mut d, page, style.limits)?;
        let summary = style.title.clone();
        let title = summary.unwrap_or_else(|| format!("{} along {}", self.y.name, self.x.name));
        Ok(Figure::new(d, &title))
    }

    /// Draws into a part of a page.
    pub(crate) fn draw_in(
        &self,
        d: &mut Drawing,
        area: Area,
        limits: Option<(f64, f64)>,
    ) -> Result<()> {
        self.check()?;
        let mut notes = self.notes.clone();
        let columns = || self.parts.iter().flat_map(|(_, p)| p.columns());
        let found = extent(columns().flatten().copied());
        if found.is_none() {
            notes.push("every value is missing".into());
        }
        let area = frame::noted(d, &notes, area);
        let area = frame::keyed(d, &self.keys(), area);
        let y = limits.unwrap_or_else(|| padded(found.unwrap_or((0.0, 1.0)), 0.05));
        let x = self.x.range();
        let x_side = Side::new(self.x.kind.clone(), x, self.x.label(x.0, x.1));
        let single = self.x.values.len() == 1;
        let x_side = Side { only: single.then(|| self.x.values.clone()), ..x_side };
        let frame = Frame::new(area, x_side, Side::new(Kind::Number, y, self.y.label()));
        d.clip(frame.inside);
        for (i, (_, part)) in self.parts.iter().enumerate() {
            self.draw_part(d, &frame, part, self.color(i));
        }
        d.close();
        frame.draw(d);
        Ok(())
    }

    fn check(&self) -> Result<()> {
        let n = self.x.values.len();
        if n == 0 || self.parts.is_empty() {
            return Err(Error::data(format!("there is nothing to draw along {:?}", self.x.name)));
        }
        if self.x.values.iter().any(|v| !v.is_finite()) {
            return Err(Error::data(format!("{:?} has places that are not finite", self.x.name)));
        }
        for (name, part) in &self.parts {
            if let Some(column) = part.columns().into_iter().find(|c| c.len() != n) {
                return Err(Error::data(format!(
                    "{name:?} has {} values along {:?}, which has {n} points",
                    column.len(),
                    self.x.name
                )));
            }
        }
        Ok(())
    }

    /// Parts with the same name share a color; observations and guides have none of their own.
    fn color(&self, i: usize) -> Color {
        let (name, part) = &self.parts[i];
        match part {
            Part::Points(_) => return INK,
            Part::Guide(_) => return Color::hex(0x6a6a6a),
            _ => {}
        }
        let mut seen: Vec<&str> = Vec::new();
        for (other, part) in &self.parts {
            if matches!(part, Part::Points(_) | Part::Guide(_)) {
                continue;
            }
            let other = group(other);
            if !seen.contains(&other) {
                seen.push(other);
            }
        }
        color::line(seen.iter().position(|n| *n == group(name)).unwrap_or(0))
    }

    fn keys(&self) -> Vec<Key> {
        let mut keys: Vec<Key> = Vec::new();
        for (i, (name, part)) in self.parts.iter().enumerate() {
            let color = self.color(i);
            let mark = match part {
                Part::Line(_) => Mark::Line(Stroke::new(color, 1.1)),
                Part::Guide(_) => Mark::Line(Stroke::new(color, 0.7).dashed("3 2")),
                Part::Draws(_) => Mark::Line(Stroke::new(color, 0.5)),
                Part::Band { .. } => {
                    // Narrower bands lie on wider ones and are darker.
                    let below =
                        self.parts[..i].iter().filter(|(_, p)| matches!(p, Part::Band { .. }));
                    Mark::Band(color, 1.0 - 0.75f64.powi(1 + below.count() as i32))
                }
                Part::Points(_) => Mark::Dot(color),
            };
            let shown = name.replace('|', " ").trim().to_owned();
            if !shown.is_empty() && !keys.iter().any(|k| k.name == shown) {
                keys.push(Key { name: shown, mark });
            }
        }
        // One thing alone is named by the axis.
        if keys.len() > 1 || self.parts.len() > 1 { keys } else { vec![] }
    }

    fn draw_part(&self, d: &mut Drawing, frame: &Frame, part: &Part, color: Color) {
        let order = self.x.order();
        let x = |i: usize| frame.at_x(self.x.values[i]);
        let y = |v: f64| if v.is_finite() { frame.at_y(v) } else { f64::NAN };
        let along =
            |v: &[f64]| -> Vec<(f64, f64)> { order.iter().map(|&i| (x(i), y(v[i]))).collect() };
        let named = matches!(self.x.kind, Kind::Labels(_)) || order.len() == 1;
        match part {
            Part::Line(v) if named => {
                for at in along(v).into_iter().filter(|p| p.1.is_finite()) {
                    d.circle("line-dot", at, 1.8, Some(color), None);
                }
            }
            Part::Line(v) => d.curve("line", along(v), Stroke::new(color, 1.1)),
            Part::Guide(v) => {
                d.curve("guide", along(v), Stroke::new(color, 0.7).dashed("3 2"));
            }
            Part::Band { lower, upper } if named => {
                for &i in &order {
                    let (a, b) = (y(lower[i]), y(upper[i]));
                    if a.is_finite() && b.is_finite() {
                        d.line("bar", (x(i), a), (x(i), b), Stroke::new(color, 1.6).opacity(0.5));
                    }
                }
            }
            Part::Band { lower, upper } => {
                for run in runs(&order, |i| lower[i].is_finite() && upper[i].is_finite()) {
                    let there = run.iter().map(|&i| (x(i), y(upper[i])));
                    let back = run.iter().rev().map(|&i| (x(i), y(lower[i])));
                    d.filled("band", &path(there.chain(back), true), color, 0.25);
                }
            }
            Part::Points(v) => {
                let radius = if v.len() > 300 { 0.7 } else { 1.2 };
                for at in along(v).into_iter().filter(|p| p.1.is_finite()) {
                    d.circle("observation", at, radius, Some(color), None);
                }
            }
            Part::Draws(draws) => {
                let opacity = (6.0 / draws.len() as f64).clamp(0.15, 0.8);
                for draw in draws {
                    d.curve("draw", along(draw), Stroke::new(color, 0.6).opacity(opacity));
                }
            }
        }
    }
}

/// What comes before `|`: "Madrid|mean" and "Madrid|90 %" are of one color.
fn group(name: &str) -> &str {
    name.split('|').next().unwrap_or(name)
}

/// The longest stretches on which something holds.
fn runs(order: &[usize], holds: impl Fn(usize) -> bool) -> Vec<Vec<usize>> {
    let parts = order.split(|&i| !holds(i));
    parts.filter(|run| !run.is_empty()).map(<[usize]>::to_vec).collect()
}
