//! Prediction from draws against the exact conditional.

use gridgp_density::{Joint, LogDensity, Samples};
use gridgp_likelihood::Likelihood;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::{ForecastOptions, Target, forecast, prior_samples, tiles};

const TEXT: &str = "[data]\nresponse = 'y'\naxes = ['s', 't']\n[parameters]\nmu = 'normal(0, 1)'\n\
    [fields.f]\namplitude = 1.2\ns = 'matern32(lengthscale = 1.1)'\n\
    t = 'squared_exponential(lengthscale = 1.5)'\ncenter = ['s']\n\
    [likelihood]\nfamily = 'gaussian'\nlocation = 'mu + f'\nscale = 0.5\n";

fn small() -> Model {
    let axis = |name: &str, x: &[f64]| Axis::numbers(name, x.to_vec()).unwrap();
    let grid =
        Grid::new(vec![axis("s", &[0.0, 0.4, 1.5, 2.0]), axis("t", &[0.0, 1.0, 2.5])]).unwrap();
    let y = (0..12).map(|i| (0.9 * f64::from(i)).sin()).collect();
    let data = Dataset::new(grid, Variable::new("y", y), vec![]).unwrap();
    let source = Source::new("test", TEXT);
    Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap()
}

/// Draws of the field at one value of the parameter.
fn samples(model: &Model, mu: f64, count: usize) -> Samples {
    let mut joint = Joint::new(model).unwrap();
    let dim = joint.dim();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut x = vec![mu; count * dim];
    for row in x.chunks_exact_mut(dim) {
        joint.draw_fields(row, &mut rng).unwrap();
    }
    Samples { chains: 1, draws: count, dim, x }
}

/// Means and standard deviations within five standard errors.
fn close(found: (&[f64], &[f64]), want: (&[f64], &[f64]), count: usize) {
    let n = count as f64;
    for i in 0..want.0.len() {
        let (mean, sd) = (want.0[i], want.1[i]);
        // Jitter leaves 1e-4 of the amplitude open.
        let slack = 5.0 * sd / n.sqrt() + 1e-3;
        assert!((found.0[i] - mean).abs() < slack, "{i}: mean {} for {mean}", found.0[i]);
        let slack = 5.0 * sd / (2.0 * n).sqrt() + 1e-3;
        assert!((found.1[i] - sd).abs() < slack, "{i}: sd {} for {sd}", found.1[i]);
    }
}

#[test]
fn draws_predict_as_the_exact_conditional() {
    let m = small();
    let (mu, count) = (0.3, 20_000);
    let samples = samples(&m, mu, count);
    let exact = Conditional::new(&m, &[mu]).unwrap();
    let options = ForecastOptions {
        quantiles: vec![0.5],
        only: vec!["mean".into(), "observation".into()],
        ..ForecastOptions::default()
    };
    // The data's grid; an axis that moves in part; both move; one point.
    for (s, t) in [
        (vec![0.0, 0.4, 1.5, 2.0], vec![0.0, 1.0, 2.5]),
        (vec![0.4, 0.7, 3.0], vec![0.0, 1.0, 2.5]),
        (vec![-0.5, 1.5], vec![0.5, 1.0, 4.0]),
        (vec![0.9], vec![0.2]),
    ] {
        let axes = vec![Axis::numbers("s", s).unwrap(), Axis::numbers("t", t).unwrap()];
        let place = Place { grid: Grid::new(axes).unwrap(), covariates: vec![] };
        let want = exact.on_grid(&place).unwrap();
        let found = forecast(&m, &samples, &Target::Grid(&place), &options).unwrap();
        close((&found[0].mean, &found[0].sd), (&want.mean, &want.sd), count);
        close((&found[1].mean, &found[1].sd), (&want.mean, &want.sd_observation), count);
        close((&found[0].quantiles, &want.sd), (&want.mean, &want.sd), count / 2);
        // The same in tiles of two points, and with draws beside them.
        let (few, apart) = (samples.thinned(count / 5), [&[false; 2][..], &[true; 2]]);
        let (target, n) = (Target::Grid(&place), place.grid.len());
        let options = ForecastOptions { keep_draws: 3, ..options.clone() };
        let most = few.len() * 2 * 2 * n / place.grid.axes().iter().map(Axis::len).max().unwrap();
        let found = tiles::in_tiles(&m, &few, &target, &options, apart, most).unwrap();
        close((&found[0].mean, &found[0].sd), (&want.mean, &want.sd), few.len());
        close((&found[1].mean, &found[1].sd), (&want.mean, &want.sd_observation), few.len());
        close((&found[0].quantiles, &want.sd), (&want.mean, &want.sd), few.len() / 2);
        assert_eq!(found[0].draws.len(), 3 * n);
    }
    let points = [Points::line(&[0.4, 1.0, 1.0, -1.0]), Points::line(&[1.0, 1.0, 3.0, 0.3])];
    let want = exact.at_points(&points, &[]).unwrap();
    let found = forecast(&m, &samples, &Target::Points(&points, &[]), &options).unwrap();
    close((&found[0].mean, &found[0].sd), (&want.mean, &want.sd), count);
}

