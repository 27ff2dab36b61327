//! A line search that pays once for each point, crosses walls and survives round-off.

use gridgp_density::LogDensity;

use super::history::dot;

/// Values closer than this fraction of their size are taken as equal: each may be off by 10⁻⁹ of
/// itself after a large, badly conditioned factorization.
pub(super) const ROUND_OFF: f64 = 2e-9;
/// Decrease demanded of a step, as a fraction of what the slope promises.
const DECREASE: f64 = 1e-4;
/// The slope must fall to this fraction of the slope at the start.
const CURVATURE: f64 = 0.9;
/// The same, upwards, where values are equal up to round-off: 1 − 2δ of Hager and Zhang, δ = 0.1.
const CURVATURE_FLAT: f64 = 0.8;
const MAX_TRIALS: usize = 20;

/// Minus a log density, so that the rest of this module can be read beside the literature.
pub(super) struct Objective<D> {
    pub(super) density: D,
    pub(super) evaluations: usize,
    /// How many of them were outside the support.
    pub(super) outside: usize,
}

/// A point with minus the log density and minus its gradient there.
#[derive(Clone)]
pub(super) struct Point {
    pub(super) x: Vec<f64>,
    pub(super) value: f64,
    pub(super) gradient: Vec<f64>,
    /// Values nearer than this are taken as equal.
    pub(super) accuracy: f64,
}

impl Point {
    pub(super) fn new(x: Vec<f64>) -> Self {
        let gradient = vec![0.0; x.len()];
        Self { x, value: f64::INFINITY, gradient, accuracy: 0.0 }
    }

    /// Largest |entry| of the gradient, infinite outside the support.
    pub(super) fn gradient_norm(&self) -> f64 {
        if self.value.is_finite() {
            self.gradient.iter().fold(0.0, |norm, g| g.abs().max(norm))
        } else {
            f64::INFINITY
        }
    }
}

impl<D: LogDensity> Objective<D> {
    /// Evaluates at `point.x`. Whatever is not finite counts as outside the support, +∞: one NaN
    /// that passed here would decide every later comparison.
    pub(super) fn evaluate(&mut self, point: &mut Point) {
        self.evaluations += 1;
        point.value = -self.density.log_density_gradient(&point.x, &mut point.gradient);
        point.gradient.iter_mut().for_each(|g| *g = -*g);
        if !point.value.is_finite() || point.gradient.iter().any(|g| !g.is_finite()) {
            point.value = f64::INFINITY;
            self.outside += 1;
        }
        let round_off = ROUND_OFF * point.value.abs().max(1.0);
        point.accuracy = round_off.max(self.density.standard_error());
    }
}

/// What one evaluation says about the line: φ(t) and φ'(t) for x + t d.
#[derive(Clone, Copy)]
struct Sample {
    step: f64,
    value: f64,
    slope: f64,
}

