//! Fields over two axes together against their covariance written out.

use std::sync::Arc;

use faer::Mat;
use faer::prelude::*;
use gridgp_dense::Cholesky;
use gridgp_grid::Points;
use gridgp_model::Model;
use gridgp_model::spec::Algebra;
use gridgp_sparse::{MARGIN, Plane, Side};

use super::super::predict::Arrangement;
use super::tests::{END, gaps, model};
use rand::SeedableRng;

use crate::{LogDensity, Marginal};

/// The covariance of a field of mean variance 1 at all cells of the plane of two axes, row-major in the
/// order of their points.
fn covariance(points: [&[f64]; 2], lengthscales: [f64; 2]) -> Mat<f64> {
    let order = points.map(|p| {
        let mut order: Vec<usize> = (0..p.len()).collect();
        order.sort_by(|&i, &j| p[i].total_cmp(&p[j]));
        order
    });
    let side = |k: usize| {
        let sorted: Vec<f64> = order[k].iter().map(|&i| points[k][i]).collect();
        Side::new(&sorted).unwrap()
    };
    let plane = Plane::new(Arc::new([side(0), side(1)]), lengthscales);
    let widths = points.map(|p| p.len() + 2 * MARGIN);
    let n = plane.len();
    let entry = |i: usize, j: usize| {
        let (a, b) = ([i / widths[1], i % widths[1]], [j / widths[1], j % widths[1]]);
        let steps = [0, 1].map(|k| b[k] as isize - a[k] as isize);
        plane.entry(a, steps)
    };
    let q = Mat::from_fn(n, n, entry);
    let mut inverse = Mat::<f64>::identity(n, n);
    Cholesky::new(q.as_ref()).unwrap().solve_in_place(inverse.as_mut());
    let rank = |k: usize, i: usize| order[k].iter().position(|&j| j == i).unwrap() + MARGIN;
    let cell = |c: usize| {
        let m = points[1].len();
        rank(0, c / m) * widths[1] + rank(1, c % m)
    };
    let cells = points[0].len() * points[1].len();
    let all = Mat::from_fn(cells, cells, |i, j| inverse[(cell(i), cell(j))]);
    let mean = (0..cells).map(|c| all[(c, c)]).sum::<f64>() / cells as f64;
    all * Scale(mean.recip())
}

fn points(m: &Model, a: usize) -> Vec<f64> {
    m.data.grid.axes()[a].points().column(0).collect()
}

fn value(m: &Model, theta: &[f64], name: &str) -> f64 {
    let j = m.position(name).unwrap_or_else(|| panic!("{name}"));
    theta[j]
}

/// The covariance of two planes, the second multiplied by the covariate c, and of a field of processes.
fn written_out(m: &Model, theta: &[f64]) -> Mat<f64> {
    let (x, y) = (points(m, 0), points(m, 1));
    let at = |name: &str| value(m, theta, name);
    let f = covariance([&x, &y], [at("f.lengthscale"); 2]);
    let g = covariance([&x, &y], [at("g.x.lengthscale"), at("g.y.lengthscale")]);
    let c = &m.data.covariates[0].values;
    let axis =
        |x: &[f64], l: f64| Mat::from_fn(x.len(), x.len(), |i, j| (-(x[i] - x[j]).abs() / l).exp());
    let h = axis(&x, at("h.x.lengthscale")).kron(axis(&y, at("h.y.lengthscale")));
    let s = ["f", "g", "h"].map(|f| at(&format!("{f}.amplitude")).powi(2));
    Mat::from_fn(c.len(), c.len(), |i, j| {
        s[0] * f[(i, j)] + s[1] * c[i] * c[j] * g[(i, j)] + s[2] * h[(i, j)]
    })
}

fn log_prob(m: &Model, theta: &[f64]) -> f64 {
    let all = written_out(m, theta);
    let missing = m.data.response.missing.clone().unwrap_or_default();
    let cells: Vec<usize> = (0..all.nrows()).filter(|&c| missing.get(c) != Some(&true)).collect();
    let noise = value(m, theta, "scale").powi(2);
    let n = cells.len();
    let a = Mat::from_fn(n, n, |i, j| all[(cells[i], cells[j])] + if i == j { noise } else { 0.0 });
    let root = Cholesky::new(a.as_ref()).unwrap();
    let mut r = Mat::from_fn(n, 1, |i, _| m.data.response.values[cells[i]] - 0.3);
    root.solve_l_in_place(r.as_mut());
    -0.5 * (r.squared_norm_l2() + root.log_det() + n as f64 * (2.0 * std::f64::consts::PI).ln())
}

fn three_fields(shape: &[usize]) -> Model {
    let text = format!(
        "[fields.f]\n'x, y' = 'matern1()'\n[fields.g]\n'y, x' = 'matern1(lengthscale ~ [half_normal(1), \
         half_normal(2)])'\n[fields.h]\nx = 'matern12()'\ny = 'matern12()'\n{END}location = '0.3 + f + c * g \
         + h'\n"
    );
    model(&text, shape, gaps)
}

