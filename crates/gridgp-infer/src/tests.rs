use std::ops::ControlFlow::{self, Break, Continue};
use std::sync::atomic::{AtomicUsize, Ordering};

use gridgp_density::LogDensity;
use gridgp_grid::{Error, Result};

use super::*;

/// A log density written as a function of x and the gradient.
struct Function<F> {
    dim: usize,
    function: F,
}

impl<F: FnMut(&[f64], &mut [f64]) -> f64> LogDensity for Function<F> {
    fn dim(&self) -> usize {
        self.dim
    }

    fn log_density_gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
        (self.function)(x, gradient)
    }
}

fn silent(_: &Progress) -> ControlFlow<()> {
    Continue(())
}

/// Maximizes a function from `starts`, and checks that no point is evaluated twice and that every
/// evaluation is counted.
fn run(
    function: impl Fn(&[f64], &mut [f64]) -> f64 + Sync,
    starts: &[Vec<f64>],
    tolerance: f64,
) -> Result<Optimum> {
    let calls = AtomicUsize::new(0);
    let make = || {
        let mut seen = std::collections::HashSet::new();
        let (function, calls) = (&function, &calls);
        Function {
            dim: starts[0].len(),
            function: move |x: &[f64], gradient: &mut [f64]| {
                let bits: Vec<u64> = x.iter().map(|v| v.to_bits()).collect();
                assert!(seen.insert(bits), "{x:?} is evaluated twice");
                calls.fetch_add(1, Ordering::Relaxed);
                function(x, gradient)
            },
        }
    };
    let options = MaximizeOptions { tolerance, ..Default::default() };
    let optimum = maximize(&make, starts, &options, &silent)?;
    let counted: usize = optimum.starts.iter().map(|s| s.evaluations).sum();
    assert_eq!(counted, calls.into_inner());
    Ok(optimum)
}

fn rosenbrock(x: &[f64], gradient: &mut [f64]) -> f64 {
    gradient.fill(0.0);
    let mut value = 0.0;
    for i in 0..x.len() - 1 {
        let (a, b) = (1.0 - x[i], x[i + 1] - x[i] * x[i]);
        value -= a * a + 100.0 * b * b;
        gradient[i] += 2.0 * a + 400.0 * x[i] * b;
        gradient[i + 1] -= 200.0 * b;
    }
    value
}

/// Minus a quadratic around 0.3 with Hessian entries from 1 to `condition`, minus `level`.
fn quadratic(condition: f64, level: f64) -> impl Fn(&[f64], &mut [f64]) -> f64 + Sync {
    move |x, gradient| {
        let mut value = -level;
        for i in 0..x.len() {
            let h = condition.powf(i as f64 / (x.len() - 1) as f64);
            value -= 0.5 * h * (x[i] - 0.3).powi(2);
            gradient[i] = -h * (x[i] - 0.3);
        }
        value
    }
}

