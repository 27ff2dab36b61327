//! Quantiles of distributions without a closed form.

/// The u with F(u) = `lower` and 1 − F(u) = `upper`, for F increasing on the real line.
///
/// `lower + upper` is 1; both are given, so that a small one is not lost. `tails(u)` returns
/// (F, 1 − F, dF/du), each accurate to its own size. The smaller tail is matched in its logarithm
/// by Newton steps inside a bracket, accurate however far out.
pub(super) fn quantile_root(
    lower: f64,
    upper: f64,
    guess: f64,
    tails: impl Fn(f64) -> (f64, f64, f64),
) -> f64 {
    // Increasing in u, with its slope.
    let mismatch = |u: f64| {
        let (cdf, survival, density) = tails(u);
        if lower <= upper {
            (cdf.ln() - lower.ln(), density / cdf)
        } else {
            (upper.ln() - survival.ln(), density / survival)
        }
    };
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    let mut u = guess;
    let mut stride = 1.0;
    // Bisection alone halves a bracket of any two floats to nothing in fewer steps than this.
    for _ in 0..2200 {
        let (value, slope) = mismatch(u);
        if value < 0.0 {
            low = u;
        } else if value > 0.0 {
            high = u;
        } else {
            return u;
        }
        let newton = u - value / slope;
        let next = if low.is_finite() && high.is_finite() {
            if newton > low && newton < high { newton } else { low + 0.5 * (high - low) }
        } else {
            // A long Newton step on a convex stretch is cut, and the stride doubles.
            stride *= 2.0;
            let step = if newton.is_finite() { (newton - u).abs().min(stride) } else { stride };
            if value < 0.0 { u + step } else { u - step }
        };
        if (next - u).abs() <= f64::EPSILON * u.abs().max(0.5) {
            return next;
        }
        u = next;
    }
    u
}

/// [`quantile_root`] for a variable on (0, ∞), solved in log x; the ends at 0 and 1, else NaN.
///
/// `density(x)` is p(x); `tails(x)` is (F, 1 − F).
pub(super) fn positive_quantile(
    lower: f64,
    upper: f64,
    guess: f64,
    log_density: impl Fn(f64) -> f64,
    tails: impl Fn(f64) -> (f64, f64),
) -> f64 {
    if let Some(end) = at_ends(lower, upper, 0.0, f64::INFINITY) {
        return end;
    }
    quantile_root(lower, upper, guess.ln(), |u| {
        let x = u.exp();
        let (cdf, survival) = tails(x);
        (cdf, survival, (log_density(x) + u).exp())
    })
    .exp()
}

/// The quantile at p = 0, p = 1 and outside [0, 1], where there is nothing to solve.
pub(super) fn at_ends(lower: f64, upper: f64, first: f64, last: f64) -> Option<f64> {
    if lower > 0.0 && upper > 0.0 {
        None
    } else if lower == 0.0 {
        Some(first)
    } else if upper == 0.0 {
        Some(last)
    } else {
        Some(f64::NAN)
    }
}
