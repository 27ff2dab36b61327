//! Groups of draws as groups of a NetCDF file.

use std::collections::HashSet;
use std::path::Path;

use gridgp_fit::{DrawValues, InferenceGroup, InferenceVariable};
use gridgp_grid::{Axis, Coordinate, Values};

use crate::coordinate::to_variable;
use crate::tree::{Array, NetcdfTree, TreeVariable, write_tree};
use crate::{Error, Result};

/// Writes groups as a NetCDF-4 file for ArviZ. The file appears complete or not at all.
///
/// # Errors
/// As [`group_to_tree`], a group that occurs twice, or the file cannot be written.
pub fn write_inference_data(path: &Path, groups: Vec<InferenceGroup>) -> Result<()> {
    let mut root = NetcdfTree::new("");
    for group in groups {
        if root.group(&group.name).is_some() {
            return Err(Error::file(path, format!("the group {:?} occurs twice", group.name)));
        }
        root.groups.push(group_to_tree(group, path)?);
    }
    write_tree(path, &root)
}

/// The group as part of a file; `path` is for messages.
///
/// An axis becomes a dimension with its coordinates: one with the name of the axis is the
/// dimension coordinate, others hang on the variables by the attribute `coordinates` of CF.
///
/// Beside draws, such others are written only where every variable of the group lies on the
/// axis, and only if their names have no space (which that attribute cannot hold): ArviZ stacks
/// the variables of a posterior, and xarray refuses to where some have a coordinate that others
/// lack; and none is that is called `chain` or `draw`. They are in `observed_data`. An axis without
/// a dimension coordinate gets one instead, its only coordinate or its first distinct labels, so
/// that ArviZ says `base[Porto]` rather than `base[1]`.
///
/// # Errors
/// A variable whose axes the group does not have or whose length is not theirs, an empty
/// dimension, or a name that occurs twice.
pub fn group_to_tree(group: InferenceGroup, path: &Path) -> Result<NetcdfTree> {
    made(group).map_err(|message| Error::file(path, message))
}

fn made(from: InferenceGroup) -> Result<NetcdfTree, String> {
    let mut tree = NetcdfTree::new(from.name.as_str());
    tree.attributes = vec![
        ("inference_library".into(), "gridgp".into()),
        ("inference_library_version".into(), env!("CARGO_PKG_VERSION").into()),
    ];
    tree.attributes.extend(from.attributes);
    let mut leading: Vec<String> = vec![];
    if let Some(samples) = from.samples {
        for (name, n) in [("chain", samples.chains), ("draw", samples.draws)] {
            tree.dims.push((name.into(), n));
            let numbers = Array::Integers((0..n as i64).collect());
            tree.variables.push(TreeVariable::new(name, &[name], numbers));
            leading.push(name.to_owned());
        }
    }
    let group = &tree.name;
    let used =
        |axis: &&Axis| from.variables.iter().any(|v| v.dims.iter().any(|d| d == axis.name()));
    let axes: Vec<&Axis> = from.axes.iter().filter(used).collect();
    for axis in &axes {
        tree.dims.push((axis.name().into(), axis.len()));
        let everywhere = from.variables.iter().all(|v| v.dims.iter().any(|d| d == axis.name()));
        let free = |name: &str| from.variables.iter().all(|v| v.name != name);
        for c in axis.shown() {
            let shown = match from.samples {
                None => true,
                Some(_) => c.name == axis.name() || (everywhere && listable(&c.name)),
            };
            if shown && free(&c.name) && !leading.contains(&c.name) {
                tree.variables.push(to_variable(c, &c.name, axis.name()));
            }
        }
        if from.samples.is_some()
            && free(axis.name())
            && let Some(c) = labels(axis)
        {
            tree.variables.push(to_variable(c, axis.name(), axis.name()));
        }
    }
    for v in &from.variables {
        let on_itself = leading.is_empty() && v.dims == [v.name.as_str()];
        if tree.dims.iter().any(|(dim, _)| *dim == v.name) && !on_itself {
            return Err(format!(
                "in {group:?} {:?} is both a variable and a dimension; rename one of them",
                v.name
            ));
        }
    }
    let known: Vec<String> = tree.variables.iter().map(|v| v.name.clone()).collect();
    for mut v in from.variables {
        let mut cells = from.samples.map_or(1, |s| s.chains * s.draws);
        let mut others = vec![];
        for dim in &v.dims {
            let Some(axis) = axes.iter().find(|a| a.name() == dim) else {
                let hint = crate::nearest::hint(dim, from.axes.iter().map(Axis::name));
                return Err(format!(
                    "in {group:?} {:?} has the dimension {dim:?}, which is no axis{hint}",
                    v.name
                ));
            };
            cells *= axis.len();
            let names = axis.shown().map(|c| &c.name);
            let other = |n: &&String| *n != dim && listable(n) && !leading.contains(*n);
            others.extend(names.filter(other).filter(|n| known.contains(*n)).cloned());
        }
        if v.values.len() != cells {
            return Err(format!(
                "in {group:?} {:?} has {} values but its dimensions have {cells} cells",
                v.name,
                v.values.len()
            ));
        }
        if !others.is_empty() {
            v.attributes.push(("coordinates".into(), others.join(" ").into()));
        }
        tree.variables.push(variable(v, &leading));
    }
    let mut names: Vec<&str> = tree.variables.iter().map(|v| v.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => {
            Err(format!("in {group:?} the name {:?} occurs twice; rename one of them", pair[0]))
        }
        None => Ok(tree),
    }
}

/// Whether the attribute `coordinates` can hold the name.
fn listable(name: &str) -> bool {
    !name.contains(char::is_whitespace)
}

fn variable(v: InferenceVariable, leading: &[String]) -> TreeVariable {
    let mut attributes = v.attributes;
    let values = match v.values {
        DrawValues::Numbers(x) => Array::Numbers(x),
        DrawValues::Integers(x) => Array::Integers(x),
        DrawValues::Flags(x) => {
            // NetCDF has no such type; xarray tells it by this attribute.
            attributes.push(("dtype".into(), "bool".into()));
            Array::Integers(x.into_iter().map(i64::from).collect())
        }
    };
    TreeVariable { name: v.name, dims: [leading, &v.dims].concat(), values, attributes }
}

/// The coordinate that can tell the points of an axis apart, unless there is one of its name.
fn labels(axis: &Axis) -> Option<&Coordinate> {
    let distinct = |c: &&Coordinate| match &c.values {
        Values::Labels(v) => v.iter().collect::<HashSet<_>>().len() == v.len(),
        Values::Numbers(_) => false,
    };
    match axis.coordinates() {
        _ if axis.shown().any(|c| c.name == axis.name()) => None,
        [only] => Some(only),
        all => all.iter().find(distinct),
    }
}
