//! What a file to be drawn is.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use gridgp_fit::{Fit, InferenceGroup};
use gridgp_io::{FileSummary, GuessedAxis, NetcdfKind};
use gridgp_model::spec::{AxisSpec, DataSpec, ModelSpec};
use gridgp_model::{Model, OUTPUT};

use super::cube::Cube;
use crate::args::PlotKind;
use crate::commands::{load, read_fit};

/// A file that was opened.
pub enum Opened {
    /// A fit with its model.
    Fit(Box<Fitted>),
    /// A file of draws that is no fit.
    Draws(Vec<InferenceGroup>),
    /// Data or a prediction.
    Data(Box<DataFile>),
    /// A model with its data, not fitted.
    Model(Box<Model>),
}

/// A fit and its model.
pub struct Fitted {
    pub file: Fit,
    pub model: Model,
}

/// A file of variables on axes.
pub struct DataFile {
    path: PathBuf,
    summary: FileSummary,
}

/// The variables of a fit, beside its data.
pub const OF_FIT: [&str; 4] = ["mean", "sd", "sd_observation", "residual"];

/// Whether a variable or a dimension of a file is what results call `name`.
pub fn is_result(found: &str, name: &str) -> bool {
    found.trim_start_matches(OUTPUT) == name
}

impl Opened {
    /// Reads a file. `kind` is what was asked for; `no_verify` as for
    /// [`read_fit`](crate::commands::read_fit).
    pub fn read(path: &Path, kind: Option<PlotKind>, no_verify: bool) -> anyhow::Result<Self> {
        let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        if ending.as_deref() == Some("toml") {
            if !matches!(kind, None | Some(PlotKind::Prior)) {
                bail!(
                    "{} is a model file: only its prior can be drawn; fit it first, and draw the \
                     fit",
                    path.display()
                );
            }
            return Ok(Self::Model(Box::new(load(path, None, None)?.model)));
        }
        let is_table = matches!(ending.as_deref(), Some("csv" | "tsv" | "txt"));
        match gridgp_io::netcdf_kind(path) {
            Ok(NetcdfKind::Fit) if !is_table => {
                let file = read_fit(path, no_verify)?;
                let spec = ModelSpec::from_toml(&file.source)?;
                let model = Model::new(spec, &file.source, file.data.clone())?;
                return Ok(Self::Fit(Box::new(Fitted { file, model })));
            }
            Ok(NetcdfKind::Draws) if !is_table => {
                return Ok(Self::Draws(gridgp_io::read_inference_data(path)?));
            }
            // Reading it as data says what is wrong.
            _ => {}
        }
        let summary = gridgp_io::summarize(path, None)?;
        Ok(Self::Data(Box::new(DataFile { path: path.to_owned(), summary })))
    }

    /// What it is, in words.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fit(_) => "a fit",
            Self::Draws(_) => "a file of draws",
            Self::Data(_) => "a file of data or predictions",
            Self::Model(_) => "a model file",
        }
    }

    /// The kinds of pictures that there are of it.
    pub fn kinds(&self) -> &'static str {
        match self {
            Self::Fit(_) => {
                "heat, map, series, density, trace, rank, pair, loss, pit, qq, prior and \
                 return-levels"
            }
            Self::Draws(_) => "density, trace, rank and pair",
            Self::Data(_) => "heat, map, series and return-levels",
            Self::Model(_) => "prior",
        }
    }

    /// The variable that is drawn where none is named.
    pub fn default_variable(&self) -> anyhow::Result<String> {
        match self {
            Self::Fit(_) => Ok("mean".into()),
            Self::Data(file) => file.default_variable(),
            _ => bail!("{} has no variables on axes", self.name()),
        }
    }

    /// A variable on its axes.
    pub fn cube(&self, variable: &str) -> anyhow::Result<Cube> {
        match self {
            Self::Fit(fit) => fit.cube(variable),
            Self::Data(file) => file.cube(variable),
            _ => bail!("{} has no variables on axes", self.name()),
        }
    }

    /// What is called so in results: the name in this file, which has `output_` in front where an
    /// axis has the name; `None` if there is no such variable.
    pub fn result(&self, name: &str) -> Option<String> {
        match self {
            Self::Fit(_) => OF_FIT.contains(&name).then(|| name.to_owned()),
            Self::Data(file) => file.result(name),
            Self::Draws(_) | Self::Model(_) => None,
        }
    }
}

