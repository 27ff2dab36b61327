//! Data with more data: new points of an axis, new values in cells that had none.

use std::collections::HashMap;

use crate::{
    Axis, Coordinate, Covariate, Dataset, Error, Grid, Known, Result, Stored, TimeUnits, Values,
    Variable,
};

/// What [`Dataset::merge`] gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// All of the data.
    pub data: Dataset,
    /// The cells of `data` that have a value which the older data did not have.
    pub fresh: Vec<usize>,
    /// For each axis how many points were added.
    pub added: Vec<usize>,
    /// The values of the older data that the newer lack, of those that they repeat in part. They are kept.
    pub kept: Vec<usize>,
}

/// Points of an axis in the merged one.
struct Along {
    axis: Axis,
    old: Vec<usize>,
    new: Vec<usize>,
}

impl Dataset {
    /// These data with newer ones: all points that either has, and all values. What both have must be
    /// the same; what one has is kept, and what neither has is missing. Points of an axis of one coordinate that is in order stay
    /// in order, other new points come last.
    ///
    /// # Errors
    /// [`Error::Data`] for another response, unit, axis, coordinate or covariate, for values that are
    /// others than they were, for a covariate that is not known at a new point, and where
    /// nothing is new.
    pub fn merge(&self, newer: &Self) -> Result<Merged> {
        let (y, own) = (&self.response, &newer.response);
        if y.name != own.name {
            return Err(Error::Data(format!(
                "the response of the new data is {:?}, and that of the fit {:?}",
                own.name, y.name
            )));
        }
        if let (Some(a), Some(b)) = (&y.units, &own.units)
            && a != b
        {
            return Err(Error::Data(format!(
                "{:?} is in {b:?} in the new data, and in {a:?} in the fit",
                y.name
            )));
        }
        let names =
            |d: &Self| d.grid.axes().iter().map(|a| a.name().to_owned()).collect::<Vec<_>>();
        if names(self) != names(newer) {
            return Err(Error::Data(format!(
                "the new data have the axes {:?}, and the fit {:?}",
                names(newer),
                names(self)
            )));
        }
        let pairs = self.grid.axes().iter().zip(newer.grid.axes());
        let along: Vec<Along> = pairs.map(|(a, b)| merge_axes(a, b)).collect::<Result<_>>()?;
        let grid = Grid::new(along.iter().map(|a| a.axis.clone()).collect())?;
        let shape = grid.shape();
        // Where each cell of the older and of the newer data is.
        let place = |from: &Grid, of: fn(&Along) -> &[usize]| -> Vec<usize> {
            let one = |cell| {
                let index = from.unravel(cell);
                let axes = along.iter().zip(&index).zip(&shape);
                axes.fold(0, |at, ((a, &i), n)| at * n + of(a)[i])
            };
            (0..from.len()).map(one).collect()
        };
        let old = place(&self.grid, |a| &a.old);
        let new = place(&newer.grid, |a| &a.new);
        let (response, fresh, kept) = merge_responses(self, newer, &grid, &old, &new)?;
        let covariates = merge_covariates(self, newer, &grid, &along)?;
        if fresh.is_empty() {
            return Err(Error::Data(format!(
                "the new data have no observation of {:?} that the fit does not have",
                y.name
            )));
        }
        let added = along.iter().zip(self.grid.axes()).map(|(a, o)| a.axis.len() - o.len());
        let data = Self::new(grid, response, covariates)?;
        Ok(Merged { added: added.collect(), data, fresh, kept })
    }
}

