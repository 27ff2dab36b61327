//! Groups of draws from the groups of a NetCDF file.

use std::path::Path;

use gridgp_fit::{Attribute, DrawValues, InferenceGroup, InferenceVariable, Samples};
use gridgp_grid::{Axis, Coordinate};

use crate::checksum::CHECKSUM;
use crate::coordinate::of_variable;
use crate::tree::{Array, NetcdfTree, TreeVariable, read_tree, text};
use crate::{Error, Result};

/// Attributes that the layout makes, and not who wrote the group.
const OF_LAYOUT: [&str; 6] = [
    "inference_library",
    "inference_library_version",
    "coordinates",
    "dtype",
    "_FillValue",
    CHECKSUM,
];

/// Reads all groups of a file in ArviZ's layout.
///
/// The file keeps no order: groups and variables come by name, axes as the variables have them.
///
/// # Errors
/// The file cannot be read, is damaged, or has a group that is not one of draws or data (see
/// [`group_of_tree`]).
pub fn read_inference_data(path: &Path) -> Result<Vec<InferenceGroup>> {
    let mut groups = read_tree(path)?.groups;
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    groups.into_iter().map(|group| group_of_tree(path, group)).collect()
}

/// The group of a file; `path` is for messages.
///
/// Coordinates are the variables with the name of their dimension, and those that the attribute
/// `coordinates` of another one names. An axis without coordinates is numbered from 0.
///
/// # Errors
/// `chain` without `draw` or the other way round, draws with other dimensions in front, a variable of
/// text, lengths that do not match, or coordinates that are no axis.
pub fn group_of_tree(path: &Path, tree: NetcdfTree) -> Result<InferenceGroup> {
    let name = tree.name.clone();
    group(tree).map_err(|message| Error::file(path, format!("in the group {name:?} {message}")))
}

fn group(tree: NetcdfTree) -> Result<InferenceGroup, String> {
    let samples = match (tree.dim("chain"), tree.dim("draw")) {
        (Some(chains), Some(draws)) => Some(Samples { chains, draws }),
        (None, None) => None,
        _ => return Err("chain and draw do not come together: the file may be damaged".into()),
    };
    let listed = |list: &[(String, Attribute)]| -> Vec<String> {
        text(list, "coordinates").unwrap_or_default().split_whitespace().map(Into::into).collect()
    };
    let mut named = listed(&tree.attributes);
    named.extend(tree.variables.iter().flat_map(|v| listed(&v.attributes)));
    let (mut coordinates, mut variables): (Vec<_>, Vec<_>) = tree
        .variables
        .into_iter()
        .partition(|v| v.dims.len() == 1 && (v.dims[0] == v.name || named.contains(&v.name)));
    coordinates.retain(|v| !["chain", "draw"].contains(&v.dims[0].as_str()));
    // Coordinates in the order of the list, that of the dimension first.
    let place = |name: &str| named.iter().position(|n| n == name).map_or(0, |at| at + 1);
    coordinates.sort_by_key(|v| if v.name == v.dims[0] { 0 } else { place(&v.name) });
    variables.sort_by(|a, b| a.name.cmp(&b.name));

    let mut dims: Vec<String> = vec![];
    let sampled = |dim: &str| samples.is_some() && ["chain", "draw"].contains(&dim);
    let all = variables.iter().chain(&coordinates).flat_map(|v| &v.dims);
    for dim in all.chain(tree.dims.iter().map(|(name, _)| name)) {
        if !sampled(dim) && !dims.contains(dim) {
            dims.push(dim.clone());
        }
    }
    let mut group = InferenceGroup { samples, ..InferenceGroup::data(tree.name, vec![]) };
    group.attributes = kept(tree.attributes);
    for dim in dims {
        let found = tree.dims.iter().find(|(name, _)| *name == dim);
        let Some((_, size)) = found else {
            return Err(format!("the dimension {dim:?} is not defined: the file may be damaged"));
        };
        let (own, others) = coordinates.into_iter().partition(|v| v.dims[0] == dim);
        coordinates = others;
        group.axes.push(axis(dim, *size, own)?);
    }
    group.variables = variables
        .into_iter()
        .map(|v| variable(v, samples, &group.axes))
        .collect::<Result<_, String>>()?;
    Ok(group)
}

fn axis(dim: String, size: usize, variables: Vec<TreeVariable>) -> Result<Axis, String> {
    let mut coordinates: Vec<Coordinate> = variables.into_iter().map(of_variable).collect();
    if coordinates.is_empty() {
        let numbers = (0..size).map(|i| i as f64).collect();
        coordinates.push(Coordinate::numbers(dim.as_str(), numbers));
    }
    if let Some(c) = coordinates.iter().find(|c| c.len() != size) {
        let n = c.len();
        return Err(format!("{:?} has {n} values but {dim:?} has {size}", c.name));
    }
    Axis::new(dim, coordinates).map_err(|e| e.to_string())
}

fn variable(
    v: TreeVariable,
    samples: Option<Samples>,
    axes: &[Axis],
) -> Result<InferenceVariable, String> {
    let dims = match samples {
        None => &v.dims[..],
        Some(_) => match &v.dims[..] {
            [chain, draw, rest @ ..] if chain == "chain" && draw == "draw" => rest,
            other => {
                return Err(format!(
                    "{:?} has the dimensions {}, but draws start with chain, draw",
                    v.name,
                    other.join(", ")
                ));
            }
        },
    };
    let sizes = dims.iter().map(|d| axes.iter().find(|a| a.name() == d).map_or(0, Axis::len));
    let cells = samples.map_or(1, |s| s.chains * s.draws) * sizes.product::<usize>();
    if v.values.len() != cells {
        let n = v.values.len();
        return Err(format!("{:?} has {n} values but its dimensions have {cells} cells", v.name));
    }
    let flags = text(&v.attributes, "dtype") == Some("bool");
    let values = match v.values {
        Array::Numbers(x) => DrawValues::Numbers(x),
        Array::Integers(x) if flags => DrawValues::Flags(x.iter().map(|&i| i != 0).collect()),
        Array::Integers(x) => DrawValues::Integers(x),
        Array::Text(_) => {
            return Err(format!("{:?} is text, but draws and data are numbers", v.name));
        }
    };
    let dims = dims.to_vec();
    Ok(InferenceVariable { name: v.name, dims, values, attributes: kept(v.attributes) })
}

/// Attributes that are not those of the layout.
fn kept(mut attributes: Vec<(String, Attribute)>) -> Vec<(String, Attribute)> {
    attributes.retain(|(name, _)| !OF_LAYOUT.contains(&name.as_str()));
    attributes
}
