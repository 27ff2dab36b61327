//! Mean, standard deviation and quantiles of a quantity over draws, on the line and on the circle.

use std::f64::consts::TAU;

use gridgp_diagnostics::quantile_of_sorted;
use rayon::prelude::*;

/// A quantity at one draw, in every cell.
pub(super) struct Drawn {
    /// Its value; of a new observation one that is drawn.
    pub values: Vec<f64>,
    /// What is known of it given the draw, where that is not the value alone.
    pub law: Option<Law>,
}

/// A distribution in every cell.
pub(super) enum Law {
    /// Means and variances.
    Moments(Vec<f64>, Vec<f64>),
    /// (E cos, E sin) of an angle.
    Resultants(Vec<(f64, f64)>),
}

/// Running moments of every cell.
#[derive(Default)]
pub(super) struct Sums {
    count: f64,
    /// Of the means given the draws: their mean and sum of squared deviations.
    mean: Vec<f64>,
    squares: Vec<f64>,
    /// Sum of the variances given the draws.
    within: Vec<f64>,
    /// Sums of cosines and sines, of an angle.
    resultants: Vec<(f64, f64)>,
}

impl Sums {
    pub fn add(&mut self, drawn: &Drawn) {
        self.count += 1.0;
        match &drawn.law {
            None => self.add_means(&drawn.values),
            Some(Law::Moments(means, variances)) => {
                self.add_means(means);
                self.within.resize(variances.len(), 0.0);
                self.within.iter_mut().zip(variances).for_each(|(sum, v)| *sum += v);
            }
            Some(Law::Resultants(all)) => {
                self.resultants.resize(all.len(), (0.0, 0.0));
                let pairs = self.resultants.iter_mut().zip(all);
                pairs.for_each(|(sum, r)| *sum = (sum.0 + r.0, sum.1 + r.1));
            }
        }
    }

    fn add_means(&mut self, values: &[f64]) {
        self.mean.resize(values.len(), 0.0);
        self.squares.resize(values.len(), 0.0);
        for ((mean, squares), v) in self.mean.iter_mut().zip(&mut self.squares).zip(values) {
            if v.is_finite() && mean.is_finite() {
                let before = v - *mean;
                *mean += before / self.count;
                *squares += before * (v - *mean);
            } else {
                // The mean is infinite with one that is, or does not exist; there is no deviation.
                *mean += v;
                *squares = f64::NAN;
            }
        }
    }

    /// Mean and standard deviation of every cell; NaN where they do not exist, as the deviation of a
    /// single draw.
    ///
    /// By the law of total variance, Var(Y) = Var(E(Y | draw)) + E(Var(Y | draw)). Of angles the mean
    /// direction, in (−π, π], and the circular standard deviation √(−2 log R), R = |E exp(iY)|.
    ///
    /// # Source
    /// Mardia and Jupp, Directional statistics (2000), equations (2.2.2) and (2.3.11).
    pub fn finish(self) -> (Vec<f64>, Vec<f64>) {
        let n = self.count;
        if !self.resultants.is_empty() {
            let only = if n > 1.0 { 0.0 } else { f64::NAN };
            let length = |(cos, sin): &(f64, f64)| (cos.hypot(*sin) / n).min(1.0);
            let sd = |r: &(f64, f64)| (-2.0 * length(r).ln()).max(0.0).sqrt() + only;
            let direction = |(cos, sin): &(f64, f64)| sin.atan2(*cos);
            let all = &self.resultants;
            return (all.iter().map(direction).collect(), all.iter().map(sd).collect());
        }
        let within = self.within.iter().copied().chain(std::iter::repeat(0.0));
        let sd = self.squares.iter().zip(within).map(|(s, w)| (s / (n - 1.0) + w / n).sqrt());
        (self.mean, sd.collect())
    }
}

/// Quantiles of each cell over draws stored draw by draw: level, cell.
///
/// Angles are taken within half a turn of `directions`, one a cell, so that an interval across ±π is
/// one: its ends may lie beyond.
pub(super) fn quantiles(
    draws: &[f64],
    cells: usize,
    levels: &[f64],
    directions: Option<&[f64]>,
) -> Vec<f64> {
    let columns: Vec<Vec<f64>> = (0..if levels.is_empty() { 0 } else { cells })
        .into_par_iter()
        .map(|c| {
            let mut column: Vec<f64> = draws.iter().skip(c).step_by(cells).copied().collect();
            if let Some(directions) = directions {
                let turn = |v: &mut f64| *v -= TAU * ((*v - directions[c]) / TAU).round();
                column.iter_mut().for_each(turn);
            }
            column.sort_unstable_by(f64::total_cmp);
            levels.iter().map(|&p| quantile_of_sorted(&column, p)).collect()
        })
        .collect();
    (0..levels.len()).flat_map(|k| columns.iter().map(move |c| c[k])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(draws: &[f64], law: impl Fn(f64) -> Option<Law>) -> (f64, f64) {
        let mut sums = Sums::default();
        draws.iter().for_each(|&v| sums.add(&Drawn { values: vec![v], law: law(v) }));
        let (mean, sd) = sums.finish();
        (mean[0], sd[0])
    }

    #[test]
    fn variances_are_total() {
        let (mean, sd) = of(&[1.0, 3.0, 5.0], |v| Some(Law::Moments(vec![v], vec![v * v])));
        assert_eq!(mean, 3.0);
        approx::assert_relative_eq!(sd * sd, 4.0 + 35.0 / 3.0, max_relative = 1e-15);
    }

    #[test]
    fn what_is_infinite_is_said_to_be() {
        let infinite = |variance: f64| {
            move |v: f64| Some(Law::Moments(vec![v], vec![if v == 3.0 { variance } else { 1.0 }]))
        };
        assert_eq!(of(&[1.0, 3.0, 5.0], infinite(f64::INFINITY)), (3.0, f64::INFINITY));
        for at in 0..3 {
            let mut draws = [1.0, 3.0, 5.0];
            draws[at] = f64::INFINITY;
            let (mean, sd) = of(&draws, |_| None);
            assert!(mean == f64::INFINITY && sd.is_nan());
            draws[at] = f64::NAN;
            let (mean, sd) = of(&draws, |_| None);
            assert!(mean.is_nan() && sd.is_nan());
        }
        let (mean, sd) = of(&[2.0], |_| None);
        assert!(mean == 2.0 && sd.is_nan(), "one draw has no deviation");
    }

    #[test]
    fn angles_go_round() {
        use std::f64::consts::PI;
        let angle = |v: f64| Some(Law::Resultants(vec![(v.cos(), v.sin())]));
        // The same three angles around 0 and around π.
        let (near, far) = ([-0.1, 0.0, 0.3], [PI - 0.1, -PI, 0.3 - PI]);
        let (zero, pi) = (of(&near, angle), of(&far, angle));
        approx::assert_relative_eq!(zero.1, pi.1, max_relative = 1e-9);
        let turned = (pi.0 - zero.0).abs();
        approx::assert_relative_eq!(turned, PI, max_relative = 1e-12);
        let around = quantiles(&far, 1, &[0.0, 0.5, 1.0], Some(&[pi.0]));
        approx::assert_relative_eq!(around[2] - around[0], 0.4, max_relative = 1e-12);
        approx::assert_relative_eq!(around[1] - around[0], 0.1, max_relative = 1e-12);
    }
}
