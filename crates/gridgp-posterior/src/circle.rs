//! Angles: probabilities from a cut of the circle, and a score of them.

use std::f64::consts::{LN_2, PI, TAU};

use gridgp_dist::special::ln_1m_exp;

/// A sum of exponentials, in logarithms.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogSum {
    largest: f64,
    rest: f64,
}

impl LogSum {
    pub const ZERO: Self = Self { largest: f64::NEG_INFINITY, rest: 0.0 };

    pub fn add(&mut self, log: f64) {
        if log > self.largest {
            self.rest = self.rest * (self.largest - log).exp() + 1.0;
            self.largest = log;
        } else if log > f64::NEG_INFINITY {
            self.rest += (log - self.largest).exp();
        }
    }

    pub fn ln(self) -> f64 {
        self.largest + self.rest.ln()
    }
}

/// log(eᵃ + eᵇ).
pub(super) fn ln_plus(a: f64, b: f64) -> f64 {
    let mut sum = LogSum::ZERO;
    sum.add(a);
    sum.add(b);
    sum.ln()
}

/// The logarithms of the probabilities of the arcs from a cut to an angle and from the angle on to
/// the cut, from those before and after the angle and before and after the cut, which start
/// elsewhere.
pub(super) fn ln_arcs(angle: (f64, f64), cut: (f64, f64)) -> (f64, f64) {
    let is_after = if angle.0 < -LN_2 { angle.0 >= cut.0 } else { angle.1 <= cut.1 };
    if is_after {
        (ln_between(cut, angle), ln_plus(angle.1, cut.0))
    } else {
        (ln_plus(angle.0, cut.1), ln_between(angle, cut))
    }
}

/// The logarithm of the probability between two places, from those before and after each.
fn ln_between(first: (f64, f64), second: (f64, f64)) -> f64 {
    let minus = |a: f64, b: f64| if a == f64::NEG_INFINITY { a } else { a + ln_1m_exp(b - a) };
    if second.0 < -LN_2 {
        minus(second.0, first.0)
    } else if first.1 < -LN_2 {
        minus(first.1, second.1)
    } else {
        ln_1m_exp(ln_plus(first.0, second.1))
    }
}

/// E α(Y, y) − ½ E α(Y, Y′) of a weighted sample of angles, α the angle between two; the sample is
/// sorted on the way. Weights sum to 1.
///
/// # Source
/// Grimit, Gneiting, Berrocal and Johnson, The continuous ranked probability score for circular
/// variables (2006), equation (5).
pub(super) fn weighted_crps(sample: &mut [(f64, f64)], y: f64) -> f64 {
    sample.iter_mut().for_each(|(v, _)| *v = v.rem_euclid(TAU));
    sample.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let angle = |v: f64| (v - y - TAU * ((v - y) / TAU).round()).abs();
    let near: f64 = sample.iter().map(|(v, w)| w * angle(*v)).sum();
    // Each pair once, by the half turn that follows its first angle; those of the next turn at `n +`.
    let n = sample.len();
    let at = |j: usize| sample[j % n].0 + if j < n { 0.0 } else { TAU };
    let (mut spread, mut weight, mut moment, mut end) = (0.0, 0.0, 0.0, 0);
    for i in 0..n {
        let (v, w) = (at(i), sample[i].1);
        while end < i + n && (at(end) - v < PI || (end < n && at(end) - v <= PI)) {
            weight += sample[end % n].1;
            moment += sample[end % n].1 * at(end);
            end += 1;
        }
        spread += w * (moment - v * weight);
        weight -= w;
        moment -= w * v;
    }
    near - spread
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_of_a_weighted_sample_is_its_definition() {
        let sample =
            [(3.0f64, 0.2), (-3.1, 0.3), (0.5, 0.1), (0.5, 0.15), (0.5 + PI, 0.05), (2.0, 0.2)];
        for turn in [0.0, 1.0, 2.5, PI, -2.0] {
            let turned: Vec<(f64, f64)> = sample.iter().map(|(v, w)| (v + turn, *w)).collect();
            let angle = |a: f64, b: f64| (a - b).cos().clamp(-1.0, 1.0).acos();
            let y = 3.0 + turn;
            let near: f64 = turned.iter().map(|(v, w)| w * angle(*v, y)).sum();
            let spread: f64 = turned
                .iter()
                .flat_map(|(v, w)| turned.iter().map(move |(u, q)| 0.5 * w * q * angle(*v, *u)))
                .sum();
            let found = weighted_crps(&mut turned.clone(), y);
            approx::assert_relative_eq!(found, near - spread, epsilon = 1e-7);
        }
    }

    #[test]
    fn arcs_add_to_the_circle_and_keep_small_ones() {
        let ln = |f: f64| (f.ln(), (-f).ln_1p());
        for (angle, cut, first) in [(0.7, 0.2, 0.5), (0.1, 0.9, 0.2), (0.95, 0.6, 0.35)] {
            let (a, b) = ln_arcs(ln(angle), ln(cut));
            approx::assert_relative_eq!(a.exp(), first, max_relative = 1e-14);
            approx::assert_relative_eq!(a.exp() + b.exp(), 1.0, max_relative = 1e-14);
        }
        // From a cut where nothing lies: the arcs are the tails.
        let cut = (f64::NEG_INFINITY, 0.0);
        assert_eq!(ln_arcs((-2000.0, 0.0), cut).0, -2000.0);
        assert_eq!(ln_arcs((0.0, -3000.0), cut).1, -3000.0);
    }
}
