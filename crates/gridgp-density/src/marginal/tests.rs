//! The structured marginal against the dense one, and against numbers made elsewhere.

use std::f64::consts::PI;

use faer::Mat;
use gridgp_dense::Cholesky;
use gridgp_grid::{Axis, Coordinate, Covariate, Dataset, Grid, Variable};
use gridgp_model::spec::{Algebra, ModelSpec, Source};

use super::*;

pub(super) fn model(text: &str, data: Dataset) -> Model {
    let source = Source::new("test.toml", text);
    Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap()
}

/// x even, t uneven, s with two coordinates; gmst along t, height along s.
pub(super) fn data(nx: usize, nt: usize, ns: usize) -> Dataset {
    let t: Vec<f64> = (0..nt).map(|i| (i as f64).powf(1.2)).collect();
    let x: Vec<f64> = (0..nx).map(|i| 0.5 * i as f64).collect();
    let lon: Vec<f64> = (0..ns).map(|i| (i * 7 % 5) as f64 + 0.1 * i as f64).collect();
    let lat: Vec<f64> = (0..ns).map(|i| 40.0 + (i * 3 % 4) as f64).collect();
    let s = Axis::new("s", vec![Coordinate::numbers("lon", lon), Coordinate::numbers("lat", lat)]);
    let axes = vec![Axis::numbers("x", x).unwrap(), Axis::numbers("t", t).unwrap(), s.unwrap()];
    let grid = Grid::new(axes).unwrap();
    let y = (0..grid.len()).map(|i| (0.3 * i as f64).sin() + ((i * 31 + 7) % 17) as f64 / 9.0);
    let y = Variable::new("y", y.collect());
    let along = |name: &str, axis: usize, n: usize| Covariate {
        name: name.into(),
        axes: vec![axis],
        values: (0..n).map(|i| ((i * i + 1) as f64).cos() + 0.4).collect(),
        units: None,
        missing: None,
    };
    let both = Covariate {
        name: "both".into(),
        axes: vec![0, 2],
        values: (0..nx * ns).map(|i| (i as f64).cos()).collect(),
        units: None,
        missing: None,
    };
    // A standard deviation in some models.
    let mut height = along("height", 2, ns);
    height.values.iter_mut().for_each(|v| *v = v.abs());
    let covariates = vec![along("gmst", 1, nt), height, both];
    Dataset::new(grid, y, covariates).unwrap()
}

pub(super) const HEAD: &str =
    "[data]\nresponse = 'y'\naxes = { x = 'x', t = 't', s = ['lon', 'lat'] }\n";

/// log N(y; m, K) with the covariance written out, N x N.
fn dense(marginal: &Marginal, missing: &[usize], theta: &[f64]) -> f64 {
    let mut marginal = marginal.clone();
    let n = marginal.response.len();
    let mut all = Mat::<f64>::zeros(n, n);
    for term in &marginal.terms {
        let mut k = Mat::full(1, 1, 1.0);
        for axis in &term.axes {
            k = k.kron(axis.gram(theta));
        }
        let c = |i: usize| term.cells.as_ref().map_or(1.0, |c| c[i]);
        all += Mat::from_fn(n, n, |i, j| term.scale(theta) * c(i) * c(j) * k[(i, j)]);
    }
    let mut r = marginal.response.clone();
    for (term, design) in &marginal.mean {
        design.add_to(-term.coefficient(theta), &marginal.shape, &mut r);
    }
    let seen: Vec<usize> = (0..n).filter(|i| !missing.contains(i)).collect();
    let n = seen.len();
    let sigma = marginal.noise.at(theta, n);
    let mut k = Mat::from_fn(n, n, |i, j| all[(seen[i], seen[j])]);
    (0..n).for_each(|i| k[(i, i)] += sigma[i] * sigma[i]);
    let chol = Cholesky::new(k.as_ref()).unwrap();
    let mut z = Mat::from_fn(n, 1, |i, _| r[seen[i]]);
    chol.solve_l_in_place(z.as_mut());
    -0.5 * (z.squared_norm_l2() + chol.log_det() + n as f64 * (2.0 * PI).ln())
}

/// The marginal by one algebra.
pub(super) fn by(model: &Model, algebra: Algebra) -> Marginal {
    let mut model = model.clone();
    model.spec.inference.algebra = algebra;
    Marginal::new(&model).unwrap()
}

