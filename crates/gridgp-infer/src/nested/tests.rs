//! The nested approximation of whole models.

use std::ops::ControlFlow;

use gridgp_density::{Joint, Marginal};
use gridgp_dist::Distribution;
use gridgp_grid::{Axis, Dataset, Grid, Variable};
use gridgp_model::Model;
use gridgp_model::spec::{ModelSpec, Source};

use crate::approximate;

fn model(rest: &str, y: impl Fn(usize) -> f64) -> Model {
    let axis = |name: &str, n: usize| {
        Axis::numbers(name, (0..n).map(|i| 0.5 * i as f64).collect()).unwrap()
    };
    let grid = Grid::new(vec![axis("a", 12), axis("b", 10)]).unwrap();
    let y = (0..120).map(|c| if c % 4 == 1 { f64::NAN } else { y(c) });
    let data = Dataset::new(grid, Variable::with_nan_as_missing("y", y.collect()), vec![]).unwrap();
    let text = format!("[data]\nresponse = 'y'\naxes = ['a', 'b']\n{rest}");
    let source = Source::new("test", text);
    Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap()
}

fn wave(c: usize) -> f64 {
    (0.4 * (c / 10) as f64).sin() + (0.5 * (c % 10) as f64).cos() + 0.3 * (c as f64 * 1.7).sin()
}

/// Mean and standard deviation of each field value over the draws.
fn fields(model: &Model) -> Vec<(f64, f64)> {
    let (samples, _) = approximate(model, &|_| ControlFlow::Continue(())).unwrap();
    assert_eq!(samples.len(), model.spec.inference.draws);
    let mut joint = Joint::new(model).unwrap();
    let draws: Vec<Vec<f64>> =
        (0..samples.len()).map(|i| joint.fields_at(samples.at(i)).unwrap().1[0].to_vec()).collect();
    let n = draws.len() as f64;
    (0..draws[0].len())
        .map(|c| {
            let mean = draws.iter().map(|d| d[c]).sum::<f64>() / n;
            let var = draws.iter().map(|d| (d[c] - mean).powi(2)).sum::<f64>() / (n - 1.0);
            (mean, var.sqrt())
        })
        .collect()
}

/// With every parameter a number the draws are those of a known normal distribution.
#[test]
fn draws_of_a_gaussian_model_are_exact() {
    for (algebra, kernel) in [("sparse", "matern12"), ("dense", "matern12"), ("sparse", "matern32")]
    {
        let m = model(
            &format!(
                "[fields.f]\namplitude = 1\na = '{kernel}(lengthscale = 2)'\nb = 'matern12(lengthscale = 3)'\n\
                 [likelihood]\nfamily = 'gaussian'\nlocation = 'f'\nscale = 0.4\n[inference]\n\
                 method = 'laplace'\nalgebra = '{algebra}'\ndraws = 4000\n"
            ),
            wave,
        );
        let found = fields(&m);
        // E(f | y) and its variance from the covariance written out.
        let conditioned = exact(&m);
        for ((mean, sd), (want, want_sd)) in found.iter().zip(&conditioned) {
            assert!(
                (mean - want).abs() < 5.0 * want_sd / 4000f64.sqrt(),
                "{mean} {want} {want_sd}"
            );
            assert!((sd / want_sd - 1.0).abs() < 5.0 / 8000f64.sqrt(), "{sd} {want_sd}");
        }
    }
}

fn exact(model: &Model) -> Vec<(f64, f64)> {
    use faer::Mat;
    use gridgp_kernel::Covariance;
    let gram = |a: usize| {
        let k = model.fields[0].axes[a].as_ref().unwrap();
        let mut gram = Mat::zeros(k.points.len(), k.points.len());
        k.kernel.gram(&k.points, &k.numbers(&[]), gram.as_mut());
        gram
    };
    let (ka, kb) = (gram(0), gram(1));
    let k = |c: usize, d: usize| ka[(c / 10, d / 10)] * kb[(c % 10, d % 10)];
    let observed: Vec<usize> = (0..120).filter(|c| c % 4 != 1).collect();
    let n = observed.len();
    let a =
        Mat::from_fn(n, n, |i, j| k(observed[i], observed[j]) + if i == j { 0.16 } else { 0.0 });
    let factor = gridgp_dense::Cholesky::new(a.as_ref()).unwrap();
    let y: Vec<f64> = observed.iter().map(|&c| wave(c)).collect();
    (0..120)
        .map(|c| {
            let mut cross: Vec<f64> = observed.iter().map(|&o| k(c, o)).collect();
            factor.solve_l(&mut cross);
            let variance = k(c, c) - cross.iter().map(|v| v * v).sum::<f64>();
            factor.solve_lt(&mut cross);
            let mean: f64 = cross.iter().zip(&y).map(|(w, y)| w * y).sum();
            (mean, variance.sqrt())
        })
        .collect()
}

