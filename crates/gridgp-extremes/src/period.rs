//! Risk over a period of years whose parameters change.

use super::return_level::{exceedance, log_no_exceedance, return_level};

/// P(at least one of the block maxima exceeds `level`) = 1 − ∏ₜ Fₜ(level).
///
/// `parameters` has [location, scale, shape] of each year of the period; years are independent
/// given them.
pub fn exceedance_over(parameters: &[[f64; 3]], level: f64) -> f64 {
    0.0 - log_none(parameters, level).exp_m1()
}

/// Σₜ log Fₜ(level).
fn log_none(parameters: &[[f64; 3]], level: f64) -> f64 {
    parameters.iter().map(|&[m, s, x]| log_no_exceedance(m, s, x, level)).sum()
}

/// The design-life level: what is exceeded at least once in the period with probability `risk`.
///
/// `parameters` has [location, scale, shape] of each year from T₁ to T₂. With constant parameters
/// and T years it is the return level of the period 1/(1 − (1 − risk)^(1/T)).
///
/// # Errors
/// A period without years, a risk outside of (0, 1), parameters that are not finite or a scale that
/// is not positive.
///
/// # Source
/// Rootzén and Katz, Design life level: quantifying risk in a changing climate (2013).
///
/// # Example
/// ```
/// use gridgp_extremes::{design_life_level, exceedance_over};
///
/// // The location rises by 0.03 a year for 50 years.
/// let years: Vec<_> = (0..50).map(|t| [34.5 + 0.03 * f64::from(t), 1.8, 0.1]).collect();
/// let level = design_life_level(&years, 0.1)?;
/// assert!((exceedance_over(&years, level) - 0.1).abs() < 1e-12);
/// # Ok::<(), String>(())
/// ```
pub fn design_life_level(parameters: &[[f64; 3]], risk: f64) -> Result<f64, String> {
    check(parameters)?;
    if !(risk > 0.0 && risk < 1.0) {
        return Err(format!("the risk {risk} is not a probability between 0 and 1"));
    }
    // Each year's level of its share of the risk; the common level lies between the extremes.
    let share = (-risk).ln_1p() / parameters.len() as f64;
    let period = -1.0 / share.exp_m1();
    let target = (-risk).ln_1p();
    Ok(between_years(parameters, period, |level| log_none(parameters, level) >= target))
}

/// The level of equivalent reliability: over the design life it is survived with the probability
/// with which a stationary climate survives the return level of `period` for as many years,
/// (1 − 1/period)ᵀ.
///
/// `parameters` has [location, scale, shape] of each of the T years. It is the
/// [`design_life_level`] of the risk 1 − (1 − 1/period)ᵀ, and the return level itself where nothing
/// changes.
///
/// # Errors
/// As for [`design_life_level`]; a period that is not above 1.
///
/// # Source
/// Liang et al. (2016), who introduced equivalent reliability.
pub fn equivalent_reliability(parameters: &[[f64; 3]], period: f64) -> Result<f64, String> {
    check(parameters)?;
    check_period(period)?;
    let target = parameters.len() as f64 * (-1.0 / period).ln_1p();
    Ok(between_years(parameters, period, |level| log_none(parameters, level) >= target))
}

/// The level with T/period expected exceedances in T years: Σₜ P(Yₜ > level) = T/period.
///
/// # Errors
/// As for [`equivalent_reliability`].
pub fn expected_exceedances_level(parameters: &[[f64; 3]], period: f64) -> Result<f64, String> {
    check(parameters)?;
    check_period(period)?;
    let expected =
        |level: f64| parameters.iter().map(|&[m, s, x]| exceedance(m, s, x, level)).sum::<f64>();
    let target = parameters.len() as f64 / period;
    Ok(between_years(parameters, period, |level| expected(level) <= target))
}

fn check(parameters: &[[f64; 3]]) -> Result<(), String> {
    if parameters.is_empty() {
        return Err("the period has no years".into());
    }
    let bad = |p: &[f64; 3]| !(p.iter().all(|v| v.is_finite()) && p[1] > 0.0);
    match parameters.iter().position(bad) {
        Some(i) => Err(format!(
            "year {} of the period has location, scale, shape {:?}; they must be finite, the scale positive",
            i + 1,
            parameters[i]
        )),
        None => Ok(()),
    }
}