fn merge_responses(
    older: &Dataset,
    newer: &Dataset,
    grid: &Grid,
    old: &[usize],
    new: &[usize],
) -> Result<(Variable, Vec<usize>, Vec<usize>)> {
    let mut values = vec![f64::NAN; grid.len()];
    for cell in older.observed_cells() {
        values[old[cell]] = older.response.values[cell];
    }
    let (mut fresh, mut changed, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    let mut repeats = false;
    let is_missing = |cell: usize| newer.response.missing.as_ref().is_some_and(|m| m[cell]);
    for (cell, &at) in new.iter().enumerate() {
        let known = values[at];
        if is_missing(cell) {
            if !known.is_nan() {
                kept.push(at);
            }
            continue;
        }
        let value = newer.response.values[cell];
        if known.is_nan() {
            values[at] = value;
            fresh.push(at);
        } else if !is_same(known, value) {
            changed.push((at, known, value));
        } else {
            repeats = true;
        }
    }
    let name = &older.response.name;
    if let Some(&(at, known, value)) = changed.first() {
        return Err(Error::Data(format!(
            "{} of {name:?} in the new data {} not what the fit was given: the first is {value} at {}, \
             where the fit has {known}; an update keeps what was observed, so fit again",
            count(changed.len(), "value"),
            if changed.len() == 1 { "is" } else { "are" },
            grid.describe(at)
        )));
    }
    // Rows of new observations alone say nothing of the older ones.
    if !repeats {
        kept.clear();
    }
    fresh.sort_unstable();
    let (units, long_name) = (older.response.units.clone(), older.response.long_name.clone());
    let response = Variable::with_nan_as_missing(name, values);
    Ok((Variable { units, long_name, ..response }, fresh, kept))
}

fn merge_covariates(
    older: &Dataset,
    newer: &Dataset,
    grid: &Grid,
    along: &[Along],
) -> Result<Vec<Covariate>> {
    let one = |c: &Covariate| {
        let own = newer.covariates.iter().find(|own| own.name == c.name && own.axes == c.axes);
        let own = own.ok_or_else(|| {
            Error::Data(format!(
                "the covariate {:?} is not in the new data, or lies along other axes there",
                c.name
            ))
        })?;
        let lengths: Vec<usize> = c.axes.iter().map(|&a| grid.axes()[a].len()).collect();
        let mut values = vec![f64::NAN; lengths.iter().product()];
        let mut put = |from: &Covariate, of: fn(&Along) -> &[usize]| -> Option<(f64, f64)> {
            let sizes: Vec<usize> = c.axes.iter().map(|&a| of(&along[a]).len()).collect();
            let mut changed = None;
            for (i, &value) in from.values.iter().enumerate() {
                if from.missing.as_ref().is_some_and(|m| m[i]) {
                    continue;
                }
                let (mut rest, mut at, mut stride) = (i, 0, 1);
                for ((&a, size), length) in c.axes.iter().zip(&sizes).zip(&lengths).rev() {
                    at += of(&along[a])[rest % size] * stride;
                    stride *= length;
                    rest /= size;
                }
                if !values[at].is_nan() && !is_same(values[at], value) {
                    changed = changed.or(Some((values[at], value)));
                    continue;
                }
                values[at] = value;
            }
            changed
        };
        put(c, |a| &a.old);
        if let Some((known, value)) = put(own, |a| &a.new) {
            return Err(Error::Data(format!(
                "the covariate {:?} is {value} in the new data where the fit has {known}: it is as the \
                 fit uses it, centered and scaled as its data were; fit again if it has changed",
                c.name
            )));
        }
        Ok(Covariate::with_nan_as_missing(c.name.clone(), c.axes.clone(), values, c.units.clone()))
    };
    older.covariates.iter().map(one).collect()
}

/// But for the rounding of a file.
fn is_same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(f64::MIN_POSITIVE)
}

fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// What tells a point apart.
#[derive(PartialEq, Eq, Hash, Clone)]
enum Key {
    Number(u64),
    Label(String),
}

fn merge_axes(old: &Axis, new: &Axis) -> Result<Along> {
    let name = old.name();
    let names = |a: &Axis| a.coordinates().iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    if names(old) != names(new) {
        return Err(Error::Data(format!(
            "axis {name:?} has the coordinates {:?} in the new data, and {:?} in the fit",
            names(new),
            names(old)
        )));
    }
    let pairs = old.coordinates().iter().zip(new.coordinates());
    let columns: Vec<Coordinate> = pairs.map(|(a, b)| like(name, a, b)).collect::<Result<_>>()?;
    let keys = |columns: &[Coordinate], n: usize| -> Vec<Vec<Key>> {
        let one = |c: &Coordinate, i: usize| match &c.values {
            // Of zeros there is one.
            Values::Numbers(v) => Key::Number((v[i] + 0.0).to_bits()),
            Values::Labels(v) => Key::Label(v[i].clone()),
        };
        (0..n).map(|i| columns.iter().map(|c| one(c, i)).collect()).collect()
    };
    let known: HashMap<Vec<Key>, usize> =
        keys(old.coordinates(), old.len()).into_iter().zip(0..).collect();
    let mut next = old.len();
    let mut places = Vec::with_capacity(new.len());
    let mut fresh = Vec::new();
    for (i, key) in keys(&columns, new.len()).iter().enumerate() {
        places.push(known.get(key).copied().unwrap_or_else(|| {
            fresh.push(i);
            next += 1;
            next - 1
        }));
    }
    let joined: Vec<Coordinate> =
        old.coordinates().iter().zip(&columns).map(|(a, b)| join(a, &b.take(&fresh))).collect();
    // The order of all points: where each goes.
    let mut order: Vec<usize> = (0..next).collect();
    if let ([c], [own]) = (joined.as_slice(), old.coordinates())
        && let (Values::Numbers(v), Values::Numbers(before)) = (&c.values, &own.values)
    {
        if before.windows(2).all(|w| w[0] < w[1]) {
            order.sort_by(|&i, &j| v[i].total_cmp(&v[j]));
        } else if before.windows(2).all(|w| w[0] > w[1]) {
            order.sort_by(|&i, &j| v[j].total_cmp(&v[i]));
        }
    }
    let mut goes = vec![0; next];
    order.iter().enumerate().for_each(|(to, &from)| goes[from] = to);
    let mut axis = Axis::new(name, joined.iter().map(|c| c.take(&order)).collect())?;
    if let Some(names) = old.names() {
        let all = match new.names() {
            Some(own) => join(names, &own.take(&fresh)),
            None if fresh.is_empty() => names.clone(),
            None => {
                return Err(Error::Data(format!(
                    "the points of axis {name:?} have names in the fit, and the new ones have none"
                )));
            }
        };
        axis = axis.with_names(all.take(&order))?;
    }
    let places = places.into_iter().map(|i| goes[i]).collect();
    Ok(Along { axis, old: goes[..old.len()].to_vec(), new: places })
}

