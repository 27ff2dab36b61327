//! Parts of operators: grids with missing cells.

use faer::Mat;
use gridgp_linalg::testing::normal;
use gridgp_linalg::*;

use crate::cases::{Case, TOL, conforms, dense, kron, random, refused};

/// The cells of a grid that are observed, and the block of a matrix that they make.
fn observed(a: &Mat<f64>, missing: impl Fn(usize) -> bool) -> (Vec<bool>, Mat<f64>) {
    let keep: Vec<bool> = (0..a.nrows()).map(|i| !missing(i)).collect();
    let kept: Vec<usize> = (0..keep.len()).filter(|&i| keep[i]).collect();
    let part = Mat::from_fn(kept.len(), kept.len(), |i, j| a[(kept[i], kept[j])]);
    (keep, part)
}

pub fn masked(case: Case) {
    let name = format!("masked, {case:?}");
    let factors = case.factors(1);
    let a = kron(&factors);
    let n = a.nrows();
    let op = Kronecker::new(dense(&factors));
    let (keep, part) = observed(&a, |i| i % 5 == 2);
    let principal = Masked::principal(op.clone(), &keep).unwrap();
    conforms!(name, &principal, part, TOL; product entries root);
    // Rows and columns in any order, one of them twice.
    let (rows, columns) = (vec![4 % n, 0, 8 % n, 4 % n], vec![3 % n, 2 % n]);
    let part = Mat::from_fn(4, 2, |i, j| a[(rows[i], columns[j])]);
    conforms!(name, &Masked::new(op, rows, columns).unwrap(), part, TOL; product entries);
    if case.is_singular() {
        let lu = Kronecker::new(factors.iter().map(|f| Lu::new(f.as_ref()).unwrap()).collect());
        refused(&name, Masked::principal(lu, &keep).unwrap().complement());
    }
}

pub fn complement_solver(case: Case) {
    let name = format!("complement, {case:?}");
    let factors = case.factors(1);
    if case.is_singular() {
        // Two cells asked for twice: the whole is regular, the part is not.
        let whole = Kronecker::new(Case::Random.factors(1).iter().map(chol).collect());
        let twice = Masked::new(whole, vec![0, 0, 3, 3], vec![0, 0, 3, 3]).unwrap();
        return refused(&name, twice.complement());
    }
    let a = kron(&factors);
    let whole = Kronecker::new(factors.iter().map(chol).collect());
    for missing in [0, 1, 3, a.nrows() - 1] {
        let (keep, part) = observed(&a, |i| i * 7 % a.nrows() < missing);
        let op = Masked::principal(whole.clone(), &keep).unwrap().complement().unwrap();
        conforms!(name, &op, part, TOL; product);
        // The identity needs the block of the inverse at the missing cells, and its digits.
        conforms!(name, &op, part, 1e-8; solve log_det);
    }
}

fn chol(factor: &Mat<f64>) -> Cholesky {
    Cholesky::new(factor.as_ref()).unwrap()
}

#[test]
fn missing_cells_are_filled_with_what_makes_them_unobserved() {
    let a = random(9, 1);
    for missing in [&[][..], &[3], &[0, 4, 8], &[0, 1, 2, 3, 4, 5, 6, 7]] {
        let (keep, part) = observed(&a, |i| missing.contains(&i));
        let op = Masked::principal(chol(&a), &keep).unwrap().complement().unwrap();
        let b = normal(part.nrows(), 2, 3);
        let alpha = chol(&a).solve(op.fill_in(b.as_ref()).unwrap().as_ref()).unwrap();
        let expected = op.solve(b.as_ref()).unwrap();
        let kept = (0..9).filter(|i| keep[*i]).enumerate();
        assert!(kept.into_iter().all(|(i, p)| (alpha[(p, 0)] - expected[(i, 0)]).abs() < 1e-11));
        assert!(missing.iter().all(|&p| alpha[(p, 1)].abs() < 1e-11), "alpha at missing cells");
    }
}

#[test]
fn a_noisy_grid_with_gaps() {
    let factors = Case::Random.factors(1);
    let spectral = factors.iter().map(|k| Spectral::new(k.as_ref(), Facts::default()).unwrap());
    let grid = KroneckerIdentity::new(spectral.collect(), 1.5, 0.2).unwrap();
    let (keep, part) = observed(&LinearOperator::to_dense(&grid), |i| i % 7 == 3);
    let op = Masked::principal(grid, &keep).unwrap().complement().unwrap();
    conforms!("grid with gaps", &op, part, TOL; product);
    conforms!("grid with gaps", &op, part, 1e-12; solve log_det);
}

#[test]
fn what_is_no_part_is_refused() {
    assert!(Masked::new(Identity::new(2), vec![2], vec![0]).is_err());
    assert!(Masked::principal(Identity::new(2), &[true]).is_err());
    let off = Masked::new(Identity::new(2), vec![0], vec![1]).unwrap();
    assert!(matches!(off.square_root(), Err(Error::Structure(_))));
    assert!(matches!(off.complement(), Err(Error::Structure(_))));
}
