//! Predictions and draws against the dense computation, written out here from the kernels alone.

mod algebras;
mod areas;
mod draws;
mod forecast;
mod left_out;
mod needed;
mod planes;
mod refusals;
mod sums;

use faer::Mat;
use gridgp_dense::Cholesky;
use gridgp_density::Marginal;
use gridgp_dist::Distribution;
use gridgp_grid::{Axis, Coordinate, Covariate, Dataset, Grid, Points, Variable};
use gridgp_kernel::Covariance;
use gridgp_model::Model;
use gridgp_model::spec::{ModelSpec, Source};

use super::*;

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
        missing: None,
    };
    let both = (0..shape[0] * shape[2])
        .map(|i| (points[0].row(i / shape[2])[0] + points[2].row(i % shape[2])[0]).cos());
    vec![
        make("gmst", vec![1], points[1].column(0).map(|t| 0.4 + (0.9 * t).cos()).collect()),
        make("height", vec![2], (points[2].column(1)).map(|l| 0.05 * (l - 39.0).abs()).collect()),
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

/// Without these cells, by their numbers.
fn without(mut data: Dataset, cells: impl IntoIterator<Item = usize>) -> Dataset {
    let mut values = data.response.values.clone();
    cells.into_iter().for_each(|c| values[c] = f64::NAN);
    data.response = Variable::with_nan_as_missing("y", values);
    data
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
    let mut random = model.gaussian().unwrap().0.random();
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
        model
            .gaussian()
            .unwrap()
            .0
            .fixed()
            .map(|t| t.coefficient(theta) * multiplier(&t.covariates, i))
            .sum()
    };

    let noise = model.gaussian().unwrap().1.at(theta);
    let (origin, unit) = model.standardization;
    let missing = data.response.missing_cells();
    let seen: Vec<usize> = (0..n).filter(|i| !missing.contains(i)).collect();
    let mut a = Mat::from_fn(seen.len(), seen.len(), |i, j| k[(seen[i], seen[j])]);
    (0..seen.len()).for_each(|i| a[(i, i)] += noise * noise);
    let chol = Cholesky::new(a.as_ref()).unwrap();
    let mut half = Mat::from_fn(seen.len(), m, |i, j| k[(seen[i], n + j)]);
    chol.solve_l_in_place(half.as_mut());
    let residual = |i: usize| (data.response.values[i] - origin) / unit - fixed(i);
    let mut r = Mat::from_fn(seen.len(), 1, |i, _| residual(seen[i]));
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
            assert!(
                close(got.2, total.sqrt()),
                "{what}, sd of observation {i}: {got:?} {}",
                total.sqrt()
            );
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

fn along(name: &str, axes: Vec<usize>, values: Vec<f64>) -> Covariate {
    Covariate { name: name.into(), axes, values, units: None, missing: None }
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
fn missing_cells_predict_as_the_dense_computation() {
    for (name, fields, location) in STRUCTURES {
        for ((nx, nt, ns), standardize) in [((5, 4, 3), false), ((17, 3, 2), true)] {
            let holes = (0..nx * nt * ns).filter(|c| c % 5 == 1 || c % 7 == 0);
            let data = without(data(nx, nt, ns), holes);
            let m = model(&structure(fields, location, standardize), data);
            check(&m, &medians(&m), name);
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
    // noise, lengthscales of x and t, amplitude
    let theta = [0.4, 6.0, 2.0, 1.3];
    let rank = Conditional::new(&m, &theta).unwrap();
    let rank = rank.conditioned.spectral().unwrap().covariance.factors()[0].rank();
    assert!(rank < 45, "{rank}");
    check(&m, &theta, "rank below a half");
    check(&m, &[0.1, 0.7, 2.0, 1.3], "rough");
}

#[test]
fn small_noise_predicts_as_the_dense_computation() {
    // Condition number 2e6: 1e-16 times that is 1e-10.
    let text = structure(STRUCTURES[0].1, "f", false).replace("'f'\n", "'f'\nscale = 1e-3\n");
    let text = text.replace("b = 'normal(1, 1)'\nc = 'normal(1, 2)'\n", "");
    let m = model(&text, data(6, 4, 3));
    check(&m, &medians(&m), "small noise");
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
    let place = |names: &[&str]| Place {
        grid: Grid::new(vec![axis(names, vec![0.0, 1.0, 2.0]), t.clone()]).unwrap(),
        covariates: vec![],
    };
    // Another order.
    let there = conditional.on_grid(&place(&["b", "c", "a"])).unwrap();
    for (new, old) in [(0, 1), (1, 2), (2, 0)] {
        for j in 0..3 {
            assert!((there.mean[3 * new + j] - here.mean[3 * old + j]).abs() < 1e-12);
            assert!((there.sd[3 * new + j] - here.sd[3 * old + j]).abs() < 1e-12);
        }
    }
    let e = conditional.on_grid(&place(&["z", "c", "a"])).unwrap_err().to_string();
    assert!(e.contains("the data have no \"z\""), "{e}");
    // Its points have moved, although they are numbered alike.
    let m = model(&text.replace("location = 'f'", "location = 'f + 2 * height'"), m.data.clone());
    let conditional = Conditional::new(&m, &[]).unwrap();
    let e = conditional.on_grid(&place(&["b", "c", "a"])).unwrap_err().to_string();
    assert!(e.contains("\"height\"") && e.contains("\"station\""), "{e}");
}

#[test]
fn predictive_noise_is_a_variance() {
    let m = small();
    let theta = medians(&m);
    let sigma = m.gaussian().unwrap().1.at(&theta);
    assert!((sigma - 1.0).abs() > 0.1);
    let moments = Conditional::new(&m, &theta).unwrap().on_grid(&few_places()).unwrap();
    for (sd, total) in moments.sd.iter().zip(&moments.sd_observation) {
        assert!((total * total - sd * sd - sigma * sigma).abs() < 1e-12);
    }
}

/// Where noise is little more than the rounding of the field: 15 points of a squared exponential,
/// beside 80-digit arithmetic. Of the likelihood no more is asked than the bound that comes with it.
#[test]
fn noise_next_to_rounding_is_conditioned_on() {
    let x: Vec<f64> = (0..15).map(|i| f64::from(i) / 16.0).collect();
    let cases = [
        (1e-6, 74.1130128681631, [(0.53125, 0.850319307635586, 8.34312e-7)], 0.05),
        (1e-7, 78.3319897063498, [(0.53125, 0.850319737920031, 8.74513e-8)], 0.2),
        (1e-8, 80.3399680650781, [(0.53125, 0.850319784479093, 9.30874e-9)], 10.0),
    ];
    for (noise, log_prob, at, tolerance) in cases {
        let y = x
            .iter()
            .enumerate()
            .map(|(i, x)| (4.0 * x).sin() + noise * ((7919 * i % 11) as f64 - 5.0) / 5.0);
        let grid = Grid::new(vec![Axis::numbers("x", x.clone()).unwrap()]).unwrap();
        let data = Dataset::new(grid, Variable::new("y", y.collect()), vec![]).unwrap();
        let m = model(
            &format!(
                "[data]\nresponse = 'y'\naxes = ['x']\n[fields.f]\namplitude = 1\nx = \
                 'squared_exponential(lengthscale = 0.3)'\n[likelihood]\nfamily = 'gaussian'\n\
                 location = 'f'\nscale = {noise}\n"
            ),
            data,
        );
        let value = Marginal::new(&m).unwrap().log_prob(&[]).unwrap();
        let error = (value.log_prob - log_prob).abs();
        assert!(error <= value.truncation && error < tolerance, "{noise:e}: {error} {value:?}");
        let conditional = Conditional::new(&m, &[]).unwrap();
        for (x, mean, sd) in at {
            let found = conditional.at_points(&[Points::line(&[x])], &[]).unwrap();
            let off = (found.mean[0] - mean).abs() / noise;
            assert!(off < tolerance, "{noise:e}: the mean at {x} is off by {off} noise sds");
            let ratio = found.sd[0] / sd;
            let near = (1.0 / (1.0 + tolerance)..1.0 + tolerance).contains(&ratio);
            assert!(near, "{noise:e}: sd {} at {x}, {sd} is right", found.sd[0]);
        }
    }
}
