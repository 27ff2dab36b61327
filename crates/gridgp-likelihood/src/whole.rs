//! Quantiles of distributions on the whole numbers.

/// The smallest whole y in [0, `last`] with `cdf(y)` ≥ q; the ends at q = 0 and 1, else NaN.
///
/// `guess` is where the search starts; strides double until y is bracketed, and bisection ends it.
pub(super) fn whole_quantile(q: f64, last: f64, guess: f64, cdf: impl Fn(f64) -> f64) -> f64 {
    if !(0.0..=1.0).contains(&q) || cdf(0.0).is_nan() {
        return f64::NAN;
    } else if q == 0.0 {
        return 0.0;
    } else if q == 1.0 {
        return last;
    }
    first(last, guess, |y| cdf(y) >= q)
}

/// The smallest whole y in [0, `last`] with `sf(y)` ≤ q; the ends at q = 1 and 0, else NaN.
pub(super) fn whole_isf(q: f64, last: f64, guess: f64, sf: impl Fn(f64) -> f64) -> f64 {
    if !(0.0..=1.0).contains(&q) || sf(0.0).is_nan() {
        return f64::NAN;
    } else if q == 1.0 {
        return 0.0;
    } else if q == 0.0 {
        return last;
    }
    first(last, guess, |y| sf(y) <= q)
}

/// The smallest whole y in [0, `last`] that is `enough`, as all larger ones are.
fn first(last: f64, guess: f64, enough: impl Fn(f64) -> bool) -> f64 {
    let guess = if guess.is_finite() { guess.round().clamp(0.0, last.min(9e15)) } else { 0.0 };
    // `low` is too small, and `high` is not.
    let (mut low, mut high);
    let mut stride = 1.0;
    if enough(guess) {
        high = guess;
        loop {
            low = high - stride;
            if low < 0.0 || !enough(low) {
                break;
            }
            high = low;
            stride *= 2.0;
        }
        low = low.max(-1.0);
    } else {
        low = guess;
        loop {
            high = low + stride;
            if high >= last || enough(high) {
                break;
            }
            low = high;
            stride *= 2.0;
        }
        high = high.min(last);
    }
    while high - low > 1.0 {
        let middle = (0.5 * (low + high)).floor();
        // Beyond 2⁵³ neighbors are more than 1 apart.
        if middle <= low || middle >= high {
            break;
        }
        if enough(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

/// Why a y is no count, for messages.
pub(super) fn check_count(y: f64) -> Result<(), String> {
    if y >= 0.0 && y.is_finite() && y.fract() == 0.0 {
        Ok(())
    } else {
        Err("a count is a whole number, 0, 1, 2 …".into())
    }
}

/// Whether y is 0, 1, 2 …
pub(super) fn is_count(y: f64) -> bool {
    y >= 0.0 && y.is_finite() && y.fract() == 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_guess_leads_to_the_smallest_y() {
        let cdf = |y: f64| 1.0 - 0.5f64.powf(y + 1.0);
        for guess in [-5.0, 0.0, 3.0, 40.0, 1e9, f64::NAN, f64::INFINITY] {
            assert_eq!(whole_quantile(0.5, f64::INFINITY, guess, cdf), 0.0);
            assert_eq!(whole_quantile(0.75, f64::INFINITY, guess, cdf), 1.0);
            assert_eq!(whole_quantile(0.7500001, f64::INFINITY, guess, cdf), 2.0);
            assert_eq!(whole_quantile(0.9, 2.0, guess, cdf), 2.0);
        }
        assert!(whole_quantile(f64::NAN, 1.0, 0.0, cdf).is_nan());
    }
}
