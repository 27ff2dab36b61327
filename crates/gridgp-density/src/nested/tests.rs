//! The nested approximation against dense computations, differences, and exact answers.

use gridgp_grid::{Axis, Coordinate, Covariate, Dataset, Grid, Variable};
use gridgp_model::Model;
use gridgp_model::spec::{Algebra, ModelSpec, Source};

use super::*;
use crate::{LogDensity, Marginal};

pub(super) fn number(i: usize, j: usize) -> f64 {
    (1.0 + 12.9898 * i as f64 + 78.233 * j as f64).sin()
}

/// Uneven axes, the second out of order, with covariates; the response of a cell is `response`.
pub(super) fn model(
    text: &str,
    shape: &[usize],
    algebra: Algebra,
    response: impl Fn(usize) -> f64,
) -> Model {
    let axis = |(a, &n): (usize, &usize)| {
        let mut x: Vec<f64> = (0..n).map(|i| 0.8 * i as f64 + 0.3 * number(i, a)).collect();
        if a == 1 {
            x.reverse();
            x.swap(0, n / 2);
        }
        Axis::new(["x", "y", "t"][a], vec![Coordinate::numbers(["x", "y", "t"][a], x)]).unwrap()
    };
    let grid = Grid::new(shape.iter().enumerate().map(axis).collect()).unwrap();
    let cells = grid.len();
    let z = Variable::with_nan_as_missing("z", (0..cells).map(response).collect());
    let covariate = |name: &str, axes: Vec<usize>, count: usize, j: usize| {
        let values = (0..count).map(|i| 1.5 + number(i, j)).collect();
        Covariate::with_nan_as_missing(name, axes, values, None)
    };
    let covariates = vec![
        covariate("c", (0..shape.len()).collect(), cells, 8),
        covariate("e", vec![0], shape[0], 9),
    ];
    let data = Dataset::new(grid, z, covariates).unwrap();
    let axes: Vec<String> =
        ["x", "y", "t"][..shape.len()].iter().map(|a| format!("{a:?}")).collect();
    let text = format!(
        "[data]\nresponse = 'z'\naxes = [{}]\n{text}\n[inference]\njitter = 0\n",
        axes.join(", ")
    );
    let source = Source::new("test.toml", &text);
    let mut model = Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap();
    model.spec.inference.algebra = algebra;
    model
}

pub(super) fn with(model: &Model, algebra: Algebra) -> Model {
    let mut model = model.clone();
    model.spec.inference.algebra = algebra;
    model
}

/// A third of the cells, and a block, missing.
pub(super) fn gaps(c: usize) -> bool {
    c % 3 == 1 || (40..65).contains(&c)
}

pub(super) fn count(c: usize) -> f64 {
    if gaps(c) { f64::NAN } else { (2.0 + 2.0 * number(c, 5)).round() }
}

pub(super) fn theta_of(model: &Model) -> Vec<f64> {
    model
        .parameters
        .iter()
        .enumerate()
        .map(|(i, p)| if p.name.contains("shape") { 0.1 } else { 0.7 + 0.23 * i as f64 })
        .collect()
}

fn value(model: &Model, theta: &[f64]) -> (f64, Vec<f64>) {
    let mut bar = vec![0.0; theta.len()];
    let value = NestedLaplace::new(model).unwrap().log_prob_vjp(theta, &mut bar).unwrap();
    (value, bar)
}

/// The gradient against differences of the value.
fn check_gradient(model: &Model, theta: &[f64]) {
    let mut nested = NestedLaplace::new(model).unwrap();
    let mut bar = vec![0.0; theta.len()];
    nested.log_prob_vjp(theta, &mut bar).unwrap();
    for (j, p) in model.parameters.iter().enumerate() {
        let mut at = |h: f64| {
            let mut theta = theta.to_vec();
            theta[j] += h;
            nested.log_prob(&theta).unwrap()
        };
        let h = 2e-3 * theta[j].abs().max(0.1);
        let first = at(h) - at(-h);
        let second = at(2.0 * h) - at(-2.0 * h);
        let third = at(3.0 * h) - at(-3.0 * h);
        let slope = (45.0 * first - 9.0 * second + third) / (60.0 * h);
        let slack = 2e-7 * slope.abs().max(1.0);
        assert!((bar[j] - slope).abs() < slack, "{}: {} for {slope}", p.name, bar[j]);
    }
}

