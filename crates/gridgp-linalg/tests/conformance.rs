//! Every operator against its dense form, one function an operator.

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
    check_square_root("singular dense", &op, a.as_ref(), TOL);
    assert_eq!(op.square_root().unwrap().columns(), 3);
    let product = Kronecker::new(vec![op.clone(), Dense::new(random(2, 1))]);
    let product_dense = kron(&[a.clone(), random(2, 1)]);
    check_square_root("singular factor", &product, product_dense.as_ref(), TOL);
    let indefinite = Dense::new(mat![[1.0, 2.0], [2.0, 1.0]]);
    assert!(matches!(indefinite.square_root(), Err(Error::NotPositiveDefinite { .. })));
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

#[test]
fn kronecker_sum() {
    for sizes in [&[1][..], &[4], &[3, 4], &[2, 1, 3], &[2, 3, 2, 2]] {
        let terms: Vec<_> = sizes.iter().zip(20..).map(|(&n, s)| random(n, s)).collect();
        let n: usize = sizes.iter().product();
        let mut a = Mat::<f64>::zeros(n, n);
        for (i, term) in terms.iter().enumerate() {
            let mut factors: Vec<_> = sizes.iter().map(|&n| Mat::identity(n, n)).collect();
            factors[i] = term.clone();
            a += kron(&factors);
        }
        let name = format!("kronecker sum {sizes:?}");
        let op = KroneckerSum::new(dense(&terms)).unwrap();
        check_operator(&name, &op, a.as_ref(), TOL);
        check_entries(&name, &op, a.as_ref(), TOL);
        check_eigen(&name, &op, a.as_ref(), TOL);
        let factor = op.factorize().unwrap();
        check_solve(&name, &factor, a.as_ref(), TOL);
        check_log_det(&name, &factor, a.as_ref(), TOL);
        check_square_root(&name, &factor, a.as_ref(), TOL);
    }
    let rotation = KroneckerSum::new(vec![Dense::new(mat![[0.0, 1.0], [-1.0, 0.0]]); 2]).unwrap();
    let (r, eye) = (mat![[0.0, 1.0], [-1.0, 0.0]], Mat::identity(2, 2));
    let a = kron(&[r.clone(), eye.clone()]) + kron(&[eye, r]);
    check_operator("not symmetric", &rotation, a.as_ref(), TOL);
    let indefinite = KroneckerSum::new(vec![Diagonal::new(vec![-3.0, 1.0]); 2]).unwrap();
    assert!(matches!(indefinite.factorize(), Err(Error::NotPositiveDefinite { .. })));
    assert!(KroneckerSum::new(vec![Dense::new(normal(2, 3, 1))]).is_err());
    assert!(KroneckerSum::<Dense>::new(vec![]).is_err());
}

#[test]
fn sums_of_two_kronecker_products() {
    for sizes in [&[1][..], &[5], &[3, 4], &[2, 1, 3], &[2, 3, 2, 2]] {
        for condition in [20.0, 1e6] {
            let term = |seed: u64| -> Vec<Mat<f64>> {
                let seeded = sizes.iter().zip(seed..);
                seeded.map(|(&n, s)| covariance(n, n, condition, s)).collect()
            };
            let (p, q) = (term(30), term(40));
            let a = kron(&p) + kron(&q);
            let name = format!("two terms {sizes:?} at condition {condition:e}");
            let op = SumKronecker::new(vec![Kronecker::new(dense(&p)), Kronecker::new(dense(&q))])
                .unwrap();
            check_operator(&name, &op, a.as_ref(), TOL);
            check_entries(&name, &op, a.as_ref(), TOL);
            check_square_root(&name, &op, a.as_ref(), TOL);
            let factor = op.factorize().unwrap();
            check_operator(&name, &factor, a.as_ref(), TOL * condition);
            check_solve(&name, &factor, a.as_ref(), TOL * condition);
            check_log_det(&name, &factor, a.as_ref(), TOL * condition);
            check_square_root(&name, &factor, a.as_ref(), TOL * condition);
        }
    }
}

