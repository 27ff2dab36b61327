//! Every kernel on every kind of points, against the definition and against reference values.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::conformance::check_kernel;
use super::*;

fn build(name: &str, options: KernelOptions) -> Kernel {
    Kernel::from_name(name, &options).unwrap()
}

fn on(column: usize, name: &str) -> Kernel {
    build(name, KernelOptions { columns: Some(vec![column]), ..KernelOptions::of(["lon", "lat"]) })
}

/// Every built-in kernel with every option that it takes, for points with these coordinates.
fn built_in(names: &[&str]) -> Vec<Kernel> {
    let mut kernels = vec![];
    // Points of labels are tested in coregionalization.rs.
    for &kernel in BuiltIn::ALL.iter().filter(|k| **k != BuiltIn::Coregionalization) {
        let info = kernel.info();
        let takes = |option| info.options.iter().any(|(name, _)| *name == option);
        let base = KernelOptions::of(names.iter().copied());
        let degrees = if takes("degree") { vec![Some(0), Some(1), Some(3)] } else { vec![None] };
        for degree in degrees {
            let base = KernelOptions { degree, ..base.clone() };
            if names.len() == 1 || !matches!(kernel, BuiltIn::Cosine | BuiltIn::Periodic) {
                kernels.push(build(info.name, base.clone()));
            }
            if takes("columns") {
                let columns = Some(vec![names.len() - 1]);
                kernels.push(build(info.name, KernelOptions { columns, ..base.clone() }));
            }
            if takes("per_coordinate") {
                kernels
                    .push(build(info.name, KernelOptions { per_coordinate: true, ..base.clone() }));
            }
            if takes("circle") {
                let columns = Some(vec![0]);
                let around = KernelOptions { columns, circle: Some(2.3), ..base.clone() };
                kernels.push(build(info.name, around));
            }
            if takes("great_circle") && names.len() == 2 {
                kernels.push(build(info.name, KernelOptions { great_circle: true, ..base }));
            }
        }
    }
    kernels
}

/// Compositions; the column says which coordinate each part sees.
fn composites(column: usize) -> Vec<Kernel> {
    let k = |name| on(0, name);
    let other = |name| on(column, name);
    let options =
        KernelOptions { columns: Some(vec![column]), ..KernelOptions::of(["lon", "lat"]) };
    let cubic = || build("polynomial", KernelOptions { degree: Some(3), ..options.clone() });
    vec![
        k("matern32") + other("periodic") + k("white"),
        k("matern52") * other("periodic"),
        k("squared_exponential") * other("cosine") * k("rational_quadratic"),
        k("matern12").scaled() + other("linear").scaled(),
        k("linear") + other("cosine") + Kernel::Constant(Constant),
        cubic() * k("cosine") * other("linear"),
        ((cubic() + k("cosine")).scaled() * k("linear") + k("cosine")).scaled(),
        Kernel::Custom(Arc::new(k("cosine") * other("matern32"))),
    ]
}

fn point_sets() -> Vec<(Vec<&'static str>, Points)> {
    let even: Vec<f64> = (0..12).map(|i| -1.3 + 0.3 * f64::from(i)).collect();
    let plane = [0.3, 1.0, -0.4, 2.0, 1.7, 0.1, 2.2, -1.4, 0.9, 0.9, 0.3, -0.2, -1.0, 1.3];
    vec![
        (vec!["x"], Points::line(&even)),
        (vec!["x"], Points::line(&[0.0, 0.3, 1.1, 2.7, -0.4, 0.35])),
        (vec!["x"], Points::line(&[0.7])),
        (vec!["x"], Points::line(&[2.0, 0.5])),
        (vec!["lon", "lat"], Points::new(plane.to_vec(), 2)),
        (vec!["lon", "lat"], Points::new(vec![0.4, -1.1], 2)),
        // Two equal points, and one coordinate that repeats.
        (vec!["lon", "lat"], Points::new(vec![0.0, 1.0, 0.5, 1.0, 0.0, 1.0], 2)),
    ]
}

