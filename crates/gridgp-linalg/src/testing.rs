//! Conformance kit: what every operator must keep, checked against a dense matrix.
//!
//! Each function panics with the operator's name and the quantity that differs. Run those whose
//! traits your operator has; the dense matrix should be built without the operator.
//!
//! ```
//! use faer::mat;
//! use gridgp_linalg::{Diagonal, testing};
//! let dense = mat![[2.0, 0.0], [0.0, 3.0]];
//! let d = Diagonal::new(vec![2.0, 3.0]);
//! testing::check_operator("diagonal", &d, dense.as_ref(), 1e-14);
//! testing::check_entries("diagonal", &d, dense.as_ref(), 1e-14);
//! testing::check_solve("diagonal", &d, dense.as_ref(), 1e-14);
//! testing::check_log_det("diagonal", &d, dense.as_ref(), 1e-14);
//! testing::check_square_root("diagonal", &d, dense.as_ref(), 1e-14);
//! testing::check_eigen("diagonal", &d, dense.as_ref(), 1e-14);
//! ```

use faer::{Mat, MatRef};

use crate::operator::{Eigen, Entries, LinearOperator, LogDet, Solve, SquareRoot};
use crate::{LogDeterminant, Lu, sample};

/// Products, on batches of several widths and memory layouts, and all that is derived from them.
///
/// `tol` is relative to max|A| · columns.
///
/// # Panics
/// If the operator does not conform.
pub fn check_operator<A: LinearOperator + ?Sized>(
    name: &str,
    a: &A,
    dense: MatRef<'_, f64>,
    tol: f64,
) {
    let (rows, columns) = a.shape();
    assert_eq!((rows, columns), dense.shape(), "{name}: shape");
    let scale = tol * dense.norm_max().max(f64::MIN_POSITIVE) * (rows.max(columns)) as f64;
    close(name, "to_dense", a.to_dense().as_ref(), dense, scale);
    for batch in [0, 1, 2, 7] {
        let (x, y) = (normal(columns, batch, 1), normal(rows, batch, 2));
        let (ax, aty) = (dense * &x, dense.transpose() * &y);
        close(name, "apply", a.apply(x.as_ref()).as_ref(), ax.as_ref(), scale);
        close(name, "transpose", a.apply_transpose(y.as_ref()).as_ref(), aty.as_ref(), scale);
        // Row-major right-hand sides and outputs: every stride is legal.
        let (xt, yt) = (x.transpose().to_owned(), y.transpose().to_owned());
        let (mut out, mut out_t) = (Mat::zeros(batch, rows), Mat::zeros(batch, columns));
        a.apply_into(xt.transpose(), out.transpose_mut());
        a.apply_transpose_into(yt.transpose(), out_t.transpose_mut());
        close(name, "apply, row-major", out.transpose(), ax.as_ref(), scale);
        close(name, "transpose, row-major", out_t.transpose(), aty.as_ref(), scale);
    }
    for (left, right) in [(1, 1), (3, 1), (1, 4), (3, 2)] {
        check_along(name, a, dense, left, right, scale);
    }
    if rows == columns {
        let x = normal(columns, 3, 3);
        let expected = x.transpose() * dense * &x;
        for (j, form) in a.quadratic_form(x.as_ref()).into_iter().enumerate() {
            let error = (form - expected[(j, j)]).abs();
            assert!(error <= 10.0 * scale * columns as f64, "{name}: quadratic form");
        }
    }
}

/// The mode products of A and Aᵀ against loops.
fn check_along<A: LinearOperator + ?Sized>(
    name: &str,
    a: &A,
    dense: MatRef<'_, f64>,
    left: usize,
    right: usize,
    scale: f64,
) {
    let (rows, columns) = a.shape();
    for (transposed, matrix, from, to) in
        [(false, dense, columns, rows), (true, dense.transpose(), rows, columns)]
    {
        let x = normal(left * from * right, 1, 4);
        let x = x.col_as_slice(0);
        let mut out = vec![f64::NAN; left * to * right];
        if transposed {
            a.apply_transpose_along(x, left, right, &mut out);
        } else {
            a.apply_along(x, left, right, &mut out);
        }
        for l in 0..left {
            let x =
                MatRef::from_row_major_slice(&x[l * from * right..][..from * right], from, right);
            let block = &out[l * to * right..][..to * right];
            let block = MatRef::from_row_major_slice(block, to, right);
            let what = format!("along the middle of ({left}, {from}, {right})");
            close(name, &what, block, (matrix * x).as_ref(), scale);
        }
    }
}