/// Every algebra that takes the model, and the number of them.
fn check(model: &Model, theta: &[f64]) -> usize {
    let all = [Algebra::Spectral, Algebra::Complement, Algebra::Dense];
    let takes = |algebra: &Algebra| {
        let mut model = model.clone();
        model.spec.inference.algebra = *algebra;
        Marginal::new(&model).is_ok()
    };
    let all: Vec<Algebra> = all.into_iter().filter(takes).collect();
    all.iter().for_each(|&algebra| check_one(model, algebra, theta));
    if takes(&Algebra::StateSpace) {
        check_one(model, Algebra::StateSpace, theta);
    }
    all.len()
}

/// The value to 1e-10 and every derivative to 1e-6 of the dense computation.
fn check_one(model: &Model, algebra: Algebra, theta: &[f64]) {
    let mut marginal = by(model, algebra);
    let missing = model.data.response.missing_cells();
    let mut gradient = vec![0.0; theta.len()];
    let value = marginal.log_prob_vjp(theta, &mut gradient).unwrap();
    let want = dense(&marginal, &missing, theta);
    assert!((value.log_prob - want).abs() < 1e-10 * want.abs(), "{} {want}", value.log_prob);
    assert!(value.truncation < 1e-7 * want.abs(), "truncation {}", value.truncation);
    assert_eq!(marginal.log_prob(theta).unwrap(), value);
    for j in 0..theta.len() {
        // Richardson's extrapolation of central differences.
        let difference = |h: f64| {
            let at = |h: f64| {
                let mut t = theta.to_vec();
                t[j] += h;
                dense(&marginal, &missing, &t)
            };
            (at(h) - at(-h)) / (2.0 * h)
        };
        let h = 1e-3 * theta[j].abs().max(0.1);
        let want = (4.0 * difference(h / 2.0) - difference(h)) / 3.0;
        let name = &model.parameters[j].name;
        assert!(
            (gradient[j] - want).abs() < 1e-6 * want.abs().max(1.0),
            "{algebra:?}, {name}: {} but {want}",
            gradient[j]
        );
    }
}

pub(super) fn at_medians(model: &Model) -> Vec<f64> {
    use gridgp_dist::Distribution;
    model.parameters.iter().map(|p| p.prior.median()).collect()
}

#[test]
fn every_structure_agrees_with_the_dense_computation() {
    let priors = "\n[parameters]\na = 'half_normal(2)'\nl = 'half_normal(2)'\nm = 'half_normal(2)'\n\
                  p = 'half_normal(3)'\nb = 'normal(1, 1)'\nc = 'normal(1, 2)'\n\n[fields.f]\n\
                  amplitude = 'a'\n";
    for (name, fields, location) in [
        (
            "rough",
            "x = 'matern12(lengthscale = l)'\nt = 'matern32(lengthscale = m)'\ns = 'matern52(lengthscale = p)'",
            "b + c * gmst + f",
        ),
        (
            "great circle, three means",
            "s = 'matern32(distance = great_circle, lengthscale = 300)'\nx = 'matern52(lengthscale = l) + m^2 * white()'\nt = 'linear(center = p)'",
            "b * gmst * height + c * both + f",
        ),
        (
            "finite rank",
            "x = 'cosine(period = p)'\nt = 'polynomial(degree = 2, offset = l)'\ns = 'matern32(lengthscale = [m, 2])'",
            "b + c * height + f",
        ),
        (
            "only some axes",
            "t = 'rational_quadratic(lengthscale = l, alpha = m)'\nx = 'periodic(period = p, lengthscale = 1)'",
            "b * f * gmst + c",
        ),
        (
            "centered",
            "x = 'matern32(lengthscale = l)'\ns = 'squared_exponential(lengthscale = m)'\nt = 'white()'\ncenter = ['x', 's']",
            "b + c * p * gmst + f",
        ),
        (
            "centered to nothing",
            "x = 'matern32(lengthscale = l)'\ns = 'constant()'\ncenter = ['s']",
            "b + c * gmst + p * m * f",
        ),
        (
            "weighted, all finite",
            "x = 'constant() + linear(center = l)'\nt = 'constant()'\ns = 'linear(lon, center = m) * constant()'",
            "b * p + c * f * gmst * height",
        ),
    ] {
        let text = format!(
            "{HEAD}{priors}{fields}\n[likelihood]\nfamily = 'gaussian'\nlocation = '{location}'\n"
        );
        for (nx, nt, ns) in [(5, 4, 3), (17, 3, 2), (1, 4, 5)] {
            let m = model(&text, data(nx, nt, ns));
            let mut theta = at_medians(&m);
            theta.iter_mut().enumerate().for_each(|(i, t)| *t *= 1.0 + 0.05 * i as f64);
            eprintln!("{name} {nx} {nt} {ns}");
            assert_eq!(check(&m, &theta), 2);
        }
    }
}

