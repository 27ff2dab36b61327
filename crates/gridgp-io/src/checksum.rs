//! Checksums of the groups of a file, over what is read from it rather than over its bytes.
//!
//! Each group has the attribute `gridgp_checksum`, the CRC-32 of its attributes, of its variables
//! (name, dimensions with their lengths, attributes, values) and of the groups inside, each by name:
//! the order in which a file keeps them does not count. A program that saves the file again and
//! keeps every number, name and attribute leaves the checksums right.

use std::path::Path;

use gridgp_fit::Attribute;

use crate::tree::{Array, NetcdfTree};
use crate::{Error, Result};

/// The attribute that holds the checksum of its group.
pub(crate) const CHECKSUM: &str = "gridgp_checksum";

/// Gives each group its checksum.
pub(crate) fn sign(tree: &mut NetcdfTree) {
    tree.groups.iter_mut().for_each(sign);
    tree.attributes.retain(|(name, _)| name != CHECKSUM);
    let sum = written(of(tree));
    tree.attributes.push((CHECKSUM.into(), sum.into()));
}

/// Compares each group with its checksum.
///
/// # Errors
/// Names the innermost group that differs, or says that there are no checksums.
pub(crate) fn verify(path: &Path, tree: &NetcdfTree) -> Result<()> {
    const REQUEST: &str = "`--no-verify` (in Python `verify=False`) reads it as it is";
    if tree.attribute(CHECKSUM).is_none() {
        return Err(Error::file(
            path,
            format!(
                "it has no checksums, and nothing tells whether it is whole: a version of gridgp \
                 before them wrote it, or another program saved it; fit again, or {REQUEST}"
            ),
        ));
    }
    let Some(group) = differing(tree) else { return Ok(()) };
    let what = match group.name.as_str() {
        "" => "its own attributes, or the list of its groups, do".to_owned(),
        name => format!("the group {name:?} does"),
    };
    Err(Error::file(
        path,
        format!(
            "{what} not match the checksum that was written: the file was damaged, or another \
             program changed it when it saved it again; take a whole copy or fit again. If the \
             change was meant, {REQUEST}"
        ),
    ))
}

/// The innermost group that is not as it was written.
fn differing(tree: &NetcdfTree) -> Option<&NetcdfTree> {
    let here = || match tree.attribute(CHECKSUM) {
        Some(Attribute::Text(sum)) => *sum != written(of(tree)),
        _ => true,
    };
    tree.groups.iter().find_map(differing).or_else(|| here().then_some(tree))
}

fn written(sum: u32) -> String {
    format!("crc32:{sum:08x}")
}

fn of(tree: &NetcdfTree) -> u32 {
    let mut sum = Sum::default();
    // What xarray writes for the coordinates that no variable has.
    sum.attributes(&tree.attributes, &[CHECKSUM, "coordinates"]);
    for v in sorted(&tree.variables, |v| &v.name) {
        sum.text(&v.name);
        for dim in &v.dims {
            sum.text(dim);
            sum.size(tree.dim(dim).unwrap_or(0));
        }
        sum.attributes(&v.attributes, &[]);
        sum.values(&v.values);
    }
    for group in sorted(&tree.groups, |g| &g.name) {
        sum.text(&group.name);
        sum.0.update(&of(group).to_le_bytes());
    }
    sum.0.finalize()
}

fn sorted<T>(list: &[T], name: impl Fn(&T) -> &String) -> Vec<&T> {
    let mut list: Vec<&T> = list.iter().collect();
    list.sort_by(|a, b| name(a).cmp(name(b)));
    list
}

#[derive(Default)]
struct Sum(crc32fast::Hasher);

impl Sum {
    fn size(&mut self, n: usize) {
        self.0.update(&(n as u64).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.size(text.len());
        self.0.update(text.as_bytes());
    }

    fn numbers(&mut self, numbers: &[f64]) {
        let mut bytes = Vec::with_capacity(8 << 10);
        for part in numbers.chunks(1 << 10) {
            bytes.clear();
            part.iter().for_each(|x| bytes.extend(x.to_le_bytes()));
            self.0.update(&bytes);
        }
    }

    fn attributes(&mut self, list: &[(String, Attribute)], but: &[&str]) {
        for (name, value) in sorted(list, |(name, _)| name) {
            if but.contains(&name.as_str()) {
                continue;
            }
            self.text(name);
            match value {
                // A list of names, whose order is that of whoever wrote the file.
                Attribute::Text(text) if name == "coordinates" => {
                    let mut names: Vec<&str> = text.split_whitespace().collect();
                    names.sort_unstable();
                    self.text(&names.join(" "));
                }
                // Files do not keep zeros at the end of a text.
                Attribute::Text(text) => self.text(text.trim_end_matches('\0')),
                Attribute::Integer(i) => self.0.update(&i.to_le_bytes()),
                Attribute::Number(x) => self.numbers(&[*x]),
                Attribute::Numbers(v) => self.numbers(v),
            }
        }
    }

    fn values(&mut self, values: &Array) {
        self.size(values.len());
        match values {
            Array::Numbers(v) => self.numbers(v),
            Array::Integers(v) => v.iter().for_each(|i| self.0.update(&i.to_le_bytes())),
            Array::Text(v) => v.iter().for_each(|text| self.text(text)),
        }
    }
}