/// A number in [−1, 1] that depends on every bit of x, as round-off does.
fn round_off(x: &[f64]) -> f64 {
    let bits = x.iter().fold(17u64, |hash, v| {
        let mixed = (hash ^ v.to_bits()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 29)
    });
    (bits >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

#[test]
fn quadratics_of_any_condition() {
    for (condition, bound) in [(1.0, 4), (1e2, 22), (1e4, 36), (1e6, 50)] {
        let optimum = run(quadratic(condition, 0.0), &[vec![-2.0; 6]], 1e-6).unwrap();
        assert!(optimum.converged);
        assert!(optimum.evaluations <= bound, "{} evaluations", optimum.evaluations);
        optimum.x.iter().for_each(|x| assert!((x - 0.3).abs() < 1e-5));
    }
}

#[test]
fn rosenbrock_needs_no_more_evaluations_than_scipy() {
    // SciPy's L-BFGS-B needs 146 in 20 dimensions.
    for (dim, bound) in [(2, 45), (10, 90), (20, 146)] {
        let mut start = vec![1.0; dim];
        start.iter_mut().step_by(2).for_each(|x| *x = -1.2);
        let optimum = run(rosenbrock, &[start], 1e-5).unwrap();
        assert!(optimum.converged);
        assert!(optimum.evaluations <= bound, "{} evaluations", optimum.evaluations);
        optimum.x.iter().for_each(|x| assert!((x - 1.0).abs() < 1e-4));
    }
}

/// Student-t regression on four covariates with an unknown log scale: 5 unknowns, 60 data.
fn student_regression(x: &[f64], gradient: &mut [f64]) -> f64 {
    gradient.fill(0.0);
    let mut value = 0.0;
    for j in 0..4 {
        value -= 0.5 * (x[j] / 3.0).powi(2);
        gradient[j] = -x[j] / 9.0;
    }
    for i in 0..60 {
        let t = i as f64 / 10.0;
        let covariates = [1.0, t - 3.0, (2.0 * t).sin(), (3.0 * t).cos()];
        let y = 2.0 + 0.7 * (t - 3.0) - 1.5 * (2.0 * t).sin() + 0.3 * round_off(&[t]);
        let scale = x[4].exp();
        let z = (y - (0..4).map(|j| x[j] * covariates[j]).sum::<f64>()) / scale;
        value -= x[4] + 2.5 * (z * z / 4.0).ln_1p();
        let dz = -2.5 * (z / 2.0) / (1.0 + z * z / 4.0);
        (0..4).for_each(|j| gradient[j] -= dz * covariates[j] / scale);
        gradient[4] -= 1.0 + dz * z;
    }
    value
}

#[test]
fn five_parameters_of_a_regression_take_at_most_thirty_evaluations() {
    let mut scale = [0.0; 5];
    let start = vec![0.0; 5];
    student_regression(&start, &mut scale);
    let scale = scale.iter().fold(0.0, |a: f64, g| a.max(g.abs()));
    let optimum = run(student_regression, &[start], 1e-5 * scale).unwrap();
    assert!(optimum.converged && optimum.evaluations <= 30, "{} evaluations", optimum.evaluations);
}

/// Round-off in the value, and a thousandth of it in the gradient.
#[test]
fn round_off_near_the_optimum_does_not_stop_the_search() {
    for level in [1e3, 1e6] {
        for relative in [1e-12, 1e-9] {
            let noisy = |x: &[f64], gradient: &mut [f64]| {
                let value = student_regression(x, gradient) - level;
                gradient[0] += 1e-12 * level * round_off(&[x[1], x[0]]);
                value * (1.0 + relative * round_off(x))
            };
            let optimum = run(noisy, &[vec![0.0; 5]], 1e-4).unwrap();
            assert!(optimum.converged, "{:?}", optimum.starts);
            assert!(optimum.evaluations <= 45, "{} evaluations", optimum.evaluations);

            let stiff = quadratic(1e4, level);
            let noisy = |x: &[f64], gradient: &mut [f64]| {
                stiff(x, gradient) * (1.0 + relative * round_off(x))
            };
            let optimum = run(noisy, &[vec![0.0; 5]], 1e-4).unwrap();
            assert!(optimum.converged, "{:?}", optimum.starts);
        }
    }
}

/// A tolerance below the noise in the gradient cannot be met; the search says so, and soon.
#[test]
fn a_tolerance_below_the_round_off_ends_unconverged() {
    let noisy = |x: &[f64], gradient: &mut [f64]| {
        let value = quadratic(100.0, 1e6)(x, gradient);
        for (i, g) in gradient.iter_mut().enumerate() {
            *g += 1e-3 * round_off(&[x[0], x[1], i as f64]);
        }
        value * (1.0 + 1e-9 * round_off(x))
    };
    let optimum = run(noisy, &[vec![0.0; 3]], 1e-7).unwrap();
    assert!(!optimum.converged);
    assert!(optimum.starts[0].gradient_norm < 1e-2, "{:?}", optimum.starts);
    assert!(optimum.evaluations < 150, "{} evaluations", optimum.evaluations);
}

/// The support ends between the start and where the first steps lead, and close to the optimum.
#[test]
fn walls_are_stepped_back_from() {
    for (distance, bound) in [(1.0, 12), (1e-1, 12), (1e-3, 70)] {
        let walled = |x: &[f64], gradient: &mut [f64]| {
            gradient.fill(f64::NAN);
            if x[0] > 0.3 + distance || x[1] < 0.3 - distance {
                return f64::NEG_INFINITY;
            }
            quadratic(50.0, 0.0)(x, gradient)
        };
        let optimum = run(walled, &[vec![-4.0, 9.0]], 1e-6).unwrap();
        assert!(optimum.converged && optimum.evaluations <= bound, "{optimum:?}");
    }
}

/// With the optimum on the wall there is no zero gradient: it must end near the wall, unconverged.
#[test]
fn an_optimum_on_the_wall_is_approached_and_not_called_converged() {
    let cut = |x: &[f64], gradient: &mut [f64]| {
        gradient[0] = 1.0;
        gradient[1] = -x[1];
        if x[0] > 2.0 { f64::NEG_INFINITY } else { x[0] - 0.5 * x[1] * x[1] }
    };
    let optimum = run(cut, &[vec![0.0, 1.0]], 1e-6).unwrap();
    assert!(!optimum.converged);
    assert!(optimum.value > 1.99 && optimum.value.is_finite(), "{optimum:?}");
    assert!(optimum.evaluations < 100, "{} evaluations", optimum.evaluations);
}

#[test]
fn values_that_are_not_a_number_count_as_outside() {
    let treacherous = |x: &[f64], gradient: &mut [f64]| {
        gradient[0] = 0.5 / x[0] - 1.0;
        gradient[1] = -x[1];
        0.5 * x[0].ln() - x[0] - 0.5 * x[1] * x[1]
    };
    let optimum = run(treacherous, &[vec![3.0, 40.0]], 1e-8).unwrap();
    assert!(optimum.converged && (optimum.x[0] - 0.5).abs() < 1e-7);
    assert!(optimum.gradient.iter().all(|g| g.is_finite()));
}

/// Two modes, at −2 and 2, the right one higher by e; beyond ±10 nothing.
fn two_modes(x: &[f64], gradient: &mut [f64]) -> f64 {
    let (left, right) = (-0.5 * (x[0] + 2.0).powi(2), 1.0 - 0.5 * (x[0] - 2.0).powi(2));
    let top = left.max(right);
    let sum = (left - top).exp() + (right - top).exp();
    let weight = (right - top).exp() / sum;
    gradient[0] = -(1.0 - weight) * (x[0] + 2.0) - weight * (x[0] - 2.0);
    if x[0].abs() > 10.0 { f64::NEG_INFINITY } else { top + sum.ln() }
}

#[test]
fn the_highest_mode_wins_and_every_start_is_reported() {
    let starts = [vec![11.0], vec![-3.0], vec![3.0], vec![-2.5], vec![2.5]];
    let optimum = run(two_modes, &starts, 1e-8).unwrap();
    assert_eq!(optimum.starts.len(), 5);
    assert!(optimum.start == 2 || optimum.start == 4);
    assert!((optimum.x[0] - 2.0).abs() < 0.01);
    assert_eq!(optimum.value, optimum.starts[optimum.start].value);
    let outside = &optimum.starts[0];
    assert_eq!((outside.value, outside.gradient_norm), (f64::NEG_INFINITY, f64::INFINITY));
    assert_eq!((outside.evaluations, outside.converged), (1, false));
    assert!(optimum.starts[1].converged && optimum.starts[1].value < 0.01);
}

#[test]
fn ties_go_to_the_first_start() {
    let optimum = run(two_modes, &[vec![-3.0], vec![3.0], vec![3.0]], 1e-8).unwrap();
    assert_eq!(optimum.start, 1);
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let starts: Vec<_> = (0..7).map(|i| vec![i as f64 - 3.0, 0.5 * i as f64, 1.0]).collect();
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run(rosenbrock, &starts, 1e-6).unwrap())
    };
    let one = with(1);
    assert!(one.converged);
    assert_eq!(one, with(3));
}