/// Without these cells.
pub(super) fn without(mut data: Dataset, cells: &[usize]) -> Dataset {
    let mut values = data.response.values.clone();
    cells.iter().for_each(|&c| values[c] = f64::NAN);
    data.response = Variable::with_nan_as_missing("y", values);
    data
}

#[test]
fn missing_cells_agree_with_the_dense_computation() {
    let priors = "\n[parameters]\na = 'half_normal(2)'\nl = 'half_normal(2)'\nm = 'half_normal(2)'\n\
                  p = 'half_normal(3)'\nb = 'normal(1, 1)'\n\n[fields.f]\namplitude = 'a'\n";
    for fields in [
        "x = 'matern12(lengthscale = l)'\nt = 'matern32(lengthscale = m)'\ns = 'matern52(lengthscale = p)'",
        "x = 'cosine(period = p)'\nt = 'polynomial(degree = 1, offset = l)'\ns = 'matern32(lengthscale = m)'",
        "x = 'matern32(lengthscale = l)'\nt = 'linear(center = p)'\ns = 'matern12(lengthscale = m)'\ncenter = ['x']",
        "x = 'matern32(lengthscale = m)'\nt = 'matern12(lengthscale = l)'\ns = 'p^2 * white()'",
    ] {
        let text = format!(
            "{HEAD}{priors}{fields}\n[likelihood]\nfamily = 'gaussian'\nlocation = 'b * height + f'\n"
        );
        eprintln!("{fields}");
        for (cells, (nx, nt, ns)) in [
            (vec![7], (5, 4, 3)),
            (vec![0, 1, 2, 30, 31, 59], (5, 4, 3)),
            ((0..90).step_by(2).chain([1, 5, 7]).collect(), (17, 3, 2)),
        ] {
            let m = model(&text, without(data(nx, nt, ns), &cells));
            assert_eq!(by(&m, Algebra::Complement).missing(), cells.len());
            assert_eq!(check(&m, &at_medians(&m)), 3);
        }
    }
}

#[test]
fn long_smooth_axes_of_low_rank_agree_with_the_dense_computation() {
    let text = format!(
        "{HEAD}[fields.f]\nx = 'squared_exponential()'\nt = 'matern52()'\n[likelihood]\n\
         family = 'gaussian'\nlocation = 'f'\n"
    );
    let m = model(&text, data(90, 3, 2));
    // lengthscales of x and t, amplitude, noise
    check(&m, &[6.0, 2.0, 1.3, 0.4]);
    check(&m, &[0.7, 2.0, 1.3, 0.1]);
}

#[test]
fn repeated_eigenvalues_have_the_right_gradient() {
    // A periodic kernel on a full period is circulant: eigenvalues come in pairs.
    let text = format!(
        "{HEAD}[parameters]\nq = 'half_normal(1)'\n[fields.f]\nx = 'periodic(period = 9, lengthscale = q)'\n\
         t = 'white()'\ns = 'constant()'\n[likelihood]\nfamily = 'gaussian'\nlocation = 'f'\n"
    );
    let m = model(&text, data(18, 4, 3));
    check(&m, &[0.8, 1.3, 0.4]);
}

