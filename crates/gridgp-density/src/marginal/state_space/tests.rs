//! A filter along a long axis against the covariance written out, and against numbers made elsewhere.

use gridgp_grid::{Axis, Coordinate, Dataset, Grid, Variable};
use gridgp_model::Model;
use gridgp_model::spec::{Algebra, ModelSpec, Source};

use crate::{Marginal, Plan};

fn model(text: &str, data: Dataset) -> Model {
    let source = Source::new("test.toml", text);
    Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap()
}

fn by(model: &Model, algebra: Algebra) -> Marginal {
    let mut model = model.clone();
    model.spec.inference.algebra = algebra;
    Marginal::new(&model).unwrap()
}

/// Value and gradient.
fn evaluate(model: &Model, algebra: Algebra, theta: &[f64]) -> (f64, Vec<f64>) {
    let mut gradient = vec![0.0; theta.len()];
    let value = by(model, algebra).log_prob_vjp(theta, &mut gradient).unwrap();
    (value.log_prob, gradient)
}

fn check(model: &Model, theta: &[f64], tolerance: f64) {
    let (value, gradient) = evaluate(model, Algebra::StateSpace, theta);
    let (want, slope) = evaluate(model, Algebra::Dense, theta);
    assert!((value - want).abs() < tolerance * want.abs(), "{value} {want}");
    let size = slope.iter().fold(1.0, |m: f64, v| m.max(v.abs()));
    for (p, (a, b)) in model.parameters.iter().zip(gradient.iter().zip(&slope)) {
        assert!((a - b).abs() < 100.0 * tolerance * size, "{}: {a} {b}", p.name);
    }
}

const HEAD: &str = "[data]\nresponse = 'y'\naxes = { t = ['t', 'u'], s = ['lon', 'lat'] }\n";

fn number(i: usize, j: usize) -> f64 {
    (1.0 + 12.9898 * i as f64 + 78.233 * j as f64).sin()
}

/// Uneven times out of order, beside another coordinate of the same axis; some sites; cells left out
/// where `missing` says so.
fn data(nt: usize, ns: usize, missing: impl Fn(usize, usize) -> bool) -> Dataset {
    let mut t: Vec<f64> = (0..nt).map(|i| 0.7 * i as f64 + 0.3 * number(i, 1)).collect();
    t.swap(3, 11);
    t.swap(0, nt - 1);
    let u = (0..nt).map(|i| number(i, 2)).collect();
    let t = Axis::new("t", vec![Coordinate::numbers("t", t), Coordinate::numbers("u", u)]).unwrap();
    let of = |j: usize| (0..ns).map(|i| 10.0 * number(i, j)).collect();
    let s =
        Axis::new("s", vec![Coordinate::numbers("lon", of(3)), Coordinate::numbers("lat", of(4))]);
    let grid = Grid::new(vec![t, s.unwrap()]).unwrap();
    let y = (0..nt * ns).map(|c| match missing(c / ns, c % ns) {
        true => f64::NAN,
        false => (0.05 * c as f64).sin() + 0.7 * number(c, 5),
    });
    Dataset::new(grid, Variable::with_nan_as_missing("y", y.collect()), vec![]).unwrap()
}

const KERNELS: &[&str] = &[
    "matern12(t)",
    "matern32(t)",
    "matern52(t)",
    "cosine(t)",
    "constant() + 0.5^2 * linear(t)",
    "periodic(t)",
    "periodic(t) * matern52(t) + 0.4^2 * matern12(t, lengthscale = 1)",
    "matern32(t) * cosine(t)",
    "0.6^2 * white(t) + matern32(t) * matern12(t)",
    "linear(t) * matern12(t)",
];

