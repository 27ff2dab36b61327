//! An open NetCDF file. The only place, with `decoding`, that knows `netcdf-reader`.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use gridgp_fit::Attribute;
use netcdf_reader::{
    NcAttrValue, NcAttribute, NcDimension, NcFile, NcFormat, NcGroup, NcOpenOptions, NcSliceInfo,
    NcSliceInfoElem, NcType, NcVariable,
};

use super::decoding::Decoding;
use super::encode::LONG_ATTRIBUTE;
use super::names::{escape, unescape_all};
use super::scan;
use crate::tree::{Array, NetcdfKind, NetcdfTree, TreeVariable};
use crate::{Error, Result, check_memory};

/// Bytes that are taken without asking whether they are there: to ask takes longer than to read them.
const UNASKED: u64 = 1 << 20;

/// An open NetCDF file, classic or NetCDF-4.
pub(crate) struct File {
    pub path: PathBuf,
    file: NcFile,
    /// Bytes of the file.
    length: u64,
    /// Bytes of values that it can hold.
    most: u64,
    /// Bytes of values taken since it was asked whether there is memory.
    taken: Cell<u64>,
}

/// What a variable holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    Text,
    /// Compound, opaque and other types without a meaning here.
    Other,
}

/// A variable of a file, without its values.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    /// Groups and name, `"forecast/t2m"`.
    pub path: String,
    /// Dimensions with their lengths, slowest first.
    pub dims: Vec<(String, usize)>,
    pub kind: Kind,
    /// Bytes of a value in the file, before it is compressed.
    pub size: usize,
    pub attributes: Vec<(String, Attribute)>,
}

impl Header {
    /// The name without groups.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Number of values, `None` if it is beyond all bounds.
    pub(crate) fn cells(&self) -> Option<usize> {
        self.dims.iter().try_fold(1usize, |n, (_, len)| n.checked_mul(*len))
    }

    pub(crate) fn text(&self, attribute: &str) -> Option<&str> {
        crate::tree::text(&self.attributes, attribute)
    }
}