/// A long axis in each place, mirrored and not, beside other axes that are full and of low rank.
#[test]
fn cholesky_factors_of_a_long_axis_agree_with_eigenvectors_and_the_dense_computation() {
    let priors = "\n[parameters]\na = 'half_normal(2)'\nl = 'half_normal(2)'\nm = 'half_normal(2)'\n\
                  p = 'half_normal(3)'\nb = 'normal(1, 1)'\n\n[fields.f]\namplitude = 'a'\n";
    for (long, lengths, fields, location) in [
        (
            0,
            (19, 3, 2),
            "x = 'matern32(lengthscale = l)'\nt = 'matern12(lengthscale = m)'\ns = 'matern52(lengthscale = p)'",
            "b + f",
        ),
        (
            1,
            (9, 18, 1),
            "x = 'cosine(period = p)'\nt = 'matern32(lengthscale = l)'",
            "b * height + f * m",
        ),
        (
            1,
            (3, 17, 5),
            "x = 'periodic(period = p, lengthscale = 1)'\nt = 'matern12(lengthscale = l)'\ns = 'linear(lon, center = m)'",
            "b * gmst + f * gmst",
        ),
        (
            2,
            (3, 2, 18),
            "x = 'matern32(lengthscale = m)'\nt = 'linear(center = p)'\ns = 'matern32(lengthscale = l)'\ncenter = ['s']",
            "b * both + f",
        ),
        (
            0,
            (18, 2, 3),
            "x = 'matern12(lengthscale = l)'\nt = 'white()'\ns = 'polynomial(degree = 1, offset = p)'\ncenter = ['x']",
            "b * m + f * height",
        ),
    ] {
        let text = format!(
            "{HEAD}{priors}{fields}\n[likelihood]\nfamily = 'gaussian'\nlocation = '{location}'\n"
        );
        eprintln!("{fields}");
        let m = model(&text, data(lengths.0, lengths.1, lengths.2));
        let theta = at_medians(&m);
        check(&m, &theta);
        let mut marginal = by(&m, Algebra::Spectral);
        let long_of = |m: &mut Marginal| match &mut m.route {
            Route::Spectral(route) => std::mem::take(&mut route.long),
            _ => panic!("spectral was asked for"),
        };
        assert_eq!(long_of(&mut marginal.clone()), Some(long));
        let (mut by_cholesky, mut by_eigen) = (vec![0.0; theta.len()], vec![0.0; theta.len()]);
        let value = marginal.log_prob_vjp(&theta, &mut by_cholesky).unwrap();
        long_of(&mut marginal);
        let other = marginal.log_prob_vjp(&theta, &mut by_eigen).unwrap();
        assert!((value.log_prob - other.log_prob).abs() < 1e-11 * other.log_prob.abs());
        let size = by_eigen.iter().fold(1.0, |m: f64, v| m.max(v.abs()));
        for (a, b) in by_cholesky.iter().zip(by_eigen) {
            assert!((a - b).abs() < 1e-10 * size, "{a} {b}");
        }
    }
}

#[test]
fn a_noise_too_small_for_cholesky_factors_is_left_to_eigenvectors() {
    let text = format!(
        "{HEAD}[fields.f]\nx = 'matern52()'\n[likelihood]\nfamily = 'gaussian'\nlocation = 'f'\n"
    );
    let m = model(&text, data(40, 1, 1));
    let mut marginal = by(&m, Algebra::Spectral);
    // lengthscale, amplitude, noise
    let theta = [400.0, 1.0, 1e-8];
    let value = marginal.log_prob_vjp(&theta, &mut [0.0; 3]).unwrap();
    let Route::Spectral(route) = &mut marginal.route else { panic!("spectral was asked for") };
    assert_eq!(std::mem::take(&mut route.long), Some(0));
    assert_eq!(marginal.log_prob(&theta).unwrap().log_prob, value.log_prob);
}

/// A land mask, the same along t, with and without other gaps; a time without data; both.
#[test]
fn places_that_are_observed_make_a_complete_grid() {
    let text = format!(
        "{HEAD}[parameters]\nb = 'normal(1, 1)'\n[fields.f]\nx = 'matern32()'\n\
         t = 'matern52()'\ns = 'matern12()'\n[likelihood]\nfamily = 'gaussian'\n\
         location = 'b * height + f * gmst'\n"
    );
    // x and t are land together, s sees all of it; then t and s; then one t is empty.
    let (nx, nt, ns) = (5, 4, 3);
    let cell = |x: usize, t: usize, s: usize| (x * nt + t) * ns + s;
    let all = |f: &dyn Fn(usize, usize, usize) -> bool| -> Vec<usize> {
        let cells =
            (0..nx).flat_map(|x| (0..nt).flat_map(move |t| (0..ns).map(move |s| (x, t, s))));
        cells.filter(|&(x, t, s)| f(x, t, s)).map(|(x, t, s)| cell(x, t, s)).collect()
    };
    for (missing, gaps) in [
        (all(&|x, t, _| (x + t) % 3 == 0), 0),
        (all(&|_, t, s| t == s), 0),
        (all(&|_, t, _| t == 2), 0),
        (all(&|x, t, _| t == 2 || x == 0), 0),
        (all(&|x, t, s| (x + t) % 3 == 0 || (x, t, s) == (1, 1, 0)), 1),
    ] {
        let m = model(&text, without(data(nx, nt, ns), &missing));
        let theta = at_medians(&m);
        let algebra = if gaps == 0 { Algebra::Spectral } else { Algebra::Complement };
        assert!(by(&m, algebra).missing() <= gaps);
        check(&m, &theta);
    }
}

