//! From values to colors, with the bar that says which.

use crate::color::{ColorMap, INK, MISSING};
use crate::dimension::{Quantity, extent, opened};
use crate::figure::Style;
use crate::frame::{LABEL, TICK};
use crate::svg::{Anchor, Area, Color, Drawing, Stroke, path};
use crate::ticks::Kind;
use crate::{Error, Result, font};

/// How the limits of colors are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Range {
    /// From the lowest to the highest value.
    #[default]
    Values,
    /// The same to both sides of zero: residuals, differences.
    AroundZero,
}

/// A map from values to colors.
#[derive(Debug, Clone)]
pub(crate) struct ColorScale {
    map: ColorMap,
    /// `None` where no value is there to be shown.
    limits: Option<(f64, f64)>,
    /// Whether values lie below and above the limits.
    beyond: (bool, bool),
    missing: bool,
    label: String,
}

/// How wide bar, numbers and name are.
const BAR: f64 = 7.0;

impl ColorScale {
    /// For these values; one that is not finite is missing.
    pub fn new(
        values: impl Iterator<Item = f64> + Clone,
        quantity: &Quantity,
        range: Range,
        style: &Style,
    ) -> Result<Self> {
        let found = extent(values.clone());
        let missing = values.clone().any(|v| !v.is_finite());
        let around_zero = range == Range::AroundZero;
        let map =
            style.colors.unwrap_or(if around_zero { ColorMap::BlueRed } else { ColorMap::Viridis });
        let limits = match (style.limits, found) {
            (Some((low, high)), _) => {
                if map.is_diverging() && (low + high).abs() > 1e-9 * (high - low) {
                    return Err(Error::data(format!(
                        "the limits {low} and {high} are not the same distance from zero, which \
                         the middle of these colors means; choose limits such as {},{} or the \
                         colors viridis",
                        -low.abs().max(high.abs()),
                        low.abs().max(high.abs())
                    )));
                }
                Some((low, high))
            }
            (None, Some((low, high))) if map.is_diverging() => {
                let most = low.abs().max(high.abs());
                Some(if most > 0.0 { (-most, most) } else { (-1.0, 1.0) })
            }
            (None, found) => found.map(|(low, high)| opened(low, high)),
        };
        let beyond = match (limits, found) {
            (Some((low, high)), Some((lowest, highest))) => (lowest < low, highest > high),
            _ => (false, false),
        };
        Ok(Self { map, limits, beyond, missing, label: quantity.label() })
    }

    /// The color of a value.
    pub fn at(&self, value: f64) -> Color {
        match self.limits {
            // In steps finer than the eye, so that neighbors can be one mark; zero stays white.
            Some((low, high)) if value.is_finite() => {
                let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
                self.map.at((t * 256.0).round() / 256.0)
            }
            _ => MISSING,
        }
    }

    /// Says in the key what gray means, or leaves it out.
    pub fn missing_if(&mut self, missing: bool) {
        self.missing = missing;
    }

    /// How much room the bar needs at the right of a picture of this height.
    pub fn room(&self, height: f64) -> f64 {
        let Some((low, high)) = self.limits else {
            return key_room();
        };
        let ticks = Kind::Number.ticks(low, high, most(height));
        let widest = ticks.iter().map(|t| font::width(&t.label, TICK)).fold(0.0, f64::max);
        let name = if self.label.is_empty() { 0.0 } else { LABEL + 4.0 };
        let bar = BAR + 5.0 + widest + name + 2.0;
        if self.missing { bar.max(key_room()) } else { bar }
    }

    /// The bar with its left edge at the left of an area, and what gray means.
    pub fn draw(&self, d: &mut Drawing, area: Area) {
        let mut bar = Area { width: BAR, ..area };
        let thin = Stroke::new(INK, 0.5);
        if self.missing {
            let y = area.bottom() - BAR;
            d.rect("missing-key", Area { y, height: BAR, ..bar }, Some(MISSING), Some(thin));
            // Below the name of the bar, which ends above.
            let at = (bar.right() + 2.5, y + 0.5 * BAR + 0.35 * TICK);
            d.text("missing-label", at, TICK, Anchor::Start, "missing");
            bar.height -= BAR + 5.0;
        }
        let Some((low, high)) = self.limits else { return };
        for (over, top) in [(self.beyond.1, true), (self.beyond.0, false)] {
            if over {
                let (base, tip, t) = if top {
                    bar = bar.shrink(0.0, 6.0, 0.0, 0.0);
                    (bar.y, bar.y - 6.0, 1.0)
                } else {
                    bar.height -= 6.0;
                    (bar.bottom(), bar.bottom() + 6.0, 0.0)
                };
                let corners = [(bar.x, base), (bar.right(), base), (bar.x + 0.5 * BAR, tip)];
                let d_path = path(corners, true);
                let class = if top { "above-limits" } else { "below-limits" };
                d.filled(class, &d_path, self.map.at(t), 1.0);
                d.stroked(class, &d_path, thin);
            }
        }
        d.gradient("color-bar", bar, &self.map.stops());
        d.rect("color-bar-frame", bar, None, Some(thin));
        let mut widest = 0.0f64;
        for tick in Kind::Number.ticks(low, high, most(bar.height)) {
            let y = bar.bottom() - (tick.at - low) / (high - low) * bar.height;
            d.line("color-mark", (bar.right(), y), (bar.right() + 2.0, y), thin);
            let at = (bar.right() + 3.5, y + 0.35 * TICK);
            d.text("color-tick", at, TICK, Anchor::Start, &tick.label);
            widest = widest.max(font::width(&tick.label, TICK));
        }
        if !self.label.is_empty() {
            let text = font::fit(&self.label, LABEL, bar.height + 12.0);
            let x = bar.right() + 3.5 + widest + 2.0 + LABEL;
            d.upright("color-label", (x, bar.y + 0.5 * bar.height), LABEL, &text);
        }
    }
}

/// The width of the key to missing values.
fn key_room() -> f64 {
    BAR + 2.5 + font::width("missing", TICK) + 2.0
}

fn most(height: f64) -> usize {
    (height / 16.0).clamp(2.0, 8.0) as usize
}
