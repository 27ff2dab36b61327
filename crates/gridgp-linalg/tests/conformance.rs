//! Every operator against its dense form. One function an operator; `every_operator` below lists
//! them all.

use faer::{Mat, mat};
use gridgp_linalg::testing::{
    check_eigen, check_entries, check_log_det, check_operator, check_solve, check_square_root,
    covariance, dense_kronecker, normal,
};
use gridgp_linalg::*;

const TOL: f64 = 1e-13;

/// Sizes and conditions that every symmetric operator must stand.
const CASES: [(usize, f64); 4] = [(1, 1.0), (2, 10.0), (7, 1e3), (12, 1e10)];

fn random(n: usize, seed: u64) -> Mat<f64> {
    covariance(n, n, 20.0, seed)
}

fn kron(factors: &[Mat<f64>]) -> Mat<f64> {
    factors
        .iter()
        .fold(Mat::identity(1, 1), |product, f| dense_kronecker(product.as_ref(), f.as_ref()))
}

fn dense(factors: &[Mat<f64>]) -> Vec<Dense> {
    factors.iter().cloned().map(Dense::new).collect()
}

#[test]
fn dense_and_its_factorizations() {
    for (n, condition) in CASES {
        let a = covariance(n, n, condition, 1);
        let name = format!("dense {n} at condition {condition:e}");
        let op = Dense::new(a.clone());
        check_operator(&name, &op, a.as_ref(), TOL);
        check_entries(&name, &op, a.as_ref(), 0.0);
        check_square_root(&name, &op, a.as_ref(), TOL);
        check_eigen(&name, &op, a.as_ref(), TOL);
        let chol = op.factorize().unwrap();
        check_operator(&name, &chol, a.as_ref(), TOL);
        check_entries(&name, &chol, a.as_ref(), TOL);
        check_solve(&name, &chol, a.as_ref(), TOL);
        check_log_det(&name, &chol, a.as_ref(), TOL);
        check_square_root(&name, &chol, a.as_ref(), TOL);
        let eigen = op.eigen().unwrap();
        check_operator(&name, &eigen, a.as_ref(), TOL);
        check_log_det(&name, &eigen, a.as_ref(), TOL);
        check_square_root(&name, &eigen, a.as_ref(), TOL);
        let inverse = eigen.inverse().unwrap();
        let dense_inverse = chol.solve(Mat::<f64>::identity(n, n).as_ref()).unwrap();
        check_operator(&name, &inverse, dense_inverse.as_ref(), TOL * condition);
        // Not symmetric, so LU.
        let g = normal(n, n, 3);
        let lu = Dense::new(g.clone()).lu().unwrap();
        check_operator(&name, &lu, g.as_ref(), TOL);
        check_solve(&name, &lu, g.as_ref(), TOL);
        check_log_det(&name, &lu, g.as_ref(), TOL);
    }
    let tall = normal(5, 3, 2);
    check_operator("tall dense", &Dense::new(tall.clone()), tall.as_ref(), TOL);
    check_entries("tall dense", &Dense::new(tall.clone()), tall.as_ref(), 0.0);
}

#[test]
fn rank_deficient_dense() {
    let a = covariance(8, 3, 10.0, 4);
    let op = Dense::new(a.clone());
    assert!(matches!(op.factorize(), Err(Error::NotPositiveDefinite { size: 8, .. })));
    let eigen = op.eigen().unwrap();
    assert_eq!(eigen.rank(), 3);
    check_log_det("singular", &eigen, a.as_ref(), TOL);
    check_square_root("singular", &eigen, a.as_ref(), TOL);
    let b = normal(8, 1, 1);
    assert_eq!(eigen.solve(b.as_ref()), Err(Error::Singular { size: 8, rank: 3 }));
    let lu = op.lu().unwrap();
    assert_eq!(lu.solve(b.as_ref()), Err(Error::Singular { size: 8, rank: 3 }));
}