#[test]
fn several_fields_and_any_noise_agree_with_the_dense_computation() {
    let priors = [
        ("l", "half_normal(2)"),
        ("m", "half_normal(2)"),
        ("b", "normal(1, 1)"),
        ("c", "normal(0, 1)"),
        ("sigma", "half_normal(1)"),
    ];
    let fields = "[fields.f]\nx = 'matern32(lengthscale = l)'\n[fields.g]\n\
                  t = 'matern12(lengthscale = m)'\ns = 'matern52()'\n[fields.h]\n\
                  x = 'cosine(period = 3)'\nt = 'linear()'\ns = 'white()'\ncenter = ['x']\n";
    for (location, scale) in [
        ("b + f + c * g * gmst + h", "sigma"),
        ("f * both + g + b * h", "sqrt(sigma^2 + height^2)"),
        ("c + f + g + h", "exp(b + c * gmst + m * both)"),
        ("b * f + g + h * height", "sigma * (1 + 0.5)"),
    ] {
        let model_text = format!(
            "{fields}[likelihood]\nfamily = 'gaussian'\nlocation = '{location}'\nscale = '{scale}'\n"
        );
        let is_used =
            |name: &str| model_text.split(|c: char| !c.is_alphanumeric()).any(|word| word == name);
        let used = priors.iter().filter(|(name, _)| is_used(name));
        let used: String = used.map(|(name, prior)| format!("{name} = '{prior}'\n")).collect();
        let text = format!("{HEAD}[parameters]\n{used}{model_text}");
        eprintln!("{location}, {scale}");
        for missing in [vec![], vec![0, 7, 20, 21]] {
            let m = model(&text, without(data(5, 4, 3), &missing));
            assert_eq!(check(&m, &at_medians(&m)), 1);
        }
    }
}

/// Value and gradient of one seed after the other: their means are the dense ones, and the standard
/// error is what it says.
#[test]
fn conjugate_gradients_and_probes_agree_with_the_dense_computation() {
    let fields = "[fields.f]\nx = 'matern32()'\nt = 'matern12()'\n[fields.g]\n\
                  s = 'matern52()'\nx = 'matern12()'\n[fields.h]\nt = 'matern32()'\n";
    for (location, scale) in
        [("1 + f + g * gmst + h", "0.4"), ("f * both + g + h", "sqrt(0.1 + 0.2 * height^2)")]
    {
        let text = format!(
            "{HEAD}{fields}[likelihood]\nfamily = 'gaussian'\nlocation = '{location}'\n\
             scale = '{scale}'\n"
        );
        let mut m = model(&text, without(data(9, 8, 4), &(0..288).step_by(5).collect::<Vec<_>>()));
        let theta = at_medians(&m);
        let d = theta.len();
        let mut want = vec![0.0; d];
        let exact = by(&m, Algebra::Dense).log_prob_vjp(&theta, &mut want).unwrap();
        let seeds = 60;
        let mut all: Vec<Vec<f64>> = Vec::new();
        let mut said = 0.0;
        for seed in 0..seeds {
            m.spec.inference.seed = seed;
            let mut gradient = vec![0.0; d];
            let value = by(&m, Algebra::Iterative).log_prob_vjp(&theta, &mut gradient).unwrap();
            said += value.standard_error.powi(2) / seeds as f64;
            gradient.push(value.log_prob);
            all.push(gradient);
        }
        want.push(exact.log_prob);
        for (j, want) in want.into_iter().enumerate() {
            let mean = all.iter().map(|g| g[j]).sum::<f64>() / seeds as f64;
            let variance = all.iter().map(|g| (g[j] - mean).powi(2)).sum::<f64>() / seeds as f64;
            let error = (variance / seeds as f64).sqrt();
            eprintln!("{j}: {mean} +- {error}, {want}");
            assert!((mean - want).abs() < 4.0 * error + 1e-6 * want.abs(), "{j}: {mean} {want}");
            if j == d {
                assert!((0.5..2.0).contains(&(said / variance)), "{said} {variance}");
            }
        }
    }
}

