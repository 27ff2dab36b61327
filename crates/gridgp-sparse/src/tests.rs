use std::sync::Arc;

use faer::Mat;
use faer::prelude::*;
use gridgp_dense::Cholesky;
use gridgp_kernel::{Block, Factor as Part};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

/// Neighbours one step away, or two where the first two axes are a plane.
fn lattice(shape: &[usize], is_plane: bool) -> Arc<Lattice> {
    Arc::new(Lattice::with_planes(shape, if is_plane { &[[0, 1]] } else { &[] }))
}

fn spd(lattice: Arc<Lattice>, size: usize, seed: u64) -> Stencil {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut p = Stencil::zeros(lattice.clone(), size);
    let most = (2 * lattice.steps().len() * size) as f64;
    lattice.each_pair(|cell, step, _| {
        let block = p.block_mut(cell, step);
        block.iter_mut().for_each(|v| *v = rng.random_range(-1.0..1.0));
        if step == 0 {
            for i in 0..size {
                for j in 0..i {
                    block[i * size + j] = block[j * size + i];
                }
                block[i * size + i] += most;
            }
        }
    });
    p
}

fn written_out(p: &Stencil) -> Mat<f64> {
    let (lattice, m) = (p.lattice().clone(), p.size());
    let mut out = Mat::zeros(lattice.len() * m, lattice.len() * m);
    lattice.each_pair(|cell, step, other| {
        for i in 0..m {
            for j in 0..m {
                let v = p.block(cell, step)[i * m + j];
                out[(cell * m + i, other * m + j)] = v;
                out[(other * m + j, cell * m + i)] = v;
            }
        }
    });
    out
}

fn factor(p: &Stencil) -> Factor {
    Factor::new(Arc::new(Dissection::new(p.lattice().clone(), p.size())), p).unwrap()
}

const SHAPES: [(&[usize], usize, bool); 14] = [
    (&[1], 1, false),
    (&[40], 3, false),
    (&[300], 1, false),
    (&[23, 17], 1, false),
    (&[12, 31], 2, false),
    (&[60, 1, 4], 1, false),
    (&[9, 8, 7], 1, false),
    (&[2, 2, 90], 2, false),
    (&[5, 6, 4], 3, false),
    (&[23, 17], 1, true),
    (&[12, 31], 2, true),
    (&[1, 50], 1, true),
    (&[2, 60], 1, true),
    (&[8, 9, 5], 1, true),
];

#[test]
fn factor_is_that_of_the_dense_matrix() {
    for (i, (shape, size, is_plane)) in SHAPES.into_iter().enumerate() {
        let p = spd(lattice(shape, is_plane), size, i as u64);
        let (dense, n) = (written_out(&p), p.lattice().len() * size);
        let (found, root) = (factor(&p), Cholesky::new(dense.as_ref()).unwrap());
        assert!((found.log_det() - root.log_det()).abs() < 1e-12 * n as f64, "{shape:?}");
        let b = Mat::from_fn(n, 3, |i, j| ((i * 7 + j) % 11) as f64 - 5.0);
        let mut x = b.clone();
        found.solve_in_place(x.as_mut());
        assert!((&dense * &x - &b).norm_max() < 1e-11, "{shape:?}");
        // L⁻ᵀ L⁻¹ = P⁻¹, each half by itself.
        let mut half = Mat::identity(n, n);
        found.solve_lt_in_place(half.as_mut());
        let covariance = &half * half.transpose();
        assert!((&dense * covariance - Mat::<f64>::identity(n, n)).norm_max() < 1e-11, "{shape:?}");
    }
}

#[test]
fn selected_inverse_has_the_blocks_of_the_inverse() {
    for (i, (shape, size, is_plane)) in SHAPES.into_iter().enumerate() {
        let p = spd(lattice(shape, is_plane), size, 50 + i as u64);
        let n = p.lattice().len() * size;
        let mut inverse = Mat::<f64>::identity(n, n);
        Cholesky::new(written_out(&p).as_ref()).unwrap().solve_in_place(inverse.as_mut());
        let found = factor(&p).selected_inverse();
        p.lattice().each_pair(|cell, step, other| {
            for i in 0..size {
                for j in 0..size {
                    let v = found.block(cell, step)[i * size + j];
                    assert!((v - inverse[(cell * size + i, other * size + j)]).abs() < 1e-14);
                }
            }
            let step: Vec<isize> = p.lattice().steps()[step].iter().map(|s| -s).collect();
            let mut back = vec![0.0; size * size];
            found.add_between(other, &step, &mut back);
            let other_way = found.block(cell, position(&p, &step))[(size - 1) * size];
            assert!((back[size - 1] - other_way).abs() < 1e-15);
        });
    }
}

