use super::*;
use gridgp_dist::{Distribution, Normal};
use gridgp_grid::{Axis, Dataset, Variable};
use gridgp_model::spec::{ModelSpec, Source};
use rand_distr::{Distribution as _, StandardNormal};

fn model(y: Vec<f64>, likelihood: &str) -> Model {
    let source = Source::new(
        "test",
        format!(
            "[data]\nresponse = 'y'\naxes = ['t']\n[parameters]\nmu = 'normal(0, 10)'\n\
             [likelihood]\n{likelihood}"
        ),
    );
    let t = (0..y.len()).map(|i| i as f64).collect();
    let grid = Grid::new(vec![Axis::numbers("t", t).unwrap()]).unwrap();
    let data = Dataset::new(grid, Variable::with_nan_as_missing("y", y), vec![]).unwrap();
    Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap()
}

/// A chain of draws of `mu`, the only parameter.
fn draws_of(model: &Model, mu: impl IntoIterator<Item = f64>) -> Samples {
    let unconstrained = |mu| model.parameters[0].transform.inverse(mu);
    let x: Vec<f64> = mu.into_iter().map(unconstrained).collect();
    Samples { chains: 1, draws: x.len(), dim: 1, x }
}

/// The exact posterior of a normal mean, and the exact prediction of each left-out observation.
#[test]
fn leaving_one_out_is_refitting_without_it() {
    let mut y = vec![0.3, -1.1, 2.4, 0.8, -0.2, 1.7, f64::NAN];
    let gaussian = model(y.clone(), "family = 'gaussian'\nlocation = 'mu'\nscale = 1\n");
    y.pop();
    let posterior = |y: &[f64]| {
        let precision = y.len() as f64 + 0.01;
        (y.iter().sum::<f64>() / precision, precision.powf(-0.5))
    };
    let (mean, sd) = posterior(&y);
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
    let samples = draws_of(&gaussian, (0..40_000).map(|_| mean + sd * normal()));
    let found = residuals(&gaussian, &samples, Weighing::LeaveOneOut, 1).unwrap();
    let seen = residuals(&gaussian, &samples, Weighing::InSample, 1).unwrap();
    assert_eq!(found.cells, [0, 1, 2, 3, 4, 5]);
    let standard = Normal::new(0.0, 1.0).unwrap();
    for (i, (z, k)) in found.residual.iter().zip(&found.k).enumerate() {
        let mut rest = y.clone();
        let left_out = rest.remove(i);
        let (m, s) = posterior(&rest);
        let spread = (1.0 + s * s).sqrt();
        let exact = (left_out - m) / spread;
        assert!((z - exact).abs() < 0.02 && *k < 0.7, "{i}: {z} for {exact}, k {k}");
        let log = standard.log_prob(exact) - spread.ln();
        assert!((found.log_score[i] - log).abs() < 0.02, "{i}");
        // The CRPS of a normal distribution, Gneiting et al. (2005), equation 5.
        let crps = spread
            * (exact * (2.0 * standard.cdf(exact) - 1.0) + 2.0 * standard.log_prob(exact).exp()
                - std::f64::consts::PI.powf(-0.5));
        assert!((found.crps[i] - crps).abs() < 0.03, "{i}: {} for {crps}", found.crps[i]);
    }
    // What the fit has seen looks better.
    let total = |r: &Residuals| r.summary(&[], |_| true).log_score;
    assert!(total(&seen) > total(&found) + 0.5);
    assert!(seen.k.iter().all(|k| k.is_nan()));
    let same = residuals(&gaussian, &samples, Weighing::LeaveOneOut, 1).unwrap();
    assert_eq!(found.crps, same.crps);
}

