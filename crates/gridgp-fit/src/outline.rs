//! What a model means and what a fit of it will take, before anything is fitted.

use gridgp_density::{Marginal, NestedPlan, memory};
use gridgp_infer::points_of;
use gridgp_infer::route;
use gridgp_model::Model;
use gridgp_model::spec::{Algebra, Method, Route};
use serde_json::{Map, Value, json};

use crate::fitting::common;

/// The model as equations, [`gridgp_model::describe`], and how its fields are integrated out, where
/// its method does that, or else which of them have a long axis by state space.
pub fn describe(model: &Model) -> String {
    let mut text = gridgp_model::describe(model);
    if let Some(plan) = plan(model) {
        let algebra = json!(plan.algebra);
        let (seconds, bytes) = (duration(plan.seconds), gridgp_model::size(plan.bytes));
        text += &format!(
            "{}, algebra {}: {}\n  an evaluation takes {seconds} of one core, and {bytes}\n",
            plan.what,
            algebra.as_str().unwrap_or_default(),
            plan.detail
        );
        if let Some(points) = plan.points {
            text += &format!(
                "  {} draws of the fields at {points} points of the parameters\n",
                model.spec.inference.draws
            );
        }
        return text;
    }
    let axes = model.data.grid.axes();
    for field in &model.fields {
        let long = (0..axes.len()).find(|&a| memory::is_by_state_space(model, field, a));
        if let Some(a) = long {
            text += &format!(
                "field {} goes along {} by state space, without a matrix of its {} points\n",
                field.name,
                axes[a].name(),
                axes[a].len()
            );
        }
    }
    text
}

/// The same for programs, as `gridgp check --json` prints it: what every summary of a fit holds, the
/// parameters, the fields with their kernels, and where fields are integrated out `algebra`,
/// `algebra_detail`, `evaluation_seconds` and `evaluation_bytes`.
pub fn outline(model: &Model) -> Value {
    let method = json!(model.spec.inference.method);
    let mut all = common(model, method.as_str().unwrap_or_default());
    let parameters: Map<String, Value> = model
        .parameters
        .iter()
        .map(|p| {
            let entry = json!({
                "unit": p.unit,
                "prior": p.prior_text(),
                "prior_is_default": p.is_default,
            });
            (p.name.clone(), entry)
        })
        .collect();
    let axes = model.data.grid.axes();
    let kernels = |f: &gridgp_model::Field| -> Map<String, Value> {
        let known = f.axes.iter().zip(axes).filter_map(|(k, a)| Some((k.as_ref()?, a)));
        let plane = f.plane.iter().map(|p| {
            let [one, other] = p.axes.map(|a| axes[a].name());
            (format!("{one}, {other}"), json!(p.text))
        });
        plane.chain(known.map(|(k, a)| (a.name().to_owned(), json!(k.text)))).collect()
    };
    let fields: Map<String, Value> =
        model.fields.iter().map(|f| (f.name.clone(), kernels(f).into())).collect();
    all["parameters"] = parameters.into();
    all["fields"] = fields.into();
    if let Some(plan) = plan(model) {
        all["algebra"] = json!(plan.algebra);
        all["algebra_detail"] = json!(plan.detail);
        all["evaluation_seconds"] = json!(plan.seconds);
        all["evaluation_bytes"] = json!(plan.bytes);
    }
    all
}

/// How the fields are integrated out.
struct Plan {
    what: &'static str,
    algebra: Algebra,
    detail: String,
    seconds: f64,
    bytes: f64,
    /// Points of the parameters at which there are draws of the fields.
    points: Option<usize>,
}

/// How the fields are integrated out, where the method does so.
fn plan(model: &Model) -> Option<Plan> {
    let is_marginal = match model.spec.inference.method {
        Method::Map => true,
        Method::Nuts => route(model).is_ok_and(|route| route == Route::Marginal),
        Method::Laplace => {
            let plan = NestedPlan::new(model).ok()?;
            return Some(Plan {
                what: "nested Laplace approximation",
                algebra: plan.algebra,
                seconds: plan.seconds(),
                bytes: plan.bytes,
                points: Some(points_of(model, &plan)),
                detail: plan.detail,
            });
        }
        _ => false,
    };
    let plan = is_marginal.then(|| Marginal::plan_of(model).ok()).flatten()?;
    Some(Plan {
        what: "marginal likelihood",
        algebra: plan.algebra,
        seconds: plan.seconds(),
        bytes: plan.bytes,
        points: None,
        detail: plan.detail,
    })
}