fn position(p: &Stencil, back: &[isize]) -> usize {
    let is_it = |s: &Vec<isize>| s.iter().zip(back).all(|(a, b)| *a == -b);
    p.lattice().steps().iter().position(is_it).unwrap()
}

#[test]
fn cost_is_what_the_factor_has() {
    for (shape, size, is_plane) in SHAPES {
        let lattice = lattice(shape, is_plane);
        let order = Dissection::new(lattice.clone(), size);
        let cost = Dissection::cost(&lattice, size);
        assert_eq!(cost.fronts, order.fronts.len() as f64);
        let operations = order.fronts.last().unwrap().operations;
        assert!((cost.operations / operations - 1.0).abs() < 1e-12);
        let found = Factor::new(Arc::new(order), &spd(lattice, size, 3)).unwrap();
        assert_eq!(cost.numbers, found.panels.iter().map(Vec::len).sum::<usize>() as f64);
    }
}

#[test]
fn neighbours_in_a_plane_are_two_steps_away() {
    let steps =
        |shape: &[usize], planes: &[[usize; 2]]| Lattice::with_planes(shape, planes).steps().len();
    // 13 cells of the plane, each with its two neighbours along the third axis: itself, and half of the others.
    assert_eq!(steps(&[9, 9], &[[0, 1]]), 7);
    assert_eq!(steps(&[9, 9, 9], &[[0, 2]]), 1 + 13 * 3 / 2);
    assert_eq!(steps(&[9, 9], &[]), 5);
}

#[test]
fn what_is_not_positive_definite_is_said() {
    let mut p = spd(lattice(&[15, 15], false), 1, 8);
    p.block_mut(77, 0)[0] = -1.0;
    let order = Arc::new(Dissection::new(p.lattice().clone(), 1));
    let found = Factor::new(order.clone(), &p).unwrap_err();
    assert!(matches!(found, Error::NotPositiveDefinite { .. }), "{found}");
    p.block_mut(77, 0)[0] = f64::NAN;
    assert!(Factor::new(order, &p).is_err());
}

fn blocks() -> Vec<Block> {
    let matern = |order, rate| Part::Matern { order, rate };
    vec![
        Block::new(1.0, vec![matern(1, 0.7)]),
        Block::new(1.0, vec![matern(2, 0.9)]),
        Block::new(1.0, vec![matern(3, 1.2)]),
        Block::new(1.0, vec![matern(2, 0.4), Part::Rotation { rate: 2.0 }]),
    ]
}

const POINTS: [f64; 6] = [0.0, 0.5, 1.0, 2.2, 2.3, 5.0];

/// The covariance of all states.
fn covariance(block: &Block, points: &[f64]) -> Mat<f64> {
    let m = block.size();
    let mut p = vec![0.0; m * m];
    block.stationary(&mut p);
    let p = Mat::from_fn(m, m, |i, j| p[i * m + j]);
    let mut out = Mat::zeros(points.len() * m, points.len() * m);
    for (i, s) in points.iter().enumerate() {
        for (j, t) in points.iter().enumerate().take(i + 1) {
            let mut a = vec![0.0; m * m];
            block.transition(s - t, &mut a);
            let k = Mat::from_fn(m, m, |i, j| a[i * m + j]) * &p;
            for r in 0..m {
                for c in 0..m {
                    out[(i * m + r, j * m + c)] = k[(r, c)];
                    out[(j * m + c, i * m + r)] = k[(r, c)];
                }
            }
        }
    }
    out
}