#[test]
fn progress_comes_once_an_iteration_and_can_stop() {
    let reports = std::sync::Mutex::new(vec![]);
    let make = || Function { dim: 2, function: rosenbrock };
    let options = MaximizeOptions::default();
    let optimum = maximize(&make, &[vec![-1.2, 1.0]], &options, &|p| {
        reports.lock().unwrap().push(p.clone());
        if p.iteration == 5 { Break(()) } else { Continue(()) }
    })
    .unwrap();
    let reports = reports.into_inner().unwrap();
    assert_eq!(reports.iter().map(|p| p.iteration).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    assert!(reports.windows(2).all(|w| w[0].value < w[1].value), "{reports:?}");
    assert!(!optimum.converged);
    assert_eq!((optimum.value, optimum.iterations), (reports[5].value, 5));
}

#[test]
fn a_break_ends_every_start_and_those_that_have_not_begun() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let make = || Function { dim: 1, function: two_modes };
    let starts = [vec![-3.0], vec![2.5]];
    let stop = |_: &Progress| Break(());
    let optimum =
        pool.install(|| maximize(&make, &starts, &MaximizeOptions::default(), &stop)).unwrap();
    assert_eq!((optimum.start, &optimum.x, optimum.converged), (0, &vec![-3.0], false));
    let evaluations: Vec<usize> = optimum.starts.iter().map(|s| s.evaluations).collect();
    assert_eq!(evaluations, [1, 0]);
    assert!(optimum.starts.iter().all(|s| !s.converged));
}

