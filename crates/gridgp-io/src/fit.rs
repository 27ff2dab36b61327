//! Fit files: a model, its data and what was found, in one NetCDF-4 file.
//!
//! The layout is ArviZ's: xarray's `open_datatree` and ArviZ's `from_netcdf` open it. Format 2:
//!
//! | group | contents |
//! |---|---|
//! | root attributes | `gridgp_format` = 3, `gridgp_version`, `method`, `seed`, `model_file`, `model` (the text of the model file), `summary` (JSON, as `gridgp summary --json` prints it) |
//! | `posterior` | one variable a parameter, dims (`chain`, `draw`), one draw for a mode; the fields, on their axes |
//! | `unconstrained_posterior` | `x`, all unknowns of each draw: what prediction begins from |
//! | `sample_stats` | how each draw came about |
//! | `log_likelihood`, `posterior_predictive` | on the grid of the data |
//! | `observed_data` | the response on its grid, with the coordinates of its axes |
//! | `constant_data` | the covariates as used, with attributes `center` and `scale` that say what was subtracted and divided |
//!
//! Every group, the file itself included, has the attribute `gridgp_checksum`; a reader refuses a
//! file that does not match, and a format that it does not know.

use std::path::Path;

use gridgp_fit::{Attribute, Fit, InferenceGroup, Scaling};
use gridgp_grid::{Covariate, Dataset, Grid, Variable};
use gridgp_model::spec::{ModelSpec, Source};

use crate::coordinate::of_variable;
use crate::tree::{NetcdfTree, TreeVariable, read_tree, write_tree};
use crate::{Error, Result, arrays, checksum, group_of_tree, group_to_tree, netcdf};

/// The format that this version writes and reads.
const FORMAT: i64 = 3;

/// What messages call a fit file that is no file.
const IN_MEMORY: &str = "the fit";

/// Writes a fit file: to a temporary file first, so that a failure leaves nothing behind.
///
/// # Errors
/// The file cannot be written.
pub fn write_fit(path: &Path, fit: &Fit) -> Result<()> {
    write_tree(path, &signed(path, fit)?)
}

/// A fit file as bytes.
///
/// # Errors
/// Names that occur twice.
pub fn fit_to_bytes(fit: &Fit) -> Result<Vec<u8>> {
    let path = Path::new(IN_MEMORY);
    netcdf::encode(&signed(path, fit)?).map_err(|message| Error::file(path, message))
}

fn signed(path: &Path, fit: &Fit) -> Result<NetcdfTree> {
    let mut tree = fit_tree(path, fit)?;
    checksum::sign(&mut tree);
    Ok(tree)
}

/// The contents of a fit file as a tree of groups, without checksums; `path` is for messages.
///
/// # Errors
/// Names that occur twice.
pub fn fit_tree(path: &Path, fit: &Fit) -> Result<NetcdfTree> {
    let mut root = NetcdfTree::new("");
    root.attributes = vec![
        ("gridgp_format".into(), FORMAT.into()),
        ("gridgp_version".into(), fit.version.as_str().into()),
        ("method".into(), fit.method.as_str().into()),
        ("seed".into(), Attribute::Text(fit.seed.to_string())),
        ("model_file".into(), fit.source.name().into()),
        ("model".into(), fit.source.text().into()),
        ("summary".into(), fit.summary.as_str().into()),
    ];
    let known = [
        InferenceGroup::observed_data(&fit.data),
        InferenceGroup::constant_data(&fit.data, &fit.scalings),
    ];
    for group in fit.groups.iter().cloned().chain(known) {
        root.groups.push(group_to_tree(group, path)?);
    }
    Ok(root)
}

/// Reads a fit file.
///
/// # Errors
/// The file cannot be read, is damaged, is not a fit file, has another format, or does not match
/// its checksums.
pub fn read_fit(path: &Path) -> Result<Fit> {
    fit_of(path, &read_tree(path)?, true)
}

/// As [`read_fit`], without a look at the checksums: for a file that another program changed on
/// purpose, or that was written before there were any.
///
/// # Errors
/// As [`read_fit`], but for the checksums.
pub fn read_fit_unverified(path: &Path) -> Result<Fit> {
    fit_of(path, &read_tree(path)?, false)
}

/// The fit whose file has these bytes.
///
/// # Errors
/// As [`read_fit`].
pub fn fit_from_bytes(bytes: &[u8]) -> Result<Fit> {
    let path = Path::new(IN_MEMORY);
    fit_of(path, &netcdf::File::of_bytes(path, bytes)?.tree()?, true)
}

