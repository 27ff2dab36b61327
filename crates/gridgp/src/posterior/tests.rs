//! Predictions and draws against the dense computation, written out here from the kernels alone.

use faer::Mat;
use gridgp_linalg::{Cholesky, symmetric_eigen};

use super::*;
use crate::dist::Distribution;
use crate::grid::{Axis, Coordinate, Covariate, Dataset, Grid, Points, Variable};
use crate::kernel::Covariance;
use crate::model::Model;
use crate::model::spec::{ModelSpec, Source};

fn model(text: &str, data: Dataset) -> Model {
    let source = Source::new("test.toml", text);
    Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap()
}

/// x even, t uneven, s with two coordinates.
fn grid(x: Vec<f64>, t: Vec<f64>, s: Vec<(f64, f64)>) -> Grid {
    let (lon, lat) = s.into_iter().unzip();
    let s = Axis::new("s", vec![Coordinate::numbers("lon", lon), Coordinate::numbers("lat", lat)]);
    Grid::new(vec![Axis::numbers("x", x).unwrap(), Axis::numbers("t", t).unwrap(), s.unwrap()])
        .unwrap()
}

/// gmst along t, height along s, both along x and s; what they are at a point depends on the
/// point alone, so that a new grid that meets the data meets their covariates.
fn covariates(grid: &Grid) -> Vec<Covariate> {
    let points: Vec<Points> = grid.axes().iter().map(Axis::points).collect();
    let shape = grid.shape();
    let make = |name: &str, axes: Vec<usize>, values: Vec<f64>| Covariate {
        name: name.into(),
        axes,
        values,
        units: None,
    };
    let both = (0..shape[0] * shape[2])
        .map(|i| (points[0].row(i / shape[2])[0] + points[2].row(i % shape[2])[0]).cos());
    vec![
        make("gmst", vec![1], points[1].column(0).map(|t| 0.4 + (0.9 * t).cos()).collect()),
        make("height", vec![2], (points[2].column(1)).map(|l| 0.05 * (l - 39.0)).collect()),
        make("both", vec![0, 2], both.collect()),
    ]
}

fn stations(n: usize) -> Vec<(f64, f64)> {
    (0..n).map(|i| ((i * 7 % 5) as f64 + 0.1 * i as f64, 40.0 + (i * 3 % 4) as f64)).collect()
}

fn data(nx: usize, nt: usize, ns: usize) -> Dataset {
    let x = (0..nx).map(|i| 0.5 * i as f64).collect();
    let t = (0..nt).map(|i| (i as f64).powf(1.2)).collect();
    let grid = grid(x, t, stations(ns));
    let y = (0..grid.len()).map(|i| (0.3 * i as f64).sin() + ((i * 31 + 7) % 17) as f64 / 9.0);
    let (y, known) = (Variable::new("y", y.collect()), covariates(&grid));
    Dataset::new(grid, y, known).unwrap()
}

/// Between the data, outside of them, and exactly at them.
fn elsewhere() -> Place {
    let grid = grid(
        vec![-0.7, 0.0, 0.3, 0.5, 30.0],
        vec![1.0, 0.4, -2.0],
        vec![(2.1, 41.0), (5.0, 38.5), (0.0, 40.0), (-100.0, 3.0)],
    );
    Place { covariates: covariates(&grid), grid }
}

/// The cells of a grid as scattered points, with their covariates.
fn scattered(grid: &Grid, covariates: &[Covariate]) -> (Vec<Points>, Vec<(String, Vec<f64>)>) {
    let (shape, cells) = (grid.shape(), grid.len());
    let points = grid.axes().iter().enumerate().map(|(a, axis)| {
        let points = axis.points();
        let rows = (0..cells).flat_map(|c| points.row(grid.unravel(c)[a]).to_vec());
        Points::new(rows.collect(), points.dims())
    });
    let columns = covariates.iter().map(|c| {
        let at = |cell| {
            let index = grid.unravel(cell);
            c.values[c.axes.iter().fold(0, |at, &a| at * shape[a] + index[a])]
        };
        (c.name.clone(), (0..cells).map(at).collect())
    });
    (points.collect(), columns.collect())
}

