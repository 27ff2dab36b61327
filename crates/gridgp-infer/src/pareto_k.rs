//! How good an approximation q is as a proposal for the density p.

use gridgp_diagnostics::pareto_smooth;

use super::approximation::Engine;

/// Ratios that differ by less than this are equal: q is p up to rounding.
const EQUAL: f64 = 1e-6;

/// What the ratios p/q of draws from q say about q.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParetoK {
    /// The shape k̂ of the largest ratios. Their moments up to the order 1/k̂ exist; where it is large,
    /// q lacks mass that p has. 0 where all ratios are equal, as they are bounded then; ∞ where
    /// nearly all weight lies in a few draws and nothing could be fitted.
    pub k: f64,
    /// How large k̂ may be for averages with these weights to be right: min(1 − 1/log₁₀ S, 0.7).
    pub threshold: f64,
    /// Effective number of draws after weighting them by smoothed ratios, 1 / Σ w².
    pub ess: f64,
    /// log of the mean smoothed ratio: log ∫ p, consistent where k̂ is below its threshold.
    pub log_evidence: f64,
    /// Number of draws S.
    pub draws: usize,
    /// Draws where p is −∞.
    pub outside: usize,
}

impl ParetoK {
    /// From the log ratios log p − log q of independent draws from q; −∞ outside the support of p.
    ///
    /// Gives also the normalized logs of the smoothed weights, one for each draw.
    ///
    /// # Source
    /// Yao, Vehtari, Simpson and Gelman (2018), Yes, but did it work?, ICML: k̂ as the check of a
    /// variational approximation. Vehtari, Simpson, Gelman, Yao and Gabry (2024), Journal of Machine
    /// Learning Research 25(72): the fit and the threshold.
    ///
    /// ```
    /// use gridgp_infer::ParetoK;
    ///
    /// // Ratios 1/(1 − u) have a tail of shape 1: their mean does not exist.
    /// let log_ratios: Vec<f64> =
    ///     (0..1000).map(|i| -(1.0 - (f64::from(i) + 0.5) / 1000.0).ln()).collect();
    /// let (quality, _) = ParetoK::new(&log_ratios);
    /// assert!(quality.k > 0.8 && !quality.is_good());
    /// ```
    pub fn new(log_ratios: &[f64]) -> (Self, Vec<f64>) {
        let draws = log_ratios.len();
        let inside = |r: &&f64| r.is_finite();
        let outside = draws - log_ratios.iter().filter(inside).count();
        let threshold = (1.0 - 1.0 / (draws.max(2) as f64).log10()).min(0.7);
        let most = log_ratios.iter().copied().filter(|r| r.is_finite()).fold(f64::NAN, f64::max);
        if most.is_nan() {
            let none = f64::NEG_INFINITY;
            let quality =
                Self { k: f64::INFINITY, threshold, ess: 0.0, log_evidence: none, draws, outside };
            return (quality, vec![none; draws]);
        }
        let least = log_ratios.iter().copied().filter(|r| r.is_finite()).fold(most, f64::min);
        // So far below that the weight is 0, yet finite as the smoothing needs it.
        let mut weights: Vec<f64> =
            log_ratios.iter().map(|r| if r.is_finite() { *r } else { most - 2000.0 }).collect();
        let fitted = pareto_smooth(&mut weights, 1.0);
        let k = if most - least <= EQUAL { 0.0 } else { fitted };
        let ess = 1.0 / weights.iter().map(|w| (2.0 * w).exp()).sum::<f64>();
        let log_evidence = log_mean_smoothed(log_ratios, &weights);
        (Self { k, threshold, ess, log_evidence, draws, outside }, weights)
    }

    /// Whether k̂ is below its threshold.
    pub fn is_good(&self) -> bool {
        self.k <= self.threshold
    }

    /// What to do about a large k̂, or about draws outside the support; nothing where all is well.
    pub(super) fn warnings(&self, engine: Engine) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.outside > 0 {
            warnings.push(format!(
                "{} of {} draws of the {engine} are where the log density is -inf: the posterior \
                 ends there and a normal distribution does not; leave these draws out, or sample \
                 with nuts",
                self.outside, self.draws
            ));
        }
        if !self.is_good() {
            let meaning = if self.k > 1.0 {
                "not even the mean of the importance ratios exists, and intervals are likely to be \
                 too narrow"
            } else {
                "weighting its draws does not repair it, and intervals may be too narrow"
            };
            warnings.push(format!(
                "Pareto k of the {engine} is {:.2}, above {:.2} ({:.0} of {} draws effective): \
                 {meaning}; {}",
                self.k,
                self.threshold,
                self.ess,
                self.draws,
                advice(engine)
            ));
        }
        warnings
    }
}