/// A field far below the noise has no mode worth its place.
#[test]
fn a_field_that_is_all_noise_agrees_with_the_dense_computation() {
    let text = format!(
        "{HEAD}[fields.f]\nx = 'matern32()'\nt = 'matern12()'\n[fields.g]\namplitude = 1e-6\n\
         s = 'matern12()'\n[likelihood]\nfamily = 'gaussian'\nlocation = 'f + g'\n"
    );
    let m = model(&text, without(data(9, 8, 4), &[3, 4, 5, 77]));
    let mut theta = at_medians(&m);
    for amplitude in [1.0, 1e-6] {
        theta[m.position("f.amplitude").unwrap()] = amplitude;
        let mut bar = vec![0.0; theta.len()];
        let value = by(&m, Algebra::Iterative).log_prob_vjp(&theta, &mut bar).unwrap();
        let exact = by(&m, Algebra::Dense).log_prob(&theta).unwrap();
        let error = 5.0 * value.standard_error + 1e-8 * exact.log_prob.abs();
        assert!((value.log_prob - exact.log_prob).abs() < error, "{value:?} {exact:?}");
    }
}

/// With all modes in the preconditioner nothing is left to the probes.
#[test]
fn modes_that_are_the_whole_field_leave_no_standard_error() {
    let text = format!(
        "{HEAD}[fields.f]\nx = 'cosine(period = 7)'\nt = 'linear()'\n[fields.g]\n\
         s = 'linear(lon)'\n[likelihood]\nfamily = 'gaussian'\nlocation = 'f * height + g'\n"
    );
    let m = model(&text, without(data(9, 8, 4), &[3, 4, 5, 77]));
    let theta = at_medians(&m);
    let value = by(&m, Algebra::Iterative).log_prob(&theta).unwrap();
    let exact = by(&m, Algebra::Dense).log_prob(&theta).unwrap();
    assert!(value.standard_error < 1e-6, "{}", value.standard_error);
    assert!((value.log_prob / exact.log_prob - 1.0).abs() < 1e-10);
}

/// The average over many probes of what conjugate gradients among the gaps give is the dense value and
/// its gradient, by their own standard errors.
#[test]
fn filling_agrees_with_the_dense_computation_on_average() {
    for (period, kernels) in [
        (
            11,
            "x = 'matern12(lengthscale = l)'\nt = 'matern32(lengthscale = m)'\ns = 'matern52(lengthscale = p)'",
        ),
        (
            67,
            "x = 'squared_exponential(lengthscale = l, basis = 4)'\nt = 'matern32(lengthscale = m)'\ns = 'matern52(lengthscale = p)'",
        ),
    ] {
        let mut data = data(9, 8, 5);
        let missing: Vec<usize> = (0..360).filter(|i| i * 7 % period < 3).collect();
        data.response.missing = Some((0..360).map(|i| missing.contains(&i)).collect());
        let text = format!(
            "{HEAD}[parameters]\nmu = 'normal(0, 1)'\na = 'half_normal(2)'\nl = 'half_normal(2)'\n\
             m = 'half_normal(2)'\np = 'half_normal(3)'\nnoise = 'half_normal(1)'\n[fields.f]\n\
             amplitude = 'a'\n{kernels}\n[likelihood]\nfamily = 'gaussian'\nlocation = 'mu + f'\n\
             scale = 'noise'\n"
        );
        let model = model(&text, data);
        let theta = at_medians(&model);
        let exact = by(&model, Algebra::Dense).clone();
        let mut want = vec![0.0; theta.len()];
        let value = exact.clone().log_prob_vjp(&theta, &mut want).unwrap().log_prob;
        let (runs, mut marginal) = (200, by(&model, Algebra::Complement));
        let mut all = Vec::new();
        let mut stated = 0.0;
        for seed in 0..runs {
            let Route::Spectral(route) = &mut marginal.route else { panic!() };
            route.probes = Some(Probes { count: 4, seed });
            let mut gradient = vec![0.0; theta.len()];
            let found = marginal.log_prob_vjp(&theta, &mut gradient).unwrap();
            stated += found.standard_error.powi(2) / runs as f64;
            gradient.push(found.log_prob);
            all.push(gradient);
        }
        want.push(value);
        for (j, want) in want.iter().enumerate() {
            let mean = all.iter().map(|g| g[j]).sum::<f64>() / runs as f64;
            let spread = all.iter().map(|g| (g[j] - mean).powi(2)).sum::<f64>() / runs as f64;
            let error = (spread / runs as f64).sqrt() + 1e-6 * want.abs().max(1.0);
            assert!((mean - want).abs() < 4.0 * error, "{j}: {mean} but {want}, error {error}");
            if j + 1 == all[0].len() {
                assert!((stated / spread - 1.0).abs() < 0.5, "{stated} {spread}");
            }
        }
        let alpha = |marginal: &mut Marginal| marginal.condition(&theta).unwrap().alpha;
        let (found, want) = (alpha(&mut marginal), alpha(&mut by(&model, Algebra::Dense)));
        assert!(found.iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-4), "α");
    }
}

