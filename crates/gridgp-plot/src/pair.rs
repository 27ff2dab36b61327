//! Pair plots: how parameters depend on each other, and where trajectories diverge.

use crate::chains::{Chains, check};
use crate::color;
use crate::density::density;
use crate::dimension::{extent, padded};
use crate::figure::{Figure, Style};
use crate::frame::{self, Frame, Key, Mark, Side};
use crate::svg::{Area, Drawing, Stroke, path, short};
use crate::ticks::Kind;
use crate::{Error, Result};

/// Every parameter against every other, densities on the diagonal; divergent draws lie on top, in
/// orange.
#[derive(Debug, Clone, PartialEq)]
pub struct PairPlot {
    /// At most eight parameters.
    pub parameters: Vec<Chains>,
    /// For each chain, the draws whose trajectory diverged; empty if that is not known.
    pub divergent: Vec<Vec<bool>>,
}

/// More points than one can tell apart.
const MOST: usize = 1500;

impl PairPlot {
    /// The picture.
    ///
    /// # Errors
    /// Fewer than two parameters or more than eight, chains of different lengths, fewer than two
    /// draws.
    pub fn draw(&self, style: &Style) -> Result<Figure> {
        let (chains, draws) = check(&self.parameters)?;
        let n = self.parameters.len();
        if !(2..=8).contains(&n) {
            return Err(Error::data(format!(
                "a pair plot shows from two to eight parameters, not {n}; choose some by name"
            )));
        }
        let (width, height) = style.size((style.width * 0.92).min(180.0))?;
        let mut d = Drawing::new(width, height);
        let page = Area { x: 0.0, y: 0.0, width, height }.shrink(2.0, 1.0, 4.0, 1.0);
        let page = frame::headed(&mut d, style.title.as_deref(), page);
        let flat: Vec<Vec<f64>> =
            self.parameters.iter().map(|p| p.draws.iter().flatten().copied().collect()).collect();
        let diverged: Vec<bool> = self.divergent.iter().flatten().copied().collect();
        let diverged = if diverged.len() == chains * draws { diverged } else { vec![] };
        let every = (chains * draws).div_ceil(MOST);
        let mut notes = Vec::new();
        if every > 1 {
            notes.push(format!("one of every {every} draws is shown as a point"));
        }
        let page = frame::noted(&mut d, &notes, page);
        let keys = [("draw", color::line(0)), ("divergent", color::line(1))];
        let keys = keys.map(|(name, c)| Key { name: name.into(), mark: Mark::Dot(c) });
        let some = diverged.contains(&true);
        let page = if some { frame::keyed(&mut d, &keys, page) } else { page };
        let page = page.shrink(30.0, 2.0, 4.0, 22.0);
        let (w, h) = (page.width / n as f64, page.height / n as f64);
        let range = |i: usize| padded(extent(flat[i].iter().copied()).unwrap_or((0.0, 1.0)), 0.05);
        for row in 0..n {
            for column in 0..=row {
                let inside = Area {
                    x: page.x + column as f64 * w,
                    y: page.y + row as f64 * h,
                    width: w - 4.0,
                    height: h - 4.0,
                };
                let label = |shown: bool, i: usize| match shown {
                    true => self.parameters[i].quantity.label(),
                    false => String::new(),
                };
                let lowest = row + 1 == n;
                let x = Side::new(Kind::Number, range(column), label(lowest, column));
                let x = Side { numbered: lowest, ..x };
                let y = Side::new(Kind::Number, range(row), label(column == 0 && row > 0, row));
                let y = Side { numbered: column == 0 && row > 0, ..y };
                d.open("panel");
                if row == column {
                    self.draw_density(&mut d, &flat[row], inside, x);
                } else {
                    let frame = Frame { inside, x, y };
                    let dot = |i: usize| frame.at(flat[column][i], flat[row][i]);
                    let dots: String = (0..chains * draws)
                        .step_by(every)
                        .map(dot)
                        .map(|(x, y)| format!("M{} {}h0", short(x), short(y)))
                        .collect();
                    // A line of no length with round ends is a dot, in few letters.
                    d.dots("draws", &dots, color::line(0), 1.1, 0.4);
                    for i in (0..diverged.len()).filter(|&i| diverged[i]) {
                        d.circle("divergence", dot(i), 1.0, Some(color::line(1)), None);
                    }
                    frame.draw(&mut d);
                }
                d.close();
            }
        }
        let title = style.title.clone().unwrap_or_else(|| format!("{n} parameters in pairs"));
        Ok(Figure::new(d, &title))
    }

    fn draw_density(&self, d: &mut Drawing, draws: &[f64], inside: Area, x: Side) {
        let grid: Vec<f64> =
            (0..=80).map(|i| x.low + (x.high - x.low) * f64::from(i) / 80.0).collect();
        let curve = density(draws, &grid, None);
        let top = curve.iter().flatten().fold(0.0f64, |m, v| m.max(*v));
        let y = Side::new(Kind::Number, (0.0, if top > 0.0 { 1.1 * top } else { 1.0 }), "");
        let frame = Frame { inside, x, y: Side { only: Some(vec![]), ..y } };
        if let Some(curve) = curve {
            let points: Vec<_> = grid.iter().zip(&curve).map(|(&x, &v)| frame.at(x, v)).collect();
            let ends = [frame.at(grid[80], 0.0), frame.at(grid[0], 0.0)];
            let closed = points.iter().copied().chain(ends);
            d.filled("density-area", &path(closed, true), color::line(0), 0.35);
            d.curve("density", points, Stroke::new(color::line(0), 0.8));
        }
        frame.draw(d);
    }
}