fn fit_of(path: &Path, root: &NetcdfTree, verify: bool) -> Result<Fit> {
    let reader = Reader { path, root };
    match root.attribute("gridgp_format") {
        Some(Attribute::Integer(FORMAT)) => {}
        Some(Attribute::Integer(other)) => {
            return Err(reader.fail(&format!(
                "it has fit format {other}, and this version of gridgp reads format {FORMAT}; use \
                 the version that wrote it, or fit again"
            )));
        }
        _ => return Err(reader.fail("it is not a fit file: `gridgp fit` writes them")),
    }
    if verify {
        checksum::verify(path, root)?;
    }
    let source = Source::new(reader.text("model_file")?, reader.text("model")?);
    let spec = ModelSpec::from_toml(&source).map_err(|e| reader.fail(&e.to_string()))?;
    let observed = reader.group("observed_data")?;
    let grid = reader.grid(observed, &spec)?;
    let y = reader.variable(observed, &spec.data.response)?;
    let text = |v: &TreeVariable, name: &str| match v.attribute(name) {
        Some(Attribute::Text(t)) => Some(t.clone()),
        _ => None,
    };
    let response = Variable {
        units: text(y, "units"),
        long_name: text(y, "long_name"),
        ..Variable::with_nan_as_missing(spec.data.response.as_str(), reader.numbers(y)?)
    };
    let constant = reader.group("constant_data")?;
    let (mut covariates, mut scalings) = (Vec::new(), Vec::new());
    for name in spec.data.covariates.keys() {
        let v = reader.variable(constant, name)?;
        let axes = v.dims.iter().map(|d| grid.position(d)).collect::<Option<Vec<_>>>();
        let axes = axes.ok_or_else(|| reader.fail(&format!("{name:?} is not on the grid")))?;
        let number = |key: &str| match v.attribute(key) {
            Some(Attribute::Number(x)) => Ok(*x),
            _ => Err(reader.fail(&format!("covariate {name:?} has no attribute {key:?}"))),
        };
        scalings.push(Scaling { center: number("center")?, scale: number("scale")? });
        covariates.push(Covariate::with_nan_as_missing(
            name,
            axes,
            reader.numbers(v)?,
            text(v, "units"),
        ));
    }
    let is_known = |g: &&NetcdfTree| ["observed_data", "constant_data"].contains(&g.name.as_str());
    reader.group("posterior")?;
    let groups = root
        .groups
        .iter()
        .filter(|g| !is_known(g))
        .map(|g| group_of_tree(path, g.clone()))
        .collect::<Result<_>>()?;
    Ok(Fit {
        version: reader.text("gridgp_version")?,
        data: Dataset::new(grid, response, covariates).map_err(|e| reader.fail(&e.to_string()))?,
        scalings,
        method: reader.text("method")?,
        seed: reader
            .text("seed")?
            .parse()
            .map_err(|_| reader.fail("its seed is not a whole number"))?,
        groups,
        summary: reader.text("summary")?,
        source,
    })
}

struct Reader<'a> {
    path: &'a Path,
    root: &'a NetcdfTree,
}

impl<'a> Reader<'a> {
    fn fail(&self, message: &str) -> Error {
        Error::file(self.path, message)
    }

    fn text(&self, name: &str) -> Result<String> {
        match self.root.attribute(name) {
            Some(Attribute::Text(t)) => Ok(t.clone()),
            _ => Err(self.fail(&format!("the attribute {name:?} is missing: the file is damaged"))),
        }
    }

    fn group(&self, name: &str) -> Result<&'a NetcdfTree> {
        self.root.group(name).ok_or_else(|| {
            self.fail(&format!("the group {name:?} is missing: the file is damaged"))
        })
    }

    fn variable(&self, group: &'a NetcdfTree, name: &str) -> Result<&'a TreeVariable> {
        group.variable(name).ok_or_else(|| {
            self.fail(&format!("{name:?} is missing in {:?}: the file is damaged", group.name))
        })
    }

    fn numbers(&self, v: &TreeVariable) -> Result<Vec<f64>> {
        let numbers = v.numbers().map(<[f64]>::to_vec);
        numbers.ok_or_else(|| self.fail(&format!("{:?} is not made of numbers", v.name)))
    }

    fn grid(&self, observed: &'a NetcdfTree, spec: &ModelSpec) -> Result<Grid> {
        let mut axes = Vec::new();
        for (name, axis) in &spec.data.axes {
            let named = !axis.coordinates.contains(name);
            let names = observed.variable(name).filter(|v| named && v.dims == [name.as_str()]);
            let mut coordinates = Vec::new();
            let own = axis.coordinates.iter().map(|c| self.variable(observed, c));
            for v in own.chain(names.map(Ok)) {
                coordinates.push(of_variable(v?.clone()));
            }
            let made = arrays::axis(name, axis.coordinates.len(), coordinates);
            axes.push(made.map_err(|e| self.fail(&e.to_string()))?);
        }
        Grid::new(axes).map_err(|e| self.fail(&e.to_string()))
    }
}

#[cfg(test)]
mod tests;
