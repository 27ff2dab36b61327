//! Rank plots: how the draws of each chain lie among all draws.

use crate::chains::{Chains, check, ranks};
use crate::color;
use crate::dimension::Quantity;
use crate::figure::{Figure, Style};
use crate::frame::{self, Frame, Key, LABEL, Mark, Side};
use crate::svg::{Anchor, Area, Color, Drawing, Stroke, path};
use crate::ticks::Kind;
use crate::{Result, font};

/// A panel a parameter: for each chain, how many of its draws have a rank in each twentieth of all
/// ranks. Chains of the same distribution are level; 95 % of the steps of independent draws lie in
/// the gray band.
///
/// # Source
/// Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), Rank-normalization, folding, and
/// localization, section 4.4.
#[derive(Debug, Clone, PartialEq)]
pub struct RankPlot {
    /// The parameters.
    pub parameters: Vec<Chains>,
}

impl RankPlot {
    /// The picture.
    ///
    /// # Errors
    /// No parameter, chains of different lengths, fewer than two draws.
    pub fn draw(&self, style: &Style) -> Result<Figure> {
        let (chains, draws) = check(&self.parameters)?;
        let across = ((style.width / 40.0) as usize).clamp(1, 4).min(self.parameters.len());
        let down = self.parameters.len().div_ceil(across);
        let (width, height) = style.size((30.0 * down as f64 + 10.0).min(240.0))?;
        let mut d = Drawing::new(width, height);
        let page = Area { x: 0.0, y: 0.0, width, height }.shrink(2.0, 1.0, 2.0, 1.0);
        let page = frame::headed(&mut d, style.title.as_deref(), page);
        let chain_key = |c: usize| Key {
            name: format!("chain {}", c + 1),
            mark: Mark::Line(Stroke::new(color::line(c), 1.0)),
        };
        let keys: Vec<Key> = (0..chains.min(7)).map(chain_key).collect();
        let page = frame::keyed(&mut d, &keys, page);
        let bins = 20.min(draws);
        let all = (chains * draws) as f64;
        let expected = draws as f64 / bins as f64;
        let p = 1.0 / bins as f64;
        let spread =
            1.96 * (draws as f64 * p * (1.0 - p) * (1.0 - 1.0 / chains.max(2) as f64)).sqrt();
        let (w, h) = (page.width / across as f64, page.height / down as f64);
        for (i, parameter) in self.parameters.iter().enumerate() {
            let counts: Vec<Vec<f64>> = ranks(&parameter.draws)
                .iter()
                .map(|chain| {
                    let mut counts = vec![0.0; bins];
                    for r in chain {
                        counts[((r / all * bins as f64) as usize).min(bins - 1)] += 1.0;
                    }
                    counts
                })
                .collect();
            let top = counts.iter().flatten().fold(expected + spread, |m: f64, v| m.max(*v));
            let lowest = i + across >= self.parameters.len();
            let area = Area {
                x: page.x + (i % across) as f64 * w,
                y: page.y + (i / across) as f64 * h,
                width: w,
                height: h,
            };
            let below = frame::TICK + 6.0 + if lowest { LABEL + 3.0 } else { 0.0 };
            let inside =
                area.shrink(if i % across == 0 { 26.0 } else { 16.0 }, LABEL + 5.0, 8.0, below);
            let x = Side::new(Kind::Number, (0.0, all), if lowest { "rank" } else { "" });
            let y = Side::new(
                Kind::Number,
                (0.0, 1.1 * top),
                if i % across == 0 { "draws" } else { "" },
            );
            let frame = Frame { inside, x, y };
            d.open("panel");
            let (low, high) = ((expected - spread).max(0.0), expected + spread);
            let corners = [(0.0, low), (all, low), (all, high), (0.0, high)];
            let corners = corners.map(|(x, y)| frame.at(x, y));
            d.filled("expected", &path(corners, true), Color::hex(0xdddddd), 1.0);
            for (c, counts) in counts.iter().enumerate() {
                let steps = counts.iter().enumerate().flat_map(|(b, &v)| {
                    let (from, to) = (b as f64 / bins as f64, (b + 1) as f64 / bins as f64);
                    [frame.at(from * all, v), frame.at(to * all, v)]
                });
                d.curve("ranks", steps, Stroke::new(color::line(c), 0.8));
            }
            frame.draw(&mut d);
            let name =
                font::fit(&Quantity::new(&*parameter.quantity.name, None).label(), LABEL, w - 8.0);
            let at = (inside.x + 0.5 * inside.width, inside.y - 3.0);
            d.text("panel-title", at, LABEL, Anchor::Middle, &name);
            d.close();
        }
        let title = style.title.clone().unwrap_or_else(|| format!("ranks of {chains} chains"));
        Ok(Figure::new(d, &title))
    }
}