#[test]
fn every_kernel_with_gaps_agrees_with_the_covariance_written_out() {
    for kernel in KERNELS {
        for (ns, space, missing) in [
            (1, "", 0),
            (1, "s = 'matern32()'\n", 1),
            (5, "s = 'matern32()'\n", 1),
            (5, "s = 'matern32()'\n", 2),
            (5, "s = 'linear(lat)'\n", 1),
        ] {
            let text = format!(
                "{HEAD}[fields.f]\nt = '{kernel}'\n{space}\n[likelihood]\nfamily = 'gaussian'\n\
                 location = 'f'\n"
            );
            // Single cells; whole times.
            let gap = |k: usize, s: usize| match missing {
                0 => k % 9 == 4,
                1 => (3 * k + s) % 7 == 2,
                _ => k % 6 == 1,
            };
            let m = model(&text, data(40, ns, gap));
            let theta: Vec<f64> = m
                .parameters
                .iter()
                .enumerate()
                .map(|(i, p)| match p.name.as_str() {
                    name if name.ends_with("center") => 3.0,
                    name if name.ends_with("period") => 5.3,
                    name if name.contains("periodic") => 1.1,
                    _ => 0.8 + 0.3 * i as f64,
                })
                .collect();
            let plan = by(&m, Algebra::StateSpace).plan().clone();
            assert_eq!(
                plan.detail.contains("5 filters"),
                ns == 5 && missing == 2,
                "{}",
                plan.detail
            );
            eprintln!("{kernel}, {ns} sites, {}", plan.detail);
            check(&m, &theta, 1e-10);
        }
    }
}

#[test]
fn several_fields_and_known_noise_agree_with_the_covariance_written_out() {
    for (ns, location) in [(1, "0.4 + f + g + h"), (5, "0.4 + f + g + h"), (5, "f + g + b * h + b")]
    {
        let uses = if location.contains('b') { "[parameters]\nb = 'normal(0, 1)'\n" } else { "" };
        let text = format!(
            "{HEAD}{uses}[fields.f]\nt = 'matern32(t)'\ns = 'matern32()'\n[fields.g]\ns = 'matern12()'\n\
             [fields.h]\nt = 'periodic(t, period = 6.5) * matern12(t)'\n[likelihood]\n\
             family = 'gaussian'\nlocation = '{location}'\n"
        );
        let m = model(&text, data(40, ns, |k, s| (k + 2 * s) % 5 == 0));
        let theta: Vec<f64> = (0..m.parameters.len()).map(|i| 0.6 + 0.2 * i as f64).collect();
        check(&m, &theta, 1e-10);
    }
}

/// An axis of filters, one that is turned, one that they run over, in every order, and two of the second
/// and the third kind: a mask that is the same at each point of what is turned.
#[test]
fn a_mask_that_does_not_change_along_an_axis_agrees_with_the_covariance_written_out() {
    const LONG: &str = "matern32()";
    // No Markov processes: no filter goes along them.
    const TURNED: &str = "rational_quadratic()";
    const INNER: &str = "squared_exponential(lengthscale = 0.7)";
    let kinds: &[&[(&str, &str, usize)]] = &[
        &[("long", LONG, 9), ("turned", TURNED, 4), ("inner", INNER, 3)],
        &[("turned", TURNED, 4), ("inner", INNER, 3), ("long", LONG, 9)],
        &[("inner", INNER, 3), ("long", LONG, 9), ("turned", TURNED, 4)],
        &[("turned", TURNED, 4), ("long", LONG, 9), ("inner", INNER, 3)],
        &[("inner", INNER, 3), ("turned", "", 4), ("long", "matern52() + cosine()", 9)],
        &[
            ("inner", INNER, 2),
            ("turned", TURNED, 3),
            ("inner2", "linear()", 3),
            ("long", LONG, 7),
            ("turned2", TURNED, 2),
        ],
        // All Markov processes: whichever costs least.
        &[("a_turned", LONG, 4), ("inner", LONG, 3), ("long", LONG, 9)],
    ];
    for kinds in kinds {
        let axis = |(name, _, n): &(&str, &str, usize)| {
            let at = (0..*n).map(|i| 0.7 * i as f64 + 0.3 * number(i, name.len())).collect();
            Axis::numbers(*name, at).unwrap()
        };
        let grid = Grid::new(kinds.iter().map(axis).collect()).unwrap();
        // Land: two thirds of the places, at one point of the long axis all of them.
        let is_land = |cell: usize| {
            let at = grid.unravel(cell);
            let sum: usize = at
                .iter()
                .zip(*kinds)
                .enumerate()
                .filter(|(_, (_, kind))| !kind.0.contains("turned"))
                .map(
                    |(a, (i, kind))| {
                        if kind.0 == "long" && *i == 3 { 1000 } else { (a + 2) * i * i }
                    },
                )
                .sum();
            sum >= 1000 || sum % 5 == 2
        };
        let y = (0..grid.len()).map(|c| if is_land(c) { f64::NAN } else { number(c, 5) });
        let y = Variable::with_nan_as_missing("y", y.collect());
        let data = Dataset::new(grid.clone(), y, vec![]).unwrap();
        let names: Vec<String> = kinds.iter().map(|k| format!("'{}'", k.0)).collect();
        let kernels = kinds.iter().filter(|k| !k.1.is_empty());
        let kernels: Vec<String> = kernels.map(|k| format!("{} = '{}'", k.0, k.1)).collect();
        let text = format!(
            "[data]\nresponse = 'y'\naxes = [{}]\n[parameters]\nb = 'normal(0, 1)'\n[fields.f]\n{}\n\
             [likelihood]\nfamily = 'gaussian'\nlocation = 'b + f'\n",
            names.join(", "),
            kernels.join("\n")
        );
        let m = model(&text, data);
        let theta: Vec<f64> = (0..m.parameters.len()).map(|i| 0.7 + 0.15 * i as f64).collect();
        let plan = by(&m, Algebra::StateSpace).plan().clone();
        assert!(plan.detail.contains("rotated"), "{}", plan.detail);
        let is_free = kinds.iter().any(|k| k.0.contains("a_turned"));
        assert!(plan.detail.contains("of \"long\"") || is_free, "{}", plan.detail);
        eprintln!("{}", plan.detail);
        check(&m, &theta, 1e-10);
        // A field of no amplitude has a gradient.
        let zero = m.parameters.iter().zip(&theta);
        let zero: Vec<f64> =
            zero.map(|(p, t)| if p.name == "f.amplitude" { 0.0 } else { *t }).collect();
        check(&m, &zero, 1e-10);
    }
}