/// Both algebras, and the gradient of each.
fn check(model: &Model) {
    let theta = theta_of(model);
    let (sparse, dense) = (with(model, Algebra::Sparse), with(model, Algebra::Dense));
    let ((a, a_bar), (b, b_bar)) = (value(&sparse, &theta), value(&dense, &theta));
    assert!((a - b).abs() < 1e-9 * b.abs(), "{a} {b}");
    for (p, (a, b)) in model.parameters.iter().zip(a_bar.iter().zip(&b_bar)) {
        assert!((a - b).abs() < 1e-7 * b.abs().max(1.0), "{}: {a} {b}", p.name);
    }
    check_gradient(&sparse, &theta);
    check_gradient(&dense, &theta);
}

pub(super) const ROUGH: &str = "[fields.f]\nx = 'matern12()'\ny = 'matern12()'\n";

#[test]
fn counts_with_gaps_and_exposure_agree_by_both_algebras() {
    let text = format!(
        "[parameters]\nmu = 'normal(0, 1)'\nb = 'normal(0, 1)'\n{ROUGH}[likelihood]\n\
         family = 'poisson'\nrate = 'c * exp(0.1 * mu + 0.2 * b * e + f)'\n"
    );
    check(&model(&text, &[9, 8], Algebra::Auto, count));
    // Smoother fields, three axes.
    let text = "[fields.f]\nx = 'matern32()'\ny = '0.5^2 * matern52()'\nt = 'matern12()'\n\
                [likelihood]\nfamily = 'poisson'\nrate = 'exp(f)'\n";
    check(&model(text, &[5, 4, 3], Algebra::Auto, count));
}

#[test]
fn fields_that_are_constant_along_an_axis_agree_by_both_algebras() {
    let text = format!(
        "[parameters]\nmu = 'normal(0, 1)'\n{ROUGH}[likelihood]\nfamily = 'poisson'\n\
         rate = 'exp(0.1 * mu * c + f)'\n"
    );
    check(&model(&text, &[5, 4, 3], Algebra::Auto, count));
}

#[test]
fn yes_and_no_agree_by_both_algebras() {
    let yes = |c: usize| if gaps(c) { f64::NAN } else { f64::from(number(c, 3) > 0.0) };
    for link in ["logistic", "normal_cdf"] {
        let text = format!(
            "[parameters]\nmu = 'normal(0, 1)'\n{ROUGH}[likelihood]\nfamily = 'bernoulli'\n\
             probability = '{link}(0.3 * mu + f)'\n"
        );
        check(&model(&text, &[9, 7], Algebra::Auto, yes));
    }
}

#[test]
fn fields_in_several_parameters_agree_by_both_algebras() {
    let y = |c: usize| if gaps(c) { f64::NAN } else { 2.0 * number(c, 5) };
    let fields = "[parameters]\nb = 'normal(0, 1)'\ns0 = 'normal(0, 1)'\n\
                  [fields.f]\nx = 'matern12()'\ny = 'matern12()'\n\
                  [fields.g]\nx = 'matern32()'\ny = 'matern12()'\n";
    let text = format!(
        "{fields}[likelihood]\nfamily = 'gaussian'\nlocation = 'b * f + c * g'\n\
         scale = 'exp(0.2 * s0 + 0.1 * g)'\n"
    );
    check(&model(&text, &[7, 6], Algebra::Auto, y));
    let text = format!(
        "{fields}[likelihood]\nfamily = 'gev'\nlocation = 'f + 0.1 * b * e'\n\
         scale = 'exp(0.4 * s0 + 0.3 * g)'\nshape = '0.1 * tanh(g) + 0.05'\n"
    );
    check(&model(&text, &[7, 6], Algebra::Auto, y));
}