/// Entries, diagonal, trace.
///
/// # Panics
/// If the operator does not conform; `tol` is relative to max|A|.
pub fn check_entries<A: Entries + ?Sized>(name: &str, a: &A, dense: MatRef<'_, f64>, tol: f64) {
    let (rows, columns) = a.shape();
    let entries = Mat::from_fn(rows, columns, |i, j| a.entry(i, j));
    let scale = tol * dense.norm_max().max(f64::MIN_POSITIVE);
    close(name, "entries", entries.as_ref(), dense, scale);
    let diagonal = a.diagonal();
    assert_eq!(diagonal.len(), rows.min(columns), "{name}: length of the diagonal");
    for (i, d) in diagonal.iter().enumerate() {
        assert!((d - dense[(i, i)]).abs() <= scale, "{name}: diagonal at {i}: {d}");
    }
    if rows == columns {
        let trace: f64 = (0..rows).map(|i| dense[(i, i)]).sum();
        assert!((a.trace() - trace).abs() <= scale * rows as f64, "{name}: trace");
    }
}

/// Solves of A and Aᵀ by their backward error: |A X − B| ≤ tol · n · (max|A| max|X| + max|B|),
/// which ill-conditioned matrices meet too.
///
/// # Panics
/// If the operator does not conform.
pub fn check_solve<A: Solve + ?Sized>(name: &str, a: &A, dense: MatRef<'_, f64>, tol: f64) {
    let n = a.rows();
    let backward = |what: &str, a: MatRef<'_, f64>, x: MatRef<'_, f64>, b: MatRef<'_, f64>| {
        let scale = a.norm_max() * x.norm_max() + b.norm_max();
        close(name, what, (a * x).as_ref(), b, tol * n as f64 * scale);
    };
    for batch in [0, 1, 5] {
        let b = normal(n, batch, 5);
        let x = a.solve(b.as_ref()).unwrap_or_else(|e| panic!("{name}: solve: {e}"));
        backward("solve", dense, x.as_ref(), b.as_ref());
        let xt = a.solve_transpose(b.as_ref()).unwrap_or_else(|e| panic!("{name}: {e}"));
        backward("solve_transpose", dense.transpose(), xt.as_ref(), b.as_ref());
        let bt = b.transpose().to_owned();
        let mut out = Mat::zeros(batch, n);
        a.solve_into(bt.transpose(), out.transpose_mut()).unwrap();
        backward("solve, row-major", dense, out.transpose(), b.as_ref());
    }
    for (left, right) in [(1, 4), (3, 1), (3, 2)] {
        let b = normal(left * n * right, 1, 6);
        let b = b.col_as_slice(0);
        let (mut x, mut xt) = (vec![f64::NAN; b.len()], vec![f64::NAN; b.len()]);
        a.solve_along(b, left, right, &mut x).unwrap();
        a.solve_transpose_along(b, left, right, &mut xt).unwrap();
        let size = n * right;
        for l in 0..left {
            let block = |v: &[f64]| {
                let v = &v[l * size..][..size];
                MatRef::from_row_major_slice(v, n, right).to_owned()
            };
            backward("solve_along", dense, block(&x).as_ref(), block(b).as_ref());
            let (xt, b) = (block(&xt), block(b));
            backward("solve_transpose_along", dense.transpose(), xt.as_ref(), b.as_ref());
        }
    }
}

/// sign, rank and log |det A| against the singular values and the LU factorization of the dense
/// matrix, to n · (`tol` + condition · ε): more digits than that the dense reference has not.
///
/// # Panics
/// If the operator does not conform.
pub fn check_log_det<A: LogDet + ?Sized>(name: &str, a: &A, dense: MatRef<'_, f64>, tol: f64) {
    let det = a.log_det().unwrap_or_else(|e| panic!("{name}: log_det: {e}"));
    let n = a.rows();
    let values = dense.singular_values().expect("singular values of the dense matrix");
    let largest = values.first().copied().unwrap_or(1.0);
    let expected = LogDeterminant::of_values(values, n as f64 * f64::EPSILON * largest);
    assert_eq!(det.size, n, "{name}: size in log_det");
    assert_eq!(det.rank, expected.rank, "{name}: rank in log_det");
    if expected.rank < n {
        assert_eq!(det.sign, 0.0, "{name}: sign of a determinant that is zero");
        assert_eq!(det.log_abs, f64::NEG_INFINITY, "{name}: log_det of a singular operator");
        return;
    }
    let sign = Lu::new(dense).and_then(|lu| lu.log_det()).expect("LU of the dense matrix").sign;
    assert_eq!(det.sign, sign, "{name}: sign of the determinant");
    let allowed = n as f64 * (tol + expected.condition() * f64::EPSILON);
    let error = (det.log_abs - expected.log_abs).abs();
    assert!(error <= allowed, "{name}: log_det {} for {}", det.log_abs, expected.log_abs);
    assert!(det.condition() >= 1.0, "{name}: condition {}", det.condition());
}

