//! A long axis by state space against the same model with matrices.

use gridgp_grid::Points;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::joint::axis_root::AxisRoot;
use crate::joint::rows::Rows;
use crate::joint::series_axis::SeriesAxis;

/// Fields along uneven times `t`, alone and with stations, whose mean is removed, with centers of straight
/// lines, of many cosines, without parameters.
pub(super) const SERIES: &str = "
[parameters]
sigma = 'half_normal(1)'
l = 'log_normal(0, 0.5)'
c = 'normal(1, 1)'
[fields.f]
amplitude = 'half_normal(1)'
s = 'matern32(lengthscale = l)'
t = 'matern52(lengthscale ~ log_normal(0.3, 0.5))'
[fields.g]
amplitude = 0.7
s = 'linear()'
t = 'matern12(lengthscale = l) * periodic(period = 2.3, lengthscale ~ log_normal(0.5, 0.1))'
center = ['t']
[fields.h]
amplitude = 'half_normal(0.4)'
t = 'matern32(lengthscale = 1) + l^2 * linear(center = c) * matern12(lengthscale = 3)'
[fields.k]
t = 'matern32(lengthscale = 1.2)'
[likelihood]
family = 'student_t'
df = 5
location = 'f + g * d + h + k'
scale = 'sigma'
";

pub(super) fn by(algebra: &str, text: &str) -> Model {
    model(&format!("{text}\n[inference]\nalgebra = '{algebra}'\n"))
}

fn assert_close(a: &[f64], b: &[f64], tolerance: f64, what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    let scale = b.iter().fold(1.0, |m: f64, v| m.max(v.abs()));
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= tolerance * scale, "{what} {i}: {a} and {b}");
    }
}

#[test]
fn the_joint_density_is_that_of_matrices() {
    let (sparse, dense) = (by("state_space", SERIES), by("dense", SERIES));
    let (mut series, mut matrices) = (Joint::new(&sparse).unwrap(), Joint::new(&dense).unwrap());
    let long = |j: &Joint| {
        j.fields.iter().flat_map(|f| f.roots()).filter(|a| a.matrix().is_none()).count()
    };
    assert_eq!((long(&series), long(&matrices)), (4, 0));
    let dim = series.dim();
    let x = point(dim);
    let (mut a, mut b) = (vec![0.0; dim], vec![0.0; dim]);
    let values =
        [series.log_density_gradient(&x, &mut a), matrices.log_density_gradient(&x, &mut b)];
    assert!((values[0] - values[1]).abs() < 1e-9 * values[1].abs(), "{values:?}");
    assert_close(&a, &b, 1e-7, "gradient");
}

#[test]
fn informed_unknowns_of_one_axis_are_those_of_matrices() {
    let text = "
[parameters]
sigma = 'half_normal(1)'
mu = 'normal(0, 1)'
[fields.f]
amplitude = 'half_normal(1)'
t = 'matern52(lengthscale ~ log_normal(0.3, 0.5))'
[likelihood]
family = 'gaussian'
location = 'mu + f'
scale = 'sigma'
";
    for information in [0.0, 1.0, 50.0] {
        let make = |algebra| InformedJoint::new(&by(algebra, text), &[information]).unwrap();
        let (mut series, mut matrices) = (make("state_space"), make("dense"));
        let dim = series.dim();
        // There the unknowns stand from the last to the first, after four parameters.
        let x = point(dim);
        let mut turned = x.clone();
        turned[4..].reverse();
        let (mut a, mut b) = (vec![0.0; dim], vec![0.0; dim]);
        let values = [
            series.log_density_gradient(&x, &mut a),
            matrices.log_density_gradient(&turned, &mut b),
        ];
        b[4..].reverse();
        assert!((values[0] - values[1]).abs() < 1e-9 * values[1].abs(), "{values:?}");
        assert_close(&a, &b, 1e-7, "gradient");
    }
}