#[test]
fn diagonal_identity_scaled() {
    for n in [1, 2, 9] {
        let d: Vec<f64> = (0..n).map(|i| 10f64.powi(i as i32 - 3)).collect();
        let a = Mat::from_fn(n, n, |i, j| if i == j { d[i] } else { 0.0 });
        let op = Diagonal::new(d);
        check_operator("diagonal", &op, a.as_ref(), TOL);
        check_entries("diagonal", &op, a.as_ref(), 0.0);
        check_solve("diagonal", &op, a.as_ref(), TOL);
        check_log_det("diagonal", &op, a.as_ref(), TOL);
        check_square_root("diagonal", &op, a.as_ref(), TOL);
        check_eigen("diagonal", &op, a.as_ref(), TOL);
        let eye = Mat::<f64>::identity(n, n);
        let op = Identity::new(n);
        check_operator("identity", &op, eye.as_ref(), TOL);
        check_entries("identity", &op, eye.as_ref(), TOL);
        check_solve("identity", &op, eye.as_ref(), TOL);
        check_log_det("identity", &op, eye.as_ref(), TOL);
        check_square_root("identity", &op, eye.as_ref(), TOL);
        check_eigen("identity", &op, eye.as_ref(), TOL);
        let k = random(n, 5);
        let a = Mat::from_fn(n, n, |i, j| 0.3 * k[(i, j)]);
        let op = Scaled::new(0.3, Dense::new(k.clone()));
        check_operator("scaled", &op, a.as_ref(), TOL);
        check_entries("scaled", &op, a.as_ref(), TOL);
        check_square_root("scaled", &op, a.as_ref(), TOL);
        check_eigen("scaled", &op, a.as_ref(), TOL);
        let chol = op.factorize().unwrap();
        check_solve("scaled", &chol, a.as_ref(), TOL);
        check_log_det("scaled", &chol, a.as_ref(), TOL);
        let negative = Scaled::new(-2.0, Dense::new(k.clone()).factorize().unwrap());
        let a = Mat::from_fn(n, n, |i, j| -2.0 * k[(i, j)]);
        check_log_det("negative scale", &negative, a.as_ref(), TOL);
        check_solve("negative scale", &negative, a.as_ref(), TOL);
    }
    let zero = Diagonal::new(vec![2.0, 0.0]);
    let b = mat![[1.0], [1.0]];
    assert_eq!(zero.solve(b.as_ref()), Err(Error::Singular { size: 2, rank: 1 }));
    assert_eq!(zero.log_det().unwrap().sign, 0.0);
    assert!(matches!(zero.factorize(), Err(Error::NotPositiveDefinite { pivot: 1, .. })));
    assert!(Diagonal::new(vec![1.0, -1.0]).square_root().is_err());
    assert!(Scaled::new(0.0, Identity::new(2)).solve(b.as_ref()).is_err());
}

#[test]
fn triangular() {
    for n in [1, 2, 9] {
        let g = normal(n, n, 6);
        let l = Mat::from_fn(n, n, |i, j| {
            if i > j {
                0.3 * g[(i, j)]
            } else if i == j {
                -1.0 - g[(i, i)].abs()
            } else {
                0.0
            }
        });
        let u = l.transpose().to_owned();
        let (lower, upper) = (Triangular::lower(l.clone()), Triangular::upper(u.clone()));
        assert_eq!(lower.clone().into_transpose(), upper);
        for (op, a) in [(lower, l), (upper, u)] {
            check_operator("triangular", &op, a.as_ref(), TOL);
            check_entries("triangular", &op, a.as_ref(), 0.0);
            check_solve("triangular", &op, a.as_ref(), TOL);
            check_log_det("triangular", &op, a.as_ref(), TOL);
        }
    }
    let singular = Triangular::lower(mat![[1.0, 0.0], [5.0, 0.0]]);
    assert_eq!(
        singular.solve(mat![[1.0], [1.0]].as_ref()),
        Err(Error::Singular { size: 2, rank: 1 })
    );
}

#[test]
fn kronecker() {
    for sizes in [&[][..], &[1], &[5], &[3, 4], &[4, 1, 3], &[2, 3, 4], &[2, 2, 3, 2]] {
        let factors: Vec<_> = sizes.iter().zip(10..).map(|(&n, s)| random(n, s)).collect();
        let a = kron(&factors);
        let name = format!("kronecker {sizes:?}");
        let op = Kronecker::new(dense(&factors));
        check_operator(&name, &op, a.as_ref(), TOL);
        check_entries(&name, &op, a.as_ref(), TOL);
        check_square_root(&name, &op, a.as_ref(), TOL);
        check_eigen(&name, &op, a.as_ref(), TOL);
        let chol = op.factorize().unwrap();
        check_operator(&name, &chol, a.as_ref(), TOL);
        check_solve(&name, &chol, a.as_ref(), TOL);
        check_log_det(&name, &chol, a.as_ref(), TOL);
        let dense_inverse =
            chol.solve(Mat::<f64>::identity(a.nrows(), a.nrows()).as_ref()).unwrap();
        let inverse = chol.inverse().unwrap();
        check_operator(&name, &inverse, dense_inverse.as_ref(), 1e-11);
        check_solve(&name, &inverse, dense_inverse.as_ref(), 1e-11);
        check_log_det(&name, &inverse, dense_inverse.as_ref(), 1e-11);
        check_square_root(&name, &inverse, dense_inverse.as_ref(), 1e-11);
    }
}

