//! A name means one thing: in equations, in files of draws, and in what is predicted.

use std::iter::once;

use gridgp_grid::{Dataset, Error, Result};
use gridgp_likelihood::Family;

use crate::language::{CONSTANTS, FUNCTIONS, Fault};
use crate::link::Link;
use crate::output::{OUTPUT, of_family, output_names};
use crate::spec::{ModelSpec, Source};

/// The dimensions that draws have in front.
const OF_DRAWS: [&str; 2] = ["chain", "draw"];

/// Keys of fields, beside the names of axes.
const OF_FIELDS: [&str; 2] = ["amplitude", "center"];

/// Whether an axis cannot be called so; its coordinates can.
pub fn is_reserved(axis: &str) -> bool {
    OF_DRAWS.contains(&axis) || OF_FIELDS.contains(&axis)
}

/// Refuses a name that would mean two things.
///
/// Parameters, fields and axes stand beside each other in files of draws, which are written when
/// everything has been sampled: what could not be written then is refused now.
pub(super) fn check(spec: &ModelSpec, source: &Source, data: &Dataset) -> Result<()> {
    let refuse = |keys: &[&str], message: String| source.fault(keys, &Fault::new(0..0, message));
    of_data(data, &refuse)?;
    of_equations(spec, data, &refuse)?;
    match Family::from_name(&spec.likelihood.family) {
        Some(family) => of_fields(spec, &family, &refuse),
        // Its own message comes later.
        None => Ok(()),
    }
}

/// Makes an error about a key of the model file.
type Refuse<'a> = dyn Fn(&[&str], String) -> Error + 'a;

/// The response, the axes and their coordinates, the covariates.
fn of_data(data: &Dataset, refuse: &Refuse<'_>) -> Result<()> {
    let y = data.response.name.as_str();
    let unwritable = |name: &str, what: &str, keys: &[&str]| match why_unwritable(name) {
        Some(why) => {
            let message = format!(
                "{what} {name:?} {why}: no file of results can hold it; give it a name in the data"
            );
            Err(refuse(keys, message))
        }
        None => Ok(()),
    };
    unwritable(y, "the response", &["data", "response"])?;
    for axis in data.grid.axes() {
        unwritable(axis.name(), "the axis", &["data", "axes"])?;
        for c in axis.coordinates() {
            unwritable(&c.name, "the coordinate", &["data", "axes", axis.name()])?;
        }
    }
    for c in &data.covariates {
        unwritable(&c.name, "the covariate", &["data", "covariates"])?;
    }
    if OF_DRAWS.contains(&y) {
        let message = format!(
            "the response cannot be called {y:?}, which is a dimension of draws; rename it in the \
             data"
        );
        return Err(refuse(&["data", "response"], message));
    }
    let mut seen: Vec<&str> = Vec::new();
    for axis in data.grid.axes() {
        let name = axis.name();
        if is_reserved(name) {
            let what = match OF_DRAWS.contains(&name) {
                true => "a dimension of draws",
                false => "a key of fields",
            };
            let message = format!(
                "an axis cannot be called {name:?}, which is {what}; rename it in [data.axes], \
                 {name}_axis = {name:?}"
            );
            return Err(refuse(&["data", "axes", name], message));
        }
        let coordinates = axis.coordinates().iter().map(|c| c.name.as_str());
        for own in once(name).chain(coordinates.filter(|c| *c != name)) {
            let message = if own == y {
                format!("{y:?} is the response, and an axis or a coordinate of {name:?} as well")
            } else if seen.contains(&own) {
                format!("{own:?} is an axis or a coordinate of two axes")
            } else {
                seen.push(own);
                continue;
            };
            let message = format!("{message}; rename one of them in [data.axes] or in the data");
            return Err(refuse(&["data", "axes", name], message));
        }
    }
    for c in &data.covariates {
        let name = c.name.as_str();
        if data.grid.position(name).is_some_and(|axis| c.axes != [axis]) {
            let message = format!(
                "the covariate {name:?} has the name of an axis and does not lie along that axis \
                 alone; call it otherwise, {name}_value = {{ variable = {name:?} }}"
            );
            return Err(refuse(&["data", "covariates", name], message));
        }
    }
    Ok(())
}

