//! Prior against posterior: densities of parameters.

use gridgp_dist::{Distribution, Prior};

use crate::color;
use crate::dimension::{Quantity, extent, opened};
use crate::figure::{Figure, Style};
use crate::frame::{self, Frame, Key, LABEL, Mark, Side};
use crate::svg::{Anchor, Area, Color, Drawing, Stroke, path};
use crate::ticks::Kind;
use crate::{Error, Result, font};

/// What is known about a parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Marginal {
    /// Its name and unit.
    pub quantity: Quantity,
    /// Its prior.
    pub prior: Option<Prior>,
    /// Its draws, chain by chain; empty for a mode.
    pub chains: Vec<Vec<f64>>,
    /// Its estimate, where there are no draws.
    pub estimate: Option<f64>,
}

/// A panel a parameter: the prior as a dashed line, the posterior as a filled density, or the
/// estimate as an upright line where there are no draws.
#[derive(Debug, Clone, PartialEq)]
pub struct Densities {
    /// The parameters.
    pub parameters: Vec<Marginal>,
    /// What a reader should know, below the picture.
    pub notes: Vec<String>,
}

impl Densities {
    /// The picture.
    ///
    /// # Errors
    /// No parameter, or one of which nothing is known.
    pub fn draw(&self, style: &Style) -> Result<Figure> {
        if self.parameters.is_empty() {
            return Err(Error::data("there is no free parameter: every one is fixed"));
        }
        let across = ((style.width / 40.0) as usize).clamp(1, 4).min(self.parameters.len());
        let down = self.parameters.len().div_ceil(across);
        let (width, height) = style.size((30.0 * down as f64 + 8.0).min(240.0))?;
        let mut d = Drawing::new(width, height);
        let page = Area { x: 0.0, y: 0.0, width, height }.shrink(2.0, 1.0, 2.0, 1.0);
        let page = frame::headed(&mut d, style.title.as_deref(), page);
        let page = frame::noted(&mut d, &self.notes, page);
        let page = frame::keyed(&mut d, &self.keys(), page);
        let (w, h) = (page.width / across as f64, page.height / down as f64);
        for (i, parameter) in self.parameters.iter().enumerate() {
            let area = Area {
                x: page.x + (i % across) as f64 * w,
                y: page.y + (i / across) as f64 * h,
                width: w,
                height: h,
            };
            parameter.draw_in(&mut d, area)?;
        }
        let title = style.title.clone().unwrap_or_else(|| "prior and posterior".into());
        Ok(Figure::new(d, &title))
    }

    fn keys(&self) -> Vec<Key> {
        let mut keys = Vec::new();
        let any = |f: &dyn Fn(&Marginal) -> bool| self.parameters.iter().any(f);
        if any(&|p| p.prior.is_some()) {
            let stroke = prior_stroke();
            keys.push(Key { name: "prior".into(), mark: Mark::Line(stroke) });
        }
        if any(&|p| !p.chains.is_empty()) {
            keys.push(Key { name: "posterior".into(), mark: Mark::Band(color::line(0), 0.35) });
        }
        if any(&|p| p.estimate.is_some()) {
            let stroke = Stroke::new(color::line(1), 1.1);
            keys.push(Key { name: "estimate (mode)".into(), mark: Mark::Line(stroke) });
        }
        keys
    }
}

/// The density at x, and at the end of the support what it tends to.
fn prior_density(p: &Prior, x: f64, span: f64) -> f64 {
    let (lower, upper) = (p.support().lower(), p.support().upper());
    let inside = 1e-6 * span;
    let x = if (x - lower).abs() < inside {
        lower + inside
    } else if (x - upper).abs() < inside {
        upper - inside
    } else {
        x
    };
    p.log_prob(x).exp()
}

fn prior_stroke() -> Stroke {
    Stroke::new(Color::hex(0x4d4d4d), 0.9).dashed("3 1.5")
}

impl Marginal {
    fn draws(&self) -> Vec<f64> {
        self.chains.iter().flatten().copied().filter(|v| v.is_finite()).collect()
    }

    /// Where the densities are worth seeing.
    fn range(&self, draws: &[f64]) -> Result<(f64, f64)> {
        let prior = self.prior.map(|p| {
            // A heavy tail would press everything else against the other side.
            let (low, high) = (p.quantile(0.01), p.quantile(0.95));
            let support = p.support();
            let low = if support.lower().is_finite() && low - support.lower() < 0.3 * (high - low) {
                support.lower()
            } else {
                low
            };
            let high = if support.upper().is_finite() {
                high
            } else {
                p.quantile(0.98).min(2.0 * high - low)
            };
            (low, high)
        });
        let known = draws.iter().copied().chain(self.estimate);
        let own = extent(known).map(|(low, high)| {
            let margin = 0.1 * (high - low);
            (low - margin, high + margin)
        });
        // Of a wide prior only some is shown, or a posterior that has learned much is a needle.
        let prior = match (prior, own) {
            (Some((a, b)), Some((low, high))) if draws.len() > 1 && high > low => {
                let room = 1.5 * (high - low);
                Some((a.max(low - room), b.min(high + room)))
            }
            (prior, _) => prior,
        };
        let both = prior.into_iter().chain(own).flat_map(|(a, b)| [a, b]);
        match extent(both) {
            Some((low, high)) => Ok(opened(low, high)),
            None => Err(Error::data(format!(
                "nothing is known about {:?}: no prior, no draw, no estimate",
                self.quantity.name
            ))),
        }
    }

