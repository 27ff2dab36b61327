//! Matched moments against exact answers, dense integrals, and differences.

use gridgp_model::Model;
use gridgp_model::spec::Algebra;

use super::NestedLaplace;
use super::tests::{ROUGH, count, gaps, gaussian, model, number, theta_of, with};
use crate::Marginal;

fn matched(model: &Model, theta: &[f64]) -> (NestedLaplace, f64, Vec<f64>) {
    let mut nested = NestedLaplace::new(model).unwrap();
    nested.match_within(1e-9);
    let mut bar = vec![0.0; theta.len()];
    let value = nested.matched_log_prob_vjp(theta, &mut bar).unwrap();
    (nested, value, bar)
}

/// The gradient against differences of the value, and both algebras. The gradient leaves out how nodes move, and
/// so the two differ by what the nodes do not integrate: 10⁻⁴ with 9 nodes for each of two predictors fell to
/// 10⁻⁵ with 11.
fn check(model: &Model, quadrature: f64) {
    let theta = theta_of(model);
    let mut values = Vec::new();
    for algebra in [Algebra::Sparse, Algebra::Dense] {
        let (mut nested, value, bar) = matched(&with(model, algebra), &theta);
        for (j, p) in model.parameters.iter().enumerate() {
            let mut at = |h: f64| {
                let mut theta = theta.clone();
                theta[j] += h;
                nested.matched_log_prob(&theta).unwrap()
            };
            let h = 2e-3 * theta[j].abs().max(0.1);
            let slope = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
            let slack = quadrature * slope.abs().max(1.0);
            assert!((bar[j] - slope).abs() < slack, "{algebra:?} {}: {} {slope}", p.name, bar[j]);
        }
        values.push(value);
    }
    assert!((values[0] - values[1]).abs() < 1e-8 * values[0].abs(), "{values:?}");
}

#[test]
fn the_gradient_is_that_of_the_value() {
    let yes = |c: usize| if gaps(c) { f64::NAN } else { f64::from(number(c, 3) > 0.0) };
    let y = |c: usize| if gaps(c) { f64::NAN } else { 2.0 * number(c, 5) };
    let one =
        |rest: &str| format!("[parameters]\nmu = 'normal(0, 1)'\n{ROUGH}[likelihood]\n{rest}\n");
    check(
        &model(
            &one("family = 'bernoulli'\nprobability = 'logistic(0.3 * mu + mu * f)'"),
            &[7, 6],
            Algebra::Auto,
            yes,
        ),
        1e-6,
    );
    check(
        &model(
            &one("family = 'poisson'\nrate = 'c * exp(0.1 * mu * e + f)'"),
            &[7, 6],
            Algebra::Auto,
            count,
        ),
        5e-5,
    );
    // A parameter without a field.
    check(
        &model(
            &one(
                "family = 'negative_binomial'\nmean = 'exp(0.3 * mu + f)'\nconcentration = 'gamma(2, rate = 1)'",
            ),
            &[7, 6],
            Algebra::Auto,
            count,
        ),
        1e-6,
    );
    let two = "[parameters]\nb = 'normal(0, 1)'\ns0 = 'normal(0, 1)'\n\
               [fields.f]\nx = 'matern12()'\ny = 'matern12()'\n[fields.g]\nx = 'matern12()'\n\
               y = 'matern12()'\n[likelihood]\nfamily = 'gaussian'\nlocation = 'b * f + c * g'\n\
               scale = 'exp(0.2 * s0 + 0.1 * g)'\n";
    check(&model(two, &[5, 4], Algebra::Auto, y), 5e-4);
    // The same field in both parameters: a singular covariance of the predictors.
    let both = "[fields.g]\nx = 'matern12()'\ny = 'matern12()'\n[likelihood]\nfamily = 'gumbel'\n\
                location = '0.5 * g'\nscale = 'exp(0.1 * g)'\n";
    check(&model(both, &[5, 4], Algebra::Auto, y), 1e-6);
}

#[test]
fn a_gaussian_likelihood_stays_exact() {
    let m = gaussian();
    let theta = theta_of(&m);
    let (nested, found, bar) = matched(&m, &theta);
    let mut want_bar = vec![0.0; theta.len()];
    let want = Marginal::new(&m).unwrap().log_prob_vjp(&theta, &mut want_bar).unwrap().log_prob;
    assert_eq!(nested.rounds(), 1);
    assert!((found - want).abs() < 1e-9 * want.abs(), "{found} {want}");
    for (a, b) in bar.iter().zip(&want_bar) {
        assert!((a - b).abs() < 1e-7 * b.abs().max(1.0), "{a} {b}");
    }
}