/// Why NetCDF has no variable of this name; slashes are written otherwise there.
fn why_unwritable(name: &str) -> Option<&'static str> {
    match name {
        "" => Some("has no name"),
        _ if name.contains('\0') => Some("has a character that is no text"),
        _ => None,
    }
}

/// What equations can refer to.
fn of_equations(spec: &ModelSpec, data: &Dataset, refuse: &Refuse<'_>) -> Result<()> {
    let names: [(&[&str], Vec<&String>); 3] = [
        (&["parameters"], spec.parameters.keys().collect()),
        (&["fields"], spec.fields.keys().collect()),
        (&["data", "covariates"], data.covariates.iter().map(|c| &c.name).collect()),
    ];
    let mut seen: Vec<(&str, String)> = Vec::new();
    for (section, names) in names {
        let written = section.join(".");
        for name in names {
            let name = name.as_str();
            let drawn = section.len() == 1;
            let message = if let Some((_, other)) = seen.iter().find(|(n, _)| *n == name) {
                format!("{name:?} is a name in [{other}] already")
            } else if CONSTANTS.contains(&name) || name == "default" {
                format!("{name:?} is a word of the language")
            } else if FUNCTIONS.contains(&name) || Link::from_name(name).is_some() {
                format!("{name:?} is a function of equations")
            } else if drawn && data.grid.position(name).is_some() {
                format!("{name:?} is the name of an axis")
            } else if drawn && OF_DRAWS.contains(&name) {
                format!("{name:?} is a dimension of draws")
            } else {
                seen.push((name, written.clone()));
                continue;
            };
            let keys = [section, &[name]].concat();
            let hint = match drawn {
                true => String::new(),
                false => format!(" here, {name}_value = {{ variable = {name:?} }}"),
            };
            return Err(refuse(&keys, format!("{message}; choose another{hint}")));
        }
    }
    Ok(())
}

