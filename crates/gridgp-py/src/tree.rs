//! Trees of groups as dictionaries of NumPy arrays.

use gridgp::fit::Attribute;
use gridgp_io::{Array, NetcdfTree, TreeVariable};
use numpy::{IntoPyArray, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

/// A group: `{"attrs": …, "variables": {name: (dims, values, attrs)}, "groups": {name: group}}`.
///
/// Numbers are handed over, not copied.
pub fn to_python<'py>(py: Python<'py>, tree: NetcdfTree) -> PyResult<Bound<'py, PyDict>> {
    let variables = PyDict::new(py);
    for v in tree.variables {
        let shape: Vec<usize> = v
            .dims
            .iter()
            .map(|d| tree.dims.iter().find(|(name, _)| name == d).map_or(1, |(_, n)| *n))
            .collect();
        let values = array(py, v.values, shape)?;
        variables.set_item(v.name, (v.dims, values, attributes(py, v.attributes)?))?;
    }
    let groups = PyDict::new(py);
    for group in tree.groups {
        let name = group.name.clone();
        groups.set_item(name, to_python(py, group)?)?;
    }
    let all = PyDict::new(py);
    all.set_item("attrs", attributes(py, tree.attributes)?)?;
    all.set_item("variables", variables)?;
    all.set_item("groups", groups)?;
    Ok(all)
}

/// Values and attributes of a variable on one dimension.
pub fn variable(
    py: Python<'_>,
    v: TreeVariable,
) -> PyResult<(Bound<'_, PyAny>, Bound<'_, PyDict>)> {
    let length = v.values.len();
    Ok((array(py, v.values, vec![length])?, attributes(py, v.attributes)?))
}

fn array(py: Python<'_>, values: Array, shape: Vec<usize>) -> PyResult<Bound<'_, PyAny>> {
    Ok(match values {
        Array::Numbers(x) => x.into_pyarray(py).reshape(shape)?.into_any(),
        Array::Integers(x) => x.into_pyarray(py).reshape(shape)?.into_any(),
        Array::Text(x) => PyList::new(py, x)?.into_any(),
    })
}

fn attributes(py: Python<'_>, list: Vec<(String, Attribute)>) -> PyResult<Bound<'_, PyDict>> {
    let all = PyDict::new(py);
    for (name, value) in list {
        match value {
            Attribute::Text(text) => all.set_item(name, text)?,
            Attribute::Number(x) => all.set_item(name, x)?,
            Attribute::Integer(i) => all.set_item(name, i)?,
            Attribute::Numbers(x) => all.set_item(name, x)?,
        }
    }
    Ok(all)
}
