//! Results on a grid or at points, as NetCDF or as a long CSV table.

use std::collections::HashSet;
use std::io::{self, Write};
use std::path::Path;

use gridgp_fit::{GridOutput, OutputVariable, PointsOutput};
use gridgp_grid::time::{Date, TimeUnits};
use gridgp_grid::{Axis, Coordinate, Values};

use crate::coordinate::to_variable;
use crate::format::Format;
use crate::tree::{Array, NetcdfTree, TreeVariable};
use crate::{Error, Result, netcdf};

/// Writes results on a grid: NetCDF-4, or a long table if the name ends in `.csv`.
///
/// A time coordinate keeps its unit and calendar in NetCDF and becomes dates in a table. A table
/// has a row a cell; variables with extra dimensions have a column for each of their points,
/// `f_quantile_0.05`. The file appears complete or not at all.
///
/// # Errors
/// Variables that do not match their dimensions, names that occur twice, or the file cannot be
/// written.
pub fn write_grid(path: &Path, output: &GridOutput) -> Result<()> {
    Output::of_grid(output).write(path)
}

/// Writes results at points, as [`write_grid`] does for grids.
///
/// # Errors
/// As [`write_grid`].
pub fn write_points(path: &Path, output: &PointsOutput) -> Result<()> {
    Output::of_points(output).write(path)
}

/// Writes a prediction, by [`write_grid`] or [`write_points`].
///
/// # Errors
/// As those.
pub fn write_output(path: &Path, output: &gridgp_fit::Output) -> Result<()> {
    laid_out(output).write(path)
}

/// The content of the NetCDF file that [`write_output`] writes.
///
/// # Errors
/// Variables that do not match their dimensions, or names that occur twice.
pub fn output_tree(output: &gridgp_fit::Output) -> Result<NetcdfTree> {
    laid_out(output).checked_tree()
}

fn laid_out(output: &gridgp_fit::Output) -> Output<'_> {
    match output {
        gridgp_fit::Output::Grid(output) => Output::of_grid(output),
        gridgp_fit::Output::Points(output) => Output::of_points(output),
    }
}

struct Dim {
    name: String,
    coordinates: Vec<Coordinate>,
}

impl Dim {
    fn of(axis: &Axis) -> Self {
        Self { name: axis.name().to_owned(), coordinates: axis.shown().cloned().collect() }
    }

    fn len(&self) -> usize {
        self.coordinates.first().map_or(0, Coordinate::len)
    }
}

/// What both kinds of output are.
struct Output<'a> {
    /// Dimensions that make up the rows of a table.
    rows: Vec<Dim>,
    extra: Vec<Dim>,
    variables: &'a [OutputVariable],
    attributes: &'a [(String, String)],
}

impl<'a> Output<'a> {
    fn of_grid(output: &'a GridOutput) -> Self {
        Self {
            rows: output.grid.axes().iter().map(Dim::of).collect(),
            extra: output.extra.iter().map(Dim::of).collect(),
            variables: &output.variables,
            attributes: &output.attributes,
        }
    }

    fn of_points(output: &'a PointsOutput) -> Self {
        Self {
            rows: vec![Dim { name: output.dim.clone(), coordinates: output.coordinates.clone() }],
            extra: output.extra.iter().map(Dim::of).collect(),
            variables: &output.variables,
            attributes: &output.attributes,
        }
    }
}