/// A time for people, in two digits: `about 12 ms`.
pub fn duration(seconds: f64) -> String {
    let rounded = |value: f64, unit: &str| {
        let digits = usize::from(value < 9.95);
        format!("about {value:.digits$} {unit}")
    };
    match seconds {
        s if s < 1e-3 => "less than 1 ms".into(),
        s if s < 0.9995 => rounded(1e3 * s, "ms"),
        s if s < 120.0 => rounded(s, "s"),
        s if s < 7200.0 => rounded(s / 60.0, "min"),
        s => rounded(s / 3600.0, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridgp_grid::{Axis, Dataset, Grid, Variable};
    use gridgp_model::spec::{ModelSpec, Source};

    fn model(likelihood: &str, method: &str) -> Model {
        let axis = |name: &str, n: u32| Axis::numbers(name, (0..n).map(f64::from).collect());
        let grid = Grid::new(vec![axis("a", 5).unwrap(), axis("b", 4).unwrap()]).unwrap();
        let y = Variable::new("y", (0..20).map(|i| f64::from(i % 7)).collect());
        let text = format!(
            "[data]\nresponse = 'y'\naxes = ['a', 'b']\n[fields.f]\na = 'matern52()'\n\
             b = 'matern32()'\n{}\n[likelihood]\n{likelihood}\n[inference]\nmethod = '{method}'\n",
            if likelihood.contains("f + g") { "[fields.g]\na = 'white()'" } else { "" }
        );
        let source = Source::new("m.toml", text);
        let data = Dataset::new(grid, y, vec![]).unwrap();
        Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap()
    }

    #[test]
    fn long_axes_of_sampled_fields_are_told() {
        let poisson = "family = 'poisson'\nrate = 'exp(f)'\n";
        let told = |more: &str| describe(&model(poisson, more)).contains("by state space");
        assert!(told("nuts'\nalgebra = 'state_space") && !told("nuts"));
    }

    #[test]
    fn the_algebra_is_told_where_fields_are_integrated_out() {
        for (location, method, algebra) in [
            ("f", "map", Some("spectral")),
            ("f + g", "map", Some("dense")),
            ("f", "nuts", Some("spectral")),
            ("f + g", "nuts", None),
            ("f", "svi", None),
            ("f", "laplace", Some("dense")),
        ] {
            let m = model(&format!("family = 'gaussian'\nlocation = '{location}'"), method);
            let (text, all) = (describe(&m), outline(&m));
            assert_eq!(all["algebra"].as_str(), algebra, "{location} by {method}");
            let what = match method {
                "laplace" => "nested Laplace approximation",
                _ => "marginal likelihood",
            };
            let told = algebra.map(|a| format!("{what}, algebra {a}: "));
            assert_eq!(told.is_some_and(|t| text.contains(&t)), algebra.is_some(), "{text}");
            assert_eq!(all["method"], method);
            assert_eq!(all["fields"]["f"]["b"], "matern32()");
            assert_eq!(all["parameters"]["f.b.lengthscale"]["prior_is_default"], true, "{all}");
            if algebra.is_some() {
                assert!(all["evaluation_seconds"].as_f64().is_some_and(|s| s > 0.0), "{all}");
                assert!(all["evaluation_bytes"].as_f64().is_some_and(|b| b > 0.0), "{all}");
                assert!(text.contains("less than 1 ms of one core"), "{text}");
            }
        }
        let counts = model("family = 'poisson'\nrate = 'exp(f)'", "map");
        assert!(!describe(&counts).contains("algebra"));
    }

    #[test]
    fn times_have_two_digits() {
        for (seconds, text) in [
            (2e-5, "less than 1 ms"),
            (0.0123, "about 12 ms"),
            (0.0012, "about 1.2 ms"),
            (0.9999, "about 1.0 s"),
            (59.0, "about 59 s"),
            (600.0, "about 10 min"),
            (1e4, "about 2.8 h"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }
}
