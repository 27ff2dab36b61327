//! Every algebra conditions alike.

use gridgp_model::spec::Algebra;

use super::*;

/// The model by another algebra.
pub(super) fn by(m: &Model, algebra: Algebra) -> Model {
    let mut m = m.clone();
    m.spec.inference.algebra = algebra;
    m
}

/// Largest difference beside the largest number.
fn apart(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let largest = b.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / largest
}

/// A mask that is the same along t, and one more cell.
pub(super) fn masked(more: &[usize]) -> Model {
    let land = (0..60).filter(|c| [0, 2].contains(&(c % 3)) && c / 12 % 2 == 0);
    let text = format!(
        "{HEAD}[fields.f]\nx = 'matern32()'\nt = 'matern12()'\ns = 'matern52()'\n[likelihood]\n\
         family = 'gaussian'\nlocation = '0.3 + f * gmst'\n"
    );
    model(&text, without(data(5, 4, 3), land.chain(more.iter().copied())))
}

/// A mask that is the same along t and s, neither of them a Markov process: filters along x.
pub(super) fn coast() -> Model {
    let land = (0..180).filter(|c| (c / 12 + 2 * (c % 3)) % 4 == 1);
    let text = format!(
        "{HEAD}[fields.f]\nx = 'matern52()'\nt = 'rational_quadratic()'\ns = 'rational_quadratic()'\n\
         [likelihood]\nfamily = 'gaussian'\nlocation = '0.3 + f * gmst'\n"
    );
    model(&text, without(data(15, 4, 3), land))
}

/// No cell missing but at one t: a filter for each eigenvector of the sites.
pub(super) fn complete() -> Model {
    let text = format!(
        "{HEAD}[fields.f]\nx = 'matern32()'\nt = 'matern12() + linear(center = 3)'\ns = 'matern52()'\n\
         [likelihood]\nfamily = 'gaussian'\nlocation = '0.3 + f * gmst'\n"
    );
    model(&text, without(data(5, 4, 3), (0..60).filter(|c| c / 3 % 4 == 1)))
}

#[test]
fn places_and_gaps_predict_as_the_covariance_written_out() {
    for (m, algebra) in [
        (masked(&[]), Algebra::Spectral),
        (masked(&[13, 22]), Algebra::Complement),
        (masked(&[13, 22]), Algebra::StateSpace),
        (masked(&[]), Algebra::StateSpace),
        (coast(), Algebra::StateSpace),
        (complete(), Algebra::StateSpace),
    ] {
        let theta = medians(&m);
        let (dense, other) = (by(&m, Algebra::Dense), by(&m, algebra));
        let dense = Conditional::new(&dense, &theta).unwrap();
        let other = Conditional::new(&other, &theta).unwrap();
        for place in [elsewhere(), dense.here()] {
            let known =
                if place.covariates.is_empty() { &m.data.covariates } else { &place.covariates };
            let (points, columns) = scattered(&place.grid, known);
            for (got, want) in [
                (other.on_grid(&place).unwrap(), dense.on_grid(&place).unwrap()),
                (
                    other.at_points(&points, &columns).unwrap(),
                    dense.at_points(&points, &columns).unwrap(),
                ),
            ] {
                assert!(apart(&got.mean, &want.mean) < 1e-9);
                assert!(apart(&got.sd, &want.sd) < 1e-8);
                assert!(apart(&got.sd_observation, &want.sd_observation) < 1e-8);
            }
            // The same random numbers, and so the same draws but for the noise of missing cells.
            let draws = other.draws_on_grid(&place, 2000, 3).unwrap();
            check_moments(&draws, &dense.on_grid(&place).unwrap());
            let draws = other.draws_at_points(&points, &columns, 2000, 3).unwrap();
            check_moments(&draws, &dense.at_points(&points, &columns).unwrap());
        }
    }
}

/// Means and standard deviations of draws, within five standard errors.
fn check_moments(draws: &[f64], moments: &Moments) {
    let cells = moments.mean.len();
    let count = (draws.len() / cells) as f64;
    for (i, (m, sd)) in moments.mean.iter().zip(&moments.sd).enumerate() {
        let values = || draws.iter().skip(i).step_by(cells);
        let mean = values().sum::<f64>() / count;
        assert!((mean - m).abs() <= 5.0 * sd / count.sqrt() + 1e-9, "{i}: {mean} {m}");
        let square = values().map(|v| (v - m).powi(2)).sum::<f64>() / count;
        let error = 5.0 / (2.0 * count).sqrt();
        assert!((square.sqrt() - sd).abs() <= error * sd + 1e-7, "{i}: {} {sd}", square.sqrt());
    }
}