#[test]
fn additive_fields_and_noise_that_varies() {
    // Both terms are singular, on different axes, and their sum is regular on each axis.
    let (ks, kt) = (random(4, 1), random(3, 2));
    let (js, jt) = (Mat::full(4, 4, 1.0), Mat::full(3, 3, 1.0));
    let additive = SumKronecker::new(vec![
        Kronecker::new(dense(&[ks.clone(), jt.clone()])),
        Kronecker::new(dense(&[js.clone(), kt.clone()])),
    ])
    .unwrap();
    let a = kron(&[ks.clone(), jt]) + kron(&[js, kt.clone()]);
    check_operator("additive", &additive, a.as_ref(), TOL);
    check_square_root("additive", &additive, a.as_ref(), TOL);
    // f(s) + g(t) takes 4 + 3 − 1 values at most: rank 6 of 12.
    assert_eq!(additive.factorize().unwrap_err(), Error::Singular { size: 12, rank: 6 });

    let d = |v: &[f64]| Mat::from_fn(v.len(), v.len(), |i, j| if i == j { v[i] } else { 0.0 });
    let (ds, dt) = (d(&[0.1, 0.5, 2.0, 1.0]), d(&[1.0, 0.3, 0.01]));
    let a = kron(&[ks.clone(), kt.clone()]) + kron(&[ds.clone(), dt.clone()]);
    let op =
        SumKronecker::new(vec![Kronecker::new(dense(&[ks, kt])), Kronecker::new(dense(&[ds, dt]))])
            .unwrap();
    let factor = op.factorize().unwrap();
    check_solve("varying noise", &factor, a.as_ref(), 1e-11);
    check_log_det("varying noise", &factor, a.as_ref(), 1e-12);
    check_square_root("varying noise", &factor, a.as_ref(), 1e-12);

    let three = SumKronecker::new(vec![op.terms()[0].clone(); 3]).unwrap();
    let error = three.factorize().unwrap_err().to_string();
    assert!(error.contains("cg::solve"), "{error}");
    let other = Kronecker::new(dense(&[random(3, 1), random(4, 1)]));
    assert!(SumKronecker::new(vec![op.terms()[0].clone(), other]).is_err());
}

#[test]
fn sums_that_share_eigenvectors() {
    let (k, l) = (random(3, 1), random(4, 2));
    let (i3, i4) = (Mat::<f64>::identity(3, 3), Mat::<f64>::identity(4, 4));
    let terms = [[k.clone(), l.clone()], [k.clone(), i4.clone()], [i3.clone(), l], [i3, i4]];
    let a = terms.iter().fold(Mat::<f64>::zeros(12, 12), |sum, t| sum + kron(t));
    let op = SumKronecker::new(terms.iter().map(|t| Kronecker::new(dense(t))).collect()).unwrap();
    let eigen = op.shared_eigen(1e-12).unwrap();
    check_operator("shared", &eigen, a.as_ref(), TOL);
    check_solve("shared", &eigen, a.as_ref(), TOL);
    check_log_det("shared", &eigen, a.as_ref(), TOL);
    check_eigen("shared", &eigen, a.as_ref(), TOL);
    check_square_root("shared", &eigen, a.as_ref(), TOL);
    let strangers = SumKronecker::new(vec![
        Kronecker::new(dense(&[k.clone(), random(4, 8)])),
        Kronecker::new(dense(&[k, random(4, 9)])),
    ])
    .unwrap();
    let error = strangers.shared_eigen(1e-10).unwrap_err().to_string();
    assert!(error.contains("axis 1"), "{error}");
}

#[test]
fn block_diagonal_and_sum() {
    let blocks = [random(3, 1), random(1, 2), random(4, 3)];
    let a = Mat::from_fn(8, 8, |i, j| {
        let at = |k: usize| {
            if k < 3 {
                (0, k)
            } else if k < 4 {
                (1, k - 3)
            } else {
                (2, k - 4)
            }
        };
        let ((p, i), (q, j)) = (at(i), at(j));
        if p == q { blocks[p][(i, j)] } else { 0.0 }
    });
    let op = BlockDiagonal::new(dense(&blocks));
    check_operator("blocks", &op, a.as_ref(), TOL);
    check_entries("blocks", &op, a.as_ref(), 0.0);
    check_square_root("blocks", &op, a.as_ref(), TOL);
    let factor = op.factorize().unwrap();
    check_solve("blocks", &factor, a.as_ref(), TOL);
    check_log_det("blocks", &factor, a.as_ref(), TOL);
    let tall = BlockDiagonal::new(dense(&[normal(3, 2, 1), normal(1, 2, 2)]));
    check_operator("tall blocks", &tall, tall.to_dense().as_ref(), TOL);
    check_entries("tall blocks", &tall, tall.to_dense().as_ref(), 0.0);

    let (p, q) = (random(6, 1), random(6, 2));
    let op = Sum::new(Dense::new(p.clone()), Dense::new(q.clone())).unwrap();
    check_operator("sum", &op, (&p + &q).as_ref(), TOL);
    check_entries("sum", &op, (&p + &q).as_ref(), TOL);
    check_square_root("sum", &op, (&p + &q).as_ref(), TOL);
    assert!(Sum::new(Identity::new(2), Identity::new(3)).is_err());
}

