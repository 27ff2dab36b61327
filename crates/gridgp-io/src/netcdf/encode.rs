//! A tree as the bytes of a NetCDF-4 file. The only place that knows `netcdf-writer`.

use std::collections::HashMap;

use gridgp_fit::Attribute;
use netcdf_writer::{
    DimensionId, NcAttrValue, NcFileBuilder, NcWriteFormat, NcWriteOptions, VariableId,
};

use super::names::{COORDINATES, escape};
use crate::tree::{Array, NetcdfTree, TreeVariable};

/// Attributes longer than this become variables: an HDF5 header message holds 64 KiB.
const LONGEST_ATTRIBUTE: usize = 32 << 10;
/// Marks the variables that stand for long attributes.
pub(super) const LONG_ATTRIBUTE: &str = "gridgp_long_attribute";
/// Variables with at least this many bytes are compressed.
const COMPRESSED: usize = 64 << 10;
/// Values of one compressed chunk, half a megabyte.
const CHUNK: usize = 64 << 10;

/// The bytes of a NetCDF-4 file.
pub(crate) fn encode(tree: &NetcdfTree) -> Result<Vec<u8>, String> {
    let mut writer = Writer { file: NcFileBuilder::new() };
    writer.group(tree, "", &HashMap::new())?;
    let options = NcWriteOptions { format: NcWriteFormat::Nc4 };
    let (_, bytes) = writer.file.to_vec(options).map_err(|e| e.to_string())?;
    Ok(bytes)
}

struct Writer {
    file: NcFileBuilder,
}

/// Dimensions that a group sees, by name.
type Dims = HashMap<String, (DimensionId, usize)>;

impl Writer {
    /// Adds a group and those inside. `path` ends with a slash, or is empty for the file.
    fn group(&mut self, tree: &NetcdfTree, path: &str, outer: &Dims) -> Result<(), String> {
        let mut dims = outer.clone();
        for (i, (name, size)) in tree.dims.iter().enumerate() {
            if tree.dims[..i].iter().any(|(other, _)| other == name) {
                return Err(format!("the dimension {path}{name} occurs twice"));
            }
            if *size == 0 {
                return Err(format!("the dimension {path}{name} is empty"));
            }
            let id = self.file.add_dimension_path(format!("{path}{}", escape(name)), *size as u64);
            dims.insert(name.clone(), (id.map_err(|e| e.to_string())?, *size));
        }
        for (name, value) in &tree.attributes {
            match value {
                Attribute::Text(text) if text.len() > LONGEST_ATTRIBUTE => {
                    let text = Array::Text(vec![text.clone()]);
                    let variable = TreeVariable::new(name, &[], text).with(LONG_ATTRIBUTE, 1);
                    self.variable(&variable, path, &dims)?;
                }
                _ if path.is_empty() => {
                    self.file.add_attribute(name, attribute(value)).map_err(|e| e.to_string())?;
                }
                _ => self
                    .file
                    .add_group_attribute(path.trim_end_matches('/'), name, attribute(value))
                    .map_err(|e| e.to_string())?,
            }
        }
        for variable in &tree.variables {
            self.variable(variable, path, &dims)?;
        }
        tree.groups
            .iter()
            .try_for_each(|g| self.group(g, &format!("{path}{}/", escape(&g.name)), &dims))
    }

    fn variable(&mut self, v: &TreeVariable, path: &str, dims: &Dims) -> Result<(), String> {
        let name = format!("{path}{}", escape(&v.name));
        let mut ids = vec![];
        let mut shape = vec![];
        for dim in &v.dims {
            let Some((id, size)) = dims.get(dim) else {
                return Err(format!("the variable {name} has an unknown dimension {dim:?}"));
            };
            ids.push(*id);
            shape.push(*size);
        }
        let expected: usize = shape.iter().product();
        if v.values.len() != expected {
            return Err(format!(
                "the variable {name} has {} values but its dimensions {shape:?} have {expected}",
                v.values.len()
            ));
        }
        self.values(v, &name, &ids, &shape).map_err(|e| format!("the variable {name}: {e}"))
    }

    fn values(
        &mut self,
        v: &TreeVariable,
        name: &str,
        ids: &[DimensionId],
        shape: &[usize],
    ) -> netcdf_writer::Result<()> {
        let id = match &v.values {
            Array::Numbers(values) => {
                let id = self.file.add_variable_path::<f64>(name, ids)?;
                // Draws are noise in all their digits: compression takes long and gains a tenth.
                if v.dims.first().is_none_or(|d| d != "chain") {
                    self.compress(id, shape)?;
                }
                self.file.write_variable(id, values)?;
                // A coordinate may not have missing values, so it needs no word for them.
                if v.dims.iter().all(|d| *d != v.name) && values.iter().any(|x| x.is_nan()) {
                    self.file.set_variable_fill_value(id, f64::NAN)?;
                }
                id
            }
            Array::Integers(values) => {
                let id = self.file.add_variable_path::<i64>(name, ids)?;
                self.compress(id, shape)?;
                self.file.write_variable(id, values)?;
                id
            }
            Array::Text(values) => {
                let id = self.file.add_string_variable_path(name, ids)?;
                self.file.write_string_variable(id, values)?;
                id
            }
        };
        for (name, value) in &v.attributes {
            let value = match value {
                Attribute::Text(names) if name == COORDINATES => NcAttrValue::Chars(escape(names)),
                value => attribute(value),
            };
            self.file.add_variable_attribute(id, name, value)?;
        }
        Ok(())
    }

    /// Compresses a large variable, in chunks that are whole along the fast dimensions. Their
    /// checksums tell when the file is damaged.
    fn compress(&mut self, id: VariableId, shape: &[usize]) -> netcdf_writer::Result<()> {
        if shape.iter().product::<usize>() * size_of::<f64>() < COMPRESSED {
            return Ok(());
        }
        let mut left = CHUNK;
        let mut chunks: Vec<u64> = shape
            .iter()
            .rev()
            .map(|&n| {
                let chunk = n.min(left);
                left = (left / chunk).max(1);
                chunk as u64
            })
            .collect();
        chunks.reverse();
        self.file.set_variable_chunking(id, chunks)?;
        self.file.set_variable_deflate(id, Some(4), true)?;
        self.file.set_variable_fletcher32(id, true)
    }
}

fn attribute(value: &Attribute) -> NcAttrValue {
    match value {
        Attribute::Text(text) => NcAttrValue::Chars(text.clone()),
        Attribute::Number(x) => NcAttrValue::Doubles(vec![*x]),
        Attribute::Integer(x) => NcAttrValue::Int64s(vec![*x]),
        Attribute::Numbers(v) => NcAttrValue::Doubles(v.clone()),
    }
}