/// The joint Gaussian of data and new points, dense.
struct Dense {
    mean: Vec<f64>,
    covariance: Mat<f64>,
    noise_sd: f64,
}

/// Conditions the dense prior at the data and at scattered points on the data.
fn dense(model: &Model, theta: &[f64], at: &[Points], covariates: &[(String, Vec<f64>)]) -> Dense {
    let data = &model.data;
    let (n, m) = (data.grid.len(), at[0].len());
    let (_, known) = scattered(&data.grid, &data.covariates);
    let covariate = |c: usize, i: usize| {
        if i < n { known[c].1[i] } else { covariates[c].1[i - n] }
    };
    let multiplier = |covariates: &[usize], i: usize| -> f64 {
        covariates.iter().map(|&c| covariate(c, i)).product()
    };
    let mut random = model.location.random();
    let (f, term) = random.next().unwrap();
    assert!(random.next().is_none());
    let field = &model.fields[f];
    let amplitude = field.amplitude.at(theta) * term.coefficient(theta);
    let mut k = Mat::full(n + m, n + m, 1.0);
    for (a, axis) in data.grid.axes().iter().enumerate() {
        let Some(kernel) = &field.axes[a] else { continue };
        let (own, size) = (axis.points(), axis.len());
        let all = own.concat(&at[a]);
        let mut gram = Mat::zeros(all.len(), all.len());
        kernel.kernel.cross(&all, &all, &kernel.numbers(theta), gram.as_mut());
        if kernel.center {
            // f(x) − the mean of f over the axis of the data.
            let center = Mat::from_fn(all.len(), all.len(), |i, j| {
                f64::from(u8::from(i == j)) - if j < size { 1.0 / size as f64 } else { 0.0 }
            });
            gram = &center * gram * center.transpose();
        }
        let point = |i: usize| if i < n { data.grid.unravel(i)[a] } else { size + i - n };
        for j in 0..n + m {
            for i in 0..n + m {
                k[(i, j)] *= gram[(point(i), point(j))];
            }
        }
    }
    let w: Vec<f64> = (0..n + m).map(|i| amplitude * multiplier(&term.covariates, i)).collect();
    let k = Mat::from_fn(n + m, n + m, |i, j| w[i] * w[j] * k[(i, j)]);
    let fixed = |i: usize| -> f64 {
        model.location.fixed().map(|t| t.coefficient(theta) * multiplier(&t.covariates, i)).sum()
    };

    let noise = model.scale.at(theta);
    let (origin, unit) = model.standardization;
    let mut a = k.submatrix(0, 0, n, n).to_owned();
    (0..n).for_each(|i| a[(i, i)] += noise * noise);
    let chol = Cholesky::new(a.as_ref()).unwrap();
    let mut half = k.submatrix(0, n, n, m).to_owned();
    chol.solve_l_in_place(half.as_mut());
    let mut r = Mat::from_fn(n, 1, |i, _| (data.response.values[i] - origin) / unit - fixed(i));
    chol.solve_l_in_place(r.as_mut());
    let mean = half.transpose() * r;
    let covariance = k.submatrix(n, n, m, m) - half.transpose() * &half;
    Dense {
        mean: (0..m).map(|i| origin + unit * (fixed(n + i) + mean[(i, 0)])).collect(),
        covariance: covariance * faer::Scale(unit * unit),
        noise_sd: noise * unit,
    }
}

impl Dense {
    /// To 1e-9 of the data's scale, which is about 1.
    fn check(&self, moments: &Moments, what: &str) {
        let scale = 1e-9;
        assert_eq!(moments.mean.len(), self.mean.len());
        for (i, &mean) in self.mean.iter().enumerate() {
            let got = (moments.mean[i], moments.sd[i], moments.sd_observation[i]);
            let variance = self.covariance[(i, i)].max(0.0);
            let total = variance + self.noise_sd * self.noise_sd;
            let close = |a: f64, b: f64| (a - b).abs() < scale * b.abs().max(1.0);
            assert!(close(got.0, mean), "{what}, mean of {i}: {got:?} {mean}");
            // A variance that is 0 to rounding has a root of 1e-8 on either side.
            assert!(
                close(got.1, variance.sqrt()) || got.1 * got.1 + variance < 1e-13,
                "{what}, sd of {i}: {got:?} {}",
                variance.sqrt()
            );
            assert!(close(got.2, total.sqrt()), "{what}, sd of observation {i}: {got:?} {total}");
        }
    }
}