#[test]
fn other_families_have_the_gradient_of_their_values() {
    let y = |c: usize| if gaps(c) { f64::NAN } else { 1.5 + number(c, 5) };
    let share = |c: usize| if gaps(c) { f64::NAN } else { 0.5 + 0.45 * number(c, 5) };
    for (likelihood, response) in [
        ("family = 'student_t'\nlocation = 'f'\nscale = '0.5'", &y as &dyn Fn(usize) -> f64),
        ("family = 'gamma'\nmean = 'exp(0.4 * f)'", &y),
        ("family = 'negative_binomial'\nmean = 'exp(0.4 * f)'", &count),
        ("family = 'beta'\nmean = 'logistic(f)'", &share),
        ("family = 'log_normal'\nlocation = 'f'", &y),
        ("family = 'gumbel'\nlocation = 'f'\nscale = 'softplus(f)'", &y),
    ] {
        let m = model(
            &format!("{ROUGH}[likelihood]\n{likelihood}\n"),
            &[6, 5],
            Algebra::Auto,
            response,
        );
        check(&m);
    }
}

#[test]
fn any_kernels_go_by_the_dense_algebra() {
    let text = "[parameters]\nmu = 'normal(0, 1)'\n[fields.f]\nx = 'squared_exponential()'\n\
                y = 'periodic(period = 5) + 0.5 * linear()'\ncenter = ['x']\n\
                [fields.g]\ny = 'matern32()'\n[likelihood]\nfamily = 'poisson'\n\
                rate = 'exp(0.1 * mu + 0.3 * f + c * g)'\n";
    let mut m = model(text, &[6, 5], Algebra::Dense, count);
    m.spec.inference.jitter = 1e-8;
    check_gradient(&m, &theta_of(&m));
}

/// One field with a covariate in a Gaussian likelihood.
pub(super) fn gaussian() -> Model {
    let y = |c: usize| if gaps(c) { f64::NAN } else { 2.0 * number(c, 5) };
    let text = format!(
        "[parameters]\nmu = 'normal(0, 1)'\n{ROUGH}[likelihood]\nfamily = 'gaussian'\n\
         location = 'mu + c * f'\nscale = 'half_normal(1)'\n"
    );
    model(&text, &[9, 8], Algebra::Sparse, y)
}

#[test]
fn a_gaussian_likelihood_is_exact() {
    let m = gaussian();
    let theta = theta_of(&m);
    let (found, bar) = value(&m, &theta);
    let mut want_bar = vec![0.0; theta.len()];
    let want = Marginal::new(&m).unwrap().log_prob_vjp(&theta, &mut want_bar).unwrap().log_prob;
    assert!((found - want).abs() < 1e-10 * want.abs(), "{found} {want}");
    for (a, b) in bar.iter().zip(&want_bar) {
        assert!((a - b).abs() < 1e-8 * b.abs().max(1.0), "{a} {b}");
    }
}

#[test]
fn the_value_does_not_depend_on_where_the_search_began() {
    let text = format!("{ROUGH}[likelihood]\nfamily = 'poisson'\nrate = 'exp(f)'\n");
    let m = model(&text, &[9, 8], Algebra::Sparse, count);
    let theta = theta_of(&m);
    let (cold, cold_bar) = value(&m, &theta);
    let mut nested = NestedLaplace::new(&m).unwrap();
    let far: Vec<f64> = theta.iter().map(|t| 3.0 * t).collect();
    nested.log_prob(&far).unwrap();
    let mut bar = vec![0.0; theta.len()];
    let warm = nested.log_prob_vjp(&theta, &mut bar).unwrap();
    assert!((warm - cold).abs() < 1e-10 * cold.abs(), "{warm} {cold}");
    bar.iter().zip(&cold_bar).for_each(|(a, b)| assert!((a - b).abs() < 1e-8, "{a} {b}"));
}

/// Where the field is 0 every observation is an outlier, far from where its density is concave.
#[test]
fn a_search_goes_far_through_tails() {
    let y = |c: usize| if gaps(c) { f64::NAN } else { 3.0 * number(c, 5) };
    let text = format!(
        "{ROUGH}[likelihood]\nfamily = 'student_t'\nlocation = 'f'\nscale = 0.01\ndf = 5\n"
    );
    for algebra in [Algebra::Sparse, Algebra::Dense] {
        let m = model(&text, &[9, 8], algebra, y);
        assert!(value(&m, &theta_of(&m)).0.is_finite());
    }
}