/// An axis as matrices and by state space, moved to some parameters, and the points of both.
fn both(kernel: &str, center: bool) -> (AxisRoot, SeriesAxis, Points) {
    let text = format!(
        "[fields.f]\namplitude = 1\nt = '{kernel}'\n{}\n[likelihood]\nfamily = 'gaussian'\n\
         location = 'f'\nscale = 1\n",
        if center { "center = ['t']" } else { "" }
    );
    let m = by("state_space", &text);
    let k = m.fields[0].axes[1].as_ref().unwrap();
    let theta = m.natural(&vec![0.2; m.parameters.len()]);
    let mut root = AxisRoot::new("t", k.clone(), 1e-8).unwrap();
    root.update(&theta).unwrap();
    let (axis, form, times) = LongAxes::of(&m).of_field(&m.fields[0]).unwrap();
    assert_eq!(axis, 1);
    let mut series = SeriesAxis::new("t", k, 1e-8, (form, times)).unwrap();
    series.update(&theta, 0.0).unwrap();
    (root, series, k.points.clone())
}

#[test]
fn new_times_have_the_distribution_of_matrices() {
    for kernel in [
        "matern12(lengthscale = 2)",
        "matern52(lengthscale ~ log_normal(0.3, 0.5))",
        "matern32(lengthscale = 1) + linear(center = 0.7) + white()",
        "matern32(lengthscale = 4) * cosine(period = 3)",
    ] {
        for center in [false, true] {
            let (root, series, old) = both(kernel, center);
            let new = Points::line(&[9.0, -1.5, 2.0, 2.7, 2.71, 2.7, 4.0, 4.5, 5.0]);
            let Rows::Joint(dense) = root.rows_at(&new, false).unwrap() else { panic!("joint") };
            let rows = series.rows_at(&new);
            let (n, m, columns) = (old.len(), new.len(), rows.columns());
            let identity: Vec<f64> = (0..columns * columns)
                .map(|i| f64::from(u8::from(i / columns == i % columns)))
                .collect();
            let map = rows.apply(&identity, 1, columns);
            let covariance = |i: usize, j: usize| -> f64 {
                (n..columns).map(|c| map[i * columns + c] * map[j * columns + c]).sum()
            };
            let expected = |i: usize, j: usize| -> f64 {
                (n..dense.ncols()).map(|c| dense[(i, c)] * dense[(j, c)]).sum()
            };
            let explained = rows.variances().unwrap();
            for i in 0..m {
                for j in 0..n {
                    let (a, b) = (map[i * columns + j], dense[(i, j)]);
                    assert!((a - b).abs() < 1e-6, "{kernel} {center} {i} {j}: {a} {b}");
                }
                for j in 0..m {
                    // White noise at a point that stands twice is one number here.
                    let twice = new.row(i) == new.row(j) && i != j && kernel.contains("white");
                    let (a, b) = (covariance(i, j), expected(i, j));
                    assert!(twice || (a - b).abs() < 1e-6, "{kernel} {center} {i} {j}: {a} {b}");
                }
                let (known, open) = explained[i];
                assert!((open - expected(i, i)).abs() < 1e-6, "{kernel} {i}");
                if !center {
                    let own: f64 = (0..n).map(|j| dense[(i, j)].powi(2)).sum();
                    assert!((known - own).abs() < 1e-6, "{kernel} {i}: {known} {own}");
                }
            }
            let z: Vec<f64> = (0..2 * n).map(|i| (1.7 * i as f64).sin()).collect();
            let found = rows.expected(&z, 1, 2);
            for i in 0..m {
                for r in 0..2 {
                    let b: f64 = (0..n).map(|j| dense[(i, j)] * z[2 * j + r]).sum();
                    assert!((found[2 * i + r] - b).abs() < 1e-6, "{kernel} {i}");
                }
            }
        }
    }
}