fn medians(model: &Model) -> Vec<f64> {
    let mut theta: Vec<f64> = model.parameters.iter().map(|p| p.prior.median()).collect();
    theta.iter_mut().enumerate().for_each(|(i, t)| *t *= 1.0 + 0.05 * i as f64);
    theta
}

/// on_grid and at_points, elsewhere and at the data.
fn check(model: &Model, theta: &[f64], what: &str) {
    let conditional = Conditional::new(model, theta).unwrap();
    for place in [elsewhere(), conditional.here()] {
        let known =
            if place.covariates.is_empty() { &model.data.covariates } else { &place.covariates };
        let (points, columns) = scattered(&place.grid, known);
        let want = dense(model, theta, &points, &columns);
        assert_eq!(conditional.noise_sd(), want.noise_sd);
        let what = format!("{what}, {:?} at {:?}", model.data.grid.shape(), place.grid.shape());
        want.check(&conditional.on_grid(&place).unwrap(), &format!("{what}, grid"));
        want.check(&conditional.at_points(&points, &columns).unwrap(), &format!("{what}, points"));
    }
}

const HEAD: &str = "[data]\nresponse = 'y'\naxes = { x = 'x', t = 't', s = ['lon', 'lat'] }\n";

const PRIORS: &str = "\n[parameters]\na = 'half_normal(2)'\nl = 'half_normal(2)'\n\
    m = 'half_normal(2)'\np = 'half_normal(3)'\nb = 'normal(1, 1)'\nc = 'normal(1, 2)'\n\n\
    [fields.f]\namplitude = 'a'\n";

/// Name, kernels and location of one model for each structure.
const STRUCTURES: [(&str, &str, &str); 9] = [
    (
        "rough",
        "x = 'matern12(lengthscale = l)'\nt = 'matern32(lengthscale = m)'\ns = 'matern52(lengthscale = p)'",
        "b + c * gmst + f",
    ),
    (
        "great circle, dense mean",
        "s = 'matern32(distance = great_circle, lengthscale = 300)'\nx = 'matern52(lengthscale = l) + m^2 * white()'\nt = 'linear(center = p)'",
        "b * gmst * height + c * both + f",
    ),
    (
        "finite rank",
        "x = 'cosine(period = p)'\nt = 'polynomial(degree = 2, offset = l)'\ns = 'matern32(lengthscale = [m, 2])'",
        "b + c * height * both + f",
    ),
    (
        "constant along an axis, times a covariate",
        "t = 'rational_quadratic(lengthscale = l, alpha = m)'\nx = 'periodic(period = p, lengthscale = 1)'",
        "b * f * gmst + c * a",
    ),
    (
        "constant along an axis with a covariate",
        "t = 'matern32(lengthscale = l)'\nx = 'squared_exponential(lengthscale = m)'",
        "b * height * f + c * p",
    ),
    (
        "centered",
        "x = 'matern32(lengthscale = l)'\ns = 'squared_exponential(lengthscale = m)'\nt = 'white()'\ncenter = ['x', 's']",
        "b + c * p * gmst + f",
    ),
    (
        "centered, finite rank, times a covariate along the centered axis",
        "x = 'matern32(lengthscale = l)'\ns = 'matern52(lengthscale = m)'\nt = 'polynomial(degree = 1, offset = p)'\ncenter = ['t', 's']",
        "b + c * gmst * height * f",
    ),
    (
        "centered to nothing",
        "x = 'matern32(lengthscale = l)'\ns = 'constant()'\ncenter = ['s']",
        "b + c * gmst + p * m * f",
    ),
    (
        "all finite",
        "x = 'constant() + linear(center = l)'\nt = 'constant()'\ns = 'linear(lon, center = m) * constant()'",
        "b * p + c * f * gmst * height",
    ),
];