#[test]
fn iterations_are_limited() {
    let make = || Function { dim: 2, function: rosenbrock };
    let options = MaximizeOptions { max_iterations: 3, ..Default::default() };
    let optimum = maximize(&make, &[vec![-1.2, 1.0]], &options, &silent).unwrap();
    assert_eq!((optimum.iterations, optimum.converged), (3, false));
}

#[test]
fn what_cannot_start_says_what_to_try() {
    let nowhere = |_: &[f64], _: &mut [f64]| f64::NEG_INFINITY;
    let message = |starts: &[Vec<f64>]| {
        let make = || Function { dim: 2, function: nowhere };
        match maximize(&make, starts, &MaximizeOptions::default(), &silent) {
            Err(Error::Inference(message)) => message,
            other => panic!("{other:?}"),
        }
    };
    let all = message(&[vec![0.0; 2], vec![1.0; 2]]);
    assert!(all.contains("every start (2 tried)") && all.contains("inference.start"), "{all}");
    assert!(message(&[]).contains("at least one"));
    assert!(message(&[vec![0.0; 2], vec![1.0]]).contains("start 1 has 1 numbers"));
    assert!(message(&[vec![0.0, f64::NAN]]).contains("start 0 has NaN as number 1"));
}

#[test]
fn known_curvature_saves_evaluations() {
    let make = || Quadratic { curvatures: vec![1.0, 30.0, 900.0, 1e4] };
    let options = MaximizeOptions { tolerance: 1e-6, ..Default::default() };
    let first = maximize(&make, &[vec![1.0, -1.0, 2.0, 0.5]], &options, &silent).unwrap();
    // A density ten times as sharp, from a place nearby.
    let sharper = || Quadratic { curvatures: vec![10.0, 300.0, 9e3, 1e5] };
    let start = vec![vec![0.1, 0.05, -0.02, 0.01]];
    let cold = maximize(&sharper, &start, &options, &silent).unwrap();
    let curvature = Some(first.curvature.scaled(10.0));
    let warm =
        maximize(&sharper, &start, &MaximizeOptions { curvature, ..options }, &silent).unwrap();
    assert!(warm.converged && cold.converged);
    assert!(2 * warm.evaluations < cold.evaluations, "{} {}", warm.evaluations, cold.evaluations);
}

/// −½ Σ cᵢ xᵢ².
struct Quadratic {
    curvatures: Vec<f64>,
}

impl LogDensity for Quadratic {
    fn dim(&self) -> usize {
        self.curvatures.len()
    }

    fn log_density_gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
        for ((g, c), x) in gradient.iter_mut().zip(&self.curvatures).zip(x) {
            *g = -c * x;
        }
        0.5 * x.iter().zip(gradient.iter()).map(|(x, g)| x * g).sum::<f64>()
    }
}
