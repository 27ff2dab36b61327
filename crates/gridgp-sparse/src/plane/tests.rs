use super::*;
use crate::{Lattice, Stencil};
use gridgp_dense::Cholesky;

fn plane(x: &[f64], y: &[f64], lengthscales: [f64; 2]) -> Plane {
    Plane::new(Arc::new([Side::new(x).unwrap(), Side::new(y).unwrap()]), lengthscales)
}

fn written_out(plane: &Plane) -> Mat<f64> {
    let shape = [plane.sides[0].len(), plane.sides[1].len()];
    let lattice = Arc::new(Lattice::with_planes(&shape, &[[0, 1]]));
    let mut q = Mat::zeros(plane.len(), plane.len());
    let mut stencil = Stencil::zeros(lattice.clone(), 1);
    lattice.each_pair(|cell, step, other| {
        let steps = &lattice.steps()[step];
        let value = plane.entry([cell / shape[1], cell % shape[1]], [steps[0], steps[1]]);
        stencil.block_mut(cell, step)[0] = value;
        (q[(cell, other)], q[(other, cell)]) = (value, value);
    });
    q
}

/// K W⁻¹ K by dense products.
fn by_definition(plane: &Plane) -> Mat<f64> {
    let [one, other] = &*plane.sides;
    let dense = |side: &Side, k: usize| {
        Mat::from_fn(side.len(), side.len(), |i, j| {
            if i.abs_diff(j) > 1 {
                return 0.0;
            }
            side.entries(i, j as isize - i as isize)[k]
        })
    };
    let kron = |a: &Mat<f64>, b: &Mat<f64>| {
        let n = b.nrows();
        Mat::from_fn(a.nrows() * n, a.nrows() * n, |i, j| a[(i / n, j / n)] * b[(i % n, j % n)])
    };
    let (w, v, g, f) = (dense(one, 0), dense(other, 0), dense(one, 1), dense(other, 1));
    let [a, b] = plane.lengthscales.map(|l| l * l);
    let area = kron(&w, &v);
    let k =
        faer::Scale(2.0) * &area + faer::Scale(a) * kron(&g, &v) + faer::Scale(b) * kron(&w, &f);
    let inverse =
        Mat::from_fn(
            area.nrows(),
            area.nrows(),
            |i, j| {
                if i == j { area[(i, i)].recip() } else { 0.0 }
            },
        );
    &k * inverse * &k
}

const X: [f64; 4] = [0.0, 1.0, 1.8, 3.0];
const Y: [f64; 5] = [-2.0, -1.5, -1.0, 0.0, 0.7];

#[test]
fn precision_is_the_square_of_the_operator() {
    let plane = plane(&X, &Y, [1.3, 0.8]);
    let (q, known) = (written_out(&plane), by_definition(&plane));
    assert!((&q - &known).norm_max() < 1e-12 * known.norm_max());
    let root = Cholesky::new(q.as_ref()).unwrap();
    assert!((root.log_det() - plane.log_det).abs() < 1e-9);
    let mut inverse = Mat::<f64>::identity(q.nrows(), q.nrows());
    root.solve_in_place(inverse.as_mut());
    let cell = |i: usize, j: usize| (i + MARGIN) * (Y.len() + 2 * MARGIN) + j + MARGIN;
    let variance = |i: usize, j: usize| inverse[(cell(i, j), cell(i, j))];
    let all = (0..X.len()).flat_map(|i| (0..Y.len()).map(move |j| variance(i, j)));
    let mean = all.sum::<f64>() / (X.len() * Y.len()) as f64;
    assert!((mean / plane.variance - 1.0).abs() < 1e-11);
    assert!((variance(0, 0) / plane.variance - plane.corner()).abs() < 1e-11);
}

#[test]
fn derivatives_agree_with_differences() {
    let at = |l: [f64; 2]| plane(&X, &Y, l);
    let (here, step) = ([1.3, 0.8], 1e-5);
    let (point, steps) = ([9, 10], [1, -1]);
    let value = |p: &Plane| {
        0.3 * p.log_det - 2.0 * p.variance + 0.7 * p.entry(point, steps) + p.entry(point, [0, 0])
    };
    let plane = at(here);
    let mut squares = [0.0; 2];
    plane.add_entry_bar(point, steps, 0.7, &mut squares);
    plane.add_entry_bar(point, [0, 0], 1.0, &mut squares);
    for (a, found) in plane.vjp(squares, 0.3, -2.0).into_iter().enumerate() {
        let moved = |h: f64| {
            let mut l = here;
            l[a] += h;
            value(&at(l))
        };
        let known = (moved(step) - moved(-step)) / (2.0 * step);
        assert!((found - known).abs() < 1e-7 * known.abs().max(1.0), "{a}: {found} {known}");
    }
}