#[test]
fn chain_is_the_inverse_of_the_covariance() {
    for block in blocks() {
        let m = block.size();
        let chain = Chain::new(&block, &POINTS).unwrap();
        let k = covariance(&block, &POINTS);
        let mut p = Mat::<f64>::zeros(k.nrows(), k.nrows());
        for i in 0..POINTS.len() {
            for r in 0..m {
                for c in 0..m {
                    p[(i * m + r, i * m + c)] = chain.diagonal[i * m * m + r * m + c];
                    if i + 1 < POINTS.len() {
                        let v = chain.across[i * m * m + r * m + c];
                        p[(i * m + r, (i + 1) * m + c)] = v;
                        p[((i + 1) * m + c, i * m + r)] = v;
                    }
                }
            }
        }
        let off = (&p * &k - Mat::<f64>::identity(k.nrows(), k.nrows())).norm_max();
        // Entries grow as the steps shrink, to the fifth power.
        assert!(off < 1e-14 * p.norm_max(), "{block:?}: {off}, {}", p.norm_max());
        let log_det = Cholesky::new(k.as_ref()).unwrap().log_det();
        assert!((chain.log_det + log_det).abs() < 1e-9, "{block:?}");
    }
}

#[test]
fn chain_gradients_are_those_of_differences() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for block in blocks() {
        let chain = Chain::new(&block, &POINTS).unwrap();
        let mut bar = chain.zero_bar();
        bar.across.iter_mut().for_each(|b| *b = rng.random_range(-1.0..1.0));
        bar.log_det = 0.7;
        let m = chain.size;
        for k in 0..POINTS.len() {
            for i in 0..m {
                for j in 0..=i {
                    let v = rng.random_range(-1.0..1.0);
                    bar.diagonal[k * m * m + i * m + j] = v;
                    bar.diagonal[k * m * m + j * m + i] = v;
                }
            }
        }
        let value = |block: &Block| {
            let chain = Chain::new(block, &POINTS).unwrap();
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            dot(&chain.diagonal, &bar.diagonal)
                + dot(&chain.across, &bar.across)
                + bar.log_det * chain.log_det
        };
        let found = Chain::vjp(&block, &POINTS, &bar).unwrap();
        for f in 0..block.factors.len() {
            let moved = |h: f64| {
                let mut block = block.clone();
                match &mut block.factors[f] {
                    Part::Matern { rate, .. } | Part::Rotation { rate } => *rate += h,
                    Part::White => {}
                }
                value(&block)
            };
            let h = 1e-5;
            let difference =
                (8.0 * (moved(h) - moved(-h)) - (moved(2.0 * h) - moved(-2.0 * h))) / (12.0 * h);
            let size = found.rates[f].abs().max(1.0);
            assert!(
                (found.rates[f] - difference).abs() < 1e-7 * size,
                "{block:?}: {} {difference}",
                found.rates[f]
            );
        }
    }
}

#[test]
fn between_is_what_the_covariance_lets_expect() {
    for block in blocks() {
        let m = block.size();
        for point in [-0.4, 0.5, 0.7, 2.25, 4.0, 6.0] {
            let found = Chain::between(&block, &POINTS, point).unwrap();
            let (mut all, mut place) = (POINTS.to_vec(), POINTS.partition_point(|p| *p < point));
            if POINTS.contains(&point) {
                assert_eq!(found.left, 0.0);
                continue;
            }
            all.insert(place, point);
            let k = covariance(&block, &all);
            place *= m;
            let others: Vec<usize> =
                (0..k.nrows()).filter(|i| !(place..place + m).contains(i)).collect();
            let known = Mat::from_fn(others.len(), others.len(), |i, j| k[(others[i], others[j])]);
            let cross = Mat::from_fn(others.len(), 1, |i, _| k[(others[i], place)]);
            let weights = known.partial_piv_lu().solve(&cross);
            let left = k[(place, place)] - (cross.transpose() * &weights)[(0, 0)];
            assert!((found.left - left).abs() < 1e-10, "{block:?} {point}");
            let mut own = vec![0.0; others.len()];
            for (at, w) in &found.weights {
                own[at * m..(at + 1) * m].copy_from_slice(w);
            }
            own.iter().enumerate().for_each(|(i, w)| {
                assert!((w - weights[(i, 0)]).abs() < 1e-7, "{block:?} {point} {i}");
            });
        }
    }
}
