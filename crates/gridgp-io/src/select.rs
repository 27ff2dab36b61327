//! Which points of an axis a `[data]` section keeps.

use gridgp_grid::time::TimeUnits;
use gridgp_grid::{Coordinate, Known, Values};
use gridgp_model::spec::{DataSpec, Pick, SelValue, Selection};

use crate::dates::{DateFormat, span};
use crate::{asked, nearest};

/// The positions, increasing, of the points that `spec.sel` and `spec.isel` keep of an axis or
/// dimension, or `None` when they keep all of them.
///
/// `names` are what the axis is called, `own` its coordinates, and `also` what else is known along
/// it. `sel` names a coordinate, or the axis if it has one coordinate; `isel` names the axis, or
/// its only coordinate. Several selections keep what all of them keep.
pub(crate) fn kept(
    names: &[&str],
    own: &[Coordinate],
    also: &[Coordinate],
    spec: &DataSpec,
) -> Result<Option<Vec<usize>>, String> {
    let n = own[0].len();
    let mut keep: Option<Vec<bool>> = None;
    let mut narrow = |mask: Vec<bool>| match &mut keep {
        None => keep = Some(mask),
        Some(keep) => keep.iter_mut().zip(mask).for_each(|(k, m)| *k &= m),
    };
    for c in own.iter().chain(also) {
        if let Some(selection) = spec.sel.get(&c.name) {
            let read = by_value(c, selection, spec);
            narrow(read.map_err(|e| format!("data.sel.{}: {e}", c.name))?);
        }
    }
    let is_coordinate = |name: &str| own.iter().chain(also).any(|c| c.name == name);
    let mut keys: Vec<&str> = names.to_vec();
    for name in names.iter().filter(|name| !is_coordinate(name)) {
        let Some(selection) = spec.sel.get(*name) else { continue };
        let [only] = own else {
            let names: Vec<&str> = own.iter().map(|c| c.name.as_str()).collect();
            return Err(format!(
                "data.sel.{name}: the axis has several coordinates; select by one of {}",
                nearest::list(&names)
            ));
        };
        let read = by_value(only, selection, spec);
        narrow(read.map_err(|e| format!("data.sel.{name}: {e}"))?);
    }
    if let [only] = own {
        keys.push(&only.name);
    }
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        if let Some(selection) = spec.isel.get(key) {
            narrow(by_position(n, selection).map_err(|e| format!("data.isel.{key}: {e}"))?);
        }
    }
    let Some(keep) = keep else { return Ok(None) };
    let positions: Vec<usize> = (0..n).filter(|&i| keep[i]).collect();
    if positions.is_empty() {
        return Err(format!("data.sel and data.isel together leave no point of {:?}", names[0]));
    }
    Ok(Some(positions))
}

/// One end of a selection in the coordinate's own terms.
enum Bound {
    /// All values from the first to the last, the last excluded if the flag says so.
    Interval {
        from: f64,
        to: f64,
        open: bool,
    },
    Label(usize),
}

/// Which points have the selected values.
fn by_value(
    c: &Coordinate,
    selection: &Selection<SelValue>,
    spec: &DataSpec,
) -> Result<Vec<bool>, String> {
    let n = c.len();
    let axis = spec.axes.values().find(|axis| axis.coordinates.contains(&c.name));
    let format = axis.and_then(|axis| asked::format(axis).transpose()).transpose()?;
    let bound = |value: &SelValue| bound(c, value, format.as_ref());
    let mut keep = vec![false; n];
    match selection {
        Selection::One(value) => keep_equal(c, value, bound(value)?, &mut keep)?,
        Selection::Many(values) => {
            for value in values {
                keep_equal(c, value, bound(value)?, &mut keep)?;
            }
        }
        Selection::Range(Pick { from, to, step }) => {
            let from = from.as_ref().map(bound).transpose()?;
            let to = to.as_ref().map(bound).transpose()?;
            match &c.values {
                Values::Labels(_) => {
                    let at = |b: Option<Bound>, end| match b {
                        Some(Bound::Label(i)) => i,
                        _ => end,
                    };
                    let (first, last) = (at(from, 0), at(to, n - 1));
                    (first..=last).for_each(|i| keep[i] = true);
                }
                Values::Numbers(_) => {
                    let low = match from {
                        Some(Bound::Interval { from, .. }) => from,
                        _ => f64::NEG_INFINITY,
                    };
                    let (high, open) = match to {
                        Some(Bound::Interval { to, open, .. }) => (to, open),
                        _ => (f64::INFINITY, false),
                    };
                    in_range(c, low, high, open, &mut keep)?;
                }
            }
            if !keep.contains(&true) {
                return Err(format!("no value lies in this range; {}", extent(c)));
            }
            thin(&mut keep, *step)?;
        }
    }
    Ok(keep)
}

/// Keeps the points from `low` to `high`, that excluded if the range is open: of longitudes those
/// to the east of `low`, across the date line if need be.
fn in_range(
    c: &Coordinate,
    low: f64,
    high: f64,
    open: bool,
    keep: &mut [bool],
) -> Result<(), String> {
    let known = Known::of(c);
    let points = keep.iter_mut().zip(c.seen());
    if c.longitudes().is_some() && low.is_finite() && high.is_finite() {
        let from = known.snap(low);
        let width = (known.snap(high) - from).rem_euclid(360.0);
        let all = high - low >= 360.0;
        points.for_each(|(keep, x)| *keep = all || (x - from).rem_euclid(360.0) <= width);
        return Ok(());
    }
    if low > high {
        return Err(format!("`from` = {low} is above `to` = {high}; swap them"));
    }
    let (low, high) = (known.snap_here(low), known.snap_here(high));
    points.for_each(|(keep, x)| *keep = x >= low && if open { x < high } else { x <= high });
    Ok(())
}

