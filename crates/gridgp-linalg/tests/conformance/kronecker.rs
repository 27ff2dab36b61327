//! Kronecker products, Kronecker sums, and sums of Kronecker products.

use faer::{Mat, mat};
use gridgp_linalg::testing::{check_operator, normal};
use gridgp_linalg::*;

use crate::cases::{
    CONDITION, Case, TOL, conforms, dense, diagonal, inverse, kron, random, refused, solve_refused,
};

pub fn kronecker(case: Case) {
    let name = format!("kronecker, {case:?}");
    let factors = case.factors(10);
    let a = kron(&factors);
    let op = Kronecker::new(dense(&factors));
    conforms!(name, &op, a, TOL; product entries root eigen);
    let lu = Kronecker::new(op.factors().iter().map(|f| f.lu().unwrap()).collect());
    conforms!(name, &lu, a, TOL; product log_det);
    let eigen = op.eigen().unwrap();
    conforms!(name, &eigen, a, TOL; product log_det root);
    if case.is_singular() {
        refused(&name, op.factorize());
        refused(&name, lu.clone().inverse());
        solve_refused(&name, &lu);
        solve_refused(&name, &eigen);
        return;
    }
    let chol = op.factorize().unwrap();
    conforms!(name, &chol, a, TOL; product entries solve log_det root);
    conforms!(name, &lu, a, TOL; solve);
    conforms!(name, &eigen, a, TOL; solve);
    let (inverse, dense_inverse) = (chol.inverse().unwrap(), inverse(&a));
    conforms!(name, &inverse, dense_inverse, TOL * case.condition(); product solve log_det root);
}

pub fn kronecker_sum(case: Case) {
    let name = format!("kronecker sum, {case:?}");
    // Eigenvalues add up, so the smallest ones of the terms must all be small.
    let terms: Vec<Mat<f64>> =
        case.sizes().iter().zip(20..).map(|(&n, seed)| case.covariance(n, seed)).collect();
    let mut a = Mat::zeros(1, 1);
    for term in &terms {
        let (before, n) = (a.nrows(), term.nrows());
        a = kron(&[a, Mat::identity(n, n)]) + kron(&[Mat::identity(before, before), term.clone()]);
    }
    let op = KroneckerSum::new(dense(&terms)).unwrap();
    conforms!(name, &op, a, TOL; product entries eigen);
    if case.is_singular() {
        solve_refused(&name, &op.eigen().unwrap());
        return refused(&name, op.factorize());
    }
    conforms!(name, &op.factorize().unwrap(), a, TOL; product solve log_det root);
}

pub fn sum_kronecker(case: Case) {
    let name = format!("sum of kronecker products, {case:?}");
    let sizes = case.sizes();
    let (p, q) = match case {
        Case::Random | Case::OneByOne => (case.factors(30), case.factors(40)),
        // A signal of low rank and a little noise that varies along the axes.
        Case::IllConditioned => {
            let small = CONDITION.recip().cbrt();
            let noise = |&n: &usize| {
                diagonal(&(0..n).map(|i| small * (1.0 + 0.1 * i as f64)).collect::<Vec<_>>())
            };
            (Case::RankDeficient.factors(30), sizes.iter().map(noise).collect())
        }
        // An additive field: regular on each axis, singular on the grid.
        Case::RankDeficient => {
            let (mut p, mut q) = (Case::Random.factors(30), Case::Random.factors(40));
            p[1].fill(1.0);
            p[2].fill(1.0);
            q[0].fill(1.0);
            (p, q)
        }
    };
    let a = kron(&p) + kron(&q);
    let terms = [&p, &q].map(|factors| Kronecker::new(dense(factors)));
    let op = SumKronecker::new(terms.to_vec()).unwrap();
    conforms!(name, &op, a, TOL; product entries root);
    if case.is_singular() {
        // f(s) + g(t, u): 3 + 4 · 2 − 1 values of 24 are free.
        let rank = sizes[0] + sizes[1] * sizes[2] - 1;
        let refusal = Error::Singular { size: a.nrows(), rank };
        assert_eq!(op.factorize().unwrap_err(), refusal, "{name}");
    } else {
        conforms!(name, &op.factorize().unwrap(), a, TOL; product solve log_det root);
    }
    // Main effects and all interactions of two axes have the same eigenvectors, however singular.
    let (k, l) = (&case.factors(50)[0], &case.factors(50)[1]);
    let eye = |m: &Mat<f64>| Mat::<f64>::identity(m.nrows(), m.nrows());
    let terms = [[k.clone(), l.clone()], [k.clone(), eye(l)], [eye(k), l.clone()]];
    let a = terms.iter().fold(Mat::zeros(eye(k).nrows() * eye(l).nrows(), 0), |sum, t| {
        if sum.ncols() == 0 { kron(t) } else { sum + kron(t) }
    });
    let op = SumKronecker::new(terms.iter().map(|t| Kronecker::new(dense(t))).collect()).unwrap();
    let eigen = op.shared_eigen(1e-12).unwrap();
    conforms!(name, &eigen, a, TOL; product log_det root eigen);
    if case.is_singular() {
        solve_refused(&name, &eigen);
    } else {
        conforms!(name, &eigen, a, TOL; solve);
    }
}

