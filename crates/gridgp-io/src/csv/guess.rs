//! Which columns of a table are axes, and which is the response.
//!
//! The points of the axes together name the rows: their product is about the number of rows, and no
//! two rows have the same points. Columns that determine each other, as a station and its
//! longitude, belong to one axis.

use std::collections::HashSet;

use super::scan::Column;
use crate::summary::{Guess, GuessedAxis, Kind, place};

/// Columns that vary together, and the number of their distinct points.
struct Group<'a> {
    columns: Vec<&'a Column>,
    points: usize,
}

/// A response, or the given one, and axes that fit the columns, if there are any.
pub(super) fn guess(columns: &[Column], rows: usize, response: Option<&str>) -> Option<Guess> {
    let is_response = |c: &Column| response.is_none_or(|name| c.name == name);
    let candidates: Vec<&Column> =
        columns.iter().filter(|c| response.is_none() || !is_response(c)).collect();
    let groups = groups(&candidates, rows);
    let chosen = (1..=groups.len().min(4)).find_map(|size| choose(&groups, size, rows));
    let axes: Vec<&Group> = match chosen {
        Some(chosen) => chosen,
        None => return series(columns, rows, response),
    };
    let used = |c: &Column| axes.iter().any(|g| g.columns.iter().any(|o| o.name == c.name));
    let response =
        columns.iter().rfind(|c| c.kind == Kind::Number && is_response(c) && !used(c))?;
    Some(Guess { response: response.name.clone(), axes: axes.iter().map(|g| axis(g)).collect() })
}

/// The candidates for axes.
fn groups<'a>(columns: &[&'a Column], rows: usize) -> Vec<Group<'a>> {
    let mut groups: Vec<Group> = vec![];
    for &column in columns {
        let Some(distinct) = column.distinct else { continue };
        // A column with nearly as many values as rows is measured, or numbers the rows.
        if !column.is_known() || distinct < 2 || distinct > rows / 2 {
            continue;
        }
        let fits = groups.iter_mut().find_map(|g| {
            let most = g.points.max(distinct) * 21 / 20;
            let together = tuples(g.columns.iter().chain([&column]).copied(), rows, most);
            (together <= most).then_some((g, together))
        });
        match fits {
            Some((group, together)) => {
                group.columns.push(column);
                group.points = together;
            }
            None => groups.push(Group { columns: vec![column], points: distinct }),
        }
    }
    groups
}

/// The number of distinct tuples of values in the rows, counted up to one more than `most`.
fn tuples<'a>(columns: impl Iterator<Item = &'a Column>, rows: usize, most: usize) -> usize {
    let columns: Vec<(&[u32], u64)> =
        columns.map(|c| (c.of_row.as_slice(), c.distinct.unwrap_or(0) as u64 + 1)).collect();
    let mut seen = HashSet::new();
    for row in 0..rows {
        // Groups stay small because all their columns change together, so this does not overflow
        // for tables that have axes; where it wraps, a wrong guess is the worst that happens.
        let tuple = columns
            .iter()
            .fold(0u64, |at, (of_row, n)| at.wrapping_mul(*n).wrapping_add(u64::from(of_row[row])));
        seen.insert(tuple);
        if seen.len() > most {
            break;
        }
    }
    seen.len()
}

/// The first `size` groups whose points name every row and whose product is mostly filled.
fn choose<'g, 'a>(groups: &'g [Group<'a>], size: usize, rows: usize) -> Option<Vec<&'g Group<'a>>> {
    let mut chosen: Vec<usize> = (0..size).collect();
    loop {
        let cells = chosen.iter().try_fold(1usize, |n, &g| n.checked_mul(groups[g].points));
        if cells.is_some_and(|cells| (rows..=2 * rows).contains(&cells)) {
            let columns = chosen.iter().flat_map(|&g| groups[g].columns.iter().copied());
            if tuples(columns, rows, rows) == rows {
                return Some(chosen.iter().map(|&g| &groups[g]).collect());
            }
        }
        // The next combination in lexicographic order.
        let last = (0..size).rfind(|&i| chosen[i] + size - i < groups.len())?;
        chosen[last] += 1;
        for i in last + 1..size {
            chosen[i] = chosen[i - 1] + 1;
        }
    }
}

/// A table with one axis: a date, or else the first column, that is different in every row. A date
/// may be in a few rows twice, as the hour is in which summer time ends: reading names those.
fn series(columns: &[Column], rows: usize, response: Option<&str>) -> Option<Guess> {
    let points = |c: &Column| {
        let is_candidate = c.is_known() && response.is_none_or(|name| c.name != name);
        let enough = if c.kind == Kind::Date { rows / 2 + 1 } else { rows };
        c.distinct.filter(|&n| is_candidate && n >= enough)
    };
    let dates = columns.iter().filter(|c| c.kind == Kind::Date);
    let (axis, points) = dates.chain(columns.first()).find_map(|c| Some((c, points(c)?)))?;
    let is_response = |c: &Column| response.map_or(c.name != axis.name, |name| c.name == name);
    let response = columns.iter().rfind(|c| c.kind == Kind::Number && is_response(c))?;
    let axis = self::axis(&Group { columns: vec![axis], points });
    Some(Guess { response: response.name.clone(), axes: vec![axis] })
}

/// An axis with the coordinates that say most.
fn axis(group: &Group) -> GuessedAxis {
    let names: Vec<&str> = group.columns.iter().map(|c| c.name.as_str()).collect();
    let finest = group.columns.iter().max_by_key(|c| {
        // The first one of several with as many values.
        let first = group.columns.iter().position(|o| o.name == c.name);
        (c.distinct, std::cmp::Reverse(first))
    });
    let finest = finest.expect("a group has a column");
    let (name, coordinates) = match place(&names) {
        Some(place) => {
            let label = group.columns.iter().find(|c| c.kind == Kind::Label);
            (label.map_or("place", |c| &c.name), place.to_vec())
        }
        None => (finest.name.as_str(), vec![finest.name.as_str()]),
    };
    let other = |c: &&&Column| c.kind == Kind::Number && !coordinates.contains(&c.name.as_str());
    GuessedAxis {
        name: name.to_owned(),
        coordinates: coordinates.iter().map(|&c| c.to_owned()).collect(),
        points: group.points,
        format: match coordinates.as_slice() {
            [_] => finest.format.clone(),
            _ => None,
        },
        covariates: group.columns.iter().filter(other).map(|c| c.name.clone()).collect(),
    }
}