/// An amplitude of 0 and a repeated site are models, too.
#[test]
fn amplitudes_of_zero_have_a_gradient() {
    let text = format!(
        "{HEAD}[fields.f]\nt = 'matern32(t)'\n[fields.g]\nt = 'matern12(t)'\n[likelihood]\n\
         family = 'gaussian'\nlocation = 'f + g'\n"
    );
    let m = model(&text, data(30, 1, |_, _| false));
    let theta: Vec<f64> =
        m.parameters.iter().map(|p| if p.name == "g.amplitude" { 0.0 } else { 1.2 }).collect();
    check(&m, &theta, 1e-10);
}

fn plan(text: &str, data: Dataset) -> Plan {
    Marginal::plan_of(&model(text, data)).unwrap()
}

#[test]
fn long_axes_go_by_state_space_where_they_can() {
    let one = |kernel: &str, likelihood: &str| {
        format!("{HEAD}[fields.f]\nt = '{kernel}'\n[likelihood]\nfamily = 'gaussian'\n{likelihood}")
    };
    let long = plan(&one("matern32(t)", "location = 'f'\n"), data(1500, 1, |_, _| false));
    assert_eq!(long.algebra, Algebra::StateSpace, "{long:?}");
    assert!(long.detail.contains("1500 times of \"t\", of 2 states"), "{}", long.detail);
    let gaps = plan(&one("matern32(t)", "location = 'f'\n"), data(1500, 1, |k, _| k % 3 == 0));
    assert_eq!(gaps.algebra, Algebra::StateSpace);
    let smooth =
        plan(&one("squared_exponential(t)", "location = 'f'\n"), data(1500, 1, |k, _| k % 3 == 0));
    assert_ne!(smooth.algebra, Algebra::StateSpace);
    // Whole times are missing; single cells are.
    let two = format!(
        "{HEAD}[fields.f]\nt = 'matern32(t)'\ns = 'matern12()'\n[likelihood]\nfamily = 'gaussian'\n\
         location = 'f'\n"
    );
    let rotated = plan(&two, data(1500, 5, |k, _| k % 3 == 0));
    assert!(rotated.detail.starts_with("5 filters along 1500 times of \"t\", of 2 states each"));
    let joint = plan(&two, data(1500, 5, |k, s| (k + s) % 3 == 0));
    assert_eq!(joint.algebra, Algebra::StateSpace, "{joint:?}");
    assert!(joint.detail.starts_with("a filter along 1500 times of \"t\", of 10 states"));
    let short = plan(&one("matern32(t)", "location = 'f'\n"), data(60, 1, |_, _| false));
    assert_eq!(short.algebra, Algebra::Spectral);
}