impl File {
    /// Opens a file and reads its structure.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let length = std::fs::metadata(path).map_err(|e| Error::io("read", path, e))?.len();
        scan::check(path, length).map_err(|e| damaged(path, &e))?;
        let file = NcFile::open_with_options(path, options(length));
        Self::of(path, length, file.map_err(|e| unopened(path, &e))?)
    }

    /// A file whose bytes are in memory; `path` is for messages.
    pub(crate) fn of_bytes(path: &Path, bytes: &[u8]) -> Result<Self> {
        let length = bytes.len() as u64;
        scan::check_bytes(bytes).map_err(|e| damaged(path, &e))?;
        let file = NcFile::from_bytes_with_options(bytes, options(length));
        Self::of(path, length, file.map_err(|e| unopened(path, &e))?)
    }

    fn of(path: &Path, length: u64, file: NcFile) -> Result<Self> {
        let root = file.root_group().map_err(|e| unopened(path, &e))?;
        let mut most = scan::most(length);
        if matches!(file.format(), NcFormat::Classic | NcFormat::Offset64 | NcFormat::Cdf5) {
            most = length;
            if let Some(v) = root.variables.iter().find(|v| end_of(v, root) > length) {
                let end = end_of(v, root);
                return Err(damaged(
                    path,
                    &format!(
                        "the values of {:?} would end at byte {end}, but it has {length}: it was \
                         cut short, lost bytes, or its header is wrong",
                        v.name
                    ),
                ));
            }
        }
        Ok(Self { path: path.to_owned(), file, length, most, taken: Cell::new(0) })
    }

    /// Refuses more values than the file can hold, or than there is memory for, before any is
    /// taken.
    pub(super) fn check_size(&self, name: &str, values: Option<usize>, size: usize) -> Result<()> {
        let fail = |message: String| Err(Error::file(&self.path, message));
        let said = values.map_or("more than 2^64".to_owned(), |n| n.to_string());
        match values.filter(|&n| n as u128 * size as u128 <= u128::from(self.most)) {
            None => fail(format!(
                "{name:?} has {said} values by its header, more than a file of {} bytes can hold: \
                 the header is damaged, or nothing was ever written there; copy the file or make \
                 it again",
                self.length
            )),
            Some(n) => {
                let bytes = 8 * n as u64;
                self.taken.set(self.taken.get().saturating_add(bytes));
                if self.taken.get() <= UNASKED {
                    return Ok(());
                }
                self.taken.set(0);
                check_memory(u128::from(bytes), &format!("{name:?} with {n} values")).or_else(fail)
            }
        }
    }

    fn root(&self) -> &NcGroup {
        self.file.root_group().expect("the structure was read when the file was opened")
    }

    /// All variables, with their groups.
    pub(crate) fn headers(&self) -> Vec<Header> {
        fn visit(group: &NcGroup, path: &str, headers: &mut Vec<Header>) {
            headers.extend(group.variables.iter().map(|v| header(v, path)));
            group.groups.iter().for_each(|g| visit(g, &format!("{path}{}/", g.name), headers));
        }
        let mut headers = vec![];
        visit(self.root(), "", &mut headers);
        headers
    }

    /// The variable at a path.
    pub(crate) fn find(&self, path: &str) -> Option<Header> {
        let path = path.trim_matches('/');
        let group = path.rsplit_once('/').map_or(String::new(), |(g, _)| format!("{g}/"));
        let found = self.root().variable(path).map(|v| header(v, &group));
        found.or_else(|| self.root().variable(&escape(path)).map(|v| header(v, "")))
    }

    /// The variable called `name` that the variable at `path` sees: in its group or further out.
    pub(crate) fn find_near(&self, path: &str, name: &str) -> Option<Header> {
        let mut group = path.trim_matches('/');
        while let Some((outer, _)) = group.rsplit_once('/') {
            if let Some(header) = self.find(&format!("{outer}/{name}")) {
                return Some(header);
            }
            group = outer;
        }
        self.find(name)
    }

    /// Numbers in a box of the variable, `(start, end)` along each dimension, unpacked, with NaN
    /// where they are missing. One block of the box is in memory besides the result.
    pub(crate) fn numbers(&self, header: &Header, ranges: &[(usize, usize)]) -> Result<Vec<f64>> {
        let mut lengths = ranges.iter().map(|(start, end)| end - start);
        let expected = lengths.try_fold(1, usize::checked_mul);
        self.check_size(&header.path, expected, header.size)?;
        let selections = ranges.iter().map(|&(start, end)| NcSliceInfoElem::Slice {
            start: start as u64,
            end: end as u64,
            step: 1,
        });
        let selection = NcSliceInfo { selections: selections.collect() };
        let array = if ranges.is_empty() {
            self.file.read_variable_as_f64(&header.path)
        } else {
            self.file.read_variable_slice_as_f64(&header.path, &selection)
        };
        let array = array.map_err(|e| self.unreadable(header, &e))?;
        if Some(array.len()) != expected {
            return Err(self.short(header, array.len()));
        }
        let mut values = if array.is_standard_layout() {
            array.into_raw_vec_and_offset().0
        } else {
            array.iter().copied().collect()
        };
        let variable = self.root().variable(&header.path).expect("the header comes from here");
        Decoding::of(variable).apply(&mut values);
        Ok(values)
    }

    /// The type of floating-point numbers that are stored, `"float32"`.
    pub(crate) fn dtype(&self, header: &Header) -> Option<&'static str> {
        let is_single = |v: &NcVariable| v.dtype == NcType::Float && !is_packed(v);
        self.root().variable(&header.path).is_some_and(is_single).then_some("float32")
    }

    /// All values of a variable of integers as they are stored, if they are not packed.
    pub(crate) fn integers(&self, header: &Header) -> Result<Option<Vec<i64>>> {
        let variable = self.root().variable(&header.path).expect("the header comes from here");
        let failed = |e| self.unreadable(header, &e);
        if is_packed(variable) {
            return Ok(None);
        }
        Ok(match variable.dtype {
            NcType::Int64 => {
                let array = self.file.read_variable::<i64>(&header.path).map_err(failed)?;
                Some(array.iter().copied().collect())
            }
            NcType::Byte
            | NcType::UByte
            | NcType::Short
            | NcType::UShort
            | NcType::Int
            | NcType::UInt => {
                // All of these integers are exact in f64.
                let array = self.file.read_variable_as_f64(&header.path).map_err(failed)?;
                Some(array.iter().map(|&x| x as i64).collect())
            }
            _ => None,
        })
    }

    /// All values of a variable of text.
    pub(crate) fn strings(&self, header: &Header) -> Result<Vec<String>> {
        self.check_size(&header.path, header.cells(), header.size)?;
        let strings = self.file.read_variable_as_strings(&header.path);
        let strings = strings.map_err(|e| self.unreadable(header, &e))?;
        if Some(strings.len()) != header.cells() {
            return Err(self.short(header, strings.len()));
        }
        let trim = |s: String| s.trim_end_matches('\0').trim_end().to_owned();
        Ok(strings.into_iter().map(trim).collect())
    }

    /// The whole file, values as stored.
    pub(crate) fn tree(&self) -> Result<NetcdfTree> {
        let mut tree = self.group(self.root(), "", &[])?;
        tree.name = String::new();
        unescape_all(&mut tree);
        Ok(tree)
    }

    /// Whether it is a fit, draws or data, by its structure.
    pub(crate) fn kind(&self) -> NetcdfKind {
        let root = self.root();
        if root.attributes.iter().any(|a| a.name == "gridgp_format") {
            NetcdfKind::Fit
        } else if root.groups.iter().any(|g| g.name == "posterior") {
            NetcdfKind::Draws
        } else {
            NetcdfKind::Data
        }
    }

    fn group(&self, group: &NcGroup, path: &str, outer: &[(String, usize)]) -> Result<NetcdfTree> {
        let mut tree = NetcdfTree::new(&group.name);
        tree.attributes = attributes(&group.attributes);
        // The reader lists the dimensions of outer groups again.
        let seen: Vec<(String, usize)> =
            group.dimensions.iter().map(|d| (d.name.clone(), d.size as usize)).collect();
        tree.dims = seen.iter().filter(|d| !outer.contains(d)).cloned().collect();
        for variable in &group.variables {
            let header = header(variable, path);
            self.check_size(&header.path, header.cells(), header.size)?;
            let values = match (header.kind, &variable.dtype) {
                (Kind::Other, _) => continue,
                (Kind::Text, NcType::String) => Array::Text(
                    self.file
                        .read_variable_as_strings(&header.path)
                        .map_err(|e| self.unreadable(&header, &e))?,
                ),
                (Kind::Text, _) => Array::Text(self.strings(&header)?),
                (_, NcType::Int64) => Array::Integers(
                    self.file
                        .read_variable::<i64>(&header.path)
                        .map_err(|e| self.unreadable(&header, &e))?
                        .iter()
                        .copied()
                        .collect(),
                ),
                (_, dtype) => {
                    let array = self.file.read_variable_as_f64(&header.path);
                    let array = array.map_err(|e| self.unreadable(&header, &e))?;
                    let values = array.iter().copied();
                    match dtype {
                        NcType::Float | NcType::Double => Array::Numbers(values.collect()),
                        // All of these integers are exact in f64, except above 2^53 in u64.
                        _ => Array::Integers(values.map(|x| x as i64).collect()),
                    }
                }
            };
            if Some(values.len()) != header.cells() {
                return Err(self.short(&header, values.len()));
            }
            let long = header.attributes.iter().any(|(name, _)| name == LONG_ATTRIBUTE);
            if let Array::Text(text) = &values
                && let [text] = text.as_slice()
                && long
            {
                let value = Attribute::Text(text.clone());
                tree.attributes.push((header.name().to_owned(), value));
                continue;
            }
            let mut attributes = header.attributes.clone();
            attributes.retain(|(name, value)| {
                // The writer adds it to say that NaN is missing.
                name != "_FillValue" || !matches!(value, Attribute::Number(x) if x.is_nan())
            });
            tree.variables.push(TreeVariable {
                name: header.name().to_owned(),
                dims: header.dims.iter().map(|(name, _)| name.clone()).collect(),
                values,
                attributes,
            });
        }
        for g in &group.groups {
            tree.groups.push(self.group(g, &format!("{path}{}/", g.name), &seen)?);
        }
        Ok(tree)
    }

    fn unreadable(&self, header: &Header, error: &netcdf_reader::Error) -> Error {
        let variable = &header.path;
        let message = match lacking(error) {
            Some(what) => format!("the variable {variable:?} is {what}; {ELSEWHERE}"),
            None => format!(
                "the variable {variable:?} cannot be read: {error}; the file may be truncated or \
                 damaged, copy or make it again"
            ),
        };
        Error::file(&self.path, message)
    }

    fn short(&self, header: &Header, found: usize) -> Error {
        Error::file(
            &self.path,
            format!(
                "the variable {:?} has {found} values, which does not match its dimensions {:?}; \
                 the file may be truncated or damaged, copy or make it again",
                header.path, header.dims
            ),
        )
    }
}