/// log p(y | θ), means and standard deviations of three cells along a line, by a sum over a fine grid of
/// their whitened values.
fn integrated(
    log_likelihood: &dyn Fn(usize, f64) -> f64,
    x: &[f64; 3],
    (amplitude, length): (f64, f64),
) -> (f64, [f64; 3], [f64; 3]) {
    // A first-order autoregression.
    let keep = |i: usize| (-(x[i] - x[i - 1]).abs() / length).exp();
    let (a, b) = (keep(1), keep(2));
    let points: Vec<f64> = (-40..=40).map(|i| 0.15 * f64::from(i)).collect();
    let density: Vec<f64> = points.iter().map(|z| (-0.5 * z * z).exp()).collect();
    let norm: f64 = density.iter().sum();
    let (mut total, mut first, mut second) = (0.0, [0.0; 3], [0.0; 3]);
    for (i, z0) in points.iter().enumerate() {
        let f0 = *z0;
        for (j, z1) in points.iter().enumerate() {
            let f1 = a * f0 + (1.0 - a * a).sqrt() * z1;
            let known = log_likelihood(0, amplitude * f0) + log_likelihood(1, amplitude * f1);
            for (k, z2) in points.iter().enumerate() {
                let f = [f0, f1, b * f1 + (1.0 - b * b).sqrt() * z2].map(|f| amplitude * f);
                let w =
                    density[i] * density[j] * density[k] * (known + log_likelihood(2, f[2])).exp();
                total += w;
                for c in 0..3 {
                    first[c] += w * f[c];
                    second[c] += w * f[c] * f[c];
                }
            }
        }
    }
    let mean = first.map(|m| m / total);
    let sd = std::array::from_fn(|c| (second[c] / total - mean[c] * mean[c]).sqrt());
    ((total / norm.powi(3)).ln(), mean, sd)
}

/// Rare information and a rough field: where second derivatives at the mode are not enough.
#[test]
fn evidence_means_and_sds_are_those_of_dense_integrals() {
    let observed = [1.0, 1.0, 0.0];
    let log_gamma = |y: f64| if y > 1.0 { y.ln() } else { 0.0 };
    let logistic = |y: f64, f: f64| -(if y == 1.0 { -f } else { f }).exp().ln_1p();
    let poisson = |y: f64, f: f64| y * f - f.exp() - log_gamma(y);
    type Case<'c> = (&'c str, &'c dyn Fn(f64, f64) -> f64);
    let cases: [Case<'_>; 2] = [
        ("family = 'bernoulli'\nprobability = 'logistic(f)'", &logistic),
        ("family = 'poisson'\nrate = 'exp(f)'", &poisson),
    ];
    for (likelihood, log_prob) in cases {
        let text = format!("[fields.f]\nx = 'matern12()'\n[likelihood]\n{likelihood}\n");
        let m = model(&text, &[3], Algebra::Dense, |c| observed[c]);
        let x: [f64; 3] = std::array::from_fn(|i| 0.8 * i as f64 + 0.3 * number(i, 0));
        let (amplitude, length) = (2.0, 1.5);
        let names: Vec<&str> = m.parameters.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        let theta: Vec<f64> = names
            .iter()
            .map(|n| if n.ends_with("amplitude") { amplitude } else { length })
            .collect();
        let cell = |c: usize, f: f64| log_prob(observed[c], f);
        let (want, mean, sd) = integrated(&cell, &x, (amplitude, length));
        let mut laplace = NestedLaplace::new(&m).unwrap();
        let rough = laplace.log_prob(&theta).unwrap();
        let (modes, rough_sds) = (laplace.modes()[0].clone(), laplace.standard_deviations());
        let (mut nested, found, _) = matched(&m, &theta);
        let (means, sds) = (nested.modes()[0].clone(), nested.standard_deviations());
        assert!((found - want).abs() < 0.2 * (rough - want).abs(), "{found} {want} {rough}");
        assert!((found - want).abs() < 5e-3, "{found} {want} {rough}");
        for c in 0..3 {
            assert!(
                (means[c] - mean[c]).abs() < 0.02 * sd[c],
                "{} {} {}",
                means[c],
                mean[c],
                modes[c]
            );
            assert!((sds[c] / sd[c] - 1.0).abs() < 0.02, "{} {} {}", sds[c], sd[c], rough_sds[c]);
        }
    }
}