/// Three fields, one of them times a covariate, and known standard deviations.
pub(super) fn several(n: usize) -> Model {
    let text = format!(
        "{HEAD}[fields.f]\nx = 'matern32()'\nt = 'matern12()'\n[fields.g]\ns = 'matern52()'\n\
         [fields.h]\nx = 'matern12()'\n[likelihood]\nfamily = 'gaussian'\n\
         location = '0.3 + f + g * gmst + h'\nscale = 'sqrt(0.1 + height^2)'\n"
    );
    model(&text, without(data(n, 5, 3), (0..15 * n).step_by(7)))
}

#[test]
fn conjugate_gradients_predict_as_the_covariance_written_out() {
    let m = several(6);
    let theta = medians(&m);
    let (dense, other) = (by(&m, Algebra::Dense), by(&m, Algebra::Iterative));
    let dense = Conditional::new(&dense, &theta).unwrap();
    let other = Conditional::new(&other, &theta).unwrap();
    for text in ["f", "g * gmst", "g + h"] {
        let about = |c: &Conditional<'_>| {
            let c = c.clone().about(m.combination(text).unwrap()).unwrap();
            c.on_grid(&elsewhere()).unwrap()
        };
        let (got, want) = (about(&other), about(&dense));
        assert!(apart(&got.mean, &want.mean) < 1e-5, "{text}");
        assert!(apart(&got.sd, &want.sd) < 1e-5, "{text}");
        assert!(got.sd_observation.is_empty());
    }
    let twice = dense.clone().about(m.combination("f + f * gmst").unwrap());
    assert!(twice.unwrap_err().to_string().contains("more than once"));
    let (points, columns) = scattered(&elsewhere().grid, &elsewhere().covariates);
    let (got, want) =
        (other.at_points(&points, &columns).unwrap(), dense.at_points(&points, &columns).unwrap());
    assert!(apart(&got.mean, &want.mean) < 1e-5 && apart(&got.sd, &want.sd) < 1e-5);
    let draws = other.draws_on_grid(&elsewhere(), 1000, 5).unwrap();
    check_moments(&draws, &dense.on_grid(&elsewhere()).unwrap());
}

#[test]
fn standard_deviations_of_many_cells_are_from_draws_and_say_so() {
    let m = several(20);
    let theta = medians(&m);
    let (dense, other) = (by(&m, Algebra::Dense), by(&m, Algebra::Iterative));
    let dense = Conditional::new(&dense, &theta).unwrap();
    let other = Conditional::new(&other, &theta).unwrap();
    let cells = m.data.grid.len();
    assert!(dense.sd_error(cells) == 0.0 && other.sd_error(256) == 0.0);
    let (got, want) =
        (other.on_grid(&other.here()).unwrap(), dense.on_grid(&dense.here()).unwrap());
    let error = other.sd_error(cells);
    let squares = got.sd.iter().zip(&want.sd).map(|(a, b)| (a / b - 1.0).powi(2)).sum::<f64>();
    let found = (squares / cells as f64).sqrt();
    assert!((0.5..1.5).contains(&(found / error)), "{found} {error}");
}

/// One site, several fields: a filter of few states.
fn series() -> Model {
    let text = format!(
        "{HEAD}[fields.f]\nx = 'matern32() * cosine(period = 2)'\n[fields.g]\nx = 'matern12()'\n\
         [fields.h]\nx = 'linear(center = 1) + 0.3^2 * periodic(period = 1.5, lengthscale = 1)'\n\
         [fields.k]\nt = 'matern32()'\n[likelihood]\nfamily = 'gaussian'\n\
         location = '0.3 + f + g * both + h + k'\nscale = 'exp(0.4 * both - 1)'\n"
    );
    model(&text, without(data(20, 1, 1), (0..20).step_by(7)))
}