/// A heavy lower end: where the field is 0 most observations are impossible.
#[test]
fn a_search_begins_where_observations_are_possible() {
    let y = |c: usize| if gaps(c) { f64::NAN } else { 4.0 * number(c, 5) };
    let text =
        format!("{ROUGH}[likelihood]\nfamily = 'gev'\nlocation = 'f'\nscale = 1\nshape = 1.2\n");
    for algebra in [Algebra::Sparse, Algebra::Dense] {
        let m = model(&text, &[9, 8], algebra, y);
        assert!(value(&m, &theta_of(&m)).0.is_finite());
    }
}

#[test]
fn the_posterior_has_the_gradient_of_its_value() {
    let text = format!("{ROUGH}[likelihood]\nfamily = 'poisson'\nrate = 'exp(f)'\n");
    let mut density = NestedPosterior::new(&model(&text, &[6, 5], Algebra::Auto, count)).unwrap();
    let x = vec![0.2, -0.1, 0.3];
    let mut gradient = vec![0.0; 3];
    density.log_density_gradient(&x, &mut gradient);
    for j in 0..3 {
        let mut at = |h: f64| {
            let mut x = x.clone();
            x[j] += h;
            density.log_density(&x).unwrap()
        };
        let slope = (8.0 * (at(1e-3) - at(-1e-3)) - (at(2e-3) - at(-2e-3))) / 12e-3;
        assert!((gradient[j] - slope).abs() < 1e-6, "{j}: {} {slope}", gradient[j]);
    }
}

/// `oracles/poisson_laplace`: value 1e-8 relative, gradient 1e-6, mode and sds 1e-7.
#[test]
fn oracle_poisson_laplace() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/oracles/poisson_laplace");
    let Ok(table) = std::fs::read_to_string(folder.join("poisson_laplace.csv")) else {
        eprintln!("skipped: {} is absent", folder.display());
        return;
    };
    let want: serde_json::Value = serde_json::from_str(
        &std::fs::read_to_string(folder.join("poisson_laplace.json")).unwrap(),
    )
    .unwrap();
    let rows: Vec<Vec<f64>> = table
        .lines()
        .skip(1)
        .map(|l| l.split(',').map(|v| v.parse().unwrap_or(f64::NAN)).collect())
        .collect();
    let distinct = |c: usize| {
        let mut all: Vec<f64> = rows.iter().map(|r| r[c]).collect();
        all.sort_by(f64::total_cmp);
        all.dedup();
        all
    };
    let (x, z) = (distinct(0), distinct(1));
    let shape = [x.len(), z.len()];
    let (mut y, mut exposure) =
        (vec![f64::NAN; shape[0] * shape[1]], vec![1.0; shape[0] * shape[1]]);
    for row in &rows {
        let at = |all: &[f64], v: f64| all.iter().position(|a| *a == v).unwrap();
        let cell = at(&x, row[0]) * shape[1] + at(&z, row[1]);
        (y[cell], exposure[cell]) = (row[3], row[2]);
    }
    let grid =
        Grid::new(vec![Axis::numbers("x", x).unwrap(), Axis::numbers("z", z).unwrap()]).unwrap();
    let exposure = Covariate::with_nan_as_missing("exposure", vec![0, 1], exposure, None);
    let data = Dataset::new(grid, Variable::with_nan_as_missing("y", y), vec![exposure]).unwrap();
    let text = "[data]\nresponse = 'y'\naxes = ['x', 'z']\n[parameters]\nmu = 'normal(0, 1)'\n\
                eta = 'half_normal(1)'\nlx = 'half_normal(1)'\nlz = 'half_normal(1)'\n[fields.f]\n\
                amplitude = 'eta'\nx = 'matern52(lengthscale = lx)'\nz = 'matern32(lengthscale = lz)'\n\
                [likelihood]\nfamily = 'poisson'\nrate = 'exposure * exp(mu + f)'\n[inference]\n\
                jitter = 1e-12\n";
    let source = Source::new("test.toml", text);
    let m = Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap();
    let names = ["mu", "eta", "lx", "lz"];
    let theta: Vec<f64> = names.iter().map(|n| want["parameters"][n].as_f64().unwrap()).collect();
    for algebra in [Algebra::Dense, Algebra::Sparse] {
        let mut nested = NestedLaplace::new(&with(&m, algebra)).unwrap();
        let mut bar = vec![0.0; 4];
        let value = nested.log_prob_vjp(&theta, &mut bar).unwrap();
        let expected = want["log_marginal_likelihood_laplace"].as_f64().unwrap();
        assert!((value / expected - 1.0).abs() < 1e-8, "{algebra:?}: {value} {expected}");
        for (j, name) in names.iter().enumerate() {
            let slope = want["gradient_wrt_log_and_mu_by_differences"][name].as_f64().unwrap();
            let scale = if *name == "mu" { 1.0 } else { theta[j] };
            let off = (bar[j] * scale - slope).abs();
            assert!(off < 1e-6, "{algebra:?} {name}: {} {slope}", bar[j] * scale);
        }
        let modes = nested.modes()[0].clone();
        let sds = nested.standard_deviations();
        for (k, cell) in want["cells"].as_array().unwrap().iter().enumerate() {
            let at = |a: usize| cell[a].as_u64().unwrap() as usize;
            let cell = at(0) * shape[1] + at(1);
            let i = nested.observed.cells.iter().position(|c| *c == cell).unwrap();
            let (mode, sd) = (want["mode"][k].as_f64().unwrap(), want["sd"][k].as_f64().unwrap());
            assert!((modes[cell] - mode).abs() < 1e-7, "{algebra:?} {k}: {} {mode}", modes[cell]);
            assert!((sds[i] - sd).abs() < 1e-7, "{algebra:?} {k}: {} {sd}", sds[i]);
        }
    }
}

