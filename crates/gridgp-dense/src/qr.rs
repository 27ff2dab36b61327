//! The thin QR decomposition.

use faer::{Mat, MatRef};

use crate::settle_registers;

/// Q, n × r with orthonormal columns, and R, r × m, upper triangular, with A = Q R; r = min(n, m).
pub fn thin_qr(a: MatRef<'_, f64>) -> (Mat<f64>, Mat<f64>) {
    let qr = a.qr();
    let found = (qr.compute_thin_Q(), qr.thin_R().to_owned());
    settle_registers();
    found
}