#[test]
fn normals_with_the_scales_have_the_covariance() {
    let plane = plane(&X, &Y, [1.3, 0.8]);
    let n = plane.len();
    let mut inverse = Mat::<f64>::identity(n, n);
    Cholesky::new(written_out(&plane).as_ref()).unwrap().solve_in_place(inverse.as_mut());
    let mut scales = vec![0.0; n];
    plane.write_scales(&mut scales);
    let [one, other] = plane.sides();
    let vectors = one.vectors().kron(other.vectors());
    let root = Mat::from_fn(n, n, |i, j| vectors[(i, j)] * scales[j]);
    let known = inverse * faer::Scale(plane.variance.recip());
    assert!((&root * root.transpose() - &known).norm_max() < 1e-10 * known.norm_max());
    let weighted =
        Mat::from_fn(one.len(), one.len(), |i, j| one.width()[i] * one.vectors()[(i, j)]);
    let product = one.vectors().transpose() * weighted;
    assert!((product - Mat::<f64>::identity(one.len(), one.len())).norm_max() < 1e-12);
    let bar: Vec<f64> = (0..n).map(|i| (i as f64).cos()).collect();
    let value = |l: [f64; 2]| {
        let mut scales = vec![0.0; n];
        self::plane(&X, &Y, l).write_scales(&mut scales);
        scales.iter().zip(&bar).map(|(s, b)| s * b).sum::<f64>()
    };
    let found = plane.scales_vjp(&bar);
    for (a, found) in found.into_iter().enumerate() {
        let at = |h: f64| {
            let mut l = [1.3, 0.8];
            l[a] += h;
            value(l)
        };
        let known = (at(1e-5) - at(-1e-5)) / 2e-5;
        assert!((found - known).abs() < 1e-7 * known.abs().max(1.0), "{a}: {found} {known}");
    }
}

/// (√2 r/ℓ) K₁(√2 r/ℓ) at r/ℓ = ½, 1, 2.
const MATERN: [(f64, f64); 3] = [(0.5, 0.731_914_5), (1.0, 0.444_342_5), (2.0, 0.139_667_5)];

#[test]
fn covariance_is_that_of_matern_where_the_grid_is_fine() {
    let x: Vec<f64> = (0..41).map(f64::from).collect();
    let plane = plane(&x, &x, [10.0, 10.0]);
    let n = plane.sides[0].len();
    let lattice = Arc::new(Lattice::with_planes(&[n, n], &[[0, 1]]));
    let mut q = Stencil::zeros(lattice.clone(), 1);
    lattice.each_pair(|cell, step, _| {
        let steps = &lattice.steps()[step];
        q.block_mut(cell, step)[0] = plane.entry([cell / n, cell % n], [steps[0], steps[1]]);
    });
    let factor = crate::Factor::new(Arc::new(crate::Dissection::new(lattice, 1)), &q).unwrap();
    let centre = (20 + MARGIN) * n + 20 + MARGIN;
    let mut covariance = Mat::zeros(n * n, 1);
    covariance[(centre, 0)] = 1.0;
    factor.solve_in_place(covariance.as_mut());
    for (r, known) in MATERN {
        let found = covariance[(centre + (10.0 * r) as usize, 0)] / covariance[(centre, 0)];
        assert!((found - known).abs() < 0.01, "{r}: {found} {known}");
    }
    assert!((plane.corner() - 1.0).abs() < 0.02, "{}", plane.corner());
}

/// Where it is coarse, neighbours are less alike: 0.80 for 0.84 at three distances.
#[test]
fn neighbours_are_less_alike_where_the_grid_is_coarse() {
    let x: Vec<f64> = (0..25).map(f64::from).collect();
    let plane = plane(&x, &x, [3.0, 3.0]);
    let mut scales = vec![0.0; plane.len()];
    plane.write_scales(&mut scales);
    let n = plane.sides[0].len();
    let vectors = plane.sides[0].vectors();
    let centre = 12 + MARGIN;
    let covariance = |other: usize| -> f64 {
        (0..n * n)
            .map(|k| {
                let (i, j) = (k / n, k % n);
                let along = vectors[(centre, i)] * vectors[(other, i)];
                along * vectors[(centre, j)].powi(2) * scales[k].powi(2)
            })
            .sum()
    };
    let correlation = covariance(centre + 1) / covariance(centre);
    assert!((correlation - 0.80).abs() < 0.006, "{correlation}");
}