#[test]
fn right_draws_cover_what_they_say() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let y: Vec<f64> = (0..4000).map(|_| StandardNormal.sample(&mut rng)).collect();
    let gaussian = model(y, "family = 'gaussian'\nlocation = 'mu'\nscale = 1\n");
    let samples = Samples { chains: 1, draws: 50, dim: 1, x: vec![0.0; 50] };
    let found = residuals(&gaussian, &samples, Weighing::InSample, 1).unwrap();
    let levels = [0.5, 0.9];
    let all = found.summary(&levels, |_| true);
    assert!(all.mean.abs() < 0.06 && (all.sd - 1.0).abs() < 0.05, "{all:?}");
    assert!(all.distance < 1.63 / 4000f64.sqrt(), "{all:?}");
    for (found, level) in all.coverage.iter().zip(levels) {
        assert!((found - level).abs() < 4.0 * (level * (1.0 - level) / 4000.0).sqrt());
    }
    assert_eq!(found.histogram(10).iter().sum::<usize>(), 4000);
    // Draws that are one too high.
    let shifted = draws_of(&gaussian, [1.0; 50]);
    let found = residuals(&gaussian, &shifted, Weighing::InSample, 1).unwrap();
    let all = found.summary(&levels, |_| true);
    assert!((all.mean + 1.0).abs() < 0.06 && all.distance > 0.3 && all.coverage[1] < 0.8);
}

#[test]
fn counts_have_half_their_mass_below() {
    let poisson = model(vec![0.0, 2.0, 9.0], "family = 'poisson'\nrate = 'exp(mu)'\n");
    let samples = draws_of(&poisson, [2f64.ln(); 10]);
    let found = residuals(&poisson, &samples, Weighing::InSample, 1).unwrap();
    let p = (-2f64).exp();
    approx::assert_relative_eq!(found.up_to[0], p, max_relative = 1e-12);
    assert!(found.below[0].abs() < 1e-15);
    let pit: Vec<f64> = found.pit().collect();
    approx::assert_relative_eq!(pit[1], 3.0 * p + p, max_relative = 1e-12);
    assert_eq!(found.summary(&[0.9], |_| true).coverage, [2.0 / 3.0]);
}

#[test]
fn the_score_of_a_weighted_sample_is_its_definition() {
    let sample = [(3.0f64, 0.2), (-1.0, 0.5), (0.5, 0.1), (0.5, 0.2)];
    let y = 0.7;
    let near: f64 = sample.iter().map(|(v, w)| w * (v - y).abs()).sum();
    let spread: f64 = sample
        .iter()
        .flat_map(|(v, w)| sample.iter().map(move |(u, q)| 0.5 * w * q * (v - u).abs()))
        .sum();
    approx::assert_relative_eq!(weighted_crps(&mut sample.clone(), y), near - spread);
}

/// Draws that all say the same leave a residual of exactly (y − mu)/scale, however far out.
#[test]
fn residuals_far_out_are_finite_and_right() {
    let y = vec![-1000.0, -9.0, 0.5, 8.3, 40.0, 3e4];
    let gaussian = model(y.clone(), "family = 'gaussian'\nlocation = 'mu'\nscale = 1\n");
    let samples = Samples { chains: 1, draws: 20, dim: 1, x: vec![0.0; 20] };
    let found = residuals(&gaussian, &samples, Weighing::InSample, 1).unwrap();
    for (found, y) in found.residual.iter().zip(&y) {
        approx::assert_relative_eq!(found, y, max_relative = 1e-12);
    }
    // Counts: half of P(9) counts as below.
    let poisson = model(vec![500.0, 3.0], "family = 'poisson'\nrate = 'exp(mu)'\n");
    let found = residuals(&poisson, &samples, Weighing::InSample, 1).unwrap();
    // P(Y = 500)/2 + P(Y > 500) for the rate 1 is exp(−1)/500! (½ + 1/501 + 1/(501 · 502) + …).
    let beyond: f64 = (1.0 + (1.0 + 1.0 / 503.0) / 502.0) / 501.0;
    let log = -1.0 - gridgp_dist::special::ln_factorial(500.0) + (0.5 + beyond).ln();
    let expected = normal_quantile_of_ln(0.0, log);
    approx::assert_relative_eq!(found.residual[0], expected, max_relative = 1e-9);
}

/// Two draws and probabilities near 0 and 1 that `f64` cannot tell from them.
#[test]
fn probabilities_at_their_ends_are_left_out_like_others() {
    let y = vec![0.0, 1.0, 1.0];
    let bernoulli = model(y, "family = 'bernoulli'\nprobability = 'logistic(mu)'\n");
    let samples = draws_of(&bernoulli, (0..200).map(|i| 40.0 + (f64::from(i)).sin()));
    let found = residuals(&bernoulli, &samples, Weighing::LeaveOneOut, 1).unwrap();
    assert!(found.k.iter().all(|k| !k.is_nan()));
    assert!(found.log_score[0] < -38.0 && found.log_score[0] > -42.0, "{:?}", found.log_score);
    assert!(found.residual[0] < -8.2 && found.residual[0].is_finite());
}

