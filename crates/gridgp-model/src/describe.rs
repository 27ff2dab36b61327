//! A model as equations, for people.

use std::fmt::Write;

use gridgp_kernel::Covariance;

use super::{AxisKernel, Equation, Link, Model, Term};
use crate::param::Value;

/// The model as equations: the likelihood, each field's covariance, the priors, and what is known
/// of the shapes.
///
/// ```text
/// sst[year, month] ~ normal(location, scale)    61 x 12 = 732 cells
/// …
/// ```
pub fn describe(model: &Model) -> String {
    let mut out = String::new();
    let grid = &model.data.grid;
    let axes: Vec<&str> = grid.axes().iter().map(|a| a.name()).collect();
    let shape: Vec<String> = grid.shape().iter().map(usize::to_string).collect();
    let y = &model.data.response;
    let unit = y.units.as_ref().map(|u| format!(" ({u})")).unwrap_or_default();
    let mut line = |text: String| writeln!(out, "{}", text.trim_end()).expect("a String grows");
    let arguments: Vec<&str> = model.equations.iter().map(|e| e.name.as_str()).collect();
    line(format!(
        "{}[{}]{unit} ~ {}({})",
        y.name,
        axes.join(", "),
        model.family.name(),
        arguments.join(", ")
    ));
    let missing = match y.missing_cells().len() {
        0 => "none".into(),
        n => n.to_string(),
    };
    line(format!("  {} = {} cells, {missing} missing", shape.join(" x "), grid.len()));
    let (origin, scale) = model.standardization;
    if (origin, scale) != (0.0, 1.0) {
        line(format!("  {} is modelled as ({} - {origin:.6}) / {scale:.6}", y.name, y.name));
    }
    for e in &model.equations {
        match (&model.upper, model.spec.likelihood.parameters.get(&e.name)) {
            (Some(_), Some(axis)) if e.name == "upper" => {
                line(format!("upper = the value before it along {}", axis.text()));
            }
            _ => line(format!("{} = {}", e.name, equation(e, model))),
        }
    }
    for field in &model.fields {
        let plane = field.plane.iter().map(|p| {
            let [one, other] = p.axes.map(|a| axes[a]);
            format!("{one}, {other}: {}", p.text)
        });
        let alone = field
            .axes
            .iter()
            .zip(grid.axes())
            .filter_map(|(k, axis)| k.as_ref().map(|k| (k, axis)))
            .map(|(k, axis)| {
                let center = if k.center { ", centered" } else { "" };
                format!("{}: {}{center}", axis.name(), k.text)
            });
        let kernels: Vec<String> = plane.chain(alone).collect();
        let along: Vec<&str> =
            (0..axes.len()).filter(|&a| field.varies_along(a)).map(|a| axes[a]).collect();
        line(format!(
            "{}({}) ~ GP(0, {}^2 * [{}])",
            field.name,
            along.join(", "),
            show(field.amplitude, model),
            kernels.join("] * [")
        ));
    }
    for covariate in &model.data.covariates {
        let along: Vec<&str> = covariate.axes.iter().map(|&a| axes[a]).collect();
        line(format!("{}({}) is known", covariate.name, along.join(", ")));
    }
    line(format!("{} parameters", model.parameters.len()));
    for p in &model.parameters {
        let unit = p.unit.as_ref().map(|u| format!(" ({u})")).unwrap_or_default();
        let origin = if p.is_default { "   [default, from the data]" } else { "" };
        line(format!("  {}{unit} ~ {}{origin}", p.name, p.prior_text()));
    }
    out
}

/// The prior covariance of each predictor that has fields, as a sum of Kronecker products: a line a
/// parameter of the likelihood.
///
/// ```text
/// location: eta^2 * [50 x 50, rank 50] x [30 x 30, rank 2]; 20.5 kB instead of 18.0 MB
/// ```
///
/// A rank is an upper bound that holds for all parameters: n, or the number of features of a kernel
/// of finite rank. Along an axis on which a field is constant the factor is all ones, of rank 1;
/// a covariate along one axis belongs to that axis' factor. Stored are roots of the factors, n × rank
/// numbers each; the dense covariance would have N × N.
pub fn describe_covariances(model: &Model) -> String {
    let cells = model.data.grid.len() as f64;
    let mut out = String::new();
    for e in &model.equations {
        let products: Vec<(String, f64)> =
            e.predictor.random().map(|(f, t)| product(f, t, model)).collect();
        if products.is_empty() {
            continue;
        }
        let (texts, numbers): (Vec<String>, Vec<f64>) = products.into_iter().unzip();
        let stored = size(8.0 * numbers.iter().sum::<f64>());
        let dense = size(8.0 * cells * cells);
        let text = texts.join(" + ");
        writeln!(out, "{}: {text}; {stored} instead of {dense}", e.name).expect("a String grows");
    }
    out
}