#[test]
fn value_and_gradient_are_those_of_the_covariance_written_out() {
    let m = three_fields(&[9, 11]);
    let theta: Vec<f64> = (0..m.parameters.len()).map(|i| 0.7 + 0.13 * i as f64).collect();
    let mut marginal = Marginal::new(&m).unwrap();
    assert_eq!(marginal.plan().algebra, Algebra::Sparse);
    let mut gradient = vec![0.0; theta.len()];
    let found = marginal.log_prob_vjp(&theta, &mut gradient).unwrap();
    let want = log_prob(&m, &theta);
    assert!((found.log_prob - want).abs() < 1e-10 * want.abs(), "{found:?} {want}");
    for (j, p) in m.parameters.iter().enumerate() {
        let moved = |h: f64| {
            let mut theta = theta.clone();
            theta[j] += h;
            log_prob(&m, &theta)
        };
        let known = (8.0 * (moved(1e-3) - moved(-1e-3)) - moved(2e-3) + moved(-2e-3)) / 12e-3;
        assert!(
            (gradient[j] - known).abs() < 1e-7 * known.abs().max(1.0),
            "{}: {} {known}",
            p.name,
            gradient[j]
        );
    }
    // The list of lengthscales is in the order of the axes as written.
    assert_eq!(m.parameters.iter().filter(|p| p.name == "g.y.lengthscale").count(), 1);
    assert_eq!(m.parameters[m.position("g.y.lengthscale").unwrap()].prior_text(), "half_normal(1)");
}

#[test]
fn predictions_are_those_of_the_covariance_written_out() {
    let m = three_fields(&[8, 9]);
    let theta: Vec<f64> = (0..m.parameters.len()).map(|i| 0.7 + 0.13 * i as f64).collect();
    let mut marginal = Marginal::new(&m).unwrap();
    let conditioned = marginal.condition(&theta).unwrap();
    let (location, _) = m.gaussian_parts().unwrap();
    let at: Vec<Points> = (0..2).map(|a| m.data.grid.axes()[a].points()).collect();
    let targets =
        marginal.targets_on_grid(location, &m.data.grid, &m.data.covariates, &at, &theta).unwrap();
    let n = m.data.grid.len();
    let place = conditioned.by_states(&targets, Arrangement::Grid, n).unwrap().unwrap();
    let all = written_out(&m, &theta);
    let missing = m.data.response.missing.clone().unwrap();
    let cells: Vec<usize> = (0..n).filter(|&c| !missing[c]).collect();
    let noise = value(&m, &theta, "scale").powi(2);
    let a = Mat::from_fn(cells.len(), cells.len(), |i, j| {
        all[(cells[i], cells[j])] + if i == j { noise } else { 0.0 }
    });
    let cross = Mat::from_fn(cells.len(), n, |i, c| all[(cells[i], c)]);
    let mut solved = cross.clone();
    Cholesky::new(a.as_ref()).unwrap().solve_in_place(solved.as_mut());
    let r = Col::from_fn(cells.len(), |i| m.data.response.values[cells[i]] - 0.3);
    let mean = solved.transpose() * r;
    let left = &all - cross.transpose() * &solved;
    for ((c, found), sd) in place.mean().into_iter().enumerate().zip(place.variance().unwrap()) {
        assert!((found - mean[c]).abs() < 1e-9, "{c}: {found} {}", mean[c]);
        assert!((sd - left[(c, c)]).abs() < 1e-9, "{c}: {sd} {}", left[(c, c)]);
    }
    let w: Vec<f64> = (0..n).map(|c| (c as f64 * 0.37).cos()).collect();
    let w_column = Col::from_fn(n, |c| w[c]);
    let want = (w_column.transpose() * &left * &w_column).sqrt();
    assert!((place.sum_sd(&w).unwrap() - want).abs() < 1e-9 * want);
    // Between points of a plane the field lies on a straight line.
    let only = gridgp_model::Predictor { terms: vec![location.random().next().unwrap().1.clone()] };
    let (x, y) = (points(&m, 0), points(&m, 1));
    let row = |x: f64, y: f64| [Points::line(&[x]), Points::line(&[y])];
    let mut sorted = y.clone();
    sorted.sort_by(f64::total_cmp);
    let mean_at = |x: f64, y: f64| {
        let at = row(x, y);
        let targets = marginal.targets_at_points(&only, &at, &theta, &(0..1), &[None, None, None]);
        let targets = targets.unwrap().unwrap();
        let place = conditioned.by_states(&targets, Arrangement::Points, 1);
        place.map(|p| p.unwrap().mean()[0])
    };
    let (low, high) = (mean_at(x[2], sorted[3]).unwrap(), mean_at(x[2], sorted[4]).unwrap());
    let between = mean_at(x[2], 0.75 * sorted[3] + 0.25 * sorted[4]).unwrap();
    assert!((between - (0.75 * low + 0.25 * high)).abs() < 1e-12);
    let e = mean_at(x[2], sorted[8] + 0.1).unwrap_err().to_string();
    assert!(e.contains("was asked for beyond"), "{e}");
}