/// What to do with a file that is whole and cannot be read.
const ELSEWHERE: &str = "`nccopy -F none -d 4 IN OUT` writes a copy that gridgp reads";

/// Nothing beyond what the file can hold is read at once or decoded.
fn options(length: u64) -> NcOpenOptions {
    let most = usize::try_from(scan::most(length)).unwrap_or(usize::MAX);
    NcOpenOptions { max_chunk_bytes: most, max_read_bytes: most, ..NcOpenOptions::default() }
}

/// Where the values of a variable of a classic file end.
fn end_of(v: &NcVariable, root: &NcGroup) -> u64 {
    let size = v.dtype.size().unwrap_or(1) as u64;
    let times =
        |n: u64, dims: &[NcDimension]| dims.iter().fold(n, |n, dim| n.saturating_mul(dim.size));
    if !v.is_record_var {
        return v.data_offset.saturating_add(times(size, &v.dimensions));
    }
    // The values of all such variables alternate, record by record.
    let records = v.dimensions.first().map_or(0, |dim| dim.size);
    let Some(before) = records.checked_sub(1) else { return 0 };
    let all: Vec<u64> =
        root.variables.iter().filter(|v| v.is_record_var).map(|v| v.record_size).collect();
    let step = match all.as_slice() {
        [only] => *only,
        several => several
            .iter()
            .fold(0, |n: u64, size| n.saturating_add(size.div_ceil(4).saturating_mul(4))),
    };
    v.data_offset.saturating_add(before.saturating_mul(step)).saturating_add(v.record_size)
}

