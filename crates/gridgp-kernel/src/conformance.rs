//! What every kernel must satisfy; run it on your own [`Covariance`].

use faer::{Mat, MatMut};
use gridgp_dense::{product, symmetric_eigen};
use gridgp_grid::Points;

use super::{Block, BlockBar, Covariance};

/// Checks a kernel at these points and parameters.
///
/// The Gram matrix is finite, exactly symmetric and positive semidefinite; `cross` and `diagonal`
/// agree with it; features reproduce it; both pullbacks agree with finite differences and add to
/// what they find; a state space has the same covariance, and its derivatives are right; and the
/// declared facts (parameter count, stationary, unit diagonal, rank bound) hold. Coordinates and θ should be of order 1, with few periods between the points; θ at the end
/// of its support is allowed.
///
/// # Panics
/// At the first disagreement, with a message that names it.
///
/// # Example
/// ```
/// use gridgp_grid::Points;
/// use gridgp_kernel::{Kernel, KernelOptions, conformance::check_kernel};
///
/// let kernel = Kernel::from_name("periodic", &KernelOptions::of(["day"]))?;
/// check_kernel(&kernel, &Points::line(&[0.0, 0.3, 1.1]), &[2.0, 0.7]);
/// # Ok::<(), String>(())
/// ```
pub fn check_kernel(kernel: &dyn Covariance, points: &Points, theta: &[f64]) {
    let parameters = kernel.parameters();
    assert_eq!(parameters.len(), theta.len(), "theta does not match the parameters");
    assert_eq!(kernel.parameter_count(), theta.len(), "wrong parameter_count");
    for (parameter, &value) in parameters.iter().zip(theta) {
        assert!(parameter.role.admits(value), "{} = {value} is not legal", parameter.name);
    }
    check_matrices(kernel, points, theta);
    check_facts(kernel, points, theta);
    check_gram_vjp(kernel, points, theta);
    check_features(kernel, points, theta);
    check_state_space(kernel, points, theta);
}

fn gram(kernel: &dyn Covariance, x: &Points, theta: &[f64]) -> Mat<f64> {
    written(x.len(), x.len(), |out| kernel.gram(x, theta, out))
}

