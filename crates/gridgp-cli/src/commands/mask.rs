//! Where a prediction says nothing, as typed after `--mask`.

use std::path::Path;

use anyhow::{Context, bail};
use gridgp_fit::Mask;
use gridgp_model::Model;
use gridgp_model::spec::{AxisSpec, DataSpec};

/// Reads `--mask`.
pub fn read(text: &str, model: &Model) -> anyhow::Result<Mask> {
    if text == "data" {
        return Ok(Mask::of_data(model, &[])?);
    }
    if let Some(along) = text.strip_prefix("data:") {
        let along: Vec<&str> = along.split(',').map(str::trim).collect();
        return Mask::of_data(model, &along).with_context(|| format!("--mask {text}"));
    }
    let Some((file, variable)) = text.rsplit_once(':') else {
        bail!("--mask {text}: write data, data:AXIS, or FILE.nc:VARIABLE");
    };
    of_file(Path::new(file), variable, model).with_context(|| format!("--mask {text}"))
}

/// The cells where a variable is 0 or missing.
fn of_file(path: &Path, variable: &str, model: &Model) -> anyhow::Result<Mask> {
    let summary = gridgp_io::summarize(path, Some(variable))?;
    let Some(found) = summary.variables.iter().find(|v| v.name == variable) else {
        bail!("{}: there is no variable {variable:?}", path.display());
    };
    let dim_of = |name: &str| summary.coordinates.iter().find(|c| c.name == name)?.dim.as_deref();
    let mut spec = DataSpec { response: variable.into(), ..DataSpec::default() };
    let mut positions = Vec::new();
    for (a, axis) in model.data.grid.axes().iter().enumerate() {
        let names: Vec<String> = axis.coordinates().iter().map(|c| c.name.clone()).collect();
        let dim = dim_of(&names[0]);
        if dim.is_some_and(|dim| found.dims.iter().any(|(d, _)| d == dim)) {
            let own = AxisSpec { coordinates: names, ..AxisSpec::default() };
            spec.axes.insert(axis.name().into(), own);
            positions.push(a);
        }
    }
    if positions.is_empty() {
        let axes = model.data.grid.axes();
        let names: Vec<&str> =
            axes.iter().flat_map(|a| a.coordinates()).map(|c| &*c.name).collect();
        bail!(
            "{variable:?} in {} lies along none of the coordinates of the fit, {}",
            path.display(),
            names.join(", ")
        );
    }
    let data = gridgp_io::read(path, &spec)?;
    let axes = positions.iter().zip(data.grid.axes()).map(|(&a, own)| {
        let points = gridgp_io::points_like(&model.data.grid.axes()[a], own.coordinates());
        Ok((a, points.map_err(anyhow::Error::msg)?))
    });
    let missing = |cell: usize| data.response.missing.as_ref().is_some_and(|m| m[cell]);
    let values = data.response.values.iter().enumerate();
    let masked = values.map(|(cell, v)| missing(cell) || *v == 0.0).collect();
    Ok(Mask::new(axes.collect::<anyhow::Result<_>>()?, masked)?)
}