#[test]
fn low_rank_and_its_updates() {
    for (n, r) in [(1, 1), (5, 2), (8, 3), (3, 5)] {
        let (u, v) = (normal(n, r, 1), normal(n, r, 2));
        let core = random(r, 3);
        let a = &u * &core * u.transpose();
        let name = format!("low rank {n}, {r}");
        let op = LowRank::new(u.clone(), core.clone());
        check_operator(&name, &op, a.as_ref(), TOL);
        check_entries(&name, &op, a.as_ref(), TOL);
        check_log_det(&name, &op, a.as_ref(), 1e-11);
        check_square_root(&name, &op, a.as_ref(), TOL);
        check_eigen(&name, &op, a.as_ref(), TOL);
        assert_eq!(op.eigen().unwrap().rank(), n.min(r));

        let base = random(n, 4);
        let name = format!("low-rank update {n}, {r}");
        let sum = &base + &a;
        let op = LowRankUpdate::symmetric(Dense::new(base.clone()), u.clone(), core).unwrap();
        check_operator(&name, &op, sum.as_ref(), TOL);
        check_entries(&name, &op, sum.as_ref(), TOL);
        check_square_root(&name, &op, sum.as_ref(), TOL);
        let factor = op.factorize().unwrap();
        check_operator(&name, &factor, sum.as_ref(), TOL);
        check_solve(&name, &factor, sum.as_ref(), 1e-11);
        check_log_det(&name, &factor, sum.as_ref(), 1e-11);
        check_square_root(&name, &factor, sum.as_ref(), TOL);
        // Not symmetric, with a singular D.
        let d = Mat::from_fn(r, r, |i, j| if i == 0 { 1.0 + j as f64 } else { 0.0 });
        let sum = &base + &u * &d * v.transpose();
        let op = LowRankUpdate::new(Dense::new(base.clone()).lu().unwrap(), u, d, v).unwrap();
        check_operator(&name, &op, sum.as_ref(), TOL);
        let factor = op.factor().unwrap();
        check_solve(&name, &factor, sum.as_ref(), 1e-11);
        check_log_det(&name, &factor, sum.as_ref(), 1e-11);
        let (u, v) = (normal(n, 1, 1), normal(n, 1, 2));
        let skew = LowRankUpdate::new(Identity::new(n), u, mat![[1.0]], v).unwrap();
        assert!(matches!(skew.square_root(), Err(Error::Structure(_))));
    }
    // A Kronecker product plus a low-rank term.
    let factors = [random(3, 1), random(2, 2), random(2, 3)];
    let (u, d) = (normal(12, 2, 5), random(2, 6));
    let sum = kron(&factors) + &u * &d * u.transpose();
    let op = LowRankUpdate::symmetric(Kronecker::new(dense(&factors)), u.clone(), d.clone());
    let factor = op.unwrap().factorize().unwrap();
    check_solve("kronecker + low rank", &factor, sum.as_ref(), 1e-11);
    check_log_det("kronecker + low rank", &factor, sum.as_ref(), 1e-11);
    // An update that makes the sum singular: I − e eᵀ.
    let e = Mat::from_fn(3, 1, |i, _| if i == 0 { 1.0 } else { 0.0 });
    let singular = LowRankUpdate::symmetric(Identity::new(3), e, mat![[-1.0]]).unwrap();
    let singular = singular.factor().unwrap();
    assert_eq!(singular.solve(normal(3, 1, 1).as_ref()), Err(Error::Singular { size: 3, rank: 2 }));
    let a = mat![[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    check_log_det("singular update", &singular, a.as_ref(), TOL);
    assert!(LowRankUpdate::symmetric(Identity::new(3), u, d).is_err());
}

#[test]
fn toeplitz() {
    for (n, range) in [(1, 1.0), (2, 1.0), (3, 2.0), (16, 3.0), (17, 30.0)] {
        let column: Vec<f64> = (0..n).map(|i| 1.5 * (-(i as f64) / range).exp()).collect();
        let a = Mat::from_fn(n, n, |i, j| column[i.abs_diff(j)]);
        let name = format!("toeplitz {n}");
        let op = Toeplitz::new(column);
        check_operator(&name, &op, a.as_ref(), TOL);
        check_entries(&name, &op, a.as_ref(), 0.0);
        check_solve(&name, &op, a.as_ref(), 1e-11);
        check_log_det(&name, &op, a.as_ref(), TOL);
        check_square_root(&name, &op, a.as_ref(), TOL);
        assert_eq!(Toeplitz::from_dense(a.as_ref()).unwrap().column(), op.column());
    }
    let indefinite = Toeplitz::new(vec![1.0, 0.9, -0.9]);
    assert!(matches!(indefinite.log_det(), Err(Error::NotPositiveDefinite { size: 3, .. })));
    assert!(matches!(indefinite.square_root(), Err(Error::Structure(_))));
    assert!(Toeplitz::from_dense(random(3, 1).as_ref()).is_err());
    // Factors of a Kronecker product, along every axis.
    let t = Toeplitz::new(vec![2.0, 1.0, 0.3]);
    let k = Kronecker::new(vec![t.clone(), t.clone(), t.clone()]);
    let a = kron(&[t.to_dense(), t.to_dense(), t.to_dense()]);
    check_operator("toeplitz ⊗ toeplitz", &k, a.as_ref(), TOL);
    check_solve("toeplitz ⊗ toeplitz", &k, a.as_ref(), 1e-12);
    check_log_det("toeplitz ⊗ toeplitz", &k, a.as_ref(), TOL);
}

#[test]
fn circulant() {
    for n in [1, 2, 3, 8, 9] {
        let column: Vec<f64> =
            (0..n).map(|i: usize| (-(i.min(n - i) as f64)).exp() * 2.0).collect();
        let a = Mat::from_fn(n, n, |i, j| column[(i + n - j) % n]);
        let name = format!("circulant {n}");
        let op = Circulant::new(column);
        check_operator(&name, &op, a.as_ref(), TOL);
        check_entries(&name, &op, a.as_ref(), 0.0);
        check_solve(&name, &op, a.as_ref(), TOL);
        check_log_det(&name, &op, a.as_ref(), TOL);
        check_square_root(&name, &op, a.as_ref(), TOL);
        check_eigen(&name, &op, a.as_ref(), TOL);
        check_solve(&name, &op.factorize().unwrap(), a.as_ref(), TOL);
        let skew: Vec<f64> = (0..n).map(|i| (i * i) as f64 - 3.3).collect();
        let a = Mat::from_fn(n, n, |i, j| skew[(i + n - j) % n]);
        let op = Circulant::new(skew);
        check_operator("skew circulant", &op, a.as_ref(), TOL);
        check_entries("skew circulant", &op, a.as_ref(), 0.0);
        check_solve("skew circulant", &op, a.as_ref(), 1e-12);
        check_log_det("skew circulant", &op, a.as_ref(), 1e-12);
        assert_eq!(op.eigen().is_err(), n > 2);
    }
    let singular = Circulant::new(vec![1.0, 1.0, 1.0, 1.0]);
    check_log_det("ones", &singular, Mat::full(4, 4, 1.0).as_ref(), TOL);
    check_square_root("ones", &singular, Mat::full(4, 4, 1.0).as_ref(), 1e-12);
    assert!(matches!(
        singular.solve(normal(4, 1, 1).as_ref()),
        Err(Error::Singular { size: 4, rank: 1 })
    ));
}

#[test]
fn masked() {
    let a = random(9, 1);
    let (rows, columns) = (vec![4, 0, 8, 4], vec![3, 2]);
    let part = Mat::from_fn(4, 2, |i, j| a[(rows[i], columns[j])]);
    let op = Masked::new(Dense::new(a.clone()), rows, columns).unwrap();
    check_operator("masked", &op, part.as_ref(), TOL);
    check_entries("masked", &op, part.as_ref(), 0.0);
    for missing in [&[][..], &[3], &[0, 4, 8], &[0, 1, 2, 3, 4, 5, 6, 7]] {
        let keep: Vec<bool> = (0..9).map(|i| !missing.contains(&i)).collect();
        let kept: Vec<usize> = (0..9).filter(|&i| keep[i]).collect();
        let part = Mat::from_fn(kept.len(), kept.len(), |i, j| a[(kept[i], kept[j])]);
        let op = Masked::principal(Dense::new(a.clone()), &keep).unwrap();
        check_operator("principal", &op, part.as_ref(), TOL);
        check_entries("principal", &op, part.as_ref(), 0.0);
        check_square_root("principal", &op, part.as_ref(), TOL);
        let chol = Dense::new(a.clone()).factorize().unwrap();
        let solver = Masked::principal(chol, &keep).unwrap().complement().unwrap();
        check_operator("complement", &solver, part.as_ref(), TOL);
        check_solve("complement", &solver, part.as_ref(), 1e-11);
        check_log_det("complement", &solver, part.as_ref(), 1e-11);
        let b = normal(kept.len(), 2, 3);
        let filled = solver.fill_in(b.as_ref()).unwrap();
        let expected = solver.solve(b.as_ref()).unwrap();
        let alpha = faer::linalg::solvers::Solve::solve(&a.partial_piv_lu(), &filled);
        for (i, &p) in kept.iter().enumerate() {
            assert!((alpha[(p, 0)] - expected[(i, 0)]).abs() < 1e-11);
        }
        assert!(missing.iter().all(|&p| alpha[(p, 1)].abs() < 1e-11), "alpha at missing cells");
    }
    // The grid with noise: masked Kronecker + σ²I.
    let factors = [random(3, 1), random(4, 2), random(2, 3)];
    let spectral = factors.iter().map(|k| Spectral::new(k.as_ref(), Facts::default()).unwrap());
    let grid = KroneckerIdentity::new(spectral.collect(), 1.5, 0.2).unwrap();
    let full = Mat::from_fn(24, 24, |i, j| if i == j { 0.2 } else { 0.0 })
        + faer::Scale(1.5) * kron(&factors);
    check_operator("kronecker + noise", &grid, full.as_ref(), TOL);
    check_solve("kronecker + noise", &grid, full.as_ref(), TOL);
    check_log_det("kronecker + noise", &grid, full.as_ref(), TOL);
    check_square_root("kronecker + noise", &grid, full.as_ref(), TOL);
    let keep: Vec<bool> = (0..24).map(|i| i % 7 != 3).collect();
    let kept: Vec<usize> = (0..24).filter(|&i| keep[i]).collect();
    let part = Mat::from_fn(kept.len(), kept.len(), |i, j| full[(kept[i], kept[j])]);
    let solver = Masked::principal(grid, &keep).unwrap().complement().unwrap();
    check_solve("grid with gaps", &solver, part.as_ref(), 1e-12);
    check_log_det("grid with gaps", &solver, part.as_ref(), 1e-12);

    assert!(Masked::new(Identity::new(2), vec![2], vec![0]).is_err());
    assert!(Masked::principal(Identity::new(2), &[true]).is_err());
    let off = Masked::new(Identity::new(2), vec![0], vec![1]).unwrap();
    assert!(matches!(off.complement(), Err(Error::Structure(_))));
    let twice = Masked::new(Identity::new(2), vec![0, 0], vec![0, 0]).unwrap();
    assert!(matches!(twice.complement(), Err(Error::Singular { .. })));
}

#[test]
fn spectral_factors_are_operators() {
    for facts in [Facts::default(), Facts { centrosymmetric: true, smooth: true }] {
        let k = Mat::from_fn(7, 7, |i, j| (-(i as f64 - j as f64).abs()).exp());
        let op = Spectral::new(k.as_ref(), facts).unwrap();
        check_operator("spectral", &op, k.as_ref(), TOL);
        check_log_det("spectral", &op, k.as_ref(), TOL);
        check_square_root("spectral", &op, k.as_ref(), TOL);
        check_eigen("spectral", &op, k.as_ref(), TOL);
        let q = op.basis().to_dense();
        check_operator("basis", op.basis(), q.as_ref(), TOL);
        let pair = Kronecker::new(vec![op.clone(), op]);
        let a = kron(&[k.clone(), k]);
        check_eigen("spectral ⊗ spectral", &pair, a.as_ref(), TOL);
        check_solve("spectral ⊗ spectral", &pair.eigen().unwrap(), a.as_ref(), TOL);
    }
    let f = normal(6, 2, 1);
    let op = Spectral::from_features(f.as_ref()).unwrap();
    check_operator("features", &op, (&f * f.transpose()).as_ref(), TOL);
    check_log_det("features", &op, (&f * f.transpose()).as_ref(), TOL);
    check_square_root("features", &op, (&f * f.transpose()).as_ref(), TOL);
}