const FREE: &str = "[parameters]\nmu = 'normal(0, 1)'\n[fields.f]\namplitude = 'log_normal(0, 0.3)'\n\
                    a = 'matern12(lengthscale ~ log_normal(0.7, 0.3))'\n\
                    b = 'matern12(lengthscale ~ log_normal(0.7, 0.3))'\n";

/// Where the likelihood is Gaussian, p̂ is the marginal posterior.
#[test]
fn parameters_of_a_gaussian_model_are_at_the_mode_of_its_marginal_posterior() {
    let m = model(
        &format!(
            "{FREE}[likelihood]\nfamily = 'gaussian'\nlocation = 'mu + f'\n\
             scale = 'log_normal(-1, 0.5)'\n[inference]\nmethod = 'laplace'\nalgebra = 'sparse'\n\
             draws = 200\n"
        ),
        wave,
    );
    let (samples, found) = approximate(&m, &|_| ControlFlow::Continue(())).unwrap();
    assert!(found.converged, "{:?}", found.warnings);
    assert_eq!(found.dim, m.parameters.len());
    assert_eq!(samples.dim, m.parameters.len() + 120);
    let mut marginal = Marginal::new(&m).unwrap();
    let mut value = |x: &[f64]| {
        let theta = m.natural(x);
        let prior: f64 = m
            .parameters
            .iter()
            .zip(x)
            .zip(&theta)
            .map(|((p, x), t)| p.prior.log_prob(*t) + p.transform.log_jacobian(*x))
            .sum();
        marginal.log_prob(&theta).unwrap().log_prob + prior
    };
    let highest = value(&found.mean);
    for j in 0..found.dim {
        for sign in [-1.0, 1.0] {
            let mut x = found.mean.clone();
            x[j] += sign * 0.3 * found.sd[j];
            assert!(value(&x) < highest);
        }
    }
    for (x, log_density) in found.draws.chunks_exact(found.dim).zip(&found.log_density) {
        assert!((value(x) - log_density).abs() < 1e-6);
    }
    assert!(found.pareto_k.k < 0.7, "{:?}", found.pareto_k);
}

/// Both algebras have the same parameters, and other draws of the same distribution.
#[test]
fn counts_have_the_same_posterior_by_both_algebras() {
    let of = |algebra: &str| {
        let m = model(
            &format!(
                "{FREE}[likelihood]\nfamily = 'poisson'\nrate = 'exp(mu + f)'\n[inference]\n\
                 method = 'laplace'\nalgebra = '{algebra}'\ndraws = 1000\n"
            ),
            |c| (1.5 * wave(c).exp()).round(),
        );
        let (_, found) = approximate(&m, &|_| ControlFlow::Continue(())).unwrap();
        (found, fields(&m))
    };
    let ((a, a_fields), (b, b_fields)) = (of("sparse"), of("dense"));
    for j in 0..a.dim {
        assert!((a.mean[j] - b.mean[j]).abs() < 1e-2 * a.sd[j]);
        assert!((a.sd[j] / b.sd[j] - 1.0).abs() < 1e-2);
    }
    assert!((a.evidence.unwrap() - b.evidence.unwrap()).abs() < 1e-2);
    for ((mean, sd), (other, other_sd)) in a_fields.iter().zip(&b_fields) {
        assert!((mean - other).abs() < 0.25 * sd, "{mean} {other} {sd}");
        assert!((sd / other_sd - 1.0).abs() < 0.2, "{sd} {other_sd}");
    }
}

/// Before anything is drawn, by either route.
#[test]
fn nuts_refuses_fields_over_two_axes() {
    for route in ["auto", "marginal", "joint"] {
        let text = format!(
            "[fields.f]\n'a, b' = 'matern1()'\n[likelihood]\nfamily = 'gaussian'\nlocation = 'f'\n\
             [inference]\nmethod = 'nuts'\nroute = '{route}'\n"
        );
        let e = crate::route(&model(&text, wave)).unwrap_err().to_string();
        assert!(e.contains("which methods map and laplace take"), "{route}: {e}");
    }
}