#[test]
fn new_cells_are_drawn_jointly() {
    let m = small();
    let count = 20_000;
    let axes = vec![
        Axis::numbers("s", vec![0.0, 0.4, 1.5, 2.0]).unwrap(),
        Axis::numbers("t", vec![5.0, 5.3]).unwrap(),
    ];
    let place = Place { grid: Grid::new(axes).unwrap(), covariates: vec![] };
    let prior = prior_samples(&m, count, 1).unwrap();
    let options = ForecastOptions {
        keep_draws: usize::MAX,
        only: vec!["f".into()],
        ..ForecastOptions::default()
    };
    let f = &forecast(&m, &prior, &Target::Grid(&place), &options).unwrap()[0];
    let product: f64 = f.draws.chunks_exact(8).map(|d| d[0] * d[1]).sum::<f64>() / count as f64;
    let square: f64 = f.draws.chunks_exact(8).map(|d| d[0] * d[0]).sum::<f64>() / count as f64;
    let want = (-0.5f64 * (0.3f64 / 1.5).powi(2)).exp();
    assert!((product / square - want).abs() < 0.01, "{} for {want}", product / square);
    // Centered along s, in every draw.
    let sum: f64 = (0..4).map(|s| f.draws[2 * s]).sum();
    assert!(sum.abs() < 1e-12, "{sum}");
}

#[test]
fn the_number_of_threads_changes_no_digit() {
    let m = small();
    let samples = samples(&m, 0.0, 200);
    let place = Place { grid: m.data.grid.clone(), covariates: vec![] };
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            forecast(&m, &samples, &Target::Grid(&place), &ForecastOptions::default()).unwrap()
        })
    };
    assert!(run(1) == run(3));
    let e = forecast(
        &m,
        &samples,
        &Target::Grid(&place),
        &ForecastOptions { only: vec!["g".into()], ..ForecastOptions::default() },
    );
    assert!(e.unwrap_err().to_string().contains("there are mean, observation, location"));
}

/// A model of a constant without data worth mentioning: its draws are those of the prior.
fn constant(parameters: &str, likelihood: &str, y: [f64; 2]) -> Model {
    let grid = Grid::new(vec![Axis::numbers("t", vec![0.0, 1.0]).unwrap()]).unwrap();
    let data = Dataset::new(grid, Variable::new("y", y.to_vec()), vec![]).unwrap();
    let source = Source::new(
        "test",
        format!(
            "[data]\nresponse = 'y'\naxes = ['t']\n[parameters]\n{parameters}\n[likelihood]\n\
             {likelihood}"
        ),
    );
    Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap()
}

