//! Gradients on large grids, where differentiating an eigendecomposition goes wrong.

use gridgp::density::Marginal;
use gridgp::grid::{Axis, Dataset, Grid, Variable};
use gridgp::model::Model;
use gridgp::model::spec::{ModelSpec, Source};

fn model(n: usize, even: bool) -> Model {
    let points: Vec<f64> = (0..n)
        .map(|i| {
            let t = i as f64 / (n - 1) as f64;
            10.0 * if even { t } else { t + 0.1 * (7.0 * t).sin() }
        })
        .collect();
    let axes = vec![
        Axis::numbers("x", points.clone()).unwrap(),
        Axis::numbers("t", points.clone()).unwrap(),
    ];
    let grid = Grid::new(axes).unwrap();
    let y = (0..n * n).map(|c| {
        let (x, t) = (points[c / n], points[c % n]);
        let noise =
            ((c as u64).wrapping_mul(2_862_933_555_777_941_757) >> 40) as f64 / (1u64 << 24) as f64;
        (1.3 * x).sin() * (0.7 * t).cos() + 0.3 * (noise - 0.5)
    });
    let data = Dataset::new(grid, Variable::new("y", y.collect()), vec![]).unwrap();
    let text = "[data]\nresponse = 'y'\naxes = ['x', 't']\n[fields.f]\nx = 'matern52()'\n\
                t = 'matern32()'\n[likelihood]\nfamily = 'gaussian'\nlocation = 'f'\n";
    let source = Source::new("test", text);
    Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap()
}

/// Every derivative with respect to the logarithm of a parameter, to 1e-6 of an eighth-order
/// central difference of the value.
fn check(model: &Model, theta: &[f64]) {
    let mut marginal = Marginal::new(model).unwrap();
    let mut gradient = vec![0.0; theta.len()];
    marginal.log_prob_vjp(theta, &mut gradient).unwrap();
    for j in 0..theta.len() {
        let h: f64 = 0.02;
        let mut at = |k: f64| {
            let mut moved = theta.to_vec();
            moved[j] *= (k * h).exp();
            marginal.log_prob(&moved).unwrap().log_prob
        };
        let weights = [4.0 / 5.0, -1.0 / 5.0, 4.0 / 105.0, -1.0 / 280.0];
        let difference: f64 = weights
            .iter()
            .zip(1..)
            .map(|(w, k)| w * (at(f64::from(k)) - at(-f64::from(k))))
            .sum::<f64>()
            / h;
        let exact = gradient[j] * theta[j];
        let name = &model.parameters[j].name;
        assert!(
            (exact - difference).abs() < 1e-6 * difference.abs(),
            "{name}: {exact} but {difference}"
        );
    }
}

#[test]
fn a_thousand_by_a_thousand_evenly_spaced() {
    check(&model(1000, true), &[1.1, 2.0, 0.9, 0.1]);
}

#[test]
fn four_hundred_by_four_hundred_unevenly_spaced() {
    check(&model(400, false), &[1.1, 2.0, 0.9, 0.1]);
}