/// R Rᵀ = A, and draws that repeat, do not depend on their number, and have covariance A.
///
/// # Panics
/// If the operator does not conform; `tol` is relative to max|A| · n.
pub fn check_square_root<A: SquareRoot + ?Sized>(
    name: &str,
    a: &A,
    dense: MatRef<'_, f64>,
    tol: f64,
) {
    let root = a.square_root().unwrap_or_else(|e| panic!("{name}: square root: {e}"));
    let n = a.rows();
    assert_eq!(root.rows(), n, "{name}: rows of the root");
    let scale = dense.norm_max().max(f64::MIN_POSITIVE);
    let r = root.to_dense();
    close(name, "root", (&r * r.transpose()).as_ref(), dense, tol * scale * n as f64);
    let x = normal(n, 2, 7);
    let rtx = root.apply_transpose(x.as_ref());
    close(
        name,
        "rootᵀ",
        rtx.as_ref(),
        (r.transpose() * &x).as_ref(),
        tol * scale.sqrt() * n as f64,
    );

    let (few, many) = (a.sample(3, 11).unwrap(), a.sample(4000, 11).unwrap());
    assert_eq!(few.as_ref(), many.subcols(0, 3), "{name}: draws depend on their number");
    if dense.norm_max() > 0.0 {
        assert_ne!(few, a.sample(3, 12).unwrap(), "{name}: the seed does not matter");
    }
    let count = many.ncols() as f64;
    let covariance = &many * many.transpose();
    let ones = Mat::full(many.ncols(), 1, 1.0);
    let mean = &many * &ones;
    for i in 0..n {
        // Monte-Carlo errors of a mean and of a covariance; six standard errors, fixed seed.
        let sd = |i: usize| dense[(i, i)].max(0.0).sqrt();
        assert!(mean[(i, 0)].abs() / count <= 6.0 * sd(i) / count.sqrt() + 1e-300, "{name}: mean");
        for j in 0..n {
            let error = (covariance[(i, j)] / count - dense[(i, j)]).abs();
            let one = (sd(i).powi(2) * sd(j).powi(2) + dense[(i, j)].powi(2)).sqrt();
            let allowed = 6.0 * one / count.sqrt() + tol * scale * n as f64;
            assert!(error <= allowed, "{name}: covariance of draws at ({i}, {j})");
        }
    }
}

/// Q diag(λ) Qᵀ = A with orthonormal Q, and the trace.
///
/// # Panics
/// If the operator does not conform; `tol` is relative to max|A| · n.
pub fn check_eigen<A: Eigen + ?Sized>(name: &str, a: &A, dense: MatRef<'_, f64>, tol: f64) {
    let eigen = a.eigen().unwrap_or_else(|e| panic!("{name}: eigen: {e}"));
    let n = a.rows();
    assert!(eigen.is_orthonormal(), "{name}: an eigenbasis is orthonormal");
    let scale = tol * n as f64 * dense.norm_max().max(f64::MIN_POSITIVE);
    close(name, "eigen", eigen.to_dense().as_ref(), dense, scale);
    let q = eigen.basis().to_dense();
    let gram = q.transpose() * &q;
    let identity = Mat::<f64>::identity(q.ncols(), q.ncols());
    close(name, "orthonormality", gram.as_ref(), identity.as_ref(), tol * n as f64);
    let sum: f64 = eigen.values().iter().sum();
    let trace: f64 = (0..n).map(|i| dense[(i, i)]).sum();
    assert!((sum - trace).abs() <= scale * n as f64, "{name}: eigenvalues sum to the trace");
}

/// A matrix of independent normal entries, the same for the same arguments.
pub fn normal(rows: usize, columns: usize, seed: u64) -> Mat<f64> {
    let mut out = Mat::zeros(rows, columns);
    sample::normal_into(seed, 0, out.as_mut());
    out
}

/// A random symmetric positive definite matrix with eigenvalues from 1 down to 1/condition,
/// geometrically spaced; with `rank` < n the others are zero.
pub fn covariance(n: usize, rank: usize, condition: f64, seed: u64) -> Mat<f64> {
    let q = normal(n, n, seed).qr().compute_Q();
    let value = |i: usize| condition.powf(-(i as f64) / (rank.max(2) - 1) as f64);
    let scaled = Mat::from_fn(n, rank, |i, j| q[(i, j)] * value(j).sqrt());
    &scaled * scaled.transpose()
}

/// A ⊗ B as a dense matrix.
pub fn dense_kronecker(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Mat<f64> {
    Mat::from_fn(a.nrows() * b.nrows(), a.ncols() * b.ncols(), |i, j| {
        a[(i / b.nrows(), j / b.ncols())] * b[(i % b.nrows(), j % b.ncols())]
    })
}

fn close(name: &str, what: &str, found: MatRef<'_, f64>, expected: MatRef<'_, f64>, scale: f64) {
    assert_eq!(found.shape(), expected.shape(), "{name}: shape of {what}");
    for j in 0..found.ncols() {
        for i in 0..found.nrows() {
            let (f, e) = (found[(i, j)], expected[(i, j)]);
            // A NaN must fail too, hence not `> scale`.
            assert!(
                (f - e).abs() <= scale,
                "{name}: {what} at ({i}, {j}): {f} instead of {e}, allowed {scale:.1e}"
            );
        }
    }
}