fn moments_of(model: &Model, samples: &Samples, quantiles: &[f64]) -> Vec<Quantity> {
    let place = Place { grid: model.data.grid.clone(), covariates: vec![] };
    let options = ForecastOptions {
        quantiles: quantiles.to_vec(),
        only: vec!["mean".into(), "observation".into()],
        keep_draws: usize::MAX,
        ..ForecastOptions::default()
    };
    forecast(model, samples, &Target::Grid(&place), &options).unwrap()
}

/// Against many new observations of every draw.
#[test]
fn moments_of_a_new_observation_are_those_of_the_mixture() {
    let three = "m = 'normal(1, 2)'\ns = 'gamma(20, rate = 10)'\nk = 'uniform(0.05, 0.15)'";
    let tail = "m = 'normal(1, 2)'\ns = 'gamma(20, rate = 10)'\nk = 'uniform(6, 12)'";
    let two = "m = 'normal(1, 2)'\ns = 'gamma(20, rate = 10)'";
    let peaks = "s = 'gamma(20, rate = 10)'\nk = 'uniform(0.05, 0.15)'";
    let count = "m = 'normal(1, 0.3)'\ns = 'gamma(20, rate = 10)'";
    for (parameters, likelihood) in [
        (two, "family = 'gaussian'\nlocation = 'm'\nscale = 's'"),
        (tail, "family = 'student_t'\nlocation = 'm'\nscale = 's'\ndf = 'k'"),
        (two, "family = 'laplace'\nlocation = 'm'\nscale = 's'"),
        (three, "family = 'gev'\nlocation = 'm'\nscale = 's'\nshape = 'k'"),
        (three, "family = 'blended_gev'\nlocation = 'm'\nscale = 's'\nshape = 'k'"),
        (peaks, "family = 'generalized_pareto'\nscale = 's'\nshape = 'k'"),
        (count, "family = 'gumbel'\nlocation = 'm'\nscale = 's'"),
        (count, "family = 'log_normal'\nlocation = 'm'\nscale = '0.2 * s'"),
        (count, "family = 'gamma'\nmean = 'exp(m)'\nshape = 's'"),
        (count, "family = 'beta'\nmean = 'logistic(m)'\nconcentration = 's'"),
        (count, "family = 'poisson'\nrate = 'exp(m + 0.1 * s)'"),
        (count, "family = 'negative_binomial'\nmean = 'exp(m)'\nconcentration = 's'"),
        (count, "family = 'bernoulli'\nprobability = 'logistic(m - s)'"),
        (count, "family = 'binomial'\nprobability = 'logistic(m - s)'\ntrials = 7"),
    ] {
        let y = match likelihood {
            l if l.contains("'beta'") => [0.5, 0.4],
            l if l.contains("'bernoulli'") => [1.0, 0.0],
            _ => [1.0, 2.0],
        };
        let m = constant(parameters, likelihood, y);
        let samples = prior_samples(&m, 4000, 5).unwrap();
        let found = moments_of(&m, &samples, &[0.1, 0.9]);
        let (mean, observation) = (&found[0], &found[1]);
        assert_eq!(mean.mean, observation.mean, "{likelihood}");
        // The law at every draw, and 100 observations of each.
        let mut joint = Joint::new(&m).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        let mut all = Vec::new();
        let mut p = vec![0.0; m.equations.len()];
        for s in 0..samples.len() {
            joint.observed_parameters(samples.at(s), 0..1, &mut p).unwrap();
            all.extend((0..100).map(|_| joint.family().sample(&mut rng, &p)));
        }
        let n = all.len() as f64;
        let center = all.iter().sum::<f64>() / n;
        let moment = |k: i32| all.iter().map(|v| (v - center).powi(k)).sum::<f64>() / n;
        let (variance, fourth) = (moment(2), moment(4));
        let slack = 5.0 * (variance / n).sqrt();
        assert!((observation.mean[0] - center).abs() < slack, "{likelihood}: mean");
        let slack = 5.0 * ((fourth - variance * variance) / n).sqrt() / (2.0 * variance.sqrt());
        let (sd, want) = (observation.sd[0], variance.sqrt());
        assert!((sd - want).abs() < slack, "{likelihood}: sd {sd} for {want} within {slack}");
        assert!(slack < 0.1 * want && mean.sd[0] < sd, "{likelihood}");
        all.sort_by(f64::total_cmp);
        for (level, found) in [(0.1, observation.quantiles[0]), (0.9, observation.quantiles[2])] {
            let below = all.partition_point(|v| *v < found) as f64 / n;
            let up_to = all.partition_point(|v| *v <= found) as f64 / n;
            let slack = 5.0 * (0.09f64 / 4000.0).sqrt();
            assert!(below - slack < level && level < up_to + slack, "{likelihood}: {level}");
        }
    }
}

