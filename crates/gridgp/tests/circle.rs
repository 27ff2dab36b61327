//! Hours around the clock and longitudes around the Earth, from a model file to predictions.

use std::f64::consts::TAU;
use std::ops::ControlFlow;

use gridgp::density::Marginal;
use gridgp::grid::{Axis, Coordinate, Dataset, Grid, Points, Variable};
use gridgp::infer::map;
use gridgp::model::Model;
use gridgp::model::spec::{ModelSpec, Source};
use gridgp::posterior::{Conditional, Place};

/// Temperatures of 12 days, warmest at three, without the hours around midnight.
fn temperatures(hours: &[f64]) -> Dataset {
    let days: Vec<f64> = (0..12).map(f64::from).collect();
    let mut y = vec![];
    for (i, day) in days.iter().enumerate() {
        for (j, hour) in hours.iter().enumerate() {
            // Numbers without a pattern in place of noise.
            let noise = 0.2 * (12.9898 * (i * hours.len() + j) as f64 + 1.0).sin();
            let course = 4.0 * (TAU * (hour - 15.0) / 24.0).cos();
            y.push(
                15.0 + 2.0 * (0.5 * day).sin() + (1.0 + 0.3 * (0.9 * day).cos()) * course + noise,
            );
        }
    }
    let axes =
        vec![Axis::numbers("day", days).unwrap(), Axis::numbers("hour", hours.to_vec()).unwrap()];
    Dataset::new(Grid::new(axes).unwrap(), Variable::new("t", y), vec![]).unwrap()
}

fn model(data: Dataset, hour: &str) -> Result<Model, String> {
    let text = format!(
        "[data]\nresponse = 't'\naxes = ['day', 'hour']\n[parameters]\nmean = 'default'\n\
         [fields.f]\nday = 'matern32()'\nhour = '{hour}'\n[likelihood]\nfamily = 'gaussian'\n\
         location = 'mean + f'\n"
    );
    let source = Source::new("hours.toml", text);
    Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).map_err(|e| e.to_string())
}

/// From one in the morning to eleven at night.
fn waking() -> Vec<f64> {
    (1..=23).map(f64::from).collect()
}

/// Mean and standard deviation on day 5 at these hours.
fn predicted(hour_kernel: &str, hours: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let model = model(temperatures(&waking()), hour_kernel).unwrap();
    let fit = map(&model, &|_| ControlFlow::Continue(())).unwrap();
    assert!(fit.gradient_norm < 1e-3, "{}", fit.gradient_norm);
    let conditional = Conditional::new(&model, &fit.estimate).unwrap();
    let at = [Points::line(&vec![5.0; hours.len()]), Points::line(hours)];
    let moments = conditional.at_points(&at, &[]).unwrap();
    // The same on a grid, in another order than that of the clock.
    let grid = Grid::new(vec![
        Axis::numbers("day", vec![5.0]).unwrap(),
        Axis::numbers("hour", hours.to_vec()).unwrap(),
    ]);
    let on_grid =
        conditional.on_grid(&Place { grid: grid.unwrap(), covariates: vec![] }).unwrap().mean;
    let differences = on_grid.iter().zip(&moments.mean).map(|(a, b)| (a - b).abs());
    assert!(differences.fold(0.0, f64::max) < 1e-9);
    (moments.mean, moments.sd)
}

#[test]
fn a_moment_before_midnight_is_near_a_moment_after_it() {
    let hours = [23.9, 0.1, -0.1, 24.1, 47.9, 23.999, 0.001];
    let (mean, sd) = predicted("matern32(circle = 24)", &hours);
    // The course itself moves by 0.14 in these twelve minutes, and by 0.0014 in seven seconds.
    assert!((mean[0] - mean[1]).abs() < 0.25, "{mean:?}");
    assert!((mean[5] - mean[6]).abs() < 0.0025, "{mean:?}");
    // -0.1, 23.9 and 47.9 are one place.
    for (a, b) in [(0, 2), (0, 4), (1, 3)] {
        assert!((mean[a] - mean[b]).abs() < 1e-9 && (sd[a] - sd[b]).abs() < 1e-9, "{mean:?}");
    }
    let (cut, cut_sd) = predicted("matern32()", &hours);
    assert!((cut[5] - cut[6]).abs() > 0.1, "{cut:?}");
    // Both sides of midnight know it.
    assert!(sd[0] < cut_sd[0] && sd[1] < cut_sd[1], "{sd:?} {cut_sd:?}");
    let truth = 15.0 + 2.0 * 2.5_f64.sin() - 4.0 * (1.0 + 0.3 * 4.5_f64.cos()) * 0.5_f64.sqrt();
    assert!((mean[1] - truth).abs() < 3.0 * sd[1] + 0.1, "{} {truth} {}", mean[1], sd[1]);
}