#[test]
fn any_number_of_factors() {
    for sizes in [&[][..], &[5], &[4, 1, 3], &[2, 2, 3, 2]] {
        let name = format!("factors of {sizes:?}");
        let factors: Vec<_> = sizes.iter().zip(10..).map(|(&n, seed)| random(n, seed)).collect();
        let a = kron(&factors);
        let op = Kronecker::new(dense(&factors));
        conforms!(name, &op, a, TOL; product entries root eigen);
        conforms!(name, &op.factorize().unwrap(), a, TOL; product solve log_det);
        if sizes.is_empty() {
            assert!(KroneckerSum::<Dense>::new(vec![]).is_err());
            continue;
        }
        let others: Vec<_> = sizes.iter().zip(40..).map(|(&n, seed)| random(n, seed)).collect();
        let sum = kron(&factors) + kron(&others);
        let terms = [&factors, &others].map(|f| Kronecker::new(dense(f)));
        let op = SumKronecker::new(terms.to_vec()).unwrap();
        conforms!(name, &op, sum, TOL; product entries root);
        conforms!(name, &op.factorize().unwrap(), sum, TOL; product solve log_det root);
        let op = KroneckerSum::new(dense(&factors)).unwrap();
        conforms!(name, &op.factorize().unwrap(), op.to_dense(), TOL; product solve log_det);
    }
}

#[test]
fn rectangular_nested_and_mixed_factors() {
    let factors = [normal(2, 5, 1), normal(4, 3, 2), normal(3, 3, 3)];
    let op = Kronecker::new(dense(&factors));
    conforms!("rectangular", &op, kron(&factors), TOL; product entries);
    // 2 x 3 and 3 x 2: square as a whole, not factor by factor.
    let factors = [normal(2, 3, 1), normal(3, 2, 2)];
    let op = Kronecker::new(dense(&factors));
    conforms!("square as a whole", &op, kron(&factors), TOL; product entries);

    let factors = [random(2, 1), random(3, 2), random(2, 3)];
    let a = kron(&factors);
    let d = dense(&factors);
    let nested =
        Kronecker::new(vec![Kronecker::new(d[..1].to_vec()), Kronecker::new(d[1..].to_vec())]);
    conforms!("nested", &nested, a, TOL; product);
    conforms!("nested", &nested.factorize().unwrap(), a, TOL; solve);
    assert_eq!(Kronecker::flatten(nested.into_factors()), Kronecker::new(d));

    let mixed: Vec<Box<dyn Solve>> = vec![
        Box::new(Dense::new(factors[0].clone()).factorize().unwrap()),
        Box::new(Diagonal::new(vec![1.0, 2.0, 3.0])),
        Box::new(Identity::new(2)),
    ];
    let a = kron(&[factors[0].clone(), diagonal(&[1.0, 2.0, 3.0]), Mat::identity(2, 2)]);
    conforms!("mixed", &Kronecker::new(mixed), a, TOL; product solve);

    let (p, q) = ([normal(2, 3, 1), normal(4, 2, 2)], [normal(3, 3, 3), normal(2, 5, 4)]);
    let product = Kronecker::new(dense(&p)).multiply(Kronecker::new(dense(&q))).unwrap();
    conforms!("product", &product, kron(&p) * kron(&q), TOL; product);
}

#[test]
fn determinants_keep_their_sign() {
    let negative = mat![[1.0, 2.0], [2.0, 1.0]];
    for other in [Mat::<f64>::identity(3, 3), Mat::identity(2, 2), negative.clone()] {
        let factors = [negative.clone(), other];
        let op = Kronecker::new(dense(&factors).iter().map(|f| f.lu().unwrap()).collect());
        conforms!("indefinite", &op, kron(&factors), TOL; log_det);
    }
}

#[test]
fn kronecker_sums_without_symmetry_or_sign() {
    let (r, eye) = (mat![[0.0, 1.0], [-1.0, 0.0]], Mat::identity(2, 2));
    let rotation = KroneckerSum::new(dense(&[r.clone(), r.clone()])).unwrap();
    let a = kron(&[r.clone(), eye.clone()]) + kron(&[eye, r]);
    check_operator("not symmetric", &rotation, a.as_ref(), TOL);
    let indefinite = KroneckerSum::new(vec![Diagonal::new(vec![-3.0, 1.0]); 2]).unwrap();
    assert!(matches!(indefinite.factorize(), Err(Error::NotPositiveDefinite { .. })));
    assert!(KroneckerSum::new(vec![Dense::new(normal(2, 3, 1))]).is_err());
}

#[test]
fn sums_without_an_exact_route_name_the_iterative_one() {
    let term = |seed| Kronecker::new(dense(&[random(4, seed), random(3, seed + 1)]));
    let three = SumKronecker::new(vec![term(1), term(3), term(5)]).unwrap();
    let error = three.factorize().unwrap_err().to_string();
    assert!(error.contains("cg::solve"), "{error}");
    let error = three.shared_eigen(1e-10).unwrap_err().to_string();
    assert!(error.contains("axis 0") && error.contains("cg::solve"), "{error}");
    let other = Kronecker::new(dense(&[random(3, 1), random(4, 1)]));
    assert!(SumKronecker::new(vec![term(1), other]).is_err());
}

#[test]
fn a_root_without_columns_gives_zeros() {
    let zero = Kronecker::new(vec![Dense::new(Mat::zeros(2, 2)), Dense::new(Mat::zeros(3, 3))]);
    let root = zero.square_root().unwrap();
    assert_eq!(root.shape(), (6, 0));
    assert_eq!(root.apply(Mat::zeros(0, 2).as_ref()), Mat::zeros(6, 2));
    assert_eq!(root.apply_transpose(Mat::zeros(6, 2).as_ref()).shape(), (0, 2));
}
