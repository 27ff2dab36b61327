//! A long table as data on a grid.

use std::collections::HashMap;
use std::path::Path;

use gridgp_fit::Scaling;
use gridgp_grid::{Axis, Coordinate, Covariate, Dataset, Grid, Values, Variable, time};
use gridgp_model::spec::{AxisSpec, DataSpec};

use super::content::Reading;
use super::table::{Levels, Table, Wanted};
use crate::dates::DateFormat;
use crate::missing::Missing;
use crate::{Error, Result, asked, covariate, select};

/// Cells of which a part may be given as [`Rows::Scattered`].
const SCATTERED: usize = 1 << 24;

/// What the rows of a table are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Rows {
    /// A grid, most of whose cells have one.
    Grid,
    /// Any cells, to be added to other data.
    Scattered,
}

/// Reads the table at `path` as `spec` says.
pub(crate) fn read(path: &Path, spec: &DataSpec, rows: Rows) -> Result<(Dataset, Vec<Scaling>)> {
    let formats = asked::formats(spec).map_err(|e| Error::file(path, e))?;
    let mut wanted = Wanted { missing: Missing::of(&spec.missing), ..Wanted::default() };
    let mut ranges = vec![];
    for (axis, format) in spec.axes.values().zip(&formats) {
        let first = wanted.coordinates.len();
        let columns = axis.coordinates.iter().map(|c| (c.as_str(), reading(axis, format, c)));
        wanted.coordinates.extend(columns);
        ranges.push(first..wanted.coordinates.len());
    }
    let selectors = wanted.coordinates.len();
    for key in spec.sel.keys().chain(spec.isel.keys()) {
        let known = wanted.coordinates.iter().any(|(name, _)| name == key);
        if !spec.axes.contains_key(key) && !known {
            wanted.coordinates.push((key, Reading::Select));
        }
    }
    wanted.values.push(&spec.response);
    for (name, c) in &spec.covariates {
        if covariate::coordinate(spec, name, c).is_none() {
            wanted.values.push(covariate::variable(name, c));
        }
    }
    let mut table = Table::read(path, &wanted)?;
    for k in selectors..table.coordinates.len() {
        choose_rows(&mut table, k, spec)?;
    }

    let mut axes = vec![];
    let mut points_of_rows: Vec<Vec<u32>> = vec![];
    for ((name, axis), range) in spec.axes.iter().zip(ranges) {
        let (mut coordinates, mut points) = points(&table.coordinates[range]);
        coordinates
            .iter_mut()
            .try_for_each(|c| time::convert(c, axis.units.as_deref()))
            .map_err(|e| Error::file(path, format!("data.axes.{name}: {e}")))?;
        if let Some(kept) =
            select::kept(&[name], &coordinates, &[], spec).map_err(|e| Error::file(path, e))?
        {
            let mut new = vec![u32::MAX; coordinates[0].len()];
            kept.iter().enumerate().for_each(|(i, &old)| new[old] = i as u32);
            coordinates = coordinates.iter().map(|c| c.take(&kept)).collect();
            points.iter_mut().for_each(|p| *p = new[*p as usize]);
        }
        axes.push(Axis::new(name, coordinates).map_err(Error::grid(path))?);
        points_of_rows.push(points);
    }
    // Rows outside of the selection on any axis go, now that all axes are known.
    let keep: Vec<bool> = (0..table.len())
        .map(|row| points_of_rows.iter().all(|points| points[row] != u32::MAX))
        .collect();
    if keep.contains(&false) {
        table.retain(&keep);
        for points in &mut points_of_rows {
            let mut keep = keep.iter();
            points.retain(|_| *keep.next().expect("one flag a row"));
        }
    }

    refuse_ragged(&table, &axes, rows)?;
    let grid = Grid::new(axes).map_err(Error::grid(path))?;
    let mut values = std::mem::take(&mut table.values).into_iter();
    let response = scatter(&table, &grid, &points_of_rows, &values.next().expect("the response"))?;
    let response = Variable::with_nan_as_missing(&spec.response, response);
    let mut covariates = vec![];
    let mut scalings = vec![];
    for (name, c) in &spec.covariates {
        let mut covariate = match covariate::coordinate(spec, name, c) {
            Some((axis, coordinate)) => {
                covariate::from_coordinate(&grid, None, name, axis, coordinate)
            }
            None => {
                let axes = covariate::axes(spec, c);
                let column = values.next().expect("a column a covariate");
                axes.and_then(|axes| gather(&table, &grid, &points_of_rows, name, axes, &column))
            }
        }
        .map_err(|e| Error::file(path, format!("covariate {name:?}: {e}")))?;
        let scaling = Scaling::of(c, &covariate)
            .map_err(|e| Error::file(path, format!("covariate {name:?}: {e}")))?;
        scaling.apply(&mut covariate.values);
        covariates.push(covariate);
        scalings.push(scaling);
    }
    let dataset = Dataset::new(grid, response, covariates).map_err(Error::grid(path))?;
    Ok((dataset, scalings))
}

