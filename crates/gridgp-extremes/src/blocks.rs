//! Block maxima of a series.

use std::collections::BTreeMap;

/// The maximum of one block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlockMaximum {
    /// The block's number.
    pub block: i64,
    /// The largest value; `None` where too few values are there.
    pub value: Option<f64>,
    /// The position of the largest value in the series.
    pub at: Option<usize>,
    /// How many values are there.
    pub present: usize,
    /// How many there would be without gaps.
    pub length: usize,
}

/// The maximum of each block of a series, blocks in increasing order.
///
/// `values` is the series, `missing` says where it has no value (empty: nowhere), and `blocks` has
/// the number of the block of each value: its year, or what [`season_years`] gives. Times that the
/// series does not contain at all are not seen; put them in as missing. A block with less than
/// `coverage` of its values (a share, 0.9 for nine in ten) has no maximum: the largest of half a
/// year is no yearly maximum.
///
/// # Errors
/// Lengths that differ, a coverage outside of [0, 1], a value that is not finite and not missing.
///
/// # Example
/// ```
/// use gridgp_extremes::block_maxima;
///
/// let daily = [3.0, 7.0, 5.0, 6.0, 9.0, 1.0];
/// let missing = [false, false, false, true, true, false];
/// let maxima = block_maxima(&daily, &missing, &[2001, 2001, 2001, 2002, 2002, 2002], 0.9)?;
/// assert_eq!((maxima[0].block, maxima[0].value), (2001, Some(7.0)));
/// assert_eq!((maxima[1].block, maxima[1].value), (2002, None));
/// # Ok::<(), String>(())
/// ```
pub fn block_maxima(
    values: &[f64],
    missing: &[bool],
    blocks: &[i64],
    coverage: f64,
) -> Result<Vec<BlockMaximum>, String> {
    check(values, missing, blocks)?;
    maxima(values, missing, |i| blocks[i], coverage)
}

fn check(values: &[f64], missing: &[bool], blocks: &[i64]) -> Result<(), String> {
    let n = values.len();
    if blocks.len() == n && (missing.is_empty() || missing.len() == n) {
        return Ok(());
    }
    Err(format!(
        "the series has {n} values, {} block numbers and {} marks of missing values",
        blocks.len(),
        missing.len()
    ))
}

fn maxima(
    values: &[f64],
    missing: &[bool],
    block_of: impl Fn(usize) -> i64,
    coverage: f64,
) -> Result<Vec<BlockMaximum>, String> {
    if !(0.0..=1.0).contains(&coverage) {
        return Err(format!("the coverage {coverage} is not a share between 0 and 1"));
    }
    let mut found = BTreeMap::new();
    for (i, &value) in values.iter().enumerate() {
        let block = block_of(i);
        let empty = BlockMaximum { block, value: None, at: None, present: 0, length: 0 };
        let entry = found.entry(block).or_insert(empty);
        entry.length += 1;
        if missing.get(i).copied().unwrap_or(false) {
            continue;
        }
        if !value.is_finite() {
            return Err(format!("value {} of the series is {value}; mark it as missing", i + 1));
        }
        entry.present += 1;
        if entry.value.is_none_or(|largest| value > largest) {
            (entry.value, entry.at) = (Some(value), Some(i));
        }
    }
    let mut maxima: Vec<BlockMaximum> = found.into_values().collect();
    for m in &mut maxima {
        // A part in 1e9 for shares such as 0.9 of 10.
        if (m.present as f64) < coverage * m.length as f64 * (1.0 - 1e-9) {
            (m.value, m.at) = (None, None);
        }
    }
    Ok(maxima)
}

/// The largest values of one block.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockLargest {
    /// The block's number.
    pub block: i64,
    /// Positions of its largest values in the series, the largest first; none where too few values
    /// are there, fewer than asked for where no more lie far enough apart.
    pub at: Vec<usize>,
}