fn structure(fields: &str, location: &str, standardize: bool) -> String {
    format!(
        "{HEAD}standardize = {standardize}\n{PRIORS}{fields}\n[likelihood]\nfamily = 'gaussian'\n\
         location = '{location}'\n"
    )
}

#[test]
fn every_structure_predicts_as_the_dense_computation() {
    for (name, fields, location) in STRUCTURES {
        for shape in [(5, 4, 3), (17, 3, 2), (1, 4, 5), (4, 1, 1)] {
            for standardize in [false, true] {
                let m = model(
                    &structure(fields, location, standardize),
                    data(shape.0, shape.1, shape.2),
                );
                check(&m, &medians(&m), name);
            }
        }
    }
}

#[test]
fn a_long_smooth_axis_of_low_rank_predicts_as_the_dense_computation() {
    let text = format!(
        "{HEAD}[fields.f]\nx = 'squared_exponential()'\nt = 'matern52()'\n[likelihood]\n\
         family = 'gaussian'\nlocation = 'f'\n"
    );
    let m = model(&text, data(90, 3, 2));
    // lengthscales of x and t, amplitude, noise
    let theta = [6.0, 2.0, 1.3, 0.4];
    let rank = Conditional::new(&m, &theta).unwrap().factors()[0].rank();
    assert!(rank < 45, "{rank}");
    check(&m, &theta, "rank below a half");
    check(&m, &[0.7, 2.0, 1.3, 0.1], "rough");
}

#[test]
fn small_noise_predicts_as_the_dense_computation() {
    // Condition number 2e6: 1e-16 times that is 1e-10.
    let text = structure(STRUCTURES[0].1, "f", false).replace("'f'\n", "'f'\nscale = 1e-3\n");
    let text = text.replace("b = 'normal(1, 1)'\nc = 'normal(1, 2)'\n", "");
    let m = model(&text, data(6, 4, 3));
    check(&m, &medians(&m), "small noise");
}

/// A field times a covariate on 3 x 4 x 2 cells.
fn small() -> Model {
    let text = format!(
        "{HEAD}{PRIORS}x = 'matern32(lengthscale = l)'\nt = 'matern52(lengthscale = m)'\n\
         s = 'matern12(lengthscale = p)'\n[likelihood]\nfamily = 'gaussian'\n\
         location = 'b + c * height + gmst * f'\n"
    );
    model(&text, data(3, 4, 2))
}

fn few_places() -> Place {
    let grid = grid(vec![-0.5, 0.5, 1.2], vec![1.0, 2.1], vec![(0.0, 40.0), (3.0, 41.0)]);
    Place { covariates: covariates(&grid), grid }
}

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
    assert!(matches!(e, crate::Error::TooLarge(_)) && e.to_string().contains("4097"), "{e}");
    assert!(draw(0).unwrap().is_empty());
    // Points that coincide have a singular covariance, and the same value in every draw.
    let same = draw(3).unwrap();
    assert!((same[0] - same[1]).abs() < 1e-6 && (same[0] - same[2]).abs() < 1e-6, "{same:?}");
}

fn along(name: &str, axes: Vec<usize>, values: Vec<f64>) -> Covariate {
    Covariate { name: name.into(), axes, values, units: None }
}

