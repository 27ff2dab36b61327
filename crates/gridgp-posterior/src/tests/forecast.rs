//! Prediction from draws against the exact conditional.

use gridgp_density::{Joint, LogDensity, Samples};
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
