//! E f(Y), by double-exponential quadrature or by summation.

use std::f64::consts::FRAC_PI_2;

use super::Law;

/// E f(Y) without what lies within `margin` of the ends, relative to where the median is.
///
/// The integral is split at the median, where a density may have a kink.
///
/// # Source
/// Takahasi and Mori, Double exponential formulas for numerical integration (1974).
pub(super) fn expectation(law: &Law<'_>, margin: f64, f: impl Fn(f64) -> f64) -> f64 {
    if law.likelihood.is_discrete() {
        return summed(law, f);
    }
    let (lower, median, upper) = (law.quantile(0.0), law.quantile(0.5), law.quantile(1.0));
    let (below, above) = (median - law.quantile(0.25), law.quantile(0.75) - median);
    const STEP: f64 = 1.0 / 256.0;
    let mut total = 0.0;
    for i in -1280..=1280 {
        let t = STEP * f64::from(i);
        let (s, ds) = (FRAC_PI_2 * t.sinh(), FRAC_PI_2 * t.cosh());
        for (end, scale, sign) in [(lower, below, -1.0), (upper, above, 1.0)] {
            // An end that is far away is not seen by the nodes near the middle.
            let bounded = (end - median).abs() < 300.0 * scale;
            let (y, dy) = if bounded {
                // The distance to the nearer end keeps its relative accuracy.
                let (width, share) = ((end - median).abs(), 1.0 / (1.0 + (2.0 * s.abs()).exp()));
                let y = if s < 0.0 {
                    median + sign * width * share
                } else {
                    end - sign * width * share
                };
                (y, 2.0 * width * share * (1.0 - share))
            } else {
                (median + sign * scale * s.exp(), scale * s.exp())
            };
            // Far out the factors leave the range of f64 before their product does.
            let weight = (law.log_prob(y) + dy.ln() + ds.ln()).exp();
            let kept = if bounded {
                (end - y).abs() >= margin * (end - median).abs()
            } else {
                (y - median).abs() * margin <= scale
            };
            if kept && weight > 0.0 && lower <= y && y <= upper {
                total += STEP * f(y) * weight;
            }
        }
    }
    total
}

fn summed(law: &Law<'_>, f: impl Fn(f64) -> f64) -> f64 {
    let (first, middle, last) = (law.quantile(0.0), law.quantile(0.5), law.quantile(1.0));
    let mut total = 0.0;
    let mut y = first;
    while y <= last {
        let mass = law.log_prob(y).exp();
        if mass > 0.0 {
            total += f(y) * mass;
        }
        if y > middle && mass < 1e-19 {
            break;
        }
        y += 1.0;
    }
    total
}