#[test]
fn scattered_gaps_of_a_large_grid_are_filled() {
    let text = "[data]\nresponse = 'y'\naxes = ['x', 't']\n[fields.f]\nx = 'matern32()'\n\
                t = 'matern32()'\n[likelihood]\nfamily = 'gaussian'\nlocation = 'f'\n";
    let plan = |missing: fn(usize, usize) -> bool| {
        let axis = |name: &str, n: usize| Axis::numbers(name, (0..n).map(|i| i as f64).collect());
        let grid = Grid::new(vec![axis("x", 400).unwrap(), axis("t", 300).unwrap()]).unwrap();
        let mut y = Variable::new("y", (0..120_000).map(|i| f64::from(i % 7)).collect());
        y.missing = Some((0..120_000).map(|i| missing(i / 300, i % 300)).collect());
        Marginal::plan_of(&model(text, Dataset::new(grid, y, Vec::new()).unwrap())).unwrap()
    };
    let scattered = plan(|i, j| (i * 7 + j * 3) % 5 == 0 || i == 9);
    assert_eq!(scattered.algebra, Algebra::Iterative);
    assert!(scattered.detail.contains("in 23940 missing cells"), "{}", scattered.detail);
    let wide = plan(|i, j| (50..150).contains(&i) && (j + i) % 100 < 60);
    assert!(wide.detail.contains("on 102000 observed cells"), "{}", wide.detail);
}

/// One cell that is hardly known says nothing, and does not make what the others say less sure.
#[test]
fn one_large_noise_does_not_loosen_the_bound_of_rounding() {
    let with = |sd: f64, sigma: f64| {
        let mut data = data(5, 4, 2);
        let n = data.grid.len();
        let mut values = vec![0.1; n];
        values[7] = sd;
        data.covariates[2] =
            Covariate { axes: vec![0, 1, 2], values, ..data.covariates[2].clone() };
        let text = format!(
            "{HEAD}[fields.f]\nx = 'matern32(lengthscale = 1)'\namplitude = 1\n[fields.g]\n\
             t = 'matern32(lengthscale = 2)'\namplitude = 1\n[likelihood]\nfamily = 'gaussian'\n\
             location = 'f + g'\nscale = 'sqrt({sigma}^2 * both^2)'\n"
        );
        let model = model(&text, data);
        let mut marginal = by(&model, Algebra::Dense);
        let found = marginal.log_prob(&[]).unwrap();
        let want = dense(&marginal, &[], &[]);
        assert!((found.log_prob - want).abs() <= found.truncation.max(1e-11 * want.abs()));
        found.truncation
    };
    let alike = with(0.1, 1.0);
    for sd in [10.0, 1e3, 1e6, 1e9] {
        let found = with(sd, 1.0);
        assert!(found < 3.0 * alike && found > 0.3 * alike, "{sd}: {found} beside {alike}");
    }
    // Noise that is small beside the fields everywhere is told.
    assert!(with(0.1, 1e-5) > 1e6 * alike);
}