fn check_period(period: f64) -> Result<(), String> {
    if period > 1.0 && period < f64::INFINITY {
        Ok(())
    } else {
        Err(format!("the return period {period} is not above 1 block"))
    }
}

/// The lowest level that is safe, where being safe is increasing in the level, by bisection between
/// the lowest and the highest return level of the years, to the last digit.
///
/// If every year had the climate of the year with the highest level, that level would be safe; and
/// the lowest one is not safe unless all years are alike. Bisection cannot fail on such a bracket,
/// whatever the flat stretches beyond an upper end.
fn between_years(parameters: &[[f64; 3]], period: f64, is_safe: impl Fn(f64) -> bool) -> f64 {
    let levels = parameters.iter().map(|&[m, s, x]| return_level(m, s, x, period));
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for level in levels {
        low = low.min(level);
        high = high.max(level);
    }
    // An infinite level: the tail is beyond f64.
    if !(low.is_finite() && high.is_finite()) {
        return high;
    }
    loop {
        let middle = low + 0.5 * (high - low);
        if middle <= low || middle >= high {
            return high;
        }
        if is_safe(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rising(shape: f64) -> Vec<[f64; 3]> {
        (0..40).map(|t| [30.0 + 0.05 * f64::from(t), 2.0, shape]).collect()
    }

    #[test]
    fn a_constant_climate_has_its_return_level() {
        for shape in [-0.3, 0.0, 0.2] {
            let years = vec![[30.0, 2.0, shape]; 40];
            let level = return_level(30.0, 2.0, shape, 100.0);
            for found in [
                equivalent_reliability(&years, 100.0).unwrap(),
                expected_exceedances_level(&years, 100.0).unwrap(),
                design_life_level(&years, 1.0 - 0.99f64.powi(40)).unwrap(),
            ] {
                approx::assert_relative_eq!(found, level, max_relative = 1e-12);
            }
        }
    }

    #[test]
    fn levels_keep_what_they_promise() {
        for shape in [-0.3, 0.0, 0.2, 0.8] {
            let years = rising(shape);
            for risk in [1e-6, 0.1, 0.63, 0.999] {
                let level = design_life_level(&years, risk).unwrap();
                approx::assert_relative_eq!(
                    exceedance_over(&years, level),
                    risk,
                    max_relative = 1e-9
                );
            }
            let level = equivalent_reliability(&years, 50.0).unwrap();
            let reliability = 1.0 - exceedance_over(&years, level);
            approx::assert_relative_eq!(reliability, 0.98f64.powi(40), max_relative = 1e-12);
            let level = expected_exceedances_level(&years, 50.0).unwrap();
            let expected: f64 = years.iter().map(|&[m, s, x]| exceedance(m, s, x, level)).sum();
            approx::assert_relative_eq!(expected, 40.0 / 50.0, max_relative = 1e-10);
        }
    }

    /// In a rising climate the level lies between those of the first and of the last year.
    #[test]
    fn levels_lie_between_first_and_last_year() {
        let years = rising(0.1);
        let level = equivalent_reliability(&years, 100.0).unwrap();
        assert!(level > return_level(30.0, 2.0, 0.1, 100.0));
        assert!(level < return_level(31.95, 2.0, 0.1, 100.0));
    }

    /// Years with different upper ends: one level is beyond some of them.
    #[test]
    fn ends_inside_the_bracket_are_no_trouble() {
        let years = [[0.0, 1.0, -0.5], [10.0, 1.0, -0.5], [0.0, 1.0, 0.0]];
        let level = design_life_level(&years, 0.01).unwrap();
        approx::assert_relative_eq!(exceedance_over(&years, level), 0.01, max_relative = 1e-9);
    }

    #[test]
    fn mistakes_are_explained() {
        assert!(design_life_level(&[], 0.1).unwrap_err().contains("no years"));
        assert!(design_life_level(&rising(0.1), 1.0).unwrap_err().contains("risk 1"));
        assert!(equivalent_reliability(&rising(0.1), 1.0).unwrap_err().contains("above 1"));
        let bad = design_life_level(&[[0.0, 1.0, 0.1], [0.0, -1.0, 0.1]], 0.1).unwrap_err();
        assert!(bad.contains("year 2"), "{bad}");
    }
}