#[test]
fn scattered_points_and_grids_are_drawn_alike() {
    let (sparse, dense) = (by("state_space", SERIES), by("dense", SERIES));
    let (mut series, mut matrices) = (Joint::new(&sparse).unwrap(), Joint::new(&dense).unwrap());
    let x = point(series.dim());
    series.fields_at(&x).unwrap();
    matrices.fields_at(&x).unwrap();
    let stations = Points::new(vec![0.2, 0.3, 1.0, 0.3, 3.0, 0.5, 0.2, 0.3], 2);
    let at = [stations.clone(), Points::line(&[2.0, -0.5, 8.0, 2.2])];
    for f in 0..4 {
        let draw =
            |j: &Joint| j.field_at_points(f, &at, &mut ChaCha8Rng::seed_from_u64(4)).unwrap();
        assert_close(&draw(&series), &draw(&matrices), 1e-6, "points");
        // At the data's times, new stations: one map and the same normals.
        let moved = [Some(stations.clone()), None];
        let grid = |j: &Joint| {
            let mut rng = ChaCha8Rng::seed_from_u64(5);
            j.field_on_grid(f, &moved, &[false; 2], &mut rng).unwrap()
        };
        assert_close(&grid(&series), &grid(&matrices), 1e-6, "grid");
        let moved = [None, Some(Points::line(&[2.0, 1.0, 4.0]))];
        let grid = |j: &Joint| {
            let mut rng = ChaCha8Rng::seed_from_u64(5);
            j.field_on_grid(f, &moved, &[false; 2], &mut rng).unwrap()
        };
        assert_close(&grid(&series), &grid(&matrices), 1e-6, "times of the data");
    }
}

#[test]
fn fields_given_gaussian_data_are_those_of_matrices() {
    for text in [
        "s = 'matern32(lengthscale = 1)'\nt = 'matern52(lengthscale = 2)'",
        "t = 'matern32(lengthscale = 2) + linear(center = 1)'",
        "s = 'linear()'\nt = 'matern12(lengthscale = 2)'",
    ] {
        for location in ["f", "1 + 2 * f * d"] {
            let text = format!(
                "[parameters]\nsigma = 'half_normal(1)'\n[fields.f]\namplitude = 'half_normal(1)'\n\
                 {text}\n[likelihood]\nfamily = 'gaussian'\nlocation = '{location}'\nscale = 'sigma'\n"
            );
            let draw = |algebra: &str| {
                let mut joint = Joint::new(&by(algebra, &text)).unwrap();
                let mut x = point(joint.dim());
                joint.draw_fields(&mut x, &mut ChaCha8Rng::seed_from_u64(3)).unwrap();
                joint.fields_at(&x).unwrap();
                joint.fields[0].values().to_vec()
            };
            assert_close(&draw("state_space"), &draw("dense"), 1e-6, location);
        }
    }
}

#[test]
fn long_axes_take_state_space_by_themselves() {
    let long = |kernel: &str, n: usize, algebra: &str| {
        let axis = Axis::numbers("t", (0..n).map(|i| i as f64).collect::<Vec<_>>()).unwrap();
        let response = Variable::new("y", (0..n).map(|i| (i % 3) as f64).collect());
        let data = Dataset::new(Grid::new(vec![axis]).unwrap(), response, vec![]).unwrap();
        let text = format!(
            "[data]\nresponse = 'y'\naxes = ['t']\n[fields.f]\namplitude = 1\nt = '{kernel}'\n\
             [likelihood]\nfamily = 'poisson'\nrate = 'exp(f)'\n[inference]\nalgebra = '{algebra}'\n"
        );
        let source = Source::new("test", text);
        let m = Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap();
        LongAxes::of(&m).of_field(&m.fields[0]).is_some()
    };
    let matern = "matern32(lengthscale = 3)";
    assert!(long(matern, 400, "auto") && !long(matern, 399, "auto"));
    assert!(long(matern, 10, "state_space") && !long(matern, 400, "dense"));
    assert!(!long("squared_exponential(lengthscale = 3)", 400, "state_space"));
    // Features are fewer than the points.
    assert!(!long("cosine(period = 3)", 400, "auto"));
    // More states than pay.
    let many = "matern52(lengthscale = 3) * periodic(period = 3, lengthscale = 1)";
    assert!(!long(many, 400, "auto") && long(many, 3000, "auto"));
}
