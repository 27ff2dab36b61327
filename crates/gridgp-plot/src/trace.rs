//! Traces: the draws of each chain in their order, beside their densities.

use crate::chains::{Chains, check};
use crate::color;
use crate::density::density;
use crate::dimension::{extent, padded};
use crate::figure::{Figure, Style};
use crate::frame::{self, Frame, LABEL, Side};
use crate::svg::{Anchor, Area, Drawing, Stroke};
use crate::ticks::Kind;
use crate::{Result, font};

/// A row a parameter: at the left the density of each chain, at the right its draws in order.
/// Divergent draws have a mark below. Chains that differ, drift or stand still are not converged.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// The parameters.
    pub parameters: Vec<Chains>,
    /// For each chain, the draws whose trajectory diverged; empty if that is not known.
    pub divergent: Vec<Vec<bool>>,
}

/// More points than a line can show.
const MOST: usize = 800;

impl Trace {
    /// The picture.
    ///
    /// # Errors
    /// No parameter, chains of different lengths, fewer than two draws.
    pub fn draw(&self, style: &Style) -> Result<Figure> {
        let (chains, draws) = check(&self.parameters)?;
        let rows = self.parameters.len() as f64;
        let (width, height) = style.size((24.0 * rows + 8.0).min(240.0))?;
        let mut d = Drawing::new(width, height);
        let page = Area { x: 0.0, y: 0.0, width, height }.shrink(2.0, 1.0, 2.0, 1.0);
        let page = frame::headed(&mut d, style.title.as_deref(), page);
        let every = draws.div_ceil(MOST);
        let mut notes = Vec::new();
        if every > 1 {
            notes.push(format!("one of every {every} draws is shown at the right"));
        }
        let count = self.divergent.iter().flatten().filter(|&&v| v).count();
        if count > 0 {
            notes.push(format!("{count} divergent draws, marked below the traces"));
        }
        let page = frame::noted(&mut d, &notes, page);
        let row = page.height / rows;
        for (i, parameter) in self.parameters.iter().enumerate() {
            let area = Area { y: page.y + i as f64 * row, height: row, ..page };
            let range = padded(
                extent(parameter.draws.iter().flatten().copied()).unwrap_or((0.0, 1.0)),
                0.04,
            );
            let lowest = i + 1 == self.parameters.len();
            let below = if lowest { frame::TICK + LABEL + 9.0 } else { frame::TICK + 5.0 };
            let left = Area { width: 0.36 * area.width, ..area };
            let inside = left.shrink(4.0, LABEL + 4.0, 4.0, below);
            self.draw_densities(&mut d, parameter, inside, range);
            let title = font::fit(&parameter.quantity.label(), LABEL, area.width - 8.0);
            d.text("panel-title", (area.x + 4.0, inside.y - 3.0), LABEL, Anchor::Start, &title);
            let right = Area {
                x: left.right(),
                width: area.width - left.width,
                y: inside.y,
                height: inside.height,
            };
            let label = if lowest { "draw" } else { "" };
            let x = Side::new(Kind::Number, (0.0, (draws - 1) as f64), label);
            let x = Side { numbered: lowest, ..x };
            let y = Side::new(Kind::Number, range, "");
            let inside = right.shrink(24.0, 0.0, 6.0, 0.0);
            let frame = Frame { inside, x, y };
            d.open("trace");
            d.clip(inside);
            for (c, chain) in parameter.draws.iter().enumerate() {
                let points = chain.iter().enumerate().step_by(every);
                let points = points.map(|(k, &v)| frame.at(k as f64, v));
                let stroke = Stroke::new(color::line(c), 0.4).opacity(0.75);
                d.curve("chain", points, stroke);
            }
            d.close();
            for (k, _) in self
                .divergent
                .iter()
                .flat_map(|chain| chain.iter().enumerate().filter(|(_, v)| **v))
            {
                let x = frame.at_x(k as f64);
                let ends = ((x, inside.bottom() - 4.0), (x, inside.bottom()));
                d.line("divergence", ends.0, ends.1, Stroke::new(color::INK, 0.5));
            }
            frame.draw(&mut d);
            d.close();
        }
        let title = style.title.clone().unwrap_or_else(|| format!("traces of {chains} chains"));
        Ok(Figure::new(d, &title))
    }

    fn draw_densities(&self, d: &mut Drawing, p: &Chains, inside: Area, range: (f64, f64)) {
        let grid: Vec<f64> =
            (0..=100).map(|i| range.0 + (range.1 - range.0) * f64::from(i) / 100.0).collect();
        let curves: Vec<Option<Vec<f64>>> =
            p.draws.iter().map(|chain| density(chain, &grid, None)).collect();
        let top = curves.iter().flatten().flatten().fold(0.0f64, |m, v| m.max(*v));
        let y = Side::new(Kind::Number, (0.0, if top > 0.0 { 1.08 * top } else { 1.0 }), "");
        let frame = Frame {
            inside,
            x: Side::new(Kind::Number, range, ""),
            y: Side { only: Some(vec![]), ..y },
        };
        d.open("densities");
        for (c, curve) in curves.iter().enumerate() {
            match curve {
                Some(curve) => {
                    let points = grid.iter().zip(curve).map(|(&x, &v)| frame.at(x, v));
                    d.curve("density", points, Stroke::new(color::line(c), 0.8));
                }
                None => {
                    // A chain that never moved.
                    let x = frame.at_x(p.draws[c][0]);
                    let stroke = Stroke::new(color::line(c), 0.8);
                    d.line("density", (x, inside.y), (x, inside.bottom()), stroke);
                }
            }
        }
        frame.draw(d);
        d.close();
    }
}