/// Fields among what is predicted.
fn of_fields(spec: &ModelSpec, family: &Family, refuse: &Refuse<'_>) -> Result<()> {
    let family = of_family(family);
    let mut taken: Vec<(String, &str)> = Vec::new();
    if let Some(name) = spec.fields.keys().find(|name| name.starts_with(OUTPUT)) {
        let message =
            format!("names that begin with {OUTPUT} are those of results; choose another");
        return Err(refuse(&["fields", name], message));
    }
    for quantity in family.iter().copied().chain(spec.fields.keys().map(String::as_str)) {
        for name in output_names(quantity).into_iter().flatten() {
            if let Some((_, other)) = taken.iter().find(|(n, _)| *n == name) {
                let what = match family.contains(&quantity) {
                    true => format!("the field {quantity:?} has the name of what is predicted"),
                    false => format!(
                        "predictions of the field {quantity:?} would have the variable {name:?} of \
                         {other:?}"
                    ),
                };
                return Err(refuse(&["fields", quantity], format!("{what}; choose another name")));
            }
            taken.push((name, quantity));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use gridgp_grid::{Axis, Coordinate, Covariate, Grid, Variable};

    use super::*;
    use crate::Model;

    /// A series along the axis `t` with a covariate; words of the text are replaced in the names of
    /// the data, too.
    fn model(replaced: &[(&str, &str)]) -> Result<Model> {
        let new = |name: &str| {
            replaced.iter().find(|(old, _)| *old == name).map_or(name, |(_, new)| *new).to_owned()
        };
        let text = "[data]\nresponse = 'y'\naxes = { t = 'when', u = 'u' }\n\
                    covariates.g = { along = ['t', 'u'] }\n[parameters]\na = 'normal(0, 1)'\n\
                    [fields.f]\nt = 'matern32()'\n[fields.h]\nu = 'matern32()'\n[likelihood]\n\
                    family = 'gev'\nlocation = 'a * g + f + h'\nscale = 2\nshape = 0.1\n";
        let mut parts: Vec<String> = vec![String::new()];
        for c in text.chars() {
            if c.is_alphanumeric() || c == '_' {
                parts.last_mut().unwrap().push(c);
            } else {
                parts.extend([c.to_string(), String::new()]);
            }
        }
        let text: String = parts.iter().map(|part| new(part)).collect();
        let numbers = |name: &str| Coordinate::numbers(name, vec![0.0, 1.0]);
        let axes = vec![
            Axis::new(new("t"), vec![numbers(&new("when"))]).unwrap(),
            Axis::new(new("u"), vec![numbers(&new("u"))]).unwrap(),
        ];
        let y = Variable::new(new("y"), vec![1.0, 2.0, 3.0, 5.0]);
        let (name, axes_of_g, values) = (new("g"), vec![0, 1], vec![0.0, 1.0, 1.0, 0.0]);
        let g = Covariate { name, axes: axes_of_g, values, units: None, missing: None };
        let data = Dataset::new(Grid::new(axes).unwrap(), y, vec![g]).unwrap();
        let source = Source::new("m.toml", text);
        Model::new(ModelSpec::from_toml(&source)?, &source, data)
    }

    #[test]
    fn a_name_that_would_mean_two_things_is_refused() {
        assert!(model(&[]).is_ok());
        let mut wrong = Vec::new();
        for (old, new, message) in [
            ("a", "pi", "\"pi\" is a word of the language"),
            ("a", "default", "is a word of the language"),
            ("f", "sqrt", "\"sqrt\" is a function of equations"),
            ("a", "softplus", "is a function of equations"),
            ("g", "log", "choose another here, log_value = { variable = \"log\" }"),
            ("a", "u", "\"u\" is the name of an axis"),
            ("f", "u", "\"u\" is the name of an axis"),
            ("a", "draw", "is a dimension of draws"),
            ("f", "chain", "is a dimension of draws"),
            ("f", "a", "is a name in [parameters] already"),
            ("g", "f", "is a name in [fields] already"),
            ("f", "shape", "the field \"shape\" has the name of what is predicted"),
            ("f", "observation", "the field \"observation\" has the name of what is predicted"),
            ("f", "sd", "would have the variable \"sd\" of \"mean\""),
            ("f", "quantiles", "would have the variable \"quantiles\" of \"observation\""),
            ("f", "shape_draws", "would have the variable \"shape_draws\" of \"shape\""),
            ("h", "f_sd", "would have the variable \"f_sd\" of \"f\""),
            ("f", "output_f", "names that begin with output_ are those of results"),
            ("u", "draw", "rename it in [data.axes], draw_axis = \"draw\""),
            ("u", "amplitude", "which is a key of fields"),
            ("y", "draw", "the response cannot be called \"draw\""),
            ("y", "", "the response \"\" has no name"),
            ("when", "", "the coordinate \"\" has no name"),
            ("y", "u", "\"u\" is the response, and an axis or a coordinate of \"u\" as well"),
            ("y", "when", "\"when\" is the response"),
            ("when", "u", "\"u\" is an axis or a coordinate of two axes"),
            ("g", "t", "does not lie along that axis alone"),
        ] {
            match model(&[(old, new)]).map(|_| ()) {
                Err(e) if e.to_string().contains(message) => {}
                found => wrong.push(format!("{old} called {new}, wanted {message}: {found:?}")),
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Names of results are no trouble as names of axes, coordinates and parameters: results and
    /// parameters that nobody named give way.
    #[test]
    fn axes_may_have_names_of_results() {
        for name in ["mean", "sd", "observation", "quantile", "location", "f_sd", "scale"] {
            assert!(model(&[("u", name)]).is_ok(), "{name}");
            assert!(model(&[("when", name)]).is_ok(), "{name}");
        }
        assert!(model(&[("when", "draw")]).is_ok() && model(&[("a", "sd")]).is_ok());
        let source = Source::new(
            "m.toml",
            "[data]\nresponse = 'y'\naxes = ['scale', 'shape']\n[parameters]\na = 'default'\n\
             [likelihood]\nfamily = 'gev'\nlocation = 'a'\n",
        );
        let axis = |name: &str| Axis::numbers(name, vec![0.0, 1.0]).unwrap();
        let grid = Grid::new(vec![axis("scale"), axis("shape")]).unwrap();
        let data = Dataset::new(grid, Variable::new("y", vec![1.0, 2.0, 4.0, 3.0]), vec![]);
        let model = Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data.unwrap());
        let names = model.unwrap().parameters.into_iter().map(|p| p.name).collect::<Vec<_>>();
        assert_eq!(names, ["a", "scale_2", "shape_2"]);
    }
}