/// A matrix that `write` must fill: what it leaves out stays NaN.
fn written(n: usize, m: usize, write: impl FnOnce(MatMut<'_, f64>)) -> Mat<f64> {
    let mut out = Mat::full(n, m, f64::NAN);
    write(out.as_mut());
    assert!(out.col_iter().all(|c| c.iter().all(|v| v.is_finite())), "not finite: {out:?}");
    out
}

/// The largest |entry|, at least the smallest positive number.
fn size(matrix: &Mat<f64>) -> f64 {
    largest(matrix).max(f64::MIN_POSITIVE)
}

fn largest(matrix: &Mat<f64>) -> f64 {
    // `max` would drop NaN.
    let entries = matrix.col_iter().flat_map(|c| c.iter());
    entries.fold(0.0, |m: f64, v| if m.is_nan() || v.abs() <= m { m } else { v.abs() })
}

fn assert_close(a: &Mat<f64>, b: &Mat<f64>, tolerance: f64, what: &str) {
    let difference = largest(&(a - b));
    assert!(difference <= tolerance * size(b), "{what} differs by {difference:e}: {a:?} and {b:?}");
}

fn check_matrices(kernel: &dyn Covariance, x: &Points, theta: &[f64]) {
    let n = x.len();
    let gram = gram(kernel, x, theta);
    assert_eq!(gram, gram.transpose().to_owned(), "gram is not exactly symmetric");

    let eigenvalues = symmetric_eigen(gram.as_ref()).expect("gram is finite").0;
    let (smallest, largest) = (eigenvalues[0], eigenvalues[n - 1]);
    assert!(smallest >= -1e-10 * size(&gram), "not positive semidefinite: {smallest:e}");
    let rank = eigenvalues.iter().filter(|&&e| e > 1e-10 * largest).count();
    let bound = kernel.rank_bound(x);
    assert!(rank <= bound, "rank {rank} but the declared bound is {bound}");

    let cross = written(n, n, |out| kernel.cross(x, x, theta, out));
    assert_close(&cross, &gram, 1e-12, "cross(x, x)");
    // Fewer columns than rows: catches x and y exchanged.
    let some: Vec<f64> = (0..n.div_ceil(2)).flat_map(|i| x.row(i).to_vec()).collect();
    let some = Points::new(some, x.dims());
    let cross = written(n, some.len(), |out| kernel.cross(x, &some, theta, out));
    assert_close(&cross, &gram.subcols(0, some.len()).to_owned(), 1e-12, "cross(x, y)");

    let mut diagonal = vec![f64::NAN; n];
    kernel.diagonal(x, theta, &mut diagonal);
    let diagonal = Mat::from_fn(n, 1, |i, _| diagonal[i]);
    let expected = Mat::from_fn(n, 1, |i, _| gram[(i, i)]);
    assert_close(&diagonal, &expected, 1e-12, "diagonal");
}

fn check_facts(kernel: &dyn Covariance, x: &Points, theta: &[f64]) {
    let gram = gram(kernel, x, theta);
    if kernel.has_unit_diagonal() {
        for i in 0..x.len() {
            let k = gram[(i, i)];
            assert!((k - 1.0).abs() < 1e-12, "declared a unit diagonal but k(x, x) = {k}");
        }
    }
    if kernel.is_stationary() {
        let shifted = (0..x.len())
            .flat_map(|i| x.row(i).iter().enumerate().map(|(c, x)| x + 0.5 * (c + 1) as f64));
        let shifted = Points::new(shifted.collect(), x.dims());
        let after = self::gram(kernel, &shifted, theta);
        assert_close(&after, &gram, 1e-10, "declared stationary, but after a shift gram");
    }
}

/// Numbers in (−1, 1) without a pattern.
fn arbitrary(i: usize, j: usize) -> f64 {
    (1.0 + 12.9898 * i as f64 + 78.233 * j as f64).sin()
}

/// Σ A ⊙ B.
fn inner(a: &Mat<f64>, b: &Mat<f64>) -> f64 {
    let columns = a.col_iter().zip(b.col_iter());
    columns.map(|(a, b)| a.iter().zip(b.iter()).map(|(a, b)| a * b).sum::<f64>()).sum()
}

fn check_gram_vjp(kernel: &dyn Covariance, x: &Points, theta: &[f64]) {
    let bar = Mat::from_fn(x.len(), x.len(), |i, j| arbitrary(i.max(j), i.min(j)));
    let pullback = |out: &mut [f64]| kernel.gram_vjp(x, theta, bar.as_ref(), out);
    let at = |theta: &[f64]| gram(kernel, x, theta);
    compare_gradient(kernel, theta, &bar, at, pullback, "gram_vjp");
}

fn check_features(kernel: &dyn Covariance, x: &Points, theta: &[f64]) {
    let features = kernel.features(x, theta);
    assert_eq!(features.as_ref().map(Mat::ncols), kernel.feature_count(), "feature_count");
    let Some(features) = features else { return };
    let product = product(features.as_ref(), features.transpose());
    assert_close(&product, &gram(kernel, x, theta), 1e-12, "F Fᵀ");

    let bar = Mat::from_fn(features.nrows(), features.ncols(), arbitrary);
    let pullback = |out: &mut [f64]| kernel.features_vjp(x, theta, bar.as_ref(), out);
    let at = |theta: &[f64]| kernel.features(x, theta).expect("features at any theta");
    compare_gradient(kernel, theta, &bar, at, pullback, "features_vjp");
}

/// Compares a pullback with finite differences of ⟨bar, at(θ)⟩ of fourth order.
fn compare_gradient(
    kernel: &dyn Covariance,
    theta: &[f64],
    bar: &Mat<f64>,
    at: impl Fn(&[f64]) -> Mat<f64>,
    pullback: impl Fn(&mut [f64]),
    what: &str,
) {
    // Where it starts must not matter: a pullback adds.
    let mut gradient = vec![3.0; theta.len()];
    pullback(&mut gradient);
    for (j, parameter) in kernel.parameters().iter().enumerate() {
        let value = gradient[j] - 3.0;
        assert!(value.is_finite(), "{what}: {} is {value}", parameter.name);
        let unit = if theta[j] == 0.0 { 1.0 } else { theta[j].abs() };
        let step = 1e-4 * unit;
        let moved = |steps: f64| {
            let mut theta = theta.to_vec();
            theta[j] += steps * step;
            inner(bar, &at(&theta))
        };
        let difference = if parameter.role.admits(theta[j] - 2.0 * step) {
            (8.0 * (moved(1.0) - moved(-1.0)) - (moved(2.0) - moved(-2.0))) / (12.0 * step)
        } else if what == "gram_vjp" {
            let weights = [-25.0, 48.0, -36.0, 16.0, -3.0];
            (0..5).map(|i| weights[i] * moved(i as f64)).sum::<f64>() / (12.0 * step)
        } else {
            continue; // Features may contain √θ, without a derivative at 0.
        };
        let natural = (bar.norm_l1() * size(&at(theta)) / unit).max(1e-8);
        assert!(
            (value - difference).abs() <= 1e-8 * natural,
            "{what}: {} is {value} but finite differences give {difference}",
            parameter.name
        );
    }
}

fn check_state_space(kernel: &dyn Covariance, x: &Points, theta: &[f64]) {
    let Some(form) = kernel.state_space() else { return };
    let blocks = form.blocks(theta).expect("blocks at any theta");
    let sizes: Vec<usize> = blocks.iter().map(Block::size).collect();
    if !form.has_cosines() {
        assert_eq!(sizes, form.block_sizes(0), "sizes of the blocks");
    }
    let times: Vec<f64> =
        (0..x.len()).map(|i| form.column().map_or(0.0, |c| x.row(i)[c])).collect();
    let covariance = Mat::from_fn(x.len(), x.len(), |i, j| {
        let step = (times[i] - times[j]).abs();
        let of = |b: &Block| {
            let m = b.size();
            let (a, p) =
                (square(m, |out| b.transition(step, out)), square(m, |out| b.stationary(out)));
            let first: f64 = (0..m).map(|k| a[(0, k)] * p[(k, 0)]).sum();
            b.loading(times[i]) * b.loading(times[j]) * first
        };
        blocks.iter().map(of).sum()
    });
    assert_close(&covariance, &gram(kernel, x, theta), 1e-12, "the covariance of the states");
    for b in &blocks {
        check_noise(b);
    }
    // Weights without a pattern for gains, centers and rates.
    let weights = |b: usize| BlockBar {
        gain: arbitrary(b, 0),
        centers: (0..blocks[b].centers.len()).map(|i| arbitrary(b, 1 + i)).collect(),
        rates: (0..blocks[b].factors.len()).map(|i| arbitrary(b, 11 + i)).collect(),
    };
    let bars: Vec<BlockBar> = (0..blocks.len()).map(weights).collect();
    let value = |theta: &[f64]| {
        let moved = form.blocks(theta).expect("blocks at any theta");
        let terms = moved.iter().zip(&bars).map(|(b, w)| {
            let centers: f64 = b.centers.iter().zip(&w.centers).map(|(c, w)| c * w).sum();
            let rates: f64 = b.factors.iter().zip(&w.rates).map(|(f, w)| f.rate() * w).sum();
            b.gain * w.gain + centers + rates
        });
        // What comes and goes at the end of a sum of cosines counts nothing here.
        terms.take(blocks.len()).sum::<f64>()
    };
    let mut gradient = vec![3.0; theta.len()];
    form.blocks_vjp(theta, &blocks, &bars, &mut gradient);
    for (j, bar) in gradient.iter().enumerate() {
        let step = 1e-4 * if theta[j] == 0.0 { 1.0 } else { theta[j].abs() };
        let moved = |steps: f64| {
            let mut theta = theta.to_vec();
            theta[j] += steps * step;
            value(&theta)
        };
        let difference =
            (8.0 * (moved(1.0) - moved(-1.0)) - (moved(2.0) - moved(-2.0))) / (12.0 * step);
        let natural = difference.abs().max(bar.abs()).max(1.0);
        assert!(
            (bar - 3.0 - difference).abs() <= 1e-7 * natural,
            "blocks_vjp: {} is {} but finite differences give {difference}",
            kernel.parameters()[j].name,
            bar - 3.0
        );
    }
}

/// Q = P − A P Aᵀ.
fn check_noise(b: &Block) {
    let m = b.size();
    let p = square(m, |out| b.stationary(out));
    for step in [0.0, 1e-3, 0.4, 7.0] {
        let a = square(m, |out| b.transition(step, out));
        let kept = product(product(a.as_ref(), p.as_ref()).as_ref(), a.transpose());
        let noise = square(m, |out| b.noise(step, out));
        assert!(
            largest(&(&p - &kept - &noise)) < 1e-14,
            "the noise of a step of {step}: {noise:?}"
        );
    }
}

fn square(m: usize, write: impl FnOnce(&mut [f64])) -> Mat<f64> {
    let mut values = vec![f64::NAN; m * m];
    write(&mut values);
    Mat::from_fn(m, m, |i, j| values[i * m + j])
}
