//! What is checked of a file before anything is read as its header says. The only place that knows
//! `hdf5-reader`.

use std::path::Path;

use hdf5_reader::Hdf5File;
use hdf5_reader::error::{Error as HdfError, Result as HdfResult};
use hdf5_reader::group::Group;

/// Groups may lie inside each other up to here; NetCDF files have two or three levels.
const DEEPEST: usize = 32;
/// Groups of a file, at most; a group with several names counts for each.
const MOST: usize = 10_000;
/// Bytes of values, at most, that a NetCDF-4 file may stand for however short it is.
const SHORT: u64 = 16 << 20;
/// Deflate shrinks by no more than this.
const DEFLATE: u64 = 1032;

/// How many bytes of values a NetCDF-4 file of this length can hold, compressed as well as can be.
pub(super) fn most(length: u64) -> u64 {
    length.saturating_mul(DEFLATE).max(SHORT)
}

/// Refuses a file that is shorter than it says, and groups that lie inside of themselves or each
/// other beyond all bounds: the reader would follow them until its stack ends.
pub(super) fn check(path: &Path, length: u64) -> Result<(), String> {
    checked(Hdf5File::open(path), length)
}

/// As [`check`], of a file in memory.
pub(super) fn check_bytes(bytes: &[u8]) -> Result<(), String> {
    checked(Hdf5File::from_bytes(bytes), bytes.len() as u64)
}

fn checked(file: HdfResult<Hdf5File>, length: u64) -> Result<(), String> {
    // Other formats have no groups, and the reader says what else is wrong.
    let Ok(file) = file else { return Ok(()) };
    let superblock = file.superblock();
    let said = superblock.eof_address;
    if superblock.base_address == 0 && said > length {
        return Err(format!(
            "its header says {said} bytes, but it has {length}: it was cut short or lost bytes"
        ));
    }
    let root = file.root_group().map_err(|e| e.to_string())?;
    visit(&root, &mut vec![], &mut 0)
}

fn visit(group: &Group, above: &mut Vec<u64>, seen: &mut usize) -> Result<(), String> {
    *seen += 1;
    if above.contains(&group.address()) {
        return Err(format!("the group {:?} lies inside of itself", group.name()));
    }
    if above.len() >= DEEPEST {
        return Err(format!("its groups lie in each other more than {DEEPEST} deep"));
    }
    if *seen > MOST {
        return Err(format!("it has more than {MOST} groups"));
    }
    above.push(group.address());
    for name in group.member_names().map_err(|e| e.to_string())?.0 {
        let inner = group.group(&name).map_err(|e| e.to_string())?;
        visit(&inner, above, seen)?;
    }
    above.pop();
    Ok(())
}

/// What the reader lacks, where that and no damage is why a file cannot be read.
pub(super) fn lacking(error: &HdfError) -> Option<String> {
    match error {
        HdfError::Context { source, .. } => lacking(source),
        HdfError::UnsupportedEncoding(what) => Some(format!("{what}, which is not supported")),
        HdfError::UnsupportedFilter(what) => {
            let number = what.rsplit(' ').next().and_then(|number| number.parse().ok());
            Some(format!("compressed with {}", filter(number, what)))
        }
        _ => None,
    }
}

/// Names of the filters that the HDF Group has registered and that data centers use.
fn filter(number: Option<u32>, said: &str) -> String {
    let name = match number {
        Some(4) => "szip",
        Some(305) => "LZO",
        Some(307) => "bzip2",
        Some(32000) => "LZF",
        Some(32001) => "Blosc",
        Some(32004) => "LZ4",
        Some(32008) => "bitshuffle",
        Some(32013) => "ZFP",
        Some(32015) => "Zstandard",
        Some(32017 | 32024) => "SZ",
        Some(32026) => "Blosc2",
        _ => return format!("an unknown filter ({said})"),
    };
    format!("{name} (HDF5 filter {})", number.unwrap_or(0))
}
