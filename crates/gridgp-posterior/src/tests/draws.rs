//! Joint draws.

use faer::Mat;
use gridgp_dense::symmetric_eigen;

use super::*;

/// Draws against the dense mean and covariance, jointly: in the eigenbasis of the covariance, over
/// the roots of its eigenvalues, they are independent standard normal numbers.
fn check_draws(want: &Dense, draws: &[f64], count: usize, what: &str) {
    let m = want.mean.len();
    assert_eq!(draws.len(), m * count);
    let (values, vectors) = symmetric_eigen(want.covariance.as_ref()).unwrap();
    let zero = 1e-10 * values[m - 1];
    let centered = Mat::from_fn(m, count, |i, draw| draws[draw * m + i] - want.mean[i]);
    let mut z = vectors.transpose() * centered;
    for i in 0..m {
        let root = values[i].max(zero).sqrt();
        z.row_mut(i).iter_mut().for_each(|v| *v /= root);
    }
    // Where the posterior is certain, so are the draws: their standard deviation is below 1e-8.
    let first = values.iter().filter(|&&v| v <= zero).count();
    let certain = z.subrows(0, first).norm_max() * zero.sqrt();
    assert!(certain < 1e-6, "{what}: {certain} off where nothing is open");
    let (z, r, n) = (z.subrows(first, m - first), m - first, count as f64);
    let covariance = z * z.transpose() * faer::Scale(1.0 / n);
    let mut scores: Vec<f64> = (0..r).map(|i| z.row(i).sum() / n.sqrt()).collect();
    for i in 0..r {
        scores.push((covariance[(i, i)] - 1.0) * (n / 2.0).sqrt());
        scores.extend((0..i).map(|j| covariance[(i, j)] * n.sqrt()));
    }
    // Asymptotically independent and standard normal.
    assert!(scores.iter().all(|s| s.abs() < 4.5), "{what}: {scores:?}");
    let average = scores.iter().map(|s| s * s).sum::<f64>() / scores.len() as f64;
    let error = (2.0 / scores.len() as f64).sqrt();
    assert!((average - 1.0).abs() < 4.5 * error, "{what}: {average}, {} scores", scores.len());
}

#[test]
fn draws_have_the_joint_posterior_covariance() {
    const COUNT: usize = 20_000;
    let mut models = vec![small()];
    for i in [1, 2, 5, 6] {
        let (_, fields, location) = STRUCTURES[i];
        models.push(model(&structure(fields, location, true), data(4, 3, 2)));
        let holes = without(data(4, 3, 2), [0, 7, 8, 20]);
        models.push(model(&structure(fields, location, false), holes));
    }
    for (i, m) in models.iter().enumerate() {
        let theta = medians(m);
        let conditional = Conditional::new(m, &theta).unwrap();
        let place = few_places();
        let (points, columns) = scattered(&place.grid, &place.covariates);
        let want = dense(m, &theta, &points, &columns);
        let draws = conditional.draws_on_grid(&place, COUNT, 7).unwrap();
        check_draws(&want, &draws, COUNT, &format!("model {i}, grid"));
        let draws = conditional.draws_at_points(&points, &columns, COUNT, 8).unwrap();
        check_draws(&want, &draws, COUNT, &format!("model {i}, points"));
    }
}

#[test]
fn a_draw_depends_on_its_seed_and_number_alone() {
    let text = format!(
        "{HEAD}[fields.f]\nx = 'matern32(lengthscale = 3)'\nt = 'matern52(lengthscale = 4)'\n\
         [likelihood]\nfamily = 'gaussian'\nlocation = 'f'\n"
    );
    // Large enough that products and eigenproblems are split among threads.
    let m = model(&text, data(90, 90, 1));
    let conditional = Conditional::new(&m, &[1.3, 0.4]).unwrap();
    let even = |n: usize, step: f64| (0..n).map(|i| 0.1 + step * i as f64).collect();
    let place = Place { grid: grid(even(90, 0.7), even(80, 0.9), stations(2)), covariates: vec![] };
    let at: Vec<Points> = [1, 1, 2]
        .iter()
        .map(|&p| Points::new((0..300 * p).map(|i| (i as f64 * 0.37) % 40.0).collect(), p))
        .collect();
    let both = |count: usize, seed: u64| {
        (
            conditional.draws_on_grid(&place, count, seed).unwrap(),
            conditional.draws_at_points(&at, &[], count, seed).unwrap(),
        )
    };
    let run = |threads: usize, count: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| both(count, 3))
    };
    let three = run(1, 3);
    assert!(three == run(2, 3) && three == run(5, 3), "threads change a draw");
    let two = run(2, 2);
    assert_eq!(two.0, three.0[..two.0.len()]);
    assert_eq!(two.1, three.1[..two.1.len()]);
    let other = both(2, 4);
    assert!(two.0.iter().zip(&other.0).all(|(a, b)| a != b));
    assert!(two.1.iter().zip(&other.1).all(|(a, b)| a != b));
    let half = two.0.len() / 2;
    assert!(two.0[..half].iter().zip(&two.0[half..]).all(|(a, b)| a != b));
}

#[test]
fn too_many_scattered_points_cannot_be_drawn_jointly() {
    let m = small();
    let conditional = Conditional::new(&m, &medians(&m)).unwrap();
    let at = |count: usize| -> Vec<Points> {
        [1, 1, 2].iter().map(|&p| Points::new(vec![0.5; count * p], p)).collect()
    };
    let covariates =
        |count: usize| ["gmst", "height"].map(|name| (name.to_owned(), vec![0.2; count])).to_vec();
    let draw = |count: usize| conditional.draws_at_points(&at(count), &covariates(count), 1, 0);
    let e = draw(4097).unwrap_err();
    assert!(matches!(e, gridgp_grid::Error::TooLarge(_)) && e.to_string().contains("4097"), "{e}");
    assert!(draw(0).unwrap().is_empty());
    // Points that coincide have a singular covariance, and the same value in every draw.
    let same = draw(3).unwrap();
    assert!((same[0] - same[1]).abs() < 1e-6 && (same[0] - same[2]).abs() < 1e-6, "{same:?}");
}