/// Keeps the points that equal `value`.
fn keep_equal(
    c: &Coordinate,
    value: &SelValue,
    bound: Bound,
    keep: &mut [bool],
) -> Result<(), String> {
    let mut any = false;
    match (bound, &c.values) {
        (Bound::Label(i), Values::Labels(labels)) => {
            for (keep, label) in keep.iter_mut().zip(labels) {
                *keep |= *label == labels[i];
            }
            any = true;
        }
        (Bound::Interval { from, to, open }, Values::Numbers(_)) => {
            let known = Known::of(c);
            let (from, to) = if open {
                (known.snap_here(from), known.snap_here(to))
            } else {
                (known.snap(from), to)
            };
            for (keep, x) in keep.iter_mut().zip(c.seen()) {
                let inside = if open { x >= from && x < to } else { x == from };
                *keep |= inside;
                any |= inside;
            }
        }
        _ => unreachable!("a bound is made for the coordinate's own kind of values"),
    }
    if any { Ok(()) } else { Err(format!("there is no value {}; {}", show(value), extent(c))) }
}

/// A selected value in the coordinate's own terms.
fn bound(c: &Coordinate, value: &SelValue, format: Option<&DateFormat>) -> Result<Bound, String> {
    match (&c.values, value) {
        (Values::Numbers(_), SelValue::Number(x)) => {
            if x.is_nan() {
                return Err("NaN selects nothing".into());
            }
            Ok(Bound::Interval { from: *x, to: *x, open: false })
        }
        (Values::Numbers(_), SelValue::Text(text)) => {
            let Some(units) = TimeUnits::of(c) else {
                let unit = c.units.as_deref().map_or(String::new(), |u| format!(" ({u})"));
                return Err(format!(
                    "{:?} holds numbers{unit}, not dates or labels; write a number instead of \
                     {text:?}",
                    c.name
                ));
            };
            match span(&units, text, format)? {
                Some(found) => {
                    Ok(Bound::Interval { from: found.from, to: found.to, open: found.open })
                }
                None => Err(format!(
                    "{text:?} is not a date; write for example \"2019-03-01\" or \
                     \"2019-03-01T06:00\""
                )),
            }
        }
        (Values::Labels(labels), value) => {
            let text = match value {
                SelValue::Number(x) => format!("{x}"),
                SelValue::Text(text) => text.clone(),
            };
            labels.iter().position(|l| *l == text).map(Bound::Label).ok_or_else(|| {
                let hint = nearest::hint(&text, labels.iter().map(String::as_str));
                format!("there is no value {text:?}{hint}")
            })
        }
    }
}

/// Which of `n` points have the selected positions.
fn by_position(n: usize, selection: &Selection<usize>) -> Result<Vec<bool>, String> {
    let mut keep = vec![false; n];
    let mut mark = |i: usize| match keep.get_mut(i) {
        Some(keep) => {
            *keep = true;
            Ok(())
        }
        None => Err(format!("there is no position {i}; there are {n} points, 0 to {}", n - 1)),
    };
    match selection {
        Selection::One(i) => mark(*i)?,
        Selection::Many(positions) => positions.iter().try_for_each(|&i| mark(i))?,
        Selection::Range(Pick { from, to, step }) => {
            let (from, to) = (from.unwrap_or(0), to.unwrap_or(n));
            if to > n || from >= to {
                return Err(format!(
                    "from = {from} (included), to = {to} (excluded) is not a range within the {n} \
                     points"
                ));
            }
            (from..to).try_for_each(&mut mark)?;
            thin(&mut keep, *step)?;
        }
    }
    Ok(keep)
}

/// Keeps every `step`-th of the kept points, the first included.
fn thin(keep: &mut [bool], step: Option<usize>) -> Result<(), String> {
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err("`step` must be at least 1".into());
    }
    let kept = keep.iter_mut().filter(|k| **k);
    kept.enumerate().for_each(|(i, k)| *k = i.is_multiple_of(step));
    Ok(())
}

fn show(value: &SelValue) -> String {
    match value {
        SelValue::Number(x) => format!("{x}"),
        SelValue::Text(text) => format!("{text:?}"),
    }
}

/// "values run from 1 to 12 days since ...", for messages.
fn extent(c: &Coordinate) -> String {
    match &c.values {
        Values::Labels(v) => format!("there are {}", nearest::list(v)),
        Values::Numbers(v) => {
            let low = v.iter().copied().fold(f64::INFINITY, f64::min);
            let high = v.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let dates = TimeUnits::of(c).and_then(|u| Some((u.decode(low)?, u.decode(high)?)));
            let unit = c.units.as_deref().map_or(String::new(), |u| format!(" ({u})"));
            match dates {
                Some((a, b)) => {
                    format!("the values run from {low} to {high}{unit}, that is {a} to {b}")
                }
                None => format!("the values run from {low} to {high}{unit}"),
            }
        }
    }
}