/// New values of a coordinate in the unit of the known one, each that means a known value as that.
fn like(axis: &str, known: &Coordinate, new: &Coordinate) -> Result<Coordinate> {
    let name = &known.name;
    let Values::Numbers(_) = &known.values else {
        return match &new.values {
            Values::Labels(_) => Ok(new.clone()),
            Values::Numbers(_) => Err(Error::Data(format!(
                "axis {axis:?}: {name:?} holds numbers in the new data, and labels in the fit"
            ))),
        };
    };
    let Values::Numbers(values) = &new.values else {
        return Err(Error::Data(format!(
            "axis {axis:?}: {name:?} holds labels in the new data, and numbers in the fit"
        )));
    };
    let mut converted = values.clone();
    if known.units != new.units || known.calendar != new.calendar {
        let differ = || {
            Error::Data(format!(
                "axis {axis:?}: {name:?} is in {:?} in the new data, and in {:?} in the fit",
                new.units.as_deref().unwrap_or("no unit"),
                known.units.as_deref().unwrap_or("no unit")
            ))
        };
        match (TimeUnits::of(known), TimeUnits::of(new)) {
            (Some(to), Some(from)) => {
                let exact = new.ticks().and_then(|t| t.in_units(&to, known.calendar.as_deref()));
                converted = match exact {
                    Some(exact) => exact,
                    None => values
                        .iter()
                        .map(|&v| from.convert(v, &to).ok_or_else(differ))
                        .collect::<Result<_>>()?,
                };
            }
            // A table has no units.
            _ if new.units.is_none() || known.units.is_none() => {}
            _ => return Err(differ()),
        }
    }
    let same = Known::of(known);
    let values = Values::Numbers(converted.iter().map(|&x| same.find(x).unwrap_or(x)).collect());
    let stored = Stored { ticks: new.ticks().cloned(), dtype: new.stored.dtype.clone() };
    let (units, calendar) = (known.units.clone(), known.calendar.clone());
    Ok(Coordinate { values, units, calendar, stored, name: name.clone() })
}

