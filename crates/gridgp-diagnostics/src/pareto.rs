//! Pareto smoothed importance sampling.
//!
//! The largest importance weights are replaced by quantiles of a generalized Pareto distribution
//! fitted to them; its shape k̂ tells whether the weights can be trusted at all.

/// A generalized Pareto distribution, p(x) = (1 + k x / scale)^(−1/k − 1) / scale for x > 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParetoFit {
    /// Shape k. Moments up to the order 1/k exist.
    pub k: f64,
    /// Scale, in the unit of x.
    pub scale: f64,
}

/// Fits a generalized Pareto distribution to exceedances in ascending order.
///
/// The empirical-Bayes estimate of Zhang and Stephens, with a weak prior that draws k to ½ with the
/// weight of ten observations.
///
/// # Source
/// Zhang and Stephens (2009), Technometrics 51, 316–325; Vehtari et al. (2024), Journal of Machine
/// Learning Research 25(72), for the prior.
///
/// ```
/// use gridgp_diagnostics::fit_pareto;
///
/// // Quantiles of a Pareto distribution with k = 0.5 and scale 1.
/// let quantile = |p: f64| ((1.0 - p).powf(-0.5) - 1.0) / 0.5;
/// let x: Vec<f64> = (0..500).map(|i| quantile((f64::from(i) + 0.5) / 500.0)).collect();
/// let fit = fit_pareto(&x);
/// assert!((fit.k - 0.5).abs() < 0.03 && (fit.scale - 1.0).abs() < 0.05);
/// ```
pub fn fit_pareto(sorted: &[f64]) -> ParetoFit {
    let n = sorted.len() as f64;
    let (Some(&largest), true) = (sorted.last(), sorted.len() > 1) else {
        return ParetoFit { k: f64::NAN, scale: f64::NAN };
    };
    let shape = |b: f64| sorted.iter().map(|x| (-b * x).ln_1p()).sum::<f64>() / n;
    let count = 30 + n.sqrt() as usize;
    let quartile = sorted[((n / 4.0 + 0.5) as usize).max(1) - 1];
    // θ of the paper, and its profile log likelihood.
    let grid: Vec<(f64, f64)> = (1..=count)
        .map(|j| {
            let b =
                (1.0 - (count as f64 / (j as f64 - 0.5)).sqrt()) / (3.0 * quartile) + 1.0 / largest;
            let k = shape(b);
            (b, n * ((-b / k).ln() - k - 1.0))
        })
        .collect();
    let most = grid.iter().map(|(_, l)| *l).fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = grid.iter().map(|(_, l)| (l - most).exp()).sum();
    // Weights at the rounding level only add noise.
    let kept = grid.iter().map(|(b, l)| (*b, (l - most).exp() / total));
    let (sum, weight) = kept
        .filter(|(_, w)| *w >= 10.0 * f64::EPSILON)
        .fold((0.0, 0.0), |(sum, weight), (b, w)| (sum + b * w, weight + w));
    let b = sum / weight;
    let k = shape(b);
    ParetoFit { k: (n * k + 5.0) / (n + 10.0), scale: -k / b }
}

impl ParetoFit {
    /// The value below which a part `p` lies, 0 < p < 1.
    pub fn quantile(&self, p: f64) -> f64 {
        let log_above = (-p).ln_1p();
        let standard = if self.k.abs() < f64::EPSILON {
            -log_above
        } else {
            (-self.k * log_above).exp_m1() / self.k
        };
        self.scale * standard
    }
}

/// Smooths log importance weights in place and normalizes them (their exponentials sum to 1);
/// returns k̂.
///
/// The tail are the ⌈min(S/5, 3 √(S / reff))⌉ largest of S weights, where `reff` is the relative
/// efficiency of the draws (1 for independent ones). k̂ is infinite where there are fewer than five
/// distinct weights in the tail, or the fit fails: nothing is smoothed then. Good below
/// min(1 − 1/log₁₀ S, 0.7). Log weights must be finite.
///
/// # Source
/// Vehtari, Simpson, Gelman, Yao and Gabry (2024), Journal of Machine Learning Research 25(72).
pub fn pareto_smooth(log_weights: &mut [f64], reff: f64) -> f64 {
    let s = log_weights.len();
    if s == 0 {
        return f64::INFINITY;
    }
    let most = log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    log_weights.iter_mut().for_each(|w| *w -= most);
    let k = smooth_tail(log_weights, reff).unwrap_or(f64::INFINITY);
    let total = log_weights.iter().map(|w| w.exp()).sum::<f64>().ln();
    log_weights.iter_mut().for_each(|w| *w -= total);
    k
}

/// Smooths log weights whose largest is 0; k̂, unless there is nothing to fit.
fn smooth_tail(log_weights: &mut [f64], reff: f64) -> Option<f64> {
    let s = log_weights.len();
    let length = (s as f64 / 5.0).min(3.0 * (s as f64 / reff).sqrt()).ceil() as usize;
    let mut tail: Vec<(f64, usize)> = log_weights.iter().copied().zip(0..).collect();
    let first = s.checked_sub(length + 1)?;
    let (_, &mut (cutoff, _), _) = tail.select_nth_unstable_by(first, |a, b| a.0.total_cmp(&b.0));
    let cutoff = cutoff.max(f64::MIN_POSITIVE.ln());
    tail.drain(..=first);
    tail.retain(|(w, _)| *w > cutoff);
    if tail.len() <= 4 {
        return None;
    }
    tail.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let threshold = cutoff.exp();
    let exceedances: Vec<f64> = tail.iter().map(|(w, _)| w.exp() - threshold).collect();
    let fit = fit_pareto(&exceedances);
    if !fit.k.is_finite() || fit.scale.is_nan() || fit.scale <= 0.0 {
        return None;
    }
    for (i, (_, place)) in tail.iter().enumerate() {
        let p = (i as f64 + 0.5) / tail.len() as f64;
        // No smoothed weight exceeds the largest raw one.
        log_weights[*place] = (fit.quantile(p) + threshold).ln().min(0.0);
    }
    Some(fit.k)
}

/// log Σ exp x.
pub(super) fn log_sum_exp(x: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = x.clone().fold(f64::NEG_INFINITY, f64::max);
    most + x.map(|x| (x - most).exp()).sum::<f64>().ln()
}