/// Legal values for all parameters, different for each.
fn theta(kernel: &Kernel) -> Vec<f64> {
    let value = |(i, parameter): (usize, KernelParameter)| {
        let sphere = parameter.inputs.is_some_and(|i| i.metric() == Metric::GreatCircle);
        let base = match parameter.role {
            Role::Lengthscale { .. } if sphere => 150.0,
            Role::Lengthscale { .. } => 0.7,
            Role::Period => 1.9,
            Role::PeriodicLengthscale => 0.8,
            Role::Exponent | Role::SummableExponent => 1.7,
            Role::Center { .. } => -0.3,
            Role::Offset => 0.5,
            Role::Amplitude => 1.4,
            Role::Weight => -0.6,
            Role::Variance => 0.4,
        };
        base * (1.0 + 0.07 * i as f64)
    };
    kernel.parameters().into_iter().enumerate().map(value).collect()
}

#[test]
fn every_kernel_conforms_on_every_kind_of_points() {
    for (names, points) in point_sets() {
        let composites = composites(names.len() - 1);
        for kernel in built_in(&names).into_iter().chain(composites) {
            let theta = theta(&kernel);
            let check = AssertUnwindSafe(|| check_kernel(&kernel, &points, &theta));
            assert!(catch_unwind(check).is_ok(), "{kernel:?} on {points:?}");
        }
    }
}

/// A correct kernel with one thing wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Defect {
    Nothing,
    Gradient,
    OverwritesGradient,
    Cross,
    Diagonal,
    UnitDiagonal,
    Stationary,
    Rank,
    Features,
    FeaturesGradient,
    States,
    Indefinite,
}

/// The linear kernel of one coordinate, spoiled.
#[derive(Debug)]
struct Spoiled(Linear, Defect);

impl Covariance for Spoiled {
    fn parameters(&self) -> Vec<KernelParameter> {
        self.0.parameters()
    }
    fn gram(&self, x: &Points, theta: &[f64], mut out: MatMut<'_, f64>) {
        self.0.gram(x, theta, out.as_mut());
        if self.1 == Defect::Indefinite {
            (0..x.len()).for_each(|i| out[(i, i)] -= 0.1);
        }
    }
    fn cross(&self, x: &Points, y: &Points, theta: &[f64], mut out: MatMut<'_, f64>) {
        self.0.cross(x, y, theta, out.as_mut());
        if self.1 == Defect::Cross {
            out[(0, 0)] += 1e-6;
        }
    }
    fn diagonal(&self, x: &Points, theta: &[f64], out: &mut [f64]) {
        self.0.diagonal(x, theta, out);
        out[0] += f64::from(u8::from(self.1 == Defect::Diagonal));
    }
    fn gram_vjp(&self, x: &Points, theta: &[f64], bar: MatRef<'_, f64>, out: &mut [f64]) {
        if self.1 == Defect::OverwritesGradient {
            out.fill(0.0);
        }
        self.0.gram_vjp(x, theta, bar, out);
        out[0] += if self.1 == Defect::Gradient { 1e-5 } else { 0.0 };
    }
    fn feature_count(&self) -> Option<usize> {
        self.0.feature_count()
    }
    fn features(&self, x: &Points, theta: &[f64]) -> Option<Mat<f64>> {
        let factor = if self.1 == Defect::Features { 1.1 } else { 1.0 };
        self.0.features(x, theta).map(|f| f * faer::Scale(factor))
    }
    fn features_vjp(&self, x: &Points, theta: &[f64], bar: MatRef<'_, f64>, out: &mut [f64]) {
        self.0.features_vjp(x, theta, bar, out);
        out[0] += if self.1 == Defect::FeaturesGradient { 1e-5 } else { 0.0 };
    }
    fn rank_bound(&self, x: &Points) -> usize {
        if self.1 == Defect::Rank { 0 } else { self.0.rank_bound(x) }
    }
    fn state_space(&self) -> Option<StateSpace> {
        // A wave is no line.
        let is_wave = self.1 == Defect::States;
        if is_wave { Some(StateSpace::cosine(0)) } else { self.0.state_space() }
    }
    fn is_stationary(&self) -> bool {
        self.1 == Defect::Stationary
    }
    fn has_unit_diagonal(&self) -> bool {
        self.1 == Defect::UnitDiagonal
    }
}