#[test]
fn what_is_no_markov_process_is_refused_with_its_name() {
    for (field, expected) in [
        ("t = 'squared_exponential(t)'", "squared_exponential(t) along \"t\" is no sum or product"),
        ("t = 'matern32(t)'\ncenter = ['t']", "the mean along \"t\" is taken out"),
        ("t = 'matern32(t) * matern32(u)'", "of one coordinate"),
    ] {
        let text = format!(
            "{HEAD}[fields.f]\n{field}\n[likelihood]\nfamily = 'gaussian'\nlocation = 'f'\n\
             [inference]\nalgebra = 'state_space'\n"
        );
        let m = model(&text, data(20, 1, |_, _| false));
        let message = Marginal::new(&m).unwrap_err().to_string();
        assert!(message.contains(expected) && message.contains("state_space"), "{message}");
    }
}

/// 2,000 uneven times, numbers that an independent program found.
#[test]
fn oracle_of_long_axes() {
    let folder =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/oracles/long_axis/long_axis");
    let Ok(table) = std::fs::read_to_string(format!("{folder}.csv")) else {
        return eprintln!("skipped: {folder}.csv is not here");
    };
    let json = std::fs::read_to_string(format!("{folder}.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let rows: Vec<Vec<f64>> =
        table.lines().skip(1).map(|l| l.split(',').map(|v| v.parse().unwrap()).collect()).collect();
    let axis = Axis::numbers("t", rows.iter().map(|r| r[0]).collect()).unwrap();
    let y: Vec<f64> = rows.iter().map(|r| r[1]).collect();
    let data = Dataset::new(Grid::new(vec![axis]).unwrap(), Variable::new("y", y.clone()), vec![])
        .unwrap();
    for (name, kernel, theta) in [
        (
            "quasi_periodic",
            "a^2 * periodic(period = p, lengthscale = q) * matern52(lengthscale = l) + \
             b^2 * matern32(lengthscale = m) + c^2 * matern12(lengthscale = n)",
            vec![0.8, 0.5, 0.25, 12.0, 1.3, 300.0, 40.0, 2.0, 0.2],
        ),
        (
            "matern_cosine",
            "b^2 * matern32(lengthscale = m) + a^2 * matern52(lengthscale = l) * \
             cosine(period = p) + c^2 * matern12(lengthscale = n)",
            vec![0.4, 0.5, 0.25, 12.0, 5.0, 40.0, 2.0, 0.2],
        ),
    ] {
        let q = if kernel.contains("= q") { "q = 'half_normal(2)'\n" } else { "" };
        let text = format!(
            "[data]\nresponse = 'y'\naxes = ['t']\n[parameters]\na = 'half_normal(2)'\n\
             b = 'half_normal(2)'\nc = 'half_normal(2)'\np = 'half_normal(20)'\n{q}\
             l = 'half_normal(200)'\nm = 'half_normal(50)'\nn = 'half_normal(5)'\n\
             noise = 'half_normal(1)'\n[fields.f]\namplitude = 1\nt = '{kernel}'\n[likelihood]\n\
             family = 'gaussian'\nlocation = 'f'\nscale = 'noise'\n"
        );
        let m = model(&text, data.clone());
        // Nobody is given a periodic kernel by state space who does not ask for it.
        let own = if q.is_empty() { Algebra::StateSpace } else { Algebra::Spectral };
        assert_eq!(Marginal::plan_of(&m).unwrap().algebra, own);
        let mut m = m;
        m.spec.inference.algebra = Algebra::StateSpace;
        let mut marginal = Marginal::new(&m).unwrap();
        let value = marginal.log_prob(&theta).unwrap();
        let want = json[name]["log_marginal_likelihood"].as_f64().unwrap();
        assert!((value.log_prob / want - 1.0).abs() < 1e-8, "{name}: {} {want}", value.log_prob);
        assert!(value.truncation < 1e-6, "{}", value.truncation);
        // K α = r − σ² α.
        let alpha = marginal.condition(&theta).unwrap().alpha;
        for (i, want) in json[name]["first_smoothed_means"].as_array().unwrap().iter().enumerate() {
            let (mean, want) = (y[i] - 0.04 * alpha[i], want.as_f64().unwrap());
            assert!((mean / want - 1.0).abs() < 1e-8, "{name} {i}: {mean} {want}");
        }
        check(&m, &theta, 1e-9);
    }
}