/// The same circle read from another angle: nothing may change.
#[test]
fn directions_around_pi_are_as_around_zero() {
    let near = [-0.3, 0.05, 0.2, 2.9, -1.4];
    let turned = |by: f64| {
        let wrap = |v: f64| v - std::f64::consts::TAU * (v / std::f64::consts::TAU).round();
        let y = near.iter().map(|v| wrap(v + by)).collect();
        let text = "family = 'von_mises'\nlocation = 'mu'\nconcentration = 6\n";
        let m = model(y, text);
        let at = (0..400).map(|i| wrap(by + 0.1 * (1.7 * f64::from(i)).sin()));
        residuals(&m, &draws_of(&m, at), Weighing::LeaveOneOut, 1).unwrap()
    };
    let (zero, pi) = (turned(0.0), turned(std::f64::consts::PI));
    for i in 0..near.len() {
        for (a, b) in [(&zero.residual, &pi.residual), (&zero.crps, &pi.crps)] {
            assert!((a[i] - b[i]).abs() < 1e-9, "{i}: {} and {}", a[i], b[i]);
        }
    }
    // With the sign of the angle, and for y opposite to the prediction a score below π.
    assert!(pi.residual[0] < 0.0 && pi.residual[1] > 0.0 && pi.residual[3] > 3.0);
    assert!(pi.crps.iter().all(|c| *c > 0.0 && *c < 3.2), "{:?}", pi.crps);
}

/// The densities of left-out observations add to the `elpd` of the summary of a fit.
#[test]
fn leaving_out_is_the_same_in_residuals_and_summary() {
    let text = "[data]\nresponse = 'y'\naxes = ['t']\nstandardize = true\n[parameters]\n\
                mu = 'normal(0, 1)'\n[fields.f]\nt = 'matern32(lengthscale = 2)'\n[likelihood]\n\
                family = 'gaussian'\nlocation = 'mu + f'\nscale = 0.5\n";
    let grid = Grid::new(vec![Axis::numbers("t", (0..9).map(f64::from).collect()).unwrap()]);
    let y = (0..9).map(|i| 20.0 + 3.0 * (2.0 * f64::from(i)).sin()).collect();
    let data = Dataset::new(grid.unwrap(), Variable::new("y", y), vec![]).unwrap();
    let source = Source::new("test", text);
    let model = Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap();
    // Two chains that wander, so that draws are worth less than their number.
    let mut joint = Joint::new(&model).unwrap();
    let dim = gridgp_density::LogDensity::dim(&joint);
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut x = vec![0.0; 2 * 300 * dim];
    for s in 1..600 {
        for j in 0..dim {
            let step: f64 = StandardNormal.sample(&mut rng);
            x[s * dim + j] = 0.9 * x[(s - 1) * dim + j] + 0.3 * step;
        }
    }
    let samples = Samples { chains: 2, draws: 300, dim, x };
    let unfolded = crate::unfold(&model, &samples, true, true).unwrap();
    let reff = unfolded.relative_efficiency(2, 300);
    assert!(reff < 0.3, "{reff}");
    assert_eq!(reff, efficiency(&model, &joint, &samples).unwrap());
    let loo = gridgp_diagnostics::loo(&unfolded.log_likelihood, 9, reff).unwrap();
    let found = residuals(&model, &samples, Weighing::LeaveOneOut, 1).unwrap();
    let (here, there) =
        (found.log_score.iter().chain(&found.k), loo.pointwise.iter().chain(&loo.k));
    for (a, b) in here.zip(there) {
        approx::assert_relative_eq!(a, b, max_relative = 1e-12);
    }
    // In the unit of the data, although the model is of standardized ones.
    let mut modelled = [0.0; 9];
    joint.log_likelihood(samples.at(0), &mut modelled).unwrap();
    let unit = model.standardization.1;
    approx::assert_relative_eq!(unfolded.log_likelihood[4], modelled[4] - unit.ln());
}