#[test]
fn kronecker_of_rectangular_nested_and_mixed_factors() {
    let factors = [normal(2, 5, 1), normal(4, 3, 2), normal(3, 3, 3)];
    let a = kron(&factors);
    let op = Kronecker::new(dense(&factors));
    check_operator("rectangular", &op, a.as_ref(), TOL);
    check_entries("rectangular", &op, a.as_ref(), TOL);
    // 2 x 3 and 3 x 2: square as a whole, not factor by factor.
    let factors = [normal(2, 3, 1), normal(3, 2, 2)];
    let op = Kronecker::new(dense(&factors));
    check_entries("square as a whole", &op, kron(&factors).as_ref(), TOL);

    let factors = [random(2, 1), random(3, 2), random(2, 3)];
    let d = dense(&factors);
    let nested =
        Kronecker::new(vec![Kronecker::new(d[..1].to_vec()), Kronecker::new(d[1..].to_vec())]);
    check_operator("nested", &nested, kron(&factors).as_ref(), TOL);
    check_solve("nested", &nested.factorize().unwrap(), kron(&factors).as_ref(), TOL);
    let flat = Kronecker::flatten(nested.into_factors());
    assert_eq!(flat, Kronecker::new(d));

    let mixed: Vec<Box<dyn Solve>> = vec![
        Box::new(Dense::new(factors[0].clone()).factorize().unwrap()),
        Box::new(Diagonal::new(vec![1.0, 2.0, 3.0])),
        Box::new(Identity::new(2)),
    ];
    let diagonal = mat![[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 3.0]];
    let a = kron(&[factors[0].clone(), diagonal, Mat::identity(2, 2)]);
    check_solve("mixed", &Kronecker::new(mixed), a.as_ref(), TOL);

    let (p, q) = ([normal(2, 3, 1), normal(4, 2, 2)], [normal(3, 3, 3), normal(2, 5, 4)]);
    let product = Kronecker::new(dense(&p)).multiply(Kronecker::new(dense(&q))).unwrap();
    check_operator("product", &product, (kron(&p) * kron(&q)).as_ref(), TOL);
}

#[test]
fn kronecker_determinants_keep_their_sign() {
    let negative = mat![[1.0, 2.0], [2.0, 1.0]];
    for other in [Mat::<f64>::identity(3, 3), Mat::identity(2, 2), negative.clone()] {
        let a = kron(&[negative.clone(), other.clone()]);
        let op = Kronecker::new(vec![
            Dense::new(negative.clone()).lu().unwrap(),
            Dense::new(other).lu().unwrap(),
        ]);
        check_log_det("indefinite", &op, a.as_ref(), TOL);
    }
}

#[test]
fn product_inverse_transposed() {
    for n in [1, 3, 8] {
        let (a, b) = (random(n, 1), normal(n, n, 2));
        let ab = &a * &b;
        let op =
            Product::new(Dense::new(a.clone()).factorize().unwrap(), Dense::new(b).lu().unwrap())
                .unwrap();
        check_operator("product", &op, ab.as_ref(), TOL);
        check_solve("product", &op, ab.as_ref(), 1e-11);
        check_log_det("product", &op, ab.as_ref(), TOL);
        let transposed = Transposed::new(op);
        check_operator("transposed", &transposed, ab.transpose(), TOL);
        check_solve("transposed", &transposed, ab.transpose(), 1e-11);
        check_log_det("transposed", &transposed, ab.transpose(), TOL);
        let chol = Dense::new(a.clone()).factorize().unwrap();
        let dense_inverse = chol.solve(Mat::<f64>::identity(n, n).as_ref()).unwrap();
        let inverse = Inverse::new(chol).unwrap();
        check_operator("inverse", &inverse, dense_inverse.as_ref(), TOL);
        check_solve("inverse", &inverse, dense_inverse.as_ref(), 1e-11);
        check_log_det("inverse", &inverse, dense_inverse.as_ref(), 1e-11);
        check_square_root("inverse", &inverse, dense_inverse.as_ref(), 1e-11);
    }
    let tall = Transposed::new(Dense::new(normal(5, 3, 1)));
    check_entries("transposed", &tall, normal(5, 3, 1).transpose(), 0.0);
    assert!(Product::new(Identity::new(2), Identity::new(3)).is_err());
    assert!(Inverse::new(Diagonal::new(vec![1.0, 0.0])).is_err());
}
