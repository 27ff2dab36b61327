//! Where levels are wanted, without the axes that scenarios stand for.

use std::path::Path;

use anyhow::{Context, bail};
use gridgp_fit::{Scaling, Where};
use gridgp_grid::{Axis, Coordinate, Covariate, Grid, Points};
use gridgp_model::Model;
use gridgp_posterior::{Place, Target};

use super::super::place;
use super::scenario::Scenario;

/// A place for each draw of the fit.
#[derive(Debug, Clone)]
pub enum Spot {
    /// A grid with all axes of the data; a collapsed one has one point.
    Grid(Place),
    /// Points, with their coordinates as the file has them.
    Points {
        coordinates: Vec<Coordinate>,
        points: Vec<Points>,
        covariates: Vec<(String, Vec<f64>)>,
    },
}

/// The cells of the output.
pub enum Rows {
    Grid(Grid),
    Points(Vec<Coordinate>),
}

impl Rows {
    pub fn cells(&self) -> usize {
        match self {
            Self::Grid(grid) => grid.len(),
            Self::Points(coordinates) => coordinates.first().map_or(0, Coordinate::len),
        }
    }

    /// The axes of `grid` that are kept; one point where none is.
    pub fn of(grid: &Grid, keep: impl Fn(usize) -> bool) -> anyhow::Result<Self> {
        let axes = grid.axes().iter().enumerate().filter(|(a, _)| keep(*a));
        let axes: Vec<Axis> = axes.map(|(_, axis)| axis.clone()).collect();
        Ok(if axes.is_empty() {
            Self::Points(vec![Coordinate::numbers("point", vec![0.0])])
        } else {
            Self::Grid(Grid::new(axes)?)
        })
    }
}

impl Spot {
    /// Reads `--at`. Collapsed axes and the covariates of the scenarios need not be there.
    pub fn read(
        at: Option<&str>,
        model: &Model,
        scalings: &[Scaling],
        scenarios: &[Scenario],
        collapsed: &[bool],
    ) -> anyhow::Result<Self> {
        let axes = model.data.grid.axes();
        let kept: Vec<usize> = (0..axes.len()).filter(|&a| !collapsed[a]).collect();
        let path = Path::new(at.unwrap_or_default());
        let Some(at) = at.filter(|at| path.exists() || !at.contains('=')) else {
            let Where::Grid(place) = place::read(at, model, scalings, &model.used_covariates())?
            else {
                unreachable!("axes in words make a grid")
            };
            let axes = place.grid.axes().iter().zip(collapsed);
            let axes = axes.map(|(axis, c)| if *c { first_point(axis) } else { Ok(axis.clone()) });
            let grid = Grid::new(axes.collect::<anyhow::Result<_>>()?)?;
            // Those along what is collapsed are the scenarios'.
            let mut covariates = place.covariates;
            covariates.retain(|c| c.axes.iter().all(|&a| !collapsed[a]));
            return Ok(Self::Grid(Place { grid, covariates }));
        };
        if kept.is_empty() {
            bail!(
                "--at {at}: under the scenarios nothing varies from place to place; leave it out"
            );
        }
        let own: Vec<Axis> = kept.iter().map(|&a| axes[a].clone()).collect();
        let given = |c: usize| scenarios.first().is_some_and(|s| s.value(c).is_some());
        let used: Vec<usize> = model.used_covariates().into_iter().filter(|&c| !given(c)).collect();
        let name = |c: usize| model.data.covariates[c].name.as_str();
        let is_table = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
        if !is_table && path.exists() {
            let mut spec = model.spec.data.clone();
            spec.axes.retain(|axis, _| own.iter().any(|a| a.name() == axis));
            spec.covariates.retain(|covariate, _| used.iter().any(|&c| name(c) == covariate));
            let own_scalings: Vec<Scaling> = used.iter().map(|&c| scalings[c]).collect();
            let (grid, covariates) = gridgp_io::read_grid(path, &spec, &own, &own_scalings)?;
            let covariates = covariates
                .into_iter()
                .map(|c| Covariate { axes: c.axes.iter().map(|&a| kept[a]).collect(), ..c });
            let mut new = grid.axes().iter().cloned();
            let whole = axes.iter().zip(collapsed).map(|(axis, c)| {
                if *c { first_point(axis) } else { new.next().context("an axis is not there") }
            });
            let grid = Grid::new(whole.collect::<anyhow::Result<_>>()?)?;
            return Ok(Self::Grid(Place { grid, covariates: covariates.collect() }));
        }
        let column =
            |c: usize| model.spec.data.covariates[name(c)].variable.as_deref().unwrap_or(name(c));
        let columns: Vec<&str> = used.iter().map(|&c| column(c)).collect();
        let found =
            gridgp_io::read_points(path, &model.spec.data, &own, &columns).with_context(|| {
                format!("--at {at}: a CSV of points, a NetCDF grid, or axes such as x=0:5:101,y=2")
            })?;
        let count = found.points.first().map_or(0, Points::len);
        let mut new = found.points.into_iter();
        let points = axes.iter().zip(collapsed).map(|(axis, c)| {
            if *c {
                let first = axis.points().row(0).to_vec();
                Ok(Points::new(first.repeat(count), first.len()))
            } else {
                new.next().context("an axis is not there")
            }
        });
        let covariates = used.iter().zip(found.values).map(|(&c, mut values)| {
            scalings[c].apply(&mut values);
            (name(c).to_owned(), values)
        });
        Ok(Self::Points {
            coordinates: found.coordinates,
            points: points.collect::<anyhow::Result<_>>()?,
            covariates: covariates.collect(),
        })
    }

    pub fn cells(&self) -> usize {
        match self {
            Self::Grid(place) => place.grid.len(),
            Self::Points { points, .. } => points.first().map_or(0, Points::len),
        }
    }

    /// The place under each scenario; as it is if there is none.
    pub fn under(&self, model: &Model, scenarios: &[Scenario]) -> Vec<Self> {
        if scenarios.is_empty() {
            return vec![self.clone()];
        }
        scenarios.iter().map(|s| self.under_one(model, s)).collect()
    }

    fn under_one(&self, model: &Model, scenario: &Scenario) -> Self {
        let mut spot = self.clone();
        for &(c, value) in &scenario.values {
            let known = &model.data.covariates[c];
            match &mut spot {
                Self::Grid(place) => {
                    let axes = place.grid.axes();
                    let length = known.axes.iter().map(|&a| axes[a].len()).product();
                    let new =
                        Covariate { values: vec![value; length], missing: None, ..known.clone() };
                    place.covariates.retain(|c| c.name != known.name);
                    place.covariates.push(new);
                }
                Self::Points { points, covariates, .. } => {
                    let count = points.first().map_or(0, Points::len);
                    covariates.push((known.name.clone(), vec![value; count]));
                }
            }
        }
        spot
    }

    pub fn target(&self) -> Target<'_> {
        match self {
            Self::Grid(place) => Target::Grid(place),
            Self::Points { points, covariates, .. } => Target::Points(points, covariates),
        }
    }

    /// The cells of the output: those of the axes that are left.
    pub fn rows(self, collapsed: &[bool]) -> anyhow::Result<Rows> {
        match self {
            Self::Grid(place) => Rows::of(&place.grid, |a| !collapsed[a]),
            Self::Points { coordinates, .. } => Ok(Rows::Points(coordinates)),
        }
    }
}

fn first_point(axis: &Axis) -> anyhow::Result<Axis> {
    Ok(Axis::new(axis.name(), axis.coordinates().iter().map(|c| c.take(&[0])).collect())?)
}