#[test]
fn a_missing_covariate_is_named_where_its_axis_moved() {
    // Uses gmst (along t) and height (along s), not both (along x and s).
    let m = small();
    let conditional = Conditional::new(&m, &medians(&m)).unwrap();
    let full = elsewhere();
    let here = conditional.here();
    let (x, t, s) = (0, 1, 2);
    let place = |moved: &[usize], covariates: Vec<Covariate>| {
        let axis =
            |a: usize| if moved.contains(&a) { &full.grid } else { &here.grid }.axes()[a].clone();
        Place { grid: Grid::new(vec![axis(x), axis(t), axis(s)]).unwrap(), covariates }
    };
    let error = |place: &Place| {
        let a = conditional.on_grid(place).unwrap_err().to_string();
        assert_eq!(a, conditional.draws_on_grid(place, 1, 0).unwrap_err().to_string());
        a
    };
    let (gmst, height) = (full.covariates[0].clone(), full.covariates[1].clone());
    let e = error(&place(&[t], vec![]));
    assert!(e.contains("\"gmst\"") && e.contains("\"t\""), "{e}");
    let e = error(&place(&[x, t, s], vec![gmst.clone()]));
    assert!(e.contains("\"height\"") && e.contains("\"s\""), "{e}");
    assert!(conditional.on_grid(&place(&[x], vec![])).is_ok());
    assert!(conditional.on_grid(&place(&[t], vec![gmst.clone()])).is_ok());
    assert!(conditional.on_grid(&place(&[x, t, s], vec![height, gmst])).is_ok());
    // A covariate that is given counts, also where its axis has not moved.
    let zero = vec![along("gmst", vec![t], vec![0.0; 4])];
    let moments = conditional.on_grid(&place(&[], zero)).unwrap();
    assert!(moments.sd.iter().all(|&sd| sd == 0.0));

    let (points, columns) = scattered(&full.grid, &full.covariates);
    let only = |names: &[&str]| -> Vec<_> {
        columns.iter().filter(|(n, _)| names.contains(&n.as_str())).cloned().collect()
    };
    assert!(conditional.at_points(&points, &only(&["gmst", "height"])).is_ok());
    for names in [["gmst", "both"], ["height", "both"]] {
        let missing = if names[0] == "gmst" { "height" } else { "gmst" };
        for e in [
            conditional.at_points(&points, &only(&names)).unwrap_err(),
            conditional.draws_at_points(&points, &only(&names), 1, 0).unwrap_err(),
        ] {
            assert!(e.to_string().contains(&format!("{missing:?}")), "{e}");
        }
    }
}

#[test]
fn wrong_covariates_are_refused() {
    let m = small();
    let conditional = Conditional::new(&m, &medians(&m)).unwrap();
    let here = conditional.here();
    let e = |axes: Vec<usize>, values: Vec<f64>| {
        let covariates = vec![along("gmst", axes, values)];
        let e = conditional.on_grid(&Place { covariates, ..here.clone() }).unwrap_err();
        assert!(e.to_string().contains("\"gmst\""), "{e}");
        e.to_string()
    };
    assert!(e(vec![1], vec![0.0; 3]).contains("3 values"));
    assert!(e(vec![0], vec![0.0; 3]).contains("[0]"));
    assert!(e(vec![9], vec![0.0; 4]).contains("[9]"));
    assert!(e(vec![1], vec![0.0, 1.0, f64::NAN, 0.0]).contains("NaN at position 2"));

    let (points, mut columns) = scattered(&here.grid, &m.data.covariates);
    columns[0].1.pop();
    let e = conditional.at_points(&points, &columns).unwrap_err().to_string();
    assert!(e.contains("\"gmst\"") && e.contains("23 values for 24"), "{e}");
    columns[0].1.push(f64::INFINITY);
    let e = conditional.at_points(&points, &columns).unwrap_err().to_string();
    assert!(e.contains("\"gmst\"") && e.contains("inf at position 23"), "{e}");
}

#[test]
fn wrong_axes_and_coordinates_are_refused() {
    let m = small();
    let conditional = Conditional::new(&m, &medians(&m)).unwrap();
    let axes = conditional.here().grid.axes().to_vec();
    let error = |axes: Vec<Axis>| {
        let place = Place { grid: Grid::new(axes).unwrap(), covariates: vec![] };
        conditional.on_grid(&place).unwrap_err().to_string()
    };
    assert!(error(axes[..2].to_vec()).contains("[\"x\", \"t\"]"));
    let swapped = vec![axes[1].clone(), axes[0].clone(), axes[2].clone()];
    assert!(error(swapped).contains("same order"));
    let with = |s: Vec<Coordinate>| {
        error(vec![axes[0].clone(), axes[1].clone(), Axis::new("s", s).unwrap()])
    };
    let [lon, lat] = axes[2].coordinates() else { panic!("s has two coordinates") };
    assert!(with(vec![lon.clone()]).contains("[\"lon\"]"));
    assert!(with(vec![lat.clone(), lon.clone()]).contains("[\"lat\", \"lon\"]"));
    let named = Coordinate::labels("lat", vec!["a".into(), "b".into()]);
    assert!(with(vec![lon.clone(), named]).contains("labels"));

    let (points, columns) = scattered(&conditional.here().grid, &m.data.covariates);
    let error = |points: &[Points]| {
        let a = conditional.at_points(points, &columns).unwrap_err().to_string();
        assert_eq!(a, conditional.draws_at_points(points, &columns, 1, 0).unwrap_err().to_string());
        a
    };
    assert!(error(&points[..2]).contains("along 2 axes"));
    assert!(error(&[points[0].clone(), points[1].clone(), points[0].clone()]).contains("\"s\""));
    let short = points[1].row(0).to_vec();
    assert!(
        error(&[points[0].clone(), Points::line(&short), points[2].clone()]).contains("24, 1, 24")
    );
    let mut bad: Vec<f64> = points[0].column(0).collect();
    bad[5] = f64::NAN;
    let e = error(&[Points::line(&bad), points[1].clone(), points[2].clone()]);
    assert!(e.contains("point 5") && e.contains("\"x\""), "{e}");
}