/// What the reader lacks, where that is why it fails.
fn lacking(error: &netcdf_reader::Error) -> Option<String> {
    match error {
        netcdf_reader::Error::Hdf5(e) => scan::lacking(e),
        netcdf_reader::Error::UnsupportedFeature(what) => Some(format!("stored with {what}")),
        _ => None,
    }
}

/// The structure of a file cannot be read.
fn unopened(path: &Path, error: &netcdf_reader::Error) -> Error {
    match (error, lacking(error)) {
        (netcdf_reader::Error::Io(e), _) if e.raw_os_error().is_some() => {
            Error::io("read", path, std::io::Error::new(e.kind(), e.to_string()))
        }
        (_, Some(what)) => Error::file(path, format!("it is {what}; {ELSEWHERE}")),
        _ => damaged(path, &error.to_string()),
    }
}

fn damaged(path: &Path, why: &str) -> Error {
    Error::file(
        path,
        format!(
            "cannot be read as NetCDF: {why}; the file may be truncated or damaged, copy or make \
             it again"
        ),
    )
}

fn header(v: &NcVariable, group: &str) -> Header {
    let mut dims: Vec<(String, usize)> =
        v.dimensions.iter().map(|d| (d.name.clone(), d.size as usize)).collect();
    let mut size = v.dtype.size().unwrap_or(1);
    let kind = match &v.dtype {
        NcType::String => Kind::Text,
        NcType::Char => {
            // The last dimension of classic text is its length.
            size = dims.pop().map_or(1, |(_, length)| length);
            Kind::Text
        }
        dtype if dtype.is_primitive() => Kind::Number,
        _ => Kind::Other,
    };
    let attributes = attributes(&v.attributes);
    Header { path: format!("{group}{}", v.name), dims, kind, size, attributes }
}

fn attributes(attributes: &[NcAttribute]) -> Vec<(String, Attribute)> {
    let value = |value: &NcAttrValue| {
        Some(match value {
            NcAttrValue::Chars(text) => Attribute::Text(text.trim_end_matches('\0').to_owned()),
            NcAttrValue::Strings(texts) => Attribute::Text(texts.join(", ")),
            NcAttrValue::Doubles(v) if v.len() == 1 => Attribute::Number(v[0]),
            NcAttrValue::Floats(v) if v.len() == 1 => Attribute::Number(f64::from(v[0])),
            NcAttrValue::Int64s(v) if v.len() == 1 => Attribute::Integer(v[0]),
            other => match other.as_f64_vec()?.as_slice() {
                [x] => Attribute::Integer(*x as i64),
                many => Attribute::Numbers(many.to_vec()),
            },
        })
    };
    attributes.iter().filter_map(|a| Some((a.name.clone(), value(&a.value)?))).collect()
}

/// Whether numbers are stored other than as they are meant.
fn is_packed(v: &NcVariable) -> bool {
    v.attributes
        .iter()
        .any(|a| ["scale_factor", "add_offset", "_Unsigned"].contains(&a.name.as_str()))
}