/// The `count` largest values of each block, blocks in increasing order: data for the likelihood
/// `r_largest`, which takes them for values of different events.
///
/// `at` says when each value was (empty: at its position in the series), and two of those taken are
/// at least `apart` of its unit apart: after the largest the next largest that does not lie nearer to
/// one already taken, and so on. Without a distance neighbors are taken, too, which on days of one
/// heat wave counts one event several times. The other arguments are those of [`block_maxima`].
///
/// # Errors
/// As [`block_maxima`]; a `count` of 0, an `apart` that is negative, times of another number or that
/// are not finite.
///
/// # Example
/// ```
/// use gridgp_extremes::block_largest;
///
/// let daily = [3.0, 9.0, 8.0, 2.0, 6.0, 7.0];
/// let largest = block_largest(&daily, &[], &[2001; 6], 0.9, 3, &[], 2.0)?;
/// // 8 is the day after 9, and 6 the day before 7.
/// assert_eq!(largest[0].at, [1, 5, 3]);
/// // Where two days are not in the series, 8 is another event.
/// let days = [0.0, 1.0, 4.0, 5.0, 6.0, 7.0];
/// let largest = block_largest(&daily, &[], &[2001; 6], 0.9, 3, &days, 2.0)?;
/// assert_eq!(largest[0].at, [1, 2, 5]);
/// # Ok::<(), String>(())
/// ```
pub fn block_largest(
    values: &[f64],
    missing: &[bool],
    blocks: &[i64],
    coverage: f64,
    count: usize,
    at: &[f64],
    apart: f64,
) -> Result<Vec<BlockLargest>, String> {
    check(values, missing, blocks)?;
    if count == 0 || apart.is_nan() || apart < 0.0 {
        return Err(format!("{count} values that are {apart} apart: the count begins with 1"));
    }
    if !(at.is_empty() || at.len() == values.len()) || at.iter().any(|t| !t.is_finite()) {
        return Err(format!(
            "there are {} times of {} values, or one is not finite",
            at.len(),
            values.len()
        ));
    }
    largest(
        values,
        missing,
        |i| blocks[i],
        coverage,
        count,
        |i, j| match at {
            [] => i.abs_diff(j) as f64 >= apart,
            // Times in steps of a series are not exact.
            at => (at[i] - at[j]).abs() >= apart * (1.0 - 1e-9),
        },
    )
}

fn largest(
    values: &[f64],
    missing: &[bool],
    block_of: impl Fn(usize) -> i64,
    coverage: f64,
    count: usize,
    are_apart: impl Fn(usize, usize) -> bool,
) -> Result<Vec<BlockLargest>, String> {
    let maxima = maxima(values, missing, &block_of, coverage)?;
    let mut members: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for i in (0..values.len()).filter(|&i| !missing.get(i).copied().unwrap_or(false)) {
        members.entry(block_of(i)).or_default().push(i);
    }
    let of_block = |m: BlockMaximum| {
        let all = members.remove(&m.block).filter(|_| m.value.is_some());
        let mut order = all.unwrap_or_default();
        // Stable: of equal values the earlier one comes first, as for the maximum.
        order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
        let mut at: Vec<usize> = Vec::new();
        for i in order {
            if at.len() < count && at.iter().all(|&j| are_apart(i, j)) {
                at.push(i);
            }
        }
        BlockLargest { block: m.block, at }
    };
    Ok(maxima.into_iter().map(of_block).collect())
}