/// How an axis asks for one of its columns.
fn reading<'a>(axis: &AxisSpec, format: &'a Option<DateFormat>, column: &str) -> Reading<'a> {
    match (format, axis.has_labels(column)) {
        (Some(format), _) => Reading::Dates(format),
        (None, Some(true)) => Reading::Labels,
        (None, Some(false)) => Reading::NotLabels,
        (None, None) => Reading::Guess,
    }
}

/// Applies a selection on a column that is no coordinate of an axis: it only chooses rows.
fn choose_rows(table: &mut Table, k: usize, spec: &DataSpec) -> Result<()> {
    let (values, of_row) = points(&table.coordinates[k..=k]);
    let kept = select::kept(&[&values[0].name], &values, &[], spec);
    if let Some(kept) = kept.map_err(|e| Error::file(&table.path, e))? {
        let mut keep = vec![false; values[0].len()];
        kept.iter().for_each(|&p| keep[p] = true);
        table.retain(&of_row.iter().map(|&p| keep[p as usize]).collect::<Vec<_>>());
    }
    Ok(())
}

/// The distinct points of some columns, and the point of every row.
///
/// The points of a single column of numbers are in ascending order, others in order of appearance.
fn points(columns: &[Levels]) -> (Vec<Coordinate>, Vec<u32>) {
    // The rows' values on every column, for each point in order of appearance.
    let mut tuples: Vec<Vec<u32>> = vec![];
    let mut ids: HashMap<Vec<u32>, u32> = HashMap::new();
    let mut tuple = vec![];
    let mut of_row: Vec<u32> = (0..columns[0].of_row.len())
        .map(|row| {
            tuple.clear();
            tuple.extend(columns.iter().map(|c| c.of_row[row]));
            if let Some(&id) = ids.get(&tuple) {
                return id;
            }
            tuples.push(tuple.clone());
            ids.insert(tuple.clone(), tuples.len() as u32 - 1);
            tuples.len() as u32 - 1
        })
        .collect();
    if let [Levels { distinct: Coordinate { values: Values::Numbers(v), .. }, .. }] = columns {
        let mut order: Vec<usize> = (0..tuples.len()).collect();
        order.sort_by(|&a, &b| v[tuples[a][0] as usize].total_cmp(&v[tuples[b][0] as usize]));
        let mut rank = vec![0; tuples.len()];
        order.iter().enumerate().for_each(|(new, &old)| rank[old] = new as u32);
        of_row.iter_mut().for_each(|p| *p = rank[*p as usize]);
        tuples = order.into_iter().map(|old| std::mem::take(&mut tuples[old])).collect();
    }
    let coordinates = columns.iter().enumerate().map(|(j, c)| {
        let levels: Vec<usize> = tuples.iter().map(|t| t[j] as usize).collect();
        c.distinct.take(&levels)
    });
    (coordinates.collect(), of_row)
}