impl DataFile {
    fn result(&self, name: &str) -> Option<String> {
        let variables = self.summary.variables.iter().map(|v| v.name.as_str());
        let found = variables.filter(|v| is_result(v, name));
        found.max_by_key(|v| v.len()).map(str::to_owned)
    }

    fn default_variable(&self) -> anyhow::Result<String> {
        // A prediction has several; its mean is what one looks at first.
        for all in [&["mean", "sd", "sd_observation"][..], &["level", "level_sd"]] {
            let all: Option<Vec<String>> = all.iter().map(|name| self.result(name)).collect();
            if let Some(first) = all.and_then(|all| all.into_iter().next()) {
                return Ok(first);
            }
        }
        match &self.summary.guess {
            Some(guess) => Ok(guess.response.clone()),
            None => bail!(
                "{}: no variable on a grid was found; a table needs one row a cell, with a column \
                 for each axis and one for the values",
                self.path.display()
            ),
        }
    }

    fn cube(&self, variable: &str) -> anyhow::Result<Cube> {
        let summary = &self.summary;
        let found = summary.variables.iter().find(|v| v.name == variable);
        let in_table = summary.rows.is_some();
        if found.is_none() && !in_table {
            let known: Vec<&str> = summary.variables.iter().map(|v| v.name.as_str()).collect();
            bail!(
                "{}: there is no variable {variable:?}; it has {}",
                self.path.display(),
                known.join(", ")
            );
        }
        let dims = found.map(|v| v.dims.as_slice()).unwrap_or_default();
        let axes: Vec<(String, AxisSpec)> = if dims.is_empty() {
            let guess = summary.guess.as_ref().with_context(|| {
                format!("{}: its columns do not make a grid", self.path.display())
            })?;
            guess.axes.iter().flat_map(|a| self.split(a)).collect()
        } else {
            dims.iter().map(|(dim, _)| (dim.clone(), self.axis(dim))).collect()
        };
        let spec = DataSpec {
            response: variable.into(),
            axes: axes.into_iter().collect(),
            ..DataSpec::default()
        };
        Ok(Cube::of(gridgp_io::read(&self.path, &spec)?))
    }

    /// A guessed axis, or an axis for each of its coordinates where its points are all of their
    /// combinations: a table of a grid of longitudes and latitudes.
    fn split(&self, axis: &GuessedAxis) -> Vec<(String, AxisSpec)> {
        let distinct = |name: &String| {
            let found = self.summary.coordinates.iter().find(|c| c.name == *name);
            found.and_then(|c| c.distinct)
        };
        let counts: Option<Vec<usize>> = axis.coordinates.iter().map(distinct).collect();
        let product = counts.map(|c| c.iter().product::<usize>());
        if axis.coordinates.len() > 1 && axis.points > 1 && product == Some(axis.points) {
            let one = |c: &String| (c.clone(), AxisSpec::one(c.as_str()));
            return axis.coordinates.iter().map(one).collect();
        }
        let spec = AxisSpec {
            coordinates: axis.coordinates.clone(),
            format: axis.format.clone(),
            ..AxisSpec::default()
        };
        vec![(axis.name.clone(), spec)]
    }

    /// The coordinates of a dimension: the one of its name, or all that lie along it.
    fn axis(&self, dim: &str) -> AxisSpec {
        let along = self.summary.coordinates.iter().filter(|c| c.dim.as_deref() == Some(dim));
        let mut names: Vec<String> = along.map(|c| c.name.clone()).collect();
        if names.len() > 1 && names.iter().any(|n| n == dim) {
            names = vec![dim.to_owned()];
        }
        if names.is_empty() {
            names.push(dim.to_owned());
        }
        AxisSpec { coordinates: names, ..AxisSpec::default() }
    }
}
