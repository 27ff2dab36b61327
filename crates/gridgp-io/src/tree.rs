//! Trees of groups with variables, the content of a NetCDF-4 file.
//!
//! Fit files are trees in ArviZ's layout: groups `posterior`, `sample_stats`, `observed_data` …
//! with dimensions `chain`, `draw` and those of the model.

use std::path::Path;

use gridgp_fit::Attribute;

use crate::{Error, Result, netcdf};

/// A group: dimensions, variables on them, attributes, and groups inside. The file is a group too.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NetcdfTree {
    /// Its name; ignored for the file itself.
    pub name: String,
    /// Dimensions with their lengths. Groups inside see them as well.
    pub dims: Vec<(String, usize)>,
    /// Variables.
    pub variables: Vec<TreeVariable>,
    /// Attributes of the group.
    pub attributes: Vec<(String, Attribute)>,
    /// Groups inside.
    pub groups: Vec<NetcdfTree>,
}

/// A variable of a [`NetcdfTree`].
#[derive(Debug, Clone, PartialEq)]
pub struct TreeVariable {
    /// Its name; that of a dimension makes it the coordinate of that dimension.
    pub name: String,
    /// Names of its dimensions, slowest first.
    pub dims: Vec<String>,
    /// Row-major, the last dimension fastest.
    pub values: Array,
    /// `units`, `long_name` …
    pub attributes: Vec<(String, Attribute)>,
}

/// Values of a variable.
#[derive(Debug, Clone, PartialEq)]
pub enum Array {
    /// Numbers; NaN is missing.
    Numbers(Vec<f64>),
    /// Integers, kept exactly.
    Integers(Vec<i64>),
    /// Text, of any length.
    Text(Vec<String>),
}

impl Array {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(v) => v.len(),
            Self::Integers(v) => v.len(),
            Self::Text(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The attribute called `name` as text.
pub(crate) fn text<'a>(attributes: &'a [(String, Attribute)], name: &str) -> Option<&'a str> {
    attributes.iter().find_map(|(n, value)| match value {
        Attribute::Text(text) if n == name => Some(text.as_str()),
        _ => None,
    })
}

impl TreeVariable {
    /// A variable without attributes.
    pub fn new(name: impl Into<String>, dims: &[&str], values: Array) -> Self {
        let dims = dims.iter().map(|&d| d.to_owned()).collect();
        Self { name: name.into(), dims, values, attributes: vec![] }
    }

    /// The same variable with one more attribute.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Attribute>) -> Self {
        self.attributes.push((name.into(), value.into()));
        self
    }

    /// The attribute called `name`.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find_map(|(n, value)| (n == name).then_some(value))
    }

    /// Its numbers, if it holds any.
    pub fn numbers(&self) -> Option<&[f64]> {
        match &self.values {
            Array::Numbers(v) => Some(v),
            _ => None,
        }
    }
}

impl NetcdfTree {
    /// An empty group.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// The group called `name`.
    pub fn group(&self, name: &str) -> Option<&NetcdfTree> {
        self.groups.iter().find(|g| g.name == name)
    }

    /// The variable called `name`.
    pub fn variable(&self, name: &str) -> Option<&TreeVariable> {
        self.variables.iter().find(|v| v.name == name)
    }

    /// The attribute called `name`.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find_map(|(n, value)| (n == name).then_some(value))
    }

    /// The length of the dimension called `name`.
    pub fn dim(&self, name: &str) -> Option<usize> {
        self.dims.iter().find_map(|(n, size)| (n == name).then_some(*size))
    }
}

/// Writes a tree as a NetCDF-4 file that `xarray.open_datatree` and `arviz.from_netcdf` open.
///
/// The file appears complete or not at all. Text attributes too long for an HDF5 header are stored
/// as scalar text variables and come back from [`read_tree`] as attributes.
///
/// # Errors
/// Variables that do not match their dimensions, empty dimensions, names that occur twice, or the
/// file cannot be written.
pub fn write_tree(path: &Path, tree: &NetcdfTree) -> Result<()> {
    let bytes = netcdf::encode(tree).map_err(|message| Error::file(path, message))?;
    Ok(gridgp_file::write(path, |file| file.write_all(&bytes))?)
}

/// Reads a NetCDF file with all its groups and values, as stored: without unpacking or masks.
///
/// # Errors
/// The file cannot be read, is no NetCDF file, or is damaged.
pub fn read_tree(path: &Path) -> Result<NetcdfTree> {
    netcdf::File::open(path)?.tree()
}

/// What a NetCDF file is to gridgp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetcdfKind {
    /// A fit file.
    Fit,
    /// Draws in ArviZ's layout, as other programs write them.
    Draws,
    /// Anything else: data, predictions.
    Data,
}

/// Says what a NetCDF file is; no values are read.
///
/// # Errors
/// The file cannot be read, is no NetCDF file, or its header is damaged.
pub fn netcdf_kind(path: &Path) -> Result<NetcdfKind> {
    Ok(netcdf::File::open(path)?.kind())
}
