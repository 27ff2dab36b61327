//! Return levels: what is exceeded once in T years.

use crate::dimension::{Dimension, Quantity};
use crate::figure::{Figure, Style};
use crate::series::{Part, Series};
use crate::ticks::Kind;
use crate::{Error, Result};

/// Return levels by return period, with intervals, and the maxima that were observed.
#[derive(Debug, Clone, PartialEq)]
pub struct ReturnLevels {
    /// Return periods, years, above 1.
    pub periods: Vec<f64>,
    /// The level in the middle, the median of its draws.
    pub level: Vec<f64>,
    /// Intervals, the wider ones first, each with its name (`"90 %"`).
    pub intervals: Vec<(String, Vec<f64>, Vec<f64>)>,
    /// One maximum a year, in any order; what is not finite is left out.
    pub observed: Vec<f64>,
    /// What is exceeded.
    pub quantity: Quantity,
}

impl ReturnLevels {
    /// The picture, periods on a logarithmic axis. Observed maxima stand at the period
    /// (n + 1)/rank.
    ///
    /// # Errors
    /// No period, periods of 1 year or less, or columns of different lengths.
    ///
    /// # Source
    /// The plotting position is that of Weibull; Coles (2001), section 2.6.7.
    pub fn draw(&self, style: &Style) -> Result<Figure> {
        if let Some(bad) = self.periods.iter().find(|p| !(**p > 1.0 && p.is_finite())) {
            return Err(Error::data(format!("{bad} is no return period: it must be above 1 year")));
        }
        let n = self.periods.len();
        if self.level.len() != n || n == 0 {
            return Err(Error::data(format!("{} levels do not fit {n} periods", self.level.len())));
        }
        let mut maxima: Vec<f64> =
            self.observed.iter().copied().filter(|v| v.is_finite()).collect();
        maxima.sort_by(|a, b| b.total_cmp(a));
        let count = maxima.len();
        let places = (1..=count).map(|rank| (count + 1) as f64 / rank as f64);
        // Lines go on where an observation stands between two periods.
        let longer = |v: &[f64]| -> Vec<f64> {
            v.iter().copied().chain(places.clone().map(|t| self.between(v, t))).collect()
        };
        let mut parts: Vec<(String, Part)> = Vec::new();
        for (name, lower, upper) in &self.intervals {
            if lower.len() != n || upper.len() != n {
                return Err(Error::data(format!(
                    "the interval {name:?} is not one level a period"
                )));
            }
            let band = Part::Band { lower: longer(lower), upper: longer(upper) };
            parts.push((format!("|{name}"), band));
        }
        let all: Vec<f64> = self.periods.iter().copied().chain(places.clone()).collect();
        parts.push(("|median".into(), Part::Line(longer(&self.level))));
        if count > 0 {
            let nothing = std::iter::repeat_n(f64::NAN, n);
            parts.push(("observed".into(), Part::Points(nothing.chain(maxima).collect())));
        }
        let x = Dimension {
            units: Some("years".into()),
            kind: Kind::Log,
            ..Dimension::numbers("return period", all)
        };
        let y = Quantity::new(
            format!("return level of {}", self.quantity.name),
            self.quantity.units.as_deref(),
        );
        Series { x, y, parts, notes: vec![] }.draw(style)
    }

    /// The value of a column at a period, linear in its logarithm; NaN beyond the ends.
    fn between(&self, column: &[f64], period: f64) -> f64 {
        let mut best = [(f64::NEG_INFINITY, f64::NAN), (f64::INFINITY, f64::NAN)];
        for (&t, &v) in self.periods.iter().zip(column) {
            if t <= period && t > best[0].0 {
                best[0] = (t, v);
            }
            if t >= period && t < best[1].0 {
                best[1] = (t, v);
            }
        }
        let [(low, a), (high, b)] = best;
        let share =
            if high > low { (period.ln() - low.ln()) / (high.ln() - low.ln()) } else { 0.0 };
        a + share * (b - a)
    }
}