/// The year of each day where a year begins with the month `first` (1 to 12).
///
/// A year that begins in October 2000 has the number 2001, that of most of its months: the usual
/// hydrological year. One that begins in month 1 to 6 has the number of the year in which it begins.
/// Extremes of a wet season that spans the turn of the year then belong to one block.
///
/// # Errors
/// Lengths that differ, months outside of 1 to 12.
///
/// # Example
/// ```
/// use gridgp_extremes::season_years;
///
/// let years = season_years(&[2000, 2000, 2001], &[9, 10, 9], 10)?;
/// assert_eq!(years, [2000, 2001, 2001]);
/// # Ok::<(), String>(())
/// ```
pub fn season_years(years: &[i64], months: &[u32], first: u32) -> Result<Vec<i64>, String> {
    if years.len() != months.len() {
        return Err(format!("there are {} years and {} months", years.len(), months.len()));
    }
    let all = months.iter().chain([&first]);
    if let Some(month) = all.into_iter().find(|m| !(1..=12).contains(*m)) {
        return Err(format!("the month {month} is not one of 1 to 12"));
    }
    let shift = |month: u32| match (first <= 6, month >= first) {
        (true, true) => 0,
        (true, false) => -1,
        (false, true) => 1,
        (false, false) => 0,
    };
    Ok(years.iter().zip(months).map(|(year, &month)| year + shift(month)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_need_not_be_in_order() {
        let maxima = block_maxima(&[1.0, 5.0, 2.0, 4.0], &[], &[7, 3, 7, 3], 1.0).unwrap();
        let found: Vec<_> = maxima.iter().map(|m| (m.block, m.value, m.at)).collect();
        assert_eq!(found, [(3, Some(5.0), Some(1)), (7, Some(2.0), Some(2))]);
    }

    #[test]
    fn the_largest_of_a_block_is_its_maximum() {
        let values: Vec<f64> = (0..60).map(|i| f64::from(i * 37 % 101)).collect();
        let blocks: Vec<i64> = (0..60).map(|i| i / 20).collect();
        let maxima = block_maxima(&values, &[], &blocks, 1.0).unwrap();
        let largest = block_largest(&values, &[], &blocks, 1.0, 4, &[], 3.0).unwrap();
        for (m, l) in maxima.iter().zip(&largest) {
            assert_eq!((m.block, m.at), (l.block, l.at.first().copied()));
            assert!(l.at.len() == 4 && l.at.windows(2).all(|w| values[w[0]] >= values[w[1]]));
            assert!(l.at.iter().all(|&i| blocks[i] == l.block));
            assert!((0..4).all(|a| (0..a).all(|b| l.at[a].abs_diff(l.at[b]) >= 3)));
        }
        let too_few = block_largest(&values, &[true; 60], &blocks, 0.5, 2, &[], 1.0).unwrap();
        assert!(too_few.len() == 3 && too_few.iter().all(|b| b.at.is_empty()));
        assert!(block_largest(&values, &[], &blocks, 1.0, 0, &[], 1.0).is_err());
        assert!(block_largest(&values, &[], &blocks, 1.0, 1, &[1.0], 1.0).is_err());
    }

    /// Each value is looked at a few times, however many blocks there are.
    #[test]
    fn many_blocks_cost_no_more_than_few() {
        let values: Vec<f64> = (0..6000).map(|i| f64::from(i * 37 % 101)).collect();
        let looks = std::cell::Cell::new(0);
        let block = |length: usize| {
            let looks = &looks;
            move |i: usize| {
                looks.set(looks.get() + 1);
                (i / length) as i64
            }
        };
        for length in [2, 100, 6000] {
            looks.set(0);
            let found = largest(&values, &[], block(length), 1.0, 2, |_, _| true).unwrap();
            assert_eq!(found.len(), 6000 / length);
            assert_eq!(looks.get(), 2 * values.len(), "{length}");
        }
    }

    #[test]
    fn coverage_is_met_exactly() {
        let values = [1.0; 10];
        let mut missing = [false; 10];
        missing[3] = true;
        let at = |missing: &[bool], coverage| {
            block_maxima(&values, missing, &[0; 10], coverage).unwrap()[0].value.is_some()
        };
        assert!(at(&missing, 0.9) && !at(&missing, 0.91));
        // Nothing there: no maximum, even if none is asked for.
        assert!(!at(&[true; 10], 0.0));
    }

    #[test]
    fn a_negative_series_has_a_negative_maximum() {
        assert_eq!(block_maxima(&[-3.0, -2.0], &[], &[0, 0], 1.0).unwrap()[0].value, Some(-2.0));
    }

    #[test]
    fn seasons_begin_in_any_month() {
        let months: Vec<u32> = (1..=12).collect();
        let of = |first| season_years(&[2000; 12], &months, first).unwrap();
        assert_eq!(of(1), [2000; 12]);
        assert_eq!(of(7)[5..7], [2000, 2001]);
        assert_eq!(of(6)[4..6], [1999, 2000]);
        assert_eq!(of(12)[10..], [2000, 2001]);
    }

    #[test]
    fn mistakes_are_explained() {
        assert!(block_maxima(&[1.0], &[], &[], 1.0).unwrap_err().contains("0 block numbers"));
        assert!(block_maxima(&[1.0], &[], &[0], 1.1).unwrap_err().contains("coverage 1.1"));
        assert!(block_maxima(&[f64::NAN], &[], &[0], 1.0).unwrap_err().contains("value 1"));
        assert!(season_years(&[2000], &[13], 10).unwrap_err().contains("month 13"));
        assert!(season_years(&[2000], &[1], 0).unwrap_err().contains("month 0"));
    }
}
