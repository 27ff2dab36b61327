//! Peaks over a threshold.

/// The largest value of a cluster of exceedances.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// Its position in the series.
    pub at: usize,
    /// Its value, above the threshold.
    pub value: f64,
    /// The positions from which to which the cluster reaches.
    pub first: usize,
    /// The last position of the cluster.
    pub last: usize,
}

/// The value that a share `q` of the series does not exceed, interpolated between its neighbors; a
/// first choice of a threshold (0.95, 0.98).
///
/// `missing` says where the series has no value (empty: nowhere). With n values in order the
/// quantile is at the position q (n − 1).
///
/// # Errors
/// No values, a share outside of [0, 1], lengths that differ, a value that is not finite and not
/// missing.
pub fn quantile_threshold(values: &[f64], missing: &[bool], q: f64) -> Result<f64, String> {
    check(values, missing)?;
    if !(0.0..=1.0).contains(&q) {
        return Err(format!("the share {q} is not between 0 and 1"));
    }
    let gone = |i: usize| missing.get(i).copied().unwrap_or(false);
    let mut present: Vec<f64> =
        values.iter().enumerate().filter(|(i, _)| !gone(*i)).map(|(_, v)| *v).collect();
    present.sort_by(f64::total_cmp);
    let Some(last) = present.len().checked_sub(1) else {
        return Err("the series has no values".into());
    };
    let place = q * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    Ok(present[below] + (place - below as f64) * (present[above] - present[below]))
}

/// The peaks of the clusters of values above `threshold`, by the runs method.
///
/// A cluster ends when `run` values in a row are not above the threshold; exceedances nearer to each
/// other belong to one storm, and only their peak is kept, so that peaks are nearly independent.
/// `run = 1` makes every stretch of exceedances a cluster. A missing value (`missing`, empty:
/// nowhere) counts as one that is not above. So does one that the series does not have: `at` says
/// when each value was, in steps of the series (empty: in a row, without gaps).
///
/// # Errors
/// A run of 0, a threshold that is not finite, lengths that differ, a value that is not finite and
/// not missing, times that do not increase.
///
/// # Source
/// Coles, An introduction to statistical modeling of extreme values (2001), section 5.3.2.
///
/// # Example
/// ```
/// use gridgp_extremes::decluster;
///
/// let rain = [0.0, 12.0, 15.0, 3.0, 11.0, 0.0, 0.0, 0.0, 20.0];
/// let peaks = decluster(&rain, &[], &[], 10.0, 2)?;
/// let found: Vec<_> = peaks.iter().map(|p| (p.at, p.value)).collect();
/// assert_eq!(found, [(2, 15.0), (8, 20.0)]);
/// # Ok::<(), String>(())
/// ```
pub fn decluster(
    values: &[f64],
    missing: &[bool],
    at: &[f64],
    threshold: f64,
    run: usize,
) -> Result<Vec<Peak>, String> {
    check(values, missing)?;
    if !(at.is_empty() || at.len() == values.len()) || !at.windows(2).all(|w| w[0] < w[1]) {
        return Err(format!(
            "there are {} times of {} values, or they do not increase; sort them",
            at.len(),
            values.len()
        ));
    }
    // One more than the values in between.
    let steps = |a: usize, b: usize| match at {
        [] => (b - a) as f64,
        at => at[b] - at[a],
    };
    if run == 0 {
        return Err("a cluster ends after a run of at least 1 value; write run = 1 or more".into());
    }
    if !threshold.is_finite() {
        return Err(format!("the threshold {threshold} is not finite"));
    }
    let mut peaks: Vec<Peak> = Vec::new();
    for (i, &value) in values.iter().enumerate() {
        if missing.get(i).copied().unwrap_or(false) || value <= threshold {
            continue;
        }
        match peaks.last_mut() {
            // Times in steps of a series are not exact.
            Some(peak) if steps(peak.last, i) <= run as f64 * (1.0 + 1e-9) => {
                peak.last = i;
                if value > peak.value {
                    (peak.value, peak.at) = (value, i);
                }
            }
            _ => peaks.push(Peak { at: i, value, first: i, last: i }),
        }
    }
    Ok(peaks)
}

fn check(values: &[f64], missing: &[bool]) -> Result<(), String> {
    if !(missing.is_empty() || missing.len() == values.len()) {
        return Err(format!(
            "the series has {} values and {} marks of missing values",
            values.len(),
            missing.len()
        ));
    }
    let gone = |i: usize| missing.get(i).copied().unwrap_or(false);
    match (0..values.len()).find(|&i| !gone(i) && !values[i].is_finite()) {
        Some(i) => {
            Err(format!("value {} of the series is {}; mark it as missing", i + 1, values[i]))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_different_length() {
        let x = [5.0, 0.0, 6.0, 0.0, 0.0, 7.0];
        let ends = |run| -> Vec<(usize, usize)> {
            decluster(&x, &[], &[], 1.0, run).unwrap().iter().map(|p| (p.first, p.last)).collect()
        };
        assert_eq!(ends(1), [(0, 0), (2, 2), (5, 5)]);
        assert_eq!(ends(2), [(0, 2), (5, 5)]);
        assert_eq!(ends(3), [(0, 5)]);
    }

    #[test]
    fn equal_to_the_threshold_is_not_above_and_missing_ends_a_run() {
        let peaks =
            decluster(&[5.0, 4.0, f64::NAN, 5.0], &[false, false, true, false], &[], 4.0, 2);
        assert_eq!(peaks.unwrap().len(), 2);
        assert!(decluster(&[4.0], &[], &[], 4.0, 1).unwrap().is_empty());
    }

    /// Rows that are neighbors may be weeks apart.
    #[test]
    fn times_that_are_not_there_end_a_run() {
        let found = |at: &[f64]| decluster(&[5.0, 6.0, 7.0], &[], at, 1.0, 2).unwrap().len();
        assert_eq!([found(&[]), found(&[0.0, 2.0, 4.0]), found(&[0.0, 3.0, 4.0])], [1, 1, 2]);
        let unsorted = decluster(&[5.0, 6.0], &[], &[1.0, 0.0], 1.0, 2);
        assert!(unsorted.unwrap_err().contains("do not increase"));
    }

    #[test]
    fn thresholds_interpolate() {
        let x = [4.0, 1.0, 3.0, 2.0, 100.0];
        let missing = [false, false, false, false, true];
        assert_eq!(quantile_threshold(&x, &missing, 0.5).unwrap(), 2.5);
        assert_eq!(quantile_threshold(&x, &missing, 1.0).unwrap(), 4.0);
        assert_eq!(quantile_threshold(&x, &missing, 0.0).unwrap(), 1.0);
    }

    #[test]
    fn mistakes_are_explained() {
        assert!(decluster(&[1.0], &[], &[], 0.0, 0).unwrap_err().contains("run = 1"));
        assert!(decluster(&[1.0], &[true, false], &[], 0.0, 1).unwrap_err().contains("2 marks"));
        assert!(decluster(&[f64::NAN], &[], &[], 0.0, 1).unwrap_err().contains("value 1"));
        assert!(quantile_threshold(&[], &[], 0.5).unwrap_err().contains("no values"));
        assert!(quantile_threshold(&[1.0], &[], 1.5).unwrap_err().contains("1.5"));
    }
}