#[test]
fn the_kit_finds_every_defect() {
    use Defect::*;
    let defects = [
        (Gradient, "gram_vjp"),
        (OverwritesGradient, "gram_vjp"),
        (Cross, "cross(x, x)"),
        (Diagonal, "diagonal"),
        (UnitDiagonal, "unit diagonal"),
        (Stationary, "stationary"),
        (Rank, "rank"),
        (Features, "F Fᵀ"),
        (FeaturesGradient, "features_vjp"),
        (States, "covariance of the states"),
        (Indefinite, "semidefinite"),
    ];
    let inputs = Inputs::new(None, &["x".into()]).unwrap();
    let check = |defect| {
        let kernel = Spoiled(Linear::new(inputs.clone()), defect);
        catch_unwind(AssertUnwindSafe(|| {
            check_kernel(&kernel, &Points::line(&[0.4, 1.0, 2.5]), &[0.3]);
        }))
    };
    assert!(check(Nothing).is_ok());
    for (defect, expected) in defects {
        let payload = check(defect).expect_err(&format!("{defect:?} went unnoticed"));
        let message = payload.downcast_ref::<String>().expect("a message");
        assert!(message.contains(expected), "{defect:?}: {message}");
    }
}

fn gram(kernel: &Kernel, x: &Points, theta: &[f64]) -> Mat<f64> {
    let mut out = Mat::zeros(x.len(), x.len());
    kernel.gram(x, theta, out.as_mut());
    out
}

#[test]
fn reference_values() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/oracles/kernels/gram.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        return eprintln!("skipped: {path} is not here");
    };
    let oracle: serde_json::Value = serde_json::from_str(&text).unwrap();
    let numbers = |v: &serde_json::Value| -> Vec<f64> {
        v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
    };
    let points = Points::line(&numbers(&oracle["points"]));
    let lengthscale = oracle["lengthscale"].as_f64().unwrap();
    let of = |name: &str| build(name, KernelOptions::of(["x"]));
    let mut checked = 0;
    for (key, rows) in oracle["gram"].as_object().unwrap() {
        let (kernel, theta) = match key.as_str() {
            "squared_exponential" | "matern12" | "matern32" | "matern52" => {
                (of(key), vec![lengthscale])
            }
            "rational_quadratic_alpha_1.7" => (of("rational_quadratic"), vec![lengthscale, 1.7]),
            "periodic_period_1.3_exp(-2sin^2/l^2)" => (of("periodic"), vec![1.3, lengthscale]),
            "cosine_period_0.8" => (of("cosine"), vec![0.8]),
            // Needs the Bessel function K_1.9; there is no general Matérn kernel.
            "matern_nu_1.9" => continue,
            other => {
                let degree = other.strip_prefix("polynomial_degree_").unwrap();
                let degree = degree.strip_suffix("_offset_0.5").unwrap().parse().ok();
                let options = KernelOptions { degree, ..KernelOptions::of(["x"]) };
                (build("polynomial", options), vec![0.5])
            }
        };
        let actual = gram(&kernel, &points, &theta);
        for (i, row) in rows.as_array().unwrap().iter().enumerate() {
            for (j, expected) in numbers(row).into_iter().enumerate() {
                let error = (actual[(i, j)] - expected).abs();
                assert!(error <= 1e-13 * expected.abs().max(1.0), "{key} {i} {j}: {error:e}");
            }
        }
        checked += 1;
    }
    assert_eq!(checked, 12);
}

fn position_is_period(kernel: &Kernel, position: usize) -> bool {
    kernel.parameters()[position].role == Role::Period
}