    fn draw_in(&self, d: &mut Drawing, area: Area) -> Result<()> {
        let draws = self.draws();
        let (low, high) = self.range(&draws)?;
        let grid: Vec<f64> = (0..=160).map(|i| low + (high - low) * f64::from(i) / 160.0).collect();
        let prior: Option<Vec<f64>> =
            self.prior.map(|p| grid.iter().map(|&x| prior_density(&p, x, high - low)).collect());
        let support = self.prior.map(|p| (p.support().lower(), p.support().upper()));
        let posterior = (draws.len() > 1).then(|| density(&draws, &grid, support)).flatten();
        let title = self.quantity.label();
        let x = Side::new(Kind::Number, (low, high), "");
        let top = |v: &Option<Vec<f64>>| {
            v.as_ref().and_then(|v| extent(v.iter().copied())).map_or(0.0, |e| e.1)
        };
        // A prior that is infinite at its end must not flatten the posterior.
        let highest = match (top(&posterior), top(&prior)) {
            (0.0, p) if p > 0.0 => p,
            (0.0, _) => 1.0,
            (q, p) => q.max(p.min(3.0 * q)),
        };
        let y = Side::new(Kind::Number, (0.0, 1.08 * highest), "");
        let below = font_room();
        let inside = area.shrink(5.0, LABEL + 5.0, 5.0, below);
        let frame = Frame { inside, x, y: Side { only: Some(vec![]), ..y } };
        d.open("panel");
        d.clip(inside);
        let curve = |v: &[f64]| -> Vec<(f64, f64)> {
            grid.iter().zip(v).map(|(&x, &p)| frame.at(x, p)).collect()
        };
        if let Some(q) = &posterior {
            let mut points = curve(q);
            d.curve("posterior", points.clone(), Stroke::new(color::line(0), 1.0));
            points.insert(0, frame.at(low, 0.0));
            points.push(frame.at(high, 0.0));
            d.filled("posterior-area", &path(points, true), color::line(0), 0.35);
        } else if let Some(&v) = draws.first() {
            let ends = (frame.at(v, 0.0), frame.at(v, highest));
            d.line("constant", ends.0, ends.1, Stroke::new(color::line(0), 1.2));
        }
        if let Some(p) = &prior {
            d.curve("prior", curve(p), prior_stroke());
        }
        if let Some(v) = self.estimate {
            let ends = (frame.at(v, 0.0), frame.at(v, 2.0 * highest));
            d.line("estimate", ends.0, ends.1, Stroke::new(color::line(1), 1.1));
        }
        d.close();
        frame.draw(d);
        let text = font::fit(&title, LABEL, area.width - 6.0);
        let at = (inside.x + 0.5 * inside.width, inside.y - 3.0);
        d.text("panel-title", at, LABEL, Anchor::Middle, &text);
        d.close();
        Ok(())
    }
}

fn font_room() -> f64 {
    frame::TICK + 6.0
}

/// A Gaussian kernel estimate of a density, reflected at the ends of its support; `None` if the
/// draws are all the same.
///
/// The bandwidth is 0.9 min(sd, IQR/1.34) n^(−1/5).
///
/// # Source
/// Silverman (1986), Density Estimation, equation 3.31.
pub(crate) fn density(
    draws: &[f64],
    grid: &[f64],
    support: Option<(f64, f64)>,
) -> Option<Vec<f64>> {
    let n = draws.len() as f64;
    let mean = draws.iter().sum::<f64>() / n;
    let sd = (draws.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    let mut sorted = draws.to_vec();
    sorted.sort_by(f64::total_cmp);
    let quantile = |p: f64| sorted[((sorted.len() - 1) as f64 * p).round() as usize];
    let spread = (quantile(0.75) - quantile(0.25)) / 1.34;
    let spread = if spread > 0.0 { spread.min(sd) } else { sd };
    if spread.is_nan() || spread <= 1e-12 * mean.abs().max(f64::MIN_POSITIVE) {
        return None;
    }
    let h = 0.9 * spread * n.powf(-0.2);
    let (lower, upper) = support.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
    let scale = 1.0 / (n * h * (2.0 * std::f64::consts::PI).sqrt());
    // Only draws within 5 bandwidths count, and they lie together.
    let near = |x: f64| -> f64 {
        let from = sorted.partition_point(|&v| v < x - 5.0 * h);
        let to = sorted.partition_point(|&v| v <= x + 5.0 * h);
        sorted[from..to].iter().map(|v| (-0.5 * ((x - v) / h).powi(2)).exp()).sum()
    };
    let at = |&x: &f64| {
        if x < lower || x > upper {
            return 0.0;
        }
        let mut sum = near(x);
        for end in [lower, upper] {
            if end.is_finite() {
                sum += near(2.0 * end - x);
            }
        }
        sum * scale
    };
    Some(grid.iter().map(at).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn densities_integrate_to_one_also_at_an_end() {
        let draws: Vec<f64> =
            (0..2000).map(|i| -(1.0 - (f64::from(i) + 0.5) / 2000.0).ln()).collect();
        let grid: Vec<f64> = (0..4000).map(|i| f64::from(i) * 0.003).collect();
        let q = density(&draws, &grid, Some((0.0, f64::INFINITY))).unwrap();
        let total: f64 = q.iter().sum::<f64>() * 0.003;
        assert!((total - 1.0).abs() < 0.01, "{total}");
        assert!((q[0] - 1.0).abs() < 0.12, "reflection keeps the density at the end: {}", q[0]);
        assert_eq!(density(&[2.0; 10], &grid, None), None);
    }
}