/// Values of one coordinate, then those of another of its kind.
fn join(a: &Coordinate, b: &Coordinate) -> Coordinate {
    let values = match (&a.values, &b.values) {
        (Values::Numbers(a), Values::Numbers(b)) => Values::Numbers([&a[..], b].concat()),
        (Values::Labels(a), Values::Labels(b)) => Values::Labels([&a[..], b].concat()),
        _ => unreachable!("they are of one kind"),
    };
    let joined = Coordinate {
        values,
        stored: Stored { dtype: a.stored.dtype.clone(), ticks: None },
        ..a.clone()
    };
    match a.ticks() {
        Some(_) => joined.with_ticks(),
        None => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(times: &[f64], y: &[f64]) -> Dataset {
        let axis = Axis::numbers("t", times.to_vec()).unwrap();
        let covariate = Covariate {
            name: "c".into(),
            axes: vec![0],
            values: times.iter().map(|t| 2.0 * t).collect(),
            units: None,
            missing: None,
        };
        let y = Variable::with_nan_as_missing("y", y.to_vec());
        Dataset::new(Grid::new(vec![axis]).unwrap(), y, vec![covariate]).unwrap()
    }

    #[test]
    fn points_stay_in_order_and_gaps_are_filled() {
        let old = data(&[0.0, 1.0, 2.0, 4.0], &[5.0, f64::NAN, 7.0, 8.0]);
        let new = data(&[6.0, 1.0, 3.0, 4.0, -1.0], &[9.0, 6.0, f64::NAN, 8.0, 4.0]);
        let merged = old.merge(&new).unwrap();
        let t = &merged.data.grid.axes()[0].coordinates()[0].values;
        assert_eq!(*t, Values::Numbers(vec![-1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 6.0]));
        assert_eq!(merged.data.response.values, [4.0, 5.0, 6.0, 7.0, 0.0, 8.0, 9.0]);
        assert_eq!(merged.data.response.missing_cells(), [4]);
        assert_eq!((merged.fresh, merged.added), (vec![0, 2, 6], vec![3]));
        assert_eq!(merged.data.covariates[0].values, [-2.0, 0.0, 2.0, 4.0, 6.0, 8.0, 12.0]);
        // Downwards, too.
        let down = data(&[4.0, 2.0], &[1.0, 2.0]).merge(&data(&[3.0], &[7.0])).unwrap();
        assert_eq!(down.data.response.values, [1.0, 7.0, 2.0]);
    }

    #[test]
    fn sites_keep_their_place_and_new_ones_come_last() {
        let at = |sites: &[&str], times: &[f64], first: f64| {
            let sites = Coordinate::labels("s", sites.iter().map(|&s| s.into()).collect());
            let axes = vec![
                Axis::numbers("t", times.to_vec()).unwrap(),
                Axis::new("s", vec![sites]).unwrap(),
            ];
            let grid = Grid::new(axes).unwrap();
            let y = (0..grid.len()).map(|i| first + i as f64).collect();
            Dataset::new(grid, Variable::new("y", y), vec![]).unwrap()
        };
        let merged = at(&["b", "a"], &[1.0], 0.0).merge(&at(&["c", "a"], &[2.0], 10.0)).unwrap();
        assert_eq!(merged.data.grid.shape(), [2, 3]);
        // b, a, c at 1, then at 2.
        assert_eq!(merged.data.response.values, [0.0, 1.0, 0.0, 0.0, 11.0, 10.0]);
        assert_eq!(merged.data.response.missing_cells(), [2, 3]);
        assert_eq!(merged.fresh, [4, 5]);
    }

    #[test]
    fn what_was_observed_stays() {
        let old = data(&[0.0, 1.0], &[5.0, 6.0]);
        let refuse = |new: &Dataset| old.merge(new).unwrap_err().to_string();
        let e = refuse(&data(&[0.0, 1.0, 2.0], &[5.5, 6.5, 7.0]));
        assert!(e.contains("2 values of \"y\"") && e.contains("5.5 at t = 0"), "{e}");
        for (newer, kept) in [
            (data(&[1.0, 2.0], &[f64::NAN, 7.0]), vec![]),
            (data(&[0.0, 1.0, 2.0], &[5.0, f64::NAN, 7.0]), vec![1]),
        ] {
            let merged = old.merge(&newer).unwrap();
            assert_eq!(merged.data.response.values, [5.0, 6.0, 7.0]);
            assert_eq!((merged.fresh, merged.kept), (vec![2], kept));
        }
        assert!(refuse(&old).contains("no observation"));
        let mut other = data(&[0.0, 2.0], &[5.0, 7.0]);
        other.covariates[0].values[0] = 1.0;
        assert!(refuse(&other).contains("covariate \"c\" is 1"));
        other.covariates.clear();
        assert!(refuse(&other).contains("covariate \"c\" is not in the new data"));
        let mut other = data(&[2.0], &[7.0]);
        other.response.units = Some("K".into());
        let mut celsius = old.clone();
        celsius.response.units = Some("degC".into());
        assert!(celsius.merge(&other).unwrap_err().to_string().contains("\"K\""));
    }

    #[test]
    fn times_in_another_unit_are_converted() {
        let at = |values: &[f64], units: &str| {
            let mut c = Coordinate::numbers("t", values.to_vec()).with_units(units);
            c.calendar = Some("standard".into());
            let grid = Grid::new(vec![Axis::new("t", vec![c]).unwrap()]).unwrap();
            let y = values.iter().map(|_| 1.0).collect();
            Dataset::new(grid, Variable::new("y", y), vec![]).unwrap()
        };
        let old = at(&[0.0, 1.0], "days since 2000-01-01");
        let merged = old.merge(&at(&[24.0, 48.0], "hours since 2000-01-01")).unwrap();
        let t = &merged.data.grid.axes()[0].coordinates()[0];
        assert_eq!(t.values, Values::Numbers(vec![0.0, 1.0, 2.0]));
        let mut meters =
            at(&[1.0], "days since 2000-01-01").grid.axes()[0].coordinates()[0].clone();
        (meters.units, meters.calendar) = (Some("m".into()), None);
        let grid = Grid::new(vec![Axis::new("t", vec![meters]).unwrap()]).unwrap();
        let other = Dataset::new(grid, Variable::new("y", vec![1.0]), vec![]).unwrap();
        assert!(old.merge(&other).unwrap_err().to_string().contains("\"m\""));
    }
}