#[test]
fn a_label_means_the_same_on_a_new_grid() {
    let labels = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>();
    let axis = |names: &[&str], lat: Vec<f64>| {
        let city = Coordinate::labels("city", labels(names));
        Axis::new("station", vec![city, Coordinate::numbers("lat", lat)]).unwrap()
    };
    let t = Axis::numbers("t", vec![0.0, 1.0, 2.0]).unwrap();
    let old = Grid::new(vec![axis(&["a", "b", "c"], vec![0.0, 1.0, 2.0]), t.clone()]).unwrap();
    let y = Variable::new("y", vec![5.0, 5.2, 5.1, -3.0, -3.1, -2.8, 1.0, 1.3, 1.1]);
    let covariate = along("height", vec![0], vec![1.0, 2.0, 4.0]);
    let text = "[data]\nresponse = 'y'\naxes = { station = ['city', 'lat'], t = 't' }\n\
                [fields.f]\namplitude = 2\nstation = 'white(city)'\nt = 'constant()'\n\
                [likelihood]\nfamily = 'gaussian'\nlocation = 'f'\nscale = 0.1\n";
    let m = model(text, Dataset::new(old, y, vec![covariate.clone()]).unwrap());
    let conditional = Conditional::new(&m, &[]).unwrap();
    let here = conditional.on_grid(&conditional.here()).unwrap();
    // Another order, and a city that the data do not have.
    let new = axis(&["z", "c", "a"], vec![0.0, 1.0, 2.0]);
    let place = |t: &Axis| Place {
        grid: Grid::new(vec![new.clone(), t.clone()]).unwrap(),
        covariates: vec![],
    };
    let there = conditional.on_grid(&place(&t)).unwrap();
    for (new, old) in [(1, 2), (2, 0)] {
        for j in 0..3 {
            assert!((there.mean[3 * new + j] - here.mean[3 * old + j]).abs() < 1e-12);
            assert!((there.sd[3 * new + j] - here.sd[3 * old + j]).abs() < 1e-12);
        }
    }
    assert!(there.mean[..3].iter().all(|&v| v == 0.0));
    assert!(there.sd[..3].iter().all(|&v| v == 2.0));
    // Its points have moved, although they are numbered alike.
    let m = model(&text.replace("location = 'f'", "location = 'f + 2 * height'"), m.data.clone());
    let conditional = Conditional::new(&m, &[]).unwrap();
    let e = conditional.on_grid(&place(&t)).unwrap_err().to_string();
    assert!(e.contains("\"height\"") && e.contains("\"station\""), "{e}");
}

#[test]
fn predictive_noise_is_a_variance() {
    let m = small();
    let theta = medians(&m);
    let sigma = m.scale.at(&theta);
    assert!((sigma - 1.0).abs() > 0.1);
    let moments = Conditional::new(&m, &theta).unwrap().on_grid(&few_places()).unwrap();
    for (sd, total) in moments.sd.iter().zip(&moments.sd_observation) {
        assert!((total * total - sd * sd - sigma * sigma).abs() < 1e-12);
    }
}

#[test]
#[should_panic(expected = "one a parameter")]
fn theta_of_another_length_is_a_mistake() {
    let m = small();
    let _ = Conditional::new(&m, &[1.0]);
}