const PLANE: &str =
    "[fields.f]\n'x, y' = 'matern1()'\n[fields.g]\nx = 'matern12()'\ny = 'matern12()'\n";

/// Of a Gaussian likelihood Laplace's method is exact.
#[test]
fn fields_over_two_axes_are_integrated_out() {
    let text = format!("{PLANE}[likelihood]\nfamily = 'gaussian'\nlocation = '0.3 + f + c * g'\n");
    let m = model(&text, &[9, 8], Algebra::Auto, |c| if gaps(c) { f64::NAN } else { number(c, 5) });
    let theta = theta_of(&m);
    let (found, gradient) = value(&m, &theta);
    let mut bar = vec![0.0; theta.len()];
    let want = Marginal::new(&m).unwrap().log_prob_vjp(&theta, &mut bar).unwrap().log_prob;
    assert!((found - want).abs() < 1e-9 * want.abs(), "{found} {want}");
    for (a, b) in gradient.iter().zip(&bar) {
        assert!((a - b).abs() < 1e-7 * b.abs().max(1.0), "{a} {b}");
    }
    let text = format!("{PLANE}[likelihood]\nfamily = 'poisson'\nrate = 'exp(0.3 + f + c * g)'\n");
    let m = model(&text, &[9, 8], Algebra::Auto, count);
    check_gradient(&m, &theta_of(&m));
}

/// Draws of fields are those of the joint density's unknowns that they are whitened to.
#[test]
fn draws_of_fields_over_two_axes_are_whitened() {
    let text = format!("{PLANE}[likelihood]\nfamily = 'poisson'\nrate = 'exp(0.3 + f + c * g)'\n");
    let m = model(&text, &[9, 8], Algebra::Auto, count);
    let theta = theta_of(&m);
    let x: Vec<f64> =
        m.parameters.iter().zip(&theta).map(|(p, &t)| p.transform.inverse(t)).collect();
    let mut nested = NestedLaplace::new(&m).unwrap();
    nested.log_prob(&theta).unwrap();
    let lengths = nested.draw_lengths();
    // No noise: the mode itself.
    let draw = nested.draws(Mat::zeros(nested.noise_len(), 1)).pop().unwrap();
    let (f, g) = draw.split_at(lengths[0]);
    let mut joint = crate::Joint::new(&m).unwrap();
    let mut all = x.clone();
    all.resize(joint.dim(), 0.0);
    let (_, z) = all.split_at_mut(x.len());
    joint.whiten(&x, &[f, g], z).unwrap();
    let fields = joint.fields_at(&all).unwrap().1;
    for (field, mode) in fields.iter().zip(nested.modes()) {
        assert_eq!(field.len(), mode.len());
        field.iter().zip(mode).for_each(|(a, b)| assert!((a - b).abs() < 1e-8, "{a} {b}"));
    }
}
