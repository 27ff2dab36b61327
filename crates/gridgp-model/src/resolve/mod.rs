//! From names to positions: the one place where a model file is understood.

mod defaults;
mod descending;
mod deviations;
mod distinct;
mod kernels;
mod level;
mod likelihood;
mod linked;
mod names;
mod plane;
mod settings;
mod silent;
mod sizes;

pub(super) use defaults::LITTLE;
use defaults::{Defaults, Use};
pub(super) use deviations::{is_even, known_deviations};
pub use distinct::is_reserved;
use gridgp_grid::{Dataset, Error, Result};
use gridgp_likelihood::{Family, Likelihood};
use level::Level;
pub(super) use level::mean_and_sd;
use names::Names;

use crate::equation::Equation;
use crate::language::{Fault, parse_within, suggest};
use crate::spec::{ModelSpec, Source};
use crate::{AxisKernel, Field, Model, PlaneKernel};

pub(super) fn resolve(spec: ModelSpec, source: &Source, mut data: Dataset) -> Result<Model> {
    settings::check(&spec.inference, source)?;
    sizes::check(&spec, &data)?;
    silent::leave_out(&spec, &mut data);
    let standardization = standardization(&spec, &data)?;
    distinct::check(&spec, source, &data)?;
    let defaults = Defaults::new(&data, standardization)?;
    let mut names = Names::new(&spec, source, &defaults)?;

    let likelihood = likelihood::likelihood(&spec, source, &data, &mut names)?;
    let likelihood::Resolved { family, equations, upper } = likelihood;
    check_standardization(&spec, source, &family)?;
    let fields = spec
        .fields
        .keys()
        .enumerate()
        .map(|(f, name)| {
            let enters = |e: &&Equation| e.predictor.random().any(|(used, _)| used == f);
            let Some((k, equation)) = equations.iter().enumerate().find(|(_, e)| enters(e)) else {
                let message =
                    format!("the field {name:?} is in no predictor; add it to one, or remove it");
                return Err(source.fault(&["fields", name], &Fault::new(0..0, message)));
            };
            let level = Level::of(&data, &family, &family.parameters()[k], equation);
            field(name, &level, &spec, source, &data, &mut names)
        })
        .collect::<Result<Vec<Field>>>()?;
    let parameters = names.finish()?;
    for name in spec.inference.start.keys() {
        let Some(p) = parameters.iter().find(|p| p.name == *name) else {
            let hint = suggest(name, parameters.iter().map(|p| p.name.as_str()));
            let message = format!("there is no free parameter {name:?}; {hint}");
            return Err(source.fault(&["inference", "start", name], &Fault::new(0..0, message)));
        };
        let value = spec.inference.start[name];
        if !p.transform.domain().contains(value) {
            let message =
                format!("{name} cannot start at {value}: it lies in {}", p.transform.domain());
            return Err(source.fault(&["inference", "start", name], &Fault::new(0..0, message)));
        }
    }
    let model = Model { spec, data, parameters, fields, family, equations, upper, standardization };
    descending::check_the_same_in_a_block(&model, source)?;
    Ok(model)
}

/// Origin and unit of the modelled response.
fn standardization(spec: &ModelSpec, data: &Dataset) -> Result<(f64, f64)> {
    if !spec.data.standardize {
        return Ok((0.0, 1.0));
    }
    let (mean, sd) = mean_and_sd(data.observed());
    if sd == 0.0 {
        return Err(Error::Data(format!(
            "{:?} is {mean} in every cell: it cannot be standardized",
            data.response.name
        )));
    }
    Ok((mean, sd))
}

/// Only a location and a scale follow a response that is shifted and stretched.
fn check_standardization(spec: &ModelSpec, source: &Source, family: &Family) -> Result<()> {
    let is_location_scale = ["gaussian", "student_t", "laplace", "gumbel", "gev", "blended_gev"]
        .contains(&family.name());
    if spec.data.standardize && !is_location_scale {
        let message =
            format!("a {} response cannot be standardized: leave standardize out", family.name());
        return Err(source.fault(&["data", "standardize"], &Fault::new(0..0, message)));
    }
    Ok(())
}

fn field(
    name: &str,
    level: &Level,
    spec: &ModelSpec,
    source: &Source,
    data: &Dataset,
    names: &mut Names<'_>,
) -> Result<Field> {
    let written = &spec.fields[name];
    let axis_names = || data.grid.axes().iter().map(|a| a.name());
    if written.axes.is_empty() {
        let list = axis_names().collect::<Vec<_>>().join(", ");
        let message = format!("the field {name:?} has no kernel; give it one for an axis: {list}");
        return Err(source.fault(&["fields", name], &Fault::new(0..0, message)));
    }
    let known = || axis_names().chain(["amplitude", "center"]);
    let mut plane = None;
    for (key, text) in &written.axes {
        if data.grid.position(key).is_none() && key.contains(',') {
            let fail = |fault: Fault| source.fault(&["fields", name, key], &fault);
            if plane.is_some() {
                return Err(fail(Fault::new(
                    0..0,
                    "a field has one kernel over two axes, at most",
                )));
            }
            plane = Some(plane::plane(key, text, name, data, names).map_err(fail)?);
        } else if data.grid.position(key).is_none() {
            let message = format!("the grid has no axis {key:?}; {}", suggest(key, known()));
            return Err(source.fault(&["fields", name, key], &Fault::new(0..0, message)));
        }
    }
    for axis in &written.center {
        if data.grid.position(axis).is_none() || !written.axes.contains_key(axis) {
            let hint = suggest(axis, written.axes.keys().map(String::as_str));
            let message = format!("the field has no kernel along {axis:?} to center; {hint}");
            return Err(source.fault(&["fields", name, "center"], &Fault::new(0..0, message)));
        }
    }
    let mut axes = Vec::new();
    for (a, axis) in data.grid.axes().iter().enumerate() {
        let Some(text) = written.axes.get(axis.name()) else {
            axes.push(None);
            continue;
        };
        if plane.as_ref().is_some_and(|p: &PlaneKernel| p.axes.contains(&a)) {
            let message = format!(
                "the field {name:?} has a kernel along {:?} already, over two axes together",
                axis.name()
            );
            return Err(source.fault(&["fields", name, axis.name()], &Fault::new(0..0, message)));
        }
        let fail = |fault: Fault| source.fault(&["fields", name, axis.name()], &fault);
        let e = parse_within(text, kernels::MAX_OPERATORS).map_err(fail)?;
        let prefix = format!("{name}.{}", axis.name());
        let (kernel, values) = kernels::kernel(&e, axis, &prefix, names).map_err(fail)?;
        let center = written.center.iter().any(|c| c == axis.name());
        axes.push(Some(AxisKernel {
            kernel,
            values,
            points: axis.points(),
            center,
            text: text.clone(),
        }));
    }
    let usage = Use::FieldAmplitude { axes: &axes, level };
    let label = format!("{name}.amplitude");
    let amplitude = match &written.amplitude {
        None => names.quantity_by_default(&label, usage),
        Some(entry) => names.quantity(entry, &label, usage),
    };
    let amplitude =
        amplitude.map_err(|fault| source.fault(&["fields", name, "amplitude"], &fault))?;
    Ok(Field { name: name.into(), amplitude, axes, plane })
}
