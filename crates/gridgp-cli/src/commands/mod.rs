//! One file a command.

pub mod aggregate;
pub mod block_maxima;
pub mod check;
pub mod fit;
pub mod init;
pub mod lists;
mod mask;
mod outputs;
pub mod place;
pub mod plot;
pub mod predict;
pub mod report;
pub mod residuals;
pub mod return_levels;
pub mod simulate;
pub mod summary;
pub mod update;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use gridgp_fit::{Fit, Scaling};
use gridgp_model::Model;
use gridgp_model::spec::{ModelSpec, Source};

use crate::machine;

pub use outputs::check_outputs;

/// A model file with its data, resolved.
pub struct Loaded {
    /// The file of the data.
    pub file: PathBuf,
    pub source: Source,
    pub model: Model,
    pub scalings: Vec<Scaling>,
}

/// Reads a model file and its data. `data` replaces the file that the model names.
pub fn load(path: &Path, data: Option<&Path>, seed: Option<u64>) -> anyhow::Result<Loaded> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the model file {}", path.display()))?;
    let name =
        path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into());
    let source = Source::new(name, text);
    let mut spec = ModelSpec::from_toml(&source)?;
    if let Some(seed) = seed {
        spec.inference.seed = seed;
    }
    let file = match (data, &spec.data.file) {
        (Some(file), _) => file.to_owned(),
        (None, Some(file)) => path.parent().unwrap_or(Path::new("")).join(file),
        (None, None) => bail!(
            "{} names no data: add `file = \"…\"` to [data], or give --data FILE",
            path.display()
        ),
    };
    let (data, scalings) = gridgp_io::read_with_scalings(&file, &spec.data)?;
    check_cells(data.grid.len())?;
    let model = Model::new(spec, &source, data)?;
    Ok(Loaded { file, source, model, scalings })
}

/// Reads a fit file; one that does not match its checksums only where that was asked for.
pub fn read_fit(path: &Path, no_verify: bool) -> anyhow::Result<Fit> {
    if !no_verify {
        return Ok(gridgp_io::read_fit(path)?);
    }
    let fit = gridgp_io::read_fit_unverified(path)?;
    eprintln!("warning: {}: nobody has looked whether it is whole (--no-verify)", path.display());
    Ok(fit)
}

/// Refuses a grid whose cells would not fit into memory.
pub fn check_cells(cells: usize) -> anyhow::Result<()> {
    machine::check_memory(8 * 6 * cells as u128, &format!("a grid of {cells} cells"))
}