impl Output<'_> {
    fn write(&self, path: &Path) -> Result<()> {
        self.check().map_err(|message| Error::file(path, message))?;
        match Format::of_name(path) {
            Some(Format::Csv) => {
                let columns: Vec<Column> =
                    self.variables.iter().flat_map(|v| self.columns(v)).collect();
                let coordinates = self.rows.iter().flat_map(|d| &d.coordinates);
                let head = coordinates.map(|c| c.name.as_str());
                let head: Vec<&str> = head.chain(columns.iter().map(|c| c.name.as_str())).collect();
                if let Some(name) = twice(&head) {
                    let hint = "write NetCDF (.nc), where they are apart, or rename one of them";
                    let message = format!("the table would have two columns {name:?}; {hint}");
                    return Err(Error::file(path, message));
                }
                Ok(gridgp_file::write(path, |file| self.csv(file, &head, &columns))?)
            }
            Some(Format::Netcdf) => {
                let bytes = netcdf::encode(&self.tree()).map_err(|m| Error::file(path, m))?;
                Ok(gridgp_file::write(path, |file| file.write_all(&bytes))?)
            }
            None => Err(Error::file(path, "the name must end in .nc or .csv")),
        }
    }

    fn checked_tree(&self) -> Result<NetcdfTree> {
        self.check().map_err(gridgp_grid::Error::Data)?;
        Ok(self.tree())
    }

    fn dims(&self) -> impl Iterator<Item = &Dim> {
        self.rows.iter().chain(&self.extra)
    }

    fn dim(&self, name: &str) -> Option<&Dim> {
        self.dims().find(|d| d.name == name)
    }

    fn check(&self) -> Result<(), String> {
        let mut names: Vec<&str> = vec![];
        for dim in self.dims() {
            if let Some(c) = dim.coordinates.iter().find(|c| c.len() != dim.len()) {
                return Err(format!("the coordinate {:?} does not match {:?}", c.name, dim.name));
            }
            if dim.len() == 0 {
                return Err(format!("the dimension {:?} has no points", dim.name));
            }
            names.push(&dim.name);
            let others = dim.coordinates.iter().filter(|c| c.name != dim.name);
            names.extend(others.map(|c| c.name.as_str()));
        }
        names.extend(self.variables.iter().map(|v| v.name.as_str()));
        if let Some(name) = twice(&names) {
            return Err(format!("the name {name:?} occurs twice; rename one of them"));
        }
        for v in self.variables {
            let mut cells = 1;
            for name in &v.dims {
                let Some(dim) = self.dim(name) else {
                    let known: Vec<&str> = self.dims().map(|d| d.name.as_str()).collect();
                    let hint = crate::nearest::hint(name, known);
                    return Err(format!("{:?}: there is no dimension {name:?}{hint}", v.name));
                };
                cells *= dim.len();
            }
            if v.values.len() != cells {
                return Err(format!(
                    "{:?} has {} values but its dimensions have {cells} cells",
                    v.name,
                    v.values.len()
                ));
            }
        }
        Ok(())
    }

    fn tree(&self) -> NetcdfTree {
        let mut tree = NetcdfTree::default();
        tree.attributes.push(("Conventions".into(), "CF-1.10".into()));
        let attributes = self.attributes.iter().filter(|(name, _)| name != "Conventions");
        tree.attributes.extend(attributes.map(|(name, text)| (name.clone(), text.as_str().into())));
        for dim in self.dims() {
            tree.dims.push((dim.name.clone(), dim.len()));
            for c in &dim.coordinates {
                tree.variables.push(to_variable(c, &c.name, &dim.name));
            }
        }
        for v in self.variables {
            let attributes = v.attributes.iter().map(|(n, text)| (n.clone(), text.as_str().into()));
            let mut attributes: Vec<_> = attributes.collect();
            let dims = v.dims.iter().filter_map(|name| self.dim(name));
            let others: Vec<&str> = dims
                .flat_map(|d| d.coordinates.iter().filter(|c| c.name != d.name))
                .map(|c| c.name.as_str())
                .collect();
            if !others.is_empty() {
                attributes.push(("coordinates".into(), others.join(" ").into()));
            }
            tree.variables.push(TreeVariable {
                name: v.name.clone(),
                dims: v.dims.clone(),
                values: Array::Numbers(v.values.clone()),
                attributes,
            });
        }
        tree
    }

    fn csv(&self, file: &mut dyn Write, head: &[&str], columns: &[Column<'_>]) -> io::Result<()> {
        let coordinates: Vec<Vec<Vec<String>>> =
            self.rows.iter().map(|d| d.coordinates.iter().map(texts).collect()).collect();
        let mut writer = csv::Writer::from_writer(file);
        writer.write_record(head)?;
        let mut at = vec![0; self.rows.len()];
        let cells: usize = self.rows.iter().map(Dim::len).product();
        for _ in 0..cells {
            for (texts, &i) in coordinates.iter().zip(&at) {
                texts.iter().try_for_each(|c| writer.write_field(&c[i]))?;
            }
            for column in columns {
                let steps = at.iter().zip(&column.steps);
                let value = column.values[column.offset + steps.map(|(i, s)| i * s).sum::<usize>()];
                writer.write_field(number(value))?;
            }
            writer.write_record(None::<&[u8]>)?;
            for (i, dim) in at.iter_mut().zip(&self.rows).rev() {
                *i += 1;
                if *i < dim.len() {
                    break;
                }
                *i = 0;
            }
        }
        writer.flush()
    }

    /// The columns of a variable: one, or one for each point of its extra dimensions.
    fn columns<'a>(&self, v: &'a OutputVariable) -> Vec<Column<'a>> {
        let mut step = v.values.len();
        let steps: Vec<(&str, usize)> = v
            .dims
            .iter()
            .map(|name| {
                step /= self.dim(name).map_or(1, Dim::len);
                (name.as_str(), step)
            })
            .collect();
        let step = |dim: &Dim| steps.iter().find(|(name, _)| *name == dim.name).map(|(_, s)| *s);
        let rows: Vec<usize> = self.rows.iter().map(|d| step(d).unwrap_or(0)).collect();
        let mut columns = vec![(v.name.clone(), 0)];
        for dim in &self.extra {
            let Some(step) = step(dim) else { continue };
            let texts = texts(&dim.coordinates[0]);
            columns = columns
                .iter()
                .flat_map(|(name, offset)| {
                    texts.iter().enumerate().map(move |(i, text)| {
                        (format!("{name}_{}_{text}", dim.name), offset + i * step)
                    })
                })
                .collect();
        }
        columns
            .into_iter()
            .map(|(name, offset)| Column { name, values: &v.values, steps: rows.clone(), offset })
            .collect()
    }
}

