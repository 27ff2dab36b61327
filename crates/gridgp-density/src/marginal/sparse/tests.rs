//! Sparse precisions against the covariance written out.

use gridgp_grid::{Axis, Coordinate, Covariate, Dataset, Grid, Variable};
use gridgp_model::Model;
use gridgp_model::spec::{Algebra, ModelSpec, Source};

use crate::Marginal;

fn number(i: usize, j: usize) -> f64 {
    (1.0 + 12.9898 * i as f64 + 78.233 * j as f64).sin()
}

/// Uneven axes, the second out of order; `shape` has 2 or 3 axes.
pub(super) fn model(text: &str, shape: &[usize], missing: impl Fn(usize) -> bool) -> Model {
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
    let z = (0..cells).map(|c| if missing(c) { f64::NAN } else { 2.0 * number(c, 5) });
    let z = Variable::with_nan_as_missing("z", z.collect());
    let covariate = |name: &str, axes: Vec<usize>, count: usize, j: usize| {
        let values = (0..count).map(|i| 1.5 + number(i, j)).collect();
        Covariate::with_nan_as_missing(name, axes, values, None)
    };
    let covariates = vec![
        covariate("c", (0..shape.len()).collect(), cells, 8),
        covariate("e", vec![0], shape[0], 9),
        covariate("s", (0..shape.len()).collect(), cells, 10),
    ];
    let data = Dataset::new(grid, z, covariates).unwrap();
    let axes: Vec<String> =
        ["x", "y", "t"][..shape.len()].iter().map(|a| format!("{a:?}")).collect();
    let text = format!("[data]\nresponse = 'z'\naxes = [{}]\n{text}", axes.join(", "));
    let source = Source::new("test.toml", &text);
    Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap()
}

fn evaluate(model: &Model, algebra: Algebra, theta: &[f64]) -> (f64, Vec<f64>) {
    let mut model = model.clone();
    model.spec.inference.algebra = algebra;
    let mut gradient = vec![0.0; theta.len()];
    let value = Marginal::new(&model).unwrap().log_prob_vjp(theta, &mut gradient).unwrap();
    (value.log_prob, gradient)
}

fn check(model: &Model, tolerance: f64) {
    let theta: Vec<f64> = (0..model.parameters.len()).map(|i| 0.7 + 0.23 * i as f64).collect();
    let (value, gradient) = evaluate(model, Algebra::Sparse, &theta);
    let (want, slope) = evaluate(model, Algebra::Dense, &theta);
    assert!((value - want).abs() < tolerance * want.abs(), "{value} {want}");
    let size = slope.iter().fold(1.0, |m: f64, v| m.max(v.abs()));
    for (p, (a, b)) in model.parameters.iter().zip(gradient.iter().zip(&slope)) {
        assert!((a - b).abs() < 100.0 * tolerance * size, "{}: {a} {b}", p.name);
    }
}

pub(super) const END: &str = "[likelihood]\nfamily = 'gaussian'\n";

/// A third of the cells, and a block.
pub(super) fn gaps(c: usize) -> bool {
    c % 3 == 1 || (40..75).contains(&c)
}

#[test]
fn kernels_of_one_process_agree_with_the_covariance_written_out() {
    for (x, y) in [
        ("matern12()", "matern12()"),
        ("matern32()", "matern12()"),
        ("0.5^2 * matern32()", "matern32()"),
        ("matern52()", "matern12() * matern12(lengthscale = 3)"),
        ("matern12() * cosine()", "matern32()"),
        ("white()", "matern12()"),
    ] {
        let text = format!("[fields.f]\nx = '{x}'\ny = '{y}'\n{END}location = '0.3 + f'\n");
        check(&model(&text, &[14, 11], gaps), 1e-10);
        check(&model(&text, &[14, 11], |_| false), 1e-10);
        check(&model(&text, &[14, 1], |c| c == 3), 1e-10);
    }
}

#[test]
fn several_fields_covariates_and_any_noise_agree_with_the_covariance_written_out() {
    let text = format!(
        "[parameters]\nb = 'normal(0, 1)'\nk = 'normal(0, 1)'\n[fields.f]\nx = 'matern12()'\n\
         y = 'matern12()'\n[fields.g]\nx = 'matern32()'\ny = 'matern12()'\n[fields.h]\n\
         x = 'matern12()'\ny = 'matern12()'\n{END}location = '0.3 + f + c * g + b * e * h'\n\
         scale = 'exp(k + 0.2 * s)'\n"
    );
    check(&model(&text, &[13, 12], gaps), 1e-10);
}

#[test]
fn three_axes_agree_with_the_covariance_written_out() {
    let text = format!(
        "[fields.f]\nx = 'matern12()'\ny = 'matern32()'\nt = 'matern12()'\n{END}location = 'f'\n"
    );
    check(&model(&text, &[7, 6, 5], gaps), 1e-10);
    let text = format!("[fields.f]\nx = 'matern12()'\ny = 'matern12()'\n{END}location = 'f'\n");
    check(&model(&text, &[9, 8, 1], gaps), 1e-10);
}

/// Long lengthscales lose digits: no more than the bound says, and then they are refused.
#[test]
fn what_rounding_loses_is_bounded_and_refused() {
    let mut refused = 0;
    for (x, y) in
        [("matern52()", "matern52()"), ("matern32()", "matern32()"), ("matern12()", "matern12()")]
    {
        let text = format!("[fields.f]\nx = '{x}'\ny = '{y}'\n{END}location = 'f'\n");
        let m = model(&text, &[24, 20], gaps);
        for lengthscale in [1.0, 10.0, 40.0, 150.0, 600.0, 3000.0] {
            let theta: Vec<f64> = m
                .parameters
                .iter()
                .map(|p| if p.name.ends_with("lengthscale") { lengthscale } else { 1.0 })
                .collect();
            let mut sparse = m.clone();
            sparse.spec.inference.algebra = Algebra::Sparse;
            let found = match Marginal::new(&sparse).unwrap().log_prob(&theta) {
                Ok(found) => found,
                Err(e) => {
                    assert!(x != "matern12()", "{e}");
                    refused += 1;
                    continue;
                }
            };
            let (want, _) = evaluate(&m, Algebra::Dense, &theta);
            let off = (found.log_prob - want).abs();
            eprintln!("{x} {lengthscale}: off {off:.1e}, bound {:.1e}", found.truncation);
            assert!(
                off < found.truncation + 1e-10 * want.abs(),
                "{x} {lengthscale}: {off} {found:?}"
            );
        }
    }
    assert!(refused > 2);
}

#[test]
fn what_has_no_precision_is_refused() {
    for (fields, want) in [
        ("x = 'matern12()'\n", "no field varies along \"y\""),
        ("x = 'matern12() + matern32()'\ny = 'matern12()'\n", "not one process"),
        ("x = 'cosine()'\ny = 'matern12()'\n", "not one process"),
        ("x = 'squared_exponential()'\ny = 'matern12()'\n", "no sum or product of Markov"),
    ] {
        let text = format!("[fields.f]\n{fields}{END}location = 'f'\n");
        let mut m = model(&text, &[6, 5], |_| false);
        m.spec.inference.algebra = Algebra::Sparse;
        let e = Marginal::new(&m).unwrap_err().to_string();
        assert!(e.contains(want), "{e}");
    }
}