#[test]
fn what_cannot_be_beside_a_plane_is_said() {
    let refused = |fields: &str, algebra: &str| {
        let text = format!(
            "[fields.f]\n'x, y' = 'matern1()'\n{fields}{END}location = 'f + g'\n[inference]\nalgebra = '{algebra}'\n"
        );
        Marginal::new(&model(&text, &[6, 5], |_| false)).unwrap_err().to_string()
    };
    let smooth = "[fields.g]\nx = 'squared_exponential()'\ny = 'matern12()'\n";
    assert!(refused(smooth, "auto").contains("no sum or product of Markov"));
    let rough = "[fields.g]\nx = 'matern12()'\ny = 'matern12()'\n";
    assert!(refused(rough, "dense").contains("leave inference.algebra out"));
    let m = three_fields(&[6, 5]);
    let marginal = Marginal::new(&m).unwrap();
    let theta = |l: f64| {
        let of =
            |p: &gridgp_model::param::Parameter| if p.name == "f.lengthscale" { l } else { 1.0 };
        m.parameters.iter().map(of).collect::<Vec<f64>>()
    };
    assert!(marginal.doubts(&theta(2.0)).is_empty());
    let doubts = marginal.doubts(&theta(300.0));
    assert!(doubts.len() == 1 && doubts[0].contains("reflects the field \"f\""), "{doubts:?}");
    let joint =
        crate::InformedJoint::new(&three_fields(&[6, 5]), &[0.0; 3]).unwrap_err().to_string();
    assert!(joint.contains("over two axes together"), "{joint}");
}

/// Fields of normals z have the covariance, and their derivatives agree with differences.
#[test]
fn whitened_fields_have_the_covariance_written_out() {
    let m = three_fields(&[5, 6]);
    let mut joint = crate::Joint::new(&m).unwrap();
    let count = joint.parameter_count();
    let x: Vec<f64> = (0..count).map(|i| 0.2 - 0.05 * i as f64).collect();
    let theta = m.natural(&x);
    let (px, py) = (points(&m, 0), points(&m, 1));
    let lengthscale = value(&m, &theta, "f.lengthscale");
    let amplitude = value(&m, &theta, "f.amplitude");
    let known = covariance([&px, &py], [lengthscale; 2]) * Scale(amplitude * amplitude);
    let own = joint.field_ranges()[0].clone();
    let mut found = Mat::<f64>::zeros(30, 30);
    let mut at = x.clone();
    at.resize(joint.dim(), 0.0);
    for k in own {
        at[k] = 1.0;
        let f = joint.fields_at(&at).unwrap().1[0].to_vec();
        let f = Col::from_fn(30, |i| f[i]);
        found += &f * f.transpose();
        at[k] = 0.0;
    }
    assert!((&found - &known).norm_max() < 1e-10, "{}", (&found - &known).norm_max());
}

#[test]
fn the_joint_density_has_the_derivatives_of_its_differences() {
    let text = "[fields.f]\n'x, t' = 'matern1()'\ny = 'matern12()'\n[likelihood]\nfamily = 'gaussian'\n\
                location = '0.3 + c * f'\n";
    let m = model(text, &[4, 3, 3], gaps);
    let mut joint = crate::Joint::new(&m).unwrap();
    let x: Vec<f64> = (0..joint.dim()).map(|i| 0.4 * (i as f64 * 0.7).sin()).collect();
    let (mut gradient, mut unused) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    joint.log_density_gradient(&x, &mut gradient);
    let count = joint.parameter_count();
    for k in (0..count).chain((count..x.len()).step_by(97)) {
        let mut at = |h: f64| {
            let mut x = x.clone();
            x[k] += h;
            joint.log_density_gradient(&x, &mut unused)
        };
        let known = (8.0 * (at(1e-3) - at(-1e-3)) - at(2e-3) + at(-2e-3)) / 12e-3;
        assert!(
            (gradient[k] - known).abs() < 1e-7 * known.abs().max(1.0),
            "{k}: {} {known}",
            gradient[k]
        );
    }
    // At the points of the data a field on another grid is the field.
    joint.fields_at(&x).unwrap();
    let all: Vec<Option<Points>> = m.data.grid.axes().iter().map(|a| Some(a.points())).collect();
    let here = joint.fields_at(&x).unwrap().1[0].to_vec();
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let there = joint.field_on_grid(0, &all, &[false; 3], &mut rng).unwrap();
    here.iter().zip(&there).for_each(|(a, b)| assert!((a - b).abs() < 1e-6, "{a} {b}"));
    let rows: Vec<Points> = [0, 1, 2]
        .map(|a| {
            let axis = m.data.grid.axes()[a].points();
            let at = (0..here.len()).map(|c| axis.row(m.data.grid.unravel(c)[a])[0]);
            Points::line(&at.collect::<Vec<f64>>())
        })
        .to_vec();
    let there = joint.field_at_points(0, &rows, &mut rng).unwrap();
    here.iter().zip(&there).for_each(|(a, b)| assert!((a - b).abs() < 1e-3, "{a} {b}"));
}