fn advice(engine: Engine) -> &'static str {
    match engine {
        Engine::MeanField => "try the guide low_rank or full_rank, more steps, or nuts",
        Engine::LowRank(_) => "try a higher rank, the guide full_rank, more steps, or nuts",
        Engine::FullRank => "try more steps, or nuts",
        Engine::Pathfinder => "try more paths, svi, or nuts started from these draws",
        Engine::NestedLaplace => {
            "the posterior of the parameters is far from normal: give them priors that say more, or nuts"
        }
        Engine::Laplace => "try svi with the guide full_rank, or nuts started from these draws",
    }
}

/// log of the mean of the smoothed ratios.
///
/// `weights` are the smoothed ratios up to a factor, and the smallest ratio is never smoothed.
fn log_mean_smoothed(log_ratios: &[f64], weights: &[f64]) -> f64 {
    let smallest = log_ratios
        .iter()
        .zip(weights)
        .filter(|(r, _)| r.is_finite())
        .min_by(|a, b| a.0.total_cmp(b.0));
    // Weights sum to 1, so that Σ ratios = ratio / weight.
    smallest.map_or(f64::NEG_INFINITY, |(r, w)| r - w) - (weights.len() as f64).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ratios u^(−k) of evenly spread u have a Pareto tail of shape k.
    fn ratios(k: f64, n: usize) -> Vec<f64> {
        (0..n).map(|i| -k * ((i as f64 + 0.5) / n as f64).ln()).collect()
    }

    #[test]
    fn the_shape_of_the_tail_is_found() {
        for k in [0.3, 0.5, 0.9, 1.5] {
            let (quality, weights) = ParetoK::new(&ratios(k, 4000));
            assert!((quality.k - k).abs() < 0.1, "{k}: {quality:?}");
            assert_eq!(quality.is_good(), k < 0.7);
            approx::assert_relative_eq!(
                weights.iter().map(|w| w.exp()).sum::<f64>(),
                1.0,
                max_relative = 1e-12
            );
        }
    }

    #[test]
    fn the_mean_ratio_is_the_evidence() {
        // ∫ u^(−0.3) du = 1/0.7, times e⁵.
        let shifted: Vec<f64> = ratios(0.3, 4000).iter().map(|r| r + 5.0).collect();
        let (quality, _) = ParetoK::new(&shifted);
        assert!((quality.log_evidence - (5.0 - 0.7f64.ln())).abs() < 0.01, "{quality:?}");
    }

    #[test]
    fn equal_ratios_are_perfect() {
        let (quality, _) = ParetoK::new(&vec![-3.0; 200]);
        assert_eq!((quality.k, quality.outside), (0.0, 0));
        approx::assert_relative_eq!(quality.ess, 200.0, max_relative = 1e-12);
        approx::assert_relative_eq!(quality.log_evidence, -3.0, max_relative = 1e-12);
        assert!(quality.warnings(Engine::Laplace).is_empty());
    }

    #[test]
    fn draws_outside_have_no_weight() {
        let mut log_ratios = ratios(0.3, 1000);
        let (before, _) = ParetoK::new(&log_ratios);
        log_ratios.extend(vec![f64::NEG_INFINITY; 1000]);
        let (after, weights) = ParetoK::new(&log_ratios);
        assert_eq!((after.outside, after.draws), (1000, 2000));
        assert_eq!(weights[1000..].iter().map(|w| w.exp()).sum::<f64>(), 0.0);
        approx::assert_relative_eq!(after.ess, before.ess, max_relative = 0.05);
        assert!((after.log_evidence - before.log_evidence + 2f64.ln()).abs() < 0.05);
        assert!(after.warnings(Engine::MeanField)[0].contains("1000 of 2000 draws"));
    }

    #[test]
    fn nothing_inside_is_infinitely_bad() {
        let (quality, _) = ParetoK::new(&[f64::NEG_INFINITY; 50]);
        assert_eq!((quality.k, quality.ess, quality.outside), (f64::INFINITY, 0.0, 50));
        assert_eq!(quality.warnings(Engine::FullRank).len(), 2);
    }
}
