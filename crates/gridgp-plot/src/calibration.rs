//! Calibration: whether predictions are as sure as they say.

use gridgp_dist::{Distribution, Normal};

use crate::color::{self, INK};
use crate::dimension::extent;
use crate::figure::{Figure, Style};
use crate::frame::{self, Frame, Side};
use crate::svg::{Area, Color, Drawing, Stroke, path};
use crate::ticks::Kind;
use crate::{Error, Result};

/// Probability integral transforms, u = F(y) with F the predictive distribution of each
/// observation: uniform on (0, 1) where predictions are calibrated.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// A value an observation; what is not finite is left out.
    pub pit: Vec<f64>,
    /// What a reader should know: whether the observations were part of the fit.
    pub notes: Vec<String>,
}

impl Calibration {
    fn values(&self) -> Result<Vec<f64>> {
        let u: Vec<f64> = self.pit.iter().copied().filter(|v| v.is_finite()).collect();
        if u.is_empty() {
            return Err(Error::data("there is no observation to compare with its prediction"));
        }
        if let Some(bad) = u.iter().find(|v| !(0.0..=1.0).contains(*v)) {
            return Err(Error::data(format!("{bad} is no probability")));
        }
        Ok(u)
    }

    fn begin(&self, style: &Style, height: f64) -> Result<(Drawing, Area)> {
        let (width, height) = style.size(height)?;
        let mut d = Drawing::new(width, height);
        let page = Area { x: 0.0, y: 0.0, width, height }.shrink(2.0, 1.0, 2.0, 1.0);
        let page = frame::headed(&mut d, style.title.as_deref(), page);
        let page = frame::noted(&mut d, &self.notes, page);
        Ok((d, page))
    }

    /// The histogram of u with the band that 95 % of the bars of a calibrated prediction lie in.
    ///
    /// A hump says that predictions are too wide, a valley that they are too narrow.
    ///
    /// # Errors
    /// No observation, or values that are no probabilities.
    pub fn histogram(&self, style: &Style) -> Result<Figure> {
        let u = self.values()?;
        let bins = ((u.len() as f64 / 10.0).sqrt() * 2.0).clamp(4.0, 20.0) as usize;
        let mut counts = vec![0.0; bins];
        for v in &u {
            counts[((v * bins as f64) as usize).min(bins - 1)] += 1.0;
        }
        // Densities, so that 1 is the target whatever the number of observations.
        let unit = bins as f64 / u.len() as f64;
        let p = 1.0 / bins as f64;
        let spread = 1.96 * (u.len() as f64 * p * (1.0 - p)).sqrt() * unit;
        let top = counts.iter().fold(1.0 + spread, |m: f64, c| m.max(c * unit));
        let (mut d, page) = self.begin(style, 55.0)?;
        let x = Side::new(Kind::Number, (0.0, 1.0), "probability below the observation");
        let y = Side::new(Kind::Number, (0.0, 1.08 * top), "density");
        let frame = Frame::new(page, x, y);
        let band =
            [(0.0, 1.0 - spread), (1.0, 1.0 - spread), (1.0, 1.0 + spread), (0.0, 1.0 + spread)];
        let band = band.map(|(x, y)| frame.at(x, y.max(0.0)));
        d.filled("expected", &path(band, true), Color::hex(0xdddddd), 1.0);
        for (i, count) in counts.iter().enumerate() {
            let (left, right) = (i as f64 / bins as f64, (i + 1) as f64 / bins as f64);
            let (x, y) = frame.at(left, count * unit);
            let area =
                Area { x, y, width: frame.at_x(right) - x, height: frame.inside.bottom() - y };
            let edge = Stroke::new(color::line(0), 0.7);
            d.rect("bin", area, None, Some(edge));
            let corners =
                [(x, y), (area.right(), y), (area.right(), area.bottom()), (x, area.bottom())];
            d.filled("bin-area", &path(corners, true), color::line(0), 0.35);
        }
        let ends = (frame.at(0.0, 1.0), frame.at(1.0, 1.0));
        d.line("uniform", ends.0, ends.1, Stroke::new(INK, 0.6).dashed("3 2"));
        frame.draw(&mut d);
        let title = style.title.clone().unwrap_or_else(|| "PIT histogram".into());
        Ok(Figure::new(d, &title))
    }

    /// Normal scores of u against those of as many even probabilities: on the line where
    /// predictions are calibrated. The band holds 95 % of the points of a calibrated prediction,
    /// each by itself.
    ///
    /// # Errors
    /// As [`Calibration::histogram`].
    pub fn qq(&self, style: &Style) -> Result<Figure> {
        let mut u = self.values()?;
        u.sort_by(f64::total_cmp);
        let n = u.len();
        let standard = Normal::new(0.0, 1.0).map_err(Error::data)?;
        // The ends would be infinite.
        let floor = 1e-12;
        let score = |p: f64| standard.quantile(p.clamp(floor, 1.0 - floor));
        let even = |i: usize| (i as f64 + 0.5) / n as f64;
        let points: Vec<(f64, f64)> = (0..n).map(|i| (score(even(i)), score(u[i]))).collect();
        let both = points.iter().flat_map(|p| [p.0, p.1]);
        let most = extent(both).map_or(1.0, |(a, b)| a.abs().max(b.abs())).max(2.5) * 1.05;
        let (mut d, page) = self.begin(style, 72.0)?;
        let side = |label: &str| Side::new(Kind::Number, (-most, most), label);
        let frame =
            Frame::new(page, side("expected (normal score)"), side("observed (normal score)"));
        d.clip(frame.inside);
        // Order statistics of uniforms have a beta distribution, nearly normal in the middle.
        let edge = |p: f64, sign: f64| {
            let sd = (p * (1.0 - p) / (n as f64 + 2.0)).sqrt();
            score((p + sign * 1.96 * sd).clamp(0.25 / n as f64, 1.0 - 0.25 / n as f64))
        };
        let grid: Vec<f64> = (0..=120).map(|i| score(even(i * (n - 1) / 120))).collect();
        let chances: Vec<f64> = (0..=120).map(|i| even(i * (n - 1) / 120)).collect();
        let upper = grid.iter().zip(&chances).map(|(&x, &p)| frame.at(x, edge(p, 1.0)));
        let lower = grid.iter().zip(&chances).rev().map(|(&x, &p)| frame.at(x, edge(p, -1.0)));
        d.filled("expected", &path(upper.chain(lower), true), Color::hex(0xdddddd), 1.0);
        let ends = (frame.at(-most, -most), frame.at(most, most));
        d.line("uniform", ends.0, ends.1, Stroke::new(INK, 0.6).dashed("3 2"));
        // All of the tails, and a thousand of the middle.
        let every = n.div_ceil(1000);
        for (i, &(x, y)) in points.iter().enumerate() {
            if i < 50 || i + 50 >= n || i % every == 0 {
                d.circle("quantile", frame.at(x, y), 0.9, Some(color::line(0)), None);
            }
        }
        d.close();
        frame.draw(&mut d);
        let title = style.title.clone().unwrap_or_else(|| "QQ plot".into());
        Ok(Figure::new(d, &title))
    }
}