#[test]
fn the_gradient_agrees_with_differences_on_a_whole_circle() {
    let whole: Vec<f64> = (0..24).map(f64::from).collect();
    for hours in [whole, waking()] {
        for kernel in ["matern32", "matern52", "squared_exponential", "rational_quadratic"] {
            let model = model(temperatures(&hours), &format!("{kernel}(circle = 24)")).unwrap();
            let theta: Vec<f64> = (0..model.parameters.len())
                .map(|j| match model.parameters[j].name.as_str() {
                    "mean" => 14.0,
                    "f.hour.lengthscale" => 7.0,
                    _ => 1.1 + 0.2 * j as f64,
                })
                .collect();
            let mut marginal = Marginal::new(&model).unwrap();
            let mut gradient = vec![0.0; theta.len()];
            marginal.log_prob_vjp(&theta, &mut gradient).unwrap();
            for j in 0..theta.len() {
                let mut at = |steps: f64| {
                    let mut theta = theta.clone();
                    theta[j] += steps * 1e-3;
                    marginal.log_prob(&theta).unwrap().log_prob
                };
                let difference = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / 12e-3;
                let error = (gradient[j] - difference).abs();
                let name = &model.parameters[j].name;
                assert!(error < 1e-6 * (1.0 + difference.abs()), "{kernel}, {name}: {error:e}");
            }
        }
    }
}

#[test]
fn defaults_know_that_nothing_is_farther_than_half_a_circle() {
    let prior = |kernel: &str| {
        let model = model(temperatures(&waking()), kernel).unwrap();
        let of = |name: &str| model.parameters.iter().find(|p| p.name == name);
        ["f.hour.lengthscale", "f.hour.alpha"].map(|n| of(n).map(|p| p.prior.to_string()))
    };
    // 95 % between 1 and 12 hours, and not between 1 and 22: ln √12, ln(12)/4.
    let around = prior("rational_quadratic(circle = 24)");
    assert_eq!(around[0].as_deref(), Some("log_normal(1.24, 0.621)"));
    assert_eq!(around[1].as_deref(), Some("truncated_normal(1, 2, lower = 0.5)"));
    assert_eq!(prior("matern32()")[0].as_deref(), Some("log_normal(1.55, 0.773)"));
}

#[test]
fn what_a_circle_cannot_take_is_pointed_at() {
    let refused = |kernel: &str| model(temperatures(&waking()), kernel).unwrap_err();
    for (kernel, part) in [
        ("periodic(circle = 24)", "write period = 24"),
        ("cosine(circle = 24)", "a whole number of periods"),
        ("linear(circle = 24)", "does not take the option `circle`"),
        ("white(circle = 24)", "does not take the option `circle`"),
        ("matern32(circle = -24)", "no circumference"),
        ("matern32(circle = 24, basis = 5)", "closes no circle"),
        ("matern32(circle = 24, lengthscale = [2])", "one lengthscale"),
        ("matern32(circle ~ normal(24, 1))", "a number and no parameter"),
        ("matern32(circle = mean)", "a number and no parameter"),
        ("rational_quadratic(circle = 24, alpha = 0.5)", "above 0.5"),
        ("rational_quadratic(circle = 24, alpha ~ half_normal(1))", "lower = 0.5"),
    ] {
        let message = refused(kernel);
        assert!(message.contains("hours.toml:8:") && message.contains(part), "{kernel}: {message}");
    }
    let ok = "rational_quadratic(circle = 365.25 / 7, alpha ~ uniform(0.5, 9))";
    assert!(model(temperatures(&waking()), ok).is_ok());

    // Two coordinates of one axis.
    let places = Axis::new(
        "place",
        vec![
            Coordinate::numbers("lon", vec![0.0, 100.0, 355.0]),
            Coordinate::numbers("lat", vec![0.0, 10.0, 20.0]),
        ],
    );
    let data = || {
        let grid = Grid::new(vec![places.as_ref().unwrap().clone()]).unwrap();
        Dataset::new(grid, Variable::new("t", vec![1.0, 2.0, 0.5]), vec![]).unwrap()
    };
    let on_places = |kernel: &str| {
        let text = format!(
            "[data]\nresponse = 't'\naxes = ['place']\n[fields.f]\nplace = '{kernel}'\n\
             [likelihood]\nfamily = 'gaussian'\nlocation = 'f'\n"
        );
        let source = Source::new("places.toml", text);
        Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data())
    };
    let message = on_places("matern32(circle = 360)").unwrap_err().to_string();
    assert!(message.contains("around a circle takes one coordinate"), "{message}");
    let both = "matern32(lon, lat, circle = 360, distance = great_circle)";
    let message = on_places(both).unwrap_err().to_string();
    assert!(message.contains("leave out `circle`"), "{message}");
    assert!(on_places("matern32(lon, circle = 360) * matern32(lat)").is_ok());
}