/// Searches from `from` along the descent direction `direction`, first at `step`; the point found
/// is left in `trial`, and `spare` is scratch. False where no lower point was found.
///
/// With φ(t) = f(x + t d), a step is accepted where
/// - φ(t) ≤ φ(0) + 10⁻⁴ t φ'(0) and |φ'(t)| ≤ 0.9 |φ'(0)| (strong Wolfe), or
/// - φ(t) ≤ φ(0) + ε and 0.9 φ'(0) ≤ φ'(t) ≤ −0.8 φ'(0) (approximate Wolfe, slopes only: near
///   the optimum differences of values are round-off while slopes still have digits), or
/// - the first inequality holds and a longer step was outside the support, where no step need
///   satisfy the others.
///
/// An interval from `low` (slope negative, value not above the start) to `high` (slope positive, or
/// value above the start, or outside the support) holds such a step and shrinks with each trial.
///
/// # Source
///
/// Hager and Zhang (2005), SIAM J. Optim. 16, 170–192, section 4: the approximate Wolfe
/// conditions and what holds at the ends of the interval. The cubic is Nocedal and Wright (2006), equation 3.59.
pub(super) fn search<D: LogDensity>(
    objective: &mut Objective<D>,
    from: &Point,
    direction: &[f64],
    mut step: f64,
    trial: &mut Point,
    spare: &mut Point,
) -> bool {
    let start = Sample { step: 0.0, value: from.value, slope: dot(&from.gradient, direction) };
    // By round-off alone: then the history is of no more use.
    if start.slope >= 0.0 {
        return false;
    }
    let round_off = from.accuracy;
    let (mut behind, mut low) = (start, start);
    let mut high = Sample { step: f64::INFINITY, value: f64::INFINITY, slope: f64::INFINITY };
    for _ in 0..MAX_TRIALS {
        for ((t, x), d) in trial.x.iter_mut().zip(&from.x).zip(direction) {
            *t = x + step * d;
        }
        if trial.x == from.x {
            break;
        }
        objective.evaluate(trial);
        let here = Sample { step, value: trial.value, slope: dot(&trial.gradient, direction) };

        let width = high.step - low.step;
        let inside = here.value.is_finite();
        let lower = here.value <= start.value + DECREASE * step * start.slope;
        let not_above = inside && here.value <= start.value + round_off;
        let turned = here.slope >= CURVATURE * start.slope;
        let wall = high.step.is_finite() && high.value == f64::INFINITY;
        if lower && (wall || (turned && here.slope <= -CURVATURE * start.slope))
            || not_above && turned && here.slope <= -CURVATURE_FLAT * start.slope
        {
            return true;
        }
        if not_above && here.slope < 0.0 {
            (behind, low) = (low, here);
            std::mem::swap(trial, spare);
        } else {
            high = if inside { here } else { Sample { value: f64::INFINITY, ..here } };
        }
        step = if high.step == f64::INFINITY {
            expand(behind, low)
        } else {
            contract(low, high, width, round_off)
        };
    }
    std::mem::swap(trial, spare);
    low.step > 0.0 && low.value < start.value
}

/// A longer step: where the secant of the slopes vanishes, two to five times as far.
fn expand(behind: Sample, low: Sample) -> f64 {
    let ahead = low.slope / (behind.slope - low.slope);
    let ahead = if ahead >= 0.0 { ahead.clamp(1.0, 4.0) } else { 4.0 };
    low.step + ahead * (low.step - behind.step)
}

/// A step between `low` and `high`, whose distance was `before` one trial ago.
fn contract(low: Sample, high: Sample, before: f64, round_off: f64) -> f64 {
    let width = high.step - low.step;
    if high.value == f64::INFINITY {
        return low.step + 0.25 * width;
    }
    let part = if width > 0.66 * before {
        0.5
    } else if (high.value - low.value).abs() > round_off {
        cubic_minimum(low, high)
    } else {
        low.slope / (low.slope - high.slope)
    };
    low.step + width * if part.is_finite() { part.clamp(0.05, 0.95) } else { 0.5 }
}

/// Where between `low` (0) and `high` (1) the cubic through both values and slopes is least.
fn cubic_minimum(low: Sample, high: Sample) -> f64 {
    let width = high.step - low.step;
    let d1 = low.slope + high.slope - 3.0 * (high.value - low.value) / width;
    let d2 = (d1 * d1 - low.slope * high.slope).sqrt();
    1.0 - (high.slope + d2 - d1) / (high.slope - low.slope + 2.0 * d2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// t³ − 3t has its minimum at 1, in the middle of [−1/2, 5/2].
    #[test]
    fn the_cubic_is_exact_on_cubics() {
        let at = |step: f64| Sample {
            step,
            value: step.powi(3) - 3.0 * step,
            slope: 3.0 * step * step - 3.0,
        };
        approx::assert_relative_eq!(cubic_minimum(at(-0.5), at(2.5)), 0.5, max_relative = 1e-14);
    }
}