/// A name that occurs twice.
fn twice<'a>(names: &[&'a str]) -> Option<&'a str> {
    let mut seen = HashSet::new();
    names.iter().find(|name| !seen.insert(**name)).copied()
}

/// A column of a table.
struct Column<'a> {
    name: String,
    values: &'a [f64],
    /// How far the value moves with each dimension of the rows.
    steps: Vec<usize>,
    offset: usize,
}

/// The values of a coordinate as text; times of the common calendar as dates of one form, if that
/// is exact.
fn texts(c: &Coordinate) -> Vec<String> {
    let v = match &c.values {
        Values::Labels(v) => return v.clone(),
        Values::Numbers(_) if c.is_single() => return (0..c.len()).map(|i| c.show(i)).collect(),
        Values::Numbers(v) => v,
    };
    let dates = TimeUnits::of(c).filter(TimeUnits::is_common).and_then(|units| {
        if let Some(dates) = c.ticks().and_then(|ticks| ticks.dates(c.calendar.as_deref())) {
            return Some(dates);
        }
        let date = |&x: &f64| {
            let date = units.decode(x)?;
            let back = units.encode(date)?;
            ((back - x).abs() <= 1e-12 * x.abs().max(1.0)).then_some(date)
        };
        v.iter().map(date).collect::<Option<Vec<Date>>>()
    });
    match dates {
        Some(dates) => alike(&dates),
        None => v.iter().map(|&x| number(x)).collect(),
    }
}

/// Dates in one form: all with a time of day where one of them has it, to the same fraction of a
/// second.
fn alike(dates: &[Date]) -> Vec<String> {
    if dates.iter().all(|d| d.nanoseconds() == 0) {
        return dates.iter().map(Date::to_string).collect();
    }
    let whole = |digits: &u32| dates.iter().all(|d| d.nanoseconds() % 10i64.pow(9 - digits) == 0);
    let digits = (0..9).find(whole).unwrap_or(9);
    let text = |date: &Date| {
        let day = Date::new(date.year(), date.month(), date.day());
        let (seconds, nanos) =
            (date.nanoseconds() / 10i64.pow(9), date.nanoseconds() % 10i64.pow(9));
        let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let clock = format!("{day}T{h:02}:{m:02}:{s:02}");
        let fraction = nanos / 10i64.pow(9 - digits);
        if digits == 0 { clock } else { format!("{clock}.{fraction:0w$}", w = digits as usize) }
    };
    dates.iter().map(text).collect()
}

/// The shortest text that reads back as the same number; empty if missing.
fn number(x: f64) -> String {
    match x.abs() {
        a if a.is_nan() => String::new(),
        a if a != 0.0 && !(1e-5..1e15).contains(&a) && a.is_finite() => format!("{x:e}"),
        _ => format!("{x}"),
    }
}
