//! From names to positions: the one place where a model file is understood.

mod defaults;
mod kernels;
mod names;

use crate::grid::Dataset;
use crate::model::language::{Expr, Fault, parse, suggest};
use crate::model::predictor::{Predictor, Symbol, Term};
use crate::model::spec::{ModelSpec, Source};
use crate::model::{AxisKernel, Field, Model};
use crate::param::Value;
use crate::{Error, Result};
use defaults::{Defaults, Use};
use names::Names;

pub(super) fn resolve(spec: ModelSpec, source: &Source, data: Dataset) -> Result<Model> {
    let standardization = standardization(&spec, &data)?;
    check_names(&spec, source, &data)?;
    let defaults = Defaults::new(&data, standardization)?;
    let mut names = Names::new(&spec, source, &defaults)?;

    if spec.likelihood.family != "gaussian" {
        let message = format!(
            "unknown likelihood {:?}; {}",
            spec.likelihood.family,
            suggest(&spec.likelihood.family, ["gaussian"])
        );
        let span = 0..spec.likelihood.family.len();
        return Err(source.fault(&["likelihood", "family"], &Fault::new(span, message)));
    }
    let location = location(&spec, source, &data, &mut names)?;
    let fields = spec
        .fields
        .keys()
        .map(|name| field(name, &spec, source, &data, &mut names))
        .collect::<Result<Vec<Field>>>()?;
    for (f, field) in fields.iter().enumerate() {
        if location.random().all(|(used, _)| used != f) {
            let message = format!(
                "the field {:?} is in no predictor; add it to one, or remove it",
                field.name
            );
            return Err(source.fault(&["fields", &field.name], &Fault::new(0..0, message)));
        }
    }
    let scale = match &spec.likelihood.scale {
        None => names.quantity_by_default("scale", Use::Noise),
        Some(entry) => names
            .quantity(entry, "scale", Use::Noise)
            .map_err(|fault| source.fault(&["likelihood", "scale"], &fault))?,
    };
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
    Ok(Model { spec, data, parameters, fields, location, scale, standardization })
}

/// Origin and unit of the modelled response.
fn standardization(spec: &ModelSpec, data: &Dataset) -> Result<(f64, f64)> {
    let y = &data.response;
    let missing = y.missing_cells();
    if !missing.is_empty() {
        return Err(Error::Data(format!(
            "{:?} has {} missing cells of {}, the first at {}; the exact method needs a full grid. \
             Leave the incomplete rows out with `sel` or `isel`, or fill the cells",
            y.name,
            missing.len(),
            data.grid.len(),
            missing.iter().take(3).map(|&c| data.grid.describe(c)).collect::<Vec<_>>().join("; ")
                + if missing.len() > 3 { "; …" } else { "" },
        )));
    }
    if !spec.data.standardize {
        return Ok((0.0, 1.0));
    }
    let n = y.values.len() as f64;
    let mean = y.values.iter().sum::<f64>() / n;
    let variance = y.values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    if variance == 0.0 {
        return Err(Error::Data(format!(
            "{:?} is {mean} in every cell: it cannot be standardized",
            y.name
        )));
    }
    Ok((mean, variance.sqrt()))
}

/// A name means one thing.
fn check_names(spec: &ModelSpec, source: &Source, data: &Dataset) -> Result<()> {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    let groups = [
        ("parameters", spec.parameters.keys().map(String::as_str).collect::<Vec<_>>()),
        ("fields", spec.fields.keys().map(String::as_str).collect()),
        ("data", data.covariates.iter().map(|c| c.name.as_str()).collect()),
    ];
    for (section, names) in groups {
        for name in names {
            if let Some((other, _)) = seen.iter().find(|(_, n)| *n == name) {
                let message = format!("{name:?} is a name in [{other}] already; choose another");
                return Err(source.fault(&[section, name], &Fault::new(0..0, message)));
            }
            seen.push((section, name));
        }
    }
    for axis in data.grid.axes() {
        if ["amplitude", "center"].contains(&axis.name()) {
            return Err(Error::Spec(format!(
                "an axis cannot be called {:?}, which is a key of fields; rename it in [data.axes]",
                axis.name()
            )));
        }
    }
    Ok(())
}