/// A chain of draws of the only parameter.
fn draws_of(model: &Model, values: Vec<f64>) -> Samples {
    let x: Vec<f64> =
        values.into_iter().map(|v| model.parameters[0].transform.inverse(v)).collect();
    Samples { chains: 1, draws: x.len(), dim: 1, x }
}

#[test]
fn infinite_moments_are_said_to_be_infinite() {
    let xi = "x = 'normal(0.4, 0.5)'";
    let gev = constant(xi, "family = 'gev'\nlocation = 30\nscale = 2\nshape = 'x'", [31.0, 32.0]);
    let with = |x: Vec<f64>| draws_of(&gev, x);
    let shapes: Vec<f64> = (0..50).map(|i| 0.1 + 1e-3 * f64::from(i)).collect();
    let finite = moments_of(&gev, &with(shapes.clone()), &[0.5]);
    assert!(finite[1].sd[0] > 2.5 && finite[1].sd[0] < 4.0, "{}", finite[1].sd[0]);
    for (shape, mean, sd) in [(0.7, true, f64::INFINITY), (1.2, false, f64::NAN)] {
        let mut shapes = shapes.clone();
        shapes[20] = shape;
        let found = moments_of(&gev, &with(shapes), &[0.5]);
        assert_eq!(found[0].mean[0].is_finite(), mean, "{shape}");
        assert!(mean || found[0].mean[0] == f64::INFINITY, "{shape}");
        assert!(found[1].sd[0] == sd || found[1].sd[0].is_nan() && sd.is_nan(), "{shape}");
        assert_eq!(found[0].sd[0].is_finite(), mean, "{shape}");
        assert!((found[1].quantiles[0] - finite[1].quantiles[0]).abs() < 0.5, "{shape}");
    }
}

#[test]
fn directions_are_averaged_on_the_circle() {
    use std::f64::consts::PI;
    let text = "family = 'von_mises'\nlocation = 'm'\nconcentration = 25";
    let law = constant("m = 'normal(0, 3)'", text, [3.0, -3.0]);
    let of = |center: f64| {
        let m = (0..2000).map(|i| center + 0.1 * (0.7 * f64::from(i)).sin());
        moments_of(&law, &draws_of(&law, m.collect()), &[0.05, 0.95])
    };
    let (zero, pi) = (of(0.0), of(PI));
    for (a, b) in zero.iter().zip(&pi) {
        let turn = (b.mean[0] - a.mean[0]).abs();
        assert!((turn - PI).abs() < 1e-9, "{}: {turn}", a.name);
        assert!((a.sd[0] - b.sd[0]).abs() < 1e-9 && a.sd[0] < 0.25, "{}", a.name);
        let width = |q: &Quantity| q.quantiles[2] - q.quantiles[0];
        assert!((width(a) - width(b)).abs() < 1e-9, "{}: {} {}", a.name, width(a), width(b));
    }
    // E exp(iY) = A(25) E exp(im).
    let length = |q: &Quantity| (-0.5 * q.sd[0].powi(2)).exp();
    let concentration = 1.0 - gridgp_dist::special::bessel_ratio(25.0).0;
    approx::assert_relative_eq!(
        length(&pi[1]),
        concentration * length(&pi[0]),
        max_relative = 1e-12
    );
}