/// One term's covariance, and how many numbers store it.
fn product(f: usize, t: &Term, model: &Model) -> (String, f64) {
    let field = &model.fields[f];
    let mut parts = Vec::new();
    if t.factor.abs() != 1.0 {
        parts.push(format!("{}^2", t.factor.abs()));
    }
    parts.extend(t.parameters.iter().map(|&j| format!("{}^2", model.parameters[j].name)));
    match field.amplitude {
        Value::Fixed(1.0) => {}
        amplitude => parts.push(format!("{}^2", show(amplitude, model))),
    }
    let mut stored = 0.0;
    let plane = field.plane.as_ref().map_or([usize::MAX; 2], |p| p.axes);
    let axes = model.data.grid.axes();
    let mut factors = Vec::new();
    for (a, (axis, kernel)) in axes.iter().zip(&field.axes).enumerate() {
        let n = axis.len();
        if a == plane[0] {
            // Seven numbers a cell of a sparse precision.
            let cells = n * axes[plane[1]].len();
            stored += 7.0 * cells as f64;
            factors.push(format!("[{cells} x {cells}, by its sparse inverse]"));
        } else if a != plane[1] {
            let rank = kernel.as_ref().map_or(1, rank);
            stored += (n * rank) as f64;
            factors.push(format!("[{n} x {n}, rank {rank}]"));
        }
    }
    parts.push(factors.join(" x "));
    let mut text = parts.join(" * ");
    for &c in &t.covariates {
        let covariate = &model.data.covariates[c];
        // Along one axis it multiplies that axis' factor, whose rank stays.
        if covariate.axes.len() > 1 {
            text = format!("{text}, rows and columns times {}", covariate.name);
        }
        stored += covariate.values.len() as f64;
    }
    (text, stored)
}

/// The largest rank of a kernel's matrix.
fn rank(k: &AxisKernel) -> usize {
    let n = k.points.len();
    let largest = if k.center { n.saturating_sub(1) } else { n };
    k.kernel.feature_count().unwrap_or(n).min(largest)
}

/// A number of bytes for people, in powers of 1000: `20.5 kB`.
pub fn size(count: f64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB"];
    let step = (count.max(1.0).log10() / 3.0).floor().min(5.0);
    let value = count / 1000_f64.powf(step);
    let digits = usize::from(value < 99.95 && step > 0.0);
    format!("{value:.digits$} {}", units[step as usize])
}

fn show(value: Value, model: &Model) -> String {
    match value {
        Value::Fixed(v) => v.to_string(),
        Value::Free(j) => model.parameters[j].name.clone(),
    }
}

fn equation(e: &Equation, model: &Model) -> String {
    let terms: Vec<String> = e.predictor.terms.iter().map(|t| term(t, model)).collect();
    let mut text = if terms.is_empty() { "0".into() } else { terms.join(" + ") };
    if e.link != Link::Identity {
        text = format!("{}({text})", e.link.name());
    }
    let multiplier = term(&e.multiplier, model);
    if multiplier != "1" {
        text = format!("{multiplier} * {text}");
    }
    if e.shift != 0.0 {
        text = format!("{} + {text}", e.shift);
    }
    text
}

fn term(t: &Term, model: &Model) -> String {
    let mut parts: Vec<String> = Vec::new();
    if t.factor != 1.0 {
        parts.push(t.factor.to_string());
    }
    parts.extend(t.parameters.iter().map(|&j| model.parameters[j].name.clone()));
    parts.extend(t.field.map(|f| model.fields[f].name.clone()));
    parts.extend(t.covariates.iter().map(|&c| model.data.covariates[c].name.clone()));
    if parts.is_empty() { "1".into() } else { parts.join(" * ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{ModelSpec, Source};
    use gridgp_grid::{Axis, Covariate, Dataset, Grid, Variable};

    fn model() -> Model {
        let axis = |name: &str, n: u32| Axis::numbers(name, (0..n).map(f64::from).collect());
        let grid = Grid::new(vec![axis("a", 50).unwrap(), axis("b", 30).unwrap()]).unwrap();
        let y = Variable::new("y", (0..1500).map(|i| f64::from(i % 7)).collect());
        let w = Covariate {
            name: "w".into(),
            axes: vec![1],
            values: vec![1.5; 30],
            units: None,
            missing: None,
        };
        let text = "[data]\nresponse = 'y'\naxes = ['a', 'b']\ncovariates.w = { along = 'b' }\n\
                    [parameters]\neta = 'half_normal(1)'\nbeta = 'normal(0, 1)'\n\
                    [fields.f]\namplitude = 'eta'\na = 'matern52()'\nb = 'cosine()'\n\
                    [fields.g]\namplitude = 1\na = 'matern32()'\ncenter = ['a']\n\
                    [likelihood]\nfamily = 'gaussian'\nlocation = 'f + 2 * beta * g * w'\n";
        let source = Source::new("m.toml", text);
        let data = Dataset::new(grid, y, vec![w]).unwrap();
        Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap()
    }

    #[test]
    fn a_covariance_is_a_sum_of_products() {
        // Stored: 50 · 50 + 30 · 2 for f, 50 · 49 + 30 · 1 and 30 weights for g; 8 bytes each.
        assert_eq!(
            describe_covariances(&model()),
            "location: eta^2 * [50 x 50, rank 50] x [30 x 30, rank 2] + \
             2^2 * beta^2 * [50 x 50, rank 49] x [30 x 30, rank 1]; 40.6 kB instead of 18.0 MB\n"
        );
    }

    #[test]
    fn sizes_have_units() {
        for (count, text) in [
            (0.0, "0 B"),
            (999.0, "999 B"),
            (1100.0, "1.1 kB"),
            (1.8e7, "18.0 MB"),
            (2e11, "200 GB"),
        ] {
            assert_eq!(size(count), text);
        }
    }
}