#[test]
fn no_legal_parameter_gives_nan() {
    let extremes = [1e-300, 1e-160, 1e-20, 1e20, 1e160, 1e300];
    let sets = [
        (vec!["x"], Points::line(&[0.0, 1.0, 2.0, 3.0])),
        (vec!["x"], Points::line(&[0.0, 1e-300, 1e-200, 1.0, 1e150, 1.0])),
        (vec!["lon", "lat"], Points::new(vec![0.0, 0.0, 1e-300, 0.0, 0.0, 0.0, 1.0, 2.0], 2)),
    ];
    for (names, points) in sets {
        for kernel in built_in(&names) {
            let count = kernel.parameter_count();
            if !kernel.has_unit_diagonal() {
                continue; // Linear and polynomial are unbounded: they do overflow.
            }
            for (position, parameter) in kernel.parameters().into_iter().enumerate() {
                for extreme in extremes.into_iter().filter(|v| parameter.role.admits(*v)) {
                    let mut theta = theta(&kernel);
                    theta[position] = extreme;
                    let gram = gram(&kernel, &points, &theta);
                    let bounded = |v: &f64| v.abs() <= 1.0;
                    assert!(gram.col_iter().all(|c| c.iter().all(bounded)), "{kernel:?} {theta:?}");
                    assert!((0..points.len()).all(|i| gram[(i, i)] == 1.0));
                    let bar = Mat::full(points.len(), points.len(), 1.0);
                    let mut theta_bar = vec![0.0; count];
                    kernel.gram_vjp(&points, &theta, bar.as_ref(), &mut theta_bar);
                    // The gradient of a period is about r/p², which may truly be out of range.
                    let overflows = extreme < 1e-20 && position_is_period(&kernel, position);
                    let finite = theta_bar.iter().all(|d| d.is_finite());
                    assert!(finite || overflows, "{kernel:?} {theta:?} {theta_bar:?}");
                }
            }
        }
    }
}

#[test]
fn an_illegal_lengthscale_is_not_hidden() {
    let kernel = build("matern32", KernelOptions::of(["x"]));
    for lengthscale in [f64::NAN, 0.0] {
        for points in [[0.0, 1.0, 2.0], [0.0, 1.0, 5.0]] {
            let gram = gram(&kernel, &Points::line(&points), &[lengthscale]);
            assert!(gram[(0, 0)].is_nan(), "{lengthscale} {points:?}");
        }
    }
}

#[test]
fn evenly_spaced_points_give_what_the_pairs_give() {
    let n = 40;
    let even: Vec<f64> = (0..n).map(|i| 1950.0 + 0.1 * i as f64).collect();
    // The same points in another order are not evenly spaced.
    let order: Vec<usize> = (0..n).map(|i| i * 7 % n).collect();
    let mixed: Vec<f64> = order.iter().map(|&i| even[i]).collect();
    let bar = Mat::from_fn(n, n, |i, j| ((i * j) as f64).sin() + ((i + j) as f64).cos());
    let mixed_bar = Mat::from_fn(n, n, |i, j| bar[(order[i], order[j])]);
    for kernel in built_in(&["x"]).into_iter().filter(Covariance::is_stationary) {
        let theta = theta(&kernel);
        let (a, b) = (Points::line(&even), Points::line(&mixed));
        let (gram_a, gram_b) = (gram(&kernel, &a, &theta), gram(&kernel, &b, &theta));
        for i in 0..n {
            for j in 0..n {
                let error = (gram_a[(order[i], order[j])] - gram_b[(i, j)]).abs();
                assert!(error < 1e-11, "{kernel:?} {error:e}");
            }
        }
        let mut bars = [vec![0.0; theta.len()], vec![0.0; theta.len()]];
        kernel.gram_vjp(&a, &theta, bar.as_ref(), &mut bars[0]);
        kernel.gram_vjp(&b, &theta, mixed_bar.as_ref(), &mut bars[1]);
        for (a, b) in bars[0].iter().zip(&bars[1]) {
            assert!((a - b).abs() < 1e-9 * (1.0 + b.abs()), "{kernel:?} {a} {b}");
        }
    }
}