#[test]
fn filters_and_sparse_precisions_predict_as_the_covariance_written_out() {
    for (m, algebra, combinations) in [
        (several(6), Algebra::StateSpace, ["f", "g * gmst", "g + h"]),
        (series(), Algebra::StateSpace, ["f", "g * both", "f + h + k"]),
        (markov(), Algebra::Sparse, ["f", "g * gmst", "f + g"]),
    ] {
        let theta = medians(&m);
        let (dense, other) = (by(&m, Algebra::Dense), by(&m, algebra));
        let dense = Conditional::new(&dense, &theta).unwrap();
        let other = Conditional::new(&other, &theta).unwrap();
        let place = elsewhere();
        for text in combinations {
            let about = |c: &Conditional<'_>| {
                let c = c.clone().about(m.combination(text).unwrap()).unwrap();
                c.on_grid(&place).unwrap()
            };
            let (got, want) = (about(&other), about(&dense));
            assert!(apart(&got.mean, &want.mean) < 1e-9, "{text}");
            assert!(apart(&got.sd, &want.sd) < 1e-8, "{text}: {:?} {:?}", got.sd, want.sd);
            assert!(got.sd_observation.is_empty());
        }
        let (points, columns) = scattered(&place.grid, &place.covariates);
        for (got, want) in [
            (other.on_grid(&place).unwrap(), dense.on_grid(&place).unwrap()),
            (
                other.at_points(&points, &columns).unwrap(),
                dense.at_points(&points, &columns).unwrap(),
            ),
        ] {
            assert!(apart(&got.mean, &want.mean) < 1e-9 && apart(&got.sd, &want.sd) < 1e-8);
            assert!(apart(&got.sd_observation, &want.sd_observation) < 1e-8);
        }
        let draws = other.draws_on_grid(&place, 2000, 5).unwrap();
        check_moments(&draws, &dense.on_grid(&place).unwrap());
        // Correlations of draws between cells, from those of points that are the cells.
        let cells = draws.len() / 2000;
        let theirs = dense.draws_at_points(&points, &columns, 2000, 6).unwrap();
        let own = other.draws_at_points(&points, &columns, 2000, 7).unwrap();
        let covariance = |draws: &[f64], i: usize, j: usize| {
            let of = |i: usize| draws.iter().skip(i).step_by(cells);
            let mean = |i: usize| of(i).sum::<f64>() / 2000.0;
            let (a, b) = (mean(i), mean(j));
            of(i).zip(of(j)).map(|(x, y)| (x - a) * (y - b)).sum::<f64>() / 2000.0
        };
        for (i, j) in [(0, 1), (0, cells - 1), (cells / 2, 1), (2, 5)] {
            let want = covariance(&theirs, i, j);
            let size = (covariance(&theirs, i, i) * covariance(&theirs, j, j)).sqrt();
            for draws in [&draws, &own] {
                // Two estimates, six standard errors of a correlation of 0.
                let got = covariance(draws, i, j);
                assert!(
                    (got - want).abs() < 6.0 * size * (2.0f64 / 2000.0).sqrt(),
                    "{i} {j}: {got} {want}"
                );
            }
        }
    }
}

/// Fields that are Markov processes along all axes, and gaps of every width.
pub(super) fn markov() -> Model {
    let text = format!(
        "{HEAD}[fields.f]\nx = 'matern32()'\nt = 'matern12()'\ns = 'matern12(lon)'\n[fields.g]\n\
         x = 'matern12()'\nt = '0.7^2 * matern32()'\ns = 'matern12(lon)'\n[likelihood]\nfamily = 'gaussian'\n\
         location = '0.3 + f + g * gmst'\nscale = 'sqrt(0.1 + height^2)'\n"
    );
    let gaps = (0..90).filter(|c| c % 7 == 0 || (31..52).contains(c));
    model(&text, without(data(6, 5, 3), gaps))
}

/// A field far above the noise: where the first observations meet it, a filter loses variances.
#[test]
fn a_field_far_above_the_noise_keeps_its_standard_deviations() {
    for (kernel, amplitude) in
        [("linear(center = 1000)", 1.1), ("matern32(lengthscale = 300)", 3000.0)]
    {
        let text = format!(
            "{HEAD}[fields.f]\namplitude = {amplitude}\nx = '{kernel}'\n[likelihood]\n\
             family = 'gaussian'\nlocation = 'f'\nscale = 0.25\n"
        );
        let m = model(&text, without(data(40, 1, 1), (0..40).step_by(7)));
        let (dense, other) = (by(&m, Algebra::Dense), by(&m, Algebra::StateSpace));
        let dense = Conditional::new(&dense, &[]).unwrap();
        let other = Conditional::new(&other, &[]).unwrap();
        let (want, got) =
            (dense.on_grid(&dense.here()).unwrap(), other.on_grid(&other.here()).unwrap());
        assert!(apart(&got.mean, &want.mean) < 1e-6, "{kernel}");
        for (got, want) in got.sd.iter().zip(&want.sd) {
            assert!((got / want - 1.0).abs() < 1e-4, "{kernel}: {got} {want}");
        }
    }
}