/// Refuses a table whose rows fill less than half of the product of its axes, before anything of
/// the size of the product is allocated.
fn refuse_ragged(table: &Table, axes: &[Axis], rows: Rows) -> Result<()> {
    let cells = axes.iter().try_fold(1usize, |n, a| n.checked_mul(a.len()));
    let scattered = rows == Rows::Scattered;
    let enough = |cells: usize| table.len() >= cells.div_ceil(2);
    if cells.is_some_and(|cells| enough(cells) || (scattered && cells <= SCATTERED)) {
        return Ok(());
    }
    let shape: Vec<String> =
        axes.iter().map(|a| format!("{} {} points", a.name(), a.len())).collect();
    let cells = cells.map_or("more cells than can be counted".into(), |n| format!("{n} cells"));
    Err(Error::file(
        &table.path,
        format!(
            "the table is ragged, its rows do not fill a grid: {} rows for {cells} ({}). Columns \
             that change together belong to one axis, as in axes.station = [\"lon\", \"lat\"]; \
             coordinates with measurement noise must be rounded; if the cells are truly missing, \
             add rows with an empty response",
            table.len(),
            shape.join(" × ")
        ),
    ))
}

/// The cell of a row.
fn cell(grid: &Grid, points_of_rows: &[Vec<u32>], row: usize) -> usize {
    grid.axes()
        .iter()
        .zip(points_of_rows)
        .fold(0, |cell, (axis, points)| cell * axis.len() + points[row] as usize)
}

/// The response in every cell, NaN where the table has none.
fn scatter(
    table: &Table,
    grid: &Grid,
    points_of_rows: &[Vec<u32>],
    column: &[f64],
) -> Result<Vec<f64>> {
    let mut values = vec![f64::NAN; grid.len()];
    let mut seen = vec![false; grid.len()];
    for (row, &value) in column.iter().enumerate() {
        let cell = cell(grid, points_of_rows, row);
        if seen[cell] {
            let first = (0..row)
                .find(|&r| self::cell(grid, points_of_rows, r) == cell)
                .expect("an earlier row filled the cell");
            return Err(Error::file(
                &table.path,
                format!(
                    "lines {} and {} are both for {}; each cell may occur once. If another column \
                     tells them apart, make it an axis or select one of its values with data.sel",
                    table.line(first),
                    table.line(row),
                    grid.describe(cell)
                ),
            ));
        }
        seen[cell] = true;
        values[cell] = value;
    }
    Ok(values)
}

/// A covariate on some axes from a column that must be constant along the others.
fn gather(
    table: &Table,
    grid: &Grid,
    points_of_rows: &[Vec<u32>],
    name: &str,
    axes: Vec<usize>,
    column: &[f64],
) -> Result<Covariate, String> {
    let shape: Vec<usize> = axes.iter().map(|&a| grid.axes()[a].len()).collect();
    let mut values = vec![f64::NAN; shape.iter().product()];
    let position = |row: usize| {
        axes.iter().zip(&shape).fold(0, |at, (&a, n)| at * n + points_of_rows[a][row] as usize)
    };
    let describe = |mut at: usize| {
        let mut parts = vec![];
        for &a in axes.iter().rev() {
            let axis = &grid.axes()[a];
            parts.push(axis.describe(at % axis.len()));
            at /= axis.len();
        }
        parts.reverse();
        parts.join(", ")
    };
    for (row, &value) in column.iter().enumerate() {
        let at = position(row);
        if values[at].is_nan() {
            values[at] = value;
        } else if !value.is_nan() && value != values[at] {
            let first = (0..row)
                .find(|&r| position(r) == at && column[r] == values[at])
                .expect("an earlier row gave the value");
            let names: Vec<&str> = axes.iter().map(|&a| grid.axes()[a].name()).collect();
            return Err(format!(
                "it is {} on line {} and {value} on line {}, both for {}; a covariate along {} \
                 must be the same in all rows of a point",
                values[at],
                table.line(first),
                table.line(row),
                describe(at),
                crate::nearest::list(&names)
            ));
        }
    }
    Ok(Covariate::with_nan_as_missing(name, axes, values, None))
}