#[test]
fn one_lengthscale_for_each_coordinate_is_a_product_of_squared_exponentials() {
    let options = KernelOptions { per_coordinate: true, ..KernelOptions::of(["lon", "lat"]) };
    let together = build("squared_exponential", options);
    let product = on(0, "squared_exponential") * on(1, "squared_exponential");
    let (_, points) = point_sets().swap_remove(4);
    let difference = gram(&together, &points, &[0.5, 2.0]) - gram(&product, &points, &[0.5, 2.0]);
    assert!(difference.norm_max() < 1e-15);
    let names: Vec<String> = together.parameters().into_iter().map(|p| p.name).collect();
    assert_eq!(names, ["lengthscale.lon", "lengthscale.lat"]);
}

#[test]
fn homogeneous_polynomials_are_exact() {
    let options = KernelOptions { degree: Some(3), ..KernelOptions::of(["lon", "lat"]) };
    let kernel = build("polynomial", options);
    let (_, points) = point_sets().swap_remove(4);
    check_kernel(&kernel, &points, &[0.0]);
    let features = kernel.features(&points, &[0.0]).unwrap();
    assert_eq!(features.ncols(), 10);
    // x³, x²y, xy², y³ remain.
    let remaining = features.col_iter().filter(|c| c.norm_max() > 0.0).count();
    assert_eq!(remaining, 4);
    let mut bar = [0.0];
    kernel.features_vjp(&points, &[0.0], features.as_ref(), &mut bar);
    assert_eq!(bar, [0.0]);
}

#[test]
fn sums_and_products_are_dissolved_in_order() {
    let [a, b, c] = ["matern12", "periodic", "linear"].map(|n| build(n, KernelOptions::of(["x"])));
    let left = (a.clone() + b.clone()) + c.clone();
    assert_eq!(left, a.clone() + (b.clone() + c.clone()));
    assert_eq!((a.clone() * b.clone()) * c.clone(), a * (b * c));
    let names: Vec<String> = left.parameters().into_iter().map(|p| p.name).collect();
    assert_eq!(names, ["lengthscale", "period", "lengthscale", "center"]);
}

#[test]
#[should_panic(expected = "theta has 2 values for 1 parameters")]
fn a_theta_of_the_wrong_length_is_refused() {
    gram(&build("matern12", KernelOptions::of(["x"])), &Points::line(&[0.0]), &[1.0, 2.0]);
}

#[test]
fn kernels_of_one_coordinate_that_are_markov_processes_say_so() {
    let of = |name: &str| build(name, KernelOptions::of(["t"]));
    for name in
        ["matern12", "matern32", "matern52", "cosine", "periodic", "linear", "constant", "white"]
    {
        assert!(of(name).state_space().is_some(), "{name}");
    }
    let quasi = || of("periodic") * of("matern52");
    let sum = quasi().scaled() + of("matern32") * of("cosine") + of("linear").scaled();
    let form = sum.state_space().unwrap();
    assert!(form.has_cosines() && form.column() == Some(0));
    // A constant and eleven waves times three, then two waves, then a line.
    let mut expected = vec![3];
    expected.extend([6; 11]);
    expected.extend([4, 1]);
    assert_eq!(form.block_sizes(12), expected);
    for name in ["squared_exponential", "rational_quadratic"] {
        assert!(of(name).state_space().is_none(), "{name}");
        assert!((of("matern32") + of(name)).state_space().is_none(), "{name}");
    }
    let around = KernelOptions { circle: Some(5.0), ..KernelOptions::of(["t"]) };
    assert!(build("matern32", around).state_space().is_none());
    assert!((on(0, "matern32") * on(1, "matern32")).state_space().is_none());
    assert_eq!((on(1, "matern32") * on(1, "cosine")).state_space().unwrap().column(), Some(1));
    let many = std::iter::repeat_with(|| of("cosine")).take(9).reduce(|a, b| a * b).unwrap();
    assert!(many.state_space().is_none());
}