fn location(
    spec: &ModelSpec,
    source: &Source,
    data: &Dataset,
    names: &mut Names<'_>,
) -> Result<Predictor> {
    let key = ["likelihood", "location"];
    let fail = |fault: Fault| source.fault(&key, &fault);
    let e = parse(&spec.likelihood.location.text()).map_err(fail)?;
    let mut lookup = |name: &str, e: &Expr| {
        if let Some(f) = spec.fields.get_index_of(name) {
            return Ok(Symbol::Field(f));
        }
        if let Some(c) = data.covariates.iter().position(|c| c.name == name) {
            return Ok(Symbol::Covariate(c));
        }
        match names.reference(name) {
            Some(Value::Fixed(v)) => Ok(Symbol::Number(v)),
            Some(Value::Free(j)) => Ok(Symbol::Parameter(j)),
            None => {
                let known = names
                    .declared()
                    .chain(spec.fields.keys().map(String::as_str))
                    .chain(data.covariates.iter().map(|c| c.name.as_str()));
                let hint = suggest(name, known);
                let message = format!(
                    "{name:?} is no parameter, field or covariate; {hint} (a coefficient is \
                     declared under [parameters], {name} = \"default\" for one)"
                );
                Err(Fault::new(e.span.clone(), message))
            }
        }
    };
    let location = Predictor::new(&e, &mut lookup).map_err(fail)?;
    for term in &location.terms {
        for &j in &term.parameters {
            let along = Use::Coefficient { covariates: &term.covariates, field: term.field };
            names.settle_default(j, along);
        }
    }
    check_repeated_fields(&location, spec, source)?;
    Ok(location)
}

/// A field that enters twice would be correlated with itself across terms.
fn check_repeated_fields(p: &Predictor, spec: &ModelSpec, source: &Source) -> Result<()> {
    let random: Vec<(usize, &Term)> = p.random().collect();
    for (i, (f, _)) in random.iter().enumerate() {
        if random[..i].iter().any(|(g, _)| g == f) {
            let name = spec.fields.get_index(*f).map_or("", |(k, _)| k.as_str());
            let message = format!(
                "the field {name:?} enters the location more than once; write one term, \
                 {name} * covariate with a covariate that adds up the multipliers"
            );
            return Err(source.fault(&["likelihood", "location"], &Fault::new(0..0, message)));
        }
    }
    Ok(())
}

fn field(
    name: &str,
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
    for key in written.axes.keys() {
        if data.grid.position(key).is_none() {
            let message = format!("the grid has no axis {key:?}; {}", suggest(key, known()));
            return Err(source.fault(&["fields", name, key], &Fault::new(0..0, message)));
        }
    }
    for axis in &written.center {
        if !written.axes.contains_key(axis) {
            let hint = suggest(axis, written.axes.keys().map(String::as_str));
            let message = format!("the field has no kernel along {axis:?} to center; {hint}");
            return Err(source.fault(&["fields", name, "center"], &Fault::new(0..0, message)));
        }
    }
    let mut axes = Vec::new();
    for axis in data.grid.axes() {
        let Some(text) = written.axes.get(axis.name()) else {
            axes.push(None);
            continue;
        };
        let fail = |fault: Fault| source.fault(&["fields", name, axis.name()], &fault);
        let e = parse(text).map_err(fail)?;
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
    let usage = Use::FieldAmplitude { axes: &axes };
    let label = format!("{name}.amplitude");
    let amplitude = match &written.amplitude {
        None => names.quantity_by_default(&label, usage),
        Some(entry) => names
            .quantity(entry, &label, usage)
            .map_err(|fault| source.fault(&["fields", name, "amplitude"], &fault))?,
    };
    Ok(Field { name: name.into(), amplitude, axes })
}
